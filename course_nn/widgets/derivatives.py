"""The interactive figure of chapter 1: the secant that becomes the tangent."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from course_nn.derivatives import Function, central_difference, forward_difference
from course_nn.i18n import _
from course_nn.plots import BLACK, BLUE, GRAY, ORANGE, canvas, styled
from course_nn.widgets import Drawing, Interactive, Note, Stage, choice, controls, slider

EPS = np.finfo(float).eps
BEST = {forward_difference: EPS ** (1 / 2), central_difference: EPS ** (1 / 3)}  # the best h
STEPS = np.logspace(-15, 0, 121)  # where the error is drawn
LEAST = 1e-16  # smaller errors, 0 among them, are drawn as this one
GRID = 0.05  # x is dragged in steps of this, so that the kink at 0 can be hit


class Curve(NamedTuple):
    f: Function
    slope: Callable[[float], float]  # NaN where there is no tangent
    reach: float  # x goes from -reach to reach, and h to 1


CURVES = {
    "x²": Curve(lambda x: x * x, lambda x: 2 * x, 1.5),
    "x³": Curve(lambda x: x * x * x, lambda x: 3 * x * x, 1.2),
    "sin x": Curve(np.sin, np.cos, 3.0),
    "|x|": Curve(np.abs, lambda x: np.sign(x) if x else np.nan, 1.5),
    "ReLU": Curve(lambda x: np.maximum(x, 0), lambda x: float(x > 0) if x else np.nan, 1.5),
}


@styled
def secant() -> Interactive:
    """A curve with its secant and tangent at x, and the error of the secant's slope against h.

    On the curve the point at x can be dragged, and the end of the step; beside it, h.
    """
    picture, (left, right) = canvas(
        1,
        2,
        width=8.8,
        height=4.2,
        width_ratios=[8, 5],
        alt=_(
            "A curve with a secant through two of its points, a step h apart, and the tangent. "
            "Beside it the error of the secant's slope against h, both axes logarithmic: it falls "
            "with h until round-off takes over."
        ),
    )
    (graph,) = left.plot([], color=BLACK)
    (run,) = left.plot([], color=GRAY, lw=1)
    (cut,) = left.plot([], color=BLUE, label=_("secant"))
    (touch,) = left.plot([], "--", color=ORANGE, label=_("tangent"))
    (ends,) = left.plot([], "o", color=BLUE, ms=9, mec="white")
    (point,) = left.plot([], "o", color=BLACK, ms=9, mec="white")
    legend = left.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2, columnspacing=1, handlelength=1.6
    )
    left.set(xlabel="x", ylabel="f(x)")
    left.set_title(_("As h shrinks, the secant turns into the tangent"), pad=28)
    (curve_of_errors,) = right.loglog([], ".", color=BLUE, ms=4)
    (here,) = right.plot([], "o", color=BLUE, ms=9, mec="white")
    here.set(clip_on=False, in_layout=False)
    right.set(xlim=(STEPS[0] / 2, 2), ylim=(LEAST, 10), xlabel=_("step h"))
    right.set_yticks([LEAST, 1e-12, 1e-8, 1e-4, 1], ["≤10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    right.set_xticks([1e-12, 1e-8, 1e-4, 1], ["10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    right.minorticks_off()
    told = right.set_title(" ", pad=28)

    curve = choice(_("curve"), list(CURVES))
    difference = choice(
        _("difference"),
        [(_("forward"), forward_difference), (_("central"), central_difference)],
    )
    x = slider("x", 1.0, -1.5, 1.5, GRID)
    h = slider(_("step h"), 1.0, STEPS[0], 1, 0.05, logarithmic=True)
    stage, note = Stage(alt=picture.alt), Note()
    drawing = Drawing(picture, [run, cut, touch, ends, point, legend, curve_of_errors, here, told])

    def step() -> tuple[float, float]:
        """Where the secant cuts the curve."""
        at = round(x.value, 6)  # 0 is 0 then
        return at - h.value * (difference.value is central_difference), at + h.value

    def update(change: Any = None) -> None:
        f, slope, reach = CURVES[curve.value]
        at, (start, end) = round(x.value, 6), step()
        true, found = slope(at), difference.value(f, at, h.value)
        error = abs(found - true)
        sides = np.array([-reach - 1, reach + 1])
        run.set_data([start, end, end], [f(start), f(start), f(end)])
        cut.set_data(sides, f(start) + found * (sides - start))
        touch.set_data(sides, f(at) + true * (sides - at))
        ends.set_data([start, end], [f(start), f(end)])
        point.set_data([at], [f(at)])
        errors = np.array([abs(difference.value(f, at, s) - true) for s in STEPS])
        curve_of_errors.set_data(STEPS, np.maximum(errors, LEAST))
        here.set_data([h.value], [max(error, LEAST)])
        secant_told, tangent_told = legend.get_texts()
        secant_told.set_text(_("secant: slope {slope:.6f}").format(slope=found))
        if np.isnan(true):
            tangent_told.set_text(_("no tangent"))
            told.set_text(_("No slope, so no error"))
        else:
            tangent_told.set_text(_("tangent: slope {slope:.6f}").format(slope=true))
            told.set_text(_("Error of the slope: {error:.2g}").format(error=error))
        stage.show(drawing)
        note.say(_seen(f, at, h.value, BEST[difference.value], found, true))

    def replace(change: Any = None) -> None:
        """Draw another curve."""
        f, _slope, reach = CURVES[curve.value]
        grid = np.linspace(-reach - 1, reach + 1, 401)
        graph.set_data(grid, f(grid))
        low, high = f(grid).min(), f(grid).max()
        room = 0.15 * (high - low)
        left.set(xlim=grid[[0, -1]], ylim=(low - room, high + room))
        picture.set_layout_engine("constrained")  # the numbers at the axis may be longer
        drawing.redraw()
        x.min, x.max = -reach, reach
        update()

    held, where = "x", left

    def move(axes: Any, at: float, value: float, pressed: bool) -> None:
        nonlocal held, where
        here, cuts = round(x.value, 6), step()
        if pressed:
            away = min(abs(at - cut) for cut in cuts if cut != here)
            held = "x" if axes is left and abs(at - here) <= away else "h"
            where = axes
        if axes is not where:  # the stroke has left its axes
            return
        if held == "x":
            x.value = round(round(at / GRID) * GRID, 6)
        elif axes is right:
            h.value = min(max(at, STEPS[0]), 1)
        else:
            away = abs(at - here) if cuts[0] < here else at - here
            h.value = min(max(round(away, 2), 0.01), 1)

    for control in (difference, x, h):
        control.observe(update, "value")
    curve.observe(replace, "value")
    stage.on_drag(drawing, move)
    replace()
    return Interactive(picture, [stage, controls(curve, difference, x, h), note])


def _seen(f: Function, x: float, h: float, best: float, found: float, true: float) -> str:
    """What there is to see, in a sentence."""
    if np.isnan(true):
        return _(
            "At a kink there is no tangent: the forward difference is {forward:g}, the central one "
            "{central:g}, and a smaller h changes neither."
        ).format(forward=forward_difference(f, x, h), central=central_difference(f, x, h))
    if abs(found - true) < 1e-10:
        return _("The secant has the slope of the tangent.")
    if h < best:
        return _(
            "The secant lies on the tangent, to the eye. But the two values of f agree in nearly "
            "all of their 16 digits, and little is left of their difference: round-off."
        )
    told = _("The slope of the secant is {error:.2g} too large.")
    if found < true:
        told = _("The slope of the secant is {error:.2g} too small.")
    return told.format(error=abs(found - true))
