"""The scalar graph: numbers worked by hand, random graphs against central differences and PyTorch."""

import ast
import math
import re
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course_nn.autodiff import Value
from course_nn.derivatives import gradient_check
from course_nn.initializers import he_normal
from course_nn.layers import Dense
from course_nn.losses import MeanSquaredError
from tests.support import ROOT

LESSON = ROOT / "lessons" / "04_backpropagation" / "lesson.md"

# Written once, these run on a Value and on a torch tensor alike. Each is defined everywhere.
UNARY = {
    "neg": lambda a: -a,
    "power": lambda a: a**3,
    "root": lambda a: (a * a + 1) ** 0.5,
    "reciprocal": lambda a: (a * a + 0.5) ** -1,
    "exp": lambda a: (-a * a).exp(),
    "log": lambda a: (a * a + 0.5).log(),
    "tanh": lambda a: a.tanh(),
    "sigmoid": lambda a: a.sigmoid(),
    "number on the left": lambda a: 2 + 3 * (1 - 2 / (a * a + 1)),
    "relu": lambda a: a.relu(),
}
BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / (b * b + 0.5),
}


def programs(names):
    """Up to 12 steps (operation, first operand, second operand); operands may be any earlier value."""
    return st.lists(
        st.tuples(st.sampled_from(sorted(names)), st.integers(0, 99), st.integers(0, 99)),
        min_size=1,
        max_size=12,
    )


def run(program, inputs):
    values = list(inputs)
    for name, i, j in program:
        a, b = values[-1 - i % len(values)], values[j % len(values)]
        values.append(UNARY[name](a) if name in UNARY else BINARY[name](a, b))
    return values[-1]


inputs = st.lists(st.floats(-2, 2, width=32), min_size=3, max_size=3)


@settings(deadline=None)
@given(programs(UNARY.keys() - {"relu"} | BINARY.keys()), inputs)
def test_gradient_of_any_graph_agrees_with_central_differences(program, x):
    def gradient(x):
        leaves = [Value(number) for number in x]
        run(program, leaves).backward()
        return [leaf.grad for leaf in leaves]

    result = run(program, [Value(number) for number in x])
    assume(all(abs(node.data) < 100 for node in result.graph()))  # beyond, rounding drowns h
    assume(all(abs(slope) < 100 for node in result.graph() for _, slope in node.inputs))
    assert gradient_check(lambda x: run(program, map(Value, x)).data, gradient, x, tolerance=1e-4)


@settings(deadline=None)
@given(programs(UNARY.keys() | BINARY.keys()), inputs)
def test_any_graph_agrees_with_torch(program, x):
    torch = pytest.importorskip("torch")
    leaves = [Value(number) for number in x]
    result = run(program, leaves)
    assume(all(abs(node.data) < 1e6 for node in result.graph()))
    assume(all(abs(slope) < 1e6 for node in result.graph() for _, slope in node.inputs))
    result.backward()
    tensors = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in x]
    expected = run(program, tensors)
    expected.backward()
    # A leaf that is not in the graph has None.
    gradients = [0.0 if t.grad is None else t.grad.item() for t in tensors]
    np.testing.assert_allclose(result.data, expected.item(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose([v.grad for v in leaves], gradients, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("operation", "x", "value", "slope"),
    [
        (lambda a: a + 2, 3, 5, 1),
        (lambda a: 2 + a, 3, 5, 1),
        (lambda a: a - 2, 3, 1, 1),
        (lambda a: 2 - a, 3, -1, -1),
        (lambda a: 2 * a, 3, 6, 2),
        (lambda a: a / 2, 3, 1.5, 0.5),
        (lambda a: 6 / a, 2, 3, -1.5),
        (lambda a: -a, 3, -3, -1),
        (lambda a: a**3, -2, -8, 12),
        (lambda a: a**-1, -2, -0.5, -0.25),
        (lambda a: a**0.5, 4, 2, 0.25),
        (lambda a: a**0, 0, 1, 0),
        (lambda a: a**1, 0, 0, 1),
        (lambda a: a**2, 0, 0, 0),
        (lambda a: a.exp(), 0, 1, 1),
        (lambda a: a.log(), 0.5, -math.log(2), 2),
        (lambda a: a.tanh(), 0, 0, 1),
        (lambda a: a.sigmoid(), 0, 0.5, 0.25),
        (lambda a: a.relu(), 3, 3, 1),
        (lambda a: a.relu(), -3, 0, 0),
        (lambda a: a.relu(), 0, 0, 0),
    ],
)
def test_value_and_slope_by_hand(operation, x, value, slope):
    x = Value(x)
    y = operation(x)
    y.backward()
    assert (y.data, x.grad) == pytest.approx((value, slope), abs=1e-15)


def test_the_neuron_of_the_lesson_by_hand():
    w1, w2, b = Value(0.5), Value(-1.0), Value(2.0)
    loss = ((w1 * 2 + w2 * 3 + b).sigmoid() - 1) ** 2
    loss.backward()
    assert (loss.data, w1.grad, w2.grad, b.grad) == (0.25, -0.5, -0.75, -0.25)


def test_a_value_used_twice_receives_the_sum():
    x, y = Value(2.0), Value(3.0)
    shared = x + y
    f = shared * x + shared * shared
    f.backward()
    assert f.data == 35
    assert (shared.grad, x.grad, y.grad) == (12, 17, 12)  # x + 2 s; s + x + 2 s; x + 2 s


def test_backward_twice_gives_the_same_gradients():
    x = Value(3.0)
    middle = x * x
    f = middle * x
    f.backward()
    f.backward()
    assert (f.grad, middle.grad, x.grad) == (1, 3, 27)
    middle.backward()  # another result over the same input starts from zero as well
    assert x.grad == 6
    f.backward()
    assert x.grad == 27


def test_new_data_reach_a_new_forward_pass():
    w = Value(4.0)
    for _ in range(50):
        loss = (w - 1) ** 2
        loss.backward()
        w.data -= 0.25 * w.grad
    assert w.data == pytest.approx(1, abs=1e-12)


def test_a_chain_of_10_000_values_does_not_exhaust_the_recursion_limit():
    x = Value(1.0)
    y = x
    for _ in range(10_000):
        y = y + 1
    y.backward()
    assert y.data == 10_001
    assert x.grad == 1
    assert len(y.graph()) == 20_001


def test_a_ladder_is_walked_once_not_once_for_each_of_its_2_to_the_60_paths():
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = (y + y) * 0.5
    y.backward()
    assert (y.data, x.grad) == (1, 1)


@settings(deadline=None)
@given(programs(UNARY.keys() | BINARY.keys()), inputs)
def test_the_graph_lists_every_value_once_after_its_inputs(program, x):
    order = run(program, [Value(number) for number in x]).graph()
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    assert all(place[parent] < place[node] for node in order for parent, _ in node.inputs)


def test_the_graph_tells_what_a_picture_needs():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    f = (y + x) * x
    f.name = "f"
    total, (also_x, slope) = f.inputs[0][0], f.inputs[1]
    assert also_x is x
    assert (f.op, total.op, x.op) == ("*", "+", "")
    assert (f.inputs[0][1], slope) == (2, 5)
    assert [node.name for node in f.graph()] == ["y", "x", "", "f"]
    assert repr(f) == "Value(10, grad=0)"


@pytest.mark.parametrize("x", [-1000.0, -40.0, 40.0, 1000.0])
def test_sigmoid_and_tanh_survive_large_numbers(x):
    for name, low in [("sigmoid", 0), ("tanh", -1)]:
        v = Value(x)
        y = getattr(v, name)()
        y.backward()
        assert y.data == pytest.approx(1 if x > 0 else low, abs=1e-15)
        assert 0 <= v.grad < 1e-15


def test_numpy_scalars_and_integers_are_numbers():
    x = Value(np.float32(0.5))
    y = np.float64(3.0) * x + np.int64(1) - True
    y.backward()
    assert isinstance(y, Value)
    assert (type(x.data), y.data, x.grad) == (float, 1.5, 3)


@pytest.mark.parametrize(
    ("mistake", "error", "words"),
    [
        (lambda x: x ** Value(2), TypeError, "exponent must be a plain number.*not a Value"),
        (lambda x: x / 0, ZeroDivisionError, "3 / 0 has no value"),
        (lambda x: 1 / (x - 3), ZeroDivisionError, "1 / 0 has no value"),
        (lambda x: (x - 3).log(), ValueError, r"log\(0\) has no value"),
        (lambda x: (-x).log(), ValueError, r"log\(-3\) has no value"),
        (lambda x: (-x) ** 0.5, ValueError, r"x \*\* 0.5 has no derivative at x = -3"),
        (lambda x: (x - 3) ** -1, ValueError, r"x \*\* -1 has no derivative at x = 0"),
        (lambda x: (x - 3) ** 0.5, ValueError, r"x \*\* 0.5 has no derivative at x = 0"),
        (lambda x: x + "1", TypeError, "holds one number, not a str"),
        (lambda x: x * [1, 2], TypeError, "holds one number, not a list"),
        (lambda x: Value(np.zeros(2)), TypeError, "holds one number, not a ndarray"),
        (lambda x: Value(x), TypeError, "holds one number, not a Value"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(mistake, error, words):
    with pytest.raises(error, match=words):
        mistake(Value(3.0))


# --- the picture


@settings(deadline=None)
@given(programs(UNARY.keys() | BINARY.keys()), inputs)
def test_boxes_of_a_drawn_graph_do_not_overlap_and_arrows_lead_to_the_right(program, x):
    from course_nn.plots.backpropagation import _layout

    nodes = run(program, [Value(number) for number in x]).graph()
    routes, column, row = _layout(nodes)
    assert set(nodes) <= set(column) == set(row)
    for a, b in combinations(nodes, 2):
        assert column[a] != column[b] or abs(row[a] - row[b]) > 1 - 1e-9
    for stop in set(column) - set(nodes):  # where an arrow passes a column, it keeps off the boxes
        assert all(
            column[stop] != column[node] or abs(row[stop] - row[node]) > 0.5 for node in nodes
        )
    assert set(routes) == {(node, k) for node in nodes for k in range(len(node.inputs))}
    for (node, k), route in routes.items():
        assert (route[0], route[-1]) == (node.inputs[k][0], node)
        assert {column[b] - column[a] for a, b in pairwise(route)} == {1}


# --- the lesson


@cache
def lesson() -> dict:
    """The functions and classes that the code cells of the lesson define."""
    text = LESSON.read_text(encoding="utf-8")
    namespace = {"np": np}
    for cell in re.findall(r"^```python[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for node in ast.parse(cell).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                exec(compile(ast.Module([node], []), "lesson", "exec"), namespace)
    return namespace


@settings(deadline=None)
@given(programs({"add", "mul"}), inputs)
def test_the_engine_of_the_lesson_is_the_engine_of_the_package(program, x):
    nodes, values = [lesson()["Node"](number) for number in x], [Value(number) for number in x]
    result, expected = run(program, nodes), run(program, values)
    assume(all(abs(value.data) < 1e6 for value in expected.graph()))
    for _ in range(2):
        lesson()["backward"](result)
        expected.backward()
    assert result.data == expected.data
    assert len(lesson()["in_order"](result)) == len(expected.graph())
    assert [n.grad for n in nodes] == pytest.approx([v.grad for v in values], rel=1e-12)


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid"])
def test_the_layer_of_the_lesson_is_the_layer_of_the_package(activation):
    rng = np.random.default_rng(0)
    layer = Dense(4, activation=activation)
    layer.build((3,), rng, dtype="float64")
    layer.weights["bias"][:] = rng.normal(size=4)
    x, dy, W = rng.normal(size=(5, 3)), rng.normal(size=(5, 4)), layer.weights["kernel"]
    y = lesson()["dense_forward"](x, W, layer.weights["bias"])
    dz = dy
    if activation != "linear":
        y = lesson()[activation](y)
        dz = lesson()[f"{activation}_backward"](dy, y)
    dx, dW, db = lesson()["dense_backward"](dz, x, W)
    np.testing.assert_allclose(layer.forward(x), y, rtol=1e-12)
    np.testing.assert_allclose(layer.backward(dy), dx, rtol=1e-12)
    np.testing.assert_allclose(layer.gradients["kernel"], dW, rtol=1e-12)
    np.testing.assert_allclose(layer.gradients["bias"], db, rtol=1e-12)


def test_the_network_of_the_lesson_has_the_loss_and_gradients_of_the_package():
    rng = np.random.default_rng(1)
    x, t = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    p = lesson()["start"](3, 5, 2, seed=4)
    same = np.random.default_rng(4)
    assert np.array_equal(p["W1"], he_normal((3, 5), same))
    assert np.array_equal(p["W2"], he_normal((5, 2), same))
    layers = {"1": Dense(5, activation="relu"), "2": Dense(2)}
    for number, inputs in (("1", 3), ("2", 5)):
        layers[number].build((inputs,), rng, dtype="float64")
        layers[number].weights["kernel"][:] = p["W" + number]
        layers[number].weights["bias"][:] = p["b" + number]
    y, loss = layers["2"].forward(layers["1"].forward(x)), MeanSquaredError()
    assert loss(t, y) == pytest.approx(lesson()["loss_of"](x, t, p), rel=1e-12)
    layers["1"].backward(layers["2"].backward(loss.backward(t, y)))
    for name, slopes in lesson()["gradients"](x, t, p).items():
        ours = layers[name[1]].gradients[{"W": "kernel", "b": "bias"}[name[0]]]
        np.testing.assert_allclose(ours, slopes, rtol=1e-12)
