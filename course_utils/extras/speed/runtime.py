"""Run a LiteRT file with ai-edge-litert, and say in a sentence why the runtime refuses one."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from course_utils.backend import batches, keras, silent_stderr

Inputs = np.ndarray | Mapping[str, np.ndarray]  # a batch, of several inputs by their names


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
        for name, array in by_name(x, list(self.given)).items():
            detail = self.given[name]
            self.interpreter.set_tensor(detail["index"], _as_asked(array, detail))

    def run(self) -> None:
        """Compute."""
        self.interpreter.invoke()

    def results(self) -> list[np.ndarray]:
        """Return a copy of every output, as floats where the file gives integers."""
        return [_as_float(self.interpreter.get_tensor(d["index"]), d) for d in self.made.values()]


def load(data: bytes, x: Inputs, threads: int = 1) -> Loaded:
    """Return a LiteRT file laid out for batches like `x`, to run on so many threads.

    Raises ValueError, with the runtime's reason, where it refuses the file, and ImportError without
    ai-edge-litert.
    """
    runtime = needed("ai_edge_litert.interpreter", "ai-edge-litert")
    with silent_stderr():  # the runtime announces its kernels there
        try:
            return _laid_out(runtime.Interpreter(model_content=data, num_threads=threads), x)
        except (RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise ValueError(f"The LiteRT runtime refuses this file: {reason}.") from error


def _laid_out(interpreter: object, x: Inputs) -> Loaded:
    given, made = _details(interpreter)
    for name, array in by_name(x, list(given)).items():
        interpreter.resize_tensor_input(given[name]["index"], array.shape)
    interpreter.allocate_tensors()
    return Loaded(interpreter, given, made)


def _details(interpreter: object) -> tuple[dict[str, dict], dict[str, dict]]:
    # The runner must be gone before memory is laid out; the runtime counts who holds on to it.
    signature = interpreter.get_signature_runner()
    # The runtime sorts names as text, so that output_10 would come before output_2.
    made = sorted(signature.get_output_details().items(), key=lambda item: _numbered(item[0]))
    return signature.get_input_details(), dict(made)


def predict_litert(data: bytes, x: Inputs) -> Inputs:
    """Return the outputs of a LiteRT file for all of `x`: float arrays, as `predict` gives.

    One array, or a list of them where the model has several outputs. `x` is an array, or
    {input: array}. Integer files get `x` quantized, and their outputs are turned back. Raises what
    `load` raises; ValueError where `x` does not fit the file's inputs.
    """
    parts: list[list[np.ndarray]] = []
    loaded, length = None, 0
    for part in batches(x, 256):  # all at once would fill memory
        rows = len(keras.tree.flatten(part)[0])
        if rows != length:
            loaded, length = load(data, part), rows
        loaded.feed(part)
        loaded.run()
        parts.append(loaded.results())
    outputs = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
    return outputs[0] if len(outputs) == 1 else outputs


def by_name(x: Inputs, names: list[str]) -> dict[str, np.ndarray]:
    """Return a batch by the names of the inputs. Raises ValueError where they do not fit.

    >>> list(by_name(np.zeros((1, 2)), ["image"]))
    ['image']
    """
    arrays = dict(x) if isinstance(x, Mapping) else {names[0]: x} if len(names) == 1 else {}
    if set(arrays) != set(names):
        raise ValueError(
            f"the file has the inputs {sorted(names)}: give one array where there is one input, "
            "and otherwise a dictionary with one array for each of these names."
        )
    return {name: np.asarray(array) for name, array in arrays.items()}


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
