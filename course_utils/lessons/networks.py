"""Trained networks that travel with the course, so that a lesson begins in a second.

Each is a file of weights in trained/, made by benchmarks/starting_networks.py from the recipe here;
trained/networks.csv holds their digests and test accuracies.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course_utils import models
from course_utils.backend import keras
from course_utils.lessons import recorded, tasks
from course_utils.lessons.data import Dataset, load_mnist
from course_utils.lessons.progress import Progress, quick_mode
from course_utils.lessons.tasks import hearing, reading, speech, text

FOLDER = Path(__file__).parent / "trained"
STAND_IN = 12  # epochs on the stand-in's 1,197 images, for a network that knows MNIST
SCENES, SPEAKERS, LINES = (4096, 500, 1000), (150, 30, 60), (8000, 1000, 3000)

Splits = tuple[tuple, tuple]  # (x, y) to train on, (x, y) to test with


@dataclass(frozen=True)
class Recipe:
    """How a network is built and trained: the first `images` of the training split, with seed 0.

    `load` returns other data than MNIST.
    """

    build: Callable[[], keras.Model]
    epochs: int
    batch_size: int = 128
    images: int = 20_000
    load: Callable[[], Splits] | None = None


def small_dense(widths: tuple[int, int] = (5, 10), seed: int = 0) -> keras.Model:
    """Return the capstone's network of few filters, untrained: nothing is pruned in it.

    >>> small_dense().count_params()
    3000
    """
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    parts = [
        layers.Conv2D(widths[0], 5, activation="relu", name="conv1"),
        layers.MaxPooling2D(2, name="pool1"),
        layers.Conv2D(widths[1], 5, activation="relu", name="conv2"),
        layers.MaxPooling2D(2, name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(10, activation="softmax", name="output"),
    ]
    return models.compiled(keras.Sequential([keras.Input((28, 28, 1), name="image"), *parts]))


def _falling(model: keras.Model) -> keras.Model:
    """Return a network of scenes, compiled for a rate that falls to zero in four epochs."""
    rate = keras.optimizers.schedules.CosineDecay(5e-3, 4 * SCENES[0] // 32)
    model.compile(keras.optimizers.Adam(rate), model.loss)
    return model


def _boxes() -> Splits:
    """Return scenes with what a detector should answer, and test scenes with their objects."""
    train, _, test = tasks.load_scenes(load_mnist(), SCENES)
    cells = tasks.to_cells(train.objects, len(train), train.images.shape[1])
    return (train.images, cells), (test.images, test.objects)


def _pixels() -> Splits:
    """Return small scenes with the class of each pixel."""
    train, _, test = tasks.load_scenes(load_mnist(), SCENES, tasks.Canvas(24, (14,), 3))
    return (train.images, train.pixels), (test.images, test.pixels)


def _vowels() -> Splits:
    """Return spectrograms and their vowels."""
    train, _, test = speech.load_vowels(SPEAKERS)
    return tuple((hearing.log_mel(part.waves), part.vowel) for part in (train, test))


def _lines() -> Splits:
    """Return lines as numbers, and their kinds."""
    train, _, test = text.load_lines(LINES)
    return (train.ids, train.kind), (test.ids, test.kind)


RECIPES = {
    "lenet5": Recipe(models.lenet5, epochs=4),
    "lenet300": Recipe(models.lenet300, epochs=4),
    "norm_cnn": Recipe(models.norm_cnn, epochs=2),
    "residual_cnn": Recipe(models.residual_cnn, epochs=3),
    "article_cnn": Recipe(models.article_cnn, epochs=10, batch_size=32, images=50_000),
    "small_dense": Recipe(small_dense, epochs=9, batch_size=64),
    "detector": Recipe(lambda: _falling(tasks.detector()), 4, 32, load=_boxes),
    "unet": Recipe(lambda: _falling(tasks.unet()), 4, 32, load=_pixels),
    "vowel_cnn": Recipe(hearing.vowel_cnn, 8, load=_vowels),
    "vowel_gru": Recipe(hearing.vowel_gru, 8, load=_vowels),
    "text_gru": Recipe(reading.text_gru, 5, load=_lines),
    "text_transformer": Recipe(reading.text_transformer, 5, load=_lines),
}


def trained(name: str, data: Dataset | None = None) -> keras.Model:
    """Return a compiled network with its trained weights, and a new optimizer.

    The weights are those of MNIST. Where `data` is the stand-in, they are trained on with its
    images. Raises KeyError for an unknown name, ValueError for a file that is not the course's.

    >>> trained("lenet300").count_params()
    266610
    """
    model = _recipe(name).build()
    path = recorded.intact(FOLDER / f"{name}.weights.h5", table()[name]["sha256"])
    model.load_weights(path)
    if data is not None and data.stand_in:
        epochs = 1 if quick_mode() else STAND_IN
        progress = Progress(f"{name} on the stand-in", epochs)
        model.fit(data.x_train, data.y_train, 64, epochs, verbose=0, callbacks=[progress])
        model = _fresh(name, model)
    return model


def train(name: str) -> keras.Model:
    """Train the network as it was for the course, and return it with a new optimizer.

    Results of other machines differ in the last digits, and so the networks a little.
    """
    recipe = _recipe(name)
    model, (x, y), _ = recipe.build(), *splits(name)
    if quick_mode():
        x, y = x[:640], y[:640]
    epochs = 1 if quick_mode() else recipe.epochs
    progress = Progress(name, epochs)
    model.fit(x, y, recipe.batch_size, epochs, verbose=0, callbacks=[progress])
    return _fresh(name, model)


def splits(name: str) -> Splits:
    """Return what a network is trained on and tested with, each as (x, y)."""
    recipe = _recipe(name)
    if recipe.load is not None:
        return recipe.load()
    data = load_mnist().head(recipe.images)
    return (data.x_train, data.y_train), (data.x_test, data.y_test)


def table() -> dict[str, dict[str, str]]:
    """Return the recorded digest and test accuracy of each network."""
    with (FOLDER / "networks.csv").open(newline="") as file:
        return {row["network"]: row for row in csv.DictReader(file)}


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise KeyError(f"no trained network is called {name!r}; there are {sorted(RECIPES)}.")
    return RECIPES[name]


def _fresh(name: str, model: keras.Model) -> keras.Model:
    """Return the same network with an optimizer that knows nothing of the training so far."""
    new = _recipe(name).build()
    new.set_weights(model.get_weights())
    return new
