"""The exercises of chapter 2: gradient descent."""

import numpy as np

from course_nn import descent
from course_nn.checks.registry import exercise
from course_nn.i18n import N_
from course_nn.inside.functions import (
    bowl_gradient,
    logarithm,
    square_slope,
    two_minima_slope,
    valley_gradient,
)


def places(rng):
    """gradient, x, learning_rate: numbers, then arrays, of whole numbers too."""
    yield square_slope, 3.0, 0.1
    yield square_slope, -1, 0.25
    yield two_minima_slope, 2.0, 0.01
    yield bowl_gradient, np.array([10.0, 1.0]), 0.18
    yield bowl_gradient, np.array([4, -3]), 0.05
    yield valley_gradient, np.array([-1.2, 1.0]), 0.001
    yield two_minima_slope, np.array([[0.1, 0.2, 1.0]]), 0.1
    yield square_slope, np.array([3000.0, 0.0, -2000.0]), 0.1
    yield square_slope, np.array([2e-4, -3e-4]), 0.1
    yield square_slope, rng.normal(size=24).round(2), 0.1
    yield valley_gradient, rng.normal(size=2).round(2), 0.01
    yield square_slope, rng.normal(size=(2, 3)).round(2), 0.3


def one_after_the_other(gradient, x, learning_rate):
    x = np.array(x, dtype=float)
    for i in np.ndindex(x.shape):
        x[i] -= learning_rate * gradient(x)[i]
    return x


def in_place(gradient, x, learning_rate):
    x -= learning_rate * gradient(x)
    return x


descent_step = exercise(
    number="2.1",
    name="descent_step",
    title=N_("A step downhill"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda gradient, x, learning_rate: x - learning_rate * gradient(x),
    inputs=places,
    hints=(
        N_("You know the slope at x: call `gradient` there. Does it point uphill or downhill?"),
        N_("How long is the step where the slope is 6 and the learning rate 0.1?"),
        N_("Return where you stand after the step, and leave x itself as it was."),
    ),
    why=N_(
        "The gradient points to where the ground rises, so its negative leads down. A step is "
        "subtracted from where you stand, and `x - ...` makes a new array, where `x -= ...` would "
        "change the one that was passed to you."
    ),
    mistakes={
        N_("The sign is lost: the gradient points uphill, and you go along with it."): (
            lambda gradient, x, learning_rate: x + learning_rate * gradient(x)
        ),
        N_("This is the step alone. Take it away from x, and return where that leads."): (
            lambda gradient, x, learning_rate: learning_rate * gradient(x),
            lambda gradient, x, learning_rate: -learning_rate * gradient(x),
        ),
        N_("This is the slope. Take it away from x, times the learning rate."): (
            lambda gradient, x, learning_rate: gradient(x)
        ),
        N_("The slope is divided by the learning rate. Multiply it: a small rate, a short step."): (
            lambda gradient, x, learning_rate: x - gradient(x) / learning_rate
        ),
        N_("x stands in place of the slope, which is gradient(x)."): (
            lambda gradient, x, learning_rate: x - learning_rate * x
        ),
        N_("x and the slope have changed places: start from x, and subtract from it."): (
            lambda gradient, x, learning_rate: gradient(x) - learning_rate * x
        ),
        N_("The learning rate is subtracted as well. It multiplies the slope."): (
            lambda gradient, x, learning_rate: x - learning_rate - gradient(x)
        ),
        N_("The slope is lost but for its sign: every step is as long as the learning rate."): (
            lambda gradient, x, learning_rate: x - learning_rate * np.sign(gradient(x))
        ),
        N_("Whole numbers in x cut off the step: zeros_like(x) and x.copy() have the type of x."): (
            lambda gradient, x, learning_rate: (
                (x - learning_rate * gradient(x)).astype(np.asarray(x).dtype)
                if isinstance(x, np.ndarray)
                else x - learning_rate * gradient(x)
            )
        ),
        N_("The learning rate is missing: you go as far as the slope is large."): (
            lambda gradient, x, learning_rate: x - gradient(x)
        ),
        N_("The slope is missing: you go equally far wherever you stand, and to the same side."): (
            lambda gradient, x, learning_rate: x - learning_rate
        ),
        N_("Parentheses too many: the slope multiplies the learning rate alone, not x as well."): (
            lambda gradient, x, learning_rate: (x - learning_rate) * gradient(x)
        ),
        N_("The coordinates move one after the other. Take the gradient once, for all of them."): (
            one_after_the_other
        ),
        N_("`x -= ...` changes the caller's array. Write `x - ...`, which makes a new one."): (
            in_place
        ),
    },
    rights=(
        lambda gradient, x, learning_rate: -gradient(x) * learning_rate + x,
        lambda gradient, x, learning_rate: np.add(x, np.multiply(-learning_rate, gradient(x))),
        lambda gradient, x, learning_rate: in_place(gradient, np.array(x, float), learning_rate),
    ),
)


def starts(rng):
    """gradient, start, learning_rate, steps."""
    yield square_slope, 3.0, 0.1, 1
    yield square_slope, 3.0, 0.1, 3
    yield two_minima_slope, 2, 0.01, 4
    yield bowl_gradient, np.array([10.0, 1.0]), 0.18, 2
    yield bowl_gradient, np.array([4, -3]), 0.05, 3
    yield valley_gradient, np.array([-1.2, 1.0]), 0.001, 5
    yield two_minima_slope, np.array([0.1, 0.2, -2.0]), 0.02, 2
    yield square_slope, 0.0, 0.1, 3  # level ground from the first, and from the second point
    yield square_slope, 1.0, 0.5, 4
    yield two_minima_slope, np.array([1.5]), 0.05, 25  # steps that become short
    yield square_slope, rng.normal(size=24).round(2), 0.1, 2
    yield square_slope, np.array([3000.0, -2000.0]), 0.1, 2
    yield square_slope, np.array([2e-4, -3e-4]), 0.1, 2
    yield two_minima_slope, np.array([[1.0]]), 0.05, 3
    yield square_slope, rng.normal(size=(2, 3)).round(2), 0.3, 4


def walk(gradient, start, learning_rate, steps):
    """The path, as the package has it."""
    return descent.gradient_descent(
        gradient, start, learning_rate=learning_rate, max_steps=steps, tolerance=0
    ).points


def until_still(gradient, start, rate, steps, tolerance):
    """A path that ends at a point where a step would lead no further than ``tolerance``."""
    points = [start]
    for _ in range(steps):
        step = rate * gradient(points[-1])
        if np.linalg.norm(step) <= tolerance:
            break
        points.append(points[-1] - step)
    return np.array(points)


def one_array_for_all(gradient, start, learning_rate, steps):
    x, points = start, [start]
    for _ in range(steps):
        x -= learning_rate * gradient(x)
        points.append(x)
    return np.array(points)


def array_like_start(gradient, start, learning_rate, steps):
    points = np.full((steps + 1, *np.shape(start)), start)
    for step in range(steps):
        points[step + 1] = points[step] - learning_rate * gradient(points[step])
    return points


descend = exercise(
    number="2.2",
    name="descend",
    title=N_("The path of a descent"),
    points=1,
    minutes=10,
    difficulty=1,
    reference=walk,
    inputs=starts,
    hints=(
        N_("Begin with a list that holds the start. What comes next depends on its last point."),
        N_("`points[-1]` is where you stand. Take a step from there, append it, and go on."),
        N_("With 3 steps there are 4 points. `np.array` makes one array of a list of them."),
    ),
    why=N_(
        "Each step begins where the last one ended, so the slope is taken anew each time. The start "
        "belongs to the path, which makes it one point longer than the number of steps."
    ),
    mistakes={
        N_("The start is missing. The path begins with it."): lambda *args: walk(*args)[1:],
        N_(
            "The last point is missing: as if there were a step too few, or each point were appended "
            "before its step."
        ): (lambda *args: walk(*args)[:-1]),
        N_("There is a step too many. range(steps) has as many rounds as asked."): (
            lambda gradient, start, rate, steps: walk(gradient, start, rate, steps + 1)
        ),
        N_("This is the last point alone. Keep all of them, the start included."): (
            lambda *args: walk(*args)[-1]
        ),
        N_("The path ends where the ground is level. Take all the steps that are asked."): (
            lambda gradient, start, rate, steps: until_still(gradient, start, rate, steps, 0)
        ),
        N_("The path ends where the steps become short. Take all the steps that are asked."): tuple(
            lambda gradient, start, rate, steps, tolerance=tolerance: until_still(
                gradient, start, rate, steps, tolerance
            )
            for tolerance in (1e-3, 1e-4, 1e-5, 1e-6)
        ),
        N_("The learning rate is missing: you go as far as the slope is large."): (
            lambda gradient, start, rate, steps: walk(gradient, start, 1, steps)
        ),
        N_("Every step begins at the start. Begin it at the last point of the path."): (
            lambda gradient, start, rate, steps: np.array(
                [start] + [start - rate * gradient(start)] * steps
            )
        ),
        N_(
            "All points run together on one axis, as np.append makes them. Append to a list instead."
        ): (lambda *args: np.ravel(walk(*args))),
        N_("These are the slopes along the path. Keep the points."): (
            lambda gradient, *rest: np.array([gradient(x) for x in walk(gradient, *rest)])
        ),
        N_("The path is turned round. Begin with the start."): lambda *args: walk(*args)[::-1],
        N_("Every step uses the slope at the start. Take it where you stand by now."): (
            lambda gradient, start, *rest: walk(lambda x: gradient(start), start, *rest)
        ),
        N_("The sign is lost: the gradient points uphill, and you go along with it."): (
            lambda gradient, *rest: walk(lambda x: -gradient(x), *rest)
        ),
        N_("The list holds one array again and again, which `x -= ...` changes. Copy it first."): (
            one_array_for_all
        ),
        N_("An array of whole numbers cuts off what you put in. Make it one of floats."): (
            array_like_start
        ),
    },
    rights=(
        lambda gradient, start, learning_rate, steps: array_like_start(
            gradient, np.array(start, float), learning_rate, steps
        ),
        lambda *args: list(walk(*args)),
        lambda gradient, start, learning_rate, steps: np.stack(
            [walk(gradient, start, learning_rate, n)[-1] for n in range(1 + steps)]
        ),
    ),
)


def bowls(rng):
    """a: a parabola, x^2 of the lesson, then bowls in several directions."""
    yield (np.array([1.0]),)
    yield (np.array([5.0]),)
    yield (np.array([0.5, 5.0]),)
    yield (np.array([5.0, 0.5]),)
    yield (np.array([3, 4, 2]),)
    yield (np.array([2, 5, 5, 3]),)
    yield (np.array([0.05, 0.1, 0.02]),)
    yield (np.array([3e-4, 4e-4, 1e-4]),)
    yield (np.array([700.0, 2000.0]),)
    yield (np.append(rng.uniform(0.1, 5, size=23), 7.5).round(2),)
    for n in (1, 2, 6):
        yield (rng.uniform(0.1, 9, size=n).round(2),)


largest_learning_rate = exercise(
    number="2.3",
    name="largest_learning_rate",
    title=N_("The largest learning rate"),
    points=1,
    minutes=10,
    difficulty=2,
    reference=lambda a: 2 / np.max(2 * np.asarray(a)),
    inputs=bowls,
    hints=(
        N_("Each direction is a parabola of its own. What is the second derivative of a x^2?"),
        N_("A direction of curvature L allows rates below 2 / L. One rate must serve all."),
        N_("As the rate grows, which direction runs away first: the flattest, the most curved?"),
    ),
    why=N_(
        "The second derivative of a x^2 is 2 a, so that direction arrives for rates below 2 / (2 a). "
        "All directions share the rate, and so the most curved one sets the limit."
    ),
    mistakes={
        N_("You took a for the curvature. The second derivative of a x^2 is 2 a."): (
            lambda a: 2 / np.max(a)
        ),
        N_("With 1 / L a descent arrives in one step. The limit is twice as large."): (
            lambda a: 1 / np.max(2 * a)
        ),
        N_("The flattest direction allows that much, but then the most curved one runs away."): (
            lambda a: 2 / np.min(2 * a)
        ),
        N_("Only the first direction is looked at. The limit must hold in all of them."): (
            lambda a: 1 / a[0]
        ),
        N_("Only the last direction is looked at. The limit must hold in all of them."): (
            lambda a: 1 / a[-1]
        ),
        N_(
            "A mean or median of the curvatures does not help the most curved direction, which runs away."
        ): (
            lambda a: 2 / np.mean(2 * a),
            lambda a: 2 / np.median(2 * a),
            lambda a: np.mean(1 / a),
        ),
        N_("This is the largest curvature. The limit is 2 divided by it."): lambda a: 2 * np.max(a),
        N_(
            "Half of the limit of the flattest direction. It is 2 / L, and the most curved counts."
        ): (lambda a: 1 / np.min(2 * a)),
        N_("The directions are taken together by a root of squares. Each makes its own descent."): (
            lambda a: 2 / np.linalg.norm(2 * a)
        ),
        N_("The second derivative of a x^2 is 2 a, without a square."): (
            lambda a: 2 / np.max(2 * a**2),
            lambda a: 2 / np.max(2 * a) ** 2,
            lambda a: 2 / np.max(a) ** 2,
        ),
        N_("The fraction is cut off to a whole number, as // does. Divide with a single /."): (
            lambda a: 2 // np.max(2 * a)
        ),
        N_(
            "The limit never comes out above a fixed number. A search for the least starts with one."
        ): (
            tuple(lambda a, start=start: min(start, 1 / np.max(a)) for start in (1, 10, 100, 1000))
        ),
        N_("A curvature below 1 counts as 1. A search for the largest starts with one of them."): (
            lambda a: 2 / max(1, np.max(2 * a))
        ),
        N_("The curvatures do not add up: each direction makes its own descent."): (
            lambda a: 2 / np.sum(2 * a)
        ),
        N_("These are limits, one a direction. They share a single rate: which one holds?"): (
            lambda a: 2 / (2 * a)
        ),
        N_("The fraction is upside down: more curvature allows a smaller rate."): (
            lambda a: np.max(2 * a) / 2
        ),
    },
    rights=(
        lambda a: min(2 / (2 * number) for number in a),
        lambda a: 1 / max(a),
        lambda a: 2 / np.linalg.norm(np.diag(2 * a), 2),
    ),
)


def lines(rng):
    """w, x, y: one point, then more; whole numbers; two of Hubble's galaxies."""
    yield np.array([2.0, 1.0]), np.array([3.0]), np.array([5.0])
    yield np.array([1.0, 0.0]), np.array([1.0, 2.0]), np.array([3.0, 2.0])
    yield np.array([500.0, 0.0]), np.array([2.0, 0.45]), np.array([800.0, 200.0])
    yield np.array([2, -1]), np.array([0, 1, 3]), np.array([1, 1, 4])
    yield np.array([0.5, 0.25]), np.array([3, 0, -2]), np.array([0.5, 1.75, 0.25])
    yield np.array([0.5, 0.25]), np.array([0.5, -1.5]), np.array([1, 3])
    yield np.array([2, -1]), np.array([1.5, 0.25]), np.array([0.5, 1.75])
    yield np.array([-2.0, 1500.0]), np.array([3.0, -700.0, 1500.0]), np.array([1100.0, 0, -1700])
    yield np.array([-700.0, 1.0]), np.array([0.5, -2.0]), np.array([3.0, 4.0])
    yield np.array([5.0, 4e-4]), np.array([4e-4, 3e-4]), np.array([-4e-4, 3e-4])
    for n in (1, 2, 5, 24):
        yield tuple(rng.normal(size=size).round(2) for size in (2, n, n))


def error(w, x, y):
    return w[0] * x + w[1] - y


line_mse = exercise(
    number="2.4",
    name="line_mse",
    title=N_("The mean squared error of a line"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=descent.line_mse,
    inputs=lines,
    hints=(
        N_("How high is the line at each x? Subtract the measured y: these are the errors."),
        N_("The name says the rest, read from its end: the error, squared, and of that the mean."),
    ),
    why=N_(
        "Squared, an error counts the same to either side, and two of them cannot cancel. The mean "
        "does not grow with the number of points, so that losses of different data can be compared."
    ),
    mistakes={
        N_("This is the sum of the squares. Divide by the number of points."): (
            lambda w, x, y: np.sum(error(w, x, y) ** 2)
        ),
        N_("This is half of it. Some books put 1/2 before the mean, this course does not."): (
            lambda w, x, y: np.mean(error(w, x, y) ** 2) / 2
        ),
        N_("You square the mean. Square each error first, or those above and below cancel."): (
            lambda w, x, y: np.mean(error(w, x, y)) ** 2
        ),
        N_("The errors are not squared, so those above and below cancel."): (
            lambda w, x, y: np.mean(error(w, x, y))
        ),
        N_("This is the mean absolute error. Square the errors instead of taking their size."): (
            lambda w, x, y: np.mean(np.abs(error(w, x, y)))
        ),
        N_("This is the root of it. The mean squared error is left as a square."): (
            lambda w, x, y: np.sqrt(np.mean(error(w, x, y) ** 2))
        ),
        N_("m and c have changed places: w holds the slope first, then what is added."): (
            lambda w, x, y: np.mean(error(w[::-1], x, y) ** 2)
        ),
        N_("These are the squared errors, one for each point. Take their mean."): (
            lambda w, x, y: error(w, x, y) ** 2
        ),
        N_("c is missing: the line is m x + c."): (lambda w, x, y: np.mean((w[0] * x - y) ** 2)),
        N_("c is subtracted: the line is m x + c."): (
            lambda w, x, y: np.mean((w[0] * x - w[1] - y) ** 2)
        ),
        N_("y is added: the error is the line minus y."): (
            lambda w, x, y: np.mean((w[0] * x + w[1] + y) ** 2)
        ),
        N_("y is missing: the error is the line minus y."): (
            lambda w, x, y: np.mean((w[0] * x + w[1]) ** 2)
        ),
        N_("The squares are subtracted. Subtract first, and square the difference."): (
            lambda w, x, y: np.mean((w[0] * x + w[1]) ** 2 - y**2)
        ),
        N_("The sum is divided by n - 1. A mean divides by n, the number of points."): (
            lambda w, x, y: np.sum(error(w, x, y) ** 2) / (np.size(x) - 1)
        ),
        N_("The sum is divided by 2, as many as w has entries. Divide by the number of points."): (
            lambda w, x, y: np.sum(error(w, x, y) ** 2) / 2
        ),
        N_("The mean is divided by the number of points once more."): (
            lambda w, x, y: np.mean(error(w, x, y) ** 2) / len(x)
        ),
        N_("This is the median of the squares. Take their mean."): (
            lambda w, x, y: np.median(error(w, x, y) ** 2)
        ),
        N_("This is the length of the errors, the root of the sum of squares. Take the mean."): (
            lambda w, x, y: np.linalg.norm(error(w, x, y))
        ),
        N_("The errors are cut off to whole numbers: zeros_like gives the type of its argument."): (
            lambda w, x, y: np.mean(error(w, x, y).astype(x.dtype) ** 2),
            lambda w, x, y: np.mean(error(w, x, y).astype(y.dtype) ** 2),
        ),
    },
    rights=(
        lambda w, x, y: sum((w[0] * a + w[1] - b) ** 2 for a, b in zip(x, y)) / len(x),
        lambda w, x, y: error(w, x, y) @ error(w, x, y) / x.size,
        lambda w, x, y: np.square(y - np.polyval(w, x)).mean(keepdims=True)[0],
    ),
)


def slopes(w, x, y, average=np.mean):
    """The package's formula, in which the known mistakes change one thing each."""
    return np.array([average(2 * error(w, x, y) * x), average(2 * error(w, x, y))])


line_mse_gradient = exercise(
    number="2.5",
    name="line_mse_gradient",
    title=N_("The gradient of that error"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=descent.line_mse_gradient,
    inputs=lines,
    hints=(
        N_("Take one point. What is the slope of error^2, if the error itself is what changes?"),
        N_("Chain rule: times how the error changes with m, and with c. Look at m x + c - y."),
        N_("The loss is a mean over the points, so each of its two slopes is a mean as well."),
    ),
    why=N_(
        "The slope of error^2 is 2 error. Then the chain rule: m enters the error multiplied by x, "
        "so that slope gets the factor x; c enters as it is, with the factor 1. The derivative of a "
        "mean is the mean of the derivatives."
    ),
    mistakes={
        N_("The factor 2 is missing: the derivative of error^2 is 2 error."): (
            lambda w, x, y: slopes(w, x, y) / 2
        ),
        N_("These are sums. The loss is a mean, so divide by the number of points."): (
            lambda w, x, y: slopes(w, x, y, np.sum)
        ),
        N_("The sign is turned round: the error is the line minus y."): lambda w, x, y: (
            -slopes(w, x, y)
        ),
        N_("In the slope along m the factor x is missing: m is multiplied by x."): (
            lambda w, x, y: np.array([slopes(w, x, y)[1]] * 2)
        ),
        N_("The slope along c has a factor x. c is added as it is, so its factor is 1."): (
            lambda w, x, y: np.array([slopes(w, x, y)[0]] * 2)
        ),
        N_("A mean of products is not the product of the means: multiply first, point by point."): (
            lambda w, x, y: slopes(w, x, y)[1] * np.array([np.mean(x), 1])
        ),
        N_("The two slopes have changed places. First the one along m, then the one along c."): (
            lambda w, x, y: slopes(w, x, y)[::-1]
        ),
        N_("These are slopes for each point. Take the mean over the points."): (
            lambda w, x, y: slopes(w, x, y, np.array)
        ),
        N_("In the slope along m the factor 2 is missing, in that along c it is there."): (
            lambda w, x, y: slopes(w, x, y) * np.array([0.5, 1])
        ),
        N_("In the slope along c the factor 2 is missing, in that along m it is there."): (
            lambda w, x, y: slopes(w, x, y) * np.array([1, 0.5])
        ),
        N_("The slope along c is a sum, and that along m a mean. Both are means."): (
            lambda w, x, y: slopes(w, x, y) * np.array([1, len(x)])
        ),
        N_("The slope along m is a sum, and that along c a mean. Both are means."): (
            lambda w, x, y: slopes(w, x, y) * np.array([len(x), 1])
        ),
        N_(
            "These are half the sums: the factor 2 is missing, or 2 stands where the number of points "
            "belongs."
        ): (lambda w, x, y: slopes(w, x, y, np.sum) / 2),
        N_("The error is squared in them. The slope of error^2 is 2 error, without a square."): (
            lambda w, x, y: (
                2 * np.array([np.mean(error(w, x, y) ** 2 * x), np.mean(error(w, x, y) ** 2)])
            )
        ),
        N_("c is missing in the error: the line is m x + c."): (
            lambda w, x, y: slopes(np.array([w[0], 0]), x, y)
        ),
        N_("m and c have changed places: w holds the slope first, then what is added."): (
            lambda w, x, y: slopes(w[::-1], x, y)
        ),
        N_(
            "The slope along m has the factor m. The error changes with m by x: take the factor x."
        ): (lambda w, x, y: slopes(w, x, y)[1] * np.array([w[0], 1])),
        N_("The slope along m has the factor x squared. m is multiplied by x, so take x once."): (
            lambda w, x, y: np.array([np.mean(2 * error(w, x, y) * x**2), slopes(w, x, y)[1]])
        ),
        N_("These are the slopes of the mean absolute error. Those of error^2 are 2 error."): (
            lambda w, x, y: np.array(
                [np.mean(np.sign(error(w, x, y)) * x), np.mean(np.sign(error(w, x, y)))]
            )
        ),
        N_("Only one slope is there. Return two: along m, then along c."): (
            lambda w, x, y: slopes(w, x, y)[0],
            lambda w, x, y: slopes(w, x, y)[:1],
            lambda w, x, y: slopes(w, x, y)[1],
        ),
        N_("The slopes are cut off to whole numbers: zeros_like(w) has the type of w."): (
            lambda w, x, y: slopes(w, x, y).astype(w.dtype)
        ),
    },
    rights=(
        lambda w, x, y: (2 * error(w, x, y) @ x / len(x), sum(2 * error(w, x, y)) / len(x)),
        lambda w, x, y: 2 / len(x) * np.stack([x, np.ones(len(x))]) @ error(w, x, y),
        lambda w, x, y: np.mean(
            [[2 * (w[0] * a + w[1] - b) * a, 2 * (w[0] * a + w[1] - b)] for a, b in zip(x, y)],
            axis=0,
        ),
    ),
)


def columns(rng):
    """x: one column as a vector, then tables, square ones and others."""
    yield (np.array([1.0, 3.0]),)
    yield (np.array([1, 2, 3, 7]),)
    yield (np.array([[1.0, 10.0], [3.0, 50.0]]),)
    yield (np.array([[1, 0], [2, 0], [4, 9]]),)
    yield (np.array([[3000.0, 2.0], [-2000.0, 2.0005], [500.0, 2.0003]]),)
    yield (np.array([4e-4, -4e-4, 3e-4]),)
    yield (np.array([-1.0, 5e-4, 1.0]),)
    yield (rng.normal(2, 5, size=(24, 2)).round(2),)
    for shape in ((5,), (4, 3), (3, 3), (6, 1)):
        yield (rng.normal(2, 5, size=shape).round(2),)


def scaled(x, mean, std):
    return (x - mean) / std, mean, std


def not_0(std, other=1):
    return np.where(std == 0, other, std)


standardize = exercise(
    number="2.6",
    name="standardize",
    title=N_("Standardizing"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=descent.standardize,
    inputs=columns,
    extremes=(
        (np.array([[2.0, 7.0], [2.0, 9.0], [2.0, 5.0]]),),  # a constant column
        (np.array([[1.0, -4.0, 0.0]]),),  # a single row
        (np.array([1e9, 1e9 + 1, 1e9 + 2]),),  # mean(x^2) - mean(x)^2 would lose every digit
    ),
    returns=("z", "mean", "std"),
    hints=(
        N_("Every column has a mean and a std of its own. `x.mean` and `x.std` take an axis."),
        N_("Take off the mean first and divide what is left: parentheses."),
        N_("The std of a constant column is 0. What is 0 / 0? And what is x divided by 1?"),
        N_("`np.where(condition, a, b)` is a where the condition holds, and b elsewhere."),
    ),
    why=N_(
        "`axis=0` runs down the rows, so each column gets its own two numbers. A constant column "
        "becomes 0 by taking off its mean, and dividing by 1 keeps it so. The mean and std are "
        "returned because new data must be scaled with those of the old."
    ),
    mistakes={
        N_("One mean and one std for the whole table. Every column needs its own: `axis=0`."): (
            lambda x: scaled(x, x.mean(), x.std()),
            lambda x: scaled(x, x.mean(), not_0(x.std())),
        ),
        N_("`axis=1` gives a mean and std for each row, so for an example. Take `axis=0`."): (
            lambda x: scaled(x, x.mean(axis=1), x.std(axis=1)),
            lambda x: scaled(x, x.mean(axis=1), not_0(x.std(axis=1))),
            lambda x: scaled(x, x.mean(1, keepdims=True), x.std(1, keepdims=True)),
            lambda x: scaled(x, x.mean(1, keepdims=True), not_0(x.std(1, keepdims=True))),
        ),
        N_("You divide by the variance. The standard deviation is its square root."): (
            lambda x: scaled(x, x.mean(axis=0), x.var(axis=0)),
            lambda x: scaled(x, x.mean(axis=0), not_0(x.var(axis=0))),
        ),
        N_("This std divides by n - 1, as a statistician estimates it. Here it is n: `ddof=0`."): (
            lambda x: scaled(x, x.mean(axis=0), x.std(axis=0, ddof=1)),
            lambda x: scaled(x, x.mean(axis=0), not_0(x.std(axis=0, ddof=1))),
        ),
        N_("The mean is not taken off: z must have the mean 0."): (
            lambda x: (x / x.std(axis=0), x.mean(axis=0), x.std(axis=0)),
            lambda x: (x / not_0(x.std(axis=0)), x.mean(axis=0), not_0(x.std(axis=0))),
        ),
        N_("Parentheses are missing: only the mean is divided by std."): (
            lambda x: (x - x.mean(axis=0) / x.std(axis=0), x.mean(axis=0), x.std(axis=0)),
            lambda x: (
                x - x.mean(axis=0) / not_0(x.std(axis=0)),
                x.mean(axis=0),
                not_0(x.std(axis=0)),
            ),
        ),
        N_("You divide by the range, from least to largest. Divide by the standard deviation."): (
            lambda x: scaled(x, x.mean(axis=0), np.ptp(x, axis=0)),
            lambda x: scaled(x, x.mean(axis=0), not_0(np.ptp(x, axis=0))),
        ),
        N_("A constant column has the std 0, and 0 / 0 is NaN. Divide such a column by 1."): (
            lambda x: scaled(x, x.mean(axis=0), x.std(axis=0))
        ),
        N_(
            "z is right, and the std of a constant column is given as 0 or nearly 0. Give it as 1."
        ): (
            lambda x: (scaled(x, x.mean(axis=0), not_0(x.std(axis=0)))[0], x.mean(0), x.std(0)),
            *(
                lambda x, tiny=tiny: scaled(x, x.mean(axis=0), np.maximum(x.std(axis=0), tiny))
                for tiny in (1e-5, 1e-6, 1e-7, 1e-8)
            ),
            *(
                lambda x, tiny=tiny: scaled(x, x.mean(axis=0), x.std(axis=0) + tiny)
                for tiny in (1e-5, 1e-6, 1e-7, 1e-8, 1e-10)
            ),
        ),
        N_("Where one column is constant, the others are divided by 1 too. Ask each by itself."): (
            lambda x: scaled(x, x.mean(axis=0), x.std(axis=0) ** float(np.all(x.std(axis=0) != 0))),
        ),
        N_("A std below 1 is taken as 1. Only that of a constant column is: where it is 0."): (
            lambda x: scaled(x, x.mean(axis=0), np.maximum(x.std(axis=0), 1)),
        ),
        N_("1 is added to every std. Only that of a constant column becomes 1: where it is 0."): (
            lambda x: scaled(x, x.mean(axis=0), x.std(axis=0) + 1),
        ),
        N_("The median is taken off. Take off the mean."): (
            lambda x: scaled(x, np.median(x, axis=0), not_0(x.std(axis=0))),
        ),
        N_("This is z alone. Return z, mean and std, with commas between them."): (
            lambda x: descent.standardize(x)[0]
        ),
        N_("The three results have changed places. Return z, mean, std."): tuple(
            lambda x, order=order: tuple(descent.standardize(x)[i] for i in order)
            for order in ((0, 2, 1), (1, 2, 0), (1, 0, 2), (2, 1, 0), (2, 0, 1))
        ),
        N_("Mean and std have an axis too many, as with keepdims=True. They are (d,)."): (
            lambda x: scaled(x, x.mean(0, keepdims=True), not_0(x.std(0, keepdims=True))),
            lambda x: scaled(x, x.mean(0, keepdims=True), x.std(0, keepdims=True)),
        ),
        N_("Mean and std are those of z, 0 and 1. Return those of x, taken before it is scaled."): (
            lambda x: (
                descent.standardize(x)[0],
                descent.standardize(x)[0].mean(axis=0),
                descent.standardize(x)[0].std(axis=0),
            ),
        ),
        N_(
            "This runs from 0 to 1, with the least taken off and the range divided by. Take mean, std."
        ): (
            lambda x: scaled(x, x.min(axis=0), np.ptp(x, axis=0)),
            lambda x: scaled(x, x.min(axis=0), not_0(np.ptp(x, axis=0))),
        ),
    },
    rights=(
        lambda x: scaled(x, np.mean(x, 0), np.std(x, 0) + (np.std(x, 0) == 0)),
        lambda x: [part.tolist() for part in descent.standardize(x)],
        lambda x: scaled(x, sum(x) / len(x), np.where(np.ptp(x, 0) > 0, np.std(x, 0), 1.0)),
    ),
)


def examples(rng):
    """x, y, order, batch_size: a last batch that is shorter, one example, fewer than a batch."""
    four = (
        np.array([10.0, 20.0, 30.0, 40.0]),
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.array([2, 0, 3, 1]),
    )
    yield *four, 2
    yield *four, 3
    yield *four, 1
    yield *four, 5
    yield np.array([1, 2, 3]), np.array([0.5, -1.25, 0.0]), np.array([1, 2, 0]), 2
    yield np.array([[0.5], [-1.25], [2e-4]]), np.array([7, 8, 9]), np.array([1, 2, 0]), 2
    yield np.arange(3000.0, 2700, -1), np.arange(1300, 1000, -1), rng.permutation(300), 7
    yield np.arange(30.0), -np.arange(30) / 1e4, rng.permutation(30), 25
    for n, features, size in ((5, 3, 2), (6, 1, 3), (7, 2, 4), (10, 2, 10)):
        x, y = rng.normal(size=(n, features)).round(1), rng.normal(size=n).round(1)
        yield x, y, rng.permutation(n), size


def pairs(x, y, batches):
    return [(x[batch], y[batch]) for batch in batches]


def cut(order, size):
    return [order[first : first + size] for first in range(0, len(order), size)]


split_into_batches = exercise(
    number="2.7",
    name="split_into_batches",
    title=N_("Splitting into batches"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=lambda x, y, order, batch_size: pairs(x, y, cut(order, batch_size)),
    inputs=examples,
    hints=(
        N_("Cut the order, not the data: first `batch_size` indices, then the next, and so on."),
        N_("`range(0, n, batch_size)` says where batches begin. A slice may reach past the end."),
        N_("`x[batch]` takes the examples whose indices are in `batch`. Take the same of `y`."),
    ),
    why=N_(
        "Indices are shuffled instead of data, so that each x keeps its y. A slice that reaches past "
        "the end stops there: the last batch comes out shorter by itself, and no example is lost."
    ),
    mistakes={
        N_("The last, shorter batch is left out. Its examples must have their turn, too."): (
            lambda x, y, order, batch_size: pairs(
                x, y, cut(order[: len(x) // batch_size * batch_size], batch_size)
            )
        ),
        N_("x is shuffled and y is not: each x gets a y that belongs to another."): (
            lambda x, y, order, batch_size: list(
                zip((x[b] for b in cut(order, batch_size)), cut(y, batch_size))
            )
        ),
        N_("y is shuffled and x is not: each y gets an x that belongs to another."): (
            lambda x, y, order, batch_size: list(
                zip(cut(x, batch_size), (y[b] for b in cut(order, batch_size)))
            )
        ),
        N_("In each pair y comes first. Put x before y."): (
            lambda x, y, order, batch_size: pairs(y, x, cut(order, batch_size))
        ),
        N_("Only the first batch is there. Has a return come too early, inside of the loop?"): (
            lambda x, y, order, batch_size: pairs(x, y, cut(order, batch_size))[:1],
            lambda x, y, order, batch_size: pairs(x, y, cut(order, batch_size))[0],
        ),
        N_(
            "Each batch holds the first examples again. Begin the slice where the last one ended."
        ): (
            lambda x, y, order, batch_size: pairs(
                x, y, [order[:batch_size] for _ in cut(order, batch_size)]
            )
        ),
        N_("The batches are one example too long, and share it. A slice ends before its end."): (
            lambda x, y, order, batch_size: pairs(
                x,
                y,
                [order[i : i + batch_size + 1] for i in range(0, len(order), batch_size)],
            )
        ),
        N_("The batches are one example too short. A slice ends before its end."): (
            lambda x, y, order, batch_size: pairs(
                x,
                y,
                [order[i : i + batch_size - 1] for i in range(0, len(order), batch_size)],
            )
        ),
        N_(
            "The batches grow: each begins with the first example. Begin where the last one ended."
        ): (
            lambda x, y, order, batch_size: pairs(
                x, y, [order[: i + batch_size] for i in range(0, len(order), batch_size)]
            )
        ),
        N_("The order is sorted or not used: the examples come as they stood."): (
            lambda x, y, order, batch_size: list(zip(cut(x, batch_size), cut(y, batch_size)))
        ),
        N_("`order[i]` says which example comes at place i, not to which place example i goes."): (
            lambda x, y, order, batch_size: pairs(x, y, cut(np.argsort(order), batch_size))
        ),
        N_("You cut into `batch_size` parts. It is the number of examples in each of them."): (
            lambda x, y, order, batch_size: pairs(x, y, np.array_split(order, batch_size))
        ),
        N_("The batches are evened out. Only the last one may be shorter than `batch_size`."): (
            lambda x, y, order, batch_size: pairs(
                x, y, np.array_split(order, -(-len(x) // batch_size))
            )
        ),
        N_("The batches overlap: begin the next one `batch_size` further, not one further."): (
            lambda x, y, order, batch_size: pairs(
                x, y, [order[i : i + batch_size] for i in range(len(x))]
            )
        ),
        N_("These are the indices. Return the examples themselves, as pairs of x and y."): (
            lambda x, y, order, batch_size: cut(order, batch_size)
        ),
        N_("The x and the y come apart. Return one list of pairs, a pair for each batch."): (
            lambda x, y, order, batch_size: (cut(x[order], batch_size), cut(y[order], batch_size))
        ),
    },
    rights=(
        lambda x, y, order, batch_size: zip(cut(x[order], batch_size), cut(y[order], batch_size)),
        lambda x, y, order, batch_size: pairs(
            x, y, np.split(order, range(batch_size, len(order), batch_size))
        ),
        lambda x, y, order, batch_size: tuple(
            [[x[i].tolist() for i in batch], [y[i] for i in batch]]
            for batch in cut(order, batch_size)
        ),
    ),
)


def balls(rng):
    """gradient, start, learning_rate, momentum, steps."""
    yield square_slope, 4.0, 0.25, 0.5, 1
    yield square_slope, 4.0, 0.25, 0.5, 3
    yield two_minima_slope, 2, 0.01, 0.9, 4
    yield square_slope, 3.0, 0.1, 0.0, 3
    yield bowl_gradient, np.array([10, 1]), 0.1, 0.9, 3
    yield valley_gradient, np.array([-1.2, 1.0]), 0.001, 0.5, 3
    yield two_minima_slope, np.array([[1.0]]), 0.05, 0.25, 2
    yield square_slope, 0.0, 0.1, 0.5, 2
    yield two_minima_slope, np.array([1.5]), 0.05, 0.1, 25  # steps that become short
    yield square_slope, rng.normal(size=24).round(2), 0.1, 0.5, 2
    yield square_slope, np.array([3000.0, -2000.0]), 0.1, 0.5, 2
    yield square_slope, np.array([2e-4, -3e-4]), 0.1, 0.5, 2
    yield square_slope, rng.normal(size=(2, 3)).round(2), 0.1, 0.8, 4


def ball(gradient, start, learning_rate, momentum, steps):
    """The path, as the package has it."""
    return descent.gradient_descent(
        gradient,
        start,
        learning_rate=learning_rate,
        momentum=momentum,
        max_steps=steps,
        tolerance=0,
    ).points


def array_like_ball(gradient, start, rate, momentum, steps):
    points = np.full((steps + 1, *np.shape(start)), start)
    velocity = 0
    for step in range(steps):
        velocity = momentum * velocity - rate * gradient(points[step])
        points[step + 1] = points[step] + velocity
    return points


def rolling(step):
    """A roll whose point and velocity after a step are step(x, v, gradient, rate, momentum)."""

    def path(gradient, start, learning_rate, momentum, steps):
        x, v = np.array(start, dtype=float), 0.0
        points = [x]
        for _ in range(steps):
            x, v = step(x, v, gradient, learning_rate, momentum)
            points.append(x)
        return np.array(points)

    return path


def slowed(x, v, gradient, rate, momentum):
    v = momentum * (v - rate * gradient(x))
    return x + v, v


def averaged(x, v, gradient, rate, momentum):
    v = momentum * v - (1 - momentum) * rate * gradient(x)
    return x + v, v


def climbing(x, v, gradient, rate, momentum):
    v = momentum * v + rate * gradient(x)
    return x + v, v


def never_slowed(x, v, gradient, rate, momentum):
    v = v - rate * gradient(x)
    return x + v, v


def looking_ahead(x, v, gradient, rate, momentum):
    v = momentum * v - rate * gradient(x + momentum * v)
    return x + v, v


def moved_first(x, v, gradient, rate, momentum):
    return x + v, momentum * v - rate * gradient(x)


def as_pytorch(x, v, gradient, rate, momentum):
    v = momentum * v + gradient(x)
    return x - rate * v, v


def heavy_ball(gradient, start, learning_rate, momentum, steps):
    points = [start, start]
    for _ in range(steps):
        x, before = points[-1], points[-2]
        points.append(x - learning_rate * gradient(x) + momentum * (x - before))
    return np.array(points[1:])


roll = exercise(
    number="2.8",
    name="roll",
    title=N_("A ball with momentum"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=ball,
    inputs=balls,
    hints=(
        N_("Start from your `descend`. What is new is a velocity: 0 before the first step."),
        N_("A step does two things in turn: it makes the new velocity, and it moves by it."),
        N_("`momentum` multiplies what the velocity was. What does the learning rate multiply?"),
    ),
    why=N_(
        "The velocity outlives the step: a part of it is left, and the slope changes it. Along a "
        "steady slope these parts add up to 1 / (1 - momentum) plain steps, and across a valley, "
        "where the slopes have opposite signs, they cancel."
    ),
    mistakes={
        N_("The velocity is forgotten after each step, so this is a plain descent."): (
            lambda gradient, start, rate, momentum, steps: walk(gradient, start, rate, steps)
        ),
        N_("The velocity is never slowed down: multiply the old one by `momentum`."): rolling(
            never_slowed
        ),
        N_("`momentum` multiplies the new slope as well. It belongs to the old velocity alone."): (
            rolling(slowed)
        ),
        N_("The slope gets a factor `1 - momentum`, as in an average. Here it enters whole."): (
            rolling(averaged)
        ),
        N_(
            "The ball climbs: the slope is subtracted once. Add v to x after v has lost the slope."
        ): (rolling(climbing)),
        N_("The last point is missing: as if there were a step too few."): (
            lambda *args: ball(*args)[:-1]
        ),
        N_("There is a step too many. range(steps) has as many rounds as asked."): (
            lambda gradient, start, rate, momentum, steps: ball(
                gradient, start, rate, momentum, steps + 1
            )
        ),
        N_("This is the last point alone. Keep all of them, the start included."): (
            lambda *args: ball(*args)[-1]
        ),
        N_("The learning rate is missing: it multiplies the slope."): (
            lambda gradient, start, rate, momentum, steps: ball(gradient, start, 1, momentum, steps)
        ),
        N_(
            "The learning rate multiplies the old velocity as well. It belongs to the slope alone."
        ): (
            rolling(
                lambda x, v, gradient, rate, momentum: (
                    x + rate * (momentum * v - gradient(x)),
                    rate * (momentum * v - gradient(x)),
                )
            )
        ),
        N_(
            "The velocity is added to the slope's step once more: move by the new velocity alone."
        ): (
            rolling(
                lambda x, v, gradient, rate, momentum: (
                    x + momentum * v - 2 * rate * gradient(x),
                    momentum * v - rate * gradient(x),
                )
            )
        ),
        N_("Every step uses the slope at the start. Take it where the ball is by now."): (
            lambda gradient, start, *rest: ball(lambda x: gradient(start), start, *rest)
        ),
        N_("These are velocities. Keep the points."): (
            lambda *args: np.diff(ball(*args), axis=0),
            lambda *args: np.concatenate(
                [np.zeros((1, *np.shape(args[1]))), np.diff(ball(*args), axis=0)]
            ),
        ),
        N_("The part that is left is 1 - momentum. It is momentum itself."): rolling(
            lambda x, v, gradient, rate, momentum: (
                x + (1 - momentum) * v - rate * gradient(x),
                (1 - momentum) * v - rate * gradient(x),
            )
        ),
        N_("Whole numbers in the start cut off the steps. Make an array of floats."): (
            array_like_ball
        ),
        N_("You move by the old velocity. Make the new one first, then move by that."): (
            rolling(moved_first)
        ),
        N_("You take the slope ahead of the ball, as Nesterov does. Take it where the ball is."): (
            rolling(looking_ahead)
        ),
        N_("The start is missing. The path begins with it."): lambda *args: ball(*args)[1:],
    },
    rights=(
        rolling(as_pytorch),
        heavy_ball,
        lambda *args: ball(*args).tolist(),
    ),
)


def endings(rng):
    """gradient, start, learning_rate, max_steps, tolerance."""
    yield square_slope, 3.0, 0.25, 10, 1.0
    yield square_slope, 3.0, 0.1, 2, 1e-6
    yield square_slope, 1.0, 1.5, 40, 1e-6  # too far with the last step that is allowed
    yield square_slope, 0.2, 0.1, 5, 1.0
    yield square_slope, -3, 0.25, 10, 0.1
    yield square_slope, 3.0, 0.25, 3, 1.0  # level ground only after the last step
    yield square_slope, 1.0, 1e-4, 30, 1e-6  # short steps, all of them asked
    yield square_slope, 4e-4, 0.25, 5, 1e-4
    yield square_slope, np.linspace(-1, 1, 24), 0.25, 2, 1e-3
    yield square_slope, 0.5, 0.25, 5, 1.0
    yield square_slope, np.array([3.0, 3.0]), 0.25, 10, 1.0
    yield bowl_gradient, np.array([10, 1]), 0.18, 20, 0.5
    yield bowl_gradient, np.array([10.0, 1.0]), 0.3, 100, 1e-3
    yield two_minima_slope, float(rng.uniform(0.5, 1)), 0.01, 40, 1e-9
    yield square_slope, rng.normal(size=(2, 3)).round(2), 0.2, 30, 0.01


def until(gradient, start, learning_rate, max_steps, tolerance):
    """The path and why it stopped, as the package has it."""
    path = descent.gradient_descent(
        gradient, start, learning_rate=learning_rate, max_steps=max_steps, tolerance=tolerance
    )
    return path.points, path.stopped


def stopping(
    level=lambda slope, rate, tolerance: np.linalg.norm(slope) < tolerance,
    far=lambda x: not np.linalg.norm(x) < 1e12,
    keep_last=True,
    level_last=False,
):
    """A descent in which the known mistakes change one thing each."""

    def path(gradient, start, learning_rate, max_steps, tolerance):
        points = [start]
        for _ in range(max_steps):
            slope = gradient(points[-1])
            if not level_last and level(slope, learning_rate, tolerance):
                return np.array(points), "gradient"
            points.append(points[-1] - learning_rate * slope)
            if far(points[-1]):
                return np.array(points if keep_last else points[:-1]), "diverged"
            if level_last and level(slope, learning_rate, tolerance):
                return np.array(points), "gradient"
        return np.array(points), "steps"

    return path


def tested_again(gradient, start, learning_rate, max_steps, tolerance):
    points, stopped = until(gradient, start, learning_rate, max_steps, tolerance)
    if stopped == "steps" and np.linalg.norm(gradient(points[-1])) < tolerance:
        stopped = "gradient"
    return points, stopped


def at_0(gradient, start, learning_rate, max_steps, tolerance):
    points = [start]
    for _ in range(max_steps):
        if np.linalg.norm(points[-1]) < tolerance:
            return np.array(points), "gradient"
        points.append(points[-1] - learning_rate * gradient(points[-1]))
        if not np.linalg.norm(points[-1]) < 1e12:
            return np.array(points), "diverged"
    return np.array(points), "steps"


def counting(gradient, start, learning_rate, max_steps, tolerance):
    points, left = np.array([start], dtype=float), max_steps
    while left and not np.sqrt(np.sum(gradient(points[-1]) ** 2)) < tolerance:
        points = np.append(points, [points[-1] - learning_rate * gradient(points[-1])], axis=0)
        left -= 1
        if np.isnan(points[-1]).any() or np.linalg.norm(points[-1]) >= 1e12:
            return points, "diverged"
    return points.tolist(), "gradient" if left else "steps"


descend_until = exercise(
    number="2.9",
    name="descend_until",
    title=N_("A descent that knows when to stop"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=until,
    inputs=endings,
    extremes=(
        (square_slope, 5e11, 1.5, 5, 1e-6),  # comes to exactly -1e12
        (square_slope, -5e11, 1.5, 5, 1e-6),  # and to 1e12
        (logarithm, 4.0, 4.0, 10, 1e-6),  # comes to -1.5, which has no logarithm: NaN
    ),
    returns=("points", "stopped"),
    hints=(
        N_("Start from your `descend`. A return may stand at three places: which reason is where?"),
        N_("`np.linalg.norm` takes an array or a number. Before the step, test that of the slope."),
        N_("After the step: has the new point gone too far? It stays in the path all the same."),
        N_("Comparing with NaN gives False. Which question about 1e12 is answered right by that?"),
    ),
    why=N_(
        "The slope is tested before a step, so a start on level ground takes none. The norm counts "
        "all directions, and either sign. `not norm < 1e12` differs from `norm >= 1e12`: NaN is "
        "neither below nor above, and the first of them notices it."
    ),
    mistakes={
        N_("A negative slope is below any tolerance. What counts is how steep it is: its norm."): (
            stopping(level=lambda slope, rate, tolerance: slope < tolerance)
        ),
        N_("You test each slope by itself. Small ones add up: take the norm of all of them."): (
            stopping(level=lambda slope, rate, tolerance: np.max(np.abs(slope)) < tolerance)
        ),
        N_("You test the length of the step, which a small rate makes short on any slope."): (
            stopping(level=lambda slope, rate, tolerance: rate * np.linalg.norm(slope) < tolerance)
        ),
        N_("You test the slope after the step, so a start on level ground still takes one."): (
            stopping(level_last=True)
        ),
        N_("A path that runs away is not noticed: test each new point."): stopping(
            far=lambda x: False
        ),
        N_("`while norm >= tolerance` ends at NaN, too, and takes it for level ground."): (
            stopping(level=lambda slope, rate, tolerance: not np.linalg.norm(slope) >= tolerance)
        ),
        N_("A path that comes to NaN is not noticed. Every comparison with NaN is False."): (
            stopping(far=lambda x: np.linalg.norm(x) >= 1e12)
        ),
        N_("`> 1e12` misses NaN, and 1e12 itself. Ask whether the norm is not below 1e12."): (
            stopping(far=lambda x: np.linalg.norm(x) > 1e12)
        ),
        N_("Only a positive point can be too far with you. Take its norm."): (
            stopping(far=lambda x: not np.all(x < 1e12))
        ),
        N_("The point that went too far is missing. It belongs to the path."): stopping(
            keep_last=False
        ),
        N_("The start is missing. The path begins with it."): lambda *args: (
            until(*args)[0][1:],
            until(*args)[1],
        ),
        N_("The slope is tested once more after the last step. With no step left it is 'steps'."): (
            tested_again
        ),
        N_("There is a step too many. range(max_steps) has as many rounds as allowed."): (
            lambda gradient, start, rate, steps, tolerance: until(
                gradient, start, rate, steps + 1, tolerance
            )
        ),
        N_("There is a step too few. range(max_steps) has as many rounds as allowed."): (
            lambda gradient, start, rate, steps, tolerance: until(
                gradient, start, rate, steps - 1, tolerance
            )
        ),
        N_("It goes on where the ground is level: the slope is not compared with the tolerance."): (
            stopping(level=lambda slope, rate, tolerance: False)
        ),
        N_("You test how far the point is from 0. Level ground is where the slope is small."): (
            at_0
        ),
        N_("This is the last point alone. Keep all of them, the start included."): lambda *args: (
            until(*args)[0][-1],
            until(*args)[1],
        ),
        N_("This is the path alone. Return the reason with it, after a comma."): lambda *args: (
            until(*args)[0]
        ),
        N_("The sign is lost: the gradient points uphill, and you go along with it."): (
            lambda gradient, *rest: until(lambda x: -gradient(x), *rest)
        ),
    },
    rights=(
        stopping(),
        counting,
        lambda *args: [list(until(*args)[0]), until(*args)[1]],
    ),
)
