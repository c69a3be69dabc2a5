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
GRID = np.linspace(-2.6, 2.6, 401)  # where the curves are drawn
X_STEP, H_STEP = 0.05, 0.02  # of the sliders, so that the kink at 0 can be hit; of h, in decades


class Curve(NamedTuple):
    f: Function
    slope: Callable[[float], float]  # NaN where there is no tangent


CURVES = {
    "x²": Curve(lambda x: x * x, lambda x: 2 * x),
    "x³": Curve(lambda x: x * x * x, lambda x: 3 * x * x),
    "sin x": Curve(np.sin, np.cos),
    "|x|": Curve(np.abs, lambda x: np.sign(x) if x else np.nan),
    "ReLU": Curve(lambda x: np.maximum(x, 0), lambda x: float(x > 0) if x else np.nan),
}


@styled
def secant() -> Interactive:
    """A curve with its secant and tangent at x, and the error of the secant's slope against h.

    On the curve the point at x can be dragged, and the end of the step; beside it, h.
    """
    picture, (left, right) = canvas(
        1,
        2,
        width=7.6,
        height=4.0,
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
    left.set(xlabel="x", ylabel="f(x)", xlim=GRID[[0, -1]])
    left.set_title(_("As h shrinks, the secant turns into the tangent"), pad=28)
    (curve_of_errors,) = right.loglog([], ".", color=BLUE, ms=4)
    (dot,) = right.plot([], "o", color=BLUE, ms=9, mec="white")
    dot.set(clip_on=False, in_layout=False)
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
    x = slider("x", 1.0, -1.5, 1.5, X_STEP)
    h = slider(_("step h"), 1.0, STEPS[0], 1, H_STEP, logarithmic=True)
    stage, note = Stage(alt=picture.alt), Note()
    drawing = Drawing(picture, [run, cut, touch, ends, point, legend, curve_of_errors, dot, told])

    def step() -> tuple[float, float]:
        """Where the secant cuts the curve."""
        at = round(x.value, 6)  # 0 is 0 then
        return at - h.value * (difference.value is central_difference), at + h.value

    def update(change: Any = None) -> None:
        f, slope = CURVES[curve.value]
        at, (start, end) = round(x.value, 6), step()
        true, found = slope(at), difference.value(f, at, h.value)
        error = abs(found - true)
        sides = GRID[[0, -1]]
        run.set_data([start, end, end], [f(start), f(start), f(end)])
        cut.set_data(sides, f(start) + found * (sides - start))
        touch.set_data(sides, f(at) + true * (sides - at))
        ends.set_data([start, end], [f(start), f(end)])
        point.set_data([at], [f(at)])
        errors = np.array([abs(difference.value(f, at, s) - true) for s in STEPS])
        curve_of_errors.set_data(STEPS, np.maximum(errors, LEAST))
        dot.set_data([h.value], [max(error, LEAST)])
        secant_told, tangent_told = legend.get_texts()
        secant_told.set_text(_("secant: slope {slope:.4f}").format(slope=found))
        if np.isnan(true):
            tangent_told.set_text(_("no tangent"))
            told.set_text(_("No slope, so no error"))
        else:
            tangent_told.set_text(_("tangent: slope {slope:.4f}").format(slope=true))
            told.set_text(_("Error of the slope: {error:.2g}").format(error=error))
        stage.show(drawing)
        note.say(_seen(f, at, h.value, BEST[difference.value], found, true))

    def replace(change: Any = None) -> None:
        """Draw another curve."""
        height = CURVES[curve.value].f(GRID)
        graph.set_data(GRID, height)
        low, high = height.min(), height.max()
        room = 0.15 * (high - low)
        left.set_ylim(low - room, high + room)
        picture.set_layout_engine("constrained")  # the numbers at the axis may be longer
        drawing.redraw()
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
            x.value = round(round(at / X_STEP) * X_STEP, 6)
            return
        if axes is left:
            at = max(0.01, abs(at - here) if cuts[0] < here else at - here)
        h.value = 10 ** round(round(np.log10(at) / H_STEP) * H_STEP, 6)

    for control in (difference, x, h):
        control.observe(update, "value")
    curve.observe(replace, "value")
    stage.on_drag(drawing, move)
    replace()
    return Interactive(picture, [stage, controls(curve, difference), controls(x, h), note])


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
