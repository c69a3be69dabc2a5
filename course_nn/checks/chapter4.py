"""The exercises of chapter 4: backpropagation."""

import numpy as np

from course_nn.checks.engine import Exercise
from course_nn.i18n import N_


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


dense_backward = Exercise(
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
        N_("b is added to every row, so all rows of dy arrive at it. What does a graph do where paths meet?"),
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

EXERCISES = [dense_backward]
