"""Each lesson as its reader has it: opened in JupyterLab, all cells run from the keyboard."""

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", [path.name for path in LESSONS])
def test_a_lesson_runs_from_its_first_cell_to_its_last(open_notebook, screenshots, name):
    notebook = open_notebook(f"notebooks/{name}")
    notebook.run_all()
    notebook.page.screenshot(path=screenshots / f"{name}.png")
    assert notebook.troubles() == []


def test_an_untouched_exercise_is_not_attempted_yet(open_notebook, screenshots):
    notebook = open_notebook("exercises/01_derivatives.ipynb")
    notebook.run_all()
    notebook.page.screenshot(path=screenshots / "exercises.png")
    assert "not attempted yet" in notebook.output(2).text_content()
    assert notebook.troubles() == []
