"""Run a notebook's cells in a fresh kernel, and say in readable form which one failed."""

import os
import re
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from notebook_editions import METADATA

# The longest cell trains a network for ten epochs: about 80 s on two idle cores, and several times
# as long on busy ones. A build that took minutes should not fail for that.
CELL_TIMEOUT = 1800
START_TIMEOUT = 120
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def execute(notebook: NotebookNode, where: Path, quick: bool = False) -> str:
    """Run the cells in a fresh kernel of this very Python; return how it failed, or ''."""
    where.mkdir(parents=True, exist_ok=True)
    # With no folder to search, "python3" is the interpreter that runs this line, whatever
    # kernels of that name the user has installed.
    manager = AsyncKernelManager(
        kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[])
    )
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=CELL_TIMEOUT,
        startup_timeout=START_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=[
            # The kernel warns on every start that its local connection is not encrypted.
            "--IPKernelApp.log_level=ERROR",
            # Twice the pixels at the same size: figures stay sharp on a projector.
            "--InlineBackend.figure_formats={'retina'}",
        ],
        resources={"metadata": {"path": str(where)}},
    )
    try:
        # cleanup_kc: a kernel whose manager was passed in is otherwise left running.
        client.execute(env=_environment(quick), cleanup_kc=True)
    except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
        return _failure(notebook, error)
    # The client put the machine's exact version of Python there.
    notebook.metadata = nbformat.from_dict(METADATA)
    return ""


def _environment(quick: bool) -> dict[str, str]:
    """Committed outputs are those of the full run that nobody watches."""
    dropped = ("COURSE_QUICK", "COURSE_WIDGETS")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | ({"COURSE_QUICK": "1"} if quick else {})


def _failure(notebook: NotebookNode, error: Exception) -> str:
    """Name the failing cell: its number, source and error, without colour codes."""
    number, cell = _failing_cell(notebook)
    source = "\n".join(f"    {line}" for line in cell.source.splitlines())
    tracebacks = ["\n".join(o.traceback) for o in cell.outputs if o.output_type == "error"]
    if isinstance(error, CellTimeoutError):
        text = f"The cell ran longer than {CELL_TIMEOUT} s."
    else:
        text = tracebacks[0] if tracebacks else f"{type(error).__name__}: {error}"
    return f"Cell {number} failed:\n{source}\n{COLOUR.sub('', text)}"


def _failing_cell(notebook: NotebookNode) -> tuple[int, NotebookNode]:
    """Find the cell that shows an error, or else the first one that has no number yet."""
    cells = [(n, c) for n, c in enumerate(notebook.cells, start=1) if c.cell_type == "code"]
    failed = [(n, c) for n, c in cells if any(o.output_type == "error" for o in c.outputs)]
    waiting = [(n, c) for n, c in cells if c.execution_count is None]
    return (failed or waiting or cells[-1:])[0]
