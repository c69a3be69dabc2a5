"""How weights start: random, so that no two units of a layer are alike, and of the right size.

An initializer is called with the shape of a kernel and a random generator and gives float64; the layer
converts. fan_in is how many numbers go into one output, fan_out how many outputs one number goes into:
the rows and columns of a dense kernel (inputs, units), and for a kernel (height, width, channels in,
channels out) of a convolution the channels times the places that it covers. "glorot" keeps the variance of signals and gradients level through tanh and linear
layers (Glorot & Bengio 2010, eq. 12 and 16), "he" through ReLU layers (He et al. 2015, eq. 10).
Where Keras truncates its normal distributions, these are the plain ones of the papers.
"""

import math
from collections.abc import Callable

import numpy as np

from course_nn._arrays import Array, Shape
from course_nn.i18n import _
from course_nn.utils import lookup

Initializer = Callable[[Shape, np.random.Generator], Array]


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a kernel of that shape; of a vector its length, twice."""
    places = math.prod(shape[:-2])
    return places * shape[-2 if len(shape) > 1 else -1], places * shape[-1]


def zeros(shape: Shape, rng: np.random.Generator) -> Array:
    """All 0: right for a bias, wrong for weights, whose units would stay alike forever."""
    return np.zeros(shape)


def ones(shape: Shape, rng: np.random.Generator) -> Array:
    """All 1, the scale with which batch normalization starts."""
    return np.ones(shape)


def random_normal(shape: Shape, rng: np.random.Generator) -> Array:
    """Normal with standard deviation 0.05, whatever the shape."""
    return rng.normal(0, 0.05, shape)


def glorot_normal(shape: Shape, rng: np.random.Generator) -> Array:
    """Normal with variance 2 / (fan_in + fan_out)."""
    return rng.normal(0, math.sqrt(2 / sum(fans(shape))), shape)


def glorot_uniform(shape: Shape, rng: np.random.Generator) -> Array:
    """Uniform in ±sqrt(6 / (fan_in + fan_out)), which has the variance 2 / (fan_in + fan_out)."""
    limit = math.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-limit, limit, shape)


def he_normal(shape: Shape, rng: np.random.Generator) -> Array:
    """Normal with variance 2 / fan_in."""
    return rng.normal(0, math.sqrt(2 / fans(shape)[0]), shape)


def he_uniform(shape: Shape, rng: np.random.Generator) -> Array:
    """Uniform in ±sqrt(6 / fan_in), which has the variance 2 / fan_in."""
    limit = math.sqrt(6 / fans(shape)[0])
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
