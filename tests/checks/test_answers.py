"""Right answers earn all points, in `check` and in a gradebook, and wrong ones never do."""

from itertools import zip_longest

import nbformat
import pytest

from course_nn.chapters import CHAPTERS
from course_nn.checks import EXERCISES
from course_nn.grading.batch import grade
from tests.support.answers import FILES, written
from tests.support.battery import PENDING
from tests.support.published import STUBS, nbgrader

RIGHT = [answer for answer in written() if answer.right]
WRONG = [answer for answer in written() if not answer.right]
each_chapter = pytest.mark.parametrize(
    "chapter", [int(path.stem) for path in FILES if int(path.stem) not in PENDING]
)


@pytest.mark.parametrize("answer", RIGHT, ids=str)
def test_a_right_answer_passes(answer):
    report = answer.report()
    assert report.status == "passed", report.failure


@pytest.mark.parametrize("answer", WRONG, ids=str)
def test_a_wrong_answer_does_not_and_is_told_what_it_is(answer):
    report = answer.report()
    assert (report.status, report.points < answer.exercise.points) == ("failed", True)
    assert (report.diagnosis or "").startswith(answer.told)


@each_chapter
def test_there_are_enough_and_half_of_the_wrong_ones_are_named(chapter):
    for exercise in EXERCISES.values():
        if exercise.chapter == chapter:
            assert sum(answer.exercise is exercise for answer in RIGHT) >= 4, exercise.number
            assert sum(answer.exercise is exercise for answer in WRONG) >= 8, exercise.number
    own = [answer for answer in WRONG if answer.exercise.chapter == chapter]
    assert sum(bool(answer.told) for answer in own) >= len(own) / 2


def hand_in(folder, chapter):
    """The chapter's notebook, filled in with the first right answer to each exercise; another one
    with the second, and so on; and the first once more, its cells from the last to the first."""
    (stub,) = [path for path in STUBS if path.name == CHAPTERS[chapter].notebook]
    names = [exercise.name for exercise in EXERCISES.values() if exercise.chapter == chapter]
    rights = [[answer for answer in RIGHT if answer.exercise.name == name] for name in names]
    for student, answers in enumerate(zip_longest(*rights)):
        handed = {
            name: answer or own[0] for name, answer, own in zip(names, answers, rights, strict=True)
        }
        book = nbformat.read(stub, 4)
        cells = []
        for cell in book.cells:
            if nbgrader(cell).get("solution"):
                *before, cell.source = handed[nbgrader(cell)["grade_id"]].cells
                cells += map(nbformat.v4.new_code_cell, before)
            cells.append(cell)
        book.cells = cells
        nbformat.write(book, folder / f"student{student}.ipynb")
        if student == 0:
            imports = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
            book.cells = [*cells[: imports + 1], *reversed(cells[imports + 1 :])]
            nbformat.write(book, folder / "backwards.ipynb")


@pytest.mark.slow
@pytest.mark.sampled(3)
@each_chapter
def test_right_answers_earn_all_points_in_a_gradebook(chapter, tmp_path):
    (tmp_path / "submissions").mkdir()
    hand_in(tmp_path / "submissions", chapter)
    summary = grade(tmp_path / "submissions", tmp_path / "grades", wanted=[str(chapter)], layer=0)
    students = len(list((tmp_path / "submissions").iterdir()))
    assert students >= 5
    assert summary.shares == {name: [students, 0, 0, 0] for name in summary.shares}
