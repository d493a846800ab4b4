"""The front page: what `import course_utils as cu` costs, and what it offers."""

import ast
import inspect
import pydoc
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import course_utils as cu
from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras

PAGE = Path(cu.__file__)
FUNCTIONS = ("PruneOnSchedule", "attach", "detach", "held_masks", "prune", "report", "shrink")

IMPORTED = """
import sys, time
start = time.process_time()
import course_utils as cu
seconds = time.process_time() - start
listed = dir(cu)
print(seconds, *sorted({name.split(".")[0] for name in sys.modules}))
"""


def python(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_its_import_costs_next_to_nothing_and_loads_no_library():
    """Processor seconds, the best of three: a machine may have other work."""
    runs = [python(IMPORTED) for _ in range(3)]
    assert min(float(seconds) for seconds, *_ in runs) < 0.3
    assert not {"numpy", "keras", "tensorflow", "matplotlib"} & set(runs[0][1:])


def test_it_offers_about_twenty_names_and_each_is_there():
    assert set(FUNCTIONS) < set(dir(cu))
    assert 15 <= len(dir(cu)) <= 25
    for name in dir(cu):
        value = getattr(cu, name)
        assert inspect.ismodule(value) == (name not in FUNCTIONS)
        assert value.__doc__, name


ROOMS = """
import sys
import course_utils as cu
listed = [*dir(cu.extras), *dir(cu.lessons)]
before = {"numpy", "keras", "tensorflow", "matplotlib"} & set(sys.modules)
print(len(before), cu.lessons.data.__name__, cu.extras.search.__name__, *listed)
"""


def test_the_rooms_of_the_upper_floors_come_when_they_are_asked_for():
    before, *names = python(ROOMS)
    assert before == "0"
    assert names[:2] == ["course_utils.lessons.data", "course_utils.extras.search"]
    assert {"search", "sweeping", "export", "checks", "plots", "tasks"} <= set(names)
    with pytest.raises(AttributeError, match=r"course_utils.extras.* 'serch'; it has .*search"):
        cu.extras.serch  # noqa: B018


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_name_is_the_one_of_its_room(name):
    room = {"report": cu.measuring, "shrink": cu.structure}.get(name, cu.pruning)
    assert getattr(cu, name) is getattr(room, name)
    namespace = {}
    exec(f"from course_utils import {name}", namespace)
    assert namespace[name] is getattr(cu, name)


def test_type_checkers_see_the_same_names():
    """They read the imports under TYPE_CHECKING; modules they find by themselves."""
    (block,) = (
        node for node in ast.parse(PAGE.read_text("utf-8")).body if isinstance(node, ast.If)
    )
    seen = {(node.module, alias.asname) for node in block.body for alias in node.names}
    assert seen == {(f"course_utils.{room}", name) for name, room in cu._HOMES.items()}
    assert all(find_spec(f"course_utils.{name}") for name in set(dir(cu)) - set(FUNCTIONS))


@pytest.mark.parametrize("name", ["prun", "__wrapped__", "arrays2", "scores"])
def test_an_unknown_name_is_refused_with_those_that_there_are(name):
    assert not hasattr(cu, name)
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'; it has .*prune.*schedules"):
        getattr(cu, name)
    with pytest.raises(ImportError, match=f"cannot import name '{name}'"):
        exec(f"from course_utils import {name}")


def test_help_fits_on_two_screens_and_shows_every_name():
    text = pydoc.plain(pydoc.render_doc(cu))
    lines = text.splitlines()
    assert len(lines) <= 90
    assert max(map(len, lines)) <= 104  # pydoc indents by four
    assert all(name in text for name in dir(cu))
    assert "masks = cu.prune(model, 0.8)" in text


# ------------------------------------------------------------------------------- prune, in one call


def long_way(model: keras.Model, sparsity: float, scope: str, granularity: str, **choice: object):
    scores = criteria.lamp(pruning.weights(model, **choice))
    layouts = pruning.layouts(model)
    masks = masking.make_masks(scores, sparsity, scope, granularity, layouts=layouts)
    pruning.attach(model, masks)
    return masks


@pytest.mark.parametrize("scope", masking.SCOPES)
@pytest.mark.parametrize("granularity", ["weight", "filter"])
def test_prune_does_what_the_long_way_does(scope, granularity):
    one, other = models.lenet300(), models.lenet300()
    expected = long_way(one, 0.75, scope, granularity, exclude="fc3")
    masks = cu.prune(other, 0.75, criteria.lamp, scope, granularity, exclude="fc3")
    assert list(masks) == list(expected) == ["fc1/kernel", "fc2/kernel"]
    for name, mask in masks.items():
        np.testing.assert_array_equal(mask, expected[name])
        np.testing.assert_array_equal(mask, cu.held_masks(other)[name])
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_prune_asks_for_a_share_of_each_kernel_too(tiny):
    model = tiny()
    masks = cu.prune(model, {"hidden/kernel": 0.5, "output/kernel": 0.25})
    assert {name: masking.sparsity(mask) for name, mask in masks.items()} == {
        "hidden/kernel": 0.5,
        "output/kernel": 0.25,
    }


def test_what_is_pruned_stays_pruned_whatever_the_criterion(tiny, batch):
    """And the share asked for is met: no zero is kept in the place of a weight."""
    model = tiny()
    first = cu.prune(model, 0.5)
    model.fit(batch.x, batch.y, verbose=0)
    second = cu.prune(model, 0.75, lambda weights: criteria.random(weights, seed=1))
    assert all((second[name] <= first[name]).all() for name in first)
    assert masking.sparsity(second) == masking.sparsity(pruning.weights(model)) == 0.75


def test_masks_elsewhere_are_left_alone(tiny):
    model = tiny()
    cu.prune(model, 0.5, include="hidden")
    cu.prune(model, 0.25, include="output")
    shares = {name: masking.sparsity(mask) for name, mask in cu.held_masks(model).items()}
    assert shares == {"hidden/kernel": 0.5, "output/kernel": 0.25}


def test_channels_stand_for_their_model():
    model = models.lenet300()
    channels = cu.structure.channel_groups(model)
    masks = cu.prune(channels, 0.5)
    assert str(cu.report(channels)) == str(cu.report(model))
    assert cu.report(channels).total.sparsity == 0.5
    assert cu.held_masks(channels).keys() == masks.keys()
    cu.detach(channels)
    assert cu.held_masks(model) == {}


def test_the_three_lines_of_the_page_run():
    model = models.lenet300()
    masks = cu.prune(model, 0.8)
    small, report = cu.shrink(model, 0.5)
    assert masking.sparsity(masks) == 0.8
    assert small.count_params() < model.count_params()
    assert "total" in str(cu.report(small))
    assert "of 400 channels removed" in str(report)
