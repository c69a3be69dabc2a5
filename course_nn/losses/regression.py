"""Losses that compare numbers, each with its derivative directly under it.

All are means over every number of every example; ``dp`` divides by their count.
"""

from typing import Any

import numpy as np

from course_nn._arrays import Array
from course_nn.losses.base import Loss

EPSILON = 1e-7


class Elementwise(Loss):
    """A loss that is a mean over numbers, each compared with its target by itself."""

    def values(self, y: Array, p: Array) -> Array:
        raise NotImplementedError

    def slopes(self, y: Array, p: Array) -> Array:
        raise NotImplementedError

    def each(self, y: Array, p: Array) -> Array:
        return self.values(y, p).reshape(len(p), -1).mean(axis=1)

    def forward(self, y: Array, p: Array) -> float:
        return float(self.values(y, p).mean())

    def backward(self, y: Array, p: Array) -> Array:
        return self.slopes(y, p) / p.size


class MeanSquaredError(Elementwise):
    """L = mean (p - y)^2, over examples and outputs."""

    name = "mean_squared_error"

    def values(self, y: Array, p: Array) -> Array:
        """(p - y)^2"""
        return np.square(p - y)

    def backward(self, y: Array, p: Array) -> Array:
        """dp = 2 (p - y) / (number of entries)"""
        return (2 / p.size) * (p - y)


class MeanAbsoluteError(Elementwise):
    """L = mean |p - y|"""

    name = "mean_absolute_error"

    def values(self, y: Array, p: Array) -> Array:
        """|p - y|"""
        return np.abs(p - y)

    def slopes(self, y: Array, p: Array) -> Array:
        """sign(p - y), with sign(0) = 0"""
        return np.sign(p - y)


class MeanAbsolutePercentageError(Elementwise):
    """L = mean 100 |p - y| / |y|"""

    name = "mean_absolute_percentage_error"

    def values(self, y: Array, p: Array) -> Array:
        """100 |p - y| / |y|, where |y| counts as at least 1e-7"""
        return 100 * np.abs(p - y) / np.maximum(np.abs(y), EPSILON)

    def slopes(self, y: Array, p: Array) -> Array:
        """100 sign(p - y) / |y|"""
        return 100 * np.sign(p - y) / np.maximum(np.abs(y), EPSILON)


class MeanSquaredLogarithmicError(Elementwise):
    """L = mean (log(1 + p) - log(1 + y))^2, both taken as at least 1e-7"""

    name = "mean_squared_logarithmic_error"

    def values(self, y: Array, p: Array) -> Array:
        """(log(1 + p) - log(1 + y))^2"""
        return np.square(np.log1p(np.maximum(p, EPSILON)) - np.log1p(np.maximum(y, EPSILON)))

    def slopes(self, y: Array, p: Array) -> Array:
        """2 (log(1 + p) - log(1 + y)) / (1 + p), where p is above 1e-7"""
        difference = np.log1p(np.maximum(p, EPSILON)) - np.log1p(np.maximum(y, EPSILON))
        return 2 * difference / (1 + np.maximum(p, EPSILON)) * (p > EPSILON)


class Huber(Elementwise):
    """L = mean of (p - y)^2 / 2 where |p - y| <= delta, else delta (|p - y| - delta / 2)  (Huber 1964)"""

    name = "huber"

    def __init__(self, delta: float = 1.0, **others: Any) -> None:
        super().__init__(**others)
        self.delta = float(delta)

    def values(self, y: Array, p: Array) -> Array:
        """(p - y)^2 / 2, or delta (|p - y| - delta / 2)"""
        far = np.abs(p - y)
        return np.where(far <= self.delta, far**2 / 2, self.delta * (far - self.delta / 2))

    def slopes(self, y: Array, p: Array) -> Array:
        """p - y, kept between -delta and delta"""
        return np.clip(p - y, -self.delta, self.delta)

    def config(self) -> dict[str, Any]:
        return {"delta": self.delta}


class Poisson(Elementwise):
    """L = mean (p - y log p), for targets that count something"""

    name = "poisson"

    def values(self, y: Array, p: Array) -> Array:
        """p - y log(p + 1e-7)"""
        return p - y * np.log(p + EPSILON)

    def slopes(self, y: Array, p: Array) -> Array:
        """1 - y / (p + 1e-7)"""
        return 1 - y / (p + EPSILON)


class Hinge(Elementwise):
    """L = mean max(0, 1 - y p), y one of -1 and 1; targets 0 and 1 are taken for them"""

    name = "hinge"

    def values(self, y: Array, p: Array) -> Array:
        """max(0, 1 - y p)"""
        return np.maximum(0, 1 - _signs(y) * p)

    def slopes(self, y: Array, p: Array) -> Array:
        """-y where y p < 1, else 0"""
        signs = _signs(y)
        return -signs * (signs * p < 1)


def _signs(y: Array) -> Array:
    return 2 * y - 1 if np.all((y == 0) | (y == 1)) else y


class KLDivergence(Loss):
    """L = mean over examples of sum_k y_k log(y_k / p_k), all kept between 1e-7 and 1"""

    name = "kl_divergence"

    def each(self, y: Array, p: Array) -> Array:
        q, t = np.clip(p, EPSILON, 1), np.clip(y, EPSILON, 1)
        return (t * np.log(t / q)).sum(axis=-1).reshape(len(p), -1).mean(axis=1)

    def forward(self, y: Array, p: Array) -> float:
        """mean sum_k y_k log(y_k / p_k)"""
        return float(self.each(y, p).mean())

    def backward(self, y: Array, p: Array) -> Array:
        """dp = -y / p / n, where p lies between 1e-7 and 1"""
        inside = (p >= EPSILON) & (p <= 1)
        count = p.size // p.shape[-1]
        return -np.clip(y, EPSILON, 1) / np.clip(p, EPSILON, 1) * inside / count
