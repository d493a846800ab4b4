"""Name the places in a clone, and the variables that keep every program inside it."""

import os
from collections.abc import Mapping
from pathlib import Path


class Clone:
    """The places that the set-up reads and writes, all under the clone's root."""

    def __init__(self, root: Path, venv: str = ".venv") -> None:
        self.root = root
        self.venv = root / venv  # everything the set-up writes is in here
        self.scripts = self.venv / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.scripts / ("python.exe" if os.name == "nt" else "python")
        self.stamp = self.venv / "course-stamp.json"  # only beside a finished environment
        self.lock = root / "requirements.lock"
        # What the environment holds is said here: where one of them changes, it is outdated.
        self.pinned = (self.lock, root / "pyproject.toml")


def course_variables(clone: Clone, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables under which the course's programs run.

    Jupyter, IPython and Matplotlib keep their files in `.venv/var`, not in the home folder.
    """
    # Another installation's packages would shadow ours.
    variables = {key: environ[key] for key in environ if key not in ("PYTHONPATH", "PYTHONHOME")}
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
    # Where Keras has a folder already, its cache may hold MNIST: it stays in use.
    if "KERAS_HOME" not in environ and not Path("~/.keras").expanduser().is_dir():
        variables["KERAS_HOME"] = str(var / "keras")
    return variables
