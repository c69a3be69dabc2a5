"""Keras's own files: ``.keras`` and ``.weights.h5``, written so that Keras reads them, and read. They need h5py.

A ``.keras`` file is a zip archive of config.json, which names the layers and their arguments, metadata.json, and
model.weights.h5, in which the arrays of layer "dense_1" are layers/dense_1/vars/0, 1, ... A bare ``.h5`` is the older
format: the same configuration as an attribute, and the arrays in groups that bear the layers' names.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from course_nn import losses, optimizers
from course_nn._arrays import Array
from course_nn.i18n import _
from course_nn.layers import LAYERS, Layer

KERAS_VERSION = "3.5.0"  # from which on Keras reads what is written here

INITIALIZERS = {
    "zeros": "Zeros", "ones": "Ones", "random_normal": "RandomNormal", "random_uniform": "RandomUniform",
    "glorot_normal": "GlorotNormal", "glorot_uniform": "GlorotUniform", "he_normal": "HeNormal",
    "he_uniform": "HeUniform", "lecun_normal": "LecunNormal", "lecun_uniform": "LecunUniform",
}  # fmt: skip

AS_LAYERS = {"leaky_relu": "LeakyReLU", "elu": "ELU", "relu": "ReLU"}  # with arguments of their own
ARGUMENTS = "negative_slope", "alpha", "max_value", "threshold"


def _h5py(path: Path) -> Any:
    try:
        import h5py
    except ImportError:
        raise ValueError(
            _(
                "{path} would be a file of Keras's, for which h5py is needed: pip install h5py. "
                "Without it, save to a name that ends in .safetensors."
            ).format(path=path)
        ) from None
    return h5py


# ---- configurations ----


def _object(kind: str, module: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def _layer_config(layer: Layer) -> dict[str, Any]:
    """Keras's description of a layer of ours."""
    given = {n: v for n, v in layer.config().items() if n not in ("input_shape", "trainable")}
    for name, value in given.items():
        if name.endswith("_initializer"):
            if isinstance(value, dict):
                config = {n: v for n, v in value.items() if n != "class"}
                given[name] = _object(value["class"], "keras.initializers", config)
            else:
                given[name] = INITIALIZERS.get(value, value)
        if name.endswith("_regularizer"):
            given[name] = _object("L1L2", "keras.regularizers", value)
        if name == "activation" and isinstance(value, dict):
            ((function, arguments),) = value.items()
            given[name] = _object(AS_LAYERS[function], "keras.layers", arguments)
    given |= {"name": layer.name, "trainable": layer.trainable}
    return _object(type(layer).__name__, "keras.layers", given)


def _model_config(model: Any) -> dict[str, Any]:
    shape = [None, *model.takes]
    entry = _object(
        "InputLayer",
        "keras.layers",
        {"batch_shape": shape, "dtype": "float32", "name": "input_layer"},
    )
    layers = [entry, *map(_layer_config, model.layers)]
    config = {"name": model.name, "trainable": True, "layers": layers, "build_input_shape": shape}
    return {**_object("Sequential", "keras", config), "build_config": {"input_shape": shape}}


def _compile_config(training: dict[str, Any] | None) -> Any:
    if training is None:
        return None
    optimizer: dict[str, Any] = {n: v for n, v in training["optimizer"].items() if v is not None}
    kind = optimizer.pop("class")
    rate = optimizer["learning_rate"]
    if isinstance(rate, dict):
        given = dict(rate)
        name = given.pop("class")
        optimizer["learning_rate"] = _object(name, "keras.optimizers.schedules", given)
    loss = dict(training["loss"])
    own = losses.LOSSES[loss.pop("class")].__name__
    metrics = []
    for each in training["metrics"]:
        given = {name: value for name, value in each.items() if name != "class"}
        plain = each["class"] == "Accuracy"
        metrics.append(given["name"] if plain else _object(each["class"], "keras.metrics", given))
    return {
        "optimizer": _object(kind, "keras.optimizers", optimizer),
        "loss": _object(own, "keras.losses", loss),
        "loss_weights": None,
        "metrics": metrics,
        "weighted_metrics": None,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": training["jit_compile"],
    }


def _layer_from(entry: dict[str, Any]) -> Layer | tuple[int, ...]:
    """A layer of ours from Keras's description, or the shape of an example from that of an InputLayer."""
    kind, config = entry["class_name"], dict(entry["config"])
    if kind == "InputLayer":
        return tuple((config.get("batch_shape") or config["batch_input_shape"])[1:])
    if kind not in LAYERS:
        raise ValueError(_("this package has no layer {kind}").format(kind=kind))
    batch_shape = config.pop("batch_input_shape", None)
    given = {n: v for n, v in config.items() if v is not None}
    for name in ("dtype", "quantization_config", "renorm_momentum", "optional"):
        given.pop(name, None)
    for name in [n for n in given if n.endswith("_initializer") and isinstance(given[n], dict)]:
        inner = given[name]
        arguments = {n: v for n, v in inner["config"].items() if v is not None and n != "dtype"}
        given[name] = {"class": inner["class_name"], **arguments}
        if kind == "BatchNormalization":
            del given[name]
    for name in [n for n in given if n.endswith("_regularizer")]:
        inner = given[name].get("config", given[name])
        given[name] = {n: float(v) for n, v in inner.items() if n in ("l1", "l2")}
    if isinstance(given.get("activation"), dict):
        inner = given["activation"]
        functions = {layer: function for function, layer in AS_LAYERS.items()}
        if inner["class_name"] in functions:
            own = {n: v for n, v in inner["config"].items() if n in ARGUMENTS and v is not None}
            given["activation"] = {functions[inner["class_name"]]: own}
        else:
            given["activation"] = inner["config"]
    if kind == "BatchNormalization":
        axis = given.pop("axis", -1)
        if axis not in (-1, [-1]) and not isinstance(axis, (int, list)):
            raise ValueError(_("this package normalizes the last axis alone"))
        for name in [n for n in given if n.endswith("_initializer")]:
            del given[name]
    if batch_shape:
        given["batch_input_shape"] = batch_shape
    return LAYERS[kind](**given)


def _model_from(cls: Any, config: dict[str, Any]) -> Any:
    if config["class_name"] != "Sequential":
        raise ValueError(_("it holds no Sequential model"))
    model, inner = cls(), config["config"]
    for entry in inner["layers"] if isinstance(inner, dict) else inner:
        got = _layer_from(entry)
        if isinstance(got, tuple):
            model._declared = got
        else:
            model.layers.append(got)
    shape = inner.get("build_input_shape") if isinstance(inner, dict) else None
    model.build(tuple(shape) if shape else None)
    return model


def _compile(model: Any, config: dict[str, Any] | None) -> None:
    """Compile as the file says, as far as names say it."""
    if not config:
        return

    def named(value: Any) -> Any:
        if isinstance(value, dict) and "class_name" in value:
            inner = value["config"]
            return inner if isinstance(inner, str) else (value["class_name"], inner)
        return value

    from course_nn import metrics as metrics_module

    optimizer = named(config["optimizer"] if "optimizer" in config else config["optimizer_config"])
    if isinstance(optimizer, tuple):
        kind = type(optimizers.get(optimizer[0]))
        known = {*_arguments(kind), *kind.shared}
        given = {n: v for n, v in optimizer[1].items() if n in known and v is not None}
        rate = named(given.get("learning_rate"))
        if isinstance(rate, tuple):
            schedule = optimizers.schedules.SCHEDULES[rate[0]]
            own = _arguments(schedule)
            given["learning_rate"] = schedule(**{n: v for n, v in rate[1].items() if n in own})
        optimizer = kind(**given)
    loss = named(config["loss"])
    if isinstance(loss, tuple):
        own = ["from_logits", "label_smoothing", "delta"]
        loss = getattr(losses, loss[0])(**{n: v for n, v in loss[1].items() if n in own and v})
    metrics = []
    for each in config.get("metrics") or ():
        name = named(each)
        if isinstance(name, tuple):
            own = ["name", "k", "threshold", "thresholds", "class_id"]
            given = {n: v for n, v in name[1].items() if n in own and v is not None}
            name = getattr(metrics_module, name[0])(**given)
        if name not in (None, "compile_metrics", "loss"):
            metrics.append(name)
    # Keras says True here on its own account, where JAX computes: no reason to fail without Numba.
    jit_compile = bool(find_spec("numba")) and config.get("jit_compile") is True
    model.compile(optimizer, loss, metrics=metrics, jit_compile=jit_compile)


def _arguments(function: Any) -> list[str]:
    from course_nn._names import arguments

    return arguments(function.__init__)


# ---- weights ----


def _groups(model: Any) -> list[tuple[str, list[Array]]]:
    """The group of each layer, after its class and a number, and its arrays in Keras's order."""
    seen: dict[str, int] = {}
    groups = []
    for layer in model.layers:
        snake = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
        snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", snake).lower()
        number = seen[snake] = seen.get(snake, -1) + 1
        name = f"{snake}_{number}" if number else snake
        groups.append((name, list((layer.weights | layer.state).values())))
    return groups


def _write_store(model: Any, file: Any) -> None:
    for name, arrays in _groups(model):
        group = file.create_group(f"layers/{name}/vars")
        for index, array in enumerate(arrays):
            group.create_dataset(str(index), data=array)
    file.create_group("vars")


def _keras_slots(optimizer: Any) -> list[list[tuple[str, float]]]:
    """The slots that Keras keeps one after the other for each array of weights, and what ours times is Keras's."""
    if isinstance(optimizer, optimizers.SGD):
        return [[("velocity", -1.0)]] if optimizer.momentum else []
    if isinstance(optimizer, optimizers.Adadelta):
        return [[(name, 1.0) for name in optimizer.slots]]
    if not hasattr(optimizer, "beta_1"):
        return [[(name, 1.0)] for name in optimizer.slots]
    size = 1.0 if isinstance(optimizer, optimizers.Adamax) else 1 - optimizer.beta_2
    moments = [("m", 1 - optimizer.beta_1), ("v", size)]
    return [moments, *([(name, size)] for name in optimizer.slots[2:])]


def _slot_parts(model: Any) -> Iterator[tuple[Array, float]]:
    """For each variable of Keras's optimizer, in its order, our part of a slot and what it is multiplied by."""
    optimizer, width = model.optimizer, model.parameters.itemsize
    weights = [w for layer in model.layers if layer.trainable for w in layer.weights.values()]
    for group in _keras_slots(optimizer):
        for array in weights:
            start = (array.ctypes.data - model.parameters.ctypes.data) // width
            for name, factor in group:
                part = optimizer._slots[name][start : start + array.size]
                yield part.reshape(array.shape), factor


def _write_optimizer(model: Any, file: Any, training: dict[str, Any] | None) -> None:
    """What the optimizer keeps: as Keras reads it, and once more to the bit, with where chance stands."""
    from course_nn import saving

    if training is None:
        return
    own = file.create_group("course_nn")
    own.attrs["training"] = json.dumps(training)
    for name, array in saving.optimizer_arrays(model).items():
        own.create_dataset(name, data=array)
    if "layers" not in file:  # an .h5 file of Keras's older form
        return
    optimizer = model.optimizer
    if not model._owns_its_weights():
        model.gather()
    optimizer._bind(model.parameters, model.gradients)
    variables: list[Any] = [np.int64(optimizer.iterations)]
    if not callable(optimizer.learning_rate):
        variables.append(np.float32(optimizer.learning_rate))
    variables += [part * model.dtype.type(factor) for part, factor in _slot_parts(model)]
    group = file.create_group("optimizer/vars")
    for index, variable in enumerate(variables):
        group.create_dataset(str(index), data=variable)


def _read_optimizer(model: Any, file: Any) -> bool:
    """Compile ``model`` as ``_write_optimizer`` found it, if it has written there."""
    from course_nn import saving

    if "course_nn" not in file:
        return False
    own = file["course_nn"]
    arrays = {name: own[name][...] for name in own}
    saving.train_on(model, json.loads(own.attrs["training"]), arrays)
    return True


def _go_on(model: Any, file: Any) -> None:
    """Put the optimizer of ``model``, which was compiled as in Keras, where Keras's stood."""
    variables = file.get("optimizer/vars", {})
    optimizer, known = model.optimizer, 1 if callable(model.optimizer.learning_rate) else 2
    if len(variables) < known:
        return
    optimizer._bind(model.parameters, model.gradients)
    parts = list(_slot_parts(model))
    if len(parts) != len(variables) - known:  # saved before its first step
        return
    for index, (part, factor) in enumerate(parts, known):
        part[...] = variables[str(index)][...] / factor
    optimizer.iterations = int(variables["0"][()])


def _read_store(model: Any, file: Any) -> list[Array]:
    found = []
    for name, arrays in _groups(model):
        for index, _array in enumerate(arrays):
            found.append(file[f"layers/{name}/vars/{index}"][...])
    return found


# ---- files ----


def write_model(model: Any, path: Path, training: dict[str, Any] | None) -> None:
    """Write ``model`` to ``path``, a .keras or .h5 file, which appears only when it is whole."""
    h5py = _h5py(path)
    unfinished = path.with_name(path.name + ".part")
    config = _model_config(model)
    if path.suffix == ".keras":
        config["compile_config"] = _compile_config(training)
        store = io.BytesIO()
        with h5py.File(store, "w") as file:
            _write_store(model, file)
            _write_optimizer(model, file, training)
        with zipfile.ZipFile(unfinished, "w") as archive:
            archive.writestr("metadata.json", json.dumps({"keras_version": KERAS_VERSION}))
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("model.weights.h5", store.getvalue())
    else:
        with h5py.File(unfinished, "w") as file:
            file.attrs["keras_version"], file.attrs["backend"] = KERAS_VERSION, "numpy"
            file.attrs["model_config"] = json.dumps(config)
            if training and (given := _compile_config(training)):
                optimizer = given.pop("optimizer")
                file.attrs["training_config"] = json.dumps({**given, "optimizer_config": optimizer})
            group = file.create_group("model_weights")
            group.attrs["layer_names"] = [layer.name for layer in model.layers]
            group.attrs["backend"], group.attrs["keras_version"] = "numpy", KERAS_VERSION
            for layer in model.layers:
                own, arrays = group.create_group(layer.name), layer.weights | layer.state
                own.attrs["weight_names"] = [f"{layer.name}/{name}" for name in arrays]
                for name, array in arrays.items():
                    own.create_dataset(f"{layer.name}/{name}", data=array)
            group.create_group("top_level_model_weights").attrs["weight_names"] = []
            _write_optimizer(model, file, training)
    unfinished.replace(path)


def write_weights(model: Any, path: Path) -> None:
    """Write the weights of ``model`` to ``path``, a .weights.h5 file."""
    h5py = _h5py(path)
    unfinished = path.with_name(path.name + ".part")
    with h5py.File(unfinished, "w") as file:
        _write_store(model, file)
    unfinished.replace(path)


def read_weights(model: Any, path: Path) -> list[Array]:
    """The weights in ``path``, a .keras or .h5 file of a model like ``model``."""
    h5py = _h5py(path)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            store = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(store, "r") as file:
            return _read_store(model, file)
    with h5py.File(path, "r") as file:
        return _read_store(model, file) if "layers" in file else _read_older(file)


def _read_older(file: Any) -> list[Array]:
    group = file.get("model_weights", file)
    found = []
    for layer in group.attrs["layer_names"]:
        own = group[layer]
        found += [own[name][...] for name in own.attrs["weight_names"]]
    return found


def read_model(cls: Any, path: Path, compile: bool) -> Any:
    """The model in ``path``, a .keras or .h5 file."""
    h5py = _h5py(path)
    path.open("rb").close()  # a missing file is an OSError that names it
    store: Path | io.BytesIO = path
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
            store = io.BytesIO(archive.read("model.weights.h5"))
        training = config.get("compile_config")
    else:
        with h5py.File(path, "r") as file:
            config = json.loads(file.attrs["model_config"])
            training = json.loads(file.attrs.get("training_config", "null"))
    model = _model_from(cls, config)
    model.set_weights(read_weights(model, path))
    if compile:
        with h5py.File(store, "r") as file:
            if not _read_optimizer(model, file):
                _compile(model, training)
                if model.optimizer is not None:
                    _go_on(model, file)
    return model
