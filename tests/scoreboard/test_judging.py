"""Whole submissions, judged: real networks, real attacks, and files that are none."""

import json
import os
from dataclasses import asdict, replace

import numpy as np
import pytest
from hostile import dense, image_input, layer, sequential, submission, weights

from course_utils.lessons.data import load_digits
from course_utils.lessons.scoreboard import Budget, Entry, Limits, Scoreboard, judge, scoreboard
from course_utils.lessons.scoreboard.__main__ import main

BUDGET = Budget(accuracy=0.5, bytes=40_000, milliseconds=10_000)
MEASURED = ("name", "times", "reference")


@pytest.fixture(scope="module")
def data():
    """Few images: most of the time is TensorFlow's start in any case."""
    digits = load_digits()
    few = {name: getattr(digits, name)[:100] for name in ("x_val", "y_val", "x_test", "y_test")}
    return replace(digits, **few)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, data):
    """Two networks, one of them twice, and files that are refused."""
    from course_utils.backend import keras

    folder = tmp_path_factory.mktemp("handed_in")
    L = keras.layers
    keras.utils.set_random_seed(0)
    image = keras.Input((28, 28, 1))
    x = L.AveragePooling2D(4)(image)
    small = keras.Model(image, L.Dense(10)(L.Flatten()(L.Add()([x, x]))))  # logits, no softmax
    small.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    small.fit(data.x_train, data.y_train, epochs=12, batch_size=16, verbose=0)
    small.save(folder / "small.keras")
    (folder / "also small.keras").write_bytes((folder / "small.keras").read_bytes())
    (folder / "plain.keras").write_bytes(submission())
    (folder / "empty.keras").write_bytes(b"")
    (folder / "lambda.keras").write_bytes(
        submission(sequential(image_input(), layer("Lambda", function="x"), dense()))
    )
    (folder / "of no interest.txt").write_text("x")
    return folder


@pytest.fixture(scope="module")
def board(folder, data):
    return scoreboard(folder, BUDGET, data)


def named(board, name):
    return next(entry for entry in board.entries if entry.name == name)


def test_every_submission_is_judged_or_refused_and_a_tie_is_a_tie(board):
    assert board.ranks() == [
        ("1=", "also small.keras"),
        ("1=", "small.keras"),
        ("-", "plain.keras"),
        ("-", "empty.keras"),
        ("-", "lambda.keras"),
    ]
    assert named(board, "empty.keras").refused
    assert "'Lambda'" in named(board, "lambda.keras").refused
    assert "accuracy" in named(board, "plain.keras").missed[0]


def test_what_is_said_of_a_network_is_so(board, folder, data):
    from course_utils import measuring
    from course_utils.backend import keras
    from course_utils.extras import export

    model = keras.models.load_model(folder / "small.keras")
    entry = named(board, "small.keras")
    right = np.asarray(model(data.x_test)).argmax(axis=1) == data.y_test
    assert entry.accuracy == right.mean()
    assert entry.parameters == model.count_params() == 500
    assert entry.macs == measuring.report(model).total.macs == 490
    assert entry.file_bytes == (folder / "small.keras").stat().st_size
    # What training needs is left out of the config, so it takes somewhat less.
    assert 0.8 * len(export.sparse_file(model)) < entry.bytes <= len(export.sparse_file(model))


@pytest.mark.full
def test_a_second_run_ranks_alike(board, folder, data, tmp_path):
    for name in ("small.keras", "plain.keras"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    again = scoreboard(tmp_path, BUDGET, data, jobs=2)
    assert [name for _, name in again.ranks()] == ["small.keras", "plain.keras"]
    for entry in again.entries:
        first = asdict(named(board, entry.name))
        assert all(first[k] == v for k, v in asdict(entry).items() if k not in MEASURED)
    assert again.digest == board.digest


def test_it_prints_as_text_html_and_numbers(board):
    text = str(board)
    assert "lambda.keras is refused" in text
    assert board.digest[:16] in text
    assert board._repr_html_().count("<tr>") == 4
    assert json.loads(json.dumps(board.to_dict()))["entries"][0]["rank"] == "1="


def test_a_name_cannot_become_html_or_a_command_of_the_terminal():
    entry = Entry("<script>", accuracy=1.0, bytes=1, times=(1, 1, 1), reference=(1, 1, 1))
    assert "<script>" not in Scoreboard("", "", BUDGET, (entry,))._repr_html_()


def test_fewest_bytes_then_fewest_macs_and_names_break_no_tie():
    sizes = {"d": (5, 5), "c": (5, 5), "b": (5, 4), "a": (6, 1)}
    entries = [Entry(name, bytes=b, macs=m) for name, (b, m) in sizes.items()]
    from course_utils.lessons.scoreboard.board import _order

    board = Scoreboard("", "", BUDGET, tuple(sorted(entries, key=_order)))
    assert board.ranks() == [("1", "b"), ("2=", "c"), ("2=", "d"), ("4", "a")]


HUGE = sequential(
    image_input(),
    layer("Flatten", name="flat"),
    *(layer("Dense", units=10**6, name=f"huge{i}") for i in range(2)),
    dense(),
)
WIDE = sequential(
    image_input(),
    layer("UpSampling2D", size=[2000, 2000], name="wide"),
    layer("GlobalAveragePooling2D", name="pool"),
    dense(),
)
WRONG = {
    "a terabyte of weights": (submission(HUGE), "parameters; at most"),
    "gigabytes from one image": (submission(WIDE), "numbers of one image"),
    "three answers": (
        submission(sequential(image_input(), layer("Flatten", name="f"), dense(3))),
        "ten numbers for each image",
    ),
    "weights of another network": (submission(heavy=weights(inputs=7)), "do not fit its layers"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_network_that_does_not_fit_is_refused_before_it_is_built(name, data, tmp_path):
    """In this process, since it starts no other; the limits are checked all the same."""
    from course_utils.lessons.scoreboard import network
    from course_utils.lessons.scoreboard.architecture import plain_config
    from course_utils.lessons.scoreboard.archive import CONFIG, WEIGHTS, unpacked
    from course_utils.lessons.scoreboard.limits import Refused
    from course_utils.lessons.scoreboard.weightsfile import plain_weights

    content, reason = WRONG[name]
    parts, limits = unpacked(content, Limits()), Limits()
    config, plain = plain_config(parts[CONFIG], limits), plain_weights(parts[WEIGHTS], limits)
    with pytest.raises(Refused, match=reason):
        network.built(config, plain, tmp_path, limits)


def test_code_in_a_file_does_not_run(data, tmp_path):
    """A real Lambda, saved by Keras, that leaves a trace where it is run."""
    from course_utils.backend import keras

    trace = tmp_path / "trace"
    code = f"__import__('pathlib').Path({str(trace)!r}).touch() or x"
    bad = eval(f"lambda x: {code}")
    flat = keras.layers.Flatten()
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Lambda(bad), flat])
    model.save(tmp_path / "bad.keras")
    trace.unlink()
    assert "'Lambda'" in judge(tmp_path / "bad.keras", BUDGET, data).refused
    assert not trace.exists()
    keras.models.load_model(tmp_path / "bad.keras", safe_mode=False)
    assert trace.exists(), "the file would have run code"


def test_too_little_memory_or_time_is_a_refusal(folder, data):
    for limits in (Limits(memory_bytes=700_000_000), Limits(wall_seconds=1)):
        assert judge(folder / "small.keras", BUDGET, data, limits).refused


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither")
def test_links_and_pipes_and_folders_are_not_opened(folder, data, tmp_path):
    (tmp_path / "link.keras").symlink_to(folder / "small.keras")
    os.mkfifo(tmp_path / "pipe.keras")
    (tmp_path / "folder.keras").mkdir()
    (tmp_path / "large.keras").write_bytes(bytes(2_000))
    board = scoreboard(tmp_path, BUDGET, data, Limits(file_bytes=1_000))
    reasons = {entry.name: entry.refused for entry in board.entries}
    assert all("ordinary file" in reasons[f"{n}.keras"] for n in ("link", "pipe", "folder"))
    assert "more than the 1,000 bytes" in reasons["large.keras"]


@pytest.mark.parametrize(
    ("accuracy", "size", "milliseconds"), [(98, 1, 1), (0.9, 0, 1), (0.9, 1, -1)]
)
def test_a_budget_that_makes_no_sense_is_an_error(accuracy, size, milliseconds, data, folder):
    with pytest.raises(ValueError, match=r"0\.98, not 98"):
        scoreboard(folder, Budget(accuracy, size, milliseconds), data)


def test_a_folder_that_is_none_is_told_in_a_sentence(tmp_path, capsys):
    for place, said in ((tmp_path / "none", "is no folder"), (tmp_path, "holds no .keras file")):
        with pytest.raises(SystemExit):
            main([str(place)])
        assert said in capsys.readouterr().err


def test_the_command_ends_well_whatever_the_files_are(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("course_utils.lessons.scoreboard.board.load_mnist", load_digits)
    (tmp_path / "bad\x1b.keras").write_bytes(b"PK")
    assert main([str(tmp_path), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    assert entry["name"] == "bad?.keras"
    assert entry["refused"]
