"""Plans meet their budgets exactly, and their levels are the best there are, by brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import criteria, masking, measuring, models, pruning, structure
from course_utils.backend import keras
from course_utils.extras import search
from course_utils.extras.search.allocation import (
    evenly,
    expected,
    given_back,
    spared,
)

LEVELS = (0.3, 0.6, 0.9)

# Losses with ties, and falls from one level to the next; prices that differ by a lot.
loss_of = st.integers(0, 6).map(lambda n: n / 100)
losses_of = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries({0.0: st.just(0.0), **dict.fromkeys(LEVELS, loss_of)}),
    min_size=1,
)
PRICES = {"a": 100, "b": 37, "c": 10, "d": 1}


def additive(shares):
    return sum(PRICES.values()) - sum(PRICES[name] * share for name, share in shares.items())


def product(shares):
    """What a channel costs depends on the channels that read it."""
    left = [PRICES[name] * (1 - shares.get(name, 0)) for name in PRICES]
    return sum(a * b for a, b in itertools.pairwise(left))


def choices(losses):
    for levels in itertools.product(*losses.values()):
        yield dict(zip(losses, levels, strict=True))


def best(losses, cost, target, together):
    within = [c for c in choices(losses) if cost(c) <= target]
    return min((together(losses[n][s] for n, s in c.items()) for c in within), default=None)


@settings(max_examples=150)
@given(losses=losses_of, share=st.floats(0.05, 1), cost=st.sampled_from([additive, product]))
def test_the_largest_loss_is_the_least_there_is(losses, share, cost):
    target = share * cost({})
    least = best(losses, cost, target, max)
    if least is None:
        with pytest.raises(ValueError, match="cannot be met"):
            evenly(losses, cost, target)
        return
    within, beyond = evenly(losses, cost, target)
    assert cost(within) <= target
    assert max(losses[name][s] for name, s in within.items()) == least
    assert cost(beyond) > target or not any(beyond.values())


@settings(max_examples=100)
@given(losses=losses_of, share=st.floats(0.05, 0.99), cost=st.sampled_from([additive, product]))
def test_levels_are_lowered_as_long_as_the_target_has_room(losses, share, cost):
    target = share * cost({})
    if best(losses, cost, target, max) is None:
        return
    before, _ = evenly(losses, cost, target)
    after = spared(losses, before, cost, target)
    assert cost(after) <= target
    for name, level in after.items():
        assert level <= before[name]
        assert losses[name][level] <= losses[name][before[name]]
        for other, lost in losses[name].items():
            if other < level and lost <= losses[name][level]:
                assert cost({**after, name: other}) > target, "there was room for one more"


@settings(max_examples=60)
@given(losses=losses_of, share=st.floats(0.05, 0.99), cost=st.sampled_from([additive, product]))
def test_what_is_left_over_is_given_back_to_the_last_bit(losses, share, cost):
    target = share * cost({})
    if best(losses, cost, target, max) is None:
        return
    ends = evenly(losses, cost, target)
    shares = given_back(ends, cost, target)
    assert target * (1 - 1e-9) <= cost(shares) <= target
    for name, value in shares.items():
        low, high = sorted((ends[0][name], ends[1][name]))
        assert low <= value <= high


def test_expected_losses_lie_between_those_measured():
    losses = {"a": {0.0: 0.0, 0.5: 0.02, 0.9: 0.1}, "b": {0.0: 0.0, 0.5: 0.0}}
    assert expected(losses, {"a": 0.7, "b": 0.25}) == {"a": pytest.approx(0.06), "b": 0}
    assert expected(losses, {"a": 0.5, "b": 0.5}) == {"a": 0.02, "b": 0}


def test_what_is_won_counts_as_nothing_lost_and_nothing_pruned_loses_nothing(lenet):
    losses = {"fc1/kernel": {0.0: 0.3, 0.9: -0.1}}
    assert search.plan(losses, lenet, 0.5).losses == {"fc1/kernel": 0}


# ------------------------------------------------------------------------------------ of weights

OF_KERNELS = {
    "conv1/kernel": {0.5: 0.001, 0.8: 0.05, 0.95: 0.4},
    "conv2/kernel": {0.5: 0.0, 0.8: 0.01, 0.95: 0.2},
    "fc1/kernel": {0.5: 0.0, 0.8: 0.0, 0.95: 0.005},
    "fc2/kernel": {0.5: 0.0, 0.8: 0.002, 0.95: 0.03},
}


@pytest.fixture(scope="module")
def lenet():
    return models.lenet5()


@pytest.mark.parametrize("budget", [0.1, 0.5, 43_000])
def test_a_plan_in_parameters_is_met_to_a_weight_by_the_masks_made_of_it(lenet, budget):
    found = search.plan(OF_KERNELS, lenet, budget)
    masks = masking.make_masks(criteria.magnitude(pruning.weights(lenet)), found.sparsity)
    left = lenet.count_params() - sum(int((~mask).sum()) for mask in masks.values())
    allowed = budget if budget > 1 else budget * lenet.count_params()
    assert left == found.cost
    assert allowed - len(masks) <= left <= allowed == found.budget
    assert found.loss == max(found.losses.values())


def test_the_fully_connected_layer_that_bears_it_goes_first(lenet):
    found = search.plan(OF_KERNELS, lenet, 0.5)
    assert found.loss == 0
    assert max(found.sparsity, key=found.sparsity.get) == "fc1/kernel"
    assert search.plan(OF_KERNELS, lenet, 1.0).sparsity == dict.fromkeys(OF_KERNELS, 0.0)


def test_macs_are_those_of_weights_that_are_not_zero(lenet):
    found = search.plan(OF_KERNELS, lenet, 0.4, of="macs")
    uses = {"conv1/kernel": 24**2, "conv2/kernel": 8**2, "fc1/kernel": 1, "fc2/kernel": 1}
    masks = masking.make_masks(criteria.magnitude(pruning.weights(lenet)), found.sparsity)
    macs = sum(uses[name] * int(mask.sum()) for name, mask in masks.items())
    assert macs == found.cost <= 0.4 * 2_293_000
    assert macs >= 0.4 * 2_293_000 - 24**2


def test_what_the_scan_does_not_name_stays_whole(lenet):
    found = search.plan({"fc1/kernel": OF_KERNELS["fc1/kernel"]}, lenet, 0.3)
    assert list(found.sparsity) == ["fc1/kernel"]
    assert found.cost == pytest.approx(0.3 * 431_080, abs=1)


def test_a_plan_comes_from_a_scan_and_prints_as_a_table(lenet):
    rng = np.random.default_rng(0)
    scan = search.sensitivity(lenet, rng.random((20, 28, 28, 1)), np.zeros(20), [0.5, 0.9])
    found = search.plan(scan, lenet, 0.6)
    assert found == search.plan(scan.losses, lenet, 0.6)
    for text in (str(found), found._repr_html_()):
        for word in ("conv1/kernel", "points lost alone", "431,080", "60.0%", "largest"):
            assert word in text


# ----------------------------------------------------------------------------------- of channels

OF_CHANNELS = {
    "conv1": {0.25: 0.0, 0.5: 0.02, 0.9: 0.3},
    "conv2": {0.25: 0.01, 0.5: 0.02, 0.9: 0.2},
    "fc1": {0.25: 0.0, 0.5: 0.0, 0.9: 0.01},
}


@pytest.mark.parametrize("of", ["parameters", "macs"])
def test_the_smaller_model_costs_what_its_plan_says(lenet, of):
    channels = structure.channel_groups(lenet)
    found = search.plan(OF_CHANNELS, channels, 0.3, of=of)
    masks = structure.choose(structure.filter_norms(channels), found.sparsity)
    small, _ = structure.shrink(channels, masks=masks)
    report = measuring.report(small).total
    assert getattr(report, of) == found.cost <= found.budget == 0.3 * found.whole
    assert found.cost > 0.9 * found.budget  # a channel of fc1 or conv2 costs a few percent
    assert search.plan(OF_CHANNELS, lenet, 0.3, of=of) == found


def test_one_channel_of_a_group_stays(lenet):
    least = 25 * 24**2 + 25 * 8**2 + 16 + 10
    found = search.plan({name: {1.0: 0.0} for name in OF_CHANNELS}, lenet, least, of="macs")
    scores = structure.filter_norms(structure.channel_groups(lenet))
    masks = structure.choose(scores, found.sparsity)
    assert all(mask.sum() >= 1 for mask in masks.values())


# ------------------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("losses", "budget", "options", "words"),
    [
        (OF_KERNELS, 0.01, {}, "cannot be met"),
        (OF_KERNELS, 0.5, {"of": "seconds"}, "of must be one of parameters, macs"),
        ({"conv9": {0.5: 0}}, 0.5, {}, "neither kernels nor groups"),
        (OF_KERNELS, -1, {}, "budget must be at least 0"),
        ({}, 0.5, {}, "names nothing"),
        ({"fc1/kernel": {}}, 0.5, {}, "names nothing, or no level"),
        ({"fc1/kernel": {80: 0.1}}, 0.5, {}, "a level of 'fc1/kernel' must be between 0 and 1"),
        ({"fc1/kernel": {0.5: np.nan}}, 0.5, {}, "the loss of 'fc1/kernel' at 0.5 must be"),
        ({"fc1/kernel": {0.5: np.inf}}, 0.5, {}, "losses of 'fc1/kernel' are not all finite"),
        ({"fc1/kernel": {0.5: None}}, 0.5, {}, "at 0.5 must be a number, not None"),
        ([0.5], 0.5, {}, "scan must be a Scan, or losses such as"),
        ({"fc1/kernel": 0.5}, 0.5, {}, "scan must be a Scan, or losses such as"),
    ],
)
def test_mistakes_are_said_in_words(lenet, losses, budget, options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        search.plan(losses, lenet, budget, **options)


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_where_there_is_room_for_one_it_goes_to_what_loses_most_for_what_it_saves(names):
    def cost(shares):
        return 10 - shares["a"] - 2 * shares["b"]

    for lost, kept in (({"a": 0.1, "b": 0.3}, "b"), ({"a": 0.1, "b": 0.1}, "a")):
        losses = {name: {0.0: 0.0, 0.5: lost[name]} for name in names}
        found = spared(losses, dict.fromkeys(names, 0.5), cost, target=9.5)
        assert found == {name: 0.0 if name == kept else 0.5 for name in names}


def test_inputs_tell_a_plan_the_size_that_a_model_leaves_open():
    images = keras.Input((None, None, 1))
    tensor = keras.layers.Conv2D(4, 3, name="conv")(images)
    model = keras.Model(images, keras.layers.GlobalAveragePooling2D()(tensor))
    losses, x = {"conv/kernel": {0.5: 0.01}}, np.ones((1, 102, 102, 1))
    assert search.plan(losses, model, 0.8, of="macs", inputs=x).whole == 100 * 100 * 36
