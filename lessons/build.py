"""Build the notebooks of the course from their text sources, and prove that none has drifted.

lessons/NN_name/lesson.md (Jupytext Markdown) becomes notebooks/NN_name.ipynb, executed from the
first cell to the last in a fresh kernel. A notebook is written only when no cell failed.
lessons/NN_name/exercises.md becomes exercises/NN_name.ipynb, in which the answers are left out, and
exercises/solutions/NN_name.ipynb, in which every check must pass.

In lesson.md, ```python opens a code cell; a heading, or two blank lines, part two cells of prose.
Code that is shown and not run is fenced with ~~~python, commands with ~~~text. A cell with the tag
`claims` asserts what the prose says and is shown folded.
"""

import argparse
import ast
import difflib
import hashlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
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

from course_nn import checks
from course_nn.checks.engine import Exercise
from course_nn.checks.panel import facts
from course_nn.notebooks import has_solution, stub

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "lessons"
NOTEBOOKS = ROOT / "notebooks"
EXERCISES = ROOT / "exercises"
CELL_TIMEOUT = 120  # seconds
SIZE_LIMIT = 1_500_000  # bytes of a notebook: what a code-hosting site still shows

EXAMPLES = """examples:
  python lessons/build.py                     build and run every notebook
  python lessons/build.py 02_descent          build and run one
  python lessons/build.py 02_descent --exercises   build its exercises and their solutions alone
  python lessons/build.py --check             prove, without running, that nothing has drifted
  python lessons/build.py --extract es        make or bring up to date lessons/*/es.po, to translate
  python lessons/build.py --language es       build the Spanish notebooks into notebooks/es/

slides, of any notebook:
  jupyter nbconvert --to slides --SlidesExporter.reveal_scroll=True notebooks/02_descent.ipynb
writes notebooks/02_descent.slides.html, which needs the network when it is shown: it loads reveal.js
and MathJax. Without a network: pip install jupyterlab-rise once, open the notebook, press Alt+R.
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
TAGS = {"claims", "nbval-ignore-output", "raises-exception"}
WIDGET = "application/vnd.jupyter.widget-view+json"


class LessonError(Exception):
    """Something in a lesson that its author has to mend; the message says where and what."""


class Target(NamedTuple):
    """One notebook and the text that it is built from."""

    source: Path  # lessons/02_descent/lesson.md, or exercises.md
    notebook: Path  # notebooks/02_descent.ipynb, exercises/... or exercises/solutions/...
    language: str = "en"

    @property
    def name(self) -> str:
        return self.source.parent.name

    @property
    def catalogue(self) -> Path:
        """The translation of the source's cells of prose."""
        prefix = "" if self.source.stem == "lesson" else f"{self.source.stem}."
        return self.source.with_name(f"{prefix}{self.language}.po")

    @property
    def solved(self) -> bool:
        """Whether the answers to the exercises are to stand in the notebook."""
        return self.notebook.parent.name == "solutions"


def targets(language: str = "en") -> list[Target]:
    """Every lesson that the sources make in ``language``, in the order of the chapters."""
    return _targets("lesson.md", NOTEBOOKS, "", language)


def exercises(language: str = "en") -> list[Target]:
    """The notebooks of exercises, and those of their solutions."""
    stubs = _targets("exercises.md", EXERCISES, "", language)
    return stubs + _targets("exercises.md", EXERCISES, "solutions", language)


def _targets(source: str, folder: Path, part: str, language: str) -> list[Target]:
    found = [
        Target(
            path,
            folder / (language if language != "en" else "") / part / f"{path.parent.name}.ipynb",
            language,
        )
        for path in sorted(LESSONS.glob(f"*/{source}"))
    ]
    return [target for target in found if language == "en" or target.catalogue.exists()]


def languages() -> list[str]:
    """English, and every language into which a chapter has been translated."""
    found = {catalogue.stem.rpartition(".")[2] for catalogue in LESSONS.glob("*/*.po")}
    return ["en", *sorted(found)]


# From the source to a notebook, nothing executed


def read(source: Path) -> NotebookNode:
    """The cells of ``source``; a heading opens a cell, so that it can open a slide."""
    return jupytext.read(source, fmt={"extension": ".md", "split_at_heading": True})


def assemble(target: Target) -> NotebookNode:
    """The notebook of ``target`` as its source says it, without outputs."""
    notebook = read(target.source)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # Jupytext's memory of the text's layout
        tags = set(cell.metadata.get("tags", []))
        if tags - TAGS:
            raise LessonError(failure(target, cell, f"tags are {TAGS}, not {tags - TAGS}"))
        if "claims" in tags:
            cell.metadata["jupyter"] = {"source_hidden": True}
        if cell.cell_type == "code" and not plain(cell.source):
            message = "this is not plain Python; what is shown and not run, fence with ~~~"
            raise LessonError(failure(target, cell, message))
    identify(notebook.cells)
    if target.source.name == "exercises.md":
        grade(notebook, target)
    else:
        direct(notebook.cells)
    if target.language != "en":
        translate(notebook, target)
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


def direct(cells: list[NotebookNode]) -> None:
    """Say how the cells become slides, where the source has not said it.

    A slide opens with a heading, and with the prose after a result; its code comes a key press
    later, so that a room can say first what it expects.
    """
    after_code = False
    for cell in cells:
        code = cell.cell_type == "code"
        heading = None if code else re.match(r"#{1,3} ", cell.source)
        if heading:
            kind = "subslide" if heading[0] == "### " else "slide"
        elif "claims" in cell.metadata.get("tags", []):
            kind = "skip"
        elif after_code:
            kind = "subslide"
        else:
            kind = "fragment" if code else "-"
        cell.metadata.setdefault("slideshow", {"slide_type": kind})
        after_code = code


def grade(notebook: NotebookNode, target: Target) -> None:
    """Give the answers and checks among the cells nbgrader's marks; leave the answers out of stubs.

    An answer has a solution between ### BEGIN SOLUTION and ### END SOLUTION, and defines a function
    that has a specification in course_nn.checks; the check is the cell ``check(function)``.
    """
    prose = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose += cell.source + "\n\n"
        elif has_solution(cell.source):
            functions = [
                node.name
                for node in ast.parse(cell.source).body
                if isinstance(node, ast.FunctionDef)
            ]
            exercise = specification(functions[-1] if functions else "", cell, target)
            if facts(exercise) not in prose:
                message = f"the prose before it must have these lines:\n\n{facts(exercise)}"
                raise LessonError(failure(target, cell, message))
            mark(cell, exercise.name, target, solution=True, grade=False, locked=False)
            if not target.solved:
                cell.source = stub(cell.source)
        elif asked := re.fullmatch(r"check\((\w+)\)", cell.source):
            exercise = specification(asked[1], cell, target)
            points = {"points": exercise.points}
            mark(
                cell,
                f"check_{exercise.name}",
                target,
                solution=False,
                grade=True,
                locked=True,
                **points,
            )


def mark(cell: NotebookNode, grade_id: str, target: Target, **parts: bool | int) -> None:
    """Put nbgrader's metadata, schema 3, on ``cell``; what a learner has to keep cannot be deleted."""
    cell["id"] = grade_id
    cell.metadata["nbgrader"] = {"grade_id": grade_id, "schema_version": 3, "task": False, **parts}
    if not target.solved:
        cell.metadata["deletable"] = False
        if parts["locked"]:
            cell.metadata["editable"] = False


def specification(name: str, cell: NotebookNode, target: Target) -> Exercise:
    """What course_nn.checks says of the function ``name`` that ``cell`` defines or checks."""
    if name not in checks.EXERCISES:
        known = ", ".join(checks.EXERCISES)
        message = f"course_nn.checks specifies no exercise {name!r}, only: {known}"
        raise LessonError(failure(target, cell, message))
    return checks.EXERCISES[name]


def translate(notebook: NotebookNode, target: Target) -> None:
    """Put each cell's translation in its place; code stays, after a cell that sets the language."""
    entries = {
        entry.msgid: entry.msgstr
        for entry in catalogue(target)
        if entry.translated()  # neither empty, nor fuzzy, nor obsolete
    }
    stale = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown":
            if cell.source not in entries:
                stale.append(f"  cell {number}: {first_line(cell)}")
            cell.source = entries.get(cell.source, cell.source)
    if stale:
        raise LessonError(
            f"{shown(target.catalogue)} is behind {target.source.name}. These cells are new or "
            "have changed:\n" + "\n".join(stale) + "\nBring it up to date with: "
            f"python lessons/build.py --extract {target.language} {target.name}"
        )
    setting = f'import course_nn\n\ncourse_nn.set_language("{target.language}")'
    cell = nbformat.v4.new_code_cell(setting, id="language")
    cell.metadata["slideshow"] = {"slide_type": "skip"}
    notebook.cells.insert(1, cell)


def catalogue(target: Target) -> polib.POFile:
    """The translations that there are."""
    return polib.pofile(str(target.catalogue)) if target.catalogue.exists() else polib.POFile()


def extract(target: Target) -> None:
    """Make ``target.catalogue`` from the source, or bring it up to date.

    A cell that changed keeps the translation of the cell that it was, marked fuzzy.
    """
    done = {entry.msgid: entry for entry in catalogue(target) if entry.msgstr}
    new = polib.POFile(wrapwidth=0)
    new.metadata = {
        "Language": target.language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    cells = read(target.source).cells
    prose = dict.fromkeys(cell.source for cell in cells if cell.cell_type == "markdown")
    gone = [text for text in done if text not in prose]
    for text in prose:
        entry = done.get(text, polib.POEntry(msgid=text))
        entry.obsolete = False
        if text not in done:
            for before in difflib.get_close_matches(text, gone, n=1, cutoff=0.6):
                entry.msgstr, entry.previous_msgid = done[before].msgstr, before
                entry.flags.append("fuzzy")
        new.append(entry)
    save(target.catalogue, f"{new}\n")
    print(f"{shown(target.catalogue):32}{new.percent_translated():4} % translated")


# Execution


class ThisPython(AsyncKernelManager):
    """Starts the Python that runs this script, whatever other kernels are installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict(["--log-level=ERROR"]))


def execute(notebook: NotebookNode, target: Target) -> None:
    """Run every cell in a fresh kernel, whose folder is the notebook's."""
    target.notebook.parent.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        notebook,
        kernel_manager_class=ThisPython,
        timeout=CELL_TIMEOUT,
        coalesce_streams=True,  # as a reader sees them: one stream, a progress bar at its end
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(target.notebook.parent)}},
    )
    running = None

    def remember(cell: NotebookNode, cell_index: int) -> None:
        nonlocal running
        running = cell
        if sys.stdout.isatty():
            print(
                f"\r{title(target)} {cell_index + 1:3} of {len(notebook.cells)}", end="", flush=True
            )

    client.on_cell_execute = remember
    with (
        tempfile.TemporaryDirectory() as profile
    ):  # no start-up files or progress of whoever builds
        env = {
            "OPENBLAS_NUM_THREADS": "1",
            **os.environ,
        }  # sums in one order, cores left for others
        env |= {"IPYTHONDIR": profile, "COURSE_NN_DATA": profile}
        env["COURSE_NN_STRICT"] = "1" if target.solved else ""
        try:
            client.execute(env=env)
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
            elif WIDGET in output.get("data", {}):
                if "image/png" not in output.data:
                    message = "a widget is nothing without its kernel: show a picture beside it"
                    raise LessonError(failure(target, cell, message))
                del output.data[WIDGET]


# What has to be true of a notebook that is shown to others

_HERE = {str(ROOT), str(Path.home()), sys.prefix, tempfile.gettempdir()} - {"/"}
_MACHINE = re.compile(
    rf"(?:{'|'.join(map(re.escape, _HERE))})\b"
    r"|/(?:home|root|Users|tmp|var|opt|usr)/|\b[A-Z]:\\|site-packages|\bat 0x[0-9a-fA-F]+"
)


def problems(notebook: NotebookNode) -> Iterator[str]:
    """Each sentence names a cell whose outputs a reader elsewhere could not trust, and why."""
    count = 0
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        count += 1
        where = f"cell {number} ({first_line(cell)})"
        if cell.execution_count != count:
            yield f"{where}: not executed in order from a fresh kernel, build the notebook again"
        tags = cell.metadata.get("tags", [])
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed != ("raises-exception" in tags):
            yield f"{where}: {'raises' if failed else 'does not raise'}, against its tags"
        if failed and "nbval-ignore-output" in tags:
            yield f"{where}: ignores its output, so it need not raise the error that it shows"
        if not cell.outputs and "nbval-ignore-output" in tags:
            yield f"{where}: ignores an output that it does not have"
        for output in cell.outputs:
            if output.get("name") == "stderr":
                yield f"{where}: writes to stderr: {output.text.strip()}"
            data = output.get("data", {})
            named = _MACHINE.search("\n".join(texts(output)))
            if named:
                yield f"{where}: shows what is only on this machine: {named[0]}"
            images = [kind for kind in data if kind.startswith("image/")]
            described = len(data.get("text/plain", "")) > 20 and data["text/plain"][0] != "<"
            if images and not described:
                yield f"{where}: a picture without alternative text"
            if WIDGET in data:
                yield f"{where}: a widget, which shows nothing without its kernel"


def texts(output: NotebookNode) -> Iterator[str]:
    """What ``output`` says in words."""
    yield output.get("text", "")
    yield output.get("evalue", "")
    for kind, content in output.get("data", {}).items():
        if isinstance(content, str) and not kind.startswith("image/"):
            yield content


# Build and check


def build(target: Target) -> None:
    """Assemble, execute and write one notebook."""
    started = time.perf_counter()
    notebook = assemble(target)
    execute(notebook, target)
    found = list(problems(notebook))
    if found:
        raise LessonError("\n".join([f"{shown(target.source)}:", *found]))
    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if size > SIZE_LIMIT:
        raise LessonError(
            f"{shown(target.notebook)} would have {size:,} bytes, over {SIZE_LIMIT:,}"
        )
    save(target.notebook, text)
    count = sum(cell.cell_type == "code" for cell in notebook.cells)
    took = time.perf_counter() - started
    start = "\r" if sys.stdout.isatty() else ""
    print(f"{start}{title(target)}{count:4} code cells{size // 1000:6} kB{took:7.1f} s")


def check(target: Target) -> None:
    """Raise `LessonError` unless the committed notebook is what its source builds, executed."""
    if not target.notebook.exists():
        raise LessonError(f"{shown(target.notebook)} has not been built")
    expected = assemble(target)
    try:
        committed = nbformat.read(target.notebook, nbformat.NO_CONVERT)
    except ValueError as error:
        raise LessonError(f"{shown(target.notebook)} is no notebook: {error}") from None
    found = []
    for key in ["nbformat", "nbformat_minor", "metadata"]:
        if committed[key] != expected[key]:
            found.append(f"{key} is not what the build writes")
    if len(committed.cells) != len(expected.cells):
        found.append(f"{len(committed.cells)} cells, but the source has {len(expected.cells)}")
    for number, (old, new) in enumerate(zip(committed.cells, expected.cells), 1):
        for key in ["cell_type", "source", "id", "metadata", "attachments"]:
            if old.get(key) != new.get(key):
                found.append(
                    f"cell {number} ({first_line(new)}): its {key} is not what the source says"
                )
                break
    found += problems(committed)
    if target.notebook.stat().st_size > SIZE_LIMIT:
        found.append(f"over {SIZE_LIMIT:,} bytes")
    if found:
        raise LessonError("\n".join([f"{shown(target.notebook)}:", *found]))


def orphans() -> list[str]:
    """The notebooks that no source builds."""
    built = {target.notebook for code in languages() for target in targets(code) + exercises(code)}
    found = sorted(
        path
        for folder in (NOTEBOOKS, EXERCISES)
        for path in folder.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    )
    return [f"{shown(path)}: no source builds it" for path in found if path not in built]


def save(path: Path, text: str) -> None:
    """Write the whole file or nothing."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)


def failure(target: Target, cell: NotebookNode | None, message: str) -> str:
    """What an author needs to find and mend a cell: file and line, the cell, what went wrong."""
    if cell is None:
        return f"{shown(target.source)}: {message}"
    text = target.source.read_text(encoding="utf-8")
    line = text.count("\n", 0, max(text.find(cell.source), 0)) + 1
    source = "\n".join("    " + part for part in cell.source.splitlines())
    return f"{shown(target.source)}, line {line}:\n\n{source}\n\n{message}"


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def title(target: Target) -> str:
    path = target.notebook.with_suffix("")
    return f"{shown(path) if path.is_relative_to(ROOT) else path.name:36}"


def first_line(cell: NotebookNode) -> str:
    line = cell.source.strip().partition("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "chapters", nargs="*", metavar="chapter", help="such as 02_descent; all, if none"
    )
    parser.add_argument(
        "--language", metavar="XX", help="build the notebooks of this language (en)"
    )
    parser.add_argument("--exercises", action="store_true", help="leave the lessons as they are")
    task = parser.add_mutually_exclusive_group()
    task.add_argument(
        "--check",
        action="store_true",
        help="run nothing, write nothing: compare, in every language",
    )
    task.add_argument("--extract", metavar="XX", help="write the catalogue XX.po of each lesson")
    options = parser.parse_args(arguments)

    known = sorted({target.name for target in targets() + exercises()})
    for name in options.chapters:
        if name not in known:
            parser.error(f"there is no chapter lessons/{name}, only: {', '.join(known)}")
    chosen = [options.language or "en"]
    if options.check and not options.language:
        chosen = languages()
    wanted = [
        target
        for language in chosen
        for target in (
            exercises(language) if options.exercises else targets(language) + exercises(language)
        )
        if not options.chapters or target.name in options.chapters
    ]
    if options.extract:
        task = extract
        wanted = [
            target._replace(language=options.extract) for target in wanted if not target.solved
        ]
    else:
        task = check if options.check else build
    if not wanted:
        parser.error(f"nothing is translated into {options.language!r}; begin with --extract")

    failures = []
    for target in wanted:
        try:
            task(target)
        except LessonError as error:
            failures.append(str(error))
            print(f"{title(target)} failed", flush=True)
    if options.check and not options.chapters:
        failures += orphans()
    print(
        *("\n" + message for message in failures),
        sep="\n",
        end="\n" if failures else "",
        file=sys.stderr,
    )
    if options.check and not failures:
        print(f"{len(wanted)} notebooks are what their sources build")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
