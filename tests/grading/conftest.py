"""What every test of grading can ask for."""

from tests.support.sandboxed import layer, no_process_is_left, walled

__all__ = ["layer", "no_process_is_left", "walled"]
