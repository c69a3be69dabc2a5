"""Layers that every network has: dense ones, and what brings their examples into shape."""

import math
from typing import Any

import numpy as np

from course_nn import activations, initializers, regularizers
from course_nn._arrays import Array, Shape, ones
from course_nn.i18n import _
from course_nn.layers.base import Layer, Weights


class Rescaling(Layer):
    """y = scale x + offset. With ``Rescaling(1 / 255)`` first, images stay bytes until a batch is taken,
    which needs a quarter of the memory."""

    takes_bytes = rescales = True

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
    """Each example as one vector: 28 x 28 pixels become 784 numbers."""

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x, reshaped to (n, inputs)"""
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        """dx = dy, in the shape of x"""
        return dy.reshape(self.shape)


class Reshape(Layer):
    """Each example in another shape: ``Reshape((28, 28))``; one of the sizes may be -1."""

    def __init__(self, target_shape: Shape, **shape: Any) -> None:
        super().__init__(**shape)
        self.target_shape = tuple(target_shape)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        known = math.prod(size for size in self.target_shape if size != -1)
        numbers = math.prod(input_shape)
        if numbers % known or (numbers != known and -1 not in self.target_shape):
            raise ValueError(
                _("Reshape cannot make {wanted} of examples of shape {given}.").format(
                    wanted=self.target_shape, given=input_shape
                )
            )
        return tuple(numbers // known if size == -1 else size for size in self.target_shape)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x, reshaped to (n, target_shape)"""
        self.shape = x.shape
        return x.reshape(len(x), *self.output_shape_for(x.shape[1:]))

    def backward(self, dy: Array) -> Array:
        """dx = dy, in the shape of x"""
        return dy.reshape(self.shape)

    def config(self) -> dict[str, Any]:
        return {"target_shape": list(self.target_shape), **super().config()}


class Dense(Layer):
    """y = activation(x W + b): every output sees every input (Goodfellow et al. 2016, section 6.1).

    Args:
        units: how many outputs.
        activation: "linear" (also None), "sigmoid", "tanh", "relu", "softmax" ..., a layer that is one, or a function.
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
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
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
        self.activation: activations.Activation = activations.get(activation)
        self.initializers = {"kernel": kernel_initializer, "bias": bias_initializer}
        for initializer in self.initializers.values():
            initializers.get(initializer)
        given = {"kernel": kernel_regularizer, "bias": bias_regularizer}
        self.regularizers = {
            name: r for name, r in ((n, regularizers.get(r)) for n, r in given.items()) if r
        }

    def output_shape_for(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ValueError(
                _(
                    "Dense takes examples that are rows of numbers, got examples of shape {given}. "
                    "Put Flatten() before it."
                ).format(given=input_shape)
            )
        return (self.units,)

    def weight_shapes(self, input_shape: Shape) -> Weights:
        kernel = (*input_shape, self.units), initializers.get(self.initializers["kernel"])
        bias = (self.units,), initializers.get(self.initializers["bias"])
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = activation(x W + b), shapes (n, inputs) -> (n, units)"""
        z, activation = self.forward_logits(x), self.activation
        if activation.name == "linear":
            self.y = z
        elif activation.from_input:
            self.z, self.y = z, activation.forward(z, out=self.buffer("activated", z.shape))
        else:  # y takes the place of z
            self.y = activation.forward(z, out=z)
        return self.y

    def backward(self, dy: Array) -> Array | None:
        """dz = dy activation'(z), then as in ``backward_logits``"""
        activation = self.activation
        if activation.name != "linear":
            seen = self.z if activation.from_input else self.y
            dy = activation.backward(dy, seen, out=self.buffer("dz", dy.shape))
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
            "activation": activations.config(self.activation),
            "use_bias": self.use_bias,
            **{
                f"{name}_initializer": initializers.config(initializer)
                for name, initializer in self.initializers.items()
            },
            **{
                f"{name}_regularizer": {"l1": r.l1, "l2": r.l2}
                for name, r in self.regularizers.items()
            },
            **super().config(),
        }
