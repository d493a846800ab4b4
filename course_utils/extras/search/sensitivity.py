"""How much is lost when one layer alone is pruned, to several levels? The trials of a scan."""

from collections.abc import Callable, Iterable, Sequence

from course_utils import criteria
from course_utils.arrays import Arrays, checked_dict, checked_number
from course_utils.backend import keras
from course_utils.extras.search.scanning import Scan, scan
from course_utils.masking import make_masks
from course_utils.pruning.kernels import kernels, layouts, named_weights, weights
from course_utils.pruning.selectors import Selectors
from course_utils.structure.channels import Channels, as_channels
from course_utils.structure.choosing import choose
from course_utils.structure.scoring import filter_norms
from course_utils.structure.zeroing import weight_masks


def sensitivity(
    model: keras.Model,
    x: object,
    y: object,
    levels: Sequence[float],
    criterion: Callable[[Arrays], Arrays] = criteria.magnitude,
    *,
    granularity: str = "weight",
    include: Selectors = None,
    exclude: Selectors = None,
    **options: object,
) -> Scan:
    """Return the accuracy with each kernel alone pruned to each sparsity, by kernel and level.

    The scan of Han et al. 2015 (arXiv 1506.02626), figure 6. `criterion` and `granularity` are
    those of `pruning.PruneOnSchedule`, `include` and `exclude` those of `pruning.kernels`;
    `measure` and `batch_size` go to `scan`, which takes datasets, too, and asks the compiled loss
    what a right answer is. Masks are made one at a time. It does not tell what is lost when
    several kernels are pruned together, or won by training afterwards.

    Raises TypeError or ValueError for levels that are no shares, and what `scan` and the criterion
    raise: a regression needs a `measure`.

    >>> import numpy as np
    >>> from course_utils.models import lenet300
    >>> x, y = np.ones((4, 28, 28, 1)), np.zeros(4)
    >>> found = sensitivity(lenet300(), x, y, [0.5, 0.9], exclude="fc3/*")
    >>> {name: list(levels) for name, levels in found.results.items()}
    {'fc1/kernel': [0.5, 0.9], 'fc2/kernel': [0.5, 0.9]}
    """
    levels, axes = _checked(levels), layouts(model)
    kernels(model, include, exclude)  # refuses what can be read, but not pruned
    scores = criteria.scored(criterion, weights(model, include, exclude))
    trials = (
        (name, s, make_masks({name: S}, s, "layer", granularity, layouts={name: axes[name]}))
        for name, S in scores.items()
        for s in levels
    )
    return scan(model, x, y, trials, **options)


def channel_sensitivity(
    model: keras.Model | Channels,
    x: object,
    y: object,
    levels: Sequence[float],
    criterion: Callable[[Channels], Arrays] = filter_norms,
    **options: object,
) -> Scan:
    """Return the accuracy with each group of channels alone pruned to each share, by group.

    What is lost is what `structure.shrink` would lose: the channels are set to zero wherever they
    are made, shifted or read (of `inexact` channels that is not quite the same). Which go first,
    `criterion` says, a function of the channels such as `structure.filter_norms`; groups that it
    gives no scores stay. `structure.channel_groups(model, include, exclude)` chooses groups.
    `measure` and `batch_size` go to `scan`. Source: Li et al. 2017 (arXiv 1608.08710), figure 2b.

    Raises TypeError or ValueError for levels that are no shares, and what `scan` and the criterion
    raise.

    >>> import numpy as np
    >>> from course_utils.models import lenet5
    >>> x, y = np.ones((4, 28, 28, 1)), np.zeros(4)
    >>> found = channel_sensitivity(lenet5(), x, y, [0.5])
    >>> {name: list(levels) for name, levels in found.results.items()}
    {'conv1': [0.5], 'conv2': [0.5], 'fc1': [0.5]}
    """
    channels = as_channels(model)
    names = {id(variable): name for name, variable in named_weights(channels.model).items()}
    levels = _checked(levels)
    criteria.refuse_unfit(criterion)
    scores = checked_dict(criterion(channels), "the scores of the criterion")
    trials = (
        (group, share, {names[one]: mask for one, mask in stays.items()})
        for group, S in scores.items()
        for share in levels
        for stays in [weight_masks(channels, choose({group: S}, share, "layer"))]
    )
    return scan(channels.model, x, y, trials, **options)


def _checked(levels: Sequence[float]) -> tuple[float, ...]:
    if isinstance(levels, str) or not isinstance(levels, Iterable):
        raise TypeError(f"levels must be several shares, such as (0.5, 0.9), not {levels!r}.")
    found = tuple(dict.fromkeys(checked_number(level, "a level", 0, 1) for level in levels))
    if not found:
        raise ValueError("levels is empty: give shares such as (0.5, 0.9).")
    return found
