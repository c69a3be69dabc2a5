"""The pictures of chapter 8: what becomes of signals and of training as networks get deep."""

from collections.abc import Mapping, Sequence

import numpy as np

from course_nn.i18n import _
from course_nn.plots import (
    AMBER,
    BLACK,
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

_STYLES = [
    (BLUE, "o-"),
    (ORANGE, "^--"),
    (GREEN, "s-."),
    (PURPLE, "D:"),
    (AMBER, "v-"),
    (SKY, "X--"),
    (BLACK, "P-."),
]


@styled
def spreads(curves: Mapping[str, Sequence[float]], title: str) -> Picture:
    """The standard deviation of each layer's outputs, from the first layer to the last."""
    told = _("{name}: from {first:.1e} to {last:.1e}")
    words = [told.format(name=n, first=v[0], last=v[-1]) for n, v in curves.items()]
    picture, axes = canvas(
        height=3.8,
        alt=_("The spread of each layer's outputs, on a logarithmic axis.")
        + " "
        + "; ".join(words)
        + ".",
    )
    for (name, values), (color, style) in zip(curves.items(), _STYLES):
        axes.semilogy(np.arange(1, len(values) + 1), values, style, color=color, ms=4, label=name)
    axes.set(xlabel=_("layer"), ylabel=_("standard deviation"), title=title)
    axes.legend(loc="lower left", title=_("first weights"))
    return picture


@styled
def standstill(table: Mapping[str, Sequence[float]], depths: Sequence[int]) -> Picture:
    """For each kind of network the accuracy against the number of layers.

    Args:
        table: the accuracies (depths,) of each kind.
        depths: the numbers of hidden layers.
    """
    told = _("{name}: {values}")
    words = [
        told.format(name=n, values=", ".join(f"{value:.0%}" for value in v))
        for n, v in table.items()
    ]
    picture, axes = canvas(
        width=8.6,
        height=4.2,
        alt=_("Images read right against the number of layers ({depths}).").format(
            depths=", ".join(map(str, depths))
        )
        + " "
        + "; ".join(words)
        + ".",
    )
    places = np.arange(len(depths))
    for (name, values), (color, style) in zip(table.items(), _STYLES):
        axes.plot(places, 100 * np.array(values), style, color=color, ms=6, label=name)
    axes.axhline(10, color=GRAY, lw=1.2)
    axes.text(places[0], 9, _("guessing"), ha="left", va="top")
    axes.set_xticks(places, [str(depth) for depth in depths])
    axes.set(xlabel=_("hidden layers"), ylabel=_("images read right (%)"), ylim=(0, 100))
    axes.set_title(_("Which networks still learn as they get deeper"))
    picture.legend(loc="outside right center")
    return picture
