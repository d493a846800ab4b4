"""Batches that are made for a model: every kind of input, and nothing of the model moves."""

import numpy as np
import pytest

from course_utils.backend import keras, states_kept
from course_utils.pruning.examples import tensors
from course_utils.pruning.probing import probe

L = keras.layers


def rng():
    return np.random.default_rng(0)


def every_kind() -> keras.Model:
    """Token ids and segments, a mask, pixels, an image of open size, text, and numbers."""
    inputs = {
        "tokens": keras.Input((None,), dtype="int32", name="tokens"),
        "segments": keras.Input((None,), dtype="int32", name="segments"),
        "seen": keras.Input((None,), dtype="bool", name="seen"),
        "pixels": keras.Input((None, None, 3), dtype="uint8", name="pixels"),
        "words": keras.Input((2,), dtype="string", name="words"),
        "numbers": keras.Input((4,), name="numbers"),
    }
    h = L.Embedding(50, 4)(inputs["tokens"]) + L.Embedding(2, 4)(inputs["segments"])
    h = keras.ops.sum(h * keras.ops.cast(inputs["seen"], "float32")[..., None], axis=1)
    looked_up = L.StringLookup(vocabulary=["a", "b"])(inputs["words"])
    h = h + L.Flatten()(L.Embedding(3, 2)(looked_up)) + inputs["numbers"]
    image = L.Conv2D(4, 3)(L.Rescaling(1 / 255)(inputs["pixels"]))
    return keras.Model(inputs, L.Dense(2)(h + L.GlobalAveragePooling2D()(image)))


def test_every_kind_of_input_is_filled_with_what_it_may_hold():
    model = every_kind()
    batch = probe(model, rng=rng(), examples=3)
    assert {name: (array.shape, array.dtype.kind) for name, array in batch.items()} == {
        "tokens": ((3, 8), "i"), "segments": ((3, 8), "i"), "seen": ((3, 8), "b"),
        "pixels": ((3, 32, 32, 3), "u"), "words": ((3, 2), "U"), "numbers": ((3, 4), "f"),
    }  # fmt: skip
    assert 2 <= batch["tokens"].max() < 50
    assert batch["segments"].max() == 1
    assert batch["seen"][:, 0].all()
    assert not batch["seen"].all()
    assert batch["pixels"].max() > 200
    assert np.isfinite(np.asarray(model(tensors(batch)))).all()
    again = probe(model, rng=rng(), examples=3)
    assert all((batch[name] == again[name]).all() for name in batch)
    assert not probe(model)["numbers"].any()


def test_ids_fit_the_embedding_that_reads_them_in_a_model_within():
    tokens = keras.Input((5,), dtype="int32")
    inner = keras.Model(tokens, L.Embedding(3, 4)(tokens))
    outer = keras.Input((5,), dtype="int32")
    model = keras.Model(outer, keras.ops.concatenate([inner(outer), L.Embedding(90, 4)(outer)]))
    assert probe(model, rng=rng(), examples=40).max() == 2


@pytest.mark.parametrize("form", ["one", "list", "dictionary"])
def test_it_has_the_form_in_which_the_model_takes_it(form):
    a, b = keras.Input((3,), name="z"), keras.Input((2,), name="y")
    inputs = {"one": a, "list": [a, b], "dictionary": {"z": a, "y": b}}[form]
    model = keras.Model(inputs, L.Dense(1)(a if form == "one" else L.Concatenate()([a, b])))
    batch = probe(model)
    keras.tree.assert_same_structure(batch, inputs)
    assert [array.shape[1] for array in keras.tree.flatten(batch)] == {
        "one": [3], "list": [3, 2], "dictionary": [2, 3],
    }[form]  # fmt: skip
    model(batch)


def test_given_ones_are_cut_and_a_whole_batch_is_what_a_fixed_one_needs():
    plain = keras.Sequential([keras.Input((3,)), L.Dense(1)])
    assert probe(plain, np.ones((9, 3)), examples=2).shape == (2, 3)
    assert probe(plain, np.ones((1, 3)), examples=2).shape == (1, 3)
    four = keras.Sequential([keras.Input((3,), batch_size=4), L.Dense(1)])
    assert probe(four, examples=2).shape == probe(four, np.ones((9, 3))).shape == (4, 3)
    with pytest.raises(ValueError, match=r"inputs has examples of shape \(5,\), and input"):
        probe(plain, np.ones((2, 5)))


def test_states_and_seeds_come_back_also_after_an_error():
    x = keras.Input((5, 3), batch_size=2)
    memory, noise = L.GRU(4, stateful=True), L.Dropout(0.5, seed=1)
    model = keras.Model(x, noise(memory(x)))
    seed = noise.seed_generator.state
    before = np.array(seed)

    def moved():
        with states_kept(model):
            model(np.ones((2, 5, 3)), training=True)
            assert np.any(memory.states[0])
            assert np.any(np.array(seed) != before)
            raise RuntimeError("in the midst")

    with pytest.raises(RuntimeError, match="in the midst"):
        moved()
    assert not np.any(memory.states[0])
    np.testing.assert_array_equal(seed, before)


def test_a_film_that_no_size_fits_does_not_fill_the_memory():
    film = keras.Input((None, None, None, 1))
    with pytest.raises(ValueError, match="none of the sizes tried works"):
        probe(keras.Model(film, keras.ops.reshape(film, (-1, 5))))
