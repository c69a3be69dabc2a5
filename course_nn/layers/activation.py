"""Activations as layers of their own."""

from typing import Any

import numpy as np

from course_nn import activations, initializers, regularizers
from course_nn._arrays import Array, Shape
from course_nn.i18n import _
from course_nn.layers.base import Layer, Weights


class Activation(Layer):
    """y = activation(x), as a layer of its own: ``Activation("relu")``."""

    def __init__(self, activation: Any, **shape: Any) -> None:
        super().__init__(**shape)
        self.activation: activations.Activation = activations.get(activation)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = activation(x)"""
        self.x, self.y = x, self.activation.forward(x, out=self.buffer("y", x.shape))
        return self.y

    def backward(self, dy: Array) -> Array:
        """dx = dy activation'(x)"""
        seen = self.x if self.activation.from_input else self.y
        return self.activation.backward(dy, seen, out=self.buffer("dx", dy.shape))

    def forward_logits(self, x: Array) -> Array:
        """z = x"""
        return x

    def backward_logits(self, dz: Array) -> Array:
        """dx = dz"""
        return dz

    def config(self) -> dict[str, Any]:
        return {"activation": activations.config(self.activation), **super().config()}


class _Of(Activation):
    """An activation by its class: its arguments are those of the function, as Keras's layer has them."""

    def __init__(self, activation: str, arguments: dict[str, Any], **shape: Any) -> None:
        self.arguments = arguments
        known = activations.KNOWN[activation]
        super().__init__(known.having(**arguments) if arguments else known, **shape)

    def config(self) -> dict[str, Any]:
        return {**self.arguments, **Layer.config(self)}


class ReLU(_Of):
    """y = max(0, x); below ``threshold`` negative_slope (x - threshold), and never more than ``max_value``"""

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **shape: Any,
    ) -> None:
        given = {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold}
        for name, value in given.items():
            if value is not None and value < 0:
                raise ValueError(
                    _("{name} of ReLU must be 0 or more, got {given}.").format(
                        name=name, given=value
                    )
                )
        super().__init__("relu", {n: v for n, v in given.items() if v not in (None, 0)}, **shape)


class LeakyReLU(_Of):
    """y = x where x > 0, else negative_slope x. Beside ``activation="leaky_relu"``, whose slope is 0.2, Keras's own."""

    def __init__(
        self, negative_slope: float = 0.3, alpha: float | None = None, **shape: Any
    ) -> None:
        slope = negative_slope if alpha is None else alpha  # its older name
        super().__init__("leaky_relu", {"negative_slope": slope}, **shape)


class ELU(_Of):
    """y = x where x > 0, else alpha (e^x - 1)"""

    def __init__(self, alpha: float = 1.0, **shape: Any) -> None:
        super().__init__("elu", {"alpha": alpha}, **shape)


class PReLU(Layer):
    """y = x where x > 0, else alpha x, alpha learned (He et al. 2015)

    Weights: "alpha", one for each number of an example; those along ``shared_axes``, counted from 1, have one together.
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        *,
        shared_axes: Any = None,
        **shape: Any,
    ) -> None:
        super().__init__(**shape)
        self.initializer = alpha_initializer
        initializers.get(alpha_initializer)
        if penalty := regularizers.get(alpha_regularizer):
            self.regularizers = {"alpha": penalty}
        axes = shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        self.shared_axes = [axis for axis in axes if axis is not None]

    def weight_shapes(self, input_shape: Shape) -> Weights:
        axes = enumerate(input_shape, 1)
        shape = tuple(1 if axis in self.shared_axes else size for axis, size in axes)
        return {"alpha": (shape, initializers.get(self.initializer))}

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = max(0, x) + alpha min(0, x)"""
        self.x = x
        y = np.multiply(np.minimum(x, 0), self.weights["alpha"], out=self.buffer("y", x.shape))
        y += np.maximum(x, 0)
        return y

    def backward(self, dy: Array) -> Array | None:
        """dalpha = sum dy min(0, x),  dx = dy where x > 0, else alpha dy"""
        d = (dy * np.minimum(self.x, 0)).sum(axis=0)
        alpha, shared = self.weights["alpha"], tuple(axis - 1 for axis in self.shared_axes)
        self.gradients["alpha"][...] = d.sum(axis=shared, keepdims=True)
        return dy * np.where(self.x > 0, self.dtype.type(1), alpha)

    def config(self) -> dict[str, Any]:
        penalties = {
            f"{n}_regularizer": {"l1": r.l1, "l2": r.l2} for n, r in self.regularizers.items()
        }
        return {
            "alpha_initializer": initializers.config(self.initializer),
            **penalties,
            "shared_axes": self.shared_axes or None,
            **super().config(),
        }


class Softmax(_Of):
    """y_k = e^x_k / sum_j e^x_j over the last axis"""

    def __init__(self, axis: int = -1, **shape: Any) -> None:
        if axis != -1:
            raise ValueError(
                _("Softmax goes over the last axis, axis=-1, got {axis}.").format(axis=axis)
            )
        super().__init__("softmax", {}, **shape)
