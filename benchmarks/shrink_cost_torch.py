"""What halving a network costs with Torch-Pruning, and what it saves: the peer's side.

A worker of benchmarks/turns.py, in torch's environment; the networks are those of
benchmarks/torch_twins.py. As in Torch-Pruning's own examples, a pruner ranks groups by magnitude
and takes one step; its graph is traced while the clock runs, as is the course's. See
benchmarks/shrink_cost.py for what is returned.
"""

import copy
import random
import statistics

import numpy as np
import torch
import torch_pruning as tp
import turns
from torch import nn
from torch_pruning._helpers import to_plain_idxs
from torch_twins import network

SHARE = 0.5


def answer(way: str, seed: int, verify: bool, batch: int, calls: int, pixels: int = 224) -> dict:
    """Halve one network and return what it took, and what is left."""
    tiny = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3))
    pruner_of(tiny, torch.zeros(1, 3, 8, 8), tiny[2]).step()  # loads what is loaded late
    before = turns.memory("VmRSS")
    model = network(way, seed)
    one = torch.rand(1, 3, pixels, pixels)
    turns.forget_peak()
    seconds, _ = turns.timed(lambda: pruner_of(model, one, model.classes).step())
    peak = turns.memory("VmHWM") - before
    full = network(way, seed)
    batches = torch.rand(batch, 3, pixels, pixels)
    found = latencies({"full": full, "half": model}, batches, calls, seed)
    difference = apart(*zeroed_and_pruned(copy.deepcopy(full), one), one) if verify else ""
    return {
        "seconds": seconds,
        "peak": peak,
        "bytes": nbytes(full),
        "parameters": count(full),
        "parameters_left": count(model),
        "macs": macs_of(full, one),
        "macs_left": macs_of(model, one),
        "seconds_full": found["full"],
        "seconds_half": found["half"],
        "difference": difference,
    }


def pruner_of(model: nn.Module, example: torch.Tensor, classes: nn.Module) -> tp.pruner.BasePruner:
    """Return a pruner that takes half of every group but the classes."""
    return tp.pruner.BasePruner(
        model,
        example,
        importance=tp.importance.MagnitudeImportance(p=1),
        pruning_ratio=SHARE,
        ignored_layers=[classes],
    )


def zeroed_and_pruned(model: nn.Module, example: torch.Tensor) -> tuple[nn.Module, nn.Module]:
    """Return a network with channels at zero, and the one without them, by the pruner's indices."""
    full = copy.deepcopy(model)
    there = dict(full.named_modules())
    names = {module: name for name, module in model.named_modules()}
    left: dict[str, np.ndarray] = {}  # which of its first channels a layer still has
    pruner = pruner_of(model, example, model.classes)
    for group in pruner.step(interactive=True):
        for dep, indices in group:
            module = dep.target.module
            if pruner.DG.is_out_channel_pruning_fn(dep.handler) and module in names:
                set_zero(there[names[module]], names[module], to_plain_idxs(indices), left)
        group.prune()
    return full, model


def set_zero(module: nn.Module, name: str, indices: list[int], left: dict) -> None:
    """Put channels that a layer makes at zero, counted among those that it still has."""
    if getattr(module, "weight", None) is None:
        return
    mine = left.setdefault(name, np.arange(len(module.weight)))
    gone = mine[list(indices)]
    with torch.no_grad():
        module.weight[gone] = 0
        if module.bias is not None:
            module.bias[gone] = 0
    left[name] = np.delete(mine, list(indices))


def apart(full: nn.Module, half: nn.Module, x: torch.Tensor) -> float:
    """Return the largest difference of the outputs, as a share of the largest output."""
    with torch.inference_mode():
        one, other = full(x), half(x)
    return float((one - other).abs().max() / one.abs().max())


def latencies(models: dict[str, nn.Module], x: torch.Tensor, calls: int, seed: int) -> dict:
    """Return the median seconds of each, called in turns after a call that does not count."""
    order, seconds = random.Random(seed), {name: [] for name in models}
    with torch.inference_mode():
        for _ in range(calls + 1):
            for name in order.sample(sorted(models), len(models)):
                seconds[name].append(turns.timed(models[name], x)[0])
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def macs_of(model: nn.Module, example: torch.Tensor) -> int:
    return int(tp.utils.count_ops_and_params(model, example)[0])


def tensors(model: nn.Module) -> list[torch.Tensor]:
    """Return parameters and what normalizations keep; Keras counts both as parameters."""
    kept = [b for b in model.buffers() if b.dtype.is_floating_point]
    return [*model.parameters(), *kept]


def count(model: nn.Module) -> int:
    return sum(tensor.numel() for tensor in tensors(model))


def nbytes(model: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in tensors(model))


if __name__ == "__main__":
    turns.serve(answer)
