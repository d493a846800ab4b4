"""Which kernels keep too little to carry a signal?  masks -> those whose outputs die.

Tanaka et al. 2020 (arXiv 2006.05467) call it layer collapse. A global ranking causes it where
the weights of one layer are drawn smaller than those of another.
"""

import math
import warnings
from collections.abc import Mapping

import numpy as np

from course_utils.arrays import Arrays, as_array, checked_dict
from course_utils.masking.granularity import layout_of

Kept = dict[str, tuple[int, int]]  # {kernel: (weights that it keeps, outputs that it has)}


def thin(arrays: Arrays, layouts: Mapping[str, str] | None = None) -> Kept:
    """Return the kernels, or masks, that keep fewer weights than they have outputs, with both.

    Some of their outputs no longer depend on any input. `pruning.layouts` gives the layouts.

    >>> thin({"fc": np.eye(3, 4), "out": np.ones((4, 2))})
    {'fc': (3, 4)}
    """
    found: Kept = {}
    if isinstance(arrays, Mapping) and not arrays:
        return found
    for name, values in checked_dict(arrays, "arrays").items():
        array = as_array(values, name)
        letters = zip(layout_of(name, array, layouts), array.shape, strict=True)
        outputs = math.prod(length for letter, length in letters if letter in "oc")
        kept = int(np.count_nonzero(array))
        if kept < outputs:
            found[name] = kept, outputs
    return found


def collapsed(masks: Arrays, layouts: Mapping[str, str] | None = None) -> Kept:
    """Return the kernels whose signal dies: thin ones with one weight, or less than one in ten.

    Thin alone is common, and harmless, where a network is pruned far: LeNets that train well at
    98 % keep a weight for every second unit of a first layer. With nine of ten outputs gone a
    layer passes hardly anything on and trains no more. A kernel of which nothing at all is left is
    not among them: no global ranking does that by itself (`min_kept`); it was cut off on purpose.

    >>> masks = {"fc": np.eye(3, 40), "out": np.ones((40, 2)), "cut": np.zeros((40, 2))}
    >>> collapsed(masks)
    {'fc': (3, 40)}
    """
    return {
        name: (kept, outputs)
        for name, (kept, outputs) in thin(masks, layouts).items()
        if 0 < kept < max(2, outputs / 10)
    }


def warn(found: Kept, when: str = "") -> None:
    """Warn the caller's caller of what has collapsed, if anything has, and say what helps.

    >>> with warnings.catch_warnings(record=True) as seen:
    ...     warn({"fc": (1, 40)})
    >>> str(seen[0].message)[:46]
    'layer collapse: fc keeps 1 weight for 40 outpu'
    """
    names = [
        f"{name} keeps {kept} weight{'s' * (kept > 1)} for {outputs} outputs"
        for name, (kept, outputs) in found.items()
    ]
    if found:
        warnings.warn(
            f"{when}layer collapse: {', '.join(names)}. Hardly any signal passes, and training may "
            'no longer help. Prune less, or rank in another scope, "erk" or "layer"; in the global '
            "one, keep more of each kernel, min_kept=100, or score by criteria.lamp.",
            stacklevel=3,
        )
