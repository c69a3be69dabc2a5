"""Learning rates that change with the steps: each a function of the number of steps (batches) done."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from course_nn._names import Explained, missing
from course_nn.i18n import _


class LearningRateSchedule(metaclass=Explained):
    """What all schedules share. One's own gives the learning rate for a number of steps, in ``__call__(step)``."""

    def __call__(self, step: int) -> float:
        raise NotImplementedError

    def config(self) -> dict[str, Any]:
        return {"class": type(self).__name__, **asdict(self)}  # type: ignore[call-overload]


@dataclass(frozen=True)
class _Decay(LearningRateSchedule):
    initial_learning_rate: float
    decay_steps: int

    def __post_init__(self) -> None:
        if not (self.initial_learning_rate > 0 and self.decay_steps > 0):
            raise ValueError(
                _(
                    "A schedule needs initial_learning_rate and decay_steps above 0, got {given}."
                ).format(given=self)
            )


@dataclass(frozen=True)
class StepDecay(_Decay):
    """lr = initial_learning_rate decay_rate^floor(step / decay_steps): a stair."""

    decay_rate: float = 0.1

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate * self.decay_rate ** (step // self.decay_steps)


@dataclass(frozen=True)
class ExponentialDecay(_Decay):
    """lr = initial_learning_rate decay_rate^(step / decay_steps); with ``staircase`` the exponent is rounded down"""

    decay_rate: float
    staircase: bool = False

    def __call__(self, step: int) -> float:
        passed = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate**passed


@dataclass(frozen=True)
class InverseTimeDecay(_Decay):
    """lr = initial_learning_rate / (1 + decay_rate step / decay_steps); ``staircase`` rounds the quotient down"""

    decay_rate: float
    staircase: bool = False

    def __call__(self, step: int) -> float:
        passed = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * passed)


@dataclass(frozen=True)
class PolynomialDecay(_Decay):
    """lr falls to end_learning_rate as (1 - step / decay_steps)^power, then stays level"""

    end_learning_rate: float = 0.0001
    power: float = 1.0

    def __call__(self, step: int) -> float:
        left = (1 - min(step / self.decay_steps, 1)) ** self.power
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate


@dataclass(frozen=True)
class PiecewiseConstantDecay(LearningRateSchedule):
    """lr = values[k] up to step boundaries[k], then the next; one value more than boundaries"""

    boundaries: Sequence[int]
    values: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                _("A schedule of {n} boundaries needs {wanted} values, got {given}.").format(
                    n=len(self.boundaries), wanted=len(self.boundaries) + 1, given=len(self.values)
                )
            )

    def __call__(self, step: int) -> float:
        return self.values[sum(step > boundary for boundary in self.boundaries)]


@dataclass(frozen=True)
class CosineDecay(_Decay):
    """lr = initial_learning_rate (alpha + (1 - alpha) (1 + cos(pi step / decay_steps)) / 2), then level
    (Loshchilov & Hutter 2017, SGDR, eq. 5, without restarts).

    With a warm-up the rate rises before that for ``warmup_steps`` from initial_learning_rate, which may be 0, along a
    line to ``warmup_target``, from where it falls (Goyal et al. 2017, section 2.2).
    """

    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        if self.warmup_target is None and not self.warmup_steps:
            super().__post_init__()
        elif not (
            self.warmup_target is not None
            and self.warmup_target > self.initial_learning_rate >= 0
            and self.decay_steps > 0
            and self.warmup_steps > 0
        ):
            raise ValueError(
                _(
                    "A warm-up needs warmup_steps above 0 and a warmup_target above initial_learning_rate, got {given}."
                ).format(given=self)
            )

    def __call__(self, step: int) -> float:
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top = self.warmup_target
        share = min((step - self.warmup_steps) / self.decay_steps, 1)
        return top * (self.alpha + (1 - self.alpha) * (1 + math.cos(math.pi * share)) / 2)


SCHEDULES: dict[str, type[LearningRateSchedule]] = {
    each.__name__: each
    for each in (
        StepDecay,
        ExponentialDecay,
        InverseTimeDecay,
        PolynomialDecay,
        PiecewiseConstantDecay,
        CosineDecay,
    )
}


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, SCHEDULES)
