"""Gradient descent on plain functions: the path it takes, and why it stopped (chapter 2).

A point is a number or an array of any shape; ``gradient(point)`` has the same shape.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_nn._arrays import Array
from course_nn.i18n import _

Point = Any  # a number, a list or an array: what np.array turns into float64
Gradient = Callable[..., Any]

FAR = 1e12  # a path that comes as far as this from 0 is said to have diverged


# --- the descent


@dataclass(frozen=True, eq=False)
class Path:
    """The points of a descent, start and end included, and why it went no further.

    ``points`` has the shape (steps + 1, ...); ``stopped`` is one of

    - "gradient": the norm of the gradient has fallen below the tolerance;
    - "progress": the function has not become lower for as many steps as patience allows;
    - "steps": no step was left;
    - "diverged": the last point is not finite, or farther than 1e12 from 0.
    """

    points: Array
    stopped: str

    @property
    def steps(self) -> int:
        """How many steps were taken: one less than there are points."""
        return len(self.points) - 1

    @property
    def end(self) -> Any:
        """The last point."""
        return self.points[-1]


def gradient_descent(
    gradient: Gradient,
    start: Point,
    *,
    learning_rate: float = 0.1,
    momentum: float = 0.0,
    max_steps: int = 1000,
    tolerance: float = 1e-6,
    function: Callable[..., float] | None = None,
    patience: int = 10,
) -> Path:
    """velocity = momentum velocity - learning_rate gradient(x), then x = x + velocity: the path.

    Without momentum this is x = x - learning_rate gradient(x). Where the function curves like
    L x^2 / 2, that comes closer with each step if learning_rate < 2 / L, and diverges beyond.

    Args:
        gradient: gives the slopes at a point, in the shape of the point.
        start: the first point.
        learning_rate: the length of a step where the slope is 1.
        momentum: the part of the velocity that is left after a step, from 0 to below 1.
        max_steps: the most steps to take.
        tolerance: stop where the norm of the gradient is below this.
        function: if given, stop when its value has not become lower for ``patience`` steps.
        patience: see function.

    Raises:
        ValueError: an argument out of its range, or a gradient that is not shaped like the point.

    Source: Cauchy (1847); with momentum Polyak (1964), in the form that Keras gives it.
    """
    _check_rates(learning_rate, momentum)
    x = _point(start)
    velocity = np.zeros_like(x)
    points = [x]
    lowest, lowest_step = (function(x) if function else np.inf), 0

    def path(stopped: str) -> Path:
        return Path(np.array(points), stopped)

    with np.errstate(over="ignore", invalid="ignore"):  # a path that runs away is a result, too
        for step in range(1, max_steps + 1):
            slope = _slope(gradient(x), x)
            if np.linalg.norm(slope) < tolerance:
                return path("gradient")
            velocity = momentum * velocity - learning_rate * slope
            x = x + velocity
            points.append(x)
            if _diverged(x):
                return path("diverged")
            if function:
                value = function(x)
                if value < lowest:
                    lowest, lowest_step = value, step
                elif step - lowest_step >= patience:
                    return path("progress")
    return path("steps")


def stochastic_gradient_descent(
    gradient: Gradient,
    start: Point,
    x: ArrayLike,
    y: ArrayLike,
    *,
    learning_rate: float = 0.1,
    epochs: int = 10,
    batch_size: int = 1,
    seed: int = 0,
) -> Path:
    """w = w - learning_rate gradient(w, x[batch], y[batch]) for every batch of every epoch.

    A batch of 1 is stochastic descent, a few examples are a mini-batch, and all of them make it
    `gradient_descent`. Each epoch draws a new order of the examples from ``seed``.

    Args:
        gradient: gives the slopes of the loss at w on the examples x, y it gets, shaped like w.
        start: the first w.
        x, y: the examples, one an entry (or row) of each.

    Raises:
        ValueError: as in `gradient_descent` and `batches`, or x and y of different lengths.

    Source: Robbins & Monro (1951); Goodfellow et al., Deep Learning (2016), section 8.1.3.
    """
    _check_rates(learning_rate)
    x, y = np.asarray(x), np.asarray(y)
    if len(x) != len(y):
        message = _("x holds {x} examples, y holds {y}. Give one y for each x.")
        raise ValueError(message.format(x=len(x), y=len(y)))
    w = _point(start)
    points = [w]
    rng = np.random.default_rng(seed)
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(epochs):
            for batch in batches(len(x), batch_size, rng):
                w = w - learning_rate * _slope(gradient(w, x[batch], y[batch]), w)
                points.append(w)
                if _diverged(w):
                    return Path(np.array(points), "diverged")
    return Path(np.array(points), "steps")


def batches(n: int, batch_size: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """The indices 0 ... n - 1 in random order, cut into batches; the last may be shorter.

    Raises:
        ValueError: n or batch_size is below 1.
    """
    if n < 1 or batch_size < 1:
        message = _("Got n={n}, batch_size={size}: both must be at least 1.")
        raise ValueError(message.format(n=n, size=batch_size))
    order = rng.permutation(n)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


# --- a line through data


def line_mse(w: Point, x: ArrayLike, y: ArrayLike) -> float:
    """mean((m x + c - y)^2) for w = (m, c): the mean squared error of the line y = m x + c.

    Raises:
        ValueError: x and y are not of the same shape.
    """
    return float(np.mean(_line_error(w, x, y) ** 2))


def line_mse_gradient(w: Point, x: ArrayLike, y: ArrayLike) -> Array:
    """(mean(2 error x), mean(2 error)) for w = (m, c), where error = m x + c - y."""
    error = _line_error(w, x, y)
    return np.array([np.mean(2 * error * np.asarray(x)), np.mean(2 * error)])


def _line_error(w: Point, x: ArrayLike, y: ArrayLike) -> Array:
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:  # NumPy would make a table of (n,) and (n, 1), and its mean looks well
        message = _("x has shape {x}, y has {y}. Give both the same shape, (n,).")
        raise ValueError(message.format(x=x.shape, y=y.shape))
    m, c = w
    return m * x + c - y


def least_squares_line(x: ArrayLike, y: ArrayLike) -> Array:
    """(m, c) of the line with the least `line_mse`, from a formula instead of a descent.

    m = mean((x - mean x) (y - mean y)) / mean((x - mean x)^2), c = mean y - m mean x.

    Raises:
        ValueError: all x are equal, so that no line is better than all others.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if np.ptp(x) == 0:
        message = _("All x are {x}: a line needs at least two different x.")
        raise ValueError(message.format(x=x[0]))
    from_mean = x - x.mean()
    m = np.mean(from_mean * (y - y.mean())) / np.mean(from_mean**2)
    return np.array([m, y.mean() - m * x.mean()])


def standardize(x: ArrayLike) -> tuple[Array, Array, Array]:
    """z = (x - mean) / std, with mean and std of every column: (z, mean, std).

    Each column of z has mean 0 and standard deviation 1. A constant column has nothing to scale:
    its std is given as 1, its z is 0. New data take the mean and std of the data that were fitted.

    Args:
        x: (n,) numbers, or (n, d): one example a row.

    Raises:
        ValueError: x is empty or holds NaN or infinity.
    """
    x = np.asarray(x, dtype=float)
    if x.size == 0 or not np.all(np.isfinite(x)):
        message = _(
            "x has shape {shape} and {n} entries that are NaN or infinite. "
            "Give at least one row, and only finite numbers."
        )
        raise ValueError(message.format(shape=x.shape, n=np.sum(~np.isfinite(x))))
    constant = np.ptp(x, axis=0) == 0  # its computed std may be 1e-17 instead of 0
    mean = np.where(constant, x[0], x.mean(axis=0))
    std = np.where(constant, 1.0, x.std(axis=0))
    return (x - mean) / std, mean[()], std[()]


# --- landscapes to descend on


def bowl(p: Point) -> float:
    """(x^2 + 10 y^2) / 2: curves ten times as much along y as along x; lowest, 0, at (0, 0)."""
    x, y = p
    return (x**2 + 10 * y**2) / 2


def bowl_gradient(p: Point) -> Array:
    """(x, 10 y)."""
    x, y = p
    return np.array([x, 10 * y])


def valley(p: Point) -> float:
    """(1 - x)^2 + 100 (y - x^2)^2: a bent valley, lowest, 0, at (1, 1). Rosenbrock (1960)."""
    x, y = p
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def valley_gradient(p: Point) -> Array:
    """(2 (x - 1) - 400 x (y - x^2), 200 (y - x^2))."""
    x, y = p
    return np.array([2 * (x - 1) - 400 * x * (y - x**2), 200 * (y - x**2)])


def saddle(p: Point) -> float:
    """(x^2 - y^2) / 2 + y^4 / 4: a saddle point at (0, 0), lowest, -1/4, at (0, 1) and (0, -1)."""
    x, y = p
    return (x**2 - y**2) / 2 + y**4 / 4


def saddle_gradient(p: Point) -> Array:
    """(x, y^3 - y)."""
    x, y = p
    return np.array([x, y**3 - y])


def two_minima(x: Point) -> Any:
    """x^4 - 3 x^2 + x, of one variable: lowest at -1.301, and a local minimum at 1.131."""
    return x**4 - 3 * x**2 + x


def two_minima_slope(x: Point) -> Any:
    """4 x^3 - 6 x + 1."""
    return 4 * x**3 - 6 * x + 1


# --- what is checked on the way


def _check_rates(learning_rate: float, momentum: float = 0.0) -> None:
    if not (learning_rate > 0 and 0 <= momentum < 1):
        message = _(
            "Got learning_rate={rate}, momentum={momentum}. The learning rate must be positive, "
            "momentum at least 0 and below 1."
        )
        raise ValueError(message.format(rate=learning_rate, momentum=momentum))


def _point(start: Point) -> Any:
    """A copy of start in float64; a point without dimensions is a number."""
    point = np.array(start, dtype=float)
    if not np.all(np.isfinite(point)):
        raise ValueError(_("start must be finite, got {start}.").format(start=start))
    return point[()]


def _slope(slope: Any, x: Any) -> Any:
    slope = np.asarray(slope)
    if slope.shape != x.shape or slope.dtype == object:
        message = _(
            "gradient must return one slope for each coordinate, in the shape {wanted} of the "
            "point, but it returned {got}."
        )
        raise ValueError(message.format(wanted=x.shape, got=slope))
    return slope[()]


def _diverged(x: Any) -> bool:
    return not np.linalg.norm(x) < FAR  # so that NaN counts, too
