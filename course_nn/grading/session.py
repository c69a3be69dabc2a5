"""A submission's answers: run in a process of their own, judged in this one.

What a process says is hostile until shown otherwise. It is judged by the values that it sends for
arguments whose right answers it cannot know, and by nothing else that it says of itself. If it
sends something else, takes too long, or ends, that costs the exercise that it was asked about; the
others go on in a new process.

Not protected against: an answer that hides that it changes its arguments, or that it remembers
calls, by lying about it. It must be right all the same, and could as well have been honest.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_nn.answers import Candidate, Judging
from course_nn.checks import EXERCISES
from course_nn.checks.engine import NOT_ATTEMPTED, Exercise, Report, evaluate
from course_nn.grading import helpers
from course_nn.grading.process import Process
from course_nn.grading.results import Status
from course_nn.grading.sandbox import Layer
from course_nn.grading.submissions import Notebook, Submission
from course_nn.grading.syntax import needs
from course_nn.grading.zygote import START
from course_nn.i18n import _, ngettext
from course_nn.inside.calling import Answer, Arguments, Error
from course_nn.inside.protocol import ProtocolError, printable

CONSEQUENCE = 0.5  # of the points, for what is right but for the answers to others that it calls
SHOWN = 4000  # characters of what a learner's code gives, in a report


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Args:
        seconds: for each exercise, and for each cell when it is run. A submission as a whole gets
            twice the seconds of its exercises and of five cells.
        memory: bytes of address space of the process, Python and NumPy included.
    """

    seconds: float = 10.0
    memory: int = 1 << 30


@dataclass(frozen=True)
class Grade:
    """What one exercise of a submission came to.

    Args:
        exercise: the name of its function.
        status: "passed", "failed" or "not attempted", as `Report` has it; or a fault.
        report: what `evaluate` found; None for a fault.
        message: a sentence for the learner, for a fault.
        note: where it was judged, if not in its place.
    """

    exercise: str
    status: Status
    points: float = 0
    report: Report | None = None
    message: str = ""
    note: str = ""


def grade(
    submission: Submission,
    exercises: Sequence[Exercise],
    seed: int,
    layer: Layer,
    limits: Limits = Limits(),
) -> list[Grade]:
    """Run the notebooks of ``submission``, each in a process of ``layer``, and judge what they define.

    An answer is judged right after its cell, as the learner's own `check` saw it; and, where it fails
    there and something that it uses is defined further below, again where the learner checks it and
    at the end of the notebook. The better one counts. What fails and calls a function that another
    exercise asks for, which fails too, is judged once more with right ones in their places: if it is
    right then, that earns half of its points.

    Nothing of the submission makes it raise.

    Raises:
        OSError: no process of this layer starts here.
    """
    if submission.problem:
        message = " ".join(submission.notes)
        return [Grade(e.name, Status(submission.problem), message=message) for e in exercises]
    clock = _Clock(2 * limits.seconds * (len(exercises) + 5))
    found: dict[str, Grade] = {}
    sessions = [
        _Session(notebook, exercises, seed, layer, limits, clock)
        for notebook in submission.notebooks
    ]
    for session in sessions:
        try:
            found |= session.grades()
        finally:
            session.stop()
    for session in sessions:
        found |= session.consequences(found)
    return [
        found.get(e.name) or Grade(e.name, Status.NOT_ATTEMPTED, 0, Report(e, NOT_ATTEMPTED))
        for e in exercises
    ]


class Fault(Exception):
    """Why an exercise has no report: a status, and a sentence for the learner."""

    def __init__(self, status: Status, message: str = "", late: bool = False) -> None:
        super().__init__(status)
        self.status, self.message = status, message or _(status.sentence)
        self.late = late  # whether it may be gone when more names are there


class _Over(Exception):
    """The submission as a whole has no time left."""


class _Clock:
    """The ``seconds`` that a submission has in all."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends = time.monotonic() + seconds + START

    def left(self) -> float:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise _Over
        return left


# How much of a cell is run
ALL, DEFINITIONS, NOTHING = 2, 1, 0
OWN = 5  # times the seconds of a cell: for all cells of a notebook that answer nothing


class _Session:
    """The processes that run a notebook, one after the other; mostly one is enough.

    A cell that ends its process, or must be stopped, is left out of the next one; of a cell that
    answers nothing only the definitions are tried before that. What has been judged is not judged
    again in the next process.
    """

    def __init__(
        self,
        notebook: Notebook,
        exercises: Sequence[Exercise],
        seed: int,
        layer: Layer,
        limits: Limits,
        clock: _Clock,
    ) -> None:
        self.cells, self.modules = notebook.cells, dict(notebook.modules)
        self.seed, self.layer, self.limits, self.clock = seed, layer, limits, clock
        self.exercises = {exercise.name: exercise for exercise in exercises}
        worth = {name: float(exercise.points) for name, exercise in self.exercises.items()}
        self.judging = Judging(self.cells, worth)
        self.parts = [ALL] * len(self.cells)
        self.faults: dict[tuple[str, int], Fault] = {}  # by exercise and cell
        self.defined: set[tuple[str, int]] = set()
        self.process: Process | None = None
        self.called = False  # whether an answer has been called in it
        self.own = (
            OWN * limits.seconds
        )  # left for cells that answer nothing; then definitions alone

    def grades(self) -> dict[str, Grade]:
        """What each exercise that the notebook answers has come to."""
        names = dict.fromkeys(one.name for one in self.judging.candidates)
        try:
            while names and not self.walk():
                pass
        except _Over:
            pass
        found: dict[str, Grade] = {}
        for name in names:
            best = self.judging.best(name)
            fault = Fault(Status.TIMEOUT)
            found[name] = best.verdict if best else _faulty(self.exercises[name], fault)
        return found

    def consequences(self, found: Mapping[str, Grade]) -> dict[str, Grade]:
        """What fails for other answers that it calls, of those that were ``found``, judged anew."""
        right = {name for name, grade in found.items() if grade.status == Status.PASSED}
        better: dict[str, Grade] = {}
        for name in EXERCISES:
            best = self.judging.best(name)
            if not best or found[name].status in (Status.PASSED, Status.NOT_ATTEMPTED):
                continue
            wrong = self.called_by(best) - right
            source = helpers.source(wrong, but=name) if wrong else ""
            try:
                if source and self.passes(best, wrong, source):
                    first = {helper for helper in wrong if helper not in better}
                    better[name] = _consequence(self.exercises[name], found[name], first)
            except (Fault, _Over):  # it stays as it is
                pass
            finally:
                self.stop()
        return better

    def called_by(self, one: Candidate) -> set[str]:
        """The earlier exercises whose answers an answer calls, itself or by what it calls; of other
        chapters those that are graded too."""
        used: set[str] = set()
        more = set(helpers.reads(self.cells[one.cell].source))
        while more:
            used |= more
            binding = (c.source for c in self.cells if self.judging.names(c.source)[0] & used)
            more = {name for source in binding for name in helpers.reads(source)} - used
        earlier = list(EXERCISES)[: list(EXERCISES).index(one.name)]
        chapter = EXERCISES[one.name].chapter
        graded = {n for n in earlier if n in self.exercises or EXERCISES[n].chapter == chapter}
        return used & graded

    def passes(self, one: Candidate, wrong: Collection[str], source: str) -> bool:
        """Whether an answer is right in a new process where what ``source`` defines stands in for
        ``wrong``, whatever the cells define.

        Raises:
            Fault: it has no grade there.
        """
        line = f"from {helpers.MODULE} import {', '.join(sorted(wrong))}"

        def put() -> None:
            self.ask("run", line, "<helpers>", (), True, seconds=self.limits.seconds)

        self.start()
        self.ask("importable", {helpers.MODULE: source}, seconds=self.limits.seconds)
        put()
        for number, cell in enumerate(self.cells):
            if not self.run(number):
                return False
            if self.judging.names(cell.source)[0] & set(wrong):
                put()
            if number == one.cell and self.evaluate(one)[0].status == Status.PASSED:
                return True
        return self.evaluate(one)[0].status == Status.PASSED

    def walk(self) -> bool:
        """Run the cells in a new process and judge; False if it had to be ended on the way."""
        self.start()
        for number in range(len(self.cells)):
            if self.judging.is_over(number):
                return True
            if not self.run(number):
                return False
            for candidate in self.judging.due(number):
                if not self.judge(candidate, number):
                    return False
        return self.at_the_end()

    def at_the_end(self) -> bool:
        """Judge once more what fails, when all names are there; False as `walk`."""
        end = len(self.cells)
        if self.judging.is_over(end):
            return True
        try:
            changed = self.ask("again", seconds=self.limits.seconds) is True
        except Fault:  # not for this
            return True
        for candidate in self.judging.due(end, changed):
            broken = (candidate.name, candidate.cell) in self.faults
            if broken and not self.run(candidate.cell):
                return True
            if not self.judge(candidate, end):
                return False
        return True

    def judge(self, candidate: Candidate, number: int) -> bool:
        """Judge an answer as things stand after a cell; False if the process had to be ended."""
        exercise, called = self.exercises[candidate.name], self.called
        if known := self.faults.get((candidate.name, candidate.cell)):
            grade, late = _faulty(exercise, known), known.late
        else:
            try:
                grade, late = self.evaluate(candidate)
            except Fault as fault:
                self.stop()
                if called and fault.status != Status.TIMEOUT:
                    return False  # what was called before may be the cause: once more, alone
                grade, late = _faulty(exercise, fault), False
        if candidate.standing:
            message = _("{name} uses what stands below its cell. It was judged together with that.")
            grade = replace(grade, note=message.format(name=candidate.name))
        attempted = grade.status != Status.NOT_ATTEMPTED
        standing = (grade.points, float(attempted), float(not grade.status.is_fault))
        waits = grade.status == Status.FAILED or late
        self.judging.judged(candidate, number, grade, standing, waits, late)
        return self.process is not None

    def evaluate(self, candidate: Candidate) -> tuple[Grade, bool]:
        """The grade of an answer, and whether it has met a name that is not there.

        Raises:
            Fault: it has none.
        """
        name, place = candidate.name, candidate.cell
        exercise, left, late = self.exercises[name], self.limits.seconds, False
        if (name, place) not in self.defined:
            return Grade(name, Status.NOT_ATTEMPTED, 0, Report(exercise, NOT_ATTEMPTED)), False

        def calls(many: Sequence[Arguments]) -> Iterator[Answer]:
            nonlocal left, late
            began = time.monotonic()
            said = self.ask_for_all(len(many), "call", name, _file(place), *many, seconds=left)
            left -= time.monotonic() - began
            for one, args in zip(said, many):
                answer = _answer(one, args)
                late = late or bool(answer.error and answer.error.type == "NameError")
                yield answer

        def call(args: Arguments) -> Answer:
            return next(calls([args]))

        self.called = True
        try:
            report = evaluate(exercise, call, self.seed, calls)
        except (Fault, OSError, _Over):
            raise
        except Exception:  # a value that the judging did not expect
            raise Fault(Status.PROTOCOL_ERROR) from None
        return Grade(name, Status(report.status), report.points, _shortened(report)), late

    def start(self) -> None:
        """Start a new process."""
        self.clock.left()
        self.process, self.called = (
            Process(self.layer, self.limits.memory, self.clock.seconds),
            False,
        )
        self.defined.clear()
        if self.modules:
            self.ask("importable", self.modules, seconds=self.limits.seconds)

    def run(self, number: int) -> bool:
        """Run a cell; False if the process had to be ended."""
        cell, part = self.cells[number], self.parts[number]
        own = not (cell.answers or cell.spare)
        if own and part == ALL and self.own <= 0:
            part = self.parts[number] = DEFINITIONS
        if part == NOTHING or not cell.source:
            return True
        seconds = self.limits.seconds
        if own and part == ALL:
            seconds = min(seconds, self.own)
        names = (*cell.answers, *cell.spare)
        began = time.monotonic()
        try:
            said = self.ask("run", cell.source, _file(number), names, part == ALL, seconds=seconds)
            defined, fault = _ran(said, cell.source)
        except Fault as ended:
            called = self.called
            self.stop()
            if (
                not called or ended.status == Status.TIMEOUT
            ):  # else what was called may be the cause
                self.leave_out(number, ended)
            return False
        finally:
            if own:
                self.own -= time.monotonic() - began
        for name in names:
            self.faults.pop((name, number), None)
            if name in defined:
                self.defined.add((name, number))
            elif fault:
                self.faults[name, number] = fault
        return True

    def leave_out(self, number: int, fault: Fault) -> None:
        """Run less of a cell from now on."""
        cell = self.cells[number]
        if names := (*cell.answers, *cell.spare):
            self.parts[number] = NOTHING
            self.faults |= {(name, number): fault for name in names}
        else:
            self.parts[number] -= 1

    def ask(self, method: str, *arguments: Any, seconds: float) -> Any:
        return self.ask_for_all(1, method, *arguments, seconds=seconds)[0]

    def ask_for_all(self, replies: int, method: str, *arguments: Any, seconds: float) -> list[Any]:
        assert self.process
        seconds = min(seconds, self.clock.left())
        try:
            return self.process.ask_for_all(replies, method, *arguments, seconds=seconds)
        except TimeoutError:
            self.clock.left()
            raise Fault(Status.TIMEOUT) from None
        except EOFError:
            raise Fault(Status.DIED) from None
        except ProtocolError:
            raise Fault(Status.PROTOCOL_ERROR) from None

    def stop(self) -> None:
        if self.process:
            self.process.end()
        self.process, self.called = None, False


def _file(number: int) -> str:
    """What a traceback calls a cell."""
    return f"<cell {number + 1}>"


def _shortened(report: Report) -> Report:
    """``report`` without the most of a sentence or value that would fill a page."""

    def short(text: str) -> str:
        return text if len(text) <= SHOWN else text[: SHOWN - 4] + " ..."

    failure = report.failure
    if failure:
        failure = replace(failure, sentence=short(failure.sentence), got=short(failure.got))
    return replace(report, failure=failure)


def _consequence(exercise: Exercise, grade: Grade, wrong: Collection[str]) -> Grade:
    """The grade of what fails only for the answers to others, the exercises ``wrong``."""
    message = ngettext(
        "{number} is right; it calls your {helpers}, which is not. Judged with the course's own in its "
        "place: right, for half of the points.",
        "{number} is right; it calls your {helpers}, which are not. Judged with the course's own in "
        "their places: right, for half of the points.",
        len(wrong),
    )
    others = [EXERCISES[name] for name in EXERCISES if name in wrong]
    listed = ", ".join(f"`{other.name}` ({other.number})" for other in others)
    points = max(grade.points, CONSEQUENCE * exercise.points)
    message = message.format(number=exercise.number, helpers=listed)
    return Grade(exercise.name, Status.CONSEQUENCE, points, message=message, note=grade.note)


def _faulty(exercise: Exercise, fault: Fault) -> Grade:
    return Grade(exercise.name, fault.status, message=fault.message)


# What a process says, checked before it is believed


def _ran(said: Any, source: str) -> tuple[set[str], Fault | None]:
    """What a cell has defined, and what the error that ended it means for the rest.

    Raises:
        Fault: that is not what has been said.
    """
    defined, error = _checked(said, tuple, tuple, tuple | None)
    names = set(_checked(defined, tuple, *[str] * len(defined)))
    if error is None:
        return names, None
    error = _error(error)
    if error.type == "MemoryError":
        return names, Fault(Status.MEMORY)
    wrong = error.type in ("SyntaxError", "IndentationError", "TabError")
    message = _("Its cell does not run: {error}").format(error=error)
    if wrong:
        return names, Fault(Status.SYNTAX_ERROR, needs(source) or message)
    return names, Fault(Status.ERROR, message, late=error.type == "NameError")


def _answer(said: Any, args: Arguments) -> Answer:
    """The `Answer` to a call with ``args``.

    Raises:
        Fault: it is none, or the call has run out of memory.
    """
    value, error, after, printed, warned = _checked(
        said, tuple, object, tuple | None, list, str, tuple
    )
    printed = printable(printed)
    warned = tuple(map(printable, _checked(warned, tuple, *[str] * len(warned))))
    if error is not None:
        error = _error(error)
        if error.type == "MemoryError":
            raise Fault(Status.MEMORY)
        return Answer(error=error, args=args, printed=printed, warned=warned)
    if len(after) != len(args):
        raise Fault(Status.PROTOCOL_ERROR)
    after = [
        sent if got is None or callable(sent) or isinstance(sent, np.random.Generator) else got
        for sent, got in zip(args, after)
    ]
    return Answer(value, None, tuple(after), printed, warned)


def _error(said: Any) -> Error:
    kind, message, function, line, source = _checked(said, tuple, str, str, str, int | None, str)
    return Error(printable(kind), printable(message), printable(function), line, printable(source))


def _checked(said: Any, whole: type, *parts: Any) -> Any:
    """``said``, if it is a ``whole`` whose parts are of the types ``parts``.

    Raises:
        Fault: it is not.
    """
    if not isinstance(said, whole) or len(said) != len(parts):  # type: ignore[arg-type]
        raise Fault(Status.PROTOCOL_ERROR)
    if not all(map(isinstance, said, parts)):  # type: ignore[call-overload]
        raise Fault(Status.PROTOCOL_ERROR)
    return said
