"""The hosted edition: badges that name the lesson, and a first cell that replaces nothing."""

import doctest
import json
import re
import subprocess
import sys
import venv
from pathlib import Path

import hosted
import pytest
from notebook_editions import is_relative, links

ROOT = Path(__file__).parents[1]
# What the first cell is held to here: something small that is installed, and older than the newest.
OLD = "packaging==23.2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("hosted")
    assert hosted.main(["someone/pruning-course", str(place)]) == 0
    return place


def test_each_lesson_has_badges_that_lead_to_itself(folder):
    names = {path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    assert {path.name for path in folder.iterdir()} == names
    for path in folder.iterdir():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        badges = "".join(cells[1]["source"])
        assert f"github/someone/pruning-course/blob/main/notebooks/hosted/{path.name}" in badges
        assert (
            f"someone/pruning-course/main?urlpath=lab/tree/notebooks/hosted/{path.name}" in badges
        )
        assert cells[2]["id"].endswith("-install")
        assert not any(cell.get("outputs") for cell in cells)


def test_its_links_lead_somewhere_even_from_a_copy(folder):
    """What is no lesson is named by its address, which stands for a file of this clone."""
    ours = re.compile(
        r"https://(?:github\.com/someone/pruning-course/blob|"
        r"raw\.githubusercontent\.com/someone/pruning-course)/main/([^?#]+)"
    )
    named = []
    for path in folder.iterdir():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown" and not cell["id"].endswith("-badges"):
                for target in links("".join(cell["source"])):
                    if found := ours.match(target):
                        named.append(found[1])
                    elif is_relative(target):
                        assert (folder / target.split("#")[0]).exists(), f"{path.name}: {target}"
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert {Path(name).suffix for name in named} == {".md", ".svg"}


def test_examples_in_docstrings_hold():
    assert doctest.testmod(hosted).failed == 0


def test_a_repository_needs_its_owner_and_its_name(capsys, tmp_path):
    assert hosted.main(["course", str(tmp_path)]) == 2
    assert hosted.main([]) == 2
    assert "OWNER/NAME" in capsys.readouterr().out
    assert [*tmp_path.iterdir()] == []


def test_where_everything_is_there_it_does_nothing(tmp_path):
    code = hosted.install("https://invalid.invalid/x").replace("subprocess.run(", "print(")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_it_looks_for_all_that_package_and_lessons_import():
    looked_for = {*re.findall(r'"(\w+)": "', hosted.install(""))}
    come_along = {"IPython", "h5py", "keras", "numpy"}  # with TensorFlow, or with a notebook
    sources = [*(ROOT / "course_utils").rglob("*.py"), *(ROOT / "notebooks/src").glob("*.py")]
    imports = re.compile(r"^ *(?:from|import) (\w+)", re.MULTILINE)
    code = re.compile(r'""".*?"""', re.DOTALL)  # no prose, no examples
    found = {
        name for path in sources for name in imports.findall(code.sub("", path.read_text("utf-8")))
    }
    strangers = found - {"course_utils", *sys.stdlib_module_names}
    assert strangers - come_along <= looked_for


@pytest.mark.slow
@pytest.mark.full
def test_elsewhere_it_adds_the_package_and_leaves_the_rest(tmp_path):
    """A new environment with an old package; the repository is this clone, all else left out."""
    venv.create(tmp_path / "env", with_pip=True)
    inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    python = tmp_path / "env" / inside
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    there = subprocess.run([*pip, "install", "-q", OLD], capture_output=True)
    if there.returncode:
        pytest.skip("no network to install from")
    seen = subprocess.run(["git", "ls-remote", ROOT.as_uri()], capture_output=True)
    if seen.returncode:
        pytest.skip("this folder is no repository that git may clone")
    code = hosted.install(ROOT.as_uri())
    start, end = code.index("wanted = {"), code.index("}  # fmt")
    two = 'wanted = {"packaging": "packaging", "iniconfig": "iniconfig"'
    code = code[:start] + two + code[end:]
    done = subprocess.run(
        [str(python), "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    listed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True)
    packages = dict(line.split("==") for line in listed.stdout.split())
    assert packages["packaging"] == "23.2"
    assert {"iniconfig", "cnn-pruning-course"} <= set(packages)
    assert "numpy" not in packages  # its dependencies are a hosted notebook's own
