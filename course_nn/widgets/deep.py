"""The interactive figure of chapter 8: signals and gradients of a deep network, layer by layer."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from course_nn.datasets import mnist
from course_nn.i18n import _
from course_nn.plots import BLUE, ORANGE, canvas, styled
from course_nn.widgets import Drawing, Interactive, Note, Stage, choice, controls, slider

WIDTH, IMAGES, DEEPEST = 100, 100, 50
LOW, HIGH = 1e-12, 1e6  # what the axes show
WIDE = 100.0  # a factor between the first and the last layer that is worth a word

ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda h: h * (1 - h)),
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "ReLU": (lambda z: np.maximum(z, 0), lambda h: h > 0),
}
FIRST_WEIGHTS: dict[str, Callable[[int, int], float]] = {
    "N(0, 0.05)": lambda inputs, outputs: 0.05,
    "Glorot": lambda inputs, outputs: np.sqrt(2 / (inputs + outputs)),
    "He": lambda inputs, outputs: np.sqrt(2 / inputs),
    "1.5 × He": lambda inputs, outputs: 1.5 * np.sqrt(2 / inputs),
    "0.5 × He": lambda inputs, outputs: 0.5 * np.sqrt(2 / inputs),
}


class Measured(NamedTuple):
    """Of each hidden layer, from the first on: how far its outputs are spread, and the root mean square of
    the gradient of its weights."""

    spreads: np.ndarray
    gradients: np.ndarray


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    (images, labels), _test = mnist.load_data()
    return images[:IMAGES].reshape(IMAGES, -1) / 255, np.eye(10)[labels[:IMAGES]]


@cache
def _drawn() -> list[np.ndarray]:
    """Normal numbers for the weights of the deepest network, the output layer's last: drawing them takes as long as
    the two passes."""
    rng, inputs = np.random.default_rng(0), _digits()[0].shape[1]
    sizes = [inputs, *[WIDTH] * DEEPEST, 10]
    return [rng.normal(size=shape) for shape in pairwise(sizes)]


def first_weights_of(depth: int, kind: str) -> list[np.ndarray]:
    """The weights of ``depth`` hidden layers and of the output layer; those of a less deep network are the same."""
    drawn, spread = _drawn(), FIRST_WEIGHTS[kind]
    return [normal * spread(*normal.shape) for normal in (*drawn[:depth], drawn[-1])]


def measure(depth: int, activation: str, first_weights: str) -> Measured:
    """A network of ``depth`` hidden layers before any training, on 100 digits.

    Source: Glorot & Bengio (2010), figures 6 and 7.
    """
    (x, wanted), (function, slope) = _digits(), ACTIVATIONS[activation]
    weights = first_weights_of(depth, first_weights)
    outputs = [x]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        for W in weights[:-1]:
            outputs.append(function(outputs[-1] @ W))
        z = outputs[-1] @ weights[-1]
        p = np.exp(z - z.max(axis=1, keepdims=True))
        d = (p / p.sum(axis=1, keepdims=True) - wanted) / IMAGES
        d = d @ weights[-1].T
        gradients = []
        for before, h, W in zip(outputs[-2::-1], outputs[:0:-1], weights[-2::-1]):
            d = d * slope(h)
            gradients.append(np.sqrt(np.mean(np.square(before.T @ d))))
            d = d @ W.T
        return Measured(np.array([h.std() for h in outputs[1:]]), np.array(gradients[::-1]))


@styled
def layers() -> Interactive:
    """Spreads on the left, gradients on the right, for a depth, an activation and first weights."""
    picture, (left, right) = canvas(
        1,
        2,
        width=8.2,
        height=3.3,
        sharex=True,
        alt=_(
            "Two curves over the layers of a deep network, on logarithmic axes: on the left how far the "
            "outputs are spread, on the right how large the gradient of the weights is."
        ),
    )
    (spread,) = left.semilogy([], [], "o-", color=BLUE, ms=4)
    (gradient,) = right.semilogy([], [], "^-", color=ORANGE, ms=4)
    for axes, title in (
        (left, _("Forward: spread of outputs")),
        (right, _("Backward: size of gradients")),
    ):
        axes.set(xlabel=_("layer"), xlim=(-0.04, 1.04), ylim=(LOW, HIGH), title=title)
        axes.set_xticks([0, 1], ["1", " "])
        axes.set_yticks([1e-12, 1e-8, 1e-4, 1, 1e4], ["10⁻¹²", "10⁻⁸", "10⁻⁴", "1", "10⁴"])
        axes.minorticks_off()
    numbers = [  # of the last layer; to draw the axes again at each change would take too long
        axes.annotate(
            "",
            (1, 0),
            (0, -7),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            va="top",
        )
        for axes in (left, right)
    ]

    depth = slider(_("hidden layers"), 10, 2, DEEPEST)
    activation = choice(_("activation"), list(ACTIVATIONS), "sigmoid")
    first = choice(_("first weights"), list(FIRST_WEIGHTS), "Glorot")
    stage, note = Stage(alt=picture.alt), Note()
    drawing = Drawing(picture, [spread, gradient, *numbers])

    def update(change: Any = None) -> None:
        found = measure(depth.value, activation.value, first.value)
        places = np.linspace(0, 1, depth.value)
        spread.set_data(places, _shown(found.spreads))
        gradient.set_data(places, _shown(found.gradients))
        for number in numbers:
            number.set_text(str(depth.value))
        stage.show(drawing)
        note.say(_seen(found))

    for control in (depth, activation, first):
        control.observe(update, "value")
    update()
    return Interactive(picture, [stage, controls(depth, activation, first), note])


def _shown(values: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(values, nan=HIGH, posinf=HIGH), LOW, HIGH)


def _seen(found: Measured) -> str:
    """Where it fades or explodes, in a sentence."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        forward = found.spreads[-1] / found.spreads[0]
        back = found.gradients[0] / found.gradients[-1]
    if not np.isfinite([forward, back]).all() or max(forward, back) > WIDE:
        told = _(
            "It explodes: forward by a factor of {forward:.1e} from the first layer to the last, back by {back:.1e}."
        )
    elif forward < 1 / WIDE:
        told = _(
            "The signal fades on its way forward: {forward:.1e} of it is left in the last layer."
        )
    elif back < 1 / WIDE:
        told = _(
            "The gradient fades on its way back: the first layer gets {back:.1e} of what the last one gets."
        )
    else:
        told = _("Both stay level: forward a factor of {forward:.2g}, back {back:.2g}.")
    return told.format(forward=forward, back=back)
