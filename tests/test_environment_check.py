"""What the first page of the course says of the machine that it runs on."""

from importlib.metadata import PackageNotFoundError

import pytest

from course_nn import environment
from course_nn.datasets import mnist


def test_all_is_well_here_and_no_line_depends_on_the_machine(capsys):
    assert environment.check() is True
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok       Python 3.11 or later"
    assert lines[-2:] == [
        "ok       MNIST, 60,000 images to learn from and 10,000 to be tested with",
        "Everything is there.",
    ]
    assert len(lines) == len(environment.PACKAGES) + 3


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ("4.9", "too old  tqdm 4.66 or later, here 4.9"),
        ("4.66", "ok       tqdm 4.66 or later"),
        ("4.66.1.dev0", "ok       tqdm 4.66 or later"),
        ("5", "ok       tqdm 4.66 or later"),
        (None, "missing  tqdm 4.66 or later"),
    ],
)
def test_versions_compare_as_numbers(monkeypatch, capsys, found, line):
    def version(name):
        if name == "tqdm" and found is None:
            raise PackageNotFoundError(name)
        return found if name == "tqdm" else "99"

    monkeypatch.setattr(environment, "version", version)
    assert environment.check() is line.startswith("ok")
    out = capsys.readouterr().out
    assert line in out.splitlines()
    assert ("python3 start.py" in out) is not line.startswith("ok")


def test_missing_digits_are_told(monkeypatch, capsys):
    def load_data():
        raise FileNotFoundError("The MNIST file x.xz is missing.")

    monkeypatch.setattr(mnist, "load_data", load_data)
    assert environment.check() is False
    assert "missing  MNIST: The MNIST file x.xz is missing.\n" in capsys.readouterr().out
