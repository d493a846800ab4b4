"""Kernels by name, masks attached and detached, and what is refused (with nothing changed).

How masks fare in training stands in test_pruning_training.py, in files in test_pruning_saving.py.
"""

import math

import numpy as np
import pytest
from sizes import few

from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras

layers = keras.layers


def half(model: keras.Model) -> masking.Masks:
    """Masks that prune half of the weights, by magnitude."""
    return masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.5)


def state(model: keras.Model) -> list:
    """Everything that a refused call must leave as it is, to the bit."""
    values = [keras.ops.convert_to_numpy(v).tobytes() for v in model.variables]
    return values + [id(v.constraint) for v in model.trainable_variables]


# ------------------------------------------------------------------------------- kernels by name


def test_the_kernels_of_the_articles_cnn():
    weights = pruning.weights(models.article_cnn())
    assert {name: W.shape for name, W in weights.items()} == {
        "conv/kernel": (3, 3, 1, 32),
        "dense/kernel": (5408, 64),
        "output/kernel": (64, 10),
    }
    assert sum(W.size for W in weights.values()) == 347_040


def test_names_are_those_of_the_layers_in_sequential_and_functional_models_alike():
    """Keras's `variable.path` has the model's name in it in one form, and not in the other."""

    def stack() -> list:
        return [layers.Conv2D(2, 3, name="conv"), layers.Flatten(), layers.Dense(3, name="fc")]

    image = keras.Input((5, 5, 1))
    x = image
    for layer in stack():
        x = layer(x)
    functional = keras.Model(image, x, name="other")
    sequential = keras.Sequential([keras.Input((5, 5, 1)), *stack()], name="tiny")
    named_otherwise = keras.Sequential([keras.Input((5, 5, 1)), *stack()], name="third")
    names = [list(pruning.kernels(m)) for m in (sequential, functional, named_otherwise)]
    assert names == [["conv/kernel", "fc/kernel"]] * 3


def test_masks_of_one_form_of_a_model_fit_the_other(tiny):
    sequential = tiny()
    x = image = keras.Input((6,))
    for layer in tiny().layers:
        x = layer(x)
    functional = keras.Model(image, x)
    pruning.attach(functional, half(sequential))
    assert masking.sparsity(pruning.weights(functional)) == 0.5


def test_weights_are_copies(tiny):
    model = tiny()
    before = state(model)
    pruning.weights(model)["hidden/kernel"][:] = 0
    assert state(model) == before


@pytest.mark.parametrize(
    ("layer", "shape", "names"),
    [
        (layers.Conv1D(2, 3, name="l"), (9, 2), ["l/kernel"]),
        (layers.Conv3D(2, 2, name="l"), (3, 3, 3, 1), ["l/kernel"]),
        (layers.Conv2DTranspose(2, 3, name="l"), (5, 5, 2), ["l/kernel"]),
        (layers.DepthwiseConv2D(3, name="l"), (5, 5, 2), ["l/kernel"]),
        (
            layers.SeparableConv2D(2, 3, name="l"),
            (5, 5, 2),
            ["l/depthwise_kernel", "l/pointwise_kernel"],
        ),
        (layers.EinsumDense("ab,bc->ac", 3, name="l"), (4,), ["l/kernel"]),
    ],
)
def test_every_kind_of_convolution_and_dense_layer_has_kernels(layer, shape, names):
    model = keras.Sequential([keras.Input(shape), layer])
    assert list(pruning.kernels(model)) == names
    pruning.attach(model, half(model))
    assert masking.sparsity(pruning.weights(model)) == pytest.approx(0.5, abs=0.05)


def test_biases_and_normalization_are_no_kernels():
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="fc"), layers.BatchNormalization()]
    )
    assert list(pruning.kernels(model)) == ["fc/kernel"]


def nested() -> keras.Model:
    """Two inner models whose layers have the same names."""
    image = keras.Input((4,))
    x = image
    for name in ("left", "right"):
        x = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="fc")], name=name)(x)
    return keras.Model(image, layers.Dense(2, name="fc")(x))


def test_nested_models_come_with_their_path_so_that_equal_layer_names_do_not_clash():
    model = nested()
    assert list(pruning.kernels(model)) == ["left/fc/kernel", "right/fc/kernel", "fc/kernel"]
    pruning.attach(model, {"right/fc/kernel": np.zeros((4, 4))})
    shares = {name: masking.sparsity(W) for name, W in pruning.weights(model).items()}
    assert shares == {"left/fc/kernel": 0, "right/fc/kernel": 1, "fc/kernel": 0}


def test_a_layer_used_twice_comes_once():
    shared = layers.Dense(4, name="shared")
    image = keras.Input((4,))
    model = keras.Model(image, shared(shared(image)))
    assert list(pruning.kernels(model)) == ["shared/kernel"]
    pruning.attach(model, half(model))
    assert masking.sparsity(pruning.weights(model)) == 0.5


class Subclassed(keras.Model):
    """A model written as a class, with layers of given names."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(3, name=first), layers.Dense(2, name=second)

    def call(self, x):
        return self.second(self.first(x))


def test_a_model_written_as_a_class_works_once_it_is_built():
    model = Subclassed("one", "two")
    with pytest.raises(ValueError, match=r"layer 'one' has no weights yet\. Build the model"):
        pruning.kernels(model)
    model(np.ones((1, 4), "float32"))
    pruning.attach(model, half(model))
    assert masking.sparsity(pruning.weights(model)) == 0.5


def test_two_layers_of_the_same_name_side_by_side_are_refused():
    model = Subclassed("fc", "fc")
    model(np.ones((1, 4), "float32"))
    with pytest.raises(ValueError, match="two layers are both called 'fc/kernel'"):
        pruning.kernels(model)


def test_a_kernel_inside_a_wrapper_is_entered_or_refused_but_not_passed_over_in_silence():
    model = keras.Sequential(
        [keras.Input((5, 4)), layers.TimeDistributed(layers.Dense(3, name="inner"), name="wrapper")]
    )
    model.add(layers.Dense(2, name="fc"))
    try:
        names = list(pruning.kernels(model))
    except ValueError as refused:
        assert "wrapper" in str(refused)  # noqa: PT017
    else:
        assert names == ["wrapper/inner/kernel", "fc/kernel"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (keras.Sequential([layers.Dense(2, name="fc")]), "layer 'fc' has no weights yet"),
        (keras.Sequential([keras.Input((2, 2)), layers.Flatten()]), "nothing to prune"),
        (keras.Sequential(name="bare"), "'bare'"),
    ],
)
@pytest.mark.parametrize("function", [pruning.kernels, pruning.weights])
def test_a_model_without_weights_to_prune_is_refused(function, model, words):
    with pytest.raises(ValueError, match=words):
        function(model)
    assert pruning.held_masks(model) == pruning.regrown(model) == {}  # it can be asked, though


@pytest.mark.parametrize("thing", [None, {"W": np.ones(2)}, layers.Dense(2)])
def test_what_is_no_model_is_refused(thing):
    with pytest.raises(TypeError, match="must be a Keras model, not"):
        pruning.kernels(thing)


def test_a_kernel_that_lora_computes_is_refused(tiny):
    model = tiny()
    model.get_layer("hidden").enable_lora(2)
    with pytest.raises(ValueError, match="layer 'hidden' is computed from other weights"):
        pruning.kernels(model)


@pytest.mark.parametrize("mode", few(["int8", "int4"], "int8"))
def test_a_quantized_kernel_is_refused(tiny, mode):
    model = tiny()
    model.get_layer("hidden").quantize(mode)
    with pytest.raises(ValueError, match=r"layer 'hidden'.*[Pp]rune first, then quantize"):
        pruning.kernels(model)
    with pytest.raises(ValueError, match=r"layer 'hidden'.*[Pp]rune first, then quantize"):
        pruning.prune(model, 0.5)


@pytest.mark.parametrize("again", [{"sparsity": 0.3}, {"scope": "layer"}, {"granularity": "row"}])
def test_what_is_pruned_already_stays_pruned_whatever_is_asked_next(tiny, again):
    model = tiny()
    before = pruning.prune(model, 0.6)
    after = pruning.prune(model, **{"sparsity": 0.6, **again})
    assert not any((after[name] & ~mask).any() for name, mask in before.items())
    assert masking.sparsity(after) >= masking.sparsity(before)
    assert masking.sparsity(pruning.weights(model)) == masking.sparsity(after)


# ------------------------------------------------------------------------------ attach and detach


def test_attach_zeroes_what_is_pruned_and_keeps_the_rest_to_the_bit():
    model = models.article_cnn()
    before, masks = pruning.weights(model), half(model)
    pruning.attach(model, masks)
    after = pruning.weights(model)
    for name, mask in masks.items():
        assert after[name][mask].tobytes() == before[name][mask].tobytes()
        assert after[name][~mask].tobytes() == bytes(4 * int((~mask).sum()))  # +0 everywhere
    assert masking.sparsity(after) == 0.5


def test_held_masks_are_the_ones_attached_and_copies(tiny):
    model = tiny()
    masks = half(model)
    assert pruning.held_masks(model) == {}
    pruning.attach(model, masks)
    held = pruning.held_masks(model)
    assert list(held) == list(masks)
    assert all((held[name] == masks[name]).all() for name in masks)
    held["hidden/kernel"][:] = True
    assert masking.sparsity(pruning.held_masks(model)) == 0.5


def test_the_masks_given_are_copied_not_kept(tiny):
    model = tiny()
    masks = half(model)
    pruning.attach(model, masks)
    masks["hidden/kernel"][:] = False
    assert masking.sparsity(pruning.held_masks(model)) == 0.5


def test_attaching_to_one_kernel_leaves_the_others_alone(tiny):
    model = tiny()
    before = pruning.weights(model)["output/kernel"]
    pruning.attach(model, {"hidden/kernel": np.zeros((6, 8))})
    assert list(pruning.held_masks(model)) == ["hidden/kernel"]
    np.testing.assert_array_equal(pruning.weights(model)["output/kernel"], before)


def test_attaching_again_replaces_a_mask_and_keeps_the_others(tiny):
    model = tiny()
    pruning.attach(model, half(model))
    earlier = pruning.held_masks(model)["output/kernel"]
    pruning.attach(model, {"hidden/kernel": np.ones((6, 8), bool)})
    held = pruning.held_masks(model)
    assert held["hidden/kernel"].all()
    np.testing.assert_array_equal(held["output/kernel"], earlier)


@pytest.mark.parametrize("shape", [(1, 1, 1, 32), (3, 3, 1, 1), (3, 3, 1, 32)])
@pytest.mark.parametrize("dtype", [bool, int, np.float32])
def test_a_mask_may_spread_over_filters_and_be_of_any_type(shape, dtype):
    mask = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    model = models.article_cnn()
    pruning.attach(model, {"conv/kernel": mask})
    full = np.broadcast_to(mask == 1, (3, 3, 1, 32))
    np.testing.assert_array_equal(pruning.weights(model)["conv/kernel"] != 0, full)
    np.testing.assert_array_equal(pruning.held_masks(model)["conv/kernel"], full)


def test_a_filter_mask_silences_whole_channels():
    model = models.article_cnn()
    mask = np.ones((1, 1, 1, 32), bool)
    mask[..., ::2] = False
    pruning.attach(model, {"conv/kernel": mask})
    channels = keras.Model(model.inputs, model.get_layer("conv").output)
    out = channels.predict(np.random.default_rng(0).random((2, 28, 28, 1)), verbose=0)
    assert not out[..., ::2].any()
    assert out[..., 1::2].any()


def test_diverged_weights_under_a_mask_become_zero(tiny):
    model = tiny()
    kernel = pruning.kernels(model)["hidden/kernel"]
    kernel.assign(np.full((6, 8), np.nan))
    pruning.attach(model, {"hidden/kernel": np.zeros((1, 8))})
    assert masking.sparsity(pruning.weights(model)["hidden/kernel"]) == 1


def test_negative_weights_become_plus_zero(tiny):
    model = tiny()
    kernel = pruning.kernels(model)["hidden/kernel"]
    kernel.assign(np.full((6, 8), -1.0))
    pruning.attach(model, {"hidden/kernel": np.zeros((6, 8))})
    assert not np.signbit(pruning.weights(model)["hidden/kernel"]).any()


def test_the_model_stays_the_one_it_was_for_keras(tiny):
    model = tiny()

    def seen() -> tuple:
        lines: list[str] = []
        model.summary(print_fn=lines.append)
        return lines, model.count_params(), len(model.variables), model.to_json()

    before = seen()
    pruning.attach(model, half(model))
    assert seen() == before


def test_detach_keeps_the_zeros_and_forgets_the_masks(tiny):
    model = tiny()
    pruning.attach(model, half(model))
    before = [keras.ops.convert_to_numpy(v).tobytes() for v in model.variables]
    pruning.detach(model)
    assert [keras.ops.convert_to_numpy(v).tobytes() for v in model.variables] == before
    assert pruning.held_masks(model) == {}
    assert pruning.regrown(model) == {}


def test_detaching_twice_or_from_a_plain_model_does_nothing(tiny):
    model = tiny()
    plain = state(model)
    pruning.detach(model)
    assert state(model) == plain
    pruning.attach(model, half(model))
    pruning.detach(model)
    once = state(model)
    pruning.detach(model)
    assert state(model) == once


def test_masks_from_zeros_are_the_masks_that_were_attached(tiny):
    model = tiny()
    masks = half(model)
    pruning.attach(model, masks)
    read = pruning.masks_from_zeros(model)
    assert all((read[name] == masks[name]).all() for name in masks)


def test_regrown_counts_what_was_written_past_the_mask_in_each_kernel(tiny):
    model = tiny()
    pruning.attach(model, {"hidden/kernel": np.zeros((6, 8)), "output/kernel": np.ones((8, 3))})
    assert pruning.regrown(model) == {"hidden/kernel": 0, "output/kernel": 0}
    W = np.zeros((6, 8))
    W[:2, :3] = 1
    pruning.kernels(model)["hidden/kernel"].assign(W)
    assert pruning.regrown(model) == {"hidden/kernel": 6, "output/kernel": 0}


# ---------------------------------------------------------------------------------- what is refused

ONES = np.ones((6, 8), bool)


@pytest.mark.parametrize(
    ("masks", "error", "words"),
    [
        ({"hiden/kernel": ONES}, ValueError, r"unknown kernels \['hiden/kernel'\]; this model has"),
        ({"hidden": ONES}, ValueError, "'hidden/kernel', 'output/kernel'"),
        ({"tiny/hidden/kernel": ONES}, ValueError, "unknown kernels"),
        ({"hidden/bias": np.ones(8)}, ValueError, "unknown kernels"),
        ({"hidden/kernel": np.ones((8, 6))}, ValueError, r"has shape \(8, 6\).*\(6, 8\)"),
        ({"hidden/kernel": np.ones(8)}, ValueError, r"has shape \(8,\)"),
        ({"hidden/kernel": np.ones((1, 6, 8))}, ValueError, r"has shape \(1, 6, 8\)"),
        ({"hidden/kernel": 0.5 * ONES}, ValueError, "only 0 and 1"),
        ({"hidden/kernel": math.nan * ONES}, ValueError, "only 0 and 1"),
        ({"hidden/kernel": -1 * ONES}, ValueError, "only 0 and 1"),
        ({"hidden/kernel": True}, ValueError, "at least one dimension"),
        ({"hidden/kernel": ONES, "output/kernel": ONES}, ValueError, "mask of output/kernel"),
        ({}, ValueError, "empty dictionary"),
        (ONES, TypeError, "must be a dictionary"),
        ([ONES, ONES], TypeError, "must be a dictionary"),
        (None, TypeError, "must be a dictionary"),
    ],
)
@pytest.mark.parametrize("held_already", [False, True])
def test_masks_that_do_not_fit_are_refused_and_nothing_changes(
    tiny, masks, error, words, held_already
):
    model = tiny()
    if held_already:
        pruning.attach(model, half(model))
    before, held = state(model), pruning.held_masks(model)
    with pytest.raises(error, match=words):
        pruning.attach(model, masks)
    assert state(model) == before
    assert masking.sparsity(held or ONES) == masking.sparsity(pruning.held_masks(model) or ONES)


def test_weights_in_the_place_of_masks_are_refused(tiny):
    model = tiny()
    with pytest.raises(ValueError, match="only 0 and 1"):
        pruning.attach(model, pruning.weights(model))
