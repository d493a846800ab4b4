"""Import TensorFlow and Keras without their start-up chatter; Keras's private side is used here.

Every other module takes Keras from here: `from course_utils.backend import keras`. What Keras
has no public name for is collected below, and what only structural pruning needs in its `symbolic`
and `internals`, so that a new version of Keras can break these files only.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator


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


# They are read when TensorFlow loads; a value that the user has set stays.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# An error is a Python exception and still arrives; only what C++ prints is dropped.
with silent_stderr():
    import keras as keras
    import tensorflow as tf  # noqa: F401

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


def recompile(model: keras.Model) -> None:
    """Rebuild the model's compiled train and test steps, if any, so that they see what changed.

    A step that was compiled earlier silently ignores a constraint or a penalty that a variable was
    given afterwards.

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
    """Create the optimizer's variables now, if a compiled model has none yet.

    Left to itself, Keras creates them inside the first train step, and TensorFlow traces a step
    that creates variables twice; a metric given by its name has the same effect. For the course's
    networks tracing takes longer than the steps. Training stays the same to the last bit.

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
    """Replace each layer's `call` with `wrap(layer, layer.call)` while the block runs.

    Afterwards the layers are as before, even after an error.

    >>> layer = keras.layers.ReLU()
    >>> with wrapped_calls([layer], lambda layer, call: lambda inputs: -call(inputs)):
    ...     float(layer(keras.ops.ones(())))
    -1.0
    """
    before = {}
    for layer in layers:  # a quantized layer computes with a function of another name
        name = "call" if layer.quantization_mode is None else "quantized_call"
        before[id(layer)] = layer, name, vars(layer).get(name)
    try:
        for layer, name, _ in before.values():
            # Into the instance, beneath Keras's own book-keeping of attributes.
            vars(layer)[name] = wrap(layer, getattr(layer, name))
        yield
    finally:
        for layer, name, call in before.values():
            vars(layer).pop(name, None)
            if call is not None:
                vars(layer)[name] = call


def layers_inside(layer: keras.Layer) -> list[keras.Layer]:
    """Return the layers directly inside a layer; only models have `model.layers`.

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


def kept_under(layer: keras.Layer, name: str) -> keras.Variable | None:
    """Return the variable that a layer keeps under a name, even if it computes with another.

    With LoRA or packed numbers `layer.kernel` is computed from what is kept. None if a layer
    keeps no variable of that name.

    >>> layer = keras.layers.Dense(3)
    >>> layer.build((None, 4))
    >>> layer.enable_lora(1)
    >>> tuple(kept_under(layer, "kernel").shape)
    (4, 3)
    """
    for one in (name, f"_{name}"):
        value = value_of(layer, one)
        if isinstance(value, keras.Variable):
            return value
    return None


def value_of(layer: keras.Layer, name: str) -> object:
    """Return an attribute of a layer, or None if it is missing or a property that raises.

    >>> value_of(keras.layers.Dense(3), "kernel") is None  # not built
    True
    """
    try:
        return getattr(layer, name, None)
    except Exception:
        return None


def compile_settings(model: keras.Model) -> dict:
    """Return what a model was compiled with, by argument of `compile`.

    `get_compile_config` drops every custom loss and metric.

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


def operations_on(tensor: keras.KerasTensor) -> list[keras.Operation]:
    """Return the layers and operations that read an input of a model.

    >>> image = keras.Input((4,))
    >>> _ = keras.layers.Dense(2, name="first")(image)
    >>> [one.name for one in operations_on(image)]
    ['first']
    """
    return [node.operation for node in operation_of(tensor)._outbound_nodes]


def inputs_by_name(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """Return the symbolic inputs of a model in its own order; {} if it declares none.

    >>> image = keras.Input((4,), name="image")
    >>> list(inputs_by_name(keras.Model(image, keras.layers.Dense(2)(image))))
    ['image']
    """
    inputs = getattr(model, "inputs", None) or []
    form = None if isinstance(model, keras.Sequential) else getattr(model, "input", None)
    if isinstance(form, dict):  # flat in the order of its sorted names
        names = [path[-1] for path, _ in keras.tree.flatten_with_path(form)]
        return dict(zip(names, keras.tree.flatten(form), strict=True))
    return {operation_of(tensor).name: tensor for tensor in inputs}


@contextlib.contextmanager
def states_kept(model: keras.Model) -> Iterator[None]:
    """Restore after the block what no optimizer moves: statistics, recurrent states, random seeds.

    >>> remembers = keras.layers.GRU(1, stateful=True)
    >>> model = keras.Sequential([keras.Input((2, 1), batch_size=1), remembers])
    >>> with states_kept(model):
    ...     _ = model(keras.ops.ones((1, 2, 1)))
    >>> float(remembers.states[0][0, 0])
    0.0
    """
    layers = list(model._flatten_layers())
    trained = {id(v) for layer in layers for v in layer._trainable_variables}
    # Keras does not count what a stateful recurrent layer remembers among its variables.
    remembered = [v for one in layers for v in keras.tree.flatten(getattr(one, "states", None))]
    everything = [*model.variables, *(v for v in remembered if isinstance(v, keras.Variable))]
    states = [variable for variable in everything if id(variable) not in trained]
    before = [(variable, keras.ops.convert_to_numpy(variable)) for variable in states]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)
