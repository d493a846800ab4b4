"""What every check must do with typical answers; a test file brings the answers.

class TestAnswers(OfFunctions):
    wrong, right = WRONG, RIGHT   # {check: [(answer, hint), …]}, {check: [answer, …]}
"""

from collections.abc import Callable, Mapping, Sequence


class Answers:
    """Wrong answers get their own hints, right ones pass, an open exercise is not yet wrong."""

    wrong: Mapping[Callable, Sequence[tuple[object, str]]]
    right: Mapping[Callable, Sequence[object]]

    def pytest_generate_tests(self, metafunc):
        """Make a test of each answer, or of each exercise, as the test asks."""
        if "hint" in metafunc.fixturenames:
            every = [(check, *pair) for check, pairs in self.wrong.items() for pair in pairs]
            metafunc.parametrize(("exercise", "answer", "hint"), every)
        elif "answer" in metafunc.fixturenames:
            every = [(check, one) for check, answers in self.right.items() for one in answers]
            metafunc.parametrize(("exercise", "answer"), every)
        elif "exercise" in metafunc.fixturenames:
            metafunc.parametrize("exercise", list(self.wrong))

    def test_a_wrong_answer_gets_its_own_hint(self, exercise, answer, hint):
        verdict = exercise(answer)
        assert not verdict
        assert hint in repr(verdict)

    def test_a_right_answer_is_accepted_however_written(self, exercise, answer):
        assert exercise(answer), exercise(answer)

    def test_an_open_exercise_is_not_yet_wrong(self, exercise):
        assert repr(exercise(...)).startswith("… not yet")


class OfFunctions(Answers):
    """The same where the answers are functions; one that returns nothing is open, too."""

    def test_an_unwritten_function_is_not_yet_wrong(self, exercise):
        assert repr(exercise(lambda *arguments: None)).startswith("… not yet")


class Repeatable(OfFunctions):
    """The same where checks draw their questions at random: always the same ones."""

    some_answer = staticmethod(lambda *given: given[0])

    def test_a_check_answers_the_same_every_time(self, exercise):
        assert len({repr(exercise(self.some_answer)) for _ in range(3)}) == 1
