import ast
import json
import math
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import safetensors.numpy

import course_nn
from course_nn import models, optimizers, regularizers, saving
from course_nn.callbacks import Callback
from course_nn.datasets import mnist
from course_nn.derivatives import gradient_check
from course_nn.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    Rescaling,
)
from course_nn.losses import CategoricalCrossentropy
from course_nn.models import Sequential, load_model
from course_nn.optimizers import SGD, Adam
from course_nn.utils import to_categorical

every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def data(n=90, inputs=8, classes=3, seed=0):
    """Rows that a small network learns to class, and their one-hot labels."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, inputs))
    return x, to_categorical((x @ rng.normal(size=(inputs, classes))).argmax(axis=1), classes)


def network(seed=1, dtype="float32", compiled="adam", units=6, dropout=0.2):
    """One of each layer that a network of rows of 8 numbers may have."""
    model = Sequential(
        [
            Input((8,)),
            Rescaling(0.5, offset=0.1),
            Dense(units, kernel_regularizer=regularizers.l1_l2(0.001, 0.002)),
            BatchNormalization(),
            Activation("leaky_relu"),
            Dropout(dropout),
            Dense(units, "tanh"),
            Dense(3, "softmax"),
        ],
        seed=seed,
        dtype=dtype,
    )
    if compiled:
        model.compile(compiled, "categorical_crossentropy", metrics=["accuracy"])
    return model


def equal(arrays, others):
    return all(np.array_equal(a, b) for a, b in zip(arrays, others, strict=True))


class Batches(Callback):
    """The loss of every batch, out of the means over the epoch so far."""

    def __init__(self, rows):
        self.rows = rows  # of every batch of an epoch

    def on_train_begin(self, logs=None):
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * sum(self.rows[: batch + 1])
        before = self.total if batch else 0
        self.total = total
        self.losses.append((total - before) / self.rows[batch])


# --- the program of the course, which is Keras's but for the imports


@pytest.fixture(scope="module")
def digits():
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    return (x_train, y_train), (x_test, y_test)


# fmt: off
def program(X_train, Y_train):
    model = Sequential()
    model.add(Dense(32, input_dim=784, activation='relu'))
    model.add(Dense(10, activation='softmax'))
    model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
    model.fit(X_train, Y_train, epochs=5, batch_size=32)
    return model
# fmt: on


def scaled(x, y, n=None):
    return (x[:n].reshape(-1, 784) / 255).astype(np.float32), to_categorical(y[:n], 10)


def test_the_program_reads_mnist(digits):
    """Measured over 20 runs: 95.9 to 96.7 %."""
    train, test = digits
    model = program(*scaled(*train))
    _loss, accuracy = model.evaluate(*scaled(*test))
    assert accuracy >= 0.955


def test_the_program_on_a_tenth_of_mnist(digits):
    train, test = digits
    X_test, Y_test = scaled(*test)
    model = program(*scaled(*train, 6000))
    loss, accuracy = model.evaluate(X_test, Y_test)
    assert accuracy > 0.89
    probabilities = model.predict(X_test)
    assert probabilities.shape == (10_000, 10)
    assert np.mean(probabilities.argmax(axis=1) == test[1]) == pytest.approx(accuracy)
    assert -np.log(probabilities[np.arange(10_000), test[1]]).mean() == pytest.approx(
        loss, rel=1e-4
    )


def test_bytes_stay_bytes_until_a_batch_is_taken(digits, monkeypatch):
    """They need a quarter of the memory."""
    (x, y), _test = digits
    model, kinds = Sequential([Rescaling(1 / 255), Flatten(), Dense(10, "softmax")]), []
    forward = model.layers[0].forward
    monkeypatch.setattr(
        model.layers[0], "forward", lambda x, *rest: kinds.append(x.dtype) or forward(x, *rest)
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:100], y[:100], validation_split=0.1, verbose=0)
    model.predict(x[:100])
    assert set(kinds) == {np.dtype("uint8")}


def test_bytes_through_rescaling_learn_what_scaled_images_do(digits):
    (x, y), _test = digits
    x, y = x[:640], to_categorical(y[:640])
    seen = []
    for first, images in [
        ([Rescaling(1 / 255, input_shape=(28, 28)), Flatten()], x),
        ([Flatten(input_shape=(28, 28))], x / 255),
        ([Flatten(input_shape=(28, 28))], (x / 255).astype(np.float32)),
        ([Input((28, 28)), Flatten(), Rescaling(1 / 255)], x),
    ]:
        model = Sequential([*first, Dense(16, "relu"), Dense(10, "softmax")], seed=0)
        model.compile("adam", "categorical_crossentropy")
        history = model.fit(images, y, epochs=3, verbose=0)
        seen.append((history.history["loss"], model.predict(images[:50])))
    for losses, predictions in seen[1:]:
        assert losses == pytest.approx(seen[0][0], rel=1e-4)
        assert predictions == pytest.approx(seen[0][1], abs=1e-4)


# --- the fast path computes what the textbook says


def textbook_losses(x, y, weights, batch_size, epochs):
    """784-32-10 as one writes it from the formulas: ReLU, softmax, cross-entropy, Adam; float64."""
    W1, b1, W2, b2 = parameters = [w.astype(np.float64) for w in weights]
    m, v = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
    losses = []
    for _epoch in range(epochs):
        for start in range(0, len(x), batch_size):
            xb, yb = x[start : start + batch_size], y[start : start + batch_size]
            # forward
            z1 = xb @ W1 + b1
            h = np.maximum(0, z1)
            z2 = h @ W2 + b2
            e = np.exp(z2 - z2.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
            losses.append(-np.mean(np.sum(yb * np.log(p), axis=1)))
            # backward
            d2 = (p - yb) / len(xb)
            d1 = (d2 @ W2.T) * (z1 > 0)
            gradients = [xb.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0)]
            # Adam
            t = len(losses)
            for i, g in enumerate(gradients):
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g**2
                rate = 0.001 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
                parameters[i] -= rate * m[i] / (np.sqrt(v[i]) + 1e-7)
    return losses, parameters


@pytest.mark.parametrize("dtype, digits_equal", [("float32", 1e-4), ("float64", 1e-10)])
def test_the_fast_path_gives_the_losses_of_the_textbook(digits, dtype, digits_equal):
    x, y = scaled(*digits[0], 1000)  # the last batch of 32 has 8 rows
    model = Sequential(
        [Dense(32, "relu", input_dim=784), Dense(10, "softmax")], seed=3, dtype=dtype
    )
    model.compile("adam", "categorical_crossentropy")
    losses, weights = textbook_losses(x.astype(np.float64), y, model.get_weights(), 32, epochs=2)
    batches = Batches([32] * 31 + [8])
    model.fit(x, y, epochs=2, batch_size=32, shuffle=False, callbacks=[batches], verbose=0)
    assert batches.losses == pytest.approx(losses, rel=digits_equal)
    for ours, theirs in zip(model.get_weights(), weights, strict=True):
        assert ours == pytest.approx(theirs, abs=digits_equal)


# --- gradients of whole networks


@pytest.mark.parametrize(
    "last, loss, kind",
    [
        ("softmax", "categorical_crossentropy", "one-hot"),
        ("softmax", "sparse_categorical_crossentropy", "labels"),
        ("sigmoid", "binary_crossentropy", "bits"),
        ("linear", "mean_squared_error", "numbers"),
        ("relu", "mse", "numbers"),  # from here on the activation is not the loss's own
        ("softmax", "mse", "one-hot"),
        ("sigmoid", "categorical_crossentropy", "one-hot"),
        ("softmax", "binary_crossentropy", "bits"),
        ("sigmoid", "sparse_categorical_crossentropy", "labels"),
    ],
)
@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.filterwarnings("ignore:BatchNormalization got a batch of one")
def test_gradient_of_every_parameter_at_once(last, loss, kind, rows):
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, rows)
    y = {
        "one-hot": to_categorical(labels, 3),
        "labels": labels,
        "bits": rng.integers(0, 2, (rows, 3)),
        "numbers": rng.normal(size=(rows, 3)),
    }[kind]
    model = network(dtype="float64", compiled=None, dropout=0)
    model.add(Activation(last))
    model.layers[-2].activation = Activation("linear").activation
    model.compile("sgd", loss)
    model.parameters[...] = rng.normal(size=model.parameters.size)
    x, y = rng.normal(size=(rows, 8)), model.loss.prepare(y, (3,), model.dtype)

    def value(parameters):
        model.parameters[...] = parameters
        return model.loss_and_gradients(x, y)[0]

    def gradient(parameters):
        value(parameters)
        return model.gradients.copy()

    check = gradient_check(value, gradient, model.parameters.copy())
    assert check, check


# --- types at the boundaries of layers


@pytest.mark.parametrize("optimizer", optimizers.OPTIMIZERS)
@pytest.mark.parametrize("kind", ["uint8", "int64", "float32", "float64"])
@every_dtype
def test_all_that_flows_between_layers_is_of_the_models_dtype(kind, optimizer, dtype, monkeypatch):
    """A float64 that sneaks in halves the speed, and nobody sees it."""
    x, y = data()
    flowing = []

    def watch(layer, name):
        method = getattr(layer, name)

        def watched(array, *rest):
            result = method(array, *rest)
            flowing.append((layer, name, array, result))
            return result

        monkeypatch.setattr(layer, name, watched)

    model = network(dtype=dtype, compiled=optimizer)
    for layer in model.layers:
        for name in ("forward", "backward", "forward_logits", "backward_logits"):
            watch(layer, name)
    model.fit((x * 9 + 50).astype(kind) - np.array(40, kind), y, batch_size=40, verbose=0)
    assert {name for _layer, name, *_arrays in flowing} == {
        "forward", "backward", "forward_logits", "backward_logits"
    }  # fmt: skip
    for layer, name, *arrays in flowing:
        if layer.takes_bytes and name == "forward":
            arrays = arrays[1:]
        assert all(array.dtype == dtype for array in arrays if array is not None), (layer, name)
    for layer in model.layers:
        for held in (layer.weights, layer.gradients, layer.state):
            assert all(array.dtype == dtype for array in held.values()), layer
    for vector in (model.parameters, model.gradients, *model.optimizer._slots.values()):
        assert vector.dtype == dtype
    assert model.predict(x).dtype == dtype


class Watched(np.ndarray):
    """An array that remembers the float types of all that is computed with it."""

    types: ClassVar[set] = set()

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        if method == "__call__":  # NumPy may compute in float64 and write the result into float32
            kinds = [getattr(value, "dtype", type(value)) for value in inputs] + [None] * ufunc.nout
            signature = (None,) * ufunc.nin + (options.get("dtype"),) * ufunc.nout
            for kind in ufunc.resolve_dtypes(tuple(kinds), signature=signature):
                if kind.kind == "f":
                    Watched.types.add((ufunc.__name__, str(kind)))
        return self._compute(
            getattr(ufunc, method), ufunc.__name__, inputs, {"out": out} if out else {}, options
        )

    def __array_function__(self, function, _types, inputs, options):
        out = {"out": options.pop("out")} if "out" in options else {}
        return self._compute(function, function.__name__, inputs, out, options)

    def _compute(self, function, name, inputs, out, options):
        def plain(value):
            if isinstance(value, tuple):
                return tuple(map(plain, value))
            return value.view(np.ndarray) if isinstance(value, Watched) else value

        result = function(*map(plain, inputs), **{k: plain(v) for k, v in out.items()}, **options)
        held = out["out"] if out else ()
        for value in (*inputs, result, *(held if isinstance(held, tuple) else (held,))):
            if isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f":
                Watched.types.add((name, str(value.dtype)))
        if out:
            return held[0] if isinstance(held, tuple) else held
        return result.view(Watched) if isinstance(result, np.ndarray) else result


@pytest.mark.parametrize("optimizer", optimizers.OPTIMIZERS)
@pytest.mark.parametrize("last", ["softmax", "sigmoid", "linear"])
def test_nothing_inside_a_step_is_float64_either(optimizer, last, monkeypatch):
    """Every operation on weights, buffers and targets, temporary results included."""

    def watched(function):
        return lambda *arguments, **options: function(*arguments, **options).view(Watched)

    monkeypatch.setattr(Watched, "types", set())
    for module in (models, optimizers):
        monkeypatch.setattr(module, "aligned_zeros", watched(module.aligned_zeros))
    for owner, name in ((Layer, "buffer"), (Sequential, "_buffer")):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    model = network(compiled=None)
    model.layers[-1] = Dense(3, last)
    for activation in ("relu", "sigmoid", "leaky_relu", "softmax"):
        model.layers.insert(
            5, Dense(6, activation, kernel_regularizer=regularizers.l1_l2(*np.full(2, 0.1)))
        )
    model.layers.insert(5, BatchNormalization(-1, *np.array([0.9, 0.01])))
    model.build()
    loss = {
        "softmax": "categorical_crossentropy",
        "sigmoid": "binary_crossentropy",
        "linear": "mse",
    }[last]
    model.compile(type(optimizers.get(optimizer))(np.float64(0.01)), loss)
    for layer in model.layers:
        layer.state = {name: array.view(Watched) for name, array in layer.state.items()}
    x, y = data(20)
    x = x.astype(np.float32)
    for _step in range(2):
        model.loss_and_gradients(model._take(x, np.arange(20)), y.view(Watched))
        model.optimizer.step(model.parameters, model.gradients)
    names = {name for name, _dtype in Watched.types}
    assert {"multiply", "dot", "sqrt", "subtract"} < names  # it did watch
    assert {kind for kind in Watched.types if kind[1] != "float32"} == set()


# --- numbers that break the textbook form


@every_dtype
@pytest.mark.parametrize("rows", [1, 5, 6, 11], ids="batches of {}".format)
@pytest.mark.parametrize("size", [0, 1, 1e4])
@pytest.mark.filterwarnings("ignore:BatchNormalization got a batch of one")
def test_training_stays_finite(dtype, rows, size):
    """Logits of +-10,000; one row; a last batch of one row; columns that do not vary."""
    x, y = data(11)
    x[:, :4] = 3
    for inputs in (x, np.full_like(x, 2), np.zeros_like(x)):
        model = network(dtype=dtype)
        weights = model.get_weights()
        model.set_weights([*weights[:-2], np.sign(weights[-2]) * size, weights[-1]])
        history = model.fit(inputs, y, batch_size=rows, epochs=2, verbose=0)
        assert np.all(np.isfinite(history.history["loss"]))
        assert np.all(np.isfinite(model.gradients))
        assert all(np.all(np.isfinite(array)) for array in model.get_weights())
        assert np.all(np.isfinite(model.predict(inputs)))
        assert np.all(np.isfinite(model.evaluate(inputs, y)))


@every_dtype
@pytest.mark.parametrize(
    "loss, activation", [("binary_crossentropy", "sigmoid"), ("mse", "softmax")]
)
def test_other_losses_stay_finite_for_huge_logits(dtype, loss, activation):
    x, y = data(11)
    model = Sequential([Dense(3, activation, input_dim=8)], dtype=dtype)
    model.set_weights([np.full((8, 3), 1e4), np.zeros(3)])
    model.compile("adam", loss)
    history = model.fit(x, y, epochs=2, verbose=0)
    assert np.all(np.isfinite(history.history["loss"])) and np.all(np.isfinite(model.parameters))
    assert math.isfinite(model.evaluate(x, y))


# --- fit


def test_the_loss_of_an_epoch_is_the_mean_over_all_rows():
    """The short last batch weighs as much as it has rows; penalties count."""
    x, y = data(50)
    model = network(dtype="float64", compiled=SGD(1e-15), dropout=0)
    batches = Batches([32, 18])
    seen = model.fit(x, y, batch_size=32, shuffle=False, callbacks=[batches], verbose=0).history
    assert seen["loss"] == pytest.approx([(32 * batches.losses[0] + 18 * batches.losses[1]) / 50])
    model = Sequential([Dense(3, "softmax", input_dim=8, kernel_regularizer="l2")], dtype="float64")
    model.compile(SGD(1e-15), "categorical_crossentropy", metrics=["accuracy"])
    seen = model.fit(x, y, batch_size=32, verbose=0).history
    assert [seen["loss"][0], seen["accuracy"][0]] == pytest.approx(model.evaluate(x, y))
    assert model.evaluate(x, y)[0] > 0.01 * np.sum(model.get_weights()[0] ** 2)


def seen_rows(x, **options):
    """The first number of each row, in the order in which training takes them, batch by batch."""
    model, batches = Sequential([Dense(1, input_dim=x.shape[1])], seed=0), []
    model.compile("sgd", "mse")
    forward = model.layers[0].forward
    model.layers[0].forward = lambda x, *rest: batches.append(x[:, 0].tolist()) or forward(x, *rest)
    model.fit(x, np.zeros(len(x)), verbose=0, **options)
    return batches


def test_batches_in_order_and_shuffled():
    x = np.arange(10.0)[:, np.newaxis]
    assert seen_rows(x, batch_size=4, shuffle=False) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    batches = seen_rows(x, batch_size=4, epochs=2, seed=1)
    assert [len(batch) for batch in batches] == [4, 4, 2] * 2
    first, second = np.concatenate(batches[:3]).tolist(), np.concatenate(batches[3:]).tolist()
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(range(10)) != first != second  # a new order in each epoch


def test_validation_split_keeps_the_end_out_of_training():
    x = np.arange(10.0)[:, np.newaxis]
    taken = seen_rows(x, batch_size=7, shuffle=False, validation_split=0.3)
    assert taken[0] == [0, 1, 2, 3, 4, 5, 6]
    assert taken[1:] == [[7, 8, 9]]  # evaluated after the epoch
    trained = np.concatenate(seen_rows(x, batch_size=1, validation_split=0.3)[:7])
    assert sorted(trained) == [0, 1, 2, 3, 4, 5, 6]


def test_validation_is_what_evaluate_gives_after_each_epoch():
    x, y = data(60)

    class Evaluate(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.evaluate(x[40:], y[40:]))

    for options in ({"validation_split": 1 / 3}, {"validation_data": (x[40:], y[40:])}):
        seen, model = [], network()
        rows = (x, y) if "validation_split" in options else (x[:40], y[:40])
        history = model.fit(*rows, epochs=3, callbacks=[Evaluate()], verbose=0, **options).history
        assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
        assert np.transpose(seen) == pytest.approx(
            np.array([history["val_loss"], history["val_accuracy"]])
        )


def test_validation_changes_nothing_in_training():
    x, y = data(60)
    plain, watched = network(), network()
    plain.fit(x[:40], y[:40], epochs=3, verbose=0)
    watched.fit(x, y, epochs=3, validation_split=1 / 3, verbose=0)
    assert equal(plain.get_weights(), watched.get_weights())


@every_dtype
def test_the_same_seed_gives_the_same_weights_to_the_bit(dtype):
    x, y = data()

    def trained(seed=1, fit_seed=None):
        model = network(seed, dtype)
        model.fit(x, y, epochs=3, batch_size=16, seed=fit_seed, verbose=0)
        return model.get_weights()

    assert equal(trained(), trained())
    assert equal(trained(1, 7), trained(1, 7))
    for other in (trained(2), trained(1, 7), trained(1, 8)):
        assert not any(np.array_equal(a, b) for a, b in zip(trained()[:1], other))
    assert not equal(trained(1, 7), trained(1, 8))
    assert not equal(trained(None), trained(None))


def test_the_seed_of_fit_decides_order_and_dropout_alone():
    """Models that start from the same weights but not the same seed end equal."""
    x, y = data()
    one, two = network(1), network(2)
    two.set_weights(one.get_weights())
    for model in (one, two):
        model.fit(x, y, epochs=2, seed=5, verbose=0)
    assert equal(one.get_weights(), two.get_weights())


class Noise(Layer):
    """A random layer of one's own."""

    def forward(self, x, training=False):
        return x + self.rng.normal(size=x.shape).astype(self.dtype) if training else x

    def backward(self, dy):
        return dy


def test_the_seed_decides_over_a_random_layer_of_ones_own():
    x, y = data()

    def trained(seed, fit_seed=None):
        model = Sequential([Dense(3, input_dim=8), Noise(), Dense(3, "softmax")], seed=seed)
        model.compile("adam", "categorical_crossentropy")
        model.fit(x, y, verbose=0, seed=fit_seed)
        return model.get_weights()

    assert equal(trained(1), trained(1)) and equal(trained(1, 5), trained(1, 5))
    assert not equal(trained(1, 5), trained(1, 6))


def test_fit_goes_on_where_it_ended():
    x, y = data()
    once, twice = network(), network()
    once.fit(x, y, epochs=4, verbose=0)
    for _time in range(2):
        twice.fit(x, y, epochs=2, verbose=0)
    assert equal(once.get_weights(), twice.get_weights())
    assert once.optimizer.iterations == twice.optimizer.iterations == 12


def test_compile_starts_the_optimizer_anew_and_keeps_the_weights():
    x, y = data()
    optimizer = Adam(0.01)
    for _time in range(2):  # a cell that is run again with the optimizer of another cell
        model = network(compiled=optimizer)
        model.fit(x, y, verbose=0)
        weights = model.get_weights()
        assert optimizer.iterations == 3
    fresh = network(compiled=Adam(0.01))
    fresh.fit(x, y, verbose=0)
    assert equal(fresh.get_weights(), weights)
    model.compile("sgd", "categorical_crossentropy")
    assert equal(model.get_weights(), weights)


def test_the_shape_of_the_input_may_come_from_the_data():
    x, y = data()
    model = Sequential([Dense(3, "softmax")], seed=0)
    model.compile("adam", "categorical_crossentropy")
    model.fit(x, y, verbose=0)
    assert model.count_params() == 8 * 3 + 3


def test_rows_come_as_lists_too():
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit([[1, 2], [3, 4]], [0, 1], verbose=0)
    assert math.isfinite(history.history["loss"][0])
    assert model.predict([[1, 2]]).shape == (1, 1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_in_any_order(order):
    x, y = data()
    expected, model = network(), network()
    expected.fit(x, y, verbose=0)
    model.fit(np.asarray(x, order=order)[::1], y[::-1].copy()[::-1], verbose=0)
    assert equal(model.get_weights(), expected.get_weights())


def test_data_stay_as_they_are():
    x, y = data()
    kept = x.copy(), y.copy()
    model = network()
    model.fit(x, y, verbose=0)
    model.evaluate(x, y)
    model.predict(x)
    assert equal((x, y), kept)


def test_labels_and_one_hot_rows_train_alike():
    x, y = data()
    seen = []
    for loss, targets in (
        ("categorical_crossentropy", y),
        ("sparse_categorical_crossentropy", y.argmax(axis=1)),
    ):
        model = network(compiled=None)
        model.compile("adam", loss, metrics=["accuracy"])
        seen.append(model.fit(x, targets, epochs=3, validation_split=0.2, verbose=0).history)
    for name in ("accuracy", "val_accuracy"):
        assert seen[0][name] == seen[1][name]
    for name in ("loss", "val_loss"):
        assert seen[0][name] == pytest.approx(seen[1][name], rel=1e-5)
    assert 0.3 < seen[0]["accuracy"][-1] <= 1


def test_a_metric_of_ones_own():
    def right(y_true, y_pred):
        return y_true.argmax(axis=1) == y_pred.argmax(axis=1)  # for each example

    x, y = data()
    model = network(compiled=None)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy", right])
    history = model.fit(x, y, epochs=2, verbose=0).history
    assert list(history) == ["loss", "accuracy", "right"]
    assert history["right"] == pytest.approx(history["accuracy"])


def test_a_loss_of_ones_own():
    class Twice(CategoricalCrossentropy):
        activation = None  # from probabilities

        def forward(self, y, p):
            return 2 * super().forward(y, p)

        def backward(self, y, p):
            return 2 * super().backward(y, p)

    x, y = data()
    model, plain = (network(dtype="float64", compiled=None, dropout=0) for _model in range(2))
    model.compile("adam", Twice())
    plain.compile("adam", "categorical_crossentropy")
    penalty = plain._penalty()
    assert model.evaluate(x, y) - penalty == pytest.approx(2 * (plain.evaluate(x, y) - penalty))


def test_a_divergence_shows_in_the_loss_and_is_warned_of_where_fit_was_called():
    x, y = data()
    model = Sequential([Dense(1, input_dim=8)])
    model.compile(SGD(1e30), "mse")
    with pytest.warns(RuntimeWarning, match="loss of epoch .*smaller learning rate") as warned:
        history = model.fit(x, y[:, 0], epochs=5, verbose=0)
    assert {warning.filename for warning in warned} == {__file__}
    assert not math.isfinite(history.history["loss"][-1])


@pytest.mark.parametrize(
    "batch_size", [8, 64]
)  # with 64 an epoch is one step: it ends with bad weights
@pytest.mark.parametrize("given", ["arrays", "a generator"])
def test_a_divergence_ends_training_with_weights_that_gave_a_loss(batch_size, given):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 8)), rng.normal(size=64)

    def batches():
        while True:
            for start in range(0, 64, batch_size):
                yield x[start : start + batch_size], y[start : start + batch_size]

    def rate(step):  # breaks down in epoch 3
        return 0.01 if step < 2 * 64 // batch_size else 1e30

    def train(model, epochs):
        if given == "arrays":
            return model.fit(x, y, batch_size, epochs=epochs, shuffle=False, verbose=0)
        return model.fit(batches(), steps_per_epoch=64 // batch_size, epochs=epochs, verbose=0)

    model, twin = (
        Sequential([Input((8,)), Dense(4, "tanh"), BatchNormalization(), Dense(1)], seed=0)
        for _model in range(2)
    )
    for each in (model, twin):
        each.compile(SGD(rate, momentum=0.9), "mse")
    train(twin, 2)
    with pytest.warns(RuntimeWarning, match="beginning of epoch 3.*clipnorm") as warned:
        history = train(model, 9)
    assert len(warned) == 1 and len(history.epoch) in (3, 4)
    assert re.search(r"epoch [34] became (inf|nan) in batch [12]:", str(warned[0].message))
    for ours, wanted in zip(model.get_weights(), twin.get_weights()):
        assert np.array_equal(ours, wanted)
    model.optimizer.learning_rate = 0.01
    assert math.isfinite(train(model, 1).history["loss"][-1])  # and it can go on


# --- interruption


class Interrupt(Callback):
    def __init__(self, epoch=0, batch=None):
        self.epoch, self.batch = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, self.batch):
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch and self.batch is None:
            raise KeyboardInterrupt


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_interrupted_training_leaves_the_model_and_its_history(capsys, verbose):
    x, y = data()
    model, whole = network(), network()
    history = model.fit(x, y, epochs=10, callbacks=[Interrupt(3, 1)], verbose=verbose)
    assert "interrupted" in capsys.readouterr().out
    assert history.epoch == [0, 1, 2]
    whole_history = whole.fit(x, y, epochs=3, verbose=0)
    assert history.history == whole_history.history
    assert not equal(model.get_weights(), whole.get_weights())  # two batches of the fourth epoch
    assert model.optimizer.iterations == 3 * 3 + 2
    assert np.all(np.isfinite(model.evaluate(x, y)))
    assert model.fit(x, y, verbose=0).epoch == [0]


def test_any_other_error_of_a_callback_comes_through():
    class Broken(Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise ZeroDivisionError

    x, y = data()
    with pytest.raises(ZeroDivisionError):
        network().fit(x, y, callbacks=[Broken()], verbose=0)


# --- evaluate and predict


@every_dtype
def test_evaluate_and_predict_do_not_depend_on_the_batch_size(dtype):
    x, y = data(57)
    model = network(dtype=dtype)
    model.fit(x, y, verbose=0)
    close = {"rel": 1e-5, "abs": 1e-5} if dtype == "float32" else {"rel": 1e-12}
    for batch_size in (1, 10, 57, 1000):
        assert model.evaluate(x, y, batch_size) == pytest.approx(model.evaluate(x, y), **close)
        assert model.predict(x, batch_size) == pytest.approx(model.predict(x), **close)


class Wide(Layer):
    """It needs much memory for each example, as a convolution does; it writes down how many it gets."""

    def __init__(self, numbers, **shape):
        super().__init__(**shape)
        self.numbers, self.seen = numbers, []

    def footprint(self, input_shape):
        return self.numbers

    def forward(self, x, training=False):
        self.seen.append(len(x))
        return x


@pytest.mark.parametrize("numbers, chunk", [(10, 1000), (2**20, 2), (2**30, 1)])
def test_what_is_computed_at_once_depends_on_the_memory_that_it_takes(numbers, chunk):
    """8 MiB for the largest layer, and 1000 examples at most."""
    x, n = np.zeros((chunk + 1, 3)), chunk + 1
    model = Sequential([Wide(numbers, input_dim=3)])
    model.compile("sgd", "mse")
    model.predict(x)
    model.evaluate(x, x)
    assert model.layers[0].seen == [chunk, n - chunk] * 2


def test_evaluate_by_hand():
    model = Sequential([Dense(1, input_dim=1)], dtype="float64")
    model.set_weights([[[2.0]], [1.0]])
    model.compile("sgd", "mse")
    assert model.evaluate([[0.0], [1.0]], [0.0, 1.0]) == (1 + 4) / 2
    assert model.predict([[5.0]]).tolist() == [[11]]


def test_evaluate_gives_the_loss_or_a_list():
    x, y = data()
    model = network()
    loss, accuracy = model.evaluate(x, y)
    assert type(loss) is type(accuracy) is float
    model.compile("adam", "categorical_crossentropy")
    assert model.evaluate(x, y) == loss


def test_prediction_is_without_chance_and_changes_nothing():
    x, y = data()
    model = network(dropout=0.5)
    weights = model.get_weights()
    first = model.predict(x)
    assert np.array_equal(model.predict(x), first)
    model.evaluate(x, y)
    assert equal(model.get_weights(), weights)


def test_a_prediction_is_memory_of_its_own():
    x, _y = data()
    model = network()
    first = model.predict(x)
    kept = first.copy()
    model.predict(-x)
    assert np.array_equal(first, kept)


def test_no_rows_no_predictions():
    assert network().predict(np.zeros((0, 8))).shape == (0, 3)


def test_the_order_of_rows_is_the_order_of_predictions():
    x, _y = data(1203)
    model = network()
    assert model.predict(x)[::-1] == pytest.approx(model.predict(x[::-1]), rel=1e-5)


# --- summary


def test_summary(capsys):
    network().summary()
    printed = capsys.readouterr().out
    assert printed.splitlines() == [
        "layer                     output   weights",
        "Rescaling                 (n, 8)         0",
        "Dense (linear)            (n, 6)        54",
        "BatchNormalization        (n, 6)        24",
        "Activation (leaky_relu)   (n, 6)         0",
        "Dropout                   (n, 6)         0",
        "Dense (tanh)              (n, 6)        42",
        "Dense (softmax)           (n, 3)        21",
        "In all 129 weights to train. 12 others are not trained.",
    ]


def test_summary_of_the_course_network(capsys):
    model = Sequential([Flatten(input_shape=(28, 28)), Dense(32), Dense(10)])
    model.summary()
    printed = capsys.readouterr().out
    assert "(n, 784)" in printed and "25,120" in printed
    assert model.count_params() == 784 * 32 + 32 + 32 * 10 + 10
    assert "25,450" in printed


# --- building


@pytest.mark.parametrize(
    "declared",
    [lambda: [Dense(2, input_dim=4)], lambda: [Input((4,)), Dense(2)]],
    ids=["first layer", "Input"],
)
def test_a_shape_that_was_declared_is_the_one_to_build_for(declared):
    model = Sequential(declared())
    model.build((None, 4))
    assert model.input_shape == (None, 4)
    with pytest.raises(ValueError, match=re.escape("shape (4,), and is to be built for (5,)")):
        model.build((5,))
    assert model.input_shape == (None, 4) and model.predict(np.ones((1, 4))).shape == (1, 2)


def test_a_shape_that_is_given_counts_before_one_that_was_learned():
    """The weights of the first layer fit the old shape: that is said, and not built over in silence."""
    model = Sequential([Dense(2)])
    model.build((None, 4))
    model.build()
    assert model.input_shape == (None, 4)
    with pytest.raises(ValueError, match=re.escape("built for float32 examples of shape (4,)")):
        model.build((5,))


def test_all_parameters_are_one_vector_that_the_layers_look_into():
    model = network()
    assert model.parameters.shape == model.gradients.shape
    assert model.parameters.ctypes.data % 64 == model.gradients.ctypes.data % 64 == 0
    for layer in model.layers:
        for name, weight in layer.weights.items():
            assert np.shares_memory(weight, model.parameters)
            assert np.shares_memory(layer.gradients[name], model.gradients)
            assert weight.ctypes.data % 64 == layer.gradients[name].ctypes.data % 64 == 0
    model.parameters[...] = 7
    assert np.all(model.layers[1].weights["kernel"] == 7)


def test_adding_a_layer_after_training_keeps_the_weights():
    x, y = data()
    for first in (Dense(5, "relu", input_dim=8), Dense(5, "relu")):
        model = Sequential([first, Dense(3, "softmax")], seed=0)
        model.compile("adam", "categorical_crossentropy")
        model.fit(x, y, epochs=3, verbose=0)
        weights, prediction = model.get_weights(), model.predict(x)
        model.add(Dense(2, "softmax"))
        model.summary()
        assert equal(model.get_weights()[:4], weights)
        assert model.predict(x).shape == (90, 2)
        model.fit(
            x,
            y[:, :2] / y[:, :2].sum(axis=1, keepdims=True).clip(1) + (y[:, 2:] > 0) / 2,
            verbose=0,
        )
        assert not np.array_equal(model.get_weights()[0], weights[0])  # it still trains
        model.layers.pop()
        model.built = False
        model.set_weights(weights)
        assert np.array_equal(model.predict(x), prediction)


def test_two_models_that_share_layers_both_stay_right():
    """An encoder and a decoder, trained together, and the encoder used by itself."""
    x, y = data()
    shared = Dense(5, "tanh", input_dim=8)
    one = Sequential([shared, Dense(3, "softmax")], seed=0, dtype="float64")
    two = Sequential([shared, BatchNormalization(), Dense(8)], seed=1, dtype="float64")
    one.compile("adam", "categorical_crossentropy")
    two.compile(SGD(0.1, momentum=0.9), "mse")

    apart = Sequential([Dense(5, "tanh", input_dim=8), Dense(3, "softmax")], dtype="float64")
    apart.set_weights(one.get_weights())
    apart.compile("adam", "categorical_crossentropy")

    for _round in range(3):
        one_history = one.fit(x, y, epochs=2, seed=3, verbose=0)
        # the shared layer moved in both, and the other layers of `two` stayed
        assert two.get_weights()[0] is not one.get_weights()[0]
        assert equal(two.get_weights()[:2], one.get_weights()[:2])
        apart_history = apart.fit(x, y, epochs=2, seed=3, verbose=0)
        assert one_history.history == apart_history.history
        assert equal(one.get_weights(), apart.get_weights())

        kept = one.get_weights()[2:]
        before = two.evaluate(x, x)
        two.fit(x, x, epochs=5, seed=4, verbose=0)
        assert two.evaluate(x, x) < before
        assert equal(one.get_weights()[:2], two.get_weights()[:2])
        assert equal(one.get_weights()[2:], kept)
        apart.set_weights(one.get_weights())


def test_a_part_of_a_trained_network_is_a_model_by_itself():
    x, y = data()
    model = network()
    model.fit(x, y, epochs=2, verbose=0)
    front = Sequential(model.layers[:-1])
    hidden = front.predict(x)
    last = model.layers[-1]
    logits = hidden @ last.weights["kernel"] + last.weights["bias"]
    assert model.predict(x).argmax(axis=1).tolist() == logits.argmax(axis=1).tolist()
    model.fit(x, y, verbose=0)
    assert not np.array_equal(front.predict(x), hidden)


def test_a_layer_before_the_first_weights_gets_no_gradient_and_needs_none():
    x, y = data()
    model = Sequential([Flatten(input_shape=(2, 4)), Dropout(0.1), Dense(4), Dense(3, "softmax")])
    model.compile("adam", "categorical_crossentropy")
    assert math.isfinite(model.fit(x.reshape(-1, 2, 4), y, verbose=0).history["loss"][0])
    assert [layer.input_gradient for layer in model.layers] == [False, False, False, True]


def test_a_model_without_weights():
    model = Sequential([Flatten(input_shape=(2, 2))])
    model.compile("adam", "mse")
    x = np.arange(8.0).reshape(2, 2, 2)
    assert model.fit(x, x.reshape(2, 4) + 1, verbose=0).history["loss"] == [1]
    assert model.count_params() == 0


# --- weights


def test_get_weights_gives_copies_in_keras_order():
    model = network()
    names = [
        (type(layer).__name__, name)
        for layer in model.layers
        for name in (layer.weights | layer.state)
    ]
    assert [name for _layer, name in names] == [
        "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance",
        "kernel", "bias", "kernel", "bias",
    ]  # fmt: skip
    weights = model.get_weights()
    assert [w.shape for w in weights] == [
        (8, 6),
        (6,),
        (6,),
        (6,),
        (6,),
        (6,),
        (6, 6),
        (6,),
        (6, 3),
        (3,),
    ]
    weights[0][...] = 7
    assert not np.any(model.get_weights()[0] == 7)


def test_set_weights_takes_over_what_get_weights_gave():
    x, y = data()
    model, other = network(1), network(2)
    model.fit(x, y, verbose=0)
    other.set_weights(model.get_weights())
    assert equal(other.get_weights(), model.get_weights())
    assert np.array_equal(other.predict(x), model.predict(x))
    assert np.shares_memory(other.layers[1].weights["kernel"], other.parameters)


def test_set_weights_that_do_not_fit_changes_nothing():
    model = network()
    weights = model.get_weights()
    with pytest.raises(ValueError):
        model.set_weights([w + 1 for w in weights[:-1]] + [np.zeros(4)])
    assert equal(model.get_weights(), weights)


# --- files


@every_dtype
def test_save_and_load_to_the_bit(tmp_path, dtype):
    x, y = data()
    model = network(dtype=dtype)
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    for load in (Sequential.load, load_model):
        loaded = load(tmp_path / "model.safetensors")
        assert loaded.dtype == dtype
        assert equal(loaded.get_weights(), model.get_weights())
        assert [repr(layer) for layer in loaded.layers] == [repr(layer) for layer in model.layers]
        assert np.array_equal(loaded.predict(x), model.predict(x))
        assert loaded.layers[1].regularizers == model.layers[1].regularizers
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_loaded_model_trains_on_like_the_one_that_was_saved(tmp_path):
    x, y = data()
    model = network(dropout=0)
    model.fit(x, y, verbose=0)
    model.save(str(tmp_path / "model"))
    loaded = load_model(str(tmp_path / "model"))
    for either in (model, loaded):
        either.compile("adam", "categorical_crossentropy")
        either.fit(x, y, seed=3, verbose=0)
    assert equal(loaded.get_weights(), model.get_weights())


@pytest.mark.parametrize("optimizer", optimizers.OPTIMIZERS)
def test_training_goes_on_after_a_file_as_if_there_had_been_none(tmp_path, optimizer):
    """Weights, moving averages, the optimizer's vectors, order and dropout: equal to the bit."""
    x, y = data()
    once, before = network(compiled=optimizer), network(compiled=optimizer)
    once.fit(x, y, epochs=4, verbose=0)
    before.fit(x, y, epochs=2, verbose=0)
    before.save(tmp_path / "half")
    after = load_model(tmp_path / "half")
    history = after.fit(x, y, epochs=2, verbose=0)
    assert equal(after.get_weights(), once.get_weights())
    assert list(history.history) == ["loss", "accuracy"]


def test_the_file_that_ships_is_written_again_to_the_byte(tmp_path):
    path = Path(course_nn.__file__).parent / "widgets" / "digits.safetensors"
    saving.write(tmp_path / "again", *saving.read(path))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_frozen_layers_stay_and_the_others_train():
    x, y = data()
    model = network(dropout=0)
    model.fit(x, y, verbose=0)
    for layer in model.layers[:4]:
        layer.trainable = False
    weights = model.get_weights()
    model.compile("adam", "categorical_crossentropy")
    model.fit(x, y, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), weights, strict=True)]
    assert same == [True] * 6 + [False] * 4
    model.trainable = True
    model.fit(x, y, verbose=0)
    assert not np.array_equal(model.get_weights()[0], weights[0])


def test_a_loss_that_is_a_function_gets_its_gradient_by_measuring():
    x, y = data()
    seen = []
    for loss in (
        "mse",
        lambda y_true, y_pred: np.mean(np.square(y_true - y_pred), axis=-1),
        lambda y_true, y_pred: np.mean(np.square(y_true - y_pred)),
    ):
        model = Sequential([Dense(3, "tanh", input_dim=8)], seed=0, dtype="float64")
        model.compile("adam", loss)
        model.fit(x, y, epochs=2, seed=0, verbose=0)
        seen.append(model.get_weights()[0])
    assert seen[1] == pytest.approx(seen[0], abs=1e-7)
    assert seen[2] == pytest.approx(seen[0], abs=1e-7)


def test_a_model_that_learned_its_shape_from_data_loads_ready(tmp_path):
    x, y = data()
    model = Sequential([Flatten(), Dense(3, "softmax", use_bias=False)])
    model.compile("adam", "categorical_crossentropy")
    model.fit(x.reshape(-1, 2, 4), y, verbose=0)
    model.save(tmp_path / "model")
    assert np.array_equal(
        load_model(tmp_path / "model").predict(x.reshape(-1, 2, 4)),
        model.predict(x.reshape(-1, 2, 4)),
    )


def test_the_file_is_open_to_every_tool(tmp_path):
    model = network()
    model.save(tmp_path / "model")
    arrays = safetensors.numpy.load_file(tmp_path / "model")
    assert set(arrays) == {
        "1.kernel", "1.bias", "2.gamma", "2.beta", "2.moving_mean", "2.moving_variance",
        "5.kernel", "5.bias", "6.kernel", "6.bias",
    }  # fmt: skip
    assert np.array_equal(arrays["6.kernel"], model.get_weights()[-2])


def test_saving_over_a_file_replaces_it(tmp_path):
    network(1).save(tmp_path / "model")
    second = network(2)
    second.save(tmp_path / "model")
    assert equal(load_model(tmp_path / "model").get_weights(), second.get_weights())


def rewritten(path, change):
    """The file with ``change`` applied to the architecture in its metadata."""
    raw = path.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    architecture = json.loads(header["__metadata__"]["course_nn"])
    header["__metadata__"]["course_nn"] = json.dumps(change(architecture))
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + raw[8 + size :])


CHANGES = {
    "no architecture": lambda a: None,
    "a list": lambda a: [a],
    "no layers": lambda a: a | {"layers": []},
    "layers that are none": lambda a: a | {"layers": ["Dense"]},
    "layers as a number": lambda a: a | {"layers": 3},
    "unknown layer": lambda a: a | {"layers": [{"class": "Conv7D", "units": 3}]},
    "no class": lambda a: a | {"layers": [{"units": 3}]},
    "unknown argument": lambda a: a | {"layers": [*a["layers"], {"class": "Dropout", "p": 3}]},
    "impossible argument": lambda a: (
        a | {"layers": [*a["layers"], {"class": "Dropout", "rate": 3}]}
    ),
    "wrong type": lambda a: a | {"layers": [*a["layers"], {"class": "Dropout", "rate": None}]},
    "one layer more": lambda a: a | {"layers": [*a["layers"], {"class": "Dense", "units": 3}]},
    "other units": lambda a: a | {"layers": [layer | {"units": 5} for layer in a["layers"]]},
    "other input": lambda a: a | {"input_shape": [9]},
    "input of another kind": lambda a: a | {"input_shape": [[8]]},
    "no input": lambda a: {key: value for key, value in a.items() if key != "input_shape"},
    "input as text": lambda a: a | {"input_shape": "8"},
    "unknown dtype": lambda a: a | {"dtype": "float128x"},
    "no dtype": lambda a: {key: value for key, value in a.items() if key != "dtype"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_architecture_that_was_tampered_with_is_refused(tmp_path, change):
    path = tmp_path / "tampered"
    model = Sequential([Dense(4), Dense(3)])
    model.build((8,))
    model.save(path)
    rewritten(path, change)
    with pytest.raises(ValueError, match="tampered holds no model.*Save the model again"):
        load_model(path)


@pytest.mark.parametrize("size", [0, 4, 100, 1500, -1])
def test_a_file_that_was_cut_off_is_refused(tmp_path, size):
    path = tmp_path / "cut"
    network().save(path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match="cut holds no model"):
        load_model(path)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "foreign"
    for content in (
        b"hello",
        bytes(range(256)) * 40,
        safetensors.numpy.save({"weight": np.zeros(3)}),
        safetensors.numpy.save({"weight": np.zeros(3)}, {"format": "pt"}),
        safetensors.numpy.save({"weight": np.zeros(3)}, {"course_nn": "{"}),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="foreign holds no model"):
            load_model(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(OSError, match="folder"):
        network().save(tmp_path / "folder" / "model")


def test_nothing_in_the_package_reads_or_writes_a_pickle():
    """A pickle runs code when it is read; a model comes from anywhere."""
    for path in Path(course_nn.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            words = []
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                words = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            elif isinstance(node, (ast.Name, ast.Attribute)):
                words = [getattr(node, "id", getattr(node, "attr", ""))]
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant) and node.value.value is False, path
            forbidden = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
            if path.name == "sandbox.py":  # it sends code of its own, and reads none
                forbidden -= {"marshal"}
            assert not forbidden & {part for word in words for part in word.split(".")}, path


def test_the_package_imports_numpy_and_nothing_else_that_is_large():
    """tqdm comes with the first progress bar, safetensors with the first file."""
    program = "import sys, course_nn.models; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"numpy", "course_nn"} < loaded
    assert not loaded & {"tqdm", "safetensors", "matplotlib", "IPython", "ipywidgets", "torch"}


# --- penalties in a step


def test_a_step_adds_the_penalties_of_weights_longer_than_a_stretch():
    layer = Dense(
        300, input_dim=300, kernel_regularizer=regularizers.l2(0.1), bias_regularizer="l1"
    )
    model = Sequential([layer, Dense(3, "softmax")], seed=0, dtype="float64")
    model.compile(optimizers.SGD(0.5), "categorical_crossentropy")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 300)), np.eye(3)[[0, 1, 2, 0]]
    layer.weights["bias"][...] = rng.normal(size=300)
    loss, _prediction = model.loss_and_gradients(x, y)
    expected = model.parameters - 0.5 * model.gradients
    history = model.fit(x, y, batch_size=4, verbose=0, shuffle=False)
    assert history.history["loss"] == [pytest.approx(loss, rel=1e-12)]
    assert model.parameters == pytest.approx(expected, rel=1e-12, abs=1e-12)
