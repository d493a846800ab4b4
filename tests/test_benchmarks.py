"""What is timed beside other libraries: the result files, and the page that is made from them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import bench
import comparing
import frontier
import page
import parts
import turns

SECONDS = {
    "copy": 1, "make_masks": 5, comparing.SCORED: 6, comparing.RULE: 60, comparing.GLOBAL: 90,
    "evaluate": 30,
}  # fmt: skip
NUMBERS = {  # enough for every table and figure
    "peak": 3e8, "bytes": 1e8, "parameters": 1000, "parameters_left": 270, "macs": 100,
    "macs_left": 25, "seconds_full": 4, "seconds_half": 2, "difference": 1e-7, "evaluations": 20,
}  # fmt: skip


@pytest.fixture
def results(tmp_path):
    """Result files in which every time is known: VGG16 takes us twice as long as the peer."""
    for part in parts.PARTS:
        for case in part.cases[parts.SHORT]:
            for repetition in range(3):
                rows = [
                    {**common(part), **NUMBERS, "case": case.name, "repetition": repetition}
                    | {"library": library, "way": way, "seconds": seconds(library, way, repetition)}
                    for library, way in part.wanted(case)
                ]
                wanted = [{key: row[key] for key in part.fields} for row in rows]
                bench.append(tmp_path / f"{part.name}.csv", part.fields, wanted)
    return tmp_path


def common(part):
    return dict.fromkeys(parts.COMMON, "1") | {"date": "2026-01-31", "machine": "A processor"}


def seconds(library, way, repetition):
    """Neighbours in time are slow together: ratios must not see it."""
    slow = (library, way) in [(parts.OURS, "VGG16"), (parts.TFMOT, "held")]
    return SECONDS.get(way, 10) * (1 + slow) * (1 + repetition)


def test_the_page_and_its_figures_are_what_the_result_files_make():
    for name, content in page.made(bench.RESULTS).items():
        there = (turns.HERE / name).read_bytes()
        if name.endswith(".svg"):
            assert_same_drawing(there, content, name)
        else:
            assert there == content, f"{name}: run python benchmarks/page.py"
    assert page.FRONT.read_bytes() == page.front_page(bench.RESULTS), "run benchmarks/page.py"
    figures = {f"figures/{path.name}" for path in (turns.HERE / "figures").iterdir()}
    assert figures <= {*page.made(bench.RESULTS)}, "a figure has lost its result file"


def assert_same_drawing(there: bytes, content: bytes, name: str):
    """Axes make room for text, which machines measure a hair apart: half a point is the same."""
    number = re.compile(r"-?\d+\.\d+|-?\d+")
    # Matplotlib names marks and clips by a hash of their coordinates.
    one, other = (re.sub(r"\b[mp][0-9a-f]{10}\b", "id", text.decode()) for text in (there, content))
    assert number.sub("#", one) == number.sub("#", other), f"{name}: run python benchmarks/page.py"
    places = ([float(found) for found in number.findall(text)] for text in (one, other))
    np.testing.assert_allclose(*places, rtol=0, atol=0.5, err_msg=f"{name}: run benchmarks/page.py")


def test_every_row_of_a_result_file_says_where_and_with_what_it_was_measured():
    known = {f"{part.name}.csv": part for part in parts.PARTS}
    for path in bench.RESULTS.glob("*.csv"):
        part = known[path.name]
        for row in bench.read(path):
            assert tuple(row) == part.fields
            assert all(row[key] for key in parts.COMMON if key != "peer")
            assert bool(row["peer"]) == (row["library"] != parts.OURS)
            assert float(row["seconds"]) > 0


def test_ratios_are_those_of_neighbours_in_time(results):
    found = [*comparing.compared(page.tables_of(results))]
    by_what = {(each.what, each.peer): each for each in found}
    masks = by_what["masks of 25,000,000 weights", "torch's `global_unstructured`"]
    np.testing.assert_allclose(masks.ratios, 15)
    assert masks.verdict == "faster"
    held = by_what["held masks in training, batch 32", parts.TFMOT]
    np.testing.assert_allclose(held.ratios, 2)
    vgg = by_what["halving VGG16", parts.PRUNING]
    np.testing.assert_allclose(vgg.ratios, 0.5)
    assert vgg.verdict == "slower"
    assert by_what["halving ResNet50", parts.PRUNING].verdict == "not told apart"


def test_what_is_worse_is_shown_as_such(results):
    text = page.made(results)["README.md"].decode()
    (vgg,) = [line for line in text.splitlines() if line.startswith("| VGG16 | 40 ")]
    assert "0.5 (0.5 to 0.5) **slower**" in vgg
    assert "**slower**" not in text.replace(vgg, "").split("##", 1)[1]
    assert "A processor, 1 cores; 2026-01-31" in text
    assert "Not measured yet." not in text


def test_a_single_run_is_no_win_and_a_loss_all_the_same():
    one, other = (comparing.Compared("", "", "", np.array([ratio])) for ratio in (1.02, 0.98))
    assert (one.verdict, other.verdict) == ("a single run", "slower")
    assert page.strongest([one]) == []


def test_the_page_says_what_the_parts_ask_for(results):
    text = page.made(results)["README.md"].decode()
    asked = {part.name: part.cases[parts.SHORT][0].question for part in parts.PARTS}
    assert f" {asked['training']['steps']:,}" in text.split("steps a run")[0][-40:]
    assert f" {asked['scan']['images']:,}" in text.split(" images; all three")[0][-40:]


def test_the_front_page_names_the_weakest_case_of_the_strongest_parts(results):
    block = page.block(results)
    said = [line for line in block.splitlines() if line.startswith("- ")]
    assert len(said) == page.STRONGEST
    assert said[0].endswith("15 (15 to 15) times as fast as torch's `global_unstructured`")
    assert "In 1 of all " in block
    assert "halving" not in block


def test_every_figure_is_drawn_and_the_same_rows_give_the_same_bytes(results):
    first, again = page.made(results), page.made(results)
    assert {f"figures/{part.name}.svg" for part in parts.PARTS} <= {*first}
    assert first == again


def test_published_numbers_name_their_source_and_have_a_size():
    points = frontier.published()
    assert {point.record for point in points} == {*frontier.PANELS}
    for point in points:
        assert point.source
        assert point.read_in
        assert point.label
        assert 0.5 < point.error < 5


def test_records_go_where_their_names_say(monkeypatch, tmp_path):
    (tmp_path / "records.csv").write_text(
        "seed,record,weights,compression,macs,bytes,test_error,epochs,seconds\n"
        "0,lenet5,1537,280.1,2293000,,0.007,42,900\n"
        "1,lenet5,1537,280.1,2293000,,0.009,42,900\n"
        "0,lenet5_file,1500,287,90000,4000,0.009,44,900\n"
        "0,lenet300_42x,6291,42.3,6291,,0.015,60,600\n"
    )
    for path in frontier.recorded.RESULTS.glob("*.csv"):
        if path.name != "records.csv":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(frontier.recorded, "RESULTS", tmp_path)
    points = {(point.record, point.name): point for point in frontier.ours()}
    both = points["lenet5", "lenet5"]
    assert (both.size, both.seeds) == (280.1, 2)
    assert both.error == pytest.approx(0.8)
    assert points["lenet5_file", "lenet5_file"].size == 4000
    assert points["lenet300", "lenet300_42x"].size == 42.3
    with pytest.raises(ValueError, match="begins with none of"):
        frontier.panel_of({"record": "other"})


# ------------------------------------------------------------------------------------ how it is run

PART = """
import turns
def answer(way, seed):
    print("not an answer")
    if way == "fails":
        raise ValueError("on purpose")
    return {"seconds": 0.5}
turns.serve(answer)
"""


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """Two parts of which one fails, until its script is mended."""
    monkeypatch.setattr(bench, "DRAFTS", turns.ROOT / "build" / f"bench-{tmp_path.name}")
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(bench, "page", lambda: True)
    script = tmp_path / "script.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(turns.HERE)!r})\n{PART}")
    made = [
        parts.Part(
            name,
            (),
            {parts.OURS: ("", str(script))},
            ((parts.OURS, way),),
            {parts.SHORT: [parts.Case("case", {}, 3, 100)]},
        )
        for name, way in (("broken", "fails"), ("sound", "works"))
    ]
    monkeypatch.setattr(bench, "PARTS", made)
    yield script
    shutil.rmtree(bench.DRAFTS, ignore_errors=True)


def test_a_part_that_fails_is_named_the_others_go_on_and_it_is_resumed(tried, tmp_path, capsys):
    assert bench.main([]) == 1
    assert "Failed: broken" in capsys.readouterr().out
    rows = bench.read(tmp_path / "results" / "sound.csv")
    assert [row["repetition"] for row in rows] == ["0", "1", "2"]
    assert not (tmp_path / "results" / "broken.csv").exists()

    tried.write_text(tried.read_text().replace('"fails"', '"never"'))
    assert bench.main([]) == 0
    said = capsys.readouterr().out
    assert "sound: done before" in said
    assert len(bench.read(tmp_path / "results" / "broken.csv")) == 3


def test_what_an_interruption_left_is_gone_on_from(tried, tmp_path):
    part = bench.PARTS[1]
    folder = bench.DRAFTS / parts.SHORT
    folder.mkdir(parents=True)
    around = {key: str(value) for key, value in turns.surroundings().items()}
    left = {**dict.fromkeys(part.fields, "left"), **around, "case": "case", "repetition": 1}
    bench.append(folder / "sound.csv", part.fields, [left])
    assert bench.main(["sound"]) == 0
    rows = bench.read(tmp_path / "results" / "sound.csv")
    assert [(row["repetition"], row["date"] == "left") for row in rows] == [
        ("1", True),
        ("0", False),
        ("2", False),
    ]


def test_what_was_begun_elsewhere_is_begun_anew(tried, tmp_path):
    part = bench.PARTS[1]
    folder = bench.DRAFTS / parts.SHORT
    folder.mkdir(parents=True)
    left = {**dict.fromkeys(part.fields, "left"), "case": "case", "repetition": 1}
    bench.append(folder / "sound.csv", part.fields, [left])
    assert bench.main(["sound"]) == 0
    rows = bench.read(tmp_path / "results" / "sound.csv")
    assert "left" not in {row["machine"] for row in rows}


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        bench.main(["speed"])
    assert "there is no part speed" in capsys.readouterr().err


def test_short_fits_into_a_quarter_of_an_hour():
    """The seconds allowed; starts and warm-ups come on top, which the rest is for."""
    allowed = sum(case.seconds for part in parts.PARTS for case in part.cases[parts.SHORT])
    assert allowed <= 600


def test_the_scripts_that_need_no_peer_can_be_asked():
    """A worker of each kind that runs in the course's own environment, with little to do."""
    question = {"way": "make_masks", "weights": 100_000, "seed": 0}
    with turns.Worker("", "global_masks.py", Path("/dev/null")) as worker:
        found = worker.ask(**question)
    assert found["seconds"] > 0
    assert json.dumps(found)
    assert worker.process.poll() is not None


@pytest.mark.full
def test_two_of_its_parts_in_little():
    command = [sys.executable, str(turns.HERE / "step_cost.py"), "--serve"]
    asked = [{"way": way, "batch": 2, "steps": 2, "seed": 0} for way in ("held", "scheduled")]
    lines = "\n".join(map(json.dumps, asked))
    done = subprocess.run(command, input=lines, capture_output=True, text=True, cwd=turns.ROOT)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [*answers[0]] == ["peer"]
    assert all(answer["seconds"] > 0 for answer in answers[1:])
