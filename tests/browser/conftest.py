"""The lessons and their interactive figures in a real JupyterLab, in a real browser.

A Chromium that is installed is used; none is downloaded. COURSE_NN_CHROMIUM names one that is not
found, COURSE_NN_SCREENSHOTS a folder for what the browser shows.
"""

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.support import ROOT
from tests.support.lab import Notebook, find_chromium, running_lab

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab with copies of the lessons and of the exercises."""
    with running_lab(tmp_path_factory.mktemp("jupyterlab")) as running:
        for folder in ("notebooks", "exercises"):
            for path in (ROOT / folder).glob("*.ipynb"):
                save(nbformat.read(path, 4), running.root / folder / path.name)
        yield running


def save(notebook, path):
    """Write ``notebook`` such that a cell has a number only once it has run here."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")  # while Playwright runs, no other test could run an event loop
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason=unseen("no Playwright"))
    if not find_chromium():
        pytest.skip(unseen("no Chromium"))
    with playwright.sync_playwright() as play:
        running = play.chromium.launch(executable_path=find_chromium())
        yield running
        running.close()


def unseen(reason):
    return (
        f"{reason}: THE LESSONS AND THEIR WIDGETS WERE NOT TRIED IN A BROWSER; "
        "install Chromium or Chrome (Debian: apt install chromium) and pip install playwright"
    )


@pytest.fixture
def open_notebook(browser, lab):
    """Opens a notebook: that at a path, or one with the cells given."""
    opened = []

    def open(what, width=1600, theme="light"):
        path = what
        if not isinstance(what, str):
            path = f"made/{len(list(lab.root.glob('made/*')))}.ipynb"
            save(
                new_notebook(cells=list(map(new_code_cell, what)), metadata=KERNEL), lab.root / path
            )
        opened.append(Notebook(browser, lab, path, width, theme))
        return opened[-1]

    yield open
    for notebook in opened:
        notebook.close()


@pytest.fixture
def screenshots(tmp_path):
    """The folder for screenshots."""
    folder = Path(os.environ.get("COURSE_NN_SCREENSHOTS", tmp_path)).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
