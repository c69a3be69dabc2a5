"""The functions among the arguments: what a learner is told of them is true, and they stand alone."""

import numpy as np
import pytest

from course_nn.inside.functions import CATALOGUE


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
