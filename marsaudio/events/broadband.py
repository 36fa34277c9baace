"""What sounds above 1 kHz, where wind on Mars hardly reaches: steps and transients of the rover's noise."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.events.band_power import BlockSpectra
from marsaudio.separation.sections import steps

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

STEP_SECONDS = 1.0  # steps of the rover's noise are looked for second by second,
SHORTEST_SECONDS = 10.0  # and between two there are at least so many
BESIDE_SECONDS = 5.0  # what an event is compared with
FEWEST_BLOCKS = 4
SLOW_BLOCKS = 41  # about ten seconds
LEAST_RISE_DB = 1.0
DEVIATIONS = 4.0
TURBULENCE_SLOPE = -5 / 3  # of power over frequency: so or faster wind falls above its band


@dataclass(frozen=True)
class BroadbandRise:
    """What happens above 1 kHz during an event.

    Attributes
    ----------
    excess : float
        Median over bands of a tenth of an octave of the level over that beside the event, in dB.
    is_rover : bool
        It is more than chance, and more than wind of the event's strength could reach up there.
    """

    excess: float
    is_rover: bool


def broadband_level(spectra: BlockSpectra) -> FloatArray:
    """The median over the bands above 1 kHz of the level in dB, each over its own median in time.

    Each band counts alike, however faint it is, as each tells of the rover; and a gust that reaches a few of
    them does not count. 0 when all is as usual; not a number where nothing sounds.
    """
    level = np.full(len(spectra.usable), np.nan)
    bands = _levels_above(spectra)
    if bands.size:
        level[spectra.usable] = np.median(bands, axis=1)
    return level


def _levels_above(spectra: BlockSpectra) -> FloatArray:
    """Levels of the usable blocks, (blocks, bands), over each band's median, where bands always sound."""
    above = spectra.above[spectra.usable]
    if not above.size:
        return np.zeros((0, 0))
    bands = 10 * np.log10(above[:, (above > 0).all(axis=0)].astype(np.float64))
    return np.asarray(bands - np.median(bands, axis=0))


def rover_steps(spectra: BlockSpectra) -> list[float]:
    """Times at which the rover's noise above 1 kHz changes for good, as when a pump starts.

    Second by second the median of the broadband level is divided where it changes
    (`marsaudio.separation.sections.steps`). A change that a long gust may make up there is none.
    """
    level = broadband_level(spectra)
    sound = np.flatnonzero(np.isfinite(level))
    if len(sound) < 2:
        return []
    seconds = len(sound) * float(spectra.times[1] - spectra.times[0])
    parts = np.array_split(sound, max(int(seconds / STEP_SECONDS), 1))
    course = np.array([np.median(level[part]) for part in parts])
    splits = _without_gusts(spectra, parts, steps(course, int(SHORTEST_SECONDS / STEP_SECONDS)))
    return [float((spectra.times[parts[i - 1][-1]] + spectra.times[parts[i][0]]) / 2) for i in splits]


def _without_gusts(spectra: BlockSpectra, parts: list[npt.NDArray[np.intp]], splits: list[int]) -> list[int]:
    """Those splits at which more changes above 1 kHz than wind that rises or falls there could do."""
    kept = list(splits)
    while True:
        borders = [0, *kept, len(parts)]
        sides = [np.concatenate(parts[first:last]) for first, last in itertools.pairwise(borders)]
        of_wind = [
            split
            for split, (before, after) in zip(kept, itertools.pairwise(sides), strict=True)
            if not _rover_changed(spectra, before, after)
        ]
        if not of_wind:
            return kept
        kept = [split for split in kept if split not in of_wind]


def _rover_changed(spectra: BlockSpectra, before: npt.NDArray[np.intp], after: npt.NDArray[np.intp]) -> bool:
    """Whether more is added above 1 kHz, from one side to the louder one, than wind adds there."""
    levels = [np.median(spectra.above[side], axis=0).astype(np.float64) for side in (before, after)]
    sounding = (levels[0] > 0) & (levels[1] > 0)
    if not sounding.any():
        return True
    louder = bool(np.median(np.log(levels[1][sounding] / levels[0][sounding])) > 0)
    quiet, loud = (before, after) if louder else (after, before)
    added = np.abs(levels[1] - levels[0])
    upper = _upper_octave(spectra)
    in_band = [float(np.median(spectra.density[side][:, upper].mean(axis=1))) for side in (quiet, loud)]
    most = _reach_of_wind(spectra, in_band[1] - in_band[0])
    return bool((added > most)[sounding].mean() > 0.5)


def wavering_above(course: FloatArray, quiet: BoolArray) -> float:
    """Robust standard deviation of the broadband level in the blocks of no event, in dB.

    Of what is left without its own slow course, so that a motor that starts slowly does not hide itself.
    """
    from scipy.ndimage import median_filter

    course = course[quiet]
    course = course[np.isfinite(course)]
    if not len(course):
        return 0.0
    slow = median_filter(course, size=min(SLOW_BLOCKS, len(course)), mode="nearest")
    return 1.4826 * float(np.median(np.abs(course - slow)))


def broadband_rise(
    spectra: BlockSpectra,
    course: FloatArray,
    inside: BoolArray,
    quiet: BoolArray,
    times: tuple[float, float],
    *,
    wavering: float,
) -> BroadbandRise | None:
    """Whether the rover sounded above 1 kHz during an event.

    The rise must stand out from how the level up there wavers by itself. And what wind of the event's own
    strength may add there is known: from the upper octave of the event's band on, its power falls at least
    as f^(-5/3), as that of turbulence. The rover did it where more was added in most bands.

    Source: A. N. Kolmogorov, "The local structure of turbulence in incompressible viscous fluid for very
    large Reynolds numbers", Dokl. Akad. Nauk SSSR 30 (1941), reprinted in Proc. R. Soc. A 434 (1991),
    doi:10.1098/rspa.1991.0075, for speeds; the spectrum of pressure falls faster.

    Parameters
    ----------
    spectra : BlockSpectra
    course : ndarray of float64, shape (blocks,)
        As `broadband_level` gives it.
    inside, quiet : ndarray of bool, shape (blocks,)
        The blocks of the event, and those of no event, while the rover sounded as it did then.
    times : (start, end)
        Of the event, in seconds.
    wavering : float
        As `wavering_above` gives it.

    Returns
    -------
    BroadbandRise or None
        None where nothing above 1 kHz was recorded, or there is nothing to compare with.
    """
    beside = _quieter_side(spectra.times, course, quiet, times)
    if not inside.any() or beside.sum() < FEWEST_BLOCKS:
        return None
    during, before = (spectra.above[here].mean(axis=0, dtype=np.float64) for here in (inside, beside))
    sounding = (during > 0) & (before > 0)
    if not sounding.any():
        return None
    excess = float(np.median(10 * np.log10(during[sounding] / before[sounding])))
    most = _most_of_wind(spectra, inside, beside)
    exceeding = (during - before)[sounding] > most[sounding]
    stands_out = excess >= max(LEAST_RISE_DB, DEVIATIONS * wavering)
    return BroadbandRise(excess, bool(stands_out and exceeding.mean() > 0.5))


def _quieter_side(
    centres: FloatArray, course: FloatArray, quiet: BoolArray, times: tuple[float, float]
) -> BoolArray:
    """The quiet blocks within five seconds before or after an event, where it is quieter above 1 kHz.

    While a motor starts slowly, it is louder behind the event than before. All of the quiet where there is
    none near.
    """
    before = quiet & (centres > times[0] - BESIDE_SECONDS) & (centres < times[0])
    after = quiet & (centres > times[1]) & (centres < times[1] + BESIDE_SECONDS)
    sides = [side for side in (before, after) if side.sum() >= FEWEST_BLOCKS]
    if not sides:
        return before | after if (before | after).sum() >= FEWEST_BLOCKS else quiet
    return min(sides, key=lambda side: float(np.mean(course[side])))


def _most_of_wind(spectra: BlockSpectra, inside: BoolArray, beside: BoolArray) -> FloatArray:
    """The most power per hertz that wind adds in the bands above, from what it adds in its upper octave."""
    upper = _upper_octave(spectra)
    during, before = (spectra.density[here][:, upper].mean(dtype=np.float64) for here in (inside, beside))
    return _reach_of_wind(spectra, during - before)


def _upper_octave(spectra: BlockSpectra) -> BoolArray:
    """The parts of the band that make up its upper octave."""
    return np.asarray(spectra.frequencies >= spectra.frequencies[-1] / 2)


def _reach_of_wind(spectra: BlockSpectra, added: float) -> FloatArray:
    """The most power per hertz in the bands above of wind that adds so much in the band's upper octave."""
    middle = float(spectra.frequencies[_upper_octave(spectra)].mean())
    return np.asarray(max(added, 0.0) * (spectra.frequencies_above / middle) ** TURBULENCE_SLOPE)
