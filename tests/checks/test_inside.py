"""What travels into the sandbox stands alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from course_nn import inside
from course_nn.grading import sandbox

FOLDER = Path(inside.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def test_all_of_the_folder_travels_and_nothing_else():
    assert sorted(sandbox._MODULES) == [f"inside.{name}" for name in MODULES]


@pytest.mark.parametrize("name", MODULES)
def test_it_imports_numpy_and_what_travels_with_it_alone(name):
    """Also in functions and blocks, where an import waits for its day."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(node.module)
    others = {module for module in found if module.split(".")[0] not in sys.stdlib_module_names}
    assert others <= {"numpy", *(f"course_nn.inside.{other}" for other in MODULES)}


def test_nothing_else_of_the_course_is_loaded_with_it():
    code = (
        "import sys;"
        + "".join(f"import course_nn.inside.{name};" for name in MODULES)
        + "print(*sorted(name for name in sys.modules if name.startswith('course_nn')))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = {"course_nn", "course_nn.i18n", "course_nn.inside"}
    assert set(said.stdout.split()) == expected | {f"course_nn.inside.{name}" for name in MODULES}
