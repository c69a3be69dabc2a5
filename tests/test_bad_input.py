"""A mistake gets a sentence that says what was given, what was wanted, and what to do."""

import numpy as np
import pytest

from course_nn import activations, initializers, losses, metrics, optimizers, regularizers, utils
from course_nn.callbacks import Callback, EarlyStopping, LayerRecorder
from course_nn.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    Rescaling,
)
from course_nn.models import Sequential

N, INPUTS, CLASSES = 12, 4, 3
X = np.random.default_rng(0).normal(size=(N, INPUTS))
LABELS = np.arange(N) % CLASSES
ONE_HOT = utils.to_categorical(LABELS)
NAN, INF = float("nan"), float("inf")


def model(loss="categorical_crossentropy", *, last=None, **options):
    last = last or Dense(CLASSES, "softmax")
    model = Sequential([Dense(5, "relu", input_dim=INPUTS), BatchNormalization(), last], seed=0)
    model.compile("adam", loss, **options)
    return model


def fit(x=X, y=ONE_HOT, loss="categorical_crossentropy", **options):
    return model(loss).fit(x, y, verbose=0, **options)


def with_value(array, value, row=7):
    array = np.array(array, dtype=float)
    array[row] = value
    return array


class Foreign:
    pass


MISTAKES = {
    # --- the shape of the inputs
    "too few columns": (
        lambda: fit(X[:, :3]),
        ValueError, ["examples of shape (4,)", "examples of shape (3,)"],
    ),
    "images not flattened": (
        lambda: fit(X.reshape(N, 2, 2)),
        ValueError, ["(4,)", "(2, 2)", "x.reshape(len(x), 4)"],
    ),
    "images of digits into a dense network": (
        lambda: Sequential([Dense(3, input_dim=784)]).predict(np.zeros((5, 28, 28))),
        ValueError, ["(784,)", "(28, 28)", "x.reshape(len(x), 784)", "Flatten()"],
    ),
    "one image": (
        lambda: Sequential([Flatten(input_shape=(28, 28)), Dense(3)]).predict(np.zeros((28, 28))),
        ValueError, ["(28, 28)", "one example", "x[np.newaxis]"],
    ),
    "flattened where images are wanted": (
        lambda: Sequential([Flatten(input_shape=(2, 2))]).predict(X),
        ValueError, ["(2, 2)", "(4,)", "x.reshape(len(x), 2, 2)"],
    ),
    "one row without a batch": (
        lambda: model().predict(X[0]),
        ValueError, ["got shape (4,)", "x[np.newaxis]"],
    ),
    "a single number": (lambda: model().predict(3.0), ValueError, ["examples", "got shape ()"]),
    "empty data": (lambda: fit(X[:0], ONE_HOT[:0]), ValueError, ["no examples"]),
    "evaluate empty data": (
        lambda: model().evaluate(X[:0], ONE_HOT[:0]),
        ValueError, ["no examples"],
    ),
    "x longer than y": (
        lambda: fit(X, ONE_HOT[:9]),
        ValueError, ["12 examples", "shape (9, 3)", "each example needs one"],
    ),
    "no y": (lambda: fit(X, None), TypeError, ["targets", "numbers", "object"]),
    "y is one number": (lambda: fit(X, 1), ValueError, ["12 examples", "shape ()"]),
    # --- what the inputs are made of
    "strings": (lambda: fit(X.astype(str)), TypeError, ["inputs must be real numbers", "<U"]),
    "complex numbers": (lambda: fit(X + 1j), TypeError, ["real numbers", "complex128"]),
    "objects": (lambda: model().predict(X.astype(object)), TypeError, ["real numbers", "object"]),
    "NaN in the inputs": (
        lambda: fit(with_value(X, NAN)),
        ValueError, ["NaN, infinity", "row 7", "Remove or correct"],
    ),
    "infinity in the inputs": (lambda: fit(with_value(X, INF)), ValueError, ["row 7"]),
    "a number beyond float32": (
        lambda: model().evaluate(with_value(X, 1e300), ONE_HOT),
        ValueError, ["too large for float32", "row 7"],
    ),
    "NaN in the validation data": (
        lambda: fit(validation_data=(with_value(X, NAN), ONE_HOT)),
        ValueError, ["NaN, infinity", "row 7"],
    ),
    "NaN in what evaluate gets": (
        lambda: model().evaluate(with_value(X, NAN), ONE_HOT, batch_size=5),
        ValueError, ["NaN, infinity", "row 7"],
    ),
    # --- targets
    "targets of another width": (
        lambda: fit(y=ONE_HOT[:, :2]),
        ValueError, ["shape (12, 2)", "gives (3,)", "last layer's units"],
    ),
    "labels for the categorical loss": (
        lambda: fit(y=LABELS),
        ValueError,
        [
            "one-hot", "(rows, 3)", "shape (12,)",
            "to_categorical(y, 3)", "'sparse_categorical_crossentropy'",
        ],
    ),
    "a column of labels for the categorical loss": (
        lambda: fit(y=LABELS[:, np.newaxis]),
        ValueError, ["one-hot", "shape (12, 1)", "to_categorical"],
    ),
    "one-hot for the sparse loss": (
        lambda: fit(loss="sparse_categorical_crossentropy"),
        ValueError,
        [
            "one class label", "shape (12, 3)", "'categorical_crossentropy'",
            "y.argmax(axis=1)",
        ],
    ),
    "label too large": (
        lambda: fit(y=LABELS + 1, loss="sparse_categorical_crossentropy"),
        ValueError, ["from 1 to 3", "3 outputs", "0 to 2", "4 units"],
    ),
    "label below 0": (
        lambda: fit(y=LABELS - 1, loss="sparse_categorical_crossentropy"),
        ValueError, ["from -1 to 1", "0 to 2"],
    ),
    "label that is no whole number": (
        lambda: fit(y=with_value(LABELS, 1.5), loss="sparse_categorical_crossentropy"),
        ValueError, ["whole numbers", "row 7 is 1.5"],
    ),
    "NaN among the labels": (
        lambda: fit(y=with_value(LABELS, NAN), loss="sparse_categorical_crossentropy"),
        ValueError, ["row 7 is nan"],
    ),
    "NaN among one-hot rows": (
        lambda: fit(y=with_value(ONE_HOT, NAN)),
        ValueError, ["targets hold NaN", "row 7", "Remove or correct"],
    ),
    "rows that do not sum to 1": (
        lambda: fit(y=with_value(ONE_HOT, [1, 1, 0])),
        ValueError, ["sums to 1", "row 7 is [1.0, 1.0, 0.0]", "to_categorical"],
    ),
    "rows that are negative": (
        lambda: fit(y=with_value(ONE_HOT, [2, -1, 0])),
        ValueError, ["row 7 is [2.0, -1.0, 0.0]"],
    ),
    "targets beyond 0 and 1": (
        lambda: fit(y=ONE_HOT * 2 - 1, loss="binary_crossentropy"),
        ValueError, ["from 0 to 1", "-1 to 1", "'mean_squared_error'"],
    ),
    "strings for targets": (
        lambda: fit(y=np.array(list("abc"))[LABELS]),
        TypeError, ["targets must be real numbers", "<U1"],
    ),
    "a loss of targets and predictions that differ in number": (
        lambda: losses.get("mse")([1, 2, 3], [1, 2]),
        ValueError, ["3 targets", "2 predictions"],
    ),
    # --- names
    "optimizer": (
        lambda: Sequential().compile("adm", "mse"),
        ValueError, ["'adm' is no optimizer", "Did you mean 'adam'?", "rmsprop, sgd"],
    ),
    "loss": (
        lambda: Sequential().compile("adam", "categorical_cross_entropy"),
        ValueError, ["no loss", "Did you mean 'categorical_crossentropy'?", "mse"],
    ),
    "no loss": (
        lambda: Sequential().compile("adam"),
        ValueError, ["loss='categorical_crossentropy'"],
    ),
    "metric": (
        lambda: Sequential().compile("adam", "mse", metrics=["acuracy"]),
        ValueError, ["'acuracy' is no metric", "Did you mean 'accuracy'?"],
    ),
    "activation": (
        lambda: Dense(3, activation="Relu"),
        ValueError, ["'Relu' is no activation", "Did you mean 'relu'?", "softmax"],
    ),
    "activation of an activation": (lambda: Activation("max"), ValueError, ["no activation"]),
    "activation looked up": (lambda: activations.get("gellu"), ValueError, ["Did you mean 'gelu'?"]),
    "initializer": (
        lambda: Dense(3, kernel_initializer="glorot"),
        ValueError, ["'glorot' is no initializer", "glorot_uniform"],
    ),
    "initializer of the bias": (
        lambda: Dense(3, bias_initializer="zeroes"),
        ValueError, ["Did you mean 'zeros'?"],
    ),
    "initializer looked up": (
        lambda: initializers.get("xavier"),
        ValueError, ["'xavier'", "he_normal"],
    ),
    "regularizer": (
        lambda: Dense(3, kernel_regularizer="L2"),
        ValueError, ["'L2' is no regularizer", "Did you mean 'l2'?"],
    ),
    "regularizer as a number": (
        lambda: Dense(3, kernel_regularizer=0.01),
        ValueError, ["0.01 is no regularizer", "l1, l1_l2, l2"],
    ),
    "dtype": (
        lambda: Sequential(dtype="float16"),
        ValueError, ["'float16'", "'float32' or 'float64'"],
    ),
    "dtype that is none": (lambda: Sequential(dtype="f00"), ValueError, ["'f00'", "'float32'"]),
    # --- order of calls
    "fit before compile": (
        lambda: Sequential([Dense(3)]).fit(X, ONE_HOT),
        RuntimeError, ["not compiled", "model.compile(optimizer='adam', loss=...)", "before fit"],
    ),
    "evaluate before compile": (
        lambda: Sequential([Dense(3)]).evaluate(X, ONE_HOT),
        RuntimeError, ["not compiled", "before evaluate"],
    ),
    "predict without layers": (
        lambda: Sequential().predict(X),
        ValueError, ["no layers", "model.add(Dense(10))"],
    ),
    "summary without a shape": (
        lambda: Sequential([Dense(3)]).summary(),
        ValueError, ["shape of the input is not known", "input_dim", "fit"],
    ),
    "save without a shape": (
        lambda: Sequential([Dense(3)]).save("never_written"),
        ValueError, ["shape of the input is not known"],
    ),
    # --- numbers of fit
    "batch_size 0": (lambda: fit(batch_size=0), ValueError, ["batch_size", "1 or more", "got 0"]),
    "batch_size 2.5": (
        lambda: fit(batch_size=2.5),
        ValueError, ["batch_size", "whole number", "2.5"],
    ),
    "batch_size in words": (lambda: fit(batch_size="32"), ValueError, ["batch_size", "'32'"]),
    "predict in batches of 0": (
        lambda: model().predict(X, batch_size=0),
        ValueError, ["batch_size"],
    ),
    "evaluate in batches of 0": (
        lambda: model().evaluate(X, ONE_HOT, batch_size=0),
        ValueError, ["batch_size"],
    ),
    "epochs 0": (lambda: fit(epochs=0), ValueError, ["epochs", "1 or more", "got 0"]),
    "epochs 1.5": (lambda: fit(epochs=1.5), ValueError, ["epochs", "1.5"]),
    "validation_split 1": (lambda: fit(validation_split=1), ValueError, ["below 1", "got 1"]),
    "validation_split -0.1": (lambda: fit(validation_split=-0.1), ValueError, ["-0.1"]),
    "validation_split too small": (
        lambda: fit(X[:1], ONE_HOT[:1], validation_split=0.1),
        ValueError, ["validation_split=0.1 of 1 examples", "leaves none"],
    ),
    "validation data without y": (
        lambda: fit(validation_data=X),
        ValueError, ["a pair (x, y)", "ndarray"],
    ),
    "validation data of another shape": (
        lambda: fit(validation_data=(X[:, :2], ONE_HOT)),
        ValueError, ["(4,)", "(2,)"],
    ),
    "a callback that is none": (
        lambda: fit(callbacks=[Foreign()]),
        TypeError, ["list of callbacks", "EarlyStopping()", "Foreign"],
    ),
    "a callback without parentheses": (
        lambda: fit(callbacks=[EarlyStopping]),
        TypeError, ["list of callbacks", "EarlyStopping()", "<class"],
    ),
    "a callback without its list": (
        lambda: fit(callbacks=EarlyStopping()),
        TypeError, ["list of callbacks", "[EarlyStopping()]"],
    ),
    "a figure that is not there": (
        lambda: fit(callbacks=[EarlyStopping()]),
        ValueError, ["'val_loss'", "gives only loss", "validation_split"],
    ),
    "mode of early stopping": (
        lambda: EarlyStopping(mode="least"),
        ValueError, ["'max'", "'least'"],
    ),
    "recorder that never records": (
        lambda: LayerRecorder(every=0),
        ValueError, ["1 or more", "got 0"],
    ),
    "unknown keyword of fit": (
        lambda: fit(class_weigth={}),
        TypeError, ["fit takes no argument 'class_weigth'", "Did you mean 'class_weight'?"],
    ),
    # --- layers
    "add without parentheses": (
        lambda: Sequential().add(Dense),
        TypeError, ["add takes a layer", "Dense(32)", "<class"],
    ),
    "a layer that is none": (
        lambda: Sequential([Foreign()]),
        TypeError, ["add takes a layer", "Foreign"],
    ),
    "the same layer twice": (
        lambda: Sequential([layer := Dense(4), layer]),
        ValueError, ["Dense(units=4", "already", "new layer"],
    ),
    "Dense(0)": (lambda: Dense(0), ValueError, ["units", "1 or more", "got 0"]),
    "Dense(2.5)": (lambda: Dense(2.5), ValueError, ["whole number of units", "2.5"]),
    "Dense('32')": (lambda: Dense("32"), ValueError, ["'32'"]),
    "Dropout(1)": (lambda: Dropout(1.0), ValueError, ["below 1", "got 1.0", "0.2 to 0.5"]),
    "Dropout(-0.1)": (lambda: Dropout(-0.1), ValueError, ["at least 0", "-0.1"]),
    "Dropout(50)": (lambda: Dropout(50), ValueError, ["below 1", "got 50"]),
    "unknown keyword of a layer": (
        lambda: Dense(3, activations="relu"),
        TypeError, ["Dense takes no argument 'activations'", "activation", "input_dim"],
    ),
    "unknown keyword of a layer without any": (
        lambda: Flatten(axis=1),
        TypeError, ["Flatten takes no argument 'axis'", "input_shape"],
    ),
    "input_shape without a comma": (
        lambda: Dense(3, input_shape=(784)),
        ValueError, ["tuple", "such as (784,)", "got 784"],
    ),
    "Input of a number": (lambda: Input(784), ValueError, ["(784,)", "got 784"]),
    "input_dim 0": (lambda: Dense(3, input_dim=0), ValueError, ["1 or more", "(0,)"]),
    "input_dim as a tuple": (
        lambda: Dense(3, input_dim=(4,)),
        ValueError, ["whole numbers", "((4,),)"],
    ),
    "input_shape with the batch": (lambda: Input((None, 784)), ValueError, ["(None, 784)"]),
    "Dense on images": (
        lambda: Sequential([Dense(3, input_shape=(28, 28))]),
        ValueError, ["rows of numbers", "(28, 28)", "Flatten()"],
    ),
    "Dense on images that come later": (
        lambda: Sequential([Dense(3)]).predict(np.zeros((5, 28, 28))),
        ValueError, ["(28, 28)", "Flatten()"],
    ),
    "a shape that the layer before does not give": (
        lambda: Sequential([Dense(5, input_dim=4), Dense(3, input_dim=4)]),
        ValueError, ["input_shape=[4]", "examples of shape (5,)", "first layer"],
    ),
    "a layer of another model, for other rows": (
        lambda: Sequential([Dense(6, input_dim=4), model(last=Dense(CLASSES)).layers[-1]]),
        ValueError, ["examples of shape (5,)", "(6,)", "Make a new layer"],
    ),
    "a layer of another model, of another type": (
        lambda: Sequential([model().layers[0]], dtype="float64"),
        ValueError, ["float32", "float64", "Make a new layer"],
    ),
    # --- weights
    "too few weights": (
        lambda: model().set_weights([np.zeros((4, 5))]),
        ValueError, ["has 8 arrays", "got 1"],
    ),
    "weights of another shape": (
        lambda: model().set_weights([w.T for w in model().get_weights()]),
        ValueError, ["'0.kernel'", "shape (4, 5)", "(5, 4)"],
    ),
    # --- optimizers, schedules, regularizers
    "learning rate 0": (lambda: optimizers.SGD(0), ValueError, ["above 0", "got 0", "1e-4 and 1"]),
    "learning rate below 0": (lambda: optimizers.Adam(-0.1), ValueError, ["above 0", "-0.1"]),
    "learning rate NaN": (lambda: optimizers.RMSprop(NAN), ValueError, ["above 0", "nan"]),
    "learning rate without end": (lambda: optimizers.Adagrad(INF), ValueError, ["inf"]),
    "learning rate in words": (lambda: optimizers.Adam("fast"), ValueError, ["number", "'fast'"]),
    "momentum 1": (
        lambda: optimizers.SGD(0.1, momentum=1),
        ValueError, ["below 1", "got 1", "0.9"],
    ),
    "rho 1": (lambda: optimizers.RMSprop(rho=1), ValueError, ["rho", "below 1", "got 1"]),
    "beta 1": (
        lambda: optimizers.Adam(beta_2=1),
        ValueError, ["beta_2", "below 1", "got 0.9 and 1"],
    ),
    "schedule without steps": (
        lambda: optimizers.StepDecay(0.1, decay_steps=0),
        ValueError, ["decay_steps above 0", "decay_steps=0"],
    ),
    "schedule without rate": (
        lambda: optimizers.CosineDecay(0, decay_steps=5),
        ValueError, ["initial_learning_rate", "=0,"],
    ),
    "step with another shape": (
        lambda: optimizers.SGD().step(np.zeros(3), np.zeros(4)),
        ValueError, ["one shape", "(3,)", "(4,)"],
    ),
    "step with another type": (
        lambda: optimizers.SGD().step(np.zeros(3, np.float32), np.zeros(3)),
        ValueError, ["one float type", "float32", "float64"],
    ),
    "step with whole numbers": (
        lambda: optimizers.SGD().step(np.zeros(3, int), np.zeros(3, int)),
        ValueError, ["float", "int64"],
    ),
    "step with every second number": (
        lambda: optimizers.SGD().step(np.zeros(6)[::2], np.zeros(3)),
        ValueError, ["C order"],
    ),
    "negative factor": (
        lambda: regularizers.l2(-0.1),
        ValueError, ["0 or more", "l2=-0.1", "1e-4"],
    ),
    "factor NaN": (lambda: regularizers.l1(NAN), ValueError, ["l1=nan"]),
    "a layer as activation": (
        lambda: Dense(3, activation=Dropout(0.5)),
        TypeError, ["Dropout(rate=0.5)", "no activation", "behind"],
    ),
    "an argument that no activation takes": (
        lambda: activations.relu(X, slope=3),
        TypeError, ["'slope'", "negative_slope"],
    ),
    "an activation that mixes examples": (
        lambda: model("mse", last=Dense(CLASSES, lambda z: z / (1 + abs(z).max()))).fit(X, ONE_HOT),
        ValueError, ["own lambda", "mixes examples", "forward and backward"],
    ),
    "an activation of another shape": (
        lambda: model("mse", last=Dense(CLASSES, lambda z: z[:, :1])).fit(X, ONE_HOT),
        ValueError, ["own lambda", "(12, 1)", "(12, 3)"],
    ),
    "a file of a function of one's own": (
        lambda: model(last=Dense(CLASSES, np.tanh)).save("never written"),
        ValueError, ["own tanh", "save_weights"],
    ),
    # --- metrics, one-hot
    "predictions of another number": (
        lambda: metrics.accuracy([0, 1], [0, 1, 1]),
        ValueError, ["2 true labels", "3 predictions"],
    ),
    "a label below 0 to count": (
        lambda: metrics.confusion_matrix([-1, 0], [0, 0]),
        ValueError, ["got -1 to 0"],
    ),
    "a label beyond the classes to count": (
        lambda: metrics.precision([0, 5], [0, 0], num_classes=3),
        ValueError, ["0 to 2 for 3 classes", "0 to 5"],
    ),
    "labels in three axes": (
        lambda: metrics.classes_of(np.zeros((2, 2, 2))),
        ValueError, ["(2, 2, 2)"],
    ),
    "one-hot of a label beyond": (
        lambda: utils.to_categorical([0, 10], 10),
        ValueError, ["from 0 to 10", "10 classes allow 0 to 9"],
    ),
    "one-hot of a label below 0": (
        lambda: utils.to_categorical([-1, 1]),
        ValueError, ["from -1 to 1"],
    ),
    "one-hot of fractions": (
        lambda: utils.to_categorical([0.5, 1]),
        TypeError, ["whole numbers", "float64", "[0.5]", "np.unique"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake, error, words", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_explained(mistake, error, words):
    with pytest.raises(error) as raised:
        mistake()
    message = str(raised.value)
    assert [word for word in words if word not in message] == [], message
    assert "\n" not in message
    if "unexpected keyword" not in message:  # Python's own words have no full stop
        assert message.endswith("."), message


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_with_nan_reach_neither_weights_nor_moving_averages(value, dtype):
    trained = model()
    weights = trained.get_weights()
    with pytest.raises(ValueError, match="row 7"):
        trained.fit(with_value(X, value).astype(dtype), ONE_HOT, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(trained.get_weights(), weights, strict=True))
    with pytest.raises(ValueError, match="row 7"):
        trained.fit(with_value(X, value).astype(dtype), ONE_HOT, batch_size=2, epochs=3, verbose=0)
    assert all(np.all(np.isfinite(array)) for array in trained.get_weights())
    assert np.all(np.isfinite(trained.fit(X, ONE_HOT, verbose=0).history["loss"]))


def test_very_large_numbers_are_no_nan():
    """Their squares overflow float32; the numbers themselves do not."""
    x = with_value(X, 1e25).astype(np.float32)
    one_layer = Sequential([Rescaling(1e-25), Dense(CLASSES, "softmax")])
    one_layer.compile("sgd", "categorical_crossentropy")
    assert np.isfinite(one_layer.fit(x, ONE_HOT, verbose=0).history["loss"][0])


def test_a_row_with_nan_is_predicted_as_nan_and_the_others_as_they_are():
    trained = model()
    predicted = trained.predict(with_value(X, NAN))
    assert np.all(np.isnan(predicted[7]))
    others = np.arange(N) != 7
    assert predicted[others] == pytest.approx(trained.predict(X)[others])


def test_a_mistake_leaves_the_model_as_it_was():
    trained = model()
    trained.fit(X, ONE_HOT, verbose=0)
    weights, prediction = trained.get_weights(), trained.predict(X)
    for mistake in (
        lambda: trained.add(Dense(3, input_dim=77)),
        lambda: trained.add(Foreign()),
        lambda: trained.add(trained.layers[0]),
        lambda: trained.fit(X[:, :2], ONE_HOT),
        lambda: trained.fit(X, LABELS),
        lambda: trained.fit(X, ONE_HOT, callbacks=[Foreign()]),
        lambda: trained.predict(X[0]),
        lambda: trained.set_weights(weights[:-1]),
    ):
        with pytest.raises((TypeError, ValueError)):
            mistake()
        assert np.array_equal(trained.predict(X), prediction)
        assert all(
            np.array_equal(a, b) for a, b in zip(trained.get_weights(), weights, strict=True)
        )
    assert trained.fit(X, ONE_HOT, verbose=0).epoch == [0]


# --- images that were not scaled: a warning


IMAGES = np.arange(0, 4 * N, dtype=np.uint8).reshape(N, 2, 2)
IMAGES[3, 0, 1] = 255


def train(*layers, x=IMAGES):
    trained = Sequential([*layers, Dense(CLASSES, "softmax")])
    trained.compile("adam", "categorical_crossentropy")
    return trained.fit(x, ONE_HOT, verbose=0)


@pytest.mark.parametrize("kind", ["uint8", "int64", "float32", "float64"])
def test_images_that_are_not_scaled_are_warned_of_where_fit_was_called(kind):
    with pytest.warns(UserWarning, match="inputs reach 255; .*x / 255") as warned:
        train(Flatten(), x=IMAGES.astype(kind))
    assert len(warned) == 1
    assert warned[0].filename == __file__


def test_scaled_inputs_are_not_warned_of():
    """Warnings are errors in these tests, so to train is to pass."""
    train(Flatten(), x=IMAGES / 255)
    train(Flatten(), x=(IMAGES / 255 - 0.5) * 6)
    train(Rescaling(1 / 255), Flatten())
    train(Input((2, 2)), Flatten(), Rescaling(1 / 255))
    train(Flatten(), BatchNormalization())


def test_a_callback_of_ones_own_needs_no_method():
    assert fit(callbacks=[Callback()]).epoch == [0]


def test_numbers_in_a_row_are_a_column_for_a_network_of_one_input():
    """As in Keras: x of shape (n,) for input_dim=1."""
    line = Sequential([Dense(1, input_dim=1)], seed=0)
    line.compile("sgd", "mse")
    x = np.linspace(-1, 1, N)
    line.fit(x, 2 * x, verbose=0)
    assert np.array_equal(line.predict(x), line.predict(x[:, np.newaxis]))
    assert line.evaluate(x, 2 * x) == line.evaluate(x[:, np.newaxis], 2 * x)
