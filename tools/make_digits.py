"""Make course_utils/lessons/digits.npz, the embedded data set, from scikit-learn's copy of it.

Not part of any set-up: scikit-learn is needed here and nowhere else. In an environment of its own:

    python -m venv .digits && .digits/bin/pip install scikit-learn
    .digits/bin/python tools/make_digits.py

The pixels are counts from 0 to 16, so uint8 loses nothing. The digest printed at the end stands in
course_utils/lessons/data.py, which refuses any other file.
Source: E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
Learning Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0 (the test set of UCI).
"""

import hashlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TARGET = Path(__file__).resolve().parent.parent / "course_utils" / "lessons" / "digits.npz"


def as_bytes(array: np.ndarray) -> np.ndarray:
    """Return the array as uint8, or refuse where that would change a value."""
    small = array.astype(np.uint8)
    if not np.array_equal(small, array):
        raise ValueError(f"expected whole numbers from 0 to 255, got {array.min()}..{array.max()}")
    return small


def main() -> None:
    """Write the file and print what it holds."""
    digits = load_digits()
    arrays = {"images": as_bytes(digits.images), "labels": as_bytes(digits.target)}
    np.savez_compressed(TARGET, **arrays)
    print({name: array.shape for name, array in arrays.items()})
    print(hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest())
    print(TARGET.name, TARGET.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
