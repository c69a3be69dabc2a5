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
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from course_nn._arrays import Array, Shape
from course_nn._names import Explained, lookup, missing
from course_nn.i18n import _

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


def random_uniform(shape: Shape, rng: np.random.Generator) -> Array:
    """Uniform in ±0.05, whatever the shape."""
    return rng.uniform(-0.05, 0.05, shape)


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


def lecun_normal(shape: Shape, rng: np.random.Generator) -> Array:
    """Normal with variance 1 / fan_in, the start that goes with selu (LeCun et al. 1998, section 4.6)."""
    return rng.normal(0, math.sqrt(1 / fans(shape)[0]), shape)


def lecun_uniform(shape: Shape, rng: np.random.Generator) -> Array:
    """Uniform in ±sqrt(3 / fan_in), which has the variance 1 / fan_in."""
    limit = math.sqrt(3 / fans(shape)[0])
    return rng.uniform(-limit, limit, shape)


INITIALIZERS: dict[str, Initializer] = {
    function.__name__: function
    for function in (
        zeros,
        ones,
        random_normal,
        random_uniform,
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
        lecun_normal,
        lecun_uniform,
    )
}


# Keras's classes: the same, with arguments and a seed of their own. ``HeNormal(seed=3)`` draws what he_normal does.


@dataclass(frozen=True)
class Start(metaclass=Explained):
    """An initializer with arguments. Called with a shape and, where it has no seed, a random generator."""

    drawn: ClassVar[Any]

    def __call__(self, shape: Shape, rng: Any = None, dtype: Any = None) -> Array:
        seed = getattr(self, "seed", None)
        if seed is not None or not isinstance(rng, np.random.Generator):
            rng = np.random.default_rng(seed)
        return self.draw(tuple(shape), rng)

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return type(self).drawn(shape, rng)

    def config(self) -> dict[str, Any]:
        return {"class": type(self).__name__, **asdict(self)}


@dataclass(frozen=True)
class Zeros(Start):
    drawn = staticmethod(zeros)


@dataclass(frozen=True)
class Ones(Start):
    drawn = staticmethod(ones)


@dataclass(frozen=True)
class Constant(Start):
    """All one value."""

    value: float = 0.0

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, float(self.value))


@dataclass(frozen=True)
class RandomNormal(Start):
    """Normal with that mean and standard deviation."""

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.normal(self.mean, self.stddev, shape)


@dataclass(frozen=True)
class TruncatedNormal(RandomNormal):
    """Normal, where what lies more than two standard deviations from the mean is drawn again."""

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        drawn = rng.normal(size=shape)
        while (far := np.abs(drawn) > 2).any():
            drawn[far] = rng.normal(size=np.count_nonzero(far))
        return self.mean + self.stddev * drawn


@dataclass(frozen=True)
class RandomUniform(Start):
    """Uniform from ``minval`` to ``maxval``."""

    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.uniform(self.minval, self.maxval, shape)


@dataclass(frozen=True)
class GlorotNormal(Start):
    seed: int | None = None
    drawn = staticmethod(glorot_normal)


@dataclass(frozen=True)
class GlorotUniform(Start):
    seed: int | None = None
    drawn = staticmethod(glorot_uniform)


@dataclass(frozen=True)
class HeNormal(Start):
    seed: int | None = None
    drawn = staticmethod(he_normal)


@dataclass(frozen=True)
class HeUniform(Start):
    seed: int | None = None
    drawn = staticmethod(he_uniform)


@dataclass(frozen=True)
class LecunNormal(Start):
    seed: int | None = None
    drawn = staticmethod(lecun_normal)


@dataclass(frozen=True)
class LecunUniform(Start):
    seed: int | None = None
    drawn = staticmethod(lecun_uniform)


CLASSES: dict[str, type[Start]] = {
    name: each
    for name, each in dict(vars()).items()
    if isinstance(each, type) and issubclass(each, Start) and each is not Start
}
_KNOWN: dict[str, Any] = {
    **INITIALIZERS,
    **CLASSES,
    "constant": Constant,
    "truncated_normal": TruncatedNormal,
    "normal": random_normal,  # Keras's other names
    "uniform": random_uniform,
    "zero": zeros,
    "one": ones,
}


def get(initializer: Any) -> Initializer:
    """The initializer of that name, or one as it is.

    Raises:
        ValueError: there is no initializer of that name.
    """
    if isinstance(initializer, dict):  # as config gives it
        kind = CLASSES[initializer["class"]]
        return kind(**{name: value for name, value in initializer.items() if name != "class"})
    if not callable(initializer):
        initializer = lookup(_("initializer"), initializer, _KNOWN)
    return initializer() if isinstance(initializer, type) else initializer


def config(initializer: Any) -> Any:
    """What ``get`` makes the same initializer from, as JSON can hold it."""
    return initializer.config() if isinstance(initializer, Start) else initializer


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, _KNOWN)
