"""Every exercise rejects plausible wrong programs, and calls none by a mistake that is not its own.

pytest tests/checks/test_battery.py -k "central_difference"      one exercise
pytest tests/checks/test_battery.py -k "chapter1"                the exercises of one chapter
"""

import pytest

from course_nn.checks import EXERCISES
from tests.checks.test_every_exercise import each_exercise
from tests.support.battery import PENDING, REVIEWED, differences, programs


@pytest.mark.slow
@pytest.mark.sampled(20)
@each_exercise
def test_programs_of_the_battery_fail_and_are_told_only_what_they_do(exercise):
    if exercise.chapter in PENDING:
        pytest.skip(f"the inputs of chapter {exercise.chapter} do not tell all of them yet")
    assert len(programs(exercise)) >= 40
    assert differences(exercise) == {}, "see battery.py on what to do"


def test_what_is_listed_is_of_exercises_that_exist_and_has_reasons():
    assert set(REVIEWED) <= set(EXERCISES)
    for entry in REVIEWED.values():
        assert set(entry) <= {"same", "told"}
        assert all(len(reason) >= 10 for group in entry.values() for reason in group)
