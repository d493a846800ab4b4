"""Name the places in a clone, and the variables that keep every program inside it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clone:
    """The places that the set-up reads and writes, all under the clone's root."""

    root: Path

    @property
    def venv(self) -> Path:
        """The environment: everything the set-up writes is in here."""
        return self.root / ".venv"

    @property
    def scripts(self) -> Path:
        """The folder of the environment's programs."""
        return self.venv / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    @property
    def stamp(self) -> Path:
        """Stands only beside an environment that was finished."""
        return self.venv / "course-stamp.json"

    @property
    def lock(self) -> Path:
        """The pinned packages with their hashes."""
        return self.root / "requirements.lock"

    @property
    def project(self) -> Path:
        """The package's own description."""
        return self.root / "pyproject.toml"

    @property
    def pinned(self) -> tuple[Path, ...]:
        """The files that say what the environment holds: where one changes, it is outdated."""
        return self.lock, self.project


def course_variables(clone: Clone, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables under which the course's programs run.

    Jupyter, IPython and Matplotlib keep their files in `.venv/var`, not in the home folder.
    """
    variables = dict(environ)
    for name in ("PYTHONPATH", "PYTHONHOME"):  # another installation's packages would shadow ours
        variables.pop(name, None)
    var = clone.venv / "var"
    variables |= {
        "VIRTUAL_ENV": str(clone.venv),
        "PATH": os.pathsep.join([str(clone.scripts), environ.get("PATH", os.defpath)]),
        "JUPYTER_CONFIG_DIR": str(var / "jupyter"),
        "JUPYTER_DATA_DIR": str(var / "jupyter" / "data"),
        "JUPYTER_RUNTIME_DIR": str(var / "jupyter" / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(var / "jupyter" / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(var / "jupyter" / "workspaces"),
        "IPYTHONDIR": str(var / "ipython"),
        "MPLCONFIGDIR": str(var / "matplotlib"),
    }
    if not _has_keras_folder(environ):
        variables["KERAS_HOME"] = str(var / "keras")
    return variables


def _has_keras_folder(environ: Mapping[str, str]) -> bool:
    """Tell whether Keras has a folder already: its cache may hold MNIST, so it stays in use."""
    return "KERAS_HOME" in environ or Path("~/.keras").expanduser().is_dir()
