"""Which cells of a lesson become a slide of their own."""

import re

from nbformat import NotebookNode


def direct(cells: list[NotebookNode]) -> None:
    """Say how the cells become slides, where the source has not said it.

    A slide opens with a heading, and with the prose after a result; its code comes a key press
    later, so that a room can say first what it expects.
    """
    after_code = False
    for cell in cells:
        code = cell.cell_type == "code"
        heading = None if code else re.match(r"#{1,3} ", cell.source)
        if heading:
            kind = "subslide" if heading[0] == "### " else "slide"
        elif "claims" in cell.metadata.get("tags", []):
            kind = "skip"
        elif after_code:
            kind = "subslide"
        else:
            kind = "fragment" if code else "-"
        cell.metadata.setdefault("slideshow", {"slide_type": kind})
        after_code = code
