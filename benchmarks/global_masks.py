"""Global masks of many weights beside a copy of them, the course's, tfmot's and torch's.

make bench ARGS=masks

A worker of benchmarks/turns.py; which tasks it knows depends on the environment that it runs in.
Every environment copies the same weights itself, and a ratio is that to the copy beside it: the
copy and the masks both go into new arrays, and what getting memory costs differs from process to
process. "peak" is the peak of the memory above what the process had before there were weights, the
weights included.

- "make_masks" ranks scores that are there; "magnitude and make_masks" makes them, too;
- torch's global_unstructured scores and ranks, makes the masks and applies them;
- tfmot's rule cuts at a threshold in each kernel alone, and is run as a compiled function.
"""

import functools
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import turns

from course_utils import criteria
from course_utils.masking import make_masks

HAS = {name: find_spec(name) for name in ("torch", "tensorflow_model_optimization")}
if HAS["torch"]:
    import torch
    from torch.nn.utils import prune
if HAS["tensorflow_model_optimization"]:
    import tensorflow as tf
    from tensorflow_model_optimization.python.core.sparsity.keras import (
        pruning_impl,
        pruning_schedule,
    )

SPARSITY = 0.9
COPY = "copy"
OURS = (COPY, "make_masks", "magnitude and make_masks")
COMPILED: list[Callable] = []
TORCH, TFMOT = "global_unstructured", "threshold in each kernel"


def answer(way: str, weights: int, seed: int) -> dict:
    """Do one task and return its seconds and the peak of the memory."""
    before, held = made(weights)
    prepare, work = tasks()[way]
    given = prepare(held)
    turns.forget_peak()
    seconds, result = turns.timed(work, given)
    peak = turns.memory("VmHWM") - before
    del result, given
    return {"seconds": seconds, "peak": peak, "bytes": 4 * weights}


@functools.lru_cache(maxsize=1)
def made(weights: int) -> tuple[int, dict[str, np.ndarray]]:
    """Return the memory before there were weights, and the weights."""
    before = turns.memory("VmRSS")
    return before, kernels(weights)


def kernels(total: int) -> dict[str, np.ndarray]:
    """Return float32 weights of `total` entries in 50 kernels, the last ones the largest.

    In a residual network of 50 layers, most of the 25 million weights are in a few kernels, too.
    """
    rng = np.random.default_rng(0)
    ends = (np.linspace(0, 1, 51) ** 3 * total).round().astype(int)
    sizes = np.diff(ends)
    return {
        f"layer{i}/kernel": rng.standard_normal(size, "float32") for i, size in enumerate(sizes)
    }


def tasks() -> dict[str, tuple[Callable, Callable]]:
    """Return, by name, what is done before the clock starts and what is timed."""
    found = {
        COPY: (same, lambda given: {name: W.copy() for name, W in given.items()}),
        "make_masks": (criteria.magnitude, lambda given: make_masks(given, SPARSITY)),
        "magnitude and make_masks": (
            same,
            lambda given: make_masks(criteria.magnitude(given), SPARSITY),
        ),
    }
    if HAS["torch"]:
        found[TORCH] = (modules, prune_with_torch)
    if HAS["tensorflow_model_optimization"]:
        found[TFMOT] = (compiled, lambda update: update())
    return found


def same(weights: dict) -> dict:
    return weights


def modules(weights: dict) -> list[tuple]:
    """Return modules of torch that hold these weights, not yet pruned."""
    layers = [torch.nn.Module() for _ in weights]
    for layer, W in zip(layers, weights.values(), strict=True):
        layer.weight = torch.nn.Parameter(torch.from_numpy(W))
    return [(layer, "weight") for layer in layers]


def prune_with_torch(pairs: list[tuple]) -> list[tuple]:
    """Prune globally by magnitude: it scores and ranks, makes the masks and applies them."""
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=SPARSITY)
    return pairs


def compiled(weights: dict) -> Callable:
    """Return tfmot's update of the masks of all kernels; the weights are in variables."""
    if not COMPILED:  # once: what a new function costs at its first call is not the rule's
        COMPILED.append(tf.function(rule_of(weights).conditional_mask_update))
    return COMPILED[0]


def rule_of(weights: dict) -> object:
    variables = [
        (tf.Variable(W), tf.Variable(tf.ones_like(W)), tf.Variable(0.0)) for W in weights.values()
    ]
    always = pruning_schedule.ConstantSparsity(SPARSITY, begin_step=0, frequency=1)
    return pruning_impl.Pruning(lambda: tf.constant(1), variables, always, (1, 1), "AVG", None)


if __name__ == "__main__":
    turns.serve(answer)
