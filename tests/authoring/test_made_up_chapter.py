"""Growth, tried: a chapter 42 and a language that nobody speaks, from their texts to a grade.

In a copy of the course, where a chapter is added as CONTRIBUTING.md says: a line in the list of
chapters, a folder in ``lessons/``, a module in ``checks/``.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from course_nn.chapters import CHAPTERS
from tests.support import ROOT
from tests.support.pseudo import doubled, fill

pytestmark = pytest.mark.slow

LESSON = """# 42. Answers

*Double it.* See [chapter 1](01_derivatives.ipynb) and [the exercises](../exercises/42_answers.ipynb).

```python
# The answer, half of it
half = 21
print("twice as much is", 2 * half)
```
"""
EXERCISES = """# Exercises 42. Answers

These follow [the lesson](../notebooks/42_answers.ipynb).

```python
from course_nn import check
```

## 42.1 The double

*5 minutes, easy, 2 points*

```python
def doubling(x):
    \"\"\"Twice the number x.\"\"\"
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
```

```python
check(doubling)
```
"""
MODULE = """from course_nn.checks.registry import exercise
from course_nn.i18n import N_


def twice(x):
    return 2 * x


def inputs(rng):
    for x in (1.5, -3.0, 0.25, 7.0, 11.0, -0.5):
        yield (x,)


doubling = exercise(
    number="42.1",
    name="doubling",
    title=N_("The double"),
    points=2,
    minutes=5,
    difficulty=1,
    reference=twice,
    inputs=inputs,
    hints=(N_("Twice is two times."), N_("Multiply by 2.")),
    why=N_("To double is to multiply by two."),
    mistakes={
        N_("That is the square."): lambda x: x * x,
        N_("That is the half."): lambda x: x / 2,
        N_("That is the number itself."): lambda x: x,
    },
    rights=(lambda x: x + x, lambda x: x * 2),
)
"""
TOP = ("LICENSE", "README.md", "constraints.txt", "environment.yml", "pyproject.toml", "start.py")
LINE = """        Chapter(42, "answers", N_("Answers")),
    )
}"""


class Course:
    """A copy of the course, and commands that run in it."""

    def __init__(self, folder):
        self.root = folder / "course"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "PYTHONIOENCODING": "utf-8",
            "COURSE_NN_DATA": str(folder / "progress"),
        }
        for name in ("COURSE_NN_STRICT", "COURSE_NN_LANGUAGE", "LANGUAGE", "LC_ALL", "LANG"):
            self.environment.pop(name, None)

    def run(self, *command, here="", code=0):
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=self.root / here,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def build(self, *arguments):
        return self.run("authoring/build.py", *arguments)

    def course_nn(self, *arguments, here="", code=0):
        return self.run("-m", "course_nn.cli", *arguments, here=here, code=code)

    def text(self, *parts):
        return self.root.joinpath(*parts).read_text(encoding="utf-8")

    def answer(self, path, body, save_as=None):
        """Put ``body`` into the cell of the exercise of chapter 42."""
        notebook = json.loads(self.text(path))
        (cell,) = (cell for cell in notebook["cells"] if cell.get("id") == "doubling")
        source = "".join(cell["source"])
        assert "raise NotImplementedError()" in source
        cell["source"] = source.replace("raise NotImplementedError()", body)
        target = save_as or self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The course with chapter 42 in English and in xx, with the exercises of chapter 1 in xx."""
    made = Course(tmp_path_factory.mktemp("grown"))
    root, no_bytes = made.root, shutil.ignore_patterns("__pycache__", "before_reset")
    for folder in ("course_nn", "authoring", "docs", "notebooks", "exercises", "worked_answers"):
        shutil.copytree(ROOT / folder, root / folder, ignore=no_bytes)
    for name in TOP:
        shutil.copy(ROOT / name, root / name)
    for stem in ("00_start", *(chapter.stem for chapter in CHAPTERS.values())):
        shutil.copytree(ROOT / "lessons" / stem, root / "lessons" / stem)
    chapters = root / "course_nn" / "chapters.py"
    chapters.write_text(made.text(chapters).replace("    )\n}", LINE, 1), encoding="utf-8")
    lessons = root / "lessons" / "42_answers"
    lessons.mkdir()
    (lessons / "lesson.md").write_text(LESSON, encoding="utf-8")
    (lessons / "exercises.md").write_text(EXERCISES, encoding="utf-8")
    (root / "course_nn" / "checks" / "chapter42.py").write_text(MODULE, encoding="utf-8")

    assert "42_answers" in made.build()  # what its source changed: the new chapter, and no more
    made.build("--extract", "xx")
    for catalogue in root.rglob("*.po"):
        of_42 = "42_answers" in catalogue.parts or "course_nn" in catalogue.parts
        if of_42 or catalogue.match("01_derivatives/exercises.xx.po"):
            fill(catalogue)
        else:
            catalogue.unlink()
    made.build("--language", "xx")
    return made


def test_a_chapter_is_built_in_both_languages_and_checked(course):
    built = course.build("--check")
    count = 3 * (len(CHAPTERS) + 1) + 1 + 3 + 2
    assert built == f"{count} notebooks are what their sources build\n"
    lesson = json.loads(course.text("notebooks", "xx", "42_answers.ipynb"))
    code = "".join("".join(c["source"]) for c in lesson["cells"] if c["cell_type"] == "code")
    assert "# " + doubled("The answer, half of it") in code
    (output,) = lesson["cells"][-1]["outputs"]
    assert "".join(output["text"]) == doubled("twice as much is") + " 42\n"
    words = "".join("".join(c["source"]) for c in lesson["cells"] if c["cell_type"] == "markdown")
    assert "(../01_derivatives.ipynb)" in words and "(../../exercises/xx/42_answers.ipynb)" in words
    assert course.text("worked_answers", "xx", "42_answers.ipynb").count(doubled("passed")) > 0


def test_the_status_counts_three_kinds_of_catalogues(course):
    said = [line.split() for line in course.build("--status").splitlines() if line]
    done = {row[0]: (row[1], row[3]) for row in said}
    for name in ("lessons/42_answers/xx.po", "lessons/42_answers/exercises.xx.po"):
        assert done[name][0] == done[name][1]
    own = done["course_nn/locale/xx/LC_MESSAGES/course_nn.po"]
    assert own[0] == own[1] and int(own[1]) > 500
    assert done["lessons/02_descent/xx.po"][0] == "0"


def test_check_progress_and_reset_know_the_chapter_where_the_learner_stands(course):
    stub = course.text("exercises", "xx", "42_answers.ipynb")
    assert doubled("Twice the number x.") in stub
    assert "not attempted yet" in course.course_nn("check", "42", code=1)
    course.answer("exercises/xx/42_answers.ipynb", "return 2 * x")
    assert "not attempted yet" in course.course_nn("check", "42", code=1)  # the English notebook
    said = course.course_nn("check", "42.1", here="exercises/xx")
    assert said.startswith(f"✓ 42.1 {doubled('The double')}: {doubled('passed, 2 points')}")
    progress = course.course_nn("progress")
    assert "42 Answers" in progress and "✓" in progress.partition("42 Answers")[2]
    assert f"42 {doubled('Answers')}" in course.course_nn("progress", here="notebooks/xx")
    course.course_nn("reset", "42.1", here="exercises/xx")
    after = json.loads(course.text("exercises", "xx", "42_answers.ipynb"))
    (cell,) = (cell for cell in after["cells"] if cell.get("id") == "doubling")
    assert "".join(cell["source"]).endswith("raise NotImplementedError()")
    assert doubled("Twice the number x.") in "".join(cell["source"])
    assert (course.root / "exercises/xx/before_reset/42_answers_1.ipynb").exists()
    shutil.rmtree(course.root / "exercises/xx/before_reset")
    (course.root / "exercises/xx/42_answers.ipynb").write_text(stub, encoding="utf-8")


def test_release_packs_it_in_both_languages_and_without_answers(course, tmp_path):
    course.course_nn("release", "--out", tmp_path / "course.zip")
    with zipfile.ZipFile(tmp_path / "course.zip") as archive:
        names = set(archive.namelist())
    for name in ("exercises/42_answers.ipynb", "exercises/xx/42_answers.ipynb"):
        assert f"course/{name}" in names
    assert "course/notebooks/xx/42_answers.ipynb" in names
    assert "course/course_nn/locale/xx/LC_MESSAGES/course_nn.mo" in names
    assert not any("worked_answers" in name for name in names)
    course.answer("exercises/xx/42_answers.ipynb", "return 3 * x")
    path = course.root / "exercises/xx/42_answers.ipynb"
    try:
        course.course_nn("release", "--out", tmp_path / "again.zip", code=2)
    finally:
        path.write_text(
            path.read_text(encoding="utf-8").replace("return 3 * x", "raise NotImplementedError()"),
            encoding="utf-8",
        )


def test_submissions_in_either_language_are_collected_graded_and_reported(course, tmp_path):
    download = tmp_path / "download"
    for student, path, body in (
        ("Ana_101", "exercises/xx/42_answers.ipynb", "return 2 * x"),
        ("Ben_102", "exercises/42_answers.ipynb", "return x * x"),
    ):
        place = download / f"{student}_assignsubmission_file_" / "42_answers.ipynb"
        course.answer(path, body, place)
    loose = download / "Cleo_103_assignsubmission_file_42_answers.ipynb"
    course.answer("exercises/42_answers.ipynb", "return x + x", loose)
    archive = shutil.make_archive(str(tmp_path / "download"), "zip", download)
    course.course_nn("collect", archive, "--out", tmp_path / "submissions")
    said = course.course_nn(
        *("grade", tmp_path / "submissions", "--out", tmp_path / "grades"),
        *("--language", "xx", "--without-sandbox"),
    )
    assert said
    with (tmp_path / "grades" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    points = {row["student"].split("_")[0]: float(row["total"]) for row in rows}
    assert points == {"Ana": 2, "Ben": 0, "Cleo": 2}
    pages = [path.read_text(encoding="utf-8") for path in (tmp_path / "grades").rglob("*.html")]
    assert any(doubled("That is the square.") in page for page in pages)
    assert all('<html lang="xx">' in page for page in pages)
    assert any(f"42 {doubled('Answers')}" in page for page in pages)
