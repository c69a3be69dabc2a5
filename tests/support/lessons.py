"""The build of the notebooks, for tests: its targets, and what they say."""

from authoring import sources

TARGETS = sources.targets()
CHAPTERS = [target for target in TARGETS if target.name != "00_start"]


def prose(target) -> str:
    cells = sources.assemble(target).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
