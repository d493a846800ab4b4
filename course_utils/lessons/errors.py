"""What a beginner can do where a cell of a lesson ends in an error."""

import traceback
from types import TracebackType

from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

SKIPPED = (
    "If you changed nothing in this cell, one above it was skipped, or stopped: run that one, or\n"
    "choose Run → Run All Above Selected Cell. Then run this cell again."
)
ANSWERS = "A prediction is a number alone (90, not 90 %), or a word in quotation marks, or the ..."


def explain_errors() -> None:
    """Have IPython say it below the stack trace, and in its place where a name is missing.

    >>> explain_errors()  # outside IPython nothing happens
    """
    if InteractiveShell.initialized():
        shell = InteractiveShell.instance()
        shell.set_custom_exc((NameError,), _show)
        shell.events.register("post_run_cell", _say_what_to_do)


def _show(shell: object, kind: type, error: NameError, tb: TracebackType, tb_offset: int) -> None:
    """Show a name that the notebook's own code lacks in a sentence, a library's as ever."""
    *_, (frame, number) = traceback.walk_tb(tb)
    line = traceback.extract_tb(tb)[-1].line  # "" in %time, say; no name is missing in a `raise`
    own = kind is NameError and bool(error.name and line)
    own = own and frame.f_globals.get("__name__") == "__main__"
    if own:
        error.args = (f"{error}, and line {number} needs it: {line}",)
    shell.showtraceback((kind, error, tb), tb_offset=tb_offset, exception_only=own)


def _say_what_to_do(ran: ExecutionResult) -> None:
    if isinstance(ran.error_before_exec or ran.error_in_exec, Exception):
        print(f"\n{ANSWERS}\n{SKIPPED}" if "predict(" in ran.info.raw_cell else f"\n{SKIPPED}")
