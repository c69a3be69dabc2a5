"""The build of the notebooks, for tests: its targets, and what they say."""

import re
from pathlib import Path

from authoring import sources

TARGETS = sources.targets()
CHAPTERS = [target for target in TARGETS if target.name != "00_start"]


def prose(target) -> str:
    cells = sources.assemble(target).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def headings(source: Path) -> list[str]:
    """The headings of a text, in order, without their marks."""
    text = re.sub(
        r"^```.*?^```", "", source.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    return re.findall(r"^#+ (.*)$", text, re.MULTILINE)
