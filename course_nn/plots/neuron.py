"""The pictures of chapter 3: a neuron, its four steps, two losses, what it tells apart and how.

Everywhere the class 0 is blue, with round points, and the class 1 orange, with triangles.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import FancyBboxPatch

from course_nn.i18n import N_, _
from course_nn.neuron import (
    binary_crossentropy,
    binary_crossentropy_derivative,
    forward,
    sigmoid,
    sigmoid_derivative,
    squared_error,
    squared_error_derivative,
    weighted_sum,
)
from course_nn.plots import (
    BLACK,
    BLUE,
    DIVERGING,
    GRAY,
    GREEN,
    ORANGE,
    Picture,
    canvas,
    styled,
)

CLASSES = [(BLUE, "o"), (ORANGE, "^")]
MEASURES = [N_("ink in the middle"), N_("ink in all, in 100 pixels")]
TINTS = LinearSegmentedColormap.from_list("", ["#86b8da", "white", "#eda577"])
CENTERED: dict[str, Any] = {"ha": "center", "va": "center"}
ARROW: dict[str, Any] = {"arrowstyle": "-|>", "lw": 1.5, "color": BLACK}


@styled
def digits(images: np.ndarray, y: np.ndarray, a: np.ndarray | None = None) -> Picture:
    """Images in one row, above each its ground truth and, if given, the output of the neuron."""
    captions = [_("truth: {label}").format(label=int(label)) for label in y]
    title = _("Every image comes with its ground truth")
    if a is not None:
        title = _("What the neuron finds hardest to read")
        lines = zip(captions, a, strict=True)
        captions = [
            _("{caption}\nneuron: {a:.1f}").format(caption=line, a=out) for line, out in lines
        ]
    alt = _("{title}. Handwritten digits: {captions}.").format(
        title=title, captions="; ".join(caption.replace("\n", ", ") for caption in captions)
    )
    picture, row = canvas(1, len(images), width=9.0, height=1.7, alt=alt)
    for axes, image, caption in zip(np.atleast_1d(row), images, captions, strict=True):
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=images.max())
        axes.set_title(caption, fontsize=10, loc="center", pad=4)
        axes.set_axis_off()
    picture.suptitle(title, x=0.01, ha="left", fontsize=12)
    return picture


@styled
def line_and_neuron(
    x: np.ndarray,
    y: np.ndarray,
    line: tuple[float, float],
    neuron: tuple[float, float],
) -> Picture:
    """Labels against the ink in the middle, with a line (slope, intercept) and a neuron (w, b)."""
    picture, axes = canvas(
        height=4.2,
        alt=_(
            "Labels 0 and 1 against the ink in the middle of the image. The straight line leaves "
            "the band between 0 and 1 on the right; the neuron's S-shaped curve stays inside it."
        ),
    )
    jitter = np.random.default_rng(0).uniform(-0.05, 0.05, len(y))
    for label, (color, marker) in enumerate(CLASSES):
        of = y == label
        style = {"color": color, "ms": 4, "alpha": 0.35, "mew": 0}
        axes.plot(x[of], (y + jitter)[of], marker, **style)
        axes.text(1.04, label, _("truth: {label}").format(label=label), color=color, va="center")
    grid = np.linspace(-0.05, 1.0, 200)
    axes.axhspan(0, 1, color="#f0f0f0", zorder=0)
    axes.plot(grid, line[0] * grid + line[1], "--", color=GRAY, label=_("line: m x + c"))
    output = sigmoid(neuron[0] * grid + neuron[1])
    axes.plot(grid, output, color=BLACK, label=_("neuron: sigmoid(w x + b)"))
    axes.set(xlabel=_(MEASURES[0]), ylabel=_("output"), xlim=(-0.05, 1.2), ylim=(-0.2, 1.5))
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks([0, 0.5, 1])
    axes.set_title(_("The line leaves the band from 0 to 1, the neuron stays inside"))
    axes.legend(loc="upper left")
    return picture


@styled
def diagram(x: Sequence[float], w: Sequence[float], b: float) -> Picture:
    """A neuron with two or more inputs, and every number in its place."""
    z = float(weighted_sum(x, w, b))
    a = float(sigmoid(z))
    picture, axes = canvas(
        width=8.4,
        height=3.2,
        alt=_(
            "A neuron, from left to right: inputs {x}, each times its weight {w}; their sum with "
            "the bias {b:g} is z = {z:.4g}; the sigmoid turns it into the output a = {a:.4g}."
        ).format(x=_listed(x), w=_listed(w), b=b, z=z, a=a),
    )
    heights = np.linspace(1, -1, len(x))
    for i, (value, weight, y) in enumerate(zip(x, w, heights, strict=True), 1):
        _circle(axes, 0, y, _number(value), BLUE)
        axes.text(-0.5, y, f"$x_{i}$", ha="right", va="center")
        axes.annotate("", (2.55, 0.16 * y), (0.4, y), arrowprops=ARROW)
        axes.text(1.4, 0.6 * y + 0.3 * np.sign(y), "× " + _number(weight), color=GREEN, **CENTERED)
    _circle(axes, 3, 0, "+", BLACK)
    axes.annotate("", (3, -0.42), (3, -1.0), arrowprops=ARROW)
    axes.text(3, -1.15, _("bias") + " " + _number(b), color=GREEN, **CENTERED)
    for left, right, text in ((3.4, 4.6, f"z = {_number(z)}"), (5.9, 7.1, f"a = {a:.3f}")):
        axes.annotate("", (right, 0), (left, 0), arrowprops=ARROW)
        axes.text((left + right) / 2, 0.25, text, color=ORANGE, **CENTERED)
    grid = np.linspace(-6, 6, 50)
    axes.add_patch(_box(4.65, -0.45, 1.2, 0.9))
    axes.plot(5.25 + grid / 12, -0.3 + 0.6 * sigmoid(grid), color=BLUE)
    axes.text(5.25, -0.65, _("sigmoid"), **CENTERED)
    axes.set(xlim=(-1.1, 7.3), ylim=(-1.5, 1.5), aspect="equal")
    axes.set_title(_("Weigh, add, squash: everything that a neuron does"))
    axes.set_axis_off()
    return picture


@styled
def four_steps(x: Sequence[float], y: float, w: Sequence[float], b: float) -> Picture:
    """The round of learning, with the numbers of one example and the squared error."""
    z = float(weighted_sum(x, w, b))
    a = float(sigmoid(z))
    error = float(squared_error(a, y))
    dz = float(squared_error_derivative(a, y) * sigmoid_derivative(z))
    steps = [
        (0, 1, _("1  Forward pass"), f"z = {_number(z)}   a = {a:.3g}"),
        (1, 1, _("2  Comparison"), f"a − y = {a:.3g} − {y:g} = {_number(a - y)}"),
        (1, 0, _("3  Total error"), f"L = (a − y)² = {error:.3g}"),
        (
            0,
            0,
            _("4  Backward pass"),
            f"dL/dw = {_listed(dz * np.asarray(x))}   dL/db = {_number(dz)}",
        ),
    ]
    picture, axes = canvas(
        width=8.4,
        height=3.6,
        alt=_("A round of four steps, again and again: {steps}.").format(
            steps="; ".join(f"{name}: {numbers}" for _x, _y, name, numbers in steps)
        ),
    )
    for column, row, name, numbers in steps:
        left, bottom = 5.2 * column, 2.0 * row
        axes.add_patch(_box(left, bottom, 4.0, 1.2))
        axes.text(left + 2, bottom + 0.82, name, weight="bold", **CENTERED)
        axes.text(left + 2, bottom + 0.36, numbers, color=BLUE, fontsize=10, **CENTERED)
    for end, start, text, x_text, y_text, style in (
        ((5.2, 2.6), (4.0, 2.6), "a", 4.6, 2.8, CENTERED),
        ((7.2, 1.2), (7.2, 2.0), _("mean over all examples"), 7.4, 1.6, {"va": "center"}),
        ((4.0, 0.6), (5.2, 0.6), "L", 4.6, 0.8, CENTERED),
        ((2.0, 2.0), (2.0, 1.2), _("step downhill: new w and b"), 2.2, 1.6, {"va": "center"}),
    ):
        axes.annotate("", end, start, arrowprops=ARROW)
        axes.text(x_text, y_text, text, color=ORANGE, **style)
    axes.annotate("", (7.2, 3.2), (7.2, 3.8), arrowprops=ARROW)
    axes.text(7.4, 3.6, _("ground truth y = {y:g}").format(y=y), va="center", color=GREEN)
    axes.annotate("", (2.0, 3.2), (2.0, 3.8), arrowprops=ARROW)
    axes.text(2.2, 3.6, "x = " + _listed(x), va="center", color=GREEN)
    axes.set(xlim=(-0.1, 10.3), ylim=(-0.1, 3.9))
    axes.set_title(_("Four steps make one round of learning"))
    axes.set_axis_off()
    return picture


@styled
def two_losses() -> Picture:
    """Both losses and their slopes against z, for an example whose truth is 0."""
    picture, (left, right) = canvas(
        1,
        2,
        width=9.0,
        height=3.8,
        alt=_(
            "Two losses against the weighted sum z, for a truth of 0. Left: the squared error bends "
            "flat at 1 on the wrong side, the binary cross-entropy climbs on. Right, their slopes: "
            "that of the squared error falls back to 0 for large z, that of the binary "
            "cross-entropy goes to 1."
        ),
    )
    z = np.linspace(-8, 8, 321)
    a = sigmoid(z)
    slope = squared_error_derivative(a, 0) * sigmoid_derivative(z)
    for axes, squared, crossentropy in (
        (left, squared_error(a, 0), binary_crossentropy(z, 0)),
        (right, slope, binary_crossentropy_derivative(z, 0)),
    ):
        axes.axvspan(0, 8, color="#f0f0f0", zorder=0)
        axes.plot(z, squared, "--", color=ORANGE, label=_("squared error"))
        axes.plot(z, crossentropy, color=BLUE, label=_("binary cross-entropy"))
        axes.set(xlabel=_("weighted sum z"), xlim=(-8, 8))
    left.set(
        ylabel=_("loss, truth y = 0"), ylim=(-0.2, 5), title=_("Loss: one goes flat, one climbs on")
    )
    left.text(5.5, 2.1, _("wrong side"), color=GRAY, **CENTERED)
    right.set(
        ylabel=_("slope dL/dz"), ylim=(-0.04, 1.04), title=_("Slope: one dies away, one stays")
    )
    right.text(5.5, 0.44, _("wrong side"), color=GRAY, **CENTERED)
    left.legend(loc="upper left")
    return picture


@styled
def race(
    crossentropy: Sequence[float], squared: Sequence[float], faster: Sequence[float]
) -> Picture:
    """The share of images read right after each round, for both losses, and for the squared error
    with ten times the learning rate."""
    curves = [
        (crossentropy, BLUE, "-", _("binary cross-entropy")),
        (squared, ORANGE, "--", _("squared error")),
        (faster, GREEN, ":", _("squared error, 10 times the learning rate")),
    ]
    picture, axes = canvas(
        alt=_("Share of images read right against the rounds of training. {curves}.").format(
            curves="; ".join(
                _("{name}: {last:.0%} in the end").format(name=name, last=values[-1])
                for values, _color, _style, name in curves
            )
        )
    )
    for values, color, style, name in curves:
        axes.plot(100 * np.asarray(values), style, color=color, label=name)
    axes.set(xlabel=_("rounds"), ylabel=_("images read right (%)"), ylim=(0, 103))
    axes.set_title(_("From a wrong start only one of the losses leads out"))
    axes.legend(loc="center right", bbox_to_anchor=(1, 0.72))
    return picture


@styled
def boundaries(
    x: np.ndarray,
    y: np.ndarray,
    neurons: Sequence[tuple[np.ndarray, float]],
    names: Sequence[str] = ("$x_1$", "$x_2$"),
) -> Picture:
    """Points of two inputs and, a panel for each neuron (w, b), its output and where it is 1/2."""
    titles = [
        _("{right} of {n} right").format(right=np.sum((forward(x, w, b) > 0.5) == y), n=len(x))
        for w, b in neurons
    ]
    picture, row = canvas(
        1,
        len(neurons),
        width=9.0,
        height=4.3,
        sharex=True,
        sharey=True,
        alt=_(
            "Points of two classes, and a straight line where the neuron's output is 1/2, "
            "a panel for each neuron: {titles}."
        ).format(titles="; ".join(titles)),
    )
    row = np.atleast_1d(row)
    margin = 0.12 * np.ptp(x, axis=0)
    low, high = x.min(axis=0) - margin, x.max(axis=0) + margin
    grid = np.stack(np.meshgrid(*np.linspace(low, high, 201).T), axis=-1)
    few = len(x) < 20
    style: dict[str, Any] = {"ms": 4, "mec": "white", "mew": 0.3}
    if few:
        style = {"ms": 13, "mec": BLACK, "mew": 1}
    for axes, (w, b), title in zip(row, neurons, titles, strict=True):
        output = forward(grid.reshape(-1, 2), w, b).reshape(201, 201)
        plane = (grid[..., 0], grid[..., 1], output)
        tints = axes.contourf(*plane, np.linspace(0, 1, 11), cmap=TINTS)
        if output.min() < 0.5 < output.max():  # else the line runs outside the picture
            axes.contour(*plane, [0.5], colors=BLACK)
        for label, (color, marker) in enumerate(CLASSES):
            name = _("truth: {label}").format(label=label)
            axes.plot(*x[y == label].T, marker, color=color, label=name, **style)
        axes.set(xlabel=_(names[0]), title=title)
        if few:
            axes.set(xticks=np.unique(x[:, 0]), yticks=np.unique(x[:, 1]))
    row[0].set_ylabel(_(names[1]))
    points = row[0].get_legend_handles_labels()
    picture.legend(*points, loc="outside lower center", ncols=2, markerscale=0.7 if few else 1.7)
    picture.colorbar(tints, ax=row, label=_("output of the neuron"), ticks=[0, 0.5, 1])
    return picture


@styled
def weights(images: np.ndarray, y: np.ndarray, w: np.ndarray) -> Picture:
    """The mean image of each class, and beside them the weights as an image of the same size."""
    picture, (zero, one, last) = canvas(
        1,
        3,
        width=9.0,
        height=3.5,
        alt=_(
            "Three images: the mean zero, a ring; the mean one, a stroke; and the weights, positive "
            "in the middle, where a one has ink, and negative around it, where a zero has its ring."
        ),
    )
    for axes, label in ((zero, 0), (one, 1)):
        axes.imshow(images[y == label].mean(axis=0), cmap="gray_r")
        axes.set_title(_("The mean of all {label}s").format(label=label))
    limit = np.abs(w).max()
    shown = last.imshow(w.reshape(images.shape[1:]), cmap=DIVERGING, vmin=-limit, vmax=limit)
    last.set_title(_("The weights"))
    picture.colorbar(shown, ax=last, label=_("for a 0 (−), for a 1 (+)"))
    picture.suptitle(
        _("The weights set the stroke of a one against the ring of a zero"),
        x=0.01,
        ha="left",
        fontsize=12,
    )
    for axes in (zero, one, last):
        axes.set_axis_off()
    return picture


def _circle(axes: Axes, x: float, y: float, text: str, color: str) -> None:
    axes.plot(x, y, "o", ms=36, mfc="white", mec=color, mew=1.5)
    axes.text(x, y, text, fontsize=12, **CENTERED)


def _box(left: float, bottom: float, width: float, height: float) -> FancyBboxPatch:
    style = "round,pad=0,rounding_size=0.1"
    return FancyBboxPatch((left, bottom), width, height, style, fc="white", ec=BLUE, lw=1.5)


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _listed(values: Sequence[float] | np.ndarray) -> str:
    return "(" + ", ".join(_number(value) for value in values) + ")"
