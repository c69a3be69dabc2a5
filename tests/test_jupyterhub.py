"""The example of docs/jupyterhub_config.py, with two users: one course, and each has their own notebooks."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow

CONFIG = ROOT / "docs/jupyterhub_config.py"
NAME = "exercises/01_derivatives.ipynb"
USERS = ("ana", "ben")

# Without a proxy each server is asked at its own port; whoever knows the name of a user is that user.
WITHOUT_PROXY = """
from jupyterhub.proxy import Proxy

class NoProxy(Proxy):
    should_start = False

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass

    async def get_all_routes(self):
        return {{}}

load_subconfig({config!r})
c = get_config()
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.pre_spawn_hook = lambda spawner: setattr(spawner, "port", {ports!r}[spawner.user.name])
c.Spawner.args = [*c.Spawner.args, "--allow-root"]  # where the tests run as root
c.Spawner.start_timeout = c.Spawner.http_timeout = 300  # where others are at work too
c.JupyterHub.hub_port = {port}
c.JupyterHub.bind_url = "http://127.0.0.1:{unused}"
c.JupyterHub.services = [{{"name": "teacher", "api_token": {token!r}}}]
scopes = ["admin:users", "admin:servers", "tokens", "access:servers"]
c.JupyterHub.load_roles = [{{"name": "teacher", "scopes": scopes, "services": ["teacher"]}}]
"""


def free_ports(n):
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports


def ask(url, token, method="GET", content=None):
    """What a server answers, of JSON."""
    data = None if content is None else json.dumps(content).encode()
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or "null")


class Hub:
    """A hub that runs, and the addresses of its users' servers."""

    def __init__(self, folder: Path) -> None:
        unused, self.port, *ports = free_ports(2 + len(USERS))
        self.folder, self.token = folder, secrets.token_hex(16)
        self.ports = dict(zip(USERS, ports, strict=True))
        config = folder / "config.py"
        text = WITHOUT_PROXY.format(
            config=str(CONFIG),
            homes=str(folder / "homes"),
            ports=self.ports,
            port=self.port,
            unused=unused,
            token=self.token,
        )
        config.write_text(text, encoding="utf-8")
        kept = ("PATH", "HOME", "LANG", "PYTHONPATH")
        self.log = (folder / "log.txt").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=folder,
            env={name: os.environ[name] for name in kept if name in os.environ},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.api = f"http://127.0.0.1:{self.port}/hub/api"

    def said(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")[-3000:]

    def until(self, is_so) -> None:
        for _second in range(240):
            try:
                if is_so():
                    return
            except OSError:
                pass
            assert self.process.poll() is None, self.said()
            time.sleep(1)
        raise AssertionError(self.said())

    def servers(self, user: str) -> dict:
        return ask(f"{self.api}/users/{user}", self.token)["servers"]

    def log_in(self, user: str) -> tuple[str, str]:
        """Start the server of ``user``; its address, and a token for it."""
        ask(f"{self.api}/users/{user}/server", self.token, "POST")
        self.until(lambda: self.servers(user).get("", {}).get("ready"))
        own = ask(f"{self.api}/users/{user}/tokens", self.token, "POST", {})["token"]
        return f"http://127.0.0.1:{self.ports[user]}/user/{user}", own


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    pytest.importorskip(
        "jupyterhub", reason="NOT TRIED: jupyterhub is not installed (pip install jupyterhub)"
    )
    if os.name == "nt":
        pytest.skip("JupyterHub does not run on Windows")
    running = Hub(tmp_path_factory.mktemp("hub"))
    try:
        running.until(lambda: ask(running.api, running.token)["version"])
        for user in USERS:
            ask(f"{running.api}/users/{user}", running.token, "POST")
        yield running
    finally:
        running.process.terminate()  # its users' servers end with it
        running.process.wait(60)
        running.log.close()


def run(address: str, token: str, code: str) -> str:
    """What ``code`` prints in a kernel that stands in the folder of the exercises."""
    websocket = pytest.importorskip("websocket")  # JupyterLab brings it
    session = ask(
        f"{address}/api/sessions",
        token,
        "POST",
        {"path": NAME, "name": "", "type": "notebook", "kernel": {"name": "python3"}},
    )
    channels = f"{address}/api/kernels/{session['kernel']['id']}/channels".replace("http", "ws", 1)
    connection = websocket.create_connection(
        channels, timeout=120, header=[f"Authorization: token {token}"]
    )
    header = {"msg_id": "1", "msg_type": "execute_request", "session": "1", "username": ""}
    content = {"code": code, "silent": False, "stop_on_error": True}
    message = {"header": header | {"version": "5.3"}, "parent_header": {}, "metadata": {}}
    connection.send(json.dumps(message | {"content": content, "channel": "shell"}))
    printed = ""
    while True:
        told = json.loads(connection.recv())
        printed += told["content"].get("text", "") if told["msg_type"] == "stream" else ""
        assert told["msg_type"] != "error", told["content"]
        if told["msg_type"] == "execute_reply":
            connection.close()
            return printed


def test_two_users_have_their_own_notebooks_and_share_the_course(hub):
    before = (ROOT / NAME).read_bytes()
    servers = {user: hub.log_in(user) for user in USERS}
    for user, (address, token) in servers.items():
        home = hub.folder / "homes" / user / "course_nn"
        assert (home / NAME).read_bytes() == before
        assert not list(home.glob("course_nn")) and not list(home.glob("**/solutions"))
        page = ask(f"{address}/api/contents/{NAME}", token)["content"]
        cell = next(one for one in page["cells"] if one["id"] == "central_difference")
        cell["source"] = f"def central_difference(f, x, h):\n    return '{user}'"
        ask(
            f"{address}/api/contents/{NAME}",
            token,
            "PUT",
            {"type": "notebook", "content": page},
        )
    for user, (address, token) in servers.items():
        home = hub.folder / "homes" / user / "course_nn"
        for kept in (home / NAME, home / ".course_nn/saved" / NAME):  # the hook keeps it too
            text = kept.read_text(encoding="utf-8")
            assert [one for one in USERS if f"return '{one}'" in text] == [user]
        code = (
            "import os, course_nn; from course_nn import chapters; print(course_nn.__file__); "
            "print(chapters.folder()); print(os.environ['OPENBLAS_NUM_THREADS'])"
        )
        wanted = [str(ROOT / "course_nn/__init__.py"), str(home / "exercises"), "1"]
        assert run(address, token, code).splitlines() == wanted
    assert (ROOT / NAME).read_bytes() == before
    ana, ben = (servers[user] for user in USERS)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask(f"{ben[0]}/api/contents/{NAME}", ana[1])  # ana with her own token


def test_what_is_new_in_the_course_reaches_home_when_the_server_starts(hub):
    home = hub.folder / "homes/ana/course_nn"
    if not home.exists():
        hub.log_in("ana")
    ask(f"{hub.api}/users/ana/server", hub.token, "DELETE")
    hub.until(lambda: not hub.servers("ana"))
    lesson = home / "notebooks/01_derivatives.ipynb"
    lesson.unlink()
    hub.log_in("ana")
    assert lesson.read_bytes() == (ROOT / "notebooks/01_derivatives.ipynb").read_bytes()
