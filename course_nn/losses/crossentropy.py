"""Losses of classes, each with its derivative directly under it.

Where the network ends in the activation that belongs to the loss (softmax with the categorical, sigmoid with the
binary cross-entropy), the two are computed together from the values before the activation, the logits z. That is
faster, it stays finite however large the logits are, and the gradient is simple: (p - y) / n.

From predictions the categorical losses divide by their sum first, and all keep them between 1e-7 and 1 - 1e-7 before
the logarithm, as Keras does; where that changes a prediction, its slope is 0.
"""

from typing import Any

import numpy as np

from course_nn import activations
from course_nn._arrays import Array, Shape, ones
from course_nn.i18n import _
from course_nn.losses.base import Loss

EPSILON = 1e-7  # probabilities are kept this far from 0 and 1 before the logarithm, as in Keras


class Crossentropy(Loss):
    """What the three have in common.

    Args:
        from_logits: the network gives logits, as ``Dense(10)`` without an activation does.
        label_smoothing: the share of each target that is spread over all classes (Szegedy et al. 2016, section 7).
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, **others: Any
    ) -> None:
        super().__init__(**others)
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                _("label_smoothing must be at least 0 and below 1, got {given}.").format(
                    given=label_smoothing
                )
            )
        self.from_logits, self.label_smoothing = from_logits, float(label_smoothing)

    def config(self) -> dict[str, Any]:
        given = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}
        return {name: value for name, value in given.items() if value}


class BinaryCrossentropy(Crossentropy):
    """L = -mean (y log p + (1 - y) log(1 - p)), y between 0 and 1 (Goodfellow et al. 2016, section 6.2.2.2)."""

    name = "binary_crossentropy"
    activation = "sigmoid"

    def prepare(self, y: Array, output_shape: Shape, dtype: np.dtype) -> Array:
        targets = super().prepare(y, output_shape, dtype)
        if targets.size and (targets.min() < 0 or targets.max() > 1):
            raise ValueError(
                _(
                    "binary_crossentropy takes targets from 0 to 1, got {low:g} to {high:g}. "
                    "Encode the two classes as 0 and 1, or use 'mean_squared_error' for other numbers."
                ).format(low=targets.min(), high=targets.max())
            )
        return targets

    def _smoothed(self, y: Array) -> Array:
        smoothing = self.label_smoothing
        return y * (1 - smoothing) + smoothing / 2 if smoothing else y

    def each(self, y: Array, p: Array) -> Array:
        y = self._smoothed(y)
        q = _probability(self, p)
        return -(y * np.log(q) + (1 - y) * np.log(1 - q)).reshape(len(p), -1).mean(axis=1)

    def forward(self, y: Array, p: Array) -> float:
        """-mean (y log p + (1 - y) log(1 - p))"""
        y, q = self._smoothed(y), np.clip(p, EPSILON, 1 - EPSILON)
        return float(-np.mean(y * np.log(q) + (1 - y) * np.log(1 - q)))

    def backward(self, y: Array, p: Array) -> Array:
        """dp = (p - y) / (p (1 - p)) / (number of entries)"""
        y, q = self._smoothed(y), np.clip(p, EPSILON, 1 - EPSILON)
        return (q - y) / (q * (1 - q)) / p.size * (p == q)

    def forward_logits(self, y: Array, z: Array) -> float:
        """mean (max(z, 0) - y z + log(1 + e^-|z|)), equal to the above for p = sigmoid(z)"""
        y, self.p = self._smoothed(y), activations.sigmoid(z)
        return float(np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))))

    def backward_logits(self, y: Array) -> Array:
        """dz = (p - y) / (number of entries)"""
        return (self.p - self._smoothed(y)) / y.size


class CategoricalCrossentropy(Crossentropy):
    """L = -mean over rows of sum_k y_k log p_k, y one-hot (Goodfellow et al. 2016, section 6.2.2.3)."""

    name = "categorical_crossentropy"
    activation = "softmax"

    def prepare(self, y: Array, output_shape: Shape, dtype: np.dtype) -> Array:
        targets = np.asarray(y)
        classes = output_shape[-1]
        if targets.ndim < len(output_shape) + 1 or (targets.shape[-1] == 1 and classes > 1):
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
            bad = (targets < 0).any(-1) | (np.abs(sums - 1) > 1e-3)
            row = int(np.argmax(bad.reshape(len(targets), -1).any(1)))
            raise ValueError(
                _(
                    "categorical_crossentropy takes targets of which each row is 0 or more and sums to 1; "
                    "row {row} is {values}. Make one-hot rows from class labels with to_categorical."
                ).format(row=row, values=targets[row].tolist())
            )
        return targets

    def _smoothed(self, y: Array) -> Array:
        smoothing = self.label_smoothing
        return y * (1 - smoothing) + smoothing / y.shape[-1] if smoothing else y

    def each(self, y: Array, p: Array) -> Array:
        losses = -(self._smoothed(y) * np.log(_probability(self, p))).sum(axis=-1)
        return losses.reshape(len(p), -1).mean(axis=1)

    def forward(self, y: Array, p: Array) -> float:
        """-sum y log p / n"""
        return -float(np.vdot(self._smoothed(y), np.log(_distribution(p)))) / _count(p)

    def backward(self, y: Array, p: Array) -> Array:
        """dp = -y / p / n, through the division by the sum"""
        return _through_sum(-self._smoothed(y), p)

    def forward_logits(self, y: Array, z: Array) -> float:
        """mean over examples of log sum_k e^z_k - sum_k y_k z_k, equal to the above for p = softmax(z)"""
        z = activations.shifted(z)
        return (_softmax(self, z) - float(np.vdot(self._smoothed(y), z))) / _count(z)

    def backward_logits(self, y: Array) -> Array:
        """dz = (p - y) / n"""
        dz = self.p - self._smoothed(y)
        dz *= 1 / _count(dz)
        return dz


class SparseCategoricalCrossentropy(Crossentropy):
    """L = -mean over rows of log p_y, y the number of the true class: the same as categorical
    cross-entropy, without the one-hot rows."""

    name = "sparse_categorical_crossentropy"
    activation = "softmax"

    def prepare(self, y: Array, output_shape: Shape, dtype: np.dtype) -> Array:
        targets = np.asarray(y)
        classes = output_shape[-1]
        if targets.ndim == len(output_shape) + 1 and targets.shape[-1] == 1:
            targets = targets[..., 0]
        if targets.shape[1:] != output_shape[:-1]:
            raise ValueError(
                _(
                    "sparse_categorical_crossentropy takes one class label an example, shape (examples,), got shape "
                    "{given}, which looks one-hot. Use loss='categorical_crossentropy', or convert with "
                    "y.argmax(axis=1)."
                ).format(given=targets.shape)
            )
        with np.errstate(invalid="ignore"):  # NaN becomes some whole number, and is refused
            labels = targets.astype(np.intp)
        bad = np.flatnonzero((labels != targets).reshape(len(labels), -1).any(1))
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

    def each(self, y: Array, p: Array) -> Array:
        losses = -np.log(_true(_probability(self, p), y))
        return losses.reshape(len(p), -1).mean(axis=1)

    def forward(self, y: Array, p: Array) -> float:
        """-sum log p_y / n"""
        return -float(np.log(_true(_distribution(p), y)).sum()) / _count(p)

    def backward(self, y: Array, p: Array) -> Array:
        """dp = -1 / p / n at the true class, through the division by the sum"""
        dq = np.zeros_like(p)
        np.put_along_axis(dq, y[..., np.newaxis], -1, axis=-1)
        return _through_sum(dq, p)

    def forward_logits(self, y: Array, z: Array) -> float:
        """mean over examples of log sum_k e^z_k - z_y"""
        z = activations.shifted(z)
        return (_softmax(self, z) - float(_true(z, y).sum())) / _count(z)

    def backward_logits(self, y: Array) -> Array:
        """dz = (p - 1 at the true class) / n"""
        dz = self.p.copy()
        rows = dz.reshape(-1, dz.shape[-1])
        rows[np.arange(len(rows)), y.reshape(-1)] -= 1
        dz *= 1 / len(rows)
        return dz


def _count(p: Array) -> int:
    """How many distributions there are: one an example, or one at each of its places."""
    return p.size // p.shape[-1]


def _true(p: Array, y: Array) -> Array:
    """p of the true class, for each distribution."""
    return p.reshape(-1, p.shape[-1])[np.arange(y.size), y.reshape(-1)]


def _softmax(loss: Loss, z: Array) -> float:
    """Keep the probabilities as ``loss.p``, and give sum log sum_k e^z_k."""
    loss.p = np.exp(z)
    sums = np.dot(loss.p, ones(z.shape[-1], z.dtype))
    loss.p /= sums[..., np.newaxis]
    return float(np.dot(ones(sums.size, z.dtype), np.log(sums).reshape(-1)))


def _distribution(p: Array) -> Array:
    """p / sum p, kept away from 0 and 1."""
    return np.clip(p / p.sum(axis=-1, keepdims=True), EPSILON, 1 - EPSILON)


def _through_sum(dq: Array, p: Array) -> Array:
    """dp of mean sum_k dq_k log q_k, where q = p / sum p, kept away from 0 and 1."""
    sums = p.sum(axis=-1, keepdims=True)
    q = p / sums
    dq = dq / np.maximum(q, EPSILON) * ((q >= EPSILON) & (q <= 1 - EPSILON))
    return (dq - (dq * q).sum(axis=-1, keepdims=True)) / sums / _count(p)


def _probability(loss: Crossentropy, p: Array) -> Array:
    """What the logarithm is taken of, from predictions or from logits."""
    assert loss.activation
    if loss.from_logits:
        p = activations.ACTIVATIONS[loss.activation].forward(p)
    return np.clip(p, EPSILON, 1 - EPSILON) if loss.activation == "sigmoid" else _distribution(p)
