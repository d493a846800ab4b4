"""The coverage table: no element of the article without a cell, no error without a correction."""

from urllib.parse import unquote

import page_coverage
import pages
import pytest
from course import LESSONS
from notebook_editions import EDITIONS, edition_path, make_edition, read_lesson

FOLDER = pages.ROOT / "docs" / "src"
ELEMENTS = page_coverage.read_table(FOLDER / "elements.csv")
ERRATA = page_coverage.read_table(FOLDER / "errata.csv")
# What the article says here is wrong at least in part: without a correction it would mislead.
ONLY_CORRECTED = {
    *(14, 28, 35, 46, 51, 53, 54, 65, 66, 67, 68, 69, 70, 71, 92, 93, 94),
    *(102, 103, 104, 105, 106, 108, 109, 110, 111),
}


def test_the_tables_are_numbered_without_gaps():
    assert [int(row["number"]) for row in ELEMENTS] == list(range(1, 112))
    assert [int(row["number"]) for row in ERRATA] == list(range(1, 56))


def test_every_erratum_belongs_to_an_element():
    named = {number for row in ELEMENTS for number in page_coverage.numbers(row["errata"])}
    assert named == {int(row["number"]) for row in ERRATA}


def test_what_is_wrong_is_not_taught_as_it_stands():
    without = {int(row["number"]) for row in ELEMENTS if not row["errata"]}
    assert without & ONLY_CORRECTED == set()


def test_every_element_and_every_erratum_has_its_cell():
    assert page_coverage.problems(FOLDER, LESSONS) == []


def test_every_place_is_a_heading_of_a_lesson_that_is_there():
    found = page_coverage.places(LESSONS)
    listed = {
        place for by_number in found.values() for there in by_number.values() for place in there
    }
    assert listed
    headings = {
        lesson.stem: {name for cell in lesson.cells for name in page_coverage.headings_of(cell)}
        for lesson in LESSONS
    }
    for place in listed:
        assert edition_path(pages.ROOT / "notebooks", place.stem, "lesson").exists()
        assert place.heading in headings[place.stem]


# On a lesson of three cells

LESSON = """# %% [markdown]
# # 07 · Small
#
# ## What a | b is
#
# %% [markdown] covers="1 2" corrects="1"
# Prose.
#
# ### Exercise 1
# %% tags=["varies"] covers="3"
# # a comment, no heading
1
"""
TWO_TABLES = {
    "elements": "number,kind,section,what,errata\n1,claim,1,one,1\n2,claim,1,two,\n3,code,2,|W|,\n",
    "errata": "number,section,said,right\n1,1,wrong,right is |W|\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in TWO_TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def lesson_of(folder, text):
    path = folder / "07_small.py"
    path.write_text(text, encoding="utf-8")
    return [read_lesson(path)]


def test_a_small_table_by_hand(folder):
    lessons = lesson_of(folder, LESSON)
    assert page_coverage.problems(folder, lessons) == []
    page = page_coverage.make(folder, lessons)
    link = r"[07 · What a \| b is](../notebooks/07_small.ipynb#What-a-%7C-b-is)"
    assert rf"| 1 | 1 | claim: one | **corrected**, [1](#e1): right is \|W\| | {link} |" in page
    assert f"| 2 | 1 | claim: two | taught | {link} |" in page
    assert rf"| 3 | 2 | code: \|W\| | taught | {link} |" in page
    assert rf'| <a id="e1"></a>1 | 1 | wrong | right is \|W\| | {link} |' in page


def test_notebooks_do_not_carry_the_markers(folder):
    lessons = lesson_of(folder, LESSON)
    plain = LESSON.replace(' covers="1 2" corrects="1"', "").replace(' covers="3"', "")
    for edition in EDITIONS:
        marked = make_edition(lessons, "07_small", edition)
        assert marked == make_edition(lesson_of(folder, plain), "07_small", edition)


def test_a_link_leads_back_to_its_heading(folder):
    (place,) = page_coverage.places(lesson_of(folder, LESSON))["covers"][3]
    anchor = place.link().rpartition("#")[2].rstrip(")")
    assert unquote(anchor).replace("-", " ") == place.heading == "What a | b is"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("1 2", "1", "elements.csv 2 (two): no cell covers it."),
        ('corrects="1"', "", "errata.csv 1 (wrong): no cell corrects it."),
        ('"3"', '"3 4"', "cell 3: covers 4, which elements.csv has not."),
        ('corrects="1"', 'corrects="1 2"', "cell 2: corrects 2, which errata.csv has not."),
        ("corrects=", "correct=", "cell 2: unknown key 'correct'"),
        ("1 2", "1, 2", "cell 2: covers must hold numbers with blanks between them."),
    ],
)
def test_what_is_wrong_is_said(folder, old, new, sentence):
    assert old in LESSON
    found = page_coverage.problems(folder, lesson_of(folder, LESSON.replace(old, new)))
    assert any(sentence in what for what in found)


def test_a_correction_elsewhere_does_not_count(folder):
    moved = LESSON.replace(' corrects="1"', "") + '\n# %% [markdown] corrects="1"\n# ## Far away\n'
    assert page_coverage.problems(folder, lesson_of(folder, moved)) == [
        "element 1 (one): no cell that covers it corrects 1."
    ]
