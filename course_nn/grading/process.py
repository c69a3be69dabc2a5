"""A process that runs a learner's code, spoken to under a deadline."""

import os
import queue
import tempfile
import threading
from typing import Any

from course_nn.grading import sandbox
from course_nn.grading.sandbox import SECCOMP, Layer
from course_nn.grading.zygote import START, Copy
from course_nn.i18n import _
from course_nn.inside.protocol import ProtocolError, frame, read_frame, unpack


class Process:
    """A process of ``layer``, ready for questions.

    A thread writes and reads, so that whoever asks can go away at the deadline, whatever the
    process does: flood the pipe, send byte by byte, never read. On Linux the process ends with the
    thread that has made it, even if that is killed.

    Args:
        memory: bytes of address space.
        seconds: of processor time in all.

    Raises:
        OSError: it does not start.
    """

    def __init__(self, layer: Layer, memory: int, seconds: float) -> None:
        self._questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        message = _("A process does not start in the sandbox ({layer}): {error}")
        try:
            self._process = Copy(layer) if SECCOMP in layer.walls else _Started(layer)
        except OSError as error:
            raise OSError(message.format(layer=layer.name, error=error)) from None
        self._thread.start()
        try:
            setup = sandbox.setup(layer, memory, seconds)
            self.ask("confine", setup, seconds=START, before=self._process.code)
        except (TimeoutError, EOFError, ProtocolError) as error:
            self.end()
            raise OSError(message.format(layer=layer.name, error=error)) from None
        except BaseException:
            self.end()
            raise

    def ask(self, method: str, *arguments: Any, seconds: float, before: bytes = b"") -> Any:
        """What the process replies: see `child.Learner`, and believe nothing of it.

        Raises:
            TimeoutError: there is no reply in ``seconds``.
            EOFError: the process has ended, or closed its pipe.
            ProtocolError: it sent what is no value, or no reply to this.
        """
        number = int.from_bytes(os.urandom(8), "little")
        self._questions.put(before + frame((number, method, *arguments)))
        try:
            answer = self._answers.get(timeout=max(seconds, 0))
        except queue.Empty:
            raise TimeoutError("no answer in time") from None
        if answer is None:
            raise EOFError("the process has ended")
        if isinstance(answer, Exception):
            raise answer
        reply = unpack(answer)
        if not isinstance(reply, tuple) or len(reply) != 2 or reply[0] != number:
            raise ProtocolError("no reply to the question")
        return reply[1]

    def _talk(self) -> None:
        stdin, stdout = self._process.stdin, self._process.stdout
        while question := self._questions.get():
            try:
                left = memoryview(question)
                while left:
                    left = left[os.write(stdin.fileno(), left) :]
                answer = read_frame(stdout)
            except ProtocolError as error:
                self._answers.put(error)
            except OSError:  # nobody reads there any more
                self._answers.put(None)
            else:
                self._answers.put(answer)

    def end(self) -> None:
        """End it at once, and all that it has started."""
        self._process.end()
        self._questions.put(None)
        self._thread.join(1)
        if not self._thread.is_alive():  # else, in layer 0, something still holds the pipe
            self._process.stdin.close()
            self._process.stdout.close()


class _Started:
    """A process that starts for one submission, where there is no `Copy`."""

    def __init__(self, layer: Layer) -> None:
        self.code = sandbox.code()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = sandbox.start(layer, self._folder.name)
        assert self._process.stdin and self._process.stdout
        self.stdin, self.stdout = self._process.stdin, self._process.stdout

    def end(self) -> None:
        """End it at once, and all that it has started."""
        sandbox.end(self._process)
        self._folder.cleanup()
