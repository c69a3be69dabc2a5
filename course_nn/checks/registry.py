"""All exercises of the course: each registers itself where it is written, in ``chapterN.py`` here."""

import difflib
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import ParamSpec

from course_nn.checks.engine import Exercise
from course_nn.i18n import _

_Specification = ParamSpec("_Specification")
_registered: dict[str, Exercise] = {}


def _registering(
    make: Callable[_Specification, Exercise],
) -> Callable[_Specification, Exercise]:
    def exercise(*args: _Specification.args, **kwargs: _Specification.kwargs) -> Exercise:
        made = make(*args, **kwargs)
        for other in _registered.values():
            if made.name == other.name or made.number == other.number:
                message = _("There are two exercises {first} and {second}: change one of them.")
                named = [f"{one.number} {one.name}" for one in (other, made)]
                raise ValueError(message.format(first=named[0], second=named[1]))
        _registered[made.name] = made
        return made

    return exercise


exercise = _registering(Exercise)
"""An `Exercise` that from now on belongs to the course.

Raises:
    ValueError: there is another with its name or its number.
"""


@cache
def exercises() -> Mapping[str, Exercise]:
    """Every exercise of every module ``chapterN`` beside this one, in order, by its name.

    Raises:
        ValueError: two have the same name or number, or one has the number of another chapter.
    """
    folder = __name__.rpartition(".")[0]
    names = [module.name for module in pkgutil.iter_modules(import_module(folder).__path__)]
    chapters = sorted(
        int(found[1]) for name in names if (found := re.fullmatch(r"chapter(\d+)", name))
    )
    for chapter in chapters:
        module = import_module(f"{folder}.chapter{chapter}")
        for made in vars(module).values():
            if isinstance(made, Exercise) and made.chapter != chapter:
                message = _("The exercise {number} {name} stands in chapter{chapter}.py.")
                raise ValueError(
                    message.format(number=made.number, name=made.name, chapter=chapter)
                )
    order = {made: tuple(map(int, made.number.split("."))) for made in _registered.values()}
    return MappingProxyType({made.name: made for made in sorted(order, key=order.__getitem__)})


def chosen(wanted: Sequence[str], chapters: bool = True) -> list[Exercise]:
    """The exercises that are ``wanted``, by number or name, or by their chapter; all, if none is.

    Raises:
        ValueError: there is no such exercise, or it is a chapter and ``chapters`` is False.
    """
    labels = {
        e: {e.number, e.name} | ({str(e.chapter)} if chapters else set())
        for e in exercises().values()
    }
    known = sorted(set().union(*labels.values()))
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3) or ["1.2", "central_difference"]
            message = _("There is no exercise {name}. Try {near}.")
            raise ValueError(message.format(name=name, near=", ".join(near)))
    return [e for e, own in labels.items() if not wanted or own & set(wanted)]
