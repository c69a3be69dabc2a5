"""What holds for tests and tested notebooks alike: how many of them run, and with which examples.

They leave the progress of whoever runs them alone, no clock fails one, and hypothesis tries the
same examples on every machine; ``--hypothesis-profile=default`` tries new ones.
"""

import os
import tempfile

from hypothesis import HealthCheck, settings

always = {"derandomize": True, "deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("course", **always)
settings.register_profile("all", **always, max_examples=1000)
settings.load_profile("course")

_folder = tempfile.TemporaryDirectory()
os.environ["COURSE_NN_DATA"] = _folder.name


def pytest_addoption(parser):
    group = parser.getgroup("course_nn")
    group.addoption("--fast", action="store_true", help="leave out what is marked slow")
    group.addoption("--all", action="store_true", help="also what is otherwise tried in samples")


def pytest_configure(config):
    if config.option.fast:
        config.option.markexpr = " and ".join(filter(None, ["not slow", config.option.markexpr]))
    if config.option.all:
        os.environ["COURSE_NN_ALL"] = "1"  # `sampled` of tests.support reads it
        settings.load_profile("all")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("slow")


def pytest_unconfigure():
    _folder.cleanup()
