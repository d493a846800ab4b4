"""What stays of a model that is rebuilt: classes, names, types, settings; and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from oracles import apart, check_zeroed, inputs_for, random_masks, randomized
from test_layers import network, relu

from course_utils.backend import keras
from course_utils.structure import channel_groups, internals, shrink
from course_utils.structure.walking import has_graph

L, ops = keras.layers, keras.ops


def small_of(model: keras.Model, limit: float = 2e-5) -> keras.Model:
    channels = channel_groups(model)
    return check_zeroed(channels, random_masks(channels), inputs_for(model), limit)


def nodes(model: keras.Model) -> list[int]:
    """How often each layer and operation, also of nested models, was called."""
    found = []
    for one in model.operations if hasattr(model, "operations") else model.layers:
        found.append(len(one._inbound_nodes))
        found += nodes(one) if isinstance(one, keras.Model) else []
    return found


def everything() -> keras.Model:
    """Operations, a Lambda, nested models, shared layers."""
    x = keras.Input((4, 6), name="x")
    inner = keras.Sequential([keras.Input((4, 5)), L.Dense(6, "relu", name="b")], name="inner")
    hidden = L.Dense(5, "relu", name="a")(x)
    y = inner(hidden) * 2 + ops.relu(x)
    a, b = ops.split(y, 2, axis=-1)
    y = L.Lambda(lambda x: x * 2, name="twice")(ops.concatenate([b, a[..., 1:]], axis=-1))
    y = ops.reshape(y, (-1, 20)) + 1
    return randomized(keras.Model(x, L.Dense(2, name="head")(y)))


def test_the_given_model_is_not_called_and_not_changed():
    model = everything()
    x, before = inputs_for(model), [v.numpy() for v in model.variables]
    outputs, calls, config = model(x).numpy(), nodes(model), model.get_config()
    channels = channel_groups(model)
    assert channels.groups
    shrink(channels, masks=random_masks(channels), verify=True)
    assert nodes(model) == calls
    assert model.get_config() == config
    np.testing.assert_array_equal(model(x), outputs)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_nothing_removed_is_the_same_network_bit_for_bit():
    model = everything()
    small, _ = shrink(model, masks={})
    np.testing.assert_array_equal(small(inputs_for(model)), model(inputs_for(model)))
    assert not {id(v) for v in small.variables} & {id(v) for v in model.variables}


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64", "float16"])
def test_policies(policy):
    options = {"dtype": policy}
    kind = policy if policy.startswith("float") else "float32"
    x = keras.Input((6, 6, 2), dtype=kind)
    y = L.Conv2D(6, 2, name="a", **relu, **options)(x)
    y = L.Conv2D(5, 2, name="b", **options)(L.BatchNormalization(name="n", **options)(y))
    y = L.Dense(3, name="head", dtype="float32")(L.GlobalAveragePooling2D(**options)(y))
    model = randomized(keras.Model(x, y))
    small = small_of(model, {"float64": 1e-6}.get(policy, 2e-2))
    assert small.get_layer("a").dtype_policy.name == policy
    assert small.get_layer("a").kernel.dtype == model.get_layer("a").kernel.dtype
    assert small.get_layer("b").compute_dtype == model.get_layer("b").compute_dtype
    assert small.output.dtype == "float32"


def test_a_sequential_stays_one_and_names_stay():
    model = keras.Sequential(
        [keras.Input((5,), name="x"), L.Dense(6, "relu", name="a"), L.Dense(2, name="b")], name="m"
    )
    small = small_of(randomized(model))
    assert isinstance(small, keras.Sequential)
    assert [layer.name for layer in small.layers] == ["a", "b"]
    assert (small.name, small.inputs[0].name) == ("m", "x")


def test_settings_of_layers_stay():
    options = {
        "kernel_regularizer": keras.regularizers.L2(0.1), "bias_constraint": "non_neg",
        "kernel_initializer": "he_normal", "activity_regularizer": "l1",
    }  # fmt: skip
    x = keras.Input((5,))
    model = randomized(keras.Model(x, L.Dense(2)(L.Dense(6, "relu", name="a", **options)(x))))
    before, after = (m.get_layer("a").get_config() for m in (model, small_of(model)))
    assert {**before, "units": 3} == after


def test_no_weights_are_drawn_to_be_overwritten():
    drawn = []

    class Counted(keras.initializers.GlorotUniform):
        def __call__(self, shape, dtype=None):
            drawn.append(shape)
            return super().__call__(shape, dtype)

    x = keras.Input((6,))
    y = keras.layers.Dense(8, kernel_initializer=Counted(), name="a")(x)
    model = keras.Model(x, keras.layers.Dense(2)(y))
    assert drawn == [(6, 8)]
    small, _ = shrink(model, 0.5)
    assert drawn == [(6, 8)]
    assert type(small.get_layer("a").kernel_initializer) is Counted
    after = keras.layers.Dense(8)
    after.build((None, 6))
    assert np.ptp(after.kernel.numpy()) > 0  # what is made later is drawn as ever


def test_an_optional_input_stays_one():
    x, more = keras.Input((4,), name="x"), keras.Input((4,), name="more", optional=True)

    class Both(L.Layer):
        def call(self, x, more=None):
            return x if more is None else x + more

        def compute_output_shape(self, shape, *others):
            return shape

    y = L.Dense(6, "relu", name="a")(Both()(x, more))
    model = randomized(keras.Model([x, more], L.Dense(2, name="head")(y)))
    small, _ = shrink(model, 0.5)
    assert small.get_layer("a").units == 3
    assert small([np.ones((2, 4)), None]).shape == (2, 2)


# ------------------------------------------------------------------------ functions of one's own


def steep(x):
    return ops.sigmoid(3 * x)


class Halved(keras.regularizers.Regularizer):
    def __call__(self, W):
        return ops.sum(ops.abs(W)) / 2

    def get_config(self) -> dict:
        return {}


@pytest.mark.parametrize("function", [steep, lambda x: x * x], ids=["function", "lambda"])
def test_functions_that_are_registered_nowhere(function):
    """They may mix the layer's channels, which so stay; it is made anew all the same."""
    x = keras.Input((5,))
    y = L.Dense(6, "relu", name="a", kernel_regularizer=Halved())(x)
    y = L.Dense(4, function, name="b")(y)
    model = randomized(keras.Model(x, L.Dense(2, name="head")(y)))
    small = small_of(model)
    assert small.get_layer("b").activation is function
    assert isinstance(small.get_layer("a").kernel_regularizer, Halved)
    assert small.get_layer("a").units == 3


class Incomplete(L.Layer):
    """Its config lacks an argument that its constructor asks for."""

    def __init__(self, factor: float, **options: object) -> None:
        super().__init__(**options)
        self.times = factor

    def build(self, shape: tuple) -> None:
        self.gain = self.add_weight(shape=(shape[-1],), name="gain")

    def call(self, x):
        return x * self.times * self.gain

    def get_config(self) -> dict:
        return super().get_config()


def test_a_layer_that_does_not_change_needs_no_config():
    x = keras.Input((5,))
    y = Incomplete(2.0, name="odd")(L.Dense(6, "relu", name="a")(x))
    model = randomized(keras.Model(x, L.Dense(2)(L.Dense(4, name="b")(y))))
    before, calls = model(np.ones((1, 5))).numpy(), nodes(model)
    small = small_of(model)
    assert small.get_layer("odd").times == 2
    assert small.get_layer("b").units == 2
    small.get_layer("odd").gain.assign(np.zeros(6))
    np.testing.assert_array_equal(model(np.ones((1, 5))), before)
    assert nodes(model) == calls


# ------------------------------------------------------------------------------------------ errors


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(2)

    def call(self, x):
        return self.dense(x)


class OfThree(keras.Sequential):
    """It computes something else than its layers one by one."""

    def call(self, x):
        return 3 * super().call(x)


def plain() -> keras.Model:
    return randomized(network((5,), lambda x: L.Dense(6, "relu", name="a")(x)))


def test_what_is_no_model_or_has_no_graph_is_refused():
    with pytest.raises(TypeError, match="must be a Keras model, not str"):
        channel_groups("model")
    with pytest.raises(TypeError, match="must be a Keras model, not Dense"):
        channel_groups(L.Dense(3))
    altered = OfThree([keras.Input((2,)), L.Dense(2)])
    for model in (keras.Sequential([L.Dense(3)]), Subclassed(), altered):
        assert not has_graph(model)
        with pytest.raises(ValueError, match=r"subclassed, or not built.*keras\.Input"):
            channel_groups(model)
    called = Subclassed()
    called(np.ones((1, 3)))
    with pytest.raises(ValueError, match="subclassed"):
        shrink(called, 0.5)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"b": np.ones(6, bool)}, r"unknown group 'b'; there are \['a'\]"),
        ({"head": np.ones(3, bool)}, "nothing can go from 'head': an output of the model"),
        ({"a": np.ones(5, bool)}, r"shape \(5,\); it needs \(6,\)"),
        ({"a": np.ones((6, 1), bool)}, r"shape \(6, 1\)"),
        ({"a": np.zeros(6, bool)}, "leaves no channel"),
        ({"a": np.arange(6)}, "True .* and False .* only"),
        ({"a": np.full(6, np.nan)}, "True .* and False .* only"),
    ],
)
def test_masks_that_do_not_fit(masks, message):
    model = plain()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        shrink(model, masks=masks)
    for variable, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_selectors():
    model = plain()
    assert channel_groups(model, exclude="a").left["a"].reason == "left out by `exclude`"
    assert set(channel_groups(model, include=L.Dense).groups) == {"a"}
    for choice in ({"include": "nothing*"}, {"exclude": L.Conv2D}):
        with pytest.raises(ValueError, match=r"matches no layer that makes channels .*'a/kernel'"):
            channel_groups(model, **choice)


# ------------------------------------------------------------------------------------------ inexact


class MaskedNorm(L.Layer):
    """LayerNormalization over the channels that stay, the others 0: written out."""

    def __init__(self, mask: np.ndarray, norm: L.Layer) -> None:
        super().__init__()
        self.mask, self.norm = mask.astype("float32"), norm

    def call(self, x):
        mask, norm = self.mask, self.norm
        count = mask.sum()
        centred = x * mask
        if isinstance(norm, L.LayerNormalization):
            centred = (x - ops.sum(x * mask, -1, keepdims=True) / count) * mask
        variance = ops.sum(centred**2, -1, keepdims=True) / count
        scale = norm.gamma if isinstance(norm, L.LayerNormalization) else norm.scale
        shift = norm.beta if isinstance(norm, L.LayerNormalization) else 0
        return (centred / ops.sqrt(variance + norm.epsilon) * scale + shift) * mask


@pytest.mark.parametrize("kind", [L.LayerNormalization, L.RMSNormalization])
def test_norms_over_channels_without_some_of_them(kind):
    """Exact: nothing goes. Inexact: what is left is normalized over what is left."""
    x = keras.Input((4, 5))
    hidden, norm = L.Dense(8, "softplus", name="a")(x), kind(name="n")
    head = L.Dense(2, name="head")
    model = randomized(keras.Model(x, head(norm(hidden))))
    assert "normalizes over" in channel_groups(model).left["a"].reason
    channels = channel_groups(model, inexact=True)
    masks = random_masks(channels)
    small, _ = shrink(channels, masks=masks)
    expected = keras.Model(x, head(MaskedNorm(masks["a"], norm)(hidden)))
    assert apart(expected, small, inputs_for(model)) < 2e-5
    assert small.get_layer("n").get_weights()[0].shape == (4,)


@pytest.mark.full
def test_inexact_convnext():
    """Its layers that scale have their width in their config."""
    model = keras.applications.ConvNeXtTiny(weights=None, input_shape=(32, 32, 3), classes=3)
    channels = channel_groups(model, inexact=True)
    small, _ = shrink(channels, 0.75)
    assert small.count_params() < 0.15 * model.count_params()
    assert np.isfinite(small(np.ones((1, 32, 32, 3)))).all()


@pytest.mark.parametrize("kind", [list, type("OfTensorFlow", (list,), {"sort": None})])
def test_layers_are_put_in_order_whatever_list_holds_them(kind):
    """Keras 3.13 and older hold a functional model's in a list that cannot sort by a key."""
    old, new = SimpleNamespace(_layers=["a", "b", "c"]), SimpleNamespace(_layers=kind("cxab"))
    internals.same_order(old, new, lambda name: new._layers[list(new._layers).index(name)])
    assert [*new._layers] == ["a", "b", "c", "x"]
