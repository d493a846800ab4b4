"""What maintainers and readers of the repository expect: workflows, how to cite, what changed."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

import course_utils

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
README = (ROOT / "README.md").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")  # of Keep a Changelog


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.citation-file-format", [ROOT / "CITATION.cff"]),
    ],
)
def test_they_fit_their_schema(schema, files):
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, *map(str, files)])
    assert files
    assert done.exit_code == 0, done.output


def test_zizmor_finds_no_danger_in_the_workflows():
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    command = [zizmor, "--offline", "--no-progress", "--persona=pedantic", ROOT / ".github"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_runs_what_the_readme_says_where_it_says():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8"))
    job = workflow["jobs"]["test"]
    commands = {step["run"] for step in job["steps"] if "run" in step}
    for command in ("make test", "py -3 tools/environment.py test"):
        assert re.search(rf"^    {command}\b", README, re.MULTILINE)
        assert command in commands

    matrix = job["strategy"]["matrix"]
    assert matrix["system"] == ["ubuntu-24.04"]
    assert f"Python {', '.join(matrix['python'][:-1])} or {matrix['python'][-1]}" in README
    others = {each["system"].split("-")[0] for each in matrix["include"]}
    assert others == {"macos", "windows"}


def test_citation_and_changelog_name_the_version_and_the_authors():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"] == course_utils.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert citation["authors"] == PROJECT["authors"]


def test_the_changelog_has_the_form_of_keep_a_changelog():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    date = r"(?:\d{4}-\d\d-\d\d|Unreleased)"
    assert all(re.fullmatch(rf"\[\d+\.\d+\.\d+\] - {date}", name) for name in versions), versions
    assert versions[0].startswith(f"[{PROJECT['version']}] ")
    kinds = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert kinds
    assert {*kinds} <= {*KINDS}
