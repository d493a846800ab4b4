"""The pages in docs/: made from their sources, with figures that are those of the record."""

import csv
import doctest
import re
import shutil
import statistics
from urllib.parse import unquote

import lesson_length
import page_coverage
import page_faq
import page_glossary
import page_models
import page_references
import pages
import pytest
from course import LESSONS
from notebook_editions import read_lesson, read_lessons

from course_utils.lessons import recorded

ROOT = pages.ROOT
FOLDER = ROOT / "docs" / "src"
FAQ = (FOLDER / "faq.md").read_text("utf-8")


def test_every_page_is_what_its_sources_make():
    assert pages.check(ROOT) == []


@pytest.mark.parametrize(
    "module",
    [page_coverage, page_faq, page_glossary, page_models, page_references],
    ids=lambda m: m.__name__,
)
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.fixture
def clone(tmp_path):
    """A clone with pages and sources of its own; the package is read where it is."""
    for part in ("docs", "notebooks/src"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "course_utils").symlink_to(ROOT / "course_utils")
    return tmp_path


def test_an_edited_page_is_stale_and_build_mends_it(clone, capsys):
    page = clone / "docs" / "glossary.md"
    good = page.read_text("utf-8")
    page.write_text(good.replace("sparsity", "emptiness"), encoding="utf-8")
    assert any("docs/glossary.md: not what" in what for what in pages.check(clone))
    pages.build(clone)
    assert page.read_text("utf-8") == good
    assert capsys.readouterr().out == "docs/glossary.md: written\n"


@pytest.mark.parametrize("name", [*pages.PAGES])
def test_links_lead_somewhere(name):
    text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    targets = {t for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t}
    for target in targets:
        path, _, anchor = target.partition("#")
        there = (ROOT / "docs" / path).resolve() if path else ROOT / "docs" / f"{name}.md"
        assert there.exists(), target
        assert not anchor or unquote(anchor) in anchors(there), target


# Networks of others


def test_a_wrong_result_is_a_problem(clone):
    table = clone / "docs" / "src" / "models.csv"
    good = table.read_text("utf-8")
    table.write_text(good.replace(",exact,", ",wrong: 1e+00 apart,", 1), encoding="utf-8")
    assert any("models.csv: " in what and "is wrong" in what for what in pages.check(clone))


def test_networks_are_counted_by_how_their_trial_ended():
    rows = page_coverage.read_table(FOLDER / "models.csv")
    ends = [page_models.outcome(row) for row in rows if page_models.part(row) == "examples"]
    text = (ROOT / "docs" / "models.md").read_text("utf-8")
    cells = re.search(r"^\| In the manner of .*$", text, re.MULTILINE).group().split("|")
    assert [int(cells[2]), int(cells[4])] == [len(ends), ends.count("exact")]
    assert len(ends) >= 50


def anchors(path):
    if path.suffix == ".ipynb":
        (lesson,) = (lesson for lesson in LESSONS if lesson.stem == path.stem)
        names = [name for cell in lesson.cells for name in page_coverage.headings_of(cell)]
        return {name.replace(" ", "-") for name in names}
    text = path.read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


# Questions and answers


def test_no_measured_number_is_typed_by_hand():
    typed = re.findall(r"(\d+(?:\.\d+)?) ?(?:%|ms|kB|points?|MACs)", FAQ)
    assert set(typed) <= {"80", "90", "95", "98", "000"}  # levels that were asked for; a budget
    assert "±" not in FAQ.replace("means ± one", "")
    for name in ("lessons", "results"):
        assert f"{{{name}}}" not in FAQ


def test_no_lesson_computes_for_longer_than_the_page_says():
    assert "no lesson computes for more\nthan two minutes in all, most for less than one" in FAQ
    took = sorted(lesson_length.seconds().values())
    assert took[-1] < 120
    assert statistics.median(took) < 60


def test_a_figure_is_the_one_of_the_table():
    with (recorded.RESULTS / "how_much.csv").open() as file:
        found = [
            float(row["test_accuracy"])
            for row in csv.DictReader(file)
            if row["network"] == "pruned" and row["sparsity"] == "0.95"
        ]
    mean, sd = statistics.mean(found), statistics.stdev(found)
    assert page_faq.FIGURES["at_95"]() == f"{mean:.1%} ± {sd:.1%}".replace("%", " %").replace(
        " % ±", " ±"
    )


def mean(table, value, **wanted):
    return statistics.mean(page_faq.values(table, value, **wanted))


def test_the_answers_say_what_the_tables_say():
    tested = {
        s: mean("how_much", "test_accuracy", sparsity=s, network="pruned") for s in (0.95, 0.98)
    }
    dense, longer = (
        mean("how_much", "test_accuracy", network=name) for name in ("dense", "dense, longer")
    )
    assert dense - longer > longer - tested[0.95] > 0  # "mostly not the mask's fault"
    assert dense - tested[0.98] > 0.02  # "and then very much"
    after = {
        name: mean("criteria_compared", "retrained", network=name, sparsity=0.95)
        for name in ("magnitude", "LAMP", "Taylor", "random")
    }
    assert after["LAMP"] > after["magnitude"] > after["Taylor"] > after["random"]
    assert after["LAMP"] - after["magnitude"] < 0.005  # "sometimes, and by little"
    error = {
        (digit, s): mean("what_it_forgot", f"error {digit}", network=name, sparsity=s)
        for digit in (0, 7)
        for name, s in (("dense, longer", 0.0), ("pruned", 0.98))
    }
    assert error[7, 0.98] - error[7, 0.0] > 0.01
    assert error[0, 0.98] <= error[0, 0.0]


def test_a_wrong_figure_and_a_wrong_heading_are_said(tmp_path):
    (tmp_path / "faq.md").write_text(f"{FAQ}\n{{at_99}} [[05: Nowhere]]\n", encoding="utf-8")
    assert page_faq.problems(tmp_path, LESSONS) == [
        "faq.md: there is no figure 'at_99'.",
        "faq.md: lesson 05 has no heading 'Nowhere'.",
    ]


# References

GOOD = {
    "scheme": "arxiv",
    "identifier": "1506.02626",
    "authors": "A",
    "year": "2015",
    "title": "T",
    "venue": "",
    "errata": "",
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"identifier": "1506.026"}, "'1506.026' is no arxiv."),
        ({"identifier": "arXiv 1506.02626"}, "is no arxiv."),
        ({"scheme": "doi"}, "'1506.02626' is no doi."),
        ({"scheme": "doi", "identifier": "https://doi.org/10.1109/5.726791"}, "is no doi."),
        ({"scheme": "isbn", "identifier": "9780262035614"}, "check digit"),
        ({"scheme": "url", "identifier": "example.org"}, "is no url."),
        ({"scheme": "pmid"}, "unknown scheme 'pmid'"),
        ({"authors": ""}, "authors is empty"),
    ],
)
def test_a_wrong_row_is_said(change, sentence):
    assert page_references.row_problems(GOOD) == []
    assert any(sentence in what for what in page_references.row_problems(GOOD | change))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("arXiv 1506.02626", {("arxiv", "1506.02626")}),
        ("# of Han et al. (arXiv\n# 1506.02626): so", {("arxiv", "1506.02626")}),
        ("    al. 2020 (arXiv\n    1911.11134, algorithm 1).", {("arxiv", "1911.11134")}),
        ("(https://arxiv.org/abs/1506.02626)", {("arxiv", "1506.02626")}),
        ("doi 10.1007/BF00344251.", {("doi", "10.1007/bf00344251")}),
        ("https://doi.org/10.24432/C50P49, licence", {("doi", "10.24432/c50p49")}),
        ("0.1234 1506.02626 10.1109/5", set()),
    ],
)
def test_identifiers_are_found_where_they_are_cited(text, found):
    assert page_references.cited(text) == found


def test_a_source_without_a_row_and_a_row_without_use_are_said(clone):
    lesson = clone / "notebooks" / "src" / "01_norms.py"
    lesson.write_text(lesson.read_text("utf-8") + "# arXiv 9912.00001\n", encoding="utf-8")
    table = clone / "docs" / "src" / "references.csv"
    row = "doi,10.1000/182,A,2000,Unused,,\n"
    table.write_text(table.read_text("utf-8") + row + row, encoding="utf-8")
    found = page_references.problems(clone / "docs" / "src", read_lessons(clone / "notebooks"))
    assert "arxiv 9912.00001, cited in 01, is not in references.csv: add a row." in found
    assert "references.csv: 10.1000/182 (Unused) is cited nowhere." in found
    assert any("stands there twice" in what for what in found)


def test_every_correction_of_a_reference_has_its_source():
    rows = page_coverage.read_table(FOLDER / "references.csv")
    named = {number for row in rows for number in page_coverage.numbers(row["errata"])}
    assert named == set(range(41, 49))


# Glossary


def test_terms_that_only_one_side_has_are_said(tmp_path):
    source = tmp_path / "01_x.py"
    source.write_text("# %% [markdown]\n# # 01 · X\n#\n# mask 掩码, threshold 阈值\n", "utf-8")
    table = "english,chinese,is\nmask,掩码 / 掩膜,what stays\nnorm,范数,\nmask,掩码,again\n"
    (tmp_path / "glossary.csv").write_text(table, encoding="utf-8")
    assert page_glossary.problems(tmp_path, [read_lesson(source)]) == [
        "glossary.csv lacks 阈值 (01_x).",
        "glossary.csv: 'mask' stands there twice.",
        "glossary.csv: norm has no meaning.",
        "glossary.csv: 掩码 stands there twice.",
        "glossary.csv: 掩膜 is in no lesson.",
        "glossary.csv: 范数 is in no lesson.",
    ]


def test_a_term_is_listed_where_it_first_stands():
    page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    assert re.search(r"^\| threshold \| 阈值 \| .* \| \[02\]", page, re.MULTILINE)
    assert re.search(r"^\| pruning \| 剪枝 \| .* \| \[00\]", page, re.MULTILINE)
