"""The exercises of chapter 3: one neuron."""

import numpy as np

from course_nn import neuron
from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def sigmoid(z):
    """a = 1 / (1 + e^-z), as a learner writes it; e^-z overflows far below 0."""
    return 1 / (1 + np.exp(-z))


def rows(rng):
    """x, w, b: one example and one input first, then non-square ones, of both signs, with ties."""
    yield np.array([[2.0]]), np.array([3.0]), 1.0
    yield np.array([[1.0, 2.0]]), np.array([3.0, -1.0]), 0.5
    yield np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0]), 2.0
    yield np.array([[1, 0], [0, 2], [4, 1]]), np.array([2, -1]), 1
    yield np.array([[2, 0], [0, 1], [1, 3], [0, 1]]), np.array([0.5, -1.25]), 0.75
    yield np.array([[0.5, 1.5], [0.5, -1.0]]), np.array([2, -1]), 1
    yield np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 0.5]]), np.array([0.5, 1.0, -2.0]), 0.0
    yield np.array([[-5.0, 10.0], [1.0, 1.0], [5.0, -10.0]]), np.array([2.0, -0.5]), -0.5
    yield np.array([[0.0005, 0.0012]]), np.array([2345.678, -1234.5678]), 0.00045
    yield np.array([[3000.25, -2000.5]]), np.array([0.0004, 0.00025]), 1.23456
    yield np.array([[-1.0]]), np.array([20.0]), 12.34567
    for n, d in ((5, 3), (1, 4), (4, 1), (3, 3), (30, 2), (2, 25)):
        x, w = rng.normal(size=(n, d)).round(1), rng.normal(size=d).round(1) + 0.05
        yield x, w / max(d / 5, 1), round(rng.normal(), 1) + 0.05


def rows_of_any_size(rng):
    """x, w, b: the weighted sums grow large, and small."""
    yield from rows(rng)
    yield np.array([[2000.5, -3.0], [0.001, 0.0], [-4e5, 7.0]]), np.array([2.5, 0.1]), 0.002
    yield np.array([[0.0004, 0.0002], [-0.0003, 0.001]]), np.array([0.75, 0.0005]), 0.0


def only_first(value):
    """What comes of a `return` inside the loop: the first entry alone, as a number or in a list."""
    return (lambda *args: value(*args)[0]), (lambda *args: value(*args)[:1])


def without_last(value):
    """What comes of a loop that ends a row early: the last entry is missing, or 0."""
    return (
        lambda *args: value(*args)[:-1],
        lambda *args: np.append(value(*args)[:-1], 0),
    )


def rounded(value):
    """The result to a few digits."""
    return tuple(lambda *args, n=n: np.round(value(*args), n) for n in (1, 2, 3))


weighted_sum = exercise(
    number="3.1",
    name="weighted_sum",
    title=N_("The weighted sum"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=neuron.weighted_sum,
    inputs=rows_of_any_size,
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
        N_("This is x @ w alone: b is missing, or adding it has no effect."): lambda x, w, b: x @ w,
        N_("b is subtracted. Add it."): lambda x, w, b: x @ w - b,
        N_("The products are not added up: x * w still has a column for each input."): (
            lambda x, w, b: x * w + b,
            lambda x, w, b: x * w,
        ),
        N_("b comes in d times, as if it were added to every product. Add it once, to the sum."): (
            lambda x, w, b: (x * w + b).sum(axis=1)
        ),
        N_(
            "The products are added up over the examples, as by axis=0 or Python's sum. "
            "Add along each row: axis=1."
        ): (lambda x, w, b: (x * w).sum(axis=0) + b),
        N_("The product is turned round. The rows of x come first: x @ w."): (
            lambda x, w, b: w @ x + b
        ),
        N_("Everything is added up to one number. There is a weighted sum for each example."): (
            lambda x, w, b: np.sum(x * w) + b,
            lambda x, w, b: np.sum(x @ w + b),
        ),
        N_("This is the mean of the products. A weighted sum adds them."): (
            lambda x, w, b: (x * w).mean(axis=1) + b
        ),
        N_("This is divided by the sum of the weights. A weighted sum is not divided."): (
            lambda x, w, b: x @ w / np.sum(w) + b,
            lambda x, w, b: (x @ w + b) / np.sum(w),
        ),
        N_("b multiplies the sum. Add it."): lambda x, w, b: x @ w * b,
        N_("The inputs are added up without their weights. First multiply each by its weight."): (
            lambda x, w, b: x.sum(axis=1) + b
        ),
        N_("Inputs and weights are added. Multiply each input by its weight."): (
            lambda x, w, b: (x + w).sum(axis=1) + b
        ),
        N_(
            "The sum runs on from one example to the next. It starts from 0 again for each of them."
        ): (
            lambda x, w, b: np.cumsum(x @ w) + b,
            lambda x, w, b: np.cumsum(x @ w + b),
        ),
        N_(
            "Only the first example is in the result. Is it the only one taken, or does `return` "
            "stand inside the loop?"
        ): only_first(neuron.weighted_sum),
        N_("The last example is left out. range(len(x)) reaches the last row already."): (
            without_last(neuron.weighted_sum)
        ),
        N_(
            "The sums are cut to whole numbers, as in an array of whole numbers that np.zeros_like or "
            "dtype=int makes. Take np.zeros(len(x))."
        ): (
            lambda x, w, b: (x @ w + b).astype(x.dtype),
            lambda x, w, b: (x @ w + b).astype(w.dtype),
            lambda x, w, b: (x @ w + b).astype(int),
        ),
        N_(
            "This is the sum after an activation: sigmoid, tanh, ReLU or a step. Return the sum itself."
        ): (
            lambda x, w, b: sigmoid(x @ w + b),
            lambda x, w, b: np.tanh(x @ w + b),
            lambda x, w, b: np.maximum(x @ w + b, 0),
            lambda x, w, b: (x @ w + b > 0).astype(float),
        ),
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
        N_("This is 1 / (1 + e^z), which falls where the sigmoid rises: a minus is missing."): (
            lambda x, w, b: 1 / (1 + np.exp(x @ w + b))
        ),
        N_(
            "b comes in with the wrong sign. The minus in e^-z belongs to all of z: -(x @ w + b)."
        ): (lambda x, w, b: sigmoid(x @ w - b)),
        N_("b is added after the sigmoid. It belongs to the weighted sum, inside."): (
            lambda x, w, b: sigmoid(x @ w) + b
        ),
        N_("This is the sigmoid of x @ w alone: b is missing, or adding it has no effect."): (
            lambda x, w, b: sigmoid(x @ w)
        ),
        N_(
            "b comes in d times, as if it were added to every product. Add it once, to the weighted sum."
        ): (lambda x, w, b: sigmoid((x * w + b).sum(axis=1))),
        N_("This is 1 + e^-z, as 1 / 1 + e^-z is: the denominator needs parentheses."): (
            lambda x, w, b: 1 / 1 + np.exp(-(x @ w + b))
        ),
        N_("This is e^z, as 1 / e^-z is. In the denominator of the sigmoid stands 1 + e^-z."): (
            lambda x, w, b: np.exp(x @ w + b)
        ),
        N_("In the denominator stands 1 - e^-z. Add the two."): (
            lambda x, w, b: 1 / (1 - np.exp(-(x @ w + b)))
        ),
        N_("This is tanh, which runs from -1 to 1. The sigmoid runs from 0 to 1."): (
            lambda x, w, b: np.tanh(x @ w + b)
        ),
        N_("This is ReLU, max(z, 0). The sigmoid is 1 / (1 + e^-z)."): (
            lambda x, w, b: np.maximum(x @ w + b, 0)
        ),
        N_("The power has another base than e, or a rounded e. np.exp(-z) is e^-z."): tuple(
            lambda x, w, b, base=base: 1 / (1 + base ** -(x @ w + b))
            for base in (10, 2, 2.7, 2.71, 2.72, 2.718)
        ),
        N_(
            "The outputs are 0 and 1, as if they were rounded, or decided at 0.5. Return the numbers between."
        ): (lambda x, w, b: np.round(outputs(x, w, b))),
        N_("The outputs are rounded to a few digits. Return them as they are."): (rounded(outputs)),
        N_("This is the slope of the sigmoid, a (1 - a). Return a itself."): (
            lambda x, w, b: outputs(x, w, b) * (1 - outputs(x, w, b))
        ),
        N_("The sigmoid is applied twice."): lambda x, w, b: sigmoid(outputs(x, w, b)),
        N_("This is a softmax over the examples. Each example has an output of its own."): (
            lambda x, w, b: np.exp(x @ w + b) / np.sum(np.exp(x @ w + b))
        ),
        N_("The products are not added up: x * w still has a column for each input."): (
            lambda x, w, b: sigmoid(x * w + b)
        ),
        N_("Everything is added up to one number. There is an output for each example."): (
            lambda x, w, b: sigmoid(np.sum(x * w) + b),
            lambda x, w, b: sigmoid(np.sum(x @ w + b)),
        ),
        N_(
            "Only the first example is in the result. Is it the only one taken, or does `return` "
            "stand inside the loop?"
        ): only_first(outputs),
        N_("The last example is left out. range(len(x)) reaches the last row already."): (
            without_last(outputs)
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
    yield np.array([0.5001, 0.4999, 0.4999]), np.array([1, 0, 0])
    yield np.array([0.4999, 0.5001]), np.array([1, 0])
    yield np.array([0.99, 0.01, 0.6, 0.2, 0.3]), np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    yield np.array([1e-6, 0.6, 1 - 1e-6, 0.6]), np.array([1, 1, 1, 0])
    for n in (4, 7, 10, 30):
        a = rng.integers(1, 100, n) / 100
        yield np.where(a == 0.5, 0.45, a), rng.integers(0, 2, n)


def only_one(each, which):
    """What a loop comes to that counts one example alone, as it is or divided by their number."""
    return (
        lambda *args: each(*args)[which],
        lambda *args: each(*args)[which] / len(args[0]),
    )


def right(a, y):
    """1 where the output lies on the side of 0.5 where the label is, else 0."""
    return np.where((a > 0.5) == (y == 1), 1, 0)


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
        N_(
            "This is 0 for every input, as when outputs are compared with labels as they are. "
            "First decide: a > 0.5."
        ): (lambda a, y: np.mean(a == y)),
        N_("This is the share of wrong answers. Accuracy is the share of right ones."): (
            lambda a, y: np.mean((a > 0.5) != (y == 1))
        ),
        N_("This is the number of right answers. Divide by how many there are."): (
            lambda a, y: np.sum((a > 0.5) == (y == 1))
        ),
        N_("Each example has its True or False here. Return the share of True: their mean."): (
            lambda a, y: (a > 0.5) == (y == 1)
        ),
        N_("This is 1 if all are right and else 0, as np.all or a division with // gives."): (
            lambda a, y: np.all((a > 0.5) == (y == 1))
        ),
        N_("This is the share of examples that are said to be 1. Compare with the labels."): (
            lambda a, y: np.mean(a > 0.5)
        ),
        N_(
            "This is the share of examples whose label is 1, as if every output said 1. Is the limit 0.5?"
        ): (lambda a, y: np.mean(y == 1)),
        N_(
            "This is the share of examples whose label is 0, as if every output said 0: int() and "
            "astype(int) cut 0.9 to 0."
        ): (lambda a, y: np.mean(y == 0)),
        N_("The outputs are compared with another limit than 0.5."): tuple(
            lambda a, y, limit=limit: np.mean((a > limit) == (y == 1))
            for limit in (0.3, 0.4, 0.45, 0.49, 0.51, 0.55, 0.6, 0.7, 0.8, 0.9)
        ),
        N_("The distances of the outputs from their labels are averaged. First decide: a > 0.5."): (
            lambda a, y: 1 - np.mean(np.abs(a - y)),
            lambda a, y: np.mean(np.abs(a - y)),
        ),
        N_("Only the 1s that were found are counted. A 0 that was read as 0 is right as well."): (
            lambda a, y: np.mean((a > 0.5) & (y == 1)),
            lambda a, y: np.sum((a > 0.5) & (y == 1)),
        ),
        N_("Only the 0s that were found are counted. A 1 that was read as 1 is right as well."): (
            lambda a, y: np.mean((a <= 0.5) & (y == 0)),
            lambda a, y: np.sum((a <= 0.5) & (y == 0)),
        ),
        N_("This is the recall, the share of the 1s that were found. Count all right answers."): (
            lambda a, y: np.sum((a > 0.5) & (y == 1)) / np.sum(y == 1)
        ),
        N_(
            "This is the precision, the share of right ones among those said to be 1. Count all right "
            "answers."
        ): (lambda a, y: np.sum((a > 0.5) & (y == 1)) / np.sum(a > 0.5)),
        N_("Only the first example counts. Does `return` stand inside the loop?"): (
            only_one(right, 0)
        ),
        N_("Only the last example counts. Does = stand in the loop in place of +=?"): (
            only_one(right, -1)
        ),
        N_("This is a percentage. Return the share, from 0 to 1."): (
            lambda a, y: 100 * share_right(a, y)
        ),
        N_("The share is rounded. Return it as it is."): rounded(share_right),
    },
    rights=(
        lambda a, y: sum(int(o > 0.5) == label for o, label in zip(a, y)) / len(y),
        lambda a, y: 1 - np.abs(np.round(a) - y).mean(),
        lambda a, y: float(np.count_nonzero((a > 0.5) == (y > 0.5))) / len(a),
    ),
)


def losses(rng):
    """a, y: outputs strictly between 0 and 1, some of them close to it, and labels."""
    yield np.array([0.5]), np.array([1])
    yield np.array([0.9]), np.array([0])
    yield np.array([0.9, 0.2]), np.array([1, 0])
    yield np.array([0.9, 0.2, 0.6, 0.2]), np.array([0, 1, 1, 0])
    yield np.array([0.25, 0.75]), np.array([1.0, 1.0])
    yield np.array([1e-5]), np.array([1])
    yield np.array([1 - 1e-5]), np.array([0])
    yield np.array([1e-7, 0.6]), np.array([1, 1])
    yield np.array([0.9995]), np.array([1])
    for n in (1, 4, 6, 30):
        yield rng.uniform(0.05, 0.95, n).round(2), rng.integers(0, 2, n)


def cross_entropies(a, y):
    """-(y log a + (1 - y) log(1 - a))"""
    return -(y * np.log(a) + (1 - y) * np.log(1 - a))


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
        N_(
            "One of the two logarithms comes in with the wrong sign. The minus belongs to both: put "
            "their sum in parentheses."
        ): (
            lambda a, y: np.mean(-y * np.log(a) + (1 - y) * np.log(1 - a)),
            lambda a, y: np.mean(y * np.log(a) - (1 - y) * np.log(1 - a)),
        ),
        N_("Only the examples with label 1 count. Those with label 0 pay -log(1 - a)."): (
            lambda a, y: -np.mean(y * np.log(a)),
            lambda a, y: -np.mean(np.log(a[y == 1])),
        ),
        N_("Only the examples with label 0 count. Those with label 1 pay -log(a)."): (
            lambda a, y: -np.mean((1 - y) * np.log(1 - a)),
            lambda a, y: -np.mean(np.log(1 - a[y == 0])),
        ),
        N_("The losses are added up. The total error is their mean."): (
            lambda a, y: len(y) * crossentropy(a, y)
        ),
        N_("This is half of the loss, or the double of it."): (
            lambda a, y: crossentropy(a, y) / 2,
            lambda a, y: crossentropy(a, y) * 2,
        ),
        N_("The loss is infinite for every input, as in a log(y). It is y log(a)."): (
            lambda a, y: np.full((), np.inf)
        ),
        N_("The labels have changed places: with label 1 an example pays -log(a)."): (
            lambda a, y: crossentropy(a, 1 - y)
        ),
        N_("Every example pays -log(a), whatever its label. With label 0 it is -log(1 - a)."): (
            lambda a, y: -np.mean(np.log(a))
        ),
        N_("This is 0 for every input, as if the two parts were multiplied. Add them."): (
            lambda a, y: 0.0
        ),
        N_("The logarithm has base 2 or 10. Use np.log, the natural one."): (
            lambda a, y: crossentropy(a, y) / np.log(2),
            lambda a, y: crossentropy(a, y) / np.log(10),
        ),
        N_("There is a loss for each example. Return their mean, one number."): cross_entropies,
        N_("1 - y belongs in front of the second logarithm, and y stands there again."): (
            lambda a, y: -np.mean(y * np.log(a) + y * np.log(1 - a))
        ),
        N_("This is the squared error. Cross-entropy takes logarithms."): (
            lambda a, y: np.mean((a - y) ** 2),
            lambda a, y: np.mean((a - y) ** 2) / 2,
        ),
        N_("This is the mean distance from the labels. Cross-entropy takes logarithms."): (
            lambda a, y: np.mean(np.abs(a - y))
        ),
        N_("The logarithm is missing: this is the mean probability of the true label."): (
            lambda a, y: np.mean(np.where(y == 1, a, 1 - a)),
            lambda a, y: -np.mean(np.where(y == 1, a, 1 - a)),
        ),
        N_("This is the logarithm of a mean. First take the logarithms, then their mean."): (
            lambda a, y: -np.log(np.mean(np.where(y == 1, a, 1 - a)))
        ),
        N_("The outputs go through the sigmoid once more. They are between 0 and 1 already."): (
            lambda a, y: crossentropy(sigmoid(a), y)
        ),
        N_("The outputs are clipped. They are above 0 and below 1 as they are."): tuple(
            lambda a, y, limit=limit: crossentropy(np.clip(a, limit, 1 - limit), y)
            for limit in (0.1, 0.05, 0.01, 0.001, 1e-4, 1e-5, 1e-6)
        ),
        N_("Something is added to the outputs in the logarithms. They are above 0 as they are."): (
            tuple(
                lambda a, y, more=more: (
                    -np.mean(y * np.log(a + more) + (1 - y) * np.log(1 - a + more))
                )
                for more in (1, 0.1, 0.01, 0.001, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
            )
        ),
        N_("Only the first example counts. Does `return` stand inside the loop?"): (
            only_one(cross_entropies, 0)
        ),
        N_("Only the last example counts. Does = stand in the loop in place of += or -=?"): (
            only_one(cross_entropies, -1)
        ),
        N_("The loss is rounded. Return it as it is."): rounded(crossentropy),
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
    yield np.array([5.5, -6.0, 5.5]), np.array([1, 0, 0])
    yield np.array([0.0004]), np.array([0])
    yield np.array([-10.0]), np.array([0])
    yield np.array([17.0]), np.array([1])
    yield np.array([-17.0]), np.array([0])
    for n in (1, 4, 6, 30):
        yield rng.normal(0, 3, n).round(1) + 0.05, rng.integers(0, 2, n)


def from_sums(z, y):
    """The mean of max(z, 0) - z y + log(1 + e^-|z|)."""
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


def each_from_sums(z, y):
    """max(z, 0) - z y + log(1 + e^-|z|)"""
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


def naive(z, y):
    a = sigmoid(z)
    return crossentropy(a, y)


def naive_choice(z, y, put=None):
    """-log(a) or -log(1 - a), whichever the label asks for; ``put`` where that is infinite."""
    a = sigmoid(z)
    loss = np.where(y == 1, -np.log(a), -np.log(1 - a))
    return np.mean(loss if put is None else np.where(np.isinf(loss), put, loss))


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
        (np.array([36.5]), np.array([0])),
        (np.array([-750.0, 36.5]), np.array([1, 0])),
        (np.array([3e4, -20.0]), np.array([0, 1])),
        (np.array([-1e12, 3.0]), np.array([1, 1])),
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
            "The sigmoid rounds to 0 or 1 here, log(0) is infinite, and 0 times that is no number. "
            "Simplify the formula in z first."
        ): (naive),
        N_(
            "The sigmoid rounds to 0 or 1 here, and log(0) is infinite. Simplify the formula in z first."
        ): (naive_choice),
        N_(
            "Infinite losses are replaced. For smaller z the logarithm has lost digits already: at 36.5 "
            "the loss must be 36.5."
        ): (
            lambda z, y: naive_choice(z, y, np.abs(z)),
            lambda z, y: naive_choice(z, y, 1000),
            lambda z, y: naive_choice(z, y, 0),
            lambda z, y: np.nan_to_num(naive(z, y)),
        ),
        N_(
            "The loss of a bad mistake stops growing, as when outputs are kept away from 0 and 1 by "
            "np.clip or a small number in the logarithm."
        ): (
            *(
                lambda z, y, limit=limit: crossentropy(np.clip(sigmoid(z), limit, 1 - limit), y)
                for limit in (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)
            ),
            *(
                lambda z, y, more=more: (
                    -np.mean(
                        y * np.log(sigmoid(z) + more) + (1 - y) * np.log(1 - sigmoid(z) + more)
                    )
                )
                for more in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)
            ),
        ),
        N_("The loss stops growing at a limit, as if z or the loss were clipped."): (
            *(
                lambda z, y, limit=limit: from_sums(np.clip(z, -limit, limit), y)
                for limit in (10, 20, 30, 50, 100, 500, 700, 709, 1000)
            ),
            *(
                lambda z, y, limit=limit: np.mean(np.minimum(each_from_sums(z, y), limit))
                for limit in (100, 500, 700, 709, 1000)
            ),
        ),
        N_(
            "e^-z overflows for z far below 0. Put -|z| in the exponential, and max(z, 0) - z y before "
            "the logarithm."
        ): (
            lambda z, y: np.mean((1 - y) * z + np.log(1 + np.exp(-z))),
            lambda z, y: np.mean(z - z * y + np.log1p(np.exp(-z))),
        ),
        N_(
            "e^z overflows for z far above 0. Put -|z| in the exponential, and max(z, 0) - z y before "
            "the logarithm."
        ): (lambda z, y: np.mean(np.log(1 + np.exp(z)) - z * y)),
        N_("Both e^z and e^-z overflow far from 0. Put -|z| in the exponential."): (
            lambda z, y: np.mean(np.where(y == 1, np.log(1 + np.exp(-z)), np.log(1 + np.exp(z))))
        ),
        N_(
            "In the exponential stands z without its sign taken away. With max(z, 0) before the "
            "logarithm it is e^-|z|."
        ): (
            lambda z, y: np.mean(np.maximum(z, 0) - z * y + np.log(1 + np.exp(-z))),
            lambda z, y: np.mean(np.maximum(z, 0) - z * y + np.log(1 + np.exp(z))),
        ),
        N_("The minus is missing in the exponential: it is e^-|z|, never above 1."): (
            lambda z, y: np.mean(np.maximum(z, 0) - z * y + np.log(1 + np.exp(np.abs(z))))
        ),
        N_("The 1 + is missing in the logarithm."): (
            lambda z, y: np.mean(np.maximum(z, 0) - z * y - np.abs(z))
        ),
        N_("The logarithm is missing: near 0, log(1 + e^-|z|) counts."): (
            lambda z, y: np.mean(np.maximum(z, 0) - z * y)
        ),
        N_("Every label counts as 1. With label 0 the loss is larger by z."): (
            lambda z, y: np.mean(np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z))))
        ),
        N_("Every label counts as 0: z y is missing, which is to be subtracted."): (
            lambda z, y: from_sums(z, 0)
        ),
        N_("z y is added. Subtract it."): lambda z, y: from_sums(z, -y),
        N_("Labels or the sign of z are turned round: a large z fits the label 1."): (
            lambda z, y: from_sums(z, 1 - y)
        ),
        N_("The sign is turned round: a loss is never below 0."): lambda z, y: -from_sums(z, y),
        N_("The losses are added up. The total error is their mean."): (
            lambda z, y: from_sums(z, y) * len(z)
        ),
        N_("There is a loss for each example. Return their mean, one number."): each_from_sums,
        N_("max(z, 0) is missing: for z above 0 the logarithm alone is not enough."): (
            lambda z, y: np.mean(-z * y + np.log1p(np.exp(-np.abs(z))))
        ),
        N_(
            "z stands in place of max(z, 0): below 0 that is wrong, with -|z| in the exponential."
        ): (lambda z, y: np.mean(z - z * y + np.log1p(np.exp(-np.abs(z))))),
        N_("Only the first example counts. Does `return` stand inside the loop?"): (
            only_one(each_from_sums, 0)
        ),
        N_("Only the last example counts. Does = stand in the loop in place of +=?"): (
            only_one(each_from_sums, -1)
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
    """x, y, w, b: a neuron with examples and their labels; some outputs are close to 0 or 1."""
    yield np.array([[2.0]]), np.array([1]), np.array([0.0]), 0.0
    yield np.array([[1.0, 2.0]]), np.array([0]), np.array([0.5, -0.5]), 1.0
    yield np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1, 0]), np.array([1.0, -1.0]), 0.5
    yield np.array([[1, 0], [3, 2], [4, 1]]), np.array([1, 0, 1]), np.array([0, 1]), -2
    yield np.array([[2, 0], [-1, 0], [2, 0]]), np.array([1, 1, 0]), np.array([0.5, -1.5]), 0.25
    yield np.array([[0.5, -1.5], [0.5, 2.5]]), np.array([1, 0]), np.array([1, -1]), 0
    yield np.array([[4.0, 8.0], [-4.0, -8.0]]), np.array([1, 1]), np.array([1.75, 0.875]), 0.5
    yield np.array([[4.0, 8.0], [-4.0, -8.0]]), np.array([1, 0]), np.array([1.75, 0.875]), 0.5
    x = np.array([[3000.25, 1.23456], [-2000.5, 0.0004]])
    yield x, np.array([0, 1]), np.array([0.0005, 0.25]), 0.1
    yield np.array([[0.0031, 0.0012]]), np.array([1]), np.array([2345.678, -1234.5678]), -3.5
    for n, d in ((5, 3), (1, 4), (4, 1), (3, 3), (30, 2), (2, 25)):
        x, w = rng.normal(size=(n, d)).round(1) + 0.05, rng.normal(size=d).round(1) + 0.05
        yield x, rng.integers(0, 2, n), w / max(d / 5, 1), round(rng.normal(), 1) + 0.05


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
        N_("db has the wrong sign, and dw the right one. Both come from a - y."): (
            lambda x, y, w, b: (gradients(x, y, w, b)[0], -gradients(x, y, w, b)[1])
        ),
        N_("dw has the wrong sign, and db the right one. Both come from a - y."): (
            lambda x, y, w, b: (-gradients(x, y, w, b)[0], gradients(x, y, w, b)[1])
        ),
        N_("The slopes are added up. The loss is a mean, so divide by the number of examples."): (
            lambda x, y, w, b: tuple(len(y) * part for part in gradients(x, y, w, b))
        ),
        N_("The slope of the sigmoid, a (1 - a), is in it. With cross-entropy it cancels."): (
            lambda x, y, w, b: _from_slopes(x, y, w, b, lambda a: (a - y) * a * (1 - a))
        ),
        N_("This is the gradient of the squared error. With cross-entropy 2 a (1 - a) cancels."): (
            lambda x, y, w, b: _from_slopes(x, y, w, b, lambda a: 2 * (a - y) * a * (1 - a))
        ),
        N_(
            "This divides by a (1 - a): the slope of the sigmoid is still missing, and cancels it."
        ): (lambda x, y, w, b: _from_slopes(x, y, w, b, lambda a: (a - y) / (a * (1 - a)))),
        N_("Both are twice too large, as if there were a square: cross-entropy has no 2."): (
            lambda x, y, w, b: _from_slopes(x, y, w, b, lambda a: 2 * (a - y))
        ),
        N_("y is not subtracted: this takes the outputs in place of a - y."): (
            lambda x, y, w, b: _from_slopes(x, y, w, b, lambda a: a)
        ),
        N_("This takes |a - y|, without its sign. The sign says in which direction to go."): (
            lambda x, y, w, b: _from_slopes(x, y, w, b, lambda a: np.abs(a - y))
        ),
        N_(
            "a is 0 or 1 here, as if it were rounded or decided. Take the sigmoid's output itself."
        ): (lambda x, y, w, b: _from_slopes(x, y, w, b, lambda a: np.round(a) - y)),
        N_("The activation is missing: a is the sigmoid of the weighted sum."): (
            lambda x, y, w, b: (x.T @ (x @ w + b - y) / len(y), np.mean(x @ w + b - y))
        ),
        N_("a is computed as if there were no b. It is the sigmoid of x @ w + b."): (
            lambda x, y, w, b: gradients(x, y, w, 0)
        ),
        N_(
            "In a, b comes in with the wrong sign. The minus in e^-z belongs to all of z: -(x @ w + b)."
        ): (lambda x, y, w, b: gradients(x, y, w, -b)),
        N_("a is 1 / (1 + e^z): a minus is missing."): (
            lambda x, y, w, b: _from_slopes(x, y, w, b, lambda a: 1 - a - y)
        ),
        N_("dw lacks the inputs: the slope of z by a weight is its x."): (
            lambda x, y, w, b: (np.full(len(w), gradients(x, y, w, b)[1]), gradients(x, y, w, b)[1])
        ),
        N_("dw is made with the weights. The slope of z by a weight is its x."): (
            lambda x, y, w, b: (w * gradients(x, y, w, b)[1], gradients(x, y, w, b)[1])
        ),
        N_("dw multiplies two means. First multiply each x by its a - y, then take the mean."): (
            lambda x, y, w, b: (x.mean(axis=0) * gradients(x, y, w, b)[1], gradients(x, y, w, b)[1])
        ),
        N_("db is added up, and dw is a mean. Both are means over the examples."): (
            lambda x, y, w, b: (gradients(x, y, w, b)[0], len(y) * gradients(x, y, w, b)[1])
        ),
        N_("dw is added up, and db is a mean. Both are means over the examples."): (
            lambda x, y, w, b: (len(y) * gradients(x, y, w, b)[0], gradients(x, y, w, b)[1])
        ),
        N_("db is a - y, an entry for each example. Return their mean."): (
            lambda x, y, w, b: (gradients(x, y, w, b)[0], outputs(x, w, b) - y)
        ),
        N_("db is multiplied by b. The slope of z by b is 1."): (
            lambda x, y, w, b: (gradients(x, y, w, b)[0], b * gradients(x, y, w, b)[1])
        ),
        N_("dw has an entry for each example and weight. Take the mean over the examples."): (
            lambda x, y, w, b: (
                x * (outputs(x, w, b) - y)[:, np.newaxis],
                gradients(x, y, w, b)[1],
            ),
            lambda x, y, w, b: (
                x * (outputs(x, w, b) - y)[:, np.newaxis],
                outputs(x, w, b) - y,
            ),
        ),
        N_("dw is one number. Each weight has a slope of its own: take the mean over axis 0."): (
            lambda x, y, w, b: (
                np.mean(x * (outputs(x, w, b) - y)[:, np.newaxis]),
                gradients(x, y, w, b)[1],
            )
        ),
        N_("dw is divided by the number of weights. Divide by the number of examples."): (
            lambda x, y, w, b: (
                gradients(x, y, w, b)[0] * len(y) / len(w),
                gradients(x, y, w, b)[1],
            )
        ),
        N_("dw is divided by the number of entries in x. Divide by the number of examples."): (
            lambda x, y, w, b: (gradients(x, y, w, b)[0] / len(w), gradients(x, y, w, b)[1])
        ),
        N_(
            "dw is cut to whole numbers, as in an array of whole numbers that np.zeros_like or dtype=int "
            "makes. Take np.zeros(len(w))."
        ): tuple(
            lambda x, y, w, b, like=like: (
                gradients(x, y, w, b)[0].astype(like(x, w)),
                gradients(x, y, w, b)[1],
            )
            for like in (lambda x, w: w.dtype, lambda x, w: x.dtype, lambda x, w: int)
        ),
        N_("The two are right, in another order. Return dw, db."): (
            lambda x, y, w, b: gradients(x, y, w, b)[::-1]
        ),
        N_("Only dw is returned. Return db as well: dw, db."): (
            lambda x, y, w, b: gradients(x, y, w, b)[0]
        ),
        N_("These are w and b after a step. Return the gradient itself."): (
            lambda x, y, w, b: (w - gradients(x, y, w, b)[0], b - gradients(x, y, w, b)[1])
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


def _from_slopes(x, y, w, b, slope):
    """The gradients, had each example ``slope(a)`` in place of a - y."""
    dz = slope(outputs(x, w, b))
    return x.T @ dz / len(y), np.mean(dz)


def to_train(rng):
    """x, y, w, b, learning_rate, steps: one step first, then more; very small slopes and steps."""
    rates = (0.5, 0.5, 0.1, 2.0, 1, 0.3, 0.5, 0.05, 1e-6, 0.5, 0.5, 1.5, 0.1, 0.2, 0.3, 0.4)
    counts = (1, 1, 2, 3, 10, 5, 4, 3, 2, 1, 7, 12, 4, 6, 2, 25)
    for (x, y, w, b), rate, steps in zip(labeled(rng), rates, counts):
        yield x, y, w, b, rate, steps
    x = np.array([[1.0, -0.5], [0.5, 2.0], [-1.0, 1.0]])
    yield np.array([[100.0]]), np.array([0]), np.array([-0.25]), 0.0, 1e6, 4
    w = np.array([1100.5, -2300.25])
    yield np.array([[1.0, 1.0]]), np.array([0]), w, 1201.0, 0.5, 2
    yield np.array([[0.0005, 1.23456]]), np.array([0]), np.array([0.0004, 0.0007]), 0.0, 2.0, 3
    yield x / 10, np.array([1, 0, 1]), np.array([0.0, 0.0]), 0.0, 3e-8, 105


def descend(x, y, w, b, learning_rate, steps, sign=-1, stale=False, slopes=gradients):
    """The textbook's loop; the known mistakes change one thing each."""
    for _step in range(steps):
        dw, db = slopes(x, y, w, b)
        w = w + sign * learning_rate * dw
        if stale:
            dw, db = slopes(x, y, w, b)
        b = b + sign * learning_rate * db
    return w, b


def scaled(by_w, by_b):
    """The gradient, its two parts multiplied."""

    def slopes(x, y, w, b):
        dw, db = gradients(x, y, w, b)
        return by_w * dw, by_b * db

    return slopes


def one_by_one(x, y, w, b, learning_rate, steps):
    for _step in range(steps):
        for i in range(len(x)):
            w, b = descend(x[i : i + 1], y[i : i + 1], w, b, learning_rate, 1)
    return w, b


def in_the_dtype_of_w(x, y, w, b, learning_rate, steps):
    kind = w.dtype
    for _step in range(steps):
        w, b = descend(x, y, w, b, learning_rate, 1)
        w = w.astype(kind)
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
        N_("The learning rate is missing, or it counts as 1."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w, b, 1, steps)
        ),
        N_("The learning rate is always the same number. Take the argument."): tuple(
            lambda x, y, w, b, learning_rate, steps, rate=rate: descend(x, y, w, b, rate, steps)
            for rate in (0.5, 0.1, 0.01, 0.001)
        ),
        N_("The learning rate is missing for b. Both take it."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x,
                y,
                w,
                b,
                learning_rate,
                steps,
                slopes=scaled(1, 1 / learning_rate),
            )
        ),
        N_("The learning rate is missing for w. Both take it."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, slopes=scaled(1 / learning_rate, 1)
            )
        ),
        N_("This divides by the learning rate. Multiply the gradient by it."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w, b, 1 / learning_rate, steps)
        ),
        N_(
            "There is only one step. Each round starts from the w and b of the round before, and "
            "`return` stands after the loop."
        ): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, min(steps, 1)
            )
        ),
        N_(
            "w and b are those of the start. w - ... alone changes nothing: give the result a name, "
            "w = w - ..."
        ): (lambda x, y, w, b, learning_rate, steps: (w, b)),
        N_("b never changes. It has a gradient, too."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, slopes=scaled(1, 0)
            )
        ),
        N_("w never changes, only b does."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, slopes=scaled(0, 1)
            )
        ),
        N_("The gradient for b is taken after w has moved. Compute both, then move both."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, stale=True
            )
        ),
        N_(
            "The gradient is that of the start in every step. It is another one at each new place: "
            "compute it inside the loop."
        ): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate, steps, slopes=lambda *_at: gradients(x, y, w, b)
            )
        ),
        N_("There is a step too many. range(steps) has as many rounds as asked."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w, b, learning_rate, steps + 1)
        ),
        N_("There is a step too few. range(steps) has as many rounds as asked."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w, b, learning_rate, steps - 1)
        ),
        N_("There are never more than some rounds, however many steps are asked."): tuple(
            lambda x, y, w, b, learning_rate, steps, most=most: descend(
                x, y, w, b, learning_rate, min(steps, most)
            )
            for most in (10, 20, 50, 100)
        ),
        N_(
            "This takes a step for each example alone. A step goes along the mean over all of them."
        ): (one_by_one),
        N_("The steps are n times too large: the gradient is a mean, and this is the sum."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate * len(x), steps
            )
        ),
        N_("The steps are n times too small. The gradient is a mean: do not divide by n again."): (
            lambda x, y, w, b, learning_rate, steps: descend(
                x, y, w, b, learning_rate / len(x), steps
            )
        ),
        N_("This starts from 0. Start from the w and b that are given."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w * 0, 0, learning_rate, steps)
        ),
        N_("The two are right, in another order. Return w, b."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w, b, learning_rate, steps)[::-1]
        ),
        N_("Only w is returned. Return b as well: w, b."): (
            lambda x, y, w, b, learning_rate, steps: descend(x, y, w, b, learning_rate, steps)[0]
        ),
        N_(
            "w is cut to whole numbers: written into an array of whole numbers, it loses its fractions. "
            "w = w - ... makes a new array."
        ): (
            lambda x, y, w, b, learning_rate, steps: (
                descend(x, y, w, b, learning_rate, steps)[0].astype(w.dtype),
                descend(x, y, w, b, learning_rate, steps)[1],
            ),
            in_the_dtype_of_w,
        ),
        N_("This is the last gradient. Return w and b, where the steps lead."): (
            lambda x, y, w, b, learning_rate, steps: gradients(
                x, y, *descend(x, y, w, b, learning_rate, steps - 1)
            )
        ),
    },
    rights=(
        lambda x, y, w, b, learning_rate, steps: neuron.fit(
            x, y, w, b, learning_rate=learning_rate, epochs=steps, batch_size=len(x)
        )[:2],
        first_then_others,
    ),
)
