"""What is learned from a recording: the rover's floor in every bin, and the wind's level and spectrum.

E|X(t, f)|² = R(t, f) + M(t, f)

R is the rover: a floor in every bin, or one for each of a few levels of activity where a machine comes and
goes (`marsaudio.separation.machine`). M is the wind: a level that rises and falls with the gusts, and a
smooth spectrum that follows it (`marsaudio.separation.wind`). All are fitted to the periodograms by maximum
likelihood for Gaussian noise (Itakura-Saito divergence). Read `fit` from top to bottom.

Source: C. Févotte, N. Bertin, J.-L. Durrieu, "Nonnegative matrix factorization with the Itakura-Saito
divergence", Neural Computation 21 (2009), doi:10.1162/neco.2008.04-08-771; updates with exponent 1/2, which
never make the fit worse: C. Févotte, J. Idier, "Algorithms for nonnegative matrix factorization with the
beta-divergence", Neural Computation 23 (2011), doi:10.1162/NECO_a_00168. That a floor can be read off the low
values of smoothed periodograms, corrected for being low: R. Martin, "Noise power spectral density estimation
based on optimal smoothing and minimum statistics", IEEE Trans. Speech Audio Process. 9 (2001),
doi:10.1109/89.928915, there for minima.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import LOW_FREQUENCIES, Bands, HighBands
from marsaudio.separation.lines import Line
from marsaudio.separation.machine import Activity, learn_activity, level_spread
from marsaudio.separation.wind import WindSpectrum, learn_shapes, one_shape, steady_part

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

COLUMNS = 4096  # periodograms kept; longer sections keep means of neighbouring frames
FEWEST_COLUMNS = 8  # independent looks below which floor and wind cannot be told apart
FRAMES_PER_INDEPENDENT = 3.0  # Hann frames at a quarter hop: about one in three is independent
FRAMES_IN_HALF_A_SECOND = 6
START_QUANTILE = 0.10  # of the smoothed periodograms: the floor before the first iteration
SMOOTHED_FRAMES = 7
FAINTEST_FLOOR = 0.1  # times the same
LOUDEST_FLOOR = 1.3  # times the floor that the quiet moments tell, where the rover is steady
STEADY_DB = 1.0  # standard deviation of the level above the wind's bands up to which the rover is steady
REFERENCE_TOO_LOUD = 2.0  # times the recording's own quiet moments; below that it may be chance
ROUNDS = 30
TIED_ROUNDS = 10
FLOOR_ROUNDS = 6
TOLD_APART = 8.0  # nats a level of activity must gain in likelihood for its floor to count for half
CUT_SIGNIFICANCE = 3.0  # standard errors of the slope of band power on wind level
CUT_BANDS = 3
TAPER_PER_BAND = 0.5  # nepers that the wind's spectrum falls by in every band above the cut-off
UNKNOWN_CUT = 300.0  # Hz; how far the wind's spectrum is let reach where no band follows the level
FAINTEST_SHARE = 1e-3  # of the rover: bins with never more wind than this are all rover
ROUNDING = 1e-11  # of the strongest band: what single precision leaves of nothing
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
class WindModel:
    """What was learned from one channel of a recording, or from a section of it.

    Attributes
    ----------
    frequencies : ndarray of float64, shape (bins,)
        In Hz, up to the highest that wind is looked for at.
    rover : RoverFloor
        Mean periodograms of the rover, lines taken out.
    shape : ndarray of float64, shape (bins,)
        w, the periodogram of the wind at a level of 1, over all levels.
    wind : WindSpectrum
        Periodograms of the wind level by level, without what of it is steady.
    steady : ndarray of float64, shape (bins,)
        The periodogram of what may be wind that never stops: given back to the wind from the floor.
    loudest : float
        The highest level h that was learned from; no frame is taken for more wind than that.
    cut_off : float or None
        In Hz: above it no band follows the wind's level. None where not even low bands do, so that there may
        be no wind at all.
    lines : tuple of Line
        Over the whole spectrum.
    channel : int
        The channel that it was learned from.
    start, stop : float
        The section that it was learned from, in seconds from the first sample.
    notes : tuple of str
        What a reader of the result must know.
    """

    frequencies: FloatArray
    rover: RoverFloor
    shape: FloatArray
    wind: WindSpectrum
    steady: FloatArray
    loudest: float
    cut_off: float | None
    lines: tuple[Line, ...] = ()
    channel: int = 0
    start: float = 0.0
    stop: float = np.inf
    notes: tuple[str, ...] = ()

    @cached_property
    def bands(self) -> Bands:
        """The bands over the frequencies that the wind's level is read in."""
        return Bands(self.frequencies)

    @property
    def floor(self) -> FloatArray:
        """The floor of the rover when it is least active, shape (bins,)."""
        return np.asarray(self.rover.floors[0])

    @property
    def reach(self) -> int:
        """How many bins may hold wind: in those above there is never a thousandth of the rover's power."""
        if self.loudest == 0:
            return 0
        most = self.wind.shapes.max(axis=0) * max(self.loudest / float(self.wind.levels[-1]), 1.0)
        heard = np.flatnonzero(most + self.steady > FAINTEST_SHARE * self.rover.floors.min(axis=0))
        return int(heard[-1]) + 1 if heard.size else 0


def mean_columns(frames: Sequence[npt.NDArray[np.floating]], count: int) -> npt.NDArray[np.floating]:
    """Collected frames, or means of neighbouring ones where there are more than COLUMNS of `count`."""
    together = max(-(-count // COLUMNS), 1)
    joined = np.concatenate(frames)
    whole = len(joined) // together
    if whole == 0 or together == 1:
        return joined
    return np.asarray(
        joined[: whole * together].reshape(whole, together, -1).mean(axis=1, dtype=joined.dtype)
    )


def fit(
    periodograms: Float32Array,
    frequencies: FloatArray,
    high_power: FloatArray,
    high: HighBands,
    *,
    independent: float,
    reference: RoverFloor | None = None,
) -> WindModel:
    """Learn floor and wind from the periodograms of a channel's usable frames.

    Parameters
    ----------
    periodograms : ndarray of float32, shape (columns, bins)
        Lines already taken out.
    frequencies : ndarray of float64, shape (bins,)
    high_power : ndarray of float64, shape (columns, high bands)
        The power above the modelled bins.
    high : HighBands
    independent : float
        How many of the columns are independent of each other.
    reference : RoverFloor, optional
        Of the rover alone.

    Returns
    -------
    WindModel
    """
    if not len(periodograms) or (independent < FEWEST_COLUMNS and reference is None):
        return _too_little(periodograms, frequencies)
    bands = Bands(frequencies)
    power = bands.mean(periodograms)
    power = np.maximum(power, 1e-12 * max(float(power.max()), FAINTEST))
    notes: list[str] = []

    # How active the rover is, the floors to begin with, and the bounds that they keep to.
    own = learn_activity(high_power, high, loudest_low=float(power.mean(axis=0).max()))
    activity = own if reference is None or reference.activity is None else reference.activity
    shares = shares_of(activity, high_power)
    floors = start_floors(power, shares, bands)
    if reference is None:
        highest = floor_ceilings(power, floors, activity, high_power, bands)
        bounds = Bounds(FAINTEST_FLOOR * floors, highest)
        bin_bounds = Bounds(np.zeros(1), np.full(1, np.inf))
    else:
        bin_bounds, limited = reference_bounds(reference.floors, periodograms, shares, bands)
        notes += _notes_on_reference(limited, independent)
        bounds = Bounds(bands.mean(bin_bounds.lowest), bands.mean(bin_bounds.highest))
    floors = bounds.keep(floors)

    # Level and spectrum of the wind, floors of the rover.
    level, shape = start_of_wind(power, shares, floors, bands)
    level, shape, floors = factorise(power, shares, floors, level, shape, bands, bounds=bounds, rounds=ROUNDS)
    ties = np.zeros(len(bands.centres))
    if len(floors) > 1 and reference is None:
        ties = ties_of_levels(power, shares, floors, level, shape, bands)
        level, shape, floors = factorise(
            power, shares, floors, level, shape, bands, bounds=bounds, rounds=TIED_ROUNDS, ties=ties
        )

    # How far up the wind reaches, if there is any.
    excess = power - shares @ floors
    mean_floor = shares.mean(axis=0) @ floors
    cut_off = None
    heard = stands_above_leakage(periodograms.mean(axis=0, dtype=np.float64), bands)
    heard &= mean_floor > ROUNDING * mean_floor.max()
    if come_and_go_together(excess / mean_floor, heard * shape / mean_floor, bands, independent):
        cut_off = find_cut_off(excess, level, heard, bands, independent)
    if cut_off is None:
        notes.append(
            "No band of frequencies was found to rise and fall with the others as wind does: what is in the "
            "wind stem may be chance."
        )
    shape = shape * taper(bands, UNKNOWN_CUT if cut_off is None else cut_off)

    # What gusts sound like, and what of the floor may be wind that never stops.
    wind, steady = one_shape(shape), np.zeros(len(shape))
    if reference is None:
        wind = learn_shapes(excess, mean_floor, level, shape, bands, independent)
        tapered = wind.shapes * taper(bands, UNKNOWN_CUT if cut_off is None else cut_off)
        wind = WindSpectrum(wind.levels, tapered)
        if cut_off is not None:
            steady, _ = steady_part(
                wind.at(level), floors.min(axis=0), bands, cut_off, FRAMES_IN_HALF_A_SECOND
            )
            floors = floors - steady

    # The floors in every bin.
    wind_bins = wind.to_bins(bands)
    steady_bins = bands.to_bins(steady)
    floor_bins = refine_floors(
        periodograms,
        shares,
        bands.to_bins(floors),
        wind_bins.at(level) + steady_bins,
        ties=bands.to_bins(ties),
        bounds=bin_bounds,
    )
    return WindModel(
        frequencies=frequencies,
        rover=RoverFloor(np.maximum(floor_bins, FAINTEST), activity),
        shape=bands.to_bins(shape),
        wind=wind_bins,
        steady=steady_bins,
        loudest=float(level.max(initial=0.0)),
        cut_off=cut_off,
        notes=tuple(notes),
    )


def shares_of(activity: Activity | None, high_power: FloatArray) -> FloatArray:
    """The share of the floor of each level of activity in some frames, shape (frames, levels)."""
    if activity is None:
        return np.ones((len(high_power), 1))
    return activity.shares(activity.of(high_power))


def _too_little(periodograms: Float32Array, frequencies: FloatArray) -> WindModel:
    """All rover: too few moments to tell what comes and goes from what stays."""
    floor = periodograms.mean(axis=0, dtype=np.float64) if len(periodograms) else np.zeros(len(frequencies))
    nothing = np.zeros(len(frequencies))
    return WindModel(
        frequencies=frequencies,
        rover=RoverFloor(np.maximum(floor, FAINTEST)[np.newaxis], None),
        shape=nothing,
        wind=one_shape(nothing),
        steady=nothing,
        loudest=0.0,
        cut_off=None,
        notes=(
            "Too short, or too much of it muted, to tell wind from rover: nothing was taken for wind. "
            "Take a longer one; from about a second on, a recording of the rover alone helps (rover_noise).",
        ),
    )


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


@dataclass(frozen=True, eq=False)
class Bounds:
    """What floors keep to while they are learned; arrays of shape (levels, bands or bins)."""

    lowest: FloatArray
    highest: FloatArray

    def keep(self, floors: FloatArray) -> FloatArray:
        """Floors within the bounds."""
        return np.asarray(np.clip(floors, self.lowest, self.highest))


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


def reference_bounds(
    reference: FloatArray, periodograms: Float32Array, shares: FloatArray, bands: Bands
) -> tuple[Bounds, float | None]:
    """The floors of a reference as bounds, nowhere louder than 1.3 times this recording's own quiet moments.

    Quiet is the 25 % quantile over time of the periodograms at each level of activity, smoothed over 7
    frames and 5 bins. Where this recording has levels of activity that the reference has not, its floor is
    that of the lowest, and the least that the others can be.

    Returns
    -------
    bounds : Bounds
        In bins.
    limited : float or None
        In Hz: where the reference is furthest above, if it is so by more than chance.
    """
    from scipy.ndimage import uniform_filter1d

    smoothed = uniform_filter1d(periodograms, SMOOTHED_FRAMES, axis=0, mode="nearest")
    nearest = shares.argmax(axis=1)
    floors, worst, limited = [], REFERENCE_TOO_LOUD, None
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
        louder = bands.mean(floor[np.newaxis])[0] / np.maximum(bands.mean(ceiling[np.newaxis])[0], FAINTEST)
        if louder.max() > worst:
            worst, limited = float(louder.max()), float(bands.centres[int(louder.argmax())])
    lowest = np.maximum(np.asarray(floors), FAINTEST)
    if len(lowest) == shares.shape[1]:
        return Bounds(lowest, lowest), limited
    lowest = np.repeat(lowest, shares.shape[1], axis=0)
    highest = np.full_like(lowest, np.inf)
    highest[0] = lowest[0]
    return Bounds(lowest, highest), limited


def _notes_on_reference(limited: float | None, independent: float) -> list[str]:
    if independent < FEWEST_COLUMNS:
        return [
            "The recording is too short to hold the reference against its own quiet moments; it was "
            "limited to them as they are."
        ]
    if limited is not None:
        return [
            f"The reference is louder than this recording's own quiet moments (most at {limited:.0f} Hz); "
            "there it was limited to them."
        ]
    return []


def start_of_wind(
    power: FloatArray, shares: FloatArray, floors: FloatArray, bands: Bands
) -> tuple[FloatArray, FloatArray]:
    """Level and spectrum of the wind to begin with: the excess over the floor, and its mean where loud."""
    floor = shares @ floors
    excess = np.clip(power / floor - 1, 0, 30)
    level = np.maximum(excess @ bands.trust / bands.trust.sum(), 1e-3)
    loud = level >= np.quantile(level, 0.7)
    mean_floor = floors.mean(axis=0)
    shape = np.maximum((power - floor)[loud].mean(axis=0), 1e-3 * mean_floor)
    shape = bands.smooth(shape / (1 + (bands.centres / LOW_FREQUENCIES) ** 2))
    return level * mean_floor.mean(), shape / shape.sum()


def factorise(
    power: FloatArray,
    shares: FloatArray,
    floors: FloatArray,
    level: FloatArray,
    shape: FloatArray,
    bands: Bands,
    *,
    bounds: Bounds,
    rounds: int,
    ties: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fit level h(t), spectrum w(f) and floors R_j(f) by multiplicative updates with exponent 1/2.

    h <- h sqrt(sum_f c B w / V² / sum_f c w / V),  w and R_j likewise over time,  V = sum_j q_j R_j + h w.

    c weighs the bands: by their width to the power 0.7, and less above 300 Hz, since low frequencies
    tell the wind's level best. w is smoothed over frequency in every round. `ties` draws the floors of all
    levels towards their mean in bands that do not tell them apart.
    """
    # On one scale for all recordings, so that single precision does.
    scale = float(floors.mean())
    observed, weights = (power / scale).astype(np.float32), shares.astype(np.float32)
    rover, level = (floors / scale).astype(np.float32), (level / scale).astype(np.float32)
    lowest, highest = (bounds.lowest / scale).astype(np.float32), (bounds.highest / scale).astype(np.float32)
    trust = bands.trust.astype(np.float32)
    tiny = np.float32(1e-30)
    spectrum = shape.astype(np.float32)

    def fitted() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        inverse = 1 / (weights @ rover + np.outer(level, spectrum))
        return observed * inverse * inverse, inverse

    for _ in range(rounds):
        ratio, inverse = fitted()
        part = trust * spectrum
        level = level * np.sqrt((ratio @ part) / (inverse @ part + tiny))
        ratio, inverse = fitted()
        better = spectrum * np.sqrt((level @ ratio) / (level @ inverse + tiny))
        rover = rover * np.sqrt((weights.T @ ratio) / (weights.T @ inverse + tiny))
        spectrum = bands.smooth(better).astype(np.float32)
        total = spectrum.sum()
        spectrum = spectrum / total
        level = np.maximum(level * total, np.float32(1e-12))
        if ties is not None:
            rover = tied(rover, shares, ties).astype(np.float32)
        rover = np.clip(rover, lowest, highest)
    return level * np.float64(scale), spectrum.astype(np.float64), rover * np.float64(scale)


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
        common = common * np.sqrt((power / model**2).sum(axis=0) / (1 / model).sum(axis=0))
    one, several = common + wind, shares @ floors + wind
    gain = (power / one + np.log(one) - power / several - np.log(several)).sum(axis=0) * bands.widths
    gain = np.convolve(gain / FRAMES_PER_INDEPENDENT, np.ones(5), mode="same") / (len(floors) - 1)
    gain = np.maximum(gain, 0.0)
    return np.asarray(TOLD_APART**2 / (gain**2 + TOLD_APART**2))


def tied(floors: npt.NDArray[np.floating], shares: FloatArray, ties: FloatArray) -> FloatArray:
    """Floors drawn towards their mean over time."""
    counts = shares.mean(axis=0)
    return np.asarray((1 - ties) * floors + ties * (counts @ floors / counts.sum()))


def stands_above_leakage(spectrum: FloatArray, bands: Bands) -> npt.NDArray[np.bool_]:
    """Which bands hold sound of their own, and not only what the window spreads from stronger ones.

    Between the bins of a Hann window's transform |W(x) / W(0)|² = (sin(pi x) / (pi x (1 - x²)))², on average
    about 0.05 / x**6, x bins away. From three bins on that may be no more than a third of what there is.

    Source: F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier
    transform", Proc. IEEE 66 (1978), doi:10.1109/PROC.1978.10837.
    """
    distance = np.abs(np.arange(-len(spectrum) + 1, len(spectrum))).astype(np.float64)
    spread = np.where(distance < 3, 0.0, 0.05 / np.maximum(distance, 1.0) ** 6)
    leaked = np.convolve(spectrum, spread, mode="valid")
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


def taper(bands: Bands, cut_off: float) -> FloatArray:
    """What the wind's spectrum is multiplied by: 1 up to the cut-off, then falling in every band."""
    above = np.maximum(np.arange(len(bands.centres)) - np.searchsorted(bands.centres, cut_off), 0)
    return np.asarray(np.exp(-TAPER_PER_BAND * above))


def refine_floors(
    periodograms: Float32Array,
    shares: FloatArray,
    floors: FloatArray,
    wind: FloatArray,
    *,
    ties: FloatArray,
    bounds: Bounds,
) -> FloatArray:
    """The floors in every bin, so that what is left of lines stays narrow: weighted against the wind.

    R_j <- R_j sqrt(sum_t q_j P / V² / sum_t q_j / V), six times. Where a steady rover is all there is, that
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
    blowing = (wind[:, :stop] / scale).astype(np.float32)
    part = rover[:, :stop]
    tiny = np.float32(1e-30)
    for _ in range(FLOOR_ROUNDS):
        inverse = 1 / np.maximum(weights @ part + blowing, tiny)
        part = part * np.sqrt((weights.T @ (observed * inverse * inverse)) / (weights.T @ inverse + tiny))
        if len(part) > 1:
            part = tied(part, shares, ties[:stop]).astype(np.float32)
    rover[:, :stop] = part
    return bounds.keep(np.asarray(rover, dtype=np.float64) * scale)
