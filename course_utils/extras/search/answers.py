"""What is a right answer? What the compiled loss does not say of the outputs is asked for."""

import warnings
from collections.abc import Callable

import numpy as np

from course_utils.backend import compile_settings, keras
from course_utils.pruning.examples import count
from course_utils.pruning.losses import meaning_of

Measure = Callable[[object, object], np.ndarray]  # outputs, labels -> a number for each example

_ASK = "give measure=f, where f(outputs, labels) returns a number for each example"


def measure_for(model: keras.Model) -> Measure:
    """Return `right_answers` as the loss of a model wants it; its mean is Keras's accuracy.

    One output is right on the label's side of 1/2, or of 0 where the loss takes it for a logit.
    Raises ValueError where outputs are no answers: in a regression. A model that is not compiled is
    taken to give classes or probabilities; a warning says where they are none.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    >>> measure_for(model)(np.array([[0.3], [-0.3]]), np.array([1, 1])).tolist()
    [1.0, 0.0]
    """
    loss = compile_settings(model)["loss"] if model.compiled else None
    loss = next(iter(keras.tree.flatten(loss)), None)  # of several outputs none is an answer
    meaning = meaning_of(loss)
    if loss is None or meaning.kind in ("classes", "one-hot"):
        return right_answers
    if meaning.kind == "binary":
        threshold = 0.0 if meaning.logits else 0.5
        return lambda outputs, labels: right_answers(outputs, labels, threshold)

    def of_classes(outputs: object, labels: object) -> np.ndarray:
        if np.ndim(outputs) == 1 or np.shape(outputs)[-1:] == (1,) or _fractions(labels):
            said = getattr(loss, "name", getattr(loss, "__name__", loss))
            raise ValueError(f"the loss {said!r} does not say what a right answer is: {_ASK}.")
        return right_answers(outputs, labels)

    return of_classes


def right_answers(outputs: object, labels: object, threshold: float | None = None) -> np.ndarray:
    """Return 1 for each example that is answered rightly, else 0: its mean is the accuracy.

    Outputs (n, classes) with whole-number labels (n,) or one-hot ones (n, classes); or one
    number an example with labels 0 and 1, right if on the label's side of the `threshold`: None
    is 1/2, with a warning where outputs are no probabilities. Raises TypeError for labels that are
    text, ValueError for other shapes, for labels that are none of the classes, and for outputs
    that are NaN.

    >>> right_answers(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])).tolist()
    [1.0, 0.0]
    """
    if isinstance(outputs, list | tuple | dict) or np.ndim(outputs) not in (1, 2):
        raise ValueError(
            f"what a right answer is, is known for one output of shape (n, classes) only: {_ASK}."
        )
    count(outputs)  # which refuses none
    outputs, labels = np.asarray(outputs), np.asarray(labels)
    if labels.dtype.kind not in "biuf":
        raise TypeError(f"labels must be numbers, not {labels.dtype}: give the number of a class.")
    if np.isnan(outputs).any():
        raise ValueError("the model's outputs are NaN: its weights, or the inputs, are too large.")
    if outputs.ndim == 1 or outputs.shape[1] == 1:
        return _sides(outputs.reshape(-1), labels, threshold)
    classes = outputs.shape[1]
    if labels.shape == outputs.shape:
        if labels.min() < 0 or not np.allclose(labels.sum(axis=-1), 1, atol=1e-3):
            raise ValueError(f"labels of the outputs' shape must be one-hot rows, else {_ASK}.")
        labels = labels.argmax(axis=-1)
    if labels.shape not in ((len(outputs),), (len(outputs), 1)):
        raise ValueError(
            f"labels of shape {labels.shape} do not fit outputs of shape {outputs.shape}: give one "
            "class for each example, or one-hot rows of the same width."
        )
    if _fractions(labels) or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels must be classes from 0 to {classes - 1}, as the model has {classes} outputs, "
            f"not {labels.min():g} to {labels.max():g}."
        )
    return (outputs.argmax(axis=-1) == labels.reshape(-1)).astype(float)


def _sides(outputs: np.ndarray, labels: np.ndarray, threshold: float | None) -> np.ndarray:
    one_each = labels.shape in ((len(outputs),), (len(outputs), 1))
    if not one_each or not np.isin(labels, (0, 1)).all():
        raise ValueError(f"of one output the labels must be 0 and 1, one for each example: {_ASK}.")
    if threshold is None and (outputs.min() < 0 or outputs.max() > 1):
        warnings.warn(
            "some outputs are no probabilities, and are counted as right on the label's side of "
            "1/2: compile the model with its loss, such as BinaryCrossentropy(from_logits=True), "
            f"or {_ASK}.",
            stacklevel=2,
        )
    right = (outputs > (0.5 if threshold is None else threshold)) == (labels.reshape(-1) > 0.5)
    return right.astype(float)


def _fractions(labels: object) -> bool:
    return bool((np.asarray(labels) != np.floor(labels)).any())
