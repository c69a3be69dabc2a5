"""Tests and tested notebooks leave the progress of whoever runs them alone, and try the same
examples each time; ``--hypothesis-profile=default`` tries new ones."""

import os
import tempfile

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

_folder = tempfile.TemporaryDirectory()
os.environ["COURSE_NN_DATA"] = _folder.name


def pytest_unconfigure():
    _folder.cleanup()
