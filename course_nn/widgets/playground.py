"""Chapter 5: a small network that learns to part two classes of points, while you look.

In the spirit of D. Smilkov and S. Carter's TensorFlow Playground (https://playground.tensorflow.org),
with the package at work: a `Sequential`, compiled, and `fit` an epoch at a time.
"""

import asyncio
import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import contourpy
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from matplotlib.legend_handler import HandlerTuple

from course_nn import regularizers
from course_nn.datasets import toy
from course_nn.i18n import _
from course_nn.layers import Activation, BatchNormalization, Dense, Dropout
from course_nn.models import Sequential
from course_nn.optimizers import SGD, Adagrad, Adam, Optimizer, RMSprop
from course_nn.plots import BLACK, BLUE, DIVERGING, GRAY, ORANGE, canvas, styled
from course_nn.widgets import (
    Drawing,
    Interactive,
    Note,
    Stage,
    button,
    choice,
    controls,
    slider,
    steps,
)

POINTS = 200  # to train on, and as many to test
SIDE = 2.4  # the plane goes from -SIDE to SIDE
CELLS = 56  # along each side, in which the network's answer is shown
COARSE = 4  # of them are one cell in the picture of a hidden neuron
TILE = CELLS // COARSE + 1  # with a gap
ACROSS, DOWN = 8, 4  # pictures of hidden neurons
LAYERS = [(2,), (4,), (8,), (4, 4), (8, 8), (16, 16), (8, 8, 8), (4, 4, 4, 4), (8, 8, 8, 8)]
SLICE = 0.03  # seconds of training between two images, at most
STILL = 100  # epochs that the picture in a notebook without a kernel has seen
LIMIT = 2000  # epochs, so that a notebook that is left alone comes to rest

DATA = {"xor": toy.xor, "moons": toy.moons, "spirals": toy.spirals}
OPTIMIZERS: dict[str, Callable[[float], Optimizer]] = {
    "Adam": Adam,
    "SGD": SGD,
    "SGD, momentum 0.9": lambda rate: SGD(rate, momentum=0.9),
    "Adagrad": Adagrad,
    "RMSprop": RMSprop,
}


def points(name: str, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """``x, y``: one of the toy sets with two classes, moved and scaled to fill the plane."""
    classes = {"classes": 2} if name == "spirals" else {}
    x, y = DATA[name](POINTS, noise=noise, seed=seed, **classes)
    if name == "spirals":  # wound up once more, since two arms alone are too easy
        wound = x @ [1, 1j] * np.exp(4j * np.hypot(*x.T))
        x = np.stack([wound.real, wound.imag], axis=1)
    center, scale = {"xor": (0.5, 2), "moons": ([0.5, 0.25], 1.2), "spirals": (0, 2.2)}[name]
    return (x - center) * scale, y


def network(
    units: tuple[int, ...],
    activation: str,
    optimizer: str,
    rate: float,
    penalty: tuple[str, float],
    dropout: float = 0.0,
    normalized: bool = False,
) -> Sequential:
    """Two inputs, hidden layers of ``units`` neurons, one output between 0 and 1. Batch normalization comes before the
    activation, as in its paper, dropout after it."""
    kind, factor = penalty
    regularizer = regularizers.L1L2(**{kind: factor}) if kind else None
    model = Sequential(seed=0)
    for n in units:
        if normalized:
            model.add(Dense(n, kernel_regularizer=regularizer))
            model.add(BatchNormalization(momentum=0.9))  # an epoch may be one batch
            model.add(Activation(activation))
        else:
            model.add(Dense(n, activation, kernel_regularizer=regularizer))
        if dropout:
            model.add(Dropout(dropout))
    model.add(Dense(1, "sigmoid", kernel_regularizer=regularizer))
    model.build((2,))
    model.compile(OPTIMIZERS[optimizer](rate), "binary_crossentropy")
    return model


class Playground:
    """The network, its points, and the picture of both; no controls.

    After ``restart(...)``, each ``train(n)`` is n epochs; ``draw()`` brings the picture up to date.
    """

    def __init__(self) -> None:
        side = np.linspace(-SIDE, SIDE, CELLS)
        self.plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2).astype("float32")
        self._canvas()

    def restart(
        self,
        data: str,
        noise: float,
        units: tuple[int, ...],
        activation: str,
        optimizer: str,
        rate: float,
        penalty: tuple[str, float],
        batch: int,
        dropout: float = 0.0,
        normalized: bool = False,
    ) -> None:
        """New points, a new network with the same first weights for the same layers."""
        self.training, self.test = points(data, noise, 0), points(data, noise, 1)
        self.model = network(units, activation, optimizer, rate, penalty, dropout, normalized)
        self.batch, self.shown = batch, Activation if normalized else Dense
        self.losses: list[tuple[float, float]] = []  # without the penalty: that is not an error
        self.epoch = 0
        self._measure()

    def train(self, epochs: int, seconds: float = math.inf) -> None:
        """Train for ``epochs``, fewer if that takes longer than ``seconds``."""
        end = time.perf_counter() + seconds
        for _epoch in range(epochs if self.finite else 0):
            with warnings.catch_warnings():  # a loss that is no number is told below the figure
                warnings.simplefilter("ignore", RuntimeWarning)
                history = self.model.fit(
                    *self.training, batch_size=self.batch, epochs=1, verbose=0
                ).history
            self.epoch += 1
            self._measure()
            if not math.isfinite(history["loss"][-1]):
                self.losses[-1] = math.nan, math.nan
            if not self.finite or time.perf_counter() > end:
                break

    def _measure(self) -> None:
        found = []
        for x, y in (self.training, self.test):
            p = self.model.predict(x)
            found.append(self.model.loss.forward(y[:, np.newaxis], p))
        self.right = float(np.mean((p[:, 0] > 0.5) == y))
        self.losses.append((found[0], found[1]))

    @property
    def finite(self) -> bool:
        """Whether the losses still are numbers."""
        return bool(np.isfinite(self.losses[-1]).all())

    @styled
    def _canvas(self) -> None:
        self.picture, axes = canvas(
            alt=_(
                "Left, a plane with two classes of points, circles and squares, shaded by what a "
                "small network answers, and the boundary between its two answers. Right, its loss "
                "on training and test points against the epoch, and a small picture of what each "
                "hidden neuron answers over the plane."
            ),
            width=8.2,
            height=4.5,
        )
        axes.remove()
        grid = self.picture.add_gridspec(2, 2, width_ratios=[1.12, 1], height_ratios=[1, 0.85])
        plane, losses, neurons = (
            self.picture.add_subplot(place) for place in (grid[:, 0], grid[0, 1], grid[1, 1])
        )
        extent = (-SIDE, SIDE, -SIDE, SIDE)
        # Light, for points have to stand out; of few colors, for a PNG of them is made sooner.
        light = ListedColormap(colormaps[DIVERGING](np.linspace(0.28, 0.72, 25)))
        self.shade = plane.imshow(
            np.zeros((CELLS, CELLS)),
            light,
            vmin=0,
            vmax=1,
            extent=extent,
            origin="lower",
            interpolation="bilinear",
        )
        (self.boundary,) = plane.plot([], [], color=BLACK, lw=1.5)
        self.dots = []
        for filled in (True, False):
            for color, marker in ((BLUE, "o"), (ORANGE, "s")):
                look: Any = (
                    {"mfc": color, "mec": "white"} if filled else {"mfc": "none", "mec": color}
                )
                self.dots += plane.plot(
                    [], [], marker, ms=5.5 if filled else 4, mew=0.7 if filled else 1, **look
                )
        plane.legend(
            [tuple(self.dots[:2]), tuple(self.dots[2:]), self.boundary],
            [_("training"), _("test"), _("boundary")],
            handler_map={tuple: HandlerTuple(None)},
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            ncols=3,
            columnspacing=1.2,
        )
        plane.set(xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE), xticks=[], yticks=[])
        plane.spines[:].set_visible(False)
        self.told = plane.set_title(" ")

        self.curves = losses.plot([], [], "-", color=BLUE, label=_("training"))
        self.curves += losses.plot([], [], "--", color=ORANGE, label=_("test"))
        losses.legend(loc="upper right", ncols=2, borderaxespad=0)
        losses.set(xlim=(0, 100), ylim=(0, 0.9), xlabel=_("epoch"), ylabel=_("loss"))
        self.numbers = losses.set_title(" ")
        self.loss_axes = losses

        empty = np.full((DOWN * TILE, ACROSS * TILE), np.nan)
        self.tiles = neurons.imshow(
            empty, cmap=DIVERGING, vmin=-1.3, vmax=1.3, interpolation="nearest"
        )
        self.names = [
            neurons.text(0, 0, "", ha="right", va="center", fontsize=10, color=BLACK)
            for _layer in range(DOWN)
        ]
        self.bare = neurons.text(ACROSS * TILE / 2, DOWN * TILE / 2, "", ha="center", color=GRAY)
        neurons.set(xticks=[], yticks=[])
        neurons.set_title(_("What each hidden neuron answers"))
        neurons.spines[:].set_visible(False)
        moving = [self.shade, self.boundary, *self.dots, self.told, *self.curves, self.numbers]
        self.drawing = Drawing(self.picture, [*moving, self.tiles, *self.names, self.bare])

    def draw(self) -> None:
        """Bring the picture up to date."""
        hidden, rows = [], self.plane
        *before, last = self.model.layers
        for layer in before:
            rows = layer.forward(rows)
            if isinstance(layer, self.shown):
                hidden.append(rows.reshape(CELLS, CELLS, -1))
        answer = np.array(last.forward(rows).reshape(CELLS, CELLS))
        self.shade.set_data(answer)
        self.boundary.set_data(*_boundary(answer))
        for dots, (x, y), group in zip(
            self.dots, [self.training] * 2 + [self.test] * 2, (0, 1) * 2
        ):
            dots.set_data(*x[y == group].T)
        self._draw_neurons(hidden)
        self.told.set_text(
            _("Epoch {epoch}: {right:.0%} of the test points right").format(
                epoch=self.epoch, right=self.right
            )
        )
        training, test = self.losses[-1]
        self.numbers.set_text(
            _("Loss: training {training:.2f}, test {test:.2f}").format(training=training, test=test)
        )
        for curve, values in zip(self.curves, zip(*self.losses)):
            curve.set_data(range(len(values)), values)
        reach = 100 * 2 ** max(0, math.ceil(math.log2(max(self.epoch, 1) / 100)))
        if reach != self.loss_axes.get_xlim()[1]:
            self.loss_axes.set_xlim(0, reach)
            self.drawing.redraw()

    def _draw_neurons(self, hidden: list[np.ndarray]) -> None:
        """A tile for each neuron, the layers below each other; few are drawn larger. White is 0."""
        zoom = (
            2 if sum(-(-answers.shape[-1] * 2 // ACROSS) for answers in hidden) <= DOWN // 2 else 1
        )
        across, tile, coarse = ACROSS // zoom, TILE * zoom, COARSE // zoom
        mosaic, row = np.full((DOWN * TILE, ACROSS * TILE), np.nan), 0
        for name in self.names:
            name.set_text("")
        for number, (answers, name) in enumerate(zip(hidden, self.names), 1):
            pictures = answers[::-coarse, ::coarse].transpose(
                2, 0, 1
            )  # the first row is at the top
            pictures = pictures / (np.abs(pictures).max(axis=(1, 2), keepdims=True) + 1e-6)
            for i, picture in enumerate(pictures):
                down, right = tile * (row + i // across), tile * (i % across)
                mosaic[down : down + len(picture), right : right + len(picture)] = picture
            rows = -(-len(pictures) // across)
            name.set_position((-2, tile * (row + rows / 2) - 1))
            name.set_text(_("layer {number}").format(number=number))
            row += rows
        self.tiles.set_data(mosaic)
        self.bare.set_text("" if hidden else _("There are none: one neuron, one line."))


def _boundary(answer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where ``answer`` over the plane is 1/2, as one line with gaps."""
    side = np.linspace(-SIDE, SIDE, CELLS)
    gap = np.full((1, 2), np.nan)
    lines = contourpy.contour_generator(side, side, answer).lines(0.5)
    x, y = np.concatenate([gap, *(part for line in lines for part in (line, gap))]).T
    return x, y


def playground() -> Interactive:
    """A small network trained live on XOR, moons or spirals: start, pause, a step, start again."""
    data = choice(
        _("data"), [("XOR", "xor"), (_("moons"), "moons"), (_("spirals"), "spirals")], "spirals"
    )
    noise = slider(_("noise"), 0.2, 0.0, 0.5, 0.05)
    hidden = [(_("none"), ()), *((str(units)[1:-1].rstrip(","), units) for units in LAYERS)]
    layers = choice(_("hidden layers"), hidden, (8,))
    activation = choice(_("activation"), ["tanh", "relu", "sigmoid", "linear"])
    optimizer = choice(_("optimizer"), list(OPTIMIZERS))
    rate = steps(_("learning rate"), [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], 0.03)
    penalties = [
        (f"{kind.upper()}, {f:g}", (kind, f))
        for kind in ("l1", "l2")
        for f in (0.0001, 0.001, 0.01)
    ]
    penalty = choice(_("regularization"), [(_("none"), ("", 0.0)), *penalties])
    batch = choice(_("batch size"), [("10", 10), ("50", 50), (_("all"), POINTS)])
    dropout = choice(_("dropout"), [(_("none"), 0.0), ("0.1", 0.1), ("0.2", 0.2), ("0.5", 0.5)])
    normalized = choice(_("batch normalization"), [(_("no"), False), (_("yes"), True)])
    settings = (
        data,
        noise,
        layers,
        activation,
        optimizer,
        rate,
        penalty,
        batch,
        dropout,
        normalized,
    )

    game, stage, note = Playground(), Stage(), Note()
    task: asyncio.Task | None = None

    def show() -> None:
        game.draw()
        stage.show(game.drawing)

    def advance(epochs: int) -> None:
        game.train(min(epochs, LIMIT - game.epoch), SLICE)
        show()

    def restart(*_change: Any) -> None:
        game.restart(*(control.value for control in settings))
        show()
        if not task:
            tell()

    def change_rate(change: Any) -> None:
        assert game.model.optimizer is not None  # it was compiled
        game.model.optimizer.learning_rate = change.new

    def toggle() -> None:
        nonlocal task
        if task:
            pause()
        else:
            task, start.description = figure.start(work()), _("Pause")
            note.say(_("It trains. Change what you like while it does, or press Pause."))

    def pause() -> None:
        nonlocal task
        task, start.description = None, _("Start")
        tell()

    def step() -> None:
        pause()
        advance(1)
        tell()

    async def work() -> None:
        while task is asyncio.current_task():  # until there is a pause
            if not game.finite or game.epoch >= LIMIT:
                pause()
                break
            advance(1 + game.epoch // 15)  # slowly at first, when most happens
            await stage.taken()

    def tell() -> None:
        note.say(verdict(game))

    start, alone, again = (
        button(_("Start"), toggle),
        button(_("Step"), step),
        button(_("Start again"), restart),
    )
    for control in settings:
        control.observe(change_rate if control is rate else restart, "value")
    parts = [stage, controls(start, alone, again), controls(*settings), note]

    game.restart(*(control.value for control in settings))
    game.train(STILL)
    game.draw()
    figure = Interactive(game.picture, parts)
    stage.alt = game.picture.alt
    restart()
    return figure


def verdict(game: Playground) -> str:
    """What is to be seen now, in a sentence or two."""
    if not game.epoch:
        return _("The weights are random numbers. Press Start, or Step for one epoch.")
    if not game.finite:
        return _(
            "The loss is not a number any more: the steps are too long. Choose a smaller learning "
            "rate and press Start again."
        )
    training, test = game.losses[-1]
    told = _(
        "Epoch {epoch}: loss {training:.2f} on the training points, {test:.2f} on the test points."
    ).format(epoch=game.epoch, training=training, test=test)
    if test > 1.5 * training + 0.05:
        return told + " " + _("The gap says that it learns the training points by heart.")
    if training > 0.3 and game.epoch >= 100:
        return (
            told
            + " "
            + _("It does not get to the bottom: try more neurons, or another learning rate.")
        )
    return told
