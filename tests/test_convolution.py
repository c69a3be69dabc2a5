"""Convolution and pooling: equal to PyTorch to nine digits, gradients right, memory in any order."""

import itertools
import os

import numpy as np
import pytest

import course_nn
from course_nn import layers
from course_nn.layers import convolution

SIZES = [(6, 6), (7, 5), (9, 8)]
WINDOWS = [1, 2, 3, (3, 2), 5]
CASES = [
    (size, window, step, padding, channels)
    for (size, window, padding), (step, channels) in zip(
        itertools.product(SIZES, WINDOWS, ["valid", "same"]),
        itertools.cycle([(1, 1), (2, 3), (3, 2), ((2, 1), 4), ((1, 3), 1)]),
    )
]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def given(size, channels, n=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, *size, channels))


def built(layer, x):
    layer.build(x.shape[1:], np.random.default_rng(1), "float64")
    return layer


def both(value):
    return (value, value) if isinstance(value, int) else value


def bordered(torch, x, window, steps, padding, value=0.0):
    """Channels first, with the border of TensorFlow's "same", which PyTorch lacks for steps above 1."""
    sides = []
    for size, w, s in zip(x.shape[:0:-1][1:], both(window)[::-1], both(steps)[::-1]):
        missing = max((-(-size // s) - 1) * s + w - size, 0) if padding == "same" else 0
        sides += [missing // 2, missing - missing // 2]
    return torch.nn.functional.pad(x.permute(0, 3, 1, 2), sides, value=value)


def compare(torch, layer, x, peer, weights=()):
    y = layer.forward(x, training=True).copy()
    dy = np.random.default_rng(2).normal(size=y.shape)
    dx = layer.backward(dy)
    there = torch.tensor(x, requires_grad=True)
    parts = [torch.tensor(w, requires_grad=True) for w in weights]
    wanted = peer(there, *parts).permute(0, 2, 3, 1)
    wanted.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, wanted.detach().numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dx, there.grad.numpy(), rtol=1e-9, atol=1e-12)
    for own, part in zip(layer.gradients.values(), parts):
        np.testing.assert_allclose(own, part.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("size", "window", "step", "padding", "channels"), CASES)
def test_a_convolution_equals_pytorch(torch, size, window, step, padding, channels):
    x = given(size, channels)
    layer = built(layers.Conv2D(3, window, step, padding, bias_initializer="normal"), x)

    def peer(x, kernel, bias):
        x = bordered(torch, x, window, step, padding)
        return torch.nn.functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias, both(step))

    compare(torch, layer, x, peer, layer.weights.values())


@pytest.mark.parametrize(("size", "window", "step", "padding", "channels"), CASES)
def test_the_largest_of_each_window_equals_pytorch(torch, size, window, step, padding, channels):
    x = np.round(given(size, channels) * 2)  # with ties: the first one gets the gradient

    def peer(x):
        x = bordered(torch, x, window, step, padding, value=-torch.inf)
        return torch.nn.functional.max_pool2d(x, both(window), both(step))

    compare(torch, built(layers.MaxPooling2D(window, step, padding), x), x, peer)


@pytest.mark.parametrize(("size", "window", "step", "padding", "channels"), CASES)
def test_the_mean_of_each_window_equals_pytorch(torch, size, window, step, padding, channels):
    x = given(size, channels)

    def peer(x):
        inside = bordered(torch, torch.ones_like(x), window, step, padding)
        share = torch.nn.functional.avg_pool2d(inside, both(window), both(step))
        x = bordered(torch, x, window, step, padding)
        return torch.nn.functional.avg_pool2d(x, both(window), both(step)) / share

    compare(torch, built(layers.AveragePooling2D(window, step, padding), x), x, peer)


# By itself, without PyTorch


def slopes(layer, x, dy, array, h=1e-6):
    """d sum(dy * y) / d array, by differences."""
    found = np.empty_like(array)
    for place in np.ndindex(array.shape):
        before = array[place]
        array[place] = before + h
        above = np.sum(layer.forward(x) * dy)
        array[place] = before - h
        below = np.sum(layer.forward(x) * dy)
        array[place] = before
        found[place] = (above - below) / (2 * h)
    return found


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(2, 3, activation="tanh"),
        layers.Conv2D(2, (2, 1), strides=2, padding="same", use_bias=False),
        layers.MaxPooling2D(2, strides=1),
        layers.AveragePooling2D(3, strides=2, padding="same"),
        layers.GlobalAveragePooling2D(),
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.ZeroPadding2D(((0, 1), (2, 0))),
    ],
    ids=repr,
)
def test_gradients_are_those_of_differences(layer):
    x = given((5, 4), 2, n=3)
    dy = np.random.default_rng(3).normal(size=built(layer, x).forward(x).shape)
    dx = layer.backward(dy).copy()
    gradients = {name: gradient.copy() for name, gradient in layer.gradients.items()}
    np.testing.assert_allclose(dx, slopes(layer, x, dy, x), atol=1e-8)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, slopes(layer, x, dy, layer.weights[name]), atol=1e-8)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("block", "kept"), [(1, 0), (1, 1 << 30), (20_000, 1 << 30)])
def test_blocks_and_what_is_kept_change_no_number(monkeypatch, block, kept, training):
    """The convolution of 7 images at once, of one, of a few; patches kept and made again."""

    def everything():
        layer = built(layers.Conv2D(3, 3, padding="same"), x)
        y = layer.forward(x, training).copy()
        return y, layer.backward(np.cos(y)).copy(), layer.gradients["kernel"].copy()

    x = given((8, 6), 2, n=7)
    wanted = everything()
    monkeypatch.setattr(convolution, "BLOCK_BYTES", block)
    monkeypatch.setattr(convolution, "KEPT_BYTES", kept)
    for found, one in zip(everything(), wanted, strict=True):
        np.testing.assert_allclose(found, one, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [layers.Conv2D, layers.MaxPooling2D, layers.AveragePooling2D])
def test_the_order_of_images_in_memory_changes_no_number(kind):
    x = given((6, 7), 3)
    layer = built(kind(2, 2) if kind is layers.Conv2D else kind(2), x)
    wanted = layer.forward(x).copy()
    for other in (np.asfortranarray(x), convolution.images(convolution.planes(x).copy())):
        np.testing.assert_array_equal(layer.forward(other), wanted)
        dy = np.asfortranarray(np.cos(wanted))
        np.testing.assert_array_equal(layer.backward(dy).copy(), layer.backward(np.cos(wanted)))


def small():
    return course_nn.Sequential(
        [
            layers.Input((10, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", padding="same"),
            layers.BatchNormalization(momentum=0.8),
            layers.MaxPooling2D(),
            layers.Conv2D(6, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )


def bars(n=256):
    """Images with a bar across (0) or down (1), anywhere: a dense network would have to see each place."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 0.2, (n, 10, 8, 1)), rng.integers(0, 2, n)
    for image, down in zip(x, y):
        if down:
            image[:, rng.integers(8)] += 1
        else:
            image[rng.integers(10)] += 1
    return x.astype("float32"), y


def test_a_network_of_convolutions_learns_is_saved_and_goes_on(tmp_path):
    x, y = bars()
    model = small()
    model.compile(
        course_nn.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(x, y, epochs=12, batch_size=30, verbose=0, seed=0)
    assert model.evaluate(x, y, verbose=0)[1] > 0.95
    model.save(tmp_path / "bars.npz")
    again = course_nn.models.load_model(tmp_path / "bars.npz")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert [layer.output_shape for layer in again.layers] == [
        (None, 10, 8, 4),
        (None, 10, 8, 4),
        (None, 5, 4, 4),
        (None, 3, 2, 6),
        (None, 6),
        (None, 2),
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own
def test_a_network_of_convolutions_equals_keras(tmp_path):
    """Three steps on the same weights, and the file that Keras reads."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    pytest.importorskip(os.environ["KERAS_BACKEND"])
    keras = pytest.importorskip("keras")
    pytest.importorskip("h5py")
    x, y = bars(24)
    model = small()
    model.save(tmp_path / "bars.keras")
    model.compile(course_nn.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    theirs = keras.models.load_model(tmp_path / "bars.keras")
    np.testing.assert_allclose(theirs.predict(x, verbose=0), model.predict(x), atol=1e-6)
    theirs.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    for each in (model, theirs):
        each.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    for own, other in zip(model.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, atol=1e-5)
    theirs.save(tmp_path / "back.keras")
    again = course_nn.models.load_model(tmp_path / "back.keras")
    np.testing.assert_allclose(again.predict(x), theirs.predict(x, verbose=0), atol=1e-6)


def test_initial_weights_spread_by_the_receptive_field():
    layer = layers.Conv2D(64, 3, kernel_initializer="he_normal")
    layer.build((8, 8, 32), np.random.default_rng(0))
    assert layer.kernel.shape == (3, 3, 32, 64)
    assert layer.kernel.std() == pytest.approx((2 / (9 * 32)) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("make", "shape", "words"),
    [
        (lambda: layers.Conv2D(0, 3), None, "1 or more, got 0"),
        (lambda: layers.Conv2D(8, 3.5), None, r"\(3, 3\); got 3.5"),
        (lambda: layers.Conv2D(8, (3, 3, 3)), None, "two of them"),
        (lambda: layers.Conv2D(8, 3, padding="full"), None, "'valid' or 'same', got 'full'"),
        (lambda: layers.Conv2D(8, 3, data_format="channels_first"), None, "channels_last"),
        (lambda: layers.Conv2D(8, 3, dilation_rate=2), None, "no holes"),
        (lambda: layers.Conv2D(8, 3, kernal_size=3), None, "Did you mean 'kernel_size'"),
        (lambda: layers.Conv2D(8, 3), (28, 28), r"x\[..., np.newaxis\], or Reshape\(\(28, 28, 1\)"),
        (lambda: layers.MaxPooling2D(), (784,), r"Reshape\(\(28, 28, 1\)\)"),
        (lambda: layers.GlobalAveragePooling2D(), (784,), "takes images"),
        (lambda: layers.Conv2D(8, 5), (4, 4, 1), r"window \(5, 5\) of Conv2D does not fit"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), None, r"got \(1, 2, 3\)"),
        (lambda: layers.ZeroPadding2D(-1), None, "none below 0"),
    ],
)
def test_a_slip_is_answered_with_what_to_do(make, shape, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make().build(shape, np.random.default_rng(0))
