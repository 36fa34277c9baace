"""Samples to audio files: exact where the format is exact, never clipped, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np

from marsaudio.atomic import replace_when_complete
from marsaudio.errors import AudioFormatError, OutputError, ParameterError
from marsaudio.formats.chunks import chunks_of
from marsaudio.formats.encodings import (
    BLOCK_FRAMES,
    ENCODINGS_OF_CONTAINER,
    INTEGER_BITS,
    SAMPLE_BITS,
    Samples,
    check_shape,
    choose_encoding,
    container_of,
    fits,
    to_integers,
)
from marsaudio.formats.guarded_stream import GuardedStream

# libvorbis takes as much stack as it is given samples at once, until the process crashes; its documentation
# calls 1024 reasonable (https://github.com/xiph/vorbis/issues/99).
LOSSY_BLOCK_FRAMES = 1024
NO_CHARACTERS = ("Cc", "Cn", "Cs")  # of Unicode's categories: controls, what is none, halves
MADE_BY = "marsaudio"
WAV_BYTES_LIMIT = 2**32 - 2**16  # a WAV file counts its bytes in 32 bits; the rest is for its header


class WouldClipError(ParameterError):
    """Samples are louder than an encoding can hold."""


class AudioWriter:
    """An audio file in the making: blocks go in, and it takes its name when it is whole.

    Use it as a context manager; where the block fails, no file appears and an older one stays.

    Parameters
    ----------
    path
        Where the file is to stand; its suffix names the container (.wav, .flac, .ogg, .mp3).
    sample_rate : int
        In Hz.
    channels : int
    encoding
        libsndfile's name, such as ``"PCM_16"``; see `choose_encoding`.
    title, comment
        Kept in the file, where its container has a place for them.

    Raises
    ------
    ParameterError
        The suffix or the encoding is unknown, or the rate is not whole.
    AudioFormatError
        The container cannot hold that rate, or so many channels.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        sample_rate: float,
        channels: int,
        encoding: str,
        title: str | None = None,
        comment: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.encoding = encoding
        container = container_of(self.path)
        if encoding not in ENCODINGS_OF_CONTAINER[container]:
            allowed = ", ".join(ENCODINGS_OF_CONTAINER[container])
            raise ParameterError(
                f"{container} files cannot hold the encoding {encoding!r}. Allowed: {allowed}."
            )
        check_shape(container, sample_rate, channels)
        self._container = container
        self._sample_rate = int(sample_rate)
        self._channels = channels
        self._frames = 0
        # In MP3 files LAME calls itself the software, whatever it is told.
        made_by = "album" if container == "MP3" else "software"
        self._strings = {"title": title, "comment": comment, made_by: MADE_BY}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> AudioWriter:
        import soundfile

        with contextlib.ExitStack() as stack:
            temporary = stack.enter_context(replace_when_complete(self.path))
            self._disk_file = stack.enter_context(open(temporary, "wb+"))
            self._stream = GuardedStream(self._disk_file)
            with self._checked():
                self._file = soundfile.SoundFile(
                    self._stream,
                    mode="w",
                    samplerate=self._sample_rate,
                    channels=self._channels,
                    format=self._container,
                    subtype=self.encoding,
                )
                stack.callback(self._close)
                # After every write, SoundFile would search the end of the file, and flush for it.
                self._file.seekable = lambda: False
                for name, text in self._strings.items():
                    if writable := _writable(text or ""):
                        setattr(self._file, name, writable)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def write(self, samples: Samples) -> None:
        """Append samples of shape (channels, frames).

        Raises
        ------
        WouldClipError
            They are louder than the encoding can hold. Nothing is clipped.
        AudioFormatError
            The file would be longer than its container can be.
        OutputError
            The disk is full or went away.
        """
        if not fits(samples, self.encoding):
            limit = "-1 up to less than 1" if self.encoding in INTEGER_BITS else "-1 to 1"
            raise WouldClipError(
                f"Samples with a peak of {np.abs(samples).max():.9g} would be clipped in {str(self.path)!r}: "
                f"{self.encoding} holds {limit}. Save as a .wav with encoding='FLOAT', or make a quieter "
                "copy first."
            )
        self._frames += samples.shape[1]
        check_length(self._container, self.encoding, self._channels, self._frames)
        step = BLOCK_FRAMES if self.encoding in SAMPLE_BITS else LOSSY_BLOCK_FRAMES
        for start in range(0, samples.shape[1], step):
            block = np.ascontiguousarray(samples[:, start : start + step].T)
            with self._checked():
                self._file.write(
                    to_integers(block, self.encoding) if self.encoding in INTEGER_BITS else block
                )

    def finish(self) -> None:
        """Bring everything to the disk, so that only the rename is left to the end of the block.

        Where several files are to appear together or not at all, finish each before the first block ends.

        Raises
        ------
        OutputError
            The disk is full or went away.
        """
        self._close()
        self._disk_file.flush()
        os.fsync(self._disk_file.fileno())

    def _close(self) -> None:
        with self._checked():
            self._file.close()
        self._take_out_the_time_of_day()

    def _take_out_the_time_of_day(self) -> None:
        """Zero the time in the PEAK chunk of a WAV file of floats: the same sound gives the same bytes.

        Only a chunk of that name is touched: samples and titles may well hold the same four letters.
        """
        if self._container == "WAV":
            for name, body, _ in chunks_of(self._disk_file, 12, "<4sI", counted=0, padded_to=2):
                if name == b"PEAK":
                    self._disk_file.seek(body + 4)  # after its version
                    self._disk_file.write(bytes(4))
                    break
        self._disk_file.seek(0, os.SEEK_END)

    @contextlib.contextmanager
    def _checked(self) -> Iterator[None]:
        """Raise what went wrong with the file underneath, else what libsndfile says."""
        import soundfile

        try:
            yield
        except (soundfile.SoundFileError, AssertionError) as error:
            # SoundFile asserts that all was written.
            if self._stream.fault is None:
                raise OutputError(
                    f"Cannot write {str(self.path)!r} as {self._container}, {self.encoding}, "
                    f"{self._sample_rate} Hz, {self._channels} channels: {reason_of(error)}. Nothing was "
                    "changed there; try another format."
                ) from error
        if self._stream.fault is not None:
            raise self._stream.fault


def write_audio(
    path: str | os.PathLike[str],
    samples: Samples,
    sample_rate: float,
    *,
    encoding: str | None = None,
    preferred: str | None = None,
    title: str | None = None,
    comment: str | None = None,
) -> Path:
    """Write samples of shape (channels, frames) to an audio file, whole or not at all.

    Parameters
    ----------
    path
        Its suffix names the container: .wav, .flac, .ogg or .mp3.
    samples : ndarray of float32, shape (channels, frames)
    sample_rate
        In Hz, a whole number.
    encoding
        libsndfile's name of the encoding. None takes `preferred` where it loses nothing, else
        32-bit float (WAV) or 24-bit integers (FLAC).
    preferred
        The encoding that the samples were read from.
    title, comment
        Kept in the file.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ParameterError
        The suffix or the encoding is not one of those, or the samples would be clipped.
    AudioFormatError
        The container cannot hold that rate, so many channels or so many samples.
    OutputError
        The file cannot be written; an older one is still there.
    """
    container = container_of(Path(path))
    if encoding is None:
        encoding = choose_encoding(samples, container, preferred=preferred)
    writer = AudioWriter(
        path, sample_rate=sample_rate, channels=len(samples), encoding=encoding, title=title, comment=comment
    )
    check_length(container, encoding, *samples.shape)
    with writer:
        for start in range(0, samples.shape[1], BLOCK_FRAMES):
            writer.write(samples[:, start : start + BLOCK_FRAMES])
    return Path(path)


def check_length(container: str, encoding: str, channels: int, frames: int) -> None:
    """Refuse more samples than a container can count.

    Raises
    ------
    AudioFormatError
        A WAV file would have more than 4 GiB.
    """
    if container != "WAV":
        return
    needed = frames * channels * SAMPLE_BITS[encoding] // 8
    if needed > WAV_BYTES_LIMIT:
        raise AudioFormatError(
            f"A WAV file holds at most 4 GiB; {frames} frames of {channels} channels as {encoding} are "
            f"{needed / 2**30:.1f} GiB. Save as .flac, or save clips."
        )


def _writable(text: str) -> str:
    """The text on one line, with question marks for what no file can hold: NUL, say, or half a character."""
    on_one_line = " ".join(text.split())
    return "".join("?" if category(each) in NO_CHARACTERS else each for each in on_one_line)


def reason_of(error: BaseException) -> str:
    """What an error says, without the name of the object that it happened to, and without a full stop."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()).removeprefix("Error : ").rstrip(".") or type(error).__name__
