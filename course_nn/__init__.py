"""Neural networks, built by hand: the reference package of the course.

``import course_nn as keras`` runs Keras's programs of the kind that the course is about: its modules, ``Sequential``
and ``Input`` are here under Keras's names. Each is imported when it is first asked for.
"""

from importlib import import_module
from typing import Any

from course_nn.i18n import _, set_language

__version__ = "0.1.0"
__all__ = ["check", "hint", "progress", "set_language", "solution"]

_MODULES = (
    "activations", "backend", "callbacks", "datasets", "initializers", "layers", "losses", "metrics", "models",
    "ops", "optimizers", "regularizers", "utils",
)  # fmt: skip
_NAMES = {"Sequential": "models", "Input": "layers"}


def __getattr__(name: str) -> Any:
    """Import what stands under ``name``: a module, a model, or the checks."""
    if name in _MODULES:
        return import_module(f"course_nn.{name}")
    if name in _NAMES:
        return getattr(import_module(f"course_nn.{_NAMES[name]}"), name)
    if name in __all__:
        return getattr(import_module("course_nn.checks"), name)
    if name.startswith("_"):
        raise AttributeError(_("course_nn has nothing called {name}.").format(name=name))
    names = import_module("course_nn._names")
    raise names.missing(__name__, name, [*_MODULES, *_NAMES, *__all__])
