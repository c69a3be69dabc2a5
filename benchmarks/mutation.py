"""Change the package in one place after another, and see whether a test notices.

  python benchmarks/mutation.py /tmp/mutation                        300 mutants of the whole package
  python benchmarks/mutation.py /tmp/mutation course_nn/grading --sample 150     ... of one folder
  python benchmarks/mutation.py /tmp/mutation course_nn/losses --all            ... all there are
  python benchmarks/mutation.py /tmp/mutation --report                what has come out so far

The first run clones what is committed into the folder; each mutant is one change of cosmic-ray's,
made in the clone alone. The test files nearest to its module judge it, one after another, until a
test fails: by name and folder first, then by how many imports lie between, then the shorter. Each
verdict is written at once: a run that was interrupted goes on where it was, a larger sample holds
the smaller, more --files judge again what has survived fewer, and to begin afresh, delete the folder.
Linux and macOS.

It needs cosmic-ray: python -m pip install cosmic-ray
"""

import argparse
import ast
import importlib
import io
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tqdm import tqdm

try:
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator
except ImportError:
    sys.exit("cosmic-ray is missing: python -m pip install cosmic-ray")

ROOT = Path(__file__).parents[1]
BINARY = (
    "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Div Mod_FloorDiv Pow_Mul BitOr_BitAnd BitAnd_BitOr"
)
COMPARED = "Eq_NotEq NotEq_Eq Lt_LtE LtE_Lt Gt_GtE GtE_Gt Is_IsNot IsNot_Is"
OPERATORS = [  # of each kind the change that is hardest to see
    *(f"ReplaceBinaryOperator_{one}" for one in BINARY.split()),
    *(f"ReplaceComparisonOperator_{one}" for one in COMPARED.split()),
    *(f"ReplaceUnaryOperator_Delete_{one}" for one in ("USub", "Not", "Invert")),
    *("ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
    *("AddNot", "NumberReplacer", "ExceptionReplacer", "RemoveDecorator"),
]
PYTEST = "-o addopts= --import-mode=importlib --assert=plain -p no:cacheprovider -q -x"
WARM = "numpy hypothesis.extra.numpy IPython ipywidgets matplotlib.pyplot nbclient torch"  # of many tests


class Mutant(NamedTuple):
    """The ``occurrence``-th change that ``operator`` can make in ``module``, and its line."""

    module: str
    operator: str
    occurrence: int
    line: int


# ---- which tests are near ----


def imported(path: Path) -> Iterator[str]:
    """The modules that the file imports, and what it takes from them, which may be modules."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def dotted(module: str) -> str:
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class Near:
    """Which files of tests are near to which module."""

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        modules = [path.relative_to(copy).as_posix() for path in copy.glob("course_nn/**/*.py")]
        self.users: dict[str, set[str]] = defaultdict(set)  # module: the modules that import it
        for module in modules:
            for name in imported(copy / module):
                self.users[name].add(dotted(module))
        self.tests = {
            path.relative_to(copy).as_posix(): set(imported(path))
            for path in sorted(copy.glob("tests/**/test_*.py"))
            if "browser" not in path.parts
        }

    def distances(self, name: str) -> dict[str, int]:
        """How many imports lie between each file of tests and the module ``name``."""
        found: dict[str, int] = {}
        reached, new = {name}, {name}
        for distance in range(1, 9):
            for test, imports in self.tests.items():
                if imports & new:
                    found.setdefault(test, distance)
            new = {user for one in new for user in self.users[one]} - reached
            reached |= new
        return found

    def files(self, module: str, number: int) -> list[list[str]]:
        """What pytest is called with, the nearest tests first, at most ``number`` times."""
        stem, folder = dotted(module).split(".")[-1], Path(module).parent.name
        if re.fullmatch(r"chapter\d+", stem) and folder == "checks":
            # Nobody imports a chapter's exercises; the tests of all exercises name the chapter.
            return [["tests/checks/test_every_exercise.py", "-k", f"{stem}-"]]
        distances = self.distances(dotted(module))
        if not distances:  # it is text for a sandbox
            distances = self.distances(dotted(module).rpartition(".")[0])

        def far(test: str) -> tuple[int, int, int]:
            name, beside = Path(test).stem, Path(test).parent.name == folder
            rank = 0 if stem.strip("_") in name else 1 if folder in name else 2 if beside else 3
            return rank, distances[test], (self.copy / test).stat().st_size

        nearest = sorted(distances, key=far)[:number]
        # What is slow runs for what it is named after only.
        return [[test] if far(test)[0] == 0 else [test, "--fast"] for test in nearest]


# ---- the runs ----


def run(copy: Path, arguments: list[str], output: Path, seconds: int) -> int | None:
    """pytest's exit code in ``copy``, in a fork of this process, which has all but the course.

    None after ``seconds`` of computing, or ten times as many of waiting.
    """
    child = os.fork()
    if not child:
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            with output.open("wb") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir(copy)
            sys.path.insert(0, str(copy))
            code = pytest.main([*PYTEST.split(), *arguments])
            sys.stdout.flush()
            os._exit(code)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(3)
    begin = time.monotonic()
    try:
        while time.monotonic() - begin < 10 * seconds:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                return None if code in (-signal.SIGXCPU, -signal.SIGKILL) else code
            time.sleep(0.02)
        return None
    finally:
        with suppress(ProcessLookupError):  # with what its tests have started
            os.killpg(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


class Judge:
    """Runs the tests near to a mutant; a test that fails without it too does not count."""

    def __init__(self, folder: Path, number: int, seconds: int) -> None:
        self.copy, self.output = folder / "copy", folder / "output.txt"
        self.near, self.number, self.seconds = Near(self.copy), number, seconds
        self.fails_anyway: dict[str, bool] = {}

    def __call__(self, mutant: Mutant) -> dict[str, Any]:
        """What the tests say of ``mutant``: killed, timeout, survived."""
        path = self.copy / mutant.module
        text, times = path.read_text(encoding="utf-8"), path.stat()
        changed = mutate_code(text, get_operator(f"core/{mutant.operator}")(), mutant.occurrence)
        was, now = text.splitlines(), changed.splitlines()
        pairs = [pair for pair in zip(was, now, strict=False) if pair[0] != pair[1]]
        result: dict[str, Any] = mutant._asdict()
        result["before"], result["after"] = pairs[0] if pairs else ("", "")
        result |= {"outcome": "survived", "by": "", "files": self.number}
        begin = time.monotonic()
        for arguments in self.near.files(mutant.module, self.number):
            code: int | None = 1
            while code == 1:
                without = [
                    f"--deselect={test}" for test, fails in self.fails_anyway.items() if fails
                ]
                try:
                    path.write_text(changed, encoding="utf-8")
                    code = run(self.copy, [*arguments, *without], self.output, self.seconds)
                finally:
                    path.write_text(text, encoding="utf-8")
                    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
                failed = self.failed() if code else ""
                if code != 1 or not self.fails_without(failed):
                    break
            if code not in (0, 5):  # 5: all of the file is slow
                result["outcome"] = "timeout" if code is None else "killed"
                result["by"] = failed or f"{arguments[0]} does not run"
                break
        return result | {"seconds": round(time.monotonic() - begin, 1)}

    def failed(self) -> str:
        text = self.output.read_text("utf-8", "replace")
        found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", text, re.MULTILINE)
        return found[1] if found else ""

    def fails_without(self, test: str) -> bool:
        """Whether ``test``, or a file that cannot be read, fails with the unchanged package too."""
        if test not in self.fails_anyway:
            code = run(self.copy, [test], self.output, self.seconds)
            if code not in (0, 1):
                sys.exit(
                    f"{self.output.read_text('utf-8', 'replace')}\npytest {test} does not run."
                )
            self.fails_anyway[test] = code == 1
        return self.fails_anyway[test]


# ---- the mutants ----


def types(tree: ast.AST) -> Iterator[ast.expr]:
    """Annotations, which nothing computes with."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if isinstance(found := getattr(node, name, None), ast.expr):
                yield found


def mutants(copy: Path, module: str) -> list[Mutant]:
    """Every change that can be made in ``module``, outside of types."""
    text = (copy / module).read_text(encoding="utf-8")
    spans = [
        ((a.lineno, a.col_offset), (a.end_lineno or 0, a.end_col_offset or 0))
        for a in types(ast.parse(text))
    ]
    nodes = list(ast_nodes(get_ast(text)))
    found = []
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        places = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (start, _) in enumerate(places):
            if not any(begin <= start < end for begin, end in spans):
                found.append(Mutant(module, name, occurrence, start[0]))
    return found


def sample(copy: Path, paths: list[str], number: int | None, seed: int) -> list[Mutant]:
    """``number`` of the mutants below ``paths``, each module by its size; all if it is None."""
    files = {
        file
        for path in paths
        for file in ([copy / path] if path.endswith(".py") else (copy / path).rglob("*.py"))
    }
    modules = sorted(file.relative_to(copy).as_posix() for file in files)
    every = {module: mutants(copy, module) for module in tqdm(modules, "Places", leave=False)}
    total = sum(map(len, every.values()))
    chosen = []
    for module, found in every.items():
        random.Random(f"{seed} {module}").shuffle(found)
        share = len(found) if number is None else round(number * len(found) / max(total, 1))
        chosen += found[: max(share, 1)]
    random.Random(seed).shuffle(chosen)  # an interrupted run has seen something of each
    return chosen


# ---- the table ----


def report(results: list[dict[str, Any]]) -> None:
    """A row per module and per folder, and what has survived."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        module = result["module"]
        folder = Path(module).parent.as_posix()
        for name in ("all", folder + "/", module):
            counts[name][result["outcome"]] += 1
    print("| module | mutants | noticed | score |\n|---|--:|--:|--:|")
    for name in sorted(counts):
        one = counts[name]
        seen = one.total() - one["survived"]
        print(f"| {name} | {one.total()} | {seen} | {seen / one.total():.0%} |")
    for result in sorted(results, key=lambda one: (one["module"], one["line"])):
        if result["outcome"] == "survived":
            print(f"\n{result['module']}:{result['line']} {result['operator']}")
            print(f"- {result['before'].strip()}\n+ {result['after'].strip()}")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the clone and the results are")
    parser.add_argument("paths", nargs="*", default=["course_nn"], help="what to change")
    parser.add_argument("--sample", type=int, default=300, metavar="N", help="so many mutants")
    parser.add_argument("--all", action="store_true", help="every mutant there is")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--files", type=int, default=2, metavar="N", help="of tests per mutant")
    parser.add_argument("--seconds", type=int, default=60, help="of computing for each of these")
    parser.add_argument("--report", action="store_true", help="only tell what has come out")
    options = parser.parse_args()
    folder = options.folder.resolve()
    copy, kept = folder / "copy", folder / "results.jsonl"
    if ROOT == folder or ROOT in folder.parents:
        parser.error(f"{folder} is inside the course: name a folder elsewhere")
    text = kept.read_text(encoding="utf-8") if kept.exists() else ""
    every = [json.loads(line) for line in text.splitlines()]
    results = {(one["module"], one["operator"], one["occurrence"]): one for one in every}
    if options.report:
        return report(list(results.values()))
    if not copy.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(copy)], check=True)
    # Where a run was killed, its mutant is still there.
    subprocess.run(["git", "checkout", "--quiet", "--", "course_nn"], cwd=copy, check=True)
    for path in options.paths:
        if not (copy / path).exists():
            parser.error(f"there is no {path} in {copy}")
    os.nice(10)
    os.environ |= {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",  # no compiled mutant is left
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
    }
    sys.dont_write_bytecode = True
    for name in WARM.split():
        with suppress(ImportError):
            importlib.import_module(name)
    nothing = folder / "nothing"
    nothing.mkdir(exist_ok=True)
    with redirect_stdout(io.StringIO()):  # and pytest's plugins
        pytest.main([*PYTEST.split(), str(nothing)])
    judge = Judge(folder, options.files, options.seconds)
    known = {
        key
        for key, one in results.items()
        if one["outcome"] != "survived" or one["files"] >= options.files
    }
    chosen = sample(copy, options.paths, None if options.all else options.sample, options.seed)
    new = [mutant for mutant in chosen if mutant[:3] not in known]
    with kept.open("a", encoding="utf-8") as file:
        for mutant in tqdm(new, "Mutants"):
            results[mutant[:3]] = judge(mutant)
            file.write(json.dumps(results[mutant[:3]]) + "\n")
            file.flush()
    report(list(results.values()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next run goes on.")
