"""The notebook pipeline, on a course of two tiny lessons in a temporary folder."""

import base64
import io
import json
import shutil
import subprocess
import sys
import threading
import time

import matplotlib.pyplot as plt
import notebook_editions
import notebook_files
import notebook_run
import pytest
from PIL import Image, ImageChops

import notebooks

FRAME = """
# ## What you will be able to do
# ## What to remember
# ## What to read
"""
EXERCISES = '''
# %%
class Verdict(str):
    __repr__ = str.__str__

def check(right, answer):
    if answer is None:
        return Verdict("… not yet: return something")
    return Verdict("✓ right" if answer == right else f"✗ {answer} is not {right}")

# %% tags=["exercise"]
def double(x):
    """Return 2 x."""
    # BEGIN SOLUTION
    y = 2 * x
    return y
    # END SOLUTION

# %% tags=["check"]
check(6, double(3))

# %% tags=["exercise"]
def half(x):
    if x:
        ### BEGIN SOLUTION
        return x / 2
        ### END SOLUTION
    # BEGIN SOLUTION
    return 0
    # END SOLUTION

# %% tags=["check"]
print(check(2.0, half(4)))

# %% [markdown] tags=["solution-only"]
# Half of nothing is nothing.

# %% tags=["varies"]
import time
time.time()
'''
FIRST = f"""# %% [markdown]
# # The first lesson
#
# ![a dot](figures/dot.svg), <img src="figures/dot.svg">, [next](02_second.ipynb#title),
# [site](https://example.org), [above](#title), `[not](a/link)`.
{FRAME}
{EXERCISES}
# %%
import matplotlib.pyplot as plt
figure, ax = plt.subplots()
ax.plot([0, 1]);
"""
SECOND = f"""# %% [markdown]
# # The second lesson
{FRAME}
{EXERCISES}
"""


def put_source(folder, name, text):
    path = folder / "src" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the course once; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("clone") / "notebooks"
    put_source(folder, "01_first", FIRST)
    put_source(folder, "02_second", SECOND)
    (folder / "figures").mkdir()
    (folder / "figures" / "dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    assert notebooks.build(folder) == []
    return folder


@pytest.fixture
def course(built, tmp_path):
    return shutil.copytree(built, tmp_path / "clone" / "notebooks")


def read(folder, name):
    return json.loads((folder / f"{name}.ipynb").read_text(encoding="utf-8"))


def source(cell):
    return "".join(cell["source"])


def codes(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*.ipynb")}


def edit_source(folder, name, old, new):
    text = (folder / "src" / f"{name}.py").read_text(encoding="utf-8")
    assert old in text
    put_source(folder, name, text.replace(old, new))


# The two editions


def test_lesson_leaves_the_exercises_open(built):
    cells = codes(read(built, "01_first"))
    assert source(cells[1]) == ('def double(x):\n    """Return 2 x."""\n    ...  # your code here')
    assert source(cells[3]) == (
        "def half(x):\n    if x:\n        ...  # your code here\n    ...  # your code here"
    )
    assert "Half of nothing" not in (built / "01_first.ipynb").read_text(encoding="utf-8")


def test_solutions_keep_the_code_without_markers(built):
    notebook = read(built, "solutions/01_first")
    cells = codes(notebook)
    assert source(cells[3]) == ("def half(x):\n    if x:\n        return x / 2\n    return 0")
    assert any(source(cell) == "Half of nothing is nothing." for cell in notebook["cells"])


def test_every_code_cell_of_the_solutions_is_compared_unless_it_varies(built):
    for cell in codes(read(built, "solutions/01_first")):
        tags = cell["metadata"]["tags"]
        assert ("nbval-check-output" in tags) != ("varies" in tags)


def test_a_lesson_has_no_outputs_and_none_is_compared(built):
    for cell in codes(read(built, "01_first")):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
        assert "nbval-check-output" not in cell["metadata"].get("tags", [])


def test_solutions_name_themselves_and_link_to_the_lesson(built):
    first = source(read(built, "solutions/01_first")["cells"][0])
    assert first.startswith("# The first lesson — solutions\n\n")
    assert "[01_first.ipynb](../01_first.ipynb)" in first


def test_solutions_stand_one_folder_deeper(built):
    first = source(read(built, "solutions/01_first")["cells"][0])
    for link in (
        "![a dot](../figures/dot.svg)",
        '<img src="../figures/dot.svg">',
        "[next](02_second.ipynb#title)",
        "[site](https://example.org)",
        "[above](#title)",
        "`[not](a/link)`",
    ):
        assert link in first


def test_last_cell_links_to_the_neighbours(built):
    for edition in ("", "solutions/"):
        first, second = (read(built, f"{edition}{name}") for name in ("01_first", "02_second"))
        assert source(first["cells"][-1]) == "[The second lesson](02_second.ipynb) →"
        assert source(second["cells"][-1]) == "← [The first lesson](01_first.ipynb)"


def test_cell_ids_are_those_of_the_source(built):
    lesson, solution = (read(built, f"{e}01_first")["cells"] for e in ("", "solutions/"))
    by_id = {cell["id"]: cell["cell_type"] for cell in solution}
    assert lesson[0]["id"] == "01_first-001"
    assert len(by_id) == len(solution)
    assert all(by_id[cell["id"]] == cell["cell_type"] for cell in lesson)


def test_nothing_of_the_machine_is_written(built):
    text = (built / "01_first.ipynb").read_text(encoding="utf-8")
    metadata = json.loads(text)["metadata"]
    assert "version" not in metadata["language_info"]
    assert metadata["kernelspec"]["name"] == "python3"
    assert text.endswith("}\n")
    assert str(built.parent) not in text


# What is executed, and what is kept


def test_second_build_executes_and_writes_nothing(course, capsys):
    before = snapshot(course)
    assert notebooks.build(course) == []
    assert snapshot(course) == before
    assert capsys.readouterr().out == ""


def test_changed_prose_keeps_the_outputs(course, capsys):
    old = codes(read(course, "solutions/01_first"))
    edit_source(course, "01_first", "# # The first lesson\n", "# # The very first lesson\n")
    assert notebooks.build(course) == []
    out = capsys.readouterr().out
    assert "executing" not in out
    assert "02_second.ipynb: written" in out  # its last line names the lesson
    assert codes(read(course, "solutions/01_first")) == old


@pytest.mark.parametrize(
    ("old", "new"),
    [("time.time()", "time.time() + 1"), ('# %% tags=["varies"]\nimport', "# %%\nimport")],
    ids=["source", "tags"],
)
def test_changed_code_is_executed(course, monkeypatch, old, new):
    ran = note_executions(monkeypatch)
    edit_source(course, "02_second", old, new)
    notebooks.build(course)
    assert sorted(ran) == ["notebooks: 02_second-001", "solutions: 02_second-001"]


def test_force_executes_the_named_lesson_alone(course, monkeypatch):
    ran = note_executions(monkeypatch)
    notebooks.main(["build", "--force", "02", "--folder", str(course)])
    assert sorted(ran) == ["notebooks: 02_second-001", "solutions: 02_second-001"]


def test_both_editions_run_at_once(course, monkeypatch):
    """Each waits until the other has begun, too: one after the other they would wait for ever."""
    both, begun = threading.Barrier(2), []

    def execute(notebook, where, quick):
        begun.append(where.name)
        both.wait()
        return "stopped by the test"

    monkeypatch.setattr(notebooks, "_execute", execute)
    notebooks.main(["build", "--force", "02", "--folder", str(course)])
    assert sorted(begun) == ["notebooks", "solutions"]


def test_editions_run_in_turns_where_that_is_asked_for(course, monkeypatch):
    running, seen = set(), []

    def execute(notebook, where, quick):
        running.add(where.name)
        time.sleep(0.3)  # the other one would begin meanwhile, if it could
        seen.append({*running})
        running.discard(where.name)
        return "stopped by the test"

    monkeypatch.setattr(notebooks, "_execute", execute)
    notebooks.main(["build", "--force", "--in-turns", "02", "--folder", str(course)])
    assert sorted(map(sorted, seen)) == [["notebooks"], ["solutions"]]


def test_cells_run_out_of_order_are_executed_anew(course, monkeypatch):
    path = course / "solutions" / "02_second.ipynb"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"execution_count": 6', '"execution_count": 9')
    )
    ran = note_executions(monkeypatch)
    notebooks.build(course)
    assert ran == ["solutions: 02_second-001"]


def test_outputs_that_may_not_be_committed_are_made_anew(course, monkeypatch):
    notebook = read(course, "solutions/02_second")
    output(codes(notebook)[5], "careful", name="stderr")
    (course / "solutions" / "02_second.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    ran = note_executions(monkeypatch)
    notebooks.build(course)
    assert ran == ["solutions: 02_second-001"]


def note_executions(monkeypatch):
    """Note which notebooks would be executed, and stop their build there."""
    ran = []

    def execute(notebook, where, quick):
        ran.append(f"{where.name}: {notebook.cells[0].id}")
        return "stopped by the test"

    monkeypatch.setattr(notebooks, "_execute", execute)
    return ran


def test_failing_cell_is_named_and_nothing_is_written(course):
    before = snapshot(course)
    edit_source(course, "02_second", "    y = 2 * x", "    y = 2 * undefined")
    [problem] = notebooks.build(course)
    assert "solution edition, nothing written" in problem
    assert "    check(6, double(3))\n" in problem
    assert "NameError: name 'undefined' is not defined" in problem
    assert "\x1b" not in problem
    assert snapshot(course) == before


@pytest.mark.full
def test_wrong_solution_fails_the_build(course):
    before = snapshot(course)
    edit_source(course, "02_second", "y = 2 * x", "y = 3 * x")
    [problem] = notebooks.build(course)
    assert "must say '✓'" in problem
    assert "✗ 9 is not 6" in problem
    assert snapshot(course) == before


@pytest.mark.parametrize(
    ("code", "seconds", "message"),
    [
        ("while True: pass", 1, "ran longer than 1 s"),
        ("import os; os._exit(3)", 600, "Kernel died"),
        pytest.param("input()", 600, "StdinNotImplementedError", marks=pytest.mark.full),
    ],
)
def test_cell_that_never_ends_is_named(tmp_path, monkeypatch, code, seconds, message):
    monkeypatch.setattr(notebook_run, "CELL_TIMEOUT", seconds)
    lesson = lesson_of(tmp_path, f"# %%\n{code}\n")
    made = notebook_editions.make_edition([lesson], lesson.stem, "lesson")
    failure = notebook_run.execute(made, tmp_path)
    assert failure.startswith(f"Cell 1 failed:\n    {code}\n")
    assert message in failure


def test_quick_and_live_modes_do_not_reach_committed_outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_QUICK", "1")
    monkeypatch.setenv("COURSE_WIDGETS", "1")
    monkeypatch.setenv("COURSE_DATA_DIR", "kept")
    monkeypatch.delenv("COURSE_FORKED", raising=False)  # set where a test before has forked
    code = "# %%\nimport os\nprint(*sorted(n for n in os.environ if n.startswith('COURSE_')))\n"
    lesson = lesson_of(tmp_path, code)
    made = notebook_editions.make_edition([lesson], lesson.stem, "lesson")
    assert notebook_run.execute(made, tmp_path) == ""
    assert made.cells[0].outputs[0].text == "COURSE_DATA_DIR\n"


def lesson_of(folder, text):
    put_source(folder, "09_x", text)
    return notebook_editions.read_lesson(folder / "src" / "09_x.py")


def test_figures_shrink_and_stay_the_same_to_the_eye():
    figure, ax = plt.subplots()
    ax.plot([0, 1, 0])
    large = io.BytesIO()
    figure.savefig(large, format="png")  # whatever backend another test has chosen
    plt.close(figure)
    small = notebook_files.smaller_png(large.getvalue())
    assert len(small) < 0.6 * len(large.getvalue())
    assert notebook_files.smaller_png(small) == small
    before, after = (
        Image.open(io.BytesIO(png)).convert("RGB") for png in (large.getvalue(), small)
    )
    shifts = ImageChops.difference(before, after).getextrema()
    assert max(high for _, high in shifts) <= notebook_files.LARGEST_SHIFT


def test_picture_of_too_many_colours_stays_exact():
    noise = Image.effect_noise((64, 64), 80)
    image = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    small = Image.open(io.BytesIO(notebook_files.smaller_png(buffer.getvalue())))
    assert small.tobytes() == image.tobytes()


# What `check` says


def test_check_is_content_with_what_build_wrote(built, capsys):
    assert notebooks.main(["check", "--folder", str(built)]) == 0
    assert capsys.readouterr().out == "The notebooks are in order.\n"


def output(cell, text, **changes):
    cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": text} | changes]


def picture(cell, data):
    cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]


VIEW = "application/vnd.jupyter.widget-view+json"
DAMAGE = {
    "out of step with the source": lambda n: n["cells"][1].update(source="x = 1"),
    "the source makes": lambda n: n["cells"].pop(),
    "metadata is not what": lambda n: n["metadata"]["kernelspec"].update(name="julia"),
    "was never executed": lambda n: codes(n)[5].update(execution_count=None),
    "in order from a fresh kernel": lambda n: codes(n)[5].update(execution_count=77),
    "writes to stderr": lambda n: output(codes(n)[5], "careful", name="stderr"),
    "ends in an error": lambda n: codes(n)[5].update(
        outputs=[{"output_type": "error", "ename": "E", "evalue": "", "traceback": ["E"]}]
    ),
    "absolute path": lambda n: output(codes(n)[5], "saved in /home/ada/model.keras"),
    "progress bar": lambda n: output(codes(n)[5], "188/188 ━━━━ 1s 5ms/step"),
    "memory address": lambda n: output(codes(n)[5], "<object at 0x7f3a5c0d1e80>"),
    "live widget": lambda n: picture(codes(n)[5], {VIEW: {"model_id": "a"}}),
    "metadata.widgets": lambda n: n["metadata"].update(widgets={"state": {}}),
    "at most 800000": lambda n: picture(
        codes(n)[5], {"image/png": base64.b64encode(bytes(800_000)).decode()}
    ),
    "the same id '02_second-002'": lambda n: n["cells"][2].update(id="02_second-002"),
    "was run without MNIST": lambda n: output(
        codes(n)[5], "Used instead: scikit-learn's 1,797 digits; figures will differ"
    ),
    "must say '✓', since its exercise is solved here, but says: '✗ no'": lambda n: output(
        codes(n)[2], "✗ no"
    ),
}


@pytest.mark.parametrize("sentence", DAMAGE)
def test_check_names_the_damage(course, capsys, sentence):
    notebook = read(course, "solutions/02_second")
    DAMAGE[sentence](notebook)
    (course / "solutions" / "02_second.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert notebooks.main(["check", "--folder", str(course)]) == 1
    *problems, count = capsys.readouterr().out.splitlines()
    assert any(sentence in line for line in problems)
    assert all(line.startswith("solutions/02_second.ipynb: ") for line in problems)
    assert count == f"{len(problems)} problems found."


def test_a_lesson_that_somebody_ran_is_found_and_made_bare(course):
    notebook = read(course, "02_second")
    output(codes(notebook)[2], "✓ right")
    (course / "02_second.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    [problem] = notebooks.check(course)
    assert "holds outputs: a lesson is committed without" in problem
    assert notebooks.build(course) == []
    assert notebooks.check(course) == []


def test_a_check_that_an_open_exercise_passes_fails_the_build(course):
    edit_source(course, "02_second", "check(6, double(3))", "check(6, 6)")
    [problem] = notebooks.build(course)
    assert "lesson edition, nothing written" in problem
    assert "must say '…', since its exercise is open here" in problem


def test_paths_of_this_clone_are_found(course):
    notebook = read(course, "solutions/02_second")
    output(codes(notebook)[5], f"saved in {course.parent}")
    (course / "solutions" / "02_second.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert "absolute path" in " ".join(notebooks.check(course))


def test_notebook_without_source_and_source_without_notebook(course):
    shutil.copy(course / "01_first.ipynb", course / "solutions" / "07_gone.ipynb")
    (course / "01_first.ipynb").unlink()
    found = notebooks.check(course)
    assert any(what.startswith("solutions/07_gone.ipynb: no source") for what in found)
    assert any(what.startswith("01_first.ipynb: the notebook is missing") for what in found)


def test_file_that_is_no_notebook_is_said_and_built_anew(course):
    (course / "02_second.ipynb").write_text("<<<<<<< HEAD", encoding="utf-8")
    assert notebooks.check(course) == [
        "02_second.ipynb: the file is no notebook of format 4: run build."
    ]
    before = (course / "01_first.ipynb").read_bytes()
    assert notebooks.build(course) == []
    assert notebooks.check(course) == []
    assert (course / "01_first.ipynb").read_bytes() == before


def test_broken_link_is_found(course):
    edit_source(course, "01_first", "[above](#title)", "[above](figures/missing.svg#title)")
    assert notebooks.build(course) == []
    assert notebooks.check(course) == [
        "01_first.ipynb: the link to 'figures/missing.svg#title' leads nowhere.",
        "solutions/01_first.ipynb: the link to '../figures/missing.svg#title' leads nowhere.",
    ]


def test_unknown_name_lists_the_known_ones(built, capsys):
    assert notebooks.main(["build", "03", "--folder", str(built)]) == 1
    assert (
        "There is no lesson '03' in src. There are: 01_first, 02_second." in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('# %% tags=["varys"]\n1', "unknown tag 'varys'"),
        ("# %%\n\n# %%\n1", "cell 1 of the source is empty"),
        ("# %% [raw]\n# x", "raw cell"),
        ("# %%\ndata = load_mnist()", "tag it 'varies'"),
        ('# %% tags=["exercise"]\n# BEGIN SOLUTION\n1', "never closed"),
        ('# %% tags=["exercise"]\n1\n# END SOLUTION', "no # BEGIN SOLUTION before it"),
        ('# %% tags=["exercise"]\n# BEGIN SOLUTION\n# BEGIN SOLUTION\n1', "inside a solution"),
        ('# %% tags=["exercise"]\n1', "belong together"),
        ("# %%\n# BEGIN SOLUTION\n1\n# END SOLUTION", "belong together"),
    ],
)
def test_faulty_source_is_refused_by_both_commands(tmp_path, text, sentence):
    put_source(tmp_path, "09_x", text)
    for command in (notebooks.build, notebooks.check):
        [problem] = command(tmp_path)
        assert sentence in problem
    assert not list(tmp_path.rglob("*.ipynb"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("# # The second lesson", "# The second lesson", "first cell is no title"),
        ("# ## What to remember", "# ## Remember", "the section '## What to remember' is missing"),
        ('tags=["check"]\nprint', "\nprint", "no cell tagged 'check' after it"),
        ('tags=["exercise"]\ndef double', "\ndef double", "1 exercises; at least 2"),
        ("time.time()", "x = 1\n" * 19, "one code cell in ten has 20 lines or more"),
    ],
)
def test_form_of_a_lesson_is_held(tmp_path, old, new, sentence):
    text = SECOND.replace(old, new)
    if "double" in old:
        text = text.replace("    # BEGIN SOLUTION\n    y", "    y").replace(
            "return y\n    # END SOLUTION", "return y"
        )
    put_source(tmp_path, "09_x", text)
    assert any(sentence in what for what in notebooks.check(tmp_path))


# nbval, as `make test` runs it


def nbval(folder, *paths, timeout="600"):
    """Run nbval on notebooks; its report has a line for each failing cell."""
    options = ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={timeout}"]
    quiet = ["-p", "no:cacheprovider", "-q", "-rfE", "--tb=no", "--color=no"]
    command = [sys.executable, "-m", "pytest", *options, *quiet, *map(str, paths)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.full
def test_nbval_passes_both_editions_and_fails_what_it_must(course):
    def spoil(name, change):
        notebook = read(course, "solutions/02_second")
        change(notebook)
        (course / name).write_text(json.dumps(notebook), encoding="utf-8")

    spoil("wrong.ipynb", lambda n: codes(n)[1].update(source="def double(x):\n    return 3 * x"))
    spoil("changed.ipynb", lambda n: output(codes(n)[4], "✓ right, as it was\n"))
    spoil("varies.ipynb", lambda n: codes(n)[5]["outputs"][0]["data"].update({"text/plain": "1"}))
    names = ["02_second", "solutions/02_second", "wrong", "changed", "varies"]
    done = nbval(course, *(f"{name}.ipynb" for name in names))
    lines = done.stdout.splitlines()
    failed = [line.split(" - ")[0] for line in lines if line.startswith("FAILED")]
    assert failed == ["FAILED wrong.ipynb::Cell 2", "FAILED changed.ipynb::Cell 4"]
    assert "2 failed, 28 passed" in lines[-1]


@pytest.mark.slow
@pytest.mark.full
def test_dead_kernel_does_not_hang_nbval(course):
    notebook = read(course, "02_second")
    notebook["cells"] = codes(notebook)[:1]
    notebook["cells"][0].update(source="import os; os._exit(1)")
    (course / "dead.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    done = nbval(course, "dead.ipynb", timeout="3")
    assert done.returncode == 1
    assert "FAILED dead.ipynb::Cell 0" in done.stdout
