"""The student's copy: what is in it, what is not, and that it works where it is unpacked."""

import json
import os
import re
import subprocess
import sys
import zipfile
from operator import ne
from pathlib import Path

import pytest

from course_nn.checks import EXERCISES
from course_nn.checks.notebook import published
from course_nn.grading.release import FOLDER, ROOT, release, without_dead_links, without_rights


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The folder that a student gets."""
    folder = tmp_path_factory.mktemp("student")
    release(folder / "course.zip")
    with zipfile.ZipFile(folder / "course.zip") as archive:
        archive.extractall(folder)
    return folder / FOLDER


def python(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` with the course of ``folder`` and no other."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "error"}
    environment |= {"COURSE_NN_DATA": str(folder.parent / "data"), "PYTHONIOENCODING": "utf-8"}
    # an editable install of the checkout would find there what the copy lacks
    alone = 'import sys; sys.meta_path[:] = [f for f in sys.meta_path if "ditable" not in str(f)]'
    command = [sys.executable, "-c", f"{alone}\n{code}", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_holds_what_a_learner_needs(unpacked):
    for name in ["start.py", "LICENSE", "environment.yml", "pyproject.toml", "constraints.txt"]:
        assert (unpacked / name).read_bytes() == (ROOT / name).read_bytes()
    for picture in re.findall(r"\]\((docs/\w+\.png)\)", (ROOT / "README.md").read_text("utf-8")):
        assert (unpacked / picture).is_file()
    for folder in ["notebooks", "exercises"]:
        have = {path.name for path in (unpacked / folder).iterdir()}
        assert have == {path.name for path in (ROOT / folder).glob("*.ipynb")}


LINK = re.compile(
    r"(?m)\]\(<?([^)\s>]+)|<(?:a|img)\b[^>]*?\b(?:href|src)=[\"']([^\"']+)|^\[[^]]+\]: *(\S+)"
)


def links(text):
    """Where a page leads to in its own course."""
    found = [next(filter(None, groups)) for groups in LINK.findall(text)]
    return [one for one in found if not re.match(r"\w+:", one)]


def pages(folder):
    """The Markdown of every file that a student reads."""
    for path in [*folder.rglob("*.md"), *folder.rglob("*.ipynb")]:
        text = path.read_text("utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        yield path, text


def test_every_link_of_its_pages_leads_somewhere_and_no_word_is_lost(unpacked):
    for page in [unpacked / "README.md", *(unpacked / "docs").glob("*.md")]:
        text = page.read_text("utf-8")
        whole = (ROOT / page.relative_to(unpacked)).read_text("utf-8")
        whole = re.sub(r"(?s)<!-- not for students -->.*?<!-- end -->", "", whole)
        words = re.compile(r"\]\([^)]*\)|\[|<!-- .*? -->|\s")
        assert words.sub("", text) == words.sub("", whole)


@pytest.mark.parametrize("chapters", [[], [1, 2], [5]])
def test_nothing_links_to_what_is_not_there(tmp_path, chapters):
    release(tmp_path / "a.zip", chapters)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path)
    seen = 0
    for path, text in pages(tmp_path / FOLDER):
        for target in links(text):
            seen += 1
            name, _hash, anchor = target.partition("#")
            there = path.parent / name if name else path
            assert there.exists(), (path, target)
            if anchor and there.suffix == ".md":
                titles = HEADINGS(there.read_text("utf-8"))
                anchors = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in titles}
                assert anchor in anchors, (path, target)
    assert seen > 10


def test_a_notebook_loses_nothing_but_the_links(tmp_path):
    release(tmp_path / "a.zip", [1, 2])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        lesson = json.loads(archive.read("course/notebooks/02_descent.ipynb"))
        start = archive.read("course/notebooks/00_start.ipynb").decode()
        same = archive.read("course/notebooks/01_derivatives.ipynb")
    whole = json.loads((ROOT / "notebooks/02_descent.ipynb").read_text("utf-8"))
    different = [pair for pair in zip(lesson["cells"], whole["cells"], strict=True) if ne(*pair)]
    ((there, gone),) = different
    unlinked = "".join(gone["source"]).replace("[chapter 3](03_neuron.ipynb)", "chapter 3")
    assert "".join(there["source"]) == unlinked
    there["source"] = gone["source"]
    assert lesson == whole
    assert same == (ROOT / "notebooks/01_derivatives.ipynb").read_bytes()
    assert "| 2 | [Gradient descent]" in start and "| 3 |" not in start


@pytest.mark.parametrize(
    "page, wanted",
    [
        ("see [the docs](docs/a.md), [b](docs/b.md#c) and [d](../x)", "see the docs, [b](docs/b.md#c) and d"),
        ("[a folder](docs/), [web](https://a.b/c.md), [here](#top)", None),
        ("![a picture](docs/a.png) [![b](docs/b.md)](docs/a.md)", "a picture ![b](docs/b.md)"),
        ('[a](docs/a.md "title") [two words](<docs/a b.md>)', "a two words"),
        ('<a class="x" href="docs/a.md">the <b>docs</b></a> <img src="a.png">', "the <b>docs</b> "),
        ("[text][a], [a][], [a] and [b]\n\n[a]: docs/a.md\n[b]: docs/b.md\n", "text, a, a and [b]\n\n[b]: docs/b.md\n"),
        ("[docs/a.md](docs/a.md), [b](<docs/b.md>)", "docs/a.md, [b](<docs/b.md>)"),
        ("`W[0](x)`, $f[1](y)$\n~~~\ng[2](z) [a](docs/a.md)\n~~~\n", None),
        ("[b](docs/%62.md) mailto: [m](mailto:a@b.c)", None),
    ],
)  # fmt: skip
def test_dead_links_of_every_kind_become_words(page, wanted):
    files = ["README.md", "docs/b.md"]
    assert without_dead_links(page, "README.md", files) == (wanted if wanted is not None else page)


HEADINGS = re.compile(r"(?m)^#+ (.*)").findall
NOT_SAID = re.compile(
    r"(?i)\b(teach\w*|authors?|grad(ing|ed|er)|nbgrader|benchmarks?|slides|pytest|lint|CONTRIBUTING|"
    r"translat\w*|the class|start\.py (test|python)|lessons/|examples?/|authoring)\b|<!--"
)


def test_its_readme_speaks_to_students_of_what_is_there(unpacked):
    text = (unpacked / "README.md").read_text("utf-8")
    assert not NOT_SAID.search(text), NOT_SAID.search(text)
    assert NOT_SAID.search((ROOT / "README.md").read_text("utf-8"))
    assert HEADINGS(text)[1:] == ["Start", "The chapters", "Licence"]
    for path in re.findall(r"`([\w./]+\.(?:py|md|yml|ipynb|png)|[\w./]+/)`", text):
        assert (unpacked / path).exists(), path
    assert f"[{len(EXERCISES)} in all](exercises/)" in text and "96 %" in text
    assert "\n\n\n" not in text


def test_of_some_chapters_it_tells_of_no_other(tmp_path):
    release(tmp_path / "a.zip", chapters=[2, 3])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        text = archive.read("course/README.md").decode()
    assert re.findall(r"(?m)^\| (\d) \|", text) == ["2", "3"]
    count = sum(exercise.chapter in (2, 3) for exercise in EXERCISES.values())
    assert f"[{count} in all](exercises/)" in text
    assert "half forgotten. Every idea" in text and "96 %" not in text and "chapter 5" not in text
    assert "makes of it. All of it works offline" in text and "<!--" not in text
    assert "mistake it is.\n\n**For learners.**" in text


def test_leaves_out_what_is_not_for_students(unpacked):
    names = {
        path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()
    }
    assert not [
        n for n in names if re.search(r"solution|grading|teaching|lessons/|tests?/|\.git|\.pyc", n)
    ]


def test_no_solution_is_in_the_exercises(unpacked):
    texts = {
        path.name: "\n".join(
            "".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"]
        )
        for path in (unpacked / "exercises").glob("*.ipynb")
    }
    found = 0
    for exercise in EXERCISES.values():
        body = re.search(
            r"### BEGIN SOLUTION\n(.*?)\n *### END SOLUTION", published(exercise), re.DOTALL
        )
        assert body, exercise.name
        found += 1
        assert not [name for name, text in texts.items() if body[1] in text], exercise.name
        pieces = {piece.strip() for piece in body[1].splitlines() if len(piece.strip()) > 40}
        assert not [p for p in pieces for text in texts.values() if p in text], exercise.name
    assert found == len(EXERCISES)


def test_no_right_answer_of_the_tests_is_in_the_checks(unpacked):
    for path in (unpacked / "course_nn" / "checks").glob("chapter*.py"):
        text = path.read_text("utf-8")
        assert text.count("rights=()") == text.count(" = exercise(") > 5


def test_every_check_works_in_the_copy(unpacked):
    solved = {name: published(exercise) for name, exercise in EXERCISES.items()}
    (unpacked.parent / "solved.json").write_text(json.dumps(solved), encoding="utf-8")
    code = """
import json, pathlib, sys
import numpy as np
import course_nn
assert course_nn.__file__.startswith(sys.argv[1]), course_nn.__file__
from course_nn import notebooks
from course_nn.checks import EXERCISES, check, hint, progress, solution
solved = json.loads(pathlib.Path(sys.argv[2]).read_text("utf-8"))
assert list(solved) == list(EXERCISES)
namespace = {"np": np, "__name__": "__main__"}
for name, source in solved.items():
    for code, wanted in [(notebooks.stub(source), "not attempted"), (source, "passed")]:
        exec(code, namespace)
        shown = check(namespace[name])
        assert shown.kind == wanted, (name, shown)
    assert "hint" in str(hint(namespace[name])).lower()
print(progress())
print(solution(namespace[name]))
"""
    ran = python(unpacked, code, str(unpacked), str(unpacked.parent / "solved.json"))
    assert ran.returncode == 0, ran.stderr
    assert "All is done." in ran.stdout
    assert "This copy of the course comes without the solutions." in ran.stdout


def test_the_command_works_in_the_copy(unpacked):
    code = "import sys; from course_nn.cli import main; sys.exit(main(sys.argv[1:]))"
    ran = python(unpacked, code, "check", "1.1")
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "not attempted yet" in ran.stdout


def test_pip_finds_a_package_with_its_data(unpacked):
    code = """
from setuptools import build_meta
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/" + build_meta.build_wheel(sys.argv[1])) as wheel:
    print(*wheel.namelist(), sep="\\n")
"""
    target = unpacked.parent / "wheel"
    target.mkdir()
    pytest.importorskip("setuptools", minversion="77")
    ran = python(unpacked, "import warnings; warnings.simplefilter('ignore')\n" + code, str(target))
    assert ran.returncode == 0, ran.stderr
    names = ran.stdout.splitlines()
    assert "course_nn/datasets/data/train-images-idx3-ubyte.xz" in names
    assert "course_nn/checks/chapter1.py" in names
    assert not [name for name in names if "grading" in name]


def test_gives_the_same_bytes_twice(tmp_path):
    first = release(tmp_path / "a.zip", chapters=[1])
    os.utime(ROOT / "start.py")
    second = release(tmp_path / "b.zip", chapters=[1])
    assert first.out.read_bytes() == second.out.read_bytes()
    assert first.files == second.files == tuple(sorted(first.files))
    assert first.size == first.out.stat().st_size
    assert str(first).startswith(str(first.out))


def test_takes_chapters(tmp_path):
    files = release(tmp_path / "a.zip", chapters=[2, 3]).files
    assert [n for n in files if n.endswith(".ipynb")] == [
        "exercises/02_descent.ipynb",
        "exercises/03_neuron.ipynb",
        "notebooks/00_start.ipynb",
        "notebooks/02_descent.ipynb",
        "notebooks/03_neuron.ipynb",
    ]
    with pytest.raises(ValueError, match="There is no chapter 9. Choose from 1, 2, 3, 4, 5, 6"):
        release(tmp_path / "b.zip", chapters=[1, 9])
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def small_course(folder: Path, answer: str) -> Path:
    """A course of one exercise; ``answer`` stands in the notebook for students."""
    cell = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"
    for place, source in [("worked_answers", cell), ("exercises", answer)]:
        (folder / place).mkdir(parents=True, exist_ok=True)
        notebook = {"cells": [{"cell_type": "code", "source": source.splitlines(keepends=True)}]}
        (folder / place / "01_one.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "start.py").write_text("", encoding="utf-8")
    return folder


STUB = "def f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


def test_refuses_to_give_answers_away(tmp_path):
    course = small_course(tmp_path / "course", STUB)
    assert release(tmp_path / "a.zip", root=course).files == ("exercises/01_one.ipynb", "start.py")
    small_course(course, "def f(x):\n    return x")
    with pytest.raises(
        ValueError, match=r"01_one.ipynb is not as the course has it.*course-nn reset"
    ):
        release(tmp_path / "b.zip", root=course)
    assert not (tmp_path / "b.zip").exists()


def test_passes_over_what_lies_about(tmp_path):
    course = small_course(tmp_path / "course", STUB)
    for name in [
        "exercises/before_reset/01_one.ipynb",
        "exercises/.ipynb_checkpoints/01_one-checkpoint.ipynb",
        "exercises/ana.ipynb",
        "course_nn/__pycache__/x.pyc",
        "course_nn/grading/session.py",
        "course_nn/plots/grading.py",
        "course_nn/locale/course_nn.pot",
        "grades/gradebook.sqlite",
    ]:
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("secret", encoding="utf-8")
    files = release(tmp_path / "a.zip", root=course).files
    assert files == ("exercises/01_one.ipynb", "start.py")


def test_replaces_its_own_zip_and_nothing_else(tmp_path):
    course = small_course(tmp_path / "course", STUB)
    release(tmp_path / "a.zip", root=course)
    release(tmp_path / "a.zip", root=course)
    (tmp_path / "thesis.docx").write_text("years of work", encoding="utf-8")
    for name in ["thesis.docx", "course"]:
        with pytest.raises(
            ValueError, match=f"{name} is there, and is no zip. Name another file with --out"
        ):
            release(tmp_path / name, root=course)
    assert (tmp_path / "thesis.docx").read_text(encoding="utf-8") == "years of work"


def test_tells_where_there_is_no_whole_course(tmp_path, unpacked):
    for root in [tmp_path, unpacked]:
        with pytest.raises(
            ValueError, match="is not the whole course. Release it from a copy with the solu"
        ):
            release(tmp_path / "a.zip", root=root)


def test_leaves_a_folder_that_is_not_there_alone(tmp_path):
    with pytest.raises(OSError):
        release(tmp_path / "nowhere" / "a.zip", root=small_course(tmp_path / "course", STUB))


def test_takes_out_rights_and_what_only_they_use():
    source = """
def right(x):
    return helper(x)


def helper(x):
    return "é" * x


def both(x):
    return x


one = exercise(name="é", rights=(right, both, lambda x: x), reference=both)
two = exercise(name="two", rights=(), reference=both)
"""
    left = without_rights(source.encode()).decode()
    assert "right(" not in left and "helper" not in left
    assert 'one = exercise(name="é", rights=(), reference=both)' in left
    assert "def both(x):\n    return x\n" in left
