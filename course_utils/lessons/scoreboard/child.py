"""The process that judges one file and ends: `python -I -m …scoreboard.child JOB`.

JOB is JSON: the limits, and where the images are. The working folder holds the file under the
name "submission". One line of JSON is printed: what was found, or why the file is refused.
"""

import json
import sys
from pathlib import Path

import numpy as np

from course_utils.lessons.scoreboard.architecture import plain_config
from course_utils.lessons.scoreboard.archive import CONFIG, WEIGHTS, unpacked
from course_utils.lessons.scoreboard.isolation import limit_this_process
from course_utils.lessons.scoreboard.limits import Limits, Refused
from course_utils.lessons.scoreboard.weightsfile import plain_weights

SUBMISSION = "submission"


def main(job: dict) -> dict:
    """Return what is found out about the submission in the working folder, as plain values."""
    limits = Limits(**job["limits"])
    limit_this_process(limits)
    try:
        return _judged(Path(SUBMISSION).read_bytes(), job, limits)
    except Refused as reason:
        return {"refused": str(reason)}
    except MemoryError:
        return {"refused": f"it needs more than {limits.memory_bytes:,} bytes of memory."}
    except Exception as error:  # whatever a network makes TensorFlow raise
        return {"refused": f"it cannot be run ({type(error).__name__})."}


def _judged(data: bytes, job: dict, limits: Limits) -> dict:
    parts = unpacked(data, limits)
    config = plain_config(parts[CONFIG], limits)
    weights = plain_weights(parts[WEIGHTS], limits)
    # Not before: TensorFlow takes seconds to come, and most bad files need none.
    from course_utils.lessons.scoreboard import network

    model = network.built(config, weights, Path(), limits)
    images = np.load(job["images"], mmap_mode="r")
    return {
        **network.facts(model),
        "answers": network.answers(model, images),
        "times": network.times(model, images[: network.BATCH]),
    }


if __name__ == "__main__":
    result = json.dumps(main(json.loads(sys.argv[1])))
    print(result, flush=True)
