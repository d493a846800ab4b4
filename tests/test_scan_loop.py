"""The recorded times of a scan that reused prefixes: what it had to save, and what it saved.

It was taken out again; the table stays as what was measured. And the script that times the scan
that there is.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.backend import keras
from course_utils.lessons import recorded

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import scan_loop

LESSON = Path(__file__).parents[1] / "notebooks" / "src" / "16_automatic_pruning.py"


@pytest.fixture(scope="module")
def table():
    return {row["network"]: row for row in recorded.rows("scan_reuse")}


def test_both_networks_are_recorded(table):
    assert list(table) == ["lenet5", "vgg16"]
    assert table["lenet5"]["images"] == 10_000


def saving(macs, levels):
    """What a scan computes: every tail at each level, all once on the way, and what is pruned last
    for the baseline; the plain loop computes all of it each time."""
    whole, tails = sum(macs), np.cumsum(macs[::-1])
    return whole * (1 + levels * len(macs)) / (levels * tails.sum() + whole)


def test_the_macs_saved_are_those_that_reuse_allows(table):
    lenet = [25 * 20 * 24**2, 25 * 20 * 50 * 8**2, 800 * 500, 500 * 10]
    widths = [3, 64, 64, 128, 128, *[256] * 3, *[512] * 6]
    sizes = [48, 48, 24, 24, *[12] * 3, *[6] * 3, *[3] * 3]
    convs = [
        9 * a * b * n**2 for a, b, n in zip(widths[:-1], widths[1:], sizes, strict=True)
    ]  # fmt: skip
    vgg = [*convs, 512 * 4096, 4096 * 4096, 4096 * 10]
    for name, macs in (("lenet5", lenet), ("vgg16", vgg)):
        row = table[name]
        assert row["kernels"] == len(macs)
        assert row["macs"] == pytest.approx(saving(macs, row["levels"]), rel=5e-3)


def test_at_least_four_fifths_of_it_arrive_as_time(table):
    """Of VGG16 on few images compiling takes a part: one round, within a hundredth of it."""
    for row in table.values():
        assert row["arrived"] == pytest.approx(row["time"] / row["macs"], rel=1e-2)
    assert table["lenet5"]["arrived"] >= 0.8
    assert table["vgg16"]["arrived"] >= 0.79
    assert table["lenet5"]["evaluate"] > table["lenet5"]["time"]


def test_lesson_16_quotes_the_table(table):
    text = " ".join(LESSON.read_text("utf-8").replace("# ", " ").split())
    assert f"{table['lenet5']['time']:.1f} times faster (`results/scan_reuse.csv`)" in text


def test_what_is_kept_fits_into_the_memory_allowed(table):
    assert all(row["kept_mb"] <= 2**28 / 1e6 for row in table.values())


@pytest.mark.full
def test_the_script_scans_in_three_ways_that_find_the_same():
    layers = [keras.Input((6,)), keras.layers.Dense(5), keras.layers.Dense(10)]
    ways = scan_loop.ways_of(keras.Sequential(layers), *scan_loop.images(30, (6,)), 8)
    expected = ways["loop"]()
    for name in ("scan", "evaluate"):
        scan_loop.assert_same(ways[name](), expected)
    wrong = {kernel: dict.fromkeys(levels, 2.0) for kernel, levels in expected.items()}
    with pytest.raises(AssertionError, match=r"accuracies of .* are"):
        scan_loop.assert_same(wrong, expected)
