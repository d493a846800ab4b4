"""What happens to one file: `python -I -m …scoreboard.child` has it judged, in a process that ends.

It reads jobs, one line of JSON each: the limits, where the images are, and the folder that holds
the file under the name SUBMISSION. What was found out goes into that folder, under the name RESULT.
One line of JSON is printed for each job: why there is no result, or nothing.
"""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np

from course_utils.lessons.scoreboard.entries import Limits, Refused
from course_utils.lessons.scoreboard.isolation import run

SUBMISSION, RESULT = "submission", "result"


def main() -> None:
    """Do one job after the other, until there is no more input."""
    # Keras would look for these two, which take a third of TensorFlow's start; no judge needs them.
    sys.modules.update({"matplotlib": None, "sklearn": None})
    from course_utils.lessons.scoreboard import network  # noqa: F401  (so that all forks have it)

    for line in sys.stdin:
        job = json.loads(line)
        limits = Limits(**job["limits"])
        try:
            run(partial(_judge, job, limits), Path(job["folder"]), limits)
            print(json.dumps(""), flush=True)
        except Refused as reason:
            print(json.dumps(str(reason)), flush=True)


def _judge(job: dict, limits: Limits) -> None:
    """Write down what a network is and answers, or why it is refused."""
    from course_utils.backend import keras
    from course_utils.lessons.scoreboard import network

    keras.utils.set_random_seed(0)  # the same at every run, whatever a layer draws
    try:
        images = np.load(job["images"], mmap_mode="r")
        found = network.judged(Path(SUBMISSION).read_bytes(), images, limits)
    except (Refused, ValueError) as reason:
        found = {"refused": str(reason)}
    except MemoryError:
        found = {"refused": f"it needs more than {limits.memory_bytes:,} bytes of memory."}
    except Exception as error:  # whatever a network makes TensorFlow raise
        found = {"refused": f"it cannot be run ({type(error).__name__})."}
    Path(RESULT).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
