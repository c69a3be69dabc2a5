"""Is everything there that the course needs?"""

import re
import sys
from importlib.metadata import PackageNotFoundError, version

from course_nn.i18n import _

PYTHON = "3.11"
# What a learner's notebook imports or runs in, and the oldest version that will do.
PACKAGES = {
    "numpy": "2.0",
    "matplotlib": "3.9",
    "anywidget": "0.9",
    "ipywidgets": "8.1",
    "jupyterlab": "4.2",
    "packaging": "24",
    "platformdirs": "4.2",
    "tqdm": "4.66",
}


def check() -> bool:
    """Print a line for each thing that the course needs, and what to do if one is missing.

    Returns:
        True when all is there.
    """
    running = ".".join(map(str, sys.version_info[:3]))
    answers = [_report("Python", PYTHON, running)]
    for name, oldest in PACKAGES.items():
        try:
            answers.append(_report(name, oldest, version(name)))
        except PackageNotFoundError:
            answers.append(_report(name, oldest, None))
    answers.append(_mnist())
    if all(answers):
        print(_("Everything is there."))
    else:
        print(_("Close this notebook. In the course's folder, run in a terminal: python3 start.py"))
    return all(answers)


def _report(name: str, oldest: str, found: str | None) -> bool:
    """Whether ``found`` is a version of at least ``oldest``, and a line that says so."""
    good = found is not None and _numbers(found) >= _numbers(oldest)
    mark = _("ok") if good else _("too old") if found else _("missing")
    line = _("{name} {version} or later").format(name=name, version=oldest)
    if found and not good:
        line += _(", here {version}").format(version=found)
    print(f"{mark:8} {line}")
    return good


def _numbers(version: str) -> list[int]:
    """The numbers in ``version``, which compare as they should: [3, 12] for "3.12"."""
    return [int(digits) for digits in re.findall(r"\d+", version)]


def _mnist() -> bool:
    """Whether the digits can be read, and a line that says so."""
    try:
        from course_nn.datasets.mnist import load_data

        train, test = load_data()
    except (ImportError, OSError, ValueError) as error:
        print(f"{_('missing'):8} MNIST: {error}")
        return False
    line = _("MNIST, {train:,} images to learn from and {test:,} to be tested with")
    print(f"{_('ok'):8} {line.format(train=len(train[0]), test=len(test[0]))}")
    return True
