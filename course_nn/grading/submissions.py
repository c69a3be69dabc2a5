"""A folder of submissions, read: whose they are, their cells, and which exercises these answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cell:
    """A cell of code: magics and shell lines are blanked out, the line numbers kept.

    ``answers`` names the exercises that it answers; it is empty for a cell of the learner's own.
    """

    source: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """What one student has handed in.

    Args:
        student: unique in the batch, safe as a file name, readable.
        files: where it came from.
        cells: in order; for an exercise answered twice only the last answer is here.
        notes: sentences on what was odd and what was made of it.
        problem: empty, "unreadable", or "syntax error" if nothing at all can be graded.
        digest: SHA-256 of the files' names and bytes.
    """

    student: str
    files: tuple[Path, ...]
    cells: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    digest: str = ""


def find(folder: Path) -> list[Submission]:
    """The submissions in ``folder``, sorted by student."""
    raise NotImplementedError


def read(files: Sequence[Path], student: str) -> Submission:
    """What ``student`` has handed in as ``files``."""
    raise NotImplementedError
