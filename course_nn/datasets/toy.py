"""Small sets to draw and to try a network on. The same arguments give the same points.

Every set is float64, the type that a gradient check needs; a model converts to its own.
"""

import numpy as np

from course_nn.i18n import _


def spirals(
    n: int = 300, *, classes: int = 3, noise: float = 0.2, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """``x, y``: arms that wind around the origin, a class each: angle = 4 r + 2 pi class / classes.

    The radius r goes from 0 to 1. No straight line parts the arms: a linear model stays near
    chance, a network with one hidden layer follows them.

    Args:
        n: points in all; the arms differ by one at most.
        classes: number of arms.
        noise: standard deviation of the angle, in radians.
        seed: of the random numbers.

    Returns:
        x: shape (n, 2), float64; y: shape (n,), int64, 0 to classes - 1; in random order.

    Source: A. Karpathy, "Putting it together: minimal neural network case study", CS231n.
    """
    _check(n, noise)
    if classes < 1:
        raise ValueError(
            _("classes must be at least 1, got {n}: each class is one arm.").format(n=classes)
        )
    rng = np.random.default_rng(seed)
    y = rng.permutation(n) % classes
    radius = np.sqrt(rng.uniform(0, 1, n))
    angle = 4 * radius + 2 * np.pi * y / classes + rng.normal(0, noise, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y


def moons(n: int = 200, *, noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``x, y``: two half circles of radius 1, each reaching into the other.

    Class 0 is (cos t, sin t), class 1 is (1 - cos t, 1/2 - sin t), with t from 0 to pi.

    Args:
        n: points in all; the moons differ by one at most.
        noise: standard deviation added to each coordinate.
        seed: of the random numbers.

    Returns:
        x: shape (n, 2), float64; y: shape (n,), int64, 0 or 1; in random order.

    Source: scikit-learn's ``make_moons``.
    """
    _check(n, noise)
    rng = np.random.default_rng(seed)
    y = rng.permutation(n) % 2
    t = rng.uniform(0, np.pi, n)
    x = np.stack([np.cos(t), np.sin(t)], axis=1)
    x[y == 1] = [1, 0.5] - x[y == 1]
    return x + rng.normal(0, noise, (n, 2)), y


def xor(n: int = 4, *, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``x, y``: exclusive or, y = 1 where exactly one of the two inputs is 1.

    Without arguments it is the table (0, 0) -> 0, (0, 1) -> 1, (1, 0) -> 1, (1, 1) -> 0. With more
    points and noise it is four clouds. One neuron cannot learn it.

    Args:
        n: points in all, dealt to the four corners in turn.
        noise: standard deviation added to each coordinate.
        seed: of the random numbers.

    Returns:
        x: shape (n, 2), float64; y: shape (n,), int64, 0 or 1.

    Source: M. Minsky and S. Papert, "Perceptrons", MIT Press, 1969.
    """
    _check(n, noise)
    first, second = np.arange(n) // 2 % 2, np.arange(n) % 2
    shift = np.random.default_rng(seed).normal(0, noise, (n, 2))
    return np.stack([first, second], axis=1) + shift, first ^ second


def noisy_line(
    n: int = 50, *, slope: float = 2.0, intercept: float = 1.0, noise: float = 0.5, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """``x, y``: points around a line, y = slope x + intercept + noise.

    Args:
        n: number of points.
        slope: of the line.
        intercept: of the line, its value at x = 0.
        noise: standard deviation added to y.
        seed: of the random numbers.

    Returns:
        x: shape (n,), float64, between -1 and 1, ascending; y: shape (n,), float64.
    """
    _check(n, noise)
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-1, 1, n))
    return x, slope * x + intercept + rng.normal(0, noise, n)


def _check(n: int, noise: float) -> None:
    """Raise ValueError for a number of points or a noise that no set can have."""
    if n < 1:
        raise ValueError(_("n must be at least 1, got {n}: the number of points.").format(n=n))
    if not noise >= 0:
        raise ValueError(
            _("noise must be 0 or more, got {noise}: a standard deviation.").format(noise=noise)
        )
