"""Every chapter through real nbgrader: it gives a submission the points that our own checks give.

pip install "nbgrader>=0.9,<0.10" -c constraints.txt
"""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from course_nn.checks import EXERCISES
from course_nn.checks.engine import calling, evaluate
from tests.support import ROOT, sampled
from tests.support.published import SOLUTIONS, STUBS, nbgrader, published

pytestmark = pytest.mark.slow
CHAPTERS_TRIED = 3

gradebook = pytest.importorskip(
    "nbgrader.api", reason="nbgrader is not installed: pip install nbgrader"
).Gradebook

# Right, but it changes its arguments: half of the points.
SPOILS = """

right = {name}


def {name}(*arguments):
    answer = right(*arguments)
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            argument[...] = 0
    return answer
"""


def submission(path, pick):
    """The stub notebook ``path`` in which ``pick(number of the answer, its name, stub)`` is the answer."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    answers = [cell for cell in notebook.cells if nbgrader(cell).get("solution")]
    for number, cell in enumerate(answers):
        cell.source = pick(number, nbgrader(cell)["grade_id"], cell.source)
    return notebook


def solved(number, name, stub):
    return published(True)[0][name]


def half_solved(number, name, stub):
    if number % 3 == 1:
        return stub
    return solved(number, name, stub) + (SPOILS.format(name=name) if number % 3 == 2 else "")


STUDENTS = {"all": solved, "none": lambda number, name, stub: stub, "half": half_solved}


@pytest.fixture(scope="module")
def path_to_alembic():
    """nbgrader calls alembic by its name, wherever it was installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.path.dirname(sys.executable), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def course(tmp_path_factory, path_to_alembic):
    """A course of nbgrader's with one assignment, all our exercises, handed in by three students."""
    folder = tmp_path_factory.mktemp("nbgrader")
    source = folder / "source" / "exercises"
    source.mkdir(parents=True)
    for path in sampled(SOLUTIONS, CHAPTERS_TRIED):
        shutil.copy(path, source)
    for student, pick in STUDENTS.items():
        handed_in = folder / "submitted" / student / "exercises"
        handed_in.mkdir(parents=True)
        for path in sampled(STUBS, CHAPTERS_TRIED):
            nbformat.write(submission(path, pick), handed_in / path.name)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("COURSE_NN")},
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "COURSE_NN_DATA": str(folder / "data"),
    }
    for command in ("generate_assignment", "autograde"):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "nbgrader",
                command,
                "exercises",
                "--CourseDirectory.course_id=nn",
            ],
            check=False,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    return folder


def scores(course, student, path):
    """What nbgrader's gradebook says: points for each exercise in the notebook ``path``."""
    with gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        handed_in = book.find_submission_notebook(path.stem, "exercises", student)
        return {grade.name.removeprefix("check_"): grade.score for grade in handed_in.grades}


def ours(path, pick):
    """What our checks say of the same answers."""
    namespace = dict(published(True)[1])
    found = {}
    for cell in submission(path, pick).cells:
        if nbgrader(cell).get("solution"):
            exec(cell.source, namespace)
            name = nbgrader(cell)["grade_id"]
            found[name] = evaluate(EXERCISES[name], calling(namespace[name])).points
    return found


TRIED = sampled(STUBS, CHAPTERS_TRIED)
each_chapter = pytest.mark.parametrize("path", TRIED, ids=[path.stem for path in TRIED])


@each_chapter
def test_solutions_earn_every_point(course, path):
    earned = scores(course, "all", path)
    assert earned == {name: EXERCISES[name].points for name in earned}
    assert len(earned) >= 1


@each_chapter
def test_stubs_earn_nothing(course, path):
    assert set(scores(course, "none", path).values()) == {0}


@each_chapter
def test_what_is_half_right_earns_exactly_our_points(course, path):
    earned = scores(course, "half", path)
    assert earned == ours(path, half_solved)
    assert 0 < sum(earned.values()) < sum(scores(course, "all", path).values()) or len(earned) == 1


def test_half_points_occur(course):
    earned = {}
    for path in TRIED:
        earned |= scores(course, "half", path)
    assert any(0 < score < EXERCISES[name].points for name, score in earned.items())


@each_chapter
def test_nbgrader_makes_the_stubs_that_we_hand_out(course, path):
    theirs = nbformat.read(course / "release" / "exercises" / path.name, nbformat.NO_CONVERT)
    ours = nbformat.read(path, nbformat.NO_CONVERT)
    assert [cell.source for cell in theirs.cells] == [cell.source for cell in ours.cells]
    assert ROOT.name not in theirs.metadata


@each_chapter
def test_the_panel_is_in_what_nbgrader_shows_a_student(course, path):
    graded = course / "autograded" / "none" / "exercises" / path.name
    checks = [cell for cell in nbformat.read(graded, 4).cells if nbgrader(cell).get("grade")]
    for cell in checks:
        shown = [
            output.data["text/plain"]
            for output in cell.outputs
            if output.output_type == "display_data"
        ]
        assert len(shown) == 1 and "not attempted yet" in shown[0]
