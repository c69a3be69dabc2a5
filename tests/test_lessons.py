"""The notebooks are what their sources build; each lesson has what learners and teachers need."""

import re

import pytest

from authoring import proofs, sources
from tests.support.lessons import CHAPTERS, TARGETS, prose

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
    minutes = re.search(r"(\d+) minutes", first)
    assert minutes and 45 <= int(minutes[1]) <= 75, "45 to 75 minutes"
    assert re.search(r"you need|prerequisites", first, re.IGNORECASE), "what you need"


@each_chapter
def test_each_stretch_has_a_question_for_the_room(target):
    *stretches, (last, _) = sections(target).items()
    assert len(stretches) >= 3, "three sections before the last"
    assert [heading for heading, text in stretches if "?" not in text] == []
    assert re.search(r"have seen", last), "the last section is called What we have seen"


@each_chapter
def test_predict_first_answers_are_folded_away(target):
    text = prose(target)
    folds = re.findall(r"<details>\s*<summary>.+?</summary>\n\n.+?\n\n</details>", text, re.DOTALL)
    assert len(folds) >= 3, "three answers in <details>, after a prediction"
    assert len(folds) == text.count("<details>") == text.count("</details>")


@each_chapter
def test_a_lesson_ends_with_three_sentences_exercises_sources_and_the_way_on(target):
    ending = list(sections(target).values())[-1]
    recap = re.split(r"^\*\*|^###", ending, maxsplit=1, flags=re.MULTILINE)[0]
    assert sentences(recap) == 3, "what we have seen, in three sentences"
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
