"""The gradebook: what it keeps, what it refuses, and the table that is made of it."""

import errno
import hashlib
import hmac
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from course_nn.checks import EXERCISES
from course_nn.checks.panel import Panel
from course_nn.grading import batch, gradebook
from course_nn.grading.gradebook import Gradebook
from course_nn.grading.results import Mark, Result

CHAPTER = [exercise for exercise in EXERCISES.values() if exercise.chapter == 1][:2]


def result(student="ana", status="ok", points=(1.0, 0.5), statuses=("passed", "failed"), **more):
    marks = tuple(
        Mark(
            exercise.name,
            state,
            n,
            Panel("failed", "heading", ("It is `wrong`.",), (("got", "1"),)),
        )
        for exercise, state, n in zip(CHAPTER, statuses, points)
    )
    return Result(student, status, "1 (bubblewrap)", 2**64 - 1, marks, **more)


def test_what_is_saved_is_there_when_it_is_opened_again(tmp_path):
    saved = result(notes=("A note.",), digest="d", fingerprint="f")
    with Gradebook(tmp_path / "new" / "grades") as book:
        book.save(saved)
    with Gradebook(tmp_path / "new" / "grades") as book:
        assert list(book.results(["ana"])) == [saved]
        assert book.fingerprints() == {"ana": "f"}


def test_a_later_result_takes_the_place_of_the_earlier_one(tmp_path):
    with Gradebook(tmp_path) as book:
        book.save(result(points=(1.0, 1.0)))
        book.save(result(points=(0.0,), statuses=("failed",)))
        (found,) = book.results(["ana"])
    assert [mark.points for mark in found.marks] == [0.0]


def test_who_has_no_result_is_not_left_out(tmp_path):
    with Gradebook(tmp_path) as book:
        book.save(result("ben"))
        found = list(book.results(["ana", "ben"]))
    assert [(r.student, r.status) for r in found] == [("ana", "not graded"), ("ben", "ok")]


def test_the_secret_is_made_once_and_differs_between_gradebooks(tmp_path):
    with Gradebook(tmp_path / "a") as book:
        secret = book.secret()
        assert len(secret) == 32 and book.secret() == secret
    with Gradebook(tmp_path / "a") as again, Gradebook(tmp_path / "b") as other:
        assert again.secret() == secret != other.secret()


def test_a_seed_is_an_hmac_of_assignment_and_student():
    digest = hmac.new(b"key", b"1\x00ana", hashlib.sha256).hexdigest()
    assert gradebook.seed(b"key", "1", "ana") == int(digest[:16], 16)
    others = [(b"other", "1", "ana"), (b"key", "2", "ana"), (b"key", "1", "ben")]
    assert len({gradebook.seed(*other) for other in [(b"key", "1", "ana"), *others]}) == 4


def test_a_second_run_into_the_same_folder_is_told(tmp_path):
    for _ in ("new", "there already"):
        with Gradebook(tmp_path) as book:
            with pytest.raises(BlockingIOError, match="Another course-nn grade is writing into"):
                Gradebook(tmp_path)
            assert book.fingerprints() == {}
    with Gradebook(tmp_path) as book:
        with pytest.raises(BlockingIOError):
            Gradebook(tmp_path)
        book.save(result())


def test_a_killed_run_leaves_no_lock_and_no_half_of_a_result(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from course_nn.grading.gradebook import *\n"
        "book = Gradebook(Path(sys.argv[1])); book.save(Result('ana', 'ok', fingerprint='f'))\n"
        "book._database.execute('BEGIN'); book._database.execute('DELETE FROM results')\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with Gradebook(tmp_path) as book:
        assert book.fingerprints() == {"ana": "f"} and not book.trouble


@pytest.mark.parametrize("damage", ["text", "middle", "one page"])
def test_a_damaged_file_is_put_aside_and_that_is_told(tmp_path, damage):
    with Gradebook(tmp_path) as book:
        for n in range(100):
            book.save(result(f"student {n}", notes=("x" * 500,)))
    path = tmp_path / "gradebook.sqlite"
    content = b"This is no database."
    if damage == "middle":
        content = bytearray(path.read_bytes())
        content[5000:20000] = b"\xff" * 15000
    if damage == "one page":
        content = bytearray(path.read_bytes())
        content[8192:8200] = bytes(8)
    path.write_bytes(content)
    with Gradebook(tmp_path) as book:
        assert "was damaged" in book.trouble and "gradebook.damaged-1.sqlite" in book.trouble
        assert book.fingerprints() == {}
    assert (tmp_path / "gradebook.damaged-1.sqlite").read_bytes() == content
    path.write_bytes(b"Nor is this one, once more.")
    with Gradebook(tmp_path) as book:
        assert "gradebook.damaged-2.sqlite" in book.trouble


def test_a_file_of_another_version_is_left_alone(tmp_path):
    Gradebook(tmp_path).close()
    database = sqlite3.connect(tmp_path / "gradebook.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(ValueError, match="another version of course_nn"):
        Gradebook(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "gradebook.sqlite").mkdir()
    with pytest.raises(OSError, match="gradebook.sqlite cannot be written"):
        Gradebook(tmp_path)


# What others can read, and what is left where it cannot be written


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_the_gradebook_is_its_owners_alone(tmp_path):
    old = os.umask(0)
    try:
        with Gradebook(tmp_path) as book:
            book.save(result())
            assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
        (tmp_path / "gradebook.sqlite").chmod(0o644)
        with Gradebook(tmp_path):
            assert (tmp_path / "gradebook.sqlite").stat().st_mode & 0o777 == 0o600
        batch.replace(tmp_path / "grades.csv", b"x")
        assert (tmp_path / "grades.csv").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(old)


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_no_half_of_a_gradebook(tmp_path, monkeypatch):
    class Full(sqlite3.Connection):
        def execute(self, command, *more):
            if command.startswith("CREATE"):
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(command, *more)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Full))
    with pytest.raises(
        OSError, match="gradebook.sqlite cannot be written: database or disk is full"
    ):
        Gradebook(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OSError, match="cannot be written: No space left on device. Choose another"):
        Gradebook(tmp_path / "grades")


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_what_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch, error):
    path = tmp_path / "grades.csv"
    batch.replace(path, b"before")

    def fails(self, target):
        raise error

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(type(error)) as raised:
        batch.replace(path, b"after")
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]
    if isinstance(error, OSError):
        assert "grades.csv cannot be written: No space left on device. All that" in str(
            raised.value
        )
