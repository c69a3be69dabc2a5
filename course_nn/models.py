"""A network as a stack of layers, with Keras's names: add, compile, fit, evaluate, predict."""

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from course_nn import data, losses, optimizers, saving
from course_nn import layers as layers_module
from course_nn import metrics as metrics_module
from course_nn._arrays import Array, Buffers, Shape, aligned_zeros
from course_nn.callbacks import Callback, History, ProgressBar, ProgressLines
from course_nn.i18n import _
from course_nn.utils import lookup

CHUNK = 1000  # examples predicted at once: what a layer gives for them stays in the cache
CHUNK_BYTES = 2**23  # or fewer, so that no layer keeps more than this for them


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
        self.input_shape: Shape = ()  # known once it is built
        self.optimizer: optimizers.Optimizer | None = None
        self.stop_training = False
        self._rng = np.random.default_rng(seed)
        self._buffers = Buffers()
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

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the weights for examples of ``input_shape``. Weights that a layer has already are kept.

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
        data.require_whole(batch_size=batch_size, epochs=epochs)
        data.require_share(validation_split)
        _require_callbacks(callbacks)
        x, y = self._prepare(x, y)
        if validation_data is not None:
            data.require_pair(validation_data)
            validation_data = self._prepare(*validation_data)
        elif validation_split > 0:
            (x, y), validation_data = data.split_off(validation_split, x, y)
        data.warn_if_unscaled(self.layers, x, stacklevel=3)
        if not self._owns_its_weights():
            self._gather()

        rng = self._rng if seed is None else np.random.default_rng(seed)
        for layer in self.layers:
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

        before_stretch = penalize if self._penalized else None
        for batch, start in enumerate(range(0, len(order), batch_size)):
            rows = order[start : start + batch_size]
            batch_x, batch_y = self._take(x, rows), y.take(rows, 0)
            loss, prediction = self._forward_and_back(batch_x, batch_y)
            penalties.clear()
            self.optimizer.step(self.parameters, self.gradients, before_stretch)
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
        activation = self.layers[-1].activation
        return activation is not None and activation.name == self.loss.activation

    def _penalty(self) -> float:
        """What the regularizers add to the loss."""
        return sum(layer.penalty() for layer in self.layers)

    # ---- using -----------------------------------------------------------------------------------

    def evaluate(
        self, x: Array, y: Array, batch_size: int | None = None, verbose: int = 0
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
        figures = list(self._evaluate(*self._prepare(x, y), batch_size).values())
        return figures if self.metrics else figures[0]

    def _evaluate(self, x: Array, y: Array, batch_size: int | None = None) -> dict[str, float]:
        batch_size = self._chunk(batch_size)
        totals = dict.fromkeys(["loss", *self.metrics], 0.0)
        for start in range(0, len(x), batch_size):
            batch_y = y[start : start + batch_size]
            batch_x = self._convert(x[start : start + batch_size])
            data.require_finite(batch_x, range(start, len(x)))
            loss, prediction = self._forward(batch_x, batch_y, training=False)
            totals["loss"] += loss * len(batch_y)
            for name, metric in self.metrics.items():
                totals[name] += metric(batch_y, prediction) * len(batch_y)
        figures = {name: total / len(x) for name, total in totals.items()}
        figures["loss"] += self._penalty()
        return figures

    def predict(self, x: Array, batch_size: int | None = None, verbose: int = 0) -> Array:
        """The network's output for each row, shape (rows, outputs).

        Raises:
            ValueError: the rows do not have the shape that the network takes.
        """
        x = self._prepare_inputs(x)
        batch_size = self._chunk(batch_size)
        prediction = np.empty((len(x), *self.output_shape), self.dtype)
        for start in range(0, len(x), batch_size):
            rows = self._convert(x[start : start + batch_size])
            for layer in self.layers:
                rows = layer.forward(rows)
            prediction[start : start + batch_size] = rows
        return prediction

    def _chunk(self, batch_size: int | None) -> int:
        """How many examples to compute at once where no gradient is asked for."""
        if batch_size is not None:
            data.require_whole(batch_size=batch_size)
            return batch_size
        shape, largest = self.input_shape, math.prod(self.input_shape)
        for layer in self.layers:
            largest, shape = max(largest, layer.footprint(shape)), layer.output_shape_for(shape)
        return max(1, min(CHUNK, CHUNK_BYTES // (largest * self.dtype.itemsize)))

    def summary(self) -> None:
        """Print a table of the layers, the shape of what each gives for n rows, and its number of weights."""
        if not self.built:
            self.build()
        rows = [(_("layer"), _("output"), _("weights"))]
        shape = self.input_shape
        for layer in self.layers:
            shape = layer.output_shape_for(shape)
            activation = f" ({layer.activation.name})" if layer.activation else ""
            name = type(layer).__name__ + activation
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
        if not self.built:
            self.build()
        architecture = {
            "dtype": self.dtype.name,
            "input_shape": self.input_shape,
            "layers": [{"class": type(layer).__name__, **layer.config()} for layer in self.layers],
        }
        saving.write(path, dict(self._arrays()), {"course_nn": json.dumps(architecture)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Sequential":
        """The model that ``save`` wrote, ready to predict; compile it to evaluate or to train on.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is damaged, or holds no model of this package.
        """
        try:
            arrays, texts = saving.read(path)
            if "course_nn" not in texts:
                raise ValueError(_("another program wrote it"))
            architecture = json.loads(texts["course_nn"])
            model = cls(dtype=architecture["dtype"])
            for config in architecture["layers"]:
                model.layers.append(layers_module.LAYERS[config.pop("class")](**config))
            model.build(tuple(architecture["input_shape"]))
            model.set_weights([arrays[name] for name, _array in model._arrays()])
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(
                _(
                    "{path} holds no model that can be read ({error}). Save the model again with model.save."
                ).format(path=path, error=error)
            ) from error
        return model

    # ---- data ------------------------------------------------------------------------------------

    def _prepare(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Inputs and targets as arrays that fit the model."""
        x, y = self._prepare_inputs(x), data.numbers(_("targets"), y)
        data.require_one_target_each(x, y)
        return x, self.loss.prepare(y, self.output_shape, self.dtype)

    def _prepare_inputs(self, x: Array) -> Array:
        x = data.numbers(_("inputs"), x)
        data.require_examples(x)
        if not self.built:
            self.build(x.shape[1:])
        data.require_shape(x, self.input_shape)
        return x

    def _take(self, x: Array, rows: Array) -> Array:
        """The rows of ``x`` with these numbers, in memory that is used again at every call, seen to hold no NaN."""
        memory = self._buffer("taken", (len(rows), *x.shape[1:]), x.dtype)
        batch = self._convert(x.take(rows, 0, out=memory, mode="clip"))
        data.require_finite(batch, rows)
        return batch

    def _convert(self, batch: Array) -> Array:
        """``batch`` in the model's dtype, unless the first layer takes it as it is."""
        if batch.dtype == self.dtype or self.layers[0].takes_bytes:
            return batch
        converted = self._buffer("converted", batch.shape, self.dtype)
        with np.errstate(over="ignore"):  # a number too large for float32 is refused as infinity
            np.copyto(converted, batch, casting="same_kind")
        return converted

    def _buffer(self, name: str, shape: Shape, dtype: np.dtype) -> Array:
        return self._buffers.lend(name, shape, dtype)


load_model = Sequential.load  # Keras's name


def _require_callbacks(callbacks: Any) -> None:
    if not isinstance(callbacks, (list, tuple)) or not all(
        isinstance(c, Callback) for c in callbacks
    ):
        raise TypeError(
            _("callbacks is a list of callbacks, such as [EarlyStopping()], got {given!r}.").format(
                given=callbacks
            )
        )
