import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_nn import activations
from course_nn.activations import (
    ACTIVATIONS,
    leaky_relu,
    leaky_relu_backward,
    linear,
    relu,
    relu_backward,
    sigmoid,
    softmax,
    softmax_backward,
    tanh,
)
from course_nn.derivatives import gradient_check

EVERY = list(ACTIVATIONS.values())
names = [activation.name for activation in EVERY]
every_activation = pytest.mark.parametrize("activation", EVERY, ids=names)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])

rows = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(-1e4, 1e4),
)


# --- by hand


def test_values_by_hand():
    z = np.array([-math.log(3), 0, math.log(3)])
    assert linear(z) == pytest.approx(z)
    assert sigmoid(z) == pytest.approx([0.25, 0.5, 0.75])  # 1 / (1 + 3), 1 / 2, 1 / (1 + 1/3)
    assert tanh(z) == pytest.approx([-0.8, 0, 0.8])  # (3 - 1/3) / (3 + 1/3)
    assert relu([-2.0, 0.0, 3.0]) == pytest.approx([0, 0, 3])
    assert leaky_relu(np.array([-2.0, 0.0, 3.0])) == pytest.approx([-0.4, 0, 3])
    assert softmax(np.log([[1, 2, 5], [3, 3, 3]])) == pytest.approx(
        np.array([[1 / 8, 2 / 8, 5 / 8], [1 / 3, 1 / 3, 1 / 3]])
    )


def test_derivatives_by_hand():
    dy = np.array([1.0, 10.0, 100.0])
    for name, y, dz in [
        ("linear", [-2, 0, 3], [1, 10, 100]),
        ("sigmoid", [0.25, 0.5, 1], [0.1875, 2.5, 0]),  # y (1 - y)
        ("tanh", [-0.5, 0, 1], [0.75, 10, 0]),  # 1 - y^2
        ("relu", [0, 2, 3], [0, 10, 100]),
        ("leaky_relu", [-0.4, 0, 3], [0.2, 2, 100]),
        ("softmax", [0.5, 0.25, 0.25], [-13.5, -4.5, 18]),  # y (dy - 28), 28 = sum dy y
        ("relu6", [0, 6, 3], [0, 0, 100]),
        ("elu", [-0.5, 0, 3], [0.5, 10, 100]),  # y + 1
        ("softsign", [-0.5, 0, 0.9], [0.25, 10, 1]),  # (1 - |y|)^2
        ("exponential", [0.5, 1, 2], [0.5, 10, 200]),
        ("hard_sigmoid", [0, 0.5, 1], [0, 10 / 6, 0]),
        ("log_sigmoid", [-math.log(2), 0, -math.log(4)], [0.5, 0, 75]),  # 1 - e^y
        ("log_softmax", np.log([0.5, 0.25, 0.25]), [-54.5, -17.75, 72.25]),  # dy - 111 e^y
    ]:
        assert ACTIVATIONS[name].backward(dy, np.array(y)) == pytest.approx(dz), name


def test_derivatives_of_the_input_by_hand():
    dy = np.array([1.0, 10.0, 100.0])
    for name, z, dz in [
        ("silu", [0, 0, 100], [0.5, 5, 100]),  # sigmoid(0), and 1 far above
        ("hard_silu", [-4, 0, 3], [0, 5, 100]),
        ("gelu", [0, -40, 40], [0.5, 0, 100]),
        ("mish", [0, -40, 40], [0.6, 0, 100]),  # tanh(log 2) = 3 / 5
        ("tanh_shrink", [0, 0, 40], [0, 0, 100]),
    ]:
        assert ACTIVATIONS[name].backward(dy, np.array(z, float)) == pytest.approx(dz), name


def test_values_of_the_smooth_ones_by_hand():
    z, s = np.array([-math.log(3), 0, math.log(3)]), np.array([0.25, 0.5, 0.75])
    assert activations.silu(z) == pytest.approx(z * s)
    assert activations.swish is activations.silu
    assert activations.mish([0, math.log(2)]) == pytest.approx([0, 0.8 * math.log(2)])
    assert activations.gelu([0, 1]) == pytest.approx([0, 0.841344746])  # Phi(1)
    assert activations.gelu([0, 1], approximate=True) == pytest.approx([0, 0.841192])
    assert activations.log_softmax(np.log([1, 2, 5])) == pytest.approx(
        np.log([1 / 8, 1 / 4, 5 / 8])
    )
    assert activations.hard_sigmoid([-3, -1.5, 0, 9]) == pytest.approx([0, 0.25, 0.5, 1])


# --- each derivative belongs to its function


@every_activation
def test_gradient(activation):
    rng = np.random.default_rng(1)
    z, dy = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))

    def weighted_sum(z):
        return np.vdot(dy, activation.forward(z))

    check = gradient_check(
        weighted_sum, lambda z: activation.slope(dy, z, activation.forward(z)), z
    )
    assert check, check


@given(arrays(np.float64, (3, 4), elements=st.sampled_from([0.0, 0.5, 2.0])))
def test_relu_passes_no_gradient_where_its_output_is_zero(y):
    """The mask ``y >= 0`` is always true; it still trains, and is wrong."""
    dy = np.full((3, 4), 7.0)
    dz = relu_backward(dy, y)
    assert np.all(dz[y == 0] == 0)
    assert np.all(dz[y > 0] == 7)


def test_at_the_kink_the_slope_is_that_of_the_left():
    one, zero = np.ones(1), np.zeros(1)
    assert relu_backward(one, relu(zero)) == 0
    assert leaky_relu_backward(one, leaky_relu(zero)) == 0.2


# --- properties


@given(rows)
def test_softmax_rows_are_probabilities_in_the_order_of_the_logits(z):
    y = softmax(z)
    assert y.sum(axis=1) == pytest.approx(np.ones(len(z)))
    assert np.all(y >= 0)
    assert np.all(
        np.take_along_axis(y, z.argmax(axis=1)[:, np.newaxis], 1) == y.max(1, keepdims=True)
    )


@given(rows, st.floats(-1000, 1000))
def test_softmax_does_not_see_a_number_added_to_all_logits(z, shift):
    assert softmax(z + shift) == pytest.approx(softmax(z), abs=1e-9)


@given(rows, arrays(np.float64, 6, elements=st.floats(-1000, 1000)))
def test_softmax_does_not_see_another_number_added_to_each_row(z, shifts):
    assert softmax(z + np.resize(shifts, (len(z), 1))) == pytest.approx(softmax(z), abs=1e-9)


@given(rows)
def test_softmax_gradient_of_a_row_sums_to_zero(z):
    dy = np.arange(z.size, dtype=float).reshape(z.shape)
    assert softmax_backward(dy, softmax(z)).sum(axis=1) == pytest.approx(0, abs=1e-9)


@given(st.floats(-80, 80))
def test_sigmoid_is_odd_around_one_half_and_half_a_tanh(z):
    assert sigmoid(z) + sigmoid(-z) == pytest.approx(1)
    assert sigmoid(z) == pytest.approx((1 + math.tanh(z / 2)) / 2, abs=1e-15)


# --- numbers that break the textbook form


@every_dtype
@every_activation
def test_finite_for_huge_logits(activation, dtype):
    z = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [3, 2, 1]], dtype)
    if activation.name == "exponential":  # infinite by its definition
        z = z.clip(max=80)
    y = activation.forward(z)
    assert np.all(np.isfinite(y))
    assert np.all(np.isfinite(activation.slope(np.ones_like(z), z, y)))


@every_dtype
def test_softmax_of_huge_logits_by_hand(dtype):
    """The last row lies 20,000 below the first: no row may vanish."""
    z = np.array([[1e4, -1e4], [0, 0], [-1e4, -1e4 + math.log(3)]], dtype)
    y = softmax(z)
    assert y == pytest.approx(np.array([[1, 0], [0.5, 0.5], [0.25, 0.75]]), abs=1e-4)


def test_softmax_of_rows_just_below_where_the_shift_goes_by_rows():
    z = np.array([[0, -79.5], [-79.0, -79.0]], np.float32)
    assert softmax(z)[1] == pytest.approx([0.5, 0.5])
    assert softmax(z)[0] == pytest.approx([1, math.exp(-79.5)])


def test_sigmoid_saturates_without_leaving_float32():
    z = np.array([-1e4, -88, -50, 50, 1e4], np.float32)
    assert sigmoid(z) == pytest.approx([0, 0, math.exp(-50), 1, 1], rel=1e-5, abs=1e-37)


# --- types and memory


@every_dtype
@every_activation
def test_dtype_stays(activation, dtype):
    z = np.linspace(-1, 1, 6, dtype=dtype).reshape(2, 3)
    y = activation.forward(z)
    assert y.dtype == z.dtype
    assert activation.slope(z, z, y).dtype == z.dtype


@every_activation
def test_out_receives_the_result_and_may_be_the_input(activation):
    z = np.random.default_rng(0).normal(size=(3, 4))
    kept, y, out = z.copy(), activation.forward(z), np.empty_like(z)
    assert np.array_equal(z, kept)  # without out the input stays as it is
    assert activation.forward(z, out=out) is out
    assert np.array_equal(out, y)
    assert activation.forward(z, out=z) is z
    assert np.array_equal(z, y)

    dy, seen = kept, kept if activation.from_input else y
    dz = activation.backward(dy, seen)
    assert activation.backward(dy, seen, out=out) is out
    assert np.array_equal(out, dz)
    assert np.array_equal(dy, kept) and np.array_equal(z, y)


@every_activation
def test_whole_numbers_and_lists_are_taken_as_they_come(activation):
    whole = activation.forward([[1, -2, 3]])
    assert whole == pytest.approx(activation.forward(np.array([[1.0, -2.0, 3.0]])))
    assert np.array_equal(whole, activation.forward(np.array([[1, -2, 3]])))


@pytest.mark.parametrize("function", [linear, sigmoid, tanh, relu, leaky_relu])
def test_a_single_number_gives_a_single_number(function):
    assert np.shape(function(2)) == ()
    assert function(2) == pytest.approx(function(np.array([2.0]))[0])


def test_softmax_of_one_row_without_a_batch():
    assert softmax(np.log([1.0, 3.0])) == pytest.approx([0.25, 0.75])


def test_no_activation_is_linear():
    assert activations.get(None) is activations.get("linear")
    assert [activations.get(name).name for name in names] == names
    assert activations.get("swish") is ACTIVATIONS["silu"]


def test_logits_are_shifted_before_their_exponentials_leave_the_normal_numbers():
    small, large = np.float32([[39.9, -39.9]]), np.float32([[40.1, -40.1]])
    assert activations.shifted(small) is small
    np.testing.assert_allclose(activations.shifted(large), [[0, -80.2]], rtol=1e-6)
    tiny = np.finfo(np.float32).tiny
    assert np.all(np.exp(activations.shifted(small)) > tiny)


# --- with arguments, and of one's own


WITH_ARGUMENTS = [
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 1.0}),
    ("relu", {"negative_slope": 0.5, "max_value": 1.0, "threshold": 0.25}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
]


@pytest.mark.parametrize("name, arguments", WITH_ARGUMENTS, ids=str)
def test_gradient_with_arguments(name, arguments):
    test_gradient(ACTIVATIONS[name].having(**arguments))


def test_an_activation_with_arguments_comes_back_from_its_config():
    z = np.linspace(-2, 2, 9)
    for name, arguments in WITH_ARGUMENTS:
        activation = ACTIVATIONS[name].having(**arguments)
        again = activations.get(activations.config(activation))
        assert np.array_equal(again.forward(z), activation.forward(z))
    assert activations.get({"leaky_relu": 0.3}).forward([-1.0]) == -0.3  # as older files hold it


def test_relu_with_arguments_by_hand():
    z = [-2.0, 0.5, 1.0, 9.0]
    assert activations.relu(z, max_value=6) == pytest.approx([0, 0.5, 1, 6])
    assert activations.relu(z, 0.5, 6, threshold=1) == pytest.approx([-1.5, -0.25, 1, 6])


@pytest.mark.parametrize(
    "activation", [a for a in EVERY if "relu" not in a.name], ids=lambda a: a.name
)
def test_the_measured_derivative_of_a_function_is_that_of_the_formula(activation):
    """Also where each output answers to a whole row. At kinks, which the random numbers miss, it lies between."""
    rng = np.random.default_rng(3)
    z, dy = rng.normal(size=(2, 6, 5)) * 2
    own = activations.get(lambda z: activation.forward(z))
    y = own.forward(z)
    assert np.array_equal(y, activation.forward(z))
    assert own.backward(dy, z) == pytest.approx(activation.slope(dy, z, y), 1e-8, 1e-9)


def test_a_function_that_computes_in_float32_is_measured_more_coarsely():
    z = np.random.default_rng(3).normal(size=(6, 5)).astype("float32")
    own = activations.get(lambda z: np.tanh(z.astype("float32")))
    assert own.backward(np.ones_like(z), z) == pytest.approx(1 - np.tanh(z) ** 2, abs=1e-3)
    assert own.forward(z).dtype == own.backward(z, z).dtype == z.dtype


def test_a_function_called_like_one_of_ours_is_not_taken_for_it():
    def sigmoid(z):
        return z

    assert activations.get(sigmoid).name == "own sigmoid"
    assert activations.get(activations.sigmoid) is ACTIVATIONS["sigmoid"]
    assert activations.get(np.tanh).name == "own tanh"
