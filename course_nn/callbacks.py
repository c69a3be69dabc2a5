"""What may happen around training: keep the history, stop early, save the best, look inside.

A callback overrides the moments that it wants; the model is ``self.model``. ``logs`` holds figures by name: "loss",
"accuracy", "val_loss", ...; those of an epoch at its end, and after a batch the means over the epoch so far.
"""

import csv
import inspect
import math
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from course_nn._names import Named, missing, nearest
from course_nn.i18n import _

Logs = dict[str, Any]


class Callback(Named):
    """The moments of training; each does nothing until overridden."""

    model: Any
    params: dict[str, Any]

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None: ...

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None: ...

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.on_batch_begin(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.on_batch_end(batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None: ...

    def on_train_end(self, logs: Logs | None = None) -> None: ...

    def on_test_begin(self, logs: Logs | None = None) -> None: ...

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_test_end(self, logs: Logs | None = None) -> None: ...

    def on_predict_begin(self, logs: Logs | None = None) -> None: ...

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_predict_end(self, logs: Logs | None = None) -> None: ...


MOMENTS = [name for name in vars(Callback) if name.startswith("on_")]


class CallbackList:
    """Several callbacks as one: ``everyone("on_epoch_end", epoch, logs)`` calls those that override the moment.

    Raises:
        TypeError: one of them is no callback, has a moment that does not exist, or one that takes other arguments.
    """

    def __init__(self, callbacks: Any, model: Any, params: dict[str, Any]) -> None:
        if isinstance(callbacks, Callback) or not isinstance(callbacks, Iterable):
            callbacks = [callbacks]
            self._refuse(callbacks, not_a_list=True)
        self.callbacks: list[Callback] = list(callbacks)
        if not all(isinstance(callback, Callback) for callback in self.callbacks):
            self._refuse(callbacks)
        self.watching: dict[str, list[Callable[..., None]]] = {}
        for callback in self.callbacks:
            for name in dir(type(callback)):
                if name.startswith("on_") and name not in MOMENTS:
                    raise TypeError(
                        _("{callback} has a method {name}, a moment that there is not.").format(
                            callback=type(callback).__name__, name=name
                        )
                        + nearest(name, MOMENTS)
                    )
            callback.set_model(model)
            callback.set_params(params)
        for name in MOMENTS:
            overridden = [c for c in self.callbacks if self._overrides(c, name)]
            self.watching[name] = [self._checked(callback, name) for callback in overridden]

    @staticmethod
    def _refuse(given: Any, not_a_list: bool = False) -> None:
        raise TypeError(
            _("callbacks is a list of callbacks, such as [EarlyStopping()], got {given!r}.").format(
                given=given[0] if not_a_list else given
            )
        )

    @staticmethod
    def _overrides(callback: Callback, name: str) -> bool:
        method = getattr(type(callback), name)
        if name in ("on_train_batch_begin", "on_train_batch_end"):
            older = name.replace("train_", "")
            if getattr(type(callback), older) is not getattr(Callback, older):
                return True
        elif name in ("on_batch_begin", "on_batch_end"):
            return False  # called by on_train_batch_...
        return method is not getattr(Callback, name) or name in vars(callback)

    @staticmethod
    def _checked(callback: Callback, name: str) -> Callable[..., None]:
        method = getattr(callback, name)
        given: tuple[Any, ...] = ("batch", {}) if "batch" in name or "epoch" in name else ({},)
        try:
            inspect.signature(method).bind(*given)
        except TypeError:
            wanted = list(inspect.signature(getattr(Callback, name)).parameters)
            raise TypeError(
                _(
                    "{callback}.{name} is called with {arguments}: write def {name}({wanted})."
                ).format(
                    callback=type(callback).__name__,
                    name=name,
                    arguments=_(" and ").join(wanted[1:]),
                    wanted=", ".join([*wanted[:-1], "logs=None"]),
                )
            ) from None
        return method

    def __call__(self, moment: str, *given: Any) -> None:
        for method in self.watching[moment]:
            method(*given)


class History(Callback):
    """Every epoch's figures: ``history.history["val_loss"]`` is a list, ``history.epoch`` the epochs' numbers.

    A notebook shows the last epoch's where ``model.fit(...)`` ends a cell.
    """

    def __init__(self) -> None:
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        last = "".join(f", {name}={values[-1]:.4f}" for name, values in self.history.items())
        return f"History(epochs={len(self.epoch)}{last})"


class Monitor(Callback):
    """What watches one figure and knows whether it has become better.

    Args:
        monitor: the figure to watch.
        mode: "min", "max", or "auto": losses should fall, accuracies and the like grow; of a metric of one's own
            nobody knows, and "auto" is refused.
        min_delta: by how much it must improve to count.
    """

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                _("mode must be 'auto', 'min' or 'max', got {given!r}.").format(given=mode)
            )
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        plain = self.monitor.removeprefix("val_")
        known = {m.name: m.direction for m in getattr(self.model, "metrics", ())} | {"loss": "down"}
        direction = {"min": "down", "max": "up"}.get(self.mode, known.get(plain))
        if direction is None:
            raise ValueError(
                _(
                    "Whether more or less of {monitor!r} is better is not known. Pass mode='max' or mode='min'."
                ).format(monitor=self.monitor)
            )
        return 1 if direction == "up" else -1

    def better(self, value: float, best: float) -> bool:
        return self.sign * (value - best) > self.min_delta

    @property
    def worst(self) -> float:
        return -self.sign * math.inf

    def current(self, logs: Logs | None) -> float:
        """The figure now.

        Raises:
            ValueError: this training does not give it.
        """
        logs = logs or {}
        if self.monitor not in logs:
            raise ValueError(
                _("{callback} watches {monitor!r}, but this training gives only {known}.").format(
                    callback=type(self).__name__, monitor=self.monitor, known=", ".join(logs)
                )
                + (nearest(self.monitor, logs) if "val_loss" in logs else "")
                + " "
                + _("Pass validation_data or validation_split to fit, or watch another figure.")
            )
        return float(logs[self.monitor])


class EarlyStopping(Monitor):
    """Stop when a figure has not improved for ``patience`` epochs (Goodfellow et al. 2016, algorithm 7.1).

    Args:
        monitor, min_delta, mode: as in ``Monitor``.
        patience: how many epochs in a row may pass without improvement.
        verbose: 1 says when it stops.
        baseline: patience runs from the start until the figure is better than this.
        restore_best_weights: True goes back to the weights of the best epoch; else the last ones stay.
        start_from_epoch: epochs before this one are not watched.

    After training ``best``, ``best_epoch`` and ``stopped_epoch`` (0 where it ran to the end) say what happened.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best: float | None = None
        self.best_epoch = self.stopped_epoch = self.wait = 0
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.current(logs)
        if epoch < self.start_from_epoch:
            return
        if self.best is None:
            self.best, self.best_epoch = self.worst, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
        self.wait += 1
        if self.better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(_("Stopped early, after epoch {epoch}.").format(epoch=self.stopped_epoch + 1))
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by ``factor`` when a figure has not improved for ``patience`` epochs.

    Args:
        monitor, mode, min_delta: as in ``Monitor``.
        factor: below 1.
        patience: how many epochs in a row may pass without improvement.
        cooldown: how many epochs after a reduction are not watched.
        min_lr: the learning rate does not fall below.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 < factor < 1:
            raise ValueError(
                _("ReduceLROnPlateau's factor lies between 0 and 1, got {given}.").format(
                    given=factor
                )
            )
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best: float | None = None
        self.wait = self.resting = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value, optimizer = self.current(logs), self.model.optimizer
        if logs is not None:
            logs["learning_rate"] = rate_of(optimizer)
        best = self.worst if self.best is None else self.best
        if self.resting > 0:
            self.resting -= 1
            self.wait = 0
        if self.better(value, best):
            self.best, self.wait = value, 0
        elif self.resting <= 0:
            self.wait += 1
            old = rate_of(optimizer)
            if self.wait >= self.patience and old > np.float32(self.min_lr):
                new = max(old * self.factor, self.min_lr)
                optimizer.learning_rate = new
                if self.verbose:
                    print(
                        _("Epoch {epoch}: the learning rate falls to {rate:g}.").format(
                            epoch=epoch + 1, rate=new
                        )
                    )
                self.resting, self.wait = self.cooldown, 0


class LearningRateScheduler(Callback):
    """Set the learning rate of each epoch: ``schedule(epoch, learning_rate)``, or ``schedule(epoch)``, gives it."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        try:
            inspect.signature(self.schedule).bind(epoch, 0.1)
        except TypeError:
            rate = self.schedule(epoch)
        else:
            rate = self.schedule(epoch, rate_of(optimizer))
        if not isinstance(rate, (int, float, np.number)):
            raise TypeError(
                _("The schedule must give a number, got {given!r} for epoch {epoch}.").format(
                    given=rate, epoch=epoch
                )
            )
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print(
                _("Epoch {epoch}: the learning rate is {rate:g}.").format(
                    epoch=epoch + 1, rate=rate
                )
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = rate_of(self.model.optimizer)


def rate_of(optimizer: Any) -> float:
    """The learning rate now; of a schedule, at the step that comes next."""
    rate = optimizer.learning_rate
    return float(rate(optimizer.iterations) if callable(rate) else rate)


class ModelCheckpoint(Monitor):
    """Save the model after epochs.

    Args:
        filepath: the file, in which {epoch:02d}, {val_loss:.2f} and so on stand for figures of the epoch.
        monitor, mode: as in ``Monitor``, for ``save_best_only``.
        save_best_only: save where the figure is better than in all epochs before.
        save_weights_only: save the weights alone, to a file that ends in .weights.h5 or .safetensors.
        save_freq: "epoch", or after how many batches to save.
        initial_value_threshold: save only what is better than this.
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath, self.verbose, self.save_freq = str(filepath), verbose, save_freq
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.best: float | None = initial_value_threshold
        self.batches = self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.batches += 1
        if isinstance(self.save_freq, int) and self.batches % self.save_freq == 0:
            self._save(self.epoch, {"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: Logs) -> None:
        if self.save_best_only:
            value = self.current(logs)
            if not self.better(value, self.worst if self.best is None else self.best):
                return
            self.best = value
        try:
            path = Path(self.filepath.format(epoch=epoch + 1, **logs))
        except KeyError as error:
            raise ValueError(
                _("The file {path!r} names {figure}, but this training gives only {known}.").format(
                    path=self.filepath, figure=error, known=", ".join(["epoch", *logs])
                )
            ) from None
        path.parent.mkdir(parents=True, exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        if self.verbose:
            print(_("Epoch {epoch}: saved to {path}.").format(epoch=epoch + 1, path=path))


class CSVLogger(Callback):
    """Write each epoch's figures as a line of a table, "epoch,accuracy,loss,..."; ``append`` keeps what is there."""

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        self.filename, self.separator, self.append = Path(filename), separator, append
        self.names: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.headed = self.append and self.filename.exists() and self.filename.stat().st_size > 0
        if not self.append:
            self.filename.write_bytes(b"")
        self.append = True

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        self.names = self.names or sorted(logs)
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            table = csv.writer(file, delimiter=self.separator)
            if not self.headed:
                table.writerow(["epoch", *self.names])
                self.headed = True
            table.writerow([epoch, *(logs.get(name, "NA") for name in self.names)])


class TerminateOnNaN(Callback):
    """End training at a loss that is no number."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0)):
            print(_("Batch {batch}: the loss is no number; training ends.").format(batch=batch))
            self.model.stop_training = True


class LambdaCallback(Callback):
    """Functions at the moments of training: ``LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))``."""

    def __init__(self, **moments: Callable[..., None]) -> None:
        for name, function in moments.items():
            if name not in MOMENTS:
                raise TypeError(
                    _("LambdaCallback takes no argument {given!r}.").format(given=name)
                    + nearest(name, MOMENTS)
                )
            if function is not None:
                setattr(self, name.replace("on_batch_", "on_train_batch_"), function)


def warn_of_nan(epoch: int, batch: int, loss: float, kept: int, stacklevel: int) -> None:
    """Epochs and batch counted from 0; the weights are those from the beginning of epoch ``kept``."""
    warnings.warn(
        _(
            "The loss of epoch {epoch} became {loss} in batch {batch}: the steps were too long, or the data hold such "
            "numbers. Training has ended, and the model has its weights from the beginning of epoch {kept}. Try a "
            "smaller learning rate, inputs near 0, or an optimizer with clipnorm=1."
        ).format(epoch=epoch + 1, batch=batch + 1, loss=loss, kept=kept + 1),
        RuntimeWarning,
        stacklevel=stacklevel,
    )


class LayerRecorder(Callback):
    """Look inside while it trains: after every ``every``-th batch, the root mean square of each weight and of its
    gradient.

    ``steps`` are the batches counted from 1; ``weights["1 kernel"]`` and ``gradients["1 kernel"]`` are lists, one
    number a step, for layer 1 of the model. With ``keep_arrays`` the arrays themselves are kept instead.
    """

    def __init__(self, every: int = 100, keep_arrays: bool = False) -> None:
        if not isinstance(every, int) or every < 1:
            raise ValueError(
                _("every must be a whole number of batches, 1 or more, got {given!r}.").format(
                    given=every
                )
            )
        self.every, self.keep_arrays = every, keep_arrays

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.steps: list[int] = []
        self.weights: dict[str, list[Any]] = {}
        self.gradients: dict[str, list[Any]] = {}
        self._step = 0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._step += 1
        if self._step % self.every:
            return
        self.steps.append(self._step)
        for index, layer in enumerate(self.model.layers):
            for name in layer.weights:
                for record, array in (
                    (self.weights, layer.weights[name]),
                    (self.gradients, layer.gradients[name]),
                ):
                    seen = (
                        array.copy()
                        if self.keep_arrays
                        else float(np.sqrt(np.mean(np.square(array))))
                    )
                    record.setdefault(f"{index} {name}", []).append(seen)


class ProgressLines(Callback):
    """One line an epoch, on standard output: what ``verbose=2`` shows."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        figures = "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        print(
            _("epoch {epoch}/{epochs}").format(epoch=epoch + 1, epochs=self.epochs) + "  " + figures
        )


class ProgressBar(Callback):
    """A tqdm bar for each epoch: what ``verbose=1`` shows. It writes to standard output in a notebook, where
    standard error would look like a fault, and to standard error in a terminal."""

    def __init__(self, epochs: int, batches: int | None) -> None:
        self.epochs, self.batches = epochs, batches

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        from tqdm import tqdm

        self.bar = tqdm(
            total=self.batches,
            desc=_("epoch {epoch}/{epochs}").format(epoch=epoch + 1, epochs=self.epochs),
            file=sys.stdout if "ipykernel" in sys.modules else sys.stderr,
            bar_format="{desc} {bar:20} {n_fmt}/{total_fmt} [{elapsed}]{postfix}",
            mininterval=0.2,
        )

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.bar.set_postfix_str(
            "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        )
        self.bar.close()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if hasattr(self, "bar"):
            self.bar.close()


def __getattr__(name: str) -> Any:
    kinds = [key for key, each in globals().items() if isinstance(each, type)]
    raise missing(__name__, name, kinds)
