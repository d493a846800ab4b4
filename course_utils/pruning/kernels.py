"""Which weights of a model can be pruned: found by what each layer is, and named after it."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from course_utils.backend import keras

_L = keras.layers

# What has weights worth pruning: under which attribute, and what their axes mean (see
# masking.layouts). Biases and normalization parameters stay: there are few of them, and they
# shift or scale rather than connect. None: the layer's equation tells.
_KERNELS = (
    (_L.SeparableConv1D, {"depthwise_kernel": "sco", "pointwise_kernel": "sio"}),
    (_L.SeparableConv2D, {"depthwise_kernel": "ssco", "pointwise_kernel": "ssio"}),
    (_L.DepthwiseConv1D, {"kernel": "sco"}),
    (_L.DepthwiseConv2D, {"kernel": "ssco"}),
    (_L.Conv1DTranspose, {"kernel": "soi"}),
    (_L.Conv2DTranspose, {"kernel": "ssoi"}),
    (_L.Conv3DTranspose, {"kernel": "sssoi"}),
    (_L.Conv1D, {"kernel": "sio"}),
    (_L.Conv2D, {"kernel": "ssio"}),
    (_L.Conv3D, {"kernel": "sssio"}),
    (_L.Dense, {"kernel": "io"}),
    (_L.EinsumDense, {"kernel": None}),
    (
        (_L.LSTM, _L.GRU, _L.SimpleRNN, _L.LSTMCell, _L.GRUCell, _L.SimpleRNNCell),
        {"kernel": "io", "recurrent_kernel": "io"},
    ),
    (_L.ConvLSTM1D, {"kernel": "sio", "recurrent_kernel": "sio"}),
    (_L.ConvLSTM2D, {"kernel": "ssio", "recurrent_kernel": "ssio"}),
    (_L.ConvLSTM3D, {"kernel": "sssio", "recurrent_kernel": "sssio"}),
)
_ON_REQUEST = ((_L.Embedding, {"embeddings": "io"}),)
# Their weights belong to a cell inside, which is not named: its name changes from run to run.
_WITH_CELL = (_L.LSTM, _L.GRU, _L.SimpleRNN, _L.ConvLSTM1D, _L.ConvLSTM2D, _L.ConvLSTM3D)
# Of layers whose weights nobody can know: what Keras's own have with as many axes.
_LAYOUTS = {2: "io", 3: "sio", 4: "ssio", 5: "sssio"}
_NORMALIZATION = (
    _L.BatchNormalization,
    _L.LayerNormalization,
    _L.GroupNormalization,
    _L.RMSNormalization,
    _L.SpectralNormalization,
)

Selector = str | keras.Layer | type | Callable[[keras.Layer, str], bool]
Selectors = Selector | Sequence[Selector] | None


@dataclass(frozen=True)
class Found:
    """A weight that can be pruned: its name, where it is, what its axes mean."""

    name: str
    owners: tuple[keras.Layer, ...]  # the layer it belongs to last, before it what that lies in
    attribute: str
    layout: str
    on_request: bool = False

    @property
    def built(self) -> bool:
        """Tell whether the layer has its weights already."""
        return holder_of(self.owners[-1]).built

    @property
    def stored(self) -> bool:
        """Tell whether the layer is built and stores this weight as floats, so it can be held."""
        variable = getattr(holder_of(self.owners[-1]), self.attribute) if self.built else None
        # LoRA computes the kernel on the fly; quantization stores whole numbers.
        is_variable = isinstance(variable, keras.Variable)
        return is_variable and keras.backend.is_float_dtype(variable.dtype)

    @property
    def variable(self) -> keras.Variable:
        """The variable itself; raises ValueError where there is none, or none that can be held."""
        if not self.built:
            raise ValueError(
                f"layer {self.owners[-1].name!r} has no weights yet. Build the model first: give "
                "it a keras.Input, or call it once on a batch."
            )
        if not self.stored:
            raise ValueError(
                f"{self.attribute} of layer {self.owners[-1].name!r} is computed from other "
                "weights or quantized (LoRA, int8), so it cannot be pruned. Prune first, then "
                "quantize, or leave the layer out with `exclude`."
            )
        return getattr(holder_of(self.owners[-1]), self.attribute)


def kernels(
    model: keras.Model, include: Selectors = None, exclude: Selectors = None
) -> dict[str, keras.Variable]:
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


def weights(
    model: keras.Model, include: Selectors = None, exclude: Selectors = None
) -> dict[str, np.ndarray]:
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
    possible = {id(found.variable): found for found in candidates(model) if found.stored}
    owners = {id(variable): owner for _, owner, variable in _every_weight(model)}
    return {
        name: _reason(owners[id(v)], v, possible.get(id(v)), include, exclude)
        for name, v in named_weights(model).items()
        if id(v) not in taken
    }


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """Return every weight of the model once, by name; what can be pruned is named as there."""
    possible = {id(found.variable): found.name for found in candidates(model) if found.stored}
    named: dict[str, keras.Variable] = {}
    for name, _, variable in _every_weight(model):
        named[_unused(possible.get(id(variable), name), named)] = variable
    return named


def chosen(model: keras.Model, include: Selectors = None, exclude: Selectors = None) -> list[Found]:
    """Return what `kernels` takes, with its layers and layouts."""
    everything = candidates(model)
    wanted = as_list(include)
    for selector in (*wanted, *as_list(exclude)):
        if not any(matches(selector, found) for found in everything):
            names = [found.name for found in everything]
            raise ValueError(f"{selector!r} matches no weight of this model; it has {names}.")
    taken = [
        found
        for found in everything
        if (any(matches(s, found) for s in wanted) if wanted else not found.on_request)
        and not any(matches(s, found) for s in as_list(exclude))
    ]
    if not taken:
        raise ValueError(
            f"model {model.name!r} has no kernel to prune: there is no Dense, convolution, "
            "recurrent or attention layer in it, or all are left out, so there is nothing to prune."
        )
    refuse_equal_names(taken)
    return taken


def candidates(model: keras.Model) -> list[Found]:
    """Return all that could be pruned, on request too, each variable once."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, not {type(model).__name__}.")
    found: list[Found] = []
    seen: set[tuple[int, str]] = set()
    for prefix, owners in (("", (model,)), *walk(model)):
        for attribute, layout, on_request in _attributes(owners[-1]):
            key = (id(holder_of(owners[-1])), attribute)
            if key not in seen:
                seen.add(key)
                found.append(Found(f"{prefix}{attribute}", owners, attribute, layout, on_request))
    return found


def walk(
    layer: keras.Layer, prefix: str = "", owners: tuple[keras.Layer, ...] = ()
) -> Iterator[tuple[str, tuple[keras.Layer, ...]]]:
    """Yield every layer inside a model: the prefix of its weights' names, and what it lies in.

    The layer itself is the last of its owners.
    """
    for inner in inner_layers(layer):
        chain = (*owners, inner)
        yield f"{prefix}{inner.name}/", chain
        yield from walk(inner, f"{prefix}{inner.name}/", chain)


def inner_layers(layer: keras.Layer) -> list[keras.Layer]:
    """Return the layers directly inside a model, a wrapper, or a layer of layers."""
    if isinstance(layer, keras.Model):
        return layer.layers
    if isinstance(layer, _WITH_CELL):
        return []
    # Keras's models list their layers by this method; other layers have no public way.
    inside = layer._flatten_layers(include_self=False, recursive=False)
    # RNN makes this one itself, and its name changes from run to run.
    stacks = [one.cells if isinstance(one, _L.StackedRNNCells) else [one] for one in inside]
    return list(itertools.chain(*stacks))


def holder_of(layer: keras.Layer) -> keras.Layer:
    """Return the layer that has a layer's variables: itself, or the cell of a recurrent one."""
    return layer.cell if isinstance(layer, _WITH_CELL) else layer


def own_weights(layer: keras.Layer) -> list[keras.Variable]:
    """Return a layer's weights without those of the layers inside it."""
    inside = {id(variable) for inner in inner_layers(layer) for variable in inner.weights}
    return [variable for variable in holder_of(layer).weights if id(variable) not in inside]


def read(variable: keras.Variable) -> np.ndarray:
    """Return a copy of a variable's value; bfloat16, which NumPy lacks, as exact float32."""
    return np.array(keras.ops.convert_to_numpy(variable), dtype_of(variable))


def dtype_of(variable: keras.Variable) -> str:
    """Return the type in which `read` gives a variable."""
    name = keras.backend.standardize_dtype(variable.dtype)
    return "float32" if name == "bfloat16" else name


def refuse_equal_names(taken: list[Found]) -> None:
    """Raise ValueError where one name would stand for two weights."""
    names = [found.name for found in taken]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two layers are both called {name!r}; give each a name of its own.")


def _attributes(layer: keras.Layer) -> Iterator[tuple[str, str, bool]]:
    """Yield attribute, layout, and whether it is pruned on request only."""
    for kind, attributes in (*_KERNELS, *_ON_REQUEST):
        if isinstance(layer, kind):
            on_request = (kind, attributes) in _ON_REQUEST
            for name, layout in attributes.items():
                yield name, layout or _einsum_layout(layer.equation), on_request
            return
    if not type(layer).__module__.startswith("keras."):  # a layer of the user's own
        for name, value in vars(layer).items():
            if isinstance(value, keras.Variable) and _trains(layer, value) and value.ndim > 1:
                yield name, _LAYOUTS.get(value.ndim, ""), True


def _trains(layer: keras.Layer, variable: keras.Variable) -> bool:
    """Tell whether the layer trains this weight of its own, or would if it were not frozen."""
    # `variable.trainable` is False in a frozen layer, and so for states and kernels alike.
    return any(variable is one for one in holder_of(layer)._trainable_variables)


def _einsum_layout(equation: str) -> str:
    """Tell inputs from outputs by the equation of an EinsumDense layer.

    >>> _einsum_layout("abc,cde->abde"), _einsum_layout("...x,xy->...y")
    ('ioo', 'io')
    """
    inputs, rest = equation.split(",")
    kernel, outputs = rest.split("->")
    kinds = {(True, False): "i", (False, True): "o", (True, True): "c"}
    return "".join(kinds[letter in inputs, letter in outputs] for letter in kernel)


def _every_weight(model: keras.Model) -> Iterator[tuple[str, keras.Layer, keras.Variable]]:
    """Yield every weight once, with the layer that it belongs to: prefix and its own name."""
    seen: set[int] = set()
    for prefix, owners in (("", (model,)), *walk(model)):
        for variable in own_weights(owners[-1]):
            if id(variable) not in seen:
                seen.add(id(variable))
                yield f"{prefix}{variable.name}", owners[-1], variable


def _reason(
    owner: keras.Layer,
    variable: keras.Variable,
    found: Found | None,
    include: Selectors,
    exclude: Selectors,
) -> str:
    if found is not None:
        if any(matches(s, found) for s in as_list(exclude)):
            return "left out by `exclude`"
        if include is not None:
            return "not named by `include`"
        if isinstance(owner, _L.Embedding):
            return "an embedding: pruned on request, with `include`"
        return f"a weight of {type(owner).__name__}, a layer of your own: on request, by `include`"
    if "bias" in variable.name:
        return "a bias: there are few, and they shift rather than connect"
    if isinstance(owner, _NORMALIZATION):
        return "normalization: it scales and shifts, and is as large as a bias"
    if not _trains(owner, variable):
        return "a state, which is not trained"
    return f"no kernel, but the {variable.name} of a {type(owner).__name__} layer"


def _unused(name: str, taken: dict) -> str:
    """Return a name that is not taken yet: a, or a (2), or a (3)."""
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    return next(text for text in itertools.chain([name], numbered) if text not in taken)


def as_list(selectors: Selectors) -> list[Selector]:
    """Return one selector, several or none as a list."""
    if selectors is None:
        return []
    return list(selectors) if isinstance(selectors, list | tuple | set) else [selectors]


def matches(selector: Selector, found: Found) -> bool:
    """Tell whether a selector means this weight."""
    if isinstance(selector, str):
        return any(fnmatchcase(text, selector) for text in (found.name, *_names_of(found)))
    if isinstance(selector, keras.Layer):
        return any(owner is selector for owner in found.owners)
    if isinstance(selector, type):
        return any(isinstance(owner, selector) for owner in found.owners)
    if callable(selector):
        return bool(selector(found.owners[-1], found.name))
    raise TypeError(
        "include and exclude take a pattern, a layer, a class of layers, a function "
        f"(layer, name) -> bool, or a list of these, not {selector!r}."
    )


def _names_of(found: Found) -> list[str]:
    """Return the names of the layers around a weight, from the outermost on: a, a/b, a/b/c.

    A pattern that names a layer or a nested model means all that is in it.
    """
    parts = found.name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]
