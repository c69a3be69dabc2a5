"""The interactive figure of chapter 8: signals and gradients of a deep network, layer by layer."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from course_nn.datasets import mnist
from course_nn.i18n import _
from course_nn.plots import BLUE, ORANGE, canvas, styled
from course_nn.widgets import Drawing, Interactive, Note, Stage, choice, controls, slider

WIDTH, IMAGES = 100, 100
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


def measure(depth: int, activation: str, first_weights: str) -> Measured:
    """A network of ``depth`` hidden layers before any training, on 100 digits.

    Source: Glorot & Bengio (2010), figures 6 and 7.
    """
    (images, labels), _test = mnist.load_data()
    x = images[:IMAGES].reshape(IMAGES, -1) / 255
    function, slope = ACTIVATIONS[activation]
    rng, sizes = np.random.default_rng(0), [x.shape[1], *[WIDTH] * depth, 10]
    weights = [
        rng.normal(0, FIRST_WEIGHTS[first_weights](a, b), (a, b)) for a, b in pairwise(sizes)
    ]
    outputs = [x]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        for W in weights[:-1]:
            outputs.append(function(outputs[-1] @ W))
        z = outputs[-1] @ weights[-1]
        p = np.exp(z - z.max(axis=1, keepdims=True))
        d = (p / p.sum(axis=1, keepdims=True) - np.eye(10)[labels[:IMAGES]]) / IMAGES
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
        axes.set(xlabel=_("layer"), ylim=(LOW, HIGH), title=title)
        axes.set_yticks([1e-12, 1e-8, 1e-4, 1, 1e4], ["10⁻¹²", "10⁻⁸", "10⁻⁴", "1", "10⁴"])
        axes.minorticks_off()
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))

    depth = slider(_("hidden layers"), 10, 2, 50)
    activation = choice(_("activation"), list(ACTIVATIONS), "sigmoid")
    first = choice(_("first weights"), list(FIRST_WEIGHTS), "Glorot")
    stage, note = Stage(alt=picture.alt), Note()
    drawing = Drawing(picture, [spread, gradient, left.xaxis, right.xaxis])

    def update(change: Any = None) -> None:
        found = measure(depth.value, activation.value, first.value)
        numbers = np.arange(1, depth.value + 1)
        spread.set_data(numbers, _shown(found.spreads))
        gradient.set_data(numbers, _shown(found.gradients))
        left.set_xlim(0, depth.value + 1)
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
