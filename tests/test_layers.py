import json
import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_nn import layers, regularizers
from course_nn._arrays import Buffers
from course_nn.activations import ACTIVATIONS
from course_nn.derivatives import gradient_check
from course_nn.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    Rescaling,
)
from course_nn.models import Sequential
from course_nn.optimizers import Adam

MAKERS = {
    **{f"Dense {name}": lambda name=name: Dense(3, activation=name) for name in ACTIVATIONS},
    "Dense without bias": lambda: Dense(3, use_bias=False),
    **{f"Activation {name}": lambda name=name: Activation(name) for name in ACTIVATIONS},
    "Dense with all its options": lambda: Dense(
        3, "tanh", True, "he_normal", "ones", regularizers.l1_l2(0.1, 0.2), "l1", input_dim=4
    ),
    "BatchNormalization": lambda: BatchNormalization(momentum=0.9, epsilon=0.01),
    "Dropout": lambda: Dropout(0.4),
    "Flatten": Flatten,
    "Rescaling": lambda: Rescaling(1 / 3, offset=-1),
    "Input": lambda: Input((4,)),
}
every_layer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def built(layer, inputs=4, dtype="float64", seed=0):
    """``layer`` with weights that are all random, so that none hides behind a 0 or 1."""
    rng = np.random.default_rng(seed)
    shape = inputs if isinstance(inputs, tuple) else (inputs,)
    layer.build(shape, rng, dtype)
    for array in layer.weights.values():
        array[...] = rng.normal(size=array.shape)
    return layer


def batch(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


# --- each backward belongs to its forward


@every_layer
def test_gradients_of_the_input_and_of_every_weight(make):
    layer, x = built(make()), batch(6, 4)
    dy = batch(6, *layer.output_shape_for((4,)), seed=2)

    def loss(x):
        if isinstance(layer, Dropout):
            layer.rng = np.random.default_rng(5)  # the same mask at each call
        return np.vdot(dy, layer.forward(x, training=True))

    def input_gradient(x):
        loss(x)
        return layer.backward(dy).copy()

    check = gradient_check(loss, input_gradient, x)
    assert check, check
    for name, weight in layer.weights.items():

        def loss_of_weight(w, weight=weight):
            weight[...] = w
            return loss(x)

        def weight_gradient(w, name=name, weight=weight):
            weight[...] = w
            input_gradient(x)
            return layer.gradients[name]

        check = gradient_check(loss_of_weight, weight_gradient, weight.copy())
        assert check, (name, check)


@pytest.mark.parametrize("name", ["Dense relu", "BatchNormalization"])
def test_without_the_input_gradient_those_of_the_weights_are_the_same(name):
    """What a model asks of its first layer."""
    layer, x, dy = built(MAKERS[name]()), batch(6, 4), batch(6, 4)[:, : 3 if "Dense" in name else 4]
    layer.forward(x, training=True)
    assert layer.backward(dy) is not None
    expected = {weight: gradient.copy() for weight, gradient in layer.gradients.items()}
    layer.input_gradient = False
    layer.forward(x, training=True)
    assert layer.backward(dy) is None
    for weight, gradient in layer.gradients.items():
        assert np.array_equal(gradient, expected[weight])


@every_layer
def test_gradients_are_set_not_added_up(make):
    layer, x = built(make()), batch(6, 4)
    dy, seen = batch(6, *layer.output_shape_for((4,)), seed=2), []
    for _time in range(2):
        layer.rng = np.random.default_rng(5)  # for Dropout: the same mask
        layer.forward(x, training=True)
        dx = layer.backward(dy).copy()
        seen.append([dx, *(gradient.copy() for gradient in layer.gradients.values())])
    assert all(np.array_equal(a, b) for a, b in zip(*seen, strict=True))


# --- types and memory


@every_dtype
@every_layer
def test_dtype_stays(make, dtype):
    layer, x = built(make(), dtype=dtype), batch(6, 4).astype(dtype)
    for training in (False, True):
        y = layer.forward(x, training)
        assert y.dtype == dtype
    assert layer.backward(y.copy()).dtype == dtype
    arrays = [*layer.weights.values(), *layer.gradients.values(), *layer.state.values()]
    assert all(array.dtype == dtype for array in arrays)


@every_layer
@pytest.mark.filterwarnings("ignore:BatchNormalization got a batch of one")
def test_batches_of_any_size_one_after_the_other(make):
    """The memory of the large batch is lent again to the small one, which sees no difference."""
    used, x = built(make()), batch(9, 4)
    for n in (7, 1, 5, 9, 2):
        fresh, seen = built(make()), []
        for layer in (used, fresh):
            layer.rng = np.random.default_rng(n)  # for Dropout: the same mask
            y = layer.forward(x[:n], training=True).copy()
            dx = layer.backward(np.cos(y)).copy()
            seen.append([y, dx, *(gradient.copy() for gradient in layer.gradients.values())])
        assert all(np.array_equal(a, b) for a, b in zip(*seen, strict=True))


@every_layer
def test_input_and_incoming_gradient_stay_as_they_are(make):
    layer, x = built(make()), batch(6, 4)
    dy = batch(6, *layer.output_shape_for((4,)), seed=2)
    kept_x, kept_dy = x.copy(), dy.copy()
    layer.forward(x, training=True)
    layer.backward(dy)
    assert np.array_equal(x, kept_x) and np.array_equal(dy, kept_dy)


@every_layer
def test_config_makes_the_same_layer_again(make):
    layer = make()
    config = json.loads(json.dumps(layer.config()))  # as a file keeps it
    again = LAYERS[type(layer).__name__](**config)
    set_apart = dict.fromkeys(("rng", "name", "_buffers"))  # each layer has its own
    assert vars(again) | set_apart == vars(layer) | set_apart
    assert repr(again) == repr(layer)


def test_weights_and_states_are_attributes_of_the_layers_that_have_them():
    layer = built(BatchNormalization(), inputs=3)
    assert layer.gamma is layer.weights["gamma"]
    assert layer.moving_mean is layer.state["moving_mean"]
    assert not hasattr(built(Dense(2, use_bias=False), inputs=3), "bias")


@pytest.mark.parametrize(
    "of, name, told",
    [
        (lambda: Adam(), "lr", "Adam has no 'lr'. Did you mean 'learning_rate'"),
        (lambda: Dense(2), "output_dim", "Dense has no 'output_dim'. Did you mean 'units'"),
        (lambda: Sequential(), "predict_classes", "argmax"),
        (lambda: Sequential(), "sumary", "Did you mean 'summary'"),
    ],
)
def test_what_is_elsewhere_now_is_told(of, name, told):
    owner = of()
    with pytest.raises(AttributeError, match=re.escape(told)):
        getattr(owner, name)
    assert not hasattr(owner, name) and name not in dir(owner)


def test_memory_is_lent_again_but_never_of_another_type_or_shape():
    buffers = Buffers()
    large = buffers.lend("y", (5, 3), np.dtype("float32"))
    small = buffers.lend("y", (2, 3), np.dtype("float32"))
    assert np.shares_memory(large, small) and small.shape == (2, 3)
    assert buffers.lend("y", (5, 3), np.dtype("uint8")).dtype == np.uint8
    assert buffers.lend("y", (5, 4), np.dtype("uint8")).shape == (5, 4)
    assert buffers.lend("y", (6, 4), np.dtype("float32")).shape == (6, 4)


# --- Dense


def test_dense_by_hand():
    layer = built(Dense(2, activation="relu"), inputs=3)
    layer.weights["kernel"][...] = [[1, -1], [2, 0], [0, 3]]
    layer.weights["bias"][...] = [0.5, -1]
    x = np.array([[1.0, 2, 3], [-1, 0, 1], [0, 0, 0]])
    # the first row: 1 + 4 + 0 + 0.5 and -1 + 0 + 9 - 1
    assert layer.forward(x).tolist() == [[5.5, 7], [0, 3], [0.5, 0]]
    dx = layer.backward(np.array([[1.0, 10], [100, 1000], [0, 7]]))
    # dz is [[1, 10], [0, 1000], [0, 0]]: no gradient where the output is 0
    assert layer.gradients["bias"].tolist() == [1, 1010]
    assert layer.gradients["kernel"].tolist() == [[1, 10 - 1000], [2, 20], [3, 30 + 1000]]
    assert dx.tolist() == [[1 - 10, 2, 30], [-1000, 0, 3000], [0, 0, 0]]


def test_dense_starts_with_glorots_weights_and_no_bias():
    layer = Dense(50)
    assert layer.build((100,), np.random.default_rng(0)) == (50,)
    assert {name: w.shape for name, w in layer.weights.items()} == {
        "kernel": (100, 50),
        "bias": (50,),
    }
    limit = math.sqrt(6 / 150)
    assert 0.99 * limit < np.abs(layer.weights["kernel"]).max() <= limit
    assert layer.weights["kernel"].dtype == np.float32
    assert not layer.weights["bias"].any()


def test_dense_without_bias():
    layer = built(Dense(3, use_bias=False))
    assert list(layer.weights) == ["kernel"]
    assert np.array_equal(layer.forward(np.zeros((2, 4))), np.zeros((2, 3)))


def test_penalties_of_kernel_and_bias():
    layer = built(Dense(3, kernel_regularizer=regularizers.l2(0.1), bias_regularizer="l1"))
    kernel, bias = layer.weights["kernel"], layer.weights["bias"]
    penalty = 0.1 * np.sum(kernel**2) + 0.01 * np.sum(np.abs(bias))
    assert layer.penalty() == pytest.approx(penalty)


# --- Dropout


@given(rate=st.floats(0.01, 0.99), seed=st.integers(0, 1000))
def test_dropout_drops_its_share_and_keeps_the_mean(rate, seed):
    layer = built(Dropout(rate), inputs=100)
    layer.rng = np.random.default_rng(seed)
    y = layer.forward(np.ones((200, 100)), training=True)
    deviation = math.sqrt(rate * (1 - rate) / 20_000)
    assert np.mean(y == 0) == pytest.approx(rate, abs=5 * deviation)
    assert y.mean() == pytest.approx(1, abs=5 * deviation / (1 - rate))
    assert np.unique(y[y > 0]) == pytest.approx(
        1 / (1 - rate), rel=2e-3
    )  # the rate is a multiple of 2^-16


def test_dropout_drops_each_number_by_itself():
    """No column, no row and no number of a column more often than the others; no mask twice."""
    layer = built(Dropout(0.5), inputs=64)
    layer.rng = np.random.default_rng(0)
    kept = np.array([layer.forward(np.ones((30, 64)), training=True) > 0 for _time in range(400)])
    assert kept.mean(axis=0) == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(400))
    deviations = kept.reshape(400, -1) - 0.5
    correlations = deviations.T[:100] @ deviations / 400 / 0.25
    np.fill_diagonal(correlations, 0)
    assert np.abs(correlations).max() < 0.35
    assert len({mask.tobytes() for mask in kept}) == 400


def test_dropout_sends_the_gradient_through_the_same_mask():
    layer = built(Dropout(0.5), inputs=50)
    y = layer.forward(np.ones((20, 50)), training=True).copy()
    assert np.array_equal(layer.backward(np.ones((20, 50))), y)
    assert set(np.unique(y)) == {0, 2}


def test_dropout_does_nothing_in_prediction_or_at_rate_zero():
    x = batch(6, 4)
    assert np.array_equal(built(Dropout(0.5)).forward(x), x)
    assert np.array_equal(built(Dropout(0)).forward(x, training=True), x)
    layer = built(Dropout(0.5))
    layer.forward(x, training=True)
    layer.forward(x)
    assert np.array_equal(layer.backward(x), x)  # the last forward dropped nothing


def test_dropout_at_the_largest_rate_below_one():
    layer = built(Dropout(np.nextafter(1, 0)), inputs=1000)
    assert np.all(np.isfinite(layer.forward(np.ones((1000, 1000)), training=True)))


def test_dropout_of_rows_of_any_shape():
    layer = built(Dropout(0.5), inputs=(3, 5))
    assert layer.forward(np.ones((2, 3, 5)), training=True).shape == (2, 3, 5)


# --- BatchNormalization


def test_batch_normalization_by_hand():
    layer = built(BatchNormalization(momentum=0.75, epsilon=0), inputs=2)
    layer.weights["gamma"][...], layer.weights["beta"][...] = [1, 10], [0, 5]
    x = np.array([[1.0, 0], [3, 8]])  # means 2 and 4, deviations 1 and 4
    assert layer.forward(x, training=True) == pytest.approx(np.array([[-1, -5], [1, 15]]))
    assert layer.state["moving_mean"] == pytest.approx([0.5, 1])  # a quarter of 2 and 4
    assert layer.state["moving_variance"] == pytest.approx([1, 4.75])  # 0.75 + a quarter of 1, 16
    # prediction: (3 - 0.5) / 1 and 10 (8 - 1) / sqrt(4.75) + 5
    assert layer.forward(x)[1] == pytest.approx([2.5, 10 * 7 / math.sqrt(4.75) + 5])


def test_epsilon_is_added_to_the_variance_under_the_root():
    layer = built(BatchNormalization(epsilon=3), inputs=1)
    layer.weights["gamma"][...], layer.weights["beta"][...] = 1, 0
    assert layer.forward(np.array([[-1.0], [1]]), training=True) == pytest.approx(
        np.array([[-0.5], [0.5]])
    )
    layer.state["moving_variance"][...], layer.state["moving_mean"][...] = 6, 0
    assert layer.forward(np.array([[3.0]])) == pytest.approx(1)


def test_a_batch_of_one_is_warned_of_once_and_only_in_training():
    layer = built(BatchNormalization(), inputs=3)
    rows = np.arange(6.0).reshape(2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer.forward(rows, training=True)
        layer.forward(rows[:1], training=False)
    with pytest.warns(UserWarning, match="batch of one example.*larger batch_size"):
        layer.forward(rows[:1], training=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer.forward(rows[:1], training=True)


def test_moving_averages_arrive_at_the_mean_and_variance_of_the_data():
    layer = built(BatchNormalization(momentum=0.9), inputs=3)
    x = batch(500, 3) * [1, 2, 3] + [10, 0, -10]
    for _time in range(200):
        layer.forward(x, training=True)
    assert layer.state["moving_mean"] == pytest.approx(x.mean(axis=0))
    assert layer.state["moving_variance"] == pytest.approx(x.var(axis=0))
    kept = {name: array.copy() for name, array in layer.state.items()}
    y = layer.forward(x)
    assert y == pytest.approx(layer.forward(x, training=True))
    layer.state |= kept
    layer.forward(x[:3])
    assert all(
        np.array_equal(layer.state[name], kept[name]) for name in kept
    )  # prediction adds nothing


@every_dtype
@pytest.mark.parametrize("rows", [1, 2, 3, 31])
@pytest.mark.parametrize("value", [0.0, 1.0, -7.3, 1000.0])
@pytest.mark.filterwarnings("ignore:BatchNormalization got a batch of one")
def test_constant_inputs_become_beta_and_their_gradient_is_finite(rows, value, dtype):
    """Without variance there is nothing to scale; epsilon keeps the division finite."""
    layer = built(BatchNormalization(), inputs=2, dtype=dtype)
    x = np.full((rows, 2), value, dtype)
    y = layer.forward(x, training=True)
    assert y == pytest.approx(np.resize(layer.weights["beta"], (rows, 2)), abs=2e-2)
    dx = layer.backward(batch(rows, 2).astype(dtype))
    assert np.all(np.isfinite(dx))
    assert all(np.all(np.isfinite(gradient)) for gradient in layer.gradients.values())
    assert layer.state["moving_variance"] == pytest.approx(0.99, abs=1e-4)


def test_batch_normalization_does_not_see_scale_and_shift_of_its_input():
    layer, x = built(BatchNormalization(epsilon=0)), batch(20, 4)
    y = layer.forward(x, training=True).copy()
    assert layer.forward(1000 * x - 77, training=True) == pytest.approx(y)


def test_of_images_each_channel_is_normalized_over_all_places():
    layer, x = built(BatchNormalization(), inputs=(3, 5, 2)), batch(4, 3, 5, 2)
    flat = built(BatchNormalization(), inputs=2)
    assert layer.weights["gamma"].shape == layer.state["moving_mean"].shape == (2,)
    assert np.array_equal(
        layer.forward(x, training=True).reshape(-1, 2), flat.forward(x.reshape(-1, 2), True)
    )
    dy = batch(4, 3, 5, 2, seed=2)
    assert np.array_equal(layer.backward(dy).reshape(-1, 2), flat.backward(dy.reshape(-1, 2)))
    assert np.array_equal(layer.gradients["gamma"], flat.gradients["gamma"])
    assert np.array_equal(layer.forward(x).reshape(-1, 2), flat.forward(x.reshape(-1, 2)))


# --- Flatten, Rescaling, Input


def test_flatten_and_back():
    layer, x = built(Flatten(), inputs=(2, 3)), np.arange(12.0).reshape(2, 2, 3)
    assert layer.output_shape_for((2, 3)) == (6,)
    assert layer.forward(x).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert np.array_equal(layer.backward(layer.forward(x)), x)


@pytest.mark.parametrize("kind", ["uint8", "int16", "int64", "bool", "float32", "float64"])
@every_dtype
def test_rescaling_takes_every_kind_of_number(kind, dtype):
    x = (
        np.array([[0, 1, 0, 1]]).astype(kind)
        if kind == "bool"
        else np.array([[0, 1, 100, 3]]).astype(kind)
    )
    y = built(Rescaling(1 / 255, offset=-0.5), dtype=dtype).forward(x)
    assert y.dtype == dtype
    assert y == pytest.approx(x.astype(float) / 255 - 0.5, rel=1e-6)


def test_rescaling_takes_bytes_to_their_full_range():
    x = np.array([[0, 51, 102, 255]], np.uint8)
    assert built(Rescaling(1 / 255)).forward(x) == pytest.approx(np.array([[0, 0.2, 0.4, 1]]))
    assert built(Rescaling(2, offset=-255)).forward(x) == pytest.approx(
        np.array([[-255, -153, -51, 255]])
    )


def test_input_hands_on_what_it_gets():
    layer, x = Input((4,)), batch(2, 4)
    assert layer.build((4,), np.random.default_rng(0)) == (4,)
    assert layer.forward(x) is x and layer.backward(x) is x


# --- shapes


def test_the_shape_of_a_row_may_be_said_in_three_ways():
    assert Dense(3, input_dim=4).declared_shape == (4,)
    assert Dense(3, input_shape=(4,)).declared_shape == (4,)
    assert Input((28, 28)).declared_shape == (28, 28)
    assert Dense(3).declared_shape is None
    assert Dense(3, input_shape=[np.int64(4)]).config()["input_shape"] == [4]


def test_a_layer_that_has_weights_keeps_them_when_built_again():
    layer = built(Dense(3))
    kernel = layer.weights["kernel"].copy()
    layer.build((4,), np.random.default_rng(7), "float64")
    assert np.array_equal(layer.weights["kernel"], kernel)


def test_repr_is_the_call_that_makes_the_layer():
    namespace = vars(layers)
    for layer in (Dropout(0.25), Dense(3, "relu", input_dim=4), Flatten(input_shape=(28, 28))):
        assert eval(repr(layer), namespace).config() == layer.config()
