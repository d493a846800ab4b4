"""Layers that keep too little for a signal to pass: found by counting, and said once."""

import warnings

import numpy as np
import pytest

from course_utils import criteria, masking, models, pruning, schedules
from course_utils.backend import keras

layers = keras.layers


def mask(shape: tuple[int, ...], kept: int) -> np.ndarray:
    flat = np.zeros(int(np.prod(shape)), bool)
    flat[:kept] = True
    return flat.reshape(shape)


@pytest.mark.parametrize(
    ("shape", "layout", "outputs"),
    [
        ((6, 30), "io", 30),
        ((3, 3, 2, 20), "ssio", 20),
        ((3, 3, 20, 2), "ssoi", 20),  # transposed
        ((3, 3, 20, 2), "ssco", 40),  # depthwise: every channel has outputs of its own
        ((6, 5, 8), "ioo", 40),  # heads and their features
    ],
)
def test_outputs_are_counted_by_what_the_axes_mean(shape, layout, outputs):
    layouts = {"a": layout}
    assert masking.thin({"a": mask(shape, outputs)}, layouts) == {}
    assert masking.thin({"a": mask(shape, outputs - 1)}, layouts) == {"a": (outputs - 1, outputs)}
    assert masking.collapsed({"a": mask(shape, -(-outputs // 10))}, layouts) == {}
    fewer = -(-outputs // 10) - 1
    assert masking.collapsed({"a": mask(shape, fewer)}, layouts) == {"a": (fewer, outputs)}


def test_one_weight_for_a_few_outputs_is_too_little_and_one_for_one_is_not():
    assert masking.collapsed({"a": mask((9, 4), 1), "b": mask((9, 1), 1)}) == {"a": (1, 4)}
    assert masking.collapsed({"a": mask((9, 4), 2)}) == {}
    assert masking.collapsed({"a": mask((9, 4), 0)}) == {}  # cut off on purpose
    assert masking.collapsed({}) == {}


def uneven() -> keras.Model:
    """A network whose middle layer has far smaller weights than the others."""
    model = keras.Sequential(
        [keras.Input((8,)), *(layers.Dense(40, name=name) for name in ("a", "b", "c"))]
    )
    model.get_layer("b").kernel.assign(model.get_layer("b").kernel * 0.001)
    model.compile("sgd", "mse", run_eagerly=True)
    return model


def test_a_global_ranking_that_collapses_a_layer_says_so_once_with_the_way_out():
    model = uneven()
    with pytest.warns(
        UserWarning, match="layer collapse: b/kernel keeps 1 weight for 40 outputs"
    ) as said:
        masks = pruning.prune(model, 0.8)
    said = [one for one in said if one.category is UserWarning]
    assert len(said) == 1
    assert all(word in str(said[0].message) for word in ('"erk"', '"layer"', "min_kept"))
    assert said[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        pruning.attach(model, masks)  # known
        pruning.attach(model, {"c/kernel": np.zeros((40, 40))})  # cut off on purpose
        for options in ({"scope": "erk"}, {"scope": "layer"}, {"min_kept": 40}):
            pruning.prune(uneven(), 0.8, **options)
    with pytest.warns(UserWarning, match="layer collapse: b/kernel") as said:
        pruning.attach(uneven(), masks)
    said = [one for one in said if one.category is UserWarning]
    assert said[0].filename == __file__


def test_a_schedule_says_it_at_the_step_where_it_happens():
    pruner = pruning.PruneOnSchedule(schedules.polynomial(0.9, 0, 4))
    with pytest.warns(UserWarning, match=r"at step 1, layer collapse: b/kernel") as said:
        uneven().fit(np.ones((8, 8)), np.ones((8, 40)), 2, 1, verbose=0, callbacks=[pruner])
    assert len([one for one in said if one.category is UserWarning]) == 1


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("build", [models.lenet300, models.article_cnn])
def test_the_courses_networks_at_usual_sparsities_cause_no_word(build):
    for sparsity in (0.8, 0.9, 0.95):
        pruning.prune(build(seed=0), sparsity)
    pruning.prune(build(seed=0), 0.99, criteria.lamp)
    pruning.prune(build(seed=0), 0.98, scope="erk")
    pruning.prune(build(seed=0), 0.8, criteria.random)
