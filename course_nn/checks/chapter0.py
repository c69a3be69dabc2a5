"""The exercises of the primer: NumPy."""

import numpy as np

from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def tables(rng):
    """x: one of two rows first, then whole numbers, one row, one column, square and others."""
    yield (np.array([[1.0, 10.0], [3.0, 30.0]]),)
    yield (np.array([[1, 2], [2, 4], [5, 0]]),)
    yield (np.array([[4.0, -1.0, 2.5]]),)
    yield (np.array([[1.0], [2.0], [6.0]]),)
    yield (np.array([[250, 10], [255, 3]], np.uint8),)
    for shape in ((3, 3), (2, 4), (5, 2)):
        yield (rng.normal(1, 2, size=shape).round(1),)


def columns_by_loop(x):
    result = np.array(x, float)
    for j in range(x.shape[1]):
        result[:, j] -= sum(x[:, j].tolist()) / len(x)
    return result


def rowless(x):
    """The mean of each row taken off."""
    return x - x.mean(axis=1, keepdims=True)


def in_place(x):
    x -= x.mean(axis=0).astype(x.dtype)
    return x


center_columns = exercise(
    number="0.1",
    name="center_columns",
    title=N_("Columns without their mean"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda x: x - x.mean(axis=0),
    inputs=tables,
    hints=(
        N_("You want one mean for each column. Which axis has to go away for that?"),
        N_("`x.mean(axis=0)` has the shape (columns,), which fits every row of x as it is."),
    ),
    why=N_(
        "x has the shape (rows, columns) and the means (columns,): broadcasting takes them off each "
        "row. Afterwards every column has the mean 0. `x - ...` makes a new array."
    ),
    mistakes={
        N_("The mean of each row is taken off. A column runs along axis 0."): rowless,
        N_("One mean of the whole table is taken off. Each column has its own, with axis=0."): (
            lambda x: x - x.mean()
        ),
        N_("These are the means themselves. Take them off the columns."): lambda x: x.mean(axis=0),
        N_("The sum of each column is taken off. Divide it by the number of rows."): (
            lambda x: x - x.sum(axis=0)
        ),
        N_("The median of each column is taken off, not the mean."): (
            lambda x: x - np.median(x, axis=0)
        ),
        N_("The sign is turned round: it is the mean minus the column."): (
            lambda x: x.mean(axis=0) - x
        ),
        N_("The first row is taken off each row, not the mean."): lambda x: x - x[0] * 1.0,
        N_(
            "The result holds whole numbers, so what stands behind the point is lost. Is it made in an array "
            "of the type of x?"
        ): lambda x: (x - x.mean(axis=0)).astype(x.dtype),
        N_("The columns are divided by their spread as well. Only the mean has to go."): (
            lambda x: (x - x.mean(axis=0)) / np.where(x.std(axis=0), x.std(axis=0), 1)
        ),
    },
    rights=(
        columns_by_loop,
        lambda x: (np.eye(len(x)) - 1 / len(x)) @ x,
        lambda x: np.stack([column - np.mean(column) for column in x.T], axis=1),
        lambda x: [[v - m for v, m in zip(row, np.mean(x, axis=0))] for row in x.tolist()],
    ),
)


def pairs(rng):
    """a, b: of different lengths and of the same, which hides a missing axis."""
    yield np.array([1.0, 5.0]), np.array([2.0, 3.0, 4.0])
    yield np.array([3.0]), np.array([1.0, 1.5])
    yield np.array([2, 7, 4]), np.array([5])
    yield np.array([1.0, 4.0, -2.0]), np.array([1.0, 4.0, -2.0])
    yield np.array([0.5, -1.5]), np.array([3, -8])
    for n, m in ((3, 2), (4, 4), (2, 5)):
        yield rng.normal(size=n).round(1), rng.normal(size=m).round(1)


differences = exercise(
    number="0.2",
    name="differences",
    title=N_("The difference of every pair"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda a, b: a[:, np.newaxis] - b,
    inputs=pairs,
    hints=(
        N_(
            "The answer has a row for each number of a. Which shape must a have, so that it is a column?"
        ),
        N_("(n, 1) minus (m,) is (n, m). `a[:, np.newaxis]` and `a.reshape(-1, 1)` are columns."),
    ),
    why=N_(
        "a as a column, (n, 1), and b as a row, (m,), are both stretched to (n, m). This is what happens by "
        "mistake when a column of answers meets a row of truths; here it is wanted."
    ),
    mistakes={
        N_("Rows and columns are exchanged: a belongs to the rows."): (
            lambda a, b: (a[:, np.newaxis] - b).T
        ),
        N_("The sign is turned round: it is a number of a minus one of b."): (
            lambda a, b: b - a[:, np.newaxis]
        ),
        N_("These are b minus a, with the rows of b. Each row belongs to a number of a."): (
            lambda a, b: b[:, np.newaxis] - a
        ),
        N_("The differences have lost their sign. They may be negative."): (
            lambda a, b: np.abs(a[:, np.newaxis] - b)
        ),
        N_("These are sums, not differences."): lambda a, b: a[:, np.newaxis] + b,
        N_("These are products, not differences."): lambda a, b: np.outer(a, b),
        N_("The differences are squared."): lambda a, b: (a[:, np.newaxis] - b) ** 2,
        N_("The pairs are all there, but in one row. The answer has a row for each number of a."): (
            lambda a, b: (a[:, np.newaxis] - b).ravel()
        ),
        N_("a - b meets the numbers in the same place. Every number of a meets every one of b."): (
            lambda a, b: a - b
        ),
    },
    rights=(
        lambda a, b: np.subtract.outer(a, b),
        lambda a, b: [[one - other for other in b] for one in a],
        lambda a, b: a.reshape(-1, 1) - b.reshape(1, -1),
        lambda a, b: np.stack([one - b for one in a]),
    ),
)


def tables_with_gaps(rng):
    """x, value: signs mixed, a zero, whole numbers with a value that is none, and other shapes."""
    yield np.array([-1.0, 0.0, 2.0]), 0.5
    yield np.array([-1, 0, 2, -3]), 0.5
    yield np.array([[1.0, -2.0], [-0.0, 3.0]]), 0.0
    yield np.array([[-0.001, 0.5, -7.0]]), -1.0
    yield np.array([4.0, 5.0]), 9.0
    yield np.array([-4.0, -4.0]), 100.0
    yield np.array(-3.0), 2.0
    for shape in ((4,), (2, 3), (2, 2, 2)):
        yield rng.normal(size=shape).round(1), round(float(rng.normal()), 1)


def by_writing(x, value):
    x[x < 0] = value
    return x


def by_loop(x, value):
    result = np.array(x, float)
    for i in np.ndindex(result.shape):
        if result[i] < 0:
            result[i] = value
    return result


replace_negative = exercise(
    number="0.3",
    name="replace_negative",
    title=N_("Negative numbers replaced"),
    points=1,
    minutes=5,
    difficulty=1,
    reference=lambda x, value: np.where(x < 0, value, x),
    inputs=tables_with_gaps,
    hints=(
        N_("`x < 0` is a mask. One function takes a mask and two choices, and gives a new array."),
        N_("`np.where(mask, a, b)` takes from a where the mask is True, and from b elsewhere."),
    ),
    why=N_(
        "np.where gives a new array of a type that holds both x and value. Writing `x[x < 0] = value` changes "
        "the array of whoever called, and cuts 0.5 off to 0 where x holds whole numbers."
    ),
    mistakes={
        N_("0 is replaced as well. It is not below 0."): (
            lambda x, value: np.where(x <= 0, value, x)
        ),
        N_("The negative numbers are kept, and the others replaced."): (
            lambda x, value: np.where(x < 0, x, value)
        ),
        N_("The negative numbers lost their sign. Put value in their place."): (
            lambda x, value: np.abs(x)
        ),
        N_("The negative numbers became 0. Put value in their place."): (
            lambda x, value: np.maximum(x, 0)
        ),
        N_("Everything below value became value. Only what is below 0 is to be replaced."): (
            lambda x, value: np.maximum(x, value)
        ),
        N_(
            "The negative numbers are left out. The table keeps its shape, with value in their place."
        ): (lambda x, value: x[x >= 0]),
        N_(
            "The result holds whole numbers, and value is cut off. Is it made in an array of the type of x?"
        ): lambda x, value: np.asarray(np.where(x < 0, value, x)).astype(x.dtype),
        N_("This is the mask itself, True where x is below 0. Use it to choose."): (
            lambda x, value: x < 0
        ),
        N_("value is added to the negative numbers. It takes their place."): (
            lambda x, value: np.where(x < 0, x + value, x)
        ),
    },
    rights=(
        by_loop,
        lambda x, value: x * (x >= 0) + value * (x < 0),
        lambda x, value: np.select([x >= 0], [x], value),
        lambda x, value: np.vectorize(lambda one: float(one) if one >= 0 else float(value))(x),
    ),
)
