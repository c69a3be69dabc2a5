"""What is installed: the three lists agree, and what the README tells people to type is there."""

import itertools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import course_nn
from course_nn import environment
from tests.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
README = (ROOT / "README.md").read_text(encoding="utf-8")

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
SYSTEMS = [("linux", "posix", "Linux"), ("darwin", "posix", "Darwin"), ("win32", "nt", "Windows")]
MACHINES = [
    {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": sys_platform,
        "os_name": os_name,
        "platform_system": platform_system,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    for python, (sys_platform, os_name, platform_system) in itertools.product(PYTHONS, SYSTEMS)
]


def requirements(*lists: list[str]) -> Iterator[Requirement]:
    """The requirements in ``lists`` but for the project itself."""
    for requirement in map(Requirement, itertools.chain(*lists)):
        if requirement.name != PROJECT["name"]:
            yield requirement


LEARN = {r.name: r.specifier for r in requirements(PROJECT["dependencies"], EXTRAS["learn"])}
LOCKED = list(map(Requirement, LOCK))


def test_the_lock_holds_names_versions_and_markers_alone():
    for line in LOCK:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [^/:]+)?", line), line


@pytest.mark.parametrize(
    "requirement",
    list(requirements(PROJECT["dependencies"], EXTRAS["learn"], EXTRAS["test"])),
    ids=str,
)
def test_the_lock_has_what_the_project_asks_for_on_every_machine(requirement):
    for machine in MACHINES:
        (locked,) = (
            entry
            for entry in LOCKED
            if entry.name == canonicalize_name(requirement.name)
            and (entry.marker is None or entry.marker.evaluate(machine))
        )
        (pin,) = locked.specifier
        assert requirement.specifier.contains(pin.version), locked


def test_no_pin_depends_on_a_pythons_patch_release():
    """A set of wheels that was fetched with 3.11.7 has to do for 3.11.2."""
    assert not [line for line in LOCK if re.search(r"'3\.\d+\.[1-9]\d*'", line)]


def test_the_lock_leaves_the_benchmarks_peers_out():
    assert not {r.name for r in requirements(EXTRAS["bench"])} & {r.name for r in LOCKED}


def test_conda_installs_what_a_learner_needs():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, pip = conda["dependencies"]
    asked = {r.name: r.specifier for r in map(Requirement, packages) if r.name != "pip"}
    assert asked.pop("python") == PROJECT["requires-python"]
    assert asked == LEARN
    assert pip == {"pip": ["--editable ."]}


def test_the_first_page_checks_what_a_learner_needs():
    assert {name: f">={oldest}" for name, oldest in environment.PACKAGES.items()} == LEARN
    assert f">={environment.PYTHON}" == PROJECT["requires-python"]


# Imports in a fresh interpreter, because pytest has imported much by now.

MATHEMATICS = sorted(
    f"course_nn.{path.stem}"
    for path in (ROOT / "course_nn").glob("*.py")
    if path.stem not in ("__init__", "cli", "compiled", "environment", "packing")
)
FOREIGNERS = """
import importlib, importlib.metadata, sys
before = set(sys.modules)
for module in sys.argv[1:]:
    importlib.import_module(module)
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new & importlib.metadata.packages_distributions().keys() - {"course_nn"}))
"""


@pytest.mark.parametrize("modules", [["course_nn"], MATHEMATICS], ids=["package", "mathematics"])
def test_nothing_but_numpy_is_imported(modules):
    command = [sys.executable, "-c", FOREIGNERS, *modules]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(said.stdout.split()) <= {"numpy"}


# The README

COMMANDS = re.findall(r"(?<=```sh\n).*(?=\n```)", README)


def test_the_readme_has_the_two_commands():
    assert COMMANDS[:2] == ["python3 start.py", "python3 start.py test"]
    continuous = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert continuous[-1] == COMMANDS[1]


def test_what_the_readme_names_is_there():
    for name in re.findall(
        r"[\w./-]+\.(?:py|md|txt|yml|toml|png)\b", README.replace("NN_name", "01_derivatives")
    ):
        assert (ROOT / name).exists(), name


# The version


def test_the_version_stands_in_one_place_and_heads_the_changes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    dynamic = project["tool"]["setuptools"]["dynamic"]["version"]
    assert dynamic == {"attr": "course_nn.__version__"}
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", changes, re.MULTILINE)
    assert headings[:2] == ["Unreleased", course_nn.__version__]


def test_what_contributing_names_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / link).exists(), link
    recipes = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert recipes == [
        *("A chapter", "An exercise", "A widget", "A data set", "A language", "A release")
    ]
