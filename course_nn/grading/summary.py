"""The page of the class, for the teacher, and the lines that a terminal shows of it."""

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from course_nn.checks.engine import Exercise
from course_nn.checks.panel import points, title
from course_nn.grading.pages import document, safe
from course_nn.grading.results import Status, cut
from course_nn.grading.standing import NO_RULES, Rules, Standing
from course_nn.i18n import _, ngettext

if TYPE_CHECKING:
    from course_nn.plots import Picture


class Summary:
    """The page of the class, of results that are given one at a time to `add`."""

    def __init__(self, exercises: Sequence[Exercise], rules: Rules = NO_RULES) -> None:
        self.exercises = [e for e in exercises if rules.worth.get(e.name, e.points)]
        self.worth = sum(float(rules.worth.get(e.name, e.points)) for e in self.exercises)
        self.totals: list[float] = []  # of those that were graded, and had answered something
        self.empty = 0  # were handed in without an answer to any exercise
        self.shares = {exercise.name: [0, 0, 0, 0] for exercise in exercises}
        self.mistakes: Counter[tuple[str, str]] = Counter()  # (exercise, sentence) -> students
        self.made: dict[tuple[str, str], dict[str, str]] = {}  # the same -> student -> a call
        self.consequences = 0  # answers that fail for those to other exercises that they call
        self.faults: Counter[Status] = Counter()  # status of an exercise, or of all -> how often
        self.students: Counter[Status] = Counter()  # status of a submission -> students
        self.late: Sequence[str] = ()  # students of whom something came late
        self._rows: list[str] = []

    @property
    def ungraded(self) -> int:
        """How many students have no result, for no fault of theirs."""
        return sum(n for status, n in self.students.items() if status.is_ours)

    def add(self, standing: Standing) -> None:
        result = standing.result
        self.students[result.status] += 1
        if result.status.is_fault and not any(mark.status.is_fault for mark in result.marks):
            self.faults[result.status] += 1  # of the whole
        answered = any(mark.status != Status.NOT_ATTEMPTED for mark in result.marks)
        if answered or standing.points and any(standing.points.values()):
            self.totals.append(standing.total)
        elif result.status == Status.OK:
            self.empty += 1
        worth = {exercise.name: exercise.points for exercise in self.exercises}
        for mark in result.marks:
            if mark.exercise not in standing.worth:  # left out for all, or excused for this one
                continue
            if mark.status == Status.CONSEQUENCE:  # of what is counted with another exercise
                self.consequences += 1
                continue
            share = mark.points / worth[mark.exercise]
            place = (
                3 if mark.status == Status.NOT_ATTEMPTED else 0 if share == 1 else 1 if share else 2
            )
            self.shares[mark.exercise][place] += 1
            if mark.diagnosis:
                self.mistakes[mark.exercise, mark.diagnosis] += 1
                call = mark.panel.rows[0][-1] if mark.panel.rows else ""
                self.made.setdefault((mark.exercise, mark.diagnosis), {})[result.student] = call
            if mark.status.is_fault:
                self.faults[mark.status] += 1
        file = quote(f"{result.student}.html", safe="")
        link = f'<a href="feedback/{file}">{safe(result.student)}</a>'
        status = escape(_(result.status.words))
        notes = safe(cut(" ".join(result.notes), 300))
        self._rows.append(_row(link, f"{standing.total:g}", status, notes, numbers=(1,)))

    def page(
        self,
        language: str = "en",
        code: Callable[[Iterable[str], str], str] = lambda students, exercise: "",
    ) -> str:
        """The page, complete; ``code`` gives an answer of one of some students to an exercise, as
        all may see it."""
        from course_nn.plots import grading as plots  # matplotlib is slow, and workers need none

        exercises = sorted(self.exercises, key=self._ease)
        students = sum(self.students.values())
        heading = escape(_("Grades of the class"))
        parts = [f"<h1>{heading}</h1>", *self._tomorrow(code)]
        parts.append(f'<p class="big">{escape(self._facts())}</p>')
        if beside := self._beside():
            parts.append(f"<p>{escape(beside)}</p>")
        if self.late:
            message = _("Handed in late by {n}: {who}.")
            who = ", ".join(self.late)
            parts.append(f"<p>{safe(message.format(n=len(self.late), who=who))}</p>")
        if self.totals:
            tried = [e for e in exercises if any(self.shares[e.name][:3])]
            shown = {title(e): self.shares[e.name] for e in tried[:15]}
            parts.append(_figure(plots.distribution(self.totals, self.worth)))
            parts.append(_heading(_("The hardest exercises")))
            if shown:
                parts.append(_figure(plots.hardest(shown)))
            parts.append(self._exercises(exercises))
            if self.consequences:
                message = ngettext(
                    "{n} answer fails for one to another exercise that it calls, and is not counted here.",
                    "{n} answers fail for those to other exercises that they call, and are not "
                    "counted here.",
                    self.consequences,
                )
                parts.append(f"<p>{escape(message.format(n=self.consequences))}</p>")
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
                _row(escape(_(status.words)), str(n), numbers=(1,))
                for status, n in self.faults.most_common()
            )
            parts.append(_list([_("status"), _("how often")], rows, numbers=(1,)))
        parts.append(_heading(ngettext("{n} student", "{n} students", students).format(n=students)))
        head = [_("student"), _("points"), _("status"), _("notes")]
        parts.append(_list(head, self._rows, numbers=(1,)))
        return document(heading, "\n".join(parts), language)

    def lines(self) -> list[str]:
        """What there is to say in a terminal: students, mean, what could not be judged."""
        rows = [(_("students"), str(sum(self.students.values())))]
        if self.totals:
            mean = _("{mean:.1f} of {points}").format(
                mean=np.mean(self.totals), points=points(self.worth)
            )
            rows.append((_("mean"), mean))
        if beside := self._beside():
            rows.append((_("left out"), beside.partition(": ")[2].rstrip(".")))
        if self.late:
            rows.append((_("late"), str(len(self.late))))
        faults = [f"{_(status.words)} {n}" for status, n in self.faults.most_common()]
        rows.append((_("not judged"), ", ".join(faults) or "0"))
        width = max(len(label) for label, _value in rows)
        return [f"{label:{width}}  {value}" for label, value in rows]

    def _ease(self, exercise: Exercise) -> tuple[float, float]:
        """What is lower for a harder exercise: the share of those who tried it that has passed, then
        that with half. What nobody tried comes last.

        By Laplace's rule of succession, one more has passed and one more has not: so one student
        alone makes no exercise the hardest.
        """
        passed, half, failed, _untried = self.shares[exercise.name]
        tried = passed + half + failed
        return ((passed + 1) / (tried + 2), half / tried) if tried else (2, 0)

    def _tomorrow(self, code: Callable[[Iterable[str], str], str]) -> list[str]:
        """What to teach next: which mistake, of how many, in which words, and a question."""
        if not self.mistakes:
            return []
        (name, diagnosis), n = self.mistakes.most_common(1)[0]
        exercise = next(one for one in self.exercises if one.name == name)
        made = self.made[name, diagnosis]
        first = ngettext(
            "Begin with {title}: {n} of {all} who tried it has made one mistake that is known.",
            "Begin with {title}: {n} of {all} who tried it have made the same mistake.",
            n,
        ).format(title=title(exercise), n=n, all=sum(self.shares[name][:3]))
        second = _("Their pages say: “{diagnosis}”").format(diagnosis=_(diagnosis))
        shown = code(made, name)
        call = cut(next(filter(None, made.values()), name), 600)
        third = _(
            "Put to the room: what does this mistake make of the call below, what should come out, and "
            "how would you have noticed?"
        )
        if shown:
            third = _(
                "Put to the room: what does this code, of one of them, give for the call below it, what "
                "should come out, and which line makes the difference?"
            )
        example = "\n\n".join(filter(None, [shown, call]))
        return [f"<p>{safe(first)} {safe(second)} {safe(third)}</p>", f"<pre>{safe(example)}</pre>"]

    def _facts(self) -> str:
        every = sum(self.students.values())
        if not self.totals:
            return ngettext("{n} student", "{n} students", every).format(n=every)
        return _("Mean {mean:.1f}, median {median:g}, of {points}").format(
            mean=np.mean(self.totals), median=np.median(self.totals), points=points(self.worth)
        )

    def _beside(self) -> str:
        """Whom mean and median leave out, in a sentence; empty if nobody."""
        counts = [
            (self.students[Status.MISSING], _("nothing handed in")),
            (self.students[Status.LATE], _("handed in too late")),
            (self.students[Status.UNREADABLE], _("unreadable")),
            (self.empty, _("handed in without an answer")),
        ]
        told = ", ".join(f"{words} {n}" for n, words in counts if n)
        return _("Not counted in mean and median: {told}.").format(told=told) if told else ""

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
