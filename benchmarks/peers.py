"""The workloads, and the peers: each trains by one function and predicts by another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_nn.optimizers import Adam
from course_nn.utils import to_categorical

Array = np.ndarray
Runs = tuple[Callable[[], object], Callable[[], Array]]  # train one epoch; predict the test images
CHUNK = 1000  # rows that PyTorch and the bare products predict at once: faster than all 10,000


@dataclass(frozen=True)
class Workload:
    title: str
    sizes: tuple[int, ...]
    batch: int
    gates: tuple[float, float]  # ours / PyTorch must stay below the first and aims at the second
    bare_gates: tuple[float, float]  # the same against the bare matrix products
    dropout: float = 0.0
    l2: float = 0.0
    batch_norm: bool = False
    predict: bool = False


SMALL, MIDDLE, WIDE = (784, 32, 10), (784, 128, 64, 10), (784, 512, 512, 10)
WORKLOADS = {
    "W1": Workload("784-32-10, batch 32", SMALL, 32, (0.29, 0.25), (3.3, 2.9)),
    "W2": Workload("784-128-64-10, batch 128", MIDDLE, 128, (0.76, 0.70), (1.45, 1.36)),
    "W3": Workload(
        "784-512-512-10, dropout 0.2, L2, batch 256",
        WIDE,
        256,
        (0.86, 0.80),
        (1.28, 1.19),
        dropout=0.2,
        l2=1e-4,
    ),
    "W4": Workload(
        "W2 with batch normalization", MIDDLE, 128, (0.75, 0.68), (1.55, 1.44), batch_norm=True
    ),
    "W5": Workload(
        "10,000 predictions by W2", MIDDLE, 128, (0.97, 0.92), (1.10, 1.06), predict=True
    ),
}


def images(flat: Array) -> Array:
    """uint8 images as float32 rows from 0 to 1, with no second copy on the way."""
    x = flat.reshape(len(flat), -1).astype(np.float32)
    x /= 255
    return x


def course_nn(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    from course_nn import layers, models, regularizers

    model = build_keras(work, models, layers, regularizers)
    labels = to_categorical(y, 10)
    return (
        lambda: model.fit(x, labels, epochs=1, batch_size=work.batch, verbose=0),
        lambda: model.predict(x_test, verbose=0),
    )


def train_on_bytes(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    """course_nn on images that stay bytes; the network scales each batch."""
    from course_nn.layers import Dense, Rescaling
    from course_nn.models import Sequential

    x, x_test, labels = x.reshape(-1, 784), x_test.reshape(-1, 784), to_categorical(y, 10)
    hidden = [Dense(units, "relu") for units in work.sizes[1:-1]]
    model = Sequential([Rescaling(1 / 255, input_dim=784), *hidden, Dense(10, "softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    return lambda: model.fit(x, labels, batch_size=work.batch, verbose=0), lambda: model.predict(
        x_test
    )


def keras(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    from keras import layers, models, regularizers

    model = build_keras(work, models, layers, regularizers)
    labels = to_categorical(y, 10)
    return (
        lambda: model.fit(x, labels, epochs=1, batch_size=work.batch, verbose=0),
        lambda: model.predict(x_test, batch_size=1000, verbose=0),
    )


def build_keras(work: Workload, models, layers, regularizers):
    """The network in Keras's words, which are course_nn's words too."""
    model = models.Sequential([layers.Input((work.sizes[0],))])
    penalty = {"kernel_regularizer": regularizers.l2(work.l2)} if work.l2 else {}
    for units in work.sizes[1:-1]:
        if work.batch_norm:
            model.add(layers.Dense(units, **penalty))
            model.add(layers.BatchNormalization())
            model.add(layers.Activation("relu"))
        else:
            model.add(layers.Dense(units, activation="relu", **penalty))
        if work.dropout:
            model.add(layers.Dropout(work.dropout))
    model.add(layers.Dense(work.sizes[-1], activation="softmax", **penalty))
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    return model


def pytorch(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    """Eager PyTorch in its fastest form: fused Adam, one tensor, rows gathered by index_select."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    parts: list[nn.Module] = []
    for before, after in zip(work.sizes[:-2], work.sizes[1:-1]):
        parts.append(nn.Linear(before, after))
        if work.batch_norm:
            parts.append(nn.BatchNorm1d(after, eps=1e-3, momentum=0.01))
        parts.append(nn.ReLU())
        if work.dropout:
            parts.append(nn.Dropout(work.dropout))
    model = nn.Sequential(*parts, nn.Linear(*work.sizes[-2:]))
    # Adam adds weight_decay p to the gradient: the gradient of L2 |p|^2, without the graph for it.
    groups = [
        {"params": [p for p in model.parameters() if p.ndim == 2], "weight_decay": 2 * work.l2},
        {"params": [p for p in model.parameters() if p.ndim == 1]},
    ]
    optimizer = torch.optim.Adam(groups if work.l2 else model.parameters(), eps=1e-7, fused=True)
    inputs, tests = torch.from_numpy(x), torch.from_numpy(x_test)
    labels = torch.from_numpy(y.astype(np.int64))

    def epoch() -> None:
        model.train()
        order = torch.randperm(len(inputs))
        for start in range(0, len(inputs), work.batch):
            rows = order[start : start + work.batch]
            optimizer.zero_grad()
            logits = model(inputs.index_select(0, rows))
            nn.functional.cross_entropy(logits, labels.index_select(0, rows)).backward()
            optimizer.step()

    @torch.inference_mode()
    def predict() -> Array:
        model.eval()
        return torch.cat([model(rows).softmax(1) for rows in tests.split(CHUNK)]).numpy()

    return epoch, predict


def pytorch_flushed(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    """The same, and the processor takes subnormal numbers as 0. Few programs ask for this, but L2
    makes such numbers of the weights of black pixels, and they slow PyTorch down threefold."""
    import torch

    torch.set_flush_denormal(True)
    return pytorch(work, x, y, x_test)


def scikit_learn(work: Workload, x: Array, y: Array, x_test: Array) -> Runs | None:
    from sklearn.neural_network import MLPClassifier

    if work.dropout or work.batch_norm:
        return None
    model = MLPClassifier(work.sizes[1:-1], batch_size=work.batch, alpha=0.0)
    classes = np.arange(10)
    return lambda: model.partial_fit(x, y, classes=classes), lambda: model.predict_proba(x_test)


def plain_numpy(work: Workload, x: Array, y: Array, x_test: Array) -> Runs | None:
    """What one writes first: float64, a new array for every result."""
    if work.dropout or work.batch_norm:
        return None
    rng = np.random.default_rng(0)
    x, x_test, labels = x.astype(float), x_test.astype(float), np.eye(10)[y]
    p = []
    for n, m in zip(work.sizes[:-1], work.sizes[1:]):
        p += [rng.normal(0, np.sqrt(2 / n), (n, m)), np.zeros(m)]
    means, squares, step = [np.zeros_like(w) for w in p], [np.zeros_like(w) for w in p], 0

    def forward(rows: Array) -> list[Array]:
        outputs = [rows]
        for i in range(0, len(p) - 2, 2):
            outputs.append(np.maximum(outputs[-1] @ p[i] + p[i + 1], 0))
        z = outputs[-1] @ p[-2] + p[-1]
        e = np.exp(z - z.max(1, keepdims=True))
        return [*outputs, e / e.sum(1, keepdims=True)]

    def epoch() -> None:
        nonlocal step
        order = rng.permutation(len(x))
        for start in range(0, len(x), work.batch):
            rows = order[start : start + work.batch]
            outputs = forward(x[rows])
            d = (outputs[-1] - labels[rows]) / len(rows)
            gradients: list[Array] = []
            for i in range(len(p) - 2, -1, -2):
                gradients = [outputs[i // 2].T @ d, d.sum(0), *gradients]
                if i:
                    d = d @ p[i].T * (outputs[i // 2] > 0)
            step += 1
            for w, g, m, v in zip(p, gradients, means, squares):
                m[...] = 0.9 * m + 0.1 * g
                v[...] = 0.999 * v + 0.001 * g**2
                w -= 0.001 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-7)

    return epoch, lambda: forward(x_test)[-1]


def matrix_products(work: Workload, x: Array, y: Array, x_test: Array, least: bool = False) -> Runs:
    """The floor: x W forward, x^T d and d W^T backward (not for the first layer), nothing else."""
    rng = np.random.default_rng(0)
    shapes = list(zip(work.sizes[:-1], work.sizes[1:]))
    ends = np.cumsum([n * m for n, m in shapes])
    parameters = rng.normal(0, 0.05, ends[-1]).astype(np.float32)
    gradients = np.zeros_like(parameters)

    def matrices(vector: Array) -> list[Array]:
        return [part.reshape(s) for part, s in zip(np.split(vector, ends[:-1]), shapes)]

    def memory(rows: int) -> list[tuple[Array, Array, Array, Array]]:
        """For each layer its weights, and places for z, dW and dx."""
        return [
            (
                w,
                np.ones((rows, w.shape[1]), np.float32),
                dw,
                np.ones((rows, len(w)), np.float32),
            )
            for w, dw in zip(matrices(parameters), matrices(gradients))
        ]

    whole, short, chunk = (
        memory(work.batch),
        memory(len(x) % work.batch or work.batch),
        memory(CHUNK),
    )

    adam, batch = Adam(), np.empty_like(x[: work.batch])

    def epoch() -> None:
        order = rng.permutation(len(x))
        for start in range(0, len(x), work.batch):
            rows = x[start : start + work.batch]
            if least:
                rows = x.take(
                    order[start : start + work.batch], 0, out=batch[: len(rows)], mode="clip"
                )
            layers = whole if len(rows) == work.batch else short
            inputs = [rows, *(z for _, z, _, _ in layers)]
            for a, (w, z, _, _) in zip(inputs, layers):
                np.dot(a, w, out=z)
            for i in range(len(layers) - 1, -1, -1):
                w, z, dw, dx = layers[i]
                np.dot(inputs[i].T, z, out=dw)
                if i:
                    np.dot(z, w.T, out=dx)
            if least:
                adam.step(parameters, gradients)

    def predict() -> Array:
        for start in range(0, len(x_test), CHUNK):
            a = x_test[start : start + CHUNK]
            for w, z, _, _ in chunk:
                a = np.dot(a, w, out=z)
        return a

    return epoch, predict


# What a peer is called, the module it needs, and the peer; it gives None for what it cannot do.
def least(work: Workload, x: Array, y: Array, x_test: Array) -> Runs | None:
    """What no trainer in NumPy can leave out: the products, of rows gathered at random, and Adam."""
    return None if work.predict else matrix_products(work, x, y, x_test, least=True)


PEERS: dict[str, tuple[str, Callable[[Workload, Array, Array, Array], Runs | None]]] = {
    "course_nn": ("course_nn", course_nn),
    "matrix products": ("numpy", matrix_products),
    "products, rows, Adam": ("numpy", least),
    "PyTorch": ("torch", pytorch),
    "PyTorch, flushed": ("torch", pytorch_flushed),
    "Keras": ("keras", keras),
    "scikit-learn": ("sklearn", scikit_learn),
    "NumPy float64": ("numpy", plain_numpy),
}
