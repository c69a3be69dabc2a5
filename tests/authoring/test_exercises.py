"""Exercises as notebooks: built from exercises.md, without the answers and with them."""

import re

import nbformat
import pytest

from authoring import build, proofs, sources
from course_nn.chapters import CHAPTERS
from course_nn.checks import EXERCISES, panel
from tests.support.published import SOLUTIONS, STUBS, answers, nbgrader

TARGETS = sources.exercises()
each_target = pytest.mark.parametrize(
    "target", TARGETS, ids=[target.notebook.relative_to(sources.ROOT).stem for target in TARGETS]
)
SOURCE = """# Exercises 9. Nine

Words.

```python
from course_nn import check
```

## 1.2 The central difference

*5 minutes, easy, 1 point*

What it is.

```python
def central_difference(f, x, h):
    \"\"\"What it gives.\"\"\"
    ### BEGIN SOLUTION
    rise = f(x + h) - f(x - h)

    return rise / (2 * h)
    ### END SOLUTION
```

```python
check(central_difference)
```
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Chapter 9, whose exercises are the text that it is called with: stub and solution."""
    for name in ("LESSONS", "NOTEBOOKS", "EXERCISES", "ANSWERS"):
        monkeypatch.setattr(sources, name, tmp_path / name.lower())
    path = tmp_path / "lessons" / "09_nine" / "exercises.md"
    path.parent.mkdir(parents=True)

    def written(text=SOURCE):
        path.write_text(text, encoding="utf-8")
        return sources.exercises()

    return written


# The build


def test_a_source_makes_two_notebooks(source, tmp_path):
    stub, solved = source()
    assert stub.notebook == tmp_path / "exercises" / "09_nine.ipynb"
    assert solved.notebook == tmp_path / "answers" / "09_nine.ipynb"
    assert (stub.solved, solved.solved) == (False, True)


def test_the_stub_is_what_nbgrader_would_make(source):
    stub, solved = map(sources.assemble, source())
    assert stub.cells[3].source == (
        'def central_difference(f, x, h):\n    """What it gives."""\n'
        "    # YOUR CODE HERE\n    raise NotImplementedError()"
    )
    assert "rise / (2 * h)" in solved.cells[3].source
    for index in (0, 1, 2, 4):
        assert stub.cells[index].source == solved.cells[index].source


def test_answers_and_checks_carry_nbgraders_marks(source):
    stub, solved = map(sources.assemble, source())
    answer = {
        "grade_id": "central_difference",
        "schema_version": 3,
        "solution": True,
        "grade": False,
        "locked": False,
        "task": False,
    }
    check = {**answer, "grade_id": "check_central_difference", "solution": False}
    check |= {"grade": True, "locked": True, "points": 1}
    for notebook in (stub, solved):
        assert [cell.metadata.get("nbgrader") for cell in notebook.cells] == [None] * 3 + [
            answer,
            check,
        ]
        assert [cell.id for cell in notebook.cells[3:]] == [
            "central_difference",
            "check_central_difference",
        ]
    assert [cell.metadata.get("deletable") for cell in stub.cells] == [None] * 3 + [False] * 2
    assert [cell.metadata.get("editable") for cell in stub.cells] == [None] * 4 + [False]
    assert "deletable" not in solved.cells[3].metadata


def test_stubs_are_built_with_their_checks_run(source, capsys):
    source()
    assert build.main(["09_nine"]) == 0
    stub, solved = (nbformat.read(target.notebook, 4) for target in sources.exercises())
    assert "not attempted yet" in stub.cells[4].outputs[0].data["text/plain"]
    assert "passed, 1 point" in solved.cells[4].outputs[0].data["text/plain"]
    assert build.main(["--check"]) == 0


def test_a_solution_that_does_not_pass_is_not_built(source, capsys):
    source(SOURCE.replace("(2 * h)", "2"))
    assert build.main(["09_nine"]) == 1
    said = capsys.readouterr().err
    assert "you divide by 2 alone" in said and "check(central_difference)" in said
    stub, solved = sources.exercises()
    assert stub.notebook.exists() and not solved.notebook.exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            ("5 minutes", "6 minutes"),
            r"must have these lines:\n\n## 1\.2 .*\n\n\*5 minutes, easy, 1 point\*",
        ),
        (("## 1.2 The", "## 1.3 The"), "must have these lines"),
        (
            ("def central_difference", "def center"),
            "specifies no exercise 'center', only: .*central_difference",
        ),
        (("check(central_difference)", "check(center)"), "specifies no exercise 'center'"),
    ],
)
def test_a_source_that_is_not_the_specification_is_refused(source, change, complaint):
    with pytest.raises(sources.LessonError, match=complaint):
        sources.assemble(source(SOURCE.replace(*change))[0])


# What is committed


@each_target
def test_what_is_committed_is_what_the_source_builds(target):
    proofs.check(target)


def test_each_exercise_is_in_the_notebook_of_its_chapter_in_order():
    listed = [(path.name, name) for path in STUBS for name in answers(path)]
    assert listed == [(CHAPTERS[e.chapter].notebook, name) for name, e in EXERCISES.items()]


@each_target
def test_each_answer_is_followed_by_its_check(target):
    ids = [nbgrader(cell)["grade_id"] for cell in sources.assemble(target).cells if nbgrader(cell)]
    assert ids[1::2] == [f"check_{name}" for name in ids[::2]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", STUBS, ids=[path.stem for path in STUBS])
def test_no_stub_holds_an_answer(path):
    for name, code in answers(path).items():
        assert code.endswith("# YOUR CODE HERE\n    raise NotImplementedError()"), name
        assert "SOLUTION" not in code


@pytest.mark.parametrize("path", SOLUTIONS, ids=[path.stem for path in SOLUTIONS])
def test_every_check_of_a_solution_says_passed(path):
    cells = nbformat.read(path, nbformat.NO_CONVERT).cells
    checks = [cell for cell in cells if nbgrader(cell).get("grade")]
    assert checks
    for cell in checks:
        name = nbgrader(cell)["grade_id"].removeprefix("check_")
        (output,) = cell.outputs
        assert output.data["text/plain"].startswith("✓ " + panel.title(EXERCISES[name]))


@pytest.mark.parametrize("path", STUBS, ids=[path.stem for path in STUBS])
def test_each_exercise_has_a_worked_example_with_numbers(path):
    prose, found = "", {}
    for cell in nbformat.read(path, nbformat.NO_CONVERT).cells:
        if cell.cell_type == "markdown":
            prose += cell.source
        elif nbgrader(cell).get("solution"):
            found[nbgrader(cell)["grade_id"]], prose = prose, ""
    for name, text in found.items():
        assert re.search(r"\*\*Example\.?\*\*[^#]*\d", text), name
