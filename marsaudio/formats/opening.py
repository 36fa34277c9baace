"""Open what was given to be read, a path or a stream, or say why it cannot be."""

from __future__ import annotations

import difflib
import io
import itertools
import os
from pathlib import Path
from typing import Any, BinaryIO

from marsaudio.atomic import kind_of
from marsaudio.errors import AudioFormatError, DataUnavailableError, ParameterError
from marsaudio.formats.audio_writer import reason_of

MOST_NAMES = 1000  # of a folder that are looked through for one like another

PathOrStream = str | os.PathLike[str] | BinaryIO


def name_of(file: PathOrStream) -> str:
    """What to call a file in the middle of a sentence."""
    if isinstance(file, (str, os.PathLike)):
        return repr(os.fsdecode(file))
    name = getattr(file, "name", None)  # a number, where it was opened from a descriptor
    return repr(name) if isinstance(name, str) else "the given file object"


def capital(words: str) -> str:
    """The same words for the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def open_for_reading(
    path: str | os.PathLike[str], *, wanted: str = "an audio file", may_be_empty: bool = False
) -> io.BufferedReader:
    """Open a path, refusing what is no file, not there, locked or, unless it may be, empty."""
    name = name_of(path)
    kind = kind_of(path)
    if kind == "folder":
        raise AudioFormatError(f"{name} is a folder, not {wanted}. Name a file inside it.")
    if kind == "other":
        # Opening a pipe would wait for somebody to write to it.
        raise AudioFormatError(
            f"{name} is a pipe or a device, not a file. Save what it gives to a file first."
        )
    try:
        stream = open(path, "rb")  # noqa: SIM115  (the caller closes it)
    except FileNotFoundError as error:
        raise DataUnavailableError(
            f"There is no file {name}.{_nearest_file(path)} Check the spelling and the "
            f"folder{_current_folder()}."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        advice = " Ask its owner to let you read it." if isinstance(error, PermissionError) else ""
        raise AudioFormatError(f"Cannot open {name}: {reason_of(error)}.{advice}") from error
    if not may_be_empty and not stream.read(1):
        stream.close()
        raise AudioFormatError(f"{name} is empty (0 bytes). Fetch or copy it again.")
    stream.seek(0)
    return stream


def _nearest_file(path: str | os.PathLike[str]) -> str:
    """A question after a file beside it whose name is nearly the same; empty where there is none."""
    wanted = Path(os.fsdecode(path))
    try:
        names = [entry.name for entry in itertools.islice(wanted.parent.iterdir(), MOST_NAMES)]
    except OSError:
        return ""
    nearest = difflib.get_close_matches(wanted.name, names, n=1, cutoff=0.8)
    return f" Is {str(wanted.with_name(nearest[0]))!r} meant?" if nearest else ""


def _current_folder() -> str:
    try:
        return f" ({str(Path.cwd())!r} is the current one)"
    except OSError:  # it was deleted
        return ""


def searchable(file: Any, name: str) -> BinaryIO:
    """Refuse what is no stream of bytes that can be searched and has something left."""
    if isinstance(file, io.TextIOBase):
        raise ParameterError(f"{capital(name)} was opened as text. Open it as bytes: open(path, 'rb').")
    try:
        start = file.tell()
        file.seek(start)
        first = file.read(1)
        file.seek(start)
    except (AttributeError, TypeError) as error:
        raise ParameterError(
            f"Cannot read {file!r}: it is neither a path nor a binary file that can be read and searched "
            "(read, seek, tell)."
        ) from error
    except Exception as error:
        raise AudioFormatError(
            f"Cannot read {name}: {reason_of(error)}. Give a path, or a binary file that is open for reading "
            "and can be searched; what comes through a pipe or from a server can go into io.BytesIO first."
        ) from error
    if not first:
        raise AudioFormatError(
            f"There is nothing to read in {name} from byte {start} on, where it stands. Unless it is empty, "
            "go back with seek(0) first."
        )
    stream: BinaryIO = file
    return stream
