"""Every exercise registers itself, under a name and a number of its own."""

import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import course_nn
from course_nn.checks import EXERCISES, registry
from course_nn.checks.engine import Exercise

PACKAGE = Path(course_nn.__file__).parent
MADE_UP = """
from course_nn.checks.registry import exercise

def inputs(rng):
    return [(float(n),) for n in range(6)]

made_up = exercise(
    number="{number}", name="{name}", title="Made up", points=1, minutes=1, difficulty=1,
    reference=lambda x: 2 * x, inputs=inputs, hints=("One.", "Two."), why="So.", mistakes={{}},
    rights=(),
)
"""


def test_numbers_are_in_order():
    numbers = [tuple(map(int, exercise.number.split("."))) for exercise in EXERCISES.values()]
    assert numbers == sorted(set(numbers))
    assert [exercise.name for exercise in EXERCISES.values()] == list(EXERCISES)


def test_every_specification_is_registered():
    modules = [
        sys.modules[f"course_nn.checks.chapter{n}"] for n in {e.chapter for e in EXERCISES.values()}
    ]
    written = [
        made for module in modules for made in vars(module).values() if isinstance(made, Exercise)
    ]
    assert {id(made) for made in written} == {id(made) for made in EXERCISES.values()}


@pytest.fixture
def copy(tmp_path):
    """A copy of the package; what Python says of its exercises once a file is added."""
    ignored = shutil.ignore_patterns("data", "__pycache__", "widgets", "plots", "grading")
    shutil.copytree(PACKAGE, tmp_path / "course_nn", ignore=ignored)

    def added(name, text, code="from course_nn.checks import EXERCISES; print(*EXERCISES)"):
        (tmp_path / "course_nn" / "checks" / name).write_text(text, encoding="utf-8")
        command = [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}",
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return added


def test_a_chapter_is_a_file_more(copy):
    done = copy("chapter42.py", MADE_UP.format(number="42.1", name="made_up"))
    assert done.stdout.split() == [*EXERCISES, "made_up"]


def test_it_is_checked_like_any_other(copy):
    code = (
        "from course_nn import check; exec('def made_up(x): return x + x'); print(check(made_up))"
    )
    done = copy("chapter42.py", MADE_UP.format(number="42.1", name="made_up"), code)
    assert done.stdout.startswith("✓ 42.1 Made up: passed"), done.stderr


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        (
            "42.1",
            "momentum_step",
            "There are two exercises 5.6 momentum_step and 42.1 momentum_step",
        ),
        ("5.6", "made_up", "There are two exercises 5.6 momentum_step and 5.6 made_up"),
        ("41.1", "made_up", "The exercise 41.1 made_up stands in chapter42.py."),
    ],
)
def test_a_name_or_a_number_taken_twice_is_told_at_once(copy, number, name, said):
    done = copy("chapter42.py", MADE_UP.format(number=number, name=name))
    assert f"ValueError: {said}" in done.stderr


def test_a_name_taken_twice_in_one_chapter_is_told_too():
    with pytest.raises(
        ValueError, match=r"There are two exercises 1\.2 central_difference and 1\.2"
    ):
        known = EXERCISES["central_difference"]
        registry.exercise(**{each.name: getattr(known, each.name) for each in fields(known)})
