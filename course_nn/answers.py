"""Which cells of a notebook run, and which exercises they answer: one set of rules for all.

`course-nn check` and the grading cut cells into pieces, and choose among them, by these.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from course_nn.notebooks import Part, parse, plain, span


@dataclass(frozen=True)
class Cell:
    """A cell of code, or a part of one: magics and shell lines are blanked out, the line numbers kept.

    Args:
        answers: the exercises that it answers; empty for a cell of the learner's own.
        spare: those that another cell answers, and this one if it earns more.
        judged: those that are judged when this has run: of its whole cell, and those that it checks.
    """

    source: str
    answers: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()


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
        guess = guessed(source, names)
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


def guessed(source: str, names: Collection[str]) -> frozenset[str]:
    """Which of ``names`` code that is no Python sets out to define."""
    pattern = r"^(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+)(\w+)|^(\w+)[ \t]*=[ \t]*lambda\b"
    found = re.finditer(pattern, source, re.MULTILINE)
    return frozenset({match[1] or match[2] for match in found} & set(names))


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
    """A piece of ``part``, where it stands, and the exercises that it answers; see `Cell`."""

    part: Part
    place: str
    piece: Piece
    answers: set[str] = field(default_factory=set)
    spare: set[str] = field(default_factory=set)

    def rank(self, name: str) -> int:
        """How surely it answers ``name``: `DEFINED`, or less; 0 if it does not."""
        if self.piece.broken:
            return BROKEN if name in self.piece.defines else MARKED * (self.part.mark == name)
        if name in self.piece.stubs:
            return STUB
        return DEFINED if name in self.piece.defines else ASSIGNED * (name in self.piece.assigns)


STUB, MARKED, BROKEN, ASSIGNED, DEFINED = range(1, 6)


def of_notebook(parts: Sequence[Part], names: Collection[str]) -> list[Cell]:
    """What runs of a notebook's cells of code, in order; ``names`` are those of the exercises."""
    placed = [
        Placed(part, part.place, piece)
        for part in parts
        for piece in of_part(part, plain(part.source)[0], names)
    ]
    for name in names:
        if own := [piece for piece in placed if piece.rank(name)]:
            choose(name, own)
    return cells(parts, placed)


def of_part(part: Part, source: str, names: Collection[str]) -> list[Piece]:
    """The pieces of ``part``, whose ``source`` is `plain`; none if it is text or only tests."""
    if part.text or part.test and (tree := parse(source)) and all(map(_tests, tree.body)):
        return []
    return pieces(source, names)


def _tests(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Expr, ast.Assert, ast.Pass))


def choose(name: str, pieces: Sequence[Placed]) -> tuple[Placed, Placed | None]:
    """Of ``pieces`` of a notebook the one that answers ``name`` from now on, and the spare one.

    The cell whose mark says that it does comes first, else the last that defines it. If that is
    another one, it counts where it earns more. An untouched stub comes after all others.
    """
    best = max(piece.rank(name) for piece in pieces)
    own = [piece for piece in pieces if piece.rank(name) == best]
    first = ([piece for piece in own if piece.part.mark == name] or own)[-1]
    first.answers.add(name)
    if own[-1] is first or best != DEFINED:
        return first, None
    own[-1].spare.add(name)
    return first, own[-1]


_CHECKS = re.compile(r"\bcheck\(\s*[\"']?([^\W\d]\w*)")


def cells(parts: Iterable[Part], pieces: Sequence[Placed]) -> list[Cell]:
    """What runs of a notebook, once it is decided which of its ``pieces`` answer."""
    answered = {name for piece in pieces for name in piece.answers}
    of_parts: dict[int, list[Placed]] = {}
    for piece in pieces:
        of_parts.setdefault(id(piece.part), []).append(piece)
    found: list[Cell] = []
    for part in parts:
        judged = answered & set([] if part.text else _CHECKS.findall(part.source))
        own = []
        for piece in of_parts.get(id(part), ()):
            names = tuple(sorted(piece.answers)), tuple(sorted(piece.spare))
            judged |= piece.answers | piece.spare
            if any(names) or not (piece.piece.broken or does_nothing(piece.piece.source)):
                own.append(Cell(piece.piece.source, *names))
        if judged:
            last = own.pop() if own else Cell("")
            own.append(replace(last, judged=tuple(sorted(judged))))
        found += own
    return found


# Where an answer is judged


@dataclass(eq=False)
class Candidate:
    """The answer to ``name`` in a cell, and what it has come to.

    Args:
        cell: the number of its cell.
        spare: whether another cell's counts before it where both earn the same.
        verdict: what it has come to where it earned most; None if it was not judged.
        standing: what is larger for a better verdict: the points first.
        place: the number of the cell after which it was judged last.
        waits: whether what stands below can make it better.
        late: whether it has met a name that was not there yet.
    """

    name: str
    cell: int
    spare: bool = False
    verdict: Any = None
    standing: tuple[float, ...] = ()
    place: int = -1
    waits: bool = True
    late: bool = False


class Judging:
    """When to judge which answer of a notebook, and which of them counts.

    An answer is judged right after its cell, as its author's `check` saw it. Where it fails there,
    and something that it uses is bound below, it is judged again where it is checked, and at the
    end. The better verdict counts.

    Args:
        worth: the points for each exercise that is asked for.
    """

    def __init__(self, cells: Sequence[Cell], worth: Mapping[str, float]) -> None:
        self.cells, self.worth = cells, worth
        self.candidates = [
            Candidate(name, number, name in cell.spare)
            for number, cell in enumerate(cells)
            for name in (*cell.answers, *cell.spare)
            if name in worth
        ]
        self.last = max((one.cell for one in self.candidates), default=-1)
        self.names = cache(_names)

    def due(self, number: int, changed: bool = False) -> Iterator[Candidate]:
        """Those to judge as things stand after a cell, one at a time; after all, at the end.

        ``changed`` says that more has changed than the cells that ran tell.
        """
        judged = self.cells[number].judged if number < len(self.cells) else tuple(self.worth)
        for one in self.candidates:
            if one.name in judged and one.cell <= number and one.place < number and one.waits:
                earned = (other.standing[:1] for other in self.candidates if other.name == one.name)
                more = not one.standing or one.late or changed
                more = more or self._depends(one, one.place, number)
                if more and (self.worth[one.name],) not in earned:
                    yield one

    def is_over(self, number: int) -> bool:
        """Whether neither a cell, nor those that follow it, can change any verdict."""
        return number > self.last and not any(
            one.waits
            and (not one.standing or one.late or self._depends(one, one.place, len(self.cells)))
            for one in self.candidates
        )

    def judged(
        self,
        one: Candidate,
        number: int,
        verdict: Any,
        standing: tuple[float, ...],
        waits: bool,
        late: bool,
    ) -> bool:
        """Keep what an answer has come to after a cell; whether it is better than before."""
        better = standing > one.standing
        if better:
            one.verdict, one.standing = verdict, standing
        one.place, one.waits, one.late = number, waits, late
        return better

    def best(self, name: str) -> Candidate | None:
        """The answer to an exercise that counts; None if none was judged."""
        own = [one for one in self.candidates if one.name == name and one.standing]
        return max(own, key=lambda one: (one.standing, not one.spare), default=None)

    def _depends(self, one: Candidate, after: int, until: int) -> bool:
        """Whether cells after one, up to another, bind a name that an answer uses."""
        bound: set[str] = set()
        for cell in self.cells[after + 1 : until + 1]:
            bound |= self.names(cell.source)[0]
        used: set[str] = set()
        more = {one.name, *self.names(self.cells[one.cell].source)[1]}
        while more:
            used |= more
            of_helpers = (self.names(cell.source) for cell in self.cells)
            more = {name for binds, uses in of_helpers if binds & used for name in uses} - used
        return bool(bound & used)


def _names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a cell binds or writes into, and those that it uses."""
    binds: set[str] = set()
    uses: set[str] = set()
    tree = parse(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Name):
            (uses if isinstance(node.ctx, ast.Load) else binds).add(node.id)
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            binds.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            binds |= {(one.asname or one.name).partition(".")[0] for one in node.names}
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(
            node.ctx, ast.Load
        ):
            inner: ast.AST = node
            while isinstance(inner, (ast.Attribute, ast.Subscript)):
                inner = inner.value
            binds |= {inner.id} if isinstance(inner, ast.Name) else set()
    return frozenset(binds), frozenset(uses)
