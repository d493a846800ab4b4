"""Processes that share this machine's cores, instead of each taking all of them."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

# What TensorFlow, oneDNN and OpenBLAS read when they start their threads.
THREADS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)


def process_pool(workers: int | None = None) -> ProcessPoolExecutor:
    """Return a pool of fresh processes for `sweep`, each with its share of the cores.

    `workers` processes, or one for each core. Left alone, each of them would start as many
    threads as there are cores, and they would wait for one another. The processes are spawned: a
    forked copy of a process in which TensorFlow has started its threads hangs. So the task must
    be a function of a module (not of a notebook, nor a lambda), and a script must start its work
    under `if __name__ == "__main__":`. Raises ValueError for less than one worker.

    >>> with process_pool(1) as pool:
    ...     int(pool.submit(os.getenv, "TF_NUM_INTRAOP_THREADS").result()) >= 1
    True
    """
    cores = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    workers = cores if workers is None else workers
    if not isinstance(workers, int) or workers < 1:
        raise ValueError(f"workers must be a whole number of at least 1, not {workers!r}.")
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=limit_threads,
        initargs=(max(1, cores // workers),),
    )


def limit_threads(threads: int) -> None:
    """Have the libraries that this process loads from here on use so many threads."""
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
