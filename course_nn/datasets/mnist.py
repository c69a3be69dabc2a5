"""MNIST, whole and offline: 70,000 handwritten digits that ship inside the package.

The data are by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, from NIST's Special
Databases 3 and 1, under the licence CC BY-SA 3.0; see ``data/README.md`` beside this file.
"""

import lzma
import os
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

from course_nn.i18n import _

DATA = Path(__file__).parent / "data"

# The IDX format: two zero bytes, 8 for uint8, the number of axes, the length of each axis as a
# big-endian int32, then the numbers. Length and CRC-32 are those of the whole original file.
FILES = {
    "train-images-idx3-ubyte": ((60_000, 28, 28), 0xE9F4D8B3),
    "train-labels-idx1-ubyte": ((60_000,), 0xE0CB4AD2),
    "t10k-images-idx3-ubyte": ((10_000, 28, 28), 0x91373BDF),
    "t10k-labels-idx1-ubyte": ((10_000,), 0x4AB9EFF9),
}

Pair = tuple[np.ndarray, np.ndarray]


def load_data(path: str | None = None) -> tuple[Pair, Pair]:
    """``(x_train, y_train), (x_test, y_test)``, as ``keras.datasets.mnist.load_data`` gives them.

    Args:
        path: where Keras would keep what it downloads; nothing is downloaded here.

    Returns:
        x_train: shape (60000, 28, 28), uint8, 0 (paper) to 255 (ink); y_train: shape (60000,),
        uint8, the digits 0 to 9; x_test and y_test: the same for 10,000 images.

    The first call on a machine decompresses the files, in about a second, and leaves a copy (55 MB)
    in the user's cache folder; later calls map that copy into memory, in a few hundredths of a
    second. What you write into the arrays stays yours: the next call gives the original digits.

    Raises:
        FileNotFoundError: a data file is missing from the package.
        ValueError: a data file is damaged.
    """
    x_train, y_train, x_test, y_test = map(_load, FILES)
    return (x_train, y_train), (x_test, y_test)


def _load(name: str) -> np.ndarray:
    """The array in the IDX file ``name``, from the cache when it is whole there."""
    shape, _crc = FILES[name]
    raw = _map_cached(name)
    if raw is None:
        raw = _decompress(name)
        _cache(name, raw)
    return raw[4 + 4 * len(shape) :].reshape(shape)


def _decompress(name: str) -> np.ndarray:
    """The bytes of the IDX file ``name``, decompressed from the package and checked."""
    path = DATA / f"{name}.xz"
    advice = _(
        "Install course_nn again, or in a clone bring the file back with: git checkout -- {path}"
    ).format(path=path)
    raw = bytearray()
    try:
        with lzma.open(path) as file:
            while chunk := file.read(1 << 20):
                raw += chunk
    except FileNotFoundError:
        problem = _("The MNIST file {path} is missing.").format(path=path)
        raise FileNotFoundError(problem + " " + advice) from None
    except (EOFError, lzma.LZMAError):
        raw.clear()
    if zlib.crc32(raw) != FILES[name][1]:
        problem = _("The MNIST file {path} is damaged.").format(path=path)
        raise ValueError(problem + " " + advice)
    return np.frombuffer(raw, np.uint8)


def _cache_folder() -> Path:
    """Where this system keeps what may be deleted at any time."""
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root, "course_nn", "mnist")


def _map_cached(name: str) -> np.ndarray | None:
    """The cached bytes of ``name`` if they are whole; what is written into them never reaches the file.

    They are checked by reading the file, because what is read through the map stays in memory.
    """
    try:
        path, crc = _cache_folder() / name, 0
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                crc = zlib.crc32(chunk, crc)
        if crc == FILES[name][1]:
            return np.asarray(np.memmap(path, np.uint8, mode="c"))  # copy on write
        return None
    except (OSError, RuntimeError, ValueError):  # none there; no home; an empty file
        return None


def _cache(name: str, raw: np.ndarray) -> None:
    """Keep ``raw`` for later calls, where that is possible: the cache saves time, nothing else.

    The file appears under its name only when it is whole, so that two processes may write at once.
    """
    try:
        folder = _cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=name, delete=False) as file:
            part = Path(file.name)
    except (OSError, RuntimeError):  # no home, or none that can be written
        return
    try:
        part.write_bytes(raw.data)
        part.replace(folder / name)
    except OSError:  # the disk is full, or Windows still maps the file that is there
        part.unlink(missing_ok=True)
