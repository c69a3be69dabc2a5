"""Submissions, hostile and honest: what each hands in, and what it must be given.

Each answers 1.2, `central_difference`, worth 1 point, and does its harm there or before; and 1.1,
`forward_difference`, which it answers right, and so must be given its point whatever it does.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_nn.checks import EXERCISES
from course_nn.checks.engine import cases
from tests.support import ROOT

STUBS = ROOT / "exercises" / "01_derivatives.ipynb"
FORWARD = "def forward_difference(f, x, h):\n    return (f(x + h) - f(x)) / h\n"
CENTRAL = "def central_difference(f, x, h):\n    return (f(x + h) - f(x - h)) / (2 * h)\n"
CANARY = "canary-6e1f0b"  # stands where no submission may read: in a file, in the environment


@dataclass(frozen=True)
class Submitted:
    """What is handed in, and what it must come to.

    Args:
        central: the cell that answers 1.2; None leaves the stub.
        own: cells of the learner's own, before the answers.
        points: for 1.2, and for 1.1.
        status: of the row.
        wild: it reaches out of its process, and so is tried only where walls stand around it.
        save: writes it into a folder of submissions, where it is no notebook of the course.
    """

    central: str | None = CENTRAL
    own: tuple[str, ...] = ()
    points: tuple[float, float] = (0, 1)
    status: str = "ok"  # "|" between those that will do
    forward: str | None = FORWARD
    wild: bool = False
    save: Callable[[Path, str], None] | None = None

    def write(self, folder: Path, student: str, known: str = "") -> None:
        """Hand it in; ``known`` is what it knows of this machine, as a cell."""
        if self.save:
            self.save(folder, student)
        else:
            nbformat.write(self.notebook(known), folder / f"{student}.ipynb")

    def notebook(self, known: str = "") -> nbformat.NotebookNode:
        """The course's notebook, filled in as a learner does."""
        book = nbformat.read(STUBS, 4)
        for cell in book.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name == "forward_difference" and self.forward is not None:
                cell.source = self.forward
            if name == "central_difference" and self.central is not None:
                cell.source = self.central
        book.cells[2:2] = [nbformat.v4.new_code_cell(source) for source in (known, *self.own)]
        return book


def body(*lines: str) -> str:
    """A `central_difference` of these lines."""
    return "def central_difference(f, x, h):\n" + "".join(f"    {line}\n" for line in lines)


def tries(attempt: str, before: str = "") -> Submitted:
    """Tells what it could do, in an error that its author reads; what it cannot do raises too."""
    lines = ["try:", f"    found = {attempt}", "except BaseException as error:"]
    lines += ["    found = type(error).__name__", "raise ValueError(repr(found)[:900])"]
    return Submitted(before + body(*lines), wild=True)


def wild(*lines: str, before: str = "", right: bool = False, **expected) -> Submitted:
    """Does something to the world; then answers, right or wrong."""
    end = "return (f(x + h) - f(x - h)) / (2 * h)" if right else "return 0.0"
    return Submitted(before + body(*lines, end), wild=True, **expected)


def quietly(*lines: str) -> tuple[str, ...]:
    return ("try:", *(f"    {line}" for line in lines), "except BaseException:", "    pass")


RIGHT, HALF = (1, 1), (0.5, 1)
MANY = len(cases(EXERCISES["central_difference"])) + 1  # a call more than it has inputs
TIMEOUT, DIED = {"status": "timeout"}, {"status": "died"}
WRONG = body("return f(x)")

PATCHES = {  # of what a grader might judge with
    "numpy comparisons": "import numpy as np\nfor n in 'allclose isclose array_equal testing'.split():"
    "\n    setattr(np, n, lambda *a, **k: True)\n",
    "numpy itself": "import numpy as np\nnp.asarray = np.array = lambda *a, **k: 0\n"
    "np.ndarray = object\n",
    "builtins": "import builtins\nfor n in 'abs max min all any isinstance len'.split():\n"
    "    setattr(builtins, n, lambda *a, **k: True)\n",
    "the print": "import builtins\nbuiltins.print = builtins.repr = lambda *a, **k: 'passed'\n",
    "modules": "import sys\nfor n in list(sys.modules):\n    sys.modules[n] = sys\n",
    "the import": "import builtins\nbuiltins.__import__ = lambda *a, **k: None\n",
    "the trace": "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)\n",
    "atexit": "import atexit, os\natexit.register(os._exit, 0)\n",
    "sys.exit": "import sys\nsys.exit = lambda *a: None\n",
    "excepthook": "import sys\nsys.excepthook = sys.unraisablehook = lambda *a: None\n",
    "an audit hook": "import sys\nsys.addaudithook(lambda *a: None)\n",
    "an input transformer": "def cheat(lines):\n    return ['points = 100']\n"
    "get_ipython().input_transformers_post.append(cheat)\n",
    "the garbage collector": "import gc\ngc.disable()\nfor o in gc.get_objects():\n"
    "    if isinstance(o, dict) and 'points' in o: o['points'] = 100\n",
    "the frames": "import sys\nf = sys._getframe()\nwhile f:\n    f.f_locals.update(points=100, "
    "status='passed')\n    f = f.f_back\n",
    "the course": "import sys, types\nm = types.ModuleType('course_nn')\nm.check = print\n"
    "sys.modules['course_nn'] = sys.modules['course_nn.checks'] = m\n",
}

FATAL = ("numpy itself",)  # nothing can be told from that process any more

LIARS = {  # values whose comparison lies
    "a number": "class Any(float):\n    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = "
    "lambda *a: True\n    __hash__ = float.__hash__\n    __sub__ = __rsub__ = __abs__ = lambda *a: 0.0\n"
    + body("return Any(3)"),
    "an array": "import numpy as np\nclass Any(np.ndarray):\n    def __array_ufunc__(self, *a, **k):\n"
    "        return np.array(True)\n    def __array_function__(self, *a, **k):\n        return True\n"
    + body("return np.zeros(()).view(Any)"),
    "an object": "class Any:\n    def __array__(self, *a, **k): raise SystemExit\n"
    "    def __getattr__(self, name): return self\n    __eq__ = lambda *a: True\n"
    "    __float__ = lambda self: 1.0\n" + body("return Any()"),
    "its class": "class Any:\n    __class__ = float\n    def __eq__(self, o): return True\n"
    + body("return Any()"),
    "masked": "import numpy as np\n" + body("return np.ma.masked"),
    "not a number": body("return float('nan')"),
    "an object array": "import numpy as np\nclass Any:\n    __eq__ = lambda *a: True\n"
    + body("return np.array(Any(), object)"),
}

FRAMES = (
    "import os, struct, sys\ndef send(data):\n    for pipe in range(3, 64):\n        try:\n"
    "            os.write(pipe, data)\n        except OSError:\n            pass\n"
)
SOLVED = "course_nn.derivatives", "course_nn.checks.chapter1", "course_nn.checks.engine"
ROOTS = (
    f"[{str(ROOT)!r}, '/home', '/root', '/etc', '/proc/1', '/var', '/tmp', '/usr/share', '/sys']"
)

CORPUS: dict[str, Submitted] = {
    # Honest
    "right": Submitted(points=RIGHT),
    "wrong": Submitted(WRONG),
    "stub": Submitted(None),
    "both stubs": Submitted(None, forward=None, points=(0, 0)),
    "known mistake": Submitted(body("return (f(x + h) - f(x - h)) / 2")),
    "other names": Submitted(
        "def central_difference(g, point, step):\n"
        "    return (g(point + step) - g(point - step)) / step / 2\n",
        points=RIGHT,
    ),
    "a lambda": Submitted(
        "central_difference = lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h)\n", points=RIGHT
    ),
    "a class": Submitted(
        "class central_difference:\n    def __new__(cls, f, x, h):\n"
        "        return (f(x + h) - f(x - h)) / (2 * h)\n",
        points=RIGHT,
    ),
    "a numpy number": Submitted(
        "import numpy as np\n" + body("return np.float64((f(x + h) - f(x - h)) / (2 * h))"),
        points=RIGHT,
    ),
    "a helper above": Submitted(
        body("return rise(f, x, h) / TWICE / h"),
        own=("TWICE = 2\n", "def rise(f, x, h):\n    return f(x + h) - f(x - h)\n"),
        points=RIGHT,
    ),
    "by its own forward_difference": Submitted(
        body("a = forward_difference(f, x, h)", "return (a + forward_difference(f, x, -h)) / 2"),
        points=RIGHT,
    ),
    "prints and warns": Submitted(
        "import sys, warnings\n"
        + body(
            "print('x' * 10000, x)",
            "print('oh', file=sys.stderr)",
            "warnings.warn('old', DeprecationWarning)",
            "return (f(x + h) - f(x - h)) / (2 * h)",
        ),
        points=RIGHT,
    ),
    "warnings as errors": Submitted(
        CENTRAL, own=("import warnings\nwarnings.simplefilter('error')",), points=RIGHT
    ),
    "magics": Submitted(
        "%matplotlib inline\n%time\n" + CENTRAL + "\n!ls\ncentral_difference?\n",
        own=("%%bash\nrm -rf nothing\n", "%pip install numpy\n!echo hello"),
        points=RIGHT,
    ),
    "plots with matplotlib": Submitted(
        CENTRAL, own=("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",), points=RIGHT
    ),
    "broken own cells": Submitted(
        CENTRAL, own=("1 / 0", "def broken(", "while True: pass", "import nothing"), points=RIGHT
    ),
    "checks twice": Submitted(
        CENTRAL + "check(central_difference)\nhint(central_difference)\n", points=RIGHT
    ),
    "Spanish words": Submitted(
        body("año = '¿qué tal, niña? ✓'", "return (f(x + h) - f(x - h)) / (2 * h)"), points=RIGHT
    ),
    "syntax error": Submitted("def central_difference(f, x, h):\nreturn 1\n", status="syntax error"),
    "half a line": Submitted(body("return (f(x + h) - f(x - h)"), status="syntax error"),
    "a tab among spaces": Submitted(
        "def central_difference(f, x, h):\n    a = 1\n\treturn a\n", status="syntax error"
    ),
    "a cell that raises beside its answer": Submitted("limit = 1 / 0\n" + CENTRAL, points=RIGHT),
    "a cell that needs what is not there": Submitted(
        "central_difference = partial(forward_difference, h=1)\n", status="error"
    ),
    "no such name": Submitted(body("return (f(x + step) - f(x - step)) / (2 * step)")),
    "sys.exit": Submitted("import sys\n" + body("sys.exit(0)")),
    "sys.exit in the cell": Submitted("import sys\nsys.exit(0)\n" + CENTRAL, points=RIGHT),
    "raises something": Submitted(body("raise SystemError('passed')")),
    "deep recursion": Submitted(body("return central_difference(f, x, h)")),
    "no limit of recursion": Submitted(
        "import sys\nsys.setrecursionlimit(10 ** 9)\n" + body("return central_difference(f, x, h)"),
        status="died|memory|timeout",
    ),
    "a generator": Submitted(body("yield 1")),
    "a coroutine": Submitted("async " + body("return 1")),
    "another answer each time": Submitted(
        "calls = []\n"
        + body("calls.append(1)", f"return (f(x + h) - f(x - h)) / (2 * h) * (1 + len(calls) // {MANY})"),
        points=HALF,
    ),
    # What is patched stays in the process that it is in
    **{
        f"patches {name}": Submitted(
            patch + WRONG,
            points=(0, 1),  # what stands before it was judged in its place
            status="protocol error|died" if name in FATAL else "ok",
        )
        for name, patch in PATCHES.items()
    },
    **{f"lies as {name}": Submitted(source) for name, source in LIARS.items()},
    # Reading
    **{
        f"imports {name}": tries(f"__import__('importlib').import_module({name!r}).__doc__")
        for name in SOLVED
    },
    "imports under another name": tries(
        "__import__('importlib.util').util.spec_from_file_location('d', "
        f"{str(ROOT / 'course_nn' / 'derivatives.py')!r}).loader.load_module().__doc__"
    ),
    "appends to the path": tries(
        f"(__import__('sys').path.insert(0, {str(ROOT)!r}), "
        "__import__('sys').modules.pop('course_nn'), __import__('course_nn.derivatives'))"
    ),
    "searches modules": tries(
        "[v for m in __import__('sys').modules.values() for v in dir(m) "
        "if 'central_diff' in v and m.__name__ != '__main__']"
    ),
    "searches memory by gc": tries(
        "[o for o in __import__('gc').get_objects() if getattr(o, '__name__', '') in "
        "('evaluate', 'Exercise', 'load_data')]"
    ),
    "searches the stack": tries(
        "[sorted(f.f_locals) for f in __import__('sys')._current_frames().values() "
        "if 'expected' in f.f_locals or 'seed' in f.f_locals]"
    ),
    "reads the canary": tries("open(CANARY_FILE).read()"),
    "reads the canary by a link": tries(
        "(__import__('os').symlink(CANARY_FILE, 'link'), open('link').read())"
    ),
    "maps the canary": tries("__import__('numpy').fromfile(CANARY_FILE, 'u1').tobytes()"),
    "reads the environment": tries("dict(__import__('os').environ)"),
    "reads processes": tries(
        "[open(p, 'rb').read() for p in __import__('glob').glob('/proc/[0-9]*/environ')]"
    ),
    "reads the parent's memory": tries(
        "open(f\"/proc/{__import__('os').getppid()}/mem\", 'rb').read(10)"
    ),
    "reads passwords": tries("open('/etc/passwd').read()"),
    "reads the other submissions": tries(
        "[open(p).read() for p in __import__('glob').glob(SUBMISSIONS + '/*')]"
    ),
    "reads the gradebook": tries("open(GRADES + '/gradebook.sqlite', 'rb').read()"),
    "lists folders": tries(
        f"[p for r in {ROOTS} for p in __import__('os').listdir(r) if r != '/tmp' or p]"
    ),
    # Writing and reaching out
    "writes beside": wild(
        *quietly("open('left_behind', 'w').write('x' * 1000)"), right=True, points=RIGHT
    ),
    "writes the gradebook": wild(
        *quietly("open(GRADES + '/gradebook.sqlite', 'r+b').write(b'x' * 4096)"), right=True,
        points=RIGHT,
    ),
    "writes grades.csv": wild(
        *quietly("open(GRADES + '/grades.csv', 'a').write('me,1,1')"), right=True, points=RIGHT
    ),
    "deletes the submissions": wild(
        "import shutil", "shutil.rmtree(SUBMISSIONS, ignore_errors=True)", right=True, points=RIGHT
    ),
    "fills the disk": wild(
        *quietly("file = open('/tmp/fill', 'wb')", "while True: file.write(bytes(1 << 20))"),
        right=True, points=RIGHT,
    ),
    "fills shared memory": wild(
        *quietly("open('/dev/shm/fill', 'wb').write(bytes(1 << 28))"), right=True, points=RIGHT
    ),
    "opens a socket": tries("__import__('socket').create_connection(('127.0.0.1', PORT), 1)"),
    "listens": tries("__import__('socket').create_server(('127.0.0.1', 0)).getsockname()"),
    "a local socket": tries("__import__('socket').socketpair()"),
    "forks": tries("__import__('os').fork()"),
    "starts a program": tries("__import__('subprocess').check_output(['/bin/sh', '-c', 'id'])"),
    "becomes a program": tries("__import__('os').execv('/bin/sh', ['sh'])"),
    "a pool of processes": tries(
        "__import__('multiprocessing').get_context('fork').Pool(2).map(abs, [1])"
    ),
    "a fork bomb": wild(
        "import os", "for _ in range(10 ** 4):", "    try: os.fork()", "    except OSError: pass",
        right=True, points=RIGHT,
    ),
    "kills its parent": wild(
        "import os, signal", *quietly("os.kill(os.getppid(), signal.SIGKILL)"), right=True,
        points=RIGHT,
    ),
    "kills everyone": wild(
        "import os, signal", *quietly("os.kill(-1, signal.SIGKILL)"), right=True, points=RIGHT
    ),
    "raises its limits": wild(
        "import resource",
        *quietly("resource.setrlimit(resource.RLIMIT_AS, (-1, -1))"),
        "return len(bytearray(3 << 30))",
        status="memory",
    ),
    "traces its parent": tries("__import__('ctypes').CDLL(None).ptrace(16, PARENT, 0, 0) == 0"),
    "a namespace of its own": tries("__import__('ctypes').CDLL(None).unshare(0x10000000) == 0"),
    # Ending and lasting
    "os._exit": Submitted("import os\n" + body("os._exit(0)"), **DIED),
    "os._exit in the cell": Submitted("import os\nos._exit(0)\n" + CENTRAL, points=RIGHT),
    "os._exit in its own cell": Submitted(CENTRAL, own=("import os\nos._exit(0)",), points=RIGHT),
    "aborts": Submitted("import os\n" + body("os.abort()"), **DIED),
    "segfault": Submitted("import ctypes\n" + body("ctypes.string_at(0)"), **DIED),
    "kills itself": Submitted(
        "import signal\n" + body("signal.raise_signal(signal.SIGTERM)", "return 0"),
        # A process that may not send signals goes on, and is wrong: no points in either case.
        status="ok|died",
    ),
    "closes all pipes": Submitted("import os\n" + body("os.closerange(0, 256)"), **DIED),
    "endless": Submitted(body("while True: pass"), **TIMEOUT),
    "endless, catching all": Submitted(
        body("while True:", "    try:", "        while True: pass", "    except BaseException: pass"),
        **TIMEOUT,
    ),
    "endless in C": Submitted(body("return 10 ** 10 ** 9"), status="timeout|memory"),
    "endless in a regular expression": Submitted(
        "import re\n" + body("return re.match('(a+)+$', 'a' * 64 + 'b')"), **TIMEOUT
    ),
    "endless in a finalizer": Submitted(
        "class A:\n    def __del__(self):\n        while True: pass\n" + body("A()", "return 0"),
        **TIMEOUT,
    ),
    "endless in the text of an error": Submitted(
        "class E(Exception):\n    def __str__(self):\n        while True: pass\n" + body("raise E"),
        **TIMEOUT,
    ),
    "endless in the cell": Submitted(CENTRAL + "while True: pass\n", points=RIGHT),
    "endless in its own cell": Submitted(CENTRAL, own=("while True: pass",), points=RIGHT),
    "sleeps": Submitted("import time\n" + body("time.sleep(1000)"), **TIMEOUT),
    "waits for a signal": Submitted("import threading\n" + body("threading.Event().wait()"), **TIMEOUT),
    "waits for input": Submitted(body("return float(input('your grade? '))")),
    "ignores signals": Submitted(
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n" + body("while True: pass"),
        **TIMEOUT,
    ),
    "a thread that ends it": Submitted(
        "import os, threading\n" + body("threading.Thread(target=os._exit, args=(0,)).start()",
        "threading.Event().wait()"),
        **DIED,
    ),
    "memory": Submitted(body("return len(bytearray(5 << 30))"), status="memory"),
    "memory of numpy": Submitted(
        "import numpy as np\n" + body("return np.ones(5 << 27).sum()"), status="memory"
    ),
    "memory, bit by bit": Submitted(
        body("held = []", "while True: held.append(bytearray(1 << 24))"),
        status="memory|timeout",
    ),
    "memory, catching all": Submitted(
        body(
            "held = []",
            "while True:",
            "    try: held.append(bytearray(1 << 24))",
            "    except MemoryError: pass",
        ),
        **TIMEOUT,
    ),
    "threads": Submitted(
        "import threading, time\n"
        + body(
            "for _ in range(10 ** 4):",
            "    try: threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
            "    except RuntimeError: pass",
            "return 0.0",
        ),
        status="ok|timeout|memory|died",
        wild=True,
    ),
    "floods its output": Submitted(
        "import os, sys\n"
        + body("while True:", "    print('x' * 10 ** 6)", "    os.write(2, b'x' * 10 ** 6)"),
        status="timeout|memory",
    ),
    # Frames of its own
    "forges frames": Submitted(
        FRAMES + body("send(b'\\x01\\x00\\x00\\x00T' * 100)", "return 0.0"), status="protocol error"
    ),
    "an oversized frame": Submitted(
        FRAMES + body("send(struct.pack('<I', 2 ** 32 - 1))", "return 0.0"), status="protocol error"
    ),
    "a truncated frame": Submitted(
        FRAMES + body("send(struct.pack('<I', 9) + b'abc')", "os._exit(0)"), status="protocol error"
    ),
    "a slow frame": Submitted(
        "import time\n" + FRAMES
        + body("send(struct.pack('<I', 999))", "while True:", "    send(b'N')", "    time.sleep(0.05)"),
        **TIMEOUT,
    ),
    "a pickle": Submitted(
        FRAMES + body("import pickle", "data = pickle.dumps(print)",
        "send(struct.pack('<I', len(data)) + data)", "return 0.0"),
        status="protocol error",
    ),
    "a huge array": Submitted(
        "import numpy as np\n" + body("return np.zeros(10 ** 7)")
    ),
    "a deep list": Submitted(body("a = []", "for _ in range(10 ** 5): a = [a]", "return a")),
    "a list in itself": Submitted(body("a = []", "a.append(a)", "return a")),
    "markup": Submitted(body("raise ValueError('<script>alert(1)</script>' * 50)")),
    "terminal codes": Submitted(body("raise ValueError('\\x1b[2J\\u202e' * 50)")),
}  # fmt: skip


# Files that are no notebook of the course


def saved(data: Callable[[bytes], bytes] | bytes, suffix: str = ".ipynb", **about) -> Submitted:
    """The notebook of a right submission with ``data`` done to its bytes, or other bytes."""

    def save(folder: Path, student: str) -> None:
        right = nbformat.writes(Submitted().notebook()).encode()
        (folder / f"{student}{suffix}").write_bytes(data(right) if callable(data) else data)

    return Submitted(save=save, **{"points": RIGHT, **about})


def _folder(folder: Path, student: str) -> None:
    (folder / student / "deep" / ".ipynb_checkpoints").mkdir(parents=True)
    nbformat.write(Submitted().notebook(), folder / student / "deep" / "01_derivatives.ipynb")
    wrong = Submitted(WRONG).notebook()
    old = folder / student / "deep" / ".ipynb_checkpoints" / "01_derivatives-checkpoint.ipynb"
    nbformat.write(wrong, old)


def _link(folder: Path, student: str) -> None:
    (folder / f"{student}.ipynb").symlink_to(folder.parent / "canary.txt")


def _without_marks(data: bytes) -> bytes:
    book = json.loads(data)
    for cell in book["cells"]:
        cell["metadata"] = {}
    return json.dumps(book).encode()


def _twice(data: bytes) -> bytes:
    book = json.loads(data)
    answers = [c for c in book["cells"] if c["metadata"].get("nbgrader", {}).get("solution")]
    wrong = json.loads(json.dumps(answers[1]))
    wrong["source"], wrong["id"] = WRONG, "again"
    book["cells"].insert(2, wrong)
    return json.dumps(book).encode()


UNREADABLE = {"points": (0, 0), "status": "unreadable"}
MODULE = (FORWARD + "\n\n" + CENTRAL).encode()
SPANISH = "# -*- coding: latin-1 -*-\naño = 'niña'\n".encode("latin-1")

CORPUS |= {
    "file a module": saved(MODULE, ".py"),
    "file Windows line ends": saved(MODULE.replace(b"\n", b"\r\n"), ".py"),
    "file a byte order mark": saved(b"\xef\xbb\xbf" + MODULE, ".py"),
    "file Latin-1": saved(SPANISH + MODULE, ".py"),
    "file UTF-16": saved(MODULE.decode().encode("utf-16"), ".py"),
    "file percent cells": saved(b"# %%\n" + MODULE.replace(b"\n\n\n", b"\n# %%\n"), ".py"),
    "file half of it broken": saved(
        FORWARD.encode() + b"\n\ndef central_difference(f, x, h)\n    return 1\n",
        ".py",
        points=(0, 1),
        status="syntax error",
    ),
    "file notebook with Windows line ends": saved(lambda data: data.replace(b"\n", b"\r\n")),
    "file notebook with a byte order mark": saved(lambda data: b"\xef\xbb\xbf" + data),
    "file notebook in UTF-16": saved(lambda data: data.decode().encode("utf-16")),
    "file notebook without marks": saved(_without_marks),
    "file a cell twice, the last right": saved(_twice),
    "file cut off": saved(lambda data: data[: int(len(data) * 0.7)]),
    "file empty": saved(b"", **UNREADABLE),
    "file a picture": saved(b"\x89PNG\r\n\x1a\n" + bytes(100), **UNREADABLE),
    "file a page": saved(b"<!DOCTYPE html><title>Log in</title>", **UNREADABLE),
    "file a list": saved(b"[1, 2]", **UNREADABLE),
    "file deep brackets": saved(b"[" * 10**5, **UNREADABLE),
    "file too large": saved(b"[" + b" " * (40 << 20) + b"]", **UNREADABLE),
    "file in a folder": Submitted(save=_folder, points=RIGHT),
    "file a link to the canary": Submitted(save=_link, wild=True, **UNREADABLE),
    "file =cmd|' +C1 niña": saved(MODULE, ".py"),
}
