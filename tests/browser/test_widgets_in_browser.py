"""The interactive figures in JupyterLab: wide and narrow, light and dark, used with keyboard and mouse.

A new one needs a line in ``WIDGETS``.
"""

import re
from typing import NamedTuple

import pytest

from tests.support.lab import PATIENCE

pytestmark = pytest.mark.slow


class Case(NamedTuple):
    cell: str  # the widget is its last expression
    press: str = ""  # this button before each control, so that there is something to change
    unseen: tuple[str, ...] = ()  # controls that change nothing in the picture until later


WIDGETS = {
    "secant": Case("from course_nn.widgets.derivatives import secant; secant()"),
    "descent": Case("from course_nn.widgets.descent import descent; descent()"),
    "neuron": Case(
        "from course_nn.widgets.neuron import neuron; neuron()",
        press="One step of descent",
        unseen=("learning rate",),
    ),
    "graph": Case("from course_nn.widgets.backpropagation import graph; graph()", press="Next"),
    "playground": Case(
        "from course_nn.widgets.playground import playground; playground()",
        press="Step",
        unseen=("learning rate",),
    ),
    "overfitting": Case(
        "from course_nn.widgets.overfitting import overfitting_dial; overfitting_dial()"
    ),
    "optimizers": Case(
        "from course_nn.widgets.optimizers import optimizers; optimizers()",
        unseen=("learning rate", "steps"),  # the next of both lists: SGD runs out of the valley
    ),
    "deep": Case("from course_nn.widgets.deep import layers; layers()"),
    "digit_pad": Case("from course_nn.widgets.pad import digit_pad; digit_pad()"),
}
WINDOWS = [(1600, "light"), (900, "dark")]
OTHER = {"light": "dark", "dark": "light"}

# The pixels of all pictures; null while one of them is being loaded.
LOOK = """root => {
    const pictures = [...root.querySelectorAll("img, canvas")];
    if (pictures.some(picture => picture.complete === false)) return null;
    return pictures.map(picture => {
        const canvas = document.createElement("canvas");
        canvas.width = picture.naturalWidth ?? picture.width;
        canvas.height = picture.naturalHeight ?? picture.height;
        canvas.getContext("2d").drawImage(picture, 0, 0);
        return canvas.toDataURL();
    }).join();
}"""

# What reaches beyond the output, and words that are cut off; a wide picture has a scroll bar.
CUT = """output => {
    const {left, right} = output.getBoundingClientRect();
    const parts = [...output.querySelectorAll("*:not(.wide img)")].filter(
        part => part.checkVisibility());
    const beyond = parts.filter(part => {
        const box = part.getBoundingClientRect();
        return box.width > 1 && (box.right > right + 1 || box.left < left - 1);
    });
    const short = parts.filter(part => part.clientWidth > 1 && part.innerText?.trim()
        && part.scrollWidth > part.clientWidth + 1);
    return [...beyond, ...short].map(part => part.outerHTML.slice(0, 200));
}"""

# What a control is called.
LABEL = """control => control.getAttribute("aria-label")
    || control.closest(".widget-inline-hbox")?.querySelector("label")?.textContent
    || control.textContent"""

FOCUSABLE = "select, button, input, [role=slider], canvas[tabindex]"
CONTROLS = [
    "button",
    "slider",
    "combobox",
    "checkbox",
    "radio",
    "spinbutton",
    "textbox",
    "img",
    "application",
]
NAMELESS = re.compile(rf"^\s*- ({'|'.join(CONTROLS)})(?! \")", re.MULTILINE)


class Widget:
    """A widget on a page: its notebook, and the element that holds it."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page
        notebook.run_all()
        self.root = notebook.output().locator(".course-nn")
        self.root.locator("img, canvas").first.wait_for()
        self.look()

    def look(self, before=None, moved=""):
        """The pixels of its pictures, once they are there and are not those of ``before``."""
        for _ in range(20 * PATIENCE):
            seen = self.root.evaluate(LOOK)
            if seen not in (None, before):
                return seen
            self.page.wait_for_timeout(50)
        raise AssertionError(f"after {moved or 'the last action'} the picture is what it was")

    def press(self, name):
        """Press a button, with the keyboard."""
        self.root.get_by_role("button", name=name, exact=True).press("Enter")

    def says(self, words):
        """Wait until a sentence below the figure has ``words``, and give the whole of it."""
        said = self.root.get_by_role("status").filter(has_text=words)
        said.wait_for()
        return said.text_content()

    def use_all(self, case):
        """Choose the next of each list, tick each box, move each slider: each changes the picture."""
        for control in self.root.locator("select, input[type=checkbox], [role=slider]").all():
            if not control.is_visible():
                continue
            if case.press:
                self.press(case.press)
            before = self.settled()
            if control.get_attribute("role") == "slider":
                at, end = (control.get_attribute(f"aria-value{of}") for of in ("now", "max"))
                control.press("ArrowLeft" if at == end else "ArrowRight")
            elif control.evaluate("control => control.tagName") == "SELECT":
                at, n = control.evaluate("it => [it.selectedIndex, it.options.length]")
                control.select_option(index=(at + 1) % n)
            else:
                control.press("Space")
            name = control.evaluate(LABEL)
            if name not in case.unseen:
                self.look(before, moved=name)
        for _ in range(3 if case.press else 0):
            self.press(case.press)

    def settled(self):
        """The pixels when the kernel has done what it was told, and the browser shows it."""
        self.notebook.settle()
        return self.look()

    def drag(self):
        """Drag across the picture: it changes."""
        before = self.settled()
        box = self.root.locator(".draggable img").bounding_box()
        points = [(0.25, 0.5), (0.35, 0.6)]
        start, end = (
            (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points
        )
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=10)
        self.page.mouse.up()
        self.look(before, moved="a drag")

    def tab_through(self):
        """The names of its controls, and in which order the Tab key reaches them."""
        controls = self.root.locator(FOCUSABLE)
        names = [control.evaluate(LABEL) for control in controls.all() if control.is_visible()]
        controls.first.focus()
        reached = []
        for _ in range(3 * len(names)):  # the numbers beside sliders are reached too
            at = self.page.locator(":focus")
            if at.and_(controls).count():
                reached.append(at.evaluate(LABEL))
            self.page.keyboard.press("Tab")
        return names, reached[: len(names)]

    def shoot(self, path):
        """Save what the cell shows."""
        self.page.mouse.move(0, 0)
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")  # of a change of theme
        self.notebook.settle()
        self.notebook.output().screenshot(path=path)


@pytest.fixture
def show(open_notebook):
    """Shows the widget of a name."""

    def shown(name, width=1600, theme="light"):
        return Widget(open_notebook([WIDGETS[name].cell], width, theme))

    return shown


@pytest.mark.sampled(11)
@pytest.mark.parametrize(("width", "theme"), WINDOWS)
@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_is_whole_and_each_control_moves_it(show, screenshots, name, width, theme):
    widget = show(name, width, theme)
    output = widget.notebook.output()
    widget.shoot(screenshots / f"{name}_{width}_{theme}_before.png")
    assert output.evaluate(CUT) == []
    assert NAMELESS.findall(widget.root.aria_snapshot()) == []
    there, reached = widget.tab_through()
    assert reached == there
    widget.use_all(WIDGETS[name])
    widget.shoot(screenshots / f"{name}_{width}_{theme}_used.png")
    assert output.evaluate(CUT) == []
    widget.page.emulate_media(color_scheme=OTHER[theme])
    light = str(theme == "dark").lower()
    widget.page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
    widget.shoot(screenshots / f"{name}_{width}_{OTHER[theme]}_used.png")
    if widget.root.locator(".draggable").count():
        widget.drag()
        widget.shoot(screenshots / f"{name}_{width}_dragged.png")
    for button in widget.root.get_by_role("button").all():
        button.press("Enter")
    widget.settled()
    assert widget.notebook.troubles() == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", WIDGETS)
def test_a_cell_that_runs_ten_times_leaves_nothing_behind(show, name):
    widget = show(name)
    counts = [
        "len(__import__('ipywidgets').widgets.widget._instances)",
        "len(__import__('asyncio').all_tasks())",
    ]
    before = [widget.notebook.ask(count) for count in counts]
    for _ in range(9):
        widget.notebook.run_again()
    assert [widget.notebook.ask(count) for count in counts] == before
    widget.look()
    assert widget.root.count() == 1
    assert widget.notebook.troubles() == []


# Live training


def test_training_starts_pauses_and_goes_one_step(show, screenshots):
    widget = show("playground")
    tasks = "len(__import__('asyncio').all_tasks())"
    at_rest = widget.notebook.ask(tasks)
    widget.press("Start")
    seen = widget.look()
    for _ in range(5):
        seen = widget.look(seen)
    widget.shoot(screenshots / "playground_training.png")
    widget.press("Pause")
    paused = epoch(widget)
    assert paused > 5
    seen = widget.settled()
    assert widget.notebook.ask(tasks) == at_rest
    assert widget.settled() == seen and epoch(widget) == paused
    widget.press("Step")
    assert epoch(widget, paused) == paused + 1
    widget.press("Start")
    widget.look(widget.look())
    widget.notebook.run_again()  # while it trains
    widget.says("The weights are random numbers")
    widget.settled()
    assert widget.notebook.ask(tasks) == at_rest
    assert widget.notebook.troubles() == []


def epoch(widget, other_than=None):
    """The number of epochs that it says it has trained for."""
    words = re.compile(rf"Epoch (?!{other_than}:)\d+:")
    return int(re.search(r"\d+", widget.says(words))[0])


# The pad

THREE = [(0.3, 0.2), (0.5, 0.12), (0.68, 0.25), (0.6, 0.42), (0.45, 0.48), (0.62, 0.54)]
THREE += [(0.7, 0.7), (0.55, 0.87), (0.3, 0.8)]
SEVEN = [(0.28, 0.18), (0.72, 0.18), (0.45, 0.85)]


def write(widget, points):
    box = widget.root.locator(".paper canvas").bounding_box()
    for number, (x, y) in enumerate(points):
        widget.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=10)
        if number == 0:
            widget.page.mouse.down()
    widget.page.mouse.up()


def test_the_pad_reads_what_the_mouse_writes(show, screenshots):
    pad = show("digit_pad")
    write(pad, THREE)
    pad.says("I see a 3")
    pad.shoot(screenshots / "digit_pad_three.png")
    pad.root.get_by_role("button", name="Clear").click()
    pad.says("Nothing written yet")
    write(pad, SEVEN)
    pad.says("I see a 7")
    pad.shoot(screenshots / "digit_pad_seven.png")
    assert pad.notebook.troubles() == []


def test_the_pad_reads_what_the_keys_write(show, screenshots):
    pad = show("digit_pad", 900, "dark")
    paper = pad.root.get_by_role("application")
    paper.focus()
    for key in ["ArrowLeft"] * 7 + ["Space"] + ["ArrowRight"] * 16:
        paper.press(key)
    for key in ["ArrowDown", "ArrowDown", "ArrowLeft"] * 11:
        paper.press(key)
    paper.press("Space")
    pad.says("I see a 7")
    pad.shoot(screenshots / "digit_pad_keys.png")
    paper.press("Delete")
    pad.says("Nothing written yet")
    assert pad.notebook.troubles() == []


BUSY = """
import pathlib, time
while not pathlib.Path("go_on").exists():
    time.sleep(0.05)
"""


def test_strokes_are_kept_while_the_kernel_is_busy(show, lab):
    pad = show("digit_pad")
    pad.notebook.tell(BUSY)
    write(pad, THREE)
    (lab.root / "made" / "go_on").touch()
    pad.says("I see a 3")
    assert pad.notebook.troubles() == []
