"""What all losses share, and losses of one's own."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from course_nn._arrays import Array, Shape
from course_nn._measured import measured_gradient
from course_nn._names import Quick, surplus
from course_nn.i18n import _


class Loss(Quick):
    """A loss is the mean over the examples of a batch. ``loss(y_true, y_pred)`` gives it as a float, from predictions.

    A loss of one's own overrides ``forward`` and ``backward``, its derivative. Or, as in Keras, ``call(y_true,
    y_pred)``, which gives a number for each example; the derivative is then measured, as in chapter 1: exact to
    nine digits, and many times slower.

    Args:
        reduction: "sum_over_batch_size" or "mean", which are the same.
        name: what it is called.
    """

    name: str
    activation: ClassVar[str | None] = None  # the activation whose logits the loss can start from
    from_logits = False  # the predictions are logits themselves
    p: Array  # what that activation made of the last logits

    def __init__(
        self, reduction: str = "sum_over_batch_size", name: str | None = None, **others: Any
    ) -> None:
        surplus(type(self).__name__, others, ["reduction", "name"])
        if reduction not in ("sum_over_batch_size", "mean"):
            raise ValueError(
                _(
                    "A loss is the mean over the examples, reduction='sum_over_batch_size', got {given!r}."
                ).format(given=reduction)
            )
        self.name = name or vars(type(self)).get("name") or type(self).__name__

    def __call__(self, y: Array, p: Array, sample_weight: Array | None = None) -> float:
        p = np.asarray(p)
        if p.dtype.kind != "f":
            p = p.astype(np.float64)
        if p.ndim == 1:
            p = p[:, np.newaxis]
        if len(y) != len(p):
            raise ValueError(
                _("There are {y} targets but {p} predictions; there must be one for each.").format(
                    y=len(y), p=len(p)
                )
            )
        y = self.prepare(y, p.shape[1:], p.dtype)
        if sample_weight is not None:
            return self.forward_weighted(y, p, np.asarray(sample_weight))
        return self.forward_logits(y, p) if self.from_logits else self.forward(y, p)

    def prepare(self, y: Array, output_shape: Shape, dtype: np.dtype) -> Array:
        """The targets ``y`` as ``forward`` wants them, for a network whose outputs have ``output_shape``.

        Raises:
            ValueError: the targets do not fit the network or the loss, or hold NaN.
        """
        targets = np.asarray(y)
        if targets.ndim == 1 and output_shape == (1,):
            targets = targets[:, np.newaxis]
        if targets.shape[1:] != output_shape:
            raise ValueError(
                _(
                    "The targets have shape {given}, but the network gives {wanted} for each example. "
                    "Change the last layer's units or the targets so that the two agree."
                ).format(given=targets.shape, wanted=output_shape)
            )
        targets = targets.astype(dtype, copy=False)
        if not np.isfinite(targets).all():
            bad = ~np.isfinite(targets).reshape(len(targets), -1).all(1)
            raise ValueError(
                _(
                    "The targets hold NaN or infinity, first in row {row}. Remove or correct such rows."
                ).format(row=int(np.flatnonzero(bad)[0]))
            )
        return targets

    def each(self, y: Array, p: Array) -> Array:
        """The loss of each example, shape (n,)."""
        values = np.asarray(self.call(y, p))
        if values.shape[:1] != p.shape[:1]:
            raise ValueError(
                _(
                    "With weights a loss must give a number for each example, but {name} gave shape {shape}. "
                    "Take the mean over axis -1 only."
                ).format(name=self.name, shape=values.shape)
            )
        return values.reshape(len(p), -1).mean(axis=1)

    def call(self, y_true: Array, y_pred: Array) -> Array:
        raise NotImplementedError(
            _("{name} needs forward and backward, or call.").format(name=type(self).__name__)
        )

    def forward(self, y: Array, p: Array) -> float:
        return float(np.mean(self.call(y, p)))

    def backward(self, y: Array, p: Array) -> Array:
        return measured_gradient(lambda p: self.call(y, p), p)

    def forward_weighted(self, y: Array, p: Array, weights: Array) -> float:
        """mean of weight times loss: the sum divides by n, not by the sum of the weights"""
        return float(np.dot(self.each(y, p), weights)) / len(p)

    def forward_logits(self, y: Array, z: Array) -> float:
        raise NotImplementedError

    def backward_logits(self, y: Array) -> Array:
        raise NotImplementedError

    def config(self) -> dict[str, Any]:
        """The arguments that make the same loss again, as JSON can hold them."""
        return {}


class FunctionLoss(Loss):
    """A function of (y_true, y_pred) as a loss."""

    def __init__(self, function: Callable[[Array, Array], Any]) -> None:
        super().__init__(name=getattr(function, "__name__", type(function).__name__))
        self.call = function  # type: ignore[assignment, method-assign]
