"""Batches from a generator, which moves each image by a pixel or two; a loop of one's own over train_on_batch."""

import numpy as np

import course_nn as keras

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, y_train = x_train[:4000] / 255, y_train[:4000]
x_test = x_test.reshape(-1, 784) / 255
rng = np.random.default_rng(1)


def batches(size):
    while True:
        rows = rng.integers(0, len(x_train), size)
        moved = np.roll(x_train[rows], rng.integers(-1, 2, 2), axis=(1, 2))
        yield moved.reshape(size, 784), y_train[rows]


model = keras.Sequential(
    [keras.Input((784,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, "softmax")]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(batches(64), steps_per_epoch=100, epochs=4, verbose=0)
for _batch in range(50):
    x, y = next(batches(64))
    loss, accuracy = model.train_on_batch(x, y)
print(f"accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.4f}")
