"""Make a wheel of the library alone: course_utils without its lessons, under a name of its own.

python tools/library_wheel.py [FOLDER]      writes course_utils-*.whl into FOLDER (dist/ here)

All that it says of itself is pyproject.toml's, but for the name, the contents, and the extras: what
only lessons, tests and pages need is left out.
"""

import sys
import tomllib
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

ROOT = Path(__file__).parents[1]
NAME = "course-utils"
DESCRIPTION = "Pruning for Keras 3 models, small enough to be read in a lesson."
EXTRAS = ("tensorflow", "measure", "onnx", "clustering", "search")
LESSONS = "course_utils/lessons"


def main(arguments: list[str]) -> int:
    """Build the wheel and say where it is."""
    if arguments[1:] or any(word.startswith("-") for word in arguments):
        print(__doc__)
        return 2
    path = build(Path(arguments[0]) if arguments else ROOT / "dist")
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, the library without the lessons")
    return 0


def build(folder: Path) -> Path:
    """Build the wheel into a folder, with hatchling as it is installed; return its path."""
    plugins = PluginManager()
    metadata = ProjectMetadata(str(ROOT), plugins, library())
    builder = WheelBuilder(str(ROOT), plugin_manager=plugins, metadata=metadata)
    (path,) = builder.build(directory=str(folder), versions=["standard"])
    return Path(path)


def library() -> dict:
    """Return what pyproject.toml would say of the library alone."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = config["project"]
    extras = {name: project["optional-dependencies"][name] for name in EXTRAS}
    project |= {"name": NAME, "description": DESCRIPTION, "optional-dependencies": extras}
    config["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"] = [LESSONS]
    return config


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
