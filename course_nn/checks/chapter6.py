"""The exercises of chapter 6: overfitting."""

from itertools import pairwise

import numpy as np

from course_nn import generalization, regularizers
from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def weights(rng):
    """w, l1, l2: each penalty alone, then both; a weight of 0, one layer's matrix, a single weight."""
    yield np.array([3.0, -4.0]), 0.0, 0.01
    yield np.array([3.0, -4.0]), 0.01, 0.0
    yield np.array([3.0, -4.0]), 0.1, 0.01
    yield np.array([[2, 0, -1], [-5, 1, 0]]), 0.5, 2.0
    yield np.array([0.0, -0.5]), 1.0, 1.0
    yield np.array([[-3.0]]), 0.2, 0.3
    yield np.array([1800.0, -1500.0, 2500.0]), 0.0007, 0.0006
    yield np.array([0.0004, -0.0003]), 0.2, 0.3
    yield np.array([0.0004, -0.0003]), 0.0, 0.3
    yield np.array([[0.00002, -0.0004]]), 1500.0, 2000.0
    yield np.array([[[2.0, -3.0], [0.5, 0.0]], [[-1.0, 4.0], [-0.2, 0.3]]]), 0.3, 0.7
    for shape in ((4, 2), (5,), (1, 3), (25, 2)):
        w = rng.normal(size=shape).round(1) + 0.05
        yield w, round(rng.uniform(0.1, 1), 1), round(rng.uniform(0.1, 1), 1)


def slopes(w, l1, l2):
    """l1 sign(w) + 2 l2 w"""
    return l1 * np.sign(w) + 2 * l2 * w


penalty = exercise(
    number="6.1",
    name="penalty",
    title=N_("What weights cost"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda w, l1, l2: regularizers.L1L2(l1, l2).forward(w),
    inputs=weights,
    hints=(
        N_("Each penalty is one number: a sum over all weights, times its factor."),
        N_(
            "For L1 a weight of -4 costs as much as one of 4. Which function of NumPy takes the minus away?"
        ),
    ),
    why=N_(
        "Both penalties grow with the size of the weights, whatever their sign. The square makes one large "
        "weight dearer than many small ones; the absolute value charges every bit alike. The factors say "
        "how much this counts beside the loss, and a factor of 0 switches a penalty off."
    ),
    mistakes={
        N_(
            "L1 adds the weights with their signs, so they cancel. It adds their absolute values."
        ): (lambda w, l1, l2: l1 * np.sum(w) + l2 * np.sum(w**2)),
        N_("L1 takes the absolute value of the sum. Take it of each weight, then add."): (
            lambda w, l1, l2: l1 * np.abs(np.sum(w)) + l2 * np.sum(w**2)
        ),
        N_("L1 is that of the column that costs most. All weights of a matrix pay."): (
            lambda w, l1, l2: l1 * np.linalg.norm(w, 1) + l2 * np.sum(w**2)
        ),
        N_("Only L2 is there. The absolute values cost `l1` times their sum."): (
            lambda w, l1, l2: l2 * np.sum(w**2)
        ),
        N_("Only L1 is there. The squares cost `l2` times their sum."): (
            lambda w, l1, l2: l1 * np.sum(np.abs(w))
        ),
        N_("The factors are missing: `l1` times the one sum, `l2` times the other."): (
            lambda w, l1, l2: np.sum(np.abs(w)) + np.sum(w**2)
        ),
        N_("The two penalties are multiplied. Add them."): (
            lambda w, l1, l2: l1 * np.sum(np.abs(w)) * l2 * np.sum(w**2)
        ),
        N_("The factor `l2` is squared as well. Square the weights alone."): (
            lambda w, l1, l2: l1 * np.sum(np.abs(w)) + np.sum((l2 * w) ** 2)
        ),
        N_("L2 squares the sum. Square each weight, then add."): (
            lambda w, l1, l2: l1 * np.sum(np.abs(w)) + l2 * np.sum(w) ** 2
        ),
        N_("L2 takes the root of the sum of squares. Here the penalty is the sum itself."): (
            lambda w, l1, l2: l1 * np.sum(np.abs(w)) + l2 * np.linalg.norm(w)
        ),
        N_("L2 is halved. Some books do so, but here it is `l2` times the sum of squares."): (
            lambda w, l1, l2: l1 * np.sum(np.abs(w)) + l2 / 2 * np.sum(w**2)
        ),
        N_("These are means over the weights. A penalty adds: two weights cost what both cost."): (
            lambda w, l1, l2: l1 * np.mean(np.abs(w)) + l2 * np.mean(w**2)
        ),
        N_("There is a number for each weight. The penalty is their sum, one number."): (
            lambda w, l1, l2: l1 * np.abs(w) + l2 * w**2
        ),
        N_("There is a number for each column. The penalty is the sum over all weights."): (
            lambda w, l1, l2: np.sum(l1 * np.abs(w) + l2 * w**2, axis=0)
        ),
        N_("This is the slope of the penalty. Its height is asked, one number."): slopes,
        N_("The factors have changed places: `l1` goes with |w|, `l2` with the squares."): (
            lambda w, l1, l2: l2 * np.sum(np.abs(w)) + l1 * np.sum(w**2)
        ),
    },
    rights=(
        lambda w, l1, l2: sum(l1 * abs(x) + l2 * x * x for x in w.ravel()),
        lambda w, l1, l2: l1 * np.linalg.norm(w.ravel(), 1) + l2 * np.linalg.norm(w) ** 2,
        lambda w, l1, l2: l1 * np.sum(np.sqrt(w**2)) + np.sum(l2 * w * w),
    ),
)


def added_by_the_package(w, l1, l2):
    gradient = np.zeros(w.shape)
    regularizers.L1L2(l1, l2).backward(w.astype(float), gradient)
    return gradient


penalty_gradient = exercise(
    number="6.2",
    name="penalty_gradient",
    title=N_("The gradient of the penalty"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=slopes,
    inputs=weights,
    hints=(
        N_(
            "A weight stands in one summand of each penalty only. What are the slopes of w^2 and of |w|?"
        ),
        N_(
            "|w| rises with the slope 1 on the right of 0 and falls with -1 on the left: `np.sign`."
        ),
    ),
    why=N_(
        "The slope of w^2 is 2 w, so L2 pulls at a large weight hard and at a small one hardly at all. The "
        "slope of |w| is the sign of w: L1 pulls at all alike, down to 0. At 0 itself |w| has no slope, "
        "and 0 is taken, which leaves a weight there."
    ),
    mistakes={
        N_("The 2 is missing: the slope of w^2 is 2 w."): (
            lambda w, l1, l2: l1 * np.sign(w) + l2 * w
        ),
        N_("L2 gets the slope w^2. That is its height; its slope is 2 w."): (
            lambda w, l1, l2: l1 * np.sign(w) + l2 * w**2
        ),
        N_("L2 gets the slope 2 |w|. For negative weights w^2 falls: its slope is 2 w."): (
            lambda w, l1, l2: l1 * np.sign(w) + 2 * l2 * np.abs(w)
        ),
        N_("The slope of L1 is missing: `l1` times the sign of w."): (lambda w, l1, l2: 2 * l2 * w),
        N_("The slope of L2 is missing: `l2` times 2 w."): lambda w, l1, l2: l1 * np.sign(w),
        N_("The factors are missing: `l1` times the one slope, `l2` times the other."): (
            lambda w, l1, l2: np.sign(w) + 2 * w
        ),
        N_("w / |w| is 0 / 0 where a weight is 0. `np.sign` gives 0 there."): (
            lambda w, l1, l2: l1 * w / np.abs(w) + 2 * l2 * w
        ),
        N_("w / (|w| + 1e-8) is less than 1 where a weight is tiny. `np.sign` is exact."): (
            lambda w, l1, l2: l1 * w / (np.abs(w) + 1e-8) + 2 * l2 * w
        ),
        N_("A weight of 0 gets the slope -1 from L1. There the slope is 0."): (
            lambda w, l1, l2: l1 * np.where(w > 0, 1, -1) + 2 * l2 * w
        ),
        N_("A weight of 0 gets the slope 1 from L1. There the slope is 0."): (
            lambda w, l1, l2: l1 * np.where(w >= 0, 1, -1) + 2 * l2 * w
        ),
        N_(
            "L1 has the slope `l1` everywhere here. For negative weights |w| falls: the slope is `-l1`."
        ): (lambda w, l1, l2: l1 + 2 * l2 * w),
        N_("Below 0 L1 has no slope here. There |w| falls: the slope is `-l1`."): (
            lambda w, l1, l2: l1 * (w > 0) + 2 * l2 * w
        ),
        N_("What stands behind the point is cut off, as in an array of whole numbers."): (
            lambda w, l1, l2: slopes(w, l1, l2).astype(w.dtype)
        ),
        N_("This is the height of the penalty, weight by weight. Its slope is asked."): (
            lambda w, l1, l2: l1 * np.abs(w) + l2 * w**2
        ),
        N_("This is the penalty itself. Its slope by each weight is asked."): (
            lambda w, l1, l2: l1 * np.sum(np.abs(w)) + l2 * np.sum(w**2)
        ),
        N_("L1 gets the slope |w|. That is its height; its slope is only the sign of w."): (
            lambda w, l1, l2: l1 * np.abs(w) + 2 * l2 * w
        ),
        N_("The sign is turned round. The gradient points to where the penalty grows."): (
            lambda w, l1, l2: -slopes(w, l1, l2)
        ),
        N_("The slopes are added up. Each weight has a slope of its own."): (
            lambda w, l1, l2: np.sum(slopes(w, l1, l2))
        ),
        N_("The slopes are divided by the number of weights. The penalty is a sum, not a mean."): (
            lambda w, l1, l2: slopes(w, l1, l2) / w.size
        ),
        N_("The factors have changed places: `l1` goes with the sign, `l2` with 2 w."): (
            lambda w, l1, l2: slopes(w, l2, l1)
        ),
    },
    rights=(
        added_by_the_package,
        lambda w, l1, l2: 2 * l2 * w + np.where(w > 0, l1, np.where(w < 0, -l1, 0)),
        lambda w, l1, l2: l1 * ((w > 0) * 1.0 - (w < 0)) + l2 * (w + w),
    ),
)


def descents(rng):
    """w, b, dw, db, learning_rate, l2: a weight that the data do not care about first."""
    yield np.array([[1.0]]), np.array([1.0]), np.array([[0.0]]), np.array([0.0]), 0.1, 0.5
    yield (
        np.array([[2.0, -1.0]]),
        np.array([3.0, 4.0]),
        np.array([[1.0, 0.0]]),
        np.array([1.0, -1.0]),
        0.5,
        0.1,
    )
    yield (
        np.array([[2.0], [-3.0]]),
        np.array([0.5]),
        np.array([[1.0], [1.0]]),
        np.array([2.0]),
        0.1,
        0.0,
    )
    yield (
        np.array([[3, -2], [1, 0], [-5, 4]]),
        np.array([2, -1]),
        np.array([[1, 0], [-2, 3], [0, 1]]),
        np.array([1, -3]),
        0.3,
        0.35,
    )
    yield (
        np.array([[0.0003, -0.0008]]),
        np.array([0.0006, -0.0004]),
        np.array([[0.0005, -0.0004]]),
        np.array([-0.0007, 0.0009]),
        0.5,
        0.25,
    )
    yield (
        np.array([[3000.0, -1500.0], [2000.0, -800.0]]),
        np.array([6000.0, -2500.0]),
        np.array([[1200.0, 700.0], [-900.0, -3000.0]]),
        np.array([-700.0, 1800.0]),
        0.0004,
        1500.0,
    )
    yield (
        np.array([[0.5, -0.25]]),
        np.array([0.75, -2.0]),
        np.array([[0.0004, -0.0006]]),
        np.array([0.0003, -0.0004]),
        1500.0,
        0.0007,
    )
    for inputs, units in ((2, 3), (3, 2), (1, 4), (3, 3), (25, 2)):
        w, dw = rng.normal(size=(2, inputs, units)).round(1) + 0.05
        b, db = rng.normal(size=(2, units)).round(1) + 0.05
        yield w, b, dw, db, round(rng.uniform(0.1, 0.4), 1), round(rng.uniform(0.1, 0.4), 2)


def descend(w, b, dw, db, learning_rate, l2, slope=lambda w, l2: 2 * l2 * w):
    """w - learning_rate (dw + 2 l2 w), b - learning_rate db"""
    return w - learning_rate * (dw + slope(w, l2)), b - learning_rate * db


def descend_with(slope):
    """The wrong variant whose penalty has the slope ``slope(w, l2)``."""
    return lambda *args: descend(*args, slope=slope)


step_with_l2 = exercise(
    number="6.3",
    name="step_with_l2",
    title=N_("A step with weight decay"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=descend,
    inputs=descents,
    returns=("w", "b"),
    hints=(
        N_(
            "What is descended is the loss plus the penalty. The slope of a sum is the sum of the slopes."
        ),
        N_("The slope for the weights is dw plus that of the penalty. Does a bias pay anything?"),
    ),
    why=N_(
        "The slopes of loss and penalty add up, and one step goes against both. Written another way the "
        "weights become `(1 - 2 * learning_rate * l2) * w - learning_rate * dw`: each loses a fixed share "
        "of itself, which is called weight decay. A bias only moves a bend and makes none sharper, so it "
        "does not pay."
    ),
    mistakes={
        N_("The bias pays as well. Only the weights have a penalty."): (
            lambda w, b, dw, db, rate, l2: (
                w - rate * (dw + 2 * l2 * w),
                b - rate * (db + 2 * l2 * b),
            )
        ),
        N_("The penalty is missing: this is a plain step."): (
            lambda w, b, dw, db, rate, l2: (w - rate * dw, b - rate * db)
        ),
        N_("The 2 is missing: the slope of `l2` w^2 is 2 `l2` w."): descend_with(
            lambda w, l2: l2 * w
        ),
        N_("The slope of the penalty has the wrong sign, so the weights grow. Add it to `dw`."): (
            descend_with(lambda w, l2: -2 * l2 * w)
        ),
        N_("This is the slope of L1: `l2` times the sign of w. That of L2 is 2 `l2` w."): (
            descend_with(lambda w, l2: l2 * np.sign(w))
        ),
        N_("`l2` w^2 is added to `dw`: the height of the penalty. A step needs its slope."): (
            descend_with(lambda w, l2: l2 * w**2)
        ),
        N_("The factor `l2` is missing in the penalty's slope: 2 `l2` w."): descend_with(
            lambda w, l2: 2 * w
        ),
        N_("The w is missing in the penalty's slope: 2 `l2` w."): descend_with(
            lambda w, l2: 2 * l2
        ),
        N_("The penalty's slope is divided by the number of weights. The penalty is a sum."): (
            descend_with(lambda w, l2: 2 * l2 * w / w.size)
        ),
        N_("The penalty's slope is divided by the number of rows of `w`. The penalty is a sum."): (
            descend_with(lambda w, l2: 2 * l2 * w / len(w))
        ),
        N_(
            "The penalty's slope is taken after the step on `dw`. Both slopes are those of the old `w`."
        ): (lambda w, b, dw, db, rate, l2: ((w - rate * dw) * (1 - 2 * rate * l2), b - rate * db)),
        N_("The learning rate multiplies `dw` and `db`, and is taken twice for the penalty."): (
            lambda w, b, dw, db, rate, l2: (
                w - rate * (dw + rate * 2 * l2 * w),
                b - rate * db,
            )
        ),
        N_("The learning rate is missing."): (
            lambda w, b, dw, db, rate, l2: (w - (dw + 2 * l2 * w), b - db)
        ),
        N_("The learning rate belongs to both slopes. Add them first, then multiply."): (
            lambda w, b, dw, db, rate, l2: (w - rate * dw - 2 * l2 * w, b - rate * db)
        ),
        N_("The step goes uphill. Subtract the slopes."): (
            lambda w, b, dw, db, rate, l2: (w + rate * (dw + 2 * l2 * w), b + rate * db)
        ),
        N_("The penalty itself is added to `dw`. A step needs its slope."): (
            lambda w, b, dw, db, rate, l2: (w - rate * (dw + l2 * np.sum(w**2)), b - rate * db)
        ),
        N_("The biases go uphill. Subtract their slopes as well."): (
            lambda w, b, dw, db, rate, l2: (w - rate * (dw + 2 * l2 * w), b + rate * db)
        ),
        N_(
            "The biases stay where they are. They pay no penalty, and take their step on the loss."
        ): (lambda w, b, dw, db, rate, l2: (w - rate * (dw + 2 * l2 * w), b)),
        N_("What stands behind the point is cut off, as in arrays of whole numbers."): (
            lambda w, b, dw, db, rate, l2: tuple(
                new.astype(old.dtype) for new, old in zip(descend(w, b, dw, db, rate, l2), (w, b))
            )
        ),
        N_("This is the step alone. Return where it leads: the new `w` and `b`."): (
            lambda w, b, dw, db, rate, l2: (-rate * (dw + 2 * l2 * w), -rate * db)
        ),
        N_("These are the slopes. Go a step against them, and return the new `w` and `b`."): (
            lambda w, b, dw, db, rate, l2: (dw + 2 * l2 * w, db)
        ),
        N_("Only `w` is returned. Return the biases as well: `w, b`."): (
            lambda *args: descend(*args)[0]
        ),
        N_("The two are right, in another order. Return `w, b`."): (
            lambda *args: descend(*args)[::-1]
        ),
    },
    rights=(
        lambda w, b, dw, db, rate, l2: [(1 - 2 * rate * l2) * w - rate * dw, b - rate * db],
        lambda w, b, dw, db, rate, l2: (
            [w[i] - rate * dw[i] - rate * l2 * 2 * w[i] for i in range(len(w))],
            [x - rate * dx for x, dx in zip(b, db)],
        ),
    ),
)


def thresholds(rng):
    """w, step: weights beyond the step, within it, on it, and 0."""
    yield np.array([3.0]), 1.0
    yield np.array([-3.0]), 1.0
    yield np.array([0.4]), 1.0
    yield np.array([-0.4, 0.2]), 0.5
    yield np.array([0.5, -0.5, 0.0, 2.0]), 0.5
    yield np.array([[5, -1, 0], [-4, 2, 1]]), 2
    yield np.array([0.0043, 0.0003]), 0.001
    yield np.array([3, -2, 0, 1, -7]), 0.75
    yield np.array([0.0003, -0.0009, 0.0007]), 0.0004
    yield np.array([-3000.0, 1600.0, 2800.0, 900.0]), 1500.0
    yield np.array([[[0.5, -2.0]], [[-0.25, 0.75]]]), 0.5
    for shape in ((3, 2), (1, 4), (6,), (25,)):
        yield rng.normal(size=shape).round(1) + 0.05, round(rng.uniform(0.2, 0.8), 1)


soft_threshold = exercise(
    number="6.4",
    name="soft_threshold",
    title=N_("The soft threshold"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda w, step: np.sign(w) * np.maximum(np.abs(w) - step, 0),
    inputs=thresholds,
    hints=(
        N_("How long is the weight, whatever its sign? How long is it afterwards, at least 0?"),
        N_("`np.maximum(length - step, 0)` is the new length. Now give it the old sign back."),
    ),
    why=N_(
        "Length and sign are treated apart: the length loses the step and ends at 0, the sign stays. A plain "
        "descent on L1 takes the same step, but jumps over 0 and back; only the threshold makes weights "
        "that are exactly 0."
    ),
    mistakes={
        N_("Short weights jump over 0. Their length must not fall below 0: `np.maximum`."): (
            lambda w, step: w - step * np.sign(w)
        ),
        N_("The long weights stay as they are. They lose the step as well."): (
            lambda w, step: np.where(np.abs(w) > step, w, 0)
        ),
        N_(
            "Negative weights all become 0. Take the step off their length |w|, and keep the sign."
        ): (lambda w, step: np.maximum(w - step, 0)),
        N_(
            "The long weights stay as they are, and so do those as long as the step. They lose it as well."
        ): (lambda w, step: np.where(np.abs(w) < step, 0, w)),
        N_("The step is subtracted from every weight. Move each towards 0, and stop there."): (
            lambda w, step: w - step
        ),
        N_("The step is subtracted from long weights of both signs. Negative ones move up."): (
            lambda w, step: np.where(np.abs(w) > step, w - step, 0)
        ),
        N_("Weights shorter than the step stay as they are. They become 0."): (
            lambda w, step: np.where(np.abs(w) > step, w - step * np.sign(w), w)
        ),
        N_("This is the length less the step, without sign, and without a stop at 0."): (
            lambda w, step: np.abs(w) - step
        ),
        N_("What stands behind the point is cut off, as in an array of whole numbers."): (
            lambda w, step: (np.sign(w) * np.maximum(np.abs(w) - step, 0)).astype(w.dtype)
        ),
        N_("Only the signs are left. They are to be multiplied by the new lengths."): (
            lambda w, step: np.sign(w) * (np.abs(w) > step)
        ),
        N_("The length does not fall below the step. It loses the step, and ends at 0."): (
            lambda w, step: np.sign(w) * np.maximum(np.abs(w), step)
        ),
        N_("The sign is lost: negative weights stay negative."): (
            lambda w, step: np.maximum(np.abs(w) - step, 0)
        ),
        N_("What is cut off is returned. Return what is left of the weights."): (
            lambda w, step: np.clip(w, -step, step)
        ),
        N_("Every weight loses a share of itself. That is L2; here all lose the same length."): (
            lambda w, step: w * (1 - step)
        ),
        N_("w / |w| is 0 / 0 where a weight is 0. `np.sign` gives 0 there."): (
            lambda w, step: w / np.abs(w) * np.maximum(np.abs(w) - step, 0)
        ),
        N_("The weights grow by the step. Take it off their length."): (
            lambda w, step: np.sign(w) * (np.abs(w) + step)
        ),
    },
    rights=(
        lambda w, step: w - np.clip(w, -step, step),
        lambda w, step: np.where(w > step, w - step, np.where(w < -step, w + step, 0)),
        lambda w, step: np.maximum(w - step, 0) - np.maximum(-w - step, 0),
    ),
)


def thinned(rng):
    """h, rate, random: one on and one off first; random numbers that equal the rate, several rows."""
    yield np.array([[2.0, 4.0]]), 0.5, np.array([[0.7, 0.2]])
    yield np.array([[3.0, 3.0]]), 0.25, np.array([[0.1, 0.6]])
    yield np.array([[1.0, 2.0, 3.0]]), 0.0, np.array([[0.0, 0.5, 0.9]])
    yield np.array([[1.0, -2.0], [3.0, 4.0]]), 0.2, np.array([[0.9, 0.2], [0.1, 0.5]])
    yield np.array([[1, 2], [3, 4], [5, 6]]), 0.75, np.array([[0.8, 0.3], [0.1, 0.95], [0.2, 0.75]])
    yield np.array([[1, -3, 0]]), 0.2, np.array([[0.6, 0.3, 0.9]])
    yield np.array([[0.0003, -0.0008, 0.0006]]), 0.25, np.array([[0.7, 0.5, 0.1]])
    yield (
        np.array([[3000.0, -1500.0, 2000.0], [-0.8, 1.0, -3.0]]),
        0.9995,
        np.array([[0.99975, 0.9996, 0.9], [0.9999, 0.9995, 0.9994]]),
    )
    yield np.array([[5.0, -7.0, 11.0]]), 0.0004, np.array([[0.0002, 0.0006, 0.0004]])
    for n, units in ((4, 3), (1, 6), (5, 1), (3, 3), (25, 2)):
        h = rng.normal(size=(n, units)).round(1) + 0.05
        yield h, round(rng.uniform(0.1, 0.8), 1), rng.random((n, units)).round(2)


def drop(h, rate, random):
    """mask = (random >= rate) / (1 - rate); h mask, mask"""
    mask = (random >= rate) / (1 - rate)
    return h * mask, mask


def drop_with(mask):
    """The wrong variant whose mask is ``mask(rate, random)``."""
    return lambda h, rate, random: (h * mask(rate, random), mask(rate, random))


dropout_forward = exercise(
    number="6.5",
    name="dropout_forward",
    title=N_("Dropout, forward"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=drop,
    inputs=thinned,
    returns=("y", "mask"),
    hints=(
        N_("Which neurons stay on? That is a comparison of `random` with `rate`, for all at once."),
        N_(
            "True counts as 1 and False as 0. By what must the ones be divided, so that the mean stays?"
        ),
        N_("A neuron is on with the probability 1 - rate, so it is divided by just that."),
    ),
    why=N_(
        "A random number from 0 to 1 is below `rate` with the probability `rate`, so that share of the "
        "neurons is switched off. The others stand in for them: divided by 1 - rate, the mean over all masks "
        "is `h` again, and in prediction nothing has to be done. The mask is returned for the backward pass."
    ),
    mistakes={
        N_(
            "The division is missing: what is kept must be divided by 1 - rate, so that the mean stays."
        ): (drop_with(lambda rate, random: 1.0 * (random >= rate))),
        N_("What is kept is divided by `rate`. It is kept with the probability 1 - rate."): (
            drop_with(lambda rate, random: (random >= rate) / np.float64(rate))
        ),
        N_("What is kept is multiplied by 1 - rate. Divide, to make up for what is off."): (
            drop_with(lambda rate, random: (random >= rate) * (1 - rate))
        ),
        N_("On and off are turned round: off is where the random number is below `rate`."): (
            drop_with(lambda rate, random: (random < rate) / (1 - rate))
        ),
        N_("On is where `random` is below 1 - rate here. Let off be where it is below `rate`."): (
            drop_with(lambda rate, random: (random < 1 - rate) / (1 - rate))
        ),
        N_(
            "`rate` is taken for the probability of staying on. It is that of being switched off."
        ): (drop_with(lambda rate, random: (random < rate) / np.float64(rate))),
        N_("On and off are turned round, and the division is missing. Off is below `rate`."): (
            drop_with(lambda rate, random: 1.0 * (random < rate))
        ),
        N_("A neuron is off below 0.5 always. Compare with `rate`."): (
            drop_with(lambda rate, random: (random >= 0.5) / (1 - rate))
        ),
        N_("The mask is divided by the share that is on here by chance. Divide by 1 - rate."): (
            drop_with(lambda rate, random: (random >= rate) / np.mean(random >= rate))
        ),
        N_("The mask is subtracted from 1: 0 is off, and 1 / (1 - rate) is on."): (
            drop_with(lambda rate, random: 1 - (random >= rate) / (1 - rate))
        ),
        N_("A number equal to `rate` is not below it: its neuron stays on. Use >=."): (
            drop_with(lambda rate, random: (random > rate) / (1 - rate))
        ),
        N_("All rows get the mask of the first one. Every example has a mask of its own."): (
            lambda h, rate, random: (h * drop(h, rate, random)[1][0], drop(h, rate, random)[1])
        ),
        N_(
            "All rows get the mask of the first one, in `mask` as well. Every example has its own."
        ): (
            drop_with(
                lambda rate, random: np.tile((random[:1] >= rate) / (1 - rate), (len(random), 1))
            )
        ),
        N_("The mask is right, but `y` is without the division: `y` is `h` times the mask."): (
            lambda h, rate, random: (h * (random >= rate), drop(h, rate, random)[1])
        ),
        N_("The division is made twice in `y`: it is in the mask already."): (
            lambda h, rate, random: (
                drop(h, rate, random)[0] / (1 - rate),
                drop(h, rate, random)[1],
            )
        ),
        N_("What stands behind the point is cut off in `y`, as in an array of whole numbers."): (
            lambda h, rate, random: (
                drop(h, rate, random)[0].astype(h.dtype),
                drop(h, rate, random)[1],
            )
        ),
        N_("`h` comes back as it was. `y` is `h` times the mask."): (
            lambda h, rate, random: (h, drop(h, rate, random)[1])
        ),
        N_(
            "`y` is right, but the mask is without the division. The backward pass needs it with it."
        ): (lambda h, rate, random: (drop(h, rate, random)[0], 1.0 * (random >= rate))),
        N_("`h` is multiplied by the random numbers. They only decide who is on."): (
            lambda h, rate, random: (h * random, random)
        ),
        N_("Only `y` is returned. Return the mask as well: `y, mask`."): (
            lambda h, rate, random: drop(h, rate, random)[0]
        ),
        N_("Only the mask is returned. Return `y` as well: `y, mask`."): (
            lambda h, rate, random: drop(h, rate, random)[1]
        ),
        N_("The two are right, in another order. Return `y, mask`."): (
            lambda h, rate, random: drop(h, rate, random)[::-1]
        ),
    },
    rights=(
        lambda h, rate, random: [
            np.where(random < rate, 0, h / (1 - rate)),
            np.where(random < rate, 0, 1 / (1 - rate)),
        ],
        lambda h, rate, random: (
            h * ~(random < rate) / (1 - rate),
            [[(r >= rate) / (1 - rate) for r in row] for row in random],
        ),
    ),
)


def masked(rng):
    """dy, mask: of rates 0.5, 0, 0.2 and 0.75, and by chance."""
    yield np.array([[3.0, 5.0]]), np.array([[2.0, 0.0]])
    yield np.array([[1.0, -2.0]]), np.array([[1.0, 1.0]])
    yield np.array([[0.5, 1.0], [-1.0, 2.0]]), np.array([[0.0, 1.25], [1.25, 0.0]])
    yield np.array([[1, 2, 3]]), np.array([[0, 4, 0]])
    yield np.array([[3, -1], [0, 5]]), np.array([[1.25, 0.0], [1.25, 1.25]])
    yield np.array([[0.5, -1.5, 0.25]]), np.array([[2, 0, 2]])
    yield np.array([[1700.0, -2500.0, 0.5]]), np.array([[2000.0, 2000.0, 0.0]])
    yield np.array([[-0.0005, 0.0003, 0.0008]]), np.array([[1.0005, 1.0005, 0.0]])
    for n, units in ((4, 3), (1, 6), (5, 1), (3, 3), (25, 2)):
        dy = rng.normal(size=(n, units)).round(1) + 0.05
        yield dy, 2.5 * (rng.random((n, units)) < 0.4)


dropout_backward = exercise(
    number="6.6",
    name="dropout_backward",
    title=N_("Dropout, backward"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda dy, mask: dy * mask,
    inputs=masked,
    hints=(
        N_("Forward, y = h mask, entry by entry, and the mask is a constant. What is dy/dh?"),
        N_(
            "A neuron that was off is 0 whatever its h: the slope is 0. Where it was on, how steep is y?"
        ),
    ),
    why=N_(
        "For one entry y is h times a number, so its slope is that number: 0 where the neuron was off, "
        "1 / (1 - rate) where it was on. It must be the mask of the same forward pass; another one would "
        "send slopes through neurons that were off."
    ),
    mistakes={
        N_("The mask is missing: through a neuron that was off no slope flows back."): (
            lambda dy, mask: 1.0 * dy
        ),
        N_("The slope is 1 / (1 - rate) where a neuron was on, not 1. It stands in the mask."): (
            lambda dy, mask: dy * (mask > 0)
        ),
        N_("On and off are turned round: the mask is 0 where a neuron was off."): (
            lambda dy, mask: dy * (mask == 0)
        ),
        N_("`dy` is divided by the mask. The slope of h mask is the mask, so multiply."): (
            lambda dy, mask: dy / mask
        ),
        N_("The mask comes in twice. It has the division by 1 - rate in it already."): (
            lambda dy, mask: dy * mask**2
        ),
        N_("The gradient is divided by the number of rows. The loss has done so already."): (
            lambda dy, mask: dy * mask / len(dy)
        ),
        N_("The rows are added up. Each example has a gradient of its own."): (
            lambda dy, mask: (dy * mask).sum(axis=0)
        ),
        N_("`dy` is missing: this is the mask. What arrives is multiplied by it."): (
            lambda dy, mask: mask
        ),
        N_("The mask is added. Multiply by it."): lambda dy, mask: dy + mask,
        N_("Every entry is multiplied by 1 / (1 - rate), also where a neuron was off."): (
            lambda dy, mask: dy * mask.max()
        ),
        N_("The sign is turned round. The slopes are `dy` times the mask."): (
            lambda dy, mask: -dy * mask
        ),
        N_("What stands behind the point is cut off, as in an array of whole numbers."): (
            lambda dy, mask: (dy * mask).astype(dy.dtype)
        ),
        N_("All rows get the mask of the first one. Each row has its own."): (
            lambda dy, mask: dy * mask[0]
        ),
        N_("This is a matrix product. Multiply entry by entry."): lambda dy, mask: dy @ mask.T,
    },
    rights=(
        lambda dy, mask: np.where(mask > 0, dy * np.max(mask), 0),
        lambda dy, mask: [[d * m for d, m in zip(*rows)] for rows in zip(dy, mask)],
    ),
)


def deals(rng):
    """order, k: folds of one size first, then of two, up to one row each."""
    yield np.array([2, 0, 3, 1]), 2
    yield np.array([2, 0, 1]), 3
    yield np.array([4, 1, 0, 3, 2]), 2
    yield np.array([5, 0, 4, 1, 3, 2, 6]), 3
    yield np.array([3, 7, 1, 0, 6, 2, 5, 4]), 3
    yield np.array([0, 1, 2, 3, 4]), 2
    for n, k in ((6, 3), (11, 4), (10, 5), (9, 9), (25, 23), (1100, 2)):
        yield rng.permutation(n), k


def pairs(order, k):
    """The textbook's lines: cut, and take all the other folds together."""
    folds = np.array_split(order, k)
    return [(np.concatenate(folds[:i] + folds[i + 1 :]), fold) for i, fold in enumerate(folds)]


def _edges(order, k):
    """Where the folds begin, and where the last one ends."""
    return [i * (len(order) // k) + min(i, len(order) % k) for i in range(k + 1)]


def cut_at(order, edges):
    """The pairs whose folds lie between ``edges``."""
    return [
        (np.concatenate([order[:start], order[stop:]]), order[start:stop])
        for start, stop in pairwise(edges)
    ]


k_fold = exercise(
    number="6.7",
    name="k_fold",
    title=N_("Every row validates once"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=pairs,
    inputs=deals,
    whole=True,
    hints=(
        N_("First cut `order` into k parts. `np.array_split` also cuts what k does not divide."),
        N_("For part i, what are the parts before it, and those after it? Lists are added with +."),
        N_("`np.concatenate` puts a list of arrays one behind the other."),
    ),
    why=N_(
        "Each row is in one fold, so it validates once and trains k - 1 times. Training and validation never "
        "share a row: that is the whole point. The permutation matters, since the rows of a data set "
        "often lie in an order."
    ),
    mistakes={
        N_("The pair is turned round. The training rows come first, then those of the fold."): (
            lambda order, k: [(fold, rest) for rest, fold in pairs(order, k)]
        ),
        N_("The training rows still hold the fold: the network would know what it is tested on."): (
            lambda order, k: [(order, fold) for rest, fold in pairs(order, k)]
        ),
        N_("The rows are cut as 0, 1, 2, ... Cut `order`, which has dealt them at random."): (
            lambda order, k: pairs(np.arange(len(order)), k)
        ),
        N_(
            "Where k does not divide n, the last rows are in no fold. Make the first folds larger by 1."
        ): (lambda order, k: cut_at(order, [i * (len(order) // k) for i in range(k + 1)])),
        N_(
            "The last fold takes all that is left over. Make the first folds larger by 1 instead."
        ): (
            lambda order, k: cut_at(order, [i * (len(order) // k) for i in range(k)] + [len(order)])
        ),
        N_("The last folds are larger by 1 here. The first ones are."): (
            lambda order, k: cut_at(
                order, [len(order) - edge for edge in reversed(_edges(order, k))]
            )
        ),
        N_(
            "Every fold but the last has the size of the largest. Only so many are larger as are left over."
        ): (
            lambda order, k: cut_at(
                order, [min(i * -(-len(order) // k), len(order)) for i in range(k + 1)]
            )
        ),
        N_(
            "The training rows begin behind the fold. Keep them in the order that they have in `order`."
        ): (
            lambda order, k: [
                (np.concatenate([*folds[i + 1 :], *folds[:i]]), folds[i])
                for folds in [np.array_split(order, k)]
                for i in range(k)
            ]
        ),
        N_("The training rows are those behind the fold alone. Those before it train as well."): (
            lambda order, k: [
                (order[stop:], order[start:stop]) for start, stop in pairwise(_edges(order, k))
            ]
        ),
        N_("The training rows are those before the fold alone. Those behind it train as well."): (
            lambda order, k: [
                (order[:start], order[start:stop]) for start, stop in pairwise(_edges(order, k))
            ]
        ),
        N_(
            "The training rows are still in their folds. Put these into one array: `np.concatenate`."
        ): (
            lambda order, k: [
                (folds[:i] + folds[i + 1 :], folds[i])
                for folds in [np.array_split(order, k)]
                for i in range(k)
            ]
        ),
        N_("The last split is missing. There are k of them, one for each fold."): (
            lambda order, k: pairs(order, k)[:-1]
        ),
        N_("Only one pair is returned, that of the first fold. Return a list of k pairs."): (
            lambda order, k: pairs(order, k)[0]
        ),
        N_("Only one pair is returned, that of the last fold. Return a list of k pairs."): (
            lambda order, k: pairs(order, k)[-1]
        ),
        N_(
            "`np.split` only cuts into equal parts. `np.array_split` makes the first parts larger by 1."
        ): (lambda order, k: pairs(order, k) if np.split(order, k) else None),
        N_("A fold takes every k-th row here. Cut `order` into pieces that lie together."): (
            lambda order, k: [(np.delete(order, np.s_[i::k]), order[i::k]) for i in range(k)]
        ),
        N_("The training rows are sorted. Keep them in the order that they have in `order`."): (
            lambda order, k: [(np.sort(rest), fold) for rest, fold in pairs(order, k)]
        ),
        N_(
            "These are the folds alone. For each one return a pair: the other rows, and the fold."
        ): (lambda order, k: np.array_split(order, k)),
        N_("Only the first split is returned. There are k of them, one for each fold."): (
            lambda order, k: pairs(order, k)[:1]
        ),
    },
    rights=(
        lambda order, k: [
            (order[~np.isin(order, fold)], fold) for fold in np.array_split(order, k)
        ],
        lambda order, k: [
            ([row for row in order if row not in fold], list(fold))
            for fold in np.array_split(order, k)
        ],
        lambda order, k: cut_at(order, _edges(order, k)),
    ),
)


def curves(rng):
    """losses, patience: falling, rising, a small hill, equal losses, two hills; then rough ones."""
    hill = [0.90, 0.60, 0.50, 0.52, 0.51, 0.48, 0.55, 0.60, 0.58]
    yield [0.9, 0.5, 0.6], 1
    yield [0.9, 0.6, 0.5], 1
    yield hill, 1
    yield hill, 3
    yield hill, 4
    yield [0.3, 0.4, 0.5, 0.2], 2
    yield [0.5, 0.5, 0.5, 0.4], 2
    yield [0.9, 0.5, 0.7, 0.6, 0.55, 0.4], 3
    yield [0.8, 0.9, 0.7, 0.9, 0.6, 0.9], 2
    yield [0.7], 3
    yield [12.5, 11.0, 11.5, 10.5, 10.75], 2
    yield [5e12, 7e12, 6e12, 5.5e12], 2
    yield [1.5, 1.2, 1.3, 1.1, 1.4, 1.05], 2
    yield [0.0008, 0.0004, 0.0006, 0.0002, 0.0003], 2
    yield [0.5, 0.5 - 1e-7, 0.5 - 2e-7, 0.5 - 1.5e-7, 0.5 - 3e-7], 2
    yield [0.7, 0.4, *[0.5] * 24, 0.3], 23
    yield [0.9 - 0.01 * epoch for epoch in range(25)], 22
    yield [0.4, 0.6, 0.5], 1500
    yield [0.9 - 0.002 * epoch for epoch in range(280)] + [0.8, 0.7], 2
    for epochs, patience in ((8, 2), (12, 3), (6, 5)):
        yield [float(loss) for loss in rng.integers(1, 9, epochs) / 10], patience


def stop_early(
    losses, patience, better=lambda losses, epoch, best: losses[epoch] < losses[best], late=0
):
    """The textbook's loop, with switches: what counts as better, and how much later it stops."""
    best = 0
    for epoch in range(1, len(losses)):
        if better(losses, epoch, best):
            best = epoch
        elif epoch - best >= patience + late:
            return best, epoch
    return best, None


def better_by(least):
    """The wrong variant in which a loss has to be lower by ``least``."""
    return lambda losses, patience: stop_early(
        losses, patience, lambda losses, epoch, best: losses[best] - losses[epoch] > least
    )


def counting_all(losses, patience):
    """Counts epochs without improvement, and never begins to count anew."""
    best = waited = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            waited += 1
            if waited == patience:
                return best, epoch
    return best, None


def stop_below(losses, patience, start):
    """Counts the epochs since one was better than the best loss, which begins as ``start``."""
    best = waited = 0
    for epoch, loss in enumerate(losses):
        if loss < start:
            best, start, waited = epoch, loss, 0
        else:
            waited += 1
            if waited == patience:
                return best, epoch
    return best, None


early_stopping = exercise(
    number="6.8",
    name="early_stopping",
    title=N_("Stop in time"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=stop_early,
    inputs=curves,
    returns=("best", "stop"),
    whole=True,
    hints=(
        N_(
            "Go through the epochs one by one and remember only the best epoch so far. It starts as 0."
        ),
        N_(
            "In each epoch one of two things: the loss is below the best, or it is time to ask how long ago."
        ),
        N_(
            "`epoch - best` says how many epochs have passed without improvement. Compare with `patience`."
        ),
    ),
    why=N_(
        "While training, only the past is known, so the loop must not look at later losses. What is "
        "remembered is one number, the best epoch: how long the wait has been is its distance from now, "
        "and that starts anew by itself when a better epoch comes."
    ),
    mistakes={
        N_(
            "`best` is the lowest of all epochs, also of those after the stop. They never took place."
        ): (lambda losses, patience: (int(np.argmin(losses)), stop_early(losses, patience)[1])),
        N_(
            "It stops an epoch too late: stop when `patience` epochs have brought no improvement."
        ): (lambda losses, patience: stop_early(losses, patience, late=1)),
        N_("It stops an epoch too early: `patience` epochs must have brought no improvement."): (
            lambda losses, patience: stop_early(losses, patience, late=-1)
        ),
        N_("It stops at the first epoch that is no better. Wait for `patience` of them."): (
            lambda losses, patience: stop_early(losses, 1)
        ),
        N_("It never stops. Stop when `patience` epochs have brought no improvement."): (
            lambda losses, patience: (int(np.argmin(losses)), None)
        ),
        N_("After a better epoch the count of the bad ones must begin anew."): counting_all,
        N_(
            "It is as if the best loss began as 1: losses above that are never better. Begin with the first loss, or "
            "with infinity."
        ): (lambda losses, patience: stop_below(losses, patience, 1)),
        N_(
            "It is as if the best loss began as 10: losses above that are never better. Begin with the first loss, or "
            "with infinity."
        ): (lambda losses, patience: stop_below(losses, patience, 10)),
        N_(
            "It is as if the best loss began as 0: none is ever better. Begin with the first loss."
        ): (lambda losses, patience: stop_below(losses, patience, 0)),
        N_(
            "A loss counts as better only if it is lower by 0.001 or so. Any lower one is better."
        ): (
            better_by(1e-2),
            better_by(1e-3),
            better_by(1e-4),
            better_by(1e-6),
        ),
        N_(
            "`stop` is `best` and the patience, also where training ends before. It is None then."
        ): (
            lambda losses, patience: (
                stop_early(losses, patience)[0],
                stop_early(losses, patience)[0] + patience,
            )
        ),
        N_("`stop` is the first epoch that is not run. Return the last one that is."): (
            lambda losses, patience: tuple(
                epoch if i == 0 or epoch is None else epoch + 1
                for i, epoch in enumerate(stop_early(losses, patience))
            )
        ),
        N_("`best` is the epoch of the stop. Return the one with the lowest loss so far."): (
            lambda losses, patience: (
                stop_early(losses, patience)[1] or len(losses) - 1,
                stop_early(losses, patience)[1],
            )
        ),
        N_("Only `best` is returned. Return `stop` as well: `best, stop`."): (
            lambda losses, patience: stop_early(losses, patience)[0]
        ),
        N_("Each loss is compared with the one before it. Compare with the best so far."): (
            lambda losses, patience: stop_early(
                losses, patience, lambda losses, epoch, best: losses[epoch] < losses[epoch - 1]
            )
        ),
        N_("An equal loss is taken for an improvement. It must be below the best."): (
            lambda losses, patience: stop_early(
                losses, patience, lambda losses, epoch, best: losses[epoch] <= losses[best]
            )
        ),
        N_("The epochs are counted from 1. Here the first one is 0."): (
            lambda losses, patience: tuple(
                epoch if epoch is None else epoch + 1 for epoch in stop_early(losses, patience)
            )
        ),
        N_("`stop` is the last epoch where nothing stopped the training. It is None then."): (
            lambda losses, patience: tuple(
                len(losses) - 1 if epoch is None else epoch
                for epoch in stop_early(losses, patience)
            )
        ),
        N_("`best` is the lowest loss. Return the epoch in which it was reached."): (
            lambda losses, patience: (
                losses[stop_early(losses, patience)[0]],
                stop_early(losses, patience)[1],
            )
        ),
        N_("The two are turned round. Return `best` first, then `stop`."): (
            lambda losses, patience: stop_early(losses, patience)[::-1]
        ),
        N_("It looks for the largest loss. A loss is better when it is lower."): (
            lambda losses, patience: stop_early(
                losses, patience, lambda losses, epoch, best: losses[epoch] > losses[best]
            )
        ),
    },
    rights=(
        lambda losses, patience: next(
            (
                [int(np.argmin(losses[: epoch + 1])), epoch]
                for epoch in range(len(losses))
                if epoch - np.argmin(losses[: epoch + 1]) == patience
            ),
            [int(np.argmin(losses)), None],
        ),
        lambda losses, patience: next(
            (
                (best, best + patience)
                for best in range(len(losses) - patience)
                if min(losses[:best], default=np.inf)
                > losses[best]
                <= min(losses[best : best + patience + 1])
            ),
            (losses.index(min(losses)), None),
        ),
    ),
)


def moved(rng):
    """images, dy, dx: one image down, then every direction, several images, not only square ones."""
    image = np.arange(1, 10).reshape(1, 3, 3)
    yield image, 1, 0
    yield image, 0, 1
    yield image, -1, 0
    yield image, 0, -2
    yield image, 1, 1
    yield image, 0, 0
    yield np.arange(1.0, 7.0).reshape(1, 2, 3), 0, 2
    for n, height, width, dy, dx in (
        (2, 2, 4, 1, -3),
        (3, 4, 2, -2, 1),
        (2, 3, 3, -1, -1),
        (4, 3, 2, 2, 1),
        (25, 2, 2, 1, 0),
    ):
        yield rng.integers(1, 10, (n, height, width)), dy, dx
    yield np.array([[[0.25, -0.5], [1.75, 0.1]], [[-2.3, 0.0], [0.0004, -1500.5]]]), 1, -1
    yield np.array([[[2000.5, 0.3, -7.0]], [[1500.5, -700.25, 9.0]]]), 0, 1
    yield np.array([[[0.0004, -0.0003, 0.0007]]]), 0, 1
    yield np.array([[[250, 130, 1], [90, 255, 200]]], np.uint8), -1, 1
    yield rng.integers(1, 10, (1, 23, 24)), 21, -22
    yield rng.integers(1, 10, (1, 23, 24)), -21, 22


def cut_away(images, dy, dx):
    """The slices that are right for positive shifts alone."""
    y = np.zeros_like(images)
    y[:, dy:, dx:] = images[:, :-dy, :-dx]
    return y


def rolled_and_cut(images, dy, dx):
    """The clearing after a roll that is right for shifts of 0 or more alone."""
    y = np.roll(images, (dy, dx), axis=(1, 2))
    y[:, :dy] = 0
    y[:, :, :dx] = 0
    return y


def entry_by_entry(images, dy, dx, lowest=0):
    height, width = images.shape[1:]
    y = np.zeros(images.shape)
    for i in range(height):
        for j in range(width):
            if lowest <= i - dy < height and lowest <= j - dx < width:
                y[:, i, j] = images[:, i - dy, j - dx]
    return y


def rolled_and_cleared(images, dy, dx):
    y = np.roll(images, (dy, dx), axis=(1, 2))
    height, width = images.shape[1:]
    rows, columns = np.arange(height) - dy, np.arange(width) - dx
    y[:, (rows < 0) | (rows >= height)] = 0
    y[:, :, (columns < 0) | (columns >= width)] = 0
    return y


def padded(images, dy, dx, **how):
    """The frame moves over a larger sheet, which np.pad fills as ``how`` says."""
    height, width = images.shape[1:]
    margin = max(abs(dy), abs(dx))
    sheet = np.pad(images, [(0, 0), (margin, margin), (margin, margin)], **how)
    return sheet[:, margin - dy : margin - dy + height, margin - dx : margin - dx + width]


shift_images = exercise(
    number="6.9",
    name="shift_images",
    title=N_("Shifting images"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=generalization.shift_images,
    inputs=moved,
    extremes=(
        (np.arange(1, 5).reshape(1, 2, 2), 2, 0),
        (np.arange(1, 7).reshape(1, 2, 3), 0, -5),
        (np.arange(1, 13).reshape(2, 2, 3), 4, 1),
    ),
    hints=(
        N_("Lay the images on a larger sheet of zeros: `np.pad`. How wide must its margin be?"),
        N_(
            "Then cut a frame of the old size out of the sheet. Without a shift it starts at `margin`."
        ),
        N_("If the frame moves up, the image in it moves down: it starts at `margin - dy`."),
    ),
    why=N_(
        "With zeros around the images, every shift is a frame cut out of one larger sheet, and no direction "
        "is a special case. The slices are the same for all images, so no loop is needed. The margin is "
        "as wide as the larger of the two shifts, so the frame never leaves the sheet."
    ),
    mistakes={
        N_("What leaves at one side comes in at the other. It is lost, and zeros come in."): (
            lambda images, dy, dx: np.roll(images, (dy, dx), axis=(1, 2))
        ),
        N_(
            "The direction is turned round: a positive `dy` moves down, a positive `dx` to the right."
        ): (lambda images, dy, dx: generalization.shift_images(images, -dy, -dx)),
        N_("Rows and columns have changed places: `dy` moves along axis 1, `dx` along axis 2."): (
            lambda images, dy, dx: generalization.shift_images(images, dx, dy)
        ),
        N_("The margin is filled with the pixels at the edge. Fill it with zeros."): (
            lambda images, dy, dx: padded(images, dy, dx, mode="edge")
        ),
        N_("Only the rows are moved. `dx` moves the columns."): (
            lambda images, dy, dx: generalization.shift_images(images, dy, 0)
        ),
        N_("Only the columns are moved. `dy` moves the rows."): (
            lambda images, dy, dx: generalization.shift_images(images, 0, dx)
        ),
        N_("Rows move the wrong way: a positive `dy` moves down."): (
            lambda images, dy, dx: generalization.shift_images(images, -dy, dx)
        ),
        N_("Columns move the wrong way: a positive `dx` moves to the right."): (
            lambda images, dy, dx: generalization.shift_images(images, dy, -dx)
        ),
        N_("Every shift is by one pixel at most. `dy` and `dx` say by how many."): (
            lambda images, dy, dx: generalization.shift_images(
                images, int(np.sign(dy)), int(np.sign(dx))
            )
        ),
        N_("The images come back as they were. Return the moved ones."): (
            lambda images, dy, dx: images
        ),
        N_("Only the first image is moved, and the others are 0. Move all of them."): (
            lambda images, dy, dx: np.concatenate(
                [generalization.shift_images(images[:1], dy, dx), 0 * images[1:]]
            )
        ),
        N_("Only the first image is returned. Return all of them, moved."): (
            lambda images, dy, dx: generalization.shift_images(images[:1], dy, dx)[0]
        ),
        N_("What stands behind the point is cut off, as in an array of whole numbers."): (
            lambda images, dy, dx: generalization.shift_images(images.astype(int), dy, dx)
        ),
        N_("It is rolled along the axes 0 and 1. The axis 0 counts the images: take 1 and 2."): (
            lambda images, dy, dx: np.roll(images, (dy, dx), axis=(0, 1))
        ),
        N_(
            "After `np.roll`, `y[:, :dy] = 0` and `y[:, :, :dx] = 0` clear what came in only where a shift is not "
            "negative."
        ): (rolled_and_cut),
        N_(
            "`:-dy` is empty where `dy` is 0, and for negative shifts the slices are the other way round."
        ): (cut_away),
        N_("Axis 0 counts the images. Move along axes 1 and 2."): (
            lambda images, dy, dx: entry_by_entry(images.transpose(2, 0, 1), dy, dx).transpose(
                1, 2, 0
            )
        ),
        N_("Only shifts down and to the right are made. `dy` and `dx` may be negative, too."): (
            lambda images, dy, dx: generalization.shift_images(images, max(dy, 0), max(dx, 0))
        ),
        N_("The images have grown. Cut a frame of the old size out of the sheet."): (
            lambda images, dy, dx: np.pad(images, [(0, 0), (abs(dy), abs(dy)), (abs(dx), abs(dx))])
        ),
        N_("Beyond the edge a negative index counts from the end. Leave those pixels 0."): (
            lambda images, dy, dx: entry_by_entry(images, dy, dx, lowest=-np.inf)
        ),
    },
    rights=(entry_by_entry, rolled_and_cleared, padded),
)


def collections(rng):
    """images, labels, distance: one image of two pixels; no shift; several, and two pixels far."""
    yield np.array([[[1, 2]]]), np.array([5]), 1
    yield np.array([[[1, 2], [3, 4]]]), np.array([5]), 0
    yield np.array([[[1, 2]], [[3, 4]]]), np.array([7, 0]), 1
    yield np.arange(1.0, 13.0).reshape(2, 3, 2), np.array([3, 8]), 1
    for n, height, width, distance in ((3, 2, 2, 1), (2, 3, 4, 2), (25, 2, 1, 1)):
        yield rng.integers(1, 10, (n, height, width)), rng.integers(0, 10, n), distance
    yield (
        np.array([[[0.25, -0.5], [1.75, 0.1]], [[-2.3, 0.0], [0.0004, -1500.5]]]),
        np.array([4, 4]),
        1,
    )
    yield np.array([[[0.0004, -0.0003]]]), np.array([1]), 1
    yield np.array([[[250, 130], [90, 255]]], np.uint8), np.array([4099]), 1
    yield np.array([[[2000, -3]]]), np.array([9], np.uint8), 1


def all_moves(distance, end=1):
    steps = range(-distance, distance + end)
    return [(dy, dx) for dy in steps for dx in steps]


def copies(images, labels, moves):
    """The images and labels, once for each of ``moves``."""
    some = [generalization.shift_images(images, dy, dx) for dy, dx in moves]
    return np.concatenate(some), np.tile(labels, len(some))


with_shifts = exercise(
    number="6.10",
    name="with_shifts",
    title=N_("More data from the same data"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda images, labels, distance: copies(images, labels, all_moves(distance)),
    inputs=collections,
    returns=("images", "labels"),
    hints=(
        N_("Which numbers may `dy` be? `range` leaves its end out. Let `dx` run for each `dy`."),
        N_(
            "Collect what `shift_images` gives in a list and put it together with `np.concatenate`."
        ),
        N_(
            "The first n of the new images have the labels in their order, so have the next n: `np.tile`."
        ),
    ),
    why=N_(
        "A digit that is moved by a pixel is still the same digit, so each copy brings its label along. The "
        "copies lie one set behind the other, and so must the labels: a label at the wrong image teaches "
        "the network nonsense. Split into training and validation first; copies of one image on both "
        "sides are a leak."
    ),
    mistakes={
        N_("The farthest shift down or right is missing: `range` leaves its end out."): (
            lambda images, labels, distance: copies(images, labels, all_moves(distance, end=0))
        ),
        N_("`np.repeat` puts equal labels side by side. The images come set by set: `np.tile`."): (
            lambda images, labels, distance: (
                copies(images, labels, all_moves(distance))[0],
                np.repeat(labels, len(all_moves(distance))),
            )
        ),
        N_("There are more images now, and still the old labels. Every copy needs its label."): (
            lambda images, labels, distance: (
                copies(images, labels, all_moves(distance))[0],
                labels,
            )
        ),
        N_(
            "The copies of one image lie together here. All images come with one shift, then with the next."
        ): (
            lambda images, labels, distance: (
                copies(images, labels, all_moves(distance))[0]
                .reshape(-1, *images.shape)
                .swapaxes(0, 1)
                .reshape(-1, *images.shape[1:]),
                np.repeat(labels, len(all_moves(distance))),
            )
        ),
        N_(
            "Only the shifts by 0 and by the whole distance are made. Those between belong to them."
        ): (
            lambda images, labels, distance: copies(
                images,
                labels,
                [(dy, dx) for dy in (-distance, 0, distance) for dx in (-distance, 0, distance)],
            )
        ),
        N_("The shifts go from -1 to 1 always. Let them go from `-distance` to `distance`."): (
            lambda images, labels, distance: copies(images, labels, all_moves(1))
        ),
        N_("Only one shift is made, by `distance` in both directions. Make all of them."): (
            lambda images, labels, distance: copies(images, labels, [(distance, distance)])
        ),
        N_("The images move up and down only. Each `dy` goes with each `dx`."): (
            lambda images, labels, distance: copies(
                images, labels, [(dy, dx) for dy, dx in all_moves(distance) if dx == 0]
            )
        ),
        N_("The images move left and right only. Each `dx` goes with each `dy`."): (
            lambda images, labels, distance: copies(
                images, labels, [(dy, dx) for dy, dx in all_moves(distance) if dy == 0]
            )
        ),
        N_(
            "The two move together: the same number down and to the right. Each `dy` goes with each `dx`."
        ): (
            lambda images, labels, distance: copies(
                images, labels, [(dy, dx) for dy, dx in all_moves(distance) if dx == dy]
            )
        ),
        N_("The shifts come from the largest to the smallest. Begin with `-distance`."): (
            lambda images, labels, distance: copies(images, labels, all_moves(distance)[::-1])
        ),
        N_("The images as they are come first. They have their place between the shifts."): (
            lambda images, labels, distance: copies(
                images, labels, sorted(all_moves(distance), key=any)
            )
        ),
        N_("The diagonal shifts are missing: each `dy` goes with each `dx`."): (
            lambda images, labels, distance: copies(
                images, labels, [(dy, dx) for dy, dx in all_moves(distance) if 0 in (dy, dx)]
            )
        ),
        N_("The shifts come in another order: all `dx` for the first `dy`, then for the next."): (
            lambda images, labels, distance: copies(
                images, labels, [(dy, dx) for dx, dy in all_moves(distance)]
            )
        ),
        N_("The images as they are must be among the new ones: the shift by 0 and 0."): (
            lambda images, labels, distance: copies(
                images, labels, [move for move in all_moves(distance) if any(move)]
            )
        ),
        N_("Negative shifts are missing: up and to the left."): (
            lambda images, labels, distance: copies(
                images, labels, [move for move in all_moves(distance) if min(move) >= 0]
            )
        ),
        N_("Only the images are returned. Return their labels as well."): (
            lambda images, labels, distance: copies(images, labels, all_moves(distance))[0]
        ),
        N_("The two are right, in another order. Return the images, then the labels."): (
            lambda images, labels, distance: copies(images, labels, all_moves(distance))[::-1]
        ),
        N_(
            "The sets have an axis of their own (`np.stack`). Join them to one: `np.concatenate`."
        ): (
            lambda images, labels, distance: (
                np.stack(
                    [generalization.shift_images(images, *move) for move in all_moves(distance)]
                ),
                copies(images, labels, all_moves(distance))[1],
            )
        ),
        N_("What leaves an image comes in at the other side. Use `shift_images`, not `np.roll`."): (
            lambda images, labels, distance: (
                np.concatenate(
                    [np.roll(images, move, axis=(1, 2)) for move in all_moves(distance)]
                ),
                copies(images, labels, all_moves(distance))[1],
            )
        ),
    },
    rights=(
        lambda images, labels, distance: [
            np.vstack([entry_by_entry(images, *move) for move in all_moves(distance)]),
            list(labels) * (2 * distance + 1) ** 2,
        ],
        lambda images, labels, distance: (
            [image for move in all_moves(distance) for image in rolled_and_cleared(images, *move)],
            [label for move in all_moves(distance) for label in labels],
        ),
    ),
)
