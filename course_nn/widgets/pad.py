"""A pad to write a digit on, and what a network makes of it."""

from collections.abc import Sequence

import numpy as np

Strokes = Sequence[Sequence[Sequence[float]]]

SIDE, BOX = 28, 20  # pixels of an image, and of the square in it that a digit fills
PEN = 2.4  # pixels: about as wide as the strokes in MNIST are
FINE = 4  # as many times finer is the grid on which strokes are drawn
SMALLEST = 0.1  # of the pad: what is smaller is a dot, and not blown up to a digit


def as_mnist(ink: np.ndarray) -> np.ndarray:
    """The digit in ``ink`` scaled to fit 20 x 20 pixels, its center of mass in the middle of 28 x 28.

    So MNIST was made: "The original black and white (bilevel) images were size normalized to fit in a
    20 x 20 pixel box while preserving their aspect ratio. The resulting images contain gray levels
    [from] the anti-aliasing [...]. The images were centered in a 28 x 28 image by computing the
    center of mass of the pixels, and translating the image so as to position this point at the
    center" (LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86, 1998, section III.A). Translated by whole pixels: in
    all of MNIST the center of mass is at most half a pixel from row 14 and column 14.

    Args:
        ink: shape (height, width), 0 for paper to 255 for ink, of any size; empty margins are cut off.

    Returns:
        Shape (28, 28), uint8. An image of MNIST stays as it is; paper alone stays paper.

    Raises:
        ValueError: ``ink`` does not have two axes.
    """
    ink = np.asarray(ink, dtype=float)
    if ink.ndim != 2:
        raise ValueError(f"{ink.shape}")
    image = np.zeros((SIDE, SIDE), np.uint8)
    if not ink.any():
        return image
    rows, columns = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    step = max(ink.shape) / BOX
    small = _overlaps(ink.shape[0], step) @ ink @ _overlaps(ink.shape[1], step).T
    top, left = (
        np.clip(round(SIDE / 2 - np.arange(n) @ mass / mass.sum()), 0, SIDE - n)
        for n, mass in zip(small.shape, (small.sum(axis=1), small.sum(axis=0)))
    )
    image[top : top + small.shape[0], left : left + small.shape[1]] = small.round()
    return image


def _overlaps(n: int, step: float) -> np.ndarray:
    """Row i: the shares that ``n`` pixels have in the stretch from i * step to (i + 1) * step."""
    edges = np.minimum(step * np.arange(np.ceil(n / step - 1e-9) + 1), n)
    pixels = np.arange(n)
    common = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return common.clip(0) / step


def draw(strokes: Strokes) -> np.ndarray:
    """The ink that a round pen leaves on ``strokes``, as wide for a digit written large or small.

    Args:
        strokes: for each stroke its points (x, y), from 0 to 1 of the pad; y points down.

    Returns:
        Shape (80, 80), float, 0 to 255, at whose edges the pen stops; ``as_mnist`` takes it on.
    """
    side = BOX * FINE
    ink = np.zeros((side, side))
    lines = [np.asarray(stroke, dtype=float).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not lines:
        return ink
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (BOX - PEN) * FINE / max((high - low).max(), SMALLEST)
    middle = np.arange(side) + 0.5
    distance = np.full((side, side), np.inf)
    for line in lines:
        line = _spaced(side / 2 + (line - (low + high) / 2) * scale, FINE / 2)
        for (x, y), (dx, dy) in zip(line, np.diff(line, axis=0, append=line[-1:])):
            right, down = middle - x, (middle - y)[:, None]
            along = ((right * dx + down * dy) / (dx * dx + dy * dy or 1)).clip(0, 1)
            np.minimum(distance, np.hypot(right - along * dx, down - along * dy), out=distance)
    return 255 * (PEN * FINE / 2 + 0.5 - distance).clip(0, 1)


def _spaced(line: np.ndarray, least: float) -> np.ndarray:
    """The first and the last point, and those between that are ``least`` away from the one before."""
    kept = [line[0]]
    for point in line[1:-1]:
        if np.hypot(*(point - kept[-1])) >= least:
            kept.append(point)
    return np.array([*kept, line[-1]])
