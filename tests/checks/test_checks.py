"""check, hint, solution and progress, as a learner calls them."""

import functools
import os
import subprocess
import sys

import numpy as np
import pytest

import course_nn
from course_nn import check, derivatives, hint, progress, solution
from course_nn.checks import EXERCISES, store
from tests.support import ROOT


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_NN_DATA", str(tmp_path))
    monkeypatch.delenv("COURSE_NN_STRICT", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def wrong(f, x, h):
    return (f(x + h) - f(x - h)) / 2


def untouched(f, x, h):
    raise NotImplementedError()


wrong.__name__ = untouched.__name__ = "central_difference"
untouched.__code__ = untouched.__code__.replace(co_name="central_difference")


def test_a_check_is_shown_and_kept():
    assert check(wrong).kind == "failed"
    assert store.of("central_difference") == (0, 1, 0)
    assert check(central_difference).kind == "passed"
    assert store.of("central_difference") == (1, 2, 0)
    assert str(progress()).splitlines()[2].split()[2][1] == "✓"


def test_an_untouched_stub_is_no_try():
    assert check(untouched).kind == "not attempted"
    assert store.of("central_difference").attempts == 0


def test_hints_come_one_by_one_and_then_all_together():
    hints = EXERCISES["central_difference"].hints
    assert [hint(wrong).sentences for _ in hints] == [(text,) for text in hints]
    assert hint(wrong).sentences == hint(wrong).sentences == hints


def test_a_solution_comes_after_a_try():
    assert "Try first" in str(solution(wrong))
    check(untouched)
    assert "Try first" in str(solution(wrong))
    check(wrong)
    text = str(solution(wrong))
    assert "return (f(x + h) - f(x - h)) / (2 * h)" in text
    assert "SOLUTION" not in text
    assert EXERCISES["central_difference"].why[:40] in text


def test_a_copy_of_the_course_may_come_without_solutions(tmp_path, monkeypatch):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "01_derivatives.ipynb").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    check(wrong)
    assert "without the solutions" in str(solution(wrong))


def test_what_is_no_function_is_told():
    with pytest.raises(
        TypeError, match=r"Give the function itself, such as check\(.*\), or .*, not 6\.0\."
    ):
        check(6.0)
    with pytest.raises(TypeError, match="the course's own"):
        check(derivatives.central_difference)


def test_an_unknown_function_is_told_with_names_near_it():
    def central_diference(f, x, h):
        return 0

    with pytest.raises(ValueError, match=r"called central_diference\. .*central_difference"):
        check(central_diference)
    with pytest.raises(ValueError, match="called <lambda>"):
        hint(lambda x: x)


def test_in_strict_mode_what_does_not_pass_raises(monkeypatch):
    monkeypatch.setenv("COURSE_NN_STRICT", "1")
    assert check(central_difference).kind == "passed"
    with pytest.raises(AssertionError, match="you divide by 2 alone"):
        check(wrong)
    with pytest.raises(AssertionError, match="not attempted yet"):
        check(untouched)
    assert store.of("central_difference").attempts == 0


def test_under_nbgrader_the_points_are_the_result(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert [check(f) for f in (central_difference, wrong, untouched)] == [1, 0, 0]
    assert "you divide by 2 alone" in capsys.readouterr().out
    assert store.of("central_difference").attempts == 0


def test_a_disk_that_is_full_stops_no_check(monkeypatch):
    monkeypatch.setenv("COURSE_NN_DATA", str(ROOT / "README.md" / "data"))
    monkeypatch.setattr(store, "_memory", store.Memory())
    shown = check(central_difference)
    assert shown.kind == "passed"
    assert "Your progress is not saved" in str(shown)
    assert "Your progress is not saved" in str(progress())


def test_the_course_offers_them_without_importing_them():
    assert {"check", "hint", "solution", "progress"} <= set(course_nn.__all__)
    with pytest.raises(AttributeError, match="course_nn has no 'chek'. Did you mean 'check'"):
        _ = course_nn.chek
    code = "import sys, course_nn; print(sorted(m for m in sys.modules if 'checks' in m or 'sqlite' in m))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_check_imports_neither_matplotlib_nor_ipython():
    code = "import sys; from course_nn import check; print({'matplotlib', 'IPython'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "asked", ["check(central_difference)", "hint(central_difference)", "progress()"]
)
def test_a_check_needs_numpy_and_little_else(asked):
    """It works where there are no threads, no signals, no database: in a browser."""
    code = f"""
import numpy, numpy.random, sys  # these bring what they need; from here on it is missing
class Missing:
    names = {{"threading", "signal", "sqlite3", "lzma", "_lzma", "safetensors",
             "platformdirs", "subprocess", "socket"}}
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
for name in Missing.names:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Missing())
from course_nn import check, hint, progress
def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)
print({asked})
"""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    environment.pop("COURSE_NN_DATA", None)
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=environment,
    )
    assert said.returncode == 0, said.stderr
    assert "not saved" in said.stdout or asked.startswith("hint")


# By name, by number, and whatever can be called


def test_an_exercise_is_named_by_its_function_its_name_or_its_number():
    for asked in (central_difference, "central_difference", "1.2"):
        assert check(asked).first_line == "✓ 1.2 The central difference: passed, 1 point"
        assert hint(asked).heading.startswith("1.2 ")
        assert solution(asked).heading.startswith("1.2 ")
    assert (
        hint("4.2").heading == "4.2 A dense layer, backward: hint 1 of 4"
    )  # no cell of it has run


@pytest.mark.parametrize("asked", [check, hint, solution])
def test_a_name_that_is_none_is_told_with_those_near_it(asked):
    with pytest.raises(ValueError, match="There is no exercise 1.99. Try 1."):
        asked("1.99")
    with pytest.raises(ValueError, match="no exercise central_diference. Try central_difference"):
        asked("central_diference")


def test_what_is_checked_by_number_has_to_be_there():
    with pytest.raises(
        ValueError, match=r"`dense_backward` is not there. Run the cell of 4\.2 A dense"
    ):
        check("4.2")


class Slopes:
    def here(self, f, x, h):
        return central_difference(f, x, h)

    def __call__(self, f, x, h):
        return central_difference(f, x, h)


def decorated(function):
    def around(*args):
        return function(*args)

    return around


@pytest.mark.parametrize(
    "function",
    [
        functools.partial(lambda k, f, x, h: (f(x + h) - f(x - h)) / (k * h), 2),
        lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h),
        Slopes().here,
        Slopes(),
        decorated(central_difference),
    ],
    ids=["partial", "lambda", "method", "object", "decorated"],
)
def test_what_is_called_like_a_function_is_one(function):
    central_difference = function
    assert check(central_difference).kind == "passed"
    assert check("1.2").kind == "passed"


def test_an_error_in_a_partial_is_told_with_its_line():
    def spoiled(k, f, x, h):
        return f.slope(x)

    central_difference = functools.partial(spoiled, 2)
    assert "`return f.slope(x)`" in str(check(central_difference))


# Where it is said


def said(code):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", ANSWERS + code],
        capture_output=True, encoding="utf-8", check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line[:1] in "✓✗○→#"]


ANSWERS = """
from course_nn import check, hint
def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)
def forward_difference(f, x, h):
    return f(x + h) - f(x)
"""
FIRST = "✓ 1.2 The central difference: passed, 1 point"
SECOND = "✗ 1.1 The forward difference: not yet"


def test_a_script_prints_what_is_checked_and_once():
    assert said("check(central_difference)\nprint('#')\nx = check(forward_difference)") == [
        FIRST,
        "#",
    ]
    assert said("print(check(central_difference))") == [FIRST]
    assert said("for f in (central_difference, forward_difference): check(f)") == [FIRST, SECOND]
    assert said("def main():\n    check(central_difference)\nmain()") == [FIRST]
    assert said("hint('1.2')")[0].startswith("→ 1.2 The central difference: hint 1")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("check(central_difference)", [FIRST]),
        ("check(central_difference)\ncheck(forward_difference)", [FIRST, SECOND]),
        ("check(central_difference); check(forward_difference); x = 1", [FIRST, SECOND]),
        ("for f in (central_difference, forward_difference): check(f)", [FIRST, SECOND]),
        ("x = check(central_difference)", []),
    ],
)
def test_a_cell_shows_every_check_once(cell, shown):
    shell = "from IPython.core.interactiveshell import InteractiveShell as S\nshell = S.instance(colors='NoColor')\n"
    code = f"{shell}shell.user_ns.update(globals())\nshell.run_cell({cell!r})"
    lines = said(code.replace("shell.run", "print('#'); shell.run"))
    assert [line.removeprefix("Out[1]: ") for line in lines[1:]] == shown or lines[1:] == shown


def test_what_an_answer_prints_is_shown_and_no_more_than_its_beginning():
    def central_difference(f, x, h):
        for line in range(30):
            print("line", line, x)
        return (f(x + h) - f(x - h)) / (2 * h)

    shown = check(central_difference)
    assert shown.folded == (
        "printed, in one call", "\n".join([*(f"line {n} 3.0" for n in range(20)), "..."])
    )  # fmt: skip
    assert "<details>" in shown._repr_html_() and "    line 19 3.0\n    ..." in str(shown)


# Who is to blame


def numerical_gradient(f, x, h):
    gradient = np.zeros(np.shape(x))
    for i in np.ndindex(np.shape(x)):
        gradient[i] = along(f, x, h, i)
    return gradient


def along(f, x, h, i):
    def moved(t):
        y = np.array(x, dtype=float)
        y[i] = t
        return f(y)

    return central_difference(moved, x[i], h)


def test_a_right_answer_is_not_blamed_for_the_helper_that_it_calls(monkeypatch):
    assert check(numerical_gradient).kind == "passed"
    monkeypatch.setitem(globals(), "central_difference", wrong)
    shown = check(numerical_gradient)
    assert shown.kind == "failed"
    assert " ".join(shown.sentences) == (
        "1.3 is right; it calls your `central_difference` (1.2), which is not: "
        "`check(central_difference)`."
    )
    assert globals()["central_difference"] is wrong  # as it was
    assert store.of("numerical_gradient") == (1.0, 2, 0)


def test_a_wrong_answer_is_blamed_whatever_it_calls(monkeypatch):
    def numerical_gradient(f, x, h):
        return np.array([along(f, x, h, i) for i in np.ndindex(np.shape(x))][::-1])

    assert "is right" not in str(check(numerical_gradient))
    monkeypatch.setitem(globals(), "central_difference", wrong)
    assert "is right" not in str(check(numerical_gradient))


def test_a_name_that_is_missing_after_a_restart_is_told_with_its_exercise(monkeypatch):
    monkeypatch.delitem(globals(), "central_difference")
    shown = check(numerical_gradient)
    assert "`central_difference` is not there. Run the cell of exercise 1.2 first." in str(shown)


# What would not pass in a grader


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("import nbformat\ndef central_difference(f, x, h): nbformat; {}", "`nbformat`"),
        ("def central_difference(f, x, h):\n import nbformat.v4\n {}", "`nbformat.v4`"),
        ("from course_nn import derivatives\ndef central_difference(f, x, h): derivatives; {}", "`course_nn.derivatives`"),
        ("from course_nn.neuron import sigmoid\ndef g(): return sigmoid\ndef central_difference(f, x, h): g(); {}", "`sigmoid`"),
        ("def central_difference(f, x, h):\n try: open('x')\n except OSError: {}", "`open`"),
        ("import matplotlib, math, numpy.linalg as la\nfrom IPython.display import display\ndef central_difference(f, x, h): math, la.norm, matplotlib; {}", ""),
        ("def open(): pass\ndef central_difference(f, x, h): open(); {}", ""),
    ],
)  # fmt: skip
def test_what_a_grader_does_not_have_is_told(code, missing):
    names = {"__name__": "__main__"}
    exec(code.format("return (f(x + h) - f(x - h)) / (2 * h)"), names)
    shown = check(names["central_difference"])
    assert shown.kind == "passed"
    expected = f"A grader does not have {missing}: use Python and NumPy alone." if missing else ""
    assert shown.footer == expected
