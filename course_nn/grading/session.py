"""A submission's answers, run in a process of their own and judged here."""

from collections.abc import Sequence
from dataclasses import dataclass

from course_nn.checks.engine import NOT_ATTEMPTED, Exercise, Report
from course_nn.grading.sandbox import Layer
from course_nn.grading.submissions import Submission

TIMEOUT, MEMORY, DIED = "timeout", "memory", "died"
SYNTAX_ERROR, ERROR, PROTOCOL_ERROR = "syntax error", "error", "protocol error"


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Args:
        seconds: for each exercise, and for each cell when it is run.
        memory: bytes of address space of the process, Python and NumPy included.
    """

    seconds: float = 10.0
    memory: int = 1 << 30


@dataclass(frozen=True)
class Grade:
    """What one exercise of a submission came to.

    Args:
        exercise: the name of its function.
        status: "passed", "failed" or "not attempted", as `Report` has it; or a fault: "timeout",
            "memory", "died", "syntax error", "error" (its cell raises), "protocol error".
        report: what `evaluate` found; None for a fault.
        message: a sentence for the learner, for a fault.
    """

    exercise: str
    status: str
    points: float = 0
    report: Report | None = None
    message: str = ""


def grade(
    submission: Submission,
    exercises: Sequence[Exercise],
    seed: int,
    layer: Layer,
    limits: Limits = Limits(),
) -> list[Grade]:
    """Run the cells of ``submission`` in a sandbox and judge its answers to ``exercises``."""
    return [Grade(exercise.name, NOT_ATTEMPTED, 0, Report(exercise, NOT_ATTEMPTED)) for exercise in exercises]
