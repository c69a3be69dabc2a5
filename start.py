#!/usr/bin/env python3
"""Set up the course, then open it.

  python3 start.py                   open the lessons in JupyterLab
  python3 start.py --port 9000       ... at a port of your choice
  python3 start.py --no-browser      ... and only print the address
  python3 start.py --home FOLDER     ... and keep your notebooks in FOLDER, not in the course's
  python3 start.py check 1.2         a command of course-nn: check, progress, reset, update, ...
  python3 start.py pack              fetch what machines without network need (pack --help)
  python3 start.py python -m pip     the course's own Python, with its arguments
  python3 start.py test              run every test and every notebook
  python3 start.py test --fast       ... or those that take less than 90 seconds together
  python3 start.py test --all        ... or also what is otherwise tried in samples
  python3 start.py test -x -k adam   ... with arguments for pytest
  python3 start.py lint              see whether code and types are as they should be

The first run fetches what the course needs from the network, or takes it from a folder wheels
beside start.py: a minute or two, 500 MB of disk. Later runs start at once and need no network.
Each system, machine type and Python has its own folder in .venv, or in the folder that the
environment variable COURSE_NN_VENV names. To begin afresh, delete that folder.
"""

import argparse
import hashlib
import itertools
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, call

if sys.version_info < (3, 11):  # old Pythons have to read this whole file: no newer syntax in it
    sys.exit(f"The course needs Python 3.11 or newer, and this is {sys.version.split()[0]}.")

COURSE = Path(__file__).resolve().parent
BASE = getattr(sys, "_base_executable", sys.executable)  # not that of an environment
UNFINISHED = ["unfinished"]
PAGE = "notebooks/00_start.ipynb"
LINT = ("ruff check", "ruff format --check", "mypy")
WHEELS = COURSE / "wheels"
NO_NETWORK = (
    "Connect to the network, or take the folder wheels that python3 start.py pack makes elsewhere"
)
TROUBLES = {  # words of pip or the system, the first that fit: what to do
    r"no space left|quota exceeded": "The disk is full: free 1 GB",
    r"no module named '?(venv|ensurepip)": "Install Python's venv (sudo apt install python3-venv)",
    r"certificate_verify_failed|certificate verify failed": "The network shows a certificate that "
    "this Python does not trust: name that of your school or company in PIP_CERT",
    r"proxyerror|tunnel connection failed[^'\"]*|proxy authentication": "The proxy lets nothing "
    "through: see whether HTTPS_PROXY is right",
    r"name or service not known|name resolution|getaddrinfo failed|network is unreachable|"
    r"no route to host|connection refused": NO_NETWORK,
    r"timed out|connectionerror|connection broken": NO_NETWORK,  # pip says these of any of the above
    r"(?<=no matching distribution found for )[^\s;]+|requires a different python": "There is "
    f"nothing to install for Python {platform.python_version()} on {sys.platform} {platform.machine()}: "
    "take Python 3.11 to 3.14, and see what pip config list says",
}


def give_up(output: str) -> None:
    """End with one sentence if ``output`` tells of a known trouble, else with all of it."""
    denied = re.search(r"(?:denied|winerror)[^'\"]*['\"]([^'\"]+)", output, re.IGNORECASE)
    if denied:
        path = Path(os.path.realpath(denied[1]))
        advice = (
            f"{path} is not yours to use: close JupyterLab, or choose --home and COURSE_NN_VENV"
        )
        if Path(sys.base_prefix) in path.parents:
            advice = f"This Python is somebody else's, and {path} not yours to use: take another"
        sys.exit(f"{advice}, then run this again.")
    for words, advice in TROUBLES.items():
        found = re.search(words, output, re.IGNORECASE)
        if found:
            sys.exit(f"{advice} ({found[0]}), then run this again.")
    sys.exit(f"{output}\nMend what stands above, then run this again.")


def run(*command: str) -> None:
    """Run ``command`` with its latest line in view; give up if it fails."""
    width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else 0
    output = ""
    with Popen(
        command, stdout=PIPE, stderr=STDOUT, text=True, errors="ignore", cwd=str(COURSE)
    ) as process:
        for line in process.stdout or ():
            output += line
            print(line.strip()[:width].ljust(width), end="\r"[:width], flush=True)
    print(" " * width, end="\r"[:width])
    if process.returncode:
        give_up(output)


def writable(folder: Path) -> bool:
    """Whether files can be made in ``folder``, or it can be made."""
    while not folder.exists():
        folder = folder.parent
    try:
        tempfile.TemporaryFile(dir=str(folder)).close()
    except OSError:
        return False
    return True


def stamp(venv: Path) -> "list[str]":
    """Which Python made ``venv``, for which lists and which extra; nothing if none is whole there."""
    path = venv / "course.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def python_of(venv: Path) -> str:
    return str(venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def mark(venv: Path, held: "list[str]") -> None:
    (venv / "course.txt").write_text("\n".join(held), encoding="utf-8")


def works(venv: Path) -> bool:
    python = python_of(venv)
    return bool(shutil.which(python)) and not call([python, "-c", ""], stderr=DEVNULL)


def place(home: Path, good: "list[list[str]]") -> Path:
    """Where the environment is, or will be: nothing in its name changes where a drive is mounted.

    One that another Python of the same version has made, on another machine, say, is left alone.
    """
    name = (
        f"{sys.platform}-{platform.machine()}-{sys.version_info[0]}.{sys.version_info[1]}".lower()
    )
    name += "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    chosen = os.environ.get("COURSE_NN_VENV")
    folders = [COURSE / ".venv", home / ".venv"]
    if chosen:
        folders = [Path(chosen).expanduser().absolute()]
    for folder in folders:
        for number in itertools.count(1):
            venv = folder / (name if number == 1 else f"{name}-{number}")
            held = stamp(venv)
            if held[:1] in ([], UNFINISHED, [sys.base_prefix]):
                break
            print(
                f"{venv} is of the Python in {held[0]}, on another machine or not yours: it stays."
            )
        if held in good and works(venv) or writable(folder):
            return venv
    sys.exit(f"{venv} cannot be written: name another folder in COURSE_NN_VENV.")


def wheel(folder: str, venv: Path, lists: str) -> str:
    """A wheel that says what the course needs and where it is: it takes neither network nor tools."""
    import tomllib

    course = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))
    project, tool = course["project"], course.get("tool", {}).get("setuptools", {})
    text = (COURSE / "course_nn" / "__init__.py").read_text(encoding="utf-8")
    name = project["name"].replace("-", "_")
    version = re.findall('^__version__ = "(.+)"', text, re.MULTILINE)[0] + f"+{lists[:12]}"
    about = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    about += [f"Requires-Dist: {needed}" for needed in project.get("dependencies", ())]
    for extra, needs in project.get("optional-dependencies", {}).items():
        about.append(f"Provides-Extra: {extra}")
        for needed, _, marker in (one.partition(";") for one in needs):
            also = f"({marker.strip()}) and " if marker else ""
            about.append(f"Requires-Dist: {needed}; {also}extra == '{extra}'")
    scripts = [f"{one} = {target}" for one, target in project.get("scripts", {}).items()]
    packages = sysconfig.get_path("purelib", "venv", {"base": str(venv)})
    path = f"import sys; sys.path.append({str(COURSE)!a})"
    if COURSE in venv.parents:  # and wherever the two go together
        path = os.path.relpath(str(COURSE), packages)
    files = {
        f"{name}.pth": path,
        f"{name}-{version}.dist-info/METADATA": "\n".join(about),
        f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: start.py\n"
        "Root-Is-Purelib: true\nTag: py3-none-any",
        f"{name}-{version}.dist-info/entry_points.txt": "\n".join(["[console_scripts]", *scripts]),
        f"{name}-{version}.dist-info/RECORD": "",
    }
    for goal, sources in tool.get("data-files", {}).items():
        for source in sources:
            target = f"{name}-{version}.data/data/{goal}/{Path(source).name}"
            files[target] = (COURSE / source).read_text(encoding="utf-8")
    made = Path(folder, f"{name}-{version}-py3-none-any.whl")
    with zipfile.ZipFile(str(made), "w") as archive:
        for file, text in files.items():
            archive.writestr(file, f"{text}\n" if text else "")
    return str(made)


def install(venv: Path, final: Path, lists: str, extra: str) -> None:
    """Install into ``venv``, which will be ``final``, the course with what ``extra`` needs."""
    python = python_of(venv)
    if call([python, "-c", "import pip"], stderr=DEVNULL):
        for left in venv.rglob("pip-*.dist-info"):  # it says that pip is there
            shutil.rmtree(left)
        run(python, "-m", "ensurepip", "--default-pip")
    with tempfile.TemporaryDirectory() as folder:
        course = wheel(folder, final, lists) + f"[{extra}]"
        pip = [python, "-m", "pip", "install", course, "-c", str(COURSE / "constraints.txt")]
        if WHEELS.is_dir():
            print("Installing from the folder wheels, without network: a minute or two.")
            try:
                return run(*pip, "--no-index", "--find-links", str(WHEELS))
            except SystemExit as error:
                print(f"The folder wheels does not do: {error}")
        print("Installing what the course needs: a minute or two.")
        run(*pip)


def prepare(extra: str, home: Path) -> str:
    """The Python of an environment that holds the course with what ``extra`` needs.

    What is there and works is completed, never removed; what does not work is replaced once the new
    one, made beside it, is whole.
    """
    texts = [(COURSE / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    lists = hashlib.sha256(b"".join(texts)).hexdigest()
    good = [[sys.base_prefix, lists, one] for one in (extra, "test")]
    venv = place(home, good)
    held, whole = stamp(venv), works(venv)
    if COURSE not in venv.parents:
        paths = [str(COURSE), os.environ.get("PYTHONPATH")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    if whole and held in good:
        return python_of(venv)
    if whole and held != UNFINISHED:
        mark(venv, UNFINISHED)
        try:
            install(venv, venv, lists, extra)
        except SystemExit:  # pip takes back what it began, so the environment is what it was
            mark(venv, held)
            raise
        mark(venv, good[0])
        return python_of(venv)
    reason = "There is no environment yet"
    if venv.exists():
        unfinished = held == UNFINISHED
        reason = (
            "The last set-up was interrupted" if unfinished else "The environment does not work"
        )
    print(f"{reason}: making {venv}.")
    venv.parent.mkdir(parents=True, exist_ok=True)
    for left in venv.parent.glob(f"{venv.name}.*"):  # where a making was killed
        if left.stat().st_mtime < time.time() - 86400:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{venv.name}.", dir=str(venv.parent)) as folder:
        new = Path(folder, "new")
        run(BASE, "-m", "venv", "--without-pip", str(new))
        install(new, venv, lists, extra)
        for script in Path(python_of(new)).parent.iterdir():  # it names the folder it was made in
            if script.is_file() and not script.is_symlink():
                text = script.read_bytes()
                script.write_bytes(text.replace(os.fsencode(str(new)), os.fsencode(str(venv))))
        mark(new, good[0])
        if venv.exists():
            venv.rename(Path(folder, "old"))
        new.rename(venv)
    return python_of(venv)


def home_of(asked: "str | None") -> Path:
    """The folder of the learner's notebooks: the course's own, or another if that is not theirs."""
    chosen = asked or os.environ.get("COURSE_NN_HOME")
    if not chosen and writable(COURSE / "exercises"):
        return COURSE
    home = Path(chosen or Path.home() / "course_nn").expanduser().absolute()
    if not chosen and not home.exists():
        print("The folder of the course is not yours to write.")
        if sys.stdin.isatty():
            home = Path(input(f"Where shall your notebooks be? [{home}] ").strip() or home)
            home = home.expanduser().absolute()
    if home.resolve() == COURSE:
        return COURSE
    print(f"Your notebooks are in {home}; to come back: python3 start.py --home {home}")
    home.mkdir(parents=True, exist_ok=True)
    os.environ["COURSE_NN_HOME"] = str(home)
    return home


def free_port(asked: "int | None") -> int:
    """The port asked for; if none was, the first free one from 8888 on."""
    for port in [asked] if asked else range(8888, 8988):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except (OSError, OverflowError):
            continue
        return port
    sys.exit(f"Port {asked or '8888 to 8987'} is busy: choose another with --port.")


def become(*command: str) -> None:
    """End as ``command``: Ctrl-C is for it alone, and its exit code stays."""
    signal.signal(signal.SIGINT, lambda *_: None)
    sys.exit(call(command))


def main() -> None:
    """Do what the command line says."""
    sys.stdout.reconfigure(line_buffering=True)  # else it comes after what is said in between
    # A second thread gains nothing on small networks, and costs much where cores are shared.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(
        description=__doc__,
        usage="python3 start.py [options] [test | lint | pack | python | command of course-nn] ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--home", metavar="FOLDER", help="where your notebooks are")
    parser.add_argument("--port", type=int, help="of JupyterLab (else the first free from 8888 on)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    words = options.words
    if words[:1] in (["test"], ["lint"]):
        if not (COURSE / "tests").is_dir():
            sys.exit("This is a student's copy of the course: it comes without the tests.")
        os.chdir(str(COURSE))
        python = prepare("test", COURSE)
        if words[0] == "lint":
            sys.exit(max(call([python, "-m", *tool.split()]) for tool in LINT))
        become(python, "-m", "pytest", "-n", "2", "--dist", "loadfile", *words[1:])
    if not words:
        free_port(options.port)
    home = home_of(options.home)
    python = prepare("learn", home)
    if words:
        modules = {"python": [], "pack": ["-m", "course_nn.packing"]}
        if home != COURSE and words[0] not in (*modules, "update"):
            call([python, "-m", "course_nn.update", str(home)])  # the notebooks that it is about
        become(python, *modules.get(words[0], ["-m", "course_nn.cli", words[0]]), *words[1:])
    call([python, "-m", "course_nn.update", str(home)])
    port = free_port(options.port)
    if port != (options.port or 8888):
        print(f"Port 8888 is busy: JupyterLab takes {port}.")
    token = os.environ.setdefault("JUPYTER_TOKEN", secrets.token_hex(16))
    display = sys.platform != "linux" or {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)
    opens = display and not options.no_browser
    how = "JupyterLab opens in your browser; if not," if opens else "No browser opens here:"
    print(f"{how} open this address:\n\n  http://127.0.0.1:{port}/lab/tree/{PAGE}?token={token}\n")
    print("Ctrl-C stops JupyterLab.")
    lab = ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"]
    lab += [f"--ServerApp.root_dir={home}", "--ServerApp.answer_yes=True"]
    lab += ["--Application.log_level=ERROR"]  # no chatter
    lab += ["--FileContentsManager.post_save_hook=course_nn.update.saved"]
    os.chdir(str(home))
    become(python, "-m", "jupyterlab", PAGE, *lab, *([] if opens else ["--no-browser"]))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next run goes on.")
    except OSError as error:
        give_up(str(error))
