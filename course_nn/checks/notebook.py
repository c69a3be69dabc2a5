"""The notebooks of exercises on disk: found, read, run without a browser, put back to their stubs."""

import _thread
import ast
import contextlib
import io
import itertools
import json
import linecache
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_nn.chapters import CHAPTERS
from course_nn.checks import panel, store
from course_nn.checks.engine import (
    FAILED,
    NOT_ATTEMPTED,
    PASSED,
    Error,
    Exercise,
    Report,
    calling,
    evaluate,
)
from course_nn.i18n import _

DEADLINE = 30.0  # seconds for one exercise
Cell = dict[str, Any]

_SOLUTION = re.compile(
    r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.DOTALL | re.MULTILINE
)
_STUB = r"\1# YOUR CODE HERE\n\1raise NotImplementedError()"  # as nbgrader has it


def stub(solution: str) -> str:
    """The code of a worked answer with a stub in place of what is marked as solution."""
    return _SOLUTION.sub(_STUB, solution)


def unmarked(solution: str) -> str:
    """The code of a worked answer without the marks."""
    return re.sub(r" *### (BEGIN|END) SOLUTION(\n|$)", "", solution)


def has_solution(source: str) -> bool:
    """Whether a part of ``source`` is marked as solution."""
    return bool(_SOLUTION.search(source))


# Files


def folder() -> Path:
    """The folder ``exercises`` of the course: around here, else beside the package.

    Raises:
        FileNotFoundError: there is none.
    """
    for place in [Path.cwd(), *Path.cwd().parents, Path(__file__).parent.parent.parent]:
        if any((place / "exercises").glob("[0-9][0-9]_*.ipynb")):
            return place / "exercises"
    raise FileNotFoundError(_("There is no folder with exercises here. Go to the course's folder."))


def path(chapter: int, solved: bool = False) -> Path:
    """The notebook with the exercises of ``chapter``, or their solutions.

    Raises:
        FileNotFoundError: there is none.
    """
    place = folder() / "solutions" if solved else folder()
    found = place / CHAPTERS[chapter].notebook
    if found.exists():
        return found
    message = _("There is no notebook of chapter {chapter} in {folder}.")
    raise FileNotFoundError(message.format(chapter=chapter, folder=place))


def read(path: Path) -> dict[str, Any]:
    """The notebook as JSON has it, but for the source of each cell, which is one string.

    Raises:
        ValueError: it is no notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
            cell["cell_type"], answered(cell)  # they are there
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = _("{path} cannot be read as a notebook: {error}")
        raise ValueError(message.format(path=path, error=error)) from None
    return notebook


def answered(cell: Cell) -> str:
    """The name of the exercise that ``cell`` answers; empty if it answers none."""
    marks = cell["metadata"].get("nbgrader", {})
    return marks["grade_id"] if marks.get("solution") else ""


def published(exercise: Exercise) -> str | None:
    """The code of the worked answer, with its marks; None in a copy without solutions."""
    with contextlib.suppress(FileNotFoundError):
        for cell in read(path(exercise.chapter, solved=True))["cells"]:
            if answered(cell) == exercise.name:
                return cell["source"]
    return None


def reset(exercise: Exercise) -> tuple[Path, Path]:
    """Put the stub of ``exercise`` back; the notebook, and the copy of it as it was.

    Raises:
        FileNotFoundError: there is no such notebook.
        ValueError: it has no cell for the exercise, or cannot be read.
    """
    file = path(exercise.chapter)
    before = file.read_bytes()
    notebook = read(file)
    cells = [cell for cell in notebook["cells"] if answered(cell) == exercise.name]
    if not cells:
        message = _("{path} has no cell for {title} any more. Get the notebook again.")
        raise ValueError(message.format(path=file, title=panel.title(exercise)))
    parameters = ", ".join(exercise.parameters)
    bare = f"def {exercise.name}({parameters}):\n    ### BEGIN SOLUTION\n    ### END SOLUTION"
    for cell in cells:
        cell.update(source=stub(published(exercise) or bare), outputs=[], execution_count=None)
    kept = file.parent / "before_reset"
    kept.mkdir(exist_ok=True)
    names = (f"{file.stem}_{number}.ipynb" for number in itertools.count(1))
    copy = next(kept / name for name in names if not (kept / name).exists())
    copy.write_bytes(before)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    draft = file.with_suffix(".part")
    draft.write_text(
        json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
    )
    draft.replace(file)
    return file, copy


# Running


def run(cells: list[Cell]) -> tuple[dict[str, Any], dict[str, Error]]:
    """Run the answers among ``cells``: the names that they define, and the errors of those that fail.

    Of a learner's own cells imports, definitions and assignments are taken, what they try out is
    left; one that fails costs no other.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    errors = {}
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] != "code":
            continue
        source = re.sub(r"^\s*[%!].*", "", cell["source"], flags=re.MULTILINE)  # for IPython alone
        file = f"<cell {number}>"
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        try:
            tree = ast.parse(source, file)
            with contextlib.redirect_stdout(io.StringIO()), _deadline():
                if answered(cell):
                    exec(compile(tree, file, "exec"), namespace)
                    continue
                for node in tree.body:
                    if isinstance(node, _DEFINITIONS):
                        with contextlib.suppress(Exception):
                            exec(compile(ast.Module([node], []), file, "exec"), namespace)
        except (Exception, SystemExit, KeyboardInterrupt) as raised:
            errors[answered(cell)] = Error(type(raised).__name__, str(raised))
    return namespace, errors


_DEFINITIONS = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign),
)


def check(cells: list[Cell], exercises: list[Exercise]) -> Iterator[tuple[Report, panel.Panel]]:
    """Run the answers among ``cells`` and check those to ``exercises``."""
    namespace, errors = run(cells)
    for exercise in exercises:
        function = namespace.get(exercise.name)
        if exercise.name in errors:
            report = Report(exercise, FAILED)
            yield report, panel.of_broken_cell(exercise, errors[exercise.name])
            continue
        if callable(function):
            with _deadline():
                report = evaluate(exercise, calling(function))
        else:
            report = Report(exercise, NOT_ATTEMPTED)
        yield report, panel.of_report(report)


@contextlib.contextmanager
def _deadline() -> Iterator[None]:
    """Interrupt what runs for longer than ``DEADLINE`` seconds, as Ctrl-C does."""
    timer = threading.Timer(DEADLINE, _thread.interrupt_main)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def main(file: str, *names: str) -> int:
    """Print a panel for each exercise; 0 if all passed, 1 if not, 2 if there is no such notebook."""
    from course_nn import checks

    # A shell has what it runs in the background ignore interrupts: a loop could not be stopped.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        cells = read(Path(file))["cells"]
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    passed = True
    for report, shown in check(cells, [checks.EXERCISES[name] for name in names]):
        if report.status != NOT_ATTEMPTED:
            store.tried(report.exercise.name, report.points / report.exercise.points)
        passed = passed and report.status == PASSED
        print(shown if report.status == FAILED or len(names) == 1 else shown.first_line, flush=True)
    return 0 if passed else 1
