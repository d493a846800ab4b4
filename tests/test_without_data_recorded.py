"""The recorded networks of "A network that somebody else trained" are what the script says."""

from collections import Counter

from course_utils.lessons import recorded

REPAIRS = [
    ("none", "cut"), ("noise", "fit"), ("no face", "fit"), ("one face", "fit"),
    ("one face", "taught"),
]  # fmt: skip


def test_every_network_stands_there_once_a_seed():
    table = recorded.rows("without_data")
    found = Counter((r["seed"], r["criterion"], r["pictures"], r["repair"]) for r in table)
    cases = [(c, *repair) for c in ("norm", "Taylor", "chance") for repair in REPAIRS]
    cases.append(("norm", "no face", "taught"))
    assert found == Counter((seed, *case) for seed in range(5) for case in cases)


def test_each_has_at_most_half_of_the_macs_and_errors_among_200():
    for row in recorded.rows("without_data"):
        assert row["macs"] <= 1_530_768 / 2
        assert 0 <= row["missed"] <= 100
        assert 0 <= row["false"] <= 100


def test_the_norm_alone_depends_on_no_seed():
    rows = [r for r in recorded.rows("without_data") if r["repair"] == "cut"]
    counts = {(r["missed"], r["false"]) for r in rows if r["criterion"] == "norm"}
    assert len(counts) == 1
