"""The chapters of the course: the one list, from which everything that names a chapter derives.

A new chapter is a line here, a folder in ``lessons/`` and a module in ``checks/``; a test holds the
three equal.
"""

from dataclasses import dataclass

from course_nn.i18n import N_, _


@dataclass(frozen=True)
class Chapter:
    """A chapter of the course.

    Args:
        number: from 1 on.
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
        Chapter(1, "derivatives", N_("Derivatives")),
        Chapter(2, "descent", N_("Gradient descent")),
        Chapter(3, "neuron", N_("One neuron")),
        Chapter(4, "backpropagation", N_("Backpropagation")),
        Chapter(5, "mnist", N_("MNIST")),
        Chapter(6, "overfitting", N_("Overfitting and regularization")),
    )
}
