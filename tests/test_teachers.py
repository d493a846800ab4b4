"""The teachers' page: a plan that adds up, links that lead somewhere, answers that are right."""

import ast
import re
from itertools import pairwise
from urllib.parse import unquote

import course
import numpy as np
import pytest
from decks import minutes, slides_of
from huffmans import huffman
from page_coverage import headings_of
from quotes import COMMENT, outputs, quoted
from slide_figures import slug

import slides
from course_utils import operators
from course_utils.lessons import recorded
from course_utils.lessons.checks import norms, start_here, worked_example
from course_utils.lessons.scoreboard import Budget

ROOT = slides.ROOT
PAGE = (ROOT / "docs" / "teachers.md").read_text("utf-8")
LESSONS = {lesson.stem: lesson for lesson in course.LESSONS}
SLIDES, DECKS = slides.SLIDES, slides.decks()
EXERCISES = re.compile(r"lesson (\d\d)[^|;.]*?exercises? (\d)(?:(?: to| and) (\d))?")
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def parts(text, marks):
    """{heading: what stands below it}, for the headings of one level."""
    _, *found = re.split(rf"^{marks} (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(found[::2], found[1::2], strict=True))


def tables(text, first):
    """The rows of the tables whose first column is called so."""
    found = re.findall(rf"^\| {first} \|.*\n\|[-:|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    lines = [line for table in found for line in table.splitlines()]
    return [re.split(r" \| ", line[2:-2]) for line in lines]


SECTIONS = parts(PAGE, "##")
SESSIONS = parts(SECTIONS["The sessions"], "###")
ANSWERS = parts(SECTIONS["Expected answers"], "###")
BY_LESSON = {stem: ANSWERS.get(lesson.title, "") for stem, lesson in LESSONS.items()}

sessions = pytest.mark.parametrize("plan", SESSIONS.values(), ids=SESSIONS)
CORE = ("00", "01", "02", "04", "05", "06", "08", "11")
SHOWN = re.compile(r"\[deck (\d)\]\(\.\./slides/(\w+)\.html\), slides? (\d+)(?:–(\d+))?")
lessons = pytest.mark.parametrize("stem", LESSONS)


def headings(stem):
    return [name for cell in LESSONS[stem].cells for name in headings_of(cell)]


# The plan


def timetable(plan):
    """(begin, end, what) for each row of a session."""
    return [(*map(int, row[0].split("–")), row[1]) for row in tables(plan, "minutes")]


@sessions
def test_a_session_has_ninety_minutes_without_a_gap(plan):
    times = timetable(plan)
    assert times[0][0] == 0
    assert times[-1][1] == 90
    assert all(one[1] == other[0] for one, other in pairwise(times))


def test_the_sessions_show_every_slide_once_in_the_time_it_takes():
    shown = {deck.stem: [] for deck in DECKS}
    for plan in SESSIONS.values():
        for begin, end, what in timetable(plan):
            for number, stem, first, last in SHOWN.findall(what):
                assert stem.startswith(f"{number}_")
                numbers = range(int(first), int(last or first) + 1)
                pages = slides_of(SLIDES / f"{stem}.md")
                took = sum(minutes(pages[n - 1]) for n in numbers)
                assert abs(took - (end - begin)) <= 2, what
                shown[stem] += numbers
    for deck in DECKS:
        assert shown[deck.stem] == [*range(1, len(slides_of(deck)) + 1)]


def test_the_core_lessons_get_the_minutes_that_they_take():
    given, taken = dict.fromkeys(CORE, 0), {}
    for plan in SESSIONS.values():
        for begin, end, what in timetable(plan):
            if (found := re.match(r"lesson (\d\d)", what)) and found[1] in given:
                given[found[1]] += end - begin
    for stem, lesson in LESSONS.items():
        text = "\n".join(cell.source for cell in lesson.cells[:2])
        taken[stem[:2]] = int(re.search(r"About (\d+) minutes", text)[1])
    assert {n: given[n] for n in CORE if given[n] < taken[n] - 10} == {}  # "up to ten minutes less"
    assert 360 <= sum(taken[n] for n in CORE) <= 420  # "six to seven hours"


def test_what_fits_into_one_or_two_sessions_adds_up():
    given = {}
    for begin, end, what in (row for plan in SESSIONS.values() for row in timetable(plan)):
        if found := re.match(r"lesson (\d\d)", what):
            given[found[1]] = given.get(found[1], 0) + end - begin
    short = SECTIONS["The sessions"].partition("With two sessions")[2].partition("\n\n")[0]
    planned = re.findall(r"([^()]+)\((\d+)\s+minutes\)", short)
    assert len(planned) == 3
    for what, said in planned:
        what = what.rpartition("at home")[2]
        (found,) = re.findall(r"slides\s+(\d+)–(\d+)\s+of\s+deck\s+(\d)", what)
        first, last, deck = map(int, found)
        talked = sum(map(minutes, slides_of(DECKS[deck - 1])[first - 1 : last]))
        in_class = sum(given[n] for n in re.findall(r"lesson\s+(\d\d)", what))
        assert talked + in_class == int(said) <= 90


def test_an_elective_names_what_the_class_has_not_had():
    had = {*CORE, "07", "12", "13"}  # 07 at home, 12 and 13 on the slides of session 7
    home = SESSIONS["7 · Structure and speed"].partition("Home: ")[2].partition("\n\n")[0]
    needs = dict(re.findall(r"(\d\d) needs (?:lesson )?(\d\d)", home))
    for stem, lesson in LESSONS.items():
        if "12" <= stem[:2] != "20":
            before = lesson.cells[0].source.partition("Before this")[2]
            missing = {*re.findall(r"\((\d\d)_\w+\.ipynb\)", before)} - had
            assert missing == {needs[stem[:2]]} if stem[:2] in needs else missing == set(), stem


@sessions
def test_a_session_settles_what_its_class_believes(plan):
    table = tables(plan, "they believe")
    assert 2 <= len(table) <= 7
    assert all(re.findall(r"\[(\d\d) · ", places) for *_, places in table)


# What it names


def test_every_link_leads_to_what_it_names():
    for words, target in LINK.findall(COMMENT.sub("", PAGE)):
        path, _, anchor = target.partition("#")
        there = (ROOT / "docs" / path).resolve()
        if "://" in target:
            continue
        assert there.exists(), target
        if path.endswith(".ipynb") and anchor:
            (heading,) = (h for h in headings(there.stem) if h.replace(" ", "-") == unquote(anchor))
            if lesson := re.match(r"(\d\d) · (.+)", words):
                assert lesson.groups() == (there.stem[:2], heading)
        elif not path:
            assert anchor in map(slug, re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)), target


def test_every_exercise_named_exists():
    named = EXERCISES.findall(PAGE)
    assert named
    for lesson, *numbers in named:
        (stem,) = (stem for stem in LESSONS if stem.startswith(lesson))
        assert {f"Exercise {n}" for n in numbers if n} <= set(headings(stem))


# The answers


@lessons
def test_every_exercise_has_an_expected_answer(stem):
    answered = [re.match(r"\[(\d)\]", row[0])[1] for row in tables(BY_LESSON[stem], "exercise")]
    assert [f"Exercise {n}" for n in answered] == [
        name.partition(":")[0] for name in headings(stem) if name.startswith("Exercise")
    ]


def test_every_slide_that_asks_has_an_expected_answer():
    asked = [
        f"../slides/{deck.stem}.html#{number}"
        for deck in DECKS
        for number, page in enumerate(slides_of(deck), start=1)
        if "_class: predict" in page
    ]
    answers = tables(ANSWERS["The slides' questions"], "slide")
    assert [LINK.match(row[0])[2] for row in answers] == asked


@lessons
def test_a_check_says_what_it_is_said_to_say(stem):
    code = "\n".join(cell.source for cell in LESSONS[stem].cells if cell.cell_type == "code")
    said = []
    for module in re.findall(r"from course_utils\.lessons\.checks import (\w+) as check", code):
        tree = ast.parse(
            (ROOT / "course_utils" / "lessons" / "checks" / f"{module}.py").read_text("utf-8")
        )
        said += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    for *_, hint in tables(BY_LESSON[stem], "exercise"):
        assert any(hint.strip("“”") in text for text in said if isinstance(text, str)), hint


def test_answers_that_are_numbers_are_right():
    W = np.array(ast.literal_eval(re.search(r"W = np\.array\((.+)\)", source("00_start_here"))[1]))
    rights = {
        ("00_start_here", 1): lambda n: start_here.count_zeros(n, operators.prune(W, 0.35)),
        ("01_norms", 3): norms.most_above,
        ("03_worked_example", 1): worked_example.wrong_step,
        ("03_worked_example", 2): worked_example.same_mask_theta,
        ("03_worked_example", 3): worked_example.emptying_factor,
        ("14_joint_compression", 3): lambda n: n == huffman([4, 2, 1, 2, 2]),
    }
    given = {
        (stem, number): float(found[1])
        for stem in LESSONS
        for number, row in enumerate(tables(BY_LESSON[stem], "exercise"), start=1)
        if (found := re.search(r"\*\*([\d.]+)\*\*", row[3]))
    }
    assert given.keys() == rights.keys()
    assert all(right(given[place]) for place, right in rights.items())


def source(stem):
    return (ROOT / "notebooks" / "src" / f"{stem}.py").read_text("utf-8")


def test_the_open_tasks_are_all_there_with_their_marks():
    rows = tables(SECTIONS["Open tasks"], "lesson")
    marks = {}
    for row in recorded.rows("open_tasks"):
        marks.setdefault(row["lesson"], []).append(row["score"])
    assert [row[0] for row in rows] == [stem[:2] for stem in sorted(marks)]
    for (_, _, mark, _), (_, found) in zip(rows, sorted(marks.items()), strict=True):
        number, unit = mark.split()
        mean = sum(found) / len(found)
        assert number == (f"{mean:.2f}" if unit == "%" else f"{mean:,.0f}")


# Its figures

FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?(?= %)|\d[\d,]*\.\d+|\d+(?:,\d{3})+")
# What is asked for, such as shares and thresholds, and what is answered wrongly.
ASKED = {"0.0", "0.9837", "0.001", "0.1", "0.2", "0.35", "0.8", "1.66", "2.75"}
ASKED |= {"2", "30", "50", "65", "70", "80", "90", "95", "98", "99.9"}


def test_the_class_is_judged_by_the_budget_of_its_lesson():
    code = (ROOT / "notebooks" / "src" / "20_capstone.py").read_text(encoding="utf-8")
    full, quick = (
        Budget(*(float(number) for number in re.findall(r"=([\d._]+)", one)))
        for one in re.findall(r"Budget\(accuracy=.*\)", code)
    )
    assert full == Budget()  # what `make scoreboard` asks for by itself
    options = f"--accuracy {quick.accuracy} --bytes {quick.bytes:.0f} "
    assert f"FOLDER {options}--milliseconds {quick.milliseconds:.0f}" in PAGE


def test_what_it_quotes_stands_in_the_lessons():
    assert [one for one in quoted(PAGE) if one[1] not in outputs(one[0])] == []


@pytest.mark.parametrize("heading", [*SESSIONS, *ANSWERS])
def test_no_measured_figure_is_typed_by_hand(heading):
    section = (SESSIONS | ANSWERS)[heading]
    # Bold numbers are held against the checks.
    text = re.sub(r"\*\*[\d.]+\*\*", "", LINK.sub(r"\1", COMMENT.sub("", section)))
    known = re.findall(r"\d[\d,]*(?:\.\d+)?", " ".join(text for _, text in quoted(section)))
    assert set(FIGURE.findall(text)) - set(known) - ASKED == set()
