"""Hours of sound at a glance: mean spectra over time, and how often each level occurs.

The sound is read once, in blocks, and only what is drawn is kept: memory does not grow with the length.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from marsaudio.atomic import write_text
from marsaudio.calibration import AIR_REFERENCE_PRESSURE, Calibration, power_factors
from marsaudio.errors import ParameterError
from marsaudio.formats import audio
from marsaudio.loading import Loadable, of_part, open_sound
from marsaudio.recording import Recording, channels_are_equal
from marsaudio.source import Source, describe_source
from marsaudio.spectra.spectrogram import Spectrogram, scale_factors
from marsaudio.spectra.stft import Samples, SampleSource, ShortTimeFourier, SlidingRange, hann

FloatArray = npt.NDArray[np.float64]

FRAME_SECONDS = 0.17  # tells 20 from 30 Hz, where wind is strongest
MOST_COLUMNS = 1000
MUTED_SECONDS = 0.01
ROUND_SECONDS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
LOWEST_LEVEL, HIGHEST_LEVEL = -250.0, 50.0  # dB re full scale²/Hz; beyond, levels count as these
PERCENTILES = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)


@dataclass(frozen=True, eq=False)
class LongTermSpectrogram(Spectrogram):
    """Mean power spectral densities, one after the other.

    Attributes
    ----------
    power : ndarray of float32, shape (frequencies, times)
        The mean over the frames and the channels.
    frequencies : ndarray of float64
        In Hz, from 0 to half the sample rate.
    times : ndarray of float64
        The middles of the columns, in seconds from the first sample.
    unit : str
        ``"FS²/Hz"`` or ``"Pa²/Hz"``.
    scaling : str
        ``"psd"``.
    n_fft, hop_length : int
        Of the frames, in samples.
    window : str
    title : str
    start_time : MarsTime or None
    gaps : tuple of Gap
        Where data are missing. Frames that touch them are left out, as those that touch digital silence.
    seconds : float
        That each is the mean over; the last one may be over less.
    frames : ndarray of int, shape (times,)
        How many frames, half overlapping, are in each mean. A density has a relative standard deviation of
        about sqrt(19 / 18 / frames) in steady noise (Welch 1967); 0 frames: digital silence, of power 0.
    source : Source
    duration : float
        In seconds.
    sample_rate : float
        In Hz.
    """

    seconds: float = field(default=0.0, kw_only=True)
    frames: npt.NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp), kw_only=True)
    source: Source = field(default_factory=Source, kw_only=True)
    duration: float = field(default=0.0, kw_only=True)
    sample_rate: float = field(default=0.0, kw_only=True)

    def __repr__(self) -> str:
        return (
            f"<marsaudio.LongTermSpectrogram: {self.title}, {len(self.frequencies)} frequencies to "
            f"{self.frequencies[-1]:g} Hz, {len(self.times)} means over {self.seconds:g} s, {self.unit}>"
        )


@dataclass(frozen=True, eq=False)
class SpectralProbabilityDensity:
    """How often each level occurs at each frequency.

    Attributes
    ----------
    density : ndarray of float64, shape (levels, frequencies)
        Probability per decibel: over the levels it adds up, times their step, to 1. Not a number at
        frequencies of which the calibration's response says nothing.
    levels : ndarray of float64, shape (levels,)
        The middles of the steps, in `unit`.
    frequencies : ndarray of float64
        In Hz.
    mean : ndarray of float64, shape (frequencies,)
        The level of the mean power, in `unit`.
    unit : str
        Of the levels, such as ``"dB re full scale²/Hz"``.
    seconds : float
        Each level is that of the mean power over so long.
    count : int
        How many levels were counted at each frequency.
    source : Source
    duration : float
        In seconds.
    """

    density: FloatArray
    levels: FloatArray
    frequencies: FloatArray
    mean: FloatArray
    unit: str
    seconds: float
    count: int
    source: Source
    duration: float

    @property
    def step(self) -> float:
        """From one level to the next, in dB."""
        return float(self.levels[1] - self.levels[0])

    def percentile(self, q: float) -> FloatArray:
        """The level that q percent of the time is at or below, at each frequency.

        Parameters
        ----------
        q : float
            From 0 to 100.

        Returns
        -------
        ndarray of float64, shape (frequencies,)
            In `unit`, as near as the step of the levels tells: linear within a step. Not a number where
            the density is none.

        Raises
        ------
        ParameterError
            `q` is not from 0 to 100.
        """
        if not 0 <= q <= 100:
            raise ParameterError(f"q={q!r} must be a percentage from 0 to 100.")
        below = np.vstack([np.zeros(len(self.frequencies)), np.cumsum(self.density * self.step, axis=0)])
        wanted = q / 100 * below[-1]
        row = np.clip((below < wanted).sum(axis=0) - 1, 0, len(self.levels) - 1)
        column = np.arange(len(self.frequencies))
        share = below[row + 1, column] - below[row, column]
        part = np.where(share > 0, (wanted - below[row, column]) / np.where(share > 0, share, 1.0), 0.0)
        level = self.levels[row] + (part - 0.5) * self.step
        return np.where(np.isfinite(wanted), level, np.nan)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save percentiles by frequency as CSV, with a row for each frequency.

        Parameters
        ----------
        path
            Ending in .csv. The columns are frequency_hz, mean_db and p1_db to p99_db.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        ParameterError
            The name ends otherwise.
        OutputError
            The file cannot be written; an older one is still there.
        """
        path = Path(path)
        if path.suffix.lower() != ".csv":
            raise ParameterError(f"The table {path.name!r} must have a name that ends in .csv.")
        columns = [self.frequencies, self.mean, *(self.percentile(q) for q in PERCENTILES)]
        header = ",".join(["frequency_hz", "mean_db", *(f"p{q:g}_db" for q in PERCENTILES)])
        rows = (",".join(f"{value:.6g}" for value in row) for row in zip(*columns, strict=True))
        return write_text(path, "\n".join([header, *rows, ""]))

    def __repr__(self) -> str:
        return (
            f"<marsaudio.SpectralProbabilityDensity: {describe_source(self.source)}, "
            f"{len(self.frequencies)} frequencies to {self.frequencies[-1]:g} Hz, {self.count} levels of "
            f"{self.seconds:g} s each, {self.unit}>"
        )


def long_term_spectrogram(
    source: Loadable | Recording,
    *,
    seconds: float | None = None,
    n_fft: int | None = None,
    start: float = 0.0,
    stop: float | None = None,
    calibration: Calibration | None = None,
) -> LongTermSpectrogram:
    """Average the spectrogram of a recording of any length over time, in flat memory.

    The mean power spectral density over each `seconds`, of Hann frames that overlap by half. Frames
    that touch digital silence are left out.

    Parameters
    ----------
    source
        A recording, or what `marsaudio.load` takes: a catalog key, the path of an audio file or of a PDS4
        label, or a binary file object.
    seconds : float, optional
        From column to column. None takes a round number that gives at most 1000 columns.
    n_fft : int, optional
        Samples in a frame. None takes the power of two nearest to 0.17 s.
    start, stop : float, optional
        A range in seconds; times are from its first sample on, as those of ``marsaudio.load(..., start=)``.
    calibration : Calibration, optional
        Of a file; a recording has its own.

    Returns
    -------
    LongTermSpectrogram

    Raises
    ------
    ParameterError
        A value is out of its range, or the recording is shorter than a frame.
    DataUnavailableError, AudioFormatError
        As `marsaudio.load`.

    Notes
    -----
    Known in marine acoustics as long-term spectral average. P. D. Welch, "The use of fast Fourier transform
    for the estimation of power spectra", IEEE Trans. Audio Electroacoust. 15 (1967),
    doi:10.1109/TAU.1967.1161901.

    Examples
    --------
    >>> import marsaudio as ma
    >>> ma.long_term_spectrogram("sample", seconds=1.0)
    <marsaudio.LongTermSpectrogram: sample, 4097 frequencies to 24000 Hz, 18 means over 1 s, FS²/Hz>
    """
    sound = _Sound.of(source, start, stop, calibration)
    grid = _grid(sound, n_fft)
    seconds = _round_seconds(sound.duration) if seconds is None else seconds
    columns = _Columns(sound, grid, seconds)
    frequencies = grid.frequencies(sound.sample_rate)
    factors = power_factors(sound.calibration, frequencies)
    power = np.zeros((grid.bins, columns.count), dtype=np.float32)
    frames = np.zeros(columns.count, dtype=np.intp)
    for number, (mean, count) in enumerate(columns):
        power[:, number] = mean * factors
        frames[number] = count
    return LongTermSpectrogram(
        power,
        frequencies,
        np.asarray((np.arange(columns.count) + 0.5) * seconds, dtype=np.float64),
        "Pa²/Hz" if sound.calibration else "FS²/Hz",
        n_fft=grid.n_fft,
        hop_length=grid.hop_length,
        title=describe_source(sound.known),
        start_time=sound.known.start_time and sound.known.start_time.after(sound.known.offset),
        gaps=sound.known.gaps_within(sound.duration),
        seconds=seconds,
        frames=frames,
        source=sound.known,
        duration=sound.duration,
        sample_rate=sound.sample_rate,
    )


def spectral_probability_density(
    source: Loadable | Recording,
    *,
    seconds: float = 1.0,
    n_fft: int | None = None,
    step: float = 1.0,
    start: float = 0.0,
    stop: float | None = None,
    calibration: Calibration | None = None,
) -> SpectralProbabilityDensity:
    """Count how often each level occurs at each frequency, in a recording of any length, in flat memory.

    Each level is that of the mean power spectral density over `seconds`, as `long_term_spectrogram` gives it.
    A mean alone hides whether it is a hum that never stops or a few loud gusts; the density shows both.

    Parameters
    ----------
    source
        As for `long_term_spectrogram`.
    seconds : float, optional
    n_fft : int, optional
        As for `long_term_spectrogram`.
    step : float, optional
        Of the levels, in dB, from 0.1 to 10. Levels are counted from -250 to 50 dB re full scale²/Hz; what is
        beyond counts as the last ones.
    start, stop : float, optional
    calibration : Calibration, optional
        As for `long_term_spectrogram`.

    Returns
    -------
    SpectralProbabilityDensity

    Raises
    ------
    ParameterError
        A value is out of its range; or all is digital silence, which has no level.
    DataUnavailableError, AudioFormatError
        As `marsaudio.load`.

    Notes
    -----
    N. D. Merchant, T. R. Barton, P. M. Thompson, E. Pirotta, D. T. Dakin, J. Dorocicz, "Spectral probability
    density as a tool for ambient noise analysis", J. Acoust. Soc. Am. 133 (2013), doi:10.1121/1.4794934.

    Examples
    --------
    >>> import marsaudio as ma
    >>> density = ma.spectral_probability_density("sample")
    >>> density.percentile(50).shape == density.frequencies.shape
    True
    """
    if not 0.1 <= step <= 10:
        raise ParameterError(f"step={step!r} must be from 0.1 to 10 dB.")
    sound = _Sound.of(source, start, stop, calibration)
    grid = _grid(sound, n_fft)
    frequencies = grid.frequencies(sound.sample_rate)
    offset = _level_offsets(sound.calibration, frequencies)
    known = np.flatnonzero(np.isfinite(offset))
    if not known.size:
        raise ParameterError(
            f"The frequency response says nothing from 0 to {frequencies[-1]:g} Hz. Give one that does."
        )
    first = np.floor((LOWEST_LEVEL + offset[known].min()) / step)
    rows = int(np.ceil((HIGHEST_LEVEL + offset[known].max()) / step) - first)
    counts = np.zeros((rows, grid.bins), dtype=np.int64)
    total, count = np.zeros(grid.bins), 0
    for mean, frames in _Columns(sound, grid, seconds):
        if not frames:
            continue
        with np.errstate(divide="ignore"):
            level = 10 * np.log10(mean[known]) + offset[known]
        row = np.clip(np.floor(level / step) - first, 0, rows - 1).astype(np.intp)
        counts[row, known] += 1
        total += mean
        count += 1
    if not count:
        raise ParameterError(
            f"{describe_source(sound.known)} is digital silence from end to end, which has no level."
        )
    used = np.flatnonzero(counts.any(axis=1))
    shown = slice(used[0], used[-1] + 1) if used[-1] > used[0] else slice(used[0], used[0] + 2)
    with np.errstate(divide="ignore"):
        of_mean = 10 * np.log10(total / count) + offset
    density = counts[shown] / (count * step)
    density[:, np.isnan(offset)] = np.nan
    return SpectralProbabilityDensity(
        density=density,
        levels=(first + 0.5 + np.arange(rows)[shown]) * step,
        frequencies=frequencies,
        mean=of_mean,
        unit="dB re (20 µPa)²/Hz" if sound.calibration else "dB re full scale²/Hz",
        seconds=seconds,
        count=count,
        source=sound.known,
        duration=sound.duration,
    )


@dataclass(frozen=True, eq=False)
class _Sound:
    """A range of a source of samples, as a source, with what is known about it."""

    whole: SampleSource
    first: int
    last: int
    known: Source
    calibration: Calibration | None

    @classmethod
    def of(
        cls,
        source: Loadable | Recording,
        start: float,
        stop: float | None,
        calibration: Calibration | None,
    ) -> Self:
        """Find the range of a recording, or of what `marsaudio.load` takes."""
        opened, known = open_sound(source)
        first, last = audio.frame_range(start, stop, opened.frames, opened.sample_rate, opened.name)
        known = of_part(known, (first, last), opened.info)
        own = source.calibration if isinstance(source, Recording) else None
        return cls(opened, first, last, known, calibration or own)

    @property
    def sample_rate(self) -> float:
        return self.whole.sample_rate

    @property
    def channels(self) -> int:
        return self.whole.channels

    @property
    def frames(self) -> int:
        return self.last - self.first

    @property
    def duration(self) -> float:
        return self.frames / self.sample_rate

    def blocks(self, *, first: int = 0) -> Iterator[Samples]:
        """Give the samples of the range from one on."""
        place = self.first + first
        for block in self.whole.blocks(first=place):
            part = block[:, : max(self.last - place, 0)]
            if part.shape[1]:
                yield part
            place += block.shape[1]
            if place >= self.last:
                return


class _Columns:
    """The mean power spectral density of each column, in full scale²/Hz, and of how many frames.

    A frame is in the column that its middle is in.
    """

    def __init__(self, sound: _Sound, grid: ShortTimeFourier, seconds: float) -> None:
        length = seconds * sound.sample_rate
        if not grid.hop_length <= length < np.inf:
            raise ParameterError(
                f"seconds={seconds!r} must be at least {grid.hop_length / sound.sample_rate:g} s, half a "
                f"frame of {grid.n_fft} samples. Take longer columns or shorter frames."
            )
        self._sound, self._grid = sound, grid
        middles = grid.n_fft / 2 + grid.hop_length * np.arange(grid.frame_count(sound.frames))
        self._column = (middles // length).astype(np.intp)
        self.count = int(self._column[-1]) + 1

    def __iter__(self) -> Iterator[tuple[FloatArray, int]]:
        factors = scale_factors(self._grid, self._sound.sample_rate, "psd")
        total, frames, current = np.zeros(self._grid.bins), 0, 0
        for first, power in self._powers():
            column = self._column[first : first + len(power)]
            sounding = power.any(axis=1)
            starts = np.flatnonzero(np.append(True, np.diff(column) > 0))
            sums = np.add.reduceat(power, starts, axis=0, dtype=np.float64)
            counts = np.add.reduceat(sounding, starts, dtype=np.intp)
            for number, part, count in zip(column[starts], sums, counts, strict=True):
                while current < number:
                    yield total * (factors / max(frames, 1)), frames
                    total, frames, current = np.zeros(self._grid.bins), 0, current + 1
                total += part
                frames += int(count)
        while current < self.count:
            yield total * (factors / max(frames, 1)), frames
            total, frames, current = np.zeros(self._grid.bins), 0, current + 1

    def _powers(self) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Squared magnitudes of all frames, means over the channels, batch by batch; 0 of muted ones."""
        grid, samples = self._grid, SlidingRange.of(self._sound)
        for first in range(0, len(self._column), grid.batch_size):
            last = min(first + grid.batch_size, len(self._column))
            stretch = samples.take(*grid.span(first, last))
            if channels_are_equal(stretch):
                stretch = stretch[:1]
            spectra = grid.transform(stretch)
            power = np.square(spectra.real)
            power += np.square(spectra.imag)
            mean = power[0] if len(power) == 1 else power.mean(axis=0, dtype=np.float32)
            mean[self._muted(stretch)] = 0.0
            yield first, mean

    def _muted(self, stretch: Samples) -> npt.NDArray[np.bool_]:
        """Which frames touch digital silence: about ten milliseconds in which no channel's sample changes."""
        hop = self._grid.hop_length
        parts = round(hop / (MUTED_SECONDS * self._sound.sample_rate))
        if not parts:  # a few samples of quiet sound may well be equal
            return np.zeros((stretch.shape[1] - self._grid.n_fft) // hop + 1, dtype=bool)
        length = hop // parts
        hops = stretch[:, : stretch.shape[1] // hop * hop].reshape(len(stretch), -1, hop)
        pieces = hops[..., : hop // length * length].reshape(*hops.shape[:2], -1, length)
        still = (pieces == pieces[..., :1]).all(axis=(0, 3)).any(axis=1)
        return np.asarray(still[:-1] | still[1:])[: (stretch.shape[1] - self._grid.n_fft) // hop + 1]


def _level_offsets(calibration: Calibration | None, frequencies: FloatArray) -> FloatArray:
    """What to add to a level in dB re full scale²/Hz, at each frequency."""
    reference = AIR_REFERENCE_PRESSURE**2 if calibration else 1.0
    return 10 * np.log10(power_factors(calibration, frequencies) / reference)


def _grid(sound: _Sound, n_fft: int | None) -> ShortTimeFourier:
    """Half overlapping Hann frames."""
    if n_fft is None:
        n_fft = 2 ** max(round(np.log2(FRAME_SECONDS * sound.sample_rate)), 2)
        while n_fft > 4 and n_fft > sound.frames:
            n_fft //= 2
    if isinstance(n_fft, bool) or not isinstance(n_fft, int | np.integer) or not 4 <= n_fft <= sound.frames:
        raise ParameterError(
            f"n_fft={n_fft!r} must be a whole number from 4 to the {sound.frames} samples that there are."
        )
    return ShortTimeFourier(int(n_fft), int(n_fft) // 2, hann(int(n_fft)), padded=False)


def _round_seconds(duration: float) -> float:
    """The shortest round time that divides a duration into at most 1000 columns."""
    least = duration / MOST_COLUMNS
    longer = np.ceil(least / ROUND_SECONDS[-1]) * ROUND_SECONDS[-1]
    return float(next((seconds for seconds in ROUND_SECONDS if seconds >= least), longer))
