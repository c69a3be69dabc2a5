"""The figure of chapter 7: each optimizer walks as in the package, and says what has become of it."""

import numpy as np
import pytest

from course_nn.descent import gradient_descent
from course_nn.widgets import optimizers


def parts(shown):
    stage, controls, note = shown.children
    return stage, controls.children, note


@pytest.mark.parametrize(("name", "momentum"), [("SGD", 0.0), ("momentum 0.9", 0.9)])
def test_plain_descent_and_momentum_are_those_of_chapter_2(name, momentum):
    here = optimizers.landscapes()["bowl"]
    found = optimizers.walk(optimizers.kinds()[name], here, here.start, 0.1, 30)
    wanted = gradient_descent(
        here.gradient, here.start, learning_rate=0.1, momentum=momentum, max_steps=30, tolerance=0
    )
    assert np.allclose(found.points, wanted.points)


@pytest.mark.parametrize("name", optimizers.kinds())
def test_what_it_remembers_is_what_the_formula_says(name):
    here = optimizers.landscapes()["bowl"]
    found = optimizers.walk(optimizers.kinds()[name], here, (1.0, 1.0), 0.05, 3)
    slopes = np.array([here.gradient(p) for p in found.points[:3]])
    squares = slopes**2
    wanted = {
        "SGD": [0, 0],
        "momentum 0.9": 0.05 * np.abs(0.81 * slopes[0] + 0.9 * slopes[1] + slopes[2]),
        "Adagrad": np.sqrt(squares.sum(axis=0)),
        "RMSprop": np.sqrt(0.1 * (0.81 * squares[0] + 0.9 * squares[1] + squares[2])),
        "Adam": np.sqrt(
            0.001 * (0.999**2 * squares[0] + 0.999 * squares[1] + squares[2]) / (1 - 0.999**3)
        ),
    }
    assert np.allclose(found.memory, wanted[name])
    assert np.allclose(found.step, np.abs(found.points[-1] - found.points[-2]))


def test_a_walk_that_runs_away_ends_and_says_so():
    shown = optimizers.optimizers()
    _stage, (_ground, sort, rate, steps, *_start), note = parts(shown)
    sort.value, rate.value, steps.value = "SGD", 10.0, 300
    assert "SGD runs away after" in note.value
    sort.value = "Adam"
    assert "runs away" not in note.value
    shown.close()


def test_each_control_changes_the_picture():
    shown = optimizers.optimizers()
    stage, (ground, sort, rate, steps, start_x, start_y), note = parts(shown)
    seen = [stage.png]
    changes = [
        (sort, "Adagrad"),
        (rate, 1.0),
        (steps, 10),
        (start_x, 1.0),
        (start_y, -1.0),
        (ground, "saddle"),
    ]
    for control, value in changes:
        control.value = value
        assert stage.png != seen[-1], control.description
        seen.append(stage.png)
    assert "It remembers: root of the sum of squares" in note.value
    shown.close()
