"""`course-nn check` and the grader read a notebook alike, run it alike, and come to one verdict."""

import json

import pytest

from course_nn import answers, notebooks
from course_nn.checks import EXERCISES, running
from course_nn.grading import session, submissions
from course_nn.grading.zygote import end_idle
from tests.support.sandboxed import reached

NAME = "central_difference"
RIGHT = "def central_difference(f, x, h):\n    return (f(x + h) - f(x - h)) / (2 * h)"
WRONG = RIGHT.replace("(2 * h)", "2")
STUB = "def central_difference(f, x, h):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


def code(source, name="", **more):
    marks = {"nbgrader": {"grade_id": name, "solution": True}} if name else {}
    return {"cell_type": "code", "source": source, "metadata": marks, "outputs": [], **more}


def indented(source):
    return "\n".join(f"    {line}" for line in source.split("\n"))


def prompted(source, first, following):
    head, *tail = source.split("\n")
    return "\n".join([first + head, *(following + line for line in tail)])


ODD = {
    "as it is handed out": ([STUB], "not attempted"),
    "right": ([RIGHT], "passed"),
    "wrong": ([WRONG], "failed"),
    "a string with a line that looks like a magic": (
        [RIGHT.replace("return", 'text = """\n%matplotlib\n!ls\n?f\n"""\n    assert "%" in text\n    return')],
        "passed",
    ),
    "magics around it": (["%matplotlib inline\n!ls\n" + RIGHT + "\ncentral_difference?"], "passed"),
    "a magic in it": ([RIGHT.replace("    return", "    !echo {x}\n    return")], "passed"),
    "a cell magic above it": (["%%time\n" + RIGHT], "passed"),
    "in a cell of another language": (["%%script python\n" + RIGHT], "not attempted"),
    "timed by the line": (["%time two = 2", RIGHT.replace("2 * h", "two * h")], "passed"),
    "indented": ([indented(RIGHT)], "passed"),
    "indented by tabs": (["\tdef central_difference(f, x, h):\n\t\treturn (f(x + h) - f(x - h)) / (2 * h)"], "passed"),
    "pasted with Python's prompts": ([prompted(RIGHT, ">>> ", "... ")], "passed"),
    "pasted with IPython's prompts": ([prompted(RIGHT, "In [3]: ", "   ...: ")], "passed"),
    "pasted with prompts, a magic in it": (
        ["In [1]: %matplotlib inline\n" + prompted(RIGHT, "In [2]: ", "   ...: ")],
        "passed",
    ),
    "ls -= x is Python": (
        ["%precision 3\nls = 3.0\nls -= 1", RIGHT.replace("2 * h", "ls * h")],
        "passed",
    ),
    "a table made in a loop": (
        ["twos = []\nfor i in range(3):\n    twos.append(2)", RIGHT.replace("2 * h", "twos[-1] * h")],
        "passed",
    ),
    "a helper below": ([RIGHT.replace("2 * h", "twice(h)"), "def twice(h):\n    return 2 * h"], "passed"),
    "a helper beside its check": (
        [RIGHT.replace("2 * h", "twice(h)"), "def twice(h):\n    return 2 * h\ncheck(central_difference)"],
        "passed",
    ),
    "a helper that is async": (
        ["async def later(): pass\nimport math", RIGHT.replace("2 * h", "2 * h * math.cos(0)")],
        "passed",
    ),
    "an error in another cell": (["1 / 0\ntwo = 2", RIGHT.replace("2 * h", "two * h")], "passed"),
    "another cell that is no Python": (["def broken(", RIGHT], "passed"),
    "its own cell is no Python": ([RIGHT + ")"], "broken"),
    "its own cell raises": (["@undefined\n" + RIGHT], "broken"),
    "a line beside it that raises": ([RIGHT + "\n1 / 0"], "passed"),
    "defined twice": ([RIGHT, WRONG], "failed"),
    "defined twice, better": ([WRONG, RIGHT], "passed"),
    "as a lambda": (["central_difference = lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h)"], "passed"),
    "as something else": (["central_difference = 6"], "not attempted"),
    "an import that is not there": (["import nothing_of_that_name\n" + RIGHT], "passed"),
    "await above it": (["import asyncio\nawait asyncio.sleep(0)\n" + RIGHT], "passed"),
    "it exits": ([RIGHT.replace("return", "import sys; sys.exit(0)\n    return")], "failed"),
    "with future annotations": (
        ["from __future__ import annotations\n" + RIGHT.replace("x, h", "x: Array, h: Array")],
        "passed",
    ),
    "with the ends of lines of Windows": ([RIGHT.replace("\n", "\r\n")], "passed"),
    "in lines": ([RIGHT.splitlines(keepends=True)], "passed"),
    "in a cell that is text": ([code(RIGHT, cell_type="markdown")], "not attempted"),
    "in a cell that is raw": ([code(RIGHT, cell_type="raw")], "not attempted"),
    "with its mark alone": ([code(RIGHT + ")", NAME)], "broken"),
    "no exercise": (["x = 1"], "not attempted"),
}  # fmt: skip


@pytest.fixture
def path(tmp_path, request):
    cells = [cell if isinstance(cell, dict) else code(cell) for cell in request.param]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    path = tmp_path / "01_derivatives.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    return path


@pytest.fixture(scope="module", autouse=True)
def no_process_is_left():
    yield
    end_idle()


def checked(path):
    parts = notebooks.parts(notebooks.read(path)["cells"], EXERCISES)
    cells = answers.of_notebook(parts, EXERCISES)
    ((report, _panel),) = running.check(cells, [EXERCISES[NAME]])
    return "broken" if report.status == "failed" and report.failure is None else report.status


def graded(path):
    submission = submissions.read([path], "ada")
    (grade,) = session.grade(submission, [EXERCISES[NAME]], 0, reached()[0])
    return "broken" if grade.status in ("syntax error", "error") else grade.status


@pytest.mark.parametrize(("path", "wanted"), ODD.values(), ids=ODD, indirect=["path"])
def test_check_and_grade_come_to_one_verdict(path, wanted):
    assert (checked(path), graded(path)) == (wanted, wanted)


def test_what_hangs_beside_an_answer_costs_no_more_than_its_time(monkeypatch):
    monkeypatch.setattr(running, "OWN", 0.2)
    cells = ["while True: pass", "two = 2\nwhile True: pass", RIGHT.replace("2 * h", "two * h")]
    found = answers.of_notebook([notebooks.Part("", cell) for cell in cells], EXERCISES)
    ((report, _panel),) = running.check(found, [EXERCISES[NAME]])
    assert report.status == "passed"


def test_an_answer_is_judged_where_it_stands():
    """A name that is used again below costs nothing that passed above."""
    cells = ["k = 2", RIGHT.replace("2 * h", "k * h"), "k = 3"]
    found = answers.of_notebook([notebooks.Part("", cell) for cell in cells], EXERCISES)
    ((report, _panel),) = running.check(found, [EXERCISES[NAME]])
    assert report.status == "passed"
