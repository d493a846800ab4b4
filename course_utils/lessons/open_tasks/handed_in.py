"""Tasks whose answer is a network: within the rules, and as good as can be on test data."""

import re
from collections.abc import Callable

import numpy as np

from course_utils import masking, measuring, models, pruning
from course_utils.backend import keras
from course_utils.extras import export
from course_utils.lessons import faces, forgetting, networks
from course_utils.lessons.checks.verdict import Mistake
from course_utils.lessons.open_tasks.task import digits, open_task
from course_utils.lessons.progress import quick_mode
from course_utils.lessons.tasks import hearing, speech

STEPS = 160  # two epochs of 10,000 images in batches of 128 have 158
# What multiplies, or looks up, without a kernel that is counted.
UNCOUNTED = re.compile(
    r"(?<='class_name': )'(Dot|Multiply|Attention|AdditiveAttention|Embedding)'"
    r"|(?<='module': )'keras.src.ops[^']*'"
)


def start(name: str) -> Callable[[], tuple]:
    """Return a function that gives a trained network, and images and labels to train it on."""
    return lambda: (networks.trained(name, digits()), digits().x_train, digits().y_train)


@open_task("05_prune_and_retrain", start("article_cnn"))
def prune_and_retrain(model: object, _seed: int) -> float:
    """Best accuracy on the test images at 95 % zeros, after at most 160 steps."""
    model = network(model, models.article_cnn(), zeros=0.95)
    return right(model, digits().x_test, digits().y_test)


@open_task("11_structural_pruning", start("article_cnn"), unit="MACs", less=True)
def structural_pruning(model: object, _seed: int) -> float:
    """Fewest MACs at 97 % of the test images, after at most 160 steps."""
    model = network(model, models.article_cnn())
    reached(right(model, digits().x_test, digits().y_test), 97)
    return measuring.report(model).total.macs


@open_task("12_channels_together", start("residual_cnn"))
def channels_together(model: object, _seed: int) -> float:
    """Best accuracy on the test images with half of the MACs, without a training step."""
    model = network(model, full := models.residual_cnn(), steps=0)
    most, macs = (measuring.report(one).total.macs for one in (full, model))
    if macs > most / 2:
        raise Mistake(f"it has {macs:,} MACs, and half of the original's are {most // 2:,}.")
    return right(model, digits().x_test, digits().y_test)


@open_task("14_joint_compression", start("lenet5"), unit="bytes", less=True)
def joint_compression(model: object, _seed: int) -> float:
    """Fewest bytes as a sparse file at 96.5 % of the test images, after at most 160 steps."""
    model = network(model, models.lenet5())
    reached(right(model, digits().x_test, digits().y_test), 96.5)
    return len(export.sparse_file(model))


@open_task("19_what_did_it_forget", start("article_cnn"))
def what_did_it_forget(model: object, _seed: int) -> float:
    """Best accuracy on deformed test images at 95 % zeros, after at most 160 steps."""
    model = network(model, models.article_cnn(), zeros=0.95)
    every = len(forgetting.KINDS)
    parts = [
        right(model, forgetting.corrupt(digits().x_test[place::every], kind, 2, seed=place),
              digits().y_test[place::every])
        for place, kind in enumerate(forgetting.KINDS)
    ]  # fmt: skip
    return float(np.mean(parts))


def vowels(part: int = 0, seed: int = 0) -> tuple:
    """Return spectrograms and vowels of 60 speakers: to learn from (0), or to judge by (1)."""
    heard = speech.load_vowels((4, 4, 1) if quick_mode() else (60, 60, 1), seed)[part]
    return hearing.log_mel(heard.waves), heard.vowel


def hearer() -> tuple:
    """Return the trained network for vowels, and what it may learn from."""
    return networks.trained("vowel_cnn"), *vowels()


@open_task("18_sounds_and_words", hearer, unit="MACs", less=True, data="vowels")
def sounds_and_words(model: object, _seed: int) -> float:
    """Fewest MACs at 90 % of the vowels of 60 new speakers, after at most 160 steps."""
    model = network(model, hearing.vowel_cnn())
    reached(right(model, *vowels(part=1, seed=2019)), 90)
    return measuring.report(model).total.macs


@open_task("21_somebody_elses_network", faces.trained, unit="MACs", less=True, data="")
def somebody_elses_network(model: object, _seed: int) -> float:
    """Fewest MACs with at most two errors more than the original on the odd patches, mirrored."""
    model = network(model, original := faces.trained(), steps=None)
    if not {"box", "face"} <= {*model.output}:
        raise Mistake('it must name its outputs as the original: {"box": ..., "face": ...}.')
    x, is_face = faces.patches()
    said = [np.asarray(one(x[1::2, :, ::-1])["face"])[:, 1] > 0.5 for one in (original, model)]
    original, errors = (int(np.sum(one != is_face[1::2])) for one in said)
    if errors > original + 2:
        raise Mistake(f"{errors} errors where it is judged, and {original + 2} are allowed.")
    return measuring.report(model).total.macs


def network(
    answer: object, like: keras.Model, *, zeros: float = 0, steps: int | None = STEPS
) -> keras.Model:
    """Return the network that a sparse file holds of an answer: layers and weights, no code.

    Raises Mistake for what cannot stand in another's place, or breaks a rule. `zeros` asks for as
    many, and for the same weights as the other has.
    """
    if not isinstance(answer, keras.Model):
        raise Mistake(f"a network was expected, a Keras model, not {type(answer).__name__}.")
    try:
        model = export.read_sparse(export.sparse_file(answer))
    except (NotImplementedError, TypeError, ValueError) as error:
        why = " ".join(str(error.__cause__ or error).split()).partition(" Please")[0]
        raise Mistake(f"its sparse file is judged, and {why}") from error
    if odd := UNCOUNTED.search(str(model.get_config())):
        raise Mistake(f"layers are counted here, and multiply with kernels: replace {odd[0]}.")
    ends = [[tuple(end.shape) for end in (*one.inputs, *one.outputs)] for one in (model, like)]
    if sorted(ends[0], key=str) != sorted(ends[1], key=str):
        raise Mistake(f"its inputs and outputs are {ends[0]}; {ends[1]} was expected.")
    if zeros and [W.shape for W in model.weights] != [W.shape for W in like.weights]:
        raise Mistake("it has other layers than the given one: prune weights, with a mask.")
    if zeros and (found := masking.sparsity(pruning.weights(model))) < zeros - 5e-5:
        raise Mistake(f"{found:.2%} are zeros, and {zeros:.0%} are asked for. Is the mask held?")
    made = int(getattr(getattr(answer, "optimizer", None), "iterations", 0))
    if steps is not None and made > steps:
        raise Mistake(f"its optimizer has made {made} steps, and {steps} are allowed.")
    return model


def reached(found: float, floor: float) -> None:
    """Raise Mistake below the floor; the stand-in's is at most 90 %, quick mode has none."""
    floor = 0 if quick_mode() else min(90, floor) if digits().stand_in else floor
    if found < floor:
        raise Mistake(f"{found:.2f} % are right where it is judged, and {floor} % are asked for.")


def right(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """Return how many of the answers are right, in percent."""
    parts = np.array_split(x, -(-len(x) // 1000))  # not too many at once
    said = (keras.tree.flatten(model(part, training=False)) for part in parts)
    answers = np.concatenate([np.asarray(only) for (only,) in said])
    if np.isnan(answers).any():
        raise Mistake("to some images the network answers NaN.")
    return 100 * float(np.mean(answers.argmax(axis=1) == y))
