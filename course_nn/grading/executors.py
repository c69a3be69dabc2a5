"""Where submissions are graded: in processes of this machine, or by the workers of a Dask cluster.

Both are a `concurrent.futures.Executor`; `results` feeds them. What goes there and comes back is
plain data: names, numbers and strings.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import course_nn
from course_nn.checks import EXERCISES, panel
from course_nn.checks.engine import FAILED, NOT_ATTEMPTED, Exercise, Report
from course_nn.grading import helpers, sandbox, session
from course_nn.grading.results import LONGEST, Mark, Result, Status, shortened
from course_nn.grading.sandbox import Layer
from course_nn.grading.session import Grade, Limits
from course_nn.grading.submissions import Submission
from course_nn.i18n import _, set_language


@dataclass(frozen=True)
class Task:
    """A submission to grade, and all that its result depends on.

    ``layer`` is the weakest isolation that will do, and ``version`` that of the package.
    """

    submission: Submission
    exercises: tuple[str, ...]
    seed: int
    layer: Layer
    limits: Limits
    language: str
    version: str

    @cached_property
    def fingerprint(self) -> str:
        """The same for two tasks that come to the same result."""
        submission = self.submission
        parts: list[Any] = [submission.student, submission.digest, self.exercises, self.seed]
        parts += [self.layer.walls, asdict(self.limits), self.language, self.version]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@lru_cache
def version(folder: Path = Path(course_nn.__file__).parent) -> str:
    """What tells this package's code, in ``folder``, and the worked answers, from any other version."""
    digest = hashlib.sha256("".join(map(helpers.published, EXERCISES)).encode())
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0".encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


# The work, in a process that may be on another machine

_alone = threading.Lock()  # a Dask worker may have several threads; output is caught by process


def work(task: Task) -> Result:
    """Grade a submission. What goes wrong in the grading itself is a result as well."""
    with _alone:
        try:
            set_language(task.language)
            if task.version != version():
                return _untouched(
                    task, Status.REFUSED, _("The worker has another version of course_nn.")
                )
            return _graded(task)
        except Exception:
            return _untouched(task, Status.INTERNAL_ERROR, log=traceback.format_exc())


def _graded(task: Task) -> Result:
    submission = task.submission
    if submission.problem:
        grades = [Grade(name, Status.NOT_ATTEMPTED) for name in task.exercises]
        marks = tuple(_mark(EXERCISES[grade.exercise], grade) for grade in grades)
        return _result(task, Status(submission.problem), "", marks)
    layer = _layer(task.layer)
    if layer is None:
        note = _("The worker has no isolation as strong as was asked for.")
        return _untouched(task, Status.REFUSED, note)
    exercises = [EXERCISES[name] for name in task.exercises]
    grades = session.grade(submission, exercises, task.seed, layer, task.limits)
    marks = tuple(_mark(EXERCISES[grade.exercise], grade) for grade in grades)
    status = max((mark.status for mark in marks), key=lambda status: status.rank)
    status = status if status.is_fault else Status.OK
    result = _result(task, status, told(layer), marks)
    notes = (grade.note for grade in grades if grade.note)
    return replace(result, notes=(*result.notes, *notes))


def _layer(wanted: Layer) -> Layer | None:
    """The isolation to grade in here: ``wanted``, else a stronger one, if there is any."""
    reached = _reached()
    if wanted in reached:
        return wanted
    return next((layer for layer in reached if _strength(layer) >= _strength(wanted)), None)


@lru_cache
def _reached() -> tuple[Layer, ...]:
    return tuple(_tried or sandbox.probe())


_tried: list[Layer] = []  # what the parent has found, in a process of its own machine


def _strength(layer: Layer) -> tuple[int, int]:
    return (0, 2, 1).index(layer.number), len(layer.walls)


def told(layer: Layer) -> str:
    """What a gradebook says of ``layer``."""
    return f"{layer.number} ({layer.name})"


def _mark(exercise: Exercise, grade: Grade) -> Mark:
    if grade.report is not None:
        shown = panel.of_report(grade.report)
    elif grade.status == Status.NOT_ATTEMPTED:
        shown = panel.of_report(Report(exercise, NOT_ATTEMPTED))
    else:
        heading = _("{title}: not yet").format(title=panel.title(exercise))
        shown = panel.Panel(FAILED, heading, (grade.message,) if grade.message else ())
    shown = shortened(shown, LONGEST)
    diagnosis = grade.report.diagnosis if grade.report else None
    return Mark(exercise.name, grade.status, grade.points, shown, diagnosis or "")


def _result(task: Task, status: Status, layer: str, marks: tuple[Mark, ...]) -> Result:
    submission = task.submission
    return Result(
        submission.student,
        status,
        layer,
        task.seed,
        marks,
        submission.notes,
        submission.digest,
        task.fingerprint,
    )


def _untouched(task: Task, status: Status, note: str = "", log: str = "") -> Result:
    """The result where nothing was graded, for no fault of the submission; the next run will."""
    notes = (*task.submission.notes, *([note] if note else []))
    return replace(_result(task, status, "", ()), notes=notes, fingerprint="", log=log or note)


# Where it is done


class Pool(ProcessPoolExecutor):
    """``jobs`` processes of this machine, which need not try the isolation ``reached`` again.

    They are processes, not threads: what an answer or the reference prints is caught for a whole
    process, and a crash costs one submission. They end with this process, however it ends, since
    the other end of their ``lifeline`` closes with it.
    """

    def __init__(self, jobs: int, reached: Sequence[Layer] = ()) -> None:
        context = multiprocessing.get_context("spawn")
        held, self._lifeline = context.Pipe(duplex=False)
        super().__init__(jobs, context, _start, (held, reached, sandbox.views))
        self.workers, self._held = jobs, held

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._lifeline.close()  # ends what is still at work
        self._held.close()


def _start(lifeline: Connection, reached: Sequence[Layer], views: Sequence[Any]) -> None:
    """In a new worker: leave Ctrl-C to the parent, and end when it does."""
    _tried.extend(reached)
    sandbox.views.extend(views)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        lifeline.poll(None)  # nothing is ever sent: it returns when the other end is closed
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Dask(Executor):
    """The workers of the Dask cluster whose scheduler is at ``address``, "tcp://host:8786".

    Each needs this very version of course_nn. The scheduler gives the work of one that dies to
    another. The students' inputs are sent to them, so let students have no access to the cluster.

    Raises:
        OSError: there is no scheduler, or it has no workers.
        ValueError: ``distributed`` is not installed, or ``address`` is none.
    """

    PATIENCE = 10  # seconds to find the scheduler

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            message = _("A cluster needs Dask. Install it: pip install 'course-nn[cluster]'")
            raise ValueError(message) from None
        try:
            self._client = Client(address, timeout=self.PATIENCE, set_as_default=False)
        except (OSError, TimeoutError):
            message = _("There is no Dask scheduler at {address}. Start one with `dask scheduler`.")
            raise OSError(message.format(address=address)) from None
        self.workers = sum(self._client.nthreads().values())
        if not self.workers:
            self._client.close()
            message = _(
                "The scheduler at {address} has no workers. Start some: dask worker {address}"
            )
            raise OSError(message.format(address=address))
        self._executor = self._client.get_executor(pure=False)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        return self._executor.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait=wait)
        self._client.close()


def results(
    tasks: Iterable[Task],
    start: Callable[[], Any],
    function: Callable[[Task], Result] = work,
) -> Generator[Result]:
    """The results of ``tasks``, each as soon as it is there; few tasks are taken at a time.

    Args:
        start: gives a new executor, which says how many ``workers`` it has.
        function: what is done for each.

    Where a worker dies, all that was under way may be lost with it, and nobody knows which task was
    to blame. Each of these is tried again, alone, twice at most; then its status is "lost".
    """
    tasks = iter(tasks)
    executor = start()
    flying: dict[Future, Task] = {}
    suspects: list[Task] = []
    try:
        while True:
            if not suspects:
                for task in islice(tasks, 2 * executor.workers - len(flying)):
                    flying[_submit(executor, function, task)] = task
            if not flying and not suspects:
                executor.shutdown()
                return
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                task = flying.pop(future)
                try:
                    result = future.result()
                except Exception:  # whatever a broken pool, a lost worker, a scheduler raises
                    suspects.append(task)
                else:
                    yield result
            if suspects and not flying:
                executor.shutdown(wait=False)
                for task in suspects:
                    yield _alone_twice(task, start, function)
                suspects.clear()
                executor = start()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _submit(executor: Executor, function: Callable[[Task], Result], task: Task) -> Future:
    try:
        return executor.submit(function, task)
    except RuntimeError as error:  # it has broken since
        failed: Future = Future()
        failed.set_exception(error)
        return failed


def _alone_twice(
    task: Task, start: Callable[[], Any], function: Callable[[Task], Result]
) -> Result:
    for _attempt in range(2):
        executor = start()
        try:
            return executor.submit(function, task).result()
        except Exception as error:
            log = "".join(traceback.format_exception(error))
        finally:
            executor.shutdown(wait=False)
    return _untouched(task, Status.LOST, _("The process that graded it died, three times."), log)
