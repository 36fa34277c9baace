"""Whether there is wind at all, and how far up it reaches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import Bands
from marsaudio.separation.tone_fits import KERNEL_BINS

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

CUT_SIGNIFICANCE = 3.0  # standard errors of the slope of band power on wind level
CUT_BANDS = 3
TAPER_PER_BAND = 0.5  # nepers that the wind's spectrum falls by in every band above the cut-off
MACHINE_LIKE = 0.4  # correlation of the wind's level with a machine's activity
UNKNOWN_CUT = 300.0  # Hz; how far the wind's spectrum is let reach where no band follows the level


def stands_above_leakage(spectrum: FloatArray, lines: FloatArray, bands: Bands) -> npt.NDArray[np.bool_]:
    """Which bands hold sound of their own, and not only what the window spreads from stronger ones.

    Between the bins of a Hann window's transform |W(x) / W(0)|² = (sin(pi x) / (pi x (1 - x²)))², on average
    about 0.05 / x**6, x bins away. From three bins on that may be no more than a third of what there is; of
    the lines that were taken out, it is what was not taken out with them, more than ten bins away.

    Source: F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier
    transform", Proc. IEEE 66 (1978), doi:10.1109/PROC.1978.10837.
    """
    distance = np.abs(np.arange(-len(spectrum) + 1, len(spectrum))).astype(np.float64)
    spread = 0.05 / np.maximum(distance, 1.0) ** 6
    leaked = np.convolve(spectrum, np.where(distance < 3, 0.0, spread), mode="valid")
    leaked += np.convolve(lines, np.where(distance <= KERNEL_BINS, 0.0, spread), mode="valid")
    both = bands.mean(np.stack([leaked, spectrum]))
    return np.asarray(3 * both[0] < both[1])


def come_and_go_together(excess: FloatArray, strength: FloatArray, bands: Bands, independent: float) -> bool:
    """Whether one half of the bands rises and falls with the other half, as wind's do.

    Each half gives a level, with the bands weighed by their strength: how far the wind stands over the floor
    in them; noise in one half knows nothing of the other. The correlation of the logarithms of both levels
    has a standard deviation of about 1 / sqrt(n) for n independent columns. The halves alternate in groups of
    four bands, since a window spreads a tone over neighbouring bins.
    """
    weights = bands.trust * strength
    halves = np.arange(len(weights)) // 4 % 2
    levels = []
    for half in (halves == 0, halves == 1):
        mean = excess[:, half] @ weights[half] / max(float(weights[half].sum()), 1e-300)
        levels.append(np.log1p(np.maximum(mean, 0)))
    deviations = [level - level.mean() for level in levels]
    energy = np.sqrt(np.prod([deviation @ deviation for deviation in deviations]))
    correlation = deviations[0] @ deviations[1] / energy if energy > 0 else 0.0
    return bool(correlation * np.sqrt(independent) > CUT_SIGNIFICANCE)


def find_cut_off(
    excess: FloatArray, level: FloatArray, heard: npt.NDArray[np.bool_], bands: Bands, independent: float
) -> float | None:
    """Where the wind ends: the centre of the last bands with sound of their own that follows the level."""
    deviation = level - level.mean()
    variance = np.sum(deviation**2)
    if variance <= 0:
        return None
    slope = deviation @ excess / variance
    rest = excess - excess.mean(axis=0) - np.outer(deviation, slope)
    error = np.sqrt((rest**2).sum(axis=0) / variance / max(independent - 2, 1.0))
    significance = np.where(heard, slope / np.maximum(error, 1e-300), 0.0)
    significance = np.convolve(significance, np.ones(5) / 5, mode="same")
    follows = np.convolve(significance > CUT_SIGNIFICANCE, np.ones(CUT_BANDS), mode="valid") == CUT_BANDS
    runs = np.flatnonzero(follows)
    return float(bands.centres[runs[-1] + CUT_BANDS - 1]) if runs.size else None


def rises_with(level: FloatArray, activity: FloatArray) -> bool:
    """Whether the wind's level rises and falls with a machine's activity: it may be that machine's.

    Where their logarithms, log(1 + h / median h) and log(1 + a), have a correlation above 0.4.
    """
    logs = [np.log1p(values / max(float(np.median(values)), 1e-300)) for values in (level, 1 + activity)]
    deviations = [values - values.mean() for values in logs]
    energy = np.sqrt(np.prod([deviation @ deviation for deviation in deviations]))
    return bool(energy > 0 and deviations[0] @ deviations[1] > MACHINE_LIKE * energy)


def taper(bands: Bands, cut_off: float) -> FloatArray:
    """What the wind's spectrum is multiplied by: 1 up to the cut-off, then falling in every band."""
    above = np.maximum(np.arange(len(bands.centres)) - np.searchsorted(bands.centres, cut_off), 0)
    return np.asarray(np.exp(-TAPER_PER_BAND * above))
