"""Which data are accepted, and which are refused in a sentence before anything is changed."""

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.pruning import examples
from course_utils.pruning.examples import inputs_of, labelled, steps

X, Y = np.arange(30, dtype="float32").reshape(10, 3), np.arange(10) % 3


class Pieces(keras.utils.PyDataset):
    def __init__(self, size=4):
        super().__init__()
        self.size = size

    def __len__(self):
        return (len(X) + self.size - 1) // self.size

    def __getitem__(self, index):
        here = slice(index * self.size, (index + 1) * self.size)
        return X[here], Y[here]


def dataset(*parts, batch=4):
    return tf.data.Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0]).batch(batch)


@pytest.mark.parametrize(
    "data", [(X, Y), (X.tolist(), Y.tolist()), (dataset(X, Y), None), (Pieces(), None)]
)
def test_arrays_lists_and_datasets_are_the_same_examples(data):
    x, y = labelled(*data)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(inputs_of(data[0]), X)


def test_nests_types_and_weights_stay():
    tokens = np.arange(20).reshape(10, 2).astype("int16")
    nest = {"b": X, "a": (tokens, np.array([["word"]] * 10))}
    x, y, weights = labelled(dataset(nest, {"k": Y}, np.ones(10)))
    keras.tree.assert_same_structure(x, nest)
    assert (x["a"][0].dtype, x["a"][1][0, 0], weights.shape) == ("int16", b"word", (10,))
    np.testing.assert_array_equal(y["k"], Y)
    assert inputs_of(nest)["a"][0] is tokens  # nothing is copied
    half = tf.constant(X, "bfloat16")
    assert inputs_of(half).dtype.name == "bfloat16"


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (None, TypeError, "x must hold data, not NoneType: give arrays, a tf.data.Dataset"),
        ("text", TypeError, "not the single value 'text'"),
        (iter([X]), TypeError, "can be read only once.*give arrays"),
        ((part for part in [X]), TypeError, "a generator, which can be read only once"),
        (lambda: X, TypeError, "x must hold data, not function"),
        (keras.Input((3,)), TypeError, "x must hold data, not KerasTensor"),
        (tf.ragged.constant([[1], [1, 2]]), TypeError, "RaggedTensor: give arrays"),
        ([[1, 2], [3]], ValueError, "rows differ in length"),
        (X[:0], ValueError, "same number of examples, at least one"),
        ([], ValueError, "same number of examples, at least one"),
        ({}, TypeError, "x must hold data, not dict"),
        ([X, X[:3]], ValueError, r"same number of examples, at least one, not \[10, 3\]"),
        (X * np.nan, ValueError, "30 of 30 values are NaN or infinite"),
        ({"a": X, "b": X + np.inf}, ValueError, r"x\['b'\] must be finite"),
        (X * 1j, TypeError, "numbers or text, not complex64"),
        (np.array([object()]), TypeError, "numbers or text, not object"),
        (dataset(X).repeat(), ValueError, "never ends: give data.take"),
        (dataset(X).take(0), ValueError, "is empty"),
        (tf.data.Dataset.from_tensor_slices((X, Y)), ValueError, "not in batches: give data.batch"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_refused(x, error, words):
    with pytest.raises(error, match=words):
        inputs_of(x)


def test_batches_of_other_lengths_need_padding():
    data = tf.data.Dataset.from_generator(
        lambda: iter([np.ones((2, 3)), np.ones((2, 4))]), output_signature=tf.TensorSpec((2, None))
    )
    with pytest.raises(ValueError, match=r"differ in shape.*pad all to one length"):
        inputs_of(data)


def test_labels_are_missing_or_given_twice():
    with pytest.raises(ValueError, match="labels are missing: give arrays x and y"):
        labelled(X)
    with pytest.raises(ValueError, match="holds no labels"):
        labelled(dataset(X))
    with pytest.raises(ValueError, match="holds its labels itself: give y=None"):
        labelled(dataset(X, Y), Y)
    with pytest.raises(ValueError, match=r"not \[10, 9\]"):
        labelled(X, Y[:9])


def test_what_does_not_fit_the_model_is_said_by_the_names_of_its_inputs():
    a, b = keras.Input((3, 1), name="a"), keras.Input((2,), name="b")
    model = keras.Model([a, b], keras.layers.Concatenate()([keras.layers.Flatten()(a), b]))
    for x in ([X, X[:, :2]], {"b": X[:, :2], "a": X[..., None], "more": X}, (X[..., None], Y_2)):
        inputs_of(x, model)
    for x, words in [
        (X, "takes 2 inputs, a, b, and x holds 1 arrays"),
        ({"a": X}, r"lacks the inputs \['b'\]; it has \['a'\]"),
        ([X, X], r"shape \(3,\), and input 'b' of the model takes \(2,\)"),
    ]:
        with pytest.raises(ValueError, match=words):
            inputs_of(x, model)


Y_2 = np.stack([Y, Y], axis=1)


def test_a_model_for_batches_of_one_size_gets_these():
    model = keras.Sequential([keras.Input((3,), batch_size=5), keras.layers.Dense(1)])
    assert [len(x) for x, _ in steps(model, (X, Y), batch_size=3)] == [5, 5]
    with pytest.raises(ValueError, match=r"batches of 5 only, and 9 examples.*give 5 examples"):
        steps(model, (X[:9], Y[:9]))


def test_numbers_beyond_the_type_of_an_input_are_refused():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    tokens = keras.Sequential([keras.Input((2,), dtype="int8"), keras.layers.Embedding(9, 1)])
    for one, x, words in (
        (model, np.full((1, 2), 1e300), "x goes beyond float32"),  # which would be infinite
        (tokens, np.full((1, 2), 300), "x goes beyond int8"),
    ):
        with pytest.raises(ValueError, match=words):
            inputs_of(x, one)
    if np.longdouble(1).itemsize > 8:  # on some machines they are doubles
        with pytest.raises(TypeError, match="must hold numbers or text, not float128"):
            inputs_of(np.ones((1, 2), np.longdouble), model)
    assert inputs_of(np.full((1, 2), 5, "uint64"), tokens).max() == 5


def test_what_is_no_data_is_said_before_its_labels_are_missed():
    with pytest.raises(TypeError, match="x is a generator, which can be read only once"):
        labelled(one for one in ())


def test_a_dataset_that_does_not_tell_its_length_is_not_read_for_ever(monkeypatch):
    monkeypatch.setattr(examples, "_LONGEST", 20)
    endless = dataset(X).repeat().filter(lambda x: True)
    with pytest.raises(ValueError, match=r"may never end.*take\(10\)"):
        inputs_of(endless)
    assert len(inputs_of(endless.take(3))) == len(inputs_of(dataset(X).repeat().take(3)))


def test_masks_of_masked_arrays_are_not_lost_in_silence():
    with pytest.raises(TypeError, match=r"MaskedArray: give arrays.*filled"):
        inputs_of(np.ma.masked_greater(X, X.mean()))
