"""What an exercise must do, and how an answer to it is judged.

An `Exercise` is written once, in ``chapterN.py``. `evaluate` calls an answer on
every input of the exercise and gives a `Report`. It never holds the learner's function: only a
``call`` that takes arguments and gives an `Answer`. In a notebook `calling` makes that of the
function; a grader makes one that asks a process of its own, across a pipe.

Nothing here shows, stores or prints anything.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np

from course_nn.checks.amounts import amounts
from course_nn.checks.compare import Rule, difference, part_that_differs, rounding
from course_nn.i18n import _
from course_nn.inside.calling import Answer, Arguments, Call, Error, Function, calling
from course_nn.inside.show import show, show_call

PASSED, FAILED, NOT_ATTEMPTED = "passed", "failed", "not attempted"
Calls = Callable[[Sequence[Arguments]], Iterator[Answer]]


@dataclass(frozen=True, eq=False)
class Exercise:
    """The specification of an exercise: all that is known of it but its text.

    Args:
        number: chapter and place in it, "1.2".
        name: of the function that the learner writes; it stays when the number changes.
        title: what the exercise is called, in a few words.
        points: what it is worth; half of them for an answer that only fails on extremes, changes
            its input or gives another answer the second time.
        minutes: how long a learner takes.
        difficulty: 1 easy, 2 medium, 3 hard.
        kind: "warm-up", which a function of the lesson may answer, one a chapter at most; "harder",
            one a chapter for who wants more, of whose solution nothing is in the lesson; or "".
        reference: a function that answers right; its parameters are named as the learner's.
        inputs: gives, from a random generator, the tuples of arguments to try, simplest first.
        hints: at least two, each leading a step further without telling.
        why: what there is to understand in the solution.
        mistakes: what the learner has misunderstood, in a sentence -> the function that does so,
            or several: a limit of 1e-7 or of 1e-12 is the same mistake.
        rights: right answers written in other ways; only the tests call them.
        extremes: tuples of arguments where a careless answer overflows or divides by 0.
        returns: what the parts of the answer are called if it is a tuple, ("dx", "dW", "db").
        whole: whether the answer must be whole numbers, of a type such as int, as an index must.
        overflow_free: whether nothing may overflow, divide by zero or become invalid on the way
            either, where the reference does not; right values leave half of the points then.
            For other exercises it is told, and costs nothing.
        rtol, atol: an entry is wrong where ``|got - expected| > rtol |expected| + atol``.
        judge: for an answer that is random by nature, in place of comparing its values with the
            reference's: takes arguments and answer, gives a sentence on what is wrong, or None.
            Parts and shapes have been compared before.
    """

    number: str
    name: str
    title: str
    points: int
    minutes: int
    difficulty: int
    reference: Function
    inputs: Callable[[np.random.Generator], Iterable[Arguments]]
    hints: tuple[str, ...]
    why: str
    mistakes: dict[str, Function | tuple[Function, ...]]
    rights: tuple[Function, ...]
    kind: str = ""
    extremes: tuple[Arguments, ...] = ()
    returns: tuple[str, ...] = ()
    whole: bool = False
    overflow_free: bool = False
    rtol: float = 1e-6
    atol: float = 1e-8
    judge: Callable[[Arguments, Any], str | None] | None = None

    @property
    def chapter(self) -> int:
        return int(self.number.partition(".")[0])

    @property
    def rule(self) -> Rule:
        """When an entry of an answer is wrong."""
        return Rule(self.rtol, self.atol, self.whole)

    @property
    def mistaken(self) -> Iterator[tuple[str, Function]]:
        """Each known mistake with each function that makes it."""
        for sentence, variants in self.mistakes.items():
            for variant in variants if isinstance(variants, tuple) else (variants,):
                yield sentence, variant

    @cached_property
    def parameters(self) -> list[str]:
        """The names of the arguments."""
        return list(inspect.signature(self.reference).parameters)


# Judging


@dataclass(frozen=True, eq=False)
class Case:
    """Arguments to try, and the right answer to them.

    ``warned``: what overflows and the like even on the reference's way there; see `Answer`.
    """

    args: Arguments
    expected: Any
    extreme: bool = False
    warned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """One call that an answer fails, in words: ``sentence`` says what is wrong.

    ``got`` and ``expected`` are shown as code: of a tuple only the part that differs, and where an
    argument was changed that argument, after and before. ``functions`` says what the functions
    among the arguments compute. ``minor`` is a failure that leaves half of the points: the value is
    right, or the input is extreme.
    """

    sentence: str
    call: str
    got: str
    expected: str
    functions: tuple[str, ...] = ()
    minor: bool = False


@dataclass(frozen=True)
class Report:
    """What `evaluate` found: status "passed", "failed" or "not attempted", and the points earned.

    For "failed", ``failure`` is the simplest failing case, and ``diagnosis`` the known mistake, a
    key of ``exercise.mistakes``, that gives the learner's answer on every input, or what it amounts
    to there (see `amounts`); None if neither is found.
    ``right`` of ``tried`` inputs were answered right. ``remark`` is a sentence on what is no mistake
    in an answer that passed, and ``printed`` the beginning of what one call printed. An answer that
    fails only for the ``helpers``, other exercises whose answers it calls, is not to blame.
    """

    exercise: Exercise
    status: str
    points: float = 0
    failure: Failure | None = None
    diagnosis: str | None = None
    right: int = 0
    tried: int = 0
    remark: str = ""
    printed: str = ""
    helpers: tuple[Exercise, ...] = ()


def evaluate(exercise: Exercise, call: Call, seed: int = 0, calls: Calls | None = None) -> Report:
    """Try an answer on all inputs of ``exercise`` that ``seed`` gives.

    ``calls`` is ``call`` for many arguments at once, where that is quicker than one by one.
    """
    tried = cases(exercise, seed)
    every = _in_floats_too(call, calls or partial(map, call))
    answers: list[Answer] = []
    for some in tried[:1], tried[1:]:
        for answer in every([case.args for case in some]):
            answers.append(answer)
            error = answer.error or Error("")
            unwritten = error.type == "NotImplementedError" and error.function == exercise.name
            if unwritten and len(answers) == 1:
                return Report(exercise, NOT_ATTEMPTED)
            if error.type == "KeyboardInterrupt":
                break
        else:
            continue
        break
    judged = [_judge(exercise, case, answer) for case, answer in zip(tried, answers)]
    failures = [failure for failure in judged if failure]
    right = len(answers) - len(failures)
    if not failures:
        failures = _changes(exercise, every, tried, answers)
    printed = next((answer.printed for answer in answers if answer.printed), "")
    if not failures:
        remarks = (_on_the_way(exercise, case, answer) for case, answer in zip(tried, answers))
        remark = next((remark for remark in remarks if remark), "")
        return Report(
            exercise,
            PASSED,
            exercise.points,
            right=right,
            tried=len(tried),
            remark=remark,
            printed=printed,
        )
    minor = all(failure.minor for failure in failures)
    first = next((failure for failure in failures if not failure.minor), failures[0])
    points = exercise.points / 2 if minor and len(answers) == len(tried) else 0
    if first in judged:
        printed = answers[judged.index(first)].printed or printed
    return Report(
        exercise,
        FAILED,
        points,
        first.told(),
        _diagnosis(exercise, tried, answers),
        right,
        len(tried),
        printed=printed,
    )


def _in_floats_too(call: Call, calls: Calls) -> Calls:
    """``calls`` that try whole numbers as floats where NumPy refuses to write fractions among them.

    `w = w.copy(); w -= 0.1 * g` raises for an array of whole numbers, where `zeros_like(w)` would
    cut off: a refusal is no wrong answer.
    """

    def tried(many: Sequence[Arguments]) -> Iterator[Answer]:
        for args, answer in zip(many, calls(many)):
            if answer.error and answer.error.type == "UFuncTypeError":
                again = call(tuple(map(_in_floats, args)))
                answer = answer if again.error else again
            yield answer

    return tried


def _in_floats(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(map(_in_floats, value))
    whole = isinstance(value, np.ndarray) and value.dtype.kind in "iu"
    return value.astype(float) if whole else value


@lru_cache(maxsize=128)
def cases(exercise: Exercise, seed: int = 0) -> tuple[Case, ...]:
    """The inputs, simplest first, then the extremes, each with the reference's answer."""

    def case(args: Arguments, extreme: bool = False) -> Case:
        answer = calling(exercise.reference)(args)
        if answer.error:
            raise RuntimeError(answer.error)
        return Case(args, answer.value, extreme, answer.warned)

    ordinary = list(exercise.inputs(np.random.default_rng(seed)))
    return (
        *map(case, ordinary),
        *(case(args, extreme=True) for args in exercise.extremes),
    )


@dataclass(frozen=True)
class _Found:
    """A failure that is not put into words yet: only one of all that are found is shown."""

    minor: bool
    told: Callable[[], Failure]


def _judge(exercise: Exercise, case: Case, answer: Answer) -> _Found | None:
    """What is wrong with ``answer`` to ``case``, if anything is."""
    if answer.error:
        return _failure(
            exercise, case, _raised(exercise, answer.error), answer.error, case.expected
        )
    sentence = _wrong(exercise, case, answer)
    if sentence:
        return _failure(exercise, case, sentence, answer.value, case.expected)
    for name, after, before in zip(exercise.parameters, answer.args, case.args):
        if not _unchanged(after, before):
            message = _("It changes its argument {name}. Work on a copy, such as `{copy}`.")
            sentence = message.format(name=name, copy=_copying(name, before))
            return _failure(exercise, case, sentence, after, before, name=name, minor=True)
    if exercise.overflow_free and (warning := _warning(case, answer)):
        sentence = _("The numbers come out right, but {warning} on the way.")
        sentence = sentence.format(warning=warning)
        return _failure(exercise, case, sentence, answer.value, case.expected, minor=True)
    return None


def _copying(name: str, value: Any) -> str:
    """Code that copies the argument ``name``; a tuple has no method for it."""
    if isinstance(value, (tuple, list)) and any(isinstance(part, np.ndarray) for part in value):
        return f"[array.copy() for array in {name}]"
    return f"list({name})" if isinstance(value, tuple) else f"{name}.copy()"


def _on_the_way(exercise: Exercise, case: Case, answer: Answer) -> str:
    """What overflows in an answer that is right, in a sentence; empty if nothing does."""
    if not (warning := _warning(case, answer)):
        return ""
    sentence = _("In `{call}` {warning} on the way. Here it does no harm.")
    call = " ".join(show_call(exercise.name, case.args).split())
    return sentence.format(warning=warning, call=call)


def _warning(case: Case, answer: Answer) -> str:
    """What NumPy warns of in ``answer`` and not in the reference's; empty if it does not."""
    if case.warned or not answer.warned or any(map(callable, case.args)):
        return ""  # a function among the arguments may overflow for itself
    kind, _encountered, where = answer.warned[0].partition(" encountered in ")
    largest = _largest(case.args) if len(case.args) <= 2 else 0.0  # of a network, it is no exponent
    if where == "exp" and largest > np.log(np.finfo(float).max):
        where = f"e^{largest:g}"
    sentence = {
        "overflow": _("`{where}` overflows"),
        "divide by zero": _("`{where}` divides by zero"),
    }.get(kind, _("`{where}` gives what is no number, as inf - inf does,"))
    return sentence.format(where=where or kind)


def _largest(value: Any) -> float:
    """The largest of all numbers in ``value``, whatever their signs; 0 if there is none."""
    if isinstance(value, (tuple, list)):
        return max(map(_largest, value), default=0.0)
    numbers = np.asarray(value)
    return float(np.max(np.abs(numbers), initial=0)) if numbers.dtype.kind in "iuf" else 0.0


def _failure(
    exercise: Exercise,
    case: Case,
    sentence: str,
    got: Any,
    expected: Any,
    name: str = "",
    minor: bool = False,
) -> _Found:
    """A failure of ``case``, in which ``got`` and ``expected`` are called ``name``."""
    minor = minor or case.extreme
    return _Found(minor, lambda: _told(exercise, case, sentence, got, expected, name, minor))


def _told(
    exercise: Exercise,
    case: Case,
    sentence: str,
    got: Any,
    expected: Any,
    name: str,
    minor: bool,
) -> Failure:
    if not (name or exercise.judge or isinstance(got, Error)):
        off = single(exercise, case) if is_single(got) else None
        name, got, expected = part_that_differs(got, expected, exercise.rule, exercise.returns, off)

    def named(value: Any, name: str = name) -> str:
        if isinstance(value, (tuple, list)) and len(value) == len(exercise.returns) and not name:
            return "\n".join(map(named, value, exercise.returns))
        opening = f"{name} = " if name else ""
        return opening + show(value).replace("\n", "\n" + " " * len(opening))

    functions = [argument for argument in case.args if callable(argument) and argument.__doc__]
    return Failure(
        sentence,
        show_call(exercise.name, case.args),
        str(got) if isinstance(got, Error) else named(got),
        named(expected),
        tuple(map(_formula, dict.fromkeys(functions))),
        minor,
    )


def _formula(function: Function) -> str:
    """ "square(x) = x ** 2" """
    formula = str(function.__doc__).partition("\n")[0]
    return f"{function.__name__}{inspect.signature(function)} = {formula}"


def _raised(exercise: Exercise, error: Error) -> str:
    if error.type == "KeyboardInterrupt":
        return _("It was stopped while it ran. Has it a loop that never ends?")
    if error.type == "NotImplementedError" and error.function != exercise.name:
        message = _("It calls `{name}`, which is not written yet. Write that one first.")
        return message.format(name=error.function)
    if error.type == "NameError" and (missing := _missing(error)):
        message = _("`{name}` is not there. Run the cell of exercise {number} first.")
        return message.format(name=missing.name, number=missing.number)
    if error.line is None:
        return _("It raises an error: {error}").format(error=error)
    message = _("It raises an error in line {line}: `{source}`")
    return message.format(line=error.line, source=error.source or error)


def _missing(error: Error) -> Exercise | None:
    """The exercise that asks for the name that is missing, as after a restart of the kernel."""
    from course_nn.checks.registry import exercises  # it is made of the exercises here

    found = re.match(r"name '(\w+)' is not defined", error.message)
    return exercises().get(found[1]) if found else None


def _wrong(exercise: Exercise, case: Case, answer: Answer) -> str | None:
    """What is wrong with the value of ``answer``, if anything is."""
    if answer.value is None:
        if answer.printed:
            return _("It prints its answer, and returns nothing. Put `return` in place of `print`.")
        return _("It returns nothing. Does it end in `return`, on every way through it?")
    off = single(exercise, case) if is_single(answer.value) else None
    rule, names = exercise.rule, exercise.returns
    found = difference(answer.value, case.expected, rule, names, single=off)
    if exercise.judge and (found is None or found.value):
        return exercise.judge(case.args, answer.value)
    return found.sentence if found else None


def is_single(value: Any) -> bool:
    if isinstance(value, (tuple, list, dict)):
        return any(map(is_single, value.values() if isinstance(value, dict) else value))
    return getattr(value, "dtype", None) in (np.float32, np.float16)


@lru_cache(maxsize=1024)
def single(exercise: Exercise, case: Case) -> Any:
    """How far an answer to ``case`` may be off for being computed in float32; see `rounding`."""
    rng = np.random.default_rng(0)
    runs = [calling(exercise.reference)(_in_single(case.args, rng)) for _run in range(4)]
    largest = _largest(case.args)
    try:
        return rounding(case.expected, [run.value for run in runs if not run.error], largest)
    except (ValueError, TypeError, IndexError, KeyError):  # it takes another way in float32
        return rounding(case.expected, [], largest)


def _in_single(value: Any, rng: np.random.Generator) -> Any:
    """``value`` with its floats in float32, each off by some of its last bits."""
    if isinstance(value, (tuple, list)):
        return type(value)(_in_single(part, rng) for part in value)
    if (
        not isinstance(value, (float, np.floating, np.ndarray))
        or np.asarray(value).dtype.kind != "f"
    ):
        return value
    off = 1 + np.finfo(np.float32).eps * rng.uniform(-2, 2, np.shape(value))
    with np.errstate(all="ignore"):
        return (np.asarray(value) * off).astype(np.float32)[()]


def _changes(
    exercise: Exercise, calls: Calls, tried: tuple[Case, ...], answers: list[Answer]
) -> list[_Found]:
    """Call once more, in reverse order: the first case whose answer is another one then."""
    again = calls([case.args for case in reversed(tried)])
    for case, first, second in zip(reversed(tried), reversed(answers), again):
        if not _agree(second, first, exercise):
            sentence = _(
                "Called once more with the same arguments, it gives another answer. Does it use a "
                "variable from outside, or chance?"
            )
            got = second.error or second.value
            return [_failure(exercise, case, sentence, got, first.value, minor=True)]
    return []


def _diagnosis(exercise: Exercise, tried: tuple[Case, ...], answers: list[Answer]) -> str | None:
    """The known mistake that gives all these ``answers``, else what they amount to; nothing but
    errors tells of none."""
    if all(answer.error for answer in answers):
        return None
    right = [Answer(case.expected, args=case.args, warned=case.warned) for case in tried]
    pairs = sorted(  # where the answer is wrong, most mistakes are found not to be its own at once
        zip(tried, answers, right),
        key=lambda pair: _mistaken(pair[1], pair[2], exercise),
    )
    for sentence, variant in exercise.mistaken:
        call = calling(variant)
        made = _in_floats_too(call, partial(map, call))
        found = zip(pairs, made([case.args for case, _answer, _right in pairs]))
        if all(_mistaken(answer, mistake, exercise) for (_case, answer, _r), mistake in found):
            return sentence
    if exercise.judge:
        return None
    expected, args = [case.expected for case in tried], [case.args for case in tried]
    return amounts(answers, expected, args, exercise.rule)


def _mistaken(answer: Answer, mistake: Answer, exercise: Exercise) -> bool:
    overflows = bool(answer.warned) == bool(mistake.warned) or not exercise.overflow_free
    return overflows and _agree(answer, mistake, exercise)


def _agree(one: Answer, other: Answer, exercise: Exercise) -> bool:
    """Whether two calls came to the same: an error of the same type, or values within tolerance."""
    if one.error or other.error:
        return bool(one.error and other.error and one.error.type == other.error.type)
    rule = exercise.rule._replace(any_kind=True)
    return not difference(one.value, other.value, rule) and _unchanged(one.args, other.args)


def _unchanged(after: Any, before: Any) -> bool:
    """Whether two arguments are the same, but for the last bits: what adds h and subtracts it
    again has put its argument back. A random generator may be used."""
    if after is before or callable(before) or isinstance(before, np.random.Generator):
        return True
    if isinstance(before, dict):
        return isinstance(after, dict) and _unchanged(list(after.items()), list(before.items()))
    if isinstance(before, (tuple, list)):
        same = isinstance(after, (tuple, list)) and len(after) == len(before)
        return same and all(map(_unchanged, after, before))
    return difference(after, before, Rule(1e-12, 1e-12, any_kind=True)) is None
