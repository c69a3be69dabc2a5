"""A JupyterLab of its own for the tests, and a notebook in it as its reader has it: in a window of
some size, in a light or a dark theme, with a keyboard and a mouse."""

import ast
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it is not everywhere
    from playwright.sync_api import Browser, Locator, Page

PATIENCE = 60  # seconds: for what takes one or two, on a machine that does much else

# Where it is installed, for each system that it is not on the path of.
CHROMIUMS = [
    os.environ.get("COURSE_NN_CHROMIUM", ""),
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"),
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    *(
        os.path.join(os.environ.get(folder, ""), program)
        for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        for program in (
            r"Chromium\Application\chrome.exe",
            r"Google\Chrome\Application\chrome.exe",
            r"Microsoft\Edge\Application\msedge.exe",
        )
    ),
]

RUN_ALL = "Control+F9"
SETTINGS: dict[str, dict] = {
    "@jupyterlab/apputils-extension/themes": {"adaptive-theme": True},  # as the browser asks
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/shortcuts-extension/shortcuts": {
        "shortcuts": [
            {
                "command": "notebook:run-all-cells",
                "keys": [RUN_ALL.replace("Control+", "Ctrl ")],
                "selector": ".jp-Notebook",
            }
        ]
    },
}

# JupyterLab asks each kernel for widgets from before the page was loaded, through a comm with dashes
# in its name; a kernel that is busy, or has not imported ipywidgets yet, does not know of that comm.
HARMLESS = r"No such comm target registered: jupyter.widget.control|No such comm: \w+-"


def find_chromium() -> str | None:
    """The path of a Chromium or of one of its kin; None if there is none."""
    return next(filter(None, map(shutil.which, filter(None, CHROMIUMS))), None)


class Lab:
    """A running JupyterLab whose files are in ``root``."""

    def __init__(self, root: Path, url: str, token: str) -> None:
        self.root, self.url, self.token = root, url, token

    def request(self, path: str, method: str = "GET") -> Any:
        """What the server's REST API answers."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer) if answer.headers.get_content_type().endswith("json") else None


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """A JupyterLab that reads and writes nothing of its user's; its files are in folder/files."""
    places = {
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        "IPYTHONDIR": folder / "ipython",
        "COURSE_NN_DATA": folder / "progress",
    }
    root = folder / "files"
    for place in [root, *places.values()]:
        place.mkdir(exist_ok=True)
    for plugin, values in SETTINGS.items():
        path = folder / "settings" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    token, port = secrets.token_hex(16), free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"]
    command += ["--LabApp.news_url=None", "--LabApp.extension_manager=readonly"]
    command += ["--LabApp.expose_app_in_browser=True"]  # so that a test can ask it for its state
    environment = {**os.environ, **{name: str(place) for name, place in places.items()}}
    environment |= {"JUPYTER_TOKEN": token, "OPENBLAS_NUM_THREADS": "1"}
    log = folder / "log.txt"
    with (
        log.open("wb") as file,
        subprocess.Popen(command, stdout=file, stderr=file, env=environment, cwd=root) as process,
    ):
        try:
            lab = Lab(root, f"http://127.0.0.1:{port}/", token)
            _wait(lab, process, log)
            yield lab
            lab.request("api/shutdown", "POST")  # and its kernels
            process.wait(PATIENCE)
        finally:
            process.kill()


def free_port() -> int:
    """A port that the system says is free; it does not soon name the same one again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _wait(lab: Lab, process: subprocess.Popen, log: Path) -> None:
    """Wait until ``lab`` answers."""
    for _ in range(10 * PATIENCE):
        try:
            return lab.request("api/status")
        except OSError:  # it does not listen yet
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError("JupyterLab does not start:\n" + log.read_text("utf-8", "replace"))


class Notebook:
    """A notebook of ``lab``, open in a window of ``browser`` with a kernel that is ready.

    Args:
        path: of the notebook in the folder of ``lab``.
        width: of the window, in pixels.
        theme: "light" or "dark".
    """

    def __init__(self, browser: "Browser", lab: Lab, path: str, width: int, theme: Any) -> None:
        self.lab, self.path = lab, path
        window = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=window, color_scheme=theme)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        self.complaints: list[str] = []  # of the browser: what its console shows in red
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        workspace = secrets.token_hex(4)  # or it opens what another test has left open
        self.page.goto(f"{lab.url}lab/workspaces/{workspace}/tree/{path}?token={lab.token}")
        self._until_ready()

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _until_ready(self) -> None:
        """Wait for the kernel: JupyterLab drops "run all" without a word if it is not ready."""
        self.page.wait_for_function(
            """() => {
                const panel = window.jupyterapp?.shell?.currentWidget;
                const session = panel?.context?.sessionContext;
                const kernel = session?.session?.kernel;
                return panel?.context?.isReady && session.isReady
                    && kernel?.connectionStatus === "connected" && kernel.status === "idle";
            }"""
        )
        self.page.evaluate(
            """async () => {
                await jupyterapp.restored;
                window.heard = [];  // from the kernel, also what belongs to no cell
                window.unanswered = new Set();
                const {kernel} = jupyterapp.shell.currentWidget.context.sessionContext.session;
                kernel.anyMessage.connect((_, {msg, direction}) => {
                    if (direction === "send" && msg.channel === "shell")
                        unanswered.add(msg.header.msg_id);
                });
                kernel.iopubMessage.connect((_, message) => {
                    heard.push(message);
                    if (message.content.execution_state === "idle")
                        unanswered.delete(message.parent_header.msg_id);
                });
            }"""
        )
        assert self.ask("1 + 1") == 2
        idle = self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        idle.wait_for(state="attached")  # a narrow toolbar hides it

    def run_all(self) -> None:
        """Run every cell, from the keyboard, and wait until all have been executed."""
        self.page.locator(".jp-Cell.jp-mod-active").press(RUN_ALL)
        self.page.wait_for_function(
            """() => {
                const panel = window.jupyterapp.shell.currentWidget;
                const cells = [...panel.content.model.cells].filter(cell => cell.type === "code");
                const open = cells.filter(cell => cell.sharedModel.getSource().trim()
                    && (cell.executionCount === null || cell.executionState === "running"));
                const failed = cells.some(cell => cell.executionCount !== null
                    && !(cell.getMetadata("tags") ?? []).includes("raises-exception")
                    && cell.outputs.toJSON().some(output => output.output_type === "error"));
                const kernel = panel.context.sessionContext.session.kernel;
                return kernel.status === "idle" && (failed || open.length === 0);
            }""",
            timeout=5000 * PATIENCE,
        )

    def run_again(self) -> None:
        """Run the first cell once more, from the keyboard."""
        cell = self.page.locator(".jp-CodeCell").first
        number = self.ask("get_ipython().execution_count")
        cell.locator(".jp-InputPrompt").click()
        cell.press("Control+Enter")
        cell.locator(".jp-InputPrompt", has_text=f"[{number}]:").wait_for()

    def troubles(self) -> list[str]:
        """What went wrong: in cells, but for those tagged to raise; in callbacks and tasks of the
        kernel, which show nothing; in the browser."""
        failures = self.page.evaluate(
            """() => {
                const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
                const shown = cells.filter(cell => cell.type === "code"
                    && !(cell.getMetadata("tags") ?? []).includes("raises-exception"))
                    .flatMap(cell => cell.outputs.toJSON());
                const hidden = heard.filter(({parent_header}) =>
                    parent_header.msg_type !== "execute_request")
                    .map(({header, content}) => ({output_type: header.msg_type, ...content}));
                return [...shown, ...hidden].filter(output =>
                    output.output_type === "error" || output.name === "stderr")
                    .map(output => output.text ?? output.traceback.join("\\n"));
            }"""
        )
        return [said for said in failures + self.complaints if not re.match(HARMLESS, said)]

    def ask(self, expression: str) -> Any:
        """The value of ``expression`` in the kernel, when it is done with what it was told."""
        answer = self.page.evaluate(
            """async expression => {
                const {kernel} = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
                const request = {code: "", silent: true, user_expressions: {expression}};
                return (await kernel.requestExecute(request).done).content;
            }""",
            expression,
        )["user_expressions"]["expression"]
        assert answer["status"] == "ok", answer
        return ast.literal_eval(answer["data"]["text/plain"])

    def tell(self, code: str) -> None:
        """Have the kernel run ``code``, and do not wait for it."""
        self.page.evaluate(
            """code => {
                const {kernel} = jupyterapp.shell.currentWidget.context.sessionContext.session;
                kernel.requestExecute({code, silent: true});
            }""",
            code,
        )

    def settle(self) -> None:
        """Wait until the kernel has done all that the browser has asked for."""
        drawn = "new Promise(then => requestAnimationFrame(() => requestAnimationFrame(then)))"
        self.page.evaluate(drawn)
        self.page.wait_for_function("unanswered.size === 0")
        self.page.evaluate(drawn)

    def output(self, cell: int = 0) -> "Locator":
        """What code cell number ``cell`` shows."""
        return self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-Cell-outputArea")

    def close(self) -> None:
        """Close the window and end the kernel."""
        self.context.close()
        for session in self.lab.request("api/sessions"):
            if session["path"] == self.path:
                self.lab.request(f"api/sessions/{session['id']}", "DELETE")
