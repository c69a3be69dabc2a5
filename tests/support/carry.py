"""The code of a function that has its home in the package, as a cell that a learner might send."""

import dataclasses
import dis
import marshal
import types

import numpy as np

from course_nn.i18n import _


def cell(function, name):
    """A cell that defines ``name`` as a copy of ``function``, with all that it uses.

    Raises:
        TypeError: it uses something that cannot be copied.
    """
    carried = _Carried()
    value = carried.value(function)
    return "\n".join([_IMPORTS, *carried.lines, f"{name} = {value}"])


_IMPORTS = "import marshal, types\nimport numpy as np"


class _Carried:
    """Lines of code that rebuild values, each once."""

    def __init__(self):
        self.lines, self.names = [], {}

    def value(self, value):
        if isinstance(value, (int, float, str, type(None))):
            return repr(value)
        if value is np:
            return "np"
        if getattr(value, "__module__", None) in ("builtins", "itertools", "math", "_operator"):
            return f"__import__({value.__module__!r}).{value.__name__}"
        if dataclasses.is_dataclass(value) and isinstance(value, type):
            fields = [field.name for field in dataclasses.fields(value)]
            return f"__import__('dataclasses').make_dataclass({value.__name__!r}, {fields})"
        if value is _:
            return "str"
        if isinstance(value, np.ufunc) or getattr(value, "__module__", None) == "numpy":
            return f"np.{value.__name__}"
        if str(getattr(value, "__module__", "")).startswith("numpy."):
            return f"__import__({value.__module__!r}, fromlist=['numpy']).{value.__name__}"
        if isinstance(value, (tuple, list, dict)) and not value:
            return repr(value)
        if isinstance(value, (tuple, list)):
            return f"{type(value).__name__}([{', '.join(map(self.value, value))}])"
        if isinstance(value, dict):
            pairs = (f"{self.value(k)}: {self.value(v)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
        if isinstance(value, types.FunctionType):
            return self.function(value)
        raise TypeError(f"{value!r} cannot be carried")

    def function(self, function):
        if id(function) in self.names:
            return self.names[id(function)]
        name = self.names[id(function)] = f"_carried_{len(self.names)}"
        self.lines.append(f"{name}_globals = {{'__builtins__': __builtins__}}")
        cells = [self.value(cell.cell_contents) for cell in function.__closure__ or ()]
        closure = f"tuple(types.CellType(one) for one in [{', '.join(cells)}])"
        defaults, keywords = function.__defaults__, function.__kwdefaults__
        self.lines.append(
            f"{name} = types.FunctionType(marshal.loads({marshal.dumps(function.__code__)!r}), "
            f"{name}_globals, closure={closure}, argdefs={self.value(defaults)})"
        )
        self.lines.append(f"{name}.__kwdefaults__ = {self.value(keywords)}")
        for used in sorted(_globals(function.__code__) & set(function.__globals__)):
            self.use(name, function, used)
        return name

    def use(self, name, function, used):
        value = function.__globals__[used]
        if isinstance(value, types.ModuleType) and value is not np:
            attributes = sorted(_names(function.__code__) & set(vars(value)))
            inner = ", ".join(f"{a}={self.value(getattr(value, a))}" for a in attributes)
            self.lines.append(f"{name}_globals[{used!r}] = types.SimpleNamespace({inner})")
        else:
            self.lines.append(f"{name}_globals[{used!r}] = {self.value(value)}")


def _all(code):
    """``code`` and that of the functions in it."""
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return [code, *(one for each in inner for one in _all(each))]


def _globals(code):
    found = (step for one in _all(code) for step in dis.get_instructions(one))
    return {step.argval for step in found if step.opname == "LOAD_GLOBAL"}


def _names(code):
    return {name for one in _all(code) for name in one.co_names}
