"""The table of a batch, grades.csv."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from course_nn.checks.engine import Exercise
from course_nn.grading.results import Mark, Result


def header(exercises: Sequence[Exercise]) -> list[str]:
    """The first line of grades.csv: the same in every language, for what reads it next."""
    columns = [f"{exercise.number} {exercise.name}" for exercise in exercises]
    return ["student", *columns, "total", "out of", "status", "layer", "notes"]


def row(result: Result, exercises: Sequence[Exercise]) -> list[str]:
    """The line of ``result`` in grades.csv; an exercise that was not graded is empty."""
    marks: Mapping[str, Mark] = {mark.exercise: mark for mark in result.marks}
    graded = [(exercise, marks[exercise.name]) for exercise in exercises if exercise.name in marks]
    points = {exercise: f"{mark.points:g}" for exercise, mark in graded}
    faults = [
        f"{exercise.number}: {mark.status}" for exercise, mark in graded if mark.status.is_fault
    ]
    return [
        harmless(result.student),
        *(points.get(exercise, "") for exercise in exercises),
        f"{sum(mark.points for _exercise, mark in graded):g}",
        f"{sum(exercise.points for exercise in exercises):g}",
        result.status,
        result.layer,
        harmless(" ".join([*(f"{fault}." for fault in faults), *result.notes])),
    ]


def harmless(cell: str) -> str:
    """``cell`` in one line, and with an apostrophe first where a spreadsheet would compute it."""
    cell = " ".join(cell.split())
    return f"'{cell}" if re.match(r"[=+\-@＝＋－＠]", cell) else cell


def table(rows: Iterable[Sequence[str]]) -> bytes:
    """CSV as RFC 4180 has it, in UTF-8 with a byte order mark, by which Excel knows it."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig", "replace")
