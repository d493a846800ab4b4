# %% [markdown]
# # 19 · What did it forget?
#
# **The question: two networks have the same accuracy. Are they the same?**
#
# About 60 minutes of yours, and one of the computer. Before this:
# [05 · Prune and retrain](05_prune_and_retrain.ipynb) and
# [06 · How much to prune](06_how_much.ipynb).
#
# Chinese terms: calibration 校准, confidence 置信度, expected calibration error 期望校准误差,
# exemplar 样例, subgroup 子群, distribution shift 分布偏移, robustness 鲁棒性, generalization 泛化,
# interpretability 可解释性, saliency map 显著图, control experiment 对照实验.

# %% [markdown]
# ## What you will be able to do
#
# - break an accuracy up: by class, by image, by how sure the network was, by how good the image is;
# - tell what pruning did from what another seed would have done, too;
# - measure calibration, and repair it with one number;
# - turn "pruning makes networks interpretable" into numbers, with controls, and see what is left.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import forgetting, plots, recorded
from course_utils.lessons.checks import what_did_it_forget as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()

# %% tags=["varies"]
full = load_mnist()
data = full.head(1_000, held_out=1_000) if quick_mode() else full.head(20_000)
epochs = 1 if quick_mode() else 12 if data.stand_in else 4
more = -(-epochs // 2)  # after pruning
data

# %% [markdown]
# ## Two networks
#
# The article's CNN, trained; then 95 % of its weights pruned, by size over the whole network, and
# trained on with the mask held. The control trains on for as long with nothing pruned.


# %%
def train(model, label, epochs):
    progress = Progress(label, epochs)
    model.fit(data.x_train, data.y_train, 128, epochs, verbose=0, callbacks=[progress])
    return model


def trained_on(start, build, label, masks=None):
    model = build(seed=0)
    model.set_weights(start.get_weights())
    if masks:
        pruning.attach(model, masks)
    return train(model, label, more)


# %% tags=["varies"]
start = train(models.article_cnn(seed=0), "article's CNN", epochs)
masks = masking.make_masks(criteria.magnitude(pruning.weights(start)), 0.95)
dense = trained_on(start, models.article_cnn, "dense, longer")
pruned = trained_on(start, models.article_cnn, "95 % pruned", masks)
assert masking.sparsity(pruning.weights(pruned)) > 0.9499


# %% [markdown]
# Up to the last section we look at the validation images, with what the networks say about each:
# ten probabilities.


# %%
def probabilities(model, x):
    parts = np.array_split(x, -(-len(x) // 1000))  # not too many at once
    return np.concatenate([np.asarray(model(part)) for part in parts])


# %% tags=["varies"]
p = {name: probabilities(m, data.x_val) for name, m in {"dense": dense, "pruned": pruned}.items()}
said, y = {name: values.argmax(axis=1) for name, values in p.items()}, data.y_val
for name in said:
    right = np.mean(said[name] == y)
    print(f"{name:6} {right:.2%} ± {np.sqrt(right * (1 - right) / len(y)):.2%}, {data.caption}")

# %% [markdown] covers="95" corrects="36"
# "95 % of the weights removed, and nothing lost" is how such a result is told. **Predict**: on how
# many of the images do the two give *different* answers?

# %% tags=["varies"]
other = said["dense"] != said["pruned"]
print(f"different answers: {other.sum()} of {len(y):,} images ({other.mean():.2%}), of these")
print(f"  only dense is right:  {np.sum(other & (said['dense'] == y))}")
print(f"  only pruned is right: {np.sum(other & (said['pruned'] == y))}")

# %% [markdown]
# The accuracy sees the difference of the last two numbers alone. Their sum may be ten times as
# large, and it stays hidden: gains and losses cancel.
#
# ### The control
#
# But is that pruning's doing? One run cannot tell. `benchmarks/what_it_forgot.py` trained ten dense
# networks on MNIST, and five pruned ones at each of four sparsities, and kept the answers to the
# 10,000 test images. Nothing was chosen on them. Two more controls came along: 90 % at *random*
# places, and the dense network *early*, after its first epoch: weaker, and nothing pruned.

# %%
table, kept = recorded.rows("what_it_forgot"), recorded.arrays("what_it_forgot")
plain = {"dense, longer": "dense", "dense, early": "dense, early"}


def name_of(row):
    share = f"{100 * row['sparsity']:.0f} %"
    return plain.get(row["network"]) or f"{share} {row['network'].replace(' mask', '')}"


def column(name, key):
    return np.array([row[key] for row in table if name_of(row) == name])


# %%
names = [name_of(row) for row in table if row["seed"] == 0]
answers = {
    name: np.array([a[:, i] for a in kept.values() if a.shape[1] > i])
    for i, name in enumerate(names)
}
print({name: f"{len(a)} networks" for name, a in answers.items()})

# %% [markdown]
# **Predict**: two dense networks that differ in nothing but the seed: on how many images do *they*
# disagree?


# %%
def disagreement(name):
    """Return, for each pair of different seeds, the share of images answered differently."""
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    return [np.mean(answers["dense"][i] != answers[name][j]) for i, j in pairs]


levels = ["dense", "50 % pruned", "90 % pruned", "95 % pruned", "98 % pruned", "90 % random"]
fig, axes = plt.subplots(1, 2, figsize=(11, 2.9), sharey=True)
plots.spread({name: 1 - column(name, "test_accuracy") for name in levels}, axes[0])
axes[0].set_title("test error")
plots.spread({name: disagreement(name) for name in levels}, axes[1])
axes[1].set_title("answers unlike a dense network's, other seed")
plt.show()

# %%
apart = {name: np.mean(disagreement(name)) for name in levels}
worse = {name: column(name, "test_accuracy").mean() for name in levels}
print(f"dense against dense: {apart['dense']:.2%}; against 95 % pruned: {apart['95 % pruned']:.2%}")
assert abs(worse["95 % pruned"] - worse["dense"]) < 0.001
assert abs(apart["95 % pruned"] - apart["dense"]) < 0.002

# %% [markdown]
# Did you expect that? Two dense networks disagree just as much as a dense one and one that is 95 %
# pruned. So the number above says little about pruning: it is what *any* second training does.
# (Within one seed they are closer, since the pruned network starts from the dense one.) Keep this
# in mind whenever somebody shows you what one pruned network forgot.
#
# To see what pruning does, we need several networks on each side. Then ask more precisely.

# %% [markdown]
# ## Digit by digit
#
# ### Exercise 1
#
# Which share of the images of each digit is answered wrongly?


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
# In the package: `forgetting.class_errors`. Our two networks, with an interval of 95 % (Wilson
# 1927) for so many images of each digit:

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
# The intervals are wide, though there may be a thousand images of each digit: errors are few. Now
# the recorded networks. **Predict**: does every digit lose alike?


# %%
def by_digit(name):
    return np.array([column(name, f"error {digit}") for digit in range(10)]).T  # (seeds, 10)


shown = ["dense", "95 % pruned", "98 % pruned"]
mean = {name: by_digit(name).mean(axis=0) for name in names}
sd = {name: by_digit(name).std(axis=0, ddof=1) for name in names}
plots.by_class({name: (mean[name] - sd[name], mean[name], mean[name] + sd[name]) for name in shown})
plt.title("MNIST test images, mean ± 1 sd of seeds (recorded)")
plt.show()

# %% [markdown]
# Look at the bars first: from seed to seed the error of one digit moves by a third of itself and
# more. A network that is worse on the 8 than another may just have had a bad start. So we ask of
# each digit whether the change is more than two standard errors:


# %%
def changed(name):
    """Return the mean change of each digit's error against dense, and its standard error."""
    a, b = by_digit(name), by_digit("dense")
    se = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b))
    return a.mean(axis=0) - b.mean(axis=0), se


for name in ["50 % pruned", "90 % pruned", "95 % pruned", "98 % pruned"]:
    change, se = changed(name)
    clear = [f"{d}: {change[d]:+.1%}" for d in range(10) if abs(change[d]) > 2 * se[d]]
    whole = worse["dense"] - worse[name]
    print(f"{name}: error {whole:+.2%} in all; clearly changed: {', '.join(clear) or 'no digit'}")

# %% [markdown]
# (Ten digits are ten chances to be fooled: at two standard errors about one in twenty would show by
# luck.) Up to 95 % hardly anything is to be seen beside the seeds. At 98 % the error rises, and it
# does not rise for all alike: the 7 and the 9 lose more than twice the mean, the 0, the 1 and the 8
# nothing. The mean tells nobody who reads 7s.
#
# Is it that pruning forgets the digits that *any* weaker network gets wrong? The early network is
# such a one:

# %%
change, _ = changed("98 % pruned")
whole = worse["dense"] - worse["98 % pruned"]
assert (change[[7, 9]] > 2 * whole).all()
assert (change[[0, 1, 8]] < 0.2 * whole).all()
early = mean["dense, early"] - mean["dense"]
print("digit ", *(f"{digit:6}" for digit in range(10)))
print("98 %  ", *(f"{value:+6.1%}" for value in change))
print("early ", *(f"{value:+6.1%}" for value in early))
print(f"correlation of the two rows: {np.corrcoef(change, early)[0, 1]:.2f}")

# %% [markdown]
# Only in part. Both lose much of the 7, but the early network knows neither the 5 nor the 2 yet.
# And a correlation over ten digits is itself little more than a hint.
#
# ### Groups without a name
#
# The classes are groups that somebody labelled. In medicine it is age, sex, skin, the make of a
# scanner; the article promises higher "precision" there, with no number for any group. MNIST has
# such a group that nobody labelled: people who write with a thin pen. **Predict**: who pays for
# 98 %?

# %% tags=["varies"]
if not data.stand_in:  # the recorded answers are about MNIST's test images
    ink = full.x_test.mean(axis=(1, 2, 3))
    quarter = np.searchsorted(np.quantile(ink, [0.25, 0.5, 0.75]), ink)
    for name in ("dense", "98 % pruned", "90 % random"):
        wrong = answers[name] != full.y_test
        parts = [wrong[:, quarter == q].mean(axis=1) for q in range(4)]
        text = "   ".join(f"{e.mean():.1%} ± {e.std(ddof=1):.1%}" for e in parts)
        print(f"{name:12} thin … thick: {text}")

# %% tags=["varies"]
if not data.stand_in:
    thin, thick = (
        [
            (answers[name] != full.y_test)[:, quarter == q].mean()
            for name in ("dense", "98 % pruned")
        ]
        for q in (0, 3)
    )
    print(f"thin writing: {thin[1] - thin[0]:+.2%}, thick writing: {thick[1] - thick[0]:+.2%}")
    assert thin[1] - thin[0] > 2 * (thick[1] - thick[0])

# %% [markdown] corrects="20"
# Those whose writing was the hardest to read already pay most of the price. Nobody would have
# looked, since "thin" is not a label. The random mask spreads its much larger loss more evenly.
#
# How many cases does one need to see anything of this kind? Say the error of a group doubles, from
# 2 % to 4 %. The intervals that we would write down:

# %%
for n in (50, 200, 1000, 4000):
    (a, b), (c, d) = (forgetting.wilson(round(error * n), n) for error in (0.02, 0.04))
    told = "apart" if b < c else "overlap"
    print(f"{n:5} cases: {a:.1%} to {b:.1%}, and {c:.1%} to {d:.1%}: {told}")

# %% [markdown]
# A test set with 50 patients of a group says nothing about that group. "No loss of accuracy" is
# then no finding; it is a sample that is too small. Whoever prunes a network for use on people has
# to report the groups, the counts and the intervals.

# %% [markdown]
# ## Image by image
#
# Hooker et al. (2019) ask which images pruning changes, and answer the problem of luck by asking
# *populations*: the **modal** label is the one that most networks of a group give. An image is a
# **pruning-identified exemplar** if the modal labels of dense and of pruned networks differ.
#
# ### Exercise 2
#
# Which images are exemplars? (Of labels that are given equally often, take whichever you like.)


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
# The control again: two groups of five *dense* networks, too, have different majorities on some
# images. `by_chance` draws such groups from the ten. **Predict**: from which sparsity on are there
# more exemplars than chance makes?

# %%
others = answers["dense"][5:]  # seeds that no pruned network comes from
chance = forgetting.by_chance(answers["dense"], size=5, draws=200)
groups = [*levels[1:], "dense, early"]
found = {name: forgetting.exemplars(others, answers[name][:5]) for name in groups}
ax = plots.bars({"exemplars": [found[name].sum() for name in groups]})
ax.axhspan(chance.min(), chance.max(), color=plots.ORANGE, alpha=0.4, label="two dense groups")
ax.set_xticks(range(len(groups)), ["\n".join(name.rsplit(" ", 1)) for name in groups], fontsize=10)
ax.legend()
ax.set_ylabel("of 10,000 test images")
plt.show()

# %%
print(f"two groups of dense networks: {chance.mean():.0f} ({chance.min()} to {chance.max()})")
print({name: int(found[name].sum()) for name in groups})
assert found["98 % pruned"].sum() > chance.max()

# %% [markdown]
# Without the orange band we would have reported more than a hundred "images that pruning forgot" at
# 95 %, with pictures. But two groups of dense networks differ on as many. Only at 98 % are there
# more than chance made in any of its draws, and even there most would have come without pruning.
# (The draws are not independent: there are ten networks.) Weaker networks of another making,
# trained briefly or pruned at random, make far more.
#
# Here are exemplars of 98 %, the first twelve in the order of the file, then those on which both
# groups were most of one mind. **Predict**: are they mislabelled? Illegible? Or ordinary?

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

# %% [markdown]
# On MNIST: mostly digits that a person reads, written in an unusual way, such as a 7 with a bar, or
# a 4 that is closed like a 9. A few could be read either way. In numbers, from the answers alone:

# %%
agreed = (answers["dense"] == forgetting.modal(answers["dense"])).mean(axis=0)
print(f"dense networks that vote with their majority: {agreed[lost].mean():.0%} on the exemplars,")
print(f"{agreed[~lost].mean():.1%} on all other images")
doubtful = (agreed[lost] < 1).mean()
print(f"dense networks disagree among themselves on {doubtful:.0%} of the exemplars,", end=" ")
print(f"and on {(agreed[~lost] < 1).mean():.1%} of the others")

# %% tags=["varies"]
if not data.stand_in:
    truth, weak = full.y_test, (answers["dense, early"] != full.y_test).mean(axis=0)
    right = [np.sum((labels == truth) & lost) for labels in (before, after)]
    print(f"of {lost.sum()} exemplars {right[0]} were right before, {right[1]} after", end="; ")
    print(f"early networks err on {weak[lost].mean():.0%} of them, and on {weak.mean():.0%} in all")
    assert right[0] > 1.5 * right[1] > 0

# %% [markdown]
# So what did it forget? Above all, what was never well known: images on which dense networks do not
# agree among themselves, and which a network learns late, if at all. Pruning also mends some of
# them. That is a use for exemplars that needs no claim about pruning: these are the images to show
# to a person, and the first place to look for wrong labels.

# %% [markdown]
# ## How sure?
#
# A network that says "98 %" should be right in 98 of 100 such cases: then it is **calibrated**, and
# its doubts can be used, such as to ask a person. Sort the answers by confidence into bins, and
# compare in each bin the mean confidence with the accuracy. The mean gap, each bin weighted by its
# share of the answers, is the **expected calibration error** (Guo et al. 2017).
#
# ### Exercise 3
#
# Compute it, with `bins` bins of equal width from 0 to 1.


# %% tags=["exercise"]
def my_ece(confidence, right, bins):
    """Return the error; `confidence` is between 0 and 1, `right` is True for right answers."""
    # BEGIN SOLUTION
    place, error = np.ceil(confidence * bins), 0.0
    for one in np.unique(place):
        inside = place == one
        gap = abs(right[inside].mean() - confidence[inside].mean())
        error += inside.mean() * gap
    return error
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
# Our two networks. **Predict**: on which side of the diagonal does the pruned one lie? Below it a
# network is too sure, above it not sure enough.

# %% tags=["varies"]
bins = {name: forgetting.reliability(values, y) for name, values in p.items()}
plots.reliability(bins).set_title(f"one run, validation images, {data.caption}", fontsize=11)
plt.show()
for name, values in p.items():
    luck = forgetting.ece_if_calibrated(values, draws=20)
    error, loss = forgetting.ece(values, y), forgetting.nll(values, y)
    print(f"{name:6} ECE {error:.2%} (a calibrated one: {luck.mean():.2%}), NLL {loss:.3f}")

# %% [markdown]
# (Nearly all answers lie in the last bin, at the upper right. The small marks on the left are a
# handful each, and jump.) The number in brackets is a control once more. Bins hold only so many
# answers, so that even a perfectly calibrated network has an error above 0: we let it draw the
# labels from its own probabilities. (**NLL** is the negative log-likelihood, the mean of $-\ln p$
# of the true class, which training minimizes.)
#
# The recorded networks, and the same after a repair: one number $T$, the **temperature**, divides
# all logits (Guo et al. 2017). It was fitted on validation images. $T > 1$ makes less sure.

# %%
panels = {"ece": "ECE", "ece_tempered": "ECE at the best T", "nll": "NLL", "temperature": "best T"}
fig, axes = plt.subplots(1, 4, figsize=(13, 2.9), sharey=True)
for ax, (key, title) in zip(axes, panels.items(), strict=True):
    plots.spread({name: column(name, key) for name in [*levels, "dense, early"]}, ax).set_title(
        title
    )
for ax in axes[2:]:
    ax.xaxis.set_major_formatter("{x:.2g}")
axes[3].axvline(1, color=plots.GREY, linewidth=1)
plt.show()

# %%
for name in [*levels, "dense, early"]:
    a, b, T = (column(name, key).mean() for key in ("ece", "ece_tempered", "temperature"))
    print(f"{name:12} ECE {a:.2%}, at T = {T:.2f} {b:.2%}")

# %% [markdown]
# The dense network is nearly calibrated, a little too sure ($T > 1$). The more is pruned, the
# *less* sure it gets: right more often than it says. At 98 % the ECE is several times that of the
# dense network, at an accuracy that is lower by about half a point. And one number, fitted on
# validation images, repairs it: at its best temperature a pruned network is calibrated as well as
# the dense one. (The NLL stays higher. It also counts the errors, which no temperature mends.)
#
# Is it pruning? The random mask and the early network are unsure as well. All three fit their
# training images less closely, and whoever fits less closely is less sure. Mitra et al. (2024)
# found that pruning *improves* calibration, in larger networks. If those were too sure before,
# then the same push goes the right way there; we have not measured that. So report the ECE before
# and after, with its sign, and refit the temperature after pruning.

# %%
ece = {name: column(name, "ece").mean() for name in names}
assert ece["98 % pruned"] > 5 * ece["dense"]
assert column("98 % pruned", "temperature").max() < 1 < column("dense", "temperature").min()
assert column("98 % pruned", "ece_tempered").mean() < 1.5 * column("dense", "ece_tempered").mean()

# %% [markdown] covers="14" corrects="7"
# ## Worse images
#
# "Pruning improves robustness", says the article (1.1). Robust against what? Five ways to spoil an
# image, each in five steps:

# %% tags=["varies"]
one = data.x_val[:1]
steps = {
    kind: np.concatenate([forgetting.corrupt(one, kind, severity) for severity in range(6)])
    for kind in forgetting.KINDS
}
plots.digit_rows(steps).set_title("severity 0 to 5")
plt.show()

# %% [markdown]
# Nobody trained on these. **Predict** for each: does the pruned network hold better or worse than
# the dense one? (Liebenwein et al. 2021 found that how much can be pruned safely depends on such a
# shift: less on shifted data than the clean test images promise.)

# %%
drawn = ["dense", "95 % pruned", "98 % pruned", "90 % random"]
fig = plots.by_severity(
    {
        kind: {name: np.array([column(name, f"{kind} {s}") for s in (1, 3, 5)]).T for name in drawn}
        for kind in forgetting.KINDS
    },
    [1, 3, 5],
)
fig.suptitle("MNIST test images, mean ± 1 sd of seeds (recorded)", fontsize=12)
plt.show()

# %%
print(f"{'severity 3':12}", *(f"{kind:>15}" for kind in forgetting.KINDS))
for name in [*levels, "dense, early"]:
    runs = [column(name, f"{kind} 3") for kind in forgetting.KINDS]
    print(f"{name:12}", *(f"{r.mean():8.1%} ± {r.std(ddof=1):4.1%}" for r in runs))

# %% [markdown] covers="14" corrects="7"
# It depends on against what, and it takes seeds to see it: under noise and contrast, single
# networks of one kind lie ten points apart. Beyond that:
#
# - **noise**: 98 % pruned holds better, although it is worse on clean images. The random mask holds
#   worse, so that it is not sparsity as such.
# - **blur**: pruned holds better, too, at 95 %. But so does the early network: whoever was trained
#   less holds better against blur.
# - **shift, rotation**: nothing to be seen beside the seeds.
# - **contrast**: if anything, worse.
#
# Mitra et al. (2024) saw robustness grow with pruning, Liebenwein et al. (2021) saw less room for
# pruning on shifted data. Both may be right about their networks. A sentence about "robustness"
# without the name of a corruption is about nothing.


# %%
def apart_in_se(name, key):
    """Return how many standard errors a network's mean lies above the dense one's."""
    a, b = column(name, key), column("dense", key)
    return (a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


for name, key in (
    ("98 % pruned", "noise 3"),
    ("95 % pruned", "blur 3"),
    ("dense, early", "blur 3"),
):
    print(f"{name}, {key}: {apart_in_se(name, key):+.1f} standard errors")
    assert apart_in_se(name, key) > 2
assert apart_in_se("90 % random", "noise 3") < -2
assert all(abs(apart_in_se("98 % pruned", key)) < 2 for key in ("shift 3", "rotation 3"))

# %% [markdown]
# We looked at five kinds, three severities and several sparsities before we picked these three. So
# the two of about three standard errors are weaker evidence than they look: among so many, one or
# two such would come by luck. The first would not.

# %% [markdown] covers="106"
# ## Does it generalize?
#
# FAQ 5 of the article: pruning "may lower generalization". The **generalization gap** is the
# accuracy on training images minus that on new ones. **Predict** how it goes with sparsity.

# %%
gap = {
    n: column(n, "train_accuracy") - column(n, "test_accuracy") for n in [*levels, "dense, early"]
}
fig, axes = plt.subplots(1, 3, figsize=(12, 2.9), sharey=True)
for ax, (title, runs) in zip(
    axes,
    {
        "training images": {name: column(name, "train_accuracy") for name in gap},
        "test images": {name: column(name, "test_accuracy") for name in gap},
        "gap": gap,
    }.items(),
    strict=True,
):
    plots.spread(runs, ax).set_title(title)
plt.show()

# %% [markdown] covers="106" corrects="53"
# The gap shrinks with sparsity. Is that better generalization? Look where it comes from: new images
# are answered a little better up to 90 %, by two tenths of a point; the rest is that the *training*
# images are answered worse. The early network and the random mask have small gaps as well, and are
# the worst networks here. A small gap is no virtue.
#
# So FAQ 5 is half right, and needs its other half: up to a point pruning did not lower
# generalization here, and may raise it. Bartoldson et al. (2020) explain it as a kind of noise that
# regularizes: the more a removal disturbs training, the better the network generalizes, up to a
# point. And "generalization" on images from the same source says nothing about the section before.

# %%
gain = {name: column(name, "test_accuracy").mean() - worse["dense"] for name in levels}
assert 0.001 < gain["90 % pruned"] < 0.003
assert gain["98 % pruned"] < -0.004
assert gap["98 % pruned"].mean() < 0.6 * gap["dense"].mean()

# %% [markdown] covers="14 85 97 101"
# ## Looking inside
#
# The article claims both: pruning "reveals the important connections and neurons" and so makes a
# network more interpretable (1.1), and "pruned models are usually more complex", so that
# interpretability has to be kept (7.2, 9.3). First let us look. The filters of our two networks,
# what is pruned in grey. **Predict**: will you see what each filter is for?

# %% tags=["varies"]
fig, axes = plt.subplots(2, 1, figsize=(9, 3.4))
for ax, (name, model) in zip(axes, {"dense": dense, "95 % pruned": pruned}.items(), strict=True):
    plots.filters(model.get_layer("conv").kernel.numpy(), 16, ax).set_title(name)
plt.show()

# %% [markdown]
# The same filters, with holes. What we see in them now, we could have seen before.
#
# Han et al. (2015, figure 4) drew something better: for LeNet-300-100, how many weights of the
# first layer each *pixel* has left. We do the same, with 90 % pruned, and beside it as many zeros
# at random places.

# %% tags=["varies"]
mlp = train(models.lenet300(seed=0), "LeNet-300-100", epochs)
by_size = masking.make_masks(criteria.magnitude(pruning.weights(mlp)), 0.9)
nets = {
    "dense": trained_on(mlp, models.lenet300, "dense"),
    "90 % pruned": trained_on(mlp, models.lenet300, "90 % pruned", by_size),
    "90 % random": trained_on(mlp, models.lenet300, "90 % random", masking.shuffle(by_size, 0)),
}

# %% tags=["varies"]
counts = {
    name: (pruning.weights(net)["fc1/kernel"] != 0).sum(axis=1).reshape(28, 28)
    for name, net in nets.items()
}
plots.film_strip(
    {"": {f"{n}: weights left": c / c.mean() for n, c in counts.items()}}, "of the mean"
)
plt.show()

# %% [markdown] covers="101"
# The random mask shows nothing, so this is no accident: the network has turned away from the rim of
# the image. Pruning "reveals the important connections", it seems. **Predict**: could you have had
# this picture *without* pruning? And without any network?

# %% tags=["varies"]
strength = np.abs(pruning.weights(nets["dense"])["fc1/kernel"]).sum(axis=1).reshape(28, 28)
varies = data.x_train.std(axis=0)[..., 0]  # how much a pixel varies from image to image
sources = {
    "90 % pruned: weights left": counts["90 % pruned"],
    "dense: sum of |w|": strength,
    "no network: sd of the pixel": varies,
}
plots.film_strip({"": {name: m / m.mean() for name, m in sources.items()}}, "of the mean")
plt.show()

# %% tags=["varies"]
unused = counts["90 % pruned"] == 0
r = np.corrcoef(counts["90 % pruned"].ravel(), strength.ravel())[0, 1]
print(f"weights left, and sums of |w| before pruning: correlation {r:.2f}")
print(
    f"{unused.sum()} pixels feed nothing; {(varies[unused] < 0.01).sum()} of them are never inked"
)

# %% [markdown]
# The map is that of the large weights, which was there before. What pruning "found out" are pixels
# that are black in every image. And in the rest of the picture, on MNIST, the darkest spots are not
# where digits differ, but at their edge, where ink is rare: there, weights grew large. That a
# weight is large does not mean that much flows through it (lesson 07). Does the map show which
# pixels *matter*? Make the 100 largest black, and ask the pruned network. **Predict**: which hurts
# most?


# %%
def without(score, net):
    black = data.x_val.reshape(len(y), -1).copy()
    black[:, np.argsort(-score.ravel(), kind="stable")[:100]] = 0
    return np.mean(probabilities(net, black.reshape(data.x_val.shape)).argmax(axis=1) == y)


# %% tags=["varies"]
lot = np.random.default_rng(0).random(784)
first = {"the map": counts["90 % pruned"], "the sd of the pixel": varies, "lot": lot}
whole = probabilities(nets["90 % pruned"], data.x_val).argmax(axis=1)
print(f"{'all pixels':27} {np.mean(whole == y):.1%}")
for name, score in first.items():
    print(f"100 by {name:20} {without(score, nets['90 % pruned']):.1%}")

# %%
if not (quick_mode() or data.stand_in):
    left = [without(score, nets["90 % pruned"]) for score in first.values()]
    assert left[2] > left[0] > left[1]

# %% [markdown]
# ### Two claims, measured
#
# "Interpretable" is no quantity. So we say what *could* be meant, and measure each in five seeds
# of LeNet-300-100 (`benchmarks/what_it_shows.py`), with both controls:
#
# - *There is less to look at*: weights; `paths` from a pixel to an output along them; `inputs` and
#   `units` of fc1 that are still used.
# - *A unit stands for something*: **selectivity** of fc1's units, from 0, no digit is preferred, to
#   1, one digit only (Morcos et al. 2018).
# - *The reasons are the same in the next network*: correlation between seeds of fc1's map
#   (`map_agreement`), and of **saliency maps**, the size of the gradient of an answer pixel by
#   pixel (Simonyan et al. 2014; `saliency_agreement`).
# - *The reasons lie in few pixels*: so many hold 90 % of a saliency map (`saliency_pixels`).
# - *The map shows what matters*: validation accuracy with 100 pixels black, those that are largest
#   in the map (`without_map`), those that vary most (`without_ink`), some by lot (`without_any`);
#   and the correlation of the map with how much each pixel varies (`map_ink`).
#
# **Predict** which rows improve with pruning, and which of those with the random mask as well.

# %%
shows = recorded.rows("what_it_shows")
kinds = list(dict.fromkeys(name_of(row) for row in shows))


def measured(name, key):
    return np.array([row[key] for row in shows if name_of(row) == name])


fig, axes = plt.subplots(1, 4, figsize=(13, 2.4), sharey=True)
keys = ("selectivity", "map_agreement", "saliency_agreement", "saliency_pixels")
for ax, key in zip(axes, keys, strict=True):
    plots.spread({name: measured(name, key) for name in kinds}, ax).set_title(key)
    ax.xaxis.set_major_formatter("{x:.3g}")
plt.show()


# %%
def cell(name, key):
    values = measured(name, key)
    mean, sd, wide = values.mean(), values.std(ddof=1), values.mean() >= 1000
    return f"{mean:,.0f}" if wide or sd == 0 else f"{mean:.3g} ± {sd:.2g}"


print(f"{'':20}", *(f"{name:>15}" for name in kinds))
for key in [key for key in shows[0] if key not in ("seed", "network", "sparsity")]:
    print(f"{key:20}", *(f"{cell(name, key):>15}" for name in kinds))

# %% [markdown] covers="85 101" corrects="8"
# - *Less to look at*: of course, and with the random mask as well. That is sparsity, not insight.
#   In this sense "pruned models are more complex" is wrong.
# - *A unit stands for something*: less than before. Fewer weights do not make purer units.
# - *The same reasons in the next network*: at 90 % about as alike as in dense ones, at 98 % less.
# - *Few pixels*: yes. By size more than by lot, since pixels that are always black drop out.
# - *The map shows what matters*: hardly. At 90 %, its first 100 pixels cost little more than 100 by
#   lot; the 100 that vary most, for which no network is needed, cost several times as much.
#
# So both claims of the article fail, in the only senses that we could measure. What this does *not*
# show: one task, one network, five measures. Whether a *person* understands a network better would
# have to be asked of persons, with a task to do. And a mask is a fact worth looking at: it says
# what is certainly **not** used. No more than that, and no less.


# %%
def shown_mean(name, key):
    return measured(name, key).mean()


assert shown_mean("98 % pruned", "paths") < 0.001 * shown_mean("dense", "paths")
assert shown_mean("98 % random", "paths") < 0.001 * shown_mean("dense", "paths")
for sparse in ("90 % pruned", "98 % pruned"):
    for key in ("selectivity", "saliency_agreement"):
        assert shown_mean(sparse, key) < shown_mean("dense", key)
    assert shown_mean(sparse, "without_map") > shown_mean(sparse, "without_ink")
cost = {
    k: shown_mean("90 % pruned", "without_any") - shown_mean("90 % pruned", k)
    for k in ("without_map", "without_ink")
}
assert cost["without_ink"] > 3 * cost["without_map"]
assert abs(shown_mean("90 % pruned", "map_agreement") - shown_mean("dense", "map_agreement")) < 0.03

# %% [markdown]
# ## The last look
#
# The test set, once, for the two networks of this lesson:

# %% tags=["varies"]
for name, model in {"dense": dense, "95 % pruned": pruned}.items():
    values = probabilities(model, data.x_test)
    errors = forgetting.class_errors(values.argmax(axis=1), data.y_test)
    error, ece = np.mean(values.argmax(axis=1) != data.y_test), forgetting.ece(values, data.y_test)
    print(f"{name:12} test error {error:.2%}, worst digit {errors.argmax()} with", end=" ")
    print(f"{errors.max():.1%}, ECE {ece:.2%}, {data.caption}")

# %% [markdown] covers="97" corrects="7 8 20 53"
# What became of the article's sentences:
#
# | the article | measured here |
# |---|---|
# | accuracy shows that nothing was lost (5.4) | it hides who lost: the 7, the 9, thin writing |
# | pruning improves robustness (1.1) | noise yes, blur some, contrast no; shift, rotation same |
# | it may lower generalization (FAQ 5) | on new images of the kind trained on: not up to 95 % |
# | it makes interpretable (1.1) | smaller, yes; units and reasons are no clearer |
# | pruned models are more complex (7.2, 9.3) | fewer weights, paths and inputs |
# | more precise in medicine (3.4, 6) | no number there; groups pay differently, so count them |

# %% [markdown]
# ## What to remember
#
# - Equal accuracy is not equal answers. But two seeds differ as well: without *that* control, what
#   pruning changed and what luck changed look alike.
# - One network is one draw. Exemplars, errors by class and corruptions need populations.
# - A mean hides groups. Report each with its count and its interval; too few cases show nothing.
# - Pruning moves confidence. Measure ECE and NLL with the chance level, and refit the temperature.
# - "Robust" needs the name of a corruption, "generalizes" needs a source, "interpretable" needs a
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
# Next: lesson 20 puts everything together: a model, a budget, a scoreboard.
