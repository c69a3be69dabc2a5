"""The exercises of chapter 1: derivatives."""

import numpy as np

from course_nn import derivatives
from course_nn.checks.engine import Exercise
from course_nn.checks.functions import (
    cube,
    growth,
    line,
    product,
    sine,
    square,
    sum_of_cubes,
    sum_of_squares,
    surface,
)
from course_nn.i18n import N_


def differences(rng):
    """f, x, h: a step of 1 hides a missing h, so it comes with others."""
    yield square, 3.0, 1.0
    yield square, 3.0, 0.1
    yield line, 2.0, 0.5
    yield cube, 1.0, 0.1
    yield cube, -2.0, 0.5
    yield sine, 0.0, 0.1
    yield growth, 1.0, 0.25
    yield square, 3, 1e-3
    yield cube, np.array([1.0, 2.0, 3.0]), 0.1
    for function in (sine, growth, cube):
        yield function, rng.normal(size=(2, 3)).round(2), 0.01


forward_difference = Exercise(
    number="1.1",
    name="forward_difference",
    title=N_("The forward difference"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=derivatives.forward_difference,
    inputs=differences,
    rtol=1e-6,
    hints=(
        N_("A slope is a rise divided by a run. Write the rise first: which two values of f?"),
        N_("The run goes from x to x + h. How long is it?"),
        N_("Mind the order: / is computed before -, unless parentheses say otherwise."),
    ),
    why=N_(
        "The formula is the slope of the secant from x to x + h: the rise f(x + h) - f(x), divided "
        "by the run h. On a curve that bends upwards it is too steep by about h f''(x) / 2."
    ),
    mistakes={
        N_("The rise is not divided by the run, h."): lambda f, x, h: f(x + h) - f(x),
        N_("The order is turned round: f(x) - f(x + h) has the wrong sign."): lambda f, x, h: (
            (f(x) - f(x + h)) / h
        ),
        N_("Parentheses are missing: only f(x) is divided by h."): lambda f, x, h: (
            f(x + h) - f(x) / h
        ),
        N_("This is the central difference. The forward difference starts at x itself."): (
            lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h)
        ),
        N_("This steps back, from x - h to x. The forward difference goes from x to x + h."): (
            lambda f, x, h: (f(x) - f(x - h)) / h
        ),
        N_("The rise is divided by 2 h, but from x to x + h the run is h."): lambda f, x, h: (
            (f(x + h) - f(x)) / (2 * h)
        ),
    },
    rights=(
        lambda f, x, h: f(x + h) / h - f(x) / h,
        lambda f, x, h: np.subtract(f(np.add(x, h)), f(x)) * (1 / h),
        lambda f, x, h: -(f(x) - f(x + h)) / h,
    ),
)


central_difference = Exercise(
    number="1.2",
    name="central_difference",
    title=N_("The central difference"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=derivatives.central_difference,
    inputs=differences,
    rtol=1e-6,
    hints=(
        N_("The point lies in the middle now: one step to the left of x, one to the right."),
        N_("How far is it from x - h to x + h?"),
        N_("Mind the parentheses: a / 2 * h is (a / 2) * h."),
    ),
    why=N_(
        "The secant from x - h to x + h has the run 2 h. What makes the forward difference too steep "
        "on the right makes the other half too flat on the left, and the two errors cancel: what is "
        "left shrinks with h squared."
    ),
    mistakes={
        N_("The run is 2 h, and you divide by 2 alone. Some articles print it that way."): (
            lambda f, x, h: (f(x + h) - f(x - h)) / 2
        ),
        N_("You divide by h, but from x - h to x + h the run is 2 h."): lambda f, x, h: (
            (f(x + h) - f(x - h)) / h
        ),
        N_("/ 2 * h divides by 2 and multiplies by h. Put the product in parentheses."): (
            lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h
        ),
        N_("This is the forward difference: it starts at x. The central one starts at x - h."): (
            lambda f, x, h: (f(x + h) - f(x)) / h
        ),
        N_("The order is turned round: f(x - h) - f(x + h) has the wrong sign."): lambda f, x, h: (
            (f(x - h) - f(x + h)) / (2 * h)
        ),
        N_("The two values are added. A rise is their difference."): lambda f, x, h: (
            (f(x + h) + f(x - h)) / (2 * h)
        ),
        N_("The steps are half as long as asked: go from x - h to x + h."): lambda f, x, h: (
            (f(x + h / 2) - f(x - h / 2)) / h
        ),
    },
    rights=(
        lambda f, x, h: ((f(x + h) - f(x)) / h + (f(x) - f(x - h)) / h) / 2,
        lambda f, x, h: 0.5 / h * (f(x + h) - f(x - h)),
        lambda f, x, h: np.array((f(x + h) - f(x - h)) / h / 2),
    ),
)


def points(rng):
    """f, x, h: numbers of one axis, of two, and whole numbers in an array."""
    yield sum_of_squares, np.array([3.0]), 0.1
    yield sum_of_squares, np.array([1.0, 2.0]), 0.1
    yield surface, np.array([3.0, 4.0]), 0.1
    yield product, np.array([2.0, 3.0, 5.0]), 0.5
    yield sum_of_cubes, np.array([[1.0, 2.0], [3.0, 4.0]]), 0.1
    yield sum_of_squares, np.array([1, 2, 3]), 0.25
    for shape in ((4,), (2, 3), (1, 5)):
        yield product, rng.normal(size=shape).round(2), 0.01
        yield sum_of_cubes, rng.normal(size=shape).round(2), 0.01


def one_entry_at_a_time(f, x, h, step=lambda h: h, run=lambda h: 2 * h, dtype=float, put_back=True):
    """The textbook's loop, in which the known mistakes change one thing each."""
    x = np.array(x, dtype=dtype)
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        high = f(x)
        x[i] = old - step(h)
        low = f(x)
        if put_back:
            x[i] = old
        gradient[i] = (high - low) / run(h)
    return gradient


numerical_gradient = Exercise(
    number="1.3",
    name="numerical_gradient",
    title=N_("A gradient from numbers"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=derivatives.numerical_gradient,
    inputs=points,
    rtol=1e-6,
    hints=(
        N_("A gradient has a slope for each entry of x. So begin with an array of zeros like x."),
        N_("For one entry i it is a central difference in which only x[i] moves. What do the others do?"),
        N_("np.ndindex(x.shape) runs through the indices of an array of any shape."),
        N_("Whole numbers cut off what is added to them: work on a copy, np.array(x, dtype=float)."),
    ),
    why=N_(
        "Each entry moves alone while all others stand still: that is what a partial derivative "
        "means. The copy in float64 leaves the argument alone and lets h be added to whole numbers."
    ),
    mistakes={
        N_("All entries move at once, so every slope is that of the whole. Move one at a time."): (
            lambda f, x, h: np.full(np.shape(x), (f(x + h) - f(x - h)) / (2 * h))
        ),
        N_("The run from x[i] - h to x[i] + h is 2 h, and you divide by h."): lambda f, x, h: (
            one_entry_at_a_time(f, x, h, run=lambda h: h)
        ),
        N_("You divide by 2 and not by 2 h."): lambda f, x, h: (
            one_entry_at_a_time(f, x, h, run=lambda h: 2)
        ),
        N_("These are forward differences. Step to x[i] - h as well."): lambda f, x, h: (
            one_entry_at_a_time(f, x, h, step=lambda h: 0, run=lambda h: h)
        ),
        N_("After its turn an entry is not put back, so the next slope is taken elsewhere."): (
            lambda f, x, h: one_entry_at_a_time(f, x, h, put_back=False)
        ),
        N_("x holds whole numbers and cuts off the h that you add. Convert it to float first."): (
            lambda f, x, h: one_entry_at_a_time(f, x, h, dtype=None)
        ),
        N_("The gradient has the shape of x. Yours is flat."): lambda f, x, h: (
            one_entry_at_a_time(f, x, h).ravel()
        ),
    },
    rights=(
        one_entry_at_a_time,
        lambda f, x, h: np.array(
            [
                (f(x + h * e.reshape(x.shape)) - f(x - h * e.reshape(x.shape))) / (2 * h)
                for e in np.eye(x.size)
            ]
        ).reshape(x.shape),
        lambda f, x, h: derivatives.numerical_gradient(f, x, h).tolist(),
    ),
)

EXERCISES = [forward_difference, central_difference, numerical_gradient]
