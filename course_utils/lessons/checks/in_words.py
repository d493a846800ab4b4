"""What Python says of a reader's code, and what is meant by it."""

import dis
import inspect

import numpy as np

ALL_OF_IT = "np.sum and np.mean take all of it together; Python's sum adds up its rows."
MEANT = {
    "The truth value": "`if`, `and` and `not` take one value; for arrays there are masks, & and ~.",
    "Improper number": "norm takes one axis or two; of more, the root of np.sum(W**2, axis).",
    "setting an array": f"an array came where one number belongs: {ALL_OF_IT}",
    "only 0-dimensional": f"an array came where one number belongs: {ALL_OF_IT}",
    "ufunc 'bitwise_xor'": "a power is written ** in Python; ^ is something else.",
    "'str' object has": "a loop over a dictionary gives names; .values() has the arrays.",
    "'numpy.float64' object is not it": "not every array has rows; .ravel() makes one row of any.",
    "cannot access local": "it needs a value before the loop, such as n = 0.",
    "Cannot interpret": "a shape has brackets of its own, as in np.zeros((rows, columns)).",
}


def in_one_line(error: BaseException) -> str:
    """Tell what was raised, and what that means where NumPy or Python says it for experts."""
    name, text = type(error).__name__, " ".join(str(error).split())
    meant = (told for start, told in MEANT.items() if text.startswith(start))
    text = ". That is: ".join([text.rstrip("."), *meant])
    told, notes = f"{name}: {text}" if text else name, getattr(error, "__notes__", ())
    return ". ".join([told.rstrip("."), *notes]) if notes else told


def borrowed(answer: object) -> str:
    """Name an array of the notebook that a function uses, most often in place of its argument."""
    steps = dis.get_instructions(answer) if inspect.isfunction(answer) else ()
    used = [step.argval for step in steps if step.opname == "LOAD_GLOBAL"]
    arrays = [name for name in used if isinstance(answer.__globals__.get(name), np.ndarray)]
    return f" (Your function uses the notebook's `{arrays[0]}`, not an argument.)" if arrays else ""
