import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_nn.datasets import toy

ALL = [toy.spirals, toy.moons, toy.xor, toy.noisy_line]
CLASSIFIED = [toy.spirals, toy.moons, toy.xor]


@pytest.mark.parametrize("make", ALL)
def test_a_seed_gives_the_same_points_and_another_gives_others(make):
    (x, y), (again_x, again_y) = (make(40, noise=0.3, seed=5) for _ in range(2))
    np.testing.assert_array_equal(x, again_x)
    np.testing.assert_array_equal(y, again_y)
    assert not np.array_equal(x, make(40, noise=0.3, seed=6)[0])


@pytest.mark.parametrize("make", ALL)
def test_the_global_random_state_is_left_alone(make):
    before = np.random.get_state()[1].copy()
    make(10)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("make", CLASSIFIED)
@given(n=st.integers(1, 60))
def test_points_are_float64_pairs_with_integer_classes_of_nearly_equal_size(make, n):
    x, y = make(n)
    assert x.shape == (n, 2) and x.dtype == np.float64
    assert y.shape == (n,) and y.dtype == np.int64
    counts = np.bincount(y, minlength=3 if make is toy.spirals else 2)
    assert counts.max() - counts.min() <= 1


def test_spirals_without_noise_lie_on_their_arms():
    x, y = toy.spirals(500, classes=4, noise=0)
    radius = np.hypot(x[:, 0], x[:, 1])
    assert radius.max() <= 1
    angle = 4 * radius + np.pi / 2 * y
    np.testing.assert_allclose(x, np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1))
    assert set(y) == {0, 1, 2, 3}


def test_moons_without_noise_lie_on_their_half_circles():
    x, y = toy.moons(500, noise=0)
    upper, lower = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(upper[:, 0], upper[:, 1]), 1)
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1)
    assert upper[:, 1].min() >= 0 and lower[:, 1].max() <= 0.5


def test_xor_is_the_table_of_exclusive_or():
    x, y = toy.xor()
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [0, 1, 1, 0]


def test_xor_with_noise_is_four_clouds_around_the_corners():
    x, y = toy.xor(8000, noise=0.1)
    for corner, label in zip([(0, 0), (0, 1), (1, 0), (1, 1)], [0, 1, 1, 0]):
        cloud = x[(x.round() == corner).all(1)]
        assert 1990 <= len(cloud) <= 2010
        np.testing.assert_allclose(cloud.mean(0), corner, atol=0.01)
        np.testing.assert_allclose(cloud.std(0), 0.1, atol=0.01)
        assert set(y[(x.round() == corner).all(1)]) == {label}


def test_noisy_line_follows_its_line():
    x, y = toy.noisy_line(5000, slope=3, intercept=-2, noise=0.5)
    assert x.shape == y.shape == (5000,) and x.dtype == y.dtype == np.float64
    assert (np.diff(x) >= 0).all() and -1 <= x[0] and x[-1] <= 1
    np.testing.assert_allclose(np.polyfit(x, y, 1), [3, -2], atol=0.05)
    assert (y - 3 * x + 2).std() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(toy.noisy_line(3, noise=0)[1], 2 * toy.noisy_line(3, noise=0)[0] + 1)


@pytest.mark.parametrize("make", ALL)
def test_impossible_arguments_are_refused_with_a_reason(make):
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        make(0)
    for noise in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="noise must be 0 or more, got"):
            make(10, noise=noise)


def test_spirals_need_an_arm():
    with pytest.raises(ValueError, match="classes must be at least 1, got 0"):
        toy.spirals(classes=0)
