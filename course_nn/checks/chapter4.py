"""The exercises of chapter 4: backpropagation."""

import numpy as np

from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def layers(rng):
    """x, W, b: one row first, then several; non-square ones among them."""
    yield np.array([[3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]]), np.array([1.0, 2.0])
    yield np.array([[2.0]]), np.array([[3.0, -1.0, 0.5]]), np.array([0.0, 1.0, 2.0])
    yield np.array([[1, 0], [0, 2], [1, 1]]), np.array([[1, 2], [3, 4]]), np.array([10, 20])
    for n, inputs, units in ((2, 2, 2), (3, 2, 4), (5, 3, 1), (1, 4, 2), (3, 3, 3)):
        shapes = (n, inputs), (inputs, units), (units,)
        yield tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes)


dense_forward = exercise(
    number="4.1",
    name="dense_forward",
    title=N_("A dense layer, forward"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda x, W, b: x @ W + b,
    inputs=layers,
    hints=(
        N_(
            "Each unit is a neuron: its weights are a column of W. How are all columns done at once?"
        ),
        N_(
            "(n, inputs) times (inputs, units) is (n, units). NumPy adds b, (units,), to every row."
        ),
    ),
    why=N_(
        "Entry [n, j] of x @ W multiplies row n of x with column j of W and adds up: the weighted sum of "
        "unit j for example n. b has an entry for each unit and is added to every row."
    ),
    mistakes={
        N_("The bias b is missing."): lambda x, W, b: x @ W,
        N_("W is transposed. It is shaped (inputs, units), so x @ W fits as it is."): (
            lambda x, W, b: x @ W.T + b
        ),
        N_("The product is turned round: the rows of x come first, x @ W."): lambda x, W, b: (
            W @ x + b
        ),
        N_(
            "b is added as a column, to the examples. It belongs to the units: add it to every row."
        ): (lambda x, W, b: x @ W + b[:, np.newaxis]),
        N_("b multiplies the sums. Add it."): lambda x, W, b: x @ W * b,
        N_("* multiplies entry by entry. The weighted sums are a matrix product, @."): (
            lambda x, W, b: x * W + b
        ),
        N_("b is added up to one number. Each unit has a bias of its own."): (
            lambda x, W, b: x @ W + np.sum(b)
        ),
    },
    rights=(
        lambda x, W, b: [[sum(r * c) + bias for c, bias in zip(W.T, b)] for r in x],
        lambda x, W, b: np.einsum("ni,ij->nj", x, W) + b,
        lambda x, W, b: (W.T @ x.T).T + np.ones((len(x), 1)) * b,
    ),
)


def batches(rng):
    """dy, x, W: one row first, then square matrices, which hide a missing transpose, then others."""
    yield np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
    yield np.array([[1.0]]), np.array([[2.0, 3.0]]), np.array([[4.0], [5.0]])
    for n, inputs, units in ((2, 2, 2), (3, 2, 4), (5, 3, 1), (1, 4, 2), (4, 4, 4)):
        shapes = (n, units), (n, inputs), (inputs, units)
        yield tuple(rng.normal(size=shape).round(1) for shape in shapes)
    yield np.array([[1, 0], [0, 2]]), np.array([[1, 2], [3, 4]]), np.array([[1, 1], [0, 3]])


def backward(dy, x, W):
    """dx = dy W^T, dW = x^T dy, db = the sum of the rows of dy."""
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)


def with_loops(dy, x, W):
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for n in range(len(x)):
        for i in range(W.shape[0]):
            for j in range(W.shape[1]):
                dx[n, i] += dy[n, j] * W[i, j]
                dW[i, j] += dy[n, j] * x[n, i]
    for row in dy:
        db += row
    return dx, dW, db


dense_backward = exercise(
    number="4.2",
    name="dense_backward",
    title=N_("A dense layer, backward"),
    points=3,
    minutes=20,
    difficulty=3,
    reference=backward,
    inputs=batches,
    returns=("dx", "dW", "db"),
    hints=(
        N_("Each gradient has the shape of what it belongs to: dx of x, dW of W, db of b."),
        N_("With dy (n, units), x (n, inputs) and W (inputs, units): which product has W's shape?"),
        N_(
            "b is added to every row, so all rows of dy arrive at it. What does a graph do where paths meet?"
        ),
    ),
    why=N_(
        "Every entry y[n, j] is a sum over i of x[n, i] W[i, j]. So W[i, j] collects dy[n, j] x[n, i] "
        "over the rows n, which is x.T @ dy, and x[n, i] collects dy[n, j] W[i, j] over the units j, "
        "which is dy @ W.T. b[j] is in every row once, so its gradient is the sum of the rows."
    ),
    mistakes={
        N_("W is not transposed in dx: the gradient goes back through W, from units to inputs."): (
            lambda dy, x, W: (dy @ W, x.T @ dy, dy.sum(axis=0))
        ),
        N_("dW is the transposed of what it should be: its shape must be that of W."): (
            lambda dy, x, W: (dy @ W.T, dy.T @ x, dy.sum(axis=0))
        ),
        N_("db is the mean of the rows of dy. Add them: the loss has divided by n already."): (
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.mean(axis=0))
        ),
        N_("dW and db are divided by n. The loss has done so already, and dy has it in it."): (
            lambda dy, x, W: (dy @ W.T, x.T @ dy / len(x), dy.mean(axis=0))
        ),
        N_("db adds along the rows (axis=1). Add all rows instead: axis=0."): (
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.sum(axis=1))
        ),
        N_("db is dy itself. Its rows are still to be added: b is in each of them."): (
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy)
        ),
        N_("db is one number: the sum of all of dy. b has one entry for each unit."): (
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.sum())
        ),
        N_("db keeps a row axis, (1, units). b is a vector, (units,)."): (
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.sum(axis=0, keepdims=True))
        ),
        N_("The three are right, in another order. Return dx, dW, db."): (
            lambda dy, x, W: (x.T @ dy, dy.sum(axis=0), dy @ W.T)
        ),
    },
    rights=(
        with_loops,
        lambda dy, x, W: [np.dot(W, dy.T).T, np.einsum("ni,nj->ij", x, dy), np.ones(len(dy)) @ dy],
        lambda dy, x, W: tuple(part.astype(np.float32) for part in backward(dy, x, W)),
    ),
)


def outputs_and_gradients(rng):
    """dh, h: gradients and the outputs of a sigmoid layer, of one shape."""
    yield np.array([[2.0]]), np.array([[0.5]])
    yield np.array([[1.0, -4.0]]), np.array([[0.5, 0.9]])
    yield np.array([[3.0, 0.0], [-1.0, 2.0]]), np.array([[0.1, 0.5], [1.0, 0.0]])
    for shape in ((3, 4), (1, 5), (4, 1), (3, 3)):
        yield rng.normal(size=shape).round(1) + 0.05, rng.uniform(0.05, 0.95, shape).round(2)


sigmoid_backward = exercise(
    number="4.3",
    name="sigmoid_backward",
    title=N_("A sigmoid, backward"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda dh, h: dh * h * (1 - h),
    inputs=outputs_and_gradients,
    hints=(
        N_("On the way back a gradient is multiplied by the local slope, entry by entry."),
        N_("The slope of the sigmoid is h (1 - h), and h is what the forward pass has kept."),
    ),
    why=N_(
        "The chain rule multiplies what arrives, dh, by the slope of the sigmoid. That slope, h (1 - h), needs "
        "the output alone, so the forward pass keeps h and nothing else."
    ),
    mistakes={
        N_("The gradient that arrives, dh, is missing: this is the local slope alone."): (
            lambda dh, h: h * (1 - h)
        ),
        N_("h went through the sigmoid once more. It is the output already."): (
            lambda dh, h: dh / (1 + np.exp(-h)) * (1 - 1 / (1 + np.exp(-h)))
        ),
        N_("1 - h * h is the slope of tanh. That of the sigmoid is h (1 - h)."): (
            lambda dh, h: dh * (1 - h * h)
        ),
        N_("This multiplies by the output h. Multiply by the slope, h (1 - h)."): lambda dh, h: (
            dh * h
        ),
        N_("Slope and gradient are added. The chain rule multiplies them."): (
            lambda dh, h: dh + h * (1 - h)
        ),
    },
    rights=(
        lambda dh, h: dh * (h - h**2),
        lambda dh, h: [[d * o * (1 - o) for d, o in zip(*rows)] for rows in zip(dh, h)],
        lambda dh, h: dh * (0.25 - (h - 0.5) ** 2),
    ),
)


def relu_outputs(rng):
    """dh, h: gradients and the outputs of a ReLU layer, many of which are exactly 0."""
    yield np.array([[5.0, 7.0]]), np.array([[2.0, 0.0]])
    yield np.array([[1.0, -2.0, 3.0]]), np.array([[0.0, 4.0, 0.5]])
    yield np.array([[-1.0], [2.0]]), np.array([[0.0], [0.0]])
    yield np.array([[3, -1], [2, 4]]), np.array([[1, 0], [0, 2]])
    for shape in ((3, 4), (2, 5), (4, 1), (3, 3)):
        yield rng.normal(size=shape).round(1) + 0.05, np.maximum(rng.normal(size=shape).round(1), 0)


relu_backward = exercise(
    number="4.4",
    name="relu_backward",
    title=N_("A ReLU, backward"),
    points=1,
    minutes=5,
    difficulty=2,
    reference=lambda dh, h: dh * (h > 0),
    inputs=relu_outputs,
    hints=(
        N_("Where the output is above 0, ReLU has the slope 1. Where it is 0, the slope is 0."),
        N_("A comparison of arrays gives True and False, which count as 1 and 0 in a product."),
    ),
    why=N_(
        "ReLU lets the gradient through where it has let the value through, and stops it elsewhere. The mask "
        "is h > 0. With >= it would be true everywhere, for an output of ReLU is never below 0."
    ),
    mistakes={
        N_("The mask is >= 0, which is always true of a ReLU's output. It must be h > 0."): (
            lambda dh, h: dh * (h >= 0)
        ),
        N_("The mask is taken from the gradient. It is the output h that says who was on."): (
            lambda dh, h: dh * (dh > 0)
        ),
        N_("This multiplies by the output h. Multiply by the slope, 1 or 0."): lambda dh, h: dh * h,
        N_("The gradient that arrives, dh, is missing: this is the mask alone."): (
            lambda dh, h: (h > 0).astype(float)
        ),
        N_("The mask is turned round: the gradient passes where h is above 0."): (
            lambda dh, h: dh * (h <= 0)
        ),
        N_("ReLU is put on the gradient too. A gradient may be negative."): (
            lambda dh, h: np.maximum(dh, 0) * (h > 0)
        ),
    },
    rights=(
        lambda dh, h: np.where(h > 0, dh, 0),
        lambda dh, h: dh * np.sign(h),
        lambda dh, h: [[d if o > 0 else 0 for d, o in zip(*rows)] for rows in zip(dh, h)],
    ),
)


def logits(rng):
    """z, y: logits and one-hot rows."""
    yield np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])
    yield np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 0.0, 1.0]])
    yield np.array([[1, 0], [0, 3]]), np.array([[0, 1], [0, 1]])
    for n, classes in ((2, 4), (5, 3), (3, 3), (1, 5)):
        yield rng.normal(size=(n, classes)).round(1), np.eye(classes)[rng.integers(0, classes, n)]


def softmax(z, axis=-1):
    """e^z / sum e^z along an axis; the largest z is subtracted first."""
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


crossentropy_gradient = exercise(
    number="4.5",
    name="crossentropy_gradient",
    title=N_("Softmax and cross-entropy, backward in one"),
    points=3,
    minutes=15,
    difficulty=3,
    reference=lambda z, y: (softmax(z) - y) / len(y),
    inputs=logits,
    extremes=(
        (np.array([[1000.0, 0.0]]), np.array([[0.0, 1.0]])),
        (np.array([[-1000.0, -1001.0], [0.0, 1000.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])),
    ),
    hints=(
        N_(
            "First the probabilities: p = softmax(z), for each row. What is the slope of the loss of one row?"
        ),
        N_("It is p - y, as for one neuron. And the loss is a mean over the n rows."),
        N_(
            "If the extremes fail: subtract the largest z of each row before np.exp. p stays the same."
        ),
    ),
    why=N_(
        "The slope of the logarithm, 1 / p, cancels against the p in the slope of softmax, and what is "
        "left is p - y. Divided by n, since the loss is a mean. Computed in one, nothing is ever "
        "divided by a p that has become 0."
    ),
    mistakes={
        N_("The gradient is not divided by n. The loss is the mean over the rows."): (
            lambda z, y: softmax(z) - y
        ),
        N_("The sign is turned round: the gradient is p - y."): lambda z, y: (
            (y - softmax(z)) / len(y)
        ),
        N_("y is missing: these are the probabilities, divided by n."): lambda z, y: (
            softmax(z) / len(y)
        ),
        N_(
            "It is divided by the number of entries. The loss is a mean over rows, so divide by n."
        ): (lambda z, y: (softmax(z) - y) / y.size),
        N_("Softmax is missing: this is z - y. First make probabilities of z."): (
            lambda z, y: (z - y) / len(y)
        ),
        N_("Softmax is taken along the columns. The probabilities of a row add up to 1: axis=1."): (
            lambda z, y: (softmax(z, axis=0) - y) / len(y)
        ),
        N_("e^z overflows: inf / inf is no number. Subtract the largest z of each row first."): (
            lambda z, y: (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) - y) / len(y)
        ),
        N_("The slope of a sigmoid, p (1 - p), is in it. With cross-entropy it cancels."): (
            lambda z, y: (softmax(z) - y) * softmax(z) * (1 - softmax(z)) / len(y)
        ),
    },
    rights=(
        lambda z, y: [(softmax(row) - truth) / len(z) for row, truth in zip(z, y)],
        lambda z, y: (
            np.exp(z - np.logaddexp.reduce(z, axis=1)[:, np.newaxis]) / len(y) - y / len(y)
        ),
    ),
)


def draws(rng):
    """r: standard normal numbers, of the shape that the weights shall have."""
    yield (np.array([[1.0, -1.0], [0.5, 2.0]]),)
    yield (np.array([[3.0]]),)
    yield (np.array([[1.0], [2.0], [0.0], [-1.0], [1.0], [3.0], [2.0], [1.0]]),)
    for shape in ((8, 2), (2, 8), (5, 3), (1, 4)):
        yield (rng.normal(size=shape).round(2),)


he_initialization = exercise(
    number="4.6",
    name="he_initialization",
    title=N_("He initialization"),
    points=1,
    minutes=5,
    difficulty=2,
    reference=lambda r: r * np.sqrt(2 / r.shape[0]),
    inputs=draws,
    hints=(
        N_("The variance shall be 2 / inputs. What must numbers of variance 1 be multiplied by?"),
        N_("W is shaped (inputs, units): the number of inputs is len(r)."),
    ),
    why=N_(
        "Multiplied by s, numbers have s squared times the variance, so s is sqrt(2 / inputs). A unit adds "
        "up that many products, and ReLU loses half of the signal: with this size it comes out of "
        "every layer as strong as it went in."
    ),
    mistakes={
        N_(
            "The square root is missing: 2 / inputs is the variance, and a factor enters it squared."
        ): (lambda r: r * 2 / len(r)),
        N_("This divides by the number of units. It is the number of inputs, the rows of W."): (
            lambda r: r * np.sqrt(2 / r.shape[1])
        ),
        N_("The 2 is missing: it makes up for the half that ReLU loses."): lambda r: (
            r / np.sqrt(len(r))
        ),
        N_("This is Glorot's size, 2 / (inputs + units). He takes the inputs alone."): (
            lambda r: r * np.sqrt(2 / sum(r.shape))
        ),
        N_("This divides by the size, and makes large weights. Multiply by sqrt(2 / inputs)."): (
            lambda r: r / np.sqrt(2 / len(r))
        ),
        N_(
            "This divides by all entries of W. Each unit adds up as many products as there are inputs."
        ): (lambda r: r * np.sqrt(2 / r.size)),
    },
    rights=(
        lambda r: np.sqrt(2) * r / np.sqrt(len(r)),
        lambda r: [[w * (2 / len(r)) ** 0.5 for w in row] for row in r],
        lambda r: r / np.sqrt(len(r) / 2),
    ),
)


def networks(rng):
    """x, W1, b1, W2, b2: two layers; some hidden units off, some on."""
    yield (
        np.array([[1.0, 2.0]]),
        np.array([[1.0, -1.0], [1.0, -1.0]]),
        np.array([0.0, 1.0]),
        np.array([[2.0], [5.0]]),
        np.array([0.5]),
    )
    for n, inputs, hidden, units in (
        (2, 2, 2, 2),
        (3, 2, 4, 1),
        (1, 3, 5, 2),
        (4, 1, 3, 3),
        (5, 3, 3, 3),
    ):
        shapes = (n, inputs), (inputs, hidden), (hidden,), (hidden, units), (units,)
        yield tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes)


def two_layers(x, W1, b1, W2, b2):
    """h = max(0, x W1 + b1), y = h W2 + b2"""
    h = np.maximum(x @ W1 + b1, 0)
    return h, h @ W2 + b2


network_forward = exercise(
    number="4.7",
    name="network_forward",
    title=N_("Two layers, forward"),
    points=2,
    minutes=10,
    difficulty=2,
    reference=two_layers,
    inputs=networks,
    returns=("h", "y"),
    hints=(
        N_("Twice the dense layer that you have written, and a ReLU between the two."),
        N_(
            "The second layer takes h, what comes out of the ReLU. What does the backward pass need later?"
        ),
    ),
    why=N_(
        "Layers are functions, and a network is one put into the other. h is returned as well, because the "
        "backward pass needs it: for the gradient of W2, and to know which units were on."
    ),
    mistakes={
        N_("The ReLU is missing: two dense layers without it are one."): (
            lambda x, W1, b1, W2, b2: (x @ W1 + b1, (x @ W1 + b1) @ W2 + b2)
        ),
        N_("A ReLU is put on the output too. The last layer has none here."): (
            lambda x, W1, b1, W2, b2: (
                two_layers(x, W1, b1, W2, b2)[0],
                np.maximum(two_layers(x, W1, b1, W2, b2)[1], 0),
            )
        ),
        N_("h is returned before the ReLU. The backward pass needs it after."): (
            lambda x, W1, b1, W2, b2: (x @ W1 + b1, two_layers(x, W1, b1, W2, b2)[1])
        ),
        N_("b1 is added after the ReLU. It belongs to the weighted sum."): (
            lambda x, W1, b1, W2, b2: (
                np.maximum(x @ W1, 0) + b1,
                (np.maximum(x @ W1, 0) + b1) @ W2 + b2,
            )
        ),
        N_("b2 is missing."): (
            lambda x, W1, b1, W2, b2: (
                two_layers(x, W1, b1, W2, b2)[0],
                two_layers(x, W1, b1, W2, b2)[0] @ W2,
            )
        ),
        N_("Only y is returned. Return h as well: h, y."): (
            lambda x, W1, b1, W2, b2: two_layers(x, W1, b1, W2, b2)[1]
        ),
    },
    rights=(
        lambda x, W1, b1, W2, b2: [
            np.where(x @ W1 > -b1, x @ W1 + b1, 0),
            np.clip(x @ W1 + b1, 0, None) @ W2 + b2,
        ],
        lambda x, W1, b1, W2, b2: (
            (x @ W1 + b1) * (x @ W1 + b1 > 0),
            [two_layers(row, W1, b1, W2, b2)[1] for row in x],
        ),
    ),
)


def passes(rng):
    """dy, x, h, W2: what the backward pass is given, from a forward pass."""
    for x, W1, b1, W2, b2 in networks(rng):
        h, y = two_layers(x, W1, b1, W2, b2)
        dy = np.ones_like(y) if len(x) == 1 else rng.normal(size=y.shape).round(1) + 0.05
        yield dy, x, h, W2


def gradients(dy, x, h, W2, mask=lambda dz, h: dz * (h > 0)):
    """dz = dy W2^T where h > 0; then the products of a dense layer, twice."""
    dz = mask(dy @ W2.T, h)
    return x.T @ dz, dz.sum(axis=0), h.T @ dy, dy.sum(axis=0)


network_backward = exercise(
    number="4.8",
    name="network_backward",
    title=N_("Two layers, backward"),
    points=3,
    minutes=25,
    difficulty=3,
    reference=gradients,
    inputs=passes,
    returns=("dW1", "db1", "dW2", "db2"),
    hints=(
        N_(
            "Begin at the end: for the second layer h is the input and dy the gradient of the output."
        ),
        N_("dense_backward(dy, h, W2) gives dh, dW2 and db2. Then dh goes back through the ReLU."),
        N_(
            "dz = relu_backward(dh, h) is the gradient at the first layer's output, and x is its input."
        ),
    ),
    why=N_(
        "The same three products twice, and a mask between them: backward, a network is its layers in "
        "reverse order, each handing on the gradient of its input. Nothing new is needed for more layers."
    ),
    mistakes={
        N_("The ReLU's mask is missing: where h is 0, nothing goes back."): (
            lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz)
        ),
        N_(
            "The gradient is multiplied by h. Multiply by the ReLU's slope: 1 where h > 0, else 0."
        ): (lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz * h)),
        N_("The mask is turned round: the gradient passes where h is above 0."): (
            lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz * (h <= 0))
        ),
        N_("The mask is taken from the gradient. It is h that says which units were on."): (
            lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz * (dz > 0))
        ),
        N_("The gradients are divided by n. The loss has done so already, and dy has it in it."): (
            lambda dy, x, h, W2: tuple(part / len(x) for part in gradients(dy, x, h, W2))
        ),
        N_("The biases get the mean of the rows. Add them up."): (
            lambda dy, x, h, W2: tuple(
                part / len(x) if part.ndim == 1 else part for part in gradients(dy, x, h, W2)
            )
        ),
        N_("The four are right, in another order. Return dW1, db1, dW2, db2."): (
            lambda dy, x, h, W2: (*gradients(dy, x, h, W2)[2:], *gradients(dy, x, h, W2)[:2])
        ),
    },
    rights=(
        lambda dy, x, h, W2: [
            x.T @ np.where(h > 0, dy @ W2.T, 0),
            np.ones(len(x)) @ np.where(h > 0, dy @ W2.T, 0),
            (dy.T @ h).T,
            sum(dy),
        ],
        lambda dy, x, h, W2: tuple(
            sum(parts)
            for parts in zip(
                *(gradients(dy[i : i + 1], x[i : i + 1], h[i : i + 1], W2) for i in range(len(x)))
            )
        ),
    ),
)
