"""What makes NumPy fast here, in one place: aligned memory, blocks that stay in the cache, shared ones."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

Array = np.ndarray
Shape = tuple[int, ...]

# 65,536 float32 values are 256 KiB: the five vectors of Adam stay in a core's second-level cache.
BLOCK = 65_536


class Buffers(dict[str, Array]):
    """Memory that is asked for once, and lent again at every call under the same name."""

    def lend(self, name: str, shape: Shape, dtype: np.dtype) -> Array:
        """An array of ``shape`` (examples first), a part of the largest that was asked for; it holds anything."""
        held = self.get(name)
        if (
            held is None
            or len(held) < shape[0]
            or held.shape[1:] != shape[1:]
            or held.dtype != dtype
        ):
            held = self[name] = np.empty(shape, dtype)
        return held if len(held) == shape[0] else held[: shape[0]]


def aligned_zeros(size: int, dtype: np.dtype) -> Array:
    """A vector of ``size`` zeros that starts on a 64-byte boundary, as vector instructions like it."""
    memory = np.zeros(size * dtype.itemsize + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size * dtype.itemsize].view(dtype)


def blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The same stretch of each array in turn, as views, so that several operations find it in the cache."""
    flat = [array.reshape(-1) for array in arrays]
    for start in range(0, flat[0].size, BLOCK):
        yield tuple(vector[start : start + BLOCK] for vector in flat)


@lru_cache(maxsize=64)
def ones(size: int, dtype: np.dtype) -> Array:
    """A read-only vector of ones: ``np.dot(ones, d)`` sums the rows of ``d`` faster than ``d.sum(axis=0)``."""
    vector = np.ones(size, dtype)
    vector.flags.writeable = False
    return vector


@lru_cache(maxsize=64)
def averaging(size: int, dtype: np.dtype) -> Array:
    """A read-only vector of 1 / ``size``: ``np.dot(averaging, x)`` is the mean of the rows of ``x``."""
    vector = np.full(size, 1 / size, dtype)
    vector.flags.writeable = False
    return vector
