"""The layout of the package: its floors, its size, and what every public function shows.

What ruff and import-linter can hold stands in pyproject.toml; here is the rest, read from the
sources, so that no list of files goes stale.
"""

import ast
import fnmatch
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import course_utils

PACKAGE = Path(course_utils.__file__).parent
ROOT = PACKAGE.parent
FLOORS = ("structure", "extras", "lessons")  # what is in none of them is the core
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
(NUMPY_ONLY,) = (
    one["source_modules"] for one in CONTRACTS["contracts"] if one["type"] == "forbidden"
)

# Public functions and classes whose docstring shows no example, and why.
NO_EXAMPLE = {
    "backend.silent_stderr": "nothing to see: that is its purpose",
    "extras.export.*.write_sparse": "it writes a file; sparse_file shows one",
    "extras.speed.*.litert_call": "it needs a LiteRT file: keras_call shows the same",
    "extras.speed.*.predict_litert": "it needs a LiteRT file, and a package of its own",
    "extras.sweeping.*.TrialsFailed": "sweep raises it",
    "lessons.checks.*": "shown by the notebook, and tested on right and wrong answers",
    "lessons.open_tasks.*": "each measures or trains; the notebook shows it",
    "lessons.logbook.*": "its file is the learner's; predictions show it",
    "lessons.networks.*": "each trains, or loads what was trained",
    "lessons.timing.against": "it compares times, which differ from run to run",
    "lessons.mnist.*": "what it finds depends on the machine",
    "lessons.plots.*": "it draws; a doctest could show only that axes come back",
    "lessons.together.draw_together": "it draws; goes_with shows what",
    "lessons.scoreboard.*.scoreboard": "it judges a folder; the lesson shows it",
    "lessons.scoreboard.*.judge": "it takes MNIST; the lesson shows it",
    "measuring.*.file_bytes": "the bytes depend on the version of h5py",
    "measuring.*.ZeroCounter": "a callback: it does nothing outside fit",
    "pruning.*.detach": "nothing to see: attach shows the state",
    "pruning.*.held_masks": "the masks of a model would fill a page",
    "pruning.*.masks_from_zeros": "the masks of a model would fill a page",
    "pruning.*.remembered": "the weights of a model would fill a page",
}


def sources() -> dict[str, Path]:
    """Every file of the package by its dotted name, such as "lessons.checks.verdict"."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in files}


SOURCES = sources()
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in SOURCES.items()}
LINES = {name: len(path.read_text("utf-8").splitlines()) for name, path in SOURCES.items()}


# ----------------------------------------------------------------------------------------- floors


def test_a_newcomer_sees_few_entries():
    entries = sorted(path.name for path in PACKAGE.iterdir() if path.name != "__pycache__")
    assert len(entries) <= 16, f"{len(entries)} entries at the top of course_utils: {entries}"
    assert {*FLOORS} <= {*entries}


def test_imports_run_down_the_floors():
    """The contracts of pyproject.toml; a process of its own, since it sets logging its way."""
    code = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", code, "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {len(CONTRACTS['contracts'])} kept, 0 broken." in done.stdout


def test_the_init_of_a_folder_imports_from_its_own_folder_only():
    """So that no room drags in another; the floors of many rooms import none of them."""
    for name, tree in TREES.items():
        folder, _, file = name.rpartition(".")
        if folder and file == "__init__":
            modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            own = "course_utils" if folder in ("extras", "lessons") else f"course_utils.{folder}."
            lazy = own == "course_utils"  # the front page's way to load what is asked for
            strangers = [m for m in modules if not (m == own if lazy else m.startswith(own))]
            assert not strangers, f"the __init__ of {folder} imports {strangers}"


LOADED = f"""
import sys
def files():
    return {{name for name, module in sys.modules.items() if getattr(module, "__file__", None)}}
before = files()
import course_utils
print(*(files() - before))
import {", ".join(NUMPY_ONLY)}
print(*(files() - before))
"""


def test_the_core_loads_nothing_but_numpy():
    """And the front page no more than itself: what it costs is what it loads."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, cwd=ROOT
    )
    front, core = (line.split() for line in done.stdout.splitlines())
    for names in (front, core):
        roots = {name.split(".")[0] for name in names} - {*sys.stdlib_module_names}
        assert roots <= {"numpy", "course_utils"}, f"{sorted(roots)} were loaded"
    assert not {"course_utils.pruning", "course_utils.structure"} & {*front}
    assert {*NUMPY_ONLY} <= {*core}


# ------------------------------------------------------------------------------------------- size


def test_the_package_is_small():
    core = {name: n for name, n in LINES.items() if name.split(".")[0] not in FLOORS}
    whole = sum(LINES.values())
    # It had 18,495 before it had floors, and 15,600 while it was exact on its own networks only.
    # What came since reads those of others: in the core one entrance for data, labels and batches
    # (about 500 lines), layers that can be read but not pruned, steps of train steps of one's own,
    # layer collapse; above it layers of layers, everyday spellings, and copies that lose nothing.
    # Lessons that load their networks, keep predictions and are more of them took another 1,500;
    # channels to click on 170; an open task for each lesson from 05 on, with its judge, 540.
    # Lower this whenever it can be.
    assert whole <= 21_126, f"the package has {whole:,} lines; take an idea away"
    assert sum(core.values()) <= 4_560, f"the core has {sum(core.values()):,} lines"


def test_its_files_are_short():
    long = {name: n for name, n in LINES.items() if n > 260}
    assert not long, f"split what has more than one idea: {long}"
    middle = median(n for name, n in LINES.items() if not name.endswith("__init__"))
    assert middle <= 122, f"half of the files have more than {middle} lines"


def test_no_two_files_of_the_tests_share_a_name():
    # pytest puts every folder of tests on one path: the second of two would get the first.
    files = Path(__file__).parent.rglob("*.py")
    names = [path.stem for path in files if path.stem != "conftest"]  # these it keeps apart
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"two files of the tests are called {sorted(twice)}"


# ----------------------------------------------------------------------- what public things have


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Public functions and classes of a module, but for records, which functions make."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            above = [*node.decorator_list, *getattr(node, "bases", ())]
            if not {"dataclass", "NamedTuple"} & {name_of(one) for one in above}:
                yield node


def name_of(node: ast.expr) -> str:
    """The last name in `dataclass`, `dataclass(frozen=True)`, `typing.NamedTuple`."""
    called = node.func if isinstance(node, ast.Call) else node
    return getattr(called, "id", getattr(called, "attr", ""))


def is_shown(module: str, name: str) -> bool:
    """Whether users meet it: the folders above it list it, or list nothing."""
    parts = module.split(".")[:-1]
    lists = (listed(".".join([*parts[:depth], "__init__"])) for depth in range(1, len(parts) + 1))
    return all(names is None or name in names for names in lists)


def listed(init: str) -> set[str] | None:
    """What a folder lists in its __all__; None where it has none."""
    for node in TREES[init].body:
        if isinstance(node, ast.Assign) and name_of(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def shown() -> dict[str, str]:
    """The docstring of everything public that users meet."""
    return {
        f"{module}.{node.name}": ast.get_docstring(node) or ""
        for module, tree in TREES.items()
        for node in public(tree)
        if is_shown(module, node.name)
    }


def test_first_lines_are_whole_sentences():
    """Ruff asks for a docstring; a full stop, a question mark, or a colon ends its first line."""
    cut = [name for name, text in shown().items() if text.split("\n")[0][-1:] not in (*".?:",)]
    assert not cut, f"the first line of these is no whole sentence: {cut}"


def test_public_functions_show_an_example_or_say_why_not():
    without = [name for name, text in shown().items() if ">>>" not in text]
    excused = {name for name in without for excuse in NO_EXAMPLE if fnmatch.fnmatch(name, excuse)}
    missing = sorted({*without} - excused)
    assert not missing, f"add a doctest to these, or a reason to NO_EXAMPLE: {missing}"


def test_no_excuse_outlives_its_function():
    without = [name for name, text in shown().items() if ">>>" not in text]
    idle = [excuse for excuse in NO_EXAMPLE if not fnmatch.filter(without, excuse)]
    assert not idle, f"take these out of NO_EXAMPLE: gone, or shown by now: {idle}"
