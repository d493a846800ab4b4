"""A scoreboard for networks that strangers hand in: judged one by one, ranked by size.

    python -m course_utils.lessons.scoreboard FOLDER        (or make scoreboard ARGS=FOLDER)

What is handed in is a sparse file, `export.write_sparse(model, "NAME.sparse")`: arrays, and the
names of layers. A file can be wrong, hostile or huge. Of each file

    entries       what it may be and take, the budget, what is known of its network, a refusal
    isolation     a process of its own: limits of time, memory, disk, and a bare environment
    child         what happens there: `export.read_sparse` builds what is on its lists, in bounds
    network       what that holds, costs and answers
    judging       its answers compared with the labels, which it never sees
    board         the ranking: within the budget, fewest bytes, fewest MACs; ties are ties

Why no .keras files, with `keras.models.load_model(path, safe_mode=True)`? Such a file is a zip
archive with HDF5 in it, and its config names what Keras builds. Safe mode refuses Python code
(Lambda), pickled torch modules, saved TensorFlow programs and vocabularies from outside. It was got
round, or did not reach far enough, in

    CVE-2024-3660   Lambda layers: bytecode in the file, run while it loads
    CVE-2025-1550   config.json named any function of any module (Keras before 3.9)
    CVE-2025-8747   Keras's own helpers as tools, such as a download (before 3.11)
    CVE-2025-9905   HDF5 models, for which safe mode did nothing (before 3.11.3)
    CVE-2025-9906   a config that turned safe mode off (before 3.11)
    CVE-2025-12058  StringLookup: a vocabulary read from any file or address
    CVE-2026-0897   weights that declare an enormous shape (3.0 to 3.13.0)
    CVE-2026-1669   weights that take their values from files of the machine (3.0 to 3.13.1)
    CVE-2026-12479  layer names that are paths (3.14.0)
    CVE-2026-12481  Lambda again, where safe mode was not set (3.14.0)

and, in Keras's own list of changes, archives that unpack to a thousand times their size (pull
request 23010) and a saved program that is used as a function (23654, open in September 2026). So
nothing here rests on it: only what is on a list of known parts is handed on to Keras, rewritten,
with safe mode on. The tests hold each of these attacks that a sparse file could try against it.

**What this does not give.** It is no sandbox. The judging process runs as the person who started
it: were there a hole in NumPy or in TensorFlow, it could read that person's files and use the
network, which no program can give up without rights that most users lack. Limits of processor time
and disk hold on Linux and macOS, that of memory on Linux alone; on Windows only the clock is left.
A teacher who judges strangers' files does so in a container or a virtual machine without network,
as a user who owns nothing, and copies the result out.
"""

from course_utils.lessons.scoreboard.board import Scoreboard, scoreboard
from course_utils.lessons.scoreboard.entries import Budget, Entry, Limits
from course_utils.lessons.scoreboard.judging import judge

__all__ = ["Budget", "Entry", "Limits", "Scoreboard", "judge", "scoreboard"]
