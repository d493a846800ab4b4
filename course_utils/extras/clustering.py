"""Weight sharing: few different values in each kernel, found by k-means and kept while training.

The k-means is over the weights that are not pruned. A codebook is held as a mask is: Keras applies
`variable.constraint` after every optimizer step, inside the compiled train step. One that gives all
weights of a cluster the same value there keeps the weights shared through `fit`, with any
optimizer, and the model stays an ordinary model.
Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), sections 3 to 3.3.
"""

import weakref
from collections.abc import Mapping

import numpy as np

from course_utils.arrays import Arrays, checked, checked_dict, same_names, whole
from course_utils.backend import keras, model_of, recompile
from course_utils.extras.speed.runtime import needed
from course_utils.pruning.kernels import candidates
from course_utils.pruning.layers import read
from course_utils.pruning.mask_constraint import Held, Left, MaskConstraint

STARTS = ("linear", "density", "random")
LARGEST = 1 << 16  # different values of a kernel: with more, nothing is shared
STEPS = ("mean", "sum")


def cluster(
    weights: Arrays, clusters: int | Mapping[str, int], start: str = "linear", seed: int = 0
) -> dict[str, np.ndarray]:
    """Return the weights with at most `clusters` different values in each kernel, besides zero.

    Zeros stay zero: what is pruned stays pruned, and has no part in the choice. Every other weight
    becomes the centroid of its cluster, found by k-means (Lloyd's, scikit-learn's). `clusters` may
    differ: {"conv1/kernel": 255, "fc1/kernel": 31}. k-means finds the best codebook near where it
    starts: "linear" spreads the first centroids evenly from the least weight to the largest,
    "density" evenly over the ranked weights, "random" takes weights by chance, with `seed`.
    Shapes and dtypes stay. Source: Deep Compression, section 3.2, which recommends "linear".

    Raises ImportError without scikit-learn, ValueError for an unknown start, for fewer than one
    cluster, and for what `arrays.checked` refuses.

    >>> W = np.array([[0, 0.9, 1.1], [-0.5, 0, -0.7]])
    >>> cluster({"fc/kernel": W}, clusters=2)["fc/kernel"].round(3).tolist()
    [[0.0, 1.0, 1.0], [-0.6, 0.0, -0.6]]
    """
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}, not {start!r}.")
    arrays = {name: checked(W, name) for name, W in checked_dict(weights, "weights").items()}
    each = clusters if isinstance(clusters, Mapping) else dict.fromkeys(arrays, clusters)
    same_names(arrays, each, ("weights", "clusters"))
    counts = {name: whole(count, "clusters", least=1) for name, count in each.items()}
    rng = np.random.default_rng(whole(seed, "seed"))
    return {name: _clustered(W, counts[name], start, rng) for name, W in arrays.items()}


def codebook(W: np.ndarray) -> np.ndarray:
    """Return the different values of a kernel, zero left out, in rising order.

    >>> codebook(np.array([[0, 1.5, 1.5], [-2, 0, 1.5]])).tolist()
    [-2.0, 1.5]
    """
    return np.unique(W[W != 0])


def hold_codebooks(model: keras.Model, shared: Arrays, *, step: str = "mean") -> None:
    """Put shared weights into `model` and keep them shared through any later training.

    `shared` is what `cluster` returned: kernels by name, with few different values. From now on all
    weights that have the same value keep the same value, and zeros stay zero, with or without
    masks. After each optimizer step a value moves by the "mean" of what the optimizer did to its
    weights: the nearest shared weights there are, projected gradient descent as with masks. With
    step="sum" it moves by the sum: under SGD, also with momentum, that is gradient descent on the
    values themselves, since the gradient of a value is the sum of those of its weights (Deep
    Compression, equation 3). Under Adam, whose steps do not add up, take "mean".

    Call it after masks and after loading weights, on the model that you train; a clone, and a model
    loaded from a file, are plain. Raises ValueError, having changed nothing, for unknown names,
    other shapes, more than 65,536 different values, weights that are not zero where a held mask is,
    an optimizer with `use_ema=True` (averages are not shared), and an unknown step.

    >>> from course_utils import models, pruning
    >>> model = models.article_cnn()
    >>> hold_codebooks(model, cluster(pruning.weights(model, include="conv/*"), clusters=4))
    >>> len(np.unique(model.get_layer("conv").kernel))
    4
    """
    if step not in STEPS:
        raise ValueError(f"step must be one of {', '.join(STEPS)}, not {step!r}.")
    model = model_of(model)
    _refuse_averages(model)
    variables = {found.name: found.variable for found in candidates(model) if not found.why_not}
    unknown = sorted(set(checked_dict(shared, "shared")) - set(variables))
    if unknown:
        raise ValueError(f"unknown kernels {unknown}; this model has {sorted(variables)}.")
    arrays = {name: _checked(name, W, variables[name]) for name, W in shared.items()}
    for name, W in arrays.items():
        variable = variables[name]
        held = _CodebookConstraint(model, variable, W, step)
        if isinstance(variable.constraint, MaskConstraint):
            variable.constraint.earlier = held
        else:
            variable.constraint = held
        variable.assign(W)
    recompile(model)


class _CodebookConstraint(Held):
    """Give all weights of a cluster one value, after every optimizer step; what is zero stays zero.

    The value moves by the mean, or the sum, of the steps that the optimizer made with its weights.
    """

    def __init__(
        self, model: keras.Model, variable: keras.Variable, shared: np.ndarray, step: str
    ) -> None:
        self.model = weakref.ref(model)  # the one that trains
        self.earlier = variable.constraint  # such as a MaxNorm: still applied, before
        for kind in (MaskConstraint, _CodebookConstraint):  # one comes after, one goes
            if isinstance(self.earlier, kind):
                self.earlier = self.earlier.earlier
        self.step = step
        centroids = codebook(shared)
        labels = np.where(shared != 0, np.searchsorted(centroids, shared), len(centroids))
        self.labels = keras.Variable(labels.astype("int32").ravel(), trainable=False, dtype="int32")
        self.centroids = keras.Variable(centroids, trainable=False, dtype=variable.dtype)

    def _onto(self, model: keras.Model, variable: keras.Variable, left: Left) -> Held:
        return _CodebookConstraint(model, variable, read(variable), self.step)

    def __call__(self, w: keras.KerasTensor) -> keras.KerasTensor:
        """Return `w` with one value in every cluster, and with zeros in none."""
        _refuse_averages(self.model())  # of an optimizer that came later
        ops = keras.ops
        flat = ops.reshape(w if self.earlier is None else self.earlier(w), (-1,))
        count = self.centroids.shape[0]
        # Past the last centroid stand the zeros. What a mask has cut meanwhile takes no part.
        values = ops.append(self.centroids, ops.zeros((1,), self.centroids.dtype))
        before = ops.take(values, self.labels)
        there = ops.logical_and(self.labels < count, flat != 0)
        steps = ops.where(there, flat - before, ops.zeros_like(flat))
        moved = ops.segment_sum(steps, self.labels, count + 1)
        if self.step == "mean":
            members = ops.segment_sum(ops.cast(there, flat.dtype), self.labels, count + 1)
            moved = moved / ops.maximum(members, ops.ones_like(members))
        self.centroids.assign(self.centroids + moved[:count])
        after = ops.take(values + moved, self.labels)
        return ops.reshape(ops.where(there, after, ops.zeros_like(after)), w.shape)


def _clustered(W: np.ndarray, clusters: int, start: str, rng: np.random.Generator) -> np.ndarray:
    if W.dtype.kind != "f":
        raise TypeError(f"weights to share must be floats, not {W.dtype}.")
    kept = W[W != 0]
    if len(np.unique(kept)) <= clusters:
        return W.copy()  # as few as that already
    if start == "linear":
        first = np.linspace(float(kept.min()), float(kept.max()), clusters)
    elif start == "density":
        first = np.quantile(kept, (np.arange(clusters) + 0.5) / clusters)
    else:
        first = rng.choice(np.unique(kept), clusters, replace=False)
    KMeans = needed("sklearn.cluster", "scikit-learn").KMeans
    points, first = (a.astype("float64").reshape(-1, 1) for a in (kept, first))
    # Until nothing moves, or hardly anything: the last rounds of many weights take longest.
    fitted = KMeans(clusters, init=first, n_init=1, tol=1e-7, max_iter=300)
    # A few thousand weights take milliseconds; threads would wait for each other for far longer.
    limits = needed("threadpoolctl", "scikit-learn").threadpool_limits
    with limits(1 if len(points) < 50_000 else None, "openmp"):
        fitted.fit(points)
    centroids = np.sort(fitted.cluster_centers_.ravel().astype(kept.dtype))
    centroids[centroids == 0] = np.finfo(W.dtype).tiny  # zero would look pruned
    shared = W.copy()
    shared[W != 0] = centroids[np.searchsorted((centroids[1:] + centroids[:-1]) / 2, kept)]
    return shared


def _checked(name: str, W: object, variable: keras.Variable) -> np.ndarray:
    """Return shared weights that fit a variable, its shape and its mask."""
    W = checked(W, name)
    if W.shape != tuple(variable.shape):
        raise ValueError(f"{name} has shape {tuple(variable.shape)}, what is shared {W.shape}.")
    if len(codebook(W)) > LARGEST:
        raise ValueError(
            f"{name} has {len(codebook(W)):,} different values, so nothing is shared yet: give "
            "what `cluster(weights, clusters)` returns."
        )
    mask = variable.constraint
    if isinstance(mask, MaskConstraint) and np.any(W[~read(mask.mask)]):
        raise ValueError(
            f"{name} has values where its mask holds zeros: share the weights as they are now, "
            "after pruning, or detach the masks."
        )
    return W


def _refuse_averages(model: keras.Model | None) -> None:
    optimizer = getattr(model, "optimizer", None)
    if getattr(getattr(optimizer, "inner_optimizer", optimizer), "use_ema", False):
        raise ValueError("averages of shared weights are not shared: compile with use_ema=False.")
