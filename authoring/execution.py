"""A notebook run from its first cell to its last in a fresh kernel."""

import ast
import os
import re
import sys
import tempfile
from typing import Any

import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from authoring.sources import METADATA, LessonError, Target, failure, title

CELL_TIMEOUT = 120  # seconds
WIDGET = "application/vnd.jupyter.widget-view+json"


class ThisPython(AsyncKernelManager):
    """Starts the Python that runs this script, whatever other kernels are installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict(["--log-level=ERROR"]))


class Run(NotebookClient):
    """A run that knows the cell it is at and, when that cell fails, the line and the values."""

    at: NotebookNode | None = None
    line = 1
    values = ""

    def __init__(self, notebook: NotebookNode, target: Target) -> None:
        super().__init__(
            notebook,
            kernel_manager_class=ThisPython,
            timeout=CELL_TIMEOUT,
            coalesce_streams=True,  # as a reader sees them: one stream, a progress bar at its end
            record_timing=False,
            store_widget_state=False,
            resources={"metadata": {"path": str(target.notebook.parent)}},
        )
        self.target = target
        self.on_cell_execute = self._remember
        self.on_cell_error = self._look

    def _remember(self, cell: NotebookNode, cell_index: int) -> None:
        self.at = cell
        if sys.stdout.isatty():
            progress = f"\r{title(self.target)} {cell_index + 1:3} of {len(self.nb.cells)}"
            print(progress, end="", flush=True)

    async def _look(self, cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        """Find the line that failed and, if it asserts something, what its parts are worth."""
        frames = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(execute_reply["content"]["traceback"]))
        lines = re.findall(r"^Cell In\[\d+\], line (\d+)", frames, re.MULTILINE)
        if not lines or "raises-exception" in cell.metadata.get("tags", []):
            return
        self.line = int(lines[-1])
        wanted = {part: part for part in parts(cell.source, self.line)}
        kernel: Any = self.kc  # an asynchronous one, which its type does not say
        reply = await kernel.execute(
            "", silent=True, user_expressions=wanted, reply=True, timeout=10
        )
        self.values = "".join(
            f"\n  {part} = {' '.join(found['data']['text/plain'].split())[:200]}"
            for part, found in reply["content"]["user_expressions"].items()
            if found["status"] == "ok"
        )


_PURE = {
    "abs",
    "all",
    "any",
    "len",
    "max",
    "mean",
    "min",
    "round",
    "set",
    "sorted",
    "std",
    "sum",
    "tolist",
}


def parts(code: str, line: int) -> list[str]:
    """The expressions that tell why the assertion at ``line`` of ``code`` is false.

    They are what it compares, and the variables in it; nothing that a second evaluation changes.
    """
    found: dict[str, None] = {}
    for statement in ast.walk(ast.parse(code)):
        ends = getattr(statement, "end_lineno", None) or 0
        if not isinstance(statement, ast.Assert) or not statement.lineno <= line <= ends:
            continue
        for node in ast.walk(statement.test):
            sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            if isinstance(node, ast.Name) and node.id not in _PURE | {"np"}:
                sides.append(node)
            for side in sides:
                calls = [n.func for n in ast.walk(side) if isinstance(n, ast.Call)]
                bound = any(isinstance(n, ast.comprehension | ast.Lambda) for n in ast.walk(side))
                harmless = all(getattr(c, "attr", getattr(c, "id", "")) in _PURE for c in calls)
                if harmless and not bound and not isinstance(side, ast.Constant):
                    found[ast.unparse(side)] = None
    return list(found)


def execute(notebook: NotebookNode, target: Target) -> None:
    """Run every cell in a fresh kernel, whose folder is the notebook's."""
    target.notebook.parent.mkdir(parents=True, exist_ok=True)
    run, cells = Run(notebook, target), notebook.cells
    with (
        tempfile.TemporaryDirectory() as profile
    ):  # no start-up files, no progress of whoever builds
        env = {"OPENBLAS_NUM_THREADS": "1", **os.environ}  # sums in one order, cores for others
        env |= {"IPYTHONDIR": profile, "COURSE_NN_DATA": profile}
        env["COURSE_NN_STRICT"] = "1" if target.solved else ""
        try:
            run.execute(env=env)
        except CellExecutionError as error:
            message = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
            message += run.values
            raise LessonError(failure(target, cells, run.at, message, run.line)) from None
        except CellTimeoutError:
            message = f"it ran for more than {CELL_TIMEOUT} seconds"
            raise LessonError(failure(target, cells, run.at, message)) from None
        except DeadKernelError:
            raise LessonError(failure(target, cells, run.at, "the kernel died")) from None

    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel has put its own version in
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # the frames above it name files of this machine
                output.traceback = [f"\x1b[31m{output.ename}\x1b[39m: {output.evalue}"]
            elif WIDGET in output.get("data", {}):
                if "image/png" not in output.data:
                    message = "a widget is nothing without its kernel: show a picture beside it"
                    raise LessonError(failure(target, cells, cell, message))
                del output.data[WIDGET]
