# %% [markdown]
# # 14 · Joint compression
#
# **The question: what does pruning add to the other ways of making a network smaller, and what do
# they add to it?**
#
# About 60 minutes of yours, and two of the computer. Before this:
# [08 · Pruning while training](08_while_training.ipynb), and
# [13 · Does it run faster?](13_faster.ipynb).
#
# Chinese terms: joint compression 联合压缩, regularization 正则化, group lasso 组套索, weight
# sharing 权值共享, k-means k 均值, centroid 质心, codebook 码本, entropy 熵, Huffman coding
# 霍夫曼编码, knowledge distillation 知识蒸馏, teacher and student 教师与学生, quantization 量化,
# transfer learning 迁移学习.

# %% [markdown]
# ## What you will be able to do
#
# - say what a penalty on weights does, and why that is not pruning yet;
# - let many weights share few values, and train those values;
# - write what is left in few bits, and say how few are possible;
# - bring a LeNet-5 into a few kilobytes, and say what each stage saved and cost;
# - use Keras's distillation and quantization on a pruned network, and check that it stays pruned;
# - move a pruned network to another task.

# %%
import logging
import lzma
import textwrap
import warnings

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning, schedules, structure
from course_utils.backend import keras
from course_utils.extras import clustering, export, regularizing, sparsefile
from course_utils.lessons import plots, recorded
from course_utils.lessons.checks import joint_compression as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
# TensorFlow warns of many compiled functions; this lesson trains many networks for a short time.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

# %% [markdown] covers="79" corrects="39"
# The article names joint pruning, "combined with regularization and transfer learning", as a trend
# of the future. It was old by then: Han, Mao and Dally put pruning, shared values and Huffman's
# code together in 2015, and Molchanov and others pruned networks that had been transferred in
# 2016. This lesson does both. Its networks are LeNet-5 (lesson 06), trained for a short time here;
# beside your own run stand three seeds of a longer one, measured once by `python
# benchmarks/few_kilobytes.py`.

# %% tags=["varies"]
data = load_mnist().head(256, held_out=100) if quick_mode() else load_mnist().head(10_000)
epochs = 1 if quick_mode() else 12 if data.stand_in else 3
x_val, y_val = data.x_val[:1_500], data.y_val[:1_500]
print(data.caption)


# %%
def train(model, label, epochs, *callbacks, images=None, batch_size=128):
    x, y = data.x_train[:images], data.y_train[:images]
    if epochs:
        options = {"verbose": 0, "callbacks": [*callbacks, Progress(label, epochs)]}
        model.fit(x, y, epochs=epochs, batch_size=batch_size, **options)
    return model


# %%
def copied(model):
    copy = models.lenet5(seed=0)
    copy.set_weights(model.get_weights())
    return copy


# %%
def error(model):
    """The share of validation images that are answered wrongly."""
    return np.mean(np.asarray(model(x_val)).argmax(axis=1) != y_val)


# %% tags=["varies"]
dense = train(models.lenet5(seed=0), "dense LeNet-5", epochs)
print(f"validation error {error(dense):.2%}")

# %% [markdown] covers="10 22" corrects="4"
# ## Part 1: small is not zero
#
# The article says of weight pruning that it "lowers the values" of weights, "to near zero". That is
# the work of a **penalty**: something added to the loss that grows with the weights.
#
# - **L1** adds $\lambda \sum |w|$. Its slope is the same for a large weight and a small one, so it
#   pushes all towards zero at the same speed, and only what the loss holds up stays up.
# - **Group lasso** adds $\lambda \sum_g \sqrt{n_g} \, \lVert w_g \rVert_2$: the same for whole
#   groups, here the 500 units of the first dense layer (Yuan and Lin 2006; Wen et al. 2016). A
#   group goes down together or stays.
#
# L1 is Keras's own; `regularizing.regularize` puts a penalty on a network that is built already,
# and has the group lasso, which Keras lacks. Two copies of the dense network, one more round each.
# **Predict**: after the round with L1, what share of the weights is exactly zero?

# %% tags=["varies"]
penalties = {"L1": keras.regularizers.L1(2e-5), "group lasso": regularizing.GroupLasso(1e-4)}
small = {"no penalty": dense}
for name, penalty in penalties.items():
    small[name] = copied(dense)
    regularizing.regularize(small[name], penalty)
    train(small[name], name, -(-epochs // 3), batch_size=64)

# %% tags=["varies"]
fc1 = {name: pruning.weights(model)["fc1/kernel"] for name, model in small.items()}
fig, axes = plt.subplots(1, 2, figsize=(11, 3.8))
plots.weight_sizes(fc1, axes[0]).set_title("single weights of fc1")
for index, (name, W) in enumerate(fc1.items()):
    norms = np.sort(np.linalg.norm(W, axis=0))[::-1]
    axes[1].plot(norms, label=name, color=plots.COLOURS[index])
axes[1].set(title="its 500 units, ranked", xlabel="rank", ylabel="norm of a unit's weights")
axes[1].set_yscale("log")
axes[1].legend()
fig.suptitle(data.caption, fontsize=12)
plt.show()

# %% tags=["varies"]
for name, model in small.items():
    W = pruning.weights(model)
    below = np.mean(np.abs(np.concatenate([w.ravel() for w in W.values()])) < 1e-3)
    size = len(export.sparse_file(model))
    print(f"{name:12} {masking.sparsity(W):6.2%} exactly zero, {below:5.1%} below 0.001,", end=" ")
    print(f"error {error(model):.2%}, sparse file {size:,} bytes")
    assert masking.sparsity(W) < 0.001

# %% [markdown] covers="22" corrects="4"
# None. The weights crowd near zero, or whole units do, and the file is as large as before: a number
# like 0.00003 takes 32 bits, too. Adam steps across zero and back, and never stops at it. (With a
# step made for it, a proximal one, L1 gives true zeros; but in Keras, PyTorch and the article it is
# the optimizer that steps.) A penalty *shrinks*; a mask *prunes* (lesson 05).
#
# So what is a penalty good for? It sorts. **Predict**: cut the smallest weights of the three
# networks at one stroke, no retraining. Which bears it best? And which, if whole units go?


# %%
probe = models.lenet5(seed=0)


def error_with(model, masks):
    """The error of a network with masks applied; the network itself stays as it is."""
    probe.set_weights(model.get_weights())
    for name, mask in masks.items():
        variable = pruning.kernels(probe)[name]
        variable.assign(pruning.weights(model)[name] * mask)
    return error(probe)


# %%
def unit_masks(model, share):
    norms = np.linalg.norm(pruning.weights(model)["fc1/kernel"], axis=0)
    return {"fc1/kernel": norms > np.quantile(norms, share)}


# %% tags=["varies"]
shares = [0.5, 0.95] if quick_mode() else [0.5, 0.8, 0.9, 0.95]
by_weight, by_unit = {}, {}
for name, model in small.items():
    scores = criteria.magnitude(pruning.weights(model))
    by_weight[name] = [error_with(model, masking.make_masks(scores, s)) for s in shares]
    by_unit[name] = [error_with(model, unit_masks(model, s)) for s in shares]

# %% tags=["varies"]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
for ax, what, found in zip(axes, ("weights", "units of fc1"), (by_weight, by_unit), strict=True):
    plots.by_compression(shares, plots.curves(found, shares, ax)).set_title(f"{what} cut")
    ax.set_xlabel(f"share of {what} cut")
axes[0].set_ylabel("validation error, no retraining")
fig.suptitle(data.caption, fontsize=12)
plt.show()

# %% [markdown]
# On MNIST both penalties make room for the cut, in both pictures. (With the stand-in digits the
# network has units to spare without any penalty, and the right picture can come out the other way
# round: a penalty also makes what it leaves matter more.) But making room is half of it. Look at
# the ranked units again, and take out exactly those that have become small, a tenth of the largest
# or less:

# %% tags=["varies"]
for name, model in small.items():
    norms = np.linalg.norm(pruning.weights(model)["fc1/kernel"], axis=0)
    large = norms > 0.1 * norms.max()
    without = error_with(model, {"fc1/kernel": large})
    print(f"{name:12} {np.sum(~large):3} of 500 units are small;", end=" ")
    print(f"error with them {error(model):.2%}, without {without:.2%}")

# %%
if not data.stand_in and not quick_mode():
    for name in penalties:
        assert by_weight[name][-1] < by_weight["no penalty"][-1]
        assert by_unit[name][-1] < by_unit["no penalty"][-1]

# %% [markdown]
# A penalty *sorts*: the small units go for nothing, and where the curve falls off says how many
# they are. The plain network's units share the work alike, and nothing says which could go. (Units
# go here without a single weight cut before. The article says that structural pruning needs weight
# pruning to gain anything; lesson 11 needed none. They are choices independent of each other, and
# below we use both.)
#
# One run each, and the two with a penalty had a round of training more than the plain one. Lesson
# 08's gradual schedule needs no penalty, so the pipeline below has none.
#
# ## Part 2: a LeNet-5 in a few kilobytes
#
# ### Prune
#
# Gradually, as in lesson 08, to 98 %. (The longer run prunes to 99 %.)

# %% tags=["varies"]
steps = epochs * -(-len(data.x_train) // 128)
cubic = schedules.polynomial(0.98, begin=0, end=6 * steps // 10, every=max(1, steps // 30))
pruned = train(copied(dense), "pruned", epochs, pruning.PruneOnSchedule(cubic))
left = sum(np.count_nonzero(W) for W in pruning.weights(pruned).values())
print(f"{left:,} weights left, validation error {error(pruned):.2%}")

# %% [markdown]
# Some units of `fc1` are now read by nobody: all of their weights in the next layer are zero. They
# have a bias each, and perhaps weights. Structural pruning (lesson 11) takes them out, and since
# nobody reads them, nothing changes. **Predict**: how many of the 500?

# %% tags=["varies"]
read = (pruning.weights(pruned)["fc2/kernel"] != 0).any(axis=1)
trimmed, report = structure.shrink(pruned, masks={"fc1": read}, verify=True)
apart = np.abs(np.asarray(trimmed(x_val)) - np.asarray(pruned(x_val))).max()
print(f"{np.sum(~read)} units are read by nobody; without them outputs differ by {apart:.0e}")
assert apart < 1e-5
print(f"{pruned.count_params():,} -> {trimmed.count_params():,} parameters, most of them zeros")

# %% [markdown]
# ### Share
#
# What is left are a few thousand weights of 32 bits each. Must they all be different?
# **Weight sharing**: in each layer a short list of values, the **codebook**; every weight becomes
# the nearest of them, and what is stored is its place in the list. With 15 values that is 4 bits.
#
# ### Exercise 1
#
# Give every weight that is left the nearest of the centroids.


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
# <code>W[..., None] - centroids</code> has one axis more than W, along which the centroids lie:
# where on it is the distance least?
# </details>
#
# Which values? Those that leave the weights the shortest way, in squares: **k-means**. Assign each
# weight to its nearest centroid, move each centroid to the mean of its weights, and so on until
# nothing moves. What it ends with depends on where it starts. Deep Compression (section 3.2)
# compares three ways: *random* takes some of the weights; *density* takes more centroids where
# there are more weights; *linear* spreads them evenly from the least to the largest. **Predict**:
# which serves the network best? Think of who matters most (lesson 07), and how many of those there
# are.

# %% tags=["varies"]
W = pruning.weights(trimmed)["fc1/kernel"]
fig, axes = plt.subplots(1, 3, figsize=(12, 3.4), sharey=True)
for ax, start in zip(axes, clustering.STARTS, strict=True):
    shared = clustering.cluster({"fc1/kernel": W}, clusters=15, start=start)["fc1/kernel"]
    off = np.sqrt(np.mean((shared - W)[W != 0] ** 2))
    plots.codebook(W[W != 0], clustering.codebook(shared), ax).set_title(
        f"{start}: off by {off:.4f}"
    )
    ax.set_ylabel("")
fig.suptitle(f"{np.count_nonzero(W):,} weights of fc1, {data.caption}", fontsize=12)
plt.show()


# %% tags=["varies"]
untuned = keras.models.clone_model(trimmed)
untuned.set_weights(trimmed.get_weights())


def with_shared(clusters, start="linear"):
    """The trimmed network with shared values, in the place of the last one."""
    for name, values in clustering.cluster(pruning.weights(trimmed), clusters, start).items():
        pruning.kernels(untuned)[name].assign(values)
    return untuned


# %% tags=["varies"]
counts = [15] if quick_mode() else [3, 7, 15, 31]
by_start = {s: [error(with_shared(n, s)) for n in counts] for s in clustering.STARTS}

# %% tags=["varies"]
ax = plots.curves(by_start, counts)
ax.axhline(error(trimmed), color=plots.GREY, linewidth=1, label="every weight its own value")
ax.yaxis.set_major_formatter("{x:.1%}")
ax.set_xscale("log", base=2)
ax.set_xticks(counts, counts)
ax.set(xlabel="values in each layer", ylabel="validation error", title=data.caption)
ax.legend()
plt.show()

# %% [markdown]
# The pruned network has no small weights left, so its histogram has a gap at zero, and no centroid
# is spent there: pruning *helps* sharing. Linear gives the few large weights values of their own,
# and these matter most; that is the paper's reason for it. But look at the right end: from about
# 15 values on the three can hardly be told apart, and hardly from the network that shares nothing.
#
# ### Train the values
#
# Shared values can be trained on. If many weights have one value $c$, then moving $c$ moves them
# all:
#
# $$\frac{\partial L}{\partial c_k} = \sum_{ij} \frac{\partial L}{\partial W_{ij}} \,
# [\, W_{ij} \text{ has the value } c_k \,]$$
#
# (Deep Compression, equation 3.)
#
# ### Exercise 2
#
# Compute it. `labels` says for each weight which centroid it has; -1 means pruned.


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
# optimizer, all weights of a value move together. `step="sum"` is the equation, for SGD; the
# default takes the mean of what the optimizer did, which suits Adam, too. The two differ in how
# far a value moves, not where to. **Predict**: how many different values will `fc1` have after the
# training?

# %% tags=["varies"]
with_shared(15)
clustering.hold_codebooks(trimmed, clustering.cluster(pruning.weights(trimmed), clusters=15))
tuned = train(trimmed, "15 values a layer", 1)
print(f"error: shared {error(untuned):.2%}, values trained {error(tuned):.2%}")

# %% tags=["varies"]
values = {n: len(clustering.codebook(W)) for n, W in pruning.weights(tuned).items()}
print(values)
assert max(values.values()) <= 15
assert not any(pruning.regrown(tuned).values())

# %% [markdown]
# Exactly as many as before, and the zeros held as well. One thing is left with 32 bits: the
# biases. Against 430,500 weights they were nothing; now they would be a fifth of the file. They
# get 15 values a layer, too:


# %%
def share_biases(model):
    biases = {w.path: w for w in model.weights if w.name == "bias"}
    arrays = {path: keras.ops.convert_to_numpy(w) for path, w in biases.items()}
    for path, values in clustering.cluster(arrays, clusters=15).items():
        biases[path].assign(values)


# %% tags=["varies"]
before = error(tuned)
share_biases(tuned)
print(f"error before {before:.2%}, after {error(tuned):.2%}")

# %% [markdown]
# ### Code
#
# A sparse file (lesson 13) holds two rows of small numbers for each layer: the *gaps* between the
# weights that are left, and each one's *place* in the codebook. So far every number took equally
# many bits. But they are not equally frequent:

# %% tags=["varies"]
W = pruning.weights(tuned)["fc1/kernel"]
gaps = sparsefile.to_gaps(np.flatnonzero(W), width=8).codes
places = np.searchsorted(clustering.codebook(W), W[W != 0])
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2))
axes[0].hist(gaps, bins=np.arange(0, 257, 4), color=plots.BLUE)
axes[0].set(title="gaps in fc1", xlabel="zeros in between", ylabel="how often")
axes[1].bar(range(1 + places.max()), np.bincount(places), color=plots.BLUE)
axes[1].set(title="places in its codebook", xlabel="place", xticks=range(0, 15, 2))
plt.show()

# %% [markdown]
# (The bar at the right end of the gaps: where 256 zeros or more lie in a row, the file has a
# filler, an entry that says "go on". So figure 2 of Deep Compression does it.)
#
# **Huffman's code** gives frequent symbols few bits. Take the two rarest symbols, tie them
# together as one symbol with the sum of their counts, and go on until one is left. Each merge puts
# one bit in front of everything below it; so the bits in all are *the sum of all merged counts*.
#
# ### Exercise 3
#
# How many bits does Huffman's code take? For counts 4, 2, 1, 2, 2 do it on paper first.


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
# Sort, take the two smallest away, put their sum back, add it to the bits. Until one is left. The
# merged pair must be ranked among the others before you take the next two.
# </details>
#
# How few bits *could* it be? No code that writes symbol after symbol goes below the **entropy**,
# $-\sum p \log_2 p$ bits each (Shannon 1948). **Predict**: how far above is Huffman? And would a
# general compressor, `lzma`, do better on the same numbers?

# %% tags=["varies"]
print(f"{'fc1, bits a weight':20} {'fixed':>7} {'lzma':>7} {'Huffman':>8} {'entropy':>8}")
rows = {"gaps": gaps, "places": places}
for name, symbols in rows.items():
    fixed = 8 if name == "gaps" else int(np.ceil(np.log2(1 + places.max())))
    packed = 8 * len(lzma.compress(symbols.astype("uint8").tobytes())) / len(symbols)
    huffman = 8 * len(sparsefile.coded(symbols)) / len(symbols)
    least = sparsefile.entropy(symbols)
    print(f"{name:20} {fixed:7.2f} {packed:7.2f} {huffman:8.2f} {least:8.2f}")
    assert least <= huffman

# %% [markdown]
# Huffman is within a few percent of what is possible (what it is above comes mostly from the
# lengths of the codes, which must be in the file, too). lzma looks for repetitions, finds none,
# and pays for looking. The numbers are nearly random: *that* is a sign of good compression. And
# the gain over fixed bits is small. Deep Compression says the same of its own networks: the code
# gave "a marginal gain".
#
# ### The files
#
# Each stage as a file, written, read back, and run:

# %% tags=["varies"]
files = {
    "pruned": export.sparse_file(pruned, codes=False),
    "shared": export.sparse_file(untuned, codes=False),
    "tuned, biases": export.sparse_file(tuned, codes=False),
    "coded": export.sparse_file(tuned),
}


KINDS = {"gaps": "gaps", "codebooks": "table", "values or places": "values"}


def parts_of(file):
    parts = sparsefile.parts(file).values()
    kinds = {name: sum(p[key] for p in parts) for name, key in KINDS.items()}
    return kinds | {"description": len(file) - sum(kinds.values())}


# %% tags=["varies"]
notes, outputs = {}, {}
for stage, file in files.items():
    network = export.read_sparse(file)
    outputs[stage] = np.asarray(network(x_val))
    notes[stage] = f", error {error(network):.2%}"

# %% tags=["varies"]
ax = plots.stages({stage: parts_of(file) for stage, file in files.items()}, notes)
whole_file = len(export.sparse_file(dense, codes=False))
ax.set_title(f"dense: {whole_file / 1e3:,.0f} kB, error {error(dense):.2%} ({data.caption})")
plt.show()

# %%
# What was read back computes what was written, to the last bit.
np.testing.assert_array_equal(outputs["coded"], np.asarray(tuned(x_val)))
np.testing.assert_array_equal(outputs["pruned"], np.asarray(pruned(x_val)))

# %% tags=["varies"]
small_file = len(files["coded"])
print(f"{whole_file:,} -> {small_file:,} bytes: {whole_file / small_file:.0f} times smaller")

# %% [markdown]
# "Description" is the architecture as JSON, compressed, and a checksum. And this is the longer run,
# on all of MNIST: ten epochs, to 99 %, three seeds.

# %%
table = recorded.rows("few_kilobytes")


def runs(stage, value):
    return np.array([row[value] for row in table if row["stage"] == stage])


# %%
def mean_parts(stage):
    kinds = {
        name: runs(stage, key).mean()
        for name, key in zip(KINDS, ("gaps", "tables", "values"), strict=True)
    }
    return kinds | {"description": runs(stage, "bytes").mean() - sum(kinds.values())}


# %%
def test_error(stage):
    found = 100 * runs(stage, "test_error")
    return f"{found.mean():.2f} ± {found.std(ddof=1):.2f} %"


# %%
order = ["pruned", "trimmed", "shared", "tuned", "biases", "coded"]
ax = plots.stages(
    {stage: mean_parts(stage) for stage in order},
    {stage: f", error {test_error(stage)}" for stage in order},
)
whole = runs("dense", "bytes").mean()
ax.set_title(f"MNIST, test error; dense: {whole / 1e3:,.0f} kB, {test_error('dense')}")
plt.show()

# %% [markdown]
# Now beside Deep Compression's own table (tables 1 and 3 there, LeNet-5):

# %%
paper = {"dense": (1720, 0.80), "pruned and shared": (1720 / 33, None), "coded": (44, 0.74)}
mine = {"dense": "dense", "pruned and shared": "biases", "coded": "coded"}
print(f"{'LeNet-5':18} {'Deep Compression':>26}   this course (3 seeds)")
for stage, (kilobytes, wrong) in paper.items():
    size = runs(mine[stage], "bytes").mean() / 1e3
    their = f"{kilobytes:6.0f} kB {1720 / kilobytes:4.0f}x"
    their += f"  {wrong:.2f} %" if wrong else "        "
    print(f"{stage:18} {their:>26}   {size:7.1f} kB {whole / 1e3 / size:4.0f}x", end="  ")
    print(test_error(mine[stage]))

# %% [markdown]
# Smaller by a wide margin. Before you are proud: *why*? Count what each weight that is left costs,
# and how many there are.

# %%
weights = {"Deep Compression": 0.08 * 430_500, "this course": runs("coded", "weights").mean()}
sizes = {"Deep Compression": 44e3, "this course": runs("coded", "bytes").mean()}
for who, count in weights.items():
    bits = 8 * sizes[who] / count
    print(f"{who:17} {count:8,.0f} weights left, {bits:5.1f} bits in the file for each")

# %%
assert weights["this course"] < 0.2 * weights["Deep Compression"]
assert 8 * sizes["this course"] / weights["this course"] > 8 * 44e3 / weights["Deep Compression"]

# %% [markdown]
# Per weight the course's file is the *larger* one: gaps are longer where fewer are left, and there
# are biases and an architecture in it, which the paper does not count. All of the difference is
# that fewer weights are left, and that is the work of gradual pruning, which came two years after
# the paper (lesson 08). And it is paid for: the error is twice the paper's. Nearly all of that is
# the pruned stage's, and there it is a matter of patience: six epochs of pruning here, fifteen in
# `benchmarks/lenet5_100x.py`, which has as few weights left:

# %%
longer = 100 * np.array([row["test_error"] for row in recorded.rows("lenet5_100x")])
print(f"99 % zeros: six epochs {test_error('pruned')},", end=" ")
print(f"fifteen {longer.mean():.2f} ± {longer.std(ddof=1):.2f} %")
after_pruning = 100 * (runs("coded", "test_error") - runs("pruned", "test_error"))
print(f"all stages after pruning together: {after_pruning.mean():+.2f} points")

# %%
assert abs(after_pruning.mean()) < 0.1

# %% [markdown]
# A comparison of two totals, in bytes alone, would have praised the wrong stage, and not seen the
# price.
#
# (And read tables with a pencil. The paper's table 3 gives the bits of a weight after coding as
# 7.2, 7.2, 4.5 and 5.2 for the four layers, and as 4.1 for all together. A mean cannot lie below
# everything it is a mean of:)

# %%
kept = np.array([0.66 * 500, 0.12 * 25_000, 0.08 * 400_000, 0.19 * 5_000])
bits = np.array([7.2, 7.2, 4.5, 5.2])
print(f"from its rows: {kept @ bits / kept.sum():.1f} bits a weight")
assert kept @ bits / kept.sum() > 4.1

# %% [markdown]
# ## Part 3: does the order matter?
#
# Prune, then share. Why not share, then prune? Take the dense network, 15 values a layer, 95 % of
# the weights to go. **Predict**: how many different values does `fc1` have at the end, in each
# order?

# %% tags=["varies"]
weights = pruning.weights(dense)
first = clustering.cluster(weights, clusters=15)
after = {}
for way, arrays in (("prune, share", weights), ("share, prune", first)):
    masks = masking.make_masks(criteria.magnitude(arrays), 0.95)
    after[way] = clustering.cluster(masking.apply(arrays, masks), clusters=15)
    print(way, {name: len(clustering.codebook(W)) for name, W in after[way].items()})

# %% tags=["varies"]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2), sharex=True)
for ax, (way, arrays) in zip(axes, after.items(), strict=True):
    W = arrays["fc1/kernel"]
    plots.codebook(W[W != 0], clustering.codebook(W), ax).set_title(f"fc1: {way}")
plt.show()

# %% [markdown]
# Shared first, most values of the codebook serve the crowd near zero, and go with it; and a cut
# must divide weights that have become *equal*. What does that cost? One more round of training for
# each: pruned first, the weights that are left are trained, then they share; shared first, only
# the few values can be.

# %% tags=["varies"]
for way, arrays in after.items():
    model = copied(dense)
    masks = {name: W != 0 for name, W in arrays.items()}
    pruning.attach(model, masks)
    if way == "share, prune":
        clustering.hold_codebooks(model, arrays)
    train(model, way, 0 if quick_mode() else 1, images=6_000)
    if way == "prune, share":
        clustering.hold_codebooks(model, clustering.cluster(pruning.weights(model), clusters=15))
    print(f"error {error(model):.2%}, sparse file {len(export.sparse_file(model)):,} bytes")

# %% [markdown]
# (One run.) The order of Deep Compression is no accident: first what leaves most freedom to what
# comes after.
#
# ## Part 4: a teacher
#
# **Distillation** (Hinton, Vinyals and Dean 2015): a student learns not only from labels, but from
# what a teacher says of *all* classes: this 4 looks a little like a 9. The teacher's outputs
# before the softmax are divided by a temperature, so that small chances show. Keras has it:
# `keras.distillation.Distiller`. The dense network teaches the pruned one, whose masks are held:
# the distiller's optimizer applies constraints as any does.
#
# Two traps. Our networks end in a softmax, and a softmax of a softmax is nearly flat, so it has to
# go for the while. And the loss must be given as an *object*. In the version of Keras that this
# course pins, its default, the word "kl_divergence", is compared before the softmax, where it is
# no divergence at all: there it can fall below zero, which a divergence cannot.

# %%
one, other = (np.array([row], "float32") for row in ([1.2, -2.0, 0.4], [3.6, -1.0, 2.0]))
for loss in ("kl_divergence", keras.losses.KLDivergence()):
    apart = keras.distillation.LogitsDistillation(4.0, loss).compute_loss(one, other)
    print(f"{type(loss).__name__:12} says that two outputs are {float(apart):+.3f} apart")
assert apart > 0

# %% tags=["varies"]
student, teacher = copied(pruned), copied(dense)
pruning.attach(student, pruning.masks_from_zeros(student))
for model in (student, teacher):
    model.layers[-1].activation = keras.activations.linear
lesson = keras.distillation.LogitsDistillation(4.0, keras.losses.KLDivergence())
distiller = keras.distillation.Distiller(teacher, student, lesson)
distiller.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
train(distiller, "student", 0 if quick_mode() else 1)
student.layers[-1].activation = keras.activations.softmax
print(f"error before {error(pruned):.2%}, with a teacher {error(student):.2%}")
assert not any(pruning.regrown(student).values())

# %% [markdown]
# The zeros held. Did the teacher help? One more round with a teacher against one more round with
# labels alone, the longer run, in pairs:

# %%
apart = 100 * (runs("teacher", "test_error") - runs("labels", "test_error"))
print(f"labels {test_error('labels')}, teacher {test_error('teacher')}")
print(f"seed by seed: {apart.mean():+.2f} ± {apart.std(ddof=1):.2f} points")

# %% [markdown]
# A difference below 0.1 point on MNIST is noise (lesson 05): ten classes, labels that are nearly
# all right, and a teacher who knows hardly more than they do. Distillation was made for other
# cases, and here it is worth trying, not assuming.
#
# ## Part 5: eight bits
#
# Keras quantizes, too: `model.quantize("int8")`. Each column of a dense kernel gets its own scale,
# and $w \approx \text{scale} \cdot q$ with whole $q$ from -127 to 127. **Predict**: do the zeros
# stay zeros? And what is smallest: float32, int8, or 15 shared values?

# %% tags=["varies"]
eight = copied(pruned)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that layers without weights cannot be quantized
    eight.quantize("int8")
for name, model in (("float32", pruned), ("int8", eight), ("shared, tuned", tuned)):
    print(f"{name:14} .keras {export.keras_bytes(model):9,} bytes, sparse file", end=" ")
    print(f"{len(export.sparse_file(model)):7,} bytes, error {error(model):.2%}")

# %% tags=["varies"]
whole_numbers = keras.ops.convert_to_numpy(eight.get_layer("fc1").kernel)
zeros = pruning.weights(pruned)["fc1/kernel"] == 0
assert (whole_numbers[zeros] == 0).all()
print(f"fc1 in {whole_numbers.dtype}: {np.mean(whole_numbers == 0):.1%} zeros", end=", ")
print(f"{len(np.unique(whole_numbers))} different values")
try:
    pruning.weights(eight)
except ValueError as refusal:
    print(textwrap.fill(f"To prune it now? {refusal}", 90))

# %% [markdown] covers="79"
# The scale is symmetric, so 0 stays 0 exactly. Convolutions stay in float32; this version has no
# int8 for them. int8 is a codebook, too: up to 255 values, evenly spaced. Its advantage is not
# size but *arithmetic*: whole numbers are multiplied directly, where the runtime can (lesson 13),
# while a shared value has to be looked up first. And quantize last: whole numbers have no gradient
# to prune or train by.
#
# ## Part 6: another task
#
# A network that knows the digits 0 to 4 is to learn 5 to 9 from few examples. **Transfer**: keep
# all layers but the last, put a new one on top, train on. If the first network was pruned, is what
# is left *too special* for another task? **Predict**, for 20 examples of each new digit, the order
# of: from scratch; dense, transferred; pruned to 95 %, transferred with its mask held.


# %%
def digits(x, y, first):
    """The images of five digits, labelled 0 to 4."""
    taken = (y >= first) & (y < first + 5)
    return x[taken], y[taken] - first


# %%
def moved(source, x, y, rounds):
    """Train on another task, from all layers of a source but the last; zeros are held."""
    model = models.lenet5(classes=5, seed=1)
    if source is not None:
        for one, other in zip(source.layers[:-1], model.layers[:-1], strict=True):
            other.set_weights(one.get_weights())
        masks = pruning.masks_from_zeros(model)
        pruning.attach(model, {n: m for n, m in masks.items() if "fc2" not in n})
    if rounds:
        model.fit(x, y, batch_size=32, epochs=rounds, verbose=0)
    return model


# %% tags=["varies"]
x, y = digits(data.x_train, data.y_train, 0)
x_new, y_new = digits(data.x_train, data.y_train, 5)
few = np.concatenate([np.flatnonzero(y_new == digit)[:20] for digit in range(5)])
rounds = -(-2 * epochs // 3)
steps = rounds * -(-len(x) // 64)
cubic = schedules.polynomial(0.95, begin=0, end=7 * steps // 10, every=max(1, steps // 30))
sources = {"scratch": None}
for name, callbacks in (("dense", []), ("pruned 95%", [pruning.PruneOnSchedule(cubic)])):
    sources[name] = models.lenet5(classes=5, seed=0)
    if callbacks or not quick_mode():
        sources[name].fit(x, y, batch_size=64, epochs=rounds, verbose=0, callbacks=callbacks)

# %% tags=["varies"]
x_other, y_other = digits(x_val, y_val, 5)
for name, source in sources.items():
    model = moved(source, x_new[few], y_new[few], rounds=0 if quick_mode() else 15)
    wrong = np.mean(np.asarray(model(x_other)).argmax(axis=1) != y_other)
    share = masking.sparsity(pruning.weights(model, exclude="fc2/*"))
    print(f"{name:11} {share:4.0%} zeros, error on the digits 5 to 9: {wrong:.1%}")

# %% [markdown]
# The same with several seeds and numbers of examples, measured once by `python
# benchmarks/transfer_pruned.py`. There is a fourth way in it, Molchanov's: transfer the dense
# network, and prune it *on the new task*, while it learns.

# %%
rows = recorded.rows("transfer_pruned")
examples = sorted({row["examples"] for row in rows})
seeds = sorted({row["seed"] for row in rows})


def transferred(start):
    found = {(r["seed"], r["examples"]): r["test_error"] for r in rows if r["start"] == start}
    return np.array([[found[seed, count] for count in examples] for seed in seeds])


starts = ["scratch", "dense", "pruned 95%", "pruned 98%", "pruned after"]
ax = plots.curves({start: transferred(start) for start in starts}, examples)
ax.set_xscale("log")
ax.set_xticks(examples, [f"{count:.0f}" for count in examples])
ax.minorticks_off()
ax.yaxis.set_major_formatter("{x:.0%}")
ax.set(xlabel="examples of each new digit", ylabel="test error, digits 5 to 9")
ax.set_title(f"MNIST, {len(seeds)} seeds, ±1 sd")
plt.show()

# %%
for start in starts[2:]:
    apart = 100 * (transferred(start) - transferred("dense"))
    told = ", ".join(
        f"{mean:+.1f} ± {sd:.1f}"
        for mean, sd in zip(apart.mean(axis=0), apart.std(axis=0, ddof=1), strict=True)
    )
    print(f"{start:13} against dense: {told} points")


# %%
def mean(start):
    return transferred(start).mean(axis=0)


assert (mean("dense") < mean("scratch")).all()
assert (mean("pruned 98%")[1:] > mean("scratch")[1:]).all()  # with 20 examples and more
assert (mean("pruned after")[1:] < mean("pruned 95%")[1:]).all()

# %% [markdown]
# What was learned on one half of the digits helps with the other: the dense network, transferred,
# beats the one from scratch. But what pruning has left for the digits 0 to 4 *is* too special. At
# 95 % much of the gain is lost, at 98 % all of it and more, as soon as there are enough examples
# to learn something from (with five of each, seeds differ more than starts do). Pruned on the new
# task, the same 95 % costs little. So transfer first, then prune, on the task that counts:
# Molchanov's order. (And a network that somebody else has pruned is pruned for *their* task.)
#
# ## The test set, once
#
# For what you would take home, and what it is compared with:

# %% tags=["varies"]
for name, model in (("dense", dense), ("a few kilobytes", export.read_sparse(files["coded"]))):
    guess = np.asarray(model.predict(data.x_test, batch_size=1000, verbose=0)).argmax(axis=1)
    size = whole_file if name == "dense" else len(files["coded"])
    print(f"{name:16} {size:9,} bytes, test error {np.mean(guess != data.y_test):.2%}")

# %% [markdown]
# ## What to remember
#
# - A penalty shrinks, a mask prunes. Small is not zero: not in the file, not in the network.
# - Prune, then share, then code. Pruning saves most by far; it also makes sharing easy.
# - A codebook of 15 values a layer costs next to nothing, and can be trained on: the gradient of a
#   value is the sum of the gradients of its weights.
# - Entropy says how few bits are possible. Huffman comes near it, and gains little.
# - Say what is in the file: biases and architecture count, too. Compare stage with stage, not total
#   with total.
# - Distil, quantize and transfer with masks held, and *check* that they held.
#
# ## What to read
#
# - S. Han, H. Mao, W. J. Dally (2016), *Deep Compression: Compressing Deep Neural Networks with
#   Pruning, Trained Quantization and Huffman Coding*, arXiv 1510.00149.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017), *Pruning Convolutional Neural
#   Networks for Resource Efficient Inference*, arXiv 1611.06440: pruning while transferring. (The
#   article cites it with other authors, another year and another conference.)
# - W. Wen, C. Wu, Y. Wang, Y. Chen, H. Li (2016), *Learning Structured Sparsity in Deep Neural
#   Networks*, arXiv 1608.03665: the group lasso.
# - G. Hinton, O. Vinyals, J. Dean (2015), *Distilling the Knowledge in a Neural Network*, arXiv
#   1503.02531.
# - K. Ullrich, E. Meeds, M. Welling (2017), *Soft Weight-Sharing for Neural Network Compression*,
#   arXiv 1702.04008: pruning and sharing in one step.
# - B. Jacob et al. (2018), arXiv 1712.05877: int8.
#
# Next: [16 · Automatic and adaptive pruning](16_automatic_pruning.ipynb): who chooses how much, and
# where?
