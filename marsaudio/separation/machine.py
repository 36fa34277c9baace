"""The rover's own comings and goings: motors, wheels, anything that is heard above where wind ends.

Wind is not looked for above a few kilohertz; what fluctuates there is taken for a machine. How active it is
from moment to moment is read there, and what goes with that at low frequencies is the machine's too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

BANDS_PER_OCTAVE = 10
# A steady machine's level, over so many bins, wavers by less than 0.3 dB, beating lines included.
FLUCTUATION_DB = 0.33
QUIET_QUANTILE = 0.10
# A machine is taken for at most this much louder, per hertz, where wind is than above it.
LOW_OVER_HIGH_DB = 30.0
FAINTEST = 1e-9  # of the loudest band: fainter ones were cut off by a codec or a filter, and tell nothing


class HighBands:
    """Bands of a tenth of an octave above the modelled bins.

    Parameters
    ----------
    first_bin, bins : int
        The first bin above those that wind is looked for in, and how many there are in all.
    """

    def __init__(self, first_bin: int, bins: int) -> None:
        edges = [first_bin]
        while edges[-1] < bins:
            edges.append(max(edges[-1] + 1, round(edges[-1] * 2 ** (1 / BANDS_PER_OCTAVE))))
        self.first = np.array([edge for edge in edges if edge < bins], dtype=np.intp)
        self.widths = np.diff(np.append(self.first, bins)).astype(np.float64)

    def mean(self, power: npt.NDArray[np.float32]) -> FloatArray:
        """Mean over the bins of each band of periodograms of shape (frames, bins)."""
        if not len(self.first):
            return np.zeros((len(power), 0))
        return np.asarray(np.add.reduceat(power, self.first, axis=1) / self.widths)


@dataclass(frozen=True, eq=False)
class Machine:
    """A machine that comes and goes.

    Attributes
    ----------
    bands : HighBands
        Where its activity is read.
    weights : ndarray of float64, shape (bands,)
        What turns a frame's power in these bands into its activity.
    spectrum : ndarray of float64, shape (bins,)
        Its periodogram at an activity of 1, in the bins that wind is looked for in.
    """

    bands: HighBands
    weights: FloatArray
    spectrum: FloatArray

    def activity(self, power: npt.NDArray[np.float32]) -> FloatArray:
        """How active it is in frames of given periodograms, shape (frames, bins): 0 in the quiet."""
        return activity_of(self.bands.mean(power), self.weights)


def activity_of(power: FloatArray, weights: FloatArray) -> FloatArray:
    """The weighted mean excess over the floor, a_t = sum_b weights_b P_tb - 1; 0 where that is negative."""
    return np.asarray(np.maximum(power @ weights - 1, 0.0))


def activity_weights(power: FloatArray, widths: FloatArray) -> FloatArray | None:
    """The weights that measure activity, or None where nothing above the wind's bands comes and goes.

    weights_b = n_b**0.7 / (R_b sum n**0.7), with R_b the 10 % quantile of band b over time. The machine is
    steady where the robust standard deviation of the level 10 log10(1 + a) stays below 0.33 dB.

    Parameters
    ----------
    power : ndarray of float64, shape (columns, bands)
    widths : ndarray of float64, shape (bands,)
        How many bins each band has.
    """
    if not power.size or not power.max() > 0:
        return None
    floor = np.quantile(power, QUIET_QUANTILE, axis=0)
    heard = floor > FAINTEST * power.max()
    if not heard.any():
        return None
    trust = np.where(heard, widths**0.7, 0.0)
    weights = np.where(heard, trust / np.where(heard, floor, 1.0), 0.0) / trust.sum()
    level = 10 * np.log10(np.maximum(power @ weights, 1e-300))
    spread = 1.4826 * np.median(np.abs(level - np.median(level)))
    return np.asarray(weights) if spread >= FLUCTUATION_DB else None


def loudest_spectrum(weights: FloatArray) -> float:
    """The most that a machine's spectrum is let be where wind is: 30 dB over its floor above the wind."""
    heard = weights > 0
    # weights are in inverse proportion to the floor, so this is a mean of it
    return float(10 ** (LOW_OVER_HIGH_DB / 10) * np.count_nonzero(heard) / weights[heard].sum())
