"""The set-up, tried on small clones in temporary folders: never on the real environment."""

import ast
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import environment
import pytest
from front_door.commands import lab_arguments, pytest_arguments
from front_door.install import environment_state, lock_entry, write_stamp
from front_door.paths import Clone
from front_door.peers import Peer
from front_door.preflight import (
    GIGABYTE,
    ROOM_NEEDED,
    folder_problem,
    platform_problem,
    python_problem,
    room_warning,
    venv_problem,
)

ROOT = Path(__file__).resolve().parents[1]
posix_only = pytest.mark.skipif(os.name == "nt", reason="needs make or bash")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone that holds the set-up and no course, at a path with a space and an accent."""
    root = tmp_path / "my course é"
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements.lock").write_text("uv==1.0 \\\n    --hash=sha256:00\n")
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    return Clone(root)


@pytest.fixture
def finished(clone: Clone) -> Clone:
    """The same with an environment that holds no packages, but is declared finished."""
    venv.create(clone.venv)
    write_stamp(clone)
    return clone


def surroundings(**variables: str) -> dict[str, str]:
    """Return a newcomer's environment: nothing of the `make test` that may run this."""
    ours = re.compile("MAKE|MFLAGS|JUPYTER|COURSE|KERAS|VIRTUAL_ENV|PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return kept | {"PYTHONUTF8": "1"} | variables


def call(clone: Clone, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run the clone's tools/environment.py as a person would."""
    return subprocess.run(
        [sys.executable, clone.root / "tools" / "environment.py", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=surroundings(**variables),
    )


# --- Python and platform -------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 11), (3, 12, 1), (3, 13, 0, "final", 0)])
def test_suitable_pythons(version):
    assert environment.suits(version)


@pytest.mark.parametrize("version", [(2, 7), (3, 10, 13), (3, 14, 0), (4, 0)])
def test_other_pythons_are_refused_with_a_way_out(version):
    assert not environment.suits(version)
    text = environment.REFUSAL.format(*version)
    assert f"This is Python {version[0]}.{version[1]}." in text
    assert "make lab PYTHON=python3.12" in text


def test_oldest_python_is_the_packages_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">={}.{}".format(*environment.OLDEST)


def test_entry_can_be_read_by_an_old_python():
    source = (ROOT / "tools" / "environment.py").read_bytes().decode("ascii")
    for node in ast.walk(ast.parse(source, feature_version=(3, 4))):
        assert not isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert all(argument.annotation is None for argument in node.args.args)


@pytest.mark.parametrize(
    "machine",
    [
        ("Linux", "x86_64", "glibc"),
        ("Linux", "aarch64", "glibc"),
        ("Darwin", "arm64", ""),
        ("Windows", "AMD64", ""),
    ],
)
def test_platforms_with_tensorflow_pass(machine):
    assert platform_problem(*machine) is None


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (("Linux", "x86_64", ""), "Alpine"),
        (("Linux", "x86_64", "musl"), "Alpine"),
        (("Linux", "armv7l", "glibc"), "Linux on armv7l"),
        (("Darwin", "x86_64", ""), "Intel"),
        (("Windows", "arm64", ""), "Windows on arm64"),
    ],
)
def test_platforms_without_tensorflow_are_named(machine, words):
    assert words in platform_problem(*machine)


def test_other_kinds_of_python_are_named():
    assert python_problem(sys.maxsize, "cpython") is None
    assert "32-bit" in python_problem(2**31 - 1, "cpython")
    assert "CPython, and this is pypy" in python_problem(sys.maxsize, "pypy")


def test_debian_without_ensurepip_is_told_the_package():
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt install python{version}-venv" in venv_problem(False)
    assert venv_problem(True) is None


def test_little_room_is_a_warning():
    assert "0.5 GB" in room_warning(GIGABYTE // 2)
    assert room_warning(ROOM_NEEDED) is None


def test_read_only_folder_is_named(tmp_path):
    assert str(tmp_path) in folder_problem(tmp_path, writable=False)
    assert folder_problem(tmp_path, writable=True) is None


@posix_only
def test_folder_that_no_environment_can_bear(clone, tmp_path):
    moved = Clone(clone.root.rename(tmp_path / "a:b"))
    done = call(moved, "setup")
    assert done.returncode == 1
    assert "holds the character ':'" in done.stderr
    assert not moved.venv.exists()


# --- The stamp: what counts as finished ----------------------------------------------------------


def test_new_clone_has_no_environment(clone):
    assert environment_state(clone) == "absent"


def test_finished_environment_is_ready(finished):
    assert environment_state(finished) == "ready"


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_changed_pins_make_it_outdated(finished, name):
    with (finished.root / name).open("a") as file:
        file.write("# changed\n")
    assert environment_state(finished) == "outdated"


def test_interrupted_setup_is_not_believed(finished):
    finished.stamp.unlink()
    assert environment_state(finished) == "absent"


@pytest.mark.parametrize("text", ["", "{", "[]", '"ready"', '{"pins": 1}'])
def test_unreadable_stamp_is_not_believed(finished, text):
    finished.stamp.write_text(text)
    assert environment_state(finished) == "absent"


def test_moved_clone_is_set_up_anew(finished, tmp_path):
    moved = Clone(finished.root.rename(tmp_path / "elsewhere"))
    assert environment_state(moved) == "absent"


def test_vanished_python_is_noticed(finished):
    finished.python.unlink()
    assert environment_state(finished) == "absent"


def test_environment_of_another_python_is_set_up_anew(finished):
    stamp = json.loads(finished.stamp.read_text()) | {"python": "3.99"}
    finished.stamp.write_text(json.dumps(stamp))
    assert environment_state(finished) == "absent"


# --- Setting up, offline, from wheels made here --------------------------------------------------

BACKEND = """
import os, zipfile
FILES = {
    "METADATA": "Metadata-Version: 2.1\\nName: course_utils\\nVersion: 1.0\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "RECORD": "",
}
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "course_utils-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("course.pth", os.getcwd())
        for file, text in FILES.items():
            wheel.writestr("course_utils-1.0.dist-info/" + file, text)
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "course_utils"
version = "1.0"
"""


@pytest.fixture
def installable(clone: Clone, tmp_path: Path) -> Clone:
    """A clone whose lock pins one wheel: a stand-in for uv that always fails."""
    wheel = write_wheel(tmp_path, "uv", "1.0", "raise SystemExit('this uv does not work here')")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    clone.lock.write_text(f"uv==1.0 \\\n    --hash=sha256:{digest}\n")
    (clone.root / "pyproject.toml").write_text(PROJECT)
    (clone.root / "backend.py").write_text(BACKEND)
    (clone.root / "course_utils").mkdir()
    (clone.root / "course_utils" / "__init__.py").touch()
    return clone


def write_wheel(folder: Path, name: str, version: str, code: str) -> Path:
    """Write a wheel that holds one module to run with `python -m`."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__main__.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.mark.full
def test_setup_falls_back_to_pip_and_is_done_once(installable, tmp_path):
    limits = tmp_path / "limits.txt"  # a machine-wide pip setting that contradicts the lock
    limits.write_text("uv<1\n")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONSTRAINT": str(limits)}

    first = call(installable, "setup", **offline)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "trying the same with pip" in first.stdout
    assert environment_state(installable) == "ready"

    second = call(installable, "setup", PIP_NO_INDEX="1")
    assert second.stdout.startswith("The environment is ready")

    installable.lock.write_text(installable.lock.read_text() + "# other pins\n")
    third = call(installable, "setup", **offline)
    assert third.returncode == 0
    assert "Making the environment" not in third.stdout
    assert environment_state(installable) == "ready"


@pytest.mark.full
def test_setup_without_network_ends_in_words_and_leaves_no_stamp(installable):
    done = call(installable, "setup", PIP_NO_INDEX="1")
    assert done.returncode == 1
    assert "no network" in done.stderr
    assert "Traceback" not in done.stderr
    assert environment_state(installable) == "absent"


@pytest.fixture
def compared(installable: Clone, tmp_path: Path) -> Clone:
    """The same with stand-ins for pytest, in the lock, and for one library to compare with."""
    wheel = write_wheel(tmp_path, "pytest", "1.0", "import sys; print('tested', *sys.argv[1:])")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with installable.lock.open("a") as lock:
        lock.write(f"pytest==1.0 \\\n    --hash=sha256:{digest}\n")
    write_wheel(tmp_path, "torch", "2.0", "")
    pins = installable.root / "tests" / "peers" / "torch.txt"
    pins.parent.mkdir(parents=True)
    pins.write_text("torch==2.0\n")
    return installable


@pytest.mark.full
def test_a_library_to_compare_with_is_installed_once_beside_the_environment(compared, tmp_path):
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    first = call(compared, "peers", "torch", "-x", **offline)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "0.9 GB" in first.stdout
    assert "tested tests/peers/test_torch.py -x" in first.stdout
    held = subprocess.run([compared.python, "-c", "import torch"], capture_output=True)
    assert held.returncode, "it must not come into the course's own environment"

    second = call(compared, "peers", "torch", PIP_NO_INDEX="1")
    assert second.stdout.split("\n")[0] == "tested tests/peers/test_torch.py"

    stamp = Peer(compared.root, "torch").stamp
    stamp.unlink()  # as after an interrupted set-up
    third = call(compared, "peers", "torch", PIP_NO_INDEX="1")
    assert third.returncode == 1
    assert "torch could not be installed" in third.stderr
    assert not stamp.exists()

    assert call(compared, "clean").returncode == 0
    assert not (compared.root / ".venv-peers").exists()


def test_lock_without_the_installer_is_reported(installable):
    installable.lock.write_text("other==1.0 \\\n    --hash=sha256:00\n")
    done = call(installable, "setup")
    assert done.returncode == 1
    assert "does not pin uv" in done.stderr


def test_missing_lock_is_reported(clone):
    clone.lock.unlink()
    done = call(clone, "setup")
    assert done.returncode == 1
    assert "requirements.lock is missing" in done.stderr


def test_lock_entry_takes_the_whole_name():
    lock = "uv-x==1 \\\n    --hash=sha256:a\nuv==2 \\\n    --hash=sha256:b\n    # via y\nz==3\n"
    assert lock_entry(lock, "uv") == "uv==2 \\\n    --hash=sha256:b\n    # via y\n"


# --- Running -------------------------------------------------------------------------------------


def test_run_uses_the_environment_and_passes_the_status_on(finished):
    done = call(finished, "run", "-c", "import sys; print(sys.prefix); sys.exit(7)")
    assert done.stdout.strip() == str(finished.venv)
    assert done.returncode == 7


def test_programs_keep_their_files_inside_the_clone(finished, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    done = call(finished, "run", "-c", code, HOME=str(home), PYTHONPATH="/nowhere")
    variables = json.loads(done.stdout)
    inside = [name for name, value in variables.items() if str(finished.venv / "var") in value]
    assert {"JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"} <= set(inside)
    assert {"IPYTHONDIR", "MPLCONFIGDIR", "KERAS_HOME"} <= set(inside)
    assert "PYTHONPATH" not in variables
    assert not list(home.iterdir())


def test_an_existing_keras_folder_stays_in_use(finished, tmp_path):
    (tmp_path / ".keras").mkdir()
    code = "import os; print(os.environ.get('KERAS_HOME'))"
    variables = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    assert call(finished, "run", "-c", code, **variables).stdout.strip() == "None"


def test_lab_stays_on_this_machine_and_keeps_its_token():
    arguments = lab_arguments(Clone(ROOT), ["--no-browser", "--port", "9999"])
    assert arguments[-3:] == ["--no-browser", "--port", "9999"]  # last, so that they win
    assert "--ServerApp.ip=localhost" in arguments
    assert not any("token" in argument or "password" in argument for argument in arguments)


def test_tests_are_all_unless_some_are_named():
    everything = ["tests", "course_utils", "notebooks", "-n", "2", "--dist", "loadfile"]
    everything += ["--no-loadscope-reorder"]
    assert pytest_arguments(Clone(ROOT), []) == everything
    assert pytest_arguments(Clone(ROOT), ["-k", "mask"]) == [*everything, "-k", "mask"]
    assert pytest_arguments(Clone(ROOT), ["tests::one", "-x"]) == ["tests::one", "-x"]


def test_clean_takes_the_environment_and_leaves_the_work(finished):
    work = finished.root / "notebooks" / "mine.ipynb"
    work.parent.mkdir()
    work.touch()
    assert call(finished, "clean").returncode == 0
    assert not finished.venv.exists()
    assert work.exists()


@pytest.mark.parametrize(("arguments", "status"), [(["help"], 0), ([], 0), (["labb"], 2)])
def test_usage_lists_every_command(clone, arguments, status):
    done = call(clone, *arguments)
    assert done.returncode == status
    for command in ("lab", "test", "peers", "zoo", "bench", "setup", "run", "clean"):
        assert re.search(rf"^  {command}\b", done.stdout + done.stderr, flags=re.MULTILINE)


# --- make and CI ---------------------------------------------------------------------------------


def make(*arguments: str) -> str:
    """Return what make prints in the real clone; help and -n set nothing up."""
    command = ["make", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=surroundings(), capture_output=True, text=True)
    return done.stdout


@posix_only
def test_make_alone_explains_every_target():
    shown = make()
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for target in phony[1].split():
        assert re.search(rf"^  make {target} +\S", shown, flags=re.MULTILINE), target


@posix_only
def test_make_passes_python_and_arguments_on():
    shown = make("-n", "lab", "PYTHON=python3.12", "ARGS=--port 9999")
    assert shown.strip() == "python3.12 tools/environment.py lab --port 9999"


@posix_only
@pytest.mark.parametrize("with_data", [True, False])
def test_ci_runs_make_test_with_the_data_beside_the_clone(tmp_path, with_data):
    script = tmp_path / "clone" / ".ci" / "run"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", script)
    if with_data:
        (tmp_path / "shared" / "data").mkdir(parents=True)
    makefile = "test:\n\t@echo data=$$COURSE_DATA_DIR; exit 3\n"
    (tmp_path / "clone" / "Makefile").write_text(makefile)

    done = subprocess.run(
        [script], env=surroundings(), cwd=tmp_path, capture_output=True, text=True
    )
    assert (
        done.stdout.splitlines()[0] == f"data={tmp_path / 'shared' / 'data' if with_data else ''}"
    )
    assert done.returncode == 2  # make's own status for a recipe that failed
