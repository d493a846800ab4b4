"""Spoken vowels by source and filter: pulses of the vocal folds, shaped by the mouth's resonances.

The resonances (formants) are the means of G. E. Peterson, H. L. Barney (1952), Control Methods Used
in a Study of the Vowels, J. Acoust. Soc. Am. 24, 175-184, https://doi.org/10.1121/1.1906875, Table
II; the resonators, their bandwidths and the source are those of D. H. Klatt (1980), Software for a
Cascade/Parallel Formant Synthesizer, J. Acoust. Soc. Am. 67, 971-995,
https://doi.org/10.1121/1.383940.
"""

import numpy as np

RATE = 10_000  # samples a second, as in Klatt 1980
VOWELS = ("heed", "hid", "head", "had", "hod", "hawed", "hood", "who'd", "hud", "heard")
VOICES = ("men", "women", "children")

# Hz, one column a vowel: of men, women and children the pitch F0, then the formants F1, F2, F3.
FREQUENCIES = np.array(
    [
        [136, 135, 130, 127, 124, 129, 137, 141, 130, 133],
        [270, 390, 530, 660, 730, 570, 440, 300, 640, 490],
        [2290, 1990, 1840, 1720, 1090, 840, 1020, 870, 1190, 1350],
        [3010, 2550, 2480, 2410, 2440, 2410, 2240, 2240, 2390, 1690],
        [235, 232, 223, 210, 212, 216, 232, 231, 221, 218],
        [310, 430, 610, 860, 850, 590, 470, 370, 760, 500],
        [2790, 2480, 2330, 2050, 1220, 920, 1160, 950, 1400, 1640],
        [3310, 3070, 2990, 2850, 2810, 2710, 2680, 2670, 2780, 1960],
        [272, 269, 260, 251, 256, 263, 276, 274, 261, 261],
        [370, 530, 690, 1010, 1030, 680, 560, 430, 850, 560],
        [3200, 2730, 2610, 2320, 1370, 1060, 1410, 1170, 1590, 1820],
        [3730, 3600, 3570, 3320, 3170, 3180, 3310, 3260, 3360, 2160],
    ],
    dtype=float,
).reshape(3, 4, 10)
BANDWIDTHS = np.array([50, 70, 110, 250], float)  # of F1 to F4, Hz
FOURTH = 3300  # F4 of a man, Hz; the others' are as much higher as their F3
FOLDS = 100  # Hz: the low-pass of the vocal folds, a resonator at 0 Hz with this bandwidth
DECAY = RATE // 10  # silence behind a sound, in which all resonances die away


def formants(voices: np.ndarray, vowels: np.ndarray) -> np.ndarray:
    """Return F1 to F4 in Hz, (n, 4), for numbers of VOICES and of VOWELS, both int (n,).

    >>> formants(np.array([0]), np.array([0])).tolist()
    [[270.0, 2290.0, 3010.0, 3300.0]]
    """
    three = FREQUENCIES[voices, 1:, vowels]
    higher = FREQUENCIES[:, 3].mean(axis=1) / FREQUENCIES[0, 3].mean()
    return np.column_stack([three, FOURTH * higher[voices]])


def resonance(frequency: np.ndarray, bandwidth: np.ndarray, samples: int) -> np.ndarray:
    """Return the spectrum, complex (n, samples // 2 + 1), of resonators, both in Hz and (n,).

    y[t] = A x[t] + B y[t-1] + C y[t-2] with C = -exp(-2π bw T), B = 2 exp(-π bw T) cos(2π f T) and
    A = 1 - B - C, which lets a constant pass unchanged (Klatt 1980).

    >>> abs(resonance(np.array([500.0]), np.array([50.0]), 8)[0, 0]).round(6)
    np.float64(1.0)
    """
    shrinking = np.exp(-np.pi * np.asarray(bandwidth) / RATE)[:, None]
    C = -(shrinking**2)
    B = 2 * shrinking * np.cos(2 * np.pi * np.asarray(frequency) / RATE)[:, None]
    delay = np.exp(-2j * np.pi * np.arange(samples // 2 + 1) / samples)  # by one sample
    return (1 - B - C) / (1 - B * delay - C * delay**2)


def pulses(pitch: np.ndarray) -> np.ndarray:
    """Return a 1 at each closing of the vocal folds for a pitch in Hz, (n, samples); 0 elsewhere.

    >>> int(pulses(np.full((1, RATE), 100.0)).sum())
    100
    """
    turns = np.cumsum(pitch / RATE, axis=1)
    return np.diff(np.floor(turns + 1e-6), axis=1, prepend=0.0)


def synthesize(pitch: np.ndarray, resonances: np.ndarray) -> np.ndarray:
    """Return sounds, float32 (n, samples), of loudness 1, from pitches and formants (n, 4) in Hz.

    `pitch` (n, samples) may move. The source is pulses through the low-pass of the folds and, as at
    the lips, the difference of neighbours; four resonators follow one another. All of that is
    done on spectra; 0.1 s of silence behind each sound keeps its end out of its beginning.

    >>> synthesize(np.full((2, 500), 120.0), formants(np.array([0, 1]), np.array([3, 3]))).shape
    (2, 500)
    """
    samples = pitch.shape[1]
    size = samples + DECAY
    spectrum = np.fft.rfft(pulses(pitch), size)
    spectrum *= 1 - np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    spectrum *= resonance(np.zeros(1), np.array([FOLDS]), size)
    for frequency, bandwidth in zip(resonances.T, BANDWIDTHS, strict=True):
        spectrum *= resonance(frequency, np.full(len(frequency), bandwidth), size)
    sound = np.fft.irfft(spectrum, size)[:, :samples]
    return (sound / sound.std(axis=1, keepdims=True)).astype(np.float32)
