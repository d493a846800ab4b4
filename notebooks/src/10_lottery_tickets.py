# %% [markdown]
# # 10 · Lottery tickets
#
# **The question: could the few weights that survive pruning have been trained alone?**
#
# ![Compass: schedule lit](figures/compass_schedule.svg)
#
# About 35 minutes, and an open task. Before this: [08 · Pruning while
# training](08_while_training.ipynb).
#
# Chinese terms: lottery ticket hypothesis 彩票假说, winning ticket 中奖彩票, weight rewinding
# 权重回退, initialization 初始化.

# %% [markdown]
# ## What you will be able to do
#
# - state the lottery ticket hypothesis, and find a ticket by pruning and rewinding;
# - test a ticket against the controls it must beat;
# - tell what such results support from what they do not;
# - say when one rewinds to an early step, and when not at all.

# %% tags=["varies"]
import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, models, pruning
from course_utils.lessons import plots, recorded
from course_utils.lessons.checks import lottery_tickets as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
predict = Predictions("10_lottery_tickets")
data = load_mnist().head(1_000, held_out=500) if quick_mode() else load_mnist().head(20_000)
epochs = 1 if quick_mode() else 5

# %% [markdown]
# ## The hypothesis
#
# In lesson 08, networks that were sparse from the first step ended points behind pruned ones. Is
# that because a pruned network *was* large? Or could its few weights have been trained alone?
# Frankle and Carbin (2019) say they could, from *their own* initial weights. Their **lottery ticket
# hypothesis**: a dense network contains a small one, the *ticket*, that, trained alone from the
# initial weights it drew, gets as accurate in at most as many steps. To find it:
#
# 1. keep the initial weights, and train;
# 2. prune 20 % of what is left, by size;
# 3. **rewind**: give what is left its *initial* weights back, and train again; and so on.

# %% [markdown]
# ### Exercise 1
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

# %% [markdown]
# ### Exercise 2
#
# Make the ticket of one kernel: the trained weights choose *which* weights stay, the initial ones
# say *what* they are.


# %% tags=["exercise"]
def my_ticket(initial, trained, keep):
    """Return an array like `initial`: the `keep` largest of |trained| at their initial values."""
    # BEGIN SOLUTION
    largest = np.argsort(-np.abs(trained), axis=None)[:keep]
    mask = np.zeros(trained.size, bool)
    mask[largest] = True
    return initial * mask.reshape(trained.shape)
    # END SOLUTION


# %% tags=["check"]
check.ticket(my_ticket)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Rank <code>np.abs(trained)</code>, make a mask of the <code>keep</code> largest, and multiply the
# <em>initial</em> weights by it. <code>np.argsort(..., axis=None)</code> ranks a matrix as one long
# vector.
# </details>

# %% [markdown]
# ## Find one
#
# In the package, `Snapshots([0])` keeps the weights of step 0 during training, and
# `pruning.rewind` writes them back under a mask. We train the dense network here, not load it: a
# ticket needs the weights from before.


# %% tags=["varies"]
def train(model, label, *callbacks):
    callbacks = [*callbacks, Progress(label, epochs)]
    models.compiled(model)  # a new optimizer: no momentum of the run before
    model.fit(data.x_train, data.y_train, 128, epochs, verbose=0, callbacks=callbacks)
    return model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]


model, early = models.lenet300(seed=0), pruning.Snapshots([0])
results = {"dense": train(model, "dense", early)}
initial = early.weights[0]

# %% [markdown]
# To save time, twelve rounds at once: one cut, one rewinding. The last layer loses only 10 % a
# round.

# %% tags=["varies"]
ROUNDS = 12
left = {"fc1/kernel": 0.8**ROUNDS, "fc2/kernel": 0.8**ROUNDS, "fc3/kernel": 0.9**ROUNDS}
scores = criteria.magnitude(pruning.weights(model))
masks = masking.make_masks(scores, {name: 1 - share for name, share in left.items()})
pruning.rewind(model, initial, masks)
results["ticket"] = train(model, f"ticket, {1 - masking.sparsity(masks):.0%} left")

# %% [markdown]
# A winning ticket must beat its controls. The same mask with **new initial weights**
# (`reinitialized`): is it the start that matters? The same initial weights under a **shuffled
# mask**: is it the positions? Predict:

# %% tags=["varies"]
three = ("ticket", "new weights", "shuffled mask")
order = predict("In which order, best first?", ..., order=three)

# %% tags=["varies"]
new = pruning.reinitialized(model, seed=1)
controls = {"new weights": (new, masks), "shuffled mask": (initial, masking.shuffle(masks, 1))}
for name, (weights, mask) in controls.items():
    pruning.rewind(model, weights, mask)
    results[name] = train(model, name)
print({name: f"{value:.2%}" for name, value in results.items()})
order.was(sorted(three, key=lambda name: -results[name]))

# %% [markdown]
# ## Five seeds, ten sizes
#
# That was one run, and one cut. `python benchmarks/lottery_tickets.py` recorded five seeds: two
# rounds at once, 5 epochs on 20,000 images each. A fourth line is not rewound at all: after each
# cut the network is simply **trained on**, for as many epochs a round. Predict:

# %%
least = predict(
    "How many of its weights does a ticket need to end as good as dense?", ..., unit="%"
)

# %%
tickets = recorded.rows("lottery_tickets")


def by_size(network, value="val_accuracy"):
    """Return one row a seed, from the dense network to the smallest."""
    mine = [row for row in tickets if row["network"] in (network, "dense")]
    return np.array([[row[value] for row in mine if row["seed"] == seed] for seed in range(5)])


kinds = ["trained on", "ticket", "new weights", "shuffled mask"]
left = by_size("ticket", "left")[0]
whens = {"val_accuracy_first": "after the first epoch", "val_accuracy": "after the last"}

# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 4.4))
for ax, (value, when) in zip(axes, whens.items(), strict=True):
    plots.over_weights_left({kind: by_size(kind, value) for kind in kinds}, left, ax, kinds[2:])
    ax.axhline(by_size("ticket", value)[:, 0].mean(), color=plots.GREY, linewidth=1, zorder=0)
    ax.set_title(f"{when} (MNIST, 5 seeds, ±1 sd)")
    plots.label_ends(ax)
axes[0].set_ylabel("validation accuracy")
plt.show()

# %% [markdown]
# The grey line is the dense network. How small can each be, and still be as good as it, on average?

# %%
for value, when in whens.items():
    print(when)
    for kind in kinds:
        means = by_size(kind, value).mean(axis=0)
        as_good = [share for share, mean in zip(left, means, strict=True) if mean >= means[0]]
        smallest = f"down to {min(as_good):.1%} of the weights" if as_good[1:] else "at no size"
        print(f"   {kind:13} as good as dense {smallest}")
        if kind == "ticket" and value == "val_accuracy":
            least.was(round(100 * min(as_good), 1))

# %% [markdown]
# Both halves of the hypothesis, on average. **As fast**: after one epoch the tickets are ahead of
# the dense network, down to 7 % of the weights. **As accurate**: at the end, too (with every seed
# only from 41 to 11 %). New weights under the same masks fall behind, shuffled masks further.

# %%
ahead = by_size("ticket") - by_size("new weights")
assert (ahead[:, 2:] > 0).all()  # with every seed, from 41 % of the weights on
assert (by_size("new weights") > by_size("shuffled mask"))[:, 3:].all()  # from 26 % on
for value in whens:
    mean, redrawn, shuffled = (by_size(kind, value).mean(axis=0) for kind in kinds[1:])
    assert (mean[1:7] > mean[0]).all()  # down to 7 % of the weights
    assert mean[7] < mean[0]
    assert (mean[0] > redrawn[1:]).all()
    assert (redrawn[1:] > shuffled[1:]).all()
better = (by_size("ticket") > by_size("ticket")[:, :1]).all(axis=0)
assert (np.flatnonzero(better) == [2, 3, 4, 5]).all()  # with every seed, from 41 to 11 %
assert (by_size("shuffled mask")[:, 6] < by_size("new weights")[:, 7]).all()

# %% [markdown]
# ## What the mask knows
#
# Why is the shuffled mask the worst? Each of the 784 pixels is an input to 300 units. Here is where
# the live run's ticket and its shuffled control have their connections:


# %% tags=["varies"]
def connections(masks):
    by_pixel = masks["fc1/kernel"].sum(axis=1).reshape(28, 28)
    return by_pixel / by_pixel.mean()


maps = {"ticket": connections(masks), "shuffled": connections(masking.shuffle(masks, 1))}
plots.film_strip({"": maps}, "times the mean pixel's", width=6)
plt.show()

# %% tags=["varies"]
blank = (data.x_train.max(axis=0) == 0)[..., 0]
for name, frame in maps.items():
    dark = frame[blank].sum() / frame.sum()
    print(f"{name:8}: {dark:5.1%} of its connections are to black pixels")
print(f"{blank.mean():.1%} of the pixels are black in every training image ({data.caption})")

# %% [markdown]
# The mask knows not to look at the edge; new weights leave that intact, shuffling destroys it. But
# that is not all: shuffled masks at 7 % end behind new weights at 4.5 %, with every seed, and the
# black pixels take only about a tenth of their connections. Start and positions both matter.

# %% [markdown]
# ### Exercise 3
#
# Which of these claims do the recorded runs support? Give their letters, such as `"BE"`.
#
# - **A** At 41 % of the weights or fewer, a ticket ends more accurate than its mask with new
#   weights.
# - **B** Finding a ticket takes fewer training steps than training the dense network.
# - **C** For the most accurate sparse network, rewind the weights after each cut.
# - **D** The positions carry something useful, even without the initial weights.
# - **E** The same holds for large networks.

# %% tags=["exercise"]
# BEGIN SOLUTION
my_claims = "AD"
# END SOLUTION

# %% tags=["check"]
check.claims(my_claims)

# %% [markdown]
# ## What it does not show
#
# - The smallest ticket took ten trainings to find. It saves nothing; it says something.
# - If all you want is a good sparse network, do not rewind to the start: trained on, it is better
#   than the ticket at every size, on average. It has trained for longer, so the race is not fair.
#   Lesson [08](08_while_training.ipynb#How-to-retrain%3A-rate%2C-length%2C-rewinding) compares both
#   at equal length.
# - On larger networks tickets from step 0 fail, and one must **rewind to an early step** (Frankle
#   et al. 2020): `Snapshots([0, 100])` keeps both.
# - Liu et al. (2019) found no gain from the ticket's weights at a large learning rate, and that
#   small networks left by *structural* pruning train as well from new weights.
# - That such tickets exist has been measured often. Why they win is not known.

# %%
trained_on, ticket = (by_size(kind).mean(axis=0) for kind in ("trained on", "ticket"))
assert (trained_on[1:] > ticket[1:]).all()

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **Where does this mask come from?** You see a mask and nothing else: 784 pixels by 300 units,
# `True` where a weight stays. It is "trained", the largest weights of a trained network; or such a
# mask that somebody "shuffled" as a whole; or only "within pixels", so that each pixel keeps its
# number of connections; or only "within units". Write a function that tells. It is tried on masks
# of networks with other seeds, of 80 to 95 % zeros. What counts is how many it gets right.
# `task.given()` returns twelve masks with their origins.
#
# <details><summary>Hint</summary>
#
# By chance alone a pixel's number of connections nearly follows the binomial distribution, whose
# variance you know. What does each of the three shuffles leave as it was? (And what of neighbouring
# pixels?)
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.told_apart import lottery_tickets as task

print(task)


def my_origin(mask):
    """Return "trained", "shuffled", "within pixels" or "within units"."""
    # BEGIN SOLUTION
    share = mask.mean()
    pixels, units = (
        mask.sum(axis=axis).var() / (mask.shape[axis] * share * (1 - share)) > 1.5
        for axis in (1, 0)
    )
    names = {(True, False): "within pixels", (False, True): "within units"}
    return names.get((pixels, units), "trained" if pixels else "shuffled")
    # END SOLUTION


# %% tags=["varies"]
task.judge(my_origin)

# %% [markdown]
# ## What to remember
#
# - A winning ticket: the right few weights, from their own start, train alone as well as the dense
#   network. It is a hypothesis, with controls and limits.
# - The controls: new weights under the same mask, the same weights under a shuffled mask. Positions
#   and start both matter.
# - A ticket saves no training. For a good sparse network, train on; do not rewind to the start.
#
# ## What to read
#
# - J. Frankle, M. Carbin (2019), *The Lottery Ticket Hypothesis*, arXiv 1803.03635; rewinding to an
#   early step: J. Frankle et al. (2020), *Linear Mode Connectivity and the Lottery Ticket
#   Hypothesis*, arXiv 1912.05671.
# - A doubt: Z. Liu, M. Sun, T. Zhou, G. Huang, T. Darrell (2019), *Rethinking the Value of Network
#   Pruning*, arXiv 1810.05270.
# - Other ways to retrain: A. Renda, J. Frankle, M. Carbin (2020), *Comparing Rewinding and
#   Fine-tuning in Neural Network Pruning*, arXiv 2003.02389.
