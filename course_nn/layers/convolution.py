"""Layers that look at images, over examples of shape (height, width, channels): convolution and borders.

Shapes are Keras's, (n, height, width, channels), but the arrays lie channel by channel in memory: what a layer
gives is a transposed view of (channels, n, height, width), a picture of rows that NumPy runs along. The next layer
finds it as it likes it, and any other code sees the usual order.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from course_nn import activations, initializers, regularizers
from course_nn._arrays import Array, Shape
from course_nn.i18n import _
from course_nn.layers.base import Layer, Weights

BLOCK_BYTES = 2 << 20  # patches of so many images at once that they stay in the cache
KEPT_BYTES = 64 << 20  # patches that are kept from the forward pass for the backward one
Pair = tuple[int, int]


def planes(x: Array) -> Array:
    """(n, height, width, channels) as (channels, n, height, width), a view."""
    return x.transpose(3, 0, 1, 2)


def images(x: Array) -> Array:
    """(channels, n, height, width) as (n, height, width, channels), a view."""
    return x.transpose(1, 2, 3, 0)


class Windows(Layer):
    """What looks through a window that moves over an image: its size, its steps, the border around the image.

    With ``padding="valid"`` the window stays inside: (size - window) // step + 1 places. With ``"same"`` there are
    ceil(size / step) places, and what is missing is shared between both ends, the odd one after (as Keras).
    """

    border = 0.0  # what stands around the image

    def __init__(self, window: Any, strides: Any, padding: str, **shape: Any) -> None:
        data_format = shape.pop("data_format", None)
        if data_format not in (None, "channels_last"):
            raise ValueError(
                _(
                    "Images are (height, width, channels) here, data_format='channels_last'; got {given!r}."
                ).format(given=data_format)
            )
        super().__init__(**shape)
        if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
            raise ValueError(
                _("padding is 'valid' or 'same', got {given!r}.").format(given=padding)
            )
        self.window, self.padding = pair(self, window), padding.lower()
        self.strides = self.window if strides is None else pair(self, strides)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        height, width, channels = image_shape(self, input_shape)
        places = self.places(height, width)
        if min(places) < 1:
            raise ValueError(
                _(
                    "The window {window} of {layer} does not fit into images of {height} x {width}. "
                    "Take a smaller window, padding='same', or fewer pooling layers before."
                ).format(window=self.window, layer=type(self).__name__, height=height, width=width)
            )
        return (*places, channels)

    def places(self, height: int, width: int) -> Pair:
        """How many places the window has, down and across."""
        (a, b), (s, t) = self.window, self.strides
        if self.padding == "same":
            return -(-height // s), -(-width // t)
        return (height - a) // s + 1, (width - b) // t + 1

    def bordered(self, x: Array) -> Array:
        """The planes of ``x``, contiguous, with their border: (channels, n, height + border, width + border)."""
        n, height, width, channels = x.shape
        down, across = self.border_of(height, width)
        if not (sum(down) or sum(across)) and planes(x).flags.c_contiguous:
            return planes(x)
        shape = channels, n, height + sum(down), width + sum(across)
        y = self.planar("bordered", shape)
        inner = y[:, :, down[0] : down[0] + height, across[0] : across[0] + width]
        if inner.size < y.size:
            y.fill(self.border)
        inner[...] = planes(x)
        return y

    def border_of(self, height: int, width: int) -> tuple[Pair, Pair]:
        """Rows above and below, columns left and right."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        missing = (
            max((places - 1) * step + window - size, 0)
            for places, step, window, size in zip(
                self.places(height, width), self.strides, self.window, (height, width)
            )
        )
        down, across = ((m // 2, m - m // 2) for m in missing)
        return down, across

    def cells(self, x: Array) -> Iterator[Array]:
        """For each cell of the window, row by row, what it sees at all places: a view of the planes ``x``."""
        (a, b), (s, t) = self.window, self.strides
        rows, columns = (x.shape[2] - a) // s + 1, (x.shape[3] - b) // t + 1
        for i in range(a):
            for j in range(b):
                yield x[:, :, i : i + s * rows : s, j : j + t * columns : t]

    def inner(self, dx: Array, height: int, width: int) -> Array:
        """Images without the border: what is left of the gradient of ``bordered``."""
        (up, _below), (left, _right) = self.border_of(height, width)
        return images(dx[:, :, up : up + height, left : left + width])

    def planar(self, name: str, shape: Shape) -> Array:
        """Memory for planes (channels, n, height, width), lent at every call, whatever n is."""
        return self.buffer(name, (math.prod(shape),)).reshape(shape)


class Conv2D(Windows):
    """y = activation(x * W + b): the same few weights look at every place of an image (LeCun et al. 1998).

    z[n, r, c, k] = b[k] + sum over i, j, channel of x[n, s r + i, t c + j, channel] W[i, j, channel, k], with steps
    s and t. As everywhere in the field this is a cross-correlation: the kernel is not turned around.

    Args:
        filters: how many channels come out.
        kernel_size: height and width of the window, one number for both or two.
        strides: its steps down and across.
        padding: "valid" stays inside the image, "same" surrounds it with zeros.
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer: as for Dense.

    Weights: "kernel" W (height, width, channels in, filters), "bias" b (filters,).

    Raises:
        ValueError: a size is not a positive whole number, or a name is unknown.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Pair,
        strides: int | Pair = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Pair = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: str | regularizers.L1L2 | None = None,
        bias_regularizer: str | regularizers.L1L2 | None = None,
        **shape: Any,
    ) -> None:
        super().__init__(kernel_size, strides, padding, data_format=data_format, **shape)
        if dilation_rate not in (1, (1, 1), [1, 1]) or groups != 1:
            raise ValueError(
                _(
                    "Conv2D of this package has no holes and no groups, dilation_rate=1 and groups=1; "
                    "got {dilation_rate} and {groups}."
                ).format(dilation_rate=dilation_rate, groups=groups)
            )
        if not isinstance(filters, (int, np.integer)) or filters < 1:
            raise ValueError(
                _("Conv2D needs a whole number of filters, 1 or more, got {given!r}.").format(
                    given=filters
                )
            )
        self.filters, self.use_bias = int(filters), use_bias
        self.activation: activations.Activation = activations.get(activation)
        self.initializers = {"kernel": kernel_initializer, "bias": bias_initializer}
        for initializer in self.initializers.values():
            initializers.get(initializer)
        given = {"kernel": kernel_regularizer, "bias": bias_regularizer}
        self.regularizers = {
            name: r for name, r in ((n, regularizers.get(r)) for n, r in given.items()) if r
        }

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return (*super().output_shape_for(input_shape)[:2], self.filters)

    def weight_shapes(self, input_shape: Shape) -> Weights:
        shape = (*self.window, input_shape[-1], self.filters)
        kernel = shape, initializers.get(self.initializers["kernel"])
        bias = (self.filters,), initializers.get(self.initializers["bias"])
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = activation(x * W + b), shapes (n, height, width, channels) -> (n, rows, columns, filters)"""
        z, activation = self.forward_logits(x, training), self.activation
        if activation.name == "linear":
            self.y = z
        elif activation.from_input:
            out = images(self.planar("activated", planes(z).shape))
            self.z, self.y = z, activation.forward(z, out=out)
        else:  # y takes the place of z
            self.y = activation.forward(z, out=z)
        return self.y

    def backward(self, dy: Array) -> Array | None:
        """dz = dy activation'(z), then as in ``backward_logits``"""
        activation = self.activation
        if activation.name != "linear":
            seen = self.z if activation.from_input else self.y
            out = images(self.planar("dz", planes(seen).shape))
            dy = activation.backward(dy, seen, out=out)
        return self.backward_logits(dy)

    def forward_logits(self, x: Array, training: bool = False) -> Array:
        """z = W^T patches + b: each column of ``patches`` is what the window sees at one place"""
        self.shape, self.x = x.shape, self.bordered(x)
        rows, columns = self.places(*x.shape[1:3])
        z = self.planar("z", (self.filters, len(x), rows, columns))
        W = self.weights["kernel"].reshape(-1, self.filters)
        self.step = max(1, BLOCK_BYTES // (len(W) * rows * columns * z.itemsize))
        self.kept = training and len(W) * z[0].nbytes <= KEPT_BYTES
        flat = z.reshape(self.filters, -1)
        for start, patches in self.blocks(fill=True):
            places = slice(start * rows * columns, start * rows * columns + patches.shape[1])
            np.matmul(W.T, patches, out=flat[:, places])
        if self.use_bias:
            flat += self.weights["bias"][:, np.newaxis]
        return images(z)

    def backward_logits(self, dz: Array) -> Array | None:
        """dW = patches dz^T,  db = sum of dz over all places,  dpatches = W dz, and each pixel of dx gets the sum
        over all windows that saw it"""
        dz = np.ascontiguousarray(planes(dz))
        rows, columns = dz.shape[2:]
        flat = dz.reshape(self.filters, -1)
        W = self.weights["kernel"].reshape(-1, self.filters)
        dW = self.gradients["kernel"].reshape(W.shape)
        dW.fill(0)
        if self.use_bias:
            np.sum(flat, axis=1, out=self.gradients["bias"])
        if self.input_gradient:
            dx = self.planar("dx", self.x.shape)
            dx.fill(0)
        for start, patches in self.blocks(fill=not self.kept):
            first, last = start * rows * columns, start * rows * columns + patches.shape[1]
            d = flat[:, first:last]
            dW += np.matmul(patches, d.T)
            if self.input_gradient:
                dpatches = np.matmul(W, d, out=self.planar("dpatches", patches.shape))
                n = (last - first) // (rows * columns)
                seen = dpatches.reshape(-1, len(dx), n, rows, columns)
                for pixels, gradient in zip(self.cells(dx[:, start : start + n]), seen):
                    pixels += gradient
        return self.inner(dx, *self.shape[1:3]) if self.input_gradient else None

    def blocks(self, fill: bool) -> Iterator[tuple[int, Array]]:
        """The first image and the patches (height width channels, places) of one block of images after the other."""
        channels, n = self.x.shape[:2]
        rows, columns = self.places(*self.shape[1:3])
        each = math.prod(self.window) * channels * rows * columns
        memory = self.buffer("patches", (each * (n if self.kept else min(n, self.step)),))
        for start in range(0, n, self.step):
            x = self.x[:, start : start + self.step]
            count = x.shape[1]
            place = each * start if self.kept else 0
            patches = memory[place : place + each * count]
            if fill:
                cells = patches.reshape(-1, channels, count, rows, columns)
                for cell, pixels in zip(cells, self.cells(x)):
                    cell[...] = pixels
            yield start, patches.reshape(-1, count * rows * columns)

    def config(self) -> dict[str, Any]:
        return {
            "filters": self.filters,
            "kernel_size": list(self.window),
            "strides": list(self.strides),
            "padding": self.padding,
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


class ZeroPadding2D(Layer):
    """A border of zeros around each image.

    Args:
        padding: the width of the border, one number; or (rows, columns); or ((above, below), (left, right)).
    """

    def __init__(self, padding: Any = 1, **shape: Any) -> None:
        super().__init__(**shape)
        try:
            down, across = (padding, padding) if isinstance(padding, int) else padding
            sides = [(each, each) if isinstance(each, int) else each for each in (down, across)]
            self.sides = tuple((int(before), int(after)) for before, after in sides)
            fits = min(map(min, self.sides)) >= 0
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise ValueError(
                _(
                    "padding is a number, (rows, columns) or ((above, below), (left, right)), none below 0; "
                    "got {given!r}."
                ).format(given=padding)
            )

    def output_shape_for(self, input_shape: Shape) -> Shape:
        height, width, channels = image_shape(self, input_shape)
        down, across = self.sides
        return height + sum(down), width + sum(across), channels

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x with zeros around it"""
        self.shape = x.shape
        return images(np.pad(planes(x), ((0, 0), (0, 0), *self.sides)))

    def backward(self, dy: Array) -> Array:
        """dx = dy without its border"""
        (above, _below), (left, _right) = self.sides
        return dy[:, above : above + self.shape[1], left : left + self.shape[2]]

    def config(self) -> dict[str, Any]:
        return {"padding": [list(side) for side in self.sides], **super().config()}


def pair(layer: Layer, given: Any) -> Pair:
    """A positive whole number for height and width alike, or two."""
    both = (given, given) if isinstance(given, (int, np.integer)) else given
    if not (
        isinstance(both, (tuple, list))
        and len(both) == 2
        and all(isinstance(each, (int, np.integer)) and each >= 1 for each in both)
    ):
        raise ValueError(
            _(
                "{layer} takes a whole number of pixels, 1 or more, or two of them such as (3, 3); got {given!r}."
            ).format(layer=type(layer).__name__, given=given)
        )
    return int(both[0]), int(both[1])


def image_shape(layer: Layer, shape: Shape) -> Shape:
    """``shape`` if it is that of an image."""
    if len(shape) == 3:
        return shape
    if len(shape) == 2:
        advice = _("Give the images a channel: x[..., np.newaxis], or Reshape({shape}) before it.")
        wanted = (*shape, 1)
    else:
        advice = _("Put Reshape((height, width, channels)) before it, such as Reshape({shape}).")
        wanted = (28, 28, 1)
    raise ValueError(
        _("{layer} takes images (height, width, channels), got examples of shape {given}.").format(
            layer=type(layer).__name__, given=shape
        )
        + " "
        + advice.format(shape=wanted)
    )
