"""The one line that says how far a training is, or a sweep."""

import ast
import io
import re
import sys
import warnings
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from notebook_run import execute

from course_utils import pruning, schedules
from course_utils.backend import keras
from course_utils.extras import sweeping
from course_utils.lessons import progress
from course_utils.lessons.progress import Progress


@pytest.fixture(scope="module")
def model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def fit(model, *callbacks, epochs=3, **options):
    x = np.zeros((8, 2), "float32")
    y = np.zeros((8, 1), "float32")
    model.fit(x, y, batch_size=2, epochs=epochs, verbose=0, callbacks=list(callbacks), **options)


class StopAfter(keras.callbacks.Callback):
    """End a training after some epochs: gently, or with an error."""

    def __init__(self, epochs, error=None):
        super().__init__()
        self.epochs, self.error = epochs, error

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epochs and self.error:
            raise self.error
        self.model.stop_training = epoch + 1 >= self.epochs


class Tick(keras.callbacks.Callback):
    """Let each batch take a second on a clock of our own."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def on_train_batch_end(self, batch, logs=None):
        self.clock.time += 1


class Terminal(io.StringIO):
    """A stdout that says that a person looks."""

    def isatty(self):
        return True


def test_nobody_looks_one_line_and_no_stderr(model, capsys):
    fit(model, Progress("masked network", epochs=3))
    assert capsys.readouterr() == ("masked network: 3 epochs\n", "")


def test_every_fit_has_its_line(model, capsys):
    line = Progress("round", epochs=2)
    fit(model, line, epochs=2)
    fit(model, line, epochs=4, initial_epoch=2)
    assert capsys.readouterr().out == "round: 2 epochs\nround: 2 epochs\n"


def test_epochs_may_be_left_to_keras(model, capsys):
    fit(model, Progress("dense"), epochs=1, validation_split=0.5)
    assert capsys.readouterr().out == "dense: 1 epoch\n"


def test_early_stopping_is_said(model, capsys):
    fit(model, Progress("dense", epochs=5), StopAfter(2), epochs=5)
    assert capsys.readouterr().out == "dense: stopped after 2 of 5 epochs\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("boom")])
def test_closing_says_where_an_error_stopped_it(model, capsys, error):
    line = Progress("dense", epochs=5)
    with pytest.raises(type(error)):
        fit(model, line, StopAfter(3, error), epochs=5)
    line.close()
    assert capsys.readouterr().out == "dense: stopped after 3 of 5 epochs\n"


def test_next_fit_closes_a_line_that_an_error_left_open(model, capsys):
    line = Progress("dense", epochs=2)
    with pytest.raises(RuntimeError):
        fit(model, line, StopAfter(1, RuntimeError("boom")), epochs=2)
    fit(model, line, epochs=2)
    assert capsys.readouterr().out == "dense: stopped after 1 of 2 epochs\ndense: 2 epochs\n"


@pytest.fixture
def clock(monkeypatch):
    """Put a clock of our own in place of tqdm's; it begins at 100 s."""
    now = SimpleNamespace(time=100.0)
    monkeypatch.setattr("tqdm.std.time", lambda: now.time)
    return now


def shown() -> list[str]:
    """What stood on the line, one after another; what erases a line is left out."""
    return [text.rstrip(" ") for text in sys.stdout.getvalue().split("\r") if text.strip(" ")]


def test_terminal_line_moves_and_ends_without_timings(model, monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    fit(model, Tick(clock), Progress("masked", epochs=3))
    lines = shown()
    assert lines[0] == "masked: epoch 1 of 3, ? left"
    # Within the first epoch, before any whole epoch was timed, there is an estimate already.
    assert lines[1] == "masked: epoch 1 of 3, 00:11 left"  # 4 batches an epoch, a second each
    assert [line for line in lines if re.fullmatch(r"masked: epoch 3 of 3, 00:0\d left", line)]
    assert lines[-1] == "masked: 3 epochs\n"


def test_the_line_is_redrawn_at_most_twice_a_second(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    line = Progress("net", epochs=2)
    line.set_params({"epochs": 2, "steps": 100})
    line.on_train_begin()
    for batch in range(100):
        clock.time += 0.1
        line.on_train_batch_end(batch)
    assert len(shown()) <= 1 + 10 / 0.5
    assert shown()[-1] == "net: epoch 1 of 2, 00:10 left"
    line.close()


def test_the_line_says_how_many_weights_are_zero(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    line = Progress("masked network", epochs=10)
    line.set_params({"epochs": 10, "steps": 1})
    line.on_train_begin()
    for sparsity in (0.0, 0.62):
        clock.time += 1
        line.on_train_batch_end(0, {"loss": 1.0, "sparsity": sparsity})
        line.on_epoch_end(0, {"loss": 1.0, "sparsity": sparsity})
    assert re.fullmatch(r"masked network: epoch 2 of 10, 62 % zeros, 00:0\d left", shown()[-1])
    line.on_train_end()
    assert "zeros" not in shown()[-1]  # the lasting line is as before


def test_the_line_follows_a_pruner(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    pruner = pruning.PruneOnSchedule(schedules.one_shot(0.75, at=4))
    fit(model, Tick(clock), pruner, Progress("net", epochs=3))
    text = sys.stdout.getvalue()
    assert "net: epoch 1 of 3, 0 % zeros" in text
    assert "net: epoch 3 of 3, 75 % zeros" in text


def test_without_a_pruner_nothing_is_said_of_zeros(model, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    fit(model, Progress("dense", epochs=2))
    assert "zeros" not in sys.stdout.getvalue()


def test_steps_may_be_unknown(model, capsys):
    def batches():
        for _ in range(3):
            yield np.zeros((2, 2), "float32"), np.zeros((2, 1), "float32")

    with warnings.catch_warnings(action="ignore"):  # Keras remarks that the stream has an end
        model.fit(batches(), verbose=0, callbacks=[Progress("stream", epochs=1)])
    assert "stream: 1 epoch\n" in capsys.readouterr().out


def test_epochs_below_one_are_refused():
    with pytest.raises(ValueError, match="epochs must be a whole number of at least 1"):
        Progress("dense", epochs=0)


KERNEL = """
import os, sys
os.environ["COURSE_WIDGETS"] = "1"
from course_utils.lessons.progress import Progress

def train(line, epochs, error=None):
    line.set_params({"epochs": epochs, "steps": 1})
    line.on_train_begin()
    for epoch in range(epochs):
        line.on_train_batch_end(0)
        line.on_epoch_end(epoch)
        if error:
            raise error
    line.on_train_end()
"""


def test_notebook_line_is_replaced_and_survives_an_interrupt(tmp_path):
    cells = [
        nbformat.v4.new_code_cell(KERNEL),
        nbformat.v4.new_code_cell('train(Progress("masked", epochs=3), 3)'),
        nbformat.v4.new_code_cell('%%capture seen\ntrain(Progress("masked", epochs=3), 3)'),
        nbformat.v4.new_code_cell("seen.stdout"),
        nbformat.v4.new_code_cell(
            'train(Progress("dense", epochs=3), 3, KeyboardInterrupt())',
            metadata={"tags": ["raises-exception"]},
        ),
    ]
    assert execute(nbformat.v4.new_notebook(cells=cells), tmp_path) == ""
    assert [(o.name, o.text) for o in cells[1].outputs] == [("stdout", "masked: 3 epochs\n")]
    moved = ast.literal_eval(cells[3].outputs[0].data["text/plain"])
    assert moved.startswith("\rmasked: epoch 1 of 3, ? left\r"), moved
    [text] = [o.text for o in cells[4].outputs if o.output_type == "stream"]
    assert text == "dense: stopped after 1 of 3 epochs\n"


# ---------------------------------------------------------------------------- trials


def test_a_sweep_leaves_one_line_and_says_what_the_file_had(capsys, tmp_path):
    file, trials = tmp_path / "sweep.jsonl", sweeping.grid(x=range(3))
    for known in trials[:2], trials, trials:
        sweeping.sweep(lambda x: {"y": x}, known, file=file, progress=progress.Trials("sweep"))
    assert capsys.readouterr() == (
        "sweep: 2 trials\nsweep: 3 trials, 2 of them from the file\n"
        "sweep: 3 trials, 3 of them from the file\n",
        "",
    )


def test_a_sweep_that_ends_early_says_so(capsys):
    with pytest.raises(sweeping.TrialsFailed):
        sweeping.sweep(
            lambda x: {"y": 1 / x}, sweeping.grid(x=range(3)), progress=progress.Trials("sweep")
        )
    assert capsys.readouterr().out == "sweep: stopped after 2 of 3 trials\n"


def test_the_estimate_of_a_sweep_leaves_out_what_the_file_had(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    line = progress.Trials("sweep")
    for done in (5, 6, 7):
        line.show(done, 10, known=5)
        clock.time += 20
    assert shown() == [
        "sweep: 5 of 10 trials, ? left",
        "sweep: 6 of 10 trials, 01:20 left",
        "sweep: 7 of 10 trials, 01:00 left",
    ]
    line.close()
