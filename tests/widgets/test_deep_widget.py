"""The figure of chapter 8: what it measures is what a network of the package has, and each dial turns it."""

import numpy as np
import pytest

from course_nn.datasets import mnist
from course_nn.layers import Dense
from course_nn.models import Sequential
from course_nn.utils import to_categorical
from course_nn.widgets import deep


@pytest.mark.parametrize("activation", deep.ACTIVATIONS)
def test_it_measures_what_the_package_computes(activation):
    depth, found = 4, deep.measure(4, activation, "Glorot")
    (images, labels), _test = mnist.load_data()
    x, y = images[:100].reshape(100, 784) / 255, to_categorical(labels[:100], 10)
    model = Sequential(dtype="float64")
    for _layer in range(depth):
        model.add(Dense(100, activation=activation.lower(), use_bias=False))
    model.add(Dense(10, activation="softmax", use_bias=False))
    model.compile("sgd", "categorical_crossentropy")
    model.build((784,))
    model.set_weights(deep.first_weights_of(depth, "Glorot"))
    model.loss_and_gradients(x, y.astype(float))
    wanted = [np.sqrt(np.mean(layer.gradients["kernel"] ** 2)) for layer in model.layers[:-1]]
    assert np.allclose(found.gradients, wanted, rtol=1e-9)
    spreads, h = [], x
    for layer in model.layers[:-1]:
        h = layer.forward(h).copy()
        spreads.append(h.std())
    assert np.allclose(found.spreads, spreads, rtol=1e-9)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("N(0, 0.05)", 0.05), ("Glorot", 0.1), ("He", np.sqrt(0.02)), ("0.5 × He", np.sqrt(0.005))],
)
def test_the_first_weights_are_spread_as_they_are_called(kind, wanted):
    first, *hidden, last = deep.first_weights_of(3, kind)
    assert (first.shape, last.shape) == ((784, 100), (100, 10))
    assert [W.std() for W in hidden] == pytest.approx([wanted] * 2, rel=0.05)
    assert np.array_equal(first, deep.first_weights_of(50, kind)[0])


def test_each_dial_changes_picture_and_sentence():
    shown = deep.layers()
    stage, controls, note = shown.children
    depth, activation, first = controls.children
    assert "fades on its way back" in note.value
    seen = {stage.png}
    activation.value = "ReLU"
    first.value = "N(0, 0.05)"
    assert "fades on its way forward" in note.value
    seen.add(stage.png)
    depth.value, first.value = 30, "1.5 × He"
    assert "explodes" in note.value
    seen.add(stage.png)
    depth.value, first.value = 10, "He"
    assert "stay level" in note.value
    depth.value = 50
    assert len(deep.measure(50, "ReLU", "He").spreads) == 50
    assert len(seen | {stage.png}) == 4
    shown.close()
