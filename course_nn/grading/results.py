"""What a batch comes to: a result for each student, a mark in it for each exercise.

Plain data: workers make it, the gradebook keeps it, pages and tables show it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from course_nn.checks.engine import FAILED, NOT_ATTEMPTED, PASSED
from course_nn.checks.panel import Panel
from course_nn.i18n import N_, _

LONGEST = 8000  # characters of the panel of a mark, about
WITH_ROWS = 300  # a panel of fewer characters has no rows


class Status(StrEnum):
    """What became of an exercise, or of a submission as a whole; of two the later is the worse.

    A member is the text that a gradebook holds. ``words`` are what a page says in its place, and
    ``sentence`` is for the student, where there is no more to tell.
    """

    words: str
    sentence: str

    def __new__(cls, value: str, words: str = "", sentence: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_, member.words, member.sentence = value, words, sentence
        return member

    # an exercise that was judged, and a submission of which every exercise was
    PASSED = PASSED, N_("passed")
    FAILED = FAILED, N_("not yet")
    CONSEQUENCE = "consequence", N_("follows from another exercise")
    NOT_ATTEMPTED = NOT_ATTEMPTED, N_("not attempted yet")
    OK = "ok", N_("graded")

    # what keeps an exercise from being judged, and then is the status of the submission too
    SYNTAX_ERROR = (
        "syntax error",
        N_("syntax error"),
        N_("What was handed in is not Python. Run it, mend it and hand it in again."),
    )
    ERROR = "error", N_("its cell does not run"), N_("Its cell does not run.")
    TIMEOUT = (
        "timeout",
        N_("out of time"),
        N_("It took too long, and was stopped. Has it a loop that never ends?"),
    )
    MEMORY = (
        "memory",
        N_("out of memory"),
        N_("It asked for more memory than it may have."),
    )
    PROTOCOL_ERROR = (
        "protocol error",
        N_("no proper answer"),
        N_("It sent the grader something that is no answer."),
    )
    DIED = "died", N_("Python itself ended"), N_("It ended the Python that ran it.")

    # a submission as a whole
    MISSING = (
        "missing",
        N_("nothing handed in"),
        N_("Nothing was handed in."),
    )
    LATE = (
        "late",
        N_("handed in too late"),
        N_("What was handed in came too late, and does not count."),
    )
    UNREADABLE = (
        "unreadable",
        N_("unreadable"),
        N_("What was handed in could not be read. Hand in the notebook or .py file again."),
    )
    NOT_GRADED = "not graded", N_("not graded yet")
    REFUSED = "refused", N_("not run: no isolation")
    LOST = "lost", N_("lost")
    INTERNAL_ERROR = "internal error", N_("not graded: an error of the grader")

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)

    @property
    def is_fault(self) -> bool:
        """Whether an exercise with this status has not been judged."""
        return self.rank > Status.OK.rank

    @property
    def is_ours(self) -> bool:
        """Whether something went wrong, and not for a fault of the student's."""
        return self.rank > Status.NOT_GRADED.rank


@dataclass(frozen=True)
class Mark:
    """What one exercise of one student has come to.

    ``panel`` is what the student reads, and ``diagnosis`` the known mistake, as `Exercise.mistakes`
    has it; empty if it is none. A status may be given as its text.
    """

    exercise: str
    status: Status
    points: float
    panel: Panel
    diagnosis: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", Status(self.status))


@dataclass(frozen=True)
class Result:
    """What one submission has come to.

    Args:
        status: "ok" if every exercise was judged, else the worst fault.
        layer: the isolation that it ran in.
        seed: of its inputs.
        notes: sentences on what was odd.
        digest: of the submission.
        fingerprint: of all that the result depends on; empty where it should be graded again.
        log: for the teacher alone, not kept: the traceback of an internal error.
    """

    student: str
    status: Status
    layer: str = ""
    seed: int = 0
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str = ""
    fingerprint: str = ""
    log: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", Status(self.status))

    @property
    def total(self) -> float:
        return sum(mark.points for mark in self.marks)


def shortened(panel: Panel, most: int) -> Panel:
    """``panel`` with about ``most`` characters of sentences and rows, and a note if it had more."""
    rows = panel.rows if most >= WITH_ROWS else ()
    sentences = panel.sentences if most else ()
    texts = [*sentences, *(cell for row in rows for cell in row)]
    if (sentences, rows) == (panel.sentences, panel.rows) and sum(map(len, texts)) <= most:
        return panel
    longest = most
    for place, text in enumerate(sorted(texts, key=len)):  # what short texts leave, long ones share
        longest = most // (len(texts) - place)
        if len(text) > longest:
            break
        most -= len(text)
    return replace(
        panel,
        sentences=tuple(cut(sentence, longest) for sentence in sentences),
        rows=tuple(tuple(cut(cell, longest) for cell in row) for row in rows),
        footer=_("Shortened, to fit on the page."),
    )


def cut(text: str, most: int) -> str:
    """``text``, or its beginning of ``most`` characters."""
    return text if len(text) <= most else text[: max(most - 2, 0)].rstrip() + " …"
