"""Predictions that are locked before a result is there, and held beside it when it comes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.lessons import logbook
from course_utils.lessons.checks.verdict import number
from course_utils.lessons.errors import explain_errors

KIND = "predictions"
Said = float | str | list[str]


class Predictions:
    """The predictions of one lesson, named as its file is: "05_prune_and_retrain".

    >>> predict = Predictions("99_example")
    >>> zeros = predict("How many of ten zeros stay?", 4)
    Noted: 4. You can change it until the result is there.
    >>> zeros.was(9)
    You said 4; it is 9.
    >>> predict.summary()
    You said; it was:
      How many of ten zeros stay?  4; 9
    """

    def __init__(self, lesson: str) -> None:
        self.lesson, self.made = lesson[3:], []
        explain_errors()

    def __call__(
        self, question: str, *answer: object, unit: str = "",
        choices: Sequence[str] = (), order: Sequence[str] = (),
    ) -> "Prediction":  # fmt: skip
        """Note an answer: a number, one of `choices`, or all of `order` in the right order.

        What cannot be an answer is told in a sentence; without one nothing is lost. Once the
        result has been shown the first answer stands (`forget` begins anew).
        """
        names = tuple(choices or order)
        made = Prediction(f"{self.lesson}: {question}", question, unit, names, bool(order))
        self.made = [one for one in self.made if one.question != question] + [made]
        made.note(answer[0] if len(answer) == 1 else answer or ...)  # 0,9 is two answers
        return made

    def summary(self) -> None:
        """Print all predictions of the lesson beside what came."""
        known = [(one.question, one.entry() or {}) for one in self.made]
        told = [(question, entry) for question, entry in known if "was" in entry]
        print("You said; it was:" if told else "You made no predictions this time.")
        for question, entry in told:
            print(f"  {question}  {_show(entry['said'])}; {_show(entry['was'])}")

    def forget(self) -> None:
        """Begin anew: take this lesson's predictions out of the logbook."""
        logbook.forget(KIND, self.lesson)


@dataclass(frozen=True)
class Prediction:
    """One question, and what the logbook has for it under its name."""

    name: str
    question: str
    unit: str
    choices: tuple[str, ...]
    ordered: bool

    def note(self, answer: object) -> None:
        """Lock an answer, or say why it is none."""
        before = self.entry()
        answer = answer.tolist() if isinstance(answer, np.ndarray | np.generic) else answer
        if before and "was" in before:
            print(f"You said {self._text(before['said'])}; the result is known, so that stands.")
        elif answer is ... or answer is None:
            print(f"Your prediction? Put {self._form()} in place of the ... and run this again.")
        elif (wrong := self._problem(answer)) is not None:
            print(f"This cannot be noted: {wrong}. Expected: {self._form()}.")
        else:
            said = list(map(str, answer)) if isinstance(answer, list | tuple) else str(answer)
            said = said if self.choices else number(answer)
            logbook.note(KIND, self.name, {"said": said})
            share = self.unit == "%" and not self.choices and 0 < said < 1
            half = " (One half is 50 here, not 0.5.)" if share else ""
            print(f"Noted: {self._text(said)}. You can change it until the result is there.{half}")

    def was(self, result: object) -> None:
        """Show the result beside the prediction."""
        result = np.asarray(result).tolist() if self.choices else float(result)
        entry = self.entry()
        if entry is None:
            print(f"It is {self._text(result)}. (You made no prediction.)")
            return
        logbook.note(KIND, self.name, {"said": entry["said"], "was": result})
        same = " You were right." if entry["said"] == result else ""
        print(f"You said {self._text(entry['said'])}; it is {self._text(result)}.{same}")

    def entry(self) -> dict | None:
        """Return what was said, and what it was, if the result has been shown."""
        noted = logbook.read().get(KIND, {}).get(self.name, {})
        return noted if "said" in noted else None

    def _text(self, value: Said) -> str:
        return f"{_show(value)} {self.unit}".strip()

    def _form(self) -> str:
        if not self.choices:
            return f"a number ({self.unit})" if self.unit else "a number"
        names = ", ".join(map(repr, self.choices))
        return f"the list [{names}] in your order" if self.ordered else f"one of {names}"

    def _problem(self, answer: object) -> str | None:
        if not self.choices:
            try:
                value = number(answer)
            except (ValueError, OverflowError) as mistake:
                return f"{mistake} (a point, no comma, and no sign after it: 0.9)"
            return None if abs(value) < float("inf") else "a finite number was expected"
        if self.ordered:
            named = isinstance(answer, list | tuple) and sorted(map(str, answer))
            return None if named == sorted(self.choices) else "an order has each name once"
        return None if str(answer) in self.choices else f"{answer!r} is none of the choices"


def _show(value: Said) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return value if isinstance(value, str) else format(value, ",.0f" if value > 9_999 else ".4g")
