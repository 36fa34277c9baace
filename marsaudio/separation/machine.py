"""The rover's own comings and goings: motors, wheels, anything that is heard above where wind ends.

Wind is not looked for above a few kilohertz; what fluctuates there is taken for a machine. How active it is
from moment to moment is read there, and the rover has a floor of its own at each of a few levels of activity:

R(t, f) = sum_j q_j(a_t) R_j(f),

where q_j are the weights of linear interpolation between the levels. A motor may have other tones when it
runs fast than when it runs slowly, and some only when it rests, which a single spectrum times its activity
cannot say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import HighBands

FloatArray = npt.NDArray[np.float64]

# A steady machine's level, over so many bins, wavers by less than 0.3 dB, beating lines included.
FLUCTUATION_DB = 0.33
NORMAL_90 = 1.282  # standard deviations from the median to the 90 % quantile
QUIET_QUANTILE = 0.10
LEVELS = 5
LOW_OVER_HIGH_DB = 30.0
LOWEST_LEVEL, HIGHEST_LEVEL = 0.08, 0.95  # quantiles of the activity
SMOOTHED_FRAMES = 3
KNOCKING = 0.4  # coefficient of variation within a frame
FAINTEST = 1e-9  # of the loudest band: fainter ones were cut off by a codec or a filter, and tell nothing
FAINTEST_BELOW_WIND = 1e-11  # of the loudest band where wind is: likewise


@dataclass(frozen=True, eq=False)
class Activity:
    """How active a machine is, read above the frequencies of wind.

    Attributes
    ----------
    weights : ndarray of float64, shape (high bands,)
        What turns a frame's power in the bands above the wind's into its activity.
    levels : ndarray of float64, shape (levels,)
        The activities that the rover has a floor of its own at, rising.
    """

    weights: FloatArray
    levels: FloatArray

    @property
    def loudest(self) -> float:
        """The most power per hertz that a unit of activity is let be where wind is.

        That is 30 dB over the quiet floor above the wind: faint sound that follows a loud gust up there, as a
        codec leaves it, is no machine.
        """
        heard = self.weights > 0
        # Weights are in inverse proportion to the floor, so this is a mean of it.
        return float(10 ** (LOW_OVER_HIGH_DB / 10) * np.count_nonzero(heard) / self.weights[heard].sum())

    def of(self, high_power: FloatArray) -> FloatArray:
        """The weighted mean excess over the quietest, a_t = sum_b weights_b P_tb - 1, over three frames.

        Parameters
        ----------
        high_power : ndarray of float64, shape (frames, high bands)

        Returns
        -------
        ndarray of float64, shape (frames,)
            0 or more.
        """
        from scipy.ndimage import uniform_filter1d

        excess = np.maximum(high_power @ self.weights - 1, 0.0)
        return np.asarray(uniform_filter1d(excess, SMOOTHED_FRAMES, mode="nearest"))

    def at_levels_of(self, high_power: FloatArray) -> Activity:
        """The same weights, with the levels at quantiles of the activity in some frames."""
        levels = np.quantile(self.of(high_power), np.linspace(LOWEST_LEVEL, HIGHEST_LEVEL, LEVELS))
        # Never two the same, so that there is something between them.
        return Activity(self.weights, np.maximum.accumulate(levels + 1e-6 * np.arange(LEVELS)))

    def shares(self, activity: FloatArray) -> FloatArray:
        """q_j(a), the share that the floor of each level has in frames of given activity.

        Linear interpolation between the levels; below the lowest its floor holds, above the highest that
        floor rises in proportion.

        Returns
        -------
        ndarray of float64, shape (frames, levels)
        """
        shares = interpolation_shares(activity, self.levels)
        shares[:, -1] *= np.maximum(activity / max(float(self.levels[-1]), 1e-9), 1.0)
        return shares


def interpolation_shares(values: FloatArray, knots: FloatArray) -> FloatArray:
    """Weights of linear interpolation between rising knots, shape (values, knots); constant beyond."""
    unit = np.eye(len(knots))
    return np.stack([np.interp(values, knots, unit[j]) for j in range(len(knots))], axis=1)


def learn_activity(high_power: FloatArray, bands: HighBands, *, loudest_low: float) -> Activity | None:
    """Where a machine's activity can be read from; None where nothing above the wind's bands comes and goes.

    weights_b = n_b**0.7 / (R_b sum n**0.7), with R_b the 10 % quantile of band b over time. The machine is
    steady where the level 10 log10(1 + a) spreads by less than 0.33 dB (`level_spread`).

    Parameters
    ----------
    high_power : ndarray of float64, shape (frames, high bands)
    bands : HighBands
    loudest_low : float
        The mean power of the loudest band where wind is.
    """
    if not high_power.size or not high_power.max() > 0:
        return None
    floor = np.quantile(high_power, QUIET_QUANTILE, axis=0)
    heard = floor > max(FAINTEST * high_power.max(), FAINTEST_BELOW_WIND * loudest_low)
    if not heard.any():
        return None
    trust = np.where(heard, bands.widths**0.7, 0.0)
    weights = np.where(heard, trust / np.where(heard, floor, 1.0), 0.0) / trust.sum()
    if level_spread(high_power @ weights) < FLUCTUATION_DB:
        return None
    return Activity(weights, np.zeros(1)).at_levels_of(high_power)


def comes_in_knocks(short_levels: FloatArray, together: int) -> bool:
    """Whether a machine's level changes much within a frame: it knocks, scrapes or rattles.

    The coefficient of variation over the short frames in a frame, its median over time, is more than
    0.4. Noise alone varies by less than 0.1 over so many bins, and motors that hum by little more.

    Parameters
    ----------
    short_levels : ndarray of float64, shape (short frames,)
        The weighted power above the wind's frequencies.
    together : int
        How many of them make up a frame.
    """
    if len(short_levels) < together:
        return False
    frames = np.lib.stride_tricks.sliding_window_view(short_levels, together)
    mean = frames.mean(axis=1)
    sound = mean > 0
    return bool(sound.any() and np.median(frames.std(axis=1)[sound] / mean[sound]) > KNOCKING)


def level_spread(power: FloatArray) -> float:
    """How far a level in dB spreads, in standard deviations of a normal one: the wider of its two sides.

    max(q90 - q50, q50 - q10) / 1.282. A machine that runs for an eighth of the time, or rests for one, is
    seen; what happens in less than a tenth is not. Before the level first reaches its median, and after
    it last does, nothing counts: a recording that was faded in and out by hand tells of no machine there.
    """
    level = 10 * np.log10(np.maximum(power, 1e-300))
    reached = np.flatnonzero(level >= np.median(level))
    level = level[reached[0] : reached[-1] + 1]
    low, middle, high = np.quantile(level, [0.1, 0.5, 0.9])
    return float(max(high - middle, middle - low) / NORMAL_90)
