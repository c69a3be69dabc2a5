"""What may go into a model: the checks of ``fit``, ``evaluate`` and ``predict``, each with its advice."""

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from course_nn._arrays import Array, Shape
from course_nn.i18n import _
from course_nn.layers import Layer

UNSCALED = 50  # inputs beyond this were most likely not scaled


def numbers(name: str, given: Any) -> Array:
    """``given`` as an array, if it holds real numbers."""
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            _("The {name} must be real numbers, got an array of {dtype}.").format(
                name=name, dtype=array.dtype
            )
        )
    return array


def require_whole(**given: int) -> None:
    """Refuse what is not a whole number, 1 or more."""
    for name, value in given.items():
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(
                _("{name} must be a whole number, 1 or more, got {given!r}.").format(
                    name=name, given=value
                )
            )


def require_examples(x: Array) -> None:
    """Refuse inputs without a batch axis."""
    if x.ndim < 2:
        raise ValueError(
            _(
                "The inputs must be examples, an array of two or more axes, got shape {given}. "
                "Make one example of it with x[np.newaxis], or a column with x[:, np.newaxis]."
            ).format(given=x.shape)
        )


def require_shape(x: Array, wanted: Shape) -> None:
    """Refuse examples of another shape than the network takes."""
    given = x.shape[1:]
    if given == wanted:
        return
    message = _("The network takes examples of shape {wanted}, got examples of shape {given}.")
    message = message.format(wanted=wanted, given=given)
    if math.prod(given) == math.prod(wanted):
        sizes = str(wanted)[1:-1].rstrip(",")
        message += " " + _("Reshape them with x.reshape(len(x), {sizes}).").format(sizes=sizes)
    raise ValueError(message)


def require_one_target_each(x: Array, y: Array) -> None:
    """Refuse inputs and targets that differ in number, or none at all."""
    if y.shape[:1] != x.shape[:1]:
        raise ValueError(
            _(
                "There are {x} examples, but the targets have shape {y}; each example needs one."
            ).format(x=len(x), y=y.shape)
        )
    if not len(x):
        raise ValueError(_("There are no examples to work on: x and y are empty."))


def require_finite(batch: Array, rows: Sequence[int] | Array) -> None:
    """Refuse NaN in ``batch``, the examples of the data with these numbers."""
    # A sum of squares is the quickest look at every number; only when it is not finite is a second look worth while.
    if batch.dtype.kind == "f" and not math.isfinite(np.vdot(batch, batch)):
        bad = np.flatnonzero(~np.isfinite(batch.reshape(len(batch), -1)).all(axis=1))
        if bad.size:
            raise ValueError(
                _(
                    "The inputs hold NaN, infinity or a number too large for {dtype}, in row {row} for one. "
                    "Remove or correct such rows."
                ).format(dtype=batch.dtype, row=int(rows[bad[0]]))
            )


def split_off(share: float, x: Array, y: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """((x, y) to train on, (x, y) to validate on): the last ``share`` of the examples is kept out of training."""
    kept = int(len(x) * (1 - share))
    if not 0 < kept < len(x):
        raise ValueError(
            _(
                "validation_split={split} of {rows} examples leaves none for one of the two parts."
            ).format(split=share, rows=len(x))
        )
    return (x[:kept], y[:kept]), (x[kept:], y[kept:])


def require_share(validation_split: float) -> None:
    if not 0 <= validation_split < 1:
        raise ValueError(
            _("validation_split must be at least 0 and below 1, got {given}.").format(
                given=validation_split
            )
        )


def require_pair(validation_data: Any) -> None:
    if not isinstance(validation_data, (list, tuple)) or len(validation_data) != 2:
        raise ValueError(
            _("validation_data is a pair (x, y), got {given}.").format(
                given=type(validation_data).__name__
            )
        )


def warn_if_unscaled(layers: Iterable[Layer], x: Array, stacklevel: int) -> None:
    """Warn of numbers far from 0 that reach the first layer that learns."""
    largest = float(np.abs(x[:1000].astype(np.float64)).max())
    if not UNSCALED < largest < math.inf:
        return
    for layer in layers:
        if layer.rescales:
            return
        if layer.weights:
            break
    warnings.warn(
        _(
            "The inputs reach {largest:g}; a network learns badly from numbers far from 0. "
            "Scale them, for example images with x / 255."
        ).format(largest=largest),
        stacklevel=stacklevel,
    )
