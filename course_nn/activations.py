"""Activation functions, each with its derivative directly under it.

Every derivative is written in terms of the *output* y, so a layer may overwrite its input in place and
still go backward. ``dy`` is the gradient of the loss with respect to y; the result is the gradient with
respect to z. All take and give arrays of one shape; ``out`` is an array to write the result to.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from course_nn._arrays import Array, ones
from course_nn._names import lookup, missing
from course_nn.i18n import _

LEAKY_SLOPE = 0.2  # Keras's default; PyTorch's is 0.01
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def linear(z: Array, out: Array | None = None) -> Array:
    """y = z"""
    return np.positive(z, out=out)


def linear_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz = dy"""
    return np.positive(dy, out=out)


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """y = 1 / (1 + e^-z)

    Below z = -88, where e^-z would leave the range of float32, z is taken as -88: y is then 6e-39.
    """
    y = np.maximum(z, -88, out=out)
    y = np.negative(y, out=out)
    y = np.exp(y, out=out)
    y = np.add(y, 1, out=out)
    return np.reciprocal(y, out=out)


def sigmoid_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz = dy y (1 - y)"""
    return np.multiply(dy, y - y * y, out=out)


def tanh(z: Array, out: Array | None = None) -> Array:
    """y = (e^z - e^-z) / (e^z + e^-z)"""
    return np.tanh(z, out=out)


def tanh_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz = dy (1 - y^2)"""
    return np.multiply(dy, 1 - y * y, out=out)


def relu(z: Array, out: Array | None = None) -> Array:
    """y = max(0, z)  (Nair & Hinton 2010)"""
    return np.maximum(z, 0, out=out)


def relu_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz = dy where y > 0, else 0 (at the kink, z = 0, the derivative is taken as 0)"""
    return np.multiply(dy, y > 0, out=out)


def leaky_relu(z: Array, out: Array | None = None) -> Array:
    """y = z where z > 0, else 0.2 z  (Maas, Hannun & Ng 2013)"""
    return np.maximum(z, np.multiply(z, LEAKY_SLOPE), out=out)


def leaky_relu_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz = dy where y > 0, else 0.2 dy"""
    return np.multiply(dy, np.maximum(y > 0, LEAKY_SLOPE, dtype=y.dtype), out=out)


def elu(z: Array, out: Array | None = None) -> Array:
    """y = z where z > 0, else e^z - 1  (Clevert, Unterthiner & Hochreiter 2016)"""
    return np.maximum(z, np.expm1(np.minimum(z, 0)), out=out)


def elu_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz = dy where y > 0, else dy (y + 1)"""
    return np.multiply(dy, np.minimum(y, 0) + 1, out=out)


def selu(z: Array, out: Array | None = None) -> Array:
    """y = 1.0507 z where z > 0, else 1.0507 * 1.6733 (e^z - 1)  (Klambauer et al. 2017)"""
    z = np.asarray(z)
    below = np.expm1(np.minimum(z, 0)) * SELU_ALPHA
    return np.multiply(np.where(z > 0, z, below), SELU_SCALE, out=out)


def selu_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz = 1.0507 dy where y > 0, else dy (y + 1.0507 * 1.6733)"""
    slope = np.where(y > 0, y.dtype.type(SELU_SCALE), y + SELU_SCALE * SELU_ALPHA)
    return np.multiply(dy, slope, out=out)


def softplus(z: Array, out: Array | None = None) -> Array:
    """y = log(1 + e^z)  (Dugas et al. 2001)"""
    return np.logaddexp(z, 0, out=out)


def softplus_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz = dy (1 - e^-y)"""
    return np.multiply(dy, -np.expm1(-y), out=out)


def shifted(z: Array) -> Array:
    """z less the largest z of its row: softmax stays the same, and no e^z can overflow.

    Where all of z is near 0, z as it is, which is quicker and does as well: e^40 and e^-40 are normal float32.
    """
    if np.abs(z).max() < 40:
        return z
    return z - z.max(axis=-1, keepdims=True)


def softmax(z: Array, out: Array | None = None) -> Array:
    """y_k = e^z_k / sum_j e^z_j over the last axis (Goodfellow et al. 2016, eq. 6.29)"""
    y = np.exp(shifted(np.asarray(z)), out=out)
    y /= np.dot(y, ones(y.shape[-1], y.dtype))[..., np.newaxis]
    return y


def softmax_backward(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dz_k = y_k (dy_k - sum_j dy_j y_j)"""
    return np.multiply(y, dy - (dy * y).sum(axis=-1, keepdims=True), out=out)


class Activation(NamedTuple):
    """A function and its derivative, under the name that ``Dense(activation=...)`` takes."""

    name: str
    forward: Callable[..., Array]
    backward: Callable[..., Array]


def leaky(slope: float) -> Activation:
    """ReLU that gives slope z below 0: leaky_relu with another slope than 0.2."""

    def forward(z: Array, out: Array | None = None) -> Array:
        return np.multiply(z, np.where(z > 0, 1, slope).astype(z.dtype), out=out)

    def backward(dy: Array, y: Array, out: Array | None = None) -> Array:
        return np.multiply(dy, np.where(y > 0, 1, slope).astype(y.dtype), out=out)

    return Activation("leaky_relu", forward, backward)


ACTIVATIONS = {
    name: Activation(name, forward, backward)
    for name, forward, backward in [
        ("linear", linear, linear_backward),
        ("sigmoid", sigmoid, sigmoid_backward),
        ("tanh", tanh, tanh_backward),
        ("relu", relu, relu_backward),
        ("leaky_relu", leaky_relu, leaky_relu_backward),
        ("elu", elu, elu_backward),
        ("selu", selu, selu_backward),
        ("softplus", softplus, softplus_backward),
        ("softmax", softmax, softmax_backward),
    ]
}


def get(activation: Any) -> Activation:
    """The activation of that name, or of a function or a layer that is one; None is "linear".

    Raises:
        TypeError: it is a function without a known derivative.
        ValueError: there is no activation of that name.
    """
    if isinstance(activation, type) and hasattr(activation, "activation"):
        activation = activation()  # the class of a layer, such as ReLU
    activation = getattr(activation, "activation", activation)  # a layer
    if isinstance(activation, Activation):
        return activation
    if isinstance(activation, dict):  # as config gives it
        return leaky(activation["leaky_relu"])
    for known in ACTIVATIONS.values():
        if activation is known.forward:
            return known
    if callable(activation):
        raise TypeError(
            _(
                "The derivative of {given!r} is not known. Name an activation ({known}), or write a layer of your own "
                "with forward and backward."
            ).format(given=activation, known=", ".join(sorted(ACTIVATIONS)))
        )
    return lookup(_("activation"), "linear" if activation is None else activation, ACTIVATIONS)


def config(activation: Activation) -> Any:
    """What ``get`` makes the same activation from, as JSON can hold it."""
    known = ACTIVATIONS[activation.name] is activation
    return activation.name if known else {"leaky_relu": _slope(activation)}


def _slope(activation: Activation) -> float:
    return -float(activation.forward(np.array([-1.0]))[0])


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, ACTIVATIONS)
