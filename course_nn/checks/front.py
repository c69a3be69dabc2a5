"""What a learner calls in a notebook: `check`, `hint`, `solution`, `progress`."""

import difflib
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from course_nn.checks import notebook, panel, store
from course_nn.checks.engine import NOT_ATTEMPTED, PASSED, Exercise, calling, evaluate
from course_nn.checks.panel import Panel
from course_nn.checks.registry import exercises
from course_nn.checks.store import Progress
from course_nn.i18n import _
from course_nn.inside.show import show
from course_nn.notebooks import unmarked


def check(function: Callable[..., Any]) -> Panel | float:
    """Try your function on many inputs, and say whether it is right, or what is wrong.

    In strict mode (the environment variable COURSE_NN_STRICT is 1) an answer that does not pass
    raises. Under nbgrader the panel is shown, and the result is the points.

    Raises:
        TypeError: it was given no function, or the course's own.
        ValueError: no exercise asks for a function of this name.
        AssertionError: in strict mode.
    """
    exercise = find(function)
    report = evaluate(exercise, calling(function))
    shown = panel.of_report(report)
    if os.environ.get("COURSE_NN_STRICT") == "1":
        if report.status != PASSED:
            raise AssertionError(str(shown))
    elif "NBGRADER_EXECUTION" in os.environ:  # nbgrader takes a number as the points
        from IPython.display import display

        display(shown)
        return report.points
    elif report.status != NOT_ATTEMPTED:
        store.tried(exercise.name, report.points / exercise.points)
        shown = replace(shown, footer=f"{shown.footer} {store.trouble()}".strip())
    return shown


def hint(function: Callable[..., Any]) -> Panel:
    """The next hint, at every call; all of them after the last.

    Raises what `check` raises.
    """
    exercise = find(function)
    given = store.of(exercise.name).hints
    store.hinted(exercise.name)
    return panel.of_hint(exercise, given)


def solution(function: Callable[..., Any]) -> Panel:
    """A worked answer, and what there is to understand in it; once you have tried.

    Raises what `check` raises.
    """
    exercise = find(function)
    tried = store.of(exercise.name).attempts > 0
    code = notebook.published(exercise) if tried else None
    return panel.of_solution(exercise, tried, unmarked(code) if code else None)


def progress() -> Panel:
    """How far you are in the whole course."""
    done = store.progress()
    return panel.of_progress({e: done.get(name, Progress()) for name, e in exercises().items()})


def find(function: Callable[..., Any]) -> Exercise:
    """The exercise that asks for a function of this name."""
    name = getattr(function, "__name__", None)
    if not callable(function) or name is None:
        message = _("Give the function itself, such as check(central_difference), not {what}.")
        raise TypeError(message.format(what=show(function)))
    if getattr(function, "__module__", None) and function.__module__.startswith("course_nn."):
        message = _("This {name} is the course's own. Write yours, and run its cell first.")
        raise TypeError(message.format(name=name))
    if name not in exercises():
        near = difflib.get_close_matches(name, exercises(), n=3, cutoff=0.4)
        message = _("No exercise asks for a function called {name}. There are: {near}.")
        raise ValueError(message.format(name=name, near=", ".join(near or exercises())))
    return exercises()[name]
