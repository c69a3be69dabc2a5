"""Activation functions, each with its derivative directly under it.

A derivative is written in terms of the *output* y wherever that can be, so a layer may overwrite its input in place
and still go backward. Where two inputs give one output, as under SiLU and its kind, it is written in terms of the
input z. ``dy`` is the gradient of the loss with respect to y; the result is the gradient with respect to z. All take
and give arrays of one shape; ``out`` is an array to write the result to. Names and defaults are Keras's.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from course_nn import _measured as measured
from course_nn._arrays import Array, ones
from course_nn._names import arguments, explained, lookup, missing
from course_nn.i18n import _

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def linear(z: Array, *, out: Array | None = None) -> Array:
    """y = z"""
    return np.positive(z, out=out)


def linear_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy"""
    return np.positive(dy, out=out)


def sigmoid(z: Array, *, out: Array | None = None) -> Array:
    """y = 1 / (1 + e^-z)

    Below z = -88, where e^-z would leave the range of float32, z is taken as -88: y is then 6e-39.
    """
    y = np.maximum(z, -88, out=out)
    y = np.negative(y, out=out)
    y = np.exp(y, out=out)
    y = np.add(y, 1, out=out)
    return np.reciprocal(y, out=out)


def sigmoid_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy y (1 - y)"""
    return np.multiply(dy, y - y * y, out=out)


def tanh(z: Array, *, out: Array | None = None) -> Array:
    """y = (e^z - e^-z) / (e^z + e^-z)"""
    return np.tanh(z, out=out)


def tanh_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy (1 - y^2)"""
    return np.multiply(dy, 1 - y * y, out=out)


def relu(
    z: Array,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
    *,
    out: Array | None = None,
) -> Array:
    """y = max(0, z)  (Nair & Hinton 2010)

    With Keras's other arguments: negative_slope (z - threshold) where z < threshold, and never more than max_value.
    """
    if negative_slope or threshold:
        below = np.multiply(np.subtract(z, threshold), negative_slope)
        return np.clip(np.where(np.less(z, threshold), below, z), None, max_value, out=out)
    if max_value is not None:
        return np.clip(z, 0, max_value, out=out)
    return np.maximum(z, 0, out=out)


def relu_backward(
    dy: Array,
    y: Array,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
    *,
    out: Array | None = None,
) -> Array:
    """dz = dy where y > 0, else 0 (at the kink, z = 0, the derivative is taken as 0), or negative_slope dy"""
    slope = y > 0 if max_value is None else (y > 0) & (y < max_value)
    if negative_slope:
        return np.multiply(dy, np.where(y > 0, slope, y.dtype.type(negative_slope)), out=out)
    return np.multiply(dy, slope, out=out)


def relu6(z: Array, *, out: Array | None = None) -> Array:
    """y = max(0, z), and 6 at most  (Krizhevsky 2010)"""
    return np.clip(z, 0, 6, out=out)


def relu6_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy where 0 < y < 6, else 0"""
    return np.multiply(dy, (y > 0) & (y < 6), out=out)


def leaky_relu(z: Array, negative_slope: float = 0.2, *, out: Array | None = None) -> Array:
    """y = z where z > 0, else negative_slope z  (Maas, Hannun & Ng 2013). PyTorch's slope is 0.01."""
    return np.positive(np.where(np.greater(z, 0), z, np.multiply(z, negative_slope)), out=out)


def leaky_relu_backward(
    dy: Array, y: Array, negative_slope: float = 0.2, *, out: Array | None = None
) -> Array:
    """dz = dy where y > 0, else negative_slope dy"""
    one = y.dtype.type(1)
    return np.multiply(dy, np.where(y > 0, one, y.dtype.type(negative_slope)), out=out)


def elu(z: Array, alpha: float = 1.0, *, out: Array | None = None) -> Array:
    """y = z where z > 0, else alpha (e^z - 1)  (Clevert, Unterthiner & Hochreiter 2016)"""
    below = np.expm1(np.minimum(z, 0)) * alpha
    return np.add(np.maximum(z, 0), below, out=out)


def elu_backward(dy: Array, y: Array, alpha: float = 1.0, *, out: Array | None = None) -> Array:
    """dz = dy where y > 0, else dy (y + alpha)"""
    return np.multiply(dy, np.where(y > 0, y.dtype.type(1), y + alpha), out=out)


def celu(z: Array, alpha: float = 1.0, *, out: Array | None = None) -> Array:
    """y = z where z > 0, else alpha (e^(z / alpha) - 1)  (Barron 2017)"""
    below = np.expm1(np.minimum(z, 0) / alpha) * alpha
    return np.add(np.maximum(z, 0), below, out=out)


def celu_backward(dy: Array, y: Array, alpha: float = 1.0, *, out: Array | None = None) -> Array:
    """dz = dy where y > 0, else dy (y / alpha + 1)"""
    return np.multiply(dy, np.minimum(y, 0) / alpha + 1, out=out)


def selu(z: Array, *, out: Array | None = None) -> Array:
    """y = 1.0507 z where z > 0, else 1.0507 * 1.6733 (e^z - 1)  (Klambauer et al. 2017)"""
    z = np.asarray(z)
    below = np.expm1(np.minimum(z, 0)) * SELU_ALPHA
    return np.multiply(np.where(z > 0, z, below), SELU_SCALE, out=out)


def selu_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = 1.0507 dy where y > 0, else dy (y + 1.0507 * 1.6733)"""
    slope = np.where(y > 0, y.dtype.type(SELU_SCALE), y + SELU_SCALE * SELU_ALPHA)
    return np.multiply(dy, slope, out=out)


def softplus(z: Array, *, out: Array | None = None) -> Array:
    """y = log(1 + e^z)  (Dugas et al. 2001)"""
    return np.logaddexp(z, 0, out=out)


def softplus_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy (1 - e^-y)"""
    return np.multiply(dy, -np.expm1(-y), out=out)


def softsign(z: Array, *, out: Array | None = None) -> Array:
    """y = z / (1 + |z|)  (Bergstra et al. 2009)"""
    return np.divide(z, np.abs(z) + 1, out=out)


def softsign_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy (1 - |y|)^2"""
    return np.multiply(dy, np.square(1 - np.abs(y)), out=out)


def exponential(z: Array, *, out: Array | None = None) -> Array:
    """y = e^z"""
    return np.exp(z, out=out)


def exponential_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy y"""
    return np.multiply(dy, y, out=out)


def hard_sigmoid(z: Array, *, out: Array | None = None) -> Array:
    """y = z / 6 + 1 / 2, kept between 0 and 1  (Courbariaux, Bengio & David 2015, with Keras's slope)"""
    return np.clip(np.add(np.multiply(z, 1 / 6), 0.5), 0, 1, out=out)


def hard_sigmoid_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy / 6 where 0 < y < 1, else 0"""
    return np.multiply(dy * (1 / 6), (y > 0) & (y < 1), out=out)


def hard_tanh(z: Array, *, out: Array | None = None) -> Array:
    """y = z, kept between -1 and 1  (Collobert 2004)"""
    return np.clip(z, -1, 1, out=out)


def hard_tanh_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy where -1 < y < 1, else 0"""
    return np.multiply(dy, np.abs(y) < 1, out=out)


def log_sigmoid(z: Array, *, out: Array | None = None) -> Array:
    """y = log(1 / (1 + e^-z))"""
    return np.negative(np.logaddexp(np.negative(z), 0), out=out)


def log_sigmoid_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz = dy (1 - e^y)"""
    return np.multiply(dy, -np.expm1(y), out=out)


# Not monotone: their derivatives are told of the input z.


def silu(z: Array, *, out: Array | None = None) -> Array:
    """y = z sigmoid(z)  (Elfwing, Uchibe & Doya 2018), also called swish"""
    return np.multiply(z, sigmoid(z), out=out)


def silu_backward(dy: Array, z: Array, *, out: Array | None = None) -> Array:
    """dz = dy s (1 + z (1 - s)),  s = sigmoid(z)"""
    s = sigmoid(z)
    return np.multiply(dy, s * (1 + z * (1 - s)), out=out)


def hard_silu(z: Array, *, out: Array | None = None) -> Array:
    """y = z hard_sigmoid(z)  (Howard et al. 2019)"""
    return np.multiply(z, hard_sigmoid(z), out=out)


def hard_silu_backward(dy: Array, z: Array, *, out: Array | None = None) -> Array:
    """dz = dy (2 z + 3) / 6 where -3 < z < 3, else dy above and 0 below"""
    return np.multiply(dy, np.where(np.abs(z) < 3, z / 3 + 0.5, z > 0), out=out)


def gelu(z: Array, approximate: bool = False, *, out: Array | None = None) -> Array:
    """y = z Phi(z), Phi the normal distribution's share below z  (Hendrycks & Gimpel 2016)

    ``approximate`` takes Phi(z) = (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2, which is quicker.
    """
    return np.multiply(z, _gelu_share(np.asarray(z), approximate), out=out)


def gelu_backward(
    dy: Array, z: Array, approximate: bool = False, *, out: Array | None = None
) -> Array:
    """dz = dy (Phi(z) + z phi(z)), phi(z) = e^(-z^2 / 2) / sqrt(2 pi)"""
    share = _gelu_share(z, approximate)
    if approximate:  # (1 + tanh u)' / 2 = (1 + tanh u) / 2 * (1 - tanh u) / 2 * 2 u'
        slope = 2 * share * (1 - share) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z * z)
    else:
        slope = np.exp(z * z / -2) / math.sqrt(2 * math.pi)
    return np.multiply(dy, share + z * slope, out=out)


def _gelu_share(z: Array, approximate: bool) -> Array:
    z = z if z.dtype.kind == "f" else z.astype(np.float64)
    if approximate:
        return (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2
    return (1 + np.asarray(_erf(z / math.sqrt(2)), z.dtype)) / 2


_erf = np.frompyfunc(math.erf, 1, 1)  # exact, and slow: NumPy has none


def mish(z: Array, *, out: Array | None = None) -> Array:
    """y = z tanh(log(1 + e^z))  (Misra 2019)"""
    return np.multiply(z, np.tanh(softplus(z)), out=out)


def mish_backward(dy: Array, z: Array, *, out: Array | None = None) -> Array:
    """dz = dy (t + z (1 - t^2) sigmoid(z)),  t = tanh(log(1 + e^z))"""
    t = np.tanh(softplus(z))
    return np.multiply(dy, t + z * (1 - t * t) * sigmoid(z), out=out)


def tanh_shrink(z: Array, *, out: Array | None = None) -> Array:
    """y = z - tanh(z)"""
    return np.subtract(z, np.tanh(z), out=out)


def tanh_shrink_backward(dy: Array, z: Array, *, out: Array | None = None) -> Array:
    """dz = dy tanh(z)^2"""
    return np.multiply(dy, np.square(np.tanh(z)), out=out)


# Of a whole row at once.


def shifted(z: Array) -> Array:
    """z less the largest z of its row: softmax stays the same, and no e^z can overflow.

    Where all of z is near 0, z as it is, which is quicker and does as well: e^40 and e^-40 are normal float32.
    """
    if np.abs(z).max() < 40:
        return z
    return z - z.max(axis=-1, keepdims=True)


def softmax(z: Array, *, out: Array | None = None) -> Array:
    """y_k = e^z_k / sum_j e^z_j over the last axis (Goodfellow et al. 2016, eq. 6.29)"""
    y = np.exp(shifted(np.asarray(z)), out=out)
    y /= np.dot(y, ones(y.shape[-1], y.dtype))[..., np.newaxis]
    return y


def softmax_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz_k = y_k (dy_k - sum_j dy_j y_j)"""
    return np.multiply(y, dy - (dy * y).sum(axis=-1, keepdims=True), out=out)


def log_softmax(z: Array, *, out: Array | None = None) -> Array:
    """y_k = z_k - log sum_j e^z_j over the last axis"""
    z = np.asarray(z)
    z = z - z.max(axis=-1, keepdims=True)
    return np.subtract(z, np.log(np.exp(z).sum(axis=-1, keepdims=True)), out=out)


def log_softmax_backward(dy: Array, y: Array, *, out: Array | None = None) -> Array:
    """dz_k = dy_k - e^y_k sum_j dy_j"""
    return np.subtract(dy, np.exp(y) * dy.sum(axis=-1, keepdims=True), out=out)


class Activation(NamedTuple):
    """A function and its derivative, under the name that ``Dense(activation=...)`` takes."""

    name: str
    forward: Callable[..., Array]
    backward: Callable[..., Array]
    from_input: bool = False  # ``backward`` is told of the input z, not of the output y
    arguments: dict[str, Any] = {}  # noqa: RUF012 - of those with other arguments than Keras's

    def having(self, **arguments: Any) -> "Activation":
        """The same function with other arguments: ``ACTIVATIONS["elu"].having(alpha=0.5)``."""
        forward, backward = (functools.partial(f, **arguments) for f in self[1:3])
        return self._replace(forward=forward, backward=backward, arguments=arguments)

    def slope(self, dy: Array, z: Array, y: Array) -> Array:
        """``backward`` for those who have both, input and output."""
        return self.backward(dy, z if self.from_input else y)


ACTIVATIONS: dict[str, Activation] = {}
for name in (
    "linear", "sigmoid", "tanh", "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "softplus", "softsign",
    "exponential", "hard_sigmoid", "hard_tanh", "log_sigmoid", "silu", "hard_silu", "gelu", "mish", "tanh_shrink",
    "softmax", "log_softmax",
):  # fmt: skip
    forward, backward = explained(globals()[name]), globals()[f"{name}_backward"]
    globals()[name] = forward
    ACTIVATIONS[name] = Activation(name, forward, backward, arguments(backward)[1] == "z")
swish, hard_swish = silu, hard_silu  # Keras's other names
KNOWN = {**ACTIVATIONS, "swish": ACTIVATIONS["silu"], "hard_swish": ACTIVATIONS["hard_silu"]}


def get(activation: Any) -> Activation:
    """The activation of that name, or of a function or a layer that is one; None is "linear".

    The derivative of a function of one's own is measured, as in chapter 1: many times slower.

    Raises:
        TypeError: it is a layer that is no activation.
        ValueError: there is no activation of that name, or it does not take its arguments.
    """
    if isinstance(activation, type) and hasattr(activation, "activation"):
        activation = activation()  # the class of a layer, such as ReLU
    if hasattr(activation, "activation") and hasattr(activation, "forward_logits"):  # a layer
        if activation.activation is None or activation.weights or hasattr(activation, "units"):
            raise TypeError(
                _("{given!r} is no activation, but a layer. Put it behind this one.").format(
                    given=activation
                )
            )
        activation = activation.activation
    if isinstance(activation, Activation):
        return activation
    if isinstance(activation, dict):  # as config gives it
        ((name, given),) = activation.items()
        if not isinstance(given, dict):  # as files of older versions hold it
            given = {"negative_slope": given}
        return lookup(_("activation"), name, KNOWN).having(**given)
    for known in ACTIVATIONS.values():
        if activation is known.forward:
            return known
    if callable(activation):
        name = getattr(activation, "__name__", type(activation).__name__)
        if name in KNOWN or not name.isidentifier():
            name = "own " + name.strip("<>")  # so that nobody takes it for ours
        return Activation(name, *measured.activation(activation, name), from_input=True)
    return lookup(_("activation"), "linear" if activation is None else activation, KNOWN)


def config(activation: Activation) -> Any:
    """What ``get`` makes the same activation from, as JSON can hold it."""
    if not activation.arguments:
        return activation.name
    return {activation.name: activation.arguments}


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, [*KNOWN, "get"])
