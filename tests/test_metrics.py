import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_nn.metrics import accuracy, classes_of, confusion_matrix, f1_score, precision, recall
from course_nn.utils import to_categorical

CLASSES = 4
pairs = st.integers(1, 40).flatmap(
    lambda n: st.tuples(*[arrays(np.int64, n, elements=st.integers(0, CLASSES - 1))] * 2)
)

# Three cats (0), two dogs (1), one bird (2); one cat is taken for a dog, the bird for a cat.
TRUE = [0, 0, 0, 1, 1, 2]
GIVEN = [0, 0, 1, 1, 1, 0]


# --- by hand


def test_confusion_matrix_has_the_truth_in_rows_and_what_was_given_in_columns():
    assert confusion_matrix(TRUE, GIVEN).tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert confusion_matrix(TRUE, GIVEN, 4).shape == (4, 4)


def test_scores_by_hand():
    assert accuracy(TRUE, GIVEN) == 4 / 6
    assert precision(TRUE, GIVEN) == pytest.approx(
        [2 / 3, 2 / 3, 0]
    )  # nothing was called a bird: 0
    assert recall(TRUE, GIVEN) == pytest.approx([2 / 3, 1, 0])
    assert f1_score(TRUE, GIVEN) == pytest.approx([2 / 3, 4 / 5, 0])


def test_of_no_rows_accuracy_is_not_a_number():
    assert np.isnan(accuracy(np.zeros(0, int), np.zeros(0, int)))


# --- properties


@given(pairs)
def test_the_matrix_counts_every_row_once(pair):
    true, predicted = pair
    matrix = confusion_matrix(true, predicted, CLASSES)
    assert matrix.sum() == len(true)
    assert np.array_equal(matrix.sum(axis=1), np.bincount(true, minlength=CLASSES))
    assert np.array_equal(matrix.sum(axis=0), np.bincount(predicted, minlength=CLASSES))
    assert accuracy(true, predicted) == pytest.approx(np.trace(matrix) / len(true))
    assert np.array_equal(confusion_matrix(predicted, true, CLASSES), matrix.T)


@given(pairs)
def test_scores_are_their_definitions(pair):
    """With the formulas of scikit-learn's user guide (section 3.4.4.9), counted row by row."""
    true, predicted = pair
    for k in range(CLASSES):
        hits = sum(t == p == k for t, p in zip(true, predicted))
        given, having = np.count_nonzero(predicted == k), np.count_nonzero(true == k)
        p, r = (hits / given if given else 0), (hits / having if having else 0)
        assert precision(true, predicted, CLASSES)[k] == pytest.approx(p)
        assert recall(true, predicted, CLASSES)[k] == pytest.approx(r)
        assert f1_score(true, predicted, CLASSES)[k] == pytest.approx(
            2 * p * r / (p + r) if p + r else 0
        )


@given(pairs)
def test_every_form_of_labels_and_predictions_gives_the_same(pair):
    true, predicted = pair
    matrix = confusion_matrix(true, predicted, CLASSES)
    one_hot, probabilities = (
        to_categorical(true, CLASSES),
        to_categorical(predicted, CLASSES) * 0.4 + 0.15,
    )
    for t in (
        true,
        true.astype(float),
        true.astype(np.uint8),
        true[:, np.newaxis],
        one_hot,
        true.tolist(),
    ):
        for p in (predicted, predicted.astype(float), predicted[:, np.newaxis], probabilities):
            assert np.array_equal(confusion_matrix(t, p, CLASSES), matrix)
            assert accuracy(t, p) == np.trace(matrix) / len(true)


# --- forms of labels


def test_classes_of_rows_and_of_single_probabilities():
    assert classes_of([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]]).tolist() == [1, 0]
    assert classes_of([0.2, 0.5, 0.9]).tolist() == [0, 1, 1]
    assert classes_of([[0.49], [0.51]]).tolist() == [0, 1]
    assert classes_of(np.array([True, False])).tolist() == [1, 0]
    assert classes_of([3, 1]).tolist() == [3, 1]
    assert classes_of([3.0, 1.0]).tolist() == [3, 1]
    assert classes_of([1.0, 0.0]).tolist() == [1, 0]  # certain probabilities and labels agree


def test_accuracy_of_one_output_with_a_threshold_of_one_half():
    assert accuracy([1, 0, 1, 0], [[0.9], [0.6], [0.5], [0.1]]) == 0.75


def test_whole_numbers_below_zero_are_no_class_numbers():
    assert classes_of(np.array([-1.0, 0.0, 2.0])).tolist() == [0, 0, 1]
    assert classes_of(np.array([0.0, 1.0, 2.0])).tolist() == [0, 1, 2]
