"""Loss functions, each with its derivative directly under it.

A loss is the mean over the rows of a batch. Where the network ends in the activation that belongs to the
loss (softmax with the categorical, sigmoid with the binary cross-entropy), the two are computed together
from the values before the activation, the logits z. That is faster, it stays finite however large the
logits are, and the gradient is simple: (p - y) / n.
"""

from typing import ClassVar

import numpy as np

from course_nn import activations
from course_nn._arrays import Array, ones
from course_nn.i18n import _
from course_nn.utils import lookup

EPSILON = 1e-7  # probabilities are kept this far from 0 and 1 before the logarithm, as in Keras


class Loss:
    """What all losses share. ``loss(y_true, y_pred)`` is the mean loss as a float, from predictions."""

    name: ClassVar[str]
    activation: ClassVar[str | None] = None  # the activation whose logits the loss can start from
    p: Array  # what that activation made of the last logits

    def __call__(self, y: Array, p: Array) -> float:
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
        return self.forward(self.prepare(y, p.shape[1:], p.dtype), p)

    def prepare(self, y: Array, output_shape: tuple[int, ...], dtype: np.dtype) -> Array:
        """The targets ``y`` as ``forward`` wants them, for a network whose rows have ``output_shape``.

        Raises:
            ValueError: the targets do not fit the network or the loss, or hold NaN.
        """
        targets = np.asarray(y)
        if targets.ndim == 1 and output_shape == (1,):
            targets = targets[:, np.newaxis]
        if targets.shape[1:] != output_shape:
            raise ValueError(
                _(
                    "The targets have shape {given}, but the network gives {wanted} for each row. "
                    "Change the last layer's units or the targets so that the two agree."
                ).format(given=targets.shape, wanted=output_shape)
            )
        targets = targets.astype(dtype, copy=False)
        if not np.isfinite(targets).all():
            raise ValueError(
                _(
                    "The targets hold NaN or infinity, first in row {row}. Remove or correct such rows."
                ).format(
                    row=int(
                        np.nonzero(~np.isfinite(targets).reshape(len(targets), -1).all(1))[0][0]
                    )
                )
            )
        return targets

    def forward(self, y: Array, p: Array) -> float:
        raise NotImplementedError

    def backward(self, y: Array, p: Array) -> Array:
        raise NotImplementedError

    def forward_logits(self, y: Array, z: Array) -> float:
        raise NotImplementedError

    def backward_logits(self, y: Array) -> Array:
        raise NotImplementedError


class MeanSquaredError(Loss):
    """L = mean (p - y)^2, over rows and outputs."""

    name = "mean_squared_error"

    def forward(self, y: Array, p: Array) -> float:
        """mean (p - y)^2"""
        return float(np.square(p - y).mean())

    def backward(self, y: Array, p: Array) -> Array:
        """dp = 2 (p - y) / (number of entries)"""
        return (2 / p.size) * (p - y)


class BinaryCrossentropy(Loss):
    """L = -mean (y log p + (1 - y) log(1 - p)), y between 0 and 1 (Goodfellow et al. 2016, section 6.2.2.2)."""

    name = "binary_crossentropy"
    activation = "sigmoid"

    def prepare(self, y: Array, output_shape: tuple[int, ...], dtype: np.dtype) -> Array:
        targets = super().prepare(y, output_shape, dtype)
        if targets.size and (targets.min() < 0 or targets.max() > 1):
            raise ValueError(
                _(
                    "binary_crossentropy takes targets from 0 to 1, got {low:g} to {high:g}. "
                    "Encode the two classes as 0 and 1, or use 'mean_squared_error' for other numbers."
                ).format(low=targets.min(), high=targets.max())
            )
        return targets

    def forward(self, y: Array, p: Array) -> float:
        """-mean (y log p + (1 - y) log(1 - p))"""
        q = np.clip(p, EPSILON, 1 - EPSILON)
        return float(-np.mean(y * np.log(q) + (1 - y) * np.log(1 - q)))

    def backward(self, y: Array, p: Array) -> Array:
        """dp = (p - y) / (p (1 - p)) / (number of entries)"""
        q = np.clip(p, EPSILON, 1 - EPSILON)
        return (q - y) / (q * (1 - q)) / p.size

    def forward_logits(self, y: Array, z: Array) -> float:
        """mean (max(z, 0) - y z + log(1 + e^-|z|)), equal to the above for p = sigmoid(z)"""
        self.p = activations.sigmoid(z)
        return float(np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))))

    def backward_logits(self, y: Array) -> Array:
        """dz = (p - y) / (number of entries)"""
        return (self.p - y) / y.size


class CategoricalCrossentropy(Loss):
    """L = -mean over rows of sum_k y_k log p_k, y one-hot (Goodfellow et al. 2016, section 6.2.2.3)."""

    name = "categorical_crossentropy"
    activation = "softmax"

    def prepare(self, y: Array, output_shape: tuple[int, ...], dtype: np.dtype) -> Array:
        targets = np.asarray(y)
        classes = output_shape[-1]
        if targets.ndim == 1 or (targets.shape[1:] == (1,) and classes > 1):
            raise ValueError(
                _(
                    "categorical_crossentropy takes one-hot targets of shape (rows, {classes}), got shape {given}, "
                    "which looks like class labels. Convert them with to_categorical(y, {classes}), "
                    "or use loss='sparse_categorical_crossentropy'."
                ).format(classes=classes, given=targets.shape)
            )
        targets = super().prepare(targets, output_shape, dtype)
        sums = np.dot(targets, ones(classes, targets.dtype))
        if targets.size and (targets.min() < 0 or np.abs(sums - 1).max() > 1e-3):
            row = int(np.argmax((targets < 0).any(1) | (np.abs(sums - 1) > 1e-3)))
            raise ValueError(
                _(
                    "categorical_crossentropy takes targets of which each row is 0 or more and sums to 1; "
                    "row {row} is {values}. Make one-hot rows from class labels with to_categorical."
                ).format(row=row, values=targets[row].tolist())
            )
        return targets

    def forward(self, y: Array, p: Array) -> float:
        """-sum y log p / n"""
        return -float(np.vdot(y, np.log(np.clip(p, EPSILON, 1)))) / len(y)

    def backward(self, y: Array, p: Array) -> Array:
        """dp = -y / p / n"""
        return -y / np.clip(p, EPSILON, 1) / len(y)

    def forward_logits(self, y: Array, z: Array) -> float:
        """mean over rows of log sum_k e^z_k - sum_k y_k z_k, equal to the above for p = softmax(z)"""
        z = activations.shifted(z)
        return (_softmax(self, z) - float(np.vdot(y, z))) / len(y)

    def backward_logits(self, y: Array) -> Array:
        """dz = (p - y) / n"""
        dz = self.p - y
        dz *= 1 / len(y)
        return dz


class SparseCategoricalCrossentropy(Loss):
    """L = -mean over rows of log p_y, y the number of the true class: the same as categorical
    cross-entropy, without the one-hot rows."""

    name = "sparse_categorical_crossentropy"
    activation = "softmax"

    def prepare(self, y: Array, output_shape: tuple[int, ...], dtype: np.dtype) -> Array:
        targets = np.asarray(y)
        classes = output_shape[-1]
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = targets[:, 0]
        if targets.ndim != 1:
            raise ValueError(
                _(
                    "sparse_categorical_crossentropy takes one class label a row, shape (rows,), got shape {given}, "
                    "which looks one-hot. Use loss='categorical_crossentropy', or convert with y.argmax(axis=1)."
                ).format(given=targets.shape)
            )
        with np.errstate(invalid="ignore"):  # NaN becomes some whole number, and is refused
            labels = targets.astype(np.intp)
        bad = np.flatnonzero(labels != targets)
        if bad.size:
            raise ValueError(
                _(
                    "Class labels must be whole numbers, but that of row {row} is {value}. Number the classes from 0."
                ).format(row=bad[0], value=targets[bad[0]])
            )
        if labels.size and (labels.min() < 0 or labels.max() >= classes):
            raise ValueError(
                _(
                    "Labels run from {low} to {high}, but the network has {classes} outputs, for labels 0 to {last}. "
                    "Correct the labels or give the last layer {needed} units."
                ).format(
                    low=labels.min(),
                    high=labels.max(),
                    classes=classes,
                    last=classes - 1,
                    needed=labels.max() + 1,
                )
            )
        return labels

    def forward(self, y: Array, p: Array) -> float:
        """-sum log p_y / n"""
        return -float(np.log(np.clip(p[np.arange(len(y)), y], EPSILON, 1)).sum()) / len(y)

    def backward(self, y: Array, p: Array) -> Array:
        """dp = -1 / p / n at the true class, 0 elsewhere"""
        dp = np.zeros_like(p)
        rows = np.arange(len(y))
        dp[rows, y] = -1 / np.clip(p[rows, y], EPSILON, 1) / len(y)
        return dp

    def forward_logits(self, y: Array, z: Array) -> float:
        """mean over rows of log sum_k e^z_k - z_y"""
        z = activations.shifted(z)
        return (_softmax(self, z) - float(z[np.arange(len(y)), y].sum())) / len(y)

    def backward_logits(self, y: Array) -> Array:
        """dz = (p - 1 at the true class) / n"""
        dz = self.p.copy()
        dz[np.arange(len(y)), y] -= 1
        dz *= 1 / len(y)
        return dz


def _softmax(loss: Loss, z: Array) -> float:
    """Keep the probabilities as ``loss.p``, and give sum log sum_k e^z_k."""
    loss.p = np.exp(z)
    sums = np.dot(loss.p, ones(z.shape[1], z.dtype))
    loss.p /= sums[:, np.newaxis]
    return float(np.dot(ones(len(z), z.dtype), np.log(sums)))


LOSSES: dict[str, type[Loss]] = {
    loss.name: loss
    for loss in (
        MeanSquaredError,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
    )
}
LOSSES["mse"] = MeanSquaredError


def get(loss: str | Loss) -> Loss:
    """A loss as it is, or by name.

    Raises:
        ValueError: there is no loss of that name.
    """
    return loss if isinstance(loss, Loss) else lookup(_("loss"), loss, LOSSES)()
