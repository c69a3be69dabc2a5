"""Nothing that the package says is out of a translator's reach."""

import ast
import re
from pathlib import Path

import polib
import pytest

import course_nn
from course_nn.i18n import LOCALE_DIR, N_, _, ngettext, set_language
from tests.support.pseudo import compile_catalogue, english, messages, pseudo

PACKAGE = Path(course_nn.__file__).parent
TEMPLATE = LOCALE_DIR / "course_nn.pot"
UPDATE = "Run the first command that course_nn/i18n.py names: pybabel extract ..."


@pytest.fixture
def foreign(tmp_path):
    """The package speaks a language that is in no one's reach but ours."""
    compile_catalogue(tmp_path)
    set_language("xx", tmp_path)
    yield tmp_path
    set_language("en")


def test_messages_are_in_the_language_that_was_set(foreign):
    message = "There is no translation into {language!r}. Choose one of: {known}."
    assert _(message) == pseudo(message) != message
    assert N_(message) == message
    set_language("en")
    assert _(message) == message
    assert [ngettext("{n} step", "{n} steps", n) for n in (1, 2)] == ["{n} step", "{n} steps"]


def test_a_language_without_a_catalogue_is_refused_and_changes_nothing(foreign):
    with pytest.raises(ValueError, match="'tlh'.*en, xx"):
        set_language("tlh", foreign)
    assert _("There is no translation into {language!r}. Choose one of: {known}.").startswith("⟦")


def test_the_template_holds_what_the_code_says():
    entries = polib.pofile(str(TEMPLATE))
    listed = {(e.msgid, e.msgid_plural) if e.msgid_plural else e.msgid for e in entries}
    assert (listed - messages(), messages() - listed) == (set(), set()), UPDATE


def test_each_catalogue_is_complete_and_compiled():
    template = {entry.msgid for entry in polib.pofile(str(TEMPLATE))}
    for catalogue in LOCALE_DIR.glob("*/LC_MESSAGES/*.po"):
        entries = polib.pofile(str(catalogue))
        assert {entry.msgid for entry in entries if entry.translated()} == template
        compiled = polib.mofile(str(catalogue.with_suffix(".mo")))
        assert {e.msgid: e.msgstr for e in compiled} == {e.msgid: e.msgstr for e in entries}


# What the code shows to people, read from its syntax tree

TRANSLATORS = {"_", "N_", "ngettext"}
NAMES = {"decode", "missing", "nearest"}  # functions that are given names of things, no words
SHOWS = {
    "warn",
    "print",
    "write",
    "text",
    "annotate",
    "suptitle",
    "supxlabel",
    "supylabel",
    "set_label",
}
SHOWS |= {
    f"set_{part}" for part in ["title", "xlabel", "ylabel", "zlabel", "xticklabels", "yticklabels"]
}
SHOWN_AS = {
    "title",
    "xlabel",
    "ylabel",
    "zlabel",
    "label",
    "labels",
    "alt",
    "desc",
    "description",
    "help",
}


def name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def literals(node: ast.AST) -> list[ast.Constant]:
    """The strings in ``node`` that are not handed to gettext, nor used to look something up."""
    if isinstance(node, ast.Call) and name(node) in NAMES:
        return []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):  # of a path
        return literals(node.left)
    if isinstance(node, ast.Call) and name(node) in TRANSLATORS | {"getattr", "join", "get"}:
        return [] if name(node) in TRANSLATORS else [s for a in node.args[1:] for s in literals(a)]
    if isinstance(node, ast.Constant):
        return [node] if isinstance(node.value, str) else []
    if isinstance(node, ast.Subscript):
        return literals(node.value)
    if isinstance(node, ast.Compare | ast.Lambda) or getattr(node, "arg", None) == "loc":
        return []
    return [string for child in ast.iter_child_nodes(node) for string in literals(child)]


def shown(tree: ast.AST) -> list[ast.Constant]:
    """The strings that reach a reader, or look like sentences, and go round gettext."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc:
            found += literals(node.exc)
        elif isinstance(node, ast.Call):
            to_a_file = name(node) == "write" and "std" not in ast.unparse(node.func)
            if name(node) in SHOWS and not to_a_file:
                found += [string for argument in node.args for string in literals(argument)]
            for keyword in node.keywords:
                if keyword.arg in SHOWN_AS:
                    found += literals(keyword.value)
    docstrings = {  # of modules, classes, functions and attributes
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    code = re.compile(
        r"\W*1?# |\[\w+\.|.*\(\\w|.*\(\?[:P]|\s*(import|CREATE|DELETE|INSERT|PRAGMA|SELECT|UPDATE) "
    )
    sentence = re.compile(r"[A-Za-z]{2,},? [A-Za-z]{2,},? [A-Za-z]{2,}")
    for string in literals(tree):
        if sentence.search(string.value) and not code.match(string.value):
            found += [string] if string not in docstrings else []
    return [s for s in dict.fromkeys(found) if english(s.value)]


def translated(tree: ast.AST) -> list[ast.Call]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and name(n) in TRANSLATORS]


# What these say is for those who work on them: a person is told in other words, or trains a network.
FOR_AUTHORS = [
    "grading/process",
    "inside/protocol",
    "grading/sandbox",
    "grading/seccomp",
    "widgets/train",
]
SOURCES = sorted(
    set(PACKAGE.rglob("*.py")) - {(PACKAGE / name).with_suffix(".py") for name in FOR_AUTHORS}
)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_text_goes_through_gettext(source):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    missed = [f"line {string.lineno}: {string.value!r}" for string in shown(tree)]
    assert not missed, "\n".join(["Put these into _(...):", *missed])
    for call in translated(tree):
        for argument in call.args[: 2 if name(call) == "ngettext" else 1]:
            assert not isinstance(argument, ast.JoinedStr), (
                f"line {call.lineno}: an f-string in _()"
            )
            if isinstance(argument, ast.Constant):
                fields = re.findall(r"\{(.*?)\}", re.sub(r"\{\{|\}\}", "", argument.value))
                assert all(field[:1].isidentifier() for field in fields), (
                    f"line {call.lineno}: name the fields"
                )


@pytest.mark.parametrize(
    "code",
    [
        'raise ValueError("the learning rate is negative")',
        'sys.stderr.write("nothing")',
        'raise ValueError(f"negative: {x}")',
        'raise ValueError("negative: {x}".format(x=x))',
        'warnings.warn("not scaled")',
        'print("done", 3)',
        'axes.set(xlabel="x", title="Loss")',
        'axes.set_title("Loss")',
        'axes.plot(x, y, label="loss")',
        'canvas(alt="a line " + _("goes up"))',
        'message = "This is shown later on."',
        'axes.legend(["a line that goes up"])',
    ],
)
def test_what_goes_round_gettext_is_found(code):
    assert shown(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        'raise ValueError(_("negative: {x}").format(x=x))',
        'axes.set(xlabel="x", ylabel="f(x)", title=_("Loss"))',
        'axes.plot(x, y, label=f"{a:.2f} x", marker="diamond")',
        'print(ngettext("{n} step", "{n} steps", n).format(n=n))',
        'def f():\n    """This docstring is not translated."""',
        'x = f(y)\n"""This one is of an attribute."""',
        'file.write(b"" + (5).to_bytes(8, "little"))',
        'print(names["accuracy"])',
        'raise missing(__name__, name, ["Sequential"])',
        'print(folder / "feedback")',
        're.search(r"name (\\w+) is not defined", text)',
    ],
)
def test_what_needs_no_translation_is_left_alone(code):
    assert not shown(ast.parse(code))
