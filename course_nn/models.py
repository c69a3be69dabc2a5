"""A network as a stack of layers, with Keras's names: add, compile, fit, evaluate, predict."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from course_nn import saving
from course_nn._arrays import Array, Buffers, Shape, aligned_zeros, warm_up_products
from course_nn._names import missing
from course_nn.i18n import _
from course_nn.layers import Input, Layer
from course_nn.layers.base import Arrays, take_over
from course_nn.training import Trainable
from course_nn.utils import generator


class Sequential(Trainable):
    """A network in which each layer feeds the next.

        model = Sequential()
        model.add(Dense(32, input_dim=784, activation="relu"))
        model.add(Dense(10, activation="softmax"))
        model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, epochs=5, batch_size=32)

    Args:
        layers: the first layers; ``add`` adds more.
        trainable: False keeps the weights of all layers as they are.
        name: what it is called.
        seed: of the first weights, and of shuffling and dropout where ``fit`` is given no seed of its own. The same
            seed gives the same weights, to the bit, on the same machine.
        dtype: of weights and all computing, "float32" or "float64".

    ``model.parameters`` and ``model.gradients`` are all trained weights and their gradients, each as one vector;
    the arrays in the layers are views of them.
    """

    def __init__(
        self,
        layers: Iterable[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
        *,
        seed: int | None = None,
        dtype: Any = "float32",
    ) -> None:
        kind = getattr(dtype, "__name__", str(dtype))  # np.float32 has one too
        if kind not in ("float32", "float64"):
            raise ValueError(
                _("dtype must be 'float32' or 'float64', got {given!r}.").format(given=dtype)
            )
        self.dtype = np.dtype(kind)
        self.name = name or "sequential"
        self.layers: list[Layer] = []
        self.built = False
        self.takes: Shape = ()  # known once it is built
        self.gives: Shape = ()
        self._declared: Shape | None = None  # by an Input
        self._rng = generator(seed)
        self._buffers = Buffers()
        for layer in () if layers is None else [layers] if isinstance(layers, Layer) else layers:
            self.add(layer)
        if not trainable:
            self.trainable = False

    # ---- building --------------------------------------------------------------------------------

    def add(self, layer: Any) -> None:
        """Put ``layer`` behind the others; of another model all its layers, which both then share.

        Raises:
            TypeError: it is not a layer.
            ValueError: it cannot take what the layer before it gives, or is in the model already.
        """
        if isinstance(layer, Sequential):
            if not self.layers and layer.built:
                self._declared = layer.takes
            for each in layer.layers:
                self.add(each)
            return
        if not isinstance(layer, Layer):
            raise TypeError(
                _("add takes a layer, such as Dense(32), got {given!r}.").format(given=layer)
            )
        if isinstance(layer, Input):
            if self.layers or self._declared:
                raise ValueError(_("Input comes first, before all layers."))
            self._declared = layer.declared_shape
            return
        if any(layer is other for other in self.layers):
            raise ValueError(
                _("{layer} is in the model already. Make a new layer for each place.").format(
                    layer=layer
                )
            )
        self.layers.append(layer)
        if self._declared or self.layers[0].declared_shape or self.takes:
            try:
                self.build()
            except ValueError:
                self.layers.pop()
                raise

    def pop(self) -> Layer:
        """Take the last layer away."""
        if not self.layers:
            raise ValueError(_("The model has no layers to take away."))
        layer = self.layers.pop()
        self._looked_at = False
        if self.built and self.layers:
            self.build()
        return layer

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Make the weights for examples of ``input_shape``, with or without the batch axis: (784,) or (None, 784).
        Weights that a layer has already are kept.

        Raises:
            ValueError: there are no layers, the input's shape is not known or not the one that was declared, or the
                layers do not fit together.
        """
        if not self.layers:
            raise ValueError(
                _("The model has no layers yet. Add some, for example model.add(Dense(10)).")
            )
        given: Any = tuple(input_shape or ())
        if given[:1] == (None,):
            given = given[1:]
        declared = self._declared or self.layers[0].declared_shape
        if declared and given and declared != given:
            raise ValueError(
                _(
                    "The model was declared for examples of shape {declared}, and is to be built for {given}. "
                    "Make a new model, or call build() without a shape."
                ).format(declared=declared, given=given)
            )
        shape = declared or given or self.takes
        if not shape:
            raise ValueError(
                _(
                    "The shape of the input is not known yet. Give the first layer input_dim=..., "
                    "or call fit, which learns the shape from the data."
                )
            )
        warm_up_products()
        given = shape = tuple(shape)
        for layer in self.layers:
            shape = layer.build(shape, self._rng, self.dtype)
        self.takes, self.gives = given, shape
        self.gather()
        self._hand_out_loops()
        self.built = True

    def gather(self) -> None:
        """Lay all weights to train in one vector and their gradients in another; the layers' arrays become views."""
        named = [
            (layer, name) for layer in self.layers if layer.trainable for name in layer.weights
        ]
        starts = [0]
        for layer, name in named:
            starts.append(
                starts[-1] + -(-layer.weights[name].size // 16) * 16
            )  # each on a 64-byte boundary
        parameters, gradients = (aligned_zeros(starts[-1], self.dtype) for _vector in range(2))
        self._penalized = []  # where in the vectors each regularizer applies
        for (layer, name), start in zip(named, starts):
            old = layer.weights[name]
            place = slice(start, start + old.size)
            if name in layer.regularizers:
                self._penalized.append((place.start, place.stop, layer.regularizers[name]))
            layer.weights[name] = parameters[place].reshape(old.shape)
            layer.weights[name][...] = old
            layer.gradients[name] = gradients[place].reshape(old.shape)
        for layer in self.layers:
            for weights in () if layer.trainable else (layer.weights, layer.gradients):
                weights.update({name: array.copy() for name, array in weights.items()})
        self.parameters, self.gradients = parameters, gradients
        trained = [bool(layer.weights) and layer.trainable for layer in self.layers]
        for index, layer in enumerate(self.layers):
            layer.input_gradient = any(trained[:index])

    @property
    def trainable(self) -> bool:
        """Whether any layer trains; set it, and it holds for all."""
        return any(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers:
            layer.trainable = value

    # ---- looking ---------------------------------------------------------------------------------

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch that goes in, its number of examples open: (None, 784)."""
        self._require_built()
        return (None, *self.takes)

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch that comes out: (None, 10)."""
        self._require_built()
        return (None, *self.gives)

    def _require_built(self) -> None:
        if not self.built:
            self.build()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place.

        Raises:
            ValueError: there is none.
        """
        if index is not None and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.layers:
            if index is None and layer.name == name:
                return layer
        raise ValueError(
            _("The model has no layer {wanted!r}, only {known}.").format(
                wanted=name if index is None else index,
                known=", ".join(layer.name for layer in self.layers),
            )
        )

    def summary(self, *args: Any, print_fn: Any = print, **others: Any) -> None:
        """Print a table of the layers, the shape of what each gives for n examples, and its number of weights."""
        self._require_built()
        rows = [(_("layer"), _("output"), _("weights"))]
        shape = self.takes
        for layer in self.layers:
            shape = layer.output_shape_for(shape)
            own = type(layer).__name__
            if layer.activation and layer.activation.name.replace("_", "") != own.lower():
                own += f" ({layer.activation.name})"
            output = "(" + ", ".join(["n", *map(str, shape)]) + ")"
            rows.append((own, output, f"{layer.count_params():,}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        for name, output, size in rows:
            print_fn(f"{name:<{widths[0]}}   {output:<{widths[1]}}   {size:>{widths[2]}}")
        trained = sum(array.size for array in self.trainable_weights)
        line = _("In all {count:,} weights to train.").format(count=trained)
        if kept := self.count_params() - trained:
            line += " " + _("{count:,} others are not trained.").format(count=kept)
        print_fn(line)

    def count_params(self) -> int:
        """How many numbers the weights and states have."""
        self._require_built()
        return sum(layer.count_params() for layer in self.layers)

    # ---- weights ---------------------------------------------------------------------------------

    def named_arrays(self) -> Iterator[tuple[str, Array]]:
        """Every weight and state array with its name, in order: "0.kernel", "0.bias", "1.gamma" ..."""
        for index, layer in enumerate(self.layers):
            for name, array in (layer.weights | layer.state).items():
                yield f"{index}.{name}", array

    @property
    def weights(self) -> list[Array]:
        """All weights and states, layer by layer, in Keras's order: the arrays themselves."""
        return [array for _name, array in self.named_arrays()]

    @property
    def trainable_weights(self) -> list[Array]:
        """Those that training changes."""
        layers = [layer for layer in self.layers if layer.trainable]
        return [array for layer in layers for array in layer.weights.values()]

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Array]:
        """Those that training leaves alone: moving averages, and all of frozen layers."""
        trained = {id(array) for array in self.trainable_weights}
        return [array for array in self.weights if id(array) not in trained]

    def get_weights(self) -> list[Array]:
        """Copies of all weights and states, layer by layer, in Keras's order."""
        return [array.copy() for array in self.weights]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Take over the weights that ``get_weights`` gave.

        Raises:
            ValueError: there are more or fewer arrays than the model has, or one has another shape.
        """
        self._require_built()
        take_over(_("The model"), Arrays(self.named_arrays()), weights)

    # ---- files -----------------------------------------------------------------------------------

    def save(self, path: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write architecture, weights, and how it is trained, to one file.

        Args:
            path: ends in .keras or .h5 for Keras's formats (they need h5py), in anything else for safetensors, which
                holds numbers and no code. After ``load_model`` on that, ``fit`` goes on where it was, to the bit.
            overwrite: False refuses to write over a file.
            include_optimizer: False leaves out how it is trained.

        Raises:
            OSError: the file cannot be written.
        """
        self._require_built()
        saving.save_model(self, path, overwrite, include_optimizer)

    def save_weights(self, path: Any, overwrite: bool = True) -> None:
        """Write the weights alone: to .weights.h5 as Keras does, to anything else as safetensors."""
        self._require_built()
        saving.save_weights(self, path, overwrite)

    def load_weights(self, path: Any) -> None:
        """Take over weights from a file that ``save_weights`` or ``save`` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is damaged, or holds weights of another architecture.
        """
        self._require_built()
        saving.load_weights(self, path)

    @classmethod
    def load(cls, path: Any, compile: bool = True) -> "Sequential":
        """The model that ``save`` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is damaged, or holds no model of this package.
        """
        return saving.load_model(cls, path, compile)


def load_model(path: Any, custom_objects: Any = None, compile: bool = True, **others: Any) -> Any:
    """The model that ``save`` wrote (Keras's name for ``Sequential.load``)."""
    return Sequential.load(path, compile)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, ["Sequential", "load_model"])
