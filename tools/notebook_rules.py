"""What a lesson and its committed notebooks must obey, said in sentences.

Every function returns a list of sentences; an empty list means that all is well.
"""

import re
import statistics
import tempfile
from math import ceil
from pathlib import Path

from nbformat import NotebookNode
from notebook_editions import BEGIN, END, LESSON, Lesson, is_relative, links, tags_of

# Reread notebooks (Norvig's, VanderPlas's) have code cells of 4 lines in the middle and
# 14 at the ninth tenth: longer cells are scrolled past. A little air above that.
MEDIAN_LINES, P90_LINES = 6, 18
# One exercise can be skipped unnoticed; two make a lesson something that is done.
FEWEST_EXERCISES = 2
# GitHub shows large notebooks slowly or not at all, and a clone keeps every version.
LARGEST_BYTES = 800_000
# The frame that all lessons share, so that a reader knows where to look.
SECTIONS = ("## What you will be able to do", "## What to remember", "## What to read")
TAGS = {"varies", "exercise", "solution-only", "check", "open-task"}
MARKS = {"lesson": "…", "solution": "✓"}

STAND_IN = "Used instead: scikit-learn's"  # what `load_mnist` says where MNIST is not to be had
VIEW = "application/vnd.jupyter.widget-view+json"
PROGRESS = re.compile(r"━|ms/step|s/step|\bETA\b|\bit/s\b")
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
FOLDERS = re.compile(r"(?<![\w.])/(?:home|Users|root|tmp|var/folders)/[\w.-]+|\b[A-Z]:\\+Users\\")


def source_problems(lesson: Lesson) -> list[str]:
    """Say what keeps a source from being turned into notebooks at all."""
    found = []
    for number, cell in enumerate(lesson.cells, start=1):
        where = f"cell {number} of the source"
        if not cell.source.strip():
            found.append(f"{where} is empty: remove it.")
        found += [
            f"{where} has the unknown tag {tag!r}; known are {sorted(TAGS)}."
            for tag in sorted(set(tags_of(cell)) - TAGS)
        ]
        if cell.cell_type == "raw":
            found.append(f"{where} is a raw cell: use code or markdown.")
        if (
            "load_mnist()" in cell.source
            and cell.cell_type == "code"
            and "varies" not in tags_of(cell)
        ):
            found.append(f"{where} loads MNIST, which speaks where it is missing: tag it 'varies'.")
        found += [f"{where}: {what}" for what in _marker_problems(cell)]
    return found


def _marker_problems(cell: NotebookNode) -> list[str]:
    inside, blocks = False, 0
    for line in cell.source.splitlines():
        if BEGIN.match(line):
            if inside:
                return ["# BEGIN SOLUTION stands inside a solution: close the first one before."]
            inside, blocks = True, blocks + 1
        elif END.match(line):
            if not inside:
                return ["# END SOLUTION has no # BEGIN SOLUTION before it."]
            inside = False
    if inside:
        return ["# BEGIN SOLUTION is never closed: put # END SOLUTION after the solution."]
    if bool(blocks) != bool({"exercise", "open-task"} & {*tags_of(cell)}):
        return ["the tag 'exercise' and the markers # BEGIN / END SOLUTION belong together."]
    return []


def lint_lesson(notebook: NotebookNode) -> list[str]:
    """Hold one edition against the form that all lessons share."""
    cells = notebook.cells
    if not cells or cells[0].cell_type != "markdown" or not cells[0].source.startswith("# "):
        return ["the first cell is no title: begin with a markdown cell that starts with '# '."]
    headings = {
        line.rstrip()
        for cell in cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
    }
    missing = [f"the section {name!r} is missing." for name in SECTIONS if name not in headings]
    return missing + _length_problems(cells) + _exercise_problems(cells)


def _length_problems(cells: list[NotebookNode]) -> list[str]:
    lengths = sorted(
        sum(bool(line.strip()) for line in cell.source.splitlines())
        for cell in cells
        if cell.cell_type == "code"
    )
    if not lengths:
        return ["there is no code cell: a lesson answers its question by running something."]
    median, p90 = statistics.median(lengths), lengths[ceil(0.9 * len(lengths)) - 1]
    found = []
    if median > MEDIAN_LINES:
        found.append(f"code cells have a median of {median:g} lines; at most {MEDIAN_LINES}.")
    if p90 > P90_LINES:
        found.append(f"one code cell in ten has {p90} lines or more; at most {P90_LINES}.")
    return found


def _exercise_problems(cells: list[NotebookNode]) -> list[str]:
    kinds = [
        tag for cell in cells for tag in ("exercise", "check") if tag in tags_of(cell)
    ]  # in the order of the notebook
    found = []
    if kinds.count("exercise") < FEWEST_EXERCISES:
        many = kinds.count("exercise")
        found.append(f"there are {many} exercises; at least {FEWEST_EXERCISES} make a lesson.")
    for this, following in zip(kinds, [*kinds[1:], None], strict=True):
        if this == "exercise" and following != "check":
            found.append("an exercise has no cell tagged 'check' after it.")
    return found


def output_problems(notebook: NotebookNode, edition: str, root: Path) -> list[str]:
    """Say which outputs must not be committed. `root` is the clone's folder."""
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code":
            problems = _cell_problems(cell, edition, root)
            found += [f"cell {number} ({first_line(cell)!r}) {what}" for what in problems]
    return found


def bare_problems(notebook: NotebookNode) -> list[str]:
    """Say which cells of a lesson hold what a run left; learners' own runs are not committed."""
    return [
        f"cell {number} ({first_line(cell)!r}) holds outputs: a lesson is committed without."
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count)
    ]


def first_line(cell: NotebookNode) -> str:
    """Give the line by which a reader finds a cell."""
    return cell.source.strip().split("\n")[0][:60]


def _cell_problems(cell: NotebookNode, edition: str, root: Path) -> list[str]:
    found = []
    if cell.execution_count is None:
        found.append("was never executed.")
    kinds = {output.output_type for output in cell.outputs}
    if "error" in kinds:
        found.append("ends in an error.")
    if any(output.get("name") == "stderr" for output in cell.outputs):
        found.append("writes to stderr; silence the cause, or print what matters.")
    if any(VIEW in output.get("data", {}) for output in cell.outputs):
        found.append("holds a live widget: build the notebook without COURSE_WIDGETS.")
    said = (text for output in cell.outputs for text in _texts(output))
    if edition != LESSON and any(STAND_IN in text for text in said):
        found.append("was run without MNIST: name its folder in COURSE_DATA_DIR, and build.")
    return found + _text_problems(cell, root) + _verdict_problems(cell, edition)


def _text_problems(cell: NotebookNode, root: Path) -> list[str]:
    text = "\n".join(text for output in cell.outputs for text in _texts(output))
    own = [str(place) for place in (root, Path.home(), tempfile.gettempdir()) if str(place) != "/"]
    found = []
    if FOLDERS.search(text) or any(_is_path_in(place, text) for place in own):
        found.append("shows an absolute path of this machine.")
    if PROGRESS.search(text):
        found.append("shows a progress bar or a step time: pass verbose=0, or use Progress.")
    if ADDRESS.search(text):
        found.append("shows a memory address: end the line with a semicolon, or print a name.")
    if text.strip() == "Ellipsis":
        found.append("displays 'Ellipsis': let the cell end with a line after the solution block.")
    return found


def _is_path_in(place: str, text: str) -> bool:
    """Tell whether the folder `place` is named in `text`, as a whole name."""
    return re.search(re.escape(place) + r"(?![\w.-])", text) is not None


def _texts(output: NotebookNode) -> list[str]:
    if output.output_type == "stream":
        return [output.text]
    if output.output_type == "error":
        return [*output.traceback]
    return [
        text
        for kind, text in output.get("data", {}).items()
        if isinstance(text, str) and not kind.startswith("image/")
    ]


def _verdict_problems(cell: NotebookNode, edition: str) -> list[str]:
    if "check" not in tags_of(cell):
        return []
    shown = "\n".join(_plain(output) for output in cell.outputs).strip()
    wanted = MARKS[edition]
    others = [mark for mark in "✓✗…" if mark != wanted]
    lines = shown.splitlines()
    if shown.startswith(wanted) and not any(line.startswith(m) for line in lines for m in others):
        return []
    state = "open" if edition == LESSON else "solved"
    return [f"must say {wanted!r}, since its exercise is {state} here, but says: {shown[:300]!r}."]


def _plain(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return output.text
    return output.get("data", {}).get("text/plain", "")


def order_problems(notebook: NotebookNode) -> list[str]:
    """Say whether the cells ran once each, in order, from a fresh kernel."""
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    if None in counts or counts == list(range(1, len(counts) + 1)):
        return []
    return ["the cells did not run once each and in order from a fresh kernel: build it anew."]


def link_problems(notebook: NotebookNode, path: Path) -> list[str]:
    """Say which relative links of the notebook at `path` lead nowhere."""
    targets = {
        target
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for target in links(cell.source)
        if is_relative(target)
    }
    return [
        f"the link to {target!r} leads nowhere."
        for target in sorted(targets)
        if not (path.parent / target.split("#")[0]).exists()
    ]


def file_problems(raw: dict, size: int) -> list[str]:
    """Say what is wrong with the file as such: size, cell ids, left-over widget state."""
    found = []
    if size > LARGEST_BYTES:
        found.append(f"the file has {size} bytes; at most {LARGEST_BYTES}: draw smaller figures.")
    names = [cell.get("id") for cell in raw.get("cells", [])]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    found += [f"two cells have the same id {name!r}." for name in twice]
    if "widgets" in raw.get("metadata", {}):
        found.append("the file holds widget state (metadata.widgets).")
    return found
