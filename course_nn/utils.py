"""Small helpers around the network: one-hot labels, names looked up with a useful error."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from course_nn.i18n import _

T = TypeVar("T")


def to_categorical(y: np.ndarray, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows: label 3 of 10 classes becomes [0, 0, 0, 1, 0, 0, 0, 0, 0, 0].

    Args:
        y: class labels, integers from 0, any shape.
        num_classes: how many classes there are; by default the largest label plus one.

    Returns:
        float32, shape ``y.shape + (num_classes,)``.

    Raises:
        TypeError: the labels are not integers.
        ValueError: a label is negative or not below ``num_classes``.
    """
    labels = np.asarray(y)
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(
            _(
                "to_categorical takes integer labels, got {dtype}. Convert them with y.astype(int)."
            ).format(dtype=labels.dtype)
        )
    labels = labels.astype(np.intp)
    classes = int(labels.max(initial=-1)) + 1 if num_classes is None else num_classes
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(
            _(
                "Labels run from {low} to {high}, but {classes} classes allow 0 to {last}. "
                "Correct the labels or num_classes."
            ).format(low=labels.min(), high=labels.max(), classes=classes, last=classes - 1)
        )
    one_hot = np.zeros((labels.size, classes), np.float32)
    one_hot[np.arange(labels.size), labels.reshape(-1)] = 1
    return one_hot.reshape(*labels.shape, classes)


def lookup(kind: str, name: object, known: Mapping[str, T]) -> T:
    """``known[name]``, or a ValueError that names ``kind``, the nearest name and all the names there are."""
    if isinstance(name, str) and name in known:
        return known[name]
    near = difflib.get_close_matches(str(name).lower(), known, n=1)
    hint = " " + _("Did you mean {name!r}?").format(name=near[0]) if near else ""
    raise ValueError(
        _("{name!r} is no {kind}.").format(name=name, kind=kind)
        + hint
        + " "
        + _("Choose one of: {known}.").format(known=", ".join(sorted(known)))
    )
