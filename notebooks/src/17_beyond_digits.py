# %% [markdown]
# # 17 · Beyond digits: boxes and pixels
#
# **The question: does what held for classifying digits hold for finding them, too?**
#
# ![Compass: criterion, granularity, scope, schedule](figures/compass_all.svg)
#
# About 55 minutes, and an open task. Before this: [11 · Structural
# pruning](11_structural_pruning.ipynb) and [12 · Channels that belong
# together](12_channels_together.ipynb).
#
# Chinese terms: object detection 目标检测, bounding box 边界框, intersection over union 交并比,
# mean average precision 平均精度均值, image segmentation 图像分割 (semantic 语义分割, instance
# 实例分割, panoptic 全景分割), skip connection 跳跃连接, non-maximum suppression 非极大值抑制.

# %% [markdown]
# ## What you will be able to do
#
# - prune a network whatever its task is, since pruning sees kernels and channels, not tasks;
# - measure each task in its own unit: mean average precision for boxes, mean IoU for pixels;
# - say which layers read the skips of a U-Net, and what the skips cost;
# - look behind a mean, at the classes that pay for it.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, measuring, pruning, structure
from course_utils.backend import keras
from course_utils.lessons import networks, plots, recorded, tasks
from course_utils.lessons.checks import beyond_digits as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
predict = Predictions("17_beyond_digits")

# %% tags=["varies"]
data = load_mnist()
data

# %% [markdown] corrects="20"
# So far every network has answered one question: which digit is this? Most networks that people
# want to make smaller do something else. This lesson prunes one that draws boxes and one that
# colours pixels; [lesson 18](18_sounds_and_words.ipynb) prunes networks for sounds and words. The
# scenes are made from digits, so that everything can be trained on a laptop.
#
# <details><summary>What the article says</summary>
#
# Pruning makes detection, segmentation, speech recognition and language processing fast and
# precise, for self-driving cars, medical images and assistants (3.4 and 6). It gives no number for
# any of them. Whether a pruned network is still good enough has to be measured, task by task and
# group by group; this lesson and the next two do so. Point by point:
# [coverage](../docs/coverage.md).
# </details>

# %% [markdown] covers="39" corrects="20"
# ## Part 1: detection
#
# **What is where?** A scene holds one to three digits, at random places and in two sizes. The
# answer is a box and a class for each. Training scenes are made from training digits, test scenes
# from test digits, so the split of lesson 00 still holds.

# %% tags=["varies"]
counts = (32, 24, 24) if quick_mode() else (4096, 500, 1000)
train_scenes, val_scenes, test_scenes = tasks.load_scenes(data, counts)
ax = plots.boxes(train_scenes.images[:5], {"there": train_scenes.objects})
ax.set_title(f"training scenes ({data.caption})", pad=14)
plt.show()

# %% [markdown]
# ### When is a box right?
#
# No network hits a box to the pixel. Agreement is measured by **intersection over union**, IoU: the
# area that two boxes share, divided by the area that they cover together. Take two equal boxes, one
# of them shifted sideways by half its width. Predict:

# %%
iou = predict("What is their IoU, from 0 to 1?", ...)

# %%
still, moved = np.array([0, 0, 10, 10]), np.array([0, 5, 10, 15])
iou.was(round(float(tasks.box_iou(still, moved)), 2))
assert np.isclose(tasks.box_iou(still, moved), 1 / 3)

# %% [markdown]
# It is a third: they share half a box, and together they cover one and a half. By convention a box
# counts as right from an IoU of 0.5 upwards, so this one would not count.
#
# ### Exercise 1
#
# A box is (top, left, bottom, right), and rows are counted downwards. Boxes `a` and `b` need not
# touch each other.


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
# Our detector looks at a scene **once** (Redmon et al. 2016). It divides the scene into 6x6 cells,
# and for each cell it gives 15 numbers: whether the centre of an object lies in the cell, where the
# box is, and which of the ten digits it is. Inside it is a CNN like any other, convolutions with
# ReLU. Only the last layer and the loss are new: a sigmoid for "is there anything?", a softmax for
# the class.
#
# <details><summary>What the article says</summary>
#
# It names R-CNN, Fast R-CNN and Faster R-CNN, and calls them efficient. The first was not: it ran a
# network on some 2,000 cut-outs of each image, 47 seconds with VGG16 on a GPU. Fast R-CNN, built
# for that reason, is 213 times as fast, finding the cut-outs aside (Girshick 2015).
# </details>
#
# Both networks of this lesson come trained (`course_utils/lessons/networks.py` says how). To train
# them yourself, change one word in the next cell.

# %% tags=["varies"]
TRAIN = False  # True: train both networks here, about 2 minutes
start = networks.train if TRAIN else networks.trained
detector, unet = start("detector"), start("unet")
print(f"the detector answers with {detector.output_shape[1:]}")
measuring.report(detector)


# %% [markdown]
# Two helpers: one trains with a rate that falls to zero, the other copies a network, so that all
# comparisons start from the same weights.


# %%
def train(model, x, y, label, epochs=1, rate=3e-3):
    steps = epochs * -(-len(x) // 32)
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(keras.optimizers.Adam(falling), model.loss)
    model.fit(x, y, 32, epochs, verbose=0, callbacks=[Progress(label, epochs)])
    return model


def copied(model):
    new = keras.models.clone_model(model)
    new.compile(loss=model.loss)
    new.set_weights(model.get_weights())
    return new


# %% tags=["varies"]
cells = tasks.to_cells(train_scenes.objects, len(train_scenes), 48)
if data.stand_in and not quick_mode():  # the weights are those of MNIST
    train(detector, train_scenes.images, cells, "detector on the stand-in", 4, 5e-3)
found = tasks.detect(detector, val_scenes.images)
shown = {"there": val_scenes.objects, "found": found.where(found.score > 0.3)}
ax = plots.boxes(val_scenes.images[:5], shown)
ax.set_title(f"validation scenes ({data.caption})", pad=14)
plt.show()

# %% [markdown]
# Several cells may report the same digit. Of boxes of one class that overlap a lot, only the most
# confident stays; this is **non-maximum suppression**. The figure shows boxes with a confidence
# above 30 %.
#
# ### Mean average precision
#
# Why 30 %? It is a choice. With a higher threshold, more of what is reported is usually right
# (**precision**), but more is missed (**recall** falls). One number covers all thresholds: take the
# reported boxes in order of confidence, note precision and recall after each, and measure the area
# under this curve. For one digit:

# %% tags=["varies"]
curve = tasks.precision_recall(found, val_scenes.objects, label=8)
ax = plots.area_below_precision(*curve)
ax.set_title(f"the digit 8, validation scenes ({data.caption})")
plt.show()

# %% [markdown]
# That area is the **average precision** of a class. Its mean over the classes is **mean average
# precision**, mAP. As in the PASCAL VOC challenge since 2010 (Everingham et al. 2015) rises of the
# curve are levelled first, and an object reported twice counts as wrong the second time. Other
# benchmarks average over ten IoU thresholds from 0.5 to 0.95, which gives lower numbers. So say
# which mAP you mean.


# %%
def mean_ap(model, scenes=val_scenes):
    return tasks.mean_average_precision(tasks.detect(model, scenes.images), scenes.objects)


# %% [markdown] corrects="10"
# ### Every position, but not every size
#
# A kernel is applied everywhere, so a digit may lie anywhere. But a kernel has one size. The
# detector was trained with digits of 20 and 28 pixels (dotted lines, margins included). How does it
# do on other sizes, one digit a scene?

# %% tags=["varies"]
sizes = (12, 16, 20, 24, 28, 34, 40)
by_size = []
for size in sizes:
    alike = tasks.Canvas(sizes=(size,), most=1)
    scenes = tasks.make_scenes(data.x_val, data.y_val, 2 * counts[1] // 5, alike, seed=size)
    by_size.append(mean_ap(detector, scenes))
ax = plots.curves({"mAP": by_size}, sizes, plt.subplots(figsize=(6, 2.6))[1])
for size in (20, 28):
    ax.axvline(size, color=plots.GREY, linewidth=1, linestyle=":")
ax.set(xlabel="size of the digits (pixels)", ylabel="mAP", ylim=(0, 1.02))
ax.set_title(f"scenes with digits of one size ({data.caption})")
ax.get_legend().remove()
plt.show()

# %% [markdown] covers="73" corrects="20"
# It copes with sizes near those that it was trained on, and not with others. Detectors for all
# sizes use maps of several resolutions, or are trained with objects of all sizes.
#
# ### Fewer weights, fewer channels
#
# The pruning does not know that this is a detector. Either 80 % of the weights are set to zero and
# held there ([lesson 05](05_prune_and_retrain.ipynb)), or half of the channels are removed
# ([lesson 11](11_structural_pruning.ipynb)). Each network then trains for one more epoch, and so
# does the first control, from which nothing was taken. The second control loses 80 % of its weights
# by chance.


# %%
def pruned_both_ways(model, x, y):
    """Return the networks before they train on: nothing removed, weights, chance, channels."""
    weights, channels = pruning.weights(model), structure.channel_groups(model)
    pruned = {"nothing": copied(model)}
    for name, scores in {
        "80 % of weights": criteria.magnitude(weights),
        "80 %, by chance": criteria.random(weights, seed=0),
    }.items():
        pruned[name] = copied(model)
        pruning.attach(pruned[name], masking.make_masks(scores, 0.8))
    scores = structure.taylor(channels, x[:1000], y[:1000], batch_size=64)
    stays = structure.choose(scores, 0.5, "layer")
    pruned["half the channels"], _ = structure.shrink(channels, masks=stays)
    return pruned


# %% tags=["varies"]
detectors = pruned_both_ways(detector, train_scenes.images, cells)
for name, network in detectors.items() if not quick_mode() else ():
    train(network, train_scenes.images, cells, name)


# %% [markdown]
# All choices are made, so the test scenes may now be used.


# %%
def show(pruned, quality, name):
    """Print how good each network is and what it costs, and return the qualities."""
    values = {key: quality(network) for key, network in pruned.items()}
    print(f"{'removed':18} {name:>9} {'weights left':>12} {'MACs':>10} {'kB, gzip':>8}")
    for key, network in pruned.items():
        total = measuring.report(network).total
        left, kilobytes = total.weights - total.zeros, measuring.file_bytes(network, True) / 1e3
        print(f"{key:18} {values[key]:9.1%} {left:12,} {total.macs:10,} {kilobytes:8.0f}")
    return values


# %% tags=["varies"]
print(f"test scenes, {data.caption}, one run")
precisions = show(detectors, lambda network: mean_ap(network, test_scenes), "mAP")
if not (quick_mode() or data.stand_in):
    assert precisions["80 % of weights"] > precisions["80 %, by chance"] + 0.2

# %% tags=["varies"]
for name in ("80 % of weights", "80 %, by chance"):
    found = tasks.detect(detectors[name], test_scenes.images[:5])
    shown = {"there": test_scenes.objects, "found": found.where(found.score > 0.3)}
    ax = plots.boxes(test_scenes.images[:5], shown)
    ax.set_title(f"removed: {name} ({data.caption})", pad=14)
    plt.show()

# %% [markdown]
# One run is only one run. `benchmarks/pictures_pruned.py` repeated this on MNIST with several
# seeds, more shares, and two more controls: channels by chance, and a network of half the width
# trained from new weights ("scratch") for as many epochs in all. The shares were set after a look
# at the test scores of the first seed, so that the curves show where they bend. Each dot is a seed,
# and ± is the standard deviation over seeds.


# %%
table = recorded.rows("pictures_pruned")
runs = len({row["seed"] for row in table})


def qualities(network, what, criterion, share):
    """Return the test quality of each seed; share 0 is the network left whole."""
    wanted = (network, what, criterion, share) if share else (network, "none", "none", 0)
    keys = ("network", "what", "criterion", "share")
    return np.array([r["quality"] for r in table if tuple(r[k] for k in keys) == wanted])


# %%
def show_recorded(network, name):
    panels = {}
    for what, criterion, levels in (
        ("weights", "magnitude", (0, 0.5, 0.8, 0.9)),
        ("structure", "taylor", (0, 0.25, 0.5, 0.75)),
    ):
        panels["weights to zero" if what == "weights" else "channels removed"] = (
            levels,
            {
                word: np.array([qualities(network, what, word, share) for share in levels]).T
                for word in (criterion, "chance")
            },
        )
    plots.by_share(panels, name, title=f"test scenes of MNIST digits, {runs} seeds")
    plt.show()
    for word in ("taylor", "chance", "scratch"):
        half = qualities(network, "structure", word, 0.5)
        print(f"half the channels, {word:8} {half.mean():.1%} ± {half.std(ddof=1):.1%}")


show_recorded("detector", "mAP")

# %% [markdown]
# The choice of the weights matters a great deal: with 80 % removed by chance the detector finds
# little, while removing the smallest 80 % costs about eight points. For channels the choice matters
# less, but in every seed Taylor's choice beat chance. What one gains differs as well: zeros make
# the compressed file smaller and leave the work as it was; removing half of the channels makes the
# file as small, and saves about three quarters of the MACs, too.
#
# In lesson 11 a small network from scratch was as good as the pruned one. Here it is worse in every
# seed. These trainings are short, and the pruned network inherits what the large one has learned.
# (Whether longer training would close the gap, we have not measured.)


# %%
for share in (0.5, 0.8, 0.9):
    chosen, luck = (qualities("detector", "weights", c, share) for c in ("magnitude", "chance"))
    assert chosen.min() > luck.max() + 0.1
whole = qualities("detector", "none", "none", 0)
assert 0.04 < (whole - qualities("detector", "weights", "magnitude", 0.8)).mean() < 0.1
for share in (0.25, 0.5, 0.75):
    chosen, luck = (qualities("detector", "structure", c, share) for c in ("taylor", "chance"))
    assert (chosen > luck).all()
half = {c: qualities("detector", "structure", c, 0.5) for c in ("taylor", "scratch")}
assert half["taylor"].min() > half["scratch"].max()

# %% [markdown] covers="21 40"
# ## Part 2: segmentation
#
# **What is each pixel?** *Semantic* segmentation gives each pixel a class: background, or one of
# ten digits. (*Instance* segmentation would also tell two threes apart; *panoptic* segmentation
# does both.) The scenes are of the same kind, at half the size.

# %% tags=["varies"]
canvas = tasks.Canvas(side=24, sizes=(14,), most=3)
train_scenes, val_scenes, test_scenes = tasks.load_scenes(data, counts, canvas)
_, axes = plt.subplots(2, figsize=(9, 3))
plots.scenes(train_scenes.images[:8], axes[0]).set_title(f"training scenes ({data.caption})")
plots.pixel_classes(train_scenes.pixels[:8], axes[1])
plt.show()

# %% [markdown]
# The measure is the **mean IoU**: for each of the eleven classes, the pixels that are of the class
# *and* are given it, divided by those that are either; then the mean. Suppose that a network
# answers "background" everywhere; most pixels are background. Predict:

# %% tags=["varies"]
blind = predict("What is its mean IoU?", ..., unit="%")

# %% tags=["varies"]
metric = keras.metrics.MeanIoU(11)
metric.update_state(val_scenes.pixels, np.zeros_like(val_scenes.pixels))
print(f"right pixels {np.mean(val_scenes.pixels == 0):.1%}, mean IoU {float(metric.result()):.1%}")
blind.was(round(100 * float(metric.result()), 1))
assert float(metric.result()) < 1 / 11 < np.mean(val_scenes.pixels == 0)

# %% [markdown]
# That is why the share of right pixels is not used: a network that sees nothing scores high.
#
# ### A U-Net, and its skips
#
# On the way down, pooling makes the maps smaller, so that a filter sees a whole digit. On the way
# up they grow again, but the exact place of the ink has been lost. So the maps from the way down
# are placed *beside* those from below, a **skip** (Ronneberger et al. 2015). For pruning this means
# that a channel of `down1` has two readers. Four groups meet at the skips; a letter marks the
# layers that each of them passes through:

# %%
channels = structure.channel_groups(unet)
groups = dict(zip("ABCD", ("down1", "down2", "larger2", "larger1"), strict=True))
marks = {letter: channels.groups[name].channels for letter, name in groups.items()}
plots.layer_graph(channels.edges, marks, plt.subplots(figsize=(6, 11))[1])
plt.show()
print({letter: f"{name}, {len(channels.groups[name])} channels" for letter, name in groups.items()})

# %% [markdown]
# Unlike addition (lesson 12), concatenation does not force two layers to lose the *same* channels.
# But it changes **places**. Say that two channels come over the skip and four from below:

# %%
whole = {"skip": [0, 1], "from below": [2, 3, 4, 5], "what the next layer reads": [*range(6)]}
less = {"skip": [0], "from below": [2, 3, 4, 5], "what the next layer reads": [0, 2, 3, 4, 5]}
for title, rows in {"whole": whole, "channel 1 of the skip removed": less}.items():
    plots.id_rows(rows).set_title(title)
    plt.show()

# %% [markdown]
# Remove a channel on the way *down*, and in `up2`, far away, every slice of the kernel that reads
# what comes from *below* moves up by one place, although nothing was removed there. By hand this is
# easy to get wrong. The package follows the ids, and `verify` compares the smaller network with the
# full one in which those channels are zero:

# %% tags=["varies"]
masks = {"down2": np.arange(24) >= 4}  # four channels of the lower skip go
_, report = structure.shrink(unet, masks=masks, verify=True)
report

# %% [markdown]
# ### Exercise 2
#
# What does a skip cost? It is read by a 3x3 convolution on a map of `side` x `side` places, which
# reads `skip` channels from the way down and `below` channels from below, and makes `width`
# channels. How many of its MACs read the skip?


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

# %% [markdown]
# ### Prune and measure
#
# The lines are the same as for the detector. The loss is cross-entropy for each pixel, in which
# background counts half. The U-Net has about as many weights as the detector. Predict:

# %%
harder = predict(
    "Which loses far more without half of its channels than with 80 % zeros?",
    ...,  # your choice
    choices=("detector", "unet", "both"),
)


# %%
def mean_iou(model, scenes=val_scenes):
    return tasks.mean_iou(model, scenes.images, scenes.pixels)


# %% tags=["varies"]
x, y = train_scenes.images, train_scenes.pixels
if data.stand_in and not quick_mode():
    train(unet, x, y, "U-Net on the stand-in", 4, 5e-3)
unets = pruned_both_ways(unet, x, y)
del unets["80 %, by chance"]  # the recorded runs have it
for name, network in unets.items() if not quick_mode() else ():
    train(network, x, y, name)

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
# For weights chosen by size the curve is much like the detector's; for channels it is far steeper.
# (Points of mean IoU and of mAP are different units, so compare within each network.) The detector
# lost about as much with half of its channels as with 80 % of its weights; the U-Net, which has
# about as many weights, lost far more with the channels, in every seed. How much one network can
# lose says little about another: measure yours.

# %%
parts = {"weights": ("magnitude", 0.8), "structure": ("taylor", 0.5)}
lost = {
    network: {
        what: qualities(network, "none", "none", 0) - qualities(network, what, *how)
        for what, how in parts.items()
    }
    for network in ("detector", "unet")
}
for network, losses in lost.items():
    print(network, {what: f"{points.mean():.1%} lost" for what, points in losses.items()})
far = [n for n, each in lost.items() if each["structure"].mean() > 1.5 * each["weights"].mean()]
harder.was("both" if len(far) > 1 else far[0])
assert (lost["unet"]["structure"] > lost["unet"]["weights"] + 0.05).all()

# %% [markdown] covers="74" corrects="20"
# ### Behind the mean
#
# Pruned networks are offered for medical images. There a mean is not enough. When mean IoU
# falls by some points, does every class lose about as much?

# %% tags=["varies"]
classes = {
    name: tasks.class_ious(unets[name], test_scenes.images, test_scenes.pixels)[1:]
    for name in unets
}
ax = plots.bars(classes, plt.subplots(figsize=(9, 3.2))[1])
ax.set(xlabel="digit", ylabel="IoU", title=f"test scenes ({data.caption}), one run", ylim=(0, 1))
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
loss = classes["nothing"] - classes["80 % of weights"]
print(f"80 % of weights: classes lose {loss.min():.1%} to {loss.max():.1%}, mean {loss.mean():.1%}")

# %% [markdown]
# The mean hides a spread. (With one run per network, part of it is luck:
# [lesson 19](19_what_did_it_forget.ipynb) separates the two.) Hooker et al. (2019) found on
# photographs that pruning hardly changed the mean and hit a few classes and images hard. For a
# medical network that means: count each disease, age group and scanner separately, before and
# after, or do not prune it.

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **Decide from two reports.** Two people have pruned the same network, each in another way. Their
# reports say *what* went (weights or structure), by which *criterion* ("scratch": the small
# network, trained anew), which *share*, and what is left: parameters, MACs, bytes. Which network is
# the better one? Write a function that decides, 0 or 1. `task.given()` returns such reports of this
# lesson's networks, with the quality that was measured. It is tried on networks for *sounds and
# words*, those of lesson 18: what you have learned here, does it hold there? What counts is how
# many of the pairs, more than two points apart, it gets right.
#
# <details><summary>Hint</summary>
#
# Look at the table of this lesson for what decides most: what, criterion or share? Half of the
# channels and half of the weights are not the same loss. Where does another network break?
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.told_apart import beyond_digits as task

print(task)


def my_choice(one, other):
    """Return 0 if the first report's network is the better one, 1 for the second."""

    # BEGIN SOLUTION
    def harm(row):
        worse = {"magnitude": 1.0, "taylor": 1.6, "scratch": 2.2, "chance": 2.2}
        power = 6 if row["what"] == "weights" else 3
        return worse[row["criterion"]] * row["share"] ** power

    return int(harm(other) < harm(one))
    # END SOLUTION


# %% tags=["varies"]
task.judge(my_choice)

# %% [markdown]
# ## What to remember
#
# - Pruning looks at kernels and channels, not at tasks. A detector and a U-Net are pruned with the
#   lines that pruned a classifier; only the measure changes. Say which one you use.
# - A concatenation forces no two layers to lose the same channels, but it moves places: whatever
#   reads a skip must be cut at the right rows.
# - Zeros leave the work where it was; removed channels save it.
# - How much one network can lose says little about another.
# - A mean hides who pays. Count each class before and after.
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
#
# Next: [lesson 18](18_sounds_and_words.ipynb) does the same for sounds and words.
