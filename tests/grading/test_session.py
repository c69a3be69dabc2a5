"""Submissions, graded on each layer of this machine."""

import inspect
import linecache
import os
from dataclasses import replace

import numpy as np
import pytest
from carry import cell
from course_nn.checks import EXERCISES, notebook
from course_nn.checks.engine import Exercise, calling, evaluate
from course_nn.grading import protocol, session
from course_nn.grading.protocol import ENTRIES, FRAME
from course_nn.grading.sandbox import LAYERS, NONE, Layer
from course_nn.grading.session import Grade, Limits, grade
from sandboxed import layer, need, no_process_is_left, reached, submission

QUICK = Limits(seconds=1.0)
CHAPTERS = range(1, 7)


def cells(solved):
    """Those of all the notebooks with exercises, one after the other."""
    found = []
    for chapter in CHAPTERS:
        for one in notebook.read(notebook.path(chapter, solved))["cells"]:
            if one["cell_type"] == "code":
                name = notebook.answered(one)
                found.append((notebook.unmarked(one["source"]), (name,) if name else ()))
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
    """All of them: status, points, diagnosis, the failing call and what is said of it."""
    layer = reached()[0]
    asked, expected, sent = [], [], []
    for exercise in EXERCISES.values():
        for number, mistake in enumerate(exercise.mistakes.values()):
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
