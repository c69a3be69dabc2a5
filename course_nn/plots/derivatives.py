"""The pictures of chapter 1: secants, the error of a difference, slopes, gradients, a chain."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from course_nn.i18n import _
from course_nn.plots import BLACK, BLUE, GRAY, GREEN, ORANGE, PURPLE, Picture, canvas, styled

Function = Callable[[Any], Any]


@styled
def secants(f: Function, x: float, steps: Sequence[float], slope: float) -> Picture:
    """f, its secants from x to x + h for each step h, and the tangent, whose slope is given."""
    picture, axes = canvas(
        alt=_(
            "A curve with secants through the point at x = {x:g}. The nearer the second point "
            "comes, the more the secant turns into the tangent, of slope {slope:g}."
        ).format(x=x, slope=slope)
    )
    longest = max(steps)
    left, right = x - 0.6 * longest, x + 1.25 * longest
    grid = np.linspace(left, right, 200)
    axes.plot(grid, f(grid), color=BLACK)
    for h, color in zip(steps, cycle([PURPLE, BLUE, GREEN])):
        secant = (f(x + h) - f(x)) / h
        label = _("h = {h:g}: slope {slope:g}").format(h=h, slope=secant)
        axes.plot(grid, f(x) + secant * (grid - x), color=color, lw=1.5, label=label)
        axes.plot(x + h, f(x + h), "o", color=color)
    label = _("tangent: slope {slope:g}").format(slope=slope)
    axes.plot(grid, f(x) + slope * (grid - x), "--", color=ORANGE, label=label)
    axes.plot(x, f(x), "o", color=BLACK)
    axes.set(xlabel="x", ylabel="f(x)", xlim=(left, right))
    axes.set_title(_("As h shrinks, the secant turns into the tangent"))
    axes.legend(loc="upper left")
    return picture


@styled
def forward_and_central(f: Function, x: float, h: float, slope: float) -> Picture:
    """The secant of the forward and of the central difference, each beside the tangent."""
    picture, (left, right) = canvas(
        1,
        2,
        sharey=True,
        alt=_(
            "Two secants of one curve. The one from x to x + h is steeper than the tangent at x; "
            "the one from x - h to x + h is parallel to it."
        ),
    )
    grid = np.linspace(x - 1.6 * h, x + 1.4 * h, 200)
    for axes, start in ((left, x), (right, x - h)):
        ends = np.array([start, x + h])
        secant = (f(ends[1]) - f(ends[0])) / (ends[1] - ends[0])
        axes.plot(grid, f(grid), color=BLACK)
        label = _("tangent: slope {slope:g}").format(slope=slope)
        axes.plot(grid, f(x) + slope * (grid - x), "--", color=ORANGE, label=label)
        label = _("secant: slope {slope:g}").format(slope=secant)
        axes.plot(grid, f(start) + secant * (grid - start), color=BLUE, lw=1.5, label=label)
        axes.plot(ends, f(ends), "o", color=BLUE)
        axes.plot(x, f(x), "o", color=ORANGE)
        axes.set_xticks([x - h, x, x + h], ["x − h", "x", "x + h"])
        axes.legend(loc="upper left")
    left.set(ylabel="f(x)", title=_("Forward: too steep"))
    right.set(title=_("Central: parallel to the tangent"))
    return picture


@styled
def step_errors(h: np.ndarray, forward: np.ndarray, central: np.ndarray) -> Picture:
    """The errors of both differences against the step h, log-log, and the best steps."""
    picture, axes = canvas(
        height=4.6,
        alt=_(
            "The error of two differences against the step h, both axes logarithmic. Coming from "
            "large h the error falls, in proportion to h (forward) and to h squared (central). "
            "Below the best h, near 1e-8 and 1e-5, it rises again like 1/h, and scatters."
        ),
    )
    eps = np.finfo(float).eps
    axes.loglog(h, forward, "o", color=BLUE, ms=4, label=_("forward difference"))
    axes.loglog(h, central, "^", color=ORANGE, ms=4, label=_("central difference"))
    best_forward, best_central = eps ** (1 / 2), eps ** (1 / 3)
    axes.axvline(best_forward, color=BLUE, lw=1, ls=":", zorder=0)
    axes.axvline(best_central, color=ORANGE, lw=1, ls=":", zorder=0)
    axes.text(best_forward / 1.5, 2, "√eps ≈ 10⁻⁸", color=BLUE, ha="right")
    axes.text(best_central * 1.5, 2, "∛eps ≈ 10⁻⁵", color=ORANGE)
    axes.text(3e-4, 3e-3, _("truncation ∝ h"), color=BLUE, ha="right")
    axes.text(1e-3, 3e-9, _("truncation ∝ h²"), color=ORANGE)
    axes.text(1e-12, 1e-2, _("round-off ∝ 1/h"), color=BLACK)
    axes.set(xlabel=_("step h"), ylabel=_("error of the slope"), ylim=(1e-13, 10))
    axes.set_title(_("Below the best h, rounding takes over"))
    axes.legend(loc="lower left")
    return picture


@styled
def slopes(functions: Mapping[str, tuple[Function, Function]]) -> Picture:
    """Each function, by its name, with its derivative."""
    x = np.linspace(-4, 4, 401)
    described = [
        _("{name} has slopes from {low:.2f} to {high:.2f}").format(
            name=name, low=derivative(x).min(), high=derivative(x).max()
        )
        for name, (_f, derivative) in functions.items()
    ]
    picture, row = canvas(
        1,
        len(functions),
        width=9.0,
        height=3.4,
        sharey=True,
        alt=_("Functions, each with its derivative: {described}.").format(
            described="; ".join(described)
        ),
    )
    for axes, (name, (f, derivative)) in zip(np.atleast_1d(row), functions.items(), strict=True):
        axes.plot(x, f(x), color=BLUE, label=_("function"))
        slope = derivative(x)
        jump = np.flatnonzero(np.abs(np.diff(slope)) > 0.5)  # a line must not bridge a jump
        axes.plot(
            np.insert(x, jump + 1, np.nan),
            np.insert(slope, jump + 1, np.nan),
            "--",
            color=ORANGE,
            label=_("derivative"),
        )
        axes.axhline(0, color=GRAY, lw=0.6, zorder=0)
        axes.set(xlabel="x", title=name, ylim=(-1.15, 2.1))
    np.atleast_1d(row)[0].legend(loc="upper left")
    return picture


@styled
def kink() -> Picture:
    """ReLU and its three secants at the kink: backward, central and forward."""
    picture, axes = canvas(
        height=3.2,
        alt=_(
            "ReLU near 0 with three secants: from −h to 0 with slope 0, from −h to h with slope "
            "one half, from 0 to h with slope 1."
        ),
    )
    x = np.array([-1.6, 0, 1.6])  # in units of h
    axes.plot(x, np.maximum(x, 0), color=GRAY, lw=6, alpha=0.35, label="ReLU")
    for start, end, style, color, label in (
        (0, 1, "-", BLUE, _("forward: slope 1")),
        (-1, 1, "--", ORANGE, _("central: slope 1/2")),
        (-1, 0, ":", GREEN, _("backward: slope 0")),
    ):
        ends = np.array([start, end])
        axes.plot(ends, np.maximum(ends, 0), style, marker="o", color=color, label=label)
    axes.set_xticks([-1, 0, 1], ["−h", "0", "h"])
    axes.set_yticks([0, 0.5, 1], ["0", "h/2", "h"])
    axes.set(xlabel="x", ylabel="ReLU(x)")
    axes.set_title(_("At the kink every difference has its own answer"))
    axes.legend(loc="upper left")
    return picture


@styled
def uphill(f: Function, gradient: Function, here: tuple[float, float]) -> Picture:
    """Contours of f with its gradients; beside them the climb from ``here`` in every direction."""
    picture, (left, right) = canvas(
        1,
        2,
        width=9.6,
        height=4.4,
        alt=_(
            "Left: contour lines of a bowl with arrows for its gradient; every arrow stands at a "
            "right angle to its line and points to higher ones. Right: the rate of climb in each "
            "direction from one point: a cosine, highest in the direction of the gradient."
        ),
    )
    side = np.linspace(-3, 3, 121)
    x, y = np.meshgrid(side, side)
    height = f(np.array([x, y]))
    levels = f(np.array(here)) / 2 * np.arange(10)  # one of the lines runs through the point
    left.contourf(x, y, height, levels, cmap="Blues", vmax=2 * height.max())
    lines = left.contour(x, y, height, levels, colors=GRAY, linewidths=0.8)
    left.clabel(lines, fontsize=8, fmt="%g")
    points = np.array(np.meshgrid(side[10::20], side[10::20])).reshape(2, -1)
    arrows = {"angles": "xy", "scale_units": "xy", "scale": 14, "width": 0.007, "zorder": 3}
    left.quiver(*points, *gradient(points), color=BLACK, **arrows)
    left.quiver(*here, *gradient(np.array(here)), color=ORANGE, **arrows)
    left.plot(*here, "o", color=ORANGE, zorder=3)
    left.set(xlabel="x", ylabel="y", title=_("The gradient points uphill"), aspect="equal")

    slope = gradient(np.array(here))
    degrees = np.arange(-180, 181)
    rate = slope @ [np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]
    steepest = np.rad2deg(np.arctan2(slope[1], slope[0]))
    right.axhline(0, color=GRAY, lw=0.8)
    right.plot(degrees, rate, color=BLUE)
    right.plot(steepest, np.hypot(*slope), "o", color=ORANGE)
    right.text(
        steepest, 1.08 * np.hypot(*slope), _("along the gradient"), color=ORANGE, ha="center"
    )
    right.set(xlabel=_("direction (degrees from the x axis)"), ylabel=_("rate of climb"))
    right.set(xticks=range(-180, 181, 90), ylim=1.3 * np.hypot(*slope) * np.array([-1, 1]))
    right.set_title(_("From the orange point: no direction climbs faster"))
    return picture


@styled
def chain(values: Mapping[str, float], slopes: Mapping[str, float]) -> Picture:
    """A chain of values, and under each link the derivative of one value by the one before."""
    picture, axes = canvas(
        width=9.0,
        height=2.2,
        alt=_("A chain of values: {values}. On its links the slopes: {slopes}.").format(
            values=", ".join(f"{name} = {value:g}" for name, value in values.items()),
            slopes=", ".join(f"{name} = {value:g}" for name, value in slopes.items()),
        ),
    )
    boxes = []
    for i, (name, value) in enumerate(values.items()):
        edge = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": BLUE, "lw": 1.5}
        box = axes.text(
            i, 0, f"{name}\n{value:g}", ha="center", va="center", fontsize=13, bbox=edge
        )
        boxes.append(box.get_bbox_patch())
    for i, (name, value) in enumerate(slopes.items()):
        link = {"arrowstyle": "-|>", "lw": 1.5, "patchA": boxes[i], "patchB": boxes[i + 1]}
        axes.annotate("", (i + 1, 0), (i, 0), arrowprops=link)
        axes.text(i + 0.5, -0.5, f"{name}\n{value:g}", ha="center", va="top", color=ORANGE)
    axes.set(xlim=(-0.4, len(values) - 0.55), ylim=(-1.1, 0.5))
    axes.set_title(_("Multiply the slopes along the chain"))
    axes.axis("off")
    return picture
