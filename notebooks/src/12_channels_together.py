# %% [markdown]
# # 12 · Channels that belong together
#
# **The question: a network branches and joins again. Which channels can only go together?**
#
# ![Compass: granularity lit](figures/compass_granularity.svg)
#
# About 50 minutes, and an open task. Before this: [11 · Structural
# pruning](11_structural_pruning.ipynb).
#
# Chinese terms: residual connection 残差连接, shortcut 捷径连接, channel 通道, concatenation 拼接,
# depthwise convolution 深度卷积, computation graph 计算图, union-find 并查集, normalization 归一化.

# %% [markdown]
# ## What you will be able to do
#
# - find the groups of channels of a network by looking at its graph;
# - follow channel numbers through addition, concatenation and flattening, and merge what is tied;
# - say what cannot be removed, and why;
# - shrink a network that you did not write, and make sure that it still computes what it should.

# %%
import logging
import textwrap
import time

import matplotlib.pyplot as plt
import numpy as np

from course_utils import structure
from course_utils.backend import keras
from course_utils.lessons import networks, plots, together
from course_utils.lessons.checks import channels_together as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

layers = keras.layers
plots.use_style()
predict = Predictions("12_channels_together")

# %% [markdown]
# The networks of lesson 11 were chains: what one layer makes, the next one reads, and nobody else
# does. Many networks are not. They have shortcuts, branches, and layers that work on each channel
# by itself. In such a network a filter has partners.
#
# ## Break it
#
# Here is the smallest network with a shortcut. `stem` makes eight channels, `branch` reads them and
# makes eight new ones, and the two are *added*: channel 0 to channel 0, channel 1 to channel 1.


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
# We want to remove channel 3 of `branch`. With eight channels in `stem` and seven in `branch`,
# Keras refuses:

# %%
try:
    with_shortcut(stem=8, branch=7)
except ValueError as error:
    print(textwrap.fill(str(error), 90))

# %% [markdown]
# So `stem` must lose a channel too. The shapes do not say which one. Let us take channel 5 there:


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
# Channel 5 of `stem` and channel 3 of `branch` are gone. All shapes fit, and Keras is content. Does
# the small network compute what the full one does with those two channels at zero?

# %% tags=["varies"]
for stem, row in ((5, 3), (5, 5), (3, 3)):
    apart = structure.difference(at_zero(stem, branch=3), without(stem, 3, row), noise)
    print(f"stem's {stem}, branch's 3, row {row} removed: the outputs differ by {apart:.0e}")
assert apart < 1e-5  # only the last one is right

# %% [markdown]
# It does not, and nothing tells you. Between the two gaps every channel now has the wrong partner:
# stem's 4 is added to branch's 5. Only removing channel 3 of both, and row 3, is right.
#
# An error message about shapes is a friend. The silent mistake is the reason for the rest of this
# lesson: channels that are added belong together, **one by one**.
#
# ## Find the groups
#
# A larger network: a residual block with batch normalization, a depthwise convolution, a
# concatenation, and a flattening. It was trained on MNIST beforehand and is loaded here.

# %% tags=["varies"]
TRAIN = False  # True: train it here, about half a minute
data = load_mnist().head(256, held_out=256) if quick_mode() else load_mnist().head(10_000)
model = networks.train("residual_cnn") if TRAIN else networks.trained("residual_cnn", data)
channels = structure.channel_groups(model)
plots.layer_graph(channels.edges)
plt.show()

# %% [markdown]
# A **depthwise convolution** (`depth`) has one small kernel for each channel: it makes channel 3
# from channel 3 alone. `point` is an ordinary convolution of size 1 x 1: it reads all channels and
# mixes them. `norm` scales and shifts each channel by itself.
#
# ### Exercise 1
#
# Seven layers before the output have a kernel: `stem`, `conv_a`, `conv_b`, `depth`, `point`, `side`
# and `hidden`. Which of them have channels that can only go together? Give layers of one group the
# same number.

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
# Follow channel 3 of <code>stem</code> through the graph. At each box ask: is the output's channel
# 3 computed from this one alone (then it is the same channel), is it added to another one (then
# the two are tied), or is it mixed into something new?
# </details>
#
# Now let the code do it. The letter on a box is the group of the channels that come *out* of it.

# %%
groups = {**channels.groups, **channels.left}
letters = {letter: group.channels for letter, group in zip("ABCDEF", groups.values(), strict=True)}
output = ("output", "classes", channels.left["output"].channels)
plots.layer_graph([*channels.edges, output], letters)
plt.show()

# %% [markdown]
# A letter stands for many channels. To tell them apart, give every channel a number of its own
# where it is made: an **id**. Here are the ids of the first three channels that come out of each
# layer, in the colours of their groups:

# %%
names = ("stem", "conv_a", "conv_b", "norm", "add", "depth", "point", "side")
first = {start: ids[:3].tolist() for start, _, ids in channels.edges if start in names}
plots.id_rows({name: first[name] for name in names}, letters)
plt.show()

# %% [markdown]
# `conv_b` has the ids of `stem`, because `add` tied the two, channel by channel; and `norm` and
# `depth` passed them on. So the first id of group A is a filter of `stem`, a filter of `conv_b` and
# a small kernel of `depth`, each with its bias, an entry of each of the four arrays of `norm`, and
# a slice of everything that reads them, in `conv_a` and in `point`. Remove all of that, and the
# network works. The report lists it:

# %% tags=["varies"]
small, report = structure.shrink(channels, 0.5, verify=True)
report

# %% [markdown]
# What each layer reads and gives, and in orange what goes with channel 2 of `stem`. (In JupyterLab
# click on a layer to see what goes with its channels; the slider picks one.)

# %%
together.clickable(channels, "stem", 2)

# %% [markdown]
# ## How ids flow
#
# Ids flow along the arrows of the graph, and each kind of layer treats them in its own way:
#
# | layer | what it does with ids |
# |---|---|
# | convolution, dense | reads all that arrive and *makes* new ones |
# | batch normalization, activation, pooling, dropout | *passes* them on |
# | depthwise convolution | passes them on, one from one |
# | add, multiply | *ties* the ids of its inputs, one by one |
# | concatenate | lays them *side by side* |
# | flatten | *repeats* them, once for each place |
# | a layer that normalizes over channels, or does unknown things | *fixes* them: none may go |
#
# ![Ids flow through stem, conv_a, conv_b, add and flatten; add ties 6, 7 and 8 to 1, 2 and 3;
# with id 2 go a filter of stem and of conv_b, a slice of conv_a, and four rows of
# output.](figures/moving_through_graph.svg)
#
# *The ids of a small residual network, in the order in which the package finds them.*
#
# To remove a channel is to remove its id wherever it stands: each array loses the entries that
# carry it, and no layer has to know its neighbours. (DepGraph, Fang et al. 2023, groups coupled
# parameters by a graph of the dependencies between layers. Ids are a simple way to do it channel by
# channel.)
#
# A small example: `a` makes one channel, `b` makes two, `c` makes three.

# %%
plots.id_rows({"a": [0], "b": [1, 2], "concat(a, b)": [0, 1, 2], "c": [3, 4, 5]})
plt.show()

# %% [markdown]
# **Predict**: next, `concat(a, b)` and `c` are added. Which ids are tied, and how many groups of
# layers that share ids are there?

# %%
groups_guess = predict("Groups when concat(a, b) and c are added?", ...)  # your number

# %%
plots.id_rows({"a": [0], "b": [1, 2], "c": [0, 1, 2], "add": [0, 1, 2], "flatten": [0, 1, 2] * 4})
plt.show()
image = keras.Input((8, 8, 2))
a, b, c = (layers.Conv2D(n, 3, name=name)(image) for name, n in {"a": 2, "b": 4, "c": 6}.items())
added = layers.Add(name="add")([layers.Concatenate(name="concat")([a, b]), c])
twins = keras.Model(image, layers.Dense(3, name="output")(layers.Flatten()(added)))
found = structure.channel_groups(twins)
groups_guess.was(len(found.groups))
found

# %% [markdown]
# Two groups: the first channels of `c` go with those of `a`, the others with those of `b`. (In the
# code everything is twice as wide, since at least one channel of each group has to stay.) Layer `c`
# is in *both* groups. A tool that ties whole layers instead of channels has to put all three layers
# into one group, and can never remove a channel of `a` without one of `b`.
#
# ### Exercise 2
#
# Merge what is tied, a task known as **union-find** (并查集). At the start each id is alone;
# each pair ties two. Name every group by its smallest id. For the picture: `my_tied(6, [(0, 3),
# (1, 4), (2, 5)])` is `[0, 1, 2, 0, 1, 2]`.


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
#
# And who reads a channel? In our network `hidden` stands behind `concat` and `flatten`. At each of
# 7 x 7 places there are first the 24 channels of `point`, then the 8 of `side`. So channel 2 of
# `side` is read by row 24 + 2, and then by every 32nd row after it:

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
# Which channels of group A should go? `stem` and `conv_b` each have a filter for every one of them,
# and each filter has its own norm. **Predict**: of the four smallest in `stem`, how many are among
# the four smallest in `conv_b`?

# %%
agree_guess = predict("Of stem's four smallest, also conv_b's?", ...)  # your number

# %% tags=["varies"]
norms = {
    name: np.linalg.norm(model.get_layer(name).kernel.numpy().reshape(-1, 16), axis=0)
    for name in ("stem", "conv_b")
}
summed = structure.filter_norms(channels)["stem"]
assert np.allclose(summed, norms["stem"] + norms["conv_b"], rtol=1e-4)
go = set(np.argsort(summed)[:4].tolist())
fig, ax = plt.subplots(figsize=(6, 4.5))
for channel, point in enumerate(zip(*norms.values(), strict=True)):
    ax.text(*point, channel, color=plots.RED if channel in go else plots.GREY, ha="center")
low, high = (np.array([f(values) for values in norms.values()]) for f in (np.min, np.max))
ax.axis(np.stack([1.1 * low - 0.1 * high, 1.1 * high - 0.1 * low], axis=1).ravel())
ax.set(xlabel="norm of its filter in stem", ylabel="norm of its filter in conv_b")
ax.set_title(f"channels of group A; red: the four smallest sums ({data.caption})")
plt.show()
for name, scores in norms.items():
    print(f"{name} alone has {len(go & set(np.argsort(scores)[:4]))} of these among its own four")
smallest = [set(np.argsort(scores)[:4].tolist()) for scores in norms.values()]
agree_guess.was(len(smallest[0] & smallest[1]))

# %% [markdown]
# A channel that is small in one layer may be large in the other, and it goes in both. So its score
# is **summed** over all filters that make it. And one mask stands for all of them, which is why a
# mask has the name of a group and not of a layer. (Taylor's score, of lesson 11, is summed over all
# weights that *read* the channel.) Half of all channels by Taylor, and then a little training:


# %% tags=["varies"]
def accuracy(model):
    x, y = data.x_val[:2000], data.y_val[:2000]
    return float(np.mean(np.asarray(model(x)).argmax(axis=1) == y))


scores = structure.taylor(channels, data.x_train[:1000], data.y_train[:1000], batch_size=64)
masks = structure.choose(scores, 0.5, "layer")
small, _ = structure.shrink(channels, masks=masks)
values, progress = [accuracy(model), accuracy(small)], Progress("half the channels")
small.fit(data.x_train, data.y_train, 64, 1, verbose=0, callbacks=[progress])
cost = structure.costs(channels)
print(f"half the channels gone, {cost.macs(masks) / cost.macs({}):.0%} of the MACs left")
print("validation accuracy before {:.1%}, after {:.1%}".format(*values), end="")
print(f", after one epoch {accuracy(small):.1%}; one run, {data.caption}")

# %% [markdown]
# ## What cannot go
#
# Now a network with other things in it, such as a layer that somebody wrote: read its code, two
# cells down. **Predict**: how many of its seven convolutions can lose channels, and which?

# %%
free_guess = predict("Convolutions that can lose channels?", ...)  # your number


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
free_guess.was(len(structure.channel_groups(odd).groups))
structure.channel_groups(odd)

# %% [markdown]
# - `LayerNormalization` and a softmax over channels compute a mean, or a sum, over *all* of them.
#   Remove one, and all the others change, so no exact removal exists.
# - An unknown layer without weights is tried; this one mixes channels, so all stay: better a
#   large network than a wrong one.
# - `scale` holds one number for each channel in its settings, not in a weight.
# - The output's channels are the classes.
# - `GroupNormalization` has two halves here. A half can go, with both of its channels: so the four
#   channels of `whole` count as two.
#
# If you accept that the other channels change, and train afterwards, you may say so with
# `inexact=True`; that frees what stands before a layer normalization, but not before a softmax. The
# result is then no longer the network with zeros, and `verify=True` is refused:

# %%
inexact = structure.channel_groups(odd, inexact=True)
more = sorted(set(inexact.groups) - set(structure.channel_groups(odd).groups))
print("with inexact=True also:", more)
try:
    structure.shrink(inexact, 0.5, verify=True)
except ValueError as error:
    print(textwrap.fill(str(error), 90))

# %% [markdown]
# Two more rules. Of every group at least **one** channel stays: a layer without channels is no
# layer. And where the machine computes in blocks, each width can be rounded to a **multiple** of
# what a block holds, here 8:

# %%
for options in ({}, {"multiple": 8}):
    masks = structure.choose(structure.filter_norms(channels), 0.7, "layer", **options)
    print(options or "exactly", {name: int(mask.sum()) for name, mask in masks.items()})
masks = structure.choose(structure.filter_norms(channels), 1.0, "layer")
assert all(mask.sum() == 1 for mask in masks.values())

# %% [markdown]
# ## A network that you did not write
#
# ResNet50, as Keras has it, with random weights: `shrink` needs only the graph. A fresh network has
# biases and means of 0 and scales of 1, which would make the exact test too easy; so all of these
# are drawn anew.


# %%
def application(name):
    build, draw = getattr(keras.applications, name), np.random.default_rng(0)
    model = build(weights=None, input_shape=(64, 64, 3), classifier_activation=None)
    weights = model.get_weights()
    vectors = {i: draw.uniform(0.5, 1.5, W.shape) for i, W in enumerate(weights) if W.ndim == 1}
    model.set_weights([vectors.get(i, W) for i, W in enumerate(weights)])
    return model


resnet = application("ResNet50")
print(f"{len(resnet.layers)} layers, {resnet.count_params():,} parameters")

# %% [markdown]
# Its third stage has six blocks in a row, each with a shortcut. **Predict**: how many filters, at
# most, must go at once to remove one channel?

# %%
filters_guess = predict("Filters that must go at once?", ...)  # your number

# %% tags=["varies"]
start = time.perf_counter()
coupled = structure.channel_groups(resnet)
print(f"{len(coupled.groups)} groups, found in {time.perf_counter() - start:.1f} s")
largest = max(coupled.groups.values(), key=lambda group: len(group.makers))
print(f"the most coupled one has {len(largest)} channels, made by {len(largest.makers)} layers:")
print(textwrap.fill(", ".join(largest.makers), 90))
filters_guess.was(len(largest.makers))

# %% [markdown]
# Every block of a stage adds to the same stream, and the first one makes its shortcut with a
# convolution of its own. One channel of the stream is one filter in each of them. Now half of all
# channels go, with the exact test:

# %% tags=["varies"]
start = time.perf_counter()
small, report = structure.shrink(coupled, 0.5, verify=True)
print(f"shrunk and verified in {time.perf_counter() - start:.1f} s")
print("\n".join(report.summary()[:2]))
assert report.difference < 1e-4
apart = structure.difference(resnet, small, np.random.default_rng(1).random((2, 64, 64, 3)))
assert apart > 0.1
print(f"and from the whole network it differs by {apart:.0%}")

# %% [markdown]
# The last line is the control: the small network does *not* compute what the whole one did. It
# computes what the network with zeros does. (With random weights there is no accuracy to speak of.)
#
# Two others in the same way. ConvNeXt normalizes over the channels of its stream in every block.
# **Predict**: which network keeps the largest share of its parameters?

# %%
three = ("ResNet50", "MobileNetV2", "ConvNeXtTiny")
most_guess = predict("Which keeps the largest share?", ..., choices=three)  # your choice

# %% tags=["varies"]
logging.getLogger("tensorflow").setLevel("ERROR")  # grouped convolutions make it warn of its speed
reports = {"ResNet50": report}
for name in () if quick_mode() else three[1:]:
    reports[name] = structure.shrink(application(name), 0.5, verify=True)[1]
print(f"{'half the channels':18} {'groups':>6} {'fixed':>6} {'parameters left':>16}  difference")
for name, one in reports.items():
    before, after = one.parameters
    print(f"{name:18} {len(one.rows):6} {len(one.left):6} {after / before:16.0%}", end="  ")
    print(f"{one.difference:.0e}")
if not quick_mode():
    most_guess.was(max(three, key=lambda n: reports[n].parameters[1] / reports[n].parameters[0]))
    assert len(reports["ResNet50"].left) == len(reports["MobileNetV2"].left) == 1

# %% [markdown]
# In the first two only the outputs are fixed. ConvNeXt's stream cannot lose a channel, since each
# normalization reads all of them; only the channels inside its blocks go.

# %%
predict.summary()

# %% [markdown]
# ## An open task
#
# **Half of the work, and not one training step.** `start` is the residual network of this lesson,
# trained. Hand in a network made of it with at most half of its MACs. You may look at the images
# `x, y` as often as you like, and compute from them what you like; but no optimizer makes a step.
# What counts is the accuracy on the test images.
#
# <details><summary>Hint</summary>
#
# Three things matter: which channels go, from which groups, and what is done afterwards. For the
# last, think of what in a network can be set right from images alone: statistics, and by least
# squares the weights themselves (lesson 11).
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.handed_in import channels_together as task

print(task)
start, x, y = task.given()
my_network = ...  # at most half of `start`
# BEGIN SOLUTION
found, cost = structure.channel_groups(start), structure.costs(start)
scores = structure.taylor(found, x[:1000], y[:1000], batch_size=64)
masks = structure.within_budget(structure.per_cost(scores, cost.macs), cost.macs, budget=0.5)
my_network = structure.shrink(found, masks=masks)[0]
structure.recalibrate(my_network, x[:2000])
# END SOLUTION

# %% tags=["varies"]
task.judge(my_network)

# %% [markdown]
# ## What to remember
#
# - Channels that are added belong together, one by one. Shapes that fit prove nothing: compare with
#   the network that has zeros there.
# - Ids are made, passed on, tied, laid side by side, repeated, or fixed. Remove an id everywhere,
#   and the channel is gone.
# - Channels are tied, not layers; a channel's score is summed over all layers that make it, or read
#   it.
# - Outputs keep their channels; so does what feeds an unknown layer, or a normalization over
#   channels. A report should say so.
#
# ## What to read
#
# - G. Fang et al. (2023), *DepGraph: Towards Any Structural Pruning*, arXiv 2301.12900: groups of
#   coupled parameters in any network.
# - H. Li et al. (2017), *Pruning Filters for Efficient ConvNets*, arXiv 1608.08710: filters of
#   residual networks.
# - P. Molchanov et al. (2019), *Importance Estimation for Neural Network Pruning*, arXiv
#   1906.10771: a score for a channel, shortcuts included.
#
# Next: [13 · Does it run faster?](13_faster.ipynb), with a clock in hand.
