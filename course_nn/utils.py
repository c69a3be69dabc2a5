"""Small helpers around the network: one-hot labels, rows of one length, one seed for all."""

import random
from typing import Any

import numpy as np

from course_nn._arrays import Array, warm_up_products
from course_nn._names import lookup, missing
from course_nn.i18n import _

__all__ = ["lookup", "normalize", "set_random_seed", "to_categorical", "warm_up_products"]

_seeds: np.random.Generator | None = None  # where set_random_seed was called, seeds come from here


def to_categorical(y: Array, num_classes: int | None = None) -> Array:
    """One-hot rows: label 3 of 10 classes becomes [0, 0, 0, 1, 0, 0, 0, 0, 0, 0].

    Args:
        y: class labels, whole numbers from 0, any shape; a column (n, 1), as a table gives it, counts as (n,).
        num_classes: how many classes there are; by default the largest label plus one.

    Returns:
        float32, shape ``y.shape + (num_classes,)``.

    Raises:
        TypeError: the labels are not whole numbers.
        ValueError: a label is negative or not below ``num_classes``, or the labels are one-hot already.
    """
    given = np.asarray(y)
    if given.ndim > 1 and given.shape[-1] == 1:
        given = given[..., 0]
    if given.dtype.kind == "f" and given.ndim > 1 and np.isin(given, (0, 1)).all():
        raise ValueError(
            _(
                "to_categorical takes class labels, but these, of shape {shape}, are one-hot already. "
                "Use them as they are; y.argmax(axis=1) gives the labels back."
            ).format(shape=given.shape)
        )
    if given.dtype.kind not in "biuf" or not np.array_equal(given, np.rint(given)):
        raise TypeError(
            _(
                "to_categorical takes class labels, whole numbers from 0, got {dtype} such as {value}. "
                "Number the classes: np.unique(y, return_inverse=True)[1]."
            ).format(dtype=given.dtype, value=given.reshape(-1)[:1].tolist())
        )
    labels = given.astype(np.intp)
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


def normalize(x: Array, axis: int = -1, order: int = 2) -> Array:
    """``x`` divided by its length along ``axis``, the norm of that order (2: sqrt of the sum of squares)."""
    x = np.asarray(x)
    length = np.atleast_1d(np.linalg.norm(x.astype(np.float64), order, axis))
    length[length == 0] = 1
    return x / np.expand_dims(length, axis)


def set_random_seed(seed: int) -> None:
    """Seed Python's and NumPy's chance, and that of every model which is given no seed of its own."""
    global _seeds
    random.seed(seed)
    np.random.seed(seed)
    _seeds = np.random.default_rng(seed)


def generator(seed: int | None) -> np.random.Generator:
    """A generator from ``seed``; of None, from ``set_random_seed`` where it was called, else from the system."""
    if seed is None and _seeds is not None:
        seed = int(_seeds.integers(2**63))
    return np.random.default_rng(seed)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, __all__)
