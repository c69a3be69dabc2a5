import math
import sys

import numpy as np
import pytest

from course_nn import metrics, training
from course_nn.callbacks import Callback, EarlyStopping, History, LayerRecorder
from course_nn.layers import BatchNormalization, Dense
from course_nn.models import Sequential
from course_nn.optimizers import SGD


def data(n=40):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4))
    return x, x[:, :2].sum(axis=1)


def network(optimizer="adam"):
    model = Sequential([Dense(5, "tanh", input_dim=4), BatchNormalization(), Dense(1)], seed=1)
    model.compile(optimizer, "mse")
    return model


def equal(arrays, others):
    return all(np.array_equal(a, b) for a, b in zip(arrays, others, strict=True))


class Interrupt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


# --- the moments of training


class Note(Callback):
    def __init__(self, notes, name=""):
        self.notes, self.name = notes, name

    def on_train_begin(self, logs=None):
        self.notes.append(f"{self.name}train begins")

    def on_epoch_begin(self, epoch, logs=None):
        self.notes.append(f"{self.name}epoch {epoch}")

    def on_train_batch_end(self, batch, logs=None):
        assert math.isfinite(logs["loss"])
        self.notes.append(f"{self.name}batch {batch}")

    def on_epoch_end(self, epoch, logs=None):
        assert list(logs) == ["loss", "val_loss"]
        self.notes.append(f"{self.name}epoch {epoch} ends")

    def on_train_end(self, logs=None):
        self.notes.append(f"{self.name}train ends")


def test_moments_come_in_order():
    notes, (x, y) = [], data()
    network().fit(
        x, y, epochs=2, batch_size=20, validation_split=0.1, callbacks=[Note(notes)], verbose=0
    )
    assert notes == [
        "train begins",
        "epoch 0", "batch 0", "batch 1", "epoch 0 ends",
        "epoch 1", "batch 0", "batch 1", "epoch 1 ends",
        "train ends",
    ]  # fmt: skip


def test_callbacks_are_called_in_the_order_of_the_list_and_know_the_model():
    notes, (x, y) = [], data()
    callbacks = [Note(notes, "one "), Note(notes, "two ")]
    model = network()
    model.fit(x, y, validation_split=0.5, callbacks=callbacks, verbose=0)
    assert notes[:4] == ["one train begins", "two train begins", "one epoch 0", "two epoch 0"]
    assert notes[-2:] == ["one train ends", "two train ends"]
    assert all(callback.model is model for callback in callbacks)


def test_a_callback_may_stop_training_and_the_next_fit_goes_on():
    class Stop(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    model = network()
    assert model.fit(*data(), epochs=9, callbacks=[Stop()], verbose=0).epoch == [0, 1]
    assert model.fit(*data(), epochs=3, verbose=0).epoch == [0, 1, 2]


def test_history_has_a_number_for_each_epoch_of_the_last_fit():
    model, history = network(), History()
    returned = model.fit(*data(), epochs=3, validation_split=0.5, callbacks=[history], verbose=0)
    assert returned.epoch == history.epoch == [0, 1, 2]
    assert returned.history == history.history
    assert {name: len(values) for name, values in history.history.items()} == {
        "loss": 3,
        "val_loss": 3,
    }
    model.fit(*data(), callbacks=[history], verbose=0)
    assert history.epoch == [0] and list(history.history) == ["loss"]


# --- early stopping


class Stand:
    """In the place of a model: its weights are the number of the epoch."""

    def __init__(self):
        self.epoch, self.stop_training = -1, False
        self.metrics = [metrics.Accuracy()]

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.epoch = weights


def watch(stopper, figures):
    """Hand ``figures`` to ``stopper`` as those of epoch 0, 1, ...; give the weights that remain."""
    stopper.model = Stand()
    stopper.on_train_begin()
    for epoch, figure in enumerate(figures):
        stopper.model.epoch = epoch
        stopper.on_epoch_end(epoch, {stopper.monitor: figure})
        if stopper.model.stop_training:
            break
    stopper.on_train_end()
    return stopper.model.epoch


@pytest.mark.parametrize(
    "options, figures, best_epoch, stopped_epoch",
    [
        ({}, [3, 2, 1], 2, 0),  # it never got worse
        ({}, [3, 2, 2, 1], 1, 2),  # equal is no improvement
        ({"patience": 1}, [3, 2, 4, 1], 1, 2),
        ({"patience": 2}, [3, 2, 4, 1, 5, 6, 7], 3, 5),
        ({"patience": 3}, [3, 2, 4, 4], 1, 0),  # the epochs ran out
        ({"min_delta": 0.5}, [3, 2.6, 1], 0, 1),
        ({"min_delta": 0.5, "patience": 2}, [3, 2.6, 2.4, 2.3, 2.2], 2, 4),
        ({"monitor": "val_accuracy"}, [0.5, 0.7, 0.6], 1, 2),
        ({"monitor": "val_accuracy", "mode": "min"}, [0.5, 0.7, 0.6], 0, 1),
        ({"monitor": "f1", "mode": "max"}, [0.5, 0.7, 0.6], 1, 2),
        ({"patience": 2}, [3, math.nan, math.nan, 1], 0, 2),  # NaN is no improvement
        ({"patience": 2}, [math.nan, 5, 4, 6, 7, 8], 2, 4),  # nor the best there can be
        ({"patience": 1}, [math.inf, 1], 1, 0),
    ],
)
def test_early_stopping(options, figures, best_epoch, stopped_epoch):
    stopper = EarlyStopping(restore_best_weights=True, **options)
    left = watch(stopper, figures)
    assert (stopper.best_epoch, stopper.stopped_epoch) == (best_epoch, stopped_epoch)
    if best_epoch >= 0:
        assert stopper.best == figures[best_epoch]
        assert left == best_epoch


def test_without_restoring_the_last_weights_stay():
    assert watch(EarlyStopping(patience=2), [3, 1, 2, 2]) == 3


def test_a_stopper_used_again_starts_anew():
    stopper = EarlyStopping(restore_best_weights=True)
    watch(stopper, [1, 2])
    assert watch(stopper, [9, 8, 7]) == 2
    assert stopper.stopped_epoch == 0


def test_training_ends_with_the_weights_of_the_best_epoch():
    """Rows of noise: what is learned on the first half does harm on the second."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 4)), rng.normal(size=40)
    model, stopper, kept = (
        network(SGD(0.05)),
        EarlyStopping(patience=3, restore_best_weights=True),
        [],
    )

    class Keep(Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(self.model.get_weights())

    history = model.fit(
        x, y, epochs=200, validation_split=0.5, callbacks=[stopper, Keep()], verbose=0
    )
    losses = history.history["val_loss"]
    assert len(losses) == stopper.stopped_epoch + 1 < 200
    assert stopper.best_epoch == int(np.argmin(losses)) == stopper.stopped_epoch - 3
    assert equal(model.get_weights(), kept[stopper.best_epoch])  # moving averages too
    assert model.evaluate(x[20:], y[20:]) == pytest.approx(min(losses))


def test_interrupted_training_goes_back_to_the_best_weights_too():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 4)), rng.normal(size=40)
    model, stopper = network(SGD(0.05)), EarlyStopping(patience=1000, restore_best_weights=True)
    history = model.fit(
        x, y, epochs=200, validation_split=0.5, callbacks=[stopper, Interrupt(100)], verbose=0
    )
    losses = history.history["val_loss"]
    assert len(losses) == 101 and stopper.best_epoch < 100
    assert model.evaluate(x[20:], y[20:]) == pytest.approx(min(losses))


# --- looking inside


def test_layer_recorder_keeps_the_size_of_weights_and_gradients():
    model, recorder, whole = (
        network(),
        LayerRecorder(every=3),
        LayerRecorder(every=1, keep_arrays=True),
    )
    model.fit(*data(), batch_size=10, epochs=2, callbacks=[recorder, whole], verbose=0)
    assert recorder.steps == [3, 6]  # of 8 batches
    assert whole.steps == [1, 2, 3, 4, 5, 6, 7, 8]
    names = ["0 kernel", "0 bias", "1 gamma", "1 beta", "2 kernel", "2 bias"]
    for small, arrays in ((recorder.weights, whole.weights), (recorder.gradients, whole.gradients)):
        assert list(small) == list(arrays) == names
        for name in names:
            sizes = [math.sqrt(np.mean(array.astype(float) ** 2)) for array in arrays[name]]
            assert small[name] == pytest.approx([sizes[2], sizes[5]])
    last = [layer.weights[name] for layer in model.layers for name in layer.weights]
    assert equal([arrays[-1] for arrays in whole.weights.values()], last)
    assert not np.array_equal(whole.weights["0 kernel"][0], whole.weights["0 kernel"][1])  # copies


def test_gradients_on_record_are_those_of_the_step():
    """With plain SGD each step is -lr times the gradient that stands beside it."""
    model, recorder = network(SGD(0.5)), LayerRecorder(every=1, keep_arrays=True)
    before = model.layers[0].weights["kernel"].copy()
    model.fit(*data(), batch_size=10, callbacks=[recorder], verbose=0)
    for kernel, gradient in zip(
        recorder.weights["0 kernel"], recorder.gradients["0 kernel"], strict=True
    ):
        assert kernel == pytest.approx(before - 0.5 * gradient, abs=1e-6)
        before = kernel


# --- what is shown


@pytest.fixture(params=[False, True], ids=["terminal", "notebook"])
def notebook(request, monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if request.param:
        monkeypatch.setitem(sys.modules, "ipykernel", sys)
    return request.param


@pytest.mark.parametrize("verbose", [1, "auto"])
def test_a_bar_for_each_epoch(capsys, notebook, verbose):
    history = (
        network()
        .fit(*data(), epochs=2, batch_size=10, validation_split=0.1, verbose=verbose)
        .history
    )
    out, err = capsys.readouterr()
    shown, other = (out, err) if notebook else (err, out)
    assert other == ""
    epochs = [
        line.split("\r")[-1] for line in shown.split("\n")
    ]  # a bar writes its line again and again
    assert epochs.pop() == "" and len(epochs) == 2
    for number, line in enumerate(epochs):
        assert line.startswith(f"epoch {number + 1}/2 ")
        assert " 4/4 " in line  # 36 rows in tens
        assert f"loss {history['loss'][number]:.4f}" in line
        assert line.rstrip().endswith(f"val_loss {history['val_loss'][number]:.4f}")


def test_a_line_for_each_epoch(capsys):
    history = network().fit(*data(), epochs=2, validation_split=0.1, verbose=2).history
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        f"epoch {i + 1}/2  loss {history['loss'][i]:.4f}  val_loss {history['val_loss'][i]:.4f}"
        for i in (0, 1)
    ]


def test_nothing_at_all(capsys):
    network().fit(*data(), epochs=2, verbose=0)
    assert capsys.readouterr() == ("", "")


def test_lines_where_tqdm_is_not_installed(capsys, monkeypatch):
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    network().fit(*data(), epochs=2)
    out, err = capsys.readouterr()
    assert err == "" and out.startswith("epoch 1/2  loss ")


def test_the_bar_of_an_interrupted_epoch_ends_its_line(capsys, notebook):
    network().fit(*data(), epochs=5, callbacks=[Interrupt(1)], verbose=1)
    out, err = capsys.readouterr()
    assert (out if notebook else err).split("\n")[1].split("\r")[-1].startswith("epoch 2/5 ")
    assert out.split("\n")[-2].startswith("Training was interrupted")  # on a line of its own
