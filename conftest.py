"""What holds for tests and tested notebooks alike: how many of them run, and with which examples.

They leave the progress of whoever runs them alone, no clock fails one, and hypothesis tries the
same examples on every machine; ``--hypothesis-profile=default`` tries new ones.
"""

import os
import tempfile
from collections import defaultdict

from hypothesis import HealthCheck, settings

from tests.support import sampled

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


def pytest_collection_modifyitems(config, items):
    cases = defaultdict(list)  # of each test that is marked "sampled"
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("slow")
        if item.get_closest_marker("sampled"):
            cases[item.nodeid.partition("[")[0]].append(item)
    asked = config.option.keyword or any("::" in given for given in config.args)
    if config.option.all or asked:
        return
    for own in cases.values():
        (number,) = own[0].get_closest_marker("sampled").args
        tried = sampled(own, number)
        left_out = {id(item) for item in own} - {id(item) for item in tried}
        config.hook.pytest_deselected(items=[item for item in own if id(item) in left_out])
        items[:] = [item for item in items if id(item) not in left_out]


def pytest_unconfigure():
    _folder.cleanup()
