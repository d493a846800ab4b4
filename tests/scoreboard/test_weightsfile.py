"""Weights that a stranger hands in: other files' contents, bombs, and what are no numbers."""

import io

import h5py
import numpy as np
import pytest
from hostile import weights
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.lessons.scoreboard.limits import Limits, Refused
from course_utils.lessons.scoreboard.weightsfile import plain_weights

LIMITS = Limits(unpacked_bytes=1_000_000)
PLACE = "layers/dense/vars/0"
SECRET = b"the password is swordfish..."  # 28 bytes: 7 numbers of 4


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """A text of this machine, and an HDF5 file of it, which no submission should bring out."""
    folder = tmp_path_factory.mktemp("secret")
    (folder / "key.txt").write_bytes(SECRET)
    with h5py.File(folder / "other.h5", "w") as file:
        file["key"] = np.arange(7.0)
    return folder


def external_storage(file, secret):
    file.create_dataset("x", (7,), "<i4", external=[(str(secret / "key.txt"), 0, 28)])


def virtual(file, secret):
    layout = h5py.VirtualLayout((7,), "f8")
    layout[:] = h5py.VirtualSource(str(secret / "other.h5"), "key", (7,))
    file.create_virtual_dataset("x", layout)


def external_link(file, secret):
    file["x"] = h5py.ExternalLink(str(secret / "other.h5"), "/key")


READERS = [external_storage, virtual, external_link]


@pytest.mark.parametrize("attack", READERS)
def test_another_files_contents_do_not_come_in(attack, secret):
    data = weights(lambda file: attack(file, secret))
    (secret / "weights.h5").write_bytes(data)
    with h5py.File(secret / "weights.h5") as file:  # the attack is real: here is the secret
        assert file["x"][()].tobytes() in (SECRET, np.arange(7.0).tobytes())
    with pytest.raises(Refused, match=r"another (place or )?file|another place"):
        plain_weights(data, LIMITS)


def in_itself(file):
    file["layers/again"] = file["layers"]


def many_links(file):
    for number in range(6_000):
        file[f"layers/{number}"] = file[PLACE]


def shape_bomb(file):
    file.create_dataset("x", (10**6, 10**6), "f4")  # 4 TB, of which nothing is stored


HOSTILE = {
    "a soft link": (lambda f: f.__setitem__("x", h5py.SoftLink("/layers")), "is a link"),
    "a terabyte that is not there": (shape_bomb, "more than the 1,000,000"),
    "a group in itself": (in_itself, "group in itself"),
    "the same array many times": (many_links, "too many|more than"),
    "packed": (lambda f: f.create_dataset("x", data=np.zeros(10**6), compression=9), "is packed"),
    "in chunks": (lambda f: f.create_dataset("x", (8,), "f4", chunks=(8,)), "is packed"),
    "texts": (lambda f: f.__setitem__("x", "text"), "numbers were expected"),
    "references": (lambda f: f.create_dataset("x", (1,), h5py.ref_dtype), "numbers were exp"),
    "complex numbers": (lambda f: f.__setitem__("x", np.ones(2) * 1j), "complex"),
    "records": (lambda f: f.create_dataset("x", (2,), "i4,f4"), "numbers were expected"),
    "nothing in it": (lambda f: f.create_dataset("x", dtype="f4"), "numbers|NoneType"),
    "a named type": (lambda f: f.__setitem__("x", np.dtype("f4")), "neither a group nor"),
    "NaN": (lambda f: f.__setitem__("x", [1.0, np.nan]), "NaN"),
    "infinity": (lambda f: f.__setitem__("x", [np.inf]), "NaN or infinity"),
    "a name with a terminal's commands": (lambda f: f.__setitem__("\x1b[2J", "text"), "numbers"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_weights_are_refused_with_a_reason(name):
    edit, reason = HOSTILE[name]
    with pytest.raises(Refused, match=reason) as caught:
        plain_weights(weights(edit), LIMITS)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x80\x04\x95", weights()[:3_000]])
def test_what_is_no_weights_file_is_refused(data):
    with pytest.raises(Refused, match="no HDF5 file"):
        plain_weights(data, LIMITS)


def test_the_copy_holds_the_same_numbers_and_nothing_else():
    def extras(file):
        file["optimizer/vars/0"] = np.zeros(10)
        file["layers"].attrs["note"] = "x" * 1_000
        file["layers/dense/vars/2"] = np.arange(3, dtype="uint32")

    found, paths = h5py.File(io.BytesIO(plain_weights(weights(extras), LIMITS))), []
    found.visititems(lambda path, item: paths.append(path) if hasattr(item, "shape") else None)
    assert paths == [f"layers/dense/vars/{i}" for i in range(3)]
    expected = h5py.File(io.BytesIO(weights()))[PLACE][()]
    assert np.array_equal(found[PLACE][()], expected)
    assert not found["layers"].attrs


@given(st.integers(0, 6_000), st.binary(min_size=1, max_size=16))
@settings(max_examples=150)
def test_damaged_weights_are_refused_or_finite_numbers(place, bytes_):
    good = weights(inputs=20)
    damaged = good[:place] + bytes_ + good[place + len(bytes_) :]
    try:
        copy = plain_weights(damaged, LIMITS)
    except Refused:
        return
    assert len(copy) < 2 * LIMITS.unpacked_bytes
