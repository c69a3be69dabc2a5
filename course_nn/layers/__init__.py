"""Layers: each maps a batch of examples forward and carries the gradient backward.

A family of layers a file; ``base`` says what all of them share.
"""

from typing import Any

from course_nn import activations
from course_nn._names import missing
from course_nn.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from course_nn.layers.base import Input, InputLayer, Layer
from course_nn.layers.convolution import Conv2D, ZeroPadding2D
from course_nn.layers.core import Dense, Flatten, Rescaling, Reshape
from course_nn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
from course_nn.layers.regularization import BatchNormalization, Dropout, GaussianNoise

__all__ = [
    "ELU",
    "LAYERS",
    "Activation",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "Conv2D",
    "Convolution2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "Input",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "MaxPooling2D",
    "PReLU",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
    "ZeroPadding2D",
    "activations",
]

# Keras's other names.
Convolution2D = Conv2D
MaxPool2D, AvgPool2D, GlobalAvgPool2D = MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D

LAYERS: dict[str, type[Layer]] = {
    name: each
    for name, each in dict(vars()).items()
    if isinstance(each, type) and issubclass(each, Layer) and each is not Layer
}


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, [*LAYERS, "Layer"])
