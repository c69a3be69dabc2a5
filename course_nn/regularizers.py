"""Penalties on the size of weights, added to the loss (Goodfellow et al. 2016, section 7.1)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from course_nn._arrays import BLOCK, blocks
from course_nn._names import Explained, lookup, missing
from course_nn.i18n import _


@dataclass(frozen=True)
class L1L2(metaclass=Explained):
    """penalty = l1 sum |w| + l2 sum w^2, Keras's definition (others put 1/2 before l2).

    Raises:
        ValueError: a factor is negative.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        if not (self.l1 >= 0 and self.l2 >= 0):
            raise ValueError(
                _(
                    "A regularizer's factors must be 0 or more, got l1={l1}, l2={l2}. "
                    "A negative factor would reward large weights; small ones such as 1e-4 are usual."
                ).format(l1=self.l1, l2=self.l2)
            )

    def forward(self, w: np.ndarray) -> float:
        """l1 sum |w| + l2 sum w^2"""
        penalty = self.l1 * float(np.abs(w).sum()) if self.l1 else 0.0
        return penalty + self.l2 * float(np.vdot(w, w))

    def backward(self, w: np.ndarray, dw: np.ndarray) -> float:
        """dw += l1 sign(w) + 2 l2 w, in place, with sign(0) = 0 (both arrays C-contiguous)

        Returns what ``forward`` gives, so that training reads large weights from memory once.
        """
        penalty, l1, l2 = 0.0, float(self.l1), float(self.l2)
        scratch = np.empty(min(BLOCK, w.size), w.dtype)
        for part, gradient in blocks(w, dw):
            term = scratch[: part.size]
            if l1:
                np.sign(part, out=term)
                term *= l1
                gradient += term
            if l2:
                np.multiply(part, 2 * l2, out=term)
                gradient += term
            penalty += self.forward(part)
        return penalty


def l1(l1: float = 0.01) -> L1L2:
    """penalty = l1 sum |w|: pulls every weight towards zero with the same force (lasso)."""
    return L1L2(l1=l1)


def l2(l2: float = 0.01) -> L1L2:
    """penalty = l2 sum w^2: pulls large weights more than small ones (ridge; for plain SGD, weight decay)."""
    return L1L2(l2=l2)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """penalty = l1 sum |w| + l2 sum w^2 (elastic net)."""
    return L1L2(l1, l2)


def get(regularizer: str | dict[str, float] | L1L2 | None) -> L1L2 | None:
    """A regularizer as it is, by name with its default factor 0.01 ("l1", "l2", "l1_l2"), or from its factors.

    Raises:
        ValueError: there is no regularizer of that name.
    """
    if regularizer is None or isinstance(regularizer, L1L2):
        return regularizer
    if isinstance(regularizer, dict):
        return L1L2(**regularizer)
    return lookup(_("regularizer"), regularizer, {"l1": l1, "l2": l2, "l1_l2": l1_l2})()


class L1(L1L2):
    """Keras's class of ``l1``."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """Keras's class of ``l2``."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, ["L1", "L1L2", "L2", "l1", "l1_l2", "l2"])
