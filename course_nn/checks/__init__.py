"""Exercises that are checked where they are written, and say which mistake was made.

In a notebook: ``check(central_difference)``, ``hint(central_difference)``,
``solution(central_difference)``, ``progress()``. All exercises are in ``EXERCISES``, by name.
"""

from typing import TYPE_CHECKING, Any

from course_nn.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from course_nn.checks.engine import Exercise
    from course_nn.checks.front import check, hint, progress, solution

    EXERCISES: Mapping[str, Exercise]

__all__ = ["EXERCISES", "check", "hint", "progress", "solution"]


def __getattr__(name: str) -> Any:
    """Import the exercises when they are first asked for: a part of this package needs none."""
    if name == "EXERCISES":
        from course_nn.checks.registry import exercises

        return exercises()
    if name in __all__:
        from course_nn.checks import front

        return getattr(front, name)
    raise AttributeError(_("course_nn.checks has nothing called {name}.").format(name=name))
