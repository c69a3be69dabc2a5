"""The pages: what is in them, that they are small, and that nothing in them does anything."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from course_nn.chapters import CHAPTERS
from course_nn.checks import EXERCISES, panel
from course_nn.checks.engine import NOT_ATTEMPTED, Report, calling, evaluate
from course_nn.checks.panel import Panel
from course_nn.grading import feedback
from course_nn.grading.results import Mark, Result, shortened
from course_nn.grading.standing import NO_RULES
from course_nn.grading.summary import Summary
from course_nn.i18n import set_language
from course_nn.plots import grading as plots
from tests.support.pseudo import compile_catalogue, english

CHAPTER = [exercise for exercise in EXERCISES.values() if exercise.chapter == 1]
HOSTILE = (
    "</pre></style><script>alert(1)</script><img src=x onerror=\"a()\" style='b'>&amp;\u202e\x00"
)


def page(result, exercises, language="en"):
    return feedback.page(NO_RULES.of(result, exercises), exercises, language)


def mark(exercise, answer):
    report = evaluate(exercise, calling(answer), seed=123456789123)
    shown = panel.of_report(report)
    return Mark(exercise.name, report.status, report.points, shown, report.diagnosis or "")


def mistaken(exercise):
    return mark(exercise, next(iter(exercise.mistakes.values())))


def fault(exercise, status, message):
    return Mark(exercise.name, status, 0.0, Panel("failed", "heading", (message,)))


def untouched(exercise):
    return Mark(exercise.name, NOT_ATTEMPTED, 0.0, panel.of_report(Report(exercise, NOT_ATTEMPTED)))


class Reader(HTMLParser):
    """The tags, their attributes and the text of a page; fails where a tag is not closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.said, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.said.append(data)

    @property
    def text(self):
        return " ".join("".join(self.said).split())


@pytest.fixture
def four():
    """An answer that is right, one that is a known mistake, one that hangs, one not there."""
    marks = (
        mark(CHAPTER[0], CHAPTER[0].reference),
        mistaken(CHAPTER[1]),
        fault(CHAPTER[2], "timeout", "It was stopped after 10 seconds."),
        untouched(CHAPTER[3]),
    )
    return Result("Ana Gómez", "timeout", "1 (bubblewrap)", 123456789123, marks, ("A note.",))


def test_each_exercise_has_its_status_points_and_diagnosis(four):
    text = Reader(page(four, CHAPTER)).text
    assert "Ana Gómez" in text and "1 of 14 points" in text and "A note." in text
    for said in [
        "Passed: 1 of 1 point",
        "Not yet: 0 of 1 point",
        "Out of time: 0 of 2 points",
        "It was stopped after 10 seconds.",
        "Not attempted yet: 0 of 2 points",
    ]:
        assert said in text, said
    diagnosis = next(iter(CHAPTER[1].mistakes))
    assert diagnosis.replace("`", "") in text
    assert re.search(r"called\s*central_difference\(square", text), text


def test_the_first_hint_is_given_where_the_answer_is_wrong_alone(four):
    text = Reader(page(four, CHAPTER)).text
    hints = [exercise.hints[0].replace("`", "") in text for exercise in CHAPTER[:4]]
    assert hints == [False, True, False, False]
    assert CHAPTER[1].hints[1].replace("`", "") not in text


def test_neither_the_seed_nor_another_input_is_told(four):
    text = page(four, CHAPTER)
    assert "123456789123" not in text and "rng" not in text and "lambda" not in text
    assert text.count("central_difference(") == 1  # the call


def test_what_was_handed_in_does_nothing_in_the_page():
    marks = (mark(CHAPTER[0], lambda f, x, h: HOSTILE), fault(CHAPTER[1], "error", HOSTILE))
    hostile = Result(HOSTILE, "error", HOSTILE, 1, marks, (HOSTILE,))
    summary = Summary(CHAPTER)
    summary.add(NO_RULES.of(hostile, CHAPTER))
    for text in (page(hostile, CHAPTER), summary.page()):
        reader = Reader(text)
        assert "script" not in reader.tags and "link" not in reader.tags
        assert not {"\u202e", "\x00"} & set(text)
        for tag, name, value in reader.attributes:
            assert not name.startswith("on") and name != "style"
            if name in ("src", "href"):
                assert value.startswith(("data:image/png;base64,", "#", "feedback/%3C%2F"))
    assert "<script>alert(1)</script>" in Reader(page(hostile, CHAPTER)).text


def test_a_browser_is_told_to_load_and_run_nothing_else(four):
    summary = Summary(CHAPTER)
    summary.add(NO_RULES.of(four, CHAPTER))
    for text in (page(four, CHAPTER), summary.page()):
        css = re.search("<style>(.*?)</style>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
        policy = re.search('Content-Security-Policy" content="(.*?)"', text)[1]
        assert policy.startswith("default-src 'none'; ") and f"'sha256-{digest}'" in policy
        assert "unsafe" not in policy and "http" not in re.sub("http-equiv", "", text)


def test_a_page_can_be_read_aloud_and_found_its_way_in(four):
    text = page(four, CHAPTER, "es")
    reader = Reader(text)
    assert ("html", "lang", "es") in reader.attributes
    assert "<title>Ana Gómez: feedback</title>" in text
    assert [tag for tag in reader.tags if tag[0] == "h" and tag[1:].isdigit()] == [
        "h1",
        "h2",
        *["h3"] * 4,
    ]
    targets = {value for _, name, value in reader.attributes if name == "id"}
    links = {value[1:] for _, name, value in reader.attributes if name == "href"}
    assert links == targets == {"1.1", "1.2", "1.3", "1.4"}


@pytest.mark.parametrize(
    "exercises", [CHAPTER, list(EXERCISES.values())], ids=["chapter", "course"]
)
@pytest.mark.parametrize("letter", ["<", "x", "🙂", '"'])
def test_a_page_is_small_whatever_was_handed_in(exercises, letter):
    long = Panel("failed", "heading", (letter * 50_000,), (("got", letter * 50_000),) * 5, "end")
    marks = tuple(Mark(exercise.name, "failed", 0.0, long) for exercise in exercises)
    notes = (letter * 5000,) * 100
    text = page(Result(letter * 60, "ok", "", 1, marks, notes), exercises)
    assert len(text.encode()) < 40_000
    assert "Shortened" in text
    Reader(text)


def test_a_chapter_of_wrong_answers_fits_unshortened():
    for chapter in CHAPTERS:
        exercises = [exercise for exercise in EXERCISES.values() if exercise.chapter == chapter]
        text = page(Result("ana", "ok", "", 1, tuple(map(mistaken, exercises))), exercises)
        assert len(text.encode()) < 30_000
        assert "Shortened" not in text
        assert text.count("A hint") == len(exercises)


def test_what_is_short_stays_and_what_is_long_is_cut():
    shown = Panel(
        "failed", "heading", ("short",), (("got", "x" * 500), ("expected", "[1, 2]")), "end"
    )
    assert shortened(shown, 600) is shown
    cut = shortened(shown, 400)
    assert cut.sentences == ("short",) and cut.rows[1] == ("expected", "[1, 2]")
    assert cut.rows[0][1].endswith("x …") and 350 < len(cut.rows[0][1]) < 400
    assert cut.footer == "Shortened, to fit on the page."
    short = shortened(shown, 200)
    assert (short.sentences, short.rows, short.footer) == (("short",), (), cut.footer)
    assert shortened(shown, 0).sentences == () and shortened(shown, 0).heading == "heading"


@pytest.mark.parametrize("status", ["unreadable", "refused", "internal error", "not graded"])
def test_who_was_not_graded_is_told_why(status):
    marks = (untouched(CHAPTER[0]),) if status == "unreadable" else ()
    text = Reader(page(Result("ana", status, marks=marks), CHAPTER)).text
    assert "0 of 14 points" in text and "1.1" not in text
    fault_of_theirs = status == "unreadable"
    assert ("could not be read" in text) == fault_of_theirs
    assert ("no fault of yours" in text) != fault_of_theirs


# The class


@pytest.fixture
def summary(four):
    summary = Summary(CHAPTER)
    summary.add(NO_RULES.of(four, CHAPTER))
    summary.add(
        NO_RULES.of(
            Result("ben/ö", "ok", "", 1, (mistaken(CHAPTER[1]), mistaken(CHAPTER[0]))), CHAPTER
        )
    )
    summary.add(NO_RULES.of(Result("zoe", "unreadable", notes=("It is a picture.",)), CHAPTER))
    return summary


def test_the_summary_counts(summary):
    assert summary.totals == [1.0, 0.0]
    assert summary.shares[CHAPTER[0].name] == [1, 0, 1, 0]
    assert summary.shares[CHAPTER[1].name] == [0, 0, 2, 0]
    assert summary.shares[CHAPTER[2].name] == [0, 0, 1, 0]
    assert summary.shares[CHAPTER[3].name] == [0, 0, 0, 1]
    diagnosis = next(iter(CHAPTER[1].mistakes))
    assert summary.mistakes.most_common(1) == [((CHAPTER[1].name, diagnosis), 2)]
    assert summary.faults == {"timeout": 1, "unreadable": 1}
    assert summary.lines() == [
        "students    3",
        "mean        0.5 of 14 points",
        "left out    unreadable 1",
        "not judged  out of time 1, unreadable 1",
    ]


def test_the_summary_links_to_every_page_and_shows_three_pictures(summary):
    text = summary.page("en")
    reader = Reader(text)
    links = [value for _, name, value in reader.attributes if name == "href"]
    assert links == [
        "feedback/Ana%20G%C3%B3mez.html",
        "feedback/ben%2F%C3%B6.html",
        "feedback/zoe.html",
    ]
    pictures = [value for tag, name, value in reader.attributes if (tag, name) == ("img", "alt")]
    assert len(pictures) == 3 and all(pictures)
    assert "Mean 0.5, median 0.5, of 14 points" in reader.text and "It is a picture." in reader.text


def test_a_summary_of_nobody_graded_has_no_pictures():
    summary = Summary(CHAPTER)
    summary.add(NO_RULES.of(Result("zoe", "unreadable"), CHAPTER))
    assert "img" not in Reader(summary.page()).tags
    assert summary.lines() == [
        "students    1",
        "left out    unreadable 1",
        "not judged  unreadable 1",
    ]


def test_the_summary_does_not_depend_on_what_came_first(four):
    texts = set()
    others = [four, Result("ben", "ok", "", 1, (mistaken(CHAPTER[0]),))]
    for results in (others, others):
        summary = Summary(CHAPTER)
        for result in results:
            summary.add(NO_RULES.of(result, CHAPTER))
        texts.add(summary.page())
    assert len(texts) == 1


def test_all_words_are_translated(tmp_path):
    compile_catalogue(tmp_path)
    set_language("xx", tmp_path)
    try:
        marks = (
            mistaken(CHAPTER[0]),
            mark(CHAPTER[1], CHAPTER[1].reference),
            untouched(CHAPTER[2]),
        )
        result = Result("1", "ok", "", 1, (*marks, fault(CHAPTER[3], "died", "")))
        summary = Summary(CHAPTER)
        summary.add(NO_RULES.of(result, CHAPTER))
        texts = [Reader(page(result, CHAPTER, "xx")).text, Reader(summary.page("xx")).text]
    finally:
        set_language("en")
    code = {word for exercise in CHAPTER for word in re.findall("[A-Za-z]+", exercise.name)}
    allowed = code | {"square", "got", "hint", "lambda"}
    assert [english(text) - allowed for text in texts] == [set(), set()]


# The pictures


def test_a_picture_says_in_words_what_it_shows():
    spread = plots.distribution([2, 4, 9], 10)
    assert "3 students, from 0 to 10. The median is 4, the lowest 2, the highest 9." in spread.alt
    assert spread.axes[0].get_title(loc="left") == "Half of the class has 4 points or more"
    shares = {"1.1 A": [1, 1, 1, 1], "1.2 B": [3, 0, 1, 0]}
    assert plots.hardest(shares).alt.endswith("1.1 A: 25 % passed. 1.2 B: 75 % passed.")
    assert plots.mistakes({"The sign.": 3, "The mean.": 1}).alt.endswith(
        "The sign. 3. The mean. 1."
    )


def test_the_bars_are_as_long_as_the_shares():
    axes = plots.hardest({"1.1 A": [1, 1, 2, 0], "1.2 B": [8, 0, 0, 0]}).axes[0]
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert widths == [[25, 100], [25, 0], [50, 0], [0, 0]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1.1 A", "1.2 B"]
    bars = plots.distribution([0, 1, 9.5, 10, 10], 10).axes[0].patches
    assert [bar.get_height() for bar in bars] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 3]


def test_pictures_of_next_to_nothing_can_be_drawn():
    for picture in (
        plots.distribution([0], 0),
        plots.hardest({"1.1 $A": [0, 0, 0, 0]}),
        plots.mistakes({"It costs 1 $ or 2 $, " * 9: 1}),
    ):
        assert picture.png(30)
