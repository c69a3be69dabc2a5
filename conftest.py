"""Tests and tested notebooks leave the progress of whoever runs them alone."""

import os
import tempfile

_folder = tempfile.TemporaryDirectory()
os.environ["COURSE_NN_DATA"] = _folder.name


def pytest_unconfigure():
    _folder.cleanup()
