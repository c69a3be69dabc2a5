"""The capstone passes what reads digits, and says what is wrong with what does not."""

import numpy as np
import pytest

from course_nn.checks.capstone import capstone
from course_nn.datasets import mnist
from course_nn.metrics import confusion_matrix

LABELS = mnist.load_data()[1][1]
CORRECT = np.eye(10)[LABELS] * 0.9 + 0.01


def reading(matrix=None, shares=CORRECT):
    said = shares.argmax(axis=1)
    return capstone(
        lambda: (confusion_matrix(LABELS, said, 10) if matrix is None else matrix, shares)
    )


def partly(wrong):
    """Shares whose first ``wrong`` rows say the next digit."""
    shares = CORRECT.copy()
    shares[:wrong] = np.roll(shares[:wrong], 1, axis=1)
    return shares


@pytest.mark.parametrize("shares", [CORRECT, partly(499), CORRECT.astype(np.float32)])
def test_more_than_95_percent_pass(shares):
    assert reading(shares=shares).panel.kind == "passed"


def test_95_percent_are_not_enough():
    panel = reading(shares=partly(500)).panel
    assert panel.kind == "failed" and "95.00%" in str(panel) and "well enough" in str(panel)


def test_lists_are_as_good_as_arrays():
    matrix = confusion_matrix(LABELS, LABELS, 10).tolist()
    assert capstone(lambda: [matrix, CORRECT.tolist()]).panel.kind == "passed"


@pytest.mark.parametrize(
    "spoiled",
    [np.log(CORRECT), 10 * CORRECT, CORRECT - 0.01, np.full(CORRECT.shape, np.nan)],
    ids=["logarithms", "scores", "no sum of 1", "no numbers"],
)
def test_scores_are_no_shares(spoiled):
    panel = reading(shares=spoiled).panel
    assert panel.kind == "failed" and "add up to 1" in str(panel)


def test_a_matrix_that_counts_something_else_fails():
    shares = partly(300)
    counted = confusion_matrix(LABELS, shares.argmax(axis=1), 10)
    for matrix in (counted.T, counted / counted.sum(), np.minimum(counted, 255), counted * 0):
        panel = reading(matrix, shares).panel
        assert panel.kind == "failed" and "does not count what the shares say" in str(panel)


@pytest.mark.parametrize("answer", [None, CORRECT, (CORRECT, CORRECT), (), (np.eye(10), [1, 2])])
def test_what_is_no_matrix_and_shares_is_told_what_is_wanted(answer):
    panel = capstone(lambda: answer).panel
    assert panel.kind == "failed" and "(10, 10)" in str(panel)


def test_a_function_that_is_missing_is_not_attempted_yet():
    def read():
        raise NotImplementedError

    assert capstone(read).panel.kind == "not attempted"


def test_strict_mode_raises(monkeypatch):
    monkeypatch.setenv("COURSE_NN_STRICT", "1")
    assert reading().panel.kind == "passed"
    with pytest.raises(AssertionError, match="well enough"):
        reading(shares=partly(2000))
