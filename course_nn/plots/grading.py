"""The pictures of a class: how the points are spread, the hardest exercises, the usual mistakes."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes

from course_nn.i18n import _, ngettext
from course_nn.plots import AMBER, BLACK, BLUE, GREEN, ORANGE, Picture, canvas, styled

NOTHING = "#d0d0d0"


@styled
def distribution(totals: Sequence[float], out_of: float) -> Picture:
    """How many students have how many points, in ten steps; a line at the median."""
    median = float(np.median(totals))
    counts, edges = np.histogram(totals, bins=10, range=(0, max(out_of, 1)))
    picture, axes = canvas(
        height=3.2,
        alt=_(
            "A histogram of the points of {n} students, from 0 to {out_of:g}. The median is "
            "{median:g}, the lowest {lowest:g}, the highest {highest:g}."
        ).format(
            n=len(totals),
            out_of=out_of,
            median=median,
            lowest=min(totals),
            highest=max(totals),
        ),
    )
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=BLUE, edgecolor="white")
    axes.axvline(median, color=BLACK, linestyle="--", linewidth=1.5)
    side, shift = ("left", 5) if median < 0.8 * edges[-1] else ("right", -5)
    axes.annotate(
        _("median"),
        (median, 1.2 * counts.max()),
        xytext=(shift, -12),
        textcoords="offset points",
        ha=side,
    )
    axes.set(
        xlim=(0, edges[-1]),
        ylim=(0, 1.2 * counts.max()),
        xlabel=_("points, of {out_of:g}").format(out_of=out_of),
        ylabel=_("students"),
        title=_("Half of the class has {median:g} points or more").format(median=median),
    )
    axes.yaxis.get_major_locator().set_params(integer=True)
    return picture


@styled
def hardest(shares: Mapping[str, Sequence[int]]) -> Picture:
    """How many students have passed each exercise, got half, failed, not attempted it; those of
    ``shares`` from top to bottom."""
    parts = np.array(list(shares.values()), float).reshape(-1, 4)
    parts = 100 * parts / np.maximum(parts.sum(axis=1, keepdims=True), 1)
    first = next(iter(shares))
    passed = 100 * parts[0, 0] / max(parts[0, :3].sum(), 1)
    picture, axes = canvas(
        width=9.0,
        height=1.3 + 0.34 * len(shares),
        alt=_("A bar per exercise, the hardest first. {rows}").format(
            rows=" ".join(
                _("{exercise}: {passed:.0f} % passed.").format(exercise=name, passed=row[0])
                for name, row in zip(shares, parts)
            )
        ),
    )
    labels = [_("passed"), _("half of the points"), _("not yet"), _("not attempted")]
    left = np.zeros(len(parts))
    for values, label, color in zip(parts.T, labels, (GREEN, AMBER, ORANGE, NOTHING)):
        axes.barh(range(len(parts)), values, 0.72, left, color=color, label=label)
        left += values
    title = _("Of those who tried {exercise}, {passed:.0f} % have passed it")
    axes.set(xlim=(0, 100), xlabel=_("students (%)"))
    _rows(picture, axes, list(shares), title.format(passed=passed, exercise=first))
    picture.legend(loc="outside lower center", ncols=4, handlelength=1.2)
    return picture


@styled
def mistakes(counts: Mapping[str, int]) -> Picture:
    """How many students have made each of the known mistakes, a bar for each sentence."""
    names = [_folded(sentence.replace("`", "")) for sentence in counts]
    lines = sum(name.count("\n") + 1 for name in names)
    most = next(iter(counts.values()))
    picture, axes = canvas(
        width=9.0,
        height=1.2 + 0.14 * len(counts) + 0.2 * lines,
        alt=_("A bar per known mistake, the most frequent first. {rows}").format(
            rows=" ".join(f"{sentence} {n}." for sentence, n in counts.items())
        ),
    )
    bars = axes.barh(range(len(names)), list(counts.values()), 0.7, color=BLUE)
    axes.bar_label(bars, padding=4)
    axes.set(xlim=(0, 1.1 * most), xlabel=_("students"))
    axes.xaxis.get_major_locator().set_params(integer=True)
    title = ngettext(
        "The most frequent mistake was made by {n} student",
        "The most frequent mistake was made by {n} students",
        most,
    )
    _rows(picture, axes, names, title.format(n=most))
    return picture


def _folded(sentence: str, width: int = 62) -> str:
    """``sentence`` in lines of about the same length."""
    return fill(sentence, len(sentence) // (len(sentence) // width + 1) + 8)


def _rows(picture: Picture, axes: Axes, names: Sequence[str], title: str) -> None:
    """Name the bars, from top to bottom; a dollar sign in a name is one."""
    picture.suptitle(title, x=0.01, ha="left", fontsize=12)
    axes.set_yticks(range(len(names)), names)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(names) - 0.5, -0.5)
