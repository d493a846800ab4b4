"""Make an environment for each library that the course's masks and schedules are compared with.

It lies in .venv-peers/NAME, on top of .venv: it holds the library alone and finds all else there,
so that both sides of a comparison compute with the same NumPy and TensorFlow, and the lock stays
lean. That of a host of notebooks stands alone: it holds what the host brings, at its versions.
"""

from pathlib import Path
from typing import NamedTuple

from front_door.install import call_installer, environment_state, one_at_a_time, write_stamp
from front_door.paths import Clone
from front_door.preflight import Refusal


class Library(NamedTuple):
    """What is installed, how, and what to tell beforehand."""

    module: str
    cost: str
    options: tuple[str, ...] = ()


LIBRARIES = {
    "tfmot": Library(
        "tensorflow_model_optimization",
        "It takes seconds, 2 MB to download and about 50 MB on the disk.",
        # It asks for `tensorflow`, while .venv may hold `tensorflow-cpu`: half a gigabyte twice.
        ("--no-deps",),
    ),
    "torch": Library(
        "torch",
        "Its CPU build takes half a minute, 0.2 GB to download, 0.9 GB on the disk.\n"
        "On Linux pip takes the build for GPUs instead, several GB with what it needs, unless\n"
        "PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL names a place that has PyTorch's CPU builds.\n"
        "To leave torch out: make peers ARGS=tfmot",
    ),
}
QUIET = ("--quiet",)  # of what .venv has already, pip says so in a hundred lines
# Not libraries to compare with, but such as few need, and no learner's JupyterLab should load.
OTHERS = {
    "nbgrader": Library(
        "nbgrader",
        "It takes half a minute, 20 MB to download and 70 MB on the disk.",
        QUIET,
    ),
    "jupyterhub": Library(
        "jupyterhub",
        "It takes seconds, 10 MB to download and about 40 MB on the disk.",
        QUIET,
    ),
    "keras-hub": Library(
        "keras_hub",
        "It takes seconds, 9 MB to download and about 60 MB on the disk.",
        ("--no-deps",),  # among them TensorFlow, as above
    ),
}


HOSTS = {
    "colab": Library(
        "keras, tensorflow, IPython",
        "It takes minutes, 0.9 GB to download and 2.6 GB on the disk: what Colab brings.",
    ),
}


class Peer(Clone):
    """The places of one library's environment; it is set up and run as the course's own is."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(root, f".venv-peers/{name}")
        self.requirements = root / "tests" / "peers" / f"{name}.txt"
        # And what .venv was made with: another Python there, all anew.
        self.pinned = (self.requirements, Clone(root).venv / "pyvenv.cfg")


def set_up_peer(clone: Clone, name: str) -> Peer:
    """Bring .venv-peers/NAME to what its pins ask for; return at once where it is so already.

    A finished environment has a stamp. Without one, or with an older one, it is made anew, so that
    a set-up that was interrupted leaves nothing half-made; pip keeps what it has downloaded.
    """
    peer, library = Peer(clone.root, name), {**LIBRARIES, **OTHERS, **HOSTS}[name]
    with one_at_a_time(peer):
        if environment_state(peer) == "ready":
            return peer
        print(f"Installing {name} into .venv-peers. {library.cost}", flush=True)
        peer.stamp.unlink(missing_ok=True)
        _make_venv(clone, peer, alone=name in HOSTS)
        pip = [peer.python, "-m", "pip", "install", *library.options, "-r", peer.requirements]
        ours = "" if name in HOSTS else "course_utils, "
        proof = [peer.python, "-c", f"import {ours}{library.module}"]
        if not all(call_installer(peer, [*map(str, command)]) for command in (pip, proof)):
            raise Refusal(
                f"{name} could not be installed; the reason stands above. Run the same command\n"
                "again: nothing half-made is kept. The course itself does not need it."
            )
        write_stamp(peer)
    return peer


def _make_venv(clone: Clone, peer: Peer, alone: bool) -> None:
    """Make an environment that sees everything in the course's own, after what is in itself.

    One that stands alone sees nothing but itself.
    """
    if not call_installer(peer, [str(clone.python), "-m", "venv", "--clear", str(peer.venv)]):
        raise Refusal(f"Python could not make {peer.venv}; the reason stands above.")
    if alone:
        return
    (packages,) = peer.venv.glob("[Ll]ib/**/site-packages")
    below = Path("..", "..", ".venv", packages.relative_to(peer.venv)).as_posix()
    # From here to there, so that no letter of the clone's own path stands in this file.
    link = f"import os, site, sys; site.addsitedir(os.path.join(sys.prefix, *{below.split('/')}))"
    (packages / "course.pth").write_text(link + "\n", "utf-8")
