"""The teacher's commands: ``course-nn release``, ``collect``, ``grade``, ``adjust``, ``export``.

The command line is read on every start of ``course-nn``, so the rest is imported where it is used.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from course_nn.i18n import _, set_language


def add(commands: Any) -> None:
    """Add them to the subparsers of ``course-nn``."""
    _add_grade(commands)
    text = _("pack the course for students: no solutions, nothing of the grading")
    release = _parser(
        commands, "release", text, _("  course-nn release --out course.zip --chapter 1 2")
    )
    into = _("where to write it (%(default)s)")
    release.add_argument(
        "--out", type=Path, default=Path("course.zip"), metavar="course.zip", help=into
    )
    text = _("these chapters; without it, all")
    release.add_argument("--chapter", type=int, nargs="+", metavar="1", default=[], help=text)
    release.set_defaults(command=_release)
    text = _("unpack a download of Moodle or Canvas into a folder to grade")
    examples = _(
        "  course-nn collect download.zip --out submissions\n\n"
        "A later download is laid over it: each file keeps its time, and what it replaces is kept too."
    )
    collect = _parser(commands, "collect", text, examples)
    of_zip = _("as the platform gives it")
    collect.add_argument("download", type=Path, metavar="download.zip", help=of_zip)
    collect.add_argument(
        "--out", type=Path, default=Path("submissions"), metavar="submissions", help=into
    )
    collect.set_defaults(command=_collect)
    text = _("make adjustments.csv, for points, excuses and comments of your own")
    examples = _(
        "  course-nn adjust grades\n\n"
        "lines in it:\n"
        "  student,exercise,points,comment\n"
        "  ana,1.2,2,solved on paper\n"
        "  ben,1.3,excused,was ill\n"
        "  ben,,+1,presented in class"
    )
    adjust = _parser(commands, "adjust", text, examples)
    folder = _("the folder that course-nn grade writes (%(default)s)")
    adjust.add_argument(
        "grades", type=Path, nargs="?", default=Path("grades"), metavar="grades", help=folder
    )
    adjust.set_defaults(command=_adjust)
    _add_export(commands)


def _parser(commands: Any, name: str, text: str, examples: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=text,
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join([_("examples:"), examples]),
    )


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
            "  course-nn grade submissions --roster class.csv --points points.csv\n"
            "  course-nn grade submissions --due 2026-11-20T23:59+01:00 --late ignore\n"
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
    text = _("the chapters to grade; without it, those that most submissions answer")
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
    text = _("what exercises are worth, in place of their own points: columns exercise and points")
    option("--points", type=Path, metavar="points.csv", help=text)
    text = _("the class, a column student or name: who has handed in nothing gets a row")
    option("--roster", type=Path, metavar="class.csv", help=text)
    text = _(
        "when it was due; without a zone, in that of this machine; a day alone ends at midnight"
    )
    option("--due", metavar="2026-11-20T23:59+01:00", help=text)
    text = _(
        "what came later: counts like any other, counts and is told beside an earlier version (as "
        "without this option), or does not, and the newest version in time does"
    )
    option("--late", choices=("accept", "note", "ignore"), default="note", help=text)
    text = _("of the feedback and the summary; without it, that of this machine, or English")
    option("--language", metavar="en", help=text)


def _add_export(commands: Any) -> None:
    text = _("write grades for Moodle, Canvas or a spreadsheet")
    export = commands.add_parser(
        "export",
        help=text,
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_(
            "The sheet that the platform gave is filled in; its names and numbers stay as they are.\n\n"
            "examples:\n"
            "  course-nn export grades --moodle worksheet.csv    Moodle's grading worksheet\n"
            '  course-nn export grades --canvas gradebook.csv --assignment "Chapter 1"\n'
            "  course-nn export grades --csv"
        ),
    )
    option = export.add_argument
    option("grades", type=Path, nargs="?", default=Path("grades"), metavar="grades")
    kind = export.add_mutually_exclusive_group(required=True)
    kind.add_argument("--moodle", type=Path, metavar="worksheet.csv", help=_("fill Moodle's sheet"))
    kind.add_argument("--canvas", type=Path, metavar="gradebook.csv", help=_("fill Canvas's"))
    kind.add_argument("--csv", action="store_true", help=_("a line for each student"))
    text = _("of Canvas: the assignment whose column is filled")
    option("--assignment", metavar="NAME", help=text)
    option(
        "--out", type=Path, metavar="FOLDER", help=_("where to write; without it, grades/export")
    )
    option("--points", type=Path, metavar="points.csv", help=_("as given to course-nn grade"))
    option("--roster", type=Path, metavar="class.csv", help=_("as given to course-nn grade"))
    export.set_defaults(command=_export)


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


def _adjust(options: argparse.Namespace) -> int:
    from course_nn.grading.standing import begin

    path = begin(options.grades)
    print(
        _(
            "{path}\n"
            "A line for each thing to change, then course-nn grade again; no run writes over it.\n"
            "  student    as in grades.csv\n"
            "  exercise   1.2, or empty for the whole\n"
            "  points     2 sets, +0.5 and -1 add, excused leaves the exercise out\n"
            "  comment    for the student's page"
        ).format(path=path)
    )
    return 0


def _export(options: argparse.Namespace) -> int:
    from course_nn.grading import batch, export

    if options.canvas and not options.assignment:
        raise ValueError(_("Say which column of Canvas to fill, with --assignment NAME."))
    standings = batch.standings(options.grades, options.points, options.roster)
    out = options.out or options.grades / "export"
    if options.moodle:
        print(export.moodle(options.moodle, standings, options.grades / "feedback", out))
    elif options.canvas:
        print(export.canvas(options.canvas, standings, options.assignment, out))
    else:
        print(export.plain(standings, out))
    return 0


# grade


def _grade(options: argparse.Namespace) -> int:
    from course_nn.grading import batch, lateness
    from course_nn.grading.session import Limits

    due = lateness.parse(options.due) if options.due else None
    progress = _Progress()
    try:
        summary = batch.grade(
            options.folder,
            options.out,
            [*options.exercises, *map(str, options.chapter)],
            options.only,
            options.again,
            Limits(options.seconds, options.memory << 20),
            options.seed,
            0 if options.without_sandbox else options.layer,
            options.jobs,
            options.scheduler or "",
            _language(options.language),
            options.points,
            options.roster,
            lateness.Deadline(due, options.late),
            print,
            progress,
        )
    except KeyboardInterrupt:
        message = _("Stopped: {done} of {all} are graded and kept. The same command goes on.")
        print(message.format(done=progress.done, all=progress.number), file=sys.stderr)
        return 130
    finally:
        progress.close()
    for line in summary.lines():
        print(line)
    for name in ("grades.csv", "summary.html", "feedback"):
        print(f"  {options.out / name}")
    if summary.ungraded:
        message = _("Not all are graded. See {path}, then give the same command again.")
        print(message.format(path=options.out / batch.LOG), file=sys.stderr)
        return 1
    return 0


def _language(wanted: str | None) -> str:
    """The language of the feedback, which is set: ``wanted``, else this machine's, else English."""
    if wanted:
        set_language(wanted)
        return wanted
    variables = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    here = next((os.environ[name] for name in variables if os.environ.get(name)), "en")
    try:
        set_language(here[:2])
    except ValueError:  # there is no catalogue
        return "en"
    return here[:2]


class _Progress:
    """A bar in a terminal, else up to ten lines."""

    def __init__(self) -> None:
        self.done = self.number = 0
        self.bar: Any = None

    def __call__(self, done: int, number: int) -> None:
        before, self.done, self.number = self.done, done, number
        if sys.stderr.isatty():
            if self.bar is None:
                from tqdm import tqdm

                form = "{desc} {bar:20} {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
                self.bar = tqdm(total=number, desc=_("graded"), bar_format=form, mininterval=0.2)
            self.bar.update(done - before)
        elif 10 * done // number > 10 * before // number:
            print(_("{done} of {all} graded").format(done=done, all=number), flush=True)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.n = self.done  # the last one may have come within `mininterval`
            self.bar.close()
