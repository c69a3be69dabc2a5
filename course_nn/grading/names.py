"""The names of files: whose they are, which of two is the later, and how to write them safely.

One table in docs/grading.md shows which student each kind of name gives; a test holds it.
"""

import contextlib
import hashlib
import re
import unicodedata
from datetime import datetime
from typing import NamedTuple

from course_nn.chapters import CHAPTERS


class Handed(NamedTuple):
    """What a file's name tells: whose it is, what it is called, when it came, whether too late.

    ``attempt`` is larger for what came later, of the same student; 0 where the name does not tell.
    """

    student: str
    file: str
    attempt: int = 0
    late: bool = False


# "Ana García_123456_assignsubmission_file_/01_derivatives.ipynb", or, from Moodle before 3.1 and
# where a teacher has so chosen, "Ana García_123456_assignsubmission_file_01_derivatives.ipynb"
# (mod/assign/classes/downloader.php)
MOODLE = re.compile(r"(?P<student>.+?)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL)
# "garciaana_LATE_12345_678901_01_derivatives.ipynb": the user's number, the file's; of an anonymous
# assignment "anon_x3K9a_678901_..." (lib/content_zipper.rb)
_CANVAS = re.compile(
    r"(?:(?P<name>\w+?)_(?P<late>LATE_)?(?P<user>\d+)|(?P<tardy>LATE_)?(?P<anonymous>anon_\w{5}))"
    r"_(?P<number>\d{3,})_(?P<file>.+)",
    re.DOTALL,
)
# "Week 1_garcia_attempt_2026-03-01-12-30-45_01_derivatives.ipynb", and the same up to the date with
# .txt for what the student wrote beside it
_BLACKBOARD = re.compile(
    r"(?:.*_)?(?P<student>[^_]+)_attempt_(?P<date>\d{4}(?:-\d\d){5})(?:_(?P<file>.*)|\.txt)?",
    re.DOTALL,
)
# "12345-67890 - Ana García - Mar 1, 2026 1230 PM - 01_derivatives.ipynb", or a folder named so up
# to the date
_BRIGHTSPACE = re.compile(
    r"\d+-\d+ ?- ?(?P<student>.+?) ?- ?(?P<date>[^-]*\b(?:19|20)\d\d\b[ ,]*\d[\d:.]*(?: ?[AP]M)?)"
    r"(?: ?- ?(?P<file>.+))?",
    re.DOTALL | re.IGNORECASE,
)
_MONTHS = (  # as English, Spanish, German and French begin them
    *("jan|ene", "feb|fév", "mar|mär", "apr|abr|avr", "may|mai", "jun|juin", "jul|juil"),
    *("aug|ago|aoû", "sep", "oct|okt", "nov", "dec|dic|dez|déc"),
)
_NUMBERS = "|".join(str(number) for number in CHAPTERS)
_SLUGS = "|".join(chapter.slug for chapter in CHAPTERS.values())
_CHAPTER = re.compile(
    rf"(?i)(?P<before>.*?)(?P<chapter>0?(?:{_NUMBERS})[ _.-]*(?:{_SLUGS}))"
    r"(?P<copy>-\d+|)(?P<after>(?:[\W_].*)?)",
    re.DOTALL,
)
# What systems and people put to the name of a later version, weakest first
_COPY_OF = re.compile(r"(?i)(?:(?:copy of|copia de|cópia de|copie de|kopie von)[ _]+)+")
_VERSIONS = (
    re.compile(r"(?i)(?<!\d)[ _-]+(?:copy|copia|kopie|copie) ?(\d*)(?![^\W_])"),
    re.compile(r"[ _]?\((\d{1,3})\)"),
    re.compile(r"(?i)(?:^|[ _.-]+)v(?:er|ersion)?[ ._]?(\d{1,3})(?![^\W_])"),
    re.compile(
        r"(?i)(?:^|[ _.-]+)(?:final|last|latest|corrected|corregido|revised|updated)(\d{0,3})(?![^\W_])"
    ),
)


def whose(name: str) -> Handed:
    """What the name of a file or a folder tells, by the rules of a platform, else of most people.

    In the last case the student is what is left of the name without that of a chapter's notebook
    and without what marks a later version: "ana_01_derivatives.ipynb" and
    "01_derivatives_ana (2).ipynb" are both of "ana". There may be nothing left.
    """
    if found := MOODLE.fullmatch(name):
        return Handed(found["student"], found["file"] or "")
    if found := _BLACKBOARD.fullmatch(name):
        attempt = int(found["date"].replace("-", "")) * 1000
        return Handed(found["student"], found["file"] or "", attempt)
    if found := _BRIGHTSPACE.fullmatch(name):
        return Handed(found["student"].strip(), found["file"] or "", _when(found["date"]))
    if found := _CANVAS.fullmatch(name):
        student = found["anonymous"] or f"{found['name']}_{found['user']}"
        file, again = chapter_file(found["file"])
        late = bool(found["late"] or found["tardy"])
        return Handed(student, file, int(found["number"][:18]) * 1000 + again, late)
    stem, suffix = split(name)
    if found := _CHAPTER.fullmatch(stem):
        sides = [_plain(found[side])[0].strip(" _.-") for side in ("before", "after")]
        student = "_".join(filter(None, sides))
        marks = "".join(_marks(found[side]) for side in ("before", "copy", "after"))
        return Handed(student, found["chapter"] + marks + suffix)
    plain, number = _plain(stem)
    return Handed(plain.strip() or stem if any(number) else stem, name)


def handed_in(name: str) -> datetime | None:
    """When a file or a folder was handed in, where its name tells: Blackboard's and Brightspace's do,
    without a zone."""
    with contextlib.suppress(ValueError):
        if found := _BLACKBOARD.fullmatch(name):
            return datetime.strptime(found["date"], "%Y-%m-%d-%H-%M-%S")
        if found := _BRIGHTSPACE.fullmatch(name):
            return datetime.strptime(str(_when(found["date"])), "%Y%m%d%H%M")
    return None


def version(name: str) -> tuple[str, tuple[int, ...]]:
    """The name of a file without what marks it as a later version, and which version it is.

    Of two files that differ only in that, the one with the larger number is the later.
    """
    stem, suffix = split(name)
    plain, number = _plain(stem)
    if found := re.fullmatch(
        r"(.*[^\W\d_])-(\d{1,3})", plain
    ):  # a later attempt, as Canvas says it
        plain, number = found[1], (*number, int(found[2]))
    return key(plain.strip(" _.-") + suffix), number


def is_copy(name: str) -> bool:
    """Whether a file is called "Copy of ..." and so tells nothing of whose it is."""
    return bool(_COPY_OF.match(name))


def chapter_of(name: str) -> int | None:
    """The chapter whose notebook a file is called as, if it is called as one."""
    found = _CHAPTER.fullmatch(split(name)[0])
    return int(re.match(r"\d+", found["chapter"])[0]) if found else None  # type: ignore[index]


def _plain(stem: str) -> tuple[str, tuple[int, ...]]:
    """``stem`` without the marks of a later version, and these as numbers, strongest first."""
    number = [len(re.findall("(?i)cop|kop", found[0])) if (found := _COPY_OF.match(stem)) else 0]
    stem = _COPY_OF.sub("", stem)
    for mark in _VERSIONS:
        marks = mark.findall(stem)
        number.insert(0, max((int(n or 1) for n in marks), default=0))
        stem = mark.sub("", stem) if marks else stem
    return stem, tuple(number)


def _marks(text: str) -> str:
    """The marks of a later version in ``text``."""
    if re.fullmatch(r"-\d+", text):
        return text
    found = [each[0].strip("_.") for mark in _VERSIONS for each in mark.finditer(text)]
    found += ["copy"] if _COPY_OF.match(text) else []
    return "".join(mark if mark[0] in " -(" else f"_{mark}" for mark in found)


def _when(date: str) -> int:
    """A number for a date such as "Mar 1, 2026 1230 PM", larger for a later one."""
    year = int(re.search(r"(?:19|20)\d\d", date)[0])  # type: ignore[index]
    before, _year, after = date.partition(str(year))
    word = re.search(r"[^\W\d_]+", before)
    start = word[0].casefold() if word else ""
    month = 0
    for number, starts in enumerate(_MONTHS, 1):
        if any(start.startswith(one) for one in starts.split("|")):
            month = number
    numbers = [int(n) for n in re.findall(r"\d+", before)]
    if not month and len(numbers) > 1:  # 3/1/2026, in whichever order
        month = numbers.pop(0)
    day = numbers[0] if numbers else 0
    digits = re.sub(r"\D", "", after).ljust(3, "0")[:4]
    hour, minute = int(digits[:-2]), int(digits[-2:])
    if "pm" in after.casefold() and hour < 12:
        hour += 12
    if "am" in after.casefold() and hour == 12:
        hour = 0
    return (((year * 100 + month) * 100 + day) * 100 + hour) * 100 + minute


def chapter_file(name: str) -> tuple[str, int]:
    """The name of a chapter's notebook without the -1, -2 of a later attempt, and its number."""
    stem, suffix = split(name)
    found = _CHAPTER.fullmatch(stem)
    if found and found["copy"] and not found["after"]:
        return found["before"] + found["chapter"] + suffix, min(999, int(found["copy"][1:5]))
    return name, 0


def split(name: str) -> tuple[str, str]:
    """The name of a file without its ending, and the ending."""
    found = re.fullmatch(r"(?is)(.+?)((?:\.(?:ipynb|py)(?:\.txt|\.json)?|\.\w{1,5})?)", name)
    return (found[1], found[2]) if found else (name, "")


# Written safely

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)")


def safe(name: str) -> str:
    """``name`` as every system takes it for a file, with an ending or without; readable.

    Letters of all languages, emoji and spaces stay. What separates folders, controls terminals,
    turns the writing direction or starts a formula in a spreadsheet does not.
    """
    name = unicodedata.normalize("NFC", name)
    name = "".join(
        "_" if c in '<>:"/\\|?*' or unicodedata.category(c) in _UNSAFE else c for c in name
    )
    name = re.sub(r"\s+", " ", name).strip(" .").lstrip("=+-@ .")
    if _RESERVED.match(name):
        name = f"_{name}"
    if len(name.encode()) > 120:
        name = name.encode()[:110].decode(errors="ignore").rstrip(" .") + "~" + _short(name)
    return name or "_"


def safe_file(name: str) -> str:
    """The same for the name of a notebook, a script or an archive, which keeps its ending."""
    stem, suffix = split(name)
    return safe(stem) + suffix


_UNSAFE = {"Cc", "Cf", "Cs"}


def shown(name: str) -> str:
    """A file's name as a note may hold it."""
    return safe(name)[:60]


def _short(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def key(name: str) -> str:
    """Equal for names that a system may take for the same file."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def unique(names: list[str]) -> list[str]:
    """A safe name for each, unlike every other on every system.

    Of names that come out alike the plainest keeps the name, and the others end in a few letters
    made of what they were, so that they do not change from day to day.
    """
    chosen: dict[int, str] = {}
    taken: set[str] = set()
    for number in sorted(
        range(len(names)), key=lambda n: (safe(names[n]) != names[n], names[n], n)
    ):
        name, again = safe(names[number]), 0
        while key(name) in taken:
            tail = _short(names[number]) + (f"{again}" if again else "")
            name, again = f"{safe(names[number])}~{tail}", again + 1
        taken.add(key(name))
        chosen[number] = name
    return [chosen[number] for number in range(len(names))]
