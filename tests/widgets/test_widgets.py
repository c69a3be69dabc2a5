"""What the widgets have in common: quick drawings, drags, stills, and nothing left behind."""

import asyncio
import inspect
import io
import threading
import time

import matplotlib
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("anywidget")
import ipywidgets

from course_nn import widgets
from course_nn.plots import canvas, styled
from course_nn.widgets import (
    Drawing,
    Interactive,
    Note,
    Stage,
    button,
    choice,
    controls,
    slider,
    steps,
)


def drawing():
    picture, axes = canvas(alt="A point on a square.", width=4, height=4)
    axes.set(xlim=(0, 10), ylim=(0, 10))
    (point,) = axes.plot([2], [2], "o", markersize=20, color="black")
    return Drawing(picture, [point]), axes, point


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


def test_a_drawing_shows_what_moves_where_it_is_now_and_nowhere_else():
    moving, axes, point = drawing()
    before = pixels(moving.png())
    point.set_data([8], [5])
    after = pixels(moving.png())

    def dark(image, x, y):
        right, up = axes.transData.transform((x, y))
        return image[round(image.shape[0] - up), round(right)] < 50

    assert dark(before, 2, 2) and not dark(before, 8, 5)
    assert dark(after, 8, 5) and not dark(after, 2, 2)


def test_a_drawing_looks_as_the_picture_does():
    moving, _, point = drawing()
    shown = pixels(moving.png())
    point.set_animated(False)
    whole = pixels(moving.picture.png(dpi=widgets.DPI))
    assert shown.shape == whole.shape
    assert np.mean(np.abs(shown - whole) > 40) < 0.01


def test_limits_that_changed_are_seen_after_redraw():
    moving, axes, _ = drawing()
    before = pixels(moving.png())
    axes.set_xlim(0, 1000)
    assert np.array_equal(pixels(moving.png())[-40:], before[-40:])
    moving.redraw()
    assert not np.array_equal(pixels(moving.png())[-40:], before[-40:])


def test_a_point_of_the_image_has_the_coordinates_of_its_axes():
    moving, axes, _ = drawing()
    moving.png()
    width, height = moving.picture.canvas.get_width_height()
    right, up = axes.transData.transform((3, 7))
    found, x, y = moving.at(right / width, 1 - up / height)
    assert found is axes
    assert (x, y) == pytest.approx((3, 7))
    assert moving.at(0, 0)[0] is None


def test_a_drag_is_told_in_data_coordinates_and_answered_even_if_it_fails():
    moving, axes, _ = drawing()
    stage, seen = Stage(), []
    stage.show(moving)

    def move(axes, x, y, pressed):
        seen.append((axes, round(x, 6), round(y, 6), pressed))
        if len(seen) == 2:
            raise ValueError("no")

    stage.on_drag(moving, move)
    width, height = moving.picture.canvas.get_width_height()
    right, up = axes.transData.transform((3, 7))
    stage.pointer = [1, right / width, 1 - up / height, True]
    assert seen == [(axes, 3, 7, True)] and stage.answered == 1
    stage.pointer = [2, 0, 0, False]  # beside the axes
    assert len(seen) == 1 and stage.answered == 2
    with pytest.raises(ValueError):
        stage.pointer = [3, right / width, 1 - up / height, False]
    assert stage.answered == 3


def test_work_goes_on_when_the_browser_has_shown_the_last_image():
    moving, _, point = drawing()
    stage = Stage()

    async def wait_for(seen_later):
        stage.show(moving)
        if seen_later is not None:
            asyncio.get_running_loop().call_later(0.1, setattr, stage, "seen", seen_later)
        await stage.taken()
        return stage.sent, stage.seen

    assert asyncio.run(wait_for(None)) == (1, 0)  # no browser: nobody to wait for
    assert asyncio.run(wait_for(None)) == (1, 0)  # the same image is not sent again
    stage.seen = 1
    point.set_data([8], [5])
    assert asyncio.run(wait_for(2)) == (2, 2)
    point.set_data([5], [5])
    assert asyncio.run(wait_for(None)) == (3, 2)  # it has gone: work goes on all the same


def test_work_that_was_started_ends_with_its_figure():
    figure, steps_done = shown(), []

    async def work():
        while True:
            steps_done.append(1)
            await asyncio.sleep(0)

    async def close_after_a_while():
        task = figure.start(work())
        await asyncio.sleep(0.01)
        figure.close()
        count = len(steps_done)
        await asyncio.sleep(0.01)
        return task.cancelled(), count, len(steps_done)

    cancelled, before, after = asyncio.run(close_after_a_while())
    assert cancelled and 0 < before == after


def test_work_that_ends_before_it_has_begun_leaves_nothing():
    async def work():
        raise AssertionError("it begins")

    async def close_at_once():
        figure, coroutine = shown(), work()
        task = figure.start(coroutine)
        figure.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return task.cancelled(), inspect.getcoroutinestate(coroutine)

    assert asyncio.run(close_at_once()) == (True, inspect.CORO_CLOSED)


def test_a_stroke_that_begins_beside_the_axes_takes_hold_of_nothing():
    moving, *_ = drawing()
    stage, seen = Stage(), []
    stage.show(moving)
    stage.on_drag(moving, lambda *drag: seen.append(drag))
    stage.pointer = [1, 0.5, 0.5, False]
    stage.pointer = [2, 0, 0, True]
    stage.pointer = [3, 0.5, 0.5, False]
    assert seen == [] and stage.answered == 3
    stage.pointer = [4, 0.5, 0.5, True]
    stage.pointer = [5, 0.6, 0.5, False]
    assert [pressed for *_, pressed in seen] == [True, False]


def shown():
    moving, *_ = drawing()
    stage = Stage()
    stage.show(moving)
    return Interactive(moving.picture, [stage, controls(slider("x", 1.0, 0, 2)), Note("fine")])


def test_where_no_kernel_runs_there_is_a_picture_and_its_words():
    data, metadata = shown()._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == "A point on a square."
    assert "application/vnd.jupyter.widget-view+json" in data
    assert metadata["image/png"] == {"width": 384, "height": 384, "alt": "A point on a square."}


def test_the_still_shows_what_moves_as_well():
    moving, _, point = drawing()
    moving.png()
    with_point = pixels(Interactive(moving.picture, [])._still)
    point.set_visible(False)
    without = pixels(Interactive(moving.picture, [])._still)
    assert (with_point < 50).sum() - (without < 50).sum() > 1000


def test_messages_in_several_threads_and_tasks_take_turns():
    busy, most, done, errors = 0, 0, 0, []
    data = {"method": "custom", "content": {"event": "click"}}
    click = {"content": {"data": data}, "buffers": []}

    def work():
        nonlocal busy, most, done
        busy, done = busy + 1, done + 1
        most = max(most, busy)
        time.sleep(0.002)
        busy -= 1

    go = button("go", work)
    widget = Interactive(drawing()[0].picture, [go])

    def press():
        for _ in range(5):
            go.comm.handle_msg(click)

    async def train():
        try:
            for _ in range(20):
                work()
                await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            errors.append("canceled")
            raise

    async def both():
        task = widget.start(train())
        await asyncio.gather(*(asyncio.to_thread(press) for _ in range(3)), task)
        task = widget.start(train())
        await asyncio.sleep(0.01)
        widget.close()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(both())
    assert most == 1 and done > 3 * 5 + 20 and errors == ["canceled"]


def test_pictures_in_several_threads_leave_the_settings_of_matplotlib_as_they_are():
    before, sizes = matplotlib.rcParams["axes.titlesize"], []

    @styled
    def draw():
        sizes.append(matplotlib.rcParams["axes.titlesize"])
        time.sleep(0.002)
        sizes.append(matplotlib.rcParams["axes.titlesize"])

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [12] * 8 and matplotlib.rcParams["axes.titlesize"] == before != 12


class Shell:
    def __init__(self):
        self.cell, self.run = "a", 0

    def get_parent(self):
        return {"header": {"msg_id": str(self.run)}, "metadata": {"cellId": self.cell}}


def test_a_cell_that_runs_again_closes_what_it_has_shown_and_no_other(monkeypatch):
    shell = Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr(widgets, "_shown", {})
    models = ipywidgets.widgets.widget._instances
    other = shown()
    shell.cell = "b"
    counts = []
    for shell.run in range(1, 5):
        one, two = shown(), shown()  # two in one cell live side by side
        counts.append(len(models))
        assert one.comm is not None and two.comm is not None
    assert len(set(counts)) == 1
    assert other.comm is not None


def test_controls():
    assert isinstance(slider("n", 3, 1, 9), ipywidgets.IntSlider)
    rate = slider("rate", 0.1, 0.001, 10, logarithmic=True)
    assert (rate.min, rate.max, rate.value) == (-3, 1, 0.1)
    assert steps("n", [1, 10, 100], 10).value == 10
    pressed = []
    button("go", lambda: pressed.append(1)).click()
    assert pressed == [1]
    assert choice("f", [("square", 1), ("cube", 2)], 2).value == 2
    note = Note()
    note.say("1 < 2")
    assert "1 &lt; 2" in note.value and 'role="status"' in note.value
