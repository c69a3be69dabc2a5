"""Train the network of the digit pad, in about a minute: ``python -m course_nn.widgets.train``

It learns from the 60,000 training images of MNIST, in each epoch turned, slanted, stretched and bent
anew (after P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks
applied to visual document analysis", ICDAR 2003), since every hand writes in its own way. The one
that ships reads 99.3 % of the 10,000 test images, by which nothing was chosen.
"""

from pathlib import Path

import numpy as np

from course_nn.datasets import mnist
from course_nn.layers import Dense, Rescaling
from course_nn.models import Sequential
from course_nn.optimizers import Adam, CosineDecay

FILE = Path(__file__).parent / "digits.safetensors"
EPOCHS, BATCH = 24, 128

_ROW, _COLUMN = np.mgrid[:28, :28].astype(np.float32)
# How much of the shift at each of 4 x 4 knots a pixel gets: it falls off in a straight line.
_NEAR = np.maximum(0, 1 - np.abs(np.arange(28)[:, None] / 9 - np.arange(4))).astype(np.float32)


def distorted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image as another hand might have written it; shapes (n, 28, 28) -> (n, 784), bytes."""
    n = len(images)
    turn, slant = rng.uniform(-0.2, 0.2, n), rng.uniform(-0.25, 0.25, n)
    tall, wide = rng.uniform(0.85, 1.15, (2, n))
    grid = rng.normal(0, 1, (2, n, 4, 4)) + rng.uniform(-1, 1, (2, n, 1, 1))
    bend = _NEAR @ grid.astype(np.float32) @ _NEAR.T

    # Where in the old image each pixel of the new one is taken from, relative to the middle.
    y, x = _ROW - 13.5, _COLUMN - 13.5
    a, b, c, d = (
        factor.astype(np.float32)[:, None, None]
        for factor in (np.cos(turn) / tall, np.sin(turn), slant - np.sin(turn), np.cos(turn) / wide)
    )
    row, column = (
        (way + np.float32(13.5)).clip(0, 26.999).reshape(n, 784)
        for way in (a * y + b * x + bend[0], c * y + d * x + bend[1])
    )

    # Between four pixels, a weighted mean of them.
    top, left = row.astype(np.intp), column.astype(np.intp)
    down, right = row - top, column - left
    flat, corner = images.reshape(n, 784), 28 * top + left
    upper_left, upper_right, lower_left, lower_right = (
        np.take_along_axis(flat, corner + offset, axis=1) for offset in (0, 1, 28, 29)
    )
    upper = (1 - right) * upper_left + right * upper_right
    lower = (1 - right) * lower_left + right * lower_right
    return ((1 - down) * upper + down * lower).round().astype(np.uint8)


def main() -> None:
    """Train the network, say how well it reads the test images, and write it beside this module."""
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    steps = EPOCHS * -(-len(x_train) // BATCH)
    model = Sequential(
        [
            Rescaling(1 / 255, input_dim=784),
            Dense(256, activation="relu"),
            Dense(128, activation="relu"),
            Dense(10, activation="softmax"),
        ],
        seed=0,
    )
    model.compile(
        Adam(CosineDecay(0.002, steps)), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    rng = np.random.default_rng(0)
    for epoch in range(EPOCHS):
        parts = np.split(x_train, 60)  # small enough for the cache
        x = np.concatenate([distorted(part, rng) for part in parts])
        loss = model.fit(x, y_train, batch_size=BATCH, verbose=0).history["loss"][-1]
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {loss:.4f}", flush=True)
    accuracy = np.mean(model.predict(x_test.reshape(-1, 784)).argmax(axis=1) == y_test)
    print(f"reads {accuracy:.2%} of the test images")
    model.save(FILE)


if __name__ == "__main__":
    main()
