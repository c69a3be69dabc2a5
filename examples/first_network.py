"""The smallest program: 784 pixels, one hidden layer, ten digits."""

import course_nn as keras

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, y_train = x_train[:6000].reshape(6000, 784) / 255, y_train[:6000]
x_test = x_test.reshape(10_000, 784) / 255

model = keras.Sequential()
model.add(keras.layers.Dense(32, activation="relu"))
model.add(keras.layers.Dense(10, activation="softmax"))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["acc"])
model.fit(x_train, y_train, epochs=4, batch_size=32, verbose=0)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"accuracy {accuracy:.4f}")
