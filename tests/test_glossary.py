"""The glossary: its terms are where it says; and the page of shapes: its formulas give its shapes."""

import re

import numpy as np
import pytest

from tests.support import ROOT
from tests.support.lessons import CHAPTERS, prose

HEADER = ["term", "what it is", "formula or shape", "chapter", "Keras", "PyTorch", "Spanish"]


def table(page: str) -> list[list[str]]:
    """The rows of every table of ``page``, their headers and rules too."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


TERMS = table("glossary.md")[2:]
IN_BOLD = {
    int(target.name[:2]): {
        re.sub(r"\s+", " ", bold).lower().rstrip(".:")
        for bold in re.findall(r"\*\*([^*]+?)\*\*", prose(target))
    }
    for target in CHAPTERS
}


def test_the_glossary_has_its_seven_columns_and_its_order():
    assert table("glossary.md")[0] == HEADER
    assert {len(row) for row in TERMS} == {len(HEADER)}
    terms = [row[0].strip("*").lower() for row in TERMS]
    assert len(terms) >= 120 and len(set(terms)) == len(terms)
    assert terms == sorted(terms)
    for term, meaning, _shape, _chapter, keras, torch, spanish in TERMS:
        assert re.fullmatch(r"\*\*.+\*\*", term)
        assert re.fullmatch(r"[^.]+(\.\.\. ?|\.\d)*[^.]*\.", meaning), f"one sentence: {meaning}"
        assert keras and torch and spanish, term


@pytest.mark.parametrize("row", TERMS, ids=[row[0].strip("*") for row in TERMS])
def test_a_term_is_first_bold_in_its_chapter(row):
    term = row[0].strip("*").lower()
    said = [number for number, bold in IN_BOLD.items() if bold & {term, f"{term}s"}]
    assert said, f"no lesson has **{term}**"
    assert said[0] == int(row[3])


def test_the_formulas_on_the_page_of_shapes_give_its_shapes():
    sizes = {"batch": 32, "inputs": 784, "neurons": 32, "classes": 10}
    rng = np.random.default_rng(0)
    given = {"x": (32, 784), "W": (784, 32), "b": (32,), "dy": (32, 32), "V": (32, 10)}
    names = {name: rng.normal(size=shape) * 0.01 for name, shape in given.items()}
    names |= {"np": np, "classes": 10, "labels": np.arange(32) % 10}
    checked = 0
    for row in table("shapes.md"):
        if len(row) == 5 and re.fullmatch(r"`\w+`", row[0]):
            name, formula = row[0].strip("`"), re.fullmatch(r"`(.*)`", row[2])
            names[name] = eval(formula[1], names) if formula else names[name]
            words = re.findall(r"\w+", row[3])
            assert names[name].shape == tuple(sizes[word] for word in words)
            assert row[4].replace(",)", ")") == str(names[name].shape).replace(",)", ")")
            checked += bool(formula)
    assert checked >= 9
    assert np.isclose(names["loss"], np.log(10), atol=0.1)
