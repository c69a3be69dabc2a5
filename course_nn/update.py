"""An update of the course that loses nothing of its reader's: ``course-nn update``.

Three versions of a notebook meet: as it was published when the reader got it, as the reader has it
now, and as it is published now. Where only one side has changed, its version stands. Where both
have, the new notebook gets the reader's answers, exercise by exercise, and the cells that they
added; the old file is kept beside it in ``before_update/``. Nothing is overwritten without a copy.

What was published, and what JupyterLab has saved last, is kept in the folder ``.course_nn`` beside
the notebooks; so a newer zip that was unpacked over an old folder takes no answer with it.
"""

import ast
import contextlib
import copy
import itertools
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_nn import notebooks
from course_nn.checks.store import RENAMED
from course_nn.i18n import _

if TYPE_CHECKING:
    import subprocess

COURSE = Path(__file__).resolve().parent.parent
FOLDERS = ("notebooks", "exercises")
KEPT = "before_update"
STATE = ".course_nn"
_NOT_OURS = {KEPT, "before_reset", "solutions", ".ipynb_checkpoints"}

Notebook = dict[str, Any]


@dataclass
class Merged:
    """A new notebook with what was in the old one: the exercises whose answers moved, those whose
    stubs have changed, the answers that have no exercise any more, and how many cells came along."""

    notebook: Notebook
    moved: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    homeless: list[str] = field(default_factory=list)
    added: int = 0


def merge(mine: Notebook, new: Notebook, old: Notebook | None = None) -> Merged:
    """``new`` with the answers of ``mine`` in their cells, and the cells that its reader added.

    Args:
        old: the notebook as it was when the reader got it; without it, a cell that differs from the
            new notebook's is taken for the reader's own if it is code.
    """
    merged = Merged(copy.deepcopy(new))
    cells = merged.notebook["cells"]
    asked = {name: cell for cell in cells if (name := notebooks.mark(cell))}
    before = {notebooks.mark(cell): cell["source"] for cell in (old or new)["cells"]}
    published = {cell["source"].strip() for one in (old, new) if one for cell in one["cells"]}
    answered = {name for cell in mine["cells"] if (name := _answers(cell, asked))}
    anchor: dict[str, Any] | None = None
    for cell in mine["cells"]:
        name = _answers(cell, asked)
        if not name and cell["cell_type"] == "code":  # written beside the stub, or without its mark
            name = next((one for one in _defines(cell["source"]) if one in asked), "")
            name = "" if name in answered else name
        source = cell["source"].strip()
        if name and _attempted(cell["source"]) and source != before.get(name, "").strip():
            if name in merged.moved:  # a second try in a cell of its own
                anchor = _put(cells, cell, anchor)
                continue
            anchor = asked[name]
            if old and before.get(name) != anchor["source"]:
                merged.changed.append(name)
            anchor["source"] = cell["source"]
            anchor.update(outputs=[], execution_count=None)
            merged.moved.append(name)
        elif name:
            anchor = asked[name]
        elif source and source not in published and (old or cell["cell_type"] == "code"):
            if gone := notebooks.mark(cell):
                if not _attempted(cell["source"]):
                    continue
                merged.homeless.append(gone)
            anchor = _put(cells, cell, anchor)
            merged.added += 1
        else:
            same = next((one for one in cells if one["source"].strip() == source), None)
            anchor = same or _before_the_next(mine["cells"], cell, cells, asked) or anchor
    return merged


def _before_the_next(mine: list[dict], gone: dict, cells: list[dict], asked: dict) -> dict | None:
    """What stands before the first of ``cells`` that follows in ``mine`` on one that is gone."""
    here = next(i for i, one in enumerate(mine) if one is gone)
    for follower in mine[here + 1 :]:
        for before, cell in itertools.pairwise(cells):
            answers = asked.get(_answers(follower, asked)) is cell
            if answers or cell["source"].strip() == follower["source"].strip():
                return before
    return None


def _put(cells: list[dict], cell: dict, after: dict | None) -> dict:
    """Put a copy of the reader's own ``cell`` behind another, or first; the copy."""
    own = copy.deepcopy(cell)
    own["metadata"].pop("nbgrader", None)  # nobody grades it here
    taken = {one.get("id") for one in cells}
    if "id" in own and own["id"] in taken:
        own["id"] = next(
            name for n in itertools.count(1) if (name := f"{own['id'][:50]}-{n}") not in taken
        )
    place = next((i for i, one in enumerate(cells) if one is after), -1)
    cells.insert(place + 1, own)
    return own


def _answers(cell: dict, asked: dict[str, dict]) -> str:
    """The exercise of the new notebook that ``cell`` answers; empty if it answers none."""
    name = notebooks.mark(cell)
    name = RENAMED.get(name, name) if name not in asked else name
    return name if name in asked else ""


def _defines(source: str) -> list[str]:
    tree = notebooks.parse(notebooks.plain(source)[0])
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []


def _attempted(source: str) -> bool:
    """Whether there is more in an answer than a stub: a docstring and ``raise NotImplementedError``."""
    tree = notebooks.parse(notebooks.plain(source)[0])
    if tree is None or not tree.body:
        return bool(source.strip())  # it does not even parse: somebody's work
    return not all(isinstance(node, ast.FunctionDef) and _is_stub(node) for node in tree.body)


def _is_stub(function: ast.FunctionDef) -> bool:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (
        len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImplemented" in ast.dump(body[0])
    )


# Files


def keep(file: Path, data: bytes | None = None) -> Path:
    """Copy ``file``, or ``data`` in its place, into the folder before_update beside it; the copy."""
    data = file.read_bytes() if data is None else data
    folder = file.parent / KEPT
    folder.mkdir(exist_ok=True)
    for number in itertools.count(1):
        kept = folder / f"{file.stem}_{number}{file.suffix}"
        if not kept.exists():
            _write(kept, data)
            return kept
        if kept.read_bytes() == data:  # it is kept already
            return kept
    raise AssertionError


def _write(file: Path, data: bytes) -> None:
    """Write ``file``, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.part")
    draft.write_bytes(data)
    draft.replace(file)


def _notebooks(root: Path) -> Iterator[Path]:
    """The lessons and exercises in ``root``, relative to it."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.ipynb")):
            inside = path.relative_to(root)
            if not _NOT_OURS & set(inside.parts):
                yield inside


def _sources(data: bytes) -> list[str] | None:
    try:
        return [cell["source"] for cell in notebooks.loads(data.decode())["cells"]]
    except ValueError:
        return None


def bring(name: Path, home: Path, new: bytes, mine: bytes | None = None) -> str:
    """Put the newly published notebook ``new`` in its place in ``home``, with its reader's work.

    Args:
        name: of the notebook, relative to ``home``.
        mine: the reader's, if it is not what stands there.

    Returns:
        A sentence on what was done; empty if it is not worth one.
    """
    file, base = home / name, home / STATE / "published" / name
    old = base.read_bytes() if base.exists() else None
    there = file.read_bytes() if file.exists() else None
    mine = there if mine is None else mine
    _write(base, new)
    if mine is None or mine in (new, old):
        if there != new:
            _write(file, new)
        return ""
    if old == new:  # only the reader has changed it
        if there != mine:
            _write(file, mine)
        return ""
    kept = keep(file, mine).relative_to(home).as_posix()
    if there not in (None, mine, old, new):
        keep(file, there)
    try:
        with_answers = notebooks.loads(mine.decode())
    except ValueError as error:  # UnicodeDecodeError, too
        _write(file, new)
        message = _("{file} could not be read ({error}). It is new now; the old one is {kept}.")
        return message.format(file=name.as_posix(), error=error, kept=kept)
    if _sources(mine) == _sources(old or b""):  # it was run, and nothing else
        _write(file, new)
        return ""
    merged = merge(
        with_answers, notebooks.loads(new.decode()), notebooks.loads(old.decode()) if old else None
    )
    _write(file, new)
    if merged.moved or merged.added:
        notebooks.write(file, merged.notebook)
    message = _(
        "{file} is new, with {n} of your answers and {m} of your cells; the old one is {kept}."
    )
    told = [message.format(file=name.as_posix(), n=len(merged.moved), m=merged.added, kept=kept)]
    if merged.changed:
        message = _("Their exercises have changed: {names}. Check them again.")
        told.append(message.format(names=", ".join(merged.changed)))
    if merged.homeless:
        message = _("No exercise asks for these any more: {names}.")
        told.append(message.format(names=", ".join(merged.homeless)))
    return " ".join(told)


def saved(model: dict, os_path: str, contents_manager: Any) -> None:
    """Keep what JupyterLab has just saved, in case it is overwritten from outside."""
    remember(Path(os_path), Path(contents_manager.root_dir))


def remember(file: Path, home: Path) -> None:
    """Keep the reader's notebook ``file`` as it is now: from here on this is what they have."""
    with contextlib.suppress(OSError, ValueError):
        name = file.resolve().relative_to(home.resolve())
        if name in _notebooks(home):
            _write(home / STATE / "saved" / name, file.read_bytes())


def settle(home: Path, course: Path = COURSE) -> list[str]:
    """Before the course opens: what is new in it reaches the reader's notebooks in ``home``.

    Where ``home`` is the course itself, a newer one may have been unpacked over it: what was saved
    last is moved into the new notebooks.

    Returns:
        What was done, in sentences.
    """
    told = []
    for name in _notebooks(course):
        new, last = (course / name).read_bytes(), home / STATE / "saved" / name
        base = home / STATE / "published" / name
        if home != course:
            told.append(bring(name, home, new))
        elif not last.exists():
            if not base.exists() and (published := _published(name, course)):
                _write(base, published)
        elif last.read_bytes() != new:
            mine, old = last.read_bytes(), base.read_bytes() if base.exists() else b""
            if _overwritten(mine, new, old):
                told.append(bring(name, home, new, mine))
            elif _sources(mine) in (None, _sources(old)):  # outputs at most, but who knows
                keep(home / name, mine)
            remember(home / name, home)
    return list(filter(None, told))


def _published(name: Path, course: Path) -> bytes | None:
    """The notebook as the course has it: what git knows, else the file if no answer is in it."""
    if (course / ".git").exists():
        said = _git(course, "show", f"HEAD:{name.as_posix()}")
        return said.stdout if said.returncode == 0 else None
    data = (course / name).read_bytes()
    return None if _answered(data) else data


def _overwritten(mine: bytes, now: bytes, old: bytes) -> bool:
    """Whether of all that its reader had put into a notebook nothing is in what stands there now."""
    own = set(_sources(mine) or ()) - set(_sources(old) or ())
    return bool(own) and not own & set(_sources(now) or ()) and not _answered(now)


def _answered(data: bytes) -> set[str]:
    """The exercises that a notebook has answers to; none if it cannot be read."""
    try:
        cells = notebooks.loads(data.decode())["cells"]
    except ValueError:
        return set()
    return {name for cell in cells if (name := notebooks.mark(cell)) and _attempted(cell["source"])}


# Where a newer course comes from


def update(source: Path | None, home: Path, course: Path = COURSE) -> list[str]:
    """Make ``course`` as new as ``source``, a zip or a folder of it, or as git's remote one.

    Returns:
        What was done, in sentences.

    Raises:
        ValueError: ``source`` is no course, or there is none and the course is no clone.
        OSError: something cannot be read or written.
    """
    if source is not None:
        with tempfile.TemporaryDirectory() as folder:
            return _from_folder(_unpacked(source, Path(folder)), home, course)
    if (course / ".git").exists():
        return _from_git(home, course)
    if home != course:
        return settle(home, course)
    raise ValueError(_("Name the newer course: course-nn update course.zip"))


def _unpacked(source: Path, folder: Path) -> Path:
    """The folder of the course in ``source``."""
    if source.is_file():
        try:
            with zipfile.ZipFile(source) as archive:
                archive.extractall(folder)  # which leaves out ".." and absolute paths
        except zipfile.BadZipFile as error:
            message = _("{path} is no whole zip: {error}")
            raise ValueError(message.format(path=source, error=error)) from None
    else:
        folder = source
    for place in [folder, *sorted(folder.glob("*/"))]:
        if (place / "start.py").is_file() and (place / "course_nn").is_dir():
            return place
    raise ValueError(_("There is no course in {path}.").format(path=source))


def _from_folder(source: Path, home: Path, course: Path) -> list[str]:
    """Take over every file of ``source``; what was otherwise here is kept in .course_nn."""
    lessons = set(_notebooks(source))
    before = next(
        place for n in itertools.count(1) if not (place := course / STATE / f"{KEPT}_{n}").exists()
    )
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        hidden = {".git", ".venv", STATE, "__pycache__"} & set(name.parts)
        if hidden or not path.is_file() or path.is_symlink() or name in lessons and home == course:
            continue
        new, file = path.read_bytes(), course / name
        if file.exists() and file.read_bytes() != new:
            _write(before / name, file.read_bytes())
        if not file.exists() or file.read_bytes() != new:
            _write(file, new)
    told = [bring(name, home, (source / name).read_bytes()) for name in sorted(lessons)]
    if before.exists():
        message = _("The files that were replaced are in {folder}.")
        told.append(message.format(folder=before.relative_to(course).as_posix()))
    return list(filter(None, told))


def _git(course: Path, *command: str) -> "subprocess.CompletedProcess[bytes]":
    import subprocess  # where there are no processes, a check needs none

    return subprocess.run(["git", *command], cwd=course, capture_output=True, check=False)


def _from_git(home: Path, course: Path) -> list[str]:
    """Pull what is new, with the notebooks that were changed out of the way; then bring them back."""
    changed = _git(course, "diff", "--name-only", "-z", "HEAD", "--", *FOLDERS)
    names = [Path(name) for name in changed.stdout.decode().split("\0") if name]
    mine = {name: (course / name).read_bytes() for name in names if (course / name).exists()}
    mine = {name: data for name, data in mine.items() if name.suffix == ".ipynb"}
    for name, data in mine.items():
        _write(course / STATE / "saved" / name, data)  # if this is interrupted, `settle` goes on
        _write(course / STATE / "published" / name, _published(name, course) or b"")
    if mine:
        _git(course, "checkout", "HEAD", "--", *(name.as_posix() for name in mine))
    pulled = _git(course, "pull", "--ff-only")
    if pulled.returncode:
        for name, data in mine.items():
            _write(course / name, data)
        raise ValueError(pulled.stderr.decode(errors="replace").strip())
    told = [bring(name, course, (course / name).read_bytes(), data) for name, data in mine.items()]
    for name in mine:
        remember(course / name, course)
    return [*filter(None, told), *(settle(home, course) if home != course else ())]


def main(home: str) -> int:
    """Do what start.py asks for before it opens the course; say what was done."""
    try:
        for sentence in settle(Path(home)):
            print(sentence)
    except OSError as error:
        print(_("Your notebooks stay as they are: {error}").format(error=error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
