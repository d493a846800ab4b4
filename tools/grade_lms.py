"""Between a learning platform and nbgrader's folders: submissions come in, marks go out.

Archives are what Moodle ("Download all submissions") and Canvas ("Download Submissions") give;
grade files are what both let a teacher download, fill in, and upload again: Moodle's grading
worksheet, Canvas's exported grade book. Nothing in an archive is run or believed: of a submission
its notebook and its logbook are copied, under names of our own.
"""

import csv
import io
import json
import re
import sys
import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

LARGEST = 30_000_000  # bytes of a notebook, with pictures; what is larger is no submission
# Anna Example_4711_assignsubmission_file_/lesson.ipynb; without folders _file_lesson.ipynb
MOODLE = re.compile(
    r"(?P<name>[^/]+?)_(?P<number>\d+)_assignsubmission_(file|onlinetext)_?/?(?P<file>[^/]+)"
)
# exampleanna_LATE_4711_90210_lesson.ipynb
CANVAS = re.compile(r"(?P<name>[^/_]+)_(?P<late>LATE_)?(?P<number>\d+)_\d+_(?P<file>[^/]+)")
EXCUSED = "excused"
MOODLE_LATE = re.compile(r"\blate\b")  # in the worksheet's column Status, where it is English


class WrongFile(ValueError):
    """A file that is not what was expected; the text says what was, and what to do."""


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
    late = read_late(folder)
    with _opened(archive) as opened:
        for member in opened.infolist():
            if found := _whose(member):
                handed_in.setdefault(found.learner, []).append(found)
            elif not member.is_dir():
                _say(f"{member.filename!r}: neither Moodle's name nor Canvas's, left out.")
        for learner, files in sorted(handed_in.items()):
            known = late.get((stem, learner), "no")  # perhaps by a teacher's hand
            late[stem, learner] = "yes" if known == "no" and any(f.late for f in files) else known
            _place(opened, files, folder / "submitted" / learner / stem, stem)
    _write_late(folder, late)
    overdue = [learner for learner in handed_in if late[stem, learner] == "yes"]
    _say(f"{len(handed_in)} learners in {archive.name}, {len(overdue)} of them late.")
    if not handed_in:
        _say("Take the archive as it was downloaded; one made anew holds a folder around all.")
    return 0 if handed_in else 1


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (OSError, zipfile.BadZipFile) as error:
        what = "the archive of all submissions, a zip file, was expected"
        raise WrongFile(f"{archive}: {what} ({error}).") from error


def _whose(member: zipfile.ZipInfo) -> Found | None:
    """Read a learner from the name of a file; what bears another name is nobody's."""
    match = MOODLE.fullmatch(member.filename) or CANVAS.fullmatch(member.filename)
    parts = match.groupdict() if match and not member.is_dir() else {"file": "."}
    if parts["file"].startswith("."):  # macOS keeps what it knows of x.ipynb in ._x.ipynb
        return None
    plain = unicodedata.normalize("NFKD", parts["name"]).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:60]
    learner = "_".join(filter(None, [name, parts["number"]]))
    return Found(learner, bool(parts.get("late")), parts["file"], member)


def _place(opened: zipfile.ZipFile, files: list[Found], place: Path, stem: str) -> None:
    """Write the newest notebook of one learner, and the logbook, if there is one."""
    newest_first = sorted(files, key=lambda one: one.member.date_time, reverse=True)
    kinds = {"ipynb": [], "json": []}
    for one in newest_first:  # some browsers save as x.ipynb.txt, or x.ipynb.json
        if kind := re.search(r"\.(ipynb|json)(\.txt|\.json)?$", one.file.lower()):
            kinds[kind[1]].append(one)
    notebooks, logbooks = kinds.values()
    logbooks.sort(key=lambda one: "logbook" not in one.file.lower())
    if len(notebooks) != 1:
        names = ", ".join(one.file for one in notebooks or newest_first)
        what = (
            f"{len(notebooks)} notebooks, the first is the newest, and taken"
            if notebooks
            else ("no notebook")
        )
        _say(f"{files[0].learner}: {what}: {names}.")
    for found, name in ((notebooks, f"{stem}.ipynb"), (logbooks, "logbook.json")):
        if found and found[0].member.file_size > LARGEST:
            _say(f"{found[0].learner}: {found[0].file} is too large, left out.")
        elif found:
            try:
                data = opened.read(found[0].member)
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
                _say(f"{found[0].learner}: {found[0].file} is damaged, left out ({error}).")
                continue
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
            if name != "logbook.json" and (odd := no_marks_for(data, stem)):
                _say(f"{found[0].learner}: no marks for {found[0].file}, {odd}.")


def no_marks_for(notebook: bytes, stem: str) -> str | None:
    """Say why nbgrader will give no marks, or None; what else it finds, autograde tells."""
    try:
        cells = [one["metadata"].get("nbgrader", {}) for one in json.loads(notebook)["cells"]]
        ours = [cell["grade_id"] for cell in cells if cell.get("grade_id", "").startswith(stem)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "which cannot be read: it is damaged, or is none"
    if not ours:
        return "which is not the one that was released for this lesson"
    twice = len({*ours}) < len(ours)
    return "in which an exercise's cell stands twice: take one out, and grade it" if twice else None


def read_late(folder: Path) -> dict[tuple[str, str], str]:
    """Read {(lesson, learner): "yes", "no", "excused"} from late.csv, which a teacher may edit."""
    path = folder / "late.csv"
    rows = _rows(path)[0] if path.is_file() else []
    if any({"lesson", "learner", "late"} - {*row} for row in rows):
        raise WrongFile(f"{path}: the columns lesson, learner and late were expected.")
    late = {(row["lesson"], row["learner"]): (row["late"] or "no").strip().lower() for row in rows}
    if odd := {*late.values()} - {"yes", "no", EXCUSED}:
        raise WrongFile(
            f"{path}: late is yes, no or {EXCUSED}, and not {' or '.join(sorted(odd))}."
        )
    return late


def _rows(path: Path) -> tuple[list[dict[str, str]], str]:
    """Read a table as a platform or a spreadsheet writes it, and with what it parts columns."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise WrongFile(f"{path}: it cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise WrongFile(f"{path}: save it as CSV in UTF-8; it is in another encoding.") from error
    head = text.partition("\n")[0]
    parts = max(",;\t", key=head.count)
    return [*csv.DictReader(io.StringIO(text, newline=""), delimiter=parts)], parts


def _write_late(folder: Path, late: dict[tuple[str, str], str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "late.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["lesson", "learner", "late"])
        writer.writerows([*place, said] for place, said in sorted(late.items()))


def fill(sheet: Path, stem: str, folder: Path, asked: int, scheme: Scheme) -> int:
    """Fill a grade file in, as upload_LESSON.csv; `asked`: how many predictions the lesson asks."""
    rows, parts = _rows(sheet)
    columns = [*rows[0]] if rows else []
    moodle = {"Identifier", "Grade"} <= {*columns}
    grade = "Grade" if moodle else _canvas_column(columns, stem)
    if not grade:
        raise WrongFile(
            f"{sheet.name}: neither Moodle's worksheet in English (choose that language before you "
            f"download it), nor Canvas's with one column for {stem[:2]}."
        )
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
        points = (row.get("Maximum Grade") if moodle else most) or "100"
        try:
            points = float(points.replace(",", "."))
        except ValueError:
            raise WrongFile(f"{sheet.name}: grade in points; {points!r} is no number.") from None
        row[grade] = f"{shares[learner] * kept * points:.2f}"
        filled += 1
    path = folder / f"upload_{stem[:2]}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, delimiter=parts)
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
    marks = folder / "marks.csv"
    if not marks.is_file():
        raise WrongFile(
            f'{marks} is not there: first make grade ARGS="autograde", then ARGS=marks.'
        )
    scores = {
        row["student_id"]: float(row["score"] or 0) / (float(row["max_score"] or 0) or 1)
        for row in _rows(marks)[0]
        if row["assignment"] == stem
    }
    # Not by its table: there nbgrader has everybody for every lesson, with 0 who handed nothing in,
    # or what failed; and nobody whose only notebook it was never given.
    for place in sorted((folder / "submitted").glob(f"*/{stem}")):
        learner, notebook = place.parent.name, place / f"{stem}.ipynb"
        odd = no_marks_for(notebook.read_bytes(), stem) if notebook.is_file() else None
        if odd:  # autograde left it out: what is marked was handed in before it
            _say(f"{learner}: no mark for a notebook {odd}.")
        elif learner not in scores or not (folder / "autograded" / learner / stem).is_dir():
            _say(f"{learner}: handed in, but not graded, so no mark; autograde says why.")
        else:
            made = min(1, predictions_made(place / "logbook.json", stem) / max(asked, 1))
            shares[learner] = (1 - weight) * scores[learner] + weight * made
    return shares


def predictions_made(logbook: Path, stem: str) -> int:
    """Count a lesson's predictions for which the result was shown; right or not is no matter."""
    try:
        kept = json.loads(logbook.read_text("utf-8"))["predictions"]
        return sum(name.startswith(f"{stem[3:]}: ") and "was" in kept[name] for name in kept)
    # There is none, it is damaged, or it is another file.
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def bundle_feedback(stem: str, folder: Path) -> int:
    """Put the pages of feedback into one zip file that Moodle takes; return how many.

    Moodle finds the learner by the number, behind a name without underscores.
    """
    pages = {}
    for page in sorted((folder / "feedback").glob(f"*/{stem}/{stem}.html")):
        name, _, number = page.parent.parent.name.rpartition("_")
        if number.isdecimal():  # else it came from no platform
            whose = f"{name.replace('_', '-') or 'learner'}_{number}"
            pages[f"{whose}_assignfeedback_file_{stem}.html"] = page
    if pages:
        path = folder / f"feedback_{stem[:2]}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, page in pages.items():
                made.write(page, name)
        _say(f"{path}: {len(pages)} pages; Moodle takes it as a zip of feedback files.")
    return len(pages)


def _say(message: str) -> None:
    print(message, file=sys.stderr)
