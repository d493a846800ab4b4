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
    """Multi-head attention: whole heads go; inputs are read, outputs are made.

    In a grouped one several heads of queries go with one of keys and values. It makes as many
    outputs as a query has channels, so these go together.
    """
    layer, parts = call.layer, {one.name: one for one in inner_layers(call.layer)}
    grouped, output = isinstance(layer, _L.GroupQueryAttention), parts["attention_output"]
    given = {**dict(zip(_ATTENDED, call.arguments, strict=False)), **call.options}
    given = {name: flow for name, flow in given.items() if isinstance(flow, Flow)}
    masks = [flow for name, flow in given.items() if name not in _ATTENDED[:3]]
    plain = output.kernel.shape[2:] == (call.shapes[0][-1],)
    gated = not grouped and layer.get_config().get("use_gate", False)
    # Keras tells their shape wrongly.
    scored = len(call.shapes) > 1 and (grouped or len(call.x.shape) > 2)
    if gated or scored or not plain or any(f.free or len(f.shape) > 2 for f in masks):
        return call.refuse(_BESIDE if any(f.free for f in masks) else "")
    count = layer.num_key_value_heads if grouped else layer.num_heads
    heads, made = call.make(count, "/heads"), call.make(call.shapes[0][-1])
    queries = np.repeat(heads, output.kernel.shape[0] // count)
    flows = {name: given.get(name, given["value"]) for name in _ATTENDED[:3]}
    read = {name: call.vector(flow, len(flow.shape) - 1) for name, flow in flows.items()}
    read["gate"] = read["query"]
    for name, ids in (("query", queries), ("gate", queries), ("value", heads), ("key", heads)):
        if name in parts:
            call.slice(parts[name].kernel, 0, read[name], "reads")
            call.slice(parts[name].kernel, 1, ids, "makes")
            call.slice(parts[name].bias, 0, ids, "shifts")
    call.slice(output.kernel, 0, queries, "reads")
    call.slice(output.kernel, 2, made, "makes")
    call.slice(output.bias, 0, made, "shifts")
    if grouped:
        call.ids.tie(read["query"], made, f"{call.label} makes as many as it gets, which cannot go")
        call.count("num_query_heads", queries)
        call.count("num_key_value_heads", heads)
    else:
        call.count("num_heads", heads)
        call.edits.append(lambda config, kept: config.update(output_shape=[int(kept(made).sum())]))
    call.factors.append((layer, heads))
    # The scores, if returned, have one map a head, which does not become 0.
    return [call.out(-1, made), *(call.out(0, heads, False, n) for n in range(1, len(call.shapes)))]


RULES = dict.fromkeys((_L.MultiHeadAttention, _L.GroupQueryAttention), attention)
