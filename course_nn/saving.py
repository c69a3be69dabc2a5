"""A model in a file, in the safetensors format: a header in JSON and plain numbers, no code.

The file holds, after the length of its header (8 bytes, little-endian), the header, padded with spaces to a multiple
of 8, and then the arrays one after the other. The header gives for each array its type, its shape and where it
stands, and under "__metadata__" texts of one's own: here the architecture.

Source: the format's description at https://huggingface.co/docs/safetensors, section "Format".
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from course_nn._arrays import Array
from course_nn.i18n import _

TYPES = {  # the names that the format has for NumPy's types
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
NAMES = {np.dtype(code): name for name, code in TYPES.items()}


def write(
    path: str | os.PathLike[str], arrays: Mapping[str, Array], texts: Mapping[str, str]
) -> None:
    """Write ``arrays`` and ``texts`` to the file ``path``; it takes the place of another only when it is whole.

    Raises:
        OSError: the file cannot be written.
    """
    # Wide types come first, so that each array stands on a multiple of its width; then the alphabet.
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, object] = {"__metadata__": dict(texts)}
    end = 0
    for name in order:
        start, end = end, end + arrays[name].nbytes
        kind = NAMES[arrays[name].dtype.newbyteorder("<")]
        header[name] = {
            "dtype": kind,
            "shape": list(arrays[name].shape),
            "data_offsets": [start, end],
        }
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for name in order:
            file.write(arrays[name].astype(arrays[name].dtype.newbyteorder("<")).tobytes())
    unfinished.replace(path)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and texts in the file ``path``.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, or of another format.
    """
    raw = Path(path).read_bytes()
    size = int.from_bytes(raw[:8], "little")
    if not 2 <= size <= len(raw) - 8:
        raise ValueError(_("it is cut off, or of another format"))
    header = json.loads(raw[8 : 8 + size])
    texts = header.pop("__metadata__", {})
    data, arrays = raw[8 + size :], {}
    for name, entry in header.items():
        dtype, shape = np.dtype(TYPES[entry["dtype"]]), tuple(entry["shape"])
        start, end = entry["data_offsets"]
        if not 0 <= start <= end <= len(data) or end - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(_("it is cut off, or of another format"))
        arrays[name] = np.frombuffer(data[start:end], dtype).reshape(shape)
    return arrays, texts
