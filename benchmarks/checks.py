"""How long a check takes: every exercise with its right answer and with each known mistake.

CPU milliseconds of one `evaluate`, the best of three, the slowest first: what a learner waits for, but for
the panel that shows it. Nothing is written.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tqdm import tqdm

from course_nn.checks import EXERCISES
from course_nn.checks.engine import Exercise, evaluate
from course_nn.inside.calling import calling

TARGET = 50  # milliseconds


def programs(exercise: Exercise) -> Iterator[tuple[str, Callable[..., Any]]]:
    yield "right", exercise.reference
    for sentence, functions in exercise.mistakes.items():
        for function in functions if isinstance(functions, tuple) else (functions,):
            yield sentence, function


def milliseconds(exercise: Exercise, program: Callable[..., Any]) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        evaluate(exercise, calling(program))
        taken.append((time.process_time() - began) * 1000)
    return min(taken)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  python benchmarks/checks.py                 the ten slowest of all\n"
        "  python benchmarks/checks.py --chapter 6     of one chapter\n"
        "  python benchmarks/checks.py --show 100      more of them\n"
        "\nexit code 1 where one takes more than 50 ms; OPENBLAS_NUM_THREADS=1 spares a busy machine",
    )
    chapters = sorted({exercise.chapter for exercise in EXERCISES.values()})
    parser.add_argument("--chapter", type=int, choices=chapters, help="this one alone")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="so many lines (10)")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    found = [
        (milliseconds(exercise, program), exercise.number, what)
        for exercise in tqdm(EXERCISES.values(), unit="exercise")
        if asked.chapter in (None, exercise.chapter)
        for what, program in programs(exercise)
    ]
    found.sort(reverse=True)
    median = np.median([taken for taken, _, _ in found])
    print(f"{len(found)} programs, half of them below {median:.1f} ms. The slowest, in ms:")
    for taken, number, what in found[: asked.show]:
        print(f"{taken:5.1f}  {number:4}  {what}")
    return int(found[0][0] > TARGET)


if __name__ == "__main__":
    sys.exit(main())
