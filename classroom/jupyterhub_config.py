"""JupyterHub for a room: one server, one environment, and each learner's own copy of the lessons.

`make hub` starts it, as root: who may log in are the server's own accounts. docs/teachers.md says
what to prepare. Settings of your own go into classroom/own_settings.py (`c = get_config()`).
"""

import os
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
SHARED = COURSE / ".venv" / "share" / "jupyter"  # where the layer below keeps JupyterLab and kernel
FOR_ALL = ("COURSE_DATA_DIR", "COURSE_QUICK")  # given to `make hub`, they reach every learner

c = get_config()  # noqa: F821, which traitlets puts there
c.JupyterHub.bind_url = "http://:8000"
c.JupyterHub.data_files_path = str(Path(sys.prefix) / "share" / "jupyterhub")
c.Authenticator.allow_all = True  # whoever has an account; see JupyterHub's words on narrowing it
c.Spawner.cmd = [sys.executable, str(COURSE / "classroom" / "start_learner.py")]
c.Spawner.args = ["--LanguageServerManager.autodetect=False"]
c.Spawner.default_url = "/lab/tree/pruning-course/notebooks/00_start_here.ipynb"
c.Spawner.start_timeout = 300  # thirty at once read the same libraries from one disk
c.Spawner.environment = {
    "JUPYTER_PATH": str(SHARED),
    "JUPYTER_CONFIG_PATH": str(COURSE / ".venv" / "etc" / "jupyter"),
    "JUPYTERLAB_DIR": str(SHARED / "lab"),
    "COURSE_WIDGETS": "1",
    **{name: os.environ[name] for name in FOR_ALL if os.environ.get(name)},
}
c.JupyterHub.concurrent_spawn_limit = 5
# Kernels that nobody uses give their memory back, notebooks stay.
c.Spawner.args += ["--MappingKernelManager.cull_idle_timeout=3600"]
load_subconfig("own_settings.py")  # noqa: F821
