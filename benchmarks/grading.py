"""Measure `course-nn grade`: a class on a whole chapter, a class on two exercises, and nbgrader.

The classes are made from a seed: published solutions, known mistakes of the course's checks, stubs,
and in the whole chapter a few that loop, end Python, are no Python or take all memory. Every figure
is of the command that a teacher types, from its start to its end. nbgrader autogrades some of the same
two-exercise notebooks, taking turns with course-nn, each with one process at a time. Both are run on one
submission as well, so that what the command costs to start is told apart from what each submission costs.

CPU time is that of all processes a command starts, however they end. The kernel counts it as an event
(`perf_event_open`), since getrusage knows nothing of what a bubblewrap that is killed had inside.
"""

import argparse
import csv
import ctypes
import datetime
import os
import platform
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

import nbformat
import numpy as np

from course_nn.chapters import ANSWERS, CHAPTERS, STUBS
from course_nn.checks import EXERCISES

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.carry import cell

TWO = ("forward_difference", "central_difference")
TARGET = 0.04  # seconds of CPU for a submission of two exercises
FAULTS = {
    "a loop that never ends": "def {name}(*args):\n    while True:\n        pass\n",
    "os._exit": "import os\n\ndef {name}(*args):\n    os._exit(0)\n",
    "no Python": "def {name}(*args)\n    return 0\n",
    "all memory": "def {name}(*args):\n    return len(bytearray(1 << 40))\n",
}
FAULTY = 12  # of 300


# ---- time ----


class Cost(NamedTuple):
    wall: float
    cpu: float

    def __sub__(self, other: "Cost") -> "Cost":  # type: ignore[override]
        return Cost(self.wall - other.wall, self.cpu - other.cpu)

    def __truediv__(self, n: int) -> "Cost":
        return Cost(self.wall / n, self.cpu / n)


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(*map(statistics.median, zip(*costs)))


class Meter:
    """Counts the CPU time of this thread and of every process begun from it, ended or not."""

    TASK_CLOCK, INHERIT, SIZE = 1, 0b10, 64
    CALL: ClassVar = {"x86_64": 298, "aarch64": 241}  # perf_event_open

    def __init__(self) -> None:
        number = self.CALL.get(platform.machine()) if sys.platform == "linux" else None
        if number is None:
            sys.exit("This needs Linux on x86-64 or arm64.")
        about = struct.pack("<IIQQQQQ", 1, self.SIZE, self.TASK_CLOCK, 0, 0, 0, self.INHERIT)
        attributes = ctypes.create_string_buffer(about, self.SIZE)
        long = ctypes.c_long
        self.file = ctypes.CDLL(None, use_errno=True).syscall(
            long(number), attributes, long(0), long(-1), long(-1), long(8)
        )
        if self.file < 0:
            reason = os.strerror(ctypes.get_errno())
            sys.exit(f"CPU time cannot be counted ({reason}): sysctl kernel.perf_event_paranoid=2")

    def cpu(self) -> float:
        return struct.unpack("<Q", os.read(self.file, 8))[0] / 1e9

    def of(self, command: Sequence[str | Path], folder: Path, environment: dict[str, str]) -> Cost:
        """What ``command`` costs; its failure ends the benchmark."""
        wall, cpu = time.perf_counter(), self.cpu()
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        return Cost(time.perf_counter() - wall, self.cpu() - cpu)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


# ---- submissions ----


def notebook(chapter: int, solved: bool, names: Sequence[str]) -> nbformat.NotebookNode:
    """The notebook of ``chapter`` up to the last of ``names``."""
    folder = ROOT / (ANSWERS if solved else STUBS)
    book = nbformat.read(folder / CHAPTERS[chapter].notebook, 4)
    marks = [found.metadata.get("nbgrader", {}).get("grade_id") for found in book.cells]
    del book.cells[marks.index(f"check_{names[-1]}") + 1 :]
    return book


def fill(book: nbformat.NotebookNode, answers: dict[str, str]) -> nbformat.NotebookNode:
    for found in book.cells:
        mark = found.metadata.get("nbgrader", {}).get("grade_id")
        found.source = answers.get(mark, found.source)
    return book


def solutions(chapter: int, names: Sequence[str]) -> dict[str, str]:
    cells = notebook(chapter, True, names).cells
    return {
        found.metadata.nbgrader.grade_id: found.source
        for found in cells
        if found.metadata.get("nbgrader", {}).get("solution")
    }


def answers(names: Sequence[str], right: dict[str, str], rng: random.Random) -> dict[str, str]:
    """What a learner fills in: 4 of 10 are right, 4 or 5 have mistakes, the others have begun."""
    kind = rng.random()
    if kind < 0.4:
        return right
    if kind > 0.85:
        return {name: right[name] for name in names[: len(names) // 2]}
    found = {}
    for name in names:
        luck = rng.random()
        if luck < 0.6:
            found[name] = right[name]
        elif luck < 0.9:
            found[name] = cell(rng.choice(list(EXERCISES[name].mistakes.values())), name)
    return found


def a_class(chapter: int, names: Sequence[str], n: int, seed: int) -> list[nbformat.NotebookNode]:
    right, rng = solutions(chapter, names), random.Random(seed)
    return [fill(notebook(chapter, False, names), answers(names, right, rng)) for _ in range(n)]


def faulty(chapter: int, names: Sequence[str], n: int, seed: int) -> list[nbformat.NotebookNode]:
    """Right answers, but for one that is a fault."""
    right, rng = solutions(chapter, names), random.Random(seed)
    books = []
    for number in range(n):
        name = rng.choice(list(names))
        fault = list(FAULTS.values())[number % len(FAULTS)].format(name=name)
        books.append(fill(notebook(chapter, False, names), right | {name: fault}))
    return books


def hand_in(books: Sequence[nbformat.NotebookNode], place: Callable[[int], Path]) -> None:
    for number, book in enumerate(books):
        path = place(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, path)


# ---- course-nn ----


def grade(meter: Meter, folder: Path, submissions: Path, names: Sequence[str], jobs: int) -> Cost:
    command = [sys.executable, "-m", "course_nn.cli", "grade", submissions, "--out", "grades"]
    command += ["--exercises", *names, "--seed", "1", "--jobs", str(jobs)]
    return meter.of(command, folder, environment(folder))


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "grades" / "grades.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def environment(folder: Path) -> dict[str, str]:
    """One thread for each process, and nothing of the user's own settings."""
    return os.environ | {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "COURSE_NN_DATA": str(folder / "data"),
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",
    }


# ---- the three parts ----


def whole_chapter(meter: Meter, options: argparse.Namespace, folder: Path) -> list[str]:
    names = [e.name for e in EXERCISES.values() if e.chapter == options.chapter]
    n = options.submissions
    bad = max(1, n * FAULTY // 300)
    good = a_class(options.chapter, names, n - bad, seed=1)
    worse = faulty(options.chapter, names, bad, seed=2)
    costs: dict[str, list[Cost]] = {"without": [], "with": [], "all": []}
    for turn in range(options.rounds):
        say(f"chapter {options.chapter}, round {turn + 1} of {options.rounds}")
        here = folder / f"chapter{turn}"
        hand_in(good, lambda i, here=here: here / "submissions" / f"student{i:03}.ipynb")
        first = grade(meter, here, here / "submissions", names, options.jobs)
        hand_in(worse, lambda i, here=here: here / "submissions" / f"troubled{i:03}.ipynb")
        second = grade(meter, here, here / "submissions", names, options.jobs)
        costs["without"].append(first / len(good))
        costs["with"].append(second / len(worse))
        costs["all"].append(Cost(*map(sum, zip(first, second))) / n)
    found = rows(here)
    assert len(found) == n
    faults = Counter(row["status"] for row in found if row["status"] != "ok")
    told = ", ".join(f"{status} {count}" for status, count in sorted(faults.items()))
    share = sum(faults.values()) / n
    return [
        "",
        f"## {n} submissions of chapter {options.chapter}",
        "",
        (
            f"{len(names)} exercises, {options.jobs} at a time, isolation layer {found[0]['layer']}. "
            f"{share:.0%} end in a fault ({told}); the endless loops wait out the deadline of 10 s. "
            "Seconds for each submission, the start of the command shared among all:"
        ),
        *table("submissions", "number", "wall", "CPU"),
        row("without a fault", n - bad, *seconds(median(costs["without"]))),
        row("with one", bad, *seconds(median(costs["with"]))),
        row("all", n, *seconds(median(costs["all"]))),
    ]


def two_exercises(meter: Meter, options: argparse.Namespace, folder: Path) -> list[str]:
    books = a_class(1, TWO, options.submissions, seed=3)
    costs = []
    for turn in range(options.rounds):
        say(f"two exercises, round {turn + 1} of {options.rounds}")
        here = folder / f"two{turn}"
        hand_in(books, lambda i, here=here: here / "submissions" / f"student{i:03}.ipynb")
        cost = grade(meter, here, here / "submissions", TWO, options.jobs)
        costs.append(cost / len(books))
    found = rows(here)
    assert {one["status"] for one in found} == {"ok"}
    cost = median(costs)
    met = "met" if cost.cpu < TARGET else "not met"
    low, high = min(c.cpu for c in costs), max(c.cpu for c in costs)
    return [
        "",
        f"## {len(books)} submissions of two exercises",
        "",
        f"1.1 and 1.2, {options.jobs} at a time, isolation layer {found[0]['layer']}, no faults.",
        *table("", "milliseconds", "target"),
        row("wall, each", f"{1000 * cost.wall:.0f}", ""),
        row(
            "CPU, each",
            f"{1000 * cost.cpu:.0f} ({1000 * low:.0f} to {1000 * high:.0f})",
            f"{1000 * TARGET:.0f}: {met}",
        ),
    ]


def against_nbgrader(meter: Meter, options: argparse.Namespace, folder: Path) -> list[str]:
    nbgrader = [options.nbgrader, "-m", "nbgrader"]
    asked = subprocess.run([*nbgrader, "--version"], capture_output=True, text=True, check=False)
    if asked.returncode:
        message = "nbgrader is left out: {} has none. Name the Python that has it with --nbgrader."
        say(message.format(options.nbgrader))
        return []
    version = asked.stdout.split("nbgrader version")[-1].strip()
    books = a_class(1, TWO, options.peers, seed=4)
    ours: dict[int, list[Cost]] = {1: [], len(books): []}
    theirs: dict[int, list[Cost]] = {1: [], len(books): []}
    agree = 0
    for turn in range(options.rounds):
        for n, costs in ours.items():
            say(f"beside nbgrader, {n} submissions, round {turn + 1} of {options.rounds}")
            here = folder / f"peer{turn}_{n}"
            hand_in(
                books[:n],
                lambda i, here=here: here / f"submitted/student{i:03}/two/derivatives.ipynb",
            )
            costs.append(grade(meter, here, here / "submitted", TWO, 1))
            hand_in(
                [notebook(1, True, TWO)], lambda i, here=here: here / "source/two/derivatives.ipynb"
            )
            for command in ("generate_assignment", "autograde"):
                line = [*nbgrader, command, "two", "--CourseDirectory.course_id=nn"]
                cost = meter.of(line, here, environment(here) | path_of(options.nbgrader))
            theirs[n].append(cost)
        line = [*nbgrader, "export", "--to=theirs.csv"]
        meter.of(line, here, environment(here) | path_of(options.nbgrader))
        with open(here / "theirs.csv", encoding="utf-8", newline="") as file:
            points = {one["student_id"]: float(one["score"]) for one in csv.DictReader(file)}
        mine = {one["student"]: float(one["total"]) for one in rows(here)}
        agree = sum(points[student] == mine[student] for student in mine)
    lines = [
        "",
        f"## Beside nbgrader {version}",
        "",
        (
            f"The same {len(books)} notebooks of exercises 1.1 and 1.2, one after the other: `course-nn grade "
            f"--jobs 1`, isolation layer {rows(here)[0]['layer']}, and `nbgrader autograde`, which has no isolation. "
            f"{agree} of {len(books)} students get the same points from both. Seconds:"
        ),
        *table("", "course-nn, wall", "CPU", "nbgrader, wall", "CPU", "nbgrader / course-nn, CPU"),
    ]
    many = len(books)
    for label, pick in {
        "a command with one submission": lambda costs, i: costs[1][i],
        "each further submission": lambda costs, i: (costs[many][i] - costs[1][i]) / (many - 1),
    }.items():
        a, b = ([pick(costs, i) for i in range(options.rounds)] for costs in (ours, theirs))
        ratio = statistics.median(y.cpu / x.cpu for x, y in zip(a, b))
        lines.append(row(label, *seconds(median(a)), *seconds(median(b)), f"{ratio:.1f}"))
    return lines


def path_of(python: Path) -> dict[str, str]:
    """nbgrader calls alembic by its name."""
    return {"PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"}


# ---- the page ----


def table(*head: str) -> list[str]:
    return ["", row(*head), row("---", *["--:"] * (len(head) - 1))]


def row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def seconds(cost: Cost) -> tuple[str, str]:
    return f"{cost.wall:.3f}", f"{cost.cpu:.3f}"


PARTS = {"chapter": whole_chapter, "two": two_exercises, "nbgrader": against_nbgrader}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  python benchmarks/grading.py --nbgrader ../nbgrader-venv/bin/python\n"
        "  python benchmarks/grading.py --only two --submissions 100 --rounds 1\n\n"
        "nbgrader may live in another environment: pip install 'nbgrader>=0.9,<0.10' numpy",
    )
    option = parser.add_argument
    option("--only", action="append", choices=PARTS, help="this part (repeatable)")
    option("--chapter", type=int, default=1, help="the whole chapter (%(default)s)")
    option("--submissions", type=int, default=300, metavar="N", help="of a class (%(default)s)")
    option("--peers", type=int, default=20, metavar="N", help="for nbgrader (%(default)s)")
    option("--rounds", type=int, default=3, help="medians are taken of (%(default)s)")
    option("--jobs", type=int, default=2, help="at a time (%(default)s)")
    option("--nbgrader", type=Path, default=Path(sys.executable), metavar="PYTHON", help="has it")
    option("--output", type=Path, help="write the page there, not to GRADING.md")
    options = parser.parse_args()
    if options.submissions < 2 or options.peers < 2 or options.rounds < 1:
        parser.error("two submissions and one round are the least")
    options.nbgrader = Path(os.path.abspath(options.nbgrader))
    meter = Meter()
    load = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="grading-"))
    try:
        found = [
            measure(meter, options, folder)
            for part, measure in PARTS.items()
            if not options.only or part in options.only
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [
        "# Grading",
        "",
        f"Written by `python benchmarks/grading.py` on {datetime.date.today()}:",
        (
            f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
            f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after,"
        ),
        (
            f"Python {platform.python_version()}, NumPy {np.__version__}; "
            f"medians of {options.rounds} rounds. CPU time holds on a busy machine, wall time does not."
        ),
    ]
    page = "\n".join([*lines, *(line for part in found for line in part)]) + "\n"
    print(page)
    output = options.output or (None if options.only else Path(__file__).with_name("GRADING.md"))
    if output:
        output.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
