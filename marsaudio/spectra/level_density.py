"""Hours of sound at a glance: how often each level occurs at each frequency.

The sound is read once, in blocks, and only what is drawn is kept: memory does not grow with the length.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from marsaudio.atomic import write_text
from marsaudio.calibration import AIR_REFERENCE_PRESSURE, Calibration, power_factors
from marsaudio.errors import ParameterError
from marsaudio.formats.encodings import FAINTEST_IN_WORDS
from marsaudio.loading import Loadable
from marsaudio.recording import Recording
from marsaudio.source import Source, describe_source
from marsaudio.spectra.mean_spectra import MeanSpectra, SoundRange, half_overlapping_frames
from marsaudio.watching import Progress

FloatArray = npt.NDArray[np.float64]

LOWEST_LEVEL, HIGHEST_LEVEL = -250.0, 300.0  # dB re full scale²/Hz; beyond, levels count as these
PERCENTILES = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)


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

    Examples
    --------
    >>> import marsaudio as ma
    >>> density = ma.spectral_probability_density("sample")
    >>> density.count, density.unit
    (18, 'dB re full scale²/Hz')
    >>> bool((density.percentile(95) >= density.percentile(5)).all())
    True
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

        Examples
        --------
        >>> import marsaudio as ma
        >>> density = ma.spectral_probability_density("sample")
        >>> density.percentile(50).shape == density.frequencies.shape
        True
        """
        if not 0 <= q <= 100:
            raise ParameterError(f"q={q!r} must be a percentage from 0 to 100.")
        below = np.vstack([np.zeros(len(self.frequencies)), np.cumsum(self.density * self.step, axis=0)])
        # Of no share of the time, the lowest level that occurs at all.
        wanted = np.maximum(q / 100, 1e-12) * below[-1]
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
        path = check_table_name(Path(path))
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


def spectral_probability_density(
    source: Loadable | Recording,
    *,
    seconds: float = 1.0,
    n_fft: int | None = None,
    step: float = 1.0,
    start: float = 0.0,
    stop: float | None = None,
    calibration: Calibration | None = None,
    progress: Progress = False,
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
    progress : bool or callable, optional
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

    See Also
    --------
    long_term_spectrogram : What happened when.
    marsaudio.plot.spectral_probability_density : As a picture.

    Notes
    -----
    A column at the end that is shorter than the others counts as much as they do. Where noise is so faint
    that all samples of a hundredth of a second are equal, it counts as digital silence, and is left out.

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
    sound = SoundRange.of(source, start, stop, calibration)
    grid = half_overlapping_frames(sound, n_fft)
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
    with sound.watched(progress, "Averaging") as heard:
        for mean, frames in MeanSpectra(heard, grid, seconds):
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
            f"{describe_source(sound.known)} is digital silence from end to end, or fainter than "
            f"{FAINTEST_IN_WORDS}: it has no level. Give another recording, or another range."
        )
    used = np.flatnonzero(counts.any(axis=1))
    lowest = min(used[0], rows - 2)  # two at the least, from which the step can be told
    shown = slice(lowest, max(used[-1] + 1, lowest + 2))
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


def check_table_name(path: Path) -> Path:
    """Refuse a name that does not end in .csv."""
    if path.suffix.lower() != ".csv":
        raise ParameterError(f"The table {path.name!r} must have a name that ends in .csv.")
    return path


def _level_offsets(calibration: Calibration | None, frequencies: FloatArray) -> FloatArray:
    """What to add to a level in dB re full scale²/Hz, at each frequency."""
    reference = AIR_REFERENCE_PRESSURE**2 if calibration else 1.0
    return 10 * np.log10(power_factors(calibration, frequencies) / reference)
