"""Where an answer first differs from what was expected, said in a sentence."""

from typing import Any, NamedTuple

import numpy as np

from course_nn.i18n import _

FLOAT32 = 1e-4  # how far an answer in float32 may be off, as a part of the largest entry


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
    """A sentence that says what differs first, and whether it is no more than a value."""

    sentence: str
    value: bool = False


def difference(
    got: Any, expected: Any, rule: Rule, names: tuple[str, ...] = ()
) -> Difference | None:
    """What first differs between ``got`` and ``expected``; None if nothing does.

    An array, a list of numbers, a NumPy scalar and a plain number may stand for each other: only
    their shapes count. NaN equals NaN, infinity equals infinity.

    ``names`` are those of the parts of a tuple, such as ("dx", "dW", "db").
    """
    return _differ(got, expected, rule, "", names)


def part_that_differs(
    got: Any, expected: Any, rule: Rule, names: tuple[str, ...] = ()
) -> tuple[str, Any, Any]:
    """The first part of a tuple or list that differs: its name, what is got, what is expected.

    Where the whole is no tuple, or has the wrong number of parts, it is the whole, without a name.
    """
    if not isinstance(expected, (tuple, list)) or not isinstance(got, (tuple, list)):
        return "", got, expected
    if len(names) != len(expected):
        names = tuple(f"[{i}]" for i in range(len(expected)))
    parts = zip(names, got, expected) if len(got) == len(expected) else ()
    return next((part for part in parts if difference(*part[1:], rule)), ("", got, expected))


def _differ(
    got: Any, expected: Any, rule: Rule, name: str, names: tuple[str, ...]
) -> Difference | None:
    if isinstance(expected, (tuple, list, dict)):
        if len(names) != len(expected):
            keys = expected if isinstance(expected, dict) else range(len(expected))
            names = tuple(f"{name}[{key!r}]" for key in keys)
        name = _subject(name)
        if isinstance(expected, dict):
            if not isinstance(got, dict) or set(got) != set(expected):
                keys = ", ".join(map(repr, expected))
                return Difference(_("{name} must be a dict with the keys {keys}.").format(name=name, keys=keys))
            got, expected = [got[key] for key in expected], list(expected.values())
        many = isinstance(got, (tuple, list, range)) or isinstance(got, np.ndarray) and got.ndim > 0
        if not many or len(got) != len(expected):
            return Difference(
                _("{name} must have {wanted} parts ({names}), and it has {found}.").format(
                    name=name, wanted=len(expected), names=_list(names), found=len(got) if many else 1
                )
            )
        parts = zip(got, expected, names)
        return next(filter(None, (_differ(g, e, rule, n, ()) for g, e, n in parts)), None)
    if isinstance(expected, str) or expected is None or got is None:
        same = isinstance(got, type(expected)) and got == expected
        return None if same else _unequal(_subject(name), got, expected)
    return _numbers_differ(got, expected, rule, name)


def _numbers_differ(
    got: Any, expected: Any, rule: Rule, name: str
) -> Difference | None:
    wanted = np.asarray(expected)
    try:
        found = np.asarray(got)
    except Exception:  # whatever a foreign object or a ragged list may raise
        found = np.empty(0, object)
    subject = _subject(name)
    if found.dtype.kind not in "biuf":
        if wanted.shape:
            message = _("{name} must be an array of numbers, and it is {got}.")
        else:
            message = _("{name} must be a number, and it is {got}.")
        return Difference(message.format(name=subject, got=show(got)))
    if found.shape != wanted.shape:
        if not wanted.shape:
            message = _("{name} must be a single number, and it has the shape {found}.")
        elif not found.shape:
            message = _("{name} must be an array of the shape {wanted}, and it is a single number.")
        else:
            message = _("{name} must have the shape {wanted}, and it has the shape {found}.")
        return Difference(message.format(name=subject, wanted=wanted.shape, found=found.shape))
    kinds = found.dtype.kind, wanted.dtype.kind
    message = ""
    if not rule.any_kind and "b" in kinds and kinds != ("b", "b"):
        if kinds[0] == "b":
            message = _("{name} must hold numbers, not True and False.")
        else:
            message = _("{name} must hold True and False, not numbers.")
    elif rule.whole and kinds[0] == "f" and kinds[1] in "iu":
        message = _("{name} must hold whole numbers, of a type such as int.")
    if message:
        return Difference(message.format(name=subject))
    different = ~_close(found, wanted, rule)
    if not different.any():
        return None
    index = tuple(int(i) for i in np.argwhere(different)[0])
    if index:
        name += "[" + ", ".join(map(str, index)) + "]"
    return _unequal(_subject(name), found[index], wanted[index])


def _close(found: np.ndarray, wanted: np.ndarray, rule: Rule) -> np.ndarray:
    rtol, atol = rule.rtol, rule.atol
    with np.errstate(all="ignore"):
        if found.dtype.kind == "f" and found.dtype.itemsize < 8 or wanted.dtype == np.float32:
            largest = np.max(np.abs(wanted), where=np.isfinite(wanted), initial=0)
            rtol, atol = max(rtol, FLOAT32), max(atol, FLOAT32 / 10 * largest)
        return np.isclose(found.astype(float), wanted.astype(float), rtol, atol, equal_nan=True)


def _subject(name: str) -> str:
    """What a sentence calls the part ``name``, "dW[0, 1]" or "[3]"."""
    if not name:
        return _("The result")
    return _("Entry {index}").format(index=name) if name.startswith("[") else name


def _unequal(name: str, got: Any, expected: Any) -> Difference:
    message = _("{name} is {got}, and {expected} is expected.")
    shown = show(got), show(expected)
    if shown[0] == shown[1]:
        shown = show(got, 17), show(expected, 17)
    return Difference(message.format(name=name, got=shown[0], expected=shown[1]), value=True)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names if len(names) <= 4 else (*names[:3], "..."))


# What a learner sees of a value: code that gives it again, but for what is too long


def show(value: Any, digits: int = 10) -> str:
    """``value`` as Python code, floats to ``digits`` digits, large arrays shortened."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return _show_array(value, min(digits, 8))
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.item()
    if isinstance(value, float):
        return repr(float(f"{value:.{digits}g}"))
    if isinstance(value, tuple):
        inside = ", ".join(show(part, digits) for part in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, list):
        return _shorten("[" + ", ".join(show(part, digits) for part in value) + "]")
    if isinstance(value, dict):
        parts = (f"{key!r}: {show(part, digits)}" for key, part in value.items())
        return _shorten("{" + ", ".join(parts) + "}")
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    if isinstance(value, np.random.Generator):
        seed = getattr(value.bit_generator.seed_seq, "entropy", "...")
        return f"np.random.default_rng({seed})"
    try:
        return _shorten(repr(value))
    except Exception:  # a learner's own class may raise anything
        return type(value).__name__


def show_call(name: str, args: tuple, width: int = 76) -> str:
    """The call ``name(*args)``, an argument a line where one line is too short."""
    shown = [show(argument) for argument in args]
    line = f"{name}({', '.join(shown)})"
    if len(line) <= width and "\n" not in line:
        return line
    lines = [argument.replace("\n", "\n    ") for argument in shown]
    return f"{name}(\n" + "".join(f"    {argument},\n" for argument in lines) + ")"


def _show_array(array: np.ndarray, digits: int) -> str:
    opening = "np.array("
    style = {"precision": digits, "threshold": 40, "edgeitems": 2, "linewidth": 76, "sign": "-"}
    with np.printoptions(**style, floatmode="maxprec", suppress=False, formatter=None, legacy=False):
        text = np.array2string(np.asarray(array), separator=", ", prefix=opening)
    if array.size > 40 or array.size == 0:
        text += f", shape={array.shape}"
    if array.dtype not in (np.float64, np.int64, np.bool_):
        text += f", dtype=np.{array.dtype}"
    return f"{opening}{text})"


def _shorten(text: str, most: int = 300) -> str:
    return text if len(text) <= most else text[: most - 4] + " ..."
