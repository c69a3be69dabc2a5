"""The table: a row for each student, that no name can break and no spreadsheet computes."""

import csv
import io

import pytest

from course_nn.checks import EXERCISES
from course_nn.checks.panel import Panel
from course_nn.grading import batch, table
from course_nn.grading.results import Mark, Result
from course_nn.grading.standing import NO_RULES

CHAPTER = [exercise for exercise in EXERCISES.values() if exercise.chapter == 1][:2]
FIRST, SECOND = (exercise.name for exercise in CHAPTER)


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


def cells(results, exercises=CHAPTER):
    rows = [
        table.header(exercises),
        *(table.row(NO_RULES.of(r, exercises), exercises) for r in results),
    ]
    return list(csv.reader(io.StringIO(table.table(rows).decode("utf-8-sig"))))


def test_who_has_no_result_is_not_left_out():
    (_, row) = cells([Result("ana", "not graded")])
    assert row == ["ana", "", "", "0", "2", "not graded", "", ""]


def test_the_table_has_a_column_for_each_exercise_and_a_row_for_each_student():
    rows = cells([result(notes=("A note.", "Another."))])
    assert rows == [
        ["student", f"1.1 {FIRST}", f"1.2 {SECOND}", "total", "out of", "status", "layer", "notes"],
        ["ana", "1", "0.5", "1.5", "2", "ok", "1 (bubblewrap)", "A note. Another."],
    ]


def test_faults_are_named_in_the_notes():
    (_, row) = cells([result(status="timeout", points=(1.0, 0.0), statuses=("passed", "timeout"))])
    assert row[5:] == ["timeout", "1 (bubblewrap)", "1.2: timeout."]


def test_a_mark_of_another_exercise_is_not_counted():
    assert cells([result()], CHAPTER[1:])[1][:4] == ["ana", "0.5", "0.5", "1"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(name):
    row = cells([result(name, notes=(name,))])[1]
    assert row[0].startswith("'") and row[-1].startswith("'")


@pytest.mark.parametrize("name", ["Ana;=1+1", 'Ana";"=1+1', "a; @SUM(A1)", "x;+1;-1"])
def test_no_part_between_semicolons_is_a_formula(name):
    """A spreadsheet may take them for the ends of cells, and quotes as it finds them."""
    row = table.row(NO_RULES.of(result(name, notes=(name,)), CHAPTER), CHAPTER)
    line = table.table([row]).decode("utf-8-sig")
    for part in line.replace('"', "").split(";"):
        assert not part.strip().startswith(("=", "+", "-", "@"))
    assert len(cells([result(name)])[1]) == 8


def test_commas_quotes_lines_and_letters_of_all_kinds_survive():
    name = 'Ana "Ñ", Дмитрий'
    text = table.table([[name, "a\nb"]])
    assert text.startswith(b"\xef\xbb\xbf") and text.endswith(b"\r\n")
    assert cells([result(name, notes=("a\nb",))])[1][0] == name
    assert cells([result(name, notes=("a\nb",))])[1][-1] == "a b"


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "grades.csv"
    batch.replace(path, b"one")
    batch.replace(path, b"two")
    assert path.read_bytes() == b"two" and list(tmp_path.iterdir()) == [path]
