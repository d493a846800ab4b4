# %% [markdown]
# # 06 · How much to prune
#
# **The question: how much can be taken out, and how is that decided?**
#
# About 55 minutes. Before this: [05 · Prune and retrain](05_prune_and_retrain.ipynb), and of the
# [prerequisites](../docs/prerequisites.md) the mean, the standard deviation and paired differences.
#
# Chinese terms: threshold 阈值, sparsity 稀疏度, global 全局, layer by layer 逐层, sensitivity
# analysis 敏感度分析, layer collapse 层坍塌, validation set 验证集, tolerance 容差.

# %% [markdown]
# ## What you will be able to do
#
# - turn a sparsity into a threshold, and say why not the other way round;
# - prune an exact number of weights, however many scores are equal;
# - compare the scopes *global*, *layer* and *ERK* with LAMP, and see a layer collapse beforehand;
# - draw a sensitivity map, and say what it does not show;
# - choose a sparsity by a procedure that you could defend.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import networks, plots, recorded, widgets
from course_utils.lessons.checks import how_much as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()

# %% [markdown]
# The network is LeNet-5: two convolutions, two dense layers, 430,500 weights. It was trained for
# four epochs on 20,000 images by `benchmarks/starting_networks.py`, and travels with the course.
# Five more like it, with other seeds, are in the recorded tables below. We look at them on
# validation images only; the test images come last.

# %% tags=["varies"]
data = load_mnist().head(512, held_out=256) if quick_mode() else load_mnist().head(20_000)
x_val, y_val = data.x_val[:5_000], data.y_val[:5_000]
TRAIN = False  # True: train it here, about 30 s
model = networks.train("lenet5") if TRAIN else networks.trained("lenet5", data)
dense, weights = model.get_weights(), pruning.weights(model)
scores = criteria.magnitude(weights)


def accuracy(model, x=x_val, y=y_val):
    return model.evaluate(x, y, batch_size=1000, verbose=0)[1]


baseline = accuracy(model)
print(f"dense: {baseline:.2%} on validation, {data.caption}")

# %% [markdown] covers="103" corrects="50 31"
# ## A threshold is the wrong knob
#
# How should one choose the threshold? What does a threshold *do*? Turn the knob yourself (there is
# a slider in JupyterLab; elsewhere you see one still picture). On the left are the weights of `fc1`;
# on the right, what the same θ cuts in each of the four layers. **Predict** at which θ the network
# begins to fail.

# %% tags=["varies"]
knob = models.lenet5()


def at_threshold(theta):
    knob.set_weights(dense)
    masks = masking.by_threshold(scores, theta)
    pruning.attach(knob, masks)
    cut = {name.split("/")[0]: masking.sparsity(mask) for name, mask in masks.items()}
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), width_ratios=[3, 2])
    plots.histogram(weights["fc1/kernel"], theta, left)
    right.bar(list(cut), list(cut.values()), color=plots.ORANGE)
    for place, share in enumerate(cut.values()):
        right.text(place, share, f"{share:.0%}", ha="center", va="bottom")
    right.set(ylim=(0, 1.1), ylabel="cut")
    can = accuracy(knob, x_val[:1_000], y_val[:1_000])
    fig.suptitle(f"θ = {theta:.3f}: {masking.sparsity(masks):.0%} zeros, accuracy {can:.0%}")
    return fig


widgets.slider(at_threshold, theta=(0.0, 0.2, 0.005, 0.03))

# %% [markdown]
# One θ cuts four different shares, since the layers' weights differ in size. It also depends on the
# network, and on how long that was trained:

# %% tags=["varies"]
several = {"LeNet-5, untrained": models.lenet5(), "LeNet-5, trained": model}
several |= {"article's CNN, untrained": models.article_cnn()}
several |= {"article's CNN, trained": networks.trained("article_cnn", data)}
for label, network in several.items():
    sizes = criteria.magnitude(pruning.weights(network))
    cut = {theta: masking.sparsity(masking.by_threshold(sizes, theta)) for theta in (0.03, 0.1)}
    print(f"{label:25}", *(f"|w| ≤ {theta} cuts {share:6.1%}  " for theta, share in cut.items()))

# %% [markdown]
# Han et al. (2015) set θ to $k$ standard deviations of each layer's weights (`masking.by_sigma`).
# That is better, but the *sparsity* is still something that one learns afterwards. So turn it round:
# ask for a sparsity, and the threshold follows.
#
# <details><summary>What the article says</summary>
#
# One θ = 0.1 for all layers; and its FAQ 2 answers the question how to choose it with "by
# experiment, step by step". The experiment is right, the knob is not: see
# [../docs/coverage.md](../docs/coverage.md), and the procedure below.
# </details>
#
# ### Exercise 1
#
# Which threshold θ prunes `round(sparsity · n)` of the n weights, by the rule "|w| ≤ θ is cut"? (No
# two weights are equally large here.) At a sparsity of 0, return -1: a θ of 0 would cut weights that
# are exactly 0.


# %% tags=["exercise"]
def my_threshold(W, sparsity):
    """Return θ, so that exactly that share of W has |w| ≤ θ; for a sparsity of 0 return -1."""
    # BEGIN SOLUTION
    count = round(sparsity * W.size)
    return -1.0 if count == 0 else np.sort(np.abs(W).ravel())[count - 1]
    # END SOLUTION


# %% tags=["check"]
check.threshold(my_threshold)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Sort the sizes. The last one that should go is θ; remember where Python starts counting.
# </details>

# %% [markdown] corrects="23"
# ## Rank, do not threshold
#
# "No two are equally large" asks a lot. Weights stored in 8 bits have 255 values at most; a score
# that uses gradients is exactly 0 for every pixel that is always black. Here are four rules from
# published code: tfmot, the lab of MIT's course 6.5940, ShrinkBench and open_lth (the last two
# simplified to one layer of which nothing is pruned yet). Each is to prune 4 of 10. **Predict** how
# many each of them prunes if all ten scores are equal.

# %%
rules = {
    "tfmot: >= the 6th largest": lambda S: S >= np.sort(S)[4],
    "MIT lab: > the 4th smallest": lambda S: S > np.sort(S)[3],
    "ShrinkBench: >= the 0.4-quantile": lambda S: S >= np.quantile(S, 0.4),
    "open_lth: > sorted[4]": lambda S: S > np.sort(S)[4],
    "course: by rank": lambda S: masking.make_masks({"S": S}, 0.4)["S"],
}
cases = {"distinct": np.arange(1.0, 11), "all equal": np.ones(10)}
cases["some ties"] = np.array([1.0, 2, 3, 4, 4, 4, 4, 8, 9, 10])
print(" " * 32, *(f"{case:>10}" for case in cases))
for rule, keep in rules.items():
    pruned = [int((~keep(S)).sum()) for S in cases.values()]
    print(f"{rule:32}", *(f"{count:10}" for count in pruned))
    assert rule.startswith("course") == (pruned == [4, 4, 4])

# %% [markdown]
# A threshold cannot tell equal scores apart: all of them go, or all stay. A **rank** can: sort, cut
# after the fourth, and among equals the first goes first. `masking.make_masks` ranks. (The zeros of
# an earlier round are ties, too, but harmless while the target only rises: then all of them go.)
#
# ### Exercise 2
#
# Write it yourself.


# %% tags=["exercise"]
def my_mask(scores, count):
    """Return a Boolean mask (True stays) that prunes exactly `count` of the lowest scores."""
    # BEGIN SOLUTION
    mask = np.ones(len(scores), bool)
    mask[np.argsort(scores, kind="stable")[:count]] = False
    return mask
    # END SOLUTION


# %% tags=["check"]
check.prune_lowest(my_mask)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>np.argsort(scores)</code> gives the places of the scores, from the lowest to the highest:
# take as many as you need, whatever the scores are.
# </details>

# %% [markdown] covers="26"
# ## Where should the zeros be? The scope
#
# 90 % of all weights are to go. From where? The **scope** says what is ranked together:
#
# - `global`: all weights in one list;
# - `layer`: each layer by itself, the same share in each;
# - `erk`: each by itself, with a share that follows from its shape: small layers keep more (Evci et
#   al. 2020);
# - **LAMP** (Lee et al. 2021) ranks globally, but by another score: $w^2$ over the sum of the
#   squares of all weights in the layer that are at least as large. The largest weight of each layer
#   scores 1.

# %% tags=["varies"]
def ways(sparsity):
    masks = {scope: masking.make_masks(scores, sparsity, scope) for scope in masking.SCOPES}
    return {**masks, "lamp": masking.make_masks(criteria.lamp(weights), sparsity)}


left = {
    way: {name.split("/")[0]: masking.sparsity(mask) for name, mask in masks.items()}
    for way, masks in ways(0.9).items()
}
plots.layer_densities(left).set_title(f"90 % of LeNet-5 pruned ({data.caption})")
plt.show()

# %% [markdown]
# Nine tenths of the weights are in `fc1`, so all four take most from there. They differ in what they
# do to the small layers. **Predict**: prune once, without retraining. Which of the four keeps its
# accuracy longest? Here are five recorded networks (`python benchmarks/scopes_compared.py`), then
# yours at one sparsity:

# %%
before = {}
for row in recorded.rows("scopes_compared"):
    if row["budget"] != "plan":
        before.setdefault(row["way"], {}).setdefault(row["seed"], []).append(row["val_before"])
levels = sorted({r["budget"] for r in recorded.rows("scopes_compared") if r["budget"] != "plan"})
before = {way: np.array(list(runs.values())) for way, runs in before.items()}
ax = plots.curves(before, levels)
ax.set(ylabel="validation accuracy", title="pruned once, not retrained: LeNet-5, MNIST, 5 seeds")
plots.by_compression(levels, ax)
plots.label_ends(ax)
plt.show()

# %% tags=["varies"]
probe = models.lenet5()


def pruned_accuracy(masks):
    probe.set_weights(dense)
    pruning.attach(probe, masks)
    return accuracy(probe)


for way, masks in ways(0.95).items():
    print(f"95 % pruned, {way:6}: {pruned_accuracy(masks):.1%} ({data.caption})")

# %% [markdown] covers="102" corrects="49"
# The axis is drawn so that equal steps *halve* what is left: from 50 to 75 % is as far as from 97
# to 98.5 %. At first hardly anything happens. Then accuracy falls, down to guessing (about 10 %), and
# where it falls depends on the way. A sparsity alone does not say enough.
#
# <details><summary>What the article says</summary>
#
# Does pruning lower the accuracy? Its FAQ 1 says yes, if too much is pruned. That is the right half
# of this picture. The left half, where nothing is lost, is the news, and where the curve bends has
# to be measured. See [../docs/coverage.md](../docs/coverage.md).
# </details>
