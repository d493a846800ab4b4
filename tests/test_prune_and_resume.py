"""A training that is killed in mid-schedule goes on as if nothing had happened, files included."""

import signal
import subprocess
from pathlib import Path

import forked
import numpy as np
import pytest
from sizes import few

from course_utils import masking, pruning
from course_utils.backend import keras

# One script, run to its end, killed, and run again: as a user would.
SCRIPT = """
import os, signal, sys
from pathlib import Path
import numpy as np
from course_utils import criteria, pruning, regrowth, schedules
from course_utils.backend import keras

folder, way, die_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
keras.utils.set_random_seed(3)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(64, 6)).astype("float32"), rng.integers(0, 3, 64)


def build():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(16, "relu", name="hidden"),
                              keras.layers.Dense(3, "softmax", name="output")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


class Die(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)


files = sorted(folder.glob("*.keras"), key=lambda path: path.stat().st_mtime_ns)
first = 0
if way == "files" and files:
    model = keras.models.load_model(files[-1])
    first = int(files[-1].stem.split("-")[1])
else:
    model = build()
scores = {"magnitude": criteria.magnitude, "random": lambda w: criteria.random(w, seed=1)}
pruner = pruning.PruneOnSchedule(
    schedules.polynomial(0.9, begin=2, end=40, every=2), scores[sys.argv[4]], scope="layer"
)
keep = keras.callbacks.ModelCheckpoint(str(folder / "epoch-{epoch:02d}-{sparsity:.6f}.keras"))
again = [keras.callbacks.BackupAndRestore(str(folder / "backup"))] if way == "backup" else []
model.fit(x, y, batch_size=8, epochs=6, initial_epoch=first, verbose=0, shuffle=False,
          callbacks=[pruner, keep, *again, Die()])
np.savez(folder / "end.npz", *model.get_weights(), **pruner.masks)
"""


def run(folder: Path, way: str, die_at: int, criterion: str) -> subprocess.CompletedProcess:
    folder.mkdir(exist_ok=True)
    return forked.run(SCRIPT, str(folder), way, str(die_at), criterion)


@pytest.mark.parametrize(
    ("way", "criterion"),
    few(
        {f"{way}-{by}": (way, by) for way in ("files", "backup") for by in ("magnitude", "random")},
        *("files-random", "backup-magnitude"),
    ),
)
def test_killed_and_resumed_is_the_same_as_never_killed(tmp_path, way, criterion):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = run(whole, way, -1, criterion)
    assert done.returncode == 0, done.stderr
    died = run(killed, way, 27, criterion)  # in the fourth epoch, between two checkpoints
    assert died.returncode == -signal.SIGKILL
    assert not (killed / "end.npz").exists()
    again = run(killed, way, -1, criterion)
    assert again.returncode == 0, again.stderr

    with np.load(whole / "end.npz") as one, np.load(killed / "end.npz") as other:
        assert one.files == other.files
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    names = [sorted(path.name for path in folder.glob("*.keras")) for folder in (whole, killed)]
    assert names[0] == names[1]  # the sparsity of every epoch stands in the name of its file
    assert len(names[0]) == 6


def test_every_checkpoint_is_as_sparse_as_its_log_says_in_any_order_of_callbacks(
    tiny, batch, tmp_path
):
    """Also those that are saved in the middle of an epoch, and before the pruner's turn."""
    seen = {}

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None) -> None:
            path = tmp_path / f"{len(seen):02d}.keras"
            self.model.save(path)
            seen[path] = masking.sparsity(pruning.held_masks(self.model))

    pruner = pruning.PruneOnSchedule(lambda step: 0.1 * step)
    model = tiny("adam")
    model.fit(*batch, batch_size=8, epochs=2, verbose=0, callbacks=[Keep(), pruner])
    assert list(seen.values()) == [round(0.1 * step * 72) / 72 for step in range(8)]
    for path, share in seen.items():
        assert masking.sparsity(pruning.weights(keras.models.load_model(path))) == share


def test_early_stopping_brings_back_an_epoch_that_was_less_sparse_and_it_is_cut(tiny, batch):
    """The best epoch is the first: forced by a metric that only falls."""
    model, pruner = tiny("adam"), pruning.PruneOnSchedule(lambda step: 0.05 * step)
    falls = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(score=-epoch)
    )
    stop = keras.callbacks.EarlyStopping("score", mode="max", patience=2, restore_best_weights=True)
    with pytest.warns(UserWarning, match="are 0 again"):
        history = model.fit(
            *batch, batch_size=8, epochs=5, verbose=0, callbacks=[pruner, falls, stop]
        ).history
    assert history["sparsity"][0] < pruner.sparsity
    assert masking.sparsity(pruning.weights(model)) == pruner.sparsity
    assert not any(pruning.regrown(model).values())


def test_early_stopping_before_the_pruner_is_put_right_by_it(tiny, batch):
    model, pruner = tiny("adam"), pruning.PruneOnSchedule(lambda step: 0.05 * step)
    stop = keras.callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
    model.fit(*batch, batch_size=8, epochs=5, verbose=0, callbacks=[stop, pruner])
    assert masking.sparsity(pruning.weights(model)) == pruner.sparsity
    assert not any(pruning.regrown(model).values())
