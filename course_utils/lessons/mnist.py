"""Find MNIST on this machine, or download it where Keras would; verified either way.

MNIST: Y. LeCun, C. Cortes, C. J. C. Burges, licence CC BY-SA 3.0.

The download is ours. `keras.utils.get_file` has no time limit, writes straight into the final place
(a second process reads half a file), draws a progress bar, and needs TensorFlow; pooch's time limit
covers neither a name server that does not answer nor an answer that drips, and other users may not
read its files. Address, place and bytes are Keras's, so that Keras finds the file too.
"""

import functools
import hashlib
import io
import os
import tempfile
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import numpy as np

from course_utils.arrays import Arrays
from course_utils.extras.sparsefile.container import write_whole

Shapes = Mapping[str, tuple[int, ...]]  # name of an array -> its shape; all are uint8

MNIST_SHAPES = {
    "x_train": (60_000, 28, 28),
    "y_train": (60_000,),
    "x_test": (10_000, 28, 28),
    "y_test": (10_000,),
}
# Of the bytes of these arrays, one after another.
MNIST_SHA256 = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
FILE = "mnist.npz"
LARGEST_ANSWER = 64_000_000  # bytes; MNIST has 11.5 million


def find_mnist(
    named: str | None, caches: tuple[Path, ...], url: str = MNIST_URL, silence: float = 10.0
) -> Arrays | None:
    """Return the four uint8 arrays of MNIST from the first good place, or None.

    The places: the folder `named`, the folders `caches`, the address `url`. A wrong file is
    reported on stdout, never used, never deleted; only a verified download replaces one in a
    cache. The download is tried once a process, and given up after `silence` seconds of it.
    """
    arrays = None
    if named:
        path = Path(os.path.abspath(os.path.expanduser(named)), FILE)
        arrays = _read(
            path,
            f"COURSE_DATA_DIR is set, but {path} is not used",
            f"Name a folder that holds MNIST as {FILE}, or unset it. Looking elsewhere now.",
        )
    for path in (folder / FILE for folder in caches):
        if arrays is None and os.path.exists(path):
            arrays = _read(
                path,
                f"Keras's copy of MNIST, {path}, is not used",
                "To be rid of it, delete it yourself, or go online: a good download replaces it.",
            )
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


def read_arrays(source: Path | bytes, shapes: Shapes, sha256: str) -> Arrays:
    """Return uint8 arrays of an npz file, verified by their shapes and the SHA-256 of their bytes.

    The container is free: compressed or not, any order, further arrays beside. The digest is of the
    arrays one after another, in the order of `shapes`. Pickles are never opened. Raises OSError
    when the file cannot be read, ValueError when it is a wrong one.

    >>> read_arrays(b"<!DOCTYPE html><title>Log in</title>", {}, "")
    Traceback (most recent call last):
    ValueError: it is a web page, not an npz file
    """
    # Asked first, because opening a pipe would wait for ever.
    if isinstance(source, Path) and source.exists() and not source.is_file():
        raise ValueError("it is not a file (a folder, for instance)")
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        start = stream.read(4)
        if not start.startswith(b"PK"):  # told apart here: NumPy takes the unknown for a pickle
            page = "a web page, " if start.lstrip().startswith(b"<") else ""
            raise ValueError(f"it is {page}not an npz file" if start else "it is empty")
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as npz:
                arrays = {name: npz[name] for name in shapes if name in npz.files}
                held = ", ".join(npz.files)
        except Exception as error:  # a damaged zip raises a dozen kinds: zlib, struct, memory, ...
            raise ValueError(f"it is cut short, damaged or no npz file ({why(error)})") from error
    digest = hashlib.sha256()
    for name, shape in shapes.items():
        if name not in arrays:
            raise ValueError(f"it has no array {name} (it holds: {held or 'nothing'})")
        if arrays[name].dtype != np.uint8 or arrays[name].shape != shape:
            found = f"{arrays[name].dtype} {arrays[name].shape}"
            raise ValueError(f"{name} is {found}, expected uint8 {shape}")
        digest.update(np.ascontiguousarray(arrays[name]))
    if digest.hexdigest() != sha256:
        raise ValueError(
            "its arrays have the right shapes and wrong values "
            f"(SHA-256 {digest.hexdigest()[:8]}..., expected {sha256[:8]}...)"
        )
    return arrays


def download(url: str, silence: float = 10.0, whole: float = 120.0) -> bytes:
    """Return the bytes at an http(s) address.

    Gives up after `silence` seconds in which nothing comes, and after `whole` seconds in all.
    Raises OSError: no connection, no answer, an error page, an answer cut short or far too long.
    """
    came, failed, over = bytearray(), [], threading.Event()

    def fetch() -> None:
        try:
            with urlopen(url, timeout=silence) as answer:
                # read1 returns what has come; read would wait for a full block.
                while not over.is_set() and (chunk := answer.read1(1 << 16)):
                    came.extend(chunk)
                if answer.length:  # bytes announced and not sent
                    raise ConnectionError(f"cut short: {answer.length:,} bytes are missing")
        except (OSError, HTTPException, ValueError) as error:
            failed.append(error)

    # A socket's time limit neither covers the name look-up nor counts a host's several addresses
    # together, and an answer may drip: a thread is watched. It can be left behind in a look-up; as
    # a daemon it does not keep Python from ending.
    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    start = heard = time.monotonic()
    size = 0
    try:
        while thread.is_alive():
            thread.join(0.02)
            now = time.monotonic()
            if len(came) > size:
                size, heard = len(came), now
            if size > LARGEST_ANSWER:
                raise ConnectionError(f"the answer is longer than {LARGEST_ANSWER:,} bytes")
            if now - start > whole:
                raise TimeoutError(f"too slow: {size:,} bytes came in the time allowed")
            if now - heard > silence:
                raise TimeoutError(f"no answer within {silence:g} s")
    finally:
        over.set()
    if failed:
        raise ConnectionError(why(failed[0])) from failed[0]
    return bytes(came)


def why(error: Exception) -> str:
    """Say in one line what an error was about, without its path, number and wrapping.

    >>> why(URLError(OSError(101, "Network is unreachable")))
    'Network is unreachable'
    """
    if isinstance(error, HTTPException):
        return f"the server broke the rules of HTTP ({error!r})"
    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        error = error.reason
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def _read(path: Path, unused: str, way_out: str) -> Arrays | None:
    try:
        return read_arrays(path, MNIST_SHAPES, MNIST_SHA256)
    except (OSError, ValueError) as error:
        print(f"{unused}: {why(error)}.\n{way_out}")
    return None


@functools.cache  # no cell waits twice for a dead network, and one notebook has one data set
def _download_once(path: Path, url: str, silence: float) -> Arrays | None:
    print("Looking for MNIST online (11 MB, once) ...", end=" ", flush=True)
    try:
        content = download(url, silence)
        arrays = read_arrays(content, MNIST_SHAPES, MNIST_SHA256)
    except (OSError, ValueError) as error:
        wrong = "" if isinstance(error, OSError) else "what came is not MNIST: "
        print(f"not found ({wrong}{why(error)}).")
        used = "scikit-learn's 1,797 digits; figures will differ from the committed ones."
        print(f"Used instead: {used}")
        print(f"For MNIST, go online and restart, or name the folder of {FILE} in COURSE_DATA_DIR.")
        return None
    print("found.")
    try:
        # Replacing a damaged file loses nothing: Keras itself overwrites whatever stands under
        # this name as soon as its hash is another.
        write_whole(content, path)
    except OSError as error:
        print(f"MNIST was downloaded, but not kept as {path}: {why(error)}.")
        print("It is used now. To keep it the next time, set KERAS_HOME to a folder of yours.")
    return arrays
