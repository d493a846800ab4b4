# %% [markdown]
# # 03 · The worked 3×3 example
#
# **The question: when does a threshold empty a layer, and what follows from that?**
#
# About 30 minutes. Before this: [01 · Norms](01_norms.ipynb) and
# [02 · The prune operator](02_prune_operator.ipynb). No training, no TensorFlow.
#
# Chinese terms: worked example 例题, threshold 阈值, layer collapse 层坍塌.

# %% [markdown]
# ## What you will be able to do
#
# - replay a calculation from a text, step by step, and find the step that fails;
# - apply θ to raw and to normalized weights, and convert one reading into the other;
# - say what an emptied layer does to a network, and why a weight need not be unimportant because it
#   is small.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import operators
from course_utils.lessons import plots, widgets
from course_utils.lessons.checks import worked_example as check
from course_utils.lessons.predictions import Predictions

predict = Predictions("03_worked_example")
plots.use_style()

# %% [markdown] covers="53" corrects="21 25"
# ## What the article does
#
# The article that this course grew from ([lesson 00](00_start_here.ipynb)) prunes one 3×3 matrix by
# hand, with θ = 0.2, in five steps:
#
# 1. the norm ‖W‖, which it gives as √2.75 ≈ 1.66;
# 2. the normalized matrix f(W) = W / ‖W‖;
# 3. the mask |W| > θ;
# 4. the product W ⊙ mask, which it gives as nine zeros;
# 5. so the result W' is nine zeros, since "all weights are smaller than 0.2".
#
# Here are steps 1 to 3, computed. The article has the same numbers. Note that step 2 computes
# $f(W)$, which step 3 does not use: the mask compares the *raw* $W$ with θ.

# %%
W, theta = check.example(), check.THETA
norm, f = operators.norm(W).item(), operators.normalize(W)
mask = np.abs(W) > theta
print("W\n", W)
print(f"step 1: ‖W‖ = √{np.sum(W**2):.2f} = {norm:.4f}")
print("step 2: f(W)\n", f.round(2))
print("step 3: mask\n", mask.astype(int))
print(f"{mask.sum()} of 9 stay")

# %% [markdown]
# ### Exercise 1
#
# Go through the five steps with a pencil. Which is the first wrong one?

# %% tags=["exercise"]
# The number of the first wrong step, 1 to 5:
# BEGIN SOLUTION
wrong = 4
# END SOLUTION

# %% tags=["check"]
check.wrong_step(wrong)

# %% [markdown] covers="53" corrects="25"
# ## The other reading
#
# Perhaps θ was meant for $f(W)$, which had just been computed? Then it cuts more, since all entries
# of $f(W)$ are smaller. **Predict** the cost of this second reading: what share of the energy,
# $\sum w^2$, does it cut?

# %%
energy_guess = predict("Energy cut when θ meets f(W)?", ..., unit="%")  # your number

# %%
mask_f = np.abs(f) > theta
fig, axes = plt.subplots(1, 2, figsize=(7, 3.4))
for ax, kept, name in zip(axes, (mask, mask_f), ("W", "f(W)"), strict=True):
    plots.matrix(W, kept, ax).set_title(f"θ meets {name}: {kept.sum()} stay")
plt.show()
energy = [operators.energy_lost(W, W * kept) for kept in (mask, mask_f)]
print(f"θ meets W cuts    {(~mask).sum()} of 9 weights and {energy[0]:.2%} of the energy")
print(f"θ meets f(W) cuts {(~mask_f).sum()} of 9 weights and {energy[1]:.2%} of the energy")
energy_guess.was(round(100 * energy[1], 1))
assert (~mask_f).sum() == 2 * (~mask).sum()
assert np.isclose(energy[1], 10 * energy[0])

# %% [markdown]
# The second reading cuts twice as many weights and ten times the energy. **Neither reading gives
# nine zeros.** At which θ would they? Here are all θ at once. In JupyterLab a slider moves the grey
# line.


# %%
def draw(theta):
    thetas = np.linspace(0, 1, 501)
    fig, ax = plt.subplots()
    for V, name, style, place in ((W, "W", "-", (0.62, 5.3)), (f, "f(W)", "--", (0.22, 6.6))):
        ax.step(thetas, [np.sum(np.abs(V) <= t) for t in thetas], style, where="post")
        ax.text(*place, f"θ meets {name}", color=ax.lines[-1].get_color())
    ax.axvline(theta, color=plots.GREY, linewidth=1)
    cut, cut_f = np.sum(np.abs(W) <= theta), np.sum(np.abs(f) <= theta)
    title = f"θ = {theta:.2f} cuts {cut} weights by W, {cut_f} by f(W)"
    ax.set(xlabel="threshold θ", ylabel="weights cut", title=title)
    return fig


widgets.slider(draw, theta=(0.0, 1.0, 0.02, 0.2))

# %% [markdown]
# The two staircases have the same steps, stretched: if $W$ *and* θ are divided by ‖W‖, nothing
# changes. So every mask of one reading is a mask of the other, at another θ. A text that gives a
# threshold must say which of the two it means.
#
# ### Exercise 2
#
# Which θ on $f(W)$ cuts the same weights as 0.2 on $W$? Several do for this matrix; give the one
# that does so for every matrix of the same norm.

# %% tags=["exercise"]
# θ for f(W), as an expression of theta and norm:
# BEGIN SOLUTION
theta_f = theta / norm
# END SOLUTION

# %% tags=["check"]
check.same_mask_theta(theta_f)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Every entry of W was divided by the same number to make f(W). What must be done to θ, so that each
# comparison comes out as before?
# </details>

# %% [markdown] covers="54" corrects="24 26 27"
# ## An emptied layer
#
# From its nine zeros the article concludes that the matrix contributes little to the network.
# Suppose that all nine weights really were zero. Then the layer gives the same output for every
# input. If the only way through the network leads through this layer, the network gives the same
# answer to every image. That is **layer collapse** 层坍塌, the worst that pruning can do; it does
# not show that the layer was useless. It threatens wherever one threshold, or one ranking, serves
# layers of different scale ([lesson 01](01_norms.ipynb)); in [lesson 06](06_how_much.ipynb)
# rounding empties a real layer.
#
# ## Small is not unimportant
#
# And do small weights contribute little? Take a network of two layers, $W$ and a second matrix. The
# numbers between the layers pass through **ReLU**, a function that replaces negative numbers by 0.
# All weights of the first layer are divided by 10, and those of the second multiplied by 10.
# **Predict** by which factor the outputs change:

# %%
factor_guess = predict("Outputs change by the factor?", ...)  # your number

# %%
rng = np.random.default_rng(0)
inputs, second = rng.normal(size=(4, 3)), rng.normal(size=(3, 2))


def two_layers(first, second):
    return np.maximum(inputs @ first, 0) @ second


before, after = two_layers(W, second), two_layers(W / 10, 10 * second)
print("all outputs are the same:", np.allclose(before, after))
print("weights of the first layer above 0.2:", np.sum(W > theta), "before,", np.sum(W / 10 > theta))
factor_guess.was(round(np.linalg.norm(after) / np.linalg.norm(before), 6))

# %% [markdown]
# The network computes the same, and now every weight of its first layer is below θ. This
# **rescaling** works for every positive factor, because ReLU lets a positive factor through. It
# works even for each unit between the layers by itself, with a factor of its own:

# %%
factors = np.array([10, 1, 0.1])  # one for each of the three units
after = two_layers(W / factors, factors[:, None] * second)
print("all outputs are the same:", np.allclose(before, after))

# %% [markdown]
# So the size of a weight says nothing about its importance unless we know what it is compared with:
# between layers, and even between the units of one layer, size is a matter of units of measurement.
# That cutting the smallest weights works as well as it does is a finding about trained networks
# ([lesson 07](07_which_weights.ipynb)), not a law.
#
# ### Exercise 3
#
# Divide the whole first layer by a factor $c$ and multiply the second by it. What is the *smallest*
# $c$ for which θ = 0.2 cuts every weight of $W / c$?

# %% tags=["exercise"]
# The smallest such factor c:
# BEGIN SOLUTION
c = np.abs(W).max() / theta
# END SOLUTION

# %% tags=["check"]
check.emptying_factor(c)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which weight is the last to go? And what happens to a weight that *equals* θ?
# </details>
#
# <details><summary>What the article says</summary>
#
# "All weights are smaller than 0.2": seven of nine are larger. And its derivation keeps a weight if
# $W > θ$, without the bars. Its matrix has no negative entry, so the example cannot show that this
# removes every negative weight, however large; <a href="02_prune_operator.ipynb">lesson 02</a>
# shows it.
# <a href="../docs/coverage.md">More</a>.
# </details>

# %%
predict.summary()

# %% [markdown]
# ## What to remember
#
# - Recompute every example that you read. Here three steps were right, and the fourth was not.
# - θ on $W$ and θ on $f(W)$ are two readings of one operator, related by the factor ‖W‖. Say which
#   one you use.
# - An emptied layer with no way around it breaks the network.
# - A network can be rescaled, layer by layer and unit by unit, without changing what it computes.
#   So small does not mean unimportant.
#
# ## What to read
#
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), arXiv 1506.02626, section 4: each layer has a
#   threshold of its own, a multiple of σ.
# - H. Tanaka, D. Kunin, D. Yamins, S. Ganguli (2020), *Pruning neural networks without any data by
#   iteratively conserving synaptic flow*, arXiv 2006.05467: layer collapse, and how to avoid it.
