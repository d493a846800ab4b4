"""Checks for notebook 02: the prune operator, exact counts, and the energy lost."""

from collections.abc import Callable, Iterator

import numpy as np

from course_utils import operators
from course_utils.lessons.checks.verdict import as_mask, call, compare, exercise, hints, number


@exercise("Right: size decides, ties are cut, signs survive.")
def prune(function: Callable) -> Iterator[str]:
    """Check a function (W, theta) -> pruned W against the operator, on random and tied matrices."""
    W = np.random.default_rng(2).normal(size=(5, 7))
    got = np.asarray(call(function, W, 0.5))
    if got.dtype == bool:
        yield "this is the mask. The operator returns weights: multiply W by the mask."
    if got.shape != W.shape:
        yield f"the shape became {got.shape}. Pruning sets entries to 0; it does not take them out."
    size, share = np.abs(W), W / np.linalg.norm(W)
    yield from hints(
        got,
        ("every negative weight is gone. Large and negative is large: compare |W|, not W.",
         np.where(W > 0.5, W, 0)),
        ("the large weights went and the small ones stayed. Keep where |W| is above θ.",
         np.where(size < 0.5, W, 0)),
        ("the signs are lost. Take |W| for the comparison only, and multiply W itself.",
         np.where(size > 0.5, size, 0)),
        ("these are the 0s and 1s of the mask. Multiply W by them.", (size > 0.5).astype(float)),
        ("the weights that stay have shrunk by θ. That is called soft thresholding; "
         "pruning leaves them as they are.", np.sign(W) * np.maximum(size - 0.5, 0)),
    )  # fmt: skip
    # What else than |W| was compared with θ? At 0.3 the answers differ.
    yield from hints(
        call(function, W, 0.3),
        ("you compared W² with θ. Compare the size, |W|.", np.where(size**2 > 0.3, W, 0)),
        ("you took θ for a share. It is a size: compare |W| with θ itself.",
         np.where(size > np.quantile(size, 0.3), W, 0)),
        ("you compared f(W) = W / ‖W‖ with θ. The operator compares |W| itself.",
         *(np.where(np.abs(share) > 0.3, kept, 0) for kept in (W, share))),
    )  # fmt: skip
    if np.isnan(np.asarray(got, float)).any():
        yield "there are NaNs in the result. A cut entry is 0."
    for r, c in np.argwhere(got != operators.prune(W, 0.5))[:1]:
        yield (
            f"with θ = 0.5, {W[r, c]:.2f} at row {r}, column {c} of a matrix of {W.shape} became "
            f"{got[r, c]:.2f}. Kept entries stay exactly as they are, cut ones are 0: W * mask."
        )
    ties = np.array([[0.5, -0.5, 1.0], [-1.0, 0.25, 0.0]])
    got = call(function, ties, 0.5)
    if np.any(np.ravel(got)[:2]):
        yield "an entry of size exactly θ stayed. The inequality is strict: > and not >=."
    if not np.array_equal(call(function, ties, 0.0), ties):
        yield "θ = 0 should change nothing."
    if not np.array_equal(got, operators.prune(ties, 0.5)):
        yield "it goes wrong on a small matrix with ties; try [[0.5, -0.5, 1.0]] and θ = 0.5."


@exercise("Right: exactly round(s · n) entries go, ties or not.")
def keep_largest(function: Callable) -> Iterator[str]:
    """Check a function (W, sparsity) -> mask that prunes exactly round(sparsity · n) entries."""
    rng = np.random.default_rng(3)
    for W, what in (
        (rng.normal(size=(4, 5)), "distinct sizes"),
        (rng.integers(-2, 3, size=(4, 5)).astype(float), "many ties"),
        (np.ones((2, 5)), "all sizes equal"),
    ):
        for s in (0.3, 0.58, 0.47, 0.0, 1.0):
            yield from _mask_findings(call(function, W, s), W, s, what)


def _mask_findings(answer: object, W: np.ndarray, s: float, what: str) -> Iterator[str]:
    mask, asked = as_mask(answer, W.shape), round(s * W.size)
    gone = int((~mask).sum())
    if s == 0 and gone:
        yield "at sparsity 0 nothing should go. A > cuts what equals the threshold: rank instead."
    if s == 1 and not gone:
        yield "at sparsity 1 everything goes. Beware of slices: the last 0 entries, [-0:], are all."
    if gone == W.size - asked != asked:
        yield f"{gone} entries went and {asked} should go: True must mean *kept*."
    if gone != asked:
        counted = "Take round(sparsity * W.size), and mind that ranks count from 0."
        ranked = "Rank the entries; a threshold cannot split ties."
        reason = counted if what == "distinct sizes" else ranked
        yield f"with {what}, {gone} of {W.size} entries go; {asked} should. {reason}"
    kept, cut = np.abs(W)[mask], np.abs(W)[~mask]
    if kept.size and cut.size and kept.min() < cut.max():
        if np.array_equal(mask.ravel(), np.argsort(np.abs(W), axis=None) >= asked):
            yield "argsort lists *positions*, smallest first; it does not give an entry's rank."
        yield "a larger entry went while a smaller one stayed: sort by |W|, the smallest first."


@exercise("Right: the energy lost is the squared relative error.")
def energy(function: Callable) -> Iterator[str]:
    """Check a function (W, mask) -> share of Σw² that the mask removes."""
    rng = np.random.default_rng(4)
    for shape in ((6, 4), (3, 2, 5)):
        # Any mask, so that the smallest are not always those that go.
        W, mask = rng.normal(size=shape), rng.random(shape) < 0.6
        got, lost = number(call(function, W, mask)), operators.energy_lost(W, W * mask)
        yield from compare(
            got, lost,
            f"for a random W and a random mask the answer is {lost:.4f}, but yours is {got:.4f}.",
            ("this is the energy kept. What is lost is 1 minus that.", 1 - lost),
            ("this is the relative error, ‖W - W'‖ / ‖W‖. Energy is its square.", np.sqrt(lost)),
            ("this is the sum of the removed squares. Divide by the sum of all squares.",
             lost * (W**2).sum()),
            ("this is the share of Σ|w|. Energy is the share of Σw²: square the entries.",
             np.abs(W[~mask]).sum() / np.abs(W).sum()),
            ("this is the sparsity, a share of *entries*. Energy weighs each by its square.",
             np.mean(~mask)),
            ("these are means. Divide the *sum* of the removed squares by the sum of all.",
             np.mean(W[~mask] ** 2) / np.mean(W**2)),
            ("you squared after summing. Square each entry first, then sum.",
             (W[~mask].sum() / W.sum()) ** 2),
            ("this is a percentage. Give the share itself, between 0 and 1.", 100 * lost),
            ("you divided by the energy that is kept. Divide by the sum of all squares.",
             lost / (1 - lost)),
            ("this is more than the whole. To choose what is cut, index with ~mask; 1 - mask and "
             "-mask are taken for places.", got if got > 1 else np.nan),
        )  # fmt: skip
