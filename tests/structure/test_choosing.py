"""Which channels stay: exact counts, order, budgets met, and what cannot be met said in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils import masking, measuring, models, structure
from course_utils.backend import keras
from course_utils.structure.choosing import removal_steps

layers = keras.layers
shares = st.floats(0, 1)
scores = st.dictionaries(
    st.sampled_from("abcd"),
    hnp.arrays(np.float64, st.integers(1, 40), elements=st.integers(0, 5).map(float)),
    min_size=1,
)


def gone(masks):
    return {name: int((~mask).sum()) for name, mask in masks.items()}


@given(scores, shares)
def test_each_group_loses_its_share_and_keeps_one(S, share):
    for sparsity in (share, {"*": share}):
        for name, count in gone(structure.choose(S, sparsity, "layer")).items():
            assert count == min(round(share * S[name].size), S[name].size - 1)


@given(scores, shares)
def test_masks_of_kernels_and_of_channels_count_a_share_alike(S, share):
    weights = gone(masking.make_masks(S, share, "layer"))
    for name, count in gone(structure.choose(S, share, "layer")).items():
        assert count == min(weights[name], S[name].size - 1)


def test_half_of_five_is_two():
    five = {"a": np.arange(5.0)}
    for scope in ("layer", "global"):
        assert gone(structure.choose(five, 0.5, scope)) == {"a": 2}
        assert gone(masking.make_masks(five, 0.5, scope)) == {"a": 2}


@given(scores, shares)
def test_all_groups_together_lose_exactly_the_share_unless_one_must_stay(S, share):
    masks = structure.choose(S, share)
    total = sum(v.size for v in S.values())
    assert sum(gone(masks).values()) == min(round(share * total), total - len(S))


@given(scores, shares, st.sampled_from(["layer", "global"]))
def test_nothing_stays_that_scores_lower_than_what_goes_within_a_group(S, share, scope):
    for name, mask in structure.choose(S, share, scope).items():
        if not mask.all():
            assert S[name][mask].min() >= S[name][~mask].max()


@given(scores, shares, shares, st.sampled_from(["layer", "global"]), st.integers(1, 8))
def test_a_higher_share_removes_all_that_a_lower_one_does(S, one, other, scope, multiple):
    few, many = (
        structure.choose(S, share, scope, multiple=multiple) for share in sorted((one, other))
    )
    assert all((few[name] | ~many[name]).all() for name in S)


@given(scores, shares, st.sampled_from(["layer", "global"]))
def test_what_is_left_is_a_multiple_or_all(S, share, scope):
    for mask in structure.choose(S, share, scope, multiple=8).values():
        assert mask.all() or mask.sum() % 8 == 0


@pytest.mark.parametrize(
    ("size", "share", "left"),
    [(24, 0.5, 8), (24, 0.3, 16), (24, 0.9, 8), (20, 0.05, 20), (20, 0.1, 16), (500, 1 / 64, 496)],
)
def test_a_multiple_is_the_one_nearest_to_the_share(size, share, left):
    """12 of 24 lie between 8 and 16, and 18 of 20 between 16 and all: there more go."""
    S = {"a": np.arange(float(size))}
    assert structure.choose(S, share, "layer", multiple=8)["a"].sum() == left


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_share_for_each_group_by_name_or_pattern(scope):
    """It ranks group by group, in either scope: the scores here say nothing between groups."""
    S = {"block1/a": np.arange(4.0), "block1/b": 9 + np.arange(4.0), "head": -np.arange(4.0)}
    masks = structure.choose(S, {"block1/*": 0.5, "block1/b": 0.25}, scope)
    assert gone(masks) == {"block1/a": 2, "block1/b": 1, "head": 0}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda S: structure.choose(S, 1.5), "between 0 and 1"),
        (lambda S: structure.choose(S, 0.5, "everywhere"), "'global' or 'layer'"),
        (lambda S: structure.choose(S, {"x*": 0.5}), "fits no group"),
        (lambda S: structure.choose(S, 0.5, multiple=0), "whole number"),
        (lambda S: structure.choose({"a": np.array([np.nan, 1])}, 0.5), "NaN"),
    ],
)
def test_mistakes_are_said_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call({"a": np.arange(4.0)})


def test_the_unit_of_a_cost_does_not_matter():
    scores = {"a": np.array([6.0, 2.0]), "b": np.array([1.0, 3.0])}
    in_seconds = structure.per_cost(scores, lambda m: 1e-6 * (7 * m["a"].sum() + 2 * m["b"].sum()))
    np.testing.assert_allclose(in_seconds["a"], scores["a"] / 7e-6)
    np.testing.assert_allclose(in_seconds["b"], scores["b"] / 2e-6)


def test_per_cost_prefers_to_remove_what_is_expensive():
    price = {"cheap": 1, "dear": 10}

    def cost(masks):
        return sum(price[name] * int(mask.sum()) for name, mask in masks.items())

    S = {"cheap": np.array([1.0, 2.0]), "dear": np.array([5.0, 15.0])}
    first = removal_steps(structure.per_cost(S, cost), "global")[0]
    assert first.group == "dear"  # 5 for 10 units of cost, against 1 for one


# ------------------------------------------------------------------------------------------ budgets


def residual() -> keras.Model:
    """A residual block, a depthwise one, a concatenation, and a dense head."""
    x = inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(24, 3, padding="same", name="stem")(x)
    y = layers.BatchNormalization(name="norm")(x)
    y = layers.Conv2D(24, 3, padding="same", activation="relu", name="branch")(y)
    x = layers.Add(name="add")([x, y])
    y = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    y = layers.Conv2D(40, 1, name="point")(y)
    x = layers.Concatenate(name="join")([x, y])
    x = layers.Flatten(name="flatten")(layers.MaxPooling2D(4, name="pool")(x))
    return keras.Model(inputs, layers.Dense(10, name="head")(layers.Dense(60, "relu")(x)))


def attention() -> keras.Model:
    """Attention, a recurrent layer, an embedding."""
    inputs = keras.Input((9,), dtype="int32")
    x = layers.Embedding(50, 32, name="embed")(inputs)
    x = layers.MultiHeadAttention(8, 6, name="attend")(x, x)
    return keras.Model(inputs, layers.Dense(3, name="head")(layers.LSTM(30, name="lstm")(x)))


NETWORKS = {"lenet5": models.lenet5, "residual": residual, "attention": attention}


@pytest.fixture(scope="module", params=NETWORKS)
def channels(request) -> structure.Channels:
    return structure.channel_groups(NETWORKS[request.param]())


@pytest.mark.parametrize("kind", ["macs", "parameters"])
@pytest.mark.parametrize("share", [0.15, 0.4, 0.9])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_budget_is_met_within_two_percent(channels, kind, share, scope):
    cost = getattr(structure.costs(channels), kind)
    masks = structure.within_budget(structure.random(channels, seed=1), cost, share, scope)
    assert 0.98 * share <= cost(masks) / cost({}) <= share


def test_a_budget_in_units(channels):
    cost = structure.costs(channels).parameters
    target = cost({}) // 3
    masks = structure.within_budget(structure.filter_norms(channels), cost, target)
    assert 0.98 * target <= cost(masks) <= target


def test_what_is_counted_before_is_what_the_smaller_model_has(channels):
    price = structure.costs(channels)
    for share in (0, 0.3, 0.7):
        masks = structure.choose(structure.random(channels, seed=2), share, "layer")
        small, _ = structure.shrink(channels, masks=masks)
        assert price.macs(masks) == measuring.report(small).total.macs
        assert price.parameters(masks) == small.count_params()


def test_a_budget_that_cannot_be_met_names_the_least(channels):
    cost = structure.costs(channels).macs
    with pytest.raises(ValueError, match="cannot be met") as error:
        structure.within_budget(structure.random(channels, seed=0), cost, 10)
    fewest = {name: np.arange(len(group)) < 1 for name, group in channels.groups.items()}
    assert f"{cost(fewest):,}" in str(error.value)


def test_a_budget_of_all_removes_nothing(channels):
    cost = structure.costs(channels).macs
    masks = structure.within_budget(structure.random(channels, seed=0), cost, 1.0)
    assert all(mask.all() for mask in masks.values())


def test_layers_from_which_nothing_can_go_cost_what_they_cost():
    odd = layers.Dense(8, name="odd")
    x = inputs = keras.Input((5,))
    model = keras.Model(inputs, layers.Dense(2)(layers.Dense(4, name="a")(odd(x))))
    odd.enable_lora(1)
    price = structure.costs(model)
    assert price.macs({}) - price.macs({"a": np.arange(4) < 3}) == 8 + 2


def test_an_open_image_size_is_taken_small_unless_a_batch_says_more():
    inputs = keras.Input((None, None, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, name="conv")(inputs))
    found = structure.channel_groups(keras.Model(inputs, layers.Dense(2)(x)))
    half = {"conv": np.arange(8) < 4}
    assert structure.costs(found).macs(half) == 30 * 30 * 27 * 4 + 4 * 2
    price = structure.costs(found, inputs=np.zeros((1, 10, 10, 3), "float32"))
    assert price.macs(half) == 64 * 27 * 4 + 4 * 2


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda S: structure.within_budget(S, len, np.nan), ValueError, "budget must be at least"),
        (lambda S: structure.within_budget(S, len, ".5"), TypeError, "budget must be a number"),
        (lambda S: structure.within_budget(S, 5, 0.5), TypeError, r"such as costs\(model\).macs"),
        (lambda S: structure.per_cost(S, None), TypeError, r"such as costs\(model\).macs"),
        (lambda S: structure.within_budget(S, lambda: 1, 2), TypeError, "cost must be a function"),
        (lambda S: structure.within_budget(S, lambda m: np.nan, 2), ValueError, "what cost.masks"),
        (lambda S: structure.per_cost(S, lambda m: "5"), TypeError, "what cost.masks. returns"),
        (lambda S: structure.choose({"a": np.ones((2, 3))}, 0.5), ValueError, "each channel needs"),
        (lambda S: structure.relative({"a": [np.nan, 1]}), ValueError, "NaN"),
        (lambda S: structure.relative([1, 2]), TypeError, "must be a dictionary"),
        (lambda S: structure.costs(None), TypeError, "must be a Keras model"),
        (
            lambda S: structure.filter_norms(models.lenet5(), np.nan),
            ValueError,
            "order must be at least",
        ),
        (
            lambda S: structure.filter_norms(models.lenet5(), "2"),
            TypeError,
            "order must be a number",
        ),
    ],
)
def test_bad_calls_end_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call({"a": np.arange(4.0)})
