"""Sparse files as a stranger might hand them in, made part by part; no TensorFlow is needed."""

import json

import numpy as np

from course_utils.extras import sparsefile

IMAGE = (None, 28, 28, 1)


def layer(kind: str, module: str = "keras.layers", /, **settings: object) -> dict:
    return {"module": module, "class_name": kind, "config": settings, "registered_name": None}


def image_input(shape: tuple = IMAGE) -> dict:
    return layer("InputLayer", batch_shape=list(shape), dtype="float32", name="image")


def dense(units: int = 10, **settings: object) -> dict:
    return layer("Dense", units=units, name="out", **settings)


def sequential(*layers: dict, **changes: object) -> dict:
    """The config of a network; by default of one that is in order: Flatten, Dense 10."""
    layers = layers or (image_input(), layer("Flatten", name="flat"), dense())
    return layer("Sequential", "keras", name="net", layers=list(layers)) | changes


def tensor(name: str) -> dict:
    history = {"shape": list(IMAGE), "dtype": "float32", "keras_history": [name, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": history}


def functional(*layers: dict, calls: int = 1) -> dict:
    """Layers one after another, each of them called so often on the one before it."""
    parts, before = [], None
    for number, part in enumerate(layers):
        nodes = [{"args": [tensor(before)], "kwargs": {}}] * (calls if before else 0)
        before = f"{number}"
        parts.append({"inbound_nodes": nodes} | part | {"name": before})
        parts[-1]["config"] = part["config"] | {"name": before}
    ends = {"input_layers": [["0", 0, 0]], "output_layers": [[before, 0, 0]]}
    return layer("Functional", "keras.src.models.functional", name="net", layers=parts, **ends)


def weights(inputs: int = 784, units: int = 10) -> dict[str, np.ndarray]:
    """The weights of `sequential()`."""
    kernel = np.random.default_rng(0).normal(size=(inputs, units)).astype("float32")
    return {"0": kernel, "1": np.zeros(units, "float32")}


def submission(config: object = None, arrays: dict[str, np.ndarray] | None = None) -> bytes:
    """A sparse file; by default one that is in order."""
    text = config if isinstance(config, str) else json.dumps(config or sequential())
    return sparsefile.encode(weights() if arrays is None else arrays, text)


def on_image(*layers: dict, shape: tuple = IMAGE) -> dict:
    return sequential(image_input(shape), *layers)


def nested(depth: int, calls: int = 1) -> dict:
    """A model in a model in a model, each called so often."""
    config = functional(image_input(), layer("ReLU"), calls=calls)
    for _ in range(depth):
        config = functional(image_input(), config, calls=calls)
    return config


def on_a_constant(operation: dict) -> dict:
    """An operation that is called on numbers alone, so that it is computed at once."""
    config = functional(image_input(), operation)
    config["config"]["layers"][1]["inbound_nodes"] = [{"args": [[1, 2, 3]], "kwargs": {}}]
    return config


ROW = (None, 7, 3)
FLAT = layer("Flatten", name="flat")
HUGE = 10**9
# A few hundred letters that ask for gigabytes or more, each in another way.
GREEDY = {
    "dense": on_image(FLAT, layer("Dense", units=HUGE, name="a"), dense(HUGE)),
    "dense, once": on_image(FLAT, dense(400_000)),  # 1.3 GB, which many a machine has
    "convolution": on_image(layer("Conv2D", filters=HUGE, kernel_size=[999, 999], padding="same")),
    "embedding": on_image(layer("Embedding", input_dim=HUGE, output_dim=HUGE), shape=(None, 7)),
    "recurrent": on_image(layer("LSTM", units=HUGE), shape=ROW),
    "recurrent with a state": on_image(
        layer("LSTM", units=10**6, stateful=True), shape=(10**7, 7, 3)
    ),
    "unrolled": on_image(layer("LSTM", units=3, unroll=True), shape=(None, 10**7, 3)),
    "cells": on_image(
        layer("RNN", cell=layer("StackedRNNCells", cells=[layer("LSTMCell", units=HUGE)] * 3)),
        shape=ROW,
    ),
    "in a wrapper": on_image(layer("TimeDistributed", layer=dense(HUGE)), shape=(None, 7, HUGE)),
    "attention": on_image(
        layer("Reshape", target_shape=[28, 28], name="rows"),
        layer("EinsumDense", equation="abc,cd->abd", output_shape=[28, HUGE]),
    ),
    "an input": on_image(layer("PReLU"), shape=(None, HUGE, HUGE)),
    "an input's scale": on_image(
        layer("Normalization", mean=[0.0], variance=[1.0]), shape=(None, 10**11)
    ),
    "an initializer": on_image(
        dense(HUGE, kernel_initializer=layer("Identity", "keras.initializers")), shape=(None, HUGE)
    ),
    "a constant": on_a_constant(layer("OneHot", "keras.src.ops.nn", num_classes=10**11)),
    "an array of text": on_image(
        layer(
            "Normalization",
            mean={"class_name": "__numpy__", "config": {"value": ["x"], "dtype": "U1000000000"}},
            variance=1.0,
        )
    ),
    "pieces": functional(
        image_input(), layer("Split", "keras.src.ops.numpy", indices_or_sections=HUGE, axis=0)
    ),
    "pieces at places": functional(
        image_input(),
        layer("Split", "keras.src.ops.numpy", indices_or_sections=[0] * 4_000, axis=0),
    ),
    "many layers": functional(image_input(), *[layer("ReLU") for _ in range(3_000)]),
    "many calls": functional(image_input(), layer("ReLU"), calls=3_000),
    "models called twice": nested(40, calls=2),
    "models in models": nested(25),
    "axes": on_image(layer("ReLU"), shape=(None, *[1] * 6_000)),
    "a name": on_image(dense() | {"name": "x" * 10**6}),
}
