"""What has to be true of a notebook that is shown to others, and of what is committed."""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from authoring import sources
from authoring.execution import WIDGET
from authoring.sources import ROOT, LessonError, Target, assemble, first_line, shown

SIZE_LIMIT = 1_500_000  # bytes of a notebook: what a code-hosting site still shows

_HERE = {str(ROOT), str(Path.home()), sys.prefix, tempfile.gettempdir()} - {"/"}
_MACHINE = re.compile(
    rf"(?:{'|'.join(map(re.escape, _HERE))})\b"
    r"|/(?:home|root|Users|tmp|var|opt|usr)/|\b[A-Z]:\\|site-packages|\bat 0x[0-9a-fA-F]+"
)
_NO_WORDS = (
    "a picture without alternative text: draw on `picture, axes = canvas(alt=_(...))` of "
    "course_nn.plots, in words that say what there is to see, and leave `picture` in the last line"
)


def _by_number(number: int, cell: NotebookNode) -> str:
    return f"cell {number} ({first_line(cell)})"


def problems(
    notebook: NotebookNode, where: Callable[[int, NotebookNode], str] = _by_number
) -> Iterator[str]:
    """Each sentence names a cell whose outputs a reader elsewhere could not trust, and why."""
    count = 0
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        count += 1
        for problem in _of_cell(cell, count):
            yield f"{where(number, cell)}: {problem}"


def _of_cell(cell: NotebookNode, count: int) -> Iterator[str]:
    if cell.execution_count != count:
        yield "not executed in order from a fresh kernel, build the notebook again"
    tags = cell.metadata.get("tags", [])
    failed = any(output.output_type == "error" for output in cell.outputs)
    if failed != ("raises-exception" in tags):
        yield f"{'raises' if failed else 'does not raise'}, against its tags"
    if failed and "nbval-ignore-output" in tags:
        yield "ignores its output, so it need not raise the error that it shows"
    if not cell.outputs and "nbval-ignore-output" in tags:
        yield "ignores an output that it does not have"
    for output in cell.outputs:
        if output.get("name") == "stderr":
            yield f"writes to stderr: {output.text.strip()}"
        data = output.get("data", {})
        named = _MACHINE.search("\n".join(texts(output)))
        if named:
            yield f"shows what is only on this machine: {named[0]}"
        images = [kind for kind in data if kind.startswith("image/")]
        described = len(data.get("text/plain", "")) > 20 and data["text/plain"][0] != "<"
        if images and not described:
            yield _NO_WORDS
        if WIDGET in data:
            yield "a widget, which shows nothing without its kernel"


def texts(output: NotebookNode) -> Iterator[str]:
    """What ``output`` says in words."""
    yield output.get("text", "")
    yield output.get("evalue", "")
    for kind, content in output.get("data", {}).items():
        if isinstance(content, str) and not kind.startswith("image/"):
            yield content


def committed(target: Target) -> NotebookNode:
    """The notebook of ``target`` as it is on disk."""
    if not target.notebook.exists():
        raise LessonError(f"{shown(target.notebook)} has not been built")
    try:
        return nbformat.read(target.notebook, nbformat.NO_CONVERT)
    except ValueError as error:
        raise LessonError(f"{shown(target.notebook)} is no notebook: {error}") from None


def check(target: Target) -> None:
    """Raise `LessonError` unless the committed notebook is what its source builds, executed."""
    old, new = committed(target), assemble(target)
    found = []
    for key in ["nbformat", "nbformat_minor", "metadata"]:
        if old[key] != new[key]:
            found.append(f"{key} is not what the build writes")
    if len(old.cells) != len(new.cells):
        found.append(f"{len(old.cells)} cells, but the source has {len(new.cells)}")
    for number, (before, now) in enumerate(zip(old.cells, new.cells), 1):
        for key in ["cell_type", "source", "id", "metadata", "attachments"]:
            if before.get(key) != now.get(key):
                found.append(f"{_by_number(number, now)}: its {key} is not what the source says")
                break
    found += problems(old)
    if target.notebook.stat().st_size > SIZE_LIMIT:
        found.append(f"over {SIZE_LIMIT:,} bytes")
    if found:
        raise LessonError("\n".join([f"{shown(target.notebook)}:", *found]))


def orphans() -> list[str]:
    """The notebooks that no source builds."""
    built = {
        target.notebook
        for code in sources.languages()
        for target in sources.targets(code) + sources.exercises(code)
    }
    found = {
        path
        for folder in (sources.NOTEBOOKS, sources.EXERCISES, sources.ANSWERS)
        for path in folder.rglob("*.ipynb")
        if not {".ipynb_checkpoints", "before_reset"} & set(path.parts)
    }
    return [f"{shown(path)}: no source builds it" for path in sorted(found - built)]
