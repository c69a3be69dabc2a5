"""Downloads from Moodle, Canvas and elsewhere, honest and hostile."""

import io
import os
import random
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_nn.grading import collect as module
from course_nn.grading.collect import Collected, collect
from course_nn.grading.lateness import VERSIONS
from course_nn.grading.submissions import LEFT_OUT, find

Entries = list[tuple[str | zipfile.ZipInfo, bytes | str]]


def packed(entries: Entries) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there already
        for name, content in entries:
            archive.writestr(name, content)
    return data.getvalue()


@pytest.fixture
def taking(tmp_path):
    """Collects from an archive of these entries: what was said, and what is in the folder then."""

    def take(
        *entries: tuple[str | zipfile.ZipInfo, bytes | str],
    ) -> tuple[Collected, dict[str, str]]:
        (tmp_path / "download.zip").write_bytes(packed(list(entries)))
        done = collect(tmp_path / "download.zip", tmp_path / "in")
        assert {path.name for path in tmp_path.iterdir()} == {"download.zip", "in"}  # nothing else
        return done, held(tmp_path / "in")

    return take


def held(folder: Path) -> dict[str, str]:
    """What is in a folder, without what is told and what was handed in earlier."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != LEFT_OUT)
    files = (path for path in files if VERSIONS not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


def test_takes_moodles_folders(taking):
    done, files = taking(
        ("Ana García_123456_assignsubmission_file_/01_derivatives.ipynb", "a"),
        ("Ana García_123456_assignsubmission_file_/02_descent.ipynb", "b"),
        ("Ana García_123457_assignsubmission_file/01_derivatives.ipynb", "a namesake"),  # Moodle 4
        ("Luis_7_assignsubmission_file_/sub/work.py", "c"),
        ("Luis_7_assignsubmission_onlinetext_/onlinetext.html", "<p>"),
    )
    assert files == {
        "Ana García_123456/01_derivatives.ipynb": "a",
        "Ana García_123456/02_descent.ipynb": "b",
        "Ana García_123457/01_derivatives.ipynb": "a namesake",
        "Luis_7/sub/work.py": "c",
    }
    assert [(s.name, s.files, s.state) for s in done.students][2] == (
        "Luis_7",
        ("sub/work.py",),
        "new",
    )
    assert done.left_out == (
        ("Luis_7_assignsubmission_onlinetext_/onlinetext.html", "it is no notebook and no script"),
    )


def test_takes_moodles_files_and_a_course_around_them(taking):
    _done, files = taking(
        ("NN-Tarea 1-77/Ana García_12_assignsubmission_file_01_derivatives.ipynb", "a"),
        ("NN-Tarea 1-77/Default group_assignsubmission_file_work.py", "b"),
    )
    assert files == {"Ana García_12/01_derivatives.ipynb": "a", "Default group/work.py": "b"}


def test_takes_a_single_file_of_moodle_with_a_course_around_it(taking):
    assert taking(("NN/Ana_12_assignsubmission_file_work.py", "a"))[1] == {"Ana_12/work.py": "a"}


def test_takes_canvas_and_the_newest_attempt(taking):
    done, files = taking(
        ("garciaana_12345_678901_01_derivatives.ipynb", "first"),
        ("garciaana_12345_678950_01_derivatives-2.ipynb", "third"),
        ("garciaana_12345_678920_01_derivatives-1.ipynb", "second"),
        ("núñezluis_LATE_999_678902_hw-1.ipynb", "late"),
        ("anon_x3K9a_678903_02_descent.ipynb", "anonymous"),
    )
    assert files == {
        "garciaana_12345/01_derivatives.ipynb": "third",
        "núñezluis_999/hw-1.ipynb": "late",
        "anon_x3K9a/02_descent.ipynb": "anonymous",
    }
    notes = {student.name: student.notes for student in done.students}
    assert notes["garciaana_12345"] == (
        "01_derivatives.ipynb came more than once, the newest was taken",
    )
    assert notes["núñezluis_999"] == ("handed in late",)
    assert notes["anon_x3K9a"] == ()


def test_takes_folders_and_files_of_a_plain_archive(taking):
    _done, files = taking(
        ("class/ana/01_derivatives.ipynb", "a"),
        ("class/ana/.ipynb_checkpoints/01_derivatives-checkpoint.ipynb", "old"),
        ("class/luis/02_descent.ipynb", "b"),
        ("class/__MACOSX/luis/._02_descent.ipynb", "mac"),
        ("README.txt", "not a student"),
    )
    assert files == {"ana/01_derivatives.ipynb": "a", "luis/02_descent.ipynb": "b"}


def test_takes_files_named_after_students(taking):
    _done, files = taking(("x/ana_01_derivatives.ipynb", "a"), ("x/luis_01_derivatives.ipynb", "b"))
    assert files == {"ana/01_derivatives.ipynb": "a", "luis/01_derivatives.ipynb": "b"}


def test_takes_a_single_student(taking):
    _done, files = taking(("ana/01_derivatives.ipynb", "a"), ("ana/02_descent.ipynb", "b"))
    assert files == {"ana/01_derivatives.ipynb": "a", "ana/02_descent.ipynb": "b"}


def test_takes_what_students_have_zipped(taking):
    inner = packed(
        [("tarea/01_derivatives.ipynb", "a"), ("tarea/photo.jpg", "x"), ("../../e.py", "evil")]
    )
    twice = packed([("inner.zip", inner)])
    done, files = taking(
        ("Ana_1_assignsubmission_file_/tarea.zip", inner),
        ("Luis_2_assignsubmission_file_/tarea.zip", twice),
        ("Eva_3_assignsubmission_file_/tarea.zip", b"PK\x03\x04 cut short"),
    )
    assert files == {"Ana_1/tarea/01_derivatives.ipynb": "a"}
    assert [student.name for student in done.students] == ["Ana_1", "Eva_3", "Luis_2"]
    why = dict(done.left_out)
    assert why["Ana_1/tarea.zip/tarea/photo.jpg"] == "it is no notebook and no script"
    assert why["Luis_2/tarea.zip/inner.zip"] == "it is an archive in an archive in the archive"
    assert why["Eva_3_assignsubmission_file_/tarea.zip"] == "it is no zip archive, or is damaged"
    assert "its name leads elsewhere" in why.values()
    assert done.students[1].notes == ("tarea.zip: it is no zip archive, or is damaged",)


def test_who_handed_in_something_else_gets_an_empty_folder(taking, tmp_path):
    taking(
        ("Ana_1_assignsubmission_file_/a.py", "x = 1"),
        ("Pia_2_assignsubmission_file_/a.pdf", "%PDF"),
    )
    rows = {submission.student: submission.problem for submission in find(tmp_path / "in")}
    assert rows == {"Ana_1": "", "Pia_2": "unreadable"}


def test_tells_what_it_did(taking):
    done, _files = taking(
        ("Ana_1_assignsubmission_file_/a.py", "1"), ("Ana_1_assignsubmission_file_/b.txt", "2")
    )
    lines = str(done).splitlines()
    assert lines[0].split() == ["student", "files", "notes"]
    assert lines[1].split() == ["Ana_1", "a.py", "new"]
    assert lines[-3:-1] == [
        "  Ana_1_assignsubmission_file_/b.txt: it is no notebook and no script",
        "",
    ]
    assert lines[-1].startswith("1 students, 1 files are in")


# Again


def test_updates_students_and_leaves_others_alone(taking, tmp_path):
    (tmp_path / "in" / "old").mkdir(parents=True)
    (tmp_path / "in" / "old" / "a.py").write_text("kept", encoding="utf-8")
    taking(("ana/a.py", "1"), ("luis/a.py", "1"))
    (tmp_path / "in" / "ana" / "mine.py").write_text("kept", encoding="utf-8")
    done, files = taking(("ana/a.py", "2"), ("ana/sub/b.py", "new"), ("luis/a.py", "1"))
    assert [(student.name, student.state) for student in done.students] == [
        ("ana", "updated"),
        ("luis", "unchanged"),
    ]
    assert files == {
        "old/a.py": "kept",
        "ana/mine.py": "kept",
        "ana/a.py": "2",
        "ana/sub/b.py": "new",
        "luis/a.py": "1",
    }


def test_nothing_is_changed_where_a_folder_is_no_folder(taking, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "luis").write_text("a file", encoding="utf-8")
    with pytest.raises(ValueError, match="luis is in the way: it is no folder"):
        taking(("ana/a.py", "1"), ("luis/a.py", "1"))
    assert held(tmp_path / "in") == {"luis": "a file"}


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only some make links")
def test_does_not_write_through_a_link(taking, tmp_path_factory, tmp_path):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ana").symlink_to(elsewhere)
    with pytest.raises(ValueError, match="ana is in the way"):
        taking(("ana/a.py", "1"), ("luis/a.py", "1"))
    assert not list(elsewhere.iterdir())
    assert not (tmp_path / "in" / "luis").exists()


def test_a_fault_in_the_middle_leaves_nothing(taking, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_TOTAL", 5)
    with pytest.raises(ValueError, match="Nothing was unpacked"):
        taking(("ana/a.py", "1234"), ("luis/a.py", "1234"))
    assert [path.name for path in tmp_path.iterdir()] == ["download.zip"]


# Not a download


def test_tells_what_is_no_zip(tmp_path):
    for data, wanted in [
        (b"", "is no zip archive, or is damaged"),
        (b"\x89PNG\r\n", "looks like a PNG image. Download the submissions as a .zip"),
        (b"<!DOCTYPE html><title>Log in", "looks like a web page"),
        (b"\x1f\x8b\x08", "looks like a gzip archive"),
        (packed([("a.py", "1")])[:-10], "is no zip archive, or is damaged"),
    ]:
        (tmp_path / "download.zip").write_bytes(data)
        with pytest.raises(ValueError, match=wanted):
            collect(tmp_path / "download.zip", tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_tells_other_mistakes(tmp_path, taking):
    with pytest.raises(OSError, match="nowhere"):
        collect(tmp_path / "nowhere.zip", tmp_path / "in")
    with pytest.raises(ValueError, match="is a folder already. course-nn grade reads it"):
        collect(tmp_path, tmp_path / "in")
    with pytest.raises(ValueError, match="holds no notebook"):
        taking(("Ana_1_assignsubmission_file_/a.pdf", "x"))
    (tmp_path / "in").write_text("a file", encoding="utf-8")
    with pytest.raises(ValueError, match="is a file. Name a folder with --out"):
        collect(tmp_path / "download.zip", tmp_path / "in")


# Hostile


@pytest.mark.parametrize(
    "name",
    [
        "../a.py",
        "ana/../../a.py",
        "ana\\..\\..\\a.py",
        "/tmp/a.py",
        "\\\\server\\share\\a.py",
        "C:\\Windows\\a.py",
        "C:a.py",
        "ana/b.py\0.txt",
    ],
)
def test_names_that_lead_elsewhere(taking, name):
    entry = zipfile.ZipInfo("x")
    entry.filename = name
    done, files = taking(("luis/ok.py", "1"), (entry, "evil"))
    assert files == {"luis/ok.py": "1"}
    assert [why for _name, why in done.left_out] == ["its name leads elsewhere"]


def test_backslashes_separate_folders(taking):
    entry = zipfile.ZipInfo("x")
    entry.filename = "ana\\sub\\a.py"
    assert taking((entry, "1"), ("luis/a.py", "2"))[1] == {"ana/sub/a.py": "1", "luis/a.py": "2"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices(taking, kind):
    entry = zipfile.ZipInfo("ana/a.py")
    entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
    done, files = taking((entry, "/etc/passwd"), ("luis/a.py", "1"))
    assert files == {"luis/a.py": "1"}
    assert done.left_out == (("ana/a.py", "it is a link or no file"),)


def test_the_same_name_twice(taking):
    done, files = taking(("ana/a.py", "1"), ("ana/a.py", "2"), ("ana/A.PY", "3"), ("luis/b.py", ""))
    assert files == {"ana/a.py": "3", "luis/b.py": ""}
    assert done.students[0].notes[0] == "a.py came more than once, the newest was taken"


def test_a_file_where_a_folder_is(taking):
    done, files = taking(("ana/a.py", "1"), ("ana/a.py/b.py", "2"), ("luis/b.py", ""))
    assert files == {"ana/a.py": "1", "luis/b.py": ""}
    assert done.left_out == (("ana/a.py/b.py", "a file and a folder have the same name"),)


def test_names_that_systems_reserve_or_cannot_hold(taking):
    _done, files = taking(
        ("CON/aux.py", "1"),
        ("x" * 300 + "/" + "é" * 300 + ".ipynb", "2"),
        ("ab:c/d?.py", "3"),
        ("\u202eeva/a.py", "4"),
    )
    assert sorted(files.values()) == ["1", "2", "3", "4"]
    assert {"_CON/_aux.py", "ab_c/d_.py", "_eva/a.py"} < set(files)
    assert all(len(part.encode()) < 140 for name in files for part in name.split("/"))


def test_bombs(taking, monkeypatch):
    done, files = taking(
        ("ana/a.py", b"\0" * 3_000_000),
        ("eva/a.zip", packed([(f"{n}.py", b"\0" * 3_000_000) for n in range(5)])),
        ("luis/a.py", "1"),
    )
    assert files == {"luis/a.py": "1"}
    assert {why for _name, why in done.left_out} == {
        "it is packed so tightly that it may be a zip bomb"
    }
    assert len(done.left_out) == 6


def test_sizes(taking, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    monkeypatch.setattr(module, "MAX_OF_STUDENT", 150)
    monkeypatch.setattr(module, "MAX_FILES", 2)
    done, files = taking(
        ("ana/a.py", "a" * 100),
        ("ana/b.py", "b" * 100),
        ("eva/a.py", "a" * 101),
        *((f"pia/{n}.py", "p") for n in range(3)),
        ("luis/a.py", "1"),
    )
    assert set(files) == {"ana/a.py", "pia/0.py", "pia/1.py", "luis/a.py"}
    told = {path.parent.name for path in done.out.rglob(LEFT_OUT)}
    assert told == {"ana", "eva", "pia"}
    assert dict(done.left_out) == {
        "ana/b.py": "it is too large, with the others of this student",
        "eva/a.py": "it is larger than 0 MB",
        "pia/2.py": "there are too many files of this student",
    }


def test_too_many_entries(taking, monkeypatch):
    monkeypatch.setattr(module, "MAX_ENTRIES", 25)
    many = packed([(f"{n}.py", "") for n in range(2)])
    done, _files = taking(("ana/a.py", ""), ("eva/a.zip", many))
    assert done.left_out == (("eva/a.zip", "there are too many files in it"),)
    with pytest.raises(ValueError, match="holds more than 25 files"):
        taking(*((f"ana/{n}.py", "") for n in range(26)))


def changed(data: bytes, **fields: int) -> bytes:
    """The archive with other fields in the header of its first entry, and in the directory."""
    out = bytearray(data)
    directory = out.index(b"PK\x01\x02")
    places = {"flags": (6, 8, "<H"), "method": (8, 10, "<H"), "size": (22, 24, "<I")}
    for field, value in fields.items():
        local, central, form = places[field]
        struct.pack_into(form, out, local, value)
        struct.pack_into(form, out, directory + central, value)
    return bytes(out)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"flags": 1}, "it is locked with a password"),
        ({"method": 14}, "it is packed in a way that only few programs know"),
        ({"method": 99}, "it is packed in a way that only few programs know"),
        ({"size": 3}, "it is damaged"),
    ],
)
def test_entries_that_cannot_be_unpacked(tmp_path, fields, why):
    data = packed([("ana/a.py", "print(1)" * 20), ("luis/a.py", "1")])
    (tmp_path / "download.zip").write_bytes(changed(data, **fields))
    done = collect(tmp_path / "download.zip", tmp_path / "in")
    assert held(tmp_path / "in") == {"luis/a.py": "1"}
    assert done.left_out == (("ana/a.py", why),)
    assert [student.name for student in done.students] == ["ana", "luis"]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Ana García".encode(), "Ana García"),  # macOS: UTF-8 without saying so
        ("Ana Garc\u0301ia".encode(), "Ana Garćia"),
        ("José Ñúñez".encode("cp850"), "José Ñúñez"),  # Windows
        ("Ángel".encode("cp850"), "Ángel"),
    ],
)
def test_names_in_other_encodings(tmp_path, raw, name):
    data = packed([("#" * len(raw) + "/a.py", "1"), ("luis/a.py", "2")])
    (tmp_path / "download.zip").write_bytes(data.replace(b"#" * len(raw), raw))
    collect(tmp_path / "download.zip", tmp_path / "in")
    assert held(tmp_path / "in") == {f"{name}/a.py": "1", "luis/a.py": "2"}


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), max_size=6)
)
def test_whatever_the_names_nothing_is_written_outside(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("any")
    entries: Entries = []
    for number, name in enumerate(dict.fromkeys(names)):
        entry = zipfile.ZipInfo("x")
        entry.filename = f"{name}.py" if number % 2 else f"{name}/a.py"
        entries.append((entry, name))
    unique = {entry.filename: (entry, data) for entry, data in entries}  # type: ignore[union-attr]
    (folder / "d.zip").write_bytes(packed([*unique.values(), ("luis_7_888_a.py", "1")]))
    done = collect(folder / "d.zip", folder / "in")
    assert {path.name for path in folder.iterdir()} == {"d.zip", "in"}
    assert len(held(folder / "in")) == sum(len(student.files) for student in done.students) >= 1


@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_damage_anywhere_is_an_error_in_words_or_nothing(tmp_path_factory, place, bytes_there):
    folder = tmp_path_factory.mktemp("damaged")
    data = bytearray(
        packed([("ana/a.py", "print(1)" * 9), ("luis/a.zip", packed([("b.py", "1")]))])
    )
    data[place : place + len(bytes_there)] = bytes_there
    (folder / "d.zip").write_bytes(data)
    try:
        collect(folder / "d.zip", folder / "in")
    except ValueError as error:
        assert "d.zip" in str(error)
    assert {path.name for path in folder.iterdir()} <= {"d.zip", "in"}


# What other platforms call files, and what the grades tell


def test_takes_blackboards_files_and_the_newest_attempt(taking):
    _, files = taking(
        ("Week 1_garcia_attempt_2026-03-02-08-00-00_01_derivatives.ipynb", "second"),
        ("Week 1_garcia_attempt_2026-03-01-12-30-45_01_derivatives.ipynb", "first"),
        ("Week 1_garcia_attempt_2026-03-01-12-30-45.txt", "Name: Ana"),
        ("Week 1_ben_attempt_2026-03-01-10-00-00_01_derivatives.ipynb", "ben's"),
    )
    assert files == {
        "garcia/01_derivatives.ipynb": "second",
        "ben/01_derivatives.ipynb": "ben's",
    }


@pytest.mark.parametrize("between", ["/", " - "])
def test_takes_brightspaces_files_and_folders_and_the_newest_attempt(taking, between):
    _, files = taking(
        (f"11-22 - Ana García-Ruiz - Mar 2, 2026 1130 AM{between}01_derivatives.ipynb", "first"),
        (f"11-23 - Ana García-Ruiz - Mar 2, 2026 130 PM{between}01_derivatives.ipynb", "second"),
        (f"12-22 - Ben Ito - Feb 27, 2026 1159 PM{between}01_derivatives.ipynb", "ben's"),
    )
    assert files == {
        "Ana García-Ruiz/01_derivatives.ipynb": "second",
        "Ben Ito/01_derivatives.ipynb": "ben's",
    }


def test_a_file_that_is_too_large_is_told_in_the_grades(taking, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 3_000_000)
    large = random.Random(1).randbytes(3_000_001)  # that no zip makes small
    done, _ = taking(("ana/01_derivatives.py", large), ("ben/01_derivatives.py", "x = 1"))
    assert dict(done.left_out) == {"ana/01_derivatives.py": "it is larger than 3 MB"}
    submission, _ben = find(done.out)
    assert submission.problem == "unreadable"
    assert "01_derivatives.py: it is larger than 3 MB" in submission.notes


def test_a_hidden_notebook_is_told(taking):
    done, files = taking(("ana/a.py", "x = 1"), ("ana/.b.ipynb", "{}"), ("ana/._a.py", "mac"))
    assert set(files) == {"ana/a.py"}
    assert dict(done.left_out) == {"ana/b.ipynb": "its name begins with a dot"}
