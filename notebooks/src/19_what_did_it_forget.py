# %% [markdown]
# # 19 · What did it forget?
#
# **The question: two networks have the same accuracy. Are they the same?**
#
# About 60 minutes, and an open task. Before this: [05 · Prune and
# retrain](05_prune_and_retrain.ipynb) and [06 · How much to prune](06_how_much.ipynb).
#
# Chinese terms: calibration 校准, confidence 置信度, expected calibration error 期望校准误差,
# exemplar 样例, subgroup 子群, distribution shift 分布偏移, robustness 鲁棒性, generalization 泛化,
# interpretability 可解释性, control experiment 对照实验.

# %% [markdown]
# ## What you will be able to do
#
# - break an accuracy down: by class, by image, by confidence, by the quality of the image;
# - separate what pruning did from what another seed would have done, too;
# - measure calibration, and repair it with one number;
# - turn "pruning makes networks interpretable" into numbers, with controls.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, pruning
from course_utils.backend import keras
from course_utils.lessons import forgetting, networks, plots, recorded
from course_utils.lessons.checks import what_did_it_forget as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
predict = Predictions("19_what_did_it_forget")

# %% tags=["varies"]
full = load_mnist()
data = full.head(1_000, held_out=1_000) if quick_mode() else full.head(20_000)
data

# %% [markdown]
# ## Two networks
#
# A small CNN, trained already (`course_utils/lessons/networks.py`). Of one copy 95 % of the weights
# are pruned by size, and it trains for two more epochs with the mask held. The control trains for
# as long with nothing pruned.

# %% tags=["varies"]
TRAIN = False  # True: train the first network here, about two minutes
start = networks.train("article_cnn") if TRAIN else networks.trained("article_cnn", full)


def trained_on(label, masks=None):
    model = keras.models.clone_model(start)
    model.set_weights(start.get_weights())
    model.compile_from_config(start.get_compile_config())
    if masks:
        pruning.attach(model, masks)
    progress = Progress(label, 2)
    if not quick_mode():
        model.fit(data.x_train, data.y_train, 128, 2, verbose=0, callbacks=[progress])
    return model


# %% tags=["varies"]
masks = masking.make_masks(criteria.magnitude(pruning.weights(start)), 0.95)
dense, pruned = trained_on("dense, longer"), trained_on("95 % pruned", masks)
assert masking.sparsity(pruning.weights(pruned)) > 0.9499


# %% [markdown]
# For each validation image a network gives ten probabilities. (± is the standard error of a share
# of so many images.)


# %% tags=["varies"]
def probabilities(model, x):
    parts = np.array_split(x, -(-len(x) // 1000))  # not too many at once
    return np.concatenate([np.asarray(model(part)) for part in parts])


p = {name: probabilities(m, data.x_val) for name, m in {"dense": dense, "pruned": pruned}.items()}
said, y = {name: values.argmax(axis=1) for name, values in p.items()}, data.y_val
for name in said:
    right = np.mean(said[name] == y)
    print(f"{name:6} {right:.2%} ± {np.sqrt(right * (1 - right) / len(y)):.2%}, {data.caption}")

# %% [markdown] covers="95" corrects="36"
# "95 % of the weights removed, hardly anything lost" is how such a result is told. Predict:

# %% tags=["varies"]
two = predict("On what share of the images do the two differ?", ..., unit="%")

# %% tags=["varies"]
other = said["dense"] != said["pruned"]
two.was(round(100 * other.mean(), 2))
print(f"different answers: {other.sum()} of {len(y):,} images, of these")
print(f"  only dense is right:  {np.sum(other & (said['dense'] == y))}")
print(f"  only pruned is right: {np.sum(other & (said['pruned'] == y))}")

# %% [markdown]
# Accuracy shows the difference of the last two numbers, and hides their sum: gains and losses
# partly cancel. Had pruning done no harm, the two would be about equal.
#
# ### The control
#
# But is that pruning's doing? One run cannot tell. `benchmarks/what_it_forgot.py` trained ten dense
# networks on MNIST, not as long as ours, pruned five of them, and kept their answers to the 10,000
# test images. Nothing was chosen on them. We look at five kinds:
#
# | | networks | what it is |
# |---|---|---|
# | dense | 10 | trained on for two epochs, nothing pruned |
# | 95 % pruned | 5 | by size, and two epochs with the mask |
# | 98 % pruned | 5 | the same with more pruned |
# | 90 % random | 5 | a control: not even as sparse, but at random places |
# | early | 10 | a control: the dense network after one epoch, not pruned |

# %%
table, kept = recorded.rows("what_it_forgot"), recorded.arrays("what_it_forgot")
kinds = {
    "dense": ("dense, longer", 0.0),
    "95 % pruned": ("pruned", 0.95),
    "98 % pruned": ("pruned", 0.98),
    "90 % random": ("random mask", 0.9),
    "early": ("dense, early", 0.0),
}
order = [(row["network"], row["sparsity"]) for row in table if row["seed"] == 0]


def column(name, key):
    """Return a value for each seed."""
    return np.array([r[key] for r in table if (r["network"], r["sparsity"]) == kinds[name]])


places = {name: order.index(kind) for name, kind in kinds.items()}
answers = {
    name: np.array([a[:, i] for a in kept.values() if a.shape[1] > i]) for name, i in places.items()
}

# %% [markdown]
# Two dense networks differ in nothing but the seed. Predict:

# %%
seeds = predict("On what share of the images do *they* disagree?", ..., unit="%")


# %%
def disagreement(name):
    """Return, for each pair of different seeds, the share of images answered differently."""
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    return [np.mean(answers["dense"][i] != answers[name][j]) for i, j in pairs]


fig, axes = plt.subplots(1, 2, figsize=(11, 2.6), sharey=True)
plots.spread({name: 1 - column(name, "test_accuracy") for name in kinds}, axes[0])
axes[0].set_title("test error (a dot: a seed)")
plots.spread({name: disagreement(name) for name in kinds}, axes[1])
axes[1].set_title("answers unlike those of another dense network")
plt.show()
apart = {name: np.mean(disagreement(name)) for name in kinds}
error = {name: 1 - column(name, "test_accuracy").mean() for name in kinds}
seeds.was(round(100 * apart["dense"], 2))
print(f"dense against 95 % pruned: {apart['95 % pruned']:.2%}")
assert abs(error["95 % pruned"] - error["dense"]) < 0.001
assert abs(apart["95 % pruned"] - apart["dense"]) < 0.002
assert 0.0155 < np.mean(answers["dense"][:5] != answers["95 % pruned"]) < 0.0165

# %% [markdown]
# Two dense networks of different seeds disagree just as much as a dense one and a 95 % pruned one.
# So *how many* answers differ says little about pruning: another seed changes as many. (Ours share
# a start; recorded pairs that do differ on 1.6 %.) Look at the balance, too: the recorded pairs
# lost about as many images as they won. Did ours?

# %% [markdown]
# ## Digit by digit
#
# ### Exercise 1
#
# What share of the images of each digit is answered wrongly?


# %% tags=["exercise"]
def my_class_errors(predicted, labels):
    """Return ten errors, one for each digit; `predicted` and `labels` hold a digit an image."""
    # BEGIN SOLUTION
    return np.array([np.mean(predicted[labels == digit] != digit) for digit in range(10)])
    # END SOLUTION


# %% tags=["check"]
check.errors_by_class(my_class_errors)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>labels == 3</code> is True for the images of a 3. Among those, how many answers are not 3?
# </details>
#
# Our two networks, with 95 % intervals (Wilson 1927):

# %% tags=["varies"]
series = {}
for name in said:
    counts = forgetting.confusion(said[name], y)
    wrong, total = counts.sum(axis=1) - np.diag(counts), counts.sum(axis=1)
    low, high = forgetting.wilson(wrong, total)
    series[name] = (low, wrong / total, high)
plots.by_class(series).set_title(f"one run, validation images, {data.caption}")
plt.show()

# %% [markdown]
# The intervals are wide, since errors are few. Now the recorded networks, a dot for each. Does
# every digit lose alike?


# %%
def by_digit(name):
    return np.array([column(name, f"error {digit}") for digit in range(10)]).T  # (seeds, 10)


shown = {name: by_digit(name) for name in ("dense", "95 % pruned", "98 % pruned")}
plots.seeds_by_class(shown).set_title("MNIST test images (recorded)")
plt.show()

# %% [markdown]
# From seed to seed a dense network's error on a digit varies: its standard deviation is about a
# quarter of its mean, or more. So we pair each pruned network with the dense one of its seed. On
# which digits is the mean change beyond $t = 2.78$ standard errors, the 95 % limit for five pairs?


# %%
def changed(name, key):
    """Return the mean change against the dense network of the same seed, and its error."""
    difference = column(name, key) - column("dense", key)[: len(column(name, key))]
    return difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))


for name in ("95 % pruned", "98 % pruned"):
    changes = {digit: changed(name, f"error {digit}") for digit in range(10)}
    clear = [f"{d}: {c:+.1%}" for d, (c, se) in changes.items() if abs(c) > 2.78 * se]
    mean = -changed(name, "test_accuracy")[0]
    print(f"{name}: error {mean:+.2%} in all; clearly changed: {', '.join(clear) or 'no digit'}")
assert (by_digit("dense").std(axis=0, ddof=1) > 0.24 * by_digit("dense").mean(axis=0)).all()

# %% [markdown]
# (Ten digits are ten chances to be fooled: one in twenty would pass this limit by luck.) At 98 %
# the loss is not shared alike. The 7 loses three times the mean; the 0, the 1 and the 8, nothing
# that could be seen.

# %%
change = np.array([changed("98 % pruned", f"error {digit}")[0] for digit in range(10)])
early = np.array([changed("early", f"error {digit}")[0] for digit in range(10)])
mean = -changed("98 % pruned", "test_accuracy")[0]
assert 2.5 < change[7] / mean < 3.5
assert (change[[0, 1, 8]] < 0).all()
assert early.argmax() == 5
print("digit ", *(f"{digit:6}" for digit in range(10)))
print("98 %  ", *(f"{value:+6.1%}" for value in change))
print("early ", *(f"{value:+6.1%}" for value in early))

# %% [markdown]
# Nor is it just what *any* weaker network gets wrong: the early network loses most at the 5 (the 7
# is second), and the 8, which pruning spared, costs it four points.
#
# ### Groups without a name
#
# Classes are groups that somebody labelled. In medicine one would ask about age, sex or scanner.
# MNIST has groups that nobody labelled, such as people who write with a thin pen. Sorted by ink,
# into quarters from least to most:

# %% tags=["varies"]
if not data.stand_in:  # the recorded answers are about MNIST's test images
    ink = full.x_test.mean(axis=(1, 2, 3))
    quarter = np.searchsorted(np.quantile(ink, [0.25, 0.5, 0.75]), ink)
    wrong = {name: answers[name] != full.y_test for name in kinds}
    parts = {
        n: np.array([w[:, quarter == q].mean(axis=1) for q in range(4)]).T for n, w in wrong.items()
    }
    for name in ("dense", "98 % pruned", "90 % random"):
        print(f"{name:12}", *(f"{e.mean():5.1%} ± {e.std(ddof=1):.1%}  " for e in parts[name].T))
    lost = 100 * (parts["98 % pruned"] - parts["dense"][:5])  # pairs of the same seed
    print("98 % loses  ", *(f"{e.mean():+.2f} points   " for e in lost.T))
    thick = lost[:, 3] - lost[:, :3].mean(axis=1)
    print("thickest minus the others, pair by pair:", *(f"{value:+.2f}" for value in thick))
    assert lost.mean(axis=0).argmin() == 3
    assert (lost.argmin(axis=1) == 3).sum() == 4
    within = np.zeros_like(quarter)  # the quarter among the images of the same digit
    for same in (full.y_test == digit for digit in range(10)):
        within[same] = np.searchsorted(np.quantile(ink[same], [0.25, 0.5, 0.75]), ink[same])
    more = wrong["98 % pruned"].astype(int) - wrong["dense"][:5]
    lost = np.array([more[:, within == q].mean(axis=1) for q in range(4)]).T
    assert (lost.argmin(axis=1) == 3).sum() == 3
    assert (lost.argmax(axis=1) == 0).sum() == 4

# %% [markdown] corrects="20"
# The quarter with most ink loses least, in four of five pairs. (Five pairs are too few to be sure.
# And part of it is digits: this quarter has hardly a 1, and many a 0. With quarters made within
# each digit it loses least in three pairs, and the quarter with *least* ink loses most in four.)
#
# How many cases are needed to see such a thing? Suppose the error of a group doubles, from 2 % to
# 4 %. The intervals that we would report:

# %%
for n in (50, 200, 1000, 4000):
    (a, b), (c, d) = (forgetting.wilson(round(e * n), n) for e in (0.02, 0.04))
    told = "apart" if b < c else "overlap"
    print(f"{n:5} cases: {a:.1%} to {b:.1%}, and {c:.1%} to {d:.1%}: {told}")

# %% [markdown]
# A test set with 50 patients of a group says little about it. "No loss of accuracy" may then only
# mean that the sample is too small. (Intervals that just overlap can still hide a clear difference;
# paired differences see more.)

# %% [markdown]
# ## Image by image
#
# Hooker et al. (2019) ask which images pruning changes, and answer the problem of luck with
# *populations*. The **modal** label is the one that most networks of a group give. An image is a
# **pruning-identified exemplar** if the modal labels of dense and of pruned networks differ.
#
# ### Exercise 2
#
# Which images are exemplars? (Of labels that are given equally often, take either.)


# %% tags=["exercise"]
def my_exemplars(dense, pruned):
    """Return True for each image that is an exemplar; both are (networks, images) of labels."""

    # BEGIN SOLUTION
    def modal(labels):
        return np.argmax([(labels == digit).sum(axis=0) for digit in range(10)], axis=0)

    return modal(dense) != modal(pruned)
    # END SOLUTION


# %% tags=["check"]
check.lost_images(my_exemplars)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Count the votes for each digit, image by image: <code>(labels == 3).sum(axis=0)</code>. Which
# digit has most? Then compare the two groups. The true label is not needed.
# </details>
#
# The control again: two groups of five *dense* networks have different majorities on some images,
# too. `by_chance` draws such groups from the ten.

# %%
others = answers["dense"][5:]  # seeds that no pruned network comes from
chance = forgetting.by_chance(answers["dense"], size=5, draws=200)
groups = [name for name in kinds if name != "dense"]
found = {name: forgetting.exemplars(others, answers[name][:5]) for name in groups}
ax = plt.subplots(figsize=(7, 3))[1]
ax.bar(groups, [found[name].sum() for name in groups], color=plots.BLUE, width=0.6)
ax.axhspan(chance.min(), chance.max(), color=plots.GREY, alpha=0.4)
ax.text(3.55, chance.mean(), "two dense\ngroups", color=plots.GREY, va="center")
ax.set(ylabel="exemplars of 10,000 images", xlim=(-0.5, 3.5))
plt.show()
print(f"two dense groups: {chance.mean():.0f} ({chance.min()} to {chance.max()})")
assert 2 * chance.mean() > found["98 % pruned"].sum() > chance.max()
assert chance.max() > found["95 % pruned"].sum() > 100
assert found["early"].sum() > 2 * found["98 % pruned"].sum()

# %% [markdown]
# Without the grey band we would have reported more than a hundred "images that pruning forgot" at
# 95 %. Two groups of dense networks can differ on as many. At 98 % there are more than in any draw,
# but most of them would come without pruning, and the early networks, never pruned, have more
# than twice as many. Here are exemplars of 98 %: the first of the file, then those on which both
# groups agreed most among themselves.

# %% tags=["varies"]
most, lost = answers["98 % pruned"], found["98 % pruned"]
before, after = forgetting.modal(others), forgetting.modal(most)
votes = (others == before).sum(axis=0) + (most == after).sum(axis=0)
picks = {
    "the first": np.flatnonzero(lost)[:12],
    "most votes": np.argsort(-votes * lost, kind="stable")[:12],
}
for title, chosen in picks.items() if not data.stand_in else ():
    texts = [f"{full.y_test[i]}: {before[i]}→{after[i]}" for i in chosen]
    ax = plots.images(full.x_test[chosen], texts, plt.subplots(figsize=(12, 1.5))[1])
    ax.set_title(f"{title} (true: dense majority→98 % majority)", fontsize=11, pad=10)
    plt.show()

# %%
agreed = (answers["dense"] == forgetting.modal(answers["dense"])).mean(axis=0)
doubtful = [(agreed[group] < 1).mean() for group in (lost, ~lost)]
print(f"dense networks disagree among themselves on {doubtful[0]:.0%} of the exemplars,", end=" ")
print(f"and on {doubtful[1]:.1%} of the other images")
assert doubtful[0] > 10 * doubtful[1]

# %% [markdown]
# Mostly digits that a person can read, oddly written. What was forgotten was mostly never well
# known. So exemplars have a use that needs no claim about pruning: show them to a person first, and
# look for wrong labels.

# %% [markdown]
# ## How sure?
#
# A network that says "98 %" should be right in 98 of 100 such cases. Then it is **calibrated**, and
# its doubts can be used, for instance to ask a person. Sort the answers by confidence into bins,
# and compare in each bin the mean confidence with the accuracy. The mean gap, each bin weighted by
# its share of the answers, is the **expected calibration error**, ECE (Guo et al. 2017).
#
# ### Exercise 3
#
# Compute it, with `bins` bins of equal width from 0 to 1.


# %% tags=["exercise"]
def my_ece(confidence, right, bins):
    """Return the error; `confidence` is between 0 and 1, `right` is True for right answers."""
    # BEGIN SOLUTION
    place = np.ceil(confidence * bins)
    inside = [place == one for one in np.unique(place)]
    return sum(i.mean() * abs(right[i].mean() - confidence[i].mean()) for i in inside)
    # END SOLUTION


# %% tags=["check"]
check.calibration_error(my_ece)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>np.ceil(confidence * bins)</code> is the number of the bin. Go through the bins that occur,
# and for each add (share of the answers) times (size of the gap).
# </details>
#
# Our two networks. Below the diagonal a network is too sure, above it not sure enough; the larger a
# mark, the more answers in its bin.

# %% tags=["varies"]
bins = {name: forgetting.reliability(values, y) for name, values in p.items()}
plots.reliability(bins).set_title(f"one run, validation images, {data.caption}", fontsize=11)
plt.show()

# %% [markdown]
# The recorded networks, and the same after a repair: one number $T$, the **temperature**, fitted on
# validation images, divides all outputs before the softmax. $T > 1$ makes a network less sure.

# %%
panels = {"ece": "ECE", "ece_tempered": "ECE at the best T", "temperature": "best T"}
fig, axes = plt.subplots(1, 3, figsize=(10, 2.6), sharey=True)
for ax, (key, title) in zip(axes, panels.items(), strict=True):
    plots.spread({name: column(name, key) for name in kinds}, ax).set_title(title)
axes[1].set_xlim(axes[0].get_xlim())
axes[2].xaxis.set_major_formatter("{x:.2g}")
axes[2].axvline(1, color=plots.GREY, linewidth=1)
plt.show()

# %% tags=["varies"]
luck = forgetting.ece_if_calibrated(p["dense"], draws=20).mean()
print(f"ECE of a calibrated network, on so many images: about {luck:.2%}, by luck alone")
ece = {name: column(name, "ece").mean() for name in kinds}
assert ece["98 % pruned"] > 5 * ece["dense"]
assert column("98 % pruned", "temperature").max() < 1 < column("dense", "temperature").min()
assert column("98 % pruned", "ece_tempered").mean() < 1.5 * column("dense", "ece_tempered").mean()

# %% [markdown]
# The dense networks are nearly calibrated, a little too sure ($T > 1$). The more is pruned, the
# *less* sure they get, until they are right more often than they say. One number repairs it: at its
# best temperature a pruned network is calibrated about as well as a dense one.
#
# Is it pruning? The random mask and the early network are unsure as well. All fit their training
# images less closely. Where a dense network is too sure, the same push can help: Mitra et
# al. (2024) found that pruning *improves* calibration. Compare our own two in *The last look*.

# %% [markdown] covers="14" corrects="7"
# ## Worse images
#
# Is a pruned network more robust? Against what? Five ways to spoil an image, each in five steps:

# %% tags=["varies"]
steps = {
    kind: np.concatenate([forgetting.corrupt(data.x_val[:1], kind, s) for s in range(6)])
    for kind in forgetting.KINDS
}
plots.digit_rows(steps).set_title("severity 0 to 5")
plt.show()

# %% [markdown]
# Here is the difference from the dense network of the same seed, at severity 3, on 1,000 images. A
# dot is a pair, the bar the 95 % interval of the mean:

# %%
fig, axes = plt.subplots(1, 5, figsize=(10, 2.4), sharey=True)
for ax, kind in zip(axes, forgetting.KINDS, strict=True):
    pairs = {
        n: column(n, f"{kind} 3") - column("dense", f"{kind} 3")[: len(column(n, f"{kind} 3"))]
        for n in groups[:3]
    }
    plots.paired({name: 100 * values for name, values in pairs.items()}, ax=ax)
    ax.set_title(kind)
    ax.locator_params(axis="x", nbins=3)
fig.supxlabel("points of accuracy", fontsize=12)
plt.show()

# %% [markdown] covers="14" corrects="7"
# It depends on the kind:
#
# - **blur**: the 95 % pruned networks held better, in all five pairs. But so did the random masks,
#   and on average the early networks (not drawn): pruning need not be what helped.
# - **noise, contrast**: pruned pairs lie far apart, mostly on both sides of zero. With 98 % pruned
#   all five are better under noise, yet the interval reaches zero.
# - **shift, rotation**: nothing to be seen.
# - The **random mask** is worse everywhere but under blur.
#
# Mitra et al. (2024) saw robustness grow with pruning; Liebenwein et al. (2021) found that less can
# be pruned when data shift.
#
# <details><summary>What the article says</summary>
#
# Pruning improves robustness (1.1), and may lower generalization (FAQ 5). It measures neither.
# [coverage](../docs/coverage.md)
# </details>


# %%
def interval(name, key):
    change, se = changed(name, key)
    return change - 2.78 * se, change + 2.78 * se


assert interval("95 % pruned", "blur 3")[0] > 0
assert interval("90 % random", "blur 3")[0] > 0
assert changed("early", "blur 3")[0] > 0
for name, key in (("95 % pruned", "blur 3"), ("90 % random", "blur 3"), ("98 % pruned", "noise 3")):
    assert (column(name, key) > column("dense", key)[:5]).all()
for key in ("noise 3", "shift 3", "rotation 3", "contrast 3"):
    assert interval("90 % random", key)[1] < 0
    for name in ("95 % pruned", "98 % pruned"):
        low, high = interval(name, key)
        assert low < 0 < high, (name, key)
for kind in ("blur", "shift", "rotation"):
    assert interval("98 % pruned", f"{kind} 1")[1] < 0
    assert -0.013 < changed("98 % pruned", f"{kind} 1")[0]
assert interval("95 % pruned", "blur 5")[0] > 0
assert interval("90 % random", "blur 5")[0] > 0
assert 0 < interval("95 % pruned", "shift 5")[0] < changed("95 % pruned", "shift 5")[0] < 0.01

# %% [markdown]
# (Of the ten intervals of pruned networks one misses zero. One in twenty would do so by luck.) At
# severity 1 the 98 % networks are worse under blur, shift and rotation, by about a point, against
# 0.6 on clean images. At 5 the 95 % networks hold better under blur again, as do the random masks,
# and under shift, by less than a point.

# %% [markdown] covers="106"
# ## Does it generalize?
#
# The **generalization gap** is the accuracy on training images minus that on new ones.

# %%
gap = {name: column(name, "train_accuracy") - column(name, "test_accuracy") for name in kinds}
parts = {"training images": "train_accuracy", "test images": "test_accuracy"}
fig, axes = plt.subplots(1, 3, figsize=(10, 2.6))
for ax, (title, key) in zip(axes, parts.items(), strict=False):
    plots.spread({name: column(name, key) for name in kinds}, ax).set_title(title)
plots.spread(gap, axes[2]).set_title("gap")
for ax in axes[1:]:
    ax.set_yticklabels([])
plt.show()
assert gap["98 % pruned"].mean() < 0.6 * gap["dense"].mean()
assert error["98 % pruned"] > error["dense"] + 0.004

# %% [markdown] covers="106" corrects="53"
# The gap shrinks with sparsity. Is that better generalization? At 98 % the *training* images are
# answered worse, and new ones, too. The early network and the random mask have small gaps as well,
# and are the worst networks here. A small gap is no virtue: look at the accuracy on new images.

# %% [markdown] covers="14 85 97 101" corrects="8"
# ## Looking inside
#
# <details><summary>What the article says</summary>
#
# Both: pruning "reveals the important connections and neurons" and so makes a network more
# interpretable (1.1), and "pruned models are usually more complex", so that interpretability has to
# be kept (7.2, 9.3). Neither holds in the senses that are measured below: weights and paths get
# fewer, but units and reasons no clearer. [coverage](../docs/coverage.md)
# </details>
#
# Does pruning show what a network looks at? Han et al. (2015, figure 4) drew the weights that the
# first layer of LeNet-300-100 has left, *pixel* by pixel. Could you have had such a picture
# *without* pruning? And without any network?

# %% tags=["varies"]
mlp = networks.trained("lenet300", full)
W = pruning.weights(mlp)
left = masking.make_masks(criteria.magnitude(W), 0.9)["fc1/kernel"].sum(axis=1).reshape(28, 28)
strength = np.abs(W["fc1/kernel"]).sum(axis=1).reshape(28, 28)
varies = data.x_train.std(axis=0)[..., 0]  # how much a pixel varies from image to image
sources = {
    "90 % pruned: weights left": left,
    "dense: sum of |w|": strength,
    "no network: sd of the pixel": varies,
}
above = {name: m - m.min() for name, m in sources.items()}
plots.film_strip({"": {name: m / m.mean() for name, m in above.items()}}, "times the mean")
plt.show()
r = np.corrcoef(left.ravel(), strength.ravel())[0, 1]
print(f"weights left, and sums of |w| before pruning: correlation {r:.2f}")

# %% [markdown] covers="101"
# The map is that of the large weights, which was there before pruning. (Without a network one gets
# the empty margin, not the pattern.)
#
# "Interpretable" is no quantity, so `benchmarks/what_it_shows.py` measured what *could* be meant,
# in five seeds of LeNet-300-100, with a random mask as a control:
#
# - *There is less to look at*: `paths` from a pixel to an output.
# - *A unit stands for something*: `selectivity` of the units of fc1, from 0, no digit is preferred,
#   to 1, one digit only (Morcos et al. 2018).
# - *The reasons are the same in the next network*: `saliency_agreement`, the correlation between
#   seeds of the size of the gradient of an answer, pixel by pixel (Simonyan et al. 2014).
# - *The map shows what matters*: accuracy with 100 pixels made black: those largest in the map
#   (`without_map`), those that vary most (`without_ink`), or some by chance (`without_any`).

# %%
shows = recorded.rows("what_it_shows")
sparse = {"90 %": ("pruned", 0.9), "98 %": ("pruned", 0.98), "dense": ("dense, longer", 0.0)}
sparse |= {"90 % random": ("random mask", 0.9), "98 % random": ("random mask", 0.98)}


def measured(name, key):
    return np.array([r[key] for r in shows if (r["network"], r["sparsity"]) == sparse[name]])


def cell(name, key):
    mean, sd = measured(name, key).mean(), measured(name, key).std(ddof=1)
    return f"{mean:,.0f}" if mean >= 1000 else f"{mean:.3g} ± {sd:.1g}"


keys = ("paths", "selectivity", "saliency_agreement", "without_any", "without_map", "without_ink")
names = ("dense", "90 %", "98 %", "90 % random", "98 % random")
print(f"{'':20}", *(f"{name:>15}" for name in names))
for key in keys:
    print(f"{key:20}", *(f"{cell(name, key):>15}" for name in names))


# %%
def cost(name, key):
    """Return by how many points more than 100 pixels by chance these 100 pixels cost."""
    return 100 * (measured(name, "without_any") - measured(name, key)).mean()


for name in ("90 %", "98 %"):
    print(
        f"{name}: beyond chance, the map's 100 pixels cost {cost(name, 'without_map'):.1f} points,"
    )
    print(f"      the 100 that vary most {cost(name, 'without_ink'):.1f}")
    assert 0 < cost(name, "without_map") < cost(name, "without_ink")
    assert cost(f"{name} random", "without_map") > cost(name, "without_map")
for name in ("98 %", "98 % random"):
    assert measured(name, "paths").max() < 0.001 * measured("dense", "paths").min()
for key in ("selectivity", "saliency_agreement"):
    assert (measured("90 %", key) < measured("dense", key)).all()
    assert (measured("98 %", key) < measured("90 %", key)).all()

# %% [markdown] covers="85 101" corrects="8"
# - *Less to look at*: of course, and with the random mask as well.
# - *A unit stands for something*: less than before, in every seed.
# - *The same reasons in the next network*: less than before, in every seed.
# - *The map shows what matters*: something. Its pixels cost more than chance ones, but those that
#   vary most, for which no network is needed, cost more still; and with a random mask the map's
#   cost more than with a chosen one.
#
# Mind the limits: one task, one architecture, four measures. Whether a *person* understands a
# network better, only people can tell. A mask says for certain what is **not** used, and not much
# more.

# %% [markdown]
# ## The last look
#
# The test set, once, for the two networks of this lesson:

# %% tags=["varies"]
for name, model in {"dense": dense, "95 % pruned": pruned}.items():
    values = probabilities(model, data.x_test)
    errors = forgetting.class_errors(values.argmax(axis=1), data.y_test)
    wrong, ece = np.mean(values.argmax(axis=1) != data.y_test), forgetting.ece(values, data.y_test)
    print(f"{name:12} test error {wrong:.2%}, worst digit {errors.argmax()} with", end=" ")
    print(f"{errors.max():.1%}, ECE {ece:.2%}, {data.caption}")

# %% [markdown] covers="97" corrects="7 8 20 53"
# <details><summary>What became of the article's sentences</summary>
#
# | the article | measured here |
# |---|---|
# | accuracy shows that nothing was lost (5.4) | it hides who lost: at 98 %, above all the 7 |
# | pruning improves robustness (1.1) | at severity 3 only under blur, as with a random mask |
# | it may lower generalization (FAQ 5) | recorded: not at 95 %, yes at 98 %; ours: see above |
# | it makes networks interpretable (1.1) | smaller, yes; units and reasons are no clearer |
# | pruned models are more complex (7.2, 9.3) | fewer weights and paths |
# | more precise in medicine (3.4, 6) | no number there; groups pay differently, so count them |
# </details>

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **Sparse, and not easily confused.** `start` is the small CNN of this lesson, trained. Prune 95 %
# of its weights and train it for at most two epochs of the 10,000 images `x, y` (160 steps), so
# that it still reads images in a worse state: the judge deforms each test image in one of several
# ways, mildly. What counts is the mean accuracy over the ways.
#
# <details><summary>Hint</summary>
#
# A network learns what it sees. `forgetting.corrupt` makes images worse; which kinds, how much, and
# how many of them, when there are two epochs for everything? And should the weights be chosen
# before or after it has seen them?
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.handed_in import what_did_it_forget as task

print(task)
start, x, y = task.given()
my_network = ...  # `start` with 95 % zeros, trained
# BEGIN SOLUTION
worse = x.copy()
for place, kind in enumerate(("noise", "shift", "rotation", "blur", "contrast")):
    worse[place::6] = forgetting.corrupt(x[place::6], kind, 2, seed=100 + place)
masks = masking.make_masks(criteria.magnitude(pruning.weights(start)), 0.95)
pruning.attach(start, masks)
start.fit(worse, y, 128, 2, verbose=0)
my_network = start
# END SOLUTION

# %% tags=["varies"]
task.judge(my_network)

# %% [markdown]
# ## What to remember
#
# - Equal accuracy is not equal answers. But two seeds differ as well: without *that* control, what
#   pruning changed and what luck changed look alike.
# - One network is one draw. Exemplars, errors by class and corruptions need several networks.
# - A mean hides groups. Report each with its count and its interval; too few cases show nothing.
# - Pruned networks are less sure, as are others that fit less closely. Measure the ECE with its
#   chance level, and refit the temperature.
# - "Robust" needs the name of a corruption, "generalizes" needs new images, "interpretable" needs a
#   measure and a random mask beside it.
#
# ## What to read
#
# - S. Hooker, A. Courville, G. Clark, Y. Dauphin, A. Frome (2019), *What Do Compressed Deep Neural
#   Networks Forget?*, arXiv 1911.05248; S. Hooker, N. Moorosi, G. Clark, S. Bengio, E. Denton
#   (2020), *Characterising Bias in Compressed Models*, arXiv 2010.03058.
# - C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), *On Calibration of Modern Neural Networks*,
#   arXiv 1706.04599.
# - P. Mitra, G. Schwalbe, N. Klein (2024), *Investigating Calibration and Corruption Robustness of
#   Post-hoc Pruned Perception CNNs*, arXiv 2405.20876.
# - L. Liebenwein, C. Baykal, B. Carter, D. Gifford, D. Rus (2021), *Lost in Pruning: The Effects of
#   Pruning Neural Networks beyond Test Accuracy*, arXiv 2103.03014.
# - B. R. Bartoldson, A. S. Morcos, A. Barbu, G. Erlebacher (2020), *The Generalization-Stability
#   Tradeoff in Neural Network Pruning*, arXiv 1906.03728.
# - A. S. Morcos, D. G. T. Barrett, N. C. Rabinowitz, M. Botvinick (2018), *On the importance of
#   single directions for generalization*, arXiv 1803.06959.
# - K. Simonyan, A. Vedaldi, A. Zisserman (2014), *Deep Inside Convolutional Networks*, arXiv
#   1312.6034.
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), arXiv 1506.02626, figure 4.
#
# Next: [lesson 20](20_capstone.ipynb) puts everything together.
