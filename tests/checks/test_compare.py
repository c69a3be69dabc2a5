"""What counts as equal, and how a difference is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_nn.checks.compare import Rule, difference, part_that_differs
from course_nn.inside.show import show, show_call

RULE = Rule(rtol=1e-7, atol=1e-9)
INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (3, 3.0),
        (np.float64(3), 3.0),
        (np.array(3), 3.0),
        (np.float32(0.1), 0.1),
        ([1, 2], np.array([1.0, 2.0])),
        ((1, 2), np.array([1.0, 2.0])),
        ([[1], [2]], np.array([[1.0], [2.0]])),
        (np.array([1.0, 2.0]), [1.0, 2.0]),
        (range(2), [0, 1]),
        ([np.array([1.0]), 2], (np.array([1.0]), 2.0)),
        (np.array([1.0, 2.0]), (1.0, 2.0)),
        (np.array([NAN, INF, -INF]), np.array([NAN, INF, -INF])),
        (1 + 5e-8, 1.0),
        (np.True_, True),
        (2.0, 2),
        ("steps", "steps"),
        (np.str_("steps"), "steps"),
        ({"W": [1.0], "b": 0}, {"b": 0.0, "W": np.array([1.0])}),
        ([], []),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (None, None),
    ],
)
def test_what_is_the_same(got, expected):
    assert difference(got, expected, RULE) is None


@pytest.mark.parametrize(
    ("got", "expected", "sentence"),
    [
        (0.6, 6.0, "The result is 0.6, and 6.0 is expected."),
        (1 + 3e-7, 1.0, "The result is 1.0000003, and 1.0 is expected."),
        (1.2e-8, 1e-8, "The result is 1.2e-08, and 1e-08 is expected."),
        (NAN, 1.0, "The result is nan, and 1.0 is expected."),
        (1 / 3, 2 / 3, "The result is 0.3333333333, and 0.6666666667 is expected."),
        (INF, -INF, "The result is inf, and -inf is expected."),
        (1.0, NAN, "The result is 1.0, and nan is expected."),
        (-0.5, 0.5, "The result is -0.5, and 0.5 is expected."),
        ([1.0, 3.0], np.array([1.0, 2.0]), "Entry [1] is 3.0, and 2.0 is expected."),
        (np.eye(2), np.array([[1, 0], [0.5, 1]]), "Entry [1, 0] is 0.0, and 0.5 is expected."),
        ([3.0], 3.0, "The result must be a single number, and it has the shape (1,)."),
        (
            3.0,
            np.ones(2),
            "The result must be an array of the shape (2,), and it is a single number.",
        ),
        (
            np.ones((2, 1)),
            np.ones(2),
            "The result must have the shape (2,), and it has the shape (2, 1).",
        ),
        ("3", 3.0, "The result must be a number, and it is '3'."),
        (
            [[1], [2, 3]],
            np.ones((2, 2)),
            "The result must be an array of numbers, and it is [[1], [2, 3]].",
        ),
        (np.exp, np.ones(2), "The result must be an array of numbers, and it is exp."),
        (1j, 1.0, "The result must be a number, and it is 1j."),
        (None, 1.0, "The result is None, and 1.0 is expected."),
        (True, 1.0, "The result must hold numbers, not True and False."),
        (1, True, "The result must hold True and False, not numbers."),
        (1e308, -1e308, "The result is 1e+308, and -1e+308 is expected."),
        (np.array(5), (1, 2), "The result must have 2 parts ([0], [1]), and it has 1."),
        (5, [0] * 4, "The result must have 4 parts ([0], [1], [2], [3]), and it has 1."),
        (5, [0] * 5, "The result must have 5 parts ([0], [1], [2], ...), and it has 1."),
        (5, (1, 2), "The result must have 2 parts ([0], [1]), and it has 1."),
        (
            np.ones((2, 3)),
            (np.ones(3), np.ones(3), np.ones((2, 3))),
            "The result must have 3 parts ([0], [1], [2]), and it is a single array of the shape (2, 3).",
        ),
        (np.ones(3), [0] * 4, "The result must have 4 parts ([0], [1], [2], [3]), and it has 3."),
        ((1, 2, 3), (1, 2), "The result must have 2 parts ([0], [1]), and it has 3."),
        ([1, [2, 5]], [1, [2, 4]], "Entry [1][1] is 5, and 4 is expected."),
        ([1, [2]], [1, [2, 4]], "Entry [1] must have 2 parts ([1][0], [1][1]), and it has 1."),
        ("step", "steps", "The result is 'step', and 'steps' is expected."),
        (1, "steps", "The result is 1, and 'steps' is expected."),
        ({"W": 1}, {"W": 1, "b": 2}, "The result must be a dict with the keys 'W', 'b'."),
        ({"W": 1, "b": 3}, {"W": 1, "b": 2}, "Entry ['b'] is 3, and 2 is expected."),
        ([1.5], [1], "Entry [0] is 1.5, and 1 is expected."),
    ],
)
def test_what_is_not_and_how_it_is_said(got, expected, sentence):
    assert difference(got, expected, RULE).sentence == sentence


def test_parts_have_names():
    wanted = np.ones((1, 2)), np.ones((2, 2)), np.ones(2)
    got = np.ones((1, 2)), np.ones((2, 2)), np.array([1.0, 3.0])
    names = ("dx", "dW", "db")
    assert difference(got, wanted, RULE, names).sentence == "db[1] is 3.0, and 1.0 is expected."
    assert difference(got[:2], wanted, RULE, names).sentence == (
        "The result must have 3 parts (dx, dW, db), and it has 2."
    )
    name, ours, theirs = part_that_differs(got, wanted, RULE, names)
    assert name == "db" and ours is got[2] and theirs is wanted[2]
    assert part_that_differs(got[:2], wanted, RULE, names) == ("", got[:2], wanted)
    assert part_that_differs([9, 1], [1, 1, 1], RULE) == ("", [9, 1], [1, 1, 1])
    assert part_that_differs([1, 2], [1, 3], RULE) == ("[1]", 2, 3)
    assert part_that_differs(1, 2, RULE) == ("", 1, 2)


def test_a_value_that_differs_is_told_from_a_shape_that_does():
    assert difference(1.0, 2.0, RULE).value
    assert not difference([1.0], 2.0, RULE).value
    assert not difference(True, 2.0, RULE).value


def test_what_is_close_in_digits_is_shown_with_more():
    rule = Rule(rtol=1e-14, atol=0)
    assert (
        difference(1 + 1e-12, 1.0, rule).sentence
        == "The result is 1.000000000001, and 1.0 is expected."
    )


def test_whole_numbers_can_be_demanded():
    rule = RULE._replace(whole=True)
    assert difference([1.0, 2.0], np.array([1, 2]), rule).sentence == (
        "The result must hold whole numbers, of a type such as int."
    )
    assert difference(np.array([1, 2], np.uint8), np.array([1, 2]), rule) is None
    assert difference((np.array([1, 2]), 0.5), (np.array([1, 2]), 0.5), rule) is None


def test_any_kind_of_number_will_do_between_two_answers():
    rule = RULE._replace(any_kind=True)
    assert difference(True, 1.0, rule) is None and difference(1, True, rule) is None
    assert difference(False, 1.0, rule)


def test_float32_may_be_off_by_a_ten_thousandth():
    wanted = np.array([1.0, 1000.0])
    near = np.array([1.00005, 1000.05])
    assert difference(near.astype(np.float32), wanted, RULE) is None
    assert difference(near, wanted, RULE)
    assert difference(np.array([1.0, 1001], np.float32), wanted, RULE)
    assert difference(near, wanted.astype(np.float32), RULE) is None, "the reference is in float32"


@pytest.mark.parametrize(
    ("got", "expected", "same"),
    [
        ([0.009, 1000], [0.0, 1000.0], True),
        ([0.011, 1000], [0.0, 1000.0], False),
        ([0.009, -1000], [0.0, -1000.0], True),
        ([0.009, 1000, INF, NAN], [0.0, 1000.0, INF, NAN], True),
        ([0.011, INF], [0.0, INF], False),
        ([2e-9, 1e-5], [1e-9, 1e-5], False),
        ([1.5e-6, 0.1], [1e-6, 0.1], True),
    ],
)
def test_float32_near_zero_is_measured_by_the_largest_entry(got, expected, same):
    found = difference(np.array(got, np.float32), np.array(expected), Rule(1e-7, 0))
    assert (found is None) == same


class Hostile:
    """Lies when it is compared, fails when it is shown."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("not for you")


def test_an_object_that_lies_is_no_number():
    assert "Hostile" in difference(Hostile(), 1.0, RULE).sentence
    assert "Hostile" in difference(Hostile(), "text", RULE).sentence
    assert difference(Hostile(), (1, 2), RULE) and difference(Hostile(), {"W": 1}, RULE)


@given(
    st.recursive(
        st.floats() | st.integers(-9, 9) | st.booleans(), lambda s: st.lists(s, max_size=3)
    )
)
def test_everything_equals_itself(value):
    assert difference(value, value, RULE) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.data())
def test_a_change_of_one_entry_is_found_where_it_is(values, data):
    index = data.draw(st.integers(0, len(values) - 1))
    changed = np.array(values)
    changed[index] += 1 + abs(changed[index]) * 1e-3
    assert f"[{index}]" in difference(changed, np.array(values), RULE).sentence


@pytest.mark.parametrize(
    "value",
    [
        3,
        3.0,
        0.1,
        -1e-5,
        True,
        None,
        "a 'word'",
        (1,),
        (1, 2.5),
        [1, [2.0]],
        {"a": 1.0},
        np.float64(2.5),
    ],
)
def test_what_is_shown_is_code_that_gives_the_value(value):
    assert eval(show(value)) == value


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.0, 2.5]),
        np.array([[1, 2], [3, 4]]),
        np.array([[[0.1]], [[-1e-3]]]),
        np.array([True, False]),
        np.array([1.5], np.float32),
        np.arange(40.0).reshape(4, 10),
    ],
)
def test_small_arrays_are_shown_as_code(array):
    again = eval(show(array))
    assert again.dtype == array.dtype and np.array_equal(again, array)


def test_large_and_empty_arrays_are_shown_with_their_shape():
    assert show(np.zeros((60, 784))).endswith("shape=(60, 784))")
    assert len(show(np.zeros((60, 784)))) < 250
    assert show(np.zeros((0, 3))) == "np.array([], shape=(0, 3))"
    assert len(show(list(range(1000)))) <= 300


def test_print_options_of_the_learner_do_not_count():
    with np.printoptions(formatter={"all": lambda x: "?"}, legacy="1.13"):
        assert show(np.array([0.1, 1 / 3])) == "np.array([0.1       , 0.33333333])"


def test_functions_and_generators_are_shown_by_name():
    assert show_call("slope", (np.exp, 3.0)) == "slope(exp, 3.0)"
    assert show(np.random.default_rng(7)) == "np.random.default_rng(7)"


def test_a_long_call_has_an_argument_a_line():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    call = show_call("dot", (matrix, 2.0))
    assert call.splitlines() == [
        "dot(",
        "    np.array([[1., 2.],",
        "              [3., 4.]]),",
        "    2.0,",
        ")",
    ]
    assert np.array_equal(eval(call, {"np": np, "dot": np.multiply}), 2 * matrix)
