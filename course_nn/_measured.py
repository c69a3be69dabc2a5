"""Slopes of functions of one's own, measured by central differences as in chapter 1, where nobody has derived them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_nn._arrays import Array
from course_nn.i18n import _


def measured_gradient(function: Callable[[Array], Any], p: Array) -> Array:
    """dp of mean(function(p)) by central differences, (f(p + h) - f(p - h)) / 2h, in float64.

    Where the function gives a number for each example, one output of all examples is moved at a time; that no
    example answers to another is checked along one random direction. Else each number is moved by itself.
    """
    p64 = p.astype(np.float64)
    n, flat = len(p64), p64.reshape(len(p64), -1)
    h = 1e-5 * np.abs(flat) + 1e-9
    gradient = np.empty_like(flat)

    def values(flat: Array) -> Array:
        return np.asarray(function(flat.reshape(p64.shape)), dtype=np.float64)

    if values(flat).shape[:1] == (n,):

        def each(flat: Array) -> Array:
            return values(flat).reshape(n, -1).mean(axis=1) / n

        for k in range(flat.shape[1]):
            step = np.zeros_like(flat)
            step[:, k] = h[:, k]
            gradient[:, k] = (each(flat + step) - each(flat - step)) / (2 * h[:, k])
        direction = np.random.default_rng(0).uniform(0.5, 1, flat.shape) * h
        slope = (each(flat + direction).sum() - each(flat - direction).sum()) / 2
        if abs(slope - np.vdot(gradient, direction)) <= 1e-4 * np.abs(gradient * direction).sum():
            return gradient.reshape(p.shape).astype(p.dtype)
    for place in np.ndindex(flat.shape):
        step = np.zeros_like(flat)
        step[place] = h[place]
        gradient[place] = (values(flat + step).mean() - values(flat - step).mean()) / (2 * h[place])
    return gradient.reshape(p.shape).astype(p.dtype)


def activation(function: Callable[[Array], Any], name: str) -> tuple[Callable, Callable]:
    """``function`` as an activation, forward and backward: y = function(z),  dz = dy (f(z + h) - f(z - h)) / 2h.

    Whether each output answers to its own input alone is tried: half of the inputs are moved, and the other half's
    outputs must stay. Else, as under a softmax, each place of the last axis is moved by itself; what mixes examples
    is refused.
    """

    def values(z: Array) -> Array:
        y = np.asarray(function(z))
        if y.shape != z.shape or y.dtype.kind not in "biuf":
            raise ValueError(
                _(
                    "An activation gives a number for each that it gets, but {name} made shape {given} of {wanted}."
                ).format(name=name, given=y.shape, wanted=z.shape)
            )
        return y

    def forward(z: Array, *, out: Array | None = None) -> Array:
        z = np.asarray(z)
        y = values(z).astype(z.dtype if z.dtype.kind == "f" else np.float64)
        return np.positive(y, out=out)

    def backward(dy: Array, z: Array, *, out: Array | None = None) -> Array:
        z = z.astype(np.float64)
        y = values(z)
        exact = np.finfo(y.dtype if y.dtype.kind == "f" else np.float64).eps
        h = exact ** (1 / 3) * np.maximum(1, np.abs(z))  # for the least error (chapter 1)

        def answer(moved: Array) -> bool:
            """Whether outputs answer to inputs of which their own is not one."""
            seen = values(np.where(moved, z + h, z))
            still = np.broadcast_to(~moved, z.shape)
            return not np.allclose(seen[still], y[still], 1e2 * exact, 1e2 * exact, equal_nan=True)

        half = np.random.default_rng(0).random(z.shape) < 0.5
        if not answer(half):
            dz = dy * ((values(z + h) - values(z - h)) / (2 * h))
        elif answer(half[..., :1]):
            raise ValueError(
                _(
                    "{name} mixes examples, so it is no activation. Write a layer of your own, with forward and backward."
                ).format(name=name)
            )
        else:
            dz = np.empty(z.shape)
            for k in range(z.shape[-1]):
                step = np.zeros(z.shape)
                step[..., k] = h[..., k]
                rise = values(z + step) - values(z - step)
                dz[..., k] = (dy * rise).sum(axis=-1) / (2 * h[..., k])
        return np.positive(dz.astype(dy.dtype), out=out)

    return forward, backward
