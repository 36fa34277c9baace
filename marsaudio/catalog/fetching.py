"""Bring a recording to this machine: take what is here, else download it, whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import sys
from pathlib import Path

from marsaudio.atomic import replace_when_complete
from marsaudio.catalog.entries import Entry, entry
from marsaudio.catalog.storage import (
    DATA_DIRECTORY_VARIABLE,
    KnownChecksum,
    data_directory,
    file_sha256,
    known_checksum,
    local_path,
    record_checksum,
)
from marsaudio.errors import DataUnavailableError, OutputError

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0  # seconds; a server that is there answers in far less
READ_TIMEOUT = 60.0  # seconds without a single byte, not for the whole file
CHUNK_BYTES = 2**16
UNKNOWN_RIFF_SIZES = (0, 2**32 - 1)  # what programs write that cannot go back to fill in the size


class _SourceFailure(Exception):
    """One URL did not give the file; the message is the end of a sentence about it."""


def fetch(key: str, *, progress: bool = True) -> Path:
    """Give the path of a recording's file, downloading it into `data_directory` where it is not here.

    The file is checked against its checksum: the catalog's, else the one recorded when it was first
    downloaded (see `marsaudio.catalog.storage`). The result of the check is remembered until the process
    ends or the file changes.

    Parameters
    ----------
    key
        One of `marsaudio.catalog.keys`.
    progress : bool, optional
        Show a progress bar while downloading, if standard error is a terminal.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ParameterError
        There is no such key.
    DataUnavailableError
        None of the places that publish it gave the file, or the file here is not what it should be, or
        the record of checksums is damaged.
    OutputError
        The data directory cannot be written to.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> catalog.fetch("sample").name
    'simulated_18s.wav'
    """
    known = entry(key)
    path = local_path(key)
    if path is not None:
        _check_stored(path, known, known_checksum(known, path.parent))
        return path
    if not known.urls:
        raise DataUnavailableError(
            f"{known.file_name!r}, which comes with marsaudio, is missing. Install marsaudio again."
        )
    folder = data_directory()
    expected = known_checksum(known, folder)
    try:
        path, sha256 = _download(known, folder, expected, progress=progress)
        if expected is None:
            record_checksum(key, sha256, folder)
    except OutputError as error:
        raise OutputError(
            f"{error} The environment variable {DATA_DIRECTORY_VARIABLE} can name another folder to keep "
            "recordings in."
        ) from error
    return path


def _check_stored(path: Path, known: Entry, expected: KnownChecksum | None) -> None:
    remedy = "Delete it to fetch it again." if known.urls else "Install marsaudio again."
    if expected is not None:
        if (actual := file_sha256(path)) != expected.sha256:
            raise DataUnavailableError(
                f"{str(path)!r} is damaged or another file: its SHA-256 is {actual}, not {expected.sha256}, "
                f"as {expected.origin}. {remedy}"
            )
    elif known.size is not None and (size := path.stat().st_size) != known.size:
        raise DataUnavailableError(
            f"{str(path)!r} is damaged or another file: it has {size} bytes, not {known.size}. {remedy}"
        )


def _download(
    known: Entry, folder: Path, expected: KnownChecksum | None, *, progress: bool
) -> tuple[Path, str]:
    target = folder / known.file_name
    failures = []
    for url in known.urls:
        try:
            # Everything is checked under the temporary name, so that the final one is never wrong.
            with replace_when_complete(target) as temporary:
                _receive(url, temporary, progress=progress)
                sha256 = _check_received(temporary, known, expected)
        except _SourceFailure as failure:
            logger.info("%s did not give %s: %s", url, known.key, failure)
            failures.append(f"{url} ({failure})")
        else:
            logger.info("Downloaded %s from %s to %s", known.key, url, target)
            return target, sha256
    raise DataUnavailableError(
        f"{known.key!r} is not on this machine and could not be downloaded. Tried: {'; '.join(failures)}. "
        f"Check the network and try again, or get the file in another way and save it as {str(target)!r}. "
        f"The environment variable {DATA_DIRECTORY_VARIABLE} can name another folder that already has it; "
        "'sample' needs no network."
    )


def _receive(url: str, target: Path, *, progress: bool) -> None:
    # pooch.retrieve logs to standard error and takes one URL; its downloader does neither.
    import pooch
    import requests

    download = pooch.HTTPDownloader(
        progressbar=progress and sys.stderr is not None and sys.stderr.isatty(),
        chunk_size=CHUNK_BYTES,
        timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
    )
    try:
        download(url, str(target), None)
    except requests.exceptions.RequestException as error:
        # These are OSErrors: unnamed, they would pass for trouble with the disk.
        raise _SourceFailure(_reason_of(error)) from error


def _reason_of(error: Exception) -> str:
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}".rstrip()
    if isinstance(error, exceptions.SSLError):
        return "the server's certificate was refused"
    if isinstance(error, exceptions.ProxyError):
        return "the proxy did not let it through"
    if isinstance(error, exceptions.Timeout):
        return "the server did not answer in time"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "the connection broke off before the file was whole"
    if isinstance(error, exceptions.ConnectionError):
        return "the connection to the server failed"
    return type(error).__name__


def _check_received(path: Path, known: Entry, expected: KnownChecksum | None) -> str:
    """Hold a download against what is known, and return its SHA-256."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(12)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    # A server that has moved its files may answer with a web page and "200 OK". With no checksum to tell,
    # the page would be kept as the recording and its checksum as the right one.
    if not _begins_as_named(head, known.file_name):
        raise _SourceFailure(f"what it sent is no {Path(known.file_name).suffix} file")
    if known.size is not None and size != known.size:
        raise _SourceFailure(f"it sent {size} bytes, not {known.size}")
    # Where a server names no length, a broken connection looks like the end of the file.
    declared = int.from_bytes(head[4:8], "little")
    if head[:4] == b"RIFF" and declared not in UNKNOWN_RIFF_SIZES and declared > size:
        raise _SourceFailure(f"it sent {size} of {declared + 8} bytes")
    if expected is not None and sha256 != expected.sha256:
        raise _SourceFailure(
            f"the SHA-256 of what it sent is {sha256}, not {expected.sha256}, as {expected.origin}"
        )
    return sha256


def _begins_as_named(head: bytes, file_name: str) -> bool:
    match Path(file_name).suffix.lower():
        case ".wav":
            return head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"
        case ".mp3":
            return head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")
        case _:
            return True
