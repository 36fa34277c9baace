"""A recording: its samples, their rate, how they were calibrated, and where they came from."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from marsaudio.calibration import Calibration, is_positive_number, level_unit_and_offset
from marsaudio.errors import ParameterError
from marsaudio.formats import audio, html
from marsaudio.formats.audio_info import Gap
from marsaudio.formats.encodings import LARGEST_IN_WORDS, first_unfit
from marsaudio.mars_time import MarsTime
from marsaudio.source import (
    Source,
    comment_for_file,
    describe_source,
    require_measurement,
    seconds_text,
    title_for_file,
)

Samples = npt.NDArray[np.float32]


class Readable(Protocol):
    """What samples can be read from later, as often as wanted."""

    @property
    def channels(self) -> int: ...  # noqa: D102

    def read(self, start: int = 0, stop: int | None = None) -> Samples: ...  # noqa: D102


@dataclass(frozen=True)
class UnreadSamples:
    """The samples from `first` up to `last` of something that is read when they are wanted."""

    whole: Readable
    first: int
    last: int

    @property
    def shape(self) -> tuple[int, int]:
        """Channels and frames."""
        return self.whole.channels, self.last - self.first

    def read(self, first: int, last: int) -> Samples:
        """A range of them, read-only."""
        samples = self.whole.read(self.first + first, self.first + last)
        samples.flags.writeable = False
        return samples

    def part(self, first: int, last: int) -> UnreadSamples:
        """A range of them, still unread."""
        return UnreadSamples(self.whole, self.first + first, self.first + last)


@dataclass(frozen=True, eq=False)
class Recording:
    """Sound as it was recorded: samples at their own rate, with where they came from.

    Parameters
    ----------
    samples : array_like, shape (channels, frames) or (frames,)
        Full scale is 1.0; magnitudes of up to 2**40 are allowed, and what stays below 2**-60 (-361 dB) from
        end to end is kept, but counts as silence in separation and events. Kept as a read-only float32 array
        of shape (channels, frames). It is a copy, unless the array is float32 and read-only together with the
        memory that it is a view of. Where `source` names a gap, samples count as missing: they are set to 0.
    sample_rate : float
        In Hz.
    source : Source, optional
        Whence.
    calibration : Calibration, optional
        Without one, levels are in dB re full scale.

    Raises
    ------
    ParameterError
        The samples are empty, not real floating-point numbers, not finite, larger than 2**40, or of shape
        (frames, channels); or the rate is not a positive number.
    CalibrationError
        There is a calibration for a copy that was altered for listening.

    Examples
    --------
    >>> import numpy as np
    >>> import marsaudio as ma
    >>> tone = 0.1 * np.sin(2 * np.pi * 195.0 * np.arange(48000) / 48000)
    >>> recording = ma.Recording(tone, 48000)
    >>> recording
    <marsaudio.Recording: recording from memory, 1.000 s, 48000 Hz, 1 channel, uncalibrated>
    >>> recording.clip(0.25, 0.75).duration
    0.5
    """

    samples: Samples  # also UnreadSamples where marsaudio itself makes one
    sample_rate: float
    source: Source = field(default_factory=Source, kw_only=True)
    calibration: Calibration | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.source, Source):
            raise ParameterError(
                f"source={self.source!r} must be a marsaudio.Source, such as Source(title='Wind at noon')."
            )
        if self.calibration is not None and not isinstance(self.calibration, Calibration):
            raise ParameterError(
                f"calibration={self.calibration!r} must be a marsaudio.Calibration, or None for levels in dB "
                "re full scale."
            )
        require_measurement(self.source, self.calibration)
        if isinstance(self.samples, UnreadSamples):
            # Kept under another name, so that asking for the samples comes to __getattr__.
            object.__setattr__(self, "_unread", self.samples)
            object.__delattr__(self, "samples")
        else:
            object.__setattr__(self, "samples", _validated_samples(self.samples))
        object.__setattr__(self, "sample_rate", validated_rate(self.sample_rate))
        if "samples" in self.__dict__:
            object.__setattr__(self, "samples", self._silent_in_gaps())

    def __getattr__(self, name: str) -> Any:
        unread = self.__dict__.get("_unread")
        if name != "samples" or unread is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        object.__setattr__(self, "samples", unread.read(0, unread.shape[1]))
        return self.samples

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickled and deeply copied arrays come out writeable.
        self.__dict__.update(state)
        if "samples" in state:
            self.samples.flags.writeable = False

    @property
    def _shape(self) -> tuple[int, int]:
        shape = (self.samples if "samples" in self.__dict__ else self.__dict__["_unread"]).shape
        return int(shape[0]), int(shape[1])

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return self._shape[0]

    @property
    def frames(self) -> int:
        """How many samples each channel has."""
        return self._shape[1]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    @property
    def start_time(self) -> MarsTime | None:
        """When its first sample was recorded, where that is known."""
        start = self.source.start_time
        return start and start.after(self.source.offset)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Where data are missing, in seconds from its first sample: it holds silence there."""
        return self.source.gaps_within(self.duration)

    def _silent_in_gaps(self) -> Samples:
        """The samples, without any where the source says that there are no data: as a filter leaves some."""
        silent = self.samples
        for gap in self.gaps:
            first, last = (round(edge * self.sample_rate) for edge in (gap.start, gap.stop))
            if silent[:, first:last].any():
                silent = silent if silent.flags.writeable else silent.copy()
                silent[:, first:last] = 0.0
        silent.flags.writeable = False
        return silent

    @property
    def level_unit(self) -> str:
        """The unit of levels: pascals appear only where a sensitivity was given with its source."""
        return level_unit_and_offset(self.calibration)[0]

    @property
    def level_offset(self) -> float:
        """What to add to a level in dB re full scale, in dB, for a level in `level_unit`."""
        return level_unit_and_offset(self.calibration)[1]

    def blocks(self, length: int = audio.BLOCK_FRAMES, *, first: int = 0) -> Iterator[Samples]:
        """Give the samples from `first` on, in blocks of shape (channels, `length`) or shorter at the end.

        Examples
        --------
        >>> import marsaudio as ma
        >>> recording = ma.load("sample")
        >>> sum(block.shape[1] for block in recording.blocks(48000)) == recording.frames
        True
        """
        if length < 1:
            raise ParameterError(f"length={length!r} must be at least 1 frame.")
        for start in range(first, self.frames, length):
            yield self._read(start, min(start + length, self.frames))

    def _read(self, first: int, last: int) -> Samples:
        """A range of the samples; of those that are not read yet, these alone are."""
        if "samples" in self.__dict__:
            return self.samples[:, first:last]
        return self.__dict__["_unread"].read(first, last)  # type: ignore[no-any-return]

    def clip(self, start: float, stop: float | None = None) -> Recording:
        """Cut out the range from `start` to `stop`, in seconds from the first sample.

        Parameters
        ----------
        start, stop : float
            Rounded to the nearest sample. `stop` None means up to the end.

        Returns
        -------
        Recording

        Raises
        ------
        ParameterError
            The range is empty, lies outside the recording or holds fewer frames than channels.

        Examples
        --------
        >>> import marsaudio as ma
        >>> ma.load("sample").clip(5.0, 9.0).duration
        4.0
        """
        name = f"the recording {self.source.name!r}"
        first, last = audio.frame_range(start, stop, self.frames, self.sample_rate, name)
        require_frames(last - first, self.channels, name)
        begin, end = first / self.sample_rate, last / self.sample_rate
        source = self.source.after(
            f"clip from {seconds_text(begin)} to {seconds_text(end)} s", offset=self.source.offset + begin
        )
        if "samples" in self.__dict__:
            return dataclasses.replace(self, samples=self.samples[:, first:last], source=source)
        return dataclasses.replace(self, samples=self.__dict__["_unread"].part(first, last), source=source)

    def mono(self) -> Recording:
        """The mean of the channels, as a recording of one channel; equal channels stay exact.

        Returns
        -------
        Recording

        Examples
        --------
        >>> import numpy as np
        >>> import marsaudio as ma
        >>> ma.Recording(np.array([[0.5, 0.0], [0.0, 0.5]]), 48000).mono().samples
        array([[0.25, 0.25]], dtype=float32)
        """
        if self.channels == 1:
            return self
        if channels_are_equal(self.samples):
            source = self.source.after(f"one of {self.channels} equal channels")
            return dataclasses.replace(self, samples=self.samples[:1], source=source)
        source = self.source.after(f"mean of {self.channels} channels", encoding=None)
        return dataclasses.replace(self, samples=self.samples.mean(axis=0, dtype=np.float64), source=source)

    def resample(self, rate: float) -> Recording:
        """Resample to another rate with soxr's high quality; the length in seconds stays.

        Parameters
        ----------
        rate : float
            The new rate in Hz.

        Returns
        -------
        Recording

        Raises
        ------
        ParameterError
            The rate is not a positive number, or leaves fewer frames than channels.

        Examples
        --------
        >>> import marsaudio as ma
        >>> ma.load("sample").resample(16000)  # doctest: +ELLIPSIS
        <marsaudio.Recording: sample, resampled from 48000 to 16000 Hz, 18.000 s, 16000 Hz, 1 channel, ...>
        """
        rate = validated_rate(rate)
        if rate == self.sample_rate:
            return self
        if int(self.duration * rate) < self.channels:
            raise ParameterError(
                f"At {rate:.9g} Hz, the {self.duration:.6g} s of {self.source.name!r} are too short for a "
                f"recording of {self.channels} channels. Give a higher rate."
            )
        import soxr

        # soxr may give a frame less or more than the length asks for.
        samples = np.zeros((self.channels, math.ceil(self.frames * rate / self.sample_rate)), np.float32)
        for channel, resampled in zip(self.samples, samples, strict=True):
            made = soxr.resample(channel, self.sample_rate, rate, quality="HQ")[: len(resampled)]
            resampled[: len(made)] = made
        samples.flags.writeable = False
        source = self.source.after(f"resampled from {self.sample_rate:g} to {rate:g} Hz", encoding=None)
        return dataclasses.replace(self, samples=samples, sample_rate=rate, source=source)

    def save(self, path: str | os.PathLike[str], *, encoding: str | None = None) -> Path:
        """Save as WAV, FLAC, OGG or MP3: whole or not at all, and never clipped.

        The file's title tells whence it is and all that was done to it, also before an earlier saving; its
        comment tells whom to credit, and whether it is simulated.

        Parameters
        ----------
        path
            Its suffix names the format.
        encoding
            Such as ``"PCM_16"``, ``"PCM_24"`` or ``"FLOAT"``. None keeps the encoding that the
            samples were read from where it holds them exactly, else takes 32-bit float (WAV) or
            24-bit integers (FLAC).

        Returns
        -------
        pathlib.Path

        Raises
        ------
        ParameterError
            The suffix or encoding is unknown, or the samples are too loud for it.
        AudioFormatError
            The format cannot hold this rate, so many channels or so many samples.
        OutputError
            The file cannot be written. An older one is still there.

        Examples
        --------
        >>> import tempfile
        >>> import marsaudio as ma
        >>> recording = ma.load("sample")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = recording.save(f"{folder}/again.wav")
        ...     bool((ma.load(path).samples == recording.samples).all())
        True
        """
        return audio.write_audio(
            path,
            self.samples,
            self.sample_rate,
            encoding=encoding,
            preferred=self.source.encoding,
            title=title_for_file(self.source),
            comment=comment_for_file(self.source),
        )

    def __repr__(self) -> str:
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        calibrated = f"calibrated: {self.calibration.in_words}" if self.calibration else "uncalibrated"
        if self.source.is_altered:
            calibrated += ", altered for listening"
        if self.start_time:
            calibrated += f", from {self.start_time}"
        if self.gaps:
            calibrated += f", {len(self.gaps)} gap" + ("s" if len(self.gaps) > 1 else "")
        return (
            f"<marsaudio.Recording: {describe_source(self.source)}, {self.duration:.3f} s, "
            f"{self.sample_rate:g} Hz, {channels}, {calibrated}>"
        )

    def _repr_html_(self) -> str:
        return html.recording_fragment(
            title=", ".join((self.source.title or self.source.name, *self.source.history)),
            caption=repr(self).strip("<>"),
            credit=self.source.credit,
            samples=self.samples[:1] if channels_are_equal(self.samples) else self.samples,
            sample_rate=self.sample_rate,
        )


def channels_are_equal(samples: Samples) -> bool:
    """Whether all channels hold the same samples, as in NASA's stereo files."""
    return bool((samples[1:] == samples[0]).all())


def validated_rate(rate: float) -> float:
    """The rate as a number of Hz: an int where it is whole.

    Raises
    ------
    ParameterError
        It is not a positive, finite number.
    """
    if not is_positive_number(rate):
        raise ParameterError(f"sample_rate={rate!r} must be a positive number of samples a second (Hz).")
    value = float(rate)
    return int(value) if value.is_integer() else value


def require_recording(value: object, function: str) -> None:
    """Refuse what is no recording, such as the key or path of one.

    Raises
    ------
    ParameterError
        Saying how to get one.
    """
    if not isinstance(value, Recording):
        given = f"{value!r}" if isinstance(value, (str, os.PathLike)) else f"a {type(value).__name__}"
        advice = (
            f"Load it first, with marsaudio.load({value!r})"
            if isinstance(value, str)
            else ("Give a marsaudio.Recording, such as marsaudio.load or stems.wind gives")
        )
        raise ParameterError(f"{function} works on a recording, not on {given}. {advice}.")


def require_frames(frames: int, channels: int, name: str) -> None:
    """Refuse a range of fewer frames than channels, which would pass for samples the wrong way round."""
    if frames < channels:
        raise ParameterError(
            f"{frames} frames of {name} are too short for a recording of {channels} channels. Take a longer "
            "range."
        )


def _validated_samples(samples: npt.ArrayLike) -> Samples:
    if np.ma.is_masked(samples):
        raise ParameterError("Some samples are masked. Fill or cut them out first.")
    try:
        array = np.asarray(samples)
    except (TypeError, ValueError) as error:  # lists of different lengths
        raise ParameterError(
            f"Samples cannot be made into an array ({' '.join(str(error).split())}). Give (frames,) or "
            "(channels, frames), every channel of the same length."
        ) from error
    if array.dtype.kind != "f":
        raise ParameterError(
            f"Samples of type {array.dtype} have no full scale of 1.0. Give floating-point samples; divide "
            "16-bit integers by 32768, 24-bit integers by 8388608."
        )
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2 or array.size == 0:
        raise ParameterError(
            f"Samples of shape {np.shape(samples)} are no recording. Give (frames,) or (channels, frames), "
            "with at least one sample."
        )
    if array.shape[0] > array.shape[1]:
        raise ParameterError(
            f"Samples of shape {array.shape} have more channels than frames. The order is (channels, frames):"
            " pass samples.T if yours is (frames, channels), as soundfile.read gives it."
        )
    if (place := first_unfit(array)) is not None:
        channel, frame = place
        if not np.isfinite(array[place]):
            raise ParameterError(
                f"Samples must be finite: channel {channel} holds {array[place]} at frame {frame}. "
                "Repair or cut out that part first."
            )
        raise ParameterError(
            f"Channel {channel} holds a sample of {array[place]:.3g} at frame {frame}, and "
            f"{LARGEST_IN_WORDS}. Scale the samples, or where only some are damaged, cut out that part first."
        )
    if array.dtype == np.float32 and _is_frozen(array):
        return array
    copy = np.array(array, dtype=np.float32, order="C")
    copy.flags.writeable = False
    return copy


def _is_frozen(array: npt.NDArray[Any]) -> bool:
    """Whether the array is read-only, and what it is a view of as well."""
    memory: object = array
    while isinstance(memory, np.ndarray) and not memory.flags.writeable:
        memory = memory.base
    return memory is None or isinstance(memory, bytes)
