"""Measure course_nn against PyTorch, JAX, Keras, scikit-learn, plain NumPy and the bare products.

Everyone computes with one thread, in a process of its own that stays warm. The peers take turns,
one epoch each, round after round, so that what slows the machine down for a while slows all of
them. What counts is CPU time: for each peer the median of the rounds, and the median of the paired
ratios ours / peer. RESULTS.md keeps a section for each kind of processor that was measured; the
table in the README is written from the section that this run adds or renews.
"""

import argparse
import datetime
import gc
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from peers import PEERS, WORKLOADS, images, train_on_bytes

from course_nn.datasets import mnist

OURS, QUICK, BYTES = "course_nn", "course_nn, jit_compile", "course_nn, uint8 images"
BARE, LEAST, ONE_PASS = "matrix products", "products, rows, Adam", "the same, one pass"
FLOORS = (BARE, LEAST, ONE_PASS)  # they learn nothing
EAGER = ("PyTorch", "PyTorch, flushed", "scikit-learn", "NumPy float64")
FLOOR_GATES = {(OURS, LEAST): 1.15, (QUICK, ONE_PASS): 1.15}
MEMORY_GATES = {OURS: 270, BYTES: 120}  # MB, for the whole of W1
PATIENCE = 240  # seconds that a peer may take to prepare, or for a round
HERE = Path(__file__).parent
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
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
}
Seconds = dict[str, dict[str, list[float]]]  # workload, peer: a number per round
Figures = dict[str, dict[str, float]]  # workload, peer: one number


# ---- the processes that compute ----


def cpu_seconds() -> float:
    """Of this process, and of the compilers that it has called."""
    used = os.times()
    return time.process_time() + used.children_user + used.children_system


def worker(name: str) -> None:
    """Answer each line of JSON on standard input with one on standard output."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that nothing a library prints is taken for an answer
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    x, tests = images(x_train), images(x_test)
    for line in sys.stdin:
        order, argument = json.loads(line)
        answer: Any
        start = cpu_seconds()
        if order == "prepare":  # and run once, which is when most of them compile
            work = WORKLOADS[argument]
            runs = PEERS[name][1](work, x, y_train, tests)
            answer = None
            if runs is not None:
                if work.predict:
                    runs[0]()  # predict with a network that has learned something
                    start = cpu_seconds()
                runs[work.predict]()
                answer = cpu_seconds() - start
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
        """The answer, or None where the peer cannot do it, has failed, or takes too long."""
        assert self.process.stdin and self.process.stdout
        if self.process.poll() is not None:
            return None
        alarm = threading.Timer(PATIENCE, self.process.kill)
        alarm.start()
        try:
            print(json.dumps([order, argument]), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        alarm.cancel()
        if not answer:
            self.process.wait()
            say(f"{self.name} is left out from here: its process ended; why may stand above.")
            return None
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
    keys: list[str], names: list[str], rounds: int, deadline: float
) -> tuple[Seconds, Figures, Figures]:
    """The CPU seconds of each round, those of the first one with all preparation, and the test
    accuracies. Where time runs short there are fewer rounds, three at least."""
    workers = {name: Worker(name) for name in names}
    seconds: Seconds = {}
    first: Figures = {}
    accuracies: Figures = {}
    for place, key in enumerate(keys):
        work = WORKLOADS[key]
        end = time.monotonic() + (deadline - time.monotonic()) / (len(keys) - place)
        say(f"{key} ({work.title}): preparing")
        answers = {name: workers[name].ask("prepare", key) for name in names}
        first[key] = {name: taken for name, taken in answers.items() if taken is not None}
        able = list(first[key])
        taken: dict[str, list[float]] = {name: [] for name in able}
        for turn in range(1, rounds + 1):
            if turn > 3 and time.monotonic() > end:
                say(f"{key}: {turn - 1} rounds, for want of time")
                break
            say(f"{key} ({work.title}): round {turn} of {rounds}")
            for name in list(able):
                answer = workers[name].ask("run", 10 if work.predict else 1)
                if answer is None:
                    able.remove(name)
                    del taken[name]
                else:
                    taken[name].append(answer)
        seconds[key] = taken
        if not work.predict:
            accuracies[key] = {
                name: workers[name].ask("test") for name in able if name not in FLOORS
            }
    for each in workers.values():
        try:
            each.process.communicate(timeout=30)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            each.process.kill()
    return seconds, first, accuracies


def measure_cold(names: list[str], rounds: int) -> dict[str, list[tuple]]:
    """Runs of a process that starts cold: wall and CPU seconds, accuracy, peak memory in MB."""
    samples: dict[str, list[tuple]] = {name: [] for name in names}
    for turn in range(rounds + 1):  # the first fills the disk's cache, and Numba's
        say(f"cold process: round {turn} of {rounds}")
        for name in list(samples):
            command = [sys.executable, __file__, "--cold", name]
            start = time.perf_counter()
            try:
                done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                say(f"{name} is left out of the cold processes: {error}")
                del samples[name]
                continue
            wall = time.perf_counter() - start
            if turn:
                samples[name].append((wall, *json.loads(done.stdout.splitlines()[-1])))
    return samples


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
    if value < gate:
        return "yes"
    missed.append(f"{what}: {value:.3g}, gate {gate}")
    return "no"


def median_of(samples: list[float], digits: int) -> str:
    """Median, and in brackets the lowest and the highest."""
    low, high = min(samples), max(samples)
    return f"{statistics.median(samples):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def ratios_of(peers: dict[str, list[float]], ours: str, theirs: str) -> list[float]:
    return [a / b for a, b in zip(peers[ours], peers[theirs])]


def gate_of(ours: str, peer: str) -> float | None:
    if peer in FLOORS:
        return FLOOR_GATES.get((ours, peer))
    return 1.0 if ours == QUICK or peer in EAGER else None


def report_seconds(
    seconds: Seconds, first: Figures, accuracies: Figures, names: list[str], missed: list[str]
) -> list[str]:
    lines = [
        "",
        "### CPU seconds",
        "",
        "An epoch of 60,000 images, or (W5) the prediction of 10,000: medians, and in brackets the lowest and the highest.",
        '"Products, rows, Adam" is the least that a trainer in NumPy does: the products, of rows gathered at random, and Adam;',
        '"the same, one pass" has rows and Adam as one compiled loop each. "PyTorch, flushed" takes subnormal numbers as 0',
        "(`torch.set_flush_denormal`), as few programs do, and so does the compiled one: it spares them what dies out in Adam",
        "and in the weights of black pixels. course_nn sets such numbers to 0 itself.",
    ]
    lines += table("", *seconds)
    for name in names:
        cells = [
            median_of(peers[name], 4 if WORKLOADS[key].predict else 3) if name in peers else ""
            for key, peers in seconds.items()
        ]
        lines.append(row(name, *cells))
    lines += ["", ", ".join(f"{key}: {WORKLOADS[key].title}" for key in seconds).join("()")]
    lines += ["", "### Before the first epoch", ""]
    lines += [
        "CPU seconds to build and to compile, compilers that were called included, and nothing kept from an earlier run:"
    ]
    lines += [
        "the first epoch with all that precedes it, less a later epoch. For W5, the first prediction alone."
    ]
    lines += table("", *seconds)
    for name in [name for name in names if name not in FLOORS]:
        cells = [
            f"{max(0, first[key][name] - statistics.median(peers[name])):.2f}"
            if name in peers
            else ""
            for key, peers in seconds.items()
        ]
        lines.append(row(name, *cells))
    lines += [
        "",
        "### Ratios",
        "",
        "Our CPU time over the peer's: the median of the rounds, and in",
    ]
    lines += ["brackets the lowest and the highest. Below 1, course_nn is faster."]
    for ours in (OURS, QUICK):
        if ours not in names:
            continue
        others = [name for name in names if name not in (OURS, QUICK)]
        if ours == QUICK:
            others.insert(0, OURS)
        lines += table(f"{ours} /", *seconds, "gate", "gate met")
        for name in others:
            gate = gate_of(ours, name)
            cells, met = [], []
            for key, peers in seconds.items():
                if name not in peers or ours not in peers:
                    cells.append("")
                    continue
                ratios = ratios_of(peers, ours, name)
                cells.append(median_of(ratios, 3))
                what = f"{key}, {ours} / {name}"
                met.append(verdict(statistics.median(ratios), gate, what, missed))
            said = "" if gate is None else "yes" if "no" not in met else f"{met.count('no')} not"
            lines.append(row(name, *cells, "" if gate is None else gate, said))
    if accuracies:
        lines += ["", "### Test accuracy", ""]
        lines += ["After the epochs of the rounds and one before: everyone learns."]
        lines += table("", *accuracies)
        for name in [name for name in names if name not in FLOORS]:
            cells = [
                f"{peers[name]:.2%}" if peers.get(name) is not None else ""
                for peers in accuracies.values()
            ]
            lines.append(row(name, *cells))
    return lines


def report_cold(colds: dict[str, list[tuple]], missed: list[str]) -> list[str]:
    lines = ["", "### A cold process", ""]
    lines += [
        "From the start of Python to W1's test accuracy after five epochs: medians, and the lowest and highest."
    ]
    lines += ["What Numba compiled lies on disk already, from a run before."]
    figures = ("wall seconds", "CPU seconds", "test accuracy", "peak memory, MB")
    lines += table("program", *figures, "gate", "gate met")
    for name, runs in colds.items():
        wall, cpu, accuracy, peak = zip(*runs)
        gate = MEMORY_GATES.get(name)
        met = memory = ""
        if None not in peak:
            met = verdict(statistics.median(peak), gate, f"peak memory of {name}", missed)
            memory = f"{statistics.median(peak):.0f}"
        learned = f"{statistics.median(accuracy):.2%}"
        lines.append(
            row(name, median_of(wall, 2), median_of(cpu, 2), learned, memory, gate or "", met)
        )
    return lines


def pays_after(seconds: Seconds, colds: dict[str, list[tuple]]) -> list[str]:
    """After how many epochs of W1 the loops have earned the import of their compiler."""
    peers = seconds.get("W1", {})
    if not {OURS, QUICK} <= set(peers) or not {OURS, QUICK} <= set(colds):
        return []
    plain, quick = (statistics.median(peers[name]) for name in (OURS, QUICK))
    starts = [
        statistics.median(cpu for _wall, cpu, *_rest in colds[name]) - 5 * epoch
        for name, epoch in ((OURS, plain), (QUICK, quick))
    ]
    more, saved = starts[1] - starts[0], plain - quick
    told = f"To import the compiler and what it has kept costs {more:.2f} CPU seconds, an epoch of W1 saves {saved:.3f}:"
    return [
        "",
        told,
        f"it pays from about {more / saved:.0f} epochs on."
        if saved > 0
        else "it does not pay on W1.",
    ]


def processor() -> str:
    """What kind of processor this is: its name, its second-level cache, the kernels that NumPy's BLAS chose."""
    name = platform.processor() or platform.machine()
    about = Path("/proc/cpuinfo")
    if about.exists() and (
        found := re.search(r"model name\s*: (.+)", about.read_text(encoding="utf-8"))
    ):
        name = re.sub(r"\((R|TM)\)| CPU|Processor|@.*", "", found[1])
    parts = [" ".join(name.split())]
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, size = ((cache / each).read_text().strip() for each in ("level", "size"))
        if level in ("2", "3"):
            parts.append(f"{size.removesuffix('K')} KB of L{level}")
    if find_spec("threadpoolctl"):
        from threadpoolctl import threadpool_info

        kernels = {
            each.get("architecture") for each in threadpool_info() if each["user_api"] == "blas"
        }
        parts += [f"{kernel} kernels" for kernel in sorted(filter(None, kernels))]
    return ", ".join(parts)


def environment(names: list[str], rounds: int) -> list[str]:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = [f"Python {platform.python_version()}"]
    versions += [f"NumPy {np.__version__} with {blas['name']} {blas['version']}"]
    for name, package in {
        QUICK: "numba",
        "PyTorch": "torch",
        "JAX, epoch scan": "jax",
        "Keras": "keras",
        "scikit-learn": "scikit-learn",
    }.items():
        if name in names:
            versions.append(f"{package} {version(package)}")
    if "Keras" in names:
        versions.append(f"Keras's backend {os.environ['KERAS_BACKEND']}")
    return [
        f"Written by `python benchmarks/run.py` on {datetime.date.today()}:",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one thread used;",
        f"{', '.join(versions)}; up to {rounds} rounds.",
    ]


def with_section(page: str, title: str, section: str) -> str:
    """``page`` with that section in the place of one of the same title, or as its last; the others stay."""
    head, *others = re.split(r"^## ", page, flags=re.MULTILINE)
    kept = {each.partition("\n")[0].strip(): each.partition("\n")[2].strip() for each in others}
    kept[title] = section.strip()
    return head.rstrip() + "".join(f"\n\n## {name}\n\n{text}" for name, text in kept.items()) + "\n"


def readme_table(seconds: Seconds, colds: dict[str, list[tuple]], names: list[str]) -> list[str]:
    """For each network ours, the strongest peer of each kind, and the ratios to the strongest of all."""
    peers = [name for name in names if name not in (OURS, QUICK, *FLOORS)]
    eager = [name for name in peers if name in EAGER]
    lines = table(
        "Network",
        OURS,
        "with `jit_compile`",
        "best eager peer",
        "best compiled peer",
        "ours / best eager",
        "`jit_compile` / best of all",
    )[1:]
    for key, taken in seconds.items():
        middle = {name: statistics.median(samples) for name, samples in taken.items()}
        digits = 4 if WORKLOADS[key].predict else 2

        def best(of: list[str], middle: dict[str, float] = middle) -> str | None:
            return min(
                (name for name in of if name in middle), key=middle.__getitem__, default=None
            )

        def cell(name: str | None, middle: dict[str, float] = middle, digits: int = digits) -> str:
            if name is None or name not in middle:
                return ""
            return f"{middle[name]:.{digits}f}" + ("" if name in (OURS, QUICK) else f" {name}")

        slow, fast = best(eager), best([name for name in peers if name not in eager])
        strongest = best(peers)
        shares = [
            f"{statistics.median(ratios_of(taken, ours, rival)):.2f}"
            if rival and ours in taken
            else ""
            for ours, rival in ((OURS, slow), (QUICK, strongest))
        ]
        title = WORKLOADS[key].title
        lines.append(row(title, cell(OURS), cell(QUICK), cell(slow), cell(fast), *shares))
    for unit, place in (("wall seconds", 0), ("memory in MB", 3)):
        middle = {
            name: statistics.median(run[place] for run in runs)
            for name, runs in colds.items()
            if None not in [run[place] for run in runs]
        }
        digits = 1 if place == 0 else 0
        others = sorted(
            (value, name) for name, value in middle.items() if not name.startswith("course_nn")
        )
        eager_cell, compiled_cell = (
            next(
                (f"{value:.{digits}f} {name}" for value, name in others if (name in EAGER) is kind),
                "",
            )
            for kind in (True, False)
        )
        own = [f"{middle[name]:.{digits}f}" if name in middle else "" for name in (OURS, QUICK)]
        if place == 3 and BYTES in middle:
            own[0] += f", or {middle[BYTES]:.0f} with the images as bytes"
        shares = [
            f"{middle[o] / others[0][0]:.2f}" if o in middle and others else ""
            for o in (OURS, QUICK)
        ]
        title = f"start Python, train 784-32-10 five epochs, test: {unit}"
        lines.append(row(title, *own, eager_cell, compiled_cell, *shares))
    return lines


def renew_readme(path: Path, lines: list[str]) -> None:
    """Put ``lines`` in the place of the README's table of networks."""
    text = path.read_text(encoding="utf-8")
    new, count = re.subn(
        r"^\| Network \|.*\n(?:\|.*\n)+",
        lambda _: "\n".join(lines) + "\n",
        text,
        count=1,
        flags=re.MULTILINE,
    )
    if count:
        path.write_text(new, encoding="utf-8")
    else:
        say("README.md has no table that begins with | Network |, and is left as it is.")


# ---- the command ----


def installed(wanted: list[str] | None) -> list[str]:
    """The peers that can be measured here; says which cannot, and chooses Keras's backend."""
    names = [OURS]
    for name, (module, _) in list(PEERS.items())[1:]:
        if wanted and name not in wanted:
            continue
        if not find_spec(module):
            say(f"{name} is left out: {module} is not installed (pip install 'course-nn[bench]').")
        elif name == "PyTorch, compiled" and not any(map(shutil.which, ("g++", "clang++", "cl"))):
            say(f"{name} is left out: it needs a compiler of C++, and there is none.")
        else:
            names.append(name)
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
        "  python benchmarks/run.py                       everything, into RESULTS.md and README.md: 18 minutes\n"
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
    parser.add_argument(
        "--minutes",
        type=float,
        default=18,
        help="fewer rounds where they would take longer (%(default)s)",
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
    starts = not args.only or "cold" in args.only
    deadline = time.monotonic() + 60 * args.minutes - (120 if starts else 0)
    missed = [
        f"{name} was not measured"
        for name in (QUICK, "PyTorch", BARE)
        if keys and name not in names
    ]
    lines = environment(names, rounds)
    seconds: Seconds = {}
    colds: dict[str, list[tuple]] = {}
    with tempfile.TemporaryDirectory() as kept:  # nothing that an earlier run compiled
        os.environ.update(NUMBA_CACHE_DIR=f"{kept}/numba", TORCHINDUCTOR_CACHE_DIR=f"{kept}/torch")
        if keys:
            seconds, first, accuracies = measure(keys, names, rounds, deadline)
            lines += report_seconds(seconds, first, accuracies, names, missed)
        if starts:
            programs = [OURS, QUICK, BYTES, "PyTorch", "Keras"]
            able = [name for name in programs if name in names or name == BYTES]
            colds = measure_cold(able, min(rounds, 5))
            lines += report_cold(colds, missed) + pays_after(seconds, colds)
    section = "\n".join(lines) + "\n"
    print(section)
    whole = not (args.only or args.peer or args.quick)
    if output := args.output or (HERE / "RESULTS.md" if whole else None):
        page = output.read_text(encoding="utf-8") if output.exists() else "# Results\n"
        output.write_text(with_section(page, processor(), section), encoding="utf-8")
    if whole and not args.output:
        renew_readme(HERE.parent / "README.md", readme_table(seconds, colds, names))
    for line in missed:
        say(f"Gate missed: {line}")
    return 1 if args.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main())
