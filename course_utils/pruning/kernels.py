"""Which weights of a model can be pruned: chosen by the kind of layer, named after the layer."""

import itertools
from dataclasses import dataclass

import numpy as np

from course_utils.arrays import Weights
from course_utils.backend import kept_under, keras, model_of, trained_by, value_of
from course_utils.pruning.layers import holder_of, numbers_in, own_weights, prunable, walk
from course_utils.pruning.selectors import Selectors, as_list, left_out

Variables = dict[str, keras.Variable]

_NORMALIZATION = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.SpectralNormalization,
)


@dataclass(frozen=True)
class Kernel:
    """A weight that can be pruned: its name, where it is, what its axes mean."""

    name: str
    owners: tuple[keras.Layer, ...]  # the layer it belongs to last, before it what that lies in
    attribute: str
    layout: str
    on_request: str = ""  # why it is pruned only where `include` names it

    @property
    def layer(self) -> keras.Layer:
        """The layer that has the weight: the last of its owners, or a recurrent layer's cell."""
        return holder_of(self.owners[-1])

    @property
    def kept(self) -> keras.Variable | None:
        """The variable under it, which may be packed, or part of a sum; None if there is none."""
        return kept_under(self.layer, self.attribute) if self.layer.built else None

    @property
    def why_not(self) -> str:
        """Why no mask can hold it, and nothing if one can."""
        if not self.layer.built:
            return "not built: the model has never called this layer"
        value, mode = value_of(self.layer, self.attribute), self.layer.quantization_mode
        if isinstance(value, keras.Variable) and keras.backend.is_float_dtype(value.dtype):
            return ""
        kinds = {"LoRA": getattr(self.layer, "lora_enabled", False), f"quantized, {mode}": mode}
        how = " and ".join(kind for kind, holds in kinds.items() if holds)
        return f"{how or 'computed by its layer'}: no mask can hold it"

    @property
    def variable(self) -> keras.Variable:
        """The variable itself; raises ValueError where there is none, or none that can be held."""
        layer = self.owners[-1]
        if not self.layer.built:
            raise ValueError(
                f"layer {layer.name!r} has no weights yet. Build the model first: give "
                "it a keras.Input, or call it once on a batch."
            )
        if self.why_not:
            raise ValueError(
                f"{self.attribute} of layer {layer.name!r} is computed from other "
                "weights or quantized (LoRA, int8), so it cannot be pruned. Prune first, then "
                "quantize, or leave the layer out with `exclude`."
            )
        return getattr(self.layer, self.attribute)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the layer computes with; packed numbers are stored in another."""
        value = value_of(self.layer, self.attribute)
        return tuple(getattr(self.kept if value is None else value, "shape", ()))

    def numbers(self) -> np.ndarray | None:
        """Return what the layer computes with, or None if its zeros cannot be told."""
        return numbers_in(self.layer, self.attribute) if self.layer.built else None


def kernels(model: keras.Model, include: Selectors = None, exclude: Selectors = None) -> Variables:
    """Return the prunable variables of `model`, as {"conv/kernel": variable}.

    Names are layer names, with those of nested models and layers before them; a layer used twice
    comes once. Without `include` these are the kernels of Dense, EinsumDense, convolution,
    recurrent and attention layers. `include` takes only what it names, and may name more:
    embeddings, and the matrices of layers of your own. `exclude` leaves out. Each is a pattern
    such as "block1/*", a layer, a class of layers, a function (layer, name) -> bool, or a list.
    A layer that the model has never called has no weights, and is left alone (see `skipped`).

    Raises ValueError when the model is not built yet, has nothing to prune, holds a kernel that is
    quantized or computed by LoRA and not left out, or a selector finds nothing.

    >>> from course_utils.models import article_cnn
    >>> list(kernels(article_cnn()))
    ['conv/kernel', 'dense/kernel', 'output/kernel']
    >>> list(kernels(article_cnn(), exclude="output/*"))
    ['conv/kernel', 'dense/kernel']
    """
    return {found.name: found.variable for found in chosen(model, include, exclude)}


def weights(model: keras.Model, include: Selectors = None, exclude: Selectors = None) -> Weights:
    """Return copies of the prunable kernels, as {"conv/kernel": array}; see `kernels`.

    Reading is not pruning: a quantized kernel comes as the whole numbers that are stored, so that
    its zeros can be counted, one with LoRA as the sum. One that cannot be read is left out.

    >>> from course_utils.models import article_cnn
    >>> weights(article_cnn())["conv/kernel"].shape
    (3, 3, 1, 32)
    """
    arrays = {found.name: found.numbers() for found in chosen(model, include, exclude)}
    return {name: array for name, array in arrays.items() if array is not None}


def layouts(model: keras.Model) -> dict[str, str]:
    """Return what the axes of each kernel mean: s spatial, i input, o output, c both.

    `masking.make_masks(..., granularity="filter", layouts=pruning.layouts(model))` needs them for
    transposed, depthwise and attention layers; for the others they are what is taken anyway.

    >>> from course_utils.models import article_cnn
    >>> layouts(article_cnn())
    {'conv/kernel': 'ssio', 'dense/kernel': 'io', 'output/kernel': 'io'}
    """
    return {found.name: found.layout for found in candidates(model)}


def skipped(
    model: keras.Model, include: Selectors = None, exclude: Selectors = None
) -> dict[str, str]:
    """Return every weight of `model` that is not pruned, by name, with the reason why not.

    >>> from course_utils.models import article_cnn
    >>> list(skipped(article_cnn()).items())[0]
    ('conv/bias', 'a bias: there are few, and they shift rather than connect')
    """
    taken = {id(one.kept) for one in picked(model, include, exclude) if not one.why_not}
    why = {
        id(one.kept): reason or one.why_not or one.on_request
        for one, reason in _left_out(model, include, exclude)
    }
    return {
        name: why.get(id(v)) or _reason(owner, v)
        for name, (owner, v) in _named(model).items()
        if id(v) not in taken
    }


def named_weights(model: keras.Model) -> Variables:
    """Return every weight of the model once, by name; what can be pruned is named as there."""
    return {name: variable for name, (_, variable) in _named(model).items()}


def chosen(
    model: keras.Model, include: Selectors = None, exclude: Selectors = None
) -> list[Kernel]:
    """Return what `kernels` takes, with its layers and layouts, whether a mask can hold it or not.

    Raises ValueError where there is nothing.
    """
    found = picked(model, include, exclude)
    if not found:
        raise ValueError(
            f"model {model_of(model).name!r} has no kernel to prune: there is no Dense, "
            "convolution, recurrent or attention layer in it, or all are left out, so there is "
            "nothing to prune."
        )
    return found


def picked(
    model: keras.Model, include: Selectors = None, exclude: Selectors = None
) -> list[Kernel]:
    """Return what `chosen` returns, or nothing: a model without kernels can be read, too.

    Of a model that is built, layers that are not are never called: they are left alone.
    """
    taken = [
        one
        for one, reason in _left_out(model, include, exclude)
        if not reason and (as_list(include) or not one.on_request)
    ]
    refuse_equal_names(taken)
    built = [one for one in taken if one.layer.built]
    if taken and (not built or (len(built) < len(taken) and not model_of(model).built)):
        _ = next(one for one in taken if not one.layer.built).variable  # which refuses it
    return built


def candidates(model: keras.Model) -> list[Kernel]:
    """Return all that could be pruned, on request too, each variable once."""
    found: dict[object, Kernel] = {}
    for one in used(model):  # of tied layers, the first
        found.setdefault(one.name if one.kept is None else id(one.kept), one)
    return list(found.values())


def used(model: keras.Model) -> list[Kernel]:
    """Return all that could be pruned, once for each layer that computes with it."""
    found: dict[tuple[int, str], Kernel] = {}
    for prefix, owners in (("", (model_of(model),)), *walk(model_of(model))):
        for attribute, layout, on_request in prunable(owners[-1]):
            one = Kernel(f"{prefix}{attribute}", owners, attribute, layout, on_request)
            found.setdefault((id(one.layer), attribute), one)
    return list(found.values())


def refuse_equal_names(taken: list[Kernel]) -> None:
    """Raise ValueError where one name would stand for two weights."""
    names = [found.name for found in taken]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two layers are both called {name!r}; give each a name of its own.")


def _named(model: keras.Model) -> dict[str, tuple[keras.Layer, keras.Variable]]:
    """Return every weight once, by its name, with the layer that it belongs to."""
    model = model_of(model)
    names = {id(one.kept): one.name for one in candidates(model)}
    found: dict[int, tuple[str, keras.Layer, keras.Variable]] = {}
    for prefix, owners in (("", (model,)), *walk(model)):
        for variable in own_weights(owners[-1]):
            name = names.get(id(variable), f"{prefix}{variable.name}")
            found.setdefault(id(variable), (name, owners[-1], variable))
    named: dict[str, tuple[keras.Layer, keras.Variable]] = {}
    for name, owner, variable in found.values():
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        name = next(one for one in itertools.chain([name], numbered) if one not in named)
        named[name] = owner, variable
    return named


def _left_out(
    model: keras.Model, include: Selectors, exclude: Selectors
) -> list[tuple[Kernel, str]]:
    """Return all that could be pruned, and why the caller's choice leaves it out, or ""."""
    everything = candidates(model)
    places = [(one.name, one.owners) for one in everything]
    return [*zip(everything, left_out(places, include, exclude), strict=True)]


def _reason(owner: keras.Layer, variable: keras.Variable) -> str:
    if "bias" in variable.name:
        return "a bias: there are few, and they shift rather than connect"
    if isinstance(owner, _NORMALIZATION):
        return "normalization: it scales and shifts, and is as large as a bias"
    if not trained_by(holder_of(owner), variable):
        return "a state, which is not trained"
    return f"no kernel, but the {variable.name} of a {type(owner).__name__} layer"
