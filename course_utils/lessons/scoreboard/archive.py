"""The outermost layer of a .keras file: a zip archive of three plain members, and nothing else."""

import io
import stat
import zipfile

from course_utils.lessons.scoreboard.limits import Limits, Refused, one_line

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MEMBERS = frozenset({"metadata.json", CONFIG, WEIGHTS})
_STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpacked(data: bytes, limits: Limits) -> dict[str, bytes]:
    """Return the members of a .keras file by name; nothing is written to the disk.

    Names, kinds and declared sizes are looked at before anything is unpacked, and no more than
    the declared size is. Raises Refused for whatever Keras itself would not have written.
    """
    if not data.startswith(b"PK\x03\x04"):
        raise Refused("it is no .keras file: a zip archive was expected.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _require_plain(archive.infolist(), limits)
            return {member.filename: _read(archive, member) for member in archive.infolist()}
    except Refused:
        raise
    except Exception as error:  # a damaged archive raises a dozen kinds: zlib, struct, index, ...
        raise Refused(f"its zip archive is damaged ({one_line(error, 100)}).") from error


def _require_plain(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    names = [member.filename for member in members]
    for odd in sorted(set(names) - MEMBERS):
        raise Refused(f"its archive holds {one_line(repr(odd), 80)}: a model has no such part.")
    if sorted(names) != sorted(MEMBERS):
        raise Refused(f"its archive must hold {', '.join(sorted(MEMBERS))}, each of them once.")
    for member in members:
        _require_plain_member(member)
    _require_small({member.filename: member.file_size for member in members}, limits)


def _require_plain_member(member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or member.is_dir():
        raise Refused(f"{member.filename} in its archive is a link or no file at all.")
    if member.flag_bits & 1 or member.compress_type not in _STORED:
        raise Refused(f"{member.filename} in its archive is encrypted or packed in a rare way.")


def _require_small(sizes: dict[str, int], limits: Limits) -> None:
    if sum(sizes.values()) > limits.unpacked_bytes:
        raise Refused(
            f"it unpacks to {sum(sizes.values()):,} bytes; at most {limits.unpacked_bytes:,} are "
            "allowed."
        )
    if sizes[CONFIG] > limits.config_bytes:
        raise Refused(f"its {CONFIG} has more than the {limits.config_bytes:,} bytes allowed.")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        data = stream.read(member.file_size)  # with a number: without one it unpacks far ahead
        if len(data) != member.file_size or stream.read(1):
            raise Refused(f"{member.filename} in its archive has another size than declared.")
    return data
