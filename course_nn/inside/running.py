"""How the cells of a notebook run, for `course-nn check` and in a grader's sandbox alike."""

import __future__

import ast
import linecache
import types
from typing import Any

from course_nn.inside.calling import Error

STAND_INS = ("check", "hint", "solution", "progress")  # of `course_nn`; they do nothing here
DEFINITIONS = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign),
)


class World:
    """The names that a notebook's cells define, and the answers among them."""

    def __init__(self) -> None:
        self.module = types.ModuleType("__main__")
        self.names = vars(self.module)
        self.names["display"] = nothing  # Jupyter has it
        self.answers: dict[str, Any] = {}
        self.flags = 0

    def run(
        self, source: str, file: str, answers: tuple[str, ...], whole: bool
    ) -> tuple[tuple[str, ...], Error | None]:
        """Run a cell; which of ``answers`` it defines, and the error that ended it, if one did.

        A cell with answers runs as in Jupyter, but for an import of what is not here, which costs
        no more than itself. Of a learner's own cell each statement is tried, whatever became of
        those before; unless it is to be run ``whole`` only its definitions.
        """
        for name in answers:
            self.names.pop(name, None)
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        error = None
        try:
            for statement in ast.parse(source, file).body:
                if whole or isinstance(statement, DEFINITIONS):
                    try:
                        self.execute(statement, file)
                    except BaseException:  # sys.exit() as well
                        if answers and not isinstance(statement, (ast.Import, ast.ImportFrom)):
                            raise
        except BaseException as raised:
            error = told(raised)
        defined = tuple(name for name in answers if callable(self.names.get(name)))
        self.answers |= {name: self.names[name] for name in defined}
        return defined, error

    def execute(self, statement: ast.stmt, file: str) -> None:
        """Run one statement; what it imports from ``__future__`` holds from then on."""
        tree = ast.Module([statement], [])
        code = compile(tree, file, "exec", self.flags, dont_inherit=True)
        self.flags |= code.co_flags & __future__.annotations.compiler_flag
        exec(code, self.names)


def told(raised: BaseException) -> Error:
    """What ``raised`` says, whatever it does when it is asked."""
    try:
        return Error(type(raised).__name__, str(raised))
    except BaseException:  # its __str__ raises
        return Error(type(raised).__name__)


def nothing(*args: Any, **kwargs: Any) -> None:
    """Stands in for what shows something."""
