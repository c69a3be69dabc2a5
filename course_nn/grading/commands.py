"""The teacher's commands: ``course-nn grade``, ``release`` and ``collect``.

The command line is read on every start of ``course-nn``, so the rest is imported where it is used.
"""

import argparse
import contextlib
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_nn.i18n import _, ngettext, set_language

if TYPE_CHECKING:
    from course_nn.checks.engine import Exercise
    from course_nn.grading.gradebook import Gradebook, Result
    from course_nn.grading.sandbox import Layer
    from course_nn.grading.submissions import Submission

LOG = "log.txt"


def add(commands: Any) -> None:
    """Add the three commands to the subparsers of ``course-nn``."""
    _add_grade(commands)
    text = _("pack the course for students: no solutions, nothing of the grading")
    release = commands.add_parser("release", help=text, description=text)
    release.add_argument("--out", type=Path, default=Path("course.zip"), metavar="course.zip")
    text = _("these chapters; without it, all")
    release.add_argument("--chapter", type=int, nargs="+", metavar="1", default=[], help=text)
    release.set_defaults(command=_release)
    text = _("unpack a download of Moodle or Canvas into a folder to grade")
    collect = commands.add_parser("collect", help=text, description=text)
    collect.add_argument("download", type=Path, metavar="download.zip")
    collect.add_argument("--out", type=Path, default=Path("submissions"), metavar="submissions")
    collect.set_defaults(command=_collect)


def _add_grade(commands: Any) -> None:
    text = _("grade a folder of submissions, each in a sandbox")
    grade = commands.add_parser(
        "grade",
        help=text,
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_(
            "Graded submissions are kept in gradebook.sqlite: the same command again grades only\n"
            "what is new or has changed, and goes on where a run was stopped.\n\n"
            "examples:\n"
            "  course-nn grade submissions --out grades\n"
            "  course-nn grade submissions --chapter 1 2     these chapters, whoever answers them\n"
            "  course-nn grade submissions --only ana ben --again\n"
            "  course-nn grade submissions --scheduler tcp://10.0.0.5:8786\n\n"
            "exit codes:\n"
            "  0    all are graded; what is wrong with a submission is in its row\n"
            "  1    some could not be graded, for no fault of theirs: see log.txt, and grade again\n"
            "  2    it could not begin or go on, and says why\n"
            "  130  stopped by Ctrl-C; nothing is lost"
        ),
    )
    grade.set_defaults(command=_grade)
    option = grade.add_argument
    text = _("notebooks or .py files, one or a folder for each student")
    option("folder", type=Path, metavar="submissions", help=text)
    text = _("where grades.csv, summary.html and feedback/ go (%(default)s)")
    option("--out", type=Path, default=Path("grades"), metavar="grades", help=text)
    text = _("the chapters to grade; without it, those that any submission answers")
    option("--chapter", type=int, nargs="+", metavar="1", default=[], help=text)
    text = _("the exercises to grade, by number or by name")
    option("--exercises", nargs="+", metavar="1.2", default=[], help=text)
    text = _("grade these students alone; the others keep their grades")
    option("--only", nargs="+", metavar="STUDENT", default=[], help=text)
    text = _("grade what is unchanged as well")
    option("--again", action="store_true", help=text)
    text = _("how many at once (the number of processors)")
    option("--jobs", type=_positive, metavar="N", help=text)
    text = _("grade on the Dask cluster with this scheduler")
    option("--scheduler", metavar="tcp://HOST:8786", help=text)
    text = _("for each exercise (%(default)g)")
    option("--seconds", type=_seconds, default=10.0, metavar="S", help=text)
    text = _("MiB for each submission (%(default)d)")
    option("--memory", type=_positive, default=1024, metavar="MiB", help=text)
    text = _("inputs that are the same on every run and machine; without it they are secret")
    option("--seed", type=int, metavar="N", help=text)
    text = _("grade in this isolation, and in no weaker one; without it, in the strongest")
    option("--layer", type=int, choices=(1, 2), help=text)
    text = _(
        "run the submissions with no isolation: any of them can read and change all your files"
    )
    option("--without-sandbox", action="store_true", help=text)
    text = _("of the feedback and the summary; without it, that of this machine, or English")
    option("--language", metavar="en", help=text)


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    if not 0.1 <= (number := float(text)) <= 3600:
        raise ValueError(text)
    return number


# release and collect


def _release(options: argparse.Namespace) -> int:
    from course_nn.grading.release import release

    print(release(options.out, options.chapter))
    return 0


def _collect(options: argparse.Namespace) -> int:
    from course_nn.grading.collect import collect

    print(collect(options.download, options.out))
    return 0


# grade


def _grade(options: argparse.Namespace) -> int:
    from course_nn.grading import executors, gradebook, sandbox, submissions
    from course_nn.grading.session import Limits

    language = _language(options.language)
    if options.folder.resolve() in [options.out.resolve(), *options.out.resolve().parents]:
        message = _("{out} is among the submissions. Choose a folder outside of them with --out.")
        raise ValueError(message.format(out=options.out))
    batch = submissions.find(options.folder)
    if not batch:
        message = _("There is no notebook and no .py file in {folder}.")
        raise ValueError(message.format(folder=options.folder))
    exercises, assignment = _exercises(options, batch)
    reached = sandbox.probe()
    layer = _layer(options, reached)
    only = _only(options.only, batch)
    limits = Limits(options.seconds, options.memory << 20)
    names = tuple(exercise.name for exercise in exercises)
    version = executors.version()
    with gradebook.Gradebook(options.out) as book:
        if book.trouble:
            print(book.trouble, file=sys.stderr)
        _same_assignment(book, names, bool(only))
        secret = book.secret()
        if options.seed is not None:
            secret = hashlib.sha256(f"course-nn {options.seed}".encode()).digest()

        def task(submission: "Submission") -> executors.Task:
            seed = gradebook.seed(secret, assignment, submission.student)
            return executors.Task(submission, names, seed, layer, limits, language, version)

        _introduce(batch, exercises, layer)
        kept = {} if options.again else book.fingerprints()
        chosen = [submission for submission in batch if not only or submission.student in only]
        left = [s for s in chosen if task(s).fingerprint != kept.get(s.student)]
        if len(left) < len(chosen):
            print(_("{n} are graded already, and unchanged.").format(n=len(chosen) - len(left)))
        results = executors.results(map(task, left), _start(options, reached))
        if left and not _run(book, results, len(left), options):
            return 130
        return _write(book, options.out, batch, exercises, language)


def _language(wanted: str | None) -> str:
    """Set the language of the feedback, and say which it is."""
    if wanted:
        set_language(wanted)
        return wanted
    variables = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    here = next((os.environ[name] for name in variables if os.environ.get(name)), "en")
    try:
        set_language(here[:2])
    except ValueError:  # there is no catalogue
        set_language("en")
        return "en"
    return here[:2]


def _exercises(
    options: argparse.Namespace, batch: "Sequence[Submission]"
) -> "tuple[list[Exercise], str]":
    """What to grade, in order, and the name of the assignment: its chapters, "1" or "1,2"."""
    from course_nn.checks import EXERCISES
    from course_nn.cli import chosen

    if options.exercises or options.chapter:
        exercises = list(chosen([*options.exercises, *map(str, options.chapter)]))
    else:
        handed = Counter(
            chapter
            for submission in batch
            for chapter in {
                EXERCISES[name].chapter
                for cell in submission.cells
                for name in cell.answers
                if name in EXERCISES
            }
        )
        if not handed:
            message = _(
                "No cell in {folder} answers an exercise. Say what to grade, such as --chapter 1."
            )
            raise ValueError(message.format(folder=options.folder))
        exercises = [exercise for exercise in EXERCISES.values() if exercise.chapter in handed]
        for chapter, students in sorted(handed.items()):
            if len(handed) > 1:
                message = ngettext(
                    "Chapter {chapter} is answered by {n} of {all}.",
                    "Chapter {chapter} is answered by {n} of {all}.",
                    students,
                )
                print(message.format(chapter=chapter, n=students, all=len(batch)))
        if len(handed) > 1 and 2 * min(handed.values()) < max(handed.values()):
            print(_("Each is graded on all of these. Is one there by mistake? Use --chapter."))
    chapters = sorted({exercise.chapter for exercise in exercises})
    return exercises, ",".join(map(str, chapters))


def _layer(options: argparse.Namespace, reached: "Sequence[Layer]") -> "Layer":
    """The isolation to grade in.

    Raises:
        ValueError: there is none that is good enough.
    """
    if options.without_sandbox:
        return reached[-1]
    fit = [
        layer
        for layer in reached
        if layer.number in ((options.layer,) if options.layer else (1, 2))
    ]
    if fit:
        return fit[0]
    if options.layer:
        message = _("This machine does not reach layer {n}. It reaches: {reached}.")
        names = "; ".join(f"{layer.number} ({layer.name})" for layer in reached)
        raise ValueError(message.format(n=options.layer, reached=names))
    raise ValueError(
        _(
            "This machine cannot isolate what it runs, so nothing was graded. On Linux install "
            "bubblewrap; on Windows use WSL. If you trust everyone who has handed something in "
            "with all your files: --without-sandbox."
        )
    )


def _only(wanted: Sequence[str], batch: "Sequence[Submission]") -> set[str]:
    """The students that the command line names.

    Raises:
        ValueError: one of them has handed in nothing.
    """
    import difflib

    known = [submission.student for submission in batch]
    for student in wanted:
        if student not in known:
            near = difflib.get_close_matches(student, known, n=3, cutoff=0.3) or known[:3]
            message = _("There is no submission of {student}. Try {near}.")
            raise ValueError(message.format(student=student, near=", ".join(near)))
    return set(wanted)


def _same_assignment(book: "Gradebook", names: tuple[str, ...], some: bool) -> None:
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
    batch: "Sequence[Submission]", exercises: "Sequence[Exercise]", layer: "Layer"
) -> None:
    students = ngettext("{n} submission", "{n} submissions", len(batch)).format(n=len(batch))
    graded = ngettext("{n} exercise", "{n} exercises", len(exercises)).format(n=len(exercises))
    chapters = sorted({exercise.chapter for exercise in exercises})
    message = _("{students}, {exercises}, of chapter {chapters}")
    if len(chapters) > 1:
        message = _("{students}, {exercises}, of chapters {chapters}")
    chapters_ = ", ".join(map(str, chapters))
    print(message.format(students=students, exercises=graded, chapters=chapters_))
    if layer.number:
        message = _("Isolation: layer {n}, {walls}")
        print(message.format(n=layer.number, walls=layer.name))
    else:
        print(_("Isolation: none. Every submission can read and change all your files."))


def _start(options: argparse.Namespace, reached: "Sequence[Layer]") -> Callable[[], Any]:
    """What gives an executor, on the cluster or on this machine."""
    from course_nn.grading import executors

    if options.scheduler:
        return lambda: executors.Dask(options.scheduler)
    return lambda: executors.Pool(options.jobs or os.cpu_count() or 1, reached)


def _run(
    book: "Gradebook", results: "Generator[Result]", number: int, options: argparse.Namespace
) -> bool:
    """Keep each result as it comes; False if Ctrl-C has stopped that."""
    done = 0
    try:
        with contextlib.closing(results), _progress(number) as tell:
            for result in results:
                book.save(result)
                if result.log:
                    _log(options.out, result)
                done += 1
                tell()
    except KeyboardInterrupt:
        message = _("Stopped: {done} of {all} are graded and kept. The same command goes on.")
        print(message.format(done=done, all=number), file=sys.stderr)
        return False
    return True


@contextlib.contextmanager
def _progress(number: int) -> Iterator[Callable[[], None]]:
    """A bar in a terminal, else up to ten lines."""
    if not sys.stderr.isatty():
        done = 0

        def tell() -> None:
            nonlocal done
            done += 1
            if 10 * done // number > 10 * (done - 1) // number:
                print(_("{done} of {all} graded").format(done=done, all=number), flush=True)

        yield tell
        return
    from tqdm import tqdm

    form = "{desc} {bar:20} {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
    with tqdm(total=number, desc=_("graded"), bar_format=form, mininterval=0.2) as bar:
        yield bar.update


def _log(out: Path, result: "Result") -> None:
    with (out / LOG).open("a", encoding="utf-8", errors="replace") as file:
        file.write(f"{result.student}: {result.status}\n{result.log.rstrip()}\n\n")


def _write(
    book: "Gradebook",
    out: Path,
    batch: "Sequence[Submission]",
    exercises: "Sequence[Exercise]",
    language: str,
) -> int:
    """Write the table and the pages, and say what is in them; the exit code."""
    from course_nn.grading import feedback, gradebook

    (out / "feedback").mkdir(exist_ok=True)
    table, summary = [gradebook.header(exercises)], feedback.Summary(exercises)
    students = [submission.student for submission in batch]
    for result in book.results(students):
        table.append(gradebook.row(result, exercises))
        summary.add(result)
        page = feedback.page(result, exercises, language)
        gradebook.replace(out / "feedback" / f"{result.student}.html", page.encode())
    gradebook.replace(out / "grades.csv", gradebook.table(table))
    gradebook.replace(out / "summary.html", summary.page(language).encode())
    before = len(book.fingerprints().keys() - set(students))
    if before:
        message = ngettext(
            "{n} student of an earlier run has no submission here, and is left out.",
            "{n} students of earlier runs have no submission here, and are left out.",
            before,
        )
        print(message.format(n=before))
    for line in summary.lines():
        print(line)
    for name in ("grades.csv", "summary.html", "feedback"):
        print(f"  {out / name}")
    ungraded = [status for status in summary.students if status in gradebook.UNGRADED]
    if ungraded:
        message = _("Not all are graded. See {path}, then give the same command again.")
        print(message.format(path=out / LOG), file=sys.stderr)
    return 1 if ungraded else 0
