"""Frames and values as bytes: how the grader and the process that runs a learner's code talk.

A frame is four bytes of length and a value. A value is a letter for its kind, and its content:

    N T F           None, True, False
    i f s b         int, float, str, bytes
    l t d           list, tuple, dict
    r               range
    a n o           array of numbers, NumPy number, array of objects
    q               `Opaque`: anything else, as the text that a learner would see of it
    c g             function of the catalogue by its name, random generator by its state

Nothing in it can run code: no pickle, no np.load, no eval. What comes from a learner's process is
hostile until shown otherwise, so `unpack` gives a value of these very types or raises
`ProtocolError`, whatever the bytes are, and takes no more of them than the numbers below allow:
``np.asarray`` and ``show`` of what it gives are harmless as well. `plain` is the other side of
that: it makes of anything at all a value that is within these numbers.

It travels into the sandbox, and imports nothing that does not.
"""

import math
import struct
from typing import IO, Any

import numpy as np

from course_nn.inside.functions import CATALOGUE
from course_nn.inside.show import show

FRAME = 4 << 20  # bytes from a learner's process
ENTRIES = 1 << 16  # of all lists, dicts, ... in it
NUMBERS = 1 << 19  # of all arrays in it
TEXT = 1000  # characters
WIDTH = ENTRIES * TEXT  # in one array each entry would become as wide as the longest text
INT = 128  # bytes
KEYS = 256  # of a dict; ints can be chosen so that all of them collide
DEPTH = 32
AXES = 32

DTYPES = {  # the types that cross, little-endian, by their letters
    letter: np.dtype(np.dtype(letter).newbyteorder("<").str) for letter in "?bBhHiIqQefdFD"
}
LETTERS = {dtype.str: letter for letter, dtype in DTYPES.items()}
GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


class ProtocolError(Exception):
    """Bytes that are no frame, or no value."""


class Opaque:
    """A value that did not cross, as the text that a learner would see of it; equal to nothing."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


# Frames


def frame(value: Any) -> bytes:
    """The frame of ``value``."""
    body = pack(value)
    return struct.pack("<I", len(body)) + body


def read_frame(file: IO[bytes], most: int = FRAME) -> bytes | None:
    """The next frame's bytes, read as they come; None at the end of the file.

    Raises:
        ProtocolError: it is cut off, or longer than ``most``.
    """
    head = _read(file, 4)
    if not head:
        return None
    if len(head) < 4:
        raise ProtocolError("a frame is cut off")
    (length,) = struct.unpack("<I", head)
    if length > most:
        raise ProtocolError(f"a frame of {length} bytes")
    body = _read(file, length)
    if len(body) < length:
        raise ProtocolError("a frame is cut off")
    return body


def _read(file: IO[bytes], length: int) -> bytes:
    """``length`` bytes, or fewer at the end; memory is taken for what comes, not what is said."""
    parts = []
    while length > 0 and (part := file.read(min(length, 1 << 16))):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


# Values to bytes


def pack(value: Any) -> bytes:
    """The bytes of ``value``.

    Raises:
        TypeError: it is nothing that can cross. Of a learner's value send what `plain` makes of it.
    """
    parts: list[bytes] = []
    _pack(value, parts)
    return b"".join(parts)


def _pack(value: Any, parts: list[bytes]) -> None:
    kind = type(value)
    if value is None or kind is bool:
        parts.append(b"N" if value is None else b"T" if value else b"F")
    elif kind is int:
        data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        parts += b"i", _count(len(data)), data
    elif kind is float:
        parts += b"f", struct.pack("<d", value)
    elif kind in (str, bytes, Opaque):
        letter = b"s" if kind is str else b"b" if kind is bytes else b"q"
        text = value if kind is not Opaque else value.text
        data = text if kind is bytes else text.encode("utf-8", "backslashreplace")
        parts += letter, _count(len(data)), data
    elif kind in (list, tuple):
        parts += b"l" if kind is list else b"t", _count(len(value))
        for part in value:
            _pack(part, parts)
    elif kind is dict:
        parts += b"d", _count(len(value))
        for key, part in value.items():
            _pack(key, parts)
            _pack(part, parts)
    elif kind is range:
        parts.append(b"r")
        for number in (value.start, value.stop, value.step):
            _pack(number, parts)
    elif isinstance(value, (np.ndarray, np.generic)):
        _pack_array(value, parts)
    elif isinstance(value, np.random.Generator):
        parts.append(b"g")
        _pack(value.bit_generator.state, parts)
    elif callable(value) and any(value is known for known in CATALOGUE.values()):
        parts.append(b"c")
        _pack(value.__name__, parts)
    else:
        raise TypeError(f"{show(value)} does not cross")


def _pack_array(value: Any, parts: list[bytes]) -> None:
    array = np.asarray(value)
    if array.dtype == object:
        parts += b"o", *_shape(array)
        for part in array.flat:
            _pack(part, parts)
        return
    letter = LETTERS.get(array.dtype.newbyteorder("<").str)
    if letter is None:
        raise TypeError(f"an array of {array.dtype} does not cross")
    head = b"n" if isinstance(value, np.generic) else b"a"
    entries = array.astype(DTYPES[letter], copy=False).tobytes()
    parts += head, letter.encode(), *_shape(array), entries


def _shape(array: np.ndarray) -> list[bytes]:
    return [_count(array.ndim), *map(_count, array.shape)]


def _count(n: int) -> bytes:
    return struct.pack("<I", n)


# Bytes to values


def printable(text: str) -> str:
    """``text`` without what would move a terminal's cursor, or turn the line round."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def unpack(data: bytes, trusted: bool = False) -> Any:
    """The value whose bytes are ``data``.

    ``trusted`` bytes are the grader's own: no number bounds them, and there may be functions and
    random generators in them.

    Raises:
        ProtocolError: there is none, or it is larger than it may be.
    """
    if len(data) > FRAME and not trusted:
        raise ProtocolError(f"{len(data)} bytes")
    reader = _Reader(data, trusted)
    try:
        value = reader.value()
    except ProtocolError:
        raise
    except Exception as error:  # no UTF-8, a list as a key, a shape that NumPy rejects
        raise ProtocolError(str(error)) from None
    if reader.at != len(data):
        raise ProtocolError("more bytes than the value has")
    return value


class _Reader:
    """Reads one value and counts what it takes."""

    def __init__(self, data: bytes, trusted: bool) -> None:
        self.data, self.trusted = data, trusted
        self.at = self.entries = self.numbers = self.widest = self.depth = 0

    def value(self) -> Any:
        kind = self.take(1)
        self.spend(1)
        self.depth += 1
        if self.depth > DEPTH:
            raise ProtocolError("too deep")
        value = self.of_kind(kind)
        self.depth -= 1
        return value

    def of_kind(self, kind: bytes) -> Any:
        if kind in b"NTF":
            return {b"N": None, b"T": True, b"F": False}[kind]
        if kind == b"i":
            return int.from_bytes(self.take(self.count(INT)), "little", signed=True)
        if kind == b"f":
            return struct.unpack("<d", self.take(8))[0]
        if kind in b"sq":
            text = self.take(self.count(4 * TEXT)).decode("utf-8")
            self.check(len(text), TEXT)
            self.widest = max(self.widest, len(text))
            self.spend(0)
            return text if kind == b"s" else Opaque(printable(text))
        if kind == b"b":
            return self.take(self.count(TEXT))
        if kind in b"lt":
            values = self.values(self.count(ENTRIES))
            return values if kind == b"l" else tuple(values)
        if kind == b"d":
            pairs = (self.values(2) for _ in range(self.count(KEYS)))
            return {key: part for key, part in pairs}
        if kind == b"r":
            found = range(*self.values(3))
            self.spend(len(found))
            return found
        if kind in b"ano":
            return self.array(kind)
        if kind == b"c" and self.trusted:
            return CATALOGUE[self.value()]
        if kind == b"g" and self.trusted:
            return _generator(self.value())
        raise ProtocolError("no kind of value")

    def array(self, kind: bytes) -> Any:
        dtype = None if kind == b"o" else DTYPES.get(self.take(1).decode("latin-1"))
        shape = tuple(self.count(1 << 31) for _ in range(self.count(AXES)))
        size = math.prod(shape)
        self.numbers += size
        self.spend(size if kind == b"o" else 0)
        if kind == b"o":
            array = np.empty(size, object)
            for i in range(size):
                array[i] = self.value()
            return array.reshape(shape)
        if dtype is None or kind == b"n" and shape:
            raise ProtocolError("no type of an array")
        entries = self.take(size * dtype.itemsize)
        if dtype == bool:  # every byte but 0 is True
            array = np.frombuffer(entries, np.uint8) != 0
        else:
            array = np.frombuffer(entries, dtype).astype(dtype.newbyteorder("="))
        array = array.reshape(shape)
        return array[()] if kind == b"n" else array

    def values(self, n: int) -> list[Any]:
        return [self.value() for _ in range(n)]

    def take(self, n: int) -> bytes:
        if n > len(self.data) - self.at:
            raise ProtocolError("the value is cut off")
        self.at += n
        return self.data[self.at - n : self.at]

    def count(self, most: int) -> int:
        (n,) = struct.unpack("<I", self.take(4))
        self.check(n, most)
        return n

    def spend(self, entries: int) -> None:
        self.entries += entries
        self.check(self.entries, ENTRIES)
        self.check(self.numbers, NUMBERS)
        self.check((self.entries + self.numbers) * self.widest, WIDTH)

    def check(self, n: int, most: int) -> None:
        if n > most and not self.trusted:
            raise ProtocolError(f"{n}, and at most {most} are allowed")


def _generator(state: dict[str, Any]) -> "np.random.Generator":  # imported when it is needed
    if state["bit_generator"] not in GENERATORS:
        raise ProtocolError("no random generator")
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)


# Anything at all to values


def plain(value: Any, most: int = ENTRIES // 2) -> Any:
    """``value`` as something that crosses: of base classes, with no more than ``most`` entries, of
    which eight numbers of an array are one.

    What does not become an `Opaque`, the whole value if it is too large. Numbers, text and
    containers of a learner's own classes become those that they derive from.
    """
    try:
        return _Plain(most).of(value, DEPTH - 8)
    except BaseException:  # a learner's own class may do anything when it is looked at
        return _opaque(value)


class _Plain:
    def __init__(self, most: int) -> None:
        self.left = most

    def of(self, value: Any, depth: int) -> Any:
        self.spend(1)
        if depth == 0:
            raise ValueError("too deep")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (np.ndarray, np.generic)):
            return self.of_array(value, depth)
        if isinstance(value, int):
            return int(value) if value.bit_length() < 8 * INT else _opaque(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, str):
            return _shortened(value)
        if isinstance(value, (list, tuple)):
            parts = [self.of(part, depth - 1) for part in value]
            return parts if isinstance(value, list) else tuple(parts)
        if isinstance(value, dict) and len(value) <= KEYS:
            return {
                self.of(key, depth - 1): self.of(part, depth - 1) for key, part in value.items()
            }
        if isinstance(value, range):
            self.spend(3 + len(value))
            ends = value.start, value.stop, value.step
            return value if all(n.bit_length() < 8 * INT for n in ends) else _opaque(value)
        if np.asarray(value).dtype.kind in "biufc":
            return self.of_array(np.asarray(value), depth)  # an array.array, a memoryview
        return _opaque(value)

    def of_array(self, value: Any, depth: int) -> Any:
        array = np.asarray(value)
        if isinstance(value, np.str_):
            return _shortened(str(value))
        if array.ndim > AXES or array.dtype.kind not in "biufcO":
            return _opaque(value)
        if array.dtype.kind == "O":
            self.spend(array.size)
            parts = np.empty(array.size, object)
            for i, part in enumerate(array.flat):
                parts[i] = self.of(part, depth - 1)
            return parts.reshape(array.shape)
        if array.dtype.char in "gG":  # a long double is another one on another machine
            array = array.astype(float if array.dtype.char == "g" else complex)
        self.spend(max(array.size // 8, array.nbytes // 64))
        native = np.array(array, array.dtype.newbyteorder("="), order="C")
        return native[()] if isinstance(value, np.generic) else native

    def spend(self, entries: int) -> None:
        self.left -= entries
        if self.left < 0:
            raise ValueError("too large")


def _opaque(value: Any) -> Opaque:
    try:
        if isinstance(value, (list, tuple)):
            value = value[:TEXT]  # no more would be shown
        return Opaque(_shortened(show(value)))
    except BaseException:  # see above
        return Opaque(_shortened(type(value).__name__))


def _shortened(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()  # lone surrogates are no UTF-8
    return text if len(text) <= TEXT else text[: TEXT - 4] + " ..."
