"""How an answer is called: on copies, silently, its error caught.

A notebook and a grader's sandbox share this file, so it imports NumPy, and nothing of the course.
"""

import contextlib
import copy
import io
import linecache
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
    """What became of a call: its value or its error, its arguments as they are afterwards, and
    whether it has printed something."""

    value: Any = None
    error: Error | None = None
    args: Arguments = ()
    printed: bool = False


Call = Callable[[Arguments], Answer]


def calling(function: Function) -> Call:
    """A ``call`` for `evaluate` that calls ``function`` here, on copies, and keeps it silent."""

    def call(args: Arguments) -> Answer:
        args = copy.deepcopy(args)
        printed, value, error = io.StringIO(), None, None
        try:
            with _silence(printed):
                value = function(*args)
                if isinstance(value, Iterator):  # a generator, zip, map, ...
                    value = list(value)
                value = _copy(value)  # the function may write into it again
        except BaseException as raised:  # sys.exit() and the interrupt of an endless loop as well
            error = _error(raised, function)
        return Answer(value, error, args, bool(printed.getvalue().strip()))

    return call


def _copy(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # an open file, a module: what no exercise asks for
        return value


@contextlib.contextmanager
def _silence(printed: io.StringIO) -> Iterator[None]:
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def _error(raised: BaseException, function: Function) -> Error:
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
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
