"""The packages for machines without network: each target's set, by the wheels' own lists."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from course_nn import packing
from course_nn.packing import TARGETS, Target, missing
from tests.support import ROOT

LINUX, WINDOWS = Target("linux-x86_64", "3.11"), Target("windows-x86_64", "3.13")


def made(folder: Path, name: str, *lines: str) -> Path:
    """A wheel of this file name that holds nothing, with ``lines`` in its METADATA."""
    wheel = folder / f"{name}.whl"
    stem = "-".join(name.split("-")[:2])
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", "\n".join(["Metadata-Version: 2.1", *lines]))
    return wheel


@pytest.fixture
def course(tmp_path):
    """A course that needs a compiled package, and one whose needs depend on system and extra."""
    (tmp_path / "pyproject.toml").write_text(
        "[project]\ndependencies = ['fast>=1']\n"
        "[project.optional-dependencies]\nlearn = ['tool[more]']\n",
        encoding="utf-8",
    )
    (tmp_path / "constraints.txt").write_text(
        "fast==1.5 ; python_full_version < '3.12'\nfast==2.0 ; python_full_version >= '3.12'\n"
        "color-ama==3\n",
        encoding="utf-8",
    )
    folder = tmp_path / "wheels"
    folder.mkdir()
    made(folder, "fast-1.5-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64")
    made(folder, "fast-2.0-cp313-cp313-win_amd64")
    made(
        folder,
        "tool-1-py3-none-any",
        "Requires-Dist: color.ama>1; sys_platform == 'win32'",
        "Requires-Dist: rest; extra == 'more'",
        "Requires-Dist: never; extra == 'other'",
    )
    made(folder, "color_ama-3-py3-none-any")
    made(folder, "rest-7-py2.py3-none-any", "Requires-Dist: tool")  # a circle
    return tmp_path


def lacking(course: Path, target: Target) -> list[str]:
    return sorted(map(str, missing(course / "wheels", target, course)[0]))


def test_a_whole_set_lacks_nothing(course):
    assert lacking(course, LINUX) == lacking(course, WINDOWS) == []
    assert len(missing(course / "wheels", LINUX, course)[1]) == 3
    assert len(missing(course / "wheels", WINDOWS, course)[1]) == 4  # color-ama too


@pytest.mark.parametrize(
    "left_out, linux, windows",
    [
        ("fast-1.5*", ["fast==1.5,>=1"], []),
        ("fast-2.0*", [], ["fast==2.0,>=1"]),
        ("color*", [], ["color-ama==3,>1"]),
        ("rest*", ["rest"], ["rest"]),
        ("tool*", ["tool"], ["tool"]),
    ],
)
def test_a_wheel_left_out_is_told_for_the_target_that_needs_it(course, left_out, linux, windows):
    (wheel,) = (course / "wheels").glob(left_out)
    wheel.unlink()
    assert lacking(course, LINUX) == linux
    assert lacking(course, WINDOWS) == windows


def test_another_system_or_python_has_no_use_for_a_wheel(course):
    assert lacking(course, Target("macos-arm64", "3.11")) == ["fast==1.5,>=1"]
    assert lacking(course, Target("linux-x86_64", "3.12")) == ["fast==2.0,>=1"]


def test_a_wheel_for_later_patch_releases_alone_or_damaged_does_not_count(course):
    made(course / "wheels", "rest-7-py2.py3-none-any", "Requires-Python: >=3.11.5")
    assert lacking(course, LINUX) == ["rest"] and lacking(course, WINDOWS) == []
    packing.about.cache_clear()
    (course / "wheels/rest-7-py2.py3-none-any.whl").write_bytes(b"half of i")
    assert lacking(course, LINUX) == lacking(course, WINDOWS) == ["rest"]


def test_what_pip_does_not_bring_is_told_and_the_rest_goes_on(course, monkeypatch, capsys):
    (course / "wheels/color_ama-3-py3-none-any.whl").unlink()
    (course / "wheels/rest-7-py2.py3-none-any.whl").unlink()

    def fetch(needed, folder, target):
        if [one.name for one in needed] != ["rest"]:
            return "ERROR: No matching distribution found for color-ama==3"
        made(folder, "rest-7-py3-none-any")
        return ""

    monkeypatch.setattr(packing, "fetch", fetch)
    assert not packing.pack(course / "wheels", [WINDOWS, LINUX], course)
    said = capsys.readouterr().out
    assert "[1/2] windows-x86_64-3.13: not complete\n  color-ama==3,>1: ERROR: No match" in said
    assert "[2/2] linux-x86_64-3.11: complete, 3 packages" in said
    made(course / "wheels", "color_ama-3-py3-none-any")
    assert packing.pack(course / "wheels", [WINDOWS, LINUX], course)


def test_wheels_of_an_earlier_course_go_once_the_set_is_whole(course, monkeypatch, capsys):
    folder = course / "wheels"
    old = [
        made(folder, "fast-1.4-cp311-cp311-manylinux_2_17_x86_64"),
        made(folder, "color_ama-2-py3-none-any"),
    ]
    mine = made(folder, "my_own-1-py3-none-any")
    (folder / "unfinished.abc").mkdir()  # of a run that was killed
    (rest,) = folder.glob("rest*")
    data = rest.read_bytes()
    rest.unlink()
    monkeypatch.setattr(packing, "fetch", lambda *_: "ERROR: no network")
    assert not packing.pack(folder, [LINUX], course)
    assert all(path.exists() for path in old)
    assert packing.superseded(folder, course) == old[::-1]
    rest.write_bytes(data)
    capsys.readouterr()
    assert packing.pack(folder, [LINUX], course)
    said = capsys.readouterr().out
    assert f"other versions than the course has now: {old[1].name}, {old[0].name}\n" in said
    assert not any(path.exists() for path in old) and not list(folder.glob("unfinished*"))
    assert mine.exists() and next(folder.glob("fast-2.0*"))  # another target's
    assert lacking(course, LINUX) == lacking(course, WINDOWS) == []
    assert packing.superseded(folder, course) == []


def test_the_lock_has_no_pin_that_depends_on_a_patch_release():
    """A set that is made on one would fail on another."""
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        for version in line.partition("python_full_version")[2].split("'")[1:2]:
            assert version.count(".") == 1, line


def test_a_target_that_there_is_not_is_one_sentence(capsys):
    with pytest.raises(SystemExit) as ended:
        packing.main(["amiga"])
    assert ended.value.code == 2
    assert "amiga is none of windows-x86_64-3.11, " in capsys.readouterr().err


@pytest.mark.slow
def test_this_machines_set_installs_without_network(tmp_path, capsys):
    """The whole environment of a learner, from the wheels alone."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    names = {"win32": "windows", "darwin": "macos"}
    name = names.get(sys.platform, sys.platform)
    targets = [one for one in TARGETS if one.system.startswith(name) and one.python == here]
    target = next((one for one in targets if _is_here(one)), None)
    if target is None:
        pytest.skip("NOT TRIED: nothing is packed for this machine")
    folder = tmp_path / "wheels"
    if not packing.pack(folder, [target]):
        if packing.fetch([packing.Requirement("packaging")], folder, target):
            pytest.skip("NOT TRIED: there is no network to pack from")
        pytest.fail(f"not complete: {capsys.readouterr().out}")
    needs = packing.tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = next(path for path in environment.glob("*/python*") if path.stem == "python")
    pip = [python, "-m", "pip", "--isolated", "install", "--no-index", "--find-links", folder]
    lists = [*needs["dependencies"], *needs["optional-dependencies"]["learn"]]
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", *lists], check=True, timeout=500)
    code = "import jupyterlab, matplotlib, numpy, ipywidgets, anywidget, packaging; print('whole')"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "whole\n"


def _is_here(target: Target) -> bool:
    from packaging.tags import sys_tags

    return bool(
        {tag.platform for tag in sys_tags() if tag.platform != "any"} & set(target.platforms)
    )
