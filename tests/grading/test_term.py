"""A term: graded, corrected by hand, graded again, exported; students who handed in nothing."""

import csv
import io
import os
import re
import shutil

import pytest

from course_nn import cli
from course_nn.checks import EXERCISES
from tests.support.published import SOLUTIONS, STUBS

FIRST = next(iter(EXERCISES.values()))


@pytest.fixture
def term(tmp_path, monkeypatch):
    """Two students of chapter 1, one of whom has handed in the untouched stubs, and a class of three."""
    monkeypatch.chdir(tmp_path)
    chapter = FIRST.chapter
    solved, stubs = (
        next(path for path in paths if path.name.startswith(f"{chapter:02}_"))
        for paths in (SOLUTIONS, STUBS)
    )
    for student, path in (("Ana Díaz", solved), ("ben", stubs)):
        folder = tmp_path / "submissions" / student
        folder.mkdir(parents=True)
        shutil.copy(path, folder / stubs.name)
    (tmp_path / "class.csv").write_text("name\nDiaz Ana\nBen\nZoë Weiß\n", encoding="utf-8")
    return tmp_path


def graded(*more):
    arguments = ["grade", "submissions", "--without-sandbox", "--seed", "1", "--jobs", "1", *more]
    assert cli.main([*arguments, "--exercises", FIRST.number]) == 0
    with open("grades/grades.csv", encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_what_a_teacher_writes_is_kept_over_every_regrade(term, capsys):
    assert graded()["ben"]["total"] == "0"
    assert cli.main(["adjust"]) == 0
    path = term / "grades" / "adjustments.csv"
    text = path.read_text(encoding="utf-8-sig")
    line = f"ben,{FIRST.number},0.5,seen on paper <b>\n"
    path.write_text(f"{text}{line}Ana Díaz,,+1,\n", encoding="utf-8")
    for more in ((), ("--again",)):
        rows = graded(*more)
        assert rows["ben"]["total"] == "0.5" and "seen on paper <b>" in rows["ben"]["notes"]
        assert float(rows["Ana Díaz"]["total"]) == FIRST.points + 1
        page = (term / "grades/feedback/ben.html").read_text(encoding="utf-8")
        assert (
            "seen on paper &lt;b&gt;" in page and "The teacher has set the points to 0.5." in page
        )
        assert path.read_text(encoding="utf-8").endswith(f"{line}Ana Díaz,,+1,\n")
    path.write_text(f"{text}nobody,1.1,1,\n", encoding="utf-8")
    capsys.readouterr()
    before = (term / "grades/grades.csv").read_bytes()
    assert cli.main(["grade", "submissions", "--without-sandbox"]) == 2
    assert "line 2: there is no student nobody" in capsys.readouterr().err
    assert (term / "grades/grades.csv").read_bytes() == before


def test_who_has_handed_in_nothing_has_a_row_and_is_no_zero(term, capsys):
    rows = graded("--roster", "class.csv")
    assert rows["Zoë Weiß"]["status"] == "missing" and len(rows) == 3
    out = capsys.readouterr().out
    assert "left out" in out and "nothing handed in 1, handed in without an answer 1" in out
    assert f"mean        {FIRST.points:.1f} of" in out
    page = (term / "grades/summary.html").read_text(encoding="utf-8")
    assert "Not counted in mean and median" in page
    assert "Nothing was handed in." in (term / "grades/feedback/Zoë Weiß.html").read_text("utf-8")


def test_exercises_may_be_worth_other_points(term):
    (term / "points.csv").write_text(f"exercise,points\n{FIRST.name},10\n", encoding="utf-8")
    rows = graded("--points", "points.csv")
    assert rows["Ana Díaz"]["total"] == rows["Ana Díaz"]["out of"] == "10"


def test_grades_go_to_the_platforms(term, capsys):
    graded()
    sheet = 'Student,ID,SIS Login ID,Section\n"Díaz, Ana",7,ad,A\n'
    (term / "canvas.csv").write_text(sheet, encoding="utf-8")
    export = ["export", "grades", "--points", "points.csv"]
    (term / "points.csv").write_text(f"exercise,points\n{FIRST.number},3\n", encoding="utf-8")
    assert cli.main([*export, "--canvas", "canvas.csv", "--assignment", "One"]) == 0
    text = (term / "grades/export/canvas.csv").read_text(encoding="utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[1] == ["Díaz, Ana", "7", "ad", "A", "3"]
    assert cli.main([*export, "--csv"]) == 0
    assert cli.main([*export, "--canvas", "canvas.csv"]) == 2
    assert "with --assignment NAME" in capsys.readouterr().err
    assert cli.main(["export", "elsewhere", "--csv"]) == 2
    assert "There is no gradebook in elsewhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "example"),
    [
        ("export", "course-nn export grades --moodle worksheet.csv"),
        ("grade", "--due 2026-11-20T23:59+01:00 --late ignore"),
        ("grade", "--roster class.csv --points points.csv"),
        ("collect", "course-nn collect download.zip --out submissions"),
        ("release", "course-nn release --out course.zip --chapter 1 2"),
        ("adjust", "  ben,1.3,excused,was ill"),
    ],
)
def test_the_help_has_examples(capsys, command, example):
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    assert example in capsys.readouterr().out


def test_what_came_late_is_in_the_gradebook_the_summary_and_the_feedback(term, capsys):
    page = term / "grades/feedback/Ana Díaz.html"
    late = term / "submissions" / "Ana Díaz"
    os.utime(next(late.iterdir()), (1_795_000_000, 1_795_000_000))  # 18 November 2026
    os.utime(next((term / "submissions" / "ben").iterdir()), (1_790_000_000, 1_790_000_000))
    due = "--due", "2026-11-17T12:00Z"
    rows = graded(*due)
    assert "was handed in late" in rows["Ana Díaz"]["notes"]
    assert float(rows["Ana Díaz"]["total"]) > 0 and not rows["ben"]["notes"].count("late")
    assert "was handed in late" in page.read_text("utf-8")
    summary = (term / "grades/summary.html").read_text("utf-8")
    assert "Handed in late by 1: Ana Díaz." in summary
    assert "Due: 2026-11-17 12:00+00:00" in (said := capsys.readouterr().out)
    assert re.search(r"late +1\n", said)
    rows = graded(*due, "--late", "ignore")
    assert rows["Ana Díaz"]["status"] == "late" and rows["Ana Díaz"]["total"] == "0"
    assert "came too late, and does not count" in page.read_text("utf-8")
    assert "handed in too late 1" in capsys.readouterr().out
    rows = graded("--due", "2026-12-01")
    assert rows["Ana Díaz"]["status"] == "ok" and "late" not in page.read_text("utf-8")
    assert cli.main(["grade", "submissions", "--due", "soon"]) == 2
    assert "soon is no time. Write it as 2026-11-20T23:59" in capsys.readouterr().err
