"""How an answer is called: on copies, silently, its error caught.

A notebook and a grader's sandbox share this file, so it imports NumPy, and nothing of the course.
"""

import contextlib
import copy
import functools
import io
import linecache
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[..., Any]
Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Error:
    """What a call raised: the name of its type, its message, and where.

    ``function`` is the one that raised it; ``line`` and ``source`` are the last line of the
    learner's own code on the way there, if there is one.
    """

    type: str
    message: str = ""
    function: str = ""
    line: int | None = None
    source: str = ""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@dataclass(frozen=True)
class Answer:
    """What became of a call: its value or its error, its arguments as they are afterwards.

    ``printed`` are the first lines of what it has printed. ``warned`` says what NumPy has met on
    the way, such as "overflow encountered in exp", each once.
    """

    value: Any = None
    error: Error | None = None
    args: Arguments = ()
    printed: str = ""
    warned: tuple[str, ...] = ()


Call = Callable[[Arguments], Answer]


def calling(function: Function) -> Call:
    """A ``call`` for `evaluate` that calls ``function`` here, on copies, and keeps it silent."""

    def call(args: Arguments) -> Answer:
        args = copy.deepcopy(args)
        printed, warned, value, error = _Printed(), _Warned(), None, None
        try:
            with _silence(printed, warned):
                value = function(*args)
                if isinstance(value, Iterator):  # a generator, zip, map, ...
                    value = list(value)
                value = _copy(value)  # the function may write into it again
        except BaseException as raised:  # sys.exit() and the interrupt of an endless loop as well
            error = _error(raised, function)
        return Answer(value, error, args, str(printed), tuple(warned))

    return call


def _copy(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # an open file, a module: what no exercise asks for
        return value


class _Printed(io.StringIO):
    """The beginning of what is printed, however much it is."""

    lines, room = 20, 4000

    def write(self, text: str) -> int:
        super().write(text[: self.room])
        self.room = max(0, self.room - len(text))
        return len(text)

    def __str__(self) -> str:
        lines = self.getvalue().rstrip().split("\n")
        more = ["..."] if len(lines) > self.lines or not self.room else []
        return "\n".join(lines[: self.lines] + more)


class _Warned(dict[str, None]):
    """What NumPy tells of overflows and the like, in order, each once."""

    def write(self, message: str) -> None:  # "Warning: overflow encountered in exp\n"
        said = message.strip().removeprefix("Warning: ")
        if not said.endswith("matmul"):  # some libraries set the flags there for no reason
            self[said] = None


@contextlib.contextmanager
def _silence(printed: io.StringIO, warned: _Warned) -> Iterator[None]:
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(**_LOUD, call=warned),
        _heard(warned),
    ):
        warnings.simplefilter("ignore")
        yield


_LOUD: dict[str, Any] = {"over": "log", "divide": "log", "invalid": "log", "under": "ignore"}


@contextlib.contextmanager
def _heard(warned: _Warned) -> Iterator[None]:
    """Hear of an overflow also where the answer silences NumPy, by `np.errstate` or `np.seterr`:
    it overflows all the same. Where it asks for an error instead, it gets one."""
    settings = sys.modules.get("numpy._core._ufunc_config")  # both make their settings there
    make = getattr(settings, "_make_extobj", None)
    if make is None:
        yield
        return

    def heard(**wanted: Any) -> Any:
        if "raise" not in wanted.values():
            wanted |= {"all": None, **_LOUD, "call": warned}
        return make(**wanted)

    vars(settings)["_make_extobj"] = heard
    try:
        yield
    finally:
        vars(settings)["_make_extobj"] = make


def _error(raised: BaseException, function: Function) -> Error:
    file = getattr(getattr(written(function), "__code__", None), "co_filename", None)
    name, line = "", None
    traceback = raised.__traceback__
    while traceback:
        code = traceback.tb_frame.f_code
        name = code.co_name
        if code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    source = linecache.getline(file, line).strip() if file and line else ""
    return Error(type(raised).__name__, str(raised), name, line, source)


def written(function: Any) -> Any:
    """The function with a body behind a partial, a method or an object that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    return function if hasattr(function, "__code__") else type(function).__call__
