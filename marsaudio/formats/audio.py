"""Audio files to samples, through soundfile: exact, and the same in blocks, in ranges and whole.

Samples are float32 arrays of shape (channels, frames) with full scale 1.0. What reads an open file is in
`marsaudio.formats.audio_reader`, what writes one in `marsaudio.formats.audio_writer`, what a file can hold in
`marsaudio.formats.encodings`; the names that others need of these stand here as well. What is known of a file
is in `marsaudio.formats.audio_info`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from marsaudio.errors import AudioFormatError
from marsaudio.file_state import FileState, state_of_file
from marsaudio.formats.audio_info import AudioInfo, Described
from marsaudio.formats.audio_reader import AudioReader
from marsaudio.formats.audio_writer import AudioWriter, WouldClipError, write_audio
from marsaudio.formats.encodings import BLOCK_FRAMES, INTEGER_BITS, Samples, encoding_for
from marsaudio.formats.opening import PathOrStream, capital, name_of, searchable
from marsaudio.formats.ranges import frame_range, no_samples

__all__ = [
    "BLOCK_FRAMES",
    "INTEGER_BITS",
    "AudioFile",
    "AudioReader",
    "AudioWriter",
    "PathOrStream",
    "Samples",
    "WouldClipError",
    "encoding_for",
    "frame_range",
    "no_samples",
    "read_audio",
    "write_audio",
]


class AudioFile(Described):
    """An audio file as a source of blocks that can be read again and again.

    Parameters
    ----------
    file
        The path of an audio file, or a searchable binary stream.

    Attributes
    ----------
    state : FileState
        As the file was when it was opened first. None of a stream.
    """

    def __init__(self, file: PathOrStream) -> None:
        self._file = file
        self._start = 0
        if not isinstance(file, (str, os.PathLike)):
            self._start = searchable(file, name_of(file)).tell()
        self.state = self._state_now()
        with AudioReader(file) as reader:
            self.name, self.info = reader.name, reader.info

    def read(self, start: int = 0, stop: int | None = None) -> Samples:
        """Read the frames from `start` up to `stop`, of shape (channels, stop - start)."""
        with self._reopened() as reader:
            return reader.read(start, stop)

    def blocks(self, length: int = BLOCK_FRAMES, *, first: int = 0) -> Iterator[Samples]:
        """Read from `first` to the end in blocks of shape (channels, `length`); the last may be shorter.

        Of a path, each call opens it for itself; of a stream, only one can be under way at a time.
        """
        with self._reopened() as reader:
            yield from reader.blocks(length, first=first)

    @contextlib.contextmanager
    def _reopened(self) -> Iterator[AudioReader]:
        """The file from its start, which must be the same as when it was opened first."""
        if not isinstance(self._file, (str, os.PathLike)):
            self._file.seek(self._start)
        with AudioReader(self._file) as reader:
            self._require_unchanged()
            yield reader
            self._require_unchanged()

    def _state_now(self) -> FileState | None:
        """None of a stream, or once it is gone: what is open can be read to its end."""
        return state_of_file(self._file) if isinstance(self._file, (str, os.PathLike)) else None

    def _require_unchanged(self) -> None:
        """Refuse a file that was written to since it was opened first: its parts would not fit together."""
        now = self._state_now()
        if now is not None and now != self.state:
            raise AudioFormatError(
                f"{capital(self.name)} was written to while it was read: its parts do not fit together. Wait "
                "until it is whole, and start again."
            )


def read_audio(
    file: PathOrStream, *, start: float = 0.0, stop: float | None = None
) -> tuple[Samples, AudioInfo]:
    """Read a range of an audio file, in seconds, at its own rate.

    Parameters
    ----------
    file
        A path, or a searchable binary stream.
    start, stop
        The range in seconds from the file's first sample; only this much is kept in memory. `stop` None
        means up to the end.

    Returns
    -------
    samples : ndarray of float32, shape (channels, frames)
    info : AudioInfo
        Of the whole file.

    Raises
    ------
    ParameterError
        The range is empty or lies outside the file.
    DataUnavailableError, AudioFormatError
        As `AudioReader`.
    """
    with AudioReader(file) as reader:
        first, last = frame_range(start, stop, reader.frames, reader.sample_rate, reader.name)
        return reader.read(first, last), reader.info
