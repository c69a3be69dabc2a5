"""Which cells of a notebook run, and which exercises they answer: one set of rules for all.

`course-nn check` and the grading cut cells into pieces, and choose among them, by these.
"""

import ast
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from course_nn.i18n import _
from course_nn.notebooks import Part, parse, plain, span


@dataclass(frozen=True)
class Cell:
    """A cell of code, or a part of one: magics and shell lines are blanked out, the line numbers kept.

    ``answers`` names the exercises that it answers; it is empty for a cell of the learner's own.
    """

    source: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """Statements that define exercises, or others, from ``line`` on; the lines above are blank.

    ``defines`` are names that it makes functions, ``assigns`` names that it makes something else,
    ``stubs`` those of the former whose body is still `raise NotImplementedError()`.
    """

    source: str
    defines: frozenset[str] = frozenset()
    assigns: frozenset[str] = frozenset()
    stubs: frozenset[str] = frozenset()
    broken: bool = False
    line: int = 1


# Cells to pieces

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def pieces(source: str, names: Collection[str], above: int = 0) -> list[Piece]:
    """``source`` cut before and after every statement that defines one of ``names``.

    So an answer does not fail for a line beside it that hangs or raises. A name that is bound
    twice stays in one piece with what stands between. ``above`` lines stand above ``source``.
    """
    if not source.strip():
        return []
    tree = parse(source)
    if tree is None:
        line = above + 1 + len(source) - len(source.lstrip("\n"))
        guess = _guessed(source, names)
        return [Piece("\n" * above + source, defines=guess, broken=True, line=line)]
    lines = source.split("\n")
    functions = {node.name for node in tree.body if isinstance(node, _FUNCTIONS)}
    bound = [_bound(node, names, functions) for node in tree.body]
    last = {name: n for n, (d, a) in enumerate(bound) for name in d | a}
    groups: list[tuple[list[ast.stmt], set[str], set[str]]] = []
    until = -1  # the last statement of the piece that is being made
    for number, (node, (defines, assigns)) in enumerate(zip(tree.body, bound, strict=True)):
        joined = bool(groups) and (
            number <= until
            or span(node)[0] <= span(groups[-1][0][-1])[1]  # on one line: a = 1; b = 2
            or not (defines | assigns | groups[-1][1] | groups[-1][2])
        )
        if not joined:
            groups.append(([], set(), set()))
        groups[-1][0].append(node)
        groups[-1][1].update(defines)
        groups[-1][2].update(assigns)
        until = max([until, *(last[name] for name in defines | assigns)])
    future = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    found = []
    for nodes, defines, assigns in groups:
        first, end = span(nodes[0])[0], span(nodes[-1])[1]
        blank = [""] * (above + first - 1)
        if future and first > span(future[-1])[1]:
            blank[0] = "; ".join(map(ast.unparse, future))
        stubs = frozenset(n.name for n in nodes if isinstance(n, _FUNCTIONS) and _is_stub(n))
        text = "\n".join([*blank, *lines[first - 1 : end]])
        made, other = frozenset(defines), frozenset(assigns - defines)
        found.append(Piece(text, made, other, stubs & made, line=above + first))
    return found


def _bound(
    node: ast.stmt, names: Collection[str], functions: set[str]
) -> tuple[set[str], set[str]]:
    """Which of ``names`` a statement makes functions, and which it makes something else."""
    defines: set[str] = set()
    assigns: set[str] = set()
    nodes: list[ast.AST] = [node]
    while nodes:
        inner = nodes.pop()
        if isinstance(inner, (*_FUNCTIONS, ast.ClassDef)):
            defines.add(inner.name)
        elif isinstance(inner, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
            names_in = (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
            bound = {n.id for n in names_in if isinstance(n.ctx, ast.Store)}
            makes = inner.value is not None and _makes_function(inner.value, functions)
            (defines if makes else assigns).update(bound)
        for name in _BLOCKS if not isinstance(inner, (*_FUNCTIONS, ast.ClassDef)) else ():
            nodes += getattr(inner, name, ())
    return defines & set(names), assigns & set(names)


_BLOCKS = ("body", "orelse", "finalbody", "handlers")  # of if, try, with, for, ...


def _makes_function(value: ast.expr, functions: set[str]) -> bool:
    """Whether a value is a function by its looks: a lambda, another name of one, one wrapped."""
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, ast.Name):
        return value.id in functions
    return isinstance(value, ast.Call) and any(_makes_function(a, functions) for a in value.args)


def _is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _guessed(source: str, names: Collection[str]) -> frozenset[str]:
    """Which of ``names`` code that is no Python sets out to define."""
    pattern = r"^(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+)(\w+)|^(\w+)[ \t]*=[ \t]*lambda\b"
    found = re.finditer(pattern, source, re.MULTILINE)
    return frozenset({match[1] or match[2] for match in found} & set(names))


def without(piece: Piece, name: str) -> Piece:
    """``piece`` without its statements that bind ``name``; lines stay where they are."""
    lines = piece.source.split("\n")
    tree = parse(piece.source)
    for node in tree.body if tree else ():
        defines, assigns = _bound(node, [name], {name})
        if defines | assigns:
            first, last = span(node)
            lines[first - 1 : last] = [""] * (last - first + 1)
    left = {kind: getattr(piece, kind) - {name} for kind in ("defines", "assigns", "stubs")}
    return replace(piece, source="\n".join(lines), **left)


def does_nothing(source: str) -> bool:
    """Whether there are only comments, strings, asserts and calls of check, hint, ... in it."""
    tree = parse(source)
    return tree is not None and all(map(_does_nothing, tree.body))


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        value = node.value
        called = value.func if isinstance(value, ast.Call) else None
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        return isinstance(value, ast.Constant) or name in ("check", "hint", "solution", "progress")
    return isinstance(node, (ast.Assert, ast.Pass))


# Answers


@dataclass(eq=False)
class Placed:
    """A piece in its file, where it stands, and the exercises that it answers.

    ``mark`` is the exercise that its notebook says it answers.
    """

    file: int
    place: str
    mark: str
    piece: Piece
    answers: set[str] = field(default_factory=set)

    def rank(self, name: str) -> int:
        """How surely it answers ``name``; 0 if it does not."""
        if self.piece.broken:
            return 2 if name in self.piece.defines else int(self.mark == name)
        return 4 if name in self.piece.defines else 3 * (name in self.piece.assigns)


def of_notebook(parts: Iterable[Part], names: Collection[str]) -> list[Cell]:
    """What runs of a notebook's cells of code, in order; ``names`` are those of the exercises."""
    placed = [
        Placed(0, part.place, part.mark, piece)
        for part in parts
        for piece in of_part(part, plain(part.source)[0], names)
    ]
    decide(placed, names)
    return cells(placed)


def of_part(part: Part, source: str, names: Collection[str]) -> list[Piece]:
    """The pieces of ``part``, whose ``source`` is `plain`; none if it only tests."""
    if part.test and (tree := parse(source)) and all(map(_tests, tree.body)):
        return []
    return pieces(source, names)


def _tests(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Expr, ast.Assert, ast.Pass))


def decide(pieces: list[Placed], names: Collection[str]) -> list[str]:
    """Set which piece answers which exercise, and take the other definitions out; notes on it."""
    notes = {}
    for name in names:
        own = [piece for piece in pieces if piece.rank(name)]
        if not own:
            continue
        # in each file the last of the highest rank; of the files the last that is no stub
        of_files = [
            max([p for p in own[::-1] if p.file == file], key=lambda p: p.rank(name))
            for file in dict.fromkeys(piece.file for piece in own)
        ]
        best = max(of_files, key=lambda p: (p.rank(name), name not in p.piece.stubs, p.file))
        best.answers.add(name)
        rivals = [piece for piece in own if piece is best or piece.rank(name) in (2, 4)]
        if len(rivals) > 1:
            notes[name] = _note(name, rivals, best)
        for other in own:
            if other is not best and not other.piece.broken:
                other.piece = without(other.piece, name)
    if len(notes) <= 4:
        return list(notes.values())
    note = _("{names} are defined more than once. The last definition that runs counts.")
    return [note.format(names=", ".join(notes))]


def _note(name: str, rivals: list[Placed], best: Placed) -> str:
    note = _("{name} is defined more than once ({where}). What counts is {best}.")
    if name in best.piece.stubs:
        note += " " + _("That is the untouched stub.")
    where = ", ".join(piece.place for piece in rivals[:6])
    return note.format(name=name, where=where, best=best.place)


def cells(pieces: Iterable[Placed]) -> list[Cell]:
    """What runs of ``pieces``, once it is decided which of them answer."""
    return [
        Cell(own.piece.source, tuple(sorted(own.answers)))
        for own in pieces
        if own.answers or not (own.piece.broken or does_nothing(own.piece.source))
    ]
