"""What a learner has done, kept in the user's own data folder: an update of the course leaves it.

It is a SQLite database, so that two notebooks can write at once and a crash leaves no half of
anything. An exercise is known by the name of its function, since numbers may change. Where nothing
can be written (a full disk, a locked file, a Python without SQLite) it is kept until it can be or
Python ends, and `trouble` says so.

The environment variable COURSE_NN_DATA names another folder.
"""

import atexit
import contextlib
import os
from pathlib import Path
from typing import NamedTuple, Protocol

from course_nn.i18n import _

PATIENCE = 2  # seconds for other notebooks to finish writing, which takes them milliseconds


class Progress(NamedTuple):
    """The best share of the points earned so far, from 0 to 1; how often the exercise was tried
    and a hint was asked for."""

    share: float = 0.0
    attempts: int = 0
    hints: int = 0

    def after(self, share: float = 0.0, attempts: int = 0, hints: int = 0) -> "Progress":
        """The progress once this much has come to it."""
        return Progress(max(self.share, share), self.attempts + attempts, self.hints + hints)


class Store(Protocol):
    """Where progress is kept. Each method raises an OSError if it cannot be."""

    def add(self, name: str, more: Progress) -> None:
        """Let ``more`` come to the progress of the exercise ``name``."""

    def progress(self) -> dict[str, Progress]:
        """What has been done, by the name of the exercise."""


class Memory:
    """A `Store` that lasts as long as Python does."""

    def __init__(self) -> None:
        self._done: dict[str, Progress] = {}

    def add(self, name: str, more: Progress) -> None:
        self._done[name] = self._done.get(name, Progress()).after(*more)

    def progress(self) -> dict[str, Progress]:
        return dict(self._done)

    def forget(self, name: str) -> None:
        """Leave out the exercise ``name``, which is kept elsewhere now."""
        self._done.pop(name, None)


class Database:
    """A `Store` in a file of SQLite; one that is damaged is put aside."""

    def __init__(self, file: Path, patience: float = PATIENCE) -> None:
        self.file, self.patience = file, patience

    def add(self, name: str, more: Progress) -> None:
        change = "share = max(share, ?), attempts = attempts + ?, hints = hints + ?"
        self._do(
            ("INSERT OR IGNORE INTO progress (name) VALUES (?)", name),
            (f"UPDATE progress SET {change} WHERE name = ?", *more, name),
        )

    def progress(self) -> dict[str, Progress]:
        rows = self._do(("SELECT name, share, attempts, hints FROM progress",))
        return {name: Progress(*row) for name, *row in rows}

    def _do(self, *commands: tuple[str | float, ...]) -> list[tuple]:
        """Carry out all ``commands``, SQL and its values, or none; the rows that the last gives."""
        try:
            import sqlite3
        except ImportError as error:  # in some browsers, and in some Pythons built from source
            raise OSError(str(error)) from None
        try:
            return self._carry_out(sqlite3, commands)
        except sqlite3.OperationalError as error:  # full, locked, not to be written
            raise OSError(str(error)) from None
        except sqlite3.DatabaseError as error:  # no database, or a damaged one
            with contextlib.suppress(OSError):
                self.file.replace(self.file.with_suffix(".damaged"))
                return self._carry_out(sqlite3, commands)
            raise OSError(str(error)) from None

    def _carry_out(self, sqlite3, commands) -> list[tuple]:  # type: ignore[no-untyped-def]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with (
            contextlib.closing(sqlite3.connect(self.file, timeout=self.patience)) as database,
            database,
        ):
            database.execute("BEGIN IMMEDIATE")  # others wait; it commits at its end, or takes back
            database.execute(
                "CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, share REAL NOT NULL "
                "DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, hints INTEGER NOT NULL DEFAULT 0)"
            )
            for command, *values in commands:
                cursor = database.execute(command, values)
            return cursor.fetchall()


# The functions that exercises once asked for under another name: that name -> the name now.
RENAMED: dict[str, str] = {}

_memory = Memory()
_trouble = ""


def path() -> Path:
    """The file that the progress is kept in.

    Raises:
        OSError: nothing here says where that is.
    """
    folder = os.environ.get("COURSE_NN_DATA")
    if not folder:
        try:
            import platformdirs
        except ImportError as error:
            raise OSError(str(error)) from None
        folder = platformdirs.user_data_dir("course_nn", False)
    return Path(folder) / "progress.sqlite"


def trouble() -> str:
    """Why the progress is not kept, in a sentence; empty if it is."""
    if not _trouble:
        return ""
    return _("Your progress is not saved: {trouble}").format(trouble=_trouble)


def tried(name: str, share: float) -> None:
    """The exercise ``name`` was tried, and earned ``share`` of its points."""
    _add(name, Progress(share, attempts=1))


def hinted(name: str) -> None:
    """A hint for the exercise ``name`` was given."""
    _add(name, Progress(hints=1))


def progress() -> dict[str, Progress]:
    """What has been done, by the name of the exercise; what was never touched is left out."""
    global _trouble
    try:
        done, _trouble = _database().progress(), ""
    except OSError as error:
        done, _trouble = {}, str(error)
    for name, more in _memory.progress().items():
        done[name] = done.get(name, Progress()).after(*more)
    for once, now in RENAMED.items():
        if once in done:
            done[now] = done.pop(once).after(*done.get(now, Progress()))
    return done


def of(name: str) -> Progress:
    """What has been done of the exercise ``name``."""
    return progress().get(name, Progress())


def _add(name: str, more: Progress) -> None:
    if not _memory.progress():
        atexit.register(_write_down, PATIENCE)  # what has to wait until then
    _memory.add(name, more)
    _write_down()


def _write_down(patience: float | None = None) -> None:
    """Bring what is in memory into the file, or say why not."""
    global _trouble
    try:
        database = _database(patience)
        for name, more in _memory.progress().items():
            database.add(name, more)
            _memory.forget(name)
        atexit.unregister(_write_down)
        _trouble = ""
    except OSError as error:
        _trouble = str(error)


def _database(patience: float | None = None) -> Database:
    """Where progress is kept; once it could not be, nobody waits for it a second time."""
    return Database(path(), (0 if _trouble else PATIENCE) if patience is None else patience)
