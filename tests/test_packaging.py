"""What is installed: the lock, the conda file, and the wheel hold to pyproject.toml."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import BytesParser
from importlib.metadata import distributions
from pathlib import Path

import library_wheel
import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PLATFORMS = {
    "linux x86-64": {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix"},
    "linux arm64": {"sys_platform": "linux", "platform_machine": "aarch64", "os_name": "posix"},
    "mac arm64": {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt"},
}
PYTHONS = ("3.11", "3.12", "3.13")


def entries() -> list[str]:
    """Return the lock's entries, each with its hashes and comments."""
    return re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE)[1:]


def pinned(platform: str, python: str) -> dict[str, str]:
    """Return the versions that the lock gives one platform and Python: {name: version}."""
    surroundings = PLATFORMS[platform] | {
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    requirements = [Requirement(entry.split("\\\n")[0]) for entry in entries()]
    chosen = [r for r in requirements if _applies(r.marker, surroundings)]
    pins = {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in chosen}
    assert len(pins) == len(chosen), "a package is pinned twice"
    return pins


def asked() -> list[Requirement]:
    """Return the requirements of the package and of every extra."""
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(text) for group in groups for text in group]


def _applies(marker: Marker | None, surroundings: dict[str, str]) -> bool:
    return marker is None or marker.evaluate(surroundings)


def test_pip_takes_what_is_pinned():
    """What uv installs although it closes itself to this Python, pip, conda and Binder refuse."""
    asks = {one.name: one.metadata["Requires-Python"] for one in distributions()}
    closed = {name: ask for name, ask in asks.items() if ask and not _open_to_all(ask)}
    assert not closed


def _open_to_all(versions: str) -> bool:
    return all(SpecifierSet(versions).contains(f"{python}.9") for python in PYTHONS)


def test_every_entry_is_exact_and_has_hashes():
    for entry in entries():
        assert re.match(r"[a-z0-9.-]+==[0-9][0-9a-z.]*( ; [^\\]+)? \\\n", entry), entry[:80]
        assert re.search(r"^    --hash=sha256:[0-9a-f]{64}", entry, flags=re.MULTILINE), entry[:80]


def test_uv_installs_the_lock_with_its_hashes():
    """A constraint that is no exact pin of the lock makes it refuse, and pip takes minutes."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]
    for limit in map(Requirement, settings["constraint-dependencies"]):
        assert any(entry.startswith(f"{limit} ") for entry in entries()), limit


def test_lock_names_no_host_and_no_file():
    assert not re.search(
        r"://|\bfile:| @ |--(extra-)?index-url|--find-links|^-", LOCK, re.MULTILINE
    )


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_lock_gives_what_pyproject_asks(platform, python):
    pins = pinned(platform, python)
    surroundings = PLATFORMS[platform] | {"python_version": python}
    for requirement in asked():
        if _applies(requirement.marker, surroundings):
            version = pins[canonicalize_name(requirement.name)]
            assert version in requirement.specifier, requirement


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("platform", "package"),
    [
        ("linux x86-64", "tensorflow-cpu"),
        ("linux arm64", "tensorflow"),
        ("mac arm64", "tensorflow"),
        ("windows", "tensorflow-cpu"),
    ],
)
def test_the_light_tensorflow_where_it_exists(platform, package, python):
    pins = pinned(platform, python)
    assert [name for name in ("tensorflow", "tensorflow-cpu") if name in pins] == [package]


def test_conda_file_adds_python_and_pip_and_nothing_that_drifts():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, rest = conda["dependencies"]
    assert conda["channels"] == ["conda-forge", "nodefaults"]
    assert pip == "pip"
    assert rest == {"pip": ["-r requirements.lock"]}

    name, version = python.split("=")
    assert name == "python"
    assert version in PYTHONS
    assert f"{version}.0" in SpecifierSet(PROJECT["requires-python"])


@pytest.mark.skipif(os.name == "nt", reason="Binder runs Linux")
def test_binder_can_run_its_script():
    script = ROOT / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The package's wheel, built with the environment's own hatchling: no network, no isolation."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        yield archive


def test_wheel_alone_asks_for_numpy_only(wheel):
    (path,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = BytesParser().parsebytes(wheel.read(path))
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    core = [r.name for r in requirements if _applies(r.marker, {"extra": ""})]
    assert core == ["numpy"]
    assert metadata["License-Expression"] == "MIT"

    platform = PLATFORMS["linux x86-64"] | {"extra": "tensorflow"}
    extra = {r.name for r in requirements if _applies(r.marker, platform)}
    assert extra == {"numpy", "keras", "tensorflow-cpu"}


def test_wheel_holds_the_package_and_nothing_else(wheel):
    package = ROOT / "course_utils"
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == sources
    assert any(name.endswith(".npz") for name in held), "the embedded digits are missing"
    assert "course_utils/lessons/results/mnist_retrain.csv" in held, "lesson 05 plots these results"


# ------------------------------------------------------------------------------ the library alone

USE = """
import course_utils as cu
from course_utils.backend import keras

assert cu.__file__.startswith({folder!r}), cu.__file__
model = keras.Sequential(
    [keras.Input((6,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)]
)
masks = cu.prune(model, 0.5)
small, report = cu.shrink(model, 0.5)
print(cu.masking.sparsity(masks), [tuple(weight.shape) for weight in small.weights])
try:
    import course_utils.lessons.data
except ImportError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The wheel of the library alone, as `make wheel` builds it."""
    with zipfile.ZipFile(library_wheel.build(tmp_path_factory.mktemp("library"))) as archive:
        yield archive


def test_the_library_is_the_package_without_lessons(library, wheel):
    whole = {name for name in wheel.namelist() if ".dist-info/" not in name}
    held = {name for name in library.namelist() if ".dist-info/" not in name}
    assert held == {name for name in whole if not name.startswith("course_utils/lessons/")}
    assert held < whole

    (path,) = [name for name in library.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = BytesParser().parsebytes(library.read(path))
    assert (metadata["Name"], metadata["Version"]) == ("course-utils", PROJECT["version"])
    assert {*metadata.get_all("Provides-Extra")} == {*library_wheel.EXTRAS}


def test_the_library_works_where_nothing_else_of_the_course_is(library, tmp_path):
    library.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", USE.format(folder=str(tmp_path))],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first == "0.5 [(6, 4), (4,), (4, 3), (3,)]"
    assert last == "No module named 'course_utils.lessons'"
