"""The other languages: what there is to translate, what is translated, and notebooks made of it.

A language has three kinds of catalogues, all of gettext's kind, and docs/translating.md says how to
fill them: ``lessons/*/es.po`` for a lesson, ``lessons/*/exercises.es.po`` for its exercises, and the
package's own in ``course_nn/locale/es``. In the first two an entry is a whole cell of prose, a
comment in the code, or a text that the code shows. The English text is the key, so the translation
of a text that has changed is never shown; what has none stands in English, and is counted.
"""

import ast
import contextlib
import difflib
import gettext
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat
import polib
from babel import UnknownLocaleError
from babel.messages.frontend import CommandLineInterface
from babel.messages.plurals import get_plural
from nbformat import NotebookNode

from course_nn.i18n import DOMAIN, LOCALE_DIR, unfinished

TEMPLATE = LOCALE_DIR / f"{DOMAIN}.pot"
ADDED = {"language", "untranslated"}  # the cells that a translated notebook has on top, by id


class Unfaithful(Exception):
    """A translation that says something else than the English text of ``cell``."""

    def __init__(self, message: str, cell: NotebookNode) -> None:
        super().__init__(message)
        self.cell = cell


# What there is to translate in code


class Words(NamedTuple):
    """A comment or the inside of a string, at ``code[start:end]``."""

    start: int
    end: int
    text: str
    between: str = ""  # what stands between the lines of a comment
    offered: bool = True  # whether it looks like words for people


_WORD = re.compile(r"[^\W\d_]{2,}")
_PHRASE = re.compile(r"[^\W\d_]{2,}[,.:]? +[^\W\d_]{2,}")
_FIELD = re.compile(r"\{[^{}]*\}")
_FOR_TOOLS = re.compile(r"#|\s*(noqa|type:|fmt:)")
_SHOWN_AS = {"alt", "desc", "description", "label", "labels", "title", "xlabel", "ylabel"}
_QUOTED = re.compile(r"(?P<prefix>[a-zA-Z]*)(?P<quote>'''|\"\"\"|'|\")")


def words(code: str) -> list[Words]:
    """The comments and the strings in ``code``, in order.

    Offered to translators are comments, strings with two words side by side, and every word that is
    printed or given as a label.
    """
    starts = [0]
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    printed = list(_shown(code, starts))
    found: list[Words] = []
    depth = begin = 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        start, end = (starts[row - 1] + column for row, column in (token.start, token.end))
        kind = tokenize.tok_name[token.type]
        if kind == "COMMENT" and not _FOR_TOOLS.match(token.string, 1):
            between = "\n" + token.line[: token.start[1]] + "# "
            text = token.string[1:].strip()
            above = found[-1] if found else None
            alone = not token.line[: token.start[1]].strip()
            if (
                above
                and alone
                and above.between == between
                and code[above.end : start] + "# " == between
            ):
                found[-1] = above._replace(end=end, text=f"{above.text}\n{text}")
            elif _WORD.search(text):
                found.append(Words(end - len(token.string[1:].lstrip()), end, text, between))
        elif kind in ("FSTRING_START", "TSTRING_START"):
            depth += 1
            begin = start if depth == 1 else begin
        elif kind in ("FSTRING_END", "TSTRING_END"):
            depth -= 1
            if not depth:
                found += _inside(code, begin, end, printed)
        elif kind == "STRING" and not depth:
            found += _inside(code, start, end, printed)
    return found


def _inside(code: str, start: int, end: int, printed: list[tuple[int, int]]) -> Iterator[Words]:
    opening = _QUOTED.match(code, start)
    assert opening
    if "b" in opening["prefix"].lower():
        return
    inner = opening.end(), end - len(opening["quote"])
    text = code[slice(*inner)]
    spoken = _FIELD.sub("", text) if "f" in opening["prefix"].lower() else text
    shown = any(first <= start < last for first, last in printed)
    offered = bool((_WORD if shown else _PHRASE).search(spoken))
    yield Words(*inner, text, offered=offered)


def _shown(code: str, starts: list[int]) -> Iterator[tuple[int, int]]:
    """Where in ``code`` strings stand that are printed or given as a label."""
    lines = code.splitlines()

    def offset(row: int, column: int) -> int:  # ast counts bytes
        return starts[row - 1] + len(lines[row - 1].encode()[:column].decode())

    for call in ast.walk(ast.parse(code)):
        if not isinstance(call, ast.Call):
            continue
        given = [keyword.value for keyword in call.keywords if keyword.arg in _SHOWN_AS]
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            given += call.args
        for node in given:
            if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp | ast.Tuple | ast.List):
                yield (
                    offset(node.lineno, node.col_offset),
                    offset(node.end_lineno or 0, node.end_col_offset or 0),
                )


def in_words(code: str, entries: dict[str, str]) -> str:
    """``code`` with the translations of its words.

    Raises:
        ValueError: with them it would be another program.
    """
    new = code
    for found in reversed(words(code)):
        text = entries.get(found.text)
        if text is not None:
            text = found.between.join(text.splitlines()) if found.between else text
            new = new[: found.start] + text + new[found.end :]
    try:
        same = _program(new) == _program(code)
    except SyntaxError:
        same = False
    if not same:
        raise ValueError("with it the code is another program; keep quotes, and all between {}")
    return new


def _program(code: str) -> str:
    """What ``code`` does, but for the words in its strings."""
    tree = ast.parse(code)
    kept: set[int] = set()  # how numbers are formatted
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            kept |= {id(part) for part in ast.walk(node.format_spec)}
        if id(node) in kept:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.FormattedValue)]
            node.values = sorted(parts, key=ast.dump)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


# What a translation keeps


_PARTS = {
    "formula": re.compile(r"\$\$.+?\$\$|\$[^$\n]+?\$", re.DOTALL),
    "code": re.compile(r"(?<!`)`[^`\n]+`(?!`)"),
    "link": re.compile(r"\]\([^)\s]+"),
    "tag": re.compile(r"</?\w+"),
}
_FENCED = re.compile(r"^(~~~|```).*?^\1", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"\d{1,3}(?:[,\u202f\u00a0]\d{3})+(?!\d)|\d+(?:\.\d+)?")


def difference(text: str, translation: str) -> str:
    """What the translation of a cell of prose has lost or put in; empty if it is faithful."""
    marks = [re.findall(r"^#{1,6} ", part, re.MULTILINE) for part in (text, translation)]
    if marks[0] != marks[1]:
        return "its headings are of other levels"
    parts = [_parts(text), _parts(translation)]
    lost, added = parts[0] - parts[1], parts[1] - parts[0]
    said = [f"{name} {part}" for (name, part) in lost]
    found = [f"{name} {part}" for (name, part) in added]
    return ", ".join(
        [f"it lacks the {part}" for part in said] + [f"it adds the {part}" for part in found]
    )


def _parts(text: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    text, fences = _FENCED.subn("", text)
    found["block of", "code"] += fences
    for name, pattern in _PARTS.items():
        for part in pattern.findall(text):
            part = re.sub(r"\\(text|mathrm)\{[^}]*\}", r"\\\1{}", part)
            outside = name == "link" and re.match(r"\]\(\w+:", part)
            found[name, "to another site" if outside else part.removeprefix("](")] += 1
        text = pattern.sub(" ", text)
    for number in _NUMBER.findall(text):
        found["number", re.sub("[,\u202f\u00a0]", "", number)] += 1
    return +found


# Catalogues


def cells_of(source: Path) -> list[NotebookNode]:
    return jupytext.read(source, fmt={"extension": ".md", "split_at_heading": True}).cells


def of_source(source: Path) -> list[polib.POEntry]:
    """An entry for each cell of prose in ``source``, and for the words in its code."""
    found: dict[str, polib.POEntry] = {}
    for cell in cells_of(source):
        if cell.cell_type == "markdown":
            texts, comment = [cell.source], ""
        else:
            texts = [part.text for part in words(cell.source) if part.offered]
            comment = "in code: keep quotes, backslashes, and all between { and }"
        for text in texts:
            found.setdefault(text, polib.POEntry(msgid=text, comment=comment))
    return list(found.values())


def of_package() -> list[polib.POEntry]:
    """An entry for each message of the package; its template is written anew."""
    folder = LOCALE_DIR.parent
    command = [
        "pybabel",
        "-q",
        "extract",
        folder.name,
        "-o",
        f"{folder.name}/locale/{TEMPLATE.name}",
    ]
    with contextlib.chdir(folder.parent):
        CommandLineInterface().run([*command, "--omit-header", "--add-location", "file"])
    return list(polib.pofile(str(TEMPLATE)))


def of_language(language: str) -> Path:
    """The package's own catalogue."""
    return LOCALE_DIR / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(catalogue: Path) -> polib.POFile:
    """The translations that there are."""
    return polib.pofile(str(catalogue)) if catalogue.exists() else polib.POFile()


def renew(
    catalogue: Path, language: str, entries: Iterable[polib.POEntry], also: Iterable[str] = ()
) -> None:
    """Make ``catalogue``, or bring it up to date with ``entries``.

    A text that changed keeps the translation of the text that it was, marked fuzzy. What a
    translator has added stays if it is one of ``also``.
    """
    done = {e.msgid: e for e in read(catalogue) if (e.msgstr or e.msgstr_plural) and not e.obsolete}
    wanted = list(entries)
    there = {entry.msgid for entry in wanted}
    wanted += [done[text] for text in dict.fromkeys(also) if text in done and text not in there]
    gone = [text for text in done if text not in there]
    new = polib.POFile(wrapwidth=0)
    new.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plural(language),
    }
    for entry in wanted:
        before = done.get(entry.msgid)
        if before:
            entry.msgstr, entry.msgstr_plural = before.msgstr, before.msgstr_plural
            entry.flags = before.flags
            entry.previous_msgid = before.previous_msgid
        elif not entry.msgid_plural:
            for near in difflib.get_close_matches(entry.msgid, gone, n=1, cutoff=0.6):
                entry.msgstr, entry.previous_msgid = done[near].msgstr, near
                entry.flags = [*entry.flags, "fuzzy"]
        if entry.msgid_plural and not entry.msgstr_plural:
            forms = int(re.findall(r"nplurals=(\d)", plural(language))[0])
            entry.msgstr_plural = dict.fromkeys(range(forms), "")
        new.append(entry)
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    save(catalogue, f"{new}\n")


def plural(language: str) -> str:
    try:
        return str(get_plural(language).plural_forms)
    except (ValueError, UnknownLocaleError):
        return "nplurals=2; plural=(n != 1)"


def compile_package(language: str) -> None:
    """Make of the package's catalogue what `course_nn.set_language` reads, if it has changed."""
    catalogue = of_language(language)
    if catalogue.exists():
        compiled, data = catalogue.with_suffix(".mo"), read(catalogue).to_binary()
        if not compiled.exists() or compiled.read_bytes() != data:
            compiled.write_bytes(data)


class Coverage(NamedTuple):
    """How much of a catalogue is done: texts translated, to be looked at again, in all."""

    done: int
    fuzzy: int
    all: int

    def __str__(self) -> str:
        share = 100 * self.done // max(self.all, 1)
        again = f", {self.fuzzy} to look at again" if self.fuzzy else ""
        return f"{self.done:5} of {self.all:4}{share:5} %{again}"


def coverage(catalogue: Path, entries: Iterable[polib.POEntry]) -> Coverage:
    """How much of ``entries`` is translated in ``catalogue``."""
    texts = {entry.msgid for entry in entries}
    own = [entry for entry in read(catalogue) if entry.msgid in texts]
    done, fuzzy = sum(e.translated() for e in own), sum(e.fuzzy for e in own)
    return Coverage(done, fuzzy, len(texts))


def save(path: Path, text: str) -> None:
    """Write the whole file or nothing; and nothing if it holds this already."""
    data = text.encode()
    if path.exists() and path.read_bytes() == data:
        return
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(data)
    draft.replace(path)


# Notebooks


def translate(cells: list[NotebookNode], catalogue: Path, language: str) -> None:
    """Put each translation in its place, and on top a cell that sets the language.

    Raises:
        Unfaithful: a translation has lost a number, a formula, a link, or would change the code.
    """
    entries = {entry.msgid: entry.msgstr for entry in read(catalogue) if entry.translated()}
    done = every = 0
    for cell in cells:
        if cell.cell_type == "markdown":
            texts = [cell.source]
            if cell.source in entries:
                if lost := difference(cell.source, entries[cell.source]):
                    raise Unfaithful(lost, cell)
                cell.source = entries[cell.source]
                done += 1
            every += 1
        else:
            texts = [part.text for part in words(cell.source) if part.offered]
            every += len(texts)
            done += sum(text in entries for text in texts)
            try:
                cell.source = in_words(cell.source, entries)
            except ValueError as error:
                raise Unfaithful(str(error), cell) from None
    setting = f'import course_nn\n\ncourse_nn.set_language("{language}")'
    added = [nbformat.v4.new_code_cell(setting, id="language")]
    if done < every:
        said = gettext.translation(DOMAIN, str(LOCALE_DIR), [language], fallback=True)
        note = said.gettext(unfinished).format(n=every - done, all=every)
        added.insert(0, nbformat.v4.new_markdown_cell(f"*{note}*", id="untranslated"))
    for cell in added:
        cell.metadata["slideshow"] = {"slide_type": "skip"}
    cells[1:1] = added
