"""The layout of the package: what may import what, and what every public function has.

Read from the sources, so that nothing has to be imported, and no list of files goes stale.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import course_utils

PACKAGE = Path(course_utils.__file__).parent

# A module imports only modules above it. `checks` is a folder, one module a notebook.
ORDER = (
    "arrays",
    "operators",
    "criteria",
    "masking",
    "schedules",
    "regrowth",
    "costs",
    "sparsefile",
    "forgetting",
    "backend",
    "datafiles",
    "mnist",
    "data",
    "models",
    "tasks",
    "graph",
    "pruning",
    "measuring",
    "structure",
    "regularizing",
    "sharing",
    "export",
    "search",
    "recorded",
    "sweeping",
    "scoreboard",
    "plots",
    "progress",
    "widgets",
    "checks",
)
CORE = ORDER[: ORDER.index("backend")]  # NumPy only

# Public functions and classes whose docstring shows no example, and why.
NO_EXAMPLE = {
    "backend.silent_stderr": "nothing to see: that is its purpose",
    "checks.*": "shown by the notebook, and tested on right and wrong answers",
    "plots.*": "it draws; a doctest could show only that axes come back",
    "data.Dataset": "load_digits shows one",
    "datafiles.download": "it needs a server",
    "datafiles.keep": "it writes files",
    "mnist.find_mnist": "what it finds depends on the machine",
    "mnist.keras_caches": "what it finds depends on the machine",
    "tasks.scenes.Scenes": "make_scenes makes them",
    "measuring.report.LayerRow": "report makes them",
    "measuring.report.Report": "report makes them",
    "measuring.zeros.ZeroCounter": "a callback: it does nothing outside fit",
    "measuring.calls.litert_call": "it needs a LiteRT file: keras_call shows the same",
    "speed.latency.Call": "keras_call and the others make them",
    "speed.latency.Latencies": "latency makes them",
    "speed.latency.Timing": "latency makes them",
    "measuring.runtime.predict_litert": "it needs a LiteRT file, and a package that may be missing",
    "export.sizes.FileSize": "sizes makes them",
    "export.sizes.FileSizes": "sizes makes them",
    "export.sparse.write_sparse": "it writes a file; sparse_file shows one",
    "sparsefile.gaps.Gaps": "to_gaps makes them",
    "forgetting.calibration.Bin": "reliability makes them",
    "graph.Graph": "graph_of makes them",
    "graph.Step": "graph_of makes them",
    "search.rounds.Adapted": "adaptive makes them",
    "search.rounds.Round": "adaptive makes them",
    "search.planning.Plan": "plan makes them",
    "search.scanning.Scan": "scan makes them",
    "scoreboard.entries.Entry": "judge and scoreboard make them",
    "scoreboard.judging.judge": "it starts a process; the lesson shows it",
    "scoreboard.board.Scoreboard": "scoreboard makes them",
    "scoreboard.board.scoreboard": "it judges a folder; the lesson shows it",
    "structure.channels.Group": "channel_groups makes them",
    "structure.channels.Channels": "channel_groups makes them",
    "structure.costing.Costs": "costs makes them",
    "structure.shrinking.GroupRow": "shrink makes them",
    "structure.shrinking.ShrinkReport": "shrink makes them",
    "measuring.files.file_bytes": "the bytes depend on the version of h5py",
    "pruning.holding.remembered": "the weights of a model would fill a page",
    "sweeping.running.TrialsFailed": "sweep raises it",
    "sharing.holding.detach": "nothing to see: the example of attach shows the state",
    "regrowth.Regrowth": "sparse_evolution, rigl and surgery make them",
    "pruning.holding.detach": "nothing to see: the example of attach shows the state",
    "pruning.holding.held_masks": "the masks of a model would fill a page",
    "pruning.holding.masks_from_zeros": "the masks of a model would fill a page",
}


def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name within it, such as "checks.verdict"."""
    files = (path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py")
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(
            path.read_text("utf-8")
        )
        for path in files
    }


SOURCES = modules()
KNOWN = {*SOURCES, *(name.rpartition(".")[0] for name in SOURCES)}  # folders are modules, too


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that a source imports, anywhere in it; names are followed into the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            within = [f"{origin}.{alias.name}" for alias in node.names]
            known = [name for name in within if name.removeprefix("course_utils.") in KNOWN]
            yield from known or [origin]


def internal(name: str) -> list[str]:
    """The modules of this package that one of them imports."""
    starting = "course_utils."
    return [m.removeprefix(starting) for m in imported(SOURCES[name]) if m.startswith(starting)]


def place(name: str) -> int:
    return ORDER.index(name.split(".")[0])


def public(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public functions and classes, and the public methods of public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


PUBLIC = {f"{m}.{name}": node for m, tree in SOURCES.items() for name, node in public(tree)}


def shown(folder: str) -> set[str] | None:
    """What a folder of modules shows of itself (its __all__); None where all is shown."""
    tree = ast.parse((PACKAGE / folder / "__init__.py").read_text("utf-8"))
    lists = (
        n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "__all__"
    )
    return next((set(ast.literal_eval(value)) for value in lists), None)


def is_shown(name: str) -> bool:
    """Whether users meet it: modules of a folder also share what the folder does not show."""
    folder, *rest = name.split(".")
    listed = shown(folder) if (PACKAGE / folder).is_dir() else None
    return listed is None or rest[-1] in listed


TOP_LEVEL = [name for name in PUBLIC if name.rpartition(".")[0] in SOURCES and is_shown(name)]


# ------------------------------------------------------------------------------- what imports what


def test_every_module_has_its_place_in_the_order():
    found = {name.split(".")[0] for name in SOURCES}
    missing, gone = sorted(found - set(ORDER)), sorted(set(ORDER) - found)
    assert not missing, f"put {missing} into ORDER, below everything that it may import"
    assert not gone, f"{gone} is no longer there: take it out of ORDER"


@pytest.mark.parametrize("name", SOURCES)
def test_a_module_imports_only_modules_above_it(name):
    for other in internal(name):
        below = place(other) > place(name)
        assert not below, f"{name} imports {other}, which stands below it in ORDER"


def test_no_module_imports_itself_in_a_circle():
    TopologicalSorter({name: internal(name) for name in SOURCES}).prepare()


def test_the_init_of_a_folder_imports_from_its_own_folder_only():
    """So that `import course_utils` costs nothing, and no check drags in another."""
    for path in PACKAGE.rglob("__init__.py"):
        folder = ".".join(path.parent.relative_to(PACKAGE.parent).parts)
        names = list(imported(ast.parse(path.read_text("utf-8"))))
        assert all(name.startswith(f"{folder}.") for name in names), path
        assert not names or folder != "course_utils"


@pytest.mark.parametrize("name", SOURCES)
def test_imports_within_the_package_are_absolute(name):
    assert not [module for module in imported(SOURCES[name]) if module.startswith(".")]


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "backend"])
def test_only_backend_imports_keras_and_tensorflow(name):
    """It silences their chatter and refuses another backend; the rest takes Keras from it."""
    roots = {module.split(".")[0] for module in imported(SOURCES[name])}
    assert not roots & {"keras", "tensorflow", "tf_keras"}


@pytest.mark.parametrize("name", [name for name in SOURCES if name.split(".")[0] in CORE])
def test_the_core_imports_numpy_and_the_standard_library_only(name):
    roots = {module.split(".")[0] for module in imported(SOURCES[name])}
    assert roots <= {"numpy", "course_utils", *sys.stdlib_module_names}
    assert all(other.split(".")[0] in CORE for other in internal(name))


def test_the_packages_own_docstring_names_its_modules_in_this_order():
    listed = course_utils.__doc__.split("what is above it:")[1]
    named = [
        name
        for line in listed.splitlines()
        for name in line.strip().split("  ")[0].split(", ")
        if name
    ]
    assert named == list(ORDER)


IMPORT_CORE = f"""
import sys, time
start = time.process_time()
import numpy
numpy_alone = time.process_time() - start
import {", ".join(f"course_utils.{name}" for name in CORE)}
seconds = time.process_time() - start
print(seconds / numpy_alone, *sorted({{name.split(".")[0] for name in sys.modules}}))
"""


@pytest.fixture(scope="module")
def imports() -> list[tuple[float, set[str]]]:
    """Three fresh processes: the core's time, in imports of NumPy, and what was loaded."""
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    runs = [
        subprocess.run(
            [sys.executable, "-c", IMPORT_CORE],
            capture_output=True, text=True, check=True, env=one_thread,
        ).stdout.split()
        for _ in range(3)
    ]  # fmt: skip
    return [(float(ratio), set(names)) for ratio, *names in runs]


def test_the_core_loads_neither_keras_nor_tensorflow_nor_matplotlib(imports):
    for _, loaded in imports:
        assert "numpy" in loaded
        assert not loaded & {"keras", "tensorflow", "matplotlib", "scipy", "h5py"}


def test_the_core_takes_hardly_longer_to_import_than_numpy(imports):
    """Processor time, the best of three, as a ratio: machines differ, and have other work."""
    assert min(ratio for ratio, _ in imports) < 2


# ---------------------------------------------------------------------------------------- the tests


def test_no_two_files_of_the_tests_share_a_name():
    # pytest puts every folder of tests on one path: the second of two would get the first.
    names = [path.stem for path in Path(__file__).parent.rglob("*.py")]
    assert sorted(names) == sorted(set(names))


# -------------------------------------------------------------------------- what public things have


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_has_a_docstring(name):
    first = (ast.get_docstring(PUBLIC[name]) or "").split("\n")[0]
    assert first, f"say in one line what {name} does"
    assert first.endswith((".", ":", "?")), f"the first line of {name} is no whole sentence"


@pytest.mark.parametrize(
    "name", [name for name, node in PUBLIC.items() if isinstance(node, ast.FunctionDef)]
)
def test_public_functions_have_types(name):
    arguments = PUBLIC[name].args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a]
    bare = [a.arg for a in every if a.annotation is None and a.arg not in ("self", "cls")]
    assert not bare, f"give {bare} of {name} a type"
    assert PUBLIC[name].returns is not None, f"say what {name} returns"


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_public_functions_show_an_example_or_say_why_not(name):
    shows = ">>>" in (ast.get_docstring(PUBLIC[name]) or "")
    assert shows or excused(name), f"add a doctest to {name}, or a reason to NO_EXAMPLE"


def excused(name: str) -> bool:
    return name in NO_EXAMPLE or f"{name.split('.')[0]}.*" in NO_EXAMPLE


@pytest.mark.parametrize("name", NO_EXAMPLE)
def test_no_excuse_outlives_its_function(name):
    folder = name.removesuffix("*")
    covered = [t for t in TOP_LEVEL if t == name or (name.endswith("*") and t.startswith(folder))]
    without = [t for t in covered if ">>>" not in (ast.get_docstring(PUBLIC[t]) or "")]
    assert without, f"take {name} out of NO_EXAMPLE: it is gone, or has its example"
