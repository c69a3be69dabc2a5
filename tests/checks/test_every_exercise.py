"""What holds for every exercise: a new one without it fails here.

pytest tests/checks -k "central_difference"      one exercise
pytest tests/checks -k "chapter1"                the exercises of one chapter
python tests/checks/table.py                     the table of all, with the mutants counted
"""

import copy
import inspect
import re

import numpy as np
import pytest

from course_nn.chapters import CHAPTERS
from course_nn.checks import EXERCISES
from course_nn.checks.compare import difference
from course_nn.checks.engine import Rule, calling, cases, evaluate
from course_nn.inside.functions import CATALOGUE
from tests.support.battery import each_part
from tests.support.published import published
from tests.support.table import DOCS, EQUIVALENT, TABLE, survivors, table

SEEDS = range(3)  # a grader draws other inputs for each learner
each_exercise = pytest.mark.parametrize(
    "exercise",
    EXERCISES.values(),
    ids=[f"chapter{exercise.chapter}-{exercise.name}" for exercise in EXERCISES.values()],
)


def outcomes(exercise, answer):
    return [evaluate(exercise, calling(answer), seed) for seed in SEEDS]


def answer(exercise, solved=True):
    code, namespace = published(solved)
    assert exercise.name in code, (
        f"write {exercise.name} into lessons/*/exercises.md, then build it"
    )
    return namespace[exercise.name]


# The specification


@each_exercise
def test_the_specification_is_whole(exercise):
    assert re.fullmatch(r"\d+\.\d+", exercise.number) and exercise.chapter in CHAPTERS
    assert exercise.name.isidentifier()
    assert exercise.points >= 1 and exercise.minutes >= 1 and exercise.difficulty in (1, 2, 3)
    assert len(exercise.hints) >= 2 and len(exercise.mistakes) >= 3 and len(exercise.rights) >= 2
    for sentence in (*exercise.hints, exercise.why, *exercise.mistakes):
        assert sentence[-1] in ".?!", sentence
    for seed in SEEDS:
        assert sum(not case.extreme for case in cases(exercise, seed)) >= 6


def plain(argument) -> bool:
    """What can be sent to a grader's sandbox: numbers, text, arrays, functions by name."""
    if isinstance(argument, (tuple, list)):
        return all(map(plain, argument))
    if isinstance(argument, dict):
        return all(isinstance(key, str) for key in argument) and all(map(plain, argument.values()))
    if callable(argument):
        return CATALOGUE.get(argument.__name__) is argument
    if type(argument) is np.ndarray:
        return argument.dtype.kind in "biuf"
    return argument is None or type(argument) in (bool, int, float, str, np.random.Generator)


@each_exercise
def test_arguments_are_plain_and_functions_are_in_the_catalogue(exercise):
    for case in cases(exercise):
        assert all(map(plain, case.args)), case.args


@each_exercise
def test_the_learner_gets_the_signature_and_its_shapes(exercise):
    stub, solved = answer(exercise, False), answer(exercise)
    asked = exercise.parameters
    assert (
        list(inspect.signature(stub).parameters) == asked[: len(inspect.signature(stub).parameters)]
    )
    assert inspect.signature(stub) == inspect.signature(solved)
    assert stub.__doc__ == solved.__doc__ and "Returns" in stub.__doc__
    for name in inspect.signature(stub).parameters:
        assert re.search(rf"^\s+[\w, ]*\b{name}\b[\w, ]*: ", stub.__doc__, re.MULTILINE), name


# Right answers


@each_exercise
def test_the_untouched_stub_is_not_attempted_yet(exercise):
    assert [report.status for report in outcomes(exercise, answer(exercise, False))] == [
        "not attempted"
    ] * 3


@each_exercise
def test_the_reference_and_the_published_solution_pass(exercise):
    for right in (exercise.reference, answer(exercise)):
        for report in outcomes(exercise, right):
            assert (report.status, report.points) == ("passed", exercise.points), report.failure


@each_exercise
def test_right_answers_written_differently_pass(exercise):
    for number, right in enumerate(exercise.rights):
        for report in outcomes(exercise, right):
            assert report.status == "passed", (number, report.failure)


def is_float(value) -> bool:
    return np.asarray(value).dtype.kind == "f"


OTHER_FORMS = {
    "lists": lambda x: np.asarray(x).tolist(),
    "arrays without dimensions": np.asarray,
    "NumPy scalars": lambda x: np.asarray(x)[()],
    "float32": lambda x: np.asarray(x, np.float32) if is_float(x) else x,
}


@each_exercise
@pytest.mark.parametrize("form", OTHER_FORMS)
def test_the_right_answer_in_another_form_passes(exercise, form):
    solved = answer(exercise)
    (report, *_) = outcomes(exercise, lambda *args: each_part(OTHER_FORMS[form], solved(*args)))
    assert report.status == "passed", report.failure


# Wrong answers


@each_exercise
def test_known_mistakes_fail_and_are_called_by_their_names(exercise):
    for name, mistaken in exercise.mistaken:
        for report in outcomes(exercise, mistaken):
            assert report.status == "failed", f"passes: {name}"
            assert report.diagnosis == name, f"{name}\nis taken for\n{report.diagnosis}"


def hard_coded(exercise, solved):
    (first, *_) = cases(exercise)
    return lambda *args: first.expected


def arrays(args):
    return [argument for argument in args if isinstance(argument, np.ndarray)]


def only_the_first_shapes(exercise, solved):
    first = next(arrays(case.args) for case in cases(exercise) if arrays(case.args))

    def narrow(*args):
        if arrays(args) and [x.shape for x in arrays(args)] != [x.shape for x in first]:
            raise ValueError("could not be broadcast")
        return solved(*args)

    return narrow


def not_a_number(exercise, solved):
    (*_, last) = [case for case in cases(exercise) if not case.extreme]

    def spoiled(*args):
        value = solved(*args)
        same = all(
            not difference(a, b, Rule(0, 0)) for a, b in zip(args, last.args) if not callable(a)
        )
        return each_part(lambda x: np.asarray(x) * np.nan, value) if same else value

    return spoiled


def prints(exercise, solved):
    return lambda *args: print(solved(*args))


def says(exercise, solved):
    return lambda *args: str(solved(*args))


def one_axis_more(exercise, solved):
    return lambda *args: each_part(lambda x: np.asarray(x)[np.newaxis], solved(*args))


def a_thousandth_off(exercise, solved):
    return lambda *args: each_part(lambda x: x * 1.001 if is_float(x) else x + 1, solved(*args))


def whole_numbers_only(exercise, solved):
    return lambda *args: each_part(lambda x: np.trunc(x).astype(int), solved(*args))


@each_exercise
@pytest.mark.parametrize(
    "wrong",
    [
        hard_coded,
        only_the_first_shapes,
        not_a_number,
        prints,
        says,
        one_axis_more,
        a_thousandth_off,
        whole_numbers_only,
    ],
)
def test_what_is_wrong_in_general_earns_nothing(exercise, wrong):
    expected = [case.expected for case in cases(exercise)]
    if wrong is whole_numbers_only and not has_fractions(expected):
        pytest.skip("the answers are whole numbers")
    if wrong is only_the_first_shapes and not any(arrays(case.args) for case in cases(exercise)):
        pytest.skip("no argument is an array")
    if wrong is a_thousandth_off and exercise.judge:
        pytest.skip("the answers are random")
    if wrong is not prints and is_text(expected):
        pytest.skip("the answers are words")
    (report, *_) = outcomes(exercise, wrong(exercise, answer(exercise)))
    assert (report.status, report.points) == ("failed", 0)
    assert report.failure.sentence


def has_fractions(value) -> bool:
    if isinstance(value, (tuple, list, dict)):
        return any(map(has_fractions, value.values() if isinstance(value, dict) else value))
    return is_float(value) and bool(np.any(np.trunc(value) != value))


def is_text(value) -> bool:
    return all(isinstance(part, str) for part in value)


@each_exercise
def test_an_answer_that_changes_its_input_earns_half(exercise):
    solved = answer(exercise)
    if not any(arrays(case.args) for case in cases(exercise)):
        pytest.skip("no argument can be changed")

    def spoils(*args):
        value = copy.deepcopy(solved(*args))  # it may be a view of what is spoiled next
        for argument in arrays(args):
            argument[...] = 1 - argument if argument.dtype != bool else ~argument
        return value

    (report, *_) = outcomes(exercise, spoils)
    assert (report.status, report.points) == ("failed", exercise.points / 2)
    assert any(name in report.failure.sentence for name in exercise.parameters)


@each_exercise
def test_an_answer_that_depends_on_what_was_called_before_earns_half(exercise):
    solved, calls = answer(exercise), []

    def forgets(*args):
        calls.append(args)
        value = solved(*args)
        if len(calls) <= len(cases(exercise)):
            return value
        return (
            each_part(lambda x: np.asarray(x) * 0 + 7, value) if not isinstance(value, str) else "?"
        )

    report = evaluate(exercise, calling(forgets))
    assert (report.status, report.points) == ("failed", exercise.points / 2)


# Mutants of the published solution


@pytest.mark.sampled(20)
@each_exercise
def test_mutants_of_the_solution_are_rejected(exercise):
    count, alive = survivors(exercise)
    listed = set(EQUIVALENT.get(exercise.name, {}))
    assert count >= 5
    assert alive <= listed, "These pass: find inputs that tell, or list why they are right"
    assert listed <= alive, "These are listed as right, and do not pass any more"


def test_equivalents_are_of_exercises_that_exist_and_have_reasons():
    assert set(EQUIVALENT) <= set(EXERCISES)
    assert all(len(reason) >= 10 for reasons in EQUIVALENT.values() for reason in reasons.values())


def test_the_table_in_the_docs_is_true():
    (written,) = TABLE.findall(DOCS.read_text(encoding="utf-8"))
    assert written == table(), "python tests/checks/table.py --write"
