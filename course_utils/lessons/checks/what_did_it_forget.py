"""Checks for notebook 19: errors class by class, exemplars, the expected calibration error."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons import forgetting
from course_utils.lessons.checks.verdict import as_array, as_mask, call, compare, exercise, number


@exercise("Right: each digit's wrong answers over that digit's images.")
def errors_by_class(function: Callable) -> Iterator[str]:
    """Check (predicted, labels) -> the share of wrong answers for each of the ten digits."""
    rng = np.random.default_rng(15)
    for n in (300, 1000):
        labels = rng.choice(10, n, p=np.arange(1, 11) / 55)  # classes of unequal size
        predicted = np.where(rng.random(n) < 0.3, rng.integers(0, 10, n), labels)
        got = as_array(call(function, predicted, labels), (10,)).astype(float)
        right = forgetting.class_errors(predicted, labels)
        size, wrong = np.bincount(labels, minlength=10), predicted != labels
        by_answer = np.bincount(predicted[wrong], minlength=10)
        counts = np.bincount(labels[wrong], minlength=10)
        digit = int(np.argmax(~np.isclose(got, right)))
        yield from compare(
            got, right, f"of {size[digit]} images of a {digit}, {counts[digit]} are wrong; yours "
            f"says {got[digit]:.3f}.",
            ("these are the shares of right answers. The errors were asked.", 1 - right),
            ("these are counts. Divide each by the number of images of that digit.", counts),
            ("this divides by all images: then a rare digit looks good. Divide by its own images.",
             counts / len(labels)),
            ("this divides by all errors: it says what the errors consist of, not how often a "
             "digit is wrong.", counts / counts.sum()),
            ("the digit is the true one, `labels`; yours sorts by what the network answered.",
             by_answer / np.bincount(predicted, minlength=10)),
            ("the digit is the true one, `labels`; yours counts what wrong answers said.",
             by_answer / size),
            ("these are percent. A share from 0 to 1 was asked.", 100 * right),
            ("this is the error of all images, ten times. Look at each digit by itself.",
             np.full(10, wrong.mean())),
        )  # fmt: skip


@exercise("Right: two majorities that differ, whatever the truth is.")
def lost_images(function: Callable) -> Iterator[str]:
    """Check (dense, pruned) -> which images are exemplars; both (networks, images) of labels."""
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
        got = as_mask(call(function, dense, pruned), dense.shape[1:], "image")
        right = forgetting.exemplars(dense, pruned)
        means = dense.mean(axis=0), pruned.mean(axis=0)
        most = "Take the label given most often."
        yield from compare(
            got, right, f"{int(right.sum())} of {len(right)} images are exemplars here; yours "
            f"finds {int(got.sum())}, and {int((got != right).sum())} images are judged otherwise.",
            ("this is the wrong way round: True means that the majorities differ.", ~right),
            ("this compares the first network of each group. One network is one draw: take the "
             "majority of the group.", dense[0] != pruned[0]),
            (f"a mean of labels is no label: between 3 and 5 it is 4. {most}",
             np.not_equal(*means), np.not_equal(*np.round(means))),
            (f"a median takes labels for sizes, and they are names. {most}",
             np.median(dense, axis=0) != np.median(pruned, axis=0)),
            ("here a single network that differs makes an exemplar. The majorities must differ.",
             (np.concatenate([dense, pruned]) != dense[0]).any(axis=0)),
            ("here only images count on which the groups share no answer. It is enough that the "
             "majorities differ.", ~np.array([
                 np.isin(a, b).any() for a, b in zip(dense.T, pruned.T, strict=True)])),
        )  # fmt: skip


@exercise("Right: the gap of each bin, weighted by its share of the answers.")
def calibration_error(function: Callable) -> Iterator[str]:
    """Check (confidence, right, bins) -> the expected calibration error."""
    rng = np.random.default_rng(150)
    for n, bins, low in ((500, 10, 0.1), (200, 5, 0.1), (60, 15, 0.7)):
        c = rng.uniform(low, 1, n)  # how confident
        right = rng.random(n) < c**2
        got = number(call(function, c, right, bins))
        if math.isnan(got):
            yield "the result is NaN: a bin without answers has no mean. Leave it out."
        place = np.ceil(c * bins).astype(int)
        inside = [place == b for b in np.unique(place)]  # the bins that hold answers
        share = np.array([i.mean() for i in inside])
        gaps = np.array([right[i].mean() - c[i].mean() for i in inside])
        expected, size = float(share @ np.abs(gaps)), np.abs(gaps)
        yield from compare(
            got, expected,
            f"with {bins} bins and {n} answers {got:.4f} came; {expected:.4f} was expected.",
            ("every bin counts the same here. Weight each by its share of the answers.",
             size.mean(), size.sum() / bins),
            ("the gaps are summed, not weighted: each counts by its share of the answers.",
             size.sum()),
            ("weight each gap by the *share* of answers in its bin, not by their number.",
             expected * n),
            ("too sure in one bin and not sure enough in another cancel out here. Take the size of "
             "each gap before you add.", share @ gaps, -(share @ gaps)),
            ("a single answer is right or wrong, never 80 % right. First take the means of each "
             "bin, then their gap.", np.abs(right - c).mean()),
            ("this is the largest gap, the *maximum* calibration error. The mean was asked.",
             size.max()),
            ("the gaps are squared here. Their sizes were asked.", share @ gaps**2),
            ("this is percent. A share from 0 to 1 was asked.", 100 * expected),
        )  # fmt: skip


def _clear(predicted: np.ndarray) -> np.ndarray:
    votes = np.sort([(predicted == c).sum(axis=0) for c in range(10)], axis=0)
    return votes[-1] > votes[-2]
