"""The level of the wind's band over time, with the rover's lines taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.recording import Recording
from marsaudio.separation.tone_free import ToneFreeChannel, tone_free_channels
from marsaudio.spectra.stft import ShortTimeFourier, hann

FloatArray = npt.NDArray[np.float64]

FRAME_SECONDS = 0.25
HOPS_PER_FRAME = 5
SMOOTHING_SECONDS = 0.5
FADED_BELOW_LOUDEST_DB = 50.0
FADED_BELOW_QUIET_DB = 20.0
FADED_BELOW_OTHER_END_DB = 10.0


@dataclass(frozen=True, eq=False)
class BandLevel:
    """A level over time.

    Attributes
    ----------
    times : ndarray of float64
        The centres of the frames, in seconds.
    level : ndarray of float64
        Mean square in the band, in dB re full scale; minus infinity in digital silence.
    usable : ndarray of bool
        False where the recording is muted or faded out.
    frame, hop : float
        Length of a frame and distance of two, in seconds.
    """

    times: FloatArray
    level: FloatArray
    usable: npt.NDArray[np.bool_]
    frame: float
    hop: float


def band_level(
    recording: Recording, *, band: tuple[float, float], line_frequencies: list[list[float]] | None = None
) -> BandLevel:
    """Measure the level of a band in Hann frames of a quarter of a second, every 50 ms.

    L(t) = 10 log10( sum over the band of the power spectral density times the width of a bin ), of the mean
    power over the channels that are not muted, after the rover's lines were subtracted coherently.

    Parameters
    ----------
    recording : Recording
    band : (low, high)
        In Hz.
    line_frequencies : list of lists of float, optional
        The lines of each distinct channel, where they are known already.

    Returns
    -------
    BandLevel
        Without any frames where the recording is shorter than one.

    Raises
    ------
    ParameterError
        The band is empty, outside of 0 to half the rate, or holds no frequency of the frames.
    """
    low, high = band
    rate = recording.sample_rate
    if not 0 <= low < high <= rate / 2:
        raise ParameterError(
            f"band=({low:g}, {high:g}) must be two rising frequencies from 0 to {rate / 2:g} Hz, half the "
            "sample rate."
        )
    hop = max(round(FRAME_SECONDS / HOPS_PER_FRAME * rate), 1)
    fourier = ShortTimeFourier(hop * HOPS_PER_FRAME, hop, hann(hop * HOPS_PER_FRAME), padded=False)
    frequencies = fourier.frequencies(rate)
    inside = (frequencies >= low) & (frequencies <= high)
    if not inside.any():
        raise ParameterError(
            f"band=({low:g}, {high:g}) lies between two frequencies of the frames, which are "
            f"{frequencies[1]:g} Hz apart. Take a wider band."
        )
    count = fourier.frame_count(recording.frames)
    power = np.zeros(count)
    sounding = np.zeros(count)  # how many channels are not muted
    channels = tone_free_channels(recording, line_frequencies) if count else []
    # One-sided density times bin width, over the window's mean square.
    scale = 2.0 / (fourier.n_fft * np.sum(fourier.window.astype(np.float64) ** 2))
    for channel in channels:
        heard = _usable(channel, fourier, count)
        for first, spectra in fourier.batches(channel):
            part = spectra[0, :, inside]  # numpy puts the chosen bins first
            energy = np.sum(part.real**2 + part.imag**2, axis=0, dtype=np.float64)
            power[first : first + spectra.shape[1]] += (
                energy * scale * heard[first : first + spectra.shape[1]]
            )
        sounding += heard
    with np.errstate(divide="ignore"):
        level = 10 * np.log10(power / np.maximum(sounding, 1))
    times = fourier.centres(count, rate)
    usable = sounding > 0
    usable &= ~_faded(level, usable)
    return BandLevel(times, level, usable, fourier.n_fft / rate, hop / rate)


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
    if not len(measured.level):
        return measured.level
    frames = max(round(SMOOTHING_SECONDS / measured.hop), 1)
    kernel = np.ones(frames + 1 - frames % 2)
    finite = measured.usable & np.isfinite(measured.level)
    here = slice(len(kernel) // 2, len(kernel) // 2 + len(finite))
    total = np.convolve(np.where(finite, measured.level, 0.0), kernel)[here]
    count = np.convolve(finite, kernel)[here]
    return np.where(finite, total / np.maximum(count, 1), -np.inf)


def _usable(channel: ToneFreeChannel, fourier: ShortTimeFourier, count: int) -> npt.NDArray[np.bool_]:
    """Frames that touch no muted stretch of a channel."""
    starts = fourier.hop_length * np.arange(count)
    return channel.coverage.is_sounding(starts, starts + fourier.n_fft)


def _faded(level: FloatArray, usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
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
    levels = [float(np.median(one)) if len(one) >= 2 * HOPS_PER_FRAME else np.inf for one in heard]
    for part, here, there in zip(stretches, levels, levels[::-1], strict=True):
        below_rest = rest.size and here < np.quantile(rest, 0.1) - FADED_BELOW_QUIET_DB
        if below_rest and here < there - FADED_BELOW_OTHER_END_DB:
            faded[part] = True
    return faded


def _faint_length(faint: npt.NDArray[np.bool_]) -> int:
    """How many frames from the start are faint: as a fade wavers, up to the last by which half were."""
    share = np.cumsum(faint) / np.arange(1, len(faint) + 1)
    ends = np.flatnonzero(faint & (share >= 0.5))
    return int(ends[-1]) + 1 if ends.size else 0
