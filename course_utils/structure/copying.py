"""Copies of layers as they stand: with all that they hold, and without the graphs they lie in.

A layer is more than its config and its variables: statistics that an adapted Normalization has
computed, vocabularies, tables, layers that it was given. And not every class says in a config what
it was made with. So what does not change is copied part by part, each part once: what two layers
hold, both copies hold.
"""

import functools
import inspect
import types
import weakref
from collections.abc import Callable

import numpy as np

from course_utils.backend import keras, tf
from course_utils.pruning.layers import of_keras
from course_utils.structure.internals import attributes, bare, copied_variable, retrack
from course_utils.structure.reaching import has_weights
from course_utils.structure.walking import has_graph

_PLAIN = (bool, int, float, str, bytes, type, types.ModuleType)
_NEVER_COPIED = (*_PLAIN, keras.KerasTensor, keras.callbacks.Callback)


class Copier:
    """Returns copies of layers, variables, and of all that holds some; everything once.

    `whole` is asked for the copy of a model with a graph. What holds no weights may be shared.

    >>> copier = Copier(lambda model: model)
    >>> layer = keras.layers.Dense(2)
    >>> layer.build((None, 3))
    >>> copier(layer).kernel is copier(layer.kernel)
    True
    """

    def __init__(self, whole: Callable[[keras.Model], keras.Model]) -> None:
        self._whole = whole
        self._copies: dict[int, tuple[object, object]] = {}  # by id() of the old: old, new

    def put(self, old: object, new: object) -> object:
        """Say what the copy of something is, and return it."""
        self._copies[id(old)] = (old, new)
        return new

    def pairs(self) -> list[tuple[keras.Variable, keras.Variable]]:
        """Return all variables that were copied, with their copies."""
        return [p for p in self._copies.values() if isinstance(p[0], keras.Variable)]

    def get(self, old: object) -> object | None:
        """Return the copy of something, if there is one already."""
        return self._copies.get(id(old), (None, None))[1]

    def __call__(self, value: object) -> object:
        """Return the copy of anything."""
        if id(value) in self._copies:
            return self._copies[id(value)][1]
        if value is None or isinstance(value, _NEVER_COPIED):
            return value
        return self._new(value)

    def _new(self, value: object) -> object:
        if isinstance(value, keras.Variable):
            new = self.put(value, copied_variable(value))
            new.regularizer = self(value.regularizer)
            if not hasattr(value.constraint, "onto"):  # others are put on at the end
                new.constraint = self(value.constraint)
            return new
        if isinstance(value, tf.Variable):
            return self.put(value, tf.Variable(value, trainable=value.trainable, name=value.name))
        if isinstance(value, keras.Operation):
            return self._operation(value)
        if isinstance(value, keras.optimizers.Optimizer):  # what it remembers has other shapes
            return self.put(value, fresh_optimizer(value))
        if isinstance(value, np.ndarray):
            return self.put(value, value.copy())
        if isinstance(value, dict | list | set | tuple | frozenset):
            return self._container(value)
        if isinstance(value, weakref.ref):
            inner = value()
            return value if self.get(inner) is None else weakref.ref(self.get(inner))
        return self._callable(value) if callable(value) else self._object(value)

    def _operation(self, old: keras.Operation) -> keras.Operation:
        if has_graph(old):
            return self._whole(old)
        new, parts = self.put(old, bare(old)), attributes(old)
        if of_keras(type(old)) and inspect.getfullargspec(type(old).__init__).args == ["self"]:
            parts.pop("_auto_config", None)  # Identity has none where it was given a dtype policy
        vars(new).update({key: self(part) for key, part in parts.items()})
        retrack(vars(new).get("_tracker"))
        return new

    def _container(self, old: object) -> object:
        if isinstance(old, tuple | frozenset):
            parts = [self(part) for part in old]
            if all(a is b for a, b in zip(old, parts, strict=True)):
                return old
            kind = type(getattr(old, "__wrapped__", old))  # TensorFlow wraps those of layers
            return self.put(old, kind(*parts) if hasattr(old, "_fields") else kind(parts))
        try:
            # The bare methods: a tracked list tells its tracker, which may be locked.
            new = self.put(old, type(old)())
            if isinstance(old, dict):
                dict.update(new, {self(key): self(part) for key, part in old.items()})
            elif isinstance(old, list):
                list.extend(new, map(self, old))
            else:
                set.update(new, map(self, old))
        except TypeError:  # a class of one's own, made in a way of its own
            return self.put(old, old)
        if hasattr(old, "__dict__"):
            vars(new).update({key: self(part) for key, part in vars(old).items()})
        return new

    def _callable(self, old: Callable) -> object:
        if isinstance(old, types.MethodType):
            return types.MethodType(old.__func__, self(old.__self__))
        if isinstance(old, functools.partial):
            return functools.partial(self(old.func), *self(old.args), **self(old.keywords))
        if isinstance(old, types.FunctionType):
            return self._function(old)
        python = getattr(old, "python_function", None)  # of a tf.function, which has traced it
        if python is not None and has_weights([python]):
            return self.put(old, tf.function(self(python)))
        return self._object(old)

    def _function(self, old: types.FunctionType) -> types.FunctionType:
        """Return a function as it is, or closed over the copies of what it was closed over."""
        outside = [old.__closure__, old.__defaults__, old.__kwdefaults__]
        if not has_weights(outside):
            return self.put(old, old)
        cells = tuple(types.CellType() for _ in old.__closure__ or ())
        code = (old.__code__, old.__globals__, old.__name__, old.__defaults__, cells)
        new = self.put(old, types.FunctionType(*code))
        for cell, before in zip(cells, old.__closure__ or (), strict=True):
            cell.cell_contents = self(before.cell_contents)
        new.__defaults__, new.__kwdefaults__ = self(old.__defaults__), self(old.__kwdefaults__)
        new.__qualname__, new.__module__ = old.__qualname__, old.__module__
        vars(new).update(vars(old))
        return new

    def _object(self, old: object) -> object:
        if not hasattr(old, "__dict__") or not has_weights([old]):
            return self.put(old, old)
        new = self.put(old, object.__new__(type(old)))
        vars(new).update({key: self(part) for key, part in vars(old).items()})
        retrack(vars(new).get("_tracker"))
        return new


def fresh_optimizer(old: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Return an optimizer with the same settings that has not made a step.

    Raises ValueError where its config does not tell how to make it.

    >>> fresh_optimizer(keras.optimizers.SGD(0.5)).learning_rate.numpy()
    np.float32(0.5)
    """
    try:
        return type(old).from_config(old.get_config())
    except Exception as error:
        raise ValueError(
            f"the model's optimizer ({type(old).__name__}) cannot be made anew from its config: "
            f"{error}. Give its class, or its learning rate schedule, a get_config that returns "
            "all arguments of its constructor, or shrink the model before it is compiled."
        ) from error
