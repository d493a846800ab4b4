# %% [markdown]
# # 11 · Structural pruning
#
# **The question: if filters and neurons are removed, is the network really smaller?**
#
# ![Compass: granularity lit](figures/compass_granularity.svg)
#
# About 60 minutes, and an open task. Before this: [04 · A CNN from its parts](04_cnn_parts.ipynb)
# and [05 · Prune and retrain](05_prune_and_retrain.ipynb). The mathematics is on [one
# page](../docs/prerequisites.md).
#
# Chinese terms: structural pruning 结构剪枝 or 结构化剪枝, filter 滤波器, channel 通道, feature map
# 特征图, neuron 神经元, budget 预算, fine-tuning 微调, reconstruction 重建, recalibration 重新校准.

# %% [markdown]
# ## What you will be able to do
#
# - remove a filter by hand, with everything that belongs to it, and prove that nothing else
#   changed;
# - say what a share of channels is worth in parameters and in work;
# - choose filters by a criterion, and test that choice against chance;
# - repair a pruned network, and compare it with the controls that it has to beat.

# %%
import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_utils import measuring, structure
from course_utils.backend import keras
from course_utils.lessons import networks, plots, recorded
from course_utils.lessons.checks import structural_pruning as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

layers = keras.layers
plots.use_style()
predict = Predictions("11_structural_pruning")


# %% tags=["varies"]
def train(model, label, epochs=1):
    model.fit(data.x_train, data.y_train, 128, epochs, verbose=0, callbacks=[Progress(label)])
    return model


def accuracy(model, x=None, y=None):
    """Of the validation images, unless others are given."""
    x, y = (data.x_val[:2000], data.y_val[:2000]) if x is None else (x, y)
    parts = np.array_split(x, -(-len(x) // 1000))  # not too many at once
    answers = np.concatenate([np.asarray(model(part)) for part in parts])
    return float(np.mean(answers.argmax(axis=1) == y))


data = load_mnist().head(500, held_out=500) if quick_mode() else load_mnist().head(20_000)
data

# %% [markdown] covers="8 9 10 23 25" corrects="3 4 5 14 15 35"
# ## Two kinds of pruning
#
# So far weights became zero and the arrays kept their size: **weight pruning**, with a mask.
# **Structural pruning** takes out whole units: a filter of a convolution, a neuron of a dense
# layer. The arrays lose a slice each, and what is left is an ordinary, smaller network. The two are
# independent choices: use either, or both.
#
# <details><summary>What the article says</summary>
#
# The article that this course grew from names both kinds. Some of what it says about them holds.
#
# | it says | right or wrong? |
# |---|---|
# | structural pruning deletes connections, neurons | connections are *weight* pruning |
# | it pays off only together with weight pruning | wrong: it works alone, as this lesson shows |
# | weight pruning brings weights near zero | to exactly 0, and a mask keeps them there |
# | structural pruning makes retraining necessary | both kinds do, where much is cut |
# | retraining fits the new structure | weight pruning makes none: arrays keep their shape |
# | the compression rate is the share removed | give both that and old over new, and say of what |
#
# All of its statements, one by one: [coverage](../docs/coverage.md).
# </details>

# %% [markdown]
# ## One filter, by hand
#
# We start from a small CNN with one convolution of 32 filters. It comes trained; switch `TRAIN` on
# to train it yourself. Its arrays, in Keras's order:

# %% tags=["varies"]
TRAIN = False  # True: train it here, about two minutes
model = networks.train("article_cnn") if TRAIN else networks.trained("article_cnn", data)
K, k_bias, D, d_bias, *last = model.get_weights()
print({"conv": (K.shape, k_bias.shape), "dense": (D.shape, d_bias.shape), "output": last[0].shape})
print(f"validation accuracy {accuracy(model):.2%}, {data.caption}")

# %% [markdown]
# We remove the filter with the largest bias (you will soon see why that one). It is one slice of
# the kernel and one entry of the bias. Will the other arrays fit a network with 31 filters?


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


small, cut = cnn_with(31), int(k_bias.argmax())
K31, k_bias31 = np.delete(K, cut, axis=3), np.delete(k_bias, cut)
try:
    small.set_weights([K31, k_bias31, D, d_bias, *last])
except ValueError as error:
    print(textwrap.fill(str(error), 90))

# %% [markdown]
# They do not. The dense layer now reads 31 maps of 13 x 13 places, but its kernel still has the
# rows of 32. Which ones must go? `Flatten` goes through the maps place by place, and at each place
# filter by filter. Here are 4 places and 5 filters, each box with its filter's number, and below it
# the row of the dense kernel that reads it:

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
# Look for filter 3 in the picture. Where does it come first? How far is it to the next one?
# </details>
#
# With those rows removed as well, everything fits:

# %% tags=["varies"]
rows = cut + 32 * np.arange(13 * 13)
small.set_weights([K31, k_bias31, np.delete(D, rows, axis=0), d_bias, *last])
print(f"{small.count_params():,} parameters, before {model.count_params():,}")
print(f"validation accuracy {accuracy(small):.2%}, before {accuracy(model):.2%}")

# %% [markdown]
# ![Filter 2 of five lights up: its slice of the kernel, its bias, its map, and behind Flatten
# rows 2, 7, 12 and 17; without them four filters and 16 rows are
# left.](figures/moving_through_flatten.svg)
#
# *All that goes with one filter, where there are five, and four places.*
#
# ### Is it the right network?
#
# A good accuracy proves little. There is an exact test: the small network must compute what the
# *full* one computes with that filter at zero; not roughly, but up to rounding, on any input.
# **Predict**: is it enough to set the filter's *kernel* to zero?


# %%
kernel_guess = predict("Is the kernel at zero enough?", ..., choices=("yes", "no"))  # your choice


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
tries = {"nothing": (), "kernel": (0,), "kernel and bias": (0, 1), "the rows that read it": (2,)}
for name, arrays in tries.items():
    apart = structure.difference(with_zeros(*arrays), small, noise)
    print(f"{name:22} at zero: the outputs differ by {apart:.0e}")
assert structure.difference(with_zeros(0, 1), small, noise) < 1e-5
assert structure.difference(with_zeros(2), small, noise) < 1e-5
kernel_guess.was("yes" if structure.difference(with_zeros(0), small, noise) < 1e-5 else "no")

# %% [markdown]
# With only the kernel at zero, the filter's map is not zero: every place holds the bias. (Hence our
# choice; ReLU would have hidden a negative bias.) With the bias at zero too, or with the rows that
# read the filter at zero, the full and the small network agree up to rounding. A filter that nobody
# reads might as well not be there.
#
# ### The trap of batch normalization
#
# `BatchNormalization` behind a filter computes $\gamma \, (x - \mu) / \sigma + \beta$ for each
# channel: with the mean $\mu$ and the standard deviation $\sigma$ that it collected in training, a
# learned scale $\gamma$ and a learned shift $\beta$. Suppose that kernel and bias are zero, so
# that $x = 0$. What comes out?

# %% tags=["varies"]
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

x = draw.normal(size=(50, 8, 8, 1))
conv, norm = tiny.get_layer("conv"), tiny.get_layer("norm")
parts = {"kernel": conv.kernel, "bias": conv.bias, "shift β": norm.beta, "scale γ": norm.gamma}
for name, variable in parts.items():
    variable.assign(variable.numpy() * stays)  # channel 2 of the last axis
    print(f"{name:8} at zero as well: differs by {structure.difference(tiny, without, x):.0e}")
assert structure.difference(tiny, without, x) < 1e-5

# %% [markdown]
# Out comes $\gamma \, (0 - \mu)/\sigma + \beta$. Shift *and* scale must be zero, or a "removed"
# filter goes on sending a constant to the next layer. A library that forgets this is silently
# wrong: nothing fails, and all shapes fit.
#
# ### The same, by the package
#
# `channel_groups` finds what belongs together, `shrink` removes it, and `verify=True` makes the
# exact test. ([Lesson 12](12_channels_together.ipynb) looks inside.)

# %% tags=["varies"]
masks = {"conv": np.arange(32) != cut}  # True where a channel stays
by_package, report = structure.shrink(model, masks=masks, verify=True)
pairs = zip(by_package.get_weights(), small.get_weights(), strict=True)
assert all(np.array_equal(ours, by_hand) for ours, by_hand in pairs)
report

# %% [markdown]
# A **neuron** of a dense layer is the same thing without `Flatten`: its column, its bias, and the
# row of the next kernel that reads it. The network's ten outputs stay, since they are its purpose.
#
# ## What is a share of channels worth?
#
# From here on we prune LeNet-5: two convolutions with 20 and 50 filters, 500 hidden units, 2.3
# million MACs (multiply-accumulates) for one image. **Predict**: 30 % of the channels of each layer
# go. How much of the work is left?

# %%
work_guess = predict("MACs left of LeNet-5?", ..., unit="%")  # your number

# %% [markdown]
# ### Exercise 2
#
# The MACs of a layer are proportional to the number of channels that it reads, times the number of
# channels that it makes. The first layer reads the image; the last makes the classes.


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
# A layer in the middle reads 1 - share of what it read, and makes 1 - share of what it made. The
# two multiply. Which of them does not change in the first layer, and which in the last?
# </details>
#
# `structure.costs` counts before anything is made. For LeNet-5:

# %% tags=["varies"]
lenet = networks.train("lenet5") if TRAIN else networks.trained("lenet5", data)
channels = structure.channel_groups(lenet)
cost, norms = structure.costs(channels), structure.filter_norms(channels)
shares = np.linspace(0, 0.9, 10)
kept = [structure.choose(norms, share, "layer") for share in shares]
fig, ax = plt.subplots()
looks = {
    "parameters": (cost.parameters, plots.PINK, (-95, -12)),
    "MACs": (cost.macs, plots.GREEN, (8, 6)),
}
for name, (count, colour, offset) in looks.items():
    left = [count(masks) / count({}) for masks in kept]
    ax.plot(shares, left, marker="o", color=colour)
    ax.annotate(name, (shares[5], left[5]), offset, textcoords="offset points", color=colour)
ax.plot(shares, 1 - shares, color=plots.GREY)
ax.annotate("channels", (0.5, 0.5), (8, 6), textcoords="offset points", color=plots.GREY)
ax.set(xlabel="share of each layer's channels removed", ylabel="share left", ylim=(0, 1.03))
ax.set_title("what is left of LeNet-5")
plt.show()
print(f"30 % of the channels removed: {cost.macs(kept[3]) / cost.macs({}):.0%} of the MACs left")
assert 0.5 < cost.macs(kept[3]) / cost.macs({}) < 0.55
work_guess.was(round(100 * cost.macs(kept[3]) / cost.macs({})))

# %% [markdown]
# About half. So always say *of what* a share is left.
#
# ## Which filters?
#
# The classic answer: those with the smallest **norm** (Li et al. 2017), since small weights make
# small maps. Another: those whose removal would change the loss least, as far as its slope tells.
# This is the **Taylor** criterion: $g \cdot w$, gradient times weight, summed over a channel,
# squared, and averaged over batches (Molchanov et al. 2019; [lesson 07](07_which_weights.ipynb) has
# it for single weights).
#
# ### Exercise 3
#
# Turn norms into a mask: `True` for the filters that stay. Exactly `round(share * n)` go, those
# with the smallest norms; but at least one filter stays, whatever the share.


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
# <code>np.argsort(norms)</code> gives the positions of the filters, the smallest norm first. A
# threshold will not do: two filters may have equal norms.
# </details>
#
# In the package this is `choose(scores, share, "layer")`. Now the test that every criterion has to
# pass: is it better than **chance**? Here 70 % of the channels of one layer go, or of all three,
# and we look at the accuracy *right after*, without any training. **Predict**: all three layers
# lose 70 %. Which choice does worst?

# %%
kinds = ("norm", "Taylor", "chance")
worst_guess = predict("Worst choice, all layers, 70 %?", ..., choices=kinds)  # your choice

# %% tags=["varies"]
taylor = structure.taylor(channels, data.x_train[:1000], data.y_train[:1000], batch_size=64)
draws = [structure.random(channels, seed) for seed in range(1 if quick_mode() else 5)]


def after_removal(scores, layer, share=0.7):
    chosen = scores if layer == "all" else {layer: scores[layer]}
    return accuracy(structure.shrink(channels, masks=structure.choose(chosen, share, "layer"))[0])


print(f"70 % removed, accuracy right after; one network, {data.caption}")
for layer in (*channels.groups, "all"):
    by = [after_removal(scores, layer) for scores in (norms, taylor, *draws)]
    print(f"{layer:6} norm {by[0]:.1%}, Taylor {by[1]:.1%}, chance {np.mean(by[2:]):.1%}", end="")
    print(f" (from {min(by[2:]):.1%} to {max(by[2:]):.1%})")
worst_guess.was(kinds[np.argmin([*by[:2], np.mean(by[2:])])])  # `by` is now that of all layers

# %% [markdown]
# That was one network. `benchmarks/filters_compared.py` did the same with five, trained from five
# seeds, on MNIST, with five draws of chance for each:

# %%
table = recorded.rows("filters_compared")


def column(step, choice, layer="all", share=0.5, key="val"):
    """One value a seed."""
    wanted = {"step": step, "choice": choice, "layer": layer, "share": share}
    return np.array([row[key] for row in table if wanted.items() <= row.items()])


# %%
fig, axes = plt.subplots(1, 4, figsize=(11, 3.2), sharey=True)
colours = {"L2 norm": plots.BLUE, "L1 norm": plots.SKY, "Taylor": plots.ORANGE}
better = {kind: [] for kind in colours}
for ax, layer in zip(axes, ("conv1", "conv2", "fc1", "all"), strict=True):
    for kind, colour in colours.items():
        places = [(kind, layer, share) for share in (0.3, 0.5, 0.7)]
        pairs = [(column("removed", *at), column("removed", "chance", *at[1:])) for at in places]
        apart = [100 * (ours - chance) for ours, chance in pairs]
        better[kind] += [v.mean() / (v.std(ddof=1) / np.sqrt(len(v))) for v in apart]
        ax.plot((0.3, 0.5, 0.7), apart, "o", color=colour, markersize=3, alpha=0.5)
        ax.plot((0.3, 0.5, 0.7), np.mean(apart, axis=1), color=colour)
        if layer == "conv2":  # where there is room
            ax.text(0.5, -8 - 4 * list(colours).index(kind), kind, color=colour, ha="center")
    ax.axhline(0, color=plots.GREY, linewidth=1)
    ax.set(title=layer, xticks=(0.3, 0.5, 0.7), xlabel="share removed", xlim=(0.25, 0.75))
axes[0].set_ylabel("accuracy above chance, points")
axes[0].yaxis.set_major_formatter("{x:+.0f}")
plt.show()
told = {kind: np.abs(values) > 2.78 for kind, values in better.items()}  # 95 %, 5 pairs
for kind, values in better.items():
    signs = np.sign(values)[told[kind]]
    print(f"{kind:8} of 12 places: better than chance at {(signs > 0).sum()}", end="")
    print(f", worse at {(signs < 0).sum()}, not told apart at {12 - len(signs)}")
assert not any(told[kind].any() for kind in ("L2 norm", "L1 norm"))
assert np.flatnonzero(told["Taylor"]).tolist() == [3, 7, 8, 9]  # conv2 30, fc1 50 and 70, all 30 %
assert min(better["Taylor"]) == better["Taylor"][8] < -8  # p = 0.001: small, even for 36 tests

# %% [markdown]
# The grey line is the mean of chance on the same network; small dots are the five networks,
# coloured lines their means. A place counts as told apart where a paired t test over the five says
# so (95 %); in 36 such tests, one or two come out by luck alone. With five networks, the norm, L1
# or L2, cannot be told from chance in any layer or at any share. That does not make them equal: in
# `conv1` the L2 norm's mean is up to 6 points lower, but the networks differ by more. Taylor is
# told apart at four places: above chance at two where 30 % go, below it in `fc1` at 50 and 70 %.
# Only `fc1` at 70 % is too far off to be luck. So judge no criterion by one network, nor by the
# accuracy right after removal: what counts is what a repair makes of it.

# %% [markdown] covers="32" corrects="17"
# ## After the cut
#
# Two repairs are usual. **Fine-tuning** trains what is left. **Reconstruction** (重建) fits each
# layer that lost inputs, by least squares, to what it computed before; it needs images but no
# labels (He et al. 2017, Luo et al. 2017). **Predict**: half of the channels of every layer go,
# chosen by norm, Taylor or chance. How many points of accuracy lie between the best and the worst
# of the three after reconstruction with 1,000 images?
#
# <details><summary>What the article says</summary>
#
# Its four steps are: identify, cut, rebuild, evaluate. The order is right, but what it calls
# rebuilding is retraining. In the literature, reconstruction is the least-squares fit above. See
# [coverage](../docs/coverage.md).
# </details>

# %%
apart_guess = predict("Best minus worst after reconstruction?", ..., unit="points")  # your number

# %% tags=["varies"]
whole = 100 * column("whole", "none", share=0).mean()
print(f"half of all channels gone (whole: {whole:.1f}); accuracy in %, mean ± sd of 5 networks")
for choice in ("L2 norm", "Taylor", "chance"):
    for step in ("removed", "reconstructed"):
        values = 100 * column(step, choice)
        apart = values - 100 * column(step, "chance")
        print(f"{choice:8} {step:14}{values.mean():6.1f} ± {values.std(ddof=1):.1f}", end="")
        print(f"   minus chance {apart.mean():+5.1f} ± {apart.std(ddof=1):.1f}")
fitted = [column("reconstructed", choice).mean() for choice in ("L2 norm", "Taylor", "chance")]
assert np.ptp(fitted) < 0.005
apart_guess.was(round(100 * np.ptp(fitted), 1))
assert 100 * min(fitted) > whole - 2

# %% [markdown]
# Repaired, the three lie within half a point of each other and within two points of the whole
# network. (Repaired networks were judged on 5,000 validation images, the others on 1,000; chance is
# the mean of five draws before the repair, and one draw after it.) Mittal et al. (2018) saw the
# same after fine-tuning: they removed 25 to 50 % of the filters of VGG-16 and ResNet-50 at random,
# and ended as well as with the criteria of their time. A criterion earns its name when it beats
# this control *after* the repair.

# %% [markdown]
# ### New statistics
#
# A third repair costs even less. Behind a layer that lost inputs, batch normalization still
# subtracts the mean and divides by the standard deviation of the *full* network's maps.
# **Recalibration** measures both again on some images; no weight changes.
#
# ### Exercise 4
#
# A convolution's outputs for some images have the shape (images, height, width, channels). Which
# two numbers does batch normalization need for each channel?


# %% tags=["exercise"]
def my_statistics(maps):
    """Return (mean, variance), each with one entry a channel."""
    # BEGIN SOLUTION
    return maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))
    # END SOLUTION


# %% tags=["check"]
check.statistics(my_statistics)

# %% [markdown]
# <details><summary>Hint</summary>
#
# All places of all images of a channel go into one mean. Which axes are those? It is the variance
# about that mean, σ², not σ.
# </details>
#
# In the package this is `structure.recalibrate`. Here it is applied to a small CNN with two
# convolutions of 16 and 32 filters, each followed by batch normalization, after half of the filters
# have gone:

# %% tags=["varies"]
normed = networks.trained("norm_cnn", data)
found = structure.channel_groups(normed)
scores = structure.taylor(found, data.x_train[:1000], data.y_train[:1000], batch_size=64)
ways = {"Taylor": scores, "norm": structure.filter_norms(found)}
ways |= {f"chance {n}": structure.random(found, n) for n in range(1 if quick_mode() else 3)}
print(f"one network, {data.caption}; all filters: {accuracy(normed):.1%}")
for way, scores in ways.items():
    half, _ = structure.shrink(found, masks=structure.choose(scores, 0.5, "layer"))
    print(f"half, by {way:9} {accuracy(half):.1%}", end="")
    structure.recalibrate(half, data.x_train[:1000])
    print(f", recalibrated {accuracy(half):.1%}")

# %% [markdown]
# It can bring much back, but the accuracy may also fall. To try it costs next to nothing, so keep
# whichever network is better on the validation images.
#
# ## A budget
#
# Nobody needs "70 % fewer channels". What people need is a network that fits a budget of MACs or
# bytes. `within_budget` removes what scores lowest until the budget is met. A filter of `conv2`
# costs far more MACs than a unit of `fc1`, so we rank by Taylor's score *per MAC saved*, all layers
# together. Here for a tenth of the work, with one epoch of training. Beside it stand the widths
# that *equal* shares of every layer would leave for about as many MACs:

# %% tags=["varies"]
masks = structure.within_budget(structure.per_cost(taylor, cost.macs), cost.macs, budget=0.1)
pruned = train(structure.shrink(channels, masks=masks)[0], "pruned, a tenth of the MACs")
print({name: f"{mask.sum()} of {mask.size}" for name, mask in masks.items()})
print(f"{cost.macs(masks):,} of {cost.macs({}):,} MACs, {cost.parameters(masks):,} parameters")
shares = [structure.choose(taylor, share, "layer") for share in np.linspace(0.5, 0.9, 401)]
equal = next(one for one in shares if cost.macs(one) <= 0.1 * cost.macs({}))
print("equal shares:", {name: int(mask.sum()) for name, mask in equal.items()}, end=", ")
print(f"{cost.macs(equal):,} MACs, {cost.parameters(equal):,} parameters")
print(f"validation accuracy {accuracy(pruned):.2%}, whole network {accuracy(lenet):.2%}")
assert cost.macs(masks) <= 0.1 * cost.macs({})

# %% [markdown]
# Good compared with what? The recorded table (5,000 images) holds, for each of the five seeds:
#
# | network | what it tells |
# |---|---|
# | pruned: chosen channels, then 2 epochs | what we want to know |
# | by lot: as many channels of each layer, then 2 epochs | was it worth choosing? |
# | same widths, new weights, 6 epochs | are the old weights worth anything? |
# | equal shares of all widths, about as many MACs, new weights, 6 epochs | are the widths? |
#
# **Predict** the order of their mean test accuracies, the lowest first.

# %%
names = ("pruned", "by lot", "same widths, new", "equal shares, new")
short = [name.removesuffix(", new") for name in names]
order_guess = predict("Four small networks, lowest first?", ..., order=short)  # a list

# %%
tests = {name: column("budget", name, share=0.1, key="test") for name in names}
ax = plots.spread(tests)
ax.set(xlabel="test accuracy, MNIST", title="a tenth of the MACs, 5 seeds, ±1 sd")
ax.locator_params(axis="x", nbins=5)
plt.show()
for name in names[1:]:
    apart = 100 * (tests["pruned"] - tests[name])
    print(f"pruned minus {name:18}: {apart.mean():+.2f} ± {apart.std(ddof=1):.2f} points,", end="")
    print(f" above 0 in {(apart > 0).sum()} of {len(apart)} seeds")
assert (tests["by lot"] < tests["pruned"]).all()
assert (tests["pruned"] <= tests["same widths, new"]).all()
assert (tests["equal shares, new"] < tests["same widths, new"]).all()
order_guess.was(sorted(short, key=lambda name: tests[names[short.index(name)]].mean()))

# %% [markdown] covers="38 72"
# In all five seeds choosing the channels paid: as many chosen by lot do worse, even after two
# epochs. So a repair does not always make up for the choice (here more of the work goes, and the
# repair is another). But the *weights* that were kept are not what counts: new ones of the same
# widths, after as many epochs in all, do at least as well on the test images. Equal shares do worse
# than the widths that were found. Pruning found a *shape*, though one with more parameters for its
# MACs, as the lines above show for one network; that alone may explain its lead.
#
# That was little training on few images. In `benchmarks/structured_lenet5.py` LeNet-5 went down in
# eight rounds to at most 150,000 MACs, a fifteenth, and was trained long on 50,000 images:

# %%
small_ones = recorded.rows("structured_lenet5")
for name in ("pruned", "scratch"):
    values = [row["test_error"] for row in small_ones if row["network"] == name]
    print(f"{name:8} test error {np.mean(values):.2%} ± {np.std(values, ddof=1):.2%}, 5 seeds")
    assert np.mean(values) <= 0.01
assert max(row["macs"] for row in small_ones) <= 150_000

# %% [markdown]
# ("Scratch" has the same widths, new weights and as many epochs.) Less than 1 % error, and five
# seeds cannot tell the two apart. Liu et al. (2019) found the same for larger networks: small ones
# left by structural pruning, trained from new weights, do about as well as fine-tuned ones.

# %% [markdown]
# ## Is it really smaller?
#
# Three networks: the whole one, the whole one with the removed channels at *zero*, and the pruned
# one. How large are their files?

# %% tags=["varies"]
zeros = structure.zeroed(channels, masks)
for name, network in {"whole": lenet, "channels at zero": zeros, "pruned": pruned}.items():
    raw, zipped = (measuring.file_bytes(network, z) / 1e3 for z in (False, True))
    print(f"{name:17} {raw:7,.0f} kB, after gzip {zipped:7,.0f} kB")
with tempfile.TemporaryDirectory() as folder:
    pruned.save(Path(folder) / "small.keras")
    loaded = keras.models.load_model(Path(folder) / "small.keras")
assert structure.difference(pruned, loaded, data.x_val[:100]) == 0
assert type(loaded) is keras.Sequential

# %% [markdown]
# Zeros take as much room as any other numbers until the file is compressed; what has been removed
# takes none. And the file is plain Keras: to load it, nobody needs masks or this course.
#
# So yes, the network is smaller: in parameters, work and bytes, with no special format or library.
# Whether it is also *faster* is a question for a clock: [lesson 13](13_faster.ipynb).

# %%
predict.summary()

# %% [markdown]
# ## An open task
#
# **The fewest MACs at 97 %.** `start` is the article's network, trained. Hand in a smaller one,
# after at most two epochs of the 10,000 images `x, y` (160 steps of an optimizer). On the test
# images at least 97 % of its answers must be right (on the stand-in's, 90 %), or it has no score.
# What counts is its MACs for one image.
#
# <details><summary>Hint</summary>
#
# What does a filter cost in its own layer, and what in the layer that reads it? Look at the
# network's report first. Leave some of `x, y` out to see how far above the floor you are: a network
# that just reaches it there has about an even chance of missing it on the test images.
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.handed_in import structural_pruning as task

print(task)
start, x, y = task.given()
my_network = ...  # `start` with fewer channels, trained on
# BEGIN SOLUTION
cost = structure.costs(start)
scores = structure.taylor(start, x[:1000], y[:1000], batch_size=64)
masks = structure.within_budget(structure.per_cost(scores, cost.macs), cost.macs, budget=0.22)
my_network = structure.reconstruct(start, masks, x[:500])[0]
my_network.optimizer.learning_rate.assign(2e-3)
history = my_network.fit(x, y, 128, 2, verbose=0)
# END SOLUTION

# %% tags=["varies"]
task.judge(my_network)

# %% [markdown]
# ## What to remember
#
# - Structural pruning removes slices of arrays: the filter, its bias, its scale and shift, and
#   every weight that reads it. Behind `Flatten` that is one row for every place.
# - The small network must compute what the full one does with those channels at zero, up to
#   rounding.
# - 30 % fewer channels means about half the work: in the middle layers a share counts twice.
# - Test a criterion against chance, on several networks, and *after* a repair: that may level the
#   differences.
# - Compare with small networks trained from scratch, of the same widths and of equal shares.
#
# ## What to read
#
# - H. Li et al. (2017), *Pruning Filters for Efficient ConvNets*, arXiv 1608.08710: norms.
# - P. Molchanov et al. (2019), *Importance Estimation for Neural Network Pruning*, arXiv
#   1906.10771: the Taylor criterion used here; a first form is in arXiv 1611.06440 (2017).
# - Z. Liu et al. (2019), *Rethinking the Value of Network Pruning*, arXiv 1810.05270: small
#   networks from scratch. D. Mittal et al. (2018), *Recovering from Random Pruning*, arXiv
#   1801.10447.
# - Y. He, X. Zhang, J. Sun (2017), arXiv 1707.06168, and J.-H. Luo, J. Wu, W. Lin (2017), *ThiNet*,
#   arXiv 1707.06342: reconstruction.
# - Z. Liu et al. (2017), arXiv 1708.06519: network slimming, which lets training choose the filters
#   by their scales γ (`structure.slimming`).
#
# Next: [12 · Channels that belong together](12_channels_together.ipynb), for networks that branch.
