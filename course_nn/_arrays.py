"""What makes NumPy fast here, in one place: aligned memory, blocks that stay in the cache, shared ones."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

try:
    from threading import local
except ImportError:  # Python in a browser has one thread
    from types import SimpleNamespace as local  # type: ignore[assignment]

Array = np.ndarray
Shape = tuple[int, ...]

# 65,536 float32 values are 256 KiB: the five vectors of Adam stay in a core's second-level cache.
BLOCK = 65_536


class Buffers:
    """Memory that is asked for once, and lent again at every call under the same name."""

    def __init__(self) -> None:
        self.lent: dict[str, Array] = {}
        self.whole: dict[str, Array] = {}  # of each name the largest that was asked for

    def lend(self, name: str, shape: Shape, dtype: np.dtype) -> Array:
        """An array of ``shape`` (examples first), a part of the largest that was asked for; it holds anything."""
        lent = self.lent.get(name)
        if lent is None or lent.shape != shape or lent.dtype != dtype:
            lent = self.lent[name] = self._part(name, shape, dtype)
        return lent

    def _part(self, name: str, shape: Shape, dtype: np.dtype) -> Array:
        held = self.whole.get(name)
        if (
            held is None
            or len(held) < shape[0]
            or held.shape[1:] != shape[1:]
            or held.dtype != dtype
        ):
            held = self.whole[name] = np.empty(shape, dtype)
        return held[: shape[0]]


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


_warm = local()  # OpenBLAS lends each thread that computes a buffer of its own


def warm_up_products() -> None:
    """Run one wide product, once in each thread, where all later ones of float32 are faster for it.

    A model does so by itself; for programs in plain NumPy. On an AMD EPYC with AVX2, (1000, 784) @ (784, 128) went
    from 15 to 36 GFLOP/s, for 1.3 milliseconds; ``benchmarks/blas_pages.py`` tells what it does on your machine.
    """
    # OpenBLAS's AVX2 kernels prefetch past the panel that they have packed. Where that page was never written, each
    # prefetch walks the page tables in vain, in every product of the process. This product packs a panel so wide
    # that those pages exist from then on. The kernels for AVX-512 do not show it, nor do other libraries.
    if not hasattr(_warm, "done"):
        _warm.done = True
        if _prefetches_untouched_pages():
            np.dot(np.ones((32, 784), np.float32), np.ones((784, 512), np.float32))


def _prefetches_untouched_pages() -> bool:
    """Whether NumPy multiplies with OpenBLAS's kernels for AVX2."""
    about: Any = np.show_config(mode="dicts")
    found = {name for names in about.get("SIMD Extensions", {}).values() for name in names}
    blas = about.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    return (
        "openblas" in blas
        and bool(found & {"AVX2", "X86_V3"})
        and not found & {"AVX512_SKX", "X86_V4"}
    )
