"""What an open task is: a measure, a mark to beat, and a judge who answers in a plain sentence.

The mark is the score of the course's own answer, that of the solutions, with several seeds:
results/open_tasks.csv, made by benchmarks/open_tasks.py.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean, stdev

from course_utils.lessons import logbook, recorded
from course_utils.lessons.checks import verdict
from course_utils.lessons.data import Dataset, load_mnist
from course_utils.lessons.progress import quick_mode

KIND = "open tasks"
Measure = Callable[[object, int], float]  # (answer, seed) -> score; raises Mistake for none


@dataclass(frozen=True)
class Task:
    """One lesson's open task. Shown, it says what counts; `judge` takes the answer."""

    lesson: str
    measure: Measure
    given: Callable[[], object]  # what the learner works with
    unit: str = "%"
    less: bool = False  # whether less is better
    data: str = "MNIST"  # what it is measured on, if quick mode changes that; else ""

    def __repr__(self) -> str:
        what = inspect.getdoc(self.measure)
        on = f" on {self.data}" if self.data else ""
        return f"{what}\nThe mark to beat: {self.text(mean(self.marks()))}, the course's own{on}."

    def marks(self) -> list[float]:
        """Return the scores of the course's own answer, one a seed."""
        rows = recorded.rows("open_tasks")
        return [row["score"] for row in rows if row["lesson"] == self.lesson]

    def judge(self, answer: object) -> "Score | verdict.Verdict":
        """Measure an answer; what is none gets a hint. The logbook keeps the best score."""
        # As it was handed out: nothing has to be trained for that. One that returns a constant is
        # written.
        constants = getattr(getattr(answer, "__code__", None), "co_consts", (0,))
        own = all(one in (None, ..., answer.__doc__) for one in constants)
        answer = ... if own and verdict.unwritten(answer) else answer
        found = []
        said = verdict.judge(answer, lambda it: iter(found.append(self.measure(it, 0)) or ()), "")
        if not said:
            return said
        other = digits().name if self.data == "MNIST" and digits().stand_in else ""
        score = Score(self, found[0], "quick mode" if self.data and quick_mode() else other)
        if Path.cwd().name != "solutions":  # there it is the course's
            on, name = f" ({score.other})" if score.other else "", f"{self.lesson[3:]}: score"
            note = {"score": self.text(score.value) + on, "text": repr(score)}
            note |= {"value": -score.value if self.less else score.value, "other": score.other}
            best = logbook.read().get(KIND, {}).get(name, {})
            if best.get("other") != score.other or best["value"] <= note["value"]:
                logbook.note(KIND, name, note)
        return score

    def text(self, value: float) -> str:
        """Write a value with its unit."""
        return f"{value:.2f} %" if self.unit == "%" else f"{value:,.0f} {self.unit}"


@dataclass(frozen=True)
class Score:
    """A score beside the mark; `other` names other data, on which the two do not compare."""

    task: Task
    value: float
    other: str = ""

    def __repr__(self) -> str:
        text, marks = self.task.text, self.task.marks()
        if self.other:
            mark = f"the mark, {text(mean(marks))}, is of all {self.task.data} and does not compare"
            return f"Your score: {text(self.value)} ({self.other}; {mark})."
        gain, spread = self.value - mean(marks), stdev(marks)
        gain = -gain if self.task.less else gain
        if text(abs(gain)) == text(0):
            how = "exactly the mark"
        else:
            apart = text(abs(gain)).replace("%", "points")
            how = f"{apart} {'better than' if gain > 0 else 'short of'} the mark"
            how += " (seeds alone differ as much)" if abs(gain) <= spread else ""
        own = f"{text(mean(marks))} ± {text(spread)} with {len(marks)} seeds"
        return f"Your score: {text(self.value)}, {how}. The course's own: {own}."


def open_task(lesson: str, given: Callable[[], object], **how: object) -> Callable[[Measure], Task]:
    """Make a task of a function (answer, seed) -> score, whose docstring says what counts."""
    return lambda measure: Task(lesson, measure, given, **how)


@cache
def digits() -> Dataset:
    """Return the images of the tasks: 10,000 to train on, and the test images for the judge."""
    data = load_mnist()
    some = data.head(256, held_out=256) if quick_mode() else data.head(10_000)
    copies = {name: value.copy() for name, value in vars(some).items() if name != "name"}
    return Dataset(some.name, **copies)  # the others need not stay in memory
