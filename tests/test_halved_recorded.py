"""Notebook 11's recorded times: what of halved MACs arrives as time, and that the script does it.

The shares are ratios taken within seconds of one another; no test reads the milliseconds.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.lessons import recorded

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import halved_widths

NETWORKS = tuple(halved_widths.NETWORKS)


def median(network, runtime, threads, batch):
    wanted = {"network": network, "runtime": runtime, "threads": threads, "batch": batch}
    rows = [row for row in recorded.rows("halved_widths") if wanted.items() <= row.items()]
    assert len(rows) >= 5, "a claim needs some repetitions"
    return np.median([row["share"] for row in rows])


def test_the_table_is_complete():
    rows = recorded.rows("halved_widths")
    found = {(r["network"], r["runtime"], r["threads"], r["batch"]) for r in rows}
    wanted = itertools.product(NETWORKS, halved_widths.RUNTIMES, (1, 2), (1, 256))
    assert found == set(wanted)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("runtime", halved_widths.RUNTIMES)
def test_most_of_the_macs_reduction_arrives_with_many_images(network, runtime):
    assert median(network, runtime, threads=1, batch=256) >= 0.6


@pytest.mark.parametrize("network", NETWORKS)
def test_it_arrives_in_litert_on_two_threads_and_with_one_image_too(network):
    assert median(network, "LiteRT", threads=2, batch=256) >= 0.6
    assert median(network, "LiteRT", threads=1, batch=1) >= 0.6


@pytest.mark.parametrize("network", NETWORKS)
def test_little_of_it_arrives_in_keras_with_one_image(network):
    """The lesson says so, and where the rest goes: Keras needs a while to start."""
    many, one = (median(network, "Keras", threads=1, batch=batch) for batch in (256, 1))
    assert one < 0.4 < many


def test_a_share_is_that_of_its_own_row():
    for row in recorded.rows("halved_widths"):
        time, macs = row["ms_half"] / row["ms_full"], row["macs_half"] / row["macs_full"]
        assert row["share"] == pytest.approx((1 - time) / (1 - macs), abs=0.02)


def test_the_script_makes_rows_of_this_form():
    rows = halved_widths.measured("Keras", threads=1, repetitions=1, calls={2: 1})
    assert all(tuple(row) == halved_widths.FIELDS for row in rows)
    assert [row["network"] for row in rows] == list(NETWORKS)
    assert [(row["macs_full"], row["macs_half"]) for row in rows] == [
        (541_440, 184_192),
        (2_293_000, 646_500),
    ]
