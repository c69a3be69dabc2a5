"""A folder of submissions, read: whose they are, their cells, and which exercises these answer."""

import ast
import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from course_nn import answers
from course_nn.answers import BROKEN, DEFINED, STUB, Cell, Piece, Placed
from course_nn.chapters import ANSWERS, NOTEBOOKS, STUBS
from course_nn.checks import EXERCISES
from course_nn.grading import editions, lateness, sources
from course_nn.grading.lateness import IGNORE, NO_DEADLINE, Deadline
from course_nn.grading.names import (
    MOODLE,
    Handed,
    chapter_of,
    is_copy,
    safe,
    shown,
    split,
    unique,
    version,
    whose,
)
from course_nn.grading.sources import Unreadable
from course_nn.grading.syntax import needs
from course_nn.i18n import _
from course_nn.notebooks import Part, parse, plain

MAX_BYTES = 100_000_000  # of a file
LARGE = 20_000_000  # bytes; more is told, and only the code in it is kept
MAX_FILES = 200  # of a student
MAX_SOURCE = 500_000  # characters of all the cells of a student
MAX_NOTES = 30
LEFT_OUT = "left_out.txt"  # in which `collect` says what it could not take of a student


@dataclass(frozen=True)
class Notebook:
    """A notebook or a script, a world of its own: its cells in order, and what they can import.

    ``modules`` are the scripts beside it, each by the name that it is imported by, and its source.
    """

    cells: tuple[Cell, ...]
    modules: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Submission:
    """What one student has handed in.

    Args:
        student: unique in the batch, safe as a file name, readable.
        files: where it came from.
        notebooks: each exercise is answered in one of them at most.
        notes: sentences on what was odd and what was made of it.
        problem: empty, "unreadable", or "syntax error" if nothing at all can be graded.
        digest: SHA-256 of the files' names and bytes.
        chapters: that it answers: those of its files, and of answers in files of no chapter; an
            untouched stub is no answer.
        late: whether any of it came late.
    """

    student: str
    files: tuple[Path, ...]
    notebooks: tuple[Notebook, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    digest: str = ""
    chapters: tuple[int, ...] = ()
    late: bool = False

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Those of all notebooks."""
        return tuple(cell for notebook in self.notebooks for cell in notebook.cells)


# A folder


def find(folder: Path, deadline: Deadline = NO_DEADLINE) -> list[Submission]:
    """The submissions in ``folder``, sorted by student; a folder or a file is one at least.

    Of a file that is later than the ``deadline`` the version that counts is read.

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
        alone = _Found([_File(folder, Handed("", folder.name, late=whose(folder.name).late))])
        return [_read(alone, safe(whose(folder.name).student or folder.stem), deadline)]
    if not folder.is_dir():
        message = _("There is no folder {folder}. Name the folder with the submissions.")
        raise ValueError(message.format(folder=folder))
    found: dict[tuple[str, bool], _Found] = {}
    unnamed = Counter(
        chapter_of(entry.name)
        for entry in _entries(folder)
        if is_copy(entry.name) and not whose(entry.name).student
    )
    for entry in _entries(folder):
        is_folder = entry.is_dir(follow_symlinks=False)
        handed = whose(entry.name.lstrip("."))
        name = handed.student
        if is_folder and not handed.attempt and not MOODLE.fullmatch(entry.name):
            name = entry.name
        own = found.setdefault((name or folder.resolve().name, is_folder), _Found())
        if not name and unnamed[chapter_of(entry.name)] > 1 and is_copy(entry.name):
            own = found.setdefault((split(entry.name)[0], is_folder), _Found())
            own.notes.append(_("The name of the file does not tell whose it is."))
        if is_folder:
            _look_into(Path(entry.path), own, attempt=handed.attempt)
        else:
            _look_at(entry, own, handed)
    names = unique([name for name, _is_folder in found])
    read_all = (_read(own, name, deadline) for name, own in zip(names, found.values(), strict=True))
    return sorted(read_all, key=lambda s: (s.student.casefold(), s.student))


@dataclass(frozen=True)
class _File:
    """A file, and what its name and that of its folder tell."""

    path: Path
    handed: Handed

    @property
    def version(self) -> tuple[int, tuple[int, ...]]:
        return self.handed.attempt, version(self.handed.file)[1]


@dataclass
class _Found:
    files: list[_File] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


_LEFT_BEHIND = {"__macosx", "__pycache__", "thumbs.db", "desktop.ini", "before_reset"}
_TOO_MUCH = {"node_modules", "site-packages", "venv", "env"}


def is_left_behind(name: str) -> bool:
    """Whether a file or folder is left behind by a system or an editor, or is one that they hide."""
    hidden = name.startswith(".") and not is_hidden_work(name)
    return hidden or name.startswith("~$") or name.lower() in _LEFT_BEHIND


def is_hidden_work(name: str) -> bool:
    """Whether a file is a notebook or a script, and hidden for a dot that its name begins with."""
    return bool(re.match(r"\.[^._~]", name)) and is_code(name)


def is_code(name: str) -> bool:
    """Whether a file is named as a notebook or a script; a browser may have put .txt behind it."""
    return bool(re.search(r"(?i)\.(ipynb|py)(\.txt|\.json)?$", name))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((e for e in entries if not is_left_behind(e.name)), key=lambda e: e.name)


def _look_at(entry: os.DirEntry[str], found: _Found, handed: Handed) -> None:
    path, name = Path(entry.path), shown(entry.name)
    if entry.is_symlink():
        found.others.append(path)
        found.notes.append(_("{file} is a link and was not followed.").format(file=name))
    elif not entry.is_file(follow_symlinks=False):
        found.others.append(path)
        found.notes.append(_("{file} is no file and was not opened.").format(file=name))
    elif entry.name == LEFT_OUT:
        with open(path, encoding="utf-8", errors="replace") as file:
            found.notes += [line.strip()[:300] for line in file.read(3000).splitlines() if line]
    elif is_hidden_work(entry.name):
        message = _("{file} was left out, as its name begins with a dot. Name it without the dot.")
        found.others.append(path)
        found.notes.append(message.format(file=f".{shown(entry.name)}"))
    elif is_code(entry.name):
        found.files.append(_File(path, handed))
    else:
        found.others.append(path)


def _look_into(folder: Path, found: _Found, depth: int = 0, attempt: int = 0) -> None:
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
            _look_at(entry, found, Handed("", entry.name, attempt))
    for entry in folders:
        if entry.name.lower() not in _TOO_MUCH and depth < 8 and len(found.files) <= MAX_FILES:
            _look_into(Path(entry.path), found, depth + 1, attempt)


def _read(found: _Found, student: str, deadline: Deadline = NO_DEADLINE) -> Submission:
    """What was ``found``, read; whatever goes wrong is this student's alone."""
    files = sorted(found.files, key=lambda file: (_in_order(file.path), file.version))
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
    notes: list[str] = []
    late = False
    try:
        files, notes, late = _in_time(files, deadline)
        submission = read(files, student) if files else Submission(student, (), problem="late")
    except Exception as error:  # one submission must not cost the others theirs
        note = _("It could not be read: {error}.").format(error=type(error).__name__)
        paths = tuple(file.path for file in files)
        return Submission(student, paths, (), (note, *found.notes), "unreadable")
    digest = submission.digest
    if notes:
        digest = hashlib.sha256("\0".join([digest, *notes]).encode()).hexdigest()
    told = (*notes, *found.notes, *submission.notes)[:MAX_NOTES]
    return replace(submission, notes=told, digest=digest, late=late)


def _in_time(files: Sequence[_File], deadline: Deadline) -> tuple[list[_File], list[str], bool]:
    """The files that count, or the versions of them that do; notes on them; whether any is late."""
    now = {file: lateness.current(file.path) for file in files}
    now = {f: replace(own, marked=own.marked or f.handed.late) for f, own in now.items()}
    due = deadline.due
    count: list[_File] = []
    notes: list[str] = []
    late = {file for file, own in now.items() if own.is_late(due)}
    for file, own in now.items():
        if file not in late:
            count.append(file)
            if due and own.when is None:
                message = _("It is not known when {file} was handed in.")
                notes.append(message.format(file=shown(file.path.name)))
            continue
        kept = [one for one in lateness.earlier(file.path) if not one.is_late(due)]
        same = version(file.handed.file)[0]
        beside = [now[f] for f in files if f not in late and version(f.handed.file)[0] == same]
        before = next(iter([*beside, *kept]), None)
        notes.append(lateness.sentence(own, before, deadline, file.path.name))
        if deadline.late != IGNORE:
            count.append(file)
        elif kept and not beside:
            count.append(replace(file, path=kept[0].path))
    return count, notes, bool(late)


def _in_order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """1 before 10, and ``answers`` before ``answers-1`` and ``answers (2)``."""
    stem, _dot, suffix = path.name.rpartition(".")
    runs = re.split(r"(\d+)", stem or suffix)
    return [(int(run[:18]), "") if run.isdecimal() else (0, run) for run in runs], str(path)


# Files


def read(files: Sequence[Path | _File], student: str) -> Submission:
    """What ``student`` has handed in as ``files``.

    Each notebook or script is a world of its own. A cell answers the exercises whose functions it
    defines. Where several do, the one that says so in its ``grade_id`` counts, else the last, and of
    several files the one of the exercise's own chapter, else the latest; a note says which. But an
    untouched stub never counts against an answer. A cell that is no Python answers the exercise that
    it names in its ``grade_id`` or its id, or that it sets out to define, if no other cell does.
    """
    digest = hashlib.sha256()
    notes: list[str] = []
    sheets: list[_Sheet] = []
    handed = [f if isinstance(f, _File) else _File(f, Handed("", f.name)) for f in files]
    faults, left = 0, MAX_SOURCE
    for file in handed:
        sheet = _Sheet(file, len(files) > 1)
        sheets.append(sheet)
        try:
            data = _bytes(file.path)
        except Unreadable as error:
            data = str(error).encode()
            notes.append(sheet.named(str(error)))
            faults += 1
        else:
            if len(data) > LARGE:
                message = _("It is larger than {n} MB. Only the code in it was read.")
                notes.append(sheet.named(message.format(n=LARGE // 1_000_000)))
            try:
                notes += map(sheet.named, sheet.take(data, left))
            except Unreadable as error:
                notes.append(sheet.named(str(error)))
                faults += 1
        for part in (os.fsencode(file.path.name), data):
            digest.update(len(part).to_bytes(8, "big") + part)
        left -= sheet.size
    pieces = [piece for sheet in sheets for piece in sheet.pieces]
    notes += _decide(sheets)
    for sheet in sheets:
        answered = {n for own in sheet.pieces for n in own.answers if own.rank(n) > STUB}
        notes += map(sheet.named, editions.notes(sheet.parts, answered))
    broken = [own.place for own in pieces if own.piece.broken]
    other = [own for own in pieces if own.piece.broken and not own.answers]
    if other and len(broken) < len(pieces):
        where = _some([own.place for own in other])
        notes.append(_("What is no Python in {where} was left out.").format(where=where))
        notes += dict.fromkeys(filter(None, (needs(own.piece.source) for own in other)))
    problem = ""
    if faults == len(files):
        problem = "unreadable"
    elif not any(own.answers for own in pieces):
        if pieces and len(broken) == len(pieces):
            problem = "syntax error"
            message = _("Nothing in it is Python, beginning with {where}.")
            notes.append(message.format(where=broken[0]))
        else:
            notes.append(_("No exercise is answered in it."))
    scripts = {sheet.file.path: sheet.text for sheet in sheets if sheet.text}
    return Submission(
        student,
        tuple(file.path for file in handed),
        tuple(
            Notebook(
                tuple(answers.cells(sheet.parts, sheet.pieces)), _modules(sheet.file.path, scripts)
            )
            for sheet in sheets
            if sheet.pieces
        ),
        tuple(notes[:MAX_NOTES]),
        problem,
        digest.hexdigest(),
        tuple(sorted({chapter for sheet in sheets for chapter in sheet.chapters()})),
    )


def _modules(path: Path, scripts: dict[Path, str]) -> tuple[tuple[str, str], ...]:
    """The ``scripts`` that the file at ``path`` can import, by the names that it imports them by."""
    modules: dict[str, str] = {}
    for script, text in scripts.items():
        if script == path:
            continue
        names = [script.name.partition(".")[0]]  # helpers.py, and helpers.py.txt
        if script.is_relative_to(path.parent):
            names += script.relative_to(path.parent).parts[-2::-1]
        if all(name.isidentifier() for name in names):
            modules.setdefault(".".join(reversed(names)).removesuffix(".__init__"), text)
            modules.setdefault(names[0], text)  # where sys.path is told of its folder
    return tuple(modules.items())


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


_RUN = re.compile(r"^([ \t]*)%run[ \t]+(?:-\w+[ \t]+)*(?:\./)?([\w/]+)\.py[ \t]*$", re.MULTILINE)


@dataclass(eq=False)
class _Sheet:
    """A file while it is read."""

    file: _File
    several: bool  # whether there are other files, and it must be named
    pieces: list[Placed] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    text: str = ""  # of a script
    chapter: int | None = None
    size: int = 0

    def named(self, note: str) -> str:
        return f"{shown(self.file.path.name)}: {note}" if self.several else note

    def noted(self, note: str) -> str:
        """The same of a note that begins with a place."""
        return self.named(note[:1].upper() + note[1:])

    def take(self, data: bytes, left: int) -> list[str]:
        """Take the code of the file, of no more than ``left`` characters; notes on what was odd.

        Raises:
            Unreadable: there is no code in it.
        """
        name = self.file.path.name
        script = bool(re.search(r"(?i)\.py(\.txt)?$", name))
        found, notes = sources.parts(data, script, EXERCISES)
        found, migrated = editions.migrated(found)
        notes += migrated
        if script:
            self.text = "\n".join(part.source for part in found)
        odd: dict[str, list[str]] = {}
        for part in found:
            size = 0 if part.text else len(part.source.lstrip("\n"))
            if size > min(left - self.size, sources.MAX_SOURCE):
                odd.setdefault("long", []).append(part.place)
                continue
            self.parts.append(part)
            if part.text:
                continue
            self.size += size
            source = _RUN.sub(_import_all, part.source)
            source, kinds = plain(source)
            for kind in sorted(kinds):
                odd.setdefault(kind, []).append(part.place)
            of_file = _(" of {file}").format(file=shown(name)) if self.several else ""
            for piece in _of_part(part, source, script):
                place = _("line {n}").format(n=piece.line) if script else part.place
                self.pieces.append(Placed(part, place + of_file, piece))
        marks = Counter(EXERCISES[part.mark].chapter for part in self.parts if part.mark)
        known = chapter_of(self.file.handed.file) or chapter_of(name)
        self.chapter = known or next((chapter for chapter, _n in marks.most_common(1)), None)
        notes += [
            _why_left_out(kind).format(where=_some(places), kind=kind[:30])
            for kind, places in odd.items()
        ]
        return notes

    def chapters(self) -> set[int]:
        answered = {
            EXERCISES[name].chapter
            for own in self.pieces
            for name in own.answers
            if own.rank(name) > STUB
        }
        return {chapter for chapter in answered if self.chapter in (chapter, None)}


def _import_all(found: re.Match[str]) -> str:
    """What a `%run helpers.py` comes to, where that file was handed in as well."""
    return f"{found[1]}from {found[2].replace('/', '.')} import *"


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


# Answers


def _decide(sheets: Sequence[_Sheet]) -> list[str]:
    """Set which piece answers which exercise; notes on where that had to be decided."""
    notes: dict[str, str] = {}
    versions: dict[Path, _Sheet] = {}
    for name in EXERCISES:
        of_sheets = {
            sheet: own
            for sheet in sheets
            if (own := [piece for piece in sheet.pieces if piece.rank(name)])
        }
        if not of_sheets:
            continue
        standing = {s: _standing(name, s, its, sheets) for s, its in of_sheets.items()}
        sheet = max(of_sheets, key=standing.__getitem__)
        own = of_sheets[sheet]
        first, spare = answers.choose(name, own)
        rivals = [piece for piece in own if piece.rank(name) in (BROKEN, DEFINED)]
        others = [
            (other, piece)
            for other, its in of_sheets.items()
            for piece in its
            if other is not sheet and piece.rank(name) in (STUB, BROKEN, DEFINED)
        ]
        if others and len(rivals) < 2 and all(_is_older(other, sheet) for other, _piece in others):
            versions |= {other.file.path: sheet for other, _piece in others}
        elif len(rivals) + len(others) > 1:
            rivals += [piece for _other, piece in others]
            notes[name] = _note(name, rivals, first, spare)
    told = [
        _("{older} and {newest} are versions of one file. The newest, {newest}, counts.").format(
            older=shown(older.name), newest=shown(newest.file.path.name)
        )
        for older, newest in versions.items()
    ]
    told += _renamed(sheets)
    if len(notes) <= 4:
        return [*told, *notes.values()]
    note = _(
        "{names} are defined more than once. What counts is the cell of the exercise, else the last."
    )
    return [*told, note.format(names=", ".join(notes))]


def _standing(
    name: str, sheet: _Sheet, own: Sequence[Placed], sheets: Sequence[_Sheet]
) -> tuple[object, ...]:
    """What is larger for the file whose answer to ``name`` counts."""
    best = max(piece.rank(name) for piece in own)
    return (
        best > STUB,
        best == DEFINED,
        sheet.chapter == EXERCISES[name].chapter,
        sheet.file.version,
        sheets.index(sheet),
    )


def _is_older(sheet: _Sheet, newest: _Sheet) -> bool:
    """Whether two files are versions of one, by their names."""
    one, other = sheet.file, newest.file
    same = version(one.handed.file)[0] == version(other.handed.file)[0]
    return same and one.version < other.version


def _note(name: str, rivals: Sequence[Placed], best: Placed, spare: Placed | None) -> str:
    note = _("{name} is defined more than once ({where}). What counts is {best}.")
    if spare:
        note = _(
            "{name} is defined more than once ({where}). What counts is {best}, the cell of the "
            "exercise; or {spare}, if it earns more."
        )
    where = ", ".join(piece.place for piece in rivals[:6])
    return note.format(name=name, where=where, best=best.place, spare=spare.place if spare else "")


def _renamed(sheets: Sequence[_Sheet]) -> list[str]:
    """Notes on functions that look as if they should answer an exercise: under another name, or in a
    cell of text."""
    pieces = [piece for sheet in sheets for piece in sheet.pieces]
    answered = {name for own in pieces for name in own.answers if own.rank(name) > STUB}
    notes = []
    for sheet in sheets:
        chapters = (
            (sheet.chapter, None) if sheet.chapter else [e.chapter for e in EXERCISES.values()]
        )
        left = {n for n, e in EXERCISES.items() if e.chapter in chapters} - answered
        for part in sheet.parts if left else ():
            if part.text:
                for name in sorted(answers.guessed(part.source, left)):
                    message = _(
                        "{place} holds {name}, and is a cell of text, which does not run. Make it a "
                        "cell of code, and hand it in again."
                    )
                    notes.append(sheet.noted(message.format(place=part.place, name=name)))
                continue
            made = _functions(part.source) - EXERCISES.keys()
            for function in sorted(made):
                near = get_close_matches(function.lower(), left, n=1, cutoff=0.8)
                wanted = part.mark if part.mark in left and len(made) == 1 else "".join(near)
                if wanted:
                    message = _(
                        "{place} defines {function}. If that is to be {wanted}, name it so: the "
                        "exercise asks for a function of that name."
                    )
                    message = message.format(place=part.place, function=function, wanted=wanted)
                    notes.append(sheet.noted(message))
    return notes


def _functions(source: str) -> set[str]:
    tree = parse(plain(source)[0])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} if tree else set()
