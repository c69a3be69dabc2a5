"""The hostile corpus, graded as a teacher does it, on each layer."""

import contextlib
import csv
import os
import re
import socket
import subprocess
import sys
from html import unescape

import pytest

from tests.support.corpus import CANARY, CORPUS
from tests.support.sandboxed import LAYERS_TO_TEST, NONE, children, need

pytestmark = pytest.mark.slow

SECONDS = 2
REFUSED = r"""'\w*Error'|False|\[\]"""  # what `tries` finds where it finds nothing


@pytest.fixture(scope="module", params=LAYERS_TO_TEST, ids=lambda layer: layer.name)
def graded(request, tmp_path_factory):
    """The rows by the names in the corpus, the folder, and the students by the same names."""
    layer = need(request.param)
    folder = tmp_path_factory.mktemp("graded")
    submissions = folder / "submissions"
    submissions.mkdir()
    (folder / "canary.txt").write_text(CANARY, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        names = {"CANARY_FILE": folder / "canary.txt", "SUBMISSIONS": submissions}
        known = "\n".join(f"{name} = {str(path)!r}" for name, path in names.items())
        known += f"\nGRADES = {str(folder / 'grades')!r}\nPARENT = {os.getpid()}"
        known += f"\nPORT = {listening.getsockname()[1]}"
        students = {
            name: name.removeprefix("file ") if "=" in name else f"s{number:03}"
            for number, name in enumerate(CORPUS)
            if layer != NONE or not CORPUS[name].wild
        }
        for name, student in students.items():
            CORPUS[name].write(submissions, student, known)
        command = [sys.executable, "-m", "course_nn.cli", "grade", "submissions", "--out", "grades"]
        command += ["--exercises", "1.1", "1.2", "--seconds", str(SECONDS), "--jobs", "2"]
        command += ["--without-sandbox"] if layer == NONE else ["--layer", str(layer.number)]
        environment = {**os.environ, "SECRET": CANARY, "PYTHONIOENCODING": "utf-8"}
        before, files = children(), set(folder.iterdir())
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
        )
        with contextlib.suppress(BlockingIOError):
            listening.setblocking(False)
            listening.accept()
            pytest.fail("a submission has reached the network")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert children() <= before
    assert set(folder.iterdir()) - files == {folder / "grades"}
    with (folder / "grades" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student"].lstrip("'"): row for row in csv.DictReader(file)}
    return folder, students, rows


def row(graded, name):
    _, students, rows = graded
    if name not in students:
        pytest.skip("tried only where walls stand around it")
    wanted = students[name]
    if "=" in wanted:  # no file of feedback could have this name
        (wanted,) = (student for student in rows if "cmd" in student)
    return rows[wanted]


@pytest.mark.parametrize("name", CORPUS)
def test_each_is_given_what_it_has_earned(graded, name):
    found, expected = row(graded, name), CORPUS[name]
    points = {key[:3]: float(value) for key, value in found.items() if key[:2] == "1."}
    assert (points["1.2"], points["1.1"]) == expected.points, found
    assert found["status"] in expected.status.split("|"), found


def test_no_row_is_lost(graded):
    folder, students, rows = graded
    assert len(rows) == len(students)
    assert len(list((folder / "grades" / "feedback").iterdir())) == len(students)


def test_nothing_is_read_that_must_not_be(graded):
    """Whoever reads something tells it in an error, which comes back in the feedback."""
    folder, students, _ = graded
    for page in (folder / "grades").rglob("*"):
        if page.is_file():
            assert CANARY.encode() not in page.read_bytes(), page
    for name in students:
        if CORPUS[name].central and "found = type(error).__name__" in CORPUS[name].central:
            page = folder / "grades" / "feedback" / f"{students[name]}.html"
            told = re.search(r"ValueError: (.*)", unescape(page.read_text(encoding="utf-8")))
            assert told, name
            found = told[1].removeprefix('"').partition("<")[0].rstrip('"')
            assert re.fullmatch(REFUSED, found) or name == "reads the environment", (name, found)


def test_the_submissions_and_the_gradebook_are_as_they_were(graded):
    folder, students, _ = graded
    assert len(list((folder / "submissions").iterdir())) == len(students)
    assert (folder / "canary.txt").read_text(encoding="utf-8") == CANARY


def test_pages_hold_no_markup_of_a_students(graded):
    folder, students, _ = graded
    page = folder / "grades" / "feedback" / f"{students['markup']}.html"
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text and "&lt;script" in text
    assert all(p.stat().st_size < 30_000 for p in page.parent.iterdir())


def test_there_are_more_than_sixty_and_as_many_ways_to_be_honest():
    assert len(CORPUS) >= 100
