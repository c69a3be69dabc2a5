"""One neuron in the reader's hands: what sliders, drags and steps of descent do to it."""

import asyncio
import re

import numpy as np
import pytest

pytest.importorskip("anywidget")
from course_nn.datasets import toy
from course_nn.neuron import fit, gradient, total_loss
from course_nn.widgets import _descendants, neuron
from course_nn.widgets.neuron import CENTER, LENGTH, START, STEP, Scene

CORNERS, XOR = toy.xor()


class Hand:
    """The widget, its controls by description, and a pointer over its picture."""

    def __init__(self, monkeypatch):
        scenes = []
        begin = Scene.__init__
        monkeypatch.setattr(Scene, "__init__", lambda self: [begin(self), scenes.append(self)][0])
        self.widget = neuron.neuron()
        self.scene, self.strokes = scenes[0], 0
        self.stage, self.note = self.widget.children[1:3]
        self.by = {
            part.description: part
            for part in _descendants(self.widget)
            if getattr(part, "description", "")
        }

    def point(self, x, y, pressed=False):
        self.strokes += 1
        width, height = self.scene.picture.canvas.get_width_height()
        right, up = self.scene.plane.transData.transform((x, y))
        self.stage.pointer = [self.strokes, right / width, 1 - up / height, pressed]

    def set(self, w1, w2, b):
        self.by["w₁"].value, self.by["w₂"].value, self.by["bias b"].value = w1, w2, b

    @property
    def setting(self):
        sliders = [self.by[name].value for name in ("w₁", "w₂", "bias b")]
        numbers = re.match(r"w₁ = (.*), w₂ = (.*), b = (.*?)\. ", self.says).groups()
        exact = [float(number.replace("−", "-")) for number in numbers]
        assert sliders == pytest.approx(exact, abs=STEP / 2 + 5e-3)
        assert all(value % STEP == 0 for value in sliders)
        return exact

    @property
    def says(self):
        return re.sub("<.*?>", "", self.note.value)


@pytest.fixture
def hand(monkeypatch):
    hand = Hand(monkeypatch)
    yield hand
    hand.widget.close()


def test_it_says_where_it_stands(hand):
    hand.set(6, 6, -3)
    loss = total_loss(CORNERS, XOR, [6, 6], -3)
    dw, db = gradient(CORNERS, XOR, [6, 6], -3)
    assert hand.says.startswith("w₁ = 6, w₂ = 6, b = −3. 3 of 4 right.")
    assert f"Loss {loss:.3g}, lowest so far " in hand.says
    assert f"by w₁, {dw[1]:.3g} by w₂, {db:.3g} by b." in hand.says


def test_the_boundary_is_where_z_is_0_and_the_arrow_stands_upright_on_it(hand):
    hand.set(3, -5, 2.5)
    line = np.transpose(hand.scene.boundary.get_data())
    assert line @ [3, -5] + 2.5 == pytest.approx([0, 0])
    foot, tip = hand.scene.arrow._posA_posB
    assert np.dot(foot, [3, -5]) + 2.5 == pytest.approx(0)
    assert np.subtract(tip, foot) == pytest.approx(LENGTH * np.array([3, -5]))
    shades = hand.scene.output.get_array()
    assert shades[0, -1] > 0.99 and shades[-1, 0] < 0.01  # at (1.5, -0.5) and (-0.5, 1.5)


def test_without_weights_there_is_no_boundary(hand):
    hand.set(0, 0, 0)
    assert not hand.scene.boundary.get_visible() and not hand.scene.arrow.get_visible()
    assert "Loss 0.693" in hand.says and (hand.scene.output.get_array() == 0.5).all()
    hand.point(0.5, 0.5, True)  # nothing to take hold of
    assert hand.setting == [0, 0, 0]


def test_the_lowest_loss_is_remembered_until_the_points_or_the_loss_change(hand):
    hand.set(0, 0, 0)
    hand.set(8, -8, 3)
    assert "lowest so far 0.693" in hand.says
    hand.by["loss"].value = "mse"
    error = total_loss(CORNERS, XOR, [8, -8], 3, loss="mse")
    assert f"Loss {error:.3g}, lowest so far {error:.3g}." in hand.says
    assert hand.scene.saying.get_text() == "always 0.5: 0.25"
    hand.set(0, 0, 0)
    hand.by["points"].value = "OR"
    assert hand.setting == [*START]
    assert len(hand.scene.tried.get_xdata()) == 1


@pytest.mark.parametrize("name, weights", [("AND", (8, 8, -12)), ("OR", (8, 8, -4))])
def test_the_tables_that_one_neuron_can_learn(hand, name, weights):
    hand.by["points"].value = name
    assert "3 of 4 right" in hand.says
    hand.set(*weights)
    assert "4 of 4 right" in hand.says


@pytest.mark.parametrize("points", ["XOR", "two clouds", "two clouds that overlap"])
def test_a_step_is_a_step_of_the_package(hand, points):
    hand.by["points"].value = points
    hand.by["learning rate"].value = 2.0
    x, y = neuron._sets()[points]
    hand.by["One step of descent"].click()
    w, b, history = fit(x, y, START[:2], START[2], learning_rate=2, epochs=1, batch_size=len(x))
    assert hand.setting == pytest.approx([*w, b], rel=5e-3)
    assert hand.scene.tried.get_ydata() == pytest.approx(history)


def test_twenty_steps_go_on_where_the_reader_stands_and_end_with_start_again(hand):
    async def descend():
        hand.set(-2, 2, 0.5)
        tried = len(hand.scene.tried.get_xdata())
        hand.by["20 steps"].click()
        while hand.widget._tasks:
            await asyncio.sleep(0)
        w, b, history = fit(
            CORNERS, XOR, np.array([-2.0, 2]), 0.5, learning_rate=1, epochs=20, batch_size=4
        )
        assert hand.setting == pytest.approx([*w, b], rel=5e-3)
        assert hand.scene.tried.get_ydata()[tried - 1 :] == pytest.approx(history)
        hand.by["20 steps"].click()
        await asyncio.sleep(0)
        hand.by["Start again"].click()
        while hand.widget._tasks:
            await asyncio.sleep(0)
        assert hand.setting == [*START]

    asyncio.run(descend())


def test_the_boundary_can_be_dragged_and_keeps_its_direction(hand):
    hand.set(4, -2, -1)
    hand.point(0.75, 1, True)  # on the line 4 x - 2 y = 1
    hand.point(0.2, 0.6)
    w1, w2, b = hand.setting
    assert (w1, w2) == (4, -2) and 0.2 * w1 + 0.6 * w2 + b == pytest.approx(0, abs=1e-9)
    assert hand.scene.arrow._posA_posB[0] == pytest.approx((0.2, 0.6))
    hand.point(1.3, -0.3, True)  # where nothing is, the boundary comes to the pointer
    assert 1.3 * 4 + 0.3 * 2 + hand.setting[2] == pytest.approx(0, abs=1e-9)


def test_the_arrow_can_be_dragged_by_its_tip_and_turns_the_boundary(hand):
    hand.set(4, -2, -1)
    foot, tip = map(np.array, hand.scene.arrow._posA_posB)
    assert foot == pytest.approx(CENTER)
    hand.point(*tip, True)
    hand.point(*(foot + [-0.4, 0.4]))
    assert hand.setting == pytest.approx([-5, 5, 0])
    assert hand.scene.arrow._posA_posB[0] == pytest.approx(foot)
    hand.point(*(foot + [0.9, 0.0]))  # longer than a weight of 8
    assert hand.setting == pytest.approx([8, 0, -4])


def test_a_point_can_be_dragged_so_that_a_line_suffices(hand):
    hand.by["points"].value = "XOR"
    hand.set(8, 8, -4)
    assert "3 of 4 right" in hand.says
    hand.point(1, 1, True)
    hand.point(-0.2, -0.2)
    assert "4 of 4 right" in hand.says and hand.setting == [8, 8, -4]
    assert len(hand.scene.tried.get_xdata()) == 1
    hand.by["Start again"].click()
    assert np.transpose(hand.scene.points[0].get_data()).tolist() == [[0, 0], [1, 1]]


def test_a_drag_from_the_loss_into_the_plane_takes_hold_of_nothing(hand):
    hand.point(0.75, 1, True)
    hand.point(0.75, 0.9)
    before = hand.setting
    hand.point(3.2, 0.5, True)
    hand.point(0.2, 0.6)
    assert hand.setting == before


def test_the_still_says_that_no_setting_does_it(hand):
    data, _ = hand.widget._repr_mimebundle_()
    assert data["text/plain"].startswith("The four corners of XOR.")
    lowest = float(re.search(r"none is below ([\d.]+),", data["text/plain"])[1])
    assert lowest > 0.69 and "always saying 0.5 costs 0.69" in data["text/plain"]
