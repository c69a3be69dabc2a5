"""The notebooks are what their sources build; each lesson has what learners and teachers need."""

import re

import nbformat
import polib
import pytest

from tests.support.lessons import CHAPTERS, TARGETS, build, prose
from tests.support.pseudo import pseudo

each_target = pytest.mark.parametrize("target", TARGETS, ids=[t.name for t in TARGETS])
each_chapter = pytest.mark.parametrize("target", CHAPTERS, ids=[t.name for t in CHAPTERS])


# Source and notebook


@each_target
def test_what_is_committed_is_what_the_source_builds(target):
    build.check(target)


def test_translations_are_up_to_date():
    for language in build.languages()[1:]:
        for target in build.targets(language):
            build.check(target)


def test_every_notebook_has_a_source():
    assert build.orphans() == []


@each_target
def test_every_cell_of_prose_can_be_translated(target, tmp_path):
    source = tmp_path / target.name / "lesson.md"
    source.parent.mkdir()
    source.write_text(target.source.read_text(encoding="utf-8"), encoding="utf-8")
    foreign = build.Target(source, tmp_path / "notebook.ipynb", "xx")
    build.extract(foreign)
    catalogue = polib.pofile(str(foreign.catalogue))
    for entry in catalogue:
        entry.msgstr = pseudo(entry.msgid)
    catalogue.save()

    ours, theirs = build.assemble(target).cells, build.assemble(foreign).cells
    assert theirs.pop(1).source == 'import course_nn\n\ncourse_nn.set_language("xx")'
    for cell, translated in zip(ours, theirs, strict=True):
        prose = cell.cell_type == "markdown"
        assert translated.source == (pseudo(cell.source) if prose else cell.source)
        assert translated.id == cell.id and translated.metadata == cell.metadata


# What a lesson has


def sections(target) -> dict[str, str]:
    """The text under each first-level heading."""
    parts = re.split(r"^## (.*)$", prose(target), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?=\s|$)", text.strip()))


@each_chapter
def test_a_lesson_opens_with_title_goals_minutes_and_what_it_takes(target):
    first = build.assemble(target).cells[0].source
    assert re.match(rf"# {int(target.name[:2])}\. \w", first)
    assert len(re.findall(r"^[-*] ", first, re.MULTILINE)) >= 3, "learning goals as a list"
    assert 45 <= int(re.search(r"(\d+) minutes", first)[1]) <= 75
    assert re.search(r"you need|prerequisites", first, re.IGNORECASE)


@each_chapter
def test_each_stretch_has_a_question_for_the_room(target):
    *stretches, (last, _) = sections(target).items()
    assert len(stretches) >= 3
    assert [heading for heading, text in stretches if "?" not in text] == []
    assert re.search(r"have seen", last)


@each_chapter
def test_predict_first_answers_are_folded_away(target):
    text = prose(target)
    folds = re.findall(r"<details>\s*<summary>.+?</summary>\n\n.+?\n\n</details>", text, re.DOTALL)
    assert len(folds) >= 3
    assert len(folds) == text.count("<details>") == text.count("</details>")


@each_chapter
def test_a_lesson_ends_with_three_sentences_exercises_sources_and_the_way_on(target):
    ending = list(sections(target).values())[-1]
    recap = re.split(r"^\*\*|^###", ending, maxsplit=1, flags=re.MULTILINE)[0]
    assert sentences(recap) == 3
    for part in ["Exercises", "Sources", "Where this leads"]:
        assert part.lower() in ending.lower(), part
    assert len(re.findall(r"\]\(https?://", ending)) >= 2, "sources with links"


@each_chapter
def test_a_teacher_finds_a_plan_misconceptions_and_the_board(target):
    note = target.source.with_name("teaching.md").read_text(encoding="utf-8")
    assert re.search(r"^\|.*minutes", note, re.MULTILINE | re.IGNORECASE), (
        "a plan by minutes, as a table"
    )
    for word in ["misconception", "board", "skip"]:
        assert word in note.lower(), word


@each_target
def test_code_cells_are_short(target):
    long = [
        f"{build.first_line(cell)} ({len(cell.source.splitlines())} lines)"
        for cell in build.assemble(target).cells
        if cell.cell_type == "code"
        and len([line for line in cell.source.splitlines() if line]) > 15
    ]
    assert not long


@each_target
def test_links_to_files_lead_somewhere(target):
    for link in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", prose(target)):
        assert (target.notebook.parent / link).exists(), link


# The build itself, on a lesson of three cells

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
        return build.Target(source, tmp_path / "notebooks" / "09_nine.ipynb", language)

    return written


def test_build_writes_outputs_and_nothing_of_the_machine(lesson, capsys):
    target = lesson()
    build.build(target)
    first = target.notebook.read_bytes()
    cells = nbformat.read(target.notebook, nbformat.NO_CONVERT).cells
    assert [cell.get("execution_count") for cell in cells] == [None, 1, None, 2]
    assert cells[3].outputs == [{"output_type": "stream", "name": "stdout", "text": "9\n"}]
    build.check(target)
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
    with pytest.raises(build.LessonError, match=complaint):
        build.check(lesson(LESSON.replace(*change)))


def test_check_sees_a_notebook_that_was_run_by_hand_or_not_at_all(lesson):
    target = lesson()
    with pytest.raises(build.LessonError, match="has not been built"):
        build.check(target)
    build.build(target)
    notebook = nbformat.read(target.notebook, nbformat.NO_CONVERT)
    for count in [None, 1, 3]:
        notebook.cells[3].execution_count = count
        nbformat.write(notebook, target.notebook)
        with pytest.raises(build.LessonError, match="cell 4 .*not executed in order"):
            build.check(target)
    target.notebook.write_text("{", encoding="utf-8")
    with pytest.raises(build.LessonError, match="is no notebook"):
        build.check(target)


def test_a_failing_cell_is_shown_and_leaves_the_old_notebook(lesson):
    build.build(lesson())
    target = lesson(LESSON.replace("print(x)", "print(x)\n1 / 0"))
    before = target.notebook.read_bytes()
    with pytest.raises(build.LessonError) as caught:
        build.build(target)
    assert str(caught.value).endswith(
        "lesson.md, line 13:\n\n    print(x)\n    1 / 0\n\nZeroDivisionError: division by zero"
    )
    assert target.notebook.read_bytes() == before


@pytest.mark.parametrize("cell", ["%matplotlib inline", "!ls", "%%bash\nls", "x = (", "x?"])
def test_cells_are_plain_python(lesson, cell):
    with pytest.raises(build.LessonError, match="line 6:(?s:.*)not plain Python"):
        build.assemble(lesson(LESSON.replace("x = 9", cell)))


def test_a_misspelled_tag_is_refused(lesson):
    target = lesson(LESSON.replace("```python", '```python tags=["raises-exceptions"]'))
    with pytest.raises(build.LessonError, match="raises-exceptions"):
        build.assemble(target)


def test_a_new_cell_leaves_the_ids_of_the_others_alone(lesson):
    before = [cell.id for cell in build.assemble(lesson()).cells]
    twice = LESSON.replace("More words.", "More words.\n\n\nMore words.\n\n\nNew.")
    after = [cell.id for cell in build.assemble(lesson(twice)).cells]
    assert len(set(after)) == 6 and set(before) < set(after)


def test_slides_open_at_headings_and_after_results(lesson):
    text = (
        LESSON.replace("More words.", "Bye.\n\n### Part\n\n\nMore.")
        + "\nAfter.\n\n```python\ny = 1\n```\n"
    )
    cells = build.assemble(lesson(text)).cells
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
    cell = build.assemble(
        lesson(LESSON.replace("```python\nx", '```python tags=["claims"]\nx'))
    ).cells[1]
    assert cell.metadata["jupyter"] == {"source_hidden": True}
    assert cell.metadata["slideshow"] == {"slide_type": "skip"}


def test_a_changed_cell_makes_its_translation_stale(lesson, capsys):
    target = lesson(language="xx")
    with pytest.raises(build.LessonError, match="--extract xx"):
        build.assemble(target)
    build.extract(target)
    catalogue = polib.pofile(str(target.catalogue))
    for entry in catalogue:
        entry.msgstr = pseudo(entry.msgid)
    catalogue.save()
    cells = build.assemble(target).cells
    assert [cell.source for cell in cells[::3]] == [
        pseudo("# 9. Nine\n\nFirst words."),
        pseudo("More words."),
    ]

    target = lesson(LESSON.replace("More words.", "Many more words."), "xx")
    with pytest.raises(build.LessonError, match="cell 3: Many more words"):
        build.assemble(target)
    build.extract(target)  # keeps the old translation, for the translator to look at
    entry = polib.pofile(str(target.catalogue)).find("Many more words.")
    assert (entry.fuzzy, entry.previous_msgid, entry.msgstr) == (
        True,
        "More words.",
        pseudo("More words."),
    )
    with pytest.raises(build.LessonError, match="cell 3: Many more words"):
        build.assemble(target)


def test_the_command_says_what_it_did_in_its_exit_code(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "LESSONS", tmp_path / "lessons")
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(build, "EXERCISES", tmp_path / "exercises")
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
