"""Lines of the standard library: labels by hand, disjoint splits, ids, networks."""

import tokenize

import numpy as np
import pytest
from sizes import few

from course_utils import structure
from course_utils.lessons.tasks import lines, reading, text

SOURCE = '''#!/usr/bin/env python
"""Say what the module is for.

    >>> area(1)
    3.14

# not a comment: it stands in a docstring
"""
# Numbers come first.
#: two signs
PI = 3.14  # a comment behind code
STORY = """
once upon a time
"""
####################

def area(radius, unit="m # no comment"):
    r"""Return the area, one line."""
    "a string that is no docstring"
    return (PI *
            radius**2)
'''


@pytest.fixture(scope="module")
def splits():
    return text.load_lines((300, 60, 100), seed=1)


# -------------------------------------------------------------------------------------- the labels


def test_lines_are_labelled_as_a_person_would():
    found = lines.labelled(SOURCE)
    code = [line for line, kind in found if kind == lines.CODE]
    prose = [line for line, kind in found if kind == lines.PROSE]
    assert code == [
        'def area(radius, unit="m # no comment"):',
        '"a string that is no docstring"',
        "return (PI *",
        "radius**2)",
    ]
    assert prose == [
        "Numbers come first.",
        "two signs",
        "a comment behind code",
        "Say what the module is for.",
        "# not a comment: it stands in a docstring",
        "Return the area, one line.",
    ]


def test_what_is_no_python_is_refused():
    with pytest.raises(SyntaxError):
        lines.labelled("def area(:\n    pass\n")


def test_every_module_of_this_library_can_be_read_or_is_refused_as_wrong():
    for path in lines.library()[:25]:
        with tokenize.open(path) as file:
            assert {kind for _, kind in lines.labelled(file.read())} <= {lines.CODE, lines.PROSE}


def test_a_library_without_sources_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    with pytest.raises(FileNotFoundError, match="not kept as"):
        lines.library()


# ---------------------------------------------------------------------------------------- the data


def test_half_is_code_and_half_is_prose(splits):
    for part, count in zip(splits, (300, 60, 100), strict=True):
        assert len(part) == count
        assert np.bincount(part.kind).tolist() == [count // 2, count // 2]
        assert part.ids.shape == (count, text.LENGTH)


def test_no_file_and_no_line_is_in_two_splits(splits):
    train, val, test = (set(part.files) for part in splits)
    assert len(train | val | test) == len(train) + len(val) + len(test)
    seen = [line[: text.LENGTH] for part in splits for line in part.text]
    assert len(seen) == len(set(seen))


def test_no_file_rules(splits):
    large = text.load_lines((2 * text.MOST + 2, 2, 2))[0]
    assert len(large.files) >= 2


def test_the_same_seed_gives_the_same_lines(splits):
    again, other = text.load_lines((300, 60, 100), seed=1), text.load_lines((300, 60, 100), seed=2)
    assert again[0].text == splits[0].text
    assert other[0].text != splits[0].text


def test_what_would_give_the_answer_away_is_taken_off(splits):
    for line, kind in zip(splits[0].text, splits[0].kind, strict=True):
        assert line == line.strip()
        assert len(line) >= text.SHORTEST
        if kind == lines.PROSE:
            assert '"""' not in line


# ------------------------------------------------------------------------------------- the numbers


def test_ids_say_the_line_again(splits):
    for line, ids in zip(splits[0].text, splits[0].ids, strict=True):
        letters = "".join(chr(i + 31) for i in ids if i)
        assert letters == line[: text.LENGTH]
        assert not ids[: text.LENGTH - len(letters)].any()
        assert ids.max() < text.CHARACTERS


def test_counts_are_those_of_each_line():
    ids = text.encoded(["aab b", "~" * 60])
    found = text.counts(ids)
    assert found.sum(axis=1).tolist() == [text.LENGTH, text.LENGTH]
    assert found[0, ord("a") - 31] == 2
    assert found[1, 95] == text.LENGTH
    assert found[0, 0] == text.LENGTH - 5


def test_a_character_without_a_number_is_refused():
    with pytest.raises(ValueError, match="ASCII"):
        text.encoded(["naïve"])


def test_one_line_alone_is_not_taken_for_lines():
    with pytest.raises(TypeError, match=r"in a list, such as \['if x'\]"):
        text.encoded("if x")


# ------------------------------------------------------------------------------------ the networks


NETWORKS = {build.__name__: build for build in (reading.text_gru, reading.text_transformer)}


@pytest.mark.parametrize("build", few(NETWORKS, "text_gru"))
def test_a_network_learns_and_is_saved(build, splits, tmp_path):
    from course_utils.backend import keras

    train = splits[0]
    model = build(seed=0)
    model.fit(train.ids, train.kind, 50, 5, verbose=0)
    answers = np.asarray(model(train.ids))
    assert np.mean(answers.argmax(axis=1) == train.kind) > 0.8
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(loaded(train.ids)), answers, atol=1e-6)


def test_of_the_transformer_heads_and_hidden_units_can_go_and_the_stream_cannot():
    channels = structure.channel_groups(reading.text_transformer())
    assert {name: len(group) for name, group in channels.groups.items()} == {
        "characters": 16, "attention/heads": 4, "forward": 128,
    }  # fmt: skip
    assert "normalizes over the channels" in channels.left["conv"].reason
    small, report = structure.shrink(channels, 0.5, verify=True)
    assert small.get_layer("attention").num_heads == 2
    assert report.difference < 1e-4


def test_of_the_gru_units_filters_and_entries_of_the_embedding_can_go():
    channels = structure.channel_groups(reading.text_gru())
    assert {name: len(group) for name, group in channels.groups.items()} == {
        "characters": 16, "conv": 32, "gru": 48,
    }  # fmt: skip
    structure.shrink(channels, 0.5, verify=True)
