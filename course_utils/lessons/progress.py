"""One line that says how far a training or a sweep is, and how long it will take."""

import os
import sys
import time

from course_utils.backend import keras

# Redrawn more often, a line flickers; a batch of the course's networks takes some milliseconds.
SECONDS_BETWEEN_LINES = 0.5


def quick_mode() -> bool:
    """Tell whether lessons are to train little, as CI does, to see quickly that all runs.

    >>> quick_mode() == (os.environ.get("COURSE_QUICK") == "1")
    True
    """
    return os.environ.get("COURSE_QUICK") == "1"


class Progress(keras.callbacks.Callback):
    """Show one line while a model trains, and leave a line without timings behind.

    A person who looks (COURSE_WIDGETS=1 in a notebook, or a terminal) sees the line move:
    `masked network: epoch 3 of 10, 62 % zeros, about 40 s left`. Everyone else sees the last line
    only. The zeros are told when "sparsity" is in the logs: `pruning.PruneOnSchedule` writes it
    there, for all callbacks that come after it in the list.
    Give `verbose=0` to `fit`. `epochs` is the number that one `fit` runs; without it Keras's own
    count is taken. An interrupted cell ends the line by itself; a script uses `with`:

    >>> with Progress("dense network", epochs=1) as progress:
    ...     progress.on_train_begin()
    ...     progress.on_epoch_end(0)
    ...     progress.on_train_end()
    dense network: 1 epoch
    """

    def __init__(self, label: str, epochs: int | None = None):
        super().__init__()
        if epochs is not None and epochs < 1:
            raise ValueError(f"epochs must be at least 1, or left out; got {epochs}.")
        self.label = label
        self.epochs = epochs
        self._line = None  # the line on the screen while a training runs

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Start a new line; a training that never ended gets its last one first."""
        self.close()
        self._total = self.epochs or self.params.get("epochs") or 1
        self._done = self._batches = 0
        self._zeros = None  # the sparsity in the last logs, where somebody writes it there
        self._origin = None  # (time, epochs done) after the first batch, which compiles the step
        self._last_shown = time.monotonic()
        self._line = _line_for_this_place()
        _after_cell(self._cell_ended, register=True)
        self._line.show(f"{self.label}: epoch 1 of {self._total}")

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Bring the line up to date, at most twice a second."""
        self._batches = batch + 1
        self._zeros = (logs or {}).get("sparsity", self._zeros)
        now = time.monotonic()
        if self._origin is None:
            self._origin = (now, self._position())
        if now - self._last_shown >= SECONDS_BETWEEN_LINES:
            self._show(now)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Count an epoch."""
        self._done += 1
        self._batches = 0
        self._zeros = (logs or {}).get("sparsity", self._zeros)
        if self._done < self._total:
            self._show(time.monotonic())

    def on_train_end(self, logs: dict | None = None) -> None:
        """Leave the lasting line."""
        self.close()

    def close(self) -> None:
        """Leave the lasting line if a training is under way; do nothing otherwise."""
        if self._line is None:
            return
        line, self._line = self._line, None
        _after_cell(self._cell_ended, register=False)
        line.finish(f"{self.label}: {_lasting(self._done, self._total)}")

    def _cell_ended(self, result: object) -> None:
        self.close()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _position(self) -> float:
        """Give the epochs done, with the part of the present one where Keras knows its steps."""
        steps = self.params.get("steps")
        return self._done + (min(self._batches / steps, 1.0) if steps else 0.0)

    def _show(self, now: float) -> None:
        self._last_shown = now
        text = f"{self.label}: epoch {min(self._done + 1, self._total)} of {self._total}"
        if self._zeros is not None:
            text += f", {_percent(self._zeros)} % zeros"
        started, first = self._origin or (now, 0.0)
        covered = self._position() - first
        if covered > 0:
            text += f", {_about((now - started) / covered * (self._total - self._position()))} left"
        self._line.show(text)


class Trials:
    """Show one line while a sweep runs, and leave a line without timings behind.

    Give it to `sweeping.sweep` or `search`. Who looks (see `Progress`) sees the line move, `sweep:
    7 of 30 trials, about 40 s left`; everyone else sees the last line only. It tells how many
    trials were in the file already; the estimate is made from the others.

    >>> line = Trials("sweep")
    >>> for done in (5, 6, 7, 8):
    ...     line.show(done, total=8, known=5)
    >>> line.close()
    sweep: 8 trials, 5 of them from the file
    """

    def __init__(self, label: str):
        self.label = label
        self._line = None
        self._state = (0, 0, 0)  # done, in all, known from the file

    def show(self, done: int, total: int, known: int = 0) -> None:
        """Bring the line up to date."""
        if self._line is None:
            self._line = _line_for_this_place()
            self._origin = time.monotonic()
        self._state = (done, total, known)
        text = f"{self.label}: {done} of {total} trials"
        if done > known and done < total:
            each = (time.monotonic() - self._origin) / (done - known)
            text += f", {_about(each * (total - done))} left"
        self._line.show(text)

    def close(self) -> None:
        """Leave the lasting line; do nothing if nothing was shown."""
        if self._line is None:
            return
        line, self._line = self._line, None
        done, total, known = self._state
        read = f", {known} of them from the file" if known else ""
        line.finish(f"{self.label}: {_lasting(done, total, 'trial')}{read}")


def _lasting(done: int, total: int, noun: str = "epoch") -> str:
    """Say what was run.

    >>> _lasting(10, 10), _lasting(3, 10), _lasting(1, 1)
    ('10 epochs', 'stopped after 3 of 10 epochs', '1 epoch')
    """
    noun = noun if max(done, total) == 1 else f"{noun}s"
    return f"{done} {noun}" if done >= total else f"stopped after {done} of {total} {noun}"


def _percent(share: float) -> str:
    """Write a share as whole percent, and more closely where nearly all is gone.

    >>> _percent(0.0), _percent(0.618), _percent(0.9875), _percent(1.0)
    ('0', '62', '98.8', '100')
    """
    close = 0.95 < share < 1
    return f"{100 * share:.1f}" if close else f"{100 * share:.0f}"


def _about(seconds: float) -> str:
    """Round a time to what an estimate is worth.

    >>> _about(2.2), _about(38.4), _about(200)
    ('a few seconds', 'about 40 s', 'about 3 min')
    """
    if seconds < 5:
        return "a few seconds"
    return f"about {5 * round(seconds / 5)} s" if seconds < 118 else f"about {seconds / 60:.0f} min"


def _line_for_this_place() -> "_QuietLine":
    if os.environ.get("COURSE_WIDGETS") == "1" and _kernel_shell() is not None:
        return _NotebookLine()
    return _TerminalLine() if sys.stdout.isatty() else _QuietLine()


def _kernel_shell() -> object | None:
    """Give IPython's shell if a notebook's kernel runs this, else None."""
    ipython = sys.modules.get("IPython")  # if nobody imported it, this is no notebook
    shell = ipython.get_ipython() if ipython else None
    return shell if hasattr(shell, "kernel") else None


def _after_cell(action: object, register: bool) -> None:
    """Have `action` called when the cell ends, however it ends: Keras tells of no interrupt."""
    shell = _kernel_shell()
    if shell is not None:
        change = shell.events.register if register else shell.events.unregister
        change("post_run_cell", action)


class _QuietLine:
    """Print the last line alone."""

    def show(self, text: str) -> None:
        """Show nothing: nobody looks."""

    def finish(self, text: str) -> None:
        """Print the last line."""
        print(text)


class _TerminalLine(_QuietLine):
    """Write over the present line of a terminal."""

    def show(self, text: str) -> None:
        """Replace the line; what a longer one before left over is erased."""
        print(f"\r{text}\033[K", end="", flush=True)

    def finish(self, text: str) -> None:
        """Replace the line a last time and go to the next one."""
        print(f"\r{text}\033[K")


class _NotebookLine(_QuietLine):
    """Update one output of the cell."""

    def __init__(self) -> None:
        self._handle = None

    def show(self, text: str) -> None:
        """Show the line at first, replace it afterwards."""
        from IPython.display import display  # there is one: a kernel runs this

        bundle = {"text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    finish = show
