# %% [markdown]
# # 00 · Start here
#
# **The question: is my machine ready, and how do these notebooks work?**
#
# About 10 minutes. Before this: nothing but a little Python. You have read a notebook cell when you
# have run it, so run each one as you come to it.
#
# Chinese terms: pruning 剪枝, weight pruning 权重剪枝, structural pruning 结构剪枝, convolutional
# neural network 卷积神经网络, notebook 笔记本, exercise 练习.

# %% [markdown]
# ## What you will be able to do
#
# - say whether this machine can run the course, and how long its longest lesson will take here;
# - run, break and mend a notebook, solve an exercise, and read what its check says;
# - say in one sentence what pruning is, and tell weight pruning from structural pruning.

# %% [markdown]
# ## How to run a cell
#
# Click into the grey cell below and press **Shift+Enter**. The number in brackets on its left tells
# in which order cells ran; `[*]` means *running now*. Run the cells from top to bottom: each one
# uses what those above it made.

# %%
import os
import time

import matplotlib.pyplot as plt
import numpy as np

from course_utils import masking, operators
from course_utils.lessons import plots, widgets
from course_utils.lessons.checks import start_here as check
from course_utils.lessons.data import load_mnist

plots.use_style()
print("The first cell has run.")

# %% [markdown]
# Whatever goes wrong (a name that is not defined, results that make no sense, a cell that does not
# end), one thing helps: the menu **Kernel → Restart Kernel and Run All Cells…** It forgets
# everything and starts from the top. The lessons are short, so that this costs little.
#
# To have a lesson as it was, without your answers: in a clone, `git checkout notebooks` in a
# terminal; if you were given a zip file, take the notebook out of it again.

# %% [markdown]
# ## Is the machine ready?
#
# Four things are needed. The next cell looks which versions are here, which takes some seconds the
# first time, since it loads TensorFlow:

# %% tags=["varies"]
found = check.versions()
for name, version in found.items():
    print(f"{name:10} {version:10} (needed: {check.OLDEST[name]} or newer)")

# %% tags=["varies"]
check.machine(found)

# %% [markdown] covers="55 56" corrects="28"
# A ✗ names the culprit and the way out. The article that this course grew from asks for Python 3.7
# or newer and pins no version of anything. That was never a promise that one could keep: each
# release of Keras says which Pythons it runs on, and the one installed here wants a newer one than
# 3.7. (The article also makes three folders, `data`, `code` and `results`, and uses one. Here there
# is nothing to make.)

# %% tags=["varies"]
from importlib.metadata import metadata

print("Keras", found["Keras"], "needs Python", metadata("keras")["Requires-Python"])

# %% [markdown]
# ## Are the digits here?
#
# The course prunes networks that read handwritten digits: **MNIST**, 70,000 grey images of 28×28
# pixels. Loading them takes a moment, and a download the first time.

# %% tags=["varies"]
data = load_mnist()
print(data)

# %% [markdown]
# If the first line says *MNIST*, all is well. If it names a **stand-in**, there was no MNIST and no
# network: you have 1,797 smaller digits that come with the course. Every lesson runs on them,
# faster, but your figures will differ from the committed ones. For MNIST, go online and restart the
# kernel, or put `mnist.npz` into a folder and name that folder in the environment variable
# `COURSE_DATA_DIR` before you start.
#
# Three splits, three uses: *train* to learn from, *val* to choose by, *test* to look at once, at
# the end. **Predict**: can you read all ten?

# %% tags=["varies"]
plots.images(data.x_train[:10], data.y_train[:10]).set_xlabel(data.caption)
plt.show()

# %% [markdown]
# ## How a lesson goes
#
# A sentence says what comes, a few lines of code do it, a number or a picture shows it. Before the
# important ones stands **Predict**. Do it, in words or with a pencil, *before* you run the cell. A
# wrong guess teaches more than a right one, and costs nothing here. Try it:
#
# **Predict**: this is what a layer of a network knows, a small matrix of **weights** 权重. How many
# of its twelve entries will be crossed out, if every weight of size 0.35 or less is removed?

# %%
W = np.array([[0.9, -0.1, 0.5], [-0.3, 0.7, 0.0], [0.4, -0.8, -0.2], [0.6, 0.35, -0.5]])
pruned = operators.prune(W, 0.35)
plots.matrix(pruned, pruned != 0)
plt.show()

# %% [markdown]
# The removed weights are *exactly* zero now, and one was zero before. If you guessed one too few,
# you kept the 0.35 itself, or forgot the 0.0; lesson 02 is about such borders.

# %% [markdown]
# ### Exercise 1
#
# An exercise is a cell with `...` in it. Replace the dots by your answer, run the cell, then the
# one below it. First run both as they are, to see what an open exercise looks like.
#
# **How many weights of `pruned` are exactly zero?** Count, or let Python count.

# %% tags=["exercise"]
# BEGIN SOLUTION
answer = np.sum(pruned == 0)
# END SOLUTION

# %% tags=["check"]
check.count_zeros(answer, pruned)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Hints fold out like this one. <code>pruned == 0</code> is a matrix of True and False, and
# <code>np.sum</code> counts True as 1.
# </details>

# %% [markdown]
# A check tells one of three things: **…** not yet solved, **✗** with a hint that points at the
# mistake, **✓** with what the answer means. A wrong answer leaves no trace, and nothing below ever
# depends on yours. This is what a wrong one looks like:

# %%
check.count_zeros(7, pruned)

# %% [markdown]
# ### Exercise 2
#
# Most exercises ask for a function. The check calls it with *random* arrays of several shapes, so
# that an answer that fits only the example does not pass.
#
# **Sparsity** 稀疏度 is the share of entries that are exactly zero, between 0 and 1. Write it.


# %% tags=["exercise"]
def my_sparsity(W):
    """Return the share of the entries of W that are exactly zero."""
    # BEGIN SOLUTION
    return np.mean(W == 0)
    # END SOLUTION


# %% tags=["check"]
check.sparsity(my_sparsity)

# %% [markdown] tags=["solution-only"]
# The mean of True and False is the share of True. `np.sum(W == 0) / W.size` is the same.

# %% [markdown]
# <details><summary>Hint</summary>
#
# The number of zeros, divided by the number of entries. <code>W.size</code> is the number of
# entries, whatever the shape; <code>len(W)</code> is only the number of rows.
# </details>
#
# Stuck for long? In a clone of the course, `notebooks/solutions` holds every notebook once more,
# solved and executed. Look there *after* a try of your own; in a class, ask.

# %% [markdown] covers="2 7"
# ## What pruning is
#
# A network is layers of units 神经元 joined by weighted connections. Here is a small one: three
# inputs, four hidden units, two outputs. Orange weights are positive, purple negative, thick ones
# large. **Pruning** 剪枝 removes what the network can do without, so that there is less to store
# and, if something makes use of it, less to compute. There are two kinds:

# %%
first = np.array([[0.9, -0.1, 0.5, 0.2], [-0.7, 0.2, 0.1, -0.8], [0.1, -0.3, 0.6, 0.4]])
second = np.array([[0.7, -0.2], [0.3, 0.1], [-0.1, 0.9], [0.4, -0.6]])
keep = [0, 2, 3]  # hidden unit 1 has only small weights
kinds = {
    "before": (first, second),
    "weight pruning": (operators.prune(first, 0.3), operators.prune(second, 0.3)),
    "structural pruning": (first[:, keep], second[keep]),
}

# %% [markdown]
# **Predict**: both kinds remove weights from the first matrix, which is drawn below its network.
# Which kind leaves fewer numbers to *store*?

# %%
fig, axes = plt.subplots(2, 3, figsize=(9.6, 5.6), height_ratios=[1.1, 1])
for (name, weights), (top, bottom) in zip(kinds.items(), axes.T, strict=True):
    plots.network(weights, top).set_title(name)
    plots.matrix(weights[0], weights[0] != 0, bottom)
    bottom.set_xlabel(f"{weights[0].size} numbers, {np.sum(weights[0] == 0)} are zero")
plt.show()

# %% [markdown] covers="5 8 9 10 11 12 13" corrects="2 3 4 5 6"
# - **Weight pruning** 权重剪枝 sets single weights to zero, *exactly*, and holds them there. The
#   matrix keeps its shape; a zero is still a number that is stored and multiplied, unless something
#   else is done about it. (The article speaks of lowering weights towards zero. That is
#   regularization, a different thing.)
# - **Structural pruning** 结构剪枝 takes out whole units, or whole filters of a convolution, with
#   all their connections. The matrices become smaller. (The article calls the removal of single
#   connections structural, too. It is not: nothing shrinks.)
#
# The article's core idea, to remove weights step by step *during* training, is one of several:
# networks are also pruned after training, and even before. And structural pruning works by itself;
# it does not need weight pruning to pay off.
#
# The words *static* 静态 and *dynamic* 动态 belong to another question: **when is it decided?**
# Static pruning is decided once, before the network is used. Dynamic pruning is decided anew for
# each input, while the network is used. (The article calls pruning *during training* dynamic. For
# that the literature has another name, *dynamic sparse training*. And it ties both words to weight
# pruning; but what is removed, and when it is decided, are free of each other.)

# %% [markdown] covers="1 6 14" corrects="1 7 8"
# ### What for? Five claims
#
# The article says that pruning has five benefits. It measures none of them. We measure what can be
# measured. **Predict** which of the five will hold, then see whether the lessons agree:
#
# | the claim | lessons | in one line |
# |---|---|---|
# | a simpler model | 04, 05, 09 | fewer weights, if the mask is held; smaller arrays if units go |
# | faster training | 08 | no: zeros are multiplied, too, and retraining comes on top |
# | better, more robust results | 05, 15 | sometimes, where little is pruned; it is no rule |
# | easier deployment | 11 | yes, by fewer channels and fewer bits; zeros alone save no time |
# | a network that explains itself | 15 | the article also says the opposite (7.2): we test it |

# %% [markdown]
# ## Sliders
#
# Some pictures have a slider, if you started with `make lab`; elsewhere you see one still picture.
# In this one the smallest weights go first. **Predict**, from the picture without cuts: which unit
# is the first that has nothing left, after how many cuts? The cell after the slider shows it.


# %%
def draw(cut):
    sizes = np.concatenate([first.ravel(), second.ravel()])
    keep = masking.make_masks({"all": np.abs(sizes)}, cut / sizes.size)["all"]
    left = np.where(keep, sizes, 0)
    weights = left[: first.size].reshape(first.shape), left[first.size :].reshape(second.shape)
    return plots.network(weights).set_title(f"{cut} of {sizes.size} weights cut").axes


widgets.slider(draw, cut=(0, 20, 1, 0))

# %%
draw(10)
plt.show()

# %% [markdown]
# The second hidden unit, after ten cuts: all its weights are small. Here the two kinds of pruning
# meet. A unit without connections can be taken out whole, and then the matrices do shrink.

# %% [markdown]
# ## How long will it take here?
#
# Lesson 05 trains for the longest time. To know what that means on *this* machine, train the same
# network on a small part of the data. The first call is not timed, since TensorFlow prepares the
# computation in it:

# %% tags=["varies"]
from course_utils.models import article_cnn

model = article_cnn()
part = data.head(1600)
model.fit(part.x_train, part.y_train, batch_size=32, verbose=0)
start = time.perf_counter()
model.fit(part.x_train, part.y_train, batch_size=32, verbose=0)
seconds = time.perf_counter() - start

# %% tags=["varies"]
epoch = seconds * len(data.x_train) / len(part.x_train)
print(f"{os.cpu_count()} processor cores, {data.caption}")
print(f"one pass over the training images (an epoch): about {epoch:.1f} s")
print(f"lesson 05, 86 such passes:                    about {86 * epoch / 60:.0f} minutes")

# %% [markdown]
# Lesson 05 trains several networks, to have something to compare with, and a machine that works on
# other things at the same time takes longer. If that is too long for you, there is a **quick mode**
# with one epoch on fewer images: start with `COURSE_QUICK=1 make lab`. Sparsities and accuracies
# differ then; that zeros are lost where no mask is held shows in both.

# %% [markdown]
# ## The map
#
# One question each. A number in the text is computed by a cell that you can change, or names its
# source.
#
# - **00** start here (this one): is my machine ready, and how do these notebooks work?
# - **01** [norms and normalization](01_norms.ipynb): what does $W / \|W\|$ change, and what does
#   it not?
# - **02** [the prune operator](02_prune_operator.ipynb): what does $W \odot (|W| > \theta)$ do,
#   and is anything better?
# - **03** [the worked example](03_worked_example.ipynb): where does the article's 3×3 example go
#   wrong?
# - **04** [a CNN from its parts](04_cnn_parts.ipynb): what do convolution, pooling and dense
#   layers do, and where are the weights and the work?
# - **05** [prune and retrain](05_prune_and_retrain.ipynb): the article's script, run. Is the
#   pruned network pruned?
# - **06** [how much to prune](06_how_much.ipynb): how much can be taken out, and how is that
#   decided?
# - **07** [which weights matter](07_which_weights.ipynb): is a clever answer better than size, and
#   is size better than chance?
# - **08** [pruning while training](08_while_training.ipynb): when should weights go, and may they
#   come back?
# - **09** [structural pruning](11_structural_pruning.ipynb): filters and neurons removed: is the
#   network really smaller?
# - **10** [channels that belong together](12_channels_together.ipynb): a network branches and
#   joins: which channels can go only together?
# - **11** [does it run faster?](13_faster.ipynb): bytes, multiply-accumulates, milliseconds.
#
# - **12** [joint compression](14_joint_compression.ipynb): what does pruning add to other ways of
#   making a network small, and they to it?
# - **13** [automatic and adaptive pruning](16_automatic_pruning.ipynb): can a program decide how
#   much to take from each layer?
# - **14** [beyond digits](17_beyond_digits.ipynb): does it hold for boxes, pixels, sounds and
#   words?
# - **15** [what did it forget?](19_what_did_it_forget.ipynb): two networks have the same accuracy.
#   Are they the same?
# - **16** [capstone](20_capstone.ipynb): here are a budget and some data. Can you do all of it?

# %% [markdown] covers="78 79 80 81 96 97 98 99 100" corrects="39 55"
# ### What the article calls the future
#
# Its section 7 names four trends and four challenges, and section 9 repeats them. (Section 6
# repeats 3.4 in the same way; here each thing stands once.) The trends were there already when it
# was written: *adaptive* and *automated* pruning (Y. He et al. 2018, arXiv 1802.03494; lesson 16),
# *joint* with other methods (Han et al. 2016, arXiv 1510.00149; lesson 14), and *in other fields*
# than images (Narang et al. 2017, arXiv 1704.05119; lesson 17).
#
# The challenges are with us still: how much loss for how much compression (lesson 06), which method
# (07), what pruning itself costs (08), and whether anybody understands the pruned network (15). And
# what its outlook (9.4) asks for is partly there: better criteria and schedules (07, 08), other
# fields (14), automatic tools (13), and experiments on interpretability (15).

# %% [markdown] covers="3"
# ## Why a course, and not only the article
#
# The course will cover everything that the article (in Chinese, on pruning convolutional networks)
# teaches. It also *runs* everything. That is how we found that its worked example ends in a wrong
# matrix (lesson 03), and that its program, which prunes a network and trains it again, ends with a
# network that is **mostly dense**: most of what it pruned has grown back, and no line of the
# program looks. Its accuracy is printed as a success of pruning. Lesson 05 shows how this happens,
# step by step, and how to prevent it.
#
# So this is the habit to take along: *do not believe that it is pruned. Count the zeros.* A table
# lists [all that the article teaches](../docs/coverage.md), and where the course teaches it or puts
# it right.

# %% [markdown] covers="92 93 94 107 108 109 110 111" corrects="44 45 46 47 48"
# ## The article's sources, put right
#
# The author line is a pen name. Of the four references one exists as it is printed. If you want to
# read on, these are the real ones; [references](../docs/references.md) lists all of the course's
# sources, each with its identifier.
#
# - *Dong, Dosovitskiy, Brox, ICCV 2016, on weights*: there is no such paper. P. Molchanov et al.,
#   ICLR 2017, arXiv 1611.06440, has nearly this title. It prunes whole *filters*.
# - *Han, Pool, Chen, Meng 2015*: S. Han, J. Pool, J. Tran, W. J. Dally, NIPS 2015, arXiv
#   1506.02626, the original of prune and retrain. In the list of references it stands a second
#   time, as *ICML 2015*, with half the title of another paper: Z. Liu et al., *Learning Efficient
#   Convolutional Networks through Network Slimming*, ICCV 2017, arXiv 1708.06519.
# - *Clara et al. 2020, EfficientNet, by structural pruning*: M. Tan, Q. V. Le, ICML 2019, arXiv
#   1905.11946. It tells how to scale a network *up*, and prunes nothing.
# - *He et al., CVPR 2016*: right (arXiv 1512.03385). But it is about residual networks, not about
#   pruning, and the text never mentions it.

# %% [markdown] covers="86 87 88 89 90 91" corrects="41 42 43"
# ### Books, courses and tools
#
# - *Deep Learning*, by Goodfellow, Bengio and Courville (2016): good for convolution and training.
#   On pruning it does not help: a short section on model compression is all.
# - *Neural Networks and Deep Learning*: the article gives it to Andrew Ng. It is by Qiu Xipeng
#   (2020, in Chinese). M. Nielsen's free book has the same title, and so has a *course* of Ng's.
# - Courses on Coursera: for the basics, Ng's among them. For pruning we know of none there.
# - TensorFlow (arXiv 1603.04467), PyTorch (arXiv 1912.01703), and Keras as an interface to the
#   first: Keras 3 runs on TensorFlow, PyTorch *or* JAX.
#
# Tools for pruning itself are missing in its list. For PyTorch there are `torch.nn.utils.prune`
# (masks) and Torch-Pruning (channels; arXiv 2301.12900). For TensorFlow there is the Model
# Optimization Toolkit (masks), which works with Keras 2 only. For Keras 3 you have `course_utils`.

# %% [markdown]
# ## What to remember
#
# - Shift+Enter runs a cell; *Restart Kernel and Run All Cells…* is the way out of any mess.
# - Predict, run, look. A check says … (not yet), ✗ (with a hint) or ✓.
# - Pruning sets weights to exactly zero and holds them there, or removes whole units and filters
#   so that the matrices become smaller. Near zero is not pruned.
#
# ## What to read
#
# - T. Liang et al. (2021), *Pruning and Quantization for Deep Neural Network Acceleration: A
#   Survey*, arXiv 2101.09671: static and dynamic, as the words are used here.
# - H. Li et al. (2016), *Pruning Filters for Efficient ConvNets*, arXiv 1608.08710: whole
#   filters, and why that differs from single weights.
# - Glossary: *weight* 权重 a number that training sets; *unit* 神经元 a column of weights with
#   its sum; *sparsity* 稀疏度 the share of exact zeros; *epoch* 轮 one pass over the training
#   images.
