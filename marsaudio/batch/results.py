"""The results of one recording, in a folder of their own that is there as a whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from marsaudio.atomic import TEMPORARY, kind_of, remedy
from marsaudio.batch.inputs import Item
from marsaudio.errors import DataUnavailableError, OutputError
from marsaudio.file_state import FileState, file_sha256, state_of_file
from marsaudio.json_file import read_json

RESULTS, UNFINISHED = "recordings", ".unfinished"
RESULT_FILE, EVENTS_FILE = "result.json", "events.csv"
STEM_FILES = ("wind.wav", "rover.wav")
RESULT_FORMAT, RESULT_VERSION = "marsaudio batch result", 1
# What a table tells of where a recording comes from.
ABOUT = ("title", "microphone", "sol", "date", "start_time", "start_local_mean_solar_time", "credit")
CELL = (str, int, float, type(None))


def files_of_result(*, stems: bool) -> tuple[str, ...]:
    """The names of the files of each result."""
    return (*(STEM_FILES if stems else ()), EVENTS_FILE, RESULT_FILE)


def folder_of(output: Path, item: Item) -> Path:
    """Where the results of a recording stand."""
    return output / RESULTS / item.name


def state_of(item: Item) -> list[dict[str, Any]]:
    """What tells whether a recording has changed: its files' names, sizes and times, and what it lacks."""
    states = []
    for file in item.files:
        path = Path(file)
        with contextlib.suppress(OSError, ValueError):  # what is not there is no result's input
            now = path.stat()
            states.append({"file": path.name, "bytes": now.st_size, "modified_ns": now.st_mtime_ns})
    if item.missing:
        states.append({"missing": list(item.missing)})
    return states


def states_of_files(item: Item) -> list[FileState | None]:
    """What tells, while they are read, whether other files have taken the names of a recording's."""
    return [state_of_file(file) for file in item.files]


def written_files(folder: Path, *, stems: bool) -> list[dict[str, Any]]:
    """What tells whether files of a result are still as they were written: sizes, and the events' checksum.

    Stems are gigabytes, and no table is made of them: of these the size must do.
    """
    described: list[dict[str, Any]] = [
        {"file": name, "bytes": (folder / name).stat().st_size}
        for name in files_of_result(stems=stems)
        if name != RESULT_FILE
    ]
    return [*described, {"file": EVENTS_FILE, "sha256": file_sha256(folder / EVENTS_FILE)}]


def result_of(output: Path, item: Item, *, stems: bool) -> dict[str, Any] | None:
    """What is known of a recording, if its result is there, whole, and of its files as they are now."""
    folder = folder_of(output, item)
    # Looked at before one is opened: to read a pipe might never end.
    if not all(kind_of(folder / name) == "file" for name in files_of_result(stems=stems)):
        return None
    try:
        held = read_json(folder / RESULT_FILE)
        whole = _is_result(held) and held.get("files") == written_files(folder, stems=stems)
    except (OSError, ValueError, DataUnavailableError):
        return None
    if not whole or held["recording"] != item.name or held.get("input") != state_of(item):
        return None
    return dict(held)


def _is_result(held: Any) -> bool:
    """Whether a table can be made of what a file holds."""
    if not isinstance(held, dict) or held.get("version") != RESULT_VERSION:
        return False
    figures, source, notes = (held.get(part) for part in ("figures", "source", "notes"))
    return (
        held.get("format") == RESULT_FORMAT
        and isinstance(held.get("recording"), str)
        and isinstance(held.get("simulated"), bool)
        and isinstance(figures, dict)
        and all(isinstance(value, CELL) for value in figures.values())
        and isinstance(source, dict)
        and all(isinstance(source.get(name), CELL) for name in ABOUT)
        and isinstance(notes, list)
        and all(isinstance(note, str) for note in notes)
    )


@contextlib.contextmanager
def unfinished_folder(output: Path, item: Item) -> Iterator[Path]:
    """A folder to write the results of a recording into, which is gone afterwards, moved or not.

    It is locked: a later run clears away what a killed process left, and nothing that one still writes.
    """
    place = output / UNFINISHED
    name = f"{_digest(item)}-{secrets.token_hex(6)}"
    folder, locked = place / name, place / f"{name}.lock"
    try:
        place.mkdir(exist_ok=True)
        lock = FileLock(locked)
        with lock:
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                locked.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, OutputError) or error.__class__.__module__.startswith("marsaudio"):
            raise
        raise cannot_write(output, error) from error


def put_in_place(folder: Path, output: Path, item: Item, *, stems: bool) -> None:
    """Give a finished folder its own name, in the place of an older result."""
    missing = [name for name in files_of_result(stems=stems) if kind_of(folder / name) != "file"]
    if missing:
        raise OutputError(
            f"Cannot write the results of {item.name!r}: {missing[0]!r} was taken away while they were "
            "written, perhaps by a run that was started since. Start again to go on."
        )
    target = folder_of(output, item)
    older = folder.with_name(f"{folder.name}-older")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if _is_taken(target):
            target.rename(older)
        try:
            folder.rename(target)
        except BaseException:
            if _is_taken(older) and not _is_taken(target):
                older.rename(target)
            raise
    except OSError as error:
        raise cannot_write(target, error) from error
    _clear(older)


def _is_taken(place: Path) -> bool:
    """Whether anything has that name, be it a link that leads nowhere."""
    return place.is_symlink() or kind_of(place) != "nothing"


def _clear(folder: Path) -> None:
    """Take away a folder with all that is in it, of a link to one the link alone, or what is no folder."""
    if folder.is_symlink() or kind_of(folder) in ("file", "other"):
        folder.unlink(missing_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def clear_temporary(output: Path) -> None:
    """Clear away half-written tables that a killed run left in a folder which only this run writes into."""
    for temporary in output.glob(f"{TEMPORARY}*"):
        with contextlib.suppress(OSError):
            temporary.unlink()


def clear_unfinished(output: Path, items: Iterable[Item]) -> list[Item]:
    """Clear away what killed processes left behind, and tell which recordings they were at."""
    place = output / UNFINISHED
    by_digest = {_digest(item): item for item in items}
    left = []
    for locked in sorted(place.glob("*.lock")):
        with contextlib.suppress(Timeout, OSError):  # somebody is at it
            with FileLock(locked, timeout=0):
                for folder in place.glob(f"{locked.stem}*"):
                    if folder != locked:
                        _clear(folder)
                locked.unlink(missing_ok=True)
            item = by_digest.get(locked.stem.partition("-")[0])
            if item is not None and item not in left:
                left.append(item)
    with contextlib.suppress(OSError):
        place.rmdir()
    return left


def cannot_write(place: Path, error: OSError) -> OutputError:
    """Say why nothing can be written, and what stays."""
    return OutputError(
        f"Cannot write into {str(place)!r}: {error.strerror or error}. What was finished stays; "
        f"{remedy(error)}, then start again to go on."
    )


def _digest(item: Item) -> str:
    return hashlib.sha256(item.name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
