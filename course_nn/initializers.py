"""How weights start: random, so that no two units of a layer are alike, and of the right size.

An initializer is called with a shape (fan_in, fan_out) and a random generator and gives float64; the
layer converts. "glorot" keeps the variance of signals and gradients level through tanh and linear
layers (Glorot & Bengio 2010, eq. 12 and 16), "he" through ReLU layers (He et al. 2015, eq. 10).
Where Keras truncates its normal distributions, these are the plain ones of the papers.
"""

import math
from collections.abc import Callable

import numpy as np

from course_nn.i18n import _
from course_nn.utils import lookup

Initializer = Callable[[tuple[int, ...], np.random.Generator], np.ndarray]


def zeros(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """All 0: right for a bias, wrong for weights, whose units would stay alike forever."""
    return np.zeros(shape)


def ones(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """All 1, the scale with which batch normalization starts."""
    return np.ones(shape)


def random_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with standard deviation 0.05, whatever the shape."""
    return rng.normal(0, 0.05, shape)


def glorot_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / (fan_in + fan_out)."""
    return rng.normal(0, math.sqrt(2 / (shape[0] + shape[-1])), shape)


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Uniform in ±sqrt(6 / (fan_in + fan_out)), which has the variance 2 / (fan_in + fan_out)."""
    limit = math.sqrt(6 / (shape[0] + shape[-1]))
    return rng.uniform(-limit, limit, shape)


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / fan_in."""
    return rng.normal(0, math.sqrt(2 / shape[0]), shape)


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Uniform in ±sqrt(6 / fan_in), which has the variance 2 / fan_in."""
    limit = math.sqrt(6 / shape[0])
    return rng.uniform(-limit, limit, shape)


INITIALIZERS: dict[str, Initializer] = {
    function.__name__: function
    for function in (
        zeros,
        ones,
        random_normal,
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
    )
}


def get(initializer: str) -> Initializer:
    """The initializer of that name.

    Raises:
        ValueError: there is no initializer of that name.
    """
    return lookup(_("initializer"), initializer, INITIALIZERS)
