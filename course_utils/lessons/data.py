"""Load the digits of the course, split once into training, validation and test.

MNIST, or where there is none, the stand-in embedded as digits.npz: E. Alpaydin, C. Kaynak (1998),
Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49, licence CC BY 4.0; the 1,797 images that scikit-learn ships,
changed here from 8x8 to 28x28.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from course_utils.arrays import whole
from course_utils.lessons.mnist import find_mnist, keras_caches, read_arrays

DIGITS_SHAPES = {"images": (1797, 8, 8), "labels": (1797,)}
DIGITS_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """Hold images, float32 (n, 28, 28, 1) in [0, 1], and labels, int64 (n,), in three splits.

    Train on `train`, choose on `val`, report on `test`. The arrays are read-only, so that no cell
    changes another's data: change a copy.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        for array in vars(self).values():
            if isinstance(array, np.ndarray):
                array.setflags(write=False)

    @property
    def stand_in(self) -> bool:
        """Tell whether these are not the MNIST that the course speaks of."""
        return self.name != "MNIST"

    @property
    def caption(self) -> str:
        """Name the data as every figure and table does."""
        return f"{self.name}, the stand-in for MNIST" if self.stand_in else self.name

    def head(self, n: int, held_out: int | None = None) -> "Dataset":
        """Return the same data with only the first n training images, or all if there are fewer.

        Of validation and test images, the first `held_out` each, or all for None. Raises ValueError
        unless both are whole numbers of at least 1.

        >>> load_digits().head(100, held_out=50)
        scikit-learn digits, the stand-in for MNIST
          train     100 images
          val        50 images
          test       50 images
        """
        whole(n, "n", least=1)
        whole(1 if held_out is None else held_out, "held_out", least=1)
        arrays = {key: value for key, value in vars(self).items() if key != "name"}
        some = {k: W[: n if k.endswith("_train") else held_out] for k, W in arrays.items()}
        return replace(self, **some)

    def __repr__(self) -> str:
        """Show a short table."""
        sizes = (("train", self.x_train), ("val", self.x_val), ("test", self.x_test))
        rows = [f"  {split:<6}{len(images):>7,} images" for split, images in sizes]
        return "\n".join([self.caption, *rows])


def load_mnist() -> Dataset:
    """Load MNIST, verified by SHA-256, or a stand-in where there is no MNIST and no network.

    Looks in the folder $COURSE_DATA_DIR, in Keras's cache, and online. The validation split is
    the last 10,000 of the 60,000 training images; the stand-in has 1,197, 300 and 300 images.
    Every call makes new arrays. What is wrong with a file is printed, not raised.

    >>> load_mnist()  # doctest: +SKIP
    MNIST
      train  50,000 images
      val    10,000 images
      test   10,000 images
    """
    arrays = find_mnist(os.environ.get("COURSE_DATA_DIR"), keras_caches())
    if arrays is None:
        return load_digits()
    x, x_test = _unit(arrays["x_train"]), _unit(arrays["x_test"])
    y, y_test = arrays["y_train"].astype(np.int64), arrays["y_test"].astype(np.int64)
    return Dataset("MNIST", x[:50000], y[:50000], x[50000:], y[50000:], x_test, y_test)


def load_digits() -> Dataset:
    """Load the embedded stand-in, the same on every machine to the last bit.

    >>> load_digits()
    scikit-learn digits, the stand-in for MNIST
      train   1,197 images
      val       300 images
      test      300 images
    """
    arrays = read_arrays(Path(__file__).with_name("digits.npz"), DIGITS_SHAPES, DIGITS_SHA256)
    x, y = enlarge(arrays["images"])[..., None], arrays["labels"].astype(np.int64)
    train, val, test = slice(0, 1197), slice(1197, 1497), slice(1497, None)
    return Dataset("scikit-learn digits", x[train], y[train], x[val], y[val], x[test], y[test])


def enlarge(images: np.ndarray) -> np.ndarray:
    """Bring (n, 8, 8) counts from 0 to 16 to float32 (n, 28, 28) in [0, 1], as MNIST is made.

    MNIST's digits are 20x20 pixels in a frame of 4. Between pixel centres, linear interpolation.

    >>> enlarge(np.full((1, 8, 8), 16))[0, 3:6, 14]
    array([0., 1., 1.], dtype=float32)
    """
    # Output pixel i lies at (i + 1/2) * 8/20 - 1/2 = (4i - 3) / 10. The weights are kept in whole
    # tenths: whole numbers give the same result whatever the order of summation.
    tenths = np.clip(4 * np.arange(20) - 3, 0, 70)
    distance = np.abs(tenths[:, None] - 10 * np.arange(8))  # (20, 8)
    weights = np.maximum(10 - distance, 0)
    large = weights @ images.astype(np.int64) @ weights.T  # (n, 20, 20), up to 10 * 10 * 16
    return np.pad(large / np.float32(1600), ((0, 0), (4, 4), (4, 4))).astype(np.float32)


def _unit(images: np.ndarray) -> np.ndarray:
    # One pass and one new array: the training images alone take 188 MB as float32.
    return np.divide(images, np.float32(255), dtype=np.float32)[..., None]
