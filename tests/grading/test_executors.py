"""Grading in processes of this machine and on a cluster: whatever dies, no submission is lost."""

import dataclasses
import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from course_nn.checks import EXERCISES
from course_nn.checks.engine import Report
from course_nn.grading import executors, helpers, sandbox, session
from course_nn.grading.executors import Dask, Pool, Task, results, version, work
from course_nn.grading.results import Result
from course_nn.grading.sandbox import NONE, Layer
from course_nn.grading.session import Grade, Limits
from course_nn.grading.submissions import Submission
from course_nn.i18n import set_language
from tests.support import ROOT

pytestmark = pytest.mark.slow

NAMES = ("forward_difference", "central_difference")
WALLS = Layer(("bubblewrap", "Landlock", "seccomp"))
FEWER = Layer(("Landlock", "seccomp"))


def task(student="ana", **more):
    submission = Submission(student, (Path("x.py"),), digest="d", notes=("A note.",))
    plain = Task(submission, NAMES, 7, NONE, Limits(), "en", version())
    return dataclasses.replace(plain, **more)


def tasks(n):
    return [task(f"student {number:02}") for number in range(n)]


# What a task is


def test_a_task_and_its_result_are_plain_data():
    one = task()
    assert pickle.loads(pickle.dumps(one)) == one
    assert pickle.loads(pickle.dumps(Result("ana", "ok"))) == Result("ana", "ok")


def test_the_fingerprint_changes_with_all_that_the_result_depends_on():
    others = [
        task(),
        task("ben"),
        task(exercises=NAMES[:1]),
        task(seed=8),
        task(layer=WALLS),
        task(limits=Limits(seconds=9)),
        task(limits=Limits(memory=1)),
        task(language="es"),
        task(version="other"),
        task(submission=dataclasses.replace(task().submission, digest="e")),
    ]
    assert len({other.fingerprint for other in others}) == len(others)
    assert task().fingerprint == task().fingerprint
    elsewhere = dataclasses.replace(task().submission, files=(Path("moved") / "x.py",))
    assert task(submission=elsewhere).fingerprint == task().fingerprint


def test_another_version_is_known_by_what_stands_in_its_files(tmp_path):
    """A mended exercise counts as a change, under the same names and of the same length."""

    def versions(write):
        path.write_text("rtol = 1e-6\n", encoding="utf-8")
        before = version(tmp_path)
        version.cache_clear()
        write()
        after = version(tmp_path)
        version.cache_clear()
        return before == after

    path = tmp_path / "checks" / "chapter1.py"
    path.parent.mkdir()
    assert versions(lambda: None)
    assert not versions(lambda: path.write_text("rtol = 1e-5\n", encoding="utf-8"))
    assert not versions(lambda: path.rename(path.with_name("chapter2.py")))
    path.with_name("chapter2.py").unlink()
    assert not versions(lambda: (tmp_path / "checks" / "more.py").touch())
    assert versions(lambda: path.write_bytes(b"rtol = 1e-6\r\n"))  # as git gives it on Windows


def test_another_worked_answer_is_another_version_from_wherever_it_is_asked(tmp_path, monkeypatch):
    """What fails for a helper is judged again with the worked answers."""

    def asked():
        for cached in (helpers.published, helpers._of_chapter, version):
            cached.cache_clear()
        return version()

    shutil.copytree(ROOT / "worked_answers", tmp_path / "worked_answers")
    monkeypatch.setattr(helpers, "COURSE", tmp_path)
    before = asked()
    monkeypatch.chdir(tmp_path)
    assert asked() == before
    path = tmp_path / "worked_answers/04_backpropagation.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n", encoding="utf-8")  # as an editor leaves it
    assert asked() == before
    assert "(h > 0)" in text
    path.write_text(text.replace("(h > 0)", "(0 < h)"), encoding="utf-8")
    assert asked() != before
    path.unlink()
    assert asked() != before
    monkeypatch.undo()
    asked()


def test_a_worker_has_neither_the_pages_nor_the_gradebook():
    code = "import sys; import course_nn.grading.executors; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(said.stdout.split())
    ours = {f"course_nn.grading.{name}" for name in PARENTS}
    assert all((Path(executors.__file__).parent / f"{name}.py").exists() for name in PARENTS)
    assert not loaded & {*ours, "matplotlib", "distributed"}


PARENTS = ("batch", "collect", "feedback", "gradebook", "pages", "release", "summary", "table")


# The work, with another session in place of the real one


@pytest.fixture
def graded(monkeypatch):
    """Lets `session.grade` give what a test says, and keeps what it was given."""
    given = []

    def set_up(*grades, reached=(WALLS, FEWER, NONE)):
        def grade(*args):
            given.append(args)
            if isinstance(grades[0], Exception):
                raise grades[0]
            return list(grades)

        monkeypatch.setattr(session, "grade", grade)
        monkeypatch.setattr(sandbox, "probe", lambda: list(reached))
        executors._reached.cache_clear()
        return given

    yield set_up
    executors._reached.cache_clear()
    set_language("en")


def test_grades_become_marks_with_the_words_of_the_panels(graded):
    one, two = (EXERCISES[name] for name in NAMES)
    given = graded(
        Grade(one.name, "passed", 1, Report(one, "passed", 1, tried=9)),
        Grade(two.name, "timeout", 0, None, "It was stopped after 10 seconds."),
    )
    result = work(task(layer=FEWER))
    assert given == [(task().submission, [one, two], 7, FEWER, Limits())]
    assert (result.status, result.layer) == ("timeout", "2 (Landlock, seccomp)")
    assert (result.student, result.seed, result.digest) == ("ana", 7, "d")
    assert result.notes == ("A note.",) and result.log == ""
    assert result.fingerprint == task(layer=FEWER).fingerprint
    assert [(mark.status, mark.points) for mark in result.marks] == [("passed", 1), ("timeout", 0)]
    assert "Right in all 9 calls" in result.marks[0].panel.sentences[0]
    assert result.marks[1].panel.sentences == ("It was stopped after 10 seconds.",)


@pytest.mark.parametrize(
    "statuses, worst",
    [
        (("passed", "failed"), "ok"),
        (("not attempted", "not attempted"), "ok"),
        (("error", "passed"), "error"),
        (("timeout", "died"), "died"),
        (("error", "memory"), "memory"),
        (("protocol error", "timeout"), "protocol error"),
        (("syntax error", "error"), "error"),
    ],
)
def test_the_status_is_the_worst_fault(graded, statuses, worst):
    graded(*(Grade(name, status, 0, None, "No.") for name, status in zip(NAMES, statuses)))
    assert work(task()).status == worst


def test_what_cannot_be_read_is_not_run(graded):
    given = graded(Exception("not reached"))
    unreadable = dataclasses.replace(task().submission, problem="unreadable")
    result = work(task(submission=unreadable))
    assert given == [] and result.status == "unreadable" and result.fingerprint
    assert [mark.status for mark in result.marks] == ["not attempted"] * 2


def test_an_error_of_the_grader_is_a_row_and_its_traceback_is_for_the_teacher(graded):
    graded(ZeroDivisionError("a bug"))
    result = work(task())
    assert (result.status, result.marks, result.fingerprint) == ("internal error", (), "")
    assert "ZeroDivisionError: a bug" in result.log and "Traceback" in result.log
    assert "bug" not in " ".join(result.notes)


def test_a_worker_grades_in_the_isolation_asked_for_or_in_a_stronger_one(graded):
    grades = [Grade(name, "passed", 1, None) for name in NAMES]
    graded(*grades, reached=[WALLS, FEWER, NONE])
    assert [work(task(layer=layer)).layer for layer in (WALLS, FEWER, NONE)] == [
        "1 (bubblewrap, Landlock, seccomp)",
        "2 (Landlock, seccomp)",
        "0 (none)",
    ]
    graded(*grades, reached=[WALLS])
    assert work(task(layer=FEWER)).layer == "1 (bubblewrap, Landlock, seccomp)"


@pytest.mark.parametrize("reached", [[FEWER, NONE], [NONE]])
def test_a_worker_with_weaker_isolation_refuses(graded, reached):
    given = graded(Exception("not reached"), reached=reached)
    result = work(task(layer=WALLS))
    assert given == [] and (result.status, result.fingerprint) == ("refused", "")
    assert "no isolation as strong" in result.notes[-1]


def test_a_worker_with_another_version_refuses(graded):
    given = graded(Exception("not reached"))
    result = work(task(version="another"))
    assert given == [] and result.status == "refused"
    assert "another version" in result.notes[-1]


# Where it is done. The functions below stand in for `work`; they run in other processes.


def ok(one):
    return Result(one.submission.student, "ok")


def ends(one, folder, times, student="student 03"):
    """Ends the whole process, the first ``times`` times that it meets ``student``."""
    tries = folder / "tries"
    if one.submission.student == student:
        with tries.open("a") as file:
            file.write("x")
        if len(tries.read_text()) <= times:
            os._exit(1)
    return ok(one)


def raises(one):
    raise OSError("an error that no work raises")


def sleeps(one):
    time.sleep(60)


class Threads(ThreadPoolExecutor):
    """A stand-in for a pool that counts how much it holds."""

    def __init__(self, workers=2):
        super().__init__(workers)
        self.workers, self.most, self.held = workers, 0, 0
        self.lock = threading.Lock()

    def submit(self, *args):
        with self.lock:
            self.held += 1
            self.most = max(self.most, self.held)
        future = super().submit(*args)
        future.add_done_callback(lambda _: self._done())
        return future

    def _done(self):
        with self.lock:
            self.held -= 1


def students(found):
    return sorted(result.student for result in found)


def test_every_task_has_a_result():
    found = list(results(tasks(20), partial(Pool, 2), ok))
    assert students(found) == students(map(ok, tasks(20)))


def test_what_the_parent_has_tried_its_processes_need_not():
    (found,) = results(tasks(1), partial(Pool, 1, [WALLS]), reaches)
    assert found.layer == "1 (bubblewrap, Landlock, seccomp)"


def reaches(one):
    return dataclasses.replace(ok(one), layer=executors.told(executors._reached()[0]))


def test_no_task_is_no_work():
    assert list(results([], partial(Pool, 2), ok)) == []


def test_few_tasks_are_taken_at_a_time():
    pools, taken = [], []

    def start():
        pools.append(Threads(3))
        return pools[-1]

    def endless():
        for one in tasks(50):
            taken.append(one)
            yield one

    steps = results(endless(), start, ok)
    next(steps)
    assert len(taken) <= 6
    assert len(list(steps)) == 49 and pools[0].most <= 6


@pytest.mark.parametrize("times", [1, 2])
def test_a_process_that_dies_loses_nothing(tmp_path, times):
    function = partial(ends, folder=tmp_path, times=times)
    found = list(results(tasks(8), partial(Pool, 2), function))
    assert students(found) == students(map(ok, tasks(8)))
    assert {result.status for result in found} == {"ok"}


def test_what_kills_every_process_is_the_one_that_is_lost(tmp_path):
    function = partial(ends, folder=tmp_path, times=99)
    found = {result.student: result for result in results(tasks(8), partial(Pool, 2), function)}
    assert len(found) == 8
    lost = found.pop("student 03")
    assert (lost.status, lost.fingerprint) == ("lost", "") and "BrokenProcessPool" in lost.log
    assert {result.status for result in found.values()} == {"ok"}
    assert (tmp_path / "tries").read_text() == "xxx"


def test_what_no_work_raises_is_a_lost_row_as_well():
    found = list(results(tasks(2), partial(Pool, 1), raises))
    assert [result.status for result in found] == ["lost", "lost"]
    assert "an error that no work raises" in found[0].log


def test_a_task_that_a_scheduler_cancels_is_tried_again():
    class Cancels(Threads):
        def submit(self, *args):
            future = super().submit(*args)
            if not cancelled:
                cancelled.append(future)
                future = Future()
                future.cancel()
                future.set_running_or_notify_cancel()
            return future

    cancelled = []
    assert students(results(tasks(5), Cancels, ok)) == students(map(ok, tasks(5)))
    assert len(cancelled) == 1


def test_stopping_early_ends_the_processes_at_once():
    steps = results([task("first"), *tasks(3)], partial(Pool, 2), first_then_sleep)
    assert next(steps).student == "first"
    steps.close()
    deadline = time.monotonic() + 30
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not multiprocessing.active_children()


def first_then_sleep(one):
    return ok(one) if one.submission.student == "first" else sleeps(one)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
def test_no_process_outlives_one_that_was_killed(tmp_path):
    code = """
    import sys
    from functools import partial
    from tests.grading.test_executors import Pool, pid_then_sleep, results, tasks
    if __name__ == "__main__":
        list(results(tasks(4), partial(Pool, 2), partial(pid_then_sleep, folder=sys.argv[1])))
    """
    script = tmp_path / "main.py"
    script.write_text(textwrap.dedent(code))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=environment)
    pids = wait_for(lambda: [int(path.name[4:]) for path in tmp_path.glob("pid-*")], 2)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    wait_for(lambda: not any(map(alive, pids)))


def pid_then_sleep(one, folder):
    (Path(folder) / f"pid-{os.getpid()}").touch()
    sleeps(one)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def wait_for(condition, length=None):
    """What ``condition`` gives once it is true, or has ``length``; a minute at most."""
    for _ in range(1200):
        found = condition()
        if found and (length is None or len(found) >= length):
            return found
        time.sleep(0.05)
    raise AssertionError("It did not come about within a minute.")


# A cluster


@pytest.fixture
def cluster():
    """A cluster of three processes on this machine, and its address."""
    distributed = pytest.importorskip(
        "distributed", reason="Dask is NOT TESTED here: pip install 'course-nn[cluster]'"
    )
    import dask

    settings = {
        "distributed.worker.daemon": False,
        "distributed.comm.timeouts.connect": "60s",
        "distributed.admin.log-length": 0,
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
    ):
        yield cluster


def test_a_cluster_does_the_same_work(cluster):
    found = list(results(tasks(20), partial(Dask, cluster.scheduler_address), ok))
    assert students(found) == students(map(ok, tasks(20)))


def test_a_worker_killed_in_the_middle_loses_nothing(cluster, tmp_path):
    function = partial(worker_once, folder=tmp_path)
    found = []
    for result in results(tasks(30), partial(Dask, cluster.scheduler_address), function):
        found.append(result)
        if len(found) == 5:
            pid = int((tmp_path / "worker").read_text())
            os.kill(pid, signal.SIGKILL)
    assert students(found) == students(map(ok, tasks(30)))
    assert {result.status for result in found} == {"ok"}


def worker_once(one, folder):
    (folder / "worker").write_text(str(os.getpid()))
    time.sleep(0.1)
    return ok(one)


def test_no_scheduler_is_an_error_that_says_so(monkeypatch):
    pytest.importorskip("distributed", reason="Dask is NOT TESTED here")
    monkeypatch.setattr(Dask, "PATIENCE", 1)
    with pytest.raises(OSError, match="no Dask scheduler at tcp://127.0.0.1:9"):
        Dask("tcp://127.0.0.1:9")


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match="pip install 'course-nn\\[cluster\\]'"):
        Dask("tcp://127.0.0.1:8786")


def test_both_are_executors():
    assert issubclass(Pool, Executor) and issubclass(Dask, Executor)
