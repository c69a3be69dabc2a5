"""Code that is no Python here and would be in a newer one: which one it needs."""

import re
import sys
from collections.abc import Callable

from course_nn.i18n import _
from course_nn.notebooks import parse

Version = tuple[int, int]


def needs(source: str, here: Version = sys.version_info[:2]) -> str:
    """ "This needs Python 3.12 or newer; ..." if that is all that is wrong with ``source``.

    What a newer Python has brought is written in an older way, version by version, until ``source``
    is Python here. So it is found without a newer Python; only new keywords could escape.
    """
    for version, older in _NEWS.items():
        if version > here:
            source = older(source)
            if parse(source):
                message = _("This needs Python {needed} or newer; this one is {here}.")
                return message.format(needed=_said(version), here=_said(here))
    return ""


def _said(version: Version) -> str:
    return ".".join(map(str, version))


_BRACKETS = r"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]"  # with brackets in them


def _of_3_12(source: str) -> str:
    """Without type parameters and type aliases, and with a name in place of each f-string."""
    source = _without_strings(source, "f")
    source = re.sub(
        rf"(?m)^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+){_BRACKETS}", r"\1", source
    )
    return re.sub(rf"(?m)^([ \t]*)type[ \t]+(\w+)[ \t]*(?:{_BRACKETS})?[ \t]*=", r"\1\2 =", source)


def _of_3_14(source: str) -> str:
    """With parentheses around several exceptions, and a name in place of each t-string."""
    source = _without_strings(source, "t")
    several = r"(?m)^([ \t]*except\*?)[ \t]+([^:(\n]+?,[^:(\n]+?)[ \t]*:"
    return re.sub(several, r"\1 (\2):", source)


_NEWS: dict[Version, Callable[[str], str]] = {(3, 12): _of_3_12, (3, 14): _of_3_14}

_START = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?<!\w)(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|"|')"""
)


def _without_strings(source: str, letter: str) -> str:
    """``source`` with a name in place of every string whose prefix has ``letter``."""
    kept, place = [], 0
    while found := _START.search(source, place):
        kept.append(source[place : found.start()])
        if found["comment"]:
            place = found.end()
            continue
        place = _end(source, found.end(), found["quote"], found["prefix"].lower())
        text = source[found.start() : place]
        kept.append(
            "__name__" + "\\\n" * text.count("\n") if letter in found["prefix"].lower() else text
        )
    return "".join([*kept, source[place:]])


def _end(source: str, place: int, quote: str, prefix: str) -> int:
    """Where a string ends whose content begins at ``place``; what stands in braces is skipped."""
    depth = 0
    formatted = "f" in prefix or "t" in prefix
    while place < len(source):
        letter = source[place]
        if depth and (inner := _START.match(source, place)):
            if inner["comment"]:
                place = inner.end()
            else:
                place = _end(source, inner.end(), inner["quote"], inner["prefix"].lower())
            continue
        if letter == "\\" and not depth:
            place += 2
        elif not depth and source.startswith(quote, place):
            return place + len(quote)
        elif letter == "\n" and not depth and len(quote) == 1:
            return place  # it does not end
        elif formatted and not depth and source[place : place + 2] in ("{{", "}}"):
            place += 2
        else:
            if formatted:
                depth = max(0, depth + (letter == "{") - (letter == "}"))
            place += 1
    return place
