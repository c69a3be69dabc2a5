"""Submissions that were begun in another version of the course: told, and judged as far as can be."""

import json

import pytest

from course_nn.checks import EXERCISES, store
from course_nn.grading import batch, helpers, submissions
from course_nn.grading.gradebook import Gradebook
from course_nn.grading.session import Limits
from tests.support import ROOT

NAME = "central_difference"
TITLE = f"{EXERCISES[NAME].number} {NAME}"
ELSEWHERE = f"It comes from another version of the course: there the stubs of {TITLE} were others."


@pytest.fixture
def notebook():
    """The notebook of chapter 1 with all the right answers, as it is handed in."""
    text = (ROOT / "worked_answers/01_derivatives.ipynb").read_text(encoding="utf-8")
    return json.loads(text)


def cell(notebook, name):
    return next(one for one in notebook["cells"] if one["id"] == name)


def hand_in(folder, notebook, student="ana"):
    path = folder / student / "01_derivatives.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def edit(notebook, *changes, name=NAME):
    """Change what is written in the cell of an exercise."""
    own = cell(notebook, name)
    source = "".join(own["source"])
    for before, after in changes:
        assert before in source, before
        source = source.replace(before, after)
    own["source"] = source


def notes(folder, notebook):
    (found,) = submissions.find(hand_in(folder, notebook))
    return found.notes


SLOPE = "The slope of the secant from x - h to x + h."
STEP = "h: the step, a positive number"
TAKES = f"{TITLE} takes (f, x, h) now, and took ({{}}) in it."


@pytest.mark.parametrize(
    "changes, wanted",
    [
        ([], ""),
        ([(SLOPE, "The mean slope.")], ELSEWHERE),  # a line said otherwise
        ([(STEP, "")], ELSEWHERE),  # a line that has come since
        ([("(f, x, h)", "(f, x)")], TAKES.format("f, x")),
        ([("(f, x, h)", "(f, x, h, order)")], TAKES.format("f, x, h, order")),
        ([("(f, x, h)", "(f, h, x)")], TAKES.format("f, h, x")),
        # what its author may have done
        ([(STEP, f"{STEP}\n    By me, on Monday.")], ""),
        ([("(f, x, h)", "(f, a, h)")], ""),
        ([("(f, x, h)", "(f, x, h, debug=False)")], ""),
        ([("(f, x, h)", "(*given)")], ""),
        ([("\n    ", "\n        ")], ""),
    ],
)
def test_a_stub_that_has_changed_is_told_and_an_edited_one_is_not(
    tmp_path, notebook, changes, wanted
):
    edit(notebook, *changes)
    found = " ".join(notes(tmp_path, notebook))
    assert wanted in found
    assert ("another version" in found) == bool(wanted)


def test_without_a_docstring_nothing_can_be_told(tmp_path, notebook):
    for parameters in ("f, x, h", "f, x"):
        cell(notebook, NAME)["source"] = f"def {NAME}({parameters}):\n    return 1"
        assert notes(tmp_path, notebook) == ()


def test_an_untouched_stub_and_a_function_without_marks_are_nobodys_version(tmp_path, notebook):
    stub = f'def {NAME}(f):\n    """Other."""\n    raise NotImplementedError()'
    cell(notebook, NAME)["source"] = stub
    assert not [note for note in notes(tmp_path, notebook) if "version" in note]
    own = cell(notebook, NAME)
    own.update(source=stub.replace("raise NotImplementedError()", "return 1"), metadata={}, id="x")
    assert not [note for note in notes(tmp_path, notebook) if "version" in note]


def test_points_that_have_moved_are_told_and_those_of_now_count(tmp_path, notebook):
    cell(notebook, f"check_{NAME}")["metadata"]["nbgrader"]["points"] = 7
    now = EXERCISES[NAME].points
    wanted = f"Since it was handed out, the points have changed: {TITLE} (then 7, now {now:g})."
    assert notes(tmp_path, notebook) == (wanted,)


@pytest.mark.parametrize("points", ["7", None, [1], float("nan"), 10**400, -1])
def test_points_that_are_none_do_not_matter(tmp_path, notebook, points):
    cell(notebook, f"check_{NAME}")["metadata"]["nbgrader"]["points"] = points
    assert notes(tmp_path, notebook) == ()


def test_an_exercise_that_is_gone_is_told(tmp_path, notebook):
    text = json.dumps(cell(notebook, NAME)).replace(NAME, "backward_difference")
    notebook["cells"].append(json.loads(text))
    message = "No exercise of now asks for backward_difference, so that was not judged."
    assert message in notes(tmp_path, notebook)
    notebook["cells"][-1]["source"] = "def backward_difference(f):\n    raise NotImplementedError()"
    assert message not in notes(tmp_path, notebook)


def renamed(notebook, before="symmetric_difference"):
    """The notebook as of a version where the exercise had another name."""
    return json.loads(json.dumps(notebook).replace(NAME, before))


def graded(folder, out):
    """The points and the notes of each student, and the page of ana."""
    batch.grade(folder, out, ["1"], limits=Limits(5), seed=1, jobs=1)
    with Gradebook(out) as book:
        (ana,) = book.results(["ana"])
    page = (out / "feedback/ana.html").read_text(encoding="utf-8")
    return ana, page, (out / "grades.csv").read_text(encoding="utf-8-sig")


@pytest.mark.slow
def test_of_a_renamed_exercise_the_answer_counts_and_is_told(tmp_path, notebook, monkeypatch):
    monkeypatch.setitem(store.RENAMED, "symmetric_difference", NAME)
    edit(notebook, ("f: a function", "f: any function"), name="forward_difference")
    ana, page, table = graded(hand_in(tmp_path / "in", renamed(notebook)), tmp_path / "out")
    assert ana.total == sum(e.points for e in EXERCISES.values() if e.chapter == 1)
    told = f"symmetric_difference is called {TITLE} now, and was judged as that."
    changed = ELSEWHERE.replace(
        TITLE, f"{EXERCISES['forward_difference'].number} forward_difference"
    )
    assert told in page and told in table and changed in page and changed in table


@pytest.mark.slow
def test_what_the_new_version_asks_otherwise_fails_alone(tmp_path, notebook):
    edit(notebook, ("(f, x, h)", "(f, x, h, order)"))
    ana, page, table = graded(hand_in(tmp_path / "in", notebook), tmp_path / "out")
    status = {mark.exercise: mark.status for mark in ana.marks}
    assert status.pop(NAME) == "failed" and set(status.values()) <= {"passed", "consequence"}
    assert TAKES.format("f, x, h, order") in page and ELSEWHERE in table


@pytest.mark.parametrize("defined", [True, False])
def test_who_has_answered_the_new_name_too_is_judged_by_that(
    tmp_path, notebook, monkeypatch, defined
):
    monkeypatch.setitem(store.RENAMED, "symmetric_difference", NAME)
    old = renamed(notebook)
    body = "return 1" if defined else "raise NotImplementedError()"
    new = f"def {NAME}(f, x, h):\n    {body}"
    old["cells"].append({**cell(notebook, NAME), "source": new})
    (found,) = submissions.find(hand_in(tmp_path, old))
    (own,) = [one for one in found.cells if NAME in one.answers]
    assert ("return 1" in own.source) == defined
    assert any("is called" in note for note in found.notes) != defined


def test_the_course_may_be_the_newer_one(notebook, tmp_path, monkeypatch):
    now = helpers.published(NAME).replace(SLOPE, "The mean slope.")
    monkeypatch.setattr(helpers, "published", lambda name: now if name == NAME else "")
    assert ELSEWHERE in " ".join(notes(tmp_path, notebook))
