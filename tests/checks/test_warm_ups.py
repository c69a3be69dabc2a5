"""An exercise asks for thought: what a lesson defines or imports, taken over as it is, answers none
but a warm-up."""

import ast
import contextlib
import inspect
import io
from collections import Counter
from collections.abc import Callable
from functools import cache, partial

import matplotlib
import pytest

from authoring.sources import assemble
from course_nn.checks import EXERCISES
from course_nn.checks.compare import difference
from course_nn.checks.engine import Exercise, calling, cases, evaluate
from tests.support.lessons import CHAPTERS

PENDING = {1, 2, 3, 5, 6}  # the chapters with exercises that a lesson's function still answers

matplotlib.use("agg")


def definitions(source: str) -> ast.Module:
    """The imports, functions and classes of a cell, and what it names by a single expression."""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    if "from keras" in source:  # it takes seconds, and is not of the course
        return ast.Module([], [])
    lambdas = [
        node
        for node in ast.parse(source).body
        if isinstance(node, kinds)
        or isinstance(node, ast.Assign)
        and isinstance(node.value, (ast.Lambda, ast.Constant))
    ]
    return ast.Module(lambdas, [])


@cache
def lesson_functions() -> dict[str, Callable]:
    """The functions of all lessons, as "4 dense_backward": what they define, and what they import."""
    found: dict[str, Callable] = {}
    for target in CHAPTERS:
        names: dict[str, object] = {"__name__": "lesson"}
        for cell in assemble(target).cells:
            if cell.cell_type != "code" or cell.source.startswith("%%"):
                continue
            before = dict(names)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
                exec(compile(definitions(cell.source), target.name, "exec"), names)
            new = {name: value for name, value in names.items() if before.get(name) is not value}
            for name, value in new.items():  # one defined anew is another one
                number = sum(key.startswith(f"{target.name[:2]} {name}") for key in found)
                for key, function in of(name, value).items():
                    found[f"{target.name[:2]} {key}" + (f" {number + 1}" if number else "")] = (
                        function
                    )
    return found


def of(name: str, value: object) -> dict[str, Callable]:
    """``value``, if it is a function, or the public functions of a module of the course."""
    if inspect.isfunction(value):
        return {name: value}
    if inspect.ismodule(value) and value.__name__.startswith("course_nn."):
        shows = value.__name__.startswith(("course_nn.plots", "course_nn.widgets"))
        return {
            f"{name}.{key}": function
            for key, function in vars(value).items()
            if inspect.isfunction(function) and not key.startswith("_") and not shows
        }
    return {}


def pasted(exercise: Exercise, function: Callable) -> list[Callable]:
    """``function`` as the answer: its parameters in their places, or by their names."""
    parameters = list(inspect.signature(function).parameters.values())
    needed = [p.name for p in parameters if p.default is p.empty and p.kind <= 1]
    asked = exercise.parameters
    takes = len([p for p in parameters if p.kind <= 1])
    ways: list[Callable] = []
    if not needed:  # it takes nothing that an exercise could give
        return []
    if len(needed) <= len(asked):
        ways.append(lambda *args: function(*args[:takes]))
        ways.append(lambda *args: function(*args[: len(needed)]))
    if set(needed) <= set(asked):
        shared = {p.name for p in parameters} & set(asked)
        ways.append(
            lambda *args: function(
                **{name: value for name, value in zip(asked, args) if name in shared}
            )
        )
    return ways


def passes(exercise: Exercise, answer: Callable) -> bool:
    """Whether ``answer`` earns a point; most are seen to fail at the first input or the last."""
    call = calling(answer)
    ordinary = [case for case in cases(exercise) if not case.extreme]
    for case in (ordinary[0], ordinary[-1]):
        got = call(case.args)
        if got.error or not exercise.judge and difference(got.value, case.expected, exercise.rule):
            return False
    return evaluate(exercise, call).points > 0


def answered(exercise: Exercise) -> list[str]:
    """The functions of lessons that answer ``exercise``."""
    return [
        name
        for name, function in lesson_functions().items()
        if any(passes(exercise, way) for way in pasted(exercise, function))
    ]


@pytest.mark.parametrize(
    "exercise", EXERCISES.values(), ids=lambda e: f"chapter{e.chapter}-{e.name}"
)
def test_what_stands_in_a_lesson_answers_no_exercise_but_a_warm_up(exercise):
    if exercise.chapter in PENDING:
        pytest.skip(f"exercises of chapter {exercise.chapter} are still to be changed")
    found = answered(exercise)
    assert bool(found) == (exercise.kind == "warm-up"), found


def test_a_chapter_has_one_warm_up_and_one_harder_exercise_at_most():
    for kind in ("warm-up", "harder"):
        own = Counter(e.chapter for e in EXERCISES.values() if e.kind == kind)
        assert not own or max(own.values()) == 1
    assert {exercise.kind for exercise in EXERCISES.values()} <= {"", "warm-up", "harder"}


def test_a_function_of_a_lesson_is_found():
    assert {"04 dense_backward", "04 relu_backward", "01 numerical_gradient"} <= set(
        lesson_functions()
    )
    assert passes(EXERCISES["dense_forward"], partial(lesson_functions()["04 dense_forward"]))
