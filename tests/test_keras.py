"""Beside Keras, on the same data and weights: equal to it, refused, or warned of; never different without a word.

Keras computes with PyTorch here, where both are installed; elsewhere these tests are skipped.
"""

import os
import warnings

import numpy as np
import pytest

import course_nn

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed: parity with it is not tested")
pytest.importorskip(os.environ["KERAS_BACKEND"])

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own

N, INPUTS, CLASSES = 40, 5, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, INPUTS)).astype("float32")
LABELS = RNG.integers(0, CLASSES, N)
TARGETS = {
    "labels": LABELS,
    "a column of labels": LABELS[:, np.newaxis],
    "one-hot": np.eye(CLASSES, dtype="float32")[LABELS],
    "bits": LABELS % 2,
    "a column of bits": (LABELS % 2)[:, np.newaxis],
    "numbers": (30 + RNG.normal(size=N)).astype("float32"),
    "rows of numbers": (30 + RNG.normal(size=(N, CLASSES))).astype("float32"),
}
LASTS = ["linear", "relu", "tanh", "sigmoid", "softmax"]
LOSSES = [
    "mse",
    "mae",
    "huber",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "BinaryCrossentropy",  # from logits
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
]
METRICS = [
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "mae",
    "mse",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
]


def weights_for(outputs, seed=1):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=(INPUTS, 4)).astype("float32") / 2,
        rng.normal(size=4).astype("float32") / 4,
        rng.normal(size=(4, outputs)).astype("float32"),
        rng.normal(size=outputs).astype("float32") / 4,
    ]


def network(library, last, outputs, hidden="tanh"):
    layers = library.layers
    model = library.Sequential(
        [
            library.Input((INPUTS,)),
            layers.Dense(4, activation=hidden),
            layers.Dense(outputs, activation=last),
        ]
    )
    model.set_weights(weights_for(outputs))
    return model


def loss_of(library, name):
    return getattr(library.losses, name)(from_logits=True) if name[0].isupper() else name


def metric_of(library, name):
    return getattr(library.metrics, name)() if name[0].isupper() else name


def outcome(library, last, outputs, loss, targets, metric):
    """What one program comes to: figures and weights, or the error or warning that it was answered with."""
    y = TARGETS[targets]
    with warnings.catch_warnings():
        if library is course_nn:
            warnings.simplefilter("error")
        else:
            warnings.simplefilter("ignore")
        try:
            model = network(library, last, outputs)
            metrics = [metric_of(library, each) for each in metric or ()]
            model.compile(library.optimizers.SGD(0.01), loss_of(library, loss), metrics=metrics)
            if metric:
                return np.array(model.evaluate(X, y, verbose=0), float)
            history = model.fit(X, y, batch_size=16, epochs=7, shuffle=False, verbose=0).history
            figures = [*history["loss"], model.evaluate(X, y, verbose=0)]
            return np.concatenate([figures, *(w.reshape(-1) for w in model.get_weights())])
        except Exception as error:
            return error


def same(ours, theirs):
    return ours.shape == theirs.shape and np.allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def silent_difference(*program):
    """None, or what differs between ours and Keras's without a word."""
    ours = outcome(course_nn, *program)
    if isinstance(ours, (ValueError, TypeError, UserWarning, RuntimeWarning)):
        return None
    theirs = outcome(keras, *program)
    if isinstance(ours, Exception):
        return f"{program}: {ours!r}"
    if isinstance(theirs, Exception):
        return f"{program}: ours gives {ours[:3]}, Keras refuses: {str(theirs)[:120]!r}"
    return None if same(ours, theirs) else f"{program}: {ours[:3]} is not {theirs[:3]}"


@pytest.mark.slow
@pytest.mark.sampled(30)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("outputs", [1, CLASSES])
@pytest.mark.parametrize("last", LASTS)
def test_nothing_differs_without_a_word(last, outputs, loss):
    """Also the senseless programs: each last activation with each loss, form of targets and metric."""
    found = []
    for targets in TARGETS:
        trained = silent_difference(last, outputs, loss, targets, None)
        found.append(trained)
        if isinstance(outcome(course_nn, last, outputs, loss, targets, None), Exception):
            continue  # refused or warned of, whatever the metric
        ours = [outcome(course_nn, last, outputs, loss, targets, [each]) for each in METRICS]
        taken = [each for each, got in zip(METRICS, ours) if not isinstance(got, Exception)]
        if silent_difference(last, outputs, loss, targets, taken):  # which of them?
            found += [silent_difference(last, outputs, loss, targets, [each]) for each in taken]
    assert [each for each in found if each] == []


# --- the same programs, to the same weights


PROGRAMS = {
    "Nadam": {"optimizer": lambda k: k.optimizers.Nadam(0.01, epsilon=0.1)},
    "Adamax": {"optimizer": lambda k: k.optimizers.Adamax(0.01, epsilon=0.1)},
    "momentum": {"optimizer": lambda k: k.optimizers.SGD(0.05, momentum=0.9)},
    "nesterov": {"optimizer": lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True)},
    "momentum on a schedule": {
        "optimizer": lambda k: k.optimizers.SGD(
            k.optimizers.schedules.ExponentialDecay(0.05, 4, 0.5), momentum=0.9
        )
    },
    "a warm-up": {
        "optimizer": lambda k: k.optimizers.SGD(
            k.optimizers.schedules.CosineDecay(0.0, 5, 0.1, warmup_target=0.2, warmup_steps=3)
        )
    },
    "weight decay": {"optimizer": lambda k: k.optimizers.SGD(0.05, weight_decay=0.1)},
    "Adam": {"optimizer": lambda k: k.optimizers.Adam(0.01)},
    "Adam, large epsilon": {"optimizer": lambda k: k.optimizers.Adam(0.01, epsilon=0.1)},
    "AMSGrad": {"optimizer": lambda k: k.optimizers.Adam(0.01, amsgrad=True, epsilon=0.01)},
    "Adam, decayed": {"optimizer": lambda k: k.optimizers.Adam(0.01, weight_decay=0.1)},
    "AdamW": {"optimizer": lambda k: k.optimizers.AdamW(0.01, 0.1, epsilon=0.1)},
    "Adagrad": {"optimizer": lambda k: k.optimizers.Adagrad(0.01, epsilon=0.1)},
    "Adadelta": {"optimizer": lambda k: k.optimizers.Adadelta(1.0, epsilon=0.01)},
    "RMSprop": {"optimizer": lambda k: k.optimizers.RMSprop(0.01, epsilon=0.1)},
    "RMSprop, momentum": {"optimizer": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5)},
    "RMSprop, centered": {
        "optimizer": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True, epsilon=1e-3)
    },
    "clipnorm": {"optimizer": lambda k: k.optimizers.SGD(0.5, clipnorm=0.1)},
    "global_clipnorm": {"optimizer": lambda k: k.optimizers.SGD(0.5, global_clipnorm=0.1)},
    "clipvalue": {"optimizer": lambda k: k.optimizers.SGD(0.5, clipvalue=0.01)},
    "class_weight": {"class_weight": {0: 1.0, 2: 5.0}},
    "sample_weight": {"sample_weight": np.linspace(0, 3, N)},
    "validation_split": {"validation_split": 0.25},
    "validation_freq": {"validation_data": (X[:9], LABELS[:9]), "validation_freq": 2},
    "steps_per_epoch": {"steps_per_epoch": 1},
    "initial_epoch": {"initial_epoch": 2},
    "reduce on plateau": {
        "callbacks": lambda k: [k.callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=1)]
    },
    "scheduler": {
        "callbacks": lambda k: [k.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.5)]
    },
    "early stopping": {
        "callbacks": lambda k: [
            k.callbacks.EarlyStopping("loss", min_delta=1, patience=2, restore_best_weights=True)
        ]
    },
}


def trained(library, optimizer=None, callbacks=None, **options):
    model = network(library, None, CLASSES, hidden="relu")
    model.compile(
        optimizer(library) if optimizer else library.optimizers.SGD(0.1),
        library.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["acc", library.metrics.SparseTopKCategoricalAccuracy(k=2, name="top")],
    )
    if callbacks:
        options["callbacks"] = callbacks(library)
    history = model.fit(
        X, LABELS, batch_size=16, epochs=7, shuffle=False, verbose=0, **options
    ).history
    return history, model.get_weights()


@pytest.mark.parametrize("options", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_comes_to_the_same_figures_and_weights(options):
    history, weights = trained(course_nn, **options)
    their_history, their_weights = trained(keras, **options)
    assert set(history) == set(their_history)
    for name, values in history.items():
        assert values == pytest.approx(their_history[name], rel=1e-5, abs=1e-5), name
    for ours, theirs in zip(weights, their_weights, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_files_are_read_on_both_sides(tmp_path, ending):
    pytest.importorskip("h5py")
    for writer, reader in ((course_nn, keras), (keras, course_nn), (course_nn, course_nn)):
        layers = writer.layers
        model = writer.Sequential(
            [
                writer.Input((INPUTS,)),
                layers.Dense(6, "relu", kernel_regularizer=writer.regularizers.L2(0.01)),
                layers.BatchNormalization(),
                layers.LeakyReLU(negative_slope=0.1),
                layers.Dropout(0.2),
                layers.Dense(CLASSES, activation="softmax", name="out"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, LABELS, verbose=0)
            model.save(tmp_path / f"model.{ending}")
            again = reader.models.load_model(tmp_path / f"model.{ending}")
            figures = model.evaluate(X, LABELS, verbose=0)
            assert again.evaluate(X, LABELS, verbose=0) == pytest.approx(figures, abs=1e-5)
            assert again.predict(X, verbose=0) == pytest.approx(
                model.predict(X, verbose=0), abs=1e-5
            )


KEPT = {  # optimizers, by what they keep from step to step
    "nothing": lambda k: k.optimizers.SGD(0.1),
    "a velocity": lambda k: k.optimizers.SGD(0.1, momentum=0.9),
    "squares": lambda k: k.optimizers.Adagrad(0.1),
    "squares, squared steps": lambda k: k.optimizers.Adadelta(1.0, epsilon=0.01),
    "squares, velocity, mean": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "m and v": lambda k: k.optimizers.Adam(0.01),
    "m, v and the largest": lambda k: k.optimizers.Adam(0.01, amsgrad=True),
    "m and the largest slope": lambda k: k.optimizers.Adamax(0.01),
    "a rate that falls": lambda k: k.optimizers.AdamW(
        k.optimizers.schedules.ExponentialDecay(0.01, 2, 0.9)
    ),
}


@pytest.mark.parametrize("make", KEPT.values(), ids=KEPT)
def test_training_goes_on_from_a_keras_file_where_it_was(tmp_path, make):
    """In Keras and here, saved by either; and saved before the first step, without a warning."""
    pytest.importorskip("h5py")

    def fit(model, epochs):
        model.fit(X, LABELS, epochs=epochs, shuffle=False, verbose=0)
        return model

    path = tmp_path / "model.keras"
    for writer, reader in ((course_nn, keras), (keras, course_nn), (course_nn, course_nn)):
        model = writer.Sequential(
            [writer.Input((INPUTS,)), writer.layers.Dense(CLASSES, "softmax")]
        )
        model.compile(make(writer), "sparse_categorical_crossentropy")
        if writer is course_nn:
            model.save(path)
            reader.models.load_model(path)
        fit(model, 2).save(path)
        again = fit(reader.models.load_model(path), 2)
        exact = {"rel": 0, "abs": 0} if reader is writer else {"abs": 1e-5}
        for one, other in zip(fit(model, 2).get_weights(), again.get_weights(), strict=True):
            assert one == pytest.approx(other, **exact)
