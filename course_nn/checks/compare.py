"""Where an answer first differs from what was expected, said in a sentence."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from course_nn.i18n import _
from course_nn.inside.show import show

FLOAT32 = 1e-4  # how far an entry in float32 may be off, as a part of it


class Rule(NamedTuple):
    """Entries differ where ``|got - expected| > rtol |expected| + atol``.

    ``whole``: where whole numbers are expected, only a type such as int will do, as for an index.
    ``any_kind``: numbers will do for True and False, and these for numbers.
    """

    rtol: float
    atol: float
    whole: bool = False
    any_kind: bool = False


class Difference(NamedTuple):
    """A sentence that says what differs first, and whether that is no more than a value."""

    sentence: str
    value: bool = False


def difference(
    got: Any,
    expected: Any,
    rule: Rule,
    names: Sequence[str] = (),
    name: str = "",
    single: Any = None,
) -> Difference | None:
    """What first differs between ``got`` and ``expected``; None if nothing does.

    An array, a list of numbers, a NumPy scalar and a plain number may stand for each other: only
    their shapes count. NaN equals NaN, infinity equals infinity.

    Args:
        names: of the parts of a tuple, such as ("dx", "dW", "db").
        name: of the whole.
        single: how far each entry may be off besides, where it is in float32; see `rounding`. If
            it is not known, by 1e-4 of itself and 1e-5 of the largest.
    """
    if type(got) is type(expected) is float and got == expected:  # most often, and much quicker
        return None
    if isinstance(expected, (tuple, list, dict)):
        return _parts_differ(got, expected, rule, names, name, single)
    if isinstance(expected, str) or expected is None or got is None:
        same = isinstance(got, type(expected)) and got == expected
        return None if same else _unequal(name, got, expected)
    return _numbers_differ(got, expected, rule, name, single)


def part_that_differs(
    got: Any, expected: Any, rule: Rule, names: Sequence[str] = (), single: Any = None
) -> tuple[str, Any, Any]:
    """The first part of a tuple or list that differs: its name, what is got, what is expected.

    Where the whole is no tuple, or has the wrong number of parts, it is the whole, without a name.
    """
    parts = isinstance(expected, (tuple, list)) and isinstance(got, (tuple, list))
    if parts and len(got) == len(expected):
        for part, off in zip(zip(_names(expected, names), got, expected), _parts(single, expected)):
            if difference(*part[1:], rule, single=off):
                return part
    return "", got, expected


def _names(parts: Any, names: Sequence[str], name: str = "") -> Sequence[str]:
    """The names of ``parts``: those given if they fit, else indices, or keys of a dict."""
    if len(names) == len(parts):
        return names
    return [f"{name}[{key!r}]" for key in (parts if isinstance(parts, dict) else range(len(parts)))]


def _parts_differ(
    got: Any, expected: Any, rule: Rule, names: Sequence[str], name: str, single: Any
) -> Difference | None:
    names = _names(expected, names, name)
    single = _parts(single, expected)
    if isinstance(expected, dict):
        if not isinstance(got, dict) or set(got) != set(expected):
            keys = ", ".join(map(repr, expected))
            message = _("{name} must be a dict with the keys {keys}.")
            return Difference(message.format(name=_subject(name), keys=keys))
        got, expected = [got[key] for key in expected], list(expected.values())
    many = isinstance(got, (tuple, list, range)) or isinstance(got, np.ndarray) and got.ndim > 0
    found: Any = len(got) if many else 1
    if not many or found != len(expected):
        message = _("{name} must have {wanted} parts ({names}), and it has {found}.")
        if many and isinstance(got, np.ndarray) and (got.ndim > 1 or isinstance(expected, tuple)):
            message = _(
                "{name} must have {wanted} parts ({names}), and it is a single array of the shape "
                "{found}."
            )
            found = got.shape
        listed = ", ".join(names if len(names) <= 4 else [*names[:3], "..."])
        return Difference(
            message.format(name=_subject(name), wanted=len(expected), names=listed, found=found)
        )
    for part, one, other, off in zip(names, got, expected, single):
        if differs := difference(one, other, rule, name=part, single=off):
            return differs
    return None


def _parts(single: Any, expected: Any) -> list[Any]:
    if isinstance(single, dict):
        return [single[key] for key in expected]
    return single if isinstance(single, list) else [None] * len(expected)


def _numbers_differ(
    got: Any, expected: Any, rule: Rule, name: str, single: Any
) -> Difference | None:
    wanted = np.asarray(expected)
    try:
        found = np.asarray(got)
    except Exception:  # whatever a ragged list or a foreign object may raise
        found = np.empty(0, object)
    if message := _wrong_kind(found, wanted, rule):
        message = message.format(
            name=_subject(name), got=show(got), found=found.shape, wanted=wanted.shape
        )
        return Difference(message)
    different = ~_close(found, wanted, rule, single)
    if not different.any():
        return None
    index = tuple(int(i) for i in np.argwhere(different)[0])
    entry = "[" + ", ".join(map(str, index)) + "]" if index else ""
    return _unequal(name + entry, found[index], wanted[index])


def _wrong_kind(found: np.ndarray, wanted: np.ndarray, rule: Rule) -> str | None:
    """What is wrong with ``found`` whatever its values are: what it holds, or its shape."""
    if found.dtype.kind not in "biuf":
        if wanted.shape:
            return _("{name} must be an array of numbers, and it is {got}.")
        return _("{name} must be a number, and it is {got}.")
    if found.shape != wanted.shape:
        if not wanted.shape:
            return _("{name} must be a single number, and it has the shape {found}.")
        if not found.shape:
            return _("{name} must be an array of the shape {wanted}, and it is a single number.")
        return _("{name} must have the shape {wanted}, and it has the shape {found}.")
    if not rule.any_kind and (found.dtype == bool) != (wanted.dtype == bool):
        if found.dtype == bool:
            return _("{name} must hold numbers, not True and False.")
        return _("{name} must hold True and False, not numbers.")
    if rule.whole and found.dtype.kind == "f" and wanted.dtype.kind in "iu":
        return _("{name} must hold whole numbers, of a type such as int.")
    return None


def _close(found: np.ndarray, wanted: np.ndarray, rule: Rule, single: Any) -> np.ndarray:
    equal = found == wanted
    if equal.all():  # most often, and much quicker than isclose
        return equal
    rtol: float = rule.rtol
    atol: Any = rule.atol
    with np.errstate(all="ignore"):
        if found.dtype in (np.float32, np.float16) or wanted.dtype == np.float32:
            atol = atol + (_usual(wanted) if single is None else single)
        return np.isclose(found.astype(float), wanted.astype(float), rtol, atol, equal_nan=True)


def _usual(wanted: np.ndarray) -> np.ndarray:
    """How far entries in float32 may be off where nothing is known of how they are computed."""
    sizes = np.abs(np.where(np.isfinite(wanted), wanted, 0).astype(float))
    return FLOAT32 * sizes + FLOAT32 / 10 * np.max(sizes, initial=0)


def rounding(expected: Any, singles: Sequence[Any], largest: float) -> Any:
    """How far an answer may be off for being computed in float32, entry by entry.

    ``singles`` are what comes out where the reference itself is computed in float32, each time
    from arguments that differ in their last bits: where large terms cancel, these are far off, and
    where a small entry stands beside large ones they are not. More than a small part of the ``largest``
    number that goes in is no rounding: there a comparison came out the other way.
    """
    if isinstance(expected, dict):
        return {
            key: rounding(expected[key], [one[key] for one in singles], largest) for key in expected
        }
    if isinstance(expected, (tuple, list)):
        return [
            rounding(part, [one[i] for one in singles], largest) for i, part in enumerate(expected)
        ]
    wanted = np.asarray(expected)
    if wanted.dtype.kind not in "biuf":
        return None
    with np.errstate(all="ignore"):
        off = 64 * np.finfo(np.float32).eps * np.abs(np.where(np.isfinite(wanted), wanted, 0))
        for one in singles:
            apart = np.abs(np.asarray(one, float) - wanted)
            apart = np.minimum(16 * apart, _usual(wanted) + FLOAT32 * largest)
            off = np.maximum(off, np.where(np.isfinite(apart), apart, 0))
        return off


def _unequal(name: str, got: Any, expected: Any) -> Difference:
    message = _("{name} is {got}, and {expected} is expected.")
    shown = show(got), show(expected)
    if shown[0] == shown[1]:
        shown = show(got, 17), show(expected, 17)
    sentence = message.format(name=_subject(name), got=shown[0], expected=shown[1])
    return Difference(sentence, value=True)


def _subject(name: str) -> str:
    """What a sentence calls the part ``name``, "dW[0, 1]" or "[3]"."""
    if not name:
        return _("The result")
    return _("Entry {index}").format(index=name) if name.startswith("[") else name
