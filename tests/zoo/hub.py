"""Every backbone and task of keras-hub, in a small configuration with random weights.

A task is made of its backbone without a preprocessor; `missing` names the classes of keras_hub that
stand nowhere here, so that a new version of it is noticed.
"""

import functools
import inspect
from types import SimpleNamespace

import hub_convolutions
import hub_mixed
import hub_pictures
import hub_words
from keras_hub import models

PARTS = (hub_words, hub_convolutions, hub_pictures, hub_mixed)
BACKBONES = {name: build for part in PARTS for name, build in part.BACKBONES.items()}


def no_words() -> SimpleNamespace:
    """What a task asks of its preprocessor when it is made; a true one needs tensorflow-text."""
    return SimpleNamespace(tokenizer=SimpleNamespace(end_token_id=0, pad_token_id=1))


OPTIONS = {
    "DFineObjectDetector": {"num_classes": 4},
    "DepthAnythingDepthEstimator": {"depth_estimation_type": "relative"},
    "BLIP2Seq2SeqLM": {"backbone": lambda: hub_mixed.blip2(translates=True)},
    "PARSeqCausalLM": {"preprocessor": no_words},
}
# Not networks: a class for others to be derived from, and half of one, which cannot be called.
ABSTRACT = {"FeaturePyramidBackbone", "Gemma4AssistantCausalLM"}


def classes(base: type) -> dict[str, type]:
    """What keras_hub.models has of a kind, by the name of the class: some have two names."""
    found = {one.__name__: one for one in vars(models).values() if inspect.isclass(one)}
    return {name: one for name, one in found.items() if issubclass(one, base) and one is not base}


TASKS = {
    name: one
    for name, one in classes(models.Task).items()
    if getattr(one, "backbone_cls", None) and name not in ABSTRACT
}


def task(name: str) -> models.Task:
    made = TASKS[name]
    given = {"preprocessor": None, "backbone": BACKBONES[made.backbone_cls.__name__]}
    given |= OPTIONS.get(name, {})
    if "num_classes" in inspect.signature(made.__init__).parameters:
        given.setdefault("num_classes", 3)
    task = made(**{key: one() if callable(one) else one for key, one in given.items()})
    task.preprocessor = None  # what is tried takes what the network takes
    return task


def missing() -> list[str]:
    """Classes of keras_hub that nothing here builds."""
    known = {*BACKBONES, *TASKS, *ABSTRACT}
    bases = {base.__name__ for one in TASKS.values() for base in one.__mro__}
    found = {**classes(models.Backbone), **classes(models.Task)}
    return sorted({*found} - known - bases)


NETWORKS = {
    **{f"hub/{name}": build for name, build in BACKBONES.items()},
    **{f"hub/{name}": functools.partial(task, name) for name in TASKS},
}
