import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_nn import losses
from course_nn.activations import ACTIVATIONS
from course_nn.derivatives import gradient_check
from course_nn.losses import (
    LOSSES,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from course_nn.utils import to_categorical

FROM_LOGITS = [BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy]
from_logits = pytest.mark.parametrize("loss", FROM_LOGITS, ids=lambda loss: loss.name)
every_loss = pytest.mark.parametrize(
    "loss", [MeanSquaredError, *FROM_LOGITS], ids=lambda loss: loss.name
)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def targets(loss, n=6, outputs=4, dtype="float64", seed=0):
    """Targets as ``loss`` wants them, prepared."""
    rng = np.random.default_rng(seed)
    y = {
        MeanSquaredError: rng.normal(size=(n, outputs)),
        BinaryCrossentropy: rng.integers(0, 2, (n, outputs)),
        CategoricalCrossentropy: to_categorical(rng.integers(0, outputs, n), outputs),
        SparseCategoricalCrossentropy: rng.integers(0, outputs, n),
    }[loss]
    return loss().prepare(y, (outputs,), np.dtype(dtype))


def predictions(loss, n=6, outputs=4, seed=1):
    """Probabilities that sum to 1 in each row where the loss asks for them."""
    z = np.random.default_rng(seed).normal(size=(n, outputs))
    return ACTIVATIONS[loss.activation or "linear"].forward(z)


# --- by hand


def test_mean_squared_error_by_hand():
    y, p = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 4.0], [0.0, 4.0]])
    assert MeanSquaredError()(y, p) == (0 + 4 + 9 + 0) / 4
    assert MeanSquaredError().backward(y, p) == pytest.approx(np.array([[0, 1], [-1.5, 0]]))


def test_binary_crossentropy_by_hand():
    """A confident yes that is right costs log 4/3; the same yes that is wrong, log 4."""
    y, p = np.array([[1.0], [0.0]]), np.array([[0.75], [0.75]])
    assert BinaryCrossentropy()(y, p) == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)
    assert BinaryCrossentropy().backward(y, p) == pytest.approx(np.array([[-2 / 3], [2]]))
    loss = BinaryCrossentropy()
    loss.forward_logits(y, np.full((2, 1), math.log(3)))
    assert loss.backward_logits(y) == pytest.approx(np.array([[-0.125], [0.375]]))  # (p - y) / 2


def test_categorical_crossentropy_by_hand():
    y, p = np.array([[0.0, 1, 0], [1, 0, 0]]), np.array([[0.25, 0.5, 0.25], [0.125, 0.375, 0.5]])
    assert CategoricalCrossentropy()(y, p) == pytest.approx((math.log(2) + math.log(8)) / 2)
    dp = np.array([[0.5, -0.5, 0.5], [-3.5, 0.5, 0.5]])  # (1 - y / p) / 2: through the sum of 1
    assert CategoricalCrossentropy().backward(y, p) == pytest.approx(dp)
    labels = np.array([1, 0])
    assert SparseCategoricalCrossentropy()(labels, p) == pytest.approx(math.log(16) / 2)
    assert SparseCategoricalCrossentropy().backward(labels, p) == pytest.approx(dp)


@pytest.mark.parametrize(
    "loss, y",
    [
        (CategoricalCrossentropy(), np.array([[0.0, 1, 0], [1, 0, 0]])),
        (SparseCategoricalCrossentropy(), np.array([1, 0])),
    ],
    ids=["one-hot", "labels"],
)
def test_softmax_and_crossentropy_together_by_hand(loss, y):
    z = np.log([[1.0, 2, 1], [1, 3, 4]]) + 7
    assert loss.forward_logits(y, z) == pytest.approx((math.log(2) + math.log(8)) / 2)
    assert loss.p == pytest.approx(np.array([[0.25, 0.5, 0.25], [0.125, 0.375, 0.5]]))
    dz = np.array([[0.125, -0.25, 0.125], [-0.4375, 0.1875, 0.25]])  # (p - y) / 2
    assert loss.backward_logits(y) == pytest.approx(dz)


def test_a_network_that_knows_nothing_of_ten_classes_starts_at_log_10():
    y = to_categorical(np.arange(10))
    assert CategoricalCrossentropy().forward_logits(y, np.zeros((10, 10))) == pytest.approx(
        math.log(10)
    )


# --- each derivative belongs to its function


@every_loss
def test_gradient_with_respect_to_the_predictions(loss):
    y, loss = targets(loss), loss()
    p = predictions(type(loss))
    check = gradient_check(lambda p: loss.forward(y, p), lambda p: loss.backward(y, p), p)
    assert check, check


@from_logits
def test_gradient_with_respect_to_the_logits(loss):
    y, loss = targets(loss), loss()
    z = np.random.default_rng(1).normal(size=(6, 4)) * 3

    def gradient(z):
        loss.forward_logits(y, z)
        return loss.backward_logits(y)

    check = gradient_check(lambda z: loss.forward_logits(y, z), gradient, z)
    assert check, check


def test_gradient_for_soft_targets():
    """Rows that sum to 1 without being one-hot, as label smoothing makes them."""
    y = np.array([[0.9, 0.05, 0.05], [0.2, 0.3, 0.5]])
    z, loss = np.array([[1.0, -2, 0.5], [0.3, 0.1, 2]]), CategoricalCrossentropy()

    def gradient(z):
        loss.forward_logits(y, z)
        return loss.backward_logits(y)

    check = gradient_check(lambda z: loss.forward_logits(y, z), gradient, z)
    assert check, check


# --- from logits and from probabilities


@from_logits
@given(z=arrays(np.float64, (6, 4), elements=st.floats(-5, 5)))
def test_logits_and_probabilities_give_the_same_loss_and_gradient(loss, z):
    y, fused, plain = targets(loss), loss(), loss()
    activation = ACTIVATIONS[loss.activation]
    p = activation.forward(z)
    assert fused.forward_logits(y, z) == pytest.approx(plain.forward(y, p), abs=1e-9)
    assert fused.p == pytest.approx(p)
    dz = activation.backward(plain.backward(y, p), p)
    assert fused.backward_logits(y) == pytest.approx(dz, abs=1e-9)


@given(z=arrays(np.float64, (6, 4), elements=st.floats(-1e4, 1e4)))
def test_labels_and_one_hot_rows_give_the_same_loss_and_gradient(z):
    labels = targets(SparseCategoricalCrossentropy)
    one_hot = to_categorical(labels, 4).astype(float)
    sparse, categorical = SparseCategoricalCrossentropy(), CategoricalCrossentropy()
    assert sparse.forward_logits(labels, z) == pytest.approx(categorical.forward_logits(one_hot, z))
    assert sparse.backward_logits(labels) == pytest.approx(categorical.backward_logits(one_hot))
    p = sparse.p
    assert sparse.forward(labels, p) == pytest.approx(categorical.forward(one_hot, p))
    assert sparse.backward(labels, p) == pytest.approx(categorical.backward(one_hot, p))


# --- numbers that break the textbook form


@every_dtype
@from_logits
def test_finite_for_huge_logits(loss, dtype):
    z = np.array(
        [[1e4, -1e4, 0], [-1e4, -1e4, 1e4], [1e4, 1e4, 1e4], [-1e4, -1e4, -1e4], [3, 2, 1]]
    )
    z, y, loss = z.astype(dtype), targets(loss, 5, 3, dtype), loss()
    assert math.isfinite(loss.forward_logits(y, z))
    assert np.all(np.isfinite(loss.backward_logits(y)))
    assert math.isfinite(loss.forward(y, loss.p))
    assert np.all(np.isfinite(loss.backward(y, loss.p)))


@every_dtype
def test_the_loss_of_huge_logits_is_their_distance(dtype):
    z = np.array([[1e4, -1e4]], dtype)
    right, wrong = np.array([[1, 0]], dtype), np.array([[0, 1]], dtype)
    loss = CategoricalCrossentropy()
    assert loss.forward_logits(right, z) == 0
    assert loss.forward_logits(wrong, z) == pytest.approx(2e4)
    assert loss.backward_logits(wrong) == pytest.approx(np.array([[1, -1]]))
    assert BinaryCrossentropy().forward_logits(right, z) == 0
    assert BinaryCrossentropy().forward_logits(wrong, z) == pytest.approx(1e4)


@every_dtype
@every_loss
def test_certain_and_wrong_costs_much_but_not_infinity(loss, dtype):
    p = np.array([[0, 1, 0], [1, 0, 0]], dtype)
    y = loss().prepare([1, 2] if loss is SparseCategoricalCrossentropy else p[::-1], (3,), p.dtype)
    assert math.isfinite(loss().forward(y, p))
    assert np.all(np.isfinite(loss().backward(y, p)))
    if loss in (CategoricalCrossentropy, SparseCategoricalCrossentropy):
        rows_wrong = 2 if loss is CategoricalCrossentropy else 1
        assert loss().forward(y, p) == pytest.approx(rows_wrong * math.log(1e7) / 2)


@given(arrays(np.float32, (50, 10), elements=st.floats(-60, 60, width=32)))
def test_float32_gives_the_loss_to_six_digits(z):
    """Of the largest logit: a small loss is a difference of such."""
    for loss in FROM_LOGITS[1:]:
        exact = loss().forward_logits(targets(loss, 50, 10), z.astype(np.float64))
        quick = loss().forward_logits(targets(loss, 50, 10, "float32"), z)
        assert quick == pytest.approx(exact, rel=1e-6, abs=1e-6 * 60)


# --- means, types, forms of targets


@every_loss
def test_the_loss_is_a_mean_so_a_batch_twice_over_costs_the_same(loss):
    y, p = targets(loss), predictions(loss)
    twice = np.concatenate([y, y]), np.concatenate([p, p])
    assert loss().forward(*twice) == pytest.approx(loss().forward(y, p))
    assert loss().backward(*twice)[:6] == pytest.approx(loss().backward(y, p) / 2)


@every_loss
def test_one_row(loss):
    y, p = targets(loss), predictions(loss)
    rows = [loss().forward(y[i : i + 1], p[i : i + 1]) for i in range(6)]
    assert np.mean(rows) == pytest.approx(loss().forward(y, p))


@every_dtype
@every_loss
def test_dtype_stays(loss, dtype):
    y, p = targets(loss, dtype=dtype), predictions(loss).astype(dtype)
    value = loss().forward(y, p)
    assert type(value) is float
    assert loss().backward(y, p).dtype == dtype
    if loss.activation:
        loss = loss()
        assert type(loss.forward_logits(y, p)) is float
        assert loss.p.dtype == loss.backward_logits(y).dtype == dtype


@from_logits
def test_logits_and_probabilities_stay_as_they_are(loss):
    """Metrics look at the probabilities after the backward pass."""
    z = np.random.default_rng(0).normal(size=(6, 4))
    kept, y, loss = z.copy(), targets(loss), loss()
    loss.forward_logits(y, z)
    probabilities = loss.p.copy()
    loss.backward_logits(y)
    assert np.array_equal(z, kept)
    assert np.array_equal(loss.p, probabilities)


def test_targets_come_in_any_form_that_is_clear():
    one, three, float32 = (1,), (3,), np.dtype("float32")
    assert MeanSquaredError().prepare([1, 2], one, float32).tolist() == [[1], [2]]
    assert BinaryCrossentropy().prepare(np.array([True, False]), one, float32).tolist() == [
        [1],
        [0],
    ]
    sparse = SparseCategoricalCrossentropy()
    for labels in ([2, 0], [[2], [0]], np.array([2.0, 0.0]), np.array([2, 0], np.uint8)):
        prepared = sparse.prepare(labels, three, float32)
        assert prepared.tolist() == [2, 0] and prepared.dtype == np.intp
    one_hot = CategoricalCrossentropy().prepare(np.eye(3, dtype=np.uint8), three, float32)
    assert one_hot.dtype == np.float32


def test_called_on_lists_of_numbers_a_loss_computes_in_float64():
    assert MeanSquaredError()([0.5, 1], [1, 1]) == 0.125
    assert BinaryCrossentropy()([1, 0], [0.75, 0.75]) == pytest.approx(math.log(16 / 3) / 2)
    assert CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]) == pytest.approx(math.log(2))
    assert SparseCategoricalCrossentropy()([1], [[0, 1]]) == pytest.approx(1e-7)


def test_get_takes_names_and_losses():
    assert {type(losses.get(name)) for name in LOSSES} == set(LOSSES.values())
    assert isinstance(losses.get("mse"), MeanSquaredError)
    loss = BinaryCrossentropy()
    assert losses.get(loss) is loss
