"""Typical answers to the exercises of notebook 06, and the hint that each of them gets."""

import numpy as np
import pytest

from course_utils.lessons.checks import how_much as check


def sizes(W):
    return np.sort(np.abs(W).ravel())


def first(W, share, shift):
    count = round(share * W.size) + shift
    return sizes(W)[count - 1] if count > 0 else -1.0


def solution(W, share):
    return first(W, share, 0)


def partitioned(W, share):
    count = round(share * W.size)
    return -1.0 if count == 0 else np.partition(np.abs(W), count - 1, axis=None)[count - 1]


def by_rank(scores, count):
    mask = np.ones(len(scores), bool)
    mask[np.argsort(scores, kind="stable")[:count]] = False
    return mask


def ranks(scores, count):
    return np.argsort(np.argsort(scores)) >= count


def below(scores, count, keep):
    if count == 0:
        return np.ones(len(scores), bool)
    return keep(scores, np.sort(scores)[count - 1])


def until(levels, accuracies, floor):
    chosen = 0.0
    for level, accuracy in zip(levels, accuracies, strict=True):
        if accuracy < floor:
            break
        chosen = level
    return chosen


def cumulative(levels, accuracies, floor):
    good = np.cumprod(np.asarray(accuracies) >= floor).sum()
    return levels[good - 1] if good else 0.0


def good(levels, accuracies, floor):
    return [s for s, a in zip(levels, accuracies, strict=True) if a >= floor]


WRONG = {
    check.threshold: [
        (lambda W, s: np.quantile(np.abs(W), s) if s else -1.0, "n - 1 steps"),
        (lambda W, s: s or -1.0, "sparsity itself"),
        (lambda W, s: np.quantile(W, s), "signs and all"),
        (lambda W, s: solution(W, 1 - s), "Sparsity is the share that goes"),
        (lambda W, s: s * np.abs(W).max(), "no share of the weights"),
        (lambda W, s: first(W, s, -1), "one too few"),
        (lambda W, s: first(W, s, +1), "one too many"),
        (lambda W, s: 0.5, "your θ prunes"),
        (lambda W, s: solution(W, s) if s else 9.0, "nothing may go"),
        (lambda W, s: np.abs(W), "number was expected"),
        (lambda W, s: max(first(W, s, 0), 0.0), "exactly 0. Return -1"),
        (lambda W, s: sizes(W)[int(s * W.size) - 1], "int cuts"),
        (lambda W, s: solution(W, s) * (1 - 1e-9), "one too few"),
        (lambda W, s: print(solution(W, s)), "Return the value"),
    ],
    check.prune_lowest: [
        (lambda S, n: by_rank(S, len(S) - n), "lets 4 stay"),
        (lambda S, n: below(S, n, lambda S, cut: cut < S), "cannot tell equal scores apart"),
        (lambda S, n: below(S, n, lambda S, cut: cut <= S), "the first `count` places"),
        (lambda S, n: ~by_rank(S, n), "wrong way round"),
        (lambda S, n: by_rank(-S, n), "scores higher than what stays"),
        (lambda S, n: np.argsort(S) >= n, "set the mask there to False"),
        (lambda S, n: by_rank(S, n) * S, "True and False only"),
        (lambda S, n: np.argsort(S)[n:], "these are places"),
        (lambda S, n: by_rank(np.abs(S), n), "you ranked sizes"),
        (lambda S, n: S > np.sort(S)[n - 1], "prunes all 10"),
        (lambda S, n: S > np.sort(S)[n - 1] if n else S == S, "cannot tell equal scores apart"),
        (lambda S, n: S >= np.quantile(S, n / 10), "the first `count` places"),
        (lambda S, n: print(by_rank(S, n)), "Return the value"),
        (lambda S, n: S[:n], "was expected"),
        (lambda S, n: by_rank(S, n + 1), "the first `count` places"),
        (lambda S, n: by_rank(S, 4), "the first `count` places"),
        (lambda S, n: np.isin(range(10), np.argsort(S)[n - 10 :]), "[-0:] is all"),
    ],
    check.choose: [
        (lambda s, a, f: until(s, [*a[:4], -1], f), "the last one, here 0.97"),
        (lambda s, a, f: max(good(s, a, f + 1e-9), default=0.0), "use >="),
        (lambda s, a, f: s[int(np.argmax(a))], "the best accuracy"),
        (lambda s, a, f: s[0] if a[0] >= f else 0.0, "Go on while"),
        (lambda s, a, f: max(s), "floor was not looked at"),
        (lambda s, a, f: max(good(s, a, f), default=0.0), "that is luck"),
        (lambda s, a, f: -1.0, "0.9 was expected"),
        (lambda s, a, f: a[2], "not the accuracy"),
        (lambda s, a, f: until(s, a, f) or s[0], "do not prune"),
        (lambda s, a, f: s[int(np.argmax(np.array(a) < f))], "first that fails"),
        (lambda s, a, f: s.index(until(s, a, f)), "not its place"),
        (lambda s, a, f: print(until(s, a, f)), "Return the value"),
        (lambda s, a, f: until(s, a, f) or None, "in every case"),
    ],
}
RIGHT = {
    check.threshold: [
        solution,
        partitioned,
        lambda W, s: (
            -0.5 if s == 0 else np.quantile(np.abs(W), s - 0.5 / W.size, method="inverted_cdf")
        ),
    ],
    check.prune_lowest: [
        by_rank,
        ranks,
        lambda S, n: by_rank(S, n).astype(int),
        lambda S, n: np.isin(range(len(S)), np.argsort(S)[n:]),
    ],
    check.choose: [until, cumulative, lambda s, a, f: float(cumulative(s, a, f))],
}


@pytest.mark.parametrize(
    ("checked", "answer", "hint"), [(c, *case) for c, cases in WRONG.items() for case in cases]
)
def test_a_wrong_answer_gets_its_own_hint(checked, answer, hint):
    verdict = checked(answer)
    assert not verdict
    assert hint in repr(verdict)


@pytest.mark.parametrize(
    ("checked", "answer"), [(c, answer) for c, answers in RIGHT.items() for answer in answers]
)
def test_a_right_answer_is_accepted_however_it_is_written(checked, answer):
    assert checked(answer)


@pytest.mark.parametrize("checked", WRONG)
def test_an_open_exercise_is_open(checked):
    assert repr(checked(...)).startswith("… not yet")
    assert repr(checked(lambda *arguments: ...)).startswith("… not yet")
