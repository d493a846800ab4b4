"""Nothing is lost in silence: what a model is beyond its layers is refused, kept, or named."""

import inspect
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from course_utils.backend import compile_settings, keras
from course_utils.pruning.layers import of_keras, walk
from course_utils.structure.copying import fresh_optimizer
from course_utils.structure.functions import first_line
from course_utils.structure.internals import drawn_as_zeros, read_again
from course_utils.structure.reaching import is_sized, methods, read_by_name
from course_utils.structure.walking import has_graph

# What a class of one's own may train by.
_TRAINING = (
    *("train_step", "test_step", "make_train_function", "make_test_function"),
    *("compute_loss", "compute_metrics", "compute_loss_and_updates"),
)

_USED = ("compile", "fit", "evaluate", "predict")  # names that Keras's models have too


def is_kept(model: keras.Model, changes: Callable[[keras.Operation], bool]) -> bool:
    """Tell whether what is left of a model can be of the same class.

    Where a class builds its own layers in its constructor, it would build them as they were.
    """
    maker = next(kind for kind in type(model).__mro__ if "__init__" in vars(kind))
    spec = inspect.getfullargspec(vars(maker)["__init__"])
    takes_graph = spec.args[1:3] == ["inputs", "outputs"] or (spec.varargs and spec.varkw)
    return bool(of_keras(maker) or takes_graph) or not changes(model)


def refuse_what_would_be_lost(
    model: keras.Model,
    changes: Callable[[keras.Operation], bool],
    cut_sizes: Callable[[keras.Variable], set[int]],
) -> None:
    """Raise ValueError for what no smaller model could have, saying how to go on."""
    kept = is_kept(model, changes)
    own = [name for name in _TRAINING if not kept and not of_keras(_owner(type(model), name))]
    if own:
        raise ValueError(
            f"model {model.name!r} is trained by the {' and '.join(own)} of its class "
            f"{type(model).__name__}, whose constructor builds the layers, so that no smaller "
            "model can be of that class. Shrink its graph alone, shrink(keras.Model(model.input, "
            "model.output), ...), which is trained by the loss that you compile it with; or give "
            "the class a constructor that takes inputs and outputs."
        )
    operations = [*_all_operations(model)]
    read = any(True for _ in read_by_name(operations))  # in one go: mostly none does
    for layer in operations if read else ():
        for name, one in read_by_name(layer):
            if isinstance(one, keras.Variable) or getattr(one, "variables", ()):
                _refuse_name(f"layer {layer.name!r} ({type(layer).__name__})", name)
    _refuse_names_in_training(model)
    for variable in model.variables:
        for what in (variable.constraint, variable.regularizer) if cut_sizes(variable) else ():
            if not hasattr(what, "onto") and is_sized(what, cut_sizes(variable)):
                raise ValueError(
                    f"{variable.path} has a {type(what).__name__} that holds arrays, variables or "
                    "sizes; what is left of them is not known. Take it off before, "
                    "variable.constraint = None, and put a new one on what `shrink` returns; or "
                    "give its class a method onto(model, variable, left) that returns the one of a "
                    "smaller variable."
                )
    if model.compiled:
        fresh_optimizer(model.optimizer)


def notes(old: keras.Model, new: keras.Model, pairs: Iterable[tuple]) -> list[str]:
    """Return in words what a smaller model lost, all variables but `pairs`, and its file needs."""
    lost = [*_lost_classes(old, new)]
    tried = _unreadable(new) if lost or not of_keras(type(new)) else ()
    return [*lost, *_unreached(old, pairs), *_needed(new), *tried]


def _lost_classes(old: keras.Model, new: keras.Model) -> Iterator[str]:
    after = {prefix: owners[-1] for prefix, owners in walk(new)}
    before = {prefix: owners[-1] for prefix, owners in walk(old)}
    pairs = [(old, new), *((one, after[at]) for at, one in before.items() if at in after)]
    alike: dict[tuple[type, type], list[str]] = defaultdict(list)
    for one, other in pairs:
        if type(one) is not type(other):
            alike[type(one), type(other)].append(repr(one.name))
    for (kind, plain), names in alike.items():
        lost = [name for name in _offered(kind) if not hasattr(plain, name)]
        lost += [f"its own {name}" for name in _offered(kind) if name in _USED]
        words = f"; not in it: {', '.join(lost)}" if lost else ""
        yield (
            f"{', '.join(names)}: a plain {plain.__name__}, since {kind.__name__} builds its own "
            f"layers{words}. The larger model still has them: let it prepare inputs and read "
            "outputs, and call the smaller one between"
        )


def _unreached(old: keras.Model, pairs: Iterable[tuple]) -> Iterator[str]:
    reached = {id(variable) for variable, _ in pairs}
    spare = [v for v in old.weights if id(v) not in reached]
    if spare:
        count = sum(math.prod(v.shape) for v in spare)
        names = ", ".join(v.path for v in spare[:4])
        yield f"weights that the graph does not reach are not in it: {names} ({count:,} numbers)"


def _needed(model: keras.Model) -> Iterator[str]:
    """Say what must be there when the model's file is loaded."""
    kinds = {type(one): None for one in (model, *_all_operations(model))}
    own = [kind for kind in kinds if not of_keras(kind)]
    packages = sorted({kind.__module__.partition(".")[0] for kind in own} - {"__main__"})
    names = sorted({kind.__name__ for kind in own if kind.__module__ == "__main__"})
    if packages:
        yield f"to load it from a file, import before: {', '.join(packages)}"
    if names:
        yield f"to load it from a file, register or give custom_objects for: {', '.join(names)}"
    if keras.layers.Lambda in kinds:
        yield "to load it from a file, Keras asks for safe_mode=False: there is a Lambda in it"


def _unreadable(model: keras.Model) -> Iterator[str]:
    """Try whether the config tells all of a model, where a class that told more is gone."""
    try:
        with drawn_as_zeros():
            again = read_again(model)
        same = [v.shape for v in again.variables] == [v.shape for v in model.variables]
        why = "" if same else "it is read back with weights of other shapes"
    except Exception as error:
        why = f"{type(error).__name__}: {first_line(error, 100)}"
    if why:
        yield (
            f"it cannot be loaded from a .keras file ({why}). Save its weights, with "
            "save_weights(path), and load them into what `shrink` makes of the same model and masks"
        )


def _refuse_names_in_training(model: keras.Model) -> None:
    own = {id(v) for v in model.variables}
    places = [("its class", [f for k in type(model).__mro__ for f in methods(k)])]
    if model.compiled:
        settings = {k: v for k, v in compile_settings(model).items() if k != "optimizer"}
        places.append(("what it is compiled with", settings))
    for place, holder in places:
        for name, one in read_by_name(holder):
            inside = getattr(one, "variables", [one])
            if own & {id(v) for v in inside}:
                _refuse_name(f"model {model.name!r}, in {place},", name)


def _refuse_name(who: str, name: str) -> None:
    raise ValueError(
        f"{who} reads {name!r} by a global name, so that a smaller model would read the weights "
        "of the larger one. Write it as a layer that is given the other one, and keeps it as an "
        f"attribute (self.other = {name})."
    )


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


def _offered(kind: type) -> list[str]:
    """Return the public names that a class has beyond Keras's."""
    own = [vars(one) for one in kind.__mro__ if not of_keras(one)]
    return sorted({name for names in own for name in names if not name.startswith("_")})


def _owner(kind: type, name: str) -> type:
    return next((one for one in kind.__mro__ if name in vars(one)), keras.Model)
