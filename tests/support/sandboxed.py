"""For tests that run code in the sandbox: on each layer that there is, and nothing left behind."""

import contextlib
import ctypes
import os
import platform
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from course_nn.grading import seccomp
from course_nn.grading.process import Process
from course_nn.grading.sandbox import LANDLOCK, LAYERS, NONE, SANDBOX_EXEC, SECCOMP, probe
from course_nn.grading.submissions import Cell, Notebook, Submission
from course_nn.grading.zygote import end_idle

LAYERS_TO_TEST = [LAYERS[0], LAYERS[2], *([LAYERS[3]] if sys.platform == "darwin" else []), NONE]

reached = cache(lambda: list(probe()))


def need(layer):
    """Skip, loudly, a test of a layer that this machine has not what it takes for."""
    missing = [wall for wall in layer.walls if not there(wall)]
    if missing:
        walls = " and ".join(missing)
        pytest.skip(f"LAYER {layer.number} ({layer.name}) NOT TESTED: no {walls} here")
    assert layer in reached(), f"all that {layer.name} takes is here, and it does not hold"
    return layer


@cache
def there(wall):
    """Whether this machine has what ``wall`` takes, asked of the machine itself."""
    if wall == SANDBOX_EXEC:
        return sys.platform == "darwin"
    if sys.platform != "linux":
        return False
    if wall == SECCOMP:
        return platform.machine() in seccomp.ARCHITECTURES
    if wall == LANDLOCK:
        return ctypes.CDLL(None).syscall(444, None, ctypes.c_long(0), 1) >= 1
    try:
        trial = ["bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"]
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture(params=LAYERS_TO_TEST, ids=lambda layer: layer.name)
def layer(request):
    return need(request.param)


@pytest.fixture(params=LAYERS_TO_TEST[:-1], ids=lambda layer: layer.name)
def walled(request):
    """A layer that keeps things from a learner's code."""
    return need(request.param)


def submission(*cells):
    """A notebook; each cell as its source, or as its source and the exercises that it answers."""
    cells = [(cell, ()) if isinstance(cell, str) else cell for cell in cells]
    made = (Cell(source, answers, judged=answers) for source, answers in cells)
    return Submission("ada", (), (Notebook(tuple(made)),))


def value_of(source, layer, *args, seconds=30, memory=1 << 30):
    """What ``answer`` of ``source`` returns in a process of ``layer``; or its error, as a pair."""
    process = Process(layer, memory, 100)
    try:
        process.ask("run", source, "<cell>", ("answer",), True, seconds=seconds)
        value, error, *_ = process.ask("call", "answer", "<cell>", args, seconds=seconds)
        return value if error is None else error[:2]
    finally:
        process.end()


def children():
    """The processes that this one has started and that still run, or whose parents have ended."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, *rest = place.read_text().rpartition(")")
            state, parent, *_ = rest[-1].split()
            if int(parent) == os.getpid() and state != "Z":
                found.add(int(pid.split()[0]))
    return found


@pytest.fixture
def no_process_is_left():
    """After each test no process is left; orphans of the test's own come to it, as to init."""
    if sys.platform != "linux":
        yield
        return
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    before = children()
    yield
    end_idle()
    patience = time.monotonic() + 5
    while (left := children() - before) and time.monotonic() < patience:
        time.sleep(0.02)
    assert not left
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
