"""A network as a stack of layers, with Keras's names: add, compile, fit, evaluate, predict."""

import json
import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from course_nn import layers as layers_module
from course_nn import losses, optimizers
from course_nn import metrics as metrics_module
from course_nn._arrays import aligned_zeros
from course_nn.callbacks import Callback, History, ProgressBar, ProgressLines
from course_nn.i18n import _
from course_nn.utils import lookup

Array = np.ndarray
CHUNK = 1000  # rows predicted at once: what a layer gives for them stays in the cache
UNSCALED = 50  # inputs beyond this were most likely not scaled


class Sequential:
    """A network in which each layer feeds the next.

        model = Sequential()
        model.add(Dense(32, input_dim=784, activation="relu"))
        model.add(Dense(10, activation="softmax"))
        model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, epochs=5, batch_size=32)

    Args:
        layers: the first layers; ``add`` adds more.
        seed: of the first weights, and of shuffling and dropout where ``fit`` is given no seed of its own. The same
            seed gives the same weights, to the bit, on the same machine.
        dtype: of weights and all computing, "float32" or "float64".

    ``model.parameters`` and ``model.gradients`` are all trained weights and their gradients, each as one vector;
    the arrays in the layers are views of them.
    """

    def __init__(
        self,
        layers: Iterable[layers_module.Layer] = (),
        *,
        seed: int | None = None,
        dtype: str = "float32",
    ):
        name = getattr(dtype, "__name__", str(dtype))  # np.float32 has one too
        if name not in ("float32", "float64"):
            raise ValueError(
                _("dtype must be 'float32' or 'float64', got {given!r}.").format(given=dtype)
            )
        self.dtype = np.dtype(name)
        self.layers: list[layers_module.Layer] = []
        self.built = False
        self.input_shape: tuple[int, ...] = ()  # known once it is built
        self.optimizer: optimizers.Optimizer | None = None
        self.stop_training = False
        self._rng = np.random.default_rng(seed)
        self._buffers: dict[str, Array] = {}
        for layer in layers:
            self.add(layer)

    # ---- building --------------------------------------------------------------------------------

    def add(self, layer: layers_module.Layer) -> None:
        """Put ``layer`` behind the others.

        Raises:
            TypeError: it is not a layer.
            ValueError: it cannot take what the layer before it gives, or is in the model already.
        """
        if not isinstance(layer, layers_module.Layer):
            raise TypeError(
                _("add takes a layer, such as Dense(32), got {given!r}.").format(given=layer)
            )
        if any(layer is other for other in self.layers):
            raise ValueError(
                _("{layer} is in the model already. Make a new layer for each place.").format(
                    layer=layer
                )
            )
        self.layers.append(layer)
        if self.layers[0].declared_shape or self.input_shape:
            try:
                self.build()
            except ValueError:
                self.layers.pop()
                raise

    def build(self, input_shape: tuple[int, ...] | None = None) -> None:
        """Make the weights for rows of ``input_shape``. Weights that a layer has already are kept.

        Raises:
            ValueError: there are no layers, the input's shape is not known, or the layers do not fit together.
        """
        if not self.layers:
            raise ValueError(
                _("The model has no layers yet. Add some, for example model.add(Dense(10)).")
            )
        shape = self.layers[0].declared_shape or input_shape or self.input_shape
        if not shape:
            raise ValueError(
                _(
                    "The shape of the input is not known yet. Give the first layer input_dim=..., "
                    "or call fit, which learns the shape from the data."
                )
            )
        given = shape = tuple(shape)
        for layer in self.layers:
            shape = layer.build(shape, self._rng, self.dtype)
        self.input_shape, self.output_shape = given, shape
        self._gather()
        self.built = True

    def _gather(self) -> None:
        """Lay all weights in one vector and all gradients in another; the layers' arrays become views of them."""
        named = [(layer, name) for layer in self.layers for name in layer.weights]
        starts = [0]
        for layer, name in named:
            starts.append(
                starts[-1] + -(-layer.weights[name].size // 16) * 16
            )  # each on a 64-byte boundary
        parameters, gradients = (aligned_zeros(starts[-1], self.dtype) for _vector in range(2))
        self._penalized = []  # where in the vectors each regularizer applies
        for (layer, name), start in zip(named, starts):
            old = layer.weights[name]
            place = slice(start, start + old.size)
            if name in layer.regularizers:
                self._penalized.append((place.start, place.stop, layer.regularizers[name]))
            layer.weights[name] = parameters[place].reshape(old.shape)
            layer.weights[name][...] = old
            layer.gradients[name] = gradients[place].reshape(old.shape)
        self.parameters, self.gradients = parameters, gradients
        trained = [bool(layer.weights) for layer in self.layers]
        for index, layer in enumerate(self.layers):
            layer.input_gradient = any(trained[:index])

    def _owns_its_weights(self) -> bool:
        """False where another model with some of the same layers was built since this one."""
        return all(
            np.may_share_memory(array, self.parameters)
            for layer in self.layers
            for array in layer.weights.values()
        )

    # ---- training --------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: str | optimizers.Optimizer = "rmsprop",
        loss: str | losses.Loss | None = None,
        metrics: Sequence[str | Callable[[Array, Array], float]] = (),
    ) -> None:
        """Choose how to learn: an optimizer, which starts anew, a loss, and figures to report beside it: "accuracy",
        or functions of (y_true, y_pred).

        Raises:
            ValueError: a name is unknown, or there is no loss.
        """
        if loss is None:
            raise ValueError(
                _(
                    "compile needs a loss, for example loss='categorical_crossentropy' for one-hot labels."
                )
            )
        self.loss = losses.get(loss)
        self.metrics = {
            metric.__name__ if callable(metric) else metric: metric
            if callable(metric)
            else lookup(_("metric"), metric, metrics_module.METRICS)
            for metric in ([metrics] if isinstance(metrics, str) else metrics)
        }
        self.optimizer = optimizers.get(optimizer)
        self.optimizer.reset()

    def fit(
        self,
        x: Array,
        y: Array,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[Callback] = (),
        validation_split: float = 0.0,
        validation_data: tuple[Array, Array] | None = None,
        shuffle: bool = True,
        seed: int | None = None,
    ) -> History:
        """Train for ``epochs`` passes through the rows of ``x`` and ``y``, a step per batch.

        Args:
            x: inputs, one row each, of any number type; bytes stay bytes until a batch is taken.
            y: targets, as the loss takes them.
            batch_size: rows per step; the last batch of an epoch may be shorter.
            verbose: 1 or "auto" shows a progress bar, 2 prints a line an epoch, 0 nothing.
            callbacks: see ``course_nn.callbacks``.
            validation_split: the share of rows, taken from the end, that is kept out of training and evaluated after
                each epoch.
            validation_data: rows (x, y) for the same purpose.
            shuffle: a new order of the rows in each epoch.
            seed: of shuffling and dropout.

        Returns:
            The history: ``history.history["loss"]`` and so on, a number an epoch, the mean over its batches.
            Ctrl-C ends training and returns as well; the model keeps what it has learned.

        Raises:
            RuntimeError: the model is not compiled.
            TypeError: the data are not real numbers, or a callback is none.
            ValueError: shapes, labels or numbers do not fit, or the inputs hold NaN.
        """
        if self.optimizer is None:
            raise RuntimeError(
                _(
                    "The model is not compiled yet. Call model.compile(optimizer='adam', loss=...) before fit."
                )
            )
        _require_whole(batch_size=batch_size, epochs=epochs)
        if not 0 <= validation_split < 1:
            raise ValueError(
                _("validation_split must be at least 0 and below 1, got {given}.").format(
                    given=validation_split
                )
            )
        if not isinstance(callbacks, (list, tuple)) or not all(
            isinstance(c, Callback) for c in callbacks
        ):
            raise TypeError(
                _(
                    "callbacks is a list of callbacks, such as [EarlyStopping()], got {given!r}."
                ).format(given=callbacks)
            )
        x, y = self._prepare(x, y)
        if validation_data is None and validation_split > 0:
            kept = int(len(x) * (1 - validation_split))
            if not 0 < kept < len(x):
                raise ValueError(
                    _(
                        "validation_split={split} of {rows} rows leaves no rows for one of the two parts."
                    ).format(split=validation_split, rows=len(x))
                )
            validation_data = x[kept:], y[kept:]
            x, y = x[:kept], y[:kept]
        elif validation_data is not None:
            if not isinstance(validation_data, (list, tuple)) or len(validation_data) != 2:
                raise ValueError(
                    _("validation_data is a pair (x, y), got {given}.").format(
                        given=type(validation_data).__name__
                    )
                )
            validation_data = self._prepare(*validation_data)
        self._warn_if_unscaled(x)
        if not self._owns_its_weights():
            self._gather()

        rng = self._rng if seed is None else np.random.default_rng(seed)
        for layer in self.layers:
            if isinstance(layer, layers_module.Dropout):
                layer.rng = rng
        history = History()
        everyone = [history, *callbacks]
        if verbose in (1, "auto") and find_spec("tqdm"):
            everyone.append(ProgressBar(epochs, -(-len(x) // batch_size)))
        elif verbose:
            everyone.append(ProgressLines(epochs))
        for callback in everyone:
            callback.model = self
            callback.on_train_begin()

        self.stop_training = interrupted = False
        try:
            with np.errstate(
                over="ignore", invalid="ignore", divide="ignore"
            ):  # a loss that diverges says so itself
                for epoch in range(epochs):
                    for callback in everyone:
                        callback.on_epoch_begin(epoch)
                    order = rng.permutation(len(x)) if shuffle else np.arange(len(x))
                    logs = self._train_epoch(x, y, order, batch_size, everyone)
                    if validation_data is not None:
                        validation = self._evaluate(*validation_data)
                        logs |= {f"val_{name}": value for name, value in validation.items()}
                    for callback in everyone:
                        callback.on_epoch_end(epoch, logs)
                    if self.stop_training:
                        break
        except KeyboardInterrupt:
            interrupted = True
        finally:
            for callback in everyone:
                callback.on_train_end()
        if interrupted:  # said after the progress bar has ended its line
            print(_("Training was interrupted. The model keeps what it has learned so far."))
        return history

    def _train_epoch(
        self, x: Array, y: Array, order: Array, batch_size: int, callbacks: Sequence[Callback]
    ) -> dict[str, float]:
        """One step per batch; the means of the loss and the metrics over the rows."""
        assert self.optimizer is not None
        watching = [
            c for c in callbacks if type(c).on_train_batch_end is not Callback.on_train_batch_end
        ]
        totals = dict.fromkeys(["loss", *self.metrics], 0.0)
        penalties: list[float] = []  # of a batch, a stretch of the vectors at a time

        def penalize(*ends: int) -> None:
            penalties.append(self._regularize(*ends))

        prepare = penalize if self._penalized else None
        for batch, start in enumerate(range(0, len(order), batch_size)):
            rows = order[start : start + batch_size]
            batch_x, batch_y = self._take(x, rows), y.take(rows, 0)
            loss, prediction = self._forward_and_back(batch_x, batch_y)
            penalties.clear()
            self.optimizer.step(self.parameters, self.gradients, prepare)
            logs = {"loss": loss + sum(penalties)}
            for name, metric in self.metrics.items():
                logs[name] = metric(batch_y, prediction)
            for name, value in logs.items():
                totals[name] += value * len(rows)
            for callback in watching:
                callback.on_train_batch_end(batch, logs)
        return {name: total / len(order) for name, total in totals.items()}

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, Array]:
        """One forward and one backward pass in training mode.

        Args:
            x: rows of the model's dtype.
            y: targets in the form that ``model.loss.prepare`` gives.

        Returns:
            The mean loss of the rows with the regularizers' penalties, and the predictions. The gradients are then in
            ``model.gradients``, and in each layer's ``gradients``.
        """
        loss, prediction = self._forward_and_back(x, y)
        return loss + self._regularize(0, self.parameters.size), prediction

    def _forward_and_back(self, x: Array, y: Array) -> tuple[float, Array]:
        """The mean loss of the rows and the predictions; the gradients, all without penalties."""
        loss, prediction = self._forward(x, y, training=True)
        *hidden, last = self.layers
        if self._fused:
            d = last.backward_logits(self.loss.backward_logits(y))
        else:
            d = last.backward(self.loss.backward(y, prediction))
        for layer in reversed(hidden):
            if d is None:  # the layers before this one have no weights
                break
            d = layer.backward(d)
        return loss, prediction

    def _regularize(self, start: int, stop: int) -> float:
        """Add the penalties' gradients to that stretch of ``gradients``, and return its penalties."""
        penalty = 0.0
        for first, last, regularizer in self._penalized:
            place = slice(max(first, start), min(last, stop))
            if place.start < place.stop:
                penalty += regularizer.backward(self.parameters[place], self.gradients[place])
        return penalty

    def _forward(self, x: Array, y: Array, training: bool) -> tuple[float, Array]:
        """The mean loss of the rows without penalties, and the predictions."""
        *hidden, last = self.layers
        for layer in hidden:
            x = layer.forward(x, training)
        if self._fused:
            return self.loss.forward_logits(y, last.forward_logits(x)), self.loss.p
        prediction = last.forward(x, training)
        return self.loss.forward(y, prediction), prediction

    @property
    def _fused(self) -> bool:
        """Whether the loss is computed from logits, together with the last layer's activation."""
        activation = getattr(self.layers[-1], "activation", None)
        return activation is not None and activation.name == self.loss.activation

    def _penalty(self) -> float:
        """What the regularizers add to the loss."""
        return sum(layer.penalty() for layer in self.layers)

    # ---- using -----------------------------------------------------------------------------------

    def evaluate(
        self, x: Array, y: Array, batch_size: int = CHUNK, verbose: int = 0
    ) -> float | list[float]:
        """The mean loss of the rows, or [loss, metric, ...] where there are metrics, in prediction mode.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: shapes or labels do not fit.
        """
        if self.optimizer is None:
            raise RuntimeError(
                _(
                    "The model is not compiled yet. Call model.compile(optimizer='adam', loss=...) before evaluate."
                )
            )
        _require_whole(batch_size=batch_size)
        figures = list(self._evaluate(*self._prepare(x, y), batch_size).values())
        return figures if self.metrics else figures[0]

    def _evaluate(self, x: Array, y: Array, batch_size: int = CHUNK) -> dict[str, float]:
        totals = dict.fromkeys(["loss", *self.metrics], 0.0)
        for start in range(0, len(x), batch_size):
            batch_y = y[start : start + batch_size]
            batch_x = self._convert(x[start : start + batch_size])
            self._require_finite(batch_x, range(start, len(x)))
            loss, prediction = self._forward(batch_x, batch_y, training=False)
            totals["loss"] += loss * len(batch_y)
            for name, metric in self.metrics.items():
                totals[name] += metric(batch_y, prediction) * len(batch_y)
        figures = {name: total / len(x) for name, total in totals.items()}
        figures["loss"] += self._penalty()
        return figures

    def predict(self, x: Array, batch_size: int = CHUNK, verbose: int = 0) -> Array:
        """The network's output for each row, shape (rows, outputs).

        Raises:
            ValueError: the rows do not have the shape that the network takes.
        """
        _require_whole(batch_size=batch_size)
        x = self._prepare_inputs(x)
        prediction = np.empty((len(x), *self.output_shape), self.dtype)
        for start in range(0, len(x), batch_size):
            rows = self._convert(x[start : start + batch_size])
            for layer in self.layers:
                rows = layer.forward(rows)
            prediction[start : start + batch_size] = rows
        return prediction

    def summary(self) -> None:
        """Print a table of the layers, the shape of what each gives for n rows, and its number of weights."""
        if not self.built:
            self.build()
        rows = [(_("layer"), _("output"), _("weights"))]
        shape = self.input_shape
        for layer in self.layers:
            shape = layer.output_shape(shape)
            activation = getattr(layer, "activation", None)
            name = type(layer).__name__ + (f" ({activation.name})" if activation else "")
            sizes = sum(array.size for array in layer.weights.values())
            rows.append((name, "(" + ", ".join(["n", *map(str, shape)]) + ")", f"{sizes:,}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        for name, output, size in rows:
            print(f"{name:<{widths[0]}}   {output:<{widths[1]}}   {size:>{widths[2]}}")
        print(_("In all {count:,} weights to train.").format(count=self.count_params()))

    def count_params(self) -> int:
        """How many numbers training changes."""
        return sum(array.size for layer in self.layers for array in layer.weights.values())

    # ---- weights and files -----------------------------------------------------------------------

    def _arrays(self) -> Iterator[tuple[str, Array]]:
        """Every weight and state array with its name, in order: "0.kernel", "0.bias", "1.gamma" ..."""
        for index, layer in enumerate(self.layers):
            for name, array in (layer.weights | layer.state).items():
                yield f"{index}.{name}", array

    def get_weights(self) -> list[Array]:
        """Copies of all weights and states, layer by layer, in Keras's order."""
        return [array.copy() for _name, array in self._arrays()]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Take over the weights that ``get_weights`` gave.

        Raises:
            ValueError: there are more or fewer arrays than the model has, or one has another shape.
        """
        if not self.built:
            self.build()
        own = list(self._arrays())
        if len(weights) != len(own):
            raise ValueError(
                _("The model has {wanted} arrays of weights, got {given}.").format(
                    wanted=len(own), given=len(weights)
                )
            )
        for (name, array), new in zip(own, weights):
            if np.shape(new) != array.shape:
                raise ValueError(
                    _(
                        "The weights {name!r} have shape {wanted}, got an array of shape {given}."
                    ).format(name=name, wanted=array.shape, given=np.shape(new))
                )
        for (_name, array), new in zip(own, weights):
            array[...] = new

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write weights and architecture to one file in the safetensors format, which holds numbers and no code.

        Raises:
            OSError: the file cannot be written.
        """
        from safetensors.numpy import save

        if not self.built:
            self.build()
        architecture = {
            "dtype": self.dtype.name,
            "input_shape": self.input_shape,
            "layers": [{"class": type(layer).__name__, **layer.config()} for layer in self.layers],
        }
        data = save(
            {name: array.copy() for name, array in self._arrays()},
            {"course_nn": json.dumps(architecture)},
        )
        path = Path(path)
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_bytes(data)
        unfinished.replace(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Sequential":
        """The model that ``save`` wrote, ready to predict; compile it to evaluate or to train on.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is damaged, or holds no model of this package.
        """
        from safetensors import SafetensorError, safe_open

        Path(path).open("rb").close()  # a missing file is an OSError that names it
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                if "course_nn" not in metadata:
                    raise ValueError(_("another program wrote it"))
                architecture = json.loads(metadata["course_nn"])
                names = file.keys()  # it is no dict: it cannot be iterated over itself
                arrays = {name: file.get_tensor(name) for name in names}
            model = cls(dtype=architecture["dtype"])
            for config in architecture["layers"]:
                model.layers.append(layers_module.LAYERS[config.pop("class")](**config))
            model.build(tuple(architecture["input_shape"]))
            model.set_weights([arrays[name] for name, _array in model._arrays()])
        except (SafetensorError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(
                _(
                    "{path} holds no model that can be read ({error}). Save the model again with model.save."
                ).format(path=path, error=error)
            ) from error
        return model

    # ---- data ------------------------------------------------------------------------------------

    def _prepare(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Inputs and targets as arrays that fit the model."""
        x, y = self._prepare_inputs(x), _numbers(_("targets"), y)
        if y.shape[:1] != x.shape[:1]:
            raise ValueError(
                _(
                    "There are {x} rows of inputs, but the targets have shape {y}; each row needs one."
                ).format(x=len(x), y=y.shape)
            )
        if not len(x):
            raise ValueError(_("There are no rows to work on: x and y are empty."))
        return x, self.loss.prepare(y, self.output_shape, self.dtype)

    def _prepare_inputs(self, x: Array) -> Array:
        x = _numbers(_("inputs"), x)
        if x.ndim < 2:
            raise ValueError(
                _(
                    "The inputs must be rows, an array of two or more axes, got shape {given}. "
                    "Make one row of it with x[np.newaxis], or a column with x[:, np.newaxis]."
                ).format(given=x.shape)
            )
        if not self.built:
            self.build(x.shape[1:])
        if x.shape[1:] != self.input_shape:
            flat = math.prod(x.shape[1:]) == math.prod(self.input_shape)
            raise ValueError(
                _("The network takes rows of shape {wanted}, got rows of shape {given}.").format(
                    wanted=self.input_shape, given=x.shape[1:]
                )
                + (
                    " "
                    + _("Reshape them with x.reshape(len(x), {sizes}).").format(
                        sizes=str(self.input_shape)[1:-1].rstrip(",")
                    )
                    if flat
                    else ""
                )
            )
        return x

    def _warn_if_unscaled(self, x: Array) -> None:
        passing_on = layers_module.Input, layers_module.Flatten
        first = next((layer for layer in self.layers if not isinstance(layer, passing_on)), None)
        scales_itself = isinstance(
            first, (layers_module.Rescaling, layers_module.BatchNormalization)
        )
        largest = float(np.abs(x[:1000].astype(np.float64)).max())
        if UNSCALED < largest < math.inf and not scales_itself:
            warnings.warn(
                _(
                    "The inputs reach {largest:g}; a network learns badly from numbers far from 0. "
                    "Scale them, for example images with x / 255."
                ).format(largest=largest),
                stacklevel=3,
            )

    def _take(self, x: Array, rows: Array) -> Array:
        """The rows of ``x`` with these numbers, in memory that is used again at every call, seen to hold no NaN."""
        memory = self._buffer("taken", (len(rows), *x.shape[1:]), x.dtype)
        batch = self._convert(x.take(rows, 0, out=memory, mode="clip"))
        self._require_finite(batch, rows)
        return batch

    def _require_finite(self, batch: Array, rows: Sequence[int] | Array) -> None:
        """Refuse NaN in ``batch``, which are the rows of the data with these numbers."""
        # A sum of squares is the quickest look at every number; only when it is not finite is a second look worth while.
        if batch.dtype.kind == "f" and not math.isfinite(np.vdot(batch, batch)):
            bad = np.flatnonzero(~np.isfinite(batch.reshape(len(batch), -1)).all(axis=1))
            if bad.size:
                raise ValueError(
                    _(
                        "The inputs hold NaN, infinity or a number too large for {dtype}, in row {row} for one. "
                        "Remove or correct such rows."
                    ).format(dtype=self.dtype, row=int(rows[bad[0]]))
                )

    def _convert(self, batch: Array) -> Array:
        """``batch`` in the model's dtype; bytes are left as they are for a Rescaling layer."""
        if batch.dtype == self.dtype or isinstance(self.layers[0], layers_module.Rescaling):
            return batch
        converted = self._buffer("converted", batch.shape, self.dtype)
        with np.errstate(over="ignore"):  # a number too large for float32 is refused as infinity
            np.copyto(converted, batch, casting="same_kind")
        return converted

    def _buffer(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> Array:
        held = self._buffers.get(name)
        if (
            held is None
            or held.dtype != dtype
            or len(held) < shape[0]
            or held.shape[1:] != shape[1:]
        ):
            held = self._buffers[name] = np.empty(shape, dtype)
        return held if len(held) == shape[0] else held[: shape[0]]


load_model = Sequential.load  # Keras's name


def _numbers(name: str, given: Any) -> Array:
    """``given`` as an array, if it holds real numbers."""
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            _("The {name} must be real numbers, got an array of {dtype}.").format(
                name=name, dtype=array.dtype
            )
        )
    return array


def _require_whole(**numbers: int) -> None:
    for name, value in numbers.items():
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(
                _("{name} must be a whole number, 1 or more, got {given!r}.").format(
                    name=name, given=value
                )
            )
