"""Checks for notebook 15: errors class by class, exemplars, the expected calibration error."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons import forgetting
from course_utils.lessons.checks.verdict import Mistake, Verdict, as_array, call, judge, number


def errors_by_class(function: Callable) -> Verdict:
    """Check (predicted, labels) -> the share of wrong answers for each of the ten digits."""
    return judge(
        function, _class_findings, "Right: each digit's wrong answers over that digit's images."
    )


def lost_images(function: Callable) -> Verdict:
    """Check (dense, pruned) -> which images are exemplars; both (networks, images) of labels."""
    return judge(
        function, _exemplar_findings, "Right: two majorities that differ, whatever the truth is."
    )


def calibration_error(function: Callable) -> Verdict:
    """Check (confidence, right, bins) -> the expected calibration error."""
    return judge(
        function, _ece_findings, "Right: the gap of each bin, weighted by its share of the answers."
    )


def _class_findings(function: Callable) -> Iterator[str]:
    rng = np.random.default_rng(15)
    for n in (300, 1000):
        labels = rng.choice(10, n, p=np.arange(1, 11) / 55)  # classes of unequal size
        predicted = np.where(rng.random(n) < 0.3, rng.integers(0, 10, n), labels)
        got = as_array(call(function, predicted, labels), (10,)).astype(float)
        yield from _class_hints(got, predicted, labels)


def _class_hints(got: np.ndarray, predicted: np.ndarray, labels: np.ndarray) -> Iterator[str]:
    right = forgetting.class_errors(predicted, labels)
    size, wrong = np.bincount(labels, minlength=10), predicted != labels
    by_answer = np.bincount(predicted[wrong], minlength=10)
    counts = np.bincount(labels[wrong], minlength=10)
    for hint, other in (
        ("these are the shares of right answers. The errors were asked.", 1 - right),
        ("these are counts. Divide each by the number of images of that digit.", counts),
        ("this divides by all images: then a rare digit looks good. Divide by its own images.",
         counts / len(labels)),
        ("this divides by all errors: it says what the errors consist of, not how often a digit "
         "is wrong.", counts / counts.sum()),
        ("the digit is the true one, `labels`; yours sorts by what the network answered.",
         by_answer / np.bincount(predicted, minlength=10)),
        ("the digit is the true one, `labels`; yours counts what wrong answers said.",
         by_answer / size),
        ("these are percent. A share from 0 to 1 was asked.", 100 * right),
        ("this is the error of all images, ten times. Look at each digit by itself.",
         np.full(10, wrong.mean())),
    ):  # fmt: skip
        if np.allclose(got, other):
            yield hint
    if not np.allclose(got, right):
        digit = int(np.argmax(~np.isclose(got, right)))
        yield (
            f"of {size[digit]} images of a {digit}, {counts[digit]} are wrong; yours says "
            f"{got[digit]:.3f}."
        )


def _exemplar_findings(function: Callable) -> Iterator[str]:
    rng = np.random.default_rng(51)
    for networks, others in ((5, 5), (3, 7)):
        truth = rng.integers(0, 10, 400)
        doubt = rng.random(400) * 0.7
        dense, pruned = (
            np.where(rng.random((n, 400)) < doubt, rng.integers(0, 10, (n, 400)), truth)
            for n in (networks, others)
        )
        # On a tie, several answers are right: leave such images out.
        clear = _clear(dense) & _clear(pruned)
        dense, pruned = dense[:, clear], pruned[:, clear]
        got = _as_mask(call(function, dense, pruned), dense.shape[1])
        yield from _exemplar_hints(got, dense, pruned)


def _exemplar_hints(got: np.ndarray, dense: np.ndarray, pruned: np.ndarray) -> Iterator[str]:
    right = forgetting.exemplars(dense, pruned)
    for hint, other in (
        ("this is the wrong way round: True means that the majorities differ.", ~right),
        ("this compares the first network of each group. One network is one draw: take the "
         "majority of the group.", dense[0] != pruned[0]),
        ("a mean of labels is no label: between 3 and 5 it is 4. Take the label given most often.",
         dense.mean(axis=0) != pruned.mean(axis=0)),
        ("a mean of labels is no label: between 3 and 5 it is 4. Take the label given most often.",
         np.round(dense.mean(axis=0)) != np.round(pruned.mean(axis=0))),
        ("a median takes labels for sizes, and they are names. Take the label given most often.",
         np.median(dense, axis=0) != np.median(pruned, axis=0)),
        ("here a single network that differs makes an exemplar. The majorities must differ.",
         (np.concatenate([dense, pruned]) != dense[0]).any(axis=0)),
        ("here only images count on which the groups share no answer. It is enough that the "
         "majorities differ.", ~np.array([
             np.isin(a, b).any() for a, b in zip(dense.T, pruned.T, strict=True)])),
    ):  # fmt: skip
        if np.array_equal(got, other) and not np.array_equal(got, right):
            yield hint
    if not np.array_equal(got, right):
        yield (
            f"{int(right.sum())} of {len(right)} images are exemplars here; yours finds "
            f"{int(got.sum())}, and {int((got != right).sum())} images are judged otherwise."
        )


def _ece_findings(function: Callable) -> Iterator[str]:
    rng = np.random.default_rng(150)
    for n, bins, low in ((500, 10, 0.1), (200, 5, 0.1), (60, 15, 0.7)):
        confidence = rng.uniform(low, 1, n)
        right = rng.random(n) < confidence**2
        got = number(call(function, confidence, right, bins))
        yield from _ece_hints(got, *_parts(confidence, right, bins))


def _parts(c: np.ndarray, right: np.ndarray, bins: int) -> tuple[np.ndarray, ...]:
    """Return the shares and the gaps of the bins that hold answers, and all answers one by one."""
    place = np.ceil(c * bins).astype(int)
    inside = [place == b for b in np.unique(place)]
    gaps = np.array([right[i].mean() - c[i].mean() for i in inside])
    return np.array([i.mean() for i in inside]), gaps, np.abs(right - c), np.array([bins, len(c)])


def _ece_hints(
    got: float, share: np.ndarray, gaps: np.ndarray, single: np.ndarray, sizes: np.ndarray
) -> Iterator[str]:
    if math.isnan(got):
        yield "the result is NaN: a bin without answers has no mean. Leave it out."
    expected = float(share @ np.abs(gaps))
    for hint, wrong in (
        ("every bin counts the same here. Weight each by its share of the answers.",
         np.abs(gaps).mean()),
        ("every bin counts the same here. Weight each by its share of the answers.",
         np.abs(gaps).sum() / sizes[0]),
        ("the gaps are summed, not weighted: each counts by its share of the answers.",
         np.abs(gaps).sum()),
        ("weight each gap by the *share* of answers in its bin, not by their number.",
         expected * sizes[1]),
        ("too sure in one bin and not sure enough in another cancel out here. Take the size of "
         "each gap before you add.", abs(share @ gaps)),
        ("too sure in one bin and not sure enough in another cancel out here. Take the size of "
         "each gap before you add.", share @ gaps),
        ("too sure in one bin and not sure enough in another cancel out here. Take the size of "
         "each gap before you add.", -(share @ gaps)),
        ("a single answer is right or wrong, never 80 % right. First take the means of each bin, "
         "then their gap.", single.mean()),
        ("this is the largest gap, the *maximum* calibration error. The mean was asked.",
         np.abs(gaps).max()),
        ("the gaps are squared here. Their sizes were asked.", share @ gaps**2),
        ("this is percent. A share from 0 to 1 was asked.", 100 * expected),
    ):  # fmt: skip
        if math.isclose(got, wrong) and not math.isclose(got, expected):
            yield hint
    if not math.isclose(got, expected, rel_tol=1e-6):
        bins, n = sizes
        yield f"with {bins} bins and {n} answers {got:.4f} came; {expected:.4f} was expected."


def _clear(predicted: np.ndarray) -> np.ndarray:
    votes = np.sort([(predicted == c).sum(axis=0) for c in range(10)], axis=0)
    return votes[-1] > votes[-2]


def _as_mask(answer: object, length: int) -> np.ndarray:
    array = np.asarray(answer)
    if array.dtype.kind in "iu" and array.shape != (length,):
        raise Mistake("True or False for each image was expected, not the numbers of some images")
    array = as_array(answer, (length,))
    if not np.isin(array, (0, 1)).all():
        raise Mistake("True or False for each image was expected: do the majorities differ?")
    return array.astype(bool)
