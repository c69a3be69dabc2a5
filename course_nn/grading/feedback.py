"""The page of a student: points, what was wrong in which call, a hint; shortened until it is small."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from itertools import groupby

from course_nn.chapters import CHAPTERS
from course_nn.checks.engine import Exercise
from course_nn.checks.panel import MARKS, Panel, points, title
from course_nn.grading.pages import clean, document, safe
from course_nn.grading.results import LONGEST, Mark, Status, cut, shortened
from course_nn.grading.standing import Standing
from course_nn.i18n import N_, _

LARGEST = 30_000  # bytes of a student's page
# Characters of a panel, tried from the largest until the page is small. The hints go first, then
# the rows, last all but the points.
LENGTHS = (LONGEST, 4000, 2000, 1400, 1000, 700, 500, 300, 200, 0)
HINTED = 1000

_NOT_YOURS = N_("This has not been graded yet, and that is no fault of yours. Ask your teacher.")


def page(standing: Standing, exercises: Sequence[Exercise], language: str = "en") -> str:
    """The page that a student reads; less than 30,000 bytes of UTF-8."""
    text = ""
    for length in LENGTHS:
        text = _page(standing, exercises, language, length)
        if len(text.encode()) < LARGEST:
            break
    return text


def _page(standing: Standing, exercises: Sequence[Exercise], language: str, length: int) -> str:
    result, marks = standing.result, standing.marks
    graded = [e for e in exercises if e.name in marks]
    every = points(standing.out_of)
    earned = _("{earned} of {points}").format(earned=f"{standing.total:g}", points=every)
    parts = [f"<h1>{safe(result.student)}</h1>", f'<p class="big">{escape(earned)}</p>']
    judged = any(mark.status != Status.NOT_ATTEMPTED for mark in result.marks)
    if result.status.is_fault and result.marks and not judged:
        graded = []
        parts.append(f"<p>{escape(_(result.status.sentence))}</p>")
    elif not graded:
        why = result.status.sentence if result.status == Status.MISSING else _NOT_YOURS
        parts.append(f"<p>{escape(_(why))}</p>")
    notes = [safe(cut(note, max(length // 8, 80))) for note in result.notes[:12]]
    said = [safe(cut(one, 1000)) for one in standing.comments()]
    parts += [f"<p>{one}</p>" for one in said]
    if notes:
        parts.append("<ul>" + "".join(f"<li>{note}</li>" for note in notes) + "</ul>")
    if len(graded) > 1:
        links = "".join(_link(standing, exercise) for exercise in graded)
        parts.append(f'<ul class="marks">{links}</ul>')
    for chapter, own in groupby(graded, key=lambda exercise: exercise.chapter):
        parts.append(f"<h2>{escape(str(CHAPTERS[chapter]))}</h2>")
        parts += [_section(standing, exercise, length) for exercise in own]
    for exercise in exercises:
        said = standing.comments(exercise.name) if exercise not in graded else []
        parts += [f"<p>{escape(title(exercise))}: {safe(cut(one, 1000))}</p>" for one in said]
    heading = safe(_("{student}: feedback").format(student=result.student))
    return document(heading, "\n".join(parts), language)


def _link(standing: Standing, exercise: Exercise) -> str:
    mark = standing.marks[exercise.name]
    words = f"{title(exercise)}: {_status(mark)}"
    return (
        f'<li><a href="#{exercise.number}" title="{escape(words)}">'
        f"{_sign(exercise, mark)} {exercise.number}</a></li>"
    )


def _section(standing: Standing, exercise: Exercise, length: int) -> str:
    """An exercise: its panel, its first hint where the answer is wrong, what the teacher says."""
    mark, name = standing.marks[exercise.name], exercise.name
    earned = _("{status}: {earned} of {points}").format(
        status=_status(mark),
        earned=f"{standing.points.get(name, 0):g}",
        points=points(standing.worth.get(name, 0)),
    )
    panel = replace(mark.panel, heading=earned[:1].upper() + earned[1:])
    if mark.status in (Status.PASSED, Status.NOT_ATTEMPTED):
        panel = Panel(panel.kind, panel.heading)
    shown = shortened(panel, length)._repr_html_()
    if mark.status == Status.FAILED and length >= HINTED:
        shown += Panel("note", _("A hint"), (_(exercise.hints[0]),))._repr_html_()
    shown += "".join(f"<p>{safe(cut(one, 1000))}</p>" for one in standing.comments(name))
    heading = f"<h3>{escape(title(exercise))}</h3>"
    return f'<section id="{exercise.number}">{heading}{clean(shown)}</section>'


def _status(mark: Mark) -> str:
    if mark.status == Status.FAILED and mark.points:
        return _("half of the points")
    return _(mark.status.words)


def _sign(exercise: Exercise, mark: Mark) -> str:
    if 0 < mark.points < exercise.points:
        return "◐"
    return MARKS.get(mark.status, MARKS[Status.FAILED])
