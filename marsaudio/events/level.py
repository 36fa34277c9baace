"""The level of the wind's band over time, with the rover's lines taken out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.events.band_power import BlockSpectra, measure_power
from marsaudio.events.band_to_time import CELL_SECONDS
from marsaudio.separation.tone_free import tone_free_channels
from marsaudio.spectra.stft import SampleSource
from marsaudio.spectra.threads import one_thread

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

FRAME_CELLS, HOP_CELLS, SMOOTHED_FRAMES = 50, 10, 11
FRAME_SECONDS, HOP_SECONDS = FRAME_CELLS * CELL_SECONDS, HOP_CELLS * CELL_SECONDS
SMOOTHING_SECONDS = 0.5
_WINDOW = np.sin(np.pi * (np.arange(FRAME_CELLS) + 0.5) / FRAME_CELLS) ** 4
FRAME_WEIGHTS: Float32Array = (_WINDOW / _WINDOW.sum()).astype(np.float32)
LEAST_SHARE = 0.5  # of a frame that must be sound
FADED_BELOW_LOUDEST_DB = 50.0
FADED_BELOW_QUIET_DB = 20.0
FADED_BELOW_OTHER_END_DB = 10.0
SHORTEST_FADE = 10  # frames; fewer are a file's beginning


def frame_means(values: Float32Array) -> FloatArray:
    """The means of values of cells, (..., cells), in each frame, weighted by the square of a Hann window."""
    if values.shape[-1] < FRAME_CELLS:
        return np.zeros((*values.shape[:-1], 0))
    frames = np.lib.stride_tricks.sliding_window_view(values, FRAME_CELLS, axis=-1)
    return np.asarray(frames[..., ::HOP_CELLS, :] @ FRAME_WEIGHTS, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class BandLevel:
    """A level over time.

    Attributes
    ----------
    times : ndarray of float64, shape (frames,)
        The centres of the frames, in seconds.
    level : ndarray of float64, shape (frames,)
        Mean square in the band, in dB re full scale; minus infinity in digital silence.
    usable : ndarray of bool, shape (frames,)
        False where the recording is muted or faded out.
    spectra : BlockSpectra
        The spectrum of the band and of what is above it over time, of all channels.
    tones : float
        Mean square of the lines that were subtracted from the band, in dB re full scale; minus infinity where
        there were none.
    """

    times: FloatArray
    level: FloatArray
    usable: BoolArray
    spectra: BlockSpectra
    tones: float


def band_level(source: SampleSource, *, band: tuple[float, float], remove_lines: bool = True) -> BandLevel:
    """Measure the level of a band in Hann-weighted frames of a quarter of a second, every 50 ms.

    L(t) = 10 log10( sum_n w²(n - t) |x(n)|² / 2 sum_n w²(n - t) ), with x the analytic signal of the band, w
    a Hann window, and the sums over what is neither muted nor a click; the mean power of the channels that
    are not muted, after the rover's lines were subtracted coherently.

    Parameters
    ----------
    source : SampleSource
        A recording, or an open audio file.
    band : (low, high)
        In Hz.
    remove_lines : bool, optional
        False measures the level with the lines in it.

    Returns
    -------
    BandLevel
        Without any frames where the recording is shorter than one.

    Raises
    ------
    ParameterError
        The band is empty, outside of 0 to half the rate, or holds no frequency of the frames.
    """
    low, high = checked_band(band, source.sample_rate)
    with one_thread():
        channels = tone_free_channels(source, highest=high, remove_lines=remove_lines)
        powers = [measure_power(channel, (low, high)) for channel in channels]
    power = sum(powers[1:], start=powers[0])
    energy, share = frame_means(power.power), frame_means(power.sounding)
    usable = share >= LEAST_SHARE
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(usable, 10 * np.log10(energy / share), -np.inf)
    usable &= ~_faded(level, usable)
    spectra = replace(power.spectra, usable=power.spectra.usable & _at(power.spectra.times, usable))
    times = np.arange(len(level)) * HOP_SECONDS + FRAME_SECONDS / 2
    lines = (line for one in channels for line in one.lines if low <= line.frequency <= high)
    tones = sum(10 ** (line.level / 10) for line in lines) / len(channels)
    tones_db = 10 * math.log10(tones) if tones > 0 else -math.inf
    return BandLevel(times.astype(np.float64), level, usable, spectra, tones_db)


def _at(times: FloatArray, usable: BoolArray) -> BoolArray:
    """Which times lie in usable frames."""
    if not len(usable):
        return np.zeros(len(times), dtype=bool)
    frames = np.round((times - FRAME_SECONDS / 2) / HOP_SECONDS).astype(np.intp)
    return np.asarray(usable[np.clip(frames, 0, len(usable) - 1)])


def checked_band(band: tuple[float, float], rate: float = math.inf) -> tuple[float, float]:
    """The edges of a band in Hz, refused where nothing at the sample rate `rate` lies between them."""
    try:
        low, high = (float(edge) for edge in band)
    except (TypeError, ValueError):
        raise ParameterError(f"band={band!r} must be two frequencies in Hz, such as (20, 250).") from None
    if not (0 <= low < high <= rate / 2 and high < math.inf):
        reach = f"from 0 to {rate / 2:g} Hz, half the sample rate" if rate < math.inf else "in Hz"
        raise ParameterError(f"band=({low:g}, {high:g}) must be two rising frequencies {reach}.")
    return low, high


def smoothed_level(measured: BandLevel) -> FloatArray:
    """The mean of the level in dB over half a second, which is what events are found in.

    Parameters
    ----------
    measured : BandLevel

    Returns
    -------
    ndarray of float64
        At the same times, from usable frames only; minus infinity elsewhere.
    """
    finite = measured.usable & np.isfinite(measured.level)
    return smooth(measured.level, finite)


def smooth(level: FloatArray, finite: BoolArray) -> FloatArray:
    """The mean over half a second of levels, (..., frames), that are finite; elsewhere minus infinity."""
    from scipy.ndimage import uniform_filter1d

    share = uniform_filter1d(finite.astype(np.float64), SMOOTHED_FRAMES, axis=-1, mode="constant")
    total = uniform_filter1d(np.where(finite, level, 0.0), SMOOTHED_FRAMES, axis=-1, mode="constant")
    return np.where(finite, total / np.maximum(share, 0.5 / SMOOTHED_FRAMES), -np.inf)


def _faded(level: FloatArray, usable: BoolArray) -> BoolArray:
    """Frames at an end that were faded out by hand, fainter than a microphone's own noise lets anything be.

    Fainter by 50 dB than the loudest, by 20 dB than the quietest tenth of all the rest, and by 10 dB than
    what is faint at the other end: around a gust, the quiet is the same on both sides.
    """
    faded = np.zeros(len(level), dtype=bool)
    if not usable.any():
        return faded
    faint = level < np.quantile(level[usable], 0.95) - FADED_BELOW_LOUDEST_DB
    rest = level[usable & ~faint]
    stretches = [slice(0, _faint_length(faint)), slice(len(level) - _faint_length(faint[::-1]), len(level))]
    heard = [level[part][usable[part]] for part in stretches]
    # A stretch of a few frames is a file's beginning, and tells nothing about the quiet.
    levels = [float(np.median(one)) if len(one) >= SHORTEST_FADE else np.inf for one in heard]
    for part, here, there in zip(stretches, levels, levels[::-1], strict=True):
        below_rest = rest.size and here < np.quantile(rest, 0.1) - FADED_BELOW_QUIET_DB
        if below_rest and here < there - FADED_BELOW_OTHER_END_DB:
            faded[part] = True
    return faded


def _faint_length(faint: BoolArray) -> int:
    """How many frames from the start are faint: as a fade wavers, up to the last by which half were."""
    share = np.cumsum(faint) / np.arange(1, len(faint) + 1)
    ends = np.flatnonzero(faint & (share >= 0.5))
    return int(ends[-1]) + 1 if ends.size else 0
