import inspect
import math

import numpy as np
import pytest

from course_nn import optimizers
from course_nn._arrays import BLOCK
from course_nn.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    CosineDecay,
    ExponentialDecay,
    Nadam,
    RMSprop,
    StepDecay,
)

MAKERS = {
    "plain": lambda: SGD(0.1),
    "momentum": lambda: SGD(0.1, momentum=0.9),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "adagrad": lambda: Adagrad(0.1),
    "rmsprop": lambda: RMSprop(0.1),
    "adam": lambda: Adam(0.1),
    "adamw": lambda: AdamW(0.1, weight_decay=0.2),
    "centered": lambda: RMSprop(0.1, centered=True),
    "amsgrad": lambda: Adam(0.1, amsgrad=True),
    "decayed": lambda: SGD(0.1, weight_decay=0.2),
}
every_optimizer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def textbook(name, p, gradients):
    """The parameters after each step, from the formulas as the papers write them."""
    v, m, path = np.zeros_like(p), np.zeros_like(p), []
    squares, largest = np.full_like(p, 0.1), np.zeros_like(p)
    for t, g in enumerate(gradients, start=1):
        if name == "plain":
            p = p - 0.1 * g
        elif name == "momentum":
            v = 0.9 * v + 0.1 * g
            p = p - v
        elif name == "nesterov":
            v = 0.9 * v + 0.1 * g
            p = p - 0.1 * g - 0.9 * v
        elif name == "adagrad":
            squares = squares + g**2
            p = p - 0.1 * g / np.sqrt(squares + 1e-7)
        elif name == "rmsprop":
            v = 0.9 * v + 0.1 * g**2
            p = p - 0.1 * g / np.sqrt(v + 1e-7)
        elif name == "centered":
            v = 0.9 * v + 0.1 * g**2
            m = 0.9 * m + 0.1 * g
            p = p - 0.1 * g / np.sqrt(v - m**2 + 1e-7)
        elif name == "decayed":
            p = p - 0.1 * 0.2 * p - 0.1 * g
        else:
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g**2
            largest = np.maximum(largest, v)
            decay = 0.1 * 0.2 * p if name == "adamw" else 0
            rate = 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            p = p - decay - rate * m / (np.sqrt(largest if name == "amsgrad" else v) + 1e-7)
        path.append(p)
    return path


def run(optimizer, p, gradients):
    """The parameters after each step, the model's way: one vector of gradients, written again."""
    p, g, path = p.copy(), np.empty_like(p), []
    for gradient in gradients:
        g[...] = gradient
        optimizer.step(p, g)
        path.append(p.copy())
    return path


def start(size=7, steps=30, seed=0, dtype="float64"):
    rng = np.random.default_rng(seed)
    return rng.normal(size=size).astype(dtype), rng.normal(size=(steps, size)).astype(dtype)


# --- by hand


@pytest.mark.parametrize(
    "make, path",
    [
        (lambda: SGD(0.5), [9, 7]),  # g = 2, then 4
        (lambda: SGD(0.5, momentum=0.5), [9, 6.5]),  # v = 2, then 1 + 4
        (lambda: SGD(0.5, momentum=0.5, nesterov=True), [8.5, 5.25]),  # 2 + 1, then 4 + 2.5
        (lambda: Adagrad(1, initial_accumulator_value=0), [9, 10 - 1 - 4 / math.sqrt(20)]),
        (lambda: RMSprop(1, rho=0.75), [8, 8 - 4 / math.sqrt(4.75)]),  # v = 1, then 0.75 + 4
        (lambda: Adam(1, beta_1=0.5, beta_2=0.75), [9, 9 - (10 / 3) / math.sqrt(4.75 / 0.4375)]),
        (lambda: AdamW(1, weight_decay=0.1), [8]),  # a tenth of 10, and a step of 1
        # v = 1 and m = 0.5; then v = 0.75 + 4, m = 0.375 + 1
        (
            lambda: RMSprop(1, rho=0.75, centered=True),
            [10 - 2 / 0.75**0.5, 10 - 2 / 0.75**0.5 - 4 / (4.75 - 1.375**2) ** 0.5],
        ),
        # v = 0.5 * 4, then 1 + 0.5 * 16, which is the largest
        (
            lambda: Adam(1, beta_1=0, beta_2=0.5, amsgrad=True),
            [9, 9 - 4 / (9 / 0.75) ** 0.5],
        ),
        (lambda: SGD(0.5, weight_decay=0.1), [8.5]),  # a twentieth of 10, and half of 2
    ],
    ids=MAKERS,
)
def test_the_first_steps_by_hand(make, path):
    p, gradients = np.array([10.0]), [[2.0], [4.0]]
    steps = run(make(), p, gradients)
    assert np.concatenate(steps)[: len(path)] == pytest.approx(path, abs=1e-5)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    p, g = np.zeros(4), np.array([1e-2, -1, 50, -1e6])
    Adam(0.1).step(p, g)
    assert p == pytest.approx([-0.1, 0.1, -0.1, 0.1], rel=1e-3)


def test_epsilon_stands_where_keras_has_it():
    """Under the root, and for Adam beside that of v before the bias correction; the others beside it, after."""
    root = math.sqrt(1 - 0.999)
    for optimizer, step in [
        (RMSprop(1, rho=0, epsilon=1), 1 / math.sqrt(1 + 1)),
        (RMSprop(1, rho=0.5, centered=True, epsilon=1), 1 / math.sqrt(0.5 - 0.25 + 1)),
        (Adagrad(1, initial_accumulator_value=0, epsilon=1), 1 / math.sqrt(1 + 1)),
        (Adam(1, epsilon=1), root / (root + 1)),
        (Adamax(1, epsilon=1), 1 / (1 + 1)),
        (Adam(1, epsilon=1, amsgrad=True), root / (root + 1)),
    ]:
        p = np.zeros(1)
        optimizer.step(p, np.ones(1))
        assert p == pytest.approx(-step)


def test_nadam_adds_epsilon_after_the_bias_correction():
    """In a constant slope of 1 the corrected v is 1: epsilon 1 halves the step."""
    steps = []
    for epsilon in (0, 1):
        p = np.zeros(1)
        Nadam(1, epsilon=epsilon).step(p, np.ones(1))
        steps.append(float(p[0]))
    assert steps[1] == pytest.approx(steps[0] / 2)


def test_amsgrad_keeps_the_largest_mean_of_squares():
    """After one large slope the mean forgets it, and the largest does not."""
    plain, kept = np.zeros(1), np.zeros(1)
    adam, amsgrad = Adam(1, beta_2=0.5), Adam(1, beta_2=0.5, amsgrad=True)
    for slope in [100.0] + [1.0] * 20:
        before = plain.copy(), kept.copy()
        adam.step(plain, np.array([slope]))
        amsgrad.step(kept, np.array([slope]))
    assert before[0] - plain > 50 * (before[1] - kept) > 0


def test_a_schedule_changes_the_new_part_of_the_velocity_alone():
    """As in Keras: what is left of the old step keeps its length. v = 1, then 0.5 + 0.1."""
    path = run(SGD(lambda t: (1.0, 0.1)[t], momentum=0.5), np.zeros(1), np.ones((2, 1)))
    assert np.concatenate(path) == pytest.approx([-1, -1.6])


@pytest.mark.parametrize(
    "given", [{"clipvalue": 1, "clipnorm": 1}, {"clipnorm": 1, "global_clipnorm": 1}]
)
def test_one_kind_of_clipping_at_a_time(given):
    with pytest.raises(ValueError, match="one of clipvalue"):
        SGD(**given)


def test_weight_decay_stands_beside_adams_step_not_in_it():
    """Without a gradient Adam does not move; AdamW shrinks the weights by lr * weight_decay."""
    p, g = np.array([3.0, -5.0]), np.zeros(2)
    AdamW(0.1, weight_decay=0.2).step(p, g)
    assert p == pytest.approx([2.94, -4.9])


# --- the formulas, many steps


@pytest.mark.parametrize("name", MAKERS)
def test_textbook_formula(name):
    p, gradients = start()
    steps = run(MAKERS[name](), p, gradients)
    assert np.array(steps) == pytest.approx(np.array(textbook(name, p, gradients)), abs=1e-10)


@pytest.mark.parametrize("name", MAKERS)
def test_textbook_formula_in_float32(name):
    p, gradients = start(dtype="float32")
    steps = run(MAKERS[name](), p, gradients)
    assert np.array(steps) == pytest.approx(np.array(textbook(name, p, gradients)), abs=1e-5)


@every_optimizer
def test_every_entry_is_worked_on_by_itself_to_the_end_of_the_last_block(make):
    """Two blocks and a third that is not full, against the same numbers in single vectors."""
    size = 2 * BLOCK + 5
    p, gradients = start(size, steps=3)
    whole = run(make(), p, gradients)
    for i in (0, BLOCK - 1, BLOCK, 2 * BLOCK, size - 1):
        alone = run(make(), p[i : i + 1], gradients[:, i : i + 1])
        assert [step[i] for step in whole] == pytest.approx(np.concatenate(alone), rel=1e-12)


@every_optimizer
def test_gradients_stay_as_they_are(make):
    p, gradients = start(steps=1)
    g = gradients[0].copy()
    make().step(p, g)
    assert np.array_equal(g, gradients[0])


# --- vectors and types


@every_optimizer
def test_a_new_array_of_gradients_at_each_step_is_seen(make):
    """What a loop of one's own does: ``optimizer.step(p, gradient(p))``."""
    p, gradients = start()
    optimizer, path = make(), []
    mine = p.copy()
    for g in gradients:
        optimizer.step(mine, g.copy())
        path.append(mine.copy())
    assert np.array_equal(path, run(make(), p, gradients))


@every_optimizer
def test_a_matrix_is_taken_as_well(make):
    p, gradients = start(6)
    matrix = p.copy().reshape(2, 3)
    optimizer = make()
    for g in gradients:
        optimizer.step(matrix, g.reshape(2, 3))
    assert np.array_equal(matrix.reshape(-1), run(make(), p, gradients)[-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_optimizer
def test_all_that_an_optimizer_keeps_is_of_the_parameters_dtype_and_aligned(make, dtype):
    p, gradients = start(dtype=dtype)
    optimizer = make()
    run(optimizer, p, gradients)
    assert set(optimizer._slots) == set(optimizer.slots)
    for vector in optimizer._slots.values():
        assert vector.dtype == dtype and vector.shape == p.shape
        assert vector.ctypes.data % 64 == 0


@every_optimizer
def test_other_parameters_of_another_length_or_type_start_anew(make):
    optimizer = make()
    run(optimizer, *start(7))
    for other in (start(5), start(5, dtype="float32")):
        assert np.array_equal(run(optimizer, *other), run(make(), *other))
        assert optimizer.iterations == 30


@every_optimizer
def test_hyperparameters_from_numpy_give_the_same_steps(make):
    """``np.logspace(...)`` gives float64 numbers: with those, float32 vectors compute slowly."""
    p, gradients = start(dtype="float32")
    optimizer, plain = make(), make()
    known = inspect.signature(type(plain).__init__).parameters
    arguments = {k: v for k in known if isinstance(v := getattr(plain, k, None), float)}
    assert "learning_rate" in arguments
    optimizer = type(plain)(
        **{k: np.float64(v) for k, v in arguments.items()}
        | {k: v for k in known if isinstance(v := getattr(plain, k, None), bool)}
        | {"weight_decay": np.float64(plain.weight_decay)}
    )
    assert np.array_equal(run(optimizer, p, gradients), run(plain, p, gradients))
    assert all(type(getattr(optimizer, k)) is float for k in arguments)


@every_optimizer
def test_what_has_died_out_is_set_to_zero_before_it_slows_the_processor(make):
    optimizer, p, g = make(), np.array([1e-35, 1, 1], np.float32), np.array([0, 1, 0], np.float32)
    optimizer.step(p, g)
    g[:] = [0, 0, 1]
    for _step in range(1279):
        optimizer.step(p, g)
        assert p[2] != 0
    tiny = np.finfo(np.float32).tiny
    for name, vector in {"p": p, **optimizer._slots}.items():
        assert not np.any((vector != 0) & (np.abs(vector) < tiny)), name
    assert p[0] == 0
    momenta = [v for name, v in optimizer._slots.items() if name in ("m", "velocity")]
    for momentum in momenta:
        assert momentum[0] == momentum[1] == 0
        slope = 0.1 if isinstance(optimizer, SGD) else 1  # the learning rate is inside
        assert (
            momentum[2] == pytest.approx(10 * slope, rel=1e-4) or not optimizer.momentum
        )  # 1 / (1 - 0.9)


def test_the_state_is_what_the_formula_says_and_may_be_changed_without_harm():
    g, h = np.array([0.5, -2.0]), np.array([3.0, 1.0])
    wanted = {
        SGD(0.1, momentum=0.9): {"velocity": 0.9 * 0.1 * g + 0.1 * h},
        Adagrad(0.1, 0.5): {"squares": 0.5 + g**2 + h**2},
        RMSprop(0.1): {"squares": 0.9 * 0.1 * g**2 + 0.1 * h**2},
        Adam(0.1, amsgrad=True): {
            "m": 0.9 * 0.1 * g + 0.1 * h,
            "v": 0.999 * 0.001 * g**2 + 0.001 * h**2,
            "largest": np.maximum(0.001 * g**2, 0.999 * 0.001 * g**2 + 0.001 * h**2),
        },
        Adamax(0.1): {"m": 0.9 * 0.1 * g + 0.1 * h, "v": np.maximum(0.999 * np.abs(g), np.abs(h))},
    }
    for optimizer, state in wanted.items():
        assert optimizer.state == {}
        p, q = np.zeros(2), np.zeros(2)
        twin = type(optimizer)(**{k: v for k, v in optimizer.config().items() if k != "class"})
        for slope in (g, h):
            optimizer.step(p, slope.copy())
            twin.step(q, slope.copy())
        assert optimizer.state.keys() == state.keys()
        for name, value in state.items():
            assert optimizer.state[name] == pytest.approx(value, rel=1e-12), (optimizer, name)
            optimizer.state[name][:] = 7
        optimizer.step(p, g)
        twin.step(q, g)
        assert np.array_equal(p, q)


# --- schedules


def test_schedules_by_hand():
    stair = StepDecay(0.8, decay_steps=10, decay_rate=0.5)
    assert [stair(t) for t in (0, 9, 10, 19, 20)] == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2])
    slide = ExponentialDecay(0.8, decay_steps=10, decay_rate=0.25)
    assert [slide(t) for t in (0, 5, 10, 20)] == pytest.approx([0.8, 0.4, 0.2, 0.05])
    cosine = CosineDecay(0.8, decay_steps=12, alpha=0.25)
    assert [cosine(t) for t in (0, 4, 6, 8, 12, 99)] == pytest.approx(
        [0.8, 0.65, 0.5, 0.35, 0.2, 0.2]
    )
    warm = CosineDecay(0.2, decay_steps=12, alpha=0.25, warmup_target=0.8, warmup_steps=3)
    assert [warm(t) for t in (0, 1, 2, 3, 7, 9, 15, 99)] == pytest.approx(
        [0.2, 0.4, 0.6, 0.8, 0.65, 0.5, 0.2, 0.2]
    )
    assert CosineDecay(0, 10, warmup_target=1, warmup_steps=4)(1) == 0.25


@pytest.mark.parametrize(
    "given",
    [
        {"warmup_target": 0.1, "warmup_steps": 3},
        {"warmup_target": 0.5},
        {"warmup_steps": 3},
        {"warmup_target": 0.5, "warmup_steps": -1},
    ],
)
def test_half_a_warm_up_is_refused(given):
    with pytest.raises(ValueError, match="warmup_steps above 0 and a warmup_target above"):
        CosineDecay(0.1, 10, **given)


def test_a_schedule_counts_the_steps_done():
    optimizer = SGD(lambda step: [1.0, 10.0, 100.0][step])
    path = run(optimizer, np.zeros(1), np.ones((3, 1)))
    assert np.concatenate(path).tolist() == [-1, -11, -111]
    assert optimizer.iterations == 3


@every_optimizer
def test_a_constant_schedule_is_a_number(make):
    p, gradients = start()
    scheduled = make()
    scheduled.learning_rate = lambda step: 0.1
    assert np.array_equal(run(scheduled, p, gradients), run(make(), p, gradients))


def test_the_learning_rate_may_be_changed_between_steps():
    optimizer, p = SGD(1), np.zeros(1)
    optimizer.step(p, np.ones(1))
    optimizer.learning_rate = 0.25
    optimizer.step(p, np.ones(1))
    assert p == -1.25


# --- names


def test_get_takes_names_in_any_case_and_optimizers():
    for name, kind in OPTIMIZERS.items():
        assert type(optimizers.get(name)) is kind and name == kind.__name__.lower()
    assert {SGD, Adagrad, RMSprop, Adam, AdamW} <= set(OPTIMIZERS.values())
    assert type(optimizers.get("Adam")) is Adam
    optimizer = RMSprop()
    assert optimizers.get(optimizer) is optimizer


def test_defaults_are_keras():
    """https://keras.io/api/optimizers"""
    assert (SGD().learning_rate, SGD().momentum, SGD().nesterov) == (0.01, 0.0, False)
    assert (Adagrad().learning_rate, Adagrad().initial_accumulator_value) == (0.001, 0.1)
    assert (RMSprop().learning_rate, RMSprop().rho, RMSprop().epsilon) == (0.001, 0.9, 1e-7)
    for adam in (Adam(), AdamW()):
        assert (adam.learning_rate, adam.beta_1, adam.beta_2, adam.epsilon) == (
            0.001,
            0.9,
            0.999,
            1e-7,
        )
    assert AdamW().weight_decay == 0.004
