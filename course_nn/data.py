"""What may go into a model, with its advice where something does not, and how it comes in batches."""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from course_nn._arrays import Array, Shape
from course_nn.i18n import _
from course_nn.layers import Layer

UNSCALED = 50  # inputs beyond this were most likely not scaled
Batch = tuple[Array, Array, Array | None]  # inputs, targets, a weight for each example


# ---- what does not fit is refused ----


def numbers(name: str, given: Any) -> Array:
    """``given`` as an array, if it holds real numbers."""
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            _("The {name} must be real numbers, got an array of {dtype}.").format(
                name=name, dtype=array.dtype
            )
        )
    return array


def require_whole(**given: Any) -> None:
    """Refuse what is not a whole number, 1 or more."""
    for name, value in given.items():
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
            raise ValueError(
                _("{name} must be a whole number, 1 or more, got {given!r}.").format(
                    name=name, given=value
                )
            )


def require_examples(x: Array) -> None:
    """Refuse inputs without a batch axis."""
    if x.ndim < 2:
        raise ValueError(
            _(
                "The inputs must be examples, an array of two or more axes, got shape {given}. "
                "Make one example of it with x[np.newaxis], or a column with x[:, np.newaxis]."
            ).format(given=x.shape)
        )


def require_shape(x: Array, wanted: Shape) -> None:
    """Refuse examples of another shape than the network takes."""
    given = x.shape[1:]
    if given == wanted:
        return
    if x.shape == wanted:
        raise ValueError(
            _(
                "The network takes batches of examples of shape {wanted}, got one example. "
                "Make a batch of it with x[np.newaxis]."
            ).format(wanted=wanted)
        )
    message = _("The network takes examples of shape {wanted}, got examples of shape {given}.")
    message = message.format(wanted=wanted, given=given)
    if math.prod(given) == math.prod(wanted):
        sizes = str(wanted)[1:-1].rstrip(",")
        message += " " + _("Reshape them with x.reshape(len(x), {sizes}).").format(sizes=sizes)
        if len(wanted) == 1:
            message = message[:-1] + _(", or begin the network with Flatten().")
    raise ValueError(message)


def require_one_target_each(x: Array, y: Array) -> None:
    """Refuse inputs and targets that differ in number, or none at all."""
    if y.shape[:1] != x.shape[:1]:
        raise ValueError(
            _(
                "There are {x} examples, but the targets have shape {y}; each example needs one."
            ).format(x=len(x), y=y.shape)
        )
    if not len(x):
        raise ValueError(_("There are no examples to work on: x and y are empty."))


def require_finite(batch: Array, rows: Sequence[int] | Array) -> None:
    """Refuse NaN in ``batch``, the examples of the data with these numbers."""
    # A sum of squares is the quickest look at every number; only when it is not finite is a second look worth while.
    if batch.dtype.kind == "f" and not math.isfinite(np.vdot(batch, batch)):
        bad = np.flatnonzero(~np.isfinite(batch.reshape(len(batch), -1)).all(axis=1))
        if bad.size:
            raise ValueError(
                _(
                    "The inputs hold NaN, infinity or a number too large for {dtype}, in row {row} for one. "
                    "Remove or correct such rows."
                ).format(dtype=batch.dtype, row=int(rows[bad[0]]))
            )


def require_choice(name: str, given: Any) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(given, (bool, np.bool_)):
        raise TypeError(
            _("{name} must be True or False, got {given!r}.").format(name=name, given=given)
        )


# ---- weights of examples ----


def labels_of(y: Array) -> Array:
    """The class of each example, of labels, bits in a column, or one-hot rows."""
    if y.ndim == 1:
        return y
    return np.rint(y[:, 0]).astype(np.intp) if y.shape[1:] == (1,) else y.argmax(axis=-1)


def weights_of(sample_weight: Any, class_weight: Any, y: Array, dtype: np.dtype) -> Array | None:
    """The weight of each example, or None where all count alike.

    Raises:
        TypeError: ``class_weight`` is no dictionary.
        ValueError: there is not one weight for each example.
    """
    if sample_weight is None and class_weight is None:
        return None
    if sample_weight is not None and class_weight is not None:
        raise ValueError(
            _("Pass class_weight or sample_weight, not both; multiply them into sample_weight.")
        )
    weights = np.ones(len(y), dtype)
    if sample_weight is not None:
        given = numbers(_("sample weights"), sample_weight)
        if given.shape not in ((len(y),), (len(y), 1)):
            raise ValueError(
                _(
                    "sample_weight is one number an example, shape ({n},), got shape {given}."
                ).format(n=len(y), given=given.shape)
            )
        weights *= given.reshape(-1)
    if class_weight is not None:
        if not isinstance(class_weight, dict):
            raise TypeError(
                _(
                    "class_weight is a dictionary from class to weight, such as {{0: 1.0, 1: 5.0}}, got {given!r}."
                ).format(given=class_weight)
            )
        labels = labels_of(y)
        strange = [label for label in class_weight if not isinstance(label, (int, np.integer))]
        if strange:
            raise ValueError(
                _("class_weight names classes by number, got {given!r}.").format(given=strange[0])
            )
        for label, weight in class_weight.items():
            weights[labels == label] *= weight
    return weights


# ---- parts ----


def split_off(share: float, *arrays: Array | None) -> tuple[list[Any], list[Any]]:
    """(what to train on, what to validate on): the last ``share`` of the examples is kept out of training."""
    if not 0 <= share < 1:
        raise ValueError(
            _("validation_split must be at least 0 and below 1, got {given}.").format(given=share)
        )
    rows = len(arrays[0]) if arrays[0] is not None else 0
    kept = int(rows * (1 - share))
    if not 0 < kept < rows:
        raise ValueError(
            _(
                "validation_split={split} of {rows} examples leaves none for one of the two parts."
            ).format(split=share, rows=rows)
        )
    return (
        [None if each is None else each[:kept] for each in arrays],
        [None if each is None else each[kept:] for each in arrays],
    )


def parts_of(name: str, given: Any) -> tuple[Any, Any, Any]:
    """(x, y, weights or None) of a pair or triple."""
    if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
        raise ValueError(
            _("{name} is a pair (x, y), got {given}.").format(name=name, given=type(given).__name__)
        )
    x, y, *weights = given
    return x, y, weights[0] if weights else None


def is_stream(x: Any) -> bool:
    """Whether ``x`` gives batches one after the other: a generator, or a sequence of batches with a class of its own."""
    if isinstance(x, (np.ndarray, list, tuple, dict, str)) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__next__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


# ---- warnings: what can be computed, and is not what was meant ----


def largest(x: Array, rows: int) -> float:
    """The largest number among the first examples, in size."""
    x = x[:rows]
    return max(float(x.max(initial=0)), -float(x.min(initial=0)))


def warn_if_unscaled(layers: Iterable[Layer], x: Array, stacklevel: int) -> None:
    """Warn of numbers far from 0 that reach the first layer that learns."""
    reached = largest(x, 1000)
    if not UNSCALED < reached < math.inf:
        return
    for layer in layers:
        if layer.rescales:
            return
        if layer.weights:
            break
    warnings.warn(
        _(
            "The inputs reach {largest:g}; a network learns badly from numbers far from 0. "
            "Scale them, for example images with x / 255."
        ).format(largest=reached),
        stacklevel=stacklevel,
    )


def warn_if_scaled_otherwise(trained: float | None, x: Array, stacklevel: int) -> None:
    """Warn of inputs that are far larger than those of training, whose largest was ``trained``."""
    now = largest(x, 32)
    if trained is not None and now > UNSCALED and now > 20 * trained:
        warnings.warn(
            _(
                "The inputs reach {now:g}, those of training reached {trained:g}. Scale both alike, "
                "for example images with x / 255."
            ).format(now=now, trained=trained),
            stacklevel=stacklevel,
        )


def warn_of_new_labels(train: Array, validation: Array, stacklevel: int) -> None:
    """Warn where the last examples have classes that those before them lack, as in sorted data."""
    new = np.setdiff1d(labels_of(validation), labels_of(train))
    if new.size:
        warnings.warn(
            _(
                "validation_split takes the last examples, and these have classes that no other has: {classes}. "
                "The data may be sorted. Shuffle x and y alike before fit: i = np.random.permutation(len(x)); "
                "x, y = x[i], y[i]."
            ).format(classes=", ".join(map(str, new[:10].tolist()))),
            stacklevel=stacklevel,
        )


# ---- batches ----


class Batches:
    """Examples in memory, batch after batch, in the order of an epoch.

    With ``steps`` an epoch is as many batches, and the next epoch goes on where it ended.
    """

    def __init__(
        self, parts: Sequence[Any], batch_size: int, shuffle: bool = False, steps: int | None = None
    ) -> None:
        self.x, self.y, self.weights = parts
        self.batch_size, self.shuffle, self.steps = batch_size, shuffle, steps
        self.all = -(-len(self.x) // batch_size)
        self.running: Iterator[Batch] | None = None
        self.left = 0

    @property
    def count(self) -> int:
        """How many batches an epoch has."""
        return self.steps or self.all

    def epoch(
        self, rng: np.random.Generator, take: Callable[[Array, Array], Array]
    ) -> Iterator[Batch]:
        """The batches of an epoch; ``take(x, rows)`` gives the examples of these numbers."""
        if self.steps is None:
            yield from self._once_through(rng, take)
            return
        for _step in range(self.steps):
            if self.running is None:
                self.running, self.left = self._once_through(rng, take), self.all
            elif not self.left:
                warn_of_no_more(stacklevel=6)
                break
            self.left -= 1
            yield next(self.running)
        if not self.left:
            self.running = None

    def _once_through(
        self, rng: np.random.Generator, take: Callable[[Array, Array], Array]
    ) -> Iterator[Batch]:
        n = len(self.x)
        order = rng.permutation(n) if self.shuffle else np.arange(n)
        for start in range(0, n, self.batch_size):
            rows = order[start : start + self.batch_size]
            weights = None if self.weights is None else self.weights.take(rows, 0)
            yield take(self.x, rows), self.y.take(rows, 0), weights


class Stream:
    """Batches (x, y) or (x, y, weights) that a generator or a sequence gives; ``prepare`` makes each fit the model."""

    def __init__(
        self, source: Any, prepare: Callable[..., Batch], shuffle: bool, steps: int | None
    ) -> None:
        self.source, self.prepare, self.shuffle, self.steps = source, prepare, shuffle, steps
        self.sequence = not hasattr(source, "__next__")
        self.ended = False

    @property
    def count(self) -> int | None:
        """How many batches an epoch has, where that is known."""
        return self.steps or (len(self.source) if self.sequence else None)

    def epoch(
        self, rng: np.random.Generator, take: Callable[[Array, Array], Array]
    ) -> Iterator[Batch]:
        done = 0
        for batch in self._batches(rng):
            x, y, weights = self.prepare(*parts_of(_("A batch of the generator"), batch))
            yield take(x, np.arange(len(x))), y, weights
            done += 1
            if done == self.count:
                break
        if done < (self.count or 1):
            warn_of_no_more(stacklevel=6)
            self.ended = True
        if self.sequence and hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()

    def _batches(self, rng: np.random.Generator) -> Iterable[Any]:
        if not self.sequence:
            return self.source
        order = rng.permutation(len(self.source)) if self.shuffle else range(len(self.source))
        return (self.source[int(index)] for index in order)


def warn_of_no_more(stacklevel: int) -> None:
    warnings.warn(
        _(
            "The data gave fewer batches than steps_per_epoch asks for; the epoch ends here. "
            "Let the generator go on for ever (while True), or ask for fewer steps."
        ),
        stacklevel=stacklevel,
    )
