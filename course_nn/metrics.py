"""How good predictions are: accuracy, the confusion matrix, precision, recall and F1.

Labels may come as class numbers, one-hot rows, or probabilities: ``classes_of`` makes class numbers of all.
"""

import re
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from course_nn import losses
from course_nn._arrays import Array
from course_nn._names import Quick, arguments, lookup, missing
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
                "Labels are one number or one row of probabilities each, got an array of shape {shape}. "
                "Of several places in an example, take y.reshape(-1, y.shape[-1])."
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


# Metrics as a model keeps them: they see batch after batch, and tell the figure over all.


class Metric(Quick):
    """A figure over many batches. One's own overrides ``values``, a number for each example, whose mean counts.

    Args:
        name: under which history and logs keep it.
    """

    direction: ClassVar[str | None] = None  # "up" where more is better, "down" where less is

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        own = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(self).__name__)
        own = re.sub(r"([a-z])([A-Z])", r"\1_\2", own).lower()
        self.name = name or own
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all batches."""
        self.total, self.count = 0.0, 0.0

    def update_state(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None = None
    ) -> None:
        """Take a batch into account."""
        values = np.asarray(self.values(np.asarray(y_true), np.asarray(y_pred)))
        if values.dtype == bool and sample_weight is None:
            self.total += np.count_nonzero(values)
            self.count += values.size
            return
        if values.ndim == 0:  # a number for the batch, which counts once, as in Keras
            self.total, self.count = self.total + float(values), self.count + 1
            return
        values = values.reshape(len(values), -1).mean(axis=1)
        weights = np.ones(len(values)) if sample_weight is None else np.asarray(sample_weight)
        self.total += float(np.dot(values, weights.reshape(-1)))
        self.count += float(weights.sum())

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The figure of each example."""
        raise NotImplementedError(
            _("{name} needs a method values, or update_state and result.").format(
                name=type(self).__name__
            )
        )

    def result(self) -> float:
        """The figure over all batches since the last ``reset_state``; 0 of none."""
        return self.total / self.count if self.count else 0.0

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


class FunctionMetric(Metric):
    """A function of (y_true, y_pred) as a metric."""

    def __init__(self, function: Callable[[Array, Array], Any], name: str | None = None) -> None:
        super().__init__(name or getattr(function, "__name__", type(function).__name__))
        self.values = function  # type: ignore[assignment, method-assign]


MeanMetricWrapper = FunctionMetric  # Keras's name


def _same_shape(metric: Metric, y: Array, p: Array) -> Array:
    """``y`` in the shape of ``p``."""
    if y.ndim == 1 and p.shape[1:] == (1,):
        y = y[:, np.newaxis]
    if y.shape != p.shape:
        raise ValueError(
            _(
                "The metric {name} takes targets and predictions of one shape, got {given} and {wanted}. "
                "Of class labels 'accuracy' and 'sparse_categorical_accuracy' are told."
            ).format(name=metric.name, given=y.shape, wanted=p.shape)
        )
    return y


class BinaryAccuracy(Metric):
    """The share of numbers that equal their target, 0 or 1, where above ``threshold`` counts as 1."""

    direction = "up"

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = threshold

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return _same_shape(self, y_true, y_pred) == (y_pred > self.threshold)


class CategoricalAccuracy(Metric):
    """The share of examples whose largest output is that of the one-hot target."""

    direction = "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return _one_hot(self, y_true, y_pred).argmax(axis=-1) == y_pred.argmax(axis=-1)


def _one_hot(metric: Metric, y: Array, p: Array) -> Array:
    """``y`` as it is, in the shape of ``p``, which has several outputs."""
    if p.shape[-1] == 1:
        raise ValueError(
            _(
                "The metric {name} takes one-hot rows of several outputs, but the network has one. "
                "Of a single output 'accuracy' and 'binary_accuracy' are told."
            ).format(name=metric.name)
        )
    return _same_shape(metric, y, p)


class SparseCategoricalAccuracy(Metric):
    """The share of examples whose largest output is that of the class label."""

    direction = "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return _labels(self, y_true, y_pred) == y_pred.argmax(axis=-1)


def _labels(metric: Metric, y: Array, p: Array) -> Array:
    """``y`` as labels, one for each row of ``p``."""
    if y.ndim == p.ndim and y.shape[-1] == 1:
        y = y[..., 0]
    if y.shape != p.shape[:-1]:
        raise ValueError(
            _(
                "The metric {name} takes class labels, got targets of shape {given}. "
                "Of one-hot rows 'accuracy' and 'categorical_accuracy' are told."
            ).format(name=metric.name, given=y.shape)
        )
    return y


class Accuracy(Metric):
    """What "accuracy" stands for: of a single output the binary one, of labels the sparse, else the categorical."""

    direction = "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        if y_pred.shape[-1] == 1:
            return _same_shape(self, y_true, y_pred) == (y_pred > 0.5)
        predicted = y_pred.argmax(axis=-1)
        if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1:
            return _labels(self, y_true, y_pred) == predicted
        return _same_shape(self, y_true, y_pred).argmax(axis=-1) == predicted


class TopKCategoricalAccuracy(Metric):
    """The share of examples whose true class is among the ``k`` largest outputs; targets are one-hot."""

    direction = "up"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name)
        self.k = k

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return self.among(_one_hot(self, y_true, y_pred).argmax(axis=-1), y_pred)

    def among(self, labels: Array, y_pred: Array) -> Array:
        own = np.take_along_axis(y_pred, labels[..., np.newaxis].astype(np.intp), axis=-1)
        return np.count_nonzero(y_pred > own, axis=-1) < self.k


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """The share of examples whose true class is among the ``k`` largest outputs; targets are labels."""

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return self.among(_labels(self, y_true, y_pred), y_pred)


class LossMetric(Metric):
    """A loss as a figure beside another loss."""

    direction = "down"
    loss: ClassVar[type[losses.Loss]]

    def __init__(self, name: str | None = None, dtype: Any = None, **options: Any) -> None:
        super().__init__(name)
        self.measure = self.loss(**options)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        p = y_pred if y_pred.dtype.kind == "f" else y_pred.astype(np.float64)
        return self.measure.each(self.measure.prepare(y_true, p.shape[1:], p.dtype), p)


_LOSS_METRICS = {
    loss.__name__: type(loss.__name__, (LossMetric,), {"loss": loss, "__doc__": loss.__doc__})
    for loss in losses.LOSSES.values()
}
globals().update(_LOSS_METRICS)


class RootMeanSquaredError(LossMetric):
    """sqrt of the mean of (p - y)^2"""

    loss = losses.MeanSquaredError

    def result(self) -> float:
        return super().result() ** 0.5


class _Counting(Metric):
    """Hits, false alarms and misses among outputs, where above 0.5 counts as 1."""

    direction = "up"

    def __init__(
        self,
        thresholds: float | None = None,
        top_k: None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name)
        if top_k is not None or not isinstance(thresholds, (int, float, type(None))):
            raise ValueError(
                _("{name} takes one threshold, a number, and no top_k.").format(name=self.name)
            )
        self.thresholds, self.class_id = thresholds, class_id
        self.threshold = 0.5 if thresholds is None else thresholds

    def reset_state(self) -> None:
        self.hits = self.alarms = self.misses = 0.0

    def update_state(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None = None
    ) -> None:
        y_pred = np.asarray(y_pred)
        true, given = _same_shape(self, np.asarray(y_true), y_pred) > 0, y_pred > self.threshold
        if self.class_id is not None:
            true, given = true[..., self.class_id], given[..., self.class_id]
        weights = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight)

        def count(which: Array) -> float:
            return float(np.dot(which.reshape(len(which), -1).sum(axis=1), weights.reshape(-1)))

        self.hits += count(true & given)
        self.alarms += count(given & ~true)
        self.misses += count(true & ~given)


class Precision(_Counting):
    """Of the outputs that are above the threshold, the share whose target is 1."""

    def result(self) -> float:
        found = self.hits + self.alarms
        return self.hits / found if found else 0.0


class Recall(_Counting):
    """Of the targets that are 1, the share whose output is above the threshold."""

    def result(self) -> float:
        wanted = self.hits + self.misses
        return self.hits / wanted if wanted else 0.0


METRICS: dict[str, Callable[..., Metric]] = {
    "accuracy": Accuracy,
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "root_mean_squared_error": RootMeanSquaredError,
    "precision": Precision,
    "recall": Recall,
    **{loss.name: _LOSS_METRICS[loss.__name__] for loss in losses.LOSSES.values()},
}
_KNOWN: dict[str, Callable[..., Metric]] = {
    **METRICS,
    "acc": Accuracy,
    **{short: _LOSS_METRICS[loss.__name__] for short, loss in losses.SHORT.items()},
    **{short.upper(): _LOSS_METRICS[loss.__name__] for short, loss in losses.SHORT.items()},
    **{each.__name__: each for each in METRICS.values()},
}


def get(metric: str | Metric | type[Metric] | Callable[[Array, Array], Any]) -> Metric:
    """A metric as it is, by name, or from a function of (y_true, y_pred).

    Raises:
        ValueError: there is no metric of that name.
    """
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, type) and issubclass(metric, Metric):
        return metric()
    if callable(metric):
        return FunctionMetric(metric)
    if isinstance(metric, str) and metric.lower() in ("acc", "accuracy"):
        return Accuracy(metric)
    return lookup(_("metric"), metric, _KNOWN)(name=metric)


def is_known(metric: Metric) -> bool:
    """Whether a file can name it."""
    return type(metric) in METRICS.values()


def config(metric: Metric) -> dict[str, Any]:
    """What ``from_config`` makes the same metric from, as JSON can hold it."""
    given = {
        name: vars(metric)[name]
        for name in arguments(type(metric).__init__)
        if name in vars(metric)
    }
    return {"class": type(metric).__name__, **given}


def from_config(given: dict[str, Any]) -> Metric:
    given = dict(given)
    return lookup(_("metric"), given.pop("class"), _KNOWN)(**given)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, [*globals(), *_KNOWN])
