"""What the quiet of a recording is: the level that the rover alone has, and how much it wavers by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.events.level import FRAME_SECONDS, HOP_SECONDS, SMOOTHING_SECONDS

FloatArray = npt.NDArray[np.float64]

# A recording may be windy for most of the time: of the levels that each of these tells, the lowest counts.
QUANTILES = (0.1, 0.2, 0.35, 0.5)


@dataclass(frozen=True)
class QuietOfNoise:
    """What noise alone does: how its smoothed level is distributed about the level of its mean power.

    Attributes
    ----------
    quantiles : tuple of float
        Where the `QUANTILES` of the smoothed level lie, in dB.
    wavering : float
        What `wavering_of` makes of it, in dB.
    most_wavering : float
        What `wavering_of` is at most in 19 of 20 pieces of noise of this length, in dB.
    """

    quantiles: tuple[float, ...]
    wavering: float
    most_wavering: float


def quiet_level(smoothed: FloatArray, noise: QuietOfNoise) -> FloatArray:
    """The level of the mean power of the quiet, in dB, from levels, (..., frames), smoothed and usable.

    If a share of the time is quiet, the quantile q of all levels is at most the quantile q / share of the
    quiet ones. So each quantile, less its place in noise alone, tells a level that is too high by as much as
    wind reaches down to it, and the lowest of them counts.
    """
    told = np.moveaxis(np.quantile(smoothed, QUANTILES, axis=-1), 0, -1) - np.asarray(noise.quantiles)
    return np.asarray(told.min(axis=-1))


def wavering_of(smoothed: FloatArray) -> FloatArray:
    """How much the quieter half of the smoothed level wavers by itself, in dB, from levels, (..., frames).

    The robust standard deviation of its differences over half a second and a frame, so that the two values
    share no sample and slow changes of the wind cancel; of pairs that both lie below the median, so that
    gusts do not count as wavering. 1.4826 turns the median of magnitudes into the standard deviation of a
    normal variable. Where there is no such pair, it is 0.
    """
    lag = round((SMOOTHING_SECONDS + FRAME_SECONDS) / HOP_SECONDS)
    earlier, later = smoothed[..., :-lag], smoothed[..., lag:]
    quieter = np.maximum(earlier, later) <= np.median(smoothed, axis=-1, keepdims=True)
    # Medians of rows of unlike lengths, all at once: what does not count is sorted to the end.
    magnitudes = np.sort(np.where(quieter, np.abs(later - earlier), np.inf), axis=-1)
    counts = quieter.sum(axis=-1)
    if not counts.any():
        return np.zeros(counts.shape)
    middle = np.stack([np.maximum(counts - 1, 0) // 2, counts // 2], axis=-1)
    medians = np.take_along_axis(magnitudes, np.minimum(middle, magnitudes.shape[-1] - 1), axis=-1).mean(
        axis=-1
    )
    return np.asarray(np.where(counts > 0, 1.4826 * medians / np.sqrt(2), 0.0))


def scale_from(wavering: FloatArray, noise: QuietOfNoise) -> FloatArray:
    """By how much a quiet wavers more than noise does, at least 1.

    What chance can make of noise counts the less, the more likely it is, so that nothing jumps.
    """
    if noise.wavering == 0:  # too short to tell
        return np.ones_like(wavering)
    more = np.maximum(wavering / noise.wavering - 1.0, 0.0)
    most = max(noise.most_wavering / noise.wavering - 1.0, 1e-9)
    return np.asarray(1.0 + more * np.minimum(more / most, 1.0))
