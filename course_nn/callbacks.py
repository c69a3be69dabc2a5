"""What may happen around training: keep the history, stop early, show progress, look inside.

A callback overrides the moments that it wants; the model is ``self.model``. ``logs`` holds the epoch's (or
batch's) figures by name: "loss", "accuracy", "val_loss", ...
"""

import sys
from typing import Any

import numpy as np

from course_nn.i18n import _

Logs = dict[str, float]


class Callback:
    """The moments of training; each does nothing until overridden."""

    model: Any

    def on_train_begin(self) -> None: ...

    def on_epoch_begin(self, epoch: int) -> None: ...

    def on_train_batch_end(self, batch: int, logs: Logs) -> None: ...

    def on_epoch_end(self, epoch: int, logs: Logs) -> None: ...

    def on_train_end(self) -> None: ...


class History(Callback):
    """Every epoch's figures: ``history.history["val_loss"]`` is a list, ``history.epoch`` the epochs' numbers.

    A notebook shows the last epoch's where ``model.fit(...)`` ends a cell.
    """

    def __init__(self) -> None:
        self.on_train_begin()

    def on_train_begin(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        last = "".join(f", {name}={values[-1]:.4f}" for name, values in self.history.items())
        return f"History(epochs={len(self.epoch)}{last})"


class EarlyStopping(Callback):
    """Stop when a figure has not improved for ``patience`` epochs, and go back to the best weights
    (Goodfellow et al. 2016, algorithm 7.1).

    Args:
        monitor: the figure to watch.
        min_delta: by how much it must improve to count.
        patience: how many epochs in a row may pass without improvement.
        mode: "min", "max", or "auto": accuracies should grow, everything else should fall.
        restore_best_weights: False keeps the last weights.

    After training ``best``, ``best_epoch`` and ``stopped_epoch`` (None where it ran to the end) say what happened.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        mode: str = "auto",
        restore_best_weights: bool = True,
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                _("mode must be 'auto', 'min' or 'max', got {given!r}.").format(given=mode)
            )
        self.monitor, self.min_delta, self.patience = monitor, min_delta, patience
        self.restore_best_weights = restore_best_weights
        self.sign = 1 if mode == "max" or (mode == "auto" and "accuracy" in monitor) else -1

    def on_train_begin(self) -> None:
        self.best, self.best_epoch, self.best_weights = -self.sign * np.inf, -1, None
        self.stopped_epoch: int | None = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if self.monitor not in logs:
            raise ValueError(
                _(
                    "EarlyStopping watches {monitor!r}, but this training gives only {known}. "
                    "Pass validation_data or validation_split to fit, or watch another figure."
                ).format(monitor=self.monitor, known=", ".join(logs))
            )
        value = logs[self.monitor]
        if self.sign * (value - self.best) > self.min_delta:
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
        elif epoch - self.best_epoch >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self) -> None:
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


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

    def on_train_begin(self) -> None:
        self.steps: list[int] = []
        self.weights: dict[str, list[Any]] = {}
        self.gradients: dict[str, list[Any]] = {}
        self._step = 0

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
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

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        figures = "  ".join(f"{name} {value:.4f}" for name, value in logs.items())
        print(
            _("epoch {epoch}/{epochs}").format(epoch=epoch + 1, epochs=self.epochs) + "  " + figures
        )


class ProgressBar(Callback):
    """A tqdm bar for each epoch: what ``verbose=1`` shows. It writes to standard output in a notebook, where
    standard error would look like a fault, and to standard error in a terminal."""

    def __init__(self, epochs: int, batches: int) -> None:
        self.epochs, self.batches = epochs, batches

    def on_epoch_begin(self, epoch: int) -> None:
        from tqdm import tqdm

        self.bar = tqdm(
            total=self.batches,
            desc=_("epoch {epoch}/{epochs}").format(epoch=epoch + 1, epochs=self.epochs),
            file=sys.stdout if "ipykernel" in sys.modules else sys.stderr,
            bar_format="{desc} {bar:20} {n_fmt}/{total_fmt} [{elapsed}]{postfix}",
            mininterval=0.2,
        )

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.bar.set_postfix_str("  ".join(f"{name} {value:.4f}" for name, value in logs.items()))
        self.bar.close()

    def on_train_end(self) -> None:
        if hasattr(self, "bar"):
            self.bar.close()
