"""start.py as a learner meets it: run as a program, in a small project of its own, offline."""

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import ROOT

START = ROOT / "start.py"

# A project that pip can install without a network: it builds itself, and what start.py opens
# (JupyterLab, pytest) are programs of a few lines that lie in its folder.
PROJECT = {
    "pyproject.toml": """
[project]
name = "tiny"
version = "0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
""",
    "constraints.txt": "numpy==2.0\n",
    "backend.py": """
import pathlib, time, zipfile
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    if pathlib.Path("hang").exists():
        pathlib.Path("hanging").touch()
        time.sleep(60)
    if pathlib.Path("trouble").exists():
        raise OSError(pathlib.Path("trouble").read_text())
    metadata = "Metadata-Version: 2.1\\nName: tiny\\nVersion: 0\\nProvides-Extra: learn\\nProvides-Extra: test\\n"
    if pathlib.Path("needs").exists():
        metadata += "Requires-Dist: " + pathlib.Path("needs").read_text() + "\\n"
    wheel = "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    name = "tiny-0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as archive:
        archive.writestr("tiny-0.dist-info/METADATA", metadata)
        archive.writestr("tiny-0.dist-info/WHEEL", wheel)
        archive.writestr("tiny-0.dist-info/RECORD", "")
    return name
""",
    "jupyterlab.py": """
import json, os, sys, time
print("threads:", os.environ["OPENBLAS_NUM_THREADS"])
print("JUPYTERLAB", json.dumps(sys.argv[1:]), flush=True)
try:
    time.sleep(60 * os.path.exists("stay"))
except KeyboardInterrupt:
    sys.exit(7)
""",
    "pytest.py": """
import os, sys
print("PYTEST", *sys.argv[1:], "with threads:", os.environ["OPENBLAS_NUM_THREADS"])
sys.exit(5)
""",
    "ruff.py": "import sys; print('RUFF', *sys.argv[1:])",
    "mypy.py": "import sys; print('MYPY', *sys.argv[1:])",
    "tests/conftest.py": "",
    "notebooks/00_start.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
}
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PIP_", "JUPYTER", "OPENBLAS"))
    and name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
} | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PYTHONDONTWRITEBYTECODE": "1"}


Said = subprocess.CompletedProcess[str]


def start(project: Path, *arguments: str, **environment: str) -> Said:
    """Run start.py in ``project``; all that it said, errors too, is in ``stdout``."""
    return subprocess.run(
        [sys.executable, "start.py", *arguments],
        cwd=project,
        env=ENVIRONMENT | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def options_of_jupyterlab(said: Said) -> list[str]:
    """What JupyterLab was started with."""
    return json.loads(said.stdout.split("JUPYTERLAB ")[1])


def clone(project: Path) -> Path:
    """The small project as someone finds it after ``git clone``."""
    for name, text in PROJECT.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(START, project)
    return project


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A fresh clone."""
    return clone(tmp_path / "a course")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A clone after its first run, and what that run said."""
    project = clone(tmp_path_factory.mktemp("first") / "a course")
    return project, start(project)


@pytest.fixture
def project(first: tuple[Path, Said], tmp_path: Path) -> Path:
    """A clone that is set up; .venv/mine in it tells whether .venv was kept or made anew."""
    made, project = first[0], tmp_path / "a course"
    shutil.copytree(made, project, symlinks=True)
    stamp = project / ".venv/course.txt"
    text = stamp.read_text(encoding="utf-8")
    stamp.write_text(text.replace(str(made), str(project)), encoding="utf-8")
    (project / ".venv/mine").touch()
    return project


def was_kept(project: Path) -> bool:
    return (project / ".venv/mine").exists()


def test_the_first_run_makes_the_venv_and_opens_the_first_page(first):
    project, said = first
    assert said.returncode == 0, said.stdout
    assert "There is no .venv yet: making it." in said.stdout
    assert "Installing what the course needs" in said.stdout
    assert options_of_jupyterlab(said)[0] == "notebooks/00_start.ipynb"
    assert f"--ServerApp.root_dir={project}" in options_of_jupyterlab(said)
    assert "threads: 1\n" in said.stdout  # unless the learner has chosen


def test_the_second_run_starts_at_once(project, tmp_path):
    log = tmp_path / "pip.log"
    said = start(project, PIP_LOG=str(log))
    assert options_of_jupyterlab(said)
    assert "Installing" not in said.stdout
    assert not log.exists()  # pip was not even called
    assert was_kept(project)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_the_course_is_installed_into_the_same_venv(project, tmp_path, name):
    (project / name).write_text(PROJECT[name] + "# changed\n", encoding="utf-8")
    log = tmp_path / "pip.log"
    assert "Installing" in start(project, PIP_LOG=str(log)).stdout
    assert log.exists()
    assert was_kept(project)
    assert "Installing" not in start(project).stdout


def test_the_tests_get_their_arguments_and_give_their_exit_code(project):
    said = start(project, "test", "-x", "-k", "adam")
    assert "Installing" in said.stdout
    assert "PYTEST -n 2 --dist loadfile -x -k adam with threads: 1\n" in said.stdout
    assert said.returncode == 5
    assert was_kept(project)
    said = start(project, "test", OPENBLAS_NUM_THREADS="3")
    assert "Installing" not in said.stdout
    assert "with threads: 3\n" in said.stdout
    assert (
        "Installing" not in start(project).stdout
    )  # what the tests need contains what a learner needs


@pytest.mark.parametrize("code", [0, 3])
def test_lint_runs_every_tool_and_fails_if_one_does(project, code):
    (project / "ruff.py").write_text(
        f"import sys; print('RUFF', *sys.argv[1:]); sys.exit({code} * ('--check' in sys.argv))",
        encoding="utf-8",
    )
    said = start(project, "lint")
    assert said.stdout.endswith("RUFF check\nRUFF format --check\nMYPY\n")
    assert said.returncode == code
    assert was_kept(project)


@pytest.mark.parametrize("command", ["test", "lint"])
def test_a_students_copy_has_no_tests_and_says_so(bare, command):
    shutil.rmtree(bare / "tests")
    said = start(bare, command)
    assert said.stdout == "This is a student's copy of the course: it comes without the tests.\n"
    assert said.returncode == 1 and not (bare / ".venv").exists()


def test_a_venv_made_by_hand_is_completed(project):
    (project / ".venv/course.txt").unlink()
    said = start(project)
    assert "Installing" in said.stdout
    assert "making it" not in said.stdout
    assert options_of_jupyterlab(said)
    assert was_kept(project)


def making_stops(project: Path) -> None:
    """Stop the making of a .venv after its first steps, the long ones not yet done."""
    missing = "raise ModuleNotFoundError('No module named ensurepip')"
    (project / "ensurepip.py").write_text(missing, encoding="utf-8")


@pytest.mark.parametrize("lost", ["python", "pip"])
def test_a_venv_that_does_not_work_is_made_anew(project, lost):
    venv = project / ".venv"
    if lost == "python":
        for path in [*venv.glob("bin/python*"), *venv.glob("Scripts/python*")]:
            path.unlink()
    else:
        shutil.rmtree(next(venv.rglob("site-packages/pip")))
    making_stops(project)
    assert "This .venv does not work: making it." in start(project).stdout
    assert not was_kept(project)


def test_a_venv_of_another_folder_is_made_anew(project):
    moved = project.rename(project.with_name("moved"))
    making_stops(moved)
    said = start(moved)
    assert "This .venv is of another folder or another Python: making it." in said.stdout
    assert not was_kept(moved)


def test_a_venv_of_another_python_is_made_anew(project):
    stamp = project / ".venv/course.txt"
    stamp.write_text(stamp.read_text(encoding="utf-8").replace("(3, ", "(2, "), encoding="utf-8")
    making_stops(project)
    said = start(project)
    assert "This .venv is of another folder or another Python: making it." in said.stdout
    assert not was_kept(project)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as POSIX knows it")
def test_ctrl_c_during_the_set_up_and_the_run_after_it(project):
    (project / "pyproject.toml").write_text(
        PROJECT["pyproject.toml"] + "# changed\n", encoding="utf-8"
    )
    (project / "hang").touch()
    stopped = interrupt_when(lambda said: (project / "hanging").exists(), project)
    assert stopped.stdout.endswith("\nStopped. The next run goes on.\n")
    assert "Traceback" not in stopped.stdout.split("Installing")[1]
    assert stopped.returncode == 1

    (project / "hang").unlink()
    said = start(project)
    assert "The last set-up was interrupted: making it." in said.stdout
    assert options_of_jupyterlab(said)
    assert not was_kept(project)
    assert "making it" not in start(project).stdout


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as POSIX knows it")
def test_ctrl_c_later_is_for_jupyterlab(project):
    (project / "stay").touch()
    stopped = interrupt_when(lambda said: "JUPYTERLAB" in said, project)
    assert stopped.returncode == 7
    assert "Stopped" not in stopped.stdout
    assert "Traceback" not in stopped.stdout


def interrupt_when(ready: Callable[[str], bool], project: Path) -> Said:
    """Run start.py and press Ctrl-C when it is ``ready``, which sees what was said so far."""
    said = project / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "start.py"],
            cwd=project,
            env=ENVIRONMENT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(lambda: ready(said.read_text(encoding="utf-8")))
        os.killpg(process.pid, signal.SIGINT)
        code = process.wait(60)
    return Said(process.args, code, said.read_text(encoding="utf-8"))


def until(condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


@pytest.mark.parametrize("lock", ["", "something==1\n"], ids=["not locked", "locked"])
def test_no_network_is_one_sentence_and_takes_nothing_away(project, lock):
    (project / "constraints.txt").write_text(lock, encoding="utf-8")
    (project / "needs").write_text("something; extra == 'learn'", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"http://127.0.0.1:{server.getsockname()[1]}/"
    said = start(project, PIP_NO_INDEX="0", PIP_INDEX_URL=nobody, PIP_RETRIES="1")
    assert said.returncode == 1
    assert said.stdout.strip().endswith("\nConnect to the network, then run this again.")
    assert len(said.stdout.strip().splitlines()) == 2
    (project / "constraints.txt").write_text(PROJECT["constraints.txt"], encoding="utf-8")
    assert "Installing" not in start(project).stdout  # what was there still is


def test_a_full_disk_is_one_sentence(project):
    (project / ".venv/course.txt").unlink()
    (project / "trouble").write_text("No space left on device", encoding="utf-8")
    said = start(project)
    assert said.returncode == 1
    assert said.stdout.strip().endswith("\nThe disk is full: free 1 GB, then run this again.")
    assert len(said.stdout.strip().splitlines()) == 2


def test_a_python_without_ensurepip_is_one_sentence(bare):
    making_stops(bare)
    said = start(bare)
    assert said.returncode == 1
    advice = "Install Python's venv (sudo apt install python3-venv), then run this again."
    assert said.stdout.strip() == f"There is no .venv yet: making it.\n{advice}"


def test_an_unknown_trouble_is_told_as_pip_tells_it(project):
    (project / ".venv/course.txt").unlink()
    (project / "trouble").write_text("The moon is full", encoding="utf-8")
    said = start(project)
    assert said.returncode == 1
    assert "The moon is full" in said.stdout
    assert said.stdout.endswith("\nMend what stands above, then run this again.\n")


def test_a_busy_port_is_one_sentence_before_any_work(bare):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = start(bare, "--port", str(port))
    assert said.stdout == f"Port {port} is busy: choose another with --port.\n"
    assert said.returncode == 1
    assert not (bare / ".venv").exists()


@pytest.fixture
def busy():
    """Somebody at port 8888, as where the course is open in another window."""
    try:
        server = socket.create_server(("127.0.0.1", 8888))
    except OSError:  # there is somebody already: as good
        server = socket.socket()
    with server:
        yield


def test_messages_come_in_the_order_of_what_they_tell(bare, busy):
    said = start(bare)
    told = ["There is no .venv yet", "Installing", "Port 8888 is busy", "No browser", "Ctrl-C"]
    places = [said.stdout.index(words) for words in [*told, "JUPYTERLAB"]]
    assert places == sorted(places)


def test_without_a_port_the_next_free_one_is_taken(project, busy):
    said = start(project)
    port = int(re.search(r"Port 8888 is busy: JupyterLab takes (\d+)\.", said.stdout)[1])
    assert 8888 < port < 8988
    assert f"--port={port}" in options_of_jupyterlab(said)
    assert f"http://127.0.0.1:{port}/lab/tree/notebooks/00_start.ipynb?token=" in said.stdout


def test_the_port_asked_for_is_taken(project):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = start(project, "--port", str(port))
    assert f"--port={port}" in options_of_jupyterlab(said)
    assert "busy" not in said.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_the_browser_opens_where_there_is_one(project):
    there = {"DISPLAY": ":0", "BROWSER": "true %s"}
    assert "--no-browser" not in options_of_jupyterlab(start(project, **there))
    assert "JupyterLab opens in your browser" in start(project, **there).stdout
    assert "--no-browser" in options_of_jupyterlab(start(project, "--no-browser", **there))
    assert "--no-browser" in options_of_jupyterlab(start(project, BROWSER="true %s"))
    assert "No browser opens here: open this address:" in start(project, BROWSER="true %s").stdout


def test_jupyterlab_answers_at_the_address_with_these_options(project, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = start(project, "--port", str(port), "--no-browser", JUPYTER_TOKEN="tell-nobody")
    address = re.search(r"http://\S+", said.stdout)[0]
    (project / "jupyterlab.py").unlink()  # from here on, the real one
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options_of_jupyterlab(said)],
        cwd=project,
        env=ENVIRONMENT | {"JUPYTER_TOKEN": "tell-nobody", "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(lambda: answers(address) or process.poll() is not None)
        assert answers(address), process.stdout.read()
        assert answers(address.replace("/lab/tree/", "/files/"))
    finally:
        process.terminate()
        process.communicate(timeout=30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=30) as response:
            return response.status == 200 and "/login" not in response.url
    except OSError:
        return False


def test_help_says_all():
    said = subprocess.run(
        [sys.executable, START, "--help"], capture_output=True, text=True, check=True
    )
    for words in ["start.py --port", "start.py --no-browser", "start.py test", ".venv"]:
        assert words in said.stdout


OLD_PYTHONS = {
    path.resolve().name: path
    for folder in [*(Path.home() / ".pyenv" / "versions").glob("3.*/bin"), Path("/usr/bin")]
    for path in folder.glob("python3.*")
    if path.name in ("python3.6", "python3.7", "python3.8", "python3.9", "python3.10")
}


@pytest.mark.parametrize("version", sorted(OLD_PYTHONS))
def test_an_old_python_gets_one_sentence(version):
    command = [OLD_PYTHONS[version], START]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert said.stdout == ""
    assert re.fullmatch(
        r"The course needs Python 3.11 or newer, and this is 3\.\d+\.\d+\.\n", said.stderr
    )


def test_a_python_that_says_it_is_old_gets_the_sentence():
    old = "import runpy, sys; sys.version_info, sys.version = (3, 10, 4), '3.10.4 (main)'; "
    code = old + f"runpy.run_path({str(START)!r}, run_name='__main__')"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.stderr == "The course needs Python 3.11 or newer, and this is 3.10.4.\n"
    assert said.returncode == 1


def test_old_pythons_can_read_the_file():
    ast.parse(START.read_text(encoding="utf-8"), feature_version=(3, 6))
