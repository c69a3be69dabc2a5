"""From the bytes of a notebook or a script to pieces of Python, whatever state they are in.

Nothing here runs what it reads, and nothing raises for it but `Unreadable`.
"""

import ast
import json
import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from course_nn import notebooks
from course_nn.answers import Piece, pieces
from course_nn.i18n import N_, _, ngettext
from course_nn.notebooks import Part, parse, span

MAX_CELLS = 2_000  # of a file
MANY = 300  # pieces; those that follow go without blank lines above
MAX_SOURCE = 150_000  # characters of a cell or a script; what takes Python a second at worst
MAX_SCRIPT = 2_000_000  # of a script in the percent format, all cells together


class Unreadable(ValueError):
    """A file that holds no code; the message says what it looks like."""


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
        if len(text) > MAX_SCRIPT:
            message = _("There are more than {n} characters in it, and it was not read.")
            raise Unreadable(message.format(n=MAX_SCRIPT))
        found, more = _script(text)
        return found, notes + _left_out(more)
    cells, damage = _notebook(text)
    if cells is not None:
        more = len(cells) - MAX_CELLS
        return notebooks.parts(cells[:MAX_CELLS], names), notes + damage + _left_out(more)
    code = not is_json and len(text) <= MAX_SOURCE
    if code and (tree := parse(text)) and any(map(_is_code, tree.body)):
        return _script(text)[0], [*notes, _("It is a script, though it is named as a notebook.")]
    if text.lstrip().startswith("["):
        raise Unreadable(_("It looks like a list in JSON, not a notebook."))
    if is_json:
        raise Unreadable(_("It looks like JSON, but no cell of a notebook is in it."))
    raise Unreadable(_("It looks like plain text, not a notebook."))


def _left_out(more: int) -> list[str]:
    """A note on the cells beyond the limit, if there are ``more``."""
    if more <= 0:
        return []
    message = ngettext(
        "{n} cell beyond the first {most} was left out.",
        "{n} cells beyond the first {most} were left out.",
        more,
    )
    return [message.format(n=more, most=MAX_CELLS)]


def _is_code(node: ast.stmt) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.Import, ast.ImportFrom, ast.Assign))


def _script(text: str) -> tuple[list[Part], int]:
    """The cells of a script in the percent format, and how many more there are; else the whole."""
    found: list[Part] = []
    more = 0
    first, text_cell = 0, False
    lines = text.split("\n")
    for number, line in enumerate([*lines, "# %%"]):
        if marker := re.match(r"# ?%%(.*)", line):
            source = "\n" * first * (len(found) < MANY) + "\n".join(lines[first:number])
            if source.strip() and not text_cell and len(found) >= MAX_CELLS:
                more += 1
            elif source.strip() and not text_cell:
                place = _("line {n}").format(n=first + 1 if first else 1)
                found.append(Part(place, source))
            first, text_cell = number, bool(re.search(r"\[(markdown|md|raw)\]", marker[1]))
    return found, more


Json = dict[str, Any]
_CONFLICT = re.compile(r"^(<{7}|\|{7}|={7}|>{7})( .*)?$", re.MULTILINE)
_OBJECT = re.compile(r'\{\s*+"')
# possessive, or the regular expression would remember every character of a string
_COMMA = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|$))|,(?=\s*+[\]}])', re.DOTALL)


def _notebook(text: str) -> tuple[list[Json] | None, list[str]]:
    """The cells of a notebook, as JSON has them, and notes; None if there are none to be found.

    What `notebooks` does not take for one is damaged, or of a format before 4: then the cells are
    taken from wherever one of the formats has them.
    """
    try:
        return notebooks.loads(text)["cells"], []
    except ValueError:
        pass
    try:
        return _cells(json.loads(text, strict=False)), []
    except (ValueError, RecursionError):
        pass
    notes = []
    if len(list(islice(_CONFLICT.finditer(text), 3))) == 3:
        text = _first_version(text.split("\n"))
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
    effort, end = 50 * len(text) + 10_000_000, 0
    while effort > 0 and (start := _OBJECT.search(text, end)):
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError) as error:
            end = start.start() + 1
            effort -= 11 * getattr(error, "pos", end + 10_000) - 10 * end
        else:
            yield from [value] if _is_cell(value) else _cells(value) or []


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


def main_block_left_out(source: str) -> str:
    """A script without what it does only when it is run: ``if __name__ == "__main__": ...``."""
    tree = parse(source)
    lines = source.split("\n")
    for node in tree.body if tree else ():
        if isinstance(node, ast.If) and any(map(_is_name_of_module, ast.walk(node.test))):
            first, last = span(node)
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines)


def _is_name_of_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "__name__"
