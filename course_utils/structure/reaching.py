"""What a layer reaches: the variables and layers that it reads, wherever it holds them."""

import contextlib
import dis
import functools
import inspect
import types
import weakref
from collections.abc import Iterable, Iterator

import numpy as np

from course_utils.backend import keras, tf
from course_utils.pruning.layers import of_keras
from course_utils.structure.internals import attributes, is_tracker

_PLAIN = (type(None), bool, int, float, str, bytes, inspect.Signature, keras.InputSpec)
_PLAIN = (*_PLAIN, keras.dtype_policies.DTypePolicy)
_STOP = (*_PLAIN, keras.KerasTensor, keras.callbacks.Callback, type, types.ModuleType, weakref.ref)
_MAY_HOLD = (keras.Layer, keras.Variable, tf.Variable, list, tuple, dict)
_LIBRARIES = ("keras.", "tensorflow.", "numpy.", "course_utils.")


def reached(value: object) -> list[keras.Layer | keras.Variable]:
    """Return all layers and variables inside something: a layer, a list, a function's closure.

    >>> layer = keras.layers.Dense(2, name="d")
    >>> layer.build((None, 3))
    >>> [one.name for one in reached([layer.call])]
    ['d', 'kernel', 'bias']
    """
    return [one for one in _everything(value) if isinstance(one, _MAY_HOLD[:3])]


def has_weights(value: object) -> bool:
    """Tell whether there is a layer, an operation or a variable inside something."""
    kinds = (keras.Operation, keras.Variable, tf.Variable)
    return any(isinstance(one, kinds) for one in _everything(value))


def is_sized(what: object, sizes: Iterable[int | None]) -> bool:
    """Tell whether a constraint or regularizer, none of Keras's, is for axes of these sizes.

    >>> is_sized(keras.regularizers.L2(0.5), (8, 16)), is_sized(None, (8, 16))
    (False, False)
    """
    held = [] if of_keras(type(what)) else [*getattr(what, "__dict__", {}).values()]
    known = {*sizes}  # as they are, or as the side of a square
    sized = any(type(value) is int and {value, value**2} & known for value in held)
    return sized or has_weights(held) or any(np.ndim(v) and np.size(v) > 1 for v in held)


def read_by_name(value: object) -> Iterator[tuple[str, object]]:
    """Yield the layers and variables that functions of a layer, or of many, read as global names.

    No copy can be given others: these are those of the module, or of the notebook.
    """
    seen: set[int] = set()
    inside = [*_everything(value)]
    todo = [one for one in inside if isinstance(one, types.FunctionType)]
    for kind in {type(one): None for one in inside if isinstance(one, keras.Operation)}:
        todo += [f for base in kind.__mro__ for f in methods(base)]
    while todo:
        function = todo.pop()
        if id(function) in seen or (function.__module__ or "").startswith(_LIBRARIES):
            continue
        seen.add(id(function))
        for name in _names(function.__code__):
            value = function.__globals__.get(name)
            if isinstance(value, types.FunctionType):
                todo.append(value)
            elif isinstance(value, _MAY_HOLD):
                yield from ((name, one) for one in reached(value))


def _everything(value: object) -> Iterator[object]:
    """Yield a thing and all that is in it, each once."""
    seen: set[int] = set()
    todo, alive = [value], []
    while todo:
        one = todo.pop()
        if id(one) not in seen and not _is_end(type(one)):
            seen.add(id(one))
            alive.append(one)  # so that no id() is used again
            yield one
            todo += reversed([*_parts(one)])


@functools.lru_cache(4096)
def _is_end(kind: type) -> bool:
    """Tell whether nothing is looked for in things of a class."""
    return issubclass(kind, _STOP)


def _parts(value: object) -> Iterable[object]:
    if is_tracker(value):
        return [store for _, store in value.config.values()]
    if isinstance(value, keras.Operation):
        graph = [*value.operations] if hasattr(value, "operations") else []
        return [*graph, *attributes(value).values()]
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, types.CellType):
        with contextlib.suppress(ValueError):  # not assigned yet
            return [value.cell_contents]
        return []
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, types.FunctionType):
        return [value.__closure__, value.__defaults__, value.__kwdefaults__]
    if isinstance(value, keras.Variable):
        return [value.constraint, value.regularizer]
    if isinstance(value, tf.Variable | tf.Tensor) or type(value).__module__.startswith("numpy"):
        return []
    python = getattr(value, "python_function", None)  # of a tf.function
    return [*getattr(value, "__dict__", {}).values(), *([python] if python else [])]


def methods(kind: type) -> Iterator[types.FunctionType]:
    """Yield the functions that a class has itself, if it is the user's own.

    >>> [*methods(keras.layers.Dense)]
    []
    """
    if not kind.__module__.startswith(_LIBRARIES):
        for one in vars(kind).values():
            function = getattr(one, "fget", None) or getattr(one, "__func__", one)
            function = getattr(function, "python_function", function)  # of a tf.function
            if isinstance(function, types.FunctionType):
                yield function


@functools.lru_cache(4096)
def _names(code: types.CodeType) -> tuple[str, ...]:
    """Return the global names that code reads, that of functions inside it too."""
    found = [
        i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    ]
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return (*found, *(name for one in inner for name in _names(one)))
