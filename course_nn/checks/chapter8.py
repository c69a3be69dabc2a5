"""The exercises of chapter 8: deep networks."""

import itertools
import math

import numpy as np

from course_nn.checks.registry import exercise
from course_nn.i18n import N_
from course_nn.inside.functions import relu, tanh


def stacks(rng):
    """x, weights, activation: one layer first, then stacks whose layers differ in width."""
    yield np.array([[1.0, -1.0]]), [np.array([[2.0, 0.0], [0.0, 2.0]])], relu
    yield np.array([[1, 2], [3, 4]]), [np.array([[1, 0, 2], [0, -1, 1]])], relu
    yield np.array([[0.5], [-2.0]]), [np.array([[1.0, 3.0]]), np.array([[1.0], [-1.0]])], tanh
    for activation in (relu, tanh):
        widths = rng.integers(2, 6, size=4)
        weights = [rng.normal(size=shape).round(2) for shape in itertools.pairwise(widths)]
        yield rng.normal(size=(3, widths[0])).round(2), weights, activation


def layers(x, weights, activation):
    """What each layer gives, before and after its activation."""
    before, after, h = [], [], x
    for W in weights:
        before.append(h @ W)
        h = activation(before[-1])
        after.append(h)
    return before, after


def recursively(x, weights, activation):
    if not weights:
        return []
    h = activation(x @ weights[0])
    return [np.sqrt(np.mean((h - h.mean()) ** 2)), *recursively(h, weights[1:], activation)]


activation_spread = exercise(
    number="8.1",
    name="activation_spread",
    title=N_("How signals spread"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda x, weights, activation: [np.std(h) for h in layers(x, weights, activation)[1]],
    inputs=stacks,
    hints=(
        N_("Keep the output of the last layer in one name, and go through the weights."),
        N_("`np.std(h)` takes all entries of h together, and divides by their number."),
    ),
    why=N_(
        "Each layer multiplies the spread by a factor of its own, so over ten layers it grows or dies like a power. A "
        "start is good if the list stays level."
    ),
    mistakes={
        N_("The spread of the input stands in the list as well. It has a number for each layer."): (
            lambda x, weights, activation: [
                np.std(x),
                *(np.std(h) for h in layers(x, weights, activation)[1]),
            ]
        ),
        N_("The spread is taken before the activation."): (
            lambda x, weights, activation: [np.std(z) for z in layers(x, weights, activation)[0]]
        ),
        N_("The activation is missing: each layer is applied to the plain sums."): (
            lambda x, weights, activation: [np.std(h) for h in layers(x, weights, lambda z: z)[1]]
        ),
        N_("It divides by one less than the number of entries (ddof=1)."): (
            lambda x, weights, activation: [
                np.std(h, ddof=1) for h in layers(x, weights, activation)[1]
            ]
        ),
        N_(
            "This is the mean of the neurons' own spreads. Take all entries of the layer together."
        ): (
            lambda x, weights, activation: [
                np.mean(np.std(h, axis=0)) for h in layers(x, weights, activation)[1]
            ]
        ),
        N_(
            "This is the mean of the examples' own spreads. Take all entries of the layer together."
        ): (
            lambda x, weights, activation: [
                np.mean(np.std(h, axis=1)) for h in layers(x, weights, activation)[1]
            ]
        ),
        N_("This is the variance. Its root is asked."): (
            lambda x, weights, activation: [np.var(h) for h in layers(x, weights, activation)[1]]
        ),
        N_("The mean is not taken off: this is the root of the mean square."): (
            lambda x, weights, activation: [
                np.sqrt(np.mean(np.square(h))) for h in layers(x, weights, activation)[1]
            ]
        ),
        N_("Every layer is applied to x itself, not to what the layer before it gave."): (
            lambda x, weights, activation: [
                np.std(activation(x @ W)) if W.shape[0] == x.shape[1] else np.nan for W in weights
            ]
        ),
        N_("Only the spread of the last layer is returned."): (
            lambda x, weights, activation: [np.std(layers(x, weights, activation)[1][-1])]
        ),
    },
    rights=(
        recursively,
        lambda x, weights, activation: np.array(
            [np.asarray(h, float).ravel().std() for h in layers(x, weights, activation)[1]]
        ),
        lambda x, weights, activation: tuple(
            float(np.var(h)) ** 0.5 for h in layers(x, weights, activation)[1]
        ),
        lambda x, weights, activation: [
            np.linalg.norm(h - np.mean(h)) / math.sqrt(h.size)
            for h in layers(x, weights, activation)[1]
        ],
    ),
)


def long_and_short(rng):
    """gradients, limit: longer and shorter than the limit, just as long, all 0, whole numbers."""
    yield [np.array([3.0]), np.array([[4.0]])], 1.0
    yield [np.array([3.0]), np.array([[4.0]])], 10.0
    yield [np.array([3.0, 0.0]), np.array([[4.0, 0.0]])], 5.0
    yield [np.zeros(2), np.zeros((2, 2))], 1.0
    yield [np.array([6, -8])], 5
    yield [np.array([100.0, 0.5]), np.array([0.25])], 2.0
    yield [np.array([0.5, -0.5]), np.array([0.5, 0.5])], 2.0
    for limit in (0.5, 3.0, 100.0):
        yield [rng.normal(size=s).round(2) * 3 for s in ((2, 3), (3,), (3, 1), (1,))], limit


def clipped(gradients, limit, length=None, enlarge=False):
    length = length or (
        lambda gradients: np.sqrt(sum(np.sum(np.square(g * 1.0)) for g in gradients))
    )
    found = length(gradients)
    if found <= limit and not enlarge:
        return [g * 1.0 for g in gradients]
    with np.errstate(all="ignore"):
        return [g * (limit / found) for g in gradients]


def clip_in_place(gradients, limit):
    length = np.linalg.norm(np.concatenate([g.ravel() for g in gradients]))
    if length > limit:
        for g in gradients:
            g *= limit / length
    return gradients


clip_by_norm = exercise(
    number="8.2",
    name="clip_by_norm",
    title=N_("Gradients cut to a length"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=clipped,
    inputs=long_and_short,
    hints=(
        N_(
            "One length for all arrays: add up the squares of all entries of all arrays, then take the root once."
        ),
        N_(
            "If that is above the limit, multiply every array by limit / length. Else leave them as they are."
        ),
    ),
    why=N_(
        "One factor for all keeps the direction of the step and shortens it. Cutting each array alone, or each entry, "
        "would turn the step. Keras has this as `global_clipnorm`, PyTorch as `clip_grad_norm_`."
    ),
    mistakes={
        N_("Each array is cut by its own length. One length of all together is asked."): (
            lambda gradients, limit: [clipped([g], limit)[0] for g in gradients]
        ),
        N_("Single entries are cut. All are shrunk by one factor."): (
            lambda gradients, limit: [np.clip(g, -limit, limit) for g in gradients]
        ),
        N_("Gradients shorter than the limit are made longer. They stay as they are."): (
            lambda gradients, limit: clipped(gradients, limit, enlarge=True)
        ),
        N_("The factor is turned round: it is limit / length."): (
            lambda gradients, limit: [
                g * (n / limit)
                if (n := float(np.sqrt(sum(np.sum(q * q) for q in gradients)))) > limit
                else g
                for g in gradients
            ]
        ),
        N_("The root is missing: the length is the root of the sum of squares."): (
            lambda gradients, limit: clipped(
                gradients, limit, length=lambda gs: sum(np.sum(g * g) for g in gs)
            )
        ),
        N_("The lengths of the arrays are added up. Add up their squares, then take the root."): (
            lambda gradients, limit: clipped(
                gradients, limit, length=lambda gs: sum(np.linalg.norm(g) for g in gs)
            )
        ),
        N_("The sizes of the entries are added up. Their squares make the length."): (
            lambda gradients, limit: clipped(
                gradients, limit, length=lambda gs: sum(np.abs(g).sum() for g in gs)
            )
        ),
        N_("The largest entry is taken for the length."): (
            lambda gradients, limit: clipped(
                gradients, limit, length=lambda gs: max(np.abs(g).max() for g in gs)
            )
        ),
        N_("They are divided by their length, and the limit is left out."): (
            lambda gradients, limit: [
                g / n if (n := float(np.sqrt(sum(np.sum(q * q) for q in gradients)))) > limit else g
                for g in gradients
            ]
        ),
        N_("The longest array decides for all. One length of all together is asked."): (
            lambda gradients, limit: clipped(
                gradients, limit, length=lambda gs: max(np.linalg.norm(g) for g in gs)
            )
        ),
        N_("What is too long is set to 0. It is to be shrunk."): (
            lambda gradients, limit: (
                [g * 0.0 for g in gradients]
                if math.sqrt(sum(np.sum(g * g) for g in gradients)) > limit
                else gradients
            )
        ),
    },
    rights=(
        lambda gradients, limit: [
            g
            * min(1, limit / (np.linalg.norm(np.concatenate([g.ravel() for g in gradients])) or 1))
            for g in gradients
        ],
        lambda gradients, limit: [
            g / max(1, np.linalg.norm([np.linalg.norm(q) for q in gradients]) / limit)
            for g in gradients
        ],
        lambda gradients, limit: [
            (
                g
                * (
                    limit / n
                    if (n := math.hypot(*(np.linalg.norm(q) for q in gradients))) > limit
                    else 1
                )
            ).tolist()
            for g in gradients
        ],
        lambda gradients, limit: tuple(clipped(gradients, limit)),
    ),
)


def kernels(rng):
    """W, activation: few and many inputs, square ones, and each activation."""
    yield np.zeros((50, 150)), "relu"
    yield np.zeros((50, 150)), "tanh"
    yield np.zeros((2, 1)), "relu"
    yield np.zeros((1, 7)), "sigmoid"
    yield np.zeros((4, 4)), "relu"
    yield np.zeros((4, 4)), "linear"
    yield rng.normal(size=(784, 32)), "relu"
    yield rng.normal(size=(32, 10)), "sigmoid"
    yield rng.normal(size=(3, 5)), "tanh"


def spread(W, activation, he=lambda i, o: 2 / i, glorot=lambda i, o: 2 / (i + o), root=math.sqrt):
    return root((he if activation == "relu" else glorot)(*W.shape))


first_spread = exercise(
    number="8.3",
    name="first_spread",
    title=N_("How large the first weights are"),
    points=1,
    minutes=10,
    difficulty=2,
    reference=spread,
    inputs=kernels,
    hints=(
        N_("`inputs, outputs = W.shape`: W has a row for each input and a column for each neuron."),
        N_("He's rule counts the inputs alone, Glorot's counts both. Both take a root."),
    ),
    why=N_(
        "A sum of n terms has n times the variance of one. So weights with the variance 1/n keep the spread of the signals; "
        "ReLU throws half of it away, and He's 2 makes up for that. Glorot's rule is the mean of what signals and gradients want."
    ),
    mistakes={
        N_("The outputs are counted in place of the inputs."): (
            lambda W, activation: spread(W, activation, he=lambda i, o: 2 / o)
        ),
        N_("This is the variance. Its root, the standard deviation, is asked."): (
            lambda W, activation: spread(W, activation, root=lambda v: v)
        ),
        N_("He's rule has 2 over the inputs, not 1: ReLU throws half away."): (
            lambda W, activation: spread(W, activation, he=lambda i, o: 1 / i)
        ),
        N_("Glorot's rule has 2 over inputs plus outputs, not 1."): (
            lambda W, activation: spread(W, activation, glorot=lambda i, o: 1 / (i + o))
        ),
        N_(
            "This is the limit of the uniform distribution, with a 6. The standard deviation has a 2."
        ): (
            lambda W, activation: spread(
                W, activation, he=lambda i, o: 6 / i, glorot=lambda i, o: 6 / (i + o)
            )
        ),
        N_("He's rule is taken for every activation. It is for ReLU alone."): (
            lambda W, activation: spread(W, "relu")
        ),
        N_("Glorot's rule is taken for ReLU as well. ReLU has He's."): (
            lambda W, activation: spread(W, "tanh")
        ),
        N_("The two rules have changed places."): (
            lambda W, activation: spread(W, "tanh" if activation == "relu" else "relu")
        ),
        N_("The spread of the weights that W holds now is returned. Only its shape counts."): (
            lambda W, activation: np.std(W)
        ),
        N_("The number of all weights is counted, inputs times outputs."): (
            lambda W, activation: spread(
                W, activation, he=lambda i, o: 2 / (i * o), glorot=lambda i, o: 2 / (i * o)
            )
        ),
        N_("The answer is one over what is asked."): lambda W, activation: (
            1 / spread(W, activation)
        ),
    },
    rights=(
        lambda W, activation: (2 / (W.shape[0] + (activation != "relu") * W.shape[1])) ** 0.5,
        lambda W, activation: (
            np.sqrt(2) / np.sqrt(len(W) if activation == "relu" else sum(W.shape))
        ),
        lambda W, activation: {"relu": np.sqrt(2 / len(W))}.get(
            activation, np.sqrt(2 / sum(W.shape))
        ),
        lambda W, activation: np.float64(
            math.sqrt(2 / (len(W) if activation == "relu" else len(W) + len(W.T)))
        ),
    ),
)


def to_normalize(rng):
    """x, gamma, beta, epsilon: one column first, then a constant one, whole numbers, others."""
    yield np.array([[1.0], [3.0]]), np.array([10.0]), np.array([5.0]), 0.0
    yield np.array([[1, 4], [3, 4], [5, 4]]), np.array([1, 2]), np.array([0, 3]), 0.5
    yield np.array([[0.01, 5.0], [0.03, 7.0]]), np.array([1.0, -1.0]), np.array([0.0, 0.0]), 0.001
    yield np.array([[2.0, -1.0, 0.5]]), np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]), 0.1
    for shape in ((4, 3), (3, 3), (5, 2)):
        n = shape[1]
        yield (
            rng.normal(2, 3, size=shape).round(2),
            rng.normal(size=n).round(2),
            rng.normal(size=n).round(2),
            0.01,
        )


def normalize(x, gamma, beta, epsilon, axis=0, ddof=0, bottom=None, center=None):
    """Ioffe & Szegedy (2015), algorithm 1; the known mistakes change one thing each."""
    bottom = bottom or (lambda variance, e: np.sqrt(variance + e))
    with np.errstate(all="ignore"):
        variance = x.var(axis=axis, ddof=ddof, keepdims=axis != 0)
        inverse = 1 / bottom(variance, epsilon)
        mean = x.mean(axis=axis, keepdims=axis != 0) if center is None else center(x)
        x_hat = (x - mean) * inverse
        return gamma * x_hat + beta, x_hat, inverse * np.ones(x.shape[1]) if axis == 0 else inverse


def _normalize(**change):
    return lambda x, gamma, beta, epsilon: normalize(x, gamma, beta, epsilon, **change)


batchnorm_forward = exercise(
    number="8.4",
    name="batchnorm_forward",
    title=N_("Batch normalization, forward"),
    points=3,
    minutes=15,
    difficulty=2,
    reference=normalize,
    inputs=to_normalize,
    returns=("y", "x_hat", "inverse"),
    hints=(
        N_("Means and variances go along axis 0: one for each column."),
        N_("epsilon is added to the variance, before the root. `inverse` is 1 over that root."),
        N_("x_hat first, then y from it: multiplied by gamma, plus beta."),
    ),
    why=N_(
        "Each column is standardized by the batch it is in, and gamma and beta let the network choose another scale and center. "
        "A constant column has the variance 0: epsilon keeps it from 0/0."
    ),
    mistakes={
        N_(
            "Each example is normalized over its inputs. Here it is each column over the examples."
        ): (lambda x, gamma, beta, epsilon: normalize(x, gamma, beta, epsilon, axis=1)),
        N_("It is divided by the variance. Divide by its root."): _normalize(
            bottom=lambda variance, e: variance + e
        ),
        N_("The variance divides by n - 1 (ddof=1). Here it divides by n."): _normalize(ddof=1),
        N_("epsilon is added after the root. It belongs to the variance."): _normalize(
            bottom=lambda variance, e: np.sqrt(variance) + e
        ),
        N_("epsilon is missing: a constant column becomes 0/0."): _normalize(
            bottom=lambda variance, e: np.sqrt(variance)
        ),
        N_("The mean is not taken off."): _normalize(center=lambda x: 0),
        N_("One mean of the whole batch is taken off. Each column has its own."): _normalize(
            center=lambda x: x.mean()
        ),
        N_("gamma and beta have changed places: gamma multiplies."): (
            lambda x, gamma, beta, epsilon: normalize(x, beta, gamma, epsilon)
        ),
        N_("gamma and beta are not used: y is x_hat."): (
            lambda x, gamma, beta, epsilon: normalize(x, np.ones(x.shape[1]), 0, epsilon)
        ),
        N_("The root itself is returned. Return 1 over it."): (
            lambda x, gamma, beta, epsilon: (
                *normalize(x, gamma, beta, epsilon)[:2],
                np.sqrt(x.var(axis=0) + epsilon),
            )
        ),
        N_("beta is added before gamma multiplies: gamma times (x_hat + beta)."): (
            lambda x, gamma, beta, epsilon: (
                gamma * (normalize(x, gamma, beta, epsilon)[1] + beta),
                *normalize(x, gamma, beta, epsilon)[1:],
            )
        ),
        N_("The first two have changed places: y comes first, then x_hat."): (
            lambda x, gamma, beta, epsilon: tuple(
                normalize(x, gamma, beta, epsilon)[i] for i in (1, 0, 2)
            )
        ),
    },
    rights=(
        lambda x, gamma, beta, epsilon: (
            (x - np.mean(x, 0)) * (np.mean((x - np.mean(x, 0)) ** 2, 0) + epsilon) ** -0.5 * gamma
            + beta,
            (x - np.mean(x, 0)) / np.sqrt(np.var(x, 0) + epsilon),
            (np.mean((x - np.mean(x, 0)) ** 2, 0) + epsilon) ** -0.5,
        ),
        lambda x, gamma, beta, epsilon: [
            part.tolist() for part in normalize(x, gamma, beta, epsilon)
        ],
        lambda x, gamma, beta, epsilon: tuple(
            np.array(parts).T if i < 2 else np.ravel(parts)
            for i, parts in enumerate(
                zip(
                    *(
                        tuple(
                            np.ravel(part)
                            for part in normalize(
                                column[:, None], np.array([g]), np.array([b]), epsilon
                            )
                        )
                        for column, g, b in zip(x.T, gamma, beta)
                    )
                )
            )
        ),
        lambda x, gamma, beta, epsilon: normalize(x * 1.0, gamma, beta, epsilon),
    ),
)


def averages(rng):
    """moving, batch, momentum: one column first, both ends of momentum, several columns."""
    yield {"mean": np.array([10.0]), "variance": np.array([1.0])}, np.array([[19.0], [21.0]]), 0.9
    yield {"mean": np.array([0.0]), "variance": np.array([1.0])}, np.array([[2.0], [4.0]]), 0.0
    yield {"mean": np.array([5.0]), "variance": np.array([2.0])}, np.array([[2.0], [4.0]]), 1.0
    yield (
        {"mean": np.array([0, 0]), "variance": np.array([1, 1])},
        np.array([[1, 8], [4, 2], [1, 5]]),
        0.75,
    )
    for n in (2, 3):
        yield (
            {"mean": rng.normal(size=n).round(2), "variance": rng.random(n).round(2)},
            rng.normal(1, 3, size=(n + 2, n)).round(2),
            0.8,
        )


def updated(moving, batch, momentum, axis=0, ddof=0, own=None, spread=np.var):
    own = 1 - momentum if own is None else own
    seen = {"mean": batch.mean(axis=axis), "variance": spread(batch, axis=axis, ddof=ddof)}
    return {name: momentum * moving[name] + own * seen[name] for name in seen}


def update_in_place(moving, batch, momentum):
    moving.update(updated(moving, batch, momentum))
    return moving


update_moving = exercise(
    number="8.5",
    name="update_moving",
    title=N_("Moving averages"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=updated,
    inputs=averages,
    hints=(
        N_("Find the batch's own mean and variance first, one for each column."),
        N_("momentum belongs to the old average, 1 - momentum to the batch."),
    ),
    why=N_(
        "A momentum of 0.99 needs some hundred batches until the averages mean anything: before that a network may read its training "
        "images well in training and badly in prediction."
    ),
    mistakes={
        N_(
            "momentum is put on the batch (PyTorch's meaning). Here it is the share of the old average that stays."
        ): (lambda moving, batch, momentum: updated(moving, batch, 1 - momentum)),
        N_("The batch is added whole: 1 - momentum is missing in front of it."): (
            lambda moving, batch, momentum: updated(moving, batch, momentum, own=1)
        ),
        N_("The old averages are replaced by the batch's."): (
            lambda moving, batch, momentum: updated(moving, batch, 0)
        ),
        N_("The averages stay as they were."): (
            lambda moving, batch, momentum: updated(moving, batch, 1)
        ),
        N_("The variance of the batch divides by n - 1 (ddof=1). Here it divides by n."): (
            lambda moving, batch, momentum: updated(moving, batch, momentum, ddof=1)
        ),
        N_("The standard deviation is averaged. It is the variance that is asked."): (
            lambda moving, batch, momentum: updated(moving, batch, momentum, spread=np.std)
        ),
        N_("One number of the whole batch is averaged. Each column has its own."): (
            lambda moving, batch, momentum: updated(moving, batch, momentum, axis=None)
        ),
        N_("It is the plain mean of old and new. momentum says how much each counts."): (
            lambda moving, batch, momentum: updated(moving, batch, 0.5)
        ),
        N_("The old average does not lose anything: momentum is missing in front of it."): (
            lambda moving, batch, momentum: {
                name: moving[name] + (1 - momentum) * updated(moving, batch, 0)[name]
                for name in moving
            }
        ),
        N_("Mean and variance have changed places."): (
            lambda moving, batch, momentum: dict(
                zip(("variance", "mean"), updated(moving, batch, momentum).values())
            )
        ),
    },
    rights=(
        lambda moving, batch, momentum: {
            "mean": moving["mean"] + (1 - momentum) * (batch.mean(0) - moving["mean"]),
            "variance": moving["variance"] + (1 - momentum) * (batch.var(0) - moving["variance"]),
        },
        lambda moving, batch, momentum: {
            "variance": np.average(
                [moving["variance"], batch.var(0)], axis=0, weights=[momentum, 1 - momentum]
            ),
            "mean": np.average(
                [moving["mean"], batch.mean(0)], axis=0, weights=[momentum, 1 - momentum]
            ),
        },
        lambda moving, batch, momentum: {
            name: [momentum * a + (1 - momentum) * b for a, b in zip(moving[name], seen)]
            for name, seen in (("mean", np.mean(batch, 0)), ("variance", np.std(batch, 0) ** 2))
        },
        lambda moving, batch, momentum: {**moving, **updated(moving, batch, momentum)},
    ),
)


def to_predict(rng):
    """x, gamma, beta, moving_mean, moving_variance, epsilon: a single row first."""
    yield (
        np.array([[5.0]]),
        np.array([10.0]),
        np.array([1.0]),
        np.array([3.0]),
        np.array([4.0]),
        0.0,
    )
    yield (
        np.array([[1, 2], [3, 4]]),
        np.array([1, 2]),
        np.array([0, 5]),
        np.array([0, 2]),
        np.array([1, 3]),
        0.5,
    )
    yield (
        np.array([[2.0]]),
        np.array([3.0]),
        np.array([-1.0]),
        np.array([2.5]),
        np.array([0.0]),
        0.01,
    )
    for n, d in ((1, 3), (4, 2), (3, 3)):
        x = rng.normal(size=(n, d)).round(2)
        gamma, beta, mean = rng.normal(size=(3, d)).round(2)
        yield x, gamma, beta, mean, rng.random(d).round(2) + 0.2, 0.1


def predicted(x, gamma, beta, mean, variance, epsilon, bottom=None):
    bottom = bottom or (lambda v, e: np.sqrt(v + e))
    with np.errstate(all="ignore"):
        return gamma * (x - mean) / bottom(variance, epsilon) + beta


def _predicted(bottom):
    return lambda x, gamma, beta, mean, variance, epsilon: predicted(
        x, gamma, beta, mean, variance, epsilon, bottom
    )


batchnorm_predict = exercise(
    number="8.6",
    name="batchnorm_predict",
    title=N_("Batch normalization, predicting"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda x, gamma, beta, moving_mean, moving_variance, epsilon: predicted(
        x, gamma, beta, moving_mean, moving_variance, epsilon
    ),
    inputs=to_predict,
    hints=(
        N_("Nothing of the batch is averaged here: take the moving mean off, as it is."),
        N_(
            "Divide by the root of the moving variance plus epsilon; then gamma and beta as in training."
        ),
    ),
    why=N_(
        "With the batch's own mean and variance a single row would always become beta, whatever is in it. So prediction takes what "
        "training has seen on average: that is why a network has two modes."
    ),
    mistakes={
        N_("The batch's own mean and variance are used. A single row then always gives beta."): (
            lambda x, gamma, beta, mean, variance, epsilon: predicted(
                x, gamma, beta, x.mean(axis=0), x.var(axis=0), epsilon
            )
        ),
        N_("The batch's own mean is taken off. Take the moving one."): (
            lambda x, gamma, beta, mean, variance, epsilon: predicted(
                x, gamma, beta, x.mean(axis=0), variance, epsilon
            )
        ),
        N_("It is divided by the variance. Divide by its root."): _predicted(lambda v, e: v + e),
        N_("The root is taken twice."): _predicted(lambda v, e: np.sqrt(np.sqrt(v + e))),
        N_("epsilon is added after the root. It belongs to the variance."): _predicted(
            lambda v, e: np.sqrt(v) + e
        ),
        N_("epsilon is missing: with a variance of 0 it is a division by 0."): _predicted(
            lambda v, e: np.sqrt(v)
        ),
        N_("gamma and beta are not used."): (
            lambda x, gamma, beta, mean, variance, epsilon: predicted(
                x, 1, 0, mean, variance, epsilon
            )
        ),
        N_("gamma and beta have changed places: gamma multiplies."): (
            lambda x, gamma, beta, mean, variance, epsilon: predicted(
                x, beta, gamma, mean, variance, epsilon
            )
        ),
        N_("The mean is added. Take it off."): (
            lambda x, gamma, beta, mean, variance, epsilon: predicted(
                x, gamma, beta, -mean, variance, epsilon
            )
        ),
        N_("beta is multiplied by gamma as well. It is added at the end."): (
            lambda x, gamma, beta, mean, variance, epsilon: (
                gamma * (predicted(x, 1, 0, mean, variance, epsilon) + beta)
            )
        ),
    },
    rights=(
        lambda x, gamma, beta, mean, variance, epsilon: (
            x * (gamma * (variance + epsilon) ** -0.5)
            + (beta - mean * gamma * (variance + epsilon) ** -0.5)
        ),
        lambda x, gamma, beta, mean, variance, epsilon: [
            [
                g * (one - m) / math.sqrt(v + epsilon) + b
                for one, g, b, m, v in zip(row, gamma, beta, mean, variance)
            ]
            for row in x
        ],
        lambda x, gamma, beta, mean, variance, epsilon: np.stack(
            [predicted(row, gamma, beta, mean, variance, epsilon) for row in x]
        ),
        lambda x, gamma, beta, mean, variance, epsilon: predicted(
            x, gamma, beta, mean, variance, epsilon
        ).tolist(),
    ),
)


def backward_batches(rng):
    """dy, x_hat, gamma, inverse: two rows first, where dx is 0; then 3 and 5, square and not."""
    yield np.array([[1.0], [0.0]]), np.array([[-1.0], [1.0]]), np.array([2.0]), np.array([1.0])
    x = np.array([[1.0], [3.0], [8.0]])
    _y, x_hat, inverse = normalize(x, np.ones(1), 0, 0.0)
    yield np.array([[1.0], [0.0], [0.0]]), x_hat, np.array([3.0]), inverse
    for n, d in ((2, 2), (3, 3), (5, 2), (4, 3)):
        x = rng.normal(1, 2, size=(n, d)).round(2)
        _y, x_hat, inverse = normalize(x, np.ones(d), 0, 0.05)
        yield rng.normal(size=(n, d)).round(2), x_hat, rng.normal(size=d).round(2), inverse


def backward(dy, x_hat, gamma, inverse, mean=True, variance=True, n=None, axis=0):
    """Ioffe & Szegedy (2015), section 3; the known mistakes leave out one thing each."""
    n = len(dy) if n is None else n
    dbeta, dgamma = dy.sum(axis=axis), (dy * x_hat).sum(axis=axis)
    inner = dy * 1.0
    if mean:
        inner = inner - dy.sum(axis=0) / n
    if variance:
        inner = inner - x_hat * (dy * x_hat).sum(axis=0) / n
    return gamma * inverse * inner, dgamma, dbeta


batchnorm_backward = exercise(
    number="8.7",
    name="batchnorm_backward",
    title=N_("Batch normalization, backward"),
    points=3,
    minutes=25,
    difficulty=3,
    reference=backward,
    inputs=backward_batches,
    returns=("dx", "dgamma", "dbeta"),
    hints=(
        N_("dbeta and dgamma first: sums over the examples, axis 0."),
        N_(
            "Each x reaches the result by three ways: itself, through the mean, through the variance. Each has a term in the formula."
        ),
        N_("dgamma / n and dbeta / n have the shape (inputs,) and fit every row as they are."),
    ),
    why=N_(
        "dx adds up to 0 over the batch, since moving a whole column changes nothing, and so does dx * x_hat, since scaling it changes "
        "nothing: two directions in which batch normalization lets no gradient pass."
    ),
    mistakes={
        N_("Mean and variance are taken for constants: the ways through both are missing."): (
            lambda dy, x_hat, gamma, inverse: backward(dy, x_hat, gamma, inverse, False, False)
        ),
        N_("The way through the variance is missing."): (
            lambda dy, x_hat, gamma, inverse: backward(dy, x_hat, gamma, inverse, variance=False)
        ),
        N_("The way through the mean is missing."): (
            lambda dy, x_hat, gamma, inverse: backward(dy, x_hat, gamma, inverse, mean=False)
        ),
        N_("The two terms are not divided by n."): (
            lambda dy, x_hat, gamma, inverse: backward(dy, x_hat, gamma, inverse, n=1)
        ),
        N_("gamma is missing in dx."): (
            lambda dy, x_hat, gamma, inverse: (
                backward(dy, x_hat, np.ones_like(gamma), inverse)[0],
                *backward(dy, x_hat, gamma, inverse)[1:],
            )
        ),
        N_("inverse is missing in dx."): (
            lambda dy, x_hat, gamma, inverse: (
                backward(dy, x_hat, gamma, np.ones_like(inverse))[0],
                *backward(dy, x_hat, gamma, inverse)[1:],
            )
        ),
        N_("dgamma and dbeta are means. They are sums over the examples."): (
            lambda dy, x_hat, gamma, inverse: (
                backward(dy, x_hat, gamma, inverse)[0],
                (dy * x_hat).mean(axis=0),
                dy.mean(axis=0),
            )
        ),
        N_("dgamma and dbeta have changed places: dx, dgamma, dbeta."): (
            lambda dy, x_hat, gamma, inverse: tuple(
                backward(dy, x_hat, gamma, inverse)[i] for i in (0, 2, 1)
            )
        ),
        N_("dgamma is summed without x_hat: it is the sum of dy * x_hat."): (
            lambda dy, x_hat, gamma, inverse: (
                backward(dy, x_hat, gamma, inverse)[0],
                dy.sum(axis=0),
                dy.sum(axis=0),
            )
        ),
        N_("dgamma multiplies by y where x_hat belongs, as if gamma had been applied already."): (
            lambda dy, x_hat, gamma, inverse: (
                backward(dy, x_hat, gamma, inverse)[0],
                (dy * x_hat * gamma).sum(axis=0),
                dy.sum(axis=0),
            )
        ),
        N_("The sums run over the inputs (axis 1). They run over the examples."): (
            lambda dy, x_hat, gamma, inverse: (
                backward(dy, x_hat, gamma, inverse)[0],
                (dy * x_hat).sum(axis=1),
                dy.sum(axis=1),
            )
        ),
        N_("The signs of the two terms are turned round: both are taken off dy."): (
            lambda dy, x_hat, gamma, inverse: backward(dy, x_hat, gamma, inverse, n=-len(dy))
        ),
        N_(
            "dx is divided by the root where it is to be multiplied by inverse, which is 1 over it already."
        ): (
            lambda dy, x_hat, gamma, inverse: (
                backward(dy, x_hat, gamma, 1 / inverse)[0],
                *backward(dy, x_hat, gamma, inverse)[1:],
            )
        ),
    },
    rights=(
        lambda dy, x_hat, gamma, inverse: (
            (gamma * inverse / len(dy))
            * (len(dy) * dy - dy.sum(0) - x_hat * np.sum(dy * x_hat, axis=0)),
            np.einsum("nd,nd->d", dy, x_hat),
            np.ones(len(dy)) @ dy,
        ),
        lambda dy, x_hat, gamma, inverse: [
            part.tolist() for part in backward(dy, x_hat, gamma, inverse)
        ],
        lambda dy, x_hat, gamma, inverse: (
            inverse
            * (
                (dy * gamma)
                - np.mean(dy * gamma, axis=0)
                - x_hat * np.mean(dy * gamma * x_hat, axis=0)
            ),
            np.sum(dy * x_hat, 0),
            np.sum(dy, 0),
        ),
        lambda dy, x_hat, gamma, inverse: (
            np.stack(
                [
                    g * i * (np.eye(len(d)) - 1 / len(d) - np.outer(h, h) / len(d)) @ d
                    for d, h, g, i in zip(dy.T, x_hat.T, gamma, inverse)
                ],
                axis=1,
            ),
            np.diag(dy.T @ x_hat),
            dy.sum(axis=0),
        ),
    ),
)


def outputs(rng):
    """h: some dead, none, all; neurons that are 0 for some examples; one example; small numbers."""
    yield (np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]),)
    yield (np.array([[1.0, 2.0], [3.0, 0.0]]),)
    yield (np.zeros((3, 2)),)
    yield (np.array([[0, 5, 0, 1]]),)
    yield (np.array([[0.0, 0.0], [0.0, 1e-9], [0.0, 0.0]]),)
    yield (np.array([[0.0], [0.0], [4.0]]),)
    yield (np.array([[0, 0, 0], [0, 9, 0], [0, 0, 0]]),)
    for shape in ((4, 5), (3, 7), (6, 6)):
        yield (np.maximum(rng.normal(-1.2, 1, size=shape), 0).round(2),)


dead_share = exercise(
    number="8.8",
    name="dead_share",
    title=N_("The dead"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda h: np.mean((h == 0).all(axis=0)),
    inputs=outputs,
    hints=(
        N_("A neuron is a column. It is dead if *all* of its entries are 0."),
        N_(
            "`(h == 0).all(axis=0)` has one True or False for each neuron; the mean of these is a share."
        ),
    ),
    why=N_(
        "A neuron that is 0 for some examples has a gradient from the others and goes on learning. Only one that is 0 for all of them is lost."
    ),
    mistakes={
        N_("A neuron counts as dead if it is 0 for any example. It has to be 0 for all."): (
            lambda h: np.mean((h == 0).any(axis=0))
        ),
        N_("This is the share of zeros among all entries. Count neurons."): lambda h: np.mean(
            h == 0
        ),
        N_("The examples are counted, not the neurons: a neuron is a column."): (
            lambda h: np.mean((h == 0).all(axis=1))
        ),
        N_("This is the number of dead neurons. The share is asked."): (
            lambda h: np.sum((h == 0).all(axis=0))
        ),
        N_("This is the share of neurons that live."): lambda h: np.mean((h != 0).any(axis=0)),
        N_("Very small outputs count as 0. They have a gradient."): (
            lambda h: np.mean(np.abs(h).max(axis=0) < 1e-6)
        ),
        N_("The number of the dead is divided by the number of examples, not of neurons."): (
            lambda h: np.sum((h == 0).all(axis=0)) / len(h)
        ),
        N_("The dead are marked, neuron by neuron. Their share is asked."): (
            lambda h: (h == 0).all(axis=0)
        ),
        N_("This is the share of neurons that are 0 for more than half of the examples."): (
            lambda h: np.mean((h == 0).mean(axis=0) > 0.5)
        ),
    },
    rights=(
        lambda h: 1 - np.mean(h.any(axis=0)),
        lambda h: np.mean(h.max(axis=0) == 0),
        lambda h: sum(not any(column) for column in h.T.tolist()) / h.shape[1],
        lambda h: np.count_nonzero(h.sum(axis=0) == 0) / h.shape[1],
    ),
)


def blocks(rng):
    """x, W1, b1, W2, b2: weights of 0 first; ReLU cuts some of the sums off."""
    zero = np.zeros((2, 2)), np.zeros(2)
    yield np.array([[2.0, -3.0]]), *zero, *zero
    yield np.array([[1.0]]), np.array([[2.0]]), np.array([1.0]), np.array([[-1.0]]), np.array([0.5])
    yield (
        np.array([[1, -2], [3, 1]]),
        np.array([[1], [2]]),
        np.array([1]),
        np.array([[2, -1]]),
        np.array([0, 1]),
    )
    for n, inputs, hidden in ((3, 2, 4), (2, 3, 3), (4, 2, 2)):
        shapes = (n, inputs), (inputs, hidden), (hidden,), (hidden, inputs), (inputs,)
        yield tuple(rng.normal(size=shape).round(2) for shape in shapes)


def block(x, W1, b1, W2, b2, last=None):
    last = last or (lambda x, h, f: np.maximum(x + f, 0))
    h = np.maximum(x @ W1 + b1, 0)
    return h, last(x, h, h @ W2 + b2)


def _block(last):
    return lambda x, W1, b1, W2, b2: block(x, W1, b1, W2, b2, last)


residual_forward = exercise(
    number="8.9",
    name="residual_forward",
    title=N_("A block with a skip, forward"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda x, W1, b1, W2, b2: block(x, W1, b1, W2, b2),
    inputs=blocks,
    returns=("h", "y"),
    hints=(
        N_("The first layer is a dense layer with ReLU, as in chapter 4."),
        N_(
            "The second layer has no ReLU of its own. Add x to its sums, then apply ReLU to the whole."
        ),
    ),
    why=N_(
        "With weights near 0 the block hands its input on, so a stack of a hundred blocks starts as nearly nothing, and each of them "
        "has to learn only what is to be changed (He et al., 2016)."
    ),
    mistakes={
        N_("The skip is missing: x is not added."): _block(lambda x, h, f: np.maximum(f, 0)),
        N_("ReLU comes before the sum. It comes after x was added."): _block(
            lambda x, h, f: x + np.maximum(f, 0)
        ),
        N_("There is no ReLU at the end."): _block(lambda x, h, f: x + f),
        N_("ReLU is applied to both parts, and then they are added."): _block(
            lambda x, h, f: np.maximum(x, 0) + np.maximum(f, 0)
        ),
        N_("x is subtracted. It is added."): _block(lambda x, h, f: np.maximum(f - x, 0)),
        N_("The skip multiplies. It adds."): _block(lambda x, h, f: np.maximum(x * f, 0)),
        N_("ReLU is missing in the hidden layer."): (
            lambda x, W1, b1, W2, b2: (
                x @ W1 + b1,
                np.maximum(x + (x @ W1 + b1) @ W2 + b2, 0),
            )
        ),
        N_("b2 is missing."): (lambda x, W1, b1, W2, b2: block(x, W1, b1, W2, np.zeros_like(b2))),
        N_("b1 is missing."): (lambda x, W1, b1, W2, b2: block(x, W1, np.zeros_like(b1), W2, b2)),
        N_("The two results have changed places: h comes first, then y."): (
            lambda x, W1, b1, W2, b2: block(x, W1, b1, W2, b2)[::-1]
        ),
        N_("The mean of both ways is taken. They are added."): _block(
            lambda x, h, f: np.maximum((x + f) / 2, 0)
        ),
    },
    rights=(
        lambda x, W1, b1, W2, b2: (
            (h := np.where(x @ W1 + b1 > 0, x @ W1 + b1, 0)),
            np.where(h @ W2 + b2 + x > 0, h @ W2 + b2 + x, 0),
        ),
        lambda x, W1, b1, W2, b2: [part.tolist() for part in block(x, W1, b1, W2, b2)],
        lambda x, W1, b1, W2, b2: tuple(
            np.stack(parts) for parts in zip(*(block(row, W1, b1, W2, b2) for row in x))
        ),
        lambda x, W1, b1, W2, b2: block(x, W1, b1, W2, b2, lambda x, h, f: (x + f) * ((x + f) > 0)),
    ),
)


def backward_blocks(rng):
    """dy, x, h, y, W1, W2 of the blocks above."""
    for x, W1, b1, W2, b2 in blocks(rng):
        h, y = block(x, W1, b1, W2, b2)
        dy = rng.normal(size=y.shape).round(1) if W1.any() else np.ones(y.shape)
        yield dy, x, h, y, W1, W2


def back(dy, x, h, y, W1, W2, last=True, first=True, skip=1, way=1, whole=False):
    """The known mistakes change one thing each."""
    ds = dy * (y > 0) if last else dy * 1.0
    dz = ds @ W2.T * ((h > 0) if first else 1)
    dx = skip * (dy if whole else ds) + way * (dz @ W1.T)
    return dx, x.T @ dz, dz.sum(axis=0), h.T @ ds, ds.sum(axis=0)


def _back(**change):
    return lambda dy, x, h, y, W1, W2: back(dy, x, h, y, W1, W2, **change)


residual_backward = exercise(
    number="8.10",
    name="residual_backward",
    title=N_("A block with a skip, backward"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=lambda dy, x, h, y, W1, W2: back(dy, x, h, y, W1, W2),
    inputs=backward_blocks,
    returns=("dx", "dW1", "db1", "dW2", "db2"),
    hints=(
        N_("Begin at the end: the last ReLU lets dy pass where y is above 0. Call that ds."),
        N_(
            "Through the layers: dW2, db2 and the gradient of h from ds; then ReLU of h; then dW1, db1."
        ),
        N_("ds goes past the layers to x as well, unchanged: dx is the sum of both."),
    ),
    why=N_(
        "Past the layers the gradient goes on undivided, however many blocks there are: that is what lets networks of a hundred "
        "layers learn. The two ways meet at x, and where arrows meet, gradients are added (chapter 4)."
    ),
    mistakes={
        N_("The way past the layers is missing in dx."): _back(skip=0),
        N_("The way through the layers is missing in dx."): _back(way=0),
        N_("The way past the layers is counted twice."): _back(skip=2),
        N_("The last ReLU is forgotten: its mask is y > 0."): _back(last=False),
        N_("The ReLU of the hidden layer is forgotten: its mask is h > 0."): _back(first=False),
        N_("Past the layers goes dy itself. It has to pass the last ReLU first."): _back(
            whole=True
        ),
        N_("The mask of the last ReLU is taken from x. It is where y is above 0."): (
            lambda dy, x, h, y, W1, W2: back(dy, x, h, x, W1, W2)
        ),
        N_("The gradients of the biases are means. They are sums over the examples."): (
            lambda dy, x, h, y, W1, W2: tuple(
                part / len(dy) if i in (2, 4) else part
                for i, part in enumerate(back(dy, x, h, y, W1, W2))
            )
        ),
        N_("dW1 and dW2 have changed places: dx, dW1, db1, dW2, db2."): (
            lambda dy, x, h, y, W1, W2: tuple(back(dy, x, h, y, W1, W2)[i] for i in (0, 3, 4, 1, 2))
        ),
        N_("The skip is subtracted. The two ways are added."): _back(skip=-1),
        N_("All gradients are divided by the number of examples. dy holds that already."): (
            lambda dy, x, h, y, W1, W2: tuple(part / len(dy) for part in back(dy, x, h, y, W1, W2))
        ),
    },
    rights=(
        lambda dy, x, h, y, W1, W2: (
            (s := np.where(y > 0, dy, 0)) + np.where(h > 0, s @ W2.T, 0) @ W1.T,
            np.einsum("ni,nj->ij", x, np.where(h > 0, s @ W2.T, 0)),
            np.where(h > 0, s @ W2.T, 0).sum(0),
            np.einsum("ni,nj->ij", h, s),
            s.sum(0),
        ),
        lambda dy, x, h, y, W1, W2: [part.tolist() for part in back(dy, x, h, y, W1, W2)],
        lambda dy, x, h, y, W1, W2: tuple(
            np.concatenate(parts) if i == 0 else sum(parts)
            for i, parts in enumerate(
                zip(*(back(dy[[n]], x[[n]], h[[n]], y[[n]], W1, W2) for n in range(len(x))))
            )
        ),
        lambda dy, x, h, y, W1, W2: back(dy, x, np.maximum(h, 0), y, W1 * 1.0, W2 * 1.0),
    ),
)
