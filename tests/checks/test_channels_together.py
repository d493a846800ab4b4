"""Typical answers to the exercises of notebook 12, and the hint that each of them gets."""

import numpy as np
import pytest
from answers import Repeatable

from course_utils.backend import keras
from course_utils.lessons.checks import channels_together as check
from course_utils.structure.ids import Ids

L = keras.layers


@pytest.fixture(scope="module")
def model():
    """The network of the notebook, narrower."""
    image = keras.Input((8, 8, 1))
    stem = L.Conv2D(4, 3, padding="same", name="stem")(image)
    x = L.Conv2D(4, 3, padding="same", name="conv_a")(stem)
    x = L.BatchNormalization()(L.Conv2D(4, 3, padding="same", name="conv_b")(x))
    x = L.DepthwiseConv2D(3, padding="same", name="depth")(L.Add(name="add")([x, stem]))
    point = L.Conv2D(6, 1, name="point")(x)
    side = L.Conv2D(2, 3, padding="same", name="side")(point)
    x = L.Flatten()(L.Concatenate()([point, side]))
    return keras.Model(image, L.Dense(3, name="output")(L.Dense(5, name="hidden")(x)))


RIGHT_GROUPS = {
    "stem": 1, "conv_a": 2, "conv_b": 1, "depth": 1, "point": 3, "side": 4, "hidden": 5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({"conv_b": 9}, "meet in an Add"),
        ({"depth": 9}, "is depthwise"),
        ({"depth": 3}, "is depthwise"),
        ({"side": 3}, "meet in a Concatenate"),
        ({"conv_a": 1}, "conv_a reads stem"),
        ({"hidden": 4}, "nothing ties"),
        ({"output": 6}, "leave out ['output']: the outputs stay"),
        ({"add": 1}, "leave out ['add']: no channels begin there"),
        (dict.fromkeys(RIGHT_GROUPS, 1), "conv_a reads stem"),
        (dict(zip(RIGHT_GROUPS, range(7), strict=True)), "meet in an Add"),
    ],
)
def test_wrong_groups_get_their_own_hint(model, changed, hint):
    verdict = check.groups({**RIGHT_GROUPS, **changed}, model)
    assert not verdict
    assert hint in repr(verdict)


def test_groups_that_are_no_dictionary_or_not_complete_get_a_hint(model):
    assert "a dictionary" in repr(check.groups([["stem", "conv_b"]], model))
    few = {name: 1 for name in RIGHT_GROUPS if name not in ("side", "hidden")}
    assert "['hidden', 'side'] have none" in repr(check.groups(few, model))
    few["side"] = 2
    assert "['hidden'] still has no number" in repr(check.groups(few, model))


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT_GROUPS,
        {name: "ABCDE"[number - 1] for name, number in reversed(RIGHT_GROUPS.items())},
        {name: 7 - number for name, number in RIGHT_GROUPS.items()},
    ],
)
def test_right_groups_are_accepted_whatever_they_are_called(model, answer):
    assert check.groups(answer, model)


def test_open_groups_are_not_yet_wrong(model):
    assert repr(check.groups(..., model)).startswith("… not yet")


def smallest(count, pairs):
    names = list(range(count))
    for a, b in pairs:
        low, high = sorted((names[a], names[b]))
        names = [low if name == high else name for name in names]
    return names


def by_union_find(count, pairs):
    ids = Ids()
    ids.fresh(count)
    for a, b in pairs:
        ids.tie(np.array([a + 1]), np.array([b + 1]), "")
    return (ids.roots()[1:] - 1).tolist()


def by_flooding(count, pairs):
    names = np.arange(count)
    for _ in range(count):
        for a, b in pairs:
            names[[a, b]] = min(names[a], names[b])
    return names


def one_pass(count, pairs):
    names = list(range(count))
    for a, b in pairs:
        names[a] = names[b] = min(names[a], names[b])
    return names


def three_sweeps(count, pairs):
    names = np.arange(count)
    for _ in range(3):
        for a, b in pairs:
            names[[a, b]] = min(names[a], names[b])
    return names


def largest(count, pairs):
    return [count - 1 - name for name in smallest(count, mirrored(count, pairs))][::-1]


def mirrored(count, pairs):
    return [(count - 1 - a, count - 1 - b) for a, b in pairs]


def numbered(count, pairs):
    names = smallest(count, pairs)
    return [sorted(set(names)).index(name) for name in names]


WRONG = {
    check.tied: [
        (lambda n, pairs: list(range(n)), "nothing is tied"),
        (largest, "largest id"),
        (numbered, "the groups are right"),
        (one_pass, "whole group along"),
        (three_sweeps, "whole group along"),
        (lambda n, pairs: dict(enumerate(smallest(n, pairs))), "return a list"),
        (lambda n, pairs: [0] * n, "was expected"),
        (lambda n, pairs: smallest(n, pairs)[:-1], "shape"),
    ],
}
RIGHT = {
    check.tied: [smallest, by_union_find, by_flooding],
}


class TestAnswers(Repeatable):
    wrong, right = WRONG, RIGHT
