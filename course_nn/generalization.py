"""Doing well on what was never seen: folds to measure it, shifted images to help it."""

from operator import index

import numpy as np

from course_nn._arrays import Array
from course_nn.i18n import _


def k_fold(n: int, k: int, rng: np.random.Generator) -> list[tuple[Array, Array]]:
    """k pairs (training, validation) of row numbers; each of the n rows is in one validation part.

    The rows are dealt at random. The parts differ by one row at most, the larger ones first.

    Returns:
        k pairs of integer arrays, of about n - n/k and n/k row numbers.

    Raises:
        TypeError: n or k is not a whole number.
        ValueError: k is below 2, or there are fewer rows than folds.

    Source: T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2009,
    section 7.10.
    """
    if index(k) < 2 or index(n) < k:
        raise ValueError(
            _(
                "k_fold cuts n rows into k parts, 2 or more and none empty; got n={n}, k={k}. "
                "Choose k from 2 to n, 5 or 10 are usual."
            ).format(n=n, k=k)
        )
    folds = np.array_split(rng.permutation(n), k)
    return [(np.concatenate(folds[:i] + folds[i + 1 :]), fold) for i, fold in enumerate(folds)]


def shift_images(images: Array, dy: int, dx: int) -> Array:
    """y[:, i, j] = x[:, i - dy, j - dx], 0 outside: images moved dy rows down, dx columns right.

    Args:
        images: shape (n, height, width), any number type.
        dy: rows, negative for up.
        dx: columns, negative for left.

    Returns:
        New images of the same shape and type. What leaves an image at one side is lost.

    Raises:
        TypeError: dy or dx is not a whole number.
        ValueError: the images do not have three axes.
    """
    images, dy, dx = np.asarray(images), index(dy), index(dx)
    if images.ndim != 3:
        raise ValueError(
            _(
                "shift_images takes images of shape (n, height, width), got shape {given}. "
                "Reshape rows of pixels with x.reshape(-1, 28, 28), a single image with "
                "image[np.newaxis]."
            ).format(given=images.shape)
        )
    _n, height, width = images.shape
    dy, dx = max(-height, min(dy, height)), max(-width, min(dx, width))
    margin = max(abs(dy), abs(dx))
    padded = np.pad(images, [(0, 0), (margin, margin), (margin, margin)])
    top, left = margin - dy, margin - dx  # the frame moves up, so the image in it moves down
    return padded[:, top : top + height, left : left + width].copy()
