"""What there is to translate, and notebooks made of translations."""

import re

import polib
import pytest

from authoring import build, proofs, sources, translation
from tests.support.pseudo import doubled, fill

CODE = """# Why this is
# done, in two lines
print(f"{n} steps: {loss:.2f}", end="")  # told at the end
axes.set(title="Loss", xlabel="x")  # noqa: E501
names = {"relu": "two words", "W1": b"not text"}
assert names["relu"] == 'two words', f"{names['relu']} is not it"
### BEGIN SOLUTION
"""
LESSON = """# 9. Nine

First words, with a [link](10_ten.ipynb) and [one](../docs/checks.md) more.

```python
x = 9  # a number
```


More words.

```python
print(f"x is {x}")
```
"""


# Words in code


def test_comments_and_what_people_read_in_code_is_offered():
    offered = [found.text for found in translation.words(CODE) if found.offered]
    assert offered == [
        "Why this is\ndone, in two lines",
        "{n} steps: {loss:.2f}",
        "told at the end",
        "Loss",
        "two words",
        "two words",
        "{names['relu']} is not it",
    ]
    others = [found.text for found in translation.words(CODE) if not found.offered]
    assert others == ["", "x", "relu", "W1", "relu"]


def test_translated_words_stand_where_the_others_stood():
    entries = {
        "Why this is\ndone, in two lines": "Por qué",
        "{n} steps: {loss:.2f}": "pérdida {loss:.2f} tras {n} pasos",
        "Loss": "Pérdida",
        "two words": "dos palabras",
        "relu": "ReLU",  # added by a translator: whatever is equal is translated
    }
    assert (
        translation.in_words(CODE, entries)
        == """# Por qué
print(f"pérdida {loss:.2f} tras {n} pasos", end="")  # told at the end
axes.set(title="Pérdida", xlabel="x")  # noqa: E501
names = {"ReLU": "dos palabras", "W1": b"not text"}
assert names["ReLU"] == 'dos palabras', f"{names['relu']} is not it"
### BEGIN SOLUTION
"""
    )


@pytest.mark.parametrize(
    "wrong",
    ["{n} pasos", "{n} {loss:.3f}", "{n} {loss:.2f} {x}", '{n} "{loss:.2f}"', "{n} {loss:.2f"],
)
def test_a_translation_that_changes_the_program_is_refused(wrong):
    with pytest.raises(ValueError, match="another program"):
        translation.in_words(CODE, {"{n} steps: {loss:.2f}": wrong})


def test_a_comment_may_have_any_number_of_lines():
    code = "def f():\n    # one line\n    return 1\n"
    assert translation.in_words(code, {"one line": "una\ndos"}) == (
        "def f():\n    # una\n    # dos\n    return 1\n"
    )


# Prose


TEXT = "## At 60,000 images\n\nSee `x`, $x^2$ and [this](01_a.ipynb) or [that](https://a.org/en)."


def test_a_faithful_translation_passes():
    spanish = (
        "## Con 60\u202f000 imágenes\n\n$x^2$ y `x`: [esto](01_a.ipynb), [eso](https://a.org/es)."
    )
    assert translation.difference(TEXT, spanish) == ""


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("60,000", "6,000"), "lacks the number 60000, it adds the number 6000"),
        (("`x`, ", ""), "lacks the code `x`"),
        (("x^2", "x^3"), r"lacks the formula \$x\^2\$, it adds the formula \$x\^3\$"),
        (("01_a", "02_a"), "lacks the link 01_a.ipynb"),
        ((" or [that](https://a.org/en)", ""), "lacks the link to another site"),
        (("## ", "### "), "headings are of other levels"),
        (("See", "<b>See"), "adds the tag <b"),
    ],
)
def test_what_a_translation_lost_is_named(change, complaint):
    assert re.search(complaint, translation.difference(TEXT, TEXT.replace(*change)))


@pytest.mark.parametrize(
    "source",
    sorted(sources.LESSONS.glob("*/*s*.md")),
    ids=lambda path: f"{path.parent.name} {path.stem}",
)
def test_every_text_of_the_course_can_be_translated(source, tmp_path):
    if source.stem == "teaching":
        pytest.skip("not a notebook")
    catalogue = tmp_path / "xx.po"
    translation.renew(catalogue, "xx", translation.of_source(source))
    assert translation.coverage(catalogue, translation.of_source(source)).done == 0
    fill(catalogue)
    every = translation.coverage(catalogue, translation.of_source(source))
    assert every.done == every.all > 0
    ours, theirs = sources.read(source).cells, sources.read(source).cells
    translation.translate(theirs, catalogue, "xx")
    assert theirs.pop(1).source == 'import course_nn\n\ncourse_nn.set_language("xx")'
    for cell, translated in zip(ours, theirs, strict=True):
        if cell.cell_type == "markdown":
            assert translated.source == doubled(cell.source)
        elif any(found.offered for found in translation.words(cell.source)):
            assert translated.source != cell.source


# A language as its translator meets it


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Two chapters, 9 and 10, in English, and a package that speaks nothing else."""
    for name in ("LESSONS", "NOTEBOOKS", "EXERCISES", "ANSWERS"):
        monkeypatch.setattr(sources, name, tmp_path / name.lower())
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    for name, text in (("09_nine", LESSON), ("10_ten", "# 10. Ten\n\nWords.\n")):
        folder = tmp_path / "lessons" / name
        folder.mkdir(parents=True)
        (folder / "lesson.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(translation, "LOCALE_DIR", tmp_path / "locale")
    monkeypatch.setattr(translation, "of_package", lambda: [polib.POEntry(msgid="Not yet")])
    return tmp_path


def nine(course):
    return next(target for target in sources.targets("es") if target.name == "09_nine")


def test_one_command_extracts_all_and_counts_it(course, capsys):
    assert build.main(["--extract", "es"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split() for line in said if line] == [
        ["lessons/09_nine/es.po", "0", "of", "4", "0", "%"],
        ["lessons/10_ten/es.po", "0", "of", "1", "0", "%"],
        ["locale/es/LC_MESSAGES/course_nn.po", "0", "of", "1", "0", "%"],
        ["es,", "all", "0", "of", "6", "0", "%"],
    ]
    before = {path: path.read_bytes() for path in course.rglob("*.po")}
    assert build.main(["--extract", "es"]) == 0
    assert {path: path.read_bytes() for path in course.rglob("*.po")} == before
    with pytest.raises(SystemExit):
        build.main(["--extract", "en"])


def test_what_is_not_translated_stands_in_english_below_a_line_that_says_so(course, capsys):
    build.main(["--extract", "es"])
    catalogue = polib.pofile(str(nine(course).catalogue))
    catalogue.find("More words.").msgstr = "Más palabras."
    catalogue.find("x is {x}").msgstr = "x vale {x}"
    catalogue.save()
    cells = sources.assemble(nine(course)).cells
    assert [cell.source for cell in cells] == [
        "# 9. Nine\n\nFirst words, with a [link](10_ten.ipynb) and [one](../../docs/checks.md) more.",
        "*2 of the 4 texts on this page are not translated yet, and stand here in English.*",
        'import course_nn\n\ncourse_nn.set_language("es")',
        "x = 9  # a number",
        "Más palabras.",
        'print(f"x vale {x}")',
    ]
    capsys.readouterr()
    assert build.main(["--status"]) == 0
    assert ["lessons/09_nine/es.po", "2", "of", "4", "50", "%"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]


def test_a_text_that_has_changed_is_english_again_and_its_translation_is_kept(course):
    build.main(["--extract", "es"])
    fill(nine(course).catalogue)
    target = nine(course)
    assert doubled("More words.") in [cell.source for cell in sources.assemble(target).cells]
    target.source.write_text(LESSON.replace("More words", "Many more words"), encoding="utf-8")
    cells = [cell.source for cell in sources.assemble(target).cells]
    assert "Many more words." in cells and "1 of the 4 texts" in cells[1]
    build.main(["--extract", "es"])
    entry = polib.pofile(str(target.catalogue)).find("Many more words.")
    assert (entry.fuzzy, entry.previous_msgid) == (True, "More words.")
    assert entry.msgstr == doubled("More words.")
    assert "Many more words." in [cell.source for cell in sources.assemble(target).cells]


def test_a_word_that_a_translator_adds_by_hand_is_kept_while_it_stands_in_the_code(course):
    target = sources.targets()[0]
    target.source.write_text(LESSON.replace("x = 9", 'name = "relu"; x = 9'), encoding="utf-8")
    build.main(["--extract", "es"])
    catalogue = polib.pofile(str(nine(course).catalogue))
    catalogue.append(polib.POEntry(msgid="relu", msgstr="ReLU"))
    catalogue.append(polib.POEntry(msgid="gone", msgstr="ido"))
    catalogue.save()
    build.main(["--extract", "es"])
    kept = {entry.msgid for entry in polib.pofile(str(nine(course).catalogue))}
    assert "relu" in kept and "gone" not in kept


def test_a_translation_that_is_not_faithful_is_told_at_its_line(course, capsys):
    build.main(["--extract", "es"])
    fill(nine(course).catalogue)
    catalogue = polib.pofile(str(nine(course).catalogue))
    catalogue.find("x is {x}").msgstr = "x vale {y}"
    catalogue.save()
    assert build.main(["--language", "es", "09_nine"]) == 1
    said = capsys.readouterr().err
    assert "lessons/09_nine/lesson.md, line 13:" in said and "lessons/09_nine/es.po" in said


def test_a_package_without_the_language_says_what_to_do(course, capsys):
    build.main(["--extract", "es"])
    (course / "locale" / "es" / "LC_MESSAGES" / "course_nn.po").unlink()
    assert build.main(["--language", "es", "09_nine"]) == 1
    said = capsys.readouterr().err
    assert "locale/es/LC_MESSAGES/course_nn.po is not there" in said and "--extract es" in said
    with pytest.raises(SystemExit):
        build.main(["--language", "fr"])
    assert "begin with --extract fr" in capsys.readouterr().err


def test_a_cell_that_the_build_adds_is_named_as_such_when_it_fails(course):
    build.main(["--extract", "es"])
    cells = sources.assemble(nine(course)).cells
    said = sources.failure(nine(course), cells, cells[2], "ValueError: no")
    assert said.startswith("notebooks/es/09_nine.ipynb, in a cell that the build adds:")
    assert "lesson.md, line 13:" in sources.failure(nine(course), cells, cells[5], "no")


def test_links_lead_from_the_folder_of_the_language(course):
    build.main(["--extract", "es"])
    (course / "lessons" / "10_ten" / "es.po").unlink()
    first = sources.assemble(nine(course)).cells[0].source
    assert "[link](../10_ten.ipynb)" in first and "(../../docs/checks.md)" in first
    assert proofs.orphans() == []
