# %% [markdown]
# # 02 · The prune operator
#
# **The question: what does $W \odot (|W| > \theta)$ do, and is there anything better?**
#
# About 25 minutes. Before this: [01 · Norms and normalization](01_norms.ipynb). No training, no
# TensorFlow; everything runs in seconds.
#
# Chinese terms: prune operator 剪枝算子, threshold 阈值, mask 掩码, sparsity 稀疏度, element-wise
# product 逐元素乘法.

# %% [markdown]
# ## What you will be able to do
#
# - write the prune operator, and say what its strict inequality and its absolute value are for;
# - tell a *threshold* from a *sparsity*, and prune an exact number of weights even when they tie;
# - measure what a mask costs, compare it with *all* other masks of its size, and say what that
#   proves about a network, and what not.

# %%
import itertools
import math

import matplotlib.pyplot as plt
import numpy as np

from course_utils import masking, operators
from course_utils.lessons import plots, widgets
from course_utils.lessons.checks import prune_operator as check

plots.use_style()

# %% [markdown] covers="43"
# ## One matrix, and three steps
#
# A layer's weights connect $m$ inputs to $n$ outputs: a **weight matrix** $W$ (权重矩阵) of
# $m \times n$ numbers. Here is a small one, with signs, as real weights have. Orange is positive,
# purple negative:

# %%
W = np.array([[0.9, -0.1, 0.3, -0.6], [-0.2, 0.7, 0.05, 0.2], [0.4, -0.8, -0.25, 0.1]])
plots.matrix(W)
plt.show()

# %% [markdown] covers="44 47"
# The **threshold** $\theta$ (阈值) says how small is too small. The **mask** $|W| > \theta$ is a
# Boolean matrix: true where a weight stays.
#
# **Predict** before you run: with $\theta = 0.2$, how many of the twelve weights stay?

# %%
theta = 0.2
mask = np.abs(W) > theta
print(mask.astype(int))
print(f"{mask.sum()} of {mask.size} stay")

# %% [markdown] covers="47 48" corrects="23"
# If you said nine, you kept the two entries of size exactly 0.2. The inequality is *strict*: an
# entry that equals $\theta$ is cut. The operator multiplies entry by entry, $\odot$:
#
# $$\mathrm{prune}(W, \theta) = W \odot (|W| > \theta)$$

# %%
pruned = W * mask
plots.matrix(pruned, mask)
plt.show()

# %% [markdown] covers="10 22 45 52" corrects="4"
# That is all: the shape is the same, the kept entries are untouched, the others are *exactly*
# zero. This is $W'$, the **pruned matrix**. (The article says in three sections that pruned weights
# come close to zero. Close to zero is what regularization does. Pruning means zero, and, as lesson
# 05 will show, it means *held* at zero.)

# %% [markdown] covers="51" corrects="24"
# ## What the absolute value is for
#
# The article's formula has $|W|$. Its derivation, one page later, writes the rule for one entry as
# $W_{ij} > \theta$, and the bars are gone. **Predict**: what does that rule do to $W$?

# %%
without_bars = W > theta
fig, axes = plt.subplots(1, 2, figsize=(7, 3))
plots.matrix(W, mask, axes[0]).set_title("|W| > 0.2")
plots.matrix(W, without_bars, axes[1]).set_title("W > 0.2")
plt.show()
print(f"{(W[~without_bars] < 0).sum()} negative weights cut, {(W < 0).sum()} there were")

# %% [markdown] covers="51" corrects="24"
# Every negative weight goes, the largest too. (In trained layers that is a large share; lesson 04
# counts it.) On the article's own example the mistake is invisible, since that matrix has no
# negative entry: one reason to test code on *random* inputs, as the checks below do.

# %% [markdown]
# ### Exercise 1
#
# Write the operator as a function. It must not change the array that it is given.


# %% tags=["exercise"]
def my_prune(W, theta):
    """Return a copy of W in which every entry of size θ or less is 0."""
    # BEGIN SOLUTION
    return W * (np.abs(W) > theta)
    # END SOLUTION


# %% tags=["check"]
check.prune(my_prune)

# %% [markdown] tags=["solution-only"]
# `W * mask` makes a new array, and the mask counts as 0 and 1. It has one blemish: a negative
# number times 0 is −0.0. The package uses `np.where(mask, W, 0)`, which gives +0 everywhere.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two steps: a mask from <code>np.abs(W)</code>, then a product. No loop is needed.
# </details>
#
# From here on we use the package's version, so nothing below depends on your answer. It is this
# short because the checks for NaN, empty arrays and negative θ stand at the door, elsewhere:

# %%
print(operators.prune(W, 0.2))

# %% [markdown]
# ## What the operator never breaks
#
# Four properties, on ten thousand random numbers. **Predict** which of the four could fail for
# some other matrix:

# %%
random = np.random.default_rng(0).normal(size=(100, 100))
once = operators.prune(random, 0.5)

print("twice is once:        ", np.array_equal(operators.prune(once, 0.5), once))
print("signs survive:        ", np.array_equal(np.sign(once), np.sign(random) * (once != 0)))
print(
    "more θ, fewer weights:",
    np.count_nonzero(operators.prune(random, 0.7)) <= np.count_nonzero(once),
)
print("scaling both W and θ: ", np.array_equal(operators.prune(2 * random, 1.0), 2 * once))

# %% [markdown]
# None can (the last one for positive factors, and up to rounding). The tests of `course_utils` try
# many random matrices for each. The last one matters most: **only θ relative to W counts.** A θ
# without a W means nothing, and that is the trouble with thresholds.

# %%
rng = np.random.default_rng(1)
spreads = {"conv": 0.2, "dense": 0.03, "output": 0.1}
layers = {name: rng.normal(0, sigma, 20000) for name, sigma in spreads.items()}
fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), sharex=True, sharey=True)
for ax, (name, weights) in zip(axes, layers.items(), strict=True):
    plots.histogram(weights, 0.1, ax).set_title(f"{name}, σ = {weights.std():.2f}")
plt.show()

# %% [markdown] corrects="31"
# One θ = 0.1, three layers with weights of different spread. One layer loses less than half of its
# weights, another nearly all. The article prunes its network with exactly this: 0.1 for every
# layer. Move the slider to see a single layer (in JupyterLab; elsewhere you see a still picture):


# %%
def draw(theta):
    return plots.histogram(layers["conv"], theta)


widgets.slider(draw, theta=(0.0, 0.6, 0.02, 0.1))

# %% [markdown]
# A threshold that fits each layer is a multiple of its own spread, $k \cdot \sigma$: so did Han et
# al. Where weights are normally distributed, as here, $|w| \le k\sigma$ holds for a share of
# $\mathrm{erf}(k / \sqrt 2)$, the same in every layer:

# %%
masks = masking.by_sigma(layers, k=1.0)
for name, mask in masks.items():
    print(f"{name:7} {masking.sparsity(mask):.1%} pruned")
print(f"erf(1/√2) = {math.erf(1 / math.sqrt(2)):.1%}")

# %% [markdown]
# ## Do not cut, rank
#
# Often the question comes the other way round: *prune 60 % of the weights*. The number of zeros is
# given, θ is not. One could search θ, for instance as a quantile. **Predict**: here are ten
# weights. How many does each rule prune, when four are asked for?

# %%
tied = np.array([0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.5, 0.6, 0.7, 0.8])
cut_at = np.sort(tied)[4 - 1]  # the fourth smallest size
print("with size >  θ kept:", np.sum(~(tied > cut_at)), "pruned")
print("with size >= θ kept:", np.sum(~(tied >= cut_at)), "pruned")
exact = masking.make_masks({"W": tied}, sparsity=0.4)["W"]
print("by rank:            ", np.sum(~exact), "pruned")

# %% [markdown] corrects="23"
# A threshold cannot split a tie. Ties look like a corner case, but after the first round of
# pruning *half of all weights are zero*, that is, tied, and every second round meets them.
# `make_masks` ranks instead: of equal sizes the first go first, so that exactly
# $\mathrm{round}(s \cdot n)$ weights go, always.

# %%
half_zero = np.where(np.arange(10) < 5, 0.0, np.linspace(0.1, 1, 10))
for s in (0.0, 0.3, 0.5, 0.7, 1.0):
    gone = np.sum(~masking.make_masks({"W": half_zero}, s)["W"])
    print(f"asked {s:.0%}, pruned {gone} of 10")

# %% [markdown]
# ### Exercise 2
#
# Write the ranking yourself: a mask that is `False` for exactly `round(sparsity * W.size)` entries,
# the smallest ones.


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
# What does pruning cost? Two measures, one the square of the other: the **relative error**
# $\|W - W'\| / \|W\|$ and the **energy lost**, the removed share of $\sum w^2$.

# %%
print(f"relative error {operators.relative_error(W, pruned):.3f}")
print(f"energy lost    {operators.energy_lost(W, pruned):.3f}")
print(f"sparsity       {masking.sparsity(pruned):.3f}")

# %% [markdown]
# Five of twelve weights are gone, and only a few percent of the energy. Could another choice of
# five be better? There are only so many; try them **all**:

# %%
choices = list(itertools.combinations(range(W.size), 5))
errors = []
for cut in choices:
    candidate = W.copy()
    candidate.flat[list(cut)] = 0
    errors.append(operators.relative_error(W, candidate))
ours = operators.relative_error(W, pruned)
print(
    f"{len(choices)} ways to cut 5 of {W.size}; {sum(e < ours - 1e-12 for e in errors)} are better"
)

# %%
fig, ax = plt.subplots()
ax.hist(errors, bins=50, color=plots.SKY)
ax.axvline(ours, color=plots.RED, label="the five smallest")
ax.set(xlabel="relative error ‖W − W′‖ / ‖W‖", ylabel="number of ways to cut 5")
ax.legend()
plt.show()

# %% [markdown]
# It is no accident, and the proof is one line. Whatever a mask cuts, the squared error is the sum
# of the squares that it cuts:
#
# $$\|W - W \odot M\|^2 = \sum_{M_{ij} = 0} W_{ij}^2$$
#
# A sum of $k$ squares is smallest when they are the $k$ smallest; and to change a kept entry would
# only add to the error. So **magnitude pruning gives the best approximation of $W$ with that many
# zeros**, in this norm, and likewise in every norm of order $p$ of lesson 01.

# %% [markdown]
# ### Exercise 3
#
# Compute the energy lost from a mask, without computing the pruned matrix's error first.


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
# The proof is about $W$. Nobody runs $W$; one runs $Wx$. Take one unit with two inputs, the first
# in the thousands, the second in the thousandths. **Predict**: which weight should go?

# %%
rng = np.random.default_rng(0)
x = np.stack([rng.normal(0, 1000, 500), rng.normal(0, 0.001, 500)])
w = np.array([0.1, 0.9])
y = w @ x
for name, kept in {"magnitude cuts 0.1": [0, 1], "the other cuts 0.9": [1, 0]}.items():
    error = np.linalg.norm(y - (w * kept) @ x) / np.linalg.norm(y)
    print(f"{name}: error of the output {error:.6f}")

# %% [markdown] covers="34" corrects="27"
# The small weight carried everything. **Surprise, named:** magnitude is a *heuristic*. For the
# output it is the best choice if inputs have like scales and are not correlated; for the loss, if
# it is curved alike in all directions. Criteria that look at the loss are the subject of a later
# lesson.

# %% [markdown]
# ## What to remember
#
# - $\mathrm{prune}(W, \theta) = W \odot (|W| > \theta)$: absolute value, strict inequality, exact
#   zeros.
# - A threshold gives a sparsity that depends on the layer's spread; a sparsity gives an exact
#   count, by ranking.
# - Cutting the smallest is the best approximation of $W$, and only a guess about the network.
#
# ## What to read
#
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), *Learning both Weights and Connections for
#   Efficient Neural Networks*, arXiv 1506.02626: thresholds as a multiple of σ, and retraining.
# - D. Blalock et al. (2020), *What is the State of Neural Network Pruning?*, arXiv 2003.03033: the
#   same words, such as compression ratio, are used for different things.
# - Glossary: *criterion* 剪枝准则 is how weights are scored; *mask* 掩码 what stays; *sparsity*
#   稀疏度 the share of zeros; *density* 密度 the share that is left.
