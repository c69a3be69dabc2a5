"""The exercises of chapter 5: a network reads digits."""

import numpy as np

from course_nn import metrics
from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def pictures(rng):
    """images: bytes of several shapes; the first are small enough to count."""
    yield (np.array([[[0, 255], [51, 102]]], np.uint8),)
    yield (np.array([[[255]], [[0]], [[128]]], np.uint8),)
    yield (np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [250, 251, 252]]], np.uint8),)
    for shape in ((1, 3, 3), (4, 2, 3), (2, 28, 28)):
        yield (rng.integers(0, 256, shape).astype(np.uint8),)


scale_images = exercise(
    number="5.1",
    name="scale_images",
    title=N_("Images become rows of numbers"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda images: images.reshape(len(images), -1) / 255,
    inputs=pictures,
    hints=(
        N_("Two things are to be done: make one row of each image, and bring 0 to 255 to 0 to 1."),
        N_("reshape(len(images), -1) keeps the first axis and lets NumPy count the rest."),
    ),
    why=N_(
        "A dense layer takes rows, so the pixels of an image are laid side by side. Divided by 255 they lie between "
        "0 and 1; a network that starts with small weights learns badly from numbers in the hundreds."
    ),
    mistakes={
        N_("The pixels are not scaled: they still run to 255. Divide by 255."): (
            lambda images: images.reshape(len(images), -1) * 1.0
        ),
        N_("// cuts off what is behind the point. Divide with a single /."): (
            lambda images: images.reshape(len(images), -1) // 255
        ),
        N_("Bytes run from 0 to 255, so it is 255 that must become 1, not 256."): (
            lambda images: images.reshape(len(images), -1) / 256
        ),
        N_("The images are still square. Make one row of each with reshape."): (
            lambda images: images / 255
        ),
        N_("All images are laid into one row. Each image needs its own."): (
            lambda images: images.reshape(1, -1) / 255
        ),
        N_("Rows and columns are turned round: each image must be a row, (n, pixels)."): (
            lambda images: images.reshape(len(images), -1).T / 255
        ),
        N_(
            "It is divided by the largest pixel that is there. Divide by 255, whatever the images hold."
        ): (lambda images: images.reshape(len(images), -1) / max(images.max(), 1)),
    },
    rights=(
        lambda images: np.array([image.flatten() for image in images]) / 255.0,
        lambda images: [
            [pixel / 255 for row in image for pixel in row.tolist()] for image in images
        ],
        lambda images: images.reshape(len(images), -1).astype(np.float32) / 255,
    ),
)


def labeled(rng):
    """labels, classes: numbers of classes, as bytes too; the largest class is not always there."""
    yield np.array([2]), 3
    yield np.array([1, 0]), 2
    yield np.array([0, 3, 1]), 4
    yield np.array([1, 1, 0]), 5
    yield np.array([3, 9], np.uint8), 10
    for n in (1, 4, 7):
        yield rng.integers(0, 6, n), 6


one_hot = exercise(
    number="5.2",
    name="one_hot",
    title=N_("One-hot labels"),
    points=1,
    minutes=10,
    difficulty=1,
    reference=lambda labels, classes: np.eye(classes)[labels],
    inputs=labeled,
    hints=(
        N_(
            "Begin with zeros, a row for each label and a column for each class. Where does the 1 go?"
        ),
        N_("In row i the 1 stands in column labels[i]."),
        N_("y[rows, columns] = 1 with two arrays of numbers sets one entry for each pair of them."),
    ),
    why=N_(
        "Two arrays as indices go in pairs: row 0 with the first label, row 1 with the second, and so on, so no loop is "
        "needed. np.eye(classes)[labels] does the same in a line. As a row the label can be compared with ten shares; as a number, 9 would be nearer to 8 than to 1."
    ),
    mistakes={
        N_(
            "The width is counted from the labels. A class may be missing among them: use `classes`."
        ): (lambda labels, classes: np.eye(int(labels.max()) + 1)[labels]),
        N_("Classes count from 0: label 0 has its 1 in the first column."): (
            lambda labels, classes: np.eye(classes)[labels.astype(int) - 1]
        ),
        N_("Rows and columns are turned round: there must be a row for each label."): (
            lambda labels, classes: np.eye(classes)[labels].T
        ),
        N_("The label itself stands in its column. It must be a 1."): (
            lambda labels, classes: np.eye(classes)[labels] * labels[:, np.newaxis]
        ),
        N_("Zeros and ones have changed places."): lambda labels, classes: (
            1 - np.eye(classes)[labels]
        ),
        N_("All columns up to the label hold 1. Only the label's own may."): (
            lambda labels, classes: (np.arange(classes) <= labels[:, np.newaxis]) * 1.0
        ),
        N_("Every row has the ones of all labels. zeros[:, labels] = 1 fills whole columns."): (
            lambda labels, classes: np.tile(np.eye(classes)[labels].max(axis=0), (len(labels), 1))
        ),
    },
    rights=(
        lambda labels, classes: (labels[:, np.newaxis] == np.arange(classes)).astype(float),
        lambda labels, classes: [[int(k == label) for k in range(classes)] for label in labels],
        lambda labels, classes: np.eye(classes, dtype=np.float32)[labels],
    ),
)


def networks(rng):
    """x, W1, b1, W2, b2: two layers."""
    yield (
        np.array([[1.0, 2.0]]),
        np.array([[1.0, -1.0], [1.0, -1.0]]),
        np.array([0.0, 1.0]),
        np.array([[1.0, 1.0], [5.0, 5.0]]),
        np.array([0.0, 0.0]),
    )
    for n, inputs, hidden, units in (
        (2, 2, 2, 2),
        (3, 2, 4, 3),
        (1, 3, 5, 2),
        (4, 2, 3, 3),
        (5, 3, 3, 4),
    ):
        shapes = (n, inputs), (inputs, hidden), (hidden,), (hidden, units), (units,)
        yield tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes)


def softmax(z, axis=1):
    """e^z / sum e^z along an axis; the largest z is subtracted first."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _shifted_by_all(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


def read(x, W1, b1, W2, b2):
    """h = max(0, x W1 + b1), p = softmax(h W2 + b2)"""
    h = np.maximum(x @ W1 + b1, 0)
    return h, softmax(h @ W2 + b2)


softmax_network = exercise(
    number="5.3",
    name="softmax_network",
    title=N_("From pixels to shares"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=read,
    inputs=networks,
    returns=("h", "p"),
    extremes=(
        (
            np.array([[1000.0], [0.0]]),
            np.array([[1.0]]),
            np.array([0.0]),
            np.array([[1.0, 0.0]]),
            np.array([0.0, 0.0]),
        ),
    ),
    hints=(
        N_(
            "A dense layer with ReLU gives h, a second dense layer the scores, softmax the shares p."
        ),
        N_("Softmax goes row by row: axis=1, and keepdims=True, so that the division fits."),
        N_("If the extremes fail: subtract the largest score of each row before np.exp."),
    ),
    why=N_(
        "Two layers and a softmax: that is the whole network that reads digits. h is returned too, because the backward "
        "pass needs it. With the largest score of each row subtracted, no exponential is above 1."
    ),
    mistakes={
        N_("The ReLU is missing between the layers."): (
            lambda x, W1, b1, W2, b2: (x @ W1 + b1, softmax((x @ W1 + b1) @ W2 + b2))
        ),
        N_("Softmax is missing: these are the scores."): (
            lambda x, W1, b1, W2, b2: (
                read(x, W1, b1, W2, b2)[0],
                read(x, W1, b1, W2, b2)[0] @ W2 + b2,
            )
        ),
        N_("Softmax is taken along the columns. The shares of one image add up to 1: axis=1."): (
            lambda x, W1, b1, W2, b2: (
                read(x, W1, b1, W2, b2)[0],
                softmax(read(x, W1, b1, W2, b2)[0] @ W2 + b2, axis=0),
            )
        ),
        N_(
            "The largest score of all rows is subtracted, and a row far below it vanishes. Take each row's."
        ): (
            lambda x, W1, b1, W2, b2: (
                read(x, W1, b1, W2, b2)[0],
                _shifted_by_all(read(x, W1, b1, W2, b2)[0] @ W2 + b2),
            )
        ),
        N_("The shares of all images together add up to 1. They must do so in each row."): (
            lambda x, W1, b1, W2, b2: (
                read(x, W1, b1, W2, b2)[0],
                softmax((read(x, W1, b1, W2, b2)[0] @ W2 + b2).reshape(1, -1)).reshape(len(x), -1),
            )
        ),
        N_("e^z overflows for large scores. Subtract the largest of each row first."): (
            lambda x, W1, b1, W2, b2: (
                read(x, W1, b1, W2, b2)[0],
                np.exp(read(x, W1, b1, W2, b2)[0] @ W2 + b2)
                / np.exp(read(x, W1, b1, W2, b2)[0] @ W2 + b2).sum(axis=1, keepdims=True),
            )
        ),
        N_("b2 is missing."): (lambda x, W1, b1, W2, b2: read(x, W1, b1, W2, 0 * b2)),
        N_("Only p is returned. Return h as well: h, p."): (
            lambda x, W1, b1, W2, b2: read(x, W1, b1, W2, b2)[1]
        ),
        N_("h is returned before the ReLU. The backward pass needs it after."): (
            lambda x, W1, b1, W2, b2: (x @ W1 + b1, read(x, W1, b1, W2, b2)[1])
        ),
    },
    rights=(
        lambda x, W1, b1, W2, b2: [
            np.clip(x @ W1 + b1, 0, None),
            np.exp(
                np.clip(x @ W1 + b1, 0, None) @ W2
                + b2
                - np.logaddexp.reduce(np.clip(x @ W1 + b1, 0, None) @ W2 + b2, axis=1)[
                    :, np.newaxis
                ]
            ),
        ],
        lambda x, W1, b1, W2, b2: tuple(
            np.concatenate(parts)
            for parts in zip(*(read(x[i : i + 1], W1, b1, W2, b2) for i in range(len(x))))
        ),
    ),
)


def passes(rng):
    """x, y, h, p, W2: what the backward pass is given."""
    for x, W1, b1, W2, b2 in networks(rng):
        h, p = read(x, W1, b1, W2, b2)
        classes = rng.integers(0, p.shape[1], len(x))
        yield x, np.eye(p.shape[1])[classes], h, p, W2


def backward(x, y, h, p, W2, start=lambda y, p: (p - y) / len(y), mask=lambda dh, h: dh * (h > 0)):
    """dz2 = (p - y) / n, dz1 = dz2 W2^T where h > 0; the known mistakes change one of the two."""
    dz2 = start(y, p)
    dz1 = mask(dz2 @ W2.T, h)
    return x.T @ dz1, dz1.sum(axis=0), h.T @ dz2, dz2.sum(axis=0)


network_gradients = exercise(
    number="5.4",
    name="network_gradients",
    title=N_("From the loss to every weight"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=backward,
    inputs=passes,
    returns=("dW1", "db1", "dW2", "db2"),
    hints=(
        N_(
            "Softmax and cross-entropy together have the gradient (p - y) / n at the scores. Call it dz2."
        ),
        N_(
            "dz2 is what arrives at the second layer, whose input is h. Which product is shaped like W2?"
        ),
        N_(
            "dh = dz2 @ W2.T goes back through the ReLU, where h > 0, and arrives at the first layer."
        ),
    ),
    why=N_(
        "The comparison p - y starts the way back, and from there on each layer does the same: the product with its input is "
        "the gradient of its weights, the sum of the rows that of its bias, the product with W transposed goes on."
    ),
    mistakes={
        N_("Nothing is divided by n. The loss is the mean over the images."): (
            lambda x, y, h, p, W2: backward(x, y, h, p, W2, start=lambda y, p: p - y)
        ),
        N_("The sign is turned round: the gradient at the scores is p - y."): (
            lambda x, y, h, p, W2: backward(x, y, h, p, W2, start=lambda y, p: (y - p) / len(y))
        ),
        N_(
            "It is divided by the number of entries. The loss is a mean over images: divide by n."
        ): (lambda x, y, h, p, W2: backward(x, y, h, p, W2, start=lambda y, p: (p - y) / y.size)),
        N_("The ReLU's mask is missing: where h is 0, nothing goes back."): (
            lambda x, y, h, p, W2: backward(x, y, h, p, W2, mask=lambda dh, h: dh)
        ),
        N_(
            "The gradient is multiplied by h. Multiply by the ReLU's slope: 1 where h > 0, else 0."
        ): (lambda x, y, h, p, W2: backward(x, y, h, p, W2, mask=lambda dh, h: dh * h)),
        N_("A slope p (1 - p) is in it. Softmax and cross-entropy together leave p - y alone."): (
            lambda x, y, h, p, W2: backward(
                x, y, h, p, W2, start=lambda y, p: (p - y) * p * (1 - p) / len(y)
            )
        ),
        N_("The four are right, in another order. Return dW1, db1, dW2, db2."): (
            lambda x, y, h, p, W2: (*backward(x, y, h, p, W2)[2:], *backward(x, y, h, p, W2)[:2])
        ),
    },
    rights=(
        lambda x, y, h, p, W2: [
            np.einsum("ni,nj->ij", x, np.where(h > 0, (p - y) @ W2.T, 0)) / len(x),
            np.where(h > 0, (p - y) @ W2.T, 0).mean(axis=0),
            ((p - y).T @ h).T / len(x),
            (p - y).mean(axis=0),
        ],
        lambda x, y, h, p, W2: tuple(
            sum(parts) / len(x)
            for parts in zip(
                *(
                    backward(x[i : i + 1], y[i : i + 1], h[i : i + 1], p[i : i + 1], W2)
                    for i in range(len(x))
                )
            )
        ),
    ),
)


def steps(rng):
    """weights, gradients, learning_rate: tuples of arrays of different shapes."""
    yield (np.array([1.0]),), (np.array([2.0]),), 0.1
    yield (
        (np.array([[1.0, 2.0]]), np.array([3.0])),
        (np.array([[10.0, -10.0]]), np.array([1.0])),
        0.5,
    )
    yield (np.array([1, 2]), np.array([[3]])), (np.array([1, 0]), np.array([[-2]])), 0.25
    for shapes in (((3,),), ((2, 3), (3,)), ((4, 2), (2,), (2, 1), (1,))):
        yield (
            tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes),
            tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes),
            0.1,
        )


sgd_step = exercise(
    number="5.5",
    name="sgd_step",
    title=N_("A step of SGD, for all weights"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda weights, gradients, learning_rate: [
        w - learning_rate * g for w, g in zip(weights, gradients)
    ],
    inputs=steps,
    hints=(
        N_("Each array takes a step against its own gradient. zip gives the two side by side."),
        N_("w -= ... changes the array that you were given. w - ... makes a new one."),
    ),
    why=N_(
        "However many layers there are, the step is the same for each array: against its gradient, by the learning "
        "rate. New arrays leave the old weights as they were."
    ),
    mistakes={
        N_("This climbs: the gradient points uphill, so subtract it."): (
            lambda weights, gradients, learning_rate: [
                w + learning_rate * g for w, g in zip(weights, gradients)
            ]
        ),
        N_("The learning rate is missing."): (
            lambda weights, gradients, learning_rate: [w - g for w, g in zip(weights, gradients)]
        ),
        N_("These are the steps alone. Subtract them from the weights."): (
            lambda weights, gradients, learning_rate: [learning_rate * g for g in gradients]
        ),
        N_("Only the first array takes its step. All of them do."): (
            lambda weights, gradients, learning_rate: [
                weights[0] - learning_rate * gradients[0],
                *weights[1:],
            ]
        ),
        N_("Every entry of an array takes the mean step. Each entry has a slope of its own."): (
            lambda weights, gradients, learning_rate: [
                w - learning_rate * np.mean(g) for w, g in zip(weights, gradients)
            ]
        ),
        N_("All gradients are scaled to the length 1. The step is as long as the slope says."): (
            lambda weights, gradients, learning_rate: [
                w - learning_rate * g / np.linalg.norm(g) for w, g in zip(weights, gradients)
            ]
        ),
    },
    rights=(
        lambda weights, gradients, learning_rate: tuple(
            np.subtract(w, np.multiply(g, learning_rate)) for w, g in zip(weights, gradients)
        ),
        lambda weights, gradients, learning_rate: [
            weights[i] + gradients[i] * -learning_rate for i in range(len(weights))
        ],
    ),
)


def rolling(rng):
    """w, g, velocity, learning_rate, momentum: from rest first, then in motion."""
    yield np.array([1.0]), np.array([2.0]), np.array([0.0]), 0.1, 0.9
    yield np.array([1.0]), np.array([2.0]), np.array([10.0]), 0.1, 0.5
    yield np.array([3, 1]), np.array([1, -1]), np.array([0, 2]), 0.5, 0.5
    for shape in ((3,), (2, 3), (1, 4)):
        w, g, velocity = (rng.normal(size=shape).round(1) + 0.05 for _array in range(3))
        yield w, g, velocity, 0.1, 0.9


momentum_step = exercise(
    number="5.6",
    name="momentum_step",
    title=N_("A step with momentum"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda w, g, velocity, learning_rate, momentum: (
        w - learning_rate * (momentum * velocity + g),
        momentum * velocity + g,
    ),
    inputs=rolling,
    returns=("w", "velocity"),
    hints=(
        N_("First the new velocity: what is left of the old one, and the gradient added to it."),
        N_("Then the step: against the new velocity, by the learning rate."),
    ),
    why=N_(
        "The velocity is a sum of all gradients so far, the older ones fading by the factor momentum. Where they agree it "
        "grows, up to ten times at 0.9; where they change sign from step to step it cancels."
    ),
    mistakes={
        N_("The step is taken with the old velocity. First bring it up to date."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w - learning_rate * velocity,
                momentum * velocity + g,
            )
        ),
        N_("The gradient is weighed with 1 - momentum. Here it is added as it is."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w - learning_rate * (momentum * velocity + (1 - momentum) * g),
                momentum * velocity + (1 - momentum) * g,
            )
        ),
        N_("The velocity does not fade: multiply the old one by momentum."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w - learning_rate * (velocity + g),
                velocity + g,
            )
        ),
        N_("The velocity is not used: this is plain SGD."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w - learning_rate * g,
                momentum * velocity + g,
            )
        ),
        N_("This climbs: subtract the step."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w + learning_rate * (momentum * velocity + g),
                momentum * velocity + g,
            )
        ),
        N_("The learning rate is in the velocity as well. It belongs to the step alone."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w - learning_rate * (momentum * velocity + learning_rate * g),
                momentum * velocity + learning_rate * g,
            )
        ),
        N_("Only the weights are returned. The next step needs the velocity too: w, velocity."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w - learning_rate * (momentum * velocity + g)
            )
        ),
        N_("This is Nesterov's form. Here the step goes along the new velocity."): (
            lambda w, g, velocity, learning_rate, momentum: (
                w - learning_rate * (g + momentum * (momentum * velocity + g)),
                momentum * velocity + g,
            )
        ),
    },
    rights=(
        lambda w, g, velocity, learning_rate, momentum: [
            w - learning_rate * g - learning_rate * momentum * velocity,
            g + velocity * momentum,
        ],
        lambda w, g, velocity, learning_rate, momentum: (
            np.subtract(w, np.multiply(learning_rate, np.add(momentum * velocity, g))),
            (momentum * velocity + g).tolist(),
        ),
    ),
)


def adaptive(rng):
    """w, g, m, v, t, learning_rate: the first step, then later ones."""
    yield np.array([1.0]), np.array([0.5]), np.array([0.0]), np.array([0.0]), 1, 0.001
    yield np.array([1.0, 2.0]), np.array([-4.0, 0.01]), np.zeros(2), np.zeros(2), 1, 0.1
    yield np.array([3.0]), np.array([0.0]), np.array([0.5]), np.array([0.1]), 2, 0.01
    yield np.array([1, 2]), np.array([2, -1]), np.array([1, 0]), np.array([2, 1]), 3, 0.5
    yield np.array([1.0]), np.array([1e-6]), np.array([0.0]), np.array([0.0]), 1, 1.0
    for shape, t in (((3,), 2), ((2, 3), 10), ((4, 1), 1000)):
        w, g, m = (rng.normal(size=shape).round(1) + 0.05 for _array in range(3))
        yield w, g, m, rng.uniform(0.1, 2, shape).round(2), t, 0.1


def adam(w, g, m, v, t, learning_rate, b1=0.9, b2=0.999, correct=True, root=np.sqrt, inside=False):
    """Kingma & Ba (2015), algorithm 1; the known mistakes change one thing each."""
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    m_hat, v_hat = (m / (1 - b1**t), v / (1 - b2**t)) if correct else (m, v)
    bottom = root(v_hat + 1e-7) if inside else root(v_hat) + 1e-7
    return w - learning_rate * m_hat / bottom, m, v


adam_step = exercise(
    number="5.7",
    name="adam_step",
    title=N_("A step of Adam"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=lambda w, g, m, v, t, learning_rate: adam(w, g, m, v, t, learning_rate),
    inputs=adaptive,
    returns=("w", "m", "v"),
    hints=(
        N_(
            "Bring both running means up to date: m with 0.9 and 0.1, v with 0.999 and 0.001 and the squared gradient."
        ),
        N_(
            "Correct them for the start: m / (1 - 0.9**t) and v / (1 - 0.999**t). Keep m and v themselves uncorrected."
        ),
        N_(
            "The step is learning_rate times the one, divided by the square root of the other plus 1e-7."
        ),
    ),
    why=N_(
        "m says where the slopes point on average, v how large they are. Their ratio is about 1 where the slope is "
        "steady and about 0 where it changes sign, whatever its size. Both means start at 0, and the "
        "correction makes up for that in the first steps."
    ),
    mistakes={
        N_("The means are not corrected: divide m by 1 - 0.9**t and v by 1 - 0.999**t."): (
            lambda w, g, m, v, t, learning_rate: adam(w, g, m, v, t, learning_rate, correct=False)
        ),
        N_("The square root is missing under the step."): (
            lambda w, g, m, v, t, learning_rate: adam(
                w, g, m, v, t, learning_rate, root=lambda x: x
            )
        ),
        N_("1e-7 is under the root. It is added after it."): (
            lambda w, g, m, v, t, learning_rate: adam(w, g, m, v, t, learning_rate, inside=True)
        ),
        N_("0.9 and 0.999 have changed places."): (
            lambda w, g, m, v, t, learning_rate: adam(
                w, g, m, v, t, learning_rate, b1=0.999, b2=0.9
            )
        ),
        N_(
            "The corrected means are returned. Return m and v as they were before the correction."
        ): (
            lambda w, g, m, v, t, learning_rate: (
                adam(w, g, m, v, t, learning_rate)[0],
                adam(w, g, m, v, t, learning_rate)[1] / (1 - 0.9**t),
                adam(w, g, m, v, t, learning_rate)[2] / (1 - 0.999**t),
            )
        ),
        N_("The gradient is not squared in v."): (
            lambda w, g, m, v, t, learning_rate: (
                w
                - learning_rate
                * ((0.9 * m + 0.1 * g) / (1 - 0.9**t))
                / (np.sqrt(np.abs(0.999 * v + 0.001 * g) / (1 - 0.999**t)) + 1e-7),
                0.9 * m + 0.1 * g,
                0.999 * v + 0.001 * g,
            )
        ),
        N_("This climbs: subtract the step."): (
            lambda w, g, m, v, t, learning_rate: (
                2 * w - adam(w, g, m, v, t, learning_rate)[0],
                *adam(w, g, m, v, t, learning_rate)[1:],
            )
        ),
        N_("The gradient takes the place of its running mean m. That is RMSprop."): (
            lambda w, g, m, v, t, learning_rate: (
                w
                - learning_rate
                * g
                / (np.sqrt(adam(w, g, m, v, t, learning_rate)[2] / (1 - 0.999**t)) + 1e-7),
                *adam(w, g, m, v, t, learning_rate)[1:],
            )
        ),
    },
    rights=(
        lambda w, g, m, v, t, learning_rate: [
            w
            - learning_rate
            * np.sqrt(1 - 0.999**t)
            / (1 - 0.9**t)
            * (0.9 * m + 0.1 * g)
            / (np.sqrt(0.999 * v + 0.001 * g**2) + 1e-7 * np.sqrt(1 - 0.999**t)),
            m + 0.1 * (g - m),
            v + 0.001 * (g**2 - v),
        ],
        lambda w, g, m, v, t, learning_rate: tuple(
            part.tolist() for part in adam(w, g, m, v, t, learning_rate)
        ),
    ),
)


def judged(rng):
    """y, predicted, classes: true and predicted classes; some never occur."""
    yield np.array([0, 1]), np.array([0, 1]), 2
    yield np.array([0, 0, 1]), np.array([0, 1, 1]), 2
    yield np.array([2, 2, 2]), np.array([0, 0, 1]), 3
    yield np.array([1, 0, 3], np.uint8), np.array([1, 3, 3]), 5
    for n in (1, 8, 20):
        yield rng.integers(0, 4, n), rng.integers(0, 4, n), 4


confusion_matrix = exercise(
    number="5.8",
    name="confusion_matrix",
    title=N_("The confusion matrix"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=lambda y, predicted, classes: metrics.confusion_matrix(y, predicted, classes),
    inputs=judged,
    whole=True,
    hints=(
        N_(
            "Begin with zeros, classes by classes, of whole numbers: np.zeros((classes, classes), dtype=int)."
        ),
        N_("For each image add 1: in which row, and in which column?"),
        N_("The row is the true class, the column the predicted one."),
    ),
    why=N_(
        "Row i, column j counts the images of class i that were taken for j: right answers stand on the diagonal, "
        "and every other entry names a confusion. A loop counts each pair; matrix[y, predicted] += 1 would count "
        "a pair once, however often it comes."
    ),
    mistakes={
        N_("Rows and columns are turned round: the row is the true class."): (
            lambda y, predicted, classes: metrics.confusion_matrix(predicted, y, classes)
        ),
        N_("matrix[y, predicted] += 1 counts a pair once, however often it comes. Use a loop."): (
            lambda y, predicted, classes: np.minimum(
                metrics.confusion_matrix(y, predicted, classes), 1
            )
        ),
        N_(
            "The size is counted from the labels. A class may be missing among them: use `classes`."
        ): (lambda y, predicted, classes: metrics.confusion_matrix(y, predicted)),
        N_("Each row is divided by its sum. Counts are asked."): (
            lambda y, predicted, classes: (
                metrics.confusion_matrix(y, predicted, classes)
                / np.maximum(
                    metrics.confusion_matrix(y, predicted, classes).sum(1, keepdims=True), 1
                )
            )
        ),
        N_("Only the right answers are counted, on the diagonal. The others count as well."): (
            lambda y, predicted, classes: (
                metrics.confusion_matrix(y, predicted, classes) * np.eye(classes, dtype=int)
            )
        ),
        N_("Only the wrong answers are counted. The right ones stand on the diagonal."): (
            lambda y, predicted, classes: (
                metrics.confusion_matrix(y, predicted, classes) * (1 - np.eye(classes, dtype=int))
            )
        ),
    },
    rights=(
        lambda y, predicted, classes: np.bincount(
            y.astype(int) * classes + predicted, minlength=classes**2
        ).reshape(classes, classes),
        lambda y, predicted, classes: [
            [int(np.sum((y == i) & (predicted == j))) for j in range(classes)]
            for i in range(classes)
        ],
        lambda y, predicted, classes: (
            np.eye(classes, dtype=int)[y].T @ np.eye(classes, dtype=int)[predicted]
        ),
    ),
)


def epochs(rng):
    """x, y, order, batch_size, weights, learning_rate: a short last batch, too."""
    for (x, *weights), batch_size in zip(networks(rng), (1, 1, 2, 1, 4, 3)):
        classes = weights[-1].size
        y = np.eye(classes)[rng.integers(0, classes, len(x))]
        yield x, y, rng.permutation(len(x)), batch_size, tuple(weights), 0.5


def epoch(x, y, order, batch_size, weights, learning_rate, sign=-1, last=True, fixed=False):
    """The textbook's loop; the known mistakes change one thing each."""
    at = weights
    stop = len(order) if last else len(order) - len(order) % batch_size
    for start in range(0, stop, batch_size):
        rows = order[start : start + batch_size]
        h, p = read(x[rows], *(at if fixed else weights))
        gradients = backward(x[rows], y[rows], h, p, (at if fixed else weights)[2])
        weights = [w + sign * learning_rate * g for w, g in zip(weights, gradients)]
    return list(weights)


training_epoch = exercise(
    number="5.9",
    name="training_epoch",
    title=N_("One training epoch"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=lambda x, y, order, batch_size, weights, learning_rate: epoch(
        x, y, order, batch_size, weights, learning_rate
    ),
    inputs=epochs,
    hints=(
        N_(
            "range(0, len(order), batch_size) gives where each batch begins; a slice of order its rows."
        ),
        N_(
            "For each batch: softmax_network, then network_gradients, then sgd_step. You have written all three."
        ),
        N_(
            "The next batch starts from the new weights. A slice beyond the end is short: that is the last batch."
        ),
    ),
    why=N_(
        "Forward pass, comparison and backward pass on one batch, a step, and then the next batch from where that step "
        "has led. After one epoch each image has been used once, and the weights have moved as often as there are batches."
    ),
    mistakes={
        N_("The images are taken in their own order. Take the rows that `order` names."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x, y, np.arange(len(x)), batch_size, weights, learning_rate
            )
        ),
        N_("Images and labels are shuffled apart: take the same rows of x and y."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x[order], y, np.arange(len(x)), batch_size, weights, learning_rate
            )
        ),
        N_("All images make one batch. Cut them into batches of batch_size."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x, y, order, len(x), weights, learning_rate
            )
        ),
        N_("The last batch is left out where it is short. Its images count as well."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x, y, order, batch_size, weights, learning_rate, last=False
            )
        ),
        N_("Every gradient is taken at the first weights. Go on from the new ones."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x, y, order, batch_size, weights, learning_rate, fixed=True
            )
        ),
        N_("This climbs: subtract the step."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x, y, order, batch_size, weights, learning_rate, sign=1
            )
        ),
        N_("There is only one step, for the first batch. Go on to the others."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x, y, order[:batch_size], batch_size, weights, learning_rate
            )
        ),
    },
    rights=(
        lambda x, y, order, batch_size, weights, learning_rate: tuple(
            epoch(x[order], y[order], np.arange(len(x)), batch_size, weights, learning_rate)
        ),
        lambda x, y, order, batch_size, weights, learning_rate: epoch(
            x, y, list(order), batch_size, list(weights), learning_rate
        ),
    ),
)
