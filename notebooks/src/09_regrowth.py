# %% [markdown]
# # 09 · Weights that come back
#
# **The question: can a network be trained sparse from the start, if its weights may move?**
#
# ![Compass: schedule lit](figures/compass_schedule.svg)
#
# About 35 minutes, and an open task. Before this: [08 · Pruning while
# training](08_while_training.ipynb).
#
# Chinese terms: regrowth 再生长, dynamic sparse training 动态稀疏训练, drop 删除, grow 生长.

# %% [markdown]
# ## What you will be able to do
#
# - explain how SET, RigL and network surgery bring weights back, and where they differ;
# - write one swap of RigL, and the cosine that lets the masks settle;
# - weigh accuracy against the weights held during training, with fair baselines;
# - see in the masks where a network looks.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning, regrowth, schedules
from course_utils.backend import keras
from course_utils.lessons import plots, recorded
from course_utils.lessons.checks import regrowth as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
predict = Predictions("09_regrowth")

# %% [markdown]
# As in lesson 08: LeNet-300-100, 266,200 weights, of which 2 % may be in place. Nothing can be
# loaded, since the subject is how sparse networks are trained from their first step:

# %% tags=["varies"]
data = load_mnist().head(3_000, held_out=500) if quick_mode() else load_mnist().head(20_000)
quick, full = (5, 30) if data.stand_in else (2, 8)  # the stand-in is small
epochs = quick if quick_mode() else full
STEPS = epochs * -(-len(data.x_train) // 128)  # optimizer steps in all, with batches of 128
FINAL, SETTLE = 0.98, 8 * STEPS // 10  # masks stand still for the last fifth
print(f"{STEPS} steps of 128 images each, {data.caption}")

# %% [markdown]
# ## Drop some, grow some
#
# What if a cut was a mistake? In lesson 08 a weight that is gone stays gone, and the good networks
# were dense for part of the training. **Dynamic sparse training** starts sparse, stays at one
# sparsity, and every so many steps *drops* the smallest weights and *grows* as many others, which
# here start at 0:
#
# - **SET** (Mocanu et al. 2018) grows at random;
# - **RigL** (Evci et al. 2020) grows where the gradient is largest: where a weight would lower the
#   loss fastest, if it were there.
#
# In RigL the number replaced shrinks until step $T$, so that the mask settles (we let SET do the
# same). At step $t$ it is a share
# $\frac{\alpha}{2}\bigl(1 + \cos \frac{\pi t}{T}\bigr)$ of the weights in place, with
# $\alpha = 0.3$ in RigL.

# %% [markdown]
# ### Exercise 1
#
# How many weights are replaced at a step, when `kept` weights are in place? From step `end`, the
# $T$ above, nothing moves; `fraction` is $\alpha$.


# %% tags=["exercise"]
def my_replaced(step, kept, fraction, end):
    """Return the number of weights to replace, a whole number (rounded or truncated)."""
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
# ### Exercise 2
#
# One swap of RigL in a layer of, say, twelve weights. Drop the `count` smallest of the kept
# weights; then grow the `count` largest gradients among all that is not kept now.


# %% tags=["exercise"]
def my_swap(mask, weights, gradients, count):
    """Return the new mask, a vector like the other three, with as many True as before."""
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
# <code>np.flatnonzero(mask)</code> gives the positions of the kept weights. Rank only those, and
# index the mask with positions, not with ranks. Then the same with <code>~new</code>.
# </details>

# %% [markdown]
# ## Watch the masks move
#
# The package has both steps as `regrowth.cosine` and `regrowth.swap`; the callback of lesson 08
# takes a rule as `regrow=`. We start from a random mask. How much each layer keeps follows ERK
# (lesson 06): here, the smaller the layer, the larger the share.

# %% tags=["varies"]
start = models.lenet300(seed=0)
random_masks = masking.make_masks(criteria.random(pruning.weights(start), seed=0), FINAL, "erk")
print({name: f"{masking.sparsity(mask):.1%}" for name, mask in random_masks.items()})

# %% [markdown]
# Each of the 784 pixels is an input to 300 units, so the mask of the first layer can be drawn as an
# image: *how many connections does each pixel have?* A callback keeps this map at a few steps.


# %%
def filming(model, frames):
    at = {STEPS * percent // 100: f"{percent} %" for percent in (0, 5, 15, 40, 100)}

    def look(batch=None, logs=None):
        step = int(model.optimizer.iterations)
        if step in at:
            mask = pruning.held_masks(model)["fc1/kernel"]
            frames[at[step]] = mask.sum(axis=1).reshape(28, 28)

    return keras.callbacks.LambdaCallback(on_train_batch_begin=look, on_train_end=look)


# %% [markdown]
# The mask starts as noise, and nobody tells the network that digits sit in the middle of the image.
# The middle quarter of the pixels begins with a quarter of the connections. Predict:

# %% tags=["varies"]
centred = predict(
    "What share of RigL's connections is in the middle quarter at the end?", ..., unit="%"
)

# %% tags=["varies"]
film = {"SET": {}, "RigL": {}}
for name, frames in film.items():
    model = models.lenet300(seed=0)
    pruning.attach(model, random_masks)
    gradients = pruning.fresh_gradients(model, data.x_train, data.y_train)
    rules = {
        "SET": regrowth.sparse_evolution(every=50, end=SETTLE),
        "RigL": regrowth.rigl(gradients, every=50, end=SETTLE),
    }
    pruner = pruning.PruneOnSchedule(schedules.constant(FINAL), scope="erk", regrow=rules[name])
    callbacks = [pruner, filming(model, frames), Progress(name, epochs)]
    model.fit(data.x_train, data.y_train, 128, epochs, verbose=0, callbacks=callbacks)
    assert abs(min(pruner.history.values()) - FINAL) < 1e-4  # never denser than its budget

# %% tags=["varies"]
fig = plots.film_strip(film, "connections of a pixel")
fig.suptitle(f"where the first layer looks, over the training ({data.caption})", fontsize=12)
plt.show()

# %% [markdown]
# RigL goes for the middle; SET grows blindly, and only leaves the edge (one run each). In numbers:
# connections to pixels that are black in *every* training image, and to the middle quarter.

# %% tags=["varies"]
blank = (data.x_train.max(axis=0) == 0)[..., 0]
middle = np.zeros((28, 28), bool)
middle[7:21, 7:21] = True
print(f"{blank.mean():.0%} of the pixels are always black, 25 % are the middle ({data.caption})")
for name, frames in film.items():
    for at, frame in list(frames.items())[:: len(frames) - 1]:
        dark, centre = (frame[where].sum() / frame.sum() for where in (blank, middle))
        print(f"{name:5} {at:>5}: {dark:5.1%} to black pixels, {centre:5.1%} to the middle")
centred.was(round(100 * centre))  # RigL's, at the end
assert quick_mode() or data.stand_in or dark < 0.05 < 0.4 < centre

# %% [markdown]
# Why does SET, too, leave the black pixels? Dropping is enough: a weight that is grown there has no
# gradient, stays at 0, and is among the first to be dropped next time.

# %% [markdown]
# ## Is it worth it?
#
# The price of training is what is in place *during* training. A network that ends sparse may have
# been dense for long; dynamic sparse training never holds more than its budget. So compare accuracy
# against the weights in place, averaged over all steps. `python benchmarks/schedules_compared.py`
# measured it on MNIST: 10 epochs on 30,000 images, five seeds, the same initial weights for all of
# this size. Two baselines hold as little as SET and RigL: a **random mask** that stays, and a
# **small dense** network, with layers of 6 and 38 units and about as many weights. (RigL also
# needs, at each swap, the gradients of *all* weights; that is not counted.) Will SET and RigL be
# nearer to those, or to the cubic schedule of lesson 08? Predict:

# %%
order = predict(
    "In which order, best first?", ..., order=("RigL", "static random", "small dense", "cubic")
)

# %%
table = recorded.rows("schedules_compared")


def runs(network, value="val_accuracy"):
    return np.array([row[value] for row in table if row["network"] == network])


names = ["small dense", "static random", "SNIP", "RigL", "SET"]
names += ["one shot", "cubic", "surgery", "dense"]
costs = {name: (runs(name, "mean_density"), runs(name)) for name in names}

# %%
controls = ["dense", "small dense", "static random"]
ax = plots.cost_and_worth(costs, plt.subplots(figsize=(8.5, 4.6))[1], controls)
ax.set(
    ylabel="validation accuracy", title="MNIST, 5 seeds; all but the dense ones end at 98 % zeros"
)
plt.show()
order.was(sorted(order.choices, key=lambda name: -runs(name).mean()))


# %%
def pairs(one, other):
    difference = 100 * (runs(one) - runs(other))
    mean, sd, ahead = difference.mean(), difference.std(ddof=1), (difference > 0).sum()
    print(f"{one:6} - {other:13} {mean:+.2f} ± {sd:.2f} points, ahead with {ahead} of 5 seeds")
    return difference


against = {
    (one, other): pairs(one, other)
    for one in ("SET", "RigL")
    for other in ("small dense", "static random", "cubic")
}
undecided = pairs("RigL", "SET")

# %% [markdown]
# SET and RigL beat the random mask that stays, with every seed. SNIP's mask stays as well, and five
# seeds do not separate it from them, nor SET from RigL. All beat the small dense network: with
# 5,300 weights, many units with few connections each are better than six that see every pixel. The
# cubic schedule beats SET and RigL by about four points, but held over ten times as many weights on
# average.
#
# At larger scale RigL is clearly ahead of SET. ResNet-50 on ImageNet at 80 %: static random 70.6,
# SNIP 72.0, small dense 72.1, SET 72.9, RigL 74.6, gradual pruning 75.6 % (Evci et al. 2020, figure
# 2). There the small dense network beats the random mask, but not one with ERK's shares: 72.1.

# %%
for (_, other), difference in against.items():
    assert (difference < -3).all() if other == "cubic" else (difference > 0).all()
for gap in (undecided, runs("RigL") - runs("SNIP"), runs("SET") - runs("SNIP")):
    assert abs(gap.mean()) < 2.78 * gap.std(ddof=1) / 5**0.5  # Student's t, five pairs
assert all((runs(name) > runs("small dense")).all() for name in ("static random", "SNIP"))
assert runs("cubic", "mean_density").min() > 10 * runs("RigL", "mean_density").max()

# %% [markdown]
# Cheaper by the masks is not cheaper by the clock. Keras multiplies the zeros, too: the masks save
# no time. [13 · Faster?](13_faster.ipynb) asks what zeros can save.

# %% [markdown]
# ## Surgery
#
# **Network surgery** (Guo et al. 2016) lets a pruned weight train on *out of sight*. The network
# computes without it, but its updates are added up, and once it is among the large ones it is
# spliced back in. So a mistaken cut heals. The price: every weight is remembered, so this is not
# sparse training; the figure above counts only what is in place.

# %%
healed = pairs("surgery", "cubic")
to_dense = pairs("surgery", "dense")
assert (healed > 0).all()
assert not (to_dense < 0).any()

# %% [markdown]
# Under the cubic schedule surgery gains with every seed, and with none does it end worse than the
# dense network, at 98 % zeros. Of all the sparse networks here it is the best, on average. Its test
# accuracy, once:

# %%
sparse_ones = sorted({row["network"] for row in table} - {"dense", "small dense"})
best = max(sparse_ones, key=lambda name: runs(name).mean())
assert best == "surgery"
for name in (best, "dense"):
    test = 100 * runs(name, "test_accuracy")
    print(f"{name:8} test accuracy {test.mean():.2f} ± {test.std(ddof=1):.2f} %, MNIST, 5 seeds")

# %% [markdown]
# A warning: with Adam, look often (the recorded runs look every 10 steps). Adam divides a gradient
# by its usual size, so even a small one can move its weight by about 0.001 a step, and out of sight
# nothing corrects such a walk. After 100 steps a hidden weight may be as large as a trained one for
# no good reason.

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **How should masks move?** LeNet-300-100 has 98 % zeros from its first step on, at random places
# with ERK's share for each layer, and two epochs of 10,000 images to learn. Write the rule by which
# its masks move: a `Regrowth`, made by `sparse_evolution`, by `rigl`, or by yourself. It is tried
# with three seeds that you do not know. What counts is the mean accuracy on the test images.
#
# <details><summary>Hint</summary>
#
# `regrowth.Regrowth` takes any function from weights and step to scores: what grows need not follow
# chance or the gradient alone. And how often, how many, until when? The defaults were chosen for
# trainings two hundred times as long.
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.tried_out import weights_that_come_back as task

print(task)


def my_rule(steps, gradients):
    """Return a Regrowth for a training of so many steps; `gradients` are those `rigl` asks for."""
    # BEGIN SOLUTION
    return regrowth.rigl(gradients, every=10, end=8 * steps // 10)
    # END SOLUTION


# %% tags=["varies"]
task.judge(my_rule)

# %% [markdown]
# ## What to remember
#
# - Dynamic sparse training drops the smallest weights and grows others, at random (SET) or where
#   the gradient is largest (RigL). A cosine lets the masks settle.
# - Weights that move beat a random mask that stays, and a small dense network of the same size.
#   Whether they beat SNIP's mask, five seeds do not decide.
# - With all weights in memory (gradual pruning, surgery) more is possible, at more cost.
# - "Sparse all the time" is a saving on paper until the multiplication skips zeros.
#
# ## What to read
#
# - U. Evci, T. Gale, J. Menick, P. S. Castro, E. Elsen (2020), *Rigging the Lottery*, arXiv
#   1911.11134: RigL, ERK, and SET beside it. SET itself: D. C. Mocanu et al. (2018), arXiv
#   1707.04780.
# - Y. Guo, A. Yao, Y. Chen (2016), *Dynamic Network Surgery for Efficient DNNs*, arXiv 1608.04493.
