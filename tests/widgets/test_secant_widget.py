"""The secant that becomes the tangent: what it says, and what takes hold where."""

from itertools import product

import numpy as np
import pytest

pytest.importorskip("anywidget")

from course_nn.derivatives import central_difference, forward_difference
from course_nn.widgets import Drawing, derivatives


class Figure:
    """The widget with its parts by name."""

    def __init__(self, drawings):
        self.widget = derivatives.secant()
        (self.drawing,) = drawings
        self.stage, *boxes, self.note = self.widget.children
        self.controls = {part.description: part for box in boxes for part in box.children}
        self.curve, self.difference, self.x, self.h = self.controls.values()
        self.left, self.right = self.drawing.picture.axes

    def told(self):
        return [text.get_text() for text in self.left.get_legend().get_texts()]

    def drag(self, axes, *path):
        """Press at the first x, y and move through the others."""
        width, height = self.drawing.picture.canvas.get_width_height()
        for number, point in enumerate(path):
            right, up = axes.transData.transform(point)
            self.stage.pointer = [number, right / width, 1 - up / height, number == 0]


@pytest.fixture
def figure(monkeypatch):
    drawings = []
    monkeypatch.setattr(
        derivatives, "Drawing", lambda *args: drawings.append(Drawing(*args)) or drawings[-1]
    )
    figure = Figure(drawings)
    yield figure
    figure.widget.close()


def test_the_controls_have_names(figure):
    assert list(figure.controls) == ["curve", "difference", "x", "step h"]


def test_the_secant_of_the_lesson(figure):
    assert figure.told() == ["secant: slope 3.0000", "tangent: slope 2.0000"]
    assert "is 1 too large" in figure.note.value
    figure.h.value = 0.5
    assert figure.told()[0] == "secant: slope 2.5000"
    figure.x.value = -1.0
    assert figure.told() == ["secant: slope -1.5000", "tangent: slope -2.0000"]


def test_central_is_exact_on_the_parabola(figure):
    figure.difference.value = central_difference
    assert figure.told() == ["secant: slope 2.0000", "tangent: slope 2.0000"]
    assert "has the slope of the tangent" in figure.note.value


def test_too_small_a_step_is_told(figure):
    figure.h.value = 1e-7
    assert "too large" in figure.note.value
    figure.h.value = 1e-13
    assert "round-off" in figure.note.value


def test_at_a_kink_there_is_no_tangent(figure):
    figure.curve.value = "ReLU"
    figure.x.value = 1e-17  # as a browser may say 0
    assert figure.told() == ["secant: slope 1.0000", "no tangent"]
    assert "forward difference is 1, the central one 0.5" in figure.note.value
    figure.x.value = -0.5
    assert figure.told() == ["secant: slope 0.5000", "tangent: slope 0.0000"]
    figure.curve.value = "|x|"
    figure.x.value = 0
    assert "forward difference is 1, the central one 0," in figure.note.value


@pytest.mark.parametrize("name", derivatives.CURVES)
def test_the_slopes_are_those_of_the_curves(name):
    f, slope = derivatives.CURVES[name]
    for x in np.linspace(-1.5, 1.5, 10):
        assert slope(x) == pytest.approx(central_difference(f, x), abs=1e-8)


@pytest.mark.parametrize("name", derivatives.CURVES)
def test_each_curve_at_the_ends_of_the_sliders(figure, name):
    figure.curve.value = name
    ends = product(
        (forward_difference, central_difference), (figure.x.min, figure.x.max), (1e-15, 1)
    )
    for difference, x, h in ends:
        figure.difference.value, figure.x.value = difference, x
        before = figure.stage.png
        figure.h.value = h
        assert figure.stage.png != before
    low, high = figure.left.get_xlim()
    assert low < figure.x.min - 1 and figure.x.max + 1 < high


def test_the_points_can_be_dragged(figure):
    figure.drag(figure.left, (1.02, 1), (0.21, 5))
    assert (figure.x.value, figure.h.value) == (0.2, 1)
    figure.drag(figure.left, (1.3, 1.5), (0.9, 1.5))
    assert (figure.x.value, figure.h.value) == (0.2, pytest.approx(0.7, rel=0.03))
    figure.drag(figure.left, (0.9, 1), (-2, 1))  # not past the first point
    assert (figure.x.value, figure.h.value) == (0.2, 0.01)
    figure.difference.value = central_difference
    figure.drag(figure.left, (0.1, 1), (-0.4, 1))
    assert (figure.x.value, figure.h.value) == (0.2, pytest.approx(0.6, rel=0.03))


def test_h_can_be_dragged_beside_the_curve_too_and_a_stroke_keeps_to_its_axes(figure):
    figure.drag(figure.right, (1, 1), (1e-5, 1e-5))
    assert figure.x.value == 1 and figure.h.value == pytest.approx(1e-5, rel=0.05)
    figure.drag(figure.left, (0.9, 1), (0.5, 1))
    width, height = figure.drawing.picture.canvas.get_width_height()
    right, up = figure.right.transData.transform((1, 1))
    figure.stage.pointer = [9, right / width, 1 - up / height, False]
    assert figure.x.value == 0.5


def test_the_still_has_words(figure):
    data, _ = figure.widget._repr_mimebundle_()
    assert data["text/plain"].startswith("A curve with a secant")
    assert len(data["image/png"]) < 100_000
