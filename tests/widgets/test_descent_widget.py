"""Descent on a landscape of one's choice: what it says, and where the start can stand."""

import numpy as np
import pytest

pytest.importorskip("anywidget")

from course_nn.derivatives import gradient_check
from course_nn.descent import bowl_gradient, gradient_descent
from course_nn.widgets import Drawing, descent


class Figure:
    """The widget with its parts by name."""

    def __init__(self, drawings):
        self.widget = descent.descent()
        (self.drawing,) = drawings
        self.stage, box, self.note = self.widget.children
        self.controls = {control.description: control for control in box.children}
        self.left, self.right = self.drawing.picture.axes

    def set(self, **values):
        for name, value in values.items():
            self.controls[name.replace("_", " ")].value = value

    def touch(self, axes, x, y):
        width, height = self.drawing.picture.canvas.get_width_height()
        right, up = axes.transData.transform((x, y))
        number = self.stage.answered + 1
        self.stage.pointer = [number, right / width, 1 - up / height, True]

    def start(self):
        return self.controls["start x"].value, self.controls["start y"].value


@pytest.fixture
def figure(monkeypatch):
    drawings = []
    monkeypatch.setattr(
        descent, "Drawing", lambda *args: drawings.append(Drawing(*args)) or drawings[-1]
    )
    figure = Figure(drawings)
    yield figure
    figure.widget.close()


def test_the_controls_have_names(figure):
    names = ["landscape", "learning rate", "momentum", "steps", "start x", "start y"]
    assert list(figure.controls) == names


def test_it_draws_the_path_of_the_package(figure):
    figure.set(start_x=-2, start_y=1, learning_rate=0.18, momentum=0.3, steps=20)
    path = gradient_descent(bowl_gradient, (-2, 1), learning_rate=0.18, momentum=0.3, max_steps=20)
    assert np.array_equal(figure.left.lines[0].get_xydata(), path.points)
    steps, heights = figure.right.lines[0].get_xydata().T
    assert steps.tolist() == list(range(21))
    assert heights[0] == (4 + 10) / 2
    assert figure.left.get_title(loc="left").startswith("From (-2, 1) in 20 steps to (")


@pytest.mark.parametrize(
    ("landscape", "values", "words"),
    [
        ("bowl", {}, "Reaches the lowest point after 75 steps."),
        ("bowl", {"learning_rate": 0.5}, "Diverges after 20 steps: the learning rate 0.5 is above 2 / L = 0.2."),
        ("bowl", {"learning_rate": 0.21}, "Does not settle in 100 steps: the learning rate 0.21 is above"),
        ("bowl", {"learning_rate": 0.5, "momentum": 0.9}, "is above 2 (1 + momentum) / L = 0.38."),
        ("bowl", {"learning_rate": 0.01, "steps": 1}, "Still on its way after 1 step, at a slope of 9.3."),
        ("long valley", {"learning_rate": 0.0021}, "Does not settle in 100 steps"),
        ("long valley", {"start_x": 2.5, "start_y": -1.5}, "Diverges after 4 steps: the learning rate 0.001 is below 2 / L = 0.002 at the minimum"),
        ("saddle", {}, "Stops on a saddle after 66 steps"),
        ("saddle", {"start_y": -0.05, "steps": 300}, "Reaches the lowest point"),
        ("two minima", {}, "Reaches a local minimum after 68 steps"),
        ("two minima", {"start_x": 0.1}, "Reaches the lowest point"),
        ("two minima", {"learning_rate": 0.17, "steps": 5}, "Still on its way"),  # 2 / L is 0.21 there
    ],
)  # fmt: skip
def test_what_has_become_of_the_descent(figure, landscape, values, words):
    figure.set(landscape=landscape, **values)
    assert words in figure.note.value


def test_a_landscape_brings_its_start_and_its_rate(figure):
    figure.set(momentum=0.9)
    for name, place in reversed(descent.landscapes().items()):
        figure.set(landscape=name)
        assert figure.start() == place.start
        assert figure.controls["learning rate"].value == place.learning_rate
        assert figure.controls["momentum"].value == 0
        assert (*figure.left.get_xlim(), *figure.left.get_ylim()) == descent.WINDOW


def test_the_sliders_stop_at_what_is_set(figure):
    """The browser moves other values to the nearest stop, and the path would not be the one told."""
    rate = figure.controls["learning rate"]
    for place in descent.landscapes().values():
        for value, low, step in (
            (np.log10(place.learning_rate), rate.min, rate.step),
            (place.start[0], descent.WINDOW[0], descent.GRID),
            (place.start[1], descent.WINDOW[2], descent.GRID),
        ):
            stops = (value - low) / step
            assert stops == pytest.approx(round(stops), abs=1e-6)


def test_the_start_can_be_dragged_on_the_map_alone(figure):
    figure.touch(figure.left, 2.02, -1.17)
    assert figure.start() == (2, -1.15)
    before = figure.start()
    figure.touch(figure.right, 10, 1)
    assert figure.start() == before


def test_a_drag_draws_once(figure, monkeypatch):
    drawn = []
    monkeypatch.setattr(type(figure.stage), "show", lambda self, drawing: drawn.append(1))
    figure.touch(figure.left, 1, 1)
    figure.set(landscape="saddle")
    assert len(drawn) == 2


@pytest.mark.parametrize("name", descent.landscapes())
def test_each_landscape_is_level_where_it_says_it_is_lowest(name):
    place = descent.landscapes()[name]
    for minimum in place.minima:
        assert np.allclose(place.gradient(minimum), 0, atol=1e-12)
        assert place.function(minimum) >= place.function(place.minima[0]) - 1e-12
    assert gradient_check(place.function, place.gradient, (0.3, -0.4))


def test_the_ends_of_the_sliders(figure):
    for name in figure.controls["landscape"].options:
        for rate, momentum in ((1e-4, 0), (1, 0), (1, 0.99), (1e-4, 0.99)):
            figure.set(landscape=name, learning_rate=rate, momentum=momentum, steps=300)
            assert figure.note.value  # and no warning, which would be an error here


def test_the_still_has_words_and_is_small(figure):
    data, _ = figure.widget._repr_mimebundle_()
    assert data["text/plain"].startswith("The map of a landscape")
    assert len(data["image/png"]) < 100_000
