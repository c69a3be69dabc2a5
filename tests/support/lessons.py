"""The build of the notebooks, for tests: its module, its targets, and what they say."""

import importlib.util

from tests.support import ROOT


def load_build():
    spec = importlib.util.spec_from_file_location("build", ROOT / "lessons" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load_build()
TARGETS = build.targets()
CHAPTERS = [target for target in TARGETS if target.name != "00_start"]


def prose(target) -> str:
    cells = build.assemble(target).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
