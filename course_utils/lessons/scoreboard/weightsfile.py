"""The weights of a .keras file: plain arrays in HDF5, copied into a file of our own.

HDF5 can do far more than hold arrays: point into other files of the machine, run filters, declare
a terabyte that is stored nowhere. A weights file needs none of it.
"""

import io
from collections.abc import Iterator

import h5py
import numpy as np

from course_utils.lessons.scoreboard.limits import Limits, Refused, one_line

_OBJECTS = 5_000
_DEPTH = 20
_UNUSED = "optimizer"  # the training's state; three quarters of many a file


def plain_weights(data: bytes, limits: Limits) -> bytes:
    """Return an HDF5 file, written anew, that holds the same arrays of weights and nothing else.

    Raises Refused for links and for arrays whose values lie elsewhere, for filters, for anything
    but numbers, for numbers that are not finite, and where all arrays together are larger than
    `limits` allow. The optimizer's state is left behind.
    """
    target = io.BytesIO()
    try:
        with h5py.File(io.BytesIO(data), "r") as source, h5py.File(target, "w") as copy:
            for path, dataset in _plain_datasets(source, limits):
                copy.create_dataset(path, data=_finite(path, dataset[()]))
    except Refused:
        raise
    except Exception as error:  # libhdf5 raises whatever it likes on a damaged file
        reason = one_line(error, 100)
        raise Refused(f"its weights are no HDF5 file that can be read ({reason}).") from error
    return target.getvalue()


def _plain_datasets(source: h5py.File, limits: Limits) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield every array of a file, each checked before its values are touched."""
    total = 0
    for path, dataset in _datasets(source):
        _require_plain(path, dataset)
        total += dataset.size * dataset.dtype.itemsize
        if total > limits.unpacked_bytes:
            raise Refused(
                f"its weights declare more than the {limits.unpacked_bytes:,} bytes allowed."
            )
        yield path, dataset


def _datasets(source: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    waiting, seen = [("", source)], 0
    while waiting:
        above, group = waiting.pop()
        for name in group:
            path = f"{above}/{name}"
            seen += 1
            if seen > _OBJECTS or path.count("/") > _DEPTH:
                raise Refused("its weights file holds too many groups, or a group in itself.")
            if path == f"/{_UNUSED}":
                continue
            item = _linked_here(group, name, path)
            if isinstance(item, h5py.Group):
                waiting.append((path, item))
            else:
                yield path, item


def _linked_here(group: h5py.Group, name: str, path: str) -> h5py.Group | h5py.Dataset:
    """Return what stands under a name, unless it is a link; a link is not followed."""
    if type(group.get(name, getlink=True)) is not h5py.HardLink:
        raise Refused(f"{one_line(path, 80)} in its weights is a link to another place or file.")
    item = group[name]
    if not isinstance(item, h5py.Group | h5py.Dataset):
        raise Refused(f"{one_line(path, 80)} in its weights is neither a group nor an array.")
    return item


def _require_plain(path: str, dataset: h5py.Dataset) -> None:
    where = f"{one_line(path, 80)} in its weights"
    if dataset.external or dataset.is_virtual:
        raise Refused(f"{where} takes its values from another file.")
    if dataset.chunks or dataset.id.get_create_plist().get_nfilters():
        raise Refused(f"{where} is packed; Keras writes plain arrays.")
    if dataset.dtype.kind not in "fiu" or dataset.shape is None:
        raise Refused(f"{where} holds {dataset.dtype}; numbers were expected.")


def _finite(path: str, values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise Refused(f"{one_line(path, 80)} in its weights holds NaN or infinity.")
    return values
