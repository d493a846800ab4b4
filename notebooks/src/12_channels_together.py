# %% [markdown]
# # 12 · Channels that belong together
#
# **The question: a network branches and joins: which channels can go only together?**
#
# About 50 minutes of yours, and two of the computer. Before this:
# [11 · Structural pruning](11_structural_pruning.ipynb).
#
# Chinese terms: residual connection 残差连接, shortcut 捷径连接, channel 通道, concatenation 拼接,
# depthwise convolution 深度卷积, computation graph 计算图, union-find 并查集, normalization 归一化.

# %% [markdown]
# ## What you will be able to do
#
# - find the groups of channels of a network by looking at its graph;
# - follow ids through addition, concatenation and flattening, and merge what is tied;
# - say what cannot be removed, and why;
# - shrink a network that you did not write, and make sure that it still computes what it did.

# %%
import logging
import textwrap
import time

import matplotlib.pyplot as plt
import numpy as np

from course_utils import models, structure
from course_utils.backend import keras
from course_utils.lessons import plots, widgets
from course_utils.lessons.checks import channels_together as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

layers = keras.layers
plots.use_style()

# %% [markdown]
# The article's network is a chain: what one layer makes, the next one reads, and nobody else. Most
# networks since 2015 are no chains. They have shortcuts, branches, layers that work on each channel
# by itself. There a filter has partners.

# %% [markdown]
# ## Break it
#
# The smallest network with a shortcut. `stem` makes eight channels, `branch` reads them and makes
# eight new ones, and both are *added*: channel 0 to channel 0, channel 1 to channel 1.


# %%
def with_shortcut(stem=8, branch=8):
    image = keras.Input((12, 12, 1))
    x = layers.Conv2D(stem, 3, padding="same", activation="relu", name="stem")(image)
    y = layers.Conv2D(branch, 3, padding="same", activation="relu", name="branch")(x)
    x = layers.Add(name="add")([x, y])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(3, name="output")(x))


keras.utils.set_random_seed(0)
full = with_shortcut()
draw = np.random.default_rng(0)
full.set_weights([draw.normal(size=W.shape) for W in full.get_weights()])
noise = draw.normal(size=(50, 12, 12, 1))

# %% [markdown]
# Channel 3 of `branch` shall go. **Predict** what Keras says to a network with eight channels in
# `stem` and seven in `branch`.

# %%
try:
    with_shortcut(stem=8, branch=7)
except ValueError as error:
    print(textwrap.fill(str(error), 90))

# %% [markdown]
# So one of `stem` must go, too. Shapes do not say which. Let us take channel 5 there, and write
# down what is removed, and what is zero for comparison:


# %%
def without(stem, branch, row):
    """The network without a channel of `stem`, one of `branch`, and a row of the dense layer."""
    S, s, B, b, D, d = full.get_weights()
    B = np.delete(np.delete(B, stem, axis=2), branch, axis=3)  # what it reads, what it makes
    small = with_shortcut(7, 7)
    S, s, b = np.delete(S, stem, axis=3), np.delete(s, stem), np.delete(b, branch)
    small.set_weights([S, s, B, b, np.delete(D, row, axis=0), d])
    return small


def at_zero(stem, branch):
    """The full network with those channels at zero."""
    S, s, B, b, D, d = (W.copy() for W in full.get_weights())
    S[..., stem], s[stem], B[..., branch], b[branch] = 0, 0, 0, 0
    zeros = with_shortcut()
    zeros.set_weights([S, s, B, b, D, d])
    return zeros


# %% [markdown]
# **Predict**: channel 5 of `stem` and channel 3 of `branch` are removed. All shapes fit, and Keras
# is content. Is the network right?

# %%
for row in (3, 5):
    apart = structure.difference(at_zero(stem=5, branch=3), without(5, 3, row), noise)
    print(f"row {row} of the dense layer removed: differs by {apart:.0%}")

# %% [markdown]
# It is wrong, and nothing tells you. Between the two gaps every channel has got another partner:
# stem's 3 is added to branch's 4. Only this is right:

# %% tags=["varies"]
apart = structure.difference(at_zero(stem=3, branch=3), without(3, 3, 3), noise)
print(f"channel 3 of both, and row 3: differs by {apart:.0e}")
assert apart < 1e-5

# %% [markdown]
# An error of shapes is a friend. The silent mistake is the reason for the rest of this lesson:
# channels that are added belong together, **one by one**.

# %% [markdown]
# ## Find the groups
#
# A larger one: a residual block with batch normalization, a depthwise convolution, a concatenation,
# and a flattening. The layers that make channels or compute one from one are `stem`, `conv_a`,
# `conv_b`, `depth`, `point`, `side` and `hidden`.


# %%
def residual_cnn(seed=0):
    keras.utils.set_random_seed(seed)
    x = image = keras.Input((28, 28, 1), name="image")
    x = stem = layers.Conv2D(16, 3, 2, "same", activation="relu", name="stem")(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_a")(x)
    x = layers.Conv2D(16, 3, padding="same", name="conv_b")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Add(name="add")([x, stem])
    x = layers.DepthwiseConv2D(3, 2, "same", activation="relu", name="depth")(x)
    x = point = layers.Conv2D(24, 1, activation="relu", name="point")(x)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="side")(x)
    x = layers.Concatenate(name="concat")([point, x])
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(32, activation="relu", name="hidden")(x)
    x = layers.Dense(10, activation="softmax", name="output")(x)
    return models.compiled(keras.Model(image, x, name="residual_cnn"))


model = residual_cnn()

# %%
channels = structure.channel_groups(model)
plots.layer_graph(channels.edges)
plt.show()

# %% [markdown]
# A **depthwise convolution** (`depth`) has one small kernel for each channel: it makes channel 3
# from channel 3 alone. `point` is an ordinary convolution of size 1 x 1: it reads all channels, and
# mixes them. `norm` scales and shifts each channel by itself.
#
# ### Exercise 1
#
# Before the code does it: which of the seven layers have channels that can go only together? Give
# layers of one group the same number.

# %% tags=["exercise"]
# Seven layers, {"stem": 1, "conv_a": ...}; equal numbers mean: channel 3 of both, or of none.
# BEGIN SOLUTION
my_groups = {"stem": 1, "conv_a": 2, "conv_b": 1, "depth": 1, "point": 3, "side": 4, "hidden": 5}
# END SOLUTION

# %% tags=["check"]
check.groups(my_groups, model)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Go through the graph with one channel in mind, channel 3 of <code>stem</code>. Who else has a
# channel 3 that is bound to it? Ask it at each box: is this one computed from one (passed on),
# added (bound), laid beside others, or mixed into something new?
# </details>
#
# Now the code. The letter on a box is the group of the channels that come *out* of it.

# %%
groups = {**channels.groups, **channels.left}
letters = {letter: group.channels for letter, group in zip("ABCDEF", groups.values(), strict=True)}
output = ("output", "classes", channels.left["output"].channels)
plots.layer_graph([*channels.edges, output], letters)
plt.show()

# %% [markdown]
# One group at a time (with a menu in JupyterLab): through which boxes do its channels pass?


# %%
def explore(group):
    ax = plots.layer_graph([*channels.edges, output], {"●": channels.groups[group].channels})
    ax.set_title(f"{group}: {len(channels.groups[group])} channels")
    return ax


widgets.slider(explore, group=list(channels.groups))

# %%
channels

# %% [markdown]
# Channel 3 of group A: that is a filter of `stem`, one of `conv_b`, an entry of each of the four
# arrays of `norm`, a small kernel of `depth`, and of whatever reads them: a slice of `conv_a` and
# one of `point`. Remove all of it, and the network works. The report names them:

# %% tags=["varies"]
small, report = structure.shrink(channels, 0.5, verify=True)
report

# %% [markdown]
# ## How it is found: ids
#
# Give every channel a number of its own, an **id**, where it is made. Then let the ids flow along
# the arrows:
#
# | layer | what it does with ids |
# |---|---|
# | convolution, dense | reads all that come in, *makes* new ones |
# | batch normalization, activation, pooling, dropout | *passes* them on |
# | depthwise convolution | passes them on: one from one |
# | add, multiply | *ties* the ids of its inputs, one by one |
# | concatenate | lays them *side by side* |
# | flatten | *repeats* them, once for each place |
# | what mixes channels, or is not known | *fixes* them: nothing may go |
#
# To remove a channel is to remove its id wherever it stands: each array loses the entries that
# carry it. No layer has to know its neighbours. (DepGraph, Fang et al. 2023, groups coupled layers
# by a graph of dependencies; ids are a simple way to do it channel by channel.)

# %% [markdown]
# In a picture. Layer `a` makes one channel, `b` makes two, `c` makes three:

# %%
plots.id_rows({"a": [0], "b": [1, 2], "concat(a, b)": [0, 1, 2], "c": [3, 4, 5]})
plt.show()

# %% [markdown]
# **Predict**: next comes `Add` of `concat(a, b)` and `c`. Which ids are tied, and how many groups
# are there: one, two or three?

# %%
plots.id_rows({"a": [0], "b": [1, 2], "c": [0, 1, 2], "add": [0, 1, 2], "flatten": [0, 1, 2] * 4})
plt.show()

# %%
image = keras.Input((8, 8, 2))
a, b, c = (layers.Conv2D(n, 3, name=name)(image) for name, n in {"a": 2, "b": 4, "c": 6}.items())
added = layers.Add(name="add")([layers.Concatenate(name="concat")([a, b]), c])
twins = keras.Model(image, layers.Dense(3, name="output")(layers.Flatten()(added)))
structure.channel_groups(twins)

# %% [markdown]
# Two groups (here with twice as many channels, since of a group at least one has to stay): the
# first channels of `c` go with `a`, the others with `b`. Layer `c` is in *both*. Who
# ties layers, and not channels, must put all three into one group, and could never remove a
# channel of `a` without one of `b`.

# %% [markdown]
# ### Exercise 2
#
# Merge what is tied. This is known as **union-find** (并查集). At the start each id is alone; each
# pair ties two. Name every group by its smallest id. For the picture: `my_tied(6, [(0, 3), (1, 4),
# (2, 5)])` is `[0, 1, 2, 0, 1, 2]`.


# %% tags=["exercise"]
def my_tied(count, pairs):
    """Return a list: for each of the ids 0 to count - 1 the smallest id of its group."""
    # BEGIN SOLUTION
    names = list(range(count))
    for a, b in pairs:
        low, high = sorted((names[a], names[b]))
        names = [low if name == high else name for name in names]
    return names
    # END SOLUTION


# %% tags=["check"]
check.tied(my_tied)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep a list of names, at first <code>list(range(count))</code>. When <code>a</code> and
# <code>b</code> are tied, all ids that have the larger of their two names get the smaller one: not
# only <code>a</code> and <code>b</code> themselves.
# </details>

# %% [markdown]
# ### Exercise 3
#
# And what reads them? `hidden` stands behind `concat` and `flatten`. Its kernel has a row for each
# of 7 x 7 places and each of 24 + 8 channels. Which rows read channel 2 of `side`?


# %% tags=["exercise"]
def my_rows(channel, before, total, places):
    """Return the rows that read a layer's channel, with `before` others laid before that layer.

    `total` channels lie side by side, at each of `places`.
    """
    # BEGIN SOLUTION
    return before + channel + total * np.arange(places)
    # END SOLUTION


# %% tags=["check"]
check.rows(my_rows)

# %% [markdown]
# <details><summary>Hint</summary>
#
# In the last picture, take <code>b</code>'s channel 1, which has the id 2. Where is it in "add"?
# Where in "flatten"?
# </details>
#
# The ids lead to the same rows:

# %%
stays = np.arange(8) != 2
small, _ = structure.shrink(channels, masks={"side": stays}, verify=True)
before, after = (one.get_layer("hidden").kernel.numpy() for one in (model, small))
rows = 24 + 2 + 32 * np.arange(7 * 7)
assert np.array_equal(after, np.delete(before, rows, axis=0))
print(f"hidden: {before.shape} -> {after.shape}")

# %% [markdown]
# ## One score for a group
#
# Which channels of group A go? `stem` and `conv_b` each have a filter for every one of them. Train
# the network a little first, so that there is something to see.

# %% tags=["varies"]
data = load_mnist().head(256, held_out=256) if quick_mode() else load_mnist().head(10_000)
epochs = 1 if quick_mode() else 6 if data.stand_in else 3


def train(model, label, epochs=epochs):
    progress = Progress(label, epochs)
    model.fit(data.x_train, data.y_train, 64, epochs, verbose=0, callbacks=[progress])
    return model


def accuracy(model):
    x, y = data.x_val[:2000], data.y_val[:2000]
    return float(np.mean(np.asarray(model(x)).argmax(axis=1) == y))


train(model, "residual CNN")
print(f"validation accuracy {accuracy(model):.2%}, {data.caption}")

# %% tags=["varies"]
norms = {
    name: np.linalg.norm(model.get_layer(name).kernel.numpy().reshape(-1, 16), axis=0)
    for name in ("stem", "conv_b")
}
ax = plots.bars(norms, plt.subplots(figsize=(8, 3))[1])
ax.set(xlabel="channel of group A", ylabel="norm of its filter", title=data.caption)
ax.set_ylim(top=1.3 * ax.get_ylim()[1])  # room for the legend
plt.show()

# %% [markdown]
# **Predict**: we ask each layer alone for its four smallest. Do they agree?

# %% tags=["varies"]
together = structure.filter_norms(channels)["stem"]
for name, scores in {**norms, "both": together}.items():
    print(f"the four smallest by {name:7}", sorted(np.argsort(scores)[:4].tolist()))
assert np.allclose(together, norms["stem"] + norms["conv_b"], rtol=1e-4)

# %% [markdown]
# No layer may decide alone: what is small in one may be large in the other, and it goes in both. So
# a channel's score is **summed** over all filters that make it. And one mask stands for all of
# them, which is why a mask has the name of a group, not of a layer.
#
# ### After the cut
#
# Half of all channels go. Two things follow. The statistics in `norm` were those of the full
# network; `recalibrate` measures them anew on some images, without any training of weights. Then,
# as always, fine-tuning. **Predict** what each brings.

# %% tags=["varies"]
scores = structure.taylor(channels, data.x_train[:1000], data.y_train[:1000], batch_size=64)
small, _ = structure.shrink(channels, masks=structure.choose(scores, 0.5, "layer"))
found = {"full network": accuracy(model), "half the channels": accuracy(small)}
structure.recalibrate(small, data.x_train[:1000])
found["recalibrated"] = accuracy(small)
found["fine-tuned"] = accuracy(train(small, "half the channels", -(-epochs // 3)))

# %% tags=["varies"]
cost = structure.costs(channels)
share = cost.macs(structure.choose(scores, 0.5, "layer")) / cost.macs({})
print(f"{share:.0%} of the MACs left; one run, {data.caption}")
for name, value in found.items():
    print(f"{name:18} {value:.2%}")
assert quick_mode() or data.stand_in or found["fine-tuned"] > 0.93

# %% [markdown]
# New statistics alone may help or not, and only one layer here has any; that of the shortcut beside
# it has none, so that the two no longer fit together as they did. It costs next to nothing to try,
# and to look. The training brings the network back, most of the way.

# %% [markdown]
# ## What cannot go
#
# Now a network with other things in it: a layer that normalizes over the channels, a softmax over
# channels, and a layer that somebody wrote. **Predict** which of its seven convolutions can lose
# channels.


# %%
class Mystery(layers.Layer):
    """A layer of somebody's own: it may do anything with its input."""

    def call(self, x):
        return x[..., ::-1] + x


image = x = keras.Input((8, 8, 3), name="image")
for name, layer in {
    "plain": layers.ReLU(),
    "before_norm": layers.LayerNormalization(name="norm"),
    "before_softmax": layers.Softmax(name="weights"),
    "before_mystery": Mystery(name="mystery"),
    "colours": layers.Rescaling([0.5, 1.0, 2.0, 4.0], name="scale"),
    "whole": layers.GroupNormalization(2, name="halves"),
}.items():
    x = layer(layers.Conv2D(4, 3, padding="same", name=name)(x))
odd = keras.Model(image, layers.Conv2D(2, 1, name="output")(x))
structure.channel_groups(odd)

# %% [markdown]
# - `LayerNormalization` and a softmax over channels compute a mean, or a sum, over *all* of them.
#   Remove one, and all the others change: no exact removal exists.
# - What is not known is left alone. Better a network that stays large than one that is wrong.
# - `scale` holds one number for each channel in its settings, not in a weight.
# - The output's channels are the classes.
# - `GroupNormalization` has two halves here. A half can go, with both its channels: so the four
#   channels of `whole` count as two.
#
# Who accepts that the others change, and trains afterwards, may say so. The result is then no
# longer the zeroed network, and there is nothing to verify:

# %%
inexact = structure.channel_groups(odd, inexact=True)
print(
    "with inexact=True, too:",
    sorted(set(inexact.groups) - set(structure.channel_groups(odd).groups)),
)
try:
    structure.shrink(inexact, 0.5, verify=True)
except ValueError as error:
    print(textwrap.fill(str(error), 90))

# %% [markdown]
# Two rules of a humbler kind. Of every group at least **one** channel stays: a layer without
# channels is no layer. And where the machine computes in blocks, a **multiple** of 8 may be
# better than a few channels less:

# %%
for options in ({}, {"multiple": 8}):
    masks = structure.choose(structure.filter_norms(channels), 0.7, "layer", **options)
    print(options or "exactly", {name: int(mask.sum()) for name, mask in masks.items()})
masks = structure.choose(structure.filter_norms(channels), 1.0, "layer")
assert all(mask.sum() == 1 for mask in masks.values())

# %% [markdown]
# ## A network that you did not write
#
# ResNet50, as Keras has it, with random weights: `shrink` asks only for the graph. A fresh network
# has biases and means of 0 and scales of 1, which would make the exact test too easy; so all of
# these are drawn anew.

# %%
draw = np.random.default_rng(0)


def application(name):
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=(64, 64, 3), classifier_activation=None)
    weights = model.get_weights()
    vectors = {i: draw.uniform(0.5, 1.5, W.shape) for i, W in enumerate(weights) if W.ndim == 1}
    model.set_weights([vectors.get(i, W) for i, W in enumerate(weights)])
    return model


resnet = application("ResNet50")
print(f"{len(resnet.layers)} layers, {resnet.count_params():,} parameters")

# %% [markdown]
# **Predict**: how long does it take to find the groups of these layers? And how many filters must
# go at once, at most, to remove one channel? (Its third stage has six blocks in a row, each with a
# shortcut.)

# %% tags=["varies"]
start = time.perf_counter()
coupled = structure.channel_groups(resnet)
print(f"groups found in {time.perf_counter() - start:.1f} s")

# %%
largest = max(coupled.groups.values(), key=lambda group: len(group.makers))
print(f"{len(coupled.groups)} groups; the most coupled one has {len(largest)} channels, made by:")
print(textwrap.fill(", ".join(largest.makers), 90))

# %% [markdown]
# Every block of a stage adds to the same stream, and the first one makes its shortcut by a
# convolution of its own. One channel of the stream is one filter in each of them. Now half of all
# channels, and the exact test:

# %% tags=["varies"]
start = time.perf_counter()
small, report = structure.shrink(coupled, 0.5, verify=True)
print(f"shrunk and verified in {time.perf_counter() - start:.1f} s")

# %%
assert report.difference < 1e-4
print("\n".join(report.summary()[:2]))
assert structure.difference(resnet, small, draw.normal(size=(2, 64, 64, 3))) > 0.1

# %% [markdown]
# The last line is the control of the test: the small network does *not* compute what the whole one
# did. It computes what the zeroed one does. (With random weights there is no accuracy to speak of.)
#
# Others, in the same way. **Predict**: of which is least left?

# %%
logging.getLogger("tensorflow").setLevel("ERROR")  # grouped convolutions make it warn of its speed
names = ["MobileNetV2"] if quick_mode() else ["MobileNetV2", "DenseNet121", "ConvNeXtTiny"]
reports = {"ResNet50": report}
for name in names:
    reports[name] = structure.shrink(application(name), 0.5, verify=True)[1]

# %% tags=["varies"]
print(f"{'half the channels':18} {'groups':>6} {'fixed':>6} {'parameters left':>16}  difference")
for name, one in reports.items():
    before, after = one.parameters
    print(f"{name:18} {len(one.rows):6} {len(one.left):6} {after / before:16.0%}", end="  ")
    print(f"{one.difference:.0e}")

# %% [markdown]
# The fixed groups of the first three are their outputs. ConvNeXt normalizes over channels
# at each block of its stream, so the stream cannot lose any, and only the channels inside the
# blocks go.

# %% [markdown]
# ## What to remember
#
# - What is added belongs together, channel by channel. Fitting shapes prove nothing: compare with
#   the zeroed network.
# - Ids are made, passed on, tied, laid side by side, repeated, or fixed. Remove an id everywhere,
#   and the channel is gone.
# - Channels are tied, not layers; a channel's score is summed over all filters that make it.
# - What mixes channels, what is not known, and the outputs stay, and a report should say so.
#
# ## What to read
#
# - G. Fang, X. Ma, M. Song, M. B. Mi, X. Wang (2023), *DepGraph: Towards Any Structural Pruning*,
#   arXiv 2301.12900: groups of coupled layers in any network.
# - H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf (2017), *Pruning Filters for Efficient
#   ConvNets*, arXiv 1608.08710: filters of residual networks.
# - P. Molchanov, A. Mallya, S. Tyree, I. Frosio, J. Kautz (2019), *Importance Estimation for Neural
#   Network Pruning*, arXiv 1906.10771: a score for a channel, shortcuts included.
# - Z. Liu, J. Li, Z. Shen, G. Huang, S. Yan, C. Zhang (2017), *Learning Efficient Convolutional
#   Networks through Network Slimming*, arXiv 1708.06519: scales of batch normalization as scores.
#
# Next: [13 · Does it run faster?](13_faster.ipynb), which takes out a clock.
