# %% [markdown]
# # 05 · Prune and retrain
#
# **The question: we run the article's script and look inside. Is the pruned network pruned?**
#
# About 45 minutes of yours, and 86 passes of the computer over the training images: lesson 00
# measured how long that takes on your machine, and a line under each training says how much is
# left. Before this: [02 · The prune operator](02_prune_operator.ipynb) and
# [04 · A CNN from its parts](04_cnn_parts.ipynb).
#
# Chinese terms: retraining 重新训练, fine-tuning 微调, mask 掩码, sparsity 稀疏度, control
# experiment 对照实验, compression rate 压缩率.

# %% [markdown]
# ## What you will be able to do
#
# - count zeros at every stage of prune-and-retrain, and say where they go;
# - hold a mask through training, and check that it held;
# - compare networks with the controls that make a comparison mean something;
# - say what one test accuracy shows, and what it cannot show.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, measuring, models, operators, pruning
from course_utils.backend import keras
from course_utils.lessons import plots, recorded
from course_utils.lessons.checks import prune_and_retrain as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()

# %% [markdown]
# In quick mode (lesson 00) each training takes one epoch on fewer images; the outputs that you find
# here come from the full run.

# %% tags=["varies"]
epochs = 1 if quick_mode() else 10
data = load_mnist().head(640, held_out=160) if quick_mode() else load_mnist().head(50_000)
data

# %% [markdown] covers="30 31 32 33" corrects="16 17"
# ## The plan
#
# The article draws pruning as a straight line: train, prune, retrain, evaluate.
#
# ![The article's process: a straight line](figures/article_process.svg)
#
# Something is missing in it. **Predict** what, before you look at the second chart: what would you
# need to *trust* the last box?
#
# <details><summary>The corrected chart</summary>
#
# ![The corrected process: data split first, mask held, loop, controls](figures/pruning_process.svg)
# </details>
#
# Data that nobody has looked at, a mask that is held, a loop with a stop rule, and controls to
# compare with. We run the straight line first, as the article does, and meet each of these when we
# need it.
#
# (The article tells the same line three times: as four parts of a principle, as these six steps,
# and as seven, in which looking at weights and looking at gradients are steps of their own. Lesson
# 07 is about those two. What it calls *rebuilding* the network is training on, or **fine-tuning**
# 微调; the word reconstruction means something else, see lesson 09.)

# %% [markdown] covers="57 60 61 62 63 64" corrects="32"
# ## Part 1: the article's script
#
# Its network is the one of lesson 04. It trains on all 60,000 training images, with batches of 32
# and Adam, and keeps nothing back for validation. So shall we, in this part. (`load_mnist` has
# reshaped the images and divided them by 255, as the script does; whole numbers as labels, in place
# of its one-hot vectors, give the same loss. The script fixes no seed. We do.)

# %% tags=["varies"]
x_all = np.concatenate([data.x_train, data.x_val])
y_all = np.concatenate([data.y_train, data.y_val])


def train(model, x, y, label, callbacks=(), **options):
    options["callbacks"] = [Progress(label, epochs), *callbacks]
    return model.fit(x, y, batch_size=32, epochs=epochs, verbose=0, **options).history


model = models.article_cnn(seed=0)
train(model, x_all, y_all, "dense network")
dense_all = model.get_weights()

# %% [markdown] covers="67" corrects="32"
# The script evaluates once, at the end. We write down sparsity and accuracy at *every* stage. Part
# 1 has no validation data, so this is the test set; nothing will be chosen by it.

# %% tags=["varies"]
stages = {}


def note(stage, model):
    accuracy = model.evaluate(data.x_test, data.y_test, batch_size=1000, verbose=0)[1]
    stages[stage] = masking.sparsity(pruning.weights(model)), accuracy
    print(f"{stage:28} {stages[stage][0]:6.1%} zeros, test accuracy {accuracy:.2%}, {data.caption}")


note("dense", model)

# %% [markdown] covers="58" corrects="34"
# Now the article's `prune_weights`, with threshold 0.1 for every layer. It writes zeros into the
# kernels, and that is all it does. (The article finds kernels with `hasattr(layer, "kernel")`,
# which skips layers inside nested models and several layer types without a word; `pruning.kernels`
# goes by what a layer is.)

# %%
THRESHOLD = 0.1


def prune_weights(model, threshold):
    for kernel in pruning.kernels(model).values():
        kernel.assign(operators.prune(kernel.numpy(), threshold))


# %% tags=["varies"]
prune_weights(model, THRESHOLD)
cut = {name: W == 0 for name, W in pruning.weights(model).items()}
note("pruned, not trained on", model)
measuring.report(model)

# %% [markdown] covers="65" corrects="31 32"
# One threshold, three layers, three different sparsities: the article never prints them. (Biases
# stay as they are, as is usual: there are few of them.) And how much 0.1 cuts depends on how long
# the network has trained. Here is an untrained one, and one that has seen a fifth of the data once:

# %% tags=["varies"]
young = models.article_cnn(seed=0)
fifth = len(x_all) // 5
for seen in ("nothing", "a fifth, once"):
    if seen != "nothing":
        young.fit(x_all[:fifth], y_all[:fifth], batch_size=32, verbose=0)
    small = masking.by_threshold(criteria.magnitude(pruning.weights(young)), THRESHOLD)
    print(f"seen {seen:13}: a threshold of {THRESHOLD} would cut {masking.sparsity(small):.1%}")

# %% [markdown] covers="25" corrects="14"
# What to call the size of the cut? The **sparsity** $s$ is the share removed, the **compression**
# (压缩率, in the literature old over new) is $1/(1-s)$:

# %% tags=["varies"]
s = stages["pruned, not trained on"][0]
print(f"sparsity {s:.1%}, compression {masking.compression(s):.1f}")

# %% [markdown] covers="60 66" corrects="30"
# Then the article compiles the model anew and trains it for as long again. (To compile is also to
# make a new Adam: it counts from step 0 and remembers no gradient.) We do the same, but count the
# zeros after single steps. The first step is a batch of 32 images:

# %%
models.compiled(model)
counter = measuring.ZeroCounter([0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000])
snapshots = {"pruned": pruning.weights(model)["dense/kernel"]}

model.fit(x_all[:32], y_all[:32], batch_size=32, verbose=0, callbacks=[counter])
snapshots["after 1 step"] = pruning.weights(model)["dense/kernel"]

# %% [markdown]
# **Predict**: one step, 32 images. What share of all weights is zero after it?

# %% tags=["varies"]
zeros = counter.sparsity
print(f"after pruning {zeros[0]:.1%} zeros, after one step {zeros[1]:.1%}")

# %% [markdown] covers="66" corrects="29"
# Nothing in the model knows that these weights were pruned. To the optimizer a zero is a number
# like any other: it has a gradient, and it moves. How far? Adam's first step for a gradient $g$ is
# $\eta \, g / (|g| + \varepsilon)$ with the learning rate $\eta = 0.001$ and
# $\varepsilon = 10^{-7}$: the full learning rate, unless the gradient is as tiny as $\varepsilon$.
# **Predict**: how many of the returned weights have made the full step?

# %% tags=["varies"]
moved = snapshots["after 1 step"][cut["dense/kernel"]]
back = np.abs(moved[moved != 0])
print(f"{len(back):,} weights came back, {np.mean(np.isclose(back, 0.001, rtol=0.05)):.0%} of them")
print(f"at a size of 0.001; Adam's learning rate is {float(model.optimizer.learning_rate):.3f}")

# %% [markdown]
# (A network that has hardly been trained, as in quick mode, has large gradients, and nearly all
# make the full step. After ten epochs most gradients are tiny. The weights come back all the same,
# only by less: nothing holds them at zero.)
#
# The zeros that survive are those with a gradient of *exactly* zero: an input that was zero in all
# 32 images (the corners of a digit), or a hidden unit whose ReLU was flat for all of them. They
# survive by accident, not because they were pruned. Let us go on, to about one hundred steps, and
# then through all epochs:

# %% tags=["varies"]
x_more, y_more = x_all[32:3200], y_all[32:3200]
model.fit(x_more, y_more, batch_size=32, verbose=0, callbacks=[counter])
snapshots[f"after {counter.steps} steps"] = pruning.weights(model)["dense/kernel"]
train(model, x_all, y_all, "the article's second training", [counter])
snapshots["at the end"] = pruning.weights(model)["dense/kernel"]

# %% tags=["varies"]
end = masking.sparsity(pruning.weights(model))
ax = plots.sparsity_by_step({"article's script": zeros | {counter.steps: end}})
ax.set_title(f"zeros after pruning ({data.caption})")
plt.show()
print({stage: f"{masking.sparsity(W):.1%}" for stage, W in snapshots.items()}, f"all: {end:.1%}")

# %% [markdown]
# That is the whole regrowth, as a picture of a part of the hidden layer's kernel. Each column is
# one hidden unit, each row one input; white weights were never pruned.

# %% tags=["varies"]
rows = slice(2400, 2560)
fig, axes = plt.subplots(1, 4, figsize=(10, 4))
for ax, (stage, W) in zip(axes, snapshots.items(), strict=True):
    plots.regrowth(cut["dense/kernel"][rows], W[rows], ax).set_title(stage)
axes[0].set(ylabel="160 of the inputs", xlabel="64 hidden units")
fig.legend(handles=plots.regrowth_key(), loc="outside lower center", ncols=3)
plt.show()

# %% [markdown] covers="66 68" corrects="29 35"
# The article reads its code in ten points (5.3). Nine of them describe what the lines do. The ninth
# says that this second training lets the pruned model fit its new structure. There is no new
# structure, and on MNIST most of the pruning is gone (on the stand-in less, since more of its
# pixels are zero in every image):

# %% tags=["varies"]
note("the article's final network", model)
assert quick_mode() or data.stand_in or end < 0.5 * zeros[0]  # on MNIST most of it has grown back

# %% [markdown]
# ### Exercise 1
#
# Before you trust a sparsity, count it yourself.


# %% tags=["exercise"]
def my_sparsity(weights):
    """Return the share of exact zeros over all arrays of the dictionary `weights`."""
    # BEGIN SOLUTION
    zeros = sum(np.sum(W == 0) for W in weights.values())
    return zeros / sum(W.size for W in weights.values())
    # END SOLUTION


# %% tags=["check"]
check.sparsity(my_sparsity)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Count zeros over all arrays, count entries over all arrays, divide once.
# </details>

# %% [markdown] covers="10" corrects="4"
# ## Part 2: hold the mask
#
# Pruning is a *constraint*: these weights are zero, and stay zero, while the others train. So after
# every step, set them to zero again. Keras has a place for that: `variable.constraint`, applied by
# the optimizer after each update, inside the compiled step. This is all that `attach` does:

# %%
model = models.article_cnn(seed=0)
model.set_weights(dense_all)
masks = masking.by_threshold(criteria.magnitude(pruning.weights(model)), THRESHOLD)
pruning.attach(model, masks)

# %% [markdown]
# The same dense network, the same threshold, the same ten epochs (without the hundred steps before
# them). **Predict** the curve:

# %% tags=["varies"]
held = measuring.ZeroCounter([0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000])
train(model, x_all, y_all, "masked network", [held])
end_held = masking.sparsity(pruning.weights(model))
note("mask held", model)
plots.sparsity_by_step(
    {
        "article's script": zeros | {counter.steps: end},
        "mask held": held.sparsity | {held.steps: end_held},
    }
).set_title(f"zeros after pruning ({data.caption})")
plt.show()

# %% [markdown]
# A flat line, as it should be. Do not take it from the picture: *assert* it, after every `fit`.

# %%
assert masking.sparsity(pruning.weights(model)) == masking.sparsity(masks)
assert sum(pruning.regrown(model).values()) == 0
print("weights that grew back:", pruning.regrown(model))

# %% [markdown]
# The saved model is an ordinary Keras file: whoever loads it needs nothing of this course. The mask
# is not in it. The zeros are, and the masks can be read back off them, to go on training:

# %%
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "pruned.keras")
    loaded = keras.models.load_model(Path(folder) / "pruned.keras")
print("held masks in the loaded model:", pruning.held_masks(loaded))
read_back = pruning.masks_from_zeros(loaded)
print("same masks:", all(np.array_equal(read_back[name], masks[name]) for name in masks))

# %% [markdown]
# ### Exercise 2
#
# Why not mask the *gradient*, so that pruned weights do not move? Because optimizers remember: many
# keep a *velocity*, a running memory of past gradients. Write one step of momentum (learning rate
# 0.1, momentum 0.9) that holds a mask whatever the velocity was.


# %% tags=["exercise"]
def masked_step(W, velocity, gradient, mask):
    """Return the new W and velocity: v ← 0.9 v - 0.1 g, W ← W + v, and pruned weights at 0."""
    # BEGIN SOLUTION
    velocity = 0.9 * velocity - 0.1 * gradient
    return (W + velocity) * mask, velocity
    # END SOLUTION


# %% tags=["check"]
check.masked_step(masked_step)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Take the whole step as if there were no mask, and multiply the new weights by the mask at the end.
# </details>
#
# *Weight decay* needs no such care: it multiplies every weight by a little less than one, and zero
# stays zero. It pulls at the weights that are kept, though. With it, the same threshold cuts more.

# %% [markdown]
# ## Part 3: compared with what?
#
# Both networks of part 1 and 2 end with a good accuracy. Good compared with what? Four networks
# start from one dense one and train on for as many epochs. From here on we train on 50,000 images
# and look at 10,000 others, the **validation** data, after each epoch.
#
# | network | what it tells |
# |---|---|
# | article: pruned, mask not held | what the article measures |
# | masked: pruned, mask held | what it means to measure |
# | random mask: as many zeros in each layer | is it worth choosing weights by size? |
# | dense, longer: not pruned | what more training does by itself |

# %% tags=["varies"]
base = models.article_cnn(seed=0)
validation = (data.x_val, data.y_val)
history = {"dense": train(base, data.x_train, data.y_train, "dense", validation_data=validation)}
dense = base.get_weights()
masks = masking.by_threshold(criteria.magnitude(pruning.weights(base)), THRESHOLD)


# %%
def goes_on(label, prepare):
    model = models.article_cnn(seed=0)
    model.set_weights(dense)
    prepare(model)
    history[label] = train(model, data.x_train, data.y_train, label, validation_data=validation)
    return model


# %% [markdown]
# **Predict** the order of the four at the end, best to worst, and whether you could tell them
# apart.

# %% tags=["varies"]
networks = {
    "article": goes_on("article", lambda model: prune_weights(model, THRESHOLD)),
    "masked": goes_on("masked", lambda model: pruning.attach(model, masks)),
}

# %% tags=["varies"]
shuffled = masking.shuffle(masks, seed=0)
networks["random mask"] = goes_on("random mask", lambda model: pruning.attach(model, shuffled))
networks["dense, longer"] = goes_on("dense, longer", lambda model: None)

# %% tags=["varies"]
ways = {name: history[name]["val_accuracy"] for name in networks}
ax = plots.curves(ways, range(epochs + 1, 2 * epochs + 1))
ax.plot(range(1, epochs + 1), history["dense"]["val_accuracy"], color=plots.GREY)
ax.axvline(epochs + 0.5, color=plots.GREY, linewidth=1)
ax.set(xlabel="epoch (the line: pruning)", ylabel="validation accuracy", title=data.caption)
plt.show()

# %% [markdown]
# One run each. Which differences are real, and which are luck? Only repetition can tell. The next
# figure shows the same experiment with five seeds, measured once by
# `python benchmarks/mnist_retrain.py` on MNIST and kept with the course: means, and bands of one
# standard deviation. (Just after pruning the random mask is far below the picture.)

# %%
accuracy = recorded.by_run("mnist_retrain", "val_accuracy")
ways = {name: runs for name, runs in accuracy.items() if name != "dense"}
ax = plots.curves(ways, range(10, 21))
ax.set(xlabel="epoch (10: before the four go on)", ylabel="validation accuracy")
ax.set(title="MNIST, 5 seeds, mean ± 1 sd", ylim=(0.97, 0.991))
plt.show()

# %%
final = {}  # what was measured after the last epoch, for each network one number a seed
for key in ("sparsity", "val_accuracy", "test_accuracy", "test_loss"):
    runs = recorded.by_run("mnist_retrain", key)
    final[key] = {name: np.array(values)[:, -1] for name, values in runs.items()}
for name in ways:
    zero, _, right, loss = (final[key][name] for key in final)
    print(f"{name:14} {zero.mean():5.1%} zeros", end=", ")
    print(f"test accuracy {right.mean():.2%} ± {right.std(ddof=1):.2%}", end=", ")
    print(f"test loss {loss.mean():.3f} ± {loss.std(ddof=1):.3f}")

# %% [markdown]
# The four of one seed come from one dense network, so compare them *pairwise*: the difference to
# "dense, longer" for each seed, its mean, and the standard error of that mean. With five seeds, a
# mean of less than 2.8 standard errors shows nothing (Student's t, 95 %, four degrees of freedom).

# %%
ratio = {}  # the mean difference in standard errors
for key in ("val_accuracy", "test_accuracy", "test_loss"):
    print(key, "minus that of dense, longer; in points of 100 %" if "acc" in key else "likewise")
    for name in ("masked", "article", "random mask"):
        gain = (100 if "acc" in key else 1) * (final[key][name] - final[key]["dense, longer"])
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        ratio[key, name] = gain.mean() / error
        print(f"  {name:11} {gain.mean():+.3f} ± {error:.3f}, by seed", gain.round(2))

# %% [markdown]
# What follows from it? First what the next lines hold the text to, then the text:

# %%
losses, spread = final["test_loss"], {n: a.std(ddof=1) for n, a in final["test_accuracy"].items()}
assert ratio["val_accuracy", "masked"] > 2.8 > ratio["test_accuracy", "masked"] > 0
assert abs(ratio["test_accuracy", "article"]) < 2.8
assert abs(ratio["test_accuracy", "random mask"]) < 2.8
assert spread["random mask"] > 3 * spread["dense, longer"]
assert all(losses[name].mean() > losses["dense"].mean() for name in ways)

# %% [markdown] covers="6" corrects="7"
# - The **masked** network, with more than two thirds of its weights gone, is not worse than the
#   dense one that trained as long. On the validation data it is even a little better in every run;
#   on the test data that gain is not beyond luck. Mild pruning can act as a regularizer (Bartoldson
#   et al., arXiv 1906.03728); more than "it can" is not shown here.
# - The **article's** network cannot be told from the dense one. No wonder: it is mostly dense.
# - The **random mask** cannot be told from it either, by its mean. But its runs spread several
#   times as far, and some fall deep. MNIST is easy, and these layers have weights to spare; a
#   comparison without this control would credit the choice by size with all of it.
# - The test *loss* of all four is higher than that of the dense network after ten epochs, while
#   accuracy rose: they grow surer of their mistakes. Accuracy alone does not show it.

# %% [markdown] covers="70 71" corrects="37"
# ## The article's figure, drawn properly
#
# The article plots accuracy over epochs in two panels. Its code cannot run (two of its variables do
# not exist, and one call fails on the shape of its input), both panels have the same title, each
# has its own scale and no legend, and it shows *training* accuracy where the text speaks of the
# test set. What one wants to see is one scale, training beside validation, and where the pruning
# happened:

# %% tags=["varies"]
lines = {
    f"{kind} accuracy": history["dense"][key] + history["masked"][key]
    for kind, key in {"training": "accuracy", "validation": "val_accuracy"}.items()
}
ax = plots.curves(lines, range(1, 2 * epochs + 1))
ax.axvline(epochs + 0.5, color=plots.GREY, linewidth=1)
ax.set(xlabel="epoch (the line: pruned, mask held)", ylabel="accuracy", title=data.caption)
plt.show()

# %% [markdown]
# In the full run on MNIST, training accuracy goes on to 1 while validation accuracy levels off far
# below: from there on the network learns its training images by heart. A figure with the training
# curve alone would hide it.

# %% [markdown] covers="69"
# ## What does 0.9837 show?
#
# The article reports a test accuracy of 0.9837 and concludes that the model became simpler and kept
# its performance. On 10,000 images an accuracy has a standard error of its own. **Predict** it: a
# hundredth of a point, a tenth, one?
#
# ### Exercise 3
#
# If each image is answered rightly with probability $p$, what is the standard error of the share of
# right answers on $n$ images?


# %% tags=["exercise"]
def my_standard_error(accuracy, n):
    """Return the standard error of an accuracy (a share) measured on n images."""
    # BEGIN SOLUTION
    return np.sqrt(accuracy * (1 - accuracy) / n)
    # END SOLUTION


# %% tags=["check"]
check.standard_error(my_standard_error)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One answer is right (1) or wrong (0); its variance is p(1 − p). What happens to a variance when
# you take the mean of n?
# </details>

# %%
quoted, n = 0.9837, 10_000
error = np.sqrt(quoted * (1 - quoted) / n)
seeds = final["test_accuracy"]["dense"]
print(f"0.9837 ± {error:.4f} (standard error on {n:,} images)")
print(f"dense, 10 epochs: {seeds.mean():.4f} ± {seeds.std(ddof=1):.4f} (sd of {len(seeds)} seeds)")

# %% [markdown] covers="69" corrects="36 54"
# | the article concludes | can one number show it? |
# |---|---|
# | performance is kept | no: there is no accuracy from before pruning, and no control |
# | the model is simpler | no: sparsity is not printed, and most of it was lost again |
# | it is smaller and faster | no: neither bytes nor milliseconds were measured |
# | it holds in general | no: one run, one seed, one data set, an easy one |
#
# So 0.9837 shows that the script ran. Whether the network is smaller, we can measure at once.
# **Predict**: by how much is the file of the masked network smaller?

# %% tags=["varies"]
print(f"{'':15} {'zeros':>7} {'file':>12} {'after gzip':>12}")
for name in ("dense, longer", "article", "masked"):
    share = masking.sparsity(pruning.weights(networks[name]))
    raw, zipped = (measuring.file_bytes(networks[name], z) for z in (False, True))
    print(f"{name:15} {share:7.1%} {raw / 1e3:9,.0f} kB {zipped / 1e3:9,.0f} kB")

# %% [markdown] covers="27" corrects="54"
# Not at all: a zero takes four bytes, like any other number. Only when the file is compressed do
# the zeros pay. Whether zeros save *time*, and what does, is measured in a later lesson.
#
# One thing did become smaller: hidden units whose inputs are all cut compute a constant. They could
# be taken out whole, which is where structural pruning begins.

# %% tags=["varies"]
dead = np.sum(~masks["dense/kernel"].any(axis=0))
print(f"{dead} of {masks['dense/kernel'].shape[1]} hidden units have no input left, {data.caption}")

# %% [markdown]
# ## What to remember
#
# - Setting weights to zero is not pruning. Without a mask, one step of training brings many of them
#   back, and a full training most.
# - Hold the mask after every step, and assert the sparsity after every `fit`.
# - Compare with a dense network trained as long, and with a random mask; repeat with several seeds,
#   and compare pairwise. Weight pruning needs retraining as much as structural pruning does.
# - One accuracy, without sparsity, baseline and spread, shows nothing about pruning.
#
# ## What to read
#
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), *Learning both Weights and Connections for
#   Efficient Neural Networks*, arXiv 1506.02626: the original of prune and retrain.
# - D. Blalock, J. J. Gonzalez Ortiz, J. Frankle, J. Guttag (2020), *What is the State of Neural
#   Network Pruning?*, arXiv 2003.03033: 81 papers, and what keeps them from being compared.
# - T. Gale, E. Elsen, S. Hooker (2019), *The State of Sparsity in Deep Neural Networks*, arXiv
#   1902.09574: magnitude against random masks at scale.
# - B. R. Bartoldson, A. S. Morcos, A. Barbu, G. Erlebacher (2019), *The Generalization-Stability
#   Tradeoff in Neural Network Pruning*, arXiv 1906.03728: when pruning helps generalization.
