# %% [markdown]
# # 05 · Prune and retrain
#
# **The question: a network is pruned and trained on. Is it still pruned?**
#
# ![Compass: schedule lit](figures/compass_schedule.svg)
#
# About 55 minutes, and an open task. Before this: [02 · The prune
# operator](02_prune_operator.ipynb), [04 · A CNN from its parts](04_cnn_parts.ipynb), and of the
# [prerequisites](../docs/prerequisites.md) the mean, the standard deviation and paired differences.
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
from course_utils.lessons import networks, plots, recorded
from course_utils.lessons.checks import prune_and_retrain as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
predict = Predictions("05_prune_and_retrain")

# %% [markdown] covers="30 31 32 33" corrects="16 17"
# ## The plan
#
# This lesson is about the script in the Chinese blog article that the course grew out of. The
# article draws pruning like this:
#
# ![The article's process, which ends with one evaluation](figures/article_process.svg)
#
# What would you need to *trust* the last step? Our answer is in the box.
#
# <details><summary>The corrected chart</summary>
#
# ![The corrected process: data split first, mask held, loop, controls](figures/pruning_process.svg)
#
# Data that nobody has looked at, a mask that is held, a loop with a rule for stopping, and controls
# to compare with.
#
# (The article lists the steps three times: as four parts of a principle, as the six of this chart,
# and as seven, in which looking at weights and looking at gradients are steps of their own. What it
# calls *rebuilding* the network is training on, or **fine-tuning** 微调; *reconstruction* means
# something else, which lesson [11](11_structural_pruning.ipynb) explains.)
# </details>
#
# We follow the script as it stands, and count zeros after every step.

# %% [markdown] covers="57 60 61 62 63 64" corrects="32"
# ## Part 1: the article's script
#
# Its network is the one of lesson 04, trained for ten epochs in batches of 32 with Adam. Ours was
# trained like that by `benchmarks/starting_networks.py`, and travels with the course; switch
# `TRAIN` on to train it yourself. But the article trains on all 60,000 images and keeps none back
# to choose by. We train on 50,000, and keep 10,000 for **validation**. MNIST's other 10,000, the
# **test** images, are not for choosing: they only report, at the end. (Labels as whole numbers give
# the same loss as its one-hot vectors, a 1 among nine zeros. It fixes no seed; we do.)

# %% tags=["varies"]
data = load_mnist().head(640, held_out=160) if quick_mode() else load_mnist()
data

# %% tags=["varies"]
TRAIN = False  # True: train it here, about two minutes
model = networks.train("article_cnn") if TRAIN else networks.trained("article_cnn", data)
dense = model.get_weights()


# %% tags=["varies"]
def note(stage, model):
    accuracy = model.evaluate(data.x_val, data.y_val, batch_size=1000, verbose=0)[1]
    zeros = masking.sparsity(pruning.weights(model))
    print(f"{stage}: {zeros:.1%} zeros, validation accuracy {accuracy:.2%} ({data.caption})")


note("dense", model)

# %% [markdown] covers="58 67" corrects="34 32"
# Now the article's `prune_weights`, with the threshold 0.1 for every layer. It writes zeros into
# the kernels, and that is all it does. (Keras calls the matrix of a dense layer its *kernel*, too.
# The article finds kernels with `hasattr(layer, "kernel")`, which silently skips layers inside
# nested models and several types of layer; `pruning.kernels` looks into them. And the article
# evaluates once, at the very end; we do so at every stage.)


# %%
def prune_weights(model, threshold):
    for kernel in pruning.kernels(model).values():
        kernel.assign(operators.prune(kernel.numpy(), threshold))


# %% tags=["varies"]
prune_weights(model, 0.1)
cut = {name: W == 0 for name, W in pruning.weights(model).items()}
note("pruned, not trained on", model)
measuring.report(model)

# %% [markdown] covers="25 65" corrects="14 31 32"
# One threshold cuts different shares of different layers; the article prints none of them. How much
# 0.1 cuts also depends on the network and on its training, as lesson [06](06_how_much.ipynb) shows.
# (Biases are left alone, as usual: there are few of them.)
#
# Two words for the size of the cut: the **sparsity** $s$ is the share removed, the **compression**
# 压缩率 is $1/(1-s)$, the old number of weights over the new. A sparsity of 90 % is a compression
# of 10.
#
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
# Count zeros over all arrays, count entries over all arrays, divide once. A dictionary's arrays are
# its <code>values()</code>.
# </details>

# %% [markdown] covers="60 66" corrects="30"
# ### One step
#
# Then the article compiles the model again and trains it for another ten epochs. (To *compile* is
# Keras's word for giving a model its loss and its optimizer: a new Adam, which starts at step 0 and
# remembers no gradient.) We take a single step first, on a batch of 32 images.
#
# The report above says what share of the weights is zero now. **Predict** the share after this
# step.

# %%
step_guess = predict("Zeros after one step?", ..., unit="%")  # your number

# %% tags=["varies"]
model.set_weights(dense)
prune_weights(model, 0.1)  # as it is already, unless this cell runs a second time
models.compiled(model)
first = data.x_train[:32], data.y_train[:32]
gradient = pruning.gradients(model, *first)["dense/kernel"]
counter = measuring.ZeroCounter([0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000])
regrowing = {"pruned": pruning.weights(model)["dense/kernel"]}
model.fit(*first, batch_size=32, verbose=0, callbacks=[counter])
regrowing["after 1 step"] = pruning.weights(model)["dense/kernel"]
print(f"zeros: {counter.sparsity[0]:.1%} before the step, {counter.sparsity[1]:.1%} after it")
step_guess.was(round(100 * counter.sparsity[1]))

# %% [markdown] covers="66" corrects="29"
# Nothing in the model knows that these weights were pruned. To the optimizer a zero is a number
# like any other: it has a gradient, and it moves. How far? At the first step Adam divides each
# gradient by its own size, so all steps would be as long as the learning rate $\eta = 0.001$, if it
# did not add a small $\varepsilon$ to what it divides by. Keras takes $\varepsilon = 10^{-7}$, and
# $\beta_2 = 0.999$ for how slowly Adam forgets. So for a gradient $g$:
#
# $$\text{first step} = \eta \, \frac{|g|}{|g| + \varepsilon'}, \qquad
# \varepsilon' = \frac{\varepsilon}{\sqrt{1-\beta_2}} \approx 3.2 \cdot 10^{-6}$$
#
# That is about 32 times the $\varepsilon$ you set. A gradient as small as $\varepsilon'$ makes half
# a step. Here is what was measured:

# %% tags=["varies"]
pruned = cut["dense/kernel"]
step, size = np.abs(regrowing["after 1 step"][pruned]), np.abs(gradient[pruned])
moved = step > 0
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
left.hist(np.maximum(step[moved], 1e-12), np.logspace(-12, -2.9, 62), color=plots.BLUE)
left.set(xscale="log", xlabel="size of the first step", ylabel="returned weights")
right.plot(size[moved][::50], step[moved][::50], ".", color=plots.BLUE)
g = np.logspace(-12, -2)
right.plot(g, 0.001 * g / (g + 1e-7), ":", color=plots.GREY, label="with ε = 10⁻⁷")
right.plot(g, 0.001 * g / (g + 1e-7 / np.sqrt(0.001)), color="black", label="with ε′")
right.set(xscale="log", yscale="log", xlabel="size of the gradient", ylabel="size of the step")
right.set(xlim=(1e-12, 1e-2), ylim=(1e-12, 3e-3))
right.legend(loc="lower right")
plt.show()
print(f"{moved.sum():,} weights of this layer came back. Half of them moved by less than")
print(f"{np.median(step[moved]):.1e}, and {np.mean(step[moved] > 0.0009):.0%} by more than 0.0009.")

# %% tags=["varies"]
expected = 0.001 * size / (size + 1e-7 / np.sqrt(0.001))
assert np.allclose(step, expected, rtol=0.05, atol=0)
assert np.array_equal(moved, size > 0)  # what has a gradient moves, and nothing else
assert quick_mode() or data.stand_in or np.median(size[moved]) < 3.2e-7
print("the formula holds for every step")

# %% [markdown]
# After ten epochs of training most gradients are less than a tenth of $\varepsilon'$, so most first
# steps are short. The weights come back all the same; nothing holds them at zero. The zeros that
# survive have a gradient of *exactly* zero: in each of the 32 images their input, a feature from
# the convolution, was zero (as it can be where nothing is drawn), or their hidden unit's ReLU was
# flat. They survive by accident. Now on to step 100, and then to the end of one pass over the
# images:

# %% tags=["varies"]
hundred = 32 * min(100, len(data.x_train) // 64)
passes = 10 if data.stand_in and not quick_mode() else 1
parts = {"start": slice(32, hundred), "one pass": slice(hundred, None)}


def go_on(model, part, counter, epochs=1):
    options = {"epochs": epochs, "callbacks": [counter, Progress(part, epochs)]}
    x, y = data.x_train[parts[part]], data.y_train[parts[part]]
    model.fit(x, y, batch_size=32, verbose=0, **options)
    return pruning.weights(model)["dense/kernel"]


regrowing[f"after {hundred // 32} steps"] = go_on(model, "start", counter)
regrowing["after one pass"] = go_on(model, "one pass", counter, passes)
end = masking.sparsity(pruning.weights(model))
note("the article's network after one pass", model)

# %% [markdown]
# That was one pass on one network. Five networks went the whole way, ten epochs of training, the
# cut, and ten more; it was recorded once (`python benchmarks/mnist_retrain.py`, half an hour) and
# travels with the course. Your run is blue, the recorded ones are grey:

# %% tags=["varies"]
sparsity = np.array(recorded.by_run("mnist_retrain", "sparsity")["article"])
ax = plots.sparsity_by_step({"your run": counter.sparsity | {counter.steps: end}})
ax.get_lines()[0].set_color(plots.BLUE)
ax.get_legend().remove()
ax.plot(np.arange(1, 11) * 1563, sparsity[:, 1:].T, ".", color=plots.GREY, alpha=0.6)
ax.set_xlim(right=25_000)
ax.set_title(f"zeros without a mask: your run ({data.caption}), and five recorded seeds")
plt.show()
cut_off, one, ten = sparsity.mean(axis=0)[[0, 1, 10]]
print(f"recorded: {cut_off:.1%} zeros after the cut, {one:.1%} after one pass, {ten:.1%} after ten")
assert (sparsity[:, -1] < 0.5 * sparsity[:, 0]).all()  # in every seed more than half is back

# %% [markdown]
# And as a picture, for a part of the hidden layer's kernel. Each column is one hidden unit, each
# row one input.

# %% tags=["varies"]
rows = slice(2400, 2560)
fig, axes = plt.subplots(1, 4, figsize=(10, 4))
for ax, (stage, W) in zip(axes, regrowing.items(), strict=True):
    plots.regrowth(cut["dense/kernel"][rows], W[rows], ax).set_title(stage)
axes[0].set(ylabel="160 of the inputs", xlabel="64 hidden units")
fig.legend(handles=plots.regrowth_key(), loc="outside lower center", ncols=3)
plt.show()

# %% [markdown] covers="66 68" corrects="29 35"
# The article explains its code in ten points. One of them says that this second training lets the
# pruned model fit its new structure. There is no new structure, and most of the pruning is gone.

# %% [markdown] covers="10" corrects="4"
# ## Part 2: hold the mask
#
# Pruning is a *constraint*: these weights are zero and stay zero while the others train. So set
# them to zero again after every step. Keras has a place for that, `variable.constraint`, which the
# optimizer applies after each update, inside the compiled step. `attach` uses it:

# %%
model = models.article_cnn(seed=0)
model.set_weights(dense)
masks = masking.by_threshold(criteria.magnitude(pruning.weights(model)), 0.1)
pruning.attach(model, masks)

# %% [markdown]
# The same dense network, the same threshold, the same steps. Directly after the cut, no kept weight
# lies between -0.1 and 0.1. **Predict**: after one pass with the mask held, what share of the
# hidden layer's kept weights does?

# %%
gap_guess = predict("Kept weights in the gap after one pass?", ..., unit="%")  # your number

# %% tags=["varies"]
held_at = measuring.ZeroCounter([0, 1, 10, 100, 1000])
held = {"pruned": pruning.weights(model)["dense/kernel"]}
model.fit(*first, batch_size=32, verbose=0, callbacks=[held_at])
held["after 1 step"] = pruning.weights(model)["dense/kernel"]
held[f"after {hundred // 32} steps"] = go_on(model, "start", held_at)
held["after one pass"] = go_on(model, "one pass", held_at, passes)
plots.through_time({"not held": regrowing, "mask held": held}, zero=plots.ORANGE)
plt.show()
gap_guess.was(round(100 * np.mean(np.abs(held["after one pass"][~pruned]) < 0.1)))

# %% [markdown]
# Above, most of the orange spike at exactly zero dissolves, as the titles show: its weights move
# into the gap that the cut left between -0.1 and 0.1. Below, the spike stays, and only the kept
# weights move. (Some of them move *into* the gap. They are kept, small as they are: a mask is not a
# threshold.)
#
# Do not trust the picture: *assert* the sparsity, after every `fit`.

# %%
assert masking.sparsity(pruning.weights(model)) == masking.sparsity(masks)
assert set(held_at.sparsity.values()) == {masking.sparsity(masks)}
assert (np.abs(held["after one pass"][~pruned]) < 0.1).any()  # kept, and in the gap
print("weights that grew back:", pruning.regrown(model))

# %% [markdown]
# The saved model is an ordinary Keras file: whoever loads it does not need this course. It holds
# the zeros but not the mask. To train on, read the mask back from the zeros:

# %%
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "pruned.keras")
    loaded = keras.models.load_model(Path(folder) / "pruned.keras")
print("masks held in the loaded model:", pruning.held_masks(loaded))
read_back = pruning.masks_from_zeros(loaded)
print("same masks:", all(np.array_equal(read_back[name], masks[name]) for name in masks))

# %% [markdown]
# ### Exercise 2
#
# Why not mask the *gradient*, so that pruned weights do not move? Because optimizers remember: many
# keep a *velocity*, a running memory of past gradients. Write one step of momentum (learning rate
# 0.1, momentum 0.9) that holds a mask, whatever the velocity and whatever `W` was before.


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

# %% [markdown]
# ## Part 3: compared with what?
#
# Both networks end with a good accuracy. Good compared with what? In the recorded table, four
# networks start from the same dense one and train on for ten epochs:
#
# | network | what it tells |
# |---|---|
# | article: pruned, mask not held | what the article measures |
# | masked: pruned, mask held | what it means to measure |
# | random mask: as many zeros in each layer | is it worth choosing weights by size? |
# | dense, longer: not pruned | what more training does by itself |
#
# **Predict** the order of their mean validation accuracies after these ten epochs, the highest
# first. Could you tell the four apart, with five seeds?

# %%
looks = {"masked": (plots.GREEN, "-"), "dense, longer": (plots.GREY, "-")}
looks |= {"article": (plots.BLUE, "-"), "random mask": (plots.GREY, ":")}
short = [name.replace(",", "") for name in sorted(looks)]  # their commas would confuse
order_guess = predict("The four, highest first?", ..., order=short)  # a list

# %% [markdown] covers="70 71" corrects="37"
# <details><summary>What the article says</summary>
#
# It plots accuracy over epochs in two panels. The code for them cannot run: two variables do not
# exist, and one call fails on the shape of its input. Both panels have the same title, each has its
# own scale and no legend, and they show *training* accuracy where the text speaks of the test set.
# The next figure is how it should look: one scale, images that were not trained on, and a line
# where the pruning happened. See [the coverage table](../docs/coverage.md).
# </details>

# %%
runs = recorded.by_run("mnist_retrain", "val_accuracy")
ax = plt.subplots(figsize=(8, 3.6))[1]
ax.plot(range(1, 11), np.mean(runs["dense"], axis=0), color=plots.GREY, label="_")
ax.axvline(10.5, color=plots.LIGHT, linewidth=3)
for name, (colour, style) in looks.items():
    after = np.mean(runs[name], axis=0)[1:]
    ax.plot(range(11, 21), after, style, color=colour, label=name)
ax.set(xlabel="epoch (10 | 11: pruned)", xticks=range(2, 21, 2), ylabel="validation accuracy")
ax.set_title("the article's CNN on MNIST, mean of 5 seeds")
plots.label_ends(ax)
plt.show()
print(f"random mask, before it trains on: {np.mean(runs['random mask'], axis=0)[0]:.0%}")
best_first = sorted(looks, key=lambda name: -np.mean(runs[name], axis=0)[-1])
order_guess.was([name.replace(",", "") for name in best_first])

# %% [markdown]
# Which of these gaps are real, and which are luck? The four networks of one seed come from one
# dense network, so compare *pairwise*: take the difference from "dense, longer" within each seed.
# Dots are the five seeds; the diamond is their mean with its 95 % interval, 2.78 standard errors to
# each side (Student's t for five numbers). An interval that contains 0 does not show a difference.

# %%
final = {  # what was measured after the last epoch, for each network one number a seed
    key: {n: np.array(run)[:, -1] for n, run in recorded.by_run("mnist_retrain", key).items()}
    for key in ("val_accuracy", "test_accuracy", "val_loss")
}
fig, axes = plt.subplots(1, 2, figsize=(10, 2.6), sharey=True, sharex=True)
for ax, key in zip(axes, ("val_accuracy", "test_accuracy"), strict=True):
    ends = final[key]
    ways = {n: 100 * (ends[n] - ends["dense, longer"]) for n in looks if n != "dense, longer"}
    plots.paired(ways, ax=ax).set(title=key.replace("_", " "), xlabel="points")
fig.suptitle("minus that of “dense, longer”, MNIST, 5 seeds", fontsize=12)
plt.show()


# %%
def t(key, name, control):  # the mean difference in standard errors
    gain = final[key][name] - final[key][control]
    return gain.mean() / (gain.std(ddof=1) / np.sqrt(len(gain)))


assert t("val_accuracy", "masked", "dense, longer") > 2.78
assert 0 < t("test_accuracy", "masked", "dense, longer") < 2.78
for key in ("val_accuracy", "test_accuracy"):
    assert abs(t(key, "article", "dense, longer")) < 2.78
    assert abs(t(key, "random mask", "dense, longer")) < 2.78
    assert abs(t(key, "masked", "random mask")) < 2.78
    assert (final[key]["masked"] > final[key]["random mask"]).all()
spread = {name: values.std(ddof=1) for name, values in final["test_accuracy"].items()}
assert spread["random mask"] > 3 * spread["dense, longer"]
behind = {key: final[key]["dense, longer"] - final[key]["random mask"] for key in final}
assert (behind["test_accuracy"] > 0.01).sum() == 1
assert (final["val_accuracy"]["masked"] > final["val_accuracy"]["dense, longer"]).all()
for name in ("masked", "dense, longer"):
    assert t("val_accuracy", name, "dense") > 2.78
    assert t("val_loss", name, "dense") > 2.78
for name in looks:
    print(f"{name:14} validation loss {final['val_loss'][name].mean():.3f}", end=", ")
    print(f"before training on {final['val_loss']['dense'].mean():.3f}")

# %% [markdown] covers="6" corrects="7"
# - The **masked** network, with more than two thirds of its weights gone, is not worse than the
#   dense one that trained as long. On the validation images it is a little better in all five
#   seeds; on the test images that gain could be luck. Pruning can act as a regularizer
#   (Bartoldson et al. 2020); our five networks do not show that it did so here.
# - The **article's** network cannot be told from the dense one. No wonder: it is mostly dense.
# - Nor can the **random mask**, by its mean. But its seeds spread more than three times as far, and
#   one of the five ends more than a point lower. The masked network is ahead of it in all five, by
#   gaps so uneven that the interval of their mean contains 0. MNIST is easy and these layers have
#   weights to spare; without this control we would credit the choice by size with all of it.
# - For the masked network and the longer-trained dense one, validation accuracy *and* validation
#   loss went up. That fits networks that make fewer mistakes but are surer of them; accuracy alone
#   does not show it.

# %% [markdown] covers="69"
# ## What does 0.9837 show?
#
# The article reports a test accuracy of 0.9837 and concludes that the model became simpler and kept
# its performance. But an accuracy on 10,000 images has a standard error of its own. **Predict** it
# in points.

# %%
error_guess = predict("Standard error of 0.9837?", ..., unit="points")  # your number

# %% [markdown]
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
error = np.sqrt(0.9837 * (1 - 0.9837) / 10_000)
seeds = final["test_accuracy"]["dense"]
print(f"0.9837 ± {error:.4f} (standard error on 10,000 images)")
print(f"dense, 10 epochs: {seeds.mean():.4f} ± {seeds.std(ddof=1):.4f} (sd of {len(seeds)} seeds)")
error_guess.was(round(100 * error, 2))

# %% [markdown] covers="69" corrects="36 54"
# | the article concludes | can one number show it? |
# |---|---|
# | performance is kept | no: there is no accuracy from before pruning, and no control |
# | the model is simpler | no: sparsity is not printed, and most of it was lost again |
# | it is smaller and faster | no: neither bytes nor milliseconds were measured |
# | it holds in general | no: one run, one seed, one data set, an easy one |
#
# So 0.9837 shows that the script ran. Whether a network is smaller, we can measure at once.
# **Predict**: by how many percent is the file of the masked network smaller?

# %%
file_guess = predict("How much smaller is the file?", ..., unit="%")  # your number

# %% tags=["varies"]
unpruned = models.article_cnn()
unpruned.set_weights(dense)
kB = {}
for name, network in {"dense": unpruned, "masked": model}.items():
    share = masking.sparsity(pruning.weights(network))
    kB[name], zipped = (measuring.file_bytes(network, gzip) / 1e3 for gzip in (False, True))
    print(f"{name:6} {share:6.1%} zeros, file {kB[name]:6,.0f} kB, after gzip {zipped:6,.0f} kB")
dead = np.sum(~masks["dense/kernel"].any(axis=0))
print(f"{dead} of {masks['dense/kernel'].shape[1]} hidden units have no input left")
file_guess.was(round(100 * (1 - kB["masked"] / kB["dense"])))

# %% [markdown] covers="27" corrects="54"
# Not at all: a zero takes four bytes, like any other number. Zeros pay only once the file is
# compressed. Whether they save *time* is measured in lesson [13](13_faster.ipynb). Hidden units
# without any input compute a constant and can be taken out whole, which is where [structural
# pruning](11_structural_pruning.ipynb) begins.

# %%
predict.summary()

# %% [markdown]
# ## An open task
#
# **The best network with 95 % zeros, after two epochs.** `start` is the article's network, trained.
# Prune it and train it, in whatever order, on the 10,000 images `x, y`: two epochs in batches of
# 128. At the end 95 % of the weights in its kernels are zero; the judge counts them, and the steps.
# What counts is the accuracy on the test images, which you leave alone: keep some of `x, y` to
# choose by.
#
# <details><summary>Hint</summary>
#
# Here nothing has to happen at once. When do weights go, how fast does the rest learn, and should
# the rate stay the same to the end?
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.handed_in import prune_and_retrain as task

print(task)
start, x, y = task.given()
my_network = ...  # `start` with 95 % zeros, trained
# BEGIN SOLUTION
masks = masking.make_masks(criteria.magnitude(pruning.weights(start)), 0.95)
pruning.attach(start, masks)
start.fit(x, y, 128, 2, verbose=0)
my_network = start
# END SOLUTION

# %% tags=["varies"]
task.judge(my_network)

# %% [markdown]
# ## What to remember
#
# - Setting weights to zero is not pruning. Without a mask, one step of training brings many of them
#   back, and one pass over the images most.
# - Hold the mask after every step, and assert the sparsity after every `fit`.
# - Compare with a dense network trained as long, and with a random mask; use several seeds, and
#   compare pairwise.
# - One accuracy, without sparsity, baseline and spread, shows nothing about pruning.
#
# ## What to read
#
# - S. Han, J. Pool, J. Tran, W. J. Dally (2015), *Learning both Weights and Connections for
#   Efficient Neural Networks*, arXiv 1506.02626: prune by size, retrain, repeat.
# - D. Blalock, J. J. Gonzalez Ortiz, J. Frankle, J. Guttag (2020), *What is the State of Neural
#   Network Pruning?*, arXiv 2003.03033: 81 papers, and what keeps them from being compared.
# - T. Gale, E. Elsen, S. Hooker (2019), *The State of Sparsity in Deep Neural Networks*, arXiv
#   1902.09574: pruning by magnitude, at random and by two learned rules, at scale.
# - B. R. Bartoldson, A. S. Morcos, A. Barbu, G. Erlebacher (2020), *The Generalization-Stability
#   Tradeoff in Neural Network Pruning*, arXiv 1906.03728: when pruning helps generalization.
