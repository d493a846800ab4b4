"""Whole submissions, judged: real networks, real attacks, and files that are none."""

import os
import re
from dataclasses import asdict, replace

import hostile
import numpy as np
import pytest
from hostile import dense, functional, image_input, layer, on_image, submission, tensor, weights

from course_utils.extras import sparsefile
from course_utils.lessons.data import load_digits
from course_utils.lessons.scoreboard import Budget, Entry, Limits, Scoreboard, judge, scoreboard
from course_utils.lessons.scoreboard.__main__ import main
from course_utils.lessons.scoreboard.board import JUDGING, _order
from course_utils.lessons.scoreboard.isolation import Supervisor
from course_utils.lessons.scoreboard.judging import Task

BUDGET = Budget(accuracy=0.5, bytes=40_000, milliseconds=10_000)
MEASURED = ("name", "times", "reference")


@pytest.fixture(scope="module")
def data():
    """Few images: most of the time is TensorFlow's start in any case."""
    digits = load_digits()
    few = {name: getattr(digits, name)[:100] for name in ("x_val", "y_val", "x_test", "y_test")}
    return replace(digits, **few)


@pytest.fixture(scope="module")
def small(data):
    """A network of 500 weights that knows the digits, and has no softmax."""
    from course_utils.backend import keras

    L = keras.layers
    keras.utils.set_random_seed(0)
    image = keras.Input((28, 28, 1))
    x = L.AveragePooling2D(4)(image)
    model = keras.Model(image, L.Dense(10)(L.Flatten()(L.Add()([x, x]))), name="small")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(data.x_train, data.y_train, epochs=12, batch_size=16, verbose=0)
    return model


# A file of each kind of refusal: by what it is, and by what the network then does.
TERMINAL = "\x1b[2J"
REFUSED = {
    "empty": (b"", "another kind of file"),
    "cut short": (submission()[:5_000], "cut short or damaged"),
    "too long": (bytes(50_000), "more than the 40,000 bytes"),
    "a bomb": (sparsefile.encode({}, " " * 6_000_000), "too long"),
    "too many weights": (
        sparsefile.encode({"0": np.zeros(100_000, "float32")}),
        "100,000 values; at most 50,000",
    ),
    "code": (submission(on_image(layer("Lambda", function="x"), dense())), "'Lambda'"),
    "another's file": (submission(on_image(layer("StringLookup", vocabulary="/etc"))), "'StringL"),
    "a terminal's commands": (submission(on_image(layer(TERMINAL))), r"'\\x1b\[2J' of"),
    "greedy": (submission(hostile.GREEDY["dense"]), "which have 1,000,000,786"),
    "a path as a name": (
        submission(on_image(layer("Flatten", name="../x"), dense())),
        "cannot contain",
    ),
    "other weights": (submission(None, weights(inputs=7)), "do not fit its layers"),
    "three answers": (
        submission(on_image(layer("Flatten", name="f"), dense(3)), weights(units=3)),
        "ten numbers for each image",
    ),
    "wide": (
        submission(
            on_image(
                layer("UpSampling2D", size=[2000, 2000], name="wide"),
                layer("GlobalAveragePooling2D", name="pool"),
                dense(),
            ),
            weights(inputs=1),
        ),
        "makes 3,136,000,000 numbers of one image",
    ),
    "wide by an operation": (
        submission(
            functional(
                image_input(),
                layer("Tile", "keras.src.ops.numpy", repeats=[1, 2000, 2000, 1]),
                layer("GlobalAveragePooling2D"),
                dense(),
            ),
            weights(inputs=1),
        ),
        "makes 3,136,000,000 numbers of one image",
    ),
    "NaN": (submission(None, weights() | {"1": np.full(10, np.nan, "float32")}), "NaN or infinity"),
    "infinity": (submission(None, weights() | {"1": np.full(10, np.inf, "float32")}), "infinity"),
    "as in training": (
        submission(
            functional(
                image_input(),
                layer("Dropout", rate=0.5)
                | {"inbound_nodes": [{"args": [tensor("0")], "kwargs": {"training": True}}]},
                layer("Flatten"),
                dense(),
            )
        ),
        "as in training",
    ),
    "answers NaN": (
        submission(
            functional(
                image_input(),
                layer("Flatten"),
                dense(),
                layer("Log", "keras.src.ops.numpy"),
            )
        ),
        "answers NaN",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small):
    """Two networks, one of them twice, and files that are refused."""
    from course_utils.extras import export

    folder = tmp_path_factory.mktemp("handed_in")
    export.write_sparse(small, folder / "small.sparse")
    (folder / "also small.sparse").write_bytes((folder / "small.sparse").read_bytes())
    (folder / "plain.sparse").write_bytes(submission())
    for name, (content, _) in REFUSED.items():
        (folder / f"{name}.sparse").write_bytes(content)
    (folder / "old.keras").write_bytes(b"PK")
    (folder / "of no interest.txt").write_text("x")
    return folder


@pytest.fixture(scope="module")
def board(folder, data):
    return scoreboard(folder, BUDGET, data, Limits(file_bytes=40_000, parameters=50_000))


def named(board, name):
    return next(entry for entry in board.entries if entry.name == name)


def test_every_submission_is_judged_or_refused_and_a_tie_is_a_tie(board):
    ranks = board.ranks()
    assert ranks[:3] == [("1=", "also small.sparse"), ("1=", "small.sparse"), ("-", "plain.sparse")]
    assert {name for _, name in ranks[3:]} == {f"{n}.sparse" for n in REFUSED} | {"old.keras"}
    assert "accuracy" in named(board, "plain.sparse").missed[0]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_why_in_one_line(name, board):
    said = named(board, f"{name}.sparse").refused
    assert said.isprintable()
    assert re.search(REFUSED[name][1], said), said


def test_who_brings_a_keras_file_is_told_what_to_hand_in(board):
    assert "export.write_sparse(model, 'old.sparse')" in named(board, "old.keras").refused


def test_what_is_said_of_a_network_is_so(board, folder, data, small):
    from course_utils import measuring

    entry = named(board, "small.sparse")
    right = np.asarray(small(data.x_test)).argmax(axis=1) == data.y_test
    assert entry.accuracy == right.mean()
    assert entry.parameters == small.count_params() == 500
    assert entry.macs == measuring.report(small).total.macs == 490
    assert entry.bytes == (folder / "small.sparse").stat().st_size


@pytest.fixture(scope="module")
def again(data, tmp_path_factory):
    """Another supervisor, which judges single files."""
    images = tmp_path_factory.mktemp("images") / "images.npy"
    np.save(images, data.x_test)
    with Supervisor("-m", JUDGING) as supervisor:
        yield Task(images, data.y_test, BUDGET, Limits(), supervisor)


@pytest.mark.full
def test_a_second_run_judges_alike(board, folder, again):
    for name in ("small.sparse", "plain.sparse"):
        first, second = asdict(named(board, name)), asdict(again.entry(folder / name))
        assert all(first[k] == v for k, v in second.items() if k not in MEASURED)


@pytest.mark.parametrize("limits", [Limits(memory_bytes=700_000_000), Limits(wall_seconds=0)])
def test_too_little_memory_or_time_is_a_refusal(limits, folder, again):
    assert replace(again, limits=limits).entry(folder / "small.sparse").refused


def test_it_prints_as_text_and_html(board):
    text = str(board)
    assert "code.sparse is refused: This is no sparse file of a model: 'Lambda' of" in text
    assert board.digest[:16] in text
    assert board._repr_html_().count("<tr>") == 4


def test_a_name_cannot_become_html_or_a_command_of_the_terminal():
    entry = Entry("<script>", accuracy=1.0, bytes=1, times=(1, 1, 1), reference=(1, 1, 1))
    assert "<script>" not in Scoreboard("", "", BUDGET, (entry,))._repr_html_()


def test_fewest_bytes_then_fewest_macs_and_names_break_no_tie():
    sizes = {"d": (5, 5), "c": (5, 5), "b": (5, 4), "a": (6, 1)}
    entries = [Entry(name, bytes=b, macs=m) for name, (b, m) in sizes.items()]
    board = Scoreboard("", "", BUDGET, tuple(sorted(entries, key=_order)))
    assert board.ranks() == [("1", "b"), ("2=", "c"), ("2=", "d"), ("4", "a")]


def test_your_own_network_is_judged_on_the_validation_images(small, data):
    from course_utils.extras import export

    entry = judge(small, BUDGET, data)
    right = np.asarray(small(data.x_val)).argmax(axis=1) == data.y_val
    assert (entry.name, entry.accuracy, entry.missed) == ("small", right.mean(), ())
    assert entry.bytes == len(export.sparse_file(small))
    assert "times the article's CNN's time" in str(entry)


def test_what_speaks_against_your_own_network_is_said():
    from course_utils.backend import keras

    L = keras.layers
    image = keras.Input((28, 28, 1))
    code = keras.Model(image, L.Dense(10)(L.Flatten()(L.Lambda(lambda x: x)(image))))
    coarse = keras.Model(image, L.Dense(10)(L.Flatten()(image)))
    coarse.quantize("int8")
    digits = load_digits()
    assert "'Lambda'" in judge(code, BUDGET, digits).refused
    right = np.asarray(coarse(digits.x_val)).argmax(axis=1) == digits.y_val
    assert (
        judge(coarse, BUDGET, digits).accuracy == right.mean()
    )  # quantized, and read back as such


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither")
def test_links_and_pipes_and_folders_are_not_opened(folder, data, tmp_path):
    (tmp_path / "link.sparse").symlink_to(folder / "small.sparse")
    os.mkfifo(tmp_path / "pipe.sparse")
    (tmp_path / "folder.sparse").mkdir()
    board = scoreboard(tmp_path, BUDGET, data)
    assert len(board.entries) == 3
    assert all("ordinary file" in entry.refused for entry in board.entries)


@pytest.mark.parametrize(
    ("accuracy", "size", "milliseconds"), [(98, 1, 1), (0.9, 0, 1), (0.9, 1, -1)]
)
def test_a_budget_that_makes_no_sense_is_an_error(accuracy, size, milliseconds):
    with pytest.raises(ValueError, match=r"0\.98, not 98"):
        Budget(accuracy, size, milliseconds)


def test_a_folder_that_is_none_is_told_in_a_sentence(tmp_path, capsys):
    for place, said in ((tmp_path / "none", "is no folder"), (tmp_path, "holds no .sparse file")):
        with pytest.raises(SystemExit):
            main([str(place)])
        assert said in capsys.readouterr().err


def test_the_command_ends_well_whatever_the_files_are(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("course_utils.lessons.scoreboard.board.load_mnist", load_digits)
    (tmp_path / "bad\x1b.sparse").write_bytes(b"PK")
    assert main([str(tmp_path), "--accuracy", "0.8"]) == 0
    printed = capsys.readouterr().out
    assert "bad?.sparse is refused: This is no sparse file" in printed
    assert "budget: accuracy 80.00%, 15,000 bytes" in printed
