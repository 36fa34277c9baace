"""An open audio file: exact samples, block by block or in ranges, through soundfile.

What is wrong with a file is looked for in its bytes first (`marsaudio.formats.completeness`), since
libsndfile reads on as if nothing were the matter.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from marsaudio.errors import AudioFormatError, MarsAudioError
from marsaudio.formats import completeness
from marsaudio.formats.audio_info import AudioInfo, Described
from marsaudio.formats.audio_writer import reason_of
from marsaudio.formats.encodings import (
    BLOCK_FRAMES,
    INTEGER_BITS,
    LARGEST_IN_WORDS,
    SAMPLE_BITS,
    Samples,
    first_unfit,
    from_integers,
)
from marsaudio.formats.extent import Extent
from marsaudio.formats.flac_checksum import checksum_of_flac
from marsaudio.formats.guarded_stream import GuardedStream, Searchable
from marsaudio.formats.mpeg_frames import holds_an_mpeg_frame
from marsaudio.formats.opening import PathOrStream, capital, name_of, open_for_reading, searchable
from marsaudio.formats.ranges import no_samples
from marsaudio.formats.refusals import (
    why_broken,
    why_cut_short,
    why_other_samples,
    why_unreadable,
    why_without_samples,
)
from marsaudio.formats.riff import read_riff

UNKNOWN_FRAMES = 2**62  # libsndfile gives its largest number where a FLAC file leaves its length open


class AudioReader(Described):
    """An open audio file that gives its samples block by block, front to back.

    Parameters
    ----------
    file
        A path, or a searchable binary stream at the start of the audio.

    Raises
    ------
    ParameterError
        It is neither a path nor such a stream.
    DataUnavailableError
        There is no such file.
    AudioFormatError
        It is a folder, empty, not audio, or holds no frames.
    """

    def __init__(self, file: PathOrStream) -> None:
        self.name = name_of(file)
        self._position = 0
        self._opened = contextlib.ExitStack()
        path = file if isinstance(file, (str, os.PathLike)) else None
        with contextlib.ExitStack() as stack:
            self._stream = GuardedStream(
                searchable(file, self.name) if path is None else stack.enter_context(open_for_reading(path))
            )
            self._target: str | bytes | GuardedStream = self._stream
            with self._checked():
                by_path = path is not None and not completeness.is_taken_for_another(self._stream)
                self._look_at(self._stream)
            if path is not None and by_path and self._extent.end is None:
                # Bytes keep names that are not valid Unicode; on Windows there are none.
                self._target = os.fspath(path) if os.name == "nt" else os.fsencode(path)
            with self._checked():
                self._begin()
            if self._target is self._stream:
                self._opened = stack.pop_all()

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, start: int = 0, stop: int | None = None) -> Samples:
        """Read the frames from `start` up to `stop`.

        Returns
        -------
        ndarray of float32, shape (channels, stop - start)

        Raises
        ------
        AudioFormatError
            The file is cut short or broken before `stop`, or its contents cannot be decoded.
        ParameterError
            There is not enough memory for so many samples.
        """
        stop = self.frames if stop is None else stop
        self._require(stop)
        samples = no_samples((self.channels, stop - start), self.sample_rate, self.name)
        step = max(BLOCK_FRAMES // self.channels, 1)
        with self._checked():
            self._go_to(start)
            for begin in range(0, stop - start, step):
                part = samples[:, begin : begin + step]
                part[...] = self._next(part.shape[1]).T
        return samples

    def blocks(self, length: int = BLOCK_FRAMES, *, first: int = 0) -> Iterator[Samples]:
        """Read from `first` to the end in blocks of shape (channels, `length`); the last may be shorter."""
        self._require(self.frames)
        for start in range(first, self.frames, length):
            with self._checked():
                self._go_to(start)
                block = self._next(min(length, self.frames - start))
            yield np.ascontiguousarray(block.T)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        self._opened.close()

    def _look_at(self, stream: Searchable) -> None:
        """Learn from the bytes what libsndfile does not tell."""
        # Streams that were cut out of others begin anywhere in a frame.
        if not completeness.begins_like_audio(stream) and not (
            self._is_called(".mp3") and holds_an_mpeg_frame(stream)
        ):
            raise AudioFormatError(why_unreadable(self.name, "it does not begin as audio files do"))
        self._riff = read_riff(stream)
        self._checksum = checksum_of_flac(stream)
        self._others = completeness.bytes_of_samples(stream)
        self._frames_of_aiff = completeness.frames_of_aiff(stream)
        if self._riff is not None:
            self._extent = Extent(self._riff.chunks_after)
        else:
            self._extent = completeness.extent_of(stream)

    def _begin(self) -> None:
        """Let libsndfile have the file, up to where it is as it should be."""
        end, is_broken, begin = self._extent.end, self._extent.is_broken, self._extent.begin
        self._stream.begin_at(begin)
        if end is not None and not is_broken:
            self._stream.end_at(end)
        self._file = self._open()
        try:
            stated = int(self._file.frames)
            if end is not None and is_broken:
                if self._file.format in ("OGG", "MP3"):
                    self._reopen_up_to(end - begin)
                else:  # a FLAC file may begin with a tag as MP3 files have it
                    self._extent = Extent()
            self.info = self._read_info(stated)
            if self.info.frames == 0:
                raise AudioFormatError(why_without_samples(self.name, self._riff))
        except BaseException:
            self._file.close()
            raise

    def _reopen_up_to(self, end: int) -> None:
        """Keep libsndfile from what follows: it would go on there as if nothing were the matter."""
        import soundfile

        self._file.close()
        self._stream.end_at(end)
        try:
            self._file = self._open()
        except soundfile.SoundFileError as error:
            raise AudioFormatError(why_broken(self.name, 0.0)) from error

    def _is_called(self, *suffixes: str) -> bool:
        return self.name.strip("'\"").lower().endswith(suffixes)

    def _open(self) -> Any:
        import soundfile

        if isinstance(self._target, GuardedStream):
            self._target.seek(0)
        file = soundfile.SoundFile(self._target)
        if file.format not in completeness.FORMATS:  # what a file called .mp3 may be as well
            kind = file.format_info
            file.close()
            raise AudioFormatError(why_unreadable(self.name, f"it is another kind of file, {kind}"))
        # After every read, SoundFile seeks to where the file already is. In an MP3 file that throws away what
        # the next samples are decoded from, and they come out different.
        file.seekable = lambda: False
        self._position = 0
        return file

    def _read_info(self, stated_of_all: int) -> AudioInfo:
        file = self._file
        is_mpeg = file.subtype.startswith("MPEG")
        stated = int(file.frames)
        self._frames_there = stated
        if self._pads_samples(stated):
            self._frames_there = stated - 1
        # Only where samples stand for themselves does libsndfile find the same ones again: not in MP3 files,
        # nor in Vorbis (https://github.com/libsndfile/libsndfile/issues/885). FLAC frames are independent.
        self._can_seek = file.subtype in SAMPLE_BITS
        if is_mpeg or stated >= UNKNOWN_FRAMES:
            self._can_seek = False
            self._frames_there = self._count_frames()
        metadata = dict(self._riff.metadata) if self._riff else {}
        for name, value in self._file.copy_metadata().items():
            text = _as_written_in_mp3(value) if file.format == "MP3" else value
            if text.strip():
                metadata.setdefault(name, text.strip())
        if self._extent.is_broken:
            frames = max(self._frames_there + 1, stated_of_all)
        else:
            frames = self._frames_promised(stated if is_mpeg and self._extent.is_counted else 0)
        return AudioInfo(
            sample_rate=int(file.samplerate),
            channels=int(file.channels),
            frames=frames,
            container=file.format,
            encoding=file.subtype,
            metadata=metadata,
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        """What must be known of how much of the file is read."""
        seconds = self._frames_there / self._file.samplerate
        if self._extent.goes_on:
            return (
                f"After {seconds:.3f} s the file goes on with another sound, which is not read. Convert it, "
                "for example with ffmpeg -i IN OUT.wav, to have both.",
            )
        if self._extent.uncounted - self._frames_there > completeness.MP3_UNCERTAIN_FRAMES:
            return (
                f"After {seconds:.3f} s the file goes on, but is not read: no count of its frames stands "
                "in front of them, and the decoder stops here. Convert it, for example with ffmpeg -i IN "
                "OUT.wav, to have all of it.",
            )
        if self._extent.holds_more:
            return (
                f"After {seconds:.3f} s the file holds more frames than its header states, which are not "
                "read. Convert it, for example with ffmpeg -i IN OUT.wav, to have them as well.",
            )
        if self._riff is not None and self._riff.chunks_after is not None:
            return (
                f"The header leaves open how long the sound is. It is taken to end after {seconds:.3f} s, "
                "where chunks begin that hold no sound and reach to the end of the file.",
            )
        return ()

    def _pads_samples(self, stated: int) -> bool:
        """Whether libsndfile counts the byte that pads an odd number of them as a frame."""
        return self._frames_of_aiff == stated - 1 and SAMPLE_BITS.get(self._file.subtype) == 8

    def _count_frames(self) -> int:
        """Count by decoding: the number in front of an MP3 file is mostly an estimate."""
        block = np.empty((BLOCK_FRAMES // self._file.channels, self._file.channels), dtype=np.float32)
        while count := len(self._file.read(out=block)):
            self._position += count
        total = self._position
        self._file.close()
        self._file = self._open()
        return total

    def _frames_promised(self, stated_in_mp3: int) -> int:
        """How many frames the file should have: more than are there where it was cut short.

        libsndfile quietly counts what is there; what was promised tells that some is missing.
        """
        there, file = self._frames_there, self._file
        if self._extent.is_cut:
            return there + 1  # at least
        if stated_in_mp3 - there > completeness.MP3_UNCERTAIN_FRAMES:
            return stated_in_mp3
        declared, present = self._bytes_of_samples()
        if declared <= present:
            return there
        if file.subtype in SAMPLE_BITS:
            frame_bytes = SAMPLE_BITS[file.subtype] // 8 * int(file.channels)
            return max(there, declared // frame_bytes)
        return max(there + 1, there * declared // max(present, 1))

    def _bytes_of_samples(self) -> completeness.SampleBytes:
        """How many its header promises, and how many are there; none where it promises nothing."""
        if self._riff is not None:
            return completeness.SampleBytes(self._riff.data_declared or 0, self._riff.data_present)
        return self._others or completeness.SampleBytes(0, 0)

    def _require(self, stop: int) -> None:
        if stop > self._frames_there:
            raise self._cut_short(self._frames_there)

    def _go_to(self, frame: int) -> None:
        if frame == self._position:
            return
        if self._can_seek:
            self._file.seek(frame)
            self._position = frame
            return
        if not 0 <= self._position < frame:
            self._file.close()
            self._file = self._open()
        while self._position < frame:
            self._next(min(frame - self._position, max(BLOCK_FRAMES // self.channels, 1)))

    def _next(self, length: int) -> Samples:
        """The next `length` frames, of shape (frames, channels) as soundfile has it."""
        import soundfile

        # Integers are read as such, which costs a quarter of what libsndfile takes to make floats of them.
        bits = INTEGER_BITS.get(self.info.encoding)
        kind = np.float32 if bits is None else np.int16 if bits <= 16 else np.int32
        block = np.empty((length, self.channels), dtype=kind)
        start, self._position = self._position, -1  # unknown, should this fail
        try:
            count = len(self._file.read(out=block))
        except soundfile.SoundFileError as error:
            raise AudioFormatError(
                f"{capital(self.name)} is damaged or cut short: after {start / self.sample_rate:.3f} s it "
                f"cannot be decoded any more ({reason_of(error)}). Fetch it again."
            ) from error
        self._position = start + count
        if count < length:
            raise self._cut_short(self._position)
        if self._checksum is not None:
            self._checksum.add(start, block)
            if self._checksum.is_wrong(self.frames):
                raise AudioFormatError(why_other_samples(self.name))
        if bits is not None:
            return from_integers(block)
        if (place := first_unfit(block)) is not None:
            value, seconds = block[place], (place[0] + start) / self.sample_rate
            if not np.isfinite(value):
                raise AudioFormatError(
                    f"{capital(self.name)} holds samples that are not numbers (NaN or infinite), the first "
                    f"at {seconds:.6f} s. Repair the file, or read another range of it."
                )
            raise AudioFormatError(
                f"{capital(self.name)} holds a sample of {value:.3g} at {seconds:.6f} s, and "
                f"{LARGEST_IN_WORDS}. Scale its samples, or where only some are damaged, read another range "
                "of it."
            )
        return block

    def _cut_short(self, there: int) -> AudioFormatError:
        seconds = there / self.sample_rate
        if self._extent.is_broken:
            return AudioFormatError(why_broken(self.name, seconds))
        promised = self.frames / self.sample_rate
        return AudioFormatError(why_cut_short(self.name, self.info.container, seconds, promised))

    @contextlib.contextmanager
    def _checked(self) -> Iterator[None]:
        """Raise what went wrong as an error of ours, and first what went wrong in the stream underneath."""
        import soundfile

        try:
            yield
        except MarsAudioError:
            self._raise_fault()
            raise
        except (soundfile.SoundFileError, TypeError) as error:
            # SoundFile raises TypeError where a name ends in .raw, which it takes for audio without a header.
            self._raise_fault()
            raise AudioFormatError(why_unreadable(self.name, reason_of(error))) from error
        except OSError as error:
            raise AudioFormatError(f"Cannot read {self.name}: {reason_of(error)}.") from error
        self._raise_fault()

    def _raise_fault(self) -> None:
        fault = self._target.fault if isinstance(self._target, GuardedStream) else None
        if isinstance(fault, Exception):
            raise AudioFormatError(f"Cannot read {self.name}: {reason_of(fault)}.") from fault
        if fault is not None:
            raise fault


def _as_written_in_mp3(text: str) -> str:
    """UTF-8 as such, which LAME writes as it is given it, and says that it is Latin-1."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
