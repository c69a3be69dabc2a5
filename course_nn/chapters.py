"""The chapters of the course: the one list, from which everything that names a chapter derives.

A new chapter is a line here, a folder in ``lessons/`` and a module in ``checks/``; a test holds the
three equal.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from course_nn import i18n
from course_nn.i18n import N_, _

# The folders of the course that hold a notebook of each chapter; another language's are in a folder
# of theirs, exercises/es. The last is not in a student's copy, and not where a learner looks first.
NOTEBOOKS, STUBS, ANSWERS = "notebooks", "exercises", "worked_answers"


@dataclass(frozen=True)
class Chapter:
    """A chapter of the course.

    Args:
        number: 0 for the primer, then from 1 on.
        slug: the word that names its files.
        title: in English, as its lesson and its exercises have it; `str` gives it in the language
            that is set, with the number: "2 Gradient descent".
    """

    number: int
    slug: str
    title: str

    @property
    def stem(self) -> str:
        """The name of its folder in ``lessons/`` and, without the ending, of its notebooks."""
        return f"{self.number:02}_{self.slug}"

    @property
    def notebook(self) -> str:
        """The file name of its lesson, its exercises and their solutions, in every language."""
        return f"{self.stem}.ipynb"

    @property
    def module(self) -> str:
        """The module of `course_nn.checks` that specifies its exercises."""
        return f"chapter{self.number}"

    def __str__(self) -> str:
        return f"{self.number} {_(self.title)}"


CHAPTERS = {
    chapter.number: chapter
    for chapter in (
        Chapter(0, "numpy", N_("NumPy")),
        Chapter(1, "derivatives", N_("Derivatives")),
        Chapter(2, "descent", N_("Gradient descent")),
        Chapter(3, "neuron", N_("One neuron")),
        Chapter(4, "backpropagation", N_("Backpropagation")),
        Chapter(5, "mnist", N_("MNIST")),
        Chapter(6, "overfitting", N_("Overfitting and regularization")),
        Chapter(7, "optimizers", N_("Optimizers")),
        Chapter(8, "deep", N_("Deep networks")),
    )
}


_PACKAGES = Path(__file__).resolve().parent.parent


def course() -> Path:
    """The folder of the course: around here, else around the package.

    Where the package's own folder is not the learner's to write, COURSE_NN_HOME names theirs.

    Raises:
        FileNotFoundError: there is none.
    """
    places = [Path.cwd(), *Path.cwd().parents]
    if home := os.environ.get("COURSE_NN_HOME"):
        places = [place for place in places if place != _PACKAGES] + [Path(home)]
    for place in [*places, _PACKAGES]:
        if _holds_notebooks(place / STUBS):
            return place
    raise FileNotFoundError(_("There is no folder with exercises here. Go to the course's folder."))


def language() -> str:
    """The language of the folder that the learner stands in, such as exercises/es; in a folder of
    all languages the one that is set. "en" where the course has no such exercises."""
    try:
        root = course()
    except FileNotFoundError:
        return i18n.language()
    inside = Path.cwd().relative_to(root).parts if Path.cwd().is_relative_to(root) else ()
    if inside and inside[0] in (NOTEBOOKS, STUBS, ANSWERS):
        wanted = inside[1] if len(inside) > 1 else "en"
    else:
        wanted = i18n.language()
    there = re.fullmatch("[a-z]{2,3}(_[A-Z]{2})?", wanted)
    return wanted if there and _holds_notebooks(root / STUBS / wanted) else "en"


def folder(kind: str = STUBS) -> Path:
    """Where the notebooks are that the learner has to do with, in the `language` of this place.

    Args:
        kind: NOTEBOOKS, STUBS or ANSWERS.

    Raises:
        FileNotFoundError: there is no course here.
    """
    of_english = course() / kind
    if kind == ANSWERS and str(course()) == os.environ.get("COURSE_NN_HOME"):
        of_english = _PACKAGES / kind
    return of_english if language() == "en" else of_english / language()


def _holds_notebooks(place: Path) -> bool:
    return any(place.glob("[0-9][0-9]_*.ipynb"))
