"""Channel ids: a number for each channel of each tensor, and which of them go only together.

NumPy alone. The id 0 stands for what can never go, such as an input's colours; all other ids are
made by the layers that compute channels. Ids are tied where an addition, say, needs channel 3 of
two tensors to go or stay together, and fixed, with a reason, where something reads them in a way
that nothing may be taken from.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Flow:
    """What is known of a tensor: its shape without the batch, and the ids of its channels.

    `ids` has as many axes as the tensor; along an axis on which ids do not depend its length is 1,
    so that the ids of an image (26, 26, 32) have the shape (1, 1, 32). Where units are laid out
    over several axes, as heads and their parts, ids depend on them all until a reader settles on
    one. `silent`: a removed channel is 0 here, once the layers that make it are zero (after a
    sigmoid it would be 1/2).

    `turned`: for a while the axis of examples is not the first one. Then this is the tensor where
    it is, and the order of axes that was made of it; `ids` is only a list of those that are there.
    """

    shape: tuple[int | None, ...]
    ids: np.ndarray
    silent: bool = True
    turned: "tuple[Flow, tuple[int, ...]] | None" = None

    @property
    def varying(self) -> tuple[int, ...]:
        """The axes along which ids differ."""
        return tuple(axis for axis, length in enumerate(self.ids.shape) if length > 1)

    @property
    def free(self) -> bool:
        """Tell whether there is anything here that could be removed."""
        return bool(self.ids.any())

    def vector(self, axis: int) -> np.ndarray:
        """Return the ids along one axis, the only one on which they depend."""
        return np.broadcast_to(self.ids.reshape(-1), (self.shape[axis],))


@dataclass
class Ids:
    """All ids of a model: which are tied, and which are fixed, and why."""

    _parents: list[int] = field(default_factory=lambda: [0])
    _reasons: dict[int, str] = field(default_factory=dict)
    _above_all: dict[int, str] = field(default_factory=dict)

    def fresh(self, count: int) -> np.ndarray:
        """Return `count` new ids.

        >>> Ids().fresh(3)
        array([1, 2, 3])
        """
        start = len(self._parents)
        self._parents.extend(range(start, start + count))
        return np.arange(start, start + count)

    def tie(self, one: np.ndarray, other: np.ndarray, why: str) -> None:
        """Let each id of `one` go only together with its partner in `other`; both broadcast.

        What is tied to 0 is fixed, for the reason `why`.

        >>> ids = Ids()
        >>> a, b = ids.fresh(2), ids.fresh(2)
        >>> ids.tie(a, b, "added")
        >>> ids.roots().tolist()
        [0, 1, 2, 1, 2]
        """
        one, other = (ids.reshape(-1) for ids in np.broadcast_arrays(one, other))
        pairs = np.unique(one.astype(np.int64) * len(self._parents) + other)
        for a, b in np.stack(np.divmod(pairs, len(self._parents)), axis=-1).tolist():
            if a and b:
                a, b = self._root(a), self._root(b)
                self._parents[max(a, b)] = min(a, b)
            else:
                self.fix(np.array([a, b]), why)

    def fix(self, ids: np.ndarray, why: str, *, above_all: bool = False) -> None:
        """Never remove these ids, nor what is tied to them; the first reason is kept.

        Unless there is one `above_all`.
        """
        reasons = self._above_all if above_all else self._reasons
        for one in np.unique(ids).tolist():
            if one:
                reasons.setdefault(one, why)

    def roots(self) -> np.ndarray:
        """Return for every id the smallest of those that it is tied to."""
        return np.array([self._root(one) for one in range(len(self._parents))])

    def tied(self, ids: np.ndarray) -> np.ndarray:
        """Return each id's smallest partner by now, along the axes on which these still differ.

        >>> ids = Ids()
        >>> units = ids.fresh(4).reshape(2, 2)
        >>> ids.tie(units, units[:1], "read by the row")
        >>> ids.tied(units).tolist()
        [[1, 2]]
        """
        single, places = np.unique(ids, return_inverse=True)
        roots = np.array([self._root(one) for one in single.tolist()], int)
        return compact(roots[places].reshape(ids.shape))

    def reasons(self) -> dict[int, str]:
        """Return why ids are fixed, by their root."""
        found: dict[int, str] = {}
        for one, why in (*self._above_all.items(), *self._reasons.items()):
            found.setdefault(self._root(one), why)
        return found

    def _root(self, one: int) -> int:
        parents = self._parents
        while parents[one] != one:
            parents[one] = one = parents[parents[one]]
        return one


def compact(ids: np.ndarray) -> np.ndarray:
    """Return ids with length 1 along every axis on which they do not depend.

    >>> compact(np.array([[1, 2], [1, 2]])).tolist()
    [[1, 2]]
    """
    for axis in range(ids.ndim):
        first = ids.take([0], axis) if ids.shape[axis] else ids
        if ids.shape[axis] > 1 and (ids == first).all():
            ids = first
    return ids


def alike(one: Flow, other: Flow) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the ids of two tensors so that they fit; None where they do not.

    >>> one, other = (Flow((size, 2), np.array([[1, 2]])) for size in (4, 5))
    >>> [ids.tolist() for ids in alike(one, other)]
    [[1, 2], [1, 2]]
    """
    if one.turned or other.turned:
        return None
    if all(set(flow.varying) <= {len(flow.shape) - 1} for flow in (one, other)):
        a, b = one.ids.reshape(-1), other.ids.reshape(-1)  # whatever number of axes is before
    else:
        a, b = one.ids, other.ids
    fits = a.ndim == b.ndim and all(
        m == n or 1 in (m, n) for m, n in zip(a.shape, b.shape, strict=True)
    )
    return (a, b) if fits else None
