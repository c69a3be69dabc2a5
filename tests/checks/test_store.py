"""Progress is kept, by several notebooks at once, and nothing that goes wrong with it stops a check."""

import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from course_nn.checks import store
from course_nn.checks.store import Progress


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_NN_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(store, "_memory", store.Memory())
    monkeypatch.setattr(store, "_trouble", "")
    return tmp_path / "data"


def test_nothing_is_done_at_first():
    assert store.of("half") == Progress(0.0, 0, 0)
    assert store.trouble() == ""


def test_tries_and_hints_are_counted_and_the_best_share_stays():
    for share in (0.0, 0.5, 1.0, 0.0):
        store.tried("half", share)
    store.hinted("half")
    assert store.of("half") == Progress(1.0, 4, 1)
    assert store.of("other") == Progress()
    assert store.progress() == {"half": Progress(1.0, 4, 1)}


def test_it_is_kept_in_the_users_own_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_NN_DATA")
    for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    assert store.path().name == "progress.sqlite"
    assert "course_nn" in str(store.path())
    assert str(store.path()).startswith(str(tmp_path)) or os.name == "nt"


def test_two_notebooks_at_once_lose_nothing():
    code = "from course_nn.checks import store\nfor _ in range(50): store.tried('half', 0.5); store.hinted('half')"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert store.of("half") == Progress(0.5, 150, 150)


def test_a_database_of_an_older_course_is_read(folder):
    store.tried("half", 0.5)
    with sqlite3.connect(store.path()) as database:
        database.execute("ALTER TABLE progress ADD COLUMN later TEXT")
    database.close()
    store.tried("half", 1.0)
    assert store.of("half") == Progress(1.0, 2, 0)


@pytest.mark.parametrize(
    "content", [b"", b"not a database, and longer than its header of 100 bytes. " * 9]
)
def test_a_damaged_file_is_put_aside(folder, content):
    folder.mkdir()
    store.path().write_bytes(content)
    store.tried("half", 1.0)
    assert store.of("half") == Progress(1.0, 1, 0)
    assert store.trouble() == ""
    damaged = folder / "progress.damaged"
    assert not content or damaged.read_bytes() == content


def test_a_file_that_is_damaged_behind_its_header_is_put_aside(folder):
    for number in range(200):
        store.tried(f"exercise{number}", 1.0)
    content = bytearray(store.path().read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    store.path().write_bytes(content)
    store.tried("half", 1.0)
    assert store.progress() == {"half": Progress(1.0, 1, 0)}
    assert store.trouble() == "" and (folder / "progress.damaged").exists()


def test_where_nothing_can_be_written_progress_lives_as_long_as_python(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("COURSE_NN_DATA", str(tmp_path / "file" / "data"))
    store.tried("half", 0.5)
    store.hinted("half")
    assert store.of("half") == Progress(0.5, 1, 1)
    assert store.trouble().startswith("Your progress is not saved: ")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_not_taken_for_a_damaged_one(folder):
    store.tried("half", 1.0)
    store.path().chmod(stat.S_IREAD)
    store.tried("half", 1.0)
    assert store.trouble() and store.path().exists()


def test_a_file_that_another_program_holds_is_waited_for_once_and_written_when_it_is_free(
    monkeypatch,
):
    store.tried("half", 1.0)
    connect, waited = sqlite3.connect, []

    def watched(file, timeout):
        waited.append(timeout)
        return connect(file, timeout=timeout / 50)

    monkeypatch.setattr(sqlite3, "connect", watched)
    holder = connect(store.path())
    holder.execute("BEGIN EXCLUSIVE")
    for _check in range(5):
        store.tried("half", 0.5)
        assert store.of("half").attempts == _check + 1  # what it did before cannot be read now
    assert "locked" in store.trouble()
    assert waited == [store.PATIENCE] + 9 * [0]
    holder.close()
    store.hinted("half")
    assert store.of("half") == Progress(1.0, 6, 1)
    assert store.trouble() == ""


@pytest.mark.parametrize("missing", ["sqlite3", "platformdirs"])
def test_where_a_module_is_missing_progress_lives_as_long_as_python(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    if missing == "platformdirs":
        monkeypatch.delenv("COURSE_NN_DATA")
    store.tried("half", 0.5)
    assert store.of("half") == Progress(0.5, 1, 0)
    assert missing in store.trouble()


@pytest.mark.parametrize("kind", ["memory", "database"])
def test_every_store_counts_alike(kind, tmp_path):
    kept = store.Memory() if kind == "memory" else store.Database(tmp_path / "progress.sqlite")
    for more in (Progress(0.5, 1), Progress(hints=1), Progress(0.25, 1)):
        kept.add("half", more)
    kept.add("other", Progress(hints=1))
    assert kept.progress() == {"half": Progress(0.5, 2, 1), "other": Progress(0.0, 0, 1)}
