#!/usr/bin/env python3
"""Set up the course in the folder .venv, then open it.

  python3 start.py                   open the lessons in JupyterLab
  python3 start.py --port 9000       ... at a port of your choice
  python3 start.py --no-browser      ... and only print the address
  python3 start.py test              run every test and every notebook
  python3 start.py test --fast       ... or those that take less than 90 seconds together
  python3 start.py test --all        ... or also what is otherwise tried in samples
  python3 start.py test -x -k adam   ... with arguments for pytest
  python3 start.py lint              see whether code and types are as they should be

The first run fetches what the course needs from the network: a minute or two, 500 MB of disk.
Later runs start at once and need no network. To begin afresh, delete the folder .venv.
"""

import argparse
import hashlib
import os
import re
import secrets
import shutil
import signal
import socket
import sys
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, call

if sys.version_info < (3, 11):  # old Pythons have to read this whole file: no newer syntax in it
    sys.exit(f"The course needs Python 3.11 or newer, and this is {sys.version.split()[0]}.")

VENV = Path(__file__).resolve().parent / ".venv"
PYTHON = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
STAMP = VENV / "course.txt"  # what .venv was made for and holds, or UNFINISHED
UNFINISHED = "unfinished"
PAGE = "notebooks/00_start.ipynb"
LINT = ("ruff check", "ruff format --check", "mypy")
TROUBLES = {  # words of pip or the system: what to do
    "no space left|quota": "The disk is full: free 1 GB",
    "permission denied|access is denied|winerror": "Close JupyterLab and see that .venv is yours",
    "no module named (venv|ensurepip)": "Install Python's venv (sudo apt install python3-venv)",
    "versions: none|connection|timed out|name resolution": "Connect to the network",
}


def give_up(output: str) -> None:
    """End with one sentence if ``output`` tells of a known trouble, else with all of it."""
    advice = [do for words, do in TROUBLES.items() if re.search(words, output, re.IGNORECASE)]
    sys.exit((advice or [f"{output}\nMend what stands above"])[0] + ", then run this again.")


def run(*command: str) -> None:
    """Run ``command`` with its latest line in view; give up if it fails."""
    width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else 0
    output = ""
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, errors="ignore") as process:
        for line in process.stdout or ():
            output += line
            print(line.strip()[:width].ljust(width), end="\r"[:width], flush=True)
    print(" " * width, end="\r"[:width])
    if process.returncode:
        give_up(output)


def make() -> None:
    """Make .venv anew, with nothing in it but pip."""
    shutil.rmtree(VENV, ignore_errors=not VENV.exists())
    VENV.mkdir()
    STAMP.write_text(UNFINISHED, encoding="utf-8")
    base = getattr(sys, "_base_executable", sys.executable)  # not that of the .venv just deleted
    run(base, "-m", "venv", "--without-pip", str(VENV))
    run(PYTHON, "-m", "ensurepip", "--default-pip")


def prepare(extra: str) -> None:
    """Make .venv hold the course with what ``extra`` needs; do nothing if it does."""
    lists = Path("pyproject.toml").read_bytes() + Path("constraints.txt").read_bytes()
    wanted = [f"{VENV} {sys.version_info[:2]}", hashlib.sha256(lists).hexdigest(), extra]
    stamp = STAMP.read_text(encoding="utf-8").splitlines() if STAMP.exists() else []
    works = shutil.which(PYTHON) and not call([PYTHON, "-c", "import pip"], stderr=DEVNULL)
    reasons = {
        "There is no .venv yet": not VENV.exists(),
        "The last set-up was interrupted": stamp == [UNFINISHED],
        "This .venv is of another folder or another Python": stamp[:1] not in ([], wanted[:1]),
        "This .venv does not work": not works,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), "")
    if not reason and stamp in (wanted, [*wanted[:2], "test"]):
        return
    if reason:
        print(f"{reason}: making it.")
        make()
        stamp = []
    print("Installing what the course needs: a minute or two.")
    STAMP.write_text(UNFINISHED, encoding="utf-8")
    try:
        run(PYTHON, "-m", "pip", "install", "-e", f".[{extra}]", "-c", "constraints.txt")
    except SystemExit:  # pip takes back what it began, so .venv is what it was
        STAMP.write_text("\n".join(stamp), encoding="utf-8")
        raise
    STAMP.write_text("\n".join(wanted), encoding="utf-8")


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
    sys.exit(call([PYTHON, "-m", *command]))


def main() -> None:
    """Do what the command line says."""
    sys.stdout.reconfigure(line_buffering=True)  # else it comes after what is said in between
    os.chdir(VENV.parent)
    # A second thread gains nothing on small networks, and costs much where cores are shared.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.argv[1:2] in (["test"], ["lint"]):
        if not os.path.isdir("tests"):
            sys.exit("This is a student's copy of the course: it comes without the tests.")
        prepare("test")
        if sys.argv[1] == "lint":
            sys.exit(max(call([PYTHON, "-m", *tool.split()]) for tool in LINT))
        become("pytest", "-n", "2", "--dist", "loadfile", *sys.argv[2:])
    parser = argparse.ArgumentParser(
        description=__doc__, usage="python3 start.py [test|lint] [options]"
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--port", type=int, help="of JupyterLab (else the first free from 8888 on)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    options = parser.parse_args()
    free_port(options.port)
    prepare("learn")
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
    lab += [f"--ServerApp.root_dir={VENV.parent}", "--ServerApp.answer_yes=True"]
    lab += ["--LabApp.news_url=None", "--Application.log_level=ERROR"]  # no pop-up, no chatter
    become("jupyterlab", PAGE, *lab, *([] if opens else ["--no-browser"]))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next run goes on.")
    except OSError as error:
        give_up(str(error))
