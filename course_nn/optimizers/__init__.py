"""How gradients become steps: stochastic gradient descent and its descendants.

A model keeps all its parameters in one vector p and all its gradients in one vector g, so an optimizer is
a few vector operations, done in place and in stretches that fit the cache. In the formulas, lr is
the learning rate and t counts the steps from 1. Where Keras and PyTorch differ, Keras's formula is taken:
epsilon stands under the root for RMSprop and Adagrad, for Adam beside the root before the bias correction, for
Nadam after it, and for Adamax beside v; the learning rate is inside the velocity of momentum, so that a schedule
changes the new part alone. Defaults are Keras's.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from course_nn._arrays import BLOCK, Array, aligned_zeros, blocks
from course_nn._names import Quick, arguments, lookup, missing, surplus
from course_nn.i18n import _
from course_nn.optimizers import schedules
from course_nn.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
    StepDecay,
)

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "Nadam",
    "Optimizer",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "RMSprop",
    "StepDecay",
    "schedules",
]

Schedule = Callable[[int], float]
FLUSHED_EVERY = 128  # steps: 0.9^128 is 1e-6, so that nothing becomes subnormal between two flushes


class Optimizer(Quick):
    """What all optimizers share: the learning rate, the count of steps, and the vectors they keep.

    Args:
        learning_rate: a number above 0, or a schedule, a function of the number of steps (batches) done.
        weight_decay: before each step all weights shrink, p -= lr weight_decay p.
        clipvalue: each number of the gradient is kept between -clipvalue and clipvalue.
        clipnorm: the gradient of each array of weights is shortened to this length where it is longer.
        global_clipnorm: so is that of all weights together (Pascanu, Mikolov & Bengio 2013, algorithm 1).

    Raises:
        TypeError: there is no argument of that name.
        ValueError: the learning rate is not above 0, or more than one kind of clipping is asked for.
    """

    shared: ClassVar[tuple[str, ...]] = (
        "weight_decay",
        "clipvalue",
        "clipnorm",
        "global_clipnorm",
    )  # arguments of all
    slots: tuple[str, ...] = ()  # vectors as long as p that the optimizer keeps from step to step

    def __init__(
        self,
        learning_rate: float | Schedule,
        weight_decay: float | None = None,
        clipvalue: float | None = None,
        clipnorm: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
        **others: Any,
    ) -> None:
        own = type(self).__name__
        surplus(own, others, [*arguments(type(self).__init__), *self.shared, "name"])
        self.learning_rate = learning_rate
        self.weight_decay = float(weight_decay or 0)
        self.clipvalue, self.clipnorm, self.global_clipnorm = clipvalue, clipnorm, global_clipnorm
        if [clipvalue, clipnorm, global_clipnorm].count(None) < 2:
            raise ValueError(_("Pass one of clipvalue, clipnorm and global_clipnorm."))
        self.name = name or own.lower()
        self.iterations = 0
        self._slots: dict[str, Array] = {}
        self._parameters: Array | None = None
        self._gradients: Array | None = None

    @property
    def learning_rate(self) -> float | Schedule:
        return self._rate

    @learning_rate.setter
    def learning_rate(self, rate: float | Schedule) -> None:
        if not callable(rate) and not (isinstance(rate, Real) and 0 < rate < math.inf):
            raise ValueError(
                _(
                    "The learning rate must be a number above 0 or a schedule, got {given!r}. "
                    "Usual numbers lie between 1e-4 and 1."
                ).format(given=rate)
            )
        self._rate = rate if callable(rate) else float(rate)

    def clip(self, gradients: Array, parts: Iterable[Array]) -> None:
        """Shorten the gradients as the arguments ask for; ``parts`` are those of each array of weights."""
        if self.clipvalue is not None:
            np.clip(gradients, -self.clipvalue, self.clipvalue, out=gradients)
        elif self.global_clipnorm is not None:
            _shorten(gradients, self.global_clipnorm)
        elif self.clipnorm is not None:
            for part in parts:
                _shorten(part, self.clipnorm)

    @property
    def clips(self) -> bool:
        return not self.clipvalue is self.clipnorm is self.global_clipnorm is None

    def config(self) -> dict[str, Any]:
        """The arguments that make the same optimizer again, as JSON can hold them.

        Raises:
            ValueError: the schedule is of one's own.
        """
        names = [*arguments(type(self).__init__), *self.shared]
        given = {name: getattr(self, name) for name in names}
        rate = given["learning_rate"]
        if isinstance(rate, LearningRateSchedule) and type(rate).__name__ in schedules.SCHEDULES:
            given["learning_rate"] = rate.config()
        elif callable(rate):
            raise ValueError(_("a file cannot hold a schedule of one's own"))
        return {"class": type(self).__name__, **given}

    def _bind(self, parameters: Array, gradients: Array) -> None:
        """Work on these two vectors from now on; what the slots hold stays if shape and dtype do."""
        given, kinds = (
            (parameters, gradients),
            [(p.shape, p.dtype) for p in (parameters, gradients)],
        )
        if kinds[0] != kinds[1] or not all(
            p.dtype.kind == "f" and p.flags.c_contiguous for p in given
        ):
            raise ValueError(
                _(
                    "step takes parameters and gradients as two arrays of one shape and one float type, "
                    "in C order; got {parameters} and {gradients}."
                ).format(parameters=kinds[0], gradients=kinds[1])
            )
        old = self._parameters
        if old is None or (old.shape, old.dtype) != kinds[0]:
            self._slots = {
                name: aligned_zeros(parameters.size, parameters.dtype) for name in self.slots
            }
            self._reset_state()
            self.iterations = 0
        self._parameters, self._gradients = parameters, gradients
        scratch = aligned_zeros(min(BLOCK, parameters.size), parameters.dtype)
        self._blocks = [
            (*views, scratch[: views[0].size])
            for views in blocks(parameters, gradients, *self._slots.values())
        ]

    @property
    def state(self) -> dict[str, Array]:
        """What it remembers of each weight, by the names of its formula: copies to look at, none before the first step.
        Those of a model stand one after the other, as in ``model.parameters``."""
        return {name: vector * self.unit(name) for name, vector in self._slots.items()}

    def unit(self, slot: str) -> float:
        """What the vector in that slot has to be multiplied by, to be what the formula says."""
        return 1.0

    def _reset_state(self) -> None:
        """Fill the slots where they do not start at 0."""

    def reset(self) -> None:
        """Forget all steps: the next one is the first."""
        self._parameters, self._slots, self.iterations = None, {}, 0

    def step(
        self,
        parameters: Array,
        gradients: Array,
        before_stretch: Callable[[int, int], None] | None = None,
    ) -> None:
        """Change ``parameters`` in place by one step along ``gradients``, two arrays of one shape and float type.

        What the optimizer remembers belongs to one array: give each array an optimizer of its own.

        Args:
            before_stretch: is called with the start and the end of each stretch right before it is changed. What is to be
                added to large gradients, such as a penalty's, costs less here, where they come into the cache anyway.

        Raises:
            ValueError: the two do not fit together, or are not contiguous.
        """
        if parameters is not self._parameters or gradients is not self._gradients:
            self._bind(parameters, gradients)
        rate = self.learning_rate
        lr = float(rate(self.iterations) if callable(rate) else rate)
        self.iterations += 1
        stretches: Iterable[tuple[Array, ...]] = self._blocks
        if before_stretch or self.weight_decay:
            stretches = self._prepared(lr * self.weight_decay, before_stretch)
        self.update(lr, self.iterations, stretches)
        if self.iterations % FLUSHED_EVERY == 0:
            self._flush()

    def _flush(self) -> None:
        """Set to 0 what has shrunk to almost nothing: the weights of a pixel that is always black, under L2, or what a
        momentum keeps of a gradient that has become 0. As subnormal numbers they would make a processor compute a
        hundred times slower, here and in the network's products."""
        for p, _g, *slots, scratch in self._blocks:
            nothing = np.finfo(p.dtype).tiny * 1e8
            for vector in (p, *slots):
                vector[np.abs(vector, out=scratch) < nothing] = 0

    def _prepared(
        self, decay: float, before_stretch: Callable[[int, int], None] | None
    ) -> Iterator[tuple[Array, ...]]:
        start = 0
        for part in self._blocks:
            if before_stretch:
                before_stretch(start, start + part[0].size)
            if decay:
                np.multiply(part[0], 1 - decay, out=part[0])
            yield part
            start += part[0].size

    def numbers(self, lr: float, t: int) -> tuple[float, ...]:
        """What stands in the formula beside the vectors."""
        raise NotImplementedError

    def update(self, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
        """The formula, for each stretch (p, g, slots ..., scratch)."""
        raise NotImplementedError


def _shorten(vector: Array, longest: float) -> None:
    length = math.sqrt(float(np.vdot(vector, vector)))
    if length > longest:
        vector *= longest / length


class SGD(Optimizer):
    """v = momentum v + lr g;  p -= v,  or with Nesterov  p -= lr g + momentum v

    Sources: Polyak 1964 (heavy ball); Nesterov's form after Sutskever et al. 2013, section 2.
    """

    slots = ("velocity",)

    def __init__(
        self,
        learning_rate: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(learning_rate, **others)
        if not 0 <= momentum < 1:
            raise ValueError(
                _("Momentum must be at least 0 and below 1, got {given}. 0.9 is usual.").format(
                    given=momentum
                )
            )
        self.momentum, self.nesterov = float(momentum), nesterov

    def numbers(self, lr: float, t: int) -> tuple[float, ...]:
        return lr, self.momentum, self.nesterov

    def update(self, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
        for p, g, v, step in parts:
            np.multiply(g, lr, out=step)
            if self.momentum:
                v *= self.momentum
                v += step
                if self.nesterov:
                    p -= step
                    np.multiply(v, self.momentum, out=step)
                else:
                    step = v
            p -= step


class Adagrad(Optimizer):
    """v += g^2;  p -= lr g / sqrt(v + epsilon)  (Duchi, Hazan & Singer 2011)"""

    slots = ("squares",)

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **others: Any,
    ) -> None:
        super().__init__(learning_rate, **others)
        self.initial_accumulator_value = float(initial_accumulator_value)
        self.epsilon = float(epsilon)

    def _reset_state(self) -> None:
        self._slots["squares"].fill(self.initial_accumulator_value)

    def numbers(self, lr: float, t: int) -> tuple[float, ...]:
        return lr, self.epsilon

    def update(self, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
        for p, g, v, step in parts:
            np.multiply(g, g, out=step)
            v += step
            np.add(v, self.epsilon, out=step)
            np.sqrt(step, out=step)
            np.divide(g, step, out=step)
            step *= lr
            p -= step


class Adadelta(Optimizer):
    """v = rho v + (1 - rho) g^2;  step = g sqrt(d + epsilon) / sqrt(v + epsilon);  d = rho d + (1 - rho) step^2;
    p -= lr step  (Zeiler 2012, algorithm 1)

    The paper has no learning rate: that is lr = 1. Keras's default of 0.001 makes it a thousand times slower.
    """

    slots = ("squares", "squared_steps")

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **others: Any,
    ) -> None:
        super().__init__(learning_rate, **others)
        if not 0 <= rho < 1:
            raise ValueError(
                _("rho must be at least 0 and below 1, got {given}. 0.9 is usual.").format(
                    given=rho
                )
            )
        self.rho, self.epsilon = float(rho), float(epsilon)

    def numbers(self, lr: float, t: int) -> tuple[float, ...]:
        return lr, self.rho, 1 - self.rho, self.epsilon

    def update(self, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
        for p, g, v, d, step in parts:
            np.multiply(g, g, out=step)
            step *= 1 - self.rho
            v *= self.rho
            v += step
            np.divide(d + self.epsilon, v + self.epsilon, out=step)
            np.sqrt(step, out=step)
            step *= g
            d *= self.rho
            d += (1 - self.rho) * (step * step)
            step *= lr
            p -= step


class RMSprop(Optimizer):
    """v = rho v + (1 - rho) g^2;  p -= lr g / sqrt(v + epsilon)  (Tieleman & Hinton 2012, lecture 6.5)

    With a momentum the step goes into a velocity first, as in SGD. Centered, with m the running mean of g, v - m^2
    takes the place of v: the variance of the slopes (Graves 2013, section 4.2).
    """

    slots: tuple[str, ...] = ("squares",)

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(learning_rate, **others)
        if not 0 <= rho < 1:
            raise ValueError(
                _("rho must be at least 0 and below 1, got {given}. 0.9 is usual.").format(
                    given=rho
                )
            )
        self.rho, self.momentum, self.epsilon = float(rho), float(momentum), float(epsilon)
        self.centered = centered
        more = ("velocity",) * bool(momentum) + ("mean",) * bool(centered)
        self.slots = ("squares", *more)

    def numbers(self, lr: float, t: int) -> tuple[float, ...]:
        return lr, self.rho, 1 - self.rho, self.momentum, self.epsilon

    def update(self, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
        for p, g, v, *others, step in parts:
            np.multiply(g, g, out=step)
            step *= 1 - self.rho
            v *= self.rho
            v += step
            if self.centered:
                mean = others[-1]
                mean *= self.rho
                mean += np.multiply(g, 1 - self.rho, out=step)
                np.subtract(v, np.multiply(mean, mean, out=step), out=step)
                step += self.epsilon
            else:
                np.add(v, self.epsilon, out=step)
            np.sqrt(step, out=step)
            np.divide(g, step, out=step)
            step *= lr
            if self.momentum:
                velocity = others[0]
                velocity *= self.momentum
                velocity += step
                step = velocity
            p -= step


class _Moments(Optimizer):
    """What Adam and its kind share: m, the running mean of the slopes, and v, of how large they are."""

    slots: tuple[str, ...] = ("m", "v")

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **others: Any,
    ) -> None:
        super().__init__(learning_rate, **others)
        if not (0 <= beta_1 < 1 and 0 <= beta_2 < 1):
            raise ValueError(
                _("beta_1 and beta_2 must be at least 0 and below 1, got {b1} and {b2}.").format(
                    b1=beta_1, b2=beta_2
                )
            )
        self.beta_1, self.beta_2, self.epsilon = float(beta_1), float(beta_2), float(epsilon)

    def unit(self, slot: str) -> float:
        return 1 - (self.beta_1 if slot == "m" else self.beta_2)


class Adam(_Moments):
    """m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;
    p -= lr sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)  (Kingma & Ba 2015, end of section 2)

    Algorithm 1 of the paper, and PyTorch, add epsilon after the bias correction, to sqrt(v / (1 - beta_2^t)): the
    same but for slopes about as small as epsilon. AMSGrad divides by the largest v so far (Reddi, Kale & Kumar
    2018, algorithm 2).

    The slots hold m / (1 - beta_1) and v / (1 - beta_2). Both factors and both bias corrections are then two
    numbers, c and e below, instead of four operations on whole vectors:
    p -= c m / (sqrt(v) + e).
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **others)
        self.amsgrad = amsgrad
        if amsgrad:
            self.slots = ("m", "v", "largest")

    def numbers(self, lr: float, t: int) -> tuple[float, ...]:
        c = lr * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        c *= (1 - self.beta_1) / math.sqrt(1 - self.beta_2)
        e = self.epsilon / math.sqrt(1 - self.beta_2)
        return self.beta_1, self.beta_2, c, e

    def update(self, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
        beta_1, beta_2, c, e = self.numbers(lr, t)
        for p, g, m, v, *largest, step in parts:
            m *= beta_1
            m += g
            np.multiply(g, g, out=step)
            v *= beta_2
            v += step
            if largest:
                v = np.maximum(largest[0], v, out=largest[0])
            np.sqrt(v, out=step)
            step += e
            np.divide(m, step, out=step)
            step *= c
            p -= step


class AdamW(Adam):
    """Adam, and p -= lr weight_decay p beside it, not through m and v  (Loshchilov & Hutter 2019, algorithm 2)"""

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **others
        )


class Adamax(_Moments):
    """m = beta_1 m + (1 - beta_1) g;  v = max(beta_2 v, |g|);
    p -= lr / (1 - beta_1^t) m / (v + epsilon)  (Kingma & Ba 2015, algorithm 2)"""

    def unit(self, slot: str) -> float:
        return 1 - self.beta_1 if slot == "m" else 1.0

    def numbers(self, lr: float, t: int) -> tuple[float, ...]:
        c = lr * (1 - self.beta_1) / (1 - self.beta_1**t)
        return self.beta_1, self.beta_2, c, self.epsilon

    def update(self, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
        beta_1, beta_2, c, epsilon = self.numbers(lr, t)
        for p, g, m, v, step in parts:
            m *= beta_1
            m += g
            v *= beta_2
            np.maximum(v, np.abs(g, out=step), out=v)
            np.add(v, epsilon, out=step)
            np.divide(m, step, out=step)
            step *= c
            p -= step


class Nadam(_Moments):
    """Adam whose m looks a step ahead, as Nesterov's velocity does, with mu_t = beta_1 (1 - 0.96^t / 2):
    p -= lr (mu_t+1 m / (1 - mu_1 ... mu_t+1) + (1 - mu_t) g / (1 - mu_1 ... mu_t)) / (sqrt(v / (1 - beta_2^t))
    + epsilon)  (Dozat 2016, algorithm 2)"""

    def numbers(self, lr: float, t: int) -> tuple[float, ...]:
        mu, ahead = (self.beta_1 * (1 - 0.5 * 0.96**step) for step in (t, t + 1))
        product = math.prod(
            self.beta_1 * (1 - 0.5 * 0.96**step) for step in range(1, min(t, 2000) + 1)
        )
        spread = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**t))
        c = lr * ahead * (1 - self.beta_1) / (1 - product * ahead) / spread
        d, e = lr * (1 - mu) / (1 - product) / spread, self.epsilon / spread
        return self.beta_1, self.beta_2, c, d, e

    def update(self, lr: float, t: int, parts: Iterable[tuple[Array, ...]]) -> None:
        beta_1, beta_2, c, d, e = self.numbers(lr, t)
        for p, g, m, v, step in parts:
            m *= beta_1
            m += g
            np.multiply(g, g, out=step)
            v *= beta_2
            v += step
            np.sqrt(v, out=step)
            step += e
            p -= (c * m + d * g) / step


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    each.__name__.lower(): each
    for each in (SGD, Adadelta, Adagrad, RMSprop, Adam, AdamW, Adamax, Nadam)
}


def get(optimizer: Any) -> Optimizer:
    """An optimizer as it is, by name (in any case) with its defaults, or from what ``config`` gave.

    Raises:
        ValueError: there is no optimizer of that name.
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        return optimizer()  # type: ignore[call-arg]
    if isinstance(optimizer, dict):
        given = dict(optimizer)
        kind = lookup(_("optimizer"), str(given.pop("class")).lower(), OPTIMIZERS)
        if isinstance(rate := given["learning_rate"], dict):
            rate = dict(rate)
            given["learning_rate"] = schedules.SCHEDULES[rate.pop("class")](**rate)
        return kind(**given)
    name = optimizer.lower() if isinstance(optimizer, str) else optimizer
    return lookup(_("optimizer"), name, OPTIMIZERS)()


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, __all__)
