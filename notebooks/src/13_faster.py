# %% [markdown]
# # 13 · Does it run faster?
#
# **The question: what does pruning save, in bytes, in multiply-accumulates, and in milliseconds?**
#
# About 50 minutes of yours, and five of the computer. Before this:
# [05 · Prune and retrain](05_prune_and_retrain.ipynb), and
# [12 · Channels that belong together](12_channels_together.ipynb). Let nothing else run on your
# machine meanwhile.
#
# Chinese terms: inference latency 推理延迟, warm-up 预热, median 中位数, quartile 四分位数, sparse
# matrix 稀疏矩阵, break-even 盈亏平衡点, quantization 量化, scale 缩放因子, zero point 零点,
# multiply-accumulate (MAC) 乘加运算.

# %% [markdown]
# ## What you will be able to do
#
# - measure a time so that somebody else would get it, too;
# - say what zeros save by themselves: in a file, in a sparse format, in a product;
# - find the density below which a sparse product pays on your machine;
# - say how much of the work saved arrives as time saved, and where the rest went;
# - quantize by hand, and choose what to do for a small download or for speed.

# %%
import importlib.util
import logging
import textwrap
import threading
import time

import matplotlib.pyplot as plt
import numpy as np

from course_utils import costs, criteria, masking, measuring, models, pruning, structure
from course_utils.backend import keras
from course_utils.extras import export, sparsefile, speed
from course_utils.lessons import plots, recorded
from course_utils.lessons.checks import faster as check
from course_utils.lessons.data import load_mnist
from course_utils.lessons.progress import Progress, quick_mode

plots.use_style()
# TensorFlow warns of many compiled functions; this lesson compiles many, to time each.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

# %% [markdown] covers="29" corrects="1 54"
# The article says in five places that pruning makes networks faster. It gives no milliseconds, no
# bytes, no operations: not one number. So this lesson is about numbers, and they are *yours*: what
# you find printed here comes from one machine with two cores that had other work to do as well.
#
# Two packages are wanted besides the usual ones. Without them the lesson goes on, with less in it:

# %% tags=["varies"]
LITERT, SCIPY = (importlib.util.find_spec(name) for name in ("ai_edge_litert", "scipy"))
print("LiteRT, the runtime of phones:", "here" if LITERT else "not here; its cells do nothing")
print("SciPy, for sparse products:   ", "here" if SCIPY else "not here; its cells do nothing")
print(f"{speed.cores()} processor cores")
data = load_mnist().head(500 if quick_mode() else 20_000)
print(data.caption)

# %% [markdown]
# ## Part 1: how to measure
#
# A timer, the article's CNN, 256 images, forty calls. (`keras_call` makes a compiled function, so
# that we time the network and not what `predict` does around it.) **Predict**: how much longer than
# the others is the first call?


# %%
def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


images = data.x_val[: 64 if quick_mode() else 256]
call = speed.keras_call(models.article_cnn(seed=0), images)

# %% tags=["varies"]
times = np.array([timed(call) for _ in range(40)])
plots.in_order(["first"] + ["others"] * 39, times, log=True)
plt.show()
print(f"the first took {times[0] / np.median(times[1:]):.1f} times as long as the others' median")

# %% [markdown]
# The first call is another thing than the others: TensorFlow draws up the graph, memory is fetched,
# caches are cold. Who times dense, then pruned, once each, finds the pruned network faster, and has
# measured the order. So: some calls of **warm-up**, which are thrown away.
#
# The others differ as well. A machine can be disturbed, but nothing makes it hurry: so there are
# some slow calls, and no very fast ones. A mean is moved by the slow ones; the **median** is not,
# and the **quartiles** (a quarter of the calls below the lower, a quarter above the upper) show how
# far to trust it.
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
# Cut the warm-up off first, before anything is sorted. Then <code>np.median</code> and
# <code>np.quantile</code>.
# </details>

# %% [markdown]
# ### One after the other, or in turns?
#
# Now *one and the same* network under two names, A and B, many calls each. After a third of the
# calls a neighbour starts to work (here a thread that multiplies matrices; at home a browser, an
# update). First all of A, then all of B; then in turns, in random order. **Predict** both pictures.


# %%
def work_until(stop):
    big = np.ones((1000, 1000), "float32")
    while not stop.is_set():
        big @ big


def disturbed(names):
    stop, seconds = threading.Event(), []
    neighbour = threading.Thread(target=work_until, args=[stop])
    for number in range(len(names)):
        if number == len(names) // 3:
            neighbour.start()
        seconds.append(timed(call))
    stop.set()
    neighbour.join()
    return np.array(seconds)


# %% tags=["varies"]
blocks = np.repeat(["A", "B"], 6 if quick_mode() else 30)
orders = {"A, then B": blocks, "in turns": np.random.default_rng(0).permutation(blocks)}
fig, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
for ax, (way, names) in zip(axes, orders.items(), strict=True):
    seconds = disturbed(names)
    plots.in_order(names, seconds, ax).set_title(way)
    A, B = (np.median(seconds[names == name]) for name in "AB")
    print(f"{way:10}: B takes {B / A:.2f} of A's time; they are the same network")
axes[1].set_ylabel("")
plt.show()

# %% [markdown]
# Taken one after the other, the neighbour is measured, and B gets the blame. In turns it hits both
# alike: the milliseconds are still too high, but the *ratio* is nearly right. That is why we shall
# speak of ratios. `speed.latency` does all of it: warm-up, turns in a new random order every
# round, median, quartiles. And it says on how many threads: a time without them is half a number.


# %% tags=["varies"]
def measure(calls, batch=256):
    repeats = {1: 20, 256: 3} if quick_mode() else {1: 400, 256: 40}
    return speed.latency(calls, repeats[batch], warmup=3)


same = measure({"A": call, "B": call})
same

# %% tags=["varies"]
noise = abs(same["B"].median / same["A"].median - 1)
print(f"the same network twice: {noise:.1%} apart; quartiles {same['A'].spread:.0%} apart")
print("Keep both in mind: a difference of this size between two networks is none.")

# %% [markdown]
# ## Part 2: zeros
#
# Four networks for the rest of the lesson, all from one dense start. One stays dense. Two lose 90
# and 95 % of their weights, by size, with their masks held (lesson 05). From the fourth we take
# half of its filters and half of its hidden units *out*, as in lesson 10. Then all four train on as
# long.

# %%
epochs = 1 if quick_mode() else 12 if data.stand_in else 4


def train(model, label, epochs):
    options = {"batch_size": 64, "verbose": 0, "callbacks": [Progress(label)]}
    if epochs:
        model.fit(data.x_train, data.y_train, epochs=epochs, **options)
    return model


def copied(model):
    copy = models.article_cnn(seed=0)
    copy.set_weights(model.get_weights())
    return copy


# %% tags=["varies"]
base = train(models.article_cnn(seed=0), "the start of all four", epochs)
networks = {"dense": copied(base)}
for share in (0.9, 0.95):
    model = networks[f"{share:.0%} zeros"] = copied(base)
    pruning.attach(model, masking.make_masks(criteria.magnitude(pruning.weights(base)), share))
networks["half the widths"] = structure.shrink(base, 0.5, verify=True)[0]
for name, model in networks.items():
    train(model, name, epochs // 2)
    print(
        f"{masking.sparsity(pruning.weights(model)):.1%} zeros, {model.count_params():,} parameters"
    )

# %% [markdown]
# **Predict**: with 95 % of the weights at zero, what share of the time is left? In Keras, and in
# LiteRT, which was made for phones?

# %% tags=["varies"]
files = {name: export.litert(model) for name, model in networks.items()}
masked = list(networks)[:3]
keras_times = measure({n: speed.keras_call(networks[n], images) for n in masked})
print(f"Keras, batch of {len(images)}")
keras_times

# %% tags=["varies"]
if LITERT:
    calls = {name: speed.litert_call(files[name], images) for name in masked}
    lite_times = measure(calls)
    print(f"LiteRT, batch of {len(images)}\n{lite_times}")


# %% tags=["varies"]
def alike(one, other):
    """Whether two times are near each other, or nearer than their quartiles can tell."""
    overlap = one.low < other.high and other.low < one.high
    # Quick mode measures too little to be held to anything.
    return quick_mode() or overlap or 0.7 < one.median / other.median < 1.3


for found in (keras_times, lite_times) if LITERT else (keras_times,):
    near = all(alike(found[name], found["dense"]) for name in masked[1:])
    assert near, "the machine had too much else to do: run the two cells above once more"

# %% [markdown] corrects="1"
# Nothing. A zero is multiplied like any other number: the product does not look before it
# multiplies. To look would cost more than to multiply, since processors do four, eight or sixteen
# multiplications at once, in a row, and a question in between breaks the row.
#
# And the files? **Predict** for each network: the size of its `.keras` file; of that file after
# gzip; and of a file made for sparse arrays (*gaps* between non-zeros, in few bits, beside their
# values; Han et al. 2016).

# %% tags=["varies"]
kinds = {
    ".keras": export.keras_bytes,
    "after gzip": lambda model: export.keras_bytes(model, compressed=True),
    "sparse file": lambda model: len(export.sparse_file(model)),
}
bytes_of = {kind: [size(networks[name]) for name in masked] for kind, size in kinds.items()}
ax = plots.bars({kind: np.array(sizes) / 1e3 for kind, sizes in bytes_of.items()})
ax.set_xticks(range(3), masked)
ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
ax.set(ylabel="kilobytes", title=f"the article's CNN as a file ({data.caption})")
plt.show()

# %% tags=["varies"]
for kind, sizes in bytes_of.items():
    print(f"{kind:12}", "  ".join(f"{size:12,}" for size in sizes))
left = sum(np.count_nonzero(W) for W in networks["95% zeros"].get_weights())
print(f"sparse file, 95 %: {8 * bytes_of['sparse file'][2] / left:.0f} bits for each non-zero")
assert max(bytes_of[".keras"]) < 1.01 * min(bytes_of[".keras"])  # zeros alone save nothing
assert bytes_of["after gzip"][2] < 0.2 * bytes_of["after gzip"][0]
assert bytes_of["sparse file"][2] < bytes_of["after gzip"][2]

# %% [markdown]
# So zeros save *download*, once something packs them. The network that is unpacked is as large in
# memory, and as slow, as before. (And 32 of those bits are the value: a reason for part 5.)
#
# ## Part 3: products that skip zeros
#
# Can a product leave the zeros out? It can, if the matrix is stored so that they are not there.
# **CSR**, compressed sparse rows, keeps three lists: the non-zero values row by row, the column of
# each, and where each row starts.

# %%
W = np.array([[0, 5, 0, 0], [0, 0, 0, 7], [2, 0, 0, 1]])
rows, columns = np.nonzero(W)
print("values    ", W[rows, columns])
print("columns   ", columns)
print("row starts", np.r_[0, np.cumsum(np.count_nonzero(W, axis=1))])

# %% [markdown]
# Now x @ W with SciPy's CSR beside NumPy's dense product, both on one thread: for the kernel of the
# article's Dense layer (5408 x 64) and for a larger one, with 1 example and with 256.
#
# **Predict**: below which *density* (share of non-zeros) is CSR faster? And is that another density
# for the batch?

# %%
densities = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]
large = 256 if quick_mode() else 2048
cases = [((5408, 64), 1), ((5408, 64), 256), ((large, large), 1), ((large, large), 256)]


def products(shape, batch):
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=shape).astype("float32"), rng.random((batch, shape[0]), "float32")
    calls = {"dense": speed.dense_call(W, x, threads=1)}
    for density in densities:
        calls[f"{density}"] = speed.csr_call(W * (rng.random(shape) < density), x)
    return speed.latency(calls, 3 if batch > 1 and quick_mode() else 15, warmup=2)


# %% tags=["varies"]
ratios = {}
for shape, batch in cases if SCIPY else ():
    found = products(shape, batch)
    name = f"{shape[0]} x {shape[1]}, batch {batch}"
    ratios[name] = [found[f"{d}"].median / found["dense"].median for d in densities]
if SCIPY:
    plots.break_even(densities, ratios).set_ylabel("time: CSR / dense")
    plt.show()

# %% [markdown]
# In the green part CSR wins. It has to go far for it: a dense product reads along a row, many
# numbers at once; a sparse one reads a value and an index, then jumps to where the index says.
#
# ### Exercise 2
#
# Read the break-even off two curves, with straight lines between the points that were measured.


# %% tags=["exercise"]
def my_break_even(densities, sparse, dense):
    """Return the density at which the sparse product takes as long as the dense one.

    `densities` rise; `sparse` and `dense` hold the times at each, sparse faster at first.
    """
    # BEGIN SOLUTION
    return np.interp(0, sparse - dense, densities)
    # END SOLUTION


# %% tags=["check"]
check.break_even(my_break_even)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Where the curves meet, their difference is 0. <code>np.interp(at, xs, ys)</code> gives the y at
# one x on straight lines between points; what rises from left to right may stand as xs.
# </details>

# %% tags=["varies"]
breaks = {}
for name, values in ratios.items():
    # Times are noisy: a curve that dips would cross twice.
    breaks[name] = np.interp(1, np.maximum.accumulate(values), densities, left=0, right=1)
    print(f"{name:24} CSR pays below a density of {breaks[name]:.1%} on this machine")

# %% [markdown]
# (0 % means: at none that was tried.) TensorFlow's documentation of `sparse_dense_matmul` draws its
# line at a density of about 15 %. Other matrices, other machines, other numbers of threads, other
# lines. What holds is that the line is far to the left: with half of the weights gone, a sparse
# product is slower.
#
# Bytes break even much earlier. CSR spends a 32-bit index on each 32-bit value; a 16-bit index will
# do for most layers; gaps take fewer bits still. **Predict** the three densities at which these
# become smaller than the dense matrix:

# %% tags=["varies"]
rng, n = np.random.default_rng(0), 5408 * 64
steps, shares = np.linspace(0.02, 1, 15), {}
shares["index of 32 bits"] = [costs.sparse_bytes(n, 1 - d, index_bits=32) / (4 * n) for d in steps]
shares["index of 16 bits"] = [costs.sparse_bytes(n, 1 - d, index_bits=16) / (4 * n) for d in steps]
kernels = (np.where(rng.random(n) < d, rng.random(n), 0).astype("float32") for d in steps)
shares["sparse file (gaps)"] = [len(sparsefile.encode({"W": W})) / (4 * n) for W in kernels]
ax = plots.curves(shares, steps)
ax.axhline(1, color=plots.GREY, linewidth=1)
for index, density in enumerate(breaks.values()):
    ax.axvline(density, color=plots.GREEN, linewidth=1, label=None if index else "time, as above")
ax.set(xlabel="density", ylabel="bytes: sparse / dense", xlim=(0, 1))
ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
plt.show()

# %%
assert (
    costs.sparse_bytes(n, 1 - 0.49, index_bits=32) < 4 * n < costs.sparse_bytes(n, 1 - 0.51, 32, 32)
)
for bits in (32, 16):
    print(f"an index of {bits} bits pays below a density of {32 / (32 + bits):.0%}")

# %% [markdown]
# Smaller comes long before faster. Between the lines there is a wide stretch where a sparse file is
# small, and the best one can do with it is to unpack it and multiply densely.
#
# ### The phone's runtime
#
# LiteRT has a sparse encoding of its own. Does it help? **Predict**: bytes, and time.

# %% tags=["varies"]
if LITERT:
    files["95% zeros, sparse"] = export.litert(networks["95% zeros"], sparse=True)
    pair = ("95% zeros", "95% zeros, sparse")
    calls = {name: speed.litert_call(files[name], images) for name in pair}
    found = measure(calls)
    for name in pair:
        print(f"{name:18} {len(files[name]):9,} bytes, {found[name].median * 1e3:6.2f} ms")

# %% [markdown]
# The file shrinks; the time does not. LiteRT has fast sparse kernels, but only for networks built
# of 1x1 convolutions in one particular arrangement (Elsen et al. 2019: there, on phones, sparse
# networks *are* faster). What does not fit is computed densely. And some combinations it does not
# take at all:

# %% tags=["varies"]
try:
    assert LITERT, "without the runtime nothing can be refused."
    export.litert(networks["95% zeros"], "int8", samples=data.x_train[:100], sparse=True)
    print("This version takes it.")
except (ValueError, RuntimeError, AssertionError) as refusal:
    print(textwrap.fill(f"Refused: {refusal}", 90))

# %% [markdown]
# Always *run* a file before you ship it. Hardware can be built for zeros, too: some graphics
# processors skip two of every four weights (the 2:4 pattern, Mishra et al. 2021), with kernels made
# for it. On your processor nothing of the kind happened.
#
# ## Part 4: fewer channels
#
# So far nothing became faster. Now the fourth network: its arrays are *smaller*. And LeNet-5 beside
# it, also with every width halved. (LeNet-5 is not trained here: how long a dense product takes
# does not depend on its numbers.)

# %% tags=["varies"]
lenet = models.lenet5(seed=0)
both = {
    "article CNN": (networks["dense"], networks["half the widths"]),
    "LeNet-5": (lenet, structure.shrink(lenet, 0.5)[0]),
}
macs = {n: [measuring.report(m).total.macs for m in pair] for n, pair in both.items()}
for name, (full, halved) in macs.items():
    print(f"{name:12} {full:9,} MACs, halved {halved:9,}: {halved / full:.1%} are left")

# %% [markdown]
# Half of the inputs times half of the outputs: most layers keep a quarter. MACs before over MACs
# after is what papers call the **theoretical speed-up** (理论加速比). **Predict** the time
# that is left, in percent, for each network: in Keras and in LiteRT, with 256 images and with one.

# %% tags=["varies"]
own = {}
for name, pair in list(both.items())[-1 if quick_mode() else 0 :]:
    sizes = dict(zip(("full", "half"), pair, strict=True))
    lite = {size: export.litert(model) for size, model in sizes.items()} if LITERT else {}
    for batch in (1,) if quick_mode() else (256, 1):
        x = images[:batch]
        calls = {size: speed.keras_call(model, x) for size, model in sizes.items()}
        own[name, "Keras", batch] = measure(calls, batch)
        if LITERT:
            calls = {size: speed.litert_call(file, x) for size, file in lite.items()}
            own[name, "LiteRT", batch] = measure(calls, batch)


# %% [markdown]
# One number for it: how much of the *reduction* in MACs arrives as reduction in time?
#
# $$\text{share that arrives} = \frac{1 - t_\text{half} / t_\text{full}}
# {1 - \text{MACs}_\text{half} / \text{MACs}_\text{full}}$$
#
# 1 means all of it, 0 nothing.


# %%
def arriving(t_half, t_full, macs_half, macs_full):
    return (1 - t_half / t_full) / (1 - macs_half / macs_full)


# %% tags=["varies"]
mine = {}
for (name, way, batch), found in own.items():
    full, halved = (1e3 * found[size].median for size in ("full", "half"))
    mine[f"{name}, {way}, batch {batch}"] = arriving(halved, full, *macs[name][::-1])
    print(f"{name:12} {way:7} batch {batch:3}: {full:7.3f} ms -> {halved:7.3f} ms", end="")
    print(f" ({halved / full:4.0%} left), {mine[f'{name}, {way}, batch {batch}']:4.0%} arrives")

# %% [markdown]
# Those were moments (Keras on all cores, LiteRT on one). Here is the same measured at length, by
# `python benchmarks/halved_widths.py`, one thread, in several repetitions (grey; blue: their mean),
# with your own as orange stars. There is a third runtime in it, "Keras, oneDNN": on most x86
# processors TensorFlow can multiply with Intel's oneDNN library, and does so by default. The course
# turns that off, so that numbers are more nearly the same on all machines.

# %% tags=["varies"]
table = recorded.rows("halved_widths")
runs = {}
for row in table:
    if row["threads"] == 1:
        name = f"{row['network']}, {row['runtime']}, batch {row['batch']:.0f}"
        runs.setdefault(name, []).append(row["share"])
runs = {name: runs[name] for name in sorted(runs, key=lambda name: name[-1] == "1")}
ax = plots.spread(runs, plt.subplots(figsize=(9, 5))[1])
places = [list(runs).index(name) for name in mine]
ax.plot(
    np.clip(list(mine.values()), -0.1, 1.2),
    places,
    "*",
    color=plots.ORANGE,
    markersize=12,
    clip_on=False,
)
ax.axvline(1, color=plots.GREY, linewidth=1)
ax.set(xlabel="share of the MACs' reduction that arrives as time", xlim=(-0.1, 1.2))
ax.xaxis.set_major_formatter("{x:.0%}")
plt.show()


# %%
def recorded_share(network, runtime, batch, threads=1):
    wanted = {"network": network, "runtime": runtime, "batch": batch, "threads": threads}
    return np.median([row["share"] for row in table if wanted.items() <= row.items()])


for runtime in ("LiteRT", "Keras, oneDNN", "Keras"):
    shares = [f"{recorded_share(name, runtime, 256):.0%}" for name in both]
    print(f"{runtime:14} batch 256, {' and '.join(shares)} of the reduction arrive")

# %%
for name in both:
    assert recorded_share(name, "LiteRT", 256) > 0.6 < recorded_share(name, "Keras, oneDNN", 256)
    assert recorded_share(name, "Keras", 256) < recorded_share(name, "LiteRT", 256)
    assert recorded_share(name, "Keras", 1) < 0.4 < recorded_share(name, "LiteRT", 1)

# %% [markdown]
# So this *is* faster, and nothing special was needed: no sparse format, no special kernel. With 256
# images well over half of the reduction arrives in LiteRT and with oneDNN. One and the same
# network, the same MACs, and yet in TensorFlow's own kernels less arrives, and with a single image
# in Keras hardly anything. Where does the rest go?
#
# ### Where the rest went
#
# Take LeNet-5 apart and time each layer alone, in Keras. **Predict**: which layers have no MACs,
# but take time? And for which does time *not* fall, although its MACs do?


# %%
def layer_by_layer(model, x):
    calls = {}
    for layer in model.layers:
        alone = keras.Sequential([keras.Input(x.shape[1:]), layer])
        calls[layer.name] = speed.keras_call(alone, x)
        x = np.asarray(alone(x))
    return calls


# %% tags=["varies"]
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

# %% tags=["varies"]
t_half, t_full = (sum(pair[i] for pair in spent.values()) for i in (1, 0))
print(f"all layers:    {arriving(t_half, t_full, *macs['LeNet-5'][::-1]):4.0%} arrives")
first = spent["conv1"]
rest = [macs["LeNet-5"][i] - 1e6 * work["conv1"][i] for i in (1, 0)]
print(f"without conv1: {arriving(t_half - first[1], t_full - first[0], *rest):4.0%} arrives")
print(f"conv1 has {work['conv1'][0] / sum(w[0] for w in work.values()):.0%} of the MACs", end=" ")
print(f"and takes {first[0] / t_full:.0%} of the time")

# %% [markdown]
# The first convolution. It reads *one* channel, the grey image, and before anything is multiplied,
# its input is copied out window by window, 24 x 24 windows of 25 pixels for each image. That work
# does not depend on how many filters are waiting. Pooling and flattening have no MACs at all, they
# move numbers; they cost what memory costs.
#
# If that is right, the layer should cost nearly as much with one filter as with forty. **Predict**
# the left picture. The right one is another convolution, on 32 channels, in LiteRT, with 8, 12, 16
# … filters. (The dashed line is where time would go if it followed the MACs.)

# %% tags=["varies"]
filters = [1, 40] if quick_mode() else [1, 10, 20, 30, 40]
calls = {}
for n in filters:
    layer = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(n, 5)])
    calls[f"{n}"] = speed.keras_call(layer, images)
thin = [1e3 * row.median for row in measure(calls).rows]

# %% tags=["varies"]
widths = list(range(8, 49, 24 if quick_mode() else 4)) if LITERT else []
x, calls = np.ones((8, 26, 26, 32), "float32"), {}
for n in widths:
    layer = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Conv2D(n, 3)])
    calls[f"{n}"] = speed.litert_call(export.litert(layer), x)
wide = [1e3 * row.median for row in measure(calls, batch=1).rows] if LITERT else []

# %% tags=["varies"]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.6))
plots.over_width(filters, thin, axes[0]).set_title("5x5 on 1 channel, Keras")
if LITERT:
    plots.over_width(widths, wide, axes[1]).set_title("3x3 on 32 channels, LiteRT")
plt.show()

# %% [markdown]
# Left: with a single filter, a fortieth of the MACs, the layer still takes a large part of the time
# of forty: you pay for *having* such a layer. Right, on many processors: **stairs**.
# LiteRT computes filters in groups, as many as fit into the processor's registers, 16 on the
# machine that made this page. A group that is not full costs as much as a full one. So this is a
# negative result: taking a few filters out may save nothing at all.

# %% tags=["varies"]
for few, more in ((24, 32), (40, 48)) if 24 in widths else ():
    t = wide[widths.index(few)] / wide[widths.index(more)]
    print(f"{few} filters instead of {more}: {few / more:.0%} of the MACs, {t:.0%} of the time")

# %% [markdown]
# (`structure.choose(..., multiple=16)` leaves a multiple of 16 in every group.) And with one image?
# Keras spends most of its time on starting the computation, whatever is computed, and a small
# network disappears behind that. LiteRT does not, which is why it exists.
#
# Published numbers show the same. DepGraph (Fang et al. 2023) halve ResNet-50's channels: 4.12 to
# 1.07 billion MACs, 45.2 to 20.7 ms on a graphics processor with batches of 64. In our measure:

# %%
print(f"{arriving(20.7, 45.2, 1.07, 4.12):.0%} of the reduction arrives")

# %% [markdown]
# ## Part 5: fewer bits
#
# A weight is a number of 32 bits. Does it need them? **Quantization** (量化) keeps 8: whole numbers
# $q$ from -128 to 127, with one **scale** and one **zero point** for many of them (Jacob et al.
# 2018):
#
# $$x \approx \text{scale} \cdot (q - \text{zero})$$
#
# The lowest $x$ becomes -128, the highest 127; and 0 must be met exactly, since images are padded
# with it and ReLU makes many of it. So the range from low to high always holds 0, and the zero
# point is a whole number, the $q$ that means 0.
#
# ### Exercise 3
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
# From -128 to 127 there are 255 steps. How many steps lie below 0? Start at -128 and go that many
# up: there is the zero point. Round before you turn floats into int8, and clip what sticks out.
# </details>
#
# LiteRT has four precisions. *float16* halves each weight. *dynamic* stores weights as int8, and
# quantizes what flows between layers while it runs. *int8* computes in whole numbers all through;
# for the range of what flows it must see some images first, **training** images. **Predict** for
# each: bytes, time, accuracy.

# %% tags=["varies"]
precisions = ("int8",) if quick_mode() else ("float16", "dynamic", "int8")
for name in ("dense", "half the widths"):
    for precision in precisions:
        samples = data.x_train[:200] if precision == "int8" else None
        files[f"{name}, {precision}"] = export.litert(networks[name], precision, samples=samples)


def accuracy(name, x, y):
    if LITERT:
        guess = speed.predict_litert(files[name], x)
    else:
        guess = networks[name].predict(x, verbose=0, batch_size=1000)
    return np.mean(guess.argmax(axis=1) == y)


# %% tags=["varies"]
known = list(files) if LITERT else list(networks)
if LITERT:
    calls = {name: speed.litert_call(files[name], images) for name in known}
else:
    calls = {name: speed.keras_call(networks[name], images) for name in known}
latencies = measure(calls)
some = slice(500 if quick_mode() else None)
right = {name: accuracy(name, data.x_val[some], data.y_val[some]) for name in known}
ax = plots.timings({row.name: (row.low, row.median, row.high) for row in latencies.rows})
ax.set_title(f"batch of {len(images)}, {latencies.rows[0].threads} thread(s)")
plt.show()

# %% tags=["varies"]
for name in (n for n in files if "zeros" not in n):
    size = len(files[name]) / len(files["dense"])
    print(f"{name:26} {size:6.1%} of the bytes", end="")
    if name in known:
        ms, base = latencies[name].median, latencies["dense"].median
        print(f", {ms / base:4.0%} of the time, validation accuracy {right[name]:.2%}", end="")
    print()

# %% tags=["varies"]
for name in ("dense", "half the widths"):
    for precision in precisions:
        share = 0.53 if precision == "float16" else 0.28
        assert len(files[f"{name}, {precision}"]) < share * len(files[name])
        if LITERT:
            assert abs(right[f"{name}, {precision}"] - right[name]) < 0.03

# %% [markdown]
# Half and a quarter of the bytes, as the bits promise. float16 saves no time where the processor
# has no fast half precision: the weights are turned back into float32 first. Whole numbers can be
# faster, since four times as many fit into a register; how much of that arrives, look above. (It
# depends on the processor: on one that has no instruction for sums of such products, we found int8
# *slower* than float32.) In bytes both savings always multiply: half the widths in int8 is a small
# fraction. (Accuracy moves by little. How little is too little to tell on these images? Lesson 05's
# standard error:)

# %% tags=["varies"]
p, n = right["dense"], len(data.y_val[some])
print(f"dense: {p:.2%} ± {np.sqrt(p * (1 - p) / n):.2%} on {n:,} images")

# %% [markdown]
# ## Part 6: the honest table, and one picture
#
# Everything together: what has to be downloaded, and how long 256 images take once it is there. The
# networks of zeros go in as sparse files, which are unpacked into dense ones. CSR cannot run
# a convolution: its line is the dense layer alone, in part 3. **Predict** the corner at the lower
# left: who is small *and* fast?

# %% tags=["varies"]
download = {name: len(files[name]) for name in known}
for name in masked[1:]:
    download[name] = len(export.sparse_file(networks[name]))
kept = {name: measuring.report(networks[name]).total for name in networks}
print(f"{'':26} {'kB':>8} {'weights':>9} {'MACs':>9} {'ms':>8}  accuracy (validation)")
for name in known:
    total = kept[name.split(",")[0]]
    print(f"{name:26} {download[name] / 1e3:8,.0f}", end="")
    print(f" {total.weights - total.zeros:9,} {total.macs:9,}", end="")
    print(f" {1e3 * latencies[name].median:8.2f}  {right[name]:.2%}")

# %% tags=["varies"]
points = {name: (download[name], 1e3 * latencies[name].median) for name in known}
labels = {name: f"{name}: {right[name]:.1%}" for name in known}
ax = plots.size_and_speed(points, labels)
ax.set_title(f"small is left, fast is low; with validation accuracy ({data.caption})")
plt.show()

# %% tags=["varies"]
fast, dense_ms = "half the widths", latencies["dense"].median
assert all(alike(latencies[name], latencies["dense"]) for name in masked[1:])  # zeros: no faster
assert all(download[name] < 0.3 * download["dense"] for name in [fast, *masked[1:]])
if LITERT:
    small = f"{fast}, int8"
    assert download[small] < 0.1 * download["dense"]
    assert quick_mode() or latencies[fast].median < 0.9 * dense_ms  # fewer channels: faster

# %% [markdown] covers="29 72 77"
# What to conclude:
#
# - For a smaller **download**: zeros, once packed; fewer bits; fewer channels. They combine (Han et
#   al. 2016 pack zeros and few bits).
# - For less **time**: fewer channels, in any runtime; int8 where runtime and processor
#   have kernels for it.
# - For **neither**: zeros in an ordinary file. That is what the article does.
#
# And what was not measured is **energy**. On a phone it may matter most, and it is a fourth
# quantity again: to fetch a number from memory costs far more of it than to multiply two (Han et
# al. 2015, section 1). Parameters are not MACs, MACs are not milliseconds, milliseconds are not
# joules. Whoever claims one of them must measure that one.
#
# The test set, once, for what we would take home and what it is compared with:

# %% tags=["varies"]
best = f"{fast}, int8" if LITERT else fast
for name in ("dense", best):
    print(f"{name:26} test accuracy {accuracy(name, data.x_test, data.y_test):.2%}", end=", ")
    print(f"{download[name] / 1e3:,.0f} kB, {latencies[name].median / dense_ms:.0%} of the time")

# %% [markdown] covers="36 37" corrects="1 7 19"
# ### For and against, weighed
#
# The article lists four advantages of pruning and three drawbacks (3.3). Against what has been
# measured:
#
# | it says | holds? | lesson |
# |---|---|---|
# | + less complex | yes, if the mask is held, or units are removed | 05, 09 |
# | + faster training | no; and it contradicts the second drawback | 08 |
# | + better results | sometimes, where little is pruned | 05, 06 |
# | + easier deployment | download: yes; time: by fewer channels or bits, not by zeros | 11 |
# | − loss, if too much is pruned | yes; where it begins is measured | 06 |
# | − more training | yes | 05, 08 |
# | − not for all networks | wherever there are weights; what cannot go, the report says | 10, 14 |

# %% [markdown]
# ## What to remember
#
# - Warm up, take turns, give median and quartiles, name threads, batch and runtime. Trust ratios.
# - A zero is multiplied like any other number. Zeros save bytes once packed, and no time.
# - Sparse products pay at low density only; where, is measured. Smaller comes long before faster.
# - Fewer channels pay everywhere, though not in proportion: layers bound by memory, groups of
#   filters that are not full, and overhead keep their part.
# - Eight bits are a quarter of the bytes, at hardly any loss; whether they are faster, measure.
# - Parameters ≠ MACs ≠ latency ≠ energy.
#
# ## What to read
#
# - T. Gale, M. Zaharia, C. Young, E. Elsen (2020), *Sparse GPU Kernels for Deep Learning*, arXiv
#   2006.10901: at which sparsity such kernels begin to pay.
# - E. Elsen, M. Dukhan, T. Gale, K. Simonyan (2019), *Fast Sparse ConvNets*, arXiv 1911.09723: the
#   sparse kernels in LiteRT.
# - S. Han, H. Mao, W. J. Dally (2016), *Deep Compression*, arXiv 1510.00149: zeros, gaps, few bits;
#   section 6.3 on batches. The energy of memory: S. Han, J. Pool, J. Tran, W. J. Dally (2015),
#   arXiv 1506.02626.
# - B. Jacob et al. (2018), *Quantization and Training of Neural Networks for Efficient
#   Integer-Arithmetic-Only Inference*, arXiv 1712.05877.
# - A. Mishra et al. (2021), *Accelerating Sparse Deep Neural Networks*, arXiv 2104.08378: 2:4.
# - G. Fang, X. Ma, M. Song, M. B. Mi, X. Wang (2023), *DepGraph: Towards Any Structural Pruning*,
#   arXiv 2301.12900.
#
# Next: lesson 14 puts pruning together with other ways to make a network small.
