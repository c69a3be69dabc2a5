"""What a learner reads: as text, as HTML, in another language."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from course_nn.checks import EXERCISES, panel
from course_nn.checks.engine import Error, calling, cases, evaluate
from course_nn.checks.panel import Panel
from course_nn.checks.store import Progress
from course_nn.i18n import set_language
from tests.support.pseudo import compile_catalogue, english

CENTRAL = EXERCISES["central_difference"]
CASES = cases(CENTRAL)
DENSE = EXERCISES["dense_backward"]


def shown(exercise, function):
    return panel.of_report(evaluate(exercise, calling(function)))


def central_difference(f, x, h):
    raise NotImplementedError()


PANELS = {
    "not attempted": lambda: shown(CENTRAL, central_difference),
    "passed": lambda: shown(CENTRAL, CENTRAL.reference),
    "known mistake": lambda: shown(CENTRAL, lambda f, x, h: (f(x + h) - f(x - h)) / 2),
    "array": lambda: shown(DENSE, lambda dy, x, W: (dy @ W.T, x.T @ dy + 1, dy.sum(axis=0))),
    "error": lambda: shown(CENTRAL, lambda f, x, h: f(x) / 0),
    "broken cell": lambda: panel.of_broken_cell(CENTRAL, Error("SyntaxError", "invalid syntax")),
    "hint": lambda: panel.of_hint(CENTRAL, 1),
    "all hints": lambda: panel.of_hint(CENTRAL, 3),
    "solution": lambda: panel.of_solution(
        CENTRAL, True, "def central_difference(f, x, h):\n    return 6"
    ),
    "no solution yet": lambda: panel.of_solution(CENTRAL, False, None),
    "no solution here": lambda: panel.of_solution(CENTRAL, True, None),
    "progress": lambda: panel.of_progress(
        {CENTRAL: Progress(1.0, 1, 0), DENSE: Progress(0.5, 2, 1)}
    ),
}
each_panel = pytest.mark.parametrize("made", PANELS.values(), ids=PANELS)


def test_the_three_outcomes_as_text():
    assert str(PANELS["not attempted"]()) == (
        "○ 1.2 The central difference: not attempted yet\n"
        "Write your answer in place of `raise NotImplementedError()`, run its cell, then this\n"
        "one."
    )
    assert str(PANELS["passed"]()).startswith(
        "✓ 1.2 The central difference: passed, 1 point\nRight in all "
    )
    assert str(PANELS["known mistake"]()).splitlines() == [
        "✗ 1.2 The central difference: not yet",
        "The run is 2 h, and you divide by 2 alone. Some articles print it that way.",
        "  called    central_difference(square, 3.0, 0.1)",
        "  got       0.6",
        "  expected  6.0",
        "  where     square(x) = x ** 2",
        f"Right in 1 of {len(CASES)} calls. `hint(central_difference)` gives a hint.",
    ]


def test_arrays_stand_under_each_other_and_the_entry_is_named():
    lines = str(PANELS["array"]()).splitlines()
    assert lines[1] == "dW[0, 0] is 4.0, and 3.0 is expected."
    start = lines.index("  got       dW = np.array([[4., 7.],")
    assert lines[start + 1] == "                           [5., 9.]])"
    assert lines[start + 2] == "  expected  dW = np.array([[3., 6.],"


def test_half_of_the_points_are_told():
    def spoils(dy, x, W):
        answer = DENSE.reference(dy, x, W)
        dy *= 0
        return answer

    text = str(shown(DENSE, spoils))
    assert "1.5 of 3 points: the values are right for all usual arguments." in text
    assert "Work on a copy, such as `dy.copy()`." in text


def test_an_example_stands_where_no_value_is_the_only_right_one():
    free = replace(CENTRAL, judge=lambda args, got: "Too small.")
    text = str(shown(free, lambda f, x, h: np.zeros_like(x) + 0.5))
    assert "Too small." in text and "  for example" in text and "expected" not in text


def test_progress_has_a_row_per_chapter_and_a_mark_per_exercise():
    text = str(PANELS["progress"]())
    assert text.startswith("→ Your progress: 2.5 of 4 points\nNext: 4.2 A dense layer, backward")
    assert re.search(r"^  1 Derivatives +✓  1 of 1  1 of 1 point$", text, re.MULTILINE)
    assert re.search(r"^  4 Backpropagation +◐  0 of 1  1.5 of 3 points$", text, re.MULTILINE)
    tried = panel.of_progress({CENTRAL: Progress(0.0, 1, 0), DENSE: Progress()})
    assert re.search(r"^  1 Derivatives +✗  0 of 1  0 of 1 point$", str(tried), re.MULTILINE)
    assert re.search(r"^  4 Backpropagation +○  0 of 1  0 of 3 points$", str(tried), re.MULTILINE)
    done = panel.of_progress({CENTRAL: Progress(1.0, 1, 0)})
    assert str(done).startswith("✓ Your progress: 1 of 1 point\nAll is done.")


class Words(HTMLParser):
    """The text of some HTML; fails where tags do not close."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text = [], ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + " "


def words(text):
    return set(re.findall(r"\w+", text))


@each_panel
def test_html_says_what_the_text_says(made):
    found = made()
    assert words(Words(found._repr_html_()).text) == words(str(found))


@each_panel
def test_a_mark_and_words_say_what_the_color_says(made):
    found = made()
    marked = str(found).splitlines()[0]
    assert marked[0] in panel.MARKS.values()
    status = {
        "passed": "passed|done",
        "failed": "not yet",
        "not attempted": "not attempted yet",
        "note": "",
    }
    assert re.search(status[found.kind], str(found))
    assert marked[0] in Words(found._repr_html_()).text


@each_panel
def test_the_notebook_gives_the_color_of_the_text(made):
    """So it can be read on white and on black; the color of the mark has contrast to both."""
    colors = set(re.findall(r"(?<![-\w])color: ([^;\"]+)", made()._repr_html_()))
    assert colors <= {"inherit", *panel.COLORS.values()}


@pytest.mark.parametrize("color", panel.COLORS.values())
@pytest.mark.parametrize("background", ["#ffffff", "#111111"])
def test_marks_have_contrast(color, background):
    """At least 3 to 1, as WCAG 2 asks of graphics."""

    def luminance(code):
        parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    light, dark = sorted([luminance(color), luminance(background)], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_markup_in_an_answer_stays_text():
    wrong = shown(CENTRAL, lambda f, x, h: "<script>alert(1)</script> `x`")
    assert "<script>" not in wrong._repr_html_()
    assert "&lt;script&gt;" in wrong._repr_html_()


def test_code_between_backticks_is_set_as_code():
    html = Panel("note", "Heading", ("Use `x < 1` here.",))._repr_html_()
    assert re.search(r"Use <code[^>]*>x &lt; 1</code> here\.", html)


def test_facts_are_markdown():
    assert panel.facts(DENSE) == "## 4.2 A dense layer, backward\n\n*20 minutes, hard, 3 points*"
    assert [panel.points(n) for n in (0, 0.5, 1, 2)] == [
        "0 points",
        "0.5 points",
        "1 point",
        "2 points",
    ]


def test_every_word_can_be_translated(tmp_path):
    compile_catalogue(tmp_path)
    set_language("xx", tmp_path)
    try:
        panels = {name: made() for name, made in PANELS.items()}
    finally:
        set_language("en")
    code = {"central_difference", "dense_backward", "SyntaxError", "invalid", "syntax"}
    for name, found in panels.items():
        prose = [found.heading, *found.sentences, found.footer, *(row[0] for row in found.rows)]
        left = {word for text in prose for word in english(re.sub(r"`[^`]*`", "", text))}
        assert not left - code, name
