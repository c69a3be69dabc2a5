"""The pictures of chapter 2: paths down a curve and down a landscape that is seen as a map.

A path is an array of points, as in ``Path.points``: (steps + 1,) on a curve, (steps + 1, 2) on a map.
It starts at the ring and ends at the star.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from course_nn.i18n import _
from course_nn.plots import BLACK, BLUE, GRAY, GREEN, ORANGE, PURPLE, Picture, canvas, styled

Function = Callable[..., Any]
Points = Any  # an array of points
Window = tuple[float, float, float, float]  # left, right, bottom, top

_DEPTH = "Blues_r"  # as on a map of the sea: the deeper, the bluer


@styled
def curve(function: Function, *paths: Points) -> Picture:
    """A panel for each path: its points on the curve of the function, of one variable."""
    told = _("From {start:g} in {steps} steps to {end:.3g}")
    titles = [told.format(start=p[0], steps=len(p) - 1, end=p[-1]) for p in paths]
    picture, row = canvas(
        1,
        len(paths),
        width=7.2 if len(paths) == 1 else 9.0,
        height=3.6,
        sharex=True,
        sharey=True,
        squeeze=False,
        alt=_("Paths down a curve.") + " " + "; ".join(titles) + ".",
    )
    everywhere = np.concatenate(paths)
    margin = 0.4 * np.ptp(everywhere)
    low, high = np.min(function(everywhere)), np.max(function(everywhere))
    for axes, path, title in zip(row[0], paths, titles):
        _curve(axes, function, np.min(everywhere) - margin, np.max(everywhere) + margin)
        _path(axes, np.column_stack([path, function(path)]), ORANGE)
        axes.set(xlabel="x", title=title)
    row[0, 0].set(
        ylabel="f(x)", ylim=np.array([low, high]) + 0.15 * (high - low) * np.array([-1, 1])
    )
    return picture


@styled
def learning_rates(function: Function, paths: Mapping[float, Points]) -> Picture:
    """Four panels, one for each learning rate: its path on the curve of the same function."""
    told = _("Rate {rate:g}: after {steps} steps at {end:.2f}")
    titles = [told.format(rate=r, steps=len(p) - 1, end=p[-1]) for r, p in paths.items()]
    picture, grid = canvas(
        2,
        2,
        height=5.6,
        sharex=True,
        sharey=True,
        alt=_("One curve and one start, four learning rates.") + " " + "; ".join(titles) + ".",
    )
    widest = 1.5 * max(abs(path[0]) for path in paths.values())
    for axes, path, title in zip(grid.flat, paths.values(), titles, strict=True):
        _curve(axes, function, -widest, widest)
        _path(axes, np.column_stack([path, function(path)]), ORANGE)
        axes.set(xlim=(-widest, widest), ylim=(-0.05 * function(widest), function(widest)))
        axes.set(title=title)
    for axes in grid[1]:
        axes.set(xlabel="x")
    for axes in grid[:, 0]:
        axes.set(ylabel="f(x)")
    return picture


@styled
def rate_limit(rates: Sequence[float], steps: Sequence[int], limit: float) -> Picture:
    """The steps that a descent needs against the learning rate, with the limit as a wall."""
    picture, axes = canvas(
        height=3.6,
        alt=_(
            "Steps against the learning rate. They fall from {first} to {fewest}, then rise again, "
            "ever more steeply, up to a wall at {limit:g}. Beyond it the descent diverges."
        ).format(first=steps[0], fewest=min(steps), limit=limit),
    )
    axes.semilogy(rates, steps, "o-", color=BLUE, ms=4)
    axes.axvspan(limit, 1.12 * limit, color=ORANGE, alpha=0.25, lw=0)
    axes.axvline(limit, color=ORANGE)
    axes.text(1.06 * limit, 30, _("diverges"), rotation=90, ha="center", va="center")
    axes.set(xlabel=_("learning rate"), ylabel=_("steps until |slope| < 10⁻⁶"))
    axes.set(xlim=(0, 1.12 * limit), title=_("Slow on the left, a wall at 2 / L on the right"))
    return picture


@styled
def landscape(function: Function, window: Window) -> Picture:
    """A function of two variables twice: as a surface seen from the side, and as a map."""
    picture = Picture(figsize=(9.0, 4.0), dpi=144)
    picture.alt = _(
        "On the left a surface over a plane, on the right the same surface as a map. Its contour "
        "lines join the points of equal height: where they lie close together, it is steep."
    )
    surface = picture.add_subplot(1, 2, 1, projection="3d")
    surface.plot_surface(*_heights(function, window, 60), cmap=_DEPTH, antialiased=False)
    surface.view_init(elev=35, azim=-60)
    surface.set(xlabel="x", ylabel="y", title=_("The landscape ..."))
    axes = picture.add_subplot(1, 2, 2)
    _map(axes, function, window)
    axes.set(xlabel="x", ylabel="y", title=_("... and its map: lines of equal height"))
    return picture


@styled
def contours(
    function: Function, *paths: Points, window: Window, lowest: Points | None = None
) -> Picture:
    """Paths on the map of a function of two variables, told apart by where they start.

    window: left, right, bottom and top of the map; lowest: a point to mark as the lowest one.
    """
    told = _("From ({start[0]:g}, {start[1]:g}) in {steps} steps to ({end[0]:g}, {end[1]:g})")
    labels = [told.format(start=p[0], steps=len(p) - 1, end=_rounded(p[-1])) for p in paths]
    left, right, bottom, top = window
    picture, axes = canvas(
        height=min(6.4 * (top - bottom) / (right - left), 4.0) + 1.2,
        alt=_("Paths across the contour lines of a landscape.") + " " + "; ".join(labels) + ".",
    )
    _map(axes, function, window)
    for path, label, color in zip(paths, labels, cycle([ORANGE, PURPLE, GREEN])):
        _path(axes, path, color, label)
    if lowest is not None:
        axes.plot(*lowest, "X", color=BLACK, mec="white", ms=10, ls="none", label=_("lowest point"))
    if len(paths) == 1:
        title = _("Every step leaves its contour line at a right angle")
    else:
        title = _("Where it starts decides where it ends")
    axes.set(xlabel="x", ylabel="y", title=title)
    picture.legend(loc="outside lower center", ncols=2)
    return picture


@styled
def galaxies(distance: np.ndarray, velocity: np.ndarray, w: Sequence[float]) -> Picture:
    """Velocity against distance, the line velocity = w[0] distance + w[1], and its errors."""
    m, c = w
    picture, axes = canvas(
        alt=_(
            "{n} galaxies, velocity against distance, scattered about a rising line of slope "
            "{m:.0f} km/s per megaparsec."
        ).format(n=len(distance), m=m)
    )
    axes.vlines(distance, m * distance + c, velocity, color=GRAY, lw=1, label=_("errors"))
    axes.plot(distance, velocity, "o", color=BLUE, label=_("galaxies"))
    ends = np.array([0, 1.05 * np.max(distance)])
    label = _("velocity = {m:.1f} · distance {sign} {c:.1f}")
    label = label.format(m=m, sign="−" if c < 0 else "+", c=abs(c))
    axes.plot(ends, m * ends + c, color=ORANGE, label=label)
    axes.set(xlabel=_("distance in megaparsecs"), ylabel=_("velocity in km/s"))
    axes.set(title=_("The farther a galaxy, the faster it moves away"))
    axes.legend(loc="upper left")
    return picture


@styled
def standardizing(before: tuple[Function, Points], after: tuple[Function, Points]) -> Picture:
    """The loss as a map with a path on it, before and after the input was standardized."""
    picture, row = canvas(
        1,
        2,
        width=9.0,
        height=4.4,
        alt=_(
            "Two maps of a loss. Before standardizing, the contour lines are slanted ellipses and "
            "the path zigzags for {before} steps. After it they are circles, and {after} steps "
            "lead straight to the middle."
        ).format(before=len(before[1]) - 1, after=len(after[1]) - 1),
    )
    titles = [_("As measured: {n} steps"), _("Standardized: {n} steps")]
    for axes, (function, path), title in zip(row, (before, after), titles):
        _map(axes, function, _square(path))
        _path(axes, path, ORANGE)
        axes.set(xlabel=_("slope m"), title=title.format(n=len(path) - 1))
    row[0].set(ylabel=_("intercept c"))
    return picture


@styled
def batch_sizes(function: Function, paths: Mapping[int, Points]) -> Picture:
    """A panel for each size of batch: the path on the map of the loss over all examples."""
    told = _("Batches of {size}: {steps} steps")
    titles = [told.format(size=size, steps=len(path) - 1) for size, path in paths.items()]
    picture, row = canvas(
        1,
        len(paths),
        width=9.6,
        height=3.7,
        sharey=True,
        alt=_("The smaller the batches, the more steps in an epoch, and the rougher the path.")
        + " "
        + "; ".join(titles)
        + ".",
    )
    window = _square(*paths.values())
    for axes, path, title in zip(row, paths.values(), titles, strict=True):
        _map(axes, function, window)
        _path(axes, path, ORANGE)
        axes.set(xlabel=_("slope m"), title=title)
    row[0].set(ylabel=_("intercept c"))
    return picture


@styled
def momentum(function: Function, paths: Mapping[float, Points], window: Window) -> Picture:
    """A panel for each momentum: its path on the same map."""
    told = _("Momentum {value:g}: {steps} steps to ({end[0]:g}, {end[1]:g})")
    titles = [told.format(value=v, steps=len(p) - 1, end=_rounded(p[-1])) for v, p in paths.items()]
    picture, row = canvas(
        1,
        len(paths),
        width=9.0,
        height=3.5,
        sharey=True,
        alt=_("One landscape and one start.") + " " + "; ".join(titles) + ".",
    )
    for axes, path, title in zip(row, paths.values(), titles, strict=True):
        _map(axes, function, window)
        _path(axes, path, ORANGE)
        axes.set(xlabel="x", title=title)
    row[0].set(ylabel="y")
    return picture


def _curve(axes: Axes, function: Function, left: float, right: float) -> None:
    x = np.linspace(left, right, 300)
    axes.plot(x, function(x), color=BLACK, lw=1.5)


def _path(axes: Axes, path: Points, color: str, label: str | None = None) -> None:
    """A line with a dot for each step, a ring where it starts and a star where it ends."""
    axes.plot(*np.transpose(path), "o-", color=color, ms=3, lw=1.2, label=label)
    axes.plot(*path[0], "o", color=color, ms=10, mfc="none", mew=2)
    axes.plot(*path[-1], "*", color=color, ms=15, mec="white", mew=0.8, zorder=3)


def _map(axes: Axes, function: Function, window: Window) -> None:
    """Contour lines in equal scales, closer in height near the lowest point, to show it."""
    x, y, height = _heights(function, window, 120)
    low, high = np.min(height), np.max(height)
    levels = low + (high - low) * np.linspace(0, 1, 13) ** 3
    blues = colormaps[_DEPTH]
    fill, line = blues(np.linspace(0.5, 1, 12)), blues(0.4)
    sharp: dict[str, Any] = {"antialiased": False}  # a third of the bytes in the notebook
    axes.contourf(x, y, height, levels, colors=fill, **sharp)
    axes.contour(x, y, height, levels, colors=[line], linewidths=0.5, linestyles="solid", **sharp)
    axes.set(xlim=window[:2], ylim=window[2:], aspect="equal")


def _heights(function: Function, window: Window, n: int) -> tuple[np.ndarray, ...]:
    left, right, bottom, top = window
    x, y = np.meshgrid(np.linspace(left, right, n), np.linspace(bottom, top, n))
    return x, y, np.array([function(p) for p in zip(x.flat, y.flat)]).reshape(n, n)


def _square(*paths: Points) -> Window:
    """A square window about all the points."""
    points = np.concatenate(paths)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    (left, bottom), (right, top) = middle + 0.7 * np.ptp(points, axis=0).max() * np.array(
        [[-1], [1]]
    )
    return left, right, bottom, top


def _rounded(point: Points) -> np.ndarray:
    return np.asarray(point).round(2) + 0.0  # which makes 0 of -0
