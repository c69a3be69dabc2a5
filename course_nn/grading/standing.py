"""What counts: the results of the grader with what the teacher has written beside them.

A teacher's points, excuses and comments stand in ``adjustments.csv``, which no run ever writes over,
and other points for the exercises in a file of points. Both are read anew by every run.
"""

import codecs
import csv
import difflib
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from course_nn.checks import EXERCISES
from course_nn.checks.engine import Exercise
from course_nn.grading.names import unique
from course_nn.grading.results import Mark, Result
from course_nn.i18n import _

ADJUSTMENTS = "adjustments.csv"
COLUMNS = ["student", "exercise", "points", "comment"]
EXCUSED = "excused"
NAMES = ["student", "name", "full name", "nombre completo", "vollständiger name"]  # of a class list
FIRST = ("first name", "vorname", "nombre", "prénom", "nome")
LAST = ("last name", "surname", "nachname", "apellido(s)", "apellidos", "nom", "cognome")
WHOLE = ""  # stands for the whole submission where an exercise has a name


@dataclass(frozen=True)
class Adjustment:
    """One line of ``adjustments.csv``.

    Args:
        exercise: its name; empty for the whole submission.
        points: what the exercise earns in place of what the grader gave; None if that stays.
        extra: what is added to that, or to the total.
        excused: whether the exercise does not count for this student, neither for nor against.
    """

    student: str
    exercise: str = WHOLE
    points: float | None = None
    extra: float = 0.0
    excused: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Rules:
    """What the teacher has decided: adjustments, and what each exercise is worth (its own points
    where it is not named; 0 leaves it out)."""

    adjustments: tuple[Adjustment, ...] = ()
    worth: Mapping[str, float] = field(default_factory=dict)

    def of(self, result: Result, exercises: Sequence[Exercise]) -> "Standing":
        own = tuple(a for a in self.adjustments if a.student == result.student)
        worth = {e.name: float(self.worth.get(e.name, e.points)) for e in exercises}
        scale = {e.name: worth[e.name] / e.points for e in exercises}
        return Standing(result, worth, scale, own)


NO_RULES = Rules()


@dataclass(frozen=True)
class Standing:
    """The result of a student with what the teacher has decided."""

    result: Result
    all_worth: Mapping[str, float]
    scale: Mapping[str, float]
    adjustments: tuple[Adjustment, ...] = ()

    @cached_property
    def marks(self) -> dict[str, Mark]:
        return {mark.exercise: mark for mark in self.result.marks}

    @cached_property
    def excused(self) -> frozenset[str]:
        return frozenset(a.exercise for a in self.adjustments if a.excused and a.exercise)

    @cached_property
    def worth(self) -> dict[str, float]:
        """The exercises that count for this student, and what each is worth."""
        return {n: w for n, w in self.all_worth.items() if w and n not in self.excused}

    @cached_property
    def points(self) -> dict[str, float]:
        """What each exercise earns, of those that count and were graded or given points."""
        earned = {
            name: self.marks[name].points * self.scale[name]
            for name in self.worth
            if name in self.marks
        }
        for one in self.adjustments:
            if one.exercise in self.worth:
                if one.points is not None:
                    earned[one.exercise] = one.points
                if one.extra:
                    earned[one.exercise] = earned.get(one.exercise, 0.0) + one.extra
        return earned

    @property
    def extra(self) -> float:
        """What is added to the total."""
        return math.fsum(a.extra for a in self.adjustments if a.exercise == WHOLE)

    @property
    def total(self) -> float:
        return math.fsum([*self.points.values(), self.extra])

    @property
    def out_of(self) -> float:
        return math.fsum(self.worth.values())

    def comments(self, exercise: str = WHOLE) -> list[str]:
        """What the teacher says of an exercise, or of the whole; the points that were changed too."""
        said = []
        for one in self.adjustments:
            if one.exercise != exercise:
                continue
            if one.excused:
                said.append(_("Excused: it does not count."))
            if one.points is not None:
                said.append(
                    _("The teacher has set the points to {points:g}.").format(points=one.points)
                )
            if one.extra:
                said.append(_("The teacher has added {points:+g} points.").format(points=one.extra))
            if one.comment:
                said.append(one.comment)
        return said


def begin(folder: Path) -> Path:
    """Make an empty ``adjustments.csv`` in ``folder``, unless it is there.

    Raises:
        OSError: it cannot be written.
    """
    path = Path(folder) / ADJUSTMENTS
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO()
        csv.writer(text).writerow(COLUMNS)
        path.write_bytes(text.getvalue().encode("utf-8-sig"))
    return path


def read_rules(
    folder: Path,
    students: Iterable[str],
    exercises: Sequence[Exercise],
    points: Path | None = None,
) -> Rules:
    """The rules in ``folder``'s adjustments, if it has any, and in the file of ``points``.

    Raises:
        ValueError: a line cannot be understood, or names a student or an exercise that is not there.
        OSError: a file cannot be read.
    """
    path = Path(folder) / ADJUSTMENTS
    adjustments = tuple(_adjustments(path, list(students), exercises)) if path.exists() else ()
    return Rules(adjustments, _worth(points, exercises) if points else {})


def missing(roster: Path, students: Sequence[str]) -> list[str]:
    """The students of the class list ``roster``, a CSV file with a column "student", "name" or both
    names in one each, who are not among ``students``; each under a name of their own.

    A student is known by the platform's number behind the name, if the list has it, else by the name
    whatever its order, accents and case, also where Canvas has put it together: "garciaana".

    Raises:
        ValueError: it names nobody.
        OSError: it cannot be read.
    """
    left = []
    for student in students:
        number = _NUMBER.search(student)
        left.append((number[1] if number else "", _NUMBER.sub("", student)))
    lines = table(roster)
    head = [" ".join(cell.casefold().split()) for cell in lines[0][1]] if lines else []
    columns = [head.index(column) for column in NAMES if column in head][:1] or [
        next(i for i, cell in enumerate(head) if cell in kind)
        for kind in (LAST, FIRST)
        if set(kind) & set(head)
    ]
    class_ = []
    for _line, cells in lines[1:]:
        name = " ".join(filter(None, (cells[i].strip() for i in columns if i < len(cells))))
        if name.casefold() not in ("", "points possible", "student, test"):  # lines of Canvas's own
            numbers = {n[0] for cell in cells if (n := re.search(r"\d+$", cell.strip()))}
            class_.append((name, numbers))
    if not class_:
        columns_ = ", ".join([*NAMES, f"{FIRST[0]} + {LAST[0]}"])
        message = _("{path} names no student. Its first line needs one of the columns {columns}.")
        raise ValueError(message.format(path=roster, columns=columns_))

    def by_name(one: tuple[str, set[str]], student: tuple[str, str]) -> bool:
        known = "".join(_letters(student[1])) in _joined(one[0])
        return known or words(one[0]) == words(student[1])

    def by_number(one: tuple[str, set[str]], student: tuple[str, str]) -> bool:
        return len(student[0]) > 2 and student[0] in one[1]  # a small one may be of anything

    def by_both(one: tuple[str, set[str]], student: tuple[str, str]) -> bool:
        return student[0] in one[1] and by_name(one, student)

    for same in (by_both, by_number, by_name):  # of two of one name the number tells
        for person in list(class_):
            match = next((student for student in left if same(person, student)), None)
            if match:
                left.remove(match)
                class_.remove(person)
    return unique([*students, *(name for name, _numbers in class_)])[len(students) :]


_NUMBER = re.compile(r"_(\d+)$")


def _joined(name: str) -> set[str]:
    """A name without spaces, wherever it may begin: "García, Ana" is "garciaana" or "anagarcia"."""
    parts = _letters(name)
    return {"".join(parts[n:] + parts[:n]) for n in range(len(parts))}


def _letters(name: str) -> list[str]:
    """The words of a name, in their order, without accents and case."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in letters if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain)


def words(name: str) -> tuple[str, ...]:
    """The words of a name, sorted: "García, Ana" and "ana_garcia" are one."""
    return tuple(sorted(_letters(name))) or (name,)


def _adjustments(
    path: Path, students: list[str], exercises: Sequence[Exercise]
) -> Iterable[Adjustment]:
    seen: dict[tuple[str, str], int] = {}
    for number, row in rows(path, COLUMNS[:1], COLUMNS[1:]):
        if not any(row.values()):
            continue
        # As grades.csv has it where it looks like a formula; accents as `safe` writes them.
        student = unicodedata.normalize("NFC", row["student"].removeprefix("'"))
        if student not in students:
            near = difflib.get_close_matches(student, students, n=3, cutoff=0.3) or students[:3]
            message = _("there is no student {student}. Try {near}.")
            raise _wrong(path, number, message.format(student=student, near=", ".join(near)))
        exercise = _exercise(path, number, row["exercise"], exercises)
        if (student, exercise) in seen:
            message = _("line {first} is about the same. Put both into one.")
            raise _wrong(path, number, message.format(first=seen[student, exercise]))
        seen[student, exercise] = number
        given = row["points"].removeprefix("'").replace("\N{MINUS SIGN}", "-").strip()
        excused = given.casefold() in (EXCUSED, _(EXCUSED).casefold())
        value = None if excused or not given else _number(path, number, given)
        adds = value is not None and (given[0] in "+-" or exercise == WHOLE)
        if excused and exercise == WHOLE:
            raise _wrong(path, number, _("name the exercise that is excused."))
        if value is not None and not adds and value < 0:
            raise _wrong(path, number, _("points are 0 or more; +1 and -1 add to what there is."))
        yield Adjustment(
            student,
            exercise,
            None if adds else value,
            value if adds and value is not None else 0.0,
            excused,
            row["comment"],
        )


def _exercise(path: Path, number: int, given: str, exercises: Sequence[Exercise]) -> str:
    """The name of the exercise that a cell means: by number, by name, or as grades.csv heads it."""
    whole = {"", *(str(exercise.chapter) for exercise in exercises)}
    if given in whole:
        return WHOLE
    given = re.sub(r"^(\d+),(\d+)$", r"\1.\2", given)  # as some spreadsheets write a number
    known = {
        label: e.name for e in exercises for label in (e.number, e.name, f"{e.number} {e.name}")
    }
    if given not in known:
        near = difflib.get_close_matches(given, known, n=3, cutoff=0.3) or list(known)[:3]
        message = _("no exercise {given} is graded here. Try {near}.")
        raise _wrong(path, number, message.format(given=given, near=", ".join(near)))
    return known[given]


def _worth(path: Path, exercises: Sequence[Exercise]) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, row in rows(path, ["exercise", "points"]):
        if not any(row.values()):
            continue
        name = _exercise(path, number, row["exercise"], list(EXERCISES.values()))
        value = _number(path, number, row["points"])
        if name == WHOLE or value < 0:
            raise _wrong(
                path, number, _("give each exercise a number, 0 or more; 0 leaves it out.")
            )
        if name in found:
            raise _wrong(path, number, _("that exercise stands in an earlier line already."))
        found[name] = value
    if found and not any(found.get(e.name, e.points) for e in exercises):
        raise ValueError(_("{path} leaves out every exercise.").format(path=path))
    return found


def _number(path: Path, number: int, given: str) -> float:
    try:
        value = float(given.replace(",", ".")) if given.count(",") <= 1 else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = _("points are a number, such as 2 or +0.5, or the word {excused}, not {given!r}.")
        raise _wrong(path, number, message.format(given=given, excused=EXCUSED))
    return value


def _wrong(path: Path, number: int, message: str) -> ValueError:
    return ValueError(
        _("{path}, line {number}: {message}").format(path=path, number=number, message=message)
    )


def rows(
    path: Path, needed: Sequence[str], others: Sequence[str] = ()
) -> Iterable[tuple[int, dict[str, str]]]:
    """The lines of a CSV file that a teacher has written, with their numbers, by column.

    Raises:
        ValueError: it is no table, a column is missing, or a line has more cells than there are columns.
        OSError: it cannot be read.
    """
    (_line, first), *lines = table(path) or [(1, [])]
    head = [re.sub(r"\s+", " ", cell).strip().casefold() for cell in first]
    for column in needed:
        if column not in head:
            message = _("{path} needs the columns {needed} in its first line; it has {found}.")
            found = ", ".join(filter(None, head)) or _("none")
            raise ValueError(
                message.format(path=path, needed=", ".join([*needed, *others]), found=found)
            )
    for number, cells in lines:
        if needed and any(cells[len(head) :]):
            message = _('it has more cells than the first line. Put text with a comma in "quotes".')
            raise _wrong(path, number, message)
        row = dict.fromkeys([*needed, *others], "") | dict(
            zip(head, (cell.strip() for cell in cells))
        )
        yield number, {column: row[column] for column in (*needed, *others)}


def table(path: Path) -> list[tuple[int, list[str]]]:
    """The cells of a CSV file as they stand, with the numbers of their lines.

    Comma, semicolon or tab, UTF-8, UTF-16 or what Windows writes: each is read.

    Raises:
        ValueError: it is no such file, or a quote in it is never closed.
        OSError: it cannot be read.
    """
    text = _text(Path(path).read_bytes())
    if "\0" in text:
        raise ValueError(_("{path} is no CSV file. Save it as CSV.").format(path=path))
    told = re.match(r"(?i)sep=(.)\r?\n", text)  # a line for Excel
    text = text[told.end() :] if told else text
    first = text.partition("\n")[0]
    delimiter = told[1] if told else max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    above, found, number = int(bool(told)), [], 1
    try:
        for cells in reader:
            number = reader.line_num + above
            found.append((number, cells))
    except csv.Error as error:
        message = _("the quotes from here on do not match ({error}).").format(error=error)
        raise _wrong(path, number + 1, message) from None
    return found


def _text(data: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    if data[:1] == b"\0":
        return data.decode("utf-16-be", "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
