# %% [markdown]
# # 15 · Distillation, eight bits, transfer
#
# **The question: what do a teacher, eight-bit weights and a new task do to a pruned network, and do
# its zeros survive?**
#
# About 45 minutes, and an open task. Before this: [14 · Joint
# compression](14_joint_compression.ipynb).
#
# Chinese terms: knowledge distillation 知识蒸馏, teacher and student 教师与学生, temperature 温度,
# quantization 量化, transfer learning 迁移学习.

# %% [markdown]
# ## What you will be able to do
#
# - train a pruned network with a teacher, and say whether the teacher helped;
# - turn a kernel into eight-bit whole numbers in which zeros stay zeros;
# - say in which order to prune and to transfer, and what the wrong order costs.

# %%
import logging
import textwrap
import warnings

import matplotlib.pyplot as plt
import numpy as np

from course_utils import masking, models, pruning, schedules
from course_utils.backend import keras
from course_utils.extras import clustering, export
from course_utils.lessons import networks, plots, recorded
from course_utils.lessons.checks import distillation_and_int8 as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
logging.getLogger("tensorflow").setLevel(logging.ERROR)
predict = Predictions("15_distillation_and_int8")

# %% [markdown]
# Keras has tools for all three: a `Distiller`, `model.quantize`, and layers whose weights can be
# copied. None knows about pruning, so each time we *check* that the zeros are still there.
#
# The dense LeNet-5 comes with the course, already trained; set `TRAIN` to train it yourself. We
# prune it gradually to 98 %, as in lesson 14.

# %% tags=["varies"]
TRAIN = False  # True: train it here, about 30 s
data = load_mnist().head(256, held_out=100) if quick_mode() else load_mnist().head(8_000)
dense = networks.train("lenet5") if TRAIN else networks.trained("lenet5", data)
epochs = 1 if quick_mode() else 12 if data.stand_in else 3
x_val, y_val = data.x_val[:5_000], data.y_val[:5_000]


# %%
def train(model, label, epochs, *callbacks, images=None):
    x, y = data.x_train[:images], data.y_train[:images]
    options = {"verbose": 0, "callbacks": [*callbacks, Progress(label, epochs)]}
    model.fit(x, y, epochs=epochs, batch_size=64, **options)
    return model


# %%
def copied(model):
    copy = models.lenet5(seed=0)
    copy.set_weights(model.get_weights())
    return copy


# %%
def error(model, x=x_val, y=y_val):
    """The share of images that are answered wrongly."""
    parts = np.split(x, range(1000, len(x), 1000))
    return np.mean(np.concatenate([np.asarray(model(part)).argmax(axis=1) for part in parts]) != y)


# %% tags=["varies"]
steps = epochs * -(-len(data.x_train) // 64)
cubic = schedules.polynomial(0.98, begin=0, end=6 * steps // 10, every=max(1, steps // 30))
pruned = train(copied(dense), "pruned", epochs, pruning.PruneOnSchedule(cubic))
print(f"validation error: dense {error(dense):.2%}, pruned to 98 % {error(pruned):.2%}")

# %% [markdown]
# ## Part 1: a teacher
#
# In **distillation** (Hinton, Vinyals and Dean 2015) a *student* learns not only from labels, but
# also from the probabilities that a *teacher* gives to all classes: this 4 looks a little like a 9.
# Both networks' outputs before the softmax, the *logits*, are divided by a **temperature** $T$;
# above 1 it evens out the probabilities. With $p$ the teacher's softened probabilities and $q$ the
# student's, the loss is
#
# $$T^2 \cdot \frac{1}{n} \sum_{\text{images}} \sum_{\text{classes}} p \, \log \frac{p}{q}.$$
#
# The inner sum is the *Kullback-Leibler divergence*. It is 0 where the two agree, and otherwise
# positive. The factor $T^2$ keeps the gradients from shrinking as $T$ grows.
#
# ### Exercise 1
#
# Compute this loss.


# %% tags=["exercise"]
def my_divergence(teacher, student, temperature):
    """Return the loss of logits (images, classes): one number."""
    # BEGIN SOLUTION
    p, q = (np.exp(x / temperature) for x in (teacher, student))
    p, q = (x / x.sum(axis=1, keepdims=True) for x in (p, q))
    return temperature**2 * (p * np.log(p / q)).sum(axis=1).mean()
    # END SOLUTION


# %% tags=["check"]
check.divergence(my_divergence)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First divide by the temperature, then apply the softmax along the classes
# (<code>axis=1, keepdims=True</code>), then sum over classes and take the mean over images.
# </details>
#
# Keras has this loss as `keras.distillation.LogitsDistillation`. The dense network will teach the
# pruned one. Two traps: our networks end in a softmax, and the softmax of a softmax is nearly flat,
# so ours has to go while the student learns. And the divergence must be passed as an *object*. In
# the version of Keras that this course pins, the default, the string "kl_divergence", is applied to
# the logits themselves, where it is no divergence at all and can be negative:

# %%
one, other = (np.array([row], "float32") for row in ([1.2, -2.0, 0.4], [3.6, -1.0, 2.0]))
for loss in ("kl_divergence", keras.losses.KLDivergence()):
    apart = keras.distillation.LogitsDistillation(4.0, loss).compute_loss(one, other)
    print(f"{type(loss).__name__:12} says that two outputs are {float(apart):+.3f} apart")
assert apart > 0

# %% [markdown]
# The masks are held as constraints (lesson 05), and the distiller's optimizer applies constraints
# like any other, so the zeros should hold. The control trains for as long on labels alone.

# %%
guess_teacher = predict(
    "How much test error does the teacher add, mean of five seeds (below 0: it takes some away)?",
    ...,  # your number
    unit="percentage points",
)

# %% tags=["varies"]
student, teacher = copied(pruned), copied(dense)
pruning.attach(student, pruning.masks_from_zeros(student))
for model in (student, teacher):
    model.layers[-1].activation = keras.activations.linear
lesson = keras.distillation.LogitsDistillation(4.0, keras.losses.KLDivergence())
distiller = keras.distillation.Distiller(teacher, student, lesson)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
distiller.compile(keras.optimizers.Adam(0.0003), loss)
train(distiller, "student", 1)
student.layers[-1].activation = keras.activations.softmax

# %% tags=["varies"]
by_labels = copied(pruned)
by_labels.optimizer.learning_rate.assign(0.0003)
pruning.attach(by_labels, pruning.masks_from_zeros(by_labels))
train(by_labels, "labels alone", 1)
assert not any(pruning.regrown(student).values())
print(f"error {error(pruned):.2%}; one more epoch with labels {error(by_labels):.2%},", end=" ")
print(f"with labels and a teacher {error(student):.2%}")

# %% [markdown]
# The zeros held. One run cannot tell whether the teacher helped. The recorded comparison (`python
# benchmarks/few_kilobytes.py`: pruned to 99 %, then one more epoch on 20,000 images, both ways from
# the same network) has five pairs:

# %%
table = recorded.rows("few_kilobytes")


def runs(stage):
    return 100 * np.array([row["test_error"] for row in table if row["stage"] == stage])


apart = runs("teacher") - runs("labels")
t = apart.mean() / (apart.std(ddof=1) / np.sqrt(len(apart)))
# %%
print("teacher minus labels:", ", ".join(f"{one:+.2f}" for one in apart), "points of test error")
print(f"{apart.mean():+.2f} ± {apart.std(ddof=1):.2f}, t = {t:.1f} ({len(apart)} pairs)")
guess_teacher.was(round(apart.mean(), 2))
assert (apart > 0).all()
assert t > 2.78  # Student's t for five pairs, 95 %

# %% [markdown]
# The teacher *hurt*, a little, in all five pairs. (A mean of five pairs counts as more than
# chance where $t$, the mean over its standard error, is beyond ±2.78.) That holds for this task and
# this setting: one temperature, one extra epoch, the teacher's loss and the labels' weighted
# equally. Others might do better; we neither searched for them nor measured why. Try distillation
# beside plain training, and do not assume that it helps.
#
# ## Part 2: eight bits
#
# `model.quantize("int8")` gives each column of a dense kernel (one output) its own scale, so that
# $w \approx \text{scale} \cdot q$ with whole numbers $q$ from -127 to 127.
#
# ### Exercise 2
#
# Quantize a kernel: in each column the weight of largest absolute value becomes 127 or -127.


# %% tags=["exercise"]
def my_eight_bits(W):
    """Return (q, scale): whole numbers like W (in, out), and one scale for each column.

    A column may be pruned as a whole; its q are 0, whatever its scale.
    """
    # BEGIN SOLUTION
    largest = np.abs(W).max(axis=0)
    scale = np.where(largest > 0, largest, 1) / 127
    return np.round(W / scale).astype("int8"), scale
    # END SOLUTION


# %% tags=["check"]
check.eight_bits(my_eight_bits)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The largest absolute value in each column is <code>np.abs(W).max(axis=0)</code>. Which scale makes
# it 127? Round first, convert to int8 afterwards, and mind 0/0.
# </details>
#
# We write the pruned network to a sparse file (lesson 13) in three ways: with float32 weights, with
# int8 weights, and with 15 shared values a layer, as in lesson 14.

# %%
guess_files = predict(
    "The three sparse files, from the smallest to the largest?",
    ...,  # a list of the three names
    order=("float32", "int8", "15 values"),
)

# %% tags=["varies"]
eight = copied(pruned)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that layers without weights cannot be quantized
    eight.quantize("int8")
shared = copied(pruned)
for name, values in clustering.cluster(pruning.weights(pruned), clusters=15).items():
    pruning.kernels(shared)[name].assign(values)

# %% tags=["varies"]
ways = {"float32": pruned, "int8": eight, "15 values": shared}
sizes = {name: len(export.sparse_file(model)) for name, model in ways.items()}
for name, model in ways.items():
    print(f"{name:10} .keras {export.keras_bytes(model):9,} bytes, sparse file", end=" ")
    print(f"{sizes[name]:7,} bytes, error {error(model):.2%}")
guess_files.was(sorted(sizes, key=sizes.get))

# %% tags=["varies"]
assert sizes["15 values"] < sizes["int8"]
whole_numbers = keras.ops.convert_to_numpy(eight.get_layer("fc1").kernel)
zeros = pruning.weights(pruned)["fc1/kernel"] == 0
assert (whole_numbers[zeros] == 0).all()
print(f"fc1 in {whole_numbers.dtype}: {np.mean(whole_numbers == 0):.1%} zeros", end=", ")
print(f"{len(np.unique(whole_numbers))} different values")
# %% tags=["varies"]
try:
    pruning.kernels(eight)
except ValueError as refusal:
    print(textwrap.fill(f"To prune it now? {refusal}", 90))

# %% [markdown]
# The scale is symmetric, so 0 stays exactly 0. (Convolutions stay in float32; this version of Keras
# has no int8 for them.) int8 is a codebook, too: at most 255 values a column, evenly spaced. In a
# sparse file its advantage over shared values is not size but *arithmetic*: where the runtime can
# do it (lesson 13), whole numbers are multiplied directly, while a shared value must first be
# looked up. (In a `.keras` file shared values save nothing.) And quantize last: whole numbers have
# no gradient to retrain by.

# %% [markdown] covers="79"
# ## Part 3: another task
#
# A network that knows the digits 0 to 4 is to learn 5 to 9 from a few examples. That is
# **transfer**: keep all layers but the last, put a new one on top, and train on. If the first
# network was pruned, is what is left *too specialized* for another task? We compare three starts:
# from scratch; a dense network, transferred; and one pruned to 95 %, transferred with its mask
# held.

# %%
guess_start = predict(
    "20 examples of each digit, mean of five seeds: which start has the lowest error?",
    ...,  # your choice
    choices=("scratch", "dense", "pruned 95%"),
)


# %%
def digits(x, y, first):
    """The images of five digits, labelled 0 to 4."""
    taken = (y >= first) & (y < first + 5)
    return x[taken], y[taken] - first


def moved(source, x, y, rounds):
    """Train on another task, from all layers of a source but the last; zeros are held."""
    model = models.lenet5(classes=5, seed=1)
    if source is not None:
        for one, other in zip(source.layers[:-1], model.layers[:-1], strict=True):
            other.set_weights(one.get_weights())
        masks = pruning.masks_from_zeros(model)
        pruning.attach(model, {n: m for n, m in masks.items() if "fc2" not in n})
    if rounds:
        model.fit(x, y, batch_size=32, epochs=rounds, verbose=0)
    return model


# %% tags=["varies"]
x, y = digits(data.x_train, data.y_train, 0)
rounds = -(-2 * epochs // 3)
steps = rounds * -(-len(x) // 64)
final = 0.5 if quick_mode() else 0.95  # a few steps bear no more
cubic = schedules.polynomial(final, begin=0, end=7 * steps // 10, every=max(1, steps // 30))
sources = {"scratch": None}
for name, callbacks in (("dense", []), ("pruned 95%", [pruning.PruneOnSchedule(cubic)])):
    sources[name] = models.lenet5(classes=5, seed=0)
    if callbacks or not quick_mode():
        sources[name].fit(x, y, batch_size=64, epochs=rounds, verbose=0, callbacks=callbacks)

# %% tags=["varies"]
x_new, y_new = digits(data.x_train, data.y_train, 5)
x_other, y_other = digits(x_val, y_val, 5)
few = np.concatenate([np.flatnonzero(y_new == digit)[:20] for digit in range(5)])
for name, source in sources.items():
    model = moved(source, x_new[few], y_new[few], rounds=0 if quick_mode() else 15)
    share = masking.sparsity(pruning.weights(model, exclude="fc2/*"))
    print(f"{name:11} {share:4.0%} zeros, error on 5 to 9: {error(model, x_other, y_other):.1%}")

# %% [markdown]
# One run. Here are five seeds and three numbers of examples, trained longer (`python
# benchmarks/transfer_pruned.py`). "Pruned after" is Molchanov et al.'s order: transfer the *dense*
# network, and prune it to 95 % on the new task, while it learns.

# %%
rows = recorded.rows("transfer_pruned")
examples = sorted({row["examples"] for row in rows})
seeds = sorted({row["seed"] for row in rows})


def transferred(start):
    found = {(r["seed"], r["examples"]): r["test_error"] for r in rows if r["start"] == start}
    return np.array([[found[seed, count] for count in examples] for seed in seeds])


# %%
looks = {
    "scratch": plots.GREY, "dense": plots.BLUE, "pruned 95%": plots.ORANGE,
    "pruned 98%": plots.RED, "pruned after": plots.GREEN,
}  # fmt: skip
ax = plt.subplots()[1]
for start, colour in looks.items():
    errors = transferred(start)
    ax.plot(examples, errors.mean(axis=0), "-", color=colour, label=start)
    ax.plot(np.tile(examples, (len(seeds), 1)), errors, "o", color=colour, markersize=4, alpha=0.6)
ax.set(xscale="log", xlabel="examples of each new digit", ylabel="test error, digits 5 to 9")
ax.set(ylim=0, title=f"MNIST: means, and {len(seeds)} seeds as dots")
ax.set_xticks(examples, [f"{count:.0f}" for count in examples], minor=False)
ax.minorticks_off()
ax.yaxis.set_major_formatter("{x:.0%}")
plots.label_ends(ax)
plt.show()

# %%
counts = " / ".join(f"{count:.0f}" for count in examples)
print(f"with {counts} examples of each digit, percentage points of test error:")
for start in ("dense", "pruned 95%", "pruned 98%", "pruned after"):
    apart = 100 * (transferred(start) - transferred("scratch"))
    told = (f"{one.mean():+.1f} ± {one.std(ddof=1):.1f}" for one in apart.T)
    print(f"{start:13} minus scratch: {', '.join(told)}")


# %%
def mean(start):
    return transferred(start).mean(axis=0)


def gain(start):
    """How much lower the error is than from scratch, in points, by the number of examples."""
    return 100 * (mean("scratch") - mean(start))


# %%
guess_start.was(min(guess_start.choices, key=lambda start: mean(start)[1]))
behind = transferred("pruned 95%") - transferred("dense")
assert (transferred("dense") < transferred("scratch")).all()
assert (behind[:, 1:] > 0.01).all()  # in every seed, more than a point
assert 0 < gain("pruned 95%")[1] < 0.1 * gain("dense")[1]
assert gain("pruned 95%")[2] < 0
assert (transferred("pruned 98%") > transferred("scratch"))[:, 1:].all()
assert gain("pruned after")[1] > 0.9 * gain("dense")[1]
assert 0.5 < gain("pruned after")[2] / gain("dense")[2] < 0.65

# %% [markdown]
# What was learned on one half of the digits helps with the other half: in every seed the dense
# network, transferred, beats the one from scratch. But what pruning left for the digits 0 to 4
# helps less. With 20 and 100 examples the network pruned to 95 % is worse than the dense one by
# more than a point in every seed, and in the mean of five seeds hardly any of the gain over scratch
# is left, or none. (± is one sd: five seeds cannot tell this network from scratch.) Pruned to 98 %
# it is worse than from scratch in every seed. With five examples seeds differ too much to say this
# of the pruned networks.
#
# Pruned on the new task, the same 95 % of zeros costs nearly nothing of the gain with 20 examples,
# and about two fifths of it with 100. So their number alone is not to blame: here they are in
# other places, and came later (this table does not say which helps). Transfer first, then prune, on
# the task that counts. A network that somebody else has pruned is pruned for *their* task.
#
# <details><summary>What the article says</summary>
#
# Its section 7.1 leaves joining pruning with transfer learning to the future. Molchanov and others
# had done it in 2016; the article's own first reference is that paper, under other authors' names
# and another conference. See [the coverage table](../docs/coverage.md).
# </details>
#
# ## The test set, once

# %% tags=["varies"]
ended = {"dense": dense, "pruned": pruned, "labels": by_labels, "teacher": student, "int8": eight}
for name, model in ended.items():
    print(f"{name:8} test error {error(model, data.x_test, data.y_test):.2%}")

# %% [markdown]
# ## Your predictions

# %% tags=["varies"]
predict.summary()

# %% [markdown]
# ## An open task
#
# **What went wrong here?** Somebody stores pruned kernels in eight bits, with one scale for each
# output, and does not always get it right. You see what was stored, but not the original.
# Write a function that finds out: "nothing" is wrong; "one scale" was used for the whole kernel;
# the largest weights were "clipped", or "wrapped" round to the other sign; only "four bits" were
# used; or "zeros lost", since zero was stored as something else. It is tried on kernels of networks
# with other seeds. What counts is the share that it gets right. `task.given()` returns eighteen
# cases with their answers.
#
# <details><summary>Hint</summary>
#
# Stored values are whole multiples of a step. Find the step of each column, then look at the whole
# numbers: how many are there, how large is the largest, how often does it occur, and is the step
# the same everywhere? Begin with the most obvious fault, and beware of columns with few weights.
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.told_apart import distillation_and_int8 as task

print(task)


def my_finding(stored):
    """Return "nothing", "one scale", "clipped", "wrapped", "four bits" or "zeros lost"."""
    # BEGIN SOLUTION
    if np.mean(stored == 0) < 0.2:
        return "zeros lost"
    columns = [np.unique(np.abs(W).round(7)) for W in stored.T if np.count_nonzero(W) > 5]
    steps = np.array([np.diff(values)[np.diff(values) > 1e-6].min() for values in columns])
    levels = np.array([values[-1] for values in columns]) / steps
    if np.median(levels) < 10:
        return "four bits"
    if np.ptp(np.quantile(steps, (0.25, 0.75))) < 0.01 * np.median(steps):
        return "one scale"
    if np.mean((np.abs(stored) >= 0.999 * np.abs(stored).max(axis=0)).sum(axis=0) > 1) > 0.4:
        return "clipped"
    return "nothing" if np.mean(abs(levels - 127) < 0.5) > 0.3 else "wrapped"
    # END SOLUTION


# %% tags=["varies"]
task.judge(my_finding)

# %% [markdown]
# ## What to remember
#
# - A teacher does not always help. Here it hurt a little, in all five pairs.
# - int8 keeps zeros exact, because its scale is symmetric. It serves arithmetic; in a sparse file
#   15 shared values take less room.
# - Prune on the task that counts: transfer first, prune afterwards.
# - Whatever you do with a pruned network, check afterwards that its zeros are still there.
#
# ## What to read
#
# - G. Hinton, O. Vinyals, J. Dean (2015), *Distilling the Knowledge in a Neural Network*, arXiv
#   1503.02531.
# - B. Jacob et al. (2018), *Quantization and Training of Neural Networks for Efficient
#   Integer-Arithmetic-Only Inference*, arXiv 1712.05877: int8.
# - P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz (2017), *Pruning Convolutional Neural
#   Networks for Resource Efficient Inference*, arXiv 1611.06440: pruning while transferring.
#
# Next: [16 · Automatic pruning](16_automatic_pruning.ipynb): who decides how much goes, and where?
