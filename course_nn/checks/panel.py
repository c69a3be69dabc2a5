"""What a learner sees: the panel of a check, of a hint, of the whole course; as HTML and as text.

Colors and type are those of `course_nn.look`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from textwrap import fill

from course_nn import look
from course_nn.chapters import CHAPTERS
from course_nn.checks.engine import FAILED, NOT_ATTEMPTED, PASSED, Error, Exercise, Report
from course_nn.checks.store import Progress, trouble
from course_nn.i18n import _, ngettext

MARKS = {PASSED: "✓", FAILED: "✗", NOT_ATTEMPTED: "○", "note": "→"}
COLORS = {
    PASSED: look.GREEN,
    FAILED: look.ORANGE,
    NOT_ATTEMPTED: look.GRAY,
    "note": look.NOTE,
}


@dataclass(frozen=True, repr=False)
class Panel:
    """A mark, a heading, sentences, and rows of a label and what it is of.

    Args:
        kind: a key of ``MARKS``.
        sentences, footer: prose, with code between backticks.
        rows: the label in prose, all behind it in the type of code.
        folded: a label and lines of text that are shown when it is opened.
    """

    kind: str
    heading: str
    sentences: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    footer: str = ""
    folded: tuple[str, str] | None = None

    @property
    def first_line(self) -> str:
        return f"{MARKS[self.kind]} {self.heading}"

    def __repr__(self) -> str:
        lines = [self.first_line]
        lines += [fill(sentence, 88) for sentence in self.sentences]
        columns = zip(*self.rows) if self.rows else ()
        widths = [max(map(len, column)) for column in list(columns)[:-1]]
        for *cells, last in self.rows:
            left = "  " + "".join(f"{cell:{width}}  " for cell, width in zip(cells, widths))
            lines.append(left + last.replace("\n", "\n" + " " * len(left)))
        if self.folded:
            label, text = self.folded
            lines += [f"  {label}", *(f"    {line}" for line in text.split("\n"))]
        return "\n".join(line for line in [*lines, fill(self.footer, 88)] if line)

    def _repr_html_(self) -> str:
        color = COLORS[self.kind]
        mark = f'<span style="{look.MARK.format(color=color)}">{MARKS[self.kind]}</span>'
        parts = [f'<div style="{look.LINE}">{mark}<strong>{escape(self.heading)}</strong></div>']
        parts += [
            f'<div style="{look.LINE}">{_prose(sentence)}</div>' for sentence in self.sentences
        ]
        if self.rows:
            rows = "".join(_row(label, *cells) for label, *cells in self.rows)
            parts.append(f'<table style="margin: 4px 0; border: none">{rows}</table>')
        if self.folded:
            label, text = map(escape, self.folded)
            text = f'<pre style="{look.CODE}">{text}</pre>'
            parts.append(f"<details><summary>{label}</summary>{text}</details>")
        if self.footer:
            parts.append(f'<div style="{look.LINE}; opacity: 0.75">{_prose(self.footer)}</div>')
        return f'<div style="{look.BOX.format(color=color)}">{"".join(parts)}</div>'


def _prose(sentence: str) -> str:
    """HTML of ``sentence``, in which code stands between backticks."""
    return re.sub(r"`([^`]+)`", rf'<code style="{look.CODE}">\1</code>', escape(sentence))


def _row(label: str, *cells: str) -> str:
    values = "".join(
        f'<td style="{look.CELL}"><pre style="{look.CODE}">{escape(cell)}</pre></td>'
        for cell in cells
    )
    return (
        f'<tr style="background: none"><th style="{look.LABEL}">{escape(label)}</th>{values}</tr>'
    )


def of_report(report: Report) -> Panel:
    """The panel that `check` shows."""
    exercise = report.exercise
    name = title(exercise)
    if report.status == NOT_ATTEMPTED:
        sentence = _(
            "Write your answer in place of `raise NotImplementedError()`, run its cell, then this one."
        )
        return Panel(NOT_ATTEMPTED, _("{title}: not attempted yet").format(title=name), (sentence,))
    if report.status == PASSED:
        sentence = _("Right in all {n} calls. `solution({name})` shows another way to write it.")
        heading = _("{title}: passed, {points}").format(title=name, points=points(report.points))
        sentence = sentence.format(n=report.tried, name=exercise.name)
        return Panel(PASSED, heading, (sentence,), (), report.remark, _printed(report))
    heading = _("{title}: not yet").format(title=name)
    if report.helpers:
        message = ngettext(
            "{number} is right; it calls your {helpers}, which is not: {checks}.",
            "{number} is right; it calls your {helpers}, which are not: {checks}.",
            len(report.helpers),
        )
        sentence = message.format(
            number=exercise.number,
            helpers=", ".join(f"`{helper.name}` ({helper.number})" for helper in report.helpers),
            checks=", ".join(f"`check({helper.name})`" for helper in report.helpers),
        )
        return Panel(FAILED, heading, (sentence,))
    failure = report.failure
    assert failure is not None
    rows = [
        (_("called"), failure.call),
        (_("got"), failure.got),
        (_("for example") if exercise.judge else _("expected"), failure.expected),
        *((_("where"), function) for function in failure.functions),
    ]
    sentences = [_(report.diagnosis)] if report.diagnosis else []
    if not (failure.got in failure.sentence and failure.expected in failure.sentence):
        sentences.append(failure.sentence)
    if report.points:
        footer = _("{part} of {points}: the values are right for all usual arguments.")
    else:
        footer = _("Right in {right} of {tried} calls.")
    footer += " " + _("`hint({name})` gives a hint.")
    footer = footer.format(
        part=f"{report.points:g}",
        points=points(exercise.points),
        right=report.right,
        tried=report.tried,
        name=exercise.name,
    )
    return Panel(FAILED, heading, tuple(sentences), tuple(rows), footer, _printed(report))


def _printed(report: Report) -> tuple[str, str] | None:
    return (_("printed, in one call"), report.printed) if report.printed else None


def of_broken_cell(exercise: Exercise, error: Error) -> Panel:
    """The panel of an answer whose cell does not even run."""
    sentence = _("Its cell does not run: {error}").format(error=error)
    return Panel(FAILED, _("{title}: not yet").format(title=title(exercise)), (sentence,))


def of_hint(exercise: Exercise, given: int) -> Panel:
    """The panel of the hint that follows the ``given`` ones; of all hints after the last."""
    hints, heading = exercise.hints, _("{title}: hint {n} of {all}")
    if given >= len(hints):
        heading = _("{title}: all {all} hints")
    heading = heading.format(title=title(exercise), n=given + 1, all=len(hints))
    return Panel("note", heading, tuple(map(_, hints if given >= len(hints) else [hints[given]])))


def of_solution(exercise: Exercise, tried: bool, code: str | None) -> Panel:
    """The panel of a worked answer and its reason."""
    heading = _("{title}: a solution").format(title=title(exercise))
    if not tried:
        message = _(
            "Try first: write an answer and run `check({name})`. Then the solution is here."
        )
        return Panel("note", heading, (message.format(name=exercise.name),))
    if code is None:
        return Panel("note", heading, (_("This copy of the course comes without the solutions."),))
    return Panel("note", heading, (_(exercise.why),), rows=(("", code),))


def of_progress(done: Mapping[Exercise, Progress]) -> Panel:
    """The panel of the whole course: a row per chapter, a mark per exercise."""
    rows = []
    for chapter in CHAPTERS.values():
        own = [exercise for exercise in done if exercise.chapter == chapter.number]
        marks = "".join(_mark(done[exercise]) for exercise in own)
        passed = sum(done[exercise].share == 1 for exercise in own)
        exercises = _("{passed} of {all}").format(passed=passed, all=len(own))
        rows.append((str(chapter), marks, exercises, _earned(own, done)))
    left = [exercise for exercise in done if done[exercise].share < 1]
    heading = _("Your progress: {earned}").format(earned=_earned(done, done))
    following = _("Next: {title}").format(title=title(left[0])) if left else _("All is done.")
    legend = _("✓ passed, ◐ half of the points, ✗ not yet, ○ not attempted yet")
    kind = "note" if left else PASSED
    return Panel(kind, heading, (following,), tuple(rows), trouble() or legend)


def _mark(progress: Progress) -> str:
    if progress.share == 1:
        return MARKS[PASSED]
    return "◐" if progress.share else MARKS[FAILED if progress.attempts else NOT_ATTEMPTED]


def _earned(exercises: Iterable[Exercise], done: Mapping[Exercise, Progress]) -> str:
    earned = sum(exercise.points * done[exercise].share for exercise in exercises)
    every = points(sum(exercise.points for exercise in exercises))
    return _("{earned} of {points}").format(earned=f"{earned:g}", points=every)


def title(exercise: Exercise) -> str:
    """Number and title, "1.2 The central difference"."""
    return f"{exercise.number} {_(exercise.title)}"


def facts(exercise: Exercise) -> str:
    """The Markdown lines that open the text of ``exercise``."""
    difficulty = [_("easy"), _("medium"), _("hard")][exercise.difficulty - 1]
    line = _("{minutes} minutes, {difficulty}, {points}").format(
        minutes=exercise.minutes, difficulty=difficulty, points=points(exercise.points)
    )
    marked = {"warm-up": _("{facts}. Warm-up"), "harder": _("{facts}. Harder")}
    line = marked.get(exercise.kind, "{facts}").format(facts=line)
    return f"## {title(exercise)}\n\n*{line}*"


def points(n: float) -> str:
    """ "1 point", "2.5 points" """
    return ngettext("{n} point", "{n} points", 1 if n == 1 else 2).format(n=f"{n:g}")
