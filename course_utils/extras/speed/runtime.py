"""Run a LiteRT file with ai-edge-litert, and say in a sentence why the runtime refuses one."""

import contextlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType

import numpy as np

from course_utils.arrays import whole
from course_utils.backend import silent_stderr
from course_utils.pruning.examples import batches, inputs_of

Inputs = np.ndarray | Mapping[str, np.ndarray] | Sequence[np.ndarray]  # a batch


def needed(module: str, package: str) -> ModuleType:
    """Import a module that the package does not require. Raises ImportError: what to install.

    >>> needed("json", "json").loads("[1]")
    [1]
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"This needs the package {package}, which is not installed here: pip install {package}."
        ) from error


class LiteRT:
    """A LiteRT file in the runtime, to run on so many threads.

    Raises ValueError, with the runtime's reason, where it refuses the file, and ImportError without
    ai-edge-litert.
    """

    def __init__(self, data: bytes, threads: int = 1) -> None:
        runtime = needed("ai_edge_litert.interpreter", "ai-edge-litert")
        threads = whole(threads, "threads", least=1)
        with _one_refusal():
            interpreter = runtime.Interpreter(model_content=data, num_threads=threads)
            self.compute = interpreter.get_signature_runner()  # of arrays by name
        self.given = self.compute.get_input_details()  # what the runtime says of each, by name
        made = self.compute.get_output_details()
        # The runtime sorts names as text, so that output_10 would come before output_2.
        self.made = {name: made[name] for name in sorted(made, key=_numbered)}

    def asked(self, x: Inputs) -> dict[str, np.ndarray]:
        """Return a batch as the file takes it: by name, quantized where it takes integers.

        Raises ValueError where it does not fit the file's inputs.
        """
        arrays = self._by_shape(x) if isinstance(x, list | tuple) else x
        arrays = arrays if isinstance(arrays, Mapping) else {next(iter(self.given)): arrays}
        if set(arrays) != set(self.given):
            raise ValueError(
                f"the file has the inputs {sorted(self.given)}: give one array where there is one "
                "input, and otherwise a dictionary with one array for each of these names; a list "
                "will do where no two of them take arrays of the same shape."
            )
        return {name: _as_asked(array, self.given[name]) for name, array in arrays.items()}

    def __call__(self, x: Inputs) -> dict[str, np.ndarray]:
        """Return every output by name, as floats where the file gives integers."""
        asked = self.asked(x)
        with _one_refusal():
            found = self.compute(**asked)
        return {name: _as_float(found[name], detail) for name, detail in self.made.items()}

    def _by_shape(self, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Return arrays by the inputs that take them; none where a shape fits none, or several."""
        shapes = {name: tuple(one["shape_signature"])[1:] for name, one in self.given.items()}
        found = {}
        for array in arrays:
            own = np.shape(array)[1:]
            fit = [
                name
                for name, shape in shapes.items()
                if len(shape) == len(own)
                and all(n in (-1, m) for n, m in zip(shape, own, strict=True))
            ]
            found |= {fit[0]: array} if len(fit) == 1 else {}
        return found if len(found) == len(arrays) else {}


@contextlib.contextmanager
def _one_refusal() -> Iterator[None]:
    with silent_stderr():  # the runtime announces its kernels there
        try:
            yield
        except (RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            what = "file, or batch" if "failed to invoke" in reason else "file"
            raise ValueError(f"The LiteRT runtime refuses this {what}: {reason}.") from error


def predict_litert(data: bytes, x: Inputs) -> np.ndarray | list[np.ndarray] | dict:
    """Return the outputs of a LiteRT file for all of `x`: float arrays, as `predict` gives.

    One array, a list of them where the model has several outputs, or a dictionary where the model
    names them. (A dictionary in a list, or a list in one, no file holds.) `x` is an array,
    {input: array}, a list of arrays that their shapes tell apart, since a file does not keep the
    order of the model's inputs, or a dataset. Integer files get `x` quantized, and their outputs
    are turned back. Raises what `LiteRT` raises; TypeError for what is no file's content or no
    data, ValueError where `x` does not fit the file's inputs.
    """
    if not isinstance(data, bytes):
        raise TypeError(
            f"data must be the bytes of a LiteRT file, read_bytes(), not {type(data).__name__}."
        )
    x, file = inputs_of(x), LiteRT(data)
    found = [file(part) for part in batches(x, 256)]  # all at once would fill memory
    outputs = {name: np.concatenate([part[name] for part in found]) for name in file.made}
    if any(_numbered(name)[0] != "output" for name in outputs):  # Keras's own: output_0, output_1
        return outputs
    arrays = [*outputs.values()]
    return arrays if len(arrays) > 1 else arrays[0]


def _as_asked(array: np.ndarray, detail: Mapping) -> np.ndarray:
    scale, zero = detail["quantization"]
    if not scale or array.dtype.kind != "f":
        return np.ascontiguousarray(array, detail["dtype"])
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(array / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def _as_float(array: np.ndarray, detail: Mapping) -> np.ndarray:
    scale, zero = detail["quantization"]
    return np.float32(scale) * (array.astype(np.float32) - zero) if scale else array


def _numbered(name: str) -> tuple[str, int]:
    stem, _, number = name.rpartition("_")
    return (stem, int(number)) if number.isdigit() else (name, 0)
