"""Reading is not pruning: layers that no mask can hold are read all the same, with the reason."""

import numpy as np
import pytest

from course_utils import criteria, masking, measuring, models, pruning, schedules, structure
from course_utils.backend import keras

layers = keras.layers


def network() -> keras.Model:
    """Two Dense layers, the first of which is pruned: 12 of 16 x 8, every row another eighth."""
    model = keras.Sequential(
        [keras.Input((16,)), layers.Dense(8, name="fc"), layers.Dense(4, name="out")]
    )
    model.set_weights([np.random.default_rng(0).normal(size=v.shape) for v in model.weights])
    mask = np.random.default_rng(1).permutation(128).reshape(16, 8) < 32
    pruning.attach(model, {"fc/kernel": mask})
    return model


def row(model: keras.Model, name: str, **options: object) -> measuring.LayerRow:
    return next(row for row in measuring.report(model, **options).rows if row.layer == name)


# -------------------------------------------------------------------------------- quantized layers


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_zeros_of_quantized_kernels_are_counted_from_what_is_stored(mode):
    """The oracle: a weight is 0 if the layer, asked for it alone, answers with its bias."""
    model = network()
    before = pruning.weights(model)
    model.quantize(mode)
    fc = model.get_layer("fc")
    alone = np.eye(16, dtype="float32") * 3
    stored = keras.ops.convert_to_numpy(fc(alone)) - fc.bias.numpy()
    report = measuring.report(model)
    assert row(model, "fc").zeros == np.count_nonzero(np.abs(stored) < 1e-6)
    assert row(model, "fc").zeros >= np.count_nonzero(before["fc/kernel"] == 0) == 96
    assert (row(model, "fc").kernel, row(model, "fc").weights) == ((16, 8), 128)
    assert row(model, "fc").note == f"quantized, {mode}: no mask can hold it"
    assert report.total.macs == 16 * 8 + 8 * 4
    assert report.total.zeros <= report.total.parameters
    assert pruning.held_masks(model) == pruning.regrown(model) == {}
    pruning.detach(model)
    assert "no mask can hold it" in pruning.skipped(model)["fc/kernel"]
    assert masking.sparsity(pruning.weights(model)["fc/kernel"]) >= 0.75


@pytest.mark.filterwarnings("ignore")
def test_where_no_zero_can_be_told_the_row_says_so():
    model = network()
    model.quantize("int8")
    model.get_layer("fc").enable_lora(2)
    found = row(model, "fc")
    assert (found.weights, found.zeros) == (0, 0)
    assert found.note == "LoRA and quantized, int8: no mask can hold it, zeros not known"
    assert list(pruning.weights(model)) == ["out/kernel"]
    with pytest.raises(ValueError, match="leave the layer out"):
        pruning.prune(model, 0.5)


# -------------------------------------------------------------------------------------------- LoRA


def test_a_mask_under_lora_is_found_and_what_lora_adds_is_counted():
    model = network()
    mask = pruning.held_masks(model)["fc/kernel"]
    model.get_layer("fc").enable_lora(2)
    assert (pruning.held_masks(model)["fc/kernel"] == mask).all()
    assert pruning.regrown(model) == {"fc/kernel": 0}  # its product starts at 0
    assert row(model, "fc").zeros == 96
    model.get_layer("fc").lora_kernel_b.assign(np.ones((2, 8)))
    assert pruning.regrown(model) == {"fc/kernel": 96}
    assert (row(model, "fc").zeros, row(model, "fc").weights) == (0, 128)
    assert row(model, "fc").note == "held, LoRA: no mask can hold it"
    before = model.get_weights()
    with pytest.raises(ValueError, match="'fc' is computed from other weights"):
        pruning.rewind(model, before, {"out/kernel": np.ones((8, 4))})
    assert list(pruning.held_masks(model)) == ["fc/kernel"]  # nothing has changed
    pruning.detach(model)
    assert pruning.held_masks(model) == {}


def test_a_schedule_for_other_layers_ends_though_lora_has_filled_zeros():
    model = network()
    model.get_layer("fc").enable_lora(2)
    model.compile("sgd", "mse", run_eagerly=True)
    pruner = pruning.PruneOnSchedule(schedules.constant(0.5), exclude="fc")
    model.fit(np.ones((8, 16)), np.ones((8, 4)), batch_size=4, verbose=0, callbacks=[pruner])
    assert masking.sparsity(pruning.weights(model)["out/kernel"]) == 0.5
    assert pruning.regrown(model)["out/kernel"] == 0


# -------------------------------------------------------------------------------- what is not built


class Squeezed(layers.Layer):
    """A block with a layer that it calls on request only, as in many a library."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.conv, self.unused = layers.Conv2D(4, 3, name="conv"), layers.Conv2D(4, 1, name="se")

    def call(self, x):
        return self.conv(x)


def test_a_layer_that_is_never_called_stops_nothing_and_has_a_row():
    image = keras.Input((5, 5, 1))
    pooled = layers.GlobalAveragePooling2D()(Squeezed(name="block")(image))
    model = keras.Model(image, layers.Dense(2, name="out")(pooled))
    assert list(pruning.weights(model)) == ["block/conv/kernel", "out/kernel"]
    pruning.prune(model, 0.5)
    assert list(pruning.held_masks(model)) == ["block/conv/kernel", "out/kernel"]
    assert row(model, "block/se").note == "not built"
    assert row(model, "block/conv").note == "held"
    with pytest.raises(ValueError, match="'se' has no weights yet"):
        pruning.attach(model, {"block/se/kernel": np.ones((1, 1, 4, 4))})
    with pytest.raises(ValueError, match="'se' has no weights yet"):
        pruning.kernels(model, include="*/se")


# -------------------------------------------------------------------------------- somebody's layers


class Normed(layers.Dense):
    """A Dense layer that computes its kernel: of unit columns, half of them always 0."""

    @property
    def kernel(self):
        kernel = self.direction / keras.ops.norm(self.direction, axis=0)
        return kernel * keras.ops.cast(keras.ops.arange(self.units) % 2, kernel.dtype)

    def build(self, shape):
        self.direction = self.add_weight(shape=(shape[-1], self.units), name="direction")
        self.bias = self.add_weight(shape=(self.units,), name="bias")
        self.built = True


class Raising(layers.Dense):
    """A Dense layer of other weights, whose `kernel` raises."""

    @property
    def kernel(self):
        raise RuntimeError("no kernel here")

    def build(self, shape):
        self.other = self.add_weight(shape=(shape[-1], self.units), name="other")
        self.built = True

    def call(self, x):
        return x @ self.other


@pytest.mark.parametrize(("kind", "own"), [(Normed, "direction"), (Raising, "other")])
def test_a_layer_that_makes_its_kernel_its_own_way_has_a_row_and_its_weight_on_request(kind, own):
    model = keras.Sequential([keras.Input((6,)), kind(4, name="own"), layers.Dense(2, name="out")])
    assert list(pruning.kernels(model)) == ["out/kernel"]
    assert list(pruning.kernels(model, include="own")) == [f"own/{own}"]
    assert row(model, "own").parameters == sum(
        v.shape.num_elements() for v in model.layers[0].weights
    )
    assert "on request" in pruning.skipped(model)[f"own/{own}"]


def test_a_model_without_kernels_has_a_report():
    model = keras.Sequential(
        [keras.Input((3,), dtype="int32"), layers.Embedding(9, 4, name="words")]
    )
    assert row(model, "words").parameters == 36
    assert measuring.report(model).total.weights == 0


# ------------------------------------------------------------------------------------- collapse


def test_a_kernel_with_fewer_weights_than_outputs_is_named_in_the_report():
    model = models.article_cnn()
    mask = np.zeros((5408, 64), bool)
    mask[0, :20] = True
    pruning.attach(model, {"dense/kernel": mask})  # 20 of 64: some are dead, and no word
    notes = {row.layer: row.note for row in measuring.report(model).rows}
    assert notes["dense"] == "held, only 20 for 64 outputs"
    assert "outputs" not in notes["conv"] + notes["output"]


class Tied(layers.Dense):
    """Computes with the kernel of another layer, as decoders of autoencoders do."""

    def __init__(self, other: layers.Dense, **options: object) -> None:
        super().__init__(other.units, **options)
        self.kernel_of = lambda: other.kernel  # not a part of this layer

    def build(self, shape: tuple) -> None:
        self._kernel = self.kernel_of()
        self.bias = self.add_weight(shape=(self.units,), name="bias")
        self.built = True


def test_a_kernel_of_two_layers_is_one_that_is_counted_once_and_used_twice():
    first, inputs = layers.Dense(6, name="a"), keras.Input((6,))
    model = keras.Model(inputs, Tied(first, name="b")(first(inputs)))
    masks = pruning.prune(model, 0.5, criteria.random)
    assert list(masks) == ["a/kernel"]
    assert np.array_equal(masks["a/kernel"], np.asarray(first.kernel) != 0)
    total = measuring.report(model).total
    assert (total.parameters, total.weights, total.zeros, total.macs) == (48, 36, 18, 72)
    assert structure.costs(model).macs({}) == 72
    model.quantize("int8", filters=["a"])
    assert structure.costs(model).macs({}) == 72


class Ensemble(layers.Dense):
    """Five kernels in one, whose outputs are averaged."""

    def build(self, shape: tuple) -> None:
        self._kernel = self.add_weight(shape=(5, shape[-1], self.units), name="kernel")
        self.bias, self.built = None, True

    def call(self, x: object) -> object:
        return keras.ops.mean(keras.ops.einsum("bi,eio->beo", x, self._kernel), 1)


def test_a_class_of_ones_own_may_have_a_kernel_of_more_axes():
    model = keras.Sequential([keras.Input((4,)), Ensemble(3, name="five")])
    assert row(model, "five").weights == 60
    masks = pruning.prune(model, 0.5, granularity="filter")
    assert masks["five/kernel"].all(axis=(0, 1)).sum() == 1  # round(0.5 * 3) go
