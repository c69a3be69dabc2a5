import math

import numpy as np
import pytest

from course_nn import initializers
from course_nn.initializers import INITIALIZERS
from course_nn.layers import Dense

FAN_IN, FAN_OUT = 300, 200  # 60,000 numbers: their variance is known to about 1 %
VARIANCE = {
    "random_normal": 0.05**2,
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "he_normal": 2 / FAN_IN,
    "he_uniform": 2 / FAN_IN,
}


def draw(name, seed=0, shape=(FAN_IN, FAN_OUT)):
    return initializers.get(name)(shape, np.random.default_rng(seed))


@pytest.mark.parametrize("name", VARIANCE)
def test_mean_and_variance(name):
    weights, variance = draw(name), VARIANCE[name]
    assert weights.shape == (FAN_IN, FAN_OUT)
    assert weights.mean() == pytest.approx(0, abs=4 * math.sqrt(variance / weights.size))
    assert weights.var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize("name", ["glorot_uniform", "he_uniform"])
def test_uniform_reaches_its_limits_and_stays_inside(name):
    limit = math.sqrt(3 * VARIANCE[name])  # the variance of a uniform in +-a is a^2 / 3
    assert limit * 0.999 < np.abs(draw(name)).max() <= limit


@pytest.mark.parametrize("name", ["random_normal", "glorot_normal", "he_normal"])
def test_normal_is_not_truncated(name):
    deviations = np.abs(draw(name)) / math.sqrt(VARIANCE[name])
    assert np.mean(deviations > 2) == pytest.approx(0.0455, abs=0.004)
    assert np.mean(deviations > 3) == pytest.approx(0.0027, abs=0.001)


@pytest.mark.parametrize(
    "shape, fan_in, fan_out",
    [
        ((300, 200), 300, 200),
        ((3, 3, 64, 32), 9 * 64, 9 * 32),  # a convolution: 3 x 3 places, 64 channels to 32
        ((5, 8, 4), 5 * 8, 5 * 4),
        ((7,), 7, 7),
    ],
)
def test_fans(shape, fan_in, fan_out):
    assert initializers.fans(shape) == (fan_in, fan_out)


@pytest.mark.parametrize("shape", [(300, 200), (3, 3, 64, 32), (5, 80, 40)])
@pytest.mark.parametrize(
    "name, theirs",
    [
        ("glorot_normal", lambda init, w: init.xavier_normal_(w)),
        ("glorot_uniform", lambda init, w: init.xavier_uniform_(w)),
        ("he_normal", lambda init, w: init.kaiming_normal_(w)),
        ("he_uniform", lambda init, w: init.kaiming_uniform_(w)),
    ],
)
def test_as_wide_as_pytorchs(name, theirs, shape):
    """PyTorch's kernels are (channels out, channels in, places ...)."""
    torch = pytest.importorskip("torch")
    places = shape[:-2]
    torch.manual_seed(0)
    kernel = theirs(torch.nn.init, torch.empty(shape[-1], shape[-2], *places)).numpy()
    ours = draw(name, shape=shape)
    assert ours.std() == pytest.approx(kernel.std(), rel=0.03)
    if name.endswith("uniform"):
        assert np.abs(ours).max() == pytest.approx(np.abs(kernel).max(), rel=0.002)


def test_zeros_and_ones():
    assert np.array_equal(draw("zeros", shape=(2, 3)), np.zeros((2, 3)))
    assert np.array_equal(draw("ones", shape=(3,)), np.ones(3))


@pytest.mark.parametrize("name", VARIANCE)
def test_the_seed_decides(name):
    assert np.array_equal(draw(name, seed=1), draw(name, seed=1))
    assert not np.array_equal(draw(name, seed=1), draw(name, seed=2))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_name_starts_a_layer(name):
    layer = Dense(200, kernel_initializer=name)
    layer.build((300,), np.random.default_rng(0))
    assert np.array_equal(layer.weights["kernel"], draw(name).astype(np.float32))
    assert not layer.weights["bias"].any()


def test_he_keeps_the_size_of_signals_through_ten_relu_layers_and_a_smaller_start_loses_them():
    """What the formulas are for (He et al. 2015, section 2.2)."""
    rng = np.random.default_rng(0)

    def mean_square_after_ten(name):
        x = rng.normal(size=(200, 256))
        for _layer in range(10):
            x = np.maximum(0, x @ initializers.get(name)((256, 256), rng))
        return np.mean(x**2)

    for name in ("he_normal", "he_uniform"):
        assert mean_square_after_ten(name) == pytest.approx(1, abs=0.5)
    assert mean_square_after_ten("glorot_uniform") < 0.01  # a half is lost in each layer
