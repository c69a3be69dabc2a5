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

    An answer is checked where its notebook has it, right after its cell, and if it does not pass
    there once more at the end, for a name that comes later; the better one counts.
    """
    wanted = {exercise.name: exercise for exercise in exercises}
    world, own = World(), Deadline(OWN)
    reports: dict[str, Report] = {}
    errors: dict[str, Error] = {}

    def judge(name: str) -> None:
        with Deadline(DEADLINE).running():
            report = judged(wanted[name], world.answers[name])
        if name not in reports or report.points > reports[name].points:
            reports[name] = report

    for number, cell in enumerate(cells, 1):
        deadline = Deadline(DEADLINE) if cell.answers else own
        whole = bool(cell.answers) or own.left > 0
        try:
            with _quietly(), deadline.running():
                defined, error = world.run(cell.source, f"<cell {number}>", cell.answers, whole)
        except KeyboardInterrupt as raised:
            defined, error = (), told(raised)
        for name in wanted.keys() & set(cell.answers):
            if name in defined:
                judge(name)
            elif error:
                errors[name] = error
    for name, report in list(reports.items()):
        if report.status == FAILED:
            judge(name)
    for name, exercise in wanted.items():
        report = reports.get(name, Report(exercise, FAILED if name in errors else NOT_ATTEMPTED))
        shown = (
            panel.of_report(report)
            if name in reports or name not in errors
            else panel.of_broken_cell(exercise, errors[name])
        )
        yield report, shown


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
