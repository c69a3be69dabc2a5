"""The command ``course-nn``: check exercises in a terminal, see how far you are, grade a class."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from types import ModuleType

from course_nn import __version__, chapters, i18n
from course_nn.i18n import _

grading: ModuleType | None = None
if find_spec("course_nn.grading"):  # not in a student's copy
    from course_nn.grading import commands as grading

RUN = "import sys; from course_nn.checks.running import main; sys.exit(main(*sys.argv[1:]))"


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 0 if all is well, 1 if not yet, 2 if it was mistyped."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal may lack ✓ and ○
            stream.reconfigure(errors="replace")
    if (here := chapters.language()) in i18n.languages():
        i18n.set_language(here)
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.command:
        parser.print_help()
        return 2
    try:
        code = options.command(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        from course_nn.checks.running import pipe_is_closed

        return pipe_is_closed()
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    teachers = _(
        "\n\nfor teachers:\n"
        "  course-nn release --out course.zip                    the course without solutions\n"
        "  course-nn collect download.zip --out submissions      from Moodle or Canvas\n"
        "  course-nn grade submissions --out grades              a table and feedback"
    )
    parser = argparse.ArgumentParser(
        prog="course-nn",
        description=_("Check the exercises of the course in a terminal."),
        epilog=_(
            "examples:\n"
            "  course-nn check                 every exercise\n"
            "  course-nn check 1               those of chapter 1\n"
            "  course-nn check 1.2 --watch     one, again whenever the notebook is saved\n"
            "  course-nn progress              how far you are\n"
            "  course-nn reset 2.3             put the stub of exercise 2.3 back\n"
            "  course-nn update course.zip     take over a newer course, and keep what is yours\n"
            "  course-nn doctor                is everything there that the course needs?"
        )
        + (teachers if grading else ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"course-nn {__version__}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar=_("command"))

    def command(name, function, text):
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=function)
        return added

    check = command("check", _check, _("check what the notebooks in exercises/ answer"))
    text = _("an exercise, the function that it asks for, or a whole chapter (1); all, if none")
    check.add_argument("exercises", nargs="*", metavar="1.2", help=text)
    check.add_argument("--watch", action="store_true", help=_("again whenever a notebook is saved"))
    command("progress", _progress, _("show how far you are"))
    reset = command("reset", _reset, _("put the stub of an exercise back, and keep a copy"))
    text = _("an exercise, or the function that it asks for")
    reset.add_argument("exercises", nargs="+", metavar="2.3", help=text)
    update = command("update", _update, _("take over a newer course, and keep what is yours"))
    text = _("a zip or a folder of the newer course; git's remote one, if none")
    update.add_argument("source", nargs="?", type=Path, metavar="course.zip", help=text)
    command("doctor", _doctor, _("see whether everything is there that the course needs"))
    if grading:
        grading.add(commands)
    return parser


def _check(options: argparse.Namespace) -> int:
    from course_nn.checks import notebook
    from course_nn.checks.registry import chosen

    exercises = chosen(options.exercises)
    files = {e.chapter: notebook.path(e.chapter) for e in exercises}
    saved = _saved(files.values())
    code = _check_once(exercises, files)
    while options.watch:
        time.sleep(0.5)
        if (now := _saved(files.values())) != saved:
            saved = now
            print("─" * 60, flush=True)
            code = _check_once(exercises, files)
    return code


def _check_once(exercises: list, files: dict[int, Path]) -> int:
    """Check each chapter in a process of its own, which stands where its notebook does."""
    from course_nn.checks.running import PIPE_IS_CLOSED

    package = str(Path(__file__).resolve().parent.parent)
    environment = {
        **os.environ,
        "PYTHONIOENCODING": f"{sys.stdout.encoding or 'utf-8'}:replace",
        "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
        "MPLBACKEND": "agg",
        "COURSE_NN_LANGUAGE": i18n.language(),
    }
    codes = []
    for chapter, own in groupby(exercises, key=lambda exercise: exercise.chapter):
        names = [exercise.name for exercise in own]
        file = files[chapter].resolve()
        done = subprocess.run(
            [sys.executable, "-P", "-c", RUN, str(file), *names],
            env=environment,
            cwd=file.parent,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        code = done.returncode
        if code == PIPE_IS_CLOSED:
            return code
        if code not in (0, 1, 2):
            message = _(
                "Python itself ended, with code {code}, in the exercises of chapter {chapter}."
            )
            print(message.format(code=code, chapter=chapter))
            code = 1
        codes.append(code)
    return max(codes)


def _saved(files: Iterable[Path]) -> list[int]:
    return [file.stat().st_mtime_ns if file.exists() else 0 for file in files]


def _progress(options: argparse.Namespace) -> int:
    from course_nn import checks

    print(checks.progress())
    return 0


def _update(options: argparse.Namespace) -> int:
    from course_nn import update

    home = Path(os.environ.get("COURSE_NN_HOME") or update.COURSE)
    told = update.update(options.source, home)
    print("\n".join(told or [_("Your notebooks are as new as the course.")]))
    print(_("The next python3 start.py installs what the newer course needs."))
    return 0


def _reset(options: argparse.Namespace) -> int:
    from course_nn.checks import notebook, panel
    from course_nn.checks.registry import chosen

    for exercise in chosen(options.exercises, chapters=False):
        file, copy = notebook.reset(exercise)
        kept, title = copy.relative_to(file.parent), panel.title(exercise)
        message = _("{title} is a stub again in {file}; as it was: {copy}")
        print(message.format(title=title, file=file.name, copy=kept))
    print(_("Is it open in JupyterLab? Choose File, Reload Notebook from Disk."))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from course_nn import environment
    from course_nn.checks import store

    good = environment.check()
    print(_("Python: {path}").format(path=sys.executable))
    print(_("Exercises: {path}").format(path=chapters.folder()))
    print(_("Progress: {path}").format(path=store.path()))
    store.progress()
    if store.trouble():
        print(store.trouble())
    return 0 if good and not store.trouble() else 1


if __name__ == "__main__":
    sys.exit(main())
