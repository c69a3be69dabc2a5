"""What an answer uses that stands outside of it, read from its code without running it."""

import dis
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from course_nn.checks.engine import FAILED, PASSED, Exercise, Report, calling, evaluate
from course_nn.checks.registry import exercises
from course_nn.i18n import _
from course_nn.inside.calling import written
from course_nn.inside.stand_ins import SHOWING

# What shows something does nothing in the grader, and is no reason to warn.
_THERE = {"numpy", "builtins", "__main__", *sys.stdlib_module_names, *SHOWING}
_READERS = {"open", "input"}  # built in, and of no use where there are no files and nobody to ask


def used(function: Callable[..., Any]) -> tuple[dict[str, Any], set[str]]:
    """The global names that ``function`` reads and their values, and the modules that it imports.

    With it come the functions beside it that it reads, and what these read. A name that has no
    value has None.
    """
    names: dict[str, Any] = {}
    modules: set[str] = set()
    todo, seen = [written(function)], set()
    while todo:
        now = todo.pop()
        if not isinstance(now, types.FunctionType) or id(now) in seen:
            continue
        seen.add(id(now))
        for instruction in _instructions(now.__code__):
            if instruction.opname == "IMPORT_NAME":
                modules.add(instruction.argval)
            elif instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                name = instruction.argval
                names[name] = now.__globals__.get(name)
                todo.append(written(names[name]))
        todo += [written(inner) for inner in _held(now)]
        todo = [one for one in todo if getattr(one, "__globals__", None) is now.__globals__]
    return names, modules


def _held(function: types.FunctionType) -> Iterator[Any]:
    """What ``function`` has in its closure, or wraps."""
    yield getattr(function, "__wrapped__", None)
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # nothing is in it yet
            continue


def _instructions(code: types.CodeType) -> Iterator[dis.Instruction]:
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _instructions(constant)


def not_in_the_grader(function: Callable[..., Any]) -> list[str]:
    """What ``function`` uses that a grader does not have, by name: modules, files, the keyboard."""
    names, modules = used(function)
    found = {module: module for module in modules}
    for name, value in names.items():
        if isinstance(value, types.ModuleType):
            found[value.__name__] = value.__name__
        elif callable(value) and isinstance(module := getattr(value, "__module__", None), str):
            found[name] = module
    missing = {shown for shown, module in found.items() if not _is_there(module)}
    missing |= {name for name in _READERS & names.keys() if names[name] is None}
    return sorted(missing)


def _is_there(module: str) -> bool:
    top = module.partition(".")[0]
    if top in _THERE or module.startswith("course_nn.checks"):
        return True
    file = getattr(sys.modules.get(top), "__file__", None)
    return file is not None and Path(file).parent == Path.cwd()  # handed in beside the notebook


def warning(function: Callable[..., Any]) -> str:
    """A sentence on what would not pass in a grader; empty if all would."""
    if not (missing := not_in_the_grader(function)):
        return ""
    message = _("A grader does not have {names}: use Python and NumPy alone.")
    return message.format(names=", ".join(f"`{name}`" for name in missing))


def judged(exercise: Exercise, function: Callable[..., Any]) -> Report:
    """What `evaluate` finds, and whom it is to be told of.

    An answer that fails for the learner's own answers to other exercises, which it calls, is tried
    with the reference ones in their places: if it passes then, these are the `Report.helpers`.
    """
    report = evaluate(exercise, calling(function))
    if report.status == PASSED:
        return replace(report, remark=" ".join(filter(None, [report.remark, warning(function)])))
    code = written(function)
    names = getattr(code, "__globals__", {})
    mine = [
        exercises()[name]
        for name, value in (used(function)[0] if report.status == FAILED else {}).items()
        if name in exercises() and name != exercise.name and isinstance(value, types.FunctionType)
    ]
    if not mine:
        return report
    with _in_place_of(names, {helper.name: helper.reference for helper in mine}):
        right = evaluate(exercise, calling(function)).status == PASSED
    if not right:
        return report
    wrong = [h for h in mine if evaluate(h, calling(names[h.name])).status == FAILED]
    return replace(report, helpers=tuple(wrong), diagnosis=None) if wrong else report


@contextmanager
def _in_place_of(names: dict[str, Any], others: dict[str, Any]) -> Iterator[None]:
    kept = {name: names[name] for name in others}
    names.update(others)
    try:
        yield
    finally:
        names.update(kept)
