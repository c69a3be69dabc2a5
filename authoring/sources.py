"""The texts in ``lessons/``, and the notebooks that they say: all but what a run adds.

In lesson.md and exercises.md, ```python opens a code cell; a heading, or two blank lines, part two
cells of prose. Code that is shown and not run is fenced with ~~~python, commands with ~~~text. A
cell with the tag `claims` asserts what the prose says and is shown folded.
"""

import ast
import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat
from nbformat import NotebookNode

from authoring import slides, translation
from course_nn import chapters, checks
from course_nn.checks.engine import Exercise
from course_nn.checks.panel import facts
from course_nn.notebooks import has_solution, stub

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "lessons"
NOTEBOOKS, EXERCISES, ANSWERS = (
    ROOT / name for name in (chapters.NOTEBOOKS, chapters.STUBS, chapters.ANSWERS)
)

# Nothing in here depends on the machine that builds.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
TAGS = {"claims", "nbval-ignore-output", "raises-exception"}


class LessonError(Exception):
    """Something in a lesson that its author has to mend; the message says where and what."""


class Target(NamedTuple):
    """One notebook and the text that it is built from."""

    source: Path  # lessons/02_descent/lesson.md, or exercises.md
    notebook: Path
    language: str = "en"
    solved: bool = False  # whether the answers to the exercises are to stand in it

    @property
    def name(self) -> str:
        return self.source.parent.name

    @property
    def catalogue(self) -> Path:
        """The translation of the source."""
        prefix = "" if self.source.stem == "lesson" else f"{self.source.stem}."
        return self.source.with_name(f"{prefix}{self.language}.po")


def targets(language: str = "en") -> list[Target]:
    """Every lesson that the sources make in ``language``, in the order of the chapters."""
    return _targets("lesson.md", NOTEBOOKS, language)


def exercises(language: str = "en") -> list[Target]:
    """The notebooks of exercises, and those of their solutions."""
    stubs = _targets("exercises.md", EXERCISES, language)
    return stubs + _targets("exercises.md", ANSWERS, language, solved=True)


def _targets(source: str, folder: Path, language: str, solved: bool = False) -> list[Target]:
    found = [
        Target(path, place(folder, language) / f"{path.parent.name}.ipynb", language, solved)
        for path in sorted(LESSONS.glob(f"*/{source}"))
    ]
    return [target for target in found if language == "en" or target.catalogue.exists()]


def place(folder: Path, language: str) -> Path:
    """Where in ``folder`` the notebooks of ``language`` are."""
    return folder if language == "en" else folder / language


def languages() -> list[str]:
    """English, and every language that a chapter has a catalogue of."""
    found = {catalogue.stem.rpartition(".")[2] for catalogue in LESSONS.glob("*/*.po")}
    return ["en", *sorted(found)]


# From the source to a notebook, nothing executed


def read(source: Path) -> NotebookNode:
    """The cells of ``source``; a heading opens a cell, so that it can open a slide."""
    notebook = jupytext.read(source, fmt={"extension": ".md", "split_at_heading": True})
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # Jupytext's memory of the text's layout
    return notebook


def assemble(target: Target) -> NotebookNode:
    """The notebook of ``target`` as its source says it, without outputs."""
    notebook = read(target.source)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    cells = notebook.cells
    for cell in cells:
        tags = set(cell.metadata.get("tags", []))
        if tags - TAGS:
            raise LessonError(failure(target, cells, cell, f"tags are {TAGS}, not {tags - TAGS}"))
        if "claims" in tags:
            cell.metadata["jupyter"] = {"source_hidden": True}
        if cell.cell_type == "code" and not plain(cell.source):
            message = "this is not plain Python; what is shown and not run, fence with ~~~"
            raise LessonError(failure(target, cells, cell, message))
    identify(cells)
    if target.source.name == "exercises.md":
        grade(cells, target)
    else:
        slides.direct(cells)
    if target.language != "en":
        try:
            translation.translate(cells, target.catalogue, target.language)
        except translation.Unfaithful as error:
            message = f"its translation in {shown(target.catalogue)}: {error}"
            raise LessonError(failure(target, cells, error.cell, message)) from None
    relink(cells, target)
    if not target.solved:
        for cell in cells:
            cell.source = stub(cell.source) if cell.cell_type == "code" else cell.source
    return notebook


def plain(code: str) -> bool:
    """Whether Python itself understands ``code``: nbval does not see when a magic is unknown."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def identify(cells: list[NotebookNode]) -> None:
    """Make each cell's id from its text, so that a new cell leaves those of the others alone."""
    seen: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


_LINK = re.compile(r"""(?P<before>\]\(|\b(?:href|src)=")(?P<path>[^)"#\s]+)(?P<after>[)"#])""")


def relink(cells: list[NotebookNode], target: Target) -> None:
    """Have the links to files lead from where the notebook of ``target`` is.

    A source names files as its English notebook sees them. From another language's notebook they
    lead to the same page in that language where there is one.
    """
    folder = EXERCISES if target.source.name == "exercises.md" else NOTEBOOKS
    here = target.notebook.parent
    ours = {t.notebook for t in targets(target.language) + exercises(target.language)}

    def led(link: re.Match[str]) -> str:
        if re.match(r"[a-z]+:", link["path"]):
            return link[0]
        led_to = Path(os.path.normpath(folder / link["path"]))
        translated = place(led_to.parent, target.language) / led_to.name
        path = os.path.relpath(translated if translated in ours else led_to, here)
        return link["before"] + Path(path).as_posix() + link["after"]

    if here != folder:
        for cell in cells:
            if cell.cell_type == "markdown":
                cell.source = _LINK.sub(led, cell.source)


# Exercises


def grade(cells: list[NotebookNode], target: Target) -> None:
    """Give the answers and checks among the cells nbgrader's marks.

    An answer has a solution between ### BEGIN SOLUTION and ### END SOLUTION, and defines a function
    that has a specification in course_nn.checks; the check is the cell ``check(function)``.
    """
    prose = ""
    for cell in cells:
        if cell.cell_type == "markdown":
            prose += cell.source + "\n\n"
        elif has_solution(cell.source):
            functions = [
                node.name
                for node in ast.parse(cell.source).body
                if isinstance(node, ast.FunctionDef)
            ]
            exercise = specification(functions[-1] if functions else "", cells, cell, target)
            if facts(exercise) not in prose:
                message = f"the prose before it must have these lines:\n\n{facts(exercise)}"
                raise LessonError(failure(target, cells, cell, message))
            mark(cell, exercise.name, target, solution=True, grade=False, locked=False)
        elif asked := re.fullmatch(r"check\((\w+)\)", cell.source):
            exercise = specification(asked[1], cells, cell, target)
            name, points = f"check_{exercise.name}", exercise.points
            mark(cell, name, target, solution=False, grade=True, locked=True, points=points)


def mark(cell: NotebookNode, grade_id: str, target: Target, **parts: bool | int) -> None:
    """Put nbgrader's metadata, schema 3, on ``cell``; what a learner has to keep cannot be deleted."""
    cell["id"] = grade_id
    cell.metadata["nbgrader"] = {"grade_id": grade_id, "schema_version": 3, "task": False, **parts}
    if not target.solved:
        cell.metadata["deletable"] = False
        if parts["locked"]:
            cell.metadata["editable"] = False


def specification(
    name: str, cells: list[NotebookNode], cell: NotebookNode, target: Target
) -> Exercise:
    """What course_nn.checks says of the function ``name`` that ``cell`` defines or checks."""
    if name not in checks.EXERCISES:
        known = ", ".join(checks.EXERCISES)
        message = f"course_nn.checks specifies no exercise {name!r}, only: {known}"
        raise LessonError(failure(target, cells, cell, message))
    return checks.EXERCISES[name]


# Words for authors


def failure(
    target: Target,
    cells: list[NotebookNode],
    cell: NotebookNode | None,
    message: str,
    line: int = 1,
) -> str:
    """What an author needs to find and mend a cell: file and line, the cell, what went wrong.

    Args:
        cells: of the notebook of ``target``, among them ``cell``.
        line: the one in the cell, from 1 on.
    """
    if cell is None:
        return f"{shown(target.source)}: {message}"
    source = "\n".join(
        ("  > " if number == line > 1 else "    ") + part
        for number, part in enumerate(cell.source.splitlines(), 1)
    )
    first = first_line_in_source(target.source, cells, cell)
    if not first:
        return f"{shown(target.notebook)}, in a cell that the build adds:\n\n{source}\n\n{message}"
    return f"{shown(target.source)}, line {first + line - 1}:\n\n{source}\n\n{message}"


def first_line_in_source(source: Path, cells: list[NotebookNode], cell: NotebookNode) -> int:
    """The line of ``source`` at which ``cell``, one of ``cells``, begins; 0 if it is not from it."""
    if cell.get("id") in translation.ADDED:
        return 0
    written = [other for other in cells if other.get("id") not in translation.ADDED]
    number = next(number for number, other in enumerate(written) if other is cell)
    text, start = source.read_text(encoding="utf-8"), 0
    for original in read(source).cells[: number + 1]:
        found = max(text.find(original.source, start), start)
        start = found + len(original.source)
    return text.count("\n", 0, found) + 1


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def title(target: Target) -> str:
    path = target.notebook.with_suffix("")
    return f"{shown(path) if path.is_relative_to(ROOT) else path.name:36}"


def first_line(cell: NotebookNode) -> str:
    line = cell.source.strip().partition("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"
