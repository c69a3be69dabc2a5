"""The interactive figure of chapter 2: descent on a landscape of one's choice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from course_nn import descent as package
from course_nn.derivatives import jacobian
from course_nn.i18n import _, ngettext
from course_nn.plots import ORANGE, canvas, styled
from course_nn.plots.descent import _map
from course_nn.widgets import Drawing, Interactive, Note, Stage, choice, controls, slider

GRID = 0.05  # the start is dragged in steps of this, so that it can stand on a ridge
LEVEL, HIGH = 1e-13, 1e4  # heights that are drawn
WINDOW = (-2.5, 2.5, -1.5, 1.5)  # of the map: left, right, bottom, top


class Landscape(NamedTuple):
    function: Callable[..., Any]
    gradient: Callable[..., Any]
    minima: list[tuple[float, float]]  # the lowest first
    start: tuple[float, float]
    learning_rate: float  # one that the slider stops at


def two_valleys(p: Any) -> Any:
    """x^4 - 3 x^2 + x + 2 y^2: the two minima of the lesson, at (-1.301, 0) and (1.131, 0)."""
    x, y = p
    return package.two_minima(x) + 2 * y**2


def two_valleys_gradient(p: Any) -> np.ndarray:
    """(4 x^3 - 6 x + 1, 4 y)."""
    x, y = p
    return np.array([package.two_minima_slope(x), 4 * y])


def landscapes() -> dict[str, Landscape]:
    """The landscapes of the lesson, by their names."""
    deep, _top, shallow = np.sort(np.roots([4, 0, -6, 1]).real)  # where two_minima_slope is 0
    return {
        _("bowl"): Landscape(package.bowl, package.bowl_gradient, [(0, 0)], (-2.2, 1), 10**-0.75),
        _("long valley"): Landscape(
            package.valley, package.valley_gradient, [(1, 1)], (-1.2, 1), 1e-3
        ),
        _("saddle"): Landscape(
            package.saddle, package.saddle_gradient, [(0, 1), (0, -1)], (2, 0), 10**-0.7
        ),
        _("two minima"): Landscape(
            two_valleys, two_valleys_gradient, [(deep, 0), (shallow, 0)], (0.2, 1), 10**-1.3
        ),
    }


@styled
def descent() -> Interactive:
    """The path of `gradient_descent` on the map of a landscape, and its height at each step.

    The start is where the map is touched.
    """
    picture, (left, right) = canvas(
        1,
        2,
        width=7.6,
        height=3.15,
        width_ratios=[5, 3],
        alt=_(
            "The map of a landscape and on it a path of gradient descent, from a ring to a star. "
            "Beside it the height of each step above the lowest point, on a logarithmic axis."
        ),
    )
    (line,) = left.plot([], "o-", color=ORANGE, ms=3, lw=1.2)
    (ring,) = left.plot([], "o", color=ORANGE, ms=11, mfc="none", mew=2.5)
    (star,) = left.plot([], "*", color=ORANGE, ms=15, mec="white", mew=0.8)
    left.set(xlabel="x", ylabel="y")
    way = left.set_title(" ")
    (height,) = right.semilogy([], "o-", color=ORANGE, ms=3, lw=1.2)
    (end,) = right.semilogy([], "*", color=ORANGE, ms=15, mec="white", mew=0.8)
    right.set(ylim=(LEVEL / 3, HIGH), xlabel=_("step"), title=_("Height left to fall"))
    right.set_yticks([1e-12, 1e-8, 1e-4, 1, 1e4], ["10⁻¹²", "10⁻⁸", "10⁻⁴", "1", "10⁴"])
    right.minorticks_off()
    for axis in (left.xaxis, left.yaxis, right.xaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))

    grounds = landscapes()
    ground = choice(_("landscape"), list(grounds))
    rate = slider(_("learning rate"), 0.1, 1e-4, 1, 0.01, logarithmic=True)
    momentum = slider(_("momentum"), 0.0, 0, 0.99, 0.01)
    steps = slider(_("steps"), 100, 1, 300)
    start_x = slider(_("start x"), 0.0, *WINDOW[:2], GRID)
    start_y = slider(_("start y"), 0.0, *WINDOW[2:], GRID)
    stage, note = Stage(alt=picture.alt), Note()
    drawing = Drawing(picture, [line, ring, star, way, height, end, right.xaxis])
    quiet = False

    def update(change: Any = None) -> None:
        if quiet:
            return
        here = grounds[ground.value]
        path = package.gradient_descent(
            here.gradient,
            (start_x.value, start_y.value),
            learning_rate=rate.value,
            momentum=momentum.value,
            max_steps=steps.value,
        )
        with np.errstate(over="ignore", invalid="ignore"):  # of a path that runs away
            heights = here.function(path.points.T) - here.function(here.minima[0])
        line.set_data(*path.points.T)
        ring.set_data(*path.points[:1].T)
        star.set_data(*path.points[-1:].T)
        height.set_data(np.arange(path.steps + 1), np.maximum(heights, LEVEL))
        end.set_data([path.steps], np.maximum(heights[-1:], LEVEL))
        right.set_xlim(-0.03 * steps.value, 1.03 * steps.value)
        way.set_text(
            _("From {start} in {steps} to {end}").format(
                start=_told(path.points[0]), steps=_counted(path.steps), end=_told(path.end)
            )
        )
        stage.show(drawing)
        note.say(_seen(here, path, rate.value, momentum.value))

    @contextmanager
    def at_once() -> Iterator[None]:
        """Several changes, one drawing."""
        nonlocal quiet
        quiet = True
        try:
            yield
        finally:
            quiet = False
        update()

    def replace(change: Any = None) -> None:
        """Go to another landscape."""
        here = grounds[ground.value]
        for contour in list(left.collections):
            contour.remove()
        _map(left, here.function, WINDOW)
        drawing.redraw()
        with at_once():
            start_x.value, start_y.value = here.start
            rate.value, momentum.value = here.learning_rate, 0

    def move(axes: Any, x: float, y: float, pressed: bool) -> None:
        if axes is left:
            with at_once():
                start_x.value, start_y.value = (round(round(z / GRID) * GRID, 6) for z in (x, y))

    for control in (rate, momentum, steps, start_x, start_y):
        control.observe(update, "value")
    ground.observe(replace, "value")
    stage.on_drag(drawing, move)
    replace()
    return Interactive(
        picture, [stage, controls(ground, rate, momentum, steps, start_x, start_y), note]
    )


def _seen(here: Landscape, path: package.Path, rate: float, momentum: float) -> str:
    """What has become of the descent, in a sentence."""
    near = min(here.minima, key=lambda minimum: np.linalg.norm(path.end - minimum))
    curvature = np.linalg.eigvalsh(jacobian(here.gradient, near)).max()
    limit = 2 * (1 + momentum) / curvature
    limit_told = _("2 (1 + momentum) / L") if momentum else "2 / L"
    words = {
        "steps": _counted(path.steps),
        "slope": np.linalg.norm(here.gradient(path.end)) if path.stopped == "steps" else 0.0,
        "rate": _("the learning rate {rate:.3g}").format(rate=rate),
        "limit": f"{limit_told} = {limit:.3g}",
    }
    if path.stopped == "diverged" and rate > limit:
        told = _("Diverges after {steps}: {rate} is above {limit}.")
    elif path.stopped == "diverged":
        told = _(
            "Diverges after {steps}: {rate} is below {limit} at the minimum, but elsewhere the "
            "ground curves more."
        )
    elif path.stopped == "steps" and rate > limit:
        told = _("Does not settle in {steps}: {rate} is above {limit}.")
    elif path.stopped == "steps":
        told = _("Still on its way after {steps}, at a slope of {slope:.2g}.")
    elif np.linalg.eigvalsh(jacobian(here.gradient, path.end)).min() < 0:
        told = _("Stops on a saddle after {steps}: level ground, but it falls to both sides.")
    elif here.function(path.end) > here.function(here.minima[0]) + 1e-6:
        told = _("Reaches a local minimum after {steps}: another place is lower.")
    else:
        told = _("Reaches the lowest point after {steps}.")
    return told.format(**words)


def _counted(steps: int) -> str:
    return ngettext("{n} step", "{n} steps", steps).format(n=steps)


def _told(point: np.ndarray) -> str:
    x, y = np.round(point, 2) + 0.0  # which makes 0 of -0
    return f"({x:.3g}, {y:.3g})"
