"""A folder of submissions, read: whose they are, their cells, and which exercises these answer."""

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from course_nn import answers
from course_nn.answers import Cell, Piece, Placed
from course_nn.chapters import ANSWERS, CHAPTERS, NOTEBOOKS, STUBS
from course_nn.checks import EXERCISES
from course_nn.grading import sources
from course_nn.grading.sources import Unreadable
from course_nn.i18n import _
from course_nn.notebooks import Part, parse, plain

MAX_BYTES = 20_000_000  # of a file
MAX_FILES = 200  # of a student
MAX_SOURCE = 500_000  # characters of all the cells of a student
MAX_NOTES = 30


@dataclass(frozen=True)
class Submission:
    """What one student has handed in.

    Args:
        student: unique in the batch, safe as a file name, readable.
        files: where it came from.
        cells: in order; for an exercise answered twice only the answer that counts is here.
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


# A folder


def find(folder: Path) -> list[Submission]:
    """The submissions in ``folder``, sorted by student; a folder or a file is one at least.

    - A folder in ``folder`` is a student's, with all notebooks and scripts in it; this is the form
      that `course-nn collect` writes. Of a whole copy of the course only ``exercises`` is read.
    - A file in ``folder`` belongs to whoever `whose` reads from its name: ``garcia_ana_01_derivatives.ipynb``
      and ``garcia_ana_02_descent.ipynb`` are of the same student, ``garcia_ana``. Notebooks that are
      named as the course's own, ``01_derivatives.ipynb``, are together a student called as ``folder``.
    - Hidden files, ``before_reset``, and what systems and editors leave behind are passed over.
    - No link is followed and nothing is opened but regular files: those are noted, and the
      student is "unreadable" if there is nothing else.

    Raises:
        ValueError: ``folder`` is not there, or is neither a folder, a notebook nor a script.
    """
    folder = Path(folder)
    if folder.is_file() and is_code(folder.name):
        return [read([folder], safe(whose(folder.name).student or folder.stem))]
    if not folder.is_dir():
        message = _("There is no folder {folder}. Name the folder with the submissions.")
        raise ValueError(message.format(folder=folder))
    handed: dict[tuple[str, bool], _Found] = {}
    for entry in _entries(folder):
        if is_folder := entry.is_dir(follow_symlinks=False):
            name = whose(entry.name).student if _MOODLE.fullmatch(entry.name) else entry.name
        else:
            name = whose(entry.name).student or folder.resolve().name
        found = handed.setdefault((name, is_folder), _Found())
        if is_folder:
            _look_into(Path(entry.path), found)
        else:
            _look_at(entry, found)
    names = unique([name for name, _is_folder in handed])
    read_all = (_read(found, name) for name, found in zip(names, handed.values(), strict=True))
    return sorted(read_all, key=lambda s: (s.student.casefold(), s.student))


@dataclass
class _Found:
    files: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


_LEFT_BEHIND = {"__macosx", "__pycache__", "thumbs.db", "desktop.ini", "before_reset"}
_TOO_MUCH = {"node_modules", "site-packages", "venv", "env"}


def is_left_behind(name: str) -> bool:
    """Whether a file or folder is hidden, or left behind by a system or an editor."""
    return name.startswith((".", "~$")) or name.lower() in _LEFT_BEHIND


def is_code(name: str) -> bool:
    """Whether a file is named as a notebook or a script; a browser may have put .txt behind it."""
    return bool(re.search(r"(?i)\.(ipynb|py)(\.txt|\.json)?$", name))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((e for e in entries if not is_left_behind(e.name)), key=lambda e: e.name)


def _look_at(entry: os.DirEntry[str], found: _Found) -> None:
    path, name = Path(entry.path), shown(entry.name)
    if entry.is_symlink():
        found.others.append(path)
        found.notes.append(_("{file} is a link and was not followed.").format(file=name))
    elif not entry.is_file(follow_symlinks=False):
        found.others.append(path)
        found.notes.append(_("{file} is no file and was not opened.").format(file=name))
    elif is_code(entry.name):
        found.files.append(path)
    else:
        found.others.append(path)


def _look_into(folder: Path, found: _Found, depth: int = 0) -> None:
    """Find the notebooks and scripts below ``folder``."""
    try:
        entries = _entries(folder)
    except OSError:
        message = _("The folder {file} could not be opened.")
        found.notes.append(message.format(file=shown(folder.name)))
        return
    folders = [e for e in entries if e.is_dir(follow_symlinks=False)]
    names = {e.name for e in folders}
    if STUBS in names and names & {"course_nn", NOTEBOOKS, "lessons", ANSWERS}:
        folders, entries = [e for e in folders if e.name == STUBS], []
        found.notes.append(_("This is a copy of the course. Only its folder exercises was read."))
    if folder.name == STUBS:
        folders = [e for e in folders if e.name != "solutions"]
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            _look_at(entry, found)
    for entry in folders:
        if entry.name.lower() not in _TOO_MUCH and depth < 8 and len(found.files) <= MAX_FILES:
            _look_into(Path(entry.path), found, depth + 1)


def _read(found: _Found, student: str) -> Submission:
    """What was ``found``, read; whatever goes wrong is this student's alone."""
    files = sorted(found.files, key=_in_order)
    if len(files) > MAX_FILES:
        message = _("There are more than {n} files. The others were left out.")
        found.notes.append(message.format(n=MAX_FILES))
        files = files[:MAX_FILES]
    if not files:
        names = ", ".join(shown(path.name) for path in found.others[:5])
        note = _("There is no notebook (.ipynb) and no script (.py).")
        if names:
            note += " " + _("There is {names}.").format(names=names)
        digest = hashlib.sha256("\0".join(found.notes + [names]).encode()).hexdigest()
        return Submission(
            student, tuple(found.others), (), (note, *found.notes), "unreadable", digest
        )
    try:
        submission = read(files, student)
    except Exception as error:  # one submission must not cost the others theirs
        note = _("It could not be read: {error}.").format(error=type(error).__name__)
        return Submission(student, tuple(files), (), (note, *found.notes), "unreadable")
    notes = (*found.notes, *submission.notes)[:MAX_NOTES]
    return Submission(
        student, submission.files, submission.cells, notes, submission.problem, submission.digest
    )


def _in_order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """1 before 10, and ``answers`` before ``answers-1`` and ``answers (2)``."""
    stem, _dot, suffix = path.name.rpartition(".")
    runs = re.split(r"(\d+)", stem or suffix)
    return [(int(run[:18]), "") if run.isdecimal() else (0, run) for run in runs], str(path)


# Names


class Handed(NamedTuple):
    """What a file's name tells: whose it is, what it is called, when it came, whether too late."""

    student: str
    file: str
    attempt: int = 0
    late: bool = False


# "Ana García_123456_assignsubmission_file_/01_derivatives.ipynb", or, from Moodle before 3.1 and
# where a teacher has so chosen, "Ana García_123456_assignsubmission_file_01_derivatives.ipynb"
# (mod/assign/classes/downloader.php)
_MOODLE = re.compile(r"(?P<student>.+?)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL)
# "garciaana_LATE_12345_678901_01_derivatives.ipynb": the user's number, the file's; of an anonymous
# assignment "anon_x3K9a_678901_..." (lib/content_zipper.rb)
_CANVAS = re.compile(
    r"(?:(?P<name>\w+?)_(?P<late>LATE_)?(?P<user>\d+)|(?P<tardy>LATE_)?(?P<anonymous>anon_\w{5}))"
    r"_(?P<number>\d{3,})_(?P<file>.+)",
    re.DOTALL,
)
_NUMBERS = "|".join(str(number) for number in CHAPTERS)
_SLUGS = "|".join(chapter.slug for chapter in CHAPTERS.values())
_CHAPTER = re.compile(
    rf"(?i)(?P<before>.*?)(?P<chapter>0?(?:{_NUMBERS})[ _.-]*(?:{_SLUGS}))"
    r"(?P<copy>[ _]?\(\d+\)|-copy\d*|-\d+|)(?P<after>(?:[\W_].*)?)",
    re.DOTALL,
)


def whose(name: str) -> Handed:
    """What the name of a file tells, by the rules of Moodle, of Canvas, else of most people.

    In the last case the student is what is left of the name without that of a chapter's
    notebook: "ana_01_derivatives.ipynb" and "01_derivatives_ana (2).ipynb" are both of "ana".
    There may be nothing left.
    """
    if found := _MOODLE.fullmatch(name):
        return Handed(found["student"], found["file"] or "")
    if found := _CANVAS.fullmatch(name):
        student = found["anonymous"] or f"{found['name']}_{found['user']}"
        file, again = chapter_file(found["file"])
        late = bool(found["late"] or found["tardy"])
        return Handed(student, file, int(found["number"][:18]) * 1000 + again, late)
    stem, suffix = _split(name)
    if found := _CHAPTER.fullmatch(stem):
        student = "_".join(
            filter(None, (found[side].strip(" _.-") for side in ("before", "after")))
        )
        return Handed(student, found["chapter"] + found["copy"] + suffix)
    return Handed(stem, name)


def chapter_file(name: str) -> tuple[str, int]:
    """The name of a chapter's notebook without the -1, -2 of a later attempt, and its number."""
    stem, suffix = _split(name)
    found = _CHAPTER.fullmatch(stem)
    if (
        found
        and found["copy"].startswith("-")
        and found["copy"][1:].isdecimal()
        and not found["after"]
    ):
        return found["before"] + found["chapter"] + suffix, min(999, int(found["copy"][1:5]))
    return name, 0


def _split(name: str) -> tuple[str, str]:
    found = re.fullmatch(r"(?is)(.+?)((?:\.(?:ipynb|py)(?:\.txt|\.json)?|\.\w{1,5})?)", name)
    return (found[1], found[2]) if found else (name, "")


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
    stem, suffix = _split(name)
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


# Files


def read(files: Sequence[Path], student: str) -> Submission:
    """What ``student`` has handed in as ``files``.

    A cell answers the exercises whose functions it defines. Where several do, the last one counts,
    as in JupyterLab, and a note says so; but an untouched stub in another file never counts
    against an answer. The definitions that do not count are taken out; what else stands in their
    cells stays, as do all helpers. A cell that is no Python answers the exercise that it names in its
    ``grade_id`` or its id, or that it sets out to define, if no other cell does. Tests are left out.
    """
    digest = hashlib.sha256()
    notes: list[str] = []
    found: list[_Piece] = []
    placed: list[Placed] = []
    faults, left = 0, MAX_SOURCE
    for number, path in enumerate(files):
        try:
            data = _bytes(path)
        except Unreadable as error:
            data, found, odd = str(error).encode(), [], [str(error)]
            faults += 1
        else:
            try:
                found, odd = _pieces(data, path.name, left)
            except Unreadable as error:
                found, odd = [], [str(error)]
                faults += 1
        for part in (os.fsencode(path.name), data):
            digest.update(len(part).to_bytes(8, "big") + part)
        left -= sum(len(piece.source.lstrip("\n")) for _place, _mark, piece in found)
        of_file = _(" of {file}").format(file=shown(path.name)) if len(files) > 1 else ""
        named = f"{shown(path.name)}: " if len(files) > 1 else ""
        notes += [named + note for note in odd]
        placed += [Placed(number, place + of_file, mark, piece) for place, mark, piece in found]
    notes += answers.decide(placed, EXERCISES)
    broken = [own.place for own in placed if own.piece.broken]
    other = [own.place for own in placed if own.piece.broken and not own.answers]
    if other and len(broken) < len(placed):
        notes.append(_("What is no Python in {where} was left out.").format(where=_some(other)))
    cells = tuple(answers.cells(placed))
    problem = ""
    if faults == len(files):
        problem = "unreadable"
    elif placed and len(broken) == len(placed):
        problem = "syntax error"
        notes.append(_("Nothing in it is Python, beginning with {where}.").format(where=broken[0]))
    elif not any(cell.answers for cell in cells):
        notes.append(_("No exercise is answered in it."))
    return Submission(
        student, tuple(files), cells, tuple(notes[:MAX_NOTES]), problem, digest.hexdigest()
    )


def _bytes(path: Path) -> bytes:
    """What is in a regular file, and not too much of it.

    Raises:
        Unreadable: it is something else, too large, or the system does not let it be read.
    """
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    try:
        if path.is_symlink():
            raise Unreadable(_("It is a link, and was not followed."))
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable(_("It is no file, and was not read."))
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = _("It could not be opened: {error}.")
        raise Unreadable(message.format(error=error.strerror or type(error).__name__)) from None
    if len(data) > MAX_BYTES:
        message = _("It is larger than {n} MB. Clear the outputs, and hand it in again.")
        raise Unreadable(message.format(n=MAX_BYTES // 1_000_000))
    return data


_Piece = tuple[str, str, Piece]  # where it stands, which exercise it says it answers, what it is


def _pieces(data: bytes, name: str, left: int) -> tuple[list[_Piece], list[str]]:
    """The pieces of a file of no more than ``left`` characters, and notes on what was odd.

    Raises:
        Unreadable: there is no code in it.
    """
    script = bool(re.search(r"(?i)\.py(\.txt)?$", name))
    parts, notes = sources.parts(data, script, EXERCISES)
    found: list[_Piece] = []
    odd: dict[str, list[str]] = {}
    for part in parts:
        size = len(part.source.lstrip("\n"))
        if size > min(left, sources.MAX_SOURCE):
            odd.setdefault("long", []).append(part.place)
            continue
        left -= size
        source, kinds = plain(part.source)
        for kind in sorted(kinds):
            odd.setdefault(kind, []).append(part.place)
        for piece in _of_part(part, source, script):
            place = _("line {n}").format(n=piece.line) if script else part.place
            found.append((place, part.mark, piece))
    for kind, places in odd.items():
        notes.append(_why_left_out(kind).format(where=_some(places), kind=kind[:30]))
    return found, notes


def _some(places: list[str]) -> str:
    return ", ".join(places[:5]) + (", ..." if len(places) > 5 else "")


def _of_part(part: Part, source: str, script: bool) -> list[Piece]:
    if not script:
        return answers.of_part(part, source, EXERCISES)
    source = sources.main_block_left_out(source)
    if source.strip() and parse(source) is None:
        return sources.mended(source, EXERCISES)
    return answers.pieces(source, EXERCISES)


def _why_left_out(kind: str) -> str:
    if kind == "%":
        return _("Lines for IPython alone (%, !, ?) were left out in {where}.")
    if kind == "await":
        return _("A statement that awaits outside of a function was left out in {where}.")
    if kind == "long":
        return _("The code in {where} is too long, and was left out.")
    return _("What stands below {kind} is not run in the notebook, and was left out in {where}.")
