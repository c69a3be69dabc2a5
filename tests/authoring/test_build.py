"""The build itself, on a lesson of three cells."""

import subprocess
import sys

import nbformat
import pytest

from authoring import build, execution, proofs, sources
from authoring.execution import parts
from tests.support import ROOT

LESSON = """# 9. Nine

First words.

```python
x = 9
```


More words.

```python
print(x)
```
"""


@pytest.fixture
def lesson(tmp_path):
    """A lesson in a folder of its own: set its text, get its target."""
    source = tmp_path / "09_nine" / "lesson.md"
    source.parent.mkdir()

    def written(text=LESSON, language="en"):
        source.write_text(text, encoding="utf-8")
        return sources.Target(source, tmp_path / "notebooks" / "09_nine.ipynb", language)

    return written


def test_build_writes_outputs_and_nothing_of_the_machine(lesson, capsys):
    target = lesson()
    build.build(target)
    first = target.notebook.read_bytes()
    cells = nbformat.read(target.notebook, nbformat.NO_CONVERT).cells
    assert [cell.get("execution_count") for cell in cells] == [None, 1, None, 2]
    assert cells[3].outputs == [{"output_type": "stream", "name": "stdout", "text": "9\n"}]
    proofs.check(target)
    build.build(target)
    assert target.notebook.read_bytes() == first
    assert list(target.notebook.parent.iterdir()) == [target.notebook]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("First words.", "Other words."), r"cell 1 .* its source"),
        (("x = 9", "x = 10"), r"cell 2 \(x = 10\): its source"),
        (("```python\nx", '```python tags=["claims"]\nx'), r"cell 2 .* its metadata"),
        (("First words.", "First words.\n\n\nA cell."), "4 cells, but the source has 5"),
    ],
)
def test_check_names_the_cell_that_drifted(lesson, change, complaint):
    build.build(lesson())
    with pytest.raises(sources.LessonError, match=complaint):
        proofs.check(lesson(LESSON.replace(*change)))


def test_check_sees_a_notebook_that_was_run_by_hand_or_not_at_all(lesson):
    target = lesson()
    with pytest.raises(sources.LessonError, match="has not been built"):
        proofs.check(target)
    build.build(target)
    notebook = nbformat.read(target.notebook, nbformat.NO_CONVERT)
    for count in [None, 1, 3]:
        notebook.cells[3].execution_count = count
        nbformat.write(notebook, target.notebook)
        with pytest.raises(sources.LessonError, match="cell 4 .*not executed in order"):
            proofs.check(target)
    target.notebook.write_text("{", encoding="utf-8")
    with pytest.raises(sources.LessonError, match="is no notebook"):
        proofs.check(target)


def test_a_failing_cell_is_shown_and_leaves_the_old_notebook(lesson):
    build.build(lesson())
    target = lesson(LESSON.replace("print(x)", "print(x)\n1 / 0"))
    before = target.notebook.read_bytes()
    with pytest.raises(sources.LessonError) as caught:
        build.build(target)
    assert str(caught.value).endswith(
        "lesson.md, line 14:\n\n    print(x)\n  > 1 / 0\n\nZeroDivisionError: division by zero"
    )
    assert target.notebook.read_bytes() == before


def test_a_false_assertion_shows_its_line_and_the_values(lesson):
    target = lesson(
        LESSON.replace(
            "print(x)", "accuracy = 0.93\n\nassert x == 9\nassert 0.94 < accuracy < abs(x)"
        )
    )
    with pytest.raises(sources.LessonError) as caught:
        build.build(target)
    assert "lesson.md, line 16:" in str(caught.value)
    assert str(caught.value).endswith("AssertionError\n  accuracy = 0.93\n  abs(x) = 9\n  x = 9")


def test_what_an_assertion_compares_is_evaluated_once_more_only_if_that_changes_nothing():
    code = "a = 1\nassert (\n    f(a) == max(b) + 1 and rng[c].all() and all(d for d in e)\n)"
    assert sorted(parts(code, 3)) == ["a", "b", "c", "d", "e", "f", "max(b) + 1", "rng"]
    assert parts(code, 1) == []


def test_a_picture_without_words_says_how_to_give_it_some(lesson):
    code = 'from IPython.display import display\n\ndisplay({"image/png": "iVBORw0KGgo="}, raw=True)'
    with pytest.raises(sources.LessonError, match=r"line 13 \(from IPython.*canvas\(alt="):
        build.build(lesson(LESSON.replace("print(x)", code)))


def test_a_build_touches_what_its_source_changed_and_no_more(lesson, monkeypatch):
    text = LESSON.replace("```python\nprint(x)", '```python tags=["nbval-ignore-output"]\nprint(x)')
    timed = text.replace("print(x)", 'import time\n\nprint(f"{time.perf_counter()} s")')
    lesson_target = lesson(timed)
    build.build(lesson_target)
    first = lesson_target.notebook.read_bytes()
    build.build(lesson_target)  # a time is all that changed
    assert lesson_target.notebook.read_bytes() == first

    lesson(timed.replace("More words.", "Other words."))
    monkeypatch.setattr(execution, "execute", None)  # prose alone has changed: nothing runs
    assert "text alone" in build.build(lesson_target, afresh=False)
    proofs.check(lesson_target)
    before, after = (
        nbformat.reads(data.decode(), 4).cells
        for data in (first, lesson_target.notebook.read_bytes())
    )
    assert [old == new for old, new in zip(before, after)] == [True, True, False, True]
    lesson(timed.replace("x = 9", "x = 10"))
    with pytest.raises(TypeError):
        build.build(lesson_target, afresh=False)


def test_without_its_tools_it_says_which_command_brings_them():
    """In a Python that has none of them."""
    command = [sys.executable, "-I", "-S", str(ROOT / "authoring" / "build.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "lacks babel, course_nn, ipykernel" in done.stderr
    assert "python3 start.py test --version" in done.stderr


@pytest.mark.parametrize("cell", ["%matplotlib inline", "!ls", "%%bash\nls", "x = (", "x?"])
def test_cells_are_plain_python(lesson, cell):
    with pytest.raises(sources.LessonError, match="line 6:(?s:.*)not plain Python"):
        sources.assemble(lesson(LESSON.replace("x = 9", cell)))


def test_a_misspelled_tag_is_refused(lesson):
    target = lesson(LESSON.replace("```python", '```python tags=["raises-exceptions"]'))
    with pytest.raises(sources.LessonError, match="raises-exceptions"):
        sources.assemble(target)


def test_a_new_cell_leaves_the_ids_of_the_others_alone(lesson):
    before = [cell.id for cell in sources.assemble(lesson()).cells]
    twice = LESSON.replace("More words.", "More words.\n\n\nMore words.\n\n\nNew.")
    after = [cell.id for cell in sources.assemble(lesson(twice)).cells]
    assert len(set(after)) == 6 and set(before) < set(after)


def test_slides_open_at_headings_and_after_results(lesson):
    text = (
        LESSON.replace("More words.", "Bye.\n\n### Part\n\n\nMore.")
        + "\nAfter.\n\n```python\ny = 1\n```\n"
    )
    cells = sources.assemble(lesson(text)).cells
    kinds = [cell.metadata["slideshow"]["slide_type"] for cell in cells]
    assert kinds == [
        "slide",
        "fragment",
        "subslide",
        "subslide",
        "-",
        "fragment",
        "subslide",
        "fragment",
    ]


def test_claims_are_folded_and_no_slide(lesson):
    cell = sources.assemble(
        lesson(LESSON.replace("```python\nx", '```python tags=["claims"]\nx'))
    ).cells[1]
    assert cell.metadata["jupyter"] == {"source_hidden": True}
    assert cell.metadata["slideshow"] == {"slide_type": "skip"}


def test_the_command_says_what_it_did_in_its_exit_code(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "LESSONS", tmp_path / "lessons")
    monkeypatch.setattr(sources, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(sources, "EXERCISES", tmp_path / "exercises")
    monkeypatch.setattr(sources, "ANSWERS", tmp_path / "answers")
    source = tmp_path / "lessons" / "09_nine" / "lesson.md"
    source.parent.mkdir(parents=True)
    source.write_text(LESSON, encoding="utf-8")
    assert build.main(["--check"]) == 1
    assert "has not been built" in capsys.readouterr().err
    assert build.main(["09_nine"]) == 0
    assert "2 code cells" in capsys.readouterr().out
    assert build.main(["--check"]) == 0
    (tmp_path / "notebooks" / "stray.ipynb").write_text("{}", encoding="utf-8")
    assert build.main(["--check"]) == 1
    assert "no source builds it" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        build.main(["10_ten"])
    assert caught.value.code == 2 and "09_nine" in capsys.readouterr().err
