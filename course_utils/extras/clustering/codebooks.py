"""Few different values for many weights: k-means over the weights that are not pruned.

Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), sections 3 to 3.2.
"""

from collections.abc import Mapping

import numpy as np

from course_utils.arrays import Arrays, checked, checked_dict, same_names, whole
from course_utils.extras.speed.runtime import needed

STARTS = ("linear", "density", "random")


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


def _clustered(W: np.ndarray, clusters: int, start: str, rng: np.random.Generator) -> np.ndarray:
    if W.dtype.kind != "f":
        raise TypeError(f"weights to share must be floats, not {W.dtype}.")
    kept = W[W != 0]
    if len(np.unique(kept)) <= clusters:
        return W.copy()  # as few as that already
    centroids = _k_means(kept, _start(kept, clusters, start, rng))
    centroids[centroids == 0] = np.finfo(W.dtype).tiny  # zero would look pruned
    shared = W.copy()
    shared[W != 0] = centroids[np.searchsorted((centroids[1:] + centroids[:-1]) / 2, kept)]
    return shared


def _start(kept: np.ndarray, clusters: int, start: str, rng: np.random.Generator) -> np.ndarray:
    if start == "linear":
        return np.linspace(float(kept.min()), float(kept.max()), clusters)
    if start == "density":
        return np.quantile(kept, (np.arange(clusters) + 0.5) / clusters)
    return rng.choice(np.unique(kept), clusters, replace=False)


def _k_means(kept: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the centroids that Lloyd's algorithm ends with, in rising order."""
    KMeans = needed("sklearn.cluster", "scikit-learn").KMeans
    points, first = (a.astype("float64").reshape(-1, 1) for a in (kept, start))
    # Until nothing moves, or hardly anything: the last rounds of many weights take longest.
    fitted = KMeans(len(first), init=first, n_init=1, tol=1e-7, max_iter=300)
    # A few thousand weights take milliseconds; threads would wait for each other for far longer.
    limits = needed("threadpoolctl", "scikit-learn").threadpool_limits
    with limits(1 if len(points) < 50_000 else None, "openmp"):
        fitted.fit(points)
    return np.sort(fitted.cluster_centers_.ravel().astype(kept.dtype))
