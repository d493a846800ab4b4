"""All networks of the zoo by name; those of keras-hub only where it is installed."""

import fnmatch
import importlib
from collections.abc import Callable

import keras

KINDS = ("images", "generating", "attention", "text", "series", "tables")
EXAMPLES = [f"examples_{kind}" for kind in KINDS]
MODULES = {"applications": ["applications"], "examples": EXAMPLES, "hub": ["hub"]}
# Open lengths, sides of pictures, and shapes of inputs by name, where a network needs its own.
SOUND = {"encoder_input_values": (1200, 1), "encoder_padding_mask": (1200,)}
SIZES = {
    "*": {"length": 8, "side": 32},
    "hub/*": {"side": 64},
    "hub/Moonshine*": SOUND,
    "hub/SAM3*": {"boxes": (1, 5), "box_labels": (1,)},
    "hub/SAM[BI]*": {"masks": (1, 16, 16, 1)},
    "examples/text_classification_conv1d": {"length": 64},
}


def networks(part: str) -> dict[str, Callable[[], keras.Model]]:
    """A function for each network of a part of the zoo."""
    for name in MODULES[part]:
        importlib.import_module(name)
    return importlib.import_module(part).NETWORKS


def sizes(name: str) -> dict[str, int | tuple[int, ...]]:
    found = {}
    for pattern, own in SIZES.items():
        found |= own if fnmatch.fnmatchcase(name, pattern) else {}
    return found
