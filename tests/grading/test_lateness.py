"""What came late: told, and never silently in the place of what came in time."""

import io
import os
import zipfile
from datetime import UTC, datetime

import pytest

from course_nn.grading import lateness
from course_nn.grading.collect import collect
from course_nn.grading.lateness import Deadline
from course_nn.grading.submissions import find

DUE = datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
EARLY, LATE = (2026, 11, 19, 12, 0, 0), (2026, 11, 22, 1, 4, 0)
NAME = "01_derivatives.ipynb"


def notebook(text):
    import nbformat

    cells = [nbformat.v4.new_code_cell(text, id="answer")]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()


def answer(value):
    return notebook(f"def forward_difference(f, x, h):\n    return {value}\n")


def download(path, *entries):
    """A zip of (name, content, time), as a platform makes it; without a time, it does not tell."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content, time in entries:
            archive.writestr(zipfile.ZipInfo(name, time or (1980, 1, 1, 0, 0, 0)), content)
    return path


@pytest.fixture
def utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
        yield
        monkeypatch.undo()
        time.tzset()
    else:
        pytest.skip("THE ZONE OF THIS SYSTEM CANNOT BE SET FOR A TEST")


@pytest.fixture
def twice(tmp_path, utc):
    """Ana handed in early, and again late; Ben only late. Both downloads are collected."""
    early, late = tmp_path / "early.zip", tmp_path / "late.zip"
    ana, ben = f"Ana Díaz_1_assignsubmission_file_/{NAME}", f"ben_2_assignsubmission_file_/{NAME}"
    collect(download(early, (ana, answer(1), EARLY)), tmp_path / "in")
    collect(download(late, (ana, answer(2), LATE), (ben, answer(3), LATE)), tmp_path / "in")
    return tmp_path / "in"


def read(folder, *arguments):
    found = find(folder, Deadline(*arguments))
    return {one.student: one for one in found}


def test_the_time_of_each_entry_stays_with_the_file(twice):
    path = twice / "Ana Díaz_1" / NAME
    assert datetime.fromtimestamp(path.stat().st_mtime, UTC) == datetime(*LATE, tzinfo=UTC)
    (before,) = lateness.earlier(path)
    assert before.path.read_bytes() == answer(1)
    assert before.when == datetime(*EARLY, tzinfo=UTC) and not before.marked
    assert before.path.name == "01_derivatives.20261119T120000Z.ipynb"


def test_without_a_deadline_nothing_is_late(twice):
    found = read(twice)
    assert "return 2" in found["Ana Díaz_1"].cells[0].source
    assert not found["Ana Díaz_1"].notes and not found["Ana Díaz_1"].late


def test_note_judges_the_late_one_and_tells_of_the_earlier(twice):
    found = read(twice, DUE, "note")
    assert "return 2" in found["Ana Díaz_1"].cells[0].source and found["Ana Díaz_1"].late
    assert found["Ana Díaz_1"].notes[0] == (
        "01_derivatives.ipynb was handed in late (2026-11-22 01:04+00:00, 26 h 5 min after it was "
        "due). It was judged; an earlier version, of 2026-11-19 12:00+00:00, came in time, and was not."
    )
    assert found["ben_2"].notes[0].endswith("26 h 5 min after it was due).")


def test_accept_judges_the_late_one(twice):
    found = read(twice, DUE, "accept")
    assert "return 2" in found["Ana Díaz_1"].cells[0].source
    assert found["Ana Díaz_1"].notes[0].endswith("That is accepted.")


def test_ignore_judges_the_newest_in_time_and_has_nothing_of_who_was_never(twice):
    found = read(twice, DUE, "ignore")
    assert "return 1" in found["Ana Díaz_1"].cells[0].source
    assert (
        found["Ana Díaz_1"]
        .notes[0]
        .endswith("What counts is the version of 2026-11-19 12:00+00:00, which came in time.")
    )
    assert found["ben_2"].problem == "late" and not found["ben_2"].cells
    assert found["ben_2"].notes[0].endswith("and does not count.")


def test_another_deadline_is_another_submission(twice):
    digests = {
        read(twice, due, late)["Ana Díaz_1"].digest
        for due in (None, DUE, DUE.replace(day=21))
        for late in ("accept", "note", "ignore")
    }
    assert len(digests) == 7  # without a deadline, all three are one


def test_the_same_again_is_no_later_than_it_was(tmp_path, utc):
    name = f"ana_1_assignsubmission_file_/{NAME}"
    for time in (EARLY, LATE):
        done = collect(download(tmp_path / "a.zip", (name, answer(1), time)), tmp_path / "in")
    assert done.students[0].state == "unchanged"
    assert not read(tmp_path / "in", DUE)["ana_1"].late
    assert not lateness.earlier(tmp_path / "in" / "ana_1" / NAME)


def test_three_versions_and_the_newest_in_time(tmp_path, utc):
    name = f"ana_1_assignsubmission_file_/{NAME}"
    for value, day in ((1, 18), (2, 20), (3, 25)):
        entry = (name, answer(value), (2026, 11, day, 12, 0, 0))
        collect(download(tmp_path / "a.zip", entry), tmp_path / "in")
    (one,) = find(tmp_path / "in", Deadline(DUE, "ignore"))
    assert "return 2" in one.cells[0].source


def test_the_mark_of_canvas_counts_as_late_without_a_time(tmp_path):
    early, late = f"ana_7_100_{NAME}", f"ana_LATE_7_200_{NAME}"
    collect(download(tmp_path / "a.zip", (early, answer(1), None)), tmp_path / "in")
    collect(download(tmp_path / "b.zip", (late, answer(2), None)), tmp_path / "in")
    (one,) = find(tmp_path / "in")
    assert one.late and "was handed in late (as the platform says)" in one.notes[0]
    (one,) = find(tmp_path / "in", Deadline(None, "ignore"))
    assert "return 1" in one.cells[0].source
    # the same in one download, and in a folder that nobody has collected
    collect(
        download(tmp_path / "c.zip", (early, answer(1), None), (late, answer(2), None)),
        tmp_path / "on",
    )
    (one,) = find(tmp_path / "on", Deadline(None, "ignore"))
    assert "return 1" in one.cells[0].source
    loose = tmp_path / "loose"
    loose.mkdir()
    (loose / late).write_bytes(answer(2))
    assert find(loose)[0].late


def test_of_an_unknown_time_is_said_so(tmp_path):
    name = f"ana_1_assignsubmission_file_/{NAME}"
    collect(download(tmp_path / "a.zip", (name, answer(1), None)), tmp_path / "in")
    (one,) = find(tmp_path / "in", Deadline(DUE))
    assert (
        not one.late and one.notes[0] == "It is not known when 01_derivatives.ipynb was handed in."
    )


def test_times_in_an_archive_of_a_students_are_not_believed(tmp_path, utc):
    inner = io.BytesIO()
    download(inner, (NAME, answer(1), EARLY))
    entry = ("ana_1_assignsubmission_file_/work.zip", inner.getvalue(), LATE)
    collect(download(tmp_path / "a.zip", entry), tmp_path / "in")
    assert read(tmp_path / "in", DUE)["ana_1"].late


def test_a_second_file_beside_is_a_version_too(tmp_path):
    folder = tmp_path / "in" / "ana"
    folder.mkdir(parents=True)
    for name, value, time in ((NAME, 1, EARLY), ("01_derivatives (2).ipynb", 2, LATE)):
        (folder / name).write_bytes(answer(value))
        seconds = datetime(*time, tzinfo=UTC).timestamp()
        os.utime(folder / name, (seconds, seconds))
    (one,) = find(tmp_path / "in", Deadline(DUE, "ignore"))
    assert len(one.files) == 1 and "return 1" in one.cells[0].source
    (one,) = find(tmp_path / "in", Deadline(DUE, "note"))
    assert "an earlier version" in one.notes[0]


def test_a_deadline_as_teachers_type_it(utc):
    assert lateness.parse("2026-11-20T23:59+01:00") == DUE
    assert lateness.parse("2026-11-20 22:59") == DUE
    assert lateness.parse("2026-11-20").isoformat() == "2026-11-20T23:59:59+00:00"
    with pytest.raises(ValueError, match="tomorrow is no time"):
        lateness.parse("tomorrow")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("hw_ana_attempt_2026-11-19-12-00-00_{}", "hw_ana_attempt_2026-11-22-01-04-00_{}"),
        ("11-22 - ana - Nov 19, 2026 1200 PM/{}", "11-23 - ana - Nov 22, 2026 104 AM/{}"),
    ],
)
def test_the_time_in_a_name_of_blackboards_or_brightspaces_is_believed(
    tmp_path, utc, first, second
):
    """Two attempts in one download, whose own times say nothing."""
    entries = [(n.format(NAME), answer(i), None) for i, n in enumerate((first, second), 1)]
    collect(download(tmp_path / "a.zip", *entries), tmp_path / "in")
    one = read(tmp_path / "in", DUE, "ignore")["ana"]
    assert "return 1" in one.cells[0].source and "26 h 5 min" in one.notes[0]
    assert "return 2" in read(tmp_path / "in", DUE)["ana"].cells[0].source
