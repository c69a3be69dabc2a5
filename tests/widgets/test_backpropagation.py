"""The walk through a computational graph: what each step shows and says, and the controls."""

import re

import pytest

pytest.importorskip("anywidget")
from course_nn.plots.backpropagation import digits
from course_nn.widgets import _descendants, backpropagation
from course_nn.widgets.backpropagation import NEURON, PRODUCT, TWO_LAYERS, Walk

FORMULAS = [PRODUCT, NEURON, TWO_LAYERS]


def seen(texts):
    """By name, the numbers that can be seen."""
    return {
        value.name: text.get_text()
        for value, text in texts.items()
        if text.get_visible() and value.name
    }


def test_the_steps_of_a_product_in_which_x_is_used_twice():
    walk = Walk(PRODUCT)
    twice = "x is used 2 times: what comes back from each is added up."
    said = [walk.show(step, PRODUCT.numbers) for step in range(walk.last + 1)]
    assert said[1:] == [
        "s = x + y = 2 + 3 = 5. Local derivatives: 1 by x, 1 by y.",
        "f = s × x = 5 × 2 = 10. Local derivatives: 2 by s, 5 by x.",
        "df = 1: the result changes as fast as itself.",
        "ds = 2 × df = 2 × 1 = 2.",
        "dy = 1 × ds = 1 × 2 = 2.",
        f"dx = 5 × df + 1 × ds = 5 × 1 + 1 × 2 = 7. {twice}",
    ]


def test_a_step_shows_what_is_known_by_then_and_no_more():
    walk = Walk(PRODUCT)
    sketch = walk.sketch
    for step, values, grads, slopes in [
        (0, {"x": "2", "y": "3"}, {}, 0),
        (1, {"x": "2", "y": "3", "s": "5"}, {}, 2),
        (2, {"x": "2", "y": "3", "s": "5", "f": "10"}, {}, 4),
        (4, {"x": "2", "y": "3", "s": "5", "f": "10"}, {"f": "1", "s": "2"}, 4),
        (1, {"x": "2", "y": "3", "s": "5"}, {}, 2),  # and back
    ]:
        walk.show(step, PRODUCT.numbers)
        assert seen(sketch.values) == values
        assert seen(sketch.grads) == grads
        assert sum(text.get_visible() for text in sketch.slopes.values()) == slopes


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.compute.__name__)
def test_in_the_end_every_gradient_is_there_and_every_sentence_ends_with_its_number(formula):
    walk = Walk(formula)
    nodes = {node.name: node for node in formula(formula.numbers).graph() if node.name}
    for step in range(1, walk.last + 1):
        said = walk.show(step, formula.numbers)
        name = said.split(" = ")[0]
        number = re.search(r"= ([^ ]*)[.:]( |$)", said)[1]
        expected = (
            nodes[name.removeprefix("d")].grad if step > len(walk.forward) else nodes[name].data
        )
        assert number == digits(expected)
    assert seen(walk.sketch.grads) == {name: digits(node.grad) for name, node in nodes.items()}


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.compute.__name__)
def test_one_box_and_its_arrows_stand_out(formula):
    walk = Walk(formula)
    sketch = walk.sketch
    for step in range(walk.last + 1):
        walk.show(step, formula.numbers)
        thick = [node for node, frame in sketch.frames.items() if frame.get_linewidth() == 3]
        used = {key for key, arrow in sketch.arrows.items() if arrow.get_linewidth() > 1}
        assert len(thick) == (step > 0)
        for node in thick:
            into = {(node, k) for k in range(len(node.inputs))}
            out = {
                (user, k)
                for user in walk.nodes
                for k, (parent, slope) in enumerate(user.inputs)
                if parent is node
            }
            assert used == (into if step <= len(walk.forward) else out)


def test_other_numbers_are_computed_by_the_engine():
    walk = Walk(TWO_LAYERS)
    said = walk.show(1, {**TWO_LAYERS.numbers, "v₁": -0.5})
    assert said.startswith("z₁ = v₁ × x = (−0.5) × 2 = −1.")
    said = walk.show(2, {**TWO_LAYERS.numbers, "v₁": -0.5})
    assert said == "h₁ = relu(z₁) = relu(−1) = 0. Local derivatives: 0 by z₁."


@pytest.fixture
def widget():
    made = backpropagation.graph()
    yield made
    made.close()


def parts(widget):
    return {
        part.description: part for part in _descendants(widget) if getattr(part, "description", "")
    }


def note(widget):
    return re.sub("<.*?>", "", widget.children[3].value)


def test_next_and_previous_walk_from_end_to_end(widget):
    by = parts(widget)
    assert by["step"].max == 7 + 12
    for k in range(25):
        before = widget.children[2].png
        by["Next"].click()
        assert by["step"].value == min(k + 1, 19)
        assert (widget.children[2].png != before) == (k < 19)
    assert note(widget) == "dw₁ = 2 × dp₁ = 2 × (−0.25) = −0.5."
    by["Previous"].click()
    assert note(widget) == "dx₁ = 0.5 × dp₁ = 0.5 × (−0.25) = −0.125."
    by["w₁"].value = 1.0
    assert by["step"].value == 18 and note(widget).startswith("dx₁ = 1 × dp₁ = 1 × ")
    by["Start again"].click()
    assert by["step"].value == 0 and by["w₁"].value == 0.5
    by["Previous"].click()
    assert by["step"].value == 0


def test_another_formula_has_its_own_steps_and_inputs(widget):
    by = parts(widget)
    by["Next"].click()
    by["formula"].value = "(x + y) × x"
    assert (by["step"].value, by["step"].max) == (0, 6)
    inputs = [name for name in ("x", "y", "x₁", "w₁", "b") if by[name].layout.display != "none"]
    assert inputs == ["x", "y"] and by["x"].value == 2
    by["x"].value = 3.0
    by["step"].value = 6
    assert note(widget).startswith("dx = 6 × df + 1 × ds = 6 × 1 + 1 × 3 = 9.")
    by["formula"].value = "a neuron and its loss"
    assert by["step"].value == 0 and by["x₁"].layout.display is None


def test_the_still_shows_the_whole_graph(widget):
    data, _ = widget._repr_mimebundle_()
    assert data["text/plain"].startswith(
        "A computational graph, from its inputs to its result: w₁ = 0.5"
    )
    assert "loss (** 2) = 0.25, gradient 1" in data["text/plain"]
