"""What the names of files tell: the table in docs/grading.md, and which of two is the later."""

import re
from itertools import pairwise

import pytest

from course_nn.grading.names import version, whose
from tests.support import ROOT

DOCS = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
TABLE = re.findall(
    r"^\| `([^`]+)` \| ([^|]+) \|$", DOCS.partition("### Whose a file is")[2], re.MULTILINE
)
TABLE = TABLE[
    : next(
        n
        for n, (name, _student) in enumerate(TABLE)
        if name.startswith("11-22 - Ana García-Ruiz- ")
    )
    + 1
]


def test_the_table_is_there():
    assert len(TABLE) >= 25 and ("ana.ipynb", "ana") in TABLE


@pytest.mark.parametrize(("name", "student"), TABLE)
def test_a_name_gives_the_student_that_the_docs_say(name, student):
    assert whose(name).student == ("" if student == "(nobody)" else student)


ORDER = [
    "01_derivatives.ipynb",
    "01_derivatives - Copy.ipynb",
    "01_derivatives (1).ipynb",
    "01_derivatives (2).ipynb",
    "01_derivatives (10).ipynb",
    "01_derivatives_v2.ipynb",
    "01_derivatives v10.ipynb",
    "01_derivatives_final.ipynb",
    "01_derivatives_final2.ipynb",
]


@pytest.mark.parametrize(("older", "newer"), list(pairwise(ORDER)))
def test_of_two_versions_the_later_is_known(older, newer):
    (one, first), (other, second) = version(older), version(newer)
    assert one == other and first < second


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("a_x_attempt_2026-03-01-12-30-45_f.py", "a_x_attempt_2026-03-01-12-30-46_f.py"),
        ("1-2 - A B - Dec 31, 2025 1159 PM - f.py", "1-3 - A B - Jan 1, 2026 1200 AM - f.py"),
        ("1-2 - A B - Mar 1, 2026 1259 AM - f.py", "1-3 - A B - Mar 1, 2026 100 AM - f.py"),
        ("1-2 - A B - 9 marzo 2026 1130 - f.py", "1-3 - A B - 10 marzo 2026 0930 - f.py"),
        ("1-2 - A B - Feb 10, 2026 1130 AM - f.py", "1-3 - A B - Okt 2, 2026 1130 AM - f.py"),
    ],
)
def test_of_two_attempts_the_later_is_known(older, newer):
    assert whose(older).student == whose(newer).student
    assert 0 < whose(older).attempt < whose(newer).attempt


@pytest.mark.parametrize(
    "name", ["finalist.ipynb", "v2ray.py", "ana-copyright.py", "june (ii).py", "x (2024).py"]
)
def test_a_name_that_only_looks_like_a_version_stays(name):
    assert whose(name).student == name.rpartition(".")[0]
