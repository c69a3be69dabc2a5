"""A language that nobody speaks, to see what was left in English: ⟦Ťĥîš îš îť⟧."""

import re
from pathlib import Path

import polib
from course_nn.i18n import DOMAIN

_PLAIN = "ABCDEGHIJKLNOPRSTUWYZabcdeghijklnoprstuwyz"
_ODD = "ÀßÇĎÉĜĤÎĴĶĹŃÕÞŔŠŤÛŴÝŽàƀçďéĝĥîĵķĺńõþŕšťûŵýž"
_ACCENTS = str.maketrans(_PLAIN, _ODD)
_KEPT = re.compile(r"(\{.*?\}|\$.*?\$|<.*?>|`.*?`|\(http.*?\))", re.DOTALL)  # no words for people


def pseudo(text: str) -> str:
    """``text`` in accents and brackets; placeholders, formulas, tags and code stay."""
    parts = _KEPT.split(text)
    return "⟦" + "".join(p if i % 2 else p.translate(_ACCENTS) for i, p in enumerate(parts)) + "⟧"


def english(text: str) -> list[str]:
    """The words of three letters or more in ``text`` that no translation has reached."""
    rest = re.sub(r"⟦[^⟦⟧]*⟧", "", text)
    return re.findall(r"[A-Za-z]{3,}", re.sub(r"\$.*?\$", "", rest))


def compile_catalogue(template: Path, localedir: Path, language: str = "xx") -> None:
    """Translate the whole of ``template`` into a catalogue that ``set_language`` reads."""
    catalogue = polib.pofile(str(template))
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for entry in catalogue:
        if entry.msgid_plural:
            entry.msgstr_plural = {0: pseudo(entry.msgid), 1: pseudo(entry.msgid_plural)}
        else:
            entry.msgstr = pseudo(entry.msgid)
    folder = localedir / language / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalogue.save_as_mofile(str(folder / f"{DOMAIN}.mo"))
