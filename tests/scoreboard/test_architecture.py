"""Configs that a stranger hands in: code, files, functions, and networks out of proportion."""

import json

import pytest
from hostile import dense, image_input, layer, sequential

from course_utils.lessons.scoreboard.architecture import LAYERS, plain_config
from course_utils.lessons.scoreboard.limits import Limits, Refused

LIMITS = Limits()


def among_others(bad):
    return sequential(image_input(), bad, dense())


def inside(bad):
    return among_others(sequential(image_input(), bad))


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def called(*args, **kwargs):
    return among_others(dense() | {"inbound_nodes": [{"args": list(args), "kwargs": kwargs}]})


MARSHALLED = {"class_name": "__lambda__", "config": {"value": ["4wEAAA==", None, None]}}
HOSTILE = {
    # CVE-2024-3660: Python bytecode in the file.
    "a lambda": (among_others(layer("Lambda", function=MARSHALLED)), "'Lambda'"),
    "a lambda in a model in the model": (inside(layer("Lambda", function=MARSHALLED)), "'Lambda'"),
    "bytecode as an activation": (among_others(dense(activation=MARSHALLED)), "__lambda__|config"),
    # CVE-2025-1550: any function of any module.
    "os.system": (among_others(layer("system", "os")), "'system' of 'os'"),
    "a function as a layer": (among_others(function("os", "system")), "no config"),
    "subprocess as an activation": (
        among_others(dense(activation=function("subprocess", "run"))),
        "no config",
    ),
    # CVE-2025-8747, CVE-2025-9906: Keras's own functions, used as tools.
    "a download": (among_others(layer("get_file", "keras.utils", origin="x")), "get_file"),
    "safe mode off": (
        among_others(layer("enable_unsafe_deserialization", "keras.config")),
        "enable_unsafe",
    ),
    "a model that loads another": (
        among_others(dense(activation=function("keras.models", "load_model"))),
        "no config",
    ),
    # Keras pull request 23654: a class used as a function.
    "a saved program as a function": (
        among_others(dense(activation=function("keras.layers", "TFSMLayer"))),
        "no config",
    ),
    "a saved program": (among_others(layer("TFSMLayer", filepath="/tmp/x")), "TFSMLayer"),
    "a pickled torch module": (among_others(layer("TorchModuleWrapper", module="")), "Torch"),
    # CVE-2025-12058: a file of this machine, read into the model.
    "a vocabulary": (among_others(layer("StringLookup", vocabulary="/etc/passwd")), "StringLookup"),
    "a custom layer": (among_others(dense() | {"registered_name": "mine>Dense"}), "custom"),
    "a layer of another package": (among_others(layer("Dense", "evil.layers")), "'evil.layers'"),
    "a layer by its inner name": (
        among_others(layer("Lambda", "keras.src.layers.core.lambda_layer")),
        "'Lambda'",
    ),
    "a class that is no text": (among_others(layer(["Dense"])), "not among"),
    # CVE-2026-12479: a name that becomes a path.
    "a path as a name": (among_others(dense() | {"name": "../../x"}), "'../../x'"),
    "a path as a layer's name": (
        among_others(layer("Dense", units=10, name="/etc/x")),
        "'/etc/x'",
    ),
    "a quantized layer": (among_others(dense(quantization_config={"mode": "int8"})), "quantized"),
    "an odd dtype": (among_others(dense(dtype="complex128")), "complex128"),
    "a policy of one's own": (
        among_others(dense(dtype=layer("DTypePolicy", "keras", name="string"))),
        "'string'",
    ),
    "a number out of proportion": (among_others(dense(units=10**12)), "holds 1000000000000:"),
    "a number of four hundred digits": (among_others(dense(units=10**400)), "holds 1000"),
    "infinity": (b'{"config": {"x": Infinity}}', "Infinity"),
    "NaN": (b'{"config": {"x": NaN}}', "NaN"),
    "a number of a million digits": (b'{"x": ' + b"9" * 5_000 + b"}", "JSON"),
    "brackets without end": (b"[" * 100_000, "JSON"),
    "no JSON": (b"\x80\x04", "JSON"),
    "a list": (b"[]", "no network"),
    "a layer alone": (dense(), "describes a layer"),
    "a thousand layers": (sequential(image_input(), *[dense() for _ in range(1000)]), "1,001 l"),
    "a long text": (among_others(dense(activation="x" * 1000)), "1,000 letters"),
    "a layer as in training": (called(training=True), "'training'"),
    "a call that is none": (among_others(dense() | {"inbound_nodes": ["x"]}), "called on"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_config_is_refused_with_a_reason(name):
    config, reason = HOSTILE[name]
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    with pytest.raises(Refused, match=reason):
        plain_config(text, LIMITS)


def test_what_training_and_building_need_is_left_out():
    loss = {"loss": function("os", "system"), "optimizer": layer("evil", "evil")}
    config = sequential(
        image_input(),
        dense(kernel_initializer=layer("evil", "evil"), bias_constraint=layer("evil", "evil"))
        | {"build_config": {"input_shape": [10**9, 10**9]}},
        compile_config=loss,
        build_config={"input_shape": [10**9]},
    )
    plain = plain_config(json.dumps(config).encode(), LIMITS)
    assert "evil" not in json.dumps(plain)
    assert "build_config" not in json.dumps(plain)
    assert plain["config"]["layers"][1]["config"] == {"units": 10, "name": "out"}


def test_nothing_that_loads_or_runs_is_among_the_layers():
    assert not {"Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "StringLookup"} & set(LAYERS)


def test_every_layer_of_the_list_is_one_of_keras():
    from course_utils.backend import keras

    assert all(issubclass(getattr(keras.layers, name), keras.layers.Layer) for name in LAYERS)
    assert len(set(LAYERS)) == len(LAYERS)
