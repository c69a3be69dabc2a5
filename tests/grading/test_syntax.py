"""What only a newer Python reads is known for that, and what none reads is not."""

import pytest

from course_nn.grading.syntax import needs

NEW = {  # each is no Python in 3.11
    "type parameters": ("def first[T](x: T) -> T:\n    return x\n", "3.12"),
    "type parameters with brackets": ("class A[T: dict[str, int]](list):\n    pass\n", "3.12"),
    "a type alias": ("type Vector = list[float]\n", "3.12"),
    "the same quotes within": ('said = f"{names["a"]}"\n', "3.12"),
    "a string in a string in a string": ('said = f"{f"{"a"}"}, {"}"}"\n', "3.12"),
    "a backslash within": ('said = f"{"\\n".join(x)}"\n', "3.12"),
    "doubled braces": ('said = f"{{{x["}"]}}} {{"\n', "3.12"),
    "a dictionary within": ('said = f"{ {"a": {"b": 1}}["a"]["b"] }"\n', "3.12"),
    "a comment within": ('said = f"""{\n    x["a"]  # it\'s "}" here\n}"""\n', "3.12"),
    "lines within": ('said = f"{\n    x[\n        "a"\n    ]\n}"\nmore = 1\n', "3.12"),
    "exceptions without parentheses": (
        "try:\n    x = 1\nexcept ValueError, TypeError:\n    pass\n",
        "3.14",
    ),
    "a template": ('said = t"{x} and {"y"}"\n', "3.14"),
    "of two the newer": ('type V = list\nsaid = t"{x}"\n', "3.14"),
}
NEVER = {
    "a bracket is lost": "def f(x:\n    return x\n",
    "beside what is new": "type V = list\ndef f(x:\n    return x\n",
    "a string does not end": 'said = f"{x["a"]}\nmore = 1"\n',
    "a word is wrong": 'said = f"{x["a"]}"\nretrun 1\n',
}


@pytest.mark.parametrize("name", NEW)
def test_it_says_which_python_reads_it(name):
    source, version = NEW[name]
    said = f"This needs Python {version} or newer; this one is 3.11."
    assert needs(source, here=(3, 11)) == said


@pytest.mark.parametrize("name", NEVER)
def test_what_no_python_reads_needs_none(name):
    assert needs(NEVER[name], here=(3, 11)) == ""


def test_a_python_that_is_new_enough_is_asked_for_nothing():
    assert needs("type Vector = list[float]\n", here=(3, 12)) == ""
    assert needs('said = t"{x}"\n', here=(3, 14)) == ""
