"""The pictures of the lessons, a module per chapter; what they have in common is here.

A plot function is decorated with ``@styled`` and returns a `Picture`, the last line of its cell:

    @styled
    def parabola() -> Picture:
        picture, axes = canvas(alt=_("A parabola with its lowest point at x = 0."))
        axes.plot(x, x**2, color=BLUE)
        axes.set(xlabel="x", ylabel=_("height"), title=_("The lowest point has slope 0"))
        return picture
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_nn.look import AMBER, BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY
from course_nn.look import GRAY as GRAY  # for the modules of the chapters

CYCLE = [BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, BLACK]
DIVERGING = "RdBu_r"  # for values with a sign: zero is white
SEQUENTIAL = "viridis"  # for values without one

_STYLE: Any = {
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": f"cycler(color={CYCLE})",
    "axes.grid": False,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
}
# matplotlib and its settings are one for all threads, and a widget may be drawn in one of its own.
_drawing = threading.RLock()


@contextmanager
def _course_style() -> Iterator[None]:
    with _drawing, rc_context(_STYLE):
        yield


styled = _course_style()  # a decorator: the function draws in the style of the course, alone

# Read aloud by a screen reader, not seen: JupyterLab and nbconvert give an output's <img> no alt.
_ASIDE = '<div style="width: 1px; height: 1px; overflow: hidden; white-space: nowrap">{}</div>'


class Picture(Figure):
    """A figure that shows itself in a notebook, with its alternative text; pyplot knows nothing of
    it, so nothing is left open behind it."""

    alt: str = ""

    @styled
    def png(self, dpi: int = 144) -> bytes:
        """The picture as the bytes of a PNG file, ``dpi`` pixels an inch."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        width, height = (round(96 * inches) for inches in self.get_size_inches())
        shown = {"width": width, "height": height, "alt": self.alt}
        return {"image/png": self.png(), "text/plain": self.alt}, {"image/png": shown}

    def _ipython_display_(self) -> None:
        display_with_words(*self._repr_mimebundle_(), self.alt)


def display_with_words(data: dict, metadata: dict, alt: str) -> None:
    """Show ``data``, by kind, in a notebook, and beside it what a screen reader says of it."""
    from IPython.display import display  # there is no IPython where no notebook is

    display(data, metadata=metadata, raw=True)
    display({"text/html": _ASIDE.format(escape(alt))}, raw=True)


def canvas(
    rows: int = 1,
    columns: int = 1,
    *,
    alt: str,
    width: float = 7.2,
    height: float = 4.0,
    **subplots: Any,
) -> tuple[Picture, Any]:
    """An empty picture of ``width`` x ``height`` inches, and its axes as from ``Figure.subplots``."""
    picture = Picture(figsize=(width, height))
    picture.alt = alt
    axes: Axes | np.ndarray = picture.subplots(rows, columns, **subplots)
    return picture, axes
