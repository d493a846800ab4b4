# %% [markdown]
# # 14 · Joint compression
#
# **The question: how small can the file of a pruned network become, and which step makes it so?**
#
# About 60 minutes, and an open task. Before this: [08 · Pruning while
# training](08_while_training.ipynb) and [13 · Does it run faster?](13_faster.ipynb).
#
# Chinese terms: joint compression 联合压缩, regularization 正则化, group lasso 组套索, weight
# sharing 权值共享, k-means k 均值, centroid 质心, codebook 码本, entropy 熵, Huffman coding
# 霍夫曼编码.

# %% [markdown]
# ## What you will be able to do
#
# - say what a penalty on weights does, and why that is not pruning yet;
# - let many weights share a few values, and train those values;
# - store what is left in few bits, and say how few are possible;
# - bring a LeNet-5 down to a few kilobytes, and say what each step saved and cost.

# %%
import logging
import lzma
from functools import cache

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning, schedules, structure
from course_utils.backend import keras
from course_utils.extras import clustering, export, regularizing, sparsefile
from course_utils.lessons import networks, plots, recorded
from course_utils.lessons.checks import joint_compression as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
logging.getLogger("tensorflow").setLevel(logging.ERROR)
predict = Predictions("14_joint_compression")

# %% [markdown] covers="79" corrects="39"
# The network is LeNet-5 (lesson 06). It comes with the course, already trained; set `TRAIN` to
# train it yourself. Each training below is short, and a single run. Beside it stand five seeds of
# a longer run, recorded by `python benchmarks/few_kilobytes.py`.
#
# <details><summary>What the article says</summary>
#
# Its section 7.1 names joint pruning, "combined with regularization and transfer learning", as a
# trend of the future. It was old by then: Han, Mao and Dally joined pruning, shared values and
# Huffman's code in 2015, and Molchanov and others pruned networks while transferring them in 2016
# (lesson 15). More in [the coverage table](../docs/coverage.md).
# </details>

# %% tags=["varies"]
TRAIN = False  # True: train it here, about 30 s
data = load_mnist().head(256, held_out=100) if quick_mode() else load_mnist().head(8_000)
dense = networks.train("lenet5") if TRAIN else networks.trained("lenet5", data)
epochs = 1 if quick_mode() else 12 if data.stand_in else 3
x_val, y_val = data.x_val[:5_000], data.y_val[:5_000]


# %% tags=["varies"]
def train(model, label, epochs, *callbacks, images=None):
    x, y = data.x_train[:images], data.y_train[:images]
    options = {"verbose": 0, "callbacks": [*callbacks, Progress(label, epochs)]}
    model.fit(x, y, epochs=epochs, batch_size=64, **options)
    return model


def answers(model, x=x_val):
    parts = np.split(x, range(1000, len(x), 1000))
    return np.concatenate([np.asarray(model(part)).argmax(axis=1) for part in parts])


def error(model):
    """The share of validation images that are answered wrongly."""
    return np.mean(answers(model) != y_val)


def copied(model):
    copy = models.lenet5(seed=0)
    copy.set_weights(model.get_weights())
    return copy


print(f"{data.caption}: validation error of the dense network {error(dense):.2%}")

# %% [markdown] covers="10 22" corrects="4"
# ## Part 1: a penalty
#
# A **penalty** is something added to the loss that grows with the weights.
#
# - **L1** adds $\lambda \sum |w|$. Its slope is the same for a large weight as for a small one, so
#   it pushes all of them towards zero with the same force, and only what the loss supports stays
#   large.
# - **Group lasso** adds $\lambda \sum_g \sqrt{n_g} \, \lVert w_g \rVert_2$, where $w_g$ are the
#   $n_g$ weights of one group: here of one filter, or of one unit of a dense layer (Yuan and Lin
#   2006; Wen et al. 2016). It pulls at the length of the whole group, so the weights of a group
#   shrink together.
#
# L1 is part of Keras. `regularizing.regularize` puts a penalty on a network that is already built,
# and has the group lasso, which Keras lacks. Two copies of the dense network get a little more
# training, each with one of the penalties.

# %%
guess_zeros = predict(
    "What share of the L1 network's weights is then exactly zero?",
    ...,  # your number
    unit="%",
)

# %% tags=["varies"]
penalties = {"L1": keras.regularizers.L1(2e-5), "group lasso": regularizing.GroupLasso(1e-4)}
small = {"no penalty": dense}
for name, penalty in penalties.items():
    small[name] = copied(dense)
    regularizing.regularize(small[name], penalty)
    train(small[name], name, -(-epochs // 3), images=6_000)

# %% tags=["varies"]
for name, model in small.items():
    W = pruning.weights(model)
    below = np.mean(np.abs(np.concatenate([w.ravel() for w in W.values()])) < 1e-3)
    size = len(export.sparse_file(model))
    print(f"{name:12} {masking.sparsity(W):6.2%} exactly zero, {below:5.1%} below 0.001,", end=" ")
    print(f"error {error(model):.2%}, sparse file {size:,} bytes")
    assert masking.sparsity(W) < 0.001
guess_zeros.was(round(100 * masking.sparsity(pruning.weights(small["L1"])), 1))

# %% [markdown] covers="22" corrects="4"
# None, or next to none. More weights are very small than before, but the file is as large as ever,
# because a number like 0.00003 takes 32 bits like any other. Adam steps across zero and back and
# does not stop on it. A penalty *shrinks*; a mask *prunes* (lesson 05).
#
# <details><summary>What the article says, and when L1 does give zeros</summary>
#
# The article says of weight pruning that it "lowers the values" of weights, "to near zero". That
# describes a penalty. Pruning sets weights to exactly zero and holds them there.
#
# With an update made for it (a *proximal* step, which cuts every small weight to zero), L1 does
# give exact zeros. Of Keras's optimizers only `Ftrl` takes such a step.
# </details>
#
# What is a penalty good for, then? It *sorts*: weights that the loss needs stay large, and the
# others become small. Here are the weights of `fc1`, the first dense layer, and its 500 units,
# ranked:

# %% tags=["varies"]
fig, axes = plt.subplots(1, 2, figsize=(11, 3.6))
fc1 = {name: pruning.weights(model)["fc1/kernel"] for name, model in small.items()}
for index, (name, W) in enumerate(fc1.items()):
    look = {"label": name, "color": (plots.GREY, "black", plots.SKY)[index]}
    sizes = np.abs(W).ravel()
    axes[0].plot(np.quantile(sizes, np.linspace(0.01, 0.99, 99)), np.arange(1, 100), **look)
    axes[1].plot(np.arange(1, 501), np.sort(np.linalg.norm(W, axis=0))[::-1], **look)
axes[0].set(xscale="log", xlabel="|w|", ylabel="% of weights not larger", title="weights of fc1")
axes[1].set(yscale="log", xlabel="rank", ylabel="norm", title="its units, ranked")
plots.label_ends(axes[1])
plt.show()

# %% [markdown]
# Where a curve falls steeply, the units beyond the fall should be of little use. We take out every
# unit whose norm is less than a tenth of the largest. Then a harder test: cut the same share from
# all three networks at once, without retraining.

# %%
guess_units = predict(
    "Which network has the lowest error when 80 % of the units of fc1 are cut?",
    ...,  # your choice
    choices=("no penalty", "L1", "group lasso"),
)


# %%
probe = models.lenet5(seed=0)


def error_with(model, masks):
    """The error of a network with masks applied; the network itself stays as it is."""
    probe.set_weights(model.get_weights())
    for name, mask in masks.items():
        pruning.kernels(probe)[name].assign(pruning.weights(model)[name] * mask)
    return error(probe)


# %% tags=["varies"]
norms = {name: np.linalg.norm(W, axis=0) for name, W in fc1.items()}
for name, model in small.items():
    large = norms[name] > 0.1 * norms[name].max()
    without = error_with(model, {"fc1/kernel": large})
    print(f"{name:12} {np.sum(~large):3} of 500 units are small;", end=" ")
    print(f"error with them {error(model):.2%}, without {without:.2%}")

# %% tags=["varies"]
print(f"error with  {'95 % of all weights cut':>24} {'80 % of the units cut':>24}")
cut = {}
for name, model in small.items():
    by_weight = masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.95)
    by_unit = {"fc1/kernel": norms[name] > np.quantile(norms[name], 0.8)}
    cut[name] = [error_with(model, masks) for masks in (by_weight, by_unit)]
    print(f"{name:12}{cut[name][0]:24.2%} {cut[name][1]:24.2%}")
guess_units.was(min(cut, key=lambda name: cut[name][1]))
if not data.stand_in and not quick_mode():
    for name in penalties:
        assert np.less(cut[name], cut["no penalty"]).all()

# %% [markdown]
# On MNIST both networks with a penalty bear both cuts better than the plain one. But a penalty has
# its price: see the errors before anything was cut. (One run each; the two with a penalty were
# trained longer than the plain one, so part of the difference may be due to that. With the stand-in
# digits the result can be the other way round.)
#
# Gradual pruning (lesson 08) works without a penalty, so part 2 uses none.
#
# ## Part 2: a LeNet-5 in a few kilobytes
#
# ### Prune
#
# First gradual pruning to 98 %. Some units of `fc1` are then read by nobody: all of their weights
# in the next layer are zero. Structural pruning (lesson 11) removes them, and no output changes.

# %% tags=["varies"]
steps = epochs * -(-len(data.x_train) // 64)
cubic = schedules.polynomial(0.98, begin=0, end=6 * steps // 10, every=max(1, steps // 30))
pruned = train(copied(dense), "pruned", epochs, pruning.PruneOnSchedule(cubic))
read = (pruning.weights(pruned)["fc2/kernel"] != 0).any(axis=1)
trimmed, report = structure.shrink(pruned, masks={"fc1": read}, verify=True)

# %% tags=["varies"]
left = sum(np.count_nonzero(W) for W in pruning.weights(pruned).values())
print(f"{left:,} weights left, validation error {error(pruned):.2%}")
print(f"{np.sum(~read)} units are read by nobody: removed")
assert np.abs(np.asarray(trimmed(x_val[:500])) - np.asarray(pruned(x_val[:500]))).max() < 1e-5

# %% [markdown]
# ### Share
#
# What is left is a few thousand weights of 32 bits each. Must they all be different? **Weight
# sharing** gives each layer a short list of values, the **codebook**; the values are also called
# **centroids**. Every weight becomes the nearest of them, and only its place in the list is stored.
# With 15 values that takes 4 bits.
#
# ### Exercise 1
#
# Replace every weight that is left by the nearest of the centroids.


# %% tags=["exercise"]
def my_shared(W, centroids):
    """Return W with every weight at its nearest centroid; zeros are pruned, and stay."""
    # BEGIN SOLUTION
    nearest = np.abs(W[..., None] - centroids).argmin(axis=-1)
    return np.where(W != 0, centroids[nearest], 0)
    # END SOLUTION


# %% tags=["check"]
check.shared(my_shared)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>W[..., None] - centroids</code> has one axis more than W, along which the centroids lie.
# Where on it is the distance smallest?
# </details>
#
# Which values? Those that move the weights least, measured in squares: **k-means**. Assign each
# weight to its nearest centroid, move each centroid to the mean of its weights, and repeat until
# nothing moves. The result depends on the start. Deep Compression (section 3.2) compares three:
# *random* takes some of the weights; *density* places more centroids where there are more weights;
# *linear* spreads them evenly from the smallest to the largest, and the paper recommends it, since
# it gives the few large weights values of their own.


# %% tags=["varies"]
@cache
def clustered(clusters, start="linear"):
    return clustering.cluster(pruning.weights(trimmed), clusters, start)


W = pruning.weights(trimmed)["fc1/kernel"]
fig, axes = plt.subplots(1, 3, figsize=(10, 2.8), sharey=True)
for ax, start in zip(axes, clustering.STARTS, strict=True):
    shared = clustered(15, start)["fc1/kernel"]
    off = np.sqrt(np.mean((shared - W)[W != 0] ** 2))
    plots.codebook(W[W != 0], clustering.codebook(shared), ax).set(ylabel="")
    ax.set_title(f"{start}: off by {off:.4f}")
axes[0].set_ylabel("weights of fc1")
plt.show()

# %% [markdown]
# Where weights were pruned by size, hardly any small ones are left, so there is a gap at zero, and
# no value is spent there: pruning helps sharing.
#
# Which start serves the network best, with 15 values and with 3? Two networks that answer the same
# images are best compared image by image: where is exactly one of them right?

# %%
guess_cost = predict(
    "15 values, linear start: by how much does the error grow (below 0: it falls)?",
    ...,  # your number
    unit="percentage points",
)


# %% tags=["varies"]
def with_shared(clusters, start="linear"):
    """A copy of the trimmed network with shared values."""
    copy = keras.models.clone_model(trimmed)
    copy.set_weights(trimmed.get_weights())
    for name, values in clustered(clusters, start).items():
        pruning.kernels(copy)[name].assign(values)
    return copy


# %% tags=["varies"]
print(f"every weight its own value: error {error(trimmed):.2%}, {len(y_val):,} images")
for clusters in (15,) if quick_mode() else (3, 15):
    right = {s: answers(with_shared(clusters, s)) == y_val for s in clustering.STARTS}
    for start in ("density", "random"):
        only = [np.sum(right["linear"] & ~right[start]), np.sum(right[start] & ~right["linear"])]
        told = abs(only[0] - only[1]) > 2 * np.sqrt(sum(only))
        print(f"{clusters:2} values: linear {1 - right['linear'].mean():.2%},", end=" ")
        print(f"{start} {1 - right[start].mean():.2%}; only one is right on {only[0]} and", end=" ")
        print(f"{only[1]} images:", "a difference" if told else "no difference that can be told")
guess_cost.was(round(100 * (error(with_shared(15)) - error(trimmed)), 2))

# %% [markdown]
# (The last words apply a rule of thumb. If chance alone decided which of the two is right, the two
# numbers would rarely differ by more than twice the root of their sum. This is one network: a start
# that wins here need not win on the next.)
#
# ### Train the values
#
# Shared values can be trained. If many weights share one value $c_k$, moving it moves them all:
#
# $$\frac{\partial L}{\partial c_k} = \sum_{ij} \frac{\partial L}{\partial W_{ij}} \,
# [\, W_{ij} \text{ has the value } c_k \,]$$
#
# (Deep Compression, equation 3.)
#
# ### Exercise 2
#
# Compute it. `labels` says which centroid each weight has; -1 means pruned.


# %% tags=["exercise"]
def my_centroid_gradients(gradients, labels, count):
    """Return the gradients of `count` centroids from those of all weights."""
    # BEGIN SOLUTION
    return np.array([gradients[labels == k].sum() for k in range(count)])
    # END SOLUTION


# %% tags=["check"]
check.centroid_gradients(my_centroid_gradients)

# %% [markdown]
# <details><summary>Hint</summary>
#
# For each k: which weights have the label k? A mask <code>labels == k</code> picks their gradients.
# </details>
#
# In the package a codebook is a constraint, as a mask is (lesson 05): after every step of the
# optimizer all weights of a value move together. (`step="sum"` is the equation, for SGD; the
# default takes the mean of what the optimizer did, which suits Adam as well.) Here is one epoch of
# it with only three values a layer:

# %% tags=["varies"]
tuned = with_shared(3)
untrained = error(tuned)
models.compiled(tuned)
clustering.hold_codebooks(tuned, pruning.weights(tuned))
train(tuned, "3 values a layer", 1, images=6_000)
print(f"error with 3 values: {untrained:.2%}, after training them {error(tuned):.2%}")
values = {n: len(clustering.codebook(W)) for n, W in pruning.weights(tuned).items()}
print(values)
zeros = {n: W == 0 for n, W in pruning.weights(trimmed).items()}
assert max(values.values()) <= 3
assert all((pruning.weights(tuned)[name][gone] == 0).all() for name, gone in zeros.items())

# %% [markdown]
# There are no more values than before, and the zeros held. Is it worth the trouble? Training can
# win back what sharing has cost, and with 15 values sharing costs hardly anything. In the recorded
# run the 15 values were trained for an epoch; mean ± sd of five seeds:


# %%
table = recorded.rows("few_kilobytes")


def runs(stage, value):
    return np.array([row[value] for row in table if row["stage"] == stage])


def points(stage, other):
    """How much more a stage errs than another, seed by seed, in percentage points."""
    apart = 100 * (runs(stage, "test_error") - runs(other, "test_error"))
    return f"{apart.mean():+.2f} ± {apart.std(ddof=1):.2f} points of test error"


print(f"15 values, shared against pruned:  {points('shared', 'trimmed')}")
print(f"15 values, trained against shared: {points('tuned', 'shared')}")

# %% [markdown]
# The gain is small: the 15 values stay as k-means found them. The biases still take 32 bits each.
# Beside 430,500 weights they did not matter; beside a few thousand they do. They get 15 values a
# layer, too.

# %% tags=["varies"]
final = with_shared(15)
biases = {w.path: w for w in final.weights if w.name == "bias"}
arrays = {path: keras.ops.convert_to_numpy(w) for path, w in biases.items()}
for path, values in clustering.cluster(arrays, clusters=15).items():
    biases[path].assign(values)
print(f"error before {error(with_shared(15)):.2%}, with shared biases {error(final):.2%}")

# %% [markdown]
# ### Code
#
# A sparse file (lesson 13) holds two rows of small numbers for each layer: the *gaps* between the
# weights that are left, and each one's *place* in the codebook. So far a gap in `fc1` takes eight
# bits and a place four. But some occur far more often than others:

# %% tags=["varies"]
W = pruning.weights(final)["fc1/kernel"]
gaps = sparsefile.to_gaps(np.flatnonzero(W), width=8).codes
places = np.searchsorted(clustering.codebook(W), W[W != 0])
fig, axes = plt.subplots(1, 2, figsize=(10, 3))
axes[0].hist(gaps, bins=np.arange(0, 257, 4), color=plots.BLUE)
axes[0].set(title="gaps in fc1", xlabel="zeros in between", ylabel="how often")
axes[1].bar(range(1 + places.max()), np.bincount(places), color=plots.GREEN)
axes[1].set(title="places in its codebook", xlabel="place", xticks=range(0, 15, 2))
plt.show()

# %% [markdown]
# (The bar at the right end of the gaps: where 256 zeros or more lie in a row, the file has a
# filler, an entry that says "go on", as in figure 2 of Deep Compression.)
#
# **Huffman's code** gives frequent symbols few bits. Take the two rarest symbols, tie them together
# as one symbol with the sum of their counts, and go on until one is left. Each merge puts one bit
# in front of everything below it, so the total number of bits is *the sum of all merged counts*.
#
# ### Exercise 3
#
# How many bits does Huffman's code take? Do it on paper first, for the counts 4, 2, 1, 2, 2.


# %% tags=["exercise"]
def my_huffman_bits(counts):
    """Return the bits of all symbols together, each symbol as often as `counts` (a list) says."""
    # BEGIN SOLUTION
    bits = 0
    while len(counts) > 1:
        first, second, *rest = sorted(counts)
        bits += first + second
        counts = [first + second, *rest]
    return bits
    # END SOLUTION


# %% tags=["check"]
check.huffman_bits(my_huffman_bits)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Sort, take the two smallest away, put their sum back, add it to the bits, until one is left. Rank
# the merged pair among the others before you take the next two.
# </details>
#
# How few bits *could* it be? No code that writes symbol after symbol goes below the **entropy**,
# $-\sum p \log_2 p$ bits each, where $p$ is the share of a symbol (Shannon 1948). Beside Huffman's
# code we try `lzma`, a general compressor, which also looks for repetitions.

# %%
guess_code = predict(
    "Fewest bits for the gaps of fc1: Huffman's code or lzma?",
    ...,  # your choice
    choices=("Huffman", "lzma"),
)

# %% tags=["varies"]
print(f"{'fc1, bits a weight':20} {'fixed':>7} {'lzma':>7} {'Huffman':>8} {'entropy':>8}")
for name, symbols in {"gaps": gaps, "places": places}.items():
    fixed = 8 if name == "gaps" else int(np.ceil(np.log2(1 + places.max())))
    packed = 8 * len(lzma.compress(symbols.astype("uint8").tobytes())) / len(symbols)
    huffman = 8 * len(sparsefile.coded(symbols)) / len(symbols)
    least = sparsefile.entropy(symbols)
    print(f"{name:20} {fixed:7.2f} {packed:7.2f} {huffman:8.2f} {least:8.2f}")
    assert least <= huffman < (2 if quick_mode() else 1.1) * least
    if name == "gaps":
        guess_code.was("Huffman" if huffman < packed else "lzma")

# %% [markdown]
# Huffman comes within a tenth of the limit, and that includes the list of code lengths, which must
# be in the file as well. Where lzma needs more bits, it has found no repetitions that would pay for
# its greater effort. The gain over fixed bits is modest. Deep Compression says the same of its own
# networks: "a marginal gain".
#
# ### The files
#
# Each step as a file that is written, read back and run. From "shared" on, the units that nobody
# reads are gone as well. "Description" is the architecture and a checksum.

# %% tags=["varies"]
files = {
    "pruned": export.sparse_file(pruned, codes=False),
    "shared": export.sparse_file(with_shared(15), codes=False),
    "biases": export.sparse_file(final, codes=False),
    "coded": export.sparse_file(final),
}
KINDS = {"gaps": "gaps", "codebooks": "table", "values or places": "values"}


def parts_of(file):
    parts = sparsefile.parts(file).values()
    kinds = {name: sum(p[key] for p in parts) for name, key in KINDS.items()}
    return kinds | {"description": len(file) - sum(kinds.values())}


notes = {s: f", error {error(export.read_sparse(file)):.2%}" for s, file in files.items()}
ax = plots.stages({stage: parts_of(file) for stage, file in files.items()}, notes)
whole_file = len(export.sparse_file(dense, codes=False))
title = f"dense: {whole_file / 1e3:,.0f} kB, validation error {error(dense):.2%}"
ax.set_title(f"{title} ({data.caption})")
plt.show()

# %%
# What was read back computes what was written, to the last bit.
for stage, model in {"pruned": pruned, "coded": final}.items():
    again = export.read_sparse(files[stage])
    np.testing.assert_array_equal(np.asarray(again(x_val[:500])), np.asarray(model(x_val[:500])))

# %% [markdown]
# And the longer run: 50,000 images, shifted by up to a pixel, ten epochs, 99 % pruned,
# values trained; the mean of five seeds.


# %%
def mean_parts(stage):
    keys = zip(KINDS, ("gaps", "tables", "values"), strict=True)
    kinds = {name: runs(stage, key).mean() for name, key in keys}
    return kinds | {"description": runs(stage, "bytes").mean() - sum(kinds.values())}


def test_error(stage):
    found = 100 * runs(stage, "test_error")
    return f"{found.mean():.2f} ± {found.std(ddof=1):.2f} %"


order = ["pruned", "trimmed", "shared", "tuned", "biases", "coded"]
notes = {stage: f", error {test_error(stage)}" for stage in order}
ax = plots.stages({stage: mean_parts(stage) for stage in order}, notes)
whole = runs("dense", "bytes").mean()
ax.set_title(f"MNIST, test error; dense: {whole / 1e3:,.0f} kB, {test_error('dense')}")
plt.show()

# %% [markdown]
# ## Beside the paper
#
# Deep Compression's own LeNet-5 (tables 1 and 3 there), beside these five seeds:

# %%
paper = {"dense": (1720, 0.80), "pruned and shared": (1720 / 33, None), "coded": (44, 0.74)}
mine = {"dense": "dense", "pruned and shared": "biases", "coded": "coded"}
print(f"{'LeNet-5':18} {'Deep Compression':>26}   this course (5 seeds)")
for stage, (kilobytes, wrong) in paper.items():
    size = runs(mine[stage], "bytes").mean() / 1e3
    their = f"{kilobytes:6.0f} kB {1720 / kilobytes:4.0f}x"
    their += f"  {wrong:.2f} %" if wrong else "        "
    print(f"{stage:18} {their:>26}   {size:7.1f} kB {whole / 1e3 / size:4.0f}x", end="  ")
    print(test_error(mine[stage]))

# %% [markdown]
# The file is several times smaller than the paper's. Before we are proud of it: *why* is it
# smaller?

# %%
guess_why = predict(
    "Why is the course's file smaller?",
    ...,  # your choice
    choices=("fewer weights", "fewer bits for each weight"),
)

# %%
weights = {"Deep Compression": 0.08 * 430_500, "this course": runs("coded", "weights").mean()}
sizes = {"Deep Compression": 44e3, "this course": runs("coded", "bytes").mean()}
bits = {who: 8 * sizes[who] / count for who, count in weights.items()}
for who, count in weights.items():
    print(f"{who:17} {count:8,.0f} weights left, {bits[who]:5.1f} bits in the file for each")
assert weights["this course"] < 0.2 * weights["Deep Compression"]
assert bits["this course"] > bits["Deep Compression"]
guess_why.was("fewer weights")

# %% [markdown]
# Fewer weights. For each of them the course's file takes *more* bits: gaps are longer where fewer
# weights are left, and the file has biases and an architecture in it, which the paper does not
# count.
#
# And fewer weights have a price: the two files are not equally good, and the bytes alone do not say
# whose method is better. The paper's error did not grow; ours has more than doubled, and all of
# that came with the pruning:

# %%
print(f"all steps after pruning together: {points('coded', 'pruned')}")
assert runs("coded", "test_error").mean() > 2 * runs("dense", "test_error").mean()

# %% [markdown]
# ### The frontier
#
# Can both be had? `benchmarks/records.py` takes more time, and a recipe chosen on validation
# images: a penalty on sizes (part 1) from the first step, digits that are bent a little, LAMP's
# order, a high rate that falls only when the pruning is over. One of its files travels with the
# course:

# %% tags=["varies"]
record_file = (recorded.RESULTS / "lenet5_record.sparse").read_bytes()
record = export.read_sparse(record_file)
kept = sum(np.count_nonzero(W) for W in pruning.weights(record).values())
record_error = np.mean(answers(record, data.x_test) != data.y_test)
print(f"{len(record_file):,} bytes, {kept:,} of 430,500 weights, test error {record_error:.2%}")

part_2 = 100 * runs("coded", "test_error").mean()
known = [
    (row["method"], row["bytes"] / 1e3, row["test_error"], plots.GREY)
    for row in recorded.rows("published")
    if row["record"] == "lenet5_file"
]
known += [
    ("part 2", runs("coded", "bytes").mean() / 1e3, part_2, plots.BLUE),
    ("this file", len(record_file) / 1e3, 100 * record_error, plots.ORANGE),
]
fig, ax = plt.subplots(figsize=(7, 4))
for label, kilobytes, wrong, color in known:
    ax.plot(kilobytes, wrong, "o", color=color)
    ax.annotate(label, (kilobytes, wrong), (8, 4), textcoords="offset points", color=color)
ax.set(xscale="log", xlabel="file, kB", ylabel="test error, %", xlim=(1, 200), ylim=(0, 1.8))
ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
ax.set_title(f"LeNet-5 as a file; published ones grey ({data.caption})")
plt.show()
assert 44e3 > 15 * len(record_file)

# %% [markdown]
# Down and to the left is better. The steps are those of part 2; ranking and training are new. The
# paper's file still errs a little less, and takes fifteen times the bytes. All records, with seeds,
# and what others have published, stand in `benchmarks/README.md` of the clone.
#
# <details><summary>Read tables with a pencil</summary>
#
# The paper's table 3 gives the bits of a weight after coding as 7.2, 7.2, 4.5 and 5.2 for the four
# layers, and as 4.1 for all of them together. A mean cannot lie below everything that it is a mean
# of. With the numbers of weights in its rows the mean is 4.8.
# </details>
#
# ## The test set, once

# %% tags=["varies"]
for name, model in (("dense", dense), ("a few kilobytes", export.read_sparse(files["coded"]))):
    size = whole_file if name == "dense" else len(files["coded"])
    wrong = np.mean(answers(model, data.x_test) != data.y_test)
    print(f"{name:16} {size:9,} bytes, test error {wrong:.2%}")

# %% [markdown]
# ## Your predictions

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **The smallest file at 96.5 %.** `start` is the trained LeNet-5. Hand it in as small as you can,
# after at most two epochs of the 10,000 images `x, y` (160 steps): the judge writes it as a sparse
# file, reads it back, and wants at least 96.5 % of the test images right (of the stand-in's, 90 %).
# What counts is the bytes of the file. Anything goes: penalties, channels, zeros, shared values.
#
# <details><summary>Hint</summary>
#
# The file has parts: values, gaps, tables. Which one weighs most in what you have? Zeros in whole
# rows cost little, few values cost little, and a removed channel costs nothing.
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.handed_in import joint_compression as task

print(task)
start, x, y = task.given()
my_network = ...  # as small as you can
# BEGIN SOLUTION
end = max(1, len(x) // 128 * 7 // 10)
cubic = schedules.polynomial(0.95, begin=0, end=end, every=max(1, end // 15))
start.fit(x, y, 128, 1, verbose=0, callbacks=[pruning.PruneOnSchedule(cubic)])
for name, values in clustering.cluster(pruning.weights(start), 15).items():
    pruning.kernels(start)[name].assign(values)
my_network = start
# END SOLUTION

# %% tags=["varies"]
task.judge(my_network)

# %% [markdown]
# ## What to remember
#
# - A penalty shrinks, a mask prunes. Small is not zero: neither in the file nor in the network.
# - Prune, then share, then code. Pruning saves by far the most, and costs by far the most accuracy.
# - A codebook of 15 values a layer costs next to nothing. Its values can be trained: the gradient
#   of a value is the sum of the gradients of its weights.
# - Entropy says how few bits a symbol needs. Huffman comes near, and gains little.
# - Compare files at equal error, step by step, and say what is in them.
#
# ## What to read
#
# - S. Han, H. Mao, W. J. Dally (2016), *Deep Compression: Compressing Deep Neural Networks with
#   Pruning, Trained Quantization and Huffman Coding*, arXiv 1510.00149.
# - W. Wen, C. Wu, Y. Wang, Y. Chen, H. Li (2016), *Learning Structured Sparsity in Deep Neural
#   Networks*, arXiv 1608.03665: the group lasso.
# - K. Ullrich, E. Meeds, M. Welling (2017), *Soft Weight-Sharing for Neural Network Compression*,
#   arXiv 1702.04008: pruning and sharing in one step.
#
# Next: [15 · Distillation, eight bits, transfer](15_distillation_and_int8.ipynb) meets pruning
# with three other ways to get by with less.
