"""Grades as Moodle and Canvas take them back, on sheets in their formats."""

import csv
import io
import zipfile

import pytest

from course_nn.checks import EXERCISES
from course_nn.checks.panel import Panel
from course_nn.grading import export, standing
from course_nn.grading.results import Mark, Result, Status

ONE = next(iter(EXERCISES.values()))
MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\r\n"
    'Participant 11,"García, Ana",ana@example.org,Submitted for grading,,8.00,Yes,"Friday, 20 November 2026, 9:00 AM",-,\r\n'
    'Participant 12,"Müller, Jörg ""Jo""",jo@example.org,Submitted for grading,,8.00,Yes,-,-,well done\r\n'
    "Participant 13,Kim Lee,kim1@example.org,No submission,,8.00,Yes,-,-,\r\n"
    "Participant 14,Kim Lee,kim2@example.org,Submitted for grading,,8.00,Yes,-,-,\r\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Derivatives (901),Descent (902),Current Score\r\n"
    "Points Possible,,,,,8,9,(read only)\r\n"
    '"García, Ana",101,u1,agarcia,Section A,,3,\r\n'
    '"Lee, Kim",102,u2,klee1,Section A,,,\r\n'
    '"Lee, Kim",103,u3,klee2,Section B,,,\r\n'
    '"Student, Test",104,,,Section A,,,\r\n'
)


def one(student, points=0.5, adjustments=()):
    mark = Mark(ONE.name, Status.FAILED, points, Panel("failed", ""))
    rules = standing.Rules(adjustments)
    return rules.of(Result(student, Status.OK, marks=(mark,)), [ONE])


def written(path):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.fixture
def sheet(tmp_path):
    def made(text, encoding="utf-8"):
        path = tmp_path / "sheet.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return made


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_moodles_worksheet_is_filled_and_nothing_else_changed(sheet, tmp_path, encoding):
    feedback = tmp_path / "feedback"
    feedback.mkdir()
    graded = [
        one("García, Ana_11", 0.5),
        one(
            'Müller, Jörg "Jo"_12',
            1,
            (standing.Adjustment('Müller, Jörg "Jo"_12', comment="=cmd"),),
        ),
        one("Kim Lee_14", 0.25),
        one("Nobody_99"),
    ]
    for each in graded:
        (feedback / f"{each.result.student}.html").write_text(each.result.student, encoding="utf-8")
    found = export.moodle(sheet(MOODLE, encoding), graded, feedback, tmp_path / "out")
    before = list(csv.reader(io.StringIO(MOODLE, newline="")))
    after = written(tmp_path / "out" / "moodle.csv")
    assert [row[4] for row in after] == ["Grade", "0.5", "1", "", "0.25"]
    assert [row[9] for row in after] == ["Feedback comments", "", "'=cmd", "", ""]
    for old, new in zip(before, after, strict=True):
        assert old[:4] + old[5:9] == new[:4] + new[5:9]
    assert (found.filled, found.not_in_sheet, found.not_graded) == (3, ("Nobody_99",), ("Kim Lee",))
    assert "Not in the sheet, so without a line there: Nobody_99." in str(found)


def test_moodle_takes_the_pages_back(sheet, tmp_path):
    feedback = tmp_path / "feedback"
    feedback.mkdir()
    student = "Under_Score, Eve_12"
    (feedback / f"{student}.html").write_text("page", encoding="utf-8")
    text = MOODLE.replace('"Müller, Jörg ""Jo"""', '"Under_Score, Eve"')
    export.moodle(sheet(text), [one(student)], feedback, tmp_path)
    with zipfile.ZipFile(tmp_path / "moodle_feedback.zip") as archive:
        (name,) = archive.namelist()
        assert archive.read(name) == b"page"
    # The rule of importziplib.php: a part of the path, cut at the first four underscores.
    who, number, kind, plugin, rest = name.split("/")[0].split("_", 4)
    assert (number, kind, plugin, rest) == ("12", "assignsubmission", "file", "")
    assert name.split("/")[1:] == ["feedback.html"] and "_" not in who


def test_two_of_one_name_are_told_apart_by_number_or_not_at_all(sheet, tmp_path):
    found = export.moodle(sheet(MOODLE), [one("Kim Lee"), one("ana garcia")], tmp_path, tmp_path)
    assert found.not_in_sheet == ("Kim Lee",) and found.filled == 1
    assert [row[4] for row in written(tmp_path / "moodle.csv")[1:]] == ["0.5", "", "", ""]


def test_canvas_gets_its_keys_back_as_they_were(sheet, tmp_path):
    graded = [one("garciaana_101", 1), one("leekim_103"), one("Lee Kim"), one("klee1", 0.75)]
    found = export.canvas(sheet(CANVAS), graded, "Derivatives", tmp_path)
    rows = written(tmp_path / "canvas.csv")
    assert rows[0] == [
        "Student",
        "ID",
        "SIS User ID",
        "SIS Login ID",
        "Section",
        "Derivatives (901)",
    ]
    assert rows[1] == ["Points Possible", "", "", "", "", "8"]
    assert rows[2] == ["García, Ana", "101", "u1", "agarcia", "Section A", "1"]
    assert [row[5] for row in rows[3:]] == ["0.75", "0.5", ""]
    assert found.not_in_sheet == ("Lee Kim",) and found.not_graded == ("Student, Test",)


def test_a_new_column_in_canvas_and_one_that_is_two(sheet, tmp_path):
    export.canvas(sheet(CANVAS), [one("garciaana_101")], "Bonus", tmp_path)
    assert [row[5] for row in written(tmp_path / "canvas.csv")[:3]] == ["Bonus", "", "0.5"]
    twice = CANVAS.replace("Descent (902)", "Derivatives (902)")
    with pytest.raises(ValueError, match=r"2 columns are called Derivatives. Give .* \(902\)"):
        export.canvas(sheet(twice), [], "Derivatives", tmp_path)
    export.canvas(sheet(twice), [one("garciaana_101")], "Derivatives (902)", tmp_path)
    assert written(tmp_path / "canvas.csv")[2][5] == "0.5"


@pytest.mark.parametrize("text", [CANVAS, "a,b\r\n1,2\r\n", "", "no table\r\n"])
def test_what_is_no_worksheet_of_moodle_is_told(sheet, tmp_path, text):
    with pytest.raises(ValueError, match=r"sheet.csv (is no grading worksheet|holds no table)"):
        export.moodle(sheet(text), [], tmp_path, tmp_path)


@pytest.mark.parametrize("text", [MOODLE, "a,b\r\n1,2\r\n", ""])
def test_what_is_no_gradebook_of_canvas_is_told(sheet, tmp_path, text):
    with pytest.raises(ValueError, match=r"sheet.csv (is no gradebook|holds no table)"):
        export.canvas(sheet(text), [], "x", tmp_path)


def test_plain_lines_compute_nothing_in_a_spreadsheet(tmp_path):
    export.plain([one("=HYPERLINK(1)"), one("Ana, B")], tmp_path)
    rows = written(tmp_path / "export.csv")
    assert [row[0] for row in rows] == ["student", "'=HYPERLINK(1)", "Ana, B"]
    assert rows[2][1:4] == ["0.5", f"{ONE.points:g}", "ok"]


def test_a_worksheet_that_went_through_a_spreadsheet_is_read(sheet, tmp_path):
    """Semicolons, another encoding, rows of nothing, rows cut short at the last cell that is filled."""
    text = MOODLE.replace(",", ";").replace('"García; Ana"', '"García, Ana"')
    text = text.replace(";Yes;-;-;\r\n", ";Yes\r\n") + ";;;;;;;;;\r\n\r\n"
    made = export.moodle(sheet(text, "cp1252"), [one("García, Ana_11")], tmp_path, tmp_path / "out")
    rows = written(made.files[0])
    assert [row[4] for row in rows] == ["Grade", "0.5", "", "", ""] and len(rows[0]) == 10
    assert rows[1][:3] == ["Participant 11", "García, Ana", "ana@example.org"]
    assert {len(row) for row in rows} == {10} and rows[2][1] == 'Müller; Jörg "Jo"'


def test_where_names_are_hidden_the_number_tells(sheet, tmp_path):
    text = "Identifier,Status,Grade,Maximum grade\r\n" + "".join(
        f"Participant {n},Submitted for grading,,8.00\r\n" for n in (11, 12)
    )
    (tmp_path / "Participant_12.html").write_text("page", encoding="utf-8")
    made = export.moodle(sheet(text), [one("Participant_12")], tmp_path, tmp_path / "out")
    assert [row[2] for row in written(made.files[0])] == ["Grade", "", "0.5"]
    assert made.not_graded == ("Participant 11",)
    names = zipfile.ZipFile(made.files[1]).namelist()
    assert names == ["Participant 12_12_assignsubmission_file_/feedback.html"]


def test_a_column_that_canvas_does_not_have_is_told(sheet, tmp_path):
    made = export.canvas(sheet(CANVAS), [one("García, Ana")], "Derivates", tmp_path / "out")
    assert "no column Derivates: Canvas will make an assignment of that name." in str(made)
    made = export.canvas(sheet(CANVAS), [one("García, Ana")], "Derivatives", tmp_path / "out")
    assert "no column" not in str(made)


@pytest.mark.parametrize("text", ['a,b\n"c,d\n', "a\0b", "", "\n\n"])
def test_what_is_no_sheet_is_one_sentence(sheet, tmp_path, text):
    for fill in (
        lambda path: export.moodle(path, [], tmp_path, tmp_path),
        lambda path: export.canvas(path, [], "x", tmp_path),
    ):
        with pytest.raises(ValueError, match="sheet.csv"):
            fill(sheet(text))
