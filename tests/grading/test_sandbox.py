"""What a learner's code can do on each layer of this machine, and what it cannot."""

import os
import platform
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from course_nn.grading import sandbox, seccomp, zygote
from course_nn.grading.process import Process
from course_nn.grading.sandbox import LAYERS, NONE, Layer, probe
from tests.support import ROOT
from tests.support.sandboxed import need, value_of

pytestmark = pytest.mark.usefixtures("no_process_is_left")


# Layers


def test_layers_have_names_and_numbers():
    assert [(layer.number, layer.name) for layer in LAYERS] == [
        (1, "bubblewrap, Landlock, seccomp"),
        (1, "bubblewrap, seccomp"),
        (2, "Landlock, seccomp"),
        (2, "sandbox-exec"),
        (0, "none"),
    ]


def test_the_layers_of_this_machine_are_told_strongest_first():
    found = list(probe())
    assert found == [layer for layer in LAYERS if layer in found]
    assert found[-1] == NONE
    if sys.platform == "linux":
        for layer in (LAYERS[0], LAYERS[2]):
            need(layer)


def test_a_layer_that_does_not_hold_is_not_reached(monkeypatch):
    """A wall that is in a layer's name alone lets everything pass."""
    if sys.platform != "linux":
        pytest.skip("only on Linux are there several")
    sham = Layer(("paper",))
    monkeypatch.setattr(sandbox, "LAYERS", (sham, NONE))
    assert list(probe()) == [NONE]


def test_a_layer_that_does_not_start_is_not_reached(monkeypatch):
    monkeypatch.setattr(sandbox, "_bubblewrap", lambda: ("bwrap-that-is-not-there",))
    monkeypatch.setattr(sandbox, "LAYERS", (LAYERS[0], NONE))
    assert list(probe()) == [NONE]
    monkeypatch.setattr(sandbox, "_bubblewrap", lambda: ("false",))
    assert list(probe()) == [NONE]


def test_a_process_that_cannot_lock_itself_in_runs_nothing(monkeypatch):
    need(LAYERS[2])
    monkeypatch.setattr(seccomp, "program", lambda machine: b"\0" * 8)  # no valid program
    with pytest.raises(OSError, match="does not start in the sandbox"):
        Process(LAYERS[2], 1 << 30, 10)


# What works


def test_numpy_and_the_standard_library_are_there(layer):
    source = """
import bz2, collections, ctypes, dataclasses, decimal, fractions, hashlib, itertools, json, lzma
import math, random, re, statistics, string, timeit, typing, zlib
import numpy as np, numpy.linalg, numpy.random, numpy.fft, numpy.polynomial, numpy.ma
@dataclasses.dataclass
class Point:
    x: "float"
def answer(x):
    import heapq, graphlib, colorsys  # imported late
    rng = np.random.default_rng(1)
    solved = np.linalg.solve(np.eye(3) * 2, x) + np.fft.fft([0.0, 0])[0].real
    return solved, rng.normal(), random.random() < 1, Point(2).x, hashlib.sha256(b"a").hexdigest()
"""
    solved, drawn, chance, x, digest = value_of(source, layer, np.ones(3))
    assert solved.tolist() == [0.5, 0.5, 0.5] and chance is True and x == 2
    assert drawn == np.random.default_rng(1).normal() and digest.startswith("ca978112")


def test_large_products_and_dev_null_work(layer):
    source = """
import contextlib, os
import numpy as np
def answer():
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        print("x")
    a = np.ones((300, 300))
    return (a @ a).sum(), len(os.urandom(5)), os.getcwd() != "/"
"""
    assert value_of(source, layer) == (300**3, 5, True)


def test_threads_work_behind_the_filter(walled):
    source = """
from concurrent.futures import ThreadPoolExecutor
def answer():
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(abs, range(-9, 1)))
"""
    assert value_of(source, walled) == 45


def test_standard_input_is_empty_and_output_goes_nowhere(layer):
    source = """
import os, subprocess, sys
def answer():
    os.write(1, b"no frame"), os.write(2, b"no frame")
    sys.__stdout__.write("no frame"), sys.__stdout__.flush()
    try:
        return input()
    except EOFError:
        return "empty"
"""
    assert value_of(source, layer) == "empty"


# What does not

BASE = Path(os.__file__).parent  # not that of a virtual environment
INSTALLED = next(BASE.glob("*-packages/*/__init__.py"), Path("/none installed"))
FORBIDDEN = {
    "a new process": "os.fork() or os._exit(0)",
    "a new program": "os.posix_spawn('/bin/true', ['true'], {})",
    "to become a program": "os.execv(sys.executable, ['python'])",
    "a command": "__import__('subprocess').run(['true'])",
    "a socket": "socket.socket()",
    "a Unix socket": "socket.socket(socket.AF_UNIX)",
    "a pair of sockets": "socket.socketpair()",
    "a signal to the parent": "os.kill(os.getppid(), 9)",
    "a signal to all": "os.kill(-1, 9)",
    "a signal by descriptor": "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
    "a signal by the owner of a pipe": "fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
    "a file in memory": "os.memfd_create('x')",
    "another's limits": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (9, 9))",
    "more memory": "resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))",
    "another's priority": "os.setpriority(0, os.getppid(), 19)",
    "another's processors": "os.sched_setaffinity(os.getppid(), {0})",
    "a file": "open('new.txt', 'w')",
    "a file in /tmp": "open('/tmp/new.txt', 'w')",
    "a file of the course": f"open({__file__!r}, 'a')",
    "a folder": "os.mkdir('new')",
    "a link": "os.symlink('/etc/passwd', 'link')",
    "a hard link": "os.link(os.__file__, 'link')",
    "a pipe in the file system": "os.mkfifo('fifo')",
    "another mode": "os.chmod(os.__file__, 0o777)",
    "another owner": "os.chown(os.__file__, 1, 1)",
    "another time": "os.utime(os.__file__)",
    "an attribute": "os.setxattr(os.__file__, 'user.x', b'')",
    "the passwords": "open('/etc/passwd')",
    "its own command line": "open('/proc/self/cmdline')",
    "the parent's environment": "open(f'/proc/{os.getppid()}/environ')",
    "the list of processes": "os.listdir('/proc')",
    "a folder of the system": "os.listdir('/var')",
    "a disk": "open('/dev/vda')",
    "what else is installed": "__import__('pytest')",
    "the installer": "__import__('pip')",
    "a file of what else is installed": f"open({str(INSTALLED)!r})",
    "tests of Python": "__import__('test.support')",
    "more files": "[os.dup(0) for _ in range(100)]",  # the last: none can be opened after it
}

SYSTEM_CALLS = {  # x86-64
    "shmget": 29, "clone": 56, "fork": 57, "vfork": 58, "ptrace": 101, "setsid": 112,
    "prctl": 157, "mount": 165, "tkill": 200, "tgkill": 234, "mq_open": 240, "add_key": 248,
    "keyctl": 250, "unshare": 272, "perf_event_open": 298, "name_to_handle_at": 303,
    "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "kcmp": 312, "seccomp": 317,
    "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "pidfd_open": 434, "clone3": 435,
    "pidfd_getfd": 438, "process_madvise": 440, "landlock_create_ruleset": 444, "memfd_secret": 447,
}  # fmt: skip


@pytest.fixture(params=LAYERS[:3], ids=lambda layer: layer.name)
def strict(request):
    """A layer of Linux."""
    return need(request.param)


def test_what_is_forbidden_fails(strict):
    source = """
import ctypes, fcntl, os, resource, signal, socket, sys
def attempt(statement):
    try:
        exec(statement)
    except Exception:
        return "fails"
    return "DONE"
def answer(attempts):
    return [attempt(statement) for statement in attempts]
"""
    found = dict(zip(FORBIDDEN, value_of(source, strict, list(FORBIDDEN.values())), strict=True))
    assert found == dict.fromkeys(FORBIDDEN, "fails")


def test_system_calls_that_are_not_needed_fail(strict):
    if platform.machine() != "x86_64":
        pytest.skip("the numbers are those of x86-64; the program is tested for arm64 as well")
    source = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def answer(numbers):
    return [(libc.syscall(n, 0, 0, 0, 0, 0), ctypes.get_errno()) for n in numbers]
"""
    found = dict(zip(SYSTEM_CALLS, value_of(source, strict, list(SYSTEM_CALLS.values()))))
    newer = [name for name, number in SYSTEM_CALLS.items() if number >= seccomp.NEWEST]
    expected = dict.fromkeys(SYSTEM_CALLS, (-1, 1)) | dict.fromkeys(newer, (-1, 38))
    assert found == expected


def test_the_solved_functions_cannot_be_imported(strict):
    source = """
import gc, importlib.util, os, sys
def answer(folders):
    found = []
    for name in ("activations", "derivatives", "checks.chapter1", "checks.engine", "inside.child"):
        try:
            __import__(f"course_nn.{name}")
            found.append(name)
        except ImportError:
            pass
        for folder in folders:
            try:
                place = f"{folder}/course_nn/{name.replace('.', '/')}.py"
                spec = importlib.util.spec_from_file_location("stolen", place)
                spec.loader.exec_module(importlib.util.module_from_spec(spec))
                found.append(place)
            except OSError:
                pass
    for folder in ("/", *folders, *sys.path, sys.prefix, os.path.dirname(os.__file__)):
        for where, inside, files in os.walk(folder):
            found += [f"{where}/{name}" for name in inside + files if "course" in name]
    known = [vars(one) for one in gc.get_objects() if hasattr(one, "__dict__")]
    return found, [repr(names) for names in known if "reference" in names]
"""
    assert value_of(source, strict, [str(ROOT), *filter(None, sys.path)]) == ([], [])


def test_a_secret_of_the_teacher_is_out_of_reach(strict, tmp_path, monkeypatch):
    canary = tmp_path / "gradebook.sqlite"
    canary.write_text("SECRET", encoding="utf-8")
    monkeypatch.setenv("SECRET", "in the environment")
    source = """
import os, sys
def answer(path):
    found = []
    for way in (path, f"/proc/self/root{path}", f"/proc/{os.getppid()}/root{path}"):
        try:
            found.append(open(way).read())
        except OSError:
            pass
    for descriptor in range(64):
        try:
            found.append((descriptor, os.fstat(descriptor).st_mode & 0o170000))
        except OSError:
            pass
    return found, sorted(os.environ), sys.argv
"""
    found, names, arguments = value_of(source, strict, str(canary))
    pipe, device = 0o010000, 0o020000
    assert [mode for _, mode in found] == [device] * 3 + [pipe] * 2
    assert not {"SECRET", "HOME", "PATH"} & set(names) and arguments == ["-c"]


def test_memory_is_limited(layer):
    if sys.platform != "linux":
        pytest.skip("only Linux limits the address space")
    source = """
import numpy as np
def answer(kind):
    return len(np.ones(10**9)) if kind else len(bytearray(10**10))
"""
    assert value_of(source, layer, 0)[0] == "MemoryError"
    assert value_of(source, layer, 1)[0].endswith("MemoryError")


@pytest.mark.skipif(sys.platform == "win32", reason="nothing limits it there")
def test_no_file_has_a_byte_written_even_without_walls():
    source = """
def answer():
    with open("new.txt", "wb", buffering=0) as file:
        file.write(b"a")
"""
    assert value_of(source, NONE)[0] == "OSError"


def test_the_machines_name_is_not_told(strict):
    source = "import os\ndef answer(): return os.uname().nodename"
    if strict.number == 1:
        assert value_of(source, strict) == "sandbox"


# The filter of system calls, run by hand


def filtered(program, number, *arguments, audit):
    """What a program for the kernel answers: "allow", "kill" or an errno."""
    seen = struct.pack("<iIQ6Q", number, audit, 0, *[*arguments, 0, 0, 0, 0, 0, 0][:6])
    at, register = 0, 0
    while True:
        code, true, false, value = struct.unpack_from("<HBBI", program, 8 * at)
        at += 1
        if code == 0x06:
            return {0x7FFF0000: "allow", 0x80000000: "kill"}.get(value, value & 0xFFFF)
        if code == 0x20:
            (register,) = struct.unpack_from("<I", seen, value)
        else:
            holds = {0x15: register == value, 0x35: register >= value, 0x45: register & value}[code]
            at += true if holds else false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_of_system_calls(machine):
    program = seccomp.program(machine)
    column, audit = seccomp.ARCHITECTURES[machine]

    def call(number, *arguments):
        return filtered(program, number, *arguments, audit=audit)

    for numbers in seccomp.ALLOWED.values():
        assert numbers[column] is None or call(numbers[column]) == "allow"
    clone, fcntl, ioctl, prlimit = (
        numbers[column]
        for numbers in (seccomp.CLONE, seccomp.FCNTL, seccomp.IOCTL, seccomp.PRLIMIT)
    )
    assert call(clone, 0x3D0F00) == "allow"  # as pthread_create calls it
    assert call(clone, 0x1200011) == 1 and call(clone, 0x10000000) == 1
    assert call(fcntl, 3, 1030) == "allow" and call(fcntl, 3, 8) == 1  # F_SETOWN
    assert call(prlimit, 0) == "allow" and call(prlimit, 1) == 1
    assert call(ioctl, 0, 0x5412) == 25
    assert call(435) == 38 and call(460) == 38
    allowed = {numbers[column] for numbers in seccomp.ALLOWED.values()}
    for number in set(range(435)) - allowed - {clone, fcntl, ioctl, prlimit}:
        assert call(number) == 1, number
    assert filtered(program, 1, audit=0x40000003) == "kill"  # 32 bits
    assert call(0x40000001) == "kill"


@pytest.mark.parametrize(
    "column, header", [(0, "x86_64-linux-gnu/asm/unistd_64.h"), (1, "asm-generic/unistd.h")]
)
def test_the_numbers_of_system_calls_are_those_of_the_headers(column, header):
    file = Path("/usr/include") / header
    if not file.exists():
        pytest.skip("the kernel's headers are not installed")
    words = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    known = {
        word[1].removeprefix("__NR3264_").removeprefix("__NR_"): int(word[2])
        for word in words
        if len(word) > 2 and word[0] == "#define" and word[2].isdigit()
    }
    named = seccomp.ALLOWED | {
        "clone": seccomp.CLONE,
        "fcntl": seccomp.FCNTL,
        "ioctl": seccomp.IOCTL,
        "prlimit64": seccomp.PRLIMIT,
    }
    for name, numbers in named.items():
        name = "fstatat" if name == "newfstatat" and column else name
        assert known.get(name) == numbers[column], name


def test_an_unknown_machine_has_no_filter():
    with pytest.raises(OSError, match="riscv64"):
        seccomp.program("riscv64")


# macOS, by the text alone


def test_the_profile_for_macos_reads_what_python_needs_and_denies_the_rest():
    lines = sandbox.profile().splitlines()
    assert lines[:2] == ["(version 1)", "(deny default)"]
    writes = [line for line in lines if "write" in line]
    assert writes == ['(allow file-write-data (literal "/dev/null"))']
    assert not any(word in "".join(lines) for word in ("network", "fork", "mach", "signal"))
    reads = [line.partition(" ")[0] for line in lines if " file-read* " in line]
    assert reads == ["(allow", "(deny", "(allow"]  # the last that fits holds
    assert f'(deny file-read* (subpath "{Path(os.__file__).parent / "site-packages"}"))' in lines
    assert f'(allow file-read* (subpath "{Path(np.__file__).parent}"))' in lines


def test_the_command_for_macos_runs_under_that_profile():
    command = sandbox.command(Layer(("sandbox-exec",)))
    assert command[:3] == ["/usr/bin/sandbox-exec", "-p", sandbox.profile()]
    assert command[3:] == sandbox.command(NONE)


# Copies of a zygote

ZYGOTES = [pytest.param(layer, id=layer.name) for layer in (LAYERS[0], LAYERS[2])]


@pytest.fixture(params=ZYGOTES)
def copied(request):
    """A layer whose processes are copies of one that waits."""
    return need(request.param)


def idle(layer):
    (waiting,) = zygote._idle[layer]
    return waiting


def test_the_same_zygote_serves_one_after_the_other(copied):
    source = "import os\ndef answer(): return os.getpid(), os.getppid()"
    first, second = value_of(source, copied), value_of(source, copied)
    waiting = idle(copied)
    third = value_of(source, copied)
    assert len({first[0], second[0], third[0]}) == 3
    assert first[1] == second[1] == third[1] and idle(copied) is waiting


def test_nothing_of_a_submission_is_left_for_the_next(copied):
    source = """
import builtins, gc, sys
import numpy as np
def answer():
    found = np.sin(0.0), getattr(builtins, "left", None), sys.modules.get("left")
    found += gc.isenabled(), sys.getrecursionlimit()
    np.sin, builtins.left, sys.modules["left"] = max, 1, 2
    gc.disable(), sys.setrecursionlimit(500)
    return found
"""
    first, second = value_of(source, copied), value_of(source, copied)
    assert first == second and first[:3] == (0.0, None, None)


def test_copies_draw_random_numbers_of_their_own(copied):
    source = """
import os, random
import numpy as np
def answer():
    return random.random(), np.random.rand(), np.random.default_rng().random(), os.urandom(8)
"""
    first, second = value_of(source, copied), value_of(source, copied)
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_two_at_a_time_do_not_share_a_zygote(copied):
    one, other = Process(copied, 1 << 30, 100), Process(copied, 1 << 30, 100)
    one.end()
    cell = "import os\ndef answer(): return os.getpid()"
    assert other.ask("run", cell, "<cell>", ("answer",), True, seconds=30) == (("answer",), None)
    other.end()
    assert len(zygote._idle[copied]) == 2


def test_a_zygote_that_has_ended_is_replaced(copied):
    assert value_of("def answer(): return 1", copied) == 1
    ended = idle(copied)
    sandbox.end(ended._process)
    assert ended._control.recv(1) == b""  # inside of bubblewrap it ends a moment later
    assert value_of("def answer(): return 2", copied) == 2
    assert idle(copied) is not ended


def test_a_copy_ends_with_its_zygote(copied):
    process = Process(copied, 1 << 30, 100)
    sandbox.end(process._process._zygote._process)
    with pytest.raises(EOFError):
        for _ in range(1000):  # inside of bubblewrap it ends a moment later
            process.ask("run", "x = 1", "<cell>", (), True, seconds=30)
            time.sleep(0.01)
    process.end()
    assert not zygote._idle[copied]
    assert value_of("def answer(): return 1", copied) == 1


def test_a_copy_that_ends_itself_or_loops_leaves_the_zygote_as_it_was(copied):
    for source in ("import os\nos._exit(0)", "while True: pass", "import os\nos.closerange(3, 64)"):
        process = Process(copied, 1 << 30, 100)
        with pytest.raises((EOFError, TimeoutError)):
            process.ask("run", source, "<cell>", (), True, seconds=1)
        process.end()
        assert value_of("def answer(): return 1", copied) == 1
        idle(copied)


# The end


def test_what_has_been_left_running_ends_with_the_process(layer):
    """Threads, and in layer 0 even the processes of its group."""
    source = """
import os, subprocess, sys, threading, time
def answer():
    threading.Thread(target=time.sleep, args=(100,)).start()
    try:
        return os.fork() and 1 or time.sleep(100)
    except OSError:
        return 2
"""
    assert value_of(source, layer) == (1 if layer == NONE else 2)


LOOPS = """
import sys, time
sys.path.insert(0, {root!r})
from tests.support.sandboxed import LAYERS, Process
process = Process(LAYERS[{number}], 1 << 30, 100)
print("ready", flush=True)
process.ask("run", "while True: pass", "<cell>", (), True, seconds=100)
"""


def grader(number):
    """Another grader, in the middle of an endless loop."""
    code = LOOPS.format(root=str(ROOT), number=number)
    started = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert started.stdout.readline() == b"ready\n"
    time.sleep(0.2)
    return started


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel has no such bond")
@pytest.mark.parametrize("number", [0, 2, 4], ids=lambda number: LAYERS[number].name)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_nothing_survives_a_grader_that_is_killed(number, how):
    need(LAYERS[number])
    started = grader(number)
    started.send_signal(how)
    started.wait(10)
    started.stdout.close()  # `no_process_is_left` looks for what is left
