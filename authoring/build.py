"""Build the notebooks of the course from the texts in lessons/, and prove that none has drifted.

lessons/NN_name/lesson.md (Jupytext Markdown) becomes notebooks/NN_name.ipynb, and exercises.md
becomes exercises/NN_name.ipynb, in which the answers are left out, and a notebook with the worked
answers, in which every check must pass. Each is executed from the first cell to the last in a fresh
kernel, and written only when no cell failed. Without a name, what its source changed is built, in
every language, and nothing is executed where prose alone has changed.
"""

import argparse
import importlib.util
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

EXAMPLES = """examples:
  python authoring/build.py                     build what its source has changed
  python authoring/build.py 02_descent          build this chapter, all of it
  python authoring/build.py 02_descent --exercises   its exercises and worked answers alone
  python authoring/build.py --all               build and run every notebook
  python authoring/build.py --check             prove, without running, that nothing has drifted

other languages (docs/translating.md):
  python authoring/build.py --extract es        make or bring up to date all that is to translate
  python authoring/build.py --language es       build the Spanish notebooks, as far as translated
  python authoring/build.py --status            count what is translated

slides, of any notebook:
  jupyter nbconvert --to slides --SlidesExporter.reveal_scroll=True notebooks/02_descent.ipynb
writes notebooks/02_descent.slides.html, which needs the network when it is shown: it loads reveal.js
and MathJax. Without a network: pip install jupyterlab-rise once, open the notebook, press Alt+R.
"""

TOOLS = ("babel", "course_nn", "ipykernel", "jupytext", "nbclient", "nbformat", "polib")
if missing := [tool for tool in TOOLS if importlib.util.find_spec(tool) is None]:
    sys.exit(
        f"This Python ({sys.executable}) lacks {', '.join(missing)}. In the course's folder,\n"
        "  python3 start.py test --version\n"
        "installs into .venv what builds the notebooks; then run\n"
        "  .venv/bin/python authoring/build.py     (on Windows: .venv\\Scripts\\python)"
    )
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nbformat
from nbformat import NotebookNode

from authoring import execution, proofs, sources, translation
from authoring.sources import LessonError, Target, exercises, shown, targets, title
from course_nn import i18n


def build(target: Target, afresh: bool = True) -> str:
    """Write the notebook of ``target``, and say how it went.

    Args:
        afresh: execute it in any case; else only if its code has changed.
    """
    started = time.perf_counter()
    notebook = sources.assemble(target)
    before = existing(target)
    if (
        before
        and not afresh
        and code(before) == code(notebook)
        and not list(proofs.problems(before))
    ):
        take_over(notebook, before)
        how = "text alone"
    else:
        if target.language not in i18n.languages():
            where = shown(translation.of_language(target.language))
            raise LessonError(f"{where} is not there: extract it with --extract {target.language}")
        execution.execute(notebook, target)
        steady(notebook, before)
        how = f"{time.perf_counter() - started:.1f} s"

    def line(number: int, cell: NotebookNode) -> str:
        first = sources.first_line_in_source(target.source, notebook.cells, cell)
        return f"line {first} ({sources.first_line(cell)})"

    if found := list(proofs.problems(notebook, line)):
        raise LessonError("\n".join([f"{shown(target.source)}:", *found]))
    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if size > proofs.SIZE_LIMIT:
        limit = proofs.SIZE_LIMIT
        raise LessonError(f"{shown(target.notebook)} would have {size:,} bytes, over {limit:,}")
    target.notebook.parent.mkdir(parents=True, exist_ok=True)
    translation.save(target.notebook, text)
    return f"{len(code(notebook)):4} code cells{size // 1000:6} kB{how:>12}"


def existing(target: Target) -> NotebookNode | None:
    try:
        return proofs.committed(target)
    except LessonError:
        return None


def code(notebook: NotebookNode) -> list[tuple[str, list[str]]]:
    """What runs, and how it is compared."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell.source, cell.metadata.get("tags", [])) for cell in cells]


def take_over(notebook: NotebookNode, before: NotebookNode) -> None:
    """Give the cells of ``notebook`` the outputs of the same code in ``before``."""
    ran = (cell for cell in before.cells if cell.cell_type == "code")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            same = next(ran)
            cell.outputs, cell.execution_count = same.outputs, same.execution_count


def steady(notebook: NotebookNode, before: NotebookNode | None) -> None:
    """Keep outputs of ``before`` that are exempt from comparison and differ in their digits alone."""
    old = {cell.id: cell for cell in before.cells} if before else {}
    for cell in notebook.cells:
        same = old.get(cell.id)
        exempt = "nbval-ignore-output" in cell.metadata.get("tags", [])
        if same and exempt and same.source == cell.source and blurred(same) == blurred(cell):
            cell.outputs = same.outputs


def blurred(cell: NotebookNode) -> list[str]:
    """The outputs of ``cell`` without the digits in their words."""
    words = [re.sub(r"[\s\d.,]+", " ", text) for o in cell.outputs for text in proofs.texts(o)]
    images = [
        content
        for output in cell.outputs
        for kind, content in output.get("data", {}).items()
        if kind.startswith("image/")
    ]
    return [*words, *images]


def changed(target: Target) -> bool:
    """Whether the notebook of ``target`` is not what its source says."""
    try:
        proofs.check(target)
    except LessonError:
        return True
    return False


def attempt(wanted: list[Target], task: Callable[[Target], str]) -> list[str]:
    """Do ``task`` for each, tell each, and return what went wrong."""
    failures = []
    start = "\r" if sys.stdout.isatty() else ""
    for target in wanted:
        try:
            print(f"{start}{title(target)}{task(target)}", flush=True)
        except LessonError as error:
            failures.append(str(error))
            print(f"{start}{title(target)} failed", flush=True)
    return failures


# Other languages


def catalogues(language: str, chapters: list[str]) -> Iterator[tuple[Path, Target]]:
    """Each catalogue of ``language`` that the sources of ``chapters`` want, and what it is of."""
    for target in targets() + exercises():
        if not target.solved and (not chapters or target.name in chapters):
            own = target._replace(language=language)
            yield own.catalogue, own


def extract(language: str, chapters: list[str]) -> None:
    """Make or bring up to date the catalogues of ``language``, and the package's own."""
    for catalogue, target in catalogues(language, chapters):
        texts = [
            part.text
            for cell in translation.cells_of(target.source)
            if cell.cell_type == "code"
            for part in translation.words(cell.source)
        ]
        entries = translation.of_source(target.source)
        translation.renew(catalogue, language, entries, texts)
    own = translation.of_language(language)
    translation.renew(own, language, translation.of_package())
    translation.compile_package(language)
    status([language], chapters)


def status(languages: list[str], chapters: list[str]) -> None:
    """Print how much of each catalogue is translated."""
    for language in languages:
        counts = []
        for catalogue, target in catalogues(language, chapters):
            counts.append(translation.coverage(catalogue, translation.of_source(target.source)))
            print(f"{shown(catalogue):44}{counts[-1]}")
        own = translation.of_language(language)
        counts.append(translation.coverage(own, translation.of_package()))
        print(f"{shown(own):44}{counts[-1]}")
        total = translation.Coverage(*(sum(column) for column in zip(*counts)))
        print(f"{language + ', all':44}{total}\n")


# The command line


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "chapters", nargs="*", metavar="chapter", help="such as 02_descent: build it in any case"
    )
    made.add_argument("--language", metavar="XX", help="of this language alone")
    made.add_argument("--exercises", action="store_true", help="leave the lessons as they are")
    made.add_argument("--all", action="store_true", help="execute all, changed or not")
    task = made.add_mutually_exclusive_group()
    task.add_argument("--check", action="store_true", help="run nothing, write nothing: compare")
    task.add_argument("--extract", metavar="XX", help="what there is to translate into a language")
    task.add_argument("--status", action="store_true", help="how much is translated")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 0 if all is well, 1 if a notebook is not, 2 if mistyped."""
    commands = parser()
    options = commands.parse_args(arguments)
    known = sorted({target.name for target in targets() + exercises()})
    for name in options.chapters:
        if name not in known:
            commands.error(f"there is no chapter lessons/{name}, only: {', '.join(known)}")
    if options.extract:
        if not re.fullmatch(r"(?!en)[a-z]{2,3}(_[A-Z]{2})?", options.extract):
            commands.error(f"{options.extract!r} is no language to translate into, such as es")
        extract(options.extract, options.chapters)
        return 0
    there = sources.languages()
    if options.language and options.language not in there:
        commands.error(
            f"nothing is translated into {options.language!r}; begin with --extract {options.language}"
        )
    chosen = [options.language] if options.language else there
    if options.status:
        if there == ["en"]:
            print("There is no translation yet. Begin one with: --extract es")
        status([language for language in chosen if language != "en"], options.chapters)
        return 0
    for language in chosen:
        translation.compile_package(language)
    wanted = [
        target
        for language in chosen
        for target in ([] if options.exercises else targets(language)) + exercises(language)
        if not options.chapters or target.name in options.chapters
    ]
    if options.check:
        failures = []
        for target in wanted:
            try:
                proofs.check(target)
            except LessonError as error:
                failures.append(str(error))
        failures += [] if options.chapters else proofs.orphans()
    else:
        afresh = options.all or bool(options.chapters)
        built = [target for target in wanted if afresh or changed(target)]
        failures = attempt(built, lambda target: build(target, afresh))
    for message in failures:
        print(f"\n{message}", file=sys.stderr)
    if not failures and (options.check or not built):
        print(f"{len(wanted)} notebooks are what their sources build")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped: what is built is whole, and the next run goes on.")
