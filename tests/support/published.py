"""The notebooks of exercises as a learner gets them: the stubs, and the worked answers."""

import ast
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tests.support import ROOT

STUBS = sorted((ROOT / "exercises").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "worked_answers").glob("*.ipynb"))


def answers(path: Path) -> dict[str, str]:
    """The code of each answer cell, by the name of its exercise."""
    cells = nbformat.read(path, nbformat.NO_CONVERT).cells
    return {
        nbgrader(cell)["grade_id"]: cell.source for cell in cells if nbgrader(cell).get("solution")
    }


def nbgrader(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})


@cache
def published(solved: bool) -> tuple[dict[str, str], dict[str, object]]:
    """The code of all answers, and the names that exist after a run of the notebooks' code."""
    found: dict[str, str] = {}
    namespace: dict[str, object] = {}
    for path in SOLUTIONS if solved else STUBS:
        for cell in nbformat.read(path, nbformat.NO_CONVERT).cells:
            if cell.cell_type == "code" and (
                nbgrader(cell).get("solution") or imports_only(cell.source)
            ):
                exec(compile(cell.source, f"<{path.stem}>", "exec"), namespace)
        found |= answers(path)
    return found, namespace


def imports_only(source: str) -> bool:
    return all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.parse(source).body)
