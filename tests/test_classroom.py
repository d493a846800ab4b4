"""A room of learners: the container's file, JupyterHub's settings, and what a learner is given."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door.commands import closed_folder
from front_door.paths import Clone
from front_door.peers import set_up_peer
from front_door.preflight import Refusal

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "classroom"
CONTAINER = (FOLDER / "Containerfile").read_text("utf-8")
PATIENCE = 600  # seconds, on however loaded a machine


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(url: str, token: str = "", method: str = "GET") -> tuple[int, dict]:
    """Ask a server for JSON; a status of 0 says that nobody answered."""
    headers = {"Authorization": f"token {token}"} if token else {}
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
    except urllib.error.HTTPError as refused:
        return refused.code, {}
    except OSError:
        return 0, {}


def text_of(url: str, token: str) -> str:
    """Return the text of a page."""
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def until(what, running: subprocess.Popen | None = None) -> dict:
    """Wait until a question has an answer; give up when the server has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        status, answer = what()
        if status == 200:
            return answer
        assert running is None or running.poll() is None, "the server has ended"
        time.sleep(0.5)
    raise TimeoutError


# A container


def test_the_container_takes_what_there_is():
    for line in re.findall(r"^COPY (?:--\S+ )?(\S+) ", CONTAINER, re.MULTILINE):
        assert (ROOT / line).exists()
    assert "--require-hashes -r requirements.lock" in CONTAINER
    notebook = re.search(r"/lab/tree/(\S+\.ipynb)", CONTAINER)[1]
    assert (ROOT / notebook).exists()
    assert CONTAINER.index("USER learner") < CONTAINER.index("CMD")  # nobody works as root


def test_what_is_somebodys_own_stays_out_of_the_container():
    """The image goes to all learners: no answers, marks or keys of whoever worked in the folder."""
    left_out = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    own = {".git", ".venv", ".venv-peers", "grading", "jupyterhub_cookie_secret", "logbook.json"}
    assert own <= {*left_out}
    assert not {"notebooks", "course_utils", "tools", "requirements.lock"} & {*left_out}


def container_tool() -> str | None:
    for name in ("docker", "podman"):
        if (
            shutil.which(name)
            and not subprocess.run([name, "info"], capture_output=True).returncode
        ):
            return name
    return None


@pytest.mark.slow
@pytest.mark.full
def test_a_container_is_built_and_its_lab_answers():
    tool = container_tool()
    if not tool:
        pytest.skip("no container tool runs here")
    build = [tool, "build", "-q", "-f", str(FOLDER / "Containerfile"), "-t", "course-test", "."]
    subprocess.run(build, cwd=ROOT, check=True)
    port, token = free_port(), secrets.token_hex(8)
    run = [tool, "run", "--rm", "-d", "-p", f"127.0.0.1:{port}:8888"]
    started = subprocess.run(
        [*run, "-e", f"JUPYTER_TOKEN={token}", "course-test"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    try:
        place = f"http://127.0.0.1:{port}/api/contents/notebooks/00_start_here.ipynb?content=0"
        assert until(lambda: ask(place, token))["writable"]
        inside = [tool, "exec", started, "python", "-c", "import course_utils.pruning"]
        assert subprocess.run(inside).returncode == 0
    finally:
        subprocess.run([tool, "stop", started], capture_output=True)


# A hub


def test_a_python_that_learners_could_not_start_is_found(tmp_path):
    home = tmp_path / "root"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").touch()
    (tmp_path / "python").symlink_to(home / "bin" / "python")
    home.chmod(0o711)
    assert closed_folder(tmp_path / "python") != home
    home.chmod(0o700)
    assert closed_folder(tmp_path / "python") == home


def test_a_learner_gets_the_lessons_once_and_no_answers(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    import start_learner

    start_learner.copy_lessons(tmp_path)
    given = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    lessons = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert lessons <= given
    assert {"docs/coverage.md", "docs/prerequisites.md"} <= given
    assert not any("solutions" in name or "teachers" in name for name in given)
    mine = tmp_path / "notebooks" / "00_start_here.ipynb"
    mine.write_text("mine")
    assert start_learner.copy_lessons(tmp_path) == []
    assert mine.read_text() == "mine"


@pytest.fixture
def hub(tmp_path) -> Iterator[tuple[str, str]]:
    """The room's hub, as it is but for accounts: every learner is this user, in another folder."""
    proxy = shutil.which("configurable-http-proxy")
    if not proxy:
        pytest.skip("configurable-http-proxy is not installed")
    try:
        peer = set_up_peer(Clone(ROOT), "jupyterhub")
    except Refusal as reason:
        pytest.skip(str(reason).splitlines()[0])
    port, inner, token = free_port(), free_port(), secrets.token_hex(16)
    (tmp_path / "homes").mkdir()
    (tmp_path / "config.py").write_text(
        f"""
load_subconfig({str(FOLDER / "jupyterhub_config.py")!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {inner}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{free_port()}"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {str(tmp_path / "homes" / "{username}")!r}
c.Spawner.args += ["--allow-root"]
c.JupyterHub.services = [{{"name": "test", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "scopes": ["admin:users", "admin:servers", "access:servers"],
      "services": ["test"]}}
]
""",
        "utf-8",
    )
    command = [str(peer.python), "-m", "jupyterhub", "--config", str(tmp_path / "config.py")]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    with (tmp_path / "log.txt").open("w") as log:
        running = subprocess.Popen(command, cwd=tmp_path, env=kept, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: ask(f"{url}/hub/api/"), running)
        yield url, token
    except AssertionError:
        print((tmp_path / "log.txt").read_text())
        raise
    finally:
        running.terminate()
        running.wait(60)


@pytest.mark.slow
@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="JupyterHub needs Unix")
def test_two_learners_start_from_the_hub_each_with_lessons_of_their_own(hub):
    url, token = hub
    for name in ("anna", "bo"):
        assert ask(f"{url}/hub/api/users/{name}", token, "POST")[0] == 201
        assert ask(f"{url}/hub/api/users/{name}/server", token, "POST")[0] in (201, 202)
    for name in ("anna", "bo"):
        own = f"{url}/user/{name}/api"
        place = f"{own}/contents/pruning-course/notebooks/00_start_here.ipynb?content=0"
        assert until(lambda place=place: ask(place, token))["writable"]
        assert "python3" in ask(f"{own}/kernelspecs", token)[1]["kernelspecs"]
        page = f"{url}/user/{name}/lab/tree/pruning-course/notebooks/00_start_here.ipynb"
        assert "jupyterlab" in text_of(page, token).lower()  # where a login ends
        said = kernel_says(own, token, "import course_utils.pruning, os; print(os.getcwd())")
        assert said.strip().endswith(f"homes/{name}/pruning-course/notebooks")
        assert ask(f"{url}/hub/api/users/{name}/server", token, "DELETE")[0] in (202, 204)


def kernel_says(own: str, token: str, code: str) -> str:
    """Run code in a new kernel beside the lessons, and return what it prints."""
    websocket = pytest.importorskip("websocket")
    body = {"name": "python3", "path": "pruning-course/notebooks/00_start_here.ipynb"}
    request = urllib.request.Request(
        f"{own}/kernels",
        json.dumps(body).encode(),
        {"Authorization": f"token {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        kernel = json.load(answer)["id"]
    channels = f"{own}/kernels/{kernel}/channels".replace("http:", "ws:")
    header = {"msg_id": "1", "msg_type": "execute_request", "session": "1", "username": ""}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    wanted = {"header": header | {"version": "5.3", "date": ""}, "parent_header": {}}
    wanted |= {"metadata": {}, "content": content, "channel": "shell", "buffers": []}
    said, talk = (
        "",
        websocket.create_connection(
            channels, timeout=PATIENCE, header=[f"Authorization: token {token}"]
        ),
    )
    talk.send(json.dumps(wanted))
    while True:
        message = json.loads(talk.recv())
        kind, content = message["header"]["msg_type"], message["content"]
        assert kind != "error", content
        said += content.get("text", "") if kind == "stream" and content["name"] == "stdout" else ""
        if kind == "execute_reply":
            talk.close()
            return said
