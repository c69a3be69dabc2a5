import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_nn import _arrays
from course_nn.layers import Dense
from course_nn.models import Sequential
from course_nn.utils import lookup, to_categorical, warm_up_products


def test_one_hot_rows_by_hand():
    assert to_categorical([2, 0, 1]).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert to_categorical([1], 4).tolist() == [[0, 1, 0, 0]]


@given(arrays(np.uint8, st.integers(1, 30), elements=st.integers(0, 9)))
def test_labels_come_back_from_their_one_hot_rows(labels):
    one_hot = to_categorical(labels, 10)
    assert one_hot.dtype == np.float32 and one_hot.shape == (len(labels), 10)
    assert np.array_equal(one_hot.argmax(axis=1), labels)
    assert np.array_equal(one_hot.sum(axis=1), np.ones(len(labels)))


def test_any_shape_of_labels_gets_one_axis_more():
    one_hot = to_categorical(np.array([[0, 1], [1, 1], [0, 0]]))
    assert one_hot.shape == (3, 2, 2)
    assert one_hot[0].tolist() == [[1, 0], [0, 1]]


def test_the_largest_byte_is_a_label_like_any_other():
    assert to_categorical(np.array([255], np.uint8)).shape == (1, 256)


def test_lookup_suggests_the_nearest_name_and_lists_all():
    known = {"relu": 1, "tanh": 2}
    assert lookup("activation", "tanh", known) == 2
    with pytest.raises(
        ValueError, match="'ReLu' is no activation. Did you mean 'relu'.* relu, tanh"
    ):
        lookup("activation", "ReLu", known)
    with pytest.raises(ValueError) as raised:
        lookup("activation", "xyz", known)
    assert "Did you mean" not in str(raised.value)


@pytest.mark.parametrize(
    ("blas", "found", "wide"),
    [
        ("scipy-openblas", ["SSE42", "AVX2", "FMA3"], True),
        ("scipy-openblas", ["X86_V3"], True),
        ("openblas64", ["X86_V3"], True),
        ("scipy-openblas", ["AVX2", "AVX512F", "AVX512_SKX"], False),
        ("scipy-openblas", ["X86_V3", "X86_V4"], False),
        ("scipy-openblas", ["ASIMDHP"], False),
        ("accelerate", [], False),
        ("mkl-sdl", ["X86_V3"], False),
        ("none", [], False),
    ],
)
def test_the_wide_product_runs_once_a_thread_and_only_where_it_helps(
    monkeypatch, blas, found, wide
):
    about = {
        "Build Dependencies": {"blas": {"name": blas}},
        "SIMD Extensions": {"baseline": ["X86_V2"], "found": found},
    }
    shapes = []
    monkeypatch.setattr(_arrays.np, "show_config", lambda mode: about)
    monkeypatch.setattr(_arrays.np, "dot", lambda x, w: shapes.append((x.shape, w.shape)))

    def program():
        warm_up_products()
        warm_up_products()

    for _thread in range(2):
        thread = threading.Thread(target=program)
        thread.start()
        thread.join()
    assert shapes == 2 * wide * [((32, 784), (784, 512))]


def test_products_are_warmed_up_by_building_and_by_predicting_in_another_thread(monkeypatch):
    monkeypatch.setattr(_arrays, "_warm", threading.local())
    seen = []
    monkeypatch.setattr(
        _arrays,
        "_prefetches_untouched_pages",
        lambda: seen.append(threading.current_thread().name) or True,
    )
    model = Sequential([Dense(2)])
    assert not seen
    model.build((3,))
    assert seen == ["MainThread"]
    thread = threading.Thread(target=model.predict, args=(np.ones((4, 3)),), name="another")
    thread.start()
    thread.join()
    assert seen == ["MainThread", "another"]
