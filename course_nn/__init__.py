"""Neural networks, built by hand: the reference package of the course."""

from course_nn.i18n import set_language

__version__ = "0.1.0"
__all__ = ["set_language"]
