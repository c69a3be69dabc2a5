"""The workloads, and the peers: each trains by one function and predicts by another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_nn.optimizers import Adam
from course_nn.utils import to_categorical, warm_up_products

Array = np.ndarray
Runs = tuple[Callable[[], object], Callable[[], Array]]  # train one epoch; predict the test images
CHUNK = 1000  # rows that PyTorch and the bare products predict at once: faster than all 10,000


@dataclass(frozen=True)
class Workload:
    title: str
    sizes: tuple[int, ...]
    batch: int
    dropout: float = 0.0
    l2: float = 0.0
    batch_norm: bool = False
    predict: bool = False


SMALL, MIDDLE, WIDE = (784, 32, 10), (784, 128, 64, 10), (784, 512, 512, 10)
WORKLOADS = {
    "W1": Workload("784-32-10, batch 32", SMALL, 32),
    "W2": Workload("784-128-64-10, batch 128", MIDDLE, 128),
    "W3": Workload("784-512-512-10, dropout 0.2, L2, batch 256", WIDE, 256, dropout=0.2, l2=1e-4),
    "W4": Workload("784-128-64-10, batch normalization", MIDDLE, 128, batch_norm=True),
    "W5": Workload("784-128-64-10, 10,000 predictions", MIDDLE, 128, predict=True),
}


def images(flat: Array) -> Array:
    """uint8 images as float32 rows from 0 to 1, with no second copy on the way."""
    x = flat.reshape(len(flat), -1).astype(np.float32)
    x /= 255
    return x


def course_nn(work: Workload, x: Array, y: Array, x_test: Array, jit_compile: bool = False) -> Runs:
    from course_nn import layers, models, regularizers

    model = build_keras(work, models, layers, regularizers, jit_compile)
    labels = to_categorical(y, 10)
    return (
        lambda: model.fit(x, labels, epochs=1, batch_size=work.batch, verbose=0),
        lambda: model.predict(x_test, verbose=0),
    )


def course_nn_compiled(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    return course_nn(work, x, y, x_test, jit_compile=True)


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
    """Keras in its best form: compiled, where its backend can."""
    from keras import backend, layers, models, regularizers

    jit_compile = backend.backend() != "torch"  # its own default there, too
    model = build_keras(work, models, layers, regularizers, jit_compile)
    labels = to_categorical(y, 10)
    return (
        lambda: model.fit(x, labels, epochs=1, batch_size=work.batch, verbose=0),
        lambda: model.predict(x_test, batch_size=1000, verbose=0),
    )


def build_keras(work: Workload, models, layers, regularizers, jit_compile: bool):
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
    model.compile("adam", "categorical_crossentropy", jit_compile=jit_compile)
    return model


def pytorch(work: Workload, x: Array, y: Array, x_test: Array, compiled: bool = False) -> Runs:
    """PyTorch in its fastest form: fused Adam, one tensor, rows gathered by index_select; eager, or loss and
    predictions as one compiled graph each."""
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

    def loss(rows: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(model(rows), targets)

    def probabilities(rows: torch.Tensor) -> torch.Tensor:
        return model(rows).softmax(1)

    if compiled:  # for each size of a batch by itself
        loss = torch.compile(loss, dynamic=False)
        probabilities = torch.compile(probabilities, dynamic=False)

    def epoch() -> None:
        model.train()
        order = torch.randperm(len(inputs))
        for start in range(0, len(inputs), work.batch):
            rows = order[start : start + work.batch]
            optimizer.zero_grad()
            loss(inputs.index_select(0, rows), labels.index_select(0, rows)).backward()
            optimizer.step()

    @torch.inference_mode()
    def predict() -> Array:
        model.eval()
        return torch.cat([probabilities(rows) for rows in tests.split(CHUNK)]).numpy()

    return epoch, predict


def pytorch_flushed(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    """The same, and the processor takes subnormal numbers as 0. Few programs ask for this, but L2
    makes such numbers of the weights of black pixels, and they slow PyTorch down threefold."""
    import torch

    torch.set_flush_denormal(True)
    return pytorch(work, x, y, x_test)


def pytorch_compiled(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    """Compiled, and flushed."""
    import torch

    torch.set_flush_denormal(True)
    return pytorch(work, x, y, x_test, compiled=True)


def jax_scan(work: Workload, x: Array, y: Array, x_test: Array) -> Runs:
    """A whole epoch as one compiled scan over the batches: nothing of Python in between."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    inputs, tests, labels = jnp.asarray(x), jnp.asarray(x_test), jnp.asarray(y.astype(np.int32))
    dense = []
    for n, m in zip(work.sizes[:-1], work.sizes[1:]):
        limit = np.sqrt(6 / (n + m))
        dense.append((jnp.asarray(rng.uniform(-limit, limit, (n, m)), jnp.float32), jnp.zeros(m)))
    hidden = work.sizes[1:-1] if work.batch_norm else ()
    params = dense, [(jnp.ones(m), jnp.zeros(m)) for m in hidden]
    seen = [(jnp.zeros(m), jnp.ones(m)) for m in hidden]  # moving means and variances
    none = jax.tree.map(jnp.zeros_like, params)
    key = jax.random.key(0, impl="rbg")  # the fastest there is
    state = params, none, jax.tree.map(jnp.copy, none), jnp.zeros((), jnp.int32), seen, key

    def net(params, h, seen, key=None):
        (*first, (w, b)), norms = params
        new = []
        for k, (w_k, b_k) in enumerate(first):
            h = h @ w_k + b_k
            if norms:
                mean, variance = (h.mean(0), h.var(0)) if key is not None else seen[k]
                new.append((0.99 * seen[k][0] + 0.01 * mean, 0.99 * seen[k][1] + 0.01 * variance))
                gamma, beta = norms[k]
                h = gamma * (h - mean) * jax.lax.rsqrt(variance + 1e-3) + beta
            h = jax.nn.relu(h)
            if key is not None and work.dropout:
                key, now = jax.random.split(key)
                keep = jax.random.bernoulli(now, 1 - work.dropout, h.shape)
                h = jnp.where(keep, h / (1 - work.dropout), 0.0)
        return h @ w + b, new, key

    def loss(params, rows, targets, seen, key):
        z, seen, key = net(params, rows, seen, key)
        true = jnp.take_along_axis(jax.nn.log_softmax(z), targets[:, None], 1)
        penalty = work.l2 * sum((w**2).sum() for w, _ in params[0]) if work.l2 else 0.0
        return penalty - true.mean(), (seen, key)

    def step(state, rows, inputs, labels):
        params, m, v, t, seen, key = state
        given = params, inputs[rows], labels[rows], seen, key
        (value, (seen, key)), g = jax.value_and_grad(loss, has_aux=True)(*given)
        t = t + 1
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), params, m, v)
        return (params, m, v, t, seen, key), value

    def scan(state, order, inputs, labels):
        return jax.lax.scan(lambda s, rows: step(s, rows, inputs, labels), state, order)

    one, many = jax.jit(step, donate_argnums=0), jax.jit(scan, donate_argnums=0)
    forward = jax.jit(lambda params, seen, rows: jax.nn.softmax(net(params, rows, seen)[0]))

    def epoch() -> None:
        nonlocal state
        order = rng.permutation(len(x)).astype(np.int32)
        whole = len(order) // work.batch
        state, values = many(state, order[: whole * work.batch].reshape(whole, -1), inputs, labels)
        if len(order) % work.batch:
            state, values = one(state, order[whole * work.batch :], inputs, labels)
        jax.block_until_ready((state, values))

    return epoch, lambda: np.asarray(forward(state[0], state[4], tests))


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
    warm_up_products()
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


def matrix_products(
    work: Workload,
    x: Array,
    y: Array,
    x_test: Array,
    least: bool = False,
    one_pass: bool = False,
) -> Runs:
    """The floor: x W forward, x^T d and d W^T backward (not for the first layer), nothing else."""
    warm_up_products()
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
    if one_pass:
        from course_nn import compiled

        compiled.put_in(adam)

    def epoch() -> None:
        order = rng.permutation(len(x))
        for start in range(0, len(x), work.batch):
            rows = x[start : start + work.batch]
            if least:
                chosen, rows = order[start : start + work.batch], batch[: len(rows)]
                if one_pass:
                    compiled.gather(x, chosen, rows)
                else:
                    x.take(chosen, 0, out=rows, mode="clip")
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


def least(work: Workload, x: Array, y: Array, x_test: Array) -> Runs | None:
    """What no trainer in NumPy can leave out: the products, of rows gathered at random, and Adam."""
    return None if work.predict else matrix_products(work, x, y, x_test, least=True)


def one_pass(work: Workload, x: Array, y: Array, x_test: Array) -> Runs | None:
    """The same, rows and Adam by one compiled loop each."""
    return None if work.predict else matrix_products(work, x, y, x_test, True, one_pass=True)


# What a peer is called, the modules it needs, and the peer; it gives None for what it cannot do.
PEERS: dict[str, tuple[str, Callable[[Workload, Array, Array, Array], Runs | None]]] = {
    "course_nn": ("course_nn", course_nn),
    "course_nn, jit_compile": ("numba", course_nn_compiled),
    "matrix products": ("numpy", matrix_products),
    "products, rows, Adam": ("numpy", least),
    "the same, one pass": ("numba", one_pass),
    "PyTorch": ("torch", pytorch),
    "PyTorch, flushed": ("torch", pytorch_flushed),
    "PyTorch, compiled": ("torch", pytorch_compiled),
    "JAX, epoch scan": ("jax", jax_scan),
    "Keras": ("keras", keras),
    "scikit-learn": ("sklearn", scikit_learn),
    "NumPy float64": ("numpy", plain_numpy),
}
