"""What a compiled loss tells about a model: whether outputs are classes, and which labels fit."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from course_utils.backend import compile_settings, keras
from course_utils.pruning.examples import takes

_KINDS = {
    "sparsecategoricalcrossentropy": "classes",
    "categoricalcrossentropy": "one-hot",
    "categoricalfocalcrossentropy": "one-hot",
    "binarycrossentropy": "binary",
    "binaryfocalcrossentropy": "binary",
    "kldivergence": "shares",
    "poisson": "counts",
}


@dataclass(frozen=True)
class Meaning:
    """What a loss takes its outputs for.

    `kind`: "classes" with labels as numbers, "one-hot", "binary", "shares", "counts", "number" for
    another loss of Keras, "" for an unknown one.
    """

    kind: str = ""
    logits: bool = False
    ignored: int | None = None  # a label that does not count


def meaning_of(loss: object) -> Meaning:
    """Return what a loss takes its outputs for, given as `compile` takes it.

    >>> meaning_of(keras.losses.BinaryCrossentropy(from_logits=True))
    Meaning(kind='binary', logits=True, ignored=None)
    >>> meaning_of("mse").kind, meaning_of(lambda y, outputs: 0.0).kind
    ('number', '')
    """
    found = keras.losses.get(loss) if isinstance(loss, str) else loss
    kinds = type(found).__mro__ if isinstance(found, keras.losses.Loss) else (found,)
    names = [
        one.__name__.replace("_", "").lower()
        for one in kinds
        if getattr(one, "__module__", "").startswith("keras.") and hasattr(one, "__name__")
    ]
    known = next((_KINDS[name] for name in names if name in _KINDS), "")
    # A loss of one's own derives from Keras's Loss, which alone says nothing.
    number = any(name not in ("loss", "kerassaveable", "lossfunctionwrapper") for name in names)
    config = getattr(found, "get_config", dict)() if known else {}
    return Meaning(
        known or ("number" if number else ""),
        bool(config.get("from_logits", False)),
        config.get("ignore_class"),
    )


def checked_labels(model: keras.Model, y: object) -> None:
    """Make sure that the compiled loss can compare the labels with the outputs.

    Raises TypeError for text, ValueError for classes that there are not, for fractions in the
    place of classes, and for arrays whose shape does not fit the outputs. Of losses of one's own,
    and of outputs whose shape nobody declares, only text is refused.

    >>> from course_utils.models import article_cnn
    >>> checked_labels(article_cnn(), np.array([3, 10]))
    Traceback (most recent call last):
    ValueError: the labels must be classes from 0 to 9, as the model has 10 outputs, not 3 to 10.
    """
    for name, array, loss, shape in _pairs(model, y):
        what = f"the labels of {name!r}" if name else "the labels"
        if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
            raise TypeError(f"{what} must be numbers, not text: give the number of each class.")
        meaning = meaning_of(loss)
        if shape is None or not meaning.kind:
            continue
        most, of = (np.inf, "at least 0") if meaning.kind == "counts" else (1, "from 0 to 1")
        if meaning.kind == "classes":
            _check_classes(what, array, shape, meaning)
        elif not takes(shape, array.shape[1:]):
            raise ValueError(
                f"{what} have the shape {array.shape[1:]}, and the outputs {shape}: the loss "
                "compares them entry by entry."
            )
        elif meaning.kind != "number" and not 0 <= array.min() <= array.max() <= most:
            raise ValueError(f"{what} must be {of}, not {array.min():g} to {array.max():g}.")


def _check_classes(what: str, array: np.ndarray, shape: tuple, meaning: Meaning) -> None:
    places, classes = shape[:-1], shape[-1]
    given = array.shape[1:]
    if len(given) < len(places) or not takes(places, given):
        one_hot = takes(shape, given)
        raise ValueError(
            f"{what} have the shape {given}, where the loss takes one whole number for "
            f"each of the outputs {shape}" + (": give y.argmax(axis=-1)." if one_hot else ".")
        )
    counted = array if meaning.ignored is None else array[array != meaning.ignored]
    if (counted != np.floor(counted)).any():
        raise ValueError(f"{what} must be whole numbers, the numbers of classes.")
    if counted.size and classes and not 0 <= counted.min() <= counted.max() < classes:
        raise ValueError(
            f"{what} must be classes from 0 to {classes - 1}, as the model has {classes} outputs, "
            f"not {counted.min():g} to {counted.max():g}."
        )


def _pairs(model: keras.Model, y: object) -> list[tuple[str, np.ndarray, object, tuple | None]]:
    """Return labels with the loss, and the shape of the outputs, that they belong to."""
    loss = compile_settings(model)["loss"] if model.compiled else None
    made = getattr(model, "outputs", None) or []
    shapes = [tuple(tensor.shape[1:]) for tensor in made]
    arrays = keras.tree.flatten(y)
    if len(arrays) == 1:
        one = keras.tree.flatten(loss) or [None]
        return [("", arrays[0], one[0], shapes[0] if len(shapes) == len(one) == 1 else None)]
    names = list(y) if isinstance(y, Mapping) else [f"{index}" for index in range(len(arrays))]
    if isinstance(y, Mapping):
        form = getattr(model, "output", None)
        sized = form if isinstance(form, Mapping) else dict(zip(model.output_names, made))  # noqa: B905
        shapes = [tuple(sized[n].shape[1:]) if n in sized else None for n in names]
        losses = [loss.get(name) if isinstance(loss, Mapping) else loss for name in names]
        return [*zip(names, (y[name] for name in names), losses, shapes, strict=True)]
    losses = list(loss) if isinstance(loss, list | tuple) else [loss] * len(arrays)
    if isinstance(loss, Mapping) or not len(losses) == len(shapes) == len(arrays):
        return [(name, array, None, None) for name, array in zip(names, arrays, strict=True)]
    return [*zip(names, arrays, losses, shapes, strict=True)]
