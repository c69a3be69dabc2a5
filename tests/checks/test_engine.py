"""How an answer is tried and judged, on exercises of three lines."""

import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest

from course_nn.checks.engine import Answer, Error, Exercise, _copying, calling, cases, evaluate
from course_nn.inside.functions import square


def half(x):
    return x / 2


HALF = Exercise(
    number="1.1",
    name="half",
    title="Half",
    points=3,
    minutes=5,
    difficulty=1,
    reference=half,
    inputs=lambda rng: [(1.0,), (2.0,), (np.array([4.0, 6.0]),), (rng.normal(size=3),)],
    extremes=((1e308,),),
    hints=("One.", "Two."),
    why="So.",
    mistakes={
        "You double.": lambda x: x * 2,
        "You square.": lambda x: x * x,
        "You overflow.": lambda x: x * 5 / 10,
        "You change x.": lambda x: np.divide(x, 2, out=x) if isinstance(x, np.ndarray) else x / 2,
        "You fail on numbers.": lambda x: np.array([x[0], *x[1:]]) / 2,
        "You fail on all.": lambda x: int("half"),
    },
    rights=(lambda x: 0.5 * x,),
)


def report(function, exercise=HALF):
    return evaluate(exercise, calling(function))


def test_a_right_answer_earns_all():
    found = report(lambda x: x * 0.5)
    assert (found.status, found.points, found.failure, found.diagnosis) == ("passed", 3, None, None)
    assert (found.right, found.tried) == (5, 5)


def test_a_wrong_answer_earns_nothing_and_its_simplest_failing_call_is_told():
    found = report(lambda x: x / 2 if np.ndim(x) == 0 else x)
    assert (found.status, found.points, found.right, found.tried) == ("failed", 0, 3, 5)
    assert found.diagnosis is None
    assert found.failure.sentence == "Entry [0] is 4.0, and 2.0 is expected."
    assert found.failure.call == "half(np.array([4., 6.]))"
    assert found.failure.got == "np.array([4., 6.])"
    assert found.failure.expected == "np.array([2., 3.])"


@pytest.mark.parametrize(
    ("function", "diagnosis"),
    [
        (lambda x: x + x, "You double."),
        (lambda x: np.multiply(x, x), "You square."),
        (lambda x: (x + x + x + x + x) / 10, "You overflow."),
        (lambda x: np.array(list(x)) / 2, "You fail on numbers."),
        (lambda x: x / 2 if np.ndim(x) else float("two"), None),
        (lambda x: x * x if np.ndim(x) else x + x, None),
        (lambda x: x + x if np.ndim(x) else 7, None),
        (lambda x: x + x + 1e-5, None),
        (lambda x: float("two"), None),
    ],
)
def test_a_known_mistake_is_named_if_it_agrees_on_every_input(function, diagnosis):
    assert report(function).diagnosis == diagnosis


def test_a_mistake_in_true_and_false_is_the_same_in_numbers():
    sign = replace(HALF, reference=np.sign, mistakes={"You compare.": lambda x: x > 0})
    assert report(lambda x: np.asarray(x) > 0, sign).diagnosis == "You compare."
    assert report(lambda x: np.where(np.asarray(x) > 0, 1.0, 0.0), sign).diagnosis == "You compare."


def test_an_interrupted_answer_has_no_known_mistake():
    def half(x):
        if np.ndim(x):
            raise KeyboardInterrupt
        return x * 2

    assert report(half).diagnosis is None


def test_an_argument_that_is_changed_belongs_to_the_mistake():
    def in_place(x):
        if isinstance(x, np.ndarray):
            x /= 2
            return x
        return x / 2

    assert report(in_place).diagnosis == "You change x."


def test_extremes_alone_leave_half_of_the_points():
    found = report(lambda x: x * 5 / 10)
    assert (found.status, found.points, found.right) == ("failed", 1.5, 4)
    assert found.failure.call == "half(1e+308)"
    assert found.failure.sentence == "The result is inf, and 5e+307 is expected."


def test_a_changed_argument_leaves_half_of_the_points():
    def spoils(x):
        result = x / 2
        if isinstance(x, np.ndarray):
            x[0] = 0
        return result

    found = report(spoils)
    assert (found.status, found.points) == ("failed", 1.5)
    assert (
        found.failure.sentence == "It changes its argument x. Work on a copy, such as `x.copy()`."
    )
    assert (found.failure.got, found.failure.expected) == (
        "x = np.array([0., 6.])",
        "x = np.array([4., 6.])",
    )


def test_how_to_copy_is_said_for_what_the_argument_is():
    """A tuple of arrays has no method `copy`, and a list's copies no array."""
    told = {"weights": ([np.ones(2)],), "losses": ([1.0, 2.0],), "pair": ((1.0, 2.0),)}
    copies = [_copying(name, *value) for name, value in told.items()]
    assert copies == ["[array.copy() for array in weights]", "losses.copy()", "list(pair)"]
    for (name, (value,)), copied in zip(told.items(), copies):
        assert str(list(eval(copied, {name: value}))) == str(list(value))


def test_a_refusal_to_put_fractions_among_whole_numbers_is_no_wrong_answer():
    whole = replace(HALF, inputs=lambda rng: [(np.array([1, 2]),), (np.array([3.0]),)])

    def in_place(x):
        x = np.array(x)
        x *= 0.5
        return x

    def cut_off(x):
        y = np.zeros_like(x)
        y[...] = x * 0.5
        return y

    with pytest.raises(TypeError):
        in_place(np.array([1, 2]))
    assert report(in_place, whole).status == "passed"
    assert report(cut_off, whole).status == "failed"
    assert report(lambda x: in_place(x) + 1, whole).failure.got == "np.array([1.5, 2. ])"


@pytest.mark.parametrize(
    "weights",
    [{"W": np.ones(2), "b": 1.0}, [np.ones(2), 1.0], (np.ones(2), [1.0])],
)
def test_an_array_inside_of_an_argument_may_not_change_either(weights):
    total = replace(HALF, reference=lambda w: 3.0, inputs=lambda rng: [(weights,)] * 6, extremes=())

    def first(w):
        return w["W"] if isinstance(w, dict) else w[0]

    def spoils(w):
        first(w)[1] = 0
        return 3.0

    def drops(w):
        w.clear() if isinstance(w, (dict, list)) else w[1].clear()
        return 3.0

    assert report(lambda w: 3.0, total).status == "passed"
    for wrong in (spoils, drops):
        found = report(wrong, total)
        assert (found.status, found.points) == ("failed", 1.5)
        assert found.failure.sentence.startswith("It changes its argument w.")


@pytest.mark.parametrize("weights", [[[1.0], 2.0], [(1.0,), 2.0], [{"a": 1.0}, 2.0]])
@pytest.mark.parametrize("put", [3.0, "text", None, object()], ids=lambda put: type(put).__name__)
def test_something_else_inside_of_an_argument_is_a_change(weights, put):
    total = replace(HALF, reference=lambda w: 3.0, inputs=lambda rng: [(weights,)] * 6, extremes=())

    def puts(w):
        w[0] = put
        return 3.0

    found = report(puts, total)
    assert (found.status, found.points) == ("failed", 1.5)
    assert found.failure.sentence.startswith("It changes its argument w.")


def test_a_wrong_value_is_told_before_a_changed_argument():
    def spoils(x):
        if isinstance(x, np.ndarray):
            result = x / 2
            x[0] = 0
            return result
        return 0.5 if x == 1 else 7.0

    found = report(spoils)
    assert found.points == 0
    assert found.failure.call == "half(2.0)"


def test_what_is_put_back_but_for_the_last_bit_has_not_changed():
    def shakes(x):
        if isinstance(x, np.ndarray):
            x += 0.1
            x -= 0.2
            x += 0.1
        return x / 2

    assert report(shakes).status == "passed"


def test_arguments_are_copies_every_time():
    seen = []
    report(lambda x: seen.append(x) or x / 2)
    arrays = [x for x in seen if isinstance(x, np.ndarray)]
    assert len({id(x) for x in arrays}) == len(arrays) == 4
    assert not any(x is case.args[0] for x in arrays for case in cases(HALF))


def test_an_answer_that_remembers_leaves_half_of_the_points():
    calls = []

    def remembers(x):
        calls.append(x)
        return x / 2 if len(calls) <= 5 else x

    found = report(remembers)
    assert (found.points, found.right, found.diagnosis) == (1.5, 5, None)
    assert found.failure.sentence.startswith("Called once more with the same arguments")


def test_a_result_that_is_written_over_later_was_right_when_it_was_returned():
    buffer = np.zeros(3)

    def lends(x):
        if np.ndim(x) == 0:
            return x / 2
        return np.divide(x, 2, out=buffer[: len(x)])

    assert report(lends).status == "passed"


# Stubs, errors, interrupts


def stub(x):
    raise NotImplementedError()


stub.__code__ = stub.__code__.replace(co_name="half")


def test_a_stub_is_not_attempted():
    found = report(stub)
    assert (found.status, found.points, found.right, found.tried) == ("not attempted", 0, 0, 0)
    assert found.failure is None and found.diagnosis is None


def test_a_stub_that_an_answer_calls_is_named():
    found = report(lambda x: stub(x), replace(HALF, name="twice"))
    assert found.status == "failed"
    assert (
        found.failure.sentence == "It calls `half`, which is not written yet. Write that one first."
    )


def test_a_stub_on_one_way_through_it_is_an_attempt():
    def half(x):
        if np.ndim(x) == 0:
            return x / 2
        raise NotImplementedError()

    found = report(half)
    assert (found.status, found.right) == ("failed", 3)
    assert found.failure.got == "NotImplementedError"
    assert "raise NotImplementedError()" in found.failure.sentence


def test_an_error_is_told_with_the_learners_line():
    def half(x):
        y = x - x
        return np.linalg.inv(y)

    found = report(half)
    line = half.__code__.co_firstlineno + 2
    assert found.failure.sentence == f"It raises an error in line {line}: `return np.linalg.inv(y)`"
    assert found.failure.got.startswith("LinAlgError: ")
    assert found.points == 0


def test_an_error_before_any_of_the_learners_lines_is_told_without():
    found = report(lambda x, y: x)
    assert "raises an error: TypeError" in found.failure.sentence
    assert "missing 1 required positional argument: 'y'" in found.failure.sentence


@pytest.mark.parametrize("error", [SystemExit, RecursionError, MemoryError, AssertionError])
def test_every_error_is_the_answers_and_stops_nothing(error):
    def half(x):
        raise error

    found = report(half)
    assert (found.status, found.right) == ("failed", 0)
    assert found.failure.got == error.__name__


def test_an_interrupt_ends_the_check():
    calls = []

    def half(x):
        calls.append(x)
        raise KeyboardInterrupt

    found = report(half)
    assert len(calls) == 1
    assert (found.status, found.points) == ("failed", 0)
    assert found.failure.sentence == "It was stopped while it ran. Has it a loop that never ends?"


def test_an_interrupt_on_an_extreme_earns_nothing():
    def half(x):
        if np.ndim(x) == 0 and x > 1e300:
            raise KeyboardInterrupt
        return x / 2

    more = replace(HALF, extremes=((1e308,), (1e307,)))
    assert report(half, more).points == 0


# What an answer may and may not return


def test_none_is_told_from_what_was_printed():
    assert report(lambda x: None).failure.sentence.startswith("It returns nothing.")
    assert report(lambda x: print(x / 2)).failure.sentence.startswith("It prints its answer")


def test_generators_are_read_to_their_end():
    listed = replace(HALF, reference=lambda x: [x, x], extremes=())
    assert report(lambda x: (x for _ in range(2)), listed).status == "passed"
    assert report(lambda x: (1 / 0 for _ in range(2)), listed).failure.got.startswith(
        "ZeroDivisionError"
    )
    assert report(lambda x: map(half, [2 * x, 2 * x]), listed).status == "passed"


def test_an_answer_that_cannot_be_copied_is_no_number():
    assert "must be a number" in report(lambda x: sys).failure.sentence


def test_whole_numbers_are_wanted_where_the_exercise_says_so():
    count = replace(
        HALF, reference=np.size, inputs=lambda rng: [(np.ones(n),) for n in range(6)], extremes=()
    )
    assert report(lambda x: float(np.size(x)), count).status == "passed"
    assert report(lambda x: float(np.size(x)), replace(count, whole=True)).points == 0
    assert report(np.size, replace(count, whole=True)).status == "passed"


def noise(n, rng):
    return rng.normal(size=n)


NOISE = replace(
    HALF,
    name="noise",
    reference=noise,
    inputs=lambda rng: [(n, np.random.default_rng(n)) for n in (2000, 3000, 4000)],
    extremes=(),
    judge=lambda args, got: None if np.std(got) > 0.9 else "Its spread is too small.",
)


def test_a_judge_takes_the_place_of_values_but_not_of_shapes():
    assert report(lambda n, rng: rng.standard_normal(n) * 1.01, NOISE).status == "passed"
    assert report(lambda n, rng: rng.normal(size=(n, 1)), NOISE).failure.sentence.startswith(
        "The result must have"
    )
    found = report(lambda n, rng: rng.normal(size=n) / 2, NOISE)
    assert (found.points, found.failure.sentence) == (0, "Its spread is too small.")
    assert found.failure.call == "noise(2000, np.random.default_rng(2000))"


def test_chance_from_elsewhere_gives_another_answer_the_second_time():
    def noise(n, rng):
        return np.random.default_rng().normal(size=n)

    found = report(noise, NOISE)
    assert found.points == 1.5 and "chance" in found.failure.sentence


# Around the call


def test_an_answer_may_warn_print_and_overflow_and_nothing_is_seen(capfd):
    def loud(x):
        print("out")
        print("err", file=sys.stderr)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        np.array([1.0]) / 0
        return x / 2

    assert report(loud).status == "passed"
    with np.errstate(all="raise"):  # as a learner may have set it
        assert report(loud).status == "passed"
    assert capfd.readouterr() == ("", "")


def test_the_functions_among_the_arguments_are_explained():
    apply = replace(
        HALF, reference=lambda f, x: f(x), inputs=lambda rng: [(square, 3.0)] * 6, extremes=()
    )
    found = report(lambda f, x: x, apply)
    assert found.failure.functions == ("square(x) = x ** 2",)
    assert found.failure.call == "half(square, 3.0)"


def test_parts_with_names_are_shown_by_name():
    two = replace(HALF, reference=lambda x: (x, 2 * x), returns=("once", "twice"), extremes=())
    found = report(lambda x: (x, x), two)
    assert (found.failure.got, found.failure.expected) == ("twice = 1.0", "twice = 2.0")
    assert report(lambda x: x, two).failure.expected == "once = 1.0\ntwice = 2.0"


def test_inputs_follow_the_seed():
    first, again, other = cases(HALF, 1), cases(HALF, 1), cases(HALF, 2)
    assert first is again
    assert np.array_equal(first[0].args[0], other[0].args[0])
    assert not np.array_equal(first[3].args[0], other[3].args[0])
    assert [case.extreme for case in first] == [False] * 4 + [True]


def test_a_reference_that_fails_is_the_authors_error():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        report(half, replace(HALF, reference=lambda x: 1 / 0))


def test_any_call_will_do_so_that_the_function_may_live_elsewhere():
    asked = []

    def across_a_pipe(args):
        asked.append(args)
        return Answer(value=args[0] / 2, args=args)

    assert evaluate(HALF, across_a_pipe, seed=3).status == "passed"
    assert len(asked) == 10
    dead = evaluate(HALF, lambda args: Answer(error=Error("Killed", "too much memory")))
    assert dead.failure.sentence == "It raises an error: Killed: too much memory"


# On the way, and in float32


def test_an_overflow_on_the_way_is_told_and_costs_nothing():
    found = report(lambda x: x / 2 + 0 * np.exp(-np.exp(np.abs(x) * 0 + 1000)))
    assert (found.status, found.points) == ("passed", 3)
    assert found.remark == "In `half(1.0)` `exp` overflows on the way. Here it does no harm."


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: x / 2 + 1 / np.exp(np.abs(x * 0) + 1000), "`exp` overflows"),
        (lambda x: x / 2 + 0 / np.log(np.abs(x) * 0), "`log` divides by zero"),
        (
            lambda x: x / 2 + np.nan_to_num(np.log(-1 - np.abs(x))) * 0,
            "`log` gives what is no number",
        ),
    ],
)
def test_where_nothing_may_overflow_it_leaves_half_of_the_points(function, said):
    found = report(function, replace(HALF, overflow_free=True, extremes=()))
    assert (found.status, found.points) == ("failed", 1.5)
    assert found.failure.sentence.startswith(f"The numbers come out right, but {said}")


SILENT = """
import functools, warnings
import numpy as np
from numpy import errstate, seterr

def overflows(x):
    return x / 2 + 0 * np.minimum(np.exp(np.abs(x * 0) + 1000), 1)

def within(x):
    with errstate(all="ignore"):
        return overflows(x)

decorated = np.errstate(over="ignore")(overflows)

def set_(x):
    seterr(all="ignore")
    return overflows(x)

def called(x):
    np.seterrcall(lambda kind, flag: None)
    np.seterr(over="call")
    return overflows(x)

def filtered(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return overflows(x)

def raising(x):
    try:
        with np.errstate(over="raise"):
            return overflows(x)
    except FloatingPointError:
        return x / 2
"""


@pytest.mark.parametrize("name", ["within", "decorated", "set_", "called", "filtered", "raising"])
def test_an_overflow_is_heard_of_though_the_answer_silences_it(name):
    names, before = {}, np.geterr()
    exec(SILENT, names)
    found = report(names[name], replace(HALF, overflow_free=True, extremes=()))
    if name == "raising":
        assert found.status == "passed"
    else:
        assert found.failure.sentence == (
            "The numbers come out right, but `exp` overflows on the way."
        )
    assert np.geterr() == before


def test_what_overflows_is_named_where_the_arguments_say_it():
    exponential = replace(HALF, overflow_free=True, reference=lambda x: x * 0 + 0.0,
        inputs=lambda rng: [(1000.0,)] * 6, extremes=())  # fmt: skip
    found = report(lambda x: 0 * (1 / np.exp(x)), exponential)
    assert (
        found.failure.sentence == "The numbers come out right, but `e^1000` overflows on the way."
    )


def test_what_overflows_in_the_reference_may_overflow_in_an_answer():
    loud = replace(HALF, overflow_free=True, reference=lambda x: x / 2 + 1 / np.exp(x * 0 + 1000))
    assert report(lambda x: x / 2 + 1 / np.exp(x * 0 + 900), loud).status == "passed"


def test_a_mistake_that_overflows_is_told_of_those_that_do():
    right = "e^x overflows: subtract the largest first."
    mistakes = {right: lambda x: x / 2 + 1 / np.exp(np.abs(x * 0) + 1000)}
    free = replace(HALF, overflow_free=True, extremes=(), mistakes=mistakes)
    assert report(lambda x: x / 2 + 2 / np.exp(np.abs(x * 0) + 999), free).diagnosis == right

    def spoils(x):
        value = x / 2
        if isinstance(x, np.ndarray):
            x[0] = 9
        return value

    assert report(spoils, free).diagnosis is None


SUM = replace(
    HALF,
    reference=lambda x: np.array([np.sum(x), np.exp(-40.0)]),
    inputs=lambda rng: [(np.array([3000.0, 0.1, -3000.0]),), (rng.normal(size=5),)],
    extremes=(),
    atol=1e-30,
)


def test_an_answer_in_float32_may_be_off_by_its_rounding():
    """Relative to the largest term, where large terms cancel."""

    def single(x):
        return np.array([np.sum(x.astype(np.float32)), np.exp(np.float32(-40))])

    assert single(np.array([3000.0, 0.1, -3000.0]))[0] != np.float32(0.1)
    assert report(single, SUM).status == "passed"


@pytest.mark.parametrize("change", [(1.0, 0.0), (1 + 3e-5, 1.0), (1.0, 1 + 3e-5)])
def test_an_answer_in_float32_may_be_off_by_no_more(change):
    """A small entry beside a large one is right or wrong for itself."""
    found = report(lambda x: (SUM.reference(x) * change).astype(np.float32), SUM)
    assert found.status == "failed"
