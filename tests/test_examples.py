"""The programs in examples/ run here, and where Keras is installed with it, their one import line changed."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.support import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SPREAD = 0.03  # of the accuracy from run to run, and between two starts
LINE = "import course_nn as keras"


def outcome(program):
    """(what is printed besides the accuracy, the accuracy)"""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-"],
        check=False,
        input=program,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "torch")},
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    printed = re.sub(r"accuracy (\S+)\n", "", done.stdout)
    return printed, float(re.search(r"accuracy (\S+)\n", done.stdout)[1])


@pytest.mark.slow
@pytest.mark.sampled(3)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_comes_to_the_same_in_keras(path):
    program = path.read_text(encoding="utf-8")
    assert program.count(LINE) == 1
    if "weights.h5" in program or ".keras" in program.replace("keras.", ""):
        pytest.importorskip("h5py")
    printed, accuracy = outcome(program)
    assert accuracy > 0.85
    if not find_spec("keras"):
        return
    # The images come from the package, because Keras would fetch them from the network.
    theirs = (
        program.replace(LINE, "import keras")
        .replace(
            "keras.datasets.mnist.load_data()",
            "__import__('course_nn.datasets.mnist').datasets.mnist.load_data()",
        )
        .replace("-W error", "")
    )
    their_printed, their_accuracy = outcome(
        "import warnings; warnings.simplefilter('ignore')\n" + theirs
    )
    assert printed == their_printed
    assert abs(accuracy - their_accuracy) < SPREAD
