"""Everything that the course installs, for machines without network: ``python3 start.py pack``.

The folder ``wheels`` beside start.py gets what the lessons need on Windows, macOS (both processors)
and Linux (both), for each Python: some hundred wheels, those of pure Python once. start.py finds
it there and installs from it. Give away the folder of the course with it, without .venv.
"""

import argparse
import email
import email.message
import itertools
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging import tags
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from course_nn.i18n import _

COURSE = Path(__file__).resolve().parent.parent
EXTRA = "learn"
UNFINISHED = "unfinished."
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {  # os_name, sys_platform, platform_system and platform_machine; what wheels call it
    "windows-x86_64": (("nt", "win32", "Windows", "AMD64"), ["win_amd64"]),
    "macos-arm64": (("posix", "darwin", "Darwin", "arm64"), tags.mac_platforms((12, 0), "arm64")),
    "macos-x86_64": (
        ("posix", "darwin", "Darwin", "x86_64"),
        tags.mac_platforms((12, 0), "x86_64"),
    ),
    **{
        f"linux-{machine}": (
            ("posix", "linux", "Linux", machine),
            # glibc 2.28: Debian 10, Ubuntu 20.04, RHEL 8 and all that came later
            [f"manylinux_2_{minor}_{machine}" for minor in range(28, 4, -1)]
            + [f"manylinux{year}_{machine}" for year in ("2014", "2010", "1")],
        )
        for machine in ("x86_64", "aarch64")
    },
}


@dataclass(frozen=True)
class Target:
    """A system and a Python that the course is to run on.

    Args:
        system: a key of SYSTEMS.
        python: such as "3.13".
    """

    system: str
    python: str

    def __str__(self) -> str:
        return f"{self.system}-{self.python}"

    @property
    def abi(self) -> str:
        return f"cp{self.python.replace('.', '')}"

    @property
    def platforms(self) -> tuple[str, ...]:
        return _platforms(self.system)

    def markers(self, extra: str = "") -> dict[str, str]:
        """What there the environment markers are (PEP 508), on the first release of its Python."""
        os_name, sys_platform, system, machine = SYSTEMS[self.system][0]
        return {
            "extra": extra,
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": os_name,
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": system,
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": sys_platform,
        }

    def takes(self, wheel: Path) -> bool:
        """Whether ``wheel`` can be installed there."""
        needed = about(wheel).get("Requires-Python", "")
        of_wheel = parse_wheel_filename(wheel.name)[3]
        return SpecifierSet(needed).contains(f"{self.python}.0") and bool(_tags(self) & of_wheel)


TARGETS = [Target(*both) for both in itertools.product(SYSTEMS, PYTHONS)]


@cache
def _platforms(system: str) -> tuple[str, ...]:
    return tuple(SYSTEMS[system][1])


@cache
def _tags(target: Target) -> frozenset[tags.Tag]:
    version = tuple(map(int, target.python.split(".")))
    own = tags.cpython_tags(version, [target.abi], target.platforms)
    return frozenset([*own, *tags.compatible_tags(version, target.abi, target.platforms)])


@cache
def about(wheel: Path) -> email.message.Message:
    """The METADATA of ``wheel``.

    Raises:
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.count("/") == 1 and name.endswith(".dist-info/METADATA"):
                return email.message_from_bytes(archive.read(name))
    raise zipfile.BadZipFile(_("there is no METADATA in it"))


def missing(
    folder: Path, target: Target, course: Path = COURSE
) -> tuple[list[Requirement], list[Path]]:
    """What ``target`` needs and does not find in ``folder``, and the wheels that it does find.

    Goes from what the course needs through the wheels' own lists, as pip does, with the versions of
    constraints.txt. A wheel that is not there hides what it would need in turn.
    """
    pins = {
        canonicalize_name(pin.name): pin.specifier
        for pin in _pins(course)
        if not pin.marker or pin.marker.evaluate(target.markers())
    }
    there = _wheels(folder)
    lacking: dict[str, Requirement] = {}
    found: dict[str, Path] = {}
    seen = set()
    project = tomllib.loads((course / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [*project.get("dependencies", ()), *project["optional-dependencies"][EXTRA]]
    todo = [(text, "") for text in lists]
    while todo:
        text, extra = todo.pop()
        needed = Requirement(text)
        if needed.marker and not needed.marker.evaluate(target.markers(extra)):
            continue
        name = canonicalize_name(needed.name)
        version = needed.specifier & pins.get(name, SpecifierSet())
        fits = [wheel for wheel in there.get(name, ()) if version.contains(_version(wheel), True)]
        wheel = next(filter(target.takes, fits), None)
        if wheel is None:
            lacking.setdefault(name, Requirement(f"{name}{version}"))
            continue
        found[name] = wheel
        for one in ["", *needed.extras]:
            if (name, one) not in seen:
                seen.add((name, one))
                todo += [(text, one) for text in about(wheel).get_all("Requires-Dist", ())]
    return list(lacking.values()), list(found.values())


def _pins(course: Path) -> list[Requirement]:
    lines = (course / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def superseded(folder: Path, course: Path = COURSE) -> list[Path]:
    """The wheels in ``folder`` of versions that constraints.txt names no more, for no target."""
    pins: dict[str, list[SpecifierSet]] = {}
    for pin in _pins(course):
        pins.setdefault(canonicalize_name(pin.name), []).append(pin.specifier)
    return [
        wheel
        for name, wheels in _wheels(folder).items()
        for wheel in wheels
        if name in pins and not any(pin.contains(_version(wheel), True) for pin in pins[name])
    ]


def _wheels(folder: Path) -> dict[str, list[Path]]:
    """The wheels in ``folder`` that are whole, by the name of what they hold."""
    there: dict[str, list[Path]] = {}
    for wheel in sorted(folder.glob("*.whl")):
        try:
            about(wheel)
            there.setdefault(parse_wheel_filename(wheel.name)[0], []).append(wheel)
        except (InvalidWheelFilename, zipfile.BadZipFile):
            continue
    return there


def _version(wheel: Path) -> str:
    return str(parse_wheel_filename(wheel.name)[1])


def fetch(needed: list[Requirement], folder: Path, target: Target) -> str:
    """Have pip bring ``needed`` for ``target`` into ``folder``: what pip said if it could not."""
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as new:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", new]
        pip += ["--only-binary", ":all:", "--implementation", "cp"]
        pip += ["--python-version", target.python]
        pip += [f"--abi={abi}" for abi in (target.abi, "abi3", "none")]
        pip += [f"--platform={platform}" for platform in target.platforms]
        done = subprocess.run(
            [*pip, *map(str, needed)], capture_output=True, text=True, errors="replace", check=False
        )
        for wheel in Path(new).glob("*.whl"):
            wheel.replace(folder / wheel.name)  # whole, or not there
        return done.stderr.strip() if done.returncode else ""


def pack(folder: Path, targets: list[Target], course: Path = COURSE) -> bool:
    """Bring what each of ``targets`` needs into ``folder``, and say what is done and what is missing.

    Once nothing is missing, the wheels that an earlier version of the course needed are removed.

    Returns:
        True when nothing is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{UNFINISHED}*"):  # where a run was killed
        shutil.rmtree(left, ignore_errors=True)
    complete = True
    for number, target in enumerate(targets, 1):
        title = f"[{number}/{len(targets)}] {target}"
        failed: dict[str, str] = {}
        while True:
            lacking, found = missing(folder, target, course)
            wanted = [one for one in lacking if one.name not in failed]
            if not wanted:
                break
            line = _("{title}: {found} packages are there, fetching {wanted}")
            print(line.format(title=title, found=len(found), wanted=len(wanted)), flush=True)
            if fetch(wanted, folder, target):  # pip brings all or nothing
                for one in wanted:
                    if said := fetch([one], folder, target):
                        failed[one.name] = said.splitlines()[-1]
            after = {one.name for one in missing(folder, target, course)[0]}
            for one in wanted:
                if one.name in after:
                    failed.setdefault(one.name, _("what came does not fit"))
        size = sum(wheel.stat().st_size for wheel in found) / 1e6
        if lacking:
            complete = False
            print(_("{title}: not complete").format(title=title))
            for one in lacking:
                print(f"  {one}: {failed[one.name]}")
        else:
            line = _("{title}: complete, {found} packages, {size:.0f} MB")
            print(line.format(title=title, found=len(found), size=size))
    if complete and (old := superseded(folder, course)):
        for wheel in old:
            wheel.unlink()
        message = _("Removed, of other versions than the course has now: {names}")
        print(message.format(names=", ".join(wheel.name for wheel in old)))
    size = sum(wheel.stat().st_size for wheel in folder.glob("*.whl")) / 1e6
    print(_("{folder} holds {size:.0f} MB.").format(folder=folder, size=size))
    return complete


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="start.py pack",
        description=_("Fetch what the course installs, for machines without network."),
        epilog=_("""examples:
  python3 start.py pack                     for every system and every Python
  python3 start.py pack windows macos       for Windows and macOS
  python3 start.py pack linux-x86_64-3.12   for one system and one Python
  python3 start.py pack --missing           see what is missing, without network

Then copy the folder of the course, without .venv, and run start.py there as ever.
What is there and of use stays, and is not fetched again. Wheels of versions that the course no
longer takes are removed once the set is complete. To begin afresh, delete the folder wheels.
"""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help=_("how its name begins: {names}").format(names=", ".join(SYSTEMS)),
    )
    parser.add_argument("--out", type=Path, default=COURSE / "wheels", help=_("the folder"))
    parser.add_argument("--missing", action="store_true", help=_("fetch nothing"))
    options = parser.parse_args(arguments)
    for name in options.targets:
        if not any(str(target).startswith(name) for target in TARGETS):
            every = ", ".join(map(str, TARGETS))
            parser.error(_("{name} is none of {every}").format(name=name, every=every))
    asked = tuple(options.targets) or ("",)
    targets = [target for target in TARGETS if str(target).startswith(asked)]
    if options.missing:
        lacking = {target: missing(options.out, target)[0] for target in targets}
        for target, needed in lacking.items():
            print(f"{target}: {', '.join(map(str, needed)) or _('complete')}")
        if old := superseded(options.out):
            message = _("Of other versions than the course has now: {names}")
            print(message.format(names=", ".join(wheel.name for wheel in old)))
        return int(any(lacking.values()))
    try:
        return int(not pack(options.out, targets))
    except KeyboardInterrupt:
        print(_("Stopped. The next run goes on."))
    except OSError as error:
        print(error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
