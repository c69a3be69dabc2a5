"""Chapter 6: a network fitted to noisy points, from too simple to learning the noise."""

import asyncio
import math
import time
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from course_nn.i18n import _
from course_nn.layers import Dense, Dropout
from course_nn.models import Sequential
from course_nn.optimizers import Adam
from course_nn.plots import BLACK, BLUE, GRAY, ORANGE, Picture, canvas, styled
from course_nn.regularizers import l2
from course_nn.widgets import Drawing, Interactive, Note, Stage, button, controls, steps

NOISE = 0.3  # standard deviation; no network has a smaller error on new points
TEST = 200  # points
SPREAD = 6  # x is stretched to -SPREAD to SPREAD: bends lie far apart for the network
SLICE = 0.025  # seconds of training between two images
LIMIT = 3000  # epochs


class Setting(NamedTuple):
    """Where the controls stand."""

    points: int = 30
    width: int = 64
    dropout: float = 0.0
    l2: float = 0.0
    epochs: int = LIMIT


def truth(x: np.ndarray) -> np.ndarray:
    """y = sin 4x, which the network does not know"""
    return np.sin(4 * x)


def sample(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """``x, y``: n points around the truth, of which more are the same ones and others."""
    rng = np.random.default_rng(seed)
    x, noise = rng.uniform(-1, 1, TEST), rng.normal(0, NOISE, TEST)
    return x[:n], (truth(x) + noise)[:n]


class Fit:
    """A network that is being fitted to the points of a setting."""

    def __init__(self, setting: Setting, seed: int = 0):
        self.setting, self.epoch = setting, 0
        self.x, self.y = sample(setting.points, seed)
        self.x_test = np.linspace(-1, 1, TEST)
        self.y_test = truth(self.x_test) + np.random.default_rng(99).normal(0, NOISE, TEST)
        penalty = l2(setting.l2) if setting.l2 else None
        self.model = Sequential(seed=0)
        for _layer in range(2):
            self.model.add(Dense(setting.width, "tanh", kernel_regularizer=penalty))
            self.model.add(Dropout(setting.dropout))
        self.model.add(Dense(1, kernel_regularizer=penalty))
        self.model.compile(Adam(0.01), "mean_squared_error")
        # Looked at more and more rarely: the axis of epochs is logarithmic.
        looks = np.geomspace(10, setting.epochs, 40).round().astype(int)
        self.looks = [int(epoch) for epoch in np.unique(looks)]
        self.errors: list[tuple[int, float, float]] = []  # epoch, training, test
        self._look()

    @property
    def done(self) -> bool:
        return self.epoch >= self.setting.epochs

    def train(self, seconds: float = math.inf) -> None:
        """Train for as long, or until it is done."""
        end = time.perf_counter() + seconds
        while not self.done:
            epochs = min(10, next(look for look in self.looks if look > self.epoch) - self.epoch)
            self.model.fit(
                SPREAD * self.x[:, np.newaxis], self.y, batch_size=TEST, epochs=epochs, verbose=0
            )
            self.epoch += epochs
            if self.epoch in self.looks:
                self._look()
            if time.perf_counter() > end:
                break

    def curve(self) -> np.ndarray:
        """What the network gives at the test points."""
        return self._predict(self.x_test)

    def _predict(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(SPREAD * x[:, np.newaxis])[:, 0]

    def _look(self) -> None:
        training = np.sqrt(np.mean((self._predict(self.x) - self.y) ** 2))
        test = np.sqrt(np.mean((self._predict(self.x_test) - self.y_test) ** 2))
        self.errors.append((self.epoch, float(training), float(test)))

    def verdict(self) -> tuple[str, str]:
        """What has become of it, in a few words and in a sentence."""
        _epoch, training, test = self.errors[-1]
        if test < 1.25 * NOISE:
            return _("It has found the curve"), _("Both errors are near the noise.")
        if training > 1.3 * NOISE:
            return (
                _("Too simple, or not trained enough"),
                _(
                    "Both errors are large: more neurons, more epochs or less of a penalty will help."
                ),
            )
        return (
            _("It learns the noise"),
            _("The network does well on its own points and worse on new ones: it overfits."),
        )


class Dial:
    """The picture of a `Fit`: points and curve, both errors as bars, and how they came about."""

    @styled
    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        self.picture, axes = canvas(
            alt=_(
                "Left, noisy points around a wave, new points, and the curve of a network that was "
                "trained on the former. Right, its error on both as bars, and against the epoch, "
                "beside the size of the noise, below which no network gets on new points."
            ),
            width=8.2,
            height=4.2,
        )
        axes.remove()
        grid = self.picture.add_gridspec(2, 2, width_ratios=[1.25, 1], height_ratios=[1, 2])
        curve, bars, errors = (
            self.picture.add_subplot(place) for place in (grid[:, 0], grid[0, 1], grid[1, 1])
        )
        self.points, self.line = draw_fit(curve, fit)
        curve.set_xlabel("x", labelpad=2)
        curve.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2, columnspacing=1.2)
        self.told = curve.set_title(" ")

        self.bars = bars.barh([1, 0], [0, 0], 0.6, color=[BLUE, ORANGE])
        self.values = [bars.text(0, row, "", va="center") for row in (1, 0)]
        for axis, line in ((bars, bars.axvline), (errors, errors.axhline)):
            line(NOISE, color=BLACK, lw=1, ls=":", zorder=3)
        bars.set_yticks([1, 0], [_("training"), _("new points")])
        bars.set(xlim=(0, 1), ylim=(-0.5, 1.5), xticks=[])
        bars.tick_params(length=0)
        bars.spines["bottom"].set_visible(False)
        bars.set_title(_("Error, and the noise (dotted)"))

        self.curves = errors.semilogx([], [], "-", color=BLUE, label=_("training"))
        self.curves += errors.semilogx([], [], "--", color=ORANGE, label=_("new points"))
        errors.text(11, NOISE - 0.02, _("noise"), va="top", fontsize=10)
        errors.set(xlim=(10, LIMIT), ylim=(0, 1), xlabel=_("epoch"), ylabel=_("error"))
        errors.set_xticks([10, 100, 1000], ["10", "100", "1,000"])
        errors.legend(loc="upper right", ncols=2, borderaxespad=0, columnspacing=1)
        moving = [self.points, self.line, self.told, *self.bars, *self.values, *self.curves]
        self.drawing = Drawing(self.picture, moving)

    def draw(self) -> None:
        """Bring the picture up to date."""
        fit = self.fit
        self.points.set_data(fit.x, fit.y)
        self.line.set_data(fit.x_test, fit.curve())
        self.told.set_text(
            _("Epoch {epoch:,}: {verdict}").format(epoch=fit.epoch, verdict=fit.verdict()[0])
        )
        for bar, value, error in zip(self.bars, self.values, fit.errors[-1][1:]):
            bar.set_width(min(error, 1))
            value.set_position((min(error, 0.82) + 0.03, value.get_position()[1]))
            value.set_text(f"{error:.2f}")
        epochs, *errors = zip(*fit.errors)
        for curve, values in zip(self.curves, errors):
            curve.set_data(epochs, values)


def draw_fit(axes: Axes, fit: Fit) -> tuple[Line2D, Line2D]:
    """Draw the truth and the new points; give the points and the curve, which change."""
    axes.plot(
        fit.x_test,
        fit.y_test,
        "^",
        color=ORANGE,
        ms=4,
        mfc="none",
        mew=0.8,
        alpha=0.45,
        label=_("new points"),
    )
    axes.plot(fit.x_test, truth(fit.x_test), "--", color=GRAY, lw=1.5, label=_("truth"))
    (line,) = axes.plot(fit.x_test, fit.curve(), color=BLACK, label=_("network"), zorder=5)
    (points,) = axes.plot(
        fit.x,
        fit.y,
        "o",
        color=BLUE,
        mec="white",
        mew=0.7,
        ms=6.5,
        label=_("training points"),
        zorder=4,
    )
    axes.set(xlim=(-1.03, 1.03), ylim=(-1.8, 2.1), xticks=[], yticks=[], ylabel="y")
    return points, line


@styled
def three_fits(by_heart: Fit) -> Picture:
    """Too simple, about right, and learned by heart: the same points, and three networks."""
    fits = {
        _("1 neuron a layer: too simple"): Fit(Setting(width=1)),
        _("64 with L2: about right"): Fit(Setting(l2=0.001)),
        _("64 alone: they learn the noise"): by_heart,
    }
    picture, axes = canvas(
        1,
        3,
        alt=_(
            "Three networks fitted to the same noisy points around a wave. With 1 neuron in each "
            "layer the curve is too simple and the errors on training and new points are both "
            "large. With 64 and an L2 penalty it follows the wave, and both errors are near the "
            "noise. With 64 and no penalty it bends to single points: the training error is "
            "small, the error on new points large."
        ),
        width=9.6,
        height=3.5,
    )
    for one, (title, fit) in zip(axes, fits.items()):
        fit.train()
        draw_fit(one, fit)
        one.set_title(title, fontsize=11)
        _epoch, training, test = fit.errors[-1]
        one.set_xlabel(
            _("error: training {training:.2f}, new {test:.2f}").format(training=training, test=test)
        )
    picture.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return picture


def overfitting_dial() -> Interactive:
    """A network fitted to noisy points: how many, how wide, with which remedy, for how long."""
    points = steps(_("training points"), [10, 20, 30, 50, 100, 200], 30)
    width = steps(_("neurons a layer"), [1, 2, 4, 8, 16, 32, 64], 64)
    dropout = steps(_("dropout"), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], 0.0)
    penalty = steps(
        _("L2"), [("0", 0.0), *((f"{x:g}", x) for x in (0.0001, 0.001, 0.01, 0.1))], 0.0
    )
    epochs = steps(_("epochs"), [(f"{n:,}", n) for n in (30, 100, 300, 1000, LIMIT)], LIMIT)
    sliders = points, width, dropout, penalty, epochs
    seed = 0
    task: asyncio.Task | None = None
    dial, stage, note = Dial(Fit(Setting())), Stage(), Note()

    def advance() -> None:
        dial.fit.train(SLICE)
        dial.draw()
        stage.show(dial.drawing)

    def restart(*_change: Any) -> None:
        nonlocal task
        dial.fit = Fit(Setting(*(slider.value for slider in sliders)), seed)
        advance()  # at once; the rest follows
        note.say(_("It trains ..."))
        task = figure.start(work())

    async def work() -> None:
        while task is asyncio.current_task():  # until there is another
            if dial.fit.done:
                tell()
                break
            await stage.taken()
            if task is asyncio.current_task():
                advance()

    def tell() -> None:
        _epoch, training, test = dial.fit.errors[-1]
        note.say(
            _("Error {training:.2f} on the training points, {test:.2f} on new ones.").format(
                training=training, test=test
            )
            + " "
            + dial.fit.verdict()[1]
        )

    def draw_others() -> None:
        nonlocal seed
        seed += 1
        restart()

    for slider in sliders:
        slider.observe(restart, "value")
    others = button(_("Other points"), draw_others)
    figure = Interactive(three_fits(dial.fit), [stage, controls(*sliders, others), note])
    dial.draw()
    stage.show(dial.drawing)
    stage.alt = dial.picture.alt
    tell()
    return figure
