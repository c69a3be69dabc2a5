"""The figures that a reader can take hold of, a module a chapter; what they have in common is here.

A widget is made by a function, the last line of its cell, and drawn by the kernel:

    def parabola() -> Interactive:
        picture, axes = canvas(alt=_("A parabola and a point on it."))
        (point,) = axes.plot([1], [1], "o")
        stage, drawing = Stage(), Drawing(picture, [point])
        x = slider(_("x"), 1, -2, 2)

        def update(*_) -> None:
            point.set_data([x.value], [x.value**2])
            stage.show(drawing)

        x.observe(update, "value")
        update()
        return Interactive(picture, [stage, controls(x)])

Where no kernel runs, the notebook shows the picture as it was first drawn.
"""

import asyncio
import html
import io
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from course_nn import look
from course_nn.plots import Picture, display_with_words, styled

DPI = 144


class Drawing:
    """A picture of which only some artists move, so that it is drawn again within milliseconds.

    Args:
        picture: drawn whole once, on the first `png`, without the ``moving`` artists.
        moving: drawn each time, the lowest zorder first; texts and titles among them.
    """

    def __init__(self, picture: Picture, moving: Sequence[Artist]):
        self.picture = picture
        self.moving = sorted(moving, key=lambda artist: artist.get_zorder())
        for artist in self.moving:
            artist.set_animated(True)  # `draw` leaves it out
        self._canvas, self._still = FigureCanvasAgg(picture), None

    @styled
    def png(self) -> bytes:
        """The picture as it is now, as the bytes of a PNG file."""
        if self._still is None:
            self.redraw()
        self._canvas.restore_region(self._still)
        for artist in self.moving:
            self.picture.draw_artist(artist)
        return quick_png(np.asarray(self._canvas.buffer_rgba())[..., :3])

    @styled
    def redraw(self) -> None:
        """Draw what does not move once more: the limits of the axes have changed, say."""
        self.picture.set_dpi(DPI)
        self._canvas.draw()
        self.picture.set_layout_engine("none")  # it has done its work, and it is slow
        self._still = self._canvas.copy_from_bbox(self.picture.bbox)

    def at(self, right: float, down: float) -> tuple[Axes | None, float, float]:
        """The axes at a point of the image, and its coordinates there; None beside all axes.

        Args:
            right, down: from the upper left corner, as parts of width and height, 0 to 1.
        """
        width, height = self._canvas.get_width_height()
        pixel = width * right, height * (1 - down)
        for axes in self.picture.axes:
            if axes.bbox.contains(*pixel):
                x, y = axes.transData.inverted().transform(pixel)
                return axes, float(x), float(y)
        return None, 0.0, 0.0


def quick_png(pixels: np.ndarray) -> bytes:
    """``pixels`` (height, width, 3), bytes, as a PNG file, compressed little since it is soon gone."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="png", compress_level=1)
    return buffer.getvalue()


class Stage(anywidget.AnyWidget):
    """An image that the kernel draws; where `on_drag` is used, it can be dragged on.

    Args:
        alt: what a screen reader says of it.
    """

    _esm = Path(__file__).parent / "stage.js"
    _css = look.CSS

    png = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    draggable = traitlets.Bool(False).tag(sync=True)
    # From the browser: number of the message, right and down as parts of the image, pressed just now.
    pointer: traitlets.List = traitlets.List().tag(sync=True)
    answered = traitlets.Int(0).tag(sync=True)  # the browser waits for it: no queue builds up
    # Numbers of the last image sent, and of the last that a browser has on its screen.
    sent = traitlets.Int(0).tag(sync=True)
    seen = traitlets.Int(0).tag(sync=True)

    def show(self, drawing: Drawing) -> None:
        """Show ``drawing`` as it is now."""
        png = drawing.png()
        if png != self.png:
            with self.hold_sync():
                self.png, self.sent = png, self.sent + 1

    async def taken(self) -> None:
        """Let the reader be heard, and wait until the last image is on the screen; for one that
        nobody looks at, a second."""
        await asyncio.sleep(0.02)
        for _ in range(50):
            if self.seen in (0, self.sent):  # 0: no browser has shown any
                break
            await asyncio.sleep(0.02)

    def on_drag(self, drawing: Drawing, move: Callable[[Axes, float, float, bool], None]) -> None:
        """Call ``move(axes, x, y, pressed)`` while the pointer is dragged over axes of ``drawing``.

        ``pressed`` is True for the first call of a stroke: what is taken hold of is decided then.
        A stroke that begins beside all axes takes hold of nothing.
        """
        holding = False

        def heard(change: Any) -> None:
            nonlocal holding
            number, right, down, pressed = change.new
            axes, x, y = drawing.at(right, down)
            holding = axes is not None if pressed else holding
            try:
                if holding and axes is not None:
                    move(axes, x, y, bool(pressed))
            finally:
                self.answered = number

        self.draggable = True
        self.observe(heard, "pointer")


class Interactive(ipywidgets.VBox):
    """What a widget's function returns: parts below each other, and a still picture in their place
    where no kernel runs.

    A cell that is run again closes what it has shown before.
    """

    def __init__(self, still: Picture, parts: Sequence[ipywidgets.Widget]):
        super().__init__(list(parts))
        self.add_class("course-nn")
        self._still, self._alt = _whole(still), still.alt
        width, height = still.get_size_inches()
        self._size = {"width": round(96 * width), "height": round(96 * height)}
        self._tasks: set[asyncio.Task] = set()
        # A front end may send messages to several threads of a kernel: they take turns.
        self._turn = threading.RLock()
        for widget in _descendants(self):
            widget.comm.on_msg(_in_turn(widget._handle_msg, self._turn))
        _replace(self)

    def start(self, work: Coroutine) -> asyncio.Task:
        """Run ``work`` in the kernel's loop, beside the reader's cells; `close` ends it."""
        task = asyncio.get_running_loop().create_task(_take_turns(work, self._turn))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # it has not begun where it ended at once
        return task

    def close(self) -> None:
        """Close it with all its parts, and end its tasks."""
        for task in list(self._tasks):
            task.cancel()
        for widget in _descendants(self):
            if widget is not self:
                widget.close()
        super().close()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        view = super()._repr_mimebundle_() or {}
        data = {**view, "image/png": self._still, "text/plain": self._alt}
        return data, {"image/png": {**self._size, "alt": self._alt}}

    def _ipython_display_(self) -> None:
        display_with_words(*self._repr_mimebundle_(), self._alt)


def _in_turn(function: Callable, turn: threading.RLock) -> Callable:
    """``function``, which waits until it is its turn."""

    def in_turn(*arguments: Any) -> Any:
        with turn:
            return function(*arguments)

    return in_turn


async def _take_turns(work: Coroutine, turn: threading.RLock) -> Any:
    """Run ``work``; while it waits for something, others have their turn."""
    return await _Turns(work, turn)


class _Turns:
    def __init__(self, work: Coroutine, turn: threading.RLock) -> None:
        self.work, self.turn = work, turn

    def __await__(self) -> Any:
        go, sent = self.work.send, None
        while True:
            try:
                with self.turn:
                    waits_for = go(sent)
            except StopIteration as done:
                return done.value
            try:
                go, sent = self.work.send, (yield waits_for)
            except BaseException as error:
                go, sent = self.work.throw, error


def _whole(still: Picture) -> bytes:
    """The picture with what moves on it."""
    moving = still.findobj(lambda artist: artist.get_animated())
    for artist in moving:
        artist.set_animated(False)
    png = still.png()
    for artist in moving:
        artist.set_animated(True)
    return png


_shown: dict[str, tuple[str, list[Interactive]]] = {}  # by cell: the run, and its widgets


def _replace(widget: Interactive) -> None:
    """Close what an earlier run of this cell has shown; front ends that do not name it are left."""
    from IPython import get_ipython

    shell = get_ipython()
    message = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = (message or {}).get("metadata", {}).get("cellId")
    if not cell:
        return
    run = message["header"]["msg_id"]
    before, widgets = _shown.get(cell, (run, []))
    if before != run:
        for old in widgets:
            old.close()
        widgets = []
    _shown[cell] = run, [*widgets, widget]


def _descendants(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    children = getattr(widget, "children", ())
    own = [getattr(widget, name, None) for name in ("layout", "style")]
    found = [part for part in own if isinstance(part, ipywidgets.Widget)]
    return [*found, *(found for child in children for found in _descendants(child)), widget]


# Controls, all of one kind


def slider(
    label: str,
    value: float,
    low: float,
    high: float,
    step: float = 0.0,
    *,
    logarithmic: bool = False,
) -> ipywidgets.FloatSlider | ipywidgets.IntSlider | ipywidgets.FloatLogSlider:
    """A slider from ``low`` to ``high``; of whole numbers if ``value`` is one.

    Args:
        step: a hundredth of the way if 0; of a logarithmic one, in powers of ten.
    """
    common: Any = {"description": label, "style": _WIDE, "layout": ipywidgets.Layout(width="300px")}
    if logarithmic:
        low, high = np.log10([low, high]).tolist()
        step = step or (high - low) / 100
        return ipywidgets.FloatLogSlider(
            value, min=low, max=high, step=step, readout_format=".3g", **common
        )
    if isinstance(value, int):
        return ipywidgets.IntSlider(value, min=low, max=high, step=int(step) or 1, **common)
    step = step or (high - low) / 100
    return ipywidgets.FloatSlider(
        value, min=low, max=high, step=step, readout_format=".3g", **common
    )


def steps(label: str, values: Sequence[Any], value: Any) -> ipywidgets.SelectionSlider:
    """A slider over a few values, or pairs of words and what they stand for."""
    layout = ipywidgets.Layout(width="300px")
    return ipywidgets.SelectionSlider(
        options=values, value=value, description=label, style=_WIDE, layout=layout
    )


def choice(label: str, options: Sequence[Any], value: Any = None) -> ipywidgets.Dropdown:
    """A list to choose one of; options are words, or pairs of words and what they stand for."""
    layout = ipywidgets.Layout(width="max-content", max_width="300px")
    chosen = {} if value is None else {"value": value}
    return ipywidgets.Dropdown(
        options=options, description=label, style=_WIDE, layout=layout, **chosen
    )


def button(label: str, pressed: Callable[[], None]) -> ipywidgets.Button:
    """A button that calls ``pressed``."""
    made = ipywidgets.Button(description=label, layout=ipywidgets.Layout(width="max-content"))
    made.on_click(lambda _: pressed())
    return made


def controls(*parts: ipywidgets.Widget) -> ipywidgets.Box:
    """Controls beside each other, as many as fit."""
    box = ipywidgets.Box(list(parts), layout=ipywidgets.Layout(flex_flow="row wrap"))
    box.add_class("course-nn-controls")
    return box


class Note(ipywidgets.HTML):
    """A sentence under a figure that says what is to be seen now; read aloud when it changes."""

    def __init__(self, text: str = ""):
        super().__init__()
        self.add_class("course-nn-note")
        self.say(text)

    def say(self, text: str) -> None:
        """Show ``text``, in which <b> and the like are not markup."""
        self.value = f'<span role="status">{html.escape(text)}</span>'


_WIDE = {"description_width": "initial"}
