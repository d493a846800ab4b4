"""Vowels: the published table, resonators against Klatt's own equation, speakers, spectrograms."""

import numpy as np
import pytest
from sizes import few

from course_utils import structure
from course_utils.lessons.tasks import hearing, speech, vowels


def by_equation(x: np.ndarray, frequency: float, bandwidth: float) -> np.ndarray:
    """Klatt's resonator, sample after sample: y[t] = A x[t] + B y[t-1] + C y[t-2]."""
    T = 1 / vowels.RATE
    C = -np.exp(-2 * np.pi * bandwidth * T)
    B = 2 * np.exp(-np.pi * bandwidth * T) * np.cos(2 * np.pi * frequency * T)
    y = np.zeros(len(x) + 2)
    for t, value in enumerate(x):
        y[t + 2] = (1 - B - C) * value + B * y[t + 1] + C * y[t]
    return y[2:]


@pytest.fixture(scope="module")
def splits():
    return speech.load_vowels((12, 3, 6), seed=3)


# --------------------------------------------------------------------------------------- the table


def test_the_table_is_that_of_peterson_and_barney():
    """Table II of 10.1121/1.1906875: some of its cells, and what must hold of all."""
    table = vowels.FREQUENCIES
    cell = {name: i for i, name in enumerate(vowels.VOWELS)}
    assert table.shape == (3, 4, 10)
    assert table[0, :, cell["heed"]].tolist() == [136, 270, 2290, 3010]
    assert table[1, :, cell["had"]].tolist() == [210, 860, 2050, 2850]
    assert table[2, :, cell["heard"]].tolist() == [261, 560, 1820, 2160]
    assert table[0, 1:, cell["hod"]].tolist() == [730, 1090, 2440]
    # Sums over the ten vowels: no other cell can be mistyped alone.
    sums = [[1322, 5020, 14200, 23860], [2230, 5750, 16940, 27830], [2643, 6710, 19280, 32660]]
    assert table.sum(axis=2).tolist() == sums
    assert (np.diff(table, axis=1) > 0).all()  # F0 < F1 < F2 < F3
    assert (np.diff(table[:, 1:], axis=0) > 0).all()  # shorter vocal tracts sound higher


def test_the_fourth_formant_rises_with_the_third():
    found = vowels.formants(np.array([0, 1, 2]), np.array([4, 4, 4]))
    assert found[0].tolist() == [730, 1090, 2440, 3300]
    assert (np.diff(found[:, 3]) > 0).all()
    assert (found < vowels.RATE / 2).all()


# -------------------------------------------------------------------------------------- the sounds


def test_a_sound_is_what_klatts_equation_gives():
    pitch = np.linspace(140, 100, 1200)[None]
    formants = vowels.formants(np.array([0]), np.array([3]))
    wanted = np.diff(vowels.pulses(pitch)[0], prepend=0)
    for place, width in [(0, vowels.FOLDS), *zip(formants[0], vowels.BANDWIDTHS, strict=True)]:
        wanted = by_equation(wanted, place, width)
    got = vowels.synthesize(pitch, formants)[0]
    np.testing.assert_allclose(got, wanted / wanted.std(), atol=1e-5)


def test_a_resonator_is_loudest_at_its_frequency_and_half_as_strong_at_its_bandwidth():
    power = np.abs(vowels.resonance(np.array([1000.0]), np.array([50.0]), vowels.RATE)[0]) ** 2
    assert abs(int(power.argmax()) - 1000) <= 1  # one bin a hertz
    assert power[975] / power.max() == pytest.approx(0.5, abs=0.05)
    assert power[1025] / power.max() == pytest.approx(0.5, abs=0.05)


def test_pulses_come_as_often_as_the_pitch_says():
    pitch = np.array([[100.0], [250.0]]) * np.ones(vowels.RATE)
    assert vowels.pulses(pitch).sum(axis=1).tolist() == [100, 250]
    assert set(np.unique(vowels.pulses(pitch))) == {0.0, 1.0}


# ---------------------------------------------------------------------------------------- the data


def test_no_speaker_is_in_two_splits(splits):
    heard = [set(part.speaker.tolist()) for part in splits]
    assert [len(one) for one in heard] == [12, 3, 6]
    assert len(set.union(*heard)) == 12 + 3 + 6


def test_every_speaker_says_every_vowel_twice_with_one_voice(splits):
    train = splits[0]
    for speaker in np.unique(train.speaker):
        mine = train.speaker == speaker
        assert np.bincount(train.vowel[mine]).tolist() == [2] * 10
        assert len(set(train.voice[mine].tolist())) == 1
    assert len(set(train.voice.tolist())) == 3


def test_the_same_seed_says_the_same_and_another_one_something_else(splits):
    again, other = speech.load_vowels((12, 3, 6), seed=3), speech.load_vowels((12, 3, 6), seed=4)
    np.testing.assert_array_equal(again[0].waves, splits[0].waves)
    assert not np.array_equal(other[0].waves, splits[0].waves)
    assert not np.array_equal(splits[0].formants[:60], splits[2].formants[:60])


def test_formants_spread_around_the_published_means(splits):
    train = splits[0]
    factors = train.formants / vowels.formants(train.voice, train.vowel)
    assert abs(np.log(factors).mean()) < 0.06
    assert 0.02 < np.log(factors).std() < 0.12


def test_without_chance_every_speaker_has_the_published_formants(monkeypatch):
    for name in ("SIZE", "PITCH", "FORMANT"):
        monkeypatch.setattr(speech, name, 0)
    plain = speech.make_vowels(range(3))
    np.testing.assert_allclose(plain.formants, vowels.formants(plain.voice, plain.vowel))


def test_noise_is_as_loud_as_was_asked(monkeypatch):
    """Of the same seed, the difference of two loudnesses is noise alone."""
    waves = []
    for decibels in (-40, -10):
        monkeypatch.setattr(speech, "NOISE", (decibels, decibels))
        waves.append(speech.make_vowels(range(2)).waves)
    noise = (waves[1] - waves[0]).std(axis=1)
    assert noise == pytest.approx(10 ** (-10 / 20) - 10 ** (-40 / 20), rel=0.1)


# ---------------------------------------------------------------------------------- what is heard


def test_a_tone_lights_the_band_of_its_pitch():
    time = np.arange(speech.SAMPLES) / vowels.RATE
    waves = np.sin(2 * np.pi * np.array([[300.0], [1000.0], [3000.0]]) * time).astype("float32")
    bands = hearing.log_mel(waves).mean(axis=1).argmax(axis=1)
    wanted = [hearing.band_of(pitch) for pitch in (300, 1000, 3000)]
    assert np.abs(bands - wanted).max() <= 1


def test_loudness_does_not_matter():
    waves = speech.make_vowels(range(1)).waves[:4]
    np.testing.assert_allclose(hearing.log_mel(8 * waves), hearing.log_mel(waves), atol=1e-3)


NETWORKS = {build.__name__: build for build in (hearing.vowel_cnn, hearing.vowel_gru)}


@pytest.mark.parametrize("build", few(NETWORKS, "vowel_gru"))
def test_a_network_learns_and_can_be_pruned_by_structure(build, splits):
    train = splits[0]
    x = hearing.log_mel(train.waves)
    model = build(seed=0)
    model.fit(x, train.vowel, 32, 6, verbose=0)
    right = np.mean(np.asarray(model(x)).argmax(axis=1) == train.vowel)
    assert right > 0.5  # by chance a tenth
    small, report = structure.shrink(model, 0.5, verify=True)
    assert small.count_params() < 0.4 * model.count_params()
    assert [row.group for row in report.left] == ["output"]


def test_of_the_convolutions_half_of_the_filters_can_go():
    channels = structure.channel_groups(hearing.vowel_cnn(seed=0))
    assert list(channels.left) == ["output"]
    structure.shrink(channels, 0.5, verify=True)


def test_the_same_seed_builds_the_same_network():
    one, two, other = (hearing.vowel_gru(seed=seed).get_weights()[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("speakers", [(3, 1), (3, 1, 1, 1), (3, 1, 0)])
def test_other_than_three_numbers_of_speakers_are_refused(speakers):
    with pytest.raises(ValueError, match="speakers"):
        speech.load_vowels(speakers)
