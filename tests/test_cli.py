"""The command course-nn, on a copy of the exercises that a learner works in."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_nn import cli
from course_nn.checks import notebook, store
from tests.support import ROOT

CENTRAL = "    return (f(x + h) - f(x - h)) / (2 * h)"
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The course's folder, in which the learner stands."""
    for folder in ("exercises", "worked_answers"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "notes").mkdir()
    monkeypatch.chdir(tmp_path / "notes")
    monkeypatch.setenv("COURSE_NN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("COURSE_NN_STRICT", raising=False)
    return tmp_path


def write(course, name, body, before=""):
    """Put ``body`` in place of the stub of exercise ``name`` of chapter 1."""
    path = course / "exercises" / "01_derivatives.ipynb"
    book = nbformat.read(path, 4)
    (cell,) = (cell for cell in book.cells if cell.id == name)
    cell.source = before + cell.source.replace(STUB, body)
    nbformat.write(book, path)


def source(path, name):
    (cell,) = (cell for cell in nbformat.read(path, 4).cells if cell.id == name)
    return cell.source


def test_stubs_are_not_attempted_yet(course, capfd):
    assert cli.main(["check", "1"]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[1] == "○ 1.2 The central difference: not attempted yet"
    assert all(line.endswith("not attempted yet") for line in lines)


def test_one_exercise_by_number_and_by_name(course, capfd):
    write(course, "central_difference", CENTRAL)
    assert cli.main(["check", "1.2"]) == 0
    assert capfd.readouterr().out.startswith(
        "✓ 1.2 The central difference: passed, 1 point\nRight in all"
    )
    assert cli.main(["check", "central_difference"]) == 0
    assert store.of("central_difference") == (1.0, 2, 0)


def test_what_fails_is_shown_whole_and_what_passes_in_a_line(course, capfd):
    write(course, "central_difference", CENTRAL)
    write(course, "forward_difference", CENTRAL)
    assert cli.main(["check", "1.1", "1.2"]) == 1
    said = capfd.readouterr().out.splitlines()
    assert said[0] == "✗ 1.1 The forward difference: not yet"
    assert "  called    forward_difference(square, 3.0, 1.0)" in said
    assert said[-1] == "✓ 1.2 The central difference: passed, 1 point"


def test_every_chapter_is_checked_if_none_is_named(course, capfd):
    shutil.copytree(course / "worked_answers", course / "exercises", dirs_exist_ok=True)
    assert cli.main(["check"]) == 0
    said = capfd.readouterr().out
    assert "✗" not in said and "○" not in said and "✓ 4.2" in said


def test_helpers_imports_and_constants_count_and_what_was_tried_out_does_not(course, capfd):
    path = course / "exercises" / "01_derivatives.ipynb"
    book = nbformat.read(path, 4)
    helper = "def rise(f, x, h):\n    return f(x + h) - f(x - h)\n\nimport math as m"
    scratch = "import nothing_of_that_name\nfailed = 1 / 0\nTWICE = 2\n1 / 0\nwhile True: pass"
    book.cells[2:2] = [
        nbformat.v4.new_code_cell(code) for code in (helper, scratch, "def broken(", "%matplotlib")
    ]
    nbformat.write(book, path)
    write(
        course,
        "central_difference",
        "    print(1)\n    return rise(f, x, h) / (TWICE * h) * m.cos(0)",
        "%time\n",
    )
    assert cli.main(["check", "1.2"]) == 0
    assert capfd.readouterr().err == ""


def test_a_cell_that_does_not_run_fails_alone(course, capfd):
    write(course, "central_difference", "    return (f(x + h)")
    write(course, "forward_difference", CENTRAL, before="@undefined\n")
    write(course, "numerical_gradient", "    import sys; sys.exit(0)")
    assert cli.main(["check", "1.1", "1.2", "1.3"]) == 1
    said = capfd.readouterr().out
    assert "Its cell does not run: NameError: name 'undefined' is not defined" in said
    assert "Its cell does not run: SyntaxError" in said
    assert "got       SystemExit: 0" in said


def test_an_error_is_told_with_its_line(course, capfd):
    write(course, "central_difference", "    return f.slope(x)")
    assert cli.main(["check", "1.2"]) == 1
    assert ": `return f.slope(x)`" in capfd.readouterr().out


@pytest.mark.parametrize("interrupts", [signal.default_int_handler, signal.SIG_IGN])
def test_an_endless_loop_is_stopped_and_the_next_one_checked(
    course, capfd, monkeypatch, interrupts
):
    """Also where interrupts are ignored, as in the background of a shell."""
    before = signal.signal(signal.SIGINT, interrupts)
    write(course, "forward_difference", "    while True:\n        pass")
    write(course, "central_difference", CENTRAL)
    monkeypatch.setattr(cli, "RUN", cli.RUN.replace("sys.exit", "running.DEADLINE = 0.3; sys.exit"))
    monkeypatch.setattr(cli, "RUN", "from course_nn.checks import running; " + cli.RUN)
    try:
        assert cli.main(["check", "1.1", "1.2"]) == 1
    finally:
        signal.signal(signal.SIGINT, before)
    said = capfd.readouterr().out
    assert "It was stopped while it ran." in said
    assert "✓ 1.2" in said


def test_an_answer_that_ends_python_is_told(course, capfd):
    write(course, "forward_difference", "    import os\n    os._exit(7)")
    assert cli.main(["check", "1.1"]) == 1
    assert "Python itself ended, with code 7" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "9"], "There is no exercise 9."),
        (
            ["check", "central_diference"],
            "There is no exercise central_diference. Try central_difference",
        ),
        (["reset", "1.99"], "There is no exercise 1.99."),
        (["reset", "1"], "There is no exercise 1."),
    ],
)
def test_what_is_mistyped_is_told_in_a_line(course, capfd, arguments, said):
    assert cli.main(arguments) == 2
    error = capfd.readouterr().err
    assert error.startswith(said) and error.count("\n") == 1


def test_a_notebook_that_cannot_be_read_is_told(course, capfd):
    path = course / "exercises" / "01_derivatives.ipynb"
    for damage in ("{", "{}", "[]", '{"cells": [3]}', '{"cells": [{"source": []}]}'):
        path.write_text(damage, encoding="utf-8")
        assert cli.main(["check", "1"]) == 2
        said = capfd.readouterr().err
        assert "cannot be read as a notebook" in said and "Traceback" not in said
    path.unlink()
    assert cli.main(["check", "1"]) == 2
    assert "There is no notebook of chapter 1" in capfd.readouterr().err


def test_watch_checks_again_when_the_notebook_is_saved(course):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-u", "-m", "course_nn.cli", "check", "1.2", "--watch"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="utf-8", env=environment
    ) as watching:
        assert watching.stdout.readline().startswith("○ 1.2")
        write(course, "central_difference", CENTRAL)
        lines = iter(watching.stdout.readline, "")
        assert any(line.startswith("✓ 1.2") for line in lines)
        watching.kill()


def test_progress_is_shown(course, capfd):
    write(course, "central_difference", CENTRAL)
    cli.main(["check", "1.2"])
    capfd.readouterr()
    assert cli.main(["progress"]) == 0
    assert "Your progress: 1 of" in capfd.readouterr().out


def test_reset_restores_one_stub_and_keeps_a_copy(course, capfd):
    path = course / "exercises" / "01_derivatives.ipynb"
    untouched = path.read_bytes()
    write(course, "forward_difference", "    return 1")
    write(course, "central_difference", "    return 2")
    mine = path.read_bytes()
    assert cli.main(["reset", "1.2"]) == 0
    assert (
        "1.2 The central difference is a stub again in 01_derivatives.ipynb"
        in capfd.readouterr().out
    )
    assert source(path, "central_difference").endswith(STUB)
    assert source(path, "forward_difference").endswith("return 1")
    nbformat.validate(nbformat.read(path, 4))
    assert (course / "exercises" / "before_reset" / "01_derivatives_1.ipynb").read_bytes() == mine
    assert cli.main(["reset", "1.1"]) == 0
    first, second = sorted((course / "exercises" / "before_reset").iterdir())
    kept = second.read_bytes()
    first.unlink()
    cli.main(["reset", "1.3"])
    assert first.exists() and second.read_bytes() == kept
    before, after = json.loads(untouched), json.loads(path.read_bytes())
    for old, new in zip(before["cells"], after["cells"], strict=True):
        assert old["source"] == new["source"] and old["metadata"] == new["metadata"]
    assert cli.main(["check", "1.1"]) == 1


def test_reset_in_a_copy_without_solutions_gives_the_signature(course):
    shutil.rmtree(course / "worked_answers")
    write(course, "central_difference", "    return 2")
    assert cli.main(["reset", "1.2"]) == 0
    path = course / "exercises" / "01_derivatives.ipynb"
    assert source(path, "central_difference") == f"def central_difference(f, x, h):\n{STUB}"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_reset_in_a_folder_of_somebody_elses_says_what_to_do(course, capfd, monkeypatch, number):
    def refuse(path, *arguments, **options):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert cli.main(["reset", "1.2"]) == 2
    said = capfd.readouterr().err
    assert "may not be written to" in said and "start.py --home FOLDER" in said
    assert "Errno" not in said


def test_reset_tells_of_a_cell_that_is_gone(course, capfd):
    path = course / "exercises" / "01_derivatives.ipynb"
    book = nbformat.read(path, 4)
    book.cells = [cell for cell in book.cells if cell.id != "central_difference"]
    nbformat.write(book, path)
    assert cli.main(["reset", "1.2"]) == 2
    assert "has no cell for 1.2 The central difference any more" in capfd.readouterr().err
    assert not (course / "exercises" / "before_reset").exists()


def test_doctor_says_what_is_there_and_where(course, capfd, monkeypatch):
    assert cli.main(["doctor"]) == 0
    said = capfd.readouterr().out
    assert "Everything is there." in said
    assert str(course / "data" / "progress.sqlite") in said and str(course / "exercises") in said
    monkeypatch.setenv("COURSE_NN_DATA", str(ROOT / "README.md" / "x"))
    monkeypatch.setattr(store, "_memory", store.Memory())
    assert cli.main(["doctor"]) == 1
    assert "not saved" in capfd.readouterr().out


def test_help_shows_examples(capsys):
    assert cli.main([]) == 2
    assert "course-nn check 1.2 --watch" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0


def test_the_command_is_installed_under_its_name():
    script = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'course-nn = "course_nn.cli:main"' in script


def test_a_terminal_without_the_marks_is_no_reason_to_fail(course):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "course_nn.cli", "check", "1.2"]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"? 1.2 The central difference: not attempted yet" in done.stdout


def test_outside_of_a_course_the_folder_beside_the_package_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert notebook.folder() == ROOT / "exercises"


@pytest.mark.skipif(os.name == "nt", reason="there is no head")
@pytest.mark.parametrize("command", ["check", "progress", "check 1.1", "--help"])
def test_a_reader_that_has_enough_is_no_error(course, command):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    line = f"set -o pipefail; {sys.executable} -m course_nn.cli {command} | true"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, encoding="utf-8", env=environment, check=False
    )
    assert done.stderr == ""


def test_a_module_beside_the_notebook_is_found(course, capfd):
    (course / "exercises" / "helpers.py").write_text("def two():\n    return 2\n", encoding="utf-8")
    body = CENTRAL.replace("2 * h", "two() * h")
    write(course, "central_difference", body, before="from helpers import two\n")
    assert cli.main(["check", "1.2"]) == 0
    assert "A grader" not in capfd.readouterr().out


def test_what_is_read_from_the_keyboard_is_not_waited_for(course, capfd):
    write(course, "central_difference", CENTRAL, before="name = input()\n")
    assert cli.main(["check", "1.2"]) == 0
