"""Logits: the last layer has no activation, the loss brings it, and a second model turns logits into probabilities."""

import numpy as np

import course_nn as keras

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, y_train = x_train[:6000] / 255.0, y_train[:6000]
x_test = x_test / 255.0

model = keras.models.Sequential(
    [
        keras.layers.Input(shape=(28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(10),
    ]
)
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[keras.metrics.SparseCategoricalAccuracy()],
)
model.fit(x_train, y_train, epochs=5, verbose=0)
print("figures", sorted(model.evaluate(x_test, y_test, verbose=0, return_dict=True)))

probability_model = keras.Sequential([model, keras.layers.Softmax()])
p = probability_model.predict(x_test, verbose=0)
assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
print(f"accuracy {np.mean(p.argmax(axis=1) == y_test):.4f}")
