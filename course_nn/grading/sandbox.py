"""Where a learner's code runs: the walls around it, and which of them this machine has.

Layer 1, Linux with bubblewrap: the process sees a file system that holds Python, NumPy and the
libraries that they load, read-only, and nothing else; no network, no other process, no home. Inside
it stand the walls of layer 2 once more.

Layer 2, Linux: the process locks itself in before it runs a learner's code. Limits of memory, time
and files; Landlock, so that it reads those same files only and writes none; seccomp, so that it
starts no process, opens no socket and signals nobody (`seccomp` says more). With seccomp among the
walls, processes are copies of one that waits behind the others (see `zygote`).

macOS: its ``sandbox-exec`` does what layer 2 does. Layer 0, anywhere: a process of its own that is
ended at the deadline, with an empty environment, in an empty folder. It can read what you can read,
send it away, and leave processes behind: only for submissions that you would run yourself.

No layer protects against: a fault in the kernel's own checks; the use of one core until the
deadline; that the code learns of the machine what its clock, its kernel's version, its load and the
paths of Python tell, and in layer 2 of files that it may not open that they are there, and their
size and date.
"""

import json
import marshal
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from course_nn.grading import seccomp
from course_nn.inside.protocol import ProtocolError, frame, read_frame, unpack

BUBBLEWRAP, LANDLOCK, SECCOMP, SANDBOX_EXEC = "bubblewrap", "Landlock", "seccomp", "sandbox-exec"


@dataclass(frozen=True)
class Layer:
    """What stands around the process that runs a learner's code: its walls, outermost first."""

    walls: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a gradebook says: "bubblewrap, Landlock, seccomp", or "none"."""
        return ", ".join(self.walls) or "none"

    @property
    def number(self) -> int:
        """1 with bubblewrap, 2 with other walls, 0 with none."""
        return 1 if BUBBLEWRAP in self.walls else 2 if self.walls else 0


NONE = Layer()
LAYERS = (  # strongest first; a kernel before 5.13 has no Landlock
    Layer((BUBBLEWRAP, LANDLOCK, SECCOMP)),
    Layer((BUBBLEWRAP, SECCOMP)),
    Layer((LANDLOCK, SECCOMP)),
    Layer((SANDBOX_EXEC,)),
    NONE,
)


# A process of a layer

_BOOT = """\
import gc, marshal, os, sys, types
gc.disable()  # imports are a tenth faster so
reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
os.dup2(2, 0), os.dup2(2, 1)
sys.path.append(sys.argv.pop())
for name, code in marshal.load(reader):
    module = sys.modules[name] = types.ModuleType(name)
    exec(code, vars(module))
sys.path.pop()
gc.enable()
module.main(reader, writer)
"""
_MODULES = (
    "inside.calling",
    "inside.functions",
    "inside.show",
    "inside.protocol",
    "inside.running",
    "inside.stand_ins",
    "inside.child",
)


def start(
    layer: Layer, folder: str, stdin: Any = subprocess.PIPE, stdout: Any = subprocess.PIPE
) -> "subprocess.Popen[bytes]":
    """A process that waits for its `code` and then for requests, on its standard input.

    ``folder`` is an empty one, which it works in where it sees the file system.

    Raises:
        OSError: it does not start.
    """
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        options = {"creationflags": flags}
    return subprocess.Popen(
        command(layer),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd=folder,
        bufsize=0,
        **options,
    )


def command(layer: Layer) -> list[str]:
    """The command line of a process of ``layer``."""
    python = [_python(), "-I", "-S", "-B", "-X", "utf8", "-c", _BOOT, _beside_numpy()]
    if BUBBLEWRAP in layer.walls:
        return [*_bubblewrap(), *python]
    if SANDBOX_EXEC in layer.walls:
        return ["/usr/bin/sandbox-exec", "-p", profile(), *python]
    return python


def setup(layer: Layer, memory: int, seconds: float, copied: bool = False) -> dict[str, Any]:
    """How a process of ``layer`` is to lock itself in: the argument of its first request.

    Args:
        memory: bytes of address space that it may take.
        seconds: of processor time; the deadline is kept by who started it.
        copied: whether it is a zygote's copy, which has Landlock's rules from there.
    """
    limits = {}
    if find_spec("resource"):
        limits = {
            "RLIMIT_CPU": int(seconds) + 1,
            "RLIMIT_FSIZE": 0,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": 64,
            "RLIMIT_STACK": 16 << 20,
        }
        if sys.platform == "linux":  # elsewhere it fails, or NumPy does
            limits["RLIMIT_AS"] = memory
        if SECCOMP not in layer.walls:
            limits["RLIMIT_NPROC"] = 0
    return {
        "limits": limits,
        "parent": 0 if SECCOMP in layer.walls else os.getpid(),  # there, that of a zygote's copy
        "landlock": True if copied and LANDLOCK in layer.walls else landlock(layer),
        "seccomp": seccomp.program(platform.machine()) if SECCOMP in layer.walls else b"",
    }


def end(process: "subprocess.Popen[bytes]") -> None:
    """End ``process`` and all that it has started, at once."""
    if sys.platform == "win32":
        tree = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        subprocess.run(tree, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # it has ended; macOS says the latter
            pass
    process.wait()


@cache
def code() -> bytes:
    """What to write to a process first: its modules, compiled, as it has no way to their files."""
    root = Path(__file__).parent.parent
    modules = []
    for name in _MODULES:
        file = root.joinpath(*name.split(".")).with_suffix(".py")
        source = file.read_text(encoding="utf-8")
        modules.append((f"course_nn.{name}", compile(source, f"<{file.stem}>", "exec", optimize=2)))
    return marshal.dumps(modules)


def _environment() -> dict[str, str]:
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    kept = {"LD_LIBRARY_PATH"}  # some Pythons do not start without
    if sys.platform == "win32":
        kept = {"SYSTEMROOT", "PATH"}
    return dict.fromkeys(threads, "1") | {k: os.environ[k] for k in kept & os.environ.keys()}


def _python() -> str:
    """The interpreter itself, where a virtual environment has only a link to it."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _beside_numpy() -> str:
    """The folder that NumPy is imported from, and then nothing else is."""
    return str(Path(np.__file__).resolve().parent.parent)


# What Python and NumPy read

_LOOK = """\
import ctypes, importlib, json, os, sys
sys.path.append(sys.argv[1])
folders = {os.path.dirname(os.__file__), *(p for p in sys.path if p.endswith("lib-dynload"))}
names = {"numpy", "numpy.random", "numpy.fft"}
for folder in folders:
    names |= {name.partition(".")[0] for name in os.listdir(folder) if name.endswith(".so")}
for name in sorted(names):
    if not name.startswith(tuple(sys.argv[2].split())):
        try:
            importlib.import_module(name)
        except ImportError:
            pass
libraries = []
pointers = ctypes.POINTER(ctypes.c_char_p)
@ctypes.CFUNCTYPE(ctypes.c_int, pointers, ctypes.c_size_t, ctypes.c_void_p)
def each(library, size, data):
    libraries.append(os.fsdecode(library[1] or b""))  # of a C struct: address, name, ...
    return 0
ctypes.CDLL(None).dl_iterate_phdr(each, None)
print(json.dumps([sorted(folders), libraries]))
"""
_NOT_NEEDED = frozenset(
    [
        "site-packages",
        "dist-packages",
        "test",
        "tests",
        "idlelib",
        "tkinter",
        "turtledemo",
        "ensurepip",
        "lib2to3",
        "venv",
        "pydoc_data",
        "sitecustomize.py",
    ]
)
_NOT_IMPORTED = (  # what these begin with: each would bring libraries of its own
    "_test _ctypes_test _xx xx _tkinter _curses readline _sqlite3 _ssl _dbm _gdbm _uuid nis"
)
_DEVICES = {"/dev/null": "rw", "/dev/zero": "r", "/dev/urandom": "r"}


@dataclass(frozen=True)
class _View:
    """The files that Python and NumPy read: ``standard`` folders without what is not needed of the
    standard library, whole folders, and files."""

    standard: tuple[Path, ...]
    whole: tuple[Path, ...]
    files: tuple[Path, ...]


views: list[_View] = []  # found out once: here, or by the process that has started this one


def _view() -> _View:
    if not views:
        views.append(_looked_for())
    return views[0]


def _looked_for() -> _View:
    """Found out by a process that imports all there is of Python and NumPy."""
    look = [_python(), "-I", "-S", "-B", "-c", _LOOK, _beside_numpy(), _NOT_IMPORTED]
    said = subprocess.run(look, env=_environment(), capture_output=True, check=True, timeout=60)
    folders, libraries = json.loads(said.stdout)
    standard = [Path(folder) for folder in folders]
    standard = [one for one in standard if not any(other in one.parents for other in standard)]
    beside = Path(_beside_numpy())
    whole = [path for path in (beside / "numpy", beside / "numpy.libs") if path.is_dir()]
    files = {Path(os.path.normpath(name)) for name in libraries if name.startswith("/")}
    files = {file for file in files if not any(f in file.parents for f in (*standard, *whole))}
    cache = [path for path in [Path("/etc/ld.so.cache")] if path.is_file()]
    return _View(tuple(standard), tuple(whole), (Path(_python()), *cache, *sorted(files)))


@cache
def _bubblewrap() -> tuple[str, ...]:
    """Its command line, up to the command that it runs."""
    walls = "--unshare-all --unshare-user --die-with-parent --new-session --cap-drop ALL"
    arguments = ["bwrap", *walls.split(), "--hostname", "sandbox", "--clearenv"]
    told = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=True)
    if "--disable-userns" in told.stdout:  # from 0.8 on; before, seccomp alone forbids it
        arguments.append("--disable-userns")
    for name, value in _environment().items():
        arguments += "--setenv", name, value
    view = _view()
    paths = (*view.standard, *view.whole, *view.files)
    links = {parent for path in paths for parent in path.parents if parent.is_symlink()}
    for link in sorted(links):  # /lib is one, to /usr/lib
        arguments += "--symlink", os.readlink(link), str(link)
    for path in paths:
        arguments += "--ro-bind", str(path), str(path.parent.resolve() / path.name)
    for folder in view.standard:
        for path in sorted(folder.resolve() / name for name in _NOT_NEEDED):
            if path.is_dir():
                arguments += "--tmpfs", str(path)
    for device in _DEVICES:
        arguments += "--dev-bind", device, device
    return (*arguments, "--dir", "/tmp", "--remount-ro", "/", "--chdir", "/tmp", "--")


# Landlock: its rights and versions are told in the kernel's documentation, userspace-api/landlock

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_FILE_RIGHTS = (0, 13, 14, 15, 15, 16)  # how many each version knows


def landlock(layer: Layer) -> tuple[tuple[int, int, int], list[tuple[str, int]]] | None:
    """What to forbid, which is all that this kernel can, and what to allow all the same; None for a
    layer without Landlock."""
    return _landlock() if LANDLOCK in layer.walls else None


@cache
def _landlock() -> tuple[tuple[int, int, int], list[tuple[str, int]]]:
    import ctypes

    version = ctypes.CDLL(None).syscall(444, None, ctypes.c_long(0), 1)
    if version < 1:
        raise OSError("this kernel has no Landlock")
    files = (1 << _FILE_RIGHTS[min(version, 5)]) - 1
    network, scopes = 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0
    view = _view()
    entries = [entry for folder in view.standard for entry in folder.iterdir()]
    needed = (entry for entry in entries if entry.name not in _NOT_NEEDED)
    rules = {
        str(device): _READ_FILE | _WRITE_FILE * ("w" in may) for device, may in _DEVICES.items()
    }
    for path in (*view.whole, *view.files, *needed):
        rules[str(path)] = _READ_FILE | _READ_DIR * path.is_dir()
    return (files, network, scopes), list(rules.items())


def profile() -> str:
    """The rules for ``sandbox-exec`` of macOS: read what Python needs, and nothing else at all.

    There was no Mac to try them on: the tests read them, and `probe` leaves the layer out where a
    process does not start under it, or can do what is forbidden.
    """
    python, packages = Path(_python()), Path(os.__file__).parent / "site-packages"

    def paths(kind: str, *paths: Path | str) -> str:
        return " ".join(f"({kind} {json.dumps(str(path))})" for path in paths)

    prefix, numpy = python.parent.parent, Path(_beside_numpy()) / "numpy"
    system = paths("subpath", prefix, "/usr/lib", "/System/Library", "/System/Volumes/Preboot")
    return f"""(version 1)
(deny default)
(allow process-exec {paths("subpath", prefix)})
(allow sysctl-read)
(allow file-read-metadata)
(allow file-read* {paths("literal", "/", "/dev/null", "/dev/urandom")} {system})
(deny file-read* {paths("subpath", packages)})
(allow file-read* {paths("subpath", numpy)})
(allow file-write-data {paths("literal", "/dev/null")})
"""


# Which layers there are

_ATTEMPTS = """import os, socket

def attempts(path):
    return refused(open, path), refused(open, path, "a"), refused(listen), refused(fork)

def refused(function, *arguments):
    try:
        function(*arguments)
    except OSError:
        return True
    return False

def listen():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))

def fork():
    os.fork() or os._exit(0)
"""


def probe() -> Iterator[Layer]:
    """The layers that this machine reaches, strongest first, each tried when it is asked for.

    Each is tried: a process of it must answer, and must not read or write a file, open a socket or
    start a process. A process of layer 0 must answer.
    """
    return filter(_holds, LAYERS)


def _holds(layer: Layer) -> bool:
    system = "darwin" if SANDBOX_EXEC in layer.walls else "linux"
    if layer.walls and sys.platform != system:
        return False
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as canary:
        cell = _ATTEMPTS if layer.walls else "attempts = id"
        try:
            asked = code() + frame((1, "confine", setup(layer, 1 << 30, 60)))
            asked += frame((2, "run", cell, "<attempts>", ("attempts",), True))
            asked += frame((3, "call", "attempts", "<attempts>", (canary.name,)))
            process = start(layer, folder)
            try:
                said = BytesIO(process.communicate(asked, timeout=60)[0])
            finally:
                end(process)
            frames = [unpack(read_frame(said) or b"") for _ in range(3)]
        except (OSError, subprocess.SubprocessError, ProtocolError):
            return False
    value = frames[2][1][0]
    return value == (True,) * 4 if layer.walls else isinstance(value, int)
