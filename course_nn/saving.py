"""A model in a file, in the safetensors format: a header in JSON and plain numbers, no code.

The file holds, after the length of its header (8 bytes, little-endian), the header, padded with spaces to a multiple
of 8, and then the arrays one after the other. The header gives for each array its type, its shape and where it
stands, and under "__metadata__" texts of one's own: here the architecture, and how the model was trained.

Source: the format's description at https://huggingface.co/docs/safetensors, section "Format".
"""

import json
import math
import os
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from course_nn import losses, metrics, optimizers
from course_nn._arrays import Array
from course_nn._names import lookup
from course_nn.activations import KNOWN
from course_nn.i18n import _
from course_nn.layers import LAYERS, Input

TYPES = {  # the names that the format has for NumPy's types
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
NAMES = {np.dtype(code): name for name, code in TYPES.items()}


def write(
    path: str | os.PathLike[str], arrays: Mapping[str, Array], texts: Mapping[str, str]
) -> None:
    """Write ``arrays`` and ``texts`` to the file ``path``; it takes the place of another only when it is whole.

    Raises:
        OSError: the file cannot be written.
    """
    # Wide types come first, so that each array stands on a multiple of its width; then the alphabet.
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, object] = {"__metadata__": dict(texts)}
    end = 0
    for name in order:
        start, end = end, end + arrays[name].nbytes
        kind = NAMES[arrays[name].dtype.newbyteorder("<")]
        header[name] = {
            "dtype": kind,
            "shape": list(arrays[name].shape),
            "data_offsets": [start, end],
        }
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for name in order:
            file.write(arrays[name].astype(arrays[name].dtype.newbyteorder("<")).tobytes())
    unfinished.replace(path)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and texts in the file ``path``.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, or of another format.
    """
    raw = Path(path).read_bytes()
    size = int.from_bytes(raw[:8], "little")
    if not 2 <= size <= len(raw) - 8:
        raise ValueError(_("it is cut off, or of another format"))
    header = json.loads(raw[8 : 8 + size])
    texts = header.pop("__metadata__", {})
    data, arrays = raw[8 + size :], {}
    for name, entry in header.items():
        dtype, shape = np.dtype(TYPES[entry["dtype"]]), tuple(entry["shape"])
        start, end = entry["data_offsets"]
        if not 0 <= start <= end <= len(data) or end - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(_("it is cut off, or of another format"))
        arrays[name] = np.frombuffer(data[start:end], dtype).reshape(shape)
    return arrays, texts


# ---- models ----


def save_model(model: Any, path: Any, overwrite: bool, include_optimizer: bool) -> None:
    """Write ``model``, with its optimizer where it has one, in the format that the name's ending asks for."""
    for layer in model.layers:
        if layer.activation is not None and layer.activation.name not in KNOWN:
            raise ValueError(
                _(
                    "A file cannot hold {name}, a function of one's own that {layer} has as activation. "
                    "Keep the weights with save_weights, and write the model again before load_weights."
                ).format(name=layer.activation.name, layer=layer.name)
            )
    path = _writable(path, overwrite)
    training = _training_of(model) if include_optimizer else None
    if path.suffix in (".keras", ".h5", ".hdf5"):
        from course_nn import keras_files

        keras_files.write_model(model, path, training)
        return
    architecture = {
        "dtype": model.dtype.name,
        "input_shape": model.takes,
        "layers": [{"class": type(layer).__name__, **layer.config()} for layer in model.layers],
    }
    texts, arrays = {"course_nn": json.dumps(architecture)}, dict(model.named_arrays())
    if training:
        texts["training"] = json.dumps(training)
        arrays |= optimizer_arrays(model)
    write(path, arrays, texts)


def save_weights(model: Any, path: Any, overwrite: bool) -> None:
    path = _writable(path, overwrite)
    if path.suffix in (".h5", ".hdf5"):
        from course_nn import keras_files

        keras_files.write_weights(model, path)
    else:
        write(path, dict(model.named_arrays()), {})


def _writable(path: Any, overwrite: bool) -> Path:
    path = Path(path)
    if not overwrite and path.exists():
        raise FileExistsError(
            _("{path} is there already. Pass overwrite=True, or another name.").format(path=path)
        )
    return path


def load_weights(model: Any, path: Any) -> None:
    """Take over the weights in the file ``path``."""
    try:
        if Path(path).suffix in (".keras", ".h5", ".hdf5"):
            from course_nn import keras_files

            model.set_weights(keras_files.read_weights(model, Path(path)))
            return
        arrays, _texts = read(path)
        model.set_weights([arrays[name] for name, _array in model.named_arrays()])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            _("{path} holds no weights for this model ({error}).").format(path=path, error=error)
        ) from error


def load_model(cls: Any, path: Any, compile: bool) -> Any:
    """The model in the file ``path``."""
    try:
        if Path(path).suffix in (".keras", ".h5", ".hdf5"):
            from course_nn import keras_files

            return keras_files.read_model(cls, Path(path), compile)
        arrays, texts = read(path)
        if "course_nn" not in texts:
            raise ValueError(_("another program wrote it"))
        architecture = json.loads(texts["course_nn"])
        model = cls(dtype=architecture["dtype"])
        kept = []  # the numbers of the layers that the arrays are named after
        for index, config in enumerate(architecture["layers"]):
            layer = LAYERS[config.pop("class")](**config)
            if not isinstance(layer, Input):  # the shape is known without it
                model.layers.append(layer)
                kept.append(index)
        model.build(tuple(architecture["input_shape"]))
        names = [name.partition(".") for name, _array in model.named_arrays()]
        model.set_weights([arrays[f"{kept[int(index)]}.{name}"] for index, _dot, name in names])
        if compile and "training" in texts:
            train_on(model, json.loads(texts["training"]), arrays)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            _(
                "{path} holds no model that can be read ({error}). Save the model again with model.save."
            ).format(path=path, error=error)
        ) from error
    return model


def _training_of(model: Any) -> dict[str, Any] | None:
    """What ``compile`` was given, how many steps were done, and where chance stands."""
    if model.optimizer is None:
        return None
    loss, figures = (
        model.loss,
        {"metrics": model.metrics, "weighted_metrics": model.weighted_metrics},
    )
    own = [loss.name] if losses.LOSSES.get(loss.name) is not type(loss) else []
    own += [m.name for each in figures.values() for m in each if not metrics.is_known(m)]
    try:
        optimizer = model.optimizer.config()
    except ValueError as error:
        own.append(str(error))
    if own:
        warnings.warn(
            _(
                "The file does not say how the model is trained, because {what} is one's own. "
                "Compile the model again after loading."
            ).format(what=", ".join(own)),
            stacklevel=5,
        )
        return None
    seeded = [getattr(layer, "own_rng", None) for layer in model.layers]
    return {
        "optimizer": optimizer,
        "iterations": model.optimizer.iterations,
        "loss": {"class": loss.name, **loss.config()},
        "jit_compile": model.jit_compile,
        **{name: [metrics.config(m) for m in each] for name, each in figures.items()},
        "chance": [rng and rng.bit_generator.state for rng in (model._rng, *seeded)],
    }


def optimizer_arrays(model: Any) -> dict[str, Array]:
    """What the optimizer keeps from step to step, nothing before the first one."""
    slots = model.optimizer._slots if model.optimizer else {}
    return {f"optimizer.{name}": array for name, array in slots.items()}


def train_on(model: Any, training: dict[str, Any], arrays: Mapping[str, Array]) -> None:
    """Compile the model as it was, and put the optimizer and chance where they stood."""
    loss = dict(training["loss"])
    jit_compile = training.get("jit_compile", False)
    if jit_compile and not find_spec("numba"):
        jit_compile = False
        warnings.warn(
            _(
                "The model was compiled with jit_compile=True, which needs Numba; it goes on in NumPy. "
                "Install Numba with pip install 'course-nn[fast]' and load the model again."
            ),
            stacklevel=5,
        )
    model.compile(
        optimizer=optimizers.get(training["optimizer"]),
        loss=lookup(_("loss"), loss.pop("class"), losses.LOSSES)(**loss),
        metrics=[metrics.from_config(each) for each in training["metrics"]],
        weighted_metrics=[metrics.from_config(each) for each in training["weighted_metrics"]],
        jit_compile=jit_compile,
    )
    optimizer = model.optimizer
    if all(f"optimizer.{name}" in arrays for name in optimizer.slots) and training["iterations"]:
        optimizer._bind(model.parameters, model.gradients)
        for name in optimizer.slots:
            optimizer._slots[name][...] = arrays[f"optimizer.{name}"]
        optimizer.iterations = int(training["iterations"])
    seeded = [getattr(layer, "own_rng", None) for layer in model.layers]
    for rng, state in zip((model._rng, *seeded), training.get("chance", ())):
        if rng is not None and state is not None:
            rng.bit_generator.state = state
