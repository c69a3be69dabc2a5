"""Loss functions, each with its derivative directly under it."""

from collections.abc import Callable
from typing import Any

from course_nn._arrays import Array
from course_nn._names import lookup, missing
from course_nn.i18n import _
from course_nn.losses.base import FunctionLoss, Loss
from course_nn.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from course_nn.losses.regression import (
    Hinge,
    Huber,
    KLDivergence,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
)

LOSSES: dict[str, type[Loss]] = {
    loss.name: loss
    for loss in (
        MeanSquaredError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredLogarithmicError,
        Huber,
        Poisson,
        Hinge,
        KLDivergence,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
    )
}
SHORT: dict[str, type[Loss]] = {  # Keras's other names
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "kullback_leibler_divergence": KLDivergence,
}
_KNOWN: dict[str, type[Loss]] = {
    **LOSSES,
    **SHORT,
    **{name.upper(): loss for name, loss in SHORT.items()},
    **{loss.__name__: loss for loss in LOSSES.values()},
}


def get(loss: str | Loss | type[Loss] | Callable[[Array, Array], Any]) -> Loss:
    """A loss as it is, by name, or from a function of (y_true, y_pred).

    Raises:
        ValueError: there is no loss of that name.
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, type) and issubclass(loss, Loss):
        return loss()
    if isinstance(loss, _Named):
        return loss.loss()
    return FunctionLoss(loss) if callable(loss) else lookup(_("loss"), loss, _KNOWN)()


class _Named:
    """A loss as Keras's function of the same name: a number for each example."""

    def __init__(self, loss: type[Loss]) -> None:
        self.loss, self.__name__ = loss, loss.name

    def __call__(self, y_true: Array, y_pred: Array, **options: Any) -> Array:
        import numpy as np

        loss, p = self.loss(**options), np.asarray(y_pred)
        p = p if p.dtype.kind == "f" else p.astype(np.float64)
        return loss.each(loss.prepare(np.asarray(y_true), p.shape[1:], p.dtype), p)


def __getattr__(name: str) -> Any:
    if name in LOSSES or name in SHORT or name.lower() in SHORT:
        return _Named(_KNOWN[name])
    raise missing(__name__, name, [*globals(), *_KNOWN])
