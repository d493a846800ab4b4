"""torch.nn.utils.prune as an oracle: masks ranked globally, layer by layer, and by filters."""

import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils import criteria, masking

torch = pytest.importorskip(
    "torch",
    reason="torch is not installed here: `make peers ARGS=torch` installs it and runs these tests",
)
prune = pytest.importorskip("torch.nn.utils.prune")

AMOUNTS = [0.0, 0.1, 1 / 3, 0.5, 0.8, 0.9, 0.999, 1.0]


@pytest.fixture(scope="module")
def kernels() -> dict[str, np.ndarray]:
    """Weights in Keras's layout, of different scales, of which no two are of the same size."""
    rng = np.random.default_rng(0)
    shapes = {"conv1": (3, 3, 1, 8), "conv2": (3, 3, 8, 16), "dense": (64, 10)}
    total = sum(np.prod(shape) for shape in shapes.values())
    sizes, used, kernels = rng.permutation(np.arange(1, total + 1)) / total, 0, {}
    for scale, (name, shape) in zip([4, 2, 1], shapes.items(), strict=True):
        part = sizes[used : (used := used + np.prod(shape))]
        kernels[name] = (scale * part * rng.choice([-1, 1], part.shape)).reshape(shape)
    return {name: W.astype("float32") for name, W in kernels.items()}


def modules(kernels: dict[str, np.ndarray]) -> dict[str, torch.nn.Module]:
    """Layers of torch with these weights; it puts outputs first: OIHW, and (outputs, inputs)."""
    made = {}
    for name, W in kernels.items():
        *window, inputs, outputs = W.shape
        made[name] = (
            torch.nn.Conv2d(inputs, outputs, window) if window else torch.nn.Linear(inputs, outputs)
        )
        axes = (3, 2, 0, 1) if window else (1, 0)
        made[name].weight.data = torch.from_numpy(np.transpose(W, axes).copy())
    return made


def masks_of(layers: dict[str, torch.nn.Module]) -> dict[str, np.ndarray]:
    """The masks that torch holds, as Booleans in Keras's layout."""
    masks = {name: layer.weight_mask.numpy().astype(bool) for name, layer in layers.items()}
    return {name: m.transpose((2, 3, 1, 0) if m.ndim == 4 else (1, 0)) for name, m in masks.items()}


def prune_globally(layers: dict[str, torch.nn.Module], amount: float) -> None:
    pairs = [(layer, "weight") for layer in layers.values()]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=amount)


def assert_equal(masks: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(masks) == list(expected)
    for name, mask in masks.items():
        np.testing.assert_array_equal(mask, expected[name], name)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_global_masks(kernels, amount):
    layers = modules(kernels)
    prune_globally(layers, amount)
    scores = criteria.magnitude(kernels)
    assert_equal(masking.make_masks(scores, amount, scope="global", min_kept=0), masks_of(layers))


@pytest.mark.parametrize("amount", AMOUNTS)
def test_masks_layer_by_layer(kernels, amount):
    layers = modules(kernels)
    for layer in layers.values():
        prune.l1_unstructured(layer, "weight", amount)
    assert_equal(
        masking.make_masks(criteria.magnitude(kernels), amount, scope="layer"), masks_of(layers)
    )


def test_its_second_half_is_our_three_quarters(kernels):
    """Its amounts are shares of what is left; ours are of all, so that they never compound."""
    layers = modules(kernels)
    scores = criteria.magnitude(kernels)
    for _ in range(2):
        prune_globally(layers, 0.5)
    assert_equal(masking.make_masks(scores, 0.75, min_kept=0), masks_of(layers))
    first = masking.make_masks(scores, 0.5, min_kept=0)
    nested = masking.make_masks(masking.exclude(scores, first), 0.75, min_kept=0)
    assert_equal(nested, masks_of(layers))


@pytest.mark.parametrize("amount", [0.0, 0.25, 0.5, 0.8, 1.0])
@pytest.mark.parametrize(("granularity", "axis"), [("filter", 0), ("channel", 1)])
@pytest.mark.parametrize("norm", [1, 2])
def test_masks_of_filters_and_channels(kernels, granularity, axis, norm, amount):
    """The average of |w|^n orders the structures of a layer as their n-norm does."""
    layers = modules(kernels)
    for layer in layers.values():
        prune.ln_structured(layer, "weight", amount, n=norm, dim=axis)
    scores = {name: np.abs(W) ** norm for name, W in kernels.items()}
    masks = masking.make_masks(scores, amount, scope="layer", granularity=granularity)
    assert_equal(masks, masks_of(layers))


# ----------------------------------------------------------------------------- where the masks part


@pytest.mark.parametrize(
    "weights", [[5, 1, 4, 2, 2, 2, 3, 3, 6, 7], [1] * 10, [0, 1, 0, 2, 0, 3, 0, 4, 0, 5]]
)
@pytest.mark.parametrize("amount", [0.2, 0.3, 0.4, 0.7])
def test_on_ties_the_counts_are_equal_and_the_places_need_not_be(weights, amount):
    """Both rank; which of the tied go is torch's secret, and here those that come first."""
    kernels = {"W": np.array(weights, "float32").reshape(-1, 1)}
    layers = modules(kernels)
    prune_globally(layers, amount)
    theirs = masks_of(layers)["W"]
    ours = masking.make_masks(criteria.magnitude(kernels), amount, min_kept=0)["W"]
    assert np.count_nonzero(~theirs) == np.count_nonzero(~ours) == round(amount * len(weights))
    removed = [np.sort(np.abs(kernels["W"])[~mask]).tolist() for mask in (theirs, ours)]
    assert removed[0] == removed[1]


def test_where_the_floor_parts_them(kernels):
    """A layer of small weights only goes whole there; here one weight of it stays, unless asked."""
    kernels = {**kernels, "tiny": np.full((4, 4), 1e-6, "float32") * np.arange(1, 17).reshape(4, 4)}
    layers = modules(kernels)
    prune_globally(layers, 0.5)
    assert not masks_of(layers)["tiny"].any()
    floored = masking.make_masks(criteria.magnitude(kernels), 0.5)
    assert np.count_nonzero(floored["tiny"]) == 1
    assert masking.sparsity(floored) == masking.sparsity(masks_of(layers))


# ------------------------------------------------------------------- Torch-Pruning, as it is timed


@pytest.fixture(scope="module")
def halved():
    """The script that halves networks in benchmarks/, which only this environment can load."""
    pytest.importorskip("torch_pruning")
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    return pytest.importorskip("shrink_cost_torch")


@pytest.mark.parametrize(
    ("name", "parameters"),  # as keras.applications counts them
    [
        ("ResNet50", 25_636_712),
        ("VGG16", 138_357_544),
        ("MobileNetV2", 3_538_984),
        ("DenseNet121", 8_062_504),
    ],
)
def test_the_twins_have_as_many_parameters(halved, name, parameters):
    assert halved.count(halved.network(name, seed=0)) == parameters


@pytest.mark.parametrize("name", ["ResNet50", "MobileNetV2", "DenseNet121"])
def test_what_it_prunes_computes_what_the_zeroed_network_does(halved, name):
    x = torch.rand(1, 3, 64, 64)
    full, half = halved.zeroed_and_pruned(halved.network(name, seed=0), x)
    assert halved.count(half) < 0.4 * halved.count(full)
    assert 0 < halved.apart(full, half, x) < 1e-4
