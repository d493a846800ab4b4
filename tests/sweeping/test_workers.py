"""Sweeps over real processes: pools, killed sweeps, and a Dask cluster that loses a worker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import trial_tasks as tasks

from course_utils.extras import sweeping


def wait_for(condition):
    while not condition():
        time.sleep(0.02)


def calls(marks, x):
    return [*marks.glob(f"{x}-*")]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sweep.jsonl"


@pytest.fixture
def marks(tmp_path):
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


def results(file):
    """What a sweep's file holds, one flat dictionary a line."""
    lines = map(json.loads, file.read_text().splitlines())
    return [{**line["trial"], **line["result"], "seconds": line["seconds"]} for line in lines]


def trials(marks, count, **options):
    return [{"x": x, "folder": str(marks), **options} for x in range(count)]


def test_a_pool_runs_each_trial_once_and_its_processes_share_the_cores(file, marks):
    with sweeping.process_pool(2) as pool:
        rows = sweeping.sweep(tasks.told, trials(marks, 6), pool, file=file)
        limits = sweeping.sweep(tasks.threads, [{"x": 0}], pool)[0]
    assert [row["value"] for row in rows] == [0, 1, 4, 9, 16, 25]
    assert os.getpid() not in {row["pid"] for row in rows}
    assert len(list(marks.iterdir())) == len(results(file)) == 6
    assert limits["tf_num_intraop_threads"] == max(1, (os.cpu_count() or 1) // 2)


@pytest.mark.slow
@pytest.mark.full
def test_real_trainings_over_a_pool_give_what_they_give_here():
    """In one process, since each must start TensorFlow; that two share the work is tested above."""
    every = sweeping.grid(seed=[0], sparsity=[0.5, 0.75])
    with sweeping.process_pool(1) as pool:
        rows = sweeping.sweep(tasks.train, every, pool)
    assert [row["left"] for row in rows] == [36, 18]
    assert rows[0]["left"] == sweeping.sweep(tasks.train, every[:1])[0]["left"]


def test_a_pool_that_loses_a_process_says_so_and_a_new_one_goes_on(file, tmp_path):
    bad = tmp_path / "bad"
    bad.write_text(str(file))
    every = [{"x": x, "bad": str(bad)} for x in range(4)]
    with sweeping.process_pool(2) as pool:
        with pytest.raises(RuntimeError, match=r"of 4 results are in .*make a new pool"):
            sweeping.sweep(tasks.dies, every, pool, file=file)
        with pytest.raises(RuntimeError, match="make a new pool"):  # this one stays broken
            sweeping.sweep(tasks.dies, every, pool, file=file)
    before = results(file)
    assert {row["x"] for row in before} == {0, 1, 3}
    bad.unlink()
    with sweeping.process_pool(2) as pool:
        rows = sweeping.sweep(tasks.dies, every, pool, file=file)
    assert [row["value"] for row in rows] == [0, 1, 2, 3]
    assert results(file)[:3] == before


@pytest.mark.parametrize("task", [lambda x: {"y": x}, "typed into a notebook"])
def test_a_task_that_a_pool_cannot_find_is_refused_before_its_processes_die(task, monkeypatch):
    if isinstance(task, str):
        main = sys.modules["__main__"]
        exec("def task(x):\n    return {'y': x}", main.__dict__)
        task = main.__dict__.pop("task")
        monkeypatch.delattr(main, "__file__", raising=False)
    with sweeping.process_pool(1) as pool, pytest.raises(ValueError, match=r"into a \.py file"):
        sweeping.sweep(task, [{"x": 1}], pool)
    assert sweeping.sweep(task, [{"x": 1}])[0]["y"] == 1


SWEEP = """
import sys
import trial_tasks as tasks
from course_utils.extras import sweeping

folder, file = sys.argv[1:]
trials = [{"x": x, "folder": folder} for x in range(12)]

def stops(x, folder):
    return tasks.stops(x, folder)

if __name__ == "__main__":
    rows = sweeping.sweep(stops, trials, file=file)
    print([row["value"] for row in rows])
"""


def test_a_sweep_killed_twice_in_the_middle_ends_with_every_result_once(file, marks, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SWEEP)
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    command = [sys.executable, str(script), str(marks), str(file)]
    for last in (3, 7):
        marks.with_name("stop").write_text(str(last))
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
        wait_for(lambda x=last: calls(marks, x))
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    marks.with_name("stop").unlink()
    survived = results(file)
    assert [row["x"] for row in survived] == list(range(7))
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str([x**2 for x in range(12)])
    rows = results(file)
    assert sorted(row["x"] for row in rows) == list(range(12))
    assert rows[: len(survived)] == survived
    again = {x: len(calls(marks, x)) for x in range(12) if len(calls(marks, x)) > 1}
    assert again == {3: 2, 7: 2}  # only what ran when it was killed ran again


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_dask_cluster_loses_a_worker_and_the_sweep_ends_with_every_result_once(
    cluster, file, marks
):
    workers = {info["name"]: info for info in cluster.scheduler_info()["workers"].values()}
    assert len(workers) == 2
    killed = []

    class Killer:
        """A progress that kills the worker that stands still, once there are two results."""

        def show(self, done, total, known):
            if done == 2:
                wait_for(lambda: calls(marks, 4))
                killed.append(int(calls(marks, 4)[0].name.split("-")[1]))
                os.kill(killed[0], signal.SIGKILL)

        def close(self):
            pass

    executor = cluster.get_executor()
    rows = sweeping.sweep(
        tasks.stops_once, trials(marks, 10), executor, file=file, progress=Killer()
    )
    assert [row["value"] for row in rows] == [x**2 for x in range(10)]
    found = Counter(row["x"] for row in results(file))
    assert found == dict.fromkeys(range(10), 1)
    assert len(calls(marks, 4)) == 2, "the trial that the killed worker ran has run again"
    assert not {os.getpid(), *killed} & {row["pid"] for row in rows if row["x"] == 4}


def test_dask_sends_a_lambda_and_a_failed_trial_really_runs_again(cluster, file, tmp_path):
    bad = tmp_path / "bad"
    bad.write_text("1")
    every = [{"x": x, "bad": str(bad)} for x in range(3)]
    with pytest.raises(sweeping.TrialsFailed, match="no 1 today") as failure:
        sweeping.sweep(tasks.refuses, every, cluster.get_executor(), file=file)
    bad.unlink()
    rows = sweeping.sweep(tasks.refuses, every, cluster.get_executor(), file=file)
    assert [row["value"] for row in rows] == [0, 1, 2]
    assert failure.value.rows == [rows[0], rows[2]]
    double = sweeping.sweep(lambda x: {"y": 2 * x}, [{"x": 4}], cluster.get_executor())
    assert double[0]["y"] == 8
