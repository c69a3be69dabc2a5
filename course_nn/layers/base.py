"""What all layers share, and how to write one's own.

``forward(x)`` takes n examples and gives n; ``backward(dy)`` takes the gradient of the loss with respect to
what the last ``forward`` gave, stores the gradients of the layer's own weights in ``layer.gradients`` and returns
the gradient with respect to x. Weights are shaped (inputs, outputs), as in Keras: y = x W + b.

The arrays that ``forward`` and ``backward`` return belong to the layer: it makes them once and writes into
them again at the next call, which saves most of the time that a small network would spend asking for
memory. Copy what you want to keep.
"""

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from course_nn import activations, initializers, regularizers
from course_nn._arrays import Array, Buffers, Shape
from course_nn._names import Quick, arguments, nearest, surplus
from course_nn.i18n import _

Weights = dict[str, tuple[Shape, initializers.Initializer]]
_numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)  # dense, dense_1, ...


class Arrays(dict[str, Array]):
    """Arrays by name, ``weights["kernel"]``, or by number, as in Keras: ``weights[0]``."""

    def __missing__(self, index: Any) -> Array:
        if isinstance(index, int) and -len(self) <= index < len(self):
            return list(self.values())[index]
        raise KeyError(
            _("There is no weight {name!r} here, only {known}.").format(
                name=index, known=", ".join(self) or _("none")
            )
        )


class _Held:
    """A weight or state as an attribute, ``layer.kernel``, of the layers that have it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, layer: Any, kind: type) -> Any:
        if layer is None:
            return self
        for held in (layer.weights, layer.state):
            if self.name in held:
                return held[self.name]
        raise AttributeError(_("{layer} has no {name!r}.").format(layer=layer, name=self.name))


class Layer(Quick):
    """What all layers share: a shape, weights with their gradients, memory to work in.

    A layer of one's own overrides ``forward`` and ``backward``; with weights, ``weight_shapes``; where it changes
    the shape, ``output_shape_for``. Chance comes from ``self.rng``, so that the model's seed decides it.

    Args:
        input_shape: the shape of one example, without the batch axis; the first layer needs it, unless the
            network is to learn it from the first data it sees.
        input_dim: short for ``input_shape=(input_dim,)``.
        name: for ``model.get_layer``; without one a number tells layers of one class apart.
        trainable: False keeps the weights as they are in training.

    Raises:
        TypeError: the layer has no argument of that name.
        ValueError: the shape is not made of positive whole numbers.
    """

    takes_bytes: ClassVar[bool] = False  # it converts numbers of any type itself
    rescales: ClassVar[bool] = False  # it brings numbers of any size near 0
    activation: activations.Activation | None = None  # its last step, which a loss may take over

    def __init__(
        self,
        *,
        input_shape: Shape | None = None,
        input_dim: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        name: str | None = None,
        trainable: bool = True,
        **unknown: Any,
    ) -> None:
        if unknown:
            own = arguments(type(self).__init__)
            more = ["input_shape", "input_dim", "name", "trainable"]
            surplus(
                type(self).__name__, unknown, [*own, *(each for each in more if each not in own)]
            )
        if batch_input_shape is not None:
            input_shape = tuple(batch_input_shape)[1:]  # type: ignore[assignment]
        if input_dim is not None:
            input_shape = (input_dim,)
        self.declared_shape: Shape | None = (
            None if input_shape is None else _example_shape(input_shape)
        )
        self.given_name, self.trainable = name, trainable
        self.name = name or _numbered(type(self).__name__)
        self.weights = Arrays()  # trained
        self.gradients = Arrays()  # of the loss, a like array for each weight
        self.state = Arrays()  # kept and saved, not trained
        self.regularizers: dict[str, regularizers.L1L2] = {}
        self.input_gradient = (
            True  # a model turns it off for its first layer with weights: nobody needs it
        )
        self.built_for: Shape | None = None
        self.dtype = np.dtype("float32")
        self.rng = np.random.default_rng()  # a model hands its own on when it is trained
        self._buffers = Buffers()

    def build(self, input_shape: Shape, rng: np.random.Generator, dtype: Any = "float32") -> Shape:
        """Make weights for examples of ``input_shape``, unless they are there, and return the shape of an output.

        Raises:
            ValueError: the layer cannot take such examples, or has weights for others or of another type.
        """
        if self.declared_shape not in (None, input_shape):
            raise ValueError(
                _(
                    "{layer} gets examples of shape {given}. Give a shape to the first layer alone, "
                    "or the shape that the layer before gives."
                ).format(layer=self, given=input_shape)
            )
        if self.built_for is not None and (self.built_for, self.dtype) != (
            input_shape,
            np.dtype(dtype),
        ):
            raise ValueError(
                _(
                    "{layer} was built for {old_type} examples of shape {old}, not {new_type} {new}. "
                    "Make a new layer."
                ).format(
                    layer=self,
                    old_type=self.dtype,
                    old=self.built_for,
                    new_type=dtype,
                    new=input_shape,
                )
            )
        output_shape = self.output_shape_for(input_shape)
        self.dtype = np.dtype(dtype)
        if self.built_for is None:
            for name, (shape, initializer) in self.weight_shapes(input_shape).items():
                self.weights[name] = initializer(shape, rng).astype(self.dtype)
                self.gradients[name] = np.zeros(shape, self.dtype)
            for name, (shape, initializer) in self.state_shapes(input_shape).items():
                self.state[name] = initializer(shape, rng).astype(self.dtype)
            self.built_for = input_shape
            for name in (*self.weights, *self.state):
                if not hasattr(type(self), name):
                    setattr(type(self), name, _Held(name))
        return output_shape

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """The shape of an output, given that of an example."""
        return input_shape

    def weight_shapes(self, input_shape: Shape) -> Weights:
        """Name, shape and initializer of each weight."""
        return {}

    def state_shapes(self, input_shape: Shape) -> Weights:
        """Name, shape and initializer of what is kept but not trained."""
        return {}

    def footprint(self, input_shape: Shape) -> int:
        """How many numbers ``forward`` keeps in memory for one example, at least those of its output."""
        return math.prod(self.output_shape_for(input_shape))

    def forward(self, x: Array, training: bool = False) -> Array:
        """The layer's output for the examples ``x``."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Array | None:
        """Store the gradients of the weights; return that of x, or None where ``self.input_gradient`` is False."""
        raise NotImplementedError

    # A loss that is computed from logits takes the last layer without its activation.
    def forward_logits(self, x: Array) -> Array:
        raise NotImplementedError

    def backward_logits(self, dz: Array) -> Array | None:
        raise NotImplementedError

    def penalty(self) -> float:
        """What the regularizers of the weights add to the loss."""
        return sum(r.forward(self.weights[name]) for name, r in self.regularizers.items())

    def buffer(self, name: str, shape: Shape) -> Array:
        """Memory of ``shape`` (examples first) that is made once for the largest batch, and lent at every call."""
        return self._buffers.lend(name, shape, self.dtype)

    def __call__(self, x: Any, training: bool = False) -> Array:
        """``forward``, for arrays of any real numbers, with weights that are made where there are none yet."""
        if isinstance(x, Layer):
            raise TypeError(
                _("{layer} was called with a layer.").format(layer=type(self).__name__)
                + nearest("Model", [])
                + " "
                + _("Write Sequential([layer, layer, ...]).")
            )
        x = np.asarray(x)
        if self.built_for is None:
            self.build(x.shape[1:], self.rng)
        return self.forward(x if self.takes_bytes else x.astype(self.dtype), training).copy()

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch that goes in, its number of examples open: (None, 784)."""
        self._require_built()
        return (None, *self.built_for)  # type: ignore[misc]

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch that comes out: (None, 10)."""
        self._require_built()
        return (None, *self.output_shape_for(self.built_for))  # type: ignore[arg-type]

    def _require_built(self) -> None:
        if self.built_for is None:
            raise RuntimeError(
                _("The layer {name!r} knows its shapes once the model has seen data.").format(
                    name=self.name
                )
            )

    def get_weights(self) -> list[Array]:
        """Copies of all weights and states, in Keras's order."""
        return [array.copy() for array in (self.weights | self.state).values()]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Take over what ``get_weights`` gave.

        Raises:
            ValueError: there are more or fewer arrays than the layer has, or one has another shape.
        """
        take_over(
            _("The layer {name!r}").format(name=self.name), self.weights | self.state, weights
        )

    def count_params(self) -> int:
        """How many numbers the weights and states have."""
        return sum(array.size for array in (self.weights | self.state).values())

    def config(self) -> dict[str, Any]:
        """The arguments that make the same layer again, as JSON can hold them."""
        given: dict[str, Any] = {}
        if self.declared_shape is not None:
            given["input_shape"] = list(self.declared_shape)
        if self.given_name is not None:
            given["name"] = self.given_name
        if not self.trainable:
            given["trainable"] = False
        return given

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({arguments})"


def take_over(owner: str, own: dict[str, Array], weights: Sequence[Array]) -> None:
    """Write ``weights`` into ``own``, if they are as many and of the same shapes."""
    if len(weights) != len(own):
        raise ValueError(
            _("{owner} has {wanted} arrays of weights, got {given}.").format(
                owner=owner, wanted=len(own), given=len(weights)
            )
        )
    for (name, array), new in zip(own.items(), weights):
        if np.shape(new) != array.shape:
            raise ValueError(
                _(
                    "The weights {name!r} have shape {wanted}, got an array of shape {given}."
                ).format(name=name, wanted=array.shape, given=np.shape(new))
            )
    for array, new in zip(own.values(), weights):
        array[...] = new


def _numbered(kind: str) -> str:
    """The name of the next layer of a class, as Keras gives it: dense, dense_1, dense_2."""
    snake = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
    snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", snake).lower()
    number = next(_numbers[snake])
    return f"{snake}_{number}" if number else snake


def clear_names() -> None:
    """Begin again with dense, dense_1, ..."""
    _numbers.clear()


def _example_shape(given: Any) -> Shape:
    """``given`` as a tuple, if it is a shape that an example can have."""
    if not (
        isinstance(given, Sequence)
        and all(isinstance(n, (int, np.integer)) and n >= 1 for n in given)
    ):
        raise ValueError(
            _(
                "The shape of an example is a tuple of whole numbers, 1 or more, such as (784,) or (28, 28); "
                "got {given!r}."
            ).format(given=given)
        )
    return tuple(int(n) for n in given)


class Input(Layer):
    """The shape of an example, said in a line of its own: ``Input((784,))``. It computes nothing, and a model keeps
    the shape alone."""

    def __init__(
        self,
        shape: Shape | None = None,
        batch_size: int | None = None,
        *,
        batch_shape: Sequence[int | None] | None = None,
        **others: Any,
    ) -> None:
        if batch_shape is not None:
            shape = tuple(batch_shape)[1:]  # type: ignore[assignment]
        shape = others.pop("input_shape", shape)
        if shape is None:
            raise TypeError(_("Input needs the shape of an example, such as Input((784,))."))
        super().__init__(input_shape=shape, **others)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x"""
        return x

    def backward(self, dy: Array) -> Array:
        """dx = dy"""
        return dy

    def config(self) -> dict[str, Any]:
        return {"shape": list(self.declared_shape or ())}


class InputLayer(Input):
    """Keras's other name of ``Input``."""
