"""Run the course and its peers in turns and write what they took, a row an answer.

make bench                      under 15 minutes on two cores
make bench-full                 one to two hours, for narrow quartiles
make bench ARGS=--quick         seconds a part, to try it; writes to build/bench only
make bench ARGS="masks scan"    these parts alone

Needs a machine that does nothing else. A part that fails is named at the end, and the others go on.
What is done is kept in build/bench until all is: the same command after an interruption, or after a
failure, goes on where it was. A part that is whole replaces benchmarks/results/PART.csv, and at the
end benchmarks/page.py writes benchmarks/README.md.
"""

import argparse
import csv
import datetime
import sys
import time
import traceback
from pathlib import Path

import by_seed
import turns
from parts import FULL, PARTS, QUICK, SHORT, Case, Part

RESULTS = turns.HERE / "results"
DRAFTS = turns.ROOT / "build" / "bench"
SAME = ("machine", "cores", "python", "numpy", "tensorflow", "keras")


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that were asked for; return how many failed."""
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(names)}; all, if none")
    parser.add_argument("--full", action="store_const", const=FULL, default=SHORT, dest="mode")
    parser.add_argument("--quick", action="store_const", const=QUICK, dest="mode")
    options = parser.parse_args(arguments)
    if unknown := {*options.parts} - {*names}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    drafts = DRAFTS / options.mode
    drafts.mkdir(parents=True, exist_ok=True)
    results = drafts / "results" if options.mode == QUICK else RESULTS
    results.mkdir(exist_ok=True)
    chosen = [part for part in PARTS if part.name in (options.parts or names)]
    failed = [part.name for part in chosen if not finished(part, options.mode, drafts, results)]
    if not failed:
        for part in chosen:
            done_mark(drafts, part).unlink(missing_ok=True)
    if options.mode != QUICK:
        failed += [] if page() else ["page"]
    print(f"Failed: {', '.join(failed)}. Run it again to go on." if failed else "All is measured.")
    return len(failed)


def finished(part: Part, mode: str, drafts: Path, results: Path) -> bool:
    """Measure one part, or what is missing of it; tell whether it is whole now."""
    mark, around = done_mark(drafts, part), repr(turns.surroundings())
    if mark.exists() and mark.read_text("utf-8") == around:
        print(f"{part.name}: done before", flush=True)
        return True
    start, log = time.perf_counter(), drafts / f"{part.name}.log"
    draft = drafts / f"{part.name}.csv"
    try:
        measured(part, mode, draft, log)
    except Exception as reason:
        with log.open("a") as file:
            traceback.print_exc(file=file)
        print(f"{part.name}: failed: {reason} ({log.relative_to(turns.ROOT)})", flush=True)
        return False
    draft.replace(results / draft.name)
    mark.write_text(around, "utf-8")
    print(f"{part.name}: {time.perf_counter() - start:.0f} s", flush=True)
    return True


def measured(part: Part, mode: str, draft: Path, log: Path) -> None:
    """Append to a draft what it does not hold yet."""
    around = {key: str(value) for key, value in turns.surroundings().items()}
    rows = read(draft)
    if any(row[key] != around[key] for row in rows for key in SAME):
        print(f"{part.name}: begun on another machine, or with other versions; begun anew")
        draft.unlink()
        rows = []
    for case in part.cases[mode]:
        done = {int(row["repetition"]) for row in rows if row["case"] == case.name}
        if len(done) < case.repetitions:
            repeated(part, case, done, draft, log, around)


def repeated(part: Part, case: Case, done: set, draft: Path, log: Path, around: dict) -> None:
    """Repeat a case, as often as it should be, or for as long as it may."""
    with part.session(case, log) as repetition:
        start, last = time.perf_counter(), 0.0
        for number in sorted({*range(case.repetitions)} - done):
            spent = time.perf_counter() - start
            if last and spent + last > case.seconds:
                break
            date = datetime.datetime.now(datetime.UTC).date().isoformat()
            rows = [{"date": date, **around, **row} for row in repetition(number)]
            append(draft, part.fields, rows)
            last = time.perf_counter() - start - spent
            print(f"{part.name}, {case.name}: repetition {number + 1}, {last:.1f} s", flush=True)


def append(path: Path, fields: tuple[str, ...], rows: list[dict]) -> None:
    """Write the rows of a repetition, all at once, so that none is there by half."""
    by_seed.append(path, fields, [rounded(row) for row in rows])


def rounded(row: dict) -> dict:
    return {k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in row.items()}


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, none where there is none."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def done_mark(drafts: Path, part: Part) -> Path:
    return drafts / f"{part.name}.done"


def page() -> bool:
    """Write the page anew; tell whether that went well."""
    import page as pages

    try:
        pages.main([])
    except Exception:
        traceback.print_exc()
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
