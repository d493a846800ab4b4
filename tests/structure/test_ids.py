"""Ids of channels, in NumPy alone: what is tied, what is fixed, and why."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from course_utils.structure.ids import Flow, Ids, compact

PAIRS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=20)


def connected(pairs: list[tuple[int, int]], start: int) -> set[int]:
    """All that is tied to an id, by walking from neighbour to neighbour; 0 ties nothing."""
    found, waiting = {start}, [start]
    while waiting:
        one = waiting.pop()
        for a, b in pairs:
            for here, there in ((a, b), (b, a)):
                if here == one and there and there not in found:
                    found.add(there)
                    waiting.append(there)
    return found


@given(PAIRS)
def test_roots_are_the_smallest_of_what_is_tied(pairs):
    ids = Ids()
    ids.fresh(12)
    for a, b in pairs:
        ids.tie(np.array([a]), np.array([b]), "why")
    roots = ids.roots()
    assert roots[0] == 0
    for one in range(1, 13):
        assert roots[one] == min(connected(pairs, one))


@given(PAIRS)
def test_what_is_tied_to_0_is_fixed_with_all_that_is_tied_to_it(pairs):
    ids = Ids()
    ids.fresh(12)
    for a, b in pairs:
        ids.tie(np.array([a]), np.array([b]), f"{a} and {b}")
    fixed = {max(pair) for pair in pairs if 0 in pair and any(pair)}
    reasons, roots = ids.reasons(), ids.roots()
    for one in range(1, 13):
        assert (roots[one] in reasons) == bool(connected(pairs, one) & fixed)
    assert 0 not in reasons


@given(PAIRS, st.randoms())
def test_the_order_of_ties_does_not_matter(pairs, random):
    found = []
    for _ in range(2):
        ids = Ids()
        ids.fresh(12)
        for a, b in pairs:
            ids.tie(np.array([a]), np.array([b]), "why")
        found.append((ids.roots().tolist(), ids.reasons()))
        random.shuffle(pairs)
    assert found[0] == found[1]


def test_ids_are_never_given_twice_and_never_0():
    ids = Ids()
    numbers = np.concatenate([ids.fresh(count) for count in (3, 0, 5, 1)])
    assert len(set(numbers.tolist())) == 9
    assert numbers.min() == 1


def test_ties_spread_like_numpy():
    ids = Ids()
    a, b = ids.fresh(3), ids.fresh(1)
    ids.tie(a.reshape(1, 3), b.reshape(1, 1), "spread")
    assert ids.roots().tolist() == [0, 1, 1, 1, 1]


def test_the_first_reason_is_kept_unless_there_is_one_above_all():
    ids = Ids()
    a = ids.fresh(2)
    ids.fix(a[:1], "first")
    ids.fix(a, "second")
    assert ids.reasons() == {1: "first", 2: "second"}
    ids.tie(a[:1], a[1:], "together")
    assert ids.reasons() == {1: "first"}
    ids.fix(a[1:], "an output", above_all=True)
    assert ids.reasons() == {1: "an output"}


ARRAYS = st.lists(st.integers(0, 3), min_size=12, max_size=12).map(
    lambda values: np.array(values).reshape(2, 3, 2)
)


@given(ARRAYS, st.sets(st.integers(0, 2)))
def test_compact_loses_nothing_and_keeps_no_axis_in_vain(ids, constant):
    for axis in constant:
        ids = np.broadcast_to(ids.take([0], axis), ids.shape)
    small = compact(ids)
    np.testing.assert_array_equal(np.broadcast_to(small, ids.shape), ids)
    assert all(small.shape[axis] == 1 for axis in constant)
    for axis in range(3):
        if small.shape[axis] > 1:
            assert (small != small.take([0], axis)).any()


def test_flows():
    image = Flow((5, 5, 3), np.array([[[1, 2, 3]]]))
    assert image.varying == (2,)
    assert image.vector(2).tolist() == [1, 2, 3]
    one = Flow((4, 3), np.array([[7]]))
    assert (one.varying, one.free) == ((), True)
    assert one.vector(1).tolist() == [7, 7, 7]
    assert not Flow((4, 3), np.zeros((1, 1), int)).free
