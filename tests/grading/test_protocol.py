"""What crosses the pipe, and that nothing else can."""

import array
import collections
import io
import math
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_nn.checks import EXERCISES
from course_nn.checks.compare import Rule, difference
from course_nn.checks.engine import cases
from course_nn.inside import protocol
from course_nn.inside.functions import square
from course_nn.inside.protocol import (
    ENTRIES,
    FRAME,
    KEYS,
    TEXT,
    Opaque,
    ProtocolError,
    frame,
    pack,
    plain,
    read_frame,
    unpack,
)
from course_nn.inside.show import show
from tests.support.values import values


def same(one, other):
    """Equal, of one type, NaN equal to itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (np.ndarray, np.generic)):
        native = one.dtype == other.dtype.newbyteorder(one.dtype.byteorder)
        return native and one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    return one == other or (math.isnan(one) and math.isnan(other))


@given(values)
def test_what_is_packed_comes_out_again(value):
    assert same(value, unpack(pack(value))) or "\\" in repr(value)


@given(values)
def test_plain_leaves_plain_values_alone(value):
    assert same(value, unpack(pack(plain(value)))) or "\\" in repr(value)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_every_argument_and_every_right_answer_crosses(exercise):
    rule = Rule(0, 0)
    for case in cases(exercise, 1):
        args = unpack(pack(case.args), trusted=True)
        for sent, came in zip(case.args, args, strict=True):
            assert sent is came if callable(sent) else difference(came, sent, rule) is None
        assert difference(unpack(pack(plain(case.expected))), case.expected, rule) is None


def test_functions_cross_by_name_and_generators_by_state():
    rng = np.random.default_rng(3)
    rng.normal(size=5)
    function, came = unpack(pack((square, rng)), trusted=True)
    assert function is square and came.normal() == rng.normal()


def test_functions_and_generators_come_from_the_grader_alone():
    for value in (square, np.random.default_rng(0)):
        with pytest.raises(ProtocolError):
            unpack(pack(value))


def test_what_is_no_function_of_the_catalogue_does_not_cross():
    for value in (len, lambda x: x, {1}):
        with pytest.raises(TypeError, match="does not cross"):
            pack(value)
    with pytest.raises(ProtocolError):
        unpack(b"c" + pack("eval"), trusted=True)


def test_a_writable_array_comes_out():
    came = unpack(pack(np.zeros(3)))
    came[0] = 1
    assert came.tolist() == [1, 0, 0]


# Anything a learner may return


class Lying(np.ndarray):
    def __eq__(self, other):
        return np.array(True)

    __hash__ = None


class Text(str):
    def __str__(self):
        return self


class Bomb:
    def __getattr__(self, name):
        raise SystemExit

    def __repr__(self):
        raise KeyboardInterrupt


def test_subclasses_become_what_they_derive_from():
    lying = np.arange(3.0).view(Lying)
    masked = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    for value in (lying, masked):
        came = unpack(pack(plain(value)))
        assert type(came) is np.ndarray and came.tolist() == np.asarray(value).tolist()
    Point = collections.namedtuple("Point", "x y")
    came = unpack(pack(plain([Point(1, 2), collections.Counter(a=1), Text("a"), np.str_("b")])))
    assert came == [(1, 2), {"a": 1}, "a", "b"]
    assert [type(part) for part in came] == [tuple, dict, str, str]


@pytest.mark.parametrize(
    "value",
    [{1, 2}, len, square, math, b"ab", np.array(["a"]), np.datetime64("2026-01-01"), 10**2000]
    + [object, np.random.default_rng(3), slice(3)],
    ids=lambda value: type(value).__name__,
)
def test_other_values_cross_as_a_learner_would_see_them(value):
    came = unpack(pack(plain(value)))
    assert type(came) is Opaque and show(came) == show(value)
    assert came != value and came != unpack(pack(plain(value)))


def test_buffers_of_numbers_are_arrays_as_in_a_notebook():
    for value in (array.array("d", [1, 2]), memoryview(np.array([1.0, 2.0]))):
        assert unpack(pack(plain(value))).tolist() == [1, 2]
    assert unpack(pack(plain(1 + 2j))) == 1 + 2j


def test_what_a_terminal_would_obey_is_told_in_letters():
    def answer():
        pass

    answer.__name__ = "\x1b[2J\u202e\r\nx"
    assert repr(unpack(pack(plain(answer)))) == "\\x1b[2J\\u202e\\r\nx"


def test_what_explodes_when_it_is_looked_at_is_told_by_its_type():
    came = unpack(pack(plain([Bomb()])))
    assert repr(came) == "list"
    assert repr(plain(Bomb())) == "Bomb"


def test_what_is_too_large_or_too_deep_becomes_opaque():
    loop = []
    loop.append(loop)
    large = [np.zeros(4 * ENTRIES + 8), [0] * ENTRIES, range(10**12), "a" * 10**6, loop]
    large += [dict.fromkeys(range(KEYS + 1)), range(10**400, 10**400 + 1), [range(0)] * ENTRIES]
    for value in large:
        came = unpack(pack(plain(value)))
        assert type(came) is (str if isinstance(value, str) else Opaque)
        assert len(str(came)) <= TEXT
    assert show(plain(large[0])) == show(large[0])


def test_numbers_in_arrays_cost_an_eighth_of_others():
    for value in np.zeros((784, 300)), np.zeros(ENTRIES, complex):
        assert type(unpack(pack(plain(value)))) is np.ndarray
    assert type(plain(np.zeros(3 * ENTRIES, complex))) is Opaque


@given(st.lists(st.text(st.characters(categories=["Cs", "Lu"]), min_size=TEXT - 3), max_size=2))
@settings(max_examples=10)
def test_text_that_is_no_utf_8_still_crosses(texts):
    for text in unpack(pack(plain(texts))):
        assert len(text) <= TEXT and text.encode("utf-8")


# Hostile bytes


PACKED = values.map(pack)
LETTERS = st.sampled_from([bytes([letter]) for letter in b"NTFifsblTdrqano"])
COUNTS = st.sampled_from([0, 1, 2, 3, 255, 65535, 1 << 31, (1 << 32) - 1]).map(
    lambda n: struct.pack("<I", n)
)
SHAPED = st.lists(LETTERS | COUNTS | st.sampled_from([b"d", b"?", b"q"]) | st.binary(max_size=9))


@st.composite
def damaged(draw):
    """A packed value with a few bytes changed, cut out or put in."""
    data = bytearray(draw(PACKED))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=5) | LETTERS | COUNTS)
    return bytes(data)


def value_or_error(data):
    try:
        value = unpack(data)
    except ProtocolError:
        return
    np.asarray(show(value))  # what the judging does with it is harmless too
    try:
        np.asarray(value)
    except ValueError:  # ragged
        pass


@given(st.binary() | SHAPED.map(b"".join) | damaged())
@settings(max_examples=500)
def test_any_bytes_are_a_value_or_a_protocol_error(data):
    value_or_error(data)


COUNT = (1 << 32) - 1
CRAFTED = {
    "a list of all memory": b"l" + struct.pack("<I", COUNT),
    "a long list": b"l" + struct.pack("<I", ENTRIES + 1) + b"N" * (ENTRIES + 1),
    "lists of lists": b"l" + struct.pack("<I", ENTRIES) + b"l\0\0\0\0" * ENTRIES,
    "text of all memory": b"s" + struct.pack("<I", COUNT),
    "long text": b"s" + struct.pack("<I", TEXT + 1) + b"a" * (TEXT + 1),
    "no UTF-8": b"s\x02\0\0\0\xed\xa0",
    "a long number": b"i" + struct.pack("<I", 4096) + b"\x7f" * 4096,
    "a long range": pack(range(10**9)),
    "an endless range": pack(range(10**300)),
    "a range without steps": b"r" + pack(1) + pack(2) + pack(0),
    "a range of text": b"r" + pack("a") + pack(2) + pack(1),
    "a list as a key": b"d\x01\0\0\0" + pack([1]) + pack(1),
    "an array as a key": b"d\x01\0\0\0" + pack(np.zeros(2)) + pack(1),
    "many keys": b"d"
    + struct.pack("<I", KEYS + 1)
    + b"".join(pack(i) + b"N" for i in range(KEYS + 1)),
    "colliding keys": b"d" + struct.pack("<I", ENTRIES // 2),
    "too deep": b"l\x01\0\0\0" * 10_000 + b"N",
    "an array without entries": b"ad" + struct.pack("<II", 1, 5),
    "an array of all memory": b"ad" + struct.pack("<III", 2, COUNT, COUNT),
    "a wide array of nothing": b"ad" + struct.pack("<IIII", 3, 0, 1 << 31, 1 << 31),
    "many axes": b"ad" + struct.pack("<I", 100) + struct.pack("<I", 1) * 100 + b"\0" * 8,
    "objects of all memory": b"o" + struct.pack("<II", 1, COUNT),
    "objects of nothing": b"o" + struct.pack("<III", 2, 0, COUNT),
    "pointers": b"aO" + struct.pack("<II", 1, 1) + b"\1" * 8,
    "a number with axes": b"nd" + struct.pack("<II", 1, 1) + b"\0" * 8,
    "no bytes": b"",
    "no kind": b"\x80\x04.",
    "one byte more": b"NN",
    "a function": b"c" + pack("eval"),
    "a generator": b"g" + pack({"bit_generator": "__import__"}),
    "a large frame": b"l" + bytes(FRAME),
}


DEEP = (CRAFTED["too deep"],)


@pytest.mark.parametrize("data", CRAFTED.values(), ids=CRAFTED)
def test_crafted_bytes_are_errors_and_take_no_memory(data):
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="too deep" if data in DEEP else "."):
            unpack(data)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_even_what_is_allowed_makes_no_large_array():
    rows = [np.zeros(60, np.uint8)] * 1000 + [["a" * TEXT] + [""] * 59]
    came = unpack(pack(rows))  # the widest text that NumPy spreads over the most entries
    assert np.asarray(came).nbytes <= 4 * TEXT * ENTRIES
    for more in (rows[:-1] + rows, [rows[-1]] + rows[:-1] * 2):
        with pytest.raises(ProtocolError):
            unpack(pack(more))
    assert np.asarray(unpack(pack(rows[:-1] * 2))).dtype == np.uint8


def test_bools_are_0_or_1():
    came = unpack(b"a?" + struct.pack("<II", 1, 3) + b"\0\1\x40")
    assert came.tolist() == [False, True, True] and came.view(np.uint8).tolist() == [0, 1, 1]


def test_generators_of_the_grader_are_of_a_fixed_list():
    state = b"g" + pack({"bit_generator": "test"})
    with pytest.raises(ProtocolError, match="no random generator"):
        unpack(state, trusted=True)


# Frames


def test_frames_follow_each_other():
    file = io.BytesIO(b"".join(map(frame, (1, [2.0], "three"))))
    assert [unpack(read_frame(file)) for _ in range(3)] == [1, [2.0], "three"]
    assert read_frame(file) is None


class Trickle(io.BytesIO):
    """A pipe that gives one byte at a time."""

    def read(self, size=-1):
        return super().read(min(size, 1))


def test_a_frame_that_comes_byte_by_byte_is_whole():
    assert unpack(read_frame(Trickle(frame("slowly")))) == "slowly"


@pytest.mark.parametrize("data", [b"\1", b"\1\0\0", b"\5\0\0\0abc", struct.pack("<I", FRAME)])
def test_a_frame_that_is_cut_off_is_an_error(data):
    with pytest.raises(ProtocolError, match="cut off"):
        read_frame(io.BytesIO(data))


def test_an_oversized_frame_is_not_even_read():
    file = io.BytesIO(struct.pack("<I", FRAME + 1) + bytes(10))
    with pytest.raises(ProtocolError, match=f"{FRAME + 1} bytes"):
        read_frame(file)
    assert file.tell() == 4


def test_a_promised_length_takes_no_memory():
    tracemalloc.start()
    with pytest.raises(ProtocolError):
        read_frame(io.BytesIO(struct.pack("<I", FRAME) + b"abc"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < FRAME / 10


@given(st.binary())
def test_any_stream_is_frames_or_a_protocol_error(data):
    file = io.BytesIO(data)
    try:
        while (body := read_frame(file)) is not None:
            value_or_error(body)
    except ProtocolError:
        pass


def test_the_decoder_knows_no_pickle():
    source = Path(protocol.__file__).read_text(encoding="utf-8")
    code = source.replace(protocol.__doc__, "")
    assert not any(word in code for word in ("pickle", "np.load", "eval(", "exec("))
