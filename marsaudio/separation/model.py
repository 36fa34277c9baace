"""What is learned from a recording: the rover's floor in every bin, and the wind's level and spectrum.

E|X(t, f)|² = R(t, f) + M(t, f)

R is the rover: a floor in every bin, or one for each of a few levels of activity where a machine comes and
goes (`marsaudio.separation.machine`). M is the wind: a level that rises and falls with the gusts, and a
smooth spectrum that follows it (`marsaudio.separation.wind`). All are fitted to the periodograms by maximum
likelihood for Gaussian noise (Itakura-Saito divergence). Read `fit` from top to bottom.

Source: C. Févotte, N. Bertin, J.-L. Durrieu, "Nonnegative matrix factorization with the Itakura-Saito
divergence", Neural Computation 21 (2009), doi:10.1162/neco.2008.04-08-771. That the updates never make the
fit worse is proved for their square roots, and seen of the updates themselves, which get as far in half the
rounds: C. Févotte, J. Idier, "Algorithms for nonnegative matrix factorization with the beta-divergence",
Neural Computation 23 (2011), doi:10.1162/NECO_a_00168.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import LOW_FREQUENCIES, Bands, HighBands
from marsaudio.separation.cut_off import (
    UNKNOWN_CUT,
    come_and_go_together,
    find_cut_off,
    rises_with,
    stands_above_leakage,
    taper,
)
from marsaudio.separation.floors import (
    FAINTEST,
    FAINTEST_SHARE,
    FEWEST_COLUMNS,
    Bounds,
    Prior,
    RoverFloor,
    better_floors,
    floor_ceilings,
    refine_floors,
    shares_of,
    start_floors,
    tied,
    ties_of_levels,
)
from marsaudio.separation.lines import Line
from marsaudio.separation.machine import learn_activity
from marsaudio.separation.reference import ReferenceFit, RoverReference, prior_of
from marsaudio.separation.wind import WindSpectrum, learn_shapes, one_shape, steady_part

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

FRAMES_IN_HALF_A_SECOND = 6
FAINTEST_FLOOR = 0.1  # times the same
ROUNDS = 15
TIED_ROUNDS = 5
ROUNDING = 1e-11  # of the strongest band: what single precision leaves of nothing
LEFT_OF_LINES = 1e-12  # of the strongest line: likewise, where it was taken out


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
        Where wind is looked for, up to 4 kHz; `marsaudio.fit_rover` finds them over the whole spectrum.
    knocks : bool
        The machine knocks or scrapes: its wind is given in short frames.
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
    knocks: bool = False
    channel: int = 0
    start: float = 0.0
    stop: float = np.inf
    notes: tuple[str, ...] = ()

    @cached_property
    def bands(self) -> Bands:
        """The bands over the frequencies that the wind's level is read in."""
        return Bands(self.frequencies)

    def __repr__(self) -> str:
        reach = "no wind for certain" if self.cut_off is None else f"wind up to {self.cut_off:.0f} Hz"
        rover = "a steady rover" if self.rover.activity is None else "a rover that comes and goes"
        return (
            f"<marsaudio.WindModel: channel {self.channel}, {self.start:.1f} to {self.stop:.1f} s, {reach}, "
            f"{len(self.lines)} lines, {rover}>"
        )

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


def fit(
    periodograms: Float32Array,
    frequencies: FloatArray,
    high_power: FloatArray,
    high: HighBands,
    *,
    independent: float,
    lines: FloatArray | None = None,
    reference: RoverReference | None = None,
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
    lines : ndarray of float64, shape (bins,), optional
        The density of the lines that were taken out.
    reference : RoverReference, optional
        Of the rover alone, with those lines in its floors that were not taken out here.

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
    activity = own if reference is None else reference.activity_in(high_power, own)
    shares = shares_of(activity, high_power)
    floors = start_floors(power, shares, bands)
    bounds = Bounds(FAINTEST_FLOOR * floors, floor_ceilings(power, floors, activity, high_power, bands))
    prior = bin_prior = None
    guided = reference is not None and reference.knows(activity)
    if reference is not None:
        bin_prior, fits = prior_of(reference, activity, periodograms, shares, bands)
        prior = Prior(bands.mean(bin_prior.floors), bin_prior.looks)
        notes += _notes_on_reference(fits, independent)
        if guided:
            floors = np.asarray(prior.floors, dtype=np.float64)
            bounds = Bounds(np.full(1, FAINTEST), np.full(1, np.inf))
    floors = bounds.keep(floors)

    # Level and spectrum of the wind, floors of the rover.
    level, shape = start_of_wind(power, shares, floors, bands)
    level, shape, floors = factorise(
        power, shares, floors, level, shape, bands, bounds=bounds, rounds=ROUNDS, prior=prior
    )
    ties = np.zeros(len(bands.centres))
    if len(floors) > 1 and not guided:
        ties = ties_of_levels(power, shares, floors, level, shape, bands)
        level, shape, floors = factorise(
            power,
            shares,
            floors,
            level,
            shape,
            bands,
            bounds=bounds,
            rounds=TIED_ROUNDS,
            ties=ties,
            prior=prior,
        )

    # How far up the wind reaches, if there is any.
    excess = power - shares @ floors
    mean_floor = shares.mean(axis=0) @ floors
    cut_off = None
    lines = np.zeros(len(frequencies)) if lines is None else lines
    heard = stands_above_leakage(periodograms.mean(axis=0, dtype=np.float64), lines, bands)
    heard &= mean_floor > max(ROUNDING * mean_floor.max(), LEFT_OF_LINES * lines.max())
    if come_and_go_together(excess / mean_floor, heard * shape / mean_floor, bands, independent):
        cut_off = find_cut_off(excess, level, heard, bands, independent)
    if cut_off is None:
        notes.append(
            "No band of frequencies was found to rise and fall with the others as wind does: what is in the "
            "wind stem may be chance."
        )
    elif activity is not None and rises_with(level, activity.of(high_power)):
        notes.append(
            "What was taken for wind rises and falls with what is heard above 4 kHz. That may be a machine, "
            "or wind so loud that it reaches there: each stem may hold some of the other."
        )
    shape = shape * taper(bands, UNKNOWN_CUT if cut_off is None else cut_off)

    # What gusts sound like, and what of the floor may be wind that never stops.
    wind, steady = one_shape(shape), np.zeros(len(shape))
    if not guided:
        wind = learn_shapes(excess, mean_floor, level, shape, bands, independent)
        tapered = wind.shapes * taper(bands, UNKNOWN_CUT if cut_off is None else cut_off)
        wind = WindSpectrum(wind.levels, tapered)
        if cut_off is not None:
            steady = steady_part(wind.at(level), floors.min(axis=0), bands, cut_off, FRAMES_IN_HALF_A_SECOND)
            if prior is not None:
                steady = np.minimum(steady, np.maximum(floors.min(axis=0) - prior.floors[0], 0.0))
            floors = floors - steady

    # The floors in every bin.
    wind_bins = wind.to_bins(bands)
    steady_bins = bands.to_bins(steady)
    floor_bins = refine_floors(
        periodograms,
        shares,
        bands.to_bins(floors),
        wind_bins.at(level) + steady_bins.astype(np.float32),
        ties=bands.to_bins(ties),
        prior=bin_prior,
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
            "Too short, or too much of it muted, to tell wind from rover: nothing was taken for wind. Take "
            "one with three seconds of sound or more; from about a second on, a recording of the rover alone "
            "helps (rover_noise).",
        ),
    )


def _notes_on_reference(fits: ReferenceFit, independent: float) -> list[str]:
    if independent < FEWEST_COLUMNS:
        return [
            "The recording is too short to hold the reference against its own quiet moments; it was "
            "limited to them as they are."
        ]
    notes = []
    if fits.louder_at is not None:
        notes.append(
            "The reference is louder than this recording's own quiet moments (most at "
            f"{fits.louder_at:.0f} Hz); there it was limited to them."
        )
    if fits.fainter_by is not None:
        notes.append(
            f"The reference is {fits.fainter_by:.0f} dB fainter than this recording's quiet moments above "
            "1 kHz, where hardly any wind is: it may be of another microphone or gain, and what it leaves "
            "of the rover counts as wind."
        )
    return notes


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
    prior: Prior | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fit level h(t), spectrum w(f) and floors R_j(f) by multiplicative updates.

    h <- h (sum_f c B w / V²) / (sum_f c w / V),  w and R_j likewise over time,  V = sum_j q_j R_j + h w.

    c weighs the bands: by their width to the power 0.7, and less above 300 Hz, since low frequencies
    tell the wind's level best. w is smoothed over frequency in every round, and made to fall above 150 Hz.
    `ties` draws the floors of all levels towards their mean in bands that do not tell them apart; `prior` is
    what is known of the floors (`better_floors`).
    """
    # On one scale for all recordings, so that single precision does.
    scale = float(floors.mean())
    observed, weights = (power / scale).astype(np.float32), shares.astype(np.float32)
    rover, level = (floors / scale).astype(np.float32), (level / scale).astype(np.float32)
    lowest, highest = (bounds.lowest / scale).astype(np.float32), (bounds.highest / scale).astype(np.float32)
    prior = None if prior is None else prior.scaled(scale)
    trust = bands.trust.astype(np.float32)
    tiny = np.float32(1e-30)
    spectrum = shape.astype(np.float32)

    def fitted() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        inverse = 1 / (weights @ rover + np.outer(level, spectrum))
        return observed * inverse * inverse, inverse

    for _ in range(rounds):
        ratio, inverse = fitted()
        part = trust * spectrum
        level = level * ((ratio @ part) / (inverse @ part + tiny))
        ratio, inverse = fitted()
        better = spectrum * ((level @ ratio) / (level @ inverse + tiny))
        rover = better_floors(rover, weights.T @ ratio, weights.T @ inverse, prior)
        spectrum = bands.falling(bands.smooth(better)).astype(np.float32)
        total = spectrum.sum()
        spectrum = spectrum / total
        level = np.maximum(level * total, np.float32(1e-12))
        if ties is not None:
            rover = tied(rover, shares, ties).astype(np.float32)
        rover = np.clip(rover, lowest, highest)
    return level * np.float64(scale), spectrum.astype(np.float64), rover * np.float64(scale)
