"""One line that says how far a training or a sweep is, and how long it will take."""

import os
import sys

from tqdm import tqdm

from course_utils.arrays import whole
from course_utils.backend import build_optimizer, keras


def quick_mode() -> bool:
    """Tell whether lessons are to train little, as CI does, to see quickly that all runs.

    >>> quick_mode() == (os.environ.get("COURSE_QUICK") == "1")
    True
    """
    return os.environ.get("COURSE_QUICK") == "1"


class Progress(keras.callbacks.Callback):
    """Show one line while a model trains, and leave a line without timings behind.

    A person who looks (COURSE_WIDGETS=1 in a notebook, or a terminal) sees the line move:
    `masked network: epoch 3 of 10, 62 % zeros, 00:40 left`. Everyone else sees the last line
    only. The zeros are told when "sparsity" is in the logs: `pruning.PruneOnSchedule` writes it
    there, for all callbacks that come after it in the list.
    Give `verbose=0` to `fit`. `epochs` is the number that one `fit` runs; without it Keras's own
    count is taken. An interrupted cell ends the line by itself; elsewhere `close` does.

    >>> progress = Progress("dense network", epochs=1)
    >>> progress.on_train_begin()
    >>> progress.on_epoch_end(0)
    >>> progress.on_train_end()
    dense network: 1 epoch
    """

    def __init__(self, label: str, epochs: int | None = None):
        super().__init__()
        self.label = label
        self.epochs = None if epochs is None else whole(epochs, "epochs", least=1)
        self._line = None  # the line on the screen while a training runs

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Start a new line; a training that never ended gets its last one first."""
        self.close()
        self._total = self.epochs or self.params.get("epochs") or 1
        self._done = 0
        self._zeros = None  # the sparsity in the last logs, where somebody writes it there
        if self.model is not None:
            build_optimizer(self.model)  # or the first step takes twice as long
        self._line = _Line(self.label, f"epoch 1 of {self._total}", self._total)
        if shell := _kernel_shell():  # so that an interrupt, of which Keras tells nobody, ends it
            shell.events.register("post_run_cell", self.close)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Bring the line up to date; where Keras does not know its steps, epochs alone count."""
        steps = self.params.get("steps")
        self._show(logs, min((batch + 1) / steps, 1.0) if steps else 0.0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Count an epoch."""
        self._done += 1
        self._show(logs, 0.0)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Leave the lasting line."""
        self.close()

    def close(self, *result: object) -> None:
        """Leave the lasting line if a training is under way; do nothing otherwise."""
        if self._line is None:
            return
        line, self._line = self._line, None
        if shell := _kernel_shell():
            shell.events.unregister("post_run_cell", self.close)
        line.finish(self._done, "epoch")

    def _show(self, logs: dict | None, part: float) -> None:
        self._zeros = (logs or {}).get("sparsity", self._zeros)
        text = f"epoch {min(self._done + 1, self._total)} of {self._total}"
        if self._zeros is not None:
            text += f", {100 * self._zeros:.3g} % zeros"
        self._line.show(text, self._done + part)


class Trials:
    """Show one line while a sweep runs, and leave a line without timings behind.

    Give it to `sweeping.sweep` or `search`. Who looks (see `Progress`) sees the line move, `sweep:
    7 of 30 trials, 00:40 left`; everyone else sees the last line only. It tells how many trials
    were in the file already; the estimate is made from the others.

    >>> line = Trials("sweep")
    >>> for done in (5, 6, 7, 8):
    ...     line.show(done, total=8, known=5)
    >>> line.close()
    sweep: 8 trials, 5 of them from the file
    """

    def __init__(self, label: str):
        self.label = label
        self._line = None

    def show(self, done: int, total: int, known: int = 0) -> None:
        """Bring the line up to date."""
        text = f"{done} of {total} trials"
        self._line = self._line or _Line(self.label, text, total, known)
        self._line.show(text, done)
        self._last = done, "trial", f", {known} of them from the file" if known else ""

    def close(self) -> None:
        """Leave the lasting line; do nothing if nothing was shown."""
        if self._line is not None:
            self._line.finish(*self._last)
            self._line = None


class _Line:
    """A line of tqdm's where somebody looks, and a sentence at the end for everybody."""

    def __init__(self, label: str, text: str, total: int, known: int = 0):
        live = os.environ.get("COURSE_WIDGETS") == "1" and _kernel_shell() is not None
        self._label = label
        self._bar = tqdm(
            desc=f"{label}: {text}", total=total, initial=known, leave=False, file=sys.stdout,
            disable=not (live or sys.stdout.isatty()), bar_format="{desc}, {remaining} left",
            mininterval=0.5, miniters=0, position=0,  # redrawn more often, a line flickers
        )  # fmt: skip

    def show(self, text: str, done: float) -> None:
        """Bring the line up to date, at most twice a second."""
        self._bar.set_description_str(f"{self._label}: {text}", refresh=False)
        self._bar.update(done - self._bar.n)

    def finish(self, done: int, noun: str, more: str = "") -> None:
        """Say what was run, in place of the moving line."""
        total = self._bar.total
        noun = noun if max(done, total) == 1 else f"{noun}s"
        ran = f"{done} {noun}" if done >= total else f"stopped after {done} of {total} {noun}"
        self._bar.close()
        print(f"{self._label}: {ran}{more}")


def _kernel_shell() -> object | None:
    """Give IPython's shell if a notebook's kernel runs this, else None."""
    ipython = sys.modules.get("IPython")  # if nobody imported it, this is no notebook
    shell = ipython.get_ipython() if ipython else None
    return shell if hasattr(shell, "kernel") else None
