import hashlib
import lzma
import subprocess
import sys

import numpy as np
import pytest

from course_nn.datasets import mnist

LABELS = "t10k-labels-idx1-ubyte"  # the smallest of the four files
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
FIRST_TEST_LABELS = [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache" / "mnist"
    monkeypatch.setattr(mnist, "_cache_folder", lambda: folder)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """MNIST by the first call on a machine, which fills the cache, and by the second."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mnist, "_cache_folder", lambda: folder)
        return [mnist.load_data(), mnist.load_data()]


@pytest.mark.parametrize("name", SHA256)
def test_the_files_are_the_original_ones_byte_for_byte(name):
    original = lzma.decompress((mnist.DATA / f"{name}.xz").read_bytes())
    assert hashlib.sha256(original).hexdigest() == SHA256[name]


@pytest.mark.parametrize("call", [0, 1])
def test_shapes_types_and_order_are_those_of_keras(data, call):
    (x_train, y_train), (x_test, y_test) = data[call]
    assert x_train.shape == (60_000, 28, 28) and y_train.shape == (60_000,)
    assert x_test.shape == (10_000, 28, 28) and y_test.shape == (10_000,)
    for array in (x_train, y_train, x_test, y_test):
        assert type(array) is np.ndarray and array.dtype == np.uint8
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert y_test[:10].tolist() == FIRST_TEST_LABELS
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert x_train[0, 5, 12:18].tolist() == [3, 18, 18, 18, 126, 136]  # the top of the first 5
    assert x_test[0, 7, 6:12].tolist() == [84, 185, 159, 151, 60, 36]  # the bar of the first 7
    assert round(x_train.mean() / 255, 4) == 0.1307


def test_what_is_written_into_an_array_stays_out_of_the_next_call(cache):
    decompressed, mapped, another = (mnist._load(LABELS) for _ in range(3))
    for labels in (decompressed, mapped, another):
        assert labels[:10].tolist() == FIRST_TEST_LABELS
        labels[:] = 0
    assert mnist._load(LABELS)[:10].tolist() == FIRST_TEST_LABELS


@pytest.mark.parametrize("damage", [b"", b"\0" * 10_008, b"\0" * 20_000, b"short"])
def test_a_damaged_cache_is_replaced(cache, damage):
    cache.mkdir(parents=True)
    (cache / LABELS).write_bytes(damage)
    assert mnist._load(LABELS)[:10].tolist() == FIRST_TEST_LABELS
    assert hashlib.sha256((cache / LABELS).read_bytes()).hexdigest() == SHA256[LABELS]
    assert [path.name for path in cache.iterdir()] == [LABELS]  # no half-written file is left


def test_a_whole_cache_needs_no_decompression(cache, monkeypatch):
    mnist._load(LABELS)
    monkeypatch.setattr(mnist, "DATA", cache / "nowhere")
    assert mnist._load(LABELS)[:10].tolist() == FIRST_TEST_LABELS


def test_without_a_place_for_the_cache_the_data_still_load(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(mnist, "_cache_folder", lambda: tmp_path / "file" / "mnist")
    assert mnist._load(LABELS)[:10].tolist() == FIRST_TEST_LABELS

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(mnist, "_cache_folder", no_home)
    assert mnist._load(LABELS)[:10].tolist() == FIRST_TEST_LABELS


def test_a_full_disk_leaves_no_part_of_a_file(cache, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mnist.Path, "write_bytes", full)
    assert mnist._load(LABELS)[:10].tolist() == FIRST_TEST_LABELS
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_cache_is_in_a_folder_of_the_user(platform, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist.sys, "platform", platform)
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    expected = mnist.Path.home() / "Library" / "Caches" if platform == "darwin" else tmp_path
    assert mnist._cache_folder() == expected / "course_nn" / "mnist"


def broken(name, content):
    original = (mnist.DATA / name).read_bytes()
    return {
        "truncated": original[:1000],
        "one bit": original[:900] + bytes([original[900] ^ 1]) + original[901:],
        "empty": b"",
        "not xz": b"version https://git-lfs.github.com/spec/v1",
        "other data": lzma.compress(b"whole, but not these digits"),
    }[content]


@pytest.mark.parametrize("content", ["truncated", "one bit", "empty", "not xz", "other data"])
def test_a_damaged_file_is_named_with_what_to_do(cache, tmp_path, monkeypatch, content):
    name = "train-images-idx3-ubyte.xz"
    (tmp_path / name).write_bytes(broken(name, content))
    monkeypatch.setattr(mnist, "DATA", tmp_path)
    with pytest.raises(ValueError, match=f"{name} is damaged. Install course_nn again") as error:
        mnist.load_data()
    assert str(tmp_path / name) in str(error.value)
    assert not cache.exists()


def test_a_missing_file_is_named_with_what_to_do(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="train-images.* is missing. Install"):
        mnist.load_data()


def test_importing_the_data_sets_imports_numpy_and_the_standard_library_only():
    code = (
        "import sys; from course_nn.datasets import hubble, mnist, toy;"
        "print({'matplotlib', 'torch', 'keras', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
