"""Answers as learners write them, right and wrong: tests/checks/answers/<chapter>.md.

One is a heading and the cells that are handed in, in their order:

    ## 1.2 right: with a helper function            it earns all points, in `check` and in a gradebook
    ## 1.2 wrong: divided by h                      it never does
    Told: You divide by h                           and is told this (its first words; may be left out)

To add one, write it there. NumPy, and right answers to the other exercises, are at hand.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from course_nn.checks import EXERCISES
from course_nn.checks.engine import Exercise, Report, evaluate
from course_nn.inside.calling import calling
from tests.support import ROOT
from tests.support.published import published

FILES = sorted((ROOT / "tests/checks/answers").glob("*.md"))
HEADING = re.compile(r"^## (?P<number>\d+\.\d+) (?P<kind>right|wrong): (?P<what>.+)$", re.MULTILINE)
CELL = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOLD = re.compile(r"^Told: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Written:
    """An answer to ``exercise``, ``what`` says which; ``told`` is how its diagnosis begins."""

    exercise: Exercise
    right: bool
    what: str
    cells: tuple[str, ...]
    told: str = ""

    def __str__(self) -> str:
        return f"{self.exercise.number} {'right' if self.right else 'wrong'}: {self.what}"

    def report(self) -> Report:
        """What `check` says of it."""
        names: dict[str, Any] = dict(published(True)[1])
        del names[self.exercise.name]
        for cell in self.cells:
            exec(compile(cell, f"<{self}>", "exec"), names)
        return evaluate(self.exercise, calling(names[self.exercise.name]))


@cache
def written() -> tuple[Written, ...]:
    """All answers of all files.

    Raises:
        ValueError: a part of a file is none.
    """
    by_number = {exercise.number: exercise for exercise in EXERCISES.values()}
    found = []
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        headings = list(HEADING.finditer(text))
        if len(headings) != text.count("\n## "):
            raise ValueError(
                f"{path.name}: a heading is not '## 1.2 right: ...' or '... wrong: ...'"
            )
        for heading, following in zip(headings, [*headings[1:], None]):
            body = text[heading.end() : following.start() if following else None]
            cells = tuple(CELL.findall(body))
            if not cells:
                raise ValueError(f"{path.name}: {heading[0]} has no ```python cell")
            told = TOLD.search(body)
            found.append(
                Written(
                    by_number[heading["number"]],
                    heading["kind"] == "right",
                    heading["what"],
                    cells,
                    told[1] if told else "",
                )
            )
    return tuple(found)
