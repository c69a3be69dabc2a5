"""The neuron of chapter 3 in the reader's hands: its weights, its boundary and its loss."""

import asyncio
from typing import Any

import numpy as np
from matplotlib.patches import FancyArrowPatch

from course_nn._arrays import Array
from course_nn.datasets import toy
from course_nn.i18n import _
from course_nn.look import BLACK, BLUE, GRAY, GREEN
from course_nn.neuron import forward, gradient, total_loss
from course_nn.plots import Picture, canvas, styled
from course_nn.plots.backpropagation import digits
from course_nn.plots.neuron import CLASSES, TINTS
from course_nn.widgets import (
    Drawing,
    Interactive,
    Note,
    Stage,
    button,
    choice,
    controls,
    slider,
)

LOW, HIGH = -0.5, 1.5  # of the plane, both ways
CENTER = np.array([0.5, 0.5])
SIDE = np.linspace(LOW, HIGH, 81)
GRID = np.stack(np.meshgrid(SIDE, SIDE), axis=-1).reshape(-1, 2)
LENGTH = 0.08  # of the arrow, in the plane, for a weight of 1
TRIES = 60  # that the picture shows
START = np.array([4.0, -2.0, -1.0])  # w₁, w₂, b
MOST = np.array([8.0, 8.0, 16.0])
# Of the sliders. A front end sends what it is told back, rounded to steps as it computes them: a
# fraction of two is the same number there and here, so that nothing comes back.
STEP = 0.125


def _sets() -> dict[str, tuple[Array, Array]]:
    """Points of two classes, by name."""
    corners, xor = toy.xor()
    label = np.arange(60) % 2
    middle = np.array([[0.8, 0.2], [0.25, 0.8]])[label]
    noise = np.random.default_rng(0).normal(0, 1, (60, 2))
    return {
        _("XOR"): (corners, xor),
        _("AND"): (corners, corners.min(axis=1)),
        _("OR"): (corners, corners.max(axis=1)),
        _("two clouds"): (middle + 0.13 * noise, label),
        _("two clouds that overlap"): (middle + 0.28 * noise, label),
    }


class Scene:
    """The picture: on the left the plane with points, output and boundary, on the right the loss."""

    @styled
    def __init__(self) -> None:
        alt = _(
            "Points of two classes, the boundary of the neuron and its weights as an arrow; beside "
            "it the loss of all settings tried. The sentence below says the numbers."
        )
        self.picture, (plane, loss) = canvas(
            1, 2, width=8.2, height=4.1, width_ratios=[1.2, 1], alt=alt
        )
        self.plane = plane
        square = (LOW, HIGH, LOW, HIGH)
        look: dict[str, Any] = {
            "cmap": TINTS.resampled(10),
            "vmin": 0,
            "vmax": 1,
            "interpolation": "bilinear",
        }
        self.output = plane.imshow(np.zeros((81, 81)), origin="lower", extent=square, **look)
        self.picture.colorbar(
            self.output, ax=plane, label=_("output of the neuron"), ticks=[0, 0.5, 1]
        )
        (self.boundary,) = plane.plot([], [], color=BLACK)
        self.points = [
            plane.plot([], [], mark, color=color, label=_("truth: {label}").format(label=label))[0]
            for label, (color, mark) in enumerate(CLASSES)
        ]
        self.picture.legend(handles=self.points, loc="outside lower left", ncols=2)
        self.arrow = FancyArrowPatch((0, 0), (1, 1), arrowstyle="-|>", mutation_scale=15, zorder=4)
        self.arrow.set(color=BLACK, linewidth=2.5)
        plane.add_patch(self.arrow)
        look = {"ha": "center", "va": "center", "weight": "bold", "clip_on": True, "zorder": 4}
        halo = {"fc": "white", "alpha": 0.7, "pad": 1, "lw": 0}
        self.letter = plane.text(0, 0, "w", bbox=halo, **look)
        plane.set(xlim=(LOW, HIGH), ylim=(LOW, HIGH), xlabel="$x_1$", ylabel="$x_2$")
        plane.set(xticks=[0, 1], yticks=[0, 1])
        self.counted = plane.set_title(" ")

        loss.set(xlim=(-1, TRIES + 1), ylim=(0.01, 20), yscale="log", xticks=[])
        loss.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
        loss.set(xlabel=_("settings tried so far"))
        self.undecided = loss.axhline(1, color=GRAY, ls=":")
        self.saying = loss.text(0, 1, "", color=GRAY, va="top", size=9.5, bbox=halo)
        self.lowest = loss.axhline(1, color=GREEN, ls="--", lw=1.5)
        (self.tried,) = loss.plot([], [], ".-", color=BLUE, lw=1.5, ms=4)
        (self.newest,) = loss.plot([], [], "o", color=BLUE, ms=8)
        self.measured = loss.set_title(" ")
        moving = [self.output, self.boundary, *self.points, self.arrow, self.letter, self.counted]
        moving += [self.undecided, self.saying, self.lowest, self.tried, self.newest, self.measured]
        self.drawing = Drawing(self.picture, [*moving, *plane.spines.values()])

    def show(
        self, x: Array, y: Array, w: Array, b: float, foot: Array, name: str, tried: list[float]
    ) -> None:
        """Draw the neuron, its arrow from ``foot``, and the losses of all settings tried."""
        output = forward(GRID, w, b)
        self.output.set_data(output.reshape(len(SIDE), -1))
        right = int(np.sum((forward(x, w, b) > 0.5) == y))
        self.counted.set_text(_("{right} of {n} right").format(right=right, n=len(x)))
        few = len(x) < 20
        for label, points in enumerate(self.points):
            points.set_data(*x[y == label].T)
            points.set(markersize=14 if few else 6, markeredgewidth=1 if few else 0.4)
            points.set_markeredgecolor(BLACK if few else "white")
        for artist in (self.boundary, self.arrow, self.letter):
            artist.set_visible(bool(w.any()))
        if w.any():
            along = np.array([-w[1], w[0]]) / np.hypot(*w)
            self.boundary.set_data(*np.transpose([foot - 4 * along, foot + 4 * along]))
            tip = foot + LENGTH * w
            self.arrow.set_positions(tuple(foot), tuple(tip))
            self.letter.set_position(tip + 0.09 * w / np.hypot(*w))
        undecided = total_loss(x, y, np.zeros(2), 0.0, loss=name)
        self.undecided.set_ydata([undecided] * 2)
        self.saying.set_text(_("always 0.5: {loss:.3g}").format(loss=undecided))
        self.saying.set_y(undecided * 0.95)
        self.lowest.set_ydata([min(tried)] * 2)
        last = tried[-TRIES:]
        self.tried.set_data(range(TRIES - len(last), TRIES), last)
        self.newest.set_data([TRIES - 1], [tried[-1]])
        self.measured.set_text(
            _("Loss {loss:.3g}, lowest so far {lowest:.3g}").format(
                loss=tried[-1], lowest=min(tried)
            )
        )


def neuron() -> Interactive:
    """One neuron whose weights and bias are sliders, and a picture to drag: its boundary, its arrow,
    the points. "One step of descent" and "20 steps" go on from there, with the package's gradient."""
    sets = _sets()
    scene, note = Scene(), Note()
    stage = Stage(alt=scene.picture.alt)
    which = choice(_("points"), list(sets))
    loss = choice(
        _("loss"),
        [(_("binary cross-entropy"), "binary_crossentropy"), (_("squared error"), "mse")],
    )
    names = ("w₁", "w₂", _("bias b"))
    sliders = [slider(name, 0.0, -most, most, STEP) for name, most in zip(names, MOST.tolist())]
    rate = slider(_("learning rate"), 1.0, 0.1, 100, STEP, logarithmic=True)
    for control in (*sliders, rate):
        control.layout.width = "200px" if control in sliders else "240px"
    for control in sliders:
        control.readout = (
            False  # the sentence has the numbers, which steps of descent need not round
        )
    x, y = sets[which.value]
    setting = START  # which the sliders show rounded
    anchor, tried, moving = CENTER, [], False
    held: Any = None  # "tip", "boundary" or the number of a point
    task: asyncio.Task | None = None

    def foot(w: Array, b: float) -> Array:
        """The point of the boundary that is next to the anchor: the arrow starts there."""
        return anchor - (w @ anchor + b) / max(w @ w, 1e-12) * w

    def update() -> None:
        w, b = setting[:2], setting[2]
        tried.append(total_loss(x, y, w, b, loss=loss.value))
        scene.show(x, y, w, b, foot(w, b), loss.value, tried)
        stage.show(scene.drawing)
        note.say(said(w, b))

    def said(w: Array, b: float) -> str:
        dw, db = gradient(x, y, w, b, loss=loss.value)
        numbers = [digits(round(number, 6) + 0.0) for number in (*w, b, *dw, db)]  # no -0
        return _(
            "w₁ = {w1}, w₂ = {w2}, b = {b}. {right}. {loss}. "
            "Slopes of the loss: {dw1} by w₁, {dw2} by w₂, {db} by b."
        ).format(
            **dict(zip(("w1", "w2", "b", "dw1", "dw2", "db"), numbers)),
            right=scene.counted.get_text(),
            loss=scene.measured.get_text(),
        )

    def put(w: Array, b: float) -> None:
        nonlocal setting, moving
        setting = np.clip([*w, b], -MOST, MOST)
        moving = True
        for control, number in zip(sliders, setting.tolist()):
            control.value = round(number / STEP) * STEP
        moving = False
        update()

    def slide(change: Any) -> None:
        nonlocal setting, anchor
        if not moving:
            setting = setting.copy()
            setting[sliders.index(change.owner)] = change.new
            anchor = CENTER
            update()

    def forget(*_: Any) -> None:
        """Other points or another loss: what was tried before does not count."""
        tried.clear()
        update()

    def begin(*_: Any) -> None:
        nonlocal x, y, anchor
        stop()
        x, y = sets[which.value]
        x = x.copy()  # points can be dragged
        anchor = CENTER
        tried.clear()
        put(START[:2], START[2])

    def step() -> None:
        w, b = setting[:2], setting[2]
        dw, db = gradient(x, y, w, b, loss=loss.value)
        put(w - rate.value * dw, b - rate.value * db)

    def stop() -> None:
        if task:
            task.cancel()

    def twenty() -> None:
        nonlocal task

        async def steps() -> None:
            for _step in range(20):
                step()
                await stage.taken()

        stop()
        task = shown.start(steps())

    def drag(axes: Any, right: float, up: float, pressed: bool) -> None:
        nonlocal held, anchor
        if pressed:
            held = None
        if axes is not scene.plane:
            return
        point = np.array([right, up])
        w, b = setting[:2], setting[2]
        if pressed:
            held = taken(point, w, b)
            if held == "tip":
                anchor = foot(w, b)
        if held == "tip":
            w = np.clip((point - anchor) / LENGTH, -MOST[:2], MOST[:2])
            put(w, -w @ anchor)
        elif held == "boundary":
            anchor = point
            put(w, -w @ point)
        elif held is not None:
            x[held] = point
            forget()

    def taken(point: Array, w: Array, b: float) -> Any:
        if w.any():
            if np.hypot(*(foot(w, b) + LENGTH * w - point)) < 0.1:
                return "tip"
            if abs(w @ point + b) / np.hypot(*w) < 0.04:
                return "boundary"
        nearest = int(np.argmin(np.hypot(*(x - point).T)))
        return nearest if np.hypot(*(x[nearest] - point)) < 0.1 else "boundary"

    begin()
    still = _still(x, y)
    for control in sliders:
        control.observe(slide, "value")
    which.observe(begin, "value")
    loss.observe(forget, "value")
    stage.on_drag(scene.drawing, drag)
    shown = Interactive(
        still,
        [
            controls(which, loss),
            stage,
            note,
            controls(*sliders),
            controls(
                rate,
                button(_("One step of descent"), step),
                button(_("20 steps"), twenty),
                button(_("Start again"), begin),
            ),
        ],
    )
    return shown


def _still(x: Array, y: Array) -> Picture:
    """XOR, and the loss of many settings taken at random: none does it."""
    scene, rng = Scene(), np.random.default_rng(0)
    w, b = rng.normal(0, 4, (TRIES, 2)), rng.normal(0, 2, TRIES)
    w[-1], b[-1] = (4, 4), 0
    b -= w @ CENTER - 2
    tried = [total_loss(x, y, *setting) for setting in zip(w, b)]
    scene.show(x, y, w[-1], b[-1], CENTER - 2 / 32 * w[-1], "binary_crossentropy", tried)
    scene.picture.alt = _(
        "The four corners of XOR. The boundary of the neuron is a straight line, its weights are an "
        "arrow across it; three of four are right. Beside it the loss of {n} settings taken at "
        "random: none is below {lowest:.2f}, and always saying 0.5 costs 0.69."
    ).format(n=TRIES, lowest=min(tried))
    return scene.picture
