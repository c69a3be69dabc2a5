"""Plausible wrong programs, made of the right answer to any exercise: `programs`.

Where mutants.py changes a solution by a single operator, these are what learners write who looked
at the example only, at numbers above 0, at whole numbers, at a square matrix; who started from 0,
or cut off what is large. test_battery.py holds every exercise to them: each has to fail, in float64
and in float32, and none may be told a mistake that it does not make. What passes for a reason, and
what is told for a reason, is listed in tests/checks/reviewed/<chapter>.toml:

    [stable_sigmoid.same]                     the program computes the same
    "a share is never negative" = ["abs(result)", "maximum(result, 0)"]

    [stable_sigmoid.told]                     the program is that known mistake (its first words)
    "The minus is missing" = ["abs(z)"]

    python -m tests.support.battery 3          what is not listed yet of chapter 3, or no longer true
    python -m tests.support.battery sigmoid    the same of the exercises with "sigmoid" in their name

A chapter that does not pass yet is in PENDING: take it out, and tests/checks/test_battery.py holds
it to all this. First look for an input that tells a program from the solution: one of another
order, sign, type, shape or scale; list the program where there can be none. A program with
"float32 " before its name passes only where its result, or that of a known mistake, is rounded to
float32. `like(value, x)` is the value put into zeros_like(x), `first` and `last` are entries.
"""

import ast
import itertools
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from course_nn.checks import EXERCISES
from course_nn.checks.compare import difference
from course_nn.checks.engine import (
    Answer,
    Error,
    Exercise,
    Function,
    calling,
    cases,
    evaluate,
    single,
)
from tests.support import ROOT
from tests.support.mutants import function, mutants
from tests.support.published import published

Change = Callable[[np.ndarray], Any]

PENDING: set[int] = set()  # the chapters whose inputs, or lists, are not there yet

REVIEWED = {
    name: entry
    for path in sorted((ROOT / "tests/checks/reviewed").glob("*.toml"))
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()
}


def each_part(change: Callable[[Any], Any], value: Any) -> Any:
    """``value`` with ``change`` made to each array or number in it."""
    if isinstance(value, dict):
        return {key: each_part(change, part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(each_part(change, part) for part in value)
    return change(value) if isinstance(value, (np.ndarray, np.number, int, float)) else value


# Of numbers: what is done to the result, to a part of it, or to an argument


def on_rows(change: Change) -> Change:
    """Changes nothing that has no rows."""
    return lambda x: change(np.array(x)) if np.ndim(x) else x


def without(index: Any) -> Change:
    def change(x: np.ndarray) -> np.ndarray:
        x[index] = 0
        return x

    return on_rows(change)


Changes = dict[str, Change]
SIGNS: Changes = {
    "abs({})": np.abs,
    "maximum({}, 0)": lambda x: np.maximum(x, 0),
    "minimum({}, 0)": lambda x: np.minimum(x, 0),
}
KINDS: Changes = {
    "int({})": lambda x: np.trunc(x).astype(int),
    "uint8({})": lambda x: np.asarray(x).astype(np.uint8),
    "float16({})": np.float16,
}
SCALES: Changes = {
    "minimum({}, 1000)": lambda x: np.minimum(x, 1000),
    "clip({}, -500, 500)": lambda x: np.clip(x, -500, 500),
    "clip({}, 0.01, 0.99)": lambda x: np.clip(x, 0.01, 0.99),
    "round({}, 3)": lambda x: np.round(x, 3),
    "0 where abs({}) < 0.001": lambda x: np.where(np.abs(x) < 1e-3, 0, x),
}
STARTS: Changes = {
    "maximum({}, 1)": lambda x: np.maximum(x, 1),
    "maximum({}, 10)": lambda x: np.maximum(x, 10),
    "minimum({}, 1)": lambda x: np.minimum(x, 1),
    "minimum({}, 10)": lambda x: np.minimum(x, 10),
}
ROWS: Changes = {
    "sort({})": on_rows(lambda x: np.sort(x, axis=0)),
    "sort({})[::-1]": on_rows(lambda x: np.sort(x, axis=0)[::-1]),
    "{}[::-1]": on_rows(lambda x: x[::-1]),
    "{}, its last row 0": without(np.s_[-1:]),
    "{}, its rows from the second 0": without(np.s_[1:]),
}
AXES: Changes = {
    "{}.ravel()": on_rows(np.ravel),
    "{}.T": on_rows(np.transpose),
    "{}, its last column 0": without(np.s_[..., -1:]),
}


def of_the_result(exercise: Exercise, solved: Function) -> Iterator[tuple[str, Function]]:
    def changed(change: Change, part: int | None, *args: Any) -> Any:
        value = solved(*args)
        if part is None:
            return each_part(change, value)
        return tuple(each_part(change, v) if i == part else v for i, v in enumerate(value))

    values = [case.expected for case in cases(exercise, 0)]
    for what, part in parts(exercise):
        axes = most_axes(values if part is None else [value[part] for value in values])
        changes = SIGNS | KINDS | SCALES | STARTS | shapes(axes)
        if axes and part is None:
            changes["{}, its rows from the 21st 0"] = without(np.s_[20:])
        for name, change in changes.items():
            yield name.format(what), partial(changed, change, part)


def of_an_argument(exercise: Exercise, solved: Function) -> Iterator[tuple[str, Function]]:
    def changed(change: Change, place: int, *args: Any) -> Any:
        return solved(*(each_part(change, a) if i == place else a for i, a in enumerate(args)))

    def fixed(place: int, *args: Any) -> Any:
        return solved(*args[:place], cases(exercise, 0)[0].args[place], *args[place + 1 :])

    def at_most_20(place: int, *args: Any) -> Any:
        return solved(*args[:place], min(args[place], 20), *args[place + 1 :])

    def in_the_type_of(place: int, part: int | None, *args: Any) -> Any:
        value = solved(*args)
        if part is None:
            return like(value, args[place])
        return tuple(like(v, args[place]) if i == part else v for i, v in enumerate(value))

    calls = [case.args for case in cases(exercise, 0)]
    for place, (parameter, values) in enumerate(zip(exercise.parameters, zip(*calls))):
        axes = most_axes(values)
        positive = re.search(
            rf"^\s+[\w, ]*\b{parameter}\b.*(positive|0 or more|from 0|above 0|0 or 1|bytes)",
            solved.__doc__ or "",
            re.MULTILINE,
        )
        if not axes:
            yield f"{parameter} as in the first call", partial(fixed, place)
        if all(isinstance(value, int) for value in values):
            yield f"minimum({parameter}, 20)", partial(at_most_20, place)
            continue
        if callable(values[0]) or not axes and positive:
            continue
        changes = ({} if positive else SIGNS) | KINDS
        for name, change in (changes | (SCALES | shapes(axes) if axes else {})).items():
            yield name.format(parameter), partial(changed, change, place)
        if any(isinstance(value, np.ndarray) for value in values):
            for what, part in parts(exercise):
                yield f"{what} in the dtype of {parameter}", partial(in_the_type_of, place, part)


def parts(exercise: Exercise) -> list[tuple[str, int | None]]:
    """The whole result, and those of its parts that are not words, each with its place."""
    parts = zip(exercise.returns, cases(exercise, 0)[0].expected if exercise.returns else ())
    named = [(name, i) for i, (name, part) in enumerate(parts) if not isinstance(part, str)]
    return [("result", None), *named]


def most_axes(value: Any) -> int:
    """Of an array in ``value``."""
    if isinstance(value, (tuple, list)):
        return max(map(most_axes, value), default=0)
    return value.ndim if isinstance(value, np.ndarray) else 0


def shapes(axes: int) -> Changes:
    return (ROWS if axes > 0 else {}) | (AXES if axes > 1 else {})


def of_rows(exercise: Exercise, solved: Function) -> Iterator[tuple[str, Function]]:
    """All arrays that have examples in their rows, (n, ...) in the docstring, lose the same."""
    documented = dict(
        re.findall(r"^\s+(\w+): (?:.*\bor )?\((n)\b", solved.__doc__ or "", re.MULTILINE)
    )
    arrays = [
        (place, parameter)
        for place, parameter in enumerate(exercise.parameters[: len(cases(exercise, 0)[0].args)])
        if any(is_array(case.args[place]) for case in cases(exercise, 0))
    ]
    places = [place for place, parameter in arrays if parameter in documented] or [
        place for place, _parameter in arrays[:1]
    ]

    def changed(rows: slice, *args: Any) -> Any:
        return solved(*(a[rows] if i in places and is_array(a) else a for i, a in enumerate(args)))

    if not places:
        return
    yield "without the last row", partial(changed, np.s_[:-1])
    yield "without the first row", partial(changed, np.s_[1:])
    yield "the first row alone", partial(changed, np.s_[:1])
    yield "the first 20 rows alone", partial(changed, np.s_[:20])


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def of_the_neighbors(exercise: Exercise, names: dict[str, Any]) -> Iterator[tuple[str, Function]]:
    """The answers to the exercises before and after."""

    def other(name: str, arguments: int, *args: Any) -> Any:
        return names[name](*args[:arguments])

    listed = [other for other in EXERCISES.values() if other.chapter == exercise.chapter]
    here = listed.index(exercise)
    for neighbor in (*listed[max(here - 1, 0) : here], *listed[here + 1 : here + 2]):
        if len(neighbor.parameters) <= len(exercise.parameters):
            yield neighbor.name, partial(other, neighbor.name, len(neighbor.parameters))


def of_known_mistakes(exercise: Exercise) -> Iterator[tuple[str, Function]]:
    """Their rounding to float32 must not hide them; in float64 they are tested elsewhere."""
    yield from exercise.mistaken


# Of the code: what stands in place of a part of it


def like(value: Any, other: Any) -> Any:
    """As if the value had been put into zeros_like(other)."""
    if not isinstance(other, np.ndarray) or other.dtype.kind not in "biu":
        return value
    return each_part(lambda x: np.asarray(x).astype(other.dtype), value)


def first(x: Any, axis: int | None = None, keepdims: bool = False, place: int = 0) -> Any:
    """An entry in place of the extreme one, as ``max`` of the same arguments gives it."""
    if axis is None:
        return np.ravel(x)[place]
    return np.take(x, [place] if keepdims else place, axis)


class _Still:
    """Whether little has changed since the last round."""

    def __init__(self) -> None:
        self.before: list[Any] = []

    def __call__(self, *state: Any) -> bool:
        now = [value[-1] if isinstance(value, list) and value else value for value in state]
        before, self.before = self.before, now
        try:
            return all(np.allclose(a, b, 0, 1e-3) for a, b in zip(before, now)) and bool(before)
        except (TypeError, ValueError):
            return False


HELPERS: dict[str, Any] = {
    "like": like,
    "first": first,
    "last": partial(first, place=-1),
    "islice": itertools.islice,
    "still": _Still,
    "array": np.asarray,
    "np": np,
}
EXTREMES = {"max", "min", "amax", "amin"}
BUFFERS = {"zeros", "ones", "empty", "full", "zeros_like", "ones_like"}


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def replacements(node: ast.AST, arrays: list[str], carried: set[str]) -> Iterator[ast.AST]:
    """What can stand in place of ``node`` in a program of the battery.

    Args:
        arrays: the parameters that may be arrays.
        carried: the names that exist before a loop begins.
    """
    match node:
        case ast.Call(ast.Attribute() | ast.Name() as called, arguments, keywords) if (
            arguments or isinstance(called, ast.Attribute)
        ):
            if isinstance(called, ast.Attribute) and ast.unparse(called.value) != "np":
                arguments = [called.value, *arguments]
            of = [ast.unparse(argument) for argument in arguments]
            name = called.attr if isinstance(called, ast.Attribute) else called.id
            yield from map(expression, calls(name, of))
            if name in EXTREMES and len(arguments) == 1:
                for other in ("np.mean", "np.median", "first", "last", "np.max", "np.min"):
                    yield ast.Call(expression(other), arguments, keywords)
                for bound, start in itertools.product(("maximum", "minimum"), (0, 1, 10)):
                    yield expression(f"np.{bound}({ast.unparse(node)}, {start})")
            elif name == "mean":
                yield ast.Call(expression("np.median"), arguments, keywords)
        case ast.Attribute(value, "shape"):
            yield expression(f"{ast.unparse(value)}.shape[:1]")
        case ast.Attribute(value, "size"):
            yield expression(f"len({ast.unparse(value)})")
        case ast.Constant(int(value) | float(value)) if not isinstance(value, bool):
            yield ast.Constant(value + 1e-3)
            yield ast.Constant(value - 1e-3)
            if value:
                yield ast.Constant(value * 1.01)
            if 0 < value < 1e-3:
                yield ast.Constant(value / 10)
                yield ast.Constant(value * 10)
        case ast.BinOp(left, ast.Div(), right):
            yield expression(f"({ast.unparse(left)}) / ({ast.unparse(right)} + 0.001)")
        case ast.For(target, iterator, body, orelse):
            for rounds in ("list({})[:-1]", "list({})[1:]", "list(islice({}, 20))"):
                yield ast.For(
                    target, expression(rounds.format(ast.unparse(iterator))), body, orelse
                )
            if leaves := _leaves_when_still(body, carried):
                yield ast.For(target, iterator, [*body, *leaves], orelse)
            match target, iterator, body:
                case (
                    ast.Name(),
                    ast.Call(ast.Name("range"), [ast.Constant(0), end, size]),
                    [ast.Assign([batch], ast.Subscript(order)), *rest],
                ):
                    count = f"-(-({ast.unparse(end)}) // {ast.unparse(size)})"
                    even = expression(f"np.array_split({ast.unparse(order)}, {count})")
                    yield ast.For(batch, even, rest, orelse)
        case ast.Assign(targets, value) if not isinstance(value, (ast.Name, ast.List)):
            text = ast.unparse(value)
            for name in arrays:
                yield ast.Assign(targets, expression(f"like({text}, {name})"))
            called = value.func if isinstance(value, ast.Call) else None
            if not (isinstance(called, ast.Attribute) and called.attr in BUFFERS):
                for other in ("np.clip({}, -500, 500)", "np.abs({})", "np.maximum({}, 0)"):
                    yield ast.Assign(targets, expression(other.format(text)))


def calls(name: str, of: list[str]) -> Iterator[str]:
    """What can stand in place of the call of ``name`` with the arguments ``of``."""
    match name, of:
        case (("max" | "min" | "amax" | "amin"), [x]):
            yield f"np.{name}(np.abs({x}), axis=-1, keepdims=True)"
            for axis in (None, 0, 1, -1):
                yield f"np.{name}({x}, axis={axis}, keepdims=True)"
        case "exp", [x]:
            for low, high in ((-500, 500), (-30, 30), (None, 709), (None, 10)):
                yield f"np.exp(np.clip({x}, {low}, {high}))"
        case "log", [x]:
            yield f"np.log(np.clip({x}, 0.01, 0.99))"
            yield f"np.log(np.maximum({x}, 0.001))"
        case "sign", [x]:
            yield f"np.where({x} >= 0, 1, -1)"
            yield f"np.where({x} > 0, 1, -1)"
        case "norm", [x]:
            yield f"np.max(np.abs({x}))"
            yield f"np.sum(np.abs({x}))"
            yield f"abs(np.sum({x}))"
            yield f"first(np.abs({x}))"
        case "len", [x]:
            yield f"{x}.size"
            yield f"{x}.shape[-1]"
        case "array_split", [x, k]:
            size = f"(len({x}) // {k})"
            yield f"[{x}[i * {size} : (i + 1) * {size}] for i in range({k})]"
        case "range", [begin, end, size]:
            yield f"range({begin}, ({end}) // {size} * {size}, {size})"
            yield f"range({begin}, {end} - 1, {size})"


def _leaves_when_still(body: list[ast.stmt], carried: set[str]) -> list[ast.stmt]:
    """A statement that leaves the loop as soon as what it carries on hardly changes any more."""
    inside = [node for statement in body for node in ast.walk(statement)]
    changed = {
        node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in inside:
        match node:
            case ast.Attribute(ast.Name(name), "append"):
                changed.add(name)
    names = ", ".join(sorted(changed & carried))
    return ast.parse(f"if still({names}): break").body if names else []


def of_the_code(
    exercise: Exercise, source: str, names: dict[str, Any]
) -> Iterator[tuple[str, Function]]:
    arrays = [
        parameter
        for place, parameter in enumerate(exercise.parameters[: len(cases(exercise, 0)[0].args)])
        if any(isinstance(case.args[place], np.ndarray) for case in cases(exercise, 0))
    ]
    (written,) = ast.parse(source).body
    carried = {*exercise.parameters} | {
        node.id
        for statement in written.body
        if not isinstance(statement, ast.For)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    found = mutants(source, lambda node: replacements(node, arrays, carried))
    for change, changed in found.items():

        def program(*args: Any, source: str = changed) -> Any:
            scope = {**names, **HELPERS, "still": _Still()}
            return function(source, exercise.name, scope)(*args)

        yield change, program


# All of them


@cache
def programs(exercise: Exercise) -> dict[str, Function]:
    """The programs of the battery for ``exercise``, by their names."""
    code, names = published(True)
    solved = names[exercise.name]
    return dict(
        itertools.chain(
            of_the_result(exercise, solved),
            of_an_argument(exercise, solved),
            of_rows(exercise, solved),
            of_the_neighbors(exercise, names),
            of_the_code(exercise, code[exercise.name], names),
        )
    )


def count(exercise: Exercise) -> int:
    """How many programs the battery tries on ``exercise``."""
    return len(programs(exercise)) + sum(1 for _mistake in of_known_mistakes(exercise))


class Outcome(NamedTuple):
    """Of the programs of an exercise: which of them pass, and which are told a known mistake,
    "name of the program" -> the mistake."""

    passing: frozenset[str]
    told: dict[str, str]


@cache
def outcome(exercise: Exercise) -> Outcome:
    """Try all programs on ``exercise``, in float64 and in float32."""
    found = programs(exercise)
    passing, told = set(), {}
    for name, program in found.items():
        answers = _answers(exercise, program)
        report = evaluate(exercise, _replayed(exercise, answers))
        if report.status == "passed":
            passing.add(name)
        elif _passes_in_float32(exercise, answers):
            passing.add(f"float32 {name}")
        if report.diagnosis in exercise.mistakes:
            told[name] = report.diagnosis
    for name, mistaken in of_known_mistakes(exercise):
        if _passes_in_float32(exercise, _answers(exercise, mistaken)):
            passing.add(f"float32 {name}")
    return Outcome(frozenset(passing), told)


def _answers(exercise: Exercise, program: Function) -> list[Answer]:
    call = calling(program)
    return [call(case.args) for case in cases(exercise, 0)]


def _replayed(exercise: Exercise, answers: list[Answer]) -> Callable[[Any], Answer]:
    """A call that gives the ``answers`` again, so that no program runs twice."""
    by_case = {id(case.args): answer for case, answer in zip(cases(exercise, 0), answers)}
    refused = Answer(error=Error("UFuncTypeError"))  # what is tried in floats again is not replayed
    return lambda args: by_case.get(id(args), refused)


def _passes_in_float32(exercise: Exercise, answers: list[Answer]) -> bool:
    def rounded(value: Any) -> Any:
        return np.asarray(value, np.float32) if np.asarray(value).dtype.kind == "f" else value

    rule, names = exercise.rule, exercise.returns
    with np.errstate(all="ignore"):
        answers = [replace(answer, value=each_part(rounded, answer.value)) for answer in answers]
    agree = all(
        not answer.error
        and not difference(answer.value, case.expected, rule, names, single=single(exercise, case))
        for answer, case in zip(answers, cases(exercise, 0))
    )  # evaluate says as much, but takes long to say what is wrong
    return agree and evaluate(exercise, _replayed(exercise, answers)).status == "passed"


def reviewed(exercise: Exercise) -> tuple[frozenset[str], dict[str, str]]:
    """What is listed for ``exercise``: the programs that pass, and those told a known mistake."""
    entry = REVIEWED.get(exercise.name, {})
    same = frozenset(itertools.chain.from_iterable(entry.get("same", {}).values()))
    told = {name: words for words, names in entry.get("told", {}).items() for name in names}
    return same, told


def differences(exercise: Exercise) -> dict[str, list[str]]:
    """How the outcome differs from what is listed: nothing, where all is well."""
    same, told = reviewed(exercise)
    found = outcome(exercise)
    right = {name for name, words in told.items() if found.told.get(name, "").startswith(words)}
    lists = {
        "pass, find an input that tells": sorted(found.passing - same),
        "are told a mistake, is it theirs": [
            f"{name}: {mistake}" for name, mistake in found.told.items() if name not in right
        ],
        "are listed, and do not pass": sorted(same - found.passing),
        "are listed, and are not told that": sorted(set(told) - right),
    }
    return {what: names for what, names in lists.items() if names}


if __name__ == "__main__":
    for exercise in EXERCISES.values():
        if any(
            word in (str(exercise.chapter), exercise.number) or word in exercise.name
            for word in sys.argv[1:]
        ):
            print(f"\n{exercise.number} {exercise.name}: {count(exercise)} programs")
            for what, names in differences(exercise).items():
                print(f"  {what}:")
                print(*(f"    {name}" for name in names), sep="\n")
