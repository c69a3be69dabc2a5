"""The interactive figure of chapter 7: five optimizers on the landscapes of chapter 2."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from course_nn import optimizers as package
from course_nn.descent import FAR
from course_nn.i18n import _, ngettext
from course_nn.plots import BLUE, GREEN, ORANGE, PURPLE, canvas, styled
from course_nn.plots.descent import _map
from course_nn.widgets import Drawing, Interactive, Note, Stage, choice, controls, slider
from course_nn.widgets.descent import GRID, WINDOW, Landscape, landscapes

SMALL, LARGE = 1e-6, 1e4  # sizes that the bars show
ARRIVED = 1e-2  # from a lowest point


class Kind(NamedTuple):
    make: Callable[[float], package.Optimizer]
    memory: Callable[[package.Optimizer], np.ndarray]  # what it divides by, or goes on with; (2,)
    told: str


def kinds() -> dict[str, Kind]:
    """The five optimizers by their names, and what each remembers of the two directions."""

    def root_of_squares(optimizer: Any) -> np.ndarray:
        return np.sqrt(optimizer.state["squares"])

    def corrected(optimizer: Any) -> np.ndarray:
        seen = 1 - optimizer.beta_2**optimizer.iterations
        return np.sqrt(optimizer.state["v"] / seen)

    return {
        "SGD": Kind(package.SGD, lambda _optimizer: np.zeros(2), _("nothing")),
        _("momentum 0.9"): Kind(
            lambda rate: package.SGD(rate, momentum=0.9),
            lambda optimizer: np.abs(optimizer.state["velocity"]),
            _("velocity"),
        ),
        "Adagrad": Kind(
            lambda rate: package.Adagrad(rate, initial_accumulator_value=0.0),
            root_of_squares,
            _("root of the sum of squares"),
        ),
        "RMSprop": Kind(package.RMSprop, root_of_squares, _("root of the mean of squares")),
        "Adam": Kind(package.Adam, corrected, _("root of the mean of squares")),
    }


class Walk(NamedTuple):
    """Where an optimizer has been, and how it stands at the end: the slopes there, what it remembers, and its last step."""

    points: np.ndarray
    slope: np.ndarray
    memory: np.ndarray
    step: np.ndarray


def walk(kind: Kind, here: Landscape, start: tuple[float, float], rate: float, steps: int) -> Walk:
    """``steps`` steps of an optimizer, fewer where it runs away; points (steps + 1, 2)."""
    optimizer, p = kind.make(rate), np.array(start, dtype=float)
    points = [p.copy()]
    with np.errstate(over="ignore", invalid="ignore"):
        for _step in range(steps):
            optimizer.step(p, np.asarray(here.gradient(p), dtype=float))
            points.append(p.copy())
            if not np.linalg.norm(p) < FAR:
                break
        slope = np.abs(here.gradient(p))
    path = np.array(points)
    return Walk(path, slope, kind.memory(optimizer), np.abs(path[-1] - path[-2]))


@styled
def optimizers() -> Interactive:
    """The trail of an optimizer on the map of a landscape, and what it remembers of each direction.

    The start is where the map is touched.
    """
    picture, (left, right) = canvas(
        1,
        2,
        width=8.2,
        height=3.3,
        width_ratios=[5, 3],
        alt=_(
            "The map of a landscape and on it the trail of an optimizer, from a ring to a star. Beside it "
            "three bars for each of the two directions: the slope, what is remembered, the last step."
        ),
    )
    (line,) = left.plot([], "o-", color=ORANGE, ms=3, lw=1.2)
    (ring,) = left.plot([], "o", color=ORANGE, ms=11, mfc="none", mew=2.5)
    (star,) = left.plot([], "*", color=ORANGE, ms=15, mec="white", mew=0.8)
    left.set(xlabel="x", ylabel="y")
    way = left.set_title(" ")
    words = [_("slope"), _("memory"), _("last step")]
    bars = []
    for direction in range(2):
        for part, color in enumerate((BLUE, PURPLE, GREEN)):
            (bar,) = right.semilogx([], [], "-", color=color, lw=9, solid_capstyle="butt")
            bars.append((bar, 4 * direction + part))
    right.set_yticks([row for _bar, row in bars], [f"{w}, {d}" for d in "xy" for w in words])
    right.set(xlim=(SMALL, LARGE), ylim=(6.7, -0.7), title=_("At the end of the trail"))
    right.set_xticks([1e-6, 1e-3, 1, 1e3], ["10⁻⁶", "10⁻³", "1", "10³"])
    right.minorticks_off()
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))

    grounds, sorts = landscapes(), kinds()
    ground = choice(_("landscape"), list(grounds))
    sort = choice(_("optimizer"), list(sorts), "Adam")
    rate = slider(_("learning rate"), 0.1, 1e-4, 10, 0.01, logarithmic=True)
    steps = slider(_("steps"), 60, 1, 300)
    start_x = slider(_("start x"), 0.0, *WINDOW[:2], GRID)
    start_y = slider(_("start y"), 0.0, *WINDOW[2:], GRID)
    stage, note = Stage(alt=picture.alt), Note()
    drawing = Drawing(picture, [line, ring, star, way, *(bar for bar, _row in bars)])
    quiet = False

    def update(change: Any = None) -> None:
        if quiet:
            return
        here, kind = grounds[ground.value], sorts[sort.value]
        found = walk(kind, here, (start_x.value, start_y.value), rate.value, steps.value)
        line.set_data(*found.points.T)
        ring.set_data(*found.points[:1].T)
        star.set_data(*found.points[-1:].T)
        sizes = np.nan_to_num(np.transpose([found.slope, found.memory, found.step]), nan=LARGE)
        for (bar, row), size in zip(bars, sizes.ravel()):
            bar.set_data([SMALL, float(np.clip(size, SMALL, LARGE))], [row, row])
        way.set_text(_("{name}: {steps}").format(name=sort.value, steps=_counted(found)))
        stage.show(drawing)
        note.say(_seen(here, kind, found, sort.value))

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

    def move(axes: Any, x: float, y: float, pressed: bool) -> None:
        if axes is left:
            with at_once():
                start_x.value, start_y.value = (round(round(z / GRID) * GRID, 6) for z in (x, y))

    for control in (sort, rate, steps, start_x, start_y):
        control.observe(update, "value")
    ground.observe(replace, "value")
    stage.on_drag(drawing, move)
    replace()
    return Interactive(
        picture, [stage, controls(ground, sort, rate, steps, start_x, start_y), note]
    )


def _counted(found: Walk) -> str:
    n = len(found.points) - 1
    return ngettext("{n} step", "{n} steps", n).format(n=n)


def _seen(here: Landscape, kind: Kind, found: Walk, name: str) -> str:
    """What has become of the walk, in a sentence."""
    end = found.points[-1]
    far = min(float(np.linalg.norm(end - minimum)) for minimum in here.minima)
    if not np.linalg.norm(end) < FAR:
        told = _("{name} runs away after {steps}.")
    elif far < ARRIVED and found.step.max() < ARRIVED:
        told = _("{name} has come to a lowest point. It remembers: {memory}.")
    elif far < ARRIVED:
        told = _(
            "{name} passes a lowest point, with steps of {length:.2g}. It remembers: {memory}."
        )
    elif found.slope.max() < ARRIVED:
        told = _("{name} is on level ground that is no lowest point. It remembers: {memory}.")
    else:
        told = _("{name} is {far:.2g} away from the nearest lowest point. It remembers: {memory}.")
    return told.format(
        name=name, steps=_counted(found), memory=kind.told, far=far, length=found.step.max()
    )
