"""Measure course_nn against PyTorch, Keras, scikit-learn, plain NumPy and the bare matrix products.

Everyone computes with one thread, in a process of its own that stays warm. The peers take turns,
one epoch each, round after round, so that what slows the machine down for a while slows all of
them. What counts is CPU time: for each peer the median of the rounds, and the median of the paired
ratios ours / peer. The table goes to RESULTS.md.
"""

import argparse
import datetime
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from peers import PEERS, WORKLOADS, images, train_on_bytes

from course_nn.datasets import mnist

OURS, BARE, BYTES = "course_nn", "matrix products", "course_nn, uint8 images"
FLOORS = (BARE, "products, rows, Adam")  # they learn nothing
MEMORY_GATES = {OURS: 270, BYTES: 120}  # MB, for the whole of W1
ONE_THREAD = {  # for the processes that compute: their libraries read it when they are imported
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}
Seconds = dict[str, dict[str, list[float]]]  # workload, peer: a number per round


# ---- the processes that compute ----


def worker(name: str) -> None:
    """Answer each line of JSON on standard input with one on standard output."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that nothing a library prints is taken for an answer
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    x, tests = images(x_train), images(x_test)
    for line in sys.stdin:
        order, argument = json.loads(line)
        answer: Any
        if order == "prepare":
            work = WORKLOADS[argument]
            runs = PEERS[name][1](work, x, y_train, tests)
            answer = runs is not None
            if answer and work.predict:
                runs[0]()  # predict with a network that has learned something
        elif order == "run":
            task = runs[work.predict]
            gc.collect()
            start = time.process_time()
            for _ in range(argument):
                task()
            answer = (time.process_time() - start) / argument
        else:
            answer = float((runs[1]().argmax(1) == y_test).mean())
        print(json.dumps(answer), file=answers, flush=True)


class Worker:
    """A warm process that computes for one peer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, order: str, argument: Any = None) -> Any:
        assert self.process.stdin and self.process.stdout
        print(json.dumps([order, argument]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"The process of {self.name} ended; what it said stands above.")
        return json.loads(answer)


def cold(name: str) -> None:
    """Do all of W1 in a fresh process: import, load, train five epochs, test. Print figures."""
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    if name == BYTES:
        train = train_on_bytes
    else:
        train = PEERS[name][1]
        x_train = images(x_train)  # one after the other, so that the bytes are let go
        x_test = images(x_test)
    epoch, predict = train(WORKLOADS["W1"], x_train, y_train, x_test)
    for _ in range(5):
        epoch()
    accuracy = float((predict().argmax(1) == y_test).mean())
    try:
        import resource
    except ImportError:  # Windows
        peak = None
    else:
        unit = 2**20 if sys.platform == "darwin" else 2**10
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(json.dumps([time.process_time(), accuracy, peak]))


# ---- measuring ----


def measure(
    keys: list[str], names: list[str], rounds: int
) -> tuple[Seconds, dict[str, dict[str, float]]]:
    """The CPU seconds of each round, and the test accuracies that the training led to."""
    workers = {name: Worker(name) for name in names}
    seconds: Seconds = {}
    accuracies: dict[str, dict[str, float]] = {}
    for key in keys:
        work = WORKLOADS[key]
        able = [name for name in names if workers[name].ask("prepare", key)]
        seconds[key] = {name: [] for name in able}
        for turn in range(rounds + 1):
            say(f"{key} ({work.title}): " + (f"round {turn} of {rounds}" if turn else "warming up"))
            for name in able:
                taken = workers[name].ask("run", 10 if work.predict else 1)
                if turn:
                    seconds[key][name].append(taken)
        if not work.predict:
            accuracies[key] = {
                name: workers[name].ask("test") for name in able if name not in FLOORS
            }
    for each in workers.values():
        each.process.communicate()
    return seconds, accuracies


def measure_cold(names: list[str], rounds: int) -> dict[str, list[float | None]]:
    """Medians of a process that starts cold: wall and CPU seconds, accuracy, peak memory in MB."""
    samples: dict[str, list[tuple]] = {name: [] for name in names}
    for turn in range(1, rounds + 1):
        say(f"cold process: round {turn} of {rounds}")
        for name in names:
            command = [sys.executable, __file__, "--cold", name]
            start = time.perf_counter()
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            wall = time.perf_counter() - start
            samples[name].append((wall, *json.loads(done.stdout.splitlines()[-1])))
    return {
        name: [None if None in column else statistics.median(column) for column in zip(*rows)]
        for name, rows in samples.items()
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ---- the page ----


def row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def table(*head: str) -> list[str]:
    return ["", row(*head), row(*["---"] * len(head))]


def verdict(value: float, gate: float | None, what: str, missed: list[str]) -> str:
    if gate is None:
        return ""
    if value <= gate:
        return "yes"
    missed.append(f"{what}: {value:.3g}, gate {gate}")
    return "no"


def report_seconds(
    seconds: Seconds, accuracies: dict, names: list[str], missed: list[str]
) -> list[str]:
    lines = [
        "",
        "## CPU seconds",
        "",
        "An epoch of 60,000 images, or (W5) the prediction of 10,000: medians.",
        '"Products, rows, Adam" is the least that a trainer in NumPy does: the products, of rows gathered at random, and Adam.',
        '"PyTorch, flushed" takes subnormal numbers as 0 (`torch.set_flush_denormal`), as few programs do: it spares it what dies out',
        "in Adam and in the weights of black pixels. course_nn sets such numbers to 0 itself. The gates are for PyTorch as it comes.",
    ]
    lines += table("workload", *names)
    for key, peers in seconds.items():
        medians = [
            f"{statistics.median(peers[name]):.4f}" if name in peers else "" for name in names
        ]
        lines.append(row(f"{key}: {WORKLOADS[key].title}", *medians))
    lines += ["", "## Ratios", "", "Our CPU time over the peer's: the median of the rounds, and in"]
    lines += ["brackets the lowest and the highest. Below 1, course_nn is faster."]
    lines += table("workload", "peer", "ratio", "gate", "target", "gate met")
    for key, peers in seconds.items():
        work = WORKLOADS[key]
        for name in [name for name in peers if name != OURS]:
            ratios = [ours / theirs for ours, theirs in zip(peers[OURS], peers[name])]
            ratio = statistics.median(ratios)
            gate, target = {"PyTorch": work.gates, BARE: work.bare_gates}.get(name, (None, None))
            spread = f"{ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
            met = verdict(ratio, gate, f"{key}, ours / {name}", missed)
            lines.append(row(key, name, spread, gate or "", target or "", met))
    if accuracies:
        lines += ["", "## Test accuracy", ""]
        lines += ["After the epochs of the rounds and one to warm up: everyone learns."]
        learners = [name for name in names if name not in FLOORS]
        lines += table("workload", *learners)
        for key, peers in accuracies.items():
            lines.append(row(key, *[f"{peers[n]:.2%}" if n in peers else "" for n in learners]))
    return lines


def report_cold(colds: dict, missed: list[str]) -> list[str]:
    lines = ["", "## A cold process", ""]
    lines += ["From the start of Python to W1's test accuracy after five epochs: medians."]
    figures = ("wall seconds", "CPU seconds", "test accuracy", "peak memory, MB")
    lines += table("program", *figures, "gate", "gate met")
    for name, (wall, cpu, accuracy, peak) in colds.items():
        gate = MEMORY_GATES.get(name)
        met = "" if peak is None else verdict(peak, gate, f"peak memory of {name}", missed)
        memory = "" if peak is None else f"{peak:.0f}"
        lines.append(
            row(name, f"{wall:.2f}", f"{cpu:.2f}", f"{accuracy:.2%}", memory, gate or "", met)
        )
    return lines


def environment(names: list[str], rounds: int) -> list[str]:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = [f"Python {platform.python_version()}"]
    versions += [f"NumPy {np.__version__} with {blas['name']} {blas['version']}"]
    for name, package in {
        "PyTorch": "torch",
        "Keras": "keras",
        "scikit-learn": "scikit-learn",
    }.items():
        if name in names:
            versions.append(f"{name} {version(package)}")
    if "Keras" in names:
        versions.append(f"Keras's backend {os.environ['KERAS_BACKEND']}")
    return [
        "# Results",
        "",
        f"Written by `python benchmarks/run.py` on {datetime.date.today()}:",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one thread used;",
        f"{', '.join(versions)}; {rounds} rounds.",
    ]


# ---- the command ----


def installed(wanted: list[str] | None) -> list[str]:
    """The peers that can be measured here; says which cannot, and chooses Keras's backend."""
    names = [OURS]
    for name, (module, _) in list(PEERS.items())[1:]:
        if wanted and name not in wanted:
            continue
        if find_spec(module):
            names.append(name)
        else:
            say(f"{name} is left out: it is not installed (pip install 'course-nn[bench]').")
    if "Keras" in names and "KERAS_BACKEND" not in os.environ:
        backend = next(filter(find_spec, ("jax", "tensorflow", "torch")), None)  # the fastest first
        if backend:
            os.environ["KERAS_BACKEND"] = backend
        else:
            names.remove("Keras")
            say("Keras is left out: it has no backend (jax, tensorflow or torch).")
    return names


def main() -> int:
    os.environ.update(ONE_THREAD)
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  python benchmarks/run.py                       everything, into RESULTS.md: 10 minutes\n"
        "  python benchmarks/run.py --quick               three rounds: a rough idea\n"
        "  python benchmarks/run.py --only W1 --only cold two parts\n"
        "  python benchmarks/run.py --peer PyTorch --gate exit code 1 where a gate is missed\n\n"
        "A peer that is not installed is left out. All of them: pip install 'course-nn[bench]'",
    )
    parser.add_argument(
        "--only", action="append", choices=[*WORKLOADS, "cold"], help="this part (repeatable)"
    )
    parser.add_argument(
        "--peer", action="append", choices=list(PEERS)[1:], help="this peer (repeatable)"
    )
    parser.add_argument(
        "--rounds", type=int, default=9, help="rounds of each workload (%(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="--rounds 3, and RESULTS.md is left alone"
    )
    parser.add_argument("--gate", action="store_true", help="exit code 1 when a gate is missed")
    parser.add_argument("--output", type=Path, help="write the page to this file")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--cold", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker or args.cold:
        worker(args.worker) if args.worker else cold(args.cold)
        return 0
    if args.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {args.rounds}")

    names, rounds = installed(args.peer), 3 if args.quick else args.rounds
    keys = [key for key in WORKLOADS if not args.only or key in args.only]
    missed = [
        f"{name} was not measured" for name in ("PyTorch", BARE) if keys and name not in names
    ]
    lines = environment(names, rounds)
    if keys:
        lines += report_seconds(*measure(keys, names, rounds), names, missed)
    if not args.only or "cold" in args.only:
        programs = [OURS, BYTES, *[name for name in names if name in ("PyTorch", "Keras")]]
        lines += report_cold(measure_cold(programs, min(rounds, 5)), missed)
    page = "\n".join(lines) + "\n"
    print(page)
    whole = not (args.only or args.peer or args.quick)
    if output := args.output or (Path(__file__).with_name("RESULTS.md") if whole else None):
        output.write_text(page, encoding="utf-8")
    for line in missed:
        say(f"Gate missed: {line}")
    return 1 if args.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main())
