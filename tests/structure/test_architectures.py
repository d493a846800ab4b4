"""The exact oracle on whole networks: channels at zero in the full one, or gone from the small one.

All networks have random weights, biases and statistics, so that nothing hides behind a zero.
"""

import pytest
from architectures import NAMED, OTHERS, randomized
from oracles import distance, inputs_for, outputs_of, random_masks, zeros_in
from sizes import full_run

from course_utils.backend import keras
from course_utils.structure import channel_groups, shrink, zeroed

SHARES = (0.3, 0.5, 0.7)  # a short run takes the middle one alone, of those that differ most
SHORT = (
    "U-Net", "siamese", "detector", "vision transformer", "ShuffleNet", "ResNeXt", "translator",
)  # fmt: skip
LARGE = ("EfficientNetB0", "MobileNetV3Large", "InceptionResNetV2")  # take one share in any case
ALL = {**NAMED, **OTHERS}
# Parts of them normalize over channels, or reshape them, and so stay whole.
PARTLY = {"ConvNeXtTiny", "vision transformer", "MLP-Mixer", "ShuffleNet"}
OTHER = [pytest.param(name, marks=pytest.mark.full) for name in ALL if name not in SHORT]


@pytest.mark.parametrize("name", [*SHORT, *OTHER])
def test_zeroed_is_small(name):
    """At 30, 50 and 70 percent; at 50 against `zeroed` as well, which is a model of its own."""
    keras.utils.set_random_seed(0)
    model = randomized(ALL[name]())
    x, channels = inputs_for(model, count=2), channel_groups(model)
    whole, sizes = outputs_of(model, x), [model.count_params()]
    alone = name in LARGE or not full_run()
    for share in SHARES[1:2] if alone else SHARES:
        masks = random_masks(channels, share, seed=len(sizes))
        small, report = shrink(channels, masks=masks)
        made = outputs_of(small, x)
        with zeros_in(channels, masks) as full:
            zeros = outputs_of(full, x)
        assert distance(zeros, made) <= 1e-4
        assert distance(whole, zeros) > 1e-3
        sizes.append(report.parameters[1])
        if share == 0.5:
            assert distance(outputs_of(zeroed(channels, masks), x), made) <= 1e-4
    assert distance(outputs_of(model, x), whole) == 0
    assert sizes == sorted(sizes, reverse=True)
    assert name in PARTLY or sizes[-1] < 0.4 * sizes[0]
    assert small.output_shape == model.output_shape
    assert [layer.name for layer in small.layers] == [layer.name for layer in model.layers]
