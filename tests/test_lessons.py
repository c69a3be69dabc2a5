"""The notebooks are what their sources build; each lesson has what learners and teachers need."""

import re

import pytest

from authoring import proofs, sources
from tests.support.lessons import CHAPTERS, TARGETS, headings, prose
from tests.support.names import reused

each_target = pytest.mark.parametrize("target", TARGETS, ids=[t.name for t in TARGETS])
each_chapter = pytest.mark.parametrize("target", CHAPTERS, ids=[t.name for t in CHAPTERS])


# Source and notebook


@each_target
def test_what_is_committed_is_what_the_source_builds(target):
    proofs.check(target)


def test_translations_are_what_their_catalogues_say():
    for language in sources.languages()[1:]:
        for target in sources.targets(language) + sources.exercises(language):
            proofs.check(target)


def test_every_notebook_has_a_source():
    assert proofs.orphans() == []


# What a lesson has


def sections(target) -> dict[str, str]:
    """The text under each first-level heading."""
    parts = re.split(r"^## (.*)$", prose(target), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?=\s|$)", text.strip()))


@each_chapter
def test_a_lesson_opens_with_title_goals_minutes_and_what_it_takes(target):
    first = sources.assemble(target).cells[0].source
    assert re.match(rf"# {int(target.name[:2])}\. \w", first)
    assert len(re.findall(r"^[-*] ", first, re.MULTILINE)) >= 3, "learning goals as a list"
    primer = int(target.name[:2]) == 0
    shortest, longest = (15, 30) if primer else (45, 75)
    assert shortest <= int(re.search(r"(\d+) minutes", first)[1]) <= longest
    assert re.search(r"you need|prerequisites", first, re.IGNORECASE)


@each_chapter
def test_each_stretch_has_a_question(target):
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


@each_target
def test_a_question_is_put_to_whoever_reads_alone(target):
    text = prose(target)
    assert "for the room" not in text.lower()
    asked = re.findall(
        r"^\*\*(?:Predict|Think first)\.\*\* .+?\n\n", text, re.MULTILINE | re.DOTALL
    )
    assert len(asked) >= len(re.findall(r"<summary>Answer</summary>", text))
    assert [question for question in asked if not re.search(r"[?.]\s*$", question)] == []


@each_target
def test_a_cell_run_again_finds_the_names_that_it_found_the_first_time(target):
    assert reused(target) == []


def exercises_of(target) -> list[str]:
    """The headings of the exercises of the chapter of ``target``."""
    return [
        h for h in headings(target.source.with_name("exercises.md")) if re.match(r"\d+\.\d+ ", h)
    ]


@each_chapter
def test_a_chapter_begins_with_links_to_the_sections_that_it_takes(target):
    first = re.search(r"\*\*You need:\*\*(.*?)(?=\n\n|$)", prose(target), re.DOTALL)[1]
    taken = re.findall(r"\]\((\d+)_\w+\.ipynb#[^)]+\)", first)
    assert all(int(number) < int(target.name[:2]) for number in taken)
    assert taken or int(target.name[:2]) <= 1


@each_chapter
def test_a_chapter_ends_with_a_link_to_each_exercise_and_each_leads_to_a_section(target):
    ending = re.search(r"\*\*Exercises\.\*\*(.*?)\n\n", prose(target), re.DOTALL)[1]
    asked = exercises_of(target)
    links = [f"[{h}](../exercises/{target.name}.ipynb#{h.replace(' ', '-')})" for h in asked]
    assert [link for link in links if link not in ending] == []
    text = target.source.with_name("exercises.md").read_text(encoding="utf-8")
    parts = dict(zip(*[iter(re.split(r"^## (.*)$", text, flags=re.MULTILINE)[1:])] * 2))
    section = re.compile(r"\]\(\.\./notebooks/\d+_\w+\.ipynb#[^)]+\)")
    assert [heading for heading in asked if not section.search(parts[heading])] == []


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


@each_chapter
def test_a_teacher_finds_a_morning_with_every_exercise_in_class_or_at_home(target):
    note = target.source.with_name("teaching.md").read_text(encoding="utf-8")
    morning = re.search(
        r"^## A morning with the exercises$(.*?)^## ", note, re.MULTILINE | re.DOTALL
    )[1]
    text = target.source.with_name("exercises.md").read_text(encoding="utf-8")
    minutes = dict(re.findall(r"^## (\d+\.\d+) .*\n\n\*(\d+) minutes", text, re.MULTILINE))
    named = re.findall(r"\b\d+\.\d+\b", morning)
    assert sorted(named) == sorted(minutes), "each exercise once"
    for begin, end, row in re.findall(r"^\| (\d+)–(\d+) \| (.*)$", morning, re.MULTILINE):
        if asked := re.findall(r"\b\d+\.\d+\b", row):
            assert int(end) - int(begin) == sum(int(minutes[number]) for number in asked), row


@each_chapter
def test_a_teacher_finds_an_open_question_with_three_answers(target):
    note = target.source.with_name("teaching.md").read_text(encoding="utf-8")
    part = re.search(
        r"^## One open question, three answers$(.*?)(?=^## |\Z)", note, re.MULTILINE | re.DOTALL
    )[1]
    assert "?" in re.split(r"^- ", part, flags=re.MULTILINE)[0]
    assert len(re.findall(r'^- \*"', part, re.MULTILINE)) == 3


@each_target
def test_code_cells_are_short(target):
    long = [
        f"{sources.first_line(cell)} ({len(cell.source.splitlines())} lines)"
        for cell in sources.assemble(target).cells
        if cell.cell_type == "code"
        and len([line for line in cell.source.splitlines() if line]) > 15
    ]
    assert not long


@each_target
def test_links_to_files_lead_somewhere(target):
    for link in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", prose(target)):
        assert (target.notebook.parent / link).exists(), link


def test_links_to_a_heading_find_it():
    written = {
        target.notebook.resolve(): {h.replace(" ", "-") for h in headings(target.source)}
        for target in TARGETS + sources.exercises()
    }
    for target in TARGETS + sources.exercises():
        for link, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", prose(target)):
            page = (target.notebook.parent / link).resolve() if link else target.notebook.resolve()
            if page.suffix == ".ipynb":
                assert anchor in written[page], f"{target.name}: {link}#{anchor}"
