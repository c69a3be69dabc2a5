"""The functions among the arguments: what a learner is told of them is true, and they stand alone."""

import subprocess
import sys

import numpy as np
import pytest

from course_nn.checks import functions
from course_nn.checks.functions import CATALOGUE


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_formula_that_is_shown_is_true(name):
    function = CATALOGUE[name]
    assert function.__name__ == name
    for x in (np.array([1.5, -0.4]), np.array([0.3, 2.0])):
        with np.errstate(invalid="ignore"):
            expected = eval(function.__doc__, {"np": np, "x": x.copy()})
            assert np.allclose(function(x), expected, rtol=1e-12, equal_nan=True)


def test_no_function_changes_its_argument():
    for function in CATALOGUE.values():
        x = np.array([1.5, 0.5])
        function(x)
        assert x.tolist() == [1.5, 0.5]


def test_a_sandbox_needs_this_file_and_numpy_alone():
    code = (
        "import runpy, sys; runpy.run_path(sys.argv[1]);"
        "print([name for name in sys.modules if name.startswith('course_nn')])"
    )
    command = [sys.executable, "-c", code, functions.__file__]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
