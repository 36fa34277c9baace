"""What sounds above 1 kHz, where wind on Mars hardly reaches: steps and transients of the rover's noise."""

from __future__ import annotations

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
    (`marsaudio.separation.sections.steps`).
    """
    level = broadband_level(spectra)
    sound = np.flatnonzero(np.isfinite(level))
    if len(sound) < 2:
        return []
    seconds = len(sound) * float(spectra.times[1] - spectra.times[0])
    parts = np.array_split(sound, max(int(seconds / STEP_SECONDS), 1))
    course = np.array([np.median(level[part]) for part in parts])
    splits = steps(course, int(SHORTEST_SECONDS / STEP_SECONDS))
    return [float((spectra.times[parts[i - 1][-1]] + spectra.times[parts[i][0]]) / 2) for i in splits]


def wavering_above(spectra: BlockSpectra, quiet: BoolArray) -> float:
    """Robust standard deviation of the broadband level in the blocks of no event, in dB."""
    course = broadband_level(spectra)[quiet]
    course = course[np.isfinite(course)]
    return 1.4826 * float(np.median(np.abs(course - np.median(course)))) if len(course) else 0.0


def broadband_rise(
    spectra: BlockSpectra,
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
    inside, quiet : ndarray of bool, shape (blocks,)
        The blocks of the event, and those of no event.
    times : (start, end)
        Of the event, in seconds.
    wavering : float
        As `wavering_above` gives it.

    Returns
    -------
    BroadbandRise or None
        None where nothing above 1 kHz was recorded, or there is nothing to compare with.
    """
    near = (spectra.times > times[0] - BESIDE_SECONDS) & (spectra.times < times[1] + BESIDE_SECONDS)
    beside = quiet & near if (quiet & near).sum() >= FEWEST_BLOCKS else quiet
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


def _most_of_wind(spectra: BlockSpectra, inside: BoolArray, beside: BoolArray) -> FloatArray:
    """The most power per hertz that wind adds in the bands above, from what it adds in its upper octave."""
    upper = spectra.frequencies >= spectra.frequencies[-1] / 2
    during, before = (spectra.density[here][:, upper].mean(dtype=np.float64) for here in (inside, beside))
    middle = float(spectra.frequencies[upper].mean())
    return np.asarray(max(during - before, 0.0) * (spectra.frequencies_above / middle) ** TURBULENCE_SLOPE)
