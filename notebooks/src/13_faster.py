# %% [markdown]
# # 13 · Does it run faster?
#
# **The question: what does pruning save, in bytes, in multiply-accumulates, and in milliseconds?**
#
# ![Compass: granularity lit](figures/compass_granularity.svg)
#
# About 60 minutes, and an open task. Before this: [05 · Prune and
# retrain](05_prune_and_retrain.ipynb) and [12 · Channels that belong
# together](12_channels_together.ipynb). Close other programs while this lesson runs. The
# mathematics is on [one page](../docs/prerequisites.md).
#
# Chinese terms: inference latency 推理延迟, warm-up 预热, median 中位数, quartile 四分位数, sparse
# matrix 稀疏矩阵, break-even point 临界点, quantization 量化, scale 缩放因子, zero point 零点,
# multiply-accumulate (MAC) 乘加运算.

# %% [markdown]
# ## What you will be able to do
#
# - measure times so that a second measurement leads to the same conclusion;
# - say what zeros save by themselves: in a file, in a sparse format, in a product;
# - find the density below which a sparse product pays on your machine;
# - say how much of the work saved arrives as time saved, and where the rest went;
# - choose widths from a latency table, and quantize by hand.

# %% tags=["varies"]
import importlib.util
import logging
import textwrap

import matplotlib.pyplot as plt
import numpy as np

from course_utils import criteria, masking, measuring, models, pruning, structure
from course_utils.backend import keras
from course_utils.extras import export, speed
from course_utils.lessons import networks, plots, recorded
from course_utils.lessons.checks import faster as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.predictions import Predictions
from course_utils.lessons.progress import Progress, quick_mode
from course_utils.lessons.timing import against, disturbed, timed

plots.use_style()
predict = Predictions("13_faster")
# TensorFlow warns of many compiled functions; this lesson compiles many, to time each.
logging.getLogger("tensorflow").setLevel(logging.ERROR)
LITERT, SCIPY = (importlib.util.find_spec(name) for name in ("ai_edge_litert", "scipy"))
for name, spec in {"LiteRT, the runtime of phones": LITERT, "SciPy": SCIPY}.items():
    print(f"{name}: {'here' if spec else 'not here; its cells do nothing'}")
data = load_mnist().head(500 if quick_mode() else 10_000)
images = data.x_val[: 64 if quick_mode() else 256]
print(f"{speed.cores()} processor cores; {data.caption}")

# %% [markdown] covers="29" corrects="1 54"
# "Pruning makes networks faster" is often said. Here we measure it. The times below are *yours*:
# where they matter, the code says what came out.
#
# <details><summary>What the article says</summary>
#
# In five places it says that pruning makes networks or their training faster, or easier to deploy,
# and significantly so. It gives no milliseconds, no bytes, no operations: not one number. See
# [coverage](../docs/coverage.md).
# </details>

# %% [markdown]
# ## Part 1: how to measure
#
# A timer, a small CNN, one batch of images, forty calls. (`keras_call` makes a compiled function,
# so that we time the network and not what `predict` does around it.) **Predict**: how many
# times as long as the others does the first call take?

# %%
first_guess = predict("First call over the others' median?", ..., unit="times")  # your number

# %% tags=["varies"]
call = speed.keras_call(models.article_cnn(seed=0), images)
times = np.array([timed(call) for _ in range(40)])
plots.in_order(["first"] + ["others"] * 39, times, log=True)
plt.show()
usual = np.median(times[1:])
print(f"the first call took {times[0] / usual:.1f} times as long as the others' median,")
print(f"the fastest {times.min() / usual:.2f} times, the slowest of the others", end=" ")
print(
    f"{times[1:].max() / usual:.2f} times; {(times[1:11] > 1.25 * usual).sum()} of the ten", end=""
)
print(" calls after the first: more than a quarter slower")
first_guess.was(round(times[0] / usual))

# %% [markdown]
# The first call is different: TensorFlow builds the graph, memory is allocated, caches are cold. If
# you time a dense network and then a pruned one, once each, the pruned one may seem faster only
# because it came second. So some calls of **warm-up** are thrown away.
#
# The other calls differ as well: other programs take turns on the processor, and its clock rate
# goes up and down. A few odd calls move a mean, but hardly the **median**. The **quartiles** (a
# quarter of the calls lie below the lower one, a quarter above the upper one) show how far to trust
# it.
#
# ### Exercise 1
#
# Summarize honestly.


# %% tags=["exercise"]
def my_summary(times, warmup):
    """Return median, lower and upper quartile of the times after the first `warmup` calls."""
    # BEGIN SOLUTION
    rest = times[warmup:]
    return np.median(rest), np.quantile(rest, 0.25), np.quantile(rest, 0.75)
    # END SOLUTION


# %% tags=["check"]
check.summary(my_summary)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Cut off the warm-up first, before anything is sorted. Then use <code>np.median</code> and
# <code>np.quantile</code>.
# </details>
#
# ### One after the other, or in turns?
#
# Now *one and the same* network under two names, A and B. After a third of the calls a neighbour
# starts to work (`disturbed`: a thread that multiplies matrices; at home a browser or an update).
# First we time all of A, then all of B; then both in turns, each turn in random order. Which ratio
# of B's time to A's do you expect in each order?


# %% tags=["varies"]
blocks = np.repeat(["A", "B"], 6 if quick_mode() else 30)
draw = np.random.default_rng(0)
turns = np.concatenate([draw.permutation(["A", "B"]) for _ in blocks[::2]])
orders = {"A, then B": blocks, "in turns": turns}
fig, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
for ax, (way, names) in zip(axes, orders.items(), strict=True):
    seconds = disturbed(call, names)
    plots.in_order(names, seconds, ax).set_title(way)
    A, B = (np.median(seconds[names == name]) for name in "AB")
    print(f"{way:10}: B takes {B / A:.2f} times as long as A; they are the same network")
axes[1].set_ylabel("")
plt.show()

# %% [markdown]
# One after the other, B gets the blame for most of what the neighbour costs. In turns it hits both
# equally often: the milliseconds are still too high, but the *ratio* suffers less. So trust ratios
# more than milliseconds.
#
# `speed.latency` does all of this: warm-up, turns in a new random order every round, median,
# quartiles. It also names the threads, without which a time says little. And where two times may be
# equal, we time one network *twice*: how far its two times are apart is what chance does here.


# %% tags=["varies"]
def measure(calls, batch=256):
    repeats = {1: 20, 256: 3} if quick_mode() else {1: 200, 256: 20}
    return speed.latency(calls, repeats[batch], warmup=2 if quick_mode() else 10)


# %% [markdown]
# ## Part 2: zeros
#
# Three networks, from one trained start. One stays dense. One loses 95 % of its weights, by
# magnitude, with its mask held. The third loses half of its filters and half of its hidden units,
# as in [lesson 11](11_structural_pruning.ipynb). Each trains for one more epoch.

# %% tags=["varies"]
TRAIN = False  # True: train the start here, about two minutes
base = networks.train("article_cnn") if TRAIN else networks.trained("article_cnn", data)
zeros = keras.models.clone_model(base)
zeros.set_weights(base.get_weights())
pruning.attach(
    models.compiled(zeros), masking.make_masks(criteria.magnitude(pruning.weights(base)), 0.95)
)
nets = {"dense": base, "95% zeros": zeros, "half the widths": structure.shrink(base, 0.5)[0]}
for name, model in list(nets.items())[1 if quick_mode() else 0 :]:
    model.fit(data.x_train, data.y_train, 64, verbose=0, callbacks=[Progress(name)])
    share = masking.sparsity(pruning.weights(model))
    print(f"{share:.1%} zeros, {model.count_params():,} parameters")

# %% [markdown]
# **Predict**: with 95 % of the weights at zero, what share of the time is left in Keras? (And in
# LiteRT, which was made for phones?)

# %% tags=["varies"]
zeros_guess = predict("Time left with 95 % zeros?", ..., unit="%")  # your number
files = {name: export.litert(model) for name, model in nets.items()} if LITERT else {}
order = {"dense": "dense", "dense, again": "dense", "95% zeros": "95% zeros"}

# %% tags=["varies"]
found = measure({name: speed.keras_call(nets[key], images) for name, key in order.items()})
print(f"Keras, batch of {len(images)}, {against(found, '95% zeros', 'dense')}")
zeros_guess.was(round(100 * found["95% zeros"].median / found["dense"].median))
if LITERT:
    calls = {name: speed.litert_call(files[key], images) for name, key in order.items()}
    print(f"LiteRT, batch of {len(images)}, {against(measure(calls), '95% zeros', 'dense')}")

# %% [markdown] corrects="1"
# (Told apart: the quartiles do not overlap, and the two are more than twice as far apart as the
# dense network is from itself.) There is no reason for a difference, whatever the lines above say.
# A zero is multiplied like any other number: a dense product does not look before it multiplies.
# Looking would cost more, since processors do four, eight or sixteen multiplications at once. If a
# line says "told apart", run the cell again: does it stay on the same side?
#
# And the files? There is the `.keras` file, that file after gzip, and a file made for sparse arrays
# (the *gaps* between non-zeros, in few bits, beside their values; Han et al. 2016). **Predict** the
# second of these with 95 % zeros, as a share of the dense `.keras` file.

# %% tags=["varies"]
gzip_guess = predict("95 % zeros after gzip?", ..., unit="%")  # your number
kinds = {".keras": export.keras_bytes, "sparse file": lambda m: len(export.sparse_file(m))}
kinds["after gzip"] = lambda model: export.keras_bytes(model, compressed=True)
whole, pair = export.keras_bytes(nets["dense"]), ("dense", "95% zeros")

# %% tags=["varies"]
left = {kind: [size(nets[name]) / whole for name in pair] for kind, size in kinds.items()}
for kind, (dense, sparse) in left.items():
    print(f"{kind:12} dense {dense:6.1%}, 95 % zeros {sparse:6.1%}")
assert abs(left[".keras"][1] - 1) < 0.01  # zeros alone save nothing
assert left["sparse file"][1] < left["after gzip"][1] < 0.2
gzip_guess.was(round(100 * left["after gzip"][1]))

# %% [markdown]
# So zeros save *download*, once something packs them. Unpacked, the network is as large in memory
# as before.
#
# ## Part 3: products that skip zeros
#
# A product can leave the zeros out if the matrix is stored without them. **CSR** (compressed sparse
# rows) keeps three lists: the non-zero values row by row, the column of each, and where each row
# starts. The matrix [[0, 5, 0], [2, 0, 1]] becomes values 5, 2, 1, columns 1, 0, 2, starts 0, 1, 3.
#
# Now x @ W with SciPy's CSR beside NumPy's dense product, both on one thread: for the kernel of
# our CNN's dense layer (5408 x 64) and for a larger one, with 1 example and with 256. **Predict**
# for our CNN's kernel and 256 examples: below which *density* (share of non-zeros) is CSR faster?

# %%
density_guess = predict("CSR is faster below which density?", ..., unit="%")  # your number

# %% tags=["varies"]
densities = [0.01, 0.1, 0.5] if quick_mode() else [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]


def products(shape, batch):
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=shape).astype("float32"), rng.random((batch, shape[0]), "float32")
    calls = {"dense": speed.dense_call(W, x, threads=1)}
    for density in densities:
        calls[f"{density}"] = speed.csr_call(W * (rng.random(shape) < density), x)
    return speed.latency(calls, 3 if batch > 1 and quick_mode() else 15, warmup=2)


ratios = {}
shapes = [(5408, 64)] if quick_mode() else [(5408, 64), (2048, 2048)]
cases = [(shape, batch) for shape in shapes for batch in (1, 256)]
for shape, batch in cases if SCIPY else ():
    found = products(shape, batch)
    name = f"{shape[0]} x {shape[1]}, batch {batch}"
    ratios[name] = [found[f"{d}"].median / found["dense"].median for d in densities]
if SCIPY:
    plots.break_even(densities, ratios).set_ylabel("time: CSR / dense")
    plt.show()

# %% [markdown]
# In the green part CSR wins. A dense product reads along a row, many numbers at once; a sparse one
# reads a value and an index, then jumps to where the index says. Where the curves cross 1 is
# the **break-even point** (临界点), here interpolated between two measured points:

# %% tags=["varies"]
for name, values in ratios.items():
    density = np.interp(1, np.maximum.accumulate(values), densities, left=0, right=1)
    print(f"{name:24} CSR takes less time below {density:.1%} (0: nowhere)")
    if name == "5408 x 64, batch 256":
        density_guess.was(round(100 * density, 1))

# %% tags=["varies"]
limits = {bits: f"{32 / (32 + bits):.0%}" for bits in (32, 16, 2)}
print("less room below, by bits of an index:", limits)

# %% [markdown]
# Bytes break even at a density of their own, as the last line shows (2 bits: as in the pattern 2:4,
# below): with an index of so many bits for each 32-bit value, density times (32 + bits) must stay
# below 32. Where that is above your break-even point in time, the best you can do at densities
# between the two is to store the sparse file, and to unpack it before you multiply.
#
# LiteRT has a sparse encoding of its own. Its fast sparse kernels are for networks of 1x1
# convolutions in one particular arrangement (Elsen et al. 2020, where sparse networks *are* faster,
# on phones). What does not fit is unpacked and computed densely, and some combinations are refused.
# (Quick mode leaves this cell out, and further below the latency table, float16 and int8.)

# %% tags=["varies"]
if LITERT and not quick_mode():
    files["95% zeros, sparse"] = export.litert(zeros, sparse=True)
    pair = {
        "95% zeros": "95% zeros",
        "95% zeros, again": "95% zeros",
        "sparse": "95% zeros, sparse",
    }
    found = measure({name: speed.litert_call(files[key], images) for name, key in pair.items()})
    print(f"{len(files['95% zeros, sparse']) / len(files['95% zeros']):.0%} of the bytes")
    print(against(found, "sparse", "95% zeros"))
    try:
        export.litert(zeros, "int8", samples=data.x_train[:100], sparse=True)
    except (ValueError, RuntimeError) as refusal:
        print(textwrap.fill(f"int8 and sparse: {refusal}", 90))

# %% [markdown]
# Some graphics processors have hardware for zeros in one pattern, **2:4**: of the weights from
# every four neighbouring inputs to a unit, at most two are not zero (Mishra et al. 2021). The
# position of each value within its four takes 2 bits.
#
# ### Exercise 2
#
# Make a 2:4 mask.


# %% tags=["exercise"]
def my_two_of_four(W):
    """Return a Boolean mask of W (inputs, outputs): the two largest |w| of every four stay.

    Four neighbouring inputs of one output: W[0:4, j], W[4:8, j], …
    """
    # BEGIN SOLUTION
    groups = np.abs(W).reshape(-1, 4, W.shape[1])
    ranks = groups.argsort(axis=1).argsort(axis=1)
    return (ranks >= 2).reshape(W.shape)
    # END SOLUTION


# %% tags=["check"]
check.two_of_four(my_two_of_four)

# %% [markdown]
# <details><summary>Hint</summary>
#
# <code>W.reshape(-1, 4, outputs)</code> puts four neighbouring inputs into one axis. Along
# that axis, <code>argsort</code> of <code>argsort</code> gives ranks from 0 to 3.
# </details>
#
# A pattern is a constraint: half of the weights go either way, but 2:4 may not choose them freely.
# In the package it is `masking.n_of_m`. What does the pattern cost, right after pruning?

# %% tags=["varies"]
some = slice(500 if quick_mode() else 2000)
kernel, x, y = base.get_layer("dense").kernel, data.x_val[some], data.y_val[some]
W = kernel.numpy()
scores = criteria.magnitude({"dense": W})
ways = {"2:4": masking.n_of_m(scores, 2, 4), "any half": masking.make_masks(scores, 0.5)}
for name, mask in (ways | {"all": {"dense": np.ones_like(W)}}).items():
    kernel.assign(W * mask["dense"])  # the last one puts all weights back
    right = np.mean(np.asarray(base(x)).argmax(axis=1) == y)
    kept = np.abs(kernel.numpy()).sum() / np.abs(W).sum()
    print(f"{name:9}: {kept:6.1%} of the layer's Σ|w| left, validation accuracy {right:.2%}")
print(f"one network, {data.caption}; bytes left of 2:4: {(32 + 2) / (2 * 32):.0%}")

# %% [markdown]
# ## Part 4: fewer channels
#
# Now the third network, whose arrays are *smaller*, and LeNet-5 beside it, also with every width
# halved. (LeNet-5 is not trained here: how long a dense product takes does not depend on its
# numbers.) Half of the inputs times half of the outputs: middle layers keep a quarter of their
# MACs, the first and the last half. MACs before over MACs after is what papers call the
# **theoretical speed-up** (理论加速比). What arrives of it? We compare the *reductions*:
#
# $$\text{share that arrives} = \frac{1 - t_\text{half} / t_\text{full}}
# {1 - \text{MACs}_\text{half} / \text{MACs}_\text{full}}$$
#
# 1 means all of it, 0 nothing. **Predict** it for our CNN ("article CNN" below) in Keras, with 256
# images.

# %% tags=["varies"]
arrives_guess = predict("Share of the reduction that arrives?", ..., unit="%")  # your number
lenet = models.lenet5(seed=0)
both = {
    "article CNN": (nets["dense"], nets["half the widths"]),
    "LeNet-5": (lenet, structure.shrink(lenet, 0.5)[0]),
}

# %% tags=["varies"]
macs = {n: [measuring.report(m).total.macs for m in pair] for n, pair in both.items()}


def arriving(full, half, macs_full, macs_half):
    return (1 - half / full) / (1 - macs_half / macs_full)


# %% tags=["varies"]
mine = {}
for name, pair in list(both.items())[: 1 if quick_mode() else 2]:
    lite = [files["dense"], files["half the widths"]] if LITERT else []
    if LITERT and name == "LeNet-5":
        lite = [export.litert(model) for model in pair]
    for batch in (1,) if quick_mode() else (256, 1):
        x = images[:batch]
        ways = {"Keras": [speed.keras_call(model, x) for model in pair]}
        ways |= {"LiteRT": [speed.litert_call(file, x) for file in lite]} if LITERT else {}
        for way, calls in ways.items():
            found = measure(dict(zip(("full", "half"), calls, strict=True)), batch)
            ms = [1e3 * found[size].median for size in ("full", "half")]
            mine[f"{name}, {way}, batch {batch}"] = arriving(*ms, *macs[name])
            print(f"{name:12} {way:7} batch {batch:3}: {ms[0]:7.3f} ms -> {ms[1]:7.3f} ms", end="")
            print(f", {arriving(*ms, *macs[name]):4.0%} of the MACs' reduction arrives")

# %% [markdown]
# Those were short runs (Keras on all cores, LiteRT on one). Below is the same measured at length,
# by `benchmarks/halved_widths.py`, on one thread of one machine, nine times (grey; blue: mean ±
# sd); your own are the stars.

# %% tags=["varies"]
table, runs = recorded.rows("halved_widths"), {}
for row in sorted(table, key=lambda row: (row["batch"] == 1, row["network"], row["runtime"])):
    if row["threads"] == 1:
        name = f"{row['network']}, {row['runtime']}, batch {row['batch']:.0f}"
        runs.setdefault(name, []).append(row["share"])
ax = plots.spread(runs, plt.subplots(figsize=(9, 5))[1])
look = {"color": plots.ORANGE, "markersize": 12, "linestyle": "", "zorder": 4}
ax.plot(list(mine.values()), [list(runs).index(n) for n in mine], "*", **look)
ax.axvline(1, color=plots.GREY, linewidth=1)
ax.set(xlabel="share of the MACs' reduction that arrives as time")
plt.show()
for name in both:
    share = {n: np.median(values) for n, values in runs.items() if n.startswith(name)}
    assert min(share[f"{name}, {way}, batch 256"] for way in ("Keras", "LiteRT")) > 0.6
    single = [runs[f"{name}, {way}, batch 1"] for way in ("Keras", "LiteRT")]
    assert 0 < np.min(single[0]) < np.max(single[0]) < 0.25 < 0.8 < np.min(single[1])
arrives_guess.was(round(100 * np.median(runs["article CNN, Keras, batch 256"])))
where = {"network": "article CNN", "runtime": "LiteRT", "threads": 2, "batch": 1}
longer = [row["share"] for row in table if where.items() <= row.items()]
low, high = min(longer), max(longer)
print(f"the same on two threads, article CNN, LiteRT, batch 1: from {low:.0%} to {high:.0%}")
assert len(longer) == 9
assert max(longer) < 0  # the smaller network takes longer

# %% [markdown]
# So on one thread fewer channels *are* faster, and no sparse format or special kernel was needed.
# In these recorded runs, with 256 images, well over half of the reduction arrives in Keras and in
# LiteRT; with one image, four fifths and more in LiteRT, but less than a quarter in Keras. The last
# line printed is a warning: on *two* threads, with one image, the halved CNN took *longer* in
# LiteRT than the whole one, nine times out of nine. Where does the rest go?
#
# ### Where the rest went
#
# We take LeNet-5 apart and time each layer alone, in Keras. If time followed the MACs, each layer
# would keep the same share of its time as of its MACs. In which layers does too much time stay?


# %% tags=["varies"]
def layer_by_layer(model, x):
    calls = {}
    for layer in model.layers:
        alone = keras.Sequential([keras.Input(x.shape[1:]), layer])
        calls[layer.name] = speed.keras_call(alone, x)
        x = np.asarray(alone(x))
    return calls


work, calls = {layer.name: [] for layer in lenet.layers}, {}
for size, model in zip(("full", "half"), both["LeNet-5"], strict=True):
    calls |= {f"{size} {name}": c for name, c in layer_by_layer(model, images).items()}
    by_layer = {row.layer.split("/")[0]: row.macs for row in measuring.report(model).rows}
    for name in work:
        work[name].append(by_layer.get(name, 0) / 1e6)
alone = measure(calls)
spent = {name: [1e3 * alone[f"{s} {name}"].median for s in ("full", "half")] for name in work}

# %% tags=["varies"]
fig = plots.layers(
    {"million MACs an image": work, f"ms, {len(images)} images": spent}, ["full", "half"]
)
fig.suptitle("LeNet-5 in Keras, layer by layer", fontsize=12)
plt.show()
late = {n: t[1] - t[0] * (work[n][1] / work[n][0] if work[n][0] else 0) for n, t in spent.items()}
for name in sorted(late, key=late.get, reverse=True)[:3]:
    print(f"{name:6} {late[name] / sum(late.values()):4.0%} of the time that did not go")
without = {"no layer": [], "conv1": ["conv1"], "conv1, pooling": ["conv1", "pool1", "pool2"]}
for left_out, names in without.items():
    ms, millions = (np.sum([v for n, v in d.items() if n not in names], 0) for d in (spent, work))
    print(f"{left_out:14} left out: {arriving(*ms, *millions):4.0%} of the reduction arrives")

# %% [markdown]
# Keras needs a while to start any computation (about what `flatten` takes, which computes nothing).
# Here every layer pays for that; above, the whole network paid once, and more arrived. It weighs
# most with one image. Pooling has no MACs at all, so all its time counts. And a convolution reads
# and writes, too: `conv2` keeps a quarter of its MACs, but half of what it reads and writes;
# `conv1` still reads the whole image.
#
# ### A latency table
#
# So measure a layer at several widths. Here is a convolution that reads 32 channels, in LiteRT,
# with 8, 12, 16 … filters; bars from quartile to quartile, and dashed where time would go if it
# followed the MACs:

# %% tags=["varies"]
widths = list(range(8, 49, 4)) if LITERT and not quick_mode() else []
x, calls = np.ones((8, 26, 26, 32), "float32"), {}
for n in widths:
    layer = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Conv2D(n, 3)])
    calls[n] = speed.litert_call(export.litert(layer), x)
if widths:
    found = measure(calls, batch=1)
    latency_table = {row.name: 1e3 * row.median for row in found.rows}
    ax = plots.over_width(widths, list(latency_table.values()))
    look = {"color": "black", "linewidth": 3, "solid_capstyle": "butt", "zorder": 3}
    for row in found.rows:
        ax.plot([row.name] * 2, [1e3 * row.low, 1e3 * row.high], **look)
    ax.set_ylim(0, 1.05e3 * max(row.high for row in found.rows))
    plt.show()
for asked in widths[:-1:3]:
    fits = max(n for n, ms in latency_table.items() if ms <= 1.02 * latency_table[asked])
    print(f"for the time of {asked} filters (and 2 % more) this machine computes {fits}")

# %% [markdown]
# Look for **stairs**. LiteRT computes filters in groups, as many as fit into the processor's
# registers, and a group that is not full costs as much as a full one, or more. Within one stair,
# removing filters saves nothing, and adding some is free. (`structure.choose(..., multiple=16)`
# leaves multiples of 16.)
#
# ### Exercise 3
#
# You may spend only a few milliseconds on a layer. How wide can it be? Times need not rise with
# width.


# %% tags=["exercise"]
def my_width(table, budget):
    """Return the largest width in `table`, {filters: ms}, within `budget`; 0 if none is."""
    # BEGIN SOLUTION
    return max((filters for filters, ms in table.items() if ms <= budget), default=0)
    # END SOLUTION


# %% tags=["check"]
check.widest(my_width)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First collect all widths that are fast enough. A wider layer may fit where a narrower one does
# not, so do not stop at the first that is too slow.
# </details>
#
# ## Part 5: fewer bits
#
# A weight is a number of 32 bits. Does it need them? **Quantization** (量化) keeps 8: whole numbers
# $q$ from -128 to 127, with one **scale** and one **zero point** for many of them (Jacob et al.
# 2018): $x \approx \text{scale} \cdot (q - \text{zero})$.
#
# The low end of the range becomes -128, the high end 127. And 0 must be met exactly, since images
# are padded with zeros and ReLU makes many more: so the range always includes 0, and the zero point
# is a whole number, the $q$ that means 0.
#
# ### Exercise 4
#
# Quantize a vector by hand.


# %% tags=["exercise"]
def my_quantized(x):
    """Return (q, scale, zero): q whole numbers from -128 to 127, x ≈ scale · (q - zero)."""
    # BEGIN SOLUTION
    low, high = min(x.min(), 0), max(x.max(), 0)
    scale = (high - low) / 255
    zero = round(-128 - low / scale)
    q = np.clip(np.round(x / scale) + zero, -128, 127).astype("int8")
    return q, scale, zero
    # END SOLUTION


# %% tags=["check"]
check.quantized(my_quantized)

# %% [markdown]
# <details><summary>Hint</summary>
#
# From -128 to 127 there are 255 steps. How many steps lie below 0? Start at -128 and go up that
# many: there is the zero point. Round before you turn floats into int8, and clip what sticks out.
# </details>
#
# LiteRT's *float16* stores each weight in half the bits. *int8* computes in whole numbers
# throughout; to learn the range of what flows between layers it must see some **training** images.
# Now everything together: what has to be downloaded, and how long the batch takes once it is there.
# (Zeros are downloaded as a sparse file and unpacked.) Which networks will lie at the lower left,
# small *and* fast?

# %% tags=["varies"]
for name in ("dense", "half the widths") if LITERT and not quick_mode() else ():
    for precision in ("float16", "int8"):
        samples = data.x_train[:200] if precision == "int8" else None
        files[f"{name}, {precision}"] = export.litert(nets[name], precision, samples=samples)
files.pop("95% zeros, sparse", None)
some = slice(500 if quick_mode() else None)
if LITERT:
    timings = measure({name: speed.litert_call(file, images) for name, file in files.items()})
    guess = {name: speed.predict_litert(file, data.x_val[some]) for name, file in files.items()}
else:
    timings = measure({name: speed.keras_call(model, images) for name, model in nets.items()})
    guess = {n: model.predict(data.x_val[some], 1000, verbose=0) for n, model in nets.items()}
right = {name: np.mean(g.argmax(axis=1) == data.y_val[some]) for name, g in guess.items()}
download = {n: len(files[n]) if LITERT else export.keras_bytes(nets[n]) for n in guess}
download["95% zeros"] = len(export.sparse_file(zeros))

# %% tags=["varies"]
points = {name: (download[name], 1e3 * timings[name].median) for name in guess}
ax = plots.size_and_speed(points, {name: f"{name}: {right[name]:.1%}" for name in points})
ax.set_title(f"small is left, fast is low; validation accuracy ({data.caption})")
plt.show()
base_ms, n = timings["dense"].median, len(data.y_val[some])
for name in guess:
    print(f"{name:24} {download[name] / download['dense']:6.1%} of the bytes", end=", ")
    error = np.sqrt(right[name] * (1 - right[name]) / n)
    print(f"{timings[name].median / base_ms:4.0%} of the time, {right[name]:.2%} ± {error:.2%}")
assert download["half the widths"] < 0.3 * download["dense"] > download["95% zeros"]
for name in ("dense", "half the widths"):
    assert download.get(f"{name}, int8", 0) < 0.28 * download[name]

# %% [markdown] covers="29 72 77"
# The shares of the bytes hold on every machine, and these savings nearly multiply. float16 saves
# time only where the processor has a fast half precision, int8 only where processor and runtime
# have kernels for it: read the times above. (± is the standard error of one network on these
# images, lesson 05.)
#
# - For a smaller **download**: zeros, once packed; fewer bits; fewer channels.
# - For less **time**: fewer channels, in most cases measured here; int8 where it has kernels; zeros
#   only with kernels or hardware for them.
#
# Not measured is **energy**, which may matter most on a phone: to fetch a number from memory costs
# far more of it than to multiply two (Han et al. 2015, section 1). Parameters are not MACs, MACs
# not milliseconds, milliseconds not joules: measure what you claim.

# %% [markdown] covers="36 37" corrects="1 7 19"
# <details><summary>What the article says: for and against</summary>
#
# It lists four advantages of pruning and three drawbacks. Against what this course measures:
#
# | it says | does it hold? | lesson |
# |---|---|---|
# | + less complex | yes, if the mask is held, or units are removed | 05, 11 |
# | + faster training | no, and it contradicts the second drawback | 08 |
# | + better results | sometimes, where little is pruned | 05, 06 |
# | + easier deployment | download: yes; time: by fewer channels, not by zeros alone | 13 |
# | − loss, if too much is pruned | yes; lesson 06 measures where it begins | 06 |
# | − more training | yes | 05, 08 |
# | − not for all networks | wherever there are weights; the report says what cannot go | 12, 17 |
# </details>

# %%
predict.summary()

# %% [markdown]
# ## An open task
#
# **Which of the two is faster?** You have nothing but reports on two small CNNs: how many layers,
# MACs and parameters each has, how many numbers stand between layers in all, the most behind one
# layer. Write a function that decides. `task.given()` returns thirty reports with the times that
# `benchmarks/open_tasks.py` measured, for 64 images on one processor core. It is tried on pairs of
# thirty other networks, whose times differ by more than a tenth. What counts is how many it gets
# right. Say to yourself, too, *why*.
#
# <details><summary>Hint</summary>
#
# MACs alone get nine pairs in ten right, and our answer hardly one in a hundred more (five seeds).
# Which do they get wrong? Think of what is done besides multiplying (part 4), and fit a line.
# </details>

# %% tags=["open-task", "varies"]
from course_utils.lessons.open_tasks.told_apart import faster as task

print(task)
seen = task.given()  # dictionaries


def my_choice(one, other):
    """Return 0 if the first network is faster, 1 for the second."""
    # BEGIN SOLUTION
    logs = [[1, np.log(r["macs"]), np.log(r["numbers_between"])] for r in [*seen, one, other]]
    times = np.log([row["milliseconds"] for row in seen])
    fit = np.linalg.lstsq(np.array(logs[:-2]), times, rcond=None)[0]
    first, second = np.array(logs[-2:]) @ fit
    return int(second < first)
    # END SOLUTION


# %% tags=["varies"]
task.judge(my_choice)

# %% [markdown]
# ## What to remember
#
# - Warm up, take turns, give median and quartiles, name threads, batch and runtime, and time one
#   thing twice. Trust ratios.
# - In a dense product a zero is multiplied like any other number: zeros save bytes once packed, and
#   no time.
# - Sparse products pay below a break-even density; bytes have a break-even point of their own.
# - Fewer channels mostly save time, though less than MACs promise, and now and then none: keep a
#   latency table.
# - Eight bits are a quarter of the bytes. Whether they are faster, measure.
#
# ## What to read
#
# - T. Gale et al. (2020), arXiv 2006.10901, and E. Elsen et al. (2020), *Fast Sparse ConvNets*,
#   arXiv 1911.09723: when sparse kernels pay. A. Mishra et al. (2021), arXiv 2104.08378: 2:4.
# - T.-J. Yang et al. (2018), *NetAdapt*, arXiv 1804.03230: pruning by latency tables.
# - S. Han, H. Mao, W. J. Dally (2016), *Deep Compression*, arXiv 1510.00149: zeros, gaps, few bits;
#   the energy of memory is in S. Han et al. (2015), arXiv 1506.02626.
# - B. Jacob et al. (2018), arXiv 1712.05877: integers in place of floats.
#
# Next: [14 · Joint compression](14_joint_compression.ipynb): pruning with other methods.
