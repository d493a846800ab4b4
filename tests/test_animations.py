"""The pictures that move: in step with what they show, small, and whole where they do not play."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import forked
import numpy as np
import pytest

from course_utils.lessons import recorded

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "notebooks" / "figures"
STEPS = {
    "moving_through_time": 4,
    "moving_on_schedule": 9,
    "moving_through_flatten": 5,
    "moving_through_graph": 7,
}
SHOWN_AT = {
    "moving_through_time": ("README.md", "site/index.md"),
    "moving_on_schedule": ("notebooks/src/08_while_training.py",),
    "moving_through_flatten": ("notebooks/src/11_structural_pruning.py",),
    "moving_through_graph": ("notebooks/src/12_channels_together.py",),
}
VISIBLE = """at => {
    for (const one of document.getAnimations()) { one.pause(); one.currentTime = at; }
    return [...document.querySelectorAll('g[class]')].map(
        g => [g.getAttribute('class'), getComputedStyle(g).visibility === 'visible']);
}"""


@pytest.fixture(params=STEPS)
def name(request):
    return request.param


def text_of(name):
    return (FIGURES / f"{name}.svg").read_text("utf-8")


def parts(text):
    """Every part that is not always seen: the steps at which it is, and whether it is at rest."""
    found = re.findall(r'<g class="s([\d-]+)"( visibility="hidden")?>', text)
    return [({int(step) for step in steps.split("-")}, not hidden) for steps, hidden in found]


def test_they_are_drawn_from_what_was_recorded_and_from_the_package(tmp_path):
    code = f"import animations; animations.main({str(tmp_path)!r})"
    done = forked.run(code, cwd=ROOT / "tools")
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in tmp_path.iterdir()} == {*STEPS}
    for path in tmp_path.iterdir():
        same = path.read_bytes() == (FIGURES / path.name).read_bytes()
        assert same, f"run python tools/animations.py: {path.name} is another"


def test_each_has_its_steps_and_rests_on_the_last(name):
    found = parts(text_of(name))
    assert set().union(*(steps for steps, _ in found)) == {*range(STEPS[name])}
    looks = [[step in steps for steps, _ in found] for step in range(STEPS[name])]
    assert all(one != next_one for one, next_one in pairwise(looks))
    assert [at_rest for _, at_rest in found] == looks[-1]


def test_they_are_small_slow_and_end(name):
    text = text_of(name)
    assert len(text.encode()) < 300_000
    [(seconds, rounds)] = set(re.findall(r"animation:\S+ ([\d.]+)s step-end (\d+)}", text))
    assert float(seconds) >= STEPS[name]
    assert 1 < int(rounds) < 10
    assert "prefers-reduced-motion" in text


def test_they_need_nothing_from_elsewhere(name):
    root = ElementTree.fromstring(text_of(name))
    assert root.find("{http://www.w3.org/2000/svg}title").text
    assert not re.search(r"<script|<image|@import|@font-face|url\((?!#)", text_of(name))


def test_they_stand_where_they_teach_with_words_for_those_who_cannot_see(name):
    for place in SHOWN_AT[name]:
        text = re.sub(r"\n# ", " ", (ROOT / place).read_text("utf-8"))
        [alt] = re.findall(rf"!\[([^\]]+)\]\((?:notebooks/)?figures/{name}\.svg\)", text)
        assert len(alt) > 80


def test_a_browser_shows_one_step_after_another(name, visit):
    page = visit((FIGURES / f"{name}.svg").as_uri()).page
    text = text_of(name)
    [whole] = {float(one) for one in re.findall(r"animation:\S+ ([\d.]+)s", text)}
    step = STEPS[name] - 1
    for at, steps in ((0, 0), (1000 * whole - 1, step), (4000 * whole + 1, step)):
        for shown, visible in page.evaluate(VISIBLE, at):
            assert visible == (str(steps) in shown.removeprefix("s").split("-"))


def test_the_front_page_says_what_was_measured():
    found = recorded.arrays("in_motion")
    free, held = found["zeros"] / found["counts"].sum(axis=-1)
    assert np.allclose(free[:3], [0, 0.9, 0.02], atol=0.005)
    assert free[3] < 0.005
    assert np.allclose(held[1:], 0.9, atol=0.005)
    assert np.allclose(found["accuracy"][:, 3], 0.97, atol=0.005)
