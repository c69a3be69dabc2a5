"""What all pictures have in common; and each lesson drawn once in a language that nobody speaks."""

import ast
import importlib
import inspect
import itertools
import struct
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import course_nn
from authoring import sources as lessons
from course_nn.i18n import set_language
from course_nn.models import Sequential
from course_nn.plots import BLACK, BLUE, CYCLE, GRAY, GREEN, ORANGE, PURPLE, Picture, canvas, styled
from tests.support.lessons import TARGETS
from tests.support.pseudo import compile_catalogue, english

# One picture


@styled
def line() -> Picture:
    picture, axes = canvas(alt="A line that rises & <bends>.", width=6, height=3)
    axes.plot([0, 1, 3])
    axes.set(xlabel="x", ylabel="f(x)", title="Up")
    return picture


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


def test_a_picture_is_a_png_of_the_size_and_resolution_asked_for():
    assert size(line().png()) == (6 * 144, 3 * 144)
    assert size(line().png(dpi=50)) == (300, 150)


def test_the_same_picture_has_the_same_bytes_and_does_not_name_its_maker():
    assert line().png() == line().png()
    assert b"Software" not in line().png()


def test_a_notebook_gets_the_png_its_size_on_the_page_and_its_words():
    data, metadata = line()._repr_mimebundle_()
    assert set(data) == {"image/png", "text/plain"}
    assert data["text/plain"] == "A line that rises & <bends>."
    assert metadata["image/png"] == {
        "width": 576,
        "height": 288,
        "alt": "A line that rises & <bends>.",
    }


def test_a_notebook_shows_the_picture_once_and_says_its_words_to_a_screen_reader():
    InteractiveShell.instance()
    with capture_output() as shown:
        line()._ipython_display_()
    picture, words = shown.outputs
    assert "image/png" in picture.data
    assert set(words.data) == {"text/html"}
    assert ">A line that rises &amp; &lt;bends&gt;.</div>" in words.data["text/html"]
    assert "overflow: hidden" in words.data["text/html"]


def test_the_style_ends_with_the_function_and_pyplot_is_not_needed():
    import matplotlib

    before = dict(matplotlib.rcParams)
    spines = line().axes[0].spines
    assert not spines["top"].get_visible() and not spines["right"].get_visible()
    assert dict(matplotlib.rcParams) == before


def test_canvas_gives_a_grid_of_axes():
    picture, axes = canvas(2, 3, alt="Six empty plots, side by side.", sharex=True)
    assert axes.shape == (2, 3) and len(picture.axes) == 6


# Colors, as readers with each kind of color vision see them: Machado, Oliveira and Fernandes (2009)

VISION = {
    "all cones": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color: str) -> np.ndarray:
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB: equal distances look equally different."""
    x, y, z = np.cbrt(np.clip(TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1), 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
def test_the_colors_of_lines_are_told_apart_with_any_color_vision(vision):
    seen = [lab(np.array(VISION[vision]) @ linear(color)) for color in CYCLE]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > 15  # 2 is the least that a trained eye sees


@pytest.mark.parametrize("color", [BLACK, BLUE, ORANGE, GREEN, PURPLE, GRAY])
def test_the_colors_of_text_and_thin_lines_stand_out_from_paper(color):
    luminance = TO_XYZ[1] @ linear(color)
    assert 1.05 / (luminance + 0.05) >= 3  # WCAG 2.2, 1.4.11, for graphics


# Every picture of every lesson

PACKAGE = Path(course_nn.__file__).parent


def test_every_picture_belongs_to_a_lesson_or_to_the_teachers_pages():
    sources = [*(target.source for target in TARGETS), *(PACKAGE / "widgets").glob("*.py")]
    sources.append(PACKAGE / "grading" / "summary.py")
    lessons = "".join(path.read_text(encoding="utf-8") for path in sources)
    for path in (PACKAGE / "plots").glob("[a-z]*.py"):
        module = importlib.import_module(f"course_nn.plots.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if (
                inspect.signature(function).return_annotation is Picture
                and function.__module__ == module.__name__
            ):
                assert f"{name}(" in lessons, f"nothing shows {path.stem}.{name}"


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Every picture made from now on, in a foreign language, and by which function."""
    made = []
    begin = Picture.__init__

    def remember(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        frame, maker = sys._getframe(), "nobody"
        while frame:  # the outermost function of these modules is the one that the lesson called
            name = str(frame.f_globals.get("__name__"))
            if name.startswith(("course_nn.plots.", "course_nn.widgets.")):
                maker = f"{name.rpartition('.')[2]}.{frame.f_code.co_name}"
            frame = frame.f_back
        made.append((maker, self))

    monkeypatch.setattr(Picture, "__init__", remember)
    compile_catalogue(tmp_path)
    set_language("xx", tmp_path)
    yield made
    set_language("en")


@pytest.fixture
def short_training(monkeypatch):
    """Models train on a few rows only: what they say is wrong then, and drawn all the same."""
    fit = Sequential.fit
    monkeypatch.setattr(
        Sequential, "fit", lambda model, x, y, *a, **b: fit(model, x[:2000], y[:2000], *a, **b)
    )


@pytest.mark.slow
@pytest.mark.sampled(5)
@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_every_picture_of_a_lesson_is_translated_described_and_whole(
    target, pictures, short_training, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    cells = [cell for cell in lessons.assemble(target).cells if cell.cell_type == "code"]
    own = set().union(
        *(words_of_strings(cell.source) for cell in cells)
    )  # all languages share the code
    names: dict = {"__name__": "__main__"}
    faults = []
    for cell in cells:
        tree = ast.parse(cell.source, lessons.first_line(cell))
        tree = ast.fix_missing_locations(WithoutAsserts().visit(tree))
        try:
            exec(compile(tree, lessons.first_line(cell), "exec"), names)
        except Exception as error:
            assert "raises-exception" in cell.metadata.get("tags", []), traceback.format_exc()
            if Path(traceback.extract_tb(error.__traceback__)[-1].filename).is_relative_to(PACKAGE):
                faults += [f"an error in English: {error}"] if english(str(error)) - own else []
    for maker, picture in pictures:
        picture.png()
        texts = {text.get_text() for text in picture.findobj(Text)} | {picture.alt}
        faults += [f"{maker}: in English: {text}" for text in texts if english(text) - own]
        faults += [f"{maker}: no alternative text"] if len(picture.alt) < 20 else []
        frame = picture.bbox_inches.padded(0.1)  # for the brackets
        needed = picture.get_tightbbox()
        if frame.count_contains([needed.min, needed.max]) < 2:
            faults.append(f"{maker}: cut off: {needed} in {frame}")
    assert not faults, "\n".join(faults)


class WithoutAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()


def words_of_strings(code: str) -> set[str]:
    constants = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    return {word for text in constants if isinstance(text, str) for word in english(text)}
