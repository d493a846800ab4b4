"""The front page says nothing that does not hold: its code runs, its table and links are right."""

import re
import subprocess
import sys
from pathlib import Path

import forked
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = sorted((ROOT / "notebooks" / "src").glob("*.py"))


def test_its_code_runs_and_keeps_its_sparsity(tmp_path):
    """In three lines, then in ten: the short way goes on with the model of the long one."""
    short, long = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for block, most in ((short, 4), (long, 12)):
        lines = [line for line in block.splitlines() if line.strip()]
        assert len(lines) <= most, "the package in three lines, then in about ten"
    done = forked.run(long + short + "print(report)", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    totals = [line for line in done.stdout.splitlines() if line.startswith("total")]
    assert len(totals) == 2
    assert all("80.0%" in total for total in totals)
    assert "channels removed" in done.stdout


def test_its_table_names_every_lesson_with_its_title_and_minutes():
    rows = {line.split("](")[1].split(")")[0]: line for line in README.splitlines() if "· " in line}
    core = 0
    assert SOURCES, "no lessons found"
    for source in SOURCES:
        text = source.read_text(encoding="utf-8")
        title = re.search(r"^# # (.+)$", text, re.MULTILINE)[1]
        minutes = int(re.search(r"About (\d+) minutes", text)[1])
        row = rows[f"notebooks/{source.stem}.ipynb"]
        assert row.startswith(f"| [{title}](notebooks/{source.stem}.ipynb) | ")
        assert f" | {minutes} | [read](notebooks/solutions/{source.stem}.ipynb) |" in row
        core += minutes * ("| ● |" in row)
    assert 330 <= core <= 390, "the core path takes about six hours"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_its_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert all((ROOT / target).exists() for target in targets if "://" not in target)


def test_the_files_that_contributing_names_are_there():
    """From the clone's root or the package's; NAME and NN stand for what is added."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w.*/-]+(?:/|\.(?:py|md|csv|toml|lock)))`", text)
    paths = [re.sub(r"NAME|NN_name", "*", name) for name in named]
    assert len(paths) > 30
    lost = [
        path for path in paths if not any([*ROOT.glob(path), *(ROOT / "course_utils").glob(path)])
    ]
    assert not lost, f"CONTRIBUTING.md names {lost}, which are not there"


def test_the_picture_is_drawn_from_the_recorded_results(tmp_path):
    drawn = tmp_path / "picture.svg"
    code = f"import figures; figures.main({str(drawn)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "tools", check=True)
    committed = ROOT / "notebooks" / "figures"
    for name in ("picture.svg", "slope_and_parabola.svg", "pairs.svg"):
        there = committed / name.replace("picture", "held_or_not")
        same = drawn.with_name(name).read_bytes() == there.read_bytes()
        assert same, "run python tools/figures.py"
