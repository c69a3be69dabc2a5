"""Derivatives as numbers: from the slope of a secant to the check of a gradient (chapter 1).

Every function takes ``f`` as a Python function and computes in float64, whatever the type of ``x``:
in float32 a difference of two nearly equal values has hardly a digit left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_nn._arrays import Array
from course_nn.i18n import _

Function = Callable[..., Any]
Numbers = Any  # a number, a list or an array of any shape: what np.array turns into float64


def forward_difference(f: Function, x: Numbers, h: float = 1e-8) -> Any:
    """(f(x + h) - f(x)) / h, the slope of the secant from x to x + h.

    The error is about ``h |f''(x)| / 2`` (truncation) plus ``2e-16 |f(x)| / h`` (round-off): least
    near ``h = eps ** (1/2)``, about 1e-8, where half of the 16 digits are right.

    Args:
        f: a function of one number that also works entry by entry on an array.
        x: where; a number, or an array of any shape for the slope at each entry.
        h: the step, in the units of x; for x far from 1, scale it with x.

    Returns:
        The slopes, float64, in the shape of x.

    Raises:
        ValueError: h is not positive or too small to change x; x or f has NaN or infinity; f does
            not return one value for each entry of x.
        TypeError: f does not return float64 numbers (integers will do).

    Source: Press et al., Numerical Recipes (3rd ed.), section 5.7.
    """
    x = _float64(x, h)
    f = _checked(f, x.shape)
    return (f(x + h) - f(x)) / h


def central_difference(f: Function, x: Numbers, h: float = 1e-5) -> Any:
    """(f(x + h) - f(x - h)) / (2 h), the slope of the secant from x - h to x + h.

    The error is about ``h**2 |f'''(x)| / 6`` plus ``1e-16 |f(x)| / h``: least near
    ``h = eps ** (1/3)``, about 1e-5, where some 10 of the 16 digits are right.

    Arguments, result, errors and source as in `forward_difference`.
    """
    x = _float64(x, h)
    f = _checked(f, x.shape)
    return (f(x + h) - f(x - h)) / (2 * h)


def numerical_gradient(f: Function, x: Numbers, h: float = 1e-5) -> Array:
    """(f(x + h e_i) - f(x - h e_i)) / (2 h) for every entry i of x.

    f is called twice for each entry of x: right for a check, far too slow to train with.

    Args:
        f: a function of one array that returns a single number, such as a loss.
        x: where; an array of any shape. It is left as it is: f sees copies.
        h: the step.

    Returns:
        The gradient, float64, in the shape of x.

    Raises:
        ValueError, TypeError: as in `forward_difference`; here f must return a single number.
    """
    x = _float64(x, h)
    f = _checked(f, ())
    gradient, step = np.zeros_like(x), np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
        step[i] = 0
    return gradient


def jacobian(f: Function, x: Numbers, h: float = 1e-5) -> Array:
    """J[i, j] = d f(x)[i] / d x[j], by central differences: one gradient for each output of f.

    Args:
        f: a function of one array that returns an array of any shape.
        x: where; an array of any shape. It is left as it is.
        h: the step.

    Returns:
        The derivatives, float64, in the shape ``f(x).shape + x.shape``.

    Raises:
        ValueError, TypeError: as in `forward_difference`; here f may return any shape.
    """
    x = _float64(x, h)
    f = _checked(f)
    step = np.zeros_like(x)
    derivatives = np.zeros(f(x).shape + x.shape)
    for j in np.ndindex(x.shape):
        step[j] = h
        derivatives[..., *j] = (f(x + step) - f(x - step)) / (2 * h)
        step[j] = 0
    return derivatives


@dataclass(frozen=True, repr=False)
class GradientCheck:
    """What `gradient_check` found; true if the check passed, and printed as a sentence.

    ``index`` is the entry with the largest relative error; ``analytic`` is the value that the
    formula gives there, ``numerical`` the one that `numerical_gradient` gives.
    """

    passed: bool
    relative_error: float
    index: tuple[int, ...]
    analytic: float
    numerical: float

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return _(
            "Gradient check {verdict}: largest relative error {error:.1e}, at {entry}, "
            "where the formula gives {analytic:.9g} and the numerical gradient {numerical:.9g}."
        ).format(
            verdict=_("passed") if self.passed else _("FAILED"),
            error=self.relative_error,
            entry=f"x{list(self.index)}" if self.index else "x",
            analytic=self.analytic,
            numerical=self.numerical,
        )


def gradient_check(
    f: Function, grad: Function, x: Numbers, h: float = 1e-5, tolerance: float = 1e-6
) -> GradientCheck:
    """|a - n| / max(|a|, |n|) <= tolerance for each entry a of grad(x), n of numerical_gradient.

    Where both are below ``s = 1e-3 max(1, |f(x)|)`` the difference is divided by s instead: there
    the round-off of f alone would fail a right formula. f must compute in float64 and without
    chance (no dropout), and have no kink within h of x, as ReLU has at 0.

    Args:
        f: a function of one array that returns a single number.
        grad: the function to check: ``grad(x)`` is the gradient of f at x, in the shape of x.
        x: where; an array of any shape. Random numbers find more mistakes than zeros and ones.
        h: the step of the numerical gradient.
        tolerance: the largest relative error that passes.

    Raises:
        ValueError: x is empty; grad(x) does not have the shape of x; f gives two values for one x;
            tolerance is not positive; and as in `numerical_gradient`.
        TypeError: grad is not a function; f does not return a number.

    Source: CS231n, "Gradient checks", https://cs231n.github.io/neural-networks-3/#gradcheck;
    Goodfellow et al., Deep Learning, section 11.5.
    """
    if not callable(grad):
        message = _("grad must be a function, got {kind}. For a gradient g pass lambda x: g.")
        raise TypeError(message.format(kind=type(grad).__name__))
    if not tolerance > 0:
        raise ValueError(_("tolerance must be positive, got {value}.").format(value=tolerance))
    numerical = numerical_gradient(f, x, h)
    x = _float64(x, h)
    f = _checked(f, ())
    analytic = np.array(grad(x.copy()), dtype=np.float64)
    if analytic.shape != x.shape or x.size == 0:
        message = _("grad(x) must have the shape of x, {x}, and at least one entry; it has {got}.")
        raise ValueError(message.format(x=x.shape, got=analytic.shape))
    value, again = f(x), f(x)
    size = max(1.0, abs(value))
    if abs(value - again) > 1e-10 * size:  # a library may add in another order the second time
        message = _("f(x) was {value}, then {again}, for one x. Fix the seed, switch dropout off.")
        raise ValueError(message.format(value=value, again=again))
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numerical)), 1e-3 * size)
    with np.errstate(invalid="ignore"):  # an infinite entry of grad(x) gives NaN, which fails
        error = np.abs(analytic - numerical) / scale
    worst = np.unravel_index(np.argmax(error), error.shape)  # argmax finds a NaN before any number
    return GradientCheck(
        passed=bool(error[worst] <= tolerance),
        relative_error=float(error[worst]),
        index=tuple(int(i) for i in worst),
        analytic=float(analytic[worst]),
        numerical=float(numerical[worst]),
    )


def _float64(x: Numbers, h: float) -> Any:
    """A copy of x in float64, to which h can be added without being lost."""
    if not 0 < h < np.inf:
        raise ValueError(_("h must be a small positive number, got {h}.").format(h=h))
    x = np.array(x, dtype=np.float64)
    if not np.all(np.isfinite(x)):
        raise ValueError(_("x must be finite, but it is {x}.").format(x=_short(x)))
    if np.any(x + h == x):
        message = _("x + h is x again for x = {x}, h = {h}: rounding loses h. Take a larger h.")
        raise ValueError(message.format(x=_short(x), h=h))
    return x


def _checked(f: Function, shape: tuple[int, ...] | None = None) -> Function:
    """f with copies going in and out, whose values are finite float64 numbers in ``shape``."""

    def checked(x: Any) -> Any:
        value = np.array(f(x.copy()))  # f may change its argument, or return a view of it
        if value.dtype.kind not in "biu" and value.dtype != np.float64:
            message = _(
                "f must return float64 numbers, but f({x}) is {value}, of type {kind}. "
                "Does f end in return, and compute in float64?"
            )
            raise TypeError(message.format(x=_short(x), value=_short(value), kind=value.dtype))
        if shape is not None and value.shape != shape:
            message = _(
                "f(x) must have shape {wanted}, got {got}: forward_difference and "
                "central_difference need one value for each entry of x, numerical_gradient "
                "a single number. For any other function take jacobian."
            )
            raise ValueError(message.format(wanted=shape, got=value.shape))
        if not np.all(np.isfinite(value)):
            message = _("f({x}) is {value}. Choose x and h with f finite from x - h to x + h.")
            raise ValueError(message.format(x=_short(x), value=_short(value)))
        return value.astype(np.float64)

    return checked


def _short(values: Any) -> str:
    return np.array2string(np.asarray(values), threshold=6, edgeitems=2, precision=9)
