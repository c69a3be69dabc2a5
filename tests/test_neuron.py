import ast
import math

import jupytext
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_nn import neuron
from course_nn.datasets import mnist, toy
from course_nn.derivatives import central_difference, gradient_check
from course_nn.neuron import (
    binary_crossentropy,
    binary_crossentropy_derivative,
    fit,
    forward,
    gradient,
    linear,
    linear_derivative,
    sigmoid,
    sigmoid_derivative,
    squared_error,
    squared_error_derivative,
    total_loss,
    weighted_sum,
)
from tests.support import ROOT

LESSON = ROOT / "lessons" / "03_neuron" / "lesson.md"
PAIRS = [("linear", "mse"), ("sigmoid", "mse"), ("sigmoid", "binary_crossentropy")]

# A one and a zero of MNIST, as chapter 3 measures them (rounded): ink in the middle, ink in all.
X = np.array([[0.6, 0.4], [0.0, 1.2]])
Y = np.array([1.0, 0.0])
W, B = np.array([8.0, -6.0]), 2.0

logits = st.floats(-30, 30)


def examples(seed=0, n=7, d=3):
    """Inputs, labels, weights and a bias, all random."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.integers(0, 2, n), rng.normal(size=d), float(rng.normal())


# --- by hand


def test_forward_by_hand():
    assert weighted_sum(X, W, B) == pytest.approx([4.4, -5.2])  # 4.8 - 2.4 + 2 and -7.2 + 2
    assert forward(X, W, B) == pytest.approx([1 / (1 + math.exp(-4.4)), 1 / (1 + math.exp(5.2))])
    assert forward(X, W, B, activation="linear") == pytest.approx([4.4, -5.2])


def test_a_single_example_gives_a_single_output():
    assert forward(X[0], W, B).shape == ()
    assert forward(X[0], W, B) == forward(X, W, B)[0]


def test_sigmoid_by_hand():
    assert sigmoid(0) == 0.5
    assert sigmoid([math.log(3), -math.log(3)]) == pytest.approx([0.75, 0.25])
    assert sigmoid_derivative(math.log(3)) == pytest.approx(0.75 * 0.25)


def test_losses_by_hand():
    assert squared_error([0.5, 0.9], [1, 0]) == pytest.approx([0.25, 0.81])
    assert squared_error_derivative([0.5, 0.9], [1, 0]) == pytest.approx([-1, 1.8])
    z = [0, math.log(3), math.log(3)]  # outputs 1/2, 3/4, 3/4
    assert binary_crossentropy(z, [1, 1, 0]) == pytest.approx(
        [math.log(2), math.log(4 / 3), math.log(4)]
    )
    assert binary_crossentropy_derivative(z, [1, 1, 0]) == pytest.approx([-0.5, -0.25, 0.75])


@pytest.mark.parametrize(
    "activation, loss, total, dw, db",
    [
        # at w = 0, b = 0: z = 0, a = 0 for the linear neuron, 1/2 for the sigmoid; slope 1 and 1/4
        ("linear", "mse", 0.5, [-0.6, -0.4], -1.0),  # dz = -2, 0
        ("sigmoid", "mse", 0.25, [-0.075, 0.1], 0.0),  # dz = -1/4, 1/4
        ("sigmoid", "binary_crossentropy", math.log(2), [-0.15, 0.2], 0.0),  # dz = -1/2, 1/2
    ],
)
def test_total_loss_and_gradient_by_hand(activation, loss, total, dw, db):
    w, b = np.zeros(2), 0.0
    assert total_loss(X, Y, w, b, activation, loss) == pytest.approx(total)
    got_dw, got_db = gradient(X, Y, w, b, activation, loss)
    assert got_dw == pytest.approx(np.array(dw))
    assert got_db == pytest.approx(db)


def test_one_step_of_fit_by_hand():
    w, b, history = fit(X, Y, np.zeros(2), 0.0, learning_rate=2, epochs=1, batch_size=2)
    assert w == pytest.approx([0.3, -0.4])  # minus 2 times (-0.15, 0.2)
    assert b == 0
    # z is then 0.18 - 0.16 for the one and -0.48 for the zero
    after = (math.log(1 + math.exp(-0.02)) + math.log(1 + math.exp(-0.48))) / 2
    assert history == pytest.approx([math.log(2), after])


# --- derivatives


@given(z=logits)
def test_derivatives_of_the_activations(z):
    assert sigmoid_derivative(z) == pytest.approx(central_difference(sigmoid, z), abs=1e-9)
    assert linear_derivative(z) == pytest.approx(central_difference(linear, z), abs=1e-9)


@given(z=logits, y=st.floats(0, 1))
def test_derivatives_of_the_losses(z, y):
    def numerical(loss):
        return central_difference(lambda z: loss(z, y), z)

    assert squared_error_derivative(z, y) == pytest.approx(numerical(squared_error), abs=1e-7)
    assert binary_crossentropy_derivative(z, y) == pytest.approx(
        numerical(binary_crossentropy), abs=1e-9
    )


@pytest.mark.parametrize("activation, loss", PAIRS)
@pytest.mark.parametrize("n, d", [(1, 1), (7, 3), (50, 20)])
def test_gradient_against_numbers(activation, loss, n, d):
    x, y, w, b = examples(n, n, d)

    def f(p):
        return total_loss(x, y, p[:-1], p[-1], activation, loss)

    def grad(p):
        return np.append(*gradient(x, y, p[:-1], p[-1], activation, loss))

    check = gradient_check(f, grad, np.append(w, b), tolerance=1e-7)
    assert check, check


@given(z=logits)
def test_identities(z):
    assert sigmoid(z) + sigmoid(-z) == pytest.approx(1)
    assert sigmoid_derivative(z) == pytest.approx(sigmoid_derivative(-z), abs=1e-12)
    assert binary_crossentropy(z, 1) == pytest.approx(binary_crossentropy(-z, 0))
    assert binary_crossentropy(z, 1) == pytest.approx(-math.log(sigmoid(z)), abs=1e-9)
    assert binary_crossentropy(z, 0) - binary_crossentropy(z, 1) == pytest.approx(z, abs=1e-9)


@pytest.mark.parametrize("activation, loss", PAIRS)
def test_the_mean_over_the_batch_does_not_depend_on_its_size(activation, loss):
    x, y, w, b = examples()
    twice = np.concatenate([x, x]), np.concatenate([y, y])
    assert total_loss(*twice, w, b, activation, loss) == pytest.approx(
        total_loss(x, y, w, b, activation, loss)
    )
    for got, expected in zip(
        gradient(*twice, w, b, activation, loss),
        gradient(x, y, w, b, activation, loss),
        strict=True,
    ):
        assert got == pytest.approx(expected)


# --- parity with PyTorch


@pytest.mark.parametrize("activation, loss", PAIRS)
def test_parity_with_torch(activation, loss):
    """Outputs, losses, gradients and 20 steps of SGD over mini-batches, to 1e-9 in float64."""
    torch = pytest.importorskip("torch")
    x, y, w, b = examples(1, n=13, d=4)
    order = np.random.default_rng(5)  # as fit draws it
    module = torch.nn.Linear(4, 1, dtype=torch.float64)
    with torch.no_grad():
        module.weight[:] = torch.from_numpy(w)
        module.bias[:] = b
    optimizer = torch.optim.SGD(module.parameters(), lr=0.3)

    def outputs_and_loss(rows):
        z = module(torch.from_numpy(x[rows]))[:, 0]
        truth = torch.from_numpy(y[rows].astype(float))
        a = torch.sigmoid(z) if activation == "sigmoid" else z
        if loss == "binary_crossentropy":
            return a, torch.nn.functional.binary_cross_entropy_with_logits(z, truth)
        return a, torch.nn.functional.mse_loss(a, truth)

    everything = slice(None)
    a, value = outputs_and_loss(everything)
    value.backward()
    dw, db = gradient(x, y, w, b, activation, loss)
    close = {"rel": 0, "abs": 1e-9}
    assert forward(x, w, b, activation) == pytest.approx(a.detach().numpy(), **close)
    assert total_loss(x, y, w, b, activation, loss) == pytest.approx(value.item(), **close)
    assert dw == pytest.approx(module.weight.grad.numpy()[0], **close)
    assert db == pytest.approx(module.bias.grad.item(), **close)

    history = [value.item()]
    for _epoch in range(5):  # of 4 batches: 4, 4, 4 and 1
        for rows in np.split(order.permutation(13), [4, 8, 12]):
            optimizer.zero_grad()
            outputs_and_loss(rows)[1].backward()
            optimizer.step()
        history.append(outputs_and_loss(everything)[1].item())
    w, b, ours = fit(
        x, y, w, b, activation, loss, learning_rate=0.3, epochs=5, batch_size=4, seed=5
    )
    assert w == pytest.approx(module.weight.detach().numpy()[0], **close)
    assert b == pytest.approx(module.bias.item(), **close)
    assert ours == pytest.approx(history, **close)


# --- extremes


@pytest.mark.parametrize("z", [1e4, -1e4, 800.0, -800.0, np.inf, -np.inf])
def test_extreme_sums_keep_activations_finite(z):
    assert sigmoid(z) == (1 if z > 0 else 0)
    assert sigmoid_derivative(z) == 0


@pytest.mark.parametrize("y", [0, 1])
@pytest.mark.parametrize("z", [1e4, -1e4])
@pytest.mark.parametrize("loss", neuron.LOSSES)
def test_extreme_sums_keep_loss_and_gradient_finite(loss, z, y):
    x, w = np.array([[z]]), np.array([1.0])
    wrong = (z > 0) != y
    expected = {"mse": 1, "binary_crossentropy": 1e4}[loss] if wrong else 0
    assert total_loss(x, [y], w, 0.0, loss=loss) == expected
    dw, db = gradient(x, [y], w, 0.0, loss=loss)
    # A badly wrong neuron learns nothing from the squared error: the sigmoid is flat there.
    assert db == (np.sign(z) if wrong and loss == "binary_crossentropy" else 0)
    assert np.isfinite(dw).all()


def test_sigmoid_is_exact_where_it_is_small():
    assert sigmoid(-700) == pytest.approx(math.exp(-700), rel=1e-12, abs=0)
    assert binary_crossentropy(40, 1) == pytest.approx(math.exp(-40), rel=1e-12, abs=0)


# --- training


def test_fit_lowers_the_loss_and_leaves_its_inputs_alone():
    x, y, w, b = examples(2, n=40)
    before = x.copy(), y.copy(), w.copy()
    new_w, _new_b, history = fit(x, y, w, b, epochs=30)
    assert history[-1] < history[0]
    assert len(history) == 31
    assert not np.array_equal(new_w, w)
    for array, copy in zip((x, y, w), before, strict=True):
        assert np.array_equal(array, copy)


def test_the_same_seed_gives_the_same_weights_and_another_does_not():
    x, y, w, b = examples(3, n=40)

    def weights(seed):
        return fit(x, y, w, b, epochs=2, batch_size=8, seed=seed)[0]

    assert np.array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1), weights(2))


def test_no_epochs_change_nothing():
    x, y, w, b = examples()
    same_w, same_b, history = fit(x, y, w, b, epochs=0)
    assert np.array_equal(same_w, w) and same_b == b
    assert history == [total_loss(x, y, w, b)]


def test_the_history_is_of_the_whole_set_after_each_epoch():
    x, y, w, b = examples(4, n=11)
    for epochs in (1, 2):
        w_after, b_after, history = fit(x, y, w, b, epochs=epochs, batch_size=4)
        assert history[-1] == total_loss(x, y, w_after, b_after)


def test_a_linear_neuron_finds_the_line():
    x, y = toy.noisy_line(50, slope=2, intercept=1, noise=0)
    w, b, _history = fit(
        x[:, np.newaxis], y, [0.0], 0.0, "linear", "mse", learning_rate=0.2, epochs=200
    )
    assert w == pytest.approx([2], abs=1e-6)
    assert b == pytest.approx(1, abs=1e-6)


def test_a_neuron_tells_zero_from_one():
    def two_digits(x, y):
        return x[y < 2].reshape(-1, 784) / 255, y[y < 2]

    train, test = mnist.load_data()
    w, b, _history = fit(*two_digits(*train), np.zeros(784), 0.0, epochs=1)
    x, y = two_digits(*test)
    assert np.mean((forward(x, w, b) > 0.5) == y) > 0.995


@pytest.mark.parametrize("loss", neuron.LOSSES)
def test_a_neuron_does_not_learn_xor(loss):
    x, y = toy.xor()
    w, b, _history = fit(
        x, y, [0.5, -1.0], 0.2, loss=loss, learning_rate=1, epochs=3000, batch_size=4
    )
    assert forward(x, w, b) == pytest.approx(0.5, abs=1e-3)


def test_integers_lists_and_booleans_are_as_good_as_floats():
    as_float = total_loss(X, Y, W, B), *gradient(X, Y, W, B)
    as_list = (
        total_loss(X.tolist(), [True, False], [8, -6], 2),
        *gradient(X.tolist(), [True, False], [8, -6], 2),
    )
    for got, expected in zip(as_list, as_float, strict=True):
        assert np.array_equal(got, expected)
    pixels = np.array([[255, 0], [3, 200]], dtype=np.uint8)
    labels = np.array([0, 1], dtype=np.uint8)
    for activation, loss in PAIRS:
        got = gradient(pixels, labels, W, B, activation, loss)
        expected = gradient(pixels.astype(float), labels.astype(float), W, B, activation, loss)
        assert np.array_equal(got[0], expected[0]) and got[1] == expected[1]


# --- bad input


@pytest.mark.parametrize(
    "change, message",
    [
        ({"x": np.zeros((2, 28, 28))}, r"\(n, d\)"),
        ({"x": np.zeros((2, 3))}, r"3 inputs, but w has shape \(2,\)"),
        ({"x": np.zeros(2)}, r"\(n, d\) and y \(n,\)"),
        ({"x": np.zeros((0, 2)), "y": []}, r"got \(0, 2\)"),
        ({"y": [[1], [0]]}, r"got \(2, 2\) and \(2, 1\)"),
        ({"y": [1, 0, 1]}, r"got \(2, 2\) and \(3,\)"),
        ({"y": [7, 0]}, "labels from 0 to 1, got 0 to 7"),
        ({"y": [1, -1]}, "labels from 0 to 1, got -1 to 1"),
        ({"w": np.zeros((2, 1))}, r"w has shape \(2, 1\)"),
        ({"b": np.zeros(2)}, r"b has shape \(2,\)"),
        ({"activation": "relu", "loss": "mse"}, "no activation 'relu'.*linear, sigmoid"),
        ({"activation": "linear"}, "takes a sigmoid"),
        ({"loss": "mae"}, "no loss 'mae'.*mse, binary_crossentropy"),
    ],
)
@pytest.mark.parametrize("function", [total_loss, gradient, fit])
def test_bad_input(function, change, message):
    with pytest.raises(ValueError, match=message):
        function(**{"x": X, "y": Y, "w": W, "b": B} | change)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"x": X * np.nan}, "NaN"),
        ({"y": [1, np.inf]}, "NaN or infinity"),
        ({"learning_rate": 0}, "got 0, 10 and 32"),
        ({"learning_rate": np.nan}, "learning_rate must be positive"),
        ({"epochs": -1}, "epochs at least 0"),
        ({"batch_size": 0}, "batch_size at least 1"),
    ],
)
def test_bad_input_to_fit(change, message):
    with pytest.raises(ValueError, match=message):
        fit(**{"x": X, "y": Y, "w": W, "b": B} | change)


def test_bad_input_to_forward():
    with pytest.raises(ValueError, match=r"reshape\(len\(x\), -1\)"):
        forward(np.zeros((2, 28, 28)), W, B)
    with pytest.raises(ValueError, match="no activation 'relu'"):
        forward(X, W, B, "relu")


# --- the lesson


def lesson_functions():
    """What the lesson defines, with the stable form of the sigmoid that its end asks for."""
    built = {"np": np}
    for cell in jupytext.read(LESSON).cells:
        if cell.cell_type == "code":
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef):
                    exec(compile(ast.Module([node], []), str(LESSON), "exec"), built)
    built["sigmoid"] = built["stable_sigmoid"]
    return built


def test_the_lesson_builds_what_the_package_holds():
    lesson = lesson_functions()
    x, y, w, b = examples(6, n=9)
    z, truth = np.append(weighted_sum(x, w, b), [1e4, -1e4]), np.append(y, [0, 1])

    def assert_same(name, *arguments, **options):
        ours = getattr(neuron, name)(*arguments, **options)
        built = lesson[name](*arguments, **options)
        if not isinstance(ours, tuple):
            ours, built = (ours,), (built,)
        for mine, theirs in zip(ours, built, strict=True):
            assert np.array_equal(mine, theirs), name

    assert_same("sigmoid", z)
    assert_same("sigmoid_derivative", z)
    assert_same("squared_error", sigmoid(z), truth)
    assert_same("squared_error_derivative", sigmoid(z), truth)
    assert_same("binary_crossentropy", z, truth)
    assert_same("binary_crossentropy_derivative", z, truth)
    assert_same("forward", x, w, b)
    for loss in neuron.LOSSES:
        assert_same("total_loss", x, y, w, b, loss=loss)
        assert_same("gradient", x, y, w, b, loss=loss)
        assert_same("fit", x, y, w, b, loss=loss)  # the same defaults, too
        assert_same("fit", x, y, w, b, loss=loss, learning_rate=0.3, epochs=3, batch_size=4, seed=1)


# --- the pictures


@pytest.mark.parametrize("w, b", [([0, 0], 0), ([1, 1], 100), ([1e4, -1e4], 0)])
def test_boundaries_are_drawn_wherever_the_line_runs(w, b):
    from course_nn.plots.neuron import boundaries

    x, y = toy.xor()
    right = np.sum((forward(x, w, b) > 0.5) == y)
    picture = boundaries(x, y, [(w, b), (w, b)])
    assert picture.png().startswith(b"\x89PNG")
    assert f"{right} of 4 right; {right} of 4 right" in picture.alt
