"""What is done with one network: prune, shrink, verify twice, save, train; and what comes of it."""

import inspect
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import coded
import keras
import numpy as np
import tensorflow as tf

SAME, SEEN = 1e-3, 1e-2  # float32, deep networks; and how much pruning must change to be seen
SHARES = (0.3, 0.5)

Row = dict[str, object]
Step = Callable[[keras.Model, object], None]


def failure(error: BaseException) -> str:
    """How a call ended: refused with a reason, or a crash, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    where = frames[-1]
    said = " ".join(re.sub(r"\x1b\[\d*m", "", str(error)).split())  # Keras prints in bold
    said = said if len(said) < 400 else f"{said[:150]} … {said[-230:]}"  # causes stand at the end
    ours = "course_utils" in where.filename and isinstance(error, TypeError | ValueError)
    if ours or isinstance(error, coded.DisagreementError):
        return f"refused: {said}"
    own = [frame for frame in frames if "course_utils" in frame.filename][-1:]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in (where, *own))
    return f"crash: {type(error).__name__}: {said} ({places})"


def one_step(model: keras.Model, x: object) -> None:
    """Train one step, eagerly; what is not a floating number has no loss."""
    made = model(x, training=False)
    kinds = [np.asarray(y).dtype.kind for y in keras.tree.flatten(made)]
    losses = keras.tree.pack_sequence_as(made, ["mse" if kind == "f" else None for kind in kinds])
    y = keras.tree.map_structure(lambda one: np.asarray(one) + 1, made)
    # With None a model would keep the metrics that it has been compiled with.
    model.compile("adam", loss=losses, metrics=[], weighted_metrics=[], run_eagerly=True)
    model.fit(x, y, epochs=1, verbose=0, batch_size=len(keras.tree.flatten(x)[0]))


def by_hand(model: keras.Model, x: object) -> None:
    """Train one step in a loop of one's own, whatever loss the model's class has."""
    with tf.GradientTape() as tape:
        made = [y for y in keras.tree.flatten(model(x, training=False)) if y.dtype.is_floating]
        loss = sum(keras.ops.mean(keras.ops.square(y - 1)) for y in made)
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
    pairs = zip(gradients, model.trainable_variables, strict=True)
    keras.optimizers.Adam().apply_gradients([(g, v) for g, v in pairs if g is not None])


def judged(judge: Callable[[Step], str], build: Callable[[], keras.Model], x: object) -> str:
    """Judge after a step of `fit`; where the network as it came fails at that, too, by hand."""
    said = judge(one_step)
    if not said.startswith("crash"):
        return said
    try:
        one_step(coded.randomized(build()), x)
    except Exception:
        return f"{judge(by_hand)} (not by fit)"
    return said


def masks_held(model: keras.Model, x: object, step: Step) -> str:
    """Prune 80 % of the weights and train a step: do the zeros stay, and does the rest learn?"""
    from course_utils.pruning import prune, regrown, weights

    try:
        masks = prune(model, 0.8)
        before = weights(model)
        step(model, x)
        after = weights(model)
        moved = any((before[name] != after[name]).any() for name in masks)
        zeros = all(not after[name][~masks[name].astype(bool)].any() for name in masks)
    except Exception as error:
        return failure(error)
    if any(regrown(model).values()) or not zeros:
        return "wrong: zeros came back"
    return "held" if moved else "held, nothing moved"


def outside_embeddings(model: keras.Model) -> int:
    names = ("embeddings", "reverse_embeddings", "position_embeddings")
    unique = {id(one): one for one in model.variables}.values()
    return sum(int(np.prod(v.shape)) for v in unique if v.path.rsplit("/", 1)[-1] not in names)


def shrunk(
    model: keras.Model, channels: object, share: float, x: object, row: Row
) -> keras.Model | None:
    """Shrink by a share and judge by both oracles; return the small model, None where refused."""
    from course_utils.structure import choose, filter_norms, shrink

    key = f"{100 * share:.0f}"
    masks = choose(filter_norms(channels), share, "layer") if channels.groups else {}
    if not any((~mask).any() for mask in masks.values()):
        row[f"result_{key}"] = "none"
        return None
    before, full = coded.values(model), coded.outputs(model, x)
    try:
        small, _ = shrink(channels, masks=masks)
    except Exception as error:
        row[f"result_{key}"] = failure(error)
        return None
    try:
        made, held = coded.outputs(small, x), coded.values(small)
    except Exception as error:
        row[f"result_{key}"] = f"wrong: the smaller network does not run: {failure(error)}"
        return None
    row[f"left_{key}"] = round(small.count_params() / model.count_params(), 3)
    row[f"outside_{key}"] = round(outside_embeddings(small) / max(outside_embeddings(model), 1), 3)
    try:
        kept = coded.codes(model, lambda: shrink(channels, masks=masks)[0])
        coded.assign(model, coded.embedded(model, kept, held))
        apart = coded.apart(coded.outputs(model, x), made)
    except coded.DisagreementError as error:
        apart, row[f"result_{key}"] = np.inf, f"wrong: {error}"
    finally:
        coded.assign(model, before)
    row[f"own_{key}"] = f"{apart:.0e}"
    if not all(np.isfinite(y).all() for y in full):
        row[f"result_{key}"] = "blind: outputs are not finite"
    elif not apart <= SAME:
        row.setdefault(f"result_{key}", f"wrong: {apart:.1e} from the original with zeros")
    elif not coded.apart(full, made) >= SEEN:
        row[f"result_{key}"] = "blind: what went changes nothing"
    else:
        row[f"result_{key}"] = "exact"
    if any((a != b).any() for a, b in zip(before, coded.values(model), strict=True)):
        row[f"result_{key}"] = "wrong: the original was changed"
    return small


def verified(channels: object, share: float, x: object) -> str:
    """What the package's own oracle says."""
    from course_utils.structure import shrink

    options = {"inputs": x} if "inputs" in inspect.signature(shrink).parameters else {}
    try:
        report = shrink(channels, share, verify=True, **options)[1]
    except RuntimeError as error:
        wrong = "differs from the zeroed one" in str(error)
        return f"wrong: {' '.join(str(error).split())[:200]}" if wrong else failure(error)
    except Exception as error:
        return failure(error)
    return f"{report.difference:.0e}"


def tried(
    build: Callable[[], keras.Model],
    folder: Path,
    sizes: coded.Sizes,
    shares: tuple[float, ...] = SHARES,
) -> Row:
    """Try one network; its smallest form is saved in the folder, with what it computes of what."""
    from course_utils.structure import channel_groups

    row: Row = {}
    begin = time.process_time()
    try:
        keras.utils.set_random_seed(0)
        model = coded.randomized(build())
        x = coded.inputs_for(model, sizes)
        finite = all(np.isfinite(y).all() for y in coded.outputs(model, x))
        row |= {"parameters": model.count_params(), "built": "yes" if finite else "not finite"}
    except Exception as error:
        return {"built": failure(error)}
    try:
        channels = channel_groups(model)
        row["groups"] = f"{len(channels.groups)} of {len(channels.groups) + len(channels.left)}"
        hidden = sum(one.parameters for one in getattr(channels, "unseen", ()))
        row["unseen"] = round(hidden / max(model.count_params(), 1), 3)
        row["why"] = reasons(channels)
    except Exception as error:
        row["result_50"] = failure(error)
    else:
        for share in shares:
            small = shrunk(model, channels, share, x, row)
        row["verify"] = verified(channels, shares[-1], x) if small is not None else ""
        if small is not None:
            save(small, x, folder)
            row["trained"] = judged(lambda step: trained(small, x, step), build, x)
    row["masks"] = judged(lambda step: masks_held(model, x, step), build, x)
    row["seconds"] = round(time.process_time() - begin, 1)
    return row


def reasons(channels: object) -> str:
    """Why what stays stays: of the most channels first, with kinds of layers, not their names."""
    count: Counter[str] = Counter()
    for group in channels.left.values():
        if group.reason != "an output of the model":
            count[re.sub(r"^\S+ \((\w+)\)", r"\1", group.reason)] += len(group)
    unseen = [f"{one.kind} {one.reason}" for one in getattr(channels, "unseen", ())]
    most = [why for why, _ in count.most_common(3)]
    return "; ".join([*dict.fromkeys([*unseen, *most])][:5])


def original(
    build: Callable[[], keras.Model], folder: Path, sizes: coded.Sizes, of_its_class: bool
) -> None:
    """Save the network itself, in place of its smaller form; or its graph, as that is saved."""
    model = coded.randomized(build())
    model = model if of_its_class else keras.Model(model.input, model.output)
    save(model, coded.inputs_for(model, sizes), folder)


def trained(model: keras.Model, x: object, step: Step) -> str:
    before = coded.values(model)
    try:
        step(model, x)
    except Exception as error:
        return failure(error)
    moved = any((a != b).any() for a, b in zip(before, coded.values(model), strict=True))
    return "yes" if moved else "nothing moved"


def save(model: keras.Model, x: object, folder: Path) -> None:
    """Write a model, inputs and outputs for a process that has seen none of them."""
    made = coded.outputs(model, x)
    flat = [np.asarray(one) for one in keras.tree.flatten(x)]
    plain = [
        one.astype("S").astype("U") if one.dtype == object else one for one in flat
    ]  # no pickle
    np.savez(folder / "x.npz", *plain)
    np.savez(folder / "y.npz", *made)
    try:
        model.save(folder / "small.keras")
    except Exception as error:
        (folder / "not_saved").write_text(failure(error))


def loaded(folder: Path, safe: bool = True) -> str:
    """Load what `save` wrote, and compare what it computes."""
    if (folder / "not_saved").exists():
        return (folder / "not_saved").read_text()
    if not (folder / "small.keras").exists():
        return ""
    try:
        model = keras.models.load_model(folder / "small.keras", compile=False, safe_mode=safe)
        with np.load(folder / "x.npz") as x, np.load(folder / "y.npz") as y:
            flat, made = [x[name] for name in x], [y[name] for name in y]
        single = isinstance(model, keras.Sequential)
        packed = keras.tree.pack_sequence_as(model.inputs[0] if single else model.input, flat)
        apart = coded.apart(made, coded.outputs(model, coded.tensors(packed)))
    except Exception as error:
        return failure(error)
    return "yes" if apart <= SAME else f"wrong: {apart:.1e} after loading"
