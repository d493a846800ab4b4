# %% [markdown]
# # 07 · Which weights matter
#
# **The question: which weights can go, is a clever answer better than size, and is size better than
# chance?**
#
# ![Compass: criterion lit](figures/compass_criterion.svg)
#
# About 60 minutes, and an open task. Before this: [06 · How much to prune](06_how_much.ipynb), and
# of the [prerequisites](../docs/prerequisites.md) the gradient, the parabola $-gw +
# \tfrac{1}{2}hw^2$ and paired differences.
#
# Chinese terms: criterion 剪枝准则, saliency 显著性, gradient 梯度, second derivative 二阶导数,
# Taylor expansion 泰勒展开, rank correlation 秩相关, control experiment 对照实验.

# %% [markdown]
# ## What you will be able to do
#
# - compute the truth about a single weight, and compare criteria with it;
# - write down eight criteria, each in one line, and say what each of them looks at;
# - show where size must fail, and where the gradient of the mean loss must;
# - read a comparison of criteria with its controls, and say what it does not show.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, pruning
from course_utils.backend import keras
from course_utils.lessons import networks, plots, recorded
from course_utils.lessons.checks import which_weights as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import quick_mode

plots.use_style()
predict = Predictions("07_which_weights")

# %% tags=["varies"]
data = load_mnist().head(512, held_out=256) if quick_mode() else load_mnist().head(20_000)
data

# %% [markdown] covers="24 83" corrects="13"
# ## Four choices
#
# Every pruning method makes four choices:
#
# | choice | the question | for example |
# |---|---|---|
# | criterion | how much does a weight matter? | size, gradient, Taylor |
# | granularity | what goes together? | single weights, whole filters |
# | scope | what is ranked together? | a layer, the whole network ([lesson 06](06_how_much.ipynb)) |
# | schedule | how much goes when? | at once, step by step ([lesson 08](08_while_training.ipynb)) |
#
# This lesson is about the first row: **what matters?**
#
# <details><summary>What the article says</summary>
#
# It calls "threshold", "importance" and "gradient" three strategies of pruning. They are answers to
# different questions: a threshold is a way to cut once there are scores, importance is the score,
# and a gradient is something that a criterion may look at. See
# [the coverage page](../docs/coverage.md), erratum 13.
# </details>

# %% [markdown] covers="34"
# ## Where size must fail
#
# Size is the obvious criterion: small weights matter little. Here is a network of two inputs, two
# hidden units with a ReLU, and one output. We multiply what goes *into* the first unit by 100, and
# what comes *out* of it by 1/100. What happens to the output, and to the half of each layer that
# magnitude keeps?


# %%
def relu(z):
    return np.maximum(z, 0)


into, out = np.array([[0.5, 1.0], [0.4, -2.0]]), np.array([[1.0], [0.1]])
into_2, out_2 = into * [100, 1], out / [[100], [1]]
x = np.random.default_rng(0).normal(size=(1000, 2))
assert np.allclose(relu(x @ into) @ out, relu(x @ into_2) @ out_2)  # the same outputs

# %%
for weights in ({"into": into, "out": out}, {"into": into_2, "out": out_2}):
    masks = masking.make_masks(criteria.magnitude(weights), 0.5, "layer")
    print({name: mask.astype(int).tolist() for name, mask in masks.items()})

# %% [markdown] covers="34" corrects="27"
# The output stays: $\mathrm{relu}(c\,z) = c\,\mathrm{relu}(z)$ for $c > 0$. The function is the
# same, and the other half of its weights is kept. So size is not a property of what the network
# computes. The product $g \, w$ of gradient and weight is: multiply $w$ by $c$, and its gradient is
# divided by $c$. That is one reason for the criteria below.

# %% [markdown]
# ## The truth about a single weight
#
# What *should* a criterion say? How much the loss changes if this one weight is set to 0. We can
# compute that: set it to 0, compute the loss, put the weight back. A large network has too many
# weights for this; a small one takes seconds. Ours sees digits of 7x7 pixels, has 12 hidden
# units, 708 weights, and has made three passes over 2,000 images.


# %% tags=["varies"]
x_small = data.x_train[:2000].reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)
y_small = data.y_train[:2000]
keras.utils.set_random_seed(0)
hidden = keras.layers.Dense(12, "relu", name="hidden")
output = keras.layers.Dense(10, "softmax", name="output")
small = keras.Sequential([keras.Input((49,)), hidden, output])
fast = {"steps_per_execution": 20}
small.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", **fast)
small.fit(x_small, y_small, batch_size=100, epochs=3, verbose=0)
print(f"{sum(W.size for W in pruning.weights(small).values())} weights on {len(x_small)} images")


# %%
def loss(W1, b1, W2, b2):
    z = relu(x_small @ W1 + b1) @ W2 + b2
    z = z - z.max(axis=1, keepdims=True)
    chosen = z[np.arange(len(z)), y_small]
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - chosen))


# %%
def true_changes(model):
    """Return, for each weight, how much the loss changes when it alone is 0."""
    W = [np.array(w, np.float64) for w in model.get_weights()]
    whole, changes = loss(*W), {}
    for name, index in {"hidden/kernel": 0, "output/kernel": 2}.items():
        changes[name] = np.empty(W[index].shape)
        for place in np.ndindex(W[index].shape):
            kept, W[index][place] = W[index][place], 0.0
            changes[name][place] = loss(*W) - whole
            W[index][place] = kept
    return changes


truth, early = {"early": true_changes(small)}, small.get_weights()

# %% [markdown]
# Now look at one weight, the most negative of the output layer. We move it from where it is to 0,
# and compute the loss all along the way. A criterion stands at the dot on the left and has to guess
# the height of the dot on the right. It may use the slope $g$ at its place (a straight line), and
# the curvature $h$ (a parabola):

# %% tags=["varies"]
W = [np.array(w, np.float64) for w in small.get_weights()]
place = np.unravel_index(W[2].argmin(), W[2].shape)
w, start = W[2][place], loss(*W)


def loss_at(value):
    moved = W[2].copy()
    moved[place] = value
    return loss(W[0], W[1], moved, W[3])


up, down = loss_at(w + 1e-3), loss_at(w - 1e-3)
g, h = (up - down) / 2e-3, (up - 2 * start + down) / 1e-6

# %% tags=["varies"]
along = np.linspace(1.5 * w, -0.2 * w, 60)
step = along - w
ax = plt.subplots()[1]
ax.plot(along, [loss_at(value) for value in along], color=plots.GREY, label="true loss")
ax.plot(along, start + g * step, "--", color=plots.ORANGE, label="slope")
ax.plot(along, start + g * step + h * step**2 / 2, "-.", color=plots.BLUE, label="with curvature")
ax.plot([0, w], [loss_at(0), start], "o", color=plots.GREY)
ax.set(xlabel="value of one weight (dots: 0, and where it is)", ylabel="mean loss")
plots.label_ends(ax)
plt.show()

# %% [markdown] covers="35" corrects="18"
# ## Criteria, each in one line
#
# The picture as a formula, the **Taylor expansion**: from $w$ to 0 is a step of $-w$, and so
# $$\Delta L \approx -g \, w + \tfrac{1}{2} h \, w^2.$$
#
# | criterion | score | looks at | source |
# |---|---|---|---|
# | magnitude | $\lvert w \rvert$ | the weight | Han et al. 2015 |
# | LAMP | $w^2 / \sum_{\text{not smaller}} w'^2$ | the weights of its layer | Lee et al. 2021 |
# | gradient | mean of $\lvert g_n \rvert$ | slopes alone | (a bad idea, see below) |
# | first order | $\lvert \bar g \, w \rvert$ | slope of the mean loss | Lee et al. 2019 (SNIP) |
# | Taylor | mean of $\lvert g_n \, w \rvert$ | slopes, example by example | Molchanov et al. 2017 |
# | OBD | $\tfrac{1}{2} h \, w^2$ | curvature | LeCun et al. 1989 |
# | Wanda | $\lvert w \rvert \cdot \lVert x \rVert$ | the size of its input | Sun et al. 2024 |
# | random | chance | nothing | control |
#
# Here $g_n$ is the gradient of the loss of example $n$, and $\bar g$ their mean. First order and
# Taylor differ by one thing only: whether the size is taken after the mean or before it. It matters
# near a minimum. There $\bar g$ is 0 for *every* weight, the important ones too: what one example
# pulls up, another pulls down. The $g_n$ are not 0. (SNIP scores a network before its training,
# when the slope of the mean loss is still there.)
#
# OBD needs $h$; here are two estimates. **Fisher's** is the mean of $g_n^2$; with it, OBD is
# half the mean of $(g_n w)^2$, that is Taylor with squares in place of sizes (Molchanov et al. 2019
# use such squares, of mini-batches). **Hutchinson's** multiplies the matrix of second derivatives
# by vectors of random signs.
#
# <details><summary>What the article says</summary>
#
# A weight whose gradient is small does not matter. A small gradient says that a *tiny* step changes
# little; it does not say how far it is to 0. The table below has this criterion, as the mean size
# over single examples. See [the coverage page](../docs/coverage.md), erratum 18.
# </details>
#
# ### Exercise 1
#
# The scores of the Taylor criterion, from the gradients of single examples.


# %% tags=["exercise"]
def my_taylor(W, G):
    """Return the scores of weights W; G holds the gradients of n examples, shape (n, *W.shape)."""
    # BEGIN SOLUTION
    return np.abs(G * W).mean(axis=0)
    # END SOLUTION


# %% tags=["check"]
check.taylor(my_taylor)

# %% [markdown]
# <details><summary>Hint</summary>
#
# NumPy multiplies <code>G * W</code> example by example. First the sizes, then the mean over axis
# 0.
# </details>
#
# In the package, `pruning.gradients` measures the mean of $g_n$, of $\lvert g_n \rvert$ or of
# $g_n^2$, as `reduce` says. Since $w$ is the same for all examples, the mean of
# $\lvert g_n w \rvert$ is $\lvert w \rvert$ times the mean of $\lvert g_n \rvert$, and that is all
# `criteria.taylor` needs.


# %%
def scores_of(model, x, y, samples=20):
    W = pruning.weights(model)
    mean, size, square = (
        pruning.gradients(model, x, y, reduce=how) for how in ("mean", "size", "square")
    )
    return {
        "magnitude": criteria.magnitude(W),
        "|gradient|": criteria.gradient(size),
        "first order": criteria.first_order(W, mean),
        "Taylor": criteria.taylor(W, size),
        "OBD, Fisher": criteria.obd(W, square),
        "OBD, Hutchinson": criteria.obd(W, pruning.curvature(model, x, y, samples=samples)),
        "random": criteria.random(W, seed=0),
    }


# %% [markdown]
# We look twice: **early**, at the network as it is, and **late**, after 297 more passes, nearer to
# a minimum. **Predict**:

# %% tags=["varies"]
knowing = ("magnitude", "first order", "Taylor", "OBD, Fisher")
late = predict("Which of these knows single weights best, late?", ..., choices=knowing)

# %% tags=["varies"]
few = 50 if quick_mode() else 2000
small.set_weights(early)
scores = {"early": scores_of(small, x_small[:few], y_small[:few])}
times, passes = (7, 1) if quick_mode() else (33, 9)  # the images 33 times over: 297 passes
small.fit(np.tile(x_small, (times, 1)), np.tile(y_small, times), 100, passes, verbose=0)
scores["late"], truth["late"] = scores_of(small, x_small[:few], y_small[:few]), true_changes(small)


def flat(arrays):
    return np.concatenate([A.ravel() for A in arrays.values()])


points = {
    when: {name: (flat(S), np.abs(flat(truth[when]))) for name, S in found.items()}
    for when, found in scores.items()
}
fig = plots.predicted_and_true(points, width=12)
fig.suptitle(f"what criteria say, and what is true ({data.caption}, one network)", fontsize=12)
plt.show()

# %% [markdown]
# One dot is one weight; on the line, the criterion puts it where the truth does. Above each panel
# stands the rank correlation (Spearman's): 1 if criterion and truth rank the weights alike, about 0
# if their orders have nothing to do with each other. The black weights make no difference at all:
# their pixel is black in every image, or their unit is never active. Taylor knows them, since their
# gradients are 0. Magnitude does not see them: early, it spreads them over nearly its whole scale;
# late, others have grown past them. (The blue dots right above the black ones have no gradient
# either; but without such a weight, a unit wakes up that had been silent.)
#
# (The left arm of the V in Hutchinson's panels: weights whose curvature was estimated as negative.)
#
# Here are five networks, recorded by `python benchmarks/single_weights.py`. The last columns go a
# step further: the loss when half, or 80 %, of the weights are cut *together*.


# %%
def over_seeds(name, when, value):
    mine = (row for row in singles if row["network"] == name and row["when"] == when)
    return np.array([row[value] for row in mine])


def shown(name, when, value):
    values = over_seeds(name, when, value)
    return f"{values.mean():6.2f} ± {values.std(ddof=1):.2f}"


# %%
singles = recorded.rows("single_weights")
correlation = {name: over_seeds(name, "late", "rank_correlation").mean() for name in knowing}
print(f"{'':16}  rank correlation              late: loss without")
print(f"{'':16}  early          late           50 %           80 %")
for name in dict.fromkeys(row["network"] for row in singles):
    columns = [(when, "rank_correlation") for when in ("early", "late")]
    columns += [("late", "loss_50"), ("late", "loss_80")]
    text = [shown(name, *column) for column in columns]
    if name == "dense":  # it has no scores
        text[:2] = [" " * len(text[0])] * 2
    print(f"{name:16}", "  ".join(text))
late.was(max(correlation, key=correlation.get))

# %% [markdown]
# With every one of the five seeds:
#
# - **early**, the loss has a slope, and the first order knows the truth best;
# - **late**, the first order falls behind Taylor, and Taylor behind OBD by Fisher's estimate. LeCun
#   et al. (1989) built OBD for a minimum; but Hutchinson's estimate of the curvature, from 40
#   random vectors, stays behind Taylor;
# - **magnitude** and LAMP, which look at nothing but weights, know least, chance aside;
# - cut **half** by Taylor, and the loss is lower than by the first order, and less than half of
#   what it is by magnitude. Fisher, and Wanda without any gradient, are better even than the
#   *truth* about single weights: the weights that go change each other's truth;
# - cut **80 %**, and Taylor, which knows single weights so well, does worse than magnitude, and
#   with four of the seeds worse than chance. Fisher does better than magnitude, but on average
#   hardly better than a guess, whose loss is $\ln 10 \approx 2.3$.


# %%
def known(name, when):
    return over_seeds(name, when, "rank_correlation")


def lost(name, share):
    return over_seeds(name, "late", f"loss_{share}")


for name in ("|gradient|", "Taylor", "OBD, Fisher", "OBD, Hutchinson", "Wanda"):
    assert (known(name, "early") < known("first order", "early")).all()
for when, blind in [(w, b) for w in ("early", "late") for b in ("magnitude", "LAMP")]:
    for name in ("|gradient|", "first order", "Taylor", "OBD, Fisher", "OBD, Hutchinson", "Wanda"):
        assert (known(blind, when) < known(name, when)).all()
    assert (known("random", when) < known(blind, when)).all()
assert (known("first order", "late") < known("Taylor", "late")).all()
assert (known("Taylor", "late") < known("OBD, Fisher", "late")).all()
assert (known("OBD, Hutchinson", "late") < known("Taylor", "late")).all()
assert (lost("Taylor", 50) < lost("first order", 50)).all()
assert (2 * lost("Taylor", 50) < lost("magnitude", 50)).all()
for name in ("OBD, Fisher", "Wanda"):
    assert (lost(name, 50) < lost("truth", 50)).all()
assert (lost("OBD, Fisher", 80) < lost("magnitude", 80)).all()
assert (lost("magnitude", 80) < lost("Taylor", 80)).all()
assert (lost("random", 80) < lost("Taylor", 80)).sum() == 4
assert 2 < lost("OBD, Fisher", 80).mean() < np.log(10)

# %% [markdown]
# ## Prune, and look
#
# Now a network that is worth pruning: LeNet-300-100, trained on 20,000 images. It comes with the
# course; switch the cell on to train it here.

# %% tags=["varies"]
TRAIN = False  # True: train it here, about 15 s
model = networks.train("lenet300") if TRAIN else networks.trained("lenet300", data)
dense = model.get_weights()

# %% [markdown]
# First *what* each criterion keeps: 95 % of the first layer goes; how many connections does each
# pixel have left?

# %% tags=["varies"]
some = 50 if quick_mode() else 500
x_some, y_some = data.x_train[:some], data.y_train[:some]
scores = scores_of(model, x_some, y_some, samples=2 if quick_mode() else 20)
kernels = pruning.weights(model)
scores["Wanda"] = criteria.wanda(kernels, pruning.input_norms(model, x_some))
scores["LAMP"] = criteria.lamp(kernels)

# %% tags=["varies"]
maps = {}
for name in ("magnitude", "Taylor", "OBD, Fisher", "Wanda", "random"):
    mask = masking.make_masks({"fc1": scores[name]["fc1/kernel"]}, 0.95)["fc1"]
    maps[name] = mask.sum(axis=1).reshape(28, 28)
plots.film_strip({data.caption: maps}, "connections of a pixel")
plt.show()

# %% [markdown]
# Criteria that look at gradients or inputs leave out the black border by themselves: where the
# input is always 0, so is the gradient. Magnitude does not see the input. A weight on a pixel that
# is black in every image has never been trained; it still has its *initial* size. How many of these
# does magnitude keep?

# %% tags=["varies"]
black = (data.x_train == 0).all(axis=0).ravel()
first = {s: masking.make_masks(scores["magnitude"], s)["fc1/kernel"] for s in (0.5, 0.8, 0.95)}
kept = {s: mask[black].mean() for s, mask in first.items()}
print(f"kept on {black.sum()} black pixels:", {f"{s:.0%} go": f"{k:.1%}" for s, k in kept.items()})
if not (quick_mode() or data.stand_in):  # what the text says of the full run
    assert kept[0.5] > 1 / 3 > 0.01 > kept[0.95]

# %% [markdown]
# Many at 50 %, hardly any at 95 %. Magnitude has not seen an image, but training has, and the
# weights that it used have *grown*.
#
# ### Exercise 2
#
# LAMP ranks all layers together and empties none. Its score of a weight is $w^2$ over the sum of
# the squares of all weights of its layer that are not smaller (itself among them).


# %% tags=["exercise"]
def my_lamp(w):
    """Return the LAMP scores of a vector of weights of different sizes."""
    # BEGIN SOLUTION
    squares = w**2
    return np.array([s / squares[squares >= s].sum() for s in squares])
    # END SOLUTION


# %% tags=["check"]
check.lamp(my_lamp)

# %% [markdown]
# <details><summary>Hint</summary>
#
# For one weight: <code>squares[squares &gt;= s].sum()</code>. Then the same for each.
# </details>
#
# ### Exercise 3
#
# Two controls. **Random** scores: is any choice better than none? And a **shuffled** mask: as many
# zeros in each layer as the criterion put there, at random places. It tells what the choice
# *within* the layers is worth. Write it.


# %% tags=["exercise"]
def my_shuffled(mask, rng):
    """Return a mask of the same shape with as many True, at places drawn with `rng`."""
    # BEGIN SOLUTION
    return rng.permutation(mask.ravel()).reshape(mask.shape)
    # END SOLUTION


# %% tags=["check"]
check.control(my_shuffled)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>rng.permutation</code> of a vector mixes its entries. A mask becomes a vector by
# <code>ravel</code>.
# </details>
#
# Now all of them: 90 % of the weights go at once, all layers ranked together, *not* retrained. One
# network, one run. Predict; remember which knew single weights best.

# %% tags=["varies"]
order = predict(
    "In which order, best first, 90 % cut at once?",
    ...,  # a list
    order=("magnitude", "Taylor", "|gradient|", "random"),
)


# %% tags=["varies"]
def pruned_accuracy(masks):
    model.set_weights(dense)
    pruning.attach(model, masks)
    return model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]


masks = {name: masking.make_masks(S, 0.9) for name, S in scores.items()}
masks["shuffled"] = masking.shuffle(masks["magnitude"], seed=0)
one_run = {name: pruned_accuracy(mask) for name, mask in masks.items()}
for name in sorted(one_run, key=one_run.get, reverse=True):
    print(f"{name:16} {one_run[name]:.1%}")
order.was(sorted(order.choices, key=one_run.get, reverse=True))

# %% [markdown]
# ## And after retraining?
#
# What counts is the network at the end. Five seeds on MNIST, recorded by
# `python benchmarks/criteria_compared.py`: all pruned networks of one seed come from the same dense
# one, and are retrained for one pass over 20,000 images with the mask held. Before retraining, at
# 90 %, Taylor is tens of points behind magnitude. **Predict**:

# %%
behind = predict(
    "How far behind magnitude is Taylor after retraining, at 90 %?", ..., unit="points"
)

# %%
table = recorded.rows("criteria_compared")
names = list(dict.fromkeys(row["network"] for row in table))[1:]
levels = sorted({row["sparsity"] for row in table})[1:]


def runs(network, value, sparsity):
    mine = (row for row in table if row["network"] == network and row["sparsity"] == sparsity)
    return np.array([row[value] for row in mine])


def errors(network, value):
    return 1 - np.array([runs(network, value, s) for s in levels]).T


# %%
drawn = ["magnitude", "first order", "Taylor", "|gradient|", "LAMP", "Wanda"]
fig, axes = plt.subplots(1, 2, figsize=(11, 4.6), sharey=True)
for ax, value in zip(axes, ("pruned", "retrained"), strict=True):
    plots.curves({name: errors(name, value) for name in drawn}, levels, ax)
    for name, dash in (("random", ":"), ("shuffled", "--")):
        ax.plot(levels, errors(name, value).mean(axis=0), dash, color=plots.GREY, label=name)
    ax.set(title=f"{value} (MNIST, {len(errors('Taylor', value))} seeds, ±1 sd)", yscale="log")
    ax.minorticks_off()
    ax.set_yticks([0.03, 0.1, 0.3, 0.9])
    plots.by_compression(levels, ax)
    ax.legend().remove()
axes[0].set_ylabel("validation error")
plots.label_ends(axes[1])
plt.show()

# %% [markdown]
# All of them in numbers, at 90 %, and the difference from magnitude, seed by seed:

# %%
print(f"{'':16}  pruned             retrained          minus magnitude, in points")
for name in names:
    both = [runs(name, value, 0.9) for value in ("pruned", "retrained")]
    gap = 100 * (both[1] - runs("magnitude", "retrained", 0.9))
    text = "  ".join(f"{a.mean():7.2%} ± {a.std(ddof=1):6.2%}" for a in both)
    print(f"{name:16} {text}  {gap.mean():+6.2f}, from {gap.min():+.2f} to {gap.max():+.2f}")
gap = runs("magnitude", "retrained", 0.9) - runs("Taylor", "retrained", 0.9)
behind.was(round(100 * gap.mean(), 1))

# %% [markdown] covers="35 83" corrects="18"
# - **Size wins.** At 90 %, before retraining and after, magnitude beats all but LAMP with every
#   seed.
# - **Which average?** Retrained at 90 %, the mean of squares (OBD, Fisher) comes before the size of
#   the mean (first order), and the mean of sizes (Taylor) last, with every seed. Right after the
#   cut, the first order cannot be ranked: it is far better with one seed than with another.
# - **What knew single weights best there does not prune best here.** An expansion holds for a small
#   step, and taking out 90 % at once is not one. (LeCun et al. and Molchanov et al. prune little by
#   little, and measure the scores anew in between. This table does not.)
# - **The gradient alone loses to a shuffled mask**, retrained at 90 %, with every seed. It does not
#   ask how far a weight is from 0.
# - **Retraining levels most of it**: at 90 %, Taylor's 30 points behind magnitude become 4. At 50 %
#   the means of magnitude, LAMP, first order, Taylor, Fisher and Wanda lie within half a point,
#   even before it: a comparison of them made only there shows nothing.
# - **Retrained at 98 %, Wanda and Taylor lose to a control**, the shuffled mask, with every seed.
#   (Wanda's authors rank within each output, not all weights together.) LAMP, which is size with
#   another share for each layer, is ahead of magnitude there.
# - **Places matter**: magnitude beats its own shuffled mask at 90 % with every seed. (Of masks
#   chosen *before* training Frankle et al. 2021 report that shuffling costs nothing.)
#
# All this is one kind of network with many weights to spare, four passes of training, one cut, five
# seeds. In the network of 708 weights above, late, magnitude *lost* to Taylor by far where half was
# cut. Size is not always best. But Gale et al. (2019) found it hard to beat in large networks, too.

# %%
for value in ("pruned", "retrained"):
    size = runs("magnitude", value, 0.9)
    for name in set(names) - {"magnitude", "LAMP"}:
        assert (runs(name, value, 0.9) < size).all()
assert (runs("|gradient|", "retrained", 0.9) < runs("shuffled", "retrained", 0.9)).all()
three = [runs(name, "retrained", 0.9) for name in ("Taylor", "first order", "OBD, Fisher")]
assert (np.diff(three, axis=0) > 0).all()
gaps = runs("first order", "pruned", 0.9) - runs("Taylor", "pruned", 0.9)
assert gaps.min() < -0.04 < 0.04 < gaps.max()
alike = ("magnitude", "LAMP", "first order", "Taylor", "OBD, Fisher", "Wanda")
for value, behind_by in (("pruned", 0.3), ("retrained", 0.04)):
    lead = runs("magnitude", value, 0.9) - runs("Taylor", value, 0.9)
    assert abs(lead.mean() - behind_by) < 0.01
    assert np.ptp([runs(name, value, 0.5).mean() for name in alike]) < 0.005
for name in ("Wanda", "Taylor"):
    assert (runs(name, "retrained", 0.98) < runs("shuffled", "retrained", 0.98)).all()
assert (runs("LAMP", "retrained", 0.98) > runs("magnitude", "retrained", 0.98)).all()

# %% [markdown]
# ## The other choice: what goes together
#
# Same criterion, magnitude; now the **granularity** changes. A *kernel* is one 5x5 patch, a
# *filter* everything that makes one output channel, a *channel* everything that reads one input
# channel. In a dense layer these are a single weight, all weights into one unit, and all weights
# out of one input. LeNet-5, trained and not retrained; `conv2` and `fc1` are pruned, each by
# itself. **Predict**:

# %% tags=["varies"]
kinds = ("weight", "kernel", "filter", "channel")
lenet = networks.trained("lenet5", data)
lenet_dense, sizes = lenet.get_weights(), criteria.magnitude(pruning.weights(lenet))
inner = {name: sizes[name] for name in ("conv2/kernel", "fc1/kernel")}
steps = [0.3, 0.7] if quick_mode() else [0.1, 0.3, 0.5, 0.7, 0.9]


def structured_accuracy(granularity, sparsity):
    lenet.set_weights(lenet_dense)
    pruning.attach(lenet, masking.make_masks(inner, sparsity, "layer", granularity))
    return lenet.evaluate(data.x_val[:5000], data.y_val[:5000], batch_size=1000, verbose=0)[1]


finest = predict("At 70 %: which keeps the accuracy best?", ..., choices=kinds)

# %% tags=["varies"]
coarse = {kind: [structured_accuracy(kind, s) for s in steps] for kind in kinds}
ax = plt.subplots()[1]
for (kind, accuracies), dash in zip(coarse.items(), ("-", "--", "-.", ":"), strict=True):
    ax.plot(steps, accuracies, dash, color=plots.BLUE, marker="o", markersize=4, label=kind)
ax.set(xlabel="sparsity of conv2 and of fc1", ylabel="validation accuracy")
ax.set_title(f"one network, {data.caption}")
plots.label_ends(ax)
plt.show()
finest.was(max(kinds, key=lambda kind: coarse[kind][steps.index(0.7)]))
if not (quick_mode() or data.stand_in):  # what the text says of the full run
    for weight, kernel, *larger in [*zip(*coarse.values(), strict=True)][2:]:
        assert weight > kernel > max(larger)

# %% [markdown]
# From 50 % on, single weights beat kernels, and kernels beat filters and channels (in this one
# network): in a coarser structure more good weights go with the bad ones. Why would one want it?
# Whole filters can be *taken out* of the arrays ([lesson 11](11_structural_pruning.ipynb)). In
# between lie patterns made for special hardware, such as 2 of every 4 weights.
# [Lesson 13](13_faster.ipynb) has that pattern, and times zeros and smaller arrays. Half of this
# small matrix is gone in each:

# %%
S = {"fc": np.random.default_rng(3).random((16, 16))}
fig = plots.small_masks(
    {
        "weight, 50 %": masking.make_masks(S, 0.5)["fc"],
        "2 of 4": masking.n_of_m(S, 2, 4)["fc"],
        "4x4 blocks": masking.block_masks(S, 0.5, (4, 4))["fc"],
        "filter (unit)": masking.make_masks(S, 0.5, granularity="filter")["fc"],
    }
)
plt.show()

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **Your own criterion.** It is given the weights of a network, and of the gradients of 500 images
# the mean, the mean size and the mean square, each a dictionary by kernel. It returns scores; the
# lowest 90 % of all weights go, in one ranking, and nothing is trained afterwards. It is tried on
# three LeNet-300-100 networks, trained from other seeds. What counts is their mean accuracy on the
# test images. `task.given()` returns these four for one such network; `masked(0, masks)`, imported
# from where `task` is, returns that network under masks.
#
# <details><summary>Hint</summary>
#
# Most criteria of the table can be written with these four. They do not know what happens when many
# weights go *together*, or whether scores of different layers compare. What of LAMP could you use
# for other scores?
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.tried_out import which_weights as task

print(task)


def my_scores(weights, mean, size, square):
    """Return scores as weights are given: {name of a kernel: array}."""
    # BEGIN SOLUTION
    return criteria.lamp(weights)
    # END SOLUTION


# %% tags=["varies"]
task.judge(my_scores)

# %% [markdown]
# ## What to remember
#
# - The truth about one weight can be computed. Compare criteria with it before you believe them.
# - For one weight the slope tells most early on, Fisher's curvature near a minimum. There, average
#   over examples *after* taking the size: the slope of the mean loss is 0 at a minimum, whatever
#   the weight.
# - For many weights at once that need not carry over. Size is not a property of the function, knows
#   single weights badly, and is still hard to beat where there are weights to spare.
# - Random and shuffled masks belong beside every comparison, made *after* retraining, with several
#   seeds, at more than one sparsity.
#
# ## What to read
#
# - Y. LeCun, J. S. Denker, S. A. Solla (1989), *Optimal Brain Damage*, NIPS 2: curvature.
# - P. Molchanov et al. (2017), *Pruning Convolutional Neural Networks for Resource Efficient
#   Inference*, arXiv 1611.06440: the Taylor criterion, of feature maps; and P. Molchanov et al.
#   (2019), *Importance Estimation for Neural Network Pruning*, arXiv 1906.10771: its squares.
# - N. Lee, T. Ajanthan, P. H. S. Torr (2019), *SNIP: Single-shot Network Pruning based on
#   Connection Sensitivity*, arXiv 1810.02340: the first order, before training.
# - T. Gale, E. Elsen, S. Hooker (2019), *The State of Sparsity in Deep Neural Networks*, arXiv
#   1902.09574: magnitude against cleverer methods, at scale.
# - J. Frankle et al. (2021), *Pruning Neural Networks at Initialization: Why are We Missing the
#   Mark?*, arXiv 2009.08576: shuffled masks.
# - J. Lee et al. (2021), *Layer-adaptive Sparsity for the Magnitude-based Pruning*, arXiv
#   2010.07611: LAMP.
