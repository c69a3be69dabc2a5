"""What stands in for libraries that only show something: plots, progress bars, displays.

Each of their names is there, can be called, indexed, unpacked and used in ``with``, and does nothing.
It travels into the sandbox, and imports nothing that does not.
"""

import dis
import sys
import types
from collections.abc import Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

SHOWING = ("IPython", "ipywidgets", "matplotlib", "mpl_toolkits", "seaborn", "tqdm")


class Nothing:
    """Stands in for whatever shows something."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing; but a function that this decorates stays what it is."""
        if len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType):
            return args[0]
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copy, NumPy and others ask for what it cannot do
            raise AttributeError(name)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        """As many as are asked for: `figure, axes = plt.subplots()` asks for two, a loop for none."""
        frame = sys._getframe(1)
        step, number = frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 2]
        return iter([self] * (number if dis.opname[step].startswith("UNPACK") else 0))

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def _with(self, other: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _with
    )


NOTHING = Nothing()


class Bar(Nothing):
    """A progress bar: it gives what it was made of."""

    write = staticmethod(print)

    def __init__(self, iterable: Any = (), *args: Any, **kwargs: Any) -> None:
        object.__setattr__(self, "iterable", iterable)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return NOTHING

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return NOTHING

    def __iter__(self) -> Iterator[Any]:
        return iter(object.__getattribute__(self, "iterable"))

    def __len__(self) -> int:
        return len(object.__getattribute__(self, "iterable"))

    def __bool__(self) -> bool:
        return True


def trange(*args: Any, **kwargs: Any) -> Bar:
    """A progress bar of a range."""
    return Bar(range(*args))


class Finder(MetaPathFinder, Loader):
    """Finds the libraries that show something, and the modules whose ``sources`` were handed in."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.sources = sources

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        own = any(f"{one}.".startswith(f"{name}.") for one in self.sources)
        if own or name.partition(".")[0] in SHOWING:
            within = any(one.startswith(f"{name}.") for one in self.sources)
            return ModuleSpec(name, self, is_package=within or not own)
        return None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__
        if name.partition(".")[0] in SHOWING:
            bars = {"tqdm": Bar, "trange": trange, "tqdm_notebook": Bar, "tnrange": trange}
            if name.startswith("tqdm"):
                vars(module).update(bars)
            vars(module)["__getattr__"] = lambda _name: _attribute(_name)
            vars(module)["__all__"] = ["display"] if name.startswith("IPython") else []
            vars(module)["display"] = NOTHING
        elif source := self.sources.get(name):
            exec(compile(source, f"<{name}.py>", "exec", dont_inherit=True), vars(module))


def _attribute(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return NOTHING
