"""Pruned models in files, in other processes, copied, and forgotten."""

import copy
import gc
import json
import pickle
import weakref
from pathlib import Path

import forked
import numpy as np
import pytest
from sizes import few

from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras


def attach(model: keras.Model, sparsity: float = 0.5) -> masking.Masks:
    """Attach masks by magnitude, and return them."""
    masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), sparsity)
    pruning.attach(model, masks)
    return masks


def fit(model: keras.Model, batch) -> None:
    model.fit(*batch, batch_size=8, epochs=2, verbose=0, shuffle=False)


def equal(one: dict, other: dict) -> bool:
    return list(one) == list(other) and all((one[name] == other[name]).all() for name in one)


# Without the package: importing it fails, as on a machine that does not have it.
STRANGER = """
import json, sys
sys.modules["course_utils"] = None
import keras, numpy as np

folder = sys.argv[1]
model = keras.saving.load_model(f"{folder}/model.keras")
data = np.load(f"{folder}/data.npz")
outputs = model.predict(data["x"], verbose=0)
zeros = sum(int((layer.kernel.numpy() == 0).sum()) for layer in model.layers if layer.weights)
model.fit(data["x"], data["y"], verbose=0)
print(json.dumps({
    "modules": [name for name in sys.modules if name.startswith("course_utils.")],
    "same": bool((outputs == data["outputs"]).all()),
    "zeros": zeros,
    "iterations": int(model.optimizer.iterations),
}))
"""


@pytest.fixture(scope="module")
def stranger(tmp_path_factory, pictures) -> dict:
    """What a process without course_utils finds in the file of a pruned, trained CNN."""
    folder = tmp_path_factory.mktemp("saved")
    model = models.article_cnn()
    attach(model, 0.9)
    model.run_eagerly = True
    model.fit(*pictures, verbose=0)
    model.run_eagerly = False
    x, y = pictures
    np.savez(folder / "data.npz", x=x, y=y, outputs=model.predict(x, verbose=0))
    model.save(folder / "model.keras")
    run = forked.run(STRANGER, str(folder), cwd=folder)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.slow
def test_the_file_needs_no_course_utils(stranger):
    assert stranger["modules"] == []


@pytest.mark.slow
def test_the_loaded_model_gives_the_same_outputs(stranger):
    assert stranger["same"]


@pytest.mark.slow
def test_the_loaded_model_has_the_zeros(stranger):
    assert stranger["zeros"] == round(0.9 * 347_040)


@pytest.mark.slow
def test_the_loaded_model_goes_on_training_with_its_optimizer(stranger):
    assert stranger["iterations"] == 4  # two steps before, two after


def test_a_loaded_model_is_plain_and_takes_the_masks_read_off_its_zeros(tiny, batch, tmp_path):
    model = tiny("adam")
    masks = attach(model)
    fit(model, batch)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert pruning.held_masks(loaded) == {}
    assert equal(pruning.masks_from_zeros(loaded), masks)
    pruning.attach(loaded, pruning.masks_from_zeros(loaded))
    fit(loaded, batch)
    assert equal(pruning.masks_from_zeros(loaded), masks)


def test_a_loaded_model_without_masks_grows_back(tiny, batch, tmp_path):
    model = tiny("adam")
    attach(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    fit(loaded, batch)
    assert masking.sparsity(pruning.weights(loaded)) < 0.2


def test_training_saved_in_the_middle_and_resumed_is_training_in_one_go(tiny, batch, tmp_path):
    model, whole = tiny("adam"), tiny("adam")
    for each in (model, whole):
        attach(each)
        fit(each, batch)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    pruning.attach(loaded, pruning.masks_from_zeros(loaded))
    fit(loaded, batch)
    fit(whole, batch)
    for ours, theirs in zip(loaded.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_a_checkpoint_of_dense_weights_loaded_under_a_mask_is_told_and_mended(
    tiny, batch, tmp_path
):
    model = tiny()
    model.save_weights(tmp_path / "dense.weights.h5")
    masks = attach(model)
    model.load_weights(tmp_path / "dense.weights.h5")
    assert sum(pruning.regrown(model).values()) == 36
    fit(model, batch)
    assert equal(pruning.masks_from_zeros(model), masks)


def test_attaching_changes_nothing_in_the_files(tiny, tmp_path):
    """The mask is no weight of the model: files have the same weights by the same names."""
    plain, held = tiny(), tiny()
    pruning.attach(held, pruning.masks_from_zeros(held))
    for name, model in (("plain", plain), ("held", held)):
        model.save_weights(tmp_path / f"{name}.weights.h5")
    sizes = {(tmp_path / f"{name}.weights.h5").stat().st_size for name in ("plain", "held")}
    assert len(sizes) == 1
    assert "Mask" not in held.to_json()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_masks_beside_the_model_in_an_npz_file(tiny, tmp_path, save):
    """The names hold a "/", which a zip file takes for a folder and numpy gives back."""
    model = tiny()
    masks = attach(model)
    path = Path(tmp_path / "masks.npz")
    save(path, **masks)
    with np.load(path) as loaded:
        assert equal(dict(loaded), masks)
        other = tiny()
        pruning.attach(other, loaded)
    assert equal(pruning.held_masks(other), masks)


@pytest.mark.parametrize(
    "duplicate",
    few({"copy": copy.deepcopy, "pickle": lambda m: pickle.loads(pickle.dumps(m))}, "copy"),
)
def test_a_copy_has_the_zeros_and_no_masks_and_the_original_keeps_its_own(tiny, batch, duplicate):
    model = tiny("adam")
    masks = attach(model)
    fit(model, batch)
    other = duplicate(model)
    assert equal(pruning.masks_from_zeros(other), masks)
    assert pruning.held_masks(other) == {}
    fit(other, batch)
    fit(model, batch)
    assert masking.sparsity(pruning.weights(other)) < 0.2
    assert equal(pruning.masks_from_zeros(model), masks)


def test_masks_do_not_keep_a_model_alive(tiny, batch):
    model = tiny("adam")
    attach(model)
    fit(model, batch)
    kernel = pruning.kernels(model)["hidden/kernel"]
    watched = weakref.ref(model)
    del model
    gc.collect()
    assert watched() is None
    assert kernel.constraint is not None  # the variable that someone holds keeps its mask


def test_a_mask_outlives_the_model_that_it_was_attached_with(tiny, batch):
    """The layers go on in another model; the first one is gone."""
    first = tiny()
    masks = attach(first)
    second = models.compiled(keras.Model(first.inputs, first.outputs))
    del first
    gc.collect()
    fit(second, batch)
    assert equal(pruning.masks_from_zeros(second), masks)
