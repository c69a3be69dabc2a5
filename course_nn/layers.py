"""Layers: each maps a batch of rows forward and carries the gradient backward.

``forward(x)`` takes n rows and gives n rows; ``backward(dy)`` takes the gradient of the loss with respect to
what the last ``forward`` gave, stores the gradients of the layer's own weights in ``layer.gradients`` and returns
the gradient with respect to x. Weights are shaped (inputs, outputs), as in Keras: y = x W + b.

The arrays that ``forward`` and ``backward`` return belong to the layer: it makes them once and writes into
them again at the next call, which saves most of the time that a small network would spend asking for
memory. Copy what you want to keep.
"""

import math
from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np

from course_nn import activations, initializers, regularizers
from course_nn._arrays import averaging, ones
from course_nn.i18n import _

Array = np.ndarray
Shape = tuple[int, ...]


class Layer:
    """What all layers share: a shape, weights with their gradients, memory to work in.

    Args:
        input_shape: the shape of one row, without the batch axis; the first layer needs it, unless the
            network is to learn it from the first data it sees.
        input_dim: short for ``input_shape=(input_dim,)``.

    Raises:
        TypeError: the layer has no argument of that name.
        ValueError: the shape is not made of positive whole numbers.
    """

    def __init__(
        self, *, input_shape: Shape | None = None, input_dim: int | None = None, **unknown: Any
    ) -> None:
        if unknown:
            own = [
                p.name for p in signature(type(self)).parameters.values() if p.kind != p.VAR_KEYWORD
            ]
            raise TypeError(
                _("{layer} takes no argument {given!r}. It takes {known}.").format(
                    layer=type(self).__name__,
                    given=next(iter(unknown)),
                    known=", ".join([*own, "input_shape", "input_dim"]),
                )
            )
        if input_dim is not None:
            input_shape = (input_dim,)
        self.declared_shape: Shape | None = None if input_shape is None else _row_shape(input_shape)
        self.weights: dict[str, Array] = {}  # trained
        self.gradients: dict[str, Array] = {}  # of the loss, a like array for each weight
        self.state: dict[str, Array] = {}  # kept and saved, not trained
        self.regularizers: dict[str, regularizers.L1L2] = {}
        self.input_gradient = (
            True  # a model turns it off for its first layer with weights: nobody needs it
        )
        self.built_for: Shape | None = None
        self.dtype = np.dtype("float32")
        self._buffers: dict[str, Array] = {}

    def build(self, input_shape: Shape, rng: np.random.Generator, dtype: Any = "float32") -> Shape:
        """Make weights for rows of ``input_shape``, unless they are there, and return the shape of an output row.

        Raises:
            ValueError: the layer cannot take such rows, or has weights for others or of another type.
        """
        if self.declared_shape not in (None, input_shape):
            raise ValueError(
                _(
                    "{layer} gets rows of shape {given}. Give a shape to the first layer alone, "
                    "or the shape that the layer before gives."
                ).format(layer=self, given=input_shape)
            )
        if self.built_for is not None and (self.built_for, self.dtype) != (
            input_shape,
            np.dtype(dtype),
        ):
            raise ValueError(
                _(
                    "{layer} was built for {old_type} rows of shape {old}, not {new_type} {new}. Make a new layer."
                ).format(
                    layer=self,
                    old_type=self.dtype,
                    old=self.built_for,
                    new_type=dtype,
                    new=input_shape,
                )
            )
        output_shape = self.output_shape(input_shape)
        self.dtype = np.dtype(dtype)
        if self.built_for is None:
            for name, (shape, initializer) in self.weight_shapes(input_shape).items():
                self.weights[name] = initializer(shape, rng).astype(self.dtype)
                self.gradients[name] = np.zeros(shape, self.dtype)
            for name, (shape, initializer) in self.state_shapes(input_shape).items():
                self.state[name] = initializer(shape, rng).astype(self.dtype)
            self.built_for = input_shape
        return output_shape

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of an output row, given that of an input row."""
        return input_shape

    def weight_shapes(
        self, input_shape: Shape
    ) -> dict[str, tuple[Shape, initializers.Initializer]]:
        """Name, shape and initializer of each weight."""
        return {}

    def state_shapes(self, input_shape: Shape) -> dict[str, tuple[Shape, initializers.Initializer]]:
        """Name, shape and initializer of what is kept but not trained."""
        return {}

    def forward(self, x: Array, training: bool = False) -> Array:
        """The layer's output for the rows ``x``."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Array | None:
        """Store the gradients of the weights; return that of x, or None where ``self.input_gradient`` is False."""
        raise NotImplementedError

    def penalty(self) -> float:
        """What the regularizers of the weights add to the loss."""
        return sum(r.forward(self.weights[name]) for name, r in self.regularizers.items())

    # A loss that is computed from logits takes the last layer without its activation.
    def forward_logits(self, x: Array) -> Array:
        raise NotImplementedError

    def backward_logits(self, dz: Array) -> Array | None:
        raise NotImplementedError

    def buffer(self, name: str, shape: Shape, dtype: Any = None) -> Array:
        """Memory of ``shape`` (rows first) that is made once for the largest batch, and lent again at every call."""
        held = self._buffers.get(name)
        if held is None or len(held) < shape[0] or held.shape[1:] != shape[1:]:
            held = self._buffers[name] = np.empty(shape, self.dtype if dtype is None else dtype)
        return held if len(held) == shape[0] else held[: shape[0]]

    def config(self) -> dict[str, Any]:
        """The arguments that make the same layer again, as JSON can hold them."""
        return {} if self.declared_shape is None else {"input_shape": list(self.declared_shape)}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({arguments})"


def _row_shape(given: Any) -> Shape:
    """``given`` as a tuple, if it is a shape that a row can have."""
    if not (
        isinstance(given, Sequence)
        and all(isinstance(n, (int, np.integer)) and n >= 1 for n in given)
    ):
        raise ValueError(
            _(
                "The shape of a row is a tuple of whole numbers, 1 or more, such as (784,) or (28, 28); got {given!r}."
            ).format(given=given)
        )
    return tuple(int(n) for n in given)


class Input(Layer):
    """The shape of a row, said in a line of its own: ``Input((784,))``. It computes nothing."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(input_shape=shape)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x"""
        return x

    def backward(self, dy: Array) -> Array:
        """dx = dy"""
        return dy

    def config(self) -> dict[str, Any]:
        return {"shape": list(self.declared_shape or ())}


class Rescaling(Layer):
    """y = scale x + offset. With ``Rescaling(1 / 255)`` first, images stay bytes until a batch is taken,
    which needs a quarter of the memory."""

    def __init__(self, scale: float, offset: float = 0.0, **shape: Any) -> None:
        super().__init__(**shape)
        self.scale, self.offset = float(scale), float(offset)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = scale x + offset"""
        y = np.multiply(
            x, self.dtype.type(self.scale), out=self.buffer("y", x.shape), casting="same_kind"
        )
        if self.offset:
            y += self.offset
        return y

    def backward(self, dy: Array) -> Array:
        """dx = scale dy"""
        return np.multiply(dy, self.scale, out=self.buffer("dx", dy.shape))

    def config(self) -> dict[str, Any]:
        return {"scale": self.scale, "offset": self.offset, **super().config()}


class Flatten(Layer):
    """Each row as one vector: 28 x 28 pixels become 784 numbers."""

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x, reshaped to (n, inputs)"""
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        """dx = dy, in the shape of x"""
        return dy.reshape(self.shape)


class Dense(Layer):
    """y = activation(x W + b): every output sees every input (Goodfellow et al. 2016, section 6.1).

    Args:
        units: how many outputs.
        activation: "linear" (also None), "sigmoid", "tanh", "relu", "leaky_relu" or "softmax".
        use_bias: False leaves b out.
        kernel_initializer: how W starts, by name; "zeros" for b.
        kernel_regularizer: the penalty on W: ``regularizers.l2(1e-4)``, "l1", ...

    Weights: "kernel" W (inputs, units), "bias" b (units,).

    Raises:
        ValueError: units is not a positive whole number, or a name is unknown.
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        kernel_regularizer: str | regularizers.L1L2 | None = None,
        bias_regularizer: str | regularizers.L1L2 | None = None,
        **shape: Any,
    ) -> None:
        super().__init__(**shape)
        if not isinstance(units, (int, np.integer)) or units < 1:
            raise ValueError(
                _("Dense needs a whole number of units, 1 or more, got {given!r}.").format(
                    given=units
                )
            )
        self.units, self.use_bias = int(units), use_bias
        self.activation = activations.get(activation)
        self.initializers = {"kernel": kernel_initializer, "bias": bias_initializer}
        for name in self.initializers.values():
            initializers.get(name)
        given = {"kernel": kernel_regularizer, "bias": bias_regularizer}
        self.regularizers = {
            name: r for name, r in ((n, regularizers.get(r)) for n, r in given.items()) if r
        }

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ValueError(
                _(
                    "Dense takes rows of numbers, got rows of shape {given}. Put Flatten() before it."
                ).format(given=input_shape)
            )
        return (self.units,)

    def weight_shapes(
        self, input_shape: Shape
    ) -> dict[str, tuple[Shape, initializers.Initializer]]:
        kernel = (*input_shape, self.units), initializers.get(self.initializers["kernel"])
        bias = (self.units,), initializers.get(self.initializers["bias"])
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = activation(x W + b), shapes (n, inputs) -> (n, units)"""
        self.y = self.forward_logits(x)
        if self.activation.name != "linear":
            self.activation.forward(self.y, out=self.y)
        return self.y

    def backward(self, dy: Array) -> Array | None:
        """dz = dy activation'(z), then as in ``backward_logits``"""
        if self.activation.name != "linear":
            dy = self.activation.backward(dy, self.y, out=self.buffer("dz", dy.shape))
        return self.backward_logits(dy)

    def forward_logits(self, x: Array) -> Array:
        """z = x W + b"""
        self.x = x
        z = np.dot(x, self.weights["kernel"], out=self.buffer("y", (len(x), self.units)))
        if self.use_bias:
            z += self.weights["bias"]
        return z

    def backward_logits(self, dz: Array) -> Array | None:
        """dW = x^T dz,  db = sum of the rows of dz,  dx = dz W^T"""
        np.dot(self.x.T, dz, out=self.gradients["kernel"])
        if self.use_bias:
            np.dot(ones(len(dz), dz.dtype), dz, out=self.gradients["bias"])
        if not self.input_gradient:
            return None
        return np.dot(dz, self.weights["kernel"].T, out=self.buffer("dx", self.x.shape))

    def config(self) -> dict[str, Any]:
        return {
            "units": self.units,
            "activation": self.activation.name,
            "use_bias": self.use_bias,
            **{
                f"{name}_initializer": initializer
                for name, initializer in self.initializers.items()
            },
            **{
                f"{name}_regularizer": {"l1": r.l1, "l2": r.l2}
                for name, r in self.regularizers.items()
            },
            **super().config(),
        }


class Activation(Layer):
    """y = activation(x), as a layer of its own: ``Activation("relu")``."""

    def __init__(self, activation: str, **shape: Any) -> None:
        super().__init__(**shape)
        self.activation = activations.get(activation)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = activation(x)"""
        self.y = self.activation.forward(x, out=self.buffer("y", x.shape))
        return self.y

    def backward(self, dy: Array) -> Array:
        """dx = dy activation'(x)"""
        return self.activation.backward(dy, self.y, out=self.buffer("dx", dy.shape))

    def forward_logits(self, x: Array) -> Array:
        """z = x"""
        return x

    def backward_logits(self, dz: Array) -> Array:
        """dx = dz"""
        return dz

    def config(self) -> dict[str, Any]:
        return {"activation": self.activation.name, **super().config()}


class Dropout(Layer):
    """In training, each number is zeroed with probability ``rate`` and the others are divided by 1 - rate, so that
    the mean stays; in prediction nothing changes (Srivastava et al. 2014, in the "inverted" form of section 10).

    The rate is rounded to a multiple of 1/65536, because 16 random bits decide on each number.

    Raises:
        ValueError: the rate is not at least 0 and below 1.
    """

    def __init__(self, rate: float, **shape: Any) -> None:
        super().__init__(**shape)
        if not 0 <= rate < 1:
            raise ValueError(
                _(
                    "Dropout's rate must be at least 0 and below 1, got {given}. 0.2 to 0.5 is usual."
                ).format(given=rate)
            )
        self.rate = float(rate)
        self.rng = np.random.default_rng()

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x m / (1 - rate), m random zeros and ones; y = x where not training"""
        dropped = min(round(self.rate * 65536), 65535)
        self.keep = None
        if not training or dropped == 0:
            return x
        bits = (
            self.rng.bit_generator.random_raw(-(-x.size // 4))
            .view(np.uint16)[: x.size]
            .reshape(x.shape)
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
        return {"rate": self.rate, **super().config()}


class BatchNormalization(Layer):
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta, each column by itself
    (Ioffe & Szegedy 2015, algorithm 1).

    In training the mean and variance are those of the batch; in prediction, moving averages of what training saw:
    moving = momentum moving + (1 - momentum) batch. The variance divides by n, in both (as Keras; PyTorch
    divides by n - 1 for the moving one).

    Weights: "gamma" (starts at 1), "beta" (0). State: "moving_mean" (0), "moving_variance" (1). All (inputs,).
    """

    def __init__(self, momentum: float = 0.99, epsilon: float = 1e-3, **shape: Any) -> None:
        super().__init__(**shape)
        self.momentum, self.epsilon = float(momentum), float(epsilon)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ValueError(
                _(
                    "BatchNormalization takes rows of numbers, got rows of shape {given}. Put Flatten() before it."
                ).format(given=input_shape)
            )
        return input_shape

    def weight_shapes(
        self, input_shape: Shape
    ) -> dict[str, tuple[Shape, initializers.Initializer]]:
        return {
            "gamma": (input_shape, initializers.ones),
            "beta": (input_shape, initializers.zeros),
        }

    def state_shapes(self, input_shape: Shape) -> dict[str, tuple[Shape, initializers.Initializer]]:
        return {
            "moving_mean": (input_shape, initializers.zeros),
            "moving_variance": (input_shape, initializers.ones),
        }

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = gamma (x - mean) / sqrt(variance + epsilon) + beta"""
        y = self.buffer("y", x.shape)
        if training:
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
        return y

    def backward(self, dy: Array) -> Array | None:
        """dbeta = sum dy,  dgamma = sum dy x_hat,  with x_hat = (x - mean) / sqrt(variance + epsilon),
        dx = gamma / sqrt(variance + epsilon) (dy - dbeta / n - x_hat dgamma / n), sums over the n rows"""
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
        return dx

    def config(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "epsilon": self.epsilon, **super().config()}


LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer
    for layer in (Input, Rescaling, Flatten, Dense, Activation, Dropout, BatchNormalization)
}
