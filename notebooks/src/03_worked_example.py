# %% [markdown]
# # 03 · The worked 3x3 example
#
# **The question: where does the article's example go wrong?**
#
# About 25 minutes. Before this: [01 · Norms](01_norms.ipynb) and
# [02 · The prune operator](02_prune_operator.ipynb). No training, no TensorFlow.
#
# Chinese terms: worked example 案例, threshold 阈值, layer collapse 层坍塌.

# %% [markdown]
# ## What you will be able to do
#
# - replay a calculation from a text, step by step, and find the step that fails;
# - apply θ to raw and to normalized weights, and say how the two readings are related;
# - say what it means when a layer is emptied, and why small weights prove nothing by themselves.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import masking, operators
from course_utils.lessons import plots, widgets
from course_utils.lessons.checks import worked_example as check

plots.use_style()

# %% [markdown] covers="53"
# ## What the article does
#
# Section 4.3 takes one 3x3 weight matrix and θ = 0.2, and goes through five steps:
#
# 1. the norm ‖W‖;
# 2. the normalized matrix f(W) = W / ‖W‖;
# 3. the mask |W| > θ;
# 4. the product W ⊙ mask;
# 5. the result W'.
#
# Its result is a matrix of nine zeros. One of the five steps is where it goes wrong. **Predict**
# which, before we walk through them.

# %%
W = check.example()
theta = check.THETA
plots.matrix(W).set_title("W")
plt.show()

# %% [markdown]
# ### Step 1: the norm
#
# **Predict**: the article has √2.75 ≈ 1.66. Is that right?

# %%
squares = np.sum(W**2)
norm = operators.norm(W).item()
print(f"Σw² = {squares:.2f},  ‖W‖ = √Σw² = {norm:.4f}")
assert round(norm, 2) == 1.66  # what the article prints

# %% [markdown]
# Right. (It is the Frobenius norm; the article calls it Euclidean, which for a matrix read as one
# long vector is the same.)
#
# ### Step 2: the normalized matrix

# %%
f = operators.normalize(W)
print(f.round(2))
print(f"norm of f(W), exact:                     {np.linalg.norm(f):.4f}")
print(f"norm of the two-decimal numbers printed: {np.linalg.norm(f.round(2)):.4f}")

# %% [markdown]
# The two decimals in the article agree with these. Rounded numbers no longer have norm exactly 1: a
# small lesson on printing. Right again.
#
# ### Step 3: the mask
#
# **Predict**, by eye: how many of the nine entries of $W$ are larger than 0.2?

# %%
mask = np.abs(W) > theta
print(mask.astype(int))
print(f"{mask.sum()} of 9 stay, {(~mask).sum()} go")

# %% [markdown] covers="53" corrects="21"
# The article has the same mask. Note one thing: step 2 computed $f(W)$, and step 3 does not use it.
# The mask compares the *raw* $W$ with θ. Keep that in mind.
#
# ### Steps 4 and 5: the product
#
# The article multiplies and gets nine zeros. It explains: all weights are smaller than 0.2.
#
# ### Exercise 1
#
# Which step is the first wrong one?

# %% tags=["exercise"]
# The number of the first wrong step, 1 to 5:
# BEGIN SOLUTION
wrong = 4
# END SOLUTION

# %% tags=["check"]
check.wrong_step(wrong)

# %% [markdown]
# ### Exercise 2
#
# Write the right W', by hand, for θ = 0.2 on the raw weights: a list of three lists.

# %% tags=["exercise"]
# Three rows of three numbers:
# BEGIN SOLUTION
by_hand = [[0, 0.3, 0.5], [0.6, 0.7, 0.8], [0.9, 0, 0.3]]
# END SOLUTION

# %% tags=["check"]
check.pruned_by_hand(by_hand)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Lay the mask of step 3 over <code>W</code>. Where it is 1, copy the entry; where it is 0, write 0.
# </details>

# %% [markdown] covers="53" corrects="25"
# ## The right result
#
# Beside it, what the article prints. **Predict** the share of $\sum w^2$ that is really lost:

# %%
pruned = operators.prune(W, theta)
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2))
plots.matrix(W, ax=axes[0]).set_title("W")
plots.matrix(pruned, mask, axes[1]).set_title("W ⊙ (|W| > 0.2), right")
plots.matrix(np.zeros((3, 3)), np.zeros((3, 3)), axes[2]).set_title("what the article prints")
plt.show()

# %%
print(f"sparsity        {masking.sparsity(pruned):.1%}")
print(f"relative error  {operators.relative_error(W, pruned):.4f}")
print(f"energy lost     {operators.energy_lost(W, pruned):.2%}")

# %% [markdown] covers="54" corrects="26"
# Two of nine weights are gone, and less than one hundredth of the energy. The explanation in the
# article ("all are smaller") fails with the first look at the matrix:

# %%
print("entries of W larger than 0.2:", np.sort(W[W > theta]))

# %% [markdown]
# ## The other reading
#
# Perhaps the article meant to use $f(W)$, which it had just computed? Section 4.1 says that $f$ is
# there to make thresholding convenient. **Predict**: does the mask |f(W)| > 0.2 empty the matrix?

# %%
mask_f = np.abs(f) > theta
pruned_f = W * mask_f
print(mask_f.astype(int))
print(f"{mask_f.sum()} of 9 stay")

# %%
fig, axes = plt.subplots(1, 2, figsize=(7, 3.4))
plots.matrix(pruned, mask, axes[0]).set_title("θ meets W")
plots.matrix(pruned_f, mask_f, axes[1]).set_title("θ meets f(W)")
plt.show()

# %%
for name, result in {"θ meets W": pruned, "θ meets f(W)": pruned_f}.items():
    print(
        f"{name:13} sparsity {masking.sparsity(result):.1%}, "
        f"relative error {operators.relative_error(W, result):.4f}, "
        f"energy lost {operators.energy_lost(W, result):.2%}"
    )

# %% [markdown] covers="53" corrects="25"
# It cuts twice as many weights, and ten times the energy, but it does not empty the matrix either.
# **No reading gives nine zeros.** Where does each become empty? Move the slider, or look at all
# θ at once:


# %%
def draw(theta):
    fig, axes = plt.subplots(1, 2, figsize=(7, 3.4))
    for ax, V, name in zip(axes, (W, f), ("W", "f(W)"), strict=True):
        kept = np.abs(V) > theta
        plots.matrix(W, kept, ax).set_title(f"{theta:.2f} meets {name}: {kept.sum()} stay")
    return fig


widgets.slider(draw, theta=(0.0, 1.0, 0.02, 0.2))

# %%
thetas = np.linspace(0, 1, 501)
fig, ax = plt.subplots()
for V, name, style in ((W, "θ meets W", "-"), (f, "θ meets f(W)", "--")):
    ax.step(thetas, [np.mean(np.abs(V) <= t) for t in thetas], style, where="post", label=name)
ax.axvline(theta, color=plots.GREY, linewidth=1, label="θ = 0.2")
ax.set(
    xlabel="threshold θ", ylabel="share of weights cut", title="each step is one weight, or a tie"
)
ax.legend()
plt.show()

# %% [markdown]
# The two staircases have the same steps, only stretched: dividing $W$ *and* θ by ‖W‖ changes
# nothing. So every mask of one reading is a mask of the other, at another θ.
#
# ### Exercise 3
#
# Which θ on $f(W)$ cuts the same weights as 0.2 on $W$, whatever the entries of a matrix of this
# norm? Compute it.

# %% tags=["exercise"]
# θ for f(W), as an expression of theta and norm:
# BEGIN SOLUTION
theta_f = theta / norm
# END SOLUTION

# %% tags=["check"]
check.same_mask_theta(theta_f)

# %% [markdown]
# ### Exercise 4
#
# What is the *smallest* θ at which all nine raw weights are cut?

# %% tags=["exercise"]
# The smallest θ for which prune(W, θ) is all zeros:
# BEGIN SOLUTION
emptying = np.abs(W).max()
# END SOLUTION

# %% tags=["check"]
check.emptying_theta(emptying)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Exercise 3: f(W) is W in other units; put θ into the same units. Exercise 4: which weight is the
# last to go, and what happens when θ *equals* it?
# </details>

# %% [markdown] corrects="24"
# ## What if it had signs?
#
# The example has no negative entry, so it cannot show whether the absolute value matters. Give
# every second entry a minus, and apply the rule from the article's derivation, $W_{ij} > \theta$.
# **Predict** how many entries it keeps, and how many $|W_{ij}| > \theta$ keeps:

# %%
signs = np.where(np.indices(W.shape).sum(axis=0) % 2 == 0, 1, -1)
signed = W * signs
print("W > θ keeps   ", np.sum(signed > theta))
print("|W| > θ keeps ", np.sum(np.abs(signed) > theta))

# %% [markdown] covers="54" corrects="27"
# ## "So the weights contribute little"
#
# From its nine zeros the article concludes that this matrix contributes little to the network, and
# that pruning it saves parameters. Suppose that the zeros were right. **Predict**: what does a
# layer with all-zero weights compute?

# %%
inputs = np.random.default_rng(0).normal(size=(4, 3))  # four different inputs
print("with the right W':\n", (inputs @ pruned).round(2))
print("with nine zeros:\n", inputs @ np.zeros((3, 3)))

# %% [markdown] covers="54" corrects="27"
# The same output for every input: in a network whose only way leads through this layer, nothing
# that comes before can reach what comes after, and it can only guess. That is **layer collapse**
# (层坍塌), the worst that pruning can do, not a sign that the layer was idle. Real networks meet it
# when one threshold or one global ranking empties a layer with small weights.
#
# And small weights do not mean a small contribution: multiply the inputs by 10 and divide the
# weights by 10, and the layer computes the same, with every weight below 0.2. A larger factor
# brings them below any θ.

# %%
same = np.allclose(inputs @ W, (10 * inputs) @ (W / 10))
print(
    "same output:",
    same,
    "| weights above 0.2 before:",
    np.sum(W > 0.2),
    "after:",
    np.sum(W / 10 > 0.2),
)

# %% [markdown]
# ## What to remember
#
# - Recompute every example that you read; three of five steps here were right, and the fourth was
#   not.
# - θ on $W$ and θ on $f(W)$ are two readings of one operator, related by the factor ‖W‖. Say which
#   one you use.
# - An emptied layer is a broken network, not a compressed one.
#
# ## What to read
#
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), arXiv 1506.02626, section 3: the threshold as a
#   property of a layer.
# - H. Tanaka, D. Kunin, D. Yamins, S. Ganguli (2020), *Pruning neural networks without any data by
#   iteratively conserving synaptic flow*, arXiv 2006.05467: layer collapse, and how to avoid it.
