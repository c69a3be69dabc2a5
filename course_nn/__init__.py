"""Neural networks, built by hand: the reference package of the course."""

from importlib import import_module
from typing import Any

from course_nn.i18n import _, set_language

__version__ = "0.1.0"
__all__ = ["check", "hint", "progress", "set_language", "solution"]


def __getattr__(name: str) -> Any:
    """Import the checks when one of them is first asked for."""
    if name in __all__:
        return getattr(import_module("course_nn.checks"), name)
    raise AttributeError(_("course_nn has nothing called {name}.").format(name=name))
