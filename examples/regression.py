"""Regression: a curve with noise, a schedule for the learning rate, mean absolute error beside the loss."""

import numpy as np

import course_nn as keras

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, 2000)
y = np.sin(x) + rng.normal(0, 0.1, 2000)

model = keras.Sequential(
    [
        keras.layers.Dense(32, activation="tanh", input_dim=1),
        keras.layers.Dense(32, activation="tanh"),
        keras.layers.Dense(1),
    ]
)
rate = keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=200, decay_rate=0.8)
model.compile(optimizer=keras.optimizers.Adam(rate), loss="mse", metrics=["mae"])
history = model.fit(x, y, epochs=30, validation_split=0.25, verbose=0).history
print("figures", sorted(history))

error = np.mean(
    np.abs(
        model.predict(np.linspace(-3, 3, 200), verbose=0)[:, 0] - np.sin(np.linspace(-3, 3, 200))
    )
)
assert history["loss"][-1] < 0.03 and error < 0.1
print(f"accuracy {1 - error:.4f}")
