"""check, hint, solution and progress, as a learner calls them."""

import os
import subprocess
import sys

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
        TypeError, match=r"Give the function itself, such as check\(.*\), not 6\.0\."
    ):
        check(6.0)
    with pytest.raises(TypeError, match="not 'central_difference'"):
        check("central_difference")
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
    with pytest.raises(AttributeError, match="course_nn has nothing called chek"):
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
