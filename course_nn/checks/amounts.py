"""What a wrong answer amounts to on all inputs, where no known mistake of the exercise gives it.

Each sentence states a relation between what came out and what was expected, and holds on every
input that was tried. It names no cause: several may lead there.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_nn.checks.compare import Rule, difference
from course_nn.i18n import N_
from course_nn.inside.calling import Answer, Arguments

Numbers = np.ndarray
Relation = Callable[[Numbers, Arguments], Any]


def _rows(args: Arguments) -> int:
    """How many rows the first array among the arguments has."""
    return next((len(a) for a in args if isinstance(a, np.ndarray) and a.ndim), 1)


def _rounded(digits: int) -> Relation:
    return lambda x, args: np.round(x, digits)


def _reshaped(x: Numbers, args: Arguments) -> Numbers:
    if x.ndim < 2:
        raise ValueError
    return x.ravel()


RELATIONS: tuple[tuple[str, Relation], ...] = (  # of a result to what is expected
    (N_("The result is 0, whatever goes in."), lambda x, args: np.zeros_like(x)),
    (N_("Every result has the wrong sign."), lambda x, args: -x),
    (N_("The signs are lost: what should be below 0 comes out above."), lambda x, args: np.abs(x)),
    (N_("What should be below 0 comes out as 0."), lambda x, args: np.maximum(x, 0)),
    (N_("What should be above 0 comes out as 0."), lambda x, args: np.minimum(x, 0)),
    (N_("Every result is twice as large as it should be."), lambda x, args: 2 * x),
    (N_("Every result is half as large as it should be."), lambda x, args: x / 2),
    (
        N_("Every result is too small, as if divided once more by the length of what goes in."),
        lambda x, args: x / _rows(args),
    ),
    (
        N_("Every result is too large by the length of what goes in, as a sum for a mean."),
        lambda x, args: x * _rows(args),
    ),
    (N_("The results are cut off to whole numbers."), lambda x, args: np.trunc(x)),
    *(
        (N_("The results are rounded. Return them as they are."), _rounded(digits))
        for digits in range(6)
    ),
    (N_("This is the square of what is asked."), lambda x, args: x**2),
    (N_("This is the root of what is asked."), lambda x, args: np.sqrt(x)),
    (N_("This is 1 over what is asked."), lambda x, args: 1 / x),
    (N_("This is 1 less what is asked."), lambda x, args: 1 - x),
    (N_("The result is transposed: rows and columns are turned round."), lambda x, args: x.T),
    (
        N_("Everything is added up: the result is the sum of what is asked."),
        lambda x, args: x.sum(),
    ),
    (N_("The result is the mean of what is asked."), lambda x, args: x.mean()),
    (
        N_("The numbers are right, and all in one row: the shape is lost."),
        _reshaped,
    ),
    (N_("The order of the entries is turned round."), lambda x, args: x[::-1]),
    (N_("The last entry or row is missing."), lambda x, args: x[:-1]),
    (N_("The first entry or row is missing."), lambda x, args: x[1:]),
    (N_("This is the first entry or row alone."), lambda x, args: x[0]),
    (N_("This is the last entry or row alone."), lambda x, args: x[-1]),
)


def amounts(
    answers: Sequence[Answer], expected: Sequence[Any], args: Sequence[Arguments], rule: Rule
) -> str | None:
    """What all ``answers`` amount to, in a sentence; None if it is none of these relations."""
    if any(answer.error for answer in answers) or len(answers) != len(expected):
        return None
    rule = rule._replace(whole=False)  # counts as floats have the right values
    pairs = []  # of each part: what was got and expected, and the arguments
    for answer, value, own in zip(answers, expected, args):
        got, wanted = _parts(answer.value), _parts(value)
        if got is None or wanted is None or len(got) != len(wanted):
            return None
        pairs.append([(one, other, own) for one, other in zip(got, wanted)])
    for part in zip(*pairs):
        if not any(difference(got, wanted, rule) for got, wanted, _own in part):
            return None  # that one is right, and nothing can be said of all
    for sentence, relation in (*RELATIONS, *_constants(pairs)):
        if all(_holds(relation, *pair, rule) for own in pairs for pair in own):
            return sentence
    return None


def _constants(pairs: Sequence[Sequence[tuple[Numbers, Numbers, Arguments]]]) -> list[Any]:
    """The relations by a factor or a number that is the same everywhere, with those of the largest
    number that is expected in the first case."""
    got, wanted, _own = pairs[0][0]
    if got.shape != wanted.shape or not np.any(wanted):
        return []
    at = np.unravel_index(np.argmax(np.abs(wanted)), wanted.shape)
    factor, number = got[at] / wanted[at], got[at] - wanted[at]
    return [
        (
            N_(
                "Every result is the right one times the same number: a factor is wrong or missing."
            ),
            lambda x, args: x * factor,
        ),
        (N_("Every result is off by the same number."), lambda x, args: x + number),
    ]


def _parts(value: Any) -> list[Numbers] | None:
    """The arrays that ``value`` is made of; None if it is something else."""
    try:
        parts = value if isinstance(value, (tuple, list)) and len(value) else [value]
        arrays = [np.asarray(part) for part in parts]
    except ValueError:  # of parts of different shapes
        return None
    return arrays if all(array.dtype.kind in "iuf" for array in arrays) else None


def _holds(relation: Relation, got: Numbers, wanted: Numbers, args: Arguments, rule: Rule) -> bool:
    with np.errstate(all="ignore"):
        try:
            return difference(got, relation(wanted.astype(float), args), rule) is None
        except (ValueError, IndexError):
            return False
