"""Which names the cells of a lesson use, and which of them a later section uses for another thing."""

import ast
import re
import symtable
from typing import NamedTuple

from authoring.sources import Target, assemble


class Cell(NamedTuple):
    """What a code cell does with the names of the notebook."""

    section: str
    source: str
    reads: set[str]  # what it takes from cells before it
    binds: set[str]
    functions: dict[str, set[str]]  # what each function or class that it defines reads when called


def cells(target: Target) -> list[Cell]:
    section, found = "", []
    for cell in assemble(target).cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^##+ (.*)$", cell.source, re.MULTILINE)
            section = headings[-1] if headings else section
        else:
            found.append(Cell(section, cell.source, *names(cell.source)))
    return found


def names(code: str) -> tuple[set[str], set[str], dict[str, set[str]]]:
    """What ``code`` reads before it binds it, what it binds, and what its functions read."""
    reads: set[str] = set()
    binds: set[str] = set()
    functions: dict[str, set[str]] = {}
    for statement in ast.parse(code).body:
        table = symtable.symtable(ast.unparse(statement), "", "exec")
        bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
        used = free(table)
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            functions[statement.name] = used
        else:
            first = bound if isinstance(statement, ast.For | ast.With) else handled(statement)
            called = set().union(*(functions[name] for name in used & functions.keys()))
            reads |= (used | called) - binds - first
        binds |= bound - handled(statement)
    return reads, binds, functions


def handled(statement: ast.stmt) -> set[str]:
    """The names that ``except ... as`` gives, which end with their clause."""
    handlers = [node for node in ast.walk(statement) if isinstance(node, ast.ExceptHandler)]
    return {handler.name for handler in handlers if handler.name}


def free(table: symtable.SymbolTable) -> set[str]:
    """The names that ``table``, and what is nested in it, looks up in the notebook."""
    top = table.get_type() == "module"
    found = {
        s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())
    }
    return found.union(*map(free, table.get_children()))


def reused(target: Target) -> list[str]:
    """Names that a cell takes from its own section or an earlier one, and a later section rebinds.

    Whoever runs that cell again gets something else than the first time.
    """
    lesson = cells(target)
    found = []
    known: dict[str, set[str]] = {}
    for i, cell in enumerate(lesson):
        known |= cell.functions
        taken, wanted = set(), list(cell.reads)
        while wanted:
            name = wanted.pop()
            if name not in taken:
                taken.add(name)
                wanted += known.get(name, set())
        for later in lesson[i + 1 :]:
            if later.section != cell.section:
                found += [
                    f"{name}: read in {cell.section!r}, another thing in {later.section!r}"
                    for name in sorted((taken - (cell.binds - cell.reads)) & later.binds)
                ]
    return list(dict.fromkeys(found))
