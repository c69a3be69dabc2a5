"""The exercises of chapter 3: one neuron."""

import numpy as np

from course_nn import neuron
from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def sigmoid(z):
    """a = 1 / (1 + e^-z), as a learner writes it; e^-z overflows far below 0."""
    return 1 / (1 + np.exp(-z))


def rows(rng):
    """x, w, b: one example and one input first, then non-square ones."""
    yield np.array([[2.0]]), np.array([3.0]), 1.0
    yield np.array([[1.0, 2.0]]), np.array([3.0, -1.0]), 0.5
    yield np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0]), 2.0
    yield np.array([[1, 0], [0, 2], [4, 1]]), np.array([2, -1]), 1
    for n, d in ((5, 3), (1, 4), (4, 1), (3, 3)):
        x, w = rng.normal(size=(n, d)).round(1), rng.normal(size=d).round(1) + 0.05
        yield x, w, round(rng.normal(), 1) + 0.05


weighted_sum = exercise(
    number="3.1",
    name="weighted_sum",
    title=N_("The weighted sum"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=neuron.weighted_sum,
    inputs=rows,
    hints=(
        N_("For one example: multiply each input by its weight, add the products, add b."),
        N_(
            "x has an example in each row. Which product of x (n, d) and w (d,) has the shape (n,)?"
        ),
    ),
    why=N_(
        "x @ w multiplies each row of x with w entry by entry and adds the products, so it gives one "
        "number for each example. b is one number, and NumPy adds it to all of them."
    ),
    mistakes={
        N_("The bias b is missing."): lambda x, w, b: x @ w,
        N_("The products are not added up: x * w still has a column for each input."): (
            lambda x, w, b: x * w + b
        ),
        N_("b is added to every product, so it comes in d times. Add it once, to the sum."): (
            lambda x, w, b: (x * w + b).sum(axis=1)
        ),
        N_("The examples are added up (axis=0). Add along each row: axis=1."): (
            lambda x, w, b: (x * w).sum(axis=0) + b
        ),
        N_("Everything is added up to one number. There is a weighted sum for each example."): (
            lambda x, w, b: np.sum(x * w) + b
        ),
        N_("This is the mean of the products. A weighted sum adds them."): (
            lambda x, w, b: (x * w).mean(axis=1) + b
        ),
        N_("b multiplies the sum. Add it."): lambda x, w, b: x @ w * b,
    },
    rights=(
        lambda x, w, b: [sum(xi * wi for xi, wi in zip(row, w)) + b for row in x],
        lambda x, w, b: (x * w).sum(axis=1) + b,
        lambda x, w, b: np.column_stack([x, np.ones(len(x))]) @ np.append(w, b),
    ),
)


def outputs(x, w, b):
    """The textbook's neuron: sigmoid(x @ w + b)."""
    return sigmoid(x @ w + b)


neuron_forward = exercise(
    number="3.2",
    name="neuron_forward",
    title=N_("The forward pass"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=outputs,
    inputs=rows,
    hints=(
        N_("First the weighted sum z, which you have written already; then the sigmoid of it."),
        N_("The sigmoid is 1 / (1 + e^-z). np.exp takes all of z at once."),
    ),
    why=N_(
        "The weighted sum may be any number; the sigmoid squashes it to between 0 and 1, so that it can be "
        "read as a probability. np.exp works on the whole array, so no loop is needed."
    ),
    mistakes={
        N_("The activation is missing: this is the weighted sum."): lambda x, w, b: x @ w + b,
        N_("The minus is missing: 1 / (1 + e^z) falls where the sigmoid rises."): (
            lambda x, w, b: 1 / (1 + np.exp(x @ w + b))
        ),
        N_("b is added after the sigmoid. It belongs to the weighted sum, inside."): (
            lambda x, w, b: sigmoid(x @ w) + b
        ),
        N_("The bias b is missing."): lambda x, w, b: sigmoid(x @ w),
        N_("Parentheses are missing: 1 / 1 + e^-z is 1 + e^-z."): (
            lambda x, w, b: 1 / 1 + np.exp(-(x @ w + b))
        ),
        N_("This is tanh, which runs from -1 to 1. The sigmoid runs from 0 to 1."): (
            lambda x, w, b: np.tanh(x @ w + b)
        ),
        N_("The outputs are rounded to 0 and 1. Return the numbers between."): (
            lambda x, w, b: np.round(outputs(x, w, b))
        ),
    },
    rights=(
        neuron.forward,
        lambda x, w, b: [1 / (1 + np.exp(-sum(row * w) - b)) for row in x],
        lambda x, w, b: np.exp(x @ w + b) / (1 + np.exp(x @ w + b)),
        lambda x, w, b: (1 + np.tanh((x @ w + b) / 2)) / 2,
    ),
)


def guesses(rng):
    """a, y: outputs that are never on the edge, and their labels, both classes and one alone."""
    yield np.array([0.9]), np.array([1])
    yield np.array([0.9, 0.2]), np.array([1, 1])
    yield np.array([0.8, 0.3, 0.6]), np.array([1, 0, 0])
    yield np.array([0.1, 0.2, 0.3, 0.4]), np.array([0, 0, 0, 0])
    yield np.array([0.7, 0.9]), np.array([0, 0])
    yield np.array([0.99, 0.01, 0.6, 0.2, 0.3]), np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    for n in (4, 7, 10):
        a = rng.integers(1, 100, n) / 100
        yield np.where(a == 0.5, 0.45, a), rng.integers(0, 2, n)


def share_right(a, y):
    """The share of examples whose output lies on the side of 0.5 where the label is."""
    return np.mean((a > 0.5) == (y == 1))


accuracy = exercise(
    number="3.3",
    name="accuracy",
    title=N_("How many are right"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=share_right,
    inputs=guesses,
    hints=(
        N_("An output above 0.5 says 1, one below says 0. That is a comparison: a > 0.5."),
        N_("Compare what the neuron says with y. True counts as 1 and False as 0 in a mean."),
    ),
    why=N_(
        "a > 0.5 is the neuron's decision. Where it equals the label the neuron is right, and the mean of "
        "True and False is the share of True. Accuracy says nothing about how sure the neuron was: that "
        "is what the loss is for."
    ),
    mistakes={
        N_("The outputs are compared with the labels as they are. First decide: a > 0.5."): (
            lambda a, y: np.mean(a == y)
        ),
        N_("This is the share of wrong answers. Accuracy is the share of right ones."): (
            lambda a, y: np.mean((a > 0.5) != (y == 1))
        ),
        N_("This is the number of right answers. Divide by how many there are."): (
            lambda a, y: np.sum((a > 0.5) == (y == 1))
        ),
        N_("This is the share of examples that are said to be 1. Compare with the labels."): (
            lambda a, y: np.mean(a > 0.5)
        ),
        N_("Only the 1s that were found are counted. A 0 that was read as 0 is right as well."): (
            lambda a, y: np.mean((a > 0.5) & (y == 1))
        ),
        N_("This is a percentage. Return the share, from 0 to 1."): (
            lambda a, y: 100 * share_right(a, y)
        ),
    },
    rights=(
        lambda a, y: sum(int(o > 0.5) == label for o, label in zip(a, y)) / len(y),
        lambda a, y: 1 - np.abs(np.round(a) - y).mean(),
        lambda a, y: float(np.count_nonzero((a > 0.5) == (y > 0.5))) / len(a),
    ),
)


def losses(rng):
    """a, y: outputs strictly between 0 and 1, and labels."""
    yield np.array([0.5]), np.array([1])
    yield np.array([0.9]), np.array([0])
    yield np.array([0.9, 0.2]), np.array([1, 0])
    yield np.array([0.9, 0.2, 0.6]), np.array([0, 1, 1])
    yield np.array([0.25, 0.75]), np.array([1.0, 1.0])
    for n in (1, 4, 6):
        yield rng.uniform(0.05, 0.95, n).round(2), rng.integers(0, 2, n)


def crossentropy(a, y):
    """-mean(y log a + (1 - y) log(1 - a))"""
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


binary_crossentropy = exercise(
    number="3.4",
    name="binary_crossentropy",
    title=N_("Binary cross-entropy"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=crossentropy,
    inputs=losses,
    hints=(
        N_(
            "For a label 1 the loss is -log(a), for a label 0 it is -log(1 - a). Do these two first."
        ),
        N_("y times the one plus (1 - y) times the other: one of the two factors is always 0."),
        N_("The total error is the mean over the examples."),
    ),
    why=N_(
        "y and 1 - y are switches: one is 1 and the other 0, so each example pays minus the logarithm of the "
        "probability that the neuron gave to the truth. A sure and wrong answer costs far more than a "
        "doubtful one."
    ),
    mistakes={
        N_("The minus is missing: logarithms of numbers below 1 are negative, a loss is not."): (
            lambda a, y: -crossentropy(a, y)
        ),
        N_("Only the examples with label 1 count. Those with label 0 pay -log(1 - a)."): (
            lambda a, y: -np.mean(y * np.log(a))
        ),
        N_("The losses are added up. The total error is their mean."): (
            lambda a, y: len(y) * crossentropy(a, y)
        ),
        N_("Output and label have changed places: it is y log(a), not a log(y)."): (
            lambda a, y: -np.mean(a * np.log(y + 1e-7) + (1 - a) * np.log(1 - y + 1e-7))
        ),
        N_("The logarithm has base 2 (or 10). Use np.log, the natural one."): (
            lambda a, y: crossentropy(a, y) / np.log(2)
        ),
        N_("There is a loss for each example. Return their mean, one number."): (
            lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a))
        ),
        N_("1 - y belongs in front of the second logarithm, and y stands there again."): (
            lambda a, y: -np.mean(y * np.log(a) + y * np.log(1 - a))
        ),
        N_("This is the squared error. Cross-entropy takes logarithms."): (
            lambda a, y: np.mean((a - y) ** 2)
        ),
    },
    rights=(
        lambda a, y: -np.log(np.where(y == 1, a, 1 - a)).mean(),
        lambda a, y: sum(-np.log(o if t else 1 - o) for o, t in zip(a, y)) / len(y),
        lambda a, y: -np.log(1 - np.abs(a - y)).sum() / a.size,
    ),
)


def sums_and_labels(rng):
    """z, y: weighted sums and labels."""
    yield np.array([0.0]), np.array([1])
    yield np.array([2.0]), np.array([0])
    yield np.array([1.0, -1.0]), np.array([1, 1])
    yield np.array([3, 0, -2]), np.array([0, 1, 0])
    for n in (1, 4, 6):
        yield rng.normal(0, 3, n).round(1) + 0.05, rng.integers(0, 2, n)


def from_sums(z, y):
    """The mean of max(z, 0) - z y + log(1 + e^-|z|)."""
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


def naive(z, y):
    a = sigmoid(z)
    return crossentropy(a, y)


stable_crossentropy = exercise(
    number="3.5",
    name="stable_crossentropy",
    title=N_("A loss that stays finite"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=from_sums,
    inputs=sums_and_labels,
    extremes=(
        (np.array([1000.0]), np.array([0])),
        (np.array([-1000.0]), np.array([1])),
        (np.array([-1000.0, 1000.0, 0.0]), np.array([0, 1, 1])),
    ),
    hints=(
        N_(
            "Put a = 1 / (1 + e^-z) in -log(a): what is left is log(1 + e^-z). What is -log(1 - a)?"
        ),
        N_(
            "-log(a) is log(1 + e^-z) and -log(1 - a) is z + log(1 + e^-z). Only e^-z can overflow now."
        ),
        N_(
            "log(1 + e^-z) is max(-z, 0) + log(1 + e^-|z|): for z below 0, take e^-z out of the logarithm."
        ),
    ),
    why=N_(
        "Far from 0 the sigmoid rounds to exactly 0 or 1, and the logarithm of 0 is infinite. Written in "
        "z, the loss is max(z, 0) - z y + log(1 + e^-|z|): the exponential is never above 1, and the "
        "loss of a neuron that is badly wrong is as large as its z, not infinite."
    ),
    mistakes={
        N_(
            "The sigmoid rounds to 0 or 1 here, and log(0) is infinite. Simplify the formula in z first."
        ): (naive),
        N_(
            "The outputs are clipped away from 0 and 1, so the loss of a bad mistake stops growing."
        ): (lambda z, y: crossentropy(np.clip(sigmoid(z), 1e-7, 1 - 1e-7), y)),
        N_("e^-z overflows for z far below 0. Put -|z| in the exponential and add max(-z, 0)."): (
            lambda z, y: np.mean((1 - y) * z + np.log(1 + np.exp(-z)))
        ),
        N_("e^z overflows for z far above 0. Put -|z| in the exponential and add max(z, 0)."): (
            lambda z, y: np.mean(np.log(1 + np.exp(z)) - z * y)
        ),
        N_("-log(1 - a) is log(1 + e^z), or z + log(1 + e^-z): with label 0 a z is missing."): (
            lambda z, y: np.mean(np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z))))
        ),
        N_("The losses are added up. The total error is their mean."): (
            lambda z, y: from_sums(z, y) * len(z)
        ),
        N_("max(z, 0) is missing: for z above 0 the logarithm alone is not enough."): (
            lambda z, y: np.mean(-z * y + np.log1p(np.exp(-np.abs(z))))
        ),
    },
    rights=(
        lambda z, y: np.mean(np.logaddexp(0, z) - z * y),
        lambda z, y: np.mean(np.logaddexp(0, np.where(y == 1, -z, z))),
        lambda z, y: (
            sum(max(s, 0) - s * t + np.log(1 + np.exp(-abs(s))) for s, t in zip(z, y)) / len(z)
        ),
    ),
)


def labeled(rng):
    """x, y, w, b: a neuron with examples and their labels."""
    yield np.array([[2.0]]), np.array([1]), np.array([0.0]), 0.0
    yield np.array([[1.0, 2.0]]), np.array([0]), np.array([0.5, -0.5]), 1.0
    yield np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1, 0]), np.array([1.0, -1.0]), 0.5
    yield np.array([[1, 0], [3, 2], [4, 1]]), np.array([1, 0, 1]), np.array([0, 1]), -2
    for n, d in ((5, 3), (1, 4), (4, 1), (3, 3)):
        x, w = rng.normal(size=(n, d)).round(1) + 0.05, rng.normal(size=d).round(1) + 0.05
        yield x, rng.integers(0, 2, n), w, round(rng.normal(), 1) + 0.05


def gradients(x, y, w, b):
    """dw = x.T @ (a - y) / n, db = mean(a - y)"""
    difference = outputs(x, w, b) - y
    return x.T @ difference / len(y), np.mean(difference)


neuron_gradient = exercise(
    number="3.6",
    name="neuron_gradient",
    title=N_("The gradient of a neuron"),
    points=3,
    minutes=15,
    difficulty=2,
    reference=gradients,
    inputs=labeled,
    returns=("dw", "db"),
    hints=(
        N_(
            "With cross-entropy the slope by z is a - y for each example. How does z depend on w and b?"
        ),
        N_("dz/db is 1, so db is the mean of a - y. dz/dw is the example's x itself."),
        N_(
            "dw has an entry for each weight. Which product of x (n, d) and a - y (n,) has the shape (d,)?"
        ),
    ),
    why=N_(
        "By the chain rule each example gives the slope (a - y) x for the weights and a - y for the bias: "
        "the slope of the sigmoid has canceled against that of the cross-entropy. x.T @ (a - y) adds "
        "the examples up, and the loss is their mean, so both are divided by n."
    ),
    mistakes={
        N_("The sign is turned round: y - a points downhill. The gradient is the slope, a - y."): (
            lambda x, y, w, b: tuple(-part for part in gradients(x, y, w, b))
        ),
        N_("The slopes are added up. The loss is a mean, so divide by the number of examples."): (
            lambda x, y, w, b: tuple(len(y) * part for part in gradients(x, y, w, b))
        ),
        N_("The slope of the sigmoid, a (1 - a), is in it. With cross-entropy it cancels."): (
            lambda x, y, w, b: _with_slope(x, y, w, b, 1)
        ),
        N_("This is the gradient of the squared error. With cross-entropy 2 a (1 - a) cancels."): (
            lambda x, y, w, b: _with_slope(x, y, w, b, 2)
        ),
        N_("The activation is missing: a is the sigmoid of the weighted sum."): (
            lambda x, y, w, b: (x.T @ (x @ w + b - y) / len(y), np.mean(x @ w + b - y))
        ),
        N_("dw lacks the inputs: the slope of z by a weight is its x."): (
            lambda x, y, w, b: (np.full(len(w), gradients(x, y, w, b)[1]), gradients(x, y, w, b)[1])
        ),
        N_("db is added up, and dw is a mean. Both are means over the examples."): (
            lambda x, y, w, b: (gradients(x, y, w, b)[0], len(y) * gradients(x, y, w, b)[1])
        ),
        N_("dw is divided by the number of weights. Divide by the number of examples."): (
            lambda x, y, w, b: (
                gradients(x, y, w, b)[0] * len(y) / len(w),
                gradients(x, y, w, b)[1],
            )
        ),
    },
    rights=(
        lambda x, y, w, b: neuron.gradient(x, y, w, b),
        lambda x, y, w, b: (
            np.mean((outputs(x, w, b) - y)[:, np.newaxis] * x, axis=0),
            sum(outputs(x, w, b) - y) / len(y),
        ),
        lambda x, y, w, b: [
            [sum((outputs(x, w, b) - y) * x[:, i]) / len(x) for i in range(len(w))],
            (outputs(x, w, b) - y).mean(),
        ],
    ),
)


def _with_slope(x, y, w, b, factor):
    a = outputs(x, w, b)
    dz = factor * (a - y) * a * (1 - a)
    return x.T @ dz / len(y), np.mean(dz)


def to_train(rng):
    """x, y, w, b, learning_rate, steps: one step first, then more."""
    for (x, y, w, b), steps in zip(labeled(rng), (1, 1, 2, 3, 10, 5, 4, 20)):
        yield x, y, w, b, 0.5, steps


def descend(x, y, w, b, learning_rate, steps, sign=-1, stale=False, slopes=gradients):
    """The textbook's loop; the known mistakes change one thing each."""
    for _step in range(steps):
        dw, db = slopes(x, y, w, b)
        w = w + sign * learning_rate * dw
        if stale:
            dw, db = slopes(x, y, w, b)
        b = b + sign * learning_rate * db
    return w, b


def first_then_others(x, y, w, b, learning_rate, steps):
    w, b = descend(x, y, w, b, learning_rate, 1)
    return first_then_others(x, y, w, b, learning_rate, steps - 1) if steps > 1 else (w, b)


train_neuron = exercise(
    number="3.7",
    name="train_neuron",
    title=N_("Training a neuron"),
    points=3,
    minutes=20,
    difficulty=2,
    reference=descend,
    inputs=to_train,
    returns=("w", "b"),
    hints=(
        N_("Each step: the gradient at the present w and b, then a step against it, for both."),
        N_(
            "neuron_gradient(x, y, w, b) gives dw and db. How far do you go, and in which direction?"
        ),
        N_("w -= ... changes the array that you were given. w = w - ... makes a new one."),
    ),
    why=N_(
        "Four steps in a loop: forward pass, comparison and total error are inside the gradient, and the "
        "subtraction is what learning is. The gradient is computed anew in each round, because the "
        "slope is another one at the new place, and both w and b move by what was computed before either moved."
    ),
    mistakes={
        N_("This climbs: the gradient points uphill, so subtract it."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, sign=1
            )
        ),
        N_("The learning rate is missing."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w, b, 1, steps)
        ),
        N_("There is only one step. Repeat it, with a new gradient each time."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, min(steps, 1)
            )
        ),
        N_("b never changes. It has a gradient, too."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, slopes=lambda *at: (gradients(*at)[0], 0)
            )
        ),
        N_("The gradient for b is taken after w has moved. Compute both, then move both."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, stale=True
            )
        ),
        N_(
            "The gradient is computed once, before the loop. It is another one at each new place."
        ): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, slopes=lambda *_at: gradients(x, y, w, b)
            )
        ),
        N_("There is a step too many. range(steps) has as many rounds as asked."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w, b, learning_rate, steps + 1)
        ),
    },
    rights=(
        lambda x, y, w, b, learning_rate, steps: neuron.fit(
            x, y, w, b, learning_rate=learning_rate, epochs=steps, batch_size=len(x)
        )[:2],
        first_then_others,
    ),
)
