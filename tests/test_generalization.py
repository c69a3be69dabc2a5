"""Folds and shifted images, and what else the lesson on overfitting builds."""

import ast
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_nn.callbacks import EarlyStopping
from course_nn.generalization import k_fold, shift_images
from course_nn.layers import Dropout
from course_nn.regularizers import L1L2
from tests.support import ROOT

LESSON = ROOT / "lessons" / "06_overfitting" / "lesson.md"


def rng(seed=0):
    return np.random.default_rng(seed)


# --- folds


def test_ten_rows_in_three_folds():
    folds = k_fold(10, 3, rng())
    assert [(len(training), len(validation)) for training, validation in folds] == [
        (6, 4),
        (7, 3),
        (7, 3),
    ]


@given(n=st.integers(2, 60), data=st.data())
def test_every_row_is_validated_once_and_trained_on_in_all_other_folds(n, data):
    k = data.draw(st.integers(2, n))
    folds = k_fold(n, k, rng(n))
    assert len(folds) == k
    assert sorted(np.concatenate([validation for _training, validation in folds])) == list(range(n))
    for training, validation in folds:
        assert sorted([*training, *validation]) == list(range(n))
        assert n // k <= len(validation) <= n // k + 1


def test_rows_are_dealt_at_random_and_the_same_for_the_same_generator():
    def dealt(seed):
        return [validation.tolist() for _training, validation in k_fold(100, 5, rng(seed))]

    assert dealt(1) == dealt(1) != dealt(2)
    assert dealt(1)[0] != list(range(20))
    assert np.ptp(dealt(1)[0]) > 50  # from everywhere, not 20 neighbors


@pytest.mark.parametrize(("n", "k"), [(10, 1), (10, 0), (10, -2), (3, 4), (0, 2)])
def test_a_number_of_folds_that_cannot_be(n, k):
    with pytest.raises(ValueError, match=f"n={n}, k={k}. Choose k from 2 to n"):
        k_fold(n, k, rng())


@pytest.mark.parametrize(("n", "k"), [(10.0, 2), (10, 2.0), ([1, 2, 3], 2)])
def test_folds_are_counted_in_whole_numbers(n, k):
    with pytest.raises(TypeError):
        k_fold(n, k, rng())


# --- shifted images

IMAGE = np.array([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]])


@pytest.mark.parametrize(
    ("dy", "dx", "shifted"),
    [
        (0, 0, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        (1, 0, [[0, 0, 0], [1, 2, 3], [4, 5, 6]]),
        (-1, 0, [[4, 5, 6], [7, 8, 9], [0, 0, 0]]),
        (0, 1, [[0, 1, 2], [0, 4, 5], [0, 7, 8]]),
        (0, -1, [[2, 3, 0], [5, 6, 0], [8, 9, 0]]),
        (1, -2, [[0, 0, 0], [3, 0, 0], [6, 0, 0]]),
        (3, 0, [[0, 0, 0]] * 3),
        (0, -(10**12), [[0, 0, 0]] * 3),
    ],
)
def test_an_image_of_nine_pixels_by_hand(dy, dx, shifted):
    assert shift_images(IMAGE, dy, dx).tolist() == [shifted]


@given(
    images=arrays(np.int16, array_shapes(min_dims=3, max_dims=3, max_side=6)),
    dy=st.integers(-8, 8),
    dx=st.integers(-8, 8),
)
def test_each_pixel_comes_from_dy_rows_above_and_dx_columns_to_the_left(images, dy, dx):
    shifted = shift_images(images, dy, dx)
    assert shifted.shape == images.shape and shifted.dtype == images.dtype
    _n, height, width = images.shape
    for (n, i, j), value in np.ndenumerate(shifted):
        inside = 0 <= i - dy < height and 0 <= j - dx < width
        assert value == (images[n, i - dy, j - dx] if inside else 0)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_shifted_images_are_new_and_keep_their_type(dtype):
    images = IMAGE.astype(dtype)
    for dy in (0, 1):
        shifted = shift_images(images, dy, 0)
        assert shifted.dtype == dtype and shifted.flags.c_contiguous
        assert not np.shares_memory(shifted, images)
    assert (images == IMAGE).all()


@pytest.mark.parametrize("shape", [(9,), (2, 784), (3, 3), (1, 3, 3, 1)])
def test_rows_of_pixels_are_not_taken_for_images(shape):
    with pytest.raises(ValueError, match=re.escape(f"got shape {shape}")):
        shift_images(np.zeros(shape), 1, 0)


def test_a_shift_is_a_whole_number_of_pixels():
    with pytest.raises(TypeError):
        shift_images(IMAGE, 0.5, 0)
    assert shift_images(IMAGE, np.int64(1), 0)[0, 1].tolist() == [1, 2, 3]


# --- the lesson


def lesson_functions() -> dict:
    """The functions that the code cells of the lesson define, the last definition of each name."""
    source = LESSON.read_text(encoding="utf-8")
    namespace = {"np": np}
    for cell in re.findall(r"^```python[^\n]*\n(.*?)^```", source, re.MULTILINE | re.DOTALL):
        for node in ast.parse(cell).body:
            if isinstance(node, ast.FunctionDef):
                exec(compile(ast.Module([node], []), "lesson", "exec"), namespace)
    return namespace


@pytest.mark.parametrize(("n", "k"), [(7, 3), (10, 10), (100, 5)])
def test_the_lesson_deals_the_folds_of_the_package(n, k):
    ours, theirs = k_fold(n, k, rng(3)), lesson_functions()["k_fold"](n, k, rng(3))
    for parts, others in zip(ours, theirs, strict=True):
        for part, other in zip(parts, others, strict=True):
            np.testing.assert_array_equal(part, other)


@given(dy=st.integers(-4, 4), dx=st.integers(-4, 4))
def test_the_lesson_shifts_the_images_of_the_package(dy, dx):
    images = rng().integers(1, 255, (3, 5, 4), np.uint8)
    theirs = lesson_functions()["shift_images"](images, dy, dx)
    np.testing.assert_array_equal(shift_images(images, dy, dx), theirs)


class Clockwork:
    """As much of a model as early stopping asks for."""

    stop_training = False

    def get_weights(self):
        return []

    def set_weights(self, weights):
        pass


@given(
    losses=st.lists(st.integers(0, 9).map(float), min_size=1, max_size=12),
    patience=st.integers(0, 5),
)
def test_the_lesson_stops_where_the_callback_of_the_package_stops(losses, patience):
    stop = EarlyStopping(patience=patience)
    stop.model = Clockwork()
    stop.on_train_begin()
    for epoch, loss in enumerate(losses):
        stop.on_epoch_end(epoch, {"val_loss": loss})
        if stop.model.stop_training:
            break
    best, end = lesson_functions()["early_stopping"](losses, patience)
    assert (best, end or 0) == (stop.best_epoch, stop.stopped_epoch)  # 0, as in Keras: it went on


@pytest.mark.parametrize(("name", "regularizer"), [("l1", L1L2(l1=0.3)), ("l2", L1L2(l2=0.3))])
def test_the_lesson_asks_the_penalties_of_the_package(name, regularizer):
    w, slopes, lesson = rng().normal(size=(4, 3)), np.zeros((4, 3)), lesson_functions()
    w[0, 0] = 0.0
    assert lesson[f"{name}_penalty"](w, 0.3) == pytest.approx(regularizer.forward(w))
    regularizer.backward(w, slopes)
    np.testing.assert_allclose(lesson[f"{name}_gradient"](w, 0.3), slopes)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5])
def test_the_lesson_drops_out_as_the_layer_of_the_package_does(rate):
    layer, lesson = Dropout(rate), lesson_functions()
    layer.build((50,), rng(), "float64")
    x = rng().normal(size=(40, 50))
    for y, mask in (
        (layer.forward(x, training=True), layer.keep),
        lesson["dropout_forward"](x, rate, rng()),
    ):
        if mask is None:  # the layer takes a short cut
            mask = np.ones_like(x)
        np.testing.assert_allclose(y, x * mask)
        assert set(np.unique(mask)) <= {0.0, 1 / (1 - rate)}
        assert np.mean(mask > 0) == pytest.approx(1 - rate, abs=0.05)  # 2,000 masks: 4.5 deviations
    dy = rng(1).normal(size=x.shape)
    theirs = lesson["dropout_backward"](dy, np.ones_like(x) if layer.keep is None else layer.keep)
    np.testing.assert_allclose(layer.backward(dy), theirs)


@pytest.mark.parametrize(
    ("w", "step", "expected"), [(0.5, 0.2, 0.3), (-0.5, 0.2, -0.3), (0.1, 0.2, 0), (0, 1, 0)]
)
def test_the_soft_threshold_of_the_lesson_goes_to_zero_and_not_beyond(w, step, expected):
    assert lesson_functions()["soft_threshold"](np.array([w]), step) == pytest.approx(expected)
