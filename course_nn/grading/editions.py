"""Submissions that were begun in another version of the course: what in them is known, and told.

A notebook holds the stub and the points of each exercise as they were handed out. Where the exercise
has another name now, the answer is judged under that. Where its stub or its points have changed, or
where there is no such exercise any more, a note says so; all else is judged as ever.
"""

import ast
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from course_nn.checks import EXERCISES
from course_nn.checks.store import RENAMED
from course_nn.grading import helpers
from course_nn.grading.names import shown
from course_nn.i18n import _
from course_nn.notebooks import Part, parse, plain

MOST = 5  # exercises that a note names


def migrated(parts: Sequence[Part]) -> tuple[list[Part], list[str]]:
    """``parts`` with the names that exercises have now, and notes on those that had another."""
    found, notes = list(parts), []
    defined = {name for part in parts for name in _functions(part.source)}
    for before, now in RENAMED.items():
        asked = before in defined or any(part.grade_id == before for part in parts)
        if not asked or now not in EXERCISES or now in defined:
            continue
        word = re.compile(rf"(?<![\w.]){re.escape(before)}(?!\w)")
        found = [
            replace(
                part,
                source=word.sub(now, part.source),
                mark=now if part.grade_id == before and not part.test else part.mark,
            )
            for part in found
        ]
        if before in defined:
            message = _("{before} is called {now} now, and was judged as that.")
            notes.append(message.format(before=before, now=_title(now)))
    return found, notes


def notes(parts: Iterable[Part], answered: Collection[str]) -> list[str]:
    """Notes on the exercises that ``parts`` answer in another version than that of now.

    Args:
        answered: the exercises that are answered there, and not by an untouched stub.
    """
    changed, points, gone, told = [], [], [], []
    for part in parts:
        name = part.grade_id.removeprefix("check_") if part.test else part.grade_id
        if part.test and name in answered:
            if part.points is not None and part.points != EXERCISES[name].points:
                message = _("{title} (then {before:g}, now {now:g})")
                worth = EXERCISES[name].points
                points.append(message.format(title=_title(name), before=part.points, now=worth))
        elif part.mark == name and name in answered and name in _functions(part.source):
            before, now = _stub(part.source, name), _stub(helpers.published(name), name)
            if before and now and not before.is_of_now(now):
                changed.append(_title(name))
                if before.parameters != now.parameters:
                    message = _("{title} takes ({now}) now, and took ({before}) in it.")
                    both = {"now": now.parameters, "before": before.parameters}
                    listed = {when: shown(", ".join(names)) for when, names in both.items()}
                    told.append(message.format(title=_title(name), **listed))
        elif not part.test and name not in (*EXERCISES, *RENAMED):
            gone += [shown(name)] if name in _functions(part.source) else []
    sentences = [
        (
            changed,
            _(
                "It comes from another version of the course: there the stubs of {exercises} were "
                "others. What was answered is judged by the exercises of now."
            ),
        ),
        (points, _("Since it was handed out, the points have changed: {exercises}.")),
        (gone, _("No exercise of now asks for {exercises}, so that was not judged.")),
    ]
    lines = [sentence.format(exercises=_some(names)) for names, sentence in sentences if names]
    return [*lines, *told[:MOST]]


def _title(name: str) -> str:
    return f"{EXERCISES[name].number} {name}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (", ..." if len(names) > MOST else "")


@dataclass(frozen=True)
class _Stub:
    """What stands above an answer: the head of its function, as it was handed out."""

    parameters: list[str]
    needed: int | None  # how many of them have no default; None where it takes any number
    lines: set[str]  # of the docstring

    def is_of_now(self, now: "_Stub") -> bool:
        """Whether it is of the same version as the stub of ``now``, for all that can be known: its
        author may have added lines to the docstring, or taken it away, and what a parameter is
        called is theirs to choose."""
        if not self.lines:
            return True
        if not now.lines <= self.lines:
            return False
        if self.needed is None or self.parameters == now.parameters:
            return True
        moved = sorted(self.parameters) == sorted(now.parameters)
        return self.needed == now.needed and not moved


def _stub(source: str, name: str) -> _Stub | None:
    tree = parse(plain(source)[0])
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == name:
            given = node.args
            names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            needed = len(given.posonlyargs) + len(given.args) - len(given.defaults)
            text = (ast.get_docstring(node) or "").splitlines()
            lines = {" ".join(line.split()) for line in text if line.strip()}
            return _Stub(names, None if given.vararg else needed, lines)
    return None


def _functions(source: str) -> set[str]:
    """The functions that a cell defines, but for untouched stubs."""
    tree = parse(plain(source)[0])
    return {
        node.name
        for node in (tree.body if tree else ())
        if isinstance(node, ast.FunctionDef)
        and "NotImplementedError" not in ast.dump(node.body[-1])
    }
