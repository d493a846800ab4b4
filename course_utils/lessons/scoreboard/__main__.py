"""`python -m course_utils.lessons.scoreboard FOLDER`: judge and rank the sparse files in it."""

import argparse
import contextlib
import sys

from course_utils.lessons.scoreboard.board import scoreboard
from course_utils.lessons.scoreboard.entries import Budget


def main(arguments: list[str] | None = None) -> int:
    """Print the scoreboard of a folder; return 0, whatever its files are like."""
    usual = Budget()
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.lessons.scoreboard",
        description="Judge every .sparse file of a folder, each in a process of its own, and rank "
        "those within the budget by their bytes.",
    )
    parser.add_argument("folder")
    parser.add_argument("--accuracy", type=float, default=usual.accuracy, help="at least, 0 to 1")
    parser.add_argument("--bytes", type=int, default=usual.bytes, help="at most")
    parser.add_argument("--milliseconds", type=float, default=usual.milliseconds, help="at most")
    asked = parser.parse_args(arguments)
    try:
        budget = Budget(asked.accuracy, asked.bytes, asked.milliseconds)
        with contextlib.redirect_stdout(sys.stderr):  # what is said about the data is no result
            board = scoreboard(asked.folder, budget)
    except ValueError as error:
        parser.error(str(error))
    print(board)
    return 0


if __name__ == "__main__":
    sys.exit(main())
