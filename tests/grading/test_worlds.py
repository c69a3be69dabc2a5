"""Every notebook is a world of its own, and every answer is judged in its place.

What passes `check` in a notebook that runs from top to bottom passes here, whatever else stands in
the notebook, in others, or beside them.
"""

import json

import pytest

from course_nn.checks import EXERCISES
from course_nn.grading import session
from course_nn.grading.session import Limits
from course_nn.grading.submissions import find
from tests.support.sandboxed import reached

pytestmark = pytest.mark.usefixtures("no_process_is_left")

FORWARD = "def forward_difference(f, x, h):\n    return (f(x + h) - f(x)) / h"
CENTRAL = "def central_difference(f, x, h):\n    return (f(x + h) - f(x - h)) / (2 * h)"
SIGMOID = (
    "def sigmoid(x):\n    small = np.exp(-np.abs(x))\n"
    "    return np.where(np.asarray(x) >= 0, 1 / (1 + small), small / (1 + small))"
)
WRONG = "def central_difference(f, x, h):\n    return f(x)"
NUMPY = "import numpy as np"
LIMITS = Limits(5)


def code(source, name=""):
    metadata = {"nbgrader": {"solution": True, "grade_id": name}} if name else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": []}


def text(source, kind="markdown"):
    return {"cell_type": kind, "source": source, "metadata": {}}


def write(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    book = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book), encoding="utf-8")


@pytest.fixture
def graded(tmp_path):
    """Grades what is handed in, one student's files by their names: status by exercise, all notes."""

    def grade(*cells, limits=LIMITS, **files):
        folder = tmp_path / "class" / "ana"
        if cells:
            write(folder / "01_derivatives.ipynb", *cells)
        for name, content in files.items():
            path = folder / name
            if isinstance(content, str):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            else:
                write(path, *content)
        (submission,) = find(tmp_path / "class")
        grades = session.grade(submission, list(EXERCISES.values()), 1, reached()[0], limits)
        notes = [*submission.notes, *(one.note for one in grades if one.note)]
        found = {one.exercise: one for one in grades if one.status != "not attempted"}
        return found, "\n".join(notes)

    return grade


def statuses(found):
    return {name: str(grade.status) for name, grade in found.items()}


PASSED = {"central_difference": "passed"}

IN_PLACE = {  # what follows an answer, or stands in its way, and costs it nothing
    "a scratch cell that takes a constant": ["k = 2", CENTRAL.replace("2 *", "k *"), "k = 3"],
    "a helper's name used twice": [
        "def both(f, x, h): return f(x + h) - f(x - h)",
        "def central_difference(f, x, h): return both(f, x, h) / (2 * h)",
        "def both(a, b): return a + b",
    ],
    "a loop variable named like a helper": [
        "def up(f, x, h): return f(x + h)",
        CENTRAL.replace("f(x + h)", "up(f, x, h)"),
        "for up in range(3): pass",
    ],
    "np used for something else below": [
        NUMPY,
        CENTRAL.replace("return", "return np.float64").replace(
            "np.float64 ", "1.0 * np.float64(1) * "
        ),
        "np = 3",
    ],
    "the answer's own name used below": [
        CENTRAL,
        "central_difference = central_difference(abs, 1.0, 0.1)",
    ],
    "the helper deleted below": [
        "def two(): return 2",
        CENTRAL.replace("2 *", "two() *"),
        "del two",
    ],
    "a wrong draft below": [code(CENTRAL, "central_difference"), WRONG],
    "a wrong draft above": [WRONG, CENTRAL],
    "a better one in a cell below": [code(WRONG, "central_difference"), CENTRAL],
    "a constant at the end of the same cell": [
        CENTRAL.replace("2 *", "two *") + "\ntwo = 2",
        "two = 3",
    ],
    "a helper below": [CENTRAL.replace("2 *", "two() *"), "def two(): return 2"],
    "a helper below, checked, then used for something else": [
        CENTRAL.replace("2 *", "two() *"),
        "def two(): return 2",
        "check(central_difference)",
        "two = None",
    ],
    "an import below": [CENTRAL.replace("2 *", "np.float64(2) *"), NUMPY],
    "a default that an import below gives": [
        CENTRAL.replace("h):", "h, two=np.float64(2)):"),
        NUMPY,
    ],
    "a helper whose import is below": [
        "two = np.float64(2)",
        CENTRAL.replace("2 *", "two *"),
        NUMPY,
    ],
    "a helper mended at the end": [
        "def two(): return 3",
        CENTRAL.replace("2 *", "two() *"),
        "def two(): return 2",
    ],
    "a syntax error elsewhere": ["def broken(:", CENTRAL, "x = = 1"],
    "an error in an earlier cell": ["1 / 0", "raise SystemExit", CENTRAL],
    "an import of what is not here": ["import no_such_library", CENTRAL],
    "an endless loop at the end": [CENTRAL, "while True: pass"],
    "a definition beside a check": [
        CENTRAL.replace("2 *", "two() *"),
        "def two(): return 2\ncheck(central_difference)",
    ],
    "an assert that fails": [
        CENTRAL + "\nassert central_difference(abs, 1.0, 0.1) == 7",
        "assert False",
    ],
    "decorated": [
        "import functools\ndef same(f): return functools.wraps(f)(lambda *a: f(*a))\n@same\n"
        + CENTRAL
    ],
    "wrapped by a cell below": [
        CENTRAL,
        "def plain(f): return f\ncentral_difference = plain(central_difference)",
    ],
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_an_answer_is_judged_in_its_place(graded, name):
    found, _notes = graded(*IN_PLACE[name], limits=Limits(2))
    assert statuses(found) == PASSED, {n: (g.message, g.report) for n, g in found.items()}


WRONG_ALL_THE_SAME = {
    "a wrong constant": ["k = 3", CENTRAL.replace("2 *", "k *")],
    "a name that never comes": [CENTRAL.replace("2 *", "two *")],
    "a number in place of a function": [code("central_difference = 3", "central_difference")],
    "two wrong drafts": [code(WRONG, "central_difference"), WRONG],
    "the course's own": ["from course_nn.derivatives import central_difference"],
}


@pytest.mark.parametrize("name", WRONG_ALL_THE_SAME)
def test_nothing_of_that_makes_a_wrong_answer_right(graded, name):
    found, _notes = graded(*WRONG_ALL_THE_SAME[name])
    assert not any(grade.points for grade in found.values())


def test_what_is_defined_below_is_told(graded):
    _found, notes = graded(CENTRAL.replace("2 *", "two() *"), "def two(): return 2")
    assert (
        notes
        == "central_difference uses what stands below its cell. It was judged together with that."
    )


# Files


def test_each_notebook_is_a_world_of_its_own(graded):
    """The first has a helper called as an exercise of the second; both use the same names."""
    found, _ = graded(
        **{
            "03_neuron.ipynb": [NUMPY, "def central_difference(x): return x", "k = 1"],
            "01_derivatives.ipynb": ["k = 2", CENTRAL.replace("2 *", "k *")],
            "04_backpropagation.ipynb": ["k = 7\ndef sigmoid(a, b): return a", "np = None"],
        }
    )
    assert found["central_difference"].status == "passed"


def test_the_file_of_its_own_chapter_counts(graded):
    found, notes = graded(
        **{
            "01_derivatives.ipynb": [CENTRAL],
            "02_descent.ipynb": [WRONG],
            "my notes.ipynb": [WRONG],
        }
    )
    assert statuses(found) == PASSED
    assert "What counts is cell 1 of 01_derivatives.ipynb." in notes


@pytest.mark.parametrize(
    "older, newest",
    [
        ("01_derivatives.ipynb", "01_derivatives (2).ipynb"),
        ("01_derivatives (2).ipynb", "01_derivatives (10).ipynb"),
        ("01_derivatives.ipynb", "01_derivatives - Copy.ipynb"),
        ("01_derivatives.ipynb", "01_derivatives-Copy1.ipynb"),
        ("01_derivatives_v2.ipynb", "01_derivatives_v10.ipynb"),
        ("01_derivatives_v3.ipynb", "01_derivatives_final.ipynb"),
    ],
)
def test_of_versions_the_newest_counts(graded, older, newest):
    found, notes = graded(**{older: [CENTRAL, FORWARD], newest: [WRONG]})
    assert statuses(found) == {"central_difference": "failed", "forward_difference": "passed"}
    assert f"{older} and {newest} are versions of one file. The newest, {newest}, counts." in notes
    found, _ = graded(**{older: [WRONG], newest: [CENTRAL]})
    assert statuses(found) == PASSED


def test_a_fresh_stub_in_the_newest_version_hides_no_answer(graded):
    stub = "def central_difference(f, x, h):\n    raise NotImplementedError()"
    found, notes = graded(**{"01_derivatives.ipynb": [CENTRAL], "01_derivatives (1).ipynb": [stub]})
    assert statuses(found) == PASSED and "What counts is cell 1 of 01_derivatives.ipynb" in notes


HELPERS = (
    "import math\n\ndef two():\n    return math.sqrt(4)\n\nif __name__ == '__main__':\n    1 / 0\n"
)
IMPORTS = {
    "import helpers": "helpers.two()",
    "import helpers as own": "own.two()",
    "from helpers import two": "two()",
    "from helpers import *": "two()",
    "%run helpers.py": "two()",
    "import sys; sys.path.append('.')\nimport helpers": "helpers.two()",
    "import importlib, helpers; importlib.reload(helpers)": "helpers.two()",
}


@pytest.mark.parametrize("how", IMPORTS)
def test_scripts_beside_a_notebook_can_be_imported(graded, how):
    answer = CENTRAL.replace("2 *", f"{IMPORTS[how]} *")
    found, _ = graded(how, answer, **{"helpers.py": HELPERS})
    assert statuses(found) == PASSED, found["central_difference"].report


def test_scripts_in_folders_and_scripts_that_import_each_other(graded):
    found, _ = graded(
        "from tools.numbers_ import two\nimport tools.numbers_",
        CENTRAL.replace("2 *", "(two() + tools.numbers_.two()) / 2 *"),
        **{
            "tools/__init__.py": "",
            "tools/numbers_.py": "from helpers import two",
            "helpers.py": HELPERS,
        },
    )
    assert statuses(found) == PASSED


def test_a_helper_that_fails_costs_what_uses_it_alone(graded):
    found, _ = graded("import helpers", FORWARD, CENTRAL, **{"helpers.py": "1 / 0"})
    assert statuses(found) == {"forward_difference": "passed", **PASSED}


def test_a_script_may_hold_the_answers(graded):
    found, _ = graded("from answers import central_difference", "x = 1", **{"answers.py": CENTRAL})
    assert statuses(found) == PASSED


# What shows something


SHOWS = {
    "display": "from IPython.display import display, clear_output, HTML",
    "plt": "import matplotlib.pyplot as plt",
    "tqdm": "from tqdm.auto import tqdm, trange",
    "sns": "import seaborn as sns",
}
SHOWN = [
    "display(HTML('<b>x</b>')); clear_output(wait=True)",
    "import IPython; IPython.display.display(x); get_ipython().run_line_magic('time', '')",
    "plt.plot([x], [h], 'o', label='a'); plt.legend(); plt.show()",
    "figure, axes = plt.subplots(1, 2, figsize=(3, 4)); axes[0].plot(x); axes[1].set_title('a')",
    "figure, (left, right) = plt.subplots(1, 2); left.plot(x); figure.savefig('a.png')",
    "plt.rcParams['figure.figsize'] = (3, 4); plt.gca().set(xlim=(0, 1)); plt.close('all')",
    "plt.style.use('ggplot'); sns.set_theme(); sns.lineplot(x=[x], y=[h])",
    "bar = tqdm(total=3); bar.update(1); bar.close(); tqdm.write('a')",
    "import matplotlib; matplotlib.use('Agg'); from matplotlib import cm; cm.viridis(0.5)",
]


@pytest.mark.parametrize("line", SHOWN)
def test_what_shows_something_does_nothing_in_an_answer(graded, line):
    imports = "\n".join(SHOWS.values())
    answer = CENTRAL.replace("    return", f"    {line}\n    return")
    found, _ = graded(imports, answer)
    assert statuses(found) == PASSED, found["central_difference"].report


@pytest.mark.parametrize(
    "loop",
    [
        "for part in tqdm([f(x + h), -f(x - h)], desc='a'): total += part",
        "for n in trange(2): total += [f(x + h), -f(x - h)][n]",
        "with tqdm([f(x + h), -f(x - h)]) as parts:\n        for part in parts: total += part; parts.set_postfix(a=1)",
        "total += sum(tqdm(iter([f(x + h), -f(x - h)]), total=2))",
        "for ax in plt.subplots(2)[1]: total = 7\n    total += f(x + h) - f(x - h)",
    ],
)
def test_a_progress_bar_gives_what_it_was_made_of(graded, loop):
    answer = (
        f"def central_difference(f, x, h):\n    total = 0\n    {loop}\n    return total / (2 * h)"
    )
    found, _ = graded("\n".join(SHOWS.values()), answer)
    assert statuses(found) == PASSED, found["central_difference"].report


def test_an_answer_decorated_by_a_widget_stays_an_answer(graded):
    found, _ = graded("from ipywidgets import interact", "@interact(x=(0, 1))\n" + CENTRAL)
    assert statuses(found) == PASSED


# Notes


def test_an_answer_in_a_cell_of_text_gets_a_note(graded):
    for kind in ("markdown", "raw"):
        found, notes = graded(text(CENTRAL, kind), FORWARD)
        assert statuses(found) == {"forward_difference": "passed"}
        assert notes.startswith("Cell 1 holds central_difference, and is a cell of text")
    _, notes = graded(text(f"```python\n{CENTRAL}\n```"))
    assert "central_difference" in notes
    _, notes = graded(text("Use `def central_difference` as in:\n\n" + CENTRAL), CENTRAL)
    assert notes == ""


def test_a_renamed_function_gets_a_note(graded):
    renamed = CENTRAL.replace("central_difference", "my_difference")
    found, notes = graded(code(renamed, "central_difference"), FORWARD)
    assert statuses(found) == {"forward_difference": "passed"}
    assert "Cell 1 defines my_difference. If that is to be central_difference, name it so" in notes
    _, notes = graded(CENTRAL.replace("central_difference", "Central_Difference"))
    assert "Central_Difference" in notes
    _, notes = graded(CENTRAL.replace("central_difference", "centraldifference"), CENTRAL)
    assert notes == ""


def test_a_cell_that_needs_a_newer_python_says_so(graded, monkeypatch):
    newer = CENTRAL.replace("    return", "    type X = float\n    return")
    found, _ = graded(newer, FORWARD)
    if found["central_difference"].status == "passed":
        pytest.skip("this Python is new enough")
    assert statuses(found) == {"forward_difference": "passed", "central_difference": "syntax error"}
    message = found["central_difference"].message
    assert message.startswith("This needs Python 3.12 or newer; this one is 3.11")
