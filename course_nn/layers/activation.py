"""Activations as layers of their own."""

from typing import Any

from course_nn import activations
from course_nn._arrays import Array
from course_nn.i18n import _
from course_nn.layers.base import Layer


class Activation(Layer):
    """y = activation(x), as a layer of its own: ``Activation("relu")``."""

    def __init__(self, activation: Any, **shape: Any) -> None:
        super().__init__(**shape)
        self.activation: activations.Activation = activations.get(activation)

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
        return {"activation": activations.config(self.activation), **super().config()}


class ReLU(Activation):
    """y = max(0, x), or negative_slope x below 0"""

    def __init__(self, max_value: None = None, negative_slope: float = 0.0, **shape: Any) -> None:
        if max_value is not None:
            raise ValueError(_("ReLU of this package has no largest value; leave max_value out."))
        super().__init__(activations.leaky(negative_slope) if negative_slope else "relu", **shape)
        self.negative_slope = negative_slope

    def config(self) -> dict[str, Any]:
        return {"negative_slope": self.negative_slope, **Layer.config(self)}


class LeakyReLU(Activation):
    """y = x where x > 0, else negative_slope x. Beside ``activation="leaky_relu"``, whose slope is 0.2, Keras's own."""

    def __init__(
        self, negative_slope: float = 0.3, alpha: float | None = None, **shape: Any
    ) -> None:
        self.negative_slope = negative_slope if alpha is None else alpha  # its older name
        super().__init__(activations.leaky(self.negative_slope), **shape)

    def config(self) -> dict[str, Any]:
        return {"negative_slope": self.negative_slope, **Layer.config(self)}


class ELU(Activation):
    """y = x where x > 0, else e^x - 1"""

    def __init__(self, **shape: Any) -> None:
        super().__init__("elu", **shape)

    def config(self) -> dict[str, Any]:
        return Layer.config(self)


class Softmax(Activation):
    """y_k = e^x_k / sum_j e^x_j over the last axis"""

    def __init__(self, axis: int = -1, **shape: Any) -> None:
        if axis != -1:
            raise ValueError(
                _("Softmax goes over the last axis, axis=-1, got {axis}.").format(axis=axis)
            )
        super().__init__("softmax", **shape)

    def config(self) -> dict[str, Any]:
        return Layer.config(self)
