"""Functions on arrays, under the names of Keras's ``ops``, for metrics and losses of one's own: they are NumPy's."""

from typing import Any

import numpy as np
from numpy import (  # noqa: F401
    abs,
    absolute,
    add,
    all,
    any,
    arange,
    argmax,
    argmin,
    clip,
    concatenate,
    cos,
    cumsum,
    divide,
    dot,
    equal,
    exp,
    expand_dims,
    full,
    greater,
    greater_equal,
    isnan,
    less,
    less_equal,
    log,
    logical_and,
    logical_not,
    logical_or,
    matmul,
    max,
    maximum,
    mean,
    min,
    minimum,
    multiply,
    ones,
    ones_like,
    power,
    prod,
    reshape,
    round,
    sign,
    sin,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    subtract,
    sum,
    tanh,
    transpose,
    var,
    where,
    zeros,
    zeros_like,
)

from course_nn._arrays import Array
from course_nn._names import missing
from course_nn.activations import relu, sigmoid, softmax, softplus  # noqa: F401
from course_nn.utils import to_categorical


def cast(x: Any, dtype: Any) -> Array:
    """``x`` in another type."""
    return np.asarray(x).astype(dtype)


def convert_to_tensor(x: Any, dtype: Any = None) -> Array:
    """``x`` as an array."""
    return np.asarray(x, dtype)


def convert_to_numpy(x: Any) -> Array:
    """``x`` as an array."""
    return np.asarray(x)


def one_hot(x: Any, num_classes: int) -> Array:
    """One-hot rows of class labels."""
    return to_categorical(x, num_classes)


def shape(x: Any) -> tuple[int, ...]:
    """The shape of ``x``."""
    return np.shape(x)


def size(x: Any) -> int:
    """How many numbers ``x`` has."""
    return np.size(x)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, globals())
