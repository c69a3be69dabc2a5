"""One loop that does ten things, in place of ten operations on whole vectors: ``compile(..., jit_compile=True)``.

NumPy carries out ``m *= b; m += g; ...`` one operation at a time, and each reads its vectors from memory and writes
one back. The loops below read each number once, do all that is to be done with it, and write it once. Each stands
under the NumPy formula that it equals. Numba (https://numba.pydata.org) translates them into machine code the first
time that they run, and keeps that code on disk. The matrix products and e^x stay NumPy's: no loop here is faster.

This module is imported where a model asks for it, and nowhere else.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numba
import numpy as np

from course_nn import data, losses, models, optimizers
from course_nn._arrays import Array
from course_nn.activations import ACTIVATIONS
from course_nn.layers import Activation, BatchNormalization, Dense, Dropout, ReLU

Function = Callable[..., Any]

# Sums may be taken in another order, several at once. NaN and infinity keep their meaning.
FLAGS = {"fastmath": {"contract", "nsz", "reassoc"}, "error_model": "numpy", "nogil": True}


def loop(function: Function) -> Function:
    """``function`` in machine code, made for each type of arrays when it is first called with it."""
    njit: Any = numba.njit  # its types know no settings by **
    try:
        return njit(cache=True, **FLAGS)(function)
    except RuntimeError:  # there is no folder to keep it in that can be written
        return njit(**FLAGS)(function)


# ---- steps of the optimizers: p, g, what is kept (None where it is not), then numbers ----


@loop
def sgd(p, g, v, lr, momentum, nesterov):
    """v = momentum * v + lr * g;  p -= v, or with Nesterov lr * g + momentum * v; without a momentum lr * g"""
    for i in range(p.size):
        step = lr * g[i]
        if v is not None:
            v[i] = momentum * v[i] + step
            step = step + momentum * v[i] if nesterov else v[i]
        p[i] -= step


@loop
def adagrad(p, g, v, lr, epsilon):
    """v += g**2;  p -= lr * g / sqrt(v + epsilon)"""
    for i in range(p.size):
        v[i] += g[i] * g[i]
        p[i] -= lr * (g[i] / np.sqrt(v[i] + epsilon))


@loop
def adadelta(p, g, v, d, lr, rho, rest, epsilon):
    """v = rho * v + rest * g**2;  step = g * sqrt((d + epsilon) / (v + epsilon));  d = rho * d + rest * step**2;
    p -= lr * step"""
    for i in range(p.size):
        v[i] = rho * v[i] + rest * (g[i] * g[i])
        step = g[i] * np.sqrt((d[i] + epsilon) / (v[i] + epsilon))
        d[i] = rho * d[i] + rest * (step * step)
        p[i] -= lr * step


@loop
def rmsprop(p, g, v, velocity, mean, lr, rho, rest, momentum, epsilon):
    """v = rho * v + rest * g**2;  step = lr * g / sqrt(v + epsilon);  velocity = momentum * velocity + step;
    p -= velocity, or step;  centered: mean = rho * mean + rest * g, and v - mean**2 under the root"""
    for i in range(p.size):
        v[i] = rho * v[i] + rest * (g[i] * g[i])
        spread = v[i]
        if mean is not None:
            mean[i] = rho * mean[i] + rest * g[i]
            spread -= mean[i] * mean[i]
        step = lr * (g[i] / np.sqrt(spread + epsilon))
        if velocity is not None:
            velocity[i] = momentum * velocity[i] + step
            step = velocity[i]
        p[i] -= step


@loop
def adam(p, g, m, v, largest, beta_1, beta_2, c, e):
    """m = beta_1 * m + g;  v = beta_2 * v + g**2;  p -= c * m / (sqrt(v) + e);  AMSGrad: with the largest v so far"""
    for i in range(p.size):
        m[i] = beta_1 * m[i] + g[i]
        v[i] = beta_2 * v[i] + g[i] * g[i]
        spread = v[i]
        if largest is not None:
            spread = largest[i] = np.maximum(largest[i], spread)
        p[i] -= c * (m[i] / (np.sqrt(spread) + e))


@loop
def adamax(p, g, m, v, beta_1, beta_2, c, epsilon):
    """m = beta_1 * m + g;  v = maximum(beta_2 * v, abs(g));  p -= c * m / (v + epsilon)"""
    for i in range(p.size):
        m[i] = beta_1 * m[i] + g[i]
        v[i] = np.maximum(beta_2 * v[i], np.abs(g[i]))
        p[i] -= c * (m[i] / (v[i] + epsilon))


@loop
def nadam(p, g, m, v, beta_1, beta_2, c, d, e):
    """m = beta_1 * m + g;  v = beta_2 * v + g**2;  p -= (c * m + d * g) / (sqrt(v) + e)"""
    for i in range(p.size):
        m[i] = beta_1 * m[i] + g[i]
        v[i] = beta_2 * v[i] + g[i] * g[i]
        p[i] -= (c * m[i] + d * g[i]) / (np.sqrt(v[i]) + e)


STEPS: dict[type, tuple[Function, tuple[str, ...]]] = {
    optimizers.SGD: (sgd, ("velocity",)),
    optimizers.Adadelta: (adadelta, ("squares", "squared_steps")),
    optimizers.Adagrad: (adagrad, ("squares",)),
    optimizers.RMSprop: (rmsprop, ("squares", "velocity", "mean")),
    optimizers.Adam: (adam, ("m", "v", "largest")),
    optimizers.AdamW: (adam, ("m", "v", "largest")),
    optimizers.Adamax: (adamax, ("m", "v")),
    optimizers.Nadam: (nadam, ("m", "v")),
}


def update(self: Any, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
    """The step of an optimizer, for each stretch"""
    step, names = STEPS[type(self)]
    numbers = self.numbers(lr, t)
    for p, g, *kept, _scratch in parts:
        slots = dict(zip(self.slots, kept))
        if not vars(self).get(
            "momentum", True
        ):  # SGD has a velocity all the same, and leaves it alone
            slots.pop("velocity", None)
        step(p, g, *map(slots.get, names), *map(p.dtype.type, numbers))


@loop
def penalize(w, dw, l1, l2):
    """dw += l1 * sign(w) + 2 * l2 * w;  l1 * abs(w).sum() + l2 * (w**2).sum()"""
    zero = w.dtype.type(0)
    size, square = zero, zero
    for i in range(w.size):
        away = l1 if w[i] > 0 else -l1 if w[i] < 0 else zero
        dw[i] += away + (l2 + l2) * w[i]
        size += np.abs(w[i])
        square += w[i] * w[i]
    return l1 * size + l2 * square


def regularize(self: Any, start: int, stop: int) -> float:
    """The penalties of a model on that stretch, and their gradients."""
    total = 0.0
    for first, last, given in self._penalized:
        place = slice(max(first, start), min(last, stop))
        if place.start < place.stop:
            w, dw = self.parameters[place], self.gradients[place]
            total += float(penalize(w, dw, w.dtype.type(given.l1), w.dtype.type(given.l2)))
    return total


# ---- layers ----


@loop
def add_and_clip(z, b):
    """z += b;  maximum(z, 0, out=z)"""
    for i in range(z.shape[0]):
        for k in range(z.shape[1]):
            z[i, k] = np.maximum(z[i, k] + b[k], 0)


@loop
def mask(dy, y, dz):
    """dz = dy * (y > 0)"""
    for i in range(y.size):
        dz[i] = dy[i] if y[i] > 0 else 0


def dense(self: Any, x: Array, training: bool = False) -> Array:
    """y = relu(x W + b)"""
    self.x = x
    self.y = np.dot(x, self.weights["kernel"], out=self.buffer("y", (len(x), self.units)))
    add_and_clip(self.y, self.weights["bias"])
    return self.y


def dense_backward(self: Any, dy: Array) -> Array | None:
    """dz = dy relu'(z), and from there as ever"""
    dz = self.buffer("dz", dy.shape)
    mask(dy.reshape(-1), self.y.reshape(-1), dz.reshape(-1))
    return self.backward_logits(dz)


def relu_backward(self: Any, dy: Array) -> Array:
    """dx = dy relu'(x), for a layer of its own"""
    dx = self.buffer("dx", dy.shape)
    mask(dy.reshape(-1), self.y.reshape(-1), dx.reshape(-1))
    return dx


@loop
def drop(x, bits, dropped, scale, keep, y):
    """keep = (bits >= dropped) * scale;  y = x * keep"""
    for i in range(x.size):
        keep[i] = scale if bits[i] >= dropped else 0
        y[i] = x[i] * keep[i]


def dropout(self: Any, x: Array, training: bool = False) -> Array:
    """y = x m / (1 - rate), with the same m as without a compiler"""
    dropped = min(round(self.rate * 65536), 65535)
    self.keep = None
    if not training or dropped == 0:
        return x
    bits = (self.own_rng or self.rng).bit_generator.random_raw(-(-x.size // 4)).view(np.uint16)
    self.keep, y = self.buffer("keep", x.shape), self.buffer("y", x.shape)
    scale = self.dtype.type(65536 / (65536 - dropped))
    drop(x.reshape(-1), bits, np.uint16(dropped), scale, self.keep.reshape(-1), y.reshape(-1))
    return y


@loop
def normalize(x, gamma, beta, epsilon, centered, y, mean, variance, inverse):
    """mean = x.mean(0);  centered = x - mean;  variance = (centered**2).mean(0);
    inverse = 1 / sqrt(variance + epsilon);  y = gamma * inverse * centered + beta"""
    n, columns = x.shape
    mean[:], variance[:] = 0, 0
    for i in range(n):
        for k in range(columns):
            mean[k] += x[i, k]
    mean /= n
    for i in range(n):
        for k in range(columns):
            centered[i, k] = x[i, k] - mean[k]
            variance[k] += centered[i, k] * centered[i, k]
    variance /= n
    for k in range(columns):
        inverse[k] = 1 / np.sqrt(variance[k] + epsilon)
    for i in range(n):
        for k in range(columns):
            y[i, k] = gamma[k] * inverse[k] * centered[i, k] + beta[k]


@loop
def normalize_backward(dy, centered, gamma, inverse, dgamma, dbeta, dx):
    """dbeta = dy.sum(0);  dgamma = (dy * centered).sum(0) * inverse;
    dx = gamma * inverse * (dy - dbeta / n - centered * inverse * dgamma / n)"""
    n, columns = dy.shape
    dgamma[:], dbeta[:] = 0, 0
    for i in range(n):
        for k in range(columns):
            dbeta[k] += dy[i, k]
            dgamma[k] += dy[i, k] * centered[i, k]
    dgamma *= inverse
    for i in range(n):
        for k in range(columns):
            away = dbeta[k] + centered[i, k] * inverse[k] * dgamma[k]
            dx[i, k] = gamma[k] * inverse[k] * (dy[i, k] - away / n)


def batch_normalization(self: Any, x: Array, training: bool = False) -> Array:
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta"""
    self.normalizes = training and self.trainable
    if not self.normalizes:
        return BatchNormalization.forward(self, x, training)
    self.warn_of_one(x.size // x.shape[-1])
    shape, x = x.shape, x.reshape(-1, x.shape[-1])
    y, self.centered = self.buffer("y", x.shape), self.buffer("centered", x.shape)
    mean, variance, self.inverse_deviation = np.empty((3, x.shape[-1]), self.dtype)
    (gamma, beta), epsilon = self.weights.values(), self.dtype.type(self.epsilon)
    normalize(x, gamma, beta, epsilon, self.centered, y, mean, variance, self.inverse_deviation)
    for name, seen in (("moving_mean", mean), ("moving_variance", variance)):
        self.state[name] += (seen - self.state[name]) * (1 - self.momentum)
    return y.reshape(shape)


def batch_normalization_backward(self: Any, dy: Array) -> Array | None:
    """dgamma, dbeta and dx, as the layer's own"""
    if not self.normalizes:
        return BatchNormalization.backward(self, dy)
    shape, dy = dy.shape, dy.reshape(-1, dy.shape[-1])
    dx, (dgamma, dbeta) = self.buffer("dx", dy.shape), self.gradients.values()
    gamma, inverse = self.weights["gamma"], self.inverse_deviation
    normalize_backward(dy, self.centered, gamma, inverse, dgamma, dbeta, dx)
    return dx.reshape(shape) if self.input_gradient else None


# ---- softmax with cross-entropy ----


@loop
def count_far(z):
    """count_nonzero(abs(z) >= 40)"""
    count = 0
    for i in range(z.size):
        count += np.abs(z[i]) >= 40
    return count


@loop
def cross_entropy(z, y, p, dz):
    """p = exp(z) when it comes;  sums = p.sum(1);  p /= sums;  dz = (p - y) / n;
    (log(sums) - (y * z).sum(1)).mean()"""
    zero, share, loss = z.dtype.type(0), z.dtype.type(1 / len(z)), 0.0
    for i in range(len(z)):
        total, true = zero, zero
        for k in range(z.shape[1]):
            total += p[i, k]
            true += y[i, k] * z[i, k]
        loss += np.log(total) - true
        for k in range(z.shape[1]):
            p[i, k] *= 1 / total
            dz[i, k] = (p[i, k] - y[i, k]) * share
    return loss / len(z)


@loop
def sparse_cross_entropy(z, y, p, dz):
    """The same for y, the number of the true class of each row"""
    zero, share, loss = z.dtype.type(0), z.dtype.type(1 / len(z)), 0.0
    for i in range(len(z)):
        total = zero
        for k in range(z.shape[1]):
            total += p[i, k]
        loss += np.log(total) - z[i, y[i]]
        for k in range(z.shape[1]):
            p[i, k] *= 1 / total
            dz[i, k] = p[i, k] * share
        dz[i, y[i]] -= share
    return loss / len(z)


def forward_logits(self: Any, y: Array, z: Array) -> float:
    """mean over examples of log sum_k e^z_k - sum_k y_k z_k, and what ``backward_logits`` gives"""
    if count_far(z.reshape(-1)):  # as in activations.shifted
        z = z - z.max(axis=-1, keepdims=True)
    self.p = np.exp(z)
    self.dz = np.empty_like(self.p)
    z, p, dz = (each.reshape(-1, z.shape[-1]) for each in (z, self.p, self.dz))
    if type(self) is losses.SparseCategoricalCrossentropy:
        return float(sparse_cross_entropy(z, y.reshape(-1), p, dz))
    return float(cross_entropy(z, self._smoothed(y).reshape(z.shape), p, dz))


def backward_logits(self: Any, y: Array) -> Array:
    """dz = (p - y) / n"""
    return self.dz


# ---- rows ----


@loop
def gather(x, rows, batch):
    """x.take(rows, 0, out=batch);  vdot(batch, batch), which is finite where all numbers are"""
    squares = x.dtype.type(0)
    for i in range(rows.size):
        for k in range(x.shape[1]):
            batch[i, k] = x[rows[i], k]
            squares += batch[i, k] * batch[i, k]
    return squares


def take(self: Any, x: Array, rows: Array) -> Array:
    """The examples with these numbers, seen to hold no NaN"""
    if x.dtype != self.dtype or not x.flags.c_contiguous:
        return models.Sequential._take(self, x, rows)
    batch = self._buffer("taken", (len(rows), *x.shape[1:]), x.dtype)
    if not math.isfinite(gather(x.reshape(len(x), -1), rows, batch.reshape(len(rows), -1))):
        data.require_finite(batch, rows)
    return batch


# ---- who does what by which loop ----

METHODS: dict[type, dict[str, Function]] = {
    Activation: {"backward": relu_backward},
    ReLU: {"backward": relu_backward},
    BatchNormalization: {
        "forward": batch_normalization,
        "backward": batch_normalization_backward,
    },
    Dense: {"forward": dense, "backward": dense_backward},
    Dropout: {"forward": dropout},
    losses.CategoricalCrossentropy: {
        "forward_logits": forward_logits,
        "backward_logits": backward_logits,
    },
    losses.SparseCategoricalCrossentropy: {
        "forward_logits": forward_logits,
        "backward_logits": backward_logits,
    },
    models.Sequential: {"_regularize": regularize, "_take": take},
    **{kind: {"update": update} for kind in STEPS},
}


def put_in(owner: Any) -> None:
    """Let ``owner`` do by a loop what there is one for. A class of one's own keeps what it does."""
    if isinstance(owner, (Activation, Dense)) and owner.activation is not ACTIVATIONS["relu"]:
        return
    if isinstance(owner, Dense) and not owner.use_bias:
        return
    for name, function in METHODS.get(type(owner), {}).items():
        vars(owner)[name] = partial(function, owner)


def take_out(owner: Any) -> None:
    """Let ``owner`` do everything in NumPy again."""
    for name in METHODS.get(type(owner), ()):
        vars(owner).pop(name, None)
