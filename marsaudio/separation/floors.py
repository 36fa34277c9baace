"""The rover's floors: what they begin with, what bounds them, and what they are in every bin.

R(t, f) = sum_j q_j(a_t) R_j(f): one floor for a steady rover, or one for each level of activity.

Source: that a floor can be read off the low values of smoothed periodograms, corrected for being low:
R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics", IEEE
Trans. Speech Audio Process. 9 (2001), doi:10.1109/89.928915, there for minima.
"""

from __future__ import annotations

from dataclasses import dataclass

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
ABOVE_WIND = 1000.0  # Hz; hardly any wind reaches there
REFERENCE_TOO_FAINT_DB = 6.0
REFERENCE_TOO_LOUD = 2.0  # times the recording's own quiet moments; below that it may be chance
FLOOR_ROUNDS = 3
TOLD_APART = 8.0  # nats a level of activity must gain in likelihood for its floor to count for half
FAINTEST_SHARE = 1e-3  # of the rover: bins with never more wind than this are all rover
FAINTEST = 1e-30  # a power that stands for none


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


@dataclass(frozen=True)
class ReferenceFit:
    """How a reference fits a recording.

    Attributes
    ----------
    louder_at : float or None
        In Hz: where the reference is furthest above the recording's quiet moments, if by more than chance.
    fainter_by : float or None
        In dB: how far it is below them above 1 kHz, where hardly any wind is, if by more than chance.
    """

    louder_at: float | None
    fainter_by: float | None


def reference_bounds(
    reference: FloatArray, periodograms: Float32Array, shares: FloatArray, bands: Bands
) -> tuple[Bounds, ReferenceFit]:
    """The floors of a reference as bounds, nowhere louder than 1.3 times this recording's own quiet moments.

    Quiet is the 25 % quantile over time of the periodograms at each level of activity, smoothed over 7
    frames and 5 bins. Where this recording has levels of activity that the reference has not, its floor is
    that of the lowest, and the least that the others can be.

    Returns
    -------
    bounds : Bounds
        In bins.
    fit : ReferenceFit
    """
    from scipy.ndimage import uniform_filter1d

    smoothed = uniform_filter1d(periodograms, SMOOTHED_FRAMES, axis=0, mode="nearest")
    nearest = shares.argmax(axis=1)
    floors, ratios = [], []
    for j, floor in enumerate(reference):
        here = nearest == j
        if here.sum() < FEWEST_COLUMNS:
            here = np.ones(len(shares), dtype=bool)
        quiet = uniform_filter1d(
            np.quantile(smoothed[here], 0.25, axis=0).astype(np.float64), 5, mode="nearest"
        )
        ceiling = LOUDEST_FLOOR * quiet
        floors.append(np.minimum(floor, ceiling))
        # In bands, since single bins differ by chance.
        ratios.append(
            bands.mean(floor[np.newaxis])[0] / np.maximum(bands.mean(ceiling[np.newaxis])[0], FAINTEST)
        )
    ratio = np.max(ratios, axis=0)
    above = bands.centres > ABOVE_WIND
    fainter = (
        -10 * np.log10(max(LOUDEST_FLOOR * float(np.median(ratio[above])), FAINTEST)) if above.any() else 0
    )
    fit = ReferenceFit(
        louder_at=float(bands.centres[int(ratio.argmax())]) if ratio.max() > REFERENCE_TOO_LOUD else None,
        fainter_by=fainter if fainter > REFERENCE_TOO_FAINT_DB else None,
    )
    lowest = np.maximum(np.asarray(floors), FAINTEST)
    if len(lowest) == shares.shape[1]:
        return Bounds(lowest, lowest), fit
    lowest = np.repeat(lowest, shares.shape[1], axis=0)
    highest = np.full_like(lowest, np.inf)
    highest[0] = lowest[0]
    return Bounds(lowest, highest), fit


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
    bounds: Bounds,
) -> FloatArray:
    """The floors in every bin, so that what is left of lines stays narrow: weighted against the wind.

    R_j <- R_j (sum_t q_j P / V²) / (sum_t q_j / V), three times. Where a steady rover is all there is, that
    is the mean.
    """
    scale = float(floors.mean())
    weights = shares.astype(np.float32)
    rover = (floors / scale).astype(np.float32)
    windy = np.flatnonzero(wind.max(axis=0, initial=0.0) > FAINTEST_SHARE * floors.min(axis=0))
    stop = rover.shape[1]
    if len(rover) == 1:
        stop = int(windy[-1]) + 1 if windy.size else 0
        rover[0, stop:] = periodograms[:, stop:].mean(axis=0, dtype=np.float64) / scale
    observed = periodograms[:, :stop] / np.float32(scale)
    blowing = wind[:, :stop] / np.float32(scale)
    part = rover[:, :stop]
    tiny = np.float32(1e-30)
    for _ in range(FLOOR_ROUNDS):
        inverse = 1 / np.maximum(weights @ part + blowing, tiny)
        better = (weights.T @ (observed * inverse * inverse)) / (weights.T @ inverse + tiny)
        part = np.asarray(part * better, dtype=np.float32)
        if len(part) > 1:
            part = tied(part, shares, ties[:stop]).astype(np.float32)
    rover[:, :stop] = part
    return bounds.keep(np.asarray(rover, dtype=np.float64) * scale)
