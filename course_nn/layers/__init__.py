"""Layers: each maps a batch of examples forward and carries the gradient backward.

A family of layers a file; ``base`` says what all of them share.
"""

from course_nn import activations
from course_nn.layers.base import Input, Layer
from course_nn.layers.core import Activation, Dense, Flatten, Rescaling
from course_nn.layers.regularization import BatchNormalization, Dropout

__all__ = [
    "LAYERS",
    "Activation",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "Layer",
    "Rescaling",
    "activations",
]

LAYERS: dict[str, type[Layer]] = {
    name: each
    for name, each in dict(vars()).items()
    if isinstance(each, type) and issubclass(each, Layer) and each is not Layer
}
