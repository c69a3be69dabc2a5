"""Layers that make training steadier: dropout and batch normalization."""

import warnings
from typing import Any

import numpy as np

from course_nn import initializers
from course_nn._arrays import Array, Shape, averaging
from course_nn.i18n import _
from course_nn.layers.base import Layer, Weights


class Dropout(Layer):
    """In training, each number is zeroed with probability ``rate`` and the others are divided by 1 - rate, so that
    the mean stays; in prediction nothing changes (Srivastava et al. 2014, in the "inverted" form of section 10).

    The rate is rounded to a multiple of 1/65536, because 16 random bits decide on each number.

    Args:
        rate: the share that is zeroed.
        seed: of the layer's own chance; without one the model's decides.

    Raises:
        ValueError: the rate is not at least 0 and below 1.
    """

    def __init__(self, rate: float, *, seed: int | None = None, **shape: Any) -> None:
        super().__init__(**shape)
        if not 0 <= rate < 1:
            raise ValueError(
                _(
                    "Dropout's rate must be at least 0 and below 1, got {given}. 0.2 to 0.5 is usual."
                ).format(given=rate)
            )
        self.rate, self.seed = float(rate), seed
        self.own_rng = None if seed is None else np.random.default_rng(seed)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x m / (1 - rate), m random zeros and ones; y = x where not training"""
        dropped = min(round(self.rate * 65536), 65535)
        self.keep = None
        if not training or dropped == 0:
            return x
        rng = self.own_rng or self.rng
        bits = (
            rng.bit_generator.random_raw(-(-x.size // 4)).view(np.uint16)[: x.size].reshape(x.shape)
        )
        self.keep = self.buffer("keep", x.shape)
        np.multiply(bits >= dropped, self.dtype.type(65536 / (65536 - dropped)), out=self.keep)
        return np.multiply(x, self.keep, out=self.buffer("y", x.shape))

    def backward(self, dy: Array) -> Array:
        """dx = dy m / (1 - rate), with the m of the forward pass"""
        return (
            dy if self.keep is None else np.multiply(dy, self.keep, out=self.buffer("dx", dy.shape))
        )

    def config(self) -> dict[str, Any]:
        seed = {} if self.seed is None else {"seed": self.seed}
        return {"rate": self.rate, **seed, **super().config()}


class BatchNormalization(Layer):
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta, each column by itself
    (Ioffe & Szegedy 2015, algorithm 1). Of examples with several axes the last one counts as the columns.

    In training the mean and variance are those of the batch; in prediction, moving averages of what training saw:
    moving = momentum moving + (1 - momentum) batch. The variance divides by n, in both (as Keras; PyTorch
    divides by n - 1 for the moving one).

    A batch of one row, minus its own mean, is 0 whatever it was: nothing can be learned from it, and a warning says so.

    Weights: "gamma" (starts at 1), "beta" (0). State: "moving_mean" (0), "moving_variance" (1). All (columns,).
    """

    rescales = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **shape: Any,
    ) -> None:
        super().__init__(**shape)
        if axis != -1 or not (center and scale):
            raise ValueError(
                _(
                    "BatchNormalization of this package takes the last axis, axis=-1, and has gamma and beta; "
                    "got axis={axis!r}, center={center}, scale={scale}."
                ).format(axis=axis, center=center, scale=scale)
            )
        self.momentum, self.epsilon = float(momentum), float(epsilon)
        self._warned = False

    def weight_shapes(self, input_shape: Shape) -> Weights:
        columns = input_shape[-1:]
        return {"gamma": (columns, initializers.ones), "beta": (columns, initializers.zeros)}

    def state_shapes(self, input_shape: Shape) -> Weights:
        columns = input_shape[-1:]
        return {
            "moving_mean": (columns, initializers.zeros),
            "moving_variance": (columns, initializers.ones),
        }

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = gamma (x - mean) / sqrt(variance + epsilon) + beta"""
        shape, x = x.shape, x.reshape(-1, x.shape[-1])
        y = self.buffer("y", x.shape)
        self.normalizes = training and self.trainable  # frozen, it stays as in prediction
        if self.normalizes:
            self.warn_of_one(len(x))
            average = averaging(len(x), self.dtype)
            mean = np.dot(average, x)
            self.centered = np.subtract(x, mean, out=self.buffer("centered", x.shape))
            variance = np.dot(average, np.multiply(self.centered, self.centered, out=y))
            for name, seen in (("moving_mean", mean), ("moving_variance", variance)):
                change = seen - self.state[name]
                change *= 1 - self.momentum
                self.state[name] += change
            variance += self.epsilon
            self.inverse_deviation = 1 / np.sqrt(variance, out=variance)
            self.scale = self.weights["gamma"] * self.inverse_deviation
            np.multiply(self.centered, self.scale, out=y)
        else:
            np.subtract(x, self.state["moving_mean"], out=y)
            y *= self.weights["gamma"] / np.sqrt(self.state["moving_variance"] + self.epsilon)
        y += self.weights["beta"]
        return y.reshape(shape)

    def warn_of_one(self, rows: int) -> None:
        """Once, where a batch has a single row."""
        if rows == 1 and not self._warned:
            self._warned = True
            warnings.warn(
                _(
                    "BatchNormalization got a batch of one example: minus its own mean that is 0, whatever it was, "
                    "and nothing can be learned from it. Take a larger batch_size; where a single example is left "
                    "over at the end of an epoch, leave it out."
                ),
                stacklevel=3,
            )

    def backward(self, dy: Array) -> Array | None:
        """dbeta = sum dy,  dgamma = sum dy x_hat,  with x_hat = (x - mean) / sqrt(variance + epsilon),
        dx = gamma / sqrt(variance + epsilon) (dy - dbeta / n - x_hat dgamma / n), sums over the n rows"""
        shape, dy = dy.shape, dy.reshape(-1, dy.shape[-1])
        if not self.normalizes:
            deviation = np.sqrt(self.state["moving_variance"] + self.epsilon)
            return (dy * (self.weights["gamma"] / deviation)).reshape(shape)
        n, average, inverse = len(dy), averaging(len(dy), dy.dtype), self.inverse_deviation
        dx = np.multiply(dy, self.centered, out=self.buffer("dx", dy.shape))
        mean_dgamma, mean_dbeta = np.dot(average, dx) * inverse, np.dot(average, dy)
        np.multiply(mean_dgamma, n, out=self.gradients["gamma"])
        np.multiply(mean_dbeta, n, out=self.gradients["beta"])
        if not self.input_gradient:
            return None
        np.multiply(self.centered, mean_dgamma * inverse, out=dx)
        np.subtract(dy, dx, out=dx)
        dx -= mean_dbeta
        dx *= self.scale
        return dx.reshape(shape)

    def config(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "epsilon": self.epsilon, **super().config()}


class GaussianNoise(Layer):
    """In training, y = x + noise of that standard deviation; in prediction nothing changes (Bishop 1995)."""

    def __init__(self, stddev: float, *, seed: int | None = None, **shape: Any) -> None:
        super().__init__(**shape)
        self.stddev, self.seed = float(stddev), seed
        self.own_rng = None if seed is None else np.random.default_rng(seed)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x + stddev e, e normal"""
        if not training:
            return x
        noise = (self.own_rng or self.rng).standard_normal(x.shape, self.dtype)
        noise *= self.stddev
        noise += x
        return noise

    def backward(self, dy: Array) -> Array:
        """dx = dy"""
        return dy

    def config(self) -> dict[str, Any]:
        seed = {} if self.seed is None else {"seed": self.seed}
        return {"stddev": self.stddev, **seed, **super().config()}
