# %% [markdown]
# # 01 · Norms and normalization
#
# **The question: what does $W / \|W\|$ change, and what does it not?**
#
# About 25 minutes. Before this: [00 · Start here](00_start_here.ipynb). No training, no TensorFlow;
# everything runs in seconds.
#
# Chinese terms: norm 范数, normalization 归一化, weight matrix 权重矩阵, Frobenius norm
# 弗罗贝尼乌斯范数, filter 滤波器, channel 通道.

# %% [markdown]
# ## What you will be able to do
#
# - compute the common norms of a vector, a matrix and a convolution's kernel, and not mix them up;
# - say what normalization leaves alone (signs, proportions, ranking) and what it changes;
# - explain why one threshold on normalized weights cannot serve two layers of different size.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

from course_utils import masking, operators
from course_utils.lessons import plots
from course_utils.lessons.checks import norms as check

plots.use_style()

# %% [markdown]
# ## How long is a vector?
#
# Pruning asks which weights are *small*, so we need to say what size is. For one number it is
# $|w|$. For several there are many answers, one for each order $p \ge 1$:
#
# $$\|w\|_p = \Big(\sum_i |w_i|^p\Big)^{1/p}$$
#
# $p = 2$ is the length that a ruler measures. **Predict**: what are the three norms of $(3, -4)$
# for $p = 1$, $2$ and $\infty$?

# %%
for p in (1, 2, math.inf):
    print(f"p = {p}: {operators.norm([3.0, -4.0], ord=p).item():.1f}")

# %% [markdown]
# As $p$ grows the largest entry counts for more, and at infinity it is all that counts. All vectors
# of norm 1 form a shape, and the shape shows what each norm calls "equally long":

# %%
angle = np.linspace(0, 2 * np.pi, 400)
circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
fig, ax = plt.subplots(figsize=(4, 4))
for p, style in zip((1, 2, 4, math.inf), ("-", "--", "-.", ":"), strict=True):
    unit = np.array([v / operators.norm(v, ord=p).item() for v in circle])
    ax.plot(*unit.T, style, label=f"p = {p}")
ax.set(aspect="equal", xlabel="$w_1$", ylabel="$w_2$", title="all vectors of norm 1")
ax.legend(loc="center")
plt.show()

# %% [markdown] corrects="4"
# The diamond ($p = 1$) has its corners on the axes, where one entry is zero. That is why a penalty
# on $\|w\|_1$ during training has optima with exact zeros; one on $\|w\|_2$ shrinks weights as
# well, but rarely to zero. Shrinking is a step before pruning, and a different thing.

# %% [markdown] covers="49"
# ## How long is a matrix?
#
# The article takes the root of the sum of all squared entries, as if the matrix were one long
# vector:
#
# $$\|W\| = \sqrt{\sum_{i=1}^{m}\sum_{j=1}^{n} W_{ij}^2}$$
#
# For matrices this is called the **Frobenius norm**. There are other norms of a matrix, and the
# names are a trap. **Predict**: is `np.linalg.norm(W, 2)` the same as `np.linalg.norm(W)`?

# %%
W = np.array([[0.5, -1.0, 0.0], [2.0, 0.25, -0.75]])
print(f"np.linalg.norm(W)    {np.linalg.norm(W):.4f}   Frobenius")
print(f"np.linalg.norm(W, 2) {np.linalg.norm(W, 2):.4f}   spectral, the largest singular value")
print(f"operators.norm(W)    {operators.norm(W).item():.4f}")

# %% [markdown]
# The "2-norm" of a matrix is how far it can stretch a vector. It is never larger than the
# Frobenius norm. In this course $\|W\|$ is always Frobenius unless it says otherwise.

# %% [markdown] covers="46"
# ## Dividing by the norm
#
# The article's "pruning function" is a normalization: $f(W) = W / \|W\|$. **Predict** three things
# before you look: will signs change? will the largest entry be 1? will zero stay zero?

# %%
f = operators.normalize(W)
fig, axes = plt.subplots(1, 2, figsize=(7, 2.6))
plots.matrix(W, ax=axes[0]).set_title(f"W, norm {operators.norm(W).item():.2f}")
plots.matrix(f, ax=axes[1]).set_title(f"f(W), norm {operators.norm(f).item():.2f}")
plt.show()

# %% [markdown] covers="46" corrects="21"
# The two pictures have the same colours: only the scale has changed. The article says two more
# things about $f$, and neither holds. It says that $f$ brings the weights into $[0, 1]$:

# %%
print(f"entries of f(W) lie between {f.min():.2f} and {f.max():.2f}")
print(f"signs kept: {np.array_equal(np.sign(f), np.sign(W))}")

# %% [markdown] covers="50" corrects="21"
# Signs stay, so the range is $[-1, 1]$. And it says that each *weight* is scaled to unit length. It
# is the *matrix* that gets norm 1; a weight of length 1 would leave no room for any other:

# %%
print("sizes of the weights:", np.abs(f).round(2).ravel())
print(f"norm of the matrix:   {np.linalg.norm(f):.2f}")

# %% [markdown]
# ### Exercise 1
#
# Write the normalization.


# %% tags=["exercise"]
def my_normalize(W):
    """Return W divided by its Frobenius norm."""
    # BEGIN SOLUTION
    return W / np.sqrt(np.sum(W**2))
    # END SOLUTION


# %% tags=["check"]
check.normalize(my_normalize)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Square every entry, sum, take the root, divide. <code>np.linalg.norm</code> without a second
# argument does the first three.
# </details>

# %% [markdown]
# ## What normalization does not change
#
# A **mask** (lesson 02) is an array of True and False, True where a weight stays. **Predict**: we
# ask for half of the weights to be pruned, once on $W$ and once on $f(W)$. Do the masks differ?

# %%
rng = np.random.default_rng(0)
layer = rng.normal(0, 0.05, size=(20, 30))
raw = masking.make_masks({"layer": np.abs(layer)}, 0.5)
scaled = masking.make_masks({"layer": np.abs(operators.normalize(layer))}, 0.5)
print("same mask:", np.array_equal(raw["layer"], scaled["layer"]))

# %% [markdown]
# The ranking within a layer cannot change when all its weights are divided by one positive number.
# **Within one layer, normalization is a choice of units.** It also forgets how large the layer was:

# %%
print("f(W) = f(100 W):", np.allclose(operators.normalize(layer), operators.normalize(100 * layer)))

# %% [markdown]
# ## What it does change
#
# Take two layers whose weights differ in scale, and prune half of *both together* (a global scope:
# all weights in one ranking). **Predict** what happens to the layer with the smaller weights:

# %%
network = {"first": rng.normal(0, 0.02, size=1000), "second": rng.normal(0, 0.2, size=1000)}
sizes = {name: np.abs(weights) for name, weights in network.items()}
normed = {name: np.abs(operators.normalize(weights)) for name, weights in network.items()}
for label, scores in {"raw": sizes, "normalized": normed}.items():
    masks = masking.make_masks(scores, 0.5, scope="global")
    print(f"{label:10}", {name: f"{masking.sparsity(m):.0%} pruned" for name, m in masks.items()})

# %% [markdown]
# Ranked raw, the first layer pays for both. Ranked after normalization, the two lose about the
# same. **Across layers, normalization decides who pays.** Neither is right as
# such; which one keeps the accuracy is a question for an experiment.

# %% [markdown]
# ## Normalized by the filter
#
# Convolutions come in lesson 04; here only their shape matters. A convolution's kernel has four
# axes: height, width, input channels, filters. A **filter** is one slice of the last axis, and it
# makes one output channel. Structural pruning removes whole filters,
# and ranks them by their norms. Here is a made-up kernel in which the filters differ in scale:

# %%
scales = np.linspace(0.2, 1.0, 8)
kernel = rng.normal(size=(3, 3, 4, 8)) * scales
by_filter = operators.norm(kernel, granularity="filter")
print("shape of the norms:", by_filter.shape)
after = operators.norm(operators.normalize(kernel, granularity="filter"), granularity="filter")
ax = plots.bars({"before": by_filter.ravel(), "after": after.ravel()})
ax.set(xlabel="filter", ylabel="L2 norm", title="normalized by the filter")
plt.show()

# %% [markdown]
# After it, all filters have norm 1: a ranking of filters by norm is then meaningless. Normalizing
# is not always a good idea; it removes exactly the information that the ranking would use.
#
# The order $p$ can matter, too. **Predict**: which of these two filters is the smaller one?

# %%
flat, spiky = np.array([0.5, 0.5, 0.5, 0.5]), np.array([1.0, 0.0, 0.0, 0.5])
for p in (1, 2):
    a, b = (operators.norm(w, ord=p).item() for w in (flat, spiky))
    print(f"p = {p}: flat {a:.2f}, spiky {b:.2f}: the smaller is {'flat' if a < b else 'spiky'}")

# %% [markdown]
# ### Exercise 2
#
# Compute the L2 norm of each filter of a kernel of shape (height, width, inputs, filters).


# %% tags=["exercise"]
def my_filter_norms(kernel):
    """Return one L2 norm for each filter, as an array of length `filters`."""
    # BEGIN SOLUTION
    return np.sqrt(np.sum(kernel**2, axis=(0, 1, 2)))
    # END SOLUTION


# %% tags=["check"]
check.filter_norms(my_filter_norms)

# %% [markdown]
# <details><summary>Hint</summary>
#
# All axes but the last one belong to a filter. <code>np.sum</code> takes several axes at once, as a
# tuple.
# </details>

# %% [markdown] covers="46"
# ## Why one θ cannot serve $f(W)$
#
# The article means $f$ to make thresholding convenient: bring all layers to one scale, then use one
# θ. Its example uses θ = 0.2 on a 3x3 matrix. **Predict**: what share of a normalized layer is
# above 0.2, when the layer grows? (The last shape is that of a layer in the article's network.)

# %%
for shape in ((3, 3), (8, 8), (32, 32), (5408, 64)):
    f = operators.normalize(rng.normal(size=shape))
    rms = math.sqrt(np.mean(f**2))
    print(f"{shape!s:11} rms {rms:.4f}, above 0.2: {np.sum(np.abs(f) > 0.2):3} of {f.size:7,}")

# %% [markdown]
# Of the article's own layer *nothing* is left. Since
# $\sum f^2 = 1$ whatever the size, the root mean square of the entries is exactly
# $1/\sqrt{mn}$:

# %%
shapes = {"3x3": 9, "LeNet-5 conv1": 500, "LeNet-5 fc2": 5000, "LeNet-5 fc1": 400_000}
count = np.logspace(0.5, 6, 50)
fig, ax = plt.subplots()
ax.loglog(count, 1 / np.sqrt(count), color=plots.BLUE)
ax.axhline(0.2, color=plots.RED, linestyle="--", label="θ = 0.2")
for name, n in shapes.items():
    ax.plot(n, 1 / np.sqrt(n), "o", color=plots.BLUE)
    ax.annotate(name, (n, 1 / np.sqrt(n)), xytext=(6, 4), textcoords="offset points")
ax.set(xlabel="number of weights m·n", ylabel="rms of f(W)")
ax.legend()
plt.show()

# %% [markdown] covers="46" corrects="21 22"
# So on $f(W)$ a fixed θ prunes a layer the more, the *larger* it is, and nearly empties every real
# one. (And the article's operator never uses $f$: it thresholds $W$. Lesson 03 follows that
# thread.)
#
# ### Exercise 3
#
# One can say more, for a matrix of any size and any weights. At most how many entries of $f(W)$ can
# be larger than 0.2 in size?

# %% tags=["exercise"]
# The largest possible number of entries with |f| > 0.2, for a matrix of any size:
# BEGIN SOLUTION
most = 24
# END SOLUTION

# %% tags=["check"]
check.most_above(most)

# %% [markdown] tags=["solution-only"]
# If $k$ entries exceed 0.2, their squares sum to more than $0.04\,k$, and all squares together sum
# to 1. So $0.04\,k < 1$, that is $k < 25$. And 24 is reached: 24 equal entries of $1/\sqrt{24}$,
# which is a little more than 0.2.

# %% [markdown]
# <details><summary>Hint</summary>
#
# The squares of all entries of <code>f(W)</code> sum to 1. How many squares above 0.2² fit into 1?
# </details>

# %% [markdown]
# ## What to remember
#
# - $\|W\|$ is the Frobenius norm, √Σw². `np.linalg.norm(W, 2)` of a matrix is something else.
# - $f(W) = W/\|W\|$ keeps signs, proportions and the ranking within a layer; its entries lie in
#   $[-1, 1]$, and the matrix, not each weight, has norm 1.
# - Between layers it decides who is pruned. With a fixed θ it punishes large layers.
#
# ## What to read
#
# - H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf (2016), *Pruning Filters for Efficient
#   ConvNets*, arXiv 1608.08710: filters ranked by their L1 norm.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2016), *Pruning Convolutional Neural
#   Networks for Resource Efficient Inference*, arXiv 1611.06440: scores normalized layer by layer.
