"""Tasks whose answer is a judgement, case by case: what is wrong here, which of two is better?"""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from course_utils import criteria, masking
from course_utils.lessons import recorded
from course_utils.lessons.checks.verdict import Mistake, call
from course_utils.lessons.open_tasks.task import open_task
from course_utils.lessons.open_tasks.tried_out import dense, unseen

ORIGINS = ("trained", "shuffled", "within pixels", "within units")
FAULTS = ("nothing", "one scale", "clipped", "wrapped", "four bits", "zeros lost")
RESULTS = ("quality", "accuracy", "milliseconds")
Case = tuple[tuple, object]  # what a function is given, and what is true


def share_right(function: Callable, cases: Sequence[Case], names: Sequence[object]) -> float:
    """Return in how many of the cases a function is right, in percent."""
    right = []
    for place in np.random.default_rng().permutation(len(cases)):  # or it could count its calls
        given, truth = cases[place]
        said = np.asarray(call(function, *given)).tolist()  # numpy's numbers and words, too
        if said not in names:
            raise Mistake(f"{said!r} came; one of {', '.join(map(repr, names))} was expected.")
        right.append(said == truth)
    return 100 * float(np.mean(right))


def origins(seed: int = 0) -> list[Case]:
    """Return masks of 784 x 300 weights, as ((mask,), where it comes from)."""
    rng, cases = np.random.default_rng(seed), []
    for sparsity in (0.8, 0.9, 0.95):
        mask = masking.make_masks(criteria.magnitude(dense(seed)), sparsity)["fc1/kernel"]
        shuffled = rng.permuted(mask.ravel()).reshape(mask.shape)
        made = (mask, shuffled, rng.permuted(mask, axis=1), rng.permuted(mask, axis=0))
        cases += [((one,), name) for one, name in zip(made, ORIGINS, strict=True)]
    return cases


@open_task("10_lottery_tickets", origins)
def lottery_tickets(function: Callable, seed: int) -> float:
    """Most masks of unseen networks whose origin you name from the mask alone."""
    return share_right(function, [case for one in unseen(seed) for case in origins(one)], ORIGINS)


def stored(seed: int = 0) -> list[Case]:
    """Return kernels as ((stored,), what went wrong when they were stored in eight bits)."""
    rng, cases = np.random.default_rng(seed), []
    for name, W in dense(seed).items():
        W = W * masking.make_masks({name: np.abs(W)}, rng.uniform(0.5, 0.95))[name]
        scale = np.abs(W).max(axis=0) / 127 + 1e-12

        def eight(scale: np.ndarray, zero: float = 0, W: np.ndarray = W) -> np.ndarray:
            return (np.clip(np.round(W / scale + zero), -127, 127) - np.floor(zero)) * scale

        wrapped = (np.round(1.1 * W / scale) + 128) % 256 - 128
        after = (
            eight(scale), eight(np.full_like(scale, scale.max())),
            eight(rng.uniform(0.5, 0.95) * scale), wrapped * scale / 1.1, eight(18 * scale),
            eight(scale, 0.6),
        )  # fmt: skip
        cases += [((one,), fault) for one, fault in zip(after, FAULTS, strict=True)]
    return cases


@open_task("15_distillation_and_int8", stored)
def distillation_and_int8(function: Callable, seed: int) -> float:
    """Most kernels of unseen networks for which you name what went wrong in eight bits."""
    return share_right(function, [case for one in unseen(seed) for case in stored(one)], FAULTS)


def pairs(rows: list[dict], worth: Callable[[dict], float], least: float) -> list[Case]:
    """Return pairs of reports as ((one, other), which is clearly worth more), results hidden."""
    found = []
    for pair in combinations(rows, 2):
        a, b = map(worth, pair)
        told = tuple({k: v for k, v in row.items() if k not in RESULTS} for row in pair)
        found += [(told, int(b > a))] if abs(a - b) > least else []
    return found


def speeds(seed: int = 0, half: int = 0) -> list[dict]:
    """Return half of the small CNNs whose times were recorded; the judge takes the other half."""
    rows = recorded.rows("open_tasks_speeds")
    return [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))[half::2]]


@open_task("13_faster", speeds, data="")
def faster(function: Callable, seed: int) -> float:
    """Most pairs of other networks in which you name the faster one from their reports."""
    cases = pairs(speeds(seed, half=1), lambda row: -np.log(row["milliseconds"]), 0.1)
    return share_right(function, cases, (0, 1))


def reports(table: str = "pictures_pruned", seed: int = 0) -> list[dict]:
    """Return what was pruned how with one seed, and how good it still was."""
    return [row for row in recorded.rows(table) if row["seed"] == seed and row["what"] != "none"]


@open_task("17_beyond_digits", reports, data="")
def beyond_digits(function: Callable, seed: int) -> float:
    """Most pairs of pruned networks for sounds and words in which you name the better one."""
    rows = [row for row in reports("sounds_and_words_pruned", seed) if row["network"] != "counts"]
    found = pairs(rows, lambda row: row["accuracy"], 0.02)
    cases = [((a, b), better) for (a, b), better in found if a["network"] == b["network"]]
    return share_right(function, cases, (0, 1))
