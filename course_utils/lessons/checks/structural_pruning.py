"""Checks for notebook 11: rows behind Flatten, work left, which filters stay, new statistics."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from course_utils.lessons.checks.verdict import as_array, as_mask, call, compare, exercise, number


@exercise("Right: one row at each place, and as far apart as there are filters.")
def rows_of(function: Callable) -> Iterator[str]:
    """Check (filter, places, filters) -> the rows behind Flatten that belong to a filter."""
    for one, places, filters in ((3, 4, 5), (7, 169, 32), (0, 9, 6)):
        answer = call(function, one, places, filters)
        rows = np.asarray(sorted(answer) if isinstance(answer, set) else answer).ravel()
        if rows.dtype == bool:
            yield "give the numbers of the rows, not a mask: np.flatnonzero turns one over"
        if rows.dtype.kind not in "iu":
            yield f"rows are whole numbers; yours are {rows.dtype}"
        got, right = np.sort(rows), one + filters * np.arange(places)
        otherwise = (
            f"for filter {one} of {filters} and {places} places, the first rows should be "
            f"{right[:3].tolist()}; {got[:3].tolist()} came."
        )
        if len(got) != places:
            otherwise = (
                f"{len(got)} rows came, but the filter has {places} places, and one row at each."
            )
        yield from compare(
            got, right, otherwise,
            ("a filter's rows do not lie side by side. Flatten goes place by place, and at each "
             "place through all filters.", one * places + np.arange(places)),
            ("the next row of a filter comes after all *filters*, not after all places.",
             one + places * np.arange(places)),
            ("this is the row at the first place only. The filter has one at every place.", [one]),
            ("these are the rows of one place. One filter, at all places, was asked.",
             one * filters + np.arange(filters)),
            ("these are the rows that stay. Those that go were asked.",
             np.setdiff1d(np.arange(places * filters), right)),
            ("the filters are counted from 0: yours are the rows of the one beside it.",
             right + 1, right - 1),
        )  # fmt: skip


@exercise("Right: a layer in the middle loses on both sides, so it squares.")
def work_left(function: Callable) -> Iterator[str]:
    """Check (macs, share) -> MACs left when each layer but the last loses a share of channels."""
    for macs, share in (([300, 2000, 500, 20], 0.3), ([7, 5], 0.25), ([100, 1000, 40], 0.5)):
        got, left = number(call(function, macs, share)), 1 - share
        powers = [1] + [2] * (len(macs) - 2) + [1]
        right = _total(macs, left, powers)
        if math.isclose(got, right, rel_tol=1e-6, abs_tol=1):  # a whole number will do
            continue
        yield from compare(
            got, right, f"for {macs} and {share}, {got:g} came and {right:g} was expected.",
            ("this is the work that goes. What is left was asked.", sum(macs) - right),
            ("this is a share. Return MACs, in the unit of those that came in.", right / sum(macs)),
            ("take 1 - share: `share` is what goes.", _total(macs, share, powers)),
            ("a layer in the middle loses twice: its own channels, and those it reads.",
             _total(macs, left, [1] * len(macs))),
            ("the first layer reads the image, and the last one makes the classes: these stay. "
             "Each loses on one side only.", _total(macs, left, [2] * len(macs))),
            ("the first layer reads the image, which loses nothing: only its outputs go.",
             _total(macs, left, [2] * (len(macs) - 1) + [1])),
            ("the last layer makes the classes, which stay: only what it reads goes.",
             _total(macs, left, [1] + [2] * (len(macs) - 1))),
            ("the last layer reads fewer channels, too.", _total(macs, left, [*powers[:-1], 0])),
        )  # fmt: skip


def _total(macs: list[int], left: float, powers: list[int]) -> float:
    return sum(count * left**power for count, power in zip(macs, powers, strict=True))


@exercise("Right: exactly that many go, and never all of them.")
def stays(function: Callable) -> Iterator[str]:
    """Check (norms, share) -> mask, True where a filter stays: an exact count, at least one."""
    rng = np.random.default_rng(9)
    distinct, tied = rng.permutation(np.arange(1.0, 21)), np.array([2.0, 1, 1, 1, 3, 1, 1, 5, 1, 1])
    for norms, share in ((distinct, 0.3), (distinct, 0.16), (distinct, 0.33), (tied, 0.4)):
        mask = as_mask(call(function, norms, share), norms.shape, "filter")
        count, gone = round(share * len(norms)), int((~mask).sum())
        if gone == len(norms) - count:
            yield "True means that a filter stays: yours is the wrong way round."
        if gone != count and len(set(norms)) < len(norms):
            yield (
                f"of {norms.astype(int).tolist()} {count} should go, and {gone} do. A threshold "
                "cannot split equal norms: rank them."
            )
        if gone != count and abs(gone - count) == 1:
            yield (
                f"{share:.0%} of {len(norms)} is nearest to {count}, and {gone} go: round. (A "
                "quantile or another threshold does not count exactly: rank the norms.)"
            )
        if gone != count:
            yield (
                f"{gone} of {len(norms)} go, and {count} should: the share is of the *number* of "
                "filters, not of the largest norm or of their sum."
            )
        if np.array_equal(mask, np.argsort(norms) >= count):
            yield "argsort lists positions, smallest norm first. These are not the filters' ranks."
        if norms[~mask].min() >= norms[mask].max():
            yield "the largest norms went: those with the smallest go."
        if norms[~mask].max() > norms[mask].min():
            yield "one that goes has a larger norm than one that stays."
    yield from _at_the_ends(function, distinct)


def _at_the_ends(function: Callable, distinct: np.ndarray) -> Iterator[str]:
    masks = (as_mask(call(function, distinct, share), (20,), "filter") for share in (1.0, 0.0))
    mask, none = masks
    left = int(mask.sum())
    if left == 0:
        yield "asked for all, nothing is left, and no layer can have 0 filters: keep one at least."
    if left != 1:
        yield "asked for all, all but one should go."
    if not mask[distinct.argmax()]:
        yield "asked for all, one filter stays, and it should be the one with the largest norm."
    if not none.all():
        yield "asked for nothing, all should stay."


@exercise("Right: one mean and one variance a channel, over all images and places.")
def statistics(function: Callable) -> Iterator[str]:
    """Check maps (images, height, width, channels) -> (mean, variance) of each channel."""
    rng = np.random.default_rng(13)
    for shape in ((5, 3, 4, 6), (2, 5, 5, 3)):
        centres = rng.normal(0, 2, (shape[0], 1, 1, shape[3]))  # images differ in brightness
        maps = centres + rng.normal(1, 0.5, shape)
        answer = call(function, maps)
        if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != 2:
            yield "return two things: the means and the variances of the channels."
        own = "Each channel has statistics of its own."
        found = np.shape(np.squeeze(answer[0]))
        yield from compare(
            found, shape[3:], f"the means have shape {found}; {shape[3:]} was expected.",
            (f"this goes over the channels. {own}", shape[:-1]),
            (f"this is one number an image. {own}", shape[:1]),
            ("places count as well: one number a channel, over images, heights and widths.",
             shape[1:]),
            ("these are the statistics of each image: go over the images, too.", shape[::3]),
            (f"this is one number for everything. {own}", ()),
        )  # fmt: skip
        mean, variance = (np.ravel(as_array(np.squeeze(a), shape[3:])) for a in answer)
        axes, count = (0, 1, 2), maps[..., 0].size
        yield from compare(
            mean, maps.mean(axes), "the means are not those over all images and places.",
            ("this is the median: batch normalization takes the mean.", np.median(maps, axes)),
            ("these are the variances; the mean comes first.", maps.var(axes)),
            ("this is the sum: divide by the number of images and places.", maps.sum(axes)),
        )  # fmt: skip
        yield from compare(
            variance, maps.var(axes), "the variances are not those over all images and places.",
            ("this is the standard deviation. The layer keeps its square.", maps.std(axes)),
            ("this divides by n - 1; batch normalization divides by n.",
             maps.var(axes) * count / (count - 1)),
            ("this is the mean square: take the mean off first.", (maps**2).mean(axes)),
            ("images differ from each other, too: take one variance over all of them, not the mean "
             "of each image's own.", maps.var(axis=(1, 2)).mean(0)),
            ("places differ, too: take one variance over images and places.",
             maps.var(axis=0).mean((0, 1))),
        )  # fmt: skip
