# %% [markdown]
# # 00 · Start here
#
# **The question: we prune a network and train it a little more. Is it still pruned?**
#
# About 35 minutes. Before this: a little Python. What else later lessons build on is explained on
# one page, [prerequisites](../docs/prerequisites.md).
#
# This is a notebook: text, and cells of code that you run. Click into a grey cell and press
# **Shift+Enter**. Run the cells from top to bottom, since each one uses what those above it made.
# A star, `[*]`, means that a cell is still at work: the first loads TensorFlow, which can take half
# a minute. You need not understand every line of code today.
#
# Chinese terms: pruning 剪枝, weight pruning 权重剪枝, structural pruning 结构剪枝, convolutional
# neural network 卷积神经网络, notebook 笔记本, exercise 练习.
#
# ## What you will be able to do
#
# - say in one sentence what pruning is, and tell weight pruning from structural pruning;
# - show that a network which was pruned need not be pruned any more;
# - run a notebook, solve an exercise, and read what its check says.

# %% tags=["varies"] covers="55 56" corrects="28"
import matplotlib.pyplot as plt
import numpy as np

from course_utils import masking, models, operators, pruning
from course_utils.lessons import logbook, networks, plots, widgets
from course_utils.lessons.checks import start_here as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import quick_mode

predict = Predictions("00_start_here")
plots.use_style()
check.machine(check.versions())

# %% [markdown]
# A ✓ means that this machine can run every lesson. A ✗ says what is missing, and what to do.
#
# ## Is it still pruned?
#
# The **weights** 权重 of a neural network are the numbers that training has set. **Pruning** 剪枝
# removes those that the network can do without. Let us do it. The next cell loads images of
# handwritten digits (**MNIST**, or a small stand-in if MNIST cannot be downloaded) and a network
# that has learned to read them and comes with the course. Its **accuracy** is the share of images
# that it reads correctly.

# %% tags=["varies"]
TRAIN = False  # True: train the network here, about 30 s
data = load_mnist()
few = data.head(1000, held_out=500) if quick_mode() else data.head(5000, held_out=2000)
model = networks.train("lenet5") if TRAIN else networks.trained("lenet5", data)
trained = model.get_weights()


def look(stage, run):
    """Count the zeros among all weights, measure the accuracy, and note both in `run`."""
    zeros = masking.sparsity(pruning.weights(model))
    accuracy = model.evaluate(few.x_val, few.y_val, batch_size=500, verbose=0)[1]
    run[stage] = zeros, accuracy, pruning.weights(model)["fc1/kernel"]  # and one layer
    print(f"{stage:15} {zeros:4.0%} of the weights are zero, accuracy {accuracy:.1%}")


free = {}
look("trained", free)

# %% [markdown]
# We shall set to zero the 90 % of the weights that are nearest to it and then train on, as is usual
# after pruning: first a single **step**, in which the network sees 128 images and the weights move
# a little, then one pass over all the training images in `few`, a part of the data.
#
# **Predict** marks a question to answer *before* you run what follows. Put your number, without a
# unit (90, not 90 %), in place of the dots and run the cell; when the result is there, it is shown
# beside your guess. A wrong guess costs nothing. You may leave the dots, but run the cell.

# %%
accuracy_guess = predict("Accuracy right after the cut?", ..., unit="%")  # your number
zeros_guess = predict("Share of zeros one step later?", ..., unit="%")  # your number

# %% tags=["varies"]
model.set_weights(trained)
pruning.prune(model, 0.9)
pruning.detach(model)  # the zeros are in place; nothing holds them there
look("cut", free)
model.fit(few.x_train[:128], few.y_train[:128], batch_size=128, verbose=0)
look("one step later", free)
model.fit(few.x_train, few.y_train, batch_size=128, verbose=0)
look("end", free)

# %% tags=["varies"]
cut, step = free["cut"], free["one step later"]
assert step[0] < cut[0] / 4  # most zeros are gone
print("Accuracy right after the cut:")
accuracy_guess.was(round(100 * cut[1]))
print("Zeros one step later:")
zeros_guess.was(round(100 * step[0]))

# %% [markdown]
# The zeros are gone, and the accuracy does not show it. Whoever looks at the accuracy alone reports
# a network pruned by 90 %, and has one that is *dense*: hardly a zero in it. Training moves
# weights, and a weight that is zero is no exception, unless something *holds* it: a **mask** 掩码
# that says which weights must stay zero. ([Lesson 05](05_prune_and_retrain.ipynb) shows why a
# single step is enough.)
#
# Now the same again with the mask held. `pruning.prune` holds it by itself; this time we leave out
# `detach`. **Predict** what the mask costs at the end of the training: the accuracy of the first
# run minus that of the second, in percentage points. (97 % and 95 % would be 2 points.)

# %%
cost_guess = predict("Accuracy that the mask costs?", ..., unit="points")  # your number

# %% tags=["varies"]
model.set_weights(trained)
models.compiled(model)  # begins its training anew, as in the first run
held = {"trained": free["trained"]}
pruning.prune(model, 0.9)
look("cut", held)
model.fit(few.x_train[:128], few.y_train[:128], batch_size=128, verbose=0)
look("one step later", held)
model.fit(few.x_train, few.y_train, batch_size=128, verbose=0)
look("end", held)
assert held["end"][0] == held["cut"][0]

# %% [markdown]
# The picture shows the largest layer in both runs: how many of its weights have which value. The
# bars count on a logarithmic axis, where each mark is a hundred times the one below it; weights of
# exactly zero are red. Cutting leaves a gap and a spike. Follow the spike. (In JupyterLab a slider
# goes through the moments.)

# %% tags=["varies"]
rows = {"nothing held": free, "mask held": held}
layer = {name: {stage: run[stage][2] for stage in run} for name, run in rows.items()}


def until(moment):
    return plots.through_time(layer, moments=moment)


widgets.slider(until, moment=(1, 4, 1, 4))

# %% tags=["varies"]
for name, run in rows.items():
    print(f"{name:12} at the end: accuracy {run['end'][1]:.1%} with {run['end'][0]:.0%} zeros")
cost_guess.was(round(100 * (free["end"][1] - held["end"][1]), 1))
print(f"(One run each, measured on {len(few.y_val):,} images. Lesson 05 repeats such runs.)")

# %% [markdown] covers="3"
# In the upper row the spike is as tall one step later as right after the cut, but only its lower
# part is still red. On a logarithmic axis that looks like most of the spike; the titles tell how
# small a share it is. In the lower row the whole spike stays red to the end. This is the habit to
# take along: *do not believe that a network is pruned. Count the zeros.* It is also why this course
# exists: a published program that prunes a network and trains it on ends with a network that is
# mostly dense, and reports its accuracy as a success. Lesson 05 runs that program, with controls.
#
# ## The four choices
#
# We cut the smallest weights (the *criterion*), single ones (the *granularity*), from all layers
# together (the *scope*), all at once (the *schedule*). Each of these was a choice, and every method
# of pruning makes all four:
#
# ![The compass: criterion, granularity, scope, schedule](figures/compass_all.svg)
#
# Most lessons from 05 on begin with this compass, and the choices that they are about are lit.

# %% [markdown] covers="2 7"
# ## What pruning is
#
# A network consists of layers of **units** 神经元. Each connection between two units has a weight;
# all the weights between two layers form a matrix, with a row for each unit on the left and a
# column for each on the right. Here is a small network: three inputs, four hidden units, two
# outputs. Orange weights are positive, purple ones negative, thick ones large. Below each network
# is its first matrix. The two kinds of pruning differ in *granularity*:

# %%
first = np.array([[0.9, -0.1, 0.5, 0.2], [-0.7, 0.2, 0.1, -0.8], [0.1, -0.3, 0.6, 0.4]])
second = np.array([[0.7, -0.2], [0.3, 0.1], [-0.1, 0.9], [0.4, -0.6]])
keep = [0, 2, 3]  # hidden unit 1 has only small weights
kinds = {
    "before": (first, second),
    "weight pruning": (operators.prune(first, 0.3), operators.prune(second, 0.3)),
    "structural pruning": (first[:, keep], second[keep]),
}
fig, axes = plt.subplots(2, 3, figsize=(9.6, 5.6), height_ratios=[1.1, 1])
for (name, weights), (top, bottom) in zip(kinds.items(), axes.T, strict=True):
    plots.network(weights, top).set_title(name)
    plots.matrix(weights[0], weights[0] != 0, bottom)
    bottom.set_xlabel(f"{weights[0].size} numbers, {np.sum(weights[0] == 0)} are zero")
plt.show()

# %% [markdown]
# - **Weight pruning** 权重剪枝 sets single weights to *exactly* zero and holds them there. The
#   matrix keeps its shape, so a zero is still stored and multiplied, unless the file format or the
#   processor takes advantage of it.
# - **Structural pruning** 结构剪枝 takes out whole units, or whole filters of a convolution
#   ([lesson 04](04_cnn_parts.ipynb)), with all their connections. The matrices become smaller.
#
# Another question is **when it is decided** what goes. In *static* 静态 pruning that is settled
# before the network is used; in *dynamic* 动态 pruning it is decided anew for each input.

# %% [markdown] covers="1 5 6 8 9 10 11 12 13 14" corrects="1 2 3 4 5 6 7 8"
# <details><summary>What the article says</summary>
#
# The course grew from a Chinese blog article on pruning convolutional networks, signed with the pen
# name *Zen and the Art of Computer Programming*. Our copy has no title. Boxes like this one say
# where it is right and where it is wrong; <a href="../docs/coverage.md">a table</a> lists all of
# it.
#
# It defines weight pruning as bringing weights *close to* zero: that is regularization. It counts
# removing single connections as structural: nothing shrinks. It says that structural pruning pays
# off only together with weight pruning: it works alone. It calls pruning during training *dynamic*;
# said of training, the word means methods in which weights may come back (lesson 09). And networks
# are pruned after training and before it, too.
#
# It names five benefits, and measures none. The course does:
#
# | the claim | lessons | in one line |
# |---|---|---|
# | a simpler model | 05, 11 | fewer weights if the mask is held; smaller arrays if units go |
# | faster training | 08 | no: zeros are multiplied, too, and retraining comes on top |
# | better, more robust results | 05, 19 | at times a little, seldom told from luck; it is no rule |
# | easier deployment | 13 | yes, by fewer channels and fewer bits; zeros alone save no time |
# | a network that explains itself | 19 | elsewhere the article says the opposite: we test it |
# </details>

# %% [markdown]
# ## How a lesson goes
#
# A sentence says what comes next, a few lines of code do it, and a number or a picture shows the
# result. Then it is your turn. Here is a small matrix of weights, from which every weight of size
# 0.35 or less is removed. (The *size* of −0.3 is 0.3.)

# %%
W = np.array([[0.9, -0.1, 0.5], [-0.3, -0.7, 0.0], [0.4, -0.8, -0.2], [-0.6, 0.35, -0.5]])
pruned = operators.prune(W, 0.35)
plots.matrix(pruned, pruned != 0)
plt.show()

# %% [markdown]
# ### Exercise 1
#
# An exercise is a cell with `...` in it. Replace the dots with your answer, run the cell, and then
# the check below it. Run both as they are first, to see what an open exercise looks like.
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
# <code>np.sum</code> counts True as 1. If you are one short, you overlooked the 0.35 itself or the
# entry that was 0 from the start.
# </details>
#
# A check says **…** (not solved yet), **✗** with a hint that points at the mistake, or **✓** with
# what the answer means. You may try as often as you like, and no later cell depends on your answer.
#
# ### Exercise 2
#
# Most exercises ask for a function. The check calls it with *random* arrays of several shapes, so
# an answer that fits only the example does not pass. Your function must `return` its result;
# printing it is not enough.
#
# **Sparsity** 稀疏度 is the share of entries that are exactly zero, between 0 and 1. Write it as a
# function.


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
# Stuck for long? In a clone of the course, `notebooks/solutions` holds every notebook solved. Try
# first, then look there; in a class, ask.
#
# ## When something goes wrong
#
# A long message with arrows is a *stack trace*: read only the lines at its end. If a name is still
# not defined, results make no sense or a cell does not end, choose **Kernel → Restart Kernel and
# Run All Cells…** from the menu. That starts from the top and takes a few minutes at most. To get
# lesson 05 back without your changes, run `git checkout notebooks/05*` in a terminal, or unpack it
# once more from the zip file that you were given. On a slow machine start with
# `COURSE_QUICK=1 make lab`: training is cut short, and figures differ.
#
# If MNIST was not found, put `mnist.npz` into a folder and name that folder in the environment
# variable `COURSE_DATA_DIR`. Every lesson also runs on the stand-in, with other figures.

# %% [markdown]
# ## The map
#
# Each lesson answers one question. The core path, in bold below, takes six to seven hours without
# its open tasks; the other lessons are electives: take what you need.
#
# - **00** start here: is it still pruned?
# - **01** [norms and normalization](01_norms.ipynb): what does $W / \|W\|$ change?
# - **02** [the prune operator](02_prune_operator.ipynb): what does $W \odot (|W| > \theta)$ do, and
#   is anything better?
# - 03 [the worked example](03_worked_example.ipynb): when does a threshold empty a layer, and what
#   follows from that?
# - **04** [a CNN from its parts](04_cnn_parts.ipynb): where are the weights, and where is the work?
# - **05** [prune and retrain](05_prune_and_retrain.ipynb): is the pruned network pruned?
# - **06** [how much to prune](06_how_much.ipynb): how much can go, and how is that decided?
# - 07 [which weights matter](07_which_weights.ipynb): is a clever score better than size, and size
#   better than chance?
# - **08** [pruning while training](08_while_training.ipynb): when should weights go?
# - 09 [weights that come back](09_regrowth.ipynb): can a network be trained sparse from the start?
# - 10 [lottery tickets](10_lottery_tickets.ipynb): could the few weights that survive pruning have
#   been trained alone?
# - **11** [structural pruning](11_structural_pruning.ipynb): is the network really smaller?
# - 12 [channels that belong together](12_channels_together.ipynb): which channels can go only
#   together?
# - 13 [does it run faster?](13_faster.ipynb) Bytes, multiplications, milliseconds.
# - 14 [joint compression](14_joint_compression.ipynb): how small can the file become?
# - 15 [distillation, eight bits, transfer](15_distillation_and_int8.ipynb): do they help a pruned
#   network, and do its zeros survive?
# - 16 [automatic pruning](16_automatic_pruning.ipynb): can a program decide how much each layer
#   loses?
# - 17 [beyond digits](17_beyond_digits.ipynb): does it hold for finding objects, too?
# - 18 [sounds and words](18_sounds_and_words.ipynb): can a network that listens or reads be pruned?
# - 19 [what did it forget?](19_what_did_it_forget.ipynb) Two networks have the same accuracy: are
#   they the same?
# - 20 [capstone](20_capstone.ipynb): a budget and some data: can you do all of it?
# - 21 [a network that somebody else trained](21_somebody_elses_network.ipynb): can you prune it
#   without its data?

# %% [markdown]
# Near its end every lesson shows what came of your predictions:

# %%
predict.summary()

# %% [markdown]
# And here is how far you have come in the whole course: exercises solved, predictions made, those
# that were exactly right, and your scores in the open tasks. `make lab` keeps it in the file
# `logbook.json` on your machine and sends it nowhere. Come back to this cell whenever you like.

# %% tags=["varies"]
logbook.page()

# %% [markdown] covers="86 87 88 89 90 91" corrects="41 42 43"
# ## What to remember
#
# - Do not believe that a network is pruned. Count the zeros.
# - Pruning sets weights to exactly zero and holds them there, or takes out whole units and filters,
#   so that the matrices become smaller. Near zero is not pruned.
# - Predict, run, look. If everything goes wrong: *Restart Kernel and Run All Cells…*
#
# ## What to read
#
# - T. Liang et al. (2021), *Pruning and Quantization for Deep Neural Network Acceleration: A
#   Survey*, arXiv 2101.09671: static and dynamic, as the words are used here.
# - H. Li et al. (2017), *Pruning Filters for Efficient ConvNets*, arXiv 1608.08710: whole
#   filters, and why that differs from single weights.
# - Books: I. Goodfellow, Y. Bengio, A. Courville (2016), *Deep Learning*, for convolution and
#   training; on pruning it has next to nothing. Several books are called *Neural Networks and Deep
#   Learning*, among them M. Nielsen's and Qiu Xipeng's (2020, in Chinese), both free. A course by
#   Andrew Ng on Coursera has that title; we know of none there on pruning.
# - Tools: Keras 3 runs on TensorFlow (arXiv 1603.04467), PyTorch (arXiv 1912.01703) or JAX. To
#   prune there are `torch.nn.utils.prune` and Torch-Pruning (arXiv 2301.12900) for PyTorch, the
#   Model Optimization Toolkit for Keras 2, and for Keras 3 this course's `course_utils`.
# - All sources with identifiers: [references](../docs/references.md). Terms in English and
#   Chinese: [glossary](../docs/glossary.md).

# %% [markdown] covers="78 79 80 81 92 93 94 96 97 98 99 100" corrects="39 44 45 47 55"
# <details><summary>What the article says about sources and the future</summary>
#
# **Papers** in its text. *Dong, Dosovitskiy, Brox, ICCV 2016*: there is no such paper. P. Molchanov
# et al., ICLR 2017, arXiv 1611.06440, has nearly this title, and prunes whole
# <em>filters</em>, not weights. *Han, Pool, Chen, Meng 2015* is S. Han, J. Pool, J. Tran, W. J.
# Dally, NIPS 2015, arXiv 1506.02626: prune by size, retrain, repeat. *Clara et al. 2020,
# EfficientNet, by structural pruning* is M. Tan, Q. V. Le, ICML 2019, arXiv 1905.11946; it tells
# how to scale a network up, and prunes nothing.
#
# **The future**, told twice. Its four trends existed when it was written: adaptive and automated
# pruning (Y. He et al. 2018, arXiv 1802.03494; lesson 16), joint with other methods (Han et al.
# 2016, arXiv 1510.00149; lessons 14 and 15), other fields than images (Narang et al. 2017, arXiv
# 1704.05119; lessons 17 and 18). Its challenges are still with us: how much loss for how much
# compression (lesson 06), which method (07), what pruning costs (08), and whether anybody
# understands the pruned network (19).
# </details>

# %% [markdown] covers="107 108 109 110 111" corrects="44 46 47 48"
# <details><summary>What its list of references says</summary>
#
# The author's name is a pen name, and of the four references one exists as printed: *He et al.,
# CVPR 2016* (arXiv 1512.03385), which is about residual networks and is never cited. *Dong et al.*
# and *Clara et al.* are as above. *Han et al., ICML 2015* blends Han et al. 2015 with Z. Liu et
# al., <em>Network Slimming</em>, ICCV 2017, arXiv 1708.06519.
# </details>
