"""A folder of submissions becomes a gradebook, a table, a page for each student and one of the class.

``grade`` is all of `course-nn grade` but its words on the command line: a test, a notebook or a page
can call it.
"""

import contextlib
import difflib
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from course_nn.checks import EXERCISES
from course_nn.checks.engine import Exercise
from course_nn.checks.registry import chosen
from course_nn.grading import (
    example,
    executors,
    feedback,
    gradebook,
    sandbox,
    standing,
    submissions,
    table,
)
from course_nn.grading.gradebook import Gradebook
from course_nn.grading.lateness import NO_DEADLINE, Deadline, told
from course_nn.grading.results import Result, Status
from course_nn.grading.sandbox import Layer
from course_nn.grading.session import Limits
from course_nn.grading.standing import Rules, Standing
from course_nn.grading.submissions import Submission
from course_nn.grading.summary import Summary
from course_nn.i18n import _, ngettext, set_language

LOG = "log.txt"
_LIMITS = Limits()


def grade(
    folder: Path,
    out: Path = Path("grades"),
    wanted: Sequence[str] = (),
    only: Sequence[str] = (),
    again: bool = False,
    limits: Limits = _LIMITS,
    seed: int | None = None,
    layer: int | None = None,
    jobs: int | None = None,
    scheduler: str = "",
    language: str = "en",
    points: Path | None = None,
    roster: Path | None = None,
    deadline: Deadline = NO_DEADLINE,
    tell: Callable[[str], None] = lambda sentence: None,
    progress: Callable[[int, int], None] = lambda done, number: None,
) -> Summary:
    """Grade the submissions in ``folder``, and write what comes of it into ``out``.

    Each result is kept as soon as it is there. Whatever ends this, even in the middle, the same call
    goes on from there.

    Args:
        wanted: exercises by number or name, chapters by number; if none, the chapters that most
            submissions answer.
        only: the students to grade; the others keep their grades.
        again: grade what is unchanged as well.
        seed: for inputs that are the same on every run; without it they are secret.
        layer: the isolation, 1 or 2; 0 for none at all. Without it, the strongest but 0.
        jobs: how many at once; without it, as many as there are processors.
        scheduler: of a Dask cluster to grade on, "tcp://host:8786".
        language: of everything that is said and written from now on.
        points: a file with what exercises are worth in place of their own points.
        roster: a file with the students of the class: who has handed in nothing is told too.
        deadline: when the submissions were due, and what becomes of what came later.
        tell: is given sentences on what is done.
        progress: is given how many are graded, and of how many: once before the first.

    Raises:
        ValueError: there is nothing to grade, an argument names what is not there, or this machine
            has no such isolation.
        OSError: ``out`` cannot be written, or there is no such cluster.
    """
    set_language(language)
    folder, out = Path(folder), Path(out)
    if folder.resolve() in [out.resolve(), *out.resolve().parents]:
        message = _("{out} is among the submissions. Choose a folder outside of them with --out.")
        raise ValueError(message.format(out=out))
    batch = submissions.find(folder, deadline)
    if not batch:
        message = _("There is no notebook and no .py file in {folder}.")
        raise ValueError(message.format(folder=folder))
    exercises = chosen(wanted) if wanted else _answered(batch, folder)
    chapters = sorted({exercise.chapter for exercise in exercises})
    assignment = ",".join(map(str, chapters))
    reached: list[Layer] = []
    isolation = _layer(layer, reached)
    students = _only(only, batch)
    missing = standing.missing(roster, [one.student for one in batch]) if roster else []
    everyone = [*(one.student for one in batch), *missing]
    rules = standing.read_rules(out, everyone, exercises, points)  # before anything is run
    names = tuple(exercise.name for exercise in exercises)
    version = executors.version()

    def start() -> Any:
        if scheduler:
            return executors.Dask(scheduler)
        return executors.Pool(jobs or os.cpu_count() or 1, reached)

    with Gradebook(out) as book:
        if book.trouble:
            tell(book.trouble)
        _same_assignment(book, names, bool(only))
        secret = book.secret()
        if seed is not None:
            secret = hashlib.sha256(f"course-nn {seed}".encode()).digest()

        def task(submission: Submission) -> executors.Task:
            own = gradebook.seed(secret, assignment, submission.student)
            return executors.Task(submission, names, own, isolation, limits, language, version)

        _introduce(batch, exercises, isolation, tell)
        if deadline.due:
            tell(_("Due: {when}").format(when=told(deadline.due)))
        kept = {} if again else book.fingerprints()
        asked = [submission for submission in batch if submission.student in students]
        left = [one for one in asked if task(one).fingerprint != kept.get(one.student)]
        if len(left) < len(asked):
            tell(_("{n} are graded already, and unchanged.").format(n=len(asked) - len(left)))
        if left:
            progress(0, len(left))
            results = executors.results(map(task, left), start)
            with contextlib.closing(results):
                for done, result in enumerate(results, 1):
                    book.save(result)
                    if result.log:
                        _log(out, result)
                    progress(done, len(left))
        summary = _write(book, out, batch, missing, exercises, rules, language, tell)
    _tell_the_rest(batch, exercises, tell)
    return summary


def _answered(batch: Sequence[Submission], folder: Path) -> list[Exercise]:
    """The exercises of the chapters that more than half of those answer who answer anything; where
    there is no such chapter, of those that most do. Untouched stubs count where there is no more."""
    handed = [set(one.chapters) for one in batch if one.chapters]
    handed = handed or [
        {EXERCISES[name].chapter for cell in one.cells for name in cell.answers} for one in batch
    ]
    counts = Counter(chapter for chapters in handed for chapter in chapters)
    if not counts:
        message = _(
            "No cell in {folder} answers an exercise. Say what to grade, such as --chapter 1."
        )
        raise ValueError(message.format(folder=folder))
    enough = min(len(handed) // 2 + 1, max(counts.values()))
    chapters = {chapter for chapter, students in counts.items() if students >= enough}
    return [exercise for exercise in EXERCISES.values() if exercise.chapter in chapters]


def _tell_the_rest(
    batch: Sequence[Submission], exercises: Sequence[Exercise], tell: Callable[[str], None]
) -> None:
    """Tell which other chapters are answered, and by whom."""
    graded = {exercise.chapter for exercise in exercises}
    for chapter in sorted({chapter for one in batch for chapter in one.chapters} - graded):
        students = [one.student for one in batch if chapter in one.chapters]
        message = ngettext(
            "Chapter {chapter} is answered by {n} of {all} ({who}), and was not graded. If it "
            "should be: --chapter {chapter}, with another --out.",
            "Chapter {chapter} is answered by {n} of {all} ({who}), and was not graded. If it "
            "should be: --chapter {chapter}, with another --out.",
            len(students),
        )
        who = ", ".join(students[:5]) + (", ..." if len(students) > 5 else "")
        tell(message.format(chapter=chapter, n=len(students), all=len(batch), who=who))


def _layer(wanted: int | None, reached: list[Layer]) -> Layer:
    """The isolation to grade in; what this machine was found to reach is added to ``reached``.

    Raises:
        ValueError: there is none that is good enough.
    """
    for layer in sandbox.probe():
        reached.append(layer)
        if layer.number in ((1, 2) if wanted is None else (wanted,)):
            return layer
    if wanted:
        message = _("This machine does not reach layer {n}. It reaches: {reached}.")
        names = "; ".join(f"{layer.number} ({layer.name})" for layer in reached)
        raise ValueError(message.format(n=wanted, reached=names))
    raise ValueError(
        _(
            "This machine cannot isolate what it runs, so nothing was graded. On Linux install "
            "bubblewrap; on Windows use WSL. If you trust everyone who has handed something in "
            "with all your files: --without-sandbox."
        )
    )


def _only(wanted: Iterable[str], batch: Sequence[Submission]) -> set[str]:
    """The students who are ``wanted``; all, if none is.

    Raises:
        ValueError: one of them has handed in nothing.
    """
    known = [submission.student for submission in batch]
    for student in wanted:
        if student not in known:
            near = difflib.get_close_matches(student, known, n=3, cutoff=0.3) or known[:3]
            message = _("There is no submission of {student}. Try {near}.")
            raise ValueError(message.format(student=student, near=", ".join(near)))
    return set(wanted) or set(known)


def _same_assignment(book: Gradebook, names: tuple[str, ...], some: bool) -> None:
    """Let ``some`` students be graded again only on what all are graded on."""
    now = " ".join(names).encode()
    if some and book.about("exercises", now) != now:
        message = _(
            "The grades in {folder} are of other exercises. With --only, choose the same ones, or "
            "another folder with --out."
        )
        raise ValueError(message.format(folder=book.path.parent))
    book.set("exercises", now)


def _introduce(
    batch: Sequence[Submission],
    exercises: Sequence[Exercise],
    layer: Layer,
    tell: Callable[[str], None],
) -> None:
    students = ngettext("{n} submission", "{n} submissions", len(batch)).format(n=len(batch))
    graded = ngettext("{n} exercise", "{n} exercises", len(exercises)).format(n=len(exercises))
    chapters = sorted({exercise.chapter for exercise in exercises})
    message = _("{students}, {exercises}, of chapter {chapters}")
    if len(chapters) > 1:
        message = _("{students}, {exercises}, of chapters {chapters}")
    listed = ", ".join(map(str, chapters))
    tell(message.format(students=students, exercises=graded, chapters=listed))
    if layer.number:
        message = _("Isolation: layer {n}, {walls}")
        tell(message.format(n=layer.number, walls=layer.name))
    else:
        tell(_("Isolation: none. Every submission can read and change all your files."))


def _log(out: Path, result: Result) -> None:
    with (
        contextlib.suppress(OSError),  # a full disk, of which what is written next tells
        (out / LOG).open("a", encoding="utf-8", errors="replace") as file,
    ):
        file.write(f"{result.student}: {result.status}\n{result.log.rstrip()}\n\n")


def _write(
    book: Gradebook,
    out: Path,
    batch: Sequence[Submission],
    missing: Sequence[str],
    exercises: Sequence[Exercise],
    rules: Rules,
    language: str,
    tell: Callable[[str], None],
) -> Summary:
    """Write the table and the pages."""
    try:
        (out / "feedback").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = _("{path} cannot be written: {error}.")
        raise OSError(message.format(path=out / "feedback", error=error.strerror)) from None
    rows, summary = [table.header(exercises)], Summary(exercises, rules)
    summary.late = [submission.student for submission in batch if submission.late]
    students = [submission.student for submission in batch]
    nothing = (Result(student, Status.MISSING) for student in missing)
    for result in (*book.results(students), *nothing):
        own = rules.of(result, exercises)
        rows.append(table.row(own, exercises))
        summary.add(own)
        page = feedback.page(own, exercises, language)
        replace(out / "feedback" / f"{result.student}.html", page.encode())
    replace(out / "grades.csv", table.table(rows))
    by_student = {submission.student: submission for submission in batch}

    def code(wanted: Iterable[str], exercise: str) -> str:
        cells = (cell for student in wanted for cell in by_student[student].cells)
        own = (cell.source for cell in cells if exercise in (*cell.answers, *cell.spare))
        return example.anonymous(own, exercise, [*students, *missing])

    replace(out / "summary.html", summary.page(language, code).encode())
    before = len(book.fingerprints().keys() - set(students))
    if before:
        message = ngettext(
            "{n} student of an earlier run has no submission here, and is left out.",
            "{n} students of earlier runs have no submission here, and are left out.",
            before,
        )
        tell(message.format(n=before))
    return summary


def standings(out: Path, points: Path | None = None, roster: Path | None = None) -> list[Standing]:
    """How every student whom the table in ``out`` names stands, with the adjustments as they are now.

    Raises:
        ValueError: nothing was graded there, or an adjustment cannot be understood.
        OSError: a file cannot be read.
    """
    if not (out / "gradebook.sqlite").is_file():
        message = _("There is no gradebook in {folder}. Grade first: course-nn grade.")
        raise ValueError(message.format(folder=out))
    with Gradebook(out) as book:
        names = book.about("exercises", b"").decode().split()
        students = sorted(book.fingerprints(), key=lambda s: (s.casefold(), s))
        results = list(book.results(students))
    exercises = [EXERCISES[name] for name in names if name in EXERCISES]
    missing = standing.missing(roster, students) if roster else []
    rules = standing.read_rules(out, [*students, *missing], exercises, points)
    nothing = [Result(student, Status.MISSING) for student in missing]
    return [rules.of(result, exercises) for result in (*results, *nothing)]


def replace(path: Path, content: bytes) -> None:
    """Write ``path``, for its owner alone, whole or not at all.

    Raises:
        OSError: it cannot be written; what is to be done is in its message.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        message = _(
            "{path} cannot be written: {error}. All that was graded is kept in gradebook.sqlite. Make "
            "room, or close what has the file open, and give the same command again."
        )
        raise OSError(message.format(path=path, error=error.strerror or error)) from None
