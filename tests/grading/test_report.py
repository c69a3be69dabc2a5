"""The first sentences of the report: what to do tomorrow, with an example that names nobody."""

import re

import pytest

from course_nn.checks import EXERCISES, panel
from course_nn.checks.engine import calling, evaluate
from course_nn.checks.panel import Panel
from course_nn.grading import example
from course_nn.grading.results import Mark, Result
from course_nn.grading.standing import NO_RULES, Adjustment, Rules
from course_nn.grading.summary import Summary

CHAPTER = [exercise for exercise in EXERCISES.values() if exercise.chapter == 1]
FIRST, SECOND = CHAPTER[:2]


def made(exercise, answer):
    report = evaluate(exercise, calling(answer), seed=1)
    shown = panel.of_report(report)
    return Mark(exercise.name, report.status, report.points, shown, report.diagnosis or "")


def page(*of_students, code=None):
    """The page of students, each with these marks."""
    summary = Summary(CHAPTER)
    for number, marks in enumerate(of_students):
        result = Result(f"student {number}", "ok", marks=tuple(marks))
        summary.add(NO_RULES.of(result, CHAPTER))
    return summary.page("en", code) if code else summary.page("en")


def mistake(exercise, which=0):
    diagnosis = list(exercise.mistakes)[which]
    return diagnosis, made(exercise, exercise.mistakes[diagnosis])


@pytest.fixture
def class_():
    _rare, once = mistake(FIRST)
    often, twice = mistake(SECOND)
    right = made(SECOND, SECOND.reference)
    return often, ([once, twice], [twice], [right])


def test_the_report_begins_with_the_most_frequent_mistake(class_):
    often, students = class_
    text = page(*students, code=lambda students, name: f"{'+'.join(students)} < {name}")
    began = text.index("</h1>")
    first = text[began : text.index("</pre>")]
    assert f"Begin with {SECOND.number} " in first
    assert "2 of 3 who tried it have made the same mistake." in first
    words = first.replace("&#x27;", "'").replace("&quot;", '"').replace("&lt;", "<")
    assert f"Their pages say: “{often}”" in words
    assert "Put to the room: what does this code, of one of them, give for the call" in first
    assert f"{SECOND.name}(" in first.partition("<pre>")[2]  # the call
    assert f"student 0+student 1 &lt; {SECOND.name}" in first  # escaped
    assert began < text.index("Mean ")


def test_without_code_the_question_stands_alone_and_without_a_mistake_nothing_does(class_):
    _often, students = class_
    text = page(*students)
    assert "what does this mistake make of the call below" in text
    text = page([made(FIRST, FIRST.reference)])
    assert "Begin with" not in text and "Put to the room" not in text


def test_one_alone():
    _diagnosis, once = mistake(FIRST)
    assert "1 of 1 who tried it has made one mistake that is known." in page([once])


def test_what_follows_from_another_is_no_hard_exercise():
    _diagnosis, wrong = mistake(FIRST)
    follows = Mark(SECOND.name, "consequence", SECOND.points / 2, Panel("failed", "not yet"))
    summary = Summary(CHAPTER)
    summary.add(NO_RULES.of(Result("ana", "ok", marks=(wrong, follows)), CHAPTER))
    assert summary.shares[SECOND.name] == [0, 0, 0, 0] and sum(summary.shares[FIRST.name]) == 1
    assert summary.totals == [SECOND.points / 2]
    summary.add(NO_RULES.of(Result("ben", "ok", marks=(made(FIRST, FIRST.reference),)), CHAPTER))
    hardest = re.search(r"the hardest first\. ([^\"]*)", summary.page("en"))[1]
    assert SECOND.number not in hardest and hardest.startswith(FIRST.number)
    assert "1 answer fails for one to another exercise" in summary.page("en")


def order(text):
    """The exercises in the picture of the hardest, and in the table below it."""
    shown = re.search(r"the hardest first\. ([^\"]*)", text)
    listed = re.findall(r"<tr><td>(\d\.\d)[^<]*</td><td class=\"n\">", text)
    return re.findall(r"(\d\.\d) [^:]*: \d+ %", shown[1]) if shown else [], listed


def judged(exercise, share):
    status = "passed" if share == 1 else "failed"
    return Mark(exercise.name, status, share * exercise.points, Panel(status, ""))


def untried(exercise):
    return Mark(exercise.name, "not attempted", 0, Panel("not attempted", ""))


def test_what_nobody_tried_is_no_hard_exercise():
    third, fourth, *others = CHAPTER[2:]
    rest = [untried(exercise) for exercise in others]
    students = [
        [
            judged(FIRST, 1),
            judged(SECOND, n < 3),
            judged(third, n < 3 or 0.5),
            untried(fourth),
            *rest,
        ]
        for n in range(10)
    ]
    text = page(*students)
    shown, listed = order(text)
    assert shown == [SECOND.number, third.number, FIRST.number]
    untouched = [fourth.number, *(exercise.number for exercise in others)]
    assert listed == [*shown, *untouched]
    assert order(page([untried(exercise) for exercise in CHAPTER]))[0] == []


def test_who_does_not_get_that_far_makes_no_exercise_hard():
    """What three of ten tried and all three can do is easier than what seven of ten can."""
    students = [
        [judged(FIRST, n < 7), judged(SECOND, 1) if n < 3 else untried(SECOND)] for n in range(10)
    ]
    assert order(page(*students))[0] == [FIRST.number, SECOND.number]
    students[0][1] = judged(SECOND, 0)
    assert order(page(*students))[0] == [SECOND.number, FIRST.number]
    students = [[judged(FIRST, n < 1), untried(SECOND)] for n in range(10)]
    students[0][1] = judged(SECOND, 0)  # one alone
    assert order(page(*students))[0] == [FIRST.number, SECOND.number]


def test_what_is_left_out_or_excused_is_no_hard_exercise():
    rules = Rules((Adjustment("ben", SECOND.name, excused=True),), {FIRST.name: 0})
    _diagnosis, wrong = mistake(FIRST)
    summary = Summary(CHAPTER, rules)
    for student in ("ana", "ben"):
        marks = (wrong, judged(SECOND, student == "ana"))
        summary.add(rules.of(Result(student, "ok", marks=marks), CHAPTER))
    text = summary.page("en")
    assert order(text)[0] == [SECOND.number] and f"{SECOND.number} " in text
    assert "100 % passed" in text and "Begin with" not in text
    assert FIRST.number not in order(text)[1]


ANSWER = '''
# Ana García wrote this
def forward_difference(f, x, h):
    """By Ana García."""
    # 4711-0815
    name = "Ana García, a long text"
    return (f(x + h) - f(x)) / h
'''


@pytest.mark.parametrize(
    "own", ["ana", "result_garcia", "anaResult", "garciaAna2", "x = 'García'", "s0815321"]
)
def test_no_name_is_in_the_example(own):
    people = ["García, Ana_0815321", "Max Sum", "ana_2"]
    text = example.anonymous([ANSWER], FIRST.name, people)
    assert "return (f(x + h) - f(x)) / h" in text
    assert not re.search(r"(?i)ana|garc|0815|#|By", text)
    telling = f"def {FIRST.name}(f, x, h):\n    {own}\n    return 1"
    assert example.anonymous([telling], FIRST.name, people) == ""
    assert example.anonymous([telling, ANSWER], FIRST.name, people) == text


def test_words_of_numpy_are_no_names():
    source = f"def {FIRST.name}(f, x, h):\n    return np.max(np.sum(x))"
    assert example.anonymous([source], FIRST.name, ["Max Sum"]) == source


def test_the_example_is_short():
    source = f"def {FIRST.name}(f, x, h):\n" + "    x = x + 1\n" * 50 + "    return x"
    lines = example.anonymous([source], FIRST.name, []).split("\n")
    assert len(lines) == example.LINES + 1 and lines[-1] == "    ..."
    assert example.anonymous(["def (", "x = 1"], FIRST.name, []) == ""
    assert example.anonymous([f"{FIRST.name} = lambda f, x, h: 0"], FIRST.name, []) != ""
