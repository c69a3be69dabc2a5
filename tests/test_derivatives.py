import ast
import inspect
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_nn import derivatives
from course_nn.derivatives import (
    central_difference,
    forward_difference,
    gradient_check,
    jacobian,
    numerical_gradient,
)
from tests.support import ROOT

LESSON = ROOT / "lessons" / "01_derivatives" / "lesson.md"
EVERY_FUNCTION = (forward_difference, central_difference, numerical_gradient, jacobian)

moderate = st.floats(-10, 10)
vectors = arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=moderate)


def sum_of_squares(x):
    return np.sum(x**2)


# --- one variable


@pytest.mark.parametrize("difference, digits", [(forward_difference, 7), (central_difference, 9)])
@pytest.mark.parametrize(
    "f, x, slope",
    [
        (lambda x: x**2, 3.0, 6.0),
        (lambda x: 1 / x, 2.0, -0.25),
        (math.sin, 0.0, 1.0),
        (math.exp, 1.0, math.e),
        (math.log, 0.5, 2.0),
        (np.tanh, 0.0, 1.0),
        (lambda x: 1 / (1 + np.exp(-x)), 0.0, 0.25),
    ],
)
def test_known_slopes(difference, digits, f, x, slope):
    assert difference(f, x) == pytest.approx(slope, rel=10.0**-digits)


def test_slope_of_a_secant_by_hand():
    def square(x):
        return x * x

    assert forward_difference(square, 3, h=1) == 7  # (16 - 9) / 1
    assert central_difference(square, 3, h=1) == 6  # (16 - 4) / 2
    assert forward_difference(square, 3, h=0.5) == 6.5  # (12.25 - 9) / 0.5


@given(slope=moderate, offset=moderate, x=moderate)
def test_a_line_has_its_slope_everywhere(slope, offset, x):
    def line(x):
        return slope * x + offset

    assert central_difference(line, x, h=0.5) == pytest.approx(slope, abs=1e-12)
    assert forward_difference(line, x, h=0.5) == pytest.approx(slope, abs=1e-12)


@given(a=moderate, b=moderate, c=moderate, x=moderate)
def test_central_difference_of_a_parabola_is_exact_and_forward_is_off_by_a_h(a, b, c, x):
    def parabola(x):
        return a * x**2 + b * x + c

    exact = 2 * a * x + b
    assert central_difference(parabola, x, h=0.5) == pytest.approx(exact, abs=1e-10)
    assert forward_difference(parabola, x, h=0.5) - exact == pytest.approx(a * 0.5, abs=1e-10)


@pytest.mark.parametrize("difference, order", [(forward_difference, 1), (central_difference, 2)])
def test_halving_h_divides_the_error_by_two_to_the_order(difference, order):
    def error(h):
        return abs(difference(math.sin, 1.0, h) - math.cos(1.0))

    for h in (0.1, 0.05, 0.025):
        assert error(h) / error(h / 2) == pytest.approx(2**order, rel=0.05)


@pytest.mark.parametrize("difference", [forward_difference, central_difference])
def test_default_h_is_near_the_best_there_is(difference):
    def error(**h):
        return abs(difference(math.exp, 1.0, **h) - math.e)

    best = min(error(h=10.0**-k) for k in range(1, 15))
    assert error() <= 30 * best
    assert error(h=1e-14) > 1000 * error()


def test_an_array_gives_the_slope_at_each_entry():
    x = np.array([[0.0, 1.0], [2.0, 3.0]])
    for difference in (forward_difference, central_difference):
        slopes = difference(np.sin, x)
        assert slopes.shape == (2, 2)
        assert slopes == pytest.approx(np.cos(x), abs=1e-7)


@pytest.mark.parametrize("x", [3, np.int64(3), np.float32(3), np.array(3), np.uint8(3)])
def test_any_number_is_promoted_to_float64(x):
    assert forward_difference(lambda x: x**2, x) == pytest.approx(6, rel=1e-7)
    assert central_difference(lambda x: x**2, x) == pytest.approx(6, rel=1e-9)


def test_truth_values_and_bytes_count_as_numbers():
    assert central_difference(lambda x: x > 0, 0.0, h=0.5) == 1
    assert central_difference(lambda x: np.uint8(x < 0), 0.0, h=0.5) == -1  # not 255


def test_at_the_kink_of_relu_each_difference_has_its_own_answer():
    def relu(x):
        return np.maximum(x, 0)

    assert forward_difference(relu, 0.0) == 1
    assert central_difference(relu, 0.0) == 0.5


# --- several variables


def test_gradient_by_hand():
    def f(p):  # f(x, y) = x^2 y + y + 2, df/dx = 2 x y, df/dy = x^2 + 1
        return p[0] ** 2 * p[1] + p[1] + 2

    assert numerical_gradient(f, [3, 4]) == pytest.approx([24, 10], rel=1e-9)


@given(x=vectors)
def test_gradient_of_a_sum_of_squares_has_the_shape_of_x(x):
    gradient = numerical_gradient(sum_of_squares, x)
    assert gradient.shape == x.shape and gradient.dtype == np.float64
    assert gradient == pytest.approx(2 * x, abs=1e-6)


@given(A=arrays(np.float64, (3, 4), elements=moderate), x=arrays(np.float64, 4, elements=moderate))
def test_jacobian_of_a_linear_map_is_its_matrix(A, x):
    assert jacobian(lambda x: A @ x, x) == pytest.approx(A, abs=1e-7)


def test_jacobian_has_the_shape_of_f_then_of_x():
    x = np.arange(6.0).reshape(2, 3)
    J = jacobian(lambda x: x.T * 2, x)
    assert J.shape == (3, 2, 2, 3)
    for i, j in np.ndindex(3, 2):
        assert J[i, j, j, i] == pytest.approx(2) and np.sum(J[i, j]) == pytest.approx(2)


def test_jacobian_of_a_number_is_the_gradient():
    x = np.array([1.0, -2.0])
    assert np.array_equal(jacobian(sum_of_squares, x), numerical_gradient(sum_of_squares, x))
    assert jacobian(lambda t: np.array([t, t**2]), 3) == pytest.approx([1, 6])


def test_jacobian_of_a_view_of_x():
    assert jacobian(lambda x: x, [1.0, 2.0]) == pytest.approx(np.eye(2))
    assert jacobian(lambda x: x[::-1], [1.0, 2.0]) == pytest.approx(np.eye(2)[::-1])


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32, np.float64])
def test_x_of_any_type_is_promoted_and_left_alone(dtype):
    x = np.array([1, 2, 3], dtype=dtype)

    def f(x):
        x *= x  # a function that spoils its argument
        return x.sum()

    assert numerical_gradient(f, x) == pytest.approx([2, 4, 6], rel=1e-9)
    assert gradient_check(f, lambda x: np.multiply(x, 2, out=x), x)
    assert jacobian(f, x) == pytest.approx([2, 4, 6], rel=1e-9)
    assert x.tolist() == [1, 2, 3] and x.dtype == dtype


def test_gradient_check_gives_f_and_grad_an_x_of_their_own():
    def spoils(x):
        gradient = 2 * x
        x[:] = np.nan
        return gradient

    assert gradient_check(sum_of_squares, spoils, [1.0, 2.0])


def test_x_is_left_alone_when_f_raises():
    x = np.array([1.0, 2.0])

    def f(x):
        if x[1] != 2:
            raise RuntimeError("no")
        return x[0]

    for function in (numerical_gradient, jacobian):
        with pytest.raises(RuntimeError, match="no"):
            function(f, x)
    assert x.tolist() == [1, 2]


def test_a_view_and_an_empty_array():
    x = np.arange(12.0).reshape(3, 4)[::2, ::-1].T
    assert numerical_gradient(sum_of_squares, x) == pytest.approx(2 * x, abs=1e-8)
    assert numerical_gradient(sum_of_squares, np.empty((0, 2))).shape == (0, 2)


# --- gradient check


def test_gradient_check_passes_the_right_formula():
    result = gradient_check(sum_of_squares, lambda x: 2 * x, [[1, -2], [3, 0]])
    assert result and result.passed
    assert result.relative_error < 1e-9


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x,  # the 2 forgotten
        lambda x: -2 * x,  # downhill
        lambda x: 2 * np.abs(x),
        lambda x: 2 * x + [[0, 0], [0, 1e-4]],
        lambda x: 2 * x * (1 + 2e-6),
        lambda x: np.zeros_like(x),
        lambda x: x * np.nan,
        lambda x: np.full_like(x, np.inf),
    ],
)
def test_gradient_check_catches_a_wrong_formula(wrong):
    result = gradient_check(sum_of_squares, wrong, [[1.0, -2.0], [3.0, 0.5]])
    assert not result and not result.passed
    assert not result.relative_error <= 1e-6


def test_gradient_check_names_the_worst_entry():
    def wrong(x):
        gradient = 2 * x
        gradient[1, 0] *= 1.5
        return gradient

    result = gradient_check(sum_of_squares, wrong, [[10, 2], [3, 4]], h=2**-10)  # no rounding
    assert result.index == (1, 0)
    assert (result.analytic, result.numerical) == (9, 6)
    assert result.relative_error == 1 / 3  # |9 - 6| / max(9, 6)
    assert repr(result) == str(result) == (
        "Gradient check FAILED: largest relative error 3.3e-01, at x[1, 0], "
        "where the formula gives 9 and the numerical gradient 6."
    )  # fmt: skip


def test_gradient_check_names_a_nan_before_any_number():
    result = gradient_check(sum_of_squares, lambda x: np.array([1e6, np.nan, 0]), [1, 2, 3])
    assert result.index == (1,) and math.isnan(result.analytic)


def test_gradient_check_of_one_number():
    result = gradient_check(lambda x: x**3, lambda x: 3 * x**2, 2)
    assert result and result.index == ()
    assert str(result).startswith("Gradient check passed: largest relative error ")
    assert " at x, where the formula gives 12 and" in str(result)


def test_one_small_wrong_entry_among_large_ones_is_found():
    x = [100.0, 0.1]
    assert gradient_check(sum_of_squares, lambda x: 2 * x, x)
    assert not gradient_check(sum_of_squares, lambda x: 2 * x * [1, 1.001], x)


def test_a_gradient_that_drowns_in_round_off_does_not_fail():
    def f(x):  # 1e-13 in one entry, beside a loss of 1000
        return 1000 + x[0] + 1e-13 * x[1]

    assert gradient_check(f, lambda x: np.array([1, 1e-13]), [1.0, 1.0])
    assert gradient_check(lambda x: x**3, lambda x: 3 * x**2, 0.0)  # exactly 0, measured 1e-10


def test_tolerance_is_the_largest_error_that_passes():
    def slightly_wrong(x):
        return 2 * x * 1.001

    assert not gradient_check(sum_of_squares, slightly_wrong, [1.0, 2.0], tolerance=0.9e-3)
    assert gradient_check(sum_of_squares, slightly_wrong, [1.0, 2.0], tolerance=1.1e-3)


def test_gradient_check_of_a_network_with_thousands_of_weights():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(16, 50)), rng.normal(size=16)

    def split(w):
        return w[:-20].reshape(50, 20), w[-20:]

    def loss(w):
        W, v = split(w)
        return np.mean((np.tanh(X @ W) @ v - y) ** 2)

    def gradient(w):
        W, v = split(w)
        a = np.tanh(X @ W)
        d = 2 * (a @ v - y) / len(y)
        return np.concatenate([(X.T @ (np.outer(d, v) * (1 - a**2))).ravel(), a.T @ d])

    for scale in (0.01, 0.3, 3):  # vanishing, ordinary and saturated gradients
        w = scale * rng.normal(size=1020)
        assert gradient_check(loss, gradient, w)
        assert not gradient_check(loss, lambda w: gradient(w) * len(y), w)  # mean forgotten


def test_a_last_bit_that_differs_is_not_chance():
    last_bit = iter(np.arange(1e6) % 2 * 1e-15)
    assert gradient_check(lambda x: sum_of_squares(x) + next(last_bit), lambda x: 2 * x, [1.0, 2.0])


# --- what goes wrong, and what is said


@pytest.mark.parametrize("function", EVERY_FUNCTION)
@pytest.mark.parametrize("h", [0, -1e-5, math.nan, math.inf])
def test_h_must_be_positive(function, h):
    with pytest.raises(ValueError, match="h must be a small positive number, got"):
        function(np.sin, 1.0, h)


def test_h_that_is_lost_in_rounding():
    with pytest.raises(ValueError, match=r"x \+ h is x again for x = 1.e\+09, h = 1e-08"):
        forward_difference(np.sin, 1e9)
    with pytest.raises(ValueError, match="Take a larger h"):
        numerical_gradient(np.sum, [1.0, 1e12])


@pytest.mark.parametrize("x", [math.nan, [1.0, math.inf], [None]])
def test_x_must_be_finite(x):
    for function in EVERY_FUNCTION:
        with pytest.raises(ValueError, match="x must be finite, but it is"):
            function(np.sum, x)


@pytest.mark.parametrize("difference", [forward_difference, central_difference])
def test_one_value_for_each_entry_is_wanted(difference):
    with pytest.raises(ValueError, match=r"must have shape \(3,\), got \(\).*numerical_gradient"):
        difference(np.sum, np.ones(3))


@pytest.mark.parametrize("shape", [(1,), (3,), (1, 1)])
def test_a_gradient_wants_a_single_number(shape):
    with pytest.raises(ValueError, match=r"must have shape \(\), got .*take jacobian"):
        numerical_gradient(lambda x: np.ones(shape), np.ones(3))


def test_f_without_return_and_f_in_float32():
    with pytest.raises(TypeError, match="is None, of type object. Does f end in return"):
        central_difference(lambda x: None, 1.0)
    with pytest.raises(TypeError, match="type float32.* compute in float64"):
        numerical_gradient(lambda x: np.float32(x.sum()), np.ones(3))
    with pytest.raises(TypeError, match="must return float64 numbers"):
        central_difference(lambda x: "1", 1.0)


def test_f_must_be_finite_on_both_sides():
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=r"f\(-1.e-05\) is nan"):
        central_difference(np.sqrt, 0.0)
    with pytest.raises(ValueError, match="is inf"):
        numerical_gradient(lambda x: math.inf, [1.0])


def test_gradient_check_says_what_it_needs():
    x = np.ones(3)
    with pytest.raises(TypeError, match="grad must be a function, got ndarray"):
        gradient_check(np.sum, np.ones(3), x)
    with pytest.raises(ValueError, match=r"shape of x, \(3,\), .* it has \(3, 1\)"):
        gradient_check(np.sum, lambda x: np.ones((3, 1)), x)
    with pytest.raises(ValueError, match="at least one entry"):
        gradient_check(np.sum, lambda x: x, [])
    with pytest.raises(ValueError, match="tolerance must be positive, got 0"):
        gradient_check(np.sum, np.ones_like, x, tolerance=0)


def test_gradient_check_refuses_a_function_of_chance():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="for one x. Fix the seed"):
        gradient_check(lambda x: rng.random(), np.ones_like, np.ones(3))


# --- the lesson


def lesson_functions() -> dict:
    """The functions that the code cells of the lesson define, the last definition of each name."""
    cells = re.findall(
        r"^```python[^\n]*\n(.*?)^```", LESSON.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    namespace = {"np": np, "math": math}
    for cell in cells:
        for node in ast.parse(cell).body:
            if isinstance(node, ast.FunctionDef):
                exec(compile(ast.Module([node], []), "lesson", "exec"), namespace)
    return namespace


def test_the_lesson_builds_the_functions_of_the_package():
    lesson = lesson_functions()
    x = np.array([[0.3, -1.7], [2.5, 40.0]])
    formulas = [lambda x: 2 * x, lambda x: 2.1 * x, lambda x: x.T, lambda x: 0 * x]
    for name in ("forward_difference", "central_difference", "numerical_gradient", "jacobian"):
        ours, theirs = getattr(derivatives, name), lesson[name]
        f = sum_of_squares if name == "numerical_gradient" else np.sin
        for arguments in ((f, x), (f, x, 1e-3)):
            assert np.array_equal(ours(*arguments), theirs(*arguments)), name
        assert parameters(ours) == parameters(theirs)
    assert parameters(gradient_check) == parameters(lesson["gradient_check"])
    for grad in formulas:
        result = gradient_check(sum_of_squares, grad, x)
        passed, error = lesson["gradient_check"](sum_of_squares, grad, x)
        assert (result.passed, result.relative_error) == (passed, error)


def parameters(function) -> list:
    return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]
