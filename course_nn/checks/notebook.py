"""The notebooks of exercises on disk: found, and put back to their stubs."""

import contextlib
import errno
import itertools
from pathlib import Path

from course_nn import notebooks
from course_nn.chapters import ANSWERS, CHAPTERS, STUBS, folder
from course_nn.checks import panel
from course_nn.checks.engine import Exercise
from course_nn.i18n import _


def path(chapter: int, solved: bool = False) -> Path:
    """The notebook with the exercises of ``chapter``, or their solutions.

    Raises:
        FileNotFoundError: there is none.
    """
    place = folder(ANSWERS if solved else STUBS)
    found = place / CHAPTERS[chapter].notebook
    if found.exists():
        return found
    message = _("There is no notebook of chapter {chapter} in {folder}.")
    raise FileNotFoundError(message.format(chapter=chapter, folder=place))


def published(exercise: Exercise) -> str | None:
    """The code of the worked answer, with its marks; None in a copy without solutions."""
    with contextlib.suppress(FileNotFoundError):
        for cell in notebooks.read(path(exercise.chapter, solved=True))["cells"]:
            if notebooks.mark(cell) == exercise.name:
                return cell["source"]
    return None


def reset(exercise: Exercise) -> tuple[Path, Path]:
    """Put the stub of ``exercise`` back; the notebook, and the copy of it as it was.

    Raises:
        FileNotFoundError: there is no such notebook.
        PermissionError: the folder may not be written to.
        ValueError: it has no cell for the exercise, or cannot be read.
    """
    file = path(exercise.chapter)
    before = file.read_bytes()
    notebook = notebooks.read(file)
    cells = [cell for cell in notebook["cells"] if notebooks.mark(cell) == exercise.name]
    if not cells:
        message = _("{path} has no cell for {title} any more. Get the notebook again.")
        raise ValueError(message.format(path=file, title=panel.title(exercise)))
    parameters = ", ".join(exercise.parameters)
    bare = f"def {exercise.name}({parameters}):\n    ### BEGIN SOLUTION\n    ### END SOLUTION"
    for cell in cells:
        stub = notebooks.stub(published(exercise) or bare)
        cell.update(source=stub, outputs=[], execution_count=None)
    kept = file.parent / "before_reset"
    names = (f"{file.stem}_{number}.ipynb" for number in itertools.count(1))
    try:
        kept.mkdir(exist_ok=True)
        copy = next(kept / name for name in names if not (kept / name).exists())
        copy.write_bytes(before)
        notebooks.write(file, notebook)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        message = _(
            "{folder} may not be written to. Work on a copy of your own: python3 start.py --home FOLDER brings one, "
            "and COURSE_NN_HOME names it to course-nn."
        )
        raise PermissionError(message.format(folder=file.parent)) from error
    from course_nn import update  # brings zip archives along, which no check needs

    update.remember(file, folder().parent)
    return file, copy
