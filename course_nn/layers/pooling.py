"""Layers that make images smaller: one number for each window of each channel, or for each channel."""

import math
from typing import Any

import numpy as np

from course_nn._arrays import Array, Shape
from course_nn.layers.base import Layer
from course_nn.layers.convolution import Pair, Windows, image_shape, images, planes


class _Pooling(Windows):
    """What makes images smaller: one number for each window of each channel.

    Args:
        pool_size: height and width of the window.
        strides: its steps; without them the windows lie side by side.
        padding: "valid" leaves out what does not fill a window, "same" keeps it.
    """

    def __init__(
        self,
        pool_size: int | Pair = 2,
        strides: int | Pair | None = None,
        padding: str = "valid",
        **shape: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, **shape)

    def config(self) -> dict[str, Any]:
        return {
            "pool_size": list(self.window),
            "strides": list(self.strides),
            "padding": self.padding,
            **super().config(),
        }

    @property
    def apart(self) -> bool:
        """Whether no pixel is seen by two windows."""
        return self.strides[0] >= self.window[0] and self.strides[1] >= self.window[1]


class MaxPooling2D(_Pooling):
    """y = the largest number of each window (Riesenhuber & Poggio 1999; Ranzato et al. 2007)."""

    border = -math.inf

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = max over the window, shapes (n, height, width, channels) -> (n, rows, columns, channels)"""
        self.shape, self.x = x.shape, self.bordered(x)
        places = self.places(*x.shape[1:3])
        self.y = y = self.planar("y", (*self.x.shape[:2], *places))
        seen = list(self.cells(self.x))
        np.maximum(seen[0], seen[-1], out=y)
        for pixels in seen[1:-1]:
            np.maximum(y, pixels, out=y)
        return images(y)

    def backward(self, dy: Array) -> Array:
        """dx = dy where x is the first largest of its window, else 0; summed where windows overlap"""
        dy = np.ascontiguousarray(planes(dy))
        dx = self.planar("dx", self.x.shape)
        dx.fill(0)
        free = np.ones(self.y.shape, bool)  # windows that have not found their largest yet
        for pixels, gradient in zip(self.cells(self.x), self.cells(dx)):
            found = np.equal(pixels, self.y)
            found &= free
            free ^= found
            if self.apart:
                np.multiply(dy, found, out=gradient)
            else:
                gradient += dy * found
        return self.inner(dx, *self.shape[1:3])


class AveragePooling2D(_Pooling):
    """y = the mean of each window; what lies outside the image does not count (as Keras)."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = mean over the window, shapes (n, height, width, channels) -> (n, rows, columns, channels)"""
        self.shape, bordered = x.shape, self.bordered(x)
        self.bordered_shape = bordered.shape
        y = self.planar("y", (*bordered.shape[:2], *self.places(*x.shape[1:3])))
        y.fill(0)
        for pixels in self.cells(bordered):
            y += pixels
        y /= self.counts()
        return images(y)

    def backward(self, dy: Array) -> Array:
        """dx = dy / (pixels of the window), summed where windows overlap"""
        share = planes(dy) / self.counts()
        dx = self.planar("dx", self.bordered_shape)
        dx.fill(0)
        for gradient in self.cells(dx):
            gradient += share
        return self.inner(dx, *self.shape[1:3])

    def counts(self) -> Array:
        """How many pixels of the image each window sees, shape (rows, columns)."""
        height, width = self.shape[1:3]
        pixels = np.zeros((1, 1, *self.bordered_shape[2:]), self.dtype)
        self.inner(pixels, height, width)[...] = 1
        return sum(seen[0, 0] for seen in self.cells(pixels))  # type: ignore[return-value]


class GlobalAveragePooling2D(Layer):
    """y = the mean of each channel: one number a channel is left (Lin, Chen & Yan 2014)."""

    def __init__(self, keepdims: bool = False, **shape: Any) -> None:
        super().__init__(**shape)
        self.keepdims = bool(keepdims)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        channels = image_shape(self, input_shape)[-1]
        return (1, 1, channels) if self.keepdims else (channels,)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = mean over height and width, shapes (n, height, width, channels) -> (n, channels)"""
        self.shape = x.shape
        return x.mean(axis=(1, 2), keepdims=self.keepdims)

    def backward(self, dy: Array) -> Array:
        """dx = dy / (height width) at every pixel"""
        n, height, width, channels = self.shape
        share = dy.reshape(n, 1, 1, channels) / self.dtype.type(height * width)
        return np.broadcast_to(share, self.shape)

    def config(self) -> dict[str, Any]:
        return {**({"keepdims": True} if self.keepdims else {}), **super().config()}
