"""Which version of a file is meant: what changes when it is written to, and its checksum."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from marsaudio.errors import DataUnavailableError


class FileState(NamedTuple):
    """What changes when a file is written to, or another one takes its name."""

    device: int
    inode: int
    size: int
    modified_ns: int


def state_of_file(path: str | os.PathLike[str]) -> FileState | None:
    """The state of a file as it is now; None where there is none, or no file can have such a name."""
    try:
        now = Path(path).stat()
    except (OSError, ValueError):
        return None
    return FileState(now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)


def file_sha256(path: Path) -> str:
    """Compute the SHA-256 of a file, once per process as long as its state stays the same.

    Raises
    ------
    DataUnavailableError
        It cannot be read.
    """
    try:
        return _sha256_of_version(path, state_of_file(path))
    except OSError as error:
        raise DataUnavailableError(
            f"Cannot read {str(path)!r}: {error.strerror or error}. Check that it is there and may be read."
        ) from error


def sha256_of_state(path: Path, state: FileState | None) -> str | None:
    """The SHA-256 of a file while it was in that state; None where it is in another one."""
    if state is None or state_of_file(path) != state:
        return None
    try:
        sha256 = _sha256_of_version(path, state)
    except OSError:
        return None
    return sha256 if state_of_file(path) == state else None


@functools.lru_cache(maxsize=256)
def _sha256_of_version(path: Path, state: FileState | None) -> str:  # noqa: ARG001 - the state is a part of its key
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
