"""What a model is beyond its layers: its class, what it is trained by, what its file needs."""

import types
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from course_utils.backend import compile_settings, keras
from course_utils.pruning.layers import walk
from course_utils.structure.copying import fresh_optimizer
from course_utils.structure.reaching import has_weights, read_by_name
from course_utils.structure.walking import has_graph

# What a class of one's own may train by.
_TRAINING = (
    "train_step test_step compute_loss compute_metrics make_train_function make_test_function "
    "compute_loss_and_updates stateless_compute_loss"
).split()


def is_kept(model: keras.Model, changes: Callable[[keras.Operation], bool]) -> bool:
    """Tell whether what is left of a model can be of the same class.

    Where a class builds its own layers in its constructor, it would build them as they were.
    """
    maker = next(kind for kind in type(model).__mro__ if "__init__" in vars(kind))
    return _of_keras(maker) or not changes(model)


def refuse_what_would_be_lost(
    model: keras.Model,
    changes: Callable[[keras.Operation], bool],
    is_cut: Callable[[keras.Variable], bool],
) -> None:
    """Raise ValueError for what no smaller model could have, saying how to go on."""
    kept = is_kept(model, changes)
    own = [name for name in _TRAINING if not kept and not _of_keras(_owner(type(model), name))]
    if own:
        raise ValueError(
            f"model {model.name!r} is trained by the {' and '.join(own)} of its class "
            f"{type(model).__name__}, whose constructor builds the layers, so that no smaller "
            "model can be of that class. Shrink its graph alone, shrink(keras.Model(model.input, "
            "model.output), ...), which is trained by the loss that you compile it with; or give "
            "the class a constructor that takes inputs and outputs."
        )
    for layer in _all_operations(model):
        for name, one in read_by_name(layer):
            if isinstance(one, keras.Variable) or one.variables:
                _refuse_name(f"layer {layer.name!r} ({type(layer).__name__})", name)
    _refuse_names_in_training(model)
    for variable in model.variables:
        for what in (variable.constraint, variable.regularizer) if is_cut(variable) else ():
            if what is not None and not hasattr(what, "onto") and _has_arrays(what):
                raise ValueError(
                    f"{variable.path} has a {type(what).__name__} that holds arrays or variables; "
                    "what is left of them is not known. Take it off before, variable.constraint = "
                    "None, and put a new one on what `shrink` returns; or give its class a method "
                    "onto(model, variable, left) that returns the one of a smaller variable."
                )
    if model.compiled:
        fresh_optimizer(model.optimizer)


def notes(old: keras.Model, new: keras.Model) -> list[str]:
    """Return in words what a smaller model has lost, and what its file needs to be loaded."""
    return [*_lost_classes(old, new), *_unreached(old, new), *_needed(new)]


def _lost_classes(old: keras.Model, new: keras.Model) -> Iterator[str]:
    after = {prefix: owners[-1] for prefix, owners in walk(new)}
    pairs = [(old, new)]
    for prefix, owners in walk(old):
        if has_graph(owners[-1]) and isinstance(after.get(prefix), keras.Model):
            pairs.append((owners[-1], after[prefix]))
    for one, other in pairs:
        if type(one) is not type(other):
            lost = sorted(_offered(type(one)) - {*dir(type(other))})
            changed = sorted(_offered(type(one)) & {*dir(type(other))} - {"get_config", "from_config"})
            words = f"{one.name!r} is no {type(one).__name__} any more, but a plain model of Keras"
            for names, verb in ((lost, "it has no"), (changed, "Keras's own are")):
                words += f"; {verb} {', '.join(names)}" if names else ""
            yield (
                f"{words}. What prepares inputs and reads outputs the larger model still has: call "
                "the smaller one on what it has prepared"
            )


def _unreached(old: keras.Model, new: keras.Model) -> Iterator[str]:
    there = {owners[-1].name for _, owners in walk(new)}
    spare = {id(v): v for v in old.variables}
    for _, owners in walk(old):
        if owners[-1].name in there:
            for variable in owners[-1].variables:
                spare.pop(id(variable), None)
    if spare and len(new.variables) < len(old.variables):
        count = sum(int(np.prod(v.shape)) for v in spare.values())
        names = ", ".join(v.path for v in [*spare.values()][:4])
        yield f"weights that the graph does not reach are not in it: {names} ({count:,} numbers)"


def _needed(model: keras.Model) -> Iterator[str]:
    """Say what must be there when the model's file is loaded."""
    kinds = {type(model): None} | {type(one): None for one in _all_operations(model)}
    packages, own = {}, {}
    for kind in kinds:
        root = kind.__module__.partition(".")[0]
        if not _of_keras(kind):
            registered = keras.saving.get_registered_name(kind) != kind.__name__
            (packages if registered else own)[root if registered else kind.__name__] = None
    if packages:
        yield f"to load it from a file, import before: {', '.join(packages)}"
    if own:
        yield f"to load it from a file, give custom_objects for: {', '.join(own)}"
    if keras.layers.Lambda in kinds:
        yield "to load it from a file, Keras asks for safe_mode=False: there is a Lambda in it"


def _refuse_names_in_training(model: keras.Model) -> None:
    own = {id(v) for v in model.variables}
    places = [("its class", [f for k in type(model).__mro__ for f in _functions(k)])]
    if model.compiled:
        settings = {k: v for k, v in compile_settings(model).items() if k != "optimizer"}
        places.append(("what it is compiled with", settings))
    for place, holder in places:
        for name, one in read_by_name(holder):
            inside = [one] if isinstance(one, keras.Variable) else one.variables
            if own & {id(v) for v in inside}:
                _refuse_name(f"model {model.name!r}, in {place},", name)


def _refuse_name(who: str, name: str) -> None:
    raise ValueError(
        f"{who} reads {name!r} by a global name, so that a smaller model would read the weights "
        "of the larger one. Write it as a layer that is given the other one, and keeps it as an "
        f"attribute (self.other = {name})."
    )


def _has_arrays(what: object) -> bool:
    values = [*vars(what).values()] if hasattr(what, "__dict__") else []
    return has_weights(values) or any(np.size(v) > 1 for v in values if np.ndim(v) or False)


def _all_operations(model: keras.Model) -> Iterable[keras.Operation]:
    """Return every layer and operation inside a model, once."""
    found: dict[int, keras.Operation] = {}
    todo = [model]
    while todo:
        one = todo.pop()
        inside = [*one.operations] if has_graph(one) and hasattr(one, "operations") else []
        inside += [owners[-1] for _, owners in walk(one)] if isinstance(one, keras.Layer) else []
        new = {id(inner): inner for inner in inside if id(inner) not in found}
        found |= new
        todo += [inner for inner in new.values() if has_graph(inner)]
    return found.values()


def _functions(kind: type) -> list[types.FunctionType]:
    return [] if _of_keras(kind) else [f for f in vars(kind).values() if callable(f)]


def _offered(kind: type) -> set[str]:
    """Return the public names that a class has beyond Keras's."""
    own = [vars(one) for one in kind.__mro__ if not _of_keras(one)]
    return {name for names in own for name in names if not name.startswith("_")}


def _owner(kind: type, name: str) -> type:
    return next((one for one in kind.__mro__ if name in vars(one)), keras.Model)


def _of_keras(kind: type) -> bool:
    return kind.__module__.startswith("keras.") or kind is object
