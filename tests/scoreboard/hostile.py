"""Files as a stranger might hand them in, made byte by byte; no TensorFlow is needed."""

import io
import json
import zipfile
from collections.abc import Callable

import h5py
import numpy as np

IMAGE = (None, 28, 28, 1)


def layer(kind: str, module: str = "keras.layers", /, **settings: object) -> dict:
    return {"module": module, "class_name": kind, "config": settings, "registered_name": None}


def image_input(**settings: object) -> dict:
    return layer("InputLayer", batch_shape=list(IMAGE), dtype="float32", name="image", **settings)


def sequential(*layers: dict, **changes: object) -> dict:
    """The config of a network; by default of one that is in order: Flatten, Dense 10."""
    layers = layers or (image_input(), layer("Flatten", name="flat"), dense())
    return layer("Sequential", "keras", name="net", layers=list(layers)) | changes


def dense(units: int = 10, **settings: object) -> dict:
    return layer("Dense", units=units, name="out", **settings)


def weights(
    edit: Callable[[h5py.File], object] | None = None, inputs: int = 784, units: int = 10
) -> bytes:
    """The weights of `sequential()`, in HDF5, after `edit` has had its way with the file."""
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        rng = np.random.default_rng(0)
        file["layers/dense/vars/0"] = rng.normal(size=(inputs, units)).astype("float32")
        file["layers/dense/vars/1"] = np.zeros(units, "float32")
        if edit:
            edit(file)
    return target.getvalue()


def packed(members: dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    """A zip archive of the members; a list may hold a name twice."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, data)
    return target.getvalue()


def members(config: object = None, heavy: bytes | None = None) -> dict[str, bytes]:
    text = config if isinstance(config, bytes) else json.dumps(config or sequential()).encode()
    return {
        "metadata.json": b"{}",
        "config.json": text,
        "model.weights.h5": heavy or weights(),
    }


def submission(config: object = None, heavy: bytes | None = None) -> bytes:
    """A .keras file; by default one that is in order."""
    return packed(members(config, heavy))
