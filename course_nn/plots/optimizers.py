"""The pictures of chapter 7: what optimizers remember, how far they step, and how they race."""

from collections.abc import Callable, Mapping
from itertools import cycle

import numpy as np

from course_nn.i18n import _
from course_nn.plots import (
    AMBER,
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    Picture,
    canvas,
    styled,
)
from course_nn.plots.descent import Function, Points, Window, _map, _path

_STYLES = list(
    zip((BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY), ("o-", "^--", "s-.", "D:", "v-", "X--"))
)


@styled
def trails(function: Function, paths: Mapping[str, Points], window: Window) -> Picture:
    """Paths (steps + 1, 2) of several optimizers on one map, each from the ring to a star.

    window: left, right, bottom and top of the map.
    """
    told = _("{name} ends at ({end[0]:.2g}, {end[1]:.2g})")
    ends = [told.format(name=name, end=path[-1].round(2) + 0.0) for name, path in paths.items()]
    left, right, bottom, top = window
    picture, axes = canvas(
        width=9.0,
        height=min(8.0 * (top - bottom) / (right - left), 4.5) + 1.3,
        alt=_("One start on a map of contour lines, a path for each optimizer.")
        + " "
        + "; ".join(ends)
        + ".",
    )
    _map(axes, function, window)
    for (name, path), color in zip(paths.items(), cycle([BLUE, ORANGE, GREEN, PURPLE])):
        _path(axes, path, color, name)
    axes.set(xlabel="x", ylabel="y", title=_("One start, one number of steps, different memories"))
    picture.legend(loc="outside lower center", ncols=len(paths))
    return picture


@styled
def step_lengths(lengths: Mapping[str, np.ndarray], change: int) -> Picture:
    """The length of each step in rates, for slopes that become a hundredth at step ``change``."""
    told = _("{name} begins with {first:.2g}, and ends with {last:.2g}")
    words = [told.format(name=n, first=v[0], last=v[-1]) for n, v in lengths.items()]
    picture, axes = canvas(
        height=3.8,
        alt=_(
            "The length of the steps over time, the slope falling to a hundredth at step {change}."
        ).format(change=change)
        + " "
        + "; ".join(words)
        + ".",
    )
    for (name, values), (color, style) in zip(lengths.items(), _STYLES):
        axes.semilogy(
            np.arange(1, len(values) + 1),
            values,
            style,
            color=color,
            ms=5,
            markevery=20,
            label=name,
        )
    axes.axvline(change + 0.5, color=GRAY, lw=1.2)
    axes.text(0.49 * change, 4, _("slope 1"), ha="center")
    axes.text(1.5 * change, 4, _("slope 0.01"), ha="center")
    axes.set(xlabel=_("step"), ylabel=_("length, in learning rates"), ylim=(5e-4, 8))
    axes.set_title(_("One memory fades, the other does not"))
    axes.legend(loc="lower left")
    return picture


@styled
def race(accuracies: Mapping[str, Mapping[float, float]], defaults: Mapping[str, float]) -> Picture:
    """For each optimizer the accuracy against the learning rate, and beside it that at its default.

    Args:
        accuracies: of each optimizer, the accuracy for each rate.
        defaults: of some of them, the accuracy at the default rate.
    """
    told = _("{name} reaches {top:.1%} at the rate {rate:g}")
    words = []
    for name, runs in accuracies.items():
        best = max(runs, key=lambda rate, runs=runs: runs[rate])  # type: ignore[misc]
        words.append(told.format(name=name, top=runs[best], rate=best))
    picture, (left, right) = canvas(
        1,
        2,
        width=9.4,
        height=4.0,
        width_ratios=[3, 2],
        sharey=True,
        alt=_("Images read right, by optimizer and learning rate.") + " " + "; ".join(words) + ".",
    )
    for (name, runs), (color, style) in zip(accuracies.items(), _STYLES):
        left.semilogx(
            list(runs), 100 * np.array(list(runs.values())), style, color=color, ms=6, label=name
        )
    left.set(xlabel=_("learning rate"), ylabel=_("images read right (%)"))
    left.set_title(_("Each optimizer over its own rates"))
    left.legend(loc="lower center", ncols=2)
    names = list(accuracies)
    for place, name in enumerate(names):
        color = _STYLES[place][0]
        if name in defaults:
            right.plot(place, 100 * defaults[name], "o", color=color, mfc="none", mew=2, ms=9)
        right.plot(place, 100 * max(accuracies[name].values()), "o", color=color, ms=9)
    right.plot([], [], "o", color=GRAY, mfc="none", mew=2, ms=9, label=_("at its default"))
    right.plot([], [], "o", color=GRAY, ms=9, label=_("at its best rate"))
    right.set_xticks(range(len(names)), names, rotation=30, ha="right")
    right.set(
        xlim=(-0.5, len(names) - 0.5), ylim=(min(55, *(100 * v for v in defaults.values())) - 5, 97)
    )
    right.set_title(_("Default and best"))
    right.legend(loc="lower right")
    return picture


@styled
def schedules(curves: Mapping[str, Callable[[int], float]], steps: int = 100) -> Picture:
    """The learning rate of each schedule over ``steps`` steps, as a part of the largest."""
    told = _("{name}: {first:.2g} at first, {middle:.2g} in the middle, {last:.2g} at the end")
    words = [
        told.format(name=n, first=f(0), middle=f(steps // 2), last=f(steps))
        for n, f in curves.items()
    ]
    picture, axes = canvas(
        height=3.8, alt=_("Learning rates over the training.") + " " + "; ".join(words) + "."
    )
    for (name, schedule), (color, style) in zip(curves.items(), _STYLES):
        values = [schedule(step) for step in range(steps + 1)]
        axes.plot(values, style, color=color, ms=5, markevery=10, label=name)
    axes.set(xlabel=_("step"), ylabel=_("rate, as a part of the largest"), ylim=(0, 1.08))
    axes.set_title(_("Large while there is far to go, small at the end"))
    axes.legend(loc="upper right")
    return picture
