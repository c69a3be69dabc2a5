"""A teacher's points, excuses and comments beside those of the grader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_nn.checks import EXERCISES
from course_nn.checks.panel import Panel
from course_nn.grading import standing
from course_nn.grading.results import Mark, Result, Status

FIRST, SECOND, THIRD = exercises = [e for e in EXERCISES.values() if e.chapter == 1][:3]


def result(student="ana", *points):
    marks = tuple(
        Mark(e.name, Status.PASSED if p == e.points else Status.FAILED, p, Panel("passed", ""))
        for e, p in zip(exercises, points or [e.points for e in exercises])
    )
    return Result(student, Status.OK, marks=marks)


def rules(folder, text, students=("ana", "ben"), points=None):
    (folder / "adjustments.csv").write_text(text, encoding="utf-8")
    return standing.read_rules(folder, students, exercises, points)


def test_without_a_word_of_the_teacher_the_grades_stand(tmp_path):
    plain = standing.read_rules(tmp_path, ["ana"], exercises).of(result(), exercises)
    assert plain.total == result().total == plain.out_of == sum(e.points for e in exercises)
    assert plain.comments() == []


def test_points_replace_and_signs_add(tmp_path):
    text = (
        "student,exercise,points,comment\n"
        f"ana,{FIRST.number},0.5,half an idea\n"
        f"ana,{SECOND.name},+0.5,\n"
        f'ana,{THIRD.number} {THIRD.name},-0.25,"late, by a day"\n'
        "ana,1,2,bonus\n"
    )
    found = rules(tmp_path, text).of(result("ana", 0, SECOND.points, THIRD.points), exercises)
    assert found.points == {
        FIRST.name: 0.5,
        SECOND.name: SECOND.points + 0.5,
        THIRD.name: THIRD.points - 0.25,
    }
    assert found.total == 0.5 + SECOND.points + 0.5 + THIRD.points - 0.25 + 2
    assert found.comments(THIRD.name) == [
        "The teacher has added -0.25 points.",
        "late, by a day",
    ]
    assert found.comments() == ["The teacher has added +2 points.", "bonus"]
    assert rules(tmp_path, text).of(result("ben"), exercises).total == result().total


def test_what_is_excused_counts_neither_for_nor_against(tmp_path):
    text = f"student,exercise,points\nana,{FIRST.number},excused\n"
    found = rules(tmp_path, text).of(result("ana", 0, SECOND.points, THIRD.points), exercises)
    assert found.out_of == found.total == SECOND.points + THIRD.points
    assert found.comments(FIRST.name) == ["Excused: it does not count."]


def test_points_of_the_exercises_may_be_others(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(f"exercise;points\n{FIRST.number};10\n{SECOND.name};0\n", encoding="utf-8")
    found = standing.read_rules(tmp_path, ["ana"], exercises, path)
    half = found.of(result("ana", FIRST.points / 2, SECOND.points, THIRD.points), exercises)
    assert half.points == {FIRST.name: 5, THIRD.name: THIRD.points}
    assert half.out_of == 10 + THIRD.points


def test_points_may_be_given_for_what_was_never_graded(tmp_path):
    text = f"student,exercise,points,comment\nana,{FIRST.number},1,shown to me on paper\n"
    found = rules(tmp_path, text).of(Result("ana", Status.UNREADABLE), exercises)
    assert found.total == 1 and found.out_of == sum(e.points for e in exercises)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("anna,1.1,1,", "line 2: there is no student anna. Try ana"),
        ("ana,9.9,1,", "line 2: no exercise 9.9 is graded here. Try"),
        (
            "ana,1.1,many,",
            "line 2: points are a number, such as 2 or +0.5, or the word excused, not 'many'",
        ),
        ("ana,1.1,nan,", "points are a number"),
        ("ana,1.1,inf,", "points are a number"),
        ('ana,1.1,"1,2,3",', "points are a number"),
        ("ana,,excused,", "line 2: name the exercise that is excused"),
        ("ana,1.1,1,\nana,1.1,2,", "line 3: line 2 is about the same"),
    ],
)
def test_a_line_that_cannot_be_meant_is_told_with_its_number(tmp_path, line, said):
    with pytest.raises(ValueError, match="adjustments.csv") as raised:
        rules(tmp_path, f"student,exercise,points,comment\n{line}\n")
    assert said in str(raised.value)


def test_a_missing_column_is_told(tmp_path):
    with pytest.raises(ValueError, match="needs the columns student, exercise, points, comment"):
        rules(tmp_path, "name,points\nana,1\n")
    with pytest.raises(ValueError, match="it has none"):
        rules(tmp_path, "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(tmp_path, encoding, delimiter):
    lines = [["Student ", "Exercise", "Points", "Comment"], ["José", "1.1", "0.5", "schön"]]
    text = "\r\n".join(delimiter.join(cells) for cells in lines)
    (tmp_path / "adjustments.csv").write_bytes(text.encode(encoding))
    found = standing.read_rules(tmp_path, ["José"], exercises)
    assert found.adjustments == (
        standing.Adjustment("José", FIRST.name, points=0.5, comment="schön"),
    )


def test_a_decimal_comma_is_a_point(tmp_path):
    found = rules(tmp_path, "student;exercise;points\nana;1.1;0,5\n")
    assert found.adjustments[0].points == 0.5


def test_beginning_makes_the_file_once_and_never_again(tmp_path):
    path = standing.begin(tmp_path / "grades")
    assert path.read_text(encoding="utf-8-sig") == "student,exercise,points,comment\n"
    path.write_text("student,exercise\nana,1.1\n", encoding="utf-8")
    assert standing.begin(tmp_path / "grades") == path
    assert path.read_text(encoding="utf-8") == "student,exercise\nana,1.1\n"


@given(
    st.dictionaries(
        st.sampled_from([e.number for e in exercises]),
        st.one_of(st.just("excused"), st.floats(0, 9).map("{:.2f}".format), st.just("")),
    )
)
def test_the_total_is_the_sum_of_what_counts(tmp_path_factory, cells):
    folder = tmp_path_factory.mktemp("grades")
    lines = [f"ana,{number},{given},x" for number, given in cells.items()]
    found = rules(folder, "\n".join(["student,exercise,points,comment", *lines, ""]))
    one = found.of(result(), exercises)
    wanted, out_of = 0.0, 0.0
    for e in exercises:
        given_points = cells.get(e.number, "")
        if given_points != "excused":
            out_of += e.points
            wanted += float(given_points) if given_points else e.points
    assert one.total == pytest.approx(wanted) and one.out_of == out_of


# What spreadsheets and hands make of a table


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_every_encoding_that_spreadsheets_save_in_is_read(tmp_path, encoding):
    text = "student\texercise\tpoints\tcomment\r\nJosé\t1.1\t0,5\tschön\r\n"
    (tmp_path / "adjustments.csv").write_bytes(text.encode(encoding))
    found = standing.read_rules(tmp_path, ["José"], exercises)
    assert found.adjustments == (
        standing.Adjustment("José", FIRST.name, points=0.5, comment="schön"),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ana,1.1,1,solved, on paper", 'line 2: it has more cells than the first line. Put text with'),
        ("ana,1.1,2,5,x", "line 2: it has more cells"),
        ('ana,1.1,1,"solved\nben,1.1,1,', "line 2: the quotes from here on do not match"),
        ('ben,1.1,1,\nana,1.2,1,"solved" well', "line 3: the quotes from here on do not match"),
        (f"ana,1.1,1,{'x' * 200_000}", "line 2: the quotes from here on do not match (field larger"),
        ("ana,1.1,2 points,", "points are a number"),
        ("ana,1.1,+,", "points are a number"),
        ("ana,1.1,-2,", None),
        ("Ana,1.1,1,", "there is no student Ana. Try ana"),
    ],
)  # fmt: skip
def test_a_slip_of_the_hand_is_told_and_takes_no_line_with_it(tmp_path, line, said):
    text = f"student,exercise,points,comment\n{line}\n"
    if said is None:
        assert rules(tmp_path, text).adjustments[0].extra == -2
        return
    with pytest.raises(ValueError, match="adjustments.csv, ") as raised:
        rules(tmp_path, text)
    assert said in str(raised.value)


@pytest.mark.parametrize("given", ["'+0.5", "+0,5", "+0.5 "])
def test_what_adds_is_known_as_a_spreadsheet_writes_it(tmp_path, given):
    (found,) = rules(tmp_path, f"sep=;\nstudent;exercise;points\nana;1,1;{given}\n").adjustments
    assert (found.exercise, found.points, found.extra) == (FIRST.name, None, 0.5)
    (found,) = rules(tmp_path, "student,exercise,points\nana,1.1,\N{MINUS SIGN}1\n").adjustments
    assert found.extra == -1


def test_an_accent_is_one_however_it_was_typed(tmp_path):
    found = rules(tmp_path, "student,exercise,points\nJose\u0301,1.1,1\n", students=["José"])
    assert found.adjustments[0].student == "José"


def test_one_file_of_points_does_for_every_chapter(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(f"exercise,points\n2.1,5\n{FIRST.number},3\n", encoding="utf-8")
    found = standing.read_rules(tmp_path, ["ana"], exercises, path).of(result(), exercises)
    assert found.worth[FIRST.name] == 3 and len(found.worth) == 3
    path.write_text("exercise,points\n9.99,5\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 2: no exercise 9\.99 is graded here"):
        standing.read_rules(tmp_path, ["ana"], exercises, path)


@pytest.mark.parametrize(
    ("roster", "students", "wanted"),
    [
        ("Student,ID\n\"García, Ana\",4711\n\"Lee, Bo\",4712\n", ["garciaana_4711"], ["Lee, Bo"]),
        ("Student,ID\n    Points Possible,\n\"Lee, Bo\",4712\n\"Student, Test\",1\n", ["x"], ["Lee, Bo"]),
        ("First name,Last name,ID\nAna,García,1\nBo,Lee,2\n", ["Ana García_77"], ["Lee Bo"]),
        ("Nombre;Apellido(s)\nAna;García\nBo;Lee\n", ["ana_garcia"], ["Lee Bo"]),
        # two of one name: the number tells which has handed in
        ("Identifier,Full name\nParticipant 11,Ana G\nParticipant 12,Ana G\n", ["Ana G_12"], ["Ana G"]),
        ("name\nAna G\nAna G\n", ["Ana G"], ["Ana G~"]),
        ("name\nAna G\nAna G\n", ["Ana G_101", "Ana G_102"], []),
        ("name;mail\nJosé Müller;a\n", ["jose_muller"], []),
        ("name\nAna\n\n,\n  \n", [], ["Ana"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_who_is_missing_of_a_class_as_platforms_list_it(
    tmp_path, roster, students, wanted, encoding
):
    path = tmp_path / "class.csv"
    path.write_bytes(roster.encode(encoding))
    found = standing.missing(path, students)
    assert len(found) == len(wanted)
    assert all(one.startswith(two) for one, two in zip(found, wanted))
    assert not set(found) & set(students)  # nobody's page is written over another's
