"""The course's worked answers, in the place of a student's helpers that are not right.

Where an answer fails for what it calls, it is judged once more with these. They go into the sandbox as
code. The worked answer to the exercise that is judged never does, nor a value that it should give.
"""

import ast
import symtable
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from course_nn import notebooks
from course_nn.chapters import ANSWERS, CHAPTERS
from course_nn.checks import EXERCISES

COURSE = Path(__file__).resolve().parent.parent.parent
MODULE = "worked_answers"  # as which they are imported


@cache
def reads(source: str) -> frozenset[str]:
    """The names that code reads from its module: no parameter, and nothing local to a function."""
    try:
        whole = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    return frozenset(
        symbol.get_name()
        for table in _tables(whole)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table is whole or symbol.is_global())
    )


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def source(names: Iterable[str], but: str) -> str:
    """A module that holds right answers to the exercises ``names``, and what these call.

    Empty where ``but``, an exercise that may not be in it, would be, and in a copy of the course
    without worked answers.
    """
    wanted: set[str] = set()
    more = set(names)
    while more:
        wanted |= more
        called = {name for own in more for name in reads(published(own))}
        more = (called & EXERCISES.keys()) - wanted
    if but in wanted or not all(map(published, wanted)):
        return ""
    return "\n\n".join(published(name) for name in EXERCISES if name in wanted)


@cache
def published(name: str) -> str:
    """The worked answer, with what it imports; empty if there is none."""
    code = _of_chapter(EXERCISES[name].chapter).get(name)
    if not code:
        return ""
    return f"import numpy as np\n{ast.unparse(ast.parse(code))}"


@cache
def _of_chapter(chapter: int) -> dict[str, str]:
    """The worked answers that belong to this package, wherever it is called from, by exercise."""
    path = COURSE / ANSWERS / CHAPTERS[chapter].notebook
    if not path.exists():
        return {}
    cells = notebooks.read(path)["cells"]
    return {name: cell["source"] for cell in cells if (name := notebooks.mark(cell))}
