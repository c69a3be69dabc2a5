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


def progress() -> dict[str, Progress]:
    """What has been done, by the name of the exercise; what was never touched is left out."""
    rows = _do(("SELECT name, share, attempts, hints FROM progress",))
    return {name: Progress(*row) for name, *row in rows}


def of(name: str) -> Progress:
    """What has been done of the exercise ``name``."""
    return progress().get(name, Progress())


def _write(name: str, change: str, *values: float) -> None:
    _do(
        ("INSERT OR IGNORE INTO progress (name) VALUES (?)", name),
        (f"UPDATE progress SET {change} WHERE name = ?", *values, name),
    )


def _do(*commands: tuple[str | float, ...]) -> list[tuple]:
    """Carry out all ``commands``, SQL and its values, or none; the rows that the last one gives."""
    global _memory, _trouble
    for _attempt in range(2):
        try:
            path().parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(path(), timeout=10)) as database:
                rows = _carry_out(commands, database)
            _trouble = ""
            return rows
        except (OSError, sqlite3.OperationalError) as error:  # full, locked, not to be written
            _trouble = str(error)
        except sqlite3.DatabaseError as error:  # no database, or a damaged one
            _trouble = str(error)
            with contextlib.suppress(OSError):
                path().replace(path().with_suffix(".damaged"))
                continue
        break
    _memory = _memory or sqlite3.connect(":memory:", check_same_thread=False)
    return _carry_out(commands, _memory)


def _carry_out(commands: Iterable[tuple], database: sqlite3.Connection) -> list[tuple]:
    with database:  # commits at its end, or takes all back
        database.execute("BEGIN IMMEDIATE")  # others wait
        database.execute(_TABLE)
        for command, *values in commands:
            cursor = database.execute(command, values)
        return cursor.fetchall()
