"""Whether what a student has handed in came in time, and which version of it counts.

A file's own time is when it was handed in; `course-nn collect` sets it to what the platform's zip says.
Earlier versions of a file, and what the platform itself says of its lateness, lie hidden beside it:

    01_derivatives.ipynb
    .versions/01_derivatives.20261120T215901Z.ipynb
    .versions/01_derivatives.ipynb.late
"""

import contextlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from course_nn.grading.names import shown, split
from course_nn.i18n import _

VERSIONS = ".versions"
ACCEPT, NOTE, IGNORE = "accept", "note", "ignore"
UNKNOWN = (
    315_532_800  # the time of a file of which nothing is known: 1980, where a zip's clock begins
)
_MARK = ".late"


@dataclass(frozen=True)
class Deadline:
    """When work is ``due``, if ever, and what becomes of what is later.

    ``late`` is "accept": it counts like any other; "note": it counts, and it is told whether there
    is an earlier version in time; or "ignore": the newest version in time counts.
    """

    due: datetime | None = None
    late: str = NOTE


NO_DEADLINE = Deadline()


def parse(text: str) -> datetime:
    """The time that a teacher has typed: ISO 8601; without a zone in that of this machine; of a day
    alone its end.

    Raises:
        ValueError: it is none.
    """
    try:
        due = datetime.fromisoformat(text.strip())
    except ValueError:
        message = _("{given} is no time. Write it as 2026-11-20T23:59 or 2026-11-20T23:59+01:00.")
        raise ValueError(message.format(given=text)) from None
    if len(text.strip()) <= len("2026-11-20"):
        due += timedelta(days=1, seconds=-1)
    return due if due.tzinfo else due.astimezone()


def told(when: datetime) -> str:
    return when.isoformat(" ", "minutes")


# Files


@dataclass(frozen=True)
class Version:
    """A file as it was handed in at a time, and whether the platform calls it late."""

    path: Path
    when: datetime | None
    marked: bool = False

    def is_late(self, due: datetime | None) -> bool:
        return self.marked or bool(due and self.when and self.when > due)


def current(path: Path) -> Version:
    """A file as it is now."""
    return Version(path, _when(path), _mark(path).exists())


def earlier(path: Path) -> list[Version]:
    """The versions that a file has replaced, newest first."""
    stem, suffix = split(path.name)
    found = []
    with contextlib.suppress(OSError):
        for one in (path.parent / VERSIONS).iterdir():
            middle = one.name[len(stem) : len(one.name) - len(suffix)]
            named = one.name.startswith(f"{stem}.") and one.name.endswith(suffix)
            if named and middle[1:9].isdecimal() and one.is_file() and not one.is_symlink():
                found.append(Version(one, _when(one), middle.endswith(_MARK)))
    return sorted(found, key=lambda one: one.path.stat().st_mtime, reverse=True)


def hand_in(path: Path, data: bytes, when: float, late: bool) -> None:
    """Write ``path`` as it was handed in at ``when``; what was there becomes an earlier version.

    The same content a second time changes nothing, but that it is not later than it was.

    Raises:
        OSError: it cannot be written.
    """
    if path.is_dir():
        raise IsADirectoryError(path)
    if path.is_file() and not path.is_symlink():
        if path.read_bytes() == data:
            before = path.stat().st_mtime
            when = min(when, before) if UNKNOWN not in (when, before) else max(when, before)
            late = late and _mark(path).exists()
        else:
            marked = _mark(path).exists()
            keep(path, path.read_bytes(), path.stat().st_mtime, marked)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(data)
    os.utime(draft, (when, when))
    os.replace(draft, path)
    if late:
        _mark(path).parent.mkdir(exist_ok=True)
        _mark(path).touch()
    else:
        _mark(path).unlink(missing_ok=True)


def keep(path: Path, data: bytes, when: float, late: bool) -> None:
    """Keep an earlier version of the file ``path``."""
    stem, suffix = split(path.name)
    place = path.parent / VERSIONS
    place.mkdir(exist_ok=True)
    time = datetime.fromtimestamp(when, UTC).strftime("%Y%m%dT%H%M%SZ")
    target, number = place / f"{stem}.{time}{_MARK * late}{suffix}", 1
    while target.exists() and target.read_bytes() != data:
        number += 1
        target = place / f"{stem}.{time}-{number}{_MARK * late}{suffix}"
    target.write_bytes(data)
    os.utime(target, (when, when))


def _mark(path: Path) -> Path:
    return path.parent / VERSIONS / f"{path.name}{_MARK}"


def _when(path: Path) -> datetime | None:
    seconds = path.stat().st_mtime
    return datetime.fromtimestamp(seconds, UTC).astimezone() if seconds > UNKNOWN + 86_400 else None


# What is told


def sentence(late: Version, before: Version | None, deadline: Deadline, name: str) -> str:
    """What is told of a file called ``name`` that was late, where ``before`` came in time."""
    zone = deadline.due.tzinfo if deadline.due else None
    how = _("as the platform says")
    if late.when and deadline.due and late.when > deadline.due:
        how = _("{when}, {much} after it was due").format(
            when=told(late.when.astimezone(zone)), much=_much(late.when - deadline.due)
        )
    earlier_one = _("an unknown time")
    if before and before.when:
        earlier_one = told(before.when.astimezone(zone))
    message = _("{file} was handed in late ({how}).")
    if deadline.late == IGNORE and before:
        message = _(
            "{file} was handed in late ({how}), and does not count. What counts is the version of "
            "{before}, which came in time."
        )
    elif deadline.late == IGNORE:
        message = _("{file} was handed in late ({how}), and does not count.")
    elif deadline.late == ACCEPT:
        message = _("{file} was handed in late ({how}). That is accepted.")
    elif before:
        message = _(
            "{file} was handed in late ({how}). It was judged; an earlier version, of {before}, came "
            "in time, and was not."
        )
    return message.format(file=shown(name), how=how, before=earlier_one)


def _much(late: timedelta) -> str:
    minutes = max(1, round(late.total_seconds() / 60))
    if minutes < 60:
        return _("{n} min").format(n=minutes)
    if minutes < 48 * 60:
        return _("{n} h {m} min").format(n=minutes // 60, m=minutes % 60)
    return _("{n} days").format(n=minutes // (24 * 60))
