"""Notebooks, read and written: their cells, the stubs in them, and the Python of a cell.

This is the one reader of notebooks: of the checks, of `reset` and `solution`, of the grading, and of the
build. Nothing here runs what it reads.
"""

import ast
import json
import re
import textwrap
import warnings
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_nn.i18n import _

Cell = dict[str, Any]  # as the format 4 has it, but for its source, which is one string

# Files


def read(path: Path) -> dict[str, Any]:
    """The notebook as JSON has it, but for the source of each cell, which is one string.

    Raises:
        ValueError: it is no notebook.
        OSError: it cannot be read.
    """
    try:
        return loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        message = _("{path} cannot be read as a notebook: {error}")
        raise ValueError(message.format(path=path, error=error)) from None


def loads(text: str) -> dict[str, Any]:
    """The notebook whose JSON is ``text``, of the format 4; see `read`.

    Raises:
        ValueError: it is none.
    """
    try:
        notebook = json.loads(text)
    except RecursionError:
        raise ValueError(_("it is nested too deep")) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    for number, cell in enumerate(cells if isinstance(cells, list) else (), 1):
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        whole = isinstance(source, str) and isinstance(cell.get("cell_type"), str)
        if not whole or not isinstance(cell.get("metadata"), dict):
            raise ValueError(_("its cell {n} is not whole").format(n=number))
        cell["source"] = source
    if not isinstance(cells, list):
        raise ValueError(_("it has no cells"))  # noqa: TRY004
    return notebook


def write(path: Path, notebook: dict[str, Any]) -> None:
    """Write what `read` has given, whole or not at all."""
    cells = [
        {**cell, "source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]
    ]
    text = json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False) + "\n"
    draft = path.with_suffix(".part")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)


def mark(cell: Cell, names: Collection[str] = ()) -> str:
    """The exercise that ``cell`` says it answers; empty if it answers none.

    nbgrader's ``grade_id`` says so, else its ``id`` if that is one of ``names``.
    """
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) and marks.get("solution") else None
    if names and name not in names:
        name = cell.get("id")
    return name if isinstance(name, str) and (not names or name in names) else ""


# Stubs

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


# Cells of code


@dataclass(frozen=True)
class Part:
    """A cell of code, or what stands between two ``# %%`` of a script.

    ``mark`` is the exercise that the notebook says it answers, ``test`` that it says it is a test,
    ``text`` that it is no cell of code, though a function is written in it. ``grade_id`` and
    ``points`` are what nbgrader's marks say, of this course or another version of it.
    """

    place: str
    source: str
    mark: str = ""
    test: bool = False
    text: bool = False
    grade_id: str = ""
    points: float | None = None


def parts(cells: Iterable[Cell], names: Collection[str]) -> list[Part]:
    """The cells of code among ``cells``, of any format; of others those that look like code.

    ``names`` are those of the exercises.
    """
    found = []
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", cell.get("input", cell.get("code")))
        if isinstance(source, list):
            lines = [line for line in source if isinstance(line, str)]
            if "source" not in cell:  # the format 2 has its lines without their ends
                lines = [line.removesuffix("\n") + "\n" for line in lines[:-1]] + lines[-1:]
            source = "".join(lines)
        kind = cell.get("cell_type")
        text = kind in ("markdown", "raw") and isinstance(source, str)
        if not isinstance(source, str) or not (
            kind == "code" or text and _LIKE_CODE.search(source)
        ):
            continue
        metadata = cell.get("metadata")
        marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        marks = marks if isinstance(marks, dict) else {}
        source = re.sub("[\ud800-\udfff]", "\ufffd", source).removeprefix("\ufeff")
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        place = _("cell {n}").format(n=number)
        test = bool(marks.get("grade")) and not marks.get("solution")
        name, points = marks.get("grade_id"), marks.get("points")
        name = name if isinstance(name, str) and (test or marks.get("solution")) else ""
        points = points if isinstance(points, (int, float)) and 0 <= points < 1e6 else None
        found.append(Part(place, source, mark(cell, names), test, text, name, points))
    return found


_LIKE_CODE = re.compile(r"^(?:async +)?def +\w+\(|^\w+ *= *lambda\b", re.MULTILINE)


# The Python of a cell, as IPython takes it


def parse(source: str) -> ast.Module | None:
    """The syntax tree of ``source``; None if Python would not take it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


def plain(source: str) -> tuple[str, set[str]]:
    """``source`` without what only IPython understands, on the same lines; what was left out.

    What is Python stays as it is. Else the rules are IPython's own: what is indented as a whole,
    and what was pasted with its prompts, is Python without these; a statement may be a magic. What
    was left out is a set of kinds: "%%bash" a cell of another language, "%" lines of IPython's own,
    "await" statements that wait where Python does not let them.
    """
    odd: set[str] = set()
    lines = source.split("\n")
    tree = parse(source)
    if tree is None or re.match(r"\s*In \[\d+\]: ", source):  # In [3]: x = 1 would annotate
        lines = _pasted(lines)
        for number, line in enumerate(lines):
            if magic := re.match(r"%%(\w+)", line):
                odd.add("%" if magic[1] in _KEPT else magic[0])
                if magic[1] not in _KEPT:
                    return "", odd
                lines[number] = ""
            elif line.strip():
                break
        tree = parse("\n".join(lines))
    if tree is None and _blank_magics(lines):
        odd.add("%")
        tree = parse("\n".join(lines))
    for node in tree.body if tree else ():
        if _waits(node):
            odd.add("await")
            first, last = span(node)
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines), odd


def span(node: ast.stmt) -> tuple[int, int]:
    """The first and the last line of a statement, decorators included."""
    lines = [node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]
    return min(lines), node.end_lineno or node.lineno


def _waits(node: ast.AST) -> bool:
    """Whether there is an await in ``node``, but for those in functions."""
    nodes = [node]
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            return True
        if isinstance(node, ast.comprehension) and node.is_async:
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)
    return False


_TOKEN = re.compile(
    r'"""|\'\'\'|"(?:\\.|[^"\\])*"?|\'(?:\\.|[^\'\\])*\'?|#.*|[()\[\]{}]|\\$|[^"\'#()\[\]{}\\]+|.'
)
_REST = {quote: re.compile(rf"(?:\\.|(?!{quote}).)*({quote})?") for quote in ('"""', "'''")}


class _Lines:
    """What is open after the lines that were read: a string, brackets, a line that goes on."""

    def __init__(self) -> None:
        self.quote, self.depth, self.goes_on = "", 0, False

    @property
    def statement(self) -> bool:
        """Whether the next line starts a statement."""
        return not (self.quote or self.depth or self.goes_on)

    def read(self, line: str) -> None:
        self.goes_on, place = False, 0
        while place < len(line):
            if self.quote:
                rest = _REST[self.quote].match(line, place)
                assert rest
                self.quote, place = "" if rest[1] else self.quote, max(rest.end(), place + 1)
                continue
            found = _TOKEN.match(line, place)
            assert found
            token = found[0]
            place += len(token)
            self.quote = token if token in _REST else ""
            self.depth = max(0, self.depth + (token in "([{") - (token in ")]}"))
            self.goes_on = token == "\\"


_PROMPTS = (
    re.compile(r"\s*(>>>|\.\.\.)([ \t]|$)"),  # Python's, as from a page of documentation
    re.compile(r"((\[(nav|ins)\] ?)?In \[\d+\]: ?|\s*\.{3,}: ?)"),  # IPython's
)


def _pasted(lines: list[str]) -> list[str]:
    """``lines`` without the prompts that they were copied with, or an indentation of them all.

    Prompts in a string stay, unless the string begins in a line with a prompt.
    """
    for prompt in _PROMPTS:
        first = [line for line in lines if line.strip()][:2]
        if any(prompt.match(line) for line in first):
            read, stripped, prompted = _Lines(), [], False
            for line in lines:
                inside = read.quote and not prompted
                found = None if inside else prompt.match(line)
                if not read.quote:
                    prompted = bool(found)
                stripped.append(line[found.end() :] if found else line)
                read.read(stripped[-1])
            lines = stripped
    dedented = textwrap.dedent("\n".join(lines)).split("\n")
    if len(dedented) == len(lines) and dedented != lines and parse("\n".join(dedented)):
        return dedented
    code = next((line for line in lines if line.strip()), "")
    indent = code[: len(code) - len(code.lstrip())]  # of the first line, as older IPythons have it
    return [line.removeprefix(indent) for line in lines]


_KEPT = ("time", "capture", "prun")  # these run what stands below them in the notebook itself
_RUNS = re.compile(r"%(?:time|prun)[ \t]+(?!-)")  # and these what stands beside them
_MAGIC = re.compile(
    r"""\s*(?: %{1,2}\w | ! | \?{1,2}\w | [,;/]\w                  # %time f()   !ls   ?f   /f x
             | [\w., \t]+ = \s* (?: ! | %\w )                       # files = !ls
             | [\w.*%]+ (?:\[-?\d+\])* \?{1,2} \s* $                # f?   a[0]??
             | (?: pip3? | conda | mamba | cd | ls | mkdir | cat ) [ \t]+ (?: [\w.~] | /(?!=) | --?\w ) )""",
    re.VERBOSE,
)


def _blank_magics(lines: list[str]) -> bool:
    """Blank, in place, the lines that start a statement and are IPython's; whether there are any."""
    read, magic, found = _Lines(), False, False
    for number, line in enumerate(lines):
        starts = read.statement and _MAGIC.match(line[:500])
        if magic or starts and parse(line.strip()) is None:
            indent = line[: len(line) - len(line.lstrip())]
            beside = "" if magic else _RUNS.sub("", line)
            runs = beside != line and not indent and parse(beside) is not None
            lines[number] = beside if runs else f"{indent}pass" if indent and not magic else ""
            magic, found = line.endswith("\\"), True
        else:
            read.read(line)
    return found
