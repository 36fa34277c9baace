"""Where recordings lie on this machine, and whether they are still what they were.

A file whose checksum is in the catalog is held against that. NASA publishes none, so for the others the
checksum of the first download is written down in ``checksums.json`` in the data directory, and the file is
held against it from then on. A file that was put there by hand has no such record and is taken as it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from marsaudio.atomic import write_text
from marsaudio.catalog.entries import Entry, entry
from marsaudio.errors import DataUnavailableError, OutputError
from marsaudio.json_file import read_json

DATA_DIRECTORY_VARIABLE = "MARSAUDIO_DATA_DIR"
CHECKSUMS_FILE = "checksums.json"

# In the wheel the sample data lie inside the package; in a checkout they lie beside it.
_BUNDLED_FOLDERS = (Path(__file__).parents[1] / "sample_data", Path(__file__).parents[2] / "sample_data")


class KnownChecksum(NamedTuple):
    """A checksum that a file must have, and in words who says so."""

    sha256: str
    origin: str


def data_directory() -> Path:
    """Name the folder that downloaded recordings are kept in; it need not exist yet.

    Returns
    -------
    pathlib.Path
        What the environment variable ``MARSAUDIO_DATA_DIR`` says, else the user's cache folder for
        marsaudio on this system.

    Raises
    ------
    DataUnavailableError
        The user has no home directory, as in some containers, and the variable is not set.

    See Also
    --------
    marsaudio.catalog.fetch : What puts files there.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> catalog.data_directory().is_absolute()
    True
    """
    chosen = os.environ.get(DATA_DIRECTORY_VARIABLE)
    try:
        if chosen:
            return Path(chosen).expanduser().absolute()
        import pooch

        folder = Path(pooch.os_cache("marsaudio"))
        if not folder.is_absolute():  # a home that nobody knows stays "~", which would become a folder
            raise RuntimeError(f"{str(folder)!r} leads nowhere")
    except (OSError, RuntimeError) as error:  # OSError: the current folder was deleted
        what = "There is no home directory to keep recordings in"
        if chosen:
            what = f"{DATA_DIRECTORY_VARIABLE}={chosen!r} is no place that can be found"
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise DataUnavailableError(
            f"{what} ({reason}). Set the environment variable {DATA_DIRECTORY_VARIABLE} to the whole path of "
            "a folder."
        ) from error
    return folder


def local_path(key: str) -> Path | None:
    """Find a recording's file on this machine, without the network and without checking the file.

    Parameters
    ----------
    key
        One of `marsaudio.catalog.keys`.

    Returns
    -------
    pathlib.Path or None
        None where it would have to be downloaded.

    Raises
    ------
    ParameterError
        There is no such key.

    See Also
    --------
    marsaudio.catalog.fetch : Downloads what is not here.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> catalog.local_path("sample").name
    'simulated_18s.wav'
    """
    known = entry(key)
    for folder in _data_folders() if known.urls else _BUNDLED_FOLDERS:
        for name in known.file_names:
            # A folder that may not be looked into holds nothing that could be used.
            with contextlib.suppress(OSError):
                if (folder / name).is_file():
                    return folder / name
    return None


def _data_folders() -> tuple[Path, ...]:
    """The folder that downloads are kept in; none where it cannot be told, and so nothing is there."""
    try:
        return (data_directory(),)
    except DataUnavailableError:
        return ()


@contextlib.contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Keep other processes, and other threads, from working on a file of that name in a folder.

    Raises
    ------
    OutputError
        The folder cannot be made or written into.
    """
    from filelock import FileLock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f".{name}.lock", thread_local=False)
        lock.acquire()
    except OSError as error:
        raise OutputError(
            f"Cannot write into {str(folder)!r}: {error.strerror or error}. Choose another folder, or make "
            "it writable."
        ) from error
    try:
        yield
    finally:
        lock.release()


def known_checksum(known: Entry, folder: Path) -> KnownChecksum | None:
    """Tell which checksum a recording's file in `folder` must have, or None where nobody knows.

    Raises
    ------
    DataUnavailableError
        The record of earlier downloads is damaged. To go on without it would be to stop checking
        silently, so that is left to a person.
    """
    if known.sha256 is not None:
        return KnownChecksum(known.sha256, "the catalog says")
    recorded = recorded_checksums(folder).get(known.key)
    if recorded is None:
        return None
    return KnownChecksum(
        recorded,
        f"{str(folder / CHECKSUMS_FILE)!r} has it from the first download (if NASA has published a new "
        f"version since, remove {known.key!r} there)",
    )


def record_checksum(key: str, sha256: str, folder: Path) -> None:
    """Write down the checksum of a first download.

    Raises
    ------
    DataUnavailableError
        The record is damaged.
    OutputError
        It cannot be written.
    """
    with alone(folder, CHECKSUMS_FILE):
        checksums = recorded_checksums(folder) | {key: sha256}
        write_text(folder / CHECKSUMS_FILE, json.dumps(checksums, indent=2, sort_keys=True) + "\n")


def recorded_checksums(folder: Path) -> dict[str, str]:
    """The checksums of first downloads into a folder, by key; none where nothing was downloaded.

    Raises
    ------
    DataUnavailableError
        The record is damaged.
    """
    path = folder / CHECKSUMS_FILE
    try:
        checksums = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise DataUnavailableError(
            f"Cannot read {str(path)!r}, the checksums of what was downloaded: {error.strerror or error}. "
            "Make it readable."
        ) from error
    except ValueError as error:
        raise _damaged_checksums(path, str(error)) from error
    if not isinstance(checksums, dict):
        raise _damaged_checksums(path, "it holds no table of keys and checksums")
    for key, value in checksums.items():
        if not (isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)):
            raise _damaged_checksums(path, f"{value!r} at {key!r} is no SHA-256 of 64 hexadecimal digits")
    return checksums


def _damaged_checksums(path: Path, reason: str) -> DataUnavailableError:
    return DataUnavailableError(
        f"{str(path)!r}, which holds the checksums of what was downloaded, is damaged: {reason}. Repair or "
        "delete it; without it, the recordings beside it are taken as they are."
    )
