"""Callbacks: stop early, keep the best model in a file, lower the learning rate, write a table."""

import tempfile
from pathlib import Path

import course_nn as keras

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[:6000].reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255
y_train = keras.utils.to_categorical(y_train[:6000], 10)
y_test = keras.utils.to_categorical(y_test, 10)

model = keras.Sequential(
    [
        keras.Input((784,)),
        keras.layers.Dense(64, activation="relu", kernel_initializer=keras.initializers.HeNormal()),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.RMSprop(learning_rate=0.003), "categorical_crossentropy", metrics=["accuracy"]
)

with tempfile.TemporaryDirectory() as folder:
    best, table = Path(folder) / "best.weights.h5", Path(folder) / "log.csv"
    history = model.fit(
        x_train,
        y_train,
        batch_size=128,
        epochs=15,
        validation_split=0.2,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=3),
            keras.callbacks.ModelCheckpoint(best, save_best_only=True, save_weights_only=True),
            keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=1),
            keras.callbacks.CSVLogger(table),
            keras.callbacks.TerminateOnNaN(),
        ],
    )
    model.load_weights(best)
    lines = table.read_text().splitlines()
print("columns", sorted(lines[0].split(",")))
assert len(lines) == 1 + len(history.history["loss"])
print(f"accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.4f}")
