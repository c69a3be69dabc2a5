"""What a wrong answer amounts to is told where it holds on every input, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from course_nn.checks import EXERCISES
from course_nn.checks.amounts import RELATIONS, amounts
from course_nn.checks.compare import Rule
from course_nn.checks.engine import calling, evaluate
from course_nn.inside.calling import Answer, Error

RULE = Rule(1e-6, 1e-8)
TABLES = [
    np.array([[1.123456789, -2.5, 4.0], [0.5, 8.125, -3.0]]),
    np.array([[-7.123456789, 2.0], [6.0, 0.75], [1.75, -0.25]]),
]


def told(change, tables=TABLES):
    """What is said where ``change`` of a table comes out, and the table is expected."""
    answers = [Answer(change(table), args=(table,)) for table in tables]
    return amounts(answers, tables, [(table,) for table in tables], RULE)


@pytest.mark.parametrize(("sentence", "relation"), RELATIONS, ids=[r[0][:40] for r in RELATIONS])
def test_a_relation_is_told_where_it_holds_everywhere_and_nowhere_else(sentence, relation):
    tables = [np.abs(table) for table in TABLES] if "root" in sentence else TABLES
    assert told(lambda x: relation(x, (x,)), tables) == sentence
    as_it_is = iter([True, False])
    assert told(lambda x: x if next(as_it_is) else relation(x, (x,)) + 0.3, tables) is None


def test_factors_and_differences_are_told():
    assert "times the same number" in told(lambda x: 3.7 * x)
    assert "off by the same number" in told(lambda x: x + 3.7)


def test_counts_as_floats_are_right_but_for_their_type():
    answers = [Answer(np.array([1.0, 2.0])), Answer(np.array([3.0, 0.0]))]
    expected = [np.array([1, 2]), np.array([3, 0])]
    assert amounts(answers, expected, [(), ()], Rule(1e-6, 1e-8, whole=True)) is None


@pytest.mark.parametrize("change", [lambda x: x, lambda x: "x", lambda x: None, lambda x: x + x**3])
def test_nothing_is_told_of_what_is_right_or_no_relation(change):
    assert told(change) is None


def test_nothing_is_told_of_errors_and_of_results_with_a_right_part():
    error = [Answer(error=Error("ValueError")), Answer(-TABLES[1])]
    assert amounts(error, TABLES, [(t,) for t in TABLES], RULE) is None
    pairs = [(table, table) for table in TABLES]
    answers = [Answer((table, -table)) for table in TABLES]
    assert amounts(answers, pairs, [(t,) for t in TABLES], RULE) is None


def test_it_is_the_diagnosis_where_no_known_mistake_is_found():
    exercise = EXERCISES["gradient_check"]
    report = evaluate(exercise, calling(lambda *args: 2 * exercise.reference(*args)))
    assert report.diagnosis == "Every result is twice as large as it should be."
    known = replace(exercise, mistakes={"Doubled.": lambda *args: 2 * exercise.reference(*args)})
    assert evaluate(known, calling(next(iter(known.mistakes.values())))).diagnosis == "Doubled."
