"""The committed flow charts: made from their sources, and readable in every viewer."""

import re
import shutil
from xml.etree import ElementTree

import mermaid
import pytest

CHARTS = sorted(mermaid.FIGURES.glob("*.mmd"))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=CHARTS, ids=lambda chart: chart.stem)
def chart(request):
    return request.param


def parsed(chart):
    return ElementTree.parse(chart.with_suffix(".svg")).getroot()


def squeezed(text):
    return "".join(text.split())


def test_both_charts_are_there():
    assert [chart.stem for chart in CHARTS] == ["article_process", "pruning_process"]


def test_svg_is_made_from_this_source():
    assert mermaid.stale(mermaid.FIGURES) == []


def test_every_label_of_the_source_is_drawn_and_no_other(chart):
    drawn = {squeezed("".join(text.itertext())) for text in parsed(chart).iter(f"{SVG}text")}
    wanted = {squeezed(label) for label in mermaid.labels(chart.read_text("utf-8"))}
    assert drawn - {""} == wanted


def test_svg_needs_no_html_and_no_network(chart):
    text = chart.with_suffix(".svg").read_text("utf-8")
    assert "foreignObject" not in text
    assert "<script" not in text
    addresses = set(re.findall(r"https?://[^\s\"')]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"@import|@font-face|url\((?!#)", text)


def test_svg_has_title_description_and_white_ground(chart):
    root = parsed(chart)
    source = chart.read_text("utf-8")
    for element, keyword in (("title", "accTitle"), ("desc", "accDescr")):
        text = re.search(rf"{keyword}: (.*)", source)[1]
        assert root.find(f"{SVG}{element}").text == text
    ground = root.find(f"{SVG}rect")
    assert ground.get("fill") == "#ffffff"
    assert (ground.get("width"), ground.get("height")) == (root.get("width"), root.get("height"))


def test_corrected_chart_says_what_the_article_leaves_out():
    drawn = mermaid.labels((mermaid.FIGURES / "pruning_process.mmd").read_text("utf-8"))
    text = " ".join(drawn).lower()
    for word in ("validation", "dense", "mask", "iterate", "random", "test once", "stop"):
        assert word in text


def test_changed_source_is_stale(tmp_path):
    for path in (CHARTS[0], CHARTS[0].with_suffix(".svg")):
        shutil.copy(path, tmp_path)
    assert mermaid.stale(tmp_path) == []
    copy = tmp_path / CHARTS[0].name
    copy.write_bytes(copy.read_bytes().replace(b"\n", b"\r\n"))
    assert mermaid.stale(tmp_path) == []  # as a checkout on Windows may have it
    copy.write_text(copy.read_text("utf-8") + "  G --> A\n", encoding="utf-8")
    assert mermaid.stale(tmp_path) == [copy]
    (tmp_path / CHARTS[0].with_suffix(".svg").name).unlink()
    assert mermaid.stale(tmp_path) == [copy]
