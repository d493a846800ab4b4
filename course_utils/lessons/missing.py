"""A sentence in place of a traceback, where a cell asks for what a skipped cell would have made."""

import traceback
from types import TracebackType

from course_utils.lessons.progress import kernel_shell


def explain_missing_names() -> None:
    """Have a notebook say what to do about a name that its own code lacks; elsewhere do nothing.

    >>> explain_missing_names()  # which happens where a lesson makes its `Predictions`
    """
    if shell := kernel_shell():
        shell.set_custom_exc((NameError,), _told)


def _told(
    shell: object, kind: type, error: NameError, tb: TracebackType, tb_offset: int = 1
) -> None:
    *_, (frame, number) = traceback.walk_tb(tb)
    own = kind is NameError and frame.f_globals.get("__name__") == "__main__"
    if own:
        error.args = (
            f"{error}, and line {number} needs it: {traceback.extract_tb(tb)[-1].line}\n"
            "It is misspelt, or a cell further up makes it and was skipped, or stopped halfway. "
            "Run the cells above (JupyterLab: Run > Run All Above Selected Cell), then this one.",
        )
    shell.showtraceback((kind, error, tb), tb_offset=tb_offset, exception_only=own)
