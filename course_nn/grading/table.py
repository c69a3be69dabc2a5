"""The table of a batch, grades.csv."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from course_nn.checks.engine import Exercise
from course_nn.grading.standing import Standing


def header(exercises: Sequence[Exercise]) -> list[str]:
    """The first line of grades.csv: the same in every language, for what reads it next."""
    columns = [f"{exercise.number} {exercise.name}" for exercise in exercises]
    return ["student", *columns, "total", "out of", "status", "layer", "notes"]


def row(standing: Standing, exercises: Sequence[Exercise]) -> list[str]:
    """The line of a student in grades.csv; an exercise that was not graded or does not count is empty."""
    result, marks = standing.result, standing.marks
    faults = [
        f"{e.number}: {marks[e.name].status}"
        for e in exercises
        if e.name in marks and marks[e.name].status.is_fault
    ]
    said = [*(c for e in exercises for c in standing.comments(e.name)), *standing.comments()]
    return [
        harmless(result.student),
        *(f"{standing.points[e.name]:g}" if e.name in standing.points else "" for e in exercises),
        f"{standing.total:g}",
        f"{standing.out_of:g}",
        result.status,
        result.layer,
        harmless(" ".join([*(f"{fault}." for fault in faults), *result.notes, *said])),
    ]


def harmless(cell: str) -> str:
    """``cell`` in one line, with an apostrophe before what a spreadsheet would compute.

    Many spreadsheets take a semicolon for the end of a cell, whatever the file says.
    """
    return re.sub(r"(^|;\"?\s*)(?=[=+\-@＝＋－＠])", r"\1'", " ".join(cell.split()))


def table(rows: Iterable[Sequence[str]]) -> bytes:
    """CSV as RFC 4180 has it, in UTF-8 with a byte order mark, by which Excel knows it."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig", "replace")
