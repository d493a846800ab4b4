"""A notebook's own code that lacks a name is told what to do; a library's shows its traceback."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

START = "from course_utils.lessons.predictions import Predictions\nPredictions('99_example')"
LIBRARY = "import types\nm = types.ModuleType('m')\nexec('def f(): return g', m.__dict__)\nm.f()"


@pytest.fixture(scope="module")
def failed():
    """Run cells that fail in one kernel; return what each shows: the error, and what to do."""
    sources = [
        "n = 1\nguess.was(n)",
        "def f():\n    return gues\nf()",
        LIBRARY,
        "def f(): n += 1\nf()",
        "%time gues",
        "raise NameError('of mine') from KeyError('why')",
    ]
    cells = [nbformat.v4.new_code_cell(each) for each in (START, *sources)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells[1:]]


@pytest.mark.parametrize(("index", "line"), [(0, "line 2 needs it: guess.was(n)"), (1, "gues")])
def test_a_skipped_cell_is_told_of_in_a_sentence(failed, index, line):
    shown, told = failed[index]
    assert shown.ename == "NameError"
    assert line in shown.evalue
    assert "Run All Above Selected Cell" in told.text
    assert "Traceback" not in "".join(shown.traceback)


def test_other_mistakes_show_where_they_are(failed):
    library, unbound, timed, raised = (
        next(one for one in outputs if one.output_type == "error") for outputs in failed[2:]
    )
    assert [one.evalue for one in (timed, raised)] == ["name 'gues' is not defined", "of mine"]
    assert "KeyError" in "".join(raised.traceback)
    assert library.evalue == "name 'g' is not defined"
    assert unbound.ename == "UnboundLocalError"
    assert all(
        "Traceback" in "".join(shown.traceback) for shown in (library, unbound, timed, raised)
    )


def test_the_cell_still_counts_as_failed():
    cells = [nbformat.v4.new_code_cell(each) for each in (START, "guess")]
    with pytest.raises(CellExecutionError, match="line 1 needs it: guess"):
        NotebookClient(nbformat.v4.new_notebook(cells=cells), kernel_name="python3").execute()
