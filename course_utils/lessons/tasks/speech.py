"""Which vowel was said? Sounds of many speakers, with melodies and noise.

No speaker of one split is in another.
"""

from dataclasses import dataclass

import numpy as np

from course_utils.arrays import whole
from course_utils.lessons.tasks import vowels

SAMPLES = 3000  # of each sound: 0.3 s
BATCH = 500  # sounds that are made at once

# How speech varies, as sd of factors around 1: a speaker's size and pitch, and each formant each
# time it is said.
SIZE, PITCH, FORMANT = 0.06, 0.12, 0.04
NOISE = (-25.0, -5.0)  # decibels: the range of the noise's loudness beside the vowel's


@dataclass(frozen=True, repr=False, eq=False)
class Sounds:
    """Hold vowels: waves float32 (n, SAMPLES), and for each its vowel, voice and speaker, int64.

    `vowel` and `voice` are numbers in `vowels.VOWELS` and `vowels.VOICES`; `formants` (n, 4), Hz.
    """

    waves: np.ndarray
    vowel: np.ndarray
    voice: np.ndarray
    speaker: np.ndarray
    formants: np.ndarray

    def __len__(self) -> int:
        return len(self.waves)

    def __repr__(self) -> str:
        """Show how many, of how many speakers."""
        return f"{len(self):,} vowels of {len(np.unique(self.speaker)):,} speakers"


def load_vowels(speakers: tuple[int, int, int], seed: int = 0) -> tuple[Sounds, Sounds, Sounds]:
    """Return training, validation and test vowels, of so many speakers each, all different.

    Each speaker says each of the ten vowels twice. Raises ValueError unless there are three.

    >>> load_vowels((3, 1, 1))
    (60 vowels of 3 speakers, 20 vowels of 1 speakers, 20 vowels of 1 speakers)
    """
    counts = [whole(count, "speakers", least=1) for count in speakers]
    if len(counts) != 3:
        raise ValueError(f"speakers are three numbers, such as (60, 20, 20), not {speakers!r}")
    seeds = np.random.SeedSequence(whole(seed, "seed")).generate_state(3)
    first = np.cumsum([0, *counts[:2]])
    return tuple(
        make_vowels(range(start, start + count), int(own))
        for start, count, own in zip(first, counts, seeds, strict=True)
    )


def make_vowels(speakers: range, seed: int = 0) -> Sounds:
    """Let each speaker say each vowel twice; a third are men, a third women, a third children.

    Formants and pitch are the published means times the speaker's size, times a little chance;
    the pitch falls or rises, each vowel lasts 0.12 to 0.28 s and begins anywhere, and noise lies
    over all of it.

    >>> make_vowels(range(2)).waves.shape
    (40, 3000)
    """
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(len(speakers)), 2 * len(vowels.VOWELS))
    voice = np.asarray(speakers)[who] % len(vowels.VOICES)
    vowel = np.tile(np.arange(len(vowels.VOWELS)), 2 * len(speakers))
    size = np.exp(rng.normal(0, SIZE, len(speakers)))[who]
    pitch = np.exp(rng.normal(0, PITCH, len(speakers)))[who]
    resonances = vowels.formants(voice, vowel) * size[:, None]
    resonances *= np.exp(rng.normal(0, FORMANT, resonances.shape))
    pitch = pitch * vowels.FREQUENCIES[voice, 0, vowel]
    parts = [slice(start, start + BATCH) for start in range(0, len(who), BATCH)]
    waves = np.concatenate([_said(pitch[part], resonances[part], rng) for part in parts])
    ids = np.asarray(speakers, np.int64)[who]
    return Sounds(waves, vowel.astype(np.int64), voice.astype(np.int64), ids, resonances)


def _said(pitch: np.ndarray, resonances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return sounds of a mean pitch (n,), each with its melody, length, beginning and noise."""
    time = np.arange(SAMPLES) / vowels.RATE
    tune = 1 + rng.normal(0, 0.08, (len(pitch), 1)) * (2 * time / time[-1] - 1)
    sounds = vowels.synthesize(pitch[:, None] * tune, resonances)
    lasts = rng.uniform(0.12, 0.28, (len(pitch), 1))
    begins = rng.uniform(0, time[-1] - lasts)
    inside = np.minimum(time - begins, begins + lasts - time)
    sounds *= np.clip(inside / 0.02, 0, 1)  # 20 ms to rise, and to fall
    loud = 10 ** (rng.uniform(*NOISE, (len(pitch), 1)) / 20)
    return (sounds + loud * rng.normal(size=sounds.shape)).astype(np.float32)
