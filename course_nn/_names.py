"""Names that are not there: one sentence that says so, and the nearest that is.

Everything that takes arguments, strings or attributes of Keras's answers through here: a class by its metaclass
``Explained``, a method by the decorator ``explained``, a module by ``missing``, a string by ``lookup``.
"""

import difflib
import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, signature
from typing import Any, TypeVar

from course_nn.i18n import N_, _

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

# What older scripts write, and what it is called now.
RENAMED = {
    "alpha": "negative_slope",
    "init": "kernel_initializer",
    "kernel_init": "kernel_initializer",
    "loss_function": "loss",
    "lr": "learning_rate",
    "nb_epoch": "epochs",
    "num_epochs": "epochs",
    "n_epochs": "epochs",
    "optimiser": "optimizer",
    "output_dim": "units",
    "nb_units": "units",
    "p": "rate",
    "samples_per_epoch": "steps_per_epoch",
    "validation_samples": "validation_steps",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "bias": "use_bias",
    "show_accuracy": "metrics",
    "acc": "accuracy",
    "f1": "f1_score",
    "weights_init": "kernel_initializer",
    "input_length": "input_shape",
}

# What has another form now, and what this package leaves out on purpose.
INSTEAD = {
    "predict_classes": N_("Write predict(x).argmax(axis=1)."),
    "predict_proba": N_("Write predict(x)."),
    "fit_generator": N_("fit takes a generator itself."),
    "evaluate_generator": N_("evaluate takes a generator itself."),
    "predict_generator": N_("predict takes a generator itself."),
    "np_utils": N_("Write utils.to_categorical."),
    "show_accuracy": N_("Write compile(..., metrics=['accuracy'])."),
    "decay": N_("Take a schedule, such as learning_rate=InverseTimeDecay(0.1, 1, decay)."),
    "class_mode": N_("The loss says what the targets are."),
    "weights": N_("Call set_weights once the layer is built."),
    "Model": N_("Models of this package are Sequential; a model of several branches is beyond it."),
    "Functional": N_("Models of this package are Sequential; several branches are beyond it."),
    "Lambda": N_("Write a class derived from Layer, with forward and backward."),
    "data": N_("Arrays of NumPy and generators take the place of tf.data."),
    "distribute": N_("This package computes on one processor."),
    "config": N_("This package computes on one processor."),
    "device": N_("This package computes on one processor."),
    "applications": N_("Networks trained by others are beyond this package."),
    "preprocessing": N_("Arrays of NumPy take its place, such as x / 255."),
    "TensorBoard": N_("History and CSVLogger keep the figures."),
    "BackupAndRestore": N_("ModelCheckpoint keeps the model, load_model brings it back."),
    "plot_model": N_("model.summary() lists the layers."),
    "to_json": N_("model.save writes architecture and weights in one file."),
    "to_yaml": N_("model.save writes architecture and weights in one file."),
    "multi_gpu_model": N_("This package computes on one processor."),
    "GradientTape": N_("model.loss_and_gradients gives loss and gradients."),
    "fashion_mnist": N_("This package brings mnist alone, because it works offline."),
    "cifar10": N_("This package brings mnist alone, because it works offline."),
    "cifar100": N_("This package brings mnist alone, because it works offline."),
    "boston_housing": N_("This package brings mnist alone, because it works offline."),
    "california_housing": N_("This package brings mnist alone, because it works offline."),
    "imdb": N_("This package brings mnist alone, because it works offline."),
    "reuters": N_("This package brings mnist alone, because it works offline."),
    **dict.fromkeys(
        ("LSTM", "GRU", "SimpleRNN", "Embedding", "Bidirectional", "TimeDistributed", "Attention"),
        N_("Layers for sequences are beyond this package: take Keras or PyTorch."),
    ),
    **dict.fromkeys(
        (
            "Conv1D",
            "Conv3D",
            "SeparableConv2D",
            "DepthwiseConv2D",
            "Conv2DTranspose",
            "UpSampling2D",
        ),
        N_(
            "Of the layers for images this package has Conv2D and pooling in two axes: for others take Keras."
        ),
    ),
    **dict.fromkeys(
        ("Add", "Concatenate", "Multiply", "concatenate", "add", "Average", "Maximum", "Dot"),
        N_("Models of this package are Sequential; several branches are beyond it."),
    ),
}

# Arguments of Keras that choose how it computes, not what: they are taken, and change nothing here.
WITHOUT_EFFECT = {
    "jit_compile", "run_eagerly", "steps_per_execution", "auto_scale_loss", "workers",
    "use_multiprocessing", "max_queue_size", "ema_momentum", "ema_overwrite_frequency",
}  # fmt: skip

# Arguments of Keras that are taken with these values only, because the values ask for nothing.
ONLY = {
    "activity_regularizer": (None,),
    "bias_constraint": (None,),
    "data_format": (None, "channels_last"),
    "dtype": (None, "float32"),
    "gradient_accumulation_steps": (None,),
    "kernel_constraint": (None,),
    "loss_scale_factor": (None,),
    "loss_weights": (None,),
    "noise_shape": (None,),
    "ragged": (None, False),
    "renorm": (False,),
    "sparse": (None, False),
    "synchronized": (False,),
    "use_ema": (None, False),
}


def nearest(name: object, known: Iterable[str]) -> str:
    """ " Did you mean ...?", or another form that it has now, or nothing; with a blank before it."""
    known, name = list(known), str(name)
    if name in RENAMED and RENAMED[name] in known:
        return " " + _("Did you mean {name!r}?").format(name=RENAMED[name])
    if name in INSTEAD:
        return " " + _(INSTEAD[name])
    # Without capitals and underscores "Conv2d" is near Conv2D, and "categoricalCrossentropy" its snake.
    plain = {each.lower().replace("_", ""): each for each in known}
    near = difflib.get_close_matches(name.lower().replace("_", ""), plain, n=1)
    if near:
        return " " + _("Did you mean {name!r}?").format(name=plain[near[0]])
    lower = {each.lower(): each for each in INSTEAD}
    return " " + _(INSTEAD[lower[name.lower()]]) if name.lower() in lower else ""


def lookup(kind: str, name: object, known: Mapping[str, T]) -> T:
    """``known[name]``, or a ValueError that names ``kind``, the nearest name and all the names there are."""
    if isinstance(name, str) and name in known:
        return known[name]
    shown = [each for each in known if each.islower()] or list(known)  # "mse", not "MSE" beside it
    raise ValueError(
        _("{name!r} is no {kind}.").format(name=name, kind=kind)
        + nearest(name, shown)
        + " "
        + _("Choose one of: {known}.").format(known=", ".join(sorted(shown)))
    )


def surplus(owner: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse keyword arguments that ``owner`` does not have, but for those of Keras that ask for nothing."""
    for name, value in given.items():
        if name in WITHOUT_EFFECT or any(
            value is each or value == each for each in ONLY.get(name, ())
        ):
            continue
        if name in ONLY:
            raise TypeError(
                _("{owner} of this package takes {name} only as {values}, got {given!r}.").format(
                    owner=owner,
                    name=name,
                    values=_(" or ").join(map(repr, ONLY[name])),
                    given=value,
                )
            )
        raise TypeError(
            _("{owner} takes no argument {given!r}.").format(owner=owner, given=name)
            + nearest(name, known)
            + " "
            + _("It takes {known}.").format(known=", ".join(known))
        )


def arguments(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments of a function, without self."""
    if function is object.__init__:
        return []
    kinds = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
    names = [p.name for p in signature(function).parameters.values() if p.kind in kinds]
    return names[1:] if names[:1] == ["self"] else names


def _explain(
    owner: str, function: Callable[..., Any], given: tuple, named: dict, more: Iterable[str]
) -> None:
    """Raise the TypeError that says which of the arguments ``function`` does not take, or lacks."""
    known = arguments(function)
    takes = [] if function is object.__init__ else list(signature(function).parameters.values())
    if not any(p.kind == Parameter.VAR_KEYWORD for p in takes):
        surplus(owner, {n: v for n, v in named.items() if n not in known}, [*known, *more])
    places = [p for p in takes if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    lacking = [
        p.name
        for index, p in enumerate(places)
        if p.default is p.empty and p.name not in named and index >= len(given) and p.name != "self"
    ]
    if lacking:
        raise TypeError(
            _("{owner} needs the argument {name!r}. It takes {known}.").format(
                owner=owner, name=lacking[0], known=", ".join([*known, *more])
            )
        )
    taken = [p.name for p in places if p.name != "self"]
    raise TypeError(
        _(
            "{owner} got {given} arguments by place, but takes {wanted}: {known}. "
            "Write the names of those that follow."
        ).format(
            owner=owner, given=len(given), wanted=len(taken), known=", ".join(taken) or _("none")
        )
        if len(given) > len(taken)
        else _("{owner} got the argument {name!r} twice.").format(
            owner=owner, name=next((n for n in taken[: len(given)] if n in named), "")
        )
    )


def explained(function: F) -> F:
    """``function``, whose calls with arguments that it does not take are answered in one sentence."""

    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise  # from inside the function: its own
        known = arguments(function)
        named = {n: v for n, v in named.items() if n in known or n not in WITHOUT_EFFECT}
        kept = {n: v for n, v in named.items() if n in known}
        own = (
            given[1:] if list(signature(function).parameters)[:1] in (["self"], ["cls"]) else given
        )
        surplus(function.__name__, {n: v for n, v in named.items() if n not in known}, known)
        try:
            return function(*given, **kept)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
        return _explain(function.__name__, function, own, kept, ())

    return call  # type: ignore[return-value]


class Explained(type):
    """The class of classes whose constructors answer in one sentence to arguments that they do not take."""

    def __call__(cls, *given: Any, **named: Any) -> Any:
        try:
            return super().__call__(*given, **named)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
        return _explain(cls.__name__, cls.__init__, given, named, ())  # type: ignore[misc]


def _lacks(owner: Any, name: str) -> AttributeError:
    kind = owner if isinstance(owner, type) else type(owner)
    known = [each for each in (*vars(owner), *dir(kind)) if not each.startswith("_")]
    return AttributeError(
        _("{owner} has no {name!r}.").format(owner=kind.__name__, name=name) + nearest(name, known),
        name=name,
        obj=owner,
    )


class Named(metaclass=Explained):
    """What answers in one sentence to attributes that it does not have."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise _lacks(self, name)


class _Elsewhere:
    """An attribute that has another name or form here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, kind: type) -> Any:
        raise _lacks(kind if owner is None else owner, self.name)


class Quick(metaclass=Explained):
    """What is used at every step, and so has no ``__getattr__``: with it Python 3.11 looks each attribute up in several
    places, which costs a small network a fifth of its time. Names that are elsewhere now answer as in ``Named``; where
    one is misspelled, Python itself names the nearest."""

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in _ELSEWHERE or hasattr(self, name)]


_ELSEWHERE = {*RENAMED, *INSTEAD}
for each in _ELSEWHERE:
    setattr(Quick, each, _Elsewhere(each))


def missing(module: str, name: str, known: Iterable[str]) -> Exception:
    """The error for a name that a module does not have: an ImportError where it is imported, with our sentence."""
    import dis

    module = module.rpartition(".")[2]
    message = _("{owner} has no {name!r}.").format(owner=module, name=name)
    message += nearest(name, [each for each in known if not each.startswith("_")])
    frame = sys._getframe(2)
    if dis.opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM" and name[:1] != "_":
        return ImportError(message, name=name)
    return AttributeError(message)
