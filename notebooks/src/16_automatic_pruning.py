# %% [markdown]
# # 16 · Automatic pruning
#
# **The question: can a program decide how much to take from each layer, and does it decide well?**
#
# ![Compass: scope lit](figures/compass_scope.svg)
#
# About 60 minutes, and an open task. Before this: [06 · How much to prune](06_how_much.ipynb), [07
# · Which weights?](07_which_weights.ipynb) and [11 · Structural
# pruning](11_structural_pruning.ipynb).
#
# Chinese terms: automatic pruning 自动剪枝, adaptive pruning 自适应剪枝, sensitivity 敏感度,
# budget 预算, search space 搜索空间, neural architecture search (NAS) 神经网络架构搜索.

# %% [markdown]
# ## What you will be able to do
#
# - scan a network layer by layer, and turn the scan into a plan for a budget;
# - say what such a plan is worth beside the strongest simple alternatives;
# - let a program prune for as long as a tolerance allows, and say why it stopped;
# - compare a search with chance, and run it so that an interruption costs one trial.

# %%
import importlib.util
import logging
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import scipy.optimize

from course_utils import criteria, masking, models, pruning, structure
from course_utils.extras import search, sweeping
from course_utils.lessons import networks, plots, recorded
from course_utils.lessons.checks import automatic_pruning as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Trials, quick_mode

plots.use_style()
logging.getLogger("tensorflow").setLevel(logging.ERROR)
predict = Predictions("16_automatic_pruning")

# %% [markdown] covers="78 80 100" corrects="39"
# The word "automatic" does not say whether the result is *better*. This lesson measures that. The
# network is LeNet-5. It comes with the course, already trained; set `TRAIN` to train it yourself.
#
# <details><summary>What the article says</summary>
#
# Its section 7.1 lists adaptive pruning, and automated pruning by AutoML and neural architecture
# search, as things of the future, and 9.4 hopes for automatic tools. They existed when it was
# written. Han et al. (2015) scanned networks layer by layer, AMC (He et al. 2018) let a learning
# agent choose each layer's share, and NetAdapt (Yang et al. 2018) took channels away until a phone
# was fast enough. More in [the coverage table](../docs/coverage.md).
# </details>

# %% tags=["varies"]
TRAIN = False  # True: train it here, about 30 s
images, held_out = (512, 128) if quick_mode() else (10_000, 5_000)
data = load_mnist().head(images, held_out)
base = networks.train("lenet5") if TRAIN else networks.trained("lenet5", data)
x_val, y_val = data.x_val[:2_000], data.y_val[:2_000]
tried_out = slice(-1 if quick_mode() else 0, None)  # of several layers; the quick run takes one
took = {}  # seconds, for the end of the lesson


# %%
def accuracy(model, x=x_val, y=y_val):
    return model.evaluate(x, y, batch_size=1000, verbose=0)[1]


def retrain(model, images=2_500):
    x, y = data.x_train[:images], data.y_train[:images]
    model.fit(x, y, batch_size=128, epochs=0 if quick_mode() else 1, verbose=0)


# %% tags=["varies"]
dense = accuracy(base)
print(f"{dense:.2%} on {len(y_val):,} validation images, {data.caption}")

# %% [markdown]
# ## A scan
#
# Prune *one* layer at a time to several levels, and measure the accuracy each time, without
# retraining: that is a **sensitivity scan** (Han et al. 2015, figure 6).

# %%
guess_layer = predict(
    "Which layer loses most when 90 % of its weights go?",
    ...,  # your choice
    choices=("conv1", "conv2", "fc1", "fc2"),
)

# %% tags=["varies"]
levels = (0.9, 0.98) if quick_mode() else (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995)
start = time.perf_counter()
scan = search.sensitivity(base, x_val, y_val, levels)
took["scan"] = time.perf_counter() - start
guess_layer.was(min(scan.results, key=lambda name: scan.results[name][0.9]).split("/")[0])
scan

# %% [markdown]
# A scan trains nothing; it costs one evaluation for each layer and level.
#
# <details><summary>Could it be faster?</summary>
#
# When `fc2` changes, both convolutions and `fc1` compute what they computed before. A scan could
# keep what goes *into* the layer that changes, and go on from there. On LeNet-5 that saves about
# half, since most of its work is in its second layer. This package had such a scan: 1.9 times
# faster (`results/scan_reuse.csv`), but several times as much code as the plain loop, which works
# for every model that Keras can call. So it was taken out again.
# </details>
#
# ## From the scan to a plan
#
# A **budget** says how many of the weights may stay. One way to meet it is one *tolerance* for all
# layers: each layer is pruned as far as its own loss of accuracy in the scan stays within the
# tolerance, and the tolerance rises until the budget is met.
#
# ### Exercise 1
#
# Write it.


# %% tags=["exercise"]
def my_plan(losses, levels, sizes, budget):
    """Return a level for each layer, so that at most `budget` weights stay.

    losses[i, j] is what layer i loses at levels[j] (levels[0] is 0); sizes[i] are its weights.
    Take the smallest tolerance among the losses that meets the budget. Each layer gets the highest
    level whose loss is within it.
    """
    # BEGIN SOLUTION
    for tolerance in np.unique(losses):
        chosen = np.where(losses <= tolerance, levels, 0).max(axis=1)
        if np.sum((1 - chosen) * sizes) <= budget:
            return chosen
    raise ValueError("the highest levels leave more than the budget")
    # END SOLUTION


# %% tags=["check"]
check.plan(my_plan)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>np.unique(losses)</code> holds all losses, from the smallest up. For one of them,
# <code>np.where(losses <= tolerance, levels, 0)</code> leaves the levels that are tolerated.
# </details>
#
# `search.plan` does this, and then lets the layers keep what the budget still allows. The rings
# show what it chooses for a budget of two percent of the parameters. (The biases stay, and count:
# 1.9 percent of the weights are left.)

# %% tags=["varies"]
start = time.perf_counter()
plan = search.plan(scan, base, 0.1 if quick_mode() else 0.02)
took["plan"] = time.perf_counter() - start
curves = {name.split("/")[0]: curve for name, curve in scan.results.items()}
rings = {name.split("/")[0]: share for name, share in plan.sparsity.items()}
ax = plots.by_compression(levels, plots.sensitivity(curves, scan.baseline, rings))
ax.set(xlabel="pruned in this layer alone", title=f"each layer by itself ({data.caption})")
plt.show()

# %% [markdown] covers="83"
# ## Is it any good?
#
# Four other ways leave equally many weights. None of them looks at a single image:
#
# - **uniform**: the same share of each layer;
# - **global**: the smallest of all weights, wherever they are;
# - **ERK** (lesson 06): by a formula for their shapes; most small layers stay denser;
# - **LAMP** (lesson 07): a weight's score is its square, divided by the sum of the squares of all
#   in its layer that are not smaller; the lowest scores go.

# %%
guess_way = predict(
    "After retraining, in the mean of five seeds: which way is best?",
    ...,  # your choice
    choices=("plan or LAMP", "uniform", "global", "ERK"),
)

# %% tags=["varies"]
weights = pruning.weights(base)
scores, lamp = criteria.magnitude(weights), criteria.lamp(weights)
ways = {"plan": masking.make_masks(scores, plan.sparsity)}
share = masking.sparsity(ways["plan"])
for scope, way in {"layer": "uniform", "global": "global", "erk": "ERK"}.items():
    ways[way] = masking.make_masks(scores, share, scope)
ways["LAMP"] = masking.make_masks(lamp, share)
# %% tags=["varies"]
shares = {
    way: {name.split("/")[0]: masking.sparsity(mask) for name, mask in ways[way].items()}
    for way in ("uniform", "global", "ERK", "LAMP", "plan")
}
grey = dict.fromkeys(("uniform", "global", "ERK"), plots.GREY)
ax = plots.layer_densities(shares, colours=grey | {"LAMP": plots.SKY, "plan": plots.RED})
ax.set_title(f"{1 - share:.1%} of LeNet-5's weights left ({data.caption})")
plt.show()

# %% tags=["varies"]
pruned = models.lenet5(seed=0)


def tried(masks):
    """Prune the base network and retrain it for one short pass; return what it is then."""
    pruned.set_weights(base.get_weights())
    pruning.attach(pruned, masks)
    for variable in pruned.optimizer.variables:  # nothing is left of the way before
        if "learning_rate" not in variable.path:
            variable.assign(np.zeros(variable.shape, variable.dtype))
    before, began = accuracy(pruned), time.perf_counter()
    retrain(pruned)
    took["retraining, one short pass"] = time.perf_counter() - began
    test = accuracy(pruned, data.x_test, data.y_test)
    return {"pruned": before, "retrained": accuracy(pruned), "test": test}


# %% tags=["varies"]
found = {way: tried(masks) for way, masks in ways.items()}
for way in shares:
    print(f"{way:8} pruned {found[way]['pruned']:7.2%}, retrained {found[way]['retrained']:.2%}")
print(f"dense    {dense:14.2%}")

# %% [markdown]
# That is one network and one short pass, too little to rank the ways. Here is a recorded run of
# five seeds and two epochs of retraining (`python benchmarks/plans_compared.py`):

# %%
table = recorded.rows("plans_compared")
names = {"uniform": "uniform", "global": "global", "erk": "ERK", "plan": "plan", "lamp": "LAMP"}


def runs(network, value, of="weights"):
    rows = [row for row in table if (row["network"], row["of"]) == (network, of)]
    return np.array([row[value] for row in sorted(rows, key=lambda row: row["seed"])])


# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 2.8), sharey=True)
for ax, value in zip(axes, ("val_before", "test"), strict=True):
    plots.spread({name: runs(way, value) for way, name in names.items()}, ax, list(names.values()))
axes[0].set(title="2 % of the weights left", xlabel="validation accuracy")
axes[1].set(title="and retrained; five seeds, ±1 sd", xlabel="test accuracy")
axes[1].locator_params(axis="x", nbins=5)
plt.show()
best = names[max(names, key=lambda way: runs(way, "test").mean())]
guess_way.was("plan or LAMP" if best in ("plan", "LAMP") else best)

# %% [markdown]
# The best mean may be the best by chance. So compare seed by seed: each pair has the same seed, the
# same number of weights and the same training. (The starts are the same but for rounding, which
# moved results by up to 0.14 points when one seed was run again.)

# %%
close = ("global", "erk", "plan")  # uniform is far off to the left
gains = {f"{names[w]} minus LAMP": 100 * (runs(w, "test") - runs("lamp", "test")) for w in close}
ax = plots.paired(gains)
ax.set(xlabel="percentage points of test accuracy", title="retrained, five seeds, 95 % interval")
plt.show()


# %%
def verdict(gain):
    """Say whether these pairs can tell their mean from 0 (Student's t, 95 %, five pairs)."""
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    told = "more than chance" if abs(gain.mean()) > 2.78 * error else "may be chance"
    return f"{gain.mean():+6.2f} ± {gain.std(ddof=1):.2f} ({told})"


# %%
for value, when in (("val_before", "before"), ("test", "after")):
    for way in ("uniform", "global", "erk", "lamp"):
        gain = 100 * (runs("plan", value) - runs(way, value))
        print(f"{when:6} retraining, plan minus {names[way]:8} {verdict(gain)} points")

# %%
after = {way: 100 * runs(way, "test") for way in names}
assert all((after[way] > after[other]).all() for way in ("plan", "lamp") for other in close[:2])
assert "may be chance" in verdict(after["plan"] - after["lamp"])

# %% [markdown]
# *Before* retraining there are three groups, far apart: uniform; global and ERK; plan and LAMP.
# Uniform cuts small layers as hard as `fc1`, and they have less to spare. Retraining repairs a
# large part of what a bad choice broke, so whoever reports only accuracy before retraining makes
# the differences look too large (lesson 07 found the same for criteria). After it, plan and LAMP
# are ahead of the others in every seed. But five seeds cannot tell the plan from LAMP, and LAMP
# needs no scan and no data.
#
# ## Can LAMP be beaten?
#
# A scan sees each layer alone. Perhaps a plan made on the *whole* pruned network does better? Start
# from LAMP's numbers of weights. Give one layer more of them, or fewer, and let `fc1`, the largest,
# make up for it.

# %% tags=["varies"]
left = {name: int(mask.sum()) for name, mask in ways["LAMP"].items()}
small = [name for name in left if name != "fc1/kernel"]


def loss_with(counts):
    """The validation loss of the network that keeps so many weights of each layer."""
    pruned.set_weights(base.get_weights())
    parts = {name: 1 - counts[name] / S.size for name, S in scores.items()}
    pruning.attach(pruned, masking.make_masks(scores, parts))
    return pruned.evaluate(x_val, y_val, batch_size=1000, verbose=0)[0]


# %% tags=["varies"]
lowest = loss_with(left)
print(f"LAMP's own numbers: loss {lowest:.3f}; with one layer's number times")
for name in small[tried_out]:
    changes = {}
    for factor in (0.5, 0.7, 1.4, 2):
        count = min(round(factor * left[name]), scores[name].size)
        moved = left | {name: count, "fc1/kernel": left["fc1/kernel"] + left[name] - count}
        changes[factor] = loss_with(moved) if moved["fc1/kernel"] > 0 else np.nan
    print(f"{name:13}", ", ".join(f"{factor}: {loss:.3f}" for factor, loss in changes.items()))

# %% [markdown]
# A number below LAMP's own loss, if there is one, is a change that helps this one network, before
# retraining, on the images that it was chosen by. A search over all layers at once comes below.

# %% [markdown] covers="78 82"
# ## The same for channels
#
# Now whole filters go, each together with what reads it (lesson 12). The scan switches channels
# off, and the plan counts the MACs of the network that `shrink` would build. A quarter of the MACs
# may stay, and the plan's rivals are a uniform share of each layer and a global ranking of the
# filters.

# %%
guess_channels = predict(
    "Channels, retrained, five seeds: how far is the plan ahead of uniform (below 0: behind)?",
    ...,  # your number
    unit="percentage points",
)

# %% tags=["varies"]
channels = structure.channel_groups(base)
channel_levels = (0.4, 0.8) if quick_mode() else (0.2, 0.4, 0.6, 0.8)
channel_scan = search.channel_sensitivity(channels, x_val, y_val, channel_levels)
channel_plan = search.plan(channel_scan, channels, 0.25, of="macs")
channel_plan

# %%
for value, when in (("val_before", "before"), ("test", "after")):
    for way in ("global", "uniform"):
        gain = 100 * (runs("plan", value, "macs") - runs(way, value, "macs"))
        print(f"{when:6} retraining, plan minus {way:8} {verdict(gain)} points, five seeds")
guess_channels.was(round(gain.mean(), 2))
retrained = {way: 100 * runs(way, "test", "macs") for way in ("uniform", "global", "plan")}
assert all(abs((retrained["plan"] - gain).mean()) < 0.1 for gain in retrained.values())

# %% [markdown]
# For channels the gain does not last. The plan leads before retraining; two epochs later the means
# of the three ways lie within a tenth of a point. (With four of the five seeds the plan leaves
# fewer MACs than the others, by up to 1.6 % of the dense network's.) The scan has a weakness here,
# too: it looks at each group of filters with all others whole. But one filter fewer in `conv1` is
# one input fewer for `conv2`, and both together need not cost the sum of what each costs alone.
#
# ## Adaptive: as far as it goes
#
# A budget says how much must go, and the accuracy is whatever results. Conversely, a *tolerance*
# says how much accuracy may be lost, and the program finds out how much can go. It prunes some,
# retrains and measures. If the loss is tolerated, it keeps the result and prunes more; if not, it
# takes the round back and tries half the step. Here it may lose one point of validation accuracy in
# at most eight rounds.

# %%
guess_stop = predict(
    "At how many zeros does it stop?",
    ...,  # your number
    unit="%",
)

# %% tags=["varies"]
start = time.perf_counter()
most = 2 if quick_mode() else 8
model = models.lenet5(seed=0)
model.set_weights(base.get_weights())
adapted = search.adaptive(
    model, lambda m: retrain(m, 2_000), accuracy, 0.01, step=0.4, min_step=0.1, max_rounds=most
)
took[f"adaptive, {most} rounds"] = time.perf_counter() - start

# %% tags=["varies"]
points = [(one.sparsity, one.accuracy, one.accepted) for one in adapted.rounds]
ax = plots.rounds(points, (adapted.baseline - adapted.tolerance, adapted.baseline))
ax.set_title(f"LeNet-5, 40 % of the rest in each round at first ({data.caption})")
plt.show()
# %% tags=["varies"]
ended = "all rounds were used up" if len(points) == most else "the steps had become too small"
print(f"It stopped at {adapted.sparsity:.2%} zeros, because {ended}; the last round was", end=" ")
print(f"{'accepted' if points[-1][2] else 'taken back'}. Accuracy {adapted.accuracy:.2%},", end=" ")
print(f"{adapted.baseline:.2%} before.")
guess_stop.was(round(100 * adapted.sparsity, 1))

# %% [markdown] covers="80"
# Read such a result with three cautions.
#
# - *Why* did it stop? If the rounds were used up, more of them might have led further.
# - Every round trained further. The dense network that set the bar has had less training; a control
#   trained as long, without pruning, may set another (lesson 06).
# - Every round asked the same validation images, and one point of 2,000 images is twenty images.
#   Where it stops is partly chance; report the test accuracy.
#
# ## Let a program search
#
# AMC (He et al. 2018) leaves each layer's share to an agent that learns by trying. Its reward is
# the accuracy of the pruned network *before* fine-tuning, since fine-tuning after each try would
# take too long. Here is a small search of this kind. Three numbers say how many times denser
# than `fc1` each of the other layers should be; the budget is always met; the validation accuracy
# should become as high as possible. The search works on the logarithms of the three numbers,
# between 0 and 5: from 1 to 148 times.
#
# ### Exercise 2
#
# Meet a budget with densities in given ratios. No layer can keep more than all of its weights; what
# it cannot use goes to the others. (ERK has to solve the same problem.)


# %% tags=["exercise"]
def my_densities(factors, sizes, budget):
    """Return min(1, c * factors), with the c for which `budget` weights stay in all.

    factors, sizes: arrays, one number a layer. The result is within 0.1 % of the exact one.
    """
    # BEGIN SOLUTION
    low, high = 0.0, 1 / factors.min()  # halve the interval in which c lies
    for _ in range(60):
        c = (low + high) / 2
        low, high = (c, high) if np.minimum(1, c * factors) @ sizes < budget else (low, c)
    return np.minimum(1, high * factors)
    # END SOLUTION


# %% tags=["check"]
check.densities(my_densities)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The number of weights that stay, <code>np.minimum(1, c * factors) @ sizes</code>, grows with c. So
# halve an interval in which c lies, sixty times. Or fix the full layers one by one: whichever comes
# out above 1 is set to 1, and c is computed anew for the rest.
# </details>


# %%
stay = sum(int(mask.sum()) for mask in ways["LAMP"].values())
sizes = np.array([W.size for W in weights.values()])


def densities(conv1, conv2, fc2):
    """Densities by kernel, in the ratio of exp(conv1), exp(conv2), 1 and exp(fc2)."""
    factors = np.exp([conv1, conv2, 0.0, fc2])
    c = scipy.optimize.brentq(lambda c: np.minimum(1, c * factors) @ sizes - stay, 0, 1)
    return dict(zip(weights, np.minimum(1, c * factors), strict=True))


def with_densities(conv1, conv2, fc2):
    """Prune by these densities, and return the validation accuracy, not retrained."""
    kept = densities(conv1, conv2, fc2)
    pruned.set_weights(base.get_weights())
    pruning.attach(pruned, masking.make_masks(scores, {n: 1 - d for n, d in kept.items()}))
    return {"accuracy": accuracy(pruned)}


# %% [markdown]
# A search needs a control: as many trials, drawn at random from the same space. `sweeping.sweep`
# runs them, and writes each result to a file as soon as it has it. Here somebody presses the stop
# button during the sixth trial.

# %% tags=["varies"]
count, layers = (4 if quick_mode() else 20), ("conv1", "conv2", "fc2")
rng = np.random.default_rng(0)
drawn = [{layer: float(rng.uniform(0, 5)) for layer in layers} for _ in range(count)]
file = Path(tempfile.mkdtemp()) / "sweep.jsonl"
begun = []


def with_a_stop(**offsets):
    begun.append(offsets)
    if len(begun) == min(6, count - 1):
        raise KeyboardInterrupt
    return with_densities(**offsets)


# %% tags=["varies"]
start = time.perf_counter()
try:
    sweeping.sweep(with_a_stop, drawn, file=file, progress=Trials("first call"))
except KeyboardInterrupt:
    print("interrupted!")
chance = sweeping.sweep(with_a_stop, drawn, file=file, progress=Trials("second call"))
took[f"{count} trials of a search"] = time.perf_counter() - start
assert len(begun) == count + 1  # only the interrupted trial was begun twice

# %% [markdown]
# The second call ran only the trials that were missing.
#
# <details><summary>On more processors</summary>
#
# The third argument of `sweep` is any executor of Python's `concurrent.futures`: the processes of
# `sweeping.process_pool(4)`, or machines in a network by Dask's `client.get_executor()`. The task
# must then stand in a file of its own, since a new process cannot look into a notebook. When a
# worker of Dask dies, its trial goes to another one. Only the calling process writes the file, so
# every result is in it once. <code>help(sweeping.sweep)</code> says more.
# </details>
#
# And the search itself: **Optuna** looks at the trials so far and proposes the next. (The first ten
# are still drawn at random.)

# %% tags=["varies"]
tries = {"at random": [row["accuracy"] for row in chance]}
best = max(chance, key=lambda row: row["accuracy"])
if importlib.util.find_spec("optuna"):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def proposed(trial):
        offsets = {layer: trial.suggest_float(layer, 0, 5) for layer in layers}
        return with_densities(**offsets)["accuracy"]

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(proposed, n_trials=count)
    tries["Optuna"], best = [trial.value for trial in study.trials], study.best_params

# %% tags=["varies"]
ax = plots.best_so_far(tries, colours={"at random": plots.GREY, "Optuna": "black"})
for way, colour in (("plan", plots.RED), ("LAMP", plots.SKY)):
    ax.axhline(found[way]["pruned"], color=colour, linestyle="--", label=way)
ax.set(ylabel="validation accuracy", title=f"{1 - share:.1%} of the weights left, not retrained")
ax.locator_params(axis="x", integer=True)
plots.label_ends(ax)
plt.show()

# %% tags=["varies"]
best = densities(**{layer: best[layer] for layer in layers})
found["search"] = tried(masking.make_masks(scores, {n: 1 - d for n, d in best.items()}))
shares["search"] = {n.split("/")[0]: 1 - d for n, d in best.items()}
for way in ("plan", "LAMP", "search"):
    text = ", ".join(f"{layer} {1 - s:5.1%}" for layer, s in shares[way].items())
    print(f"{way:7} keeps {text}: pruned {found[way]['pruned']:.2%},", end=" ")
    print(f"retrained {found[way]['retrained']:.2%}")

# %% [markdown]
# Three cautions again.
#
# - This is one search and one random control. Li and Talwalkar (2019) found that random search
#   keeps up with far more elaborate ways to search architectures, so run as many random trials
#   beside every search.
# - The accuracy *before* retraining only stands in for the one that we want, the accuracy after it.
# - Trials are chosen on validation images. The more trials, the more chance flatters the best one.
#
# And did it beat LAMP, which took no trial at all?

# %% [markdown] covers="84" corrects="40"
# ## What does pruning itself cost?
#
# <details><summary>What the article says</summary>
#
# Its section 7.2 warns that pruning needs much computation. That can be right for a search or for
# retraining, and is wrong for the cut itself, as the next figure shows.
# </details>

# %% tags=["varies"]
start = time.perf_counter()
masking.make_masks(criteria.magnitude(weights), 0.98)
took["masks by size"] = time.perf_counter() - start
start = time.perf_counter()
masking.make_masks(criteria.lamp(weights), 0.98)
took["masks by LAMP"] = time.perf_counter() - start
plots.durations(dict(sorted(took.items(), key=lambda item: item[1])))
plt.title(f"LeNet-5; a short pass is 2,500 images, {len(x_val):,} are measured on")
plt.show()

# %% tags=["varies"]
again = runs("plan", "retraining").mean()
for way in ("global", "lamp", "plan"):
    print(f"recorded, {names[way]:6} {runs(way, 'choosing').mean() / again:6.3f}", end=" ")
    print("of two epochs of retraining")
assert runs("lamp", "choosing").mean() < 0.1 * again

# %% [markdown]
# A ranking is a sort, and costs nearly nothing. A scan trains nothing, but its evaluations may take
# longer than a short pass of retraining. What is expensive is to retrain thoroughly, or to try
# often. (Han et al. 2015, section 4.2, trained AlexNet for 75 hours, and retrained the pruned one
# for 173.)
#
# ## The test set, once
#
# First the networks of this lesson, then the five recorded seeds.

# %% tags=["varies"]
dense_test = accuracy(base, data.x_test, data.y_test)
print(f"this lesson, dense {dense_test:.2%};", end=" ")
print(", ".join(f"{way} {result['test']:.2%}" for way, result in found.items()))

# %%
for way, name in names.items():
    test = 100 * runs(way, "test")
    print(f"{name:8} {test.mean():.2f} ± {test.std(ddof=1):.2f} % of the test images")
longer = 100 * runs("dense, longer", "test", "-")
print(f"not pruned, trained as long: {longer.mean():.2f} ± {longer.std(ddof=1):.2f} %")

# %% [markdown]
# ## Your predictions

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **A program that decides by itself.** Write a search. It is given `loss`, a function that tries a
# share for each layer on 1,000 images, and the layers' sizes; it may call `loss` thirty times; and
# it returns the shares to be cut by size, 97 % in all. It is tried on three LeNet-300-100 networks
# from other seeds, and nothing is trained after the cut. What counts is their mean accuracy on the
# test images. `loss, sizes = task.given()` gives you one such network, without the limit.
#
# <details><summary>Hint</summary>
#
# Three shares, and one equation between them: two are free. So thirty points cover much, if each
# lies near the best so far. Search over the *densities* of the two small layers, as in exercise 2.
# Do not expect much: LAMP's shares, which need no search, do about as well as ours (five seeds).
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.tried_out import automatic_pruning as task

print(task)


def my_search(loss, sizes):
    """Return {name of a kernel: share that goes}, at least 97 % in all, after at most 30 calls."""
    # BEGIN SOLUTION
    names, most = list(sizes), 0.03 * sum(sizes.values())
    best, lowest, rng = np.array([0.1, 0.6]), np.inf, np.random.default_rng(0)
    for step in range(30):  # ever shorter steps from the best so far
        tried = best * np.exp(rng.normal(0, 0.5 * 0.2 ** (step / 29), 2)) if step else best
        tried = np.minimum(tried, 1)
        left = most - sum(d * sizes[name] for d, name in zip(tried, names[1:], strict=True))
        density = dict(zip(names, [left / sizes[names[0]], *tried], strict=True))
        shares = {name: 1 - d for name, d in density.items()}
        if left > 0 and (found := loss(shares)) < lowest:
            best, lowest, chosen = tried, found, shares
    return chosen
    # END SOLUTION


# %% tags=["varies"]
task.judge(my_search)

# %% [markdown]
# ## What to remember
#
# - A scan prunes one layer at a time, and one tolerance for all layers turns it into a plan. It
#   sees each layer alone.
# - Compare plans *after* retraining, at an equal budget, over seeds, and with the strongest simple
#   way. Here that is LAMP, which needs no scan and no data; five seeds could not tell the plan from
#   it.
# - For channels, retraining left no difference that five seeds could show.
# - With a tolerance instead of a budget, ask why the program stopped.
# - A search is worth what it finds beyond chance and beyond LAMP, set against its cost.
#
# ## What to read
#
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), *Learning both Weights and Connections for
#   Efficient Neural Networks*, arXiv 1506.02626: the scan (figure 6).
# - J. Lee, S. Park, S. Mo, S. Ahn, J. Shin (2021), *Layer-adaptive Sparsity for the Magnitude-based
#   Pruning*, arXiv 2010.07611: LAMP.
# - U. Evci, T. Gale, J. Menick, P. S. Castro, E. Elsen (2020), *Rigging the Lottery*, arXiv
#   1911.11134: ERK.
# - Y. He, J. Lin, Z. Liu, H. Wang, L.-J. Li, S. Han (2018), *AMC: AutoML for Model Compression and
#   Acceleration on Mobile Devices*, arXiv 1802.03494.
# - T.-J. Yang et al. (2018), *NetAdapt: Platform-Aware Neural Network Adaptation for Mobile
#   Applications*, arXiv 1804.03230.
# - L. Li, A. Talwalkar (2019), *Random Search and Reproducibility for Neural Architecture Search*,
#   arXiv 1902.07638: random search as a control.
# - T. Akiba, S. Sano, T. Yanase, T. Ohta, M. Koyama (2019), *Optuna: A Next-generation
#   Hyperparameter Optimization Framework*, arXiv 1907.10902.
#
# Next: [17 · Beyond digits](17_beyond_digits.ipynb).
