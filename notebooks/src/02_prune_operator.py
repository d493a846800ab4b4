# %% [markdown]
# # 02 · The prune operator
#
# **The question: what does $W \odot (|W| > \theta)$ do, and is there anything better?**
#
# About 40 minutes. Before this: [01 · Norms and normalization](01_norms.ipynb). No training, no
# TensorFlow; everything runs in seconds.
#
# Chinese terms: prune operator 剪枝算子, threshold 阈值, mask 掩码, sparsity 稀疏度, element-wise
# product 逐元素乘法.

# %% [markdown]
# ## What you will be able to do
#
# - write the prune operator, and explain its strict inequality and its absolute value;
# - tell a *threshold* from a *sparsity*, and prune an exact number of weights even when some tie;
# - measure what a mask costs, compare it with *every* other mask of its size, and say what that
#   proves about a network and what it does not.

# %%
import itertools
import math

import matplotlib.pyplot as plt
import numpy as np

from course_utils import masking, operators
from course_utils.lessons import plots, widgets
from course_utils.lessons.checks import prune_operator as check
from course_utils.lessons.predictions import Predictions

predict = Predictions("02_prune_operator")
plots.use_style()

# %% [markdown] covers="43"
# ## One matrix, and three steps
#
# A *dense* layer joins each of $m$ inputs to each of $n$ units, by a **weight matrix** $W$
# (权重矩阵) of $m \times n$ numbers. Orange is positive, purple negative:

# %%
W = np.array([[0.9, -0.1, 0.3, -0.6], [-0.2, 0.7, 0.05, 0.2], [0.4, -0.8, -0.25, 0.1]])
plots.matrix(W)
plt.show()

# %% [markdown] covers="44 47"
# The **threshold** $\theta$ (阈值) says how small is too small. The **mask** $|W| > \theta$ is a
# Boolean matrix: true where a weight stays.
#
# **Predict**: with $\theta = 0.2$, how many of the twelve weights stay?

# %%
stay_guess = predict("Weights that stay at θ = 0.2?", ...)  # your number

# %%
theta = 0.2
mask = np.abs(W) > theta
print(mask.astype(int))
stay_guess.was(mask.sum())

# %% [markdown] covers="47 48" corrects="23"
# If you said nine, you kept the two entries of size exactly 0.2. The inequality is *strict*: an
# entry whose size equals $\theta$ is cut. The last step multiplies entry by entry, written $\odot$:
#
# $$W' = \mathrm{prune}(W, \theta) = W \odot (|W| > \theta)$$

# %%
pruned = W * mask
plots.matrix(pruned, mask)
plt.show()

# %% [markdown] covers="10 22 45 52"
# That is all. The **pruned matrix** $W'$ has the same shape; the weights that stay are untouched,
# and the others are *exactly* zero.

# %% [markdown] covers="51"
# ## What the absolute value is for
#
# Suppose that somebody forgets the bars and writes $W > \theta$:

# %%
without_bars = W > theta
plots.matrix(W, without_bars)
plt.show()
# ~ swaps True and False: W[~mask] holds the weights that go.
print(f"{(W[~without_bars] < 0).sum()} negative weights cut, out of {(W < 0).sum()}")

# %% [markdown] covers="10 22 51" corrects="4 24"
# Every negative weight goes, even −0.8. On a matrix without negative entries both rules agree, and
# nobody would notice the mistake. That is why the checks below try *random* matrices.
#
# <details><summary>What the article says</summary>
#
# This course grew out of a Chinese article on pruning. Its formula is the one above, strict
# inequality and bars included. Where it spells out the rule for one entry, it writes
# $W_{ij} > \theta$, without bars; its only example has no negative entry, so the slip does not
# show. It also says, three times, that pruning brings weights *close* to zero. That is what
# regularization does. Pruning sets them to zero and, as [lesson 05](05_prune_and_retrain.ipynb)
# shows, has to *hold* them there. All its elements and errors: [coverage](../docs/coverage.md).
# </details>

# %% [markdown]
# ### Exercise 1
#
# Write the operator as a function. It must not change the array it is given.


# %% tags=["exercise"]
def my_prune(W, theta):
    """Return a copy of W in which every entry of size θ or less is 0."""
    # BEGIN SOLUTION
    return W * (np.abs(W) > theta)
    # END SOLUTION


# %% tags=["check"]
check.prune(my_prune)

# %% [markdown] tags=["solution-only"]
# `W * mask` makes a new array, in which the mask counts as 0 and 1. It has one blemish: a negative
# number times 0 is −0.0. The package uses `np.where(mask, W, 0)`, which gives +0 everywhere.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two steps: a mask from <code>np.abs(W)</code>, then a product. No loop is needed.
# </details>
#
# From here on we use the package's own version, `operators.prune`, so nothing below depends on your
# answer.

# %% [markdown]
# ## What the operator never breaks
#
# Four properties, tried on ten thousand random numbers:

# %%
random = np.random.default_rng(0).normal(size=(100, 100))
once = operators.prune(random, 0.5)
more = operators.prune(random, 0.7)

print("pruning twice changes nothing:      ", np.array_equal(operators.prune(once, 0.5), once))
print("signs survive:                      ", np.all(once * random >= 0))
print("a larger θ cuts the same and more:  ", np.all(more[once == 0] == 0))
doubled = operators.prune(2 * random, 2 * 0.5)
print("W and θ doubled: the result doubles:", np.array_equal(doubled, 2 * once))

# %% [markdown]
# All four hold for every matrix (the last for any positive factor, up to rounding). The last
# matters most: **only θ relative to W counts.** A θ means nothing until you know W: that is the
# trouble with thresholds. Here are three layers whose weights have different spreads (σ is the
# [standard deviation](../docs/prerequisites.md)), and one θ. Move the slider (in JupyterLab;
# elsewhere the picture stands still):

# %%
rng = np.random.default_rng(1)
spreads = {"conv": 0.2, "dense": 0.03, "output": 0.1}
layers = {name: rng.normal(0, sigma, 20000) for name, sigma in spreads.items()}


def draw(theta):
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), sharex=True, sharey=True)
    for ax, (name, weights) in zip(axes, layers.items(), strict=True):
        plots.histogram(weights, theta, ax, bins=np.linspace(-0.8, 0.8, 81))
        ax.set_title(f"{name}, σ = {weights.std():.2f}")
        ax.label_outer()
    return fig


widgets.slider(draw, theta=(0.0, 0.6, 0.02, 0.1))

# %% [markdown] corrects="31"
# With θ = 0.1 for every layer, one layer keeps more than half of its weights and another almost
# none. Han et al. (2015) use a multiple of each layer's own spread as its threshold, $k\sigma$.
# That takes about the same share of every layer: if the weights are normally distributed around 0,
# as here, $|w| \le k\sigma$ holds for a share of $\mathrm{erf}(k / \sqrt 2)$; Python knows the
# function erf. (Whether equal shares are *good* is a question for [lesson 06](06_how_much.ipynb).)

# %%
masks = masking.by_sigma(layers, k=1.0)
for name, layer_mask in masks.items():
    print(f"{name:7} {masking.sparsity(layer_mask):.1%} pruned")
print(f"erf(1/√2) = {math.erf(1 / math.sqrt(2)):.1%}")

# %% [markdown]
# ## Do not cut, rank
#
# Usually the question comes the other way round: *prune 40 % of the weights*. Now the **sparsity**
# is given, and θ is not. Of the ten weights below four should go. We could take the size of the
# fourth smallest as θ and keep what is larger (`>`), or the size of the fifth smallest and keep
# what is at least as large (`>=`). The weights are 0.1, five times 0.2, 0.5, 0.6, 0.7 and 0.8.
# **Predict** how many go by the first rule:

# %%
tied_guess = predict("Weights pruned by > when four should go?", ...)  # your number

# %%
tied = np.array([0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.5, 0.6, 0.7, 0.8])
ordered = np.sort(tied)
print("with size >  θ kept:", np.sum(~(tied > ordered[3])), "pruned")
print("with size >= θ kept:", np.sum(~(tied >= ordered[4])), "pruned")
exact = masking.make_masks({"W": tied}, sparsity=0.4)["W"]
print("by rank:            ", np.sum(~exact), "pruned")
tied_guess.was(np.sum(~(tied > ordered[3])))

# %% [markdown] corrects="23"
# No threshold can split a tie. `make_masks` ranks instead: among equal sizes the first go first, so
# exactly $\mathrm{round}(s \cdot n)$ weights go, always.
#
# Where do ties come from? Weights stored as 8-bit whole numbers, −128 to 127, have at most 129
# different sizes, so a layer with more weights than that must have ties. And after a first round of
# pruning all the cut weights tie at zero. Those ties do no harm as long as each round asks a layer
# for at least as much as it has lost already. They do harm when it is asked for less. Here five of
# ten weights are zero from the start:

# %%
half_zero = np.array([0, 0, 0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.5])
for asked in (3, 5, 7):
    above = np.sum(half_zero <= half_zero[asked - 1])  # what "size > θ stays" prunes
    at_least = np.sum(half_zero < half_zero[asked])  # what "size >= θ stays" prunes
    ranked = np.sum(~masking.make_masks({"W": half_zero}, asked / 10)["W"])
    print(f"asked {asked} of 10:   > prunes {above}, >= prunes {at_least}, by rank {ranked}")

# %% [markdown]
# ### Exercise 2
#
# Write the ranking yourself: a mask that is `False` for exactly `round(sparsity * W.size)` entries,
# the smallest ones. Which of several equal ones go is up to you.


# %% tags=["exercise"]
def my_mask(W, sparsity):
    """Return a Boolean mask of W's shape: False for the round(sparsity · n) smallest sizes."""
    # BEGIN SOLUTION
    order = np.argsort(np.abs(W).ravel(), kind="stable")
    mask = np.ones(W.size, dtype=bool)
    mask[order[: round(sparsity * W.size)]] = False
    return mask.reshape(W.shape)
    # END SOLUTION


# %% tags=["check"]
check.keep_largest(my_mask)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>np.argsort(np.abs(W).ravel())</code> lists the positions from the smallest to the largest
# size. Start from a mask that is all <code>True</code> and flat, and reshape at the end.
# </details>

# %% [markdown]
# ## Is the smallest the right one to cut?
#
# What does pruning cost? Here are two measures: the **relative error** $\|W - W'\| / \|W\|$ and the
# **energy lost**, the share of $\sum w^2$ that is gone. The second is the square of the first.

# %%
print(f"sparsity       {masking.sparsity(pruned):.1%}")
print(f"relative error {operators.relative_error(W, pruned):.3f}")
print(f"energy lost    {operators.energy_lost(W, pruned):.1%}")

# %% [markdown]
# Five of the twelve weights are gone, but little of the energy. Could another choice of five be
# better? There are 792 ways to choose five of twelve, few enough to try them **all**. **Predict**
# how many of them have a smaller relative error than ours:

# %%
better_guess = predict("Choices of five that are better?", ...)  # your number

# %%
choices = list(itertools.combinations(range(W.size), 5))
errors = []
for cut in choices:
    candidate = W.copy()
    candidate.flat[list(cut)] = 0
    errors.append(operators.relative_error(W, candidate))
ours = operators.relative_error(W, pruned)
better = sum(error < ours - 1e-12 for error in errors)
print(f"{len(choices)} ways to cut 5 of {W.size}")
better_guess.was(better)

# %%
fig, ax = plt.subplots()
ax.hist(errors, bins=50, color=plots.GREY)
ax.axvline(ours, color=plots.BLUE)
ax.text(ours + 0.01, 0.9 * ax.get_ylim()[1], "the five smallest", color=plots.BLUE)
ax.set(xlabel="relative error ‖W − W′‖ / ‖W‖", ylabel="number of ways to cut 5")
plt.show()

# %% [markdown]
# This is no accident, and the proof is one line. Whatever a mask cuts, the squared error is the sum
# of the squares it cuts:
#
# $$\|W - W \odot M\|^2 = \sum_{M_{ij} = 0} W_{ij}^2$$
#
# A sum of $k$ squares is smallest when they are the $k$ smallest, and changing one of the other
# weights could only add to the error. So **magnitude pruning gives the best approximation of $W$
# with that many zeros**, in this norm and in every norm of order $p$ from
# [lesson 01](01_norms.ipynb).

# %% [markdown]
# ### Exercise 3
#
# Compute the energy lost straight from a mask, without building the pruned matrix.


# %% tags=["exercise"]
def my_energy_lost(W, mask):
    """Return the share of Σw² that is cut where mask is False."""
    # BEGIN SOLUTION
    return np.sum(W[~mask] ** 2) / np.sum(W**2)
    # END SOLUTION


# %% tags=["check"]
check.energy(my_energy_lost)

# %% [markdown]
# ## Best for the weights is not best for the network
#
# The proof is about $W$. But a layer does not output $W$; from an input $x$ it makes a sum of
# weights times inputs. Take one unit with two inputs, the first in the thousands, the second in the
# thousandths, and weights 0.1 and 0.9. One of the two weights should go:

# %%
rng = np.random.default_rng(0)
x = np.stack([rng.normal(0, 1000, 500), rng.normal(0, 0.001, 500)])
w = np.array([0.1, 0.9])
y = w @ x
for name, kept in {"magnitude cuts 0.1": [0, 1], "the other cuts 0.9": [1, 0]}.items():
    error = np.linalg.norm(y - (w * kept) @ x) / np.linalg.norm(y)
    print(f"{name}: error of the output {error:.6f}")

# %% [markdown]
# The small weight carried nearly everything. Different scales are not the only trap. Below, three
# independent inputs all have the same spread, and two of the three weights 0.5, 0.6 and −0.65 must
# go. We try it with inputs of mean 0 and with inputs of mean 1. **Predict** which weight should be
# kept when the mean is 1:

# %%
kept_guess = predict("Best weight to keep at mean 1?", ..., choices=("0.5", "0.6", "-0.65"))

# %%
w = np.array([0.5, 0.6, -0.65])
for mean in (0, 1):
    x = rng.normal(mean, 0.1, (3, 100_000))
    errors = {}
    for kept in np.eye(3):  # (1, 0, 0), (0, 1, 0), (0, 0, 1)
        name = f"{w @ kept:g}"
        errors[name] = np.linalg.norm(w @ x - (w * kept) @ x) / np.linalg.norm(w @ x)
        print(f"inputs of mean {mean}, only {name:>5} kept: error of the output {errors[name]:.2f}")
kept_guess.was(min(errors, key=errors.get))

# %% [markdown] covers="34" corrects="27"
# With mean 0, keeping the largest weight is best. With mean 1 it is the *worst* choice: the output
# is about 0.45, and −0.65 alone gives it the wrong sign. So small does not mean unimportant, and
# magnitude is a *heuristic*, a rule of thumb. For the output of a layer it is sure to be best if
# the inputs have one scale, are uncorrelated, *and have mean zero*. (Exactly: with three inputs or
# more, it is best whatever the weights only if the matrix of means $\mathrm{E}[x x^\top]$ is a
# multiple of the identity.) The inputs of a later layer are often outputs of a ReLU, which sets
# negative numbers to 0; such an input has mean zero only if it is always zero. [Lesson
# 07](07_which_weights.ipynb) tries criteria that look at the loss instead.

# %%
predict.summary()

# %% [markdown]
# ## What to remember
#
# - $\mathrm{prune}(W, \theta) = W \odot (|W| > \theta)$: absolute value, strict inequality, exact
#   zeros.
# - A threshold gives a sparsity that depends on the layer's spread. Ranking gives the exact number
#   that you ask for.
# - Cutting the smallest weights is the best approximation of $W$, and only a guess about the
#   network.
#
# ## What to read
#
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), *Learning both Weights and Connections for
#   Efficient Neural Networks*, arXiv 1506.02626: thresholds as a multiple of σ, and retraining.
# - D. Blalock et al. (2020), *What is the State of Neural Network Pruning?*, arXiv 2003.03033: how
#   the same words, such as compression ratio, are used for different things.
# - [Glossary](../docs/glossary.md): the *criterion* 剪枝准则 is how weights are scored, the *mask*
#   掩码 what stays, *sparsity* 稀疏度 the share of zeros, *density* 密度 the share that is left.
