"""What nbval lets pass, closed. nbval runs each notebook and compares what it says; these tests see
to it that what is committed can be compared, and reads as well elsewhere and without eyes."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from authoring import execution, proofs, sources
from tests.support import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
ALT = "A line that rises from left to right."
PICTURE = {"image/png": "iVBORw0KGgo=", "text/plain": ALT}


def executed(*outputs, tags=(), source="x", count=1):
    cell = new_code_cell(source, execution_count=count, outputs=list(outputs))
    cell.metadata["tags"] = list(tags)
    return cell


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def data(**kinds):
    return new_output(
        "display_data", {kind.replace("_", "/"): text for kind, text in kinds.items()}
    )


ERROR = new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: no"])


@pytest.mark.parametrize(
    "cell",
    [
        executed(stream("0.97\n")),
        executed(data(image_png="iVBORw0KGgo=", text_plain=ALT)),
        executed(ERROR, tags=["raises-exception"]),
        executed(data(text_plain="<Value 3.0>")),
    ],
)
def test_what_is_fine(cell):
    assert list(proofs.problems(new_notebook(cells=[cell]))) == []


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (executed(count=None), "not executed in order"),
        (executed(count=2), "not executed in order"),
        (executed(ERROR), "raises, against its tags"),
        (executed(stream("fine\n"), tags=["raises-exception"]), "does not raise, against its tags"),
        (executed(ERROR, tags=["raises-exception", "nbval-ignore-output"]), "need not raise"),
        (executed(tags=["nbval-ignore-output"]), "does not have"),
        (executed(stream("UsageError: Line magic function `%x` not found.", "stderr")), "stderr"),
        (executed(data(image_png="iVBORw0KGgo=")), "without alternative text"),
        (
            executed(
                data(image_png="iVBORw0KGgo=", text_plain="<Figure size 640x480 with 1 Axes>")
            ),
            "without alt",
        ),
        (executed(new_output("display_data", {execution.WIDGET: {}, **PICTURE})), "a widget"),
        (executed(stream(f"saved as {Path.home() / 'model'}")), "only on this machine"),
        (executed(stream("saved as C:\\Users\\ada\\model")), "only on this machine"),
        (executed(stream("/home/ada/model")), "only on this machine"),
        (executed(data(text_plain="<function f at 0x7f3654a96480>")), "only on this machine"),
    ],
)
def test_what_a_reader_elsewhere_could_not_trust_is_named(cell, complaint):
    (problem,) = proofs.problems(new_notebook(cells=[cell]))
    assert problem.startswith("cell 1 (x)") and complaint in problem


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_each_notebook_is_small_valid_and_free_of_widget_state(path):
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert path.stat().st_size <= proofs.SIZE_LIMIT
    assert list(proofs.problems(notebook)) == []


def test_nbval_compares_words_and_errors_and_not_the_bytes_of_pictures(tmp_path):
    """With the options of this project, not with nbval's own."""
    show = f"from IPython.display import display\ndisplay({PICTURE!r}, raw=True)"
    cells = [
        ("same", executed(stream("1\n"), source="print(1)", count=1), "passed"),
        ("other number", executed(stream("1\n"), source="print(2)", count=2), "failed"),
        (
            "other error",
            executed(ERROR, source="raise ValueError('yes')", tags=["raises-exception"]),
            "failed",
        ),
        ("no error", executed(ERROR, source="2", tags=["raises-exception"]), "failed"),
        ("other bytes", executed(data(image_png="AAAA", text_plain=ALT), source=show), "passed"),
        (
            "other words",
            executed(data(image_png="AAAA", text_plain=ALT + " "), source=show),
            "failed",
        ),
        ("a warning", executed(source="import sys; sys.stderr.write('old') and None"), "failed"),
    ]
    notebook = new_notebook(cells=[cell for _, cell, _ in cells], metadata=sources.METADATA)
    path = tmp_path / "traps.ipynb"
    nbformat.write(notebook, path)
    options = ["-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "-v", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        check=False,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    lines = [line for line in done.stdout.splitlines() if "::Cell" in line]
    for number, (case, _, outcome) in enumerate(cells):
        assert any(f"Cell {number} {outcome.upper()}" in line for line in lines), (
            f"{case}\n{done.stdout}"
        )
