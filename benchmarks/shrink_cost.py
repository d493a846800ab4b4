"""What does shrinking cost? CPU seconds over those of Keras's own clone_model, and peak memory.

python benchmarks/shrink_cost.py VGG16 MobileNetV2

Halves networks of keras.applications at 224 pixels, with weights drawn at random, each in a process
of its own, as the first call there also makes TensorFlow's kernels. Seconds depend on the machine
and on who else uses it; the ratios to rely on are those of one process. "memory" is the peak above
what the framework and Python had taken before the network was made, over the size of its weights.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

from course_utils import structure
from course_utils.backend import keras

NETWORKS = ("VGG16", "ResNet50", "DenseNet121", "MobileNetV2")


def main() -> None:
    """Measure the networks, one after the other, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    print(f"{'network':14}{'clone s':>9}{'shrink s':>9}{'ratio':>7}{'wall s':>8}{'memory':>8}")
    for name in parser.parse_args().networks:
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(name,))
        process.start()
        process.join()


def measure(name: str) -> None:
    """Shrink one network, then clone it, and print what both took."""
    structure.shrink(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]), 0.5)  # loads
    before = memory("VmRSS")
    model = getattr(keras.applications, name)(weights=None)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    wall, start = time.perf_counter(), time.process_time()
    small, _ = structure.shrink(model, 0.5)
    shrinking, wall = time.process_time() - start, time.perf_counter() - wall
    above = memory("VmHWM") - before
    start = time.process_time()
    keras.models.clone_model(model)
    cloning = time.process_time() - start
    weights = sum(variable.value.numpy().nbytes for variable in model.variables)
    print(
        f"{name:14}{cloning:9.2f}{shrinking:9.2f}{shrinking / cloning:7.2f}{wall:8.2f}"
        f"{above / weights:8.2f}  {small.count_params() / model.count_params():.1%} left",
        flush=True,
    )


def memory(field: str) -> int:
    """Return the memory of this process in bytes, now or at its peak, as Linux tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


if __name__ == "__main__":
    main()
