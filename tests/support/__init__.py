"""What several tests share; a test imports it as `tests.support.<module>`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


def sampled(cases: Sequence[T], number: int) -> Sequence[T]:
    """About ``number`` of the cases, evenly spread, first and last among them; with --all, all."""
    if os.environ.get("COURSE_NN_ALL") or number >= len(cases):
        return cases
    return [cases[round(i * (len(cases) - 1) / (number - 1))] for i in range(number)]
