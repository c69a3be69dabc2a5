"""A submission's answers: run in a process of their own, judged in this one.

What a process says is hostile until shown otherwise. It is judged by the values that it sends for
arguments whose right answers it cannot know, and by nothing else that it says of itself. If it
sends something else, takes too long, or ends, that costs the exercise that it was asked about; the
others go on in a new process.

Not protected against: an answer that hides that it changes its arguments, or that it remembers
calls, by lying about it. It must be right all the same, and could as well have been honest.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_nn.checks.engine import NOT_ATTEMPTED, Exercise, Report, evaluate
from course_nn.grading.process import Process
from course_nn.grading.results import Status
from course_nn.grading.sandbox import Layer
from course_nn.grading.submissions import Submission
from course_nn.grading.zygote import START
from course_nn.i18n import _
from course_nn.inside.calling import Answer, Arguments, Error
from course_nn.inside.protocol import ProtocolError, printable

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
    """

    exercise: str
    status: Status
    points: float = 0
    report: Report | None = None
    message: str = ""


def grade(
    submission: Submission,
    exercises: Sequence[Exercise],
    seed: int,
    layer: Layer,
    limits: Limits = Limits(),
) -> list[Grade]:
    """Run the cells of ``submission`` in a process of ``layer``, and judge what they define.

    Nothing of the submission makes it raise.

    Raises:
        OSError: no process of this layer starts here.
    """
    if submission.problem:
        message = " ".join(submission.notes)
        return [Grade(e.name, Status(submission.problem), message=message) for e in exercises]
    session = _Session(submission, layer, limits, len(exercises))
    try:
        return [session.grade(exercise, seed) for exercise in exercises]
    finally:
        session.stop()


class Fault(Exception):
    """Why an exercise has no report: a status, and a sentence for the learner."""

    def __init__(self, status: Status, message: str = "") -> None:
        super().__init__(status)
        self.status, self.message = status, message or _(status.sentence)


# How much of a cell is run
ALL, DEFINITIONS, NOTHING = 2, 1, 0


class _Session:
    """The processes that run a submission, one after the other; mostly one is enough.

    A cell that ends its process, or must be stopped, is left out of the next one; of a cell that
    answers nothing only the definitions are tried before that.
    """

    def __init__(
        self, submission: Submission, layer: Layer, limits: Limits, exercises: int
    ) -> None:
        self.cells, self.layer, self.limits = submission.cells, layer, limits
        self.parts = [ALL] * len(self.cells)
        self.faults: dict[str, Fault] = {}  # of the cells that answer, by exercise
        self.defined: set[str] = set()
        self.process: Process | None = None
        self.called = False  # whether an answer has been called in it
        self.seconds = 2 * limits.seconds * (exercises + 5)
        self.ends = time.monotonic() + self.seconds + START
        self.own = 5 * limits.seconds  # left for cells that answer nothing; then definitions alone

    def grade(self, exercise: Exercise, seed: int) -> Grade:
        again = False
        while True:
            try:
                self.prepare()
                again = self.called and not again
                return self.judge(exercise, seed)
            except Fault as fault:
                self.stop()
                if not again or fault.status == Status.TIMEOUT:
                    return _faulty(exercise, fault)
                # else what was called before may be the cause: once more, in a new process

    def judge(self, exercise: Exercise, seed: int) -> Grade:
        name, left = exercise.name, self.limits.seconds
        if name in self.faults:
            return _faulty(exercise, self.faults[name])
        if name not in self.defined:
            return Grade(name, Status.NOT_ATTEMPTED, 0, Report(exercise, NOT_ATTEMPTED))

        def call(args: Arguments) -> Answer:
            nonlocal left
            began = time.monotonic()
            answer = _answer(self.ask("call", name, args, seconds=left), args)
            left -= time.monotonic() - began
            return answer

        self.called = True
        try:
            report = evaluate(exercise, call, seed)
        except (Fault, OSError):
            raise
        except Exception:  # a value that the judging did not expect
            raise Fault(Status.PROTOCOL_ERROR) from None
        return Grade(name, Status(report.status), report.points, _shortened(report))

    def prepare(self) -> None:
        """See that there is a process in which all cells have run, as far as they can."""
        while not self.process:
            self.remaining()
            self.process = Process(self.layer, self.limits.memory, self.seconds)
            for number in range(len(self.cells)):
                try:
                    self.run(number)
                except Fault as fault:
                    self.stop()
                    self.leave_out(number, fault)
                    break

    def run(self, number: int) -> None:
        cell, part = self.cells[number], self.parts[number]
        if not cell.answers and part == ALL and self.own <= 0:
            part = self.parts[number] = DEFINITIONS
        if part == NOTHING:
            return
        seconds = self.limits.seconds
        if not cell.answers and part == ALL:
            seconds = min(seconds, self.own)
        began = time.monotonic()
        file = f"<cell {number + 1}>"
        try:
            said = self.ask("run", cell.source, file, cell.answers, part == ALL, seconds=seconds)
        finally:
            if not cell.answers:
                self.own -= time.monotonic() - began
        defined, fault = _ran(said)
        for name in cell.answers:
            self.faults.pop(name, None)
            if name in defined:
                self.defined.add(name)
            elif fault:
                self.faults[name] = fault

    def leave_out(self, number: int, fault: Fault) -> None:
        """Run less of a cell from now on."""
        if answers := self.cells[number].answers:
            self.parts[number] = NOTHING
            self.faults |= dict.fromkeys(answers, fault)
        else:
            self.parts[number] -= 1

    def ask(self, method: str, *arguments: Any, seconds: float) -> Any:
        assert self.process
        seconds = min(seconds, self.remaining())
        try:
            return self.process.ask(method, *arguments, seconds=seconds)
        except TimeoutError:
            raise Fault(Status.TIMEOUT) from None
        except EOFError:
            raise Fault(Status.DIED) from None
        except ProtocolError:
            raise Fault(Status.PROTOCOL_ERROR) from None

    def remaining(self) -> float:
        """The seconds that are left for the submission as a whole."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise Fault(Status.TIMEOUT)
        return left

    def stop(self) -> None:
        if self.process:
            self.process.end()
        self.process, self.called = None, False


def _shortened(report: Report) -> Report:
    """``report`` without the most of a sentence or value that would fill a page."""

    def short(text: str) -> str:
        return text if len(text) <= SHOWN else text[: SHOWN - 4] + " ..."

    failure = report.failure
    if failure:
        failure = replace(failure, sentence=short(failure.sentence), got=short(failure.got))
    return replace(report, failure=failure)


def _faulty(exercise: Exercise, fault: Fault) -> Grade:
    return Grade(exercise.name, fault.status, message=fault.message)


# What a process says, checked before it is believed


def _ran(said: Any) -> tuple[set[str], Fault | None]:
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
    return names, Fault(Status.SYNTAX_ERROR if wrong else Status.ERROR, message)


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
    kept = (callable(sent) or isinstance(sent, np.random.Generator) for sent in args)
    after = [sent if keep else got for keep, sent, got in zip(kept, args, after)]
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
