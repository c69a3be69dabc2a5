"""What the checks are tested with, chapter by chapter: mistakes, mutants, programs of the battery.

python -m tests.support.table            print the table
python -m tests.support.table --write    put it into docs/checks.md
"""

import contextlib
import re
import sys
import tomllib
from functools import cache

from course_nn.chapters import CHAPTERS
from course_nn.checks import EXERCISES
from course_nn.checks.engine import calling, evaluate
from tests.support import ROOT
from tests.support.battery import count
from tests.support.mutants import function, mutants
from tests.support.published import published

DOCS = ROOT / "docs" / "checks.md"
TABLE = re.compile(r"(?<=<!-- table -->\n\n).*(?=\n\n<!-- end of table -->)", re.DOTALL)

# The mutants that compute the same as the solution, and why.
EQUIVALENT = {
    name: reasons
    for path in sorted((ROOT / "tests/checks/equivalent").glob("*.toml"))
    for name, reasons in tomllib.loads(path.read_text(encoding="utf-8")).items()
}


@cache
def survivors(exercise) -> tuple[int, frozenset[str]]:
    """How many mutants the exercise's published solution has, and which of them pass."""
    code, namespace = published(True)
    found = mutants(code[exercise.name])
    alive = set()
    for change, mutant in found.items():
        with contextlib.suppress(Exception):  # some do not even define the function
            changed = function(mutant, exercise.name, namespace)
            if evaluate(exercise, calling(changed)).status == "passed":
                alive.add(change)
    return len(found), frozenset(alive)


def table() -> str:
    """The table, as Markdown."""
    head = ["Chapter", "exercises", "points", "known mistakes"]
    head += ["mutants", "equivalent", "killed", "battery"]
    rows, total = [], [0] * 7
    for chapter in CHAPTERS.values():
        own = [exercise for exercise in EXERCISES.values() if exercise.chapter == chapter.number]
        row = [
            len(own),
            sum(exercise.points for exercise in own),
            sum(len(exercise.mistakes) for exercise in own),
            sum(survivors(exercise)[0] for exercise in own),
            sum(len(EQUIVALENT.get(exercise.name, {})) for exercise in own),
            sum(survivors(exercise)[0] - len(survivors(exercise)[1]) for exercise in own),
            sum(count(exercise) for exercise in own),
        ]
        rows.append([f"{chapter.number}. {chapter.title}", *row])
        total = [sum(pair) for pair in zip(total, row)]
    rows.append(["**All**", *total])
    lines = [head, ["---"] + ["--:"] * 7, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


if __name__ == "__main__":
    if "--write" in sys.argv:
        text = TABLE.sub(lambda _: table(), DOCS.read_text(encoding="utf-8"))
        DOCS.write_text(text, encoding="utf-8", newline="\n")
    else:
        print(table())
