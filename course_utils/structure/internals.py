"""The private side of Keras that a copy of a layer needs: what it is made of, and what tracks it.

It stands here and in `course_utils.backend`, so that a new version of Keras can break these only.
"""

import contextlib
import functools
import gc
import json
import math
import threading
from collections.abc import Callable, Iterable, Iterator

from course_utils.backend import keras, tf
from course_utils.pruning.layers import of_keras, walk

SMALL = 2**16  # numbers that need not be freed at once


def bare(operation: keras.Operation) -> keras.Operation:
    """Return an object of the same class for which no constructor has run.

    >>> bare(keras.layers.ReLU()).__class__.__name__
    'ReLU'
    """
    kind = type(operation)
    maker = keras.layers.Layer if isinstance(operation, keras.layers.Layer) else keras.Operation
    new = maker.__new__(kind)  # which wraps `build`, so that it is this one's own
    if isinstance(operation, keras.Model):
        _trainer().__init__(new)
    vars(new).update(_inbound_nodes=[], _outbound_nodes=[])
    return new


def with_graph(model: keras.Model, inputs: object, outputs: object, name: str) -> keras.Model:
    """Return a bare model after it was given a graph.

    >>> x = keras.Input((4,))
    >>> with_graph(bare(keras.Model(x, x + 1)), x, keras.layers.ReLU()(x), "m").layers[1].name[:5]
    're_lu'
    """
    keras.src.models.Functional.__init__(model, inputs, outputs, name=name)
    return model


def attributes(operation: keras.Operation) -> dict[str, object]:
    """Return what a layer or operation has, without the graphs that it lies in, and training.

    >>> sorted(set(attributes(keras.layers.ReLU())) & {"name", "max_value", "_inbound_nodes"})
    ['max_value', 'name']
    """
    without = {"_inbound_nodes", "_outbound_nodes", "build", "quantize"}
    without |= {"_obj_reference_counts_dict"}  # which TensorFlow makes when it is asked for
    if isinstance(operation, keras.Model):  # its graph, its compiled steps, its optimizer
        without |= {"_nodes", "_nodes_by_depth", "_inputs", "_outputs", "_inputs_struct"}
        without |= {"_outputs_struct", "_operations_by_depth", "history", "_compile_config"}
        without |= _made_by_training()
    return {key: value for key, value in vars(operation).items() if key not in without}


def same_settings(old: keras.Layer, new: keras.Layer) -> None:
    """Give a model the dtype policy of another, and freeze it alone, not what is in it.

    >>> old, new = (keras.Sequential([keras.layers.Dense(2)]) for _ in range(2))
    >>> old.trainable = False
    >>> same_settings(old, new)
    >>> new.trainable, new.layers[0].trainable
    (False, True)
    """
    new.dtype_policy = old.dtype_policy
    new._trainable = old._trainable


def same_order(old: keras.Model, new: keras.Model, others: Callable[[object], object]) -> None:
    """Let a model list its layers, and so its variables, as the old one does.

    A class that makes its layers before its graph lists them in the order of its attributes.

    >>> old, new = (keras.Sequential([keras.layers.Dense(2)]) for _ in range(2))
    >>> same_order(old, new, lambda layer: new.layers[0])
    """
    place = {id(others(layer)): index for index, layer in enumerate(old._layers)}
    ordered = sorted(new._layers, key=lambda layer: place.get(id(layer), len(place)))
    if type(new._layers) is list:  # the one that Keras goes on tracking
        new._layers[:] = ordered
    else:  # until Keras 3.13 TensorFlow's, which it would not save once it was sorted
        new._layers = ordered


def forget_shapes(layer: keras.Layer) -> None:
    """Let a file of a layer not tell the shapes that it was built for: its graph does.

    A file brings them back as lists. What takes tuples only has been built by its own class.

    >>> layer = keras.layers.Dense(2)
    >>> layer.build((None, 3))
    >>> forget_shapes(layer)
    >>> layer.get_build_config()
    """
    layer._build_shapes_dict = None


def is_tracker(value: object) -> bool:
    """Tell whether something is what knows the variables and layers that a layer was given.

    >>> is_tracker(keras.layers.ReLU())
    False
    """
    return isinstance(value, keras.src.utils.tracking.Tracker)


def retrack(value: object) -> None:
    """Let a tracker that was copied know its own things by their new addresses.

    >>> retrack(keras.layers.ReLU())  # is none: nothing to do
    """
    if is_tracker(value):
        for name, (_, store) in value.config.items():
            value.stored_ids[name] = {id(one) for one in store}


def copied_variable(variable: keras.Variable) -> keras.Variable:
    """Return a variable with the same value, name and path; constraints are left out.

    >>> copied_variable(keras.Variable([1.0, 2.0], name="gain")).numpy().tolist()
    [1.0, 2.0]
    """
    new = keras.Variable(
        tf.identity(variable.value),
        dtype=keras.backend.standardize_dtype(variable._dtype),
        trainable=variable.trainable,
        autocast=variable._autocast,
        aggregation=variable.aggregation,
        synchronization=variable.synchronization,
        name=variable.name,
    )
    new._path = variable.path
    new.overwrite_with_gradient = variable.overwrite_with_gradient
    return new


def read_again(model: keras.Model) -> keras.Model:
    """Return the model that a file's config would be read as, with weights drawn anew.

    >>> read_again(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])).count_params()
    10
    """
    kinds = {type(model), *(type(owners[-1]) for _, owners in walk(model))}
    own = {kind.__name__: kind for kind in kinds if not of_keras(kind)}
    sharing = keras.src.saving.serialization_lib.ObjectSharingScope  # as files are read
    with keras.saving.custom_object_scope(own):
        with sharing():
            config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
        with sharing():
            return keras.saving.deserialize_keras_object(config, safe_mode=False)


def exclude_alike(
    old: keras.optimizers.Optimizer,
    new: keras.optimizers.Optimizer,
    variables: Iterable[tuple[keras.Variable, keras.Variable]],
) -> None:
    """Leave the same variables, given as pairs of old and new, out of weight decay.

    >>> v, w = keras.Variable(1.0), keras.Variable(2.0)
    >>> old, new = keras.optimizers.AdamW(), keras.optimizers.AdamW()
    >>> old.exclude_from_weight_decay([v])
    >>> exclude_alike(old, new, [(v, w)])
    >>> new._use_weight_decay(w)
    False
    """
    if hasattr(old, "inner_optimizer") and hasattr(new, "inner_optimizer"):  # it scales the loss
        exclude_alike(old.inner_optimizer, new.inner_optimizer, variables)
    excluded = getattr(old, "_exclude_from_weight_decay", None)
    pattern = getattr(old, "_exclude_from_weight_decay_pattern", None)
    if excluded or pattern:
        left = [other for one, other in variables if old._var_key(one) in (excluded or ())]
        new.exclude_from_weight_decay(left)
        new._exclude_from_weight_decay_pattern = pattern


def through_graph(model: keras.Model, inputs: object, call: Callable) -> object:
    """Return outputs of a model's graph, with `call(operation, *args, **options)` for each of it.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.ReLU(name="r")])
    >>> through_graph(model, [3.0], lambda layer, value: f"{layer.name} of {value}")
    'r of 3.0'
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model
    return graph._run_through_graph(inputs, operation_fn=lambda one: one, call_fn=call)


@contextlib.contextmanager
def drawn_as_zeros() -> Iterator[None]:
    """Let variables that are made while the block runs be 0 where they would be other numbers.

    Drawing takes longer than everything else that makes a layer, and an array that a variable
    begins with, such as word vectors, is for one size. Configs stay as they are.

    >>> with drawn_as_zeros():
    ...     layer = keras.layers.Dense(1)
    ...     layer.build((None, 2))
    >>> layer.kernel.numpy().tolist(), type(layer.kernel_initializer).__name__
    ([[0.0], [0.0]], 'GlorotUniform')
    """
    init, ones, zeros = keras.src.initializers, keras.initializers.Ones, keras.initializers.Zeros
    drawn = init.random_initializers.RandomInitializer, keras.initializers.Constant
    made, here = keras.Variable._initialize_with_initializer, threading.get_ident()
    small: dict[tuple, object] = {}  # values that many variables begin with

    def initialize(variable: keras.Variable, initializer: Callable) -> None:
        if threading.get_ident() != here:
            return made(variable, initializer)
        own = not getattr(initializer, "__module__", "keras.").startswith("keras.")
        if own or isinstance(initializer, drawn):
            initializer = zeros()
        kind, shape, dtype = type(initializer), variable.shape, variable._dtype
        if kind in (ones, zeros) and math.prod(shape) <= SMALL:
            if (kind, shape, dtype) not in small:
                small[kind, shape, dtype] = initializer(shape, dtype)
            return variable._initialize(small[kind, shape, dtype])
        return made(variable, initializer)

    keras.Variable._initialize_with_initializer = initialize
    try:
        yield
    finally:
        keras.Variable._initialize_with_initializer = made


@contextlib.contextmanager
def garbage_of_its_own() -> Iterator[None]:
    """Let Python look for garbage only among what is made while the block runs.

    Where much is made that stays, it goes through all of TensorFlow again and again, for nothing.

    >>> with garbage_of_its_own():
    ...     layers = [keras.layers.ReLU() for _ in range(9)]
    """
    if gc.get_freeze_count():  # the program has set aside what it likes
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _trainer() -> type:
    return next(kind for kind in keras.Model.__mro__ if kind.__name__ == "TensorFlowTrainer")


@functools.cache
def _made_by_training() -> frozenset[str]:
    """Return the attributes that a model has because it can be trained."""
    trainer = object.__new__(_trainer())
    trainer.__init__()
    return frozenset(vars(trainer))
