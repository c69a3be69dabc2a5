"""A pad to write a digit on, and what a network makes of it."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from course_nn import look
from course_nn.i18n import _
from course_nn.layers import Flatten, Rescaling
from course_nn.models import Sequential
from course_nn.plots import mnist as plots
from course_nn.widgets import Interactive

HERE = Path(__file__).parent
NETWORK = HERE / "digits.safetensors"  # train.py made it: 99.3 % of the test images are read right

Strokes = Sequence[Sequence[Sequence[float]]]
Reader = Callable[[np.ndarray], np.ndarray]

SIDE, BOX = 28, 20  # pixels of an image, and of the square in it that a digit fills
PEN = 2.8  # pixels: about as wide as the strokes in MNIST are
FINE = 4  # as many times finer is the grid on which strokes are drawn
SMALLEST = 0.2  # of the pad: what is smaller than this is no digit yet, and stays small


def digit_pad(model: Sequential | None = None) -> Interactive:
    """A pad to write a digit on; the network says what it sees, live.

    Args:
        model: takes images of 28 x 28 pixels, as rows of shape (784,) or (28, 28), and gives ten
            shares. It gets bytes if it begins with ``Rescaling``, else numbers from 0 to 1. None for
            the network that ships with the package.

    Raises:
        TypeError: ``model`` is no network of this package.
        ValueError: it takes or gives something else, or has not been trained yet.
    """
    read = _reader(Sequential.load(NETWORK) if model is None else model)
    three = _three()
    image = seen(three)
    return Interactive(plots.written(three, image, read(image)), [Pad(read)])


class Pad(anywidget.AnyWidget):
    """What is written on it goes to ``read``, and its answer is shown.

    The browser sends all strokes each time, and no more until they are answered: nothing is lost, and
    no queue builds up.

    Args:
        read: makes ten shares of an image (28, 28) of bytes.
    """

    _esm = HERE / "pad.js"
    _css = look.CSS + (HERE / "pad.css").read_text(encoding="utf-8")

    strokes: Any = traitlets.List().tag(sync=True, echo_update=False)  # as `draw` takes them
    image = traitlets.Bytes().tag(sync=True)  # 28 x 28, row by row; none where nothing is written
    shares: Any = traitlets.List().tag(sync=True)
    says = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, read: Reader):
        super().__init__(words=_words())
        self._read = read
        self.observe(self._answer, "strokes")
        self._answer()

    def _answer(self, _change: Any = None) -> None:
        with self.hold_sync():
            if not self.strokes:
                self.image, self.shares = b"", []
                self.says = _("Nothing written yet")
                return
            image = seen(self.strokes)
            shares = self._read(image)
            self.image, self.shares = image.tobytes(), shares.tolist()
            best = shares.argmax()
            eight, other = _("I see an {digit}, {share} %"), _("I see a {digit}, {share} %")
            words = eight if best == 8 else other
            self.says = words.format(digit=best, share=round(100 * shares[best]))


def _words() -> dict[str, str]:
    """What stands on the pad, in the reader's language."""
    return {
        "pad": _("Pad to write a digit on"),
        "hint": _("Write a digit, 0 to 9, with the mouse, a pen or a finger"),
        "keys": _("Keys: arrows move, Space puts the pen down and lifts it, Delete clears"),
        "down": _("The pen is down: arrows draw, Space lifts it"),
        "clear": _("Clear"),
        "undo": _("Undo"),
        "image": _("What the network gets: {size} × {size} pixels").format(size=SIDE),
        "shares": _("How sure the network is of each digit"),
    }


def _reader(model: Sequential) -> Reader:
    """How ``model`` reads an image (28, 28) of bytes, if it fits the pad."""
    if not isinstance(model, Sequential):
        raise TypeError(
            _("digit_pad takes a network, a Sequential, got {given}.").format(
                given=type(model).__name__
            )
        )
    if not model.built:
        raise ValueError(
            _("The network on the pad has not been trained yet. Call model.fit(x, y) first.")
        )
    shape = model.takes
    if math.prod(shape) != SIDE * SIDE or model.gives != (10,):
        raise ValueError(
            _(
                "digit_pad needs a network that takes images of 28 x 28 pixels, as rows of shape "
                "(784,) or (28, 28), and gives ten shares; this one takes {taken} and gives {given}."
            ).format(taken=shape, given=model.gives)
        )
    first = next((layer for layer in model.layers if not isinstance(layer, Flatten)), None)
    scale = 1 if isinstance(first, Rescaling) else np.float32(1 / 255)

    def read(image: np.ndarray) -> np.ndarray:
        return model.predict((scale * image).reshape(1, *shape))[0]

    shares = read(seen(_three()))
    if not (0 <= shares.min() and shares.max() <= 1):  # neither holds for NaN
        raise ValueError(
            _(
                "The ten outputs of the network must be shares between 0 and 1; here they go from "
                "{low:.3g} to {high:.3g}. Let the last layer be Dense(10, activation='softmax')."
            ).format(low=shares.min(), high=shares.max())
        )
    return read


def as_mnist(ink: np.ndarray, smallest: float = 1) -> np.ndarray:
    """The digit in ``ink``, scaled to 20 x 20 pixels, its center of mass in the middle of 28 x 28.

    So MNIST was made (Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to
    document recognition", 1998, section III.A): the longer side of a digit is 20 pixels, the ratio of
    the sides is kept, and the gray of a pixel says how much ink falls on it. Then the digit is moved,
    by whole pixels: in all of MNIST its center of mass is within half a pixel of row and column 14.

    Args:
        ink: shape (height, width), 0 for paper to 255 for ink, of any size; margins are cut off.
        smallest: ink less high and wide than so many pixels is scaled as if it were so large.

    Returns:
        Shape (28, 28), uint8. An image of MNIST stays as it is; paper alone stays paper.

    Raises:
        ValueError: ``ink`` does not have two axes.
    """
    ink = np.asarray(ink, dtype=float)
    if ink.ndim != 2:
        raise ValueError(
            _("as_mnist takes an image of shape (height, width), got shape {given}.").format(
                given=ink.shape
            )
        )
    image = np.zeros((SIDE, SIDE), np.uint8)
    if not ink.any():
        return image
    rows, columns = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    step = max(*ink.shape, smallest) / BOX
    small = _overlaps(ink.shape[0], step) @ ink @ _overlaps(ink.shape[1], step).T
    top, left = (
        np.clip(round(SIDE / 2 - np.arange(n) @ mass / mass.sum()), 0, SIDE - n)
        for n, mass in zip(small.shape, (small.sum(axis=1), small.sum(axis=0)))
    )
    image[top : top + small.shape[0], left : left + small.shape[1]] = small.round()
    return image


def _overlaps(n: int, step: float) -> np.ndarray:
    """Row i: the shares that ``n`` pixels have in the stretch from i * step to (i + 1) * step."""
    edges = np.minimum(step * np.arange(np.ceil(n / step - 1e-9) + 1), n)
    pixels = np.arange(n)
    common = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return common.clip(0) / step


def seen(strokes: Strokes) -> np.ndarray:
    """What a network gets of ``strokes``: shape (28, 28), uint8, as `as_mnist` makes it.

    Args:
        strokes: for each stroke its points (x, y), from 0 to 1 of the pad; y points down.
    """
    return as_mnist(draw(strokes), smallest=BOX * FINE)


def draw(strokes: Strokes) -> np.ndarray:
    """The ink that a round pen leaves along ``strokes``, scaled to fit 80 x 80 pixels, 0 to 255.

    The pen is as wide for a digit written small as for one written large.
    """
    side = BOX * FINE
    ink = np.zeros((side, side))
    lines = [np.asarray(stroke, dtype=float).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not lines:
        return ink
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (BOX - PEN) * FINE / max((high - low).max(), SMALLEST)
    middle = np.arange(side) + 0.5
    distance = np.full((side, side), np.inf)
    for line in lines:
        line = _spaced(side / 2 + (line - (low + high) / 2) * scale, FINE / 2)
        for (x, y), (dx, dy) in zip(line, np.diff(line, axis=0, append=line[-1:])):
            right, down = middle - x, (middle - y)[:, None]
            along = ((right * dx + down * dy) / (dx * dx + dy * dy or 1)).clip(0, 1)
            np.minimum(distance, np.hypot(right - along * dx, down - along * dy), out=distance)
    return 255 * (PEN * FINE / 2 + 0.5 - distance).clip(0, 1)


def _spaced(line: np.ndarray, least: float) -> np.ndarray:
    """The ends of ``line``, and those points between that are ``least`` away from the one before."""
    kept = [line[0]]
    for point in line[1:-1]:
        if np.hypot(*(point - kept[-1])) >= least:
            kept.append(point)
    return np.array([*kept, line[-1]])


def _three() -> list[list[list[float]]]:
    """A written 3: two arcs in one stroke."""
    upper, lower = np.linspace(-2.7, 1.3, 30), np.linspace(-1.4, 2.6, 40)
    x = np.concatenate([0.47 + 0.18 * np.cos(upper), 0.46 + 0.23 * np.cos(lower)])
    y = np.concatenate([0.31 + 0.17 * np.sin(upper), 0.66 + 0.2 * np.sin(lower)])
    return [np.stack([x, y], axis=1).round(3).tolist()]
