"""Find MNIST on this machine, or download it where Keras would; verified either way.

MNIST: Y. LeCun, C. Cortes, C. J. C. Burges, licence CC BY-SA 3.0.

The download is ours and not `keras.utils.get_file`, which has no time limit, writes straight into
the final place (a second process reads half a file), draws a progress bar, and needs TensorFlow
to be imported. Address, place and bytes are Keras's, so that Keras finds the file too.
"""

import functools
import os
import tempfile
from pathlib import Path

from course_utils.lessons.datafiles import Arrays, download, keep, read_arrays, why

MNIST_ARRAYS = {
    "x_train": (
        (60000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    "y_train": (
        (60000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    ),
    "x_test": (
        (10000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    "y_test": (
        (10000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
}
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
FILE = "mnist.npz"


def find_mnist(
    named: str | None, caches: tuple[Path, ...], url: str = MNIST_URL, silence: float = 10.0
) -> Arrays | None:
    """Return the four uint8 arrays of MNIST from the first good place, or None.

    The places: the folder `named`, the folders `caches`, the address `url`. A wrong file is
    reported on stdout, never used, never deleted; only a verified download replaces one in a
    cache. The download is tried once a process, and given up after `silence` seconds of it.
    """
    arrays = _read_named(named) if named else None
    for folder in caches:
        if arrays is None:
            arrays = _read_cached(folder / FILE)
    return _download_once(caches[-1] / FILE, url, silence) if arrays is None else arrays


def keras_caches() -> tuple[Path, ...]:
    """List the folders of Keras's data cache; the last is the one to write into.

    As Keras does: $KERAS_HOME, else ~/.keras, and where that cannot be written, .keras in the
    folder for temporary files.
    """
    home = Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))
    nearest = next((path for path in (home, *home.parents) if os.path.exists(path)), home)
    if os.access(nearest, os.W_OK):
        return (home / "datasets",)
    temporary = "/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir()
    return home / "datasets", Path(temporary, ".keras", "datasets")


def _read_named(folder: str) -> Arrays | None:
    path = Path(os.path.abspath(os.path.expanduser(folder)), FILE)
    try:
        return read_arrays(path, MNIST_ARRAYS)
    except (OSError, ValueError) as error:
        print(f"COURSE_DATA_DIR is set, but {path} is not used: {why(error)}.")
        print(f"Name a folder that holds MNIST as {FILE}, or unset it. Looking elsewhere now.")
    return None


def _read_cached(path: Path) -> Arrays | None:
    if not os.path.exists(path):
        return None
    try:
        return read_arrays(path, MNIST_ARRAYS)
    except (OSError, ValueError) as error:
        print(f"Keras's copy of MNIST, {path}, is not used: {why(error)}.")
        print("To be rid of it, delete it yourself, or go online: a good download replaces it.")
    return None


@functools.cache  # no cell waits twice for a dead network, and one notebook has one data set
def _download_once(path: Path, url: str, silence: float) -> Arrays | None:
    print("Looking for MNIST online (11 MB, once) ...", end=" ", flush=True)
    try:
        content = download(url, silence)
        arrays = read_arrays(content, MNIST_ARRAYS)
    except OSError as error:
        return _announce_stand_in(why(error))
    except ValueError as error:
        return _announce_stand_in(f"what came is not MNIST: {error}")
    print("found.")
    _keep(content, path)
    return arrays


def _announce_stand_in(reason: str) -> None:
    print(f"not found ({reason}).")
    print("Used instead: scikit-learn's 1,797 digits; figures will differ from the committed ones.")
    print(f"For MNIST, go online and restart, or name the folder of {FILE} in COURSE_DATA_DIR.")


def _keep(content: bytes, path: Path) -> None:
    # Replacing a damaged file loses nothing: Keras itself overwrites whatever stands under this
    # name as soon as its hash is another.
    try:
        keep(content, path)
    except OSError as error:
        print(f"MNIST was downloaded, but not kept as {path}: {why(error)}.")
        print("It is used now. To keep it the next time, set KERAS_HOME to a folder of yours.")
