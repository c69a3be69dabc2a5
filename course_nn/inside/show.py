"""What a learner sees of a value: the code that gives it again, but for what is too long."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def show(value: Any, digits: int = 10) -> str:
    """``value`` as Python code, floats to ``digits`` digits, large arrays shortened."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return _show_array(value, min(digits, 8))
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.item()
    if isinstance(value, float):
        return repr(float(f"{value:.{digits}g}"))
    if isinstance(value, tuple):
        inside = _joined((show(part, digits) for part in value), 4000)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, list):
        return _shorten("[" + _joined(show(part, digits) for part in value) + "]")
    if isinstance(value, dict):
        parts = (f"{key!r}: {show(part, digits)}" for key, part in value.items())
        return _shorten("{" + _joined(parts) + "}")
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
    if array.ndim > 4 and array.size > 40:  # of the two ends of many axes, everything is shown
        return f"{opening}..., shape={array.shape})"
    with np.printoptions(  # the learner may have set others
        precision=digits,
        threshold=40,
        edgeitems=2,
        linewidth=76,
        suppress=False,
        sign="-",
        formatter=None,
        floatmode="maxprec",
        legacy=False,
    ):
        text = np.array2string(np.asarray(array), separator=", ", prefix=opening)
    if array.size > 40 or array.size == 0:
        text += f", shape={array.shape}"
    if array.dtype not in (np.float64, np.int64, np.bool_):
        text += f", dtype=np.{array.dtype}"
    return f"{opening}{text})"


def _joined(parts: Iterable[str], most: int = 300) -> str:
    """``parts`` with commas between, until there are more than ``most`` characters: a list that
    holds one list often, and that another, has more parts than can be counted."""
    kept, length = [], 0
    for part in parts:
        kept.append(part)
        length += len(part) + 2
        if length > most:
            return ", ".join(kept) + ", ..."
    return ", ".join(kept)


def _shorten(text: str, most: int = 300) -> str:
    return text if len(text) <= most else text[: most - 4] + " ..."
