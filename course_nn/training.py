"""How a network learns and is tried: compile, fit, evaluate, predict, and the loops behind them."""

import math
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from course_nn import data, losses, optimizers
from course_nn import metrics as metrics_module
from course_nn._arrays import Array, Buffers, Shape, warm_up_products
from course_nn._names import Named, explained
from course_nn.callbacks import (
    CallbackList,
    History,
    ProgressBar,
    ProgressLines,
    warn_of_nan,
)
from course_nn.i18n import _
from course_nn.layers import Layer

CHUNK = 1000  # examples predicted at once: what a layer gives for them stays in the cache
CHUNK_BYTES = 2**23  # or fewer, so that no layer keeps more than this for them
BATCH = 32  # examples a step, where nothing else is asked for

Figures = float | list[float] | dict[str, float]


class Trainable(Named):
    """What ``Sequential`` does with its layers; it says itself what they are."""

    layers: list[Layer]
    dtype: np.dtype
    built: bool
    parameters: Array
    gradients: Array
    takes: Shape  # the shape of an example that goes in, and of one that comes out
    gives: Shape
    _rng: np.random.Generator
    _buffers: Buffers
    _penalized: list[tuple[int, int, Any]]

    optimizer: Any = None
    loss: losses.Loss
    metrics: list[metrics_module.Metric]
    weighted_metrics: list[metrics_module.Metric]
    jit_compile = False
    stop_training = False
    history: History | None = None
    _largest: float | None = None  # the largest input of training
    _kept: tuple[int, Array, list[Array]] | None = None  # epoch, parameters and states before it
    _looked_at = False  # whether loss and last layer were seen to fit together

    def build(self, input_shape: Any = None) -> None:
        raise NotImplementedError

    def gather(self) -> None:
        raise NotImplementedError

    # ---- compile -----------------------------------------------------------------------------

    @explained
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: None = None,
        metrics: Sequence[Any] | None = None,
        weighted_metrics: Sequence[Any] | None = None,
        *,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Choose how to learn: an optimizer, which starts anew, a loss, and figures to report beside it: "accuracy",
        metrics, or functions of (y_true, y_pred). ``weighted_metrics`` take sample weights into account.

        ``jit_compile=True`` has Numba compile what lies between the matrix products, each chain of operations to one
        loop (``course_nn.compiled``). The results are the same but for rounding; "auto" and False stay with NumPy.

        Raises:
            ImportError: Numba is asked for and not installed.
            TypeError: an argument does not exist, or ``metrics`` is no list.
            ValueError: a name is unknown, or there is no loss.
        """
        if loss_weights is not None:
            raise TypeError(
                _("The third argument of compile is loss_weights, got {given!r}.").format(
                    given=loss_weights
                )
                + " "
                + _("Name the metrics: metrics=['accuracy'].")
            )
        for name, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if given is not None and not isinstance(given, (list, tuple)):
                raise TypeError(
                    _("{name} is a list, such as ['accuracy'], got {given!r}.").format(
                        name=name, given=given
                    )
                )
        if loss is None:
            raise ValueError(
                _(
                    "compile needs a loss, for example loss='categorical_crossentropy' for one-hot labels."
                )
            )
        if jit_compile not in (True, False, "auto"):
            raise ValueError(
                _("jit_compile must be True, False or 'auto', got {given!r}.").format(
                    given=jit_compile
                )
            )
        if jit_compile is True:
            _import_loops()
        self.loss = losses.get(loss)
        self.metrics = [metrics_module.get(metric) for metric in metrics or ()]
        self.weighted_metrics = [metrics_module.get(metric) for metric in weighted_metrics or ()]
        names = ["loss", *(metric.name for metric in (*self.metrics, *self.weighted_metrics))]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(
                _("Two figures are called {name!r}. Give one of them another name=...").format(
                    name=twice[0]
                )
                + "."
            )
        self.optimizer = optimizers.get(optimizer)
        self.optimizer.reset()
        self._loss_seen = metrics_module.Metric("loss")
        self._looked_at = False
        self.jit_compile = jit_compile is True
        self._hand_out_loops()

    def _hand_out_loops(self) -> None:
        """Let all that is trained compute by compiled loops, or in NumPy again, as ``compile`` was told."""
        if (compiled := sys.modules.get("course_nn.compiled")) and self.optimizer is not None:
            for owner in (self, self.loss, self.optimizer, *self.layers):
                compiled.put_in(owner) if self.jit_compile else compiled.take_out(owner)

    @property
    def metrics_names(self) -> list[str]:
        """What ``evaluate`` gives, in order."""
        return ["loss", *(m.name for m in (*self.metrics, *self.weighted_metrics))]

    def _require_compiled(self, before: str) -> None:
        if self.optimizer is None:
            raise RuntimeError(
                _(
                    "The model is not compiled yet. Call model.compile(optimizer='adam', loss=...) before {before}."
                ).format(before=before)
            )

    # ---- fit ---------------------------------------------------------------------------------

    @explained
    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[Any] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        *,
        seed: int | None = None,
    ) -> History:
        """Train for ``epochs`` passes through the examples of ``x`` and ``y``, a step per batch.

        Args:
            x: inputs, one example each, of any number type; bytes stay bytes until a batch is taken. Or a generator
                or sequence of batches (x, y), without ``y``.
            y: targets, as the loss takes them.
            batch_size: examples per step, 32 by default; the last batch of an epoch may be shorter.
            epochs: the number of the last epoch.
            verbose: 1 or "auto" shows a progress bar, 2 prints a line an epoch, 0 nothing.
            callbacks: see ``course_nn.callbacks``.
            validation_split: the share of examples, taken from the end, that is kept out of training and evaluated
                after each epoch.
            validation_data: examples (x, y) or (x, y, weights) for the same purpose, or a generator of batches.
            shuffle: a new order of the examples in each epoch.
            class_weight: how much each class counts in the loss, {0: 1.0, 1: 5.0}.
            sample_weight: how much each example counts in the loss, shape (examples,).
            initial_epoch: how many epochs were done before.
            steps_per_epoch: how many batches make an epoch.
            validation_steps, validation_batch_size: the same for validation.
            validation_freq: validate after every so many epochs, or after those in a list, counted from 1.
            seed: of shuffling and of layers with chance.

        Returns:
            The history: ``history.history["loss"]`` and so on, a number an epoch, the mean over its batches.
            Ctrl-C ends training and returns as well; the model keeps what it has learned. A loss that is no number
            ends it, too, with a warning: the model gets back its weights from before that epoch, and the optimizer
            begins anew.

        Raises:
            RuntimeError: the model is not compiled.
            TypeError: an argument does not exist, the data are not real numbers, or a callback is none.
            ValueError: shapes, labels or numbers do not fit, or the inputs hold NaN.
        """
        self._require_compiled("fit")
        data.require_choice("shuffle", shuffle)
        batch_size = BATCH if batch_size is None else batch_size
        data.require_whole(batch_size=batch_size, epochs=epochs)
        for name, value in (
            ("steps_per_epoch", steps_per_epoch),
            ("validation_steps", validation_steps),
            ("validation_batch_size", validation_batch_size),
        ):
            if value is not None:
                data.require_whole(**{name: value})

        training: data.Batches | data.Stream
        validation: Callable[[], dict[str, float]] | None = None
        kept: Any = validation_data
        if data.is_stream(x):
            if y is not None:
                raise ValueError(_("A generator gives the targets itself; leave y out."))
            training = data.Stream(x, self._prepare_batch(class_weight), shuffle, steps_per_epoch)
        else:
            parts: Any = self._parts(x, y, sample_weight, class_weight)
            if validation_data is None and validation_split:
                parts, kept = data.split_off(validation_split, *parts)
                if self.loss.activation == "softmax":
                    data.warn_of_new_labels(parts[1], kept[1], stacklevel=4)
            data.warn_if_unscaled(self.layers, parts[0], stacklevel=4)
            self._largest = data.largest(parts[0], 1000)
            training = data.Batches(parts, batch_size, shuffle, steps_per_epoch)
        if kept is not None:
            if validation_data is not None and not data.is_stream(kept):
                kept = self._parts(*data.parts_of("validation_data", kept))
                data.warn_if_scaled_otherwise(self._largest, kept[0], stacklevel=4)

            def validation() -> dict[str, float]:
                return self._evaluate(kept, validation_batch_size, validation_steps, everyone)

        self._look_at_last_layer(stacklevel=4)
        if self.built and not self._owns_its_weights():
            self.gather()

        rng = self._rng if seed is None else np.random.default_rng(seed)
        for layer in self.layers:
            layer.rng = rng
        self.history = history = History()
        everyone = CallbackList(
            () if callbacks is None else callbacks,
            self,
            {"epochs": epochs, "steps": training.count, "verbose": verbose},
        )
        shown: list[Any] = []
        if verbose in (1, "auto") and find_spec("tqdm"):
            shown = [ProgressBar(epochs, training.count)]
        elif verbose:
            shown = [ProgressLines(epochs)]
        bars = CallbackList(shown, self, {})

        def tell(moment: str, *given: Any) -> None:
            everyone(moment, *given)
            bars(moment, *given)

        self.stop_training = interrupted = False
        self._kept = None
        logs: dict[str, Any] = {}
        tell("on_train_begin", {})
        try:
            # A loss that diverges says so itself.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                for epoch in range(initial_epoch, epochs):
                    tell("on_epoch_begin", epoch, {})
                    logs = self._train_epoch(epoch, training, rng, [everyone, bars])
                    if validation and _is_due(validation_freq, epoch):
                        logs |= {f"val_{name}": value for name, value in validation().items()}
                    try:
                        tell("on_epoch_end", epoch, logs)
                    finally:
                        history.on_epoch_end(epoch, logs)
                    if not math.isfinite(logs["loss"]):
                        kept = self._put_back()
                        warn_of_nan(epoch, self._batch, logs["loss"], kept, stacklevel=4)
                        break
                    if self.stop_training or getattr(training, "ended", False):
                        break
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self._kept = None
            tell("on_train_end", logs)
        if interrupted:  # said after the progress bar has ended its line
            print(_("Training was interrupted. The model keeps what it has learned so far."))
        return history

    def _train_epoch(
        self, epoch: int, batches: Any, rng: np.random.Generator, callbacks: list[CallbackList]
    ) -> dict[str, float]:
        """One step per batch, until the loss is no number; the means of the loss and the metrics over the examples."""
        self.reset_metrics()
        begin, end = (
            [method for each in callbacks for method in each.watching[moment]]
            for moment in ("on_train_batch_begin", "on_train_batch_end")
        )
        for batch, (x, y, weights) in enumerate(batches.epoch(rng, self._take)):
            for method in begin:
                method(batch, {})
            before = None if batch else (epoch, self.parameters.copy(), self._states_copied())
            self._train_step(x, y, weights)
            self._batch, broken = batch, not math.isfinite(self._loss_seen.total)
            if before and (self._kept is None or not broken):
                self._kept = before
            if end:
                logs = self._results()
                for method in end:
                    method(batch, logs)
            if self.stop_training or broken:
                break
        return self._results()

    def _states_copied(self) -> list[Array]:
        return [array.copy() for layer in self.layers for array in layer.state.values()]

    def _put_back(self) -> int:
        """The last weights that gave a loss, at the beginning of the epoch whose number is returned."""
        assert self._kept is not None  # a batch has been trained on
        epoch, parameters, states = self._kept
        self.parameters[...] = parameters
        arrays = [array for layer in self.layers for array in layer.state.values()]
        for array, kept in zip(arrays, states):
            array[...] = kept
        self.optimizer.reset()
        return epoch

    def _train_step(self, x: Array, y: Array, weights: Array | None) -> None:
        """Forward, backward, a step of the optimizer; loss and metrics are kept in mind."""
        loss, prediction = self._forward_and_back(x, y, weights)
        optimizer, parameters, gradients = self.optimizer, self.parameters, self.gradients
        if optimizer.clips:
            loss += self._regularize(0, parameters.size)
            parts = [
                g for layer in self.layers if layer.trainable for g in layer.gradients.values()
            ]
            optimizer.clip(gradients, parts)
            optimizer.step(parameters, gradients)
        elif self._penalized:
            # The penalties' gradients come in where each stretch is in the cache anyway.
            penalties: list[float] = []
            optimizer.step(
                parameters, gradients, lambda *ends: penalties.append(self._regularize(*ends))
            )
            loss += sum(penalties)
        else:
            optimizer.step(parameters, gradients)
        self._keep_in_mind(loss, y, prediction, weights)

    def _keep_in_mind(
        self, loss: float, y: Array, prediction: Array, weights: Array | None
    ) -> None:
        seen = self._loss_seen
        seen.total += loss * len(y)
        seen.count += len(y)
        for metric in self.metrics:
            metric.update_state(y, prediction)
        for metric in self.weighted_metrics:
            metric.update_state(y, prediction, weights)

    def _results(self) -> dict[str, float]:
        every = (self._loss_seen, *self.metrics, *self.weighted_metrics)
        return {metric.name: float(metric.result()) for metric in every}

    def reset_metrics(self) -> None:
        """Begin the means of ``train_on_batch`` and ``test_on_batch`` anew."""
        for metric in (self._loss_seen, *self.metrics, *self.weighted_metrics):
            metric.reset_state()

    # ---- the passes --------------------------------------------------------------------------

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, Array]:
        """One forward and one backward pass in training mode.

        Args:
            x: examples of the model's dtype.
            y: targets in the form that ``model.loss.prepare`` gives.

        Returns:
            The mean loss of the examples with the regularizers' penalties, and the predictions. The gradients are
            then in ``model.gradients``, and in each layer's ``gradients``.
        """
        loss, prediction = self._forward_and_back(x, y)
        return loss + self._regularize(0, self.parameters.size), prediction

    def _forward_and_back(
        self, x: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """The mean loss of the examples and the predictions; the gradients, all without penalties."""
        loss, prediction = self._forward(x, y, weights, training=True)
        (*hidden, last), measure, fused = self.layers, self.loss, self._fused
        d: Array | None
        if fused or measure.from_logits:
            d = measure.backward_logits(y)
        else:
            d = measure.backward(y, prediction)
        if weights is not None:
            d *= weights.reshape(-1, *[1] * (d.ndim - 1))
        d = last.backward_logits(d) if fused else last.backward(d)
        for layer in reversed(hidden):
            if d is None:  # the layers before this one have no weights to train
                break
            d = layer.backward(d)
        return loss, prediction

    def _forward(
        self, x: Array, y: Array, weights: Array | None, training: bool
    ) -> tuple[float, Array]:
        """The mean loss of the examples without penalties, and the predictions."""
        (*hidden, last), measure = self.layers, self.loss
        for layer in hidden:
            x = layer.forward(x, training)
        if self._fused:
            loss = measure.forward_logits(y, last.forward_logits(x))
            prediction = measure.p
        else:
            prediction = last.forward(x, training)
            forward = measure.forward_logits if measure.from_logits else measure.forward
            loss = forward(y, prediction)
        if weights is not None:
            loss = measure.forward_weighted(y, prediction, weights)
        return loss, prediction

    @property
    def _fused(self) -> bool:
        """Whether the loss is computed from logits, together with the last layer's activation."""
        activation, measure = self.layers[-1].activation, self.loss
        return (
            activation is not None
            and activation.name == measure.activation
            and not measure.from_logits
        )

    def _regularize(self, start: int, stop: int) -> float:
        """Add the penalties' gradients to that stretch of ``gradients``, and return its penalties."""
        penalty = 0.0
        for first, last, regularizer in self._penalized:
            place = slice(max(first, start), min(last, stop))
            if place.start < place.stop:
                penalty += regularizer.backward(self.parameters[place], self.gradients[place])
        return penalty

    def _penalty(self) -> float:
        """What the regularizers add to the loss."""
        return sum(layer.penalty() for layer in self.layers if layer.trainable)

    def _owns_its_weights(self) -> bool:
        """False where a layer was frozen or freed, or another model took some of the layers, since ``gather``."""
        return all(
            np.may_share_memory(array, self.parameters) == layer.trainable
            for layer in self.layers
            for array in layer.weights.values()
        )

    # ---- evaluate, predict -------------------------------------------------------------------

    @explained
    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Sequence[Any] | None = None,
        return_dict: bool = False,
    ) -> Figures:
        """The mean loss of the examples, or [loss, metric, ...] where there are metrics, in prediction mode.

        Args:
            x, y, sample_weight: as for ``fit``.
            batch_size: examples at once; it changes time and memory, and a metric of one's own that gives a number
                for a batch.
            verbose: 1 or 2 prints the figures.
            return_dict: True gives {"loss": ..., "accuracy": ...}.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: shapes or labels do not fit.
        """
        self._require_compiled("evaluate")
        stream = data.is_stream(x)
        given = x if stream else self._parts(x, y, sample_weight)
        if not stream:
            data.warn_if_scaled_otherwise(self._largest, given[0], stacklevel=4)
        self._look_at_last_layer(stacklevel=4)
        everyone = CallbackList(() if callbacks is None else callbacks, self, {"steps": steps})
        figures = self._evaluate(given, batch_size, steps, everyone)
        if verbose in (1, 2):
            print("  ".join(f"{name} {value:.4f}" for name, value in figures.items()))
        return self._in_form(figures, return_dict)

    def _in_form(self, figures: dict[str, float], return_dict: bool) -> Figures:
        values = list(figures.values())
        return figures if return_dict else values if len(values) > 1 else values[0]

    def _evaluate(
        self, given: Any, batch_size: int | None, steps: int | None, callbacks: CallbackList
    ) -> dict[str, float]:
        batches: data.Batches | data.Stream
        if data.is_stream(given):
            batches = data.Stream(given, self._prepare_batch(None), False, steps)
        else:
            batches = data.Batches(given, self._chunk(batch_size, measured=True), False, steps)
        self.reset_metrics()
        callbacks("on_test_begin", {})
        end = callbacks.watching["on_test_batch_end"]
        for batch, (x, y, weights) in enumerate(batches.epoch(self._rng, self._take)):
            callbacks("on_test_batch_begin", batch, {})
            loss, prediction = self._forward(x, y, weights, training=False)
            self._keep_in_mind(loss, y, prediction, weights)
            if end:
                callbacks("on_test_batch_end", batch, self._results())
        figures = self._results()
        figures["loss"] += self._penalty()
        callbacks("on_test_end", figures)
        return figures

    @explained
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Sequence[Any] | None = None,
    ) -> Array:
        """The network's output for each example, shape (examples, outputs).

        Raises:
            ValueError: the examples do not have the shape that the network takes.
        """
        everyone = CallbackList(() if callbacks is None else callbacks, self, {"steps": steps})
        if data.is_stream(x):
            taken = (x[i] for i in range(len(x))) if hasattr(x, "__len__") else x
            batches = zip(range(steps), taken) if steps else enumerate(taken)
            inputs = [batch[0] if isinstance(batch, tuple) else batch for _index, batch in batches]
            return np.concatenate([self.predict(each, batch_size) for each in inputs])
        x = self._prepare_inputs(x)
        if steps is not None:
            data.require_whole(steps=steps)
            x = x[: steps * (batch_size or BATCH)]
        data.warn_if_scaled_otherwise(self._largest, x, stacklevel=4)
        batch_size = self._chunk(batch_size)
        prediction = np.empty((len(x), *self.gives), self.dtype)
        everyone("on_predict_begin", {})
        for batch, start in enumerate(range(0, len(x), batch_size)):
            everyone("on_predict_batch_begin", batch, {})
            y = self._convert(x[start : start + batch_size])
            for layer in self.layers:
                y = layer.forward(y)
            prediction[start : start + batch_size] = y
            everyone("on_predict_batch_end", batch, {"outputs": y})
        everyone("on_predict_end", {})
        return prediction

    def __call__(self, x: Any, training: bool = False) -> Array:
        """The outputs for ``x`` at once, with ``training=True`` as in training: dropout drops."""
        y = self._convert(self._prepare_inputs(x))
        for layer in self.layers:
            y = layer.forward(y, training)
        return y.copy()

    predict_on_batch = predict

    @explained
    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Figures:
        """One step of training on one batch. As in Keras, the figures are means over the batches since
        ``reset_metrics``, ``fit`` or ``evaluate``."""
        self._require_compiled("train_on_batch")
        x, y, weights = self._parts(x, y, sample_weight, class_weight)
        self._look_at_last_layer(stacklevel=4)
        if not self._owns_its_weights():
            self.gather()
        for layer in self.layers:
            layer.rng = self._rng
        self._train_step(self._take(x, np.arange(len(x))), y, weights)
        return self._in_form(self._results(), return_dict)

    @explained
    def test_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False
    ) -> Figures:
        """The figures of one batch, as means like those of ``train_on_batch``."""
        self._require_compiled("test_on_batch")
        x, y, weights = self._parts(x, y, sample_weight)
        loss, prediction = self._forward(self._convert(x), y, weights, training=False)
        self._keep_in_mind(loss + self._penalty(), y, prediction, weights)
        return self._in_form(self._results(), return_dict)

    def _chunk(self, batch_size: int | None, measured: bool = False) -> int:
        """How many examples to compute at once where no gradient is asked for."""
        if batch_size is not None:
            data.require_whole(batch_size=batch_size)
            return batch_size
        if measured and (
            isinstance(self.loss, losses.FunctionLoss)
            or any(isinstance(m, metrics_module.FunctionMetric) for m in self.metrics)
        ):
            return BATCH  # a function may give a number for a batch, which then depends on its size
        shape, most = self.takes, math.prod(self.takes)
        for layer in self.layers:
            most, shape = max(most, layer.footprint(shape)), layer.output_shape_for(shape)
        return max(1, min(CHUNK, CHUNK_BYTES // (most * self.dtype.itemsize)))

    # ---- data --------------------------------------------------------------------------------

    def _parts(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> tuple[Array, Array, Array | None]:
        """Inputs, targets and weights as arrays that fit the model."""
        x, y = self._prepare_inputs(x), data.numbers(_("targets"), y)
        data.require_one_target_each(x, y)
        functions = [m for m in self.metrics if isinstance(m, metrics_module.FunctionMetric)]
        prepared = self.loss.prepare(y, self.gives, self.dtype)
        if functions and y.ndim == 1 and prepared.ndim == 2:
            warnings.warn(
                _(
                    "{name} gets the targets in the shape of the predictions, (n, 1). Keras would hand it (n,), where "
                    "y_true - y_pred has the shape (n, n). Pass y[:, np.newaxis], and both agree."
                ).format(name=functions[0].name),
                stacklevel=5,
            )
        return x, prepared, data.weights_of(sample_weight, class_weight, prepared, self.dtype)

    def _prepare_batch(self, class_weight: Any) -> Callable[..., Any]:
        def prepare(x: Any, y: Any, weights: Any) -> Any:
            return self._parts(x, y, weights, class_weight)

        return prepare

    def _prepare_inputs(self, x: Any) -> Array:
        warm_up_products()  # this may be another thread than that which built the model
        x = data.numbers(_("inputs"), x)
        if x.ndim == 1 and self.built and self.takes == (1,):
            x = x[:, np.newaxis]
        data.require_examples(x)
        if not self.built:
            self.build((None, *x.shape[1:]))
        data.require_shape(x, self.takes)
        return x

    def _take(self, x: Array, rows: Array) -> Array:
        """The examples with these numbers, in memory that is used again at every call, seen to hold no NaN."""
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

    # ---- warnings ----------------------------------------------------------------------------

    def _look_at_last_layer(self, stacklevel: int) -> None:
        """Warn, once, where the loss cannot mean what the last layer gives."""
        if self._looked_at or not self.built:
            return
        self._looked_at = True
        activation = self.layers[-1].activation
        if activation is None:  # a layer of one's own, which may give anything
            return
        last = activation.name
        wanted, message = self.loss.activation, None
        if last == "softmax" and self.gives[-1] == 1:
            message = _(
                "softmax of a single output is always 1. Take Dense(1, activation='sigmoid') with "
                "loss='binary_crossentropy', or as many outputs as there are classes."
            )
        elif wanted and self.loss.from_logits and last in ("sigmoid", "softmax"):
            message = _(
                "{loss} with from_logits=True applies {wanted} itself, and the last layer applied {last} before. "
                "Leave one of the two out."
            )
        elif wanted and not self.loss.from_logits and last not in ("sigmoid", "softmax"):
            message = _(
                "{loss} takes probabilities, but the last layer ({last}) may give any number. Give it "
                "activation='{wanted}', or pass the loss as an object with from_logits=True."
            )
        if message:
            text = message.format(loss=self.loss.name, last=last, wanted=wanted)
            warnings.warn(text, stacklevel=stacklevel)


def _is_due(frequency: int | Sequence[int], epoch: int) -> bool:
    if isinstance(frequency, (int, np.integer)):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _import_loops() -> None:
    try:
        import_module("course_nn.compiled")
    except ImportError as error:
        raise ImportError(
            _(
                "jit_compile=True needs Numba, which cannot be imported ({error}). Install it with "
                "pip install 'course-nn[fast]'; without jit_compile the model computes the same in NumPy."
            ).format(error=error)
        ) from error
