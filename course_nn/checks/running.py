"""Notebooks of exercises, run and checked without a browser: ``course-nn check``."""

import _thread
import contextlib
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import course_nn
from course_nn import answers, checks, notebooks
from course_nn.checks import front, panel, store
from course_nn.checks.engine import (
    FAILED,
    NOT_ATTEMPTED,
    PASSED,
    Exercise,
    Report,
)
from course_nn.checks.uses import judged
from course_nn.inside.calling import Error
from course_nn.inside.running import STAND_INS, World, nothing, told

DEADLINE = 30.0  # seconds for one exercise, and for a cell that answers one
PIPE_IS_CLOSED = 141  # what a shell says of a program that wrote to `head` when that had enough
OWN = 5.0  # for all that a learner tries out beside; then definitions alone


def check(
    cells: Sequence[answers.Cell], exercises: Sequence[Exercise]
) -> Iterator[tuple[Report, panel.Panel]]:
    """Run ``cells`` and check the answers to ``exercises`` among them.

    An answer is checked where its notebook has it, as `answers.Judging` says.
    """
    wanted = {exercise.name: exercise for exercise in exercises}
    judging = answers.Judging(cells, {name: float(one.points) for name, one in wanted.items()})
    world, own = World(), Deadline(OWN)
    errors: dict[tuple[str, int], Error] = {}

    def run(number: int) -> None:
        cell = cells[number]
        names = (*cell.answers, *cell.spare)
        deadline = Deadline(DEADLINE) if names else own
        whole = bool(names) or own.left > 0
        try:
            with _quietly(), deadline.running():
                defined, error = world.run(cell.source, _file(number), names, whole)
        except KeyboardInterrupt as raised:
            defined, error = (), told(raised)
        for name in names:
            errors.pop((name, number), None)
            if error and name not in defined:
                errors[name, number] = error

    def judge(one: answers.Candidate, number: int) -> None:
        error = errors.get((one.name, one.cell))
        answer = world.answers.get((one.name, _file(one.cell)))
        report = Report(wanted[one.name], FAILED if error else NOT_ATTEMPTED)
        if answer and not error:
            with Deadline(DEADLINE).running():
                report = judged(wanted[one.name], answer)
        standing = (report.points, float(report.status != NOT_ATTEMPTED), float(not error))
        late = bool(error and error.type == "NameError")
        late = late or bool(report.failure and report.failure.got.startswith("NameError"))
        waits = late or report.status == FAILED and not error
        judging.judged(one, number, (report, error), standing, waits, late)

    end = len(cells)
    for number in range(end):
        if judging.is_over(number):
            break
        run(number)
        for one in judging.due(number):
            judge(one, number)
    if not judging.is_over(end):
        with _quietly(), own.running():
            changed = world.again()
        for one in judging.due(end, changed):
            if (one.name, one.cell) in errors:
                run(one.cell)
            judge(one, end)
    for name, exercise in wanted.items():
        best = judging.best(name)
        report, error = best.verdict if best else (Report(exercise, NOT_ATTEMPTED), None)
        yield report, panel.of_broken_cell(exercise, error) if error else panel.of_report(report)


def _file(number: int) -> str:
    """What a traceback calls a cell."""
    return f"<cell {number + 1}>"


class Deadline:
    """Seconds that are left for what runs; when none are, it is interrupted, as by Ctrl-C."""

    def __init__(self, seconds: float) -> None:
        self.seconds = self.left = seconds

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Count the time that is spent in it. What goes on is interrupted again, as long again."""
        over = threading.Event()

        def watch() -> None:
            seconds = max(self.left, 0.2)
            while not over.wait(seconds):
                self.left, seconds = 0.0, self.seconds
                _interrupt()

        began = time.monotonic()
        threading.Thread(target=watch, daemon=True).start()
        try:
            yield
        finally:
            over.set()
            self.left = max(0.0, self.left - (time.monotonic() - began))


def _interrupt() -> None:
    if hasattr(signal, "pthread_kill"):  # wakes one that sleeps as well
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _stand_in() -> None:
    """Let what a notebook calls to be checked do nothing: it is checked here."""
    for module in (course_nn, checks, front):
        vars(module).update(dict.fromkeys(STAND_INS, nothing))
    sys.modules["course_nn.checks.capstone"] = capstone = ModuleType("course_nn.checks.capstone")
    vars(capstone)["capstone"] = nothing  # it trains a network


def pipe_is_closed() -> int:
    """Say no more: who was to read it, `head` say, has gone. The exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tells as it ends
    return PIPE_IS_CLOSED


def main(file: str, *names: str) -> int:
    """Print a panel for each exercise; 0 if all passed, 1 if not, 2 if there is no such notebook."""
    # A shell has what it runs in the background ignore interrupts: a loop could not be stopped.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    exercises = checks.EXERCISES
    try:
        parts = notebooks.parts(notebooks.read(Path(file))["cells"], exercises)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    _stand_in()
    sys.path.insert(0, str(Path(file).parent))
    passed = True
    try:
        for report, shown in check(
            answers.of_notebook(parts, exercises), [exercises[name] for name in names]
        ):
            if report.status != NOT_ATTEMPTED:
                store.tried(report.exercise.name, report.points / report.exercise.points)
            passed = passed and report.status == PASSED
            whole = report.status == FAILED or len(names) == 1
            print(shown if whole else shown.first_line, flush=True)
    except BrokenPipeError:
        return pipe_is_closed()
    return 0 if passed else 1
