"""The digit pad: what the network gets of strokes, the network that ships, what is answered."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.support.polylines import DIGITS, strokes

pytest.importorskip("anywidget")

from course_nn.datasets import mnist
from course_nn.layers import Dense, Flatten, Input, Rescaling
from course_nn.models import Sequential
from course_nn.widgets import pad
from course_nn.widgets.pad import Pad, as_mnist, digit_pad, seen
from course_nn.widgets.train import distorted

WAYS = [(digit, strokes(way)) for digit, ways in DIGITS.items() for way in ways]


@pytest.fixture(scope="module")
def network():
    return Sequential.load(pad.NETWORK)


@pytest.fixture(scope="module")
def test_images():
    return mnist.load_data()[1]


def with_weights_of(network, *layers):
    """A network of ``layers`` with the weights of another."""
    model = Sequential(layers)
    model.set_weights(network.get_weights())
    return model


# As MNIST was made


def test_the_images_of_mnist_stay_as_they_are(test_images):
    images = test_images[0][:1000]
    assert np.mean([np.array_equal(as_mnist(image), image) for image in images]) >= 0.999


def test_a_digit_of_any_size_and_place_is_read_as_before(test_images, network):
    images, labels = test_images[0][:2000], test_images[1][:2000]
    rendered = []
    for image in images:
        sheet = np.zeros((140, 190))
        sheet[5:108, 80:183] = Image.fromarray(image).resize((103, 103))
        rendered.append(as_mnist(sheet))
    before, after = (
        np.mean(network.predict(np.reshape(x, (-1, 784))).argmax(axis=1) == labels)
        for x in (images, rendered)
    )
    assert after >= before - 0.002


def test_a_block_fills_twenty_pixels_and_is_centered():
    ink = np.zeros((100, 100))
    ink[10:50, 60:80] = 255
    image = as_mnist(ink)
    row, column = np.nonzero(image)
    assert (np.ptp(row) + 1, np.ptp(column) + 1) == (20, 10)
    assert np.all(image[row, column] == 255)
    assert abs(row.mean() - 14) <= 0.5 and abs(column.mean() - 14) <= 0.5


def test_the_center_of_mass_counts_and_not_the_middle_of_the_box():
    ink = np.zeros((20, 20))
    ink[:, 0] = ink[19, :] = 200  # an L, in the mean at row (190 + 19 * 19) / 39, column 190 / 39
    assert bounds(as_mnist(ink)) == ((0, 19), (8, 27))  # down by 14 - 14.1; right by 14 - 4.9, or 8
    ink[17:] = 200  # now row (136 + 60 * 18) / 77 = 15.8: up by 2 it would leave the image
    assert bounds(as_mnist(ink)) == ((0, 19), (7, 26))


def bounds(image):
    """The first and the last row with ink, and the same of columns."""
    rows, columns = (np.flatnonzero(image.any(axis)).tolist() for axis in (1, 0))
    return (rows[0], rows[-1]), (columns[0], columns[-1])


def test_gray_is_the_mean_of_black_and_white():
    ink = np.zeros((40, 40))
    ink[::2] = 255  # every second row
    assert set(np.unique(as_mnist(ink))) == {0, 128}


def test_paper_stays_paper_and_other_shapes_are_refused():
    assert not as_mnist(np.zeros((50, 50))).any()
    assert not seen([]).any() and not seen([[]]).any()
    with pytest.raises(ValueError, match=r"\(height, width\), got shape \(784,\)"):
        as_mnist(np.zeros(784))


points = st.lists(
    st.tuples(st.floats(0, 1, width=16), st.floats(0, 1, width=16)), min_size=1, max_size=6
)


@given(st.lists(points, min_size=1, max_size=3))
def test_whatever_is_written_fits_and_is_all_there(lines):
    image = seen(lines)
    assert image.shape == (28, 28) and image.dtype == np.uint8
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert max(height, width) <= 20 and image.max() > 200
    extent = np.ptp(np.concatenate([np.array(line) for line in lines]), axis=0).max()
    if extent >= pad.SMALLEST:
        assert max(height, width) == 20


@pytest.mark.parametrize("digit", range(10))
def test_neither_size_nor_place_on_the_pad_matter(digit):
    line = strokes(DIGITS[digit][0])
    small = [(np.array(stroke) / 3 + (0.6, 0.05)).tolist() for stroke in line]
    assert np.abs(seen(small).astype(int) - seen(line)).max() <= 1


def test_a_tap_is_a_dot_and_not_blown_up():
    image = seen([[[0.2, 0.9]]])
    assert image[14, 14] == 255 and np.count_nonzero(image) == 9


def test_strokes_are_about_as_wide_as_in_mnist(test_images):
    ours = np.mean([seen(way).sum() for _digit, way in WAYS])
    images, labels = test_images
    theirs = np.mean([images[labels == digit].sum(axis=(1, 2)).mean() for digit in range(10)])
    assert 0.85 < ours / theirs < 1.15


# The network that ships


def test_the_network_reads_the_test_images_as_stated(network, test_images):
    images, labels = test_images
    accuracy = np.mean(network.predict(images.reshape(-1, 784)).argmax(axis=1) == labels)
    stated = re.search(r"reads ([\d.]+) %", Path(pad.HERE, "train.py").read_text(encoding="utf-8"))
    assert accuracy >= float(stated[1]) / 100 >= 0.985
    assert pad.NETWORK.stat().st_size < 1_000_000


@pytest.mark.parametrize(("digit", "way"), WAYS)
def test_written_digits_are_read(network, digit, way):
    shares = network.predict(seen(way).reshape(1, 784))[0]
    assert shares.argmax() == digit and shares[digit] > 0.9


def test_written_digits_are_read_however_the_hand_trembles(network):
    rng = np.random.default_rng(0)
    right = []
    for digit, way in WAYS:
        for _hand in range(5):
            line = [np.array(stroke) + rng.normal(0, 0.02, (len(stroke), 2)) for stroke in way]
            right.append(network.predict(seen(line).reshape(1, 784)).argmax() == digit)
    assert np.mean(right) >= 0.98


def test_training_images_are_bent_and_stay_images(test_images):
    images = test_images[0][:200]
    bent = distorted(images, np.random.default_rng(0))
    assert bent.shape == (200, 784) and bent.dtype == np.uint8
    assert np.array_equal(bent, distorted(images, np.random.default_rng(0)))
    difference = np.abs(bent.reshape(images.shape).astype(int) - images).mean(axis=(1, 2))
    assert difference.min() > 1
    assert 0.9 < bent.mean() / images.mean() < 1.1
    center = bent @ np.argwhere(np.ones((28, 28))) / bent.sum(axis=1, keepdims=True)
    assert np.abs(center - 14).max() < 4
    paper = np.full((5, 28, 28), 77, np.uint8)
    assert np.all(distorted(paper, np.random.default_rng(1)) == 77)


# Any network on the pad


@pytest.mark.parametrize(
    "first",
    [
        lambda: [Input((784,))],  # numbers from 0 to 1
        lambda: [Flatten(input_shape=(28, 28))],
        lambda: [Rescaling(1 / 255, input_shape=(28, 28)), Flatten()],  # bytes
        lambda: [Input((28, 28)), Flatten(), Rescaling(1 / 255)],
    ],
)
def test_each_network_gets_what_it_was_trained_on(network, first):
    dense = Dense(256, activation="relu"), Dense(128, activation="relu")
    layers = *first(), *dense, Dense(10, activation="softmax")
    same = Pad(pad._reader(with_weights_of(network, *layers)))
    ours = Pad(pad._reader(network))
    for one in (same, ours):
        one.strokes = [[[0.1, 0.5], [0.9, 0.6]]]  # not so sure what this is
    assert max(ours.shares) < 0.99
    assert same.shares == pytest.approx(ours.shares, abs=1e-5)
    assert same.says == ours.says


def built(*layers, shape=(784,)):
    model = Sequential(layers, seed=0)
    model.build(shape)
    return model


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        ("digits.safetensors", TypeError, "takes a network, a Sequential, got str"),
        (lambda x: x, TypeError, "got function"),
        (Sequential([Dense(10)]), ValueError, "not been trained yet. Call model.fit"),
        (built(Dense(10), shape=(2,)), ValueError, r"takes \(2,\) and gives \(10,\)"),
        (built(Dense(1, activation="sigmoid")), ValueError, r"takes \(784,\) and gives \(1,\)"),
        (built(Dense(10)), ValueError, "between 0 and 1; here they go from -"),
    ],
)
def test_what_does_not_fit_is_said_clearly(model, error, words):
    with pytest.raises(error, match=words):
        digit_pad(model)


def test_weights_that_are_nan_are_refused():
    model = built(Dense(10, activation="softmax"))
    model.parameters[:] = np.nan
    with pytest.raises(ValueError, match="between 0 and 1"):
        digit_pad(model)


# The pad


def test_an_empty_pad_shows_nothing_and_says_so():
    made = digit_pad().children[0]
    assert (made.image, made.shares) == (b"", []) and made.says == "Nothing written yet"
    made.strokes = strokes(DIGITS[3][0])
    made.strokes = []
    assert (made.image, made.shares) == (b"", []) and made.says == "Nothing written yet"


@pytest.mark.parametrize("digit", range(10))
def test_the_pad_says_what_it_sees(digit):
    made = digit_pad().children[0]
    made.strokes = strokes(DIGITS[digit][0])
    assert len(made.shares) == 10 and sum(made.shares) == pytest.approx(1, abs=1e-5)
    article = "an" if digit == 8 else "a"
    assert made.says == f"I see {article} {digit}, {round(100 * made.shares[digit])} %"
    assert made.image == seen(made.strokes).tobytes() and len(made.image) == 784
    made.strokes = [[[0.5, 0.1 * digit]]]
    assert made.image == seen(made.strokes).tobytes()


def test_an_answer_is_one_message_and_the_strokes_do_not_come_back(monkeypatch):
    made = digit_pad().children[0]
    sent = []
    monkeypatch.setattr(made, "_send", lambda message, buffers=None: sent.append(message))
    state = {"strokes": strokes(DIGITS[3][0])}
    update = {"method": "update", "state": state, "buffer_paths": []}
    made._handle_msg({"content": {"data": update}, "buffers": []})
    (answer,) = sent
    assert answer["method"] == "update"
    assert set(answer["state"]) <= {"image", "shares", "says"}


def test_the_pad_reads_with_the_network_as_it_is_now(network):
    model = built(Dense(10, activation="softmax"))
    made = digit_pad(model).children[0]
    model.parameters[:] = 0
    made.strokes = strokes(DIGITS[3][0])
    assert made.shares == pytest.approx([0.1] * 10)


def test_without_a_kernel_a_digit_its_image_and_the_bars_are_shown():
    shown = digit_pad()
    data, metadata = shown._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == metadata["image/png"]["alt"]
    assert data["text/plain"].startswith("A digit written on a pad, the image of 28 × 28 pixels")
    assert data["text/plain"].endswith("The longest bar is that of the 3.")
    shown.close()
    assert shown.children[0].comm is None


def test_every_word_on_the_pad_comes_from_the_kernel():
    source = Path(pad.HERE, "pad.js").read_text(encoding="utf-8")
    assert set(re.findall(r"\bwords\.(\w+)", source)) == set(pad._words())
