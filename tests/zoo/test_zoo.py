"""A dozen networks of the zoo, tried as `make zoo` tries all: prune, shrink, two oracles, train."""

import catalogue
import coded
import numpy as np
import pytest
import trial

from course_utils.backend import keras
from course_utils.structure import channel_groups, choose, filter_norms, shrink

# Small ones, of every kind one; and what is left at most when half of the channels go.
NETWORKS = {
    "simple_mnist_convnet": 0.37,
    "unet_of_open_size": 0.3,
    "multi_input_multi_output": 0.4,
    "pixel_shuffle_super_resolution": 0.4,
    "vae_decoder": 0.6,
    "neural_style_adain": 0.6,
    "text_vectorized_inside": 0.3,
    "masked_language_model": 0.7,
    "question_answering_memory": 0.6,
    "structured_data": 0.6,
    "speech_commands": 0.5,
    "nerf": 0.4,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_another_kind(name, tmp_path):
    name, most = f"examples/{name}", NETWORKS[name]
    build = catalogue.networks("examples")[name]
    row = trial.tried(build, tmp_path, catalogue.sizes(name), shares=(0.5,))
    assert row["masks"].startswith("held")
    assert row["result_50"] == "exact"
    assert row["left_50"] <= most
    assert row["verify"][0].isdigit()
    assert row["trained"] == "yes"
    assert trial.loaded(tmp_path) == "yes"


def test_what_takes_no_targets_of_the_zoo_is_trained_by_hand():
    class Detector(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, **options):
            return y["boxes"]

    def build():
        inputs = keras.Input((4,))
        return Detector(inputs, keras.layers.Dense(3)(inputs))

    x = np.ones((2, 4), "float32")
    assert held(build, x) == "held (not by fit)"
    assert held(lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), x) == "held"


def held(build, x):
    model = build()
    return trial.judged(lambda step: trial.masks_held(model, x, step), build, x)


# ------------------------------------------------------------------------------- the second oracle


@pytest.fixture
def pair():
    """A network, half of it, and what numbers that half keeps."""
    model = coded.randomized(catalogue.networks("examples")["examples/simple_mnist_convnet"]())
    channels = channel_groups(model)
    masks = choose(filter_norms(channels), 0.5, "layer")
    small = shrink(channels, masks=masks)[0]
    return model, small, coded.codes(model, lambda: shrink(channels, masks=masks)[0])


def test_the_second_oracle_sees_what_the_first_sees(pair):
    model, small, kept = pair
    x = coded.inputs_for(model, catalogue.sizes("examples/simple_mnist_convnet"))
    made = coded.outputs(small, x)
    coded.assign(model, coded.embedded(model, kept, coded.values(small)))
    assert coded.apart(coded.outputs(model, x), made) < 1e-5
    small.layers[0].bias.assign_add(np.full(16, 0.1, "float32"))  # another network now
    assert coded.apart(coded.outputs(model, x), coded.outputs(small, x)) > 1e-3


def test_the_numbers_leave_the_network_as_it_was(pair):
    model, _, kept = pair
    numbers = np.concatenate([one.reshape(-1) for one in kept])
    assert numbers.size == np.unique(numbers).size < model.count_params()
    assert max(float(abs(array).max()) for array in coded.values(model)) < 5


def test_a_variable_that_came_apart_is_seen(pair):
    model, small, kept = pair
    values = coded.values(small)
    with pytest.raises(coded.DisagreementError, match="came apart"):
        coded.embedded(model, [*kept, kept[0]], [*values, values[0]])


def test_many_weights_take_two_digits(monkeypatch):
    monkeypatch.setattr(coded, "DIGIT", 7)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    numbers = coded.codes(model, lambda: model)
    flat = np.concatenate([one.reshape(-1) for one in numbers])
    assert flat.tolist() == [*range(model.count_params())]
