"""Equal to PyTorch, in float64, to 1e-9: the same weights and data, the same numbers.

Where PyTorch and Keras document different formulas, ours is one of the two; the test says which.
"""

import numpy as np
import pytest

from course_nn import layers, losses, optimizers, regularizers
from course_nn.layers import Activation, BatchNormalization, Dense, Dropout, Flatten, Rescaling
from course_nn.models import Sequential

torch = pytest.importorskip("torch")
F = torch.nn.functional

ACTIVATIONS = {
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, 0.2),  # the slope is Keras's; PyTorch's default is 0.01
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "softmax": lambda z: torch.softmax(z, -1),
    "log_softmax": lambda z: torch.log_softmax(z, -1),
    "exponential": torch.exp,
    "relu6": F.relu6,
    "celu": F.celu,
    "softsign": F.softsign,
    "hard_sigmoid": lambda z: torch.clip(z / 6 + 0.5, 0, 1),  # PyTorch's 1/6 is a float32
    "hard_tanh": F.hardtanh,
    "log_sigmoid": F.logsigmoid,
    "silu": F.silu,
    "hard_silu": F.hardswish,
    "gelu": F.gelu,
    "mish": F.mish,
    "tanh_shrink": F.tanhshrink,
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_default_dtype(
        torch.float64
    )  # of the numbers that an optimizer keeps beside its tensors
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


def plain(theirs):
    return theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else np.asarray(theirs)


def same(ours, theirs):
    """Every number equal to 1e-9, in units of the number itself where that is above 1."""
    theirs = plain(theirs)
    assert np.shape(ours) == theirs.shape
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def tensor(array):
    """A float64 tensor with memory of its own, that wants a gradient."""
    return torch.tensor(np.array(array), dtype=torch.float64, requires_grad=True)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# --- layers: the output, and the gradients of the input and of each weight


def compare(layer, reference, x, training=True, setup=lambda layer: None):
    """``reference(x, **weights)`` is the layer in PyTorch's words."""
    layer.build(x.shape[1:], np.random.default_rng(0), "float64")
    for seed, weight in enumerate(layer.weights.values()):
        weight[...] = normal(*weight.shape, seed=seed + 10)
    setup(layer)
    y = layer.forward(x, training).copy()
    dy = normal(*y.shape, seed=99)
    dx = layer.backward(dy).copy()

    tx, weights = tensor(x), {name: tensor(weight) for name, weight in layer.weights.items()}
    ty = reference(tx, **weights)
    ty.backward(torch.tensor(dy))
    same(y, ty)
    same(dx, tx.grad)
    for name, weight in weights.items():
        same(layer.gradients[name], weight.grad)


@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense(activation, rows):
    def reference(x, kernel, bias):
        return ACTIVATIONS[activation](F.linear(x, kernel.T, bias))

    compare(Dense(5, activation), reference, normal(rows, 4))


def test_dense_without_bias():
    compare(Dense(5, use_bias=False), lambda x, kernel: x @ kernel, normal(7, 4))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation(activation):
    compare(Activation(activation), ACTIVATIONS[activation], normal(7, 4) * 3)


@pytest.mark.parametrize(
    "layer, reference",
    [
        (layers.ReLU(), torch.relu),
        (layers.ReLU(negative_slope=0.1), lambda z: F.leaky_relu(z, 0.1)),
        (layers.LeakyReLU(), lambda z: F.leaky_relu(z, 0.3)),
        (layers.ReLU(max_value=1), lambda z: F.hardtanh(z, 0, 1)),
        (layers.LeakyReLU(0), torch.relu),
        (layers.ELU(), F.elu),
        (layers.ELU(alpha=0.5), lambda z: F.elu(z, 0.5)),
        (layers.Softmax(), lambda z: torch.softmax(z, -1)),
        (layers.Reshape((2, -1)), lambda z: z.reshape(len(z), 2, 2)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_activations_as_layers(layer, reference):
    compare(layer, reference, normal(7, 4) * 3)


def test_relu_with_learned_slopes():
    compare(layers.PReLU(), lambda x, alpha: F.prelu(x, alpha), normal(7, 4))
    compare(
        layers.PReLU(shared_axes=[1, 2]),
        lambda x, alpha: F.prelu(x.permute(0, 3, 1, 2), alpha[0, 0]).permute(0, 2, 3, 1),
        normal(3, 4, 5, 2),
    )


def test_flatten():
    compare(Flatten(), lambda x: torch.flatten(x, 1), normal(3, 2, 4))


def test_rescaling():
    compare(Rescaling(1 / 255, offset=-0.5), lambda x: x / 255 - 0.5, normal(3, 4) * 255)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_with_our_mask(rate):
    """The mask is chance, so ours is taken; the rate is rounded to a multiple of 1/65536."""
    layer = Dropout(rate)
    layer.build((50,), np.random.default_rng(0), "float64")
    layer.rng = np.random.default_rng(4)
    layer.forward(np.ones((20, 50)), training=True)
    mask = torch.tensor(layer.keep > 0)
    exact = round(rate * 65536) / 65536

    def reference(x):
        return x * mask / (1 - exact)

    def same_chance(layer):
        layer.rng = np.random.default_rng(4)

    compare(layer, reference, normal(20, 50), setup=same_chance)
    theirs = F.dropout(torch.ones(20, 50, dtype=torch.float64), exact)
    same(np.unique(layer.keep), np.unique(theirs.numpy()))  # zeros, and one scale


def test_dropout_in_prediction():
    compare(Dropout(0.5), lambda x: F.dropout(x, 0.5, training=False), normal(7, 4), training=False)


@pytest.mark.parametrize("rows", [2, 7])
def test_batch_normalization_in_training(rows):
    def reference(x, gamma, beta):
        return F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-3)

    compare(BatchNormalization(), reference, normal(rows, 4) * 3 + 2)


def test_batch_normalization_in_prediction():
    layer, x = BatchNormalization(), normal(7, 4)
    layer.build((4,), np.random.default_rng(0), "float64")
    layer.weights["gamma"][...], layer.weights["beta"][...] = normal(4), normal(4, seed=1)
    layer.state["moving_mean"][...], layer.state["moving_variance"][...] = (
        normal(4, seed=2),
        [1, 2, 3, 4],
    )
    arrays = [*layer.state.values(), *layer.weights.values()]
    same(layer.forward(x), F.batch_norm(torch.tensor(x), *map(torch.tensor, arrays), eps=1e-3))


def test_moving_averages_of_batch_normalization():
    """Keras's: the variance divides by n, PyTorch's by n - 1; momentum 0.99 is PyTorch's 0.01."""
    layer, theirs, n = (
        BatchNormalization(),
        torch.nn.BatchNorm1d(4, 1e-3, momentum=0.01).double(),
        8,
    )
    layer.build((4,), np.random.default_rng(0), "float64")
    for seed in range(5):
        x = normal(n, 4, seed=seed) * 3 + 2
        layer.forward(x, training=True)
        theirs(torch.tensor(x))
    same(layer.state["moving_mean"], theirs.running_mean)
    start = 0.99**5  # what is left of the 1 that both start from
    same(layer.state["moving_variance"] - start, (theirs.running_var - start) * (n - 1) / n)


# --- losses, from probabilities and from logits


def loss_case(name):
    """Our targets, PyTorch's loss of predictions, PyTorch's loss of logits."""
    labels = np.random.default_rng(5).integers(0, 4, 7)
    one_hot, bits = np.eye(4)[labels], np.random.default_rng(6).integers(0, 2, (7, 4)).astype(float)
    soft = np.random.default_rng(7).dirichlet(np.ones(4), 7)
    index, y = torch.tensor(labels), torch.tensor(bits)

    def share(p):
        return p / p.sum(1, keepdim=True)

    return {
        "mean_squared_error": (bits, lambda p: F.mse_loss(p, y), None),
        "mean_absolute_error": (bits, lambda p: F.l1_loss(p, y), None),
        "mean_absolute_percentage_error": (
            bits + 2,
            lambda p: 100 * ((p - y - 2) / (y + 2)).abs().mean(),
            None,
        ),
        "mean_squared_logarithmic_error": (
            bits + 2,
            lambda p: F.mse_loss(torch.log1p(p.clip(1e-7)), torch.log1p(y + 2)),
            None,
        ),
        "huber": (bits, lambda p: F.huber_loss(p, y), None),
        "hinge": (bits, lambda p: torch.relu(1 - (2 * y - 1) * p).mean(), None),
        "poisson": (bits, lambda p: F.poisson_nll_loss(p, y, log_input=False, eps=1e-7), None),
        "kl_divergence": (
            soft,
            lambda p: F.kl_div(torch.log(p), torch.tensor(soft), reduction="batchmean"),
            None,
        ),
        "binary_crossentropy": (
            bits,
            lambda p: F.binary_cross_entropy(p, y),
            lambda z: F.binary_cross_entropy_with_logits(z, y),
        ),
        "categorical_crossentropy": (
            one_hot,
            lambda p: F.nll_loss(torch.log(share(p)), index),
            lambda z: F.cross_entropy(z, torch.tensor(one_hot)),
        ),
        "categorical_crossentropy, soft": (
            soft,
            lambda p: -(torch.tensor(soft) * torch.log(share(p))).sum() / 7,
            lambda z: F.cross_entropy(z, torch.tensor(soft)),
        ),
        "sparse_categorical_crossentropy": (
            labels,
            lambda p: F.nll_loss(torch.log(share(p)), index),
            lambda z: F.cross_entropy(z, index),
        ),
    }[name]


EVERY_LOSS = [*losses.LOSSES, "categorical_crossentropy, soft"]
FROM_LOGITS = [name for name in EVERY_LOSS if losses.LOSSES[name.split(",")[0]].activation]


@pytest.mark.parametrize("activation", ["its own", "sigmoid"])
@pytest.mark.parametrize("name", sorted(EVERY_LOSS))
def test_loss_of_predictions(name, activation):
    """The categorical ones also of outputs that do not sum to 1: they are divided by their sum first."""
    y, reference, _of_logits = loss_case(name)
    loss = losses.get(name.split(",")[0])
    positive = name in ("poisson", "kl_divergence")
    if activation == "its own":
        activation = loss.activation or ("softmax" if positive else "linear")
    p = tensor(plain(ACTIVATIONS[activation](torch.tensor(normal(7, 4)))))
    value = reference(p)
    value.backward()
    prepared = loss.prepare(y, (4,), np.dtype("float64"))
    same(loss.forward(prepared, plain(p)), value)
    same(loss.each(prepared, plain(p)).mean(), value)
    same(loss.backward(prepared, plain(p)), p.grad)


@pytest.mark.parametrize("size", [1, 10, 1e4])
@pytest.mark.parametrize("name", sorted(FROM_LOGITS))
def test_loss_of_logits(name, size):
    y, _of_probabilities, reference = loss_case(name)
    loss = losses.get(name.split(",")[0])
    z = tensor(normal(7, 4) * size)
    value = reference(z)
    value.backward()
    prepared = loss.prepare(y, (4,), np.dtype("float64"))
    same(loss.forward_logits(prepared, plain(z)), value)
    same(loss.backward_logits(prepared), z.grad)


# --- regularizers: Keras's formula, without PyTorch's and the books' 1/2 before the squares


PENALTIES = {
    "l1": (regularizers.l1(0.3), lambda w: 0.3 * torch.norm(w, 1)),
    "l2": (regularizers.l2(0.2), lambda w: 0.2 * torch.norm(w, 2) ** 2),
    "l1_l2": (regularizers.l1_l2(0.3, 0.2), lambda w: 0.3 * w.abs().sum() + 0.2 * (w * w).sum()),
}


@pytest.mark.parametrize("penalty, reference", PENALTIES.values(), ids=PENALTIES)
def test_regularizer(penalty, reference):
    w = tensor(normal(4, 5))
    with torch.no_grad():
        w[0, 0] = 0  # where |w| has its kink, both take the slope 0
    value, dw = reference(w), np.zeros((4, 5))
    value.backward()
    same(penalty.forward(plain(w)), value)
    same(penalty.backward(plain(w), dw), value)
    same(dw, w.grad)


# --- optimizers: 20 steps of a whole network


OPTIMIZERS = {
    "plain": (optimizers.SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "momentum": (
        optimizers.SGD(0.1, momentum=0.9),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
    ),
    "nesterov": (
        optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
    ),
    # Epsilon is added before the bias correction, as in Keras, in PyTorch after it: it is translated at each step.
    "adam": (
        optimizers.Adam(0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
        lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-3),
    ),
    "amsgrad": (
        optimizers.Adam(0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3, amsgrad=True),
        lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-3, amsgrad=True),
    ),
    # The momentum's schedule is 0.96^t, as in the paper and Keras; PyTorch's is 0.96^(0.004 t) by default.
    "nadam": (
        optimizers.Nadam(0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
        lambda p: torch.optim.NAdam(p, 0.01, betas=(0.8, 0.95), eps=1e-3, momentum_decay=1),
    ),
    "adam as it is": (optimizers.Adam(), lambda p: torch.optim.Adam(p, 0.001, eps=1e-7)),
    "adamw": (
        optimizers.AdamW(0.01, weight_decay=0.3, epsilon=1e-3),
        lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.3, eps=1e-3),
    ),
}


def twins(seed=0):
    """A network of ours and the same in PyTorch; ``pairs`` are (layer, name, their parameter)."""
    model = Sequential(
        [
            Dense(6, input_dim=5, kernel_regularizer=regularizers.l2(0.01)),
            BatchNormalization(),
            Activation("leaky_relu"),
            Dense(4, "tanh", kernel_regularizer="l1_l2", bias_regularizer=regularizers.l1(0.005)),
            Dense(3, "softmax"),
        ],
        seed=seed,
        dtype="float64",
    )
    theirs = torch.nn.Sequential(
        torch.nn.Linear(5, 6),
        torch.nn.BatchNorm1d(6, eps=1e-3, momentum=0.01),
        torch.nn.LeakyReLU(0.2),
        torch.nn.Linear(6, 4),
        torch.nn.Tanh(),
        torch.nn.Linear(4, 3),
    ).double()
    pairs = []
    for ours, module in ((0, 0), (1, 1), (3, 3), (4, 5)):
        weights = model.layers[ours].weights
        for (name, weight), parameter in zip(
            weights.items(), theirs[module].parameters(), strict=True
        ):
            weight[...] = normal(*weight.shape, seed=len(pairs))
            parameter.data = torch.tensor(weight.T.copy())
            pairs.append((model.layers[ours], name, parameter))
    return model, theirs, pairs


def penalty(theirs):
    first, second = theirs[0].weight, theirs[3].weight
    return (
        0.01 * (first**2).sum()
        + 0.01 * second.abs().sum()
        + 0.01 * (second**2).sum()
        + 0.005 * theirs[3].bias.abs().sum()
    )


# Epsilon stands under the root, as in Keras, in PyTorch beside it: one so small that it makes no difference.
UNDER_THE_ROOT = {
    "adagrad": (
        optimizers.Adagrad(0.1, initial_accumulator_value=0.1, epsilon=1e-14),
        lambda p: torch.optim.Adagrad(p, 0.1, initial_accumulator_value=0.1, eps=1e-14),
    ),
    "adadelta": (
        optimizers.Adadelta(1, rho=0.8, epsilon=1e-3),
        lambda p: torch.optim.Adadelta(p, 1, rho=0.8, eps=1e-3),
    ),
    "rmsprop": (
        optimizers.RMSprop(0.01, rho=0.8, epsilon=1e-20),
        lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.8, eps=1e-20),
    ),
    "rmsprop with momentum": (
        optimizers.RMSprop(0.01, rho=0.8, momentum=0.9, epsilon=1e-20),
        lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.8, eps=1e-20, momentum=0.9),
    ),
    "centered rmsprop": (
        optimizers.RMSprop(0.01, rho=0.8, centered=True, epsilon=1e-20),
        lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.8, eps=1e-20, centered=True),
    ),
}


@pytest.mark.parametrize("ours, theirs", UNDER_THE_ROOT.values(), ids=UNDER_THE_ROOT)
def test_twenty_steps_where_epsilon_is_under_the_root(ours, theirs):
    """Along given slopes: those of a network hold some of about 1e-17, where any epsilon counts."""
    p = normal(5)
    parameter = tensor(p)
    their_optimizer = theirs([parameter])
    for step in range(20):
        g = normal(5, seed=step)
        ours.step(p, g)
        parameter.grad = torch.tensor(g)
        their_optimizer.step()
        same(p, parameter)


def translate_epsilon(ours, theirs):
    """sqrt(v) + epsilon before the bias correction is sqrt(v / (1 - beta_2^t)) + epsilon / sqrt(1 - beta_2^t)."""
    if isinstance(ours, optimizers.Adam):
        theirs.param_groups[0]["eps"] = ours.epsilon / (1 - ours.beta_2**ours.iterations) ** 0.5


def compare_steps(optimizer, their_optimizer, schedule=None, steps=20):
    """Loss, every gradient and every weight, at each step; batches of 8 and a short one of 3."""
    model, theirs, pairs = twins()
    model.compile(optimizer, "categorical_crossentropy")
    their_optimizer = their_optimizer(theirs.parameters())
    schedule = schedule(their_optimizer) if schedule else None
    for step in range(steps):
        n = 3 if step % 4 == 3 else 8
        x = normal(n, 5, seed=step)
        y = np.eye(3)[np.random.default_rng(step).integers(0, 3, n)]
        loss, prediction = model.loss_and_gradients(x, y)
        their_optimizer.zero_grad()
        z = theirs(torch.tensor(x))
        their_loss = F.cross_entropy(z, torch.tensor(y)) + penalty(theirs)
        their_loss.backward()
        same(prediction, torch.softmax(z, 1))
        same(loss, their_loss)
        for layer, name, parameter in pairs:
            same(layer.gradients[name], plain(parameter.grad).T)
        model.optimizer.step(model.parameters, model.gradients)
        translate_epsilon(model.optimizer, their_optimizer)
        their_optimizer.step()
        if schedule:
            schedule.step()
        for layer, name, parameter in pairs:
            same(layer.weights[name], plain(parameter).T)
    return model


@pytest.mark.parametrize("ours, theirs", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_twenty_steps(ours, theirs):
    compare_steps(ours, theirs)


def test_fit_takes_these_steps():
    """The same 20 steps by ``fit`` itself: it adds nothing of its own."""
    x, y = normal(32, 5), np.eye(3)[np.random.default_rng(0).integers(0, 3, 32)]
    model, theirs, pairs = twins()
    model.compile(optimizers.Adam(0.01), "categorical_crossentropy")
    model.fit(x, y, epochs=5, batch_size=9, shuffle=False, verbose=0)  # 9, 9, 9 and 5 rows
    their_optimizer = torch.optim.Adam(theirs.parameters(), 0.01, eps=1e-7)
    model.optimizer.iterations = 0  # counted again, for epsilon
    for _epoch in range(5):
        for start in range(0, 32, 9):
            model.optimizer.iterations += 1
            translate_epsilon(model.optimizer, their_optimizer)
            their_optimizer.zero_grad()
            z = theirs(torch.tensor(x[start : start + 9]))
            (F.cross_entropy(z, torch.tensor(y[start : start + 9])) + penalty(theirs)).backward()
            their_optimizer.step()
    for layer, name, parameter in pairs:
        same(layer.weights[name], plain(parameter).T)


# --- schedules, a step of the schedule per step of the optimizer


S = torch.optim.lr_scheduler
SCHEDULES = {
    "step": (
        optimizers.StepDecay(0.1, decay_steps=6, decay_rate=0.5),
        lambda o: S.StepLR(o, step_size=6, gamma=0.5),
    ),
    "exponential": (
        optimizers.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.9),
        lambda o: S.ExponentialLR(o, gamma=0.9),
    ),
    "exponential over 5 steps": (
        optimizers.ExponentialDecay(0.1, decay_steps=5, decay_rate=0.5),
        lambda o: S.ExponentialLR(o, gamma=0.5 ** (1 / 5)),
    ),
    "cosine": (
        optimizers.CosineDecay(0.1, decay_steps=20, alpha=0.1),
        lambda o: S.CosineAnnealingLR(o, T_max=20, eta_min=0.01),
    ),
}


@pytest.mark.parametrize("ours, theirs", SCHEDULES.values(), ids=SCHEDULES)
def test_schedule(ours, theirs):
    optimizer = torch.optim.SGD([tensor(0)], 0.1)
    schedule = theirs(optimizer)
    for step in range(20):
        same(ours(step), schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    # After decay_steps Keras's cosine and ours stay level; PyTorch's rises again.
    assert optimizers.CosineDecay(0.1, 20, 0.1)(25) == pytest.approx(0.01)


@pytest.mark.parametrize("name", SCHEDULES)
def test_twenty_steps_on_a_schedule(name):
    """Without momentum: in PyTorch the rate multiplies the velocity, in Keras and here it is inside."""
    ours, theirs = SCHEDULES[name]
    compare_steps(optimizers.SGD(ours), lambda p: torch.optim.SGD(p, 0.1), theirs)


def test_every_layer_loss_and_optimizer_is_compared():
    """What is added to the package is added here."""
    compared = {Dense, Activation, BatchNormalization, Dropout, Flatten, Rescaling}
    compared |= {layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU, layers.Softmax}
    compared |= {layers.Reshape}
    not_to_compare = {layers.Input, layers.InputLayer, layers.GaussianNoise}  # nothing, and chance
    of_images = {  # in test_convolution.py
        layers.Conv2D,
        layers.MaxPooling2D,
        layers.AveragePooling2D,
        layers.GlobalAveragePooling2D,
        layers.ZeroPadding2D,
    }
    assert set(layers.LAYERS.values()) == compared | not_to_compare | of_images
    # Adamax is compared with Keras: PyTorch adds its epsilon elsewhere.
    assert set(optimizers.OPTIMIZERS.values()) == {optimizers.Adamax} | {
        type(ours) for ours, _theirs in (OPTIMIZERS | UNDER_THE_ROOT).values()
    }
    assert set(ACTIVATIONS) == set(layers.activations.ACTIVATIONS)
    for name in losses.LOSSES:
        assert loss_case(name)
