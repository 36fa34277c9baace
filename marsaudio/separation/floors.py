"""The rover's floors: what they begin with, what bounds them, and what they are in every bin.

R(t, f) = sum_j q_j(a_t) R_j(f): one floor for a steady rover, or one for each level of activity.

Source: that a floor can be read off the low values of smoothed periodograms, corrected for being low:
R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics", IEEE
Trans. Speech Audio Process. 9 (2001), doi:10.1109/89.928915, there for minima.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import Bands
from marsaudio.separation.frames import FRAMES_PER_INDEPENDENT
from marsaudio.separation.machine import Activity, level_spread

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

FEWEST_COLUMNS = 8  # independent looks below which floor and wind cannot be told apart
START_QUANTILE = 0.10  # of the smoothed periodograms: the floor before the first iteration
SMOOTHED_FRAMES = 7
LOUDEST_FLOOR = 1.3  # times the floor that the quiet moments tell, where the rover is steady
STEADY_DB = 1.0  # standard deviation of the level above the wind's bands up to which the rover is steady
FLOOR_ROUNDS = 3
REFINED_BINS = 128  # at a time
TOLD_APART = 8.0  # nats a level of activity must gain in likelihood for its floor to count for half
FAINTEST_SHARE = 1e-3  # of the rover: bins with never more wind than this are all rover
FAINTEST = 1e-30  # a power that stands for none
LEAST_FLOOR = np.float32(1e-12)  # of the mean floor: below it a floor is none
TINY = np.float32(FAINTEST)


@dataclass(frozen=True, eq=False)
class RoverFloor:
    """The rover without its lines: a floor at each of its levels of activity.

    Attributes
    ----------
    floors : ndarray of float64, shape (levels, bins)
        Mean periodograms.
    activity : Activity or None
        What tells the level; None for a steady rover, which has one floor.
    """

    floors: FloatArray
    activity: Activity | None

    def shares(self, high_power: FloatArray) -> FloatArray:
        """The share of each floor in frames of given power above the wind's bands, (frames, levels)."""
        return shares_of(self.activity, high_power)


@dataclass(frozen=True, eq=False)
class Bounds:
    """What floors keep to while they are learned; arrays of shape (levels, bands or bins)."""

    lowest: FloatArray
    highest: FloatArray

    def keep(self, floors: FloatArray) -> FloatArray:
        """Floors within the bounds."""
        return np.asarray(np.clip(floors, self.lowest, self.highest))


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known of floors before they are learned.

    Attributes
    ----------
    floors : ndarray, shape (levels, bands or bins)
        R0.
    looks : ndarray, shape (levels, 1)
        n0, as how many frames without wind this counts.
    """

    floors: npt.NDArray[np.floating]
    looks: npt.NDArray[np.floating]

    def scaled(self, scale: float) -> Prior:
        """The same for floors divided by a scale, in single precision."""
        return Prior((self.floors / scale).astype(np.float32), self.looks.astype(np.float32))


def better_floors(
    floors: npt.NDArray[Any], observed: npt.NDArray[Any], inverse: npt.NDArray[Any], prior: Prior | None
) -> npt.NDArray[Any]:
    """One multiplicative update of floors, towards the most likely ones, or the most probable with a prior.

    R <- R (sum_t q P / V² + n0 R0 / R²) / (sum_t q / V + n0 / R)

    A prior adds what n0 more frames without wind, of the power R0, would say: it is the inverse gamma
    distribution, conjugate to the power of Gaussian noise.

    Source: the updates without a prior are those of C. Févotte, N. Bertin, J.-L. Durrieu, Neural Computation
    21 (2009), doi:10.1162/neco.2008.04-08-771; that a prior enters them like more frames is worked out here.

    Parameters
    ----------
    floors : ndarray, shape (levels, bands or bins)
        R.
    observed, inverse : ndarray of the same shape
        sum_t q P / V² and sum_t q / V.
    prior : Prior or None
    """
    if prior is not None:
        one_over = 1 / np.maximum(floors, LEAST_FLOOR)
        observed = observed + prior.looks * (prior.floors * one_over) * one_over
        inverse = inverse + prior.looks * one_over
    return np.asarray(floors * (observed / (inverse + TINY)))


def shares_of(activity: Activity | None, high_power: FloatArray) -> FloatArray:
    """The share of the floor of each level of activity in some frames, shape (frames, levels)."""
    if activity is None:
        return np.ones((len(high_power), 1))
    return activity.shares(activity.of(high_power))


def start_floors(power: FloatArray, shares: FloatArray, bands: Bands) -> FloatArray:
    """The floors to begin with: at each level of activity a low quantile over time, corrected for being low.

    The mean of n_b bins over 7 overlapping frames is about chi-squared with nu degrees of freedom, whose
    10 % quantile lies below its mean by a known factor.

    Returns
    -------
    ndarray of float64, shape (levels, bands)
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.special import gammaincinv

    smoothed = uniform_filter1d(power, SMOOTHED_FRAMES, axis=0, mode="nearest")
    freedom = np.maximum(2 * bands.widths / 1.5 * (1 + 6 / 3), 2.0)
    low = 2 * gammaincinv(freedom / 2, START_QUANTILE) / freedom
    nearest = shares.argmax(axis=1)
    floors = []
    for j in range(shares.shape[1]):
        here = nearest == j
        if not here.any():
            here = shares[:, j] == shares[:, j].max()
        floors.append(
            np.minimum(np.quantile(smoothed[here], START_QUANTILE, axis=0) / low, power[here].mean(axis=0))
        )
    return np.asarray(floors)


def floor_ceilings(
    power: FloatArray, floors: FloatArray, activity: Activity | None, high_power: FloatArray, bands: Bands
) -> FloatArray:
    """What no floor may rise above while it is learned, shape (levels, bands).

    A steady rover's floor is what the quiet moments tell, and the fit may raise it by 30 % at most: where the
    wind has another spectrum when it is faint, the likelihood would take it for floor. Where the rover
    comes and goes, a floor may be so much higher as its activity allows.
    """
    if activity is None:
        return LOUDEST_FLOOR * floors
    at_all_levels = LOUDEST_FLOOR * start_floors(power, np.ones((len(power), 1)), bands)
    if level_spread(1 + activity.of(high_power)) < STEADY_DB:
        return np.repeat(at_all_levels, len(floors), axis=0)
    return np.asarray(at_all_levels + activity.loudest * activity.levels[:, np.newaxis])


def ties_of_levels(
    power: FloatArray,
    shares: FloatArray,
    floors: FloatArray,
    level: FloatArray,
    shape: FloatArray,
    bands: Bands,
) -> FloatArray:
    """How far each band is from telling the levels of activity apart, from 0 (clear) to 1 (not at all).

    The gain of log-likelihood of a floor for each level over one for all is g = sum_t n_b (B / V0 + ln V0
    - B / V1 - ln V1) / 3, a frame in three being independent, over five bands and for each level more
    than one. The tie is 1 - g² / (g² + 8²).
    """
    wind = np.outer(level, shape)
    common = shares.mean(axis=0) @ floors
    for _ in range(FLOOR_ROUNDS):
        model = common + wind
        common = common * (power / model**2).sum(axis=0) / (1 / model).sum(axis=0)
    one, several = common + wind, shares @ floors + wind
    gain = (power / one + np.log(one) - power / several - np.log(several)).sum(axis=0) * bands.widths
    gain = np.convolve(gain / FRAMES_PER_INDEPENDENT, np.ones(5), mode="same") / (len(floors) - 1)
    gain = np.maximum(gain, 0.0)
    return np.asarray(TOLD_APART**2 / (gain**2 + TOLD_APART**2))


def tied(floors: npt.NDArray[np.floating], shares: FloatArray, ties: FloatArray) -> FloatArray:
    """Floors drawn towards their mean over time."""
    counts = shares.mean(axis=0)
    return np.asarray((1 - ties) * floors + ties * (counts @ floors / counts.sum()))


def refine_floors(
    periodograms: Float32Array,
    shares: FloatArray,
    floors: FloatArray,
    wind: Float32Array,
    *,
    ties: FloatArray,
    prior: Prior | None = None,
) -> FloatArray:
    """The floors in every bin, so that what is left of lines stays narrow: weighted against the wind.

    R_j <- R_j (sum_t q_j P / V²) / (sum_t q_j / V), three times, or as `better_floors` has it with a prior.
    Where a steady rover is all there is, that is the mean.
    """
    scale = float(floors.mean())
    weights = shares.astype(np.float32)
    rover = (floors / scale).astype(np.float32)
    windy = np.flatnonzero(wind.max(axis=0, initial=0.0) > FAINTEST_SHARE * floors.min(axis=0))
    stop = rover.shape[1]
    if len(rover) == 1:
        stop = int(windy[-1]) + 1 if windy.size else 0
        rover[0, stop:] = periodograms[:, stop:].mean(axis=0, dtype=np.float64) / scale
    # Bins do not depend on each other: a part of them at a time stays in the cache.
    for first in range(0, stop, REFINED_BINS):
        here = slice(first, min(first + REFINED_BINS, stop))
        observed = periodograms[:, here] / np.float32(scale)
        blowing = wind[:, here] / np.float32(scale)
        known = prior and Prior(prior.floors[:, here], prior.looks).scaled(scale)
        part = rover[:, here]
        for _ in range(FLOOR_ROUNDS):
            inverse = 1 / np.maximum(weights @ part + blowing, TINY)
            part = better_floors(part, weights.T @ (observed * inverse * inverse), weights.T @ inverse, known)
            if len(part) > 1:
                part = tied(part, shares, ties[here]).astype(np.float32)
        rover[:, here] = part
    return np.asarray(rover, dtype=np.float64) * scale
