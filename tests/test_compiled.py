"""Loops compiled by Numba give what NumPy gives, to rounding."""

import copy
import pickle
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from course_nn import training
from course_nn._arrays import BLOCK
from course_nn.layers import Activation, BatchNormalization, Dense, Dropout, Flatten, ReLU
from course_nn.losses import CategoricalCrossentropy, SparseCategoricalCrossentropy
from course_nn.models import Sequential, load_model
from course_nn.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Nadam, RMSprop
from course_nn.utils import to_categorical

needs_numba = pytest.mark.skipif(
    not find_spec("numba"), reason="Numba is not installed: pip install 'course-nn[fast]'"
)
MAKERS = {
    "plain": lambda: SGD(0.01),
    "momentum": lambda: SGD(0.01, momentum=0.9),
    "nesterov": lambda: SGD(0.01, momentum=0.9, nesterov=True),
    "decayed": lambda: SGD(0.01, weight_decay=0.2),
    "adadelta": lambda: Adadelta(1.0),
    "adagrad": lambda: Adagrad(0.01),
    "rmsprop": lambda: RMSprop(0.01),
    "rmsprop, momentum": lambda: RMSprop(0.01, momentum=0.9),
    "rmsprop, centered": lambda: RMSprop(0.01, centered=True),
    "rmsprop, both": lambda: RMSprop(0.01, momentum=0.9, centered=True),
    "adam": lambda: Adam(0.01),
    "amsgrad": lambda: Adam(0.01, amsgrad=True),
    "adamw": lambda: AdamW(0.01),
    "adamax": lambda: Adamax(0.01),
    "nadam": lambda: Nadam(0.01),
}
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
both_types = pytest.mark.parametrize("dtype", TOLERANCE)


def pair(make):
    """What ``make`` gives, once in NumPy and once with loops."""
    from course_nn import compiled

    plain, quick = make(), make()
    compiled.put_in(quick)
    return plain, quick


@needs_numba
@both_types
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_200_steps_of_every_optimizer(make, dtype):
    rng = np.random.default_rng(0)
    runs = []
    start, slopes = rng.normal(size=2000), rng.normal(size=(200, 2000))
    slopes[:, :50] = 0  # never a slope
    slopes[20:, 50:100] = 0  # none after a while
    for optimizer in pair(make):
        p, g = start.astype(dtype), np.zeros(2000, dtype)
        p[100:110] = 1e-37  # below what is kept of float32
        for slope in slopes:
            g[:] = slope
            optimizer.step(p, g)
        runs.append([p, *optimizer.state.values()])
    assert vars(optimizer)["update"].func.__module__ == "course_nn.compiled"
    for plain, quick in zip(*runs):
        assert quick.dtype == dtype
        np.testing.assert_allclose(quick, plain, TOLERANCE[dtype] * 5, TOLERANCE[dtype])
        assert np.array_equal(quick[:100] == 0, plain[:100] == 0)


@needs_numba
@both_types
@pytest.mark.parametrize("make", [MAKERS["momentum"], MAKERS["adam"]], ids=["momentum", "adam"])
def test_what_dies_out_is_flushed_alike(make, dtype):
    gone = []
    for optimizer in pair(make):
        p, g = np.zeros(10, dtype), np.zeros(10, dtype)
        g[:5] = np.finfo(dtype).tiny * 1e9
        for _step in range(1280):
            optimizer.step(p, g)
            g[:] = 0
        gone.append([vector == 0 for vector in (p, *optimizer.state.values())])
    for plain, quick in zip(*gone):
        assert np.array_equal(plain, quick)
    assert gone[1][1].all()


@needs_numba
def test_every_optimizer_of_the_package_has_its_loop():
    from course_nn import compiled
    from course_nn.optimizers import OPTIMIZERS

    assert set(compiled.STEPS) == set(OPTIMIZERS.values())
    assert {type(make()) for make in MAKERS.values()} == set(compiled.STEPS)


@needs_numba
def test_stretches_with_penalties_in_between():
    """More weights than a stretch holds, and L1 and L2 that come in before each."""
    models = [built(jit, [Dense(300, "relu", kernel_regularizer="l1_l2"), Dense(3, "softmax")], 300)
              for jit in (False, True)]  # fmt: skip
    assert models[0].parameters.size > BLOCK
    same_training(models, *examples(64, 300), "float32")


def examples(n, columns):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, columns)), to_categorical(rng.integers(0, 3, n), 3)


def built(jit, layers, columns, dtype="float32", loss="categorical_crossentropy", **others):
    model = Sequential(layers, seed=0, dtype=dtype)
    model.build((columns,))
    model.compile(Adam(0.01), loss, metrics=["accuracy"], jit_compile=jit, **others)
    return model


def same_training(models, x, y, dtype, **others):
    plain, quick = models
    histories = [m.fit(x, y, epochs=3, batch_size=20, verbose=0, seed=2, **others) for m in models]
    tolerance = TOLERANCE[dtype] * 50
    for name, values in histories[0].history.items():
        np.testing.assert_allclose(histories[1].history[name], values, tolerance, tolerance)
    for old, new in zip(plain.get_weights(), quick.get_weights()):
        assert new.dtype == dtype
        np.testing.assert_allclose(new, old, tolerance, tolerance)
    np.testing.assert_allclose(quick.predict(x), plain.predict(x), tolerance, tolerance)
    np.testing.assert_allclose(
        quick.evaluate(x, y, verbose=0), plain.evaluate(x, y, verbose=0), tolerance
    )


NETWORKS = {
    "dense": lambda: [Dense(9, "relu"), Dense(5, "relu"), Dense(3, "softmax")],
    "other activations": lambda: [Dense(9, "tanh"), Dense(5, "sigmoid"), Dense(3, "softmax")],
    "no bias": lambda: [Dense(9, "relu", use_bias=False), Dense(3, "softmax")],
    "relu of its own": lambda: [Dense(9), ReLU(), Dense(5), Activation("relu"), Dense(3, "softmax")],
    "leaky": lambda: [Dense(9), ReLU(negative_slope=0.1), Dense(3, "softmax")],
    "dropout": lambda: [Dense(9, "relu"), Dropout(0.3), Dense(7), Dropout(0.2, seed=3), Dense(3, "softmax")],
    "normalized": lambda: [BatchNormalization(), Dense(9), BatchNormalization(), ReLU(), Dense(3, "softmax")],
    "penalties": lambda: [Dense(9, "relu", kernel_regularizer="l1"), Dense(3, "softmax", bias_regularizer="l2")],
}  # fmt: skip


@needs_numba
@both_types
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_networks_learn_the_same(make, dtype):
    same_training([built(jit, make(), 6, dtype) for jit in (False, True)], *examples(70, 6), dtype)


@needs_numba
@both_types
def test_losses_learn_the_same(dtype):
    x, y = examples(70, 6)
    labels = y.argmax(1)
    weights = np.linspace(0, 2, 70)
    for loss, targets, last in [
        (CategoricalCrossentropy(label_smoothing=0.1), y, "softmax"),
        (CategoricalCrossentropy(from_logits=True), y, None),
        (SparseCategoricalCrossentropy(), labels, "softmax"),
        (SparseCategoricalCrossentropy(from_logits=True), labels, None),
    ]:
        layers = [[Dense(9, "relu"), Dense(3, last)] for _turn in range(2)]
        models = [
            built(jit, each, 6, dtype, copy.copy(loss)) for jit, each in zip((False, True), layers)
        ]
        same_training(models, x, targets, dtype, sample_weight=weights)


@needs_numba
@both_types
def test_examples_of_more_axes(dtype):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4, 5)), to_categorical(rng.integers(0, 3, 30), 3)
    models = []
    for jit in (False, True):
        layers = [BatchNormalization(), ReLU(), Dropout(0.2), Flatten(), Dense(3, "softmax")]
        model = Sequential(layers, seed=0, dtype=dtype)
        model.build((4, 5))
        model.compile("adam", "categorical_crossentropy", jit_compile=jit)
        models.append(model)
    same_training(models, x, y, dtype)


@needs_numba
@both_types
@pytest.mark.parametrize("size", [1.0, 39.0, 41.0, 2000.0])
def test_logits_of_any_size(dtype, size):
    z = size * np.random.default_rng(0).uniform(-1, 1, (50, 7)).astype(dtype)
    labels = np.arange(50) % 7
    for kind, y in [
        (CategoricalCrossentropy, np.eye(7, dtype=dtype)[labels]),
        (SparseCategoricalCrossentropy, labels),
    ]:
        plain, quick = pair(kind)
        assert quick.forward_logits(y, z) == pytest.approx(plain.forward_logits(y, z), rel=1e-5)
        np.testing.assert_allclose(quick.p, plain.p, TOLERANCE[dtype], TOLERANCE[dtype])
        gradients = [each.backward_logits(y) for each in (plain, quick)]
        np.testing.assert_allclose(*gradients, TOLERANCE[dtype], TOLERANCE[dtype])
        z[0, 0] = np.nan
        assert np.isnan(quick.forward_logits(y, z))
        z[0, 0] = 0


@needs_numba
def test_nan_among_the_inputs_is_refused_and_named():
    x, y = examples(40, 6)
    x[17, 2] = np.nan
    for given in (x, x.astype("f4"), np.asfortranarray(x.astype("f4"))):
        with pytest.raises(ValueError, match="row 17"):
            built(True, NETWORKS["dense"](), 6).fit(given, y, verbose=0)


@needs_numba
def test_what_is_ones_own_keeps_what_it_does():
    class Doubled(Dense):
        def forward(self, x, training=False):
            return 2 * super().forward(x, training)

    class Still(SGD):
        def update(self, lr, t, parts):
            pass

    models = []
    for jit in (False, True):
        model = Sequential([Doubled(4, "relu"), Dense(3, "softmax")], seed=0)
        model.build((6,))
        model.compile(Still(), "categorical_crossentropy", jit_compile=jit)
        models.append(model)
    before = models[1].get_weights()
    x, y = examples(30, 6)
    same_training(models, x, y, "float32")
    assert all(np.array_equal(old, new) for old, new in zip(before, models[1].get_weights()))


def loops_in(model):
    owners = (model, model.loss, model.optimizer, *model.layers)
    return sum(
        getattr(value, "func", None) is not None and value.func.__module__ == "course_nn.compiled"
        for owner in owners
        for value in vars(owner).values()
    )


@needs_numba
def test_layers_that_come_later_and_compiling_again():
    model = Sequential([Dense(4, "relu", input_dim=6)], seed=0)
    model.compile("sgd", "categorical_crossentropy", jit_compile=True)
    early = loops_in(model)
    model.add(Dense(3, "softmax"))
    model.add(BatchNormalization())
    assert loops_in(model) == early + 2
    for choice in ("auto", False):
        model.compile("sgd", "categorical_crossentropy", jit_compile=True)
        model.compile(model.optimizer, model.loss, jit_compile=choice)
        assert loops_in(model) == 0 and model.jit_compile is False


@needs_numba
def test_copies_are_copies():
    model = built(True, NETWORKS["dropout"](), 6)
    x, y = examples(40, 6)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        before = model.get_weights()
        twin.fit(x, y, verbose=0)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
        assert not np.array_equal(before[0], twin.get_weights()[0])


@needs_numba
@pytest.mark.parametrize("name", ["m.safetensors", "m.keras"])
def test_a_file_tells_of_it(tmp_path, monkeypatch, name):
    if name.endswith("keras"):
        pytest.importorskip("h5py")
    model = built(True, NETWORKS["dense"](), 6)
    x, y = examples(40, 6)
    model.fit(x, y, verbose=0, seed=0)
    model.save(tmp_path / name)
    again = load_model(tmp_path / name)
    assert again.jit_compile and loops_in(again) == loops_in(model)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    if name.endswith("safetensors"):  # there training goes on to the bit
        for each in (model, again):
            each.fit(x, y, verbose=0, seed=1)
        np.testing.assert_array_equal(again.predict(x), model.predict(x))

    monkeypatch.setattr("course_nn.saving.find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="needs Numba; it goes on in NumPy"):
        plain = load_model(tmp_path / name)
    assert not plain.jit_compile and not loops_in(plain)
    plain.fit(x, y, verbose=0)


def test_without_numba_one_sentence_and_nothing_changed(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "course_nn.compiled", raising=False)
    model = built(False, NETWORKS["dense"](), 6)
    optimizer = model.optimizer
    with pytest.raises(ImportError, match=r"pip install 'course-nn\[fast\]'"):
        model.compile("sgd", "mse", jit_compile=True)
    assert model.optimizer is optimizer and model.loss.name == "categorical_crossentropy"
    x, y = examples(40, 6)
    model.fit(x, y, verbose=0)


def test_jit_compile_is_true_false_or_auto():
    with pytest.raises(ValueError, match="True, False or 'auto', got 'yes'"):
        built("yes", NETWORKS["dense"](), 6)


def test_beside_an_argument_without_effect_it_still_counts(monkeypatch):
    asked = []
    monkeypatch.setattr(training, "_import_loops", lambda: asked.append(True))
    model = Sequential([Dense(3, input_dim=2)])
    model.compile("sgd", "mse", jit_compile=True, run_eagerly=False)
    assert asked and model.jit_compile


def test_nobody_imports_numba_who_did_not_ask():
    program = (
        "import sys; from course_nn.models import Sequential; from course_nn.layers import Dense\n"
        "m = Sequential([Dense(1, input_dim=1)]); m.compile('adam', 'mse')\n"
        "m.fit([[1.0]], [1.0], verbose=0); print('numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "False", done.stderr


@needs_numba
def test_where_no_folder_can_be_written_it_compiles_in_memory(monkeypatch):
    import numba

    from course_nn import compiled

    njit, tried = numba.njit, []

    def no_folder(**options):
        tried.append(options.get("cache", False))
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", no_folder)
    double = compiled.loop(lambda x: 2 * x)
    assert double(3) == 6 and tried == [True, False]
