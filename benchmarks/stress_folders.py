"""What stands in a folder of results, and whether it may: whole files of one run, and nothing else."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

TEMPORARY, UNFINISHED, LOCK = ".marsaudio-", ".unfinished", ".lock"
# What differs between two runs that nothing happened to: when a run ended, and when its input was written.
MOMENTS = re.compile(rb'"(finished_utc|modified_ns)": [^,\n]+')
RESULTS, RUN_FILE = "recordings/", "run.json"
TABLES = ("summary.csv", "events.csv")

Contents = Mapping[str, str]


def contents(folder: Path, *, place: Path | None = None) -> dict[str, str]:
    """The checksum of each file by its name, without temporary ones, locks, moments, and where it stands.

    Parameters
    ----------
    folder
    place
        What is left out of the paths in JSON documents.
    """
    found = {}
    for path in files_in(folder):
        name = path.relative_to(folder).as_posix()
        if is_temporary(name) or name.endswith(LOCK):
            continue
        held = path.read_bytes()
        if path.suffix == ".json":
            held = MOMENTS.sub(rb'"\1": ""', held)
            if place is not None:
                held = held.replace(str(place).encode(), b"")
        found[name] = hashlib.sha256(held).hexdigest()
    return found


def leftovers(folder: Path) -> list[str]:
    """Temporary files, and those of results that are not finished."""
    names = (path.relative_to(folder).as_posix() for path in files_in(folder))
    return sorted(name for name in names if is_temporary(name))


def files_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def is_temporary(name: str) -> bool:
    return any(part.startswith((TEMPORARY, UNFINISHED)) for part in name.split("/"))


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in files_in(folder))


def misfits(found: Contents, runs: Mapping[str, Contents]) -> list[str]:
    """What is wrong with files that each must be of one of these runs, and all of the same.

    Parameters
    ----------
    found
        What stands there.
    runs
        What each run that nothing happened to would leave, by what it is called.
    """
    origins = {name: {run for run, whole in runs.items() if whole.get(name) == found[name]} for name in found}
    if strange := sorted(name for name, origin in origins.items() if not origin):
        return [f"{', '.join(strange)}: neither of these runs wrote this"]
    if origins and not set.intersection(*origins.values()):
        sides = "; ".join(
            f"{', '.join(sorted(name for name in origins if origins[name] == {run}))} of the {run} run"
            for run in runs
        )
        return [f"files of two runs side by side: {sides}"]
    return []


def batch_misfits(folder: Path, found: Contents, runs: Mapping[str, Contents], recordings: int) -> list[str]:
    """The same of a batch, in which each result stands by itself, and tables tell of what there is.

    Parameters
    ----------
    folder, found, runs
    recordings
        How many rows the table has when it is whole.
    """
    whole = set().union(*(run.keys() for run in runs.values()))
    wrong = []
    for name in sorted({name.rpartition("/")[0] for name in found if name.startswith(RESULTS)}):
        one = {path: digest for path, digest in found.items() if path.startswith(f"{name}/")}
        wrong += misfits(one, runs)
        if missing := {path for path in whole if path.startswith(f"{name}/")} - one.keys():
            wrong.append(f"{', '.join(sorted(missing))}: missing in a result that is there")
    wrong += [
        f"{name}: neither of these runs wrote this"
        for name, digest in found.items()
        if not name.startswith(RESULTS) and name not in TABLES
        if all(run.get(name) != digest for run in runs.values())
    ]
    return wrong + [
        f"{name}: not a whole table"
        for name in TABLES
        if name in found and not is_whole_table((folder / name).read_text(), name, recordings)
    ]


def is_whole_table(text: str, name: str, recordings: int) -> bool:
    rows = list(csv.reader(io.StringIO(text)))
    has_all = name != TABLES[0] or len(rows) - 1 <= recordings
    return bool(rows) and text.endswith("\n") and len({len(row) for row in rows}) == 1 and has_all


def times_of_results(folder: Path) -> dict[str, int]:
    """When each finished result of a batch was written: it may not be written again."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in folder.glob(f"{RESULTS}**/result.json")
    }
