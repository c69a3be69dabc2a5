"""A language that nobody speaks, to see what was left in English: ⟦Ťĥîš îš îť⟧."""

import re
from pathlib import Path

import polib
from babel.messages.extract import extract_from_dir

import course_nn
from course_nn.i18n import DOMAIN

_PLAIN = "ABCDEGHIJKLNOPRSTUWYZabcdeghijklnoprstuwyz"
_ODD = "ÀßÇĎÉĜĤÎĴĶĹŃÕÞŔŠŤÛŴÝŽàƀçďéĝĥîĵķĺńõþŕšťûŵýž"
_ACCENTS = str.maketrans(_PLAIN, _ODD)
_NAMES = {"Adam", "MNIST", "ReLU", "SGD", "XOR", "cos", "eps", "exp", "log", "max", "sin", "tanh"}
_KEPT = re.compile(r"(\{.*?\}|\$.*?\$|<.*?>|`.*?`|\(http.*?\))", re.DOTALL)  # no words for people


def pseudo(text: str) -> str:
    """``text`` in accents and brackets; placeholders, formulas, tags and code stay."""
    parts = _KEPT.split(text)
    parts[::2] = [part.translate(_ACCENTS) for part in parts[::2]]
    return f"⟦{''.join(parts)}⟧"


def english(text: str) -> set[str]:
    """The words of three letters or more in ``text`` that no translation has reached."""
    rest = re.sub(r"\$.*?\$", "", text)
    while (outer := re.sub(r"⟦[^⟦⟧]*⟧", "", rest)) != rest:  # a message may hold another
        rest = outer
    return set(re.findall(r"[A-Za-z]{3,}", rest)) - _NAMES


def messages() -> set[str | tuple[str, str]]:
    """What the package's code hands to gettext; a pair is singular and plural."""
    return {text for _, _, text, _, _ in extract_from_dir(Path(course_nn.__file__).parent)}


def compile_catalogue(localedir: Path, language: str = "xx") -> None:
    """Translate every message of the package into a catalogue that ``set_language`` reads."""
    catalogue = polib.POFile()
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for text in messages():
        if isinstance(text, str):
            entry = polib.POEntry(msgid=text, msgstr=pseudo(text))
        else:
            forms = {0: pseudo(text[0]), 1: pseudo(text[1])}
            entry = polib.POEntry(msgid=text[0], msgid_plural=text[1], msgstr_plural=forms)
        catalogue.append(entry)
    folder = localedir / language / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalogue.save_as_mofile(str(folder / f"{DOMAIN}.mo"))


# Another one, which a translator's files can hold: llookkss lliikkee tthhiiss

_NO_LETTERS = re.compile(
    r"(\{(?:[^{}]|\{[^{}]*\})*\}|\$\$.*?\$\$|\$[^$\n]*\$|<[^>\n]*>|^(?:~~~|```).*?^(?:~~~|```)"
    r"|`[^`\n]*`|\]\([^)]*\)|https?://\S+|\\.|%[a-z])",
    re.DOTALL | re.MULTILINE,
)


def doubled(text: str) -> str:
    """``text`` with each letter twice; placeholders, formulas, tags, links and code stay."""
    parts = _NO_LETTERS.split(text)
    parts[::2] = [re.sub(r"[^\W\d_]", r"\g<0>\g<0>", part) for part in parts[::2]]
    return "".join(parts)


def fill(catalogue: Path) -> None:
    """Translate all that ``catalogue`` asks for, letter by letter."""
    entries = polib.pofile(str(catalogue))
    for entry in entries:
        entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
        if entry.msgid_plural:
            entry.msgstr_plural = {0: doubled(entry.msgid), 1: doubled(entry.msgid_plural)}
        else:
            entry.msgstr = doubled(entry.msgid)
    entries.save()
