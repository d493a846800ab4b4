# %% [markdown]
# # 04 · A CNN from its parts
#
# **The question: what do convolution, pooling and dense layers do, and where are a network's
# weights and its work?**
#
# About 30 minutes. Before this: [02 · The prune operator](02_prune_operator.ipynb). One short
# training, two passes over the data.
#
# Chinese terms: convolution 卷积, kernel 卷积核, feature map 特征图, stride 步幅, pooling 池化,
# activation function 激活函数, fully connected (dense) layer 全连接层, parameter 参数,
# multiply-accumulate (MAC) 乘加运算.

# %% [markdown]
# ## What you will be able to do
#
# - compute a convolution, a pooling and a dense layer by hand, and match Keras to 0.00001;
# - count the parameters and the multiplications of any such layer from its shapes;
# - say where pruning saves storage and where it would save work, which is not the same place.

# %%
import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_utils import costs, masking, measuring, models, pruning
from course_utils.backend import keras
from course_utils.lessons import plots
from course_utils.lessons.checks import cnn_parts as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()

# %% [markdown] covers="15 17"
# ## Convolution: one small window, everywhere
#
# A **convolutional network** 卷积神经网络 stacks such layers: convolutions find features,
# pooling makes their maps smaller, and later layers find features of features, until dense ones
# decide. We take it apart, and begin with the first.
#
# A **kernel** 卷积核, in its simplest form, is a small matrix of weights. Lay it on the image,
# multiply entry by entry, sum up: one number. Here a bright bar on black, and a kernel with +1 on
# its left and −1 on its right. **Predict**: what comes out where the window covers the left edge of
# the bar? And the right edge?

# %%
image = np.zeros((5, 7))
image[:, 3:5] = 1
kernel = np.array([[1.0, 0, -1], [1, 0, -1], [1, 0, -1]])
print("left edge: ", np.sum(image[0:3, 1:4] * kernel))
print("right edge:", np.sum(image[0:3, 4:7] * kernel))

# %% [markdown]
# Now at every place where the window fits. The result is a **feature map** 特征图. **Predict** its
# shape, for this image of 5×7 and a kernel of 3×3:

# %%
places = [[image[r : r + 3, c : c + 3] for c in range(5)] for r in range(3)]
feature_map = np.array([[np.sum(window * kernel) for window in row] for row in places])
parts = {"image": image, "kernel": kernel, "feature map": feature_map}
fig, axes = plt.subplots(1, 3, figsize=(9.6, 3), width_ratios=[7, 3, 5])
for ax, (name, values) in zip(axes, parts.items(), strict=True):
    plots.matrix(values, ax=ax).set_title(f"{name}, {values.shape[0]}×{values.shape[1]}")
plt.show()

# %% [markdown]
# A window of 3 fits into 7 at five places: $7 - 3 + 1$. Keras calls this `"valid"`; with `"same"` a
# frame of zeros is put around the image first, so that the map is as large as the image.
#
# In mathematics, convolution turns the kernel by 180° first. Networks do not bother: the kernel is
# learned, so a turned one would be learned turned. Strictly this is *cross-correlation* 互相关.

# %% [markdown]
# ### Exercise 1
#
# Above, the 3 and the 5 stand in the code. Write it for any image and any kernel, not only square
# ones. A layer also adds one more learned number to the whole map, the **bias** 偏置.


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
# Make an array of zeros for the map, and fill it in two loops.
# </details>

# %% [markdown]
# ## Many positions, one size
#
# The same few weights are used at every position: **weight sharing** 权值共享. So a kernel finds
# its pattern wherever it is. The article says: at different positions *and scales*. Test it, with a
# kernel that looks for a small ring. **Predict** its answer to three rings, one of double size:

# %%
ring = np.pad(np.zeros((3, 3)), 1, constant_values=1)
scene = np.zeros((24, 40))
scene[2:7, 3:8] = ring
scene[16:21, 12:17] = ring
scene[6:16, 26:36] = np.kron(ring, np.ones((2, 2)))
looks_for_ring = ring - ring.mean()  # sums to 0, so that an even area gives 0
answer = np.pad((sliding_window_view(scene, (5, 5)) * looks_for_ring).sum((2, 3)), 2)

# %%
both = np.stack([scene, answer / answer.max()], axis=2)
plots.feature_maps(both, ["scene", "feature map"])
plt.show()
print(f"first ring   {answer[:12, :12].max() / answer.max():.0%}")
print(f"second ring  {answer[14:, 8:20].max() / answer.max():.0%}")
print(f"large ring   {answer[:, 22:].max() / answer.max():.0%}")

# %% [markdown] covers="17" corrects="10"
# The same full answer at both positions; at double size a weak one, at four corners of the ring and
# not in its middle. Positions yes, scales no: one kernel has one size. Larger patterns are found by
# *later* layers, which look at the maps of earlier ones after those have been made smaller, or by
# further kernels.

# %% [markdown]
# ## Now on digits, as Keras does it
#
# A layer's kernel holds many **filters** 滤波器, each as deep as its input has channels. The
# article's network has 32 filters of 3×3×1, so its kernel has the shape (3, 3, 1, 32). With all
# windows cut out at once, the whole layer is one sum of products (`einsum` sums over the axes that
# the result does not name: `d` channels, `h` rows, `w` columns of the window):

# %% tags=["varies"]
data = load_mnist()
print(data)
digits = data.x_val[:100]  # (100, 28, 28, 1)


# %%
def convolve(x, kernel, bias):
    """Return the maps (n, rows, columns, filters) of images (n, height, width, channels)."""
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))  # (n, r, c, channels, 3, 3)
    return np.einsum("nrcdhw,hwdf->nrcf", windows, kernel) + bias


layer = keras.layers.Conv2D(32, 3)
layer.build(digits.shape)
rng = np.random.default_rng(0)
filters, biases = rng.normal(0, 0.3, (3, 3, 1, 32)), rng.normal(0, 0.3, 32)
layer.set_weights([filters, biases])

# %% [markdown]
# **Predict**: how far are our numbers from Keras's?

# %%
ours = convolve(digits, filters, biases)
theirs = keras.ops.convert_to_numpy(layer(digits))
print("shapes:", ours.shape, theirs.shape)
print("largest difference below 0.00001:", np.abs(ours - theirs).max() < 1e-5)

# %% [markdown]
# Not exactly zero: Keras computes with 32-bit numbers and sums in another order. That is all a
# convolution is. The kernel of +1 and −1 from above, on a digit: it answers to vertical edges, and
# its transpose to horizontal ones:

# %% tags=["varies"]
vertical_and_horizontal = np.stack([kernel, kernel.T], axis=2)[:, :, None, :]
maps = convolve(digits[:1], vertical_and_horizontal, 0)[0]
shown = np.dstack([digits[0, 1:-1, 1:-1], maps / np.abs(maps).max()])
plots.feature_maps(shown, [data.caption.split(",")[0], "vertical edges", "horizontal edges"])
plt.show()

# %% [markdown] covers="20"
# ## Activation functions, and where they are zero
#
# After the sum comes an **activation function** 激活函数. Without it, two layers would be one: a
# matrix times a matrix is a matrix. **Predict** the two answers:

# %%
A, B, x = rng.normal(size=(4, 5)), rng.normal(size=(3, 4)), rng.normal(size=5)
print("two layers are one:            ", np.allclose(B @ (A @ x), (B @ A) @ x))
print("with a ReLU between them:      ", np.allclose(B @ np.maximum(A @ x, 0), (B @ A) @ x))

# %% [markdown]
# The three that the article names. **Predict**: which of them gives *exact* zeros?

# %%
activations = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "ReLU": lambda z: np.maximum(z, 0),
}
plots.functions(activations, -4, 4)
plt.show()

# %% tags=["varies"]
for name, function in activations.items():
    print(f"{name:8} {np.mean(function(ours) == 0):.1%} exact zeros, {data.caption}")

# %% [markdown] covers="20"
# Red is where a function is exactly 0: the whole left half for ReLU. Two consequences for pruning.
# These are zeros of *activations*, which change from digit to digit; pruning makes zeros of
# *weights*, which stay. And where ReLU is flat, no learning signal comes back: a unit that is below
# zero for every digit can only be woken by changes in earlier layers. Lesson 05 will meet weights
# that stay zero for this reason.

# %% [markdown] covers="18"
# ## Pooling: no parameters
#
# **Max pooling** 最大池化 keeps the largest of each 2×2 block, **average pooling** 平均池化 their
# mean. Cutting the map into blocks is a reshape. **Predict** the shape that 26×26 becomes:

# %%
blocks = ours.reshape(100, 13, 2, 13, 2, 32)
largest, mean = blocks.max(axis=(2, 4)), blocks.mean(axis=(2, 4))
for by_hand, kind in ((largest, keras.layers.MaxPooling2D), (mean, keras.layers.AveragePooling2D)):
    pool = kind(2)
    difference = np.abs(by_hand - keras.ops.convert_to_numpy(pool(theirs))).max()
    print(by_hand.shape, "matches:", difference < 1e-5, " parameters:", pool.count_params())

# %% [markdown] covers="18" corrects="11"
# The article says that pooling lowers the number of parameters. It has none, and none of the layer
# before it goes away. What it shrinks is the *map*, and so whatever comes *after* pays less. If
# that is a dense layer, it pays in parameters:

# %%
for size, name in ((26, "without pooling"), (13, "with pooling")):
    inputs = size * size * 32
    learned = costs.parameters((inputs, 64))
    print(f"{name:16} {inputs:6,} inputs, dense layer {learned:9,} parameters")

# %% [markdown]
# ### Exercise 2
#
# A window of `window` pixels starts at every `stride`-th place, and only whole windows count. How
# many are there along one axis of length `size`? (Convolutions obey the same rule, with a stride of
# 1 most of the time.)


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

# %% [markdown] covers="19 59" corrects="33"
# ## Flatten and dense: a matrix product
#
# `Flatten` only writes the numbers of all maps in one row. A **dense** or **fully connected** layer
# 全连接层 multiplies this row by a weight matrix: every input meets every unit. Here is the
# article's network, untrained. (The article gives the first layer an `input_shape`, for which
# Keras 3 prints a warning; `models.article_cnn` begins with a `keras.Input`.)

# %%
model = models.article_cnn()
for part in model.layers:
    print(f"{part.name:8} {part.output.shape[1:]!s:14} {part.count_params():8,} parameters")

# %% [markdown]
# You know all its parts now. The whole network, by hand:


# %%
def forward(x, weights):
    """Return the ten probabilities of each image; `weights` as model.get_weights() lists them."""
    kernel, bias, W1, b1, W2, b2 = weights
    maps = np.maximum(convolve(x, kernel, bias), 0)
    pooled = maps.reshape(len(x), 13, 2, 13, 2, 32).max(axis=(2, 4))
    hidden = np.maximum(pooled.reshape(len(x), -1) @ W1 + b1, 0)
    scores = np.exp(hidden @ W2 + b2)
    return scores / scores.sum(axis=1, keepdims=True)  # softmax: ten shares that sum to 1


probabilities = forward(digits, model.get_weights())
print("matches Keras:", np.allclose(probabilities, model.predict(digits, verbose=0), atol=1e-5))

# %% [markdown]
# ## Two ways to count
#
# **Parameters** 参数 have to be stored. **MACs** 乘加运算, multiplications with an addition, have
# to be done, for every image. In a dense layer each weight is used once per image. In a convolution
# each weight is used again at *every position* of the map.
#
# **Predict**, before the count: which layer holds most of the weights, and which does most of the
# work?

# %%
shapes = {
    "conv": ((3, 3, 1, 32), (26, 26)),  # its kernel, and the positions where it is used
    "dense": ((13 * 13 * 32, 64), ()),
    "output": ((64, 10), ()),
}
for name, (shape, positions) in shapes.items():
    stored, done = costs.parameters(shape), costs.macs(shape, positions)
    print(f"{name:7} {stored:8,} parameters {done:8,} MACs")

# %%
by_hand = sum(costs.parameters(shape) for shape, _ in shapes.values())
print("the same as Keras counts:", by_hand == model.count_params())
report = measuring.report(model)
print(report)


# %%
def weights_and_macs(report):
    """Return {"weights": {layer: count, …}, "MACs": {…}} of the layers that have weights."""
    rows = [row for row in report.rows if row.weights]
    return {
        "weights": {row.layer: row.weights for row in rows},
        "MACs": {row.layer: row.macs for row in rows},
    }


plots.shares(weights_and_macs(report))
plt.show()

# %% [markdown]
# The dense layer holds nearly *all* the weights and does less than two thirds of the work. The
# convolution is the other way round: so few weights that the upper bar cannot show them, and more
# than a third of the work. Its weights are that much busier:

# %%
rows = [row for row in report.rows if row.weights]
for row in rows:
    print(f"{row.layer:7} {row.macs // row.weights:4} MACs per image for each weight")

# %% [markdown]
# ### Exercise 3
#
# Count for any convolution with a square kernel: `size`×`size` pixels with `channels` channels come
# in, `filters` maps go out, "valid", stride 1. Return both numbers, parameters with biases, MACs
# without.


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
# For a small *file*, prune where the weights are; for less *work*, where the MACs are. In the
# article's network both bars are led by one layer. **Predict** for LeNet-5, in the form that
# pruning papers use (two convolutions of 20 and 50 filters of 5×5, dense layers of 500 and 10): the
# same?

# %%
lenet = measuring.report(models.lenet5())
plots.shares(weights_and_macs(lenet))
plt.show()
print(f"{lenet.total.parameters:,} parameters, {lenet.total.macs:,} MACs")

# %% [markdown]
# Here they part. Nearly all weights are in the first dense layer `fc1`, most of the work in the
# second convolution. “90 % pruned” can mean a tenth of the weights and still most of the work. So
# always say *of what*.

# %% [markdown]
# ## Train it
#
# A **loss** 损失 says how wrong the network's outputs are. Its **gradient** 梯度 says, for each
# weight, which way lowers the loss. An **optimizer** 优化器 (here one called Adam) moves all
# weights a little that way: one **step**, from one **batch** 批 of images. All batches once are one
# **epoch** 轮. We take two, or a part of the images in quick mode. **Predict** the accuracy on the
# validation digits:

# %% tags=["varies"]
untrained = pruning.weights(model)
part = data.head(2000) if quick_mode() else data
epochs = 20 if data.stand_in else 2  # the stand-in has few images
with Progress("article's CNN", epochs) as progress:
    how = {"batch_size": 64, "epochs": epochs, "verbose": 0, "callbacks": [progress]}
    model.fit(part.x_train, part.y_train, **how)

# %% tags=["varies"]
accuracy = model.evaluate(data.x_val, data.y_val, batch_size=500, verbose=0)[1]
print(f"{accuracy:.2%} of {len(data.y_val):,} validation images right, {data.caption}")

# %% [markdown]
# What did it learn? First the 32 filters, before and after (orange positive, purple negative; each
# row of pictures has its own scale):

# %% tags=["varies"]
trained = pruning.weights(model)
fig, axes = plt.subplots(2, 1, figsize=(8, 2.6))
for ax, (name, weights) in zip(axes, {"before": untrained, "after": trained}.items(), strict=True):
    plots.filters(weights["conv/kernel"], 16, ax).set_title(f"{name} training, {data.caption}")
plt.show()

# %% [markdown]
# Have some become edge detectors like the one that we wrote by hand, one side positive, the other
# negative? Count those that point the same way as one of our two, or the opposite way (a cosine
# above 0.7 in size):

# %% tags=["varies"]
edges = np.stack([kernel, kernel.T]).reshape(2, 9) / np.linalg.norm(kernel)
for when, weights in {"before": untrained, "after": trained}.items():
    flat = weights["conv/kernel"].reshape(9, 32)
    cosines = np.abs(edges @ flat / np.linalg.norm(flat, axis=0)).max(axis=0)
    print(f"{when} training: {np.sum(cosines > 0.7)} of 32 filters are such edges, {data.caption}")

# %% [markdown]
# What each makes of one digit, after ReLU:

# %% tags=["varies"]
kernels, bias = model.get_layer("conv").get_weights()
maps = np.maximum(convolve(digits[:1], kernels, bias)[0], 0)
plots.feature_maps(maps, range(32), columns=11).suptitle(f"32 feature maps, {data.caption}")
plt.show()

# %% [markdown]
# **Predict** the two shapes: the weights of each layer as they were drawn at random, and after
# training.

# %% tags=["varies"]
fig, axes = plt.subplots(2, 3, figsize=(10, 5), sharex="col")
for row, (when, weights) in zip(axes, {"before": untrained, "after": trained}.items(), strict=True):
    for ax, (name, W) in zip(row, weights.items(), strict=True):
        plots.histogram(W, ax=ax).set_title(f"{name}, {when}, σ = {W.std():.3f}")
        ax.set(xlabel="weight w" if when == "after" else "", ylabel="")
fig.supylabel("number of weights")
plt.show()

# %% [markdown]
# How many are negative? (A rule without absolute value would cut all of those, lesson 02.)

# %% tags=["varies"]
print({name: f"{np.mean(W < 0):.0%} negative" for name, W in trained.items()})

# %% [markdown]
# Before: even between two limits that depend on the layer's size. After: in the dense layer a peak
# at zero with long tails. Magnitude pruning lives on that: most weights are small, a few are large.
# And the three layers live on different scales, so one threshold for all of them treats them very
# differently (lessons 01 and 02).

# %% [markdown]
# ## The first five percent
#
# Prune 5 % of all weights, the smallest of the whole network. **Predict**: which layer loses most
# weights? Which loses the largest *share* of its own? And what happens to the accuracy?

# %% tags=["varies"]
masks = masking.make_masks({name: np.abs(W) for name, W in trained.items()}, sparsity=0.05)
for row, (name, mask) in zip(rows, masks.items(), strict=True):
    cut = int(np.sum(~mask))
    print(f"{name:14} {cut:6,} of {mask.size:7,} cut ({cut / mask.size:.1%}), "
          f"{cut * row.macs // row.weights:6,} MACs")  # fmt: skip

# %% tags=["varies"]
pruning.attach(model, masks)
after = model.evaluate(data.x_val, data.y_val, batch_size=500, verbose=0)[1]
print(f"validation accuracy {accuracy:.2%} before, {after:.2%} after, {data.caption}")
print(f"sparsity {masking.sparsity(pruning.weights(model)):.2%}")

# %% [markdown] covers="26 27"
# The dense layer pays for nearly everything, because nearly everything is there and most of it is
# small. The accuracy hardly moves (one image more or less is no difference). Five
# percent is nothing yet; where it begins to hurt, and in which layer first, is a question of its
# own. Every layer with weights can be pruned; pooling and flatten have none.
#
# The MACs in the last column are those that a machine *could* leave out. A dense matrix product
# leaves out none: it multiplies by the zeros. The article promises that pruning a CNN gives fewer
# parameters, faster training and easier deployment on phones. The first you can count (lesson 05).
# For the other two something has to *use* the zeros, and that is measured in a later lesson.

# %% [markdown] covers="16 21" corrects="9 12"
# ## A short history, put right
#
# The article begins with LeCun in the 1980s, and says that Hinton's deep belief networks (2006)
# laid a foundation for the development of CNNs.
#
# - **1980**, K. Fukushima: the *Neocognitron* has layers of local, position-independent features
#   in alternation with layers that tolerate shifts. It learns without labels.
# - **1989**, Y. LeCun et al.: a convolutional network for zip codes, trained as a whole by
#   backpropagation. **1998**, LeCun, Bottou, Bengio, Haffner: LeNet-5.
# - **2006**: deep belief networks are trained layer by layer, with *fully connected* layers. They
#   revived deep learning, but CNNs do not stand on them.
# - **2012**, A. Krizhevsky, I. Sutskever, G. Hinton: AlexNet, trained end to end, wins the
#   ImageNet challenge.
#
# From there: *recognition* (what is in the image), *detection* (where), *segmentation* (which
# pixels; *semantic* by class, *instance* by object, *panoptic* both). The article calls R-CNN and
# its successors efficient detection. R-CNN itself was slow: its successor, Fast
# R-CNN, is reported to be 213 times faster at test time. With Faster R-CNN came five images a
# second.

# %% [markdown] covers="4"
# ### Why networks became too large
#
# LeNet-5 had 60,000 parameters, AlexNet 60 million, VGG-16 138 million two years later: each reads
# larger images, with more and wider layers, and each has to be trained, stored and run. On a phone
# that matters. That is where pruning comes in: not all of these weights are needed *once the
# network has been trained* (lessons 05 and 06).

# %% [markdown]
# ## What to remember
#
# - A convolution is one small set of weights used at every position; pooling has no weights; a
#   dense layer is a matrix product.
# - Weights are stored, MACs are done. Count both, layer by layer: they are not in the same place.
# - In the dense layer training leaves many small weights and few large ones. Pruning the smallest
#   lives on that.
#
# ## What to read
#
# - V. Dumoulin, F. Visin (2016), *A guide to convolution arithmetic for deep learning*, arXiv
#   1603.07285: every size, stride and padding, in pictures.
# - Y. LeCun et al. (1989), *Backpropagation Applied to Handwritten Zip Code Recognition*, doi
#   10.1162/neco.1989.1.4.541; K. Fukushima (1980), *Neocognitron*, doi 10.1007/BF00344251.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), *Gradient-Based Learning Applied to Document
#   Recognition*, doi 10.1109/5.726791: LeNet-5. A. Krizhevsky, I. Sutskever, G. Hinton (2012),
#   *ImageNet Classification with Deep Convolutional Neural Networks*, doi 10.1145/3065386: AlexNet.
#   K. Simonyan, A. Zisserman (2014), *Very Deep Convolutional Networks for Large-Scale Image
#   Recognition*, arXiv 1409.1556: VGG-16.
# - G. Hinton, S. Osindero, Y.-W. Teh (2006), *A Fast Learning Algorithm for Deep Belief Nets*, doi
#   10.1162/neco.2006.18.7.1527.
# - R. Girshick (2015), *Fast R-CNN*, arXiv 1504.08083; S. Ren et al. (2015), *Faster R-CNN*,
#   arXiv 1506.01497: the figures above are from their abstracts.
# - Glossary: *kernel* 卷积核 the weights of a convolution; *filter* 滤波器 the part of it that
#   makes one map; *feature map* 特征图 its result; *MAC* 乘加运算 one multiplication with its
#   addition.
