"""Audio files to samples and back, through soundfile: exact where the format is exact.

Samples are float32 arrays of shape (channels, frames) with full scale 1.0. An integer k of b bits is
k / 2**(b - 1), which float32 holds exactly up to 24 bits, and is written back as the same integer.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from marsaudio.atomic import replace_when_complete
from marsaudio.errors import AudioFormatError, DataUnavailableError, ParameterError
from marsaudio.formats.riff import RiffContents, read_riff

Samples = npt.NDArray[np.float32]
PathOrStream = str | os.PathLike[str] | BinaryIO

BLOCK_FRAMES = 2**18  # 5.5 s at 48 kHz: large enough that reading costs nothing beside the rest
INTEGER_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
SAMPLE_BITS = INTEGER_BITS | {"FLOAT": 32, "DOUBLE": 64}
CONTAINER_OF_SUFFIX = {
    ".wav": "WAV",
    ".wave": "WAV",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".mp3": "MP3",
}
ENCODINGS_OF_CONTAINER = {
    "WAV": ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"),
    "FLAC": ("PCM_16", "PCM_24"),
    "OGG": ("VORBIS",),
    "MP3": ("MPEG_LAYER_III",),
}
# What holds any float32 samples best in each container.
FALLBACK_ENCODING = {"WAV": "FLOAT", "FLAC": "PCM_24", "OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}
FFMPEG_SUFFIXES = (".m4a", ".aac", ".mp4", ".wma", ".mov", ".webm", ".mkv")


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says.

    Attributes
    ----------
    sample_rate : int
        In Hz.
    channels, frames : int
    container, encoding : str
        libsndfile's names, such as ``"WAV"`` and ``"PCM_16"``.
    metadata : dict of str to str
        What the file says about itself (title, date, software, project, ...).
    """

    sample_rate: int
    channels: int
    frames: int
    container: str
    encoding: str
    metadata: dict[str, str] = field(default_factory=dict)


class AudioReader:
    """An open audio file that gives its samples block by block, front to back.

    Parameters
    ----------
    file
        A path, or a seekable binary stream at the start of the audio.

    Raises
    ------
    DataUnavailableError
        There is no such file.
    AudioFormatError
        It is a folder, empty, not audio, or holds no frames.
    """

    def __init__(self, file: PathOrStream) -> None:
        import soundfile

        self.name = _name_of(file)
        try:
            if isinstance(file, (str, os.PathLike)):
                with _open_for_reading(Path(file)) as stream:
                    self._riff = read_riff(stream)
            else:
                start = file.tell()
                self._riff = read_riff(file)
                file.seek(start)
            self._file = soundfile.SoundFile(file)
        except (soundfile.SoundFileError, ValueError, TypeError) as error:
            # soundfile raises TypeError where it takes a nameless stream for headerless audio.
            raise AudioFormatError(_why_unreadable(self.name, error)) from error
        except AttributeError as error:
            raise ParameterError(
                f"Cannot read {file!r}: it is neither a path nor a binary file that can be "
                "read and searched (seek, tell)."
            ) from error
        self.info = self._read_info()
        if self.info.frames == 0:
            self.close()
            raise AudioFormatError(f"{self.name} is an audio file, but holds no samples at all.")

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def sample_rate(self) -> int:
        """Samples a second, in Hz."""
        return self.info.sample_rate

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return self.info.channels

    @property
    def frames(self) -> int:
        """How many samples each channel has."""
        return self.info.frames

    def read(self, start: int = 0, stop: int | None = None) -> Samples:
        """Read the frames from `start` up to `stop`.

        Returns
        -------
        ndarray of float32, shape (channels, stop - start)

        Raises
        ------
        AudioFormatError
            The file is cut short before `stop`, or its contents cannot be decoded.
        """
        stop = self.frames if stop is None else stop
        samples = np.empty((stop - start, self.channels), dtype=np.float32)
        self._seek(start)
        self._read_into(samples, start)
        return np.ascontiguousarray(samples.T)

    def blocks(self, length: int = BLOCK_FRAMES) -> Iterator[Samples]:
        """Read the whole file in blocks of shape (channels, `length`); the last may be shorter."""
        self._seek(0)
        for start in range(0, self.frames, length):
            block = np.empty((min(length, self.frames - start), self.channels), dtype=np.float32)
            self._read_into(block, start)
            yield np.ascontiguousarray(block.T)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _seek(self, frame: int) -> None:
        import soundfile

        try:
            self._file.seek(frame)
        except soundfile.SoundFileError as error:
            raise AudioFormatError(f"{self.name} cannot be read from frame {frame}: {error}") from error

    def _read_into(self, block: Samples, start: int) -> None:
        import soundfile

        try:
            count = len(self._file.read(out=block))
        except soundfile.SoundFileError as error:
            raise AudioFormatError(f"{self.name} cannot be decoded: {error}") from error
        if count < len(block):
            seconds = (start + count) / self.sample_rate
            raise AudioFormatError(
                f"{self.name} is cut short: its header promises {self.frames / self.sample_rate:.3f} s, "
                f"but only the first {seconds:.3f} s are there. Fetch it again, or read what is there "
                f"with stop={int(seconds * 1000) / 1000}."
            )
        if not np.isfinite(block).all():
            bad = int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0]) + start
            raise AudioFormatError(
                f"{self.name} holds samples that are not numbers (NaN or infinite), the first at "
                f"{bad / self.sample_rate:.6f} s. Repair the file, or read another range of it."
            )

    def _count_frames(self) -> int:
        """Count by decoding: the number in front of an MP3 file is an estimate."""
        count, block = 0, np.empty((BLOCK_FRAMES, self._file.channels), dtype=np.float32)
        while got := len(self._file.read(out=block)):
            count += got
        return count

    def _read_info(self) -> AudioInfo:
        file = self._file
        frames = self._count_frames() if file.format == "MP3" else int(file.frames)
        metadata = dict(self._riff.metadata) if self._riff else {}
        if self._riff and self._riff.data_declared and file.subtype in SAMPLE_BITS:
            # libsndfile quietly counts what is there; what was promised tells that some is missing.
            frame_bytes = SAMPLE_BITS[file.subtype] // 8 * file.channels
            frames = max(frames, self._riff.data_declared // frame_bytes)
        for name, value in file.copy_metadata().items():
            if value.strip():
                metadata.setdefault(name, value.strip())
        return AudioInfo(int(file.samplerate), int(file.channels), frames, file.format, file.subtype, metadata)


class AudioFile:
    """An audio file as a source of blocks that can be read again and again.

    Parameters
    ----------
    file
        The path of an audio file, or a seekable binary stream.
    """

    def __init__(self, file: PathOrStream) -> None:
        self._file = file
        self._start = 0 if isinstance(file, (str, os.PathLike)) else file.tell()
        with AudioReader(file) as reader:
            self.info = reader.info

    @property
    def sample_rate(self) -> int:
        """Samples a second, in Hz."""
        return self.info.sample_rate

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return self.info.channels

    @property
    def frames(self) -> int:
        """How many samples each channel has."""
        return self.info.frames

    def blocks(self, length: int = BLOCK_FRAMES) -> Iterator[Samples]:
        """Read from the start in blocks of shape (channels, `length`); the last may be shorter.

        Of a path, each call opens it for itself; of a stream, only one can be under way at a time.
        """
        if not isinstance(self._file, (str, os.PathLike)):
            self._file.seek(self._start)
        with AudioReader(self._file) as reader:
            yield from reader.blocks(length)


def read_audio(
    file: PathOrStream, *, start: float = 0.0, stop: float | None = None
) -> tuple[Samples, AudioInfo]:
    """Read a range of an audio file, in seconds, at its own rate.

    Parameters
    ----------
    file
        A path, or a seekable binary stream.
    start, stop
        The range in seconds from the file's first sample; only this much is read. `stop` None
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


def frame_range(
    start: float, stop: float | None, frames: int, sample_rate: float, name: str
) -> tuple[int, int]:
    """Turn a range in seconds into frames, refusing what lies outside of 0 to the end."""
    end = frames / sample_rate
    stop = end if stop is None else stop
    half_a_sample = 0.5 / sample_rate
    if not (-half_a_sample <= start < stop <= end + half_a_sample):
        raise ParameterError(
            f"The range {start:g} to {stop:g} s is not within {name}, which runs from 0 to {end:.3f} s. "
            "Give a start before the stop, both inside it."
        )
    first, last = max(round(start * sample_rate), 0), min(round(stop * sample_rate), frames)
    if first == last:
        raise ParameterError(
            f"The range {start:g} to {stop:g} s holds no sample at {sample_rate:g} Hz. Take a longer one."
        )
    return first, last


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
            raise ParameterError(f"{container} files cannot hold the encoding {encoding!r}. Allowed: {allowed}.")
        if sample_rate != int(sample_rate):
            raise ParameterError(
                f"Audio files hold whole sample rates, not {sample_rate} Hz. Resample to a whole rate first."
            )
        self._container = container
        self._sample_rate = int(sample_rate)
        self._channels = channels
        self._strings = {"title": title, "comment": comment, "software": "marsaudio"}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> AudioWriter:
        import soundfile

        with contextlib.ExitStack() as stack:
            temporary = stack.enter_context(replace_when_complete(self.path))
            self._stream = _FaultKeepingStream(stack.enter_context(open(temporary, "wb+")))
            stack.callback(self._stream.raise_fault)
            try:
                self._file = soundfile.SoundFile(
                    self._stream,
                    mode="w",
                    samplerate=self._sample_rate,
                    channels=self._channels,
                    format=self._container,
                    subtype=self.encoding,
                )
            except soundfile.SoundFileError as error:
                raise AudioFormatError(
                    f"Cannot write {str(self.path)!r} as {self._container}, {self.encoding}, "
                    f"{self._sample_rate} Hz, {self._channels} channels: {error}"
                ) from error
            stack.callback(self._file.close)
            for name, text in self._strings.items():
                if text:
                    setattr(self._file, name, text)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def write(self, samples: Samples) -> None:
        """Append samples of shape (channels, frames).

        Raises
        ------
        ParameterError
            They are louder than the encoding can hold. Nothing is clipped.
        OutputError
            The disk is full or went away.
        """
        import soundfile

        peak = float(np.abs(samples).max(initial=0.0))
        if self.encoding not in ("FLOAT", "DOUBLE") and not fits_integers(samples, self.encoding):
            raise WouldClipError(
                f"Samples with a peak of {peak:.4f} would be clipped in {str(self.path)!r} ({self.encoding} "
                "ends at 1.0). Save as a .wav with encoding='FLOAT', or make a quieter copy first."
            )
        data = np.ascontiguousarray(samples.T)
        try:
            self._file.write(to_integers(data, self.encoding) if self.encoding in INTEGER_BITS else data)
        except (soundfile.SoundFileError, AssertionError):
            self._stream.raise_fault()
            raise


class WouldClipError(ParameterError):
    """Samples are louder than an encoding can hold."""


class _FaultKeepingStream:
    """A binary stream for libsndfile to write to, which remembers the error that its C code drops."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._fault: OSError | None = None
        self.read, self.seek, self.tell = stream.read, stream.seek, stream.tell

    def write(self, data: bytes) -> int:
        """Write, or remember why not and report that nothing was taken."""
        try:
            return self._stream.write(data)
        except OSError as error:
            self._fault = self._fault or error
            return 0

    def raise_fault(self) -> None:
        """Raise the first error that writing met."""
        if self._fault is not None:
            raise self._fault


def choose_encoding(samples: Samples, container: str, *, preferred: str | None) -> str:
    """Choose the encoding that loses nothing: the samples' own where it holds them, else float.

    FLAC, which has no floats, gets 24 bits; MP3 and OGG have one encoding each.
    """
    bits = INTEGER_BITS.get(preferred or "", 0)
    widened = "PCM_16" if bits == 8 else preferred
    if widened in ENCODINGS_OF_CONTAINER[container] and widened is not None:
        if not bits or (fits_integers(samples, widened) and is_on_grid(samples, INTEGER_BITS[widened])):
            return widened
    return FALLBACK_ENCODING[container]


def encoding_for(path: Path, input_encoding: str | None) -> str:
    """The encoding of a file made from an input of that encoding, with the input's own step."""
    container = container_of(path)
    if INTEGER_BITS.get(input_encoding or "", 32) <= 24:
        widened = "PCM_16" if INTEGER_BITS[input_encoding or ""] == 8 else input_encoding
        if widened in ENCODINGS_OF_CONTAINER[container]:
            return str(widened)
    return FALLBACK_ENCODING[container]


def is_on_grid(samples: Samples, bits: int) -> bool:
    """Whether every sample is a multiple of 2**(1 - bits), the step of `bits`-bit integers."""
    scaled = np.asarray(samples, dtype=np.float64) * 2.0 ** (bits - 1)
    return bool(np.array_equal(scaled, np.rint(scaled)))


def fits_integers(samples: Samples, encoding: str) -> bool:
    """Whether no sample would be clipped: -1 fits two's complement, +1 is one step too much."""
    if samples.size == 0:
        return True
    step = 2.0 ** (1 - INTEGER_BITS.get(encoding, 16))
    # float64: 1 - 2**-31 is no float32 number
    return bool(samples.min() >= -1.0 and float(samples.max()) < 1.0 - step / 2)


def to_integers(samples: Samples, encoding: str) -> npt.NDArray[np.int16] | npt.NDArray[np.int32]:
    """Round to the integers of an encoding, left-justified as libsndfile takes them; no dither."""
    bits = INTEGER_BITS[encoding]
    integers = np.rint(samples.astype(np.float64) * 2.0 ** (bits - 1))
    if bits == 16:
        return integers.astype(np.int16)
    return integers.astype(np.int32) << np.int32(32 - bits)


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
    OutputError
        The file cannot be written; an older one is still there.
    """
    chosen = encoding or choose_encoding(samples, container_of(Path(path)), preferred=preferred)
    with AudioWriter(
        path, sample_rate=sample_rate, channels=len(samples), encoding=chosen, title=title, comment=comment
    ) as writer:
        for start in range(0, samples.shape[1], BLOCK_FRAMES):
            writer.write(samples[:, start : start + BLOCK_FRAMES])
    return Path(path)


def container_of(path: Path) -> str:
    """The container that a path's suffix names."""
    try:
        return CONTAINER_OF_SUFFIX[path.suffix.lower()]
    except KeyError:
        allowed = ", ".join(CONTAINER_OF_SUFFIX)
        raise ParameterError(
            f"Cannot tell an audio format from the name {path.name!r}. End it with one of {allowed}."
        ) from None


def _name_of(file: PathOrStream) -> str:
    name = os.fspath(file) if isinstance(file, (str, os.PathLike)) else getattr(file, "name", None)
    return repr(str(name)) if name is not None else "the given file object"


def _open_for_reading(path: Path) -> BinaryIO:
    if path.is_dir():
        raise AudioFormatError(f"{str(path)!r} is a folder, not an audio file. Name a file inside it.")
    try:
        stream = open(path, "rb")
    except FileNotFoundError as error:
        raise DataUnavailableError(
            f"There is no file {str(path)!r}. Check the spelling and the folder ({str(Path.cwd())!r} is the "
            "current one)."
        ) from error
    except OSError as error:
        raise AudioFormatError(f"Cannot open {str(path)!r}: {error.strerror or error}.") from error
    if not stream.read(1):
        stream.close()
        raise AudioFormatError(f"{str(path)!r} is empty (0 bytes). Fetch or copy it again.")
    stream.seek(0)
    return stream


def _why_unreadable(name: str, error: Exception) -> str:
    if name.strip("'\"").lower().endswith(FFMPEG_SUFFIXES):
        return (
            f"{name} is in a format that libsndfile does not read. Convert it first, for example with "
            "ffmpeg -i IN OUT.wav."
        )
    return (
        f"{name} cannot be read as audio ({error}). WAV, FLAC, OGG and MP3 files can; "
        "if this is one, it is damaged."
    )
