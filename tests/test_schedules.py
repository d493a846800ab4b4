"""Schedules: the published formulas to the bit, steps that rise from 0 to exactly `final`."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.schedules import (
    Schedule,
    constant,
    exponential,
    iterative,
    one_cycle,
    one_shot,
    polynomial,
)

SHARES = st.sampled_from([0.0, 0.5, 0.8, 0.9, 1.0]) | st.floats(0, 1)
BEGINS = st.integers(0, 50)
SPANS = st.integers(1, 200)
EVERY = st.integers(1, 60)
# The schedules with a beginning and an end, by what they take beside them.
RISING = {
    "polynomial": polynomial,
    "straight line": lambda *a, **k: polynomial(*a, power=1, **k),
    "power 0": lambda *a, **k: polynomial(*a, power=0, **k),
    "power 0.5": lambda *a, **k: polynomial(*a, power=0.5, **k),
    "exponential": exponential,
    "exponential, slow": lambda *a, **k: exponential(*a, rate=1e-6, **k),
    "exponential, fast": lambda *a, **k: exponential(*a, rate=700, **k),
    "one cycle": one_cycle,
    "one cycle, flat": lambda *a, **k: one_cycle(*a, steepness=1, **k),
    "one cycle, steep": lambda *a, **k: one_cycle(*a, steepness=700, **k),
}
rising = pytest.mark.parametrize("kind", RISING.values(), ids=RISING)


def zhu_and_gupta(s_f: float, s_i: float, t_0: int, n: int, dt: int, k: int) -> np.float64:
    """The paper's formula at t = t_0 + k · Δt, as printed, in double precision."""
    s_f, s_i, t_0, n, dt = (np.float64(v) for v in (s_f, s_i, t_0, n, dt))
    t = t_0 + k * dt
    return s_f + (s_i - s_f) * (1 - (t - t_0) / (n * dt)) ** 3


# ------------------------------------------------------------------------------ what all have alike


@rising
@given(final=SHARES, begin=BEGINS, span=SPANS, every=EVERY)
def test_a_schedule_rises_from_0_to_final_and_never_falls(kind, final, begin, span, every):
    end = begin + span
    schedule = kind(final, begin, end, every=every)
    values = [schedule(step) for step in range(end + every + 2)]
    assert all(0 <= value <= final for value in values)
    assert values == sorted(values)
    assert set(values[:begin]) <= {0.0}
    assert set(values[end:]) == {final}  # to the bit


@rising
@given(final=SHARES, begin=BEGINS, span=SPANS, every=EVERY)
def test_between_its_updates_a_schedule_stands_still(kind, final, begin, span, every):
    end = begin + span
    slow, smooth = kind(final, begin, end, every=every), kind(final, begin, end)
    for step in range(begin, end):
        update = begin + (step - begin) // every * every
        assert slow(step) == slow(update) == smooth(update)


@given(final=SHARES, begin=BEGINS, every=EVERY, rounds=st.integers(1, 8))
def test_iterative_rises_in_rounds_from_0_to_final(final, begin, every, rounds):
    schedule = iterative(final, begin, every, rounds)
    last = begin + (rounds - 1) * every
    values = [schedule(step) for step in range(last + every + 2)]
    assert all(0 <= value <= final for value in values)
    assert values == sorted(values)
    assert set(values[:begin]) <= {0.0}
    assert set(values[last:]) == {final}
    for step in range(begin, last):
        assert schedule(step) == schedule(begin + (step - begin) // every * every)


# ---------------------------------------------------------------------------------------- each kind


@given(SHARES, st.integers(0, 10**6))
def test_constant_asks_for_the_same_at_every_step(sparsity, step):
    assert constant(sparsity)(step) == sparsity


@given(SHARES, st.integers(0, 300), st.integers(0, 300))
def test_one_shot_prunes_once(sparsity, at, step):
    assert one_shot(sparsity, at)(step) == (0.0 if step < at else sparsity)


@given(
    shares=st.tuples(SHARES, SHARES),
    begin=st.integers(0, 10**4),
    updates=st.integers(1, 100),
    every=st.integers(1, 1000),
)
def test_polynomial_is_the_formula_of_zhu_and_gupta_to_the_bit(shares, begin, updates, every):
    initial, final = sorted(shares)
    end = begin + updates * every
    schedule = polynomial(final, begin, end, initial=initial, every=every)
    for k in range(updates):
        published = zhu_and_gupta(final, initial, begin, updates, every, k)
        assert schedule(begin + k * every) == published
    assert schedule(end) == zhu_and_gupta(final, initial, begin, updates, every, updates) == final


@pytest.mark.parametrize("every", [1, 100])
def test_the_cubic_by_hand(every):
    """Halfway there an eighth of the way in sparsity is left; after three quarters, a 64th."""
    schedule = polynomial(0.75, begin=2000, end=3600, initial=0.25, every=every)
    steps = {2000: 0.25, 2400: 0.75 - 27 / 128, 2800: 0.75 - 1 / 16, 3200: 0.75 - 1 / 128}
    assert {step: schedule(step) for step in steps} == steps


def test_a_polynomial_of_power_1_is_a_straight_line():
    schedule = polynomial(0.75, begin=4, end=12, initial=0.25, power=1)
    assert [schedule(step) for step in range(4, 13)] == [0.25 + k / 16 for k in range(9)]


def test_a_higher_power_prunes_earlier():
    cubic, line = (polynomial(0.9, 0, 100, power=power) for power in (3, 1))
    assert all(cubic(step) > line(step) for step in range(1, 100))


@given(SHARES, st.floats(0.01, 50), st.integers(0, 100))
def test_exponential_is_its_formula(final, rate, step):
    p = step / 100
    expected = final * (1 - math.exp(-rate * p)) / (1 - math.exp(-rate))
    assert exponential(final, 0, 100, rate=rate)(step) == pytest.approx(expected, rel=1e-9)


@given(SHARES, st.integers(0, 100))
def test_a_slow_exponential_is_a_straight_line(final, step):
    line = polynomial(final, 0, 100, power=1)
    assert exponential(final, 0, 100, rate=1e-6)(step) == pytest.approx(line(step), abs=1e-6)


def test_a_higher_rate_prunes_earlier():
    fast, slow = (exponential(0.9, 0, 100, rate=rate) for rate in (5, 1))
    assert all(fast(step) > slow(step) for step in range(1, 100))


def test_one_cycle_starts_and_ends_slowly_and_is_steepest_at_five_fourteenths():
    schedule = one_cycle(0.9, begin=0, end=1400)
    rises = np.diff([schedule(step) for step in range(1401)])
    assert rises.argmax() in (499, 500)
    assert (np.diff(rises[:500]) > 0).all()
    assert (np.diff(rises[500:]) < 0).all()
    assert max(rises[0], rises[-1]) < 0.05 * rises.max()


@pytest.mark.parametrize("steepness", [5, 14])
def test_one_cycle_is_the_logistic_curve_stretched_to_start_at_0(steepness):
    """Hubens et al. take (1 + e^(-α+β)) / (1 + e^(-αp+β)) with α = 14 and β = 5."""

    def published(p: float) -> float:
        beta = steepness * 5 / 14
        return (1 + math.exp(-steepness + beta)) / (1 + math.exp(-steepness * p + beta))

    schedule = one_cycle(0.9, begin=0, end=100, steepness=steepness)
    for step in range(101):
        share = (published(step / 100) - published(0)) / (1 - published(0))
        assert schedule(step) == pytest.approx(0.9 * share, abs=1e-12)


@pytest.mark.parametrize("rounds", [1, 2, 5, 20])
def test_iterative_rounds_take_20_percent_of_the_rest_each(rounds):
    schedule = iterative(1 - 0.8**rounds, begin=100, every=50, rounds=rounds)
    assert schedule(99) == 0
    for n in range(1, rounds + 1):
        assert schedule(100 + 50 * (n - 1)) == pytest.approx(1 - 0.8**n, rel=1e-12)
        assert schedule(100 + 50 * n - 1) == schedule(100 + 50 * (n - 1))
    assert schedule(10**6) == 1 - 0.8**rounds


def test_iterative_leaves_as_many_of_a_thousand_weights_as_counting_does():
    left, schedule = 1000.0, iterative(1 - 0.8**5, begin=0, every=10, rounds=5)
    for n in range(5):
        left *= 0.8
        assert round(1000 * (1 - schedule(10 * n))) == round(left)


def test_steps_may_be_numpy_integers():
    for schedule in (polynomial(0.8, 0, 10), iterative(0.8, np.int64(2), 3, 2), one_shot(0.8, 4)):
        for step in range(12):
            assert schedule(np.int64(step)) == schedule(step)


# ----------------------------------------------------------------------------------------- refusals

MAKERS: dict[str, Callable[[float], Schedule]] = {
    "constant": lambda share: constant(share),
    "one_shot": lambda share: one_shot(share, 5),
    "iterative": lambda share: iterative(share, 0, 10, 3),
    **{name: lambda share, kind=kind: kind(share, 0, 10) for name, kind in RISING.items()},
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("share", [-0.1, 1.1, 80, math.nan])
def test_a_final_sparsity_outside_0_and_1_is_refused(make, share):
    with pytest.raises(ValueError, match=r"(final|sparsity) must be between 0 and 1"):
        make(share)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("share", [None, "0.5", True])
def test_a_final_sparsity_that_is_no_number_is_refused(make, share):
    with pytest.raises(TypeError, match=r"(final|sparsity) must be a number"):
        make(share)


@rising
@pytest.mark.parametrize(
    ("begin", "end", "every", "words"),
    [
        (-1, 10, 1, "begin must be a whole number of at least"),
        (0.5, 10, 1, "begin must be a whole number of at least"),
        (0, 10.0, 1, "end must be a whole number of at least"),
        (0, None, 1, "end must be a whole number of at least"),
        (True, 10, 1, "begin must be a whole number of at least"),
        (10, 10, 1, "end must be greater than begin, not 10 after 10"),
        (10, 5, 1, "end must be greater than begin, not 5 after 10"),
        (0, 10, 0, "every must be a whole number of at least 1"),
        (0, 10, -1, "every must be a whole number of at least"),
        (0, 10, 0.5, "every must be a whole number of at least"),
    ],
)
def test_steps_that_make_no_sense_are_refused_by_name(kind, begin, end, every, words):
    with pytest.raises(ValueError, match=words):
        kind(0.8, begin, end, every=every)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: one_shot(0.5, at=-1), "at must be a whole number of at least"),
        (lambda: iterative(0.5, 0, 0, 3), "every must be a whole number of at least 1"),
        (lambda: iterative(0.5, 0, 10, 0), "rounds must be a whole number of at least 1"),
        (lambda: iterative(0.5, -1, 10, 3), "begin must be a whole number of at least"),
        (lambda: polynomial(0.5, 0, 10, initial=0.6), "initial must be between 0 and 0.5"),
        (lambda: polynomial(0.5, 0, 10, initial=-0.1), "initial must be between 0 and 0.5"),
        (lambda: polynomial(0.5, 0, 10, power=-1), "power must be at least 0"),
        (lambda: exponential(0.5, 0, 10, rate=0), "rate must be between"),
        (lambda: exponential(0.5, 0, 10, rate=math.nan), "rate must be between"),
        (lambda: one_cycle(0.5, 0, 10, steepness=0), "steepness must be between"),
    ],
)
def test_each_schedules_own_numbers_are_refused_by_name(make, words):
    with pytest.raises(ValueError, match=words):
        make()
