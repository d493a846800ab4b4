# %% [markdown]
# # 08 · Pruning while training
#
# **The question: when should weights go, and how should the rest be retrained?**
#
# ![Compass: schedule lit](figures/compass_schedule.svg)
#
# About 60 minutes, and an open task. Before this: [05 · Prune and
# retrain](05_prune_and_retrain.ipynb) (masks that hold) and [06 · How much?](06_how_much.ipynb)
# (one ranking for all layers); for paired differences see [what you
# need](../docs/prerequisites.md).
#
# Chinese terms: schedule 剪枝调度, gradual pruning 渐进式剪枝, static 静态, dynamic 动态, learning
# rate 学习率, weight rewinding 权重回退.

# %% [markdown]
# ## What you will be able to do
#
# - say what "static" and "dynamic" mean, and put a method into its family;
# - write a pruning schedule, and prune with it inside an ordinary `fit`;
# - choose the learning rate and the length of a retraining, and say what the choice rests on;
# - avoid three traps: early stopping, steps that are past, and training that was cut off.

# %%
import tempfile
import textwrap
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning, schedules
from course_utils.backend import keras
from course_utils.lessons import networks, plots, recorded, widgets
from course_utils.lessons.checks import while_training as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
predict = Predictions("08_while_training")

# %% [markdown]
# The network throughout is LeNet-300-100: three dense layers, 266,200 weights. Where it is pruned
# *while* training, it is trained here, not loaded. Unless we say otherwise, it ends with 2 % of its
# weights:

# %% tags=["varies"]
data = load_mnist().head(3_000, held_out=500) if quick_mode() else load_mnist().head(20_000)
quick, full = (5, 30) if data.stand_in else (2, 6)  # the stand-in is small
epochs = quick if quick_mode() else full
STEPS = epochs * -(-len(data.x_train) // 128)  # optimizer steps in all, with batches of 128
FINAL = 0.98
print(f"{STEPS} steps of 128 images each, {data.caption}")

# %% [markdown] covers="5 11 12 13" corrects="2 6"
# ## Sort the words first
#
# Methods differ in *when the mask is chosen*, and in whether it may change afterwards:
#
# | family | the mask is chosen | may weights come back? | example |
# |---|---|---|---|
# | after training | once, or in rounds, with retraining | no | Han et al. 2015 |
# | gradual | during training, sparser and sparser | no | Zhu and Gupta 2017 |
# | at initialization | before the first step | no | SNIP, Lee et al. 2019 |
# | dynamic sparse training | again and again, at one sparsity | yes | SET 2018, RigL 2020 |
#
# The first three belong to this lesson, the fourth to [09 · Weights that come
# back](09_regrowth.ipynb).
#
# *Dynamic* has a second meaning. In surveys such as Liang et al. (2021) all four families are
# *static* pruning: done before the network is used. *Dynamic* pruning there happens **at run
# time**: what is computed depends on the input. When you read "dynamic", ask: while training, or
# while running?
#
# <details><summary>What the article says</summary>
#
# The article this course grew from calls pruning after training *static*, meant for "static models
# such as DNN and RNN", and pruning during training *dynamic*; and it calls deleting weights during
# training the core idea of all pruning. But DNN means any deep network, and RNN one kind of it:
# either can be pruned in each of the four ways. Deleting for good during training is one family of
# four, and the article's own script (lesson 05) belongs to another, the first. See
# [coverage](../docs/coverage.md).
# </details>

# %% [markdown]
# ## A schedule is a function
#
# The first three families are one callback with different **schedules**: functions from the
# optimizer step to the sparsity. Here are six.

# %%
begin, end, every = STEPS // 10, 7 * STEPS // 10, max(STEPS // 40, 1)
ways = {
    "constant(0.98)": schedules.constant(FINAL),
    "one_shot(0.98, at)": schedules.one_shot(FINAL, at=STEPS // 2),
    "iterative(0.98, begin, every, 7)": schedules.iterative(FINAL, begin, STEPS // 10, 7),
    "polynomial(0.98, begin, end)": schedules.polynomial(FINAL, begin, end, every=every),
    "exponential(0.98, begin, end)": schedules.exponential(FINAL, begin, end, every=every),
    "one_cycle(0.98, begin, end)": schedules.one_cycle(FINAL, begin, end, every=every),
}

# %% tags=["varies"]
fig, axes = plt.subplots(2, 3, figsize=(10, 4.6), sharex=True, sharey=True)
for ax, (name, way) in zip(axes.flat, ways.items(), strict=True):
    plots.schedule(way, STEPS, ax).set_title(name, fontsize=10)
fig.supxlabel("optimizer steps", fontsize=12)
fig.supylabel("sparsity", fontsize=12)
plt.show()

# %% [markdown]
# - `constant`: pruned from the first step on.
# - `one_shot`: train, prune once, retrain.
# - `iterative`: the same in rounds, each taking the same share *of the rest*:
#   $1 - (1 - s)^{r/n}$ after round $r$ of $n$.
# - `polynomial`: $s \, \bigl(1 - (1 - t)^3\bigr)$, where $t$ goes from 0 to 1. The cube is Zhu and
#   Gupta's: quick at first, when most weights are superfluous, slow at the end.
# - `exponential`: similar, with $1 - e^{-5t}$, stretched so that it ends at $s$.
# - `one_cycle`: an S, slow at both ends.
#
# The small stairs come from `every`: ranking takes time, so masks move only every so many steps.

# %% [markdown]
# **Design one yourself.** The area above the curve is the share of weights still in place, averaged
# over the training: roughly what training would cost on a machine that skips zeros. Predict, then
# drag.

# %% tags=["varies"]
cheapest = predict("Which slider saves most of it?", ..., choices=("begin", "end", "power"))


# %%
def designed(final=FINAL, begin=0.1, end=0.7, power=3.0):
    way = schedules.polynomial(
        final, round(begin * STEPS), round(end * STEPS), power=power, every=every
    )
    return way, np.mean([1 - way(step) for step in range(STEPS)])


def draw(**chosen):
    way, left = designed(**chosen)
    ax = plots.schedule(way, STEPS)
    ax.set(xlabel="optimizer steps", ylabel="sparsity")
    ax.set_title(f"{left:.0%} of the weights in place, on average over the training")
    return ax


widgets.slider(
    draw,
    final=(0.5, 0.99, 0.01, FINAL),
    begin=(0.0, 0.6, 0.05, 0.1),
    end=(0.65, 1.0, 0.05, 0.7),
    power=(1.0, 6.0, 0.5, 3.0),
)

# %% tags=["varies"]
saved = {"nothing changed": designed(), "begin 0": designed(begin=0.0)}
saved |= {"power 6": designed(power=6.0), "end 0.65": designed(end=0.65)}
for name, (_, left) in saved.items():
    print(f"{name:16} {left:.0%} in place")
cheapest.was(min(saved, key=lambda name: saved[name][1]).split()[0])
assert saved["begin 0"][1] == min(left for _, left in saved.values())

# %% [markdown]
# Beginning at once saves most. It also means choosing among weights that have learned hardly
# anything. The extreme comes below: masks chosen before the first step.

# %% [markdown]
# ### Exercise 1
#
# Write the cubic schedule, stairs included. Before `begin` the sparsity is 0, from `end` on
# `final`.


# %% tags=["exercise"]
def my_cubic(step, final, begin, end, every):
    """Return final · (1 - (1 - t)³); t, from 0 at begin to 1 at end, moves in stairs of `every`."""
    # BEGIN SOLUTION
    if step < begin:
        return 0.0
    if step >= end:
        return final
    t = (step - begin) // every * every / (end - begin)
    return final * (1 - (1 - t) ** 3)
    # END SOLUTION


# %% tags=["check"]
check.cubic(my_cubic)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Three cases: before, after, between. Between them count the steps since <code>begin</code>, round
# them down to a multiple of <code>every</code>, and divide by the distance from <code>begin</code>
# to <code>end</code>.
# </details>

# %% [markdown]
# ## What the loss does at a cut
#
# `PruneOnSchedule` is a Keras callback. Before each step it asks the schedule, and prunes if the
# answer has changed. To see the loss *right after* each cut, a second callback evaluates 1,000
# validation images; a third counts the connections of each of the 784 pixels.


# %%
def watching(model, pruner, losses):
    x, y = data.x_val[:1000], data.y_val[:1000]

    def look(batch, logs=None):
        step = int(model.optimizer.iterations)
        if step % 10 == 0 or step in pruner.history:
            chances = np.asarray(model(x))[range(len(y)), y]
            losses[step] = float(-np.log(chances + 1e-9).mean())

    return keras.callbacks.LambdaCallback(on_train_batch_begin=look)


def filming(model, frames):
    at = {STEPS * percent // 100: f"{percent} %" for percent in (0, 20, 40, 60, 100)}

    def look(batch=None, logs=None):
        step = int(model.optimizer.iterations)
        if step in at and (masks := pruning.held_masks(model)):
            frames[at[step]] = masks["fc1/kernel"].sum(axis=1).reshape(28, 28)

    return keras.callbacks.LambdaCallback(on_train_batch_begin=look, on_train_end=look)


# %% tags=["varies"]
losses, cuts, film = {}, {}, {}
for name in list(ways)[1 : 4 : 2 if quick_mode() else 1]:
    model, pruner = models.lenet300(seed=0), pruning.PruneOnSchedule(ways[name], min_kept=500)
    losses[name], film[name] = {}, {}
    watch = [watching(model, pruner, losses[name]), filming(model, film[name])]
    callbacks = [pruner, *watch, Progress(name, epochs)]
    history = model.fit(data.x_train, data.y_train, 128, epochs, verbose=0, callbacks=callbacks)
    cuts[name] = list(pruner.history)[1:]

# %% [markdown]
# The pruner comes first among the callbacks; `min_kept` keeps it from emptying a layer. It writes
# "sparsity" into the logs, and keeps its own history by step:

# %% tags=["varies"]
print("by epoch:", [round(s, 3) for s in history.history["sparsity"]])
print("by step: ", {step: round(s, 3) for step, s in list(pruner.history.items())[:4]}, "…")
assert abs(masking.sparsity(pruning.held_masks(model)) - FINAL) < 1e-5

# %% [markdown]
# `iterative` makes seven cuts, and each takes the same share of the rest. Predict:

# %% tags=["varies"]
worst = predict("Which of the seven cuts multiplies the loss most, the 1st to the 7th?", ...)

# %% tags=["varies"]
fig, axes = plt.subplots(2, len(losses), figsize=(10, 4.8), sharex=True, sharey="row")
for (top, bottom), name in zip(axes.T, losses, strict=True):
    plots.schedule(ways[name], STEPS, top).set_title(name.split("(")[0])
    plots.loss_by_step(losses[name], cuts[name], bottom).set_ylabel("")
axes[0, 0].set_ylabel("sparsity")
axes[1, 0].set_ylabel("validation loss")
fig.suptitle(f"the schedule, and the loss under it ({data.caption}, one run each)", fontsize=12)
plt.show()


# %% tags=["varies"]
def jumps(losses, cuts):
    """How many times higher the loss is right after a cut than at the last look before it."""
    steps = sorted(losses)
    return [losses[cut] / losses[steps[steps.index(cut) - 1]] for cut in cuts]


for name in losses:
    j = jumps(losses[name], cuts[name])
    print(
        f"{name:32} {len(j):2} cuts; the highest jump is {max(j):4.1f}-fold, the last {j[-1]:.1f}"
    )
    if name.startswith("iterative"):  # quick mode leaves it out
        worst.was(1 + int(np.argmax(j)))

# %% [markdown]
# For scale: $\ln 10 \approx 2.3$ is the loss of a guess among ten digits. In rounds the first cuts
# hardly show and the late ones hurt: the same share of the rest is *more that matters*. The
# polynomial takes less and less: its highest peaks come about half-way, and its last cuts cannot be
# seen. (One run each; the next section has five seeds.)
#
# And *which* weights go? Nobody tells the network that digits sit in the middle of the image:

# %% tags=["varies"]
shares = {
    name.split("(")[0]: {at: frame / frame.mean() for at, frame in film[name].items()}
    for name in list(film)[1:]
}
fig = plots.film_strip(shares, "times the mean pixel's")
fig.suptitle(f"connections of each pixel, over the training ({data.caption})", fontsize=12)
plt.show()

# %% [markdown]
# The edge empties first. A pixel that is always black has no gradient: its weights stay as small as
# they were drawn, while others grow. So the ranking cuts them by itself. (The densest spots lie at
# the rim of the digits, not in the middle.)
#
# ![A cubic schedule, and at nine steps the masks of four units, full at first, at the end a few
# dozen pixels; of fc1 1.2 % of the weights are left, of fc3 half.](figures/moving_on_schedule.svg)
#
# *The same in motion, recorded once: the curve sets what all layers lose together; each loses a
# different share.*

# %% [markdown]
# ## Same end, other ways
#
# All end at 98 % zeros after the same number of steps, at Adam's rate of 1e-3. Which is best? Five
# seeds were recorded by `python benchmarks/schedules_compared.py` on MNIST (10 epochs on 30,000
# images). Controls, in grey: the **dense** network, and a **random mask** from the first step on,
# with ERK's share for each layer (lesson 06; the others rank all weights together). SNIP prunes
# before the first step, too, by gradient times weight (lesson 07). Predict:

# %%
ranked = predict(
    "In which order, best first?",
    ...,
    order=("cubic", "one shot", "SNIP", "static random"),
)

# %%
table = recorded.rows("schedules_compared")


def runs(network, value="val_accuracy"):
    return np.array([row[value] for row in table if row["network"] == network])


gradual = ["cubic", "one cycle", "iterative"]
names = ["dense", *gradual, "one shot", "SNIP", "static random"]
ax = plots.spread({name: runs(name) for name in names}, controls=["dense", "static random"])
ax.set(xlabel="validation accuracy, MNIST", title="98 % zeros (not the dense one), 5 seeds, ±1 sd")
plt.show()
ranked.was(sorted(ranked.choices, key=lambda name: -runs(name).mean()))

# %% [markdown]
# All networks of one seed start from the same weights, so compare them in pairs (lesson 05), seed
# by seed.


# %%
def compared(one, other):
    difference = 100 * (one - other)
    mean, sd, ahead = difference.mean(), difference.std(ddof=1), (difference > 0).sum()
    return f"{mean:+.2f} ± {sd:.2f} points, ahead with {ahead} of {len(difference)} seeds"


for one, other in [("cubic", other) for other in names if other != "cubic"] + [
    ("iterative", "one shot"),
    ("SNIP", "static random"),
]:
    print(f"{one:9} - {other:13} {compared(runs(one), runs(other))}")

# %% [markdown]
# Every gradual schedule beats the single cut half-way, with every seed. (After so deep a cut a
# higher rate helps; see below.) Among the three the order of the means holds for this network and
# these ten epochs, no further. Cubic and dense cannot be told apart by five seeds: 98 % of the
# weights were not needed *at the end*. Masks chosen before any training are points behind, and
# SNIP's lead over chance is not certain. Frankle et al. (2021) report of SNIP and its relatives:
# better than random, worse than magnitude after training.

# %%
one_shot = runs("one shot")
assert all((runs(name) > one_shot).all() for name in gradual)
assert runs("cubic").mean() > runs("one cycle").mean() > runs("iterative").mean()
assert all((runs(name) < one_shot - 0.01).all() for name in ("SNIP", "static random"))
for one, other in (("cubic", "dense"), ("SNIP", "static random")):
    difference = runs(one) - runs(other)  # undecided: Student's t of five pairs is 2.78
    assert abs(difference.mean()) < 2.78 * difference.std(ddof=1) / 5**0.5

# %% [markdown]
# One look at the test set, for the best sparse network by validation and the dense one:

# %%
best = max(names[1:], key=lambda name: runs(name).mean())
for name in (best, "dense"):
    test = 100 * runs(name, "test_accuracy")
    print(f"{name:6} test accuracy {test.mean():.2f} ± {test.std(ddof=1):.2f} %, MNIST, 5 seeds")

# %% [markdown] covers="5 6 28 84 105" corrects="1 2 19 40 52"
# ### Is training faster?
#
# No. Every step still multiplies all the zeros; and whoever prunes *after* training has to train
# on. Han et al. (2015, section 4.2) trained AlexNet for 75 hours and retrained the pruned network
# for 173. Training is faster where arrays become *smaller* (lesson
# [11](11_structural_pruning.ipynb)) or where kernels skip zeros ([13](13_faster.ipynb)). Pruning
# itself is a sort and costs little (measured: [questions and answers](../docs/faq.md)). What costs
# is training again, and searching for how much.
#
# <details><summary>What the article says</summary>
#
# In five sections it says that pruning makes training faster; in its FAQ, that training takes
# longer. Both cannot be true: the second is. It also counts pruning itself as costly computation.
# And its core idea, deleting while training, is a good one among others: see the table above.
# [Coverage](../docs/coverage.md) lists each claim.
# </details>

# %% [markdown]
# ## How to retrain: rate, length, rewinding
#
# Often pruning is one cut of a trained network, then retraining. With which learning rate, for how
# long, from which weights? Three recipes have names:
#
# - **fine-tuning**: go on at a small fixed rate, often the one training ended with;
# - **rate rewinding**: keep the weights, and repeat the last part of the old schedule of rates;
# - **weight rewinding**: repeat it from the weights of that time, too (lesson
#   [10](10_lottery_tickets.ipynb)).
#
# On larger networks both kinds of rewinding beat fine-tuning (Renda et al. 2020); Le and Hua (2021)
# find the cause in the large rates. `python benchmarks/retraining.py` measured it here:
# LeNet-300-100 on 20,000 images of MNIST, trained for 4 epochs while Adam's rate falls from 1e-3 to
# 1e-5 in a straight line; cut to 2 % at once; retrained with a new Adam for 1, 2 or 4 epochs (8 at
# 1e-3). Five seeds. Predict:

# %%
rates = ("1e-3", "1e-4", "1e-5")
rate = predict("Which rate is best for one epoch?", ..., choices=rates)

# %%
retraining = recorded.rows("retraining")


def accuracy(way, epochs, sparsity=0.98, start="falling"):
    asked = {"way": way, "epochs": epochs, "sparsity": sparsity, "start": start}
    rows = (row for row in retraining if all(row[key] == value for key, value in asked.items()))
    return np.array([row["val_accuracy"] for row in rows])


# %%
def mean_rate(way, epochs):
    """The average rate of a way; rewound by n of 4 epochs, it falls to 1e-5 from n/4 of 1e-3."""
    first = {"new fall": 1e-3, "steep fall": 3e-3, "rate rewound": 1e-5 + 9.9e-4 * epochs / 4}
    return (first[way] + 1e-5) / 2 if way in first else float(way.removeprefix("fixed "))


# %%
ways = ["fixed 1e-5", "fixed 1e-4", "rate rewound", "new fall", "fixed 1e-3"]
ways += ["steep fall", "fixed 3e-3"]
fig, ax = plt.subplots(figsize=(8, 4.6))
for epochs, colour in zip((1, 2, 4), (plots.SKY, plots.BLUE, "black"), strict=True):
    points = {way: accuracy(way, epochs) for way in ways if len(accuracy(way, epochs))}
    points = dict(sorted(points.items(), key=lambda one: mean_rate(one[0], epochs)))
    at = [mean_rate(way, epochs) for way in points]
    errors = {way: 1 - accuracies for way, accuracies in points.items()}
    mean, sd = np.transpose([(error.mean(), error.std(ddof=1)) for error in errors.values()])
    ax.errorbar(at, mean, sd, color=colour, marker="o", capsize=3)
    label = f"  {epochs} epoch{'s' * (epochs > 1)}"
    ax.annotate(label, (at[-1], mean[-1]), color=colour, va="top")
for way in ways:
    where = (mean_rate(way, 1), 1.08 * (1 - accuracy(way, 1).mean()))
    ax.annotate(way, where, rotation=45, fontsize=10, color=plots.GREY)
ax.set(xscale="log", xlim=(7e-6, 8e-3), xlabel="mean learning rate of the retraining")
ax.set(yscale="log", ylim=(0.05, 1.5), ylabel="validation error")
ax.set_yticks([0.05, 0.1, 0.2, 0.5, 1], ["5 %", "10 %", "20 %", "50 %", "100 %"], minor=False)
ax.set_title("LeNet-300-100 on MNIST, cut to 2 %, 5 seeds, ±1 sd")
ax.axhline(1 - accuracy("none", 0).mean(), color=plots.LIGHT, linewidth=1, zorder=0)
plt.show()
rate.was(max(rates, key=lambda one: accuracy(f"fixed {one}", 1).mean()))

# %% [markdown]
# The grey line is the network right after the cut; small steps do not bring it back in time. "New
# fall" goes from 1e-3 to 1e-5, "steep fall" from 3e-3. While the weights are kept, the names hardly
# matter: sorted by mean rate, ways of equal length lie on one falling curve, in line with Le and
# Hua. "Rate rewound" by one epoch repeats the schedule's smallest rates; by four, the whole. (Rates
# above 3e-3 were not tried.) In pairs:

# %%
for one, other in (
    (("fixed 3e-3", 2), ("fixed 1e-3", 2)),
    (("fixed 1e-3", 2), ("fixed 1e-4", 2)),
    (("fixed 1e-3", 2), ("new fall", 2)),
    (("fixed 3e-3", 4), ("fixed 1e-3", 8)),
    (("rate rewound", 4), ("weights rewound", 4)),
):
    print(f"{one} - {other}:".ljust(46) + compared(accuracy(*one), accuracy(*other)))

# %%
for epochs in (1, 2, 4):
    there = [way for way in ways if len(accuracy(way, epochs))]
    ordered = sorted(there, key=lambda way: mean_rate(way, epochs))
    means = [accuracy(way, epochs).mean() for way in ordered]
    assert means == sorted(means)  # the higher the mean rate, the better
    for fall, fixed in (("new fall", "fixed 1e-3"), ("steep fall", "fixed 3e-3")):
        assert (accuracy(fall, epochs) < accuracy(fixed, epochs)).all()
assert (accuracy("rate rewound", 4) > accuracy("weights rewound", 4)).all()
assert all((accuracy(way, 2) > accuracy(way, 1)).all() for way in ways)  # and the longer

# %% [markdown]
# A higher rate can stand in for length: four epochs at 3e-3 do a little better than eight at 1e-3.
# Rewinding the weights, too, here to the first step, is worse than rewinding the rate alone: it
# throws away what training learned.
#
# After a milder cut, to 10 % of the weights, less is at stake. Below it the control: *nothing*
# pruned, and trained on in the same way, after a falling rate and after 1e-3 throughout.

# %%
for sparsity, start in ((0.9, "falling"), (0.9, "constant"), (0, "falling"), (0, "constant")):
    before = accuracy("none", 0, sparsity, start)
    print(f"{sparsity:.0%} zeros, {start} rate before: {before.mean():.2%}, after 1 epoch at")
    for way in ("fixed 1e-3", "fixed 1e-4"):
        after = accuracy(way, 1, sparsity, start)
        print(f"   {way}: {after.mean():.2%}, {compared(after, before)}")

# %% [markdown]
# A small rate lets a network settle: the dense one that was trained at 1e-3 gains from an epoch at
# 1e-4, with every seed and without any pruning. A pruned network is not there yet; even with 10 %
# of its weights it gains more at 1e-3.
#
# So start retraining at the rate that the original training began with (after a deep cut, above
# it), and go on as long as you can. (A falling rate may win in longer retrainings; here it never
# beat the fixed rate that it started from.) And give the dense network the same epochs at the same
# rates before you compare: it changes, too.

# %%
for start in ("falling", "constant"):
    high, low = (accuracy(way, 1, 0.9, start) for way in ("fixed 1e-3", "fixed 1e-4"))
    assert (high > low).all()
cooled = accuracy("fixed 1e-4", 1, 0, "constant") - accuracy("none", 0, 0, "constant")
assert (cooled > 0).all()

# %% [markdown]
# ### Exercise 2
#
# You have two epochs to retrain LeNet-300-100, cut to 2 %. Write the learning rate for each step;
# try to beat the fixed 1e-3.


# %% tags=["exercise"]
def my_rate(step, steps):
    """Return Adam's learning rate at `step` of `steps`, counted from 0."""
    # BEGIN SOLUTION
    return 3e-3
    # END SOLUTION


# %% tags=["check"]
check.rate(my_rate)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The figure says which mean rates do well. You may return one number for all steps, or let it fall
# as <code>step / steps</code> goes from 0 to 1.
# </details>
#
# The network is loaded, as trained at 1e-3 throughout: compare your run with the one beside it, not
# with the figure. A rate that has passed the check is run.

# %% tags=["varies"]
TRAIN = False  # True: train it here, about 15 s
dense = networks.train("lenet300") if TRAIN else networks.trained("lenet300", data)


# %%
def retrained(label, rate):
    model = models.lenet300()
    model.set_weights(dense.get_weights())
    pruning.attach(model, masking.make_masks(criteria.magnitude(pruning.weights(model)), FINAL))
    steps, adam = 2 * -(-len(data.x_train) // 128), model.optimizer

    def follow(batch, logs=None):
        adam.learning_rate.assign(rate(int(adam.iterations), steps))

    callbacks = [keras.callbacks.LambdaCallback(on_train_batch_begin=follow), Progress(label, 2)]
    model.fit(data.x_train, data.y_train, 128, 2, verbose=0, callbacks=callbacks)
    return model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]


# %% tags=["varies"]
rates = {"fixed 1e-3": lambda step, steps: 1e-3, "yours": my_rate}
if not check.rate(my_rate) or quick_mode():
    rates.popitem()
for name, rate in rates.items():
    print(f"{name}: validation accuracy {retrained(name, rate):.2%} ({data.caption}, one run)")

# %% [markdown]
# ## Three traps
#
# **Trap 1: early stopping.** `EarlyStopping(restore_best_weights=True)` brings back the best epoch.
# Under a rising schedule that may be one from before the pruning. `PruneOnSchedule` then cuts these
# weights to the last mask, without training after it, and warns:

# %% tags=["varies"]
size = 300 if quick_mode() else 6000
x, y = data.x_train[:size], data.y_train[:size]
steps = -(-len(x) // 128)

# %% tags=["varies"]
rising = schedules.polynomial(0.99, begin=2 * steps, end=4 * steps)


def stopped(**options):
    """Return the accuracy at the end on validation images, and the warnings."""
    model = models.lenet300(seed=0)
    stop = keras.callbacks.EarlyStopping(patience=9, restore_best_weights=True, **options)
    callbacks = [pruning.PruneOnSchedule(rising, scope="erk"), stop]
    validation = (data.x_val, data.y_val)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model.fit(x, y, 128, 5, verbose=0, callbacks=callbacks, validation_data=validation)
    return model.evaluate(*validation, verbose=0)[1], told


for name, options in {"any epoch": {}, "only the last": {"start_from_epoch": 4}}.items():
    right, told = stopped(**options)
    print(f"{name} may be the best: {right:.1%} right")
    for warning in told:
        print(textwrap.fill(str(warning.message), 90))

# %% [markdown]
# So let it start after the schedule has ended. (One run each.)
#
# **Trap 2: steps count from the last `compile`.** The schedule reads `optimizer.iterations`. On a
# network that is trained already, they may all be past:

# %% tags=["varies"]
model = models.lenet300(seed=0)
model.fit(x, y, batch_size=128, epochs=2, verbose=0)
try:
    late = schedules.polynomial(0.9, begin=0, end=steps)
    model.fit(x, y, batch_size=128, verbose=0, callbacks=[pruning.PruneOnSchedule(late)])
except ValueError as error:
    print(textwrap.fill(str(error), 90))

# %%
models.compiled(model)  # a new optimizer, at step 0
pruner = pruning.PruneOnSchedule(schedules.polynomial(0.9, begin=0, end=steps))
model.fit(x, y, batch_size=128, verbose=0, callbacks=[pruner])
assert abs(masking.sparsity(pruning.weights(model)) - 0.9) < 1e-5

# %% [markdown]
# **Trap 3: the power fails.** Masks are not in the `.keras` file; zeros are, and the optimizer's
# step is. So training can go on. Save a model half-way, and delete it:

# %%
half_way = schedules.polynomial(0.95, begin=0, end=2 * steps)
model = models.lenet300(seed=0)
model.fit(x, y, batch_size=128, verbose=0, callbacks=[pruning.PruneOnSchedule(half_way)])
folder = tempfile.TemporaryDirectory()
model.save(Path(folder.name) / "half_way.keras")
saved = masking.sparsity(pruning.weights(model))
del model

# %% [markdown]
# Load the file. At which step is its optimizer, and how sparse is it?

# %% tags=["varies"]
loaded = keras.models.load_model(Path(folder.name) / "half_way.keras")
print(f"step {int(loaded.optimizer.iterations)}, {masking.sparsity(pruning.weights(loaded)):.2%}")
assert masking.sparsity(pruning.weights(loaded)) == saved

# %% [markdown]
# The same schedule and callback read the masks back off the zeros, and go on.
#
# <details><summary>Where weights come back</summary>
#
# In lesson 09 a weight that has just grown is 0 as well, so zeros do not tell the mask. There, save
# <code>held_masks(model)</code> with <code>np.savez</code>, and attach them after loading.
# </details>

# %%
was_zero = {name: W == 0 for name, W in pruning.weights(loaded).items()}
loaded.fit(x, y, batch_size=128, verbose=0, callbacks=[pruning.PruneOnSchedule(half_way)])
after = pruning.weights(loaded)
assert abs(masking.sparsity(after) - 0.95) < 1e-5
assert all((after[name][zeros] == 0).all() for name, zeros in was_zero.items())
folder.cleanup()

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **One plan for sparsity and rate.** Write a function that says, for each step, what share of the
# weights is zero and how fast the others learn. LeNet-300-100 follows it for two epochs of 10,000
# images, 158 steps, from its first step on, with three seeds that you do not know. The sparsity
# never falls, and ends at 98 %. What counts is the mean accuracy on the test images.
#
# <details><summary>Hint</summary>
#
# 158 steps are few. How many of them does a network need before it knows what it can do without,
# and how many to recover? The two curves belong together: after a cut a high rate. Does a low one
# pay at the end?
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.tried_out import while_training as task

print(task)


def my_plan(step, steps):
    """Return the sparsity and Adam's learning rate at `step` of `steps`, counted from 0."""
    # BEGIN SOLUTION
    cubic = schedules.polynomial(0.98, begin=steps // 10, end=8 * steps // 10)
    return cubic(step), 1e-2
    # END SOLUTION


# %% tags=["varies"]
task.judge(my_plan)

# %% [markdown]
# ## What to remember
#
# - "Dynamic" has two meanings: the mask moves while training, or the computation depends on the
#   input.
# - A schedule is a function from step to sparsity. Several cuts beat a single one, here with all
#   five seeds.
# - Retraining after a deep cut: a high rate, for as long as you can. Names such as rewinding matter
#   less than the mean rate; a dense network, trained on, is the control.
# - Steps count from `compile`; early stopping waits for the schedule's end; zeros carry the mask
#   through a file. Assert the sparsity, every time.
#
# ## What to read
#
# - M. Zhu, S. Gupta (2017), *To prune, or not to prune*, arXiv 1710.01878: the cubic schedule.
# - A. Renda, J. Frankle, M. Carbin (2020), *Comparing Rewinding and Fine-tuning in Neural Network
#   Pruning*, arXiv 2003.02389; and D. H. Le, B.-S. Hua (2021), *Network Pruning That Matters: A
#   Case Study on Retraining Variants*, arXiv 2105.03193: what the gain comes from.
# - N. Lee et al. (2019), *SNIP*, arXiv 1810.02340; examined by J. Frankle et al. (2021), *Pruning
#   Neural Networks at Initialization: Why Are We Missing the Mark?*, arXiv 2009.08576.
# - T. Liang et al. (2021), *Pruning and Quantization for Deep Neural Network Acceleration: A
#   Survey*, arXiv 2101.09671: static and dynamic, at run time.
