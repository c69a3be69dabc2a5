"""Processes for learners' code, each a copy of one that has Python and NumPy ready.

To start Python and import NumPy takes longer than to run a submission. So behind the walls of a
layer a process waits that has done both, the zygote, as Android and Chromium call theirs. Each
submission gets a copy of it, by fork: a process of its own that locks itself in, runs the cells,
and is ended. The zygote itself never runs a line of a learner's code, nor is it told one.

A copy can do nothing to the zygote, and leave nothing for the next copy: seccomp keeps it from
signals, tracing, sockets and shared memory, and no file is writable. So only layers with seccomp
have zygotes. What copies have in common are addresses in memory and the seed of string hashes.
"""

import atexit
import os
import socket
import tempfile
from collections import defaultdict
from typing import BinaryIO

from course_nn.grading import sandbox
from course_nn.grading.sandbox import BUBBLEWRAP, Layer
from course_nn.i18n import _
from course_nn.inside.protocol import frame

START = 60.0  # seconds to start in, on a machine that is busy


class Zygote:
    """A process of ``layer`` that makes copies of itself, one at a time.

    It ends with the thread that has made it, and the copy with it.

    Raises:
        OSError: it does not start.
    """

    def __init__(self, layer: Layer) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = sandbox.start(layer, self._folder.name, theirs, theirs)
        try:
            self._control.settimeout(START)
            parent = 0 if BUBBLEWRAP in layer.walls else os.getpid()
            rules = sandbox.landlock(layer)
            self._control.sendall(sandbox.code() + frame((0, "copies", parent, rules)))
            self._ready()
        except BaseException:
            self.end()
            raise

    def copy(self) -> tuple[BinaryIO, BinaryIO]:
        """A new process: what writes to its input, and what reads its output.

        Raises:
            OSError: the zygote has ended.
        """
        its_input, ours = os.pipe()
        stdin = os.fdopen(ours, "wb", 0)
        ours, its_output = os.pipe()
        stdout = os.fdopen(ours, "rb", 0)
        try:
            socket.send_fds(self._control, [b"c"], [its_input, its_output])
            self._ready()
        except BaseException:
            stdin.close()
            stdout.close()
            raise
        finally:
            os.close(its_input)
            os.close(its_output)
        return stdin, stdout

    def end_copy(self) -> None:
        """End the copy at once.

        Raises:
            OSError: the zygote has ended, or does not do it.
        """
        self._control.sendall(b"e")
        self._ready()

    def _ready(self) -> None:
        if self._control.recv(1) != b".":
            raise OSError(_("it ended at once"))

    def end(self) -> None:
        """End it at once, and its copy."""
        sandbox.end(self._process)
        self._control.close()
        self._folder.cleanup()


_idle: dict[Layer, list[Zygote]] = defaultdict(list)


class Copy:
    """A process of ``layer``, and the files to write to it and to read from it.

    Raises:
        OSError: it does not start.
    """

    code = b""  # it has all that `sandbox.code` would give it

    def __init__(self, layer: Layer) -> None:
        self._idle = _idle[layer]
        while self._idle:
            self._zygote = self._idle.pop()
            try:
                self.stdin, self.stdout = self._zygote.copy()
                return
            except OSError:  # it has ended since, with the thread that had made it, say
                self._zygote.end()
        self._zygote = Zygote(layer)
        try:
            self.stdin, self.stdout = self._zygote.copy()
        except OSError:
            self._zygote.end()
            raise

    def end(self) -> None:
        """End it at once; its zygote waits for the next."""
        try:
            self._zygote.end_copy()
        except OSError:
            self._zygote.end()
        else:
            self._idle.append(self._zygote)


@atexit.register
def end_idle() -> None:
    """End the zygotes that wait; the next copy takes longer."""
    for zygotes in _idle.values():
        while zygotes:
            zygotes.pop().end()
