"""Between a learning platform and nbgrader's folders: submissions come in, marks go out.

Archives are what Moodle ("Download all submissions") and Canvas ("Download Submissions") give;
grade files are what both let a teacher download, fill in, and upload again: Moodle's grading
worksheet, Canvas's exported grade book. Nothing in an archive is run or believed: of a submission
its notebook and its logbook are copied, under names of our own.
"""

import csv
import json
import re
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import NamedTuple

LARGEST = 30_000_000  # bytes of a notebook, with pictures; what is larger is no submission
# Anna Example_4711_assignsubmission_file_/lesson.ipynb; without folders _file_lesson.ipynb
MOODLE = re.compile(r"(?P<name>[^/]+?)_(?P<number>\d+)_assignsubmission_file_?/?(?P<file>[^/]+)")
# exampleanna_LATE_4711_90210_lesson.ipynb
CANVAS = re.compile(r"(?P<name>[^/_]+)_(?P<late>LATE_)?(?P<number>\d+)_\d+_(?P<file>[^/]+)")
EXCUSED = "excused"
MOODLE_LATE = re.compile(r"\blate\b")  # in the worksheet's column Status, where it is English


class Found(NamedTuple):
    """One file of an archive, and whose it is."""

    learner: str
    late: bool
    file: str
    member: zipfile.ZipInfo


class Scheme(NamedTuple):
    """What a teacher counts, in percent: predictions' share of a mark, and what lateness costs."""

    predictions: float = 0.0
    late: float = 0.0


def collect(archive: Path, stem: str, folder: Path) -> int:
    """Put an archive's notebooks where autograde looks for them; say what could not be placed."""
    handed_in: dict[str, list[Found]] = {}
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if found := _whose(member):
                handed_in.setdefault(found.learner, []).append(found)
            elif not member.is_dir():
                _say(f"{member.filename!r}: neither Moodle's name nor Canvas's, left out.")
        late = read_late(folder)
        for learner, files in sorted(handed_in.items()):
            if late.get((stem, learner)) != EXCUSED:
                late[stem, learner] = "yes" if any(one.late for one in files) else "no"
            _place(opened, files, folder / "submitted" / learner / stem, stem)
    _write_late(folder, late)
    overdue = [learner for learner in handed_in if late[stem, learner] == "yes"]
    _say(f"{len(handed_in)} learners in {archive.name}, {len(overdue)} of them late.")
    return 0 if handed_in else 1


def _whose(member: zipfile.ZipInfo) -> Found | None:
    """Read a learner from the name of a file; what bears another name is nobody's."""
    match = MOODLE.fullmatch(member.filename) or CANVAS.fullmatch(member.filename)
    if match is None or member.is_dir():
        return None
    parts = match.groupdict()
    plain = unicodedata.normalize("NFKD", parts["name"]).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
    learner = "_".join(filter(None, [name, parts["number"]]))
    return Found(learner, bool(parts.get("late")), parts["file"], member)


def _place(opened: zipfile.ZipFile, files: list[Found], place: Path, stem: str) -> None:
    """Write the newest notebook of one learner, and the logbook, if there is one."""
    newest_first = sorted(files, key=lambda one: one.member.date_time, reverse=True)
    notebooks = [one for one in newest_first if one.file.endswith(".ipynb")]
    logbooks = [one for one in newest_first if one.file.endswith(".json")]
    if len(notebooks) != 1:
        what = f"{len(notebooks)} notebooks, the newest is taken" if notebooks else "no notebook"
        _say(f"{files[0].learner}: {what}.")
    for found, name in ((notebooks, f"{stem}.ipynb"), (logbooks, "logbook.json")):
        if found and found[0].member.file_size > LARGEST:
            _say(f"{found[0].learner}: {found[0].file} is too large, left out.")
        elif found:
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(opened.read(found[0].member))


def read_late(folder: Path) -> dict[tuple[str, str], str]:
    """Read {(lesson, learner): "yes", "no", "excused"} from late.csv, which a teacher may edit."""
    path = folder / "late.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return {(row["lesson"], row["learner"]): row["late"] for row in rows}


def _write_late(folder: Path, late: dict[tuple[str, str], str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "late.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["lesson", "learner", "late"])
        writer.writerows([*place, said] for place, said in sorted(late.items()))


def fill(sheet: Path, stem: str, folder: Path, asked: int, scheme: Scheme) -> int:
    """Fill a grade file in, as upload_LESSON.csv; `asked`: how many predictions the lesson asks."""
    with sheet.open(newline="", encoding="utf-8-sig") as file:
        rows = [*csv.DictReader(file)]
    columns = [*rows[0]] if rows else []
    moodle = {"Identifier", "Grade"} <= {*columns}
    grade = "Grade" if moodle else _canvas_column(columns, stem)
    if not grade:
        no = f"neither Moodle's worksheet, nor Canvas's with a column for {stem[:2]}."
        _say(f"{sheet.name}: {no}")
        return 1
    shares = _shares(folder, stem, asked, scheme)
    late, most, filled = read_late(folder), "", 0
    for row in rows:
        number = re.sub(r"\D", "", row.get("Identifier", "") if moodle else row.get("ID") or "")
        if not number:  # the row of Canvas that says how many points there are
            most = row[grade] if "Points Possible" in (row.get("Student") or "") else most
            continue
        learner = next((one for one in shares if number == one.rpartition("_")[2]), None)
        if learner is None:
            continue
        overdue = bool(moodle and MOODLE_LATE.search(row.get("Status") or ""))
        said = late.get((stem, learner), "no")
        kept = 1 - scheme.late / 100 if said == "yes" or (overdue and said != EXCUSED) else 1
        points = float((row.get("Maximum Grade") if moodle else most) or 100)
        row[grade] = f"{shares[learner] * kept * points:.2f}"
        filled += 1
    path = folder / f"upload_{stem[:2]}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    _say(f"{path}: {filled} of {len(shares)} marks written.")
    return 0 if filled == len(shares) else 1


def _canvas_column(columns: list[str], stem: str) -> str | None:
    """Find the assignment's column, such as "02 The prune operator (4711)"."""
    if not {"Student", "ID"} <= {*columns}:
        return None
    found = [name for name in columns if re.search(rf"(?<!\d){stem[:2]}(?!\d).*\(\d+\)$", name)]
    return found[0] if len(found) == 1 else None


def _shares(folder: Path, stem: str, asked: int, scheme: Scheme) -> dict[str, float]:
    """Return {learner: share of the full mark} of one lesson, from marks.csv and logbooks."""
    weight = scheme.predictions / 100 if asked else 0
    shares = {}
    with (folder / "marks.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["assignment"] == stem and (learner := row["student_id"]):
                place = folder / "submitted" / learner / stem
                solved = float(row["score"] or 0) / float(row["max_score"])
                made = min(1, predictions_made(place / "logbook.json", stem) / max(asked, 1))
                shares[learner] = (1 - weight) * solved + weight * made
    return shares


def predictions_made(logbook: Path, stem: str) -> int:
    """Count a lesson's predictions for which the result was shown; right or not is no matter."""
    try:
        kept = json.loads(logbook.read_text("utf-8"))["predictions"]
        return sum(name.startswith(f"{stem[3:]}: ") and "was" in kept[name] for name in kept)
    # There is none, it is damaged, or it is another file.
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def _say(message: str) -> None:
    print(message, file=sys.stderr)
