"""Make an environment for each library that the course's masks and schedules are compared with.

It lies in .venv-peers/NAME, on top of .venv: it holds the library alone and finds all else there,
so that both sides of a comparison compute with the same NumPy and TensorFlow, and the lock stays
lean.
"""

from dataclasses import dataclass
from pathlib import Path

from front_door.install import call_installer, environment_state, one_at_a_time, write_stamp
from front_door.paths import Clone
from front_door.preflight import Refusal


@dataclass(frozen=True)
class Library:
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
# Not a library to compare with, but one that few need, and no learner's JupyterLab should load.
TOOLS = {
    "nbgrader": Library(
        "nbgrader", "It takes half a minute, 20 MB to download and about 70 MB on the disk."
    ),
}


@dataclass(frozen=True)
class Peer(Clone):
    """The places of one library's environment; it is set up and run as the course's own is."""

    name: str

    @property
    def venv(self) -> Path:
        """The environment of this library."""
        return self.root / ".venv-peers" / self.name

    @property
    def requirements(self) -> Path:
        """The pinned version of the library."""
        return self.root / "tests" / "peers" / f"{self.name}.txt"

    @property
    def pinned(self) -> tuple[Path, ...]:
        """The library's pins, and what .venv was made with: another Python there, all anew."""
        return self.requirements, Clone(self.root).venv / "pyvenv.cfg"


def named_peers(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split the arguments into names of libraries (none means all) and pytest's arguments.

    >>> named_peers(["torch", "-x"])
    (['torch'], ['-x'])
    """
    names = [word for word in arguments if word in LIBRARIES]
    return names or list(LIBRARIES), [word for word in arguments if word not in LIBRARIES]


def set_up_peer(clone: Clone, name: str) -> Peer:
    """Bring .venv-peers/NAME to what its pins ask for; return at once where it is so already.

    A finished environment has a stamp. Without one, or with an older one, it is made anew, so that
    a set-up that was interrupted leaves nothing half-made; pip keeps what it has downloaded.
    """
    peer = Peer(clone.root, name)
    with one_at_a_time(peer):
        if environment_state(peer) == "ready":
            return peer
        print(f"Installing {name} into .venv-peers. {_library(name).cost}", flush=True)
        peer.stamp.unlink(missing_ok=True)
        _make_venv(clone, peer)
        _install(peer)
        write_stamp(peer)
    return peer


def _make_venv(clone: Clone, peer: Peer) -> None:
    """Make an environment that sees everything in the course's own, after what is in itself."""
    if not call_installer(peer, [str(clone.python), "-m", "venv", "--clear", str(peer.venv)]):
        raise Refusal(f"Python could not make {peer.venv}; the reason stands above.")
    (packages,) = peer.venv.glob("[Ll]ib/**/site-packages")
    below = Path("..", "..", ".venv", packages.relative_to(peer.venv)).as_posix()
    # From here to there, so that no letter of the clone's own path stands in this file.
    link = f"import os, site, sys; site.addsitedir(os.path.join(sys.prefix, *{below.split('/')}))"
    (packages / "course.pth").write_text(link + "\n", "utf-8")


def _library(name: str) -> Library:
    return {**LIBRARIES, **TOOLS}[name]


def _install(peer: Peer) -> None:
    library = _library(peer.name)
    pip = [str(peer.python), "-m", "pip", "install", *library.options, "-r", str(peer.requirements)]
    proof = [str(peer.python), "-c", f"import course_utils, {library.module}"]
    if not (call_installer(peer, pip) and call_installer(peer, proof)):
        raise Refusal(
            f"{peer.name} could not be installed; the reason stands above. Run the same command\n"
            "again: nothing half-made is kept. The course itself does not need it."
        )
