"""The exercises of chapter 1: derivatives."""

import numpy as np

from course_nn import derivatives
from course_nn.checks.registry import exercise
from course_nn.i18n import N_
from course_nn.inside.functions import (
    cube,
    growth,
    line,
    product,
    sine,
    square,
    square_slope,
    sum_of_cubes,
    sum_of_cubes_gradient,
    sum_of_squares,
    surface,
    surface_gradient,
    surface_gradient_without_1,
)

STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # what is often taken in place of the h that is given


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
    yield cube, np.array([[-3, 0], [1, 2]]), 0.25  # whole numbers, slopes that are none
    yield square, np.array([-3000.0, 4000.0]), 0.5
    yield square, np.array([2e-4, -3e-4]), 1e-4
    yield sine, rng.normal(size=24).round(2), 0.1
    for function in (sine, growth, cube):
        yield function, rng.normal(size=(2, 3)).round(2), 0.01


forward_difference = exercise(
    number="1.1",
    name="forward_difference",
    title=N_("The forward difference"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=derivatives.forward_difference,
    inputs=differences,
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
        N_("The rise is multiplied by h. Divide it by the run."): lambda f, x, h: (
            (f(x + h) - f(x)) * h
        ),
        N_("The rise is divided by x. Divide it by the run, which is h."): lambda f, x, h: (
            (f(x + h) - f(x)) / x
        ),
        N_("f(x) is not subtracted: a slope needs the difference of two values."): lambda f, x, h: (
            f(x + h) / h
        ),
        N_("The two values are added. A rise is their difference."): lambda f, x, h: (
            (f(x + h) + f(x)) / h
        ),
        N_("This is 1 everywhere: h is added to the value of f. Add it to x, as in f(x + h)."): (
            lambda f, x, h: (f(x) + h - f(x)) / h
        ),
        N_("This is f(h) / h. Take the difference of two values of f, not of two places."): (
            lambda f, x, h: f(x + h - x) / h
        ),
        N_("The step is another one than the h that is given. Use h itself."): tuple(
            lambda f, x, h, step=step: (f(x + step) - f(x)) / step for step in STEPS
        ),
        N_("The slope is cut off to a whole number, as // does. Divide with a single /."): (
            lambda f, x, h: (f(x + h) - f(x)) // h
        ),
    },
    rights=(
        lambda f, x, h: f(x + h) / h - f(x) / h,
        lambda f, x, h: np.subtract(f(np.add(x, h)), f(x)) * (1 / h),
        lambda f, x, h: -(f(x) - f(x + h)) / h,
    ),
)


central_difference = exercise(
    number="1.2",
    name="central_difference",
    title=N_("The central difference"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=derivatives.central_difference,
    inputs=differences,
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
        N_("The rise is not divided by the run, 2 h."): lambda f, x, h: f(x + h) - f(x - h),
        N_("Parentheses are missing: only f(x - h) is divided by 2 h."): lambda f, x, h: (
            f(x + h) - f(x - h) / (2 * h)
        ),
        N_("The rise is multiplied by 2 h. Divide it by the run."): lambda f, x, h: (
            (f(x + h) - f(x - h)) * (2 * h)
        ),
        N_("This goes from x - h to x alone. The central difference goes on to x + h."): (
            lambda f, x, h: (f(x) - f(x - h)) / h
        ),
        N_("This starts at x and ends at x + 2 h. Put x in the middle: from x - h to x + h."): (
            lambda f, x, h: (f(x + 2 * h) - f(x)) / (2 * h)
        ),
        N_("This is the second derivative, the change of the slope. Leave out the 2 f(x)."): (
            lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h**2
        ),
        N_("The step is another one than the h that is given. Use h itself."): tuple(
            lambda f, x, h, step=step: (f(x + step) - f(x - step)) / (2 * step) for step in STEPS
        ),
        N_("The slope is cut off to a whole number, as // does. Divide with a single /."): (
            lambda f, x, h: (f(x + h) - f(x - h)) // (2 * h)
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
    yield sum_of_cubes, np.array([[1, -2], [0, 3]]), 0.25  # whole numbers, slopes that are none
    yield sum_of_squares, np.array([3000.0, -2000.0, 0.0]), 0.5
    yield sum_of_squares, np.array([2e-4, -3e-4]), 1e-4
    yield sum_of_cubes, rng.normal(size=(24, 1)).round(2), 0.1
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


def a_row_at_a_time(f, x, h):
    gradient = np.zeros(x.shape)
    for i in range(len(x)):
        step = np.zeros(x.shape)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


numerical_gradient = exercise(
    number="1.3",
    name="numerical_gradient",
    title=N_("A gradient from numbers"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=derivatives.numerical_gradient,
    inputs=points,
    hints=(
        N_("A gradient has a slope for each entry of x. So begin with an array of zeros like x."),
        N_(
            "For one entry i it is a central difference in which only x[i] moves. What do the others do?"
        ),
        N_("np.ndindex(x.shape) runs through the indices of an array of any shape."),
        N_(
            "Whole numbers cut off what is added to them: work on a copy, np.array(x, dtype=float)."
        ),
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
        N_("You divide by 2 and not by 2 h."): lambda f, x, h: one_entry_at_a_time(
            f, x, h, run=lambda h: 2
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
        N_(
            "Whole numbers in x make a gradient of whole numbers: zeros_like(x) has the type of x."
        ): (lambda f, x, h: one_entry_at_a_time(f, x, h).astype(x.dtype)),
        N_("The gradient is an array of zeros. Put each slope into its entry, gradient[i] = ..."): (
            lambda f, x, h: np.zeros(x.shape)
        ),
        N_("The rise is not divided by the run, 2 h."): lambda f, x, h: one_entry_at_a_time(
            f, x, h, run=lambda h: 1
        ),
        N_("The sign is turned round: it is the value at x[i] + h less that at x[i] - h."): (
            lambda f, x, h: -one_entry_at_a_time(f, x, h)
        ),
        N_("/ 2 * h divides by 2 and multiplies by h. Put the product in parentheses."): (
            lambda f, x, h: one_entry_at_a_time(f, x, h, run=lambda h: 2 / h)
        ),
        N_("Of an array of two axes whole rows move at once: x[i] is a row. Use np.ndindex."): (
            a_row_at_a_time
        ),
        N_("The step is another one than the h that is given. Use h itself."): tuple(
            lambda f, x, h, step=step: one_entry_at_a_time(f, x, step) for step in STEPS
        ),
        N_("The gradient has the shape of x. Yours is flat."): lambda f, x, h: one_entry_at_a_time(
            f, x, h
        ).ravel(),
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


def formulas(rng):
    """f, gradient, x, h: gradients that are right and wrong, of arrays of one axis and of two."""
    yield sum_of_squares, square, np.array([3.0]), 0.1  # 9 in place of 6
    yield sum_of_squares, square_slope, np.array([1.0, 2.0]), 0.1
    yield sum_of_cubes, sum_of_cubes_gradient, np.array([1.0]), 0.1
    yield surface, surface_gradient, np.array([3.0, 4.0]), 0.1
    yield surface, surface_gradient_without_1, np.array([1.0, -2.0]), 0.5
    yield surface, surface_gradient_without_1, np.array([1.0, 2.0]), 0.5
    yield sum_of_cubes, square, np.array([[1.0, 2.0], [-1.0, 3.0]]), 0.5
    yield sum_of_squares, square, np.array([3000.0, -2000.0]), 0.5
    yield sum_of_squares, square, np.array([2e-4, -3e-4]), 1e-4
    yield sum_of_cubes, square, np.linspace(-1, 3, 48).reshape(24, 2), 0.1
    yield sum_of_cubes, sum_of_cubes_gradient, np.array([1.0, -1.0]), 0.05
    for shape in ((3,), (2, 2), (1, 4)):
        x = rng.normal(size=shape).round(1) + 0.05
        yield sum_of_cubes, sum_of_cubes_gradient, x, 0.25
        yield sum_of_squares, sum_of_cubes_gradient, x, 0.1


def relative_error(f, gradient, x, h, numerical=one_entry_at_a_time):
    """|a - n| / (|a| + |n|), with the lengths of the arrays."""
    a, n = gradient(x), numerical(f, x, h)
    return np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n))


length = np.linalg.norm


def compared(error):
    """A gradient check that gives ``error`` of the two gradients."""
    return lambda f, gradient, x, h: error(gradient(x), one_entry_at_a_time(f, x, h))


gradient_check = exercise(
    number="1.4",
    name="gradient_check",
    title=N_("A gradient check"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=relative_error,
    inputs=formulas,
    atol=1e-6,
    hints=(
        N_(
            "You need two gradients at x: gradient(x) by the formula, and one by numbers. You have written that."
        ),
        N_("np.linalg.norm gives the length of an array of any shape. How long is the difference?"),
        N_("Compare that with the sum of the two lengths."),
    ),
    why=N_(
        "The difference alone says little: 0.01 is much for a slope of 0.02 and nothing for one of 1000. "
        "Divided by both lengths it lies between 0, for equal gradients, and 1. A right formula gives about "
        "the error of the differences; one above 0.01 should make you look again."
    ),
    mistakes={
        N_("This is the difference itself. Divide it by the lengths of both gradients."): (
            lambda f, gradient, x, h: np.linalg.norm(gradient(x) - one_entry_at_a_time(f, x, h))
        ),
        N_(
            "The lengths are subtracted. Two long gradients may point to different sides: subtract first."
        ): (
            lambda f, gradient, x, h: (
                abs(np.linalg.norm(gradient(x)) - np.linalg.norm(one_entry_at_a_time(f, x, h)))
                / (np.linalg.norm(gradient(x)) + np.linalg.norm(one_entry_at_a_time(f, x, h)))
            )
        ),
        N_("It is divided by the length of one gradient. Divide by the sum of both."): (
            compared(lambda a, n: length(a - n) / length(n)),
            compared(lambda a, n: length(a - n) / length(a)),
            compared(lambda a, n: length(a - n) / max(length(a), length(n))),
        ),
        N_("It is divided by the length of the sum. Divide by the sum of the two lengths."): (
            compared(lambda a, n: length(a - n) / length(a + n))
        ),
        N_("It is divided by the product of the lengths. Divide by their sum."): (
            compared(lambda a, n: length(a - n) / (length(a) * length(n)))
        ),
        N_("The length is more than the sum of the entries' sizes: square, add, take the root."): (
            compared(lambda a, n: np.sum(abs(a - n)) / (np.sum(abs(a)) + np.sum(abs(n)))),
        ),
        N_("These are squares of the lengths. np.linalg.norm takes the root as well."): (
            compared(lambda a, n: length(a - n) ** 2 / (length(a) ** 2 + length(n) ** 2)),
        ),
        N_("This is the greatest relative error of an entry. Compare the lengths of the arrays."): (
            compared(lambda a, n: np.max(abs(a - n) / (abs(a) + abs(n)))),
        ),
        N_(
            "This is the mean of the entries' relative errors. Compare the lengths of the arrays."
        ): (compared(lambda a, n: np.mean(abs(a - n) / (abs(a) + abs(n)))),),
        N_("Parentheses are missing: the length of n is added after the division."): (
            compared(lambda a, n: length(a - n) / length(a) + length(n)),
        ),
        N_("The differences are forward ones. Use the central ones of your numerical_gradient."): (
            lambda f, gradient, x, h: relative_error(
                f,
                gradient,
                x,
                h,
                lambda f, x, h: one_entry_at_a_time(f, x, h, step=lambda h: 0, run=lambda h: h),
            )
        ),
        N_("There is an error for each entry. Return one number, made of the lengths."): (
            lambda f, gradient, x, h: (
                np.abs(gradient(x) - one_entry_at_a_time(f, x, h))
                / (np.abs(gradient(x)) + np.abs(one_entry_at_a_time(f, x, h)))
            )
        ),
        N_("The step is another one than the h that is given. Hand h on to numerical_gradient."): (
            tuple(
                lambda f, gradient, x, h, step=step: relative_error(f, gradient, x, step)
                for step in STEPS
            )
        ),
    },
    rights=(
        lambda f, gradient, x, h: relative_error(f, gradient, x, h, derivatives.numerical_gradient),
        lambda f, gradient, x, h: (
            np.sum((gradient(x) - one_entry_at_a_time(f, x, h)) ** 2) ** 0.5
            / (np.sum(gradient(x) ** 2) ** 0.5 + np.sum(one_entry_at_a_time(f, x, h) ** 2) ** 0.5)
        ),
    ),
)


def numbers(rng):
    """x: numbers, then arrays."""
    yield (0.0,)
    yield (1.0,)
    yield (-2.0,)
    yield (3,)
    yield (np.array([-1.0, 0.0, 2.0]),)
    yield (np.array([2, -3, 0]),)
    yield (np.array([4.5e-4, -4.5e-4, 8.0, -8.0, 12.0, -12.0]),)
    yield (rng.normal(0, 2, 24).round(1),)
    for shape in ((4,), (2, 3), (1, 1)):
        yield (rng.normal(0, 2, shape).round(1),)


def slopes(x):
    """s (1 - s), 1 - tanh^2, and 1 or 0"""
    s = 1 / (1 + np.exp(-x))
    return s * (1 - s), 1 - np.tanh(x) ** 2, np.where(x > 0, 1.0, 0.0)


activation_slopes = exercise(
    number="1.5",
    name="activation_slopes",
    title=N_("The slopes of the activations"),
    points=2,
    minutes=10,
    difficulty=1,
    reference=slopes,
    inputs=numbers,
    returns=("sigmoid", "tanh", "relu"),
    hints=(
        N_("The first two can be had from the value: s (1 - s) and 1 - t squared."),
        N_(
            "ReLU has the slope 1 above 0 and 0 below; at 0 itself take 0. A comparison gives True and False."
        ),
        N_("np.where(x > 0, 1.0, 0.0) works on a number and on an array."),
    ),
    why=N_(
        "The slopes of sigmoid and tanh come from the value itself, which the forward pass has anyway; that of "
        "ReLU needs a comparison alone. All are at most 1, and that of the sigmoid at most 1/4."
    ),
    mistakes={
        N_("These are the values of the functions. Their slopes are asked."): (
            lambda x: (1 / (1 + np.exp(-x)), np.tanh(x), np.maximum(x, 0.0))
        ),
        N_("For the sigmoid, x stands where its value belongs: s (1 - s), with s = sigmoid(x)."): (
            lambda x: (x * (1 - x), *slopes(x)[1:])
        ),
        N_("The slope of tanh is 1 - t squared; the square is missing."): (
            lambda x: (slopes(x)[0], 1 - np.tanh(x), slopes(x)[2])
        ),
        N_("At 0 the slope of ReLU is taken as 1. Take 0, as the exercise says: x > 0."): (
            lambda x: (*slopes(x)[:2], np.where(x >= 0, 1.0, 0.0))
        ),
        N_("The slope of ReLU is 1 above 0, not x."): (
            lambda x: (*slopes(x)[:2], np.maximum(x, 0.0))
        ),
        N_("The slope of the sigmoid has the wrong sign: it rises everywhere."): (
            lambda x: (-slopes(x)[0], *slopes(x)[1:])
        ),
        N_("The three slopes have changed places. Return sigmoid, tanh, relu."): tuple(
            lambda x, order=order: tuple(slopes(x)[i] for i in order)
            for order in ((1, 0, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0), (2, 0, 1))
        ),
        N_("For the sigmoid this is its value. Its slope is s (1 - s)."): (
            lambda x: (1 / (1 + np.exp(-x)), *slopes(x)[1:])
        ),
        N_("For tanh, x stands where its value belongs: 1 - t squared, with t = tanh(x)."): (
            lambda x: (slopes(x)[0], 1 - np.multiply(x, x), slopes(x)[2])
        ),
        N_("For tanh this is t squared. The slope is what is missing to 1: 1 - t squared."): (
            lambda x: (slopes(x)[0], np.tanh(x) ** 2, slopes(x)[2])
        ),
        N_("For tanh this is the sigmoid's formula, t (1 - t). That of tanh is 1 - t squared."): (
            lambda x: (slopes(x)[0], np.tanh(x) * (1 - np.tanh(x)), slopes(x)[2])
        ),
        N_("The slope of tanh is 1 - t squared, and you add the square."): (
            lambda x: (slopes(x)[0], 1 + np.tanh(x) ** 2, slopes(x)[2])
        ),
        N_("tanh is taken of x squared. Square its value: tanh(x) ** 2."): (
            lambda x: (slopes(x)[0], 1 - np.tanh(np.multiply(x, x)), slopes(x)[2])
        ),
        N_("Below 0 the slope of ReLU is taken as -1. The line is level there: 0."): (
            lambda x: (*slopes(x)[:2], np.sign(x))
        ),
        N_("At 0 the slope of ReLU is taken as 1/2. Take 0, as the exercise says: x > 0."): (
            lambda x: (*slopes(x)[:2], np.heaviside(x, 0.5))
        ),
        N_(
            "ReLU is 0 below 0 and rises above, so its slope is 1 above 0: the sides are swapped."
        ): (lambda x: (*slopes(x)[:2], np.where(np.less(x, 0), 1.0, 0.0))),
    },
    rights=(
        lambda x: (
            np.exp(-x) / (1 + np.exp(-x)) ** 2,
            1 / np.cosh(x) ** 2,
            np.multiply(1.0, np.greater(x, 0)),
        ),
        lambda x: [
            (1 - np.tanh(np.divide(x, 2)) ** 2) / 4,
            (1 + np.tanh(x)) * (1 - np.tanh(x)),
            np.heaviside(x, 0),
        ],
    ),
)


def links(rng):
    """x, w, b, y: numbers."""
    yield 2.0, 0.0, 0.0, 1.0
    yield 1.0, 1.0, -1.0, 0.5
    yield 3.0, 0.5, -1.0, 0.0
    yield -2, 1, 1, 1
    yield -3, 1, 2, 0
    yield 2000.0, 1e-4, 0.0, -3.0
    yield -2000.0, 1e-4, 0.1, -3.0
    yield 1e-4, 0.5, 0.25, -1.0
    for _case in range(6):
        x, w, b, y = rng.normal(size=4).round(1) + 0.05
        yield float(x), float(w), float(b), float(y)


def chain(x, w, b, y, to_a=lambda a, y: 2 * (a - y), to_z=lambda a: 1 - a * a, to_w=lambda x: x):
    """dL/da da/dz dz/dw; the known mistakes change one link each."""
    a = np.tanh(w * x + b)
    return to_a(a, y) * to_z(a) * to_w(x)


chain_slope = exercise(
    number="1.6",
    name="chain_slope",
    title=N_("A slope through a chain"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=lambda x, w, b, y: chain(x, w, b, y),
    inputs=links,
    hints=(
        N_(
            "Three links: z = w x + b, then a = tanh(z), then the error (a - y) squared. Give each its slope."
        ),
        N_("dz/dw is x, da/dz is 1 - a squared, and the slope of the error by a is 2 (a - y)."),
        N_("Along a chain slopes multiply."),
    ),
    why=N_(
        "If w grows by a little, z grows x times as much, a grows 1 - a squared times that, and the error "
        "2 (a - y) times that again. So the three slopes multiply. This is backpropagation, with one "
        "number in each layer."
    ),
    mistakes={
        N_("The factor 2 is missing: the slope of (a - y) squared is 2 (a - y)."): (
            lambda x, w, b, y: chain(x, w, b, y, to_a=lambda a, y: a - y)
        ),
        N_("The last link is missing: z grows x times as fast as w."): (
            lambda x, w, b, y: chain(x, w, b, y, to_w=lambda x: 1)
        ),
        N_("The slope of tanh is missing: the error passes through it as well."): (
            lambda x, w, b, y: chain(x, w, b, y, to_z=lambda a: 1)
        ),
        N_("This is the slope by x. The slope of z by w is x, not w."): (
            lambda x, w, b, y: chain(x, w, b, y, to_w=lambda x: w)
        ),
        N_("The slope of tanh is taken at a. It is 1 - a squared, with a = tanh(z)."): (
            lambda x, w, b, y: chain(x, w, b, y, to_z=lambda a: 1 - np.tanh(a) ** 2)
        ),
        N_("The slopes are added. Along a chain they multiply."): (
            lambda x, w, b, y: 2 * (np.tanh(w * x + b) - y) + 1 - np.tanh(w * x + b) ** 2 + x
        ),
        N_("The sign is turned round: the error is a - y."): (
            lambda x, w, b, y: -chain(x, w, b, y)
        ),
        N_("This is the slope of a sigmoid, a (1 - a). That of tanh is 1 - a squared."): (
            lambda x, w, b, y: chain(x, w, b, y, to_z=lambda a: a * (1 - a))
        ),
        N_("The slope of tanh is 1 - a squared; the square is missing."): (
            lambda x, w, b, y: chain(x, w, b, y, to_z=lambda a: 1 - a)
        ),
        N_("The slope of tanh is taken from z: 1 - z squared. It is 1 - a squared."): (
            lambda x, w, b, y: 2 * (np.tanh(w * x + b) - y) * (1 - (w * x + b) ** 2) * x
        ),
        N_("The error itself stands where its slope belongs: (a - y) squared has 2 (a - y)."): (
            lambda x, w, b, y: chain(x, w, b, y, to_a=lambda a, y: (a - y) ** 2)
        ),
        N_("This is the error. Its slope with respect to w is asked."): (
            lambda x, w, b, y: (np.tanh(w * x + b) - y) ** 2
        ),
        N_("The first link is missing: the slope of the error by a is 2 (a - y)."): (
            lambda x, w, b, y: chain(x, w, b, y, to_a=lambda a, y: 1)
        ),
        N_("The slope of the error by a is 2 (a - y), and y is missing in it."): (
            lambda x, w, b, y: chain(x, w, b, y, to_a=lambda a, y: 2 * a)
        ),
        N_("b has no effect: z = w x + b."): lambda x, w, b, y: chain(x, w, 0, y),
        N_("tanh is missing in the error: a is tanh(z), and z stands in its place."): (
            lambda x, w, b, y: 2 * (w * x + b - y) * (1 - np.tanh(w * x + b) ** 2) * x
        ),
    },
    rights=(
        lambda x, w, b, y: 2 * x * (np.tanh(w * x + b) - y) / np.cosh(w * x + b) ** 2,
        lambda x, w, b, y: np.array(
            [(2 * np.tanh(w * x + b) - 2 * y) * (x - x * np.tanh(w * x + b) ** 2)]
        )[0],
    ),
)


def with_e(z):
    """e / (1 + e) or 1 / (1 + e), with e = e^-|z|, which is never above 1"""
    e = np.exp(-np.abs(z))
    return np.where(np.greater_equal(z, 0), 1, e) / (1 + e)


stable_sigmoid = exercise(
    number="1.7",
    name="stable_sigmoid",
    title=N_("A sigmoid that survives 1000"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=with_e,
    inputs=numbers,
    extremes=(
        (-1000.0,),
        (1000.0,),
        (-40.0,),
        (np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0]),),
    ),
    atol=1e-30,  # e^-40 has to be more than 0
    overflow_free=True,
    hints=(
        N_("Which of e^z and e^-z is too large for a number when z is -1000? And when it is 1000?"),
        N_(
            "1 / (1 + e^-z) is the same as e^z / (1 + e^z). For which z is the one safe, for which the other?"
        ),
        N_(
            "Both can be written with e^-|z|, which is never above 1. np.where chooses between two arrays."
        ),
    ),
    why=N_(
        "With e = e^-|z| the sigmoid is 1 / (1 + e) from 0 upwards and e / (1 + e) below. Both are the same "
        "formula, multiplied through, and no exponential in them is ever above 1: nothing overflows, and "
        "small values keep all their digits."
    ),
    mistakes={
        N_(
            "e^z overflows for large z: infinity by infinity is no number. Use that form below 0 alone."
        ): (lambda z: np.exp(z) / (1 + np.exp(z))),
        N_(
            "z is cut off, so small values come out wrong: the sigmoid of -40 is 4e-18, not more."
        ): tuple(
            lambda z, limit=limit: 1 / (1 + np.exp(-np.clip(z, -limit, limit)))
            for limit in (10, 20, 30, 35, 36)
        ),
        N_(
            "Small values are lost: at -40 it gives 0, not 4e-18. So it goes where a number close to 1 "
            "is taken from 1, as in 1 - 1 / (1 + e^z) and (1 + tanh(z / 2)) / 2, or where it is cut off."
        ): (
            lambda z: (1 + np.tanh(np.divide(z, 2))) / 2,
            lambda z: 1 - 1 / (1 + np.exp(z)),
        ),
        N_("Below 0 this gives the value for |z|. There the numerator has to be e^-|z|."): (
            lambda z: 1 / (1 + np.exp(-np.abs(z)))
        ),
        N_("Above 0 this gives the value for -|z|. There the numerator has to be 1."): (
            lambda z: np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z)))
        ),
        N_("The result is rounded to 0 and 1. Return the numbers between."): (
            lambda z: np.round(with_e(z)),
            lambda z: np.where(np.greater(z, 0), 1.0, 0.0),
            lambda z: np.where(np.greater_equal(z, 0), 1.0, 0.0),
        ),
        N_("Parentheses are missing: 1 / 1 + e is 1 + e. Divide by the sum, (1 + e)."): (
            lambda z: 1 / 1 + np.exp(-z),
            lambda z: np.where(np.less(z, 0), np.exp(-np.abs(z)), 1) / 1 + np.exp(-np.abs(z)),
        ),
        N_("This is ReLU, max(z, 0). The sigmoid runs from 0 to 1."): lambda z: np.maximum(z, 0),
        N_("This is log(1 + e^z), whose slope the sigmoid is. Its value is asked."): (
            lambda z: np.logaddexp(0, z)
        ),
        N_("The sign of z is turned round: this falls where the sigmoid rises."): (
            lambda z: with_e(np.negative(z))
        ),
        N_("This is the slope of the sigmoid. Its value is asked."): (
            lambda z: with_e(z) * with_e(np.negative(z))
        ),
        N_("This is tanh, which runs from -1 to 1. The sigmoid runs from 0 to 1."): np.tanh,
    },
    rights=(
        lambda z: np.exp(-np.logaddexp(0, np.negative(z, dtype=float))),
        lambda z: np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z))),
        lambda z: with_e(z).tolist(),
    ),
)


def scores(rng):
    """z: one axis, two scores first."""
    yield (np.array([0.0, 0.0]),)
    yield (np.array([1.0, 2.0, 3.0]),)
    yield (np.array([-1.0, -2.0]),)
    yield (np.array([0, 3, 1]),)
    yield (np.array([5.0]),)
    yield (np.array([-8.0, 0.0, 0.0]),)
    yield (np.array([4e-4, -3e-4]),)
    yield (rng.normal(0, 2, 24).round(1),)
    for size in (3, 4, 6):
        yield (rng.normal(0, 2, size).round(1),)


def shares(z, shift=np.max):
    """e^(z - shift) / sum e^(z - shift)"""
    e = np.exp(z - shift(z))
    return e / np.sum(e)


stable_softmax = exercise(
    number="1.8",
    name="stable_softmax",
    title=N_("A softmax that survives 1000"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=shares,
    inputs=scores,
    overflow_free=True,
    extremes=(
        (np.array([1000.0, 0.0]),),
        (np.array([-1000.0, -1001.0]),),
        (np.array([1000.0, 999.0, -1000.0]),),
        (np.array([1000.0, 1001.0]),),  # subtracting the smallest would do
        (np.array([1000.0, 0.0, 999.0]),),  # the first, and the last
        (np.array([0.0, 1000.0]),),  # the mean, the median and the last
        (np.array([0.0, 0.0, 1000.0, 0.0]),),  # neither the mean nor the median
        (np.array([1000.0, 1000.0, 0.0, 0.0, 0.0]),),  # the mean and not the median
        (np.array([3000.0, 2000.0]),),
    ),
    hints=(
        N_("First without extremes: e to each score, divided by the sum of them all."),
        N_("What happens to the shares if you subtract the same number from all scores?"),
        N_(
            "Nothing: numerator and denominator lose the same factor. Which number makes every e^z at most 1?"
        ),
    ),
    why=N_(
        "Subtracting a number from all scores divides numerator and denominator by the same factor, so the shares "
        "stay. With the largest score subtracted, the largest exponential is 1: nothing overflows, and "
        "the sum is at least 1, so nothing is divided by 0."
    ),
    mistakes={
        N_("e^z overflows for large scores. Subtract the largest score from all of them first."): (
            lambda z: np.exp(z) / np.exp(z).sum()
        ),
        N_("The exponentials are divided by the largest of them. Divide by their sum."): (
            lambda z: np.exp(z - z.max())
        ),
        N_("The scores themselves are divided by their sum. Take the exponential first."): (
            lambda z: z / np.sum(z)
        ),
        N_("These are logarithms of the shares. Return the shares."): (
            lambda z: z - np.logaddexp.reduce(z)
        ),
        N_("The smallest score is subtracted. It is the largest that must not overflow."): (
            lambda z: shares(z, np.min)
        ),
        N_("The first score is subtracted. A later one may be far larger: subtract the largest."): (
            lambda z: shares(z, lambda z: z[0])
        ),
        N_("The last score is subtracted. Another may be far larger: subtract the largest."): (
            lambda z: shares(z, lambda z: z[-1])
        ),
        N_("The mean is subtracted. The largest score may be far above it: subtract that."): (
            lambda z: shares(z, np.mean)
        ),
        N_("The median is subtracted. The largest score may be far above it: subtract that."): (
            lambda z: shares(z, np.median)
        ),
        N_(
            "Of scores that are all far below 0 nothing is left, and 0 / 0 is no number. Subtract the "
            "largest score itself: not its size, and not a start value such as 0."
        ): (
            lambda z: shares(z, lambda z: np.max(np.abs(z))),
            lambda z: shares(z, lambda z: max(0, np.max(z))),
        ),
        N_(
            "The scores are divided by the largest. Subtract it: only that leaves the shares alone."
        ): (lambda z: shares(z / np.max(z))),
        N_("The scores are cut off, which makes large ones equal. Subtract the largest instead."): (
            tuple(
                lambda z, limit=limit: shares(np.clip(z, -limit, limit), lambda z: 0)
                for limit in (100, 500, 700)
            )
        ),
        N_(
            "The largest score is subtracted above, and not below: numerator and sum need the same."
        ): (lambda z: np.exp(z - np.max(z)) / np.sum(np.exp(z))),
        N_("The numerator is e^z as it was. Subtract the largest score there as well."): (
            lambda z: np.exp(z) / np.sum(np.exp(z - np.max(z)))
        ),
        N_("All goes to the largest score. The others have their shares, too."): (
            lambda z: np.where(np.arange(len(z)) == np.argmax(z), 1.0, 0.0),
            lambda z: np.where(z == np.max(z), 1.0, 0.0),
        ),
        N_("The exponentials are divided by their length. Divide by their sum."): (
            lambda z: np.exp(z - np.max(z)) / np.linalg.norm(np.exp(z - np.max(z)))
        ),
        N_("The exponentials are divided by their mean. Divide by their sum."): (
            lambda z: np.exp(z - np.max(z)) / np.mean(np.exp(z - np.max(z)))
        ),
        N_(
            "A sigmoid of each score: these do not add up to 1. Divide by the sum of the exponentials."
        ): (lambda z: 1 / (1 + np.exp(-z))),
        N_("The sign is turned round: the largest score must get the largest share."): (
            lambda z: shares(-z)
        ),
    },
    rights=(
        lambda z: np.exp(z - np.logaddexp.reduce(z)),
        lambda z: [np.exp(s - max(z)) / sum(np.exp(t - max(z)) for t in z) for s in z],
    ),
)
