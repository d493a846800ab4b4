# %% [markdown]
# # 01 · Norms and normalization
#
# **The question: what does $W / \|W\|$ change, and what does it not?**
#
# About 35 minutes. Before this: [00 · Start here](00_start_here.ipynb). No training, no TensorFlow;
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
from course_utils.lessons.predictions import Predictions

predict = Predictions("01_norms")
plots.use_style()

# %% [markdown]
# ## How long is a vector?
#
# Pruning asks which weights are *small*, so we have to say what size is. For one number it is
# $|w|$. For several there is one answer for each order $p \ge 1$:
#
# $$\|w\|_p = \Big(\sum_i |w_i|^p\Big)^{1/p}$$
#
# $p = 2$, the **L2 norm**, is what a ruler measures. For $(3, -4)$:

# %%
for p in (1, 2, math.inf):
    print(f"p = {p}: {operators.norm([3.0, -4.0], ord=p).item():.1f}")

# %% [markdown]
# The larger $p$ is, the more the largest entry counts; in the limit, $p = \infty$, it alone counts.
# All vectors of norm 1 together form a shape, which shows what each norm calls "equally long":

# %%
angle = np.linspace(0, 2 * np.pi, 400)
circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
fig, ax = plt.subplots(figsize=(4.2, 4.2))
for p, style in zip((1, 2, 4, math.inf), ("-", "--", "-.", ":"), strict=True):
    unit = np.array([v / operators.norm(v, ord=p).item() for v in circle])
    ax.plot(*unit.T, style, label=f"p = {p}")
ax.set(aspect="equal", xlabel="$w_1$", ylabel="$w_2$", title="all vectors of norm 1")
ax.legend(loc="center")  # there is room inside the diamond
plt.show()

# %% [markdown] corrects="4"
# The diamond ($p = 1$) has its corners on the axes, where one of the entries is zero. So training
# that must also keep $\|w\|_1$ small, by a *penalty*, can make weights exactly zero. One on
# $\|w\|_2^2$, weight decay, makes them small, but rarely zero. Without the square, and with a whole
# *group* of weights as $w$, it can make the whole group zero: this is the group lasso ([lesson
# 14](14_joint_compression.ipynb)). Such penalties, called **regularization**, prepare pruning; the
# cut comes after.

# %% [markdown] covers="49"
# ## How long is a matrix?
#
# Read the matrix as one long vector, and take the root of the sum of its squares:
#
# $$\|W\| = \sqrt{\sum_{i=1}^{m}\sum_{j=1}^{n} W_{ij}^2}$$
#
# This is the **Frobenius norm**. Matrices have other norms, too, and the names are a trap: the
# Frobenius norm looks like the case $p = 2$, but NumPy's norm with a 2 is another one.

# %%
W = np.array([[0.5, -1.0, 0.0], [2.0, 0.25, -0.75]])
print(f"np.linalg.norm(W)    {np.linalg.norm(W):.4f}   Frobenius")
print(f"np.linalg.norm(W, 2) {np.linalg.norm(W, 2):.4f}   spectral")
print(f"operators.norm(W)    {operators.norm(W).item():.4f}")

# %% [markdown] covers="46 50"
# The "2-norm" of a matrix, or spectral norm, is the largest factor by which it can stretch a
# vector. It is never larger than the Frobenius norm. In this course $\|W\|$ means Frobenius.
#
# ## Dividing by the norm
#
# **Normalization** divides a matrix by its norm: $f(W) = W / \|W\|$. Written out,
# $f(W)_{ij} = W_{ij} / \sqrt{\sum_{kl} W_{kl}^2}$. **Predict** how large the largest entry of
# $f(W)$ is, for the matrix above:

# %%
largest_guess = predict("Largest entry of f(W)?", ...)  # your number

# %%
f = operators.normalize(W)
fig, ax = plt.subplots(figsize=(7, 2.4))
ax.plot([W.ravel(), f.ravel()], [1, 0], color=plots.LIGHT, linewidth=1)
ax.plot(W.ravel(), np.ones(W.size), "o", color=plots.BLUE)
ax.plot(f.ravel(), np.zeros(f.size), "o", color=plots.BLUE)
names = [f"f(W), norm {np.linalg.norm(f):.2f}", f"W, norm {np.linalg.norm(W):.2f}"]
ax.set(yticks=[0, 1], yticklabels=names, ylim=(-0.4, 1.4), xlabel="the six entries")
plt.show()
print(f"entries of f(W) lie between {f.min():.2f} and {f.max():.2f}")
largest_guess.was(round(f.max(), 2))

# %% [markdown]
# All entries are divided by one number, here 2.42, and so move towards zero. Signs and proportions
# stay, and so does zero. The entries lie in $[-1, 1]$, but none needs to reach an end: it is the
# *matrix* that has norm 1. An entry of size 1 would leave no room for the others: all of them would
# have to be 0.

# %% [markdown] covers="46 50" corrects="21 22"
# <details><summary>What the article says</summary>
#
# It calls $f$ its "pruning function" and says that $f$ brings the weights into [0, 1] and scales
# each weight to unit length. Neither is so, as the picture shows. It adds that one threshold is
# convenient on f(W): the last part of this lesson shows why it is not. And its own operator
# thresholds W, not f(W); <a href="03_worked_example.ipynb">lesson 03</a> follows that thread.
# <a href="../docs/coverage.md">More</a>.
# </details>

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
#
# ## What normalization does not change
#
# A **mask** is an array of True and False: True where a weight stays. Half of a layer's weights,
# the smallest, are to go. They are chosen once by $|W|$ and once by $|f(W)|$. **Predict** whether
# the two masks are the same (an answer that is a word stands in quotation marks):

# %%
masks_guess = predict("Masks by W and by f(W)?", ..., choices=("same", "different"))

# %%
rng = np.random.default_rng(0)
layer = rng.normal(0, 0.05, size=(20, 30))
raw = masking.make_masks({"layer": np.abs(layer)}, 0.5)
scaled = masking.make_masks({"layer": np.abs(operators.normalize(layer))}, 0.5)
same = np.array_equal(raw["layer"], scaled["layer"])
print("f(W) = f(100 W):", np.allclose(operators.normalize(layer), operators.normalize(100 * layer)))
masks_guess.was("same" if same else "different")

# %% [markdown]
# Dividing all weights of a layer by one positive number cannot change their order. **Within one
# layer, normalization is a choice of units.** It also forgets how large the layer was: $W$ and
# $100\,W$ have the same $f$.
#
# ## What it does change
#
# Take two layers with 1,000 weights each. The second layer's weights are about ten times as large.
# Prune half of *both together*: all weights in one ranking, a **global scope**. **Predict** what
# share of its own weights the first layer loses when the raw sizes are ranked:

# %%
share_guess = predict("Share of the first layer that goes?", ..., unit="%")  # your number

# %%
network = {"first": rng.normal(0, 0.02, size=1000), "second": rng.normal(0, 0.2, size=1000)}
sizes = {name: np.abs(weights) for name, weights in network.items()}
normed = {name: np.abs(operators.normalize(weights)) for name, weights in network.items()}
for label, scores in {"raw": sizes, "normalized": normed}.items():
    masks = masking.make_masks(scores, 0.5, scope="global")
    lost = {name: masking.sparsity(mask) for name, mask in masks.items()}
    print(f"{label:10} first {lost['first']:.0%} pruned, second {lost['second']:.0%} pruned")
    if label == "raw":
        first_lost = round(100 * lost["first"])
share_guess.was(first_lost)

# %% [markdown]
# In the raw ranking the first layer bears most of the loss. After normalization the two lose about
# the same, since nothing but their scale was different (the end of this lesson shows layers of
# different size). **Across layers, normalization decides who loses.** Neither is always right: who
# should lose is a question for an experiment ([lesson 06](06_how_much.ipynb) compares the raw
# ranking with three others).
#
# ## Norms of filters
#
# A convolution's kernel ([lesson 04](04_cnn_parts.ipynb)) has four axes: height, width, input
# channels, filters. A **filter** is one slice of the last axis. Structural pruning removes whole
# filters, and often ranks them by their norms. The filters of this made-up kernel differ in scale;
# "after" means after each has been divided by its own norm:

# %%
kernel = rng.normal(size=(3, 3, 4, 8)) * np.linspace(0.2, 1.0, 8)
by_filter = operators.norm(kernel, granularity="filter")
after = operators.norm(operators.normalize(kernel, granularity="filter"), granularity="filter")
ax = plots.bars({"before": by_filter.ravel(), "after": after.ravel()})
ax.set(xlabel="filter", ylabel="L2 norm (p = 2)")
plt.show()

# %% [markdown]
# Afterwards all filters have norm 1, and a ranking by norm means nothing. Normalization has removed
# exactly what the ranking would use.
#
# The order $p$ matters, too: the smaller of two filters by one norm can be the larger by another.

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
# It is tempting to bring all layers to one scale by $f$, and then to use one threshold θ for all of
# them. Here are layers of growing size, with random weights, and θ = 0.2. The last shape is that of
# a real layer, in the network of [lesson 04](04_cnn_parts.ipynb). It has 346,112 weights.
# **Predict** how many of them are larger in size than 0.2 after normalization:

# %%
above_guess = predict("Weights above 0.2 in the largest layer?", ...)  # your number

# %%
for shape in ((3, 3), (8, 8), (32, 32), (5408, 64)):
    f = operators.normalize(rng.normal(size=shape))
    above, rms = np.sum(np.abs(f) > 0.2), math.sqrt(np.mean(f**2))
    print(f"{shape!s:11} rms {rms:.4f}, above 0.2: {above:3} of {f.size:7,}")
above_guess.was(above)

# %% [markdown]
# Of the two larger layers *nothing* is left. The squares of $f$ sum to 1 whatever the size. So the
# root of their mean (the *root mean square*, rms), a typical size of an entry, is exactly
# $1/\sqrt{mn}$:

# %%
shapes = {"3×3": 9, "LeNet-5 conv1": 500, "LeNet-5 fc2": 5000, "LeNet-5 fc1": 400_000}
count = np.logspace(0.5, 6.5, 50)
fig, ax = plt.subplots()
ax.loglog(count, 1 / np.sqrt(count), color=plots.BLUE)
ax.axhline(0.2, color=plots.GREY, linestyle="--")
ax.text(count[-1], 0.22, "θ = 0.2", color=plots.GREY, ha="right")
for name, n in shapes.items():
    ax.plot(n, 1 / np.sqrt(n), "o", color=plots.BLUE)
    ax.annotate(name, (n, 1 / np.sqrt(n)), xytext=(6, 4), textcoords="offset points")
ax.set(xlabel="number of weights m·n", ylabel="rms of f(W)")
plt.show()

# %% [markdown]
# The LeNet-5 here is the network that you pruned in lesson 00. In each of the three layers shown a
# typical weight is far below θ. So a fixed θ on $f(W)$ takes a larger share of a layer the *larger*
# it is, and leaves next to nothing of a real one.
#
# ### Exercise 3
#
# One can say more, for a matrix of any size and with any weights. Take θ = 0.25. What is the
# largest number of entries of $f(W)$ that can be *larger* than 0.25 in size?

# %% tags=["exercise"]
# The largest possible number of entries with |f| > 0.25, for a matrix of any size:
# BEGIN SOLUTION
most = 15
# END SOLUTION

# %% tags=["check"]
check.most_above(most)

# %% [markdown] tags=["solution-only"]
# If $k$ entries exceed 0.25, their squares sum to more than $k/16$, and all squares together sum to
# 1. So $k < 16$. And 15 is reached: 15 equal entries of $1/\sqrt{15}$, which is a little more than
# 0.25.

# %% [markdown]
# <details><summary>Hint</summary>
#
# The squares of all entries of <code>f(W)</code> sum to 1. How many squares above 0.25² fit into 1?
# </details>

# %%
predict.summary()

# %% [markdown]
# ## What to remember
#
# - $\|W\|$ is the Frobenius norm, √Σw². `np.linalg.norm(W, 2)` of a matrix is something else.
# - $f(W) = W/\|W\|$ keeps signs, proportions and the ranking within a layer; its entries lie in
#   $[-1, 1]$, and the matrix, not each weight, has norm 1.
# - Across layers it decides who loses weights. With a fixed θ, large layers lose nearly all.
#
# ## What to read
#
# - H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf (2017), *Pruning Filters for Efficient
#   ConvNets*, arXiv 1608.08710: filters ranked by their L1 norm.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017), *Pruning Convolutional Neural
#   Networks for Resource Efficient Inference*, arXiv 1611.06440: scores normalized layer by layer.
