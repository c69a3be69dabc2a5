"""One neuron: a weighted sum, an activation, a loss, its gradient by hand, and descent (chapter 3).

The same shapes everywhere: ``x`` (n, d) holds n examples of d inputs, one a row; ``w`` (d,) has a
weight for each input, and ``b`` is one number. The weighted sum ``z``, the output ``a`` and the
ground truth ``y`` are (n,), one number for each example.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from course_nn._arrays import Array
from course_nn.i18n import _


def linear(z: ArrayLike) -> Array:
    """a = z"""
    return np.asarray(z, dtype=float)


def linear_derivative(z: ArrayLike) -> Array:
    """da/dz = 1"""
    return np.ones_like(z, dtype=float)


def sigmoid(z: ArrayLike) -> Array:
    """a = 1 / (1 + e^-z), between 0 and 1

    For negative z this is e^z / (1 + e^z), which is the same: so no exponential can overflow.
    """
    z = np.asarray(z, dtype=float)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def sigmoid_derivative(z: ArrayLike) -> Array:
    """da/dz = a (1 - a), which is 1/4 at z = 0 and next to nothing far from it"""
    a = sigmoid(z)
    return a * (1 - a)


ACTIVATIONS = {"linear": (linear, linear_derivative), "sigmoid": (sigmoid, sigmoid_derivative)}
LOSSES = ["mse", "binary_crossentropy"]


def squared_error(a: ArrayLike, y: ArrayLike) -> Array:
    """(a - y)^2, for each example"""
    return (np.asarray(a, dtype=float) - y) ** 2


def squared_error_derivative(a: ArrayLike, y: ArrayLike) -> Array:
    """d/da (a - y)^2 = 2 (a - y)"""
    return 2 * (np.asarray(a, dtype=float) - y)


def binary_crossentropy(z: ArrayLike, y: ArrayLike) -> Array:
    """-y log(a) - (1 - y) log(1 - a) with a = sigmoid(z), for each example

    It takes z, not a: far from 0 the sigmoid rounds to 0 or 1, and then a logarithm is infinite.
    Put in z and simplified it is max(z, 0) - z y + log(1 + e^-|z|): finite for every z.
    """
    z = np.asarray(z, dtype=float)
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


def binary_crossentropy_derivative(z: ArrayLike, y: ArrayLike) -> Array:
    """d/dz = a - y: the sigmoid's own derivative, a (1 - a), has canceled"""
    return sigmoid(z) - y


def weighted_sum(x: ArrayLike, w: ArrayLike, b: float) -> Array:
    """z = x @ w + b, for every row of ``x`` (n, d), or for a single example (d,).

    Raises:
        ValueError: the shapes of x, w and b do not fit together.
    """
    x, w = np.asarray(x), np.asarray(w)
    if x.ndim not in (1, 2):
        message = _("x has shape {shape}. Give one example a row, such as x.reshape(len(x), -1).")
        raise ValueError(message.format(shape=x.shape))
    if w.shape != x.shape[-1:]:
        message = _("An example in x has {d} inputs, but w has shape {shape}. It must be ({d},).")
        raise ValueError(message.format(d=x.shape[-1], shape=w.shape))
    if np.ndim(b) != 0:
        message = _("b has shape {shape}, but a neuron has a single bias. Give one number.")
        raise ValueError(message.format(shape=np.shape(b)))
    return x @ w + b


def forward(x: ArrayLike, w: ArrayLike, b: float, activation: str = "sigmoid") -> Array:
    """a = activation(x @ w + b), for every row of ``x`` (n, d), or for a single example (d,).

    Raises:
        ValueError: the shapes do not fit, or there is no such activation.
    """
    activate, _derivative = _activation(activation)
    return activate(weighted_sum(x, w, b))


def total_loss(
    x: ArrayLike,
    y: ArrayLike,
    w: ArrayLike,
    b: float,
    activation: str = "sigmoid",
    loss: str = "binary_crossentropy",
) -> float:
    """L = the mean of squared_error ("mse") or of binary_crossentropy over the examples.

    Raises:
        ValueError: the shapes do not fit, there is no such activation or loss, or the loss is
            binary cross-entropy and the activation is not the sigmoid, or a label not in 0..1.
    """
    y = _labels(x, y, activation, loss)
    if loss == "binary_crossentropy":
        return float(np.mean(binary_crossentropy(weighted_sum(x, w, b), y)))
    return float(np.mean(squared_error(forward(x, w, b, activation), y)))


def gradient(
    x: ArrayLike,
    y: ArrayLike,
    w: ArrayLike,
    b: float,
    activation: str = "sigmoid",
    loss: str = "binary_crossentropy",
) -> tuple[Array, float]:
    """dL/dw = x.T @ dz / n, (d,), and dL/db = mean(dz): the gradient of `total_loss`.

    ``dz`` (n,) is the derivative of each example's error by its z; since dz/dw = x, the chain rule
    gives the rest. Raises what `total_loss` raises.

    Source: Nielsen, "Neural Networks and Deep Learning" (2015), chapter 3.
    """
    y = _labels(x, y, activation, loss)
    z = weighted_sum(x, w, b)
    if loss == "binary_crossentropy":
        dz = binary_crossentropy_derivative(z, y)
    else:
        activate, derivative = _activation(activation)
        dz = squared_error_derivative(activate(z), y) * derivative(z)
    return np.asarray(x).T @ dz / len(y), float(np.mean(dz))


def fit(
    x: ArrayLike,
    y: ArrayLike,
    w: ArrayLike,
    b: float,
    activation: str = "sigmoid",
    loss: str = "binary_crossentropy",
    learning_rate: float = 0.1,
    epochs: int = 10,
    batch_size: int = 32,
    seed: int = 0,
) -> tuple[Array, float, list[float]]:
    """w, b and the history of the total loss, after mini-batch descent from the given w and b.

    An epoch takes every example once, in an order drawn with ``seed``; ``batch_size=len(x)`` is
    plain gradient descent. The history has ``epochs + 1`` entries: the first is the start.

    Raises:
        ValueError: what `total_loss` raises, and NaN or infinity in x or y, a learning rate that
            is not positive, less than 0 epochs, batches of less than 1.
    """
    x, y, w = np.asarray(x), np.asarray(y), np.asarray(w)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(_("There is NaN or infinity in x or y. Leave those examples out."))
    if not (learning_rate > 0 and epochs >= 0 and batch_size >= 1):
        raise ValueError(
            _(
                "learning_rate must be positive, epochs at least 0 and batch_size at least 1, "
                "got {learning_rate}, {epochs} and {batch_size}."
            ).format(learning_rate=learning_rate, epochs=epochs, batch_size=batch_size)
        )
    history = [total_loss(x, y, w, b, activation, loss)]
    rng = np.random.default_rng(seed)
    for _epoch in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            dw, db = gradient(x[batch], y[batch], w, b, activation, loss)
            w, b = w - learning_rate * dw, b - learning_rate * db
        history.append(total_loss(x, y, w, b, activation, loss))
    return w, b, history


def _activation(name: str) -> tuple[Callable[[ArrayLike], Array], Callable[[ArrayLike], Array]]:
    """The activation of that name and its derivative."""
    if name not in ACTIVATIONS:
        message = _("There is no activation {name!r}. Choose one of: {known}.")
        raise ValueError(message.format(name=name, known=", ".join(ACTIVATIONS)))
    return ACTIVATIONS[name]


def _labels(x: ArrayLike, y: ArrayLike, activation: str, loss: str) -> Array:
    """``y`` as an array, if it fits ``x`` and what the neuron is to learn."""
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim != 1 or x.ndim != 2 or len(y) != len(x) or len(y) == 0:
        # Left to itself NumPy would take (n,) and (n, 1) together to a square of n times n errors.
        message = _("x must have the shape (n, d) and y (n,), got {x} and {y}. Reshape them first.")
        raise ValueError(message.format(x=x.shape, y=y.shape))
    if loss not in LOSSES:
        message = _("There is no loss {name!r}. Choose one of: {known}.")
        raise ValueError(message.format(name=loss, known=", ".join(LOSSES)))
    if loss == "binary_crossentropy" and activation != "sigmoid":
        message = _(
            "binary_crossentropy takes a sigmoid's output, got activation {name!r}. "
            'Choose "sigmoid", or loss "mse".'
        )
        raise ValueError(message.format(name=activation))
    if loss == "binary_crossentropy" and not (0 <= y.min() and y.max() <= 1):
        message = _("binary_crossentropy takes labels from 0 to 1, got {low} to {high}.")
        raise ValueError(message.format(low=y.min(), high=y.max()))
    return y
