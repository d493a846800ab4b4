"""The judges of the open tasks: right, wrong, cheating and missing answers, on the stand-in."""

import importlib
import itertools
import re
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from course import LESSONS
from notebook_editions import tags_of

from course_utils import criteria, masking, models, pruning, regrowth, structure
from course_utils.lessons import faces, logbook, recorded
from course_utils.lessons.data import load_digits
from course_utils.lessons.open_tasks import handed_in, task, told_apart, tried_out
from course_utils.lessons.tasks import hearing

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import open_tasks

NUMBERS = [*range(5, 20), 21]
ALL = {
    one.lesson: one
    for module in (handed_in, tried_out, told_apart)
    for one in vars(module).values()
    if isinstance(one, task.Task)
}
NETWORKS = {one.lesson for one in vars(handed_in).values() if isinstance(one, task.Task)}
tasks = pytest.mark.parametrize("one", ALL.values(), ids=ALL)


@pytest.fixture(scope="module", autouse=True)
def little_data():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_QUICK", "1")
        patch.setattr(task, "load_mnist", load_digits)
        cached = (task.digits, tried_out.trained, tried_out.measured)
        for function in cached:
            function.cache_clear()
        yield
        for function in cached:
            function.cache_clear()


@pytest.fixture(autouse=True)
def empty_logbook(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_LOGBOOK", str(tmp_path / "logbook.json"))
    monkeypatch.setattr(logbook, "_here", {})
    monkeypatch.chdir(tmp_path)


def said(one, answer):
    return repr(one.judge(answer))


# -------------------------------------------------------------------------------------- each lesson


def test_each_lesson_from_05_on_has_its_own():
    assert [int(stem[:2]) for stem in sorted(ALL)] == NUMBERS
    assert len({one.measure for one in ALL.values()}) == len(NUMBERS)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_section_of_three_cells_asks_for_it(lesson):
    places = [at for at, cell in enumerate(lesson.cells) if "open-task" in tags_of(cell)]
    assert len(places) == (lesson.stem in ALL)
    for at in places:
        text, answer, judge, after = (cell.source for cell in lesson.cells[at - 1 : at + 3])
        assert text.startswith("## An open task\n\n**")
        assert text.count("<summary>Hint</summary>") == 1
        assert after.startswith("## What to remember")
        module, name = re.search(
            r"^from (\S+) import (\w+) as task$", answer, re.MULTILINE
        ).groups()
        found = getattr(importlib.import_module(module), name)
        assert found is ALL[lesson.stem]
        assert re.fullmatch(r"task\.judge\((\w+)\)", judge)


@tasks
def test_its_mark_was_measured_with_several_seeds(one):
    rows = [row for row in recorded.rows("open_tasks") if row["lesson"] == one.lesson]
    assert len(rows) >= 3
    assert len({row["seed"] for row in rows}) == len(rows)
    assert np.isfinite(one.marks()).all()
    assert re.search(r"\.\nThe mark to beat: [\d,.]+ (%|MACs|bytes), the course's own", repr(one))


@tasks
@pytest.mark.parametrize("nothing", [..., None])
def test_a_missing_answer_is_not_yet_wrong(one, nothing):
    assert said(one, nothing).startswith("… not yet")
    assert logbook.read() == {}


@tasks
def test_what_can_be_no_answer_gets_a_hint(one):
    for answer in (7, "all", [1, 2]):
        wanted = "a network" if one.lesson in NETWORKS else "a function"
        assert said(one, answer).startswith(f"✗ {wanted} was expected")


@pytest.mark.parametrize("stem", sorted({*ALL} - NETWORKS))
def test_code_that_stops_is_told_in_a_sentence(stem):
    def broken(*given):
        raise KeyError("kernel")

    assert said(ALL[stem], broken) == "✗ your code stops with KeyError: 'kernel'"
    assert said(ALL[stem], lambda *given: None).startswith("… not yet")


# ---------------------------------------------------------------------------------------- the score


def scored(value, marks, monkeypatch, *, other="", **how):
    monkeypatch.setattr(task.Task, "marks", lambda self: marks)
    return repr(task.Score(task.Task("99_example", print, print, **how), value, other))


def test_a_score_stands_beside_the_mark(monkeypatch):
    marks = [90.0, 91.0, 92.0]
    course = "The course's own: 91.00 % ± 1.00 % with 3 seeds."
    assert scored(95.0, marks, monkeypatch) == (
        f"Your score: 95.00 %, 4.00 points better than the mark. {course}"
    )
    assert scored(90.5, marks, monkeypatch) == (
        "Your score: 90.50 %, 0.50 points short of the mark (seeds alone differ as much). " + course
    )
    assert "exactly the mark. " in scored(91.0, marks, monkeypatch)


def test_fewer_macs_are_better(monkeypatch):
    text = scored(1000, [3000, 3000], monkeypatch, unit="MACs", less=True)
    assert text.startswith("Your score: 1,000 MACs, 2,000 MACs better than the mark. ")


def test_other_data_do_not_compare(monkeypatch):
    text = scored(80, [91.0, 92.0], monkeypatch, other="scikit-learn digits")
    assert "(scikit-learn digits; the mark, 91.50 %, is of all MNIST and does not compare)" in text


def test_the_logbook_has_the_score_but_not_that_of_the_solutions(tmp_path, monkeypatch):
    (tmp_path / "solutions").mkdir()
    monkeypatch.chdir(tmp_path / "solutions")
    assert "Your score" in said(told_apart.beyond_digits, lambda one, other: 0)
    assert logbook.read() == {}
    monkeypatch.chdir(tmp_path)
    told_apart.beyond_digits.judge(lambda one, other: 0)
    noted = logbook.read()["open tasks"]["beyond_digits: score"]
    assert noted["score"].endswith(" %")
    told_apart.lottery_tickets.judge(lambda mask: "trained")
    score = logbook.read()["open tasks"]["lottery_tickets: score"]["score"]
    assert score == "25.00 % (quick mode)", "the page must not show it as the tests' own"
    line = next(row for row in repr(logbook.page()).splitlines() if "beyond digits" in row)
    assert line.endswith(noted["score"])


@pytest.mark.parametrize(("less", "kept"), [(False, "9 MACs"), (True, "2 MACs")])
def test_the_logbook_keeps_the_best_score(less, kept, monkeypatch):
    def measured(answer, seed):
        """Count."""
        return answer(seed)

    tried = task.Task("99_example", measured, int, "MACs", less, data="")
    monkeypatch.setattr(task.Task, "marks", lambda self: [5, 6])
    for value in (4, 9, 2, 7):
        tried.judge(lambda seed, value=value: value)
    assert logbook.read()["open tasks"]["example: score"]["score"] == kept


# ------------------------------------------------------------------------------ a network handed in


def sparse(share, seed=0):
    model = models.article_cnn(seed)
    pruning.attach(model, masking.make_masks(criteria.magnitude(pruning.weights(model)), share))
    return model


@pytest.mark.parametrize(
    "one", [handed_in.prune_and_retrain, handed_in.what_did_it_forget], ids=lambda one: one.lesson
)
def test_zeros_are_counted_among_the_networks_own_kernels(one):
    assert said(one, sparse(0.95)).startswith("Your score: ")
    assert "94.00% are zeros, and 95% are asked for" in said(one, sparse(0.94))
    wide = models.lenet300()
    wide.set_weights([0 * W for W in wide.get_weights()])
    assert "other layers than the given one" in said(one, wide)


def test_steps_are_counted():
    model = sparse(0.95)
    model.optimizer.iterations.assign(161)
    assert "made 161 steps, and 160" in said(handed_in.prune_and_retrain, model)
    small = structure.shrink(models.residual_cnn(), 0.5)[0]
    assert "Your score" in said(handed_in.channels_together, small)
    small.optimizer.iterations.assign(1)
    assert "made 1 steps, and 0" in said(handed_in.channels_together, small)


def test_macs_are_counted():
    assert "MACs, and half of the original's" in said(
        handed_in.channels_together, models.residual_cnn()
    )
    full = said(handed_in.structural_pruning, models.article_cnn())
    half = said(handed_in.structural_pruning, structure.shrink(models.article_cnn(), 0.5)[0])
    assert full.startswith("Your score: 541,440 MACs (quick mode; ")
    assert "Your score: " in half
    assert half != full


def test_a_floor_must_be_reached(monkeypatch):
    monkeypatch.setenv("COURSE_QUICK", "0")
    for one, model in (
        (handed_in.structural_pruning, models.article_cnn()),
        (handed_in.joint_compression, models.lenet5()),
    ):
        assert "are right where it is judged, and 90 % are asked for" in said(one, model)


def test_bytes_are_those_of_the_sparse_file():
    sizes = []
    for share in (0.96, 0.99):
        model = models.lenet5()
        masks = masking.make_masks(criteria.magnitude(pruning.weights(model)), share, "erk")
        pruning.attach(model, masks)
        sizes.append(handed_in.joint_compression.measure(model, 0))
    assert 3 < sizes[0] / sizes[1] < 5


def test_inputs_and_outputs_are_looked_at():
    assert "its inputs and outputs are" in said(handed_in.sounds_and_words, models.lenet5())
    assert "its inputs and outputs are" in said(handed_in.prune_and_retrain, hearing.vowel_cnn())
    assert "Your score" in said(handed_in.sounds_and_words, hearing.vowel_cnn())


class Hidden(keras.Model):
    """Looks like another network, and answers by one that nobody counts."""

    def call(self, x, training=False):
        return models.article_cnn()(x)


class Teacher(keras.Model):
    """Holds the network that was meant."""

    def __init__(self, student):
        super().__init__()
        self.student = student

    def call(self, x):
        return self.student(x)


def layers_of(*inner, last=None):
    image = x = keras.Input((28, 28, 1))
    for layer in (*inner, keras.layers.Flatten()):
        x = layer(x)
    return keras.Model(image, last(x) if last else keras.layers.Dense(10)(x))


def test_what_is_counted_is_all_that_answers():
    small = layers_of(keras.layers.GlobalAveragePooling2D())
    own = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    constant = np.ones((784, 10), "float32")
    for answer, hint in (
        (Hidden(small.input, small.output), "is none of Keras's own layers"),
        (layers_of(keras.layers.Lambda(lambda x: 2 * x)), "'Lambda' of 'keras.layers' is none of"),
        (layers_of(last=lambda x: keras.ops.matmul(x, constant)), "replace 'keras.src.ops"),
        (
            layers_of(keras.layers.TimeDistributed(keras.layers.Embedding(2, 10))),
            "with kernels: replace 'Embedding'.",
        ),
        (Teacher(small), "is not built"),
        (own, "is not built: call it on a batch first"),
    ):
        assert hint in said(handed_in.structural_pruning, answer)
    (teacher := Teacher(small))(np.zeros((1, 28, 28, 1), "float32"))
    hint = said(handed_in.structural_pruning, teacher)
    assert "created by passing non-serializable argument values" in hint
    assert "\n" not in hint
    own(np.zeros((1, 28, 28, 1), "float32"))
    assert "are [(1, 28, 28, 1)" in said(handed_in.structural_pruning, own)
    named = keras.Model(small.input, {"digit": small.output})
    for answer in (small, named, keras.Sequential([keras.Input((28, 28, 1)), *small.layers[1:]])):
        assert said(handed_in.structural_pruning, answer).startswith("Your score: 10 MACs")


def test_zeros_are_asked_of_all_weights_and_none_is_added():
    image = keras.Input((28, 28, 1))
    model = sparse(0.95)
    scaled = keras.layers.BatchNormalization()(image)
    hint = "other layers than the given one"
    assert hint in said(handed_in.prune_and_retrain, keras.Model(image, model(scaled)))
    inside = keras.Model(image, model(image))
    assert said(handed_in.prune_and_retrain, inside) == said(handed_in.prune_and_retrain, model)


def test_a_network_that_answers_nan_has_no_score():
    model = models.article_cnn()
    model.set_weights([W * np.nan for W in model.get_weights()])
    assert "answers NaN" in said(handed_in.structural_pruning, model)


def test_outputs_are_told_by_their_names():
    full = faces.trained()
    turned = keras.Model(full.input, dict(reversed(full.output.items())))
    assert said(handed_in.somebody_elses_network, turned).startswith("Your score: 1,530,768 MACs")
    nameless = keras.Model(full.input, [*full.output.values()])
    hint = 'as the original: {"box": ..., "face": ...}'
    assert hint in said(handed_in.somebody_elses_network, nameless)


def test_a_network_for_faces_may_err_twice_more():
    assert "Your score: 1,530,768 MACs" in said(handed_in.somebody_elses_network, faces.trained())
    assert "errors where it is judged" in said(handed_in.somebody_elses_network, faces.rnet())


# --------------------------------------------------------------------- a function that is tried out


def lamp_shares(weights, share=0.97):
    masks = masking.make_masks(criteria.lamp(weights), share)
    return {name: 1 - mask.mean() for name, mask in masks.items()}


def test_a_plan_is_tried_on_networks_from_other_seeds():
    given = []

    def watching(weights):
        given.append(weights)
        return lamp_shares(weights)

    assert said(tried_out.how_much, watching).startswith("Your score: ")
    own = tried_out.how_much.given()
    assert given
    assert all(np.any(weights["fc1/kernel"] != own["fc1/kernel"]) for weights in given)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda weights: lamp_shares(weights, 0.9), "90.00% of the weights are zero, and 95%"),
        (lambda weights: 0.95, "a dictionary with a share for each of fc1/kernel"),
        (lambda weights: {"fc1/kernel": 0.99}, "a dictionary with a share for each"),
        (lambda weights: dict.fromkeys(weights, "all"), "a number was expected"),
        (lambda weights: dict.fromkeys(weights, 95), "ValueError"),
        (lambda weights: weights["fc1/kernel"].fill(0) or {}, "your function changed the array"),
    ],
)
def test_a_plan_that_is_none(answer, hint):
    assert hint in said(tried_out.how_much, answer)


def test_a_criterion_is_its_scores():
    which = tried_out.which_weights
    assert "Your score" in said(which, lambda weights, *more: criteria.magnitude(weights))
    assert "scores for each of" in said(which, lambda weights, *more: weights["fc1/kernel"])
    assert "has shape" in said(which, lambda weights, *more: {name: [1.0] for name in weights})
    assert "NaN" in said(which, lambda w, *more: {name: W * np.nan for name, W in w.items()})


def plan(step, steps):
    return (0.98 * min(1, 2 * step / steps), 1e-3)


def test_a_schedule_is_followed_to_98_percent():
    one = tried_out.while_training
    assert "Your score" in said(one, plan)
    never_falls = "never falls and ends between 0.98 and 1"
    assert never_falls in said(one, lambda step, steps: (0.97, 1e-3))
    assert never_falls in said(one, lambda step, steps: (0.99 if step % 2 else 0.98, 1e-3))
    assert never_falls in said(one, lambda step, steps: (0.98, -1e-3))
    assert never_falls in said(one, lambda step, steps: (0.98, np.nan))
    assert never_falls in said(one, lambda step, steps: (0.98, np.inf))
    assert "a pair was expected" in said(one, lambda step, steps: 0.98)
    for near in (1e-13, -1e-13):  # rounding alone
        assert "Your score" in said(
            one, lambda step, n, near=near: np.array([0.98 + near * (step + 1) / n, 1e-3])
        )


def test_a_rule_of_regrowth_keeps_the_zeros():
    one = tried_out.weights_that_come_back
    assert "Your score" in said(one, lambda steps, g: regrowth.rigl(g, every=2, end=steps))
    assert "a Regrowth was expected" in said(one, lambda steps, g: regrowth.surgery())
    assert "a Regrowth was expected" in said(one, lambda steps, g: 0.98)


def test_a_search_has_thirty_tries():
    def greedy(loss, sizes, tries=31):
        plans = [{**dict.fromkeys(sizes, 0.98), "fc3/kernel": n / 31} for n in range(tries)]
        return min(plans, key=loss)

    one = tried_out.automatic_pruning
    assert "may be called 30 times" in said(one, greedy)
    assert "Your score" in said(one, lambda loss, sizes: greedy(loss, sizes, 2))
    assert "97% are asked for" in said(one, lambda loss, sizes: dict.fromkeys(sizes, 0.96))
    loss, sizes = one.given()
    assert greedy(loss, sizes), "the learner's own network may be tried without end"


# ------------------------------------------------------------------------------------- a judgement


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (told_apart.lottery_tickets, told_apart.ORIGINS),
        (told_apart.distillation_and_int8, told_apart.FAULTS),
        (told_apart.faster, (0, 1)),
        (told_apart.beyond_digits, (0, 1)),
    ],
    ids=lambda value: getattr(value, "lesson", ""),
)
def test_cases_are_balanced_enough_that_one_word_is_not_enough(one, names):
    shares = [one.measure(lambda *given, name=name: name, 0) for name in names]
    assert sum(shares) == pytest.approx(100)
    assert max(shares) < 200 / len(names)
    for strange in ("perhaps", 2, 0.5, np.array([0, 1])):
        assert "came; one of " in said(one, lambda *given, strange=strange: strange)


def test_calls_cannot_be_counted_off():
    for one, names in ((told_apart.lottery_tickets, told_apart.ORIGINS),):
        turn = itertools.cycle(names)
        by_turns = [one.measure(lambda *_, turn=turn: next(turn), seed) for seed in range(3)]
        assert np.mean(by_turns) < 75


def test_numbers_and_words_of_numpy_are_answers():
    one = told_apart.faster
    for kind in (np.int64, np.bool_, float, np.array, bool):
        assert one.measure(lambda a, b, kind=kind: kind(0), 0) == one.measure(lambda a, b: 0, 0)
    assert told_apart.lottery_tickets.measure(lambda mask: np.array(["trained"])[0], 0) == 25


def test_the_cases_given_have_their_answers_and_the_reports_hide_theirs():
    for one, names in (
        (told_apart.lottery_tickets, told_apart.ORIGINS),
        (told_apart.distillation_and_int8, told_apart.FAULTS),
    ):
        assert {truth for _, truth in one.given()} == {*names}
    for one in (told_apart.faster, told_apart.beyond_digits):
        shown = []
        one.measure(lambda a, b, shown=shown: shown.append(a) or 0, 0)
        assert {*told_apart.RESULTS} & {*one.given()[0]}
        assert not any({*told_apart.RESULTS} & {*row} for row in shown)


def test_no_network_that_is_shown_is_judged():
    seen = {row["network"] for row in told_apart.speeds()}
    assert seen.isdisjoint(row["network"] for row in told_apart.speeds(half=1))


# ----------------------------------------------------------------------------- the script of marks


def test_the_script_runs_the_code_of_the_solutions():
    assert open_tasks.with_tasks() == sorted(ALL)
    marks = {(row["lesson"], row["seed"]): row["score"] for row in recorded.rows("open_tasks")}
    for stem in ("13_faster", "17_beyond_digits"):  # these measure nothing that takes long
        for seed in (0, 2):
            assert open_tasks.measured(stem, seed) == pytest.approx(marks[stem, seed], abs=1e-4)
