"""What a learner sees: the panel of a check, of a hint, of the whole course; as HTML and as text.

Everything of the look is here. Text is drawn in the notebook's own color, so that it reads well in
a light and in a dark theme; color only repeats what a mark and a word have said.
"""

from dataclasses import dataclass
from html import escape

from course_nn.checks.engine import FAILED, NOT_ATTEMPTED, PASSED, Exercise, Report
from course_nn.i18n import _, ngettext

MARKS = {PASSED: "✓", FAILED: "✗", NOT_ATTEMPTED: "○", "note": "·"}
# Seen well on white and on black alike (Okabe & Ito's, moved to the middle of the scale).
COLORS = {PASSED: "#009e73", FAILED: "#d55e00", NOT_ATTEMPTED: "#808080", "note": "#0080c0"}

_BOX = "border-left: 4px solid {color}; padding: 4px 12px; margin: 4px 0; max-width: 60em"
_MARK = "color: {color}; font-weight: bold; font-size: 1.2em; margin-right: 0.4em"
_LINE = "margin: 4px 0"
_CODE = "font-family: monospace; white-space: pre-wrap; background: none; color: inherit; margin: 0"
_LABEL = "text-align: left; vertical-align: top; font-weight: normal; opacity: 0.75; padding: 2px 16px 2px 0"
_CELL = "text-align: left; vertical-align: top; padding: 2px 16px 2px 0"


@dataclass(frozen=True, repr=False)
class Panel:
    """A mark, a heading, sentences, and values in rows of two columns or more.

    Args:
        kind: a key of ``MARKS``.
        rows: a label, then what it is of; all but the first column are code.
    """

    kind: str
    heading: str
    sentences: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    footer: str = ""

    def __repr__(self) -> str:
        width = max((len(row[0]) for row in self.rows), default=0)
        lines = [f"{MARKS[self.kind]} {self.heading}", *self.sentences]
        for label, *cells in self.rows:
            first, *more = "  ".join(cells).splitlines() or [""]
            lines.append(f"  {label:{width}}  {first}".rstrip())
            lines += [" " * (width + 4) + line for line in more]
        return "\n".join(filter(None, [*lines, self.footer]))

    def _repr_html_(self) -> str:
        color = COLORS[self.kind]
        mark = f'<span style="{_MARK.format(color=color)}">{MARKS[self.kind]}</span>'
        parts = [f'<div style="{_LINE}">{mark}<strong>{escape(self.heading)}</strong></div>']
        parts += [f'<div style="{_LINE}">{escape(sentence)}</div>' for sentence in self.sentences]
        if self.rows:
            rows = "".join(_row(label, *cells) for label, *cells in self.rows)
            parts.append(f'<table style="margin: 4px 0; border: none">{rows}</table>')
        if self.footer:
            parts.append(f'<div style="{_LINE}; opacity: 0.75">{escape(self.footer)}</div>')
        return f'<div style="{_BOX.format(color=color)}">{"".join(parts)}</div>'


def _row(label: str, *cells: str) -> str:
    values = "".join(f'<td style="{_CELL}"><pre style="{_CODE}">{escape(cell)}</pre></td>' for cell in cells)
    return f'<tr style="background: none"><th style="{_LABEL}">{escape(label)}</th>{values}</tr>'


def of_report(report: Report) -> Panel:
    """The panel that `check` shows."""
    exercise = report.exercise
    title = f"{exercise.number} {_(exercise.title)}"
    if report.status == NOT_ATTEMPTED:
        sentence = _("Write your answer in place of raise NotImplementedError(), run its cell, then this one.")
        return Panel(NOT_ATTEMPTED, _("{title}: not attempted yet").format(title=title), (sentence,))
    if report.status == PASSED:
        sentence = ngettext("Right in {n} call.", "Right in all {n} calls.", report.tried)
        heading = _("{title}: passed, {points}").format(title=title, points=points(report.points))
        return Panel(PASSED, heading, (sentence.format(n=report.tried),))
    heading = _("{title}: not yet").format(title=title)
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
    footer += " " + _("hint({name}) gives a hint.")
    footer = footer.format(
        part=f"{report.points:g}",
        points=points(exercise.points),
        right=report.right,
        tried=report.tried,
        name=exercise.name,
    )
    return Panel(FAILED, heading, tuple(sentences), tuple(rows), footer)


def facts(exercise: Exercise) -> str:
    """The Markdown lines that open the text of ``exercise``."""
    difficulty = [_("easy"), _("medium"), _("hard")][exercise.difficulty - 1]
    line = _("{minutes} minutes, {difficulty}, {points}").format(
        minutes=exercise.minutes, difficulty=difficulty, points=points(exercise.points)
    )
    return f"## {exercise.number} {_(exercise.title)}\n\n*{line}*"


def points(n: float) -> str:
    """"1 point", "2.5 points" """
    return ngettext("{n} point", "{n} points", 1 if n == 1 else 2).format(n=f"{n:g}")
