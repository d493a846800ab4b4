# %% [markdown]
# # 17 · Beyond digits
#
# **The question: does what held for digits hold for boxes, pixels, sounds and words?**
#
# About 70 minutes of yours, and two of the computer. Before this:
# [11 · Structural pruning](11_structural_pruning.ipynb) and
# [12 · Channels that belong together](12_channels_together.ipynb).
#
# Chinese terms: object detection 目标检测, bounding box 边界框, intersection over union 交并比,
# mean average precision 平均精度均值, image segmentation 图像分割 (semantic 语义分割, instance
# 实例分割, panoptic 全景分割), skip connection 跳跃连接, non-maximum suppression 非极大值抑制.

# %% [markdown]
# ## What you will be able to do
#
# - prune a network whatever it is for, since pruning looks at kernels and channels, not at tasks;
# - measure each task by what it is for: mean average precision, mean IoU, accuracy;
# - say which channels a U-Net's skips bind to which readers, and what they cost;
# - look behind a mean, at the classes that pay for it.

# %%
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Audio
from sklearn.linear_model import LogisticRegression

from course_utils import criteria, masking, measuring, pruning, structure
from course_utils.backend import keras
from course_utils.lessons import plots, recorded, tasks
from course_utils.lessons.checks import beyond_digits as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode
from course_utils.lessons.tasks import hearing, reading, speech, text, vowels

plots.use_style()

# %% tags=["varies"]
data = load_mnist()
data

# %% [markdown] corrects="20"
# The article says (3.4, 6) that pruning makes detection, segmentation, speech recognition and
# language processing fast and precise: for self-driving cars, medical images, assistants, customer
# service. It brings no number for any of them. So we measure, on four tasks small enough to train
# here. The data are made by the project itself, of digits, of formulas and of text that is on your
# machine already.

# %% [markdown] covers="39" corrects="20"
# ## 1 · Detection
#
# **What is where?** A scene has one to three digits, at random places and in two sizes; the answer
# is a box and a class for each. Training scenes are made of training digits, test scenes of test
# digits: the split of lesson 00 stays.

# %% tags=["varies"]
counts = (32, 24, 24) if quick_mode() else (4096, 500, 1000)
train_scenes, val_scenes, test_scenes = tasks.load_scenes(data, counts)
train_scenes

# %% tags=["varies"]
first = train_scenes.images[:6]
ax = plots.boxes(first, {"there": train_scenes.objects})
ax.set_title(f"training scenes ({data.caption})")
plt.show()

# %% [markdown]
# ### When is a box right?
#
# Nobody hits a box to the pixel. The measure of agreement is **intersection over union**, IoU: the
# area that two boxes share, over the area that they cover together. **Predict**: two equal boxes,
# one moved aside by half its width. What is their IoU, a half?

# %%
still, moved = np.array([0, 0, 10, 10]), np.array([0, 5, 10, 15])
print(f"IoU {tasks.box_iou(still, moved):.3f}")
assert np.isclose(tasks.box_iou(still, moved), 1 / 3)

# %% [markdown]
# A third: they share a half, but cover one and a half. By convention a box counts as right from an
# IoU of 0.5 on, so this one would not.
#
# ### Exercise 1
#
# A box is top, left, bottom, right: rows grow downwards. `a` and `b` may lie apart.


# %% tags=["exercise"]
def my_iou(a, b):
    """Return intersection over union of two boxes (top, left, bottom, right)."""
    # BEGIN SOLUTION
    height = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    width = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    area_a, area_b = ((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return height * width / (area_a + area_b - height * width)
    # END SOLUTION


# %% tags=["check"]
check.overlap(my_iou)

# %% [markdown] covers="20 21" corrects="12"
# <details><summary>Hint</summary>
#
# The shared part starts at the larger of the two tops and ends at the smaller of the two bottoms.
# What if it ends before it starts?
# </details>
#
# ### A detector
#
# The article names R-CNN, Fast R-CNN and Faster R-CNN, and calls them efficient. The first was not:
# it ran a network on some 2,000 cut-outs of each image, 47 seconds an image with VGG16 on a GPU;
# Fast R-CNN was built because of that, and is 213 times as fast (Girshick 2015). Ours goes a step
# further and looks **once** (Redmon et al. 2016): the canvas is a grid of 6x6 cells, and each cell
# says in 15 numbers whether the middle of an object lies in it, where its box is, and which of ten
# digits it is. A detector is a CNN as any other: convolutions with ReLU between them. Only its last
# layer and its loss are new: objectness goes through a sigmoid, the ten classes through a softmax.

# %%
detector = tasks.detector(seed=0)
cells = tasks.to_cells(train_scenes.objects, len(train_scenes), 48)
print(f"{cells.shape[1]}x{cells.shape[2]} cells; the network answers {detector.output_shape[1:]}")
measuring.report(detector)


# %% [markdown]
# Two helpers for this half of the lesson: one trains with a rate that falls to zero, the other
# copies a network, so that everything below starts from the same weights.


# %%
def train(model, x, y, label, epochs, rate=3e-3, weights=None):
    steps = max(1, epochs * -(-len(x) // 32))
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(keras.optimizers.Adam(falling), model.loss)
    if epochs:
        progress = Progress(label, epochs)
        model.fit(x, y, 32, epochs, verbose=0, sample_weight=weights, callbacks=[progress])
    return model


def copied(model):
    new = keras.models.clone_model(model)
    new.compile(loss=model.loss)
    new.set_weights(model.get_weights())
    return new


epochs, after = (1, 0) if quick_mode() else (4, 1)

# %% tags=["varies"]
train(detector, train_scenes.images, cells, "detector", epochs, 5e-3)
found = tasks.detect(detector, val_scenes.images)
found

# %% [markdown]
# Several cells may see the same digit. Of boxes of a class that overlap much, the surest stays
# (non-maximum suppression, TensorFlow's). What it is at least 30 % sure of:

# %% tags=["varies"]
sure = found.where(found.score > 0.3)
shown = {"there": val_scenes.objects, "found": sure}
ax = plots.boxes(val_scenes.images[:6], shown)
ax.set_title(f"validation scenes ({data.caption})")
plt.show()

# %% [markdown]
# ### Mean average precision
#
# Why 30 %? Ask for more, and what is reported is right more often (**precision**), but more is
# missed (less **recall**). One number for all thresholds: go through what was found, the surest
# first, note precision and recall each time, and take the area below. For one digit:

# %% tags=["varies"]
curve = tasks.precision_recall(found, val_scenes.objects, label=8)
ax = plots.area_below_precision(*curve)
ax.set_title(f"the digit 8, validation scenes ({data.caption})")
plt.show()

# %% [markdown]
# That area is the **average precision** of a class, and its mean over the classes is mean average
# precision, mAP. The curve is made to fall first, as the PASCAL VOC challenge does since 2010
# (Everingham et al. 2015); an object that is found twice is wrong the second time. Others take the
# mean over ten thresholds of IoU, from 0.5 to 0.95, which gives smaller numbers: always say which
# mAP it is.


# %%
def mean_ap(model, scenes=val_scenes):
    return tasks.mean_average_precision(tasks.detect(model, scenes.images), scenes.objects)


# %% [markdown] corrects="10"
# ### Positions, and scales
#
# The article says (1.2) that a kernel finds a feature at different positions *and scales*.
# **Predict**: our detector was trained with digits of two sizes, 20 and 28 pixels (with their
# margins). How does it do on larger, smaller and middle ones?

# %% tags=["varies"]
sizes = (12, 16, 20, 24, 28, 34, 40)
by_size = []
for size in sizes:
    alike = tasks.Canvas(sizes=(size,), most=1)
    scenes = tasks.make_scenes(data.x_val, data.y_val, 2 * counts[1] // 5, alike, seed=size)
    by_size.append(mean_ap(detector, scenes))
ax = plots.curves({"mAP": by_size}, sizes)
for size in (20, 28):
    ax.axvline(size, color=plots.GREY, linewidth=1, linestyle=":")
ax.set(
    xlabel="size of the digits (dotted: trained)", ylabel="mAP", ylim=(0, 1.02), title=data.caption
)
plt.show()

# %% [markdown]
# Positions, yes: a digit may lie anywhere, because every cell uses the same kernels. Scales, no: a
# kernel has one size, and sees a digit of half the size as something else. It bridges what lies
# near the sizes that it was shown. Detectors for all sizes look at maps of several sizes, or are
# shown all of them.

# %% [markdown] covers="73" corrects="20"
# ### Fewer weights, fewer channels
#
# Nothing of what follows knows that this is a detector: `pruning` sees kernels, `structure` sees
# channels. 80 % of the weights become zero and are held there (lesson 05), or half of the channels
# go (lesson 11). Each then trains for one epoch more, and so does the network of which nothing was
# taken. The controls: as many weights or channels, by chance. **Predict** the order of the five.


# %%
def pruned_both_ways(model, x, y, controls=True):
    """Return the networks before they train on: nothing removed, weights, channels, by chance."""
    weights, channels = pruning.weights(model), structure.channel_groups(model)
    masks = {
        "80 % of weights": criteria.magnitude(weights),
        "80 %, by chance": criteria.random(weights, seed=0),
    }
    shares = {
        "half the channels": structure.taylor(channels, x[:1000], y[:1000], batch_size=64),
        "half, by chance": structure.random(channels, seed=0),
    }
    networks = {"nothing": copied(model)}
    for name, scores in masks.items():
        networks[name] = copied(model)
        pruning.attach(networks[name], masking.make_masks(scores, 0.8))
    for name, scores in shares.items():
        stays = structure.choose(scores, 0.5, "layer")
        networks[name], _ = structure.shrink(channels, masks=stays)
    return {name: one for name, one in networks.items() if controls or "chance" not in name}


# %% tags=["varies"]
detectors = pruned_both_ways(detector, train_scenes.images, cells, controls=not quick_mode())
for name, network in detectors.items():
    train(network, train_scenes.images, cells, name, after)


# %% [markdown]
# The choices are made, so the test scenes may be used, once:


# %%
def show(networks, quality, name):
    """Print what each network is worth and what it costs, and return the qualities."""
    values = {key: quality(network) for key, network in networks.items()}
    print(f"{'taken away':18} {name:>9} {'weights left':>12} {'MACs':>10} {'kB, gzip':>8}")
    for key, network in networks.items():
        total = measuring.report(network).total
        left, kilobytes = total.weights - total.zeros, measuring.file_bytes(network, True) / 1e3
        print(f"{key:18} {values[key]:9.1%} {left:12,} {total.macs:10,} {kilobytes:8.0f}")
    return values


# %% tags=["varies"]
print(f"test scenes, {data.caption}, one run")
precisions = show(detectors, lambda network: mean_ap(network, test_scenes), "mAP")

# %%
held = masking.sparsity(pruning.held_masks(detectors["80 % of weights"]))
assert np.isclose(held, 0.8, atol=1e-4)
assert sum(pruning.regrown(detectors["80 % of weights"]).values()) == 0

# %% tags=["varies"]
which = [name for name in ("80 % of weights", "80 %, by chance") if name in detectors]
for name in which:
    found = tasks.detect(detectors[name], test_scenes.images[:6])
    shown = {"there": test_scenes.objects, "found": found.where(found.score > 0.3)}
    plots.boxes(test_scenes.images[:6], shown).set_title(f"{name} ({data.caption})")
    plt.show()

# %% [markdown]
# One run is one run. Three seeds, more shares, and the half network from scratch beside it
# (`python benchmarks/pictures_pruned.py`, measured once on MNIST):


# %%
def recorded_quality(network, what, criterion, share):
    """Return the quality of each seed on the test scenes; share 0 is the network left whole."""
    wanted = (what, criterion, share) if share else ("none", "none", 0)
    rows = [row for row in recorded.rows("pictures_pruned") if row["network"] == network]
    return [r["quality"] for r in rows if (r["what"], r["criterion"], r["share"]) == wanted]


def show_recorded(network, name):
    _, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    panels = {
        "weights": ("magnitude", (0, 0.5, 0.8, 0.9)),
        "structure": ("taylor", (0, 0.25, 0.5, 0.75)),
    }
    for ax, (what, (criterion, shares)) in zip(axes, panels.items(), strict=True):
        runs = {
            word: np.transpose([recorded_quality(network, what, word, share) for share in shares])
            for word in (criterion, "chance")
        }
        plots.curves(runs, shares, ax)
        noun = "weights at zero" if what == "weights" else "each group's channels removed"
        ax.set(xlabel=f"share of {noun}", xticks=shares, ylim=(0, 1))
    axes[0].set_ylabel(name)
    plt.suptitle("test scenes of MNIST digits, mean ± 1 sd of 3 seeds")
    plt.show()
    for word, criterion in {"Taylor": "taylor", "chance": "chance", "scratch": "scratch"}.items():
        half = recorded_quality(network, "structure", criterion, 0.5)
        print(f"half the channels, {word:8} {np.mean(half):.1%} ± {np.std(half, ddof=1):.1%}")


show_recorded("detector", "mAP")

# %% [markdown]
# **Which** weights go matters very much: with 80 % gone by chance the detector finds little, while
# the smallest 80 % cost some points. For channels the choice matters less, but it does. And what is
# bought differs: zeros save bytes in a compressed file, and no work; half the channels save three
# quarters of the MACs.
#
# "Scratch" is the half network with new weights and as many epochs in all. In lesson 11 it was as
# good as the pruned one; here it is behind. These trainings are short, and what the large network
# has learned is worth something as long as the small one has no time to learn it.


# %%
def mean_of(*key):
    return np.mean(recorded_quality(*key))


for share in (0.5, 0.8, 0.9):
    chosen, luck = (mean_of("detector", "weights", c, share) for c in ("magnitude", "chance"))
    assert chosen > luck + 0.1
half = {c: mean_of("detector", "structure", c, 0.5) for c in ("taylor", "chance", "scratch")}
assert half["taylor"] > max(half["chance"], half["scratch"])
if not (quick_mode() or data.stand_in):
    assert precisions["80 % of weights"] > precisions["80 %, by chance"] + 0.2

# %% [markdown] covers="21 40"
# ## 2 · Segmentation
#
# **What is each pixel?** *Semantic* segmentation gives every pixel a class: ground, or one of ten
# digits. (*Instance* segmentation would also tell two threes apart; *panoptic* does both, and the
# ground too.) The scenes are the same kind, at half the size.

# %% tags=["varies"]
canvas = tasks.Canvas(side=24, sizes=(14,), most=3)
train_scenes, val_scenes, test_scenes = tasks.load_scenes(data, counts, canvas)
ground = np.mean(train_scenes.pixels == 0)
print(f"{ground:.0%} of the pixels are ground")
_, axes = plt.subplots(2, figsize=(9, 3))
plots.scenes(train_scenes.images[:8], axes[0]).set_title(data.caption)
plots.pixel_classes(train_scenes.pixels[:8], axes[1])
plt.show()

# %% [markdown]
# **Predict**: a network that answers "ground" everywhere. What is its share of right pixels, and
# what is its **mean IoU**, the mean over the eleven classes of pixels shared over pixels covered?

# %% tags=["varies"]
metric = keras.metrics.MeanIoU(11)
metric.update_state(val_scenes.pixels, np.zeros_like(val_scenes.pixels))
print(f"right pixels {np.mean(val_scenes.pixels == 0):.1%}, mean IoU {float(metric.result()):.1%}")
assert float(metric.result()) < 1 / 11 < np.mean(val_scenes.pixels == 0)

# %% [markdown]
# That is why the share of right pixels is not used here: it is high for a network that sees
# nothing.
#
# ### A U-Net, and its skips
#
# On the way down pooling makes the maps small, so that a filter sees a whole digit. On the way up
# they grow again, and where exactly the ink was has been lost. So the maps from the way down are
# put *beside* those from below: a **skip** (Ronneberger et al. 2015). For pruning that is news: a
# channel of `down1` now has two readers. The four groups that meet at the skips, each with a letter
# that follows its channels:

# %%
unet = tasks.unet(seed=0)
channels = structure.channel_groups(unet)
groups = dict(zip("ABCD", ("down1", "down2", "larger2", "larger1"), strict=True))
marks = {letter: channels.groups[name].channels for letter, name in groups.items()}
plots.layer_graph(channels.edges, marks, plt.subplots(figsize=(6, 11))[1])
plt.show()
print({letter: f"{name}, {len(channels.groups[name])} channels" for letter, name in groups.items()})

# %% [markdown]
# Unlike addition (lesson 12), concatenation does not force two layers to lose the *same* channels.
# But it makes **places** move. With three channels on the skip and four from below:

# %%
whole = {"skip": [0, 1, 2], "from below": [3, 4, 5, 6], "read next": [0, 1, 2, 3, 4, 5, 6]}
less = {"skip": [0, 2], "from below": [3, 4, 5, 6], "read next": [0, 2, 3, 4, 5, 6]}
for title, rows in {"whole": whole, "channel 1 of the skip is gone": less}.items():
    plots.id_rows(rows).set_title(title)
    plt.show()

# %% [markdown]
# Remove a channel on the way *down*, and every kernel slice that reads what came from *below* moves
# up by one: in `up2`, far away, whose own inputs from below lost nothing. By hand this goes wrong
# easily; ids find it by themselves.

# %% tags=["varies"]
masks = {"down2": np.arange(24) >= 4}  # four channels of one skip
_, report = structure.shrink(unet, masks=masks, verify=True)
report

# %% [markdown]
# ### Exercise 2
#
# What does a skip cost? Behind it stands a 3x3 convolution on a map of `side` x `side` places. It
# reads `skip` channels of the way down and `below` from below, and makes `width`. How many of its
# MACs read the skip?


# %% tags=["exercise"]
def my_skip_cost(side, skip, below, width):
    """Return the multiply-accumulates for one image that read the skip's channels."""
    # BEGIN SOLUTION
    return side * side * 3 * 3 * skip * width
    # END SOLUTION


# %% tags=["check"]
check.skip_cost(my_skip_cost)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Lesson 04: a kernel has 3 x 3 weights for each pair of a channel that it reads and one that it
# makes, and each weight works once at every place.
# </details>

# %%
skip = 12 * 12 * 3 * 3 * 24 * 24
total = measuring.report(unet).total.macs
print(f"the lower skip: {skip:,} of {total:,} MACs, {skip / total:.0%}")
assert 0.15 < skip / total < 0.3

# %% [markdown]
# ### Train, prune, measure
#
# Exactly the same lines as for the detector; the loss is cross-entropy for each pixel, with half
# the weight for those of the ground. **Predict**: is a U-Net easier to prune than the detector?


# %%
def mean_iou(model, scenes=val_scenes):
    return tasks.mean_iou(model, scenes.images, scenes.pixels)


weights = tasks.pixel_weights(train_scenes.pixels)

# %% tags=["varies"]
x, y = train_scenes.images, train_scenes.pixels
train(unet, x, y, "U-Net", 0 if quick_mode() else epochs, 5e-3, weights)
print(f"mean IoU {mean_iou(unet):.1%} on validation scenes")
unets = pruned_both_ways(unet, x, y, controls=False)
for name, network in unets.items():
    train(network, x, y, name, after, weights=weights)

# %% tags=["varies"]
print(f"test scenes, {data.caption}, one run")
ious = show(unets, lambda network: mean_iou(network, test_scenes), "mean IoU")

# %% tags=["varies"]
some = slice(0, 8)
_, axes = plt.subplots(3, figsize=(9, 4.4))
plots.scenes(test_scenes.images[some], axes[0]).set_title(f"test scenes ({data.caption})")
for ax, name in zip(axes[1:], ("nothing", "80 % of weights"), strict=True):
    given = np.asarray(unets[name](test_scenes.images[some])).argmax(axis=-1)
    plots.pixels_judged(test_scenes.pixels[some], given, ax).set_title(f"{name} removed")
axes[1].get_legend().remove()
plt.show()

# %%
show_recorded("unet", "mean IoU")

# %% [markdown]
# The same picture, and harsher: the U-Net has about as many weights as the detector, but most work
# at many more places, and each pixel must be right. Half of its channels cost it far more than 80 %
# of its weights do. So a share that one network bears says nothing about another: measure, as here.

# %%
lost = {
    what: mean_of("unet", what, criterion, 0) - mean_of("unet", what, criterion, share)
    for what, criterion, share in (("weights", "magnitude", 0.8), ("structure", "taylor", 0.5))
}
print({what: f"{points:.1%} of mean IoU lost" for what, points in lost.items()})
assert lost["structure"] > lost["weights"] > 0
assert (
    mean_of("unet", "weights", "chance", 0.8) < 0.3 < mean_of("unet", "weights", "magnitude", 0.8)
)

# %% [markdown] covers="74" corrects="20"
# ### Behind the mean
#
# The article recommends pruned networks for medical images. There a mean is not enough: who pays
# for it? **Predict**: mean IoU fell by some points. Did each class lose about as much?

# %% tags=["varies"]
classes = {
    name: tasks.class_ious(unets[name], test_scenes.images, test_scenes.pixels)[1:]
    for name in ("nothing", "80 % of weights", "half the channels")
}
ax = plots.bars(classes, plt.subplots(figsize=(9, 3.2))[1])
ax.set(xlabel="digit", ylabel="IoU", title=f"test scenes ({data.caption})", ylim=(0, 1.25))
ax.set_yticks(np.linspace(0, 1, 6))
ax.legend(ncols=3, loc="upper center")
plt.show()
loss = classes["nothing"] - classes["80 % of weights"]
print(f"80 % of weights: classes lose {loss.min():.1%} to {loss.max():.1%}, mean {loss.mean():.1%}")

# %% [markdown]
# The mean hides a spread. Hooker et al. (2019) found on images that pruning hardly changes the mean
# and hits a few classes and examples hard. For a medical network that means: count for each
# disease, age, skin and machine by itself, before and after, or do not prune it.
# [Lesson 19](19_what_did_it_forget.ipynb) does this in earnest.

# %% [markdown]
# ## 3 · Speech: which vowel was said?


# %%
def fit(model, split, label, epochs):
    """Train on (inputs, labels), and return the model."""
    if epochs:
        model.fit(*split, 128, epochs, verbose=0, callbacks=[Progress(label, epochs)])
    return model


def right(model, split):
    """Return the share of right answers."""
    parts = np.array_split(split[0], -(-len(split[0]) // 1000))
    answers = np.concatenate([np.asarray(model(part)) for part in parts])
    return float(np.mean(answers.argmax(axis=1) == split[1]))


def held(model, masks):
    """Return a copy of a model in which the masked weights are zero, and stay it."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.compile_from_config(model.get_compile_config())
    pruning.attach(copy, masks)
    return copy


def compared(networks, split):
    """Print, for each network, its test accuracy and what it costs."""
    print(f"{'':32} test accuracy   not zero      MACs     file")
    for name, model in networks.items():
        total, found = measuring.report(model).total, right(model, split)
        error = np.sqrt(found * (1 - found) / len(split[0]))
        size = measuring.file_bytes(model, compressed=True) / 1e3
        weights = total.parameters - total.zeros
        print(f"{name:32} {found:.1%} ± {error:.1%} {weights:10,} {total.macs:9,} {size:5,.0f} kB")


# %% [markdown] covers="41 75" corrects="38"
# The article names speech recognition as a use of pruning, for assistants that must answer at once,
# and counts it as a part of natural language processing. It is a field of its own: what goes in is
# sound, not words, and what goes wrong is another matter: noise, voices, rooms. An assistant needs
# both fields, one after the other.
#
# A sound is not an image, and a network for it need not be a CNN. So this part asks two questions:
# can a sound be pruned *as* an image, and can a network that listens, step by step, be pruned at
# all?
#
# ### A voice from a table
#
# **Source and filter** (源-滤波器): the vocal folds give pulses, all alike for every vowel; mouth
# and throat resonate at a few frequencies, the **formants** (共振峰), and these make the vowel.
# Peterson and Barney measured them in 1952, for men, women and children. Every number that our
# voices are made from is in their table. **Predict**: which of these words will be confused?

# %%
means = {voice: vowels.FREQUENCIES[i, 1:3].T for i, voice in enumerate(vowels.VOICES)}
plots.formant_chart(means, vowels.VOWELS)
plt.show()

# %% [markdown]
# Neighbours will: *hod* of a man is near *hud* of a man, and not far from *hawed* of a child. A
# network that knew only these two frequencies would have to guess who speaks.
#
# Now one vowel is made: *had*, a man's. The pulses have all harmonics alike; each resonator
# $y_t = A x_t + B y_{t-1} + C y_{t-2}$ (Klatt 1980) lifts those near one formant; what comes out
# has peaks at the orange lines.

# %%
man, had = np.array([0]), np.array([vowels.VOWELS.index("had")])
places = vowels.formants(man, had)
pitch = np.full((1, 4000), 125.0)  # Hz: a whole number of periods makes clean lines
pairs = zip(places.T, vowels.BANDWIDTHS[:, None], strict=True)
through = [vowels.resonance(*pair, 4000) for pair in pairs]
spectra = {
    "source: pulses": np.fft.rfft(vowels.pulses(pitch)[0]),
    "filter: four resonators": np.prod(through, axis=0)[0],
    "sound: had": np.fft.rfft(vowels.synthesize(pitch, places)[0]),
}
plots.spectra(spectra, vowels.RATE / 2, places[0])
plt.show()

# %% [markdown]
# Listen: *heed, had, hod, who'd, heard*, all with the same pulses. It sounds like the 1980s,
# because it is how machines spoke then.

# %% tags=["varies"]
some = np.array([0, 3, 4, 7, 9])
falling = np.tile(np.linspace(140, 100, 2500), (len(some), 1))
said = vowels.synthesize(falling, vowels.formants(np.zeros(5, int), some))
fade = np.clip(np.minimum(np.arange(2500), np.arange(2500)[::-1]) / 300, 0, 1)
Audio((said * fade).ravel(), rate=vowels.RATE)

# %% [markdown]
# The data: speakers of different size and pitch, melodies that rise or fall, vowels of 0.12 to
# 0.28 s anywhere in 0.3 s, noise. No speaker of the test set was heard in training. What the
# networks get is a **spectrogram** (频谱图): time to the right, frequency upwards on the mel scale,
# bright where it is loud.

# %% tags=["varies"]
speakers = (15, 6, 6) if quick_mode() else (150, 30, 60)
train, val, test = speech.load_vowels(speakers)
heard = [(hearing.log_mel(part.waves), part.vowel) for part in (train, val, test)]
print(f"{train}; to choose by: {val}; to test: {test}")

# %% tags=["varies"]
pictures = {vowels.VOWELS[i]: heard[0][0][20 + i] for i in range(10)}
ticks = {f"{hz} Hz": hearing.band_of(hz) for hz in (300, 1000, 3000)}
plots.spectrograms(pictures, ticks)
plt.show()

# %% [markdown]
# One speaker, ten vowels; can you see the formants move from *heed* to *who'd*?
#
# ### Two networks that hear
#
# A CNN takes the spectrogram for an image. A **GRU** (gated recurrent unit, 门控循环单元) hears it
# frame after frame, and keeps 64 numbers in mind: its **state** (状态). Two gates decide what is
# kept and what is forgotten, a third block of weights proposes what comes in. The same weights are
# used at each of the 24 frames.
# **Predict**: which has more weights, and which is better?

# %% tags=["varies"]
epochs, after = (1, 0) if quick_mode() else (6, 2)
scored = 64 if quick_mode() else 512  # examples for Taylor's score
cnn = fit(hearing.vowel_cnn(seed=0), heard[0], "CNN", epochs)
gru = fit(hearing.vowel_gru(seed=0), heard[0], "GRU", 0 if quick_mode() else epochs)
for model in (cnn, gru):
    print(f"{model.name}: {model.count_params():,} parameters, {right(model, heard[1]):.1%} right")

# %% [markdown]
# ### Weights to zero
#
# `pruning.weights` finds the kernels of a GRU as those of any layer: one from the inputs, and one
# from the state back to the state, the **recurrent kernel** (循环核). The three blocks lie side by
# side in each.

# %%
for name, W in pruning.weights(gru).items():
    print(f"{name:22} {W.shape}")

# %% [markdown]
# Now 80 % of the weights of each network go to zero by magnitude, all kernels ranked together, and
# the mask holds while the network trains on a little. The control: the same, by lot. **Predict**:
# does a weight that is used 24 times in a row matter more than one that is used once?

# %% tags=["varies"]
sounds = {"CNN": cnn, "GRU": gru}
for name, model in (("CNN", cnn), ("GRU", gru)):
    masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.8)
    sounds[f"{name}, 80 % zeros"] = fit(held(model, masks), heard[0], name, after)
lot = masking.make_masks(criteria.random(pruning.weights(gru), 0), 0.8)
sounds["GRU, 80 % zeros by lot"] = fit(held(gru, lot), heard[0], "GRU, by lot", after)
for name, model in sounds.items():
    print(f"{name:24} validation {right(model, heard[1]):.1%}")

# %% [markdown]
# ### A unit less
#
# Zeros leave the arrays as large as they were (lesson 11). Structure goes by **units**: one number
# of the state. What belongs to it? Its columns, one in each of the three blocks, in the kernel, in
# the recurrent kernel and in the biases, of which Keras keeps two for each column. And since the
# state is read by all units at the next step, and by the output at the end: its rows.
#
# ### Exercise 3
#
# How many parameters go with one unit?


# %% tags=["exercise"]
def my_entries(inputs, units, outputs):
    """Return how many parameters go with one unit of a GRU that a dense output reads."""
    # BEGIN SOLUTION
    columns = 3 * (inputs + units + 2)  # of kernel, recurrent kernel, two biases
    row = 3 * (units - 1)  # of the recurrent kernel, without its own three entries
    return columns + row + outputs
    # END SOLUTION


# %% tags=["check"]
check.unit_entries(my_entries)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Draw the recurrent kernel: `units` rows, three blocks of `units` columns. Strike out one row, and
# one column in each block. How many entries did you strike, and how many of them twice?
# </details>

# %% tags=["varies"]
channels = structure.channel_groups(gru)
one_less = structure.choose(structure.filter_norms(channels), 1 / 64, "layer")
small, report = structure.shrink(channels, masks=one_less, verify=True)
print(f"{gru.count_params() - small.count_params()} parameters went with one unit")
report

# %% [markdown]
# The package finds the same, and `verify` holds the small network against the full one with that
# unit at zero: nothing else changed, over all frames. Half of the units, half of the CNN's
# channels, chosen by Taylor's score (lesson 11), then a little training:

# %% tags=["varies"]
for name, model in (("CNN", cnn), ("GRU", gru)):
    groups = structure.channel_groups(model)
    scores = structure.taylor(groups, heard[0][0][:scored], heard[0][1][:scored], batch_size=64)
    small, _ = structure.shrink(groups, masks=structure.choose(scores, 0.5, "layer"))
    sounds[f"{name}, half the structure"] = fit(small, heard[0], f"{name}, half", after)

# %% tags=["varies"]
compared(sounds, heard[2])
if not quick_mode():
    found = {name: right(model, heard[2]) for name, model in sounds.items()}
    assert min(found["CNN, 80 % zeros"], found["GRU, half the structure"]) > 0.85
    assert found["GRU, 80 % zeros by lot"] < found["GRU, 80 % zeros"] - 0.1

# %% [markdown]
# Both networks can be pruned in both ways. MACs follow the structure and not the zeros: half of the
# units leave about a third of the work of a GRU, since the recurrent kernel loses rows *and*
# columns. One run tells no more than that; three seeds come below.

# %% [markdown] covers="42 76"
# ## 4 · Text: prose or code?
#
# The article names text classification and sentiment. Ours needs no corpus: Python brings one. A
# line of its standard library is **prose** if it stands in a comment or a docstring, and **code**
# if not. Python itself says which (modules `tokenize` and `ast`); the number sign, the quotation
# marks and the space before a line are taken off. Which lines you get depends on your version of
# Python, and so do the results, a little. **Predict**: how would *you* tell them apart? How good
# would that be?

# %% tags=["varies"]
lines = (200, 60, 60) if quick_mode() else (8000, 1000, 3000)
splits = text.load_lines(lines)
read = [(part.ids, part.kind) for part in splits]
print(splits[0])
for i in np.random.default_rng(3).permutation(len(splits[1]))[:8]:
    print(f"{text.KINDS[splits[1].kind[i]]:5} | {splits[1].text[i][: text.LENGTH]}")

# %% [markdown]
# ### First something simple
#
# Always name a **baseline** (基线). Half of the lines are prose, so blind guessing has 50 %. A
# better one counts characters, never mind their order, and weighs the counts: **logistic
# regression** (逻辑回归), 96 weights, no network.

# %% tags=["varies"]
simple = LogisticRegression(max_iter=1000).fit(text.counts(read[0][0]), read[0][1])
floor = simple.score(text.counts(read[2][0]), read[2][1])
order = np.argsort(simple.coef_[0])
names = ["end", "space"] + [chr(i + 31) for i in range(2, text.CHARACTERS)]
print(f"counting characters: {floor:.1%} of the test lines")
print("most like code: ", " ".join(names[i] for i in order[:8]))
print("most like prose:", " ".join(names[i] for i in order[:-9:-1]))
assert floor > 0.8

# %% [markdown]
# Counting brings us far. Whatever a network adds, it adds on top of *this*, not on top of 50 %.
#
# ### Two networks that read
#
# Both look each character up in a table of vectors, an **embedding** (嵌入), and a convolution
# looks at five of them at a time: 20 places a line. From there a GRU reads one place after the
# other. A **Transformer** looks at all of them at once: in each **head** (注意力头) of its
# **attention** (注意力) every place asks all others, and takes a weighted mean of what they offer.
# Then each place goes through a small dense network. Both parts *add* to what flows past them.

# %% tags=["varies"]
epochs = 0 if quick_mode() else 4
reader = fit(reading.text_gru(seed=0), read[0], "GRU", epochs)
former = fit(reading.text_transformer(seed=0), read[0], "Transformer", epochs)
for model in (reader, former):
    print(f"{model.name}: {model.count_params():,} parameters, {right(model, read[1]):.1%} right")

# %% tags=["varies"]
line = next(one for one in splits[1].text if len(one) == 24)
attention = former.get_layer("attention")
before = keras.Model(former.input, former.get_layer("norm1").output)
seen = before(text.encoded([line]))
_, scores = attention(seen, seen, return_attention_scores=True)
plots.heads(np.asarray(scores)[0], [line[i : i + 2] for i in range(0, 24, 2)])
plt.show()

# %% [markdown]
# Row by row: where each place of a line looks (the empty places before it are not drawn). Do all
# four heads do the same? **Predict**: could one go?
#
# ### Exercise 4
#
# Each head brings `size` numbers for each place, and the output kernel has a `(size, width)` block
# for each. What attention gives is the sum over heads, and a bias. Give it without one head.


# %% tags=["exercise"]
def my_output(values, W, b, gone):
    """Return the output (places, width) of attention without head number `gone`.

    `values` (places, heads, size), the output kernel W (heads, size, width), its bias b (width,).
    """
    # BEGIN SOLUTION
    stay = np.arange(len(W)) != gone
    return np.einsum("phs,hsw->pw", values[:, stay], W[stay]) + b
    # END SOLUTION


# %% tags=["check"]
check.without_head(my_output)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>values[:, h] @ W[h]</code> is what head number h contributes. Nothing has to be scaled
# afterwards: there is no mean over heads.
# </details>
#
# ### What can go from a Transformer, and what cannot

# %%
channels = structure.channel_groups(former)
channels

# %% [markdown]
# Heads can go, hidden units of the dense part, and entries of the embedding. The stream that flows
# past all of them, 32 numbers a place, cannot: `LayerNormalization` divides by a standard deviation
# over all of them, so that none can go without changing the others. The package says so, and takes
# nothing. (`inexact=True` lets them go, and then there is nothing to verify.) In the other network
# the same 32 are filters like any others, and go.

# %% tags=["varies"]
words = {"GRU": reader, "Transformer": former}
for name, model in tuple(words.items()):
    masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), 0.8)
    words[f"{name}, 80 % zeros"] = fit(held(model, masks), read[0], name, after)
    groups = structure.channel_groups(model)
    scores = structure.taylor(groups, read[0][0][:scored], read[0][1][:scored], batch_size=64)
    small, _ = structure.shrink(groups, masks=structure.choose(scores, 0.5, "layer"))
    words[f"{name}, half the structure"] = fit(small, read[0], f"{name}, half", after)

# %% tags=["varies"]
compared(words, read[2])
print(f"{'counting characters':32} {floor:.1%}")

# %% [markdown]
# A layer must be known before it can be pruned rightly, and here all of them are. Half of the heads
# and half of the hidden units: half of the work.

# %% [markdown]
# ### Three seeds of all four
#
# Measured once (`python benchmarks/sounds_and_words_pruned.py`): every network with three seeds,
# pruned by a criterion and by lot, then trained for two epochs. The dotted line is what needs no
# network: a tenth for ten vowels, and counting characters for the lines. **Predict**: where will
# the two lines be closest?

# %%
table = recorded.rows("sounds_and_words_pruned")
titles = {
    "vowel_cnn": "speech: CNN",
    "vowel_gru": "speech: GRU",
    "text_gru": "text: GRU",
    "text_transformer": "text: Transformer",
}
counted = next(row["accuracy"] for row in table if row["network"] == "counts")
floors = {titles[n]: 0.1 if "vowel" in n else counted for n in titles}


def accuracies(network, what, criterion, shares):
    """Return test accuracies (seeds, shares); share 0 is the network with nothing removed."""
    mine = [row for row in table if row["network"] == network]
    whole = [row["accuracy"] for row in mine if row["what"] == "none"]
    at = {
        share: [
            row["accuracy"]
            for row in mine
            if (row["what"], row["criterion"], row["share"]) == (what, criterion, share)
        ]
        for share in shares
    }
    return np.array([whole if not s else at[s] or [np.nan] * len(whole) for s in shares]).T


# %%
shares = [0, 0.8, 0.9, 0.95]
weights = {
    title: {c: accuracies(network, "weights", c, shares) for c in ("magnitude", "chance")}
    for network, title in titles.items()
}
plots.by_share(weights, shares, floors)
plt.show()

# %%
halves = [0, 0.5, 0.75]
structures = {
    title: {
        "Taylor": accuracies(network, "structure", "taylor", halves),
        "chance": accuracies(network, "structure", "chance", halves),
    }
    for network, title in titles.items()
}
plots.by_share(structures, halves, floors)
plt.show()

# %%
print("a quarter of the structure left, mean ± sd of three seeds:")
for network, title in titles.items():
    parts = {"Taylor": "taylor", "chance": "chance", "from scratch": "scratch"}
    found = {k: accuracies(network, "structure", c, [0.75])[:, 0] for k, c in parts.items()}
    print(f"{title:18}", *(f"{k} {v.mean():.1%} ± {v.std(ddof=1):.1%} " for k, v in found.items()))

# %% [markdown]
# Read it with care, for there is more than one answer:
#
# - **Speech, weights.** Magnitude holds far out, chance does not: with 80 % of its weights gone by
#   lot the GRU is lost. And the GRU breaks before the CNN does. It is the smaller one, and every
#   weight of it acts at each of 24 frames.
# - **Speech, structure.** In the CNN Taylor's choice is better than chance; in the GRU the two lie
#   within their spread. And a quarter of the widths *from scratch*, with as many epochs in all,
#   beats what is left of the large ones. For LeNet-5 in lesson 11 that was a tie; here two epochs
#   are not enough to repair so deep a cut.
# - **Text.** Mind the axes: all curves lie close together, and that is a warning. At 80 %
#   magnitude is a little better than chance, at 95 % no better, and the GRU is by then *worse than
#   counting*. Where chance does as well, a criterion has shown nothing. A whole network stands only
#   some points above something simple here, so that high accuracy after pruning says little by
#   itself.


# %%
def mean(network, what, criterion, share):
    return accuracies(network, what, criterion, [share]).mean()


for network in ("vowel_cnn", "vowel_gru"):
    large, lot = (mean(network, "weights", c, 0.8) for c in ("magnitude", "chance"))
    assert large > lot + 0.2
    assert mean(network, "structure", "scratch", 0.75) > mean(network, "structure", "taylor", 0.75)
falls = [mean(network, "weights", "magnitude", 0.95) for network in ("vowel_cnn", "vowel_gru")]
assert falls[0] > falls[1] + 0.2
for network in ("text_gru", "text_transformer"):
    at = {s: [mean(network, "weights", c, s) for c in ("magnitude", "chance")] for s in (0.8, 0.95)}
    assert 0.01 < at[0.8][0] - at[0.8][1] < 0.04
    assert at[0.95][0] < at[0.95][1]
assert mean("text_gru", "weights", "magnitude", 0.95) < counted

# %% [markdown] covers="104" corrects="51"
# ## 5 · Which networks can be pruned?
#
# The article answers this frequent question with: mainly those made of layers, CNNs and recurrent
# ones. But every feed-forward network is made of layers, and a Transformer is one. The answer is
# shorter: **any network with weights.** What differs is what goes together, and what has to stay:
#
# | network | single weights in | structure | what stays |
# |---|---|---|---|
# | CNN, U-Net | kernels | filters, with all that skips tie to them | outputs |
# | GRU, LSTM | kernel and recurrent kernel | units | outputs; units of a state that is given |
# | Transformer | projections, dense parts | heads, hidden units | what a LayerNormalization sees |
# | embedding | its table, on request | entries | rows: one for each character |

# %% [markdown] covers="81 99" corrects="39"
# The article also puts pruning across fields, language above all, into the future. It had been
# done. See, Luong and Manning (2016) took 40 % of the weights out of a translator with more than
# 200 million, with very little loss, and 80 % after retraining, with none. Narang and others
# (2017) pruned recurrent networks *while* they trained, to an eighth. Kalchbrenner and others
# (2018) made a recurrent network speak in real time on a phone's processor: at equal size, large
# and sparse was better than small and dense, beyond 96 % zeros. Voita and others (2019) removed 38
# of 48 heads of a translator's encoder for 0.15 points of BLEU; Michel and others (2019) brought
# whole layers down to one head. Frantar and Alistarh (2023) set half of the weights of large
# language models to zero in one pass, with no retraining.

# %% [markdown]
# ## What to remember
#
# - Pruning looks at kernels and channels, not at tasks. A detector and a U-Net are pruned with the
#   lines that pruned digits; what changes is the measure: mAP, mean IoU. Say which.
# - A concatenation forces no two layers to lose the same channels, but it moves places: what reads
#   the skip reads other rows afterwards.
# - A mean hides who pays. Count each class, or each group of patients, before and after.
# - Pruning asks what reads what; it does not ask what a network is for. The measure of success
#   does: precision of boxes, overlap of pixels, right answers, beside bytes and work.
# - A recurrent unit has a column in every block, and a row that all others read. It goes with all
#   of them, and the rest computes on, frame after frame, exactly as before.
# - Of a Transformer, heads and hidden units go. What a LayerNormalization sees is bound together.
# - Zeros leave the work where it was. Structure takes it.
# - Three things to hold every result against: chance, something simple, and the same small network
#   from scratch.
#
# ## What to read
#
# - R. Girshick (2015), *Fast R-CNN*, arXiv 1504.08083: R-CNN took 47 seconds an image, and why.
# - J. Redmon, S. Divvala, R. Girshick, A. Farhadi (2016), *You Only Look Once*, arXiv 1506.02640.
# - M. Everingham et al. (2015), *The PASCAL Visual Object Classes Challenge: A Retrospective*,
#   doi 10.1007/s11263-014-0733-5: average precision as it is computed here.
# - O. Ronneberger, P. Fischer, T. Brox (2015), *U-Net*, arXiv 1505.04597.
# - S. Hooker, A. Courville, G. Clark, Y. Dauphin, A. Frome (2019), *What Do Compressed Deep Neural
#   Networks Forget?*, arXiv 1911.05248.
# - G. E. Peterson, H. L. Barney (1952), *Control Methods Used in a Study of the Vowels*,
#   doi 10.1121/1.1906875: our table. J. Hillenbrand, L. A. Getty, M. J. Clark, K. Wheeler (1995),
#   *Acoustic Characteristics of American English Vowels*, doi 10.1121/1.411872, measured again.
# - D. H. Klatt (1980), *Software for a Cascade/Parallel Formant Synthesizer*,
#   doi 10.1121/1.383940: our voice.
# - K. Cho and others (2014), *Learning Phrase Representations using RNN Encoder-Decoder for
#   Statistical Machine Translation*, arXiv 1406.1078: the GRU.
# - A. Vaswani and others (2017), *Attention Is All You Need*, arXiv 1706.03762.
# - A. See, M.-T. Luong, C. D. Manning (2016), *Compression of Neural Machine Translation Models via
#   Pruning*, arXiv 1606.09274.
# - S. Narang, G. Diamos, S. Sengupta, E. Elsen (2017), *Exploring Sparsity in Recurrent Neural
#   Networks*, arXiv 1704.05119.
# - N. Kalchbrenner and others (2018), *Efficient Neural Audio Synthesis*, arXiv 1802.08435.
# - T. Gale, E. Elsen, S. Hooker (2019), *The State of Sparsity in Deep Neural Networks*,
#   arXiv 1902.09574: on a Transformer, plain magnitude does as well as cleverer ways.
# - P. Michel, O. Levy, G. Neubig (2019), *Are Sixteen Heads Really Better than One?*,
#   arXiv 1905.10650. E. Voita, D. Talbot, F. Moiseev, R. Sennrich, I. Titov (2019), *Analyzing
#   Multi-Head Self-Attention*, arXiv 1905.09418.
# - E. Frantar, D. Alistarh (2023), *SparseGPT: Massive Language Models Can Be Accurately Pruned in
#   One-Shot*, arXiv 2301.00774.
#
# Next: lesson 19 asks what pruning forgets.
