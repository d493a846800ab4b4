"""What a .keras file says that its network is: plain layers of Keras, from a list of known ones.

Keras builds whatever a config describes, by any name that it can find. So its words are not
checked and handed on: a new config is written, of those parts only that are known to be harmless
and are needed. Left out are what fills weights before they are loaded (initializers), what serves
training (regularizers, constraints, loss and optimizer), and what the layers find out by
themselves (the shapes that they were built for).
"""

import json
import re
from collections.abc import Iterator

from course_utils.lessons.scoreboard.limits import Limits, Refused, one_line

LAYERS = (
    "InputLayer", "Dense", "Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D",
    "SeparableConv1D", "SeparableConv2D", "Conv2DTranspose", "Activation", "ReLU", "LeakyReLU",
    "PReLU", "ELU", "Softmax", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D",
    "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "Flatten", "Reshape", "Permute",
    "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "UpSampling1D",
    "UpSampling2D", "BatchNormalization", "LayerNormalization", "GroupNormalization",
    "UnitNormalization", "Rescaling", "Add", "Subtract", "Multiply", "Average", "Maximum",
    "Minimum", "Concatenate", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
    "GaussianNoise", "GaussianDropout", "Identity",
)  # fmt: skip
_MODELS = (("keras", "Sequential"), ("keras.src.models.functional", "Functional"))
_POLICIES = ("float32", "float16", "mixed_float16", "mixed_bfloat16")  # HDF5 lacks bfloat16
_UNUSED = ("_initializer", "_regularizer", "_constraint")
_NAME = re.compile(r"[A-Za-z0-9][\w.\- ]{0,99}")  # no slash: names become paths
_LARGEST_NUMBER = 10_000_000


def plain_config(text: bytes, limits: Limits) -> dict:
    """Return the config of a network, written anew from known parts; Keras is not imported.

    Raises Refused for text that is no JSON, for every class that is not in LAYERS (Lambda and
    all that is not Keras's own among them), for functions, quantized layers, layers used as in
    training, names that could be paths, and numbers and counts out of all proportion.
    """
    try:
        config = json.loads(text, parse_constant=_refuse_constant)
        plain = _object(config)
    except (ValueError, RecursionError) as error:
        reason = one_line(error, 100)
        raise Refused(f"its config.json cannot be read as JSON ({reason}).") from error
    if (plain.get("module"), plain.get("class_name")) not in _MODELS:
        raise Refused("its config.json describes a layer; a Sequential or Functional model is due.")
    count = sum(1 for _ in _layers(plain))
    if count > limits.layers:
        raise Refused(f"it has {count:,} layers; at most {limits.layers} are allowed.")
    return plain


def _object(described: object) -> dict:
    """Return a described layer, model or tensor anew; Refused if it is none of the known."""
    if not isinstance(described, dict) or not isinstance(described.get("config"), dict):
        raise Refused("its config.json describes no network: an object has no config.")
    name, module = described.get("class_name"), described.get("module")
    if name == "__keras_tensor__":
        return {"class_name": name, "config": _value(described["config"])}
    _require_known(name, module, described.get("registered_name"))
    plain = {"module": module, "class_name": name, "config": _settings(described["config"])}
    if "name" in described:
        plain["name"] = _name(described["name"])
    if "inbound_nodes" in described:
        plain["inbound_nodes"] = [_node(node) for node in _list(described["inbound_nodes"])]
    return plain | {"registered_name": described.get("registered_name")}


def _require_known(name: object, module: object, registered: object) -> None:
    known = (module, name) in _MODELS or (
        module == "keras.layers" and isinstance(name, str) and name in LAYERS
    )
    if not known:
        raise Refused(
            f"it holds {one_line(repr(name), 60)} of {one_line(repr(module), 60)}, which is not "
            "among the layers that are judged."
        )
    if registered not in (None, name):
        raise Refused(f"it holds a layer registered as {one_line(repr(registered), 60)}: custom.")


def _settings(config: dict) -> dict:
    """Return a layer's settings without what its training needs."""
    if config.get("quantization_config") is not None:
        raise Refused("it holds a quantized layer: hand in the network as it was before.")
    kept = {key: v for key, v in config.items() if not str(key).endswith(_UNUSED)}
    if "name" in kept:
        kept["name"] = _name(kept["name"])
    if "dtype" in kept:
        kept["dtype"] = _policy(kept["dtype"])
    return {key: _value(value) for key, value in kept.items()}


def _value(value: object) -> object:
    if isinstance(value, dict):
        if "class_name" in value:
            return _object(value)
        return {_name(key): _value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    if isinstance(value, int | float) and not abs(value) <= _LARGEST_NUMBER:  # NaN is not
        raise Refused(f"its config.json holds {one_line(value, 20)}: no setting is that large.")
    if isinstance(value, str) and len(value) > 200:
        raise Refused(f"its config.json holds a text of {len(value):,} letters.")
    return value


def _policy(described: object) -> str:
    """Return the name of a dtype policy, which Keras writes as a name or as an object."""
    if isinstance(described, dict) and described.get("class_name") == "DTypePolicy":
        inner = described.get("config")
        described = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(described, str) or described not in _POLICIES:
        raise Refused(
            f"it computes in {one_line(described, 60)!r}; allowed are {', '.join(_POLICIES)}."
        )
    return described


def _node(node: object) -> dict:
    """Return how a layer is called: on tensors, and not as in training."""
    if not isinstance(node, dict):
        raise Refused("its config.json says in a way unknown here what a layer is called on.")
    used = node.get("kwargs") or {}
    for key in used if isinstance(used, dict) else ["kwargs"]:
        if used[key] not in (None, False):
            raise Refused(f"a layer is called with {one_line(key, 40)!r}, not as for an answer.")
    return {"args": _value(_list(node.get("args"))), "kwargs": used}


def _list(value: object) -> list:
    if not isinstance(value, list):
        raise Refused("its config.json has something else where a list belongs.")
    return value


def _name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name:
        raise Refused(f"it uses the name {one_line(repr(name), 60)}: letters, digits, _ - . only.")
    return name


def _layers(config: object) -> Iterator[dict]:
    if isinstance(config, dict):
        if config.get("class_name") in LAYERS:
            yield config
        config = list(config.values())
    for value in config if isinstance(config, list) else ():
        yield from _layers(value)


def _refuse_constant(word: str) -> None:
    raise Refused(f"its config.json holds {word}, which is no number.")
