"""The trained networks that lessons begin with: the right files, and recipes that still hold."""

import shutil
import sys
from pathlib import Path

import pytest

from course_utils.lessons import networks
from course_utils.lessons.data import load_digits, load_mnist

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from starting_networks import quality

SHORT = {"lenet300"}
NAMES = [
    pytest.param(name, marks=() if name in SHORT else pytest.mark.full) for name in networks.RECIPES
]
needs_mnist = pytest.mark.skipif(load_mnist().stand_in, reason="MNIST is not here")


# Their lines are those of this Python's library, and other versions have others.
BY_PYTHON = {"text_gru", "text_transformer"}


def accuracy(model, split):
    return quality(model, *split)


def test_every_recipe_has_a_file_and_every_file_a_recipe():
    files = {path.name.removesuffix(".weights.h5") for path in networks.FOLDER.glob("*.h5")}
    assert files == set(networks.RECIPES) == set(networks.table())


def test_together_they_are_small_enough_to_travel():
    assert sum(path.stat().st_size for path in networks.FOLDER.iterdir()) < 9e6


@needs_mnist
@pytest.mark.filterwarnings("error")  # an optimizer that does not fit the file's is a warning
@pytest.mark.parametrize("name", NAMES)
def test_the_weights_give_the_recorded_accuracy(name):
    _, test = networks.splits(name)
    recorded = float(networks.table()[name]["test_accuracy"])
    found = quality(networks.trained(name), *test)
    assert found == pytest.approx(recorded, abs=0.02 if name in BY_PYTHON else 2e-4)


@needs_mnist
@pytest.mark.parametrize("name", NAMES)
def test_the_recipe_still_gives_that_accuracy(name, monkeypatch):
    monkeypatch.delenv("COURSE_QUICK", raising=False)
    model, (_, test) = networks.train(name), networks.splits(name)
    recorded = float(networks.table()[name]["test_accuracy"])
    # Another order of additions makes another network: LeNet-300-100's seeds differ by 0.3 points.
    found = quality(model, *test)
    assert found == pytest.approx(recorded, abs=0.05 if name in {"detector", "unet"} else 0.02)
    assert model.optimizer.iterations == 0


def test_where_mnist_is_missing_they_learn_the_stand_in(monkeypatch):
    monkeypatch.delenv("COURSE_QUICK", raising=False)
    data = load_digits()
    model = networks.trained("lenet300", data)
    assert accuracy(networks.trained("lenet300"), (data.x_test, data.y_test)) < 0.8
    assert accuracy(model, (data.x_test, data.y_test)) > 0.85
    assert model.optimizer.iterations == 0


def test_a_damaged_file_and_an_unknown_name_are_refused(tmp_path, monkeypatch):
    shutil.copytree(networks.FOLDER, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    path = tmp_path / "lenet300.weights.h5"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match="damaged"):
        networks.trained("lenet300")
    with pytest.raises(KeyError, match="no trained network is called 'lenet'; there are"):
        networks.trained("lenet")
