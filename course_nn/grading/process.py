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
from course_nn.inside.protocol import FRAME, ProtocolError, frame, read_frame, unpack

MOST = 4 * FRAME  # bytes of all replies to one question


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
        self._questions: queue.SimpleQueue[tuple[bytes, int] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[list[bytes] | Exception | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        message = _("A process does not start in the sandbox ({layer}): {error}")
        copied = SECCOMP in layer.walls
        try:
            self._process = Copy(layer) if copied else _Started(layer)
        except OSError as error:
            raise OSError(message.format(layer=layer.name, error=error)) from None
        self._thread.start()
        try:
            setup = sandbox.setup(layer, memory, seconds, copied)
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
            TimeoutError, EOFError, ProtocolError: as `ask_for_all` does.
        """
        return self.ask_for_all(1, method, *arguments, seconds=seconds, before=before)[0]

    def ask_for_all(
        self, replies: int, method: str, *arguments: Any, seconds: float, before: bytes = b""
    ) -> list[Any]:
        """What the process replies to a question that has several ``replies``.

        Raises:
            TimeoutError: there is no reply in ``seconds``.
            EOFError: the process has ended, or closed its pipe.
            ProtocolError: it sent what is no value, or no reply to this.
        """
        number = int.from_bytes(os.urandom(8), "little")
        self._questions.put((before + frame((number, method, *arguments)), replies))
        try:
            answers = self._answers.get(timeout=max(seconds, 0))
        except queue.Empty:
            raise TimeoutError("no answer in time") from None
        if answers is None:
            raise EOFError("the process has ended")
        if isinstance(answers, Exception):
            raise answers
        found = []
        for answer in answers:
            reply = unpack(answer)
            if not isinstance(reply, tuple) or len(reply) != 2 or reply[0] != number:
                raise ProtocolError("no reply to the question")
            found.append(reply[1])
        return found

    def _talk(self) -> None:
        stdin, stdout = self._process.stdin, self._process.stdout
        while asked := self._questions.get():
            question, replies = asked
            try:
                left = memoryview(question)
                while left:
                    left = left[os.write(stdin.fileno(), left) :]
                answers: list[bytes] = []
                room = MOST
                while len(answers) < replies and (answer := read_frame(stdout, min(room, FRAME))):
                    answers.append(answer)
                    room -= len(answer)
            except ProtocolError as error:
                self._answers.put(error)
            except OSError:  # nobody reads there any more
                self._answers.put(None)
            else:
                self._answers.put(answers if len(answers) == replies else None)

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
