"""How good predictions are: accuracy, the confusion matrix, precision, recall and F1.

Labels may come as class numbers, one-hot rows, or probabilities: ``classes_of`` makes class numbers of all.
"""

import numpy as np

from course_nn._arrays import Array
from course_nn.i18n import _


def classes_of(y: Array) -> Array:
    """Class numbers, shape (n,): the largest of each row; a single column as it is where it holds whole numbers,
    else, as probabilities, whether each is at least 0.5."""
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(axis=1)
    if y.ndim > 2:
        raise ValueError(
            _(
                "Labels are one number or one row of probabilities each, got an array of shape {shape}."
            ).format(shape=y.shape)
        )
    flat = y.reshape(-1)
    whole = flat.dtype.kind in "iub" or bool(np.all((flat == np.rint(flat)) & (flat >= 0)))
    return flat.astype(np.intp) if whole else (flat >= 0.5).astype(np.intp)


def accuracy(y_true: Array, y_pred: Array) -> float:
    """The share of rows whose predicted class is the true one, 0 to 1; NaN of no rows."""
    true, predicted = _pair(y_true, y_pred)
    return float(np.count_nonzero(true == predicted) / len(true)) if len(true) else float("nan")


def confusion_matrix(y_true: Array, y_pred: Array, num_classes: int | None = None) -> Array:
    """Counts, shape (classes, classes): row i, column j counts rows of true class i that were taken for class j.

    Raises:
        ValueError: the two differ in length, or a label is negative or not below ``num_classes``.
    """
    true, predicted = _pair(y_true, y_pred)
    largest = int(max(true.max(initial=-1), predicted.max(initial=-1)))
    classes = largest + 1 if num_classes is None else num_classes
    if len(true) and (min(true.min(), predicted.min()) < 0 or largest >= classes):
        raise ValueError(
            _(
                "Labels must run from 0 to {last} for {classes} classes, got {low} to {high}."
            ).format(
                last=classes - 1,
                classes=classes,
                low=min(true.min(), predicted.min()),
                high=largest,
            )
        )
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


def precision(y_true: Array, y_pred: Array, num_classes: int | None = None) -> Array:
    """Per class, shape (classes,): of the rows that were given this class, the share that has it; 0 where none was."""
    matrix = confusion_matrix(y_true, y_pred, num_classes)
    return _ratio(np.diag(matrix), matrix.sum(axis=0))


def recall(y_true: Array, y_pred: Array, num_classes: int | None = None) -> Array:
    """Per class, shape (classes,): of the rows that have this class, the share that was found; 0 where none has."""
    matrix = confusion_matrix(y_true, y_pred, num_classes)
    return _ratio(np.diag(matrix), matrix.sum(axis=1))


def f1_score(y_true: Array, y_pred: Array, num_classes: int | None = None) -> Array:
    """Per class, shape (classes,): 2 precision recall / (precision + recall), their harmonic mean."""
    matrix = confusion_matrix(y_true, y_pred, num_classes)
    return _ratio(2 * np.diag(matrix), matrix.sum(axis=0) + matrix.sum(axis=1))


def _pair(y_true: Array, y_pred: Array) -> tuple[Array, Array]:
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if len(true) != len(predicted):
        raise ValueError(
            _(
                "There are {true} true labels but {predicted} predictions; there must be one for each."
            ).format(true=len(true), predicted=len(predicted))
        )
    return classes_of(true), classes_of(predicted)


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


METRICS = {"accuracy": accuracy}
