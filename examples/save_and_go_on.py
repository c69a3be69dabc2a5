"""Save a model in the middle of its training, load it, and go on; freeze a layer."""

import tempfile
from pathlib import Path

import numpy as np

import course_nn as keras

keras.utils.set_random_seed(3)
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, y_train = x_train[:5000].reshape(-1, 784) / 255, y_train[:5000]
x_test = x_test.reshape(-1, 784) / 255

model = keras.Sequential(
    [
        keras.layers.Input((784,)),
        keras.layers.Dense(48, kernel_regularizer=keras.regularizers.l2(1e-4)),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=2, batch_size=64, verbose=0)
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "digits.keras")
    again = keras.models.load_model(Path(folder) / "digits.keras")
assert np.allclose(again.predict(x_test, verbose=0), model.predict(x_test, verbose=0), atol=1e-5)

again.layers[0].trainable = False
kernel = again.layers[0].get_weights()[0]
again.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
again.fit(x_train, y_train, epochs=2, batch_size=64, verbose=0)
assert np.array_equal(again.layers[0].get_weights()[0], kernel)
print("layers", len(again.layers))
print(f"accuracy {again.evaluate(x_test, y_test, verbose=0)[1]:.4f}")
