"""Grades for the learning platform: ``course-nn export``.

A sheet that the platform gave is filled in: every column and row of it stays, in its order, and only the
grade (and Moodle's comment) is written. So the keys by which the platform knows its students, Moodle's
Identifier, Canvas's ID, never pass through our hands changed.

Sources: Moodle's mod/assign/feedback/offline/importgradeslib.php (the columns that an import needs, and
the number at the end of the identifier) and mod/assign/feedback/file/importziplib.php (the names in a
zip of feedback files); the Canvas Instructor Guide, "How do I import grades in the Gradebook?".
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_nn.grading.standing import Standing, table, words
from course_nn.grading.table import harmless
from course_nn.i18n import _

# The headings of Moodle's columns in the languages that its sheets mostly come in.
GRADE = ("grade", "calificación", "note", "bewertung", "nota")
COMMENT = r"(?i)feedback (comments|als)|comentarios de (la )?retro"


@dataclass(frozen=True)
class Exported:
    """What was written, and whom it could not place."""

    files: tuple[Path, ...]
    filled: int
    not_in_sheet: tuple[str, ...] = ()  # students with a grade whom the sheet does not have
    not_graded: tuple[str, ...] = ()  # students of the sheet without a grade
    told: str = ""  # what the platform will make of it

    def __str__(self) -> str:
        lines = [_("{n} grades are in {files}.").format(n=self.filled, files=_list(self.files))]
        if self.not_in_sheet:
            message = _("Not in the sheet, so without a line there: {names}.")
            lines.append(message.format(names=_list(self.not_in_sheet)))
        if self.not_graded:
            message = _("In the sheet, and left as they were, for they have no grade: {names}.")
            lines.append(message.format(names=_list(self.not_graded)))
        return "\n".join([*lines, *([self.told] if self.told else [])])


def moodle(sheet: Path, standings: Iterable[Standing], feedback: Path, out: Path) -> Exported:
    """Fill Moodle's grading worksheet, and pack the feedback pages as Moodle takes them back.

    Writes ``out``/moodle.csv, for *Upload grading worksheet*, and ``out``/moodle_feedback.zip, for
    *Upload multiple feedback files in a zip*.

    Raises:
        ValueError: ``sheet`` is no grading worksheet.
        OSError: a file cannot be read or written.
    """
    rows, head = _sheet(sheet)
    first = [row[0] for row in rows[1:] if row]
    grade = next((i for i, cell in enumerate(head) if cell.casefold() in GRADE), None)
    if grade is None or not first or not all(re.search(r"\d$", cell) for cell in first):
        raise ValueError(
            _(
                "{path} is no grading worksheet of Moodle: it needs an identifier such as Participant 123 in its "
                "first column, and a column Grade. In the assignment choose Download grading worksheet."
            ).format(path=sheet)
        )
    comment = next((i for i, cell in enumerate(head) if re.match(COMMENT, cell)), None)
    named_in = len(head) > 1 and re.search("(?i)nam|nom", head[1])  # not where names are hidden
    name = 1 if named_in else 0
    places = {_digits(row[0]): row for row in rows[1:] if row}
    named = _by_name((row[name], row) for row in rows[1:] if row)

    def place(standing: Standing) -> list[str] | None:
        student = standing.result.student
        number = re.search(r"_(\d+)$", student)
        return places.get(number[1]) if number else named(student)

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:

        def fill(row: list[str], standing: Standing) -> None:
            row[grade] = _points(standing)
            said = standing.comments()
            if comment is not None and said:
                row[comment] = harmless(" ".join(said))
            page = feedback / f"{standing.result.student}.html"
            if page.is_file():
                who = re.sub(r"[_/\\]", " ", row[name]).strip() or "student"
                # A fixed time, so that the same grades make the same zip.
                info = zipfile.ZipInfo(
                    f"{who}_{_digits(row[0])}_assignsubmission_file_/feedback.html",
                    (1980, 1, 1, 0, 0, 0),
                )
                archive.writestr(info, page.read_bytes(), zipfile.ZIP_DEFLATED)

        counts = _fill(rows[1:], standings, place, fill, lambda row: row[name] or row[0])
    sheet_out, zip_out = out / "moodle.csv", out / "moodle_feedback.zip"
    _write(sheet_out, _csv(rows))
    _write(zip_out, packed.getvalue())
    return Exported((sheet_out, zip_out), *counts)


def canvas(sheet: Path, standings: Iterable[Standing], assignment: str, out: Path) -> Exported:
    """Fill the column ``assignment`` of the gradebook that Canvas has exported; a new column, if it has none.

    Writes ``out``/canvas.csv, for *Import* in the Gradebook, with the columns Student, ID, SIS User ID,
    SIS Login ID and Section as they were, and this one.

    Raises:
        ValueError: ``sheet`` is no export of Canvas, or several columns could be meant.
        OSError: a file cannot be read or written.
    """
    rows, head = _sheet(sheet)
    if "ID" not in head or "Student" not in head:
        raise ValueError(
            _(
                "{path} is no gradebook of Canvas: it needs the columns Student and ID. In the Gradebook choose "
                "Export, Export Entire Gradebook."
            ).format(path=sheet)
        )
    same = [
        i for i, cell in enumerate(head) if assignment in (cell, re.sub(r" \(\d+\)$", "", cell))
    ]
    if len(same) > 1:
        message = _("{n} columns are called {name}. Give the one with its number: {names}.")
        names = _list([head[i] for i in same])
        raise ValueError(message.format(n=len(same), name=assignment, names=names))
    kept = [
        i
        for i, cell in enumerate(head)
        if cell in ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Section")
    ]
    column = len(kept)
    shortened = []
    for row in rows:
        shortened.append([*(row[i] for i in kept), row[same[0]] if same else ""])
    shortened[0][column] = head[same[0]] if same else assignment
    at = {head[i]: place for place, i in enumerate(kept)}
    # Between the heading and the students stand lines without an ID: "Points Possible", "Manual Posting".
    students = [row for row in shortened[1:] if row[at["ID"]]]
    by_id = {row[at["ID"]]: row for row in students}
    named = _by_name((row[at["Student"]], row) for row in students)
    logins = (
        {row[at["SIS Login ID"]].casefold(): row for row in students}
        if "SIS Login ID" in at
        else {}
    )

    def place(standing: Standing) -> list[str] | None:
        student = standing.result.student
        number = re.search(r"_(\d+)$", student)
        if number:
            return by_id.get(number[1])
        return logins.get(student.casefold()) or named(student)

    def fill(row: list[str], standing: Standing) -> None:
        row[column] = _points(standing)

    counts = _fill(students, standings, place, fill, lambda row: row[at["Student"]])
    target = out / "canvas.csv"
    _write(target, _csv(shortened))
    told = ""
    if not same:
        message = _("The sheet has no column {name}: Canvas will make an assignment of that name.")
        told = message.format(name=assignment)
    return Exported((target,), *counts, told)


def plain(standings: Iterable[Standing], out: Path) -> Exported:
    """A line for each student: name, points, out of how many, status. Writes ``out``/export.csv.

    Raises:
        OSError: it cannot be written.
    """
    lines = [["student", "points", "out of", "status", "comment"]]
    for one in standings:
        comment = harmless(" ".join(one.comments()))
        lines.append(
            [
                harmless(one.result.student),
                _points(one),
                f"{one.out_of:g}",
                one.result.status,
                comment,
            ]
        )
    target = out / "export.csv"
    _write(target, _csv(lines))
    return Exported((target,), len(lines) - 1)


Row = list[str]


def _fill(
    rows: Sequence[Row],
    standings: Iterable[Standing],
    place: Callable[[Standing], Row | None],
    fill: Callable[[Row, Standing], None],
    name: Callable[[Row], str],
) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    filled: list[Row] = []
    missing: list[str] = []
    for standing in standings:
        row = place(standing)
        if row is None or any(row is other for other in filled):
            missing.append(standing.result.student)
        elif standing.result.marks or standing.points or standing.extra:
            fill(row, standing)
            filled.append(row)
    left = [name(row) for row in rows if row and not any(row is other for other in filled)]
    return len(filled), tuple(missing), tuple(left)


def _by_name(pairs: Iterable[tuple[str, Row]]) -> Callable[[str], Row | None]:
    """Find a row by a student's name, whatever its order, accents and case; never one of two namesakes."""
    found: dict[tuple[str, ...], Row | None] = {}
    for name, row in pairs:
        key = words(name)
        found[key] = None if key in found else row
    return lambda name: found.get(words(name))


def _points(standing: Standing) -> str:
    return f"{round(standing.total, 4):g}"


def _digits(identifier: str) -> str:
    found = re.search(r"(\d+)\s*$", identifier)
    return found[1] if found else identifier


def _sheet(path: Path) -> tuple[list[Row], Row]:
    """The rows of a CSV file, every cell as it stands and as many as there are headings, and these."""
    rows = [cells for _line, cells in table(path) if any(map(str.strip, cells))]
    if not rows or len(rows[0]) < 2:
        raise ValueError(_("{path} holds no table. Export it again, as CSV.").format(path=path))
    width = max(map(len, rows))
    return [[*row, *[""] * (width - len(row))] for row in rows], [c.strip() for c in rows[0]]


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _write(path: Path, content: bytes) -> None:
    """Write ``path`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(content)
    draft.replace(path)


def _list(names: Sequence[object]) -> str:
    shown = ", ".join(map(str, names[:20]))
    more = _(" and {n} more").format(n=len(names) - 20) if len(names) > 20 else ""
    return shown + more
