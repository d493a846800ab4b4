"""Zip archives that a stranger hands in: bombs, odd names, links, damage."""

import struct
import warnings
import zipfile

import pytest
from hostile import members, packed, submission, weights
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.lessons.scoreboard.archive import unpacked
from course_utils.lessons.scoreboard.limits import Limits, Refused

LIMITS = Limits(unpacked_bytes=2_000_000, config_bytes=100_000)
GOOD = submission()


def with_more(name, data=b"x"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there twice
        return packed([*members().items(), (name, data)])


def link():
    info = zipfile.ZipInfo("model.weights.h5")
    info.external_attr = 0o120777 << 16
    return packed([*list(members().items())[:2], (info, b"/etc/passwd")])


def declared_smaller(data: bytes) -> bytes:
    """Let the archive say that its config has 10 bytes."""
    place = data.rindex(b"config.json") - 46  # its entry in the directory at the end
    assert data[place : place + 4] == b"PK\x01\x02"
    return data[: place + 24] + struct.pack("<I", 10) + data[place + 28 :]


HOSTILE = {
    "nothing": (b"", "no .keras file"),
    "a pickle": (b"\x80\x04\x95", "no .keras file"),
    "an old HDF5 model": (weights(), "no .keras file"),
    "a program with an archive behind it": (b"#!/bin/sh\n" + GOOD, "no .keras file"),
    "cut short": (GOOD[: len(GOOD) // 2], "damaged"),
    "a bomb": (packed(members() | {"metadata.json": bytes(10_000_000)}), "unpacks to 10,0"),
    "a large config": (packed(members(b" " * 200_000)), "config.json has more"),
    "a path upwards": (with_more("../../.bashrc"), "'../../.bashrc'"),
    "an absolute path": (with_more("/etc/cron.d/x"), "'/etc/cron.d/x'"),
    "code beside": (with_more("assets/run.py"), "'assets/run.py'"),
    "a folder": (with_more("assets/"), "'assets/'"),
    "a name with a terminal's commands": (with_more("\x1b[2J"), "x1b"),
    "two configs": (with_more("config.json", b"{}"), "each of them once"),
    "no weights": (packed({"config.json": b"{}"}), "must hold"),
    "a link": (link(), "is a link"),
    "a declared size that is too small": (declared_smaller(GOOD), "config.json|damaged"),
    "thousands of members": (packed({f"{i}": b"" for i in range(3_000)}), "no such part"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_with_a_reason(name):
    data, reason = HOSTILE[name]
    with pytest.raises(Refused, match=reason) as caught:
        unpacked(data, LIMITS)
    assert str(caught.value).isprintable()


def test_what_is_in_order_comes_out_as_it_went_in():
    assert unpacked(GOOD, LIMITS) == members()


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(1, 40))
@settings(max_examples=200)
def test_a_damaged_archive_is_refused_or_whole_and_nothing_else(place, byte, length):
    damaged = GOOD[:place] + bytes([byte]) * length + GOOD[place + length :]
    try:
        parts = unpacked(damaged, LIMITS)
    except Refused:
        return
    assert set(parts) == set(members())
    assert sum(map(len, parts.values())) <= LIMITS.unpacked_bytes
