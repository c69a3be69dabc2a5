"""The exercises of chapter 7: optimizers."""

import math

import numpy as np

from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def tiny_and_large(rng, arrays):
    """A size, and arrays of 25 numbers of about that size."""
    for size in (1e-4, 1e4):
        yield size, rng.normal(size=(arrays, 25)) * size


def slopes(rng):
    """w, g, learning_rate: sizes far apart, a slope of 0, whole numbers, and other shapes."""
    yield np.array([1.0, 1.0, 1.0]), np.array([0.5, -0.0005, 0.0]), 0.1
    yield np.array([2, -3]), np.array([40, -1]), 0.25
    yield np.array([0.0, 5.0]), np.array([-2.0, -2.0]), 1.0
    yield np.array(3.0), np.array(-0.1), 0.01
    for shape in ((4,), (2, 3)):
        yield rng.normal(size=shape).round(2), rng.normal(size=shape).round(2) * 10, 0.03
    for size, (w, g) in tiny_and_large(rng, 2):
        yield w, g, size


def signs_in_place(w, g, learning_rate):
    w -= learning_rate * np.sign(g)
    return w


sign_step = exercise(
    number="7.1",
    name="sign_step",
    title=N_("A step by the sign"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda w, g, learning_rate: w - learning_rate * np.sign(g),
    inputs=slopes,
    hints=(
        N_("Each slope is to count 1, -1, or 0 where it is 0. NumPy has a function for that."),
        N_("`np.sign(g)`; a slope divided by its own size would be 0/0 where it is 0."),
    ),
    why=N_(
        "The sign keeps the direction and forgets the size, so a slope of 0.0005 moves its weight as far as one "
        "of 0.5. Adam's first step is this one. What is missing is a rest: near the lowest point the step is as long as anywhere."
    ),
    mistakes={
        N_("The whole gradient is divided by its length. Each slope counts by itself."): (
            lambda w, g, learning_rate: w - learning_rate * g / max(np.linalg.norm(g), 1e-12)
        ),
        N_("A slope of 0 is divided by its size, which is 0/0. There w should stay."): (
            lambda w, g, learning_rate: w - learning_rate * g / np.abs(g)
        ),
        N_("This climbs: the step goes against the slope."): (
            lambda w, g, learning_rate: w + learning_rate * np.sign(g)
        ),
        N_("This is the plain step, as long as the slope is steep."): (
            lambda w, g, learning_rate: w - learning_rate * g
        ),
        N_("Where the slope is 0, w moves as well. There it should stay."): (
            lambda w, g, learning_rate: w - learning_rate * np.where(g >= 0, 1, -1)
        ),
        N_(
            "Where the slope is 0, w moves as well, as if it were negative. There it should stay."
        ): (lambda w, g, learning_rate: w - learning_rate * np.where(g > 0, 1, -1)),
        N_("The sign of w is taken, not that of its slope."): (
            lambda w, g, learning_rate: w - learning_rate * np.sign(w)
        ),
        N_("The learning rate is not there: every step is 1 long."): (
            lambda w, g, learning_rate: w - np.sign(g)
        ),
        N_("This is the step alone. Take it off w."): (
            lambda w, g, learning_rate: learning_rate * np.sign(g)
        ),
    },
    rights=(
        lambda w, g, learning_rate: w - learning_rate * (1.0 * (g > 0) - 1.0 * (g < 0)),
        lambda w, g, learning_rate: np.where(
            g > 0, w - learning_rate, np.where(g < 0, w + learning_rate, w)
        ),
        lambda w, g, learning_rate: w - np.copysign(learning_rate, g) * (np.asarray(g) != 0),
        lambda w, g, learning_rate: w + learning_rate * np.sign(-g),
    ),
)


def networks(rng):
    """weights, gradients, squares, learning_rate, epsilon: one array first, then several shapes."""
    yield [np.array([1.0])], [np.array([3.0])], [np.array([16.0])], 0.5, 0.0
    yield [np.array([1.0, 2.0])], [np.array([1.0, -2.0])], [np.zeros(2)], 1.0, 1e-7
    yield [np.array([1.0, 5.0])], [np.array([0.0, 0.5])], [np.array([0.0, 0.0])], 0.1, 0.5
    yield (
        [np.array([[1, 2], [3, 4]]), np.array([5])],
        [np.array([[1, 0], [2, 1]]), np.array([3])],
        [np.array([[3, 1], [0, 8]]), np.array([7])],
        0.5,
        0.25,
    )
    for shapes in (((2,), (3, 2)), ((2, 2), (2,), (2, 1))):
        weights, gradients, roots = ([rng.normal(size=s).round(2) for s in shapes] for _ in "wgv")
        yield weights, gradients, [root**2 for root in roots], 0.3, 0.1
    for size, (w, g, root) in tiny_and_large(rng, 3):
        yield [w], [g], [root**2], size, size / 10


def adagrad(weights, gradients, squares, learning_rate, epsilon, add=None, bottom=None, old=False):
    """Duchi, Hazan & Singer (2011); the known mistakes change one thing each."""
    add = add or (lambda v, g: v + g**2)
    bottom = bottom or (lambda v, e: np.sqrt(v) + e)
    new = [add(v, g) for v, g in zip(squares, gradients)]
    used = squares if old else new
    steps = [learning_rate * g / bottom(v, epsilon) for g, v in zip(gradients, used)]
    return [w - step for w, step in zip(weights, steps)], new


def adagrad_in_place(weights, gradients, squares, learning_rate, epsilon):
    for w, g, v in zip(weights, gradients, squares):
        v += g**2
        w -= (learning_rate * g / (np.sqrt(v) + epsilon)).astype(w.dtype)
    return weights, squares


def adagrad_by_loop(weights, gradients, squares, learning_rate, epsilon):
    new_weights, new_squares = [], []
    for i in range(len(weights)):
        v = np.add(squares[i], np.multiply(gradients[i], gradients[i]))
        new_weights.append(weights[i] - learning_rate / (v**0.5 + epsilon) * gradients[i])
        new_squares.append(v)
    return new_weights, new_squares


adagrad_step = exercise(
    number="7.2",
    name="adagrad_step",
    title=N_("Adagrad for a whole network"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=lambda weights, gradients, squares, learning_rate, epsilon: adagrad(
        weights, gradients, squares, learning_rate, epsilon
    ),
    inputs=networks,
    returns=("weights", "squares"),
    hints=(
        N_("First the new memory: for each array, the old squares plus the square of the slopes."),
        N_(
            "The step divides by the root of the *new* squares, and epsilon is added after the root."
        ),
        N_("`zip(weights, gradients, squares)` goes through the three lists together."),
    ),
    why=N_(
        "Each weight has a memory of its own, as long as the training. The steps of a steady slope shrink like "
        "1 / sqrt(t), and a weight whose slope is rarely other than 0 keeps its long steps."
    ),
    mistakes={
        N_("The squares are replaced, not added up: as if there were no memory."): (
            lambda w, g, v, learning_rate, epsilon: adagrad(
                w, g, v, learning_rate, epsilon, add=lambda v, g: g**2 * 1.0
            )
        ),
        N_("The root is missing: the step is divided by the squares themselves."): (
            lambda w, g, v, learning_rate, epsilon: adagrad(
                w, g, v, learning_rate, epsilon, bottom=lambda v, e: v + e
            )
        ),
        N_("The step divides by the old squares. Add this step's first."): (
            lambda w, g, v, learning_rate, epsilon: adagrad(
                w, g, v, learning_rate, epsilon, old=True
            )
        ),
        N_("epsilon is under the root. It is added after it."): (
            lambda w, g, v, learning_rate, epsilon: adagrad(
                w, g, v, learning_rate, epsilon, bottom=lambda v, e: np.sqrt(v + e)
            )
        ),
        N_("The sizes of the slopes are added up, not their squares."): (
            lambda w, g, v, learning_rate, epsilon: adagrad(
                w, g, v, learning_rate, epsilon, add=lambda v, g: v + np.abs(g)
            )
        ),
        N_("The slopes themselves are added up. Square them first."): (
            lambda w, g, v, learning_rate, epsilon: adagrad(
                w, g, v, learning_rate, epsilon, add=lambda v, g: v + g
            )
        ),
        N_("This climbs: subtract the step."): (
            lambda w, g, v, learning_rate, epsilon: (
                [2 * a - b for a, b in zip(w, adagrad(w, g, v, learning_rate, epsilon)[0])],
                adagrad(w, g, v, learning_rate, epsilon)[1],
            )
        ),
        N_("epsilon is missing: where nothing was ever seen, 0 is divided by 0."): (
            lambda w, g, v, learning_rate, epsilon: adagrad(w, g, v, learning_rate, 0)
        ),
        N_("The old squares are returned. What was added belongs to the next step, too."): (
            lambda w, g, v, learning_rate, epsilon: (adagrad(w, g, v, learning_rate, epsilon)[0], v)
        ),
        N_("The roots of the squares are returned. Return what was added up."): (
            lambda w, g, v, learning_rate, epsilon: (
                adagrad(w, g, v, learning_rate, epsilon)[0],
                [np.sqrt(s) for s in adagrad(w, g, v, learning_rate, epsilon)[1]],
            )
        ),
        N_("The squares are averaged, as in RMSprop. Adagrad adds them up."): (
            lambda w, g, v, learning_rate, epsilon: adagrad(
                w, g, v, learning_rate, epsilon, add=lambda v, g: 0.9 * v + 0.1 * g**2
            )
        ),
    },
    rights=(
        adagrad_by_loop,
        lambda w, g, v, learning_rate, epsilon: (
            [
                a - learning_rate * b / (np.hypot(np.sqrt(c), b) + epsilon)
                for a, b, c in zip(w, g, v)
            ],
            [c + np.square(b) for b, c in zip(g, v)],
        ),
        lambda w, g, v, learning_rate, epsilon: tuple(
            map(
                list,
                zip(
                    *(
                        (a - learning_rate * b / ((c + b * b) ** 0.5 + epsilon), c + b * b)
                        for a, b, c in zip(w, g, v)
                    )
                ),
            )
        ),
        lambda w, g, v, learning_rate, epsilon: tuple(
            [part.tolist() for part in parts] for parts in adagrad(w, g, v, learning_rate, epsilon)
        ),
    ),
)


def wavering(rng):
    """w, g, mean, squares, learning_rate, rho, epsilon; the means are those of slopes before."""
    zero = np.zeros(1)
    yield np.array([1.0]), np.array([2.0]), zero, zero, 0.1, 0.5, 0.0
    yield np.array([1.0, -1.0]), np.array([0.0, 3.0]), np.zeros(2), np.zeros(2), 0.1, 0.9, 0.5
    yield np.array([2, 5]), np.array([1, -2]), np.array([1, 0]), np.array([4, 2]), 0.5, 0.75, 0.25
    for shape in ((3,), (2, 2), (2, 3)):
        before = rng.normal(0.5, 2, size=(4, *shape)).round(2)
        w, g = rng.normal(size=(2, *shape)).round(2)
        yield w, g, before.mean(axis=0), (before**2).mean(axis=0), 0.05, 0.8, 0.1
    for size, (w, g, *before) in tiny_and_large(rng, 6):
        yield (
            w,
            g,
            np.mean(before, axis=0),
            np.mean(np.square(before), axis=0),
            size,
            0.8,
            size / 10,
        )


def centered(
    w, g, mean, squares, learning_rate, rho, epsilon, *, keep=None, top=None, bottom=None, old=False
):
    """Graves (2013), section 4.2, without its own momentum; the known mistakes change one thing each."""
    new = 1 - rho if keep is None else keep
    m, v = rho * mean + new * g, rho * squares + new * g**2
    bottom = bottom or (lambda m, v, e: np.sqrt(v - m**2) + e)
    top = g if top is None else top
    return w - learning_rate * top / bottom(*((mean, squares) if old else (m, v)), epsilon), m, v


centered_rmsprop_step = exercise(
    number="7.3",
    name="centered_rmsprop_step",
    title=N_("RMSprop, centered"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=lambda w, g, mean, squares, learning_rate, rho, epsilon: centered(
        w, g, mean, squares, learning_rate, rho, epsilon
    ),
    inputs=wavering,
    returns=("w", "mean", "squares"),
    hints=(
        N_("Bring both running means up to date first, each with rho and 1 - rho."),
        N_("Under the root stands the new mean of the squares minus the square of the new mean."),
        N_("Above the line stands the slope itself, g. epsilon is added after the root."),
    ),
    why=N_(
        "The mean of the squares minus the square of the mean is the variance: how much the slopes waver. Where they "
        "are steady it is small, and the step long. Keras has it as `RMSprop(centered=True)`."
    ),
    mistakes={
        N_("rho and 1 - rho have changed places: rho belongs to the old mean."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w, g, m, s, learning_rate, 1 - rho, epsilon
            )
        ),
        N_("The new slope counts whole: 1 - rho is missing in front of it."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w,
                g,
                m,
                s,
                learning_rate,
                rho,
                epsilon,
                keep=1,
                bottom=lambda m, v, e: np.sqrt(np.abs(v - m**2)) + e,
            )
        ),
        N_("The square of the mean is not taken off: this is plain RMSprop."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w, g, m, s, learning_rate, rho, epsilon, bottom=lambda m, v, e: np.sqrt(v) + e
            )
        ),
        N_("The mean is taken off without being squared."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w, g, m, s, learning_rate, rho, epsilon, bottom=lambda m, v, e: np.sqrt(v - m) + e
            )
        ),
        N_("The root is missing: the step is divided by the variance itself."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w, g, m, s, learning_rate, rho, epsilon, bottom=lambda m, v, e: v - m**2 + e
            )
        ),
        N_("epsilon is under the root. It is added after it."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w,
                g,
                m,
                s,
                learning_rate,
                rho,
                epsilon,
                bottom=lambda m, v, e: np.sqrt(v - m**2 + e),
            )
        ),
        N_("The step divides by the old means. Bring them up to date first."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w, g, m, s, learning_rate, rho, epsilon, old=True
            )
        ),
        N_("The running mean stands above the line, as in Adam. Here it is the slope itself."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w, g, m, s, learning_rate, rho, epsilon, top=rho * m + (1 - rho) * g
            )
        ),
        N_("This climbs: subtract the step."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: centered(
                w, g, m, s, -learning_rate, rho, epsilon
            )
        ),
        N_("The memory comes back as it was. Return the new mean and the new squares."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: (
                centered(w, g, m, s, learning_rate, rho, epsilon)[0],
                m,
                s,
            )
        ),
        N_("The order is another one: w, then the mean, then the squares."): (
            lambda w, g, m, s, learning_rate, rho, epsilon: tuple(
                np.array(centered(w, g, m, s, learning_rate, rho, epsilon))[[0, 2, 1]]
            )
        ),
    },
    rights=(
        lambda w, g, m, s, learning_rate, rho, epsilon: (
            w
            - learning_rate
            * g
            / (np.sqrt(s + (1 - rho) * (g**2 - s) - (m + (1 - rho) * (g - m)) ** 2) + epsilon),
            m + (1 - rho) * (g - m),
            s + (1 - rho) * (g**2 - s),
        ),
        lambda w, g, m, s, learning_rate, rho, epsilon: [
            part.tolist() for part in centered(w, g, m, s, learning_rate, rho, epsilon)
        ],
        lambda w, g, m, s, learning_rate, rho, epsilon: centered(
            w, g, m, s, learning_rate, rho, epsilon, bottom=lambda m, v, e: (v - m * m) ** 0.5 + e
        ),
        lambda w, g, m, s, learning_rate, rho, epsilon: centered(
            np.asarray(w, float), 1.0 * g, m, s, learning_rate, rho, epsilon
        ),
    ),
)


def means(rng):
    """mean, beta, t: the first step, a late one, beta 0, and other shapes."""
    yield np.array([0.5]), 0.9, 1
    yield np.array([0.19, -1.9]), 0.9, 2
    yield np.array([1.0, 0.0]), 0.999, 1000
    yield np.array([3, -4]), 0.5, 3
    yield np.array([7.0]), 0.0, 5
    yield np.array(2.0), 0.75, 4
    for shape, t in (((3,), 7), ((2, 2), 10)):
        yield rng.normal(size=shape).round(2), 0.8, t
    for _size, (mean,) in tiny_and_large(rng, 1):
        yield mean, 0.8, 3


bias_corrected = exercise(
    number="7.4",
    name="bias_corrected",
    title=N_("The hat"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda mean, beta, t: mean / (1 - beta**t),
    inputs=means,
    hints=(
        N_(
            "Slopes of 1, beta 0.9: the mean after one step is 0.1, after two 0.19. By what do you divide to get 1?"
        ),
        N_("After t steps it lacks the factor 1 - beta to the power of t."),
    ),
    why=N_(
        "With a steady slope g the mean after t steps is (1 - beta**t) g, a sum of a geometric series. Dividing by that "
        "factor gives g in every step. Later beta**t is nearly 0, and the hat has no effect any more."
    ),
    mistakes={
        N_("beta is multiplied by t. It is raised to the power of t."): (
            lambda mean, beta, t: mean / (1 - beta * t) if beta * t != 1 else mean * np.inf
        ),
        N_("t is not used: 1 - beta is right for the first step alone."): (
            lambda mean, beta, t: mean / (1 - beta)
        ),
        N_("The power is t - 1, as if the steps were counted from 0."): (
            lambda mean, beta, t: np.divide(mean, 1 - beta ** (t - 1))
        ),
        N_("The power is t + 1: one step too many."): (
            lambda mean, beta, t: mean / (1 - beta ** (t + 1))
        ),
        N_("It is multiplied by the factor. Divide by it."): (
            lambda mean, beta, t: mean * (1 - beta**t)
        ),
        N_("It is divided by beta to the power of t. What is missing is 1 minus that."): (
            lambda mean, beta, t: np.divide(mean, beta**t)
        ),
        N_("1 - beta is raised to the power of t. The power belongs to beta alone."): (
            lambda mean, beta, t: mean / (1 - beta) ** t
        ),
        N_("It is divided by t, as if the mean were a sum."): lambda mean, beta, t: mean / t,
        N_("The factor is added up with the mean. Divide by it."): (
            lambda mean, beta, t: mean + (1 - beta**t)
        ),
    },
    rights=(
        lambda mean, beta, t: np.divide(mean, 1 - np.power(float(beta), t)),
        lambda mean, beta, t: mean / sum((1 - beta) * beta**k for k in range(t)),
        lambda mean, beta, t: mean * (1 / (1 - math.prod([beta] * t))),
        lambda mean, beta, t: (mean / (1 - beta**t)).tolist(),
    ),
)


def first_and_later(rng):
    """g, m, v, t, learning_rate, beta_1, beta_2, epsilon."""
    zero = np.zeros(1)
    yield np.array([0.5]), zero, zero, 1, 0.001, 0.9, 0.999, 0.0
    yield np.array([1.0, 0.0]), np.zeros(2), np.zeros(2), 1, 0.1, 0.9, 0.99, 0.25
    yield np.array([2, -1]), np.array([1, 0]), np.array([5, 8]), 2, 0.5, 0.5, 0.75, 0.125
    for shape, t in (((3,), 3), ((2, 2), 10), ((2, 3), 2)):
        g, m = rng.normal(size=(2, *shape)).round(2)
        yield g, m, rng.random(shape).round(2) + 0.1, t, 0.05, 0.8, 0.95, 0.1
    for size, (g, m, root) in tiny_and_large(rng, 3):
        yield g, m, root**2, 40, size, 0.9, 0.99, size / 10


def adam(
    g,
    m,
    v,
    t,
    learning_rate,
    beta_1,
    beta_2,
    epsilon,
    *,
    hats=(True, True),
    shift=0,
    root=np.sqrt,
    inside=False,
    last=None,
):
    """Kingma & Ba (2015), algorithm 1; the known mistakes change one thing each."""
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    t = t + shift
    m_hat = m / (1 - beta_1**t) if hats[0] else m
    v_hat = v / (1 - (beta_2**t if last is None else last(beta_2))) if hats[1] else v
    bottom = root(v_hat + epsilon) if inside else root(v_hat) + epsilon
    return -learning_rate * m_hat / bottom, m, v


def _adam(**change):
    return lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: adam(
        g, m, v, t, learning_rate, beta_1, beta_2, epsilon, **change
    )


adam_change = exercise(
    number="7.5",
    name="adam_change",
    title=N_("What Adam changes"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: adam(
        g, m, v, t, learning_rate, beta_1, beta_2, epsilon
    ),
    inputs=first_and_later,
    returns=("change", "m", "v"),
    hints=(
        N_(
            "Bring m and v up to date first: each keeps its beta of the old, and takes 1 - beta of the new."
        ),
        N_("Put the hats on two names of their own. m and v go on to the next step without them."),
        N_("The change has a minus: it is added to the weights, and has to lead downhill."),
    ),
    why=N_(
        "m says where the slopes point on average, v how large they are, and the hats make up for a start from 0. "
        "That the change does not depend on the weights is what lets AdamW shrink them beside it."
    ),
    mistakes={
        N_("beta_1 and beta_2 have changed places."): (
            lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: adam(
                g, m, v, t, learning_rate, beta_2, beta_1, epsilon
            )
        ),
        N_("Neither mean wears its hat: divide m by 1 - beta_1**t, and v by 1 - beta_2**t."): _adam(
            hats=(False, False)
        ),
        N_("Only m wears its hat. v needs one, too."): _adam(hats=(True, False)),
        N_("Only v wears its hat. m needs one, too."): _adam(hats=(False, True)),
        N_(
            "The correction of v has beta_2 squared. The power is t, the number of the step."
        ): _adam(last=lambda beta: beta**2),
        N_("The root is missing: the step is divided by the squares themselves."): _adam(
            root=lambda x: x
        ),
        N_("epsilon is under the root. It is added after it."): _adam(inside=True),
        N_("epsilon is missing: where nothing was ever seen, 0 is divided by 0."): (
            lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: adam(
                g, m, v, t, learning_rate, beta_1, beta_2, 0
            )
        ),
        N_("The hats use t + 1. t is the number of this step, counted from 1."): _adam(shift=1),
        N_("This climbs: the change that is added to the weights has a minus."): (
            lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: adam(
                g, m, v, t, -learning_rate, beta_1, beta_2, epsilon
            )
        ),
        N_("The means come back with their hats on. Return m and v without them."): (
            lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: (
                adam(g, m, v, t, learning_rate, beta_1, beta_2, epsilon)[0],
                adam(g, m, v, t, learning_rate, beta_1, beta_2, epsilon)[1] / (1 - beta_1**t),
                adam(g, m, v, t, learning_rate, beta_1, beta_2, epsilon)[2] / (1 - beta_2**t),
            )
        ),
        N_("The memory comes back as it was. Return the new m and the new v."): (
            lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: (
                adam(g, m, v, t, learning_rate, beta_1, beta_2, epsilon)[0],
                m,
                v,
            )
        ),
        N_("The learning rate is missing."): (
            lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: adam(
                g, m, v, t, 1, beta_1, beta_2, epsilon
            )
        ),
    },
    rights=(
        lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: [
            -learning_rate
            * (m + (1 - beta_1) * (g - m))
            / (1 - beta_1**t)
            / (((v + (1 - beta_2) * (g**2 - v)) / (1 - beta_2**t)) ** 0.5 + epsilon),
            m + (1 - beta_1) * (g - m),
            v + (1 - beta_2) * (g**2 - v),
        ],
        lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: tuple(
            part.tolist() for part in adam(g, m, v, t, learning_rate, beta_1, beta_2, epsilon)
        ),
        _adam(root=lambda x: np.power(x, 0.5)),
        lambda g, m, v, t, learning_rate, beta_1, beta_2, epsilon: adam(
            1.0 * g, 1.0 * m, 1.0 * v, t, learning_rate, beta_1, beta_2, epsilon
        ),
    ),
)


def decaying(rng):
    """w, change, learning_rate, weight_decay, mask: nothing but decay first, then both."""
    yield np.array([1.0, 1.0]), np.zeros(2), 0.01, 0.1, np.array([True, False])
    yield np.array([2.0, -4.0]), np.array([0.5, 0.5]), 0.1, 0.5, np.array([True, True])
    yield np.array([3.0, -1.0]), np.array([-1.0, 2.0]), 0.5, 0.25, np.array([False, False])
    yield np.array([4, 7]), np.array([1, -1]), 0.5, 0.5, np.array([False, True])
    for shape in ((3,), (2, 3)):
        w, change = rng.normal(size=(2, *shape)).round(2)
        yield w, change, 0.3, 0.2, rng.random(shape) < 0.5
    for _size, (w, change) in tiny_and_large(rng, 2):
        yield w, change, 0.3, 0.2, rng.random(25) < 0.5


decayed_step = exercise(
    number="7.6",
    name="decayed_step",
    title=N_("Decay beside the step"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda w, change, learning_rate, weight_decay, mask: (
        w + change - learning_rate * weight_decay * w * mask
    ),
    inputs=decaying,
    hints=(
        N_("Two things happen to w: the change is added, and a share of the old w is taken off."),
        N_(
            "The share is learning_rate times weight_decay, and it is 0 where the mask is False: multiply by the mask."
        ),
    ),
    why=N_(
        "Every weight that decays loses the same share of itself, whatever its slopes are. Had the penalty gone "
        "through Adam, it would have been divided by its own size."
    ),
    mistakes={
        N_("The decay is not multiplied by the learning rate."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + change - weight_decay * w * mask
            )
        ),
        N_("The mask is not used: everything decays, the biases too."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + change - learning_rate * weight_decay * w
            )
        ),
        N_("The mask is turned round: what is True is to decay."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + change - learning_rate * weight_decay * w * ~mask
            )
        ),
        N_("The weights decay after the change. The share is taken of the old ones."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                (w + change) * (1 - learning_rate * weight_decay * mask)
            )
        ),
        N_("The change is multiplied by the learning rate once more. It holds the rate already."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + learning_rate * change - learning_rate * weight_decay * w * mask
            )
        ),
        N_("The change is subtracted. It is to be added: it has its minus already."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w - change - learning_rate * weight_decay * w * mask
            )
        ),
        N_("The weights grow: take the share off."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + change + learning_rate * weight_decay * w * mask
            )
        ),
        N_("The change is masked as well. Only the decay is."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + (change - learning_rate * weight_decay * w) * mask
            )
        ),
        N_("The change is left out where a weight decays. There both happen."): (
            lambda w, change, learning_rate, weight_decay, mask: np.where(
                mask, w - learning_rate * weight_decay * w, w + change
            )
        ),
        N_("Every weight loses the same amount. It loses the same share of itself."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + change - learning_rate * weight_decay * np.sign(w) * mask
            )
        ),
        N_("The square of the weight is taken off, as if the penalty itself were subtracted."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + change - learning_rate * weight_decay * w**2 * mask
            )
        ),
        N_("The share is doubled, as the slope of a square would be. Decay has no 2."): (
            lambda w, change, learning_rate, weight_decay, mask: (
                w + change - 2 * learning_rate * weight_decay * w * mask
            )
        ),
    },
    rights=(
        lambda w, change, learning_rate, weight_decay, mask: (
            w * (1 - learning_rate * weight_decay * mask) + change
        ),
        lambda w, change, learning_rate, weight_decay, mask: np.where(
            mask, (1 - learning_rate * weight_decay) * w + change, w + change
        ),
        lambda w, change, learning_rate, weight_decay, mask: (
            w + change - np.where(mask, learning_rate * weight_decay * w, 0)
        ),
        lambda w, change, learning_rate, weight_decay, mask: [
            (one * (1 - learning_rate * weight_decay * decays) + step).tolist()
            for one, step, decays in zip(w, change, mask)
        ],
    ),
)


def rolling(rng):
    """w, g, velocity, learning_rate, momentum: from rest first, then rolling."""
    yield np.array([4.0]), np.array([8.0]), np.array([0.0]), 0.25, 0.5
    yield np.array([1.0]), np.array([2.0]), np.array([-2.0]), 0.25, 0.5
    yield np.array([2, -3]), np.array([1, 4]), np.array([6, -1]), 0.5, 0.75
    yield np.array([1.0, 5.0]), np.array([3.0, -2.0]), np.array([1.0, 1.0]), 0.1, 0.0
    for shape in ((3,), (2, 3)):
        w, g, velocity = rng.normal(size=(3, *shape)).round(2)
        yield w, g, velocity, 0.05, 0.9
    for _size, (w, g, velocity) in tiny_and_large(rng, 3):
        yield w, g, velocity, 0.25, 0.9


nesterov_step = exercise(
    number="7.7",
    name="nesterov_step",
    title=N_("Nesterov's momentum"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda w, g, velocity, learning_rate, momentum: (
        w + momentum * (momentum * velocity - learning_rate * g) - learning_rate * g,
        momentum * velocity - learning_rate * g,
    ),
    inputs=rolling,
    returns=("w", "velocity"),
    hints=(
        N_(
            "The new velocity first, as in chapter 2: what is left of the old one, minus rate times slope."
        ),
        N_("w moves by momentum times the new velocity, and by the slope's own step once more."),
    ),
    why=N_(
        "Plain momentum moves by the new velocity. Nesterov's moves by what the next velocity would be if the slope stayed: it "
        "looks ahead by one step, and so brakes a little earlier where the ground turns up."
    ),
    mistakes={
        N_("This is plain momentum: w moves by the new velocity alone."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w + momentum * velocity - learning_rate * g,
                momentum * velocity - learning_rate * g,
            )
        ),
        N_(
            "w moves by the whole new velocity, and by the slope on top. momentum is missing before the velocity."
        ): (
            lambda w, g, velocity, learning_rate, momentum: (
                w + momentum * velocity - 2 * learning_rate * g,
                momentum * velocity - learning_rate * g,
            )
        ),
        N_("It looks ahead twice: momentum is applied to the velocity once too often."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w
                + momentum
                * (momentum * (momentum * velocity - learning_rate * g) - learning_rate * g)
                - learning_rate * g,
                momentum * velocity - learning_rate * g,
            )
        ),
        N_("The slope's own step is missing: w moves by momentum times the velocity alone."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w + momentum * (momentum * velocity - learning_rate * g),
                momentum * velocity - learning_rate * g,
            )
        ),
        N_("The velocity has the wrong sign: it goes against the slope."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w + momentum * (momentum * velocity + learning_rate * g) + learning_rate * g,
                momentum * velocity + learning_rate * g,
            )
        ),
        N_("The learning rate is missing before the slope in the velocity."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w + momentum * (momentum * velocity - g) - learning_rate * g,
                momentum * velocity - g,
            )
        ),
        N_("The old velocity comes back. Return the new one."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w + momentum * (momentum * velocity - learning_rate * g) - learning_rate * g,
                velocity,
            )
        ),
        N_(
            "1 - momentum stands before the slope, as in a running mean. Here the slope counts whole."
        ): (
            lambda w, g, velocity, learning_rate, momentum: (
                w
                + momentum * (momentum * velocity - (1 - momentum) * learning_rate * g)
                - (1 - momentum) * learning_rate * g,
                momentum * velocity - (1 - momentum) * learning_rate * g,
            )
        ),
        N_("The two have changed places: w comes first, then the velocity."): (
            lambda w, g, velocity, learning_rate, momentum: (
                momentum * velocity - learning_rate * g,
                w + momentum * (momentum * velocity - learning_rate * g) - learning_rate * g,
            )
        ),
    },
    rights=(
        lambda w, g, velocity, learning_rate, momentum: (
            w + momentum**2 * velocity - (1 + momentum) * learning_rate * g,
            momentum * velocity - learning_rate * g,
        ),
        lambda w, g, velocity, learning_rate, momentum: [
            w - learning_rate * g + momentum * (v := momentum * velocity - learning_rate * g),
            v,
        ],
        lambda w, g, velocity, learning_rate, momentum: (
            w - momentum * velocity + (1 + momentum) * (momentum * velocity - learning_rate * g),
            momentum * velocity - learning_rate * g,
        ),
        lambda w, g, velocity, learning_rate, momentum: tuple(
            part.tolist()
            for part in (
                w + momentum * (momentum * velocity - learning_rate * g) - learning_rate * g,
                momentum * velocity - learning_rate * g,
            )
        ),
    ),
)


def moments(rng):
    """step, steps, initial, final: both ends, the middle, beyond, and an end that is not 0."""
    yield 0, 100, 1.0, 0.0
    yield 50, 100, 1.0, 0.0
    yield 100, 100, 1.0, 0.0
    yield 25, 100, 2.0, 1.0
    yield 3, 7, 0.1, 0.01
    yield 130, 100, 1.0, 0.25
    yield 1000, 10, 0.5, 0.1
    yield 1, 1, 3.0, 2.0
    yield 3, 10, 4e-4, 1e-5
    yield 3, 10, 5e4, 2e3
    for _ in range(3):
        yield int(rng.integers(1, 40)), 40, float(rng.integers(2, 9)), 0.5


def along(step, steps, initial, final, angle=math.pi, clamp=True, cosine=math.cos):
    share = min(step / steps, 1) if clamp else step / steps
    return final + (initial - final) * (1 + cosine(angle * share)) / 2


cosine_rate = exercise(
    number="7.8",
    name="cosine_rate",
    title=N_("Along a cosine"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda step, steps, initial, final: along(step, steps, initial, final),
    inputs=moments,
    hints=(
        N_("Which share of the way is done? Beyond the end it stays at 1: `min`."),
        N_("Half a period of the cosine is pi, in radians, as `np.cos` takes them."),
        N_("At the share 1 the bracket is 0, and `final` is left."),
    ),
    why=N_(
        "The cosine is flat at both ends, so the rate stays large for a while and small for a while. Behind the last step "
        "it would rise again, and a training that goes on would be thrown back: so the share stops at 1."
    ),
    mistakes={
        N_("The angle is in degrees. np.cos takes radians: half a period is pi."): (
            lambda step, steps, initial, final: along(step, steps, initial, final, angle=180)
        ),
        N_("Behind the end the rate rises again. It should stay at `final`."): (
            lambda step, steps, initial, final: along(step, steps, initial, final, clamp=False)
        ),
        N_(
            "A whole period is gone through: at the end the rate is back where it began. Half of it is pi."
        ): (
            lambda step, steps, initial, final: along(
                step, steps, initial, final, angle=2 * math.pi
            )
        ),
        N_("Only a quarter of the period is gone through. At the end the cosine should be -1."): (
            lambda step, steps, initial, final: along(
                step, steps, initial, final, angle=math.pi / 2
            )
        ),
        N_("`final` is not used: the rate falls to 0."): (
            lambda step, steps, initial, final: along(step, steps, initial, 0)
        ),
        N_(
            "The rate falls to `final` too late or too early: initial, not initial - final, is multiplied."
        ): (
            lambda step, steps, initial, final: (
                final + initial * (1 + math.cos(math.pi * min(step / steps, 1))) / 2
            )
        ),
        N_("It begins at `final` and rises to `initial`: they have changed places."): (
            lambda step, steps, initial, final: along(step, steps, final, initial)
        ),
        N_("The rate falls along a straight line."): (
            lambda step, steps, initial, final: initial + (final - initial) * min(step / steps, 1)
        ),
        N_("It is not divided by 2: the rate begins at twice its size."): (
            lambda step, steps, initial, final: (
                final + (initial - final) * (1 + math.cos(math.pi * min(step / steps, 1)))
            )
        ),
        N_("The 1 is missing: the cosine becomes negative in the second half."): (
            lambda step, steps, initial, final: (
                final + (initial - final) * math.cos(math.pi * min(step / steps, 1)) / 2
            )
        ),
        N_("The sine is taken in place of the cosine."): (
            lambda step, steps, initial, final: along(step, steps, initial, final, cosine=math.sin)
        ),
        N_("The share is a whole number: // cuts off what stands behind the point."): (
            lambda step, steps, initial, final: along(step // steps, 1, initial, final)
        ),
    },
    rights=(
        lambda step, steps, initial, final: (
            final + (initial - final) * np.cos(np.pi * np.minimum(step / steps, 1) / 2) ** 2
        ),
        lambda step, steps, initial, final: (
            final
            if step >= steps
            else (initial + final) / 2 + (initial - final) / 2 * np.cos(np.pi * step / steps)
        ),
        lambda step, steps, initial, final: (
            initial - (initial - final) * np.sin(np.pi * min(step, steps) / steps / 2) ** 2
        ),
        lambda step, steps, initial, final: float(
            np.interp(
                0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1.0)), [0, 1], [final, initial]
            )
        ),
    ),
)


def beginnings(rng):
    """step, warmup, start, rate: each of a few steps, no warm-up at all, and far beyond."""
    for step in range(6):
        yield step, 4, 0.02, 0.1
    yield 0, 0, 0.25, 0.5
    yield 7, 0, 0.0, 0.5
    yield 0, 1, 1.0, 2.0
    yield 1, 5, 0.0, 1.0
    yield 0, 10, 0.5, 1.0
    yield 99, 100, 0.5, 1.0
    yield 100, 100, 0.0, 1.0
    yield 1000, 10, 0.01, 0.03
    yield 2, 7, 1e-4, 4e-4
    yield 2, 7, 2e3, 5e4
    yield int(rng.integers(1, 40)), 50, 1.25, 3.0


def warming(step, warmup, start, rate, shift=1):
    return rate if step >= warmup else start + (rate - start) * (step + shift) / warmup


warmup_rate = exercise(
    number="7.9",
    name="warmup_rate",
    title=N_("Warm up"),
    points=1,
    minutes=10,
    difficulty=1,
    reference=lambda step, warmup, start, rate: warming(step, warmup, start, rate),
    inputs=beginnings,
    hints=(
        N_("Step 0 has one part of `warmup` parts already. How many parts has step s?"),
        N_("One part is (rate - start) / warmup, and it is added to `start`."),
        N_("From step `warmup` on the rate stays. With `warmup = 0` nothing is divided."),
    ),
    why=N_(
        "Counting from 0, step s has s + 1 parts: the first step would otherwise still be at `start`, and with `start = 0` "
        "it would be wasted."
    ),
    mistakes={
        N_("The first step has the rate `start`. It should have one part more: step + 1."): (
            lambda step, warmup, start, rate: warming(step, warmup, start, rate, shift=0)
        ),
        N_("`start` is not used: the rate rises from 0."): (
            lambda step, warmup, start, rate: warming(step, warmup, 0, rate)
        ),
        N_("rate, not rate - start, is divided into parts, so that the warm-up ends too high."): (
            lambda step, warmup, start, rate: (
                rate if step >= warmup else start + rate * (step + 1) / warmup
            )
        ),
        N_("The larger of `start` and the parts of `rate` is taken. The parts begin at `start`."): (
            lambda step, warmup, start, rate: max(start, warming(step, warmup, 0, rate))
        ),
        N_("The rate grows on behind the warm-up. From there on it stays."): (
            lambda step, warmup, start, rate: (
                start + (rate - start) * (step + 1) / warmup if warmup else rate
            )
        ),
        N_("// cuts off: the rate is `start` until the warm-up is over."): (
            lambda step, warmup, start, rate: (
                rate if step >= warmup else start + (rate - start) * ((step + 1) // warmup)
            )
        ),
        N_(
            "The parts are of warmup + 1: the last step of the warm-up does not have the whole rate."
        ): (
            lambda step, warmup, start, rate: (
                start + (rate - start) * min((step + 1) / (warmup + 1), 1)
            )
        ),
        N_("There is no warm-up: the rate is the same from the first step on."): (
            lambda step, warmup, start, rate: rate
        ),
        N_("The rate falls during the warm-up. It should rise."): (
            lambda step, warmup, start, rate: (
                rate if step >= warmup else rate + (start - rate) * step / warmup
            )
        ),
        N_("Without a warm-up the rate is `start`. It should be the whole one."): (
            lambda step, warmup, start, rate: (
                start + (rate - start) * min((step + 1) / warmup, 1) if warmup else start
            )
        ),
        N_("It divides by warmup also where that is 0."): (
            lambda step, warmup, start, rate: start + (rate - start) * min((step + 1) / warmup, 1)
        ),
        N_("This is the share alone. Multiply it by rate - start, and add it to `start`."): (
            lambda step, warmup, start, rate: warming(step, warmup, 0, 1)
        ),
    },
    rights=(
        lambda step, warmup, start, rate: (
            start + (rate - start) * min((step + 1) / max(warmup, 1), 1)
        ),
        lambda step, warmup, start, rate: (
            ((warmup - 1 - step) * start + (step + 1) * rate) / warmup if step < warmup else rate
        ),
        lambda step, warmup, start, rate: np.interp(step + 1, [0, max(warmup, 1)], [start, rate]),
        lambda step, warmup, start, rate: np.linspace(start, rate, max(warmup, 1) + 1)[
            min(step + 1, max(warmup, 1))
        ],
    ),
)


def tables(rng):
    """scores: the best in the first, middle or last place, ties in both orders, and nan everywhere."""
    nan = float("nan")
    yield ({"SGD": [(0.1, 0.91), (1.0, nan)], "Adam": [(0.001, 0.9), (0.003, 0.93)]},)
    yield ({"SGD": [(0.01, 0.8), (0.1, 0.9), (1.0, 0.3)]},)
    yield ({"SGD": [(1.0, nan), (0.1, 0.7)], "Adam": [(0.01, nan), (0.003, nan), (0.001, 0.2)]},)
    yield ({"Adam": [(0.003, 0.93), (0.001, 0.93), (0.01, 0.9)]},)
    yield (
        {
            "Adam": [(0.001, 0.93), (0.003, 0.93)],
            "RMSprop": [(0.1, 0.5), (0.01, 0.9), (0.001, 0.9)],
        },
    )
    yield ({"SGD": [(0.1, 0.0)], "Adagrad": [(1.0, 0.0), (0.5, 0.0), (2.0, nan)]},)
    yield ({"a": [(3, 0.5), (2, 0.75), (1, 0.25)], "b": [(2, 0.1), (3, 0.2)], "c": [(1, 1.0)]},)
    yield ({"SGD": [(0.0004, 0.98765), (2000.0, 0.0003)], "Adam": [(1e3, 0.5), (3e3, 0.91234)]},)
    yield ({f"run {seed}": [(0.1, 0.9), (0.2, float(rng.random()))] for seed in range(25)},)
    rates = rng.permutation(6) + 1
    yield ({"SGD": [(float(rate), round(float(rng.random()), 2)) for rate in rates]},)


def choose(scores, key, keep=lambda score: not math.isnan(score)):
    found = {}
    for name, runs in scores.items():
        pairs = [(rate, score) for rate, score in runs if keep(score)]
        found[name] = max(pairs, key=key)
    return found


def nan_wins(scores):
    found = {}
    for name, runs in scores.items():
        best = runs[0]
        for rate, score in runs:
            if not score <= best[1]:
                best = rate, score
        found[name] = best
    return found


def same_rate(scores):
    """All at the rate that is best on average, where it was tried."""
    runs = {name: dict(pairs) for name, pairs in scores.items()}
    rates = sorted({rate for tried in runs.values() for rate in tried})
    best = max(rates, key=lambda rate: np.nansum([tried.get(rate, 0) for tried in runs.values()]))
    return {name: (best, tried.get(best, float("nan"))) for name, tried in runs.items()}


def by_hand(scores):
    found = {}
    for name in scores:
        best_rate, best_score = None, -math.inf
        for rate, score in sorted(scores[name]):
            if score > best_score:
                best_rate, best_score = rate, score
        found[name] = (best_rate, best_score)
    return found


fair_comparison = exercise(
    number="7.10",
    name="fair_comparison",
    title=N_("A fair comparison"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=lambda scores: choose(scores, key=lambda pair: (pair[1], -pair[0])),
    inputs=tables,
    hints=(
        N_("Go through the optimizers one by one. Each chooses among its own rates."),
        N_("Leave nan out before you look for the largest: a comparison with nan is always False."),
        N_("Ties: `max` of pairs (score, -rate) prefers the smaller rate."),
    ),
    why=N_(
        "A comparison is fair when each candidate may choose its own rate, by the same images. nan compares as False with "
        "everything, so it wins or loses by its place in the list, unless it is left out first."
    ),
    mistakes={
        N_("The last rate is taken, not the best."): (
            lambda scores: {name: runs[-1] for name, runs in scores.items()}
        ),
        N_("The lowest score is taken. Higher is better here."): (
            lambda scores: choose(scores, key=lambda pair: (-pair[1], -pair[0]))
        ),
        N_("nan wins: a comparison with nan is always False. Leave it out first."): nan_wins,
        N_("Of two rates with the same score the larger is taken. Take the smaller."): (
            lambda scores: choose(scores, key=lambda pair: (pair[1], pair[0]))
        ),
        N_("Of two rates with the same score the first in the list is taken. Take the smaller."): (
            lambda scores: choose(scores, key=lambda pair: pair[1])
        ),
        N_("All are compared at one rate. Each chooses its own."): same_rate,
        N_("The pair is turned round: the rate comes first, then the score."): (
            lambda scores: {
                name: pair[::-1]
                for name, pair in choose(scores, key=lambda pair: (pair[1], -pair[0])).items()
            }
        ),
        N_("Only the best optimizer is returned. Every one has a pair."): (
            lambda scores: dict(
                [
                    max(
                        choose(scores, key=lambda pair: (pair[1], -pair[0])).items(),
                        key=lambda item: item[1][1],
                    )
                ]
            )
        ),
        N_("Only the scores are returned. The rates belong to them."): (
            lambda scores: {
                name: pair[1]
                for name, pair in choose(scores, key=lambda pair: (pair[1], -pair[0])).items()
            }
        ),
        N_("The smallest rate is taken, whatever it reaches."): (
            lambda scores: choose(scores, key=lambda pair: -pair[0])
        ),
    },
    rights=(
        lambda scores: {
            name: max(
                ((rate, score) for rate, score in sorted(runs) if score == score),  # noqa: PLR0124
                key=lambda pair: pair[1],
            )
            for name, runs in scores.items()
        },
        lambda scores: {
            name: min(((r, s) for r, s in runs if not np.isnan(s)), key=lambda p: (-p[1], p[0]))
            for name, runs in scores.items()
        },
        lambda scores: {
            name: [
                sorted(runs)[int(np.nanargmax([s for _r, s in sorted(runs)]))][0],
                float(np.nanmax([s for _r, s in runs])),
            ]
            for name, runs in scores.items()
        },
        by_hand,
    ),
)
