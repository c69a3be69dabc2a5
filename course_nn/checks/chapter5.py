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
    for shape in ((1, 3, 3), (4, 2, 3), (25, 3, 2), (2, 28, 28)):
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
        N_(
            "What stands behind the point is cut off: `//` does so, and so does an array of bytes into which the "
            "shares are written. Divide with `/`, and put the result into an array of floats."
        ): (lambda images: images.reshape(len(images), -1) // 255),
        N_("Every pixel has become 0 or 1. The grays between them count as well."): (
            lambda images: np.round(images.reshape(len(images), -1) / 255)
        ),
        N_("Bytes run from 0 to 255, so it is 255 that must become 1, not 256."): (
            lambda images: images.reshape(len(images), -1) / 256
        ),
        N_("The pixels run from -1 to 1 here. Let them run from 0 to 1: divide by 255."): (
            lambda images: images.reshape(len(images), -1) / 127.5 - 1
        ),
        N_("The images still have rows and columns. Make one row of each with reshape."): (
            lambda images: images / 255
        ),
        N_("All images are laid into one row. Each image needs its own."): (
            lambda images: images.reshape(1, -1) / 255
        ),
        N_("All images are laid into one array of one axis. Each image needs a row of its own."): (
            lambda images: images.ravel() / 255
        ),
        N_("Rows and columns are turned round: each image must be a row, (n, pixels)."): (
            lambda images: images.reshape(len(images), -1).T / 255
        ),
        N_("The number of images comes first in the shape: `reshape(len(images), -1)`."): (
            lambda images: images.reshape(-1, len(images)) / 255
        ),
        N_("The pixels come column by column. Take each image row by row, as reshape does."): (
            lambda images: images.transpose(0, 2, 1).reshape(len(images), -1) / 255
        ),
        N_(
            "It is divided by the largest pixel that is there. Divide by 255, whatever the images hold."
        ): (lambda images: images.reshape(len(images), -1) / images.max()),
        N_("Each image is divided by its own largest pixel. Divide all of them by 255."): (
            lambda images: (
                images.reshape(len(images), -1)
                / images.reshape(len(images), -1).max(axis=1, keepdims=True)
            )
        ),
        N_(
            "It is divided by the number of pixels. What must become 1 is their largest value, 255."
        ): (lambda images: images.reshape(len(images), -1) / images[0].size),
        N_("Only the first image is returned. Each image becomes a row."): (
            lambda images: images[0].ravel() / 255
        ),
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
    for n in (1, 4, 7, 25):
        yield rng.integers(0, 6, n), 6
    yield np.array([1001, 0]), 1003


def _rows_for_columns(labels, classes):
    y = np.zeros((len(labels), classes))
    y[labels, np.arange(len(labels))] = 1
    return y


def _rows_filled(labels, classes):
    y = np.zeros((len(labels), classes))
    y[labels] = 1
    return y


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
        N_("There are always 10 columns. Make as many as there are `classes`."): (
            lambda labels, classes: np.eye(10)[labels]
        ),
        N_("Classes count from 0: label 0 has its 1 in the first column."): (
            lambda labels, classes: np.eye(classes)[labels.astype(int) - 1]
        ),
        N_(
            "Classes count from 0: label 0 gets no 1 here, and each other 1 is a column too early."
        ): (
            lambda labels, classes: (labels[:, np.newaxis] == np.arange(1, classes + 1)).astype(
                float
            )
        ),
        N_("Rows and columns are turned round: there must be a row for each label."): (
            lambda labels, classes: np.eye(classes)[labels].T
        ),
        N_("The indices have changed places: first the row, then the column, `y[i, labels[i]]`."): (
            _rows_for_columns
        ),
        N_("The label itself stands in its column. It must be a 1."): (
            lambda labels, classes: np.eye(classes)[labels] * labels[:, np.newaxis]
        ),
        N_("Zeros and ones have changed places."): lambda labels, classes: (
            1 - np.eye(classes)[labels]
        ),
        N_("The other columns hold -1. They must hold 0."): lambda labels, classes: (
            2 * np.eye(classes)[labels] - 1
        ),
        N_("All columns up to the label hold 1. Only the label's own may."): (
            lambda labels, classes: (np.arange(classes) <= labels[:, np.newaxis]) * 1.0
        ),
        N_("The columns are counted from the right. Label 0 has its 1 in the first one."): (
            lambda labels, classes: np.eye(classes)[labels][:, ::-1]
        ),
        N_("Every row has the ones of all labels. zeros[:, labels] = 1 fills whole columns."): (
            lambda labels, classes: np.tile(np.eye(classes)[labels].max(axis=0), (len(labels), 1))
        ),
        N_(
            "Whole rows are filled with 1, those that the labels number: `y[labels] = 1` does so."
        ): (_rows_filled),
        N_("There is one row for all labels together. Each label needs a row of its own."): (
            lambda labels, classes: np.eye(classes)[labels].max(axis=0)
        ),
        N_("Only the row of the first label is returned. Each label needs a row."): (
            lambda labels, classes: np.eye(classes)[labels[0]]
        ),
        N_("Only the first row has its 1. Go on to the others."): (
            lambda labels, classes: (
                np.eye(classes)[labels] * (np.arange(len(labels)) == 0)[:, np.newaxis]
            )
        ),
        N_("The last row has no 1. Does the loop end too early?"): (
            lambda labels, classes: (
                np.eye(classes)[labels] * (np.arange(len(labels)) < len(labels) - 1)[:, np.newaxis]
            )
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


def odd_networks():
    """x, W1, b1, W2, b2: whole numbers in all, in some; numbers that are tiny, and large ones."""
    yield (
        np.array([[2, -1], [0, 3], [1, 1]]),
        np.array([[1, -2, 3], [2, 1, -1]]),
        np.array([-1, 0, 1]),
        np.array([[1, 0], [-1, 2], [0, 1]]),
        np.array([0, -1]),
    )
    x, W1, b1 = np.array([[2, -1], [1, 3]]), np.array([[1, -2], [2, 1]]), np.array([1, 0])
    W2, b2 = np.array([[1, 0, -1], [-1, 2, 1]]), np.array([1, -1, 0])
    yield x, W1 / 8, b1 / 8, W2, b2 / 8
    yield x / 8, W1, b1 / 8, W2 / 8, b2
    yield x / 8, W1 / 8, b1, W2 / 8, b2 / 8
    yield (
        np.array([[1500.0, -800.0]]),
        np.array([[0.0004, -0.0003], [0.0002, 0.0007]]),
        np.array([0.5, 1.5]),
        np.array([[1.0, -0.5], [0.25, 2.0]]),
        np.array([0.5, 0.0]),
    )
    yield (
        np.array([[0.0003, -0.0002], [0.0, 0.0004]]),
        np.array([[1.0, -2.0, 0.5], [-1.0, 1.5, 2.0]]),
        np.array([0.0002, 0.0, -0.0004]),
        np.array([[1500.0, 0.0], [-900.0, 2200.0], [700.0, 1.0]]),
        np.array([0.0004, -0.0003]),
    )
    yield (
        np.array([[1200.0, -700.0, 2.0], [-3.0, 1500.0, 0.5]]),
        np.array([[1.0, -2.0], [0.5, 1.0], [-1400.0, 1600.0]]),
        np.array([1100.0, -1300.0]),
        np.array([[0.0003, -0.0004, 0.0], [0.0002, 0.0006, -0.0008]]),
        np.array([0.5, 1.0, -1.0]),
    )


def forward_passes(rng):
    """x, W1, b1, W2, b2: usual networks, odd ones, one of many rows."""
    yield from networks(rng)
    yield from odd_networks()
    shapes = (25, 2), (2, 3), (3,), (3, 2), (2,)
    yield tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes)


def with_scores(*rows):
    """A network whose scores for the rows of x, which are those of the unit matrix, are ``rows``."""
    scores = np.array(rows, dtype=float)
    n, classes = scores.shape
    return np.eye(n), np.eye(n), np.zeros(n), scores, np.zeros(classes)


def softmax(z, axis=1, shift=None):
    """e^z / sum e^z along an axis; the largest z is subtracted first, or what ``shift`` gives."""
    e = np.exp(z - (shift(z) if shift else z.max(axis=axis, keepdims=True)))
    return e / e.sum(axis=axis, keepdims=True)


def read(x, W1, b1, W2, b2, relu=lambda z: np.maximum(z, 0), shares=softmax):
    """h = max(0, x W1 + b1), p = softmax(h W2 + b2); the known mistakes change one of the two."""
    h = relu(x @ W1 + b1)
    return h, shares(h @ W2 + b2)


def read_with(**change):
    """The wrong variant with another ``relu`` or ``shares``."""
    return lambda x, W1, b1, W2, b2: read(x, W1, b1, W2, b2, **change)


def shifted_by(shift):
    """The wrong variant that subtracts ``shift(z)`` in place of the largest score of the row."""
    return read_with(shares=lambda z: softmax(z, shift=shift))


softmax_network = exercise(
    number="5.3",
    name="softmax_network",
    title=N_("From pixels to shares"),
    points=2,
    minutes=15,
    difficulty=2,
    reference=read,
    inputs=forward_passes,
    returns=("h", "p"),
    overflow_free=True,
    extremes=(
        (
            np.array([[1000.0], [0.0]]),
            np.array([[1.0]]),
            np.array([0.0]),
            np.array([[1.0, 0.0]]),
            np.array([0.0, 0.0]),
        ),
        (
            np.array([[1.0, 2.0]]),
            np.array([[2.0, -1.0], [-0.5, 1.0]]),
            np.array([0.0, 0.0]),
            np.array([[3.0, -2.0, 1.0], [0.5, 1.0, -1.0]]),
            np.array([2200.0, 2201.5, -1200.0]),
        ),
        with_scores([4000, 3999, 4001]),
        with_scores([-4000, -3999, -4001]),
        with_scores([3000, 0, -100]),
        with_scores([-100, 0, 3000]),
        with_scores([0, 3000, 0]),
        with_scores([3000, 3000, 0]),
        with_scores([900, 0, 900]),
        with_scores([0, -3000, -3000, -3001]),
        with_scores([5000, 4999], [-2, -1], [-5000, -4998]),
    ),
    hints=(
        N_(
            "A dense layer with ReLU gives h, a second dense layer the scores, softmax the shares p."
        ),
        N_("Softmax goes row by row: axis=1, and keepdims=True, so that the division fits."),
        N_("If e^z overflows: subtract the largest score of each row before np.exp."),
    ),
    why=N_(
        "Two layers and a softmax: that is the whole network that reads digits. h is returned too, because the backward "
        "pass needs it. With the largest score of each row subtracted, no exponential is above 1."
    ),
    mistakes={
        N_("The ReLU is missing between the layers."): read_with(relu=lambda z: z),
        N_("The ReLU takes the minus away from what is negative. It must become 0."): read_with(
            relu=np.abs
        ),
        N_("This is a sigmoid between the layers. The ReLU is asked: max(0, z)."): read_with(
            relu=lambda z: 1 / (1 + np.exp(-z))
        ),
        N_("A tanh stands between the layers. The ReLU is asked: max(0, z)."): read_with(
            relu=np.tanh
        ),
        N_("What is negative is kept, made smaller. The ReLU makes it 0."): read_with(
            relu=lambda z: np.where(z > 0, z, 0.01 * z)
        ),
        N_("The second layer has a ReLU as well. Its scores go to softmax as they are."): read_with(
            shares=lambda z: softmax(np.maximum(z, 0))
        ),
        N_("Softmax is missing: these are the scores."): read_with(shares=lambda z: z),
        N_("Each score has become a share by itself, with a sigmoid. Softmax compares them."): (
            read_with(shares=lambda z: 1 / (1 + np.exp(-z)))
        ),
        N_("The scores themselves are divided by their sum. Softmax divides their exponentials."): (
            read_with(shares=lambda z: z / z.sum(axis=1, keepdims=True))
        ),
        N_("These are e to the scores. Divide them by their sum, row by row."): read_with(
            shares=lambda z: np.exp(z - z.max(axis=1, keepdims=True))
        ),
        N_("These are the logarithms of the shares. The shares themselves are asked."): read_with(
            shares=lambda z: np.log(softmax(z))
        ),
        N_("Softmax is taken along the columns. The shares of one image add up to 1: axis=1."): (
            read_with(shares=lambda z: softmax(z, axis=0))
        ),
        N_(
            "keepdims=True is missing in the sum: what is divided by is not the row's own sum, or does not fit."
        ): read_with(
            shares=lambda z: (
                np.exp(z - z.max(axis=1, keepdims=True))
                / np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)
            )
        ),
        N_(
            "keepdims=True is missing in the maximum: what is subtracted is not the row's own, or does not fit."
        ): shifted_by(lambda z: z.max(axis=1)),
        N_(
            "keepdims=True is missing, in the maximum and in the sum: neither is taken row by row, or does not fit."
        ): read_with(
            shares=lambda z: np.exp(z - z.max(axis=1)) / np.exp(z - z.max(axis=1)).sum(axis=1)
        ),
        N_("The largest score of each column is subtracted. Take that of each row: axis=1."): (
            shifted_by(lambda z: z.max(axis=0))
        ),
        N_(
            "The shares of all images together add up to 1. They must do so in each row."
        ): read_with(shares=lambda z: softmax(z.reshape(1, -1)).reshape(z.shape)),
        N_("e^z overflows for large scores. Subtract the largest of each row first."): shifted_by(
            lambda z: 0
        ),
        N_(
            "The largest score of all rows is subtracted, and a row far below it vanishes. Take each row's."
        ): shifted_by(np.max),
        N_(
            "The mean of each row is subtracted, and far above it e^z overflows. Take the largest."
        ): (shifted_by(lambda z: z.mean(axis=1, keepdims=True))),
        N_(
            "The median of each row is subtracted, and far above it e^z overflows. Take the largest."
        ): (shifted_by(lambda z: np.median(z, axis=1, keepdims=True))),
        N_("The smallest score of each row is subtracted, so e^z overflows. Take the largest."): (
            shifted_by(lambda z: z.min(axis=1, keepdims=True))
        ),
        N_(
            "The first score of each row is subtracted, and another may be far above it."
        ): shifted_by(lambda z: z[:, :1]),
        N_(
            "The last score of each row is subtracted, and another may be far above it."
        ): shifted_by(lambda z: z[:, -1:]),
        N_(
            "The largest absolute value of each row is subtracted. Where all scores are far below 0, every e^z vanishes."
        ): shifted_by(lambda z: np.abs(z).max(axis=1, keepdims=True)),
        N_(
            "The scores are cut off, as by np.clip(z, -500, 500), and those beyond become equal."
        ): read_with(shares=lambda z: softmax(np.clip(z, -500, 500), shift=lambda z: 0)),
        N_("b1 is missing."): (lambda x, W1, b1, W2, b2: read(x, W1, 0 * b1, W2, b2)),
        N_("b2 is missing."): (lambda x, W1, b1, W2, b2: read(x, W1, b1, W2, 0 * b2)),
        N_("b1 and b2 are missing."): (lambda x, W1, b1, W2, b2: read(x, W1, 0 * b1, W2, 0 * b2)),
        N_("Only p is returned. Return h as well: h, p."): (
            lambda x, W1, b1, W2, b2: read(x, W1, b1, W2, b2)[1]
        ),
        N_("The two are right, in another order. Return h, p."): (
            lambda x, W1, b1, W2, b2: read(x, W1, b1, W2, b2)[::-1]
        ),
        N_("h is returned before the ReLU. The backward pass needs it after."): (
            lambda x, W1, b1, W2, b2: (x @ W1 + b1, read(x, W1, b1, W2, b2)[1])
        ),
        N_("In place of h stand the scores of the second layer. Return h, p."): (
            lambda x, W1, b1, W2, b2: (
                read(x, W1, b1, W2, b2)[0] @ W2 + b2,
                read(x, W1, b1, W2, b2)[1],
            )
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
    for x, W1, b1, W2, b2 in odd_networks():
        h, p = read(x, W1, b1, W2, b2)
        yield x, np.eye(p.shape[1], dtype=int)[np.arange(len(x)) % 2], h, p, W2
    yield (
        np.array([[0.5, 3000.0], [1.5, -2.0]]),
        np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
        np.array([[0.0004, 0.5], [0.0, 2500.0]]),
        np.array([[0.9999, 0.0001, 0.0], [0.0004, 0.9993, 0.0003]]),
        np.array([[1.0, -9000.0, 3.0], [0.0005, 4.0, 7000.0]]),
    )
    h = np.maximum(rng.normal(size=(25, 21)), 0).round(2)
    p = softmax(rng.normal(size=(25, 3)))
    x, W2 = rng.normal(size=(25, 22)).round(1), rng.normal(size=(21, 3)).round(1)
    yield x, np.eye(3)[np.arange(25) % 3], h, p, W2


def backward(x, y, h, p, W2, start=lambda y, p: (p - y) / len(y), mask=lambda dh, h: dh * (h > 0)):
    """dz2 = (p - y) / n, dz1 = dz2 W2^T where h > 0; the known mistakes change one of the two."""
    dz2 = start(y, p)
    dz1 = mask(dz2 @ W2.T, h)
    return x.T @ dz1, dz1.sum(axis=0), h.T @ dz2, dz2.sum(axis=0)


def back_with(**change):
    """The wrong variant with another ``start`` or ``mask``."""
    return lambda x, y, h, p, W2: backward(x, y, h, p, W2, **change)


def times(gradients, *factors):
    return [factor * g for factor, g in zip(factors, gradients)]


def with_biases(x, y, h, p, W2, total):
    """The gradients, those of the biases made of dz by ``total``."""
    dz2 = (p - y) / len(y)
    dz1 = dz2 @ W2.T * (h > 0)
    return x.T @ dz1, total(dz1), h.T @ dz2, total(dz2)


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
        N_("Nothing is divided by n. The loss is the mean over the images."): back_with(
            start=lambda y, p: p - y
        ),
        N_("The sign is turned round: the gradient at the scores is p - y."): back_with(
            start=lambda y, p: (y - p) / len(y)
        ),
        N_(
            "It is divided by the number of entries. The loss is a mean over images: divide by n."
        ): back_with(start=lambda y, p: (p - y) / y.size),
        N_(
            "It is divided by the number of classes. The loss is a mean over images: divide by n."
        ): back_with(start=lambda y, p: (p - y) / y.shape[1]),
        N_("The gradients of the weights are not divided by n, and those of the biases are."): (
            lambda x, y, h, p, W2: times(backward(x, y, h, p, W2), len(x), 1, len(x), 1)
        ),
        N_("The gradients of the biases are not divided by n, and those of the weights are."): (
            lambda x, y, h, p, W2: times(backward(x, y, h, p, W2), 1, len(x), 1, len(x))
        ),
        N_(
            "The gradients of the biases are divided by n twice: a mean of what was divided before."
        ): (lambda x, y, h, p, W2: times(backward(x, y, h, p, W2), 1, 1 / len(x), 1, 1 / len(x))),
        N_("The gradients of the first layer are divided by n twice."): (
            lambda x, y, h, p, W2: times(backward(x, y, h, p, W2), 1 / len(x), 1 / len(x), 1, 1)
        ),
        N_("The gradients of the first layer are not divided by n, and those of the second are."): (
            lambda x, y, h, p, W2: times(backward(x, y, h, p, W2), len(x), len(x), 1, 1)
        ),
        N_("The gradients of the second layer are not divided by n, and those of the first are."): (
            lambda x, y, h, p, W2: times(backward(x, y, h, p, W2), 1, 1, len(x), len(x))
        ),
        N_(
            "It comes out as if there were no ReLU: its mask is missing, or it is true everywhere, as "
            "with h >= 0. Where h is 0, nothing goes back."
        ): back_with(mask=lambda dh, h: dh),
        N_("The mask asks where the gradient is above 0. Ask where h is."): back_with(
            mask=lambda dh, h: dh * (dh > 0)
        ),
        N_("The mask is turned round: the gradient goes on where h > 0."): back_with(
            mask=lambda dh, h: dh * (h <= 0)
        ),
        N_(
            "The gradient is multiplied by h. Multiply by the ReLU's slope: 1 where h > 0, else 0."
        ): back_with(mask=lambda dh, h: dh * h),
        N_("h (1 - h) is the slope of the sigmoid. That of the ReLU is 1 where h > 0, else 0."): (
            back_with(mask=lambda dh, h: dh * h * (1 - h))
        ),
        N_("1 - h^2 is the slope of tanh. That of the ReLU is 1 where h > 0, else 0."): back_with(
            mask=lambda dh, h: dh * (1 - h**2)
        ),
        N_("A slope p (1 - p) is in it. Softmax and cross-entropy together leave p - y alone."): (
            back_with(start=lambda y, p: (p - y) * p * (1 - p) / len(y))
        ),
        N_("It starts with -y / p, which is the slope by p. By the scores it is p - y."): back_with(
            start=lambda y, p: -y / p / len(y)
        ),
        N_("It starts with p alone. What is wrong is p - y."): back_with(
            start=lambda y, p: p / len(y)
        ),
        N_("W2 is not turned round on the way back: dz2 @ W2.T."): (
            lambda x, y, h, p, W2: (
                x.T @ ((p - y) / len(y) @ W2 * (h > 0)),
                ((p - y) / len(y) @ W2 * (h > 0)).sum(axis=0),
                *backward(x, y, h, p, W2)[2:],
            )
        ),
        N_("The gradients of the weights are turned round: dW has the shape of W."): (
            lambda x, y, h, p, W2: [g.T for g in backward(x, y, h, p, W2)]
        ),
        N_("The gradient of a bias is a single row here, with two axes. Leave out keepdims."): (
            lambda x, y, h, p, W2: [
                g if i % 2 == 0 else g[np.newaxis] for i, g in enumerate(backward(x, y, h, p, W2))
            ]
        ),
        N_(
            "The gradients of the biases are added up along the wrong axis: axis=0 adds the images."
        ): (lambda x, y, h, p, W2: with_biases(x, y, h, p, W2, lambda dz: dz.sum(axis=1))),
        N_(
            "The gradient of all biases of a layer is one number. Add up the images alone: axis=0."
        ): (lambda x, y, h, p, W2: with_biases(x, y, h, p, W2, np.sum)),
        N_("The gradients of the biases are not added up over the images: sum(axis=0)."): (
            lambda x, y, h, p, W2: with_biases(x, y, h, p, W2, lambda dz: dz)
        ),
        N_("The four are right, in another order. Return dW1, db1, dW2, db2."): (
            lambda x, y, h, p, W2: (*backward(x, y, h, p, W2)[2:], *backward(x, y, h, p, W2)[:2])
        ),
        N_("First both of the weights, then both of the biases? Return dW1, db1, dW2, db2."): (
            lambda x, y, h, p, W2: [backward(x, y, h, p, W2)[i] for i in (0, 2, 1, 3)]
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
    yield (np.array([0.0004, -0.0007]),), (np.array([0.0003, -0.0005]),), 0.5
    yield (np.array([2.0]), np.array([-1.5])), (np.array([0.0003]), np.zeros(1)), 1500.0
    yield (np.array([0.1, -2000.0, 2500.0]),), (np.array([3000.0, -700.0, 40.0]),), 0.0002
    yield (
        [np.full((1, 1), w) for w in range(22)],
        [np.full((1, 1), g + 0.5) for g in range(22)],
        0.3,
    )
    for shapes in (((3,),), ((2, 3), (3,)), ((2, 2), (2, 2)), ((25, 2), (2,), (2, 1), (1,))):
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
        N_("The learning rate is always 0.1 here. Use the one that is given."): (
            lambda weights, gradients, learning_rate: [
                w - 0.1 * g for w, g in zip(weights, gradients)
            ]
        ),
        N_("It is divided by the learning rate. Multiply the gradient by it."): (
            lambda weights, gradients, learning_rate: [
                w - g / learning_rate for w, g in zip(weights, gradients)
            ]
        ),
        N_("The difference is multiplied by the learning rate. Multiply the gradient alone."): (
            lambda weights, gradients, learning_rate: [
                learning_rate * (w - g) for w, g in zip(weights, gradients)
            ]
        ),
        N_("These are the steps alone. Subtract them from the weights."): (
            lambda weights, gradients, learning_rate: [learning_rate * g for g in gradients]
        ),
        N_("These are the steps alone, against the gradients. Add them to the weights."): (
            lambda weights, gradients, learning_rate: [-learning_rate * g for g in gradients]
        ),
        N_(
            "The weights come back as they were. In a loop `w = w - ...` would only give a new array the name w, and the "
            "list would not hold it: collect the new arrays in a list of their own."
        ): (lambda weights, gradients, learning_rate: list(weights)),
        N_("Only the first array takes its step. All of them do."): (
            lambda weights, gradients, learning_rate: [
                weights[0] - learning_rate * gradients[0],
                *weights[1:],
            ]
        ),
        N_("Only the first array is returned, in a list. Return all of them, after the loop."): (
            lambda weights, gradients, learning_rate: [weights[0] - learning_rate * gradients[0]]
        ),
        N_("Only the first array is returned, without a list. Return a list of all of them."): (
            lambda weights, gradients, learning_rate: weights[0] - learning_rate * gradients[0]
        ),
        N_("Only the last array is returned, in a list. Return all of them."): (
            lambda weights, gradients, learning_rate: [weights[-1] - learning_rate * gradients[-1]]
        ),
        N_("Only the last array is returned, without a list. Return a list of all of them."): (
            lambda weights, gradients, learning_rate: weights[-1] - learning_rate * gradients[-1]
        ),
        N_("The last array is left out. All of them take a step."): (
            lambda weights, gradients, learning_rate: [
                w - learning_rate * g for w, g in zip(weights[:-1], gradients)
            ]
        ),
        N_(
            "All arrays are put into one, which takes arrays of one shape only. Let each take its own step."
        ): (
            lambda weights, gradients, learning_rate: (
                np.array(weights) - learning_rate * np.array(gradients)
            )
        ),
        N_("What stands behind the point is cut off, as in an array of whole numbers."): (
            lambda weights, gradients, learning_rate: [
                (w - learning_rate * g).astype(w.dtype) for w, g in zip(weights, gradients)
            ]
        ),
        N_("Every entry of an array takes the mean step. Each entry has a slope of its own."): (
            lambda weights, gradients, learning_rate: [
                w - learning_rate * np.mean(g) for w, g in zip(weights, gradients)
            ]
        ),
        N_("Every entry of an array takes the steps of all. Each entry has a slope of its own."): (
            lambda weights, gradients, learning_rate: [
                w - learning_rate * np.sum(g) for w, g in zip(weights, gradients)
            ]
        ),
        N_(
            "All steps are equally long: only the sign of the slope is used. Use its size as well."
        ): (
            lambda weights, gradients, learning_rate: [
                w - learning_rate * np.sign(g) for w, g in zip(weights, gradients)
            ]
        ),
        N_("Each gradient is scaled to the length 1. The step is as long as the slope says."): (
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
    yield np.array([[2, -7]]), np.array([[3, 0]]), np.array([[5, -3]]), 0.3, 0.7
    yield np.array([1.0, -2.0]), np.array([0.5, 4.0]), np.array([8.0, -1.0]), 0.2, 0.0
    yield (
        np.array([0.0004, -0.0002]),
        np.array([0.0003, -0.0007]),
        np.array([-0.0006, 0.0]),
        0.25,
        0.5,
    )
    yield (
        np.array([4000.0, -2000.0]),
        np.array([5000.0, -700.0]),
        np.array([3000.0, 800.0]),
        0.0003,
        0.995,
    )
    yield np.array([0.5, 3.0]), np.array([-0.0007, 2.0]), np.array([0.0005, -1.0]), 1500.0, 0.0004
    for shape in ((3,), (2, 3), (1, 4), (25, 1)):
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
            lambda w, g, v, rate, momentum: (w - rate * v, momentum * v + g)
        ),
        N_("The old velocity is returned. Return the new one."): (
            lambda w, g, v, rate, momentum: (w - rate * (momentum * v + g), v)
        ),
        N_(
            "The learning rate is in the velocity, as in chapter 2. Here it is in the step alone: v is "
            "momentum v + g, and w loses the learning rate times v."
        ): (lambda w, g, v, rate, momentum: (w + momentum * v - rate * g, momentum * v - rate * g)),
        N_(
            "The learning rate multiplies g in the velocity, and not the step. It belongs to the step alone."
        ): (lambda w, g, v, rate, momentum: (w - momentum * v - rate * g, momentum * v + rate * g)),
        N_("The learning rate is in the velocity as well. It belongs to the step alone."): (
            lambda w, g, v, rate, momentum: (
                w - rate * (momentum * v + rate * g),
                momentum * v + rate * g,
            )
        ),
        N_("The learning rate is missing: the step is the learning rate times the velocity."): (
            lambda w, g, v, rate, momentum: (w - (momentum * v + g), momentum * v + g)
        ),
        N_("The gradient is weighed with 1 - momentum. Here it is added as it is."): (
            lambda w, g, v, rate, momentum: (
                w - rate * (momentum * v + (1 - momentum) * g),
                momentum * v + (1 - momentum) * g,
            )
        ),
        N_("momentum is left of the old velocity; here 1 - momentum is, and g has the rest."): (
            lambda w, g, v, rate, momentum: (
                w - rate * ((1 - momentum) * v + momentum * g),
                (1 - momentum) * v + momentum * g,
            )
        ),
        N_("momentum multiplies g instead of the old velocity."): (
            lambda w, g, v, rate, momentum: (w - rate * (v + momentum * g), v + momentum * g)
        ),
        N_("momentum multiplies g as well. It multiplies the old velocity alone."): (
            lambda w, g, v, rate, momentum: (w - rate * momentum * (v + g), momentum * (v + g))
        ),
        N_("The velocity does not fade: multiply the old one by momentum."): (
            lambda w, g, v, rate, momentum: (w - rate * (v + g), v + g)
        ),
        N_("The gradient is not in the new velocity: momentum v + g."): (
            lambda w, g, v, rate, momentum: (w - rate * momentum * v, momentum * v)
        ),
        N_("The velocity is not used in the step: this is plain SGD."): (
            lambda w, g, v, rate, momentum: (w - rate * g, momentum * v + g)
        ),
        N_("The old velocity is not used at all: this is plain SGD."): (
            lambda w, g, v, rate, momentum: (w - rate * g, g)
        ),
        N_("This climbs: subtract the step."): (
            lambda w, g, v, rate, momentum: (w + rate * (momentum * v + g), momentum * v + g)
        ),
        N_("The gradient is subtracted from the velocity. Add it, and subtract the step."): (
            lambda w, g, v, rate, momentum: (w + rate * (momentum * v - g), momentum * v - g)
        ),
        N_("The gradient is subtracted twice, in the velocity and in the step. Add it first."): (
            lambda w, g, v, rate, momentum: (w - rate * (momentum * v - g), momentum * v - g)
        ),
        N_("What stands behind the point is cut off, as in an array of whole numbers."): (
            lambda w, g, v, rate, momentum: (
                (w - rate * (momentum * v + g).astype(w.dtype)).astype(w.dtype),
                (momentum * v + g).astype(w.dtype),
            )
        ),
        N_(
            "The new velocity has lost what stands behind the point, as in an array of whole numbers."
        ): (
            lambda w, g, v, rate, momentum: (
                w - rate * (momentum * v + g).astype(v.dtype),
                (momentum * v + g).astype(v.dtype),
            )
        ),
        N_("Only the weights are returned. The next step needs the velocity too: w, velocity."): (
            lambda w, g, v, rate, momentum: w - rate * (momentum * v + g)
        ),
        N_("Only the velocity is returned. Return the new weights as well: w, velocity."): (
            lambda w, g, v, rate, momentum: momentum * v + g
        ),
        N_("The two are right, in another order. Return w, velocity."): (
            lambda w, g, v, rate, momentum: (momentum * v + g, w - rate * (momentum * v + g))
        ),
        N_("In place of w stands the step. Subtract it from the weights."): (
            lambda w, g, v, rate, momentum: (rate * (momentum * v + g), momentum * v + g)
        ),
        N_("This is Nesterov's form. Here the step goes along the new velocity."): (
            lambda w, g, v, rate, momentum: (
                w - rate * (g + momentum * (momentum * v + g)),
                momentum * v + g,
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
    yield np.array([0.5, -0.5]), np.array([0.0, 2.0]), np.zeros(2), np.zeros(2), 1, 0.1
    yield np.array([[-3]]), np.array([[0]]), np.array([[7]]), np.array([[5]]), 4, 0.3
    yield np.array([1, -2]), np.array([2, -1]), np.array([1, 0]), np.array([2, 1]), 2000, 0.5
    yield (
        np.array([0.0004, -0.0003]),
        np.array([0.0003, 0.0006]),
        np.array([-0.0008, 0.0]),
        np.array([0.0002, 0.00005]),
        1,
        0.0005,
    )
    yield (
        np.array([-3000.0, 2000.0]),
        np.array([4000.0, -1500.0]),
        np.array([2500.0, -6000.0]),
        np.array([5e6, 9000.0]),
        3000,
        1500.0,
    )
    for shape, t in (((3,), 2), ((2, 3), 10), ((4, 1), 1000), ((25, 1), 25)):
        w, g, m = (rng.normal(size=shape).round(1) + 0.05 for _array in range(3))
        yield w, g, m, rng.uniform(0.1, 2, shape).round(2), t, 0.1


def adam(
    w,
    g,
    m,
    v,
    t,
    learning_rate,
    means=lambda g, m, v: (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g),
    corrected=lambda m, v, t: (m / (1 - 0.9**t), v / (1 - 0.999**t)),
    step=lambda m, v, g, t: m / (np.sqrt(v) + 1e-7),
):
    """Kingma & Ba (2015), algorithm 1; the known mistakes change one thing each."""
    m, v = means(g, m, v)
    return w - learning_rate * step(*corrected(m, v, t), g, t), m, v


def adam_with(**change):
    """The wrong variant with other ``means``, another correction or another ``step``."""
    return lambda w, g, m, v, t, learning_rate: adam(w, g, m, v, t, learning_rate, **change)


def adam_giving(parts):
    """The wrong variant that makes of the right w, m, v what ``parts(w, m, v, t)`` says."""
    return lambda w, g, m, v, t, learning_rate: parts(*adam(w, g, m, v, t, learning_rate), t)


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
        N_("The means are not corrected: divide m by 1 - 0.9**t and v by 1 - 0.999**t."): adam_with(
            corrected=lambda m, v, t: (m, v)
        ),
        N_("v is not corrected: divide it by 1 - 0.999**t, as m by 1 - 0.9**t."): adam_with(
            corrected=lambda m, v, t: (m / (1 - 0.9**t), v)
        ),
        N_("m is not corrected: divide it by 1 - 0.9**t, as v by 1 - 0.999**t."): adam_with(
            corrected=lambda m, v, t: (m, v / (1 - 0.999**t))
        ),
        N_(
            "The correction is that of the first step always. In step t it is 1 - 0.9**t and 1 - 0.999**t."
        ): (adam_with(corrected=lambda m, v, t: (m / (1 - 0.9), v / (1 - 0.999)))),
        N_(
            "The correction is a step ahead: t is 1 in the first step, so take 0.9**t and 0.999**t."
        ): (
            adam_with(
                corrected=lambda m, v, t: (m / (1 - 0.9 ** (t + 1)), v / (1 - 0.999 ** (t + 1)))
            )
        ),
        N_(
            "The correction is a step late: t is 1 in the first step, so take 0.9**t and 0.999**t."
        ): (
            adam_with(
                corrected=lambda m, v, t: (
                    m / (1 - np.float64(0.9) ** (t - 1)),
                    v / (1 - np.float64(0.999) ** (t - 1)),
                )
            )
        ),
        N_(
            "The corrections are 1 - 0.9 t and 1 - 0.999 t here. They are powers: 0.9**t and 0.999**t."
        ): (adam_with(corrected=lambda m, v, t: (m / (1 - 0.9 * t), v / (1 - 0.999 * t)))),
        N_("The means are multiplied by 1 - 0.9**t and 1 - 0.999**t. Divide by them."): adam_with(
            corrected=lambda m, v, t: (m * (1 - 0.9**t), v * (1 - 0.999**t))
        ),
        N_(
            "It is divided by 0.9**t and 0.999**t. Divide by 1 - 0.9**t and 1 - 0.999**t."
        ): adam_with(corrected=lambda m, v, t: (m / 0.9**t, v / np.float64(0.999) ** t)),
        N_("The square root is missing under the step."): adam_with(
            step=lambda m, v, g, t: m / (v + 1e-7)
        ),
        N_(
            "1e-7 is not part of what is divided by: it is missing, or stands outside the brackets. "
            "Divide by (np.sqrt(...) + 1e-7)."
        ): (
            adam_with(step=lambda m, v, g, t: m / np.sqrt(v)),
            adam_with(step=lambda m, v, g, t: m / np.sqrt(v) + 1e-7),
            lambda w, g, m, v, t, learning_rate: (
                adam(w, g, m, v, t, learning_rate, step=lambda m, v, g, t: m / np.sqrt(v))[0]
                + 1e-7,
                *adam(w, g, m, v, t, learning_rate)[1:],
            ),
        ),
        N_("1e-7 is under the root. It is added after it."): adam_with(
            step=lambda m, v, g, t: m / np.sqrt(v + 1e-7)
        ),
        N_("1e-8 is added to the root. Some books do so, but here it is 1e-7."): adam_with(
            step=lambda m, v, g, t: m / (np.sqrt(v) + 1e-8)
        ),
        N_(
            "1e-7 is added before the correction, as in Keras. Here it is the paper's formula: first divide v by "
            "1 - 0.999**t, then add it to the root."
        ): (adam_with(step=lambda m, v, g, t: m / (np.sqrt(v) + 1e-7 / np.sqrt(1 - 0.999**t)))),
        N_("0.9 and 0.999 have changed places."): adam_with(
            means=lambda g, m, v: (0.999 * m + 0.001 * g, 0.9 * v + 0.1 * g * g),
            corrected=lambda m, v, t: (m / (1 - 0.999**t), v / (1 - 0.9**t)),
        ),
        N_("In the means 0.9 and 0.1 have changed places, and 0.999 and 0.001."): adam_with(
            means=lambda g, m, v: (0.1 * m + 0.9 * g, 0.001 * v + 0.999 * g * g)
        ),
        N_("v has the factors 0.9 and 0.1, as m. It takes 0.999 and 0.001."): adam_with(
            means=lambda g, m, v: (0.9 * m + 0.1 * g, 0.9 * v + 0.1 * g * g),
            corrected=lambda m, v, t: (m / (1 - 0.9**t), v / (1 - 0.9**t)),
        ),
        N_("v has the factors 0.99 and 0.01. It takes 0.999 and 0.001."): adam_with(
            means=lambda g, m, v: (0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g),
            corrected=lambda m, v, t: (m / (1 - 0.9**t), v / (1 - 0.99**t)),
        ),
        N_(
            "The gradients are added to the means as they are. They count 0.1, their squares 0.001."
        ): (adam_with(means=lambda g, m, v: (0.9 * m + g, 0.999 * v + g * g))),
        N_("The gradient is not squared in v."): adam_with(
            means=lambda g, m, v: (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g)
        ),
        N_("In v stands the square of m. It is a mean of the squares of g."): adam_with(
            means=lambda g, m, v: (
                0.9 * m + 0.1 * g,
                0.999 * v + 0.001 * (0.9 * m + 0.1 * g) ** 2,
            )
        ),
        N_("The step is taken with the old m and v. First bring them up to date."): (
            lambda w, g, m, v, t, learning_rate: (
                adam(w, g, m, v, t, learning_rate, means=lambda g, m, v: (m, v))[0],
                *adam(w, g, m, v, t, learning_rate)[1:],
            )
        ),
        N_(
            "The corrected means are returned. Return m and v as they were before the correction."
        ): (adam_giving(lambda w, m, v, t: (w, m / (1 - 0.9**t), v / (1 - 0.999**t)))),
        N_("The old m and v are returned. Return the new ones."): (
            lambda w, g, m, v, t, learning_rate: (adam(w, g, m, v, t, learning_rate)[0], m, v)
        ),
        N_("This climbs: subtract the step."): (
            lambda w, g, m, v, t, learning_rate: (
                2 * w - adam(w, g, m, v, t, learning_rate)[0],
                *adam(w, g, m, v, t, learning_rate)[1:],
            )
        ),
        N_("In place of w stands the step. Subtract it from the weights."): (
            lambda w, g, m, v, t, learning_rate: (
                w - adam(w, g, m, v, t, learning_rate)[0],
                *adam(w, g, m, v, t, learning_rate)[1:],
            )
        ),
        N_("The gradient takes the place of its running mean m, as in RMSprop."): adam_with(
            step=lambda m, v, g, t: g / (np.sqrt(v) + 1e-7)
        ),
        N_("The learning rate is missing: the step is the learning rate times the quotient."): (
            lambda w, g, m, v, t, learning_rate: adam(w, g, m, v, t, 1)
        ),
        N_("What stands behind the point is cut off in m and v, as in arrays of whole numbers."): (
            adam_with(
                means=lambda g, m, v: (
                    (0.9 * m + 0.1 * g).astype(m.dtype),
                    (0.999 * v + 0.001 * g * g).astype(v.dtype),
                )
            )
        ),
        N_("Only the weights are returned. The next step needs m and v too: w, m, v."): (
            adam_giving(lambda w, m, v, t: w)
        ),
        N_("The three are right, in another order. Return w, m, v."): adam_giving(
            lambda w, m, v, t: (m, v, w)
        ),
        N_("m and v are right, in another order. Return w, m, v."): adam_giving(
            lambda w, m, v, t: (w, v, m)
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
    yield np.array([22, 0, 17], np.uint8), np.array([16, 22, 17], np.uint8), 23
    for n in (1, 8, 20, 25):
        yield rng.integers(0, 4, n), rng.integers(0, 4, n), 4
    many = np.repeat([0, 1], [1300, 2]), np.repeat([1, 0], [1299, 3])
    yield *many, 2
    yield *(labels.astype(np.uint8) for labels in many), 2


def counted(change):
    """The wrong variant that makes ``change(matrix)`` of the right matrix."""
    return lambda y, predicted, classes: change(metrics.confusion_matrix(y, predicted, classes))


def _ten_by_ten(y, predicted):
    matrix = np.zeros((10, 10), dtype=int)
    np.add.at(matrix, (y, predicted), 1)
    return matrix


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
        N_("Rows and columns are turned round: the row is the true class."): counted(
            lambda matrix: matrix.T
        ),
        N_(
            "A pair counts once, however often it comes: `matrix[y, predicted] += 1` does so, and `= 1` in a loop. "
            "Add 1 for each image, in a loop."
        ): counted(lambda matrix: np.minimum(matrix, 1)),
        N_(
            "The counts begin at 0 again after 255: they are kept in bytes. Take dtype=int."
        ): counted(lambda matrix: matrix.astype(np.uint8)),
        N_(
            "The size is counted from the labels. A class may be missing among them: use `classes`."
        ): (lambda y, predicted, classes: metrics.confusion_matrix(y, predicted)),
        N_("The matrix always has 10 rows and columns. Make as many as there are `classes`."): (
            lambda y, predicted, classes: _ten_by_ten(y, predicted)
        ),
        N_("Classes count from 0: class 0 stands in the first row and column."): (
            lambda y, predicted, classes: np.roll(
                metrics.confusion_matrix(y, predicted, classes), (-1, -1), axis=(0, 1)
            )
        ),
        N_("Each row is divided by its sum. Counts are asked."): counted(
            lambda matrix: matrix / matrix.sum(axis=1, keepdims=True)
        ),
        N_("Each column is divided by its sum. Counts are asked."): counted(
            lambda matrix: matrix / matrix.sum(axis=0, keepdims=True)
        ),
        N_("These are parts of all images. Counts are asked."): counted(
            lambda matrix: matrix / matrix.sum()
        ),
        N_(
            "Only the right answers are counted, on the diagonal. The others count as well."
        ): counted(lambda matrix: matrix * np.eye(len(matrix), dtype=int)),
        N_("Only the wrong answers are counted. The right ones stand on the diagonal."): counted(
            lambda matrix: matrix * (1 - np.eye(len(matrix), dtype=int))
        ),
        N_(
            "Each pair is counted both ways round. Row: the true class; column: the predicted one."
        ): (counted(lambda matrix: matrix + matrix.T)),
        N_("Every count is 1 too large: begin with zeros."): counted(lambda matrix: matrix + 1),
        N_(
            "The matrix stays 0: nothing is added to it, or only to a copy of rows, as by `matrix[y][predicted] += 1`."
        ): (counted(np.zeros_like)),
        N_("Only the first image is counted. Does `return` stand in the loop?"): (
            lambda y, predicted, classes: metrics.confusion_matrix(y[:1], predicted[:1], classes)
        ),
        N_("The last image is not counted. Does the loop end too early?"): (
            lambda y, predicted, classes: metrics.confusion_matrix(y[:-1], predicted[:-1], classes)
        ),
        N_("The first image is not counted. Does the loop begin too late?"): (
            lambda y, predicted, classes: metrics.confusion_matrix(y[1:], predicted[1:], classes)
        ),
        N_("This is the accuracy. Count every pair of a true and a predicted class."): (
            lambda y, predicted, classes: np.mean(y == predicted)
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
    sizes = ((1, 0.5), (1, 0.5), (2, 0.1), (1, 0.5), (4, 0.3), (3, 0.5))
    for (x, *weights), (batch_size, learning_rate) in zip(networks(rng), sizes):
        yield *some_labels(rng, x, weights), batch_size, tuple(weights), learning_rate
    for n, batch_size, learning_rate in (
        (7, 3, 0.2),
        (5, 4, 0.5),
        (3, 1500, 0.4),
        (25, 1, 0.1),
        (300, 150, 0.3),
    ):
        weights = [rng.normal(size=shape).round(1) + 0.05 for shape in ((2, 3), 3, (3, 4), 4)]
        x = rng.integers(-3, 4, (n, 2))  # whole numbers, and the weights are none
        yield *some_labels(rng, x, weights), batch_size, tuple(weights), learning_rate
    weights = [rng.normal(size=shape).round(1) + 0.05 for shape in ((22, 3), 3, (3, 2), 2)]
    yield *some_labels(rng, rng.normal(size=(2, 22)), weights), 2, weights, 0.1
    yield (
        np.array([[1500.0, -800.0], [-700.0, 900.0]]),
        np.array([[0, 1], [1, 0]]),
        np.array([0, 1]),
        1,
        [
            np.array([[0.0004, -0.001], [0.0005, 0.0003]]),
            np.array([0.25, -0.5]),
            np.array([[1.2, -0.8], [-0.7, 2.0]]),
            np.array([1500.0, 1501.0]),
        ],
        0.0005,
    )
    for scale, learning_rate in ((1, 1500.0), (0.5, 0.25)):
        yield (
            np.array([[0.0003, -0.0002]]),
            np.array([[1, 0]]),
            np.array([0]),
            1,
            [
                np.array([[0.0005, -0.0007], [0.0006, 0.0008]]),
                np.array([0.0002, -0.0003]),
                np.array([[0.0003, 0.0004], [0.0005, -0.0006]]) * scale,
                np.array([0.0002, -0.0003]),
            ],
            learning_rate,
        )


def some_labels(rng, x, weights):
    """x, y, order"""
    classes = weights[-1].size
    return x, np.eye(classes)[rng.integers(0, classes, len(x))], rng.permutation(len(x))


def in_batches(order, size):
    return [order[start : start + size] for start in range(0, len(order), size)]


def epoch(
    x,
    y,
    order,
    batch_size,
    weights,
    learning_rate,
    batches=in_batches,
    back=backward,
    sign=-1,
    fixed=False,
):
    """The textbook's loop; the known mistakes change one thing each."""
    at = weights
    for rows in batches(order, batch_size):
        h, p = read(x[rows], *(at if fixed else weights))
        gradients = back(x[rows], y[rows], h, p, (at if fixed else weights)[2])
        weights = [w + sign * learning_rate * g for w, g in zip(weights, gradients)]
    return list(weights)


def epoch_with(**change):
    """The wrong variant with other ``batches``, another ``sign`` or ``back``."""
    return lambda *args: epoch(*args, **change)


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
            lambda x, y, order, *others: epoch(x, y, np.arange(len(x)), *others)
        ),
        N_(
            "Images and labels are shuffled apart: `order` is used for x and not for y. Take the same rows of both."
        ): (lambda x, y, order, *others: epoch(x[order], y, np.arange(len(x)), *others)),
        N_(
            "Images and labels are shuffled apart: `order` is used for y and not for x. Take the same rows of both."
        ): (lambda x, y, order, *others: epoch(x, y[order], np.arange(len(x)), *others)),
        N_("All images make one batch. Cut them into batches of batch_size."): epoch_with(
            batches=lambda order, size: [order]
        ),
        N_("Each image makes a batch of its own. A batch has batch_size of them."): epoch_with(
            batches=lambda order, size: [[row] for row in order]
        ),
        N_(
            "The batches are evened out, as np.array_split does. Each has batch_size rows, and the last one what is left."
        ): epoch_with(batches=lambda order, size: np.array_split(order, -(-len(order) // size))),
        N_("There are batch_size batches. Each of them has batch_size rows."): epoch_with(
            batches=lambda order, size: [rows for rows in np.array_split(order, size) if len(rows)]
        ),
        N_("The last batch is left out where it is short. Its images count as well."): epoch_with(
            batches=lambda order, size: [
                order[i : i + size] for i in range(0, len(order) - len(order) % size, size)
            ]
        ),
        N_("The last batch is left out always. Go on to the end of `order`."): epoch_with(
            batches=lambda order, size: [
                order[i : i + size] for i in range(0, len(order) - size, size)
            ]
        ),
        N_("The batches overlap: the next one begins batch_size rows further."): epoch_with(
            batches=lambda order, size: [order[i : i + size] for i in range(len(order))]
        ),
        N_("The batches come from the last to the first. Begin with the first rows of `order`."): (
            epoch_with(
                batches=lambda order, size: [
                    order[i : i + size] for i in reversed(range(0, len(order), size))
                ]
            )
        ),
        N_("Every gradient is taken at the first weights. Go on from the new ones."): epoch_with(
            fixed=True
        ),
        N_("This climbs: subtract the step."): epoch_with(sign=1),
        N_("Only the first batch makes a step. Does `return` stand in the loop?"): epoch_with(
            batches=lambda order, size: [order[:size]]
        ),
        N_(
            "Only the last batch moves the weights. Each step starts from where the one before it has led."
        ): epoch_with(batches=lambda order, size: [order[(len(order) - 1) // size * size :]]),
        N_("The weights come back as they were. Put what `sgd_step` returns into `weights`."): (
            epoch_with(sign=0)
        ),
        N_(
            "The gradients are not divided by the size of the batch. The loss is the mean over its images."
        ): epoch_with(back=back_with(start=lambda y, p: p - y)),
        N_(
            "The gradients are divided by batch_size, also in a last batch that is short. Divide by its own size."
        ): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x,
                y,
                order,
                batch_size,
                weights,
                learning_rate,
                back=back_with(start=lambda y, p: (p - y) / batch_size),
            )
        ),
        N_(
            "The gradients are divided by the number of all images. The loss is the mean over those of the batch."
        ): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x,
                y,
                order,
                batch_size,
                weights,
                learning_rate,
                back=back_with(start=lambda y, p: (p - y) / len(x)),
            )
        ),
        N_("Only the first layer moves. All four arrays do."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x,
                y,
                order,
                batch_size,
                weights,
                learning_rate,
                back=lambda *args: times(backward(*args), 1, 1, 0, 0),
            )
        ),
        N_(
            "It comes out as if there were no ReLU on the way back: the mask is not there, or always true."
        ): (epoch_with(back=back_with(mask=lambda dh, h: dh))),
        N_("There are two epochs here. Use each image once."): (
            lambda x, y, order, batch_size, weights, learning_rate: epoch(
                x,
                y,
                order,
                batch_size,
                epoch(x, y, order, batch_size, weights, learning_rate),
                learning_rate,
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
