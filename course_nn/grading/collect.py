"""A download from Moodle or Canvas becomes a folder of submissions: ``course-nn collect``."""

import io
import os
import re
import stat
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from course_nn.grading import lateness
from course_nn.grading.names import Handed, handed_in, key, safe, safe_file, shown, unique, whose
from course_nn.grading.sources import looks_like
from course_nn.grading.submissions import (
    LEFT_OUT,
    MAX_BYTES,
    MAX_FILES,
    is_code,
    is_hidden_work,
    is_left_behind,
)
from course_nn.i18n import N_, _

MAX_ENTRIES = 50_000  # of the archive; 2,000 of one inside it
MAX_TOTAL = 4_000_000_000  # bytes unpacked in all
MAX_OF_STUDENT = 100_000_000
MAX_ZIP = 50_000_000  # of an archive inside the archive
MAX_RATIO = 200  # a notebook shrinks to a tenth; what shrinks to a thousandth is made to fill disks


@dataclass(frozen=True)
class Student:
    """What was collected of a student: ``state`` is "new", "updated" or "unchanged"."""

    name: str
    files: tuple[str, ...]
    notes: tuple[str, ...]
    state: str


@dataclass(frozen=True)
class Collected:
    """What `collect` did: whose files are in ``out`` now, and what of the archive is not, and why."""

    out: Path
    students: tuple[Student, ...]
    left_out: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        rows = [(_("student"), _("files"), _("notes"))]
        for student in self.students:
            notes = (_(student.state), *student.notes)
            rows.append((student.name, ", ".join(student.files), "; ".join(notes)))
        width = min(40, max(len(name) for name, _files, _notes in rows))
        wide = min(40, max(len(files) for _name, files, _notes in rows))
        table = [f"{name:{width}}  {files:{wide}}  {notes}".rstrip() for name, files, notes in rows]
        if self.left_out:
            table += ["", _("left out:")]
            table += [f"  {name}: {why}" for name, why in self.left_out[:50]]
            if len(self.left_out) > 50:
                table.append("  " + _("and {n} more").format(n=len(self.left_out) - 50))
        counts = _("{students} students, {files} files are in {folder}.")
        files = sum(len(student.files) for student in self.students)
        counts = counts.format(students=len(self.students), files=files, folder=self.out)
        return "\n".join([*table, "", counts])


def collect(archive: Path, out: Path) -> Collected:
    """Unpack ``archive``, a zip from an LMS, into a folder per student in ``out``.

    It knows Moodle's names (folders or files), Canvas's, folders per student, files with the
    student in their name, and an archive that a student has made, inside it. Only notebooks and scripts
    are taken. Of a student who is in ``out`` already, files of the same name are replaced; all else
    in ``out`` stays. Everything is unpacked beside ``out`` first, and moved at the end.
    A file has the time that the archive gives it, and what it replaces is kept; see `lateness`.

    Raises:
        ValueError: ``archive`` is no zip, is too large, or holds nothing to grade; or a file is
            where a student's folder has to be.
        OSError: it cannot be read, or ``out`` cannot be written.
    """
    archive, out = Path(archive), Path(out)
    if archive.is_dir():
        message = _("{path} is a folder already. course-nn grade reads it as it is.")
        raise ValueError(message.format(path=archive))
    if out.exists() and not out.is_dir():
        raise ValueError(_("{path} is a file. Name a folder with --out.").format(path=out))
    with open(archive, "rb") as file, _open(file, archive) as opened:
        place = out if out.is_dir() else out.resolve().parent
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".collect-", dir=place) as draft:
            unpacked = _Unpacked(Path(draft))
            unpacked.everything(opened)
            if not any(student.files for student in unpacked.students.values()):
                message = _("{path} holds no notebook (.ipynb) and no script (.py).")
                raise ValueError(message.format(path=archive))
            students = _move(list(unpacked.students.values()), out)
    return Collected(out, tuple(students), tuple(unpacked.left_out))


def _open(file: IO[bytes], archive: Path) -> zipfile.ZipFile:
    try:
        opened = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        file.seek(0)
        kind = looks_like(file.read(2000))
        message = _("{path} is no zip archive, or is damaged. Download it again, as a .zip.")
        if kind and not kind.startswith(looks_like(b"PK\x03\x04")):
            message = _("{path} looks like {kind}. Download the submissions as a .zip.")
        raise ValueError(message.format(path=archive, kind=kind)) from None
    if len(opened.infolist()) > MAX_ENTRIES:
        message = _("{path} holds more than {n} files. That is not a download of submissions.")
        raise ValueError(message.format(path=archive, n=MAX_ENTRIES))
    return opened


# Unpacking


class _LeftOut(Exception):
    """An entry that is not taken; the message says why."""


@dataclass
class _Student:
    name: str
    folder: Path
    files: dict[str, tuple[Path, int]] = field(default_factory=dict)  # by key: path, attempt
    notes: list[str] = field(default_factory=list)
    size: int = 0

    def leave_out(self, note: str) -> None:
        """Note what was left out, and keep that beside the files, so that the grades tell it too."""
        self.notes.append(note)
        self.folder.mkdir(exist_ok=True)
        with (self.folder / LEFT_OUT).open("a", encoding="utf-8") as file:
            file.write(f"{note}\n")


@dataclass
class _Unpacked:
    """The files taken so far, in ``folder``, and what was left out."""

    folder: Path
    students: dict[str, _Student] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    size: int = 0

    def everything(self, archive: zipfile.ZipFile) -> None:
        entries = list(self.entries(archive))
        common = _common([path for path, _entry in entries if _is_wanted(path[-1])])
        for path, entry in entries:
            try:
                self.one(archive, entry, path[common:] or path[-1:])
            except _LeftOut as why:
                self.left_out.append((_said(path), str(why)))

    def entries(self, archive: zipfile.ZipFile) -> Iterator[tuple[list[str], zipfile.ZipInfo]]:
        """The entries that may be taken, with the folders and the name of each."""
        for entry in archive.infolist():
            name = _name(entry)
            path = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
            mode = entry.external_attr >> 16
            if not path or name[-1] in "/\\":  # a folder
                continue
            if ".." in path or name[0] in "/\\" or re.match(r"[A-Za-z]:", name) or "\0" in name:
                self.left_out.append((_said(path), _("its name leads elsewhere")))
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                self.left_out.append((_said(path), _("it is a link or no file")))
            elif is_hidden_work(path[-1]) and not any(map(is_left_behind, path)):
                self.left_out.append((_said(path), _("its name begins with a dot")))
            elif not any(map(is_left_behind, path)):
                yield path, entry

    def one(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: list[str]) -> None:
        """Take an entry whose ``path`` begins with the student's folder, or is a file's name."""
        moodle = next((n for n, part in enumerate(path[:-1]) if _of_platform(part)), None)
        named = path[-1] if moodle is None else path[moodle]
        handed, time_in_name = whose(named), handed_in(named)
        when = time_in_name.timestamp() if time_in_name else _when(entry)
        if moodle is not None:
            inside = path[moodle + 1 :]
        elif len(path) > 1:
            handed, inside = Handed(path[0], path[-1]), path[1:]
        else:
            inside = [handed.file]
        if not _is_wanted(path[-1]):
            if moodle is not None or handed.attempt:  # so that this student gets a row
                self.student(handed.student)
            raise _LeftOut(_("it is no notebook and no script"))
        student = self.student(handed.student or _("unnamed"))
        try:
            data = self.data(archive, entry, student)
            if path[-1].lower().endswith(".zip"):
                self.inner(data, student, inside, when, handed.late)
            else:
                self.keep(student, inside, handed.attempt, data, when, handed.late)
        except _LeftOut as why:
            student.leave_out(f"{shown(inside[-1])}: {why}")
            raise
        if handed.late and (note := _("handed in late")) not in student.notes:
            student.notes.append(note)

    def student(self, name: str) -> _Student:
        fresh = _Student(name, self.folder / str(len(self.students)))
        return self.students.setdefault(name, fresh)

    def data(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, student: _Student) -> bytes:
        """The bytes of an entry, counted as they come: what its header says is not believed."""
        limit = MAX_ZIP if entry.filename.lower().endswith(".zip") else MAX_BYTES
        limit = min(limit, MAX_OF_STUDENT - student.size)
        if entry.flag_bits & 1:
            raise _LeftOut(_("it is locked with a password"))
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _LeftOut(_("it is packed in a way that only few programs know"))
        data = io.BytesIO()
        try:
            with archive.open(entry) as file:
                while chunk := file.read(1 << 16):
                    data.write(chunk)
                    if data.tell() > limit:
                        raise _LeftOut(_too_large(limit))
                    if data.tell() > MAX_RATIO * entry.compress_size + 1_000_000:
                        raise _LeftOut(_("it is packed so tightly that it may be a zip bomb"))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError):
            raise _LeftOut(_("it is damaged")) from None
        finally:
            student.size += data.tell()
            self.size += data.tell()
        if self.size > MAX_TOTAL:
            message = _("There is more than {n} GB in the archive. Nothing was unpacked.")
            raise ValueError(message.format(n=MAX_TOTAL // 1_000_000_000))
        return data.getvalue()

    def inner(
        self, data: bytes, student: _Student, inside: list[str], when: float, late: bool
    ) -> None:
        """Take the notebooks and scripts of an archive that a student has made, and handed in at
        ``when``: the times in it are the student's own."""
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
            raise _LeftOut(_("it is no zip archive, or is damaged")) from None
        with archive:
            if len(archive.infolist()) > MAX_ENTRIES // 25:
                raise _LeftOut(_("there are too many files in it"))
            for path, entry in self.entries(archive):
                try:
                    if path[-1].lower().endswith(".zip"):
                        raise _LeftOut(_("it is an archive in an archive in the archive"))
                    if not is_code(path[-1]):
                        raise _LeftOut(_("it is no notebook and no script"))
                    file = [*inside[:-1], *path]
                    inner = self.data(archive, entry, student)
                    self.keep(student, file, 0, inner, when, late)
                except _LeftOut as why:
                    self.left_out.append((_said([student.name, *inside, *path]), str(why)))

    def keep(
        self,
        student: _Student,
        inside: list[str],
        attempt: int,
        data: bytes,
        when: float,
        late: bool,
    ) -> None:
        """Write a file of a student, unless a newer one has been; then as an earlier version."""
        path = Path(*map(safe, inside[-8:-1]), safe_file(inside[-1]))
        same = key(str(path))
        known, newest = student.files.get(same, (path, -1))
        if same not in student.files and len(student.files) >= MAX_FILES:
            raise _LeftOut(_("there are too many files of this student"))
        if same in student.files:
            note = _("{file} came more than once, the newest was taken").format(file=path.name)
            if note not in student.notes:
                student.notes.append(note)
            if attempt < newest:
                if data != (student.folder / known).read_bytes():
                    lateness.keep(student.folder / known, data, when, late)
                return
        target = student.folder / known
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            lateness.hand_in(target, data, when, late)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise _LeftOut(_("a file and a folder have the same name")) from None
        student.files[same] = known, attempt


def _when(entry: zipfile.ZipInfo) -> float:
    """When an entry was last changed, in seconds since 1970; `lateness.UNKNOWN` where it does not tell.

    Without the field that programs of Unix write, it is local time, as that of this machine.
    """
    fields = entry.extra
    while len(fields) >= 4:
        kind, size = struct.unpack("<HH", fields[:4])
        if kind == 0x5455 and size >= 5 and len(fields) >= 9 and fields[4] & 1:
            return float(struct.unpack("<i", fields[5:9])[0])
        fields = fields[4 + size :]
    if entry.date_time <= (1980, 1, 1, 23, 59, 59):
        return lateness.UNKNOWN
    try:
        return time.mktime((*entry.date_time, 0, 0, -1))
    except (ValueError, OverflowError):  # 31 February
        return lateness.UNKNOWN


def _too_large(limit: int) -> str:
    if limit < MAX_BYTES:
        return _("it is too large, with the others of this student")
    return _("it is larger than {n} MB").format(n=limit // 1_000_000)


def _of_platform(folder: str) -> bool:
    """Whether a folder is named as a platform names that of one attempt of a student."""
    return "_assignsubmission_" in folder or bool(whose(folder).attempt)


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry; without a flag it is in UTF-8 (macOS), else in DOS's western letters."""
    name = entry.orig_filename[:1000]
    if entry.flag_bits & 0x800 or name.isascii():
        return name
    raw = name.encode("cp437")  # as which Python has read it
    try:
        return raw.decode("utf-8")
    except ValueError:
        return raw.decode("cp850")


def _common(paths: list[list[str]]) -> int:
    """How many folders every entry lies in that are no student's own.

    A folder around all is a student's if there is code right in it, unless the names of that
    tell of several students.
    """
    depth = 0
    while paths and all(len(path) > depth + 1 and path[depth] == paths[0][depth] for path in paths):
        if _of_platform(paths[0][depth]):
            break
        direct = [path[-1] for path in paths if len(path) == depth + 2]
        of_lms = any(whose(name).attempt or "_assignsubmission_" in name for name in direct)
        if direct and not of_lms and len({whose(name).student for name in direct} - {""}) < 2:
            break
        depth += 1
    return depth


def _is_wanted(name: str) -> bool:
    return is_code(name) or name.lower().endswith(".zip")


def _said(path: list[str]) -> str:
    return "/".join(shown(part) for part in path[-4:]) or "?"


# Moving


def _move(students: list[_Student], out: Path) -> list[Student]:
    """Put the students' folders in place; check that all of them can be, before the first is."""
    there = {key(path.name): path for path in out.iterdir()} if out.is_dir() else {}
    names = unique([student.name for student in students])
    places = [there.get(key(name), out / name) for name in names]
    for student, place in zip(students, places, strict=True):
        for path in [*(path for path, _attempt in student.files.values()), Path("any file")]:
            _refuse_links(place, path)
            _refuse_links(place, path.parent / lateness.VERSIONS / "any file")
    out.mkdir(exist_ok=True)
    done = []
    for student, place in zip(students, places, strict=True):
        files = sorted(path for path, _attempt in student.files.values())
        state = _place(student.folder, place, files)
        own = tuple(path.as_posix() for path in files)
        done.append(Student(place.name, own, tuple(student.notes), state))
    return sorted(done, key=lambda student: student.name.casefold())


def _refuse_links(folder: Path, path: Path) -> None:
    for place in [folder, *((folder / parent) for parent in reversed(path.parents))]:
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            message = _("{path} is in the way: it is no folder. Move it away, and collect again.")
            raise ValueError(message.format(path=place))
    if (folder / path).is_dir():
        message = _("{path} is in the way: it is a folder. Move it away, and collect again.")
        raise ValueError(message.format(path=folder / path))


def _place(folder: Path, there: Path, files: list[Path]) -> str:
    """Move a student's files from ``folder``; a file is either as it was or as it is to be."""
    if not there.exists():
        folder.mkdir(exist_ok=True)
        folder.rename(there)
        return N_("new")
    state = N_("unchanged")
    if (folder / LEFT_OUT).exists():
        os.replace(folder / LEFT_OUT, there / LEFT_OUT)
    for file in files:
        old, new = there / file, folder / file
        data = new.read_bytes()
        if old.is_symlink() or not old.exists() or old.read_bytes() != data:
            state = N_("updated")
        old.parent.mkdir(parents=True, exist_ok=True)
        for version in lateness.earlier(new)[::-1]:
            when = version.path.stat().st_mtime
            lateness.keep(old, version.path.read_bytes(), when, version.marked)
        own = lateness.current(new)
        lateness.hand_in(old, data, new.stat().st_mtime, own.marked)
    return state
