"""start.py as a learner meets it: run as a program, in a small project of its own, offline."""

import ast
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow

START = ROOT / "start.py"

# A small course: what start.py opens (JupyterLab, pytest) are programs of a few lines in its folder.
PROJECT = {
    "pyproject.toml": """
[project]
name = "tiny"
dynamic = ["version"]
[project.optional-dependencies]
learn = []
test = ["tiny[learn]"]
[project.scripts]
tiny = "course_nn.cli:main"
[tool.setuptools.data-files]
"share/tiny" = ["settings.json"]
""",
    "constraints.txt": "numpy==2.0\n",
    "settings.json": "{}",
    "course_nn/__init__.py": '"""Tiny."""\n\n__version__ = "0.3"\n',
    "course_nn/cli.py": """
import os, sys
def main():
    print("COURSE-NN", *sys.argv[1:], "in", os.getcwd(), "for", os.environ.get("COURSE_NN_HOME"))
    return 4
if __name__ == "__main__":
    sys.exit(main())
""",
    "course_nn/update.py": """
import pathlib, sys
def saved(os_path, **others):
    pathlib.Path("saved.txt").write_text(os_path)
if __name__ == "__main__":
    print("UPDATE", *sys.argv[1:], flush=True)
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
    if not name.startswith(("PIP_", "JUPYTER", "OPENBLAS", "COURSE_NN", "PYTHONPATH"))
    and name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
} | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PYTHONDONTWRITEBYTECODE": "1"}


Said = subprocess.CompletedProcess[str]


def start(project: Path, *arguments: str, cwd: Path | None = None, **environment: str) -> Said:
    """Run start.py of ``project``; all that it said, errors too, is in ``stdout``."""
    return subprocess.run(
        [sys.executable, str(project / "start.py"), *arguments],
        cwd=cwd or project,
        env=ENVIRONMENT | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
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
    """A clone that is set up; `was_kept` tells whether its environment was kept or made anew."""
    project = tmp_path / "a course"
    shutil.copytree(first[0], project, symlinks=True)
    (venv_of(project) / "mine").touch()
    return project


def venv_of(project: Path) -> Path:
    """The one environment of ``project``."""
    (venv,) = (project / ".venv").iterdir()
    return venv


def was_kept(project: Path) -> bool:
    return (venv_of(project) / "mine").exists()


def pip_that(project: Path, does: str) -> None:
    """Have a pip that does something of its own, then what pip does."""
    code = f"""
import pathlib, runpy, sys, time
if __name__ == "__main__":
    sys.path.pop(0)
    if sys.argv[1] == "install":
        {does}
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
    (project / "pip.py").write_text(code, encoding="utf-8")


def damage(project: Path) -> None:
    """Take the Python out of the environment."""
    for path in [*venv_of(project).glob("bin/python*"), *venv_of(project).glob("Scripts/python*")]:
        path.unlink()


def test_the_first_run_makes_the_environment_and_opens_the_first_page(first):
    project, said = first
    assert said.returncode == 0, said.stdout
    assert f"There is no environment yet: making {venv_of(project)}." in said.stdout
    assert "Installing what the course needs" in said.stdout
    assert options_of_jupyterlab(said)[0] == "notebooks/00_start.ipynb"
    assert f"--ServerApp.root_dir={project}" in options_of_jupyterlab(said)
    assert f"UPDATE {project}\n" in said.stdout
    assert "threads: 1\n" in said.stdout  # unless the learner has chosen


def test_the_environment_has_the_courses_command_and_its_settings(first, tmp_path):
    venv = venv_of(first[0])
    assert (venv / "share/tiny/settings.json").read_text(encoding="utf-8") == "{}\n"
    command = next(venv.glob("bin/tiny")) if os.name != "nt" else venv / "Scripts/tiny.exe"
    said = subprocess.run([command, "x"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.stdout == f"COURSE-NN x in {tmp_path} for None\n", said.stderr


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


def test_an_environment_made_by_hand_is_completed(project):
    (venv_of(project) / "course.txt").unlink()
    said = start(project)
    assert "Installing" in said.stdout
    assert "making" not in said.stdout
    assert options_of_jupyterlab(said)
    assert was_kept(project)


def making_stops(project: Path) -> None:
    """Stop the making of an environment after its first steps, the long ones not yet done."""
    missing = "raise ModuleNotFoundError('No module named ensurepip')"
    (project / "ensurepip.py").write_text(missing, encoding="utf-8")


# What somebody uses is not removed


def test_an_environment_that_does_not_work_goes_once_the_new_one_is_whole(project):
    damage(project)
    making_stops(project)
    said = start(project)
    assert f"The environment does not work: making {venv_of(project)}." in said.stdout
    assert was_kept(project)  # and nothing half made lies beside it
    (project / "ensurepip.py").unlink()
    assert options_of_jupyterlab(start(project))
    assert not was_kept(project)
    assert "making" not in start(project).stdout


def test_an_environment_without_pip_gets_it_where_it_is(project):
    shutil.rmtree(next(venv_of(project).rglob("site-packages/pip")))
    (project / "constraints.txt").write_text("", encoding="utf-8")
    assert options_of_jupyterlab(start(project))
    assert was_kept(project)


def test_a_folder_under_another_path_is_the_same_course(project):
    moved = project.rename(project.with_name("mounted elsewhere"))
    said = start(moved)
    assert "Installing" not in said.stdout and "making" not in said.stdout
    assert was_kept(moved)
    code = "import course_nn; print(course_nn.__file__)"
    found = start(moved, "python", "-c", code, cwd=moved.parent).stdout
    assert found == f"{moved / 'course_nn/__init__.py'}\n"


def test_what_another_python_has_made_stays_as_it_is(project):
    stamp = venv_of(project) / "course.txt"
    text = stamp.read_text(encoding="utf-8")
    stamp.write_text(text.replace(sys.base_prefix, "/opt/python"), encoding="utf-8")
    damage(project)  # their Python is not on this machine
    theirs, before = venv_of(project), sorted(venv_of(project).rglob("*"))
    said = start(project)
    assert f"{theirs} is of the Python in /opt/python, on another machine" in said.stdout
    assert options_of_jupyterlab(said)
    assert sorted(theirs.rglob("*")) == before
    assert (project / f".venv/{theirs.name}-2").exists()
    assert "making" not in start(project).stdout


def test_another_place_can_be_chosen(bare, tmp_path):
    elsewhere = {"COURSE_NN_VENV": str(tmp_path / "environments")}
    assert options_of_jupyterlab(start(bare, **elsewhere))
    assert not (bare / ".venv").exists()
    assert len(list((tmp_path / "environments").iterdir())) == 1
    assert "making" not in start(bare, **elsewhere).stdout
    other = clone(tmp_path / "another course")  # with the same lists
    code = "import course_nn; print(course_nn.__file__)"
    found = start(other, "python", "-c", code, cwd=tmp_path, **elsewhere).stdout
    assert found == f"{other / 'course_nn/__init__.py'}\n"


def test_what_a_killed_making_left_is_taken_away_after_a_day(bare):
    made = venv_of(clone_made(bare))
    (made.parent / f"{made.name}.left/new").mkdir(parents=True)
    (made.parent / f"{made.name}.now/new").mkdir(parents=True)
    os.utime(made.parent / f"{made.name}.left", (0, 0))
    shutil.rmtree(made)
    assert options_of_jupyterlab(start(bare))
    assert {path.name for path in made.parent.iterdir()} == {made.name, f"{made.name}.now"}


def clone_made(project: Path) -> Path:
    assert options_of_jupyterlab(start(project))
    return project


# The learner's own folder


def test_commands_of_the_course(project, tmp_path):
    said = start(project, "check", "1.2", "--watch")
    assert said.stdout == f"COURSE-NN check 1.2 --watch in {project} for None\n"
    assert said.returncode == 4
    said = start(project, "--home", str(tmp_path / "mine"), "check", cwd=tmp_path)
    assert f"UPDATE {tmp_path / 'mine'}\n" in said.stdout  # else there were no notebooks to check
    assert said.stdout.endswith(f"COURSE-NN check in {tmp_path} for {tmp_path / 'mine'}\n")


def test_notebooks_can_be_elsewhere(project, tmp_path):
    home = tmp_path / "my notebooks"
    home.mkdir()
    said = start(project, "--home", str(home))
    assert (
        f"Your notebooks are in {home}; to come back: python3 start.py --home {home}" in said.stdout
    )
    assert f"UPDATE {home}\n" in said.stdout
    assert f"--ServerApp.root_dir={home}" in options_of_jupyterlab(said)
    assert was_kept(project)


@pytest.fixture
def as_learner():
    """Runs start.py as somebody who may read the course and not write it, in a home of their own."""
    if os.name == "nt":
        pytest.skip("as POSIX knows it")
    root, python = os.geteuid() == 0, sys.executable
    if root:  # whom nothing stops: another user then, with a Python that everybody may run
        python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or ""
        code = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
        if not python or subprocess.run([python, "-c", code], check=False).returncode:
            pytest.skip("no Python that everybody may run")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    course, home = clone(folder / "course"), folder / "home"
    home.mkdir()
    somebody = {"user": 65534, "group": 65534, "extra_groups": []} if root else {}
    if root:
        os.chown(home, 65534, 65534)

    def run(*arguments, teacher=False, **environment):
        mode = 0o755 if teacher else 0o555
        for path in [course, *course.glob("*/"), *course.glob(".venv/*/")]:
            path.chmod(mode)
        return subprocess.run(
            [python, "start.py", *arguments],
            cwd=course,
            env=ENVIRONMENT | {"HOME": str(home), "TMPDIR": str(home)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
            **({} if teacher else somebody),
        )

    run.course, run.home = course, home
    yield run
    for path in [course, *course.glob("*/"), *course.glob(".venv/*/")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_course_that_cannot_be_written_leaves_everything_at_home(as_learner):
    said = as_learner()
    mine = as_learner.home / "course_nn"
    assert "The folder of the course is not yours to write." in said.stdout
    assert f"Your notebooks are in {mine}; to come back" in said.stdout
    assert f"--ServerApp.root_dir={mine}" in options_of_jupyterlab(said)
    assert len(list((mine / ".venv").iterdir())) == 1
    assert not (as_learner.course / ".venv").exists()
    again = as_learner()
    assert "making" not in again.stdout and "not yours to write" not in again.stdout
    assert as_learner("progress").stdout.endswith(
        f"COURSE-NN progress in {as_learner.course} for {mine}\n"
    )


def test_an_environment_of_the_teacher_serves_everybody(as_learner):
    assert options_of_jupyterlab(as_learner(teacher=True))
    said = as_learner()
    assert "making" not in said.stdout and "Installing" not in said.stdout
    assert options_of_jupyterlab(said)
    assert not (as_learner.home / "course_nn/.venv").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(as_learner):
    as_learner.course.joinpath("locked").mkdir()
    said = as_learner("progress", COURSE_NN_VENV=str(as_learner.course / "locked"))
    assert "cannot be written: name another folder in COURSE_NN_VENV.\n" in said.stdout
    assert "Traceback" not in said.stdout and said.returncode == 1


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as POSIX knows it")
def test_ctrl_c_during_the_set_up_and_the_run_after_it(project):
    (project / "pyproject.toml").write_text(
        PROJECT["pyproject.toml"] + "# changed\n", encoding="utf-8"
    )
    pip_that(project, 'pathlib.Path("hanging").touch(); time.sleep(60)')
    stopped = interrupt_when(lambda said: (project / "hanging").exists(), project)
    assert stopped.stdout.endswith("\nStopped. The next run goes on.\n")
    assert "Traceback" not in stopped.stdout.split("Installing")[1]
    assert stopped.returncode == 1

    (project / "pip.py").unlink()
    said = start(project)
    assert f"The last set-up was interrupted: making {venv_of(project)}." in said.stdout
    assert options_of_jupyterlab(said)
    assert not was_kept(project)
    assert "making" not in start(project).stdout


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as POSIX knows it")
def test_ctrl_c_during_the_first_set_up_leaves_nothing_behind(bare):
    pip_that(bare, 'pathlib.Path("hanging").touch(); time.sleep(60)')
    interrupt_when(lambda said: (bare / "hanging").exists(), bare)
    assert not list((bare / ".venv").iterdir())


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


# Without network


def made(folder: Path, name: str, version: str = "1") -> None:
    """A wheel that holds nothing."""
    folder.mkdir(exist_ok=True)
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")


def test_the_folder_wheels_is_installed_from_without_network(bare):
    needing(bare, "something")
    made(bare / "wheels", "something")
    said = start(bare)
    assert "Installing from the folder wheels, without network" in said.stdout
    assert options_of_jupyterlab(said)
    code = "from importlib.metadata import version; print(version('something'))"
    assert start(bare, "python", "-c", code).stdout == "1\n"


def test_a_folder_wheels_that_does_not_do_says_what_is_missing(bare):
    needing(bare, "something")
    made(bare / "wheels", "other")
    said = start(bare)
    assert "The folder wheels does not do: There is nothing to install for" in said.stdout
    assert "(something)" in said.stdout and "Traceback" not in said.stdout
    assert said.returncode == 1


# What goes wrong is one sentence, with its cause and what to do


def needing(project: Path, needed: str) -> None:
    """Have the course need something more."""
    text = PROJECT["pyproject.toml"].replace("learn = []", f"learn = ['{needed}']")
    (project / "pyproject.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("lock", ["", "something==1\n"], ids=["not locked", "locked"])
def test_no_network_is_one_sentence_and_takes_nothing_away(project, lock):
    (project / "constraints.txt").write_text(lock, encoding="utf-8")
    needing(project, "something")
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"http://127.0.0.1:{server.getsockname()[1]}/"
    said = start(project, PIP_NO_INDEX="0", PIP_INDEX_URL=nobody, PIP_RETRIES="1")
    assert said.returncode == 1
    assert re.fullmatch(
        r"Installing.*\.\nConnect to the network, or take the folder wheels that python3 start.py "
        r"pack makes elsewhere \(.*refused.*\), then run this again.",
        said.stdout.strip(),
    )
    for name in ("pyproject.toml", "constraints.txt"):
        (project / name).write_text(PROJECT[name], encoding="utf-8")
    assert "Installing" not in start(project).stdout  # what was there still is


TROUBLES = {
    "[Errno 28] No space left on device": "The disk is full: free 1 GB (No space left),",
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify": (
        "The network shows a certificate that this Python does not trust: name that of your school "
        "or company in PIP_CERT (CERTIFICATE_VERIFY_FAILED),"
    ),
    "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Authentication": (
        "The proxy lets nothing through: see whether HTTPS_PROXY is right (ProxyError),"
    ),
    "ERROR: Could not find a version that satisfies the requirement numpy==9 (from versions: none)\n"
    "ERROR: No matching distribution found for numpy==9": (
        f"There is nothing to install for Python {platform.python_version()} on {sys.platform} "
        f"{platform.machine()}: take Python 3.11 to 3.14, and see what pip config list says "
        "(numpy==9),"
    ),
    "OSError: [Errno 13] Permission denied: '/somewhere/else'": (
        "/somewhere/else is not yours to use: close JupyterLab, or choose --home and COURSE_NN_VENV,"
    ),
    f"OSError: [Errno 13] Permission denied: '{sys.base_prefix}/bin/nothing'": (
        f"This Python is somebody else's, and {os.path.realpath(sys.base_prefix)}/bin/nothing not "
        "yours to use: take another,"
    ),
}


@pytest.mark.skipif(os.name == "nt", reason="paths as POSIX has them")
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble[:20])
def test_a_known_trouble_is_told_with_its_cause(project, trouble):
    (venv_of(project) / "course.txt").unlink()
    pip_that(project, f"sys.exit({trouble!r})")
    said = start(project)
    assert said.returncode == 1
    assert said.stdout.strip().splitlines()[1:] == [f"{TROUBLES[trouble]} then run this again."]


def test_a_python_without_ensurepip_is_one_sentence(bare):
    making_stops(bare)
    said = start(bare)
    assert said.returncode == 1
    assert "Install Python's venv (sudo apt install python3-venv) (" in said.stdout
    assert said.stdout.count("\n") == 2


def test_an_unknown_trouble_is_told_as_pip_tells_it(project):
    (venv_of(project) / "course.txt").unlink()
    pip_that(project, "sys.exit('The moon is full')")
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
    told = [
        "There is no environment yet",
        "Installing",
        "UPDATE",
        "Port 8888 is busy",
        "No browser",
        "Ctrl-C",
    ]
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
        page = json.loads(PROJECT["notebooks/00_start.ipynb"])
        request = urllib.request.Request(
            address.replace("/lab/tree/", "/api/contents/"),
            json.dumps({"type": "notebook", "content": page}).encode(),
            {"Authorization": "token tell-nobody"},
            method="PUT",
        )
        assert urllib.request.urlopen(request, timeout=30).status == 200
        saved = (project / "saved.txt").read_text(encoding="utf-8")
        assert Path(saved) == project / "notebooks/00_start.ipynb"
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
