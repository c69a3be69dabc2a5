"""Submissions as students hand them in: whatever the file, it is read, and one row comes of it."""

import ast
import json
import os
import socket
import subprocess
import sys
import tracemalloc
import unicodedata
import warnings
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_nn import notebooks
from course_nn.checks import EXERCISES
from course_nn.grading import sources
from course_nn.grading import submissions as module
from course_nn.grading.names import key, safe, unique, whose
from course_nn.grading.submissions import Submission, find, read
from tests.support import ROOT

SOLVED = sorted((ROOT / "worked_answers").glob("*.ipynb"))
STUBS = sorted((ROOT / "exercises").glob("*.ipynb"))
LINKS = pytest.mark.skipif(os.name == "nt", reason="Windows lets only some make links")

ROLL = "def roll(gradient, start, learning_rate, momentum, steps):\n    return start"
STUB = "def roll(gradient):\n    '''What it does.'''\n    # YOUR CODE HERE\n    raise NotImplementedError()"


def code(source: str, cell_id: str = "", **nbgrader: object) -> dict:
    cell = {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    if cell_id:
        cell["id"] = cell_id
    if nbgrader:
        cell["metadata"] = {"nbgrader": nbgrader}
    return cell


def notebook(*cells: dict | str) -> str:
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


@pytest.fixture
def reading(tmp_path):
    """Reads one file of these contents."""

    def read_it(content: str | bytes, name: str = "work.ipynb") -> Submission:
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return read([tmp_path / name], "ana")

    return read_it


def code_of(submission: Submission) -> str:
    return "\n".join(cell.source.strip() for cell in submission.cells)


def answers(submission: Submission) -> dict[str, str]:
    return {name: cell.source.strip() for cell in submission.cells for name in cell.answers}


# The course's own notebooks


def bare(source: str) -> str:
    """Without comments: those behind a definition are no part of it."""
    return ast.unparse(ast.parse(source))


@pytest.mark.parametrize(
    "path", [*SOLVED, *STUBS], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_courses_notebooks_read_as_they_are(path):
    submission = read([path], "ana")
    chapter = int(path.name[:2])
    assert set(answers(submission)) == {e.name for e in EXERCISES.values() if e.chapter == chapter}
    assert (submission.problem, submission.notes) == ("", ())
    assert "\ncheck(" not in code_of(submission)
    by_nbformat = {
        cell.metadata.nbgrader.grade_id: bare(cell.source)
        for cell in nbformat.read(path, 4).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    assert {name: bare(source) for name, source in answers(submission).items()} == by_nbformat


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_format_of_notebooks(reading, version):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbformat misses the ids of cells
        book = nbformat.from_dict(json.loads(notebook("import math", ROLL)))
        major = 3 if version < 4 else 4
        text = nbformat.writes(nbformat.convert(book, major), version=major)
    if version < 3:
        text = text.replace('"nbformat": 3', f'"nbformat": {version}')
    if version == 2:  # its lines stand without what ends them
        text = text.replace('\\n",', '",')
    if version == 1:
        cells = [{"cell_type": "code", "code": ROLL}, {"cell_type": "text", "text": "x"}]
        text = json.dumps({"cells": cells, "nbformat": 1})
    assert answers(reading(text)) == {"roll": ROLL}


# Encodings and line ends


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("name", ["work.ipynb", "work.py"])
def test_unicode(reading, encoding, name):
    source = ROLL.replace("return", "return 'ñ', ")
    text = notebook(source).replace("\\u00f1", "ñ") if name.endswith("ipynb") else source
    assert answers(reading(text.encode(encoding), name)) == {"roll": source}


@pytest.mark.parametrize("cookie", ["latin-1", "cp1252", "iso-8859-15", "utf-8"])
def test_cookies_of_scripts(reading, cookie):
    source = f"#!/usr/bin/python\n# -*- coding: {cookie} -*-\n{ROLL}  # ñ"
    submission = reading(source.encode(cookie), "work.py")
    assert answers(submission) == {"roll": ROLL + "  # ñ"} or "return start" in code_of(submission)
    assert submission.notes == ()


@pytest.mark.parametrize(
    "cookie", ["", "# coding: utf-8\n", "# coding: rot13\n", "# coding: no-such\n"]
)
def test_bytes_that_are_no_utf_8(reading, cookie):
    submission = reading((cookie + "name = 'España'\n" + ROLL).encode("cp1252"), "work.py")
    assert "name = 'España'" in code_of(submission)
    assert answers(submission) == {"roll": ROLL}
    assert submission.notes == (
        "It is not in UTF-8. It was read in the Western European encoding.",
    )


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize("name", ["work.ipynb", "work.py"])
def test_line_ends(reading, end, name):
    text = notebook(ROLL.replace("\n", end)) if name.endswith("ipynb") else ROLL
    assert answers(reading(text.replace("\n", end), name)) == {"roll": ROLL}


def test_half_of_a_surrogate_pair_does_not_travel(reading):
    submission = reading(notebook("x = '" + "@" + "'").replace("@", "\\ud83d"))
    assert code_of(submission) == "x = '\ufffd'"


# Damage


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"", "It is empty."),
        (b"\n  \n", "It is empty."),
        (b"\0" * 5000, "It is empty."),
        (b"\xef\xbb\xbf", "It is empty."),
        (b"\x89PNG\r\n\x1a\n\0\0", "It looks like a PNG image."),
        (b"PK\x03\x04 docx", "It looks like a zip archive or an office document."),
        (b"%PDF-1.7", "It looks like a PDF document."),
        (b"\n<!DOCTYPE html><html>", "It looks like a web page."),
        (b'[{"a": 1}]', "It looks like a list in JSON, not a notebook."),
        (
            b'{"doc_id": "1x", "url": "https://"}',
            "It looks like JSON, but no cell of a notebook is in it.",
        ),
        (b"17", "It looks like plain text, not a notebook."),
        (b"Dear teacher, I could not do it.", "It looks like plain text, not a notebook."),
        (b'{"cells": "none"}', "It looks like JSON, but no cell of a notebook is in it."),
        (b'{"cells": [' * 50_000, "It looks like JSON, but no cell of a notebook is in it."),
    ],
)
def test_what_is_no_notebook(reading, data, note):
    submission = reading(data)
    assert (submission.problem, submission.notes, submission.cells) == ("unreadable", (note,), ())


def test_too_large_a_file_is_not_read(reading, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1_000)
    submission = reading(b"#" * 1_001, "work.py")
    assert submission.problem == "unreadable"
    assert "larger than" in submission.notes[0]
    assert reading(b"#" * 1_000, "work.py").problem == ""


def test_a_large_picture_is_told_and_costs_nothing(reading, monkeypatch):
    monkeypatch.setattr(module, "LARGE", 25_000)
    picture = {**code("x = 1"), "attachments": {"a.png": {"image/png": "A" * 25_000}}}
    note = "It is larger than 0 MB. Only the code in it was read."
    for text in (notebook(picture, ROLL), notebook(ROLL, picture)[:-300]):
        submission = reading(text)
        assert answers(submission) == {"roll": ROLL} and submission.notes[0] == note


def test_cells_beyond_the_limit_are_counted(reading, monkeypatch):
    monkeypatch.setattr(sources, "MAX_CELLS", 3)
    for content, name in [
        (notebook(ROLL, *["x = 1"] * 4), "work.ipynb"),
        (notebook(ROLL, *["x = 1"] * 4, "y").partition('"y"')[0], "work.ipynb"),
        (f"{ROLL}\n" + "# %%\nx = 1\n" * 4, "work.py"),
    ]:
        submission = reading(content, name)
        assert answers(submission) == {"roll": ROLL}
        assert "2 cells beyond the first 3 were left out." in submission.notes


@pytest.mark.parametrize(
    "damage",
    [
        "a" * 1_000_000,
        "\\n" * 500_000,
        "\n" * 1_000_000,
        "1\n" * 500_000,
        ", " * 500_000,
        '", "' * 250_000,
    ],
    ids=["a string", "escapes", "lines", "short lines", "commas", "strings"],
)
def test_a_damaged_file_takes_no_more_memory_than_a_few_times_its_size(damage):
    whole, _end, _rest = notebook(ROLL).rpartition("]")
    text = whole + ', {"cell_type": "code", "source": "' + damage
    tracemalloc.start()
    try:
        parts, _notes = sources.parts(text.encode(), False, EXERCISES)
        assert tracemalloc.get_traced_memory()[1] < 50 * len(text)
    finally:
        tracemalloc.stop()
    assert [part.source for part in parts] == [ROLL]


FIVE = [f"a{n} = {{'n': [{n}]}}  # \"quoted\" {{" for n in range(4)] + [ROLL]


@given(st.integers(0, len(notebook(*FIVE))))
def test_wherever_a_download_breaks_off_the_cells_before_are_read(cut):
    try:
        parts, _notes = sources.parts(notebook(*FIVE)[:cut].encode(), False, EXERCISES)
    except sources.Unreadable:
        parts = []
    got = [part.source for part in parts]
    assert got == FIVE[: len(got)]
    complete = notebook(*FIVE)[:cut].count('"source"') - 1
    assert len(got) >= complete


@given(st.integers(0, len(notebook(*FIVE))), st.text(max_size=5))
def test_whatever_is_put_in_anywhere_is_survived(cut, junk):
    text = notebook(*FIVE)
    for script in (False, True):
        try:
            sources.parts((text[:cut] + junk + text[cut:]).encode(), script, EXERCISES)
        except sources.Unreadable as why:
            assert str(why)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_survived(data, script):
    try:
        parts, _notes = sources.parts(data, script, EXERCISES)
    except sources.Unreadable:
        return
    for part in parts:
        sources.mended(notebooks.plain(part.source)[0], EXERCISES)


def test_damage_is_noted(reading):
    submission = reading(notebook(*FIVE[::-1])[:-400])
    assert answers(submission) == {"roll": ROLL}
    assert submission.notes == ("The file is damaged. 2 of its cells could be read.",)


def test_a_comma_too_many(reading):
    text = notebook("a = '1,]'", ROLL).replace('"metadata": {}', '"metadata": {"a": [1, ],\n}')
    submission = reading(text.replace("\n ],", ",\n ],"))
    assert (code_of(submission), submission.notes) == (
        f"a = '1,]'\n{ROLL}",
        ("A comma too many was mended.",),
    )


def test_versions_in_conflict(reading):
    text = json.dumps(json.loads(notebook("a = 1", ROLL)), indent=1)
    line = next(line for line in text.split("\n") if "return start" in line)
    other = line.replace("return start", "return 7")
    for before in (["<<<<<<< HEAD", line], ["<<<<<<< HEAD", line, "||||||| base", other]):
        conflict = "\n".join([*before, "=======", other, ">>>>>>> branch"])
        submission = reading(text.replace(line, conflict))
        assert answers(submission) == {"roll": ROLL}
        assert submission.notes == (
            "Two versions of it are in conflict (git). The first was taken.",
        )


def test_junk_around_notebooks(reading):
    book = notebook("a = 1", ROLL)
    for text in [
        f"{book}\n}}]",
        f"x{book}",
        book + book,
        f'{{"content": {book}, "type": "notebook"}}',
    ]:
        assert answers(reading(text)) == {"roll": ROLL}


def test_not_quite_valid_notebooks(reading):
    cells = [
        {"cell_type": "code", "source": ROLL.splitlines(keepends=True)},
        {"cell_type": "code", "source": None, "metadata": 3},
        {"cell_type": "code", "source": ["x = 1", 7], "metadata": {"nbgrader": [1]}, "id": 5},
        {"cell_type": "markdown"},
        "no cell",
        {"source": "no type"},
    ]
    submission = reading(json.dumps({"cells": cells}))
    assert [cell.source for cell in submission.cells] == [ROLL, "x = 1"]


def test_text_made_to_be_slow_is_given_up(reading):
    slow = [
        '{"a":[' * 300_000,
        '{ "' * 500_000,
        '{"a":' + "[1," * 900 + "1," * 500_000,
        '\\"' * 900_000,
    ]
    for text in slow:
        assert reading('{"cells": [' + text).problem == "unreadable"


def test_a_script_named_as_a_notebook_and_the_other_way_round(reading):
    submission = reading(ROLL + "\nimport os", "work.ipynb")
    assert answers(submission) == {"roll": ROLL}
    assert submission.notes == ("It is a script, though it is named as a notebook.",)
    assert answers(reading(notebook(ROLL), "work.py")) == {"roll": ROLL}
    assert answers(reading(notebook(ROLL), "work.ipynb.txt")) == {"roll": ROLL}
    assert answers(reading(ROLL, "work.py.txt")) == {"roll": ROLL}


# Which cell answers what


def test_a_definition_answers_and_what_stands_beside_it_does_not(reading):
    source = f"import math\nHALF = 0.5\n{ROLL}\nwhile True:\n    pass"
    cells = reading(notebook(source)).cells
    assert [(cell.source.strip(), cell.answers) for cell in cells] == [
        ("import math\nHALF = 0.5", ()),
        (ROLL, ("roll",)),
        ("while True:\n    pass", ()),
    ]
    for cell in cells:  # line numbers are those of the notebook
        line = cell.source.strip().splitlines()[-1]
        assert cell.source.splitlines().index(line) == source.splitlines().index(line)


@pytest.mark.parametrize(
    "source",
    [
        "roll = lambda *args: 0",
        "async def roll(): pass",
        "class roll:\n    def __new__(cls): return 0",
        "import functools\n@functools.cache\ndef roll(x): return 0",
        "if True:\n    def roll(x): return 0",
        "try:\n    roll = lambda: 0\nexcept ValueError:\n    pass",
        "def mine(x): return 0\nroll = mine",
        "def mine(x): return 0\nroll = np.vectorize(mine)",
        "roll: object = lambda: 0",
        "a = roll = lambda: 0",
    ],
)
def test_every_way_to_define_a_function(reading, source):
    submission = reading(notebook("x = 1", source, code("roll = 3")))
    assert set(answers(submission)) == {"roll"}
    (answer,) = (cell for cell in submission.cells if cell.answers)  # not the number below
    assert "roll = 3" not in answer.source and answer.judged == ("roll",)
    assert submission.notes == ()


@pytest.mark.parametrize(
    "source", ["roll.history = []", "roll(3)", "x = roll", "del x", "def f():\n    roll = 1"]
)
def test_what_defines_nothing(reading, source):
    assert answers(reading(notebook(ROLL, source))) == {"roll": ROLL}
    assert answers(reading(notebook(source))) == {}


def test_a_name_used_again_for_a_number_keeps_the_function(reading):
    accuracy = "def accuracy(p, y):\n    return 1"
    submission = reading(notebook(accuracy, "a = 2\naccuracy = accuracy([0.5], [1])\nb = 3"))
    assert answers(submission) == {"accuracy": accuracy}
    assert "accuracy = accuracy(" in code_of(submission)  # it is judged before that


def test_a_name_bound_twice_stays_in_one_piece(reading):
    source = f"{ROLL}\nother = 2\nroll = wraps(roll)"
    assert answers(reading(notebook(source))) == {"roll": source}


ROLL_MARK = {"solution": True, "grade": False, "grade_id": "roll"}
SEVEN = ROLL.replace("start\n", "7")


def test_the_cell_of_the_exercise_counts_before_another_that_defines_it(reading):
    submission = reading(notebook(code(f"HALF = 0.5\n{ROLL}", "roll", **ROLL_MARK), code(SEVEN)))
    assert answers(submission) == {"roll": ROLL}
    assert [cell.spare for cell in submission.cells] == [(), (), ("roll",)]
    (note,) = submission.notes
    assert note.endswith(
        "What counts is cell 1, the cell of the exercise; or cell 2, if it earns more."
    )


def test_of_two_cells_without_marks_the_last_counts(reading):
    for cells in ((code(ROLL), code(SEVEN)), (code(ROLL, **ROLL_MARK), code(SEVEN, **ROLL_MARK))):
        submission = reading(notebook(*cells))
        assert answers(submission) == {"roll": SEVEN}
        note = "roll is defined more than once (cell 1, cell 2). What counts is cell 2."
        assert submission.notes == (note,)


@pytest.mark.parametrize("order", [1, -1])
def test_a_stub_hides_no_answer_in_another_cell(reading, order):
    for cells in ((code(STUB, **ROLL_MARK), code(ROLL)), (code(ROLL, **ROLL_MARK), code(STUB))):
        submission = reading(notebook(*cells[::order]))
        assert (answers(submission), submission.notes) == ({"roll": ROLL}, ())


def test_many_doubles_are_one_note(reading):
    one = "\n".join(f"def {name}(x): return x" for name in list(EXERCISES)[:6])
    (note,) = reading(notebook(one, one)).notes
    assert "are defined more than once. What counts is the cell of the exercise" in note
    assert all(name in note for name in list(EXERCISES)[:6])


def test_a_cell_that_is_no_python_hides_no_definition(reading):
    broken = "def roll(x:\n    return"
    for cells in ([ROLL, broken], [broken, ROLL]):
        submission = reading(notebook(*cells))
        assert answers(submission) == {"roll": ROLL}
        assert code_of(submission) == ROLL
        assert (
            f"What is no Python in cell {cells.index(broken) + 1} was left out." in submission.notes
        )
    assert answers(reading(notebook("x = 1", broken))) == {"roll": broken}


@pytest.mark.parametrize(
    "cell",
    [
        code("dfe roll(x)", solution=True, grade_id="roll"),
        code("dfe roll(x)", "roll"),
        code("dfe roll(x)", "descend", solution=True, grade_id="roll"),
        code("dfe roll(x)", "roll", solution=True, grade_id="mistyped"),
        code("dfe roll(x)", solution=True, grade=True, grade_id="roll"),  # graded by hand
    ],
)
def test_marks_tell_what_a_broken_cell_answers(reading, cell):
    submission = reading(notebook("x = 1", cell))
    assert answers(submission) == {"roll": "dfe roll(x)"}
    assert submission.problem == ""


def test_a_definition_goes_before_marks(reading):
    submission = reading(notebook(code("", "roll", solution=True, grade_id="roll"), ROLL))
    assert answers(submission) == {"roll": ROLL}
    submission = reading(notebook(code(ROLL, "descend", solution=True, grade_id="descend")))
    assert answers(submission) == {"roll": ROLL}


def test_tests_are_left_out(reading):
    tests = [
        code("assert roll(1) == 2\nroll(2)", grade=True, solution=False, grade_id="check_roll"),
        code("check(roll)\nhint(roll)  # twice"),
        code('"""About."""\nassert roll(1) == 2, "no"\ncourse_nn.progress()'),
        code("# nothing"),
        code("pass"),
    ]
    submission = reading(notebook(ROLL, *tests))
    assert [cell.source.strip() for cell in submission.cells] == [ROLL, ""]
    assert [cell.judged for cell in submission.cells] == [("roll",), ("roll",)]  # where it checks


def test_what_a_test_cell_defines_counts(reading):
    """A learner may have put a helper where the check is."""
    both = code("def helper(x):\n    return x\ncheck(roll)", grade=True, solution=False)
    assert "def helper" in code_of(reading(notebook(ROLL, both)))
    kept = code(
        ROLL, grade=True, solution=False, grade_id="check_roll"
    )  # written in the wrong place
    assert answers(reading(notebook(kept))) == {"roll": ROLL}


def test_text_cells_are_left_out(reading):
    cells = [{**code(ROLL), "cell_type": kind} for kind in ("markdown", "raw", "heading")]
    submission = reading(notebook(*cells))
    assert submission.cells == () and submission.notes[-1] == "No exercise is answered in it."


# IPython


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("%matplotlib inline\nx = 1", "\nx = 1"),
        ("!pip install numpy\nx = 1", "\nx = 1"),
        ("x = 1\nroll?\n?roll\nroll??\nnp.sum?", "x = 1\n\n\n\n"),
        ("pip install numpy\nx = 1", "\nx = 1"),
        ("files = !ls\nt = %timeit -o f()\nx = 1", "\n\nx = 1"),
        ("for x in y:\n    !echo {x}\n    %time f()", "for x in y:\n    pass\n    pass"),
        ("%run \\\n  a.py\nx = 1", "\n\nx = 1"),
        ("!echo 'it''s\nx = (1,\n  2)", "\nx = (1,\n  2)"),
        ("%%time\nx = 1", "\nx = 1"),
        ("\n%%capture out\n%matplotlib inline\nx = 1", "\n\n\nx = 1"),
        (
            "x = '''\n%no magic\n!none\nhelp?\n'''\n%magic",
            "x = '''\n%no magic\n!none\nhelp?\n'''\n",
        ),
        ("x = (5\n  % 3\n)\n%magic", "x = (5\n  % 3\n)\n"),
        ("x = 5 \\\n  % 3\n%magic", "x = 5 \\\n  % 3\n"),
        ('x = {\'a\': \'[\', "b": "\\"("}  # (\n%magic', 'x = {\'a\': \'[\', "b": "\\"("}  # (\n'),
        ('x = """a""\\""""\n%magic', 'x = """a""\\""""\n'),
    ],
)
def test_lines_of_ipython_are_blanked(source, left):
    got, odd = notebooks.plain(source)
    assert got == left
    assert odd == {"%"}


@pytest.mark.parametrize(
    "source",
    [
        "x = '''\n%no\n'''",
        "x = a \\\n!= b",
        "x = (a\n% b)",
        "print('a?')",
        "x = 5 % 3",
        "# 100 %\n# really?",
        "a = '!'",
    ],
)
def test_python_is_left_alone(source):
    assert notebooks.plain(source) == (source, set())


@pytest.mark.parametrize(
    "magic", ["bash", "javascript", "writefile a.py", "html", "timeit", "script python"]
)
def test_cells_of_other_languages_are_left_out(reading, magic):
    submission = reading(notebook("x = 1", f"%%{magic}\n{ROLL}"))
    assert code_of(submission) == "x = 1"
    assert (
        f"What stands below %%{magic.split()[0]} is not run in the notebook" in submission.notes[0]
    )


def test_magics_are_noted(reading):
    submission = reading(notebook("%matplotlib inline", f"!ls\n{ROLL}", "%%time\nx = 1"))
    assert submission.notes == (
        "Lines for IPython alone (%, !, ?) were left out in cell 1, cell 2, cell 3.",
    )
    assert answers(submission) == {"roll": ROLL}


def test_a_statement_that_awaits(reading):
    source = "import asyncio\nawait asyncio.sleep(\n    1)\nx = [i async for i in f()]\nasync def f():\n    await g()\ny = 1"
    submission = reading(notebook(source, ROLL))
    assert (
        submission.cells[0].source == "import asyncio\n\n\n\nasync def f():\n    await g()\ny = 1"
    )
    assert submission.notes == (
        "A statement that awaits outside of a function was left out in cell 1.",
    )


@given(st.text(st.sampled_from("ab01 %!?=()[]{}'\"\\#\n:.,"), max_size=60))
def test_valid_python_stays_as_it_is(source):
    got, odd = notebooks.plain(source)
    assert got.count("\n") == source.count("\n") or "%%" in source
    if notebooks.parse(source) and not source.lstrip().startswith("%%"):
        assert (got, odd) == (source, set())


# Scripts


def test_a_script_is_cut_into_pieces(reading):
    source = f"import math\n\n# helps\ndef helper(x):\n    return x\n\n\n{ROLL}\n\n\nloop()\n{STUB.replace('roll', 'descend')}\n"
    submission = reading(source, "work.py")
    assert [cell.answers for cell in submission.cells] == [(), ("roll",), (), ("descend",)]
    assert submission.cells[0].source.startswith("import math\n\n# helps\ndef helper")
    assert submission.cells[1].source == "\n" * 7 + ROLL
    assert all(ast.parse(cell.source) for cell in submission.cells)


def test_a_script_in_the_percent_format(reading):
    source = f"# %% [markdown]\n# def roll(x)\n\n#%%\nimport math\n\n# %% named\n{ROLL}\n# %%\ncheck(roll)"
    submission = reading(source, "work.py")
    assert [cell.answers for cell in submission.cells] == [(), ("roll",), ()]
    assert submission.cells[2].judged == ("roll",)  # it calls check
    assert submission.cells[1].source == "\n" * 7 + ROLL


def test_what_is_wrong_in_a_script_costs_only_itself(reading):
    broken = ROLL.replace("):", ":")
    good = ROLL.replace("roll", "descend")
    source = f'import math\nx = """\ndef accuracy(x):\n  return 0\n"""\n{broken}\n\n@cache\n{good}\nif x:\n    y = 1\nelse:\n    y = 2\nprint "old"\nz = 3\n'
    submission = reading(source, "work.py")
    assert answers(submission) == {"roll": broken, "descend": f"@cache\n{good}"}
    assert submission.problem == ""
    assert "else:\n    y = 2" in code_of(submission)
    assert "z = 3" in code_of(submission)
    assert submission.notes == ("What is no Python in line 16 was left out.",)
    lines = source.split("\n")
    for cell in submission.cells:
        first = next(n for n, line in enumerate(cell.source.split("\n")) if line)
        assert cell.source.split("\n")[first] == lines[first]


def test_a_script_that_is_no_python_at_all(reading):
    submission = reading("Dear teacher,\nI could not do it.\n", "work.py")
    assert submission.problem == "syntax error"
    assert submission.notes == ("Nothing in it is Python, beginning with line 1.",)
    broken = "def roll(x:\n  pass"
    assert answers(reading(broken, "work.py")) == {"roll": broken}  # which is a syntax error
    assert reading("# Dear teacher", "work.py").problem == ""


def test_what_a_script_does_when_it_is_run_is_left_out(reading):
    submission = reading(f"{ROLL}\nif __name__ == '__main__':\n    train()\n", "work.py")
    assert code_of(submission) == ROLL


def test_imports_from_the_future_hold_for_all_pieces(reading):
    source = f"from __future__ import annotations\n{ROLL.replace('start,', 'start: Array,')}"
    submission = reading(source, "work.py")
    (answer,) = [cell.source for cell in submission.cells if cell.answers]
    exec(compile(answer, "x", "exec"), {})  # Array is not there
    assert answer.split("\n")[1] == source.split("\n")[1]


def test_code_beyond_measure_is_left_out(reading):
    long = "x = 1\n" * (sources.MAX_SOURCE // 6 + 1)
    submission = reading(notebook(long, ROLL, *[f"y = '{'a' * 125_000}'"] * 4, "z = 1"))
    assert answers(submission) == {"roll": ROLL}
    assert submission.notes == ("The code in cell 1, cell 6 is too long, and was left out.",)
    assert len(reading(notebook(*["x = 1"] * 3_000)).cells) == sources.MAX_CELLS


@pytest.mark.parametrize(
    "source",
    [
        "-" * 50_000 + "1",
        "(" * 5_000,
        "f(" * 90 + ")" * 90,
        "x" + ".x" * 20_000,
        "[" * 99 + "]" * 99,
    ],
)
def test_deep_expressions_are_survived(reading, source):
    assert answers(reading(notebook(f"{ROLL}", source))) == {"roll": ROLL}
    elifs = "if x: pass\n" + "elif x: pass\n" * 3_000
    assert answers(reading(notebook(ROLL, elifs))) == {"roll": ROLL}


def test_a_script_of_a_thousand_errors_is_read_in_little_memory(reading):
    submission = reading("def roll(x:\n" * 20_000, "work.py")
    assert sum(len(cell.source) for cell in submission.cells) < 20_000_000


# Several files


def test_chapters_of_a_student(tmp_path):
    (tmp_path / "02.ipynb").write_text(notebook(ROLL), encoding="utf-8")
    (tmp_path / "10.ipynb").write_text(notebook(ROLL.replace("roll", "penalty")), encoding="utf-8")
    (tmp_path / "11.ipynb").write_bytes(b"\x89PNG")
    files = [tmp_path / "02.ipynb", tmp_path / "10.ipynb", tmp_path / "11.ipynb"]
    submission = read(files, "ana")
    assert set(answers(submission)) == {"roll", "penalty"}
    assert (submission.problem, submission.notes) == ("", ("11.ipynb: It looks like a PNG image.",))
    assert read(files[2:], "ana").problem == "unreadable"


def test_a_stub_in_another_file_hides_no_answer(tmp_path):
    for name, source in [("a", ROLL), ("b", STUB)]:
        (tmp_path / f"{name}.ipynb").write_text(notebook("h = 1", source), encoding="utf-8")
    files = [tmp_path / "a.ipynb", tmp_path / "b.ipynb"]
    for order in (files, files[::-1]):
        submission = read(order, "ana")
        assert answers(submission) == {"roll": ROLL}
        assert "What counts is cell 2 of a.ipynb." in submission.notes[0]


def test_the_digest_tells_names_and_bytes_apart(tmp_path):
    def digest(**files: str) -> str:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return read([tmp_path / name for name in files], "ana").digest

    digests = [
        digest(a="1"),
        digest(a="2"),
        digest(b="1"),
        digest(a="1", b="2"),
        digest(a="", b="1"),
        digest(a="12"),
    ]
    digests.append(digest(a1="2"))
    assert len(set(digests)) == 7
    assert digest(a="1") == digests[0]
    assert len(digests[0]) == 64


# A folder


def hand_in(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(notebook(ROLL), encoding="utf-8")
    return folder


def rows(folder: Path) -> dict[str, list[str]]:
    found = find(folder)
    assert [s.student for s in found] == sorted((s.student for s in found), key=str.casefold)
    return {s.student: [path.relative_to(folder).as_posix() for path in s.files] for s in found}


def test_folders_and_files_of_students(tmp_path):
    hand_in(
        tmp_path,
        "ana/01_derivatives.ipynb",
        "ana/02_descent.ipynb",
        "ana/sub/work.py",
        "garcia_luis_01_derivatives.ipynb",
        "garcia_luis_02_descent.ipynb",
        "02_descent_Eva Núñez (2).ipynb",
        "pia.py",
        "Ana García_12_assignsubmission_file_/hw.ipynb",
        "Luis_7_assignsubmission_file_hw.ipynb",
        "garciaana_LATE_12345_678901_01_derivatives-1.ipynb",
    )
    assert rows(tmp_path) == {
        "ana": ["ana/01_derivatives.ipynb", "ana/02_descent.ipynb", "ana/sub/work.py"],
        "Ana García_12": ["Ana García_12_assignsubmission_file_/hw.ipynb"],
        "Eva Núñez": ["02_descent_Eva Núñez (2).ipynb"],
        "garcia_luis": ["garcia_luis_01_derivatives.ipynb", "garcia_luis_02_descent.ipynb"],
        "garciaana_12345": ["garciaana_LATE_12345_678901_01_derivatives-1.ipynb"],
        "Luis_7": ["Luis_7_assignsubmission_file_hw.ipynb"],
        "pia": ["pia.py"],
    }


def test_a_students_own_folder(tmp_path):
    hand_in(
        tmp_path / "ana",
        "01_derivatives.ipynb",
        "10_x.ipynb",
        "02_descent.ipynb",
        "02_descent (1).ipynb",
    )
    files = ["01_derivatives.ipynb", "02_descent.ipynb", "02_descent (1).ipynb"]
    assert rows(tmp_path / "ana") == {"ana": files, "10_x": ["10_x.ipynb"]}
    (submission,) = find(tmp_path / "ana" / "10_x.ipynb")
    assert (submission.student, answers(submission)) == ("10_x", {"roll": ROLL})


def test_what_lies_about_is_passed_over(tmp_path):
    hand_in(
        tmp_path,
        "ana/01.ipynb",
        "ana/.ipynb_checkpoints/01-checkpoint.ipynb",
        "ana/before_reset/01_1.ipynb",
        "ana/__pycache__/x.py",
        "ana/venv/lib/x.py",
        "ana/._01.ipynb",
        "__MACOSX/ana/01.ipynb",
        "Thumbs.db",
        "desktop.ini",
        ".hidden.ipynb",
        ".git/x.py",
    )
    assert rows(tmp_path) == {"ana": ["ana/01.ipynb"], "hidden": [".hidden.ipynb"]}
    (_ana, hidden) = find(tmp_path)
    assert hidden.problem == "unreadable" and "begins with a dot" in hidden.notes[-1]


def test_of_a_copy_of_the_course_only_the_exercises_are_read(tmp_path):
    hand_in(
        tmp_path,
        *(
            f"ana/course/{name}.ipynb"
            for name in ("exercises/01_a", "worked_answers/01_a", "notebooks/01_a")
        ),
        "ana/course/course_nn/descent.py",
        "ana/course/start.py",
    )
    assert rows(tmp_path) == {"ana": ["ana/course/exercises/01_a.ipynb"]}
    (submission,) = find(tmp_path)
    assert submission.notes == (
        "This is a copy of the course. Only its folder exercises was read.",
    )


def test_everything_gives_a_row(tmp_path):
    hand_in(tmp_path, "ana.ipynb", "luis/essay.docx", "eva.pdf")
    (tmp_path / "empty").mkdir()
    found = {s.student: (s.problem, s.notes) for s in find(tmp_path)}
    nothing = "There is no notebook (.ipynb) and no script (.py)."
    assert found == {
        "ana": ("", ()),
        "luis": ("unreadable", (f"{nothing} There is essay.docx.",)),
        "eva": ("unreadable", (f"{nothing} There is eva.pdf.",)),
        "empty": ("unreadable", (nothing,)),
    }
    assert find(tmp_path / "empty") == []
    assert len({s.digest for s in find(tmp_path)}) == 4


def test_a_fault_of_ours_costs_one_row(tmp_path, monkeypatch):
    hand_in(tmp_path, "ana.ipynb", "luis.ipynb")
    real = module.read
    monkeypatch.setattr(
        module, "read", lambda files, name: 1 / 0 if name == "ana" else real(files, name)
    )
    found = find(tmp_path)
    assert [(s.student, s.problem) for s in found] == [("ana", "unreadable"), ("luis", "")]
    assert found[0].notes == ("It could not be read: ZeroDivisionError.",)


def test_tells_what_is_no_folder(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK")
    for name in ["nowhere", "a.zip"]:
        with pytest.raises(
            ValueError, match=f"There is no folder .*{name}. Name the folder with the submissions"
        ):
            find(tmp_path / name)


@LINKS
def test_links_and_devices_are_not_opened(tmp_path, tmp_path_factory):
    secret = hand_in(tmp_path_factory.mktemp("elsewhere"), "secret.py")
    hand_in(tmp_path, "ana/ok.ipynb", "luis/mine.py")
    (tmp_path / "ana" / "link.py").symlink_to(secret / "secret.py")
    (tmp_path / "ana" / "folder").symlink_to(secret)
    (tmp_path / "pia.py").symlink_to(secret / "secret.py")
    (tmp_path / "eva").symlink_to(secret)
    (tmp_path / "zoe.py").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "ana" / "pipe.py")
    os.mkfifo(tmp_path / "tom.ipynb")
    found = {s.student: s for s in find(tmp_path)}
    assert set(found) == {"ana", "luis", "pia", "eva", "zoe", "tom"}
    assert [path.name for path in found["ana"].files] == ["ok.ipynb"]
    assert set(found["ana"].notes) == {
        "link.py is a link and was not followed.",
        "folder is a link and was not followed.",
        "pipe.py is no file and was not opened.",
    }
    for name in ["pia", "eva", "zoe", "tom"]:
        assert found[name].problem == "unreadable"
        assert found[name].cells == ()
    for path in [
        tmp_path / "pia.py",
        tmp_path / "tom.ipynb",
        tmp_path / "ana",
    ]:  # asked for by name
        assert read([path], "x").problem == "unreadable"


@LINKS
def test_a_socket_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.py")
        assert [(s.student, s.problem) for s in find(tmp_path)] == [("s", "unreadable")]


def test_files_and_folders_without_permission(tmp_path, monkeypatch):
    hand_in(tmp_path, "ana.ipynb", "luis/a.ipynb", "ok.ipynb")
    for name in ("open", "scandir"):
        real = getattr(os, name)

        def refusing(path, *rest, real=real):
            if Path(path).name in ("ana.ipynb", "luis"):
                raise PermissionError(13, "Permission denied")
            return real(path, *rest)

        monkeypatch.setattr(module.os, name, refusing)
    found = {s.student: (s.problem, *s.notes) for s in find(tmp_path)}
    assert found == {
        "ana": ("unreadable", "It could not be opened: Permission denied."),
        "luis": (
            "unreadable",
            "There is no notebook (.ipynb) and no script (.py).",
            "The folder luis could not be opened.",
        ),
        "ok": ("",),
    }


# Names

NAMES = [
    "Ana", "ana", "ANA", unicodedata.normalize("NFC", "José"), unicodedata.normalize("NFD", "José"), "🦊 fox", "CON", "nul",
    "a" * 240, "a" * 241, "日本語", "tab\there", "new\nline", "=cmd()", "+1", "-rf", "a:b", "a|b", "<b>", "&amp;", "%41", "x.y",
    "\u202egnp", "ends ", "ends", "ﬁ", "Straße", "STRASSE", "$(id)", "'; DROP", "~",
]  # fmt: skip


@pytest.mark.skipif(
    os.name == "nt" or sys.platform == "darwin", reason="these file systems refuse such names"
)
def test_names_stay_apart_and_are_safe_everywhere(tmp_path):
    hand_in(tmp_path, *(f"{name}.ipynb" for name in NAMES), "Ana/a.py")
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    found = find(tmp_path)
    assert len(found) == len(NAMES) + 2
    assert len({key(s.student) for s in found}) == len(found)
    for submission in found:
        assert len(submission.student.encode()) < 140
        (tmp_path / f"{submission.student}.html").write_text("", encoding="utf-8")
    assert {
        "🦊 fox",
        "José",
        "日本語",
        "_CON",
        "_nul",
        "cmd()",
        "a_b",
        "STRASSE",
        "ANA",
        "caf_",
    } <= {s.student for s in found}
    assert [s.student for s in find(tmp_path) if not s.student.endswith("html")]


def test_names_do_not_depend_on_who_else_is_there():
    alone = unique(["ANA", "Ana"])
    assert unique(["ANA", "luis", "Ana"]) == [alone[0], "luis", alone[1]]
    assert unique(["Ana", "ANA"]) == alone[::-1]
    assert unique(["a:b", "a_b"])[1] == "a_b"


@given(st.lists(st.text(), max_size=8))
def test_any_names_become_safe_and_stay_apart(names):
    made = unique(names)
    assert len({key(name) for name in made}) == len(names)
    for name in made:
        assert name
        assert name == name.strip(" .")
        assert not set(name) & set('<>:"/\\|?*\0\n\r\t')
        assert name[0] not in "=+-@"
        assert not sources.re.match(r"(?i)(con|nul|aux|prn|com1|lpt9)(\.|$)", name)
        assert len(f"{name}.html".encode()) < 160
        assert safe(safe(name)) == safe(name)


@pytest.mark.parametrize(
    ("name", "student", "file"),
    [
        ("ana_01_derivatives.ipynb", "ana", "01_derivatives.ipynb"),
        ("01_derivatives_ana.ipynb", "ana", "01_derivatives.ipynb"),
        ("01_derivatives.ipynb", "", "01_derivatives.ipynb"),
        ("01_derivatives-Copy1.ipynb", "", "01_derivatives-Copy1.ipynb"),
        ("ana 1 Derivatives.IPYNB", "ana", "1 Derivatives.IPYNB"),
        ("ana_2024_01_derivatives.ipynb", "ana_2024", "01_derivatives.ipynb"),
        ("overfitting.ipynb", "overfitting", "overfitting.ipynb"),
        ("ana.ipynb", "ana", "ana.ipynb"),
        ("ana.ipynb.txt", "ana", "ana.ipynb.txt"),
        ("j.r.r.py", "j.r.r", "j.r.r.py"),
        ("Ana García_123_assignsubmission_file_a_b.py", "Ana García_123", "a_b.py"),
        ("Ana García_123_assignsubmission_file_", "Ana García_123", ""),
        ("Ana García_123_assignsubmission_file", "Ana García_123", ""),
        ("garciaana_12345_678901_a_b.py", "garciaana_12345", "a_b.py"),
        ("o_neil_12345_678901_01_derivatives-3.ipynb", "o_neil_12345", "01_derivatives.ipynb"),
        ("LATE_anon_x3K9a_678901_hw-3.ipynb", "anon_x3K9a", "hw-3.ipynb"),
        ("20260101_123456_x.ipynb", "20260101_123456_x", "20260101_123456_x.ipynb"),
    ],
)
def test_what_a_name_tells(name, student, file):
    handed = whose(name)
    assert (handed.student, handed.file) == (student, file)
    assert handed.late == ("LATE" in name)


def test_reading_runs_nothing(tmp_path):
    """A file that would print, or write, if anything in it ran."""
    hostile = "import pathlib\npathlib.Path('ran').touch()\nprint('ran')\n" + ROLL
    for name in ["a.py", "b.ipynb"]:
        text = hostile if name == "a.py" else notebook(f"%run a.py\n!touch ran\n{hostile}")
        (tmp_path / name).write_text(text, encoding="utf-8")
    call = "import sys; from course_nn.grading.submissions import find; find(sys.argv[1])"
    command = [sys.executable, "-c", call, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ran.stdout == ""
    assert {path.name for path in tmp_path.iterdir()} == {"a.py", "b.ipynb"}
