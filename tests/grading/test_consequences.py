"""What fails for an earlier function of the student's own: half of its points, and no blame."""

import pytest

from course_nn.checks import EXERCISES, notebook
from course_nn.grading import helpers, session
from course_nn.grading.session import Limits
from tests.support.sandboxed import reached, submission

pytestmark = pytest.mark.usefixtures("no_process_is_left")

NUMPY = "import numpy as np"
DENSE = (
    "def dense_backward(dy, x, W):\n"
    "    rows = dy.reshape(-1, dy.shape[-1])\n"
    "    return dy @ W.T, x.reshape(-1, x.shape[-1]).T @ rows, rows.{}(axis=0)"
)
RELU = "def relu_backward(dh, h, top=np.inf):\n    return dh * (h > 0) * (h < top)"
NETWORK = (
    "def network_backward(dy, x, h, W2):\n"
    "    dh, dW2, db2 = {}(dy, h, W2)\n"
    "    dz = relu_backward(dh, h)\n"
    "    return x.T @ dz, {}dz.sum(axis=0), dW2, db2"
)
RIGHT = NETWORK.format("dense_backward", "")
NAMES = ["relu_backward", "dense_backward", "network_backward"]
WORTH = EXERCISES["network_backward"].points


def graded(*cells):
    """The grades of a notebook, by exercise; a cell that defines one answers it."""
    made = []
    for cell in cells:
        made.append((cell, tuple(n for n in NAMES if f"def {n}(" in cell)))
    exercises = [EXERCISES[name] for name in NAMES]
    found = session.grade(submission(*made), exercises, 1, reached()[0], Limits(5))
    return {one.exercise: one for one in found}


def test_what_is_right_on_right_helpers_earns_half_and_says_whose_fault_it_is():
    grades = graded(NUMPY, DENSE.format("mean"), RELU, RIGHT)
    assert grades["dense_backward"].status == "failed"
    one = grades["network_backward"]
    assert (one.status, one.points, one.report) == ("consequence", WORTH / 2, None)
    assert one.message == (
        "4.8 is right; it calls your `dense_backward` (4.2), which is not. Judged with the course's "
        "own in its place: right, for half of the points."
    )


def test_whatever_is_wrong_with_the_helper():
    stub = "def dense_backward(dy, x, W):\n    raise NotImplementedError()"
    endless = "def dense_backward(dy, x, W):\n    while True: pass"
    for helper in (stub, endless, "dense_backward = 3", ""):
        assert graded(NUMPY, RELU, helper, RIGHT)["network_backward"].status == "consequence", (
            helper
        )


def test_an_answer_that_is_wrong_itself_stays_so():
    wrong = NETWORK.format("dense_backward", "2 * ")
    one = graded(NUMPY, DENSE.format("mean"), RELU, wrong)["network_backward"]
    assert one.status == "failed" and one.points < WORTH / 2 and one.report


def test_through_helpers_of_its_own_and_wherever_these_stand():
    between = "def mine(*a):\n    return dense_backward(*a)"
    through = NETWORK.format("mine", "")
    for cells in (
        (between, DENSE.format("mean"), RELU, through),
        (DENSE.format("mean"), between, RELU, through, DENSE.format("mean")),
    ):
        assert graded(NUMPY, *cells)["network_backward"].status == "consequence"


def test_two_at_fault_are_both_named_and_right_ones_are_not():
    grades = graded(NUMPY, DENSE.format("mean"), RELU.replace("> 0", "< 0"), RIGHT)
    message = grades["network_backward"].message
    assert "`dense_backward` (4.2), `relu_backward` (4.4), which are not" in message
    assert (
        "relu_backward"
        not in graded(NUMPY, DENSE.format("mean"), RELU, RIGHT)["network_backward"].message
    )


def test_who_calls_nothing_wrong_is_not_judged_again(monkeypatch):
    monkeypatch.setattr(session._Session, "passes", None)  # it would raise
    alone = (
        "def network_backward(dy, x, h, W2):\n    dense = dy\n    return dense, dense, dense, dense"
    )
    assert graded(NUMPY, DENSE.format("mean"), RELU, alone)["network_backward"].status == "failed"
    local = alone.replace("dense = dy", "dense_backward = dy").replace("dense,", "dense_backward,")
    assert graded(NUMPY, DENSE.format("mean"), RELU, local)["network_backward"].status == "failed"


def test_the_answer_that_is_judged_is_never_in_the_sandbox():
    for name in EXERCISES:
        called = (helpers.reads(notebook.published(EXERCISES[name])) & EXERCISES.keys()) - {name}
        text = helpers.source(called, but=name)
        assert f"def {name}(" not in text
        assert all(f"def {helper}(" in text for helper in called)
        if called:
            assert helpers.source({*called, name}, but=name) == ""
            exec(compile(text, name, "exec"), {})  # it stands on its own


def test_a_helper_gains_nothing_by_it():
    spy = (
        "def dense_backward(dy, x, W):\n    import sys\n"
        "    return sys.modules['worked_answers'].dense_backward(dy, x, W)"
    )
    assert graded(NUMPY, spy, RELU, RIGHT)["dense_backward"].status == "failed"


def test_a_function_that_a_later_exercise_asks_for_too_is_the_students_own():
    later = "def softmax_network(a):\n    return a"
    through = RIGHT.replace("return x.T", "return softmax_network(x).T")
    assert list(EXERCISES).index("softmax_network") > list(EXERCISES).index("network_backward")
    one = graded(NUMPY, later, DENSE.format("mean"), RELU, through)["network_backward"]
    assert one.status == "consequence" and "softmax" not in one.message
