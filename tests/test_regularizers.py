import numpy as np
import pytest

from course_nn import regularizers
from course_nn._arrays import BLOCK
from course_nn.derivatives import gradient_check
from course_nn.regularizers import L1L2, l1, l1_l2, l2

W = np.array([[1.0, -2.0], [0.0, 3.0]])


def test_penalties_by_hand():
    assert l1(0.1).forward(W) == pytest.approx(0.6)  # 0.1 (1 + 2 + 0 + 3)
    assert l2(0.1).forward(W) == pytest.approx(1.4)  # 0.1 (1 + 4 + 0 + 9), without a half
    assert l1_l2(0.1, 0.01).forward(W) == pytest.approx(0.74)


def test_gradients_by_hand():
    for penalty, expected in [
        (l1(0.1), [[0.1, -0.1], [0, 0.1]]),
        (l2(0.1), [[0.2, -0.4], [0, 0.6]]),
        (l1_l2(0.1, 0.01), [[0.12, -0.14], [0, 0.16]]),
    ]:
        dw = np.zeros((2, 2))
        assert penalty.backward(W, dw) == pytest.approx(penalty.forward(W))
        assert dw == pytest.approx(np.array(expected))


def test_the_gradient_is_added_to_what_is_there():
    dw = np.full((2, 2), 100.0)
    l2(0.5).backward(W, dw)
    assert dw == pytest.approx(100 + W)


@pytest.mark.parametrize("penalty", [l1(0.3), l2(0.2), l1_l2(0.3, 0.2)], ids=str)
def test_gradient(penalty):
    w = np.random.default_rng(0).normal(size=(4, 3))

    def gradient(w):
        dw = np.zeros_like(w)
        penalty.backward(w, dw)
        return dw

    check = gradient_check(penalty.forward, gradient, w)
    assert check, check


@pytest.mark.parametrize("dtype, digits", [("float32", 4e-6), ("float64", 1e-13)])
def test_large_weights_are_worked_through_to_the_end(dtype, digits):
    """More than one block, and a last one that is not full."""
    w = np.random.default_rng(0).normal(size=(5, BLOCK // 2 + 7)).astype(dtype)
    dw, penalty = np.ones_like(w), l1_l2(0.3, 0.2)
    assert penalty.backward(w, dw) == pytest.approx(penalty.forward(w), rel=digits)
    assert dw.dtype == dtype
    assert np.allclose(dw, 1 + 0.3 * np.sign(w) + 0.4 * w, rtol=digits, atol=digits)


def test_no_factor_no_penalty():
    dw = np.zeros((2, 2))
    assert L1L2().forward(W) == L1L2().backward(W, dw) == 0
    assert not dw.any()


def test_get_takes_names_factors_and_regularizers():
    assert regularizers.get(None) is None
    assert regularizers.get(l2(0.1)) == L1L2(0, 0.1)
    assert regularizers.get("l1") == L1L2(0.01, 0)
    assert regularizers.get("l2") == L1L2(0, 0.01)
    assert regularizers.get("l1_l2") == L1L2(0.01, 0.01)
    assert regularizers.get({"l1": 0.1, "l2": 0.2}) == L1L2(0.1, 0.2)
