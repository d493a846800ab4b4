"""Which weights of a model can be pruned: found by what each layer is, and named after it."""

import itertools
from dataclasses import dataclass

from course_utils.arrays import Weights
from course_utils.backend import keras, model_of, trained_by
from course_utils.pruning.layers import every_weight, holder_of, prunable, read, walk
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
    def stored(self) -> bool:
        """Tell whether the layer is built and stores this weight as floats, so it can be held."""
        holder = holder_of(self.owners[-1])
        variable = getattr(holder, self.attribute) if holder.built else None
        # LoRA computes the kernel on the fly; quantization stores whole numbers.
        is_variable = isinstance(variable, keras.Variable)
        return is_variable and keras.backend.is_float_dtype(variable.dtype)

    @property
    def variable(self) -> keras.Variable:
        """The variable itself; raises ValueError where there is none, or none that can be held."""
        layer = self.owners[-1]
        if not holder_of(layer).built:
            raise ValueError(
                f"layer {layer.name!r} has no weights yet. Build the model first: give "
                "it a keras.Input, or call it once on a batch."
            )
        if not self.stored:
            raise ValueError(
                f"{self.attribute} of layer {layer.name!r} is computed from other "
                "weights or quantized (LoRA, int8), so it cannot be pruned. Prune first, then "
                "quantize, or leave the layer out with `exclude`."
            )
        return getattr(holder_of(layer), self.attribute)


def kernels(model: keras.Model, include: Selectors = None, exclude: Selectors = None) -> Variables:
    """Return the prunable variables of `model`, as {"conv/kernel": variable}.

    Names are layer names, with those of nested models and layers before them; a layer used twice
    comes once. Without `include` these are the kernels of Dense, EinsumDense, convolution,
    recurrent and attention layers. `include` takes only what it names, and may name more:
    embeddings, and the matrices of layers of your own. `exclude` leaves out. Each is a pattern
    such as "block1/*", a layer, a class of layers, a function (layer, name) -> bool, or a list.

    Raises ValueError when the model is not built yet, has nothing to prune, or a selector finds
    nothing.

    >>> from course_utils.models import article_cnn
    >>> list(kernels(article_cnn()))
    ['conv/kernel', 'dense/kernel', 'output/kernel']
    >>> list(kernels(article_cnn(), exclude="output/*"))
    ['conv/kernel', 'dense/kernel']
    """
    return {found.name: found.variable for found in chosen(model, include, exclude)}


def weights(model: keras.Model, include: Selectors = None, exclude: Selectors = None) -> Weights:
    """Return copies of the prunable kernels, as {"conv/kernel": array}; see `kernels`.

    >>> from course_utils.models import article_cnn
    >>> weights(article_cnn())["conv/kernel"].shape
    (3, 3, 1, 32)
    """
    return {name: read(variable) for name, variable in kernels(model, include, exclude).items()}


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
    taken = {id(found.variable) for found in chosen(model, include, exclude)}
    everything = candidates(model)
    reasons = left_out([(one.name, one.owners) for one in everything], include, exclude)
    why = {
        id(one.variable): reason or one.on_request
        for one, reason in zip(everything, reasons, strict=True)
        if one.stored
    }
    owners = {id(variable): owner for _, owner, variable in every_weight(model)}
    return {
        name: why.get(id(v)) or _reason(owners[id(v)], v)
        for name, v in named_weights(model).items()
        if id(v) not in taken
    }


def named_weights(model: keras.Model) -> Variables:
    """Return every weight of the model once, by name; what can be pruned is named as there."""
    possible = {id(found.variable): found.name for found in candidates(model) if found.stored}
    named: Variables = {}
    for name, _, variable in every_weight(model):
        name = possible.get(id(variable), name)
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        named[next(n for n in itertools.chain([name], numbered) if n not in named)] = variable
    return named


def chosen(
    model: keras.Model, include: Selectors = None, exclude: Selectors = None
) -> list[Kernel]:
    """Return what `kernels` takes, with its layers and layouts."""
    model = model_of(model)
    everything = candidates(model)
    reasons = left_out([(one.name, one.owners) for one in everything], include, exclude)
    taken = [
        one
        for one, reason in zip(everything, reasons, strict=True)
        if not reason and (as_list(include) or not one.on_request)
    ]
    if not taken:
        raise ValueError(
            f"model {model.name!r} has no kernel to prune: there is no Dense, convolution, "
            "recurrent or attention layer in it, or all are left out, so there is nothing to prune."
        )
    refuse_equal_names(taken)
    return taken


def candidates(model: keras.Model) -> list[Kernel]:
    """Return all that could be pruned, on request too, each variable once."""
    model = model_of(model)
    found: list[Kernel] = []
    seen: set[tuple[int, str]] = set()
    for prefix, owners in (("", (model,)), *walk(model)):
        for attribute, layout, on_request in prunable(owners[-1]):
            key = (id(holder_of(owners[-1])), attribute)
            if key not in seen:
                seen.add(key)
                found.append(Kernel(f"{prefix}{attribute}", owners, attribute, layout, on_request))
    return found


def refuse_equal_names(taken: list[Kernel]) -> None:
    """Raise ValueError where one name would stand for two weights."""
    names = [found.name for found in taken]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two layers are both called {name!r}; give each a name of its own.")


def _reason(owner: keras.Layer, variable: keras.Variable) -> str:
    if "bias" in variable.name:
        return "a bias: there are few, and they shift rather than connect"
    if isinstance(owner, _NORMALIZATION):
        return "normalization: it scales and shifts, and is as large as a bias"
    if not trained_by(holder_of(owner), variable):
        return "a state, which is not trained"
    return f"no kernel, but the {variable.name} of a {type(owner).__name__} layer"
