import ast
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_nn import descent
from course_nn.derivatives import gradient_check
from course_nn.descent import (
    batches,
    gradient_descent,
    least_squares_line,
    line_mse,
    line_mse_gradient,
    standardize,
    stochastic_gradient_descent,
)
from tests.support import ROOT

LESSON = ROOT / "lessons" / "02_descent" / "lesson.md"

moderate = st.floats(-10, 10)
curvatures = st.floats(1e-3, 1e3)


def double(x):
    """The slope of x^2."""
    return 2 * x


def noisy_line(n=24, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 2, n)
    return x, 3 * x + 1 + rng.normal(size=n)


# --- the steps, by hand


def test_steps_on_a_parabola_by_hand():
    path = gradient_descent(double, 3, learning_rate=0.25, max_steps=3)
    assert path.points.tolist() == [3, 1.5, 0.75, 0.375]  # each step goes half of the way to 0
    assert (path.steps, path.end, path.stopped) == (3, 0.375, "steps")


def test_steps_in_two_variables_by_hand():
    path = gradient_descent(descent.bowl_gradient, (10, 1), learning_rate=0.125, max_steps=2)
    assert path.points.tolist() == [[10, 1], [8.75, -0.25], [7.65625, 0.0625]]


def test_steps_with_momentum_by_hand():
    path = gradient_descent(double, 4, learning_rate=0.25, momentum=0.5, max_steps=3, tolerance=0)
    # velocities -2, -1 - 1 = -2, -1 - 0 = -1
    assert path.points.tolist() == [4, 2, 0, -1]


def test_a_point_may_have_any_shape():
    start = np.arange(6.0).reshape(2, 3)
    path = gradient_descent(double, start, learning_rate=0.25, max_steps=2)
    assert path.points.shape == (3, 2, 3)
    np.testing.assert_array_equal(path.end, start / 4)


def test_a_point_without_dimensions_reaches_the_gradient_as_a_number():
    seen = []
    path = gradient_descent(lambda x: seen.append(x) or 2 * x, 3, max_steps=1)
    assert isinstance(seen[0], float) and isinstance(path.end, float)


def test_start_is_left_as_it_is():
    start = np.array([3.0, 4.0])
    gradient_descent(double, start)
    assert start.tolist() == [3, 4]


@given(start=arrays(float, 3, elements=moderate), rate=st.floats(0.01, 0.9))
def test_a_path_may_be_taken_in_two_parts(start, rate):
    whole = gradient_descent(double, start, learning_rate=rate, max_steps=7, tolerance=0)
    first = gradient_descent(double, start, learning_rate=rate, max_steps=3, tolerance=0)
    second = gradient_descent(double, first.end, learning_rate=rate, max_steps=4, tolerance=0)
    np.testing.assert_array_equal(whole.points, [*first.points, *second.points[1:]])


# --- the limit of the learning rate


@given(L=curvatures, part=st.floats(0.02, 0.98))
def test_below_the_limit_the_descent_arrives(L, part):
    path = gradient_descent(lambda x: L * x, 1, learning_rate=part * 2 / L, tolerance=0)
    assert path.stopped == "steps"
    assert abs(path.end) < 1e-8


@given(L=curvatures, part=st.floats(1.02, 100))
def test_above_the_limit_the_descent_diverges(L, part):
    path = gradient_descent(lambda x: L * x, 1, learning_rate=part * 2 / L, tolerance=0)
    assert path.stopped == "diverged"


@given(L=curvatures)
def test_at_the_limit_the_descent_jumps_to_and_fro(L):
    path = gradient_descent(lambda x: L * x, 1, learning_rate=2 / L, max_steps=100)
    np.testing.assert_allclose(path.points, [(-1) ** k for k in range(101)], rtol=1e-12)


@given(L=curvatures)
def test_half_of_the_limit_arrives_in_one_step(L):
    path = gradient_descent(lambda x: L * x, 1, learning_rate=1 / L, max_steps=1)
    assert path.end == pytest.approx(0, abs=1e-15)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 0.9]), st.booleans())
def test_the_limit_is_set_by_the_largest_curvature_and_raised_by_momentum(seed, momentum, above):
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    hessian = rotation @ np.diag([1, 3, 10]) @ rotation.T  # largest curvature 10
    limit = 2 * (1 + momentum) / 10  # Polyak (1964)
    path = gradient_descent(
        lambda p: hessian @ p,
        rotation.sum(axis=1),  # as far along each of the three directions
        learning_rate=limit * (1.05 if above else 0.95),
        momentum=momentum,
        max_steps=3000,
    )
    assert path.stopped == ("diverged" if above else "gradient")


# --- why it stops


def test_it_stops_at_a_small_gradient_and_not_before():
    path = gradient_descent(double, 1, learning_rate=0.25, tolerance=0.1)
    slopes = np.abs(2 * path.points)
    assert path.stopped == "gradient"
    assert slopes[-1] < 0.1 <= slopes[-2]
    assert path.steps == 5  # 2, 1, 0.5, 0.25, 0.125, 0.0625


def test_it_takes_no_step_from_where_the_gradient_is_zero():
    path = gradient_descent(descent.saddle_gradient, (0, 0))
    assert (path.steps, path.stopped) == (0, "gradient")


def test_the_norm_counts_all_coordinates():
    path = gradient_descent(lambda p: np.full(4, 0.6), np.zeros(4), tolerance=1, max_steps=1)
    assert path.stopped == "steps"  # each slope is below 1, their norm is 1.2


def test_it_stops_when_no_step_is_left():
    assert gradient_descent(double, 3, learning_rate=1e-3, max_steps=7).steps == 7
    none = gradient_descent(double, 3, max_steps=0)
    assert (none.points.tolist(), none.stopped) == ([3], "steps")


def test_it_stops_without_progress():
    path = gradient_descent(np.sign, 0.25, learning_rate=0.5, function=abs, patience=4)
    assert path.points.tolist() == [0.25, -0.25, 0.25, -0.25, 0.25]
    assert path.stopped == "progress"


def test_progress_now_and_then_is_progress():
    heights = iter([9, 10, 11, 8, 9, 9, 7, 7, 7, 7, 6])
    path = gradient_descent(lambda x: 1.0, 0, function=lambda x: next(heights), patience=3)
    assert (path.steps, path.stopped) == (9, "progress")  # 8 after 3 steps, 7 after 6, then none


def test_it_stops_where_it_diverges():
    path = gradient_descent(double, 3, learning_rate=1.5)
    assert path.stopped == "diverged"
    assert abs(path.points[-2]) < 1e12 <= abs(path.end)


@pytest.mark.parametrize("slope", [np.nan, np.inf, -np.inf])
def test_a_slope_that_is_no_number_is_divergence(slope):
    path = gradient_descent(lambda x: slope, 3)
    assert (path.steps, path.stopped) == (1, "diverged")


def test_overflow_is_divergence_and_no_warning():
    path = gradient_descent(np.exp, 1, learning_rate=-np.log(1e-300))
    assert path.stopped == "gradient"  # one step, down to where exp is 0
    path = gradient_descent(lambda x: -np.exp(x), 1, learning_rate=1e3)
    assert path.stopped == "diverged"


# --- landscapes


@pytest.mark.parametrize("name", ["bowl", "valley", "saddle"])
@given(p=arrays(float, 2, elements=st.floats(-2, 2)))
def test_gradients_of_the_landscapes(name, p):
    function, formula = getattr(descent, name), getattr(descent, f"{name}_gradient")
    # The valley's third derivative, up to 4800, leaves 4e-8 in a difference where its slope is 0.
    assert gradient_check(function, formula, p, tolerance=1e-4)


@given(x=st.floats(-3, 3))
def test_slope_of_the_two_minima(x):
    assert gradient_check(descent.two_minima, descent.two_minima_slope, x)


@pytest.mark.parametrize(
    "name, lowest, value",
    [
        ("bowl", (0, 0), 0),
        ("valley", (1, 1), 0),
        ("saddle", (0, 1), -0.25),
        ("saddle", (0, -1), -0.25),
    ],
)
def test_lowest_points_of_the_landscapes(name, lowest, value):
    function = getattr(descent, name)
    assert function(lowest) == value
    assert getattr(descent, f"{name}_gradient")(lowest).tolist() == [0, 0]
    around = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    assert min(function(p) for p in around) > value


def test_the_start_decides_between_two_minima():
    left, right = (
        gradient_descent(descent.two_minima_slope, start, learning_rate=0.01).end
        for start in (0.1, 0.2)
    )
    assert left == pytest.approx(-1.3008396, abs=1e-6)
    assert right == pytest.approx(1.1309011, abs=1e-6)
    assert descent.two_minima(left) < descent.two_minima(right)


def test_a_saddle_is_reached_from_its_ridge_only():
    def end(y):
        return gradient_descent(descent.saddle_gradient, (2, y)).end

    np.testing.assert_allclose(end(0), [0, 0], atol=1e-5)
    np.testing.assert_allclose(end(1e-9), [0, 1], atol=1e-5)
    np.testing.assert_allclose(end(-1e-9), [0, -1], atol=1e-5)


# --- momentum


def test_momentum_makes_the_step_on_a_steady_slope_longer_by_1_over_1_minus_momentum():
    points = gradient_descent(lambda x: 1.0, 0, learning_rate=0.01, momentum=0.9).points
    assert np.diff(points)[-1] == pytest.approx(-0.1)


@given(st.floats(0.001, 0.1), st.floats(0, 0.99), arrays(float, 2, elements=moderate))
def test_momentum_is_the_heavy_ball(rate, momentum, start):
    path = gradient_descent(
        descent.bowl_gradient,
        start,
        learning_rate=rate,
        momentum=momentum,
        max_steps=20,
        tolerance=0,
    )
    for before, x, after in zip(path.points, path.points[1:], path.points[2:]):
        ball = x - rate * descent.bowl_gradient(x) + momentum * (x - before)  # Polyak (1964), eq. 9
        np.testing.assert_allclose(after, ball, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("momentum", [0, 0.5, 0.9])
def test_same_path_as_pytorch(momentum):
    torch = pytest.importorskip("torch")
    p = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=0.001, momentum=momentum)
    points = [p.detach().numpy().copy()]
    for step in range(50):
        optimizer.zero_grad()
        descent.valley(p).backward()
        optimizer.step()
        points.append(p.detach().numpy().copy())
    path = gradient_descent(
        descent.valley_gradient, (-1.2, 1), learning_rate=0.001, momentum=momentum, max_steps=50
    )
    np.testing.assert_allclose(path.points, points, rtol=1e-9)


# --- a line through data


def test_mse_of_a_line_and_its_gradient_by_hand():
    # y = 2 x + 1 at 1 and 3 is 3 and 7; errors 1 and -1
    assert line_mse((2, 1), [1, 3], [2, 8]) == 1
    assert line_mse_gradient((2, 1), [1, 3], [2, 8]).tolist() == [-2, 0]  # mean(2, -6), mean(2, -2)


@given(w=arrays(float, 2, elements=moderate))
def test_gradient_of_the_mse_of_a_line(w):
    x, y = noisy_line()
    assert gradient_check(lambda w: line_mse(w, x, y), lambda w: line_mse_gradient(w, x, y), w)


def test_least_squares_by_hand():
    # means 2 and 4; m = (1 * 2 + 0 + 1 * 1) / 2
    np.testing.assert_allclose(least_squares_line([1, 2, 3], [2, 5, 5]), [1.5, 1])


@given(w=arrays(float, 2, elements=moderate), seed=st.integers(0, 1000))
def test_least_squares_finds_the_line_and_agrees_with_numpy(w, seed):
    x = np.random.default_rng(seed).normal(size=10)
    np.testing.assert_allclose(least_squares_line(x, w[0] * x + w[1]), w, atol=1e-9)
    y = np.random.default_rng(seed + 1).normal(size=10)
    np.testing.assert_allclose(least_squares_line(x, y), np.polyfit(x, y, 1), atol=1e-9)


def test_descent_arrives_at_least_squares():
    x, y = noisy_line()
    path = gradient_descent(lambda w: line_mse_gradient(w, x, y), (0, 0), max_steps=5000)
    assert path.stopped == "gradient"
    np.testing.assert_allclose(path.end, least_squares_line(x, y), atol=1e-5)


def test_on_a_standardized_input_one_step_of_one_half_is_enough():
    x, y = noisy_line()
    z, mean, std = standardize(x)
    path = gradient_descent(
        lambda w: line_mse_gradient(w, z, y), (0, 0), learning_rate=0.5, max_steps=1
    )
    m, c = path.end
    np.testing.assert_allclose([m / std, c - m * mean / std], least_squares_line(x, y))


# --- standardizing


def test_standardize_by_hand():
    z, mean, std = standardize([1, 3])
    assert (z.tolist(), mean, std) == ([-1, 1], 2, 1)


def test_standardize_goes_by_columns():
    z, mean, std = standardize([[1, 10], [3, 30], [5, 20]])
    assert mean.tolist() == [3, 20]
    np.testing.assert_allclose(std, np.sqrt([8 / 3, 200 / 3]))
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(z.std(axis=0), 1)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 + 0.1])
def test_a_constant_column_becomes_zero(value):
    x = np.column_stack([np.full(10, value), np.arange(10)])
    z, mean, std = standardize(x)
    assert np.all(z[:, 0] == 0) and (mean[0], std[0]) == (value, 1)
    assert z[:, 1].std() == pytest.approx(1)


@given(arrays(float, (5, 2), elements=st.integers(-80, 80).map(lambda eighths: eighths / 8)))
def test_standardize_can_be_undone(x):
    before = x.copy()
    z, mean, std = standardize(x)
    np.testing.assert_allclose(z * std + mean, x, atol=1e-12)
    np.testing.assert_array_equal(x, before)


# --- batches and stochastic descent


@given(n=st.integers(1, 100), size=st.integers(1, 120), seed=st.integers(0, 100))
def test_batches_hold_every_index_once(n, size, seed):
    cut = batches(n, size, np.random.default_rng(seed))
    assert sorted(np.concatenate(cut)) == list(range(n))
    assert [len(batch) for batch in cut[:-1]] == [size] * (len(cut) - 1)
    assert 1 <= len(cut[-1]) <= size


def test_every_epoch_has_its_own_order_and_every_seed_repeats():
    rng, again = np.random.default_rng(0), np.random.default_rng(0)
    first, second = batches(50, 50, rng)[0], batches(50, 50, rng)[0]
    assert first.tolist() == batches(50, 50, again)[0].tolist() != second.tolist()
    assert first.tolist() != list(range(50))


def test_stochastic_descent_with_one_batch_is_gradient_descent():
    x, y = noisy_line()
    one = stochastic_gradient_descent(line_mse_gradient, (0, 0), x, y, batch_size=24, epochs=20)
    whole = gradient_descent(lambda w: line_mse_gradient(w, x, y), (0, 0), max_steps=20)
    np.testing.assert_allclose(one.points, whole.points)  # but for the order of the sums


def test_stochastic_descent_takes_a_step_for_each_batch():
    seen = []

    def gradient(w, x, y):
        seen.append((x.tolist(), y.tolist()))
        return np.mean(x)

    x = np.arange(5.0)
    path = stochastic_gradient_descent(gradient, 0, x, -x, epochs=3, batch_size=2, learning_rate=1)
    assert path.steps == len(seen) == 9
    assert [len(batch) for batch, same in seen] == [2, 2, 1] * 3
    assert all(same == [-value for value in batch] for batch, same in seen)
    for epoch in range(3):
        drawn = [value for batch, same in seen[3 * epoch : 3 * epoch + 3] for value in batch]
        assert sorted(drawn) == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(-np.diff(path.points), [np.mean(batch) for batch, same in seen])


def test_stochastic_descent_comes_near_and_repeats():
    x, y = noisy_line(1000)
    path, again, other = (
        stochastic_gradient_descent(
            line_mse_gradient, (0, 0), x, y, batch_size=10, learning_rate=0.02, seed=seed
        )
        for seed in (1, 1, 2)
    )
    np.testing.assert_allclose(path.end, least_squares_line(x, y), atol=0.2)
    np.testing.assert_array_equal(path.points, again.points)
    assert not np.array_equal(path.end, other.end)


def test_stochastic_descent_notices_divergence():
    x, y = noisy_line()
    path = stochastic_gradient_descent(line_mse_gradient, (0, 0), x, y, learning_rate=2, epochs=99)
    assert path.stopped == "diverged"
    assert path.steps < 99 * 24


# --- what a learner may get wrong


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"learning_rate": 0}, "learning_rate=0, momentum=0.0. The learning rate must be positive"),
        ({"learning_rate": -0.1}, "learning_rate=-0.1"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"momentum": 1}, "momentum=1.*below 1"),
        ({"momentum": -0.1}, "momentum=-0.1"),
        ({"start": np.nan}, "start must be finite, got nan"),
        ({"gradient": lambda x: None}, "one slope for each coordinate.*returned None"),
        ({"gradient": lambda x: [1.0, 2.0]}, re.escape("in the shape () of the point")),
        ({"start": [1, 2], "gradient": lambda x: 1.0}, re.escape("in the shape (2,)")),
    ],
)
def test_bad_arguments_of_a_descent(arguments, said):
    with pytest.raises(ValueError, match=said):
        gradient_descent(**{"gradient": double, "start": 1.0, **arguments})


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: batches(0, 1, np.random.default_rng(0)), "n=0, batch_size=1: both must be"),
        (lambda: batches(5, 0, np.random.default_rng(0)), "batch_size=0"),
        (lambda: standardize([]), r"shape \(0,\).*Give at least one row"),
        (lambda: standardize([1, np.nan, np.inf]), "2 entries that are NaN or infinite"),
        (lambda: least_squares_line([2, 2], [1, 3]), "All x are 2.0"),
        (
            lambda: line_mse((1, 0), np.ones(3), np.ones((3, 1))),
            r"x has shape \(3,\), y has \(3, 1\)",
        ),
        (lambda: line_mse_gradient((1, 0), np.ones(3), np.ones((3, 1))), "same shape"),
        (
            lambda: stochastic_gradient_descent(line_mse_gradient, (0, 0), [1, 2], [1]),
            "x holds 2 examples, y holds 1",
        ),
        (
            lambda: stochastic_gradient_descent(
                line_mse_gradient, (0, 0), [1], [1], learning_rate=0
            ),
            "learning_rate=0",
        ),
    ],
)
def test_bad_data(call, said):
    with pytest.raises(ValueError, match=said):
        call()


# --- the lesson


def lesson_functions() -> dict:
    """The functions that the code cells of the lesson define."""
    source = LESSON.read_text(encoding="utf-8")
    namespace = {"np": np}
    for cell in re.findall(r"^```python[^\n]*\n(.*?)^```", source, re.MULTILINE | re.DOTALL):
        for node in ast.parse(cell).body:
            if isinstance(node, ast.FunctionDef):
                exec(compile(ast.Module([node], []), "lesson", "exec"), namespace)
    return namespace


def test_the_lesson_builds_the_descent_of_the_package():
    lesson = lesson_functions()
    start = np.array([-1.2, 1])
    plain = gradient_descent(descent.valley_gradient, start, learning_rate=1e-3, max_steps=50)
    ball = gradient_descent(
        descent.valley_gradient, start, learning_rate=1e-3, momentum=0.9, max_steps=50
    )
    theirs = lesson["descend"](descent.valley_gradient, start, 1e-3, 50)
    np.testing.assert_array_equal(theirs, plain.points)
    theirs = lesson["roll"](descent.valley_gradient, start, 1e-3, 0.9, 50)
    np.testing.assert_array_equal(theirs, ball.points)


@pytest.mark.parametrize("start", [3, np.array([3.0, -4.0])])
@pytest.mark.parametrize("arguments", [(), (1e-3,), (1.1,), (0.1, 5), (0.1, 100, 1e-2), (0.5, 0)])
def test_the_lesson_stops_where_the_package_stops(start, arguments):
    names = ("learning_rate", "max_steps", "tolerance")
    path = gradient_descent(double, start, **dict(zip(names, arguments)))
    points, stopped = lesson_functions()["descend_until"](double, start, *arguments)
    assert stopped == path.stopped
    np.testing.assert_array_equal(points, path.points)


def test_the_lesson_fits_the_line_of_the_package():
    lesson = lesson_functions()
    x, y = noisy_line()
    assert lesson["line_mse"]((2, 3), x, y) == line_mse((2, 3), x, y)
    theirs = lesson["line_mse_gradient"]((2, 3), x, y)
    np.testing.assert_array_equal(theirs, line_mse_gradient((2, 3), x, y))
    np.testing.assert_allclose(lesson["least_squares_line"](x, y), least_squares_line(x, y))
    for data in (x, np.column_stack([x, y])):
        for ours, theirs in zip(standardize(data), lesson["standardize"](data), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_lesson_cuts_the_batches_of_the_package():
    lesson = lesson_functions()
    ours = batches(10, 4, np.random.default_rng(3))
    theirs = lesson["batches"](10, 4, np.random.default_rng(3))
    assert [batch.tolist() for batch in ours] == [batch.tolist() for batch in theirs]
    data, how = noisy_line(), {"learning_rate": 0.05, "epochs": 3, "batch_size": 5, "seed": 7}
    points = lesson["stochastic_gradient_descent"](line_mse_gradient, (0, 0), *data, **how)
    path = stochastic_gradient_descent(line_mse_gradient, (0, 0), *data, **how)
    np.testing.assert_array_equal(points, path.points)


# --- the pictures


def pictures():
    plots = pytest.importorskip("course_nn.plots.descent")
    x, y = noisy_line()
    line = gradient_descent(lambda w: line_mse_gradient(w, x, y), (0, 0), max_steps=5).points
    curve = gradient_descent(double, 3, max_steps=4).points
    bent = gradient_descent(descent.valley_gradient, (-1.2, 1), learning_rate=1e-3, max_steps=6)
    window = (-2, 2, -1, 2)

    def loss(w):
        return line_mse(w, x, y)

    yield plots.curve(np.square, curve), ["From 3 in 4 steps to 1.23"]
    yield plots.curve(np.square, curve, -curve), ["From 3", "From -3 in 4 steps to -1.23"]
    rates = dict.fromkeys((0.1, 0.2, 0.3, 0.4), curve)
    yield plots.learning_rates(np.square, rates), ["Rate 0.4: after 4 steps at 1.23"]
    yield plots.rate_limit([0.1, 0.5, 0.9], [70, 1, 70], 1.0), ["from 70 to 1", "wall at 1."]
    yield plots.landscape(descent.bowl, window), ["contour lines"]
    yield plots.contours(descent.valley, bent.points, window=window), ["From (-1.2, 1) in 6 steps"]
    both = (bent.points, -bent.points)
    yield plots.contours(descent.valley, *both, window=window, lowest=(1, 1)), ["From (1.2, -1)"]
    yield plots.galaxies(x, y, (454.2, -40.8)), ["24 galaxies", "slope 454 km/s"]
    yield plots.standardizing((loss, line), (loss, line[:3])), ["for 5 steps", "2 steps lead"]
    yield plots.batch_sizes(loss, {24: line, 6: line[:4]}), ["Batches of 6: 3 steps"]
    yield (
        plots.momentum(descent.valley, {0: bent.points, 0.9: bent.points}, window),
        ["Momentum 0.9"],
    )


def test_every_picture_says_what_it_shows():
    for picture, said in pictures():
        assert picture.png(dpi=40).startswith(b"\x89PNG")
        assert all(part in picture.alt for part in said), picture.alt
        for axes in picture.axes:
            assert axes.get_title(loc="left") or axes.get_title()
            assert axes.get_xlabel() or axes not in picture.axes[-1:]
