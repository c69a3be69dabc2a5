"""The end of chapter 5: a learner's own functions, put together, read the test images of MNIST."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_nn.checks.engine import FAILED, NOT_ATTEMPTED, PASSED
from course_nn.checks.panel import Panel
from course_nn.datasets import mnist
from course_nn.i18n import _
from course_nn.metrics import confusion_matrix

WANTED = 0.95  # of the test images, to pass


@dataclass(frozen=True, repr=False)
class Reading:
    """What became of a capstone: a panel, and a picture of digits it reads, if it reads any."""

    panel: Panel
    picture: Any = None

    def __repr__(self) -> str:
        return repr(self.panel)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        if self.picture is None:
            return {"text/html": self.panel._repr_html_(), "text/plain": repr(self)}, {}
        from IPython.display import display

        display(self.panel)
        return self.picture._repr_mimebundle_()


def capstone(read: Callable[[], tuple[np.ndarray, np.ndarray]]) -> Reading:
    """Train and test a network with ``read``, which is made of the learner's own functions.

    ``read()`` gives the confusion matrix of the 10,000 test images, (10, 10), and the shares that the
    network gives them, (10000, 10). More than 95 % must be right, by both.

    Raises:
        AssertionError: in strict mode (the environment variable COURSE_NN_STRICT is 1), where it does
            not pass.
    """
    reading = _judge(read)
    if os.environ.get("COURSE_NN_STRICT") == "1" and reading.panel.kind != PASSED:
        raise AssertionError(str(reading))
    return reading


def _judge(read: Callable[[], tuple[np.ndarray, np.ndarray]]) -> Reading:
    title = _("Capstone: your network reads digits")

    def not_yet(sentence: str, rows: tuple[tuple[str, ...], ...] = ()) -> Reading:
        return Reading(Panel(FAILED, _("{title}: not yet").format(title=title), (sentence,), rows))

    try:
        answer = read()
    except NotImplementedError:
        sentence = _(
            "It needs every function of this chapter. Write those that are missing above, first."
        )
        heading = _("{title}: not attempted yet").format(title=title)
        return Reading(Panel(NOT_ATTEMPTED, heading, (sentence,)))
    _train, (images, labels) = mnist.load_data()
    shapes = [np.shape(part) for part in answer] if isinstance(answer, (tuple, list)) else []
    if shapes != [(10, 10), (len(labels), 10)]:
        return not_yet(
            _("It must return the confusion matrix, (10, 10), and the shares, (10000, 10).")
        )
    matrix, shares = map(np.asarray, answer)
    if not (shares.min() >= 0 and np.allclose(shares.sum(axis=1), 1, atol=1e-4)):
        return not_yet(
            _(
                "The shares of an image must lie between 0 and 1 and add up to 1. Check "
                "softmax_network."
            )
        )
    said = shares.argmax(axis=1)
    right = float(np.mean(said == labels))
    rows = (
        (_("test images read"), f"{right:.2%}"),
        (_("wanted"), _("more than {share:.0%}").format(share=WANTED)),
    )
    if not np.array_equal(matrix, confusion_matrix(labels, said, 10)):
        return not_yet(
            _("The confusion matrix does not count what the shares say. Check confusion_matrix."),
            rows,
        )
    if not right > WANTED:
        return not_yet(
            _("It does not read well enough. Does each function of this chapter pass its check?"),
            rows,
        )
    from course_nn.plots.mnist import readings

    sentence = _(
        "You have built a network that reads handwriting, line by line, and nobody else's code is in it."
    )
    panel = Panel(PASSED, _("{title}: passed").format(title=title), (sentence,), rows)
    shown = np.concatenate([np.arange(6), np.flatnonzero(said != labels)[:6]])
    return Reading(panel, readings(images[shown], shares[shown], labels[shown]))
