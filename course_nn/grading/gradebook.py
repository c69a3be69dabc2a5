"""What a batch has come to, kept in one SQLite file.

Only the process that the teacher started writes, a transaction per submission, so that a run which
is killed loses at most the submissions that it was at. The file stays locked while it is open: a
second run into the same folder is told so.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Self

from course_nn.checks.panel import Panel
from course_nn.grading.results import Mark, Result, Status
from course_nn.i18n import _

VERSION = 1
_TABLES = (
    "CREATE TABLE about (key TEXT PRIMARY KEY, value BLOB)",
    (
        "CREATE TABLE results (student TEXT PRIMARY KEY, status TEXT, layer TEXT, seed TEXT, "
        "notes TEXT, digest TEXT, fingerprint TEXT, graded TEXT DEFAULT CURRENT_TIMESTAMP)"
    ),
    (
        "CREATE TABLE marks (student TEXT, exercise TEXT, status TEXT, points REAL, diagnosis TEXT, "
        "panel TEXT, PRIMARY KEY (student, exercise))"
    ),
    f"PRAGMA user_version = {VERSION}",
)


def seed(secret: bytes, assignment: str, student: str) -> int:
    """HMAC-SHA-256(secret, assignment, student), its first 8 bytes: nobody has another's inputs."""
    message = f"{assignment}\0{student}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hmac.new(secret, message, hashlib.sha256).digest()[:8], "big")


class Gradebook:
    """The results in ``folder/gradebook.sqlite``, locked until `close`.

    A file that is damaged is put aside, and ``trouble`` says so in a sentence.

    Raises:
        BlockingIOError: another process has it open.
        OSError: it cannot be written.
        ValueError: another version of this package has written it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "gradebook.sqlite"
        self.trouble = ""
        is_new = not self.path.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _for_its_owner(self.path)
            self._open_or_put_aside()
        except OSError as error:
            if is_new and self.path.is_file():  # no half of one stays behind
                with contextlib.suppress(OSError):
                    self.path.unlink()
            if isinstance(error, BlockingIOError) or error.errno is None:  # it is told already
                raise
            message = _("{path} cannot be written: {error}. Choose another folder with --out.")
            raise OSError(message.format(path=self.path, error=error.strerror)) from None

    def _open_or_put_aside(self) -> None:
        with self._told():
            try:
                self._open()
            except sqlite3.OperationalError:  # locked, or not to be written: not damaged
                raise
            except sqlite3.DatabaseError as error:
                self._put_aside(error)
                _for_its_owner(self.path)
                self._open()

    def _open(self) -> None:
        self._database = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        try:
            for command in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "COMMIT"):
                self._database.execute(command)
            for (found,) in self._database.execute("PRAGMA quick_check"):
                if found != "ok":
                    raise sqlite3.DatabaseError(found)
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not tables:
                with self._transaction():
                    for command in _TABLES:
                        self._database.execute(command)
            elif version != VERSION:
                message = _(
                    "{path} was written by another version of course_nn. Choose another folder "
                    "with --out, or move that file away and grade again."
                )
                raise ValueError(message.format(path=self.path))
        except BaseException:
            self._database.close()
            raise

    def _put_aside(self, error: sqlite3.Error) -> None:
        number = 1
        while (aside := self.path.with_name(f"gradebook.damaged-{number}.sqlite")).exists():
            number += 1
        self.path.replace(aside)
        for ending in ("-journal", "-wal", "-shm"):  # they belong to the damaged file
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}{ending}", f"{aside}{ending}")
        self.trouble = _(
            "{path} was damaged ({error}). It is now {aside}; everything is graded again, on "
            "other inputs."
        ).format(path=self.path, error=error, aside=aside.name)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite raises, as an error that says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            if "locked" in str(error):
                message = _(
                    "Another course-nn grade is writing into {folder}. Wait until it ends, or "
                    "choose another folder with --out."
                )
                raise BlockingIOError(message.format(folder=self.path.parent)) from None
            message = _("{path} cannot be written: {error}. What was graded before is kept.")
            raise OSError(message.format(path=self.path, error=error)) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told(), self._database:  # commits at its end, or takes all back
            self._database.execute("BEGIN")
            yield

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def about(self, key: str, value: bytes) -> bytes:
        """What was kept under ``key``; if there is nothing yet, ``value``, which is kept."""
        with self._transaction():
            self._database.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (key, value))
            found = self._database.execute("SELECT value FROM about WHERE key = ?", (key,))
            return found.fetchone()[0]

    def set(self, key: str, value: bytes) -> None:
        """Keep ``value`` under ``key``."""
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))

    def secret(self) -> bytes:
        """32 random bytes, made on the first run, that the inputs of everyone come from."""
        return self.about("secret", secrets.token_bytes(32))

    def save(self, result: Result) -> None:
        """Keep ``result`` in place of an earlier one of the same student."""
        row = (
            result.student,
            result.status,
            result.layer,
            str(result.seed),  # SQLite's integers have a sign
            json.dumps(result.notes),
            result.digest,
            result.fingerprint,
        )
        marks = [
            (
                result.student,
                mark.exercise,
                mark.status,
                mark.points,
                mark.diagnosis,
                json.dumps(asdict(mark.panel)),
            )
            for mark in result.marks
        ]
        with self._transaction():
            self._database.execute("DELETE FROM marks WHERE student = ?", row[:1])
            self._database.execute(
                "INSERT OR REPLACE INTO results (student, status, layer, seed, notes, digest, "
                "fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            self._database.executemany("INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?)", marks)

    def fingerprints(self) -> dict[str, str]:
        """Student -> the fingerprint of the result that is kept."""
        with self._told():
            return dict(self._database.execute("SELECT student, fingerprint FROM results"))

    def results(self, students: Iterable[str]) -> Iterator[Result]:
        """The results of ``students``, one at a time, in their order."""
        for student in students:
            with self._told():
                row = self._database.execute(
                    "SELECT status, layer, seed, notes, digest, fingerprint FROM results "
                    "WHERE student = ?",
                    (student,),
                ).fetchone()
                found = self._database.execute(
                    "SELECT exercise, status, points, panel, diagnosis FROM marks "
                    "WHERE student = ? ORDER BY rowid",
                    (student,),
                ).fetchall()
            if row is None:
                yield Result(student, Status.NOT_GRADED)
                continue
            status, layer, number, notes, digest, fingerprint = row
            marks = tuple(
                Mark(exercise, Status(state), points, _panel(panel), diagnosis)
                for exercise, state, points, panel, diagnosis in found
            )
            yield Result(
                student,
                Status(status),
                layer,
                int(number),
                marks,
                tuple(json.loads(notes)),
                digest,
                fingerprint,
            )


def _panel(text: str) -> Panel:
    parts = json.loads(text)
    rows = tuple(tuple(row) for row in parts.pop("rows"))
    return Panel(**{**parts, "sentences": tuple(parts["sentences"])}, rows=rows)


def _for_its_owner(path: Path) -> None:
    """Make ``path`` a file that nobody else can read, before anything is in it."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    elif path.is_file():
        with contextlib.suppress(OSError):  # another's, or of a file system without such rights
            path.chmod(0o600)
