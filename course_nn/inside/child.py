"""The process that runs a learner's code: it reads a request, does it, replies, until none comes.

It arrives over its standard input as compiled code, with the few modules that it imports, so that
no file of the course need be within its reach. First it locks itself in (`confine`); then it runs
cells and calls the functions that they define. It is told arguments, never what is expected.

From the first cell on this process belongs to the learner: whatever is here, a learner's code can
change. So nothing here judges, and the grader takes what comes from here as hostile.
"""

import ctypes
import os
import struct
import sys
import types
from collections.abc import Iterable, Iterator
from functools import cache
from io import BufferedReader, BufferedWriter
from typing import Any

import numpy as np

from course_nn.inside.calling import Call, Error, calling
from course_nn.inside.protocol import ENTRIES, frame, plain, read_frame, unpack
from course_nn.inside.running import STAND_INS, World, nothing, told
from course_nn.inside.stand_ins import NOTHING, Finder

WARNINGS = 10  # of one call


def main(reader: BufferedReader, writer: BufferedWriter) -> None:
    """Reply (number, value) to each request from ``reader``; to "call" once for each call.

    The first is (number, "confine", setup), the others (number, method of `Learner`, *arguments).
    Before that there may be (number, "copies", parent, landlock); all else is then asked of copies.
    """
    learner: Learner | None = None
    ruleset = -1
    while (body := read_frame(reader, most=1 << 31)) is not None:
        number, method, *arguments = unpack(body, trusted=True)
        if method == "copies" and learner is None:
            reader, writer, ruleset = _copies(*arguments, reader, writer)
            continue
        values: Iterable[Any]
        if learner is None:
            confine(arguments[0], ruleset)
            values, learner = (True,), Learner()
        elif method == "call":
            values = learner.call(*arguments)
        else:
            values = (getattr(learner, method)(*arguments),)
        for value in values:
            writer.write(frame((number, value)))
        writer.flush()


def _copies(
    parent: int, landlock: Any, *control: Any
) -> tuple[BufferedReader, BufferedWriter, int]:
    """Make a copy of this process by fork whenever one is ordered; return in each copy, with what
    it reads and writes, and the set of rules of ``landlock``. See `zygote` for the other side.

    ``control`` is one socket, open twice, from which orders come: a letter, for a copy with its two
    pipes. Before the next order the copy is ended.
    """
    import gc
    import socket

    _end_with(parent)
    orders, zygote, copy = socket.socket(fileno=control[0].fileno()), os.getpid(), 0
    ruleset = _ruleset(*landlock) if landlock else -1  # once: to make it takes as long as a fork
    gc.freeze()  # or every collection in a copy would write to, and so copy, all of the memory
    while True:
        orders.send(b".")
        order, pipes, *_ = socket.recv_fds(orders, 1, 2)
        if copy:
            os.kill(copy, 9)
            os.waitpid(copy, 0)
        if not order:  # nobody is there any more
            os._exit(0)
        copy = os.fork() if pipes else 0
        if pipes and not copy:
            orders.detach()
            for file in control:
                file.close()
            _end_with(zygote)
            return os.fdopen(pipes[0], "rb"), os.fdopen(pipes[1], "wb"), ruleset
        for pipe in pipes:
            os.close(pipe)


# A learner's code


class Learner(World):
    """The names that a learner's cells define, in a module of their own."""

    def __init__(self) -> None:
        super().__init__()
        for name in [name for name in sys.modules if name.startswith("course_nn")]:
            del sys.modules[name]
        for name in ("course_nn", "course_nn.checks"):
            sys.modules[name] = types.ModuleType(name)
            vars(sys.modules[name]).update(dict.fromkeys(STAND_INS, nothing))
        self.modules: dict[str, str] = {}
        sys.meta_path.insert(0, Finder(self.modules))
        sys.modules["__main__"] = self.module  # where dataclasses look
        self.names["get_ipython"] = lambda: NOTHING  # Jupyter has it

    def importable(self, modules: dict[str, str]) -> bool:
        """Let the cells import ``modules``, of which these are the sources."""
        self.modules |= modules
        return True

    def run(self, source: str, file: str, answers: tuple[str, ...], whole: bool) -> Any:
        """Run a cell, as a `World` does."""
        defined, error = super().run(source, file, answers, whole)
        return defined, error and _plain(error)

    def call(self, name: str, file: str, *many: tuple[Any, ...]) -> Iterator[Any]:
        """Call what the cell ``file`` has defined with each of ``many`` arguments: its value, its
        error, its arguments afterwards where it has changed them, what it said on the way."""
        function = calling(self.answers[name, file])
        return (self.called(function, args) for args in many)

    def called(self, function: Call, args: tuple[Any, ...]) -> Any:
        try:
            answer = function(args)
        except BaseException as raised:  # the error cannot even be told
            return None, _plain(told(raised)), [], "", ()
        error = answer.error and _plain(answer.error)
        after = [
            None if same(argument, before) else plain(argument, ENTRIES // 3 // len(args))
            for argument, before in zip(answer.args, args)
        ]
        said = plain(answer.printed), plain(answer.warned[:WARNINGS])
        return plain(answer.value), error, after, *said


def same(after: Any, before: Any) -> bool:
    """Whether an argument is to the last bit what it was; the grader looks at what is not."""
    if type(after) is not type(before):
        return False
    if isinstance(before, np.ndarray):
        alike = after.dtype == before.dtype and after.shape == before.shape
        return alike and before.dtype != object and after.tobytes() == before.tobytes()
    if isinstance(before, (list, tuple)):
        return len(after) == len(before) and all(map(same, after, before))
    if isinstance(before, dict):
        return same([*after.items()], [*before.items()])
    return after is before or bool(after == before)


def _plain(error: Error) -> Any:
    return tuple(map(plain, vars(error).values()))


# Locking in


def confine(setup: dict[str, Any], ruleset: int = -1) -> None:
    """Limit this process for good: what it may use, then which files, then which system calls.

    ``ruleset`` is what a copy has of its zygote, where the setup says that it has its rules there.

    Raises:
        OSError: one of them is not to be had; then no code of a learner's must run.
    """
    if setup["limits"]:
        import resource

        for name, limit in setup["limits"].items():
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(kind, (limit, limit))
    if sys.platform != "linux":
        return
    if setup["parent"]:
        _end_with(setup["parent"])
    _prctl(PR_SET_DUMPABLE, 0)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    if setup["landlock"]:
        _restrict(ruleset if setup["landlock"] is True else _ruleset(*setup["landlock"]))
    if setup["seccomp"]:
        _seccomp(setup["seccomp"])


def _end_with(parent: int) -> None:
    """End when ``parent`` does, which has started this process; 0 where it has another number here."""
    _prctl(PR_SET_PDEATHSIG, 9)
    if parent and os.getppid() != parent:
        os._exit(1)  # it ended before it could take this process along


PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38


def _ruleset(handled: tuple[int, int, int], rules: list[tuple[str, int]]) -> int:
    """What forbids all that ``handled`` says of files, network and scopes, but what ``rules`` allow
    of paths; a file descriptor."""
    ruleset = _syscall(444, struct.pack("<QQQ", *handled), 24, 0)
    for path, rights in rules:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        _syscall(445, ruleset, 1, struct.pack("<Qi", rights, beneath), 0)
        os.close(beneath)
    return ruleset


def _restrict(ruleset: int) -> None:
    _syscall(446, ruleset, 0)
    os.close(ruleset)


def _seccomp(program: bytes) -> None:
    steps = ctypes.create_string_buffer(program, len(program))
    filter = struct.pack("HP", len(program) // 8, ctypes.addressof(steps))
    _prctl(PR_SET_SECCOMP, 2, filter)


def _prctl(option: int, *arguments: Any) -> None:
    _checked(_libc().prctl, option, *[*arguments, 0, 0, 0][:4])


def _syscall(*arguments: Any) -> int:
    return _checked(_libc().syscall, *arguments)


def _checked(function: Any, *arguments: Any) -> int:
    found = function(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)
