"""Notebook 02's checks: right answers in many forms, typical mistakes, each with its hint."""

import numpy as np
import pytest

from course_utils.lessons.checks import prune_operator as checks


def accepted(verdict) -> bool:
    return repr(verdict).startswith("✓")


# ---------------------------------------------------------------------------------------- prune


def by_loop(W, theta):
    out = np.zeros_like(W)
    for place, w in np.ndenumerate(W):
        if abs(w) > theta:
            out[place] = w
    return out


def in_place(W, theta):
    W[np.abs(W) <= theta] = 0
    return W


RIGHT_PRUNE = {
    "times the mask": lambda W, theta: W * (np.abs(W) > theta),
    "where": lambda W, theta: np.where(np.abs(W) > theta, W, 0),
    "two comparisons": lambda W, theta: W * ((theta < W) | (-theta > W)),
    "loop": by_loop,
    "a copy, changed": lambda W, theta: in_place(W.copy(), theta),
    "lists": lambda W, theta: by_loop(W, theta).tolist(),
    "what is small, taken away": lambda W, theta: W - W * (np.abs(W) <= theta),
    "clipped": lambda W, theta: np.where(np.clip(W, -theta, theta) == W, 0, W),
}

WRONG_PRUNE = {
    "without the absolute value": (lambda W, t: W * (t < W), "compare |W|, not W"),
    "at least": (lambda W, t: W * (np.abs(W) >= t), "> and not >="),
    "in place": (in_place, "changed the array"),
    "the other way round": (lambda W, t: W * (np.abs(W) < t), "small ones stayed"),
    "the mask": (lambda W, t: np.abs(W) > t, "this is the mask"),
    "the mask as numbers": (lambda W, t: 1.0 * (np.abs(W) > t), "0s and 1s of the mask"),
    "sizes": (lambda W, t: np.abs(W) * (np.abs(W) > t), "signs are lost"),
    "taken out": (lambda W, t: W[np.abs(W) > t], "does not take them out"),
    "normalized too": (lambda W, t: W / 2 * (np.abs(W) > t), "exactly as they are"),
    "a fixed theta": (lambda W, t: W * (np.abs(W) > 0.5), "θ = 0 should change nothing"),
    "everything": (lambda W, t: W, "W * mask"),
    "nothing": (lambda W, t: 0 * W, "W * mask"),
    "a number": (lambda W, t: 0.0, "shape"),
    "soft": (lambda W, t: np.sign(W) * np.maximum(np.abs(W) - t, 0), "soft thresholding"),
    "shares": (lambda W, t: W * (np.abs(W) / np.linalg.norm(W) > t), "you compared f(W)"),
    "shares of 1": (lambda W, t: by_loop(W / np.linalg.norm(W), t), "you compared f(W)"),
    "squares": (lambda W, t: W * (W**2 > t), "you compared W²"),
    "a quantile": (lambda W, t: W * (np.abs(W) > np.quantile(np.abs(W), t)), "θ for a share"),
    "NaN": (lambda W, t: np.where(np.abs(W) > t, W, np.nan), "A cut entry is 0"),
    "rounded": (lambda W, t: np.round(by_loop(W, t), 1), "exactly as they are"),
    "one side": (lambda W, t: W * (-t > W), "W * mask"),
}


@pytest.mark.parametrize("function", RIGHT_PRUNE.values(), ids=RIGHT_PRUNE)
def test_right_ways_to_prune_are_accepted(function):
    assert accepted(checks.prune(function))


@pytest.mark.parametrize(("function", "hint"), WRONG_PRUNE.values(), ids=WRONG_PRUNE)
def test_mistakes_in_prune_get_their_own_hint(function, hint):
    verdict = checks.prune(function)
    assert repr(verdict).startswith("✗")
    assert hint in repr(verdict)


# ----------------------------------------------------------------------------------- keep_largest


def keep(W, sparsity, *, by=np.abs, count=round, last=False):
    """Rank with a stable sort; the options make the mistakes below."""
    order = np.argsort(by(W), axis=None, kind="stable")
    pruned = count(sparsity * W.size)
    mask = np.ones(W.size, bool)
    mask[order[W.size - pruned :] if last else order[:pruned]] = False
    return mask.reshape(W.shape)


def by_threshold(W, sparsity):
    return np.abs(W) > np.quantile(np.abs(W), sparsity)


def ties_from_the_back(W, sparsity):
    return keep(W[::-1, ::-1], sparsity)[::-1, ::-1]


RIGHT_KEEP = {
    "a stable sort": keep,
    "other ties": ties_from_the_back,
    "as numbers": lambda W, s: keep(W, s).astype(int),
    "as a list": lambda W, s: keep(W, s).tolist(),
    "ranks": lambda W, s: (
        np.argsort(np.argsort(np.abs(W), axis=None)).reshape(W.shape) >= round(s * W.size)
    ),
    "the largest first": lambda W, s: np.isin(
        np.arange(W.size), np.argsort(-np.abs(W), axis=None)[: W.size - round(s * W.size)]
    ).reshape(W.shape),
}

WRONG_KEEP = {
    "a threshold": (by_threshold, "should"),
    "by sign": (lambda W, s: keep(W, s, by=lambda W: W), "sort by |W|"),
    "the largest go": (lambda W, s: keep(W, s, last=True), "sort by |W|"),
    "True is pruned": (lambda W, s: ~keep(W, s), "True must mean *kept*"),
    "weights": (lambda W, s: W * keep(W, s), "True and False only"),
    "flat": (lambda W, s: keep(W, s).ravel(), "shape"),
    "a fixed share": (lambda W, s: keep(W, 0.5), "entries go"),
    "positions for ranks": (
        lambda W, s: np.argsort(np.abs(W), axis=None).reshape(W.shape) >= round(s * W.size),
        "argsort lists *positions*",
    ),
    "the positions": (
        lambda W, s: np.argsort(np.abs(W), axis=None)[: round(s * W.size)],
        "these are places",
    ),
    "row by row": (
        lambda W, s: np.argsort(np.argsort(np.abs(W))) >= round(s * W.shape[1]),
        "entries go",
    ),
    "a share of the rows": (lambda W, s: keep(W, s * len(W) / W.size), "entries go"),
    "rounded up": (lambda W, s: keep(W, s, count=lambda n: int(np.ceil(n))), "Take round"),
    "one too few": (lambda W, s: keep(W, s, count=lambda n: max(round(n) - 1, 0)), "entries go"),
    "at random": (
        lambda W, s: np.random.default_rng(0).permutation(keep(W, s).ravel()).reshape(W.shape),
        "sort by |W|",
    ),
}


@pytest.mark.parametrize("function", RIGHT_KEEP.values(), ids=RIGHT_KEEP)
def test_right_ways_to_keep_the_largest_are_accepted_whatever_goes_among_ties(function):
    assert accepted(checks.keep_largest(function))


@pytest.mark.parametrize(("function", "hint"), WRONG_KEEP.values(), ids=WRONG_KEEP)
def test_mistakes_in_keep_largest_get_their_own_hint(function, hint):
    verdict = checks.keep_largest(function)
    assert repr(verdict).startswith("✗")
    assert hint in repr(verdict)


def test_a_threshold_that_is_right_without_ties_is_caught_by_ties():
    """np.partition finds the right threshold for distinct sizes; only ties show the mistake."""

    def cut(W, sparsity):
        size, pruned = np.abs(W), round(sparsity * W.size)
        return size > np.sort(size, axis=None)[pruned - 1] if pruned else np.ones(W.shape, bool)

    assert "a threshold cannot split ties" in repr(checks.keep_largest(cut))


def test_rounding_down_is_not_blamed_on_ties():
    verdict = repr(checks.keep_largest(lambda W, s: keep(W, s, count=int)))
    assert verdict.startswith("✗")
    assert "ties" not in verdict
    assert "round" in verdict


# ------------------------------------------------------------------------------------------ energy

RIGHT_ENERGY = {
    "of what is cut": lambda W, mask: (W[~mask] ** 2).sum() / (W**2).sum(),
    "one minus what stays": lambda W, mask: 1 - ((W * mask) ** 2).sum() / (W**2).sum(),
    "by norms": lambda W, mask: (np.linalg.norm(W - W * mask) / np.linalg.norm(W)) ** 2,
    "by what changed": lambda W, mask: np.sum((W - W * mask) ** 2) / np.sum(W * W),
    "as a Python float": lambda W, mask: float((W[~mask] ** 2).sum() / (W**2).sum()),
}

WRONG_ENERGY = {
    "kept": (lambda W, mask: (W[mask] ** 2).sum() / (W**2).sum(), "energy kept"),
    "the error": (lambda W, m: np.sqrt((W[~m] ** 2).sum() / (W**2).sum()), "relative error"),
    "no share": (lambda W, mask: (W[~mask] ** 2).sum(), "Divide"),
    "over the kept": (lambda W, m: (W[~m] ** 2).sum() / (W[m] ** 2).sum(), "that is kept"),
    "places": (lambda W, m: (W[1 - m] ** 2).sum() / (W**2).sum(), "taken for places"),
    "not squared": (lambda W, m: np.abs(W[~m]).sum() / np.abs(W).sum(), "share of Σ|w|"),
    "sparsity": (lambda W, mask: 1 - mask.mean(), "this is the sparsity"),
    "an array": (lambda W, mask: W**2, "a number was expected"),
    "percent": (lambda W, m: 100 * (W[~m] ** 2).sum() / (W**2).sum(), "a percentage"),
    "means": (lambda W, m: (W[~m] ** 2).mean() / (W**2).mean(), "these are means"),
    "squared last": (lambda W, m: (W[~m].sum() / W.sum()) ** 2, "Square each entry first"),
    "the smallest": (
        lambda W, m: (np.sort(np.abs(W), axis=None)[: (~m).sum()] ** 2).sum() / (W**2).sum(),
        "a random mask",
    ),
    "two axes": (lambda W, m: ((W - W * m) ** 2).sum((0, 1)) / (W**2).sum(), "a number was"),
    "in place": (lambda W, mask: np.square(W, out=W).sum(), "changed the array"),
}


@pytest.mark.parametrize("function", RIGHT_ENERGY.values(), ids=RIGHT_ENERGY)
def test_right_ways_to_compute_the_energy_lost_are_accepted(function):
    assert accepted(checks.energy(function))


@pytest.mark.parametrize(("function", "hint"), WRONG_ENERGY.values(), ids=WRONG_ENERGY)
def test_mistakes_in_energy_get_their_own_hint(function, hint):
    verdict = checks.energy(function)
    assert repr(verdict).startswith("✗")
    assert hint in repr(verdict)


# ----------------------------------------------------------------------------------- all of them

CHECKS = [checks.prune, checks.keep_largest, checks.energy]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("answer", [..., None, lambda *_: ..., lambda *_: None])
def test_an_open_exercise_is_not_yet_solved(check, answer):
    assert repr(check(answer)).startswith("… not yet")


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_answers_the_same_every_time(check):
    answers = {repr(check(lambda *given: given[0])) for _ in range(3)}
    assert len(answers) == 1
