"""What does halving a network cost, and what does it save? The course's side.

make bench ARGS=halving

A worker of benchmarks/turns.py: it halves a network of keras.applications at 224 pixels, with
weights drawn at random. Every repetition is a process of its own, as the first call there also
makes TensorFlow's kernels. "peak" is the peak of the memory above what the framework and Python had
taken before the network was made, the network included. benchmarks/shrink_cost_torch.py does the
same with Torch-Pruning.
"""

import numpy as np
import turns

from course_utils import measuring, structure
from course_utils.backend import keras
from course_utils.extras import speed

SHARE = 0.5


def answer(way: str, seed: int, verify: bool, batch: int, calls: int, pixels: int = 224) -> dict:
    """Halve one network and return what it took, and what is left."""
    keras.utils.set_random_seed(seed)
    tiny = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    structure.shrink(tiny, SHARE)  # loads what is loaded late
    before = turns.memory("VmRSS")
    model = getattr(keras.applications, way)(
        weights=None,
        input_shape=(pixels, pixels, 3),
        classifier_activation=None,  # after a softmax of 1000 classes little differs
    )
    turns.forget_peak()
    seconds, (small, _) = turns.timed(lambda: structure.shrink(model, SHARE))
    peak = turns.memory("VmHWM") - before
    macs = [measuring.report(each).total.macs for each in (model, small)]
    x = np.random.default_rng(seed).random((batch, pixels, pixels, 3), dtype="float32")
    both = {name: speed.keras_call(each, x) for name, each in (("full", model), ("half", small))}
    found = speed.latency(both, calls, warmup=1, seed=seed)
    again = structure.shrink(model, SHARE, verify=True)[1].difference if verify else ""
    return {
        "seconds": seconds,
        "peak": peak,
        "bytes": sum(variable.value.numpy().nbytes for variable in model.variables),
        "parameters": model.count_params(),
        "parameters_left": small.count_params(),
        "macs": macs[0],
        "macs_left": macs[1],
        "seconds_full": found["full"].median,
        "seconds_half": found["half"].median,
        "difference": again,
    }


if __name__ == "__main__":
    turns.serve(answer)
