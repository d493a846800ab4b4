"""Products of tensors, by an equation of letters: matmul, einsum, Dot, attention without weights.

A letter that stands for channels is one of three: it is in several factors and in the result, as
heads are, and all go together; in one factor and in the result, which it passes to; or it is
summed over, where a removed channel adds nothing as long as it is 0 in one factor.
"""

import string
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from course_utils.backend import keras
from course_utils.structure.calls import Call, Flows, fixed, layer_axes
from course_utils.structure.ids import Flow

_L = keras.layers
_SUMMED = "sums over channels that would not be 0"


def einsum(call: Call) -> Flows:
    """A product by any equation."""
    equation = call.layer.subscripts.replace(" ", "")
    if "->" not in equation:
        return call.refuse("has an equation without an arrow")
    terms, outputs = letters(equation, map(_rank, call.arguments))
    return product(call, [*call.arguments], terms, outputs)


def letters(equation: str, ranks: Iterable[int]) -> tuple[list[str], str]:
    """Return the letters of factors and result; some that are free stand in place of the dots.

    >>> letters("...x,xy->...y", [3, 2])
    (['YZx', 'xy'], 'YZy')
    """
    inputs, outputs = equation.split("->")
    free = "".join(letter for letter in string.ascii_uppercase if letter not in equation)
    terms, dots = inputs.split(","), [""]
    for place, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        dots.append(free[len(free) - rank + len(term.replace("...", "")) :])
        terms[place] = term.replace("...", dots[-1])
    return terms, outputs.replace("...", max(dots, key=len))


def matmul(call: Call) -> Flows:
    """Rows times columns; axes before the last two are those of a batch, and spread."""
    factors = [*call.arguments, *call.options.values()]
    ranks = [_rank(factor) for factor in factors]
    if min(ranks) < 2:
        return call.refuse("multiplies by a vector")
    before = string.ascii_uppercase[: max(ranks) - 2]
    ends = zip(ranks, ("xy", "yz"), strict=True)
    terms = [before[len(before) - rank + 2 :] + end for rank, end in ends]
    return product(call, factors, terms, f"{before}xz")


def dot(call: Call) -> Flows:
    """Sum over an axis of both tensors, which are divided by their norms there, perhaps."""
    axes, letters, terms = call.layer.axes, [*string.ascii_letters], []
    axes = [axes, axes] if isinstance(axes, int) else axes
    for flow, axis in zip(call.flows, axes, strict=True):
        (summed,) = layer_axes(axis, flow)
        if call.layer.normalize and summed in flow.varying and not flow.silent:
            call.fix(flow, "divides by a norm, in which a removed channel would not be 0")
        term = [letters.pop() for _ in flow.shape]
        term[summed] = "."
        terms.append("_" + "".join(term))
    return product(call, call.flows, terms, (terms[0] + terms[1][1:]).replace(".", ""))


def attended(call: Call) -> Flows:
    """keras.ops.dot_product_attention: (examples, places, heads, size), whole heads go."""
    names = ("query", "key", "value", "bias", "mask", "scale")
    given = {**dict(zip(names, call.arguments, strict=False)), **call.options}
    parts = [given.pop(name) for name in names[:3]]
    beside = [value for value in given.values() if isinstance(value, Flow)]
    arrays = [value for value in given.values() if np.size(value) > 1]
    if not all(isinstance(part, Flow) for part in parts) or any(flow.free for flow in beside):
        return call.refuse("gets them beside its input, as a mask, say")
    if any(_long_at(value, 1) for value in (*beside, *arrays) if _rank(value) == 4):
        return call.refuse("has a mask for each head")
    if len({part.shape[1] for part in parts}) > 1:
        return call.refuse("has more heads of queries than of keys")
    if any(set(part.varying) - {1, 2} for part in parts):
        return call.refuse("takes them on another axis than that of channels")
    # The scale depends on the size of a head, if it is not given.
    if given.get("scale") is None:
        why = "divides by the root of their number"
        parts[:2] = [call.beside(part, [2]) or call.fix(part, why) for part in parts[:2]]
    scores = product(call, parts[:2], ["bqhd", "bkhd"], "bqkh", shape=_scores(parts))
    scores = replace(scores, silent=False)
    return product(call, [scores, parts[2]], ["bqkh", "bkhd"], "bqhd")


def attention(call: Call) -> Flows:
    """The layer Attention: queries times keys; weights times values."""
    tensors, layer = [*call.arguments, call.options.get("inputs")][0], call.layer
    masks = [f for f in call.flows if not any(f is one for one in tensors)]
    query, value, key = (*tensors, tensors[1])[:3]
    if any(flow.free for flow in masks):
        return call.refuse("gets them beside its input, as a mask, say")
    scale = getattr(layer, "scale", None)
    if isinstance(layer, _L.AdditiveAttention) or layer.score_mode == "concat":
        ids = [call.vector(one, 1) for one in (query, key)]
        call.ids.tie(*ids, f"{call.label} combines them with what cannot go")
        if isinstance(scale, keras.Variable) and len(scale.shape):
            call.slice(scale, 0, ids[1], "reads")
        elif not (query.silent and key.silent):
            call.fix(query, _SUMMED)
        scores = fixed((query.shape[0], key.shape[0]))
    else:
        scores = product(call, [query, key], ["bqd", "bkd"], "bqk", shape=_scores([query, key]))
    made = product(call, [replace(scores, silent=False), value], ["bqk", "bkd"], "bqd")
    return [made, *(fixed(shape) for shape in call.shapes[1:])]


def product(
    call: Call, factors: list, terms: list[str], outputs: str, *, shape: tuple | None = None
) -> Flow:
    """Return the product of factors, each with its letters; the first one is that of examples.

    What is no tensor of the graph is an array, or a number.
    """
    shape = call.shapes[0] if shape is None else shape
    pairs = list(zip(factors, terms, strict=True))
    if any(isinstance(f, Flow) and term[:1] != outputs[:1] for f, term in pairs):
        for flow in call.flows:
            call.fix(flow, "moves the axis of examples")
        return fixed(shape)
    settled: dict[str, dict[int, Flow]] = {}  # by the letter on which ids of some factors depend
    for number, (factor, term) in enumerate(pairs):
        if isinstance(factor, Flow) and factor.varying:
            letter = _letter(factor, term, terms, outputs)
            if letter:
                ids = call.vector(factor, term.index(letter) - 1)
                settled.setdefault(letter, {})[number] = Flow((len(ids),), ids, factor.silent)
            else:
                call.fix(factor, "takes one axis twice")
    for letter, parts in settled.items():
        _together(call, letter, parts, pairs)
        if letter not in outputs and not any(part.silent for part in parts.values()):
            call.fix(next(iter(parts.values())), _SUMMED)
    passed = [letter for letter in outputs[1:] if letter in settled]
    for letter in passed[1:]:
        for part in settled[letter].values():
            call.fix(part, "lays them over two axes")
    if not passed:
        return fixed(shape)
    axis, parts = outputs.index(passed[0]) - 1, [*settled[passed[0]].values()]
    ids = parts[0].ids.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return Flow(shape, ids, any(part.silent for part in parts))


def _letter(flow: Flow, term: str, terms: list[str], outputs: str) -> str:
    """Return the letter of a factor to settle on: heads first, then what passes, then sums."""
    varying = [term[axis + 1] for axis in flow.varying if term.count(term[axis + 1]) == 1]
    often = {letter: sum(letter in one for one in terms) for letter in varying}
    order = sorted(varying, key=lambda one: (one not in outputs, -often[one]))
    return order[0] if order else ""


def _together(call: Call, letter: str, parts: dict[int, Flow], pairs: list) -> None:
    """Tie what the factors have on a letter; one that is 1 long there spreads over the others."""
    first, *others = parts.values()
    for other in others:
        call.ids.tie(first.ids, other.ids, f"{call.label} combines them with what cannot go")
    for number, (factor, term) in enumerate(pairs):
        if number not in parts and letter in term and _long_at(factor, term.index(letter)):
            is_flow = isinstance(factor, Flow)
            why = "combines them with what cannot go"
            call.fix(first, why if is_flow else "has a number of its own for each of them")


def _rank(value: object) -> int:
    return len(value.shape) + 1 if isinstance(value, Flow) else np.ndim(value)


def _long_at(value: object, axis: int) -> bool:
    """Tell whether an axis, that of examples counted, is more than 1 long."""
    shape = (None, *value.shape) if isinstance(value, Flow) else np.shape(value)
    return shape[axis] != 1


def _scores(parts: list[Flow]) -> tuple:
    places = (parts[0].shape[0], parts[1].shape[0])
    return places if len(parts[0].shape) == 2 else (*places, parts[0].shape[1])


RULES = {_L.Dot: dot, _L.Attention: attention, _L.AdditiveAttention: attention}
OPERATIONS = {"Einsum": einsum, "Matmul": matmul, "DotProductAttention": attended}
