"""The one reader of notebooks: what is none is told, and a cell is the Python that IPython sees."""

import json

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from course_nn import notebooks

CELL = {"cell_type": "code", "source": ["x = 1\n", "y = 2"], "metadata": {}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting"),
        ("[]", "it has no cells"),
        ("{}", "it has no cells"),
        ('{"cells": 3}', "it has no cells"),
        ('{"cells": [3]}', "its cell 1 is not whole"),
        (json.dumps({"cells": [CELL, {**CELL, "source": 3}]}), "its cell 2 is not whole"),
        (json.dumps({"cells": [{**CELL, "source": ["x", 3]}]}), "its cell 1 is not whole"),
        (json.dumps({"cells": [{**CELL, "metadata": []}]}), "its cell 1 is not whole"),
        (json.dumps({"cells": [{"source": "", "metadata": {}}]}), "its cell 1 is not whole"),
        ("[" * 100_000, "it is nested too deep"),
    ],
)
def test_what_is_no_notebook_is_told(tmp_path, text, said):
    path = tmp_path / "a.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"a.ipynb cannot be read as a notebook: {said}"):
        notebooks.read(path)


def test_bytes_that_are_no_text_are_told(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError, match="cannot be read as a notebook"):
        notebooks.read(tmp_path / "a.ipynb")


def test_what_is_written_is_what_was_read(tmp_path):
    path = tmp_path / "a.ipynb"
    book = {"cells": [CELL, {**CELL, "source": []}], "metadata": {"a": "ü"}, "nbformat": 4}
    path.write_text(json.dumps(book), encoding="utf-8")
    read = notebooks.read(path)
    assert [cell["source"] for cell in read["cells"]] == ["x = 1\ny = 2", ""]
    notebooks.write(path, read)
    assert json.loads(path.read_text(encoding="utf-8")) == book
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"]


def test_the_mark_of_an_answer_is_nbgraders_else_its_id():
    marked = {"metadata": {"nbgrader": {"grade_id": "a", "solution": True}}, "id": "b"}
    assert notebooks.mark(marked) == "a"
    assert notebooks.mark(marked, ["a", "b"]) == "a"
    assert notebooks.mark(marked, ["b"]) == "b"
    assert notebooks.mark({"metadata": {}, "id": "b"}) == ""
    assert notebooks.mark({"metadata": [], "id": 3}, ["b"]) == ""


# The Python of a cell. Each defines x; IPython is asked what it makes of it.

PASTED = [
    "x = 1",
    "    x = 1",
    "\n\n    x = 1\n    if x:\n        x = 2",
    "\tx = 1\n\tx += 1",
    "  x = '''\n  a\n  '''",
    ">>> x = 1",
    ">>> def f():\n...     return 3\n...\n>>> x = f()",
    ">>> x = '''\n... a'''",
    ">>> x = 'a'\n>>> # what follows\n>>> x += '>>> '",
    "  >>> x = 1\n  >>> x += 1",
    "In [3]: x = 1",
    "In [12]: def f():\n    ...:     return 3\n    ...: \n    ...: x = f()",
    "In [1]: x = [\n   ...:   1,\n   ...: ]",
    "'''\n\n>>> 1\n... 2\n'''\nx = 3",
    "x = '''\n\nIn [3]: 1\n'''",
    "x = ...",
    "x = (\n...\n)",
    "%matplotlib inline\nx = 1",
    "x = 1\n%time y = 2",
    "%time x = 1",
    "if True:\n    %matplotlib inline\n    x = 1",
    "if True:\n    !ls\nx = 1",
    "x = 1\nx?",
    "?print\nx = 1",
    "x = [1]\nx[0]?",
    "x = 2\nprint??\n",
    "!ls\nls = 5\nls -= 3\nx = ls",
    "!ls\ncat = 5\ncat /= 5\nx = cat",
    "%run a.py \\\n --b\nx = 1",
    "!echo ' \nx = 1",
    "x = 7 \\\n % 4\n%matplotlib",
    "x = (7\n% 4)\n%matplotlib",
    "x = '%' '!' '?'\n%matplotlib",
    "x = '''\n%no magic\n!ls\n'''\n%matplotlib",
    "    %matplotlib inline\n    x = 1",
    "In [1]: %matplotlib inline\nIn [2]: x = 1",
    "x = 3\n/print x",
    "x = 3\n,print x y",
]


class Shell:
    """Stands for IPython: `%time` runs what stands beside it, as there; the rest does nothing."""

    def __init__(self, names):
        self.names = names

    def __getattr__(self, name):
        return lambda *args: None

    def run_line_magic(self, name, rest):
        if name == "time":
            exec(rest, self.names)


@pytest.mark.parametrize("source", PASTED)
def test_a_cell_is_the_python_that_ipython_makes_of_it(source):
    expected, found = {}, {}
    expected["get_ipython"] = lambda: Shell(expected)
    exec(TransformerManager().transform_cell(source), expected)
    mine, _odd = notebooks.plain(source)
    exec(mine, found)
    assert found["x"] == expected["x"]
    assert mine.count("\n") == source.count("\n")


@pytest.mark.parametrize("source", ["x = 1\n  y = 2", "def f(:", ">>> x = 1\ny z"])
def test_what_ipython_does_not_take_stays_broken(source):
    with pytest.raises(SyntaxError):
        exec(TransformerManager().transform_cell(source), {})
    assert notebooks.parse(notebooks.plain(source)[0]) is None


def test_stubs():
    solved = "def f(x):\n    a = 1\n    ### BEGIN SOLUTION\n    return 2\n    ### END SOLUTION"
    assert notebooks.has_solution(solved) and not notebooks.has_solution("def f(x): ...")
    assert notebooks.stub(solved) == (
        "def f(x):\n    a = 1\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    )
    assert notebooks.unmarked(solved) == "def f(x):\n    a = 1\n    return 2\n"
