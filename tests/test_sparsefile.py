"""The sparse file: round trips bit for bit, the paper's figure, and files that lie."""

import contextlib
import hashlib
import json
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_utils.extras import sparsefile
from course_utils.extras.sparsefile.container import MAGIC
from course_utils.extras.sparsefile.gaps import WIDTHS, cheapest_width, from_gaps, pack, unpack
from course_utils.extras.sparsefile.huffman import coded, decoded
from course_utils.extras.sparsefile.tensors import DTYPES, restore, store

KINDS = st.sampled_from(DTYPES)
POSITIONS = st.sets(st.integers(0, 5000), max_size=60).map(lambda s: np.array(sorted(s), np.int64))


@st.composite
def mostly_zeros(draw) -> np.ndarray:
    """An array of any shape and dtype, NaN and -0.0 included, much of it zero."""
    shape, dtype = draw(array_shapes(min_dims=0, max_side=12)), draw(KINDS)
    array = draw(arrays(dtype, shape))
    return np.where(draw(arrays(bool, shape)), array, np.zeros((), dtype)).astype(dtype)


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    alike = (one.dtype, one.shape) == (other.dtype, other.shape)
    return alike and np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


def pruned(sparsity: float, size: int = 10_000) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.where(rng.random(size) < sparsity, 0, rng.normal(size=size)).astype("float32")


# -------------------------------------------------------------------------------------- round trips


@given(st.dictionaries(st.text(max_size=8), mostly_zeros(), max_size=4), st.text())
def test_what_goes_in_comes_out_bit_for_bit(given_arrays, text):
    found, words = sparsefile.decode(sparsefile.encode(given_arrays, text))
    assert list(found) == list(given_arrays)
    assert all(same_bits(found[name], given_arrays[name]) for name in found)
    assert words == text


@given(POSITIONS, st.sampled_from(WIDTHS))
def test_gaps_of_any_width_lead_back_to_the_positions(positions, width):
    gaps = sparsefile.to_gaps(positions, width)
    assert (gaps.codes < 2**width).all()
    np.testing.assert_array_equal(from_gaps(gaps.codes)[~gaps.fillers], positions)


@given(POSITIONS, st.integers(1, 64))
def test_no_other_width_takes_fewer_bits(positions, value_bits):
    def bits(width: int) -> int:
        return len(sparsefile.to_gaps(positions, width).codes) * (width + value_bits)

    chosen = cheapest_width(positions, value_bits)
    assert bits(chosen) == min(bits(width) for width in WIDTHS)


@given(st.sampled_from(WIDTHS), st.data())
def test_numbers_of_a_few_bits_are_packed_and_unpacked(width, data):
    numbers = data.draw(
        arrays(np.uint32, st.integers(0, 20), elements=st.integers(0, 2**width - 1))
    )
    packed = pack(numbers, width)
    assert len(packed) == -(-len(numbers) * width // 8)
    np.testing.assert_array_equal(unpack(packed, width, len(numbers)), numbers)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3), "float32"),
        np.float32(2.5).reshape(()),
        np.zeros(100_000, "float32"),
        np.array([0.0, -0.0, np.nan, np.inf], "float16"),
        np.arange(12, dtype=">f4").reshape(3, 4),
        np.eye(6)[::2, ::-1],
    ],
    ids=["empty", "one number", "only zeros", "specials", "other byte order", "not contiguous"],
)
def test_edges(array):
    found = sparsefile.decode(sparsefile.encode({"W": array}))[0]["W"]
    assert same_bits(found, array.astype(array.dtype.newbyteorder("=")))


# -------------------------------------------------------------------------------------------- sizes


def test_figure_2_of_deep_compression():
    """Non-zeros at 1, 4 and 15 with 3 bits: a filler zero at 12."""
    gaps = sparsefile.to_gaps(np.array([1, 4, 15]), 3)
    assert from_gaps(gaps.codes).tolist() == [1, 4, 12, 15]
    assert gaps.fillers.tolist() == [False, False, True, False]


@pytest.mark.parametrize("sparsity", [0.0, 0.01, 0.5, 0.9, 0.99])
def test_never_more_bytes_than_dense_values(sparsity):
    head, data = store("W", pruned(sparsity))
    assert len(data) <= 4 * 10_000
    assert bool(head.gap) == (sparsity > 1 / 33)  # a gap of one bit for each 32 bits of value


def test_bytes_are_those_of_values_and_gaps():
    """At 90 %: 1,000 values of 32 bits, each with a gap that has an entropy of 4.7 bits."""
    W = pruned(0.9)
    _, data = store("W", W)
    gap_bits = sparsefile.entropy(sparsefile.to_gaps(np.flatnonzero(W), 8).codes)
    assert gap_bits == pytest.approx(4.7, abs=0.2)  # of a geometric distribution: h(0.1) / 0.1
    least = np.count_nonzero(W) * (32 + gap_bits) / 8
    assert least <= len(data) < 1.02 * least


def test_few_different_values_are_stored_once():
    """Weight sharing: 15 values in a table, 4 bits for each weight that points at one."""
    rng = np.random.default_rng(0)
    shared = np.linspace(-1, 1, 15, dtype="float32")[rng.integers(0, 15, 10_000)]
    head, data = store("W", shared)
    assert head.shared == 15
    # As many of each: Huffman's code can save only the sixteenth place that is not taken.
    assert 0.95 * 10_000 * 4 / 8 < len(data) - 15 * 4 <= 10_000 * 4 // 8


# ----------------------------------------------------------------------------------- Huffman's code

BYTES = arrays(np.uint8, st.integers(0, 300), elements=st.integers(0, 255))


@given(BYTES)
def test_codes_lead_back_to_the_numbers(numbers):
    np.testing.assert_array_equal(decoded(coded(numbers), len(numbers)), numbers)


@given(BYTES, st.integers(0, 301))
def test_codes_of_another_count_are_refused(numbers, count):
    if count != len(numbers):
        with pytest.raises(ValueError, match="codes"):
            decoded(coded(numbers), count)


@given(st.binary(max_size=40), st.integers(0, 50))
def test_bytes_that_are_no_code_are_refused_or_give_as_many_numbers(data, count):
    with contextlib.suppress(ValueError):
        assert len(decoded(data, count)) == count


@pytest.mark.parametrize("shares", [[0.7, 0.2, 0.07, 0.03], [0.25] * 4, [0.9, 0.1], [1.0]])
def test_a_code_takes_what_huffman_takes_and_no_less_than_the_entropy(shares):
    """Against an independent count: the sum of all merged weights is the code's length in bits."""
    counts = (np.array(shares) * 20_000).astype(int)
    numbers = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    heap, merged = list(counts), 0
    while len(heap) > 1:
        heap.sort()
        heap = [heap[0] + heap[1], *heap[2:]]
        merged += heap[0]
    least = max(merged, len(numbers))  # one bit, where there is only one number
    length = 8 * len(coded(numbers))
    assert sparsefile.entropy(numbers) * len(numbers) <= length
    # The lengths of the codes stand in front, and the rarest number shares its code with the end.
    assert least <= length < least + min(counts) + 8 * 100


@given(arrays(np.int64, st.integers(1, 40), elements=st.integers(-5, 5)))
def test_entropy_lies_between_nothing_and_the_logarithm_of_how_many_there_are(numbers):
    found = sparsefile.entropy(numbers)
    assert -1e-12 <= found <= np.log2(len(np.unique(numbers))) + 1e-12
    assert sparsefile.entropy(np.arange(8)) == 3


def test_skewed_places_and_gaps_are_coded_in_fewer_bytes():
    rng = np.random.default_rng(0)
    W = np.where(rng.random(200_000) < 0.97, 0, rng.binomial(8, 0.5, size=200_000) - 4)
    head, data = store("W", W.astype("float32"))
    assert head.coded_gaps
    assert head.coded_entries
    codes = sparsefile.to_gaps(np.flatnonzero(W), head.gap).codes
    least = len(codes) * (sparsefile.entropy(codes) + sparsefile.entropy(W[W != 0])) / 8
    assert least < len(data) < 1.1 * least + 4 * head.shared
    assert same_bits(restore(head, data), W.astype("float32"))


def test_without_codes_gaps_and_places_take_as_many_bits_each():
    rng = np.random.default_rng(0)
    W = np.where(rng.random(20_000) < 0.97, 0, rng.binomial(8, 0.5, size=20_000) - 4)
    plain, coded_file = (sparsefile.encode({"W": W}, codes=codes) for codes in (False, True))
    found = sparsefile.parts(plain)["W"]
    count = np.count_nonzero(W)
    assert any(0 <= found["gaps"] * 8 - count * bits < 0.25 * count * bits for bits in (5, 6, 7))
    assert found["values"] == pytest.approx(count * 4 / 8, rel=0.2)  # one of 9 values
    assert len(coded_file) < len(plain)
    assert same_bits(sparsefile.decode(plain)[0]["W"], W)


def test_the_parts_of_a_file_are_all_of_it_but_its_description():
    given_arrays = {"a": pruned(0.9, 2000), "b": np.arange(5), "none": np.zeros(9)}
    data = sparsefile.encode(given_arrays)
    found = sparsefile.parts(data)
    assert list(found) == list(given_arrays)
    assert found["a"]["values"] == 4 * np.count_nonzero(given_arrays["a"])
    (length,) = struct.unpack("<I", data[8:12])
    assert sum(sum(kinds.values()) for kinds in found.values()) == len(data) - 12 - length - 32
    with pytest.raises(ValueError, match="This is no sparse file"):
        sparsefile.parts(data[:-1])


def test_a_network_of_nothing_but_zeros_takes_next_to_nothing():
    assert len(sparsefile.encode({"W": np.zeros((1000, 1000), "float32")})) < 200


@pytest.mark.parametrize(
    "array", [np.array([True]), np.array([1j]), np.array(["a"]), np.array([{}])]
)
def test_other_dtypes_are_refused_by_name(array):
    with pytest.raises(TypeError, match=f"fc/kernel holds {array.dtype}; a sparse file holds"):
        sparsefile.encode({"fc/kernel": array})


# ----------------------------------------------------------------------------------- broken, forged


def whole() -> bytes:
    return sparsefile.encode({"a": pruned(0.9, 200), "b": np.arange(5)}, "text")


def refused(data: bytes, words: str, **options: int) -> None:
    with pytest.raises(ValueError, match=f"This is no sparse file that can be read: .*{words}"):
        sparsefile.decode(data, **options)


def forged(about: object, body: bytes = b"", packed: bytes | None = None) -> bytes:
    """A file whose frame and checksum are right, whatever it says."""
    header = zlib.compress(json.dumps(about).encode()) if packed is None else packed
    data = MAGIC + struct.pack("<I", len(header)) + header + body
    return data + hashlib.sha256(data).digest()


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"<html>", whole()[1:], b"\x93SPARSE\x01" * 9]
)
def test_other_kinds_of_files(data):
    refused(data, "another kind of file")


def test_a_file_cut_short_anywhere():
    data = whole()
    for end in range(len(data)):
        refused(data[:end], "")


def test_one_byte_changed_anywhere():
    data = whole()
    for place in range(len(data)):
        refused(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], "")


def test_a_small_file_that_asks_for_much_memory():
    bomb = sparsefile.encode({"W": np.zeros(1_000_000, "float32")})
    assert len(bomb) < 200
    refused(bomb, "1,000,000 values; at most 999,999 are read", largest=999_999)


@pytest.mark.parametrize("size", [2**39, 2**39 - 1])
def test_a_shape_larger_than_any_memory(size):
    refused(
        forged({"text": "", "arrays": [["W", "float32", [size, size], 0, 4, 0, 0, 0]]}), "at most"
    )


def test_a_description_that_unpacks_to_much():
    refused(forged(None, packed=zlib.compress(bytes(20_000_000))), "cut short or too long")


@pytest.mark.parametrize("packed", [b"", b"not zlib", zlib.compress(b"{"), zlib.compress(b"\xff")])
def test_a_description_that_is_none(packed):
    refused(forged(None, packed=packed), "")


def test_a_description_nested_without_end():
    refused(forged(None, packed=zlib.compress(b"[" * 500_000)), "cannot be unpacked")


@pytest.mark.parametrize(
    "about",
    [
        [], 7, {}, {"text": "", "arrays": {}}, {"text": 7, "arrays": []}, {"text": ""},
        {"text": "", "arrays": [], "more": 1},
    ],
)  # fmt: skip
def test_a_description_of_another_form(about):
    refused(forged(about), "none that this package writes")


@pytest.mark.parametrize(
    "head",
    [
        None, 3, "abcdef", [], ["W", "float32", [2], 2], ["W", "float32", [2], 2, 0, 0],
        ["W", "float32", [2], 2, 0, 0, 0], ["W", "float32", [2], 2, 0, 0, 0, 0, 0],
        [1, "float32", [2], 2, 0, 0, 0, 0], ["W", "object", [2], 2, 0, 0, 0, 0],
        ["W", "V8", [2], 2, 0, 0, 0, 0], ["W", ["float32"], [2], 2, 0, 0, 0, 0],
        ["W", "float32", 2, 2, 0, 0, 0, 0], ["W", "float32", [-2], 2, 0, 0, 0, 0],
        ["W", "float32", [2.0], 2, 0, 0, 0, 0], ["W", "float32", [True], 1, 0, 0, 0, 0],
        ["W", "float32", [2], 1, 0, 0, 0, 0], ["W", "float32", [2], 3, 4, 0, 0, 0],
        ["W", "float32", [2], -1, 4, 0, 0, 0], ["W", "float32", [2], 2, 17, 0, 0, 0],
        ["W", "float32", [2], 2, 9, 0, 3, 0], ["W", "float32", [2], 2, 0, 0, 3, 0],
        ["W", "float32", [2], 2, 0, 0, 0, 3], ["W", "float32", [2], 2, 0, 300, 0, 3],
        ["W", "float32", [2], 2, 8, 2, -1, 0], ["W", "float32", [2], 2, 0, 70_000, 0, 0],
        ["W", "float32", [1] * 40, 1, 0, 0, 0, 0], ["W", "float32", [2**41], 0, 4, 0, 0, 0],
    ],
    ids=str,
)  # fmt: skip
def test_an_array_that_cannot_be(head):
    refused(forged({"text": "", "arrays": [head]}, bytes(8)), "none that this package writes")


def test_arrays_of_the_same_name():
    head = ["W", "uint8", [1], 1, 0, 0, 0, 0]
    refused(forged({"text": "", "arrays": [head, head]}, b"ab"), "the same name")


@pytest.mark.parametrize("length", [0, 7, 9])
def test_arrays_of_another_length_than_their_bytes(length):
    about = {"text": "", "arrays": [["W", "float32", [2], 2, 0, 0, 0, 0]]}
    refused(forged(about, bytes(length)), "take 8 bytes")


def test_gaps_that_lead_beyond_the_end():
    about = {"text": "", "arrays": [["W", "uint8", [4], 2, 4, 0, 0, 0]]}
    refused(forged(about, b"\x30" + b"ab"), "has values beyond its end")  # gaps 0 and 3: place 4
    assert sparsefile.decode(forged(about, b"\x20" + b"ab"))[0]["W"].tolist() == [97, 0, 0, 98]


def test_entries_that_point_beyond_their_table():
    about = {"text": "", "arrays": [["W", "uint8", [2], 2, 0, 3, 0, 0]]}
    refused(forged(about, b"abc" + b"\x0c"), "points beyond its table")  # places 0 and 3 of 3
    assert sparsefile.decode(forged(about, b"abc" + b"\x08"))[0]["W"].tolist() == [97, 99]


@given(
    st.binary(max_size=60),
    st.lists(st.integers(-1, 9), min_size=3, max_size=6).map(lambda n: (n + [0] * 6)[:6]),
    KINDS,
)
def test_whatever_a_file_says_it_is_read_or_refused(body, numbers, dtype):
    """No other error than ValueError, and never an array that is not as described."""
    shape, rest = [max(numbers[0], 0)], numbers[1:]
    data = forged({"text": "", "arrays": [["W", dtype, shape, *rest]]}, body)
    with contextlib.suppress(ValueError):
        found = sparsefile.decode(data)[0]["W"]
        assert (found.dtype, list(found.shape)) == (np.dtype(dtype), shape)


def test_codes_that_unpack_to_more_than_they_should():
    """A few bytes that stand for a million zeros: no more than one too many is unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(bytes(1_000_000)) + packer.flush()
    about = {"text": "", "arrays": [["W", "uint8", [9], 5, 8, 2, 0, len(bomb)]]}
    refused(forged(about, bytes(5) + b"ab" + bomb), "codes are not those of 5 numbers")


def test_what_is_read_can_be_written_to():
    found = sparsefile.decode(whole())[0]
    for array in found.values():
        array[...] = 0


@given(mostly_zeros())
def test_an_array_is_read_and_not_touched(array):
    before = array.copy()
    array.setflags(write=False)
    head, data = store("W", array)
    assert same_bits(restore(head, data), before)


def test_bytes_behind_the_codes_are_refused():
    code = coded(np.array([3, 0, 0, 1]))
    assert decoded(code, 4).tolist() == [3, 0, 0, 1]
    with pytest.raises(ValueError, match="not those of 4 numbers"):
        decoded(code + b"x", 4)


@pytest.mark.parametrize("largest", [float("nan"), None, 1e9])
def test_the_largest_is_a_number_that_can_be_compared(largest):
    with pytest.raises(ValueError, match="largest must be a whole number"):
        sparsefile.decode(sparsefile.encode({"W": np.ones(3)}), largest)


def test_only_what_can_be_read_again_is_written():
    for taken, text in [({1: np.ones(2)}, ""), ({"a": np.ones(2)}, None)]:
        with pytest.raises(TypeError, match="must be str"):
            sparsefile.encode(taken, text)
    data = sparsefile.encode({"a": np.ones(2)})
    assert sparsefile.parts(memoryview(data)) == sparsefile.parts(data)
    with pytest.raises(TypeError, match="bytes of a sparse file, not str"):
        sparsefile.decode("model.sparse")
