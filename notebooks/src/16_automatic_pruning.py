# %% [markdown]
# # 16 · Automatic and adaptive pruning
#
# **The question: can a program decide how much to take from each layer?**
#
# About 50 minutes of yours, and two of the computer. Before this:
# [06 · How much to prune](06_how_much.ipynb), and
# [11 · Structural pruning](11_structural_pruning.ipynb).
#
# Chinese terms: automatic pruning 自动剪枝, adaptive pruning 自适应剪枝, sensitivity 敏感度,
# budget 预算, search space 搜索空间, Pareto front 帕累托前沿, neural architecture search (NAS)
# 神经网络架构搜索, executor 执行器, cluster 集群.

# %% [markdown]
# ## What you will be able to do
#
# - scan a network layer by layer, and say what a shortcut would save;
# - turn the scan into a plan for a budget, of weights or of MACs;
# - say what such a plan is worth, beside the simplest alternatives;
# - let a program prune for as long as a tolerance allows;
# - run many trials so that an interruption costs one of them, on one machine or on many;
# - hold a search against chance.

# %%
import importlib.util
import logging
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, measuring, models, pruning, structure
from course_utils.extras import search, sweeping
from course_utils.lessons import plots, recorded
from course_utils.lessons.checks import automatic_pruning as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, Trials, quick_mode

plots.use_style()
# TensorFlow warns of many compiled functions; here many networks are compiled.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

# %% [markdown] covers="78 80 100" corrects="39"
# The article (7.1) lists adaptive pruning, and automated pruning by AutoML and neural architecture
# search, as things of the future. They are not: Han et al. (2015) scanned layer by layer, AMC (He
# et al. 2018) let a learning agent choose each layer's share, and NetAdapt (Yang et al. 2018) took
# channels until a phone was fast enough. What one does not learn from the word "automatic" is
# whether it is *better*. So this lesson measures that.
#
# The network is LeNet-5. Here is one, trained for a while; everything starts from it.

# %% tags=["varies"]
data = load_mnist().head(512, held_out=128) if quick_mode() else load_mnist().head(10_000)
epochs = 1 if quick_mode() else 20 if data.stand_in else 4
again = 0 if quick_mode() else 1  # passes of retraining; the quick run tries all but that
tried_out = slice(-1 if quick_mode() else 0, None)  # of several ways; the quick run takes the last
seen = slice(2_000)
x_val, y_val = data.x_val[seen], data.y_val[seen]
took = {}  # seconds, for the end of the lesson


def accuracy(model, x=x_val, y=y_val):
    return model.evaluate(x, y, batch_size=1000, verbose=0)[1]


def train(model, epochs, callbacks=(), images=slice(None)):
    x, y = data.x_train[images], data.y_train[images]
    model.fit(x, y, batch_size=128, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return model


# %% tags=["varies"]
base = models.lenet5(seed=0)
train(base, epochs, [Progress("dense network", epochs)])
dense = accuracy(base)
print(f"{dense:.2%} on {len(y_val):,} validation images, {data.caption}")


# %%
def copied():
    copy = models.lenet5(seed=0)
    copy.run_eagerly = quick_mode()  # for the few images of the quick run nothing is compiled
    copy.set_weights(base.get_weights())
    return copy


# %% [markdown]
# ## A scan, and a shortcut
#
# The map of lesson 06: prune *one* layer at a time, to several levels, and look at the accuracy.
# The plain way is a loop that evaluates the whole network for every cell of the map. **Predict**:
# which part of that work is wasted, and how much of it?

# %%
levels = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995)
scores = criteria.magnitude(pruning.weights(base))
whole = dict.fromkeys(scores, 0.0)


def plain_loop():
    results, probe = {}, copied()
    for name in list(scores)[tried_out]:
        results[name] = {}
        for level in levels[tried_out]:
            probe.set_weights(base.get_weights())
            pruning.attach(probe, masking.make_masks(scores, whole | {name: level}))
            results[name][level] = accuracy(probe)
    return results


# %% tags=["varies"]
start = time.perf_counter()
by_loop = plain_loop()
loop_took = time.perf_counter() - start

# %% tags=["varies"]
start = time.perf_counter()
scan = search.sensitivity(base, x_val, y_val, levels)
took["scan"] = time.perf_counter() - start
scan

# %% tags=["varies"]
pairs = [(scan.results[n][s], v) for n, found in by_loop.items() for s, v in found.items()]
assert np.allclose(*zip(*pairs, strict=True))
loop_took, scan_took = loop_took / len(pairs), took["scan"] / len(scores) / len(levels)
print(f"{len(pairs)} accuracies, all the same")
print(f"{1000 * loop_took:.0f} ms for each in this loop, {1000 * scan_took:.0f} in the scan")

# %% [markdown]
# `search.sensitivity` is the same loop, around one function that is compiled once; `evaluate` does
# more than it must here, a loss for instance. Both compute much of it again and again: if `fc2`
# changes, both convolutions and `fc1` compute what they computed before. A scan could keep what
# comes *into* the touched layer, and compute on from there.
#
# ### Exercise 1
#
# How many MACs an image does such a scan take? The layers stand in a row, `macs` holds what each
# costs. Each is pruned to each of the `levels` (a number); before that the whole network runs once,
# with nothing pruned.


# %% tags=["exercise"]
def my_work(macs, levels):
    """Return the MACs of the scan: the whole network once, then the tails."""
    # BEGIN SOLUTION
    tails = [sum(macs[i:]) for i in range(len(macs))]
    return sum(macs) + levels * sum(tails)
    # END SOLUTION


# %% tags=["check"]
check.work(my_work)

# %% [markdown]
# <details><summary>Hint</summary>
#
# When layer i has changed, which layers must be computed again? <code>macs[i:]</code> is a list of
# them.
# </details>

# %%
macs = [row.macs for row in measuring.report(base).rows if row.macs]
tails = sum(sum(macs[i:]) for i in range(len(macs)))
shortcut, loop = sum(macs) + len(levels) * tails, (1 + len(levels) * len(macs)) * sum(macs)
print(f"LeNet-5's layers: {macs}")
print(f"with {len(levels)} levels {shortcut:,} MACs; the loop: {loop:,}")
print(f"with ever more levels the saving nears {len(macs) * sum(macs) / tails:.2f}")
assert round(len(macs) * sum(macs) / tails, 2) == 1.95

# %% [markdown]
# Twice, then, and no more: most of this network's work is in its second layer. A deep network of
# equal layers gains the same: on average half of it lies before the touched layer.
#
# This package had such a scan. It was built and measured (`results/scan_reuse.csv`: LeNet-5, 10,000
# images, five levels): 1.9 times faster than a compiled plain loop, at 705 lines of code, and
# a loop around `evaluate` took 3.2 times as long as that scan. So it was taken out again: what is
# left is the plain loop, in 150 lines, for every model that Keras can call. Reuse does not change
# what is measured; nor does it tell us what to do with it.
#
# ## From the scan to a plan
#
# Here is the scan as a picture. **Predict** which layer the plan will spare.

# %% tags=["varies"]
curves = {name.split("/")[0]: curve for name, curve in scan.results.items()}
ax = plots.by_compression(levels, plots.sensitivity(curves, scan.baseline))
ax.set(xlabel="pruned in this layer alone", title=f"each layer by itself ({data.caption})")
plt.show()

# %% [markdown]
# A **budget**: of all weights, this many may stay. One way to keep it: one *tolerance* for all
# layers. Each layer is pruned as far as its own loss, in the scan, stays within the tolerance; and
# the tolerance is raised until the budget is met.
#
# ### Exercise 2
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
# <code>np.unique(losses)</code> has all losses, from the smallest on. For one of them:
# <code>np.where(losses <= tolerance, levels, 0)</code> leaves the levels that are tolerated.
# </details>
#
# `search.plan` does this, and gives back what the budget leaves over. For two percent of the
# parameters:

# %% tags=["varies"]
start = time.perf_counter()
plan = search.plan(scan, base, 0.02)
took["plan"] = time.perf_counter() - start
plan

# %% tags=["varies"]
rings = {name.split("/")[0]: share for name, share in plan.sparsity.items()}
ax = plots.by_compression(levels, plots.sensitivity(curves, scan.baseline, rings))
ax.set(xlabel="pruned in this layer alone", title="the rings: the plan, at about the same height")
plt.show()

# %% [markdown] covers="83"
# ## Is it any good?
#
# Three ways to leave equally many weights: the same share of each layer; the smallest of all
# weights, wherever they are (global); and the plan. First where their zeros are. **Predict** in
# which layer they differ most.

# %% tags=["varies"]
ways = {"plan": masking.make_masks(scores, plan.sparsity)}
share = masking.sparsity(ways["plan"])
stay = sum(int(mask.sum()) for mask in ways["plan"].values())
ways = {
    "uniform": masking.make_masks(scores, share, "layer"),
    "global": masking.make_masks(scores, share, "global"),
} | ways

# %% tags=["varies"]
shares = {
    way: {name.split("/")[0]: masking.sparsity(mask) for name, mask in masks.items()}
    for way, masks in ways.items()
}
ax = plots.layer_densities(shares)
ax.set_title(f"{1 - share:.1%} of LeNet-5's weights left ({data.caption})")
plt.show()

# %% [markdown]
# Now their accuracy on validation images, before and after one pass of retraining. **Predict** the
# order, twice.


# %% tags=["varies"]
def tried(masks):
    model = copied()
    pruning.attach(model, masks)
    before = accuracy(model)
    train(model, again)
    return model, before, accuracy(model)


# %% tags=["varies"]
start = time.perf_counter()
networks = {way: tried(ways[way]) for way in list(ways)[tried_out]}
took["retraining, one pass"] = (time.perf_counter() - start) / len(networks)
for way, (_, before, after) in networks.items():
    print(f"{way:8} pruned {before:7.2%}, retrained {after:.2%}")
print(f"dense    {dense:14.2%}")

# %% [markdown]
# One seed, and 2,000 images: do not believe it yet. So here is a recorded run of five seeds, two
# budgets, two passes of retraining, made by `benchmarks/plans_compared.py` with the sweep that this
# lesson is coming to. Validation accuracy, mean and standard deviation:

# %%
table = recorded.rows("plans_compared")
budgets = sorted({row["budget"] for row in table if row["of"] == "weights"}, reverse=True)


def runs(network, of, value, budget):
    wanted = {"network": network, "of": of, "budget": budget}
    return np.array([row[value] for row in table if wanted.items() <= row.items()])


# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3), sharey=True)
for ax, (value, title) in zip(
    axes, {"val_before": "pruned", "val": "retrained"}.items(), strict=True
):
    found = {
        f"{b:.0%} left, {way}": runs(way, "weights", value, b)
        for b in budgets
        for way in ("uniform", "global", "plan")
    }
    plots.spread(found, ax).set(title=f"{title}, MNIST, 5 seeds", xlabel="validation accuracy")
plt.show()


# %%
# Which is better, seed by seed: the same start, the same number of weights.
def verdict(gain):
    """Say whether five seeds can tell a mean from 0 (Student's t, 95 %)."""
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    told = "more than chance" if abs(gain.mean()) > 2.8 * error else "may be chance"
    return f"{gain.mean():+6.2f} ± {gain.std(ddof=1):.2f} ({told})"


# %%
for value, when in (("val_before", "pruned"), ("val", "retrained")):
    for b in budgets:
        planned = 100 * runs("plan", "weights", value, b)
        for way in ("uniform", "global"):
            gain = planned - 100 * runs(way, "weights", value, b)
            print(f"{when:9} {b:.0%} left: plan minus {way:7} {verdict(gain)} points")

# %% [markdown]
# Read the two halves against each other. *Before* retraining, what a way knows of the layers
# decides: a uniform share empties the small ones, of which nothing is to spare. Retraining then
# repairs part of what a bad choice broke. How much of the plan's lead is left after it, and whether
# five seeds can tell it from chance, the lines above say. Who reports only the first half makes
# a method look large; lesson 07 found the same of criteria.
#
# ## The same for channels
#
# From a convolution go whole filters, and with a filter what reads it (lesson 12). The scan
# switches channels off; the plan counts the MACs of the network that `shrink` would build. Of the
# MACs a quarter may stay. **Predict**: does the plan spare the first layer again?

# %% tags=["varies"]
channels = structure.channel_groups(base)
channel_scan = search.channel_sensitivity(channels, x_val, y_val, (0.2, 0.4, 0.6, 0.8))
channel_plan = search.plan(channel_scan, channels, 0.25, of="macs")
channel_plan

# %% tags=["varies"]
norms, cost = structure.filter_norms(channels), structure.costs(channels).macs
kept = {
    "uniform": structure.within_budget(norms, cost, 0.25, "layer"),
    "global": structure.within_budget(structure.relative(norms), cost, 0.25),
    "plan": structure.choose(norms, channel_plan.sparsity),
}

# %% tags=["varies"]
for way, masks in list(kept.items())[tried_out]:
    small, report = structure.shrink(channels, masks=masks)
    before = accuracy(models.compiled(small))
    widths = {name: int(mask.sum()) for name, mask in masks.items()}
    after = accuracy(train(small, again))
    print(f"{way:8} {cost(masks):9,} MACs {widths}: {before:6.2%}, retrained {after:.2%}")

# %%
for value, when in (("val_before", "shrunk"), ("val", "retrained")):
    found = {way: 100 * runs(way, "macs", value, 0.25) for way in ("uniform", "global", "plan")}
    text = ", ".join(f"{way} {v.mean():.2f} ± {v.std(ddof=1):.2f}" for way, v in found.items())
    print(f"5 seeds, {when:9}: {text} (% of validation images)")

# %% [markdown] covers="78 82"
# (Single run above, five seeds below it; the plan and the scan have seen the same 2,000 validation
# images as the accuracy, so wait for the test images.) A plan of channels is on weaker ground than
# one of weights: each group was scanned with all others whole, but a filter less in `conv1` is an
# input less for `conv2`, and what the two cost together is not the sum.
#
# ## Adaptive: as far as it goes
#
# A budget says how much must go, and accuracy falls where it falls. The other way round: a
# *tolerance* says how much accuracy may be lost, and the program finds out how much can go. Prune a
# little, retrain, look; if the loss is tolerated, keep it and prune more; if not, go back and stop.
#
# ### Exercise 3
#
# The heart of it. `accuracy(level)` prunes to a level, retrains and returns the accuracy: that is
# expensive, so never ask twice, and never further than needed.


# %% tags=["exercise"]
def my_last_good(accuracy, dense, tolerance, levels):
    """Return the last of the rising levels before the first one that loses too much, or 0.

    Tolerated is an accuracy of at least dense - tolerance.
    """
    # BEGIN SOLUTION
    last = 0.0
    for level in levels:
        if accuracy(level) < dense - tolerance:
            break
        last = level
    return last
    # END SOLUTION


# %% tags=["check"]
check.last_good(my_last_good)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One loop that leaves early. What is every accuracy compared with: the one before it, or always the
# same?
# </details>
#
# `search.adaptive` does that with the masks held. One point may go, on the validation images.
# **Predict** where it stops: at 90 % zeros, 95, 99?

# %% tags=["varies"]
start = time.perf_counter()
model = copied()
few = slice(4_000)
limits = {"step": 0.4, "min_step": 0.1, "max_rounds": 2 if quick_mode() else 14}
found = search.adaptive(
    model, lambda m: train(m, again, images=few), accuracy, tolerance=0.01, **limits
)
took["adaptive"] = time.perf_counter() - start
found

# %% tags=["varies"]
points = [(one.sparsity, one.accuracy, one.accepted) for one in found.rounds]
ax = plots.rounds(points, (found.baseline - found.tolerance, found.baseline))
ax.set_title(f"LeNet-5, 40 % of the rest in each round at first ({data.caption})")
plt.show()

# %% [markdown] covers="80"
# `search.adaptive` is more patient than the exercise: it takes a failed round back and tries half
# the step, until steps are too small to matter. Read its result with three cautions.
#
# - Every round trained on. The last network has seen many more images than the dense one that set
#   the bar, and a control without any pruning would have gained from them, too (lesson 06).
# - The same validation images were asked again and again. They are kind to what they chose; the
#   test images, at the end, are not.
# - Where it stops is chance in part: one point of 2,000 images are twenty images.
#
# ## Let a program search
#
# AMC (He, Lin, Liu, Wang, Li and Han 2018) leaves each layer's share to an agent that learns by
# trying. Its reward comes from the pruned network without fine-tuning, since a fine-tuning for each
# try would take too long. Here the same idea in small, with **Optuna** in the agent's place: three
# numbers say how much denser than `fc1` the other layers should be; the budget is met exactly; the
# validation accuracy of the pruned network is what is to grow. Optuna looks at the trials so far
# and proposes the next.


# %%
def densities(offsets):
    """Return {kernel: density}: in the ratio of exp(offset), together exactly the budget."""
    low, high = -20.0, 20.0
    for _ in range(60):  # find the shift by bisection: the higher, the denser
        shift = (low + high) / 2
        shares = {name: min(1.0, np.exp(shift + o)) for name, o in offsets.items()}
        over = sum(share * scores[name].size for name, share in shares.items()) > stay
        low, high = (low, shift) if over else (shift, high)
    return shares


# %%
probe = copied()


def with_offsets(conv1, conv2, fc2):
    """Prune a copy by these offsets (fc1 has 0), and return its validation accuracy."""
    offsets = {"conv1/kernel": conv1, "conv2/kernel": conv2, "fc1/kernel": 0.0, "fc2/kernel": fc2}
    masks = masking.make_masks(scores, {n: 1 - d for n, d in densities(offsets).items()})
    probe.set_weights(base.get_weights())
    pruning.attach(probe, masks)
    return {"accuracy": accuracy(probe)}


# %% [markdown]
# And the control: as many trials drawn at random from the same space. **Predict**: after how many
# trials does Optuna leave chance behind? Does either find better shares than the scan did?

# %% tags=["varies"]
OPTUNA = importlib.util.find_spec("optuna")
count, layers = (4 if quick_mode() else 30), ("conv1", "conv2", "fc2")
rng = np.random.default_rng(0)
drawn = [{layer: float(rng.uniform(0, 5)) for layer in layers} for _ in range(count)]
start = time.perf_counter()
chance = sweeping.sweep(with_offsets, drawn, progress=Trials("at random"))
took[f"{count} trials of a search"] = time.perf_counter() - start

# %% tags=["varies"]
if OPTUNA:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def proposed(trial):
        return with_offsets(**{layer: trial.suggest_float(layer, 0, 5) for layer in layers})

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(lambda trial: proposed(trial)["accuracy"], n_trials=count)
    print(f"Optuna: {len(study.trials)} trials")

# %% tags=["varies"]
tries = {"at random": [row["accuracy"] for row in chance]}
if OPTUNA:
    tries["Optuna"] = [trial.value for trial in study.trials]
ax = plots.best_so_far(tries)
ax.axhline(networks["plan"][1], color=plots.GREY, linestyle=":", label="the plan from the scan")
ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
ax.set(ylabel="validation accuracy", title=f"{1 - share:.1%} of the weights left, not retrained")
plt.show()

# %% tags=["varies"]
best = study.best_params if OPTUNA else max(chance, key=lambda row: row["accuracy"])
left = densities(
    {f"{layer}/kernel": best.get(layer, 0.0) for layer in ("conv1", "conv2", "fc1", "fc2")}
)
print("densities found: ", {name.split("/")[0]: f"{d:.1%}" for name, d in left.items()})
print("the plan's:      ", {n.split("/")[0]: f"{1 - s:.1%}" for n, s in plan.sparsity.items()})
print("the global scope:", {n: f"{1 - s:.1%}" for n, s in shares["global"].items()})

# %% tags=["varies"]
masks = masking.make_masks(scores, {name: 1 - d for name, d in left.items()})
networks["search"] = tried(masks)
for way, (_, before, after) in networks.items():
    print(f"{way:8} pruned {before:7.2%}, retrained {after:.2%}")

# %% [markdown]
# What to make of it? A search tries *combinations*, which the scan never saw: it saw each layer
# alone. So it can find better shares than the plan, and on this small network, where a trial takes
# a moment, that is affordable. Then look at chance: three numbers are few to choose, and good ones
# are many. Li and Talwalkar (2019) found that random search keeps up with far more elaborate ways
# to search architectures. So a search belongs beside as many random trials, always.
#
# And a pruned network's accuracy *before* retraining is only a stand-in for what one wants, the
# accuracy after it. Whether the best trial is also the best after retraining, the last lines tell,
# for one seed. (Trials also choose on validation images: the more of them, the more flattered is
# the best.)

# %% [markdown]
# ## Many trials, and an interruption
#
# Every comparison of this course needs several seeds, and soon there are dozens of trainings. Three
# things go wrong then: the machine is switched off, one training fails at night, and it takes too
# long. `sweeping.sweep` is a loop that survives the first two, and can be spread over processes
# against the third. A **task** is a function of plain values that returns numbers; `grid` makes all
# combinations. Here with a small network, LeNet-300-100, 97 % pruned and retrained for one pass:

# %%
every = sweeping.grid(
    seed=range(1 if quick_mode() else 3),
    scope=["global", "layer"],
    criterion=["magnitude"] if quick_mode() else ["magnitude", "lamp", "random"],
)
stop_at = 2 if quick_mode() else 5  # as if somebody pressed the stop button then

# %%
starts, begun = {}, []


def start_of(seed):
    if seed not in starts:
        model = models.lenet300(seed=seed)
        starts[seed] = train(model, again * epochs).get_weights()
    return starts[seed]


# %%
def compare(seed, scope, criterion):
    begun.append(seed)
    if len(begun) == stop_at:
        raise KeyboardInterrupt
    model = models.lenet300(seed=seed)
    model.set_weights(start_of(seed))
    weights = pruning.weights(model)
    scored = {
        "magnitude": criteria.magnitude,
        "lamp": criteria.lamp,
        "random": lambda W: criteria.random(W, seed=seed),
    }[criterion](weights)
    pruning.attach(model, masking.make_masks(scored, 0.97, scope))
    train(model, again, images=few)
    return {"accuracy": accuracy(model)}


# %% tags=["varies"]
folder = tempfile.TemporaryDirectory()
file = Path(folder.name) / "sweep.jsonl"
try:
    sweeping.sweep(compare, every, file=file, progress=Trials("sweep"))
except KeyboardInterrupt:
    print("interrupted!")
print(file.read_text().splitlines()[0])

# %% [markdown]
# Each trial became a line of the file the moment it was done. **Predict**: how many trials does the
# same call run now?

# %% tags=["varies"]
rows = sweeping.sweep(compare, every, file=file, progress=Trials("sweep"))

# %% tags=["varies"]
names = {f"{row['criterion']}, {row['scope']}": [] for row in rows}
for row in rows:
    names[f"{row['criterion']}, {row['scope']}"].append(row["accuracy"])
ax = plots.spread(names)
ax.set(xlabel="validation accuracy", title=f"LeNet-300-100 with 97 % zeros ({data.caption})")
plt.show()

# %%
assert len(rows) == len(every) == len(sweeping.results(file))
assert len(begun) == len(every) + 1  # the one that was interrupted was begun twice
with file.open("a") as stream:  # as if the power failed while a line was written
    stream.write('{"task": "compare", "trial": {"se')
assert sweeping.sweep(compare, every, file=file) == rows

# %% [markdown]
# Only what was missing. A line that was half written is taken away and its trial run again; a trial
# that raises an error is named at the end, when all others are done.
#
# ### On more processors
#
# The third argument of `sweep` is any executor of Python's `concurrent.futures`. Processes on this
# machine, each with its share of the cores (the task must stand in a file, `my_task.py`, since
# a new process cannot look into a notebook):
#
# ```python
# from my_task import compare
#
# with sweeping.process_pool(4) as pool:
#     rows = sweeping.sweep(compare, every, pool, file="sweep.jsonl")
# ```
#
# Machines in a network, or in a data centre, with **Dask**: the same call. Here the "cluster" is
# two processes of this machine, and the task a cheap one: how much of a matrix's sum of squares do
# its largest weights keep?

# %%
DASK = importlib.util.find_spec("distributed") and not quick_mode()


def energy(seed, density):
    W = np.sort(np.random.default_rng(seed).normal(size=20_000) ** 2)
    return {"largest": W[-round(density * W.size) :].sum() / W.sum()}


cheap = sweeping.grid(seed=range(3), density=[0.5, 0.2, 0.1, 0.05])
here = sweeping.sweep(energy, cheap)
if DASK:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        there = sweeping.sweep(energy, cheap, client.get_executor())
    assert [row["largest"] for row in there] == [row["largest"] for row in here]

# %%
for density in (0.5, 0.2, 0.1, 0.05):
    kept_part = np.mean([row["largest"] for row in here if row["density"] == density])
    print(f"the largest {density:3.0%} of Gaussian weights have {kept_part:.0%} of the squares")

# %% [markdown]
# When a worker dies, Dask gives its trial to another one; since only this process writes the file,
# each result is in it once. The tests of this package kill a worker in the middle of a sweep, and
# whole sweeps, and count. (A pool of Python's own cannot go on when a process dies. It says so, and
# with a new pool the same call does.)

# %% [markdown] covers="84" corrects="40"
# ## What does pruning itself cost?
#
# The article (7.2) warns that pruning needs much computation. Which part of it? **Predict** the
# order: computing scores and masks; a scan; a plan; one pass of retraining; a search.

# %% tags=["varies"]
start = time.perf_counter()
masking.make_masks(criteria.magnitude(pruning.weights(base)), 0.98)
took = {"scores and masks": time.perf_counter() - start} | took
start = time.perf_counter()
gradients = pruning.gradients(base, data.x_train[:500], data.y_train[:500], reduce="size")
criteria.taylor(pruning.weights(base), gradients)
took["Taylor scores"] = time.perf_counter() - start

# %% tags=["varies"]
took = dict(sorted(took.items(), key=lambda item: item[1]))
plots.durations(took)
plt.title(f"LeNet-5, {len(data.x_train):,} training and {len(x_val):,} validation images")
plt.show()

# %%
cheapest = np.mean([row["choosing"] for row in table if row["network"] in ("uniform", "global")])
planned = runs("plan", "weights", "choosing", budgets[0]).mean()
again = np.mean([row["retraining"] for row in table if row["of"] == "weights"])
print(f"recorded, in units of the retraining: ranking {cheapest / again:.3f}", end=", ")
print(f"scan and plan {planned / again:.2f}")
assert cheapest < 0.1 * again

# %% [markdown]
# The ranking that prunes is a sort: it costs nearly nothing. A scan costs evaluations, no training
# (the recorded ones reused what did not change; this one takes nearly twice as long).
# All that is expensive retrains, or tries often. So the article's warning is right about the
# *search*, and wrong about pruning itself. Han et al. (2015) trained AlexNet for 75 hours, and
# retrained the pruned one for 173 (section 4.2).
#
# ## The test set, once
#
# First the single networks of this lesson, then the five recorded seeds.

# %% tags=["varies"]
for way, model in {"dense": base, **{way: found[0] for way, found in networks.items()}}.items():
    print(f"{way:8} {accuracy(model, data.x_test, data.y_test):.2%}")

# %%
for of, b in [("weights", b) for b in budgets] + [("macs", 0.25)]:
    found = {way: 100 * runs(way, of, "test", b) for way in ("uniform", "global", "plan")}
    text = ", ".join(f"{way} {v.mean():.2f} ± {v.std(ddof=1):.2f}" for way, v in found.items())
    print(f"{b:3.0%} of the {of:7} left: {text} (% of test images, 5 seeds)")
longer = 100 * runs("dense, longer", "-", "test", 1.0)
print(f"not pruned, trained as long: {longer.mean():.2f} ± {longer.std(ddof=1):.2f}")

# %% [markdown]
# A difference of two networks that is less than their standard deviations is none, whatever the
# order in which they stand. And the control in the last line had the same training without any
# pruning.
#
# ## What to remember
#
# - A scan is a loop over layers and levels: compile it once. A shortcut saves half at the most.
# - One tolerance for all layers makes a plan of it. It saw each layer alone.
# - Compare plans *after* retraining, at an equal budget, over seeds, and with a control.
# - A tolerance instead of a budget: compare with the dense network, stop at the first failure.
# - A search is worth what it finds beyond chance and beyond the scan, for what it costs.
# - A sweep that writes each result at once can be interrupted at any time.
# - Scores are a sort. What costs is retraining, and every method that retrains often.
#
# ## What to read
#
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), *Learning both Weights and Connections for
#   Efficient Neural Networks*, arXiv 1506.02626: the scan (figure 6).
# - Y. He, J. Lin, Z. Liu, H. Wang, L.-J. Li, S. Han (2018), *AMC: AutoML for Model Compression and
#   Acceleration on Mobile Devices*, ECCV 2018, arXiv 1802.03494.
# - T.-J. Yang et al. (2018), *NetAdapt: Platform-Aware Neural Network Adaptation for Mobile
#   Applications*, ECCV 2018, arXiv 1804.03230.
# - Z. Liu, M. Sun, T. Zhou, G. Huang, T. Darrell (2019), *Rethinking the Value of Network Pruning*,
#   arXiv 1810.05270: pruning as a search for widths.
# - L. Li, A. Talwalkar (2019), *Random Search and Reproducibility for Neural Architecture Search*,
#   arXiv 1902.07638: why chance belongs beside every search.
# - T. Akiba, S. Sano, T. Yanase, T. Ohta, M. Koyama (2019), *Optuna: A Next-generation
#   Hyperparameter Optimization Framework*, arXiv 1907.10902.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017), *Pruning Convolutional Neural
#   Networks for Resource Efficient Inference*, arXiv 1611.06440: the paper behind the article's
#   first reference.
#
# Next: lesson 17 leaves digits behind.
