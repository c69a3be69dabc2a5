"""From the bytes of a notebook or a script to pieces of Python, whatever state they are in.

Nothing here runs what it reads, and nothing raises for it but `Unreadable`.
"""

import ast
import json
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from course_nn.i18n import N_, _

MAX_CELLS = 2_000  # of a file
MANY = 300  # pieces; those that follow go without blank lines above
MAX_SOURCE = 150_000  # characters of a cell or a script; what takes Python a second at worst


class Unreadable(ValueError):
    """A file that holds no code; the message says what it looks like."""


@dataclass(frozen=True)
class Part:
    """A cell of a notebook, or what stands between two ``# %%`` of a script.

    ``mark`` is the exercise that the notebook says it answers, ``test`` that it says it is a test.
    """

    place: str
    source: str
    mark: str = ""
    test: bool = False


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


# Bytes to text

_BINARY = {
    b"\x89PNG": N_("a PNG image"),
    b"\xff\xd8\xff": N_("a JPEG image"),
    b"GIF8": N_("a GIF image"),
    b"%PDF": N_("a PDF document"),
    b"PK\x03\x04": N_("a zip archive or an office document"),
    b"\x1f\x8b": N_("a gzip archive"),
    b"7z\xbc\xaf": N_("a 7z archive"),
    b"Rar!": N_("a RAR archive"),
    b"\xd0\xcf\x11\xe0": N_("an old office document"),
    b"\x7fELF": N_("a program"),
    b"MZ\x90\0": N_("a program"),
    b"SQLite format 3": N_("a database"),
}
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_CODECS = re.compile(
    r"(?i)utf[-_]?(8|16|32)|ascii|latin|iso[-_]?8859|cp\d|windows-?\d|mac[-_]|koi8"
)


def looks_like(data: bytes) -> str:
    """What the first bytes tell of a file that is no notebook and no script; empty for text."""
    for start, name in _BINARY.items():
        if data.startswith(start):
            return _(name)
    text = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return _("a web page")
    if text.startswith(b"{\\rtf"):
        return _("an RTF document")
    return _("an XML document") if text.startswith((b"<?xml", b"<svg")) else ""


def decode(data: bytes) -> tuple[str, str]:
    """The text, with ``\\n`` between lines, and a note if its encoding had to be guessed.

    A byte order mark decides, else the cookie of PEP 263, else UTF-8, else Windows' western one.
    """
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "")
    if not encoding and b"\0" in data[:200]:
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    cookies = (_COOKIE.match(line) for line in re.split(rb"\r\n?|\n", data[:2000], maxsplit=2)[:2])
    cookie = next((found[1].decode("ascii", "replace") for found in cookies if found), "")
    if not encoding and _CODECS.match(cookie):
        encoding = cookie
    note = ""
    try:
        text = data.decode(encoding or "utf-8")
    except (ValueError, LookupError):
        try:
            text = data.decode("cp1252")
        except ValueError:
            text = data.decode("latin-1")
        note = _("It is not in UTF-8. It was read in the Western European encoding.")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return re.sub("[\ud800-\udfff]", "\ufffd", text), note


# Text to parts


def parts(data: bytes, script: bool, names: Collection[str]) -> tuple[list[Part], list[str]]:
    """The cells of a notebook or of a script, and notes on what was odd.

    What is in the file decides, and ``script``, what its name says, where that leaves it open.

    Raises:
        Unreadable: there is no code in it.
    """
    if not data.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n\f"):
        raise Unreadable(_("It is empty."))
    if kind := looks_like(data):
        raise Unreadable(_("It looks like {kind}.").format(kind=kind))
    text, note = decode(data)
    notes = [note] if note else []
    is_json = text.lstrip()[:1] in ("{", "[", "<") and '"' in text
    if script and not (is_json and '"cell_type"' in text):
        return _script(text), notes
    cells, damage = _notebook(text)
    if cells is not None:
        return _parts_of_cells(cells, names), notes + damage
    if not is_json and (tree := parse(text)) and any(map(_is_code, tree.body)):
        return _script(text), [*notes, _("It is a script, though it is named as a notebook.")]
    if text.lstrip().startswith("["):
        raise Unreadable(_("It looks like a list in JSON, not a notebook."))
    if is_json:
        raise Unreadable(_("It looks like JSON, but no cell of a notebook is in it."))
    raise Unreadable(_("It looks like plain text, not a notebook."))


def _is_code(node: ast.stmt) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.Import, ast.ImportFrom, ast.Assign))


def _script(text: str) -> list[Part]:
    """The cells of a script in the percent format; the whole of another."""
    found: list[Part] = []
    first, text_cell = 0, False
    lines = text.split("\n")
    for number, line in enumerate([*lines, "# %%"]):
        if marker := re.match(r"# ?%%(.*)", line):
            source = "\n" * first * (len(found) < MANY) + "\n".join(lines[first:number])
            if source.strip() and not text_cell:
                place = _("line {n}").format(n=first + 1 if first else 1)
                found.append(Part(place, source))
            first, text_cell = number, bool(re.search(r"\[(markdown|md|raw)\]", marker[1]))
            if len(found) >= MAX_CELLS:
                break
    return found


Json = dict[str, Any]
_CONFLICT = re.compile(r"^(<{7}|\|{7}|={7}|>{7})( .*)?$")
_OBJECT = re.compile(r'\{\s*"')
_COMMA = re.compile(r'("(?:[^"\\]|\\.)*(?:"|$))|,(?=\s*[\]}])', re.DOTALL)


def _notebook(text: str) -> tuple[list[Json] | None, list[str]]:
    """The cells of a notebook, as JSON has them, and notes; None if there are none to be found.

    nbformat reads what is valid, and upgrades the formats before 4. It gives up on what is not
    quite valid: then the cells are taken from wherever one of the formats has them.
    """
    if valid := _valid(text):
        return valid, []
    try:
        return _cells(json.loads(text, strict=False)), []
    except (ValueError, RecursionError):
        pass
    notes = []
    lines = text.split("\n")
    if sum(bool(_CONFLICT.match(line)) for line in lines) >= 3:
        text = _first_version(lines)
        notes.append(_("Two versions of it are in conflict (git). The first was taken."))
    text = _COMMA.sub(lambda found: found[1] or "", text)
    try:
        return _cells(json.loads(text, strict=False)), notes or [_("A comma too many was mended.")]
    except (ValueError, RecursionError):
        cells = list(_recovered(text))
    if not cells:
        return None, []
    message = _("The file is damaged. {n} of its cells could be read.")
    return cells, [*notes, message.format(n=len(cells))]


def _valid(text: str) -> list[Json] | None:
    """The cells of a notebook that nbformat finds valid."""
    import nbformat  # a second to load, which the workers need not

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of cells without an id, as notebooks once were
            notebook = nbformat.convert(nbformat.reader.reads(text), 4)
            nbformat.validate(notebook)
            return notebook.cells
    except Exception:  # whatever it may raise for what is no notebook, or too deep
        return None


def _cells(notebook: Any) -> list[Json] | None:
    if isinstance(notebook, list):
        cells: Any = notebook if any(_is_cell(item) for item in notebook) else None
    elif isinstance(notebook, dict):
        sheets = notebook.get("worksheets")
        cells = notebook.get("cells")
        if isinstance(sheets, list):  # formats 2 and 3
            of_sheets = (sheet.get("cells") for sheet in sheets if isinstance(sheet, dict))
            cells = [cell for own in of_sheets if isinstance(own, list) for cell in own]
        elif not isinstance(cells, list):  # wrapped, as Jupyter's server sends it
            inner = (value for value in notebook.values() if isinstance(value, dict))
            cells = next((v["cells"] for v in inner if isinstance(v.get("cells"), list)), None)
    else:
        cells = None
    return [cell for cell in cells if isinstance(cell, dict)] if cells is not None else None


def _is_cell(value: Any) -> bool:
    return isinstance(value, dict) and "cell_type" in value


def _first_version(lines: list[str]) -> str:
    kept, keep = [], True
    for line in lines:
        if marker := _CONFLICT.match(line):
            keep = marker[1][0] in "<>"
        elif keep:
            kept.append(line)
    return "\n".join(kept)


def _recovered(text: str) -> Iterator[Json]:
    """Every cell that stands complete in damaged JSON, in order.

    The work is bounded: a text made to be slow is given up, not read for ever.
    """
    decoder = json.JSONDecoder(strict=False)
    effort, end = 200 * len(text) + 10_000_000, 0
    while effort > 0 and (start := _OBJECT.search(text, end)):
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError) as error:
            end = start.start() + 1
            effort -= 11 * getattr(error, "pos", end + 10_000) - 10 * end
        else:
            yield from [value] if _is_cell(value) else _cells(value) or []


def _parts_of_cells(cells: list[Json], names: Collection[str]) -> list[Part]:
    found = []
    for number, cell in enumerate(cells[:MAX_CELLS], 1):
        source = cell.get("source", cell.get("input", cell.get("code")))
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if cell.get("cell_type") != "code" or not isinstance(source, str):
            continue
        metadata = cell.get("metadata")
        marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        marks = marks if isinstance(marks, dict) else {}
        solution, name = bool(marks.get("solution")), marks.get("grade_id")
        if not solution or name not in names:
            name = cell.get("id")
        mark = name if isinstance(name, str) and name in names else ""
        source = re.sub("[\ud800-\udfff]", "\ufffd", source).removeprefix("\ufeff")
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        place = _("cell {n}").format(n=number)
        found.append(Part(place, source, mark, bool(marks.get("grade")) and not solution))
    return found


# Parts to Python

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def parse(source: str) -> ast.Module | None:
    """The syntax tree of ``source``; None if Python would not take it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


_KEPT = ("time", "capture", "prun")  # these run what stands below them in the notebook itself
_MAGIC = re.compile(
    r"""\s*(?: %{1,2}\w | ! | \?{1,2}\w                            # %time f()   !ls   ?f
             | [\w., \t]+ = \s* (?: ! | %\w )                       # files = !ls
             | [\w.*%]+ \?{1,2} \s* $                               # f?
             | (?: pip3? | conda | mamba | cd | ls | mkdir | cat ) [ \t]+ [\w.~/-] )""",
    re.VERBOSE,
)
_TOKEN = re.compile(
    r'"""|\'\'\'|"(?:\\.|[^"\\])*"?|\'(?:\\.|[^\'\\])*\'?|#.*|[()\[\]{}]|\\$|[^"\'#()\[\]{}\\]+|.'
)
_REST = {quote: re.compile(rf"(?:\\.|(?!{quote}).)*({quote})?") for quote in ('"""', "'''")}


def plain(source: str) -> tuple[str, set[str]]:
    """``source`` without what only IPython understands, on the same lines; what was left out.

    The latter are kinds of things: "%%bash" a cell of another language, "%" lines of IPython's
    own, "await" statements that wait where Python does not let them.
    """
    odd: set[str] = set()
    lines = source.split("\n")
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
            first, last = _span(node)
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines), odd


def _blank_magics(lines: list[str]) -> bool:
    """Blank, in place, the lines that start a statement and are IPython's; whether there are any."""
    quote, depth, goes_on, magic, found = "", 0, False, False, False
    for number, line in enumerate(lines):
        if magic or not (quote or depth or goes_on) and _MAGIC.match(line[:500]):
            indent = re.match(r"\s*", line)[0]  # type: ignore[index]
            lines[number] = f"{indent}pass" if indent and not magic else ""
            magic, found = line.endswith("\\"), True
            continue
        goes_on, place = False, 0
        while place < len(line):
            if quote:
                rest = _REST[quote].match(line, place)
                quote, place = "" if rest[1] else quote, max(rest.end(), place + 1)  # type: ignore[index,union-attr]
                continue
            token = _TOKEN.match(line, place)[0]  # type: ignore[index]
            place += len(token)
            quote = token if token in _REST else ""
            depth = max(0, depth + (token in "([{") - (token in ")]}"))
            goes_on = token == "\\"
    return found


def _waits(node: ast.AST) -> bool:
    """Whether there is an await in ``node``, but for those in functions."""
    nodes = [node]
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            return True
        if isinstance(node, ast.comprehension) and node.is_async:
            return True
        if not isinstance(node, (*_FUNCTIONS, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)
    return False


def _span(node: ast.stmt) -> tuple[int, int]:
    """The first and the last line of a statement, decorators included."""
    lines = [node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]
    return min(lines), node.end_lineno or node.lineno


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
            or _span(node)[0] <= _span(groups[-1][0][-1])[1]  # on one line: a = 1; b = 2
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
        first, end = _span(nodes[0])[0], _span(nodes[-1])[1]
        blank = [""] * (above + first - 1)
        if future and first > _span(future[-1])[1]:
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


_STARTS = re.compile(r"[^\s#)\]}](?<!\\)")
_GOES_ON = re.compile(r"(else|elif|except|finally|case)\b")


def mended(source: str, names: Collection[str]) -> list[Piece]:
    """The pieces of a script that is no Python somewhere: what is wrong is a piece of its own.

    Blocks begin in the first column. One that is no Python is joined with those below it until it
    is, as a text in three quotes may hold lines that look like the start of a block.
    """
    lines = source.split("\n")
    starts = [n for n, line in enumerate(lines) if _STARTS.match(line) and not _GOES_ON.match(line)]
    starts.append(len(lines))
    found: list[Piece] = []
    tries = 2_000
    other = block = 0  # other statements, from this block on, are not yet in a piece
    while block < len(starts) - 1:
        end = block + 1
        for longer in range(block + 1, min(block + 30, len(starts))):
            tries -= 1
            if tries < 0 or parse("\n".join(lines[starts[block] : starts[longer]])):
                end = longer
                break
        own = _pieces_of(lines, starts[block], starts[end], names, len(found))
        if any(piece.broken or piece.defines or piece.assigns for piece in own):
            found += _pieces_of(lines, starts[other], starts[block], names, len(found)) + own
            other = end
        block = end
    return found + _pieces_of(lines, starts[other], starts[-1], names, len(found))


def _pieces_of(
    lines: list[str], first: int, end: int, names: Collection[str], count: int
) -> list[Piece]:
    return pieces("\n".join(lines[first:end]), names, above=first if count < MANY else 0)


def without(piece: Piece, name: str) -> Piece:
    """``piece`` without its statements that bind ``name``; lines stay where they are."""
    lines = piece.source.split("\n")
    tree = parse(piece.source)
    for node in tree.body if tree else ():
        defines, assigns = _bound(node, [name], {name})
        if defines | assigns:
            first, last = _span(node)
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


def main_block_left_out(source: str) -> str:
    """A script without what it does only when it is run: ``if __name__ == "__main__": ...``."""
    tree = parse(source)
    lines = source.split("\n")
    for node in tree.body if tree else ():
        if isinstance(node, ast.If) and any(map(_is_name_of_module, ast.walk(node.test))):
            first, last = _span(node)
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines)


def _is_name_of_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "__name__"
