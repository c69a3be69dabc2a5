"""Data to learn from: MNIST, whole, in ``mnist``; small sets in ``hubble`` and ``toy``."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("hubble", "mnist", "toy"):
        return import_module(f"course_nn.datasets.{name}")
    if name.startswith("_"):
        raise AttributeError(name)
    raise import_module("course_nn._names").missing(__name__, name, ["hubble", "mnist", "toy"])
