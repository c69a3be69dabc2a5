"""What a learner calls in a notebook: `check`, `hint`, `solution`, `progress`."""

import dis
import os
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from course_nn.checks import notebook, panel, store
from course_nn.checks.engine import NOT_ATTEMPTED, PASSED, Exercise
from course_nn.checks.panel import Panel
from course_nn.checks.registry import exercises
from course_nn.checks.store import Progress
from course_nn.checks.uses import judged
from course_nn.i18n import _
from course_nn.inside.show import show
from course_nn.notebooks import unmarked

Answer = Callable[..., Any]


def check(function: Answer | str) -> Panel | float:
    """Try your function on many inputs, and say whether it is right, or what is wrong.

    ``function`` is the function, or the name or the number of its exercise: "1.2".

    In strict mode (the environment variable COURSE_NN_STRICT is 1) an answer that does not pass
    raises. Under nbgrader the panel is shown, and the result is the points.

    Raises:
        TypeError: it was given no function, or the course's own.
        ValueError: no exercise asks for a function of this name, or it is not there yet.
        AssertionError: in strict mode.
    """
    caller = sys._getframe(1)
    exercise = _asked(function, caller)
    if isinstance(function, str):
        function = _named(exercise, caller)
    report = judged(exercise, function)
    shown = panel.of_report(report)
    if os.environ.get("COURSE_NN_STRICT") == "1":
        if report.status != PASSED:
            raise AssertionError(str(shown))
    elif "NBGRADER_EXECUTION" in os.environ:  # nbgrader takes a number as the points
        _say(shown)
        return report.points
    elif report.status != NOT_ATTEMPTED:
        store.tried(exercise.name, report.points / exercise.points)
        shown = replace(shown, footer=f"{shown.footer} {store.trouble()}".strip())
    return _said(shown, caller)


def hint(function: Answer | str) -> Panel:
    """The next hint, at every call; all of them after the last.

    ``function`` is your function, or the name or the number of its exercise: "1.2".

    Raises what `check` raises.
    """
    caller = sys._getframe(1)
    exercise = _asked(function, caller)
    given = store.of(exercise.name).hints
    store.hinted(exercise.name)
    return _said(panel.of_hint(exercise, given), caller)


def solution(function: Answer | str) -> Panel:
    """A worked answer, and what there is to understand in it; once you have tried.

    ``function`` is your function, or the name or the number of its exercise: "1.2".

    Raises what `check` raises.
    """
    caller = sys._getframe(1)
    exercise = _asked(function, caller)
    tried = store.of(exercise.name).attempts > 0
    code = notebook.published(exercise) if tried else None
    return _said(panel.of_solution(exercise, tried, unmarked(code) if code else None), caller)


def progress() -> Panel:
    """How far you are in the whole course."""
    done = store.progress()
    all_of_them = {e: done.get(name, Progress()) for name, e in exercises().items()}
    return _said(panel.of_progress(all_of_them), sys._getframe(1))


# Which exercise


def _asked(function: Any, caller: types.FrameType) -> Exercise:
    """The exercise that asks for ``function``, or that has this name or number."""
    numbers = {exercise.number: exercise for exercise in exercises().values()}
    if isinstance(function, str):
        found = exercises().get(function) or numbers.get(function)
        if found:
            return found
        message = _("There is no exercise {name}. Try {near}.")
        chapter = function.partition(".")[0]
        near = [number for number in numbers if number.partition(".")[0] == chapter][:3]
        near = near or get_close_matches(function, exercises(), n=3, cutoff=0.4)
        near = near or ["1.2", "central_difference"]
        raise ValueError(message.format(name=function, near=", ".join(near)))
    if not callable(function):
        message = _(
            "Give the function itself, such as check(central_difference), or the number of its "
            'exercise as text, such as check("1.2"), not {what}.'
        )
        raise TypeError(message.format(what=show(function)))
    name = getattr(function, "__name__", "")
    if str(getattr(function, "__module__", "")).startswith("course_nn."):
        message = _("This {name} is the course's own. Write yours, and run its cell first.")
        raise TypeError(message.format(name=name))
    if name not in exercises():  # a partial, a lambda, a method: what it is called there counts
        scopes = caller.f_locals, caller.f_globals
        bound = {n for scope in scopes for n, value in scope.items() if value is function}
        if known := [n for n in exercises() if n in bound]:
            return exercises()[known[0]]
        name = min(bound, default=name or type(function).__name__)
        near = get_close_matches(name, exercises(), n=3, cutoff=0.4)
        message = _("No exercise asks for a function called {name}. There are: {near}.")
        raise ValueError(message.format(name=name, near=", ".join(near or exercises())))
    return exercises()[name]


def _named(exercise: Exercise, caller: types.FrameType) -> Answer:
    """The learner's answer to ``exercise``, where `check` was called."""
    for scope in (caller.f_locals, caller.f_globals):
        if callable(function := scope.get(exercise.name)):
            _asked(function, caller)  # it is not the course's own
            return function
    message = _("`{name}` is not there. Run the cell of {title} first.")
    raise ValueError(message.format(name=exercise.name, title=panel.title(exercise)))


# Where it is said


def _said(shown: Panel, caller: types.FrameType) -> Panel:
    """``shown``, which is shown at once where ``caller`` throws it away.

    A notebook shows the value of a cell's last line alone, and a script shows none.
    """
    following = (i for i in dis.get_instructions(caller.f_code) if i.offset > caller.f_lasti)
    instruction = next((i for i in following if i.opname != "CACHE"), None)
    if instruction and instruction.opname == "POP_TOP":
        _say(shown)
    return shown


def _say(shown: Panel) -> None:
    if "IPython" in sys.modules:
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            display(shown)
            return
    print(shown)
