"""What chapter 5 says about Keras, which is not installed where the lessons are built."""

import ast
import re

import pytest

from authoring import sources as texts
from tests.support.lessons import TARGETS, prose

try:
    LESSON = next(target for target in TARGETS if target.name == "05_mnist")
except StopIteration:
    pytest.skip("there is no chapter 5", allow_module_level=True)


def programs() -> tuple[str, str]:
    """The two programs that stand side by side."""
    ours, theirs = re.findall(r"^~~~python\n(.*?)^~~~", prose(LESSON), re.MULTILINE | re.DOTALL)
    return ours, theirs


def test_the_program_is_keras_s_but_for_the_import_lines():
    ours, theirs = (program.splitlines() for program in programs())
    differing = [(one, other) for one, other in zip(ours, theirs, strict=True) if one != other]
    assert len(differing) == 4
    for one, other in differing:
        assert one.startswith("from course_nn.") and one.replace("course_nn", "keras") == other


def test_it_is_the_program_that_the_lesson_runs():
    ran = {
        ast.dump(statement)
        for cell in texts.assemble(LESSON).cells
        if cell.cell_type == "code"
        for statement in ast.parse(cell.source).body
    }
    shown = ast.parse(programs()[0]).body
    start = [ast.unparse(statement) for statement in shown].index("model = Sequential()")
    assert [s for s in shown[start:-1] if ast.dump(s) not in ran] == []
    assert len(shown[start:-1]) == 5
