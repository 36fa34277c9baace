"""Bring a recording to this machine: take what is here, else download it, whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from marsaudio.atomic import replace_when_complete
from marsaudio.catalog.entries import Entry, entry
from marsaudio.catalog.storage import (
    DATA_DIRECTORY_VARIABLE,
    KnownChecksum,
    alone,
    data_directory,
    known_checksum,
    local_path,
    record_checksum,
)
from marsaudio.errors import DataUnavailableError, OutputError
from marsaudio.file_state import file_sha256

if TYPE_CHECKING:
    import requests

    from marsaudio.catalog.connections import Session

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0  # seconds; a server that is there answers in far less
READ_TIMEOUT = 60.0  # seconds without a single byte, not for the whole file
SLOWEST_RATE = 1000.0  # bytes a second, from the first minute on: an hour for the smallest of NASA's clips
TRIES = 2  # at each place: a connection that broke off is begun anew once
CHUNK_BYTES = 2**16
MOST_BYTES = 2**30  # where the catalog knows no size: over an hour of two channels at 48 kHz and 24 bits
MOST_HEAD_BYTES = 2**18  # of an answer, before the file
WHOLE_FILE = 200  # the status of such an answer
MOST_HOPS = 10  # from where a file was to where it is
UNKNOWN_RIFF_SIZES = (0, 2**32 - 1)  # what programs write that cannot go back to fill in the size


class _SourceFailure(Exception):
    """One URL did not give the file; the message is the end of a sentence about it."""


class _BrokenOff(_SourceFailure):
    """It began to give the file, and may give all of it the next time."""


class _Arrivals:
    """What has arrived of an answer; whose server only dribbles, or does not end, is given up on."""

    def __init__(self) -> None:
        self.expect(0)

    def expect(self, most: int) -> None:
        """Begin to count anew, up to `most` bytes."""
        self._most, self._received = most, 0
        self._begun: float | None = None  # with the first byte: a server may think before it answers

    def add(self, count: int) -> None:
        now = time.monotonic()
        if self._begun is None:
            self._begun = now
        self._received += count
        elapsed = now - self._begun
        if elapsed > READ_TIMEOUT and self._received < SLOWEST_RATE * elapsed:
            raise _SourceFailure(f"it sent only {self._received} bytes in {elapsed:.0f} s")
        if self._received > self._most:
            raise _SourceFailure(f"it sent {self._received} bytes of what goes before or around a file")


def fetch(key: str, *, progress: bool = True) -> Path:
    """Give the path of a recording's file, downloading it where it is not here.

    It is kept in the folder that `marsaudio.catalog.data_directory` names. The file is checked
    against its checksum: the catalog's, else the one recorded when it was first downloaded (see
    ``marsaudio.catalog.storage``). The result of the check is remembered until the process ends or the file
    changes.

    A server is given up on, and the next one tried, that sends less than a thousand bytes a second, that
    sends on to a place without encryption, or that sends more bytes than the catalog says; where it does not
    say how many there are, more than 1 GiB.

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

    See Also
    --------
    marsaudio.catalog.local_path : Without downloading.
    marsaudio.load : Fetches by itself.

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
    try:
        with alone(folder, known.file_name):
            # Another process may have brought it while this one waited.
            if (path := local_path(key)) is not None:
                _check_stored(path, known, known_checksum(known, path.parent))
                return path
            path = _download(known, folder, known_checksum(known, folder), progress=progress)
    except OutputError as error:
        raise OutputError(
            f"{error} The environment variable {DATA_DIRECTORY_VARIABLE} can name another folder to keep "
            "recordings in."
        ) from error
    return path


def is_verified(key: str) -> bool | None:
    """Tell whether a recording's file on this machine is what it should be, without the network.

    Parameters
    ----------
    key
        One of `marsaudio.catalog.keys`.

    Returns
    -------
    bool or None
        Whether its SHA-256 is the catalog's, or else that of the first download. None where it is not here,
        or where nobody knows the checksum: then it was put there by hand, and is taken as it is.

    Raises
    ------
    ParameterError
        There is no such key.
    DataUnavailableError
        The record of checksums is damaged.

    See Also
    --------
    marsaudio.catalog.fetch : Where the check is made.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> catalog.is_verified("sample")
    True
    """
    known, path = entry(key), local_path(key)
    expected = None if path is None else known_checksum(known, path.parent)
    if path is None or expected is None:
        return None
    return file_sha256(path) == expected.sha256


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


def _download(known: Entry, folder: Path, expected: KnownChecksum | None, *, progress: bool) -> Path:
    target = folder / known.file_name
    if target.is_symlink():  # to nothing: what is there was taken before
        raise DataUnavailableError(
            f"{str(target)!r} is a link to {os.fspath(target.readlink())!r}, which is not there, and no "
            "download is written through a link. Bring back what it leads to, or remove it."
        )
    tries: list[tuple[str, bool]] = []
    reasons: dict[str, str] = {}
    for url in (url for url in known.urls for _ in range(TRIES)):
        if any(url == tried and not again for tried, again in tries):
            continue
        try:
            # Everything is checked under the temporary name, so that the final one is never wrong.
            with replace_when_complete(target) as temporary:
                _receive(url, temporary, size=known.size, progress=progress)
                sha256 = _check_received(temporary, known, expected)
                if expected is None:
                    # Before the file has its name: else who is killed in between would have a file of which
                    # nobody knows the checksum, and which is taken as it is from then on.
                    record_checksum(known.key, sha256, folder)
        except _SourceFailure as failure:
            logger.info("%s did not give %s: %s", url, known.key, failure)
            tries.append((url, isinstance(failure, _BrokenOff)))
            reasons[url] = str(failure)
        else:
            logger.info("Downloaded %s from %s to %s", known.key, url, target)
            return target
    raise DataUnavailableError(
        f"{known.key!r} is not on this machine and could not be downloaded. Tried: "
        f"{'; '.join(f'{url} ({reason})' for url, reason in reasons.items())}. "
        f"Check the network and try again, or get the file in another way and save it as {str(target)!r}. "
        f"The environment variable {DATA_DIRECTORY_VARIABLE} can name another folder that already has it; "
        "'sample' needs no network."
    )


def _receive(url: str, target: Path, *, size: int | None = None, progress: bool) -> None:
    # pooch's downloader takes a server that dribbles for one that gives, and waits for years.
    import requests
    from tqdm import tqdm

    from marsaudio.catalog.connections import Session

    most, allowed = MOST_BYTES, f"more than the {MOST_BYTES} that a file of unknown size may have"
    if size is not None:
        most, allowed = size, f"not {size}"
    shown = progress and sys.stderr is not None and sys.stderr.isatty()
    arrivals = _Arrivals()
    received = 0
    try:
        with Session(arrivals.add) as session, _answer(session, url, arrivals) as answer:
            answer.raise_for_status()
            if answer.status_code != WHOLE_FILE:
                raise _SourceFailure(f"it answered with {answer.status_code}, and not with the whole file")
            length = _told_length(answer)
            if length is not None and length > most:
                raise _SourceFailure(f"it would send {length} bytes, {allowed}")
            # Chunks have lines of their own around them, as long and as many as a server likes.
            arrivals.expect(most + most // 8 + MOST_HEAD_BYTES)
            with (
                open(target, "wb") as file,
                tqdm(total=length, unit="B", unit_scale=True, disable=not shown, file=sys.stderr) as bar,
            ):
                for chunk in answer.iter_content(CHUNK_BYTES):
                    received += len(chunk)
                    if received > most:
                        raise _SourceFailure(f"it had sent {received} bytes when it was stopped, {allowed}")
                    file.write(chunk)
                    bar.update(len(chunk))
    except requests.exceptions.ChunkedEncodingError as error:
        raise _BrokenOff(_reason_of(error)) from error
    except requests.exceptions.RequestException as error:
        # These are OSErrors: unnamed, they would pass for trouble with the disk.
        raise _SourceFailure(_reason_of(error)) from error
    if length is not None and received < length:
        raise _BrokenOff(f"it sent {received} of {length} bytes")


def _answer(session: Session, url: str, arrivals: _Arrivals) -> requests.Response:
    """Ask for a file, also at the places where it has moved to; the body is yet to be read.

    Each place is asked as if it were the first, so that it learns nothing that is meant for another.
    """
    from requests.exceptions import InvalidHeader

    for _ in range(1 + MOST_HOPS):
        arrivals.expect(MOST_HEAD_BYTES)
        try:
            answer = session.get(
                url,
                headers={"Accept-Encoding": "identity"},  # else the length is not that of the file
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                stream=True,
                allow_redirects=False,
            )
            if not answer.is_redirect:
                return answer
            answer.close()  # with its body unread
            is_encrypted = urlsplit(url).scheme == "https"
            url = urljoin(answer.url, session.moved_to(answer))
            if is_encrypted and urlsplit(url).scheme != "https":
                raise _SourceFailure("it sends on to a place without encryption")
        except InvalidHeader:
            raise
        except ValueError as error:  # by requests, by urllib3, or by Python, as it is wrong in this or that
            raise _SourceFailure("one of the addresses on the way to it is none") from error
    raise _SourceFailure("it sends from one place to another without end")


def _told_length(answer: requests.Response) -> int | None:
    """How long the file is, where the answer says so."""
    told = answer.headers.get("content-length", "")
    is_number = told.isdecimal() and len(told) < 20  # Python refuses to read thousands of digits
    return int(told) or None if is_number and "content-encoding" not in answer.headers else None


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
