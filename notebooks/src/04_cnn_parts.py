# %% [markdown]
# # 04 · A CNN from its parts
#
# **The question: what do convolution, pooling and dense layers do, and where are a network's
# weights and its work?**
#
# About 50 minutes. Before this: [02 · The prune operator](02_prune_operator.ipynb).
#
# Chinese terms: convolution 卷积, kernel 卷积核, feature map 特征图, stride 步幅, pooling 池化,
# activation function 激活函数, fully connected (dense) layer 全连接层, parameter 参数,
# multiply-accumulate (MAC) 乘加运算.

# %% [markdown]
# ## What you will be able to do
#
# - compute a convolution, a pooling and a dense layer by hand, and match Keras to 0.00001;
# - count the parameters and the multiplications of any such layer from its shapes;
# - say where pruning saves storage and where it would save work: not always in the same place.

# %%
import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_utils import costs, masking, measuring, models, pruning
from course_utils.backend import keras
from course_utils.lessons import networks, plots
from course_utils.lessons.checks import cnn_parts as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions

predict = Predictions("04_cnn_parts")
plots.use_style()

# %% [markdown] covers="15 17"
# ## Convolution: one small window, everywhere
#
# In a **convolutional network** 卷积神经网络, convolutions find simple features, such as edges;
# pooling shrinks the resulting maps; later layers find features of features; and dense layers
# decide.
#
# A **kernel** 卷积核, in its simplest form, is a small matrix of weights. Lay it on the image,
# multiply entry by entry, and add up: one number. Do this at every place where the window fits, and
# you get a **feature map** 特征图. Here is a bright bar, two pixels of 1 wide, on black (0), and a
# 3×3 kernel with +1 in its left column, 0 in the middle and −1 in its right column. **Predict** the
# number where the window lies over the bar's left edge, with its right column on the bar:

# %%
edge_guess = predict("The kernel's answer at the left edge?", ...)  # your number

# %%
image = np.zeros((5, 7))
image[:, 3:5] = 1
kernel = np.array([[1.0, 0, -1], [1, 0, -1], [1, 0, -1]])
places = [[image[r : r + 3, c : c + 3] for c in range(5)] for r in range(3)]
feature_map = np.array([[np.sum(window * kernel) for window in row] for row in places])
parts = {"image": image, "kernel": kernel, "feature map": feature_map}
fig, axes = plt.subplots(1, 3, figsize=(9.6, 3), width_ratios=[7, 3, 5])
for ax, (name, values) in zip(axes, parts.items(), strict=True):
    plots.matrix(values, ax=ax).set_title(f"{name}, {values.shape[0]}×{values.shape[1]}")
plt.show()
edge_guess.was(feature_map[0, 1])

# %% [markdown]
# A window of 3 fits into 7 at five places: $7 - 3 + 1$. Keras calls this `"valid"`; with `"same"` a
# frame of zeros keeps the map as large as the image. (In mathematics a convolution first turns the
# kernel by 180°. A network learns its kernel and need not turn it; what it computes is a
# *cross-correlation* 互相关.)

# %% [markdown]
# ### Exercise 1
#
# Write the convolution for any image and any kernel, square or not. A layer also adds one learned
# number to the whole map, the **bias** 偏置.


# %% tags=["exercise"]
def my_convolution(image, kernel, bias):
    """Return the feature map of one image and one kernel, "valid", plus the bias."""
    # BEGIN SOLUTION
    height, width = kernel.shape
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    result = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            result[r, c] = np.sum(image[r : r + height, c : c + width] * kernel) + bias
    return result
    # END SOLUTION


# %% tags=["check"]
check.convolve(my_convolution)

# %% [markdown] tags=["solution-only"]
# NumPy can cut out all windows at once, without copying:
#
# ```python
# (sliding_window_view(image, kernel.shape) * kernel).sum(axis=(2, 3)) + bias
# ```

# %% [markdown]
# <details><summary>Hint</summary>
#
# How many places are there from top to bottom? <code>image.shape[0] - kernel.shape[0] + 1</code>.
# Make an array for the map, <code>np.zeros((rows, columns))</code>, and fill it in two loops.
# </details>

# %% [markdown]
# ## Many positions, one size
#
# The same few weights are used at every position (**weight sharing** 权值共享), so a kernel finds
# its pattern wherever it is. At any size, too? Here is a kernel that looks for a small ring, and a
# scene with two such rings and one twice as large. Let its answer to a small ring be 100 %.
# **Predict** its largest answer anywhere near the large ring:

# %%
ring_guess = predict("Largest answer near the large ring?", ..., unit="%")  # your number

# %%
ring = np.pad(np.zeros((3, 3)), 1, constant_values=1)
scene = np.zeros((24, 40))
scene[2:7, 3:8] = ring
scene[16:21, 12:17] = ring
scene[6:16, 26:36] = np.kron(ring, np.ones((2, 2)))
looks_for_ring = ring - ring.mean()  # sums to 0, so that an even area gives 0
answer = np.pad((sliding_window_view(scene, (5, 5)) * looks_for_ring).sum((2, 3)), 2)
answer /= answer.max()

plots.feature_maps(np.stack([scene, answer], axis=2), ["scene", "feature map"])
plt.show()
print(f"first ring   {answer[:12, :12].max():.0%}")
print(f"second ring  {answer[14:, 8:20].max():.0%}")
ring_guess.was(round(100 * answer[:, 22:].max()))

# %% [markdown] covers="17"
# The full answer at both small rings; at the large one little more than half of it, where the
# kernel lies just inside one of the ring's four corners. One kernel has one size. Larger patterns
# need other kernels, or *later* layers, which look at maps that have been made smaller.

# %% [markdown]
# ## Now on digits, as Keras does it
#
# A layer's kernel holds many **filters** 滤波器, each as deep as its input has channels (a grey
# image has one). With 32 filters of 3×3×1 its shape is (3, 3, 1, 32), and the whole layer is one
# sum of products (`einsum` sums over the axes that the result does not name). How close do we come
# to Keras?

# %% tags=["varies"]
data = load_mnist()
digits, labels = data.x_val[:100], data.y_val[:100]  # (100, 28, 28, 1)


def convolve(x, kernel, bias):
    """Return the maps (n, rows, columns, filters) of images (n, height, width, channels)."""
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))  # (n, r, c, channels, 3, 3)
    return np.einsum("nrcdhw,hwdf->nrcf", windows, kernel, optimize=True) + bias


layer = keras.layers.Conv2D(32, 3)
layer.build(digits.shape)
rng = np.random.default_rng(0)
filters, biases = rng.normal(0, 0.3, (3, 3, 1, 32)), rng.normal(0, 0.3, 32)
layer.set_weights([filters, biases])
ours = convolve(digits, filters, biases)
theirs = keras.ops.convert_to_numpy(layer(digits))
print("shapes:", ours.shape, theirs.shape)
assert np.abs(ours - theirs).max() < 1e-5
print("largest difference:", f"{np.abs(ours - theirs).max():.0e}")

# %% [markdown]
# Not exactly zero: Keras computes with 32-bit numbers and adds in another order. The kernel from
# above and its transpose, on a digit:

# %% tags=["varies"]
vertical_and_horizontal = np.stack([kernel, kernel.T], axis=2)[:, :, None, :]
maps = convolve(digits[:1], vertical_and_horizontal, 0)[0]
shown = np.dstack([digits[0, 1:-1, 1:-1], maps / np.abs(maps).max()])
plots.feature_maps(shown, [data.caption.split(",")[0], "vertical edges", "horizontal edges"])
plt.show()

# %% [markdown] covers="20"
# ## Activation functions, and where they are zero
#
# After the sum comes an **activation function** 激活函数. Without it two layers would be one, since
# a matrix times a matrix is a matrix:

# %%
A, B, x = rng.normal(size=(4, 5)), rng.normal(size=(3, 4)), rng.normal(size=5)
print("two layers are one:       ", np.allclose(B @ (A @ x), (B @ A) @ x))
print("with a ReLU between them: ", np.allclose(B @ np.maximum(A @ x, 0), (B @ A) @ x))

# %% [markdown]
# Three common ones. Red is where a function is *exactly* zero:

# %% tags=["varies"]
activations = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "ReLU": lambda z: np.maximum(z, 0),
}
plots.functions(activations, -4, 4)
plt.show()
for name, function in activations.items():
    print(f"{name:8} {np.mean(function(ours) == 0):.1%} exact zeros, {data.caption}")

# %% [markdown] covers="20"
# These are zeros of *activations*, which change from digit to digit; pruning makes zeros of
# *weights*, which are the same for all digits. And where ReLU is flat, a small change of the
# weights before it changes nothing: the weights of a unit that is below zero for every
# digit get no learning signal.

# %% [markdown] covers="18"
# ## Pooling: no parameters
#
# **Max pooling** 最大池化 keeps the largest of each 2×2 block, **average pooling** 平均池化 their
# mean. A reshape cuts the map into blocks:

# %%
blocks = ours.reshape(100, 13, 2, 13, 2, 32)
largest, mean = blocks.max(axis=(2, 4)), blocks.mean(axis=(2, 4))
for by_hand, kind in ((largest, keras.layers.MaxPooling2D), (mean, keras.layers.AveragePooling2D)):
    pool = kind(2)
    difference = np.abs(by_hand - keras.ops.convert_to_numpy(pool(theirs))).max()
    print(kind.__name__, by_hand.shape, "matches:", difference < 1e-5, end=" ")
    print("parameters:", pool.count_params())

# %% [markdown] covers="18"
# Pooling has no parameters and removes none from the layer before it. It shrinks the *map*, so
# whatever comes *after* it has less to do, and a dense layer needs fewer parameters:

# %%
for size, name in ((26, "without pooling"), (13, "with pooling")):
    inputs = size * size * 32
    learned = costs.parameters((inputs, 64))
    print(f"{name:16} {inputs:6,} inputs, dense layer {learned:9,} parameters")

# %% [markdown]
# ### Exercise 2
#
# A window of `window` pixels starts at every `stride`-th place, and only whole windows count. How
# many fit along one axis of length `size`?


# %% tags=["exercise"]
def my_output_size(size, window, stride):
    """Return how many whole windows fit into `size` when each starts `stride` further on."""
    # BEGIN SOLUTION
    return (size - window) // stride + 1
    # END SOLUTION


# %% tags=["check"]
check.output_size(my_output_size)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The last window must start at <code>size - window</code> or before. The starts are 0, stride,
# 2·stride, … How many of them are not larger than that?
# </details>

# %% [markdown] covers="19 59"
# ## Flatten and dense: a matrix product
#
# `Flatten` writes the numbers of all maps in one row. A **dense** or **fully connected** layer
# 全连接层 multiplies this row by a weight matrix: every input meets every unit. For the last ten
# units the function *softmax* turns ten numbers into ten probabilities. Here is a whole network,
# untrained, and the same by hand:


# %%
def hidden(x, weights):
    """Return what the 64 hidden units make of images; `weights` in model.get_weights()'s order."""
    kernel, bias, W1, b1 = weights[:4]
    maps = np.maximum(convolve(x, kernel, bias), 0)
    pooled = maps.reshape(len(x), 13, 2, 13, 2, 32).max(axis=(2, 4))
    return np.maximum(pooled.reshape(len(x), -1) @ W1 + b1, 0)


def softmax(z):
    """Return positive shares that sum to 1; a larger number gets a larger share."""
    shares = np.exp(z - z.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


model = models.article_cnn()
W2, b2 = model.get_weights()[4:]
probabilities = softmax(hidden(digits, model.get_weights()) @ W2 + b2)
print("matches Keras:", np.allclose(probabilities, model.predict(digits, verbose=0), atol=1e-5))

# %% [markdown] covers="17 18 59" corrects="10 11 33"
# <details><summary>What the article says</summary>
#
# The network is the article's, which says that a kernel finds features at all positions *and
# scales* (it does not), and that pooling lowers the number of parameters (only in dense layers
# after it). It gives its first layer an <code>input_shape</code>, for which Keras 3 warns, so
# <code>models.article_cnn</code> begins with a <code>keras.Input</code>.
# [Coverage](../docs/coverage.md).
# </details>

# %% [markdown]
# ## Two ways to count
#
# **Parameters** 参数 have to be stored. **MACs** 乘加运算, multiplications with an addition, have
# to be done, for every image. A dense layer uses each weight once per image; a convolution uses it
# at *every position* of the map. Our network has a convolution with 32 filters of 3×3, a dense
# layer of 64 units (`dense`) and one of 10 (`output`). **Predict**: which layer does most of the
# work?

# %%
work_guess = predict("Most MACs?", ..., choices=("conv", "dense", "output"))  # your choice

# %%
report = measuring.report(model)
print(report)


def weights_and_macs(report):
    """Return {"weights": {layer: count, …}, "MACs": {…}} of the layers that have weights."""
    rows = [row for row in report.rows if row.weights]
    return {
        "weights": {row.layer: row.weights for row in rows},
        "MACs": {row.layer: row.macs for row in rows},
    }


plots.shares(weights_and_macs(report))
plt.show()
work_guess.was(max(report.rows, key=lambda row: row.macs).layer)

# %% [markdown]
# The dense layer holds nearly *all* the weights and does less than two thirds of the work. The
# convolution's weights are too few to be seen in the upper bar, but each works at every position.

# %% [markdown]
# ### Exercise 3
#
# Count for any convolution with a square kernel, "valid", stride 1: it reads `size`×`size` pixels
# with `channels` channels and makes `filters` maps. Return both numbers: parameters with biases,
# MACs without.


# %% tags=["exercise"]
def my_conv_costs(size, kernel, channels, filters):
    """Return (parameters, MACs) of a convolution on one image."""
    # BEGIN SOLUTION
    weights = kernel * kernel * channels * filters
    positions = (size - kernel + 1) ** 2
    return weights + filters, weights * positions
    # END SOLUTION


# %% tags=["check"]
check.conv_costs(my_conv_costs)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A filter is a block of kernel · kernel · channels weights with one bias. Each weight works once at
# every position of the output map.
# </details>

# %% [markdown]
# ## Where would you prune?
#
# For a small *file*, prune where the weights are; for less *work*, where the MACs are. In this
# network one layer leads both bars. And in LeNet-5, the network that you pruned in lesson 00? It
# has two convolutions with filters of 5×5, `conv1` with 20 and `conv2` with 50, each followed by
# pooling, and two dense layers, `fc1` with 500 units and `fc2` with 10. **Predict**:

# %%
layers = ("conv1", "conv2", "fc1", "fc2")
lenet_guess = predict("Most MACs in LeNet-5?", ..., choices=layers)  # your choice

# %%
lenet = measuring.report(models.lenet5())
plots.shares(weights_and_macs(lenet))
plt.show()
print(f"{lenet.total.parameters:,} parameters, {lenet.total.macs:,} MACs")
lenet_guess.was(max(lenet.rows, key=lambda row: row.macs).layer)

# %% [markdown]
# Here weights and work are in different places: more than nine tenths of the weights are in `fc1`,
# most of the work is in `conv2`. A network that is “90 % pruned” may still have most of its work to
# do, so always say *90 % of what*.

# %% [markdown]
# ## Train it
#
# The **loss** 损失 is one number that says how wrong the outputs are: here the average, over
# images, of $-\ln p$, where $p$ is the probability given to the right digit. Being sure and right
# costs nothing; guessing among ten costs $\ln 10 \approx 2.3$. The **gradient** 梯度 holds one
# number for each weight: how fast the loss rises as that weight grows. Training goes downhill: an
# **optimizer** 优化器 moves every weight a little *against* its gradient, and the **learning rate**
# says how far (Adam, the optimizer used here, averages the gradients of recent steps). Each such
# **step** uses one **batch** 批 of images; all batches once are an **epoch** 轮.
# ([Prerequisites](../docs/prerequisites.md) has more.)
#
# The trained network comes with the course; *validation* images are new to it.

# %% tags=["varies"]
TRAIN = False  # True: train it here, about two minutes
untrained = models.article_cnn()
model = networks.train("article_cnn") if TRAIN else networks.trained("article_cnn", data)
accuracy = model.evaluate(data.x_val, data.y_val, batch_size=500, verbose=0)[1]
print(f"{accuracy:.2%} of {len(data.y_val):,} validation images right, {data.caption}")

# %% [markdown]
# What is a gradient? Take one weight of the output layer, change it, leave all the others alone,
# and watch the loss on our 100 digits. The gradient is the slope at the dot, the dashed line:


# %%
def loss_along(network, changes):
    """Return the losses as one weight changes: from the busiest hidden unit to the digit 9."""
    weights = network.get_weights()
    units = hidden(digits, weights)
    losses = []
    for change in changes:
        W2 = weights[4].copy()
        W2[units.mean(axis=0).argmax(), 9] += change
        p = softmax(units @ W2 + weights[5])
        losses.append(-np.log(p[range(100), labels]).mean())
    return np.array(losses)


# %% tags=["varies"]
stages, changes = {"untrained": untrained, "trained": model}, np.linspace(-1, 1, 41)
fig, axes = plt.subplots(1, 2, figsize=(9, 3))
for ax, (name, network) in zip(axes, stages.items(), strict=True):
    losses = loss_along(network, changes)
    slope = (losses[21] - losses[19]) / (changes[21] - changes[19])
    ax.plot(changes, losses)
    ax.plot(changes, losses[20] + slope * changes, "--", color=plots.GREY)
    ax.plot(0, losses[20], "o", color=plots.BLUE)
    ax.set(xlabel="change of one weight", ylabel="loss", title=f"{name}: gradient {slope:.4f}")
plt.show()

# %% [markdown]
# Where the gradient is positive, a step against it makes the weight smaller; where it is negative,
# larger: each dot moves towards the bottom of its valley. (All weights move at once, so the valleys
# shift.) Note the scales: after training the loss is far lower, and the walls of the valley are far
# steeper. [Lesson 07](07_which_weights.ipynb) explains why that matters for pruning.

# %% [markdown]
# Now the filters, untrained and trained each with a scale of its own, and all the weights:

# %% tags=["varies"]
weights = {when: pruning.weights(network) for when, network in stages.items()}
fig, axes = plt.subplots(2, 1, figsize=(8, 2.6))
for ax, (when, kernels) in zip(axes, weights.items(), strict=True):
    plots.filters(kernels["conv/kernel"], 16, ax).set_title(f"{when}, {data.caption}")
plt.show()

# %% tags=["varies"]
fig, axes = plt.subplots(2, 3, figsize=(10, 5), sharex="col")
for row, (when, kernels) in zip(axes, weights.items(), strict=True):
    for ax, (name, W) in zip(row, kernels.items(), strict=True):
        width = np.abs(weights["untrained"][name]).max() / 4  # the same bins above and below
        many = np.ceil(np.abs(weights["trained"][name]).max() / width)
        plots.histogram(W, ax=ax, bins=width * np.arange(-many, many + 1))
        ax.set_title(f"{name}, {when}\nσ = {W.std():.3f}, {np.mean(W < 0):.0%} negative")
        ax.set(xlabel="weight w" if when == "trained" else "", ylabel="")
fig.supylabel("number of weights")
plt.show()

# %% [markdown]
# Before training the weights are spread evenly between two limits, which depend on the layer's
# size. After it, the dense layer has a peak at zero with long tails: most weights are small, a few
# are large. Magnitude pruning relies on that. And each layer has its own spread, so one threshold
# takes very different shares of them.

# %% [markdown]
# ## The first five percent
#
# Prune the smallest 5 % of all weights in the network: more than 17,000 of them. **Predict**: how
# far does the accuracy fall?

# %%
fall_guess = predict("Accuracy lost with 5 % of weights?", ..., unit="points")  # your number

# %% tags=["varies"]
sizes = {name: np.abs(W) for name, W in pruning.weights(model).items()}
masks = masking.make_masks(sizes, sparsity=0.05)
for name, mask in masks.items():
    print(f"{name:14} {np.sum(~mask):6,} of {mask.size:7,} cut ({masking.sparsity(mask):.1%})")
pruning.attach(model, masks)
after = model.evaluate(data.x_val, data.y_val, batch_size=500, verbose=0)[1]
print(f"validation accuracy {accuracy:.2%} before, {after:.2%} after, {data.caption}")
fall_guess.was(round(100 * (accuracy - after), 2))

# %% [markdown] covers="26 27"
# Every layer with weights can be pruned (pooling and flatten have none), and nearly all of the cut
# falls on the dense layer. Where pruning begins to hurt, and in which layer first, is measured in
# [lesson 06](06_how_much.ipynb).
#
# There are fewer weights now, but not less work: a dense matrix product multiplies by the zeros,
# too. [Lesson 13](13_faster.ipynb) shows what it takes to gain time.

# %% [markdown] covers="4"
# ### How large networks became
#
# LeNet-5 (1998) had 60,000 parameters (the one above, which papers on pruning use, has wider
# layers), AlexNet (2012) 60 million, VGG-16 (2014) 138 million, and all of them have to be trained,
# stored and run. On a phone that matters. Pruning begins with the finding that many of them are not
# needed *once the network has been trained*.

# %% [markdown] covers="16 21" corrects="9 12"
# <details><summary>What the article says of the history of CNNs</summary>
#
# It begins with LeCun in the 1980s and says that Hinton's deep belief networks (2006) laid the
# foundation of CNNs. Earlier came **1980** Fukushima's Neocognitron (local features that do not
# depend on position, learned without labels), **1989** LeCun's network for zip codes, trained by
# backpropagation, and **1998** LeNet-5. Deep belief networks are *fully connected*; CNNs do not
# stand on them. **2012** AlexNet, trained as a whole, won the ImageNet challenge.
#
# From recognition (what is in the image) the field went on to detection (where) and segmentation
# (which pixels; *semantic* by class, *instance* by object, *panoptic* both). The article calls
# R-CNN efficient. It was slow: its successor Fast R-CNN reports test times 213 times shorter, and
# Faster R-CNN five images a second. [Coverage](../docs/coverage.md).
# </details>

# %%
predict.summary()

# %% [markdown]
# ## What to remember
#
# - A convolution is one small set of weights used at every position; pooling has no weights; a
#   dense layer is a matrix product.
# - Weights are stored, MACs are done. Count both, layer by layer: they may lie in different layers.
# - In the dense layer, training leaves many small weights and few large ones.
#
# ## What to read
#
# - V. Dumoulin, F. Visin (2016), *A guide to convolution arithmetic for deep learning*, arXiv
#   1603.07285: every size, stride and padding, in pictures.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), *Gradient-Based Learning Applied to Document
#   Recognition*, doi 10.1109/5.726791: LeNet-5.
# - <details><summary>Sources of the history</summary>K. Fukushima (1980), <i>Neocognitron</i>, doi
#   10.1007/BF00344251; Y. LeCun et al. (1989), <i>Backpropagation Applied to Handwritten Zip Code
#   Recognition</i>, doi 10.1162/neco.1989.1.4.541; G. Hinton, S. Osindero, Y.-W. Teh (2006), <i>A
#   Fast Learning Algorithm for Deep Belief Nets</i>, doi 10.1162/neco.2006.18.7.1527; A.
#   Krizhevsky, I. Sutskever, G. Hinton (2012), <i>ImageNet Classification with Deep Convolutional
#   Neural Networks</i>, doi 10.1145/3065386; K. Simonyan, A. Zisserman (2014), <i>Very Deep
#   Convolutional Networks for Large-Scale Image Recognition</i>, arXiv 1409.1556; R. Girshick
#   (2015), <i>Fast R-CNN</i>, arXiv 1504.08083; S. Ren et al. (2015), <i>Faster R-CNN</i>, arXiv
#   1506.01497.</details>
