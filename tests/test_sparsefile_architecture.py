"""What a file says that its network is: code, files, functions, and networks without end."""

import json

import hostile
import pytest
from hostile import dense, functional, image_input, layer, on_image, sequential

from course_utils.extras.sparsefile import LAYERS, OPERATIONS, plain_config


def inside(bad):
    return on_image(sequential(image_input(), bad), dense())


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def called(nodes):
    return on_image(dense() | {"inbound_nodes": nodes})


MARSHALLED = {"class_name": "__lambda__", "config": {"value": ["4wEAAA==", None, None]}}
TYPE = {"class_name": "__typespec__", "module": "os", "spec_name": "system", "config": ["true"]}
HOSTILE = {
    # CVE-2024-3660: Python bytecode in the file.
    "a lambda": (on_image(layer("Lambda", function=MARSHALLED)), "'Lambda' of 'keras.layers'"),
    "a lambda in a model in the model": (inside(layer("Lambda", function=MARSHALLED)), "'Lambda'"),
    "bytecode as an activation": (on_image(dense(activation=MARSHALLED)), "'__lambda__' of None"),
    # CVE-2025-1550: any function of any module.
    "os.system": (on_image(layer("system", "os")), "'system' of 'os'"),
    "a function as a layer": (on_image(function("os", "system")), "'function' of 'os'"),
    "subprocess as an activation": (
        on_image(dense(activation=function("subprocess", "run"))),
        "'function' of 'subprocess'",
    ),
    "a type": (on_image(dense(activation=TYPE)), "'__typespec__' of 'os'"),
    # CVE-2025-8747, CVE-2025-9906: Keras's own functions, used as tools.
    "a download": (on_image(layer("get_file", "keras.utils", origin="x")), "'get_file'"),
    "safe mode off": (
        on_image(layer("enable_unsafe_deserialization", "keras.config")),
        "'enable_unsafe",
    ),
    "a model that loads another": (
        on_image(dense(activation=function("keras.models", "load_model"))),
        "'function' of 'keras.models'",
    ),
    "a loop over a function": (on_image(layer("Map", "keras.src.ops.core")), "'Map'"),
    # Keras pull request 23654: a class used as a function.
    "a saved program as a function": (
        on_image(dense(activation=function("keras.layers", "TFSMLayer"))),
        "'function' of 'keras.layers'",
    ),
    "a saved program": (on_image(layer("TFSMLayer", filepath="/tmp/x")), "'TFSMLayer'"),
    "a pickled torch module": (on_image(layer("TorchModuleWrapper", module="")), "'Torch"),
    # CVE-2025-12058: a file of this machine, read into the model.
    "a vocabulary": (on_image(layer("StringLookup", vocabulary="/etc/passwd")), "'StringLookup'"),
    "a custom layer": (on_image(dense() | {"registered_name": "mine>Dense"}), "'Dense'"),
    "a layer of another package": (on_image(layer("Dense", "evil.layers")), "'evil.layers'"),
    "a layer by its inner name": (
        on_image(layer("Lambda", "keras.src.layers.core.lambda_layer")),
        "'Lambda'",
    ),
    "an operation of a neighbour": (on_image(layer("X", "keras.src.opsx")), "'X'"),
    "a layer of no place": (on_image(layer("Dense", None)), "'Dense' of None"),
    "an initializer": (on_image(dense(kernel_initializer=layer("Evil", "evil"))), "'Evil'"),
    "a class that is no text": (on_image(layer(["Dense"])), r"\['Dense'\] of"),
    "a layer without settings": (on_image(dense() | {"config": None}), "'Dense' of"),
    "a number of a million digits": ('{"x": ' + "9" * 5_000 + "}", "integer"),
    "brackets without end": ("[" * 100_000, "without end"),
    "no JSON": ("\x80\x04", "Expecting value"),
    "a list": ("[]", "no whole model"),
    "nothing": ("{}", "no whole model"),
    "a text": ('"text"', "no whole model"),
    "a long text": (on_image(dense(activation="x" * 1000)), "1,000 letters"),
    "a call that is none": (called("x"), "called in a way"),
    "a split by something else": (
        functional(image_input(), layer("Split", "keras.src.ops.numpy", indices_or_sections="x")),
        "splits a tensor in a way",
    ),
}
# Refused before Keras sees them; the others of these are refused once there is an outline.
FROM_THE_TEXT = {
    "an array of text": "something else than numbers",
    "pieces": "1,000,000,002 times",
    "pieces at places": "4,003 times",
    "many layers": "3,002 times",
    "many calls": "3,002 times",
    "models called twice": "times; at most 2,000",
    "axes": "6,001 entries",
    "a name": "1,000,000 letters",
    "recurrent with a state": "keeps a state",
}
HOSTILE |= {name: (hostile.GREEDY[name], reason) for name, reason in FROM_THE_TEXT.items()}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_config_is_refused_with_a_reason(name):
    config, reason = HOSTILE[name]
    with pytest.raises(ValueError, match=reason):
        plain_config(config if isinstance(config, str) else json.dumps(config))


def test_what_training_and_building_need_is_left_out():
    loss = {"loss": function("os", "system"), "optimizer": layer("evil", "evil")}
    config = sequential(
        image_input(),
        dense() | {"build_config": {"input_shape": [10**9, 10**9]}, "shared_object_id": 7},
        compile_config=loss,
        build_config={"input_shape": [10**9]},
    )
    plain = plain_config(json.dumps(config))
    assert not any(word in json.dumps(plain) for word in ("evil", "build_config", "shared_object"))
    assert plain["config"]["layers"][1]["config"] == {"units": 10, "name": "out"}


def test_an_older_keras_is_told_no_axes_of_an_initializer():
    """Keras 3.13, Colab's, has none: without this it reads no file that 3.15 wrote."""
    initial = {"module": "keras.initializers", "class_name": "GlorotUniform"}
    for axes, left in ((None, {}), ([0], {"input_axes": [0]})):
        config = {"seed": 1, "input_axes": axes, "output_axes": None}
        text = on_image(dense(kernel_initializer=initial | {"config": config}))
        made = plain_config(json.dumps(text))["config"]["layers"][-1]["config"]
        assert made["kernel_initializer"]["config"] == {"seed": 1} | left


def test_nothing_that_loads_or_runs_is_among_the_parts():
    code = {"Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}
    files = {"StringLookup", "IntegerLookup", "TextVectorization"}
    functions = {"Map", "Scan", "AssociativeScan", "Cond", "Switch", "WhileLoop", "ForiLoop"}
    assert not (code | files | functions) & (LAYERS | OPERATIONS)


def test_all_parts_are_keras_s_own():
    from keras.src import ops

    from course_utils.backend import keras

    assert all(issubclass(getattr(keras.layers, name), keras.layers.Layer) for name in LAYERS)
    places = [getattr(ops, place) for place in ("numpy", "nn", "core", "math", "image", "einops")]
    places.append(ops.linalg)
    for name in OPERATIONS:
        assert any(issubclass(getattr(place, name, object), keras.Operation) for place in places), (
            name
        )
