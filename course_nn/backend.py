"""The few names of Keras's ``backend`` that have a meaning here."""

from typing import Any

from course_nn._names import missing


def clear_session() -> None:
    """Begin again with the names dense, dense_1, ... of layers."""
    from course_nn.layers.base import clear_names

    clear_names()


def epsilon() -> float:
    """How far probabilities are kept from 0 and 1 before a logarithm: 1e-7."""
    return 1e-7


def floatx() -> str:
    """The type that models compute in, where nothing else is asked for: "float32"."""
    return "float32"


def image_data_format() -> str:
    """Channels are the last axis: "channels_last"."""
    return "channels_last"


def backend() -> str:
    """What computes: "numpy"."""
    return "numpy"


def get_value(x: Any) -> Any:
    """``x`` as it is: a learning rate is a number here."""
    return x


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, globals())
