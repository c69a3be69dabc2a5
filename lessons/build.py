"""Build the notebooks of the course from their text sources, and prove that none has drifted.

lessons/NN_name/lesson.md (Jupytext Markdown) becomes notebooks/NN_name.ipynb, executed from the
first cell to the last in a fresh kernel. A notebook is written only when no cell failed.
"""

import argparse
import hashlib
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat
import polib
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "lessons"
NOTEBOOKS = ROOT / "notebooks"
CELL_TIMEOUT = 120  # seconds

EXAMPLES = """examples:
  python lessons/build.py                     build and run every notebook
  python lessons/build.py 02_descent          build and run one
  python lessons/build.py --check             prove that what is committed is what the sources build
  python lessons/build.py --extract es        make or update lessons/*/es.po for the translators
  python lessons/build.py --language es       build the Spanish notebooks into notebooks/es/
"""

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


class LessonError(Exception):
    """Something in a lesson that its author has to mend; the message says where and what."""


class Target(NamedTuple):
    """One notebook and the text that it is built from."""

    name: str  # 02_descent
    source: Path  # lessons/02_descent/lesson.md
    notebook: Path  # notebooks/02_descent.ipynb
    language: str = "en"

    @property
    def catalogue(self) -> Path:
        """The translation of the source's Markdown cells."""
        return self.source.with_name(f"{self.language}.po")


def targets(language: str = "en") -> list[Target]:
    """Every notebook that the sources make in ``language``, in the order of the chapters."""
    folder = NOTEBOOKS if language == "en" else NOTEBOOKS / language
    found = []
    for source in sorted(LESSONS.glob("*/lesson.md")):
        name = source.parent.name
        found.append(Target(name, source, folder / f"{name}.ipynb", language))
    return found


# Source to notebook, nothing executed


def assemble(target: Target) -> NotebookNode:
    """The notebook of ``target`` as its source says it, without outputs."""
    notebook = jupytext.read(target.source, fmt="md")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    identify(notebook.cells)
    direct(notebook.cells)
    for cell in notebook.cells:
        if "claims" in cell.metadata.get("tags", []):
            cell.metadata["jupyter"] = {"source_hidden": True}
    if target.language != "en":
        translate(notebook, target)
    return notebook


def identify(cells: list[NotebookNode]) -> None:
    """Give each cell an id made from its text, so that a new cell does not change those of others."""
    seen: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def direct(cells: list[NotebookNode]) -> None:
    """Say how the cells become slides, unless the source has said it.

    A heading opens a slide, and so does the prose that follows a result; code comes a key press
    later, so that a room can predict what it will show.
    """
    before = None
    for cell in cells:
        code = cell.cell_type == "code"
        heading = re.match(r"(#{1,3}) ", cell.source) if not code else None
        if heading:
            kind = "subslide" if heading[1] == "###" else "slide"
        elif "claims" in cell.metadata.get("tags", []):
            kind = "skip"
        elif code:
            kind = "subslide" if before == "code" else "fragment"
        else:
            kind = "subslide" if before == "code" else "-"
        cell.metadata.setdefault("slideshow", {"slide_type": kind})
        before = cell.cell_type


def translate(notebook: NotebookNode, target: Target) -> None:
    """Put the translation of every Markdown cell in its place; code cells stay as they are."""
    if not target.catalogue.exists():
        raise LessonError(
            f"{shown(target.catalogue)} is not there. Make it with: "
            f"python lessons/build.py --extract {target.language}"
        )
    entries = {entry.msgid: entry for entry in polib.pofile(str(target.catalogue))}
    stale = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "markdown":
            continue
        entry = entries.get(cell.source)
        if entry is not None and entry.translated() and not entry.obsolete:
            cell.source = entry.msgstr
        else:
            stale.append(f"  cell {number}: {first_line(cell.source)}")
    if stale:
        raise LessonError(
            f"{shown(target.catalogue)} is behind {shown(target.source)}; these cells changed or "
            "were never translated:\n" + "\n".join(stale)
        )
    if target.language != "en":
        code = f'import course_nn\n\ncourse_nn.set_language("{target.language}")'
        cell = nbformat.v4.new_code_cell(code, id="language")
        cell.metadata["slideshow"] = {"slide_type": "skip"}
        notebook.cells.insert(1, cell)


# Execution


class ThisPython(AsyncKernelManager):
    """Starts the Python that runs this script, whatever other kernels are installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict(["--log-level=ERROR"]))


def execute(notebook: NotebookNode, target: Target) -> None:
    """Run every cell in a fresh kernel whose folder is the notebook's."""
    target.notebook.parent.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        notebook,
        kernel_manager_class=ThisPython,
        timeout=CELL_TIMEOUT,
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(target.notebook.parent)}},
    )
    running = None

    def remember(cell: NotebookNode, cell_index: int) -> None:
        nonlocal running
        running = cell

    client.on_cell_execute = remember
    with tempfile.TemporaryDirectory() as profile:  # no start-up files, no history of this user
        try:
            client.execute(env={**os.environ, "IPYTHONDIR": profile})
        except CellExecutionError as error:
            raise LessonError(failure(target, running, f"{error.ename}: {error.evalue}")) from None
        except CellTimeoutError:
            message = f"it ran for more than {CELL_TIMEOUT} seconds"
            raise LessonError(failure(target, running, message)) from None
        except DeadKernelError:
            raise LessonError(failure(target, running, "the kernel died")) from None
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel has put its own version in
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # the frames above it name files of this machine
                output.traceback = [f"\x1b[31m{output.ename}\x1b[39m: {output.evalue}"]


def failure(target: Target, cell: NotebookNode | None, message: str) -> str:
    if cell is None:
        return f"{shown(target.source)}: {message}"
    text = target.source.read_text(encoding="utf-8")
    line = text.count("\n", 0, max(text.find(cell.source), 0)) + 1
    source = "\n".join("    " + part for part in cell.source.splitlines())
    return f"{shown(target.source)}, line {line}: a cell failed\n\n{source}\n\n{message}"


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 70 else line[:69] + "…"


def write(notebook: NotebookNode, path: Path) -> None:
    """Write the whole file or nothing."""
    nbformat.validate(notebook)
    draft = path.with_suffix(".part")
    draft.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    draft.replace(path)


def build(target: Target) -> None:
    started = time.perf_counter()
    print(f"{target.name:24}", end="", flush=True)
    notebook = assemble(target)
    execute(notebook, target)
    write(notebook, target.notebook)
    code = sum(cell.cell_type == "code" for cell in notebook.cells)
    print(f"{code:4} code cells {time.perf_counter() - started:7.1f} s")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("chapters", nargs="*", metavar="chapter", help="such as 02_descent (default: all)")
    parser.add_argument("--language", default="en", help="build the translation into this language")
    options = parser.parse_args(arguments)

    wanted = targets(options.language)
    known = [target.name for target in wanted]
    unknown = [name for name in options.chapters if name not in known]
    if unknown:
        parser.error(f"no lessons/{unknown[0]}/lesson.md; there is: {', '.join(known) or 'no lesson yet'}")
    failed = 0
    for target in wanted:
        if not options.chapters or target.name in options.chapters:
            try:
                build(target)
            except LessonError as error:
                failed += 1
                print(f"failed\n\n{error}\n", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
