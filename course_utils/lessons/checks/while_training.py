"""Checks for notebook 08: the cubic schedule in stairs, and a learning rate for retraining."""

import math
from collections.abc import Callable, Iterator

from course_utils import schedules
from course_utils.lessons.checks.verdict import call, compare, exercise, hints, number


@exercise("Right: fast at first, slow at last, in even steps.")
def cubic(function: Callable) -> Iterator[str]:
    """Check a function (step, final, begin, end, every) -> sparsity, Zhu and Gupta's cubic."""
    final, begin, end, every = 0.9, 130, 530, 100  # begin is no multiple of every

    def come(step: int) -> float:
        return number(call(function, step, final, begin, end, every))

    def cube(t: float) -> float:
        return final * (1 - (1 - t) ** 3)

    inside, right, t = come(230), cube(0.25), 0.25
    yield from compare(
        inside, right, f"a quarter of the way {inside:.4f} came, {right:.4f} was expected.",
        ("this is the density, the share that is left. Return the sparsity.", 1 - right),
        ("it falls from `final` to 0. Sparsity rises: final minus what is still missing.",
         final - right),
        ("it starts slowly and ends fast. The cube is of the part of the way *left*, 1 - t.",
         final * t**3),
        ("this is a straight line. Raise the part of the way that is left to the power 3.",
         final * t),
        ("the way starts at `begin`, not at step 0: its length is end - begin.",
         cube(230 / 530), cube(200 / 530), cube(200 / 400)),
        ("the stairs begin at `begin`: round the steps since `begin`, not the step itself.",
         cube(70 / 400)),
        ("give a share between 0 and 1, not a percentage.", 100 * right),
    )  # fmt: skip
    if come(40) != 0:
        yield "before `begin` nothing is pruned: the sparsity there is 0."
    if not math.isclose(come(530), final) or not math.isclose(come(930), final):
        yield "from `end` on the sparsity is `final`, and stays there."
    yield from hints(
        come(329),
        ("it moves at every step. Round the steps since `begin` down to a multiple of `every`.",
         cube(199 / 400)),
        ("it moves too early: round the steps since `begin` *down* (// in Python).", cube(0.5)),
    )  # fmt: skip
    stairs = schedules.polynomial(final, begin, end, every=every)
    for step in (130, 229, 230, 329, 330, 529):
        got, right = come(step), stairs(step)
        if not math.isclose(got, right, abs_tol=1e-12):
            yield f"at step {step}, {got:.4f} came and {right:.4f} was expected."


@exercise("Right: a mean rate that did well in the table. See below what it brings.")
def rate(function: Callable) -> Iterator[str]:
    """Check a function (step, steps) -> learning rate that can bring a network back in 2 epochs."""
    for steps in (314, 48):
        rates = [number(call(function, step, steps)) for step in range(steps)]
        mean = sum(rates) / steps
        if min(rates) < 0:
            yield "a rate below 0 climbs the loss: all rates are positive."
        if max(rates) > 0.03:
            yield (
                f"at {max(rates):g} Adam moves every weight by about that much a step, and most "
                "weights are smaller. Stay below 0.03."
            )
        if mean == 0:
            yield "with a rate of 0 throughout, nothing is trained."
        if mean < 8e-4:
            yield (
                f"the mean rate is {mean:.1e}. In the figure, that is on the slope: with two "
                "epochs, 1e-3 or more does better."
            )
