"""Exercises that are checked where they are written, and say which mistake was made.

In a notebook: ``check(central_difference)``, ``hint(central_difference)``,
``solution(central_difference)``, ``progress()``.
"""

import difflib
import os
from collections.abc import Callable
from typing import Any

from course_nn.checks import chapter1, chapter2, chapter3, chapter4, chapter5, chapter6, panel
from course_nn.checks.engine import PASSED, Exercise, calling, evaluate
from course_nn.i18n import _

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for chapter in (chapter1, chapter2, chapter3, chapter4, chapter5, chapter6)
    for exercise in chapter.EXERCISES
}


def check(function: Callable[..., Any]) -> Any:
    """Try your function on many inputs, and say whether it is right, or what is wrong.

    In strict mode (the environment variable COURSE_NN_STRICT is 1) an answer that does not pass
    raises. Under nbgrader the result is the points, shown below the panel.

    Raises:
        TypeError: it was given no function.
        ValueError: no exercise has the function's name.
        AssertionError: in strict mode.
    """
    exercise = find(function)
    report = evaluate(exercise, calling(function))
    shown = panel.of_report(report)
    if os.environ.get("COURSE_NN_STRICT") == "1" and report.status != PASSED:
        raise AssertionError(str(shown))
    if "NBGRADER_EXECUTION" in os.environ:  # nbgrader takes a number as the points
        from IPython.display import display

        display(shown)
        return report.points
    return shown


def find(function: Callable[..., Any]) -> Exercise:
    """The exercise that asks for a function of this name."""
    name = getattr(function, "__name__", None)
    if not callable(function) or name is None:
        message = _("check takes the function itself, such as check(central_difference), got {kind}.")
        raise TypeError(message.format(kind=type(function).__name__))
    if name not in EXERCISES:
        near = difflib.get_close_matches(name, EXERCISES, n=3, cutoff=0.4)
        message = _("No exercise asks for a function called {name}. Near it are: {near}.")
        raise ValueError(message.format(name=name, near=", ".join(near or EXERCISES)))
    return EXERCISES[name]


def progress() -> Any:
    return None


def hint(function):
    return None


def solution(function):
    return None
