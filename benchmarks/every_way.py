"""Every way in which the networks of lesson 17 are pruned, the same for all its tasks."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from course_utils import criteria, masking, pruning, structure
from course_utils.backend import keras

Way = tuple[str, str, float]  # what was done, by which criterion, to which share


def ways(
    model: keras.Model, some: tuple[np.ndarray, np.ndarray], levels: Mapping[str, Sequence[float]],
    scratch: float, seed: int,
) -> Iterator[tuple[Way, keras.Model]]:  # fmt: skip
    """Yield what was done and the network; `some` are the inputs and labels that Taylor looks at.

    The last is "scratch": the shape with that share of each group removed, and new weights.
    """
    yield ("none", "none", 0.0), copied(model)
    weights = pruning.weights(model)
    for criterion, scores in {
        "magnitude": criteria.magnitude(weights),
        "chance": criteria.random(weights, seed),
    }.items():
        for share in levels["weights"]:
            pruned = copied(model)
            pruning.attach(pruned, masking.make_masks(scores, share))
            yield ("weights", criterion, share), pruned
    channels = structure.channel_groups(model)
    for criterion, scores in {
        "taylor": structure.taylor(channels, *some, batch_size=64),
        "chance": structure.random(channels, seed),
    }.items():
        for share in levels["structure"]:
            masks = structure.choose(scores, share, "layer")
            small, _ = structure.shrink(channels, masks=masks)
            yield ("structure", criterion, share), small
    keras.utils.set_random_seed(100 + seed)
    small, _ = structure.shrink(channels, scratch)
    yield ("structure", "scratch", scratch), compiled_like(keras.models.clone_model(small), model)


def copied(model: keras.Model) -> keras.Model:
    """Return a network with the same weights and a new optimizer."""
    new = compiled_like(keras.models.clone_model(model), model)
    new.set_weights(model.get_weights())
    return new


def compiled_like(new: keras.Model, model: keras.Model) -> keras.Model:
    """Compile one network as another one is."""
    new.compile_from_config(model.get_compile_config())
    return new


def accuracy(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """Return the share of right answers."""
    parts = np.array_split(x, -(-len(x) // 1000))
    return float(np.mean(np.concatenate([np.asarray(model(p)).argmax(axis=1) for p in parts]) == y))
