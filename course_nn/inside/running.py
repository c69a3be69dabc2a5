"""How the cells of a notebook run, for `course-nn check` and in a grader's sandbox alike."""

import __future__

import ast
import contextlib
import linecache
import types
from typing import Any

from course_nn.inside.calling import Error

STAND_INS = ("check", "hint", "solution", "progress")  # of `course_nn`; they do nothing here
LATE = 200  # statements to be tried again
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
        self.answers: dict[tuple[str, str], Any] = {}  # by name and cell
        self.late: list[tuple[ast.stmt, str]] = []  # what has met a name that was not there yet
        self.flags = 0

    def run(
        self, source: str, file: str, answers: tuple[str, ...], whole: bool
    ) -> tuple[tuple[str, ...], Error | None]:
        """Run a cell; which of ``answers`` it defines, and the error that ended it, if one did.

        A cell with answers runs as in Jupyter, but for an import of what is not here, which costs
        no more than itself. Of a learner's own cell each statement is tried, whatever became of
        those before; unless it is to be run ``whole`` only its definitions.
        """
        before = {name: self.names.get(name) for name in answers}
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        error = None
        try:
            for statement in ast.parse(source, file).body:
                if whole or isinstance(statement, DEFINITIONS):
                    try:
                        self.execute(statement, file)
                    except BaseException as raised:  # sys.exit() as well
                        if answers and not isinstance(statement, (ast.Import, ast.ImportFrom)):
                            raise
                        if isinstance(raised, NameError) and len(self.late) < LATE:
                            self.late.append((statement, file))
        except BaseException as raised:
            error = told(raised)
        made = {name: self.names.get(name) for name in answers}
        defined = tuple(n for n in answers if callable(made[n]) and made[n] is not before[n])
        self.answers |= {(name, file): made[name] for name in defined}
        return defined, error

    def again(self) -> bool:
        """Try once more what has met a name that was not there yet; whether there is any."""
        late, self.late = self.late, []
        for statement, file in late:
            with contextlib.suppress(BaseException):
                self.execute(statement, file)
        return bool(late)

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
