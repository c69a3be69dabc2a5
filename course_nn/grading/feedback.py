"""The pages that a batch leaves: one for each student, and one of the class for the teacher.

A page is one file without scripts, which loads nothing; its browser is told to hold it to that. All
that a student has written is escaped, and shortened until the page is small.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from course_nn.chapters import CHAPTERS
from course_nn.checks.engine import FAILED, NOT_ATTEMPTED, PASSED, Exercise
from course_nn.checks.panel import MARKS, Panel, points, title
from course_nn.grading.gradebook import NOT_GRADED, Mark, Result, is_fault
from course_nn.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from course_nn.plots import Picture

LARGEST = 30_000  # bytes of a student's page
# Characters of a panel, tried from the largest until the page is small. The hints go first, then
# the rows, last all but the points.
LENGTHS = (8000, 4000, 2000, 1400, 1000, 700, 500, 300, 200, 0)
HINTED, WITH_ROWS = 1000, 300

STATUSES = {
    "ok": N_("graded"),
    PASSED: N_("passed"),
    FAILED: N_("not yet"),
    NOT_ATTEMPTED: N_("not attempted yet"),
    "error": N_("its cell does not run"),
    "syntax error": N_("syntax error"),
    "timeout": N_("out of time"),
    "memory": N_("out of memory"),
    "died": N_("Python itself ended"),
    "protocol error": N_("no proper answer"),
    "unreadable": N_("unreadable"),
    "refused": N_("not run: no isolation"),
    "lost": N_("lost"),
    "internal error": N_("not graded: an error of the grader"),
    NOT_GRADED: N_("not graded yet"),
}
_SAYS = {  # to a student whose submission has not been graded as a whole
    "unreadable": N_(
        "What was handed in could not be read. Hand in the notebook or .py file again."
    ),
    "syntax error": N_("What was handed in is not Python. Run it, mend it and hand it in again."),
}
_NOT_YOURS = N_("This has not been graded yet, and that is no fault of yours. Ask your teacher.")

_CSS = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 52rem;
  overflow-wrap: anywhere }
h1 { font-size: 1.6rem; margin: .5rem 0 }
h2 { font-size: 1.25rem; margin: 2rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem }
a { color: inherit }
.big { font-size: 1.25rem; margin: 0 }
.marks { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0 }
.marks a { text-decoration: none }
th { overflow-wrap: normal }
.list { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
.list td, .list th { padding: .2rem .75rem .2rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #8886; overflow-wrap: normal }
.list .n { text-align: right }
.list :first-child { min-width: 8rem }
.wide { overflow-x: auto }
figure { margin: 1rem 0 }
img { display: block; max-width: 100%; height: auto; background: white; border-radius: 4px;
  padding: .5rem; box-sizing: border-box }
section,tr,figure { break-inside: avoid }
@media print { body { max-width: none; padding: 0 } a { text-decoration: none } }
"""


# A student's page


def page(result: Result, exercises: Sequence[Exercise], language: str = "en") -> str:
    """The page that ``result.student`` reads; less than 30,000 bytes of UTF-8."""
    text = ""
    for length in LENGTHS:
        text = _page(result, exercises, language, length)
        if len(text.encode()) < LARGEST:
            break
    return text


def _page(result: Result, exercises: Sequence[Exercise], language: str, length: int) -> str:
    marks = {mark.exercise: mark for mark in result.marks}
    graded = [e for e in exercises if e.name in marks and result.status not in _SAYS]
    every = points(sum(exercise.points for exercise in exercises))
    earned = _("{earned} of {points}").format(earned=f"{result.total:g}", points=every)
    parts = [f"<h1>{_safe(result.student)}</h1>", f'<p class="big">{escape(earned)}</p>']
    if result.status in _SAYS:
        parts.append(f"<p>{escape(_(_SAYS[result.status]))}</p>")
    elif not graded:
        parts.append(f"<p>{escape(_(_NOT_YOURS))}</p>")
    notes = [_safe(_cut(note, max(length // 8, 80))) for note in result.notes[:12]]
    if notes:
        parts.append("<ul>" + "".join(f"<li>{note}</li>" for note in notes) + "</ul>")
    if len(graded) > 1:
        links = "".join(_link(exercise, marks[exercise.name]) for exercise in graded)
        parts.append(f'<ul class="marks">{links}</ul>')
    for chapter, own in groupby(graded, key=lambda exercise: exercise.chapter):
        parts.append(f"<h2>{escape(str(CHAPTERS[chapter]))}</h2>")
        parts += [_section(exercise, marks[exercise.name], length) for exercise in own]
    heading = _safe(_("{student}: feedback").format(student=result.student))
    return _document(heading, "\n".join(parts), language)


def _link(exercise: Exercise, mark: Mark) -> str:
    words = f"{title(exercise)}: {_status(mark)}"
    return (
        f'<li><a href="#{exercise.number}" title="{escape(words)}">'
        f"{_sign(exercise, mark)} {exercise.number}</a></li>"
    )


def _section(exercise: Exercise, mark: Mark, length: int) -> str:
    """An exercise: its panel, and its first hint where the answer is wrong."""
    earned = _("{status}: {earned} of {points}").format(
        status=_status(mark), earned=f"{mark.points:g}", points=points(exercise.points)
    )
    panel = replace(mark.panel, heading=earned[:1].upper() + earned[1:])
    if mark.status in (PASSED, NOT_ATTEMPTED):
        panel = Panel(panel.kind, panel.heading)
    shown = shortened(panel, length)._repr_html_()
    if mark.status == FAILED and length >= HINTED:
        shown += Panel("note", _("A hint"), (_(exercise.hints[0]),))._repr_html_()
    heading = f"<h3>{escape(title(exercise))}</h3>"
    return f'<section id="{exercise.number}">{heading}{_clean(shown)}</section>'


def _status(mark: Mark) -> str:
    if mark.status == FAILED and mark.points:
        return _("half of the points")
    return _(STATUSES.get(mark.status, mark.status))


def _sign(exercise: Exercise, mark: Mark) -> str:
    if 0 < mark.points < exercise.points:
        return "◐"
    return MARKS.get(mark.status, MARKS[FAILED])


def shortened(panel: Panel, most: int) -> Panel:
    """``panel`` with about ``most`` characters of sentences and rows, and a note if it had more."""
    rows = panel.rows if most >= WITH_ROWS else ()
    sentences = panel.sentences if most else ()
    texts = [*sentences, *(cell for row in rows for cell in row)]
    if (sentences, rows) == (panel.sentences, panel.rows) and sum(map(len, texts)) <= most:
        return panel
    longest = most
    for place, text in enumerate(sorted(texts, key=len)):  # what short texts leave, long ones share
        longest = most // (len(texts) - place)
        if len(text) > longest:
            break
        most -= len(text)
    return replace(
        panel,
        sentences=tuple(_cut(sentence, longest) for sentence in sentences),
        rows=tuple(tuple(_cut(cell, longest) for cell in row) for row in rows),
        footer=_("Shortened, to fit on the page."),
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(most - 2, 0)].rstrip() + " …"


# The class


class Summary:
    """The page of the class, of results that are given one at a time to `add`."""

    def __init__(self, exercises: Sequence[Exercise]) -> None:
        self.exercises = exercises
        self.worth = sum(exercise.points for exercise in exercises)
        self.totals: list[float] = []  # of those that were graded
        self.shares = {exercise.name: [0, 0, 0, 0] for exercise in exercises}
        self.mistakes: Counter[tuple[str, str]] = Counter()  # (exercise, sentence) -> students
        self.faults: Counter[str] = Counter()  # status of an exercise, or of all -> how often
        self.students: Counter[str] = Counter()  # status of a submission -> students
        self._rows: list[str] = []

    def add(self, result: Result) -> None:
        self.students[result.status] += 1
        if result.status != "ok" and not any(is_fault(mark.status) for mark in result.marks):
            self.faults[result.status] += 1  # of the whole
        if result.marks:
            self.totals.append(result.total)
        worth = {exercise.name: exercise.points for exercise in self.exercises}
        for mark in result.marks:
            if mark.exercise not in worth:
                continue
            share = mark.points / worth[mark.exercise]
            place = 3 if mark.status == NOT_ATTEMPTED else 0 if share == 1 else 1 if share else 2
            self.shares[mark.exercise][place] += 1
            if mark.diagnosis:
                self.mistakes[mark.exercise, mark.diagnosis] += 1
            if is_fault(mark.status):
                self.faults[mark.status] += 1
        file = quote(f"{result.student}.html", safe="")
        link = f'<a href="feedback/{file}">{_safe(result.student)}</a>'
        status = escape(_(STATUSES.get(result.status, result.status)))
        notes = _safe(_cut(" ".join(result.notes), 300))
        self._rows.append(_row(link, f"{result.total:g}", status, notes, numbers=(1,)))

    def page(self, language: str = "en") -> str:
        """The page, complete."""
        from course_nn.plots import grading as plots  # matplotlib is slow, and workers need none

        exercises = sorted(
            self.exercises, key=lambda e: (self.shares[e.name][0], self.shares[e.name][1])
        )
        students = sum(self.students.values())
        heading = escape(_("Grades of the class"))
        parts = [f"<h1>{heading}</h1>", f'<p class="big">{escape(self._facts())}</p>']
        if self.totals:
            shown = {title(e): self.shares[e.name] for e in exercises[:15]}
            parts.append(_figure(plots.distribution(self.totals, self.worth)))
            parts.append(_heading(_("The hardest exercises")))
            parts.append(_figure(plots.hardest(shown)))
            parts.append(self._exercises(exercises))
        if self.mistakes:
            parts.append(_heading(_("The most frequent known mistakes")))
            numbers = {exercise.name: exercise.number for exercise in self.exercises}
            counts = {
                f"{numbers[name]} {_(sentence)}": n
                for (name, sentence), n in self.mistakes.most_common(12)
            }
            parts.append(_figure(plots.mistakes(counts)))
        if self.faults:
            parts.append(_heading(_("What could not be judged")))
            rows = (
                _row(escape(_(STATUSES.get(status, status))), str(n), numbers=(1,))
                for status, n in self.faults.most_common()
            )
            parts.append(_list([_("status"), _("how often")], rows, numbers=(1,)))
        parts.append(_heading(ngettext("{n} student", "{n} students", students).format(n=students)))
        head = [_("student"), _("points"), _("status"), _("notes")]
        parts.append(_list(head, self._rows, numbers=(1,)))
        return _document(heading, "\n".join(parts), language)

    def lines(self) -> list[str]:
        """What there is to say in a terminal: students, mean, what could not be judged."""
        rows = [(_("students"), str(sum(self.students.values())))]
        if self.totals:
            mean = _("{mean:.1f} of {points}").format(
                mean=np.mean(self.totals), points=points(self.worth)
            )
            rows.append((_("mean"), mean))
        faults = [f"{_(STATUSES.get(name, name))} {n}" for name, n in self.faults.most_common()]
        rows.append((_("not judged"), ", ".join(faults) or "0"))
        width = max(len(label) for label, _value in rows)
        return [f"{label:{width}}  {value}" for label, value in rows]

    def _facts(self) -> str:
        every = sum(self.students.values())
        if not self.totals:
            return ngettext("{n} student", "{n} students", every).format(n=every)
        return _("Mean {mean:.1f}, median {median:g}, of {points}").format(
            mean=np.mean(self.totals), median=np.median(self.totals), points=points(self.worth)
        )

    def _exercises(self, exercises: Iterable[Exercise]) -> str:
        head = [_("exercise"), _("passed"), _("half"), _("not yet"), _("not attempted")]
        rows = (
            _row(escape(title(e)), *map(str, self.shares[e.name]), numbers=(1, 2, 3, 4))
            for e in exercises
        )
        return _list(head, rows, numbers=(1, 2, 3, 4))


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _figure(picture: "Picture") -> str:
    data, (width, height) = base64.b64encode(picture.png(110)).decode(), picture.get_size_inches()
    return (
        f'<figure><img src="data:image/png;base64,{data}" width="{96 * width:.0f}" '
        f'height="{96 * height:.0f}" alt="{escape(picture.alt)}"></figure>'
    )


def _list(head: Sequence[str], rows: Iterable[str], numbers: Sequence[int] = ()) -> str:
    cells = _row(*map(escape, head), numbers=numbers, tag='th scope="col"')
    return f'<div class="wide"><table class="list">{cells}{"".join(rows)}</table></div>'


def _row(*cells: str, numbers: Sequence[int] = (), tag: str = "td") -> str:
    """A row of cells that are HTML; those at ``numbers`` stand at the right."""
    right = (' class="n"' if place in numbers else "" for place in range(len(cells)))
    inner = (f"<{tag}{side}>{cell}</{tag[:2]}>" for cell, side in zip(cells, right))
    return f"<tr>{''.join(inner)}</tr>"


# Every page


def _document(heading: str, body: str, language: str) -> str:
    """A whole page, of HTML. Inline styles become classes: the policy allows one style sheet."""
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return f'class="{names.setdefault(found[1], f"s{len(names)}")}"'

    body = re.sub(r'style="([^"]*)"', named, body)  # text has no quotation marks left: escaped
    css = _CSS + "".join(f".{name} {{ {style} }}\n" for style, name in names.items())
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{css}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _safe(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    """``text`` with � for what is no character, or turns the direction of writing."""
    return _ODD.sub("�", text)


_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
