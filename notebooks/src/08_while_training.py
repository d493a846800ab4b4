# %% [markdown]
# # 08 · Pruning while training
#
# **The question: when should weights go, may they come back, and does a lucky start matter?**
#
# About 60 minutes of yours, and four of the computer. Before this:
# [05 · Prune and retrain](05_prune_and_retrain.ipynb).
#
# Chinese terms: schedule 剪枝计划, gradual pruning 渐进式剪枝, static 静态, dynamic 动态, regrowth
# 再生长, dynamic sparse training 动态稀疏训练, lottery ticket hypothesis 彩票假说, rewinding
# 权重回卷, initialization 初始化.

# %% [markdown]
# ## What you will be able to do
#
# - say what "static" and "dynamic" mean, and put a method into its family;
# - write a schedule, and prune with it inside an ordinary `fit`;
# - let weights come back (SET, RigL, network surgery), and say what that costs and saves;
# - find a lottery ticket, test it against its controls, and say what it does not show;
# - kill a training in the middle and go on without losing a mask.

# %%
import math
import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning, regrowth, schedules
from course_utils.backend import keras
from course_utils.lessons import plots, recorded, widgets
from course_utils.lessons.checks import while_training as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()

# %% [markdown]
# All through this lesson the network is LeNet-300-100: three dense layers, 266,200 weights, quick
# to train. Its first layer has a picture in it, as you will see. Every network gets the same ten
# epochs on 30,000 images, and each that is pruned ends with 2 % of its weights:

# %% tags=["varies"]
data = load_mnist().head(3_000, held_out=500) if quick_mode() else load_mnist().head(30_000)
quick, full = (5, 30) if data.stand_in else (2, 10)  # the stand-in is small
epochs = quick if quick_mode() else full
STEPS = epochs * -(-len(data.x_train) // 128)  # optimizer steps in all, with batches of 128
FINAL = 0.98
print(f"{STEPS} steps of 128 images each, {data.caption}")

# %% [markdown] covers="5 11 12 13" corrects="2 6"
# ## Sort the words first
#
# The article knows two kinds. *Static* pruning happens after training and is meant for "static
# models such as DNN and RNN"; *dynamic* pruning happens during training. Elsewhere it says that
# deleting while training is the core idea of all pruning. **Predict**, before you read on: into
# which of the two does its own script of lesson 05 fall?
#
# Into the first, against its core idea. And DNN (any deep network) and RNN (a kind of layer) are no
# "static models": either can be pruned in each of these ways. What differs is *when the mask is
# chosen*, and whether it may change:
#
# | family | the mask is chosen | may weights come back? | example |
# |---|---|---|---|
# | after training | once, or in rounds, with retraining | no | Han et al. 2015 |
# | gradual | while training, sparser and sparser | no | Zhu and Gupta 2017 |
# | at initialization | before the first step | no | SNIP, Lee et al. 2019 |
# | dynamic sparse training | all the time, at one sparsity | yes | SET 2018, RigL 2020 |
#
# In surveys *static* is all of this: pruning done before the network is used. *Dynamic* there means
# **at run time**: what is computed depends on the input (Liang et al. 2021). That is another thing,
# and not in this lesson. When you read "dynamic", ask: while training, or while running?

# %% [markdown]
# ## A schedule is a function
#
# The first three families are one and the same callback with different **schedules**: functions
# from the optimizer step to the sparsity. Here are six.

# %%
begin, end, every = STEPS // 10, 7 * STEPS // 10, STEPS // 40
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
#   Gupta's: at first many weights are superfluous, at last few.
# - `exponential`: alike, with $1 - e^{-5t}$ (stretched so that it ends at $s$).
# - `one_cycle`: an S; slow at both ends.
#
# The small stairs are `every`: to rank all weights costs time, so the masks move only every so many
# steps.

# %% [markdown]
# **Design one yourself.** The area above the curve is what is left of the weights, averaged over
# the training: about what training would cost on a machine that skips zeros. **Predict**: which
# slider saves most of it, and which of your savings would you pay for with accuracy? Then drag.


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
    ax.set_title(f"{left:.0%} of the weights are there, on average over the training")
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
    print(f"{name:16} {left:.0%} there")

# %% [markdown]
# To begin early saves most: then even the first steps run on few weights. A high power comes next,
# since it prunes at once most of what it will prune. But what goes early is chosen by weights that
# have hardly learned; "Same end, other ways" measures, at its extreme, what that costs: masks
# chosen before the first step.

# %% [markdown]
# ### Exercise 1
#
# Write the cubic schedule, stairs included. Before `begin` the sparsity is 0, from `end` on
# `final`.


# %% tags=["exercise"]
def my_cubic(step, final, begin, end, every):
    """Return final · (1 - (1 - t)³); t, the part of the way, moves in stairs of `every` steps."""
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
# them down to a multiple of <code>every</code>, and divide by the length of the way.
# </details>

# %% [markdown]
# ## What the loss does at a cut
#
# `PruneOnSchedule` is an ordinary Keras callback. Before each step it asks the schedule, and prunes
# if the answer has changed; masks are held as in lesson 05. We want to see the loss *right after*
# each cut, so a second callback looks at 1,000 validation images:


# %%
def watching(model, losses):
    x, y = data.x_val[:1000], data.y_val[:1000]

    def look(batch, logs=None):
        step = int(model.optimizer.iterations)
        if step % 5 == 0 or step in pruner.history:
            chances = np.asarray(model(x))[range(len(y)), y]
            losses[step] = float(-np.log(chances + 1e-9).mean())

    return keras.callbacks.LambdaCallback(on_train_batch_begin=look)


def train(model, label, *callbacks, data=data, epochs=epochs, **options):
    options["callbacks"] = [*callbacks, Progress(label, epochs)]
    return model.fit(
        data.x_train, data.y_train, batch_size=128, epochs=epochs, verbose=0, **options
    )


# %% tags=["varies"]
losses, cuts = {}, {}
for name in (
    "one_shot(0.98, at)",
    "iterative(0.98, begin, every, 7)",
    "polynomial(0.98, begin, end)",
):
    model = models.lenet300(seed=0)
    pruner = pruning.PruneOnSchedule(ways[name])
    losses[name] = {}
    history = train(model, name, pruner, watching(model, losses[name])).history
    cuts[name] = list(pruner.history)[1:]

# %% [markdown]
# The pruner (first in the list of callbacks) writes "sparsity" into the logs, for the History and
# every callback after it, and keeps a history of its own, by step:

# %% tags=["varies"]
print("by epoch:", [round(s, 3) for s in history["sparsity"]])
print("by step: ", {step: round(s, 3) for step, s in list(pruner.history.items())[:4]}, "…")
assert abs(masking.sparsity(pruning.held_masks(model)) - FINAL) < 1e-5

# %% [markdown]
# **Predict**: seven cuts, each taking the same share of the rest. Which raises the loss most? And
# how will the loss look under the polynomial?

# %% tags=["varies"]
fig, axes = plt.subplots(2, 3, figsize=(10, 4.8), sharex=True, sharey="row")
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
    print(f"{name:32} {len(j):2} cuts; highest jump {max(j):4.1f}-fold, the last {j[-1]:.1f}-fold")

# %% [markdown]
# One cut of 98 % throws the network back to guessing, or near it ($\ln 10 \approx 2.3$ is the loss
# of a guess among ten digits); it recovers, but not for nothing. In rounds, the first cuts do not
# show and the late ones hurt: the same share of the rest takes *more that matters* each time.
# The polynomial cuts less and less when little is left. Its worst cuts are in the middle, with half
# of the training still to come, and the last ones cannot be seen. That is its idea.

# %% [markdown]
# ## Same end, other ways
#
# All end at 98 % zeros after as many steps. Which is best? One run each cannot tell, so here are
# five seeds, measured once by `python benchmarks/schedules_compared.py` on MNIST and kept with the
# course. Two controls stand beside: **dense**, nothing pruned, and **static random**, a random mask
# from the first step on (with ERK's share for each layer, see below; the others rank all weights
# together). SNIP prunes before the first step, too, by the gradient (lesson 07).
# **Predict** the order, and how far the controls are from the rest:

# %%
table = recorded.rows("schedules_compared")


def runs(network, value):
    return np.array([row[value] for row in table if row["network"] == network])


names = ["dense", "cubic", "one cycle", "iterative", "one shot", "SNIP", "static random"]
ax = plots.spread({name: runs(name, "val_accuracy") for name in names})
ax.set(xlabel="validation accuracy, MNIST", title="98 % zeros (not the dense one), 5 seeds, ±1 sd")
plt.show()

# %% [markdown]
# All networks of one seed start from the same weights, so compare them in pairs (lesson 05): the
# difference, seed by seed, then its mean and spread.


# %%
def pairs(one, other, value="val_accuracy"):
    difference = 100 * (runs(one, value) - runs(other, value))
    return f"{one:13} - {other:13} {difference.mean():+.2f} ± {difference.std(ddof=1):.2f} points"


print(pairs("cubic", "one shot"))
print(pairs("cubic", "iterative"))
print(pairs("cubic", "one cycle"))
print(pairs("cubic", "dense"))
print(pairs("SNIP", "static random"))

# %% [markdown]
# In words, and a cell that holds us to them: gradual pruning beats one cut with every seed. The
# three gradual schedules are close, with the cubic ahead; that order holds for this network and
# these ten epochs, and for nothing more. The cubic network and the dense one cannot be told apart:
# 98 % of the weights were not needed *at the end*. Masks chosen before any training are points
# behind, and SNIP's gradients are worth little more than chance. Frankle et al. (2021) found the
# like for SNIP and its kin: better than random, worse than magnitude after training.

# %%
gain = runs("cubic", "val_accuracy") - runs("one shot", "val_accuracy")
assert (gain > 0).all()
to_dense = runs("cubic", "val_accuracy") - runs("dense", "val_accuracy")
assert abs(to_dense.mean()) < 2 * to_dense.std(ddof=1)
assert (runs("SNIP", "val_accuracy") < runs("one shot", "val_accuracy") - 0.01).all()

# %% [markdown] covers="5" corrects="2"
# So the article's core idea, to delete while training, is a good one among others.

# %% [markdown] covers="6 28 84 105" corrects="1 2 19 40 52"
# ### Is training faster?
#
# The article says so in five sections, and in its FAQ it says that training takes longer. Both
# cannot be. Every step still multiplies all the zeros, so no step is faster; and whoever prunes
# *after* training has to train on. Han et al. (2015, section 4.2) trained AlexNet for 75 hours and
# retrained the pruned network for 173. (Training is faster where arrays become *smaller*, as in
# lesson 11, or where kernels exist that skip zeros, lesson 11.)
#
# Nor is it the pruning *itself* that costs. To score by size is to sort; what the callback adds to
# a step, and what ranking 25 million weights takes, has been measured: see [questions and
# answers](../docs/faq.md). What costs is training again, and searching for how much.

# %% [markdown]
# ## Weights that come back
#
# What if a cut was a mistake? So far a weight that is gone stays gone. **Dynamic sparse training**
# starts sparse, stays at one sparsity, and every so many steps *drops* the weights of least size
# and *grows* as many others, which start at 0:
#
# - **SET** (Mocanu et al. 2018) grows at random;
# - **RigL** (Evci et al. 2020) grows where the gradient is largest: where a weight would help most,
#   if it were there.
#
# How many are replaced shrinks with time, so that the mask settles: a share of
# $\frac{\alpha}{2}\bigl(1 + \cos \frac{\pi t}{T}\bigr)$ with $\alpha = 0.3$ in RigL.

# %% [markdown]
# ### Exercise 2
#
# How many weights are replaced at a step, when `kept` weights are in place? Nothing moves from step
# `end` on.


# %% tags=["exercise"]
def my_replaced(step, kept, fraction, end):
    """Return the number of weights to replace: a whole one, of `kept`."""
    # BEGIN SOLUTION
    share = fraction / 2 * (1 + math.cos(math.pi * min(step, end) / end))
    return round(share * kept)
    # END SOLUTION


# %% tags=["check"]
check.replaced(my_replaced)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The formula gives a share. <code>math.cos</code> takes radians, and rises again after
# <code>end</code>, unless you stop the step there.
# </details>

# %% [markdown]
# ### Exercise 3
#
# One swap of RigL in a layer of twelve weights, say. Drop the `count` kept weights of least size;
# then grow the `count` largest gradients among all that is not kept now.


# %% tags=["exercise"]
def my_swap(mask, weights, gradients, count):
    """Return the new mask (a vector, as all the others): as many True as before."""
    # BEGIN SOLUTION
    kept = np.flatnonzero(mask)
    new = mask.copy()
    new[kept[np.argsort(np.abs(weights[kept]))[:count]]] = False
    free = np.flatnonzero(~new)
    new[free[np.argsort(-np.abs(gradients[free]))[:count]]] = True
    return new
    # END SOLUTION


# %% tags=["check"]
check.swap(my_swap)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>np.flatnonzero(mask)</code> gives the places of the kept weights. Rank only those, and give
# the places, not the ranks, to the mask. Then the same with <code>~new</code>.
# </details>

# %% [markdown]
# In the package that is `regrowth.swap`, and the two rules come as one argument of the callback. We
# start from a random mask, with ERK's share for each layer (small layers keep more):

# %% tags=["varies"]
settle = 8 * STEPS // 10
start = models.lenet300(seed=0)
random_masks = masking.make_masks(criteria.random(pruning.weights(start), seed=0), FINAL, "erk")
print({name: f"{masking.sparsity(mask):.1%}" for name, mask in random_masks.items()})

# %% [markdown]
# One image has 784 pixels, and each is an input of 300 units: 784 x 300 possible connections in the
# first layer. So the mask can be drawn as an image: *how many connections does each pixel have?* A
# callback keeps such a map at a few steps.


# %%
def connections(model):
    return pruning.held_masks(model)["fc1/kernel"].sum(axis=1).reshape(28, 28)


def filming(model, frames):
    at = {STEPS * percent // 100 for percent in (0, 5, 15, 40, 100)}

    def look(batch, logs=None):
        step = int(model.optimizer.iterations)
        if step in at:
            frames[f"step {step}"] = connections(model)

    return keras.callbacks.LambdaCallback(on_train_batch_begin=look, on_train_end=look)


# %% [markdown]
# **Predict**: the mask starts as noise. Nobody tells the network that digits are in the middle of
# the image. What will the maps of SET and of RigL look like at the end?

# %% tags=["varies"]
film, sparse = {"SET": {}, "RigL": {}}, {}
for name in film:
    model = sparse[name] = models.lenet300(seed=0)
    pruning.attach(model, random_masks)
    gradients = pruning.fresh_gradients(model, data.x_train, data.y_train)
    rule = (
        regrowth.sparse_evolution(every=50, end=settle)
        if name == "SET"
        else regrowth.rigl(gradients, every=50, end=settle)
    )
    pruner = pruning.PruneOnSchedule(schedules.constant(FINAL), scope="erk", regrow=rule)
    train(model, name, pruner, filming(model, film[name]))
    density = 1 - min(pruner.history.values())
    assert abs(density - (1 - FINAL)) < 1e-4  # never denser than its budget

# %% tags=["varies"]
fig = plots.film_strip(film, "connections of a pixel")
fig.suptitle(f"where the first layer looks ({data.caption}, one run each)", fontsize=12)
plt.show()

# %% [markdown]
# RigL finds the digits by itself, and soon. SET grows blindly, and leaves only the edge. In
# numbers: the pixels that are black in *every* image, and the quarter of the pixels in the middle.

# %% tags=["varies"]
blank = (data.x_train.max(axis=0) == 0)[..., 0]
middle = np.zeros((28, 28), bool)
middle[7:21, 7:21] = True
print(f"{blank.sum()} of 784 pixels are black in every training image ({data.caption})")
for name, frames in film.items():
    for step, frame in list(frames.items())[:: len(frames) - 1]:
        dark, centre = (frame[where].sum() / frame.sum() for where in (blank, middle))
        print(
            f"{name:5} {step:9} {dark:5.1%} of its connections black, {centre:5.1%} in the middle"
        )
assert quick_mode() or data.stand_in or dark < 0.05 < 0.4 < centre  # RigL's, at the end

# %% [markdown]
# Why does SET leave the black pixels, too? Dropping is enough: a weight that is grown there has no
# gradient, stays at 0, and is the first to be dropped next time.
#
# ### Is it worth it?
#
# The price of training is what is there *while* training. A network that is pruned at the end was
# dense for long; sparse-to-sparse training never holds more than its budget. So look at accuracy
# over the weights that were there, averaged over all steps (five seeds, recorded). **Predict**:
# are SET and RigL nearer to the static random mask, or to the cubic? (Equal costs are drawn side by
# side.)

# %%
names = ["dense", "one shot", "cubic", "surgery", "static random", "SNIP", "SET", "RigL"]
points = {name: (runs(name, "mean_density"), runs(name, "val_accuracy")) for name in names}
ax = plots.cost_and_worth(points, plt.subplots(figsize=(8.5, 3.6))[1])
ax.set(ylabel="validation accuracy", title="MNIST, all but the dense one end at 98 % zeros")
plt.show()
for one, other in (("SET", "static random"), ("RigL", "SET"), ("RigL", "cubic")):
    print(pairs(one, other))

# %% [markdown]
# Moving beats standing still. Between SET and RigL we cannot decide: their difference is smaller
# than its spread. Gradual pruning is points better than both, and so is surgery, of which next; but
# they held more than ten times as many weights on average while they trained. Evci et al. (2020)
# found the same order, ResNet-50 on ImageNet at 80 %: static 70.6, SET 72.9, RigL 74.6, gradual
# pruning 75.6 % (their figure 2). There RigL is clearly ahead of SET, with far longer training than
# ours.

# %%
assert (runs("SET", "val_accuracy") > runs("static random", "val_accuracy")).all()
assert (runs("RigL", "val_accuracy") > runs("static random", "val_accuracy")).all()
undecided = runs("RigL", "val_accuracy") - runs("SET", "val_accuracy")
assert abs(undecided.mean()) < 2 * undecided.std(ddof=1)
assert runs("cubic", "mean_density").min() > 10 * runs("RigL", "mean_density").max()

# %% [markdown]
# To be honest: "cheaper" is what the masks say. Keras multiplies the zeros, too, so all of these
# took as long on your machine. Lesson 13 asks what zeros can save.

# %% [markdown]
# ### Surgery
#
# There is a fourth point at the right: **network surgery** (Guo et al. 2016). There a pruned weight
# goes on training *out of sight*. The network computes without it, but its updates are added up,
# and when it would be among the large ones it is spliced back in. So a mistaken cut heals. The
# price: every weight is remembered, so this is not sparse-to-sparse; the figure counts only what is
# in place.
#
# It depends on how often one looks. **Predict** which is better: to look every 10 steps or every
# 100?

# %% tags=["varies"]
for often in (10,) if quick_mode() else (10, 100):
    model = models.lenet300(seed=0)
    rule = regrowth.surgery(every=often, end=settle)
    pruner = pruning.PruneOnSchedule(ways["polynomial(0.98, begin, end)"], regrow=rule)
    train(model, f"surgery, every {often} steps", pruner)
    accuracy = model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]
    print(f"validation accuracy {accuracy:.2%}, {pruner.sparsity:.1%} zeros")

# %% [markdown]
# Adam moves every weight by up to 0.001 a step, however small its gradient (lesson 05). Out of
# sight nothing checks such a walk: what it does has no effect on the loss. After 100 steps a hidden
# weight may be as large as a trained one, for no good reason, and a hundred such are spliced in at
# once. Look often, or they come back as strangers. (One run each; the recorded surgery looks every
# 10 steps.)

# %% [markdown]
# ## Lottery tickets
#
# Small networks are hard to train, and pruned ones do well. Does a pruned network do well because
# it *was* large? Or could its few weights have been trained alone, from the start? Frankle and
# Carbin (2019) say: if they start from *their own* initial weights. Their **lottery ticket
# hypothesis**: a dense network contains a small one that, with the initial weights it drew, trains
# alone as well and as fast. To find it:
#
# 1. keep the initial weights, and train;
# 2. prune 20 % of what is left, by size;
# 3. **rewind**: give what is left its *initial* weights back, and train again; and so on.

# %% [markdown]
# ### Exercise 4
#
# What is the sparsity after `n` rounds?


# %% tags=["exercise"]
def my_rounds(n, share=0.2):
    """Return the sparsity after n rounds, each of which prunes `share` of what is left."""
    # BEGIN SOLUTION
    return 1 - (1 - share) ** n
    # END SOLUTION


# %% tags=["check"]
check.rounds(my_rounds)

# %% [markdown]
# <details><summary>Hint</summary>
#
# After one round 80 % are left. After two, 80 % of that.
# </details>
#
# As in the paper, the last layer loses only 10 % a round. `Snapshots` keeps the initial weights
# during the first training:


# %%
def ticket_masks(model, rounds):
    left = {"fc1/kernel": 0.8**rounds, "fc2/kernel": 0.8**rounds, "fc3/kernel": 0.9**rounds}
    scores = criteria.magnitude(pruning.weights(model))
    return masking.make_masks(scores, {name: 1 - share for name, share in left.items()})


# %% tags=["varies"]
few = data.head(1_000 if quick_mode() else 20_000)
short = {"data": few, "epochs": 1 if quick_mode() else 5}
model, early = models.lenet300(seed=0), pruning.Snapshots([0])
train(model, "dense", early, **short)
initial = early.weights[0]


# %% [markdown]
# Now the rounds, four at once to save time. After each rewinding we compile anew: the new training
# must not go on with the old momentum.

# %% tags=["varies"]
found = {}
for rounds in (12,) if quick_mode() else (4, 8, 12):
    masks = ticket_masks(model, rounds)
    pruning.rewind(model, initial, masks)
    left = 1 - masking.sparsity(masks)
    found[f"{left:.0%} left"] = connections(model)
    train(models.compiled(model), f"ticket, {left:.0%} left", **short)

# %% [markdown]
# A winning ticket must beat its controls. Same masks, **new initial weights** (`reinitialized`): is
# it the start that matters? Same initial weights and number of weights, **shuffled mask**: is it
# the places? **Predict** the order of the three.

# %% tags=["varies"]
controls = models.lenet300(seed=0)
starts = {
    "new weights": (pruning.reinitialized(controls, seed=1), masks),
    "shuffled mask": (initial, masking.shuffle(masks, seed=1)),
}
results = {"ticket": model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]}
for name, (weights, mask) in starts.items():
    pruning.rewind(controls, weights, mask)
    train(models.compiled(controls), name, **short)
    results[name] = controls.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]
print({name: f"{value:.2%}" for name, value in results.items()})

# %% [markdown]
# One run. Five seeds and ten sizes were recorded by `python benchmarks/lottery_tickets.py` (two
# rounds at once, 5 epochs on 20,000 images); left after the first epoch, right after the last. The
# fourth line is not rewound at all: it is pruned and simply **trained on**, for as many epochs a
# round.

# %%
tickets = recorded.rows("lottery_tickets")


def by_size(network, value):
    """Return one list a seed, from the dense network to the smallest."""
    mine = [row for row in tickets if row["network"] in (network, "dense")]
    seeds = sorted({row["seed"] for row in mine})
    return [[row[value] for row in mine if row["seed"] == seed] for seed in seeds]


kinds = ["ticket", "new weights", "shuffled mask", "trained on"]
left = by_size("ticket", "left")[0]

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
whens = {"val_accuracy_first": "after the first epoch", "val_accuracy": "after the last"}
for ax, (value, when) in zip(axes, whens.items(), strict=True):
    plots.over_weights_left({kind: by_size(kind, value) for kind in kinds}, left, ax)
    ax.set_title(f"{when} (MNIST, 5 seeds, ±1 sd)")
    ax.axhline(np.mean([run[0] for run in by_size("ticket", value)]), color=plots.GREY, linewidth=1)
axes[0].set(ylabel="validation accuracy", ylim=(0.8, 1))
axes[1].legend().remove()
plt.show()

# %% [markdown]
# Both halves of the hypothesis, in one picture. **Faster**: after one epoch the tickets are ahead
# of the dense network (the grey line) at most sizes. **As well**: at the end, too. And their
# controls are not: the same masks with new weights fall behind, and the shuffled masks further. How
# small can each be, and still be as good as the dense network, on average?

# %%
for value, when in whens.items():
    print(when)
    for kind in kinds:
        means = np.mean(by_size(kind, value), axis=0)
        as_good = [share for share, mean in zip(left, means, strict=True) if mean >= means[0]]
        print(f"   {kind:13} as good as dense down to {min(as_good):5.1%} of the weights")

# %%
ahead = np.subtract(by_size("ticket", "val_accuracy"), by_size("new weights", "val_accuracy"))
assert (ahead[:, 2:] > 0).all()  # with every seed, from 41 % of the weights on
early_mean = np.mean(by_size("ticket", "val_accuracy_first"), axis=0)
assert (early_mean[1:6] > early_mean[0]).all()  # learns faster, down to 11 % of the weights

# %% [markdown]
# Why is the shuffled mask the worst? Look where the tickets' connections come from:

# %% tags=["varies"]
plots.film_strip({"ticket": found}, "connections", width=7)
plt.show()
for name, frame in found.items():
    print(
        f"{name:9}: {frame[blank].sum() / frame.sum():.1%} of its connections are to black pixels"
    )

# %% [markdown]
# The mask alone knows something: not to look at the edge of the image. Shuffling destroys that, new
# weights do not. So "it is the lucky start" is half of the story here; the places are the other.
#
# What we have reproduced of Frankle and Carbin's section 2, with trainings far shorter than theirs:
# tickets learn faster and end better than the dense network at a fifth of the weights, and come
# back to its level at some percent of them (theirs at 3.6 %). With new initial weights theirs are
# worse from 21 % on, ours earlier.
#
# And the limits, for it is a *hypothesis*:
#
# - To find the smallest ticket took eleven trainings. It saves nothing; it says something.
# - The fourth line: who only wants a good sparse network need not rewind its weights. Trained on,
#   it is better than the ticket at every size, on average. (It has trained for longer: practical,
#   but no fair race. Renda et al. 2020 compare such ways of retraining on larger networks.)
# - MNIST and small networks. On larger ones tickets from step 0 fail, and one must rewind to a step
#   early in training (Frankle et al. 2020): `Snapshots([0, 100])` keeps both.
# - Liu et al. (2019) found no gain from the ticket's weights at a large learning rate, and that
#   small networks left by *structural* pruning train as well from new weights.
# - That such a ticket exists was measured, often. Why it wins is not known.

# %%
trained_on, ticket = (by_size(kind, "val_accuracy") for kind in ("trained on", "ticket"))
assert (np.mean(trained_on, axis=0)[1:] > np.mean(ticket, axis=0)[1:]).all()

# %% [markdown]
# ## Three traps
#
# **Trap 1: early stopping.** `EarlyStopping(restore_best_weights=True)` brings back the best epoch.
# Under a rising schedule the best epoch may be an early one, from before the pruning. (And whoever
# passes the test images as `validation_data` has *chosen* on them: lesson 06 says what that costs.)

# %% tags=["varies"]
size = 300 if quick_mode() else 6000
x, y = data.x_train[:size], data.y_train[:size]
steps = -(-len(x) // 128)
rising = schedules.polynomial(0.999, begin=2 * steps, end=4 * steps)


def stopped(**options):
    model = models.lenet300(seed=0)
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=9, restore_best_weights=True, **options
    )
    callbacks = [pruning.PruneOnSchedule(rising), stop]
    validation = (data.x_val, data.y_val)
    model.fit(x, y, 128, 5, verbose=0, callbacks=callbacks, validation_data=validation)
    return masking.sparsity(pruning.weights(model))


print(f"asked 99.9 %, got {stopped():.1%}; waiting for the end: {stopped(start_from_epoch=4):.1%}")

# %% [markdown]
# Let it start after the schedule has ended, and assert the sparsity, as always.
#
# **Trap 2: steps count from the last `compile`.** The schedule reads `optimizer.iterations`, as a
# learning rate schedule does. On a network that is trained already all its steps are past:

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
# **Trap 3: the power fails.** A mask is not in the `.keras` file. Its zeros are, and the
# optimizer's step is. So a training that was killed half-way can go on. Train, and
# save half-way:

# %%
half_way = schedules.polynomial(0.95, begin=0, end=2 * steps)
model = models.lenet300(seed=0)
model.fit(x, y, batch_size=128, verbose=0, callbacks=[pruning.PruneOnSchedule(half_way)])
folder = tempfile.TemporaryDirectory()
model.save(Path(folder.name) / "half_way.keras")
saved = masking.sparsity(pruning.weights(model))

# %% [markdown]
# The machine is switched off; here, the model is deleted. Load the file. **Predict**: at which step
# is its optimizer, and how sparse is it?

# %% tags=["varies"]
del model
loaded = keras.models.load_model(Path(folder.name) / "half_way.keras")
print(f"step {int(loaded.optimizer.iterations)}, {masking.sparsity(pruning.weights(loaded)):.2%}")
assert masking.sparsity(pruning.weights(loaded)) == saved

# %% [markdown]
# The same schedule, the same callback. It reads the masks back off the zeros, and goes on. (Under
# SET and RigL a weight that was grown this moment is 0 as well: there, save `held_masks(model)`
# beside the model with `np.savez`, and attach them after loading.)

# %%
was_zero = {name: W == 0 for name, W in pruning.weights(loaded).items()}
loaded.fit(x, y, batch_size=128, verbose=0, callbacks=[pruning.PruneOnSchedule(half_way)])
after = pruning.weights(loaded)
assert abs(masking.sparsity(after) - 0.95) < 1e-5
assert all((after[name][zeros] == 0).all() for name, zeros in was_zero.items())
folder.cleanup()

# %% [markdown]
# ## One number from the test set
#
# We chose on validation data only. By it, which of the sparse networks is best? Its test accuracy,
# once:

# %%
sparse_ones = sorted({row["network"] for row in table} - {"dense"})
best = max(sparse_ones, key=lambda name: runs(name, "val_accuracy").mean())
for name in (best, "dense"):
    test = 100 * runs(name, "test_accuracy")
    print(f"{name:8} test accuracy {test.mean():.2f} ± {test.std(ddof=1):.2f} %, MNIST, 5 seeds")

# %% [markdown]
# ## What to remember
#
# - "Dynamic" has two meanings: the mask moves while training, or the computation depends on the
#   input. Always ask which.
# - A schedule is a function from step to sparsity. Many small cuts beat one large one; the last
#   cuts are the ones that hurt.
# - Random masks that stay are the floor. Weights that come back (SET, RigL) raise it at a fixed
#   budget; with all weights in memory (gradual pruning, surgery) more is possible, at more cost.
# - Lottery tickets: the right few weights, from their own start, train alone. A hypothesis with
#   controls and limits, and no saving.
# - Steps count from `compile`; early stopping waits for the schedule's end; zeros carry the mask
#   through a file. Assert the sparsity, every time.
#
# ## What to read
#
# - M. Zhu, S. Gupta (2017), *To prune, or not to prune*, arXiv 1710.01878: the cubic schedule.
# - U. Evci, T. Gale, J. Menick, P. S. Castro, E. Elsen (2020), *Rigging the Lottery*, arXiv
#   1911.11134: RigL, ERK, and SET beside it. SET itself: D. C. Mocanu et al. (2018), arXiv
#   1707.04780.
# - Y. Guo, A. Yao, Y. Chen (2016), *Dynamic Network Surgery for Efficient DNNs*, arXiv 1608.04493.
# - N. Lee, T. Ajanthan, P. Torr (2019), *SNIP*, arXiv 1810.02340, and its examination: J. Frankle,
#   G. K. Dziugaite, D. M. Roy, M. Carbin (2021), *Pruning Neural Networks at Initialization: Why
#   Are We Missing the Mark?*, arXiv 2009.08576.
# - J. Frankle, M. Carbin (2019), *The Lottery Ticket Hypothesis*, arXiv 1803.03635; rewinding to an
#   early step: J. Frankle et al. (2020), arXiv 1912.05671; other ways to retrain: A. Renda, J.
#   Frankle, M. Carbin (2020), arXiv 2003.02389; a doubt: Z. Liu, M. Sun, T. Zhou, G.
#   Huang, T. Darrell (2019), *Rethinking the Value of Network Pruning*, arXiv 1810.05270.
# - T. Liang, J. Glossner, L. Wang, S. Shi, X. Zhang (2021), *Pruning and Quantization for Deep
#   Neural Network Acceleration: A Survey*, arXiv 2101.09671: static and dynamic, at run time.
