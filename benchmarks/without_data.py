"""R-Net pruned to half of its MACs without its training data: what chooses, and what repairs?

python benchmarks/without_data.py --seeds 5

Writes course_utils/lessons/results/without_data.csv, a row for each network: which criterion chose,
how it was repaired ("cut": not at all; "fit": least squares; "taught": trained on the original's
outputs, from the cut network on), with which pictures ("none"; "noise"; "no face": crops of three
photographs; "one face": half of the crops from around the one face that the original finds in a
fourth), and how many of 200 patches it gets wrong. A seed draws crops and chance, and shuffles; the
norm is always the same. Labels are used to count those errors, and for nothing else. Seeds that the
file holds already are not run again; one takes about half a minute of one core.
"""

import by_seed
import numpy as np

from course_utils import measuring, structure
from course_utils.backend import keras
from course_utils.lessons import faces, recorded

BUDGET, CROPS, EPOCHS = 0.5, 1000, 5
PATH = recorded.RESULTS / "without_data.csv"
FIELDS = ("seed", "criterion", "pictures", "repair", "missed", "false", "macs")


def heads(model):
    outputs = {name: model.get_layer(name).output for name in ("logits", "box")}
    return keras.Model(model.input, outputs)


def wrong(model, patches):
    x, y = patches
    said = np.asarray(model(x)["face"])[:, 1] > 0.5
    return {"missed": int((y & ~said).sum()), "false": int((said & ~y).sum())}


def pictures(model, seed):
    """{name: crops}; a seed draws them."""
    faceless = [faces.photograph(name) for name in ("chelsea", "coffee", "rocket")]
    photograph = faces.photograph("astronaut")
    x, places = faces.windows(photograph, (96,))
    (box, *_), _ = faces.detect(model.predict(x, 512, verbose=0), places, sure=0.9)
    near = faces.crops([faces.around(photograph, box)], CROPS // 2, seed)
    far = faces.crops(faceless, CROPS, seed)
    noise = np.random.default_rng(seed).uniform(-1, 1, far.shape).astype("float32")
    both = np.concatenate([near, far[: CROPS // 2]])
    return {"noise": noise, "no face": faces.varied(far), "one face": faces.varied(both)}


def teach(model, original, x, seed):
    student, outputs = heads(model), heads(original).predict(x, 512, verbose=0)
    rate = keras.optimizers.schedules.CosineDecay(1e-3, EPOCHS * -(-len(x) // 64))
    losses, weights = {"logits": "mse", "box": "mse"}, {"logits": 1, "box": 5}
    student.compile(keras.optimizers.Adam(rate), losses, loss_weights=weights)
    keras.utils.set_random_seed(seed)
    student.fit(x, outputs, 64, EPOCHS, verbose=0)


def networks(seed):
    """Yield (criterion, pictures, repair, model), each as it is made."""
    original = faces.trained()
    channels = structure.channel_groups(original)
    cost, shown = structure.costs(channels), pictures(original, seed)
    asked = heads(original)
    asked.compile(loss="mse")
    some = shown["no face"][::3]
    zeros = {"logits": np.zeros((len(some), 2)), "box": np.zeros((len(some), 4))}
    taylor = structure.taylor(asked, some, zeros, batch_size=8)
    scores = {
        "norm": structure.relative(structure.filter_norms(channels)),
        "Taylor": structure.per_cost(taylor, cost.macs),
        "chance": structure.random(channels, seed),
    }
    for criterion, score in scores.items():
        masks = structure.within_budget(score, cost.macs, BUDGET)
        yield criterion, "none", "cut", structure.shrink(channels, masks=masks)[0]
        for name, x in shown.items():
            yield criterion, name, "fit", structure.reconstruct(channels, masks, x[::3])[0]
        for name in ("no face", "one face") if criterion == "norm" else ("one face",):
            student, _ = structure.shrink(channels, masks=masks)
            teach(student, original, shown[name], seed)
            yield criterion, name, "taught", student


def main():
    options, patches = by_seed.parser(__doc__, 5).parse_args(), faces.patches()
    for seed in by_seed.missing(PATH, options.seeds):
        rows = []
        for criterion, name, repair, model in networks(seed):
            row = dict(zip(FIELDS, (seed, criterion, name, repair), strict=False))
            macs = measuring.report(model).total.macs
            rows.append(row | wrong(model, patches) | {"macs": macs})
            print(rows[-1], flush=True)
        by_seed.append(PATH, FIELDS, rows)


if __name__ == "__main__":
    main()
