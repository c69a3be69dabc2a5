"""Submissions, graded on each layer of this machine."""

import inspect
import linecache
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from course_nn import notebooks
from course_nn.chapters import CHAPTERS
from course_nn.checks import EXERCISES, notebook
from course_nn.checks.engine import Exercise, calling, evaluate
from course_nn.grading import session
from course_nn.grading.sandbox import LAYERS, Layer
from course_nn.grading.session import Grade, Limits, grade
from course_nn.inside import protocol
from course_nn.inside.protocol import ENTRIES, FRAME
from tests.support import sampled
from tests.support.carry import cell
from tests.support.sandboxed import reached, submission
from tests.support.values import values

pytestmark = pytest.mark.usefixtures("no_process_is_left")

QUICK = Limits(seconds=0.5)


def cells(solved):
    """Those of all the notebooks with exercises, one after the other."""
    found = []
    for chapter in CHAPTERS:
        for one in notebooks.read(notebook.path(chapter, solved))["cells"]:
            if one["cell_type"] == "code":
                name = notebooks.mark(one)
                found.append((notebooks.unmarked(one["source"]), (name,) if name else ()))
    return submission(*found)


# The course's own exercises


def test_every_published_solution_earns_all(layer):
    for found in grade(cells(solved=True), list(EXERCISES.values()), 7, layer):
        exercise = EXERCISES[found.exercise]
        assert (found.status, found.points) == ("passed", exercise.points), found
        assert found.report.exercise is exercise and not found.message


def test_every_stub_is_not_attempted(layer):
    for found in grade(cells(solved=False), list(EXERCISES.values()), 7, layer):
        assert (found.status, found.points, found.message) == ("not attempted", 0, "")


def test_a_known_mistake_is_judged_as_in_a_notebook():
    """Status, points, diagnosis, the failing call and what is said of it."""
    layer = reached()[0]
    asked, expected, sent = [], [], []
    for exercise in sampled(list(EXERCISES.values()), 12):
        of_sentences = exercise.mistakes.values()
        variants = [v for own in of_sentences for v in (own if isinstance(own, tuple) else (own,))]
        for number, mistake in enumerate(variants):
            one = replace(exercise, name=f"{exercise.name}_{number}")
            asked.append(one)
            sent.append((cell(mistake, one.name), (one.name,)))
            expected.append(evaluate(one, calling(mistake), 7))
    files = {file for file in map(inspect.getsourcefile, map(_module, asked))}
    lines = {file: linecache.getlines(file) for file in files}
    prepared = f"import linecache\nfor file, lines in {lines!r}.items():\n"
    prepared += "    linecache.cache[file] = 1, None, lines, file\n"
    found = grade(submission(prepared, *sent), asked, 7, layer)
    assert [one.status for one in found] == ["failed"] * len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.report == replace(other, exercise=one.report.exercise)


def _module(exercise):
    return inspect.getmodule(exercise.inputs)


# Faults: what one exercise does costs the others nothing


def made(name):
    """An exercise of three lines: twice the argument."""
    return Exercise(
        number="1.1",
        name=name,
        title="Twice",
        points=2,
        minutes=5,
        difficulty=1,
        reference=lambda x: 2 * x,
        inputs=lambda rng: [(float(x),) for x in rng.normal(size=6)],
        hints=("One.", "Two."),
        why="So.",
        mistakes={"You square.": lambda x: x * x},
        rights=(),
    )


FIRST, TWICE, LAST = map(made, ("first", "twice", "last"))
RIGHT = "def {0}(x): return 2 * x"


def graded(twice, layer, *own, limits=QUICK):
    """The grade of a cell that answers `twice`, between two right answers that must earn all."""
    (found,) = graded_together([twice], layer, *own, limits=limits)
    return found


def graded_together(answers, layer, *own, limits=QUICK):
    """The grades of cells that answer `twice`, in one submission, between two right answers."""
    names = ["first", *(f"twice_{n}" for n in range(len(answers))), "last"]
    sources = [RIGHT.format("twice"), *answers, RIGHT.format("twice")]
    sent = [(s.replace("twice", name), (name,)) for s, name in zip(sources, names)]
    own = [source.replace("twice", names[1]) for source in own]
    first, *found, last = grade(submission(*own, *sent), list(map(made, names)), 1, layer, limits)
    for right in (first, last):
        assert (right.status, right.points, right.message) == ("passed", 2, "")
    for one in found:
        assert (one.points > 0) == (one.status == "passed")
        assert (one.report is None) == bool(one.message)
    return found


FAULTS = {
    "an endless loop": ("def twice(x):\n while True: pass", "timeout"),
    "a loop that catches all": (
        "def twice(x):\n while True:\n  try:\n   while True: pass\n  except BaseException: pass",
        "timeout",
    ),
    "sleep": ("import time\ndef twice(x): time.sleep(100)", "timeout"),
    "a long power": ("def twice(x): return 10 ** 10 ** 10", "timeout"),
    "calls slow in all": ("import time\ndef twice(x): return time.sleep(0.15)", "timeout"),
    "an endless loop in the cell": ("def twice(x): return 2 * x\nwhile True: pass", "timeout"),
    "a generator without end": (
        "def twice(x):\n while True: yield from ()",
        "timeout",
    ),
    "a quiet end": ("import os\ndef twice(x): os._exit(0)", "died"),
    "an end of the cell's process": ("import os\nos._exit(0)", "died"),
    "a segmentation fault": ("import ctypes\ndef twice(x): ctypes.string_at(0)", "died"),
    "an abort": ("import os\ndef twice(x): os.abort()", "died"),
    "a closed pipe": ("import os\ndef twice(x): os.closerange(0, 64)", "died"),
    "much memory": ("import numpy as np\ndef twice(x): return np.ones(10 ** 10)", "memory"),
    "much memory in the cell": ("x = bytearray(10 ** 11)\ndef twice(x): return 2 * x", "memory"),
    "a syntax error": ("def twice(x):\nreturn 2 * x", "syntax error"),
    "a lost bracket": ("def twice(x): return (2 * x", "syntax error"),
    "a cell that raises": ("1 / 0\ndef twice(x): return 2 * x", "error"),
    "a cell that exits": ("raise SystemExit\ndef twice(x): return 2 * x", "error"),
}


def test_a_fault_has_its_status_and_the_others_go_on(layer):
    found = graded_together([source for source, _ in FAULTS.values()], layer)
    expected = {name: status for name, (_, status) in FAULTS.items()}
    assert dict(zip(FAULTS, (one.status for one in found))) == expected


def test_a_cell_that_raises_says_what():
    found = graded("limit = 3\nprint(limits)\n" + RIGHT.format("twice"), reached()[0])
    assert found.message == "Its cell does not run: NameError: name 'limits' is not defined"
    found = graded("def twice(x):\n    return 2 x", reached()[0])
    assert "SyntaxError: invalid syntax" in found.message and "line 2" in found.message


JUDGED = {
    "sys.exit()": ("import sys\ndef twice(x): sys.exit()", "SystemExit"),
    "deep recursion": ("def twice(x): return twice(x)", "RecursionError"),
    "an interrupt": ("def twice(x): raise KeyboardInterrupt", "It was stopped"),
    "an own error": ("class Own(Exception): pass\ndef twice(x): raise Own('so')", "Own('so')"),
    "an error that cannot be told": (
        "class Bad(Exception):\n def __str__(self): raise Bad\ndef twice(x): raise Bad",
        "Bad",
    ),
    "a name of its own": ("def twice(x): return 2 * y", "return 2 * y"),
    "nothing": ("def twice(x): pass", "returns nothing"),
    "a print": ("def twice(x): print(2 * x)", "prints its answer"),
    "text": ("def twice(x): return str(2 * x)", "must be a number"),
    "a range": ("def twice(x): return range(3)", "shape (3,)"),
    "a module": ("import math\ndef twice(x): return math", "must be a number, and it is <module"),
    "itself": ("def twice(x): return twice", "must be a number, and it is twice_"),
    "a huge array": (
        "import numpy as np\ndef twice(x): return np.zeros(10 ** 6)",
        "np.array([0., 0., ..., 0., 0.], shape=(1000000,))",
    ),
    "many axes": (
        "import numpy as np\ndef twice(x): return np.zeros((2,) * 14 + (1,) * 18)",
        f"np.array(..., shape={(2,) * 14 + (1,) * 18})",
    ),
    "a list of lists of lists": (
        "def twice(x):\n for _ in range(40): x = [x, x]\n return x",
        "must be a number, and it is ",
    ),
    "a list in itself": ("def twice(x):\n l = []; l.append(l); return l", "list"),
    "terminal codes": ("def twice(x): raise ValueError('\\x1b[2J\\u202e')", "\\x1b[2J\\u202e"),
}


def test_an_answer_that_is_merely_wrong_is_told_so():
    graded = graded_together([source for source, _ in JUDGED.values()], reached()[0])
    for found, (name, (_, expected)) in zip(graded, JUDGED.items(), strict=True):
        assert (found.status, found.points) == ("failed", 0), name
        assert expected in f"{found.report.failure.sentence} {found.report.failure.got}", name


def test_what_makes_a_process_unfit_does_not_cost_the_next_exercise(layer):
    source = """
import threading, time, os
def twice(x):
    threading.Thread(target=lambda: (time.sleep(0.2), os._exit(1))).start()
    return 2 * x
"""
    sent = submission(
        (source, ("twice",)),
        ("import time\ndef last(x):\n time.sleep(0.04)\n return 2 * x", ("last",)),
    )
    _twice, last = grade(sent, [TWICE, LAST], 1, layer, Limits(5))
    assert last.status == "passed"


# What the learner's other cells may do


def test_helpers_imports_and_constants_are_kept(layer):
    own = (
        "from functools import partial\nimport numpy as np\nTWO = 2\ndef helper(x): return TWO * x"
    )
    assert graded("twice = partial(helper)", layer, own).status == "passed"


def test_each_statement_of_an_own_cell_is_tried():
    own = (
        "import matplotlib.pyplot as plt\nplt.plot([1])\nfrom course_nn import activations\ntwo = 2"
    )
    assert graded("def twice(x): return two * x", reached()[0], own).status == "passed"


def test_an_import_of_what_is_not_here_does_not_cost_an_answer():
    source = "import matplotlib.pyplot as plt\n" + RIGHT.format("twice")
    assert graded(source, reached()[0]).status == "passed"


def test_what_follows_the_answer_in_its_cell_does_not_cost_it():
    """As in Jupyter, where `check` judges what the cell has defined before it raised."""
    source = RIGHT.format("twice") + "\nplot(twice)\ndisplay(twice(1))"
    assert graded(source, reached()[0]).status == "passed"


def test_calls_of_check_do_nothing():
    source = (
        "from course_nn import check, hint, progress, solution\n"
        "from course_nn.checks import check\ncheck(1), hint(2), solution(3), progress()\n"
        + RIGHT.format("twice")
    )
    assert graded(source, reached()[0]).status == "passed"


def test_futures_hold_as_in_a_notebook():
    own = "from __future__ import annotations"
    source = "def twice(x: a | b) -> nothing: return 2 * x"
    assert graded(source, reached()[0], own).status == "passed"


@pytest.mark.parametrize(
    "own",
    [
        "two = 2\nwhile True: pass",
        "two = 2\nimport os\nos._exit(0)",
        "two = 2\ndef helper(): return bytearray(10 ** 11)\nhelper()",
    ],
)
def test_an_own_cell_that_ends_the_process_is_left_out_but_for_its_definitions(own):
    assert (
        graded("def twice(x): return two * x", reached()[0], own, limits=Limits(0.4)).status
        == "passed"
    )


@pytest.mark.parametrize(
    "own", ["class two(int):\n while True: pass", "two = __import__('time').sleep(100)"]
)
def test_an_own_cell_whose_definitions_end_the_process_is_left_out(own):
    source = "def twice(x):\n try: return two * x\n except NameError: return x + x"
    assert graded(source, reached()[0], own, limits=Limits(0.4)).status == "passed"


@pytest.mark.parametrize("times, ran", [(session.OWN, 3), (0, 0)])
def test_own_cells_together_have_an_end(monkeypatch, times, ran):
    """When the time of all is used up, only their definitions are run."""
    monkeypatch.setattr(session, "OWN", times)
    own = ["ran = []", *["ran.append(1)"] * 3]
    source = f"def twice(x): return 2 * x if len(ran) == {ran} else 0"
    assert graded(source, reached()[0], *own, limits=Limits(10)).status == "passed"


def test_a_submission_as_a_whole_has_an_end(monkeypatch):
    monkeypatch.setattr(session, "START", 0)
    sent = submission(*["class A:\n while True: pass"] * 50, (RIGHT.format("twice"), ("twice",)))
    started = []

    class Counted(session.Process):
        def __init__(self, *args):
            started.append(args)
            super().__init__(*args)

    monkeypatch.setattr(session, "Process", Counted)
    (found,) = grade(sent, [TWICE], 1, reached()[0], Limits(0.05))
    assert found.status == "timeout" and len(started) < 50


def test_the_answer_is_what_its_cell_defines():
    """Not a draft in another cell, nor what another cell has made of the name."""
    wrong = "def twice(x): return 3 * x"
    assert graded("pass", reached()[0], RIGHT.format("twice")).status == "not attempted"
    sent = submission((RIGHT.format("twice"), ("twice",)), wrong, "twice = 3")
    assert grade(sent, [TWICE], 1, reached()[0])[0].status == "passed"


def test_what_is_not_there_is_not_attempted():
    for cells_ in ([], ["twice = 3"], [("twice = 3", ("twice",))], [("", ("twice",))]):
        (found,) = grade(submission(*cells_), [TWICE], 1, reached()[0])
        assert (found.status, found.points, found.message) == ("not attempted", 0, "")


def test_the_stub_of_another_exercise_is_named():
    sent = submission(
        ("def first(x): raise NotImplementedError()", ("first",)),
        ("def twice(x): return first(x)", ("twice",)),
    )
    first, twice = grade(sent, [FIRST, TWICE], 1, reached()[0])
    assert first.status == "not attempted"
    assert (
        twice.status == "failed"
        and "`first`, which is not written" in twice.report.failure.sentence
    )


def test_a_submission_that_cannot_be_read_starts_nothing():
    sent = replace(submission(), problem="unreadable", notes=("It is a photo.",))
    found = grade(sent, [FIRST, TWICE], 1, Layer(("no such",)))
    assert found == [
        Grade(name, "unreadable", 0, None, "It is a photo.") for name in ("first", "twice")
    ]


def test_text_that_is_no_utf_8_is_run_all_the_same():
    assert graded("note = '\ud800'\n" + RIGHT.format("twice"), reached()[0]).status == "passed"


# Lies: what a process says of itself earns nothing

FORGE = """
import os, struct, sys, numpy as np
def frames(*bodies):
    for pipe in range(3, 20):  # whichever it is
        try:
            for body in bodies:
                os.write(pipe, body)
        except OSError:
            pass
def reply(body):
    frame = sys._getframe()
    while "number" not in frame.f_locals:  # of the question, where it has been read
        frame = frame.f_back
    n = frame.f_locals["number"].to_bytes(9, "little")
    body = b"t" + struct.pack("<I", 2) + b"i" + struct.pack("<I", 9) + n + body
    frames(struct.pack("<I", len(body)) + body)
def twice(x):
    {0}
"""
PASSED = protocol.frame((1, (0.0, None, [0.0], False)))
LIES = {
    "the comparison patched": (
        (
            "import numpy as np\nnp.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
            "def twice(x): return 3 * x"
        ),
        "failed",
    ),
    "equal to everything": (
        (
            "class Any(float):\n def __eq__(self, other): return True\n"
            " def __sub__(self, other): return 0.0\n"
            "def twice(x): return Any(3)"
        ),
        "failed",
    ),
    "an array equal to everything": (
        (
            "import numpy as np\nclass Any(np.ndarray):\n"
            " def __array_ufunc__(self, *a, **k): return np.array(True)\n"
            "def twice(x): return np.zeros(()).view(Any)"
        ),
        "failed",
    ),
    "frames in store": (FORGE.format(f"frames(*[{PASSED!r}] * 50)"), "protocol error"),
    "no value": (FORGE.format(r"frames(b'\3\0\0\0abc')"), "protocol error"),
    "a pickle": (FORGE.format(r"frames(b'\4\0\0\0\x80\x04N.')"), "protocol error"),
    "another form": (FORGE.format(f"reply({protocol.pack(3)!r})"), "protocol error"),
    "another error": (
        FORGE.format(f"reply({protocol.pack((None, ('A', 1, 2, 3, 4), [], False))!r})"),
        "protocol error",
    ),
    "other arguments": (
        FORGE.format(f"reply({protocol.pack((0.0, None, [], False))!r})"),
        "protocol error",
    ),
    "the right form": (
        FORGE.format(f"reply({protocol.pack((0.0, None, [0.0], False))!r})"),
        "protocol error",  # for there is the true reply as well
    ),
    "a large frame": (FORGE.format(rf"frames(struct.pack('<I', {FRAME + 1}))"), "protocol error"),
    "half a frame": (FORGE.format(r"frames(b'\x10\0\0\0abc'); os._exit(0)"), "protocol error"),
    "half a frame for ever": (
        FORGE.format(r"frames(b'\x10\0\0\0abc'); __import__('time').sleep(100)"),
        "timeout",
    ),
    "a slow frame": (
        FORGE.format(
            "import time; frames(b'\\0\\1\\0\\0')\n    while True: frames(b'a'), time.sleep(0.05)"
        ),
        "timeout",
    ),
    "a flood": (FORGE.format(r"while True: frames(b'\xff' * 1000)"), "protocol error"),
    "a flood of frames": (
        FORGE.format(f"while True: frames({PASSED!r} * 100)"),
        "protocol error",
    ),
    "the call on the stack": (
        (
            "import sys\ndef twice(x):\n frame = sys._getframe()\n while frame:\n"
            "  for value in frame.f_locals.values():\n   pass\n  frame = frame.f_back\n return 0"
        ),
        "failed",
    ),
    "not attempted, having been": ("def twice(x): raise NotImplementedError", "not attempted"),
}


def test_lies_earn_nothing(layer):
    found = graded_together([source for source, _ in LIES.values()], layer)
    expected = {name: status for name, (_, status) in LIES.items()}
    assert dict(zip(LIES, (one.status for one in found))) == expected


@given(values | st.tuples(st.lists(values).map(tuple), values))
@example(((np.zeros(2),), None))
@example((("twice",), ("A", "b", "", None, "")))
def test_what_a_cell_has_defined_is_names_or_a_fault(said):
    try:
        defined, fault = session._ran(said, "")
    except session.Fault:
        return
    assert all(type(name) is str for name in defined)
    assert fault is None or fault.message


WELL_FORMED = (
    (3.0, None, [1.0], "", ("overflow encountered in exp",)),
    (None, ("A", "b", "c", None, ""), [], "1", ()),
)


@pytest.mark.parametrize("said", WELL_FORMED)
def test_a_well_formed_reply_is_an_answer(said):
    found = session._answer(said, (1.0,))
    assert (found.value, found.error is None) == (said[0], said[1] is None)


@given(
    st.sampled_from(WELL_FORMED),
    st.lists(st.tuples(st.integers(0, 4), st.none() | st.booleans() | values), min_size=1),
)
@example(WELL_FORMED[0], [(2, [])])
@example(WELL_FORMED[0], [(3, None)])
@example(WELL_FORMED[0], [(4, None)])
@example(WELL_FORMED[0], [(4, (1,))])
@example(WELL_FORMED[0], [(1, ("A", 1, "", None, ""))])
@example(WELL_FORMED[0], [(1, ("A", "", "", "1", ""))])
@example(WELL_FORMED[1], [(1, ("MemoryError", "", "", 1, ""))])
def test_any_other_reply_is_an_answer_of_the_right_types_or_a_fault(said, changes):
    said = list(said)
    for at, value in changes:
        said[at] = value
    try:
        found = session._answer(tuple(said), (1.0,))
    except session.Fault:
        return
    assert len(found.args) == 1 and type(found.printed) is str
    assert all(type(text) is str for text in found.warned)
    if found.error:
        kind, *texts, line, source = vars(found.error).values()
        assert {type(text) for text in (kind, *texts, source)} == {str}
        assert line is None or isinstance(line, int)
    evaluate(TWICE, lambda args: found)


def test_a_process_that_never_reads_is_ended_in_time():
    """Its pipe is full then, and whoever writes to it would wait for ever."""
    large = replace(TWICE, inputs=lambda rng: [(np.zeros(10**6),)] * 3, extremes=())
    sent = submission(("import time\ndef twice(x): time.sleep(100)", ("twice",)))
    (found,) = grade(sent, [large], 1, reached()[0], QUICK)
    assert found.status == "timeout"


def test_masked_and_other_subclasses_are_judged_as_in_a_notebook():
    forms = {
        "np.ma.masked_array(2 * x, mask=True)": "passed",
        "np.float32(2 * x)": "passed",
        "np.array(2 * x)": "passed",
        "np.ma.masked_array([2 * x], mask=[True])": "failed",
        "np.array([2 * x], dtype=object)": "failed",
        "np.longdouble(2 * x)": "passed",
        "complex(2 * x)": "failed",
        "__import__('fractions').Fraction(2 * x)": "failed",
        "{2 * x}": "failed",
    }
    sources = [f"import numpy as np\ndef twice(x): return {form}" for form in forms]
    graded = graded_together(sources, reached()[0], limits=Limits())
    for (form, expected), source, found in zip(forms.items(), sources, graded, strict=True):
        namespace = {}
        exec(source, namespace)
        asked = found.report.exercise
        report = evaluate(asked, calling(namespace["twice"]), 1)
        assert found.report == report and report.status == expected, form


def test_a_function_or_generator_among_the_arguments_is_what_was_sent():
    def drawn(f, rng):
        return f(rng.normal())

    from course_nn.inside.functions import square

    asked = replace(
        TWICE,
        reference=drawn,
        inputs=lambda rng: [(square, np.random.default_rng(n)) for n in range(3)],
    )
    sent = submission(("def twice(f, rng): return f(rng.normal())", ("twice",)))
    (found,) = grade(sent, [asked], 1, reached()[0])
    assert found.status == "passed", found.report.failure


def test_large_arguments_are_compared_whole():
    def tables(rng):
        yield rng.normal(size=(784, 32)), rng.normal(size=(32, 10)), rng.normal(size=10)
        yield rng.normal(size=(3, 2000)), rng.normal(size=(2000, 40)), rng.normal(size=40)

    exercise = replace(EXERCISES["dense_forward"], inputs=tables, extremes=())
    answer = "def dense_forward(x, W, b):\n    {line}\n    return x @ W + b\n"

    def graded(line):
        cells = (answer.format(line=line), (exercise.name,))
        (found,) = grade(submission(cells), [exercise], 7, reached()[0])
        return found.report

    for kept in "pass", "x += 1; x -= 1":  # the last bits are no change
        assert graded(kept).status == "passed"
    for changed in ("x = x.copy(); W[-1, -1] += 1; W = W.copy(); W[-1, -1] -= 1",):
        report = graded(changed)
        assert report.points == exercise.points / 2
        assert report.failure.sentence.startswith("It changes its argument W.")


def test_too_large_an_answer_is_only_wrong():
    found = graded(f"def twice(x): return [x] * {ENTRIES}", reached()[0], limits=Limits())
    assert found.status == "failed" and found.report.failure.got.endswith("...")


def test_a_layer_that_is_not_there_is_an_error_of_the_machine(monkeypatch):
    monkeypatch.setattr("course_nn.grading.sandbox._bubblewrap", lambda: ("false",))
    with pytest.raises(OSError, match="bubblewrap"):
        grade(submission((RIGHT.format("twice"), ("twice",))), [TWICE], 1, LAYERS[0])


def test_a_report_fills_no_page():
    found = graded("def twice(x): return ('x' * 900,) * 100", reached()[0])
    assert len(found.report.failure.got) == len(found.report.failure.sentence) == session.SHOWN
