# %% [markdown]
# # 20 · Capstone: a network for a budget
#
# **The question: here are a budget and some data. Can you do all of it, and will it stand up?**
#
# About 90 minutes of yours, and two of the computer. Before this: as many of the lessons as you
# like, but [05 · Prune and retrain](05_prune_and_retrain.ipynb),
# [06 · How much to prune](06_how_much.ipynb) and
# [11 · Structural pruning](11_structural_pruning.ipynb) at least.
#
# Chinese terms: budget 预算, baseline 基线, control experiment 对照实验, stopping rule 停止准则,
# held-out set 留出集, reproducibility 可复现性, leaderboard 排行榜.

# %% [markdown]
# ## What you will be able to do
#
# - run the whole process once, on a budget, with a loop, a stop rule and controls;
# - hand a network in as a file, and have it judged and ranked by one command;
# - say what a judge must not believe about a file from a stranger;
# - write an honest report, and say what of the article's outlook has already happened.

# %%
import json
import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, measuring, models, pruning, structure
from course_utils.backend import keras
from course_utils.extras import export, sparsefile
from course_utils.lessons import plots
from course_utils.lessons.checks import capstone as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode
from course_utils.lessons.scoreboard import Budget, judge, scoreboard

layers = keras.layers
plots.use_style()

# %% tags=["varies"]
data = load_mnist().head(640, held_out=500) if quick_mode() else load_mnist().head(20_000)
real = not (quick_mode() or data.stand_in)
data

# %% [markdown]
# ## The task
#
# The budget says what is needed, in the units of those who need it: how good, how large a download,
# how long an answer takes. Bytes are those of the *sparse file* of lesson 13, so that zeros count
# as well as missing filters. (The accuracy is modest for MNIST, since a minute of training on a
# part of the images must do; `benchmarks/lenet5_100x.py` shows what more of both gives. On the
# stand-in, and in quick mode, less is asked.)

# %%
budget = Budget(accuracy=0.96, bytes=15_000, milliseconds=50)
if not real:
    budget = Budget(accuracy=0.8, bytes=60_000, milliseconds=500)

# %% tags=["varies"]
print(budget)
dense_bytes = len(export.sparse_file(models.lenet5()))
print(f"LeNet-5, dense: {dense_bytes:,} bytes, {dense_bytes / budget.bytes:.0f} times the budget")

# %% [markdown] covers="30 31" corrects="16"
# ## The process
#
# The article draws it as a line: train, choose, prune, retrain, evaluate. In lesson 05 that line
# failed without anybody noticing. **Predict**, before you open the chart: which six things are
# missing in it?
#
# <details><summary>The corrected chart</summary>
#
# ![The corrected process: data split first, mask held, loop, controls](figures/pruning_process.svg)
#
# | missing in the article | what goes wrong without it |
# |---|---|
# | data held out, split before all else | what was chosen looks better than it is |
# | the mask | the zeros come back in the first step of retraining |
# | the loop, small steps | one large cut breaks what several small ones would not |
# | a stop rule, fixed in advance | one stops where it looks nicest |
# | a baseline and a control by chance | nobody knows what the choosing was worth |
# | one test, at the end | the test set becomes a second validation set |
# </details>
#
# We now go through it, box by box.
#
# ### Split, and train the dense network
#
# `load_mnist` has split the images into three. A network that just reaches the budget on the
# validation images has an even chance to miss it on the test images. So we ask for two standard
# errors more, and fix that *now*: this is the floor of our stop rule.


# %%
def train(model, label, epochs=1):
    progress = Progress(label, epochs)
    model.fit(data.x_train, data.y_train, 64, epochs, verbose=0, callbacks=[progress])
    return model


def accuracy(model, x=data.x_val, y=data.y_val):
    parts = np.array_split(x, -(-len(x) // 1000))  # not too many at once
    answers = np.concatenate([np.asarray(model(part)) for part in parts])
    return float(np.mean(answers.argmax(axis=1) == y))


# %% tags=["varies"]
error = np.sqrt(budget.accuracy * (1 - budget.accuracy) / len(data.y_val))
floor = budget.accuracy + 2 * error if real else budget.accuracy
print(f"standard error ± {error:.2%}, so the floor is {floor:.2%} on the validation images")

# %% tags=["varies"]
epochs = 2 if quick_mode() or not data.stand_in else 6
again = 1 if quick_mode() or not data.stand_in else 3  # epochs of retraining after each step
start = train(models.lenet5(seed=0), "LeNet-5, dense", epochs)
print(f"validation accuracy {accuracy(start):.2%}, {data.caption}")

# %% [markdown]
# ### Choose
#
# | choice | ours | why (lesson) |
# |---|---|---|
# | granularity | first channels, then weights | channels save time, too (09, 11) |
# | criterion | Taylor per cost; then magnitude | cheap, and better than chance (07, 09) |
# | scope | global | one budget for the whole network (06) |
# | schedule | steps, with training after each | one large cut does more harm (08) |
#
# The steps as a list. The channels go first where they cost MACs, which makes all later training
# fast, then where they cost parameters; the shares are of what LeNet-5 had at the start. `0.8` of
# the weights: so many of those left in the kernels are zero.

# %%
steps = [("MACs", 0.15), ("parameters", 0.03)]
steps += [("weights", share) for share in (0.8, 0.9, 0.95)]
if quick_mode():
    steps = [("parameters", 0.1), ("weights", 0.75)]


# %% [markdown]
# ### Score and prune
#
# Each step returns a network that has lost something. `shrink` makes smaller arrays; `attach` holds
# a mask through all training to come.


# %%
def cut_channels(model, price, share, by_lot):
    channels = structure.channel_groups(model)
    cost = getattr(structure.costs(channels), price.lower())  # .macs or .parameters
    scores = structure.taylor(channels, data.x_train[:1000], data.y_train[:1000], batch_size=64)
    scores = structure.per_cost(scores, cost)
    masks = structure.within_budget(scores, cost, share * whole[price])
    if by_lot:  # others, as many in each layer
        draw = np.random.default_rng(1)
        masks = {name: draw.permutation(mask) for name, mask in masks.items()}
    return structure.shrink(channels, masks=masks)[0]


# %%
def cut_weights(model, sparsity, by_lot):
    weights, still = pruning.weights(model), pruning.masks_from_zeros(model)
    scores = masking.exclude(criteria.magnitude(weights), still)  # what is out, stays out
    masks = masking.make_masks(scores, sparsity)
    if by_lot:  # others, as many in each kernel
        shares = {name: masking.sparsity(mask) for name, mask in masks.items()}
        masks = masking.make_masks(masking.exclude(criteria.random(weights, 1), still), shares)
    pruning.attach(model, masks)
    return model


# %%
def cut(model, kind, share, by_lot):
    if kind == "weights":
        return cut_weights(model, share, by_lot)
    return cut_channels(model, kind, share, by_lot)


total = measuring.report(start).total
whole = {"MACs": total.macs, "parameters": total.parameters}
whole

# %% [markdown]
# ### Retrain, evaluate, and stop?
#
# #### Exercise 1
#
# The rule: go on as long as each network reaches the floor; at the first that does not, stop, and
# keep the one before it. How many networks are kept?


# %% tags=["exercise"]
def my_stop(accuracies, floor):
    """Return how many networks passed before the first that did not; all, if none failed."""
    # BEGIN SOLUTION
    for number, found in enumerate(accuracies):
        if found < floor:
            return number
    return len(accuracies)
    # END SOLUTION


# %% tags=["check"]
check.stop_rule(my_stop)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Go through the list with <code>enumerate</code>, and return at the first number below the floor.
# The position of the first failure *is* the count of those before it.
# </details>
#
# Why the first failure, and not the last success? Because the loop really ends there: what comes
# after a failure would be made from a network that has failed.
#
# Now the loop. To see what the rule does, we let it run to the end of the list, and apply the rule
# afterwards. Beside it runs the control: as many channels and weights less in each layer, drawn by
# lot, and as many epochs. **Predict**: where do both curves end?


# %%
def copied(model):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def whole_process(label, by_lot=False):
    """Yield a copy of the network after every step, its accuracy and its bytes."""
    model = models.compiled(copied(start))
    for kind, share in steps:
        model = cut(model, kind, share, by_lot)
        if not quick_mode() or (kind == "weights" and not by_lot):  # the quick run retrains once
            train(model, f"{label}: {kind}, {share:.0%}", again)
        yield copied(model), accuracy(model), len(export.sparse_file(model))


# %% tags=["varies"]
chosen = list(whole_process("chosen"))
drawn = list(whole_process("by lot", by_lot=True))

# %% tags=["varies"]
names = [f"{kind}\n{share:.0%}" for kind, share in steps]
curves = {"chosen": [row[1] for row in chosen], "by lot": [row[1] for row in drawn]}
ax = plots.curves(curves, range(len(steps)), plt.subplots(figsize=(8, 3.6))[1])
ax.axhline(floor, color=plots.RED, linewidth=1, linestyle=":")
ax.set_xticks(range(len(steps)), names)
ax.set(ylabel="validation accuracy", title=f"the loop; dotted: the floor ({data.caption})")
plt.show()


# %%
def kept_until_failure(accuracies, floor):  # exercise 1, so that the lesson goes on without yours
    return next((i for i, found in enumerate(accuracies) if found < floor), len(accuracies))


# %% tags=["varies"]
count = kept_until_failure(curves["chosen"], floor)
assert not real or count
ours, reached, size = chosen[max(count - 1, 0)]
print(f"{count} of {len(steps)} networks passed before the stop; the last of them is ours:")
print(f"{reached:.2%} on the validation images, {size:,} bytes, {ours.count_params():,} parameters")

# %% [markdown]
# One run each, so mind what you say about a difference of a tenth of a point. Where the two curves
# part, choosing was worth something; where they do not, it was not.
#
# ## Before you hand it in
#
# `judge` writes your network as a sparse file, reads it back, and asks it as the scoreboard will,
# but on the *validation* images. You may call it as often as you like.

# %% tags=["varies"]
found = judge(ours, budget, data)
print(textwrap.fill(str(found), 95))
assert abs(found.accuracy - reached) < 0.001  # read from its file, the same network

# %% [markdown]
# ## Good compared with what?
#
# Four more networks get onto the scoreboard, each of which could embarrass ours in another way:
#
# | file | what it asks |
# |---|---|
# | dense | LeNet-5, an epoch more, which is more work than all our retraining: what is lost? |
# | article | the article's CNN, and its script: pruned at 0.1, retrained *without* a mask |
# | by lot | the control above, after as many steps: was it worth choosing? |
# | small dense | made small by hand, trained as long in all: was pruning needed? |


# %%
def small_dense():
    keras.utils.set_random_seed(0)
    parts = [
        layers.Conv2D(5, 5, activation="relu", name="conv1"),
        layers.MaxPooling2D(2, name="pool1"),
        layers.Conv2D(10, 5, activation="relu", name="conv2"),
        layers.MaxPooling2D(2, name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(10, activation="softmax", name="output"),
    ]
    return models.compiled(keras.Sequential([keras.Input((28, 28, 1), name="image"), *parts]))


# %%
def article():
    model = train(models.article_cnn(seed=0), "the article's CNN", again)
    scores = criteria.magnitude(pruning.weights(model))
    pruning.attach(model, masking.by_threshold(scores, 0.1))
    pruning.detach(model)  # zeros, and nothing that holds them: the article's script
    return train(model, "the article's CNN, retrained", again)


# %% tags=["varies"]
after = max(count, 1) * again
networks = {"ours": ours, "dense": start}
if not quick_mode():  # each takes some seconds
    networks |= {"by lot": drawn[max(count - 1, 0)][0], "article": article()}
    networks["small dense"] = train(small_dense(), "small dense", epochs + after)
    networks["dense"] = train(models.compiled(copied(start)), "LeNet-5, dense, on", again)

# %% [markdown]
# ## Files from strangers
#
# A scoreboard opens files that somebody else made. **Predict**: what can a file do that is only
# *loaded*, not run?
#
# A sparse file, like a `.keras` file, holds arrays, and a text that says which layers to build.
# Keras builds what the text names. Four files that nobody should load like that: one that names a
# layer made of Python code; a small one that unpacks to 60 megabytes; one with a few letters that
# ask for terabytes of weights; and one that broke on its way.


# %%
def with_changed(path, name, change):
    """Write a copy of a sparse file under another name, its text changed."""
    arrays, text = sparsefile.decode(path.read_bytes())
    path.with_name(name).write_bytes(sparsefile.encode(arrays, change(text)))


# %%
def bomb(text):
    return text + " " * 60_000_000


def greedy(text):
    config = json.loads(text)
    config["config"]["layers"][-1]["config"]["units"] = 10**12
    return json.dumps(config)


# %%
def write_hostile(folder):
    good = folder / "dense.sparse"
    with_changed(good, "bomb.sparse", bomb)
    with_changed(good, "greedy.sparse", greedy)
    with_changed(good, "lambda.sparse", lambda text: text.replace("Flatten", "Lambda"))
    (folder / "broken.sparse").write_bytes(good.read_bytes()[:10_000])


# %% [markdown]
# ## The scoreboard
#
# All of them into one folder, and one command: `python -m course_utils.lessons.scoreboard FOLDER`,
# or `make scoreboard ARGS=FOLDER`. In the notebook it is a function. Here, and only here, the test
# images are used. **Predict** the order, and who is not on it.

# %% tags=["varies"]
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    for title, model in networks.items():
        export.write_sparse(model, folder / f"{title}.sparse")
    write_hostile(folder)
    board = scoreboard(folder, budget, data)
board

# %%
refused = [entry.name for entry in board.entries if entry.refused]
print("refused:", ", ".join(refused))
assert refused == ["bomb.sparse", "broken.sparse", "greedy.sparse", "lambda.sparse"]

# %% [markdown]
# No file could stop it, and each refusal says why. Read the ranking slowly:
#
# - It goes by bytes, then by MACs, because these are the same at every run. Times are not: they are
#   shown with their quartiles, and do not rank.
# - *Within the budget* comes first. A network of two kilobytes that cannot read is no winner.
# - The article's file is nearly as large as a dense one: its zeros came back.
# - Look at *small dense*. If it stands above ours, designing small was better than pruning, in this
#   run. Small networks trained from scratch are the hardest control there is (Liu et al. 2019).

# %% tags=["varies"]
judged = {entry.name.removesuffix(".sparse"): entry for entry in board.entries if not entry.refused}
ax = plt.subplots(figsize=(8, 4))[1]
for title, entry in judged.items():
    place = (entry.bytes / 1e3, entry.accuracy)
    ax.plot(*place, "o", color=plots.ORANGE if title == "ours" else plots.BLUE)
    ax.annotate(title, place, (6, 6), textcoords="offset points")
ax.axvspan(0.1, budget.bytes / 1e3, color=plots.LIGHT, zorder=0)
ax.axhline(budget.accuracy, color=plots.RED, linewidth=1, linestyle=":")
ax.set(xscale="log", xlim=(2, 6000), xlabel="kilobytes as a sparse file", ylabel="test accuracy")
ax.set_xticks([2, 10, 100, 1000], ["2", "10", "100", "1,000"])
ax.margins(y=0.15)
ax.set_title(f"the scoreboard, {data.caption}")
plt.show()
print("grey: within the bytes of the budget; dotted: the accuracy that it asks")

# %% tags=["varies"]
entry, times = judged["ours"], judged["dense"].bytes / judged["ours"].bytes
lost = judged["dense"].accuracy - entry.accuracy
error = np.sqrt(entry.accuracy * (1 - entry.accuracy) / len(data.y_test))
print(f"ours: {times:.0f} times smaller than dense, {100 * lost:.2f} points less accurate")
print(f"standard error of its accuracy on {len(data.y_test):,} images: {error:.2%}")
print(f"validation said {reached:.2%}, the test says {entry.accuracy:.2%}")

# %%
if real:
    assert entry.passed
    assert times > 50
    assert judged["article"].bytes > 20 * budget.bytes
    assert abs(reached - entry.accuracy) < 0.01

# %% [markdown]
# ### Exercise 2
#
# Somebody has made six networks and has, for each, the bytes and the accuracies on validation *and*
# on test images. One of them may be handed in. Which?


# %% tags=["exercise"]
def my_choice(candidates, budget):
    """Return the name of one candidate: {"name": …, "bytes": …, "validation": …, "test": …}."""
    # BEGIN SOLUTION
    passing = [
        candidate
        for candidate in candidates
        if candidate["validation"] >= budget.accuracy and candidate["bytes"] <= budget.bytes
    ]
    return min(passing, key=lambda candidate: candidate["bytes"])["name"]
    # END SOLUTION


# %% tags=["check"]
check.choice(my_choice)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First keep those that meet the budget, by a number that may be used for choosing. Of these, the
# scoreboard ranks the one with the fewest bytes first.
# </details>
#
# How much is a choice by the test images worth? Take networks that are all *equally* good, and
# choose the one that happened to do best. **Predict**: by how much does the winner look better
# than it is, with 20 candidates?

# %%
rng, n, truth = np.random.default_rng(0), 10_000, 0.98
for candidates in (1, 5, 20, 100):
    seen = rng.binomial(n, truth, size=(2_000, candidates)).max(axis=1) / n
    print(f"best of {candidates:3}: looks like {seen.mean():.2%}, is {truth:.2%}")

# %% [markdown]
# Out of nothing, and more than many a table claims as a gain. (If the networks err on the same
# images, as they mostly do, it is less.) That is why the choice is made on validation images, and
# the number comes from others.
#
# ### Exercise 3
#
# Now yours. Make a Keras network with **three quarters of the bytes** of ours, or fewer, that still
# reaches the budget's accuracy. Anything from the course is allowed: other steps, another start,
# another criterion, fewer channels, half precision, shared weights (lesson 14). The check is the
# judge. It uses the validation images, takes some seconds, and may be asked again and again.

# %% tags=["varies"]
tight = Budget(budget.accuracy, int(0.75 * size), budget.milliseconds)
print(f"at most {tight.bytes:,} bytes, at least {tight.accuracy:.0%}")

# %% tags=["exercise"]
my_network = ...  # a trained Keras network: not its accuracy, and not its file
# BEGIN SOLUTION


def halved(layer):
    """Return a layer that computes and keeps its weights in 16 bits."""
    return layer.__class__.from_config({**layer.get_config(), "dtype": "float16"})


my_network = keras.models.clone_model(ours, clone_function=halved)
my_network.set_weights(ours.get_weights())
# END SOLUTION
assert my_network is not None  # the check says the rest

# %% tags=["check", "varies"]
check.network(my_network, tight, data)

# %% [markdown]
# <details><summary>Hint</summary>
#
# What are the bytes of our network made of? Each weight that is left costs four bytes for its value
# and some bits for its place. Fewer weights, or fewer bytes for a value? For the second, look up
# what a layer's <code>dtype</code> may be.
# </details>
#
# To meet the others: `export.write_sparse(my_network, "FOLDER/yours.sparse")`, and run the command.
# Run it twice, and the ranking is the same; the line under the table says which images it was made
# on. (On another kind of processor, an image or two may be answered otherwise.)
#
# ## What the judge believes
#
# Nothing. `course_utils.lessons.scoreboard` opens each file in a process of its own, with limits on
# size, time and memory. There `export.read_sparse` writes a *new* config, of layers from a list;
# holds an outline of it, which takes no memory, against the arrays; and lets Keras build only that.
# The process hands back digits, not a grade: it never saw the labels. All of this has reasons:
# Keras's own `safe_mode`, for `.keras` files, was got round again and again, and the package's
# docstring lists the reports.

# %% tags=["varies"]
import course_utils.lessons.scoreboard as package

print("\n".join(line for line in package.__doc__.splitlines() if line.startswith("    CVE")))

# %% [markdown]
# It is no sandbox, though. The process runs as you. Strangers' files belong into a container
# without network; the docstring says what else.

# %% [markdown]
# ## An honest report
#
# What must be in it, so that somebody else can use or doubt it. Numbers in brackets are lessons.
#
# | say | because |
# |---|---|
# | sparsity *after* training, and of which weights | zeros come back (05); a share of what? (06) |
# | bytes of a file, raw and packed, without the optimizer's state | zeros alone save none (11) |
# | MACs beside parameters | they are not the same (04, 09) |
# | milliseconds: warmed up, in turns, median, quartiles, threads, machine | or it is noise (11) |
# | accuracy: mean ± sd of three seeds or more, and its standard error | tenths are noise (05) |
# | dense for as many epochs; random mask; small dense | or nobody knows what pruning did (07, 09) |
# | what was chosen on which images; the test set once | see exercise 2 (06) |
# | classes, calibration, shifted data | the mean hides them (15) |
# | the cost of getting there: epochs, search | pruning saves *use*, not training (08) |
# | what did not help | the next one need not try it again |
#
# Blalock et al. (2020) read 81 papers, and found that they could hardly be compared. And MNIST is
# for learning: what holds here, test again on your data.

# %% [markdown] covers="95 98 99 100 101" corrects="39 54"
# ## What came of the article's outlook
#
# The article ends with results, trends, challenges and an outlook. You can now answer it.
#
# | the article | what is so |
# |---|---|
# | result: remarkably fewer parameters, less computation | it gives no number; see below |
# | result: new methods: adaptive, joint, automatic | Deep Compression joined three in 2015 (12) |
# | outlook: better algorithms | magnitude, trained well, is hard to beat (07, 08) |
# | outlook: other fields, such as speech and text | done since 2016 (14) |
# | outlook: automatic tools | AMC, 2018; what the search costs is in 13 |
# | outlook: interpretability | a mask shows what is not used, no more (15) |
#
# The first row holds for channels that were *removed* (09). Zeros save bytes once something packs
# them, and time only in kernels made for them (11).

# %% [markdown] covers="82 83 84 96 97" corrects="40"
# Its four trends and four challenges stand in it twice, in 7 and again in 9. The challenges:
#
# | challenge | what is so | what helps |
# |---|---|---|
# | quality against compression | flat, then a cliff: see above | a floor, a loop, a stop rule |
# | which strategy? | four separate choices (06, 07, 09) | test each against chance |
# | much computation | scoring is a sort; *retraining* and *searching* cost | few steps (13) |
# | harder to interpret | or easier, as the article says elsewhere | measure it (15) |

# %% [markdown]
# ## What to remember
#
# - A budget first; then data split; then dense, choose, prune, retrain, evaluate, *again*; stop by
#   a rule; test once.
# - A result is a comparison: with dense, with chance, with small from scratch.
# - Choose on validation images. The best of many looks better than it is.
# - Rank by what is the same at every run; show what is not with its spread.
# - A model file is a program until shown to be data. Believe nothing in it.
#
# ## What to read
#
# - D. Blalock, J. J. Gonzalez Ortiz, J. Frankle, J. Guttag (2020), *What is the State of Neural
#   Network Pruning?*, arXiv 2003.03033: what a report must say.
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), *Learning both Weights and Connections for
#   Efficient Neural Networks*, arXiv 1506.02626: the loop; iterating gave the largest gain.
# - S. Han, H. Mao, W. J. Dally (2016), *Deep Compression*, arXiv 1510.00149: pruned, shared, coded.
# - Z. Liu, M. Sun, T. Zhou, G. Huang, T. Darrell (2019), *Rethinking the Value of Network Pruning*,
#   arXiv 1810.05270: small from scratch.
# - M. Zhu, S. Gupta (2017), *To prune, or not to prune*, arXiv 1710.01878: large and sparse against
#   small and dense.
# - T. Gale, E. Elsen, S. Hooker (2019), *The State of Sparsity in Deep Neural Networks*, arXiv
#   1902.09574: magnitude beside its rivals, on a large scale.
#
# This was the last lesson. The first thing to do now: prune something of your own.
