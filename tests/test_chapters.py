"""One list of chapters: the files of the course and every page that names them agree with it."""

import re
from pathlib import Path

import pytest

from course_nn.chapters import CHAPTERS, Chapter
from tests.support import ROOT

each_chapter = pytest.mark.parametrize(
    "chapter", CHAPTERS.values(), ids=[chapter.stem for chapter in CHAPTERS.values()]
)


def text(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def test_a_chapter_knows_its_names():
    chapter = Chapter(42, "answers", "Answers")
    assert (chapter.stem, chapter.notebook) == ("42_answers", "42_answers.ipynb")
    assert (chapter.module, str(chapter)) == ("chapter42", "42 Answers")


def test_the_list_is_what_the_folders_hold():
    stems = [chapter.stem for chapter in CHAPTERS.values()]
    assert list(CHAPTERS) == sorted(chapter.number for chapter in CHAPTERS.values())
    lessons = sorted(path.parent.name for path in (ROOT / "lessons").glob("*/exercises.md"))
    assert lessons == stems
    for folder in ("exercises", "worked_answers"):
        assert sorted(path.stem for path in (ROOT / folder).glob("*.ipynb")) == stems
    modules = {path.stem for path in (ROOT / "course_nn" / "checks").glob("chapter*.py")}
    assert modules == {chapter.module for chapter in CHAPTERS.values()}


@each_chapter
def test_a_title_is_one_everywhere(chapter):
    lesson, exercises = (text("lessons", chapter.stem, f) for f in ("lesson.md", "exercises.md"))
    assert lesson.startswith(f"# {chapter.number}. {chapter.title}\n")
    assert exercises.startswith(f"# Exercises {chapter.number}. {chapter.title}\n")
    assert text("lessons", chapter.stem, "teaching.md").startswith(
        f"# Teaching chapter {chapter.number}: {chapter.title}\n"
    )
    minutes = re.search(r"\*\*Time:\*\* (\d+) minutes", lesson)
    assert minutes, f"{chapter.stem}/lesson.md says no **Time:** 75 minutes"
    row = f"| {chapter.number} | [{chapter.title}]({{}}{chapter.notebook}) | {minutes[1]} |"
    assert row.format("notebooks/") in text("README.md")
    assert row.format("") in text("lessons", "00_start", "lesson.md")


def test_the_tables_name_no_other_chapter():
    for page in (text("README.md"), text("lessons", "00_start", "lesson.md")):
        assert len(re.findall(r"^\| \d+ \| \[", page, re.MULTILINE)) == len(CHAPTERS)


# Numbers written by hand, which leave the next chapter or a chapter 10 out without a word

LAST = max(CHAPTERS)
BY_HAND = re.compile(rf"\brange\(1, ?{LAST + 1}\)|\[1-{LAST}\]|# ?\\d\\?\.|f\"0\{{|\"/?0[*[]")
CODE = sorted(
    path
    for folder in ("course_nn", "authoring", "lessons", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != Path(__file__).name
)


@pytest.mark.parametrize(
    "line",
    [
        f"for n in range(1, {LAST + 1}):",
        f'assert re.fullmatch(r"[1-{LAST}]\\.\\d+", number)',
        'title = re.match(r"# \\d\\. (.+)", first)[1]',
        'place.glob(f"0{chapter}_*.ipynb")',
        'lessons.glob("0[1-9]_*/lesson.md")',
        'folder.glob("0*.ipynb")',
    ],
)
def test_a_number_by_hand_is_found(line):
    assert BY_HAND.search(line)


@pytest.mark.parametrize("path", CODE, ids=[path.relative_to(ROOT).as_posix() for path in CODE])
def test_no_code_counts_the_chapters_by_hand(path):
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    found = [f"line {number}: {line}" for number, line in lines if BY_HAND.search(line)]
    assert not found, "\n".join(["Ask course_nn.chapters.CHAPTERS:", *found])
