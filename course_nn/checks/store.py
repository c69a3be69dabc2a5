"""What a learner has done, kept in the user's own data folder: an update of the course leaves it.

It is a SQLite database, so that two notebooks can write at once and a crash leaves no half of
anything. An exercise is known by the name of its function, since numbers may change. Where nothing
can be written (a full disk, a locked folder) it is kept until Python ends, and `trouble` says so.

The environment variable COURSE_NN_DATA names another folder.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import platformdirs

from course_nn.i18n import _

_TABLE = """
CREATE TABLE IF NOT EXISTS progress (
    name TEXT PRIMARY KEY,
    share REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    hints INTEGER NOT NULL DEFAULT 0
)
"""
_memory: sqlite3.Connection | None = None
_trouble = ""


class Progress(NamedTuple):
    """The best share of the points earned so far, from 0 to 1; how often the exercise was tried
    and a hint was asked for."""

    share: float = 0.0
    attempts: int = 0
    hints: int = 0


def path() -> Path:
    """The file that the progress is kept in."""
    folder = os.environ.get("COURSE_NN_DATA") or platformdirs.user_data_dir("course_nn", False)
    return Path(folder) / "progress.sqlite"


def trouble() -> str:
    """Why the progress is not kept, in a sentence; empty if it is."""
    if not _trouble:
        return ""
    return _("Your progress is not saved: {trouble}").format(trouble=_trouble)


def tried(name: str, share: float) -> None:
    """The exercise ``name`` was tried, and earned ``share`` of its points."""
    _write(name, "share = max(share, ?), attempts = attempts + 1", share)


def hinted(name: str) -> None:
    """A hint for the exercise ``name`` was given."""
    _write(name, "hints = hints + 1")


def progress(name: str) -> Progress:
    """What has been done of the exercise ``name``."""
    rows = _do(("SELECT share, attempts, hints FROM progress WHERE name = ?", name))
    return Progress(*rows[0]) if rows else Progress()


def _write(name: str, change: str, *values: float) -> None:
    _do(
        ("INSERT OR IGNORE INTO progress (name) VALUES (?)", name),
        (f"UPDATE progress SET {change} WHERE name = ?", *values, name),
    )


def _do(*commands: tuple[str | float, ...]) -> list[tuple]:
    """Carry out all ``commands``, SQL and its values, or none; the rows that the last one gives."""
    global _memory, _trouble
    try:
        with contextlib.closing(_open()) as database:
            rows = _all(database, commands)
        _trouble = ""
    except (OSError, sqlite3.Error) as error:
        _trouble = str(error)
        _memory = _memory or sqlite3.connect(":memory:", check_same_thread=False)
        rows = _all(_memory, commands)
    return rows


def _all(database: sqlite3.Connection, commands: Iterable[tuple]) -> list[tuple]:
    with database:  # commits at its end, or takes all back
        database.execute(_TABLE)
        for command, *values in commands:
            cursor = database.execute(command, values)
        return cursor.fetchall()


def _open() -> sqlite3.Connection:
    """The database, locked for us; a file that is damaged is put aside for a new one."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(file, timeout=10)
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        database.close()
        if isinstance(error, sqlite3.OperationalError):  # busy, or not to be written: not damaged
            raise
        file.replace(file.with_suffix(".damaged"))
        database = sqlite3.connect(file, timeout=10)
    return database
