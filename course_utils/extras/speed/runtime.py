"""Run a LiteRT file with ai-edge-litert, and say in a sentence why the runtime refuses one."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from course_utils.arrays import whole
from course_utils.backend import silent_stderr
from course_utils.pruning.examples import batches, count, inputs_of

# A batch, of several inputs by their names, or a list that their shapes tell apart.
Inputs = np.ndarray | Mapping[str, np.ndarray] | Sequence[np.ndarray]


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


@dataclass(frozen=True)
class Loaded:
    """A LiteRT file in the runtime, its memory laid out for batches of one size."""

    interpreter: object
    given: dict[str, dict]  # what the runtime says of each input, by name
    made: dict[str, dict]  # and of each output

    def feed(self, x: Inputs) -> None:
        """Hand over a batch, quantized where the file takes integers."""
        for name, array in by_name(x, self.given).items():
            detail = self.given[name]
            self.interpreter.set_tensor(detail["index"], _as_asked(array, detail))

    def run(self) -> None:
        """Compute."""
        try:
            self.interpreter.invoke()
        except RuntimeError as error:
            raise ValueError(f"The LiteRT runtime refuses this file, or batch: {error}.") from error

    def results(self) -> list[np.ndarray]:
        """Return a copy of every output, as floats where the file gives integers."""
        return [_as_float(self.interpreter.get_tensor(d["index"]), d) for d in self.made.values()]


def load(data: bytes, x: Inputs, threads: int = 1) -> Loaded:
    """Return a LiteRT file laid out for batches like `x`, to run on so many threads.

    Raises ValueError, with the runtime's reason, where it refuses the file, and ImportError without
    ai-edge-litert.
    """
    runtime = needed("ai_edge_litert.interpreter", "ai-edge-litert")
    threads = whole(threads, "threads", least=1)
    with silent_stderr():  # the runtime announces its kernels there
        try:
            return _laid_out(runtime.Interpreter(model_content=data, num_threads=threads), x)
        except (RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise ValueError(f"The LiteRT runtime refuses this file: {reason}.") from error


def _laid_out(interpreter: object, x: Inputs) -> Loaded:
    given, made = _details(interpreter)
    for name, array in by_name(x, given).items():
        interpreter.resize_tensor_input(given[name]["index"], array.shape)
    interpreter.allocate_tensors()
    return Loaded(interpreter, given, made)


def _details(interpreter: object) -> tuple[dict[str, dict], dict[str, dict]]:
    # The runner must be gone before memory is laid out; the runtime counts who holds on to it.
    signature = interpreter.get_signature_runner()
    # The runtime sorts names as text, so that output_10 would come before output_2.
    made = sorted(signature.get_output_details().items(), key=lambda item: _numbered(item[0]))
    return signature.get_input_details(), dict(made)


def predict_litert(data: bytes, x: Inputs) -> np.ndarray | list[np.ndarray] | dict:
    """Return the outputs of a LiteRT file for all of `x`: float arrays, as `predict` gives.

    One array, a list of them where the model has several outputs, or a dictionary where the model
    names them. (A dictionary in a list, or a list in one, no file holds.) `x` is an array,
    {input: array}, a list of arrays that their shapes tell apart, since a file does not keep the
    order of the model's inputs, or a dataset. Integer
    files get `x` quantized, and their outputs are turned back. Raises what `load` raises; TypeError
    for what is no file's content or no data, ValueError where `x` does not fit the file's inputs.
    """
    if not isinstance(data, bytes):
        raise TypeError(
            f"data must be the bytes of a LiteRT file, read_bytes(), not {type(data).__name__}."
        )
    parts: list[list[np.ndarray]] = []
    loaded, length = None, 0
    for part in batches(inputs_of(x), 256):  # all at once would fill memory
        rows = count(part)
        if rows != length:
            loaded, length = load(data, part), rows
        loaded.feed(part)
        loaded.run()
        parts.append(loaded.results())
    outputs = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
    names = list(loaded.made)
    if any(_numbered(name)[0] != "output" for name in names):  # Keras's own: output_0, output_1
        return dict(zip(names, outputs, strict=True))
    return outputs[0] if len(outputs) == 1 else outputs


def by_name(x: Inputs, given: Mapping[str, Mapping]) -> dict[str, np.ndarray]:
    """Return a batch by the names of the inputs. Raises ValueError where they do not fit.

    `given` is what the runtime says of each input; only its "shape_signature" is looked at.

    >>> list(by_name(np.zeros((1, 2)), {"image": {"shape_signature": (-1, 2)}}))
    ['image']
    """
    if isinstance(x, list | tuple) and len(x) > 1:
        arrays = {name: array for array in x for name in _fitting(array, given)}
        if len(x) != len(given) or any(len(_fitting(array, given)) != 1 for array in x):
            arrays = {}
    else:
        one = x[0] if isinstance(x, list | tuple) else x
        arrays = dict(x) if isinstance(x, Mapping) else {next(iter(given)): one}
    if set(arrays) != set(given):
        raise ValueError(
            f"the file has the inputs {sorted(given)}: give one array where there is one input, "
            "and otherwise a dictionary with one array for each of these names; a list will do "
            "where no two of them take arrays of the same shape."
        )
    return {name: np.asarray(array) for name, array in arrays.items()}


def _fitting(array: np.ndarray, given: Mapping[str, Mapping]) -> list[str]:
    """Return the inputs that take an array, by its shape."""
    shapes = {name: [*detail["shape_signature"]] for name, detail in given.items()}
    return [
        name
        for name, shape in shapes.items()
        if len(shape) == np.ndim(array)
        and all(n in (-1, m) for n, m in zip(shape[1:], np.shape(array)[1:], strict=True))
    ]


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
