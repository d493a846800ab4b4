# %% [markdown]
# # 07 · Which weights matter
#
# **The question: which weights can go, is a clever answer better than size, and is size better than
# chance?**
#
# About 50 minutes of yours, and two of the computer. Before this:
# [06 · How much to prune](06_how_much.ipynb).
#
# Chinese terms: criterion 剪枝准则, saliency 显著性, gradient 梯度, second derivative 二阶导数,
# Taylor expansion 泰勒展开, rank correlation 秩相关, control experiment 对照实验.

# %% [markdown]
# ## What you will be able to do
#
# - find the truth about a weight by computation, and hold a criterion against it;
# - write down eight criteria, each in one line, and say what each of them looks at;
# - show where size and where the gradient alone must fail;
# - read a comparison of criteria with its controls, and say what it does not show.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.backend import keras
from course_utils.lessons import plots, recorded
from course_utils.lessons.checks import which_weights as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()

# %% tags=["varies"]
data = load_mnist().head(512, held_out=256) if quick_mode() else load_mnist().head(20_000)
epochs = 1 if quick_mode() else 20 if data.stand_in else 4
data

# %% [markdown] covers="24 83" corrects="13"
# ## Sort the words first
#
# The article calls "threshold", "importance" and "gradient" three *strategies* of pruning. They are
# answers to different questions. Four choices, each of which can be made apart from the others:
#
# | choice | the question | for example |
# |---|---|---|
# | criterion | how much does a weight matter? | size, gradient, Taylor, … |
# | granularity | what goes together? | single weights, whole filters |
# | scope | what is ranked together? | a layer, the whole network (lesson 06) |
# | schedule | how much goes when? | at once, little by little (lesson 08) |
#
# A threshold is a way of cutting, once scores are there; a gradient is something that a criterion
# may look at. This lesson is about the first row: **what matters?**

# %% [markdown] covers="34"
# ## Where size must fail
#
# "Small weights matter little", says the article, and so does most of the literature. Here is a
# network of two inputs, two hidden units with a ReLU, one output. We multiply what goes *into* the
# first unit by 100, and what comes *out* of it by 1/100. **Predict**: what happens to the output?


# %%
def relu(z):
    return np.maximum(z, 0)


# %%
into, out = np.array([[0.5, 1.0], [0.4, -2.0]]), np.array([[1.0], [0.1]])
scale = np.array([100.0, 1.0])
x = np.random.default_rng(0).normal(size=(1000, 2))
before, after = relu(x @ into) @ out, relu(x @ (into * scale)) @ (out / scale[:, None])
print("largest difference of the outputs:", np.abs(before - after).max().round(12))
assert np.allclose(before, after)

# %% [markdown]
# Nothing: $\mathrm{relu}(c\,z) = c\,\mathrm{relu}(z)$ for $c > 0$. The same function, with other
# sizes. What would size prune, half of the six weights?

# %%
for name, weights in {
    "as it was": {"into": into, "out": out},
    "rescaled": {"into": into * scale, "out": out / scale[:, None]},
}.items():
    masks = masking.make_masks(criteria.magnitude(weights), 0.5)
    print(f"{name:10} kept: into {masks['into'].astype(int).tolist()}", end=", ")
    print(f"out {masks['out'].astype(int).ravel().tolist()}")

# %% [markdown] covers="34" corrects="27"
# The same function, and another half is kept. So size is no property of what the network computes.
# That it works so often is because training, from the usual initial weights, does not go to such
# extremes. And |g · w|, the gradient times the weight? Scaling w by c scales its gradient by 1/c:
# the product stays. That is one reason for the criterion of the next section.

# %% [markdown]
# ## The truth, by computation
#
# What *should* a criterion say? How much the loss changes if this one weight is set to 0. That can
# be computed: set it to 0, compute the loss, put it back. For 266,200 weights it would take long;
# for a small network it takes seconds. Images of 7x7 pixels, 12 hidden units, 708 weights:


# %%
def shrunk(images):
    """Average blocks of 4x4 pixels: 28x28 becomes 7x7, in a row of 49."""
    return images.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)


x_small, y_small = shrunk(data.x_train[:2000]), data.y_train[:2000]


# %%
def small_network():
    keras.utils.set_random_seed(0)
    hidden = keras.layers.Dense(12, "relu", name="hidden")
    output = keras.layers.Dense(10, "softmax", name="output")
    model = keras.Sequential([keras.Input((49,)), hidden, output])
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy")
    return model


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


# %% [markdown]
# We look twice: *early*, after three passes over the 2,000 images, and *late*, after 300, when the
# loss on them hardly falls any more.

# %% tags=["varies"]
passes = {"early": 3, "late": 10 if quick_mode() else 300}
small, truth = {}, {}
for when, count in passes.items():
    small[when] = small_network()
    progress = Progress(f"small network, {when}", count)
    fit = {"batch_size": 100, "epochs": count, "verbose": 0, "callbacks": [progress]}
    small[when].fit(x_small, y_small, **fit)
    truth[when] = true_changes(small[when])

# %% [markdown] covers="35" corrects="18"
# ## Criteria, each in one line
#
# | criterion | score | looks at | source |
# |---|---|---|---|
# | magnitude | $\lvert w \rvert$ | the weights | Han et al. 2015 |
# | LAMP | $w^2 / \sum_{\text{not smaller}} w'^2$ | the weights of its layer | Lee et al. 2021 |
# | gradient | $\lvert g \rvert$ | the slope of the loss | the article, 3.2 |
# | Taylor | $\lvert g \, w \rvert$ | slope times distance to 0 | Molchanov et al. 2017 |
# | OBD | $\tfrac{1}{2} h \, w^2$ | curvature times distance squared | LeCun et al. 1989 |
# | SNIP | Taylor's, before training | the same | Lee et al. 2019 |
# | Wanda | $\lvert w \rvert \cdot \lVert x \rVert$ | the size of its input | Sun et al. 2024 |
# | random | chance | nothing | the control |
#
# Taylor and OBD are the first two terms of one expansion. If a weight goes from $w$ to 0, a step of
# $-w$, the loss changes by about
# $$\Delta L \approx -g \, w + \tfrac{1}{2} h \, w^2,$$
# with the slope $g$ and the curvature $h$. And the article's criterion? A small gradient *alone*
# says that a tiny step changes little; it does not say how far it is to 0. At a minimum all slopes
# of the mean loss are 0, those of the most important weights, too. **Predict**: which will be good
# early, and which late?
#
# ### Exercise 1
#
# Taylor's scores.


# %% tags=["exercise"]
def my_taylor(W, G):
    """Return the scores of weights W with gradients G."""
    # BEGIN SOLUTION
    return np.abs(W * G)
    # END SOLUTION


# %% tags=["check"]
check.taylor(my_taylor)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The first term of the expansion, and then its size.
# </details>
#
# In the package, `pruning.gradients` measures $g$ (and, of single examples, $|g|$ or $g^2$), and
# `pruning.curvature` estimates $h$ by Hutchinson's method, with products $v \cdot Hv$ of random
# signs $v$. The mean of $g^2$, the **empirical Fisher information**, is another estimate of $h$:
# cheaper, and good where the network fits its data.


# %%
def scores_of(model, x, y):
    few, samples = (30, 2) if quick_mode() else (300, 40)
    W, one = pruning.weights(model), pruning.gradients(model, x, y)
    each = {of: pruning.gradients(model, x[:few], y[:few], reduce=of) for of in ("size", "square")}
    h = pruning.curvature(model, x, y, samples=samples)
    return {
        "magnitude": criteria.magnitude(W),
        "|gradient|": criteria.gradient(each["size"]),
        "Taylor": criteria.taylor(W, one),
        "OBD, Fisher": criteria.obd(W, each["square"]),
        "OBD, Hutchinson": criteria.obd(W, h),
        "random": criteria.random(W, seed=0),
    }


def flat(arrays):
    return np.concatenate([A.ravel() for A in arrays.values()])


# %% tags=["varies"]
points = {}
for when, model in small.items():
    size = np.abs(flat(truth[when]))  # a change for the better is a change, too
    found = scores_of(model, x_small, y_small)
    points[when] = {name: (flat(scores), size) for name, scores in found.items()}
fig = plots.predicted_and_true(points, width=11)
fig.suptitle(f"what criteria say, and what is true ({data.caption}, one network)", fontsize=12)
plt.show()

# %% [markdown]
# One dot is one weight; on the line, the criterion puts it where the truth does. The number is the
# rank correlation (Spearman's). Read the two rows:
#
# - **early**, the loss has a slope, and the first-order term says most;
# - **late**, the slope is smaller, and curvature (Fisher's estimate) passes it, as LeCun et al.
#   expected of a minimum in 1989. Taylor has not lost much: a small slope is not yet a slope of 0;
# - **|gradient|**, the mean size over single images, does better than one would think. (The
#   gradient of the *mean* loss is near 0 late, that of single images is not.) It knows which inputs
#   are dark and which units are dead;
# - **magnitude**, which looks at nothing but the weight, is the worst but for chance.
#
# (The V at the left of Hutchinson's panels: weights whose curvature was estimated as *negative*. By
# the formula they should go first. The truth disagrees; an estimate is an estimate.)

# %% tags=["varies"]
ranked = {
    when: {name: np.corrcoef(*map(plots.ranks, pair))[0, 1] for name, pair in found.items()}
    for when, found in points.items()
}

# %% tags=["varies"]
print({when: {n: round(float(r), 2) for n, r in found.items()} for when, found in ranked.items()})
if not (quick_mode() or data.stand_in):  # what the text says of the full run
    assert ranked["early"]["Taylor"] == max(ranked["early"].values())
    assert ranked["late"]["OBD, Fisher"] > ranked["late"]["Taylor"]
    for found in ranked.values():
        assert sorted(found, key=found.get)[:2] == ["random", "magnitude"]

# %% [markdown]
# Note what this test is: *one* weight at a time. Pruning takes many at once, and then they change
# each other's truth. The next test is the real one.

# %% [markdown]
# ## Prune, and look
#
# LeNet-300-100, trained on the images as they are. First *what* each criterion keeps: 95 % of the
# first layer go; how many connections does each pixel have left?

# %% tags=["varies"]
model = models.lenet300(seed=0)
fit = {"batch_size": 128, "epochs": epochs, "verbose": 0}
model.fit(data.x_train, data.y_train, callbacks=[Progress("dense network", epochs)], **fit)
dense = model.get_weights()
x_some, y_some = data.x_train[:1000], data.y_train[:1000]

# %% tags=["varies"]
scores = scores_of(model, x_some, y_some)
W = pruning.weights(model)
scores["Wanda"] = criteria.wanda(W, pruning.input_norms(model, x_some))
scores["LAMP"] = criteria.lamp(W)

# %% tags=["varies"]
maps = {}
for name in ("magnitude", "Taylor", "OBD, Fisher", "Wanda", "random"):
    mask = masking.make_masks({"fc1": scores[name]["fc1/kernel"]}, 0.95)["fc1"]
    maps[name] = mask.sum(axis=1).reshape(28, 28)
fig = plots.film_strip({"95 %": maps}, "connections of a pixel")
fig.suptitle(f"what the first layer keeps ({data.caption})", fontsize=12)
plt.show()

# %% [markdown]
# Nobody told the criteria about images. Those that look at gradients or inputs leave out the black
# edge by themselves: an input that is always 0 has neither. Magnitude does not see the input. A
# weight on a pixel that is black in every image has never been trained; it still has its *initial*
# size. **Predict**: how many of these does magnitude keep, for nothing?

# %% tags=["varies"]
black = (data.x_train == 0).all(axis=0).ravel()
useless = {
    s: masking.make_masks(scores["magnitude"], s)["fc1/kernel"][black].mean()
    for s in (0.5, 0.8, 0.95)
}
for s, kept in useless.items():
    print(f"{s:.0%} of all go: kept {kept:.1%} of the weights on {black.sum()} black pixels")
if not (quick_mode() or data.stand_in):  # what the text says of the full run
    assert useless[0.5] > 1 / 3
    assert useless[0.95] == 0

# %% [markdown]
# Where half go, many: they do nothing, and stay. Where most must go, none: what is still kept there
# is larger than any initial weight. Size has not seen an image, but training has, and what it
# needed has *grown*.

# %% [markdown]
# ### Exercise 2
#
# LAMP wants one ranking for all layers, without starving any. Its score of a weight is $w^2$ over
# the sum of the squares of all weights of its layer that are not smaller (itself among them).


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

# %% [markdown]
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
# <code>rng.permutation</code> of a vector mixes its entries. A mask is a vector once it is
# flattened.
# </details>
#
# Now all of them: pruned once, all weights ranked together, *not* retrained. One network, one run.
# **Predict** the order at 90 %. Remember who knew single weights best.

# %% tags=["varies"]
levels = [0.5, 0.8, 0.9, 0.95, 0.98]


def pruned_accuracy(masks):
    model.set_weights(dense)
    pruning.attach(model, masks)
    return model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]


# %% tags=["varies"]
one_run = {
    name: [pruned_accuracy(masking.make_masks(found, s)) for s in levels]
    for name, found in scores.items()
}
magnitude = [masking.make_masks(scores["magnitude"], s) for s in levels]
one_run["shuffled"] = [pruned_accuracy(masking.shuffle(masks, seed=0)) for masks in magnitude]

# %%
order = ["magnitude", "LAMP", "|gradient|", "Taylor", "OBD, Fisher", "OBD, Hutchinson", "Wanda"]
one_run = {name: one_run[name] for name in (*order, "random", "shuffled")}

# %% tags=["varies"]
ax = plots.curves(one_run, levels, plt.subplots(figsize=(9, 4.2))[1])
ax.set(ylabel="validation accuracy", title=f"pruned once, not retrained ({data.caption}, one run)")
plots.by_compression(levels, ax)
ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
plt.show()

# %% [markdown]
# ## And after retraining?
#
# What counts is the network at the end. Five seeds, measured once by
# `python benchmarks/criteria_compared.py` on MNIST and kept with the course: each pruned network of
# one seed comes from the same dense one, and is retrained for one pass over 20,000 images with its
# mask held. **Predict**: do the differences grow or shrink?

# %%
table = recorded.rows("criteria_compared")
names = list(dict.fromkeys(row["network"] for row in table))[1:]
seeds = sorted({row["seed"] for row in table})


# %%
def runs(network, value, sparsity):
    mine = (row for row in table if row["network"] == network and row["sparsity"] == sparsity)
    return np.array([row[value] for row in mine])


# %%
def by_level(network, value):
    return np.array([runs(network, value, s) for s in levels]).T


# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True)
for ax, value in zip(axes, ("pruned", "retrained"), strict=True):
    plots.curves({name: by_level(name, value) for name in names}, levels, ax)
    plots.by_compression(levels, ax)
    ax.set_title(f"{value} (MNIST, {len(seeds)} seeds, ±1 sd)")
    ax.legend().remove()
axes[0].set_ylabel("validation accuracy")
axes[1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
plt.show()

# %%
print(f"{'':16} pruned 90 %   retrained 90 %       retrained 98 %")
for name in names:
    shown = [
        runs(name, *which) for which in (("pruned", 0.9), ("retrained", 0.9), ("retrained", 0.98))
    ]
    print(f"{name:16}", *(f"{a.mean():7.2%} ± {a.std(ddof=1):6.2%}" for a in shown))

# %%
whole = runs("dense", "retrained", 0.0)
print(f"{'dense':16} {'':16} {whole.mean():7.2%} ± {whole.std(ddof=1):6.2%}")

# %% [markdown]
# What the next cell holds the text to, then the text:

# %%
best = {s: max(runs(n, "retrained", s).mean() for n in names) for s in levels}
spread = {
    value: {s: np.ptp([runs(n, value, s).mean() for n in names[:-2]]) for s in levels}
    for value in ("pruned", "retrained")
}

# %%
size = {value: runs("magnitude", value, 0.9) for value in ("pruned", "retrained")}
assert names[-2:] == ["random", "shuffled"]
for value in size:
    for name in ("Taylor", "OBD, Fisher", "OBD, Hutchinson", "random", "shuffled"):
        assert (runs(name, value, 0.9) < size[value]).all()
for s in (0.8, 0.9):
    assert spread["retrained"][s] < spread["pruned"][s] / 4
    assert runs("|gradient|", "retrained", s).mean() < runs("shuffled", "retrained", s).mean()
assert (runs("|gradient|", "retrained", 0.9) < runs("shuffled", "retrained", 0.9)).all()
assert runs("|gradient|", "retrained", 0.9).mean() < runs("random", "retrained", 0.9).mean()

# %%
alike = ("magnitude", "LAMP", "Taylor", "OBD, Fisher", "Wanda")
assert np.ptp([runs(name, "retrained", 0.5).mean() for name in alike]) < 0.001
assert runs("random", "retrained", 0.5).mean() > best[0.5] - 0.02
gain = {n: runs(n, "retrained", 0.98) - runs("shuffled", "retrained", 0.98) for n in names}
assert (gain["LAMP"] > gain["magnitude"]).all()
assert (gain["Wanda"] < 0).all()
assert all(gain[name].min() < 0 < gain[name].max() for name in ("Taylor", "OBD, Fisher"))

# %% [markdown] covers="35 83" corrects="18"
# - Surprise: **the order is turned round.** Taylor and OBD, which knew single weights best, lose to
#   plain size with every seed, before retraining and after; size had known single weights worst.
#   What an expansion says holds for one small step from where the network is. To take out 90 % at
#   once is no small step, and the weights that go change each other's truth. (Their papers prune
#   little by little, and measure the scores anew in between.)
# - **The gradient alone loses to a shuffled mask** at 80 % by the mean, at 90 % with every seed;
#   there it is no better than random scores either. It takes large weights as gladly as small ones.
#   The article's second criterion is beaten by chance.
# - **Retraining levels most of it**: what is missing after the cut is largely learned again. At
#   50 % size, LAMP, Taylor, Fisher and Wanda cannot be told apart (their means differ by less than
#   0.1 point), and chance is nearly as good. A method that is only shown there shows nothing.
# - **At 98 % the controls come close**: Wanda loses to the shuffled mask with every seed, Taylor
#   and Fisher with some. (The shuffled mask shares the zeros among the layers as *size* did.)
# - Size beats its own shuffled mask at 90 % with every seed: on a trained network the *places*
#   matter. (For masks chosen *before* training Frankle et al. 2021 found that shuffling costs
#   nothing. That is another case.)
# - LAMP, which is size again with another way to share among layers, is ahead where most is gone.
# - Five seeds, one small dense network, one pass of retraining: an order in general does not
#   follow. But Gale et al. (2019) found at scale, too, that plain magnitude is hard to beat.

# %% [markdown]
# ## The other choice: what goes together
#
# Same criterion, magnitude; now the **granularity** changes. A *kernel* is one 5x5 patch, a
# *filter* all that makes one output channel, a *channel* all that reads one input channel; of a
# dense layer a single weight, all that enters one unit, all that leaves one input. LeNet-5, layer
# by layer, not retrained. Two layers stay whole: a unit of the last one is a digit, and the first
# has a single input channel, the image. Asked for 70 % of its channels, `round(0.7)` of one is one,
# and the network is blind. **Predict** the order:

# %% tags=["varies"]
lenet = models.lenet5(seed=0)
lenet.fit(data.x_train, data.y_train, callbacks=[Progress("LeNet-5", epochs)], **fit)
lenet_dense, sizes = lenet.get_weights(), criteria.magnitude(pruning.weights(lenet))

# %%
steps = [0.3, 0.7] if quick_mode() else [0.1, 0.3, 0.5, 0.7, 0.9]
inner = {name: sizes[name] for name in ("conv2/kernel", "fc1/kernel")}


def structured_accuracy(granularity, sparsity):
    lenet.set_weights(lenet_dense)
    pruning.detach(lenet)
    pruning.attach(lenet, masking.make_masks(inner, sparsity, "layer", granularity))
    return lenet.evaluate(data.x_val[:5000], data.y_val[:5000], batch_size=1000, verbose=0)[1]


# %% tags=["varies"]
coarse = {
    kind: [structured_accuracy(kind, s) for s in steps]
    for kind in ("weight", "kernel", "filter", "channel")
}

# %% tags=["varies"]
ax = plots.curves(coarse, steps)
ax.set(xlabel="sparsity of conv2 and of fc1", ylabel="validation accuracy")
ax.set_title(f"the coarser, the earlier ({data.caption}, one run)")
plt.show()

# %% [markdown]
# The coarser the structure, the more good weights go with the bad ones. (Which of filter and
# channel is the worse depends on the sparsity: their lines cross.) Why would one want it?
# Because only whole filters can be *taken out*: that is lesson 09. In between lie patterns that
# special hardware likes: of every 4 inputs 2 (Mishra et al. 2021), or whole blocks.

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

# %% [markdown]
# Half of the weights is gone in each. On the processor under your hands none of the first three is
# any faster; lesson 13 measures it.

# %% [markdown]
# ## What to remember
#
# - The truth about one weight can be computed. Hold criteria against it before you believe them.
# - For one weight the slope tells on the way (Taylor), at a minimum the curvature (OBD).
# - For many weights at once that does not carry over. Size is no property of the function, knows
#   single weights badly, and is still hard to beat after ordinary training. The gradient alone is
#   no criterion.
# - Random and shuffled masks belong beside every comparison, and it is made *after* retraining,
#   with several seeds, at more than one sparsity.
#
# ## What to read
#
# - Y. LeCun, J. S. Denker, S. A. Solla (1989), *Optimal Brain Damage*, NIPS 2: curvature.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017), *Pruning Convolutional Neural
#   Networks for Resource Efficient Inference*, arXiv 1611.06440: Taylor's criterion for filters.
#   (The article cites it under a wrong title, with wrong authors.)
# - T. Gale, E. Elsen, S. Hooker (2019), *The State of Sparsity in Deep Neural Networks*, arXiv
#   1902.09574: magnitude against cleverer methods, at scale.
# - J. Frankle, G. K. Dziugaite, D. M. Roy, M. Carbin (2021), *Pruning Neural Networks at
#   Initialization: Why are We Missing the Mark?*, arXiv 2009.08576: shuffled masks.
# - J. Lee, S. Park, S. Mo, S. Ahn, J. Shin (2021), *Layer-adaptive Sparsity for the Magnitude-based
#   Pruning*, arXiv 2010.07611: LAMP.
