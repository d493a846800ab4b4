"""What attention with weights of its own does with channels: whole heads go."""

import numpy as np

from course_utils.backend import keras
from course_utils.pruning.layers import inner_layers
from course_utils.structure.calls import Call
from course_utils.structure.ids import Flow

_L = keras.layers
# In the order of either call.
_ATTENDED = ("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask")
_BESIDE = "gets them beside its input, as a mask, say"


def attention(call: Call) -> list[Flow]:
    """Multi-head attention: whole heads go; inputs are read, outputs are made."""
    layer = call.layer
    given = {**dict(zip(_ATTENDED, call.arguments, strict=False)), **call.options}
    given = {name: flow for name, flow in given.items() if isinstance(flow, Flow)}
    masks = [flow for name, flow in given.items() if name.endswith("mask")]
    plain = layer.output_dense.kernel.shape[2:] == (call.shapes[0][-1],)
    gated = layer.get_config().get("use_gate", False)
    scored = len(call.shapes) > 1 and len(call.x.shape) > 2  # Keras tells their shape wrongly
    if gated or scored or not plain or any(f.free or len(f.shape) > 2 for f in masks):
        return call.refuse(_BESIDE if any(f.free for f in masks) else "")
    heads, made = call.make(layer.num_heads, "/heads"), call.make(call.shapes[0][-1])
    for name in ("query", "value", "key"):
        flow, inner = given.get(name, given["value"]), getattr(layer, f"{name}_dense")
        call.slice(inner.kernel, 0, call.vector(flow, len(flow.shape) - 1), "reads")
        call.slice(inner.kernel, 1, heads, "makes")
        call.slice(inner.bias, 0, heads, "shifts")
    call.slice(layer.output_dense.kernel, 0, heads, "reads")
    call.slice(layer.output_dense.kernel, 2, made, "makes")
    call.slice(layer.output_dense.bias, 0, made, "shifts")
    call.count("num_heads", heads)
    call.edits.append(lambda config, kept: config.update(output_shape=[int(kept(made).sum())]))
    call.factors.append((layer, heads))
    # The scores, if returned, have one map a head, which does not become 0.
    return [call.out(-1, made), *(call.out(0, heads, False, n) for n in range(1, len(call.shapes)))]


def grouped(call: Call) -> list[Flow]:
    """Several heads of queries for each of keys and values: they go with it.

    The layer makes as many outputs as a query has channels, so these go together.
    """
    layer, parts = call.layer, {one.name: one for one in inner_layers(call.layer)}
    given = {**dict(zip(_ATTENDED, call.arguments, strict=False)), **call.options}
    given = {name: flow for name, flow in given.items() if isinstance(flow, Flow)}
    others = [flow for name, flow in given.items() if name not in _ATTENDED[:3]]
    if any(flow.free for flow in others) or len(call.shapes) > 1:
        return call.refuse(_BESIDE if any(flow.free for flow in others) else "")
    heads, made = call.make(layer.num_key_value_heads, "/heads"), call.make(call.shapes[0][-1])
    queries = np.repeat(heads, layer.num_query_heads // layer.num_key_value_heads)
    read = {
        name: call.vector(flow, len(flow.shape) - 1)
        for name, flow in given.items()
        if name in _ATTENDED[:3]
    }
    call.ids.tie(read["query"], made, f"{call.label} makes as many as it gets, which cannot go")
    for name, ids in (("query", queries), ("gate", queries), ("key", heads), ("value", heads)):
        if name in parts:
            source = {"gate": "query", "key": "key" if "key" in read else "value"}.get(name, name)
            call.slice(parts[name].kernel, 0, read[source], "reads")
            call.slice(parts[name].kernel, 1, ids, "makes")
            call.slice(parts[name].bias, 0, ids, "shifts")
    output = parts["attention_output"]
    call.slice(output.kernel, 0, queries, "reads")
    call.slice(output.kernel, 2, made, "makes")
    call.slice(output.bias, 0, made, "shifts")
    call.count("num_query_heads", queries)
    call.count("num_key_value_heads", heads)
    call.factors.append((layer, heads))
    return [call.out(-1, made)]


RULES = {_L.MultiHeadAttention: attention, _L.GroupQueryAttention: grouped}
OF_MANY = (attention, grouped)
