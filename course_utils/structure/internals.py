"""The private side of Keras that a copy of a layer needs: what it is made of, and what tracks it.

It stands here and in `course_utils.backend`, so that a new version of Keras can break these only.
"""

import functools
import json
from collections.abc import Callable, Iterable

from course_utils.backend import keras
from course_utils.backend import tensorflow as tf
from course_utils.pruning.layers import walk


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
    new._layers.sort(key=lambda layer: place.get(id(layer), len(place)))


def forget_shapes(layer: keras.Layer) -> None:
    """Let a file of a layer not tell the shapes that it was built for: its graph does.

    A file brings them back as lists. What takes tuples only has been built by its own class.

    >>> layer = keras.layers.Dense(2)
    >>> layer.build((None, 3))
    >>> forget_shapes(layer)
    >>> layer.get_build_config()
    """
    layer._build_shapes_dict = None


def retrack(value: object) -> bool:
    """Let a tracker that was copied know its own things by their new addresses; tell if it is one.

    >>> retrack(keras.layers.ReLU())
    False
    """
    if type(value).__name__ != "Tracker" or not type(value).__module__.startswith("keras."):
        return False
    for name, (_, store) in value.config.items():
        value.stored_ids[name] = {id(one) for one in store}
    return True


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
    kinds = {type(owners[-1]) for _, owners in walk(model)}
    sharing = keras.src.saving.serialization_lib.ObjectSharingScope  # as files are read
    with keras.saving.custom_object_scope({kind.__name__: kind for kind in kinds}):
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
    for name in ("inner_optimizer",):  # of a loss-scale optimizer
        if hasattr(old, name) and hasattr(new, name):
            exclude_alike(getattr(old, name), getattr(new, name), variables)
    excluded = getattr(old, "_exclude_from_weight_decay", None)
    pattern = getattr(old, "_exclude_from_weight_decay_pattern", None)
    if excluded or pattern:
        left = [other for one, other in variables if old._var_key(one) in (excluded or ())]
        new.exclude_from_weight_decay(left)
        new._exclude_from_weight_decay_pattern = pattern


def _trainer() -> type:
    return next(kind for kind in keras.Model.__mro__ if kind.__name__ == "TensorFlowTrainer")


@functools.cache
def _made_by_training() -> frozenset[str]:
    """Return the attributes that a model has because it can be trained."""
    trainer = object.__new__(_trainer())
    trainer.__init__()
    return frozenset(vars(trainer))
