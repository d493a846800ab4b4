# %% [markdown]
# # 18 · Sounds and words
#
# **The question: can a network that listens, or reads, be pruned like one that sees?**
#
# ![Compass: criterion, granularity, scope, schedule](figures/compass_all.svg)
#
# About 50 minutes, and an open task. Before this: [11 · Structural
# pruning](11_structural_pruning.ipynb) and [17 · Beyond digits](17_beyond_digits.ipynb).
#
# Chinese terms: spectrogram 频谱图, formant 共振峰, source-filter model 源-滤波器模型, gated
# recurrent unit 门控循环单元, state 状态, recurrent kernel 循环核, embedding 嵌入, attention
# 注意力, head 注意力头, logistic regression 逻辑回归, baseline 基线.

# %% [markdown]
# ## What you will be able to do
#
# - prune recurrent networks and Transformers, by weights and by structure;
# - say what goes with one unit of a GRU, and with one head of attention;
# - say what in a Transformer cannot go, and why;
# - judge a result beside three controls: chance, something simple, and small from scratch.

# %%
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Audio
from sklearn.linear_model import LogisticRegression

from course_utils import criteria, masking, measuring, pruning, structure
from course_utils.backend import keras
from course_utils.lessons import networks, plots, recorded
from course_utils.lessons.checks import sounds_and_words as check
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode
from course_utils.lessons.tasks import hearing, speech, text, vowels

plots.use_style()
predict = Predictions("18_sounds_and_words")


# %% [markdown]
# Four networks come trained, two for sounds and two for words. To train them yourself, change one
# word.

# %% tags=["varies"]
TRAIN = False  # True: train all four here, about a minute
start = networks.train if TRAIN else networks.trained
names = ("vowel_cnn", "vowel_gru", "text_gru", "text_transformer")
cnn, gru, reader, former = (start(name) for name in names)


# %%
def fit(model, split, label):
    """Train for one epoch on (inputs, labels), not at all in quick mode; return the model."""
    if not quick_mode():
        model.fit(*split, 128, 1, verbose=0, callbacks=[Progress(label, 1)])
    return model


def right(model, split):
    """Return the share of right answers."""
    parts = np.array_split(split[0], -(-len(split[0]) // 1000))
    answers = np.concatenate([np.asarray(model(part)) for part in parts])
    return float(np.mean(answers.argmax(axis=1) == split[1]))


# %%
def held(model, masks=None):
    """Return a copy of a model, in which masked weights are zero and stay zero."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.compile_from_config(model.get_compile_config())
    if masks:
        pruning.attach(copy, masks)
    return copy


def smaller(model, split):
    """Return a model with half of each group left, chosen by Taylor's score."""
    groups, some = structure.channel_groups(model), slice(None, None, 16)
    scores = structure.taylor(groups, split[0][some], split[1][some], batch_size=64)
    return structure.shrink(groups, masks=structure.choose(scores, 0.5, "layer"))[0]


# %%
def compared(models, split):
    """Print, for each network, its test accuracy and what it costs."""
    print(f"{'':32} test accuracy   not zero      MACs     file")
    for name, model in models.items():
        total, found = measuring.report(model).total, right(model, split)
        error = np.sqrt(found * (1 - found) / len(split[0]))
        size = measuring.file_bytes(model, compressed=True) / 1e3
        left = total.parameters - total.zeros
        print(f"{name:32} {found:.1%} ± {error:.1%} {left:10,} {total.macs:9,} {size:5,.0f} kB")


# %% [markdown] covers="41 75" corrects="38"
# ## Part 1: which vowel was said?
#
# <details><summary>What the article says</summary>
#
# It names speech recognition as a use of pruning, for assistants that must answer at once, and
# counts it as part of natural language processing (6.4). It is a field of its own: what goes in is
# sound, not words, and what goes wrong is different, too: noise, voices, rooms. An assistant needs
# both fields, one after the other. [coverage](../docs/coverage.md)
# </details>
#
# ### A voice from a table
#
# The vocal folds give pulses, alike for every vowel: the **source**. Mouth and throat resonate at a
# few frequencies, the **formants**, and these make the vowel: the **filter**. Peterson and Barney
# measured the pitch and the first three formants of men, women and children in 1952, and our voices
# follow their table. (Not in it: the fourth formant, the width of each resonance and the shape of
# the pulses, which follow Klatt 1980.) Which of these words will be confused?

# %%
means = {voice: vowels.FREQUENCIES[i, 1:3].T for i, voice in enumerate(vowels.VOICES)}
plots.formant_chart(means, vowels.VOWELS)
plt.show()

# %% [markdown]
# Neighbours, most likely: a man's *hod* lies near a man's *hud*, and nearer still to a child's
# *hawed*.
#
# The next cell makes one vowel, a man's *had*. Each resonator
# $y_t = A x_t + B y_{t-1} + C y_{t-2}$ (Klatt 1980) amplifies what lies near one formant (orange).
# (Not drawn: the shape of the pulses, which the sound has.)

# %%
man, had = np.array([0]), np.array([vowels.VOWELS.index("had")])
places = vowels.formants(man, had)
pitch = np.full((1, 4000), 125.0)  # Hz: a whole number of periods makes clean lines
pairs = zip(places.T, vowels.BANDWIDTHS[:, None], strict=True)
through = [vowels.resonance(*pair, 4000) for pair in pairs]
spectra = {
    "source: pulses": np.fft.rfft(vowels.pulses(pitch)[0]),
    "filter: four resonators": np.prod(through, axis=0)[0],
    "sound: had": np.fft.rfft(vowels.synthesize(pitch, places)[0]),
}
plots.spectra(spectra, vowels.RATE / 2, places[0])
plt.show()

# %% [markdown]
# Listen: *heed, had, hod, who'd, heard*, all made from the same pulses.

# %% tags=["varies"]
some = np.array([0, 3, 4, 7, 9])
falling = np.tile(np.linspace(140, 100, 2500), (len(some), 1))
said = vowels.synthesize(falling, vowels.formants(np.zeros(5, int), some))
fade = np.clip(np.minimum(np.arange(2500), np.arange(2500)[::-1]) / 300, 0, 1)
Audio((said * fade).ravel(), rate=vowels.RATE)

# %% [markdown]
# The data: speakers of different sizes and pitches, melodies that rise or fall, vowels of 0.12 to
# 0.28 s somewhere within 0.3 s, and noise. No speaker of the test set is heard in training. The
# networks get a **spectrogram**: time runs to the right, frequency upwards, and bright means loud.

# %% tags=["varies"]
speakers = (15, 6, 6) if quick_mode() else (150, 30, 60)
train, _, test = speech.load_vowels(speakers)
heard, heard_test = ((hearing.log_mel(part.waves), part.vowel) for part in (train, test))
pictures = {vowels.VOWELS[i]: heard[0][20 + i] for i in range(10)}  # one speaker
plots.spectrograms(pictures, {f"{hz} Hz": hearing.band_of(hz) for hz in (300, 1000, 3000)})
plt.show()

# %% [markdown]
# ### Two networks that hear
#
# A CNN takes the spectrogram for an image. A **GRU** (gated recurrent unit) hears it frame by
# frame, and remembers 64 numbers, its **state**. Two gates decide what is kept and what is
# forgotten; a third block of weights proposes new values. The same weights work at each of the 24
# frames. The three blocks lie side by side in two kernels: one reads the inputs, the other, the
# **recurrent kernel**, reads the state of the frame before.

# %%
for model in (cnn, gru):
    print(f"{model.name}: {model.count_params():,} parameters")
    for name, W in pruning.weights(model).items():
        print(f"    {name:22} {W.shape}")

# %% [markdown]
# ### Weights to zero
#
# 80 % of the weights of each network go to zero, the smallest of all kernels together, and the mask
# holds while the network trains for one more epoch. The controls: the same epoch with nothing
# removed, and for the GRU 80 % by chance.

# %% tags=["varies"]
sounds = {}
for name, model in (("CNN", cnn), ("GRU", gru)):
    masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.8)
    sounds[f"{name}, nothing removed"] = fit(held(model), heard, name)
    sounds[f"{name}, 80 % zeros"] = fit(held(model, masks), heard, f"{name}, zeros")
chance = masking.make_masks(criteria.random(pruning.weights(gru), 0), 0.8)
sounds["GRU, 80 % zeros by chance"] = fit(held(gru, chance), heard, "GRU, by chance")

# %% [markdown]
# ### One unit less
#
# Zeros leave the arrays as large as they were. Structure goes by **units**; a unit is one number of
# the state. It has a column in each of the three blocks, in the kernel, in the recurrent kernel and
# in the biases, of which Keras keeps two for each column. And since all units read the state at the
# next frame, and the output layer reads it at the end, its rows go, too.
#
# ### Exercise 1
#
# How many entries go with one unit, from each of these arrays?


# %% tags=["exercise"]
def my_entries(inputs, units, outputs):
    """Return four numbers: of the kernel, recurrent kernel, biases, and the output's kernel."""
    # BEGIN SOLUTION
    columns = 3 * units  # one in each block
    row = 3 * (units - 1)  # without its own three entries, which are counted already
    return 3 * inputs, columns + row, 3 * 2, outputs
    # END SOLUTION


# %% tags=["check"]
check.unit_entries(my_entries)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Draw the recurrent kernel: `units` rows, three blocks of `units` columns. Strike out one row, and
# one column in each block. How many entries did you strike, and how many of them twice?
# </details>
#
# `verify` compares the small network with the full one in which that unit is held at zero: over all
# frames, nothing else changes.

# %% tags=["varies"]
channels = structure.channel_groups(gru)
one_less = structure.choose(structure.filter_norms(channels), 1 / 64, "layer")
small, report = structure.shrink(channels, masks=one_less, verify=True)
print(f"{gru.count_params() - small.count_params()} parameters went with one unit")
report

# %% [markdown]
# Now half of the units, and half of the CNN's channels, chosen by Taylor's score (lesson 11).
# Predict:

# %%
units = predict("What share of the GRU's MACs is left?", ..., unit="%")

# %% tags=["varies"]
for name, model in (("CNN", cnn), ("GRU", gru)):
    small = smaller(model, heard)
    sounds[f"{name}, half the structure"] = fit(small, heard, f"{name}, half")
compared(sounds, heard_test)

# %%
work = {name: measuring.report(model).total.macs for name, model in sounds.items()}
left = work["GRU, half the structure"] / work["GRU, nothing removed"]
units.was(round(100 * left))
assert 0.3 < left < 0.4
if not quick_mode():
    found = {name: right(model, heard_test) for name, model in sounds.items()}
    assert min(found["CNN, 80 % zeros"], found["GRU, half the structure"]) > 0.85
    assert found["GRU, 80 % zeros by chance"] < found["GRU, 80 % zeros"] - 0.1

# %% [markdown]
# Both networks can be pruned in both ways here, for a few points at most. (± is the standard error
# of a share among so many sounds.) The MACs follow the structure and not the zeros. They fall below
# a half, because kernels between two pruned parts lose rows *and* columns, the recurrent one among
# them.

# %% [markdown] covers="42 76"
# ## Part 2: prose or code?
#
# Text needs no download: Python brings its own. A line of the standard library is **prose** if it
# stands in a comment or a docstring, and **code** otherwise. (Comment signs, quotation marks around
# docstrings and indentation are removed. Your lines depend on your version of Python, so results
# differ a little; and unless the networks were trained with that version, they may know some test
# lines.)

# %% tags=["varies"]
lines = (200, 60, 60) if quick_mode() else (8000, 1000, 3000)
train_lines, _, test_lines = text.load_lines(lines)
read, read_test = ((part.ids, part.kind) for part in (train_lines, test_lines))
for i in np.random.default_rng(3).permutation(len(train_lines))[:6]:
    print(f"{text.KINDS[train_lines.kind[i]]:5} | {train_lines.text[i][: text.LENGTH]}")

# %% [markdown]
# ### First something simple
#
# Half of the lines are prose, so guessing is right half of the time. That is a weak **baseline**. A
# better one counts how often each character occurs, ignores their order, and weighs the counts:
# **logistic regression**, 96 weights, no network. Predict:

# %% tags=["varies"]
counting = predict("How many of the test lines does it get right?", ..., unit="%")

# %% tags=["varies"]
simple = LogisticRegression(max_iter=1000).fit(text.counts(read[0]), read[1])
floor = simple.score(text.counts(read_test[0]), read_test[1])
order = np.argsort(simple.coef_[0])
characters = ["empty", "space"] + [chr(i + 31) for i in range(2, text.CHARACTERS)]
counting.was(round(100 * floor, 1))
print("most like code: ", " ".join(characters[i] for i in order[:8]))
print("most like prose:", " ".join(characters[i] for i in order[:-9:-1]))
assert floor > 0.8

# %% [markdown]
# Compare whatever a network achieves with *this*, not with 50 %.
#
# ### Two networks that read
#
# Both look up each character in a table of vectors, an **embedding**. A convolution looks at five
# characters at a time, and pooling turns the 40 places of a line into 20. Then a GRU reads one
# place after another. A **Transformer** looks at all of them at once. It knows no order, so a
# learned vector for each place is added first. In each **head** of its **attention**, every place
# takes a weighted mean of what all places offer. A small dense network then works on each place.
# Both parts *add* their result to the stream that flows past them.

# %% tags=["varies"]
for model in (reader, former):
    print(f"{model.name}: {model.count_params():,} parameters, {right(model, read_test):.1%} right")
line = next(one for one in test_lines.text if len(one) == 24)
attention = former.get_layer("attention")
before = keras.Model(former.input, former.get_layer("norm1").output)
seen = before(text.encoded([line]))
_, scores = attention(seen, seen, return_attention_scores=True)
plots.heads(np.asarray(scores)[0], [line[i : i + 2] for i in range(0, 24, 2)])
plt.show()

# %% [markdown]
# Each row shows where one place of the line looks. (The empty places before a short line get some
# attention, too, which is not drawn.)
#
# ### Exercise 2
#
# Each head brings `size` numbers for each place, and the output kernel has a `(size, width)` block
# for each head. Attention returns the sum over the heads, plus a bias. Compute it without one head.


# %% tags=["exercise"]
def my_output(values, W, b, gone):
    """Return the output (places, width) of attention without head number `gone`.

    `values` (places, heads, size), the output kernel W (heads, size, width), its bias b (width,).
    """
    # BEGIN SOLUTION
    stay = np.arange(len(W)) != gone
    return np.einsum("phs,hsw->pw", values[:, stay], W[stay]) + b
    # END SOLUTION


# %% tags=["check"]
check.without_head(my_output)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>values[:, h] @ W[h]</code> is what head number h contributes. Nothing has to be scaled
# afterwards: there is no mean over heads.
# </details>
#
# ### What can go from a Transformer, and what cannot

# %%
structure.channel_groups(former)

# %% [markdown]
# Heads can go, and hidden units of the dense part, and entries of the embedding. The stream, 32
# numbers a place, cannot: `LayerNormalization` divides by a standard deviation over all of them, so
# that removing one changes the others. The package therefore leaves the stream alone. In the GRU
# network the same 32 numbers are ordinary filters, and can go.

# %% tags=["varies"]
words = {}
for name, model in (("GRU", reader), ("Transformer", former)):
    masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.8)
    words[f"{name}, nothing removed"] = fit(held(model), read, name)
    words[f"{name}, 80 % zeros"] = fit(held(model, masks), read, f"{name}, zeros")
    words[f"{name}, half the structure"] = fit(smaller(model, read), read, f"{name}, half")
compared(words, read_test)
print(f"{'counting characters':32} {floor:.1%}")

# %% [markdown]
# ## Part 3: all four, several seeds
#
# One run tells little. `benchmarks/sounds_and_words_pruned.py` trained each network with several
# seeds, pruned it by a criterion and by chance, and trained it for two more epochs. The dotted line
# is something simple: for the lines, counting characters; for the vowels, a logistic regression on
# how loud each band of the spectrogram is, averaged over time. Predict:

# %%
tasks_of = ("speech: CNN", "speech: GRU", "text: GRU", "text: Transformer")
closest = predict("90 % of weights: where is chance closest to size?", ..., choices=tasks_of)

# %%
table = recorded.rows("sounds_and_words_pruned")
titles = dict(zip(names, tasks_of, strict=True))
counted, loudness = (
    next(row["accuracy"] for row in table if row["network"] == name)
    for name in ("counts", "loudness")
)
floors = {title: loudness if "speech" in title else counted for title in titles.values()}


def accuracies(network, what, criterion, share):
    """Return the test accuracy of each seed; share 0 is the network with nothing removed."""
    wanted = (network, what, criterion, share) if share else (network, "none", "none", 0)
    keys = ("network", "what", "criterion", "share")
    return np.array([r["accuracy"] for r in table if tuple(r[k] for k in keys) == wanted])


# %%
gaps = {
    title: np.mean(accuracies(name, "weights", "magnitude", 0.9))
    - np.mean(accuracies(name, "weights", "chance", 0.9))
    for name, title in titles.items()
}
closest.was(min(gaps, key=lambda title: abs(gaps[title])))

# %%
runs = len(accuracies("vowel_cnn", "none", "none", 0))
for what, criterion, shares in (
    ("weights", "magnitude", (0, 0.8, 0.9, 0.95)),
    ("structure", "taylor", (0, 0.5, 0.75)),
):
    panels = {
        title: (
            shares,
            {
                word: np.array([accuracies(network, what, word, s) for s in shares]).T
                for word in (criterion, "chance")
            },
        )
        for network, title in titles.items()
    }
    plots.by_share(panels, "test accuracy", floors, f"{what} removed, {runs} seeds")
    plt.show()

# %%
print(f"a quarter of the structure left, mean ± sd of {runs} seeds:")
for network, title in titles.items():
    found = {c: accuracies(network, "structure", c, 0.75) for c in ("taylor", "chance", "scratch")}
    print(f"{title:18}", *(f"{k} {v.mean():.1%} ± {v.std(ddof=1):.1%} " for k, v in found.items()))

# %% [markdown]
# (Mind the vertical axes, which differ.)
#
# - **Speech, weights.** By magnitude, the CNN stays ahead of the simple regression, which gets 89 %
#   right, up to 95 %, and the GRU up to 80 %; at 90 % the GRU is *worse than the regression*. By
#   chance both are far behind it at 80 %. The GRU has fewer weights, and uses nearly all of them 24
#   times in a row; we have not measured which of the two matters.
# - **Speech, structure.** With three quarters removed, a network of that size trained *from
#   scratch* beat the pruned one in every seed. Two epochs may be too few to repair so deep a cut.
#   The GRU falls below the regression in every seed, the CNN in four of five. In the GRU even
#   chance beat Taylor's choice in one seed.
# - **Text.** The curves lie within a few points of each other. At 80 % magnitude is better than
#   chance in every seed, by less than four points; at 95 % not in every seed, and the pruned GRU is
#   *worse than counting characters* in four of five. A whole network is only a few points better
#   than counting, so a high accuracy after pruning proves little. With a quarter of the structure
#   left, the pruned network and the one from scratch are less than a point apart in the mean.


# %%
def difference(network, what, one, other, share):
    """Return the paired differences of two criteria, a number for each seed."""
    return accuracies(network, what, one, share) - accuracies(network, what, other, share)


for network in ("vowel_cnn", "vowel_gru"):
    assert difference(network, "weights", "magnitude", "chance", 0.8).min() > 0.15
    assert difference(network, "structure", "scratch", "taylor", 0.75).min() > 0
    assert accuracies(network, "weights", "chance", 0.8).max() < loudness - 0.1
assert round(loudness, 2) == 0.89
assert accuracies("vowel_cnn", "weights", "magnitude", 0.95).min() > loudness
assert accuracies("vowel_gru", "weights", "magnitude", 0.8).min() > loudness
assert accuracies("vowel_gru", "weights", "magnitude", 0.9).max() < loudness
assert accuracies("vowel_gru", "structure", "taylor", 0.75).max() < loudness
assert (accuracies("vowel_cnn", "structure", "taylor", 0.75) < loudness).sum() == 4
assert (difference("vowel_gru", "structure", "taylor", "chance", 0.75) < 0).sum() == 1
for network in ("text_gru", "text_transformer"):
    better = difference(network, "weights", "magnitude", "chance", 0.8)
    assert better.min() > 0
    assert better.max() < 0.04
    assert difference(network, "weights", "magnitude", "chance", 0.95).min() < 0
    assert accuracies(network, "none", "none", 0).max() < counted + 0.06
    assert abs(difference(network, "structure", "scratch", "taylor", 0.75).mean()) < 0.01
assert (accuracies("text_gru", "weights", "magnitude", 0.95) < counted).sum() == 4

# %% [markdown] covers="104" corrects="51"
# ## Which networks can be pruned?
#
# **Any network with weights.** What differs is which parts go together, and which have to stay:
#
# | network | single weights in | structure | what stays |
# |---|---|---|---|
# | CNN, U-Net | kernels | filters, with all that skips tie to them | outputs |
# | GRU, LSTM | kernel and recurrent kernel | units | outputs; units whose first state is an input |
# | Transformer | projections, dense parts | heads, hidden units | what a LayerNormalization sees |
# | embedding | its table, on request | entries | rows: one for each character |

# %% [markdown] covers="81 99" corrects="39"
# <details><summary>What the article says</summary>
#
# "For which networks?" it answers: mainly those made of layers, CNNs and recurrent ones. But every
# feed-forward network is made of layers, a Transformer, too. And pruning across fields, language
# above all, it puts into the future. It had been done already: see the next box.
# [coverage](../docs/coverage.md)
# </details>
#
# <details><summary>What had been done</summary>
#
# See, Luong and Manning (2016) removed 40 % of the more than 200 million weights of a translator
# with very little loss and, with retraining, 80 % without any. Narang and others (2017) pruned
# recurrent networks for speech *while* they trained, to an eighth. Kalchbrenner and others (2018)
# made a recurrent network speak in real time on a phone: with equally many weights, large and
# sparse was better than small and dense. Voita and others (2019) removed 38 of the 48 heads of a
# translator's encoder for 0.15 points of BLEU. Frantar and Alistarh (2023) set half of the weights
# of large language models to zero in one pass, without retraining.
# </details>

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **The fewest MACs that still understand.** `start` is the CNN for vowels, `x, y` are spectrograms
# of 60 speakers. Hand in a network that understands at least 90 % of the vowels of 60 *other*
# speakers, whom no lesson lets speak, after at most 160 steps of its optimizer. What counts is its
# MACs for one vowel.
#
# <details><summary>Hint</summary>
#
# New speakers are harder than new words of the same ones: keep a few speakers out to choose by (20
# vowels each, one speaker after the other). Where are the MACs, and could the first layers do with
# less?
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.handed_in import sounds_and_words as task

print(task)
start, x, y = task.given()
my_network = ...  # `start` with fewer channels, trained on
# BEGIN SOLUTION
cost = structure.costs(start)
scores = structure.per_cost(structure.taylor(start, x, y, batch_size=64), cost.macs)
masks = structure.within_budget(scores, cost.macs, budget=0.3)
my_network = structure.shrink(start, masks=masks)[0]
for rate, epochs in ((3e-3, 6), (5e-4, 2)):
    my_network.optimizer.learning_rate.assign(rate)
    my_network.fit(x, y, 64, epochs, verbose=0)
# END SOLUTION

# %% tags=["varies"]
task.judge(my_network)

# %% [markdown]
# ## What to remember
#
# - A recurrent unit has a column in every block, and a row that all others read. It goes with all
#   of them, and the rest computes on as if it had always been zero.
# - From a Transformer heads and hidden units can go. What a LayerNormalization sees must stay.
# - Compare every result with three things: chance, something simple, and the same small network
#   from scratch.
#
# ## What to read
#
# - G. E. Peterson, H. L. Barney (1952), *Control Methods Used in a Study of the Vowels*,
#   doi 10.1121/1.1906875: our table. J. Hillenbrand, L. A. Getty, M. J. Clark, K. Wheeler (1995),
#   *Acoustic Characteristics of American English Vowels*, doi 10.1121/1.411872, measured again.
# - D. H. Klatt (1980), *Software for a Cascade/Parallel Formant Synthesizer*,
#   doi 10.1121/1.383940: our voice.
# - K. Cho and others (2014), *Learning Phrase Representations using RNN Encoder-Decoder for
#   Statistical Machine Translation*, arXiv 1406.1078: the GRU.
# - A. Vaswani and others (2017), *Attention Is All You Need*, arXiv 1706.03762.
# - A. See, M.-T. Luong, C. D. Manning (2016), *Compression of Neural Machine Translation Models via
#   Pruning*, arXiv 1606.09274.
# - S. Narang, E. Elsen, G. Diamos, S. Sengupta (2017), *Exploring Sparsity in Recurrent Neural
#   Networks*, arXiv 1704.05119.
# - N. Kalchbrenner and others (2018), *Efficient Neural Audio Synthesis*, arXiv 1802.08435.
# - T. Gale, E. Elsen, S. Hooker (2019), *The State of Sparsity in Deep Neural Networks*,
#   arXiv 1902.09574: on a Transformer, plain magnitude does as well as cleverer ways.
# - E. Voita, D. Talbot, F. Moiseev, R. Sennrich, I. Titov (2019), *Analyzing
#   Multi-Head Self-Attention*, arXiv 1905.09418.
# - E. Frantar, D. Alistarh (2023), *SparseGPT: Massive Language Models Can Be Accurately Pruned in
#   One-Shot*, arXiv 2301.00774.
#
# Next: [lesson 19](19_what_did_it_forget.ipynb) asks what pruning forgets.
