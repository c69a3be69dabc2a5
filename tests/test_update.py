"""An update of the course loses nothing of its reader's."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from course_nn import chapters, cli, notebooks, update
from course_nn.checks import store

HOME = "exercises"


def cell(source, name="", kind="code", **more):
    metadata = {"nbgrader": {"grade_id": name, "solution": True}} if name else {}
    return {"cell_type": kind, "id": name or f"id{abs(hash(source))}", "metadata": metadata} | {
        "source": source,
        **({"outputs": [], "execution_count": None} if kind == "code" else {}),
        **more,
    }


def stub(name, says="The answer."):
    return cell(
        f'def {name}(x):\n    """{says}"""\n    # YOUR CODE HERE\n    raise NotImplementedError()',
        name,
    )


def answer(name, value="x + 1"):
    return cell(f'def {name}(x):\n    """The answer."""\n    return {value}', name)


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def save(path: Path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    notebooks.write(path, notebook(*cells))
    return path


def sources(path: Path):
    return [one["source"] for one in notebooks.read(path)["cells"]]


TITLE = cell("# Exercises", kind="markdown")
HELPER = cell("def my_helper(x):\n    return x")


def course(root: Path, number: int, version: int = 1):
    """Exercises and lessons 1 to ``number``; in version 2 those with an even number have changed."""
    for n in range(1, number + 1):
        says = "The answer." if version == 1 or n % 2 else "The answer, said better."
        more = [] if version == 1 or n % 2 else [cell("## New", kind="markdown"), stub("newer")]
        cells = [TITLE, stub("one", says), stub("two", says), *more]
        save(root / f"exercises/{n:02}_topic.ipynb", *cells)
    for n in range(1, number + 1):
        text = f"Lesson {n}" if version == 1 or n % 2 else f"Lesson {n}, said better"
        save(root / f"notebooks/{n:02}_topic.ipynb", cell(text, kind="markdown"), cell("1 + 1"))
    (root / "course_nn").mkdir(exist_ok=True)
    (root / "course_nn/code.py").write_text(f"version = {version}\n", encoding="utf-8")
    (root / "start.py").write_text("", encoding="utf-8")
    return root


def edit(home: Path):
    """What readers do to twenty notebooks; the bytes of what they then have."""
    published = everything(home)
    for n in range(1, 21):
        cells = [TITLE, answer("one", f"x + {n}"), stub("two")]
        match n % 5:
            case 1:  # moved
                cells = [stub("two"), answer("one", f"x + {n}"), TITLE]
            case 2:  # added
                cells.insert(1, HELPER)
            case 3:  # deleted
                del cells[2], cells[0]
            case 4:  # written in a cell of their own, the stub deleted
                cells[1] = cell(f"def one(x):\n    return x + {n}")
        save(home / f"exercises/{n:02}_topic.ipynb", *cells)
    (home / "exercises/10_topic.ipynb").write_bytes(b'{"cells": [{"cell_ty')
    mine = cell("my own note", kind="markdown")
    save(home / "notebooks/02_topic.ipynb", cell("Lesson 2", kind="markdown"), mine, cell("1 + 1"))
    ran = cell("1 + 1", execution_count=7)
    save(home / "notebooks/04_topic.ipynb", cell("Lesson 4", kind="markdown"), ran)
    return everything(home) - published


def everything(root: Path):
    """All bytes that are in some file."""
    return {path.read_bytes() for path in root.rglob("*") if path.is_file()}


def updated_home(tmp_path):
    """The course is somebody else's: its notebooks are copied home, and the course gets newer."""
    old, home = course(tmp_path / "course", 20), tmp_path / "home"
    update.settle(home, old)
    before = edit(home)
    return home, before, update.settle(home, course(old, 20, 2))


def updated_zip(tmp_path):
    home = course(tmp_path / "course", 20)
    update.settle(home, home)
    before = edit(home)
    new = course(tmp_path / "new", 20, 2)
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        for path in new.rglob("*"):
            archive.write(path, Path("course") / path.relative_to(new))
    return home, before, update.update(tmp_path / "new.zip", home, home)


def overwritten(tmp_path):
    """A newer zip is unpacked over the course, by hand."""
    home = course(tmp_path / "course", 20)
    update.settle(home, home)
    before = edit(home)
    for path in [*home.glob("exercises/*.ipynb"), *home.glob("notebooks/*.ipynb")]:
        update.remember(path, home)  # as JupyterLab's hook does
    course(home, 20, 2)
    return home, before, update.settle(home, home)


def pulled(tmp_path):
    def git(folder, *command):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)

    theirs = course(tmp_path / "theirs", 20)
    git(theirs, "init")
    git(theirs, "add", ".")
    git(theirs, "commit", "-m", "one")
    git(tmp_path, "clone", "theirs", "mine")
    home = tmp_path / "mine"
    before = edit(home)
    course(theirs, 20, 2)
    git(theirs, "add", ".")
    git(theirs, "commit", "-m", "two")
    return home, before, update.update(None, home, home)


@pytest.mark.parametrize("way", [updated_home, updated_zip, pulled, overwritten])
def test_twenty_edited_notebooks(tmp_path, way):
    home, before, told = way(tmp_path)
    told = "\n".join(told)
    for n in range(1, 21):
        name = f"exercises/{n:02}_topic.ipynb"
        if n == 10 and way is not overwritten:  # it could not be read
            assert f"{name} could not be read" in told
            assert (home / "exercises/before_update/10_topic_1.ipynb").read_bytes().endswith(b"_ty")
            assert sources(home / name)[1:3] == [
                stub("one", "The answer, said better.")["source"],
                stub("two", "The answer, said better.")["source"],
            ]
            continue
        if n == 10:
            continue
        text = "\n".join(sources(home / name))
        assert text.count(f"return x + {n}") == 1, name
        assert ("def my_helper" in text) == (n % 5 == 2)
        if n % 2 == 0:
            assert "said better" in text and "def newer" in text
            assert name in told
            marks = {notebooks.mark(one): one for one in notebooks.read(home / name)["cells"]}
            assert f"return x + {n}" in marks["one"]["source"]
    assert before <= everything(home)  # whatever was there still is
    lesson = sources(home / "notebooks/02_topic.ipynb")
    assert lesson == ["Lesson 2, said better", "my own note", "1 + 1"]
    assert sources(home / "notebooks/04_topic.ipynb")[0] == "Lesson 4, said better"
    again = everything(home)
    assert update.settle(home, home if way is not updated_home else tmp_path / "course") == []
    assert everything(home) == again


def test_what_was_edited_outside_jupyterlab_or_reset_stays(tmp_path):
    home = course(tmp_path / "course", 3)
    update.settle(home, home)
    file = save(home / "exercises/01_topic.ipynb", TITLE, answer("one"), answer("two"))
    update.remember(file, home)
    save(file, TITLE, answer("one", "x + 7"), answer("two"))  # in another editor
    assert update.settle(home, home) == []
    assert "x + 7" in file.read_text(encoding="utf-8")
    save(file, TITLE, stub("one"), stub("two"))  # by course-nn reset
    update.remember(file, home)
    assert update.settle(home, home) == []
    assert sources(file)[1:] == [stub("one")["source"], stub("two")["source"]]


def test_a_renamed_exercise_keeps_its_answer_and_its_progress(monkeypatch, tmp_path):
    monkeypatch.setitem(store.RENAMED, "once", "one")
    mine = notebook(TITLE, answer("once", "41"))
    merged = update.merge(mine, notebook(TITLE, stub("one")), notebook(TITLE, stub("once")))
    assert "return 41" in merged.notebook["cells"][1]["source"]
    assert len(merged.notebook["cells"]) == 2
    monkeypatch.setenv("COURSE_NN_DATA", str(tmp_path))
    store.tried("once", 0.5)
    store.tried("one", 0.25)
    for _again in range(2):
        assert store.progress() == {"one": store.Progress(0.5, 2)}


def test_an_answer_that_no_exercise_asks_for_stays_as_a_cell(tmp_path):
    mine = notebook(TITLE, answer("gone"), answer("one"))
    merged = update.merge(mine, notebook(TITLE, stub("one")), notebook(stub("gone"), stub("one")))
    assert merged.homeless == ["gone"] and merged.moved == ["one"]
    texts = [one["source"] for one in merged.notebook["cells"]]
    assert texts == [TITLE["source"], answer("gone")["source"], answer("one")["source"]]
    assert not notebooks.mark(merged.notebook["cells"][1])


def test_two_tries_stay_in_their_order():
    mine = notebook(TITLE, answer("one", "1"), answer("one", "2"))
    texts = [
        one["source"] for one in update.merge(mine, notebook(TITLE, stub("one"))).notebook["cells"]
    ]
    assert [text[-1] for text in texts[1:]] == ["1", "2"]


@pytest.mark.parametrize("what", ["no zip", "no course", "nothing"])
def test_what_is_no_course_changes_nothing(tmp_path, what, capsys, monkeypatch):
    home = course(tmp_path / "course", 2)
    monkeypatch.setattr(update, "COURSE", home)
    before = everything(home)
    source = tmp_path / "new.zip"
    if what == "no zip":
        source.write_bytes(b"PK no")
    elif what == "no course":
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr("../out.txt", "out")
    assert cli.main(["update", str(source)]) == 2
    assert str(source) in capsys.readouterr().err
    assert everything(home) == before and not (tmp_path / "out.txt").exists()


def test_without_a_source_it_asks_for_one(tmp_path):
    with pytest.raises(ValueError, match=r"course-nn update course\.zip"):
        update.update(None, course(tmp_path, 1), tmp_path)


def test_code_that_was_changed_is_kept(tmp_path):
    home = course(tmp_path / "course", 1)
    (home / "course_nn/code.py").write_text("mine = 1\n", encoding="utf-8")
    told = update.update(course(tmp_path / "new", 1, 2), home, home)
    assert told == ["The files that were replaced are in .course_nn/before_update_1."]
    kept = home / ".course_nn/before_update_1/course_nn/code.py"
    assert kept.read_text(encoding="utf-8") == "mine = 1\n"
    assert (home / "course_nn/code.py").read_text(encoding="utf-8") == "version = 2\n"


def test_jupyterlabs_hook_keeps_what_it_saves(tmp_path):
    home = course(tmp_path / "course", 1)
    file = save(home / "exercises/01_topic.ipynb", answer("one"))
    manager = type("Manager", (), {"root_dir": str(home)})()
    update.saved({}, str(file), manager)
    update.saved({}, str(home / "start.py"), manager)
    kept = [path for path in (home / ".course_nn/saved").rglob("*") if path.is_file()]
    assert [json.loads(path.read_text(encoding="utf-8")) for path in kept] == [
        json.loads(file.read_text(encoding="utf-8"))
    ]


def test_a_learners_own_folder_is_theirs_and_the_answers_stay_with_the_course(
    tmp_path, monkeypatch
):
    update.settle(tmp_path)
    assert not (tmp_path / "exercises/solutions").exists()
    monkeypatch.setenv("COURSE_NN_HOME", str(tmp_path))
    monkeypatch.chdir(update.COURSE)
    assert chapters.course() == tmp_path
    assert cli.main(["reset", "1.2"]) == 0
    assert list(tmp_path.glob("exercises/before_reset/*"))
    name = "exercises/01_derivatives.ipynb"
    assert sources(tmp_path / name) == sources(update.COURSE / name)


def test_check_progress_and_doctor_follow_the_learners_own_folder(tmp_path, monkeypatch, capsys):
    home = tmp_path / "mine"
    update.settle(home)
    monkeypatch.setenv("COURSE_NN_HOME", str(home))
    monkeypatch.setenv("COURSE_NN_DATA", str(tmp_path / "progress"))
    monkeypatch.chdir(update.COURSE)
    cli.main(["check", "1.2"])  # not answered there yet
    assert "1 passed" not in capsys.readouterr().out
    name = "01_derivatives.ipynb"
    shutil.copy(update.COURSE / "worked_answers" / name, home / "exercises" / name)
    assert cli.main(["check", "1.2"]) == 0
    capsys.readouterr()
    assert cli.main(["progress"]) == 0
    assert "1 of 8" in capsys.readouterr().out
    assert cli.main(["doctor"]) == 0
    assert f"Exercises: {home / 'exercises'}\n" in capsys.readouterr().out
