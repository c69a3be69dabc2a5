"""The student's copy of the course, as a zip: ``course-nn release``.

It holds all that a learner needs: lessons, exercises to fill in, the package, ``start.py``. It goes
without the worked answers, the tests, the texts that the notebooks are built from, the grading, and
the other right answers (``rights``) of each exercise.

What it can't go without: ``check`` runs on the learner's machine, so the copy holds what `check` goes
by, the reference that an answer is compared with and the known mistakes. Who looks for these finds
them, as does who looks for the course on the network. What a student cannot know is the inputs
that the grading asks for: they are drawn from a secret that is made with the gradebook and never
leaves it.
"""

import ast
import json
import os
import posixpath
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from course_nn.chapters import ANSWERS, NOTEBOOKS, STUBS
from course_nn.checks import EXERCISES
from course_nn.i18n import _
from course_nn.notebooks import stub

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = "course"  # around everything in the zip
TOP = [
    "LICENSE",
    "README.md",
    "constraints.txt",
    "docs/checks.md",
    "docs/lesson.png",
    "docs/pad.png",
    "environment.yml",
    "pyproject.toml",
    "start.py",
]
_NOT_FOR_STUDENTS = {"grading", "grading.py", "before_reset", "before_update", "__pycache__"}


@dataclass(frozen=True)
class Released:
    """What `release` wrote: the zip, the names in it, its size in bytes."""

    out: Path
    files: tuple[str, ...]
    size: int

    def __str__(self) -> str:
        text = _("{path}: {n} files, {size:.1f} MB, without solutions, tests and grading.")
        return text.format(path=self.out, n=len(self.files), size=self.size / 1e6)


def release(out: Path, chapters: Collection[int] = (), root: Path = ROOT) -> Released:
    """Write the student's copy of the course in ``root`` to the zip ``out``; twice the same bytes.

    Args:
        chapters: the lessons and exercises to take, all if none are named.

    Raises:
        ValueError: a chapter does not exist, an exercise in ``exercises/`` is not the stub, there
            is no course in ``root`` or only a student's copy, or ``out`` is something else.
        OSError: ``out`` cannot be written.
    """
    out = Path(out)
    if out.is_dir() or out.exists() and not zipfile.is_zipfile(out):
        message = _("{path} is there, and is no zip. Name another file with --out.")
        raise ValueError(message.format(path=out))
    if not (root / ANSWERS).is_dir() or not (root / "start.py").is_file():
        message = _("{path} is not the whole course. Release it from a copy with the solutions.")
        raise ValueError(message.format(path=root))
    known = {int(path.name[:2]) for path in (root / "exercises").glob("[0-9][0-9]_*.ipynb")}
    if unknown := sorted(set(chapters) - known):
        message = _("There is no chapter {n}. Choose from {known}.")
        raise ValueError(message.format(n=unknown[0], known=", ".join(map(str, sorted(known)))))
    files = dict(sorted(_files(root, set(chapters) or known)))
    kept = set(chapters) or known
    for name, data in files.items():
        if name.endswith(".md"):
            page = for_students(data.decode(), kept)
            files[name] = without_dead_links(page, name, files).encode()
        elif name.startswith(f"{NOTEBOOKS}/"):
            files[name] = _notebook_for_students(name, data, files, kept)
    draft = out.with_name(out.name + ".part")
    try:
        with zipfile.ZipFile(draft, "w") as archive:
            for name, data in files.items():
                entry = zipfile.ZipInfo(f"{FOLDER}/{name}")  # of 1980, so that the bytes stay
                entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
                entry.external_attr = (0o100755 if name == "start.py" else 0o100644) << 16
                archive.writestr(entry, data, compresslevel=9)
        os.replace(draft, out)
    finally:
        draft.unlink(missing_ok=True)
    return Released(out, tuple(files), out.stat().st_size)


def _files(root: Path, chapters: set[int]) -> Iterator[tuple[str, bytes]]:
    """The names and the bytes of everything that students get."""
    for name in TOP:
        if (root / name).is_file():
            yield name, (root / name).read_bytes()
    for folder in ("course_nn", STUBS, NOTEBOOKS):
        for path in (root / folder).rglob("*"):
            inside = path.relative_to(root)
            hidden = any(part[0] == "." or part in _NOT_FOR_STUDENTS for part in inside.parts)
            if hidden or not path.is_file() or path.suffix in (".pyc", ".po", ".pot", ".part"):
                continue
            data = path.read_bytes()
            if folder != "course_nn":
                chapter = re.match(r"(\d\d)_.*\.ipynb", path.name)
                if not chapter or int(chapter[1]) not in chapters | {0}:
                    continue
                if folder == STUBS:
                    _see_that_it_is_stubs(path, root)
            elif re.fullmatch(r"chapter\d+\.py", path.name) and path.parent.name == "checks":
                data = without_rights(data)
            yield inside.as_posix(), data


_PART = re.compile(
    r"<!-- (?:not for students|with chapters? (?P<needs>[\d ]+)) -->(?P<part>.*?)<!-- end -->",
    re.DOTALL,
)


def for_students(page: str, chapters: Collection[int]) -> str:
    """A page of Markdown with what is in a student's copy of these ``chapters``.

    What stands between ``<!-- not for students -->`` and ``<!-- end -->`` goes, and so does what
    stands behind ``<!-- with chapters 1 5 -->`` where one of these is not there. In a table a row with
    the number of a chapter goes with it.
    """

    def kept(found: re.Match[str]) -> str:
        needs = {int(number) for number in (found["needs"] or "0").split()}
        return found["part"] if needs <= set(chapters) else ""

    page = _PART.sub(kept, page)
    page = _without_rows(page, chapters)
    exercises = sum(exercise.chapter in chapters for exercise in EXERCISES.values())
    page = re.sub(r"\[\d+ in all\]", f"[{exercises} in all]", page)
    return re.sub(r"\n{3,}", "\n\n", page)


def _without_rows(page: str, chapters: Collection[int]) -> str:
    """A page without the rows of tables that begin with the number of another chapter and link to it."""
    row = re.compile(r"(?m)^\| (\d+) \| \[.*\n?")
    return row.sub(lambda row: row[0] if int(row[1]) in chapters else "", page)


# Markdown that holds no links though it may look so; an image, a link, a link and an image in HTML, with
# what is to be read and where it leads; and what a label stands for.
_TO = (
    r"[ \t]*(?P<open><)?(?P<to>(?!\w+:|\#|//)(?(open)[^>\#]+|[^)\s\#]+))(?:\#[^)>\s]*)?>?"
    r"(?:\s+[\"'(][^)]*)?"
)
_CODE = re.compile(r"(?s)(```.*?```|~~~.*?~~~|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$)")
_LINKS = [
    re.compile(rf"!\[(?P<words>[^]]*)\]\({_TO}\)"),
    re.compile(rf"\[(?P<words>(?:!\[[^]]*\]\([^)]*\)|[^]])+)\]\({_TO}\)"),
    re.compile(r"(?s)<a\b[^>]*?\bhref=[\"'](?P<to>(?!\w+:|#)[^\"'#]+)[^>]*>(?P<words>.*?)</a>"),
    re.compile(r"<img\b[^>]*?\bsrc=[\"'](?P<to>(?!\w+:)[^\"'#]+)[^>]*>(?P<words>)"),
]
_LABEL = re.compile(rf"(?m)^ {{0,3}}\[([^]]+)\]:{_TO}[ \t]*$\n?")


def without_dead_links(page: str, name: str, files: Collection[str]) -> str:
    """The Markdown ``page`` of the file ``name``, with the words alone of each link to what is not among
    ``files``."""
    folders = {parent.as_posix() for file in files for parent in PurePosixPath(file).parents}

    def leads(link: re.Match[str]) -> bool:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(link["to"])))
        return target in files or target in folders

    def words(link: re.Match[str]) -> str:
        return link[0] if leads(link) else link["words"]

    dead = [label[1] for label in _LABEL.finditer(page) if not leads(label)]
    page = _LABEL.sub(lambda label: label[0] if leads(label) else "", page)
    parts = _CODE.split(page)
    for place in range(0, len(parts), 2):
        for kind in _LINKS:
            parts[place] = kind.sub(words, parts[place])
        for label in map(re.escape, dead):
            pattern = rf"(?i)!?\[([^]]+)\]\[{label}\]|!?\[({label})\](?:\[\])?(?![(\[])"
            parts[place] = re.sub(pattern, lambda link: link[1] or link[2], parts[place])
    return "".join(parts)


def _notebook_for_students(
    name: str, data: bytes, files: Collection[str], chapters: set[int]
) -> bytes:
    """A notebook without links to what is not there, and without the rows of other chapters."""
    notebook = json.loads(data)
    changed = False
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "markdown":
            before = "".join(cell["source"])
            page = without_dead_links(_without_rows(before, chapters), name, files)
            changed = changed or page != before
            cell["source"] = page.splitlines(keepends=True)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    return text.encode() if changed else data


def _see_that_it_is_stubs(path: Path, root: Path) -> None:
    """Raise a ValueError unless a notebook of exercises has the code it was built with."""
    solved = root / ANSWERS / path.relative_to(root / STUBS)
    if _code(path) != [stub(source) for source in _code(solved)]:
        message = _(
            "{path} is not as the course has it, and students would see what is in it. Put its "
            "exercises back with course-nn reset, or the whole notebook with git."
        )
        raise ValueError(message.format(path=path))


def _code(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def without_rights(source: bytes) -> bytes:
    """A module of exercises without their ``rights``, and the functions that nothing else uses."""
    tree = ast.parse(source)
    gone: list[ast.expr | ast.stmt] = [
        keyword.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "exercise"
        for keyword in node.keywords
        if keyword.arg == "rights"
    ]
    left = {id(inner) for node in gone for inner in ast.walk(node)}
    helpers = {n.id for node in gone for n in ast.walk(node) if isinstance(n, ast.Name)}
    unused: list[ast.FunctionDef] = []
    while True:
        left |= {id(inner) for node in unused for inner in ast.walk(node)}
        helpers |= {n.id for node in unused for n in ast.walk(node) if isinstance(n, ast.Name)}
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in left}
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        now = [node for node in functions if node.name in helpers - used]
        if now == unused:
            break
        unused = now
    gone += unused
    lines = source.splitlines(keepends=True)
    for node in sorted(gone, key=lambda node: -node.lineno):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        before = lines[first][: node.col_offset]
        after = lines[last][node.end_col_offset :]
        put = b"()" if isinstance(node, ast.expr) else b""
        lines[first : last + 1] = [before + put + after]
    return b"".join(lines)
