# %% [markdown]
# # 11 · Structural pruning
#
# **The question: filters and neurons removed: is the network really smaller?**
#
# About 50 minutes of yours, and four of the computer. Before this:
# [04 · A CNN from its parts](04_cnn_parts.ipynb) and
# [05 · Prune and retrain](05_prune_and_retrain.ipynb).
#
# Chinese terms: structural pruning 结构剪枝 or 结构化剪枝, filter 滤波器, channel 通道, feature map
# 特征图, neuron 神经元, budget 预算, fine-tuning 微调, reconstruction 重建, scale and shift
# 缩放与平移.

# %% [markdown]
# ## What you will be able to do
#
# - remove a filter by hand, with all that belongs to it, and prove that nothing else changed;
# - say what a share of channels is worth in parameters and in work;
# - choose filters by a criterion, and test the choice against chance;
# - make a network that fits a budget, and compare it with the controls that it has to beat.

# %%
import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_utils import measuring, models, structure
from course_utils.backend import keras
from course_utils.lessons import plots, recorded
from course_utils.lessons.checks import structural_pruning as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

layers = keras.layers
plots.use_style()

# %% tags=["varies"]
data = load_mnist().head(500, held_out=500) if quick_mode() else load_mnist().head(20_000)
epochs = 1 if quick_mode() else 10 if data.stand_in else 3  # the stand-in is small
data


# %% [markdown]
# Two helpers for the whole lesson. Accuracies are those of the validation images, until the end.


# %%
def train(model, label, epochs=epochs):
    if epochs:
        progress = Progress(label, epochs)
        model.fit(data.x_train, data.y_train, 128, epochs, verbose=0, callbacks=[progress])
    return model


def accuracy(model, x=data.x_val[:2000], y=data.y_val[:2000]):
    parts = np.array_split(x, -(-len(x) // 1000))  # not too many at once
    answers = np.concatenate([np.asarray(model(part)) for part in parts])
    return float(np.mean(answers.argmax(axis=1) == y))


# %% [markdown] covers="8 9 10 23" corrects="3 4 5 15 35"
# ## The words first
#
# Up to here weights became zero, and the arrays kept their size: that is **weight pruning**, with a
# mask. **Structural pruning** takes out whole units that the network computes: a filter of a
# convolution, a neuron of a dense layer. The arrays lose a slice, and what is left is an ordinary,
# smaller network. The article knows both words. **Predict**: which of its statements hold?
#
# | the article says | right or wrong? |
# |---|---|
# | structural: delete connections, neurons | neurons, filters; connections are *weight* pruning |
# | it gains much only together with weight pruning | wrong: it works alone, as you will see |
# | weight pruning lowers weights | it sets them to exactly 0, and a mask holds them (lesson 05) |
# | structural pruning makes one retrain | both kinds do |
# | retraining fits the new structure | weight pruning makes none: all arrays keep their shape |
#
# So the two are independent choices. You may have one, or the other, or one after the other.

# %% [markdown]
# ## One filter, by hand
#
# The article's CNN, trained a little. Its arrays, in the order in which Keras keeps them:

# %% tags=["varies"]
model = train(models.article_cnn(seed=0), "article's CNN")
K, k_bias, D, d_bias, *last = model.get_weights()
print(f"validation accuracy {accuracy(model):.2%}, {data.caption}")

# %%
print({"conv": (K.shape, k_bias.shape), "dense": (D.shape, d_bias.shape), "output": last[0].shape})

# %% [markdown]
# One filter goes: the one with the largest bias (why that one, you will see). It is a slice of the
# kernel, and an entry of the bias:

# %% tags=["varies"]
cut = int(k_bias.argmax())
K31, k_bias31 = np.delete(K, cut, axis=3), np.delete(k_bias, cut)
print(f"filter {cut} is gone: kernel {K31.shape}, bias {k_bias31.shape}")


# %% [markdown]
# A network with 31 filters to put it into. **Predict**: will the other arrays fit?


# %%
def cnn_with(filters):
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(filters, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="smaller",
    )


small = cnn_with(31)
try:
    small.set_weights([K31, k_bias31, D, d_bias, *last])
except ValueError as error:
    print(textwrap.fill(str(error), 90))

# %% [markdown]
# The network is broken. The dense layer reads the 31 maps, 13 x 13 places each, and its kernel
# still has a row for each place of the 32nd. Which rows are those? `Flatten` lays an image out
# place by place, and at each place filter by filter. Here for 4 places and 5 filters, each with its
# number; below stands the row of the dense kernel that reads it:

# %%
plots.id_rows({"filter": [0, 1, 2, 3, 4] * 4}).set_xlabel("row of the dense kernel")
plt.show()

# %% [markdown]
# ### Exercise 1
#
# Which rows belong to one filter? Filters and rows are counted from 0.


# %% tags=["exercise"]
def my_rows(one, places, filters):
    """Return the rows, behind Flatten, of filter number `one` of `filters`."""
    # BEGIN SOLUTION
    return one + filters * np.arange(places)
    # END SOLUTION


# %% tags=["check"]
check.rows_of(my_rows)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Look for filter 3 in the picture. Where is it first? How far is it from one to the next?
# </details>
#
# Remove them as well, and it works:

# %% tags=["varies"]
rows = cut + 32 * np.arange(13 * 13)
small.set_weights([K31, k_bias31, np.delete(D, rows, axis=0), d_bias, *last])
print(f"validation accuracy {accuracy(small):.2%}, before {accuracy(model):.2%}")
print(f"{small.count_params():,} parameters, before {model.count_params():,}")

# %% [markdown]
# ### Is it the right network?
#
# An accuracy that looks good proves little. There is an exact test: the small network must compute
# what the *full* one computes with that filter at zero. Not nearly: up to rounding, on any input.
# **Predict**: is it enough to set the filter's *kernel* to zero?


# %%
def with_zeros(*arrays):
    """Return the full network with filter `cut` at zero in some arrays: 0 kernel, 1 bias, 2 rows"""
    full, weights = cnn_with(32), [W.copy() for W in model.get_weights()]
    places = {0: (..., cut), 1: cut, 2: rows}
    for array in arrays:
        weights[array][places[array]] = 0
    full.set_weights(weights)
    return full


noise = np.random.default_rng(0).random((100, 28, 28, 1))

# %% tags=["varies"]
for name, full in {
    "nothing": with_zeros(),
    "its kernel": with_zeros(0),
    "its kernel and bias": with_zeros(0, 1),
    "the rows that read it": with_zeros(2),
}.items():
    print(f"{name:22} at zero: differs by {structure.difference(full, small, noise):.0e}")

# %% [markdown]
# With the kernel alone at zero the map is not zero: it is the bias, at every place, which may do
# more harm than the filter left as it was. (That is why we took the one with the largest bias; a
# negative bias would have been hidden by the ReLU.) With the bias at zero, too, or with the rows
# that read it, full and small network agree up to rounding. The last of the four is the reason:
# what nobody reads is not there.

# %%
assert structure.difference(with_zeros(0, 1), small, noise) < 1e-5
assert structure.difference(with_zeros(2), small, noise) < 1e-5

# %% [markdown]
# ### The trap of batch normalization
#
# `BatchNormalization` behind the filter computes $\gamma \, (x - \mu) / \sigma + \beta$ for each
# channel. **Predict**: a filter with kernel and bias at zero gives $x = 0$. What comes out?

# %%
tiny = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Conv2D(4, 3, name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, name="output"),
    ]
)
draw = np.random.default_rng(1)
tiny.set_weights([draw.uniform(0.5, 1.5, W.shape) for W in tiny.get_weights()])
stays = np.array([True, True, False, True])
without, _ = structure.shrink(tiny, masks={"conv": stays})

# %% tags=["varies"]
full, x = keras.models.clone_model(tiny), draw.normal(size=(50, 8, 8, 1))
full.set_weights(tiny.get_weights())
conv, norm = full.get_layer("conv"), full.get_layer("norm")
print(f"nothing at zero: differs by {structure.difference(full, without, x):.0e}")
parts = {"kernel": conv.kernel, "bias": conv.bias, "shift β": norm.beta, "scale γ": norm.gamma}
for name, variable in parts.items():
    variable.assign(variable.numpy() * stays)  # channel 2 of the last axis
    print(f"{name:8} at zero, too: differs by {structure.difference(full, without, x):.0e}")
assert structure.difference(full, without, x) < 1e-5

# %% [markdown]
# $\gamma \, (0 - \mu)/\sigma + \beta$: shift *and* scale must be zero, or else a "removed" filter
# goes on to send a constant into the next layer. A library that forgets this is wrong without a
# word: nothing fails, all shapes fit.

# %% [markdown]
# ## The same, by the package
#
# `channel_groups` finds out what belongs together, `shrink` removes it, and `verify=True` makes the
# exact test on random inputs. Lesson 12 looks inside; here we use it.

# %%
channels = structure.channel_groups(model)
channels

# %% tags=["varies"]
masks = {"conv": np.arange(32) != cut}  # True where a channel stays
by_package, report = structure.shrink(channels, masks=masks, verify=True)
report

# %%
pairs = zip(by_package.get_weights(), small.get_weights(), strict=True)
assert all(np.array_equal(ours, by_hand) for ours, by_hand in pairs)
print("the same arrays as by hand")

# %% [markdown]
# A **neuron** of the dense layer is the same thing without `Flatten`: its column and its bias go,
# and the row of the next kernel that reads it. The network's ten outputs stay: they are what it is
# for.

# %% [markdown]
# ## What is a share of channels worth?
#
# From here on we prune LeNet-5: two convolutions of 20 and 50 filters, 500 hidden units, 2.3
# million MACs for one image. **Predict**: we remove 30 % of the channels of each layer. How much of
# the work is left?
#
# ### Exercise 2
#
# A kernel has one MAC for each pair of a channel that it reads and one that it makes, at each
# place. The first layer reads the image, the last makes the classes.


# %% tags=["exercise"]
def my_work(macs, share):
    """Return the MACs left of layers with `macs` (a list) when each but the last loses a share.

    `share` of the channels that it makes; of the last layer all outputs stay.
    """
    # BEGIN SOLUTION
    left = 1 - share
    first, *middle, last = macs
    return left * first + left**2 * sum(middle) + left * last
    # END SOLUTION


# %% tags=["check"]
check.work_left(my_work)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A layer in the middle reads 1 - share of what it read, and makes 1 - share of what it made. Those
# two multiply. Which of them does not change in the first layer, and which in the last?
# </details>
#
# `costs` counts before anything is made. Here for every share, with all channels ranked by their
# number (which ones go makes no difference to the count):

# %%
lenet = models.lenet5(seed=0)
channels = structure.channel_groups(lenet)
cost = structure.costs(channels)
assert cost.macs({}) == 2_293_000
by_number = {name: np.arange(len(group)) for name, group in channels.groups.items()}
shares = np.linspace(0, 0.9, 10)
kept = [structure.choose(by_number, share, "layer") for share in shares]

# %%
left = {
    "channels": 1 - shares,
    "MACs": [cost.macs(masks) / cost.macs({}) for masks in kept],
    "parameters": [cost.parameters(masks) / cost.parameters({}) for masks in kept],
}
ax = plots.curves(left, shares)
ax.set(xlabel="share of each layer's channels removed", ylabel="left", title="LeNet-5", ylim=(0, 1))
plt.show()

# %%
third = structure.choose(by_number, 0.3, "layer")
print(f"30 % of the channels removed: {cost.macs(third) / cost.macs({}):.1%} of the MACs left")
assert 0.5 < cost.macs(third) / cost.macs({}) < 0.55

# %% [markdown] covers="25" corrects="14"
# About half. The article's compression rate would not say which of the three curves it means;
# always say of *what* a share is left.

# %% [markdown]
# ## Which filters?
#
# The classic answer: those with the smallest **norm** (Li et al. 2017). A filter with small weights
# makes a small map. Another: those whose removal would change the loss least, to first order, which
# is **Taylor**'s (Molchanov et al. 2017, 2019), lesson 07's $(g \cdot w)^2$ summed over a channel.

# %% tags=["varies"]
lenet = train(models.lenet5(seed=0), "LeNet-5")
channels = structure.channel_groups(lenet)
cost = structure.costs(channels)
print(f"validation accuracy {accuracy(lenet):.2%}, {data.caption}")

# %% tags=["varies"]
norms = structure.filter_norms(channels)
order = np.argsort(norms["conv1"])
ax = plots.filters(lenet.get_layer("conv1").kernel.numpy()[..., order], columns=10)
ax.set_title(f"filters of conv1, smallest norm first ({data.caption})")
plt.show()

# %% [markdown]
# ### Exercise 3
#
# Norms in, mask out: `True` for the filters that stay. Exactly `round(share * n)` of them go, those
# with the smallest norms; but one must stay, whatever the share is.


# %% tags=["exercise"]
def my_mask(norms, share):
    """Return a Boolean mask, as long as `norms`."""
    # BEGIN SOLUTION
    count = min(round(share * len(norms)), len(norms) - 1)
    mask = np.ones(len(norms), bool)
    mask[np.argsort(norms)[:count]] = False
    return mask
    # END SOLUTION


# %% tags=["check"]
check.stays(my_mask)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>np.argsort(norms)</code> gives the places of the filters, the smallest norm first. A
# threshold will not do: two filters may have equal norms.
# </details>
#
# In the package: `choose(scores, share, "layer")`, for all groups at once. Now the test that any
# criterion has to pass: is it better than **chance**? We take a share of the channels of every
# layer out of the trained network and look at the accuracy *right after*, without any training.
# **Predict** the order of the three curves.


# %%
def after_removal(scores, share):
    small, _ = structure.shrink(channels, masks=structure.choose(scores, share, "layer"))
    return accuracy(small)


# %% tags=["varies"]
shares = np.linspace(0, 0.9, 3 if quick_mode() else 10)
seeds = range(2 if quick_mode() else 5)
taylor = structure.taylor(channels, data.x_train[:1000], data.y_train[:1000], batch_size=64)
chance = [structure.random(channels, seed) for seed in seeds]
curves = {
    "norm": [after_removal(norms, share) for share in shares],
    "Taylor": [after_removal(taylor, share) for share in shares],
    "chance": [[after_removal(scores, share) for share in shares] for scores in chance],
}

# %% tags=["varies"]
ax = plots.curves(curves, shares)
ax.set(xlabel="share of each layer's channels removed", ylabel="validation accuracy")
ax.set_title(f"not trained after removal; chance: mean ± 1 sd of {len(seeds)} draws")
plt.show()
print(f"one network, {data.caption}")

# %% [markdown]
# Did you expect that? On MNIST Taylor is best as long as little goes, and in the end no better than
# chance. But the norm, the oldest and simplest of criteria, does *worse than chance* nearly all
# along. (One network; on the stand-in or in quick mode the curves may lie otherwise.)

# %%
if not (quick_mode() or data.stand_in):
    mean = np.mean(curves["chance"], axis=0)
    middle = slice(4, 9)  # from 40 to 80 %
    assert (np.array(curves["norm"])[middle] < mean[middle]).all()
    assert curves["Taylor"][2] > mean[2]

# %% [markdown]
# Why? Chance takes a fair sample. The outputs sum over channels, and if a random third is left, all
# ten sums shrink alike, and the largest stays the largest. A criterion asks for each channel *by
# itself*, and so takes out many of one kind. What remains leans to one side. Look which digit each
# network answers:

# %% tags=["varies"]
answers = {"whole network": lenet}
for name, scores in {"70 % gone by norm": norms, "70 % by chance": chance[0]}.items():
    masks = structure.choose(scores, 0.7, "layer")
    answers[name] = structure.shrink(channels, masks=masks)[0]
counts = {
    name: np.bincount(np.asarray(one(data.x_val[:2000])).argmax(axis=1), minlength=10)
    for name, one in answers.items()
}

# %% tags=["varies"]
ax = plots.bars(counts, plt.subplots(figsize=(8, 3.2))[1])
ax.set(xlabel="digit", ylabel="answers", title=f"what is answered ({data.caption})")
plt.show()
assert (
    quick_mode()
    or data.stand_in
    or counts["70 % gone by norm"].max()
    > 1.5 * max(counts["70 % by chance"].max(), counts["whole network"].max())
)

# %% [markdown]
# So do not judge by the accuracy right after removal alone. What counts is what training makes of
# it.

# %% [markdown] covers="32" corrects="17"
# ## After the cut
#
# Two ways to repair. **Reconstruction** (重建) fits each layer that lost inputs by least squares to
# what it computed before; it needs images, and no labels (He et al. 2017, Luo et al. 2017). *That*
# is what the word means in the literature; the article uses it for retraining. **Fine-tuning** is
# training on. **Predict** for half of the channels: how much does each bring back, and which
# criterion is best at the end?

# %% tags=["varies"]
half, after = {}, 0 if quick_mode() else -(-epochs // 3)
for name, scores in {"norm": norms, "Taylor": taylor, "chance": chance[0]}.items():
    masks = structure.choose(scores, 0.5, "layer")
    small, _ = structure.shrink(channels, masks=masks)
    half[name] = [accuracy(small)]
    fitted, _ = structure.reconstruct(channels, masks, data.x_train[:1000])
    half[name].append(accuracy(fitted))
    half[name].append(accuracy(train(small, name, after)))

# %% tags=["varies"]
print(f"{'half the channels gone':24} right after, reconstructed, fine-tuned ({data.caption})")
for name, (before, fitted, tuned) in half.items():
    print(f"{name:24} {before:11.1%}, {fitted:13.1%}, {tuned:10.1%}")

# %% [markdown]
# A thousand images and some linear algebra, or a little training, and the three are level with one
# another, and nearly with the whole network. One run with 2,000 images cannot put them in an order
# (lesson 05: a standard error of about a third of a point). This is no oddity of MNIST: Mittal et
# al. (2018) removed 25 to 50 % of the filters of VGG-16 and ResNet-50 at random, and after training
# were as good as with the criteria of their time. A criterion is worth its name when it beats this
# control *after* training.

# %%
if not (quick_mode() or data.stand_in):
    repaired = [value for values in half.values() for value in values[1:]]
    assert min(repaired) > accuracy(lenet) - 0.02
    assert max(repaired) - min(repaired) < 0.02

# %% [markdown]
# ## A budget
#
# Nobody needs 70 % fewer channels. What is needed is a network for so many MACs, or bytes.
# `within_budget` removes what scores lowest until the budget is met. Which score? A filter of
# `conv2` costs far more MACs than a unit of `fc1`, so we rank by Taylor's score *per MAC saved*,
# all layers together:

# %% tags=["varies"]
scores = structure.per_cost(taylor, cost.macs)
masks = structure.within_budget(scores, cost.macs, budget=0.1)
print({name: f"{mask.sum()} of {mask.size}" for name, mask in masks.items()})
print(f"{cost.macs(masks):,} of {cost.macs({}):,} MACs, {cost.parameters(masks):,} parameters")
assert cost.macs(masks) <= 0.1 * cost.macs({})

# %% [markdown]
# A tenth of the work. We fine-tune it, and, as in lesson 05, ask: good compared with what?
#
# | network | what it tells |
# |---|---|
# | pruned, fine-tuned | what we want to know |
# | other channels: as many, by lot, fine-tuned | was it worth choosing? |
# | from scratch: as small, new weights, as many epochs in all | was the large one needed? |
# | dense, longer: nothing removed, as many epochs | what more training does |
#
# **Predict** the order of the four.


# %%
def watched(model, label, epochs):
    """Train, and note the validation accuracy after each epoch."""
    found, progress = [], Progress(label, epochs)
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: found.append(accuracy(model)))
    model.fit(data.x_train, data.y_train, 128, epochs, verbose=0, callbacks=[progress, note])
    history[label], networks[label] = found, model


history, networks = {}, {}
draw = np.random.default_rng(0)
by_lot = {name: draw.permutation(mask) for name, mask in masks.items()}

# %% tags=["varies"]
watched(structure.shrink(channels, masks=masks)[0], "pruned, fine-tuned", epochs)
watched(structure.shrink(channels, masks=by_lot)[0], "other channels", epochs)
fresh = models.compiled(keras.models.clone_model(networks["pruned, fine-tuned"]))
watched(fresh, "from scratch", 2 * epochs)
dense = keras.models.clone_model(lenet)
dense.set_weights(lenet.get_weights())
watched(models.compiled(dense), "dense, longer", epochs)

# %% tags=["varies"]
late = {  # the dense network trained alone in the first epochs
    name: [np.nan] * (2 * epochs - len(values)) + values for name, values in history.items()
}
ax = plots.curves(late)
ax.axvline(epochs + 0.5, color=plots.GREY, linewidth=1)
ax.set(xlabel="epoch (the line: pruning)", ylabel="validation accuracy", title=data.caption)
plt.show()

# %% [markdown]
# The last of all, once, is the test set:

# %% tags=["varies"]
print(f"{'':20} {'MACs':>9} {'parameters':>10}  test accuracy, {data.caption}, one run")
for name, network in networks.items():
    right, n = accuracy(network, data.x_test, data.y_test), len(data.y_test)
    error = np.sqrt(right * (1 - right) / n)
    total = measuring.report(network).total
    print(f"{name:20} {total.macs:9,} {total.parameters:10,}  {right:.2%} ± {error:.2%}")
    assert quick_mode() or data.stand_in or right > 0.96

# %% [markdown]
# On MNIST all four end within about a point of each other: with a tenth of the work the network
# still reads digits. Be careful with the order of the three small ones. It is one run each, and the
# one *from scratch* is a hard control: Liu et al. (2019) found that small networks left by
# structural pruning, trained from new weights, do as well as fine-tuned ones, or better. What
# pruning found then is the *shape*: how many filters in which layer.

# %%
if not (quick_mode() or data.stand_in):
    final = [values[-1] for values in history.values()]
    assert max(final) - min(final) < 0.025

# %% [markdown]
# How far does it go? Three seeds, pruned in eight rounds with training between, to at most 150,000
# MACs, a fifteenth (`python benchmarks/structured_lenet5.py`, measured once on MNIST). Beside them
# stand new networks of the very same widths, trained from scratch for as many epochs.
# **Predict** which of the two is better:

# %%
table = recorded.rows("structured_lenet5")
errors = {
    name: [row["test_error"] for row in table if row["network"] == name]
    for name in ("pruned", "scratch")
}
ax = plots.spread(errors)
ax.set(xlabel="test error, MNIST", title="LeNet-5 with at most 150,000 MACs, 3 seeds, ±1 sd")
plt.show()

# %%
for row in table:
    if row["network"] == "pruned":
        widths = "-".join(f"{row[layer]:.0f}" for layer in ("conv1", "conv2", "fc1"))
        print(f"seed {row['seed']:.0f}: 20-50-500 became {widths}, {row['macs']:,.0f} MACs")
for name, values in errors.items():
    print(f"{name:8} test error {np.mean(values):.2%} ± {np.std(values, ddof=1):.2%}")
assert np.mean(errors["pruned"]) <= 0.01
assert max(row["macs"] for row in table) <= 150_000
assert abs(np.mean(errors["pruned"]) - np.mean(errors["scratch"])) < 0.001

# %% [markdown] covers="38 72"
# A network of a handful of filters reads digits with less than 1 % error, and nobody can tell the
# two apart. The *weights* that pruning left are worth nothing here; the widths that it found are
# what is worth having, and finding them took a training of the large network.

# %% [markdown]
# ## Is it really smaller?
#
# Back to the question. Three networks: the dense one, the dense one with all those channels at
# *zero*, and the pruned one. **Predict** the sizes of their files.

# %% tags=["varies"]
zeros = structure.zeroed(channels, masks)
pruned = networks["pruned, fine-tuned"]
for name, network in {"dense": dense, "channels at zero": zeros, "pruned": pruned}.items():
    raw, zipped = (measuring.file_bytes(network, z) / 1e3 for z in (False, True))
    print(f"{name:17} {raw:7,.0f} kB, after gzip {zipped:7,.0f} kB")

# %% [markdown]
# Zeros weigh as much as any numbers until the file is compressed; what is removed weighs nothing.
# And the file is plain Keras: whoever loads it needs neither masks nor this course.

# %%
with tempfile.TemporaryDirectory() as folder:
    pruned.save(Path(folder) / "small.keras")
    loaded = keras.models.load_model(Path(folder) / "small.keras")
assert structure.difference(pruned, loaded, data.x_val[:100]) == 0
assert type(loaded) is keras.Sequential

# %% [markdown]
# Yes, it is smaller: in parameters, in work and in bytes, with no special format and no special
# library. Whether it is as much *faster* is another question, and one for a clock:
# [lesson 13](13_faster.ipynb) measures it.
#
# To go further, remove in rounds: a few channels, a little training, and again, so that each
# choice is made by a network that has recovered. With batch normalization, `structure.slimming`
# makes the network choose while it trains: a penalty drives scales $\gamma$ towards zero, and the
# channels with the smallest go (Liu et al. 2017).

# %% [markdown]
# ## What to remember
#
# - Structural pruning removes slices of arrays: the filter, its bias, its shift and scale, and
#   every weight that reads it. Behind `Flatten` that is one row a place.
# - What is left must compute exactly what the full network does with those channels at zero. Test
#   it exactly.
# - 30 % fewer channels is half the work: a share counts twice in the middle layers.
# - Test a criterion against chance, and after training or reconstruction: they level most of it.
# - Compare with the same small network from scratch. Often the shape is what was found.
#
# ## What to read
#
# - H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf (2017), *Pruning Filters for Efficient
#   ConvNets*, arXiv 1608.08710: filters by norm; up to 34 % less work in VGG-16, up to 38 % in
#   ResNet-110, on CIFAR-10.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017), *Pruning Convolutional Neural
#   Networks for Resource Efficient Inference*, arXiv 1611.06440: Taylor's criterion. P. Molchanov,
#   A. Mallya, S. Tyree, I. Frosio, J. Kautz (2019), *Importance Estimation for Neural Network
#   Pruning*, arXiv 1906.10771: squared, as here.
# - Z. Liu, M. Sun, T. Zhou, G. Huang, T. Darrell (2019), *Rethinking the Value of Network Pruning*,
#   arXiv 1810.05270: small networks from scratch.
# - D. Mittal, S. Bhardwaj, M. M. Khapra, B. Ravindran (2018), *Recovering from Random Pruning*,
#   arXiv 1801.10447: filters removed at random.
# - Y. He, X. Zhang, J. Sun (2017), *Channel Pruning for Accelerating Very Deep Neural Networks*,
#   arXiv 1707.06168, and J.-H. Luo, J. Wu, W. Lin (2017), *ThiNet*, arXiv 1707.06342:
#   reconstruction.
# - Z. Liu, J. Li, Z. Shen, G. Huang, S. Yan, C. Zhang (2017), *Learning Efficient Convolutional
#   Networks through Network Slimming*, arXiv 1708.06519; Y. He, P. Liu, Z. Wang, Z. Hu, Y. Yang
#   (2019), *Filter Pruning via Geometric Median*, arXiv 1811.00250: a third criterion,
#   `structure.geometric_median`.
#
# Next: [12 · Channels that belong together](12_channels_together.ipynb), for networks that branch.
