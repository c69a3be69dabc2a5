"""The exercises of chapter 4: backpropagation."""

import numpy as np

from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def layers(rng):
    """x, W, b: one row first, then several, of both signs and every scale; non-square ones."""
    yield np.array([[3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]]), np.array([1.0, 2.0])
    yield np.array([[2.0]]), np.array([[3.0, -1.0, 0.5]]), np.array([0.0, 1.0, 2.0])
    yield np.array([[1, 0], [0, 2], [1, 1]]), np.array([[1, 2], [3, 4]]), np.array([10, 20])
    W = np.array([[0.5, -1.0, 2.25], [1.5, 0.25, -3.0]])
    yield np.array([[2, 0], [-1, 1], [2, 0], [0, 3]]), W, np.array([0.25, -0.5, 1.0])
    yield np.array([[0.5, -1.25], [0.0, 0.0]]), np.array([[1, 2], [3, 4]]), np.array([0, -1])
    yield np.array([[2000.5, -3e5], [0.001, 0.0]]), W, np.array([0.5, -0.002, 0.0])
    W = np.array([[1.5, -0.0003], [0.0007, 0.5]])
    yield np.array([[0.0004, 0.2], [-0.01, 0.0]]), W, np.array([0.0002, 0.00045])
    W = np.array([[2500.25, -3.0], [7.0, 1500.5]])
    yield np.array([[0.5, 1.25]]), W, np.array([1200.5, -1.0])
    for n, inputs, units in (
        (2, 2, 2),
        (3, 2, 4),
        (5, 3, 1),
        (1, 4, 2),
        (3, 3, 3),
        (30, 2, 3),
        (2, 25, 3),
        (3, 2, 25),
    ):
        shapes = (n, inputs), (inputs, units), (units,)
        yield tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes)


def dense(x, W, b):
    """y = x W + b"""
    return x @ W + b


def cut(value, *likes):
    """The result cut to the kind of number that an argument has, which ``likes`` pick, or to int."""
    return tuple(
        lambda *args, like=like: _cast(value(*args), like(*args))
        for like in (*likes, lambda *args: int)
    )


def _cast(value, kinds):
    """``value``, each part as its dtype in ``kinds``."""
    if isinstance(value, tuple):
        return tuple(part.astype(kind) for part, kind in zip(value, kinds))
    return value.astype(kinds)


def with_last_zero(value):
    """What comes of a loop that ends a row early: the last row is 0, or missing."""

    def zeroed(*args):
        return np.concatenate([value(*args)[:-1], 0 * value(*args)[-1:]])

    return zeroed, lambda *args: value(*args)[:-1]


def only_first(value):
    """What comes of a `return` inside the loop: the first row, alone or in a list."""
    return (lambda *args: value(*args)[0]), (lambda *args: value(*args)[:1])


dense_forward = exercise(
    number="4.1",
    name="dense_forward",
    title=N_("A dense layer, forward"),
    kind="warm-up",
    points=1,
    minutes=5,
    difficulty=1,
    reference=dense,
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
        N_("This is x @ W alone: b is missing, or adding it has no effect."): lambda x, W, b: x @ W,
        N_("b is subtracted. Add it."): lambda x, W, b: x @ W - b,
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
        N_("All units have the same bias, one number made of b. Each has its own entry of b."): (
            lambda x, W, b: x @ W + np.sum(b),
            lambda x, W, b: x @ W + np.mean(b),
            lambda x, W, b: x @ W + b[0],
            lambda x, W, b: x @ W + b[-1],
            lambda x, W, b: x @ W + np.max(b),
        ),
        N_("b comes in once for each input, as if it were added to every product. Add it once."): (
            lambda x, W, b: x @ W + len(W) * b
        ),
        N_("The result is transposed: it has a row for each unit. Return (n, units)."): (
            lambda x, W, b: (x @ W + b).T
        ),
        N_("All entries are in one row. Return (n, units), a row for each example."): (
            lambda x, W, b: (x @ W + b).ravel()
        ),
        N_("This is the output after an activation: ReLU, sigmoid or tanh. This layer has none."): (
            lambda x, W, b: np.maximum(x @ W + b, 0),
            lambda x, W, b: 1 / (1 + np.exp(-(x @ W + b))),
            lambda x, W, b: np.tanh(x @ W + b),
        ),
        N_(
            "Only the first example is in the result. Is it the only one taken, or does `return` "
            "stand inside the loop?"
        ): only_first(dense),
        N_("The last example is left out. range(len(x)) reaches the last row already."): (
            with_last_zero(dense)
        ),
        N_(
            "The result is cut to whole numbers, as in an array of whole numbers that np.zeros_like or "
            "a dtype makes. Let NumPy make one of floats: np.zeros((n, units))."
        ): cut(dense, lambda x, W, b: x.dtype, lambda x, W, b: W.dtype, lambda x, W, b: b.dtype),
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
    for n, inputs, units in (
        (2, 2, 2),
        (3, 2, 4),
        (5, 3, 1),
        (1, 4, 2),
        (4, 4, 4),
        (30, 2, 3),
        (2, 25, 3),
        (2, 3, 25),
    ):
        shapes = (n, units), (n, inputs), (inputs, units)
        yield tuple(rng.normal(size=shape).round(1) for shape in shapes)
    yield np.array([[1, 0], [0, 2]]), np.array([[1, 2], [3, 4]]), np.array([[1, 1], [0, 3]])
    dy = np.array([[0.5, -1.25], [0.0, 0.0], [2.5, 0.75], [0.5, -1.25]])
    x, W = (
        np.array([[1, 0, -2], [3, 1, 0], [0, 1, 1], [1, 0, -2]]),
        np.array([[1, 2], [0, 3], [4, -1]]),
    )
    yield dy, x, W + 0.5
    yield dy, x * 0.75, W
    yield (dy * 10).astype(int), x * 300.5, W * 1e-3
    dy = np.array([[0.2, 0.0004, 0.0002], [-0.0003, 0.5, 0.0], [0.0, 0.0005, 0.0003]])
    x = np.array([[0.0005, 0.25], [0.25, -0.0001234], [0.0, 0.002]])
    yield dy, x, np.array([[2.25, 0.0006, 1.5], [-0.0007, 1.5, 2.123456]])
    W = np.array([[2000.25, 1.0], [2.0, 1500.5]])
    yield np.array([[1200.5, -3.0]]), np.array([[1100.25, 0.5]]), W


def stacks(rng):
    """dy, x, W: batches, then stacks of batches that share W, with one or two axes in front."""
    yield from batches(rng)
    dy = np.array([[[1.0, -0.5]], [[2.0, 0.25]], [[-1.0, 1.5]]])
    x = np.array([[[3.0, 4.0]], [[0.5, -1.5]], [[2.0, 1.0]]])
    yield dy, x, np.array([[5.0, 6.0], [7.0, 8.0]])
    x, W = (
        np.array([[[1, 0, 2], [0, 3, 1]], [[2, 2, 0], [1, 1, 4]]]),
        np.array([[1, 2], [3, 4], [0, 1]]),
    )
    yield np.array([[[1, 0], [0, 2]], [[3, 1], [1, 2]]]), x, W
    for *front, inputs, units in ((3, 2, 4, 5), (2, 3, 5, 1), (3, 3, 3, 3), (2, 3, 2, 2, 3)):
        shapes = (*front, units), (*front, inputs), (inputs, units)
        yield tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes)


def backward(dy, x, W):
    """dx = dy W^T, dW = x^T dy, db = the sum of the rows of dy, for one batch."""
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)


def flat(function):
    """What ``function``, of one batch, gives for all rows of a stack; dx has its axes again."""

    def flattened(dy, x, W):
        rows = x.reshape(-1, x.shape[-1])
        parts = function(dy.reshape(-1, dy.shape[-1]), rows, W)
        again = [p.reshape(x.shape) if np.shape(p) == rows.shape else p for p in parts]
        return tuple(again) if x.ndim > 2 else parts

    return flattened


shared_backward = flat(backward)


def _stacked(combine):
    """dW and db of each batch in a stack, and what ``combine`` makes of them."""

    def stacked(dy, x, W):
        front = tuple(range(x.ndim - 2))
        dW, db = np.swapaxes(x, -1, -2) @ dy, dy.sum(axis=-2)
        return dy @ W.T, combine(dW, front), combine(db, front)

    return stacked


def _either(*functions):
    """Each mistake as it is made for one batch, and for all rows of a stack."""
    return tuple(made for function in functions for made in (function, flat(function)))


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
    reference=shared_backward,
    inputs=stacks,
    returns=("dx", "dW", "db"),
    hints=(
        N_("Each gradient has the shape of what it belongs to: dx of x, dW of W, db of b."),
        N_("With dy (n, units), x (n, inputs) and W (inputs, units): which product has W's shape?"),
        N_(
            "b is added to every row, so all rows of dy arrive at it. What does a graph do where paths meet?"
        ),
        N_(
            "W is the same for all rows, however many axes are in front. `x.reshape(-1, inputs)` puts "
            "all rows below each other."
        ),
    ),
    why=N_(
        "Every entry y[n, j] is a sum over i of x[n, i] W[i, j]. So W[i, j] collects dy[n, j] x[n, i] "
        "over the rows n, which is x.T @ dy, and x[n, i] collects dy[n, j] W[i, j] over the units j, "
        "which is dy @ W.T. b[j] is in every row once, so its gradient is the sum of the rows. A "
        "stack shares its W and b, so all of its rows are added up: paths meet, however they lie."
    ),
    mistakes={
        N_(
            "This holds for a single batch. With an axis in front, .T turns all axes round and axis=0 "
            "is no longer the rows: put all rows below each other first, with reshape."
        ): (
            backward,
            lambda dy, x, W: (dy @ W.T, flat(backward)(dy, x, W)[1], dy.sum(axis=0)),
            lambda dy, x, W: (dy @ W.T, flat(backward)(dy, x, W)[1], dy.sum(axis=-2)),
        ),
        N_(
            "Each batch of a stack has a dW and a db of its own here. They share W and b: add them up."
        ): _stacked(lambda part, front: part),
        N_("dW and db are means over the stack. Add the batches up: the loss has its n already."): (
            _stacked(lambda part, front: part.mean(axis=front))
        ),
        N_("Only one batch of the stack is in dW and db. All of them share W and b."): (
            _stacked(lambda part, front: part[(0,) * len(front)]),
            _stacked(lambda part, front: part[(-1,) * len(front)]),
        ),
        N_("All of a stack is added up, but dx has lost its axes. It has the shape of x."): (
            lambda dy, x, W: backward(dy.reshape(-1, dy.shape[-1]), x.reshape(-1, len(W)), W)
        ),
        N_(
            "W is not transposed in dx: the gradient goes back through W, from units to inputs."
        ): _either(lambda dy, x, W: (dy @ W, x.T @ dy, dy.sum(axis=0))),
        N_("dx is the transposed of what it should be: its shape must be that of x."): _either(
            lambda dy, x, W: (W @ dy.T, x.T @ dy, dy.sum(axis=0)),
            lambda dy, x, W: (shared_backward(dy, x, W)[0].T, *shared_backward(dy, x, W)[1:]),
        ),
        N_("dW is the transposed of what it should be: its shape must be that of W."): _either(
            lambda dy, x, W: (dy @ W.T, dy.T @ x, dy.sum(axis=0))
        ),
        N_(
            "db is the mean of the rows of dy. Add them: the loss has divided by n already."
        ): _either(lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.mean(axis=0))),
        N_("dW is divided by n. The loss has done so already, and dy has it in it."): _either(
            lambda dy, x, W: (dy @ W.T, x.T @ dy / len(x), dy.sum(axis=0))
        ),
        N_(
            "dW and db are divided by n. The loss has done so already, and dy has it in it."
        ): _either(lambda dy, x, W: (dy @ W.T, x.T @ dy / len(x), dy.mean(axis=0))),
        N_(
            "All three are divided by n. The loss has done so already, and dy has it in it."
        ): _either(lambda dy, x, W: tuple(part / len(x) for part in backward(dy, x, W))),
        N_(
            "The signs are turned round. These are gradients, and nothing is subtracted yet."
        ): _either(lambda dy, x, W: tuple(-part for part in backward(dy, x, W))),
        N_("db adds along the rows (axis=1). Add all rows instead: axis=0."): _either(
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.sum(axis=1))
        ),
        N_("db is dy itself. Its rows are still to be added: b is in each of them."): _either(
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy)
        ),
        N_("db is one row of dy. All rows are to be added: b is in each of them."): _either(
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy[0]),
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy[-1]),
        ),
        N_("db is made of ones, the slope of y by b. Multiply it by what arrives, dy."): _either(
            lambda dy, x, W: (dy @ W.T, x.T @ dy, np.ones(dy.shape[1])),
            lambda dy, x, W: (dy @ W.T, x.T @ dy, np.full(dy.shape[1], len(x))),
        ),
        N_("db is one number: the sum of all of dy. b has one entry for each unit."): _either(
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.sum())
        ),
        N_("db keeps a row axis, (1, units). b is a vector, (units,)."): _either(
            lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.sum(axis=0, keepdims=True))
        ),
        N_("dx is W transposed, the slope of y by x. Multiply it by what arrives, dy."): _either(
            lambda dy, x, W: (W.T, x.T @ dy, dy.sum(axis=0))
        ),
        N_("dW is that of the first row alone. All rows are to be added."): _either(
            lambda dy, x, W: (dy @ W.T, np.outer(x[0], dy[0]), dy.sum(axis=0))
        ),
        N_("The three are right, in another order. Return dx, dW, db."): _either(
            *(
                lambda dy, x, W, order=order: tuple(backward(dy, x, W)[i] for i in order)
                for order in ((1, 2, 0), (1, 0, 2), (0, 2, 1), (2, 1, 0), (2, 0, 1))
            )
        ),
        N_("dx is missing. Return dx, dW, db."): _either(lambda dy, x, W: backward(dy, x, W)[1:]),
        N_(
            "Something is cut to whole numbers, as in an array of whole numbers that np.zeros_like makes. "
            "Let NumPy make one of floats: np.zeros(x.shape)."
        ): cut(
            shared_backward,
            lambda dy, x, W: (x.dtype, W.dtype, float),
            lambda dy, x, W: (x.dtype, W.dtype, dy.dtype),
            lambda dy, x, W: (x.dtype, float, float),
            lambda dy, x, W: (float, W.dtype, float),
        )[:-1],
    },
    rights=(
        flat(with_loops),
        lambda dy, x, W: [
            np.einsum("...j,ij->...i", dy, W),
            np.tensordot(x, dy, (range(x.ndim - 1),) * 2),
            dy.sum(axis=tuple(range(dy.ndim - 1))),
        ],
        _stacked(lambda part, front: part.sum(axis=front)),
        lambda dy, x, W: tuple(p.astype(np.float32) for p in shared_backward(dy, x, W)),
    ),
)


def outputs_and_gradients(rng):
    """dh, h: gradients and the outputs of a sigmoid layer, of one shape; some close to 0 or 1."""
    yield np.array([[2.0]]), np.array([[0.5]])
    yield np.array([[1.0, -4.0]]), np.array([[0.5, 0.9]])
    yield np.array([[3.0, 0.0], [-1.0, 2.0]]), np.array([[0.1, 0.5], [1.0, 0.0]])
    yield np.array([[3, -2], [1, 5], [3, -2]]), np.array([[0.3, 0.75], [0.9, 0.05], [0.3, 0.75]])
    yield np.array([[2000.0, -500.0, 40.0]]), np.array([[1e-5, 1 - 1e-5, 0.002]])
    yield np.array([[0.0004, -0.0007, 1.23456]]), np.array([[0.3, 0.6, 0.7]])
    yield np.array([[6000.25, -6000.5]]), np.array([[0.5, 0.6]])
    for shape in ((3, 4), (1, 5), (4, 1), (3, 3), (30, 2), (2, 25)):
        yield rng.normal(size=shape).round(1) + 0.05, rng.uniform(0.05, 0.95, shape).round(2)


def steep_outputs(rng):
    """dh, h, k: the same, of sigmoids of all kinds of steepness."""
    steepness = (2.0, 0.5, 3.0, 4, 2.5, 1.0, 1.5, 0.25, 0.004, 20.0, 3.5)
    for i, (dh, h) in enumerate(outputs_and_gradients(rng)):
        yield dh, h, steepness[i % len(steepness)]


def through_sigmoid(dh, h):
    """dh h (1 - h)"""
    return dh * h * (1 - h)


def through_steep_sigmoid(dh, h, k):
    """k dh h (1 - h)"""
    return k * dh * h * (1 - h)


def _steep(*functions):
    """What ``functions`` of dh and h give, times k, and what they give for k dh."""
    return tuple(
        made
        for function in functions
        for made in (
            lambda dh, h, k, function=function: k * function(dh, h),
            lambda dh, h, k, function=function: function(k * dh, h),
        )
    )


sigmoid_backward = exercise(
    number="4.3",
    name="sigmoid_backward",
    title=N_("A steep sigmoid, backward"),
    points=1,
    minutes=10,
    difficulty=1,
    reference=through_steep_sigmoid,
    inputs=steep_outputs,
    hints=(
        N_("On the way back a gradient is multiplied by the local slope, entry by entry."),
        N_("The slope of the sigmoid is h (1 - h), and h is what the forward pass has kept."),
        N_("k z stands between z and h. One box more, and its slope is one factor more."),
    ),
    why=N_(
        "The chain rule multiplies what arrives, dh, by the slope of the sigmoid. That slope, h (1 - h), needs "
        "the output alone, so the forward pass keeps h and nothing else. Before it stands the product k z, "
        "whose slope by z is k."
    ),
    mistakes={
        N_("k is missing: h = sigmoid(k z) rises k times as fast in z as the sigmoid itself."): (
            lambda dh, h, k: through_sigmoid(dh, h)
        ),
        N_(
            "k multiplies h as well. h has k in it already: the slope of the sigmoid is h (1 - h)."
        ): (
            lambda dh, h, k: k * dh * (k * h) * (1 - k * h),
            lambda dh, h, k: dh * (k * h) * (1 - k * h),
        ),
        N_("This divides by k. z grows to k z, so what comes back is multiplied by k."): (
            lambda dh, h, k: through_sigmoid(dh, h) / k
        ),
        N_("k is in it twice. It is a factor of one box, so multiply by it once."): (
            lambda dh, h, k: k * k * through_sigmoid(dh, h)
        ),
        N_("The gradient that arrives, dh, is missing: this is the local slope alone."): _steep(
            lambda dh, h: h * (1 - h)
        ),
        N_("h went through the sigmoid once more. It is the output already."): _steep(
            lambda dh, h: dh / (1 + np.exp(-h)) * (1 - 1 / (1 + np.exp(-h)))
        ),
        N_("1 - h * h is the slope of tanh. That of the sigmoid is h (1 - h)."): _steep(
            lambda dh, h: dh * (1 - h * h)
        ),
        N_("This multiplies by the output h. Multiply by the slope, h (1 - h)."): _steep(
            lambda dh, h: dh * h
        ),
        N_("This multiplies by 1 - h. Multiply by the slope, h (1 - h)."): _steep(
            lambda dh, h: dh * (1 - h)
        ),
        N_("The slope is taken at dh. It is that at the output h: h (1 - h)."): _steep(
            lambda dh, h: dh * (1 - dh),
            lambda dh, h: h * dh * (1 - dh),
        ),
        N_("Slope and gradient are added. The chain rule multiplies them."): _steep(
            lambda dh, h: dh + h * (1 - h)
        ),
        N_(
            "Parentheses are missing: the slope is h (1 - h), and all of it is multiplied by dh."
        ): _steep(
            lambda dh, h: dh * h - h,
            lambda dh, h: dh * h - h * h,
            lambda dh, h: h - dh * h,
        ),
        N_("The slope is h (1 - h), and here stands a plus."): _steep(
            lambda dh, h: dh * h * (1 + h)
        ),
        N_("The sign is turned round: the sigmoid rises, so its slope is never below 0."): _steep(
            lambda dh, h: -through_sigmoid(dh, h)
        ),
        N_(
            "Nothing below 0 comes out, as if signs were lost or cut off. A gradient may be negative."
        ): _steep(
            lambda dh, h: np.abs(through_sigmoid(dh, h)),
            lambda dh, h: np.maximum(through_sigmoid(dh, h), 0),
        ),
        N_("This divides by the slope. Multiply by it."): _steep(lambda dh, h: dh / (h * (1 - h))),
        N_("This is divided by n. The loss has done so already, and dh has it in it."): _steep(
            lambda dh, h: through_sigmoid(dh, h) / len(h)
        ),
        N_(
            "The entries are added up. Each input of the sigmoid has a gradient of its own."
        ): _steep(
            lambda dh, h: through_sigmoid(dh, h).sum(),
            lambda dh, h: through_sigmoid(dh, h).sum(axis=0),
            lambda dh, h: through_sigmoid(dh, h).sum(axis=1),
        ),
        N_(
            "This is a matrix product. The sigmoid works entry by entry, so multiply with *."
        ): _steep(
            lambda dh, h: dh @ (h * (1 - h)),
            lambda dh, h: dh @ (h * (1 - h)).T,
            lambda dh, h: dh.T @ (h * (1 - h)),
        ),
        N_(
            "h is kept away from 0 and 1. Near them the slope is next to 0, as it should be."
        ): _steep(
            *(
                lambda dh, h, limit=limit: through_sigmoid(dh, np.clip(h, limit, 1 - limit))
                for limit in (0.1, 0.01, 0.001, 1e-4)
            )
        ),
        N_(
            "The result is cut to whole numbers, as in an array of whole numbers that np.zeros_like(dh) "
            "makes. Take np.zeros(dh.shape)."
        ): cut(through_steep_sigmoid, lambda dh, h, k: dh.dtype),
    },
    rights=(
        lambda dh, h, k: k * dh * (h - h**2),
        lambda dh, h, k: [[k * d * o * (1 - o) for d, o in zip(*rows)] for rows in zip(dh, h)],
        lambda dh, h, k: dh * k * (0.25 - (h - 0.5) ** 2),
    ),
)


def relu_outputs(rng):
    """dh, h: gradients and the outputs of a ReLU layer, many of which are exactly 0, some just not."""
    yield np.array([[5.0, 7.0]]), np.array([[2.0, 0.0]])
    yield np.array([[1.0, -2.0, 3.0]]), np.array([[0.0, 4.0, 0.5]])
    yield np.array([[-1.0], [2.0]]), np.array([[0.0], [0.0]])
    yield np.array([[3, -1], [2, 4]]), np.array([[1, 0], [0, 2]])
    yield np.array([[0.5, -1.5], [2.5, 0.5], [0.5, -1.5]]), np.array([[1, 0], [0, 2], [1, 3]])
    yield np.array([[3, -2, 5]]), np.array([[0.25, 1.5, 0.0]])
    yield np.array([[1.5, -2.5, 4.0, 3.0]]), np.array([[1e-12, 1e-4, 0.0, 2000.0]])
    yield np.array([[0.0004, -0.0007, 1.23456]]), np.array([[1.5, 0.0, 3.0]])
    yield np.array([[1500.5, -2000.25]]), np.array([[2.0, 0.5]])
    for shape in ((3, 4), (2, 5), (4, 1), (3, 3), (30, 2), (2, 25)):
        yield rng.normal(size=shape).round(1) + 0.05, np.maximum(rng.normal(size=shape).round(1), 0)


def cut_outputs(rng):
    """dh, h, top: the same, the largest outputs cut off at top, or none."""
    yield np.array([[5.0, 7.0, 9.0]]), np.array([[2.0, 0.0, 6.0]]), 6.0
    for i, (dh, h) in enumerate(relu_outputs(rng)):
        top = (0.5, 3000.0, 1.0, 2, 3, 1.0, 3000.0, 2, 3000.0, 1.5)[i % 10]
        yield dh, np.minimum(h, top), top
    dh = np.array([[0.5, -1.5, 2.5, -4.0], [1.5, 3.0, -2.0, 0.25]])
    h = np.array([[0.999, 1.0, 1 - 1e-12, 0.0], [1.0, 0.5, 1 - 1e-5, 0.95]])
    yield dh, h, 1.0
    yield dh, h * 0.001, 0.001
    yield dh, np.array([[1, 0, 3, 2], [0, 2, 1, 3]]), 3
    yield dh, h * 2500, 2500.0


def through_relu(dh, h):
    """dh where h > 0, else 0"""
    return dh * (h > 0)


def through_cut_relu(dh, h, top=np.inf):
    """dh where 0 < h < top, else 0"""
    return dh * (h > 0) * (h < top)


def _cut(*functions):
    """What ``functions`` of dh and h give for the dh that the upper end lets through."""
    return tuple(
        lambda dh, h, top, function=function: function(dh * (h < top), h) for function in functions
    )


LIMITS = (1, 0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)


relu_backward = exercise(
    number="4.4",
    name="relu_backward",
    title=N_("A ReLU with a top, backward"),
    points=1,
    minutes=10,
    difficulty=2,
    reference=through_cut_relu,
    inputs=cut_outputs,
    hints=(
        N_("Where the output is above 0, ReLU has the slope 1. Where it is 0, the slope is 0."),
        N_("From top on the output stays the same. Which slope is that?"),
        N_("A comparison of arrays gives True and False, which count as 1 and 0 in a product."),
    ),
    why=N_(
        "ReLU lets the gradient through where it has let the value through, and stops it where the "
        "output no longer moves, at 0 and at top. The mask is 0 < h < top. With >= or <= it would be true "
        "everywhere, for an output is never below 0 and never above top."
    ),
    mistakes={
        N_(
            "The upper end is missing, or true everywhere, as h <= top is. Where the output is top it does "
            "not move, and nothing passes: h < top."
        ): (lambda dh, h, top: through_relu(dh, h)),
        N_("Both ends let everything pass. The mask is 0 < h < top, without equality."): (
            lambda dh, h, top: dh * (h >= 0) * (h <= top)
        ),
        N_("The gradient is cut off at top. It is the output that is: dh may have any size."): (
            lambda dh, h, top: np.minimum(dh, top) * (h > 0),
            lambda dh, h, top: np.clip(dh, 0, top),
            lambda dh, h, top: np.clip(dh, 0, top) * (h > 0),
            lambda dh, h, top: np.minimum(dh, top) * (h > 0) * (h < top),
        ),
        N_("At the upper end the gradient passes, and below it none. It is 0 < h < top."): (
            lambda dh, h, top: dh * (h >= top)
        ),
        N_(
            "This is dh, as if no mask were applied: either it is missing, or it is true everywhere, as "
            "with h >= 0. It must be h > 0."
        ): _cut(lambda dh, h: dh * (h >= 0)),
        N_(
            "Positive gradients pass, and no others, as if the mask were taken from dh. It is the output h "
            "that says who was on."
        ): _cut(lambda dh, h: dh * (dh > 0)),
        N_("This multiplies by the output h. Multiply by the slope, 1 or 0."): _cut(
            lambda dh, h: dh * h
        ),
        N_("The gradient that arrives, dh, is missing: this is the mask alone."): _cut(
            lambda dh, h: (h > 0).astype(float)
        ),
        N_("This is the output h. It only says where the gradient dh passes."): _cut(
            lambda dh, h: h
        ),
        N_("The mask is turned round: the gradient passes where h is above 0."): _cut(
            lambda dh, h: dh * (h <= 0)
        ),
        N_(
            "Of the gradients that pass, negative ones are cut off too. A gradient may be negative."
        ): _cut(lambda dh, h: np.maximum(dh, 0) * (h > 0)),
        N_("The sign of the gradient is lost. It may be negative."): _cut(
            lambda dh, h: np.abs(dh) * (h > 0)
        ),
        N_("The mask has another limit than 0. A small output is on, too: h > 0."): _cut(
            *(lambda dh, h, limit=limit: dh * (h > limit) for limit in LIMITS)
        ),
        N_("Where h is 0 a part of the gradient passes. Nothing does."): _cut(
            *(
                lambda dh, h, part=part: np.where(h > 0, dh, part * dh)
                for part in (0.5, 0.01, 0.1, 0.2, 0.3, -1)
            )
        ),
        N_("The mask is for whole rows or columns. Each entry of h decides for itself."): _cut(
            lambda dh, h: dh * np.all(h > 0, axis=1, keepdims=True),
            lambda dh, h: dh * np.any(h > 0, axis=1, keepdims=True),
            lambda dh, h: dh * np.all(h > 0, axis=0),
            lambda dh, h: dh * np.any(h > 0, axis=0),
            lambda dh, h: dh * np.any(h > 0),
            lambda dh, h: dh * np.all(h > 0),
        ),
        N_("Only the entries that pass are left. Keep the shape, with 0 for the others."): _cut(
            lambda dh, h: dh[h > 0]
        ),
        N_(
            "The result is cut to whole numbers, as in an array of whole numbers that np.zeros_like makes. "
            "Take np.zeros(dh.shape)."
        ): cut(through_cut_relu, lambda dh, h, top: h.dtype),
        N_("This is divided by n. The loss has done so already, and dh has it in it."): _cut(
            lambda dh, h: through_relu(dh, h) / len(h)
        ),
    },
    rights=(
        lambda dh, h, top: np.where((h > 0) & (h < top), dh, 0),
        lambda dh, h, top: dh * np.sign(h) * np.sign(top - h),
        lambda dh, h, top: [
            [d if 0 < o < top else 0 for d, o in zip(*rows)] for rows in zip(dh, h)
        ],
    ),
)


def logits(rng):
    """z, y: logits and one-hot rows; not all classes occur, and some more than once."""
    yield np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])
    yield np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 0.0, 1.0]])
    yield np.array([[1, 0], [0, 3]]), np.array([[0, 1], [0, 1]])
    yield np.array([[2.5, -1.0, 0.5], [2.5, -1.0, 0.5]]), np.array([[0, 1, 0], [1, 0, 0]])
    yield np.array([[0.00045, 1.23456, -0.0007]]), np.array([[1, 0, 0]])
    yield np.array([[6.0, -8.0], [-12.0, 4.0], [0.0, 0.5]]), np.array([[1, 0], [1, 0], [1, 0]])
    for n, classes in ((2, 4), (5, 3), (3, 3), (1, 5), (30, 3), (2, 25)):
        yield rng.normal(size=(n, classes)).round(1), np.eye(classes)[rng.integers(0, classes, n)]


def softmax(z, axis=-1):
    """e^z / sum e^z along an axis; the largest z is subtracted first."""
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_alone(z, y):
    return softmax(z)


def logit_gradient(z, y):
    """(p - y) / n with p = softmax(z)"""
    return (softmax(z) - y) / len(y)


def shifted(z, y, shift, keep=True):
    """The gradient, with something else than the largest logit of each row subtracted."""
    e = np.exp(z - shift)
    return (e / e.sum(axis=1, keepdims=keep) - y) / len(y)


crossentropy_gradient = exercise(
    number="4.5",
    name="crossentropy_gradient",
    title=N_("Softmax and cross-entropy, backward in one"),
    points=3,
    minutes=15,
    difficulty=3,
    reference=logit_gradient,
    inputs=logits,
    extremes=(
        (np.array([[1000.0, 0.0]]), np.array([[0.0, 1.0]])),
        (np.array([[-1000.0, -1001.0], [0.0, 1000.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])),
        (
            np.array([[2999.0, 3000.0, 1.0, 0.0], [-2000.0, -2001.0, -2000.0, -2002.0]]),
            np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]),
        ),
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
        N_("The sign is turned round: the gradient is p - y."): (
            lambda z, y: (y - softmax(z)) / len(y),
            lambda z, y: y - softmax(z),
        ),
        N_("y is missing: these are the probabilities."): (
            lambda z, y: softmax(z) / len(y),
            softmax_alone,
        ),
        N_(
            "It is divided by the number of entries. The loss is a mean over rows, so divide by n."
        ): (lambda z, y: (softmax(z) - y) / y.size),
        N_("It is divided by the number of classes. The loss is a mean over rows: divide by n."): (
            lambda z, y: (softmax(z) - y) / y.shape[1]
        ),
        N_("Only p or only y is divided by n. Divide their difference: put it in parentheses."): (
            lambda z, y: softmax(z) - y / len(y),
            lambda z, y: softmax(z) / len(y) - y,
        ),
        N_("The rows are averaged. Each row has a gradient of its own, divided by n."): (
            lambda z, y: np.mean(softmax(z) - y, axis=0),
            lambda z, y: np.mean(softmax(z) - y),
        ),
        N_("Softmax is missing: this is z - y. First make probabilities of z."): (
            lambda z, y: (z - y) / len(y)
        ),
        N_("These are sigmoids. Softmax divides e^z by the sum of the row."): (
            lambda z, y: (1 / (1 + np.exp(-z)) - y) / len(y)
        ),
        N_("Softmax is taken along the columns. The probabilities of a row add up to 1: axis=1."): (
            lambda z, y: (softmax(z, axis=0) - y) / len(y)
        ),
        N_("Softmax is taken over all entries at once. Each row adds up to 1: axis=1, keepdims."): (
            lambda z, y: (np.exp(z - z.max()) / np.exp(z - z.max()).sum() - y) / len(y)
        ),
        N_(
            "The sums of the rows are spread over the columns, or do not fit. Keep them a column: "
            "keepdims=True."
        ): (
            lambda z, y: shifted(z, y, z.max(axis=1, keepdims=True), keep=False),
            lambda z, y: shifted(z, y, z.max(axis=1), keep=False),
            lambda z, y: shifted(z, y, z.max(axis=1)),
        ),
        N_("e^z overflows: inf / inf is no number. Subtract the largest z of each row first."): (
            lambda z, y: shifted(z, y, 0)
        ),
        N_(
            "What is subtracted before np.exp is not the largest z of each row, so e^z still overflows or "
            "all of a row becomes 0. Take the maximum along axis=1, with keepdims=True."
        ): (
            lambda z, y: shifted(z, y, z[:, :1]),
            lambda z, y: shifted(z, y, z[:, -1:]),
            lambda z, y: shifted(z, y, z.mean(axis=1, keepdims=True)),
            lambda z, y: shifted(z, y, np.median(z, axis=1, keepdims=True)),
            lambda z, y: shifted(z, y, z.min(axis=1, keepdims=True)),
            lambda z, y: shifted(z, y, np.abs(z).max(axis=1, keepdims=True)),
            lambda z, y: shifted(z, y, np.max(z)),
            lambda z, y: shifted(z, y, np.mean(z)),
        ),
        N_(
            "Within a row, different numbers are subtracted from z, as with axis=0, and p becomes another. "
            "Subtract the largest z of each row."
        ): (
            lambda z, y: shifted(z, y, z.max(axis=0)),
            lambda z, y: shifted(z, y, z.mean(axis=0)),
        ),
        N_("Large z are clipped, and no longer differ. Subtract the largest z of each row."): tuple(
            lambda z, y, limit=limit: logit_gradient(np.clip(z, -limit, limit), y)
            for limit in (10, 20, 50, 100, 500, 700, 709)
        ),
        N_("The slope of a sigmoid, p (1 - p), is in it. With cross-entropy it cancels."): (
            lambda z, y: (softmax(z) - y) * softmax(z) * (1 - softmax(z)) / len(y),
            lambda z, y: (softmax(z) - y) * softmax(z) * (1 - softmax(z)),
        ),
        N_(
            "This is the slope by p, -y / p. Go on to z: softmax cancels the p, and p - y is left."
        ): (
            lambda z, y: -y / softmax(z) / len(y),
            lambda z, y: -y / softmax(z),
        ),
        N_(
            "Only the true class has a gradient. The logits of the others have one, too: their p."
        ): (
            lambda z, y: y * (softmax(z) - 1) / len(y),
            lambda z, y: y * (softmax(z) - 1),
        ),
        N_("This is the loss itself. Give its gradient with respect to z."): (
            lambda z, y: -np.mean(np.sum(y * np.log(softmax(z)), axis=1)),
            lambda z, y: -np.sum(y * np.log(softmax(z)), axis=1),
        ),
        N_(
            "The result is cut to whole numbers, as in an array of whole numbers that np.zeros_like makes. "
            "Take np.zeros(z.shape)."
        ): cut(logit_gradient, lambda z, y: z.dtype, lambda z, y: y.dtype),
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
    yield (np.array([[1, -2], [0, 1], [-1, 3]]),)
    yield (np.array([[4.5, 0.001, -5.0, 0.0]]),)
    yield (np.array([[0.0004, 1.23456]]),)
    yield (np.array([[1500.5], [-2000.25]]),)
    for shape in ((8, 2), (2, 8), (5, 3), (1, 4), (30, 2), (2, 25)):
        yield (rng.normal(size=shape).round(2),)


def he(r):
    """r sqrt(2 / inputs)"""
    return r * np.sqrt(2 / r.shape[0])


he_initialization = exercise(
    number="4.6",
    name="he_initialization",
    title=N_("He initialization"),
    points=1,
    minutes=5,
    difficulty=2,
    reference=he,
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
        N_("The root is taken of one part alone. It is the root of all of 2 / inputs."): (
            lambda r: r * np.sqrt(2) / len(r),
            lambda r: r * 2 / np.sqrt(len(r)),
        ),
        N_("This is Glorot's size, 2 / (inputs + units). He takes the inputs alone."): (
            lambda r: r * np.sqrt(2 / sum(r.shape)),
            lambda r: r * np.sqrt(6 / sum(r.shape)),
        ),
        N_("The variance is 6 / inputs: the 6 belongs to uniform numbers, and these are normal."): (
            lambda r: r * np.sqrt(6 / len(r))
        ),
        N_("This divides by the size, and makes large weights. Multiply by sqrt(2 / inputs)."): (
            lambda r: r / np.sqrt(2 / len(r))
        ),
        N_(
            "This divides by all entries of W. Each unit adds up as many products as there are inputs."
        ): (lambda r: r * np.sqrt(2 / r.size)),
        N_("The factor is added. Multiply r by it."): lambda r: r + np.sqrt(2 / len(r)),
        N_("This is the factor alone. Multiply r by it."): lambda r: np.sqrt(2 / len(r)),
        N_("The factor is always the same. It depends on the number of inputs."): (
            lambda r: r * 0.5,
            lambda r: r * np.sqrt(2),
            lambda r: r * 0.1,
            lambda r: r * 0.01,
        ),
        N_("The factor is squared. A factor s makes the variance s squared, so take the root."): (
            lambda r: r * (2 / len(r)) ** 2
        ),
        N_("// cuts 2 / inputs to a whole number. Divide with a single /."): (
            lambda r: r * np.sqrt(2 // len(r))
        ),
        N_("r is divided by its own spread too. Its variance counts as 1, as it is."): (
            lambda r: r / r.std() * np.sqrt(2 / len(r)) if r.std() else r * np.nan,
            lambda r: (r - r.mean()) / r.std() * np.sqrt(2 / len(r)) if r.std() else r * np.nan,
        ),
        N_("Large numbers are cut off. Keep them as they are."): tuple(
            lambda r, limit=limit: he(np.clip(r, -limit, limit)) for limit in (1, 2, 3, 4)
        ),
        N_(
            "The result is cut to whole numbers, as in an array of whole numbers that np.zeros_like(r) "
            "makes. Take np.zeros(r.shape)."
        ): cut(he, lambda r: r.dtype),
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
    x, W1 = np.array([[1, 2], [0, -3], [1, 2]]), np.array([[1.5, -1.0, 0.25], [-0.5, 2.0, 0.75]])
    W2 = np.array([[0.5, -1.0], [1.25, 2.0], [-3.0, 0.5]])
    yield x, W1, np.array([0.0, -0.5, 1.0]), W2, np.array([0.25, -0.75])
    yield x * 0.75, W1.round().astype(int), np.array([1, 0, -1]), W2, np.array([0, 0])
    yield x * 200.5, W1, np.array([0.002, 30.0, -4.0]), W2 * 0.01, np.array([-3.0, 500.0])
    b1, b2 = np.array([0.25, -0.5, 1.0]), np.array([0.25, -0.75])
    yield x * 0.75, W1, b1, (W2 * 4).astype(int), b2
    x, W1 = np.array([[0.0005, -0.0002]]), np.array([[1.5, -2.0], [0.5, 1.0]])
    yield x, W1, np.array([0.0001, 0.0003]), np.array([[0.0008], [2.0]]), np.array([-0.0002])
    x = np.array([[1100.5, 0.0004], [0.0005, 2.34567]])
    W1 = np.array([[0.0006, -1.5, 2.0], [2000.25, 0.25, -0.0003]])
    W2 = np.array([[0.0002, 1200.75], [-1500.25, 0.5], [0.5, -0.0007]])
    yield x, W1, np.array([0.00045, 1650.5, -2200.9995]), W2, np.array([1300.5, 0.0004])
    for n, inputs, hidden, units in (
        (2, 2, 2, 2),
        (3, 2, 4, 1),
        (1, 3, 5, 2),
        (4, 1, 3, 3),
        (5, 3, 3, 3),
        (30, 2, 3, 2),
        (2, 3, 25, 2),
    ):
        shapes = (n, inputs), (inputs, hidden), (hidden,), (hidden, units), (units,)
        yield tuple(rng.normal(size=shape).round(1) + 0.05 for shape in shapes)


def two_layers(x, W1, b1, W2, b2):
    """h = max(0, x W1 + b1), y = h W2 + b2"""
    h = np.maximum(x @ W1 + b1, 0)
    return h, h @ W2 + b2


def with_activations(activation=lambda z: np.maximum(z, 0), last=lambda y: y):
    """The two layers with another activation, or with one on the output."""

    def forward(x, W1, b1, W2, b2):
        h = activation(x @ W1 + b1)
        return h, last(h @ W2 + b2)

    return forward


def logistic(z):
    return 1 / (1 + np.exp(-z))


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
            with_activations(lambda z: z)
        ),
        N_("The hidden layer has another activation than ReLU, max(0, z)."): (
            with_activations(logistic),
            with_activations(np.tanh),
            with_activations(np.abs),
            with_activations(lambda z: np.minimum(z, 0)),
            with_activations(lambda z: np.maximum(z, 0.01 * z)),
            with_activations(lambda z: np.maximum(z, 0.1 * z)),
            with_activations(lambda z: (z > 0).astype(float)),
        ),
        N_("The hidden layer is cut off above. ReLU has no upper end."): (
            with_activations(lambda z: np.clip(z, 0, 1)),
            with_activations(lambda z: np.clip(z, 0, 6)),
            with_activations(lambda z: np.clip(z, 0, 10)),
            with_activations(lambda z: np.clip(z, 0, 100)),
        ),
        N_("A ReLU is put on the output too. The last layer has none here."): (
            with_activations(last=lambda y: np.maximum(y, 0))
        ),
        N_("An activation is put on the output. The last layer has none here."): (
            with_activations(last=logistic),
            with_activations(last=np.tanh),
            with_activations(last=lambda y: softmax(y, axis=1)),
        ),
        N_("h is returned before the ReLU. The backward pass needs it after."): (
            lambda x, W1, b1, W2, b2: (x @ W1 + b1, two_layers(x, W1, b1, W2, b2)[1])
        ),
        N_("The second layer takes the hidden layer before the ReLU. It takes h, after it."): (
            lambda x, W1, b1, W2, b2: (
                two_layers(x, W1, b1, W2, b2)[0],
                (x @ W1 + b1) @ W2 + b2,
            )
        ),
        N_("b1 is added after the ReLU. It belongs to the weighted sum."): (
            lambda x, W1, b1, W2, b2: (
                np.maximum(x @ W1, 0) + b1,
                (np.maximum(x @ W1, 0) + b1) @ W2 + b2,
            )
        ),
        N_("This is as if b1 were 0: it is missing, or adding it has no effect."): (
            lambda x, W1, b1, W2, b2: two_layers(x, W1, 0, W2, b2)
        ),
        N_("This is as if b2 were 0: it is missing, or adding it has no effect."): (
            lambda x, W1, b1, W2, b2: two_layers(x, W1, b1, W2, 0)
        ),
        N_("This is as if b1 and b2 were 0: both are missing, or adding them has no effect."): (
            lambda x, W1, b1, W2, b2: two_layers(x, W1, 0, W2, 0)
        ),
        N_("The two are right, in another order. Return h, y."): (
            lambda x, W1, b1, W2, b2: two_layers(x, W1, b1, W2, b2)[::-1]
        ),
        N_("Only y is returned. Return h as well: h, y."): (
            lambda x, W1, b1, W2, b2: two_layers(x, W1, b1, W2, b2)[1]
        ),
        N_("Only h is returned. Return y as well: h, y."): (
            lambda x, W1, b1, W2, b2: two_layers(x, W1, b1, W2, b2)[0]
        ),
        N_("The first part is the mask of h, True and False or 1 and 0. Return h itself."): (
            lambda x, W1, b1, W2, b2: (
                (x @ W1 + b1 > 0).astype(float),
                two_layers(x, W1, b1, W2, b2)[1],
            )
        ),
        N_(
            "h is cut to whole numbers, as in an array of whole numbers that np.zeros_like or dtype=int "
            "makes. Let NumPy make one of floats: np.zeros((n, hidden))."
        ): (
            lambda x, W1, b1, W2, b2: with_activations(lambda z: np.maximum(z, 0).astype(x.dtype))(
                x, W1, b1, W2, b2
            ),
            lambda x, W1, b1, W2, b2: with_activations(lambda z: np.maximum(z, 0).astype(W1.dtype))(
                x, W1, b1, W2, b2
            ),
            with_activations(lambda z: np.maximum(z, 0).astype(int)),
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
    """dy, x, h, W2: what the backward pass is given, from a forward pass; some of h just above 0."""
    for x, W1, b1, W2, b2 in networks(rng):
        h, y = two_layers(x, W1, b1, W2, b2)
        dy = np.ones_like(y) if len(x) == 1 else rng.normal(size=y.shape).round(1) + 0.05
        yield dy, x, h, W2
    W2 = np.array([[0.5, -1.0], [1.25, 2.0], [-3.0, 0.5]])
    yield np.array([[0.5, -1.5]]), np.array([[1.0, -2.0]]), np.array([[1e-12, 0.002, 0.0]]), W2
    x, h = np.array([[1, -2], [0, 3], [2, 2]]), np.array([[0, 2, 1], [3, 0, 0], [0, 0, 4]])
    yield np.array([[0.5, -1.5], [2.25, 1.0], [-0.5, 0.75]]), x, h, (W2 * 4).astype(int)
    yield np.array([[1, -2], [0, 3], [2, 1]]), x * 0.75, h * 1.25, W2
    dy = np.array([[0.2, 0.0004, 0.0002], [-0.0003, 0.5, 0.0003]])
    x, h = (
        np.array([[0.0005, 0.25], [2.34567, 0.0002]]),
        np.array([[2.0, 0, 1.5], [0.0003, 1.5, 0]]),
    )
    yield dy, x, h, np.array([[2.25, 0.0004, 1.0], [-0.0006, 0.0004, 0.2], [0.7, 0.0003, -1.0]])
    x, h = np.array([[1100.25, 0.5]]), np.array([[1100.5, 0.25]])
    yield np.array([[1500.5, -2.0]]), x, h, np.array([[2000.25, 1.0], [3.0, -1500.5]])


def gradients(dy, x, h, W2, mask=lambda dz, h: dz * (h > 0)):
    """dz = dy W2^T where h > 0; then the products of a dense layer, twice."""
    dz = mask(dy @ W2.T, h)
    return x.T @ dz, dz.sum(axis=0), h.T @ dy, dy.sum(axis=0)


def _with(parts, index, part):
    """``parts``, one of them another."""
    return (*parts[:index], part, *parts[index + 1 :])


def _biases(dy, x, h, W2, add):
    """The gradients, those of the biases made with ``add`` from the rows."""
    dW1, _db1, dW2, _db2 = gradients(dy, x, h, W2)
    return dW1, add(dy @ W2.T * (h > 0)), dW2, add(dy)


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
            "dz = relu_backward(dh, h) is the gradient at the first layer's output, and x is its input: two of "
            "the three lines of a dense layer are left. dx, which needs W1, nobody asks for."
        ),
    ),
    why=N_(
        "The same three products twice, and a mask between them: backward, a network is its layers in "
        "reverse order, each handing on the gradient of its input. Nothing new is needed for more layers."
    ),
    mistakes={
        N_(
            "dh goes on as it is, as if no mask were applied: either it is missing, or it is true everywhere, "
            "as with h >= 0. It must be h > 0."
        ): (lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz)),
        N_(
            "The gradient is multiplied by h. Multiply by the ReLU's slope: 1 where h > 0, else 0."
        ): (lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz * h)),
        N_(
            "The gradient is multiplied by h (1 - h), the slope of the sigmoid. h is from a ReLU."
        ): (lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz * h * (1 - h))),
        N_("The mask is turned round: the gradient passes where h is above 0."): (
            lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz * (h <= 0))
        ),
        N_(
            "Positive gradients pass, and no others, as if the mask were taken from the gradient. It is h "
            "that says which units were on."
        ): (lambda dy, x, h, W2: gradients(dy, x, h, W2, mask=lambda dz, h: dz * (dz > 0))),
        N_(
            "Of the gradients that pass, negative ones are cut off too. A gradient may be negative."
        ): (
            lambda dy, x, h, W2: gradients(
                dy, x, h, W2, mask=lambda dz, h: np.maximum(dz, 0) * (h > 0)
            )
        ),
        N_("The mask has another limit than 0. A small output is on, too: h > 0."): tuple(
            lambda dy, x, h, W2, limit=limit: gradients(
                dy, x, h, W2, mask=lambda dz, h: dz * (h > limit)
            )
            for limit in LIMITS[4:]
        ),
        N_(
            "db1 is made without the mask. It is the sum of the rows of dz, as dW1 is made of dz."
        ): (lambda dy, x, h, W2: _with(gradients(dy, x, h, W2), 1, (dy @ W2.T).sum(axis=0))),
        N_("dW1 is made without the mask. It is made of dz, as db1 is."): (
            lambda dy, x, h, W2: _with(gradients(dy, x, h, W2), 0, x.T @ (dy @ W2.T))
        ),
        N_("dW2 is made of x. What goes into the second layer is h."): (
            lambda dy, x, h, W2: _with(gradients(dy, x, h, W2), 2, x.T @ dy)
        ),
        N_("dW1 is made of h. What goes into the first layer is x."): (
            lambda dy, x, h, W2: _with(gradients(dy, x, h, W2), 0, h.T @ (dy @ W2.T * (h > 0)))
        ),
        N_("dW2 is made of the mask. What goes into the second layer is h itself."): (
            lambda dy, x, h, W2: _with(gradients(dy, x, h, W2), 2, (h > 0).T.astype(float) @ dy)
        ),
        N_("W2 is not transposed: the gradient goes back through it, from units to hidden."): (
            lambda dy, x, h, W2: gradients(dy, x, h, W2.T)
        ),
        N_("dW1 and dW2 are the transposed of what they should be."): (
            lambda dy, x, h, W2: tuple(part.T for part in gradients(dy, x, h, W2))
        ),
        N_("The gradients are divided by n. The loss has done so already, and dy has it in it."): (
            lambda dy, x, h, W2: tuple(part / len(x) for part in gradients(dy, x, h, W2)),
            lambda dy, x, h, W2: tuple(
                part / len(x) if part.ndim == 2 else part for part in gradients(dy, x, h, W2)
            ),
        ),
        N_("The biases get the mean of the rows. Add them up."): (
            lambda dy, x, h, W2: tuple(
                part / len(x) if part.ndim == 1 else part for part in gradients(dy, x, h, W2)
            )
        ),
        N_("The biases get the sum along the rows (axis=1). Add all rows instead: axis=0."): (
            lambda dy, x, h, W2: _biases(dy, x, h, W2, lambda rows: rows.sum(axis=1))
        ),
        N_("The biases get the rows as they are. Add them up: a bias is in each of them."): (
            lambda dy, x, h, W2: _biases(dy, x, h, W2, lambda rows: rows)
        ),
        N_("The biases get one number. Each unit has its own: add along axis=0."): (
            lambda dy, x, h, W2: _biases(dy, x, h, W2, np.sum)
        ),
        N_("db1 and db2 keep a row axis. They are vectors: leave out keepdims."): (
            lambda dy, x, h, W2: _biases(dy, x, h, W2, lambda rows: rows.sum(axis=0, keepdims=True))
        ),
        N_("The signs are turned round. These are gradients, and nothing is subtracted yet."): (
            lambda dy, x, h, W2: tuple(-part for part in gradients(dy, x, h, W2))
        ),
        N_("The four are right, in another order. Return dW1, db1, dW2, db2."): tuple(
            lambda dy, x, h, W2, order=order: tuple(gradients(dy, x, h, W2)[i] for i in order)
            for order in ((2, 3, 0, 1), (0, 2, 1, 3), (2, 0, 3, 1), (1, 0, 3, 2), (3, 2, 1, 0))
        ),
        N_("Only the weights have their gradients here. Return dW1, db1, dW2, db2."): (
            lambda dy, x, h, W2: gradients(dy, x, h, W2)[::2]
        ),
        N_("A gradient of the input is returned too. Return dW1, db1, dW2, db2."): (
            lambda dy, x, h, W2: (*gradients(dy, x, h, W2), dy @ W2.T * (h > 0)),
            lambda dy, x, h, W2: (dy @ W2.T * (h > 0), *gradients(dy, x, h, W2)),
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


def graphs(rng):
    """edges, slopes, result: nodes used once, then several times, numbered in any order."""
    yield np.array([[0, 1]]), np.array([3.0]), 1
    yield np.array([[0, 2], [1, 2], [2, 3], [0, 3]]), np.array([1.0, 1.0, 2.0, 5.0]), 3
    yield np.array([[3, 1], [0, 1], [1, 2], [3, 2]]), np.array([1.0, 1.0, 2.0, 5.0]), 2
    yield np.array([[0, 1], [0, 1]]), np.array([4, 4]), 1
    early = np.array([[2, 0], [0, 3], [0, 1], [1, 3]])  # node 0 is met before node 1, which uses it
    yield early, np.array([0.5, 3.0, 1.5, -2.0]), 3
    yield np.array([[1200, 7], [7, 600]]), np.array([2.5, -1.0]), 600
    yield early[[1, 3, 2, 0]], np.array([3.0, -2.0, 1.5, 0.5]), 3
    edges = np.array([[4, 2], [2, 0], [2, 3], [0, 1], [3, 1], [4, 1]])
    yield edges, np.array([2, -1, 3, 4, 5, -2]), 1
    yield edges[::-1], np.array([0.5, -1.5, 2.25, 1.75, 3.0, -0.25]), 1
    yield edges, np.array([0.5, -1.5, 2.25, 1.75, 3.0, -0.25]), 3
    yield edges, np.array([2000.5, -3.0, 0.002, 0.0007, 1500.0, 0.0004]), 1
    yield np.array([[1, 0], [2, 1], [2, 3], [3, 0], [4, 3]]), np.array([0, 2.5, 1, -1.5, 0.5]), 0
    ladder = [
        [a, b]
        for step in range(4)
        for a in (2 * step, 2 * step + 1)
        for b in (2 * step + 2, 2 * step + 3)
    ]
    for edges in (np.array(ladder), np.array([[i, i + 1] for i in range(29)])):
        nodes = rng.permutation(edges.max() + 1)
        order = rng.permutation(len(edges))
        yield (
            nodes[edges][order],
            rng.uniform(0.5, 1.5, len(edges)).round(2),
            int(nodes[edges.max()]),
        )
    for nodes, count in ((6, 9), (8, 16), (12, 30)):
        names = rng.permutation(nodes)
        edges = np.array([sorted(rng.choice(nodes, 2, replace=False)) for _ in range(count)])
        edges[: nodes - 1] = [[i, i + 1] for i in range(nodes - 1)]
        yield (
            names[edges][rng.permutation(count)],
            rng.normal(size=count).round(1),
            int(names[nodes - 2]),
        )


def reverse_mode(edges, slopes, result, add=lambda old, part: old + part, first=1.0):
    """g[result] = 1, and g[a] = the sum over the edges from a to b of slope * g[b]"""
    nodes = np.max(edges) + 1
    gradients = np.zeros(nodes)
    gradients[result] = first
    waiting = np.bincount(edges[:, 0], minlength=nodes)
    ready = [node for node in range(nodes) if waiting[node] == 0]
    for node in ready:  # it grows
        for (source, target), slope in zip(edges, slopes):
            if target == node:
                gradients[source] = add(gradients[source], slope * gradients[node])
                waiting[source] -= 1
                if waiting[source] == 0:
                    ready.append(source)
    return gradients


def one_sweep(edges, slopes, result, order, assign=False):
    """The gradients, handed back along the edges once, in the given order."""
    gradients = np.zeros(np.max(edges) + 1)
    gradients[result] = 1
    for i in order:
        source, target = edges[i]
        part = slopes[i] * gradients[target]
        gradients[source] = part if assign else gradients[source] + part
    return gradients


def breadth_first(edges, slopes, result, again=False):
    """What comes of handing a gradient on before all of it has arrived; again: of all of it twice."""
    gradients, queue, seen = np.zeros(np.max(edges) + 1), [result], {result}
    gradients[result] = 1
    for node in queue:
        for (source, target), slope in zip(edges, slopes):
            if target == node:
                gradients[source] += slope * gradients[node]
                if again or source not in seen:
                    seen.add(source)
                    queue.append(source)
    return gradients


def along_paths(edges, slopes, result):
    gradients, parts = np.zeros(np.max(edges) + 1), [(result, 1.0)]
    for node, part in parts:
        gradients[node] += part
        parts += [(a, part * slope) for (a, b), slope in zip(edges, slopes) if b == node]
    return gradients


def by_matrix(edges, slopes, result):
    nodes = np.max(edges) + 1
    steps = np.zeros((nodes, nodes))
    np.add.at(steps, (edges[:, 0], edges[:, 1]), slopes)
    return np.linalg.solve(np.eye(nodes) - steps, np.eye(nodes)[result])


def in_rounds(edges, slopes, result):
    start = np.eye(np.max(edges) + 1)[result]
    gradients = start
    for _round in range(len(start)):
        new = start.copy()
        np.add.at(new, edges[:, 0], slopes * gradients[edges[:, 1]])
        gradients = new
    return gradients


def _added(edges, slopes, result):
    gradients, parts = np.zeros(np.max(edges) + 1), [(result, 0.0)]
    for node, part in parts:
        gradients[node] += part
        parts += [(a, part + slope) for (a, b), slope in zip(edges, slopes) if b == node]
    gradients[result] = 1
    return gradients


def _from_all_ends(edges, slopes):
    ends = set(edges[:, 1]) - set(edges[:, 0])
    return sum(reverse_mode(edges, slopes, end) for end in ends)


graph_gradients = exercise(
    number="4.9",
    name="graph_gradients",
    title=N_("Any graph, backward"),
    kind="harder",
    points=4,
    minutes=35,
    difficulty=3,
    reference=lambda edges, slopes, result: reverse_mode(edges, slopes, result),
    inputs=graphs,
    hints=(
        N_("A node may hand its gradient on when all nodes that use it have handed theirs to it."),
        N_("Count for each node how many edges leave it. Who has none is ready first."),
        N_(
            "Keep a list of who is ready. For each edge that leads to such a node, hand the slope times the "
            "gradient back, and count down at its source. At 0 the source is ready as well."
        ),
    ),
    why=N_(
        "That order is a topological one, found by counting and not by recursion (A. Kahn, 1962). Each "
        "edge is used once, so the work grows with their number, where the number of paths may double "
        "with each step. What does not lead to the result ends at 0."
    ),
    mistakes={
        N_("The part that comes last replaces the others. Where paths meet, add them up."): (
            lambda e, s, r: reverse_mode(e, s, r, add=lambda old, part: part)
        ),
        N_("Of several parts only the largest is kept. Where paths meet, add them up."): (
            lambda e, s, r: reverse_mode(e, s, r, add=max)
        ),
        N_(
            "A gradient is handed on before all of it has arrived. A node is ready when every edge that "
            "leaves it has brought its part."
        ): (
            breadth_first,
            lambda e, s, r: one_sweep(e, s, r, range(len(e))),
            lambda e, s, r: one_sweep(e, s, r, range(len(e))[::-1]),
            lambda e, s, r: one_sweep(e, s, r, np.argsort(-e[:, 1], kind="stable")),
            lambda e, s, r: one_sweep(e, s, r, np.argsort(e[:, 1], kind="stable")),
        ),
        N_(
            "A node that is reached by several ways hands all that it has on each time, and too much "
            "arrives. Wait until all has come, and hand it on once."
        ): (lambda e, s, r: breadth_first(e, s, r, again=True)),
        N_("The edges are followed from source to target. Gradients go back, to the source."): (
            lambda edges, slopes, result: reverse_mode(edges[:, ::-1], slopes, result)
        ),
        N_("The slopes are left out: this counts paths."): (
            lambda edges, slopes, result: reverse_mode(edges, np.ones(len(edges)), result)
        ),
        N_("Along a path the slopes are added. The chain rule multiplies them."): (
            lambda edges, slopes, result: _added(edges, slopes, result)
        ),
        N_(
            "The result has the gradient 0, and so has everything. It changes as fast as itself: 1."
        ): (lambda edges, slopes, result: np.zeros(np.max(edges) + 1)),
        N_(
            "Everything that nobody uses starts with 1. Only the result does, wherever it stands."
        ): (lambda edges, slopes, result: _from_all_ends(edges, slopes)),
        N_("Only the direct edges to the result are in it. Go on from there."): (
            lambda edges, slopes, result: one_sweep(
                edges, slopes * (edges[:, 1] == result), result, range(len(edges))
            )
        ),
        N_("The last node is taken for the result. Its number is given: `result`."): (
            lambda edges, slopes, result: reverse_mode(edges, slopes, np.max(edges))
        ),
    },
    rights=(along_paths, by_matrix, in_rounds),
)
