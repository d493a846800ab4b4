"""Import TensorFlow and Keras without their start-up chatter; Keras's private side is all here.

Every other module takes Keras from here: `from course_utils.backend import keras`. What Keras
offers no public name for stands below, so that a new version of Keras can break this file only.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator

from course_utils.arrays import whole


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: two of TensorFlow's C++ lines obey no setting."""
    try:
        saved = os.dup(2)
    except OSError:  # no stderr at all, as under pythonw on Windows
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


# Both are read when TensorFlow loads; a value that the user has set stays.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# An error is a Python exception and still arrives; only what C++ prints is dropped.
with silent_stderr():
    import keras as keras
    import tensorflow as tensorflow

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"course_utils needs Keras on TensorFlow, but Keras runs on {keras.backend.backend()!r}. "
        "Set the environment variable KERAS_BACKEND=tensorflow before Python starts."
    )


def model_of(model: object) -> keras.Model:
    """Return a Keras model as it is, and the model of whatever has one, such as its channels.

    Raises TypeError for anything else.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> model_of(model) is model
    True
    """
    inner = model if isinstance(model, keras.Model) else getattr(model, "model", None)
    if not isinstance(inner, keras.Model):
        raise TypeError(f"model must be a Keras model, not {type(model).__name__}.")
    return inner


def batches(data: object, batch_size: int = 128) -> Iterator[object]:
    """Yield the same rows of every array in `data`: an array, or a nest of them, such as (x, y).

    Each part has the form of `data`; the last one may be smaller. Raises ValueError where the
    arrays differ in length, or are empty.

    >>> import numpy as np
    >>> x, y = np.ones((5, 2)), np.arange(5)
    >>> [(xs.shape, ys.tolist()) for xs, ys in batches((x, y), batch_size=3)]
    [((3, 2), [0, 1, 2]), ((2, 2), [3, 4])]
    """
    size = whole(batch_size, "batch_size", least=1)
    lengths = [len(array) for array in keras.tree.flatten(data)]
    if len(set(lengths)) != 1 or not lengths[0]:
        raise ValueError(
            f"all inputs and labels must hold the same number of examples, at least one, not "
            f"{lengths}."
        )
    for start in range(0, lengths[0], size):
        yield keras.tree.map_structure(lambda array, s=start: array[s : s + size], data)


def recompile(model: keras.Model) -> None:
    """Renew the model's train and test steps, where it has them, so that they see what is new.

    A step that is compiled already does not see a constraint or a penalty that a variable was
    given afterwards, and says nothing.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> recompile(model)  # not compiled: nothing to do
    """
    model = model_of(model)
    if not model.compiled:
        return
    if model.train_function is not None:
        model.make_train_function(force=True)
    if model.test_function is not None:
        model.make_test_function(force=True)


def build_optimizer(model: keras.Model) -> None:
    """Make the optimizer's variables now, where a compiled model is without them.

    Left to itself, Keras makes them inside the first train step, and TensorFlow traces a step that
    makes variables twice; a metric given by its name does the same. For the course's networks
    tracing takes longer than the steps. The training stays the same to the last bit.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> model.compile("adam", "mse")
    >>> build_optimizer(model)
    >>> model.optimizer.built
    True
    """
    optimizer = getattr(model, "optimizer", None)
    if model.built and optimizer is not None and not optimizer.built:
        with model.distribute_strategy.scope():  # the state lives where the weights do
            optimizer.build(model.trainable_variables)


@contextlib.contextmanager
def wrapped_calls(
    layers: Iterable[keras.Layer], wrap: Callable[[keras.Layer, Callable], Callable]
) -> Iterator[None]:
    """Put `wrap(layer, layer.call)` in the place of each layer's `call` while the block runs.

    Layers are as before afterwards, also after an error.

    >>> layer = keras.layers.ReLU()
    >>> with wrapped_calls([layer], lambda layer, call: lambda inputs: -call(inputs)):
    ...     float(layer(keras.ops.ones(())))
    -1.0
    """
    before = {id(layer): (layer, vars(layer).get("call")) for layer in layers}
    try:
        for layer, _ in before.values():
            # Into the instance, beneath Keras's own book-keeping of attributes.
            vars(layer)["call"] = wrap(layer, layer.call)
        yield
    finally:
        for layer, call in before.values():
            vars(layer).pop("call", None)
            if call is not None:
                vars(layer)["call"] = call


def layers_inside(layer: keras.Layer) -> list[keras.Layer]:
    """Return the layers directly inside a layer; `model.layers` says so of models only.

    >>> [inner.name for inner in layers_inside(keras.layers.RNN(keras.layers.GRUCell(2, name="g")))]
    ['g']
    """
    return list(layer._flatten_layers(include_self=False, recursive=False))


def trained_by(layer: keras.Layer, variable: keras.Variable) -> bool:
    """Tell whether a layer trains this weight of its own, or would if it were not frozen.

    `variable.trainable` cannot say: it is False in a frozen layer, of states and kernels alike.

    >>> layer = keras.layers.BatchNormalization(trainable=False)
    >>> layer.build((None, 4))
    >>> trained_by(layer, layer.gamma), trained_by(layer, layer.moving_mean)
    (True, False)
    """
    return any(variable is one for one in layer._trainable_variables)


def compile_settings(model: keras.Model) -> dict:
    """Return what a model was compiled with, by argument of `compile`.

    `get_compile_config` has lost every loss and metric of the user's own.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> model.compile("sgd", "mse")
    >>> compile_settings(model)["loss"]
    'mse'
    """
    return dict(model._compile_config.config)


def operation_of(tensor: keras.KerasTensor) -> keras.Operation:
    """Return the layer or operation that makes a symbolic tensor.

    >>> operation_of(keras.Input((4,), name="image")).name
    'image'
    """
    return tensor._keras_history.operation


def has_mask(tensor: keras.KerasTensor) -> bool:
    """Tell whether a tensor carries a mask of steps, as those behind `Masking` do.

    >>> has_mask(keras.layers.Masking()(keras.Input((4, 2)))), has_mask(keras.Input((4, 2)))
    (True, False)
    """
    return getattr(tensor, "_keras_mask", None) is not None


@contextlib.contextmanager
def variables_read() -> Iterator[list[keras.Variable]]:
    """Note the variables whose values are read while the block runs, outside of layers' own calls.

    On symbolic tensors a layer's call only works out shapes, in a scope without state.

    >>> layer = keras.layers.Dense(2)
    >>> x = layer(keras.Input((3,)))
    >>> with variables_read() as read:
    ...     y, z = layer(x[:, :1] + keras.Input((3,))), keras.ops.transpose(layer.kernel)
    >>> [one.name for one in read]
    ['kernel']
    """
    from keras.src.backend.common.stateless_scope import in_stateless_scope

    read: list[keras.Variable] = []
    value = keras.Variable.value

    def noted(variable: keras.Variable) -> object:
        if not in_stateless_scope():
            read.append(variable)
        return value.fget(variable)

    keras.Variable.value = property(noted)
    try:
        yield read
    finally:
        del keras.Variable.value  # that of the class above is there again


def output_spec(layer: keras.Operation, *args: object, **options: object) -> object:
    """Return symbolic outputs of a layer, also where its own way to tell them fails its call.

    A subclass may take arguments that the method it inherited knows nothing of.

    >>> output_spec(keras.layers.Dense(2), keras.Input((3,))).shape
    (None, 2)
    """
    try:
        return type(layer).compute_output_spec(layer, *args, **options)
    except TypeError:
        return keras.Operation.compute_output_spec(layer, *args, **options)


@contextlib.contextmanager
def outputs_by_trial(layers: Iterable[keras.Layer]) -> Iterator[None]:
    """Let symbolic calls of layers go by `output_spec` while the block runs."""
    layers = list(layers)
    try:
        for layer in layers:
            vars(layer)["compute_output_spec"] = functools.partial(output_spec, layer)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("compute_output_spec", None)
