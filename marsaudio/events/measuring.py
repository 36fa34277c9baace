"""The figures of one wind event, each with how well it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.events.band_power import BlockSpectra
from marsaudio.events.baseline import Baseline
from marsaudio.events.broadband import broadband_level, broadband_rise, wavering_above
from marsaudio.events.chance import equivalent_bandwidth
from marsaudio.events.event import WindEvent
from marsaudio.events.level import FRAME_SECONDS, HOP_SECONDS, SMOOTHING_SECONDS, BandLevel
from marsaudio.events.stretches import BESIDE_SECONDS, Stretch
from marsaudio.events.tones import is_tonal

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DB = 10 / np.log(10)  # a relative change in decibels
SLOPE_SECONDS = 0.1  # on both sides of an edge, over which its steepness is read
CLEAR_SECONDS = 0.5  # from an event, before the quiet's spectrum is read
# At the ends of a recording, where a tone's frames are not whole, a residue of it is left: of pure tones 52
# dB below them and more.
LEFT_OF_TONES_DB = 50.0
RISE_FROM, RISE_TO = 0.1, 0.9  # shares of the way, in dB


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an event is measured from.

    Attributes
    ----------
    measured : BandLevel
    smoothed : ndarray of float64, shape (frames,)
    baseline : Baseline
    band : (low, high)
        In Hz.
    offset : float
        From dB re full scale to the unit of the results.
    duration : float
        Of the recording, in seconds.
    quiet_blocks : ndarray of bool, shape (blocks,)
        Blocks of the spectra that no event reaches into.
    quiet_density : ndarray of float64, shape (parts of the band,)
        The mean density there; of all blocks where events leave none.
    broadband : ndarray of float64, shape (blocks,)
        The level above 1 kHz, as `broadband_level` gives it.
    wavering_above : float
        How much the level above 1 kHz wavers there, in dB.
    minutes : float
        In which events were looked for.
    """

    measured: BandLevel
    smoothed: FloatArray
    baseline: Baseline
    band: tuple[float, float]
    offset: float
    duration: float
    quiet_blocks: BoolArray
    quiet_density: FloatArray
    broadband: FloatArray
    wavering_above: float
    minutes: float


def gather_evidence(
    measured: BandLevel,
    smoothed: FloatArray,
    baseline: Baseline,
    stretches: Sequence[Stretch],
    *,
    band: tuple[float, float],
    offset: float,
    duration: float,
    seconds: float,
) -> Evidence:
    """What all stretches are measured from: beside themselves, the quiet between them.

    Parameters
    ----------
    measured : BandLevel
    smoothed : ndarray of float64, shape (frames,)
    baseline : Baseline
    stretches : sequence of Stretch
    band, offset, duration
        As in `Evidence`.
    seconds : float
        In which events were looked for.

    Returns
    -------
    Evidence
    """
    spectra = measured.spectra
    quiet = spectra.usable.copy()
    for stretch in stretches:
        start, end = times_of(stretch, duration)
        first, last = np.searchsorted(spectra.times, (start - CLEAR_SECONDS, end + CLEAR_SECONDS))
        quiet[first:last] = False
    broadband = broadband_level(spectra)
    told = quiet if quiet.any() else spectra.usable
    density = (
        spectra.density[told].mean(axis=0, dtype=np.float64)
        if told.any()
        else spectra.density[:0].sum(axis=0)
    )
    return Evidence(
        measured=measured,
        smoothed=smoothed,
        baseline=baseline,
        band=(float(band[0]), float(band[1])),
        offset=offset,
        duration=duration,
        quiet_blocks=quiet,
        quiet_density=np.asarray(density, dtype=np.float64),
        broadband=broadband,
        wavering_above=wavering_above(broadband, quiet),
        minutes=seconds / 60,
    )


def measure_event(evidence: Evidence, stretch: Stretch) -> WindEvent:
    """Measure a stretch that stands out."""
    measured, baseline = evidence.measured, evidence.baseline
    inside = slice(stretch.first, stretch.last + 1)
    start, end = times_of(stretch, evidence.duration)
    power = 10 ** (measured.level[inside] / 10)
    level = float(10 * np.log10(power.mean()))
    blocks = _blocks_in(measured.spectra, start, end)
    added = _added(evidence, blocks)
    level_uncertainty = _level_uncertainty(measured.spectra, blocks, end - start)
    quiet = float(baseline.quiet[inside].mean())
    excess_uncertainty = float(np.hypot(level_uncertainty, _quiet_uncertainty(evidence, start)))
    peak = stretch.first + int(np.argmax(measured.level[inside]))
    highest = stretch.first + int(np.argmax(evidence.smoothed[inside]))
    rate = baseline.chance.a_minute(_strength(evidence, inside))
    part = next(part for part in reversed(baseline.parts) if part.start <= (start + end) / 2)
    alike = (measured.spectra.times >= part.start) & (measured.spectra.times < part.end)
    rise = broadband_rise(
        measured.spectra,
        evidence.broadband,
        blocks,
        evidence.quiet_blocks & alike,
        (start, end),
        wavering=evidence.wavering_above,
    )
    return WindEvent(
        start=start,
        end=end,
        peak_time=float(measured.times[peak]),
        level=level + evidence.offset,
        peak_level=float(measured.level[peak]) + evidence.offset,
        excess=level - quiet,
        low=evidence.band[0],
        high=evidence.band[1],
        start_uncertainty=_edge_uncertainty(evidence, stretch, stretch.start, stretch.outside_before),
        end_uncertainty=_edge_uncertainty(evidence, stretch, stretch.end, stretch.outside_after),
        peak_time_uncertainty=_peak_time_uncertainty(evidence, inside, peak),
        level_uncertainty=level_uncertainty,
        excess_uncertainty=excess_uncertainty,
        false_alarms_per_minute=rate,
        p_value=float(-np.expm1(-rate * evidence.minutes)),
        centroid=_centroid(measured.spectra.frequencies, added),
        rise_time=_climb(evidence, highest, stretch.outside_before, -1),
        decay_time=_climb(evidence, highest, stretch.outside_after, 1),
        broadband_excess=None if rise is None else rise.excess,
        rover_transient=rise is not None and rise.is_rover,
    )


def is_tone(evidence: Evidence, stretch: Stretch) -> bool:
    """Whether a stretch is a tone of the rover, or what is left of those that were subtracted."""
    spectra = evidence.measured.spectra
    highest = evidence.measured.level[stretch.first : stretch.last + 1].max()
    if highest < evidence.measured.tones - LEFT_OF_TONES_DB:
        return True
    blocks = _blocks_in(spectra, *times_of(stretch, evidence.duration))
    return is_tonal(_added(evidence, blocks))


def times_of(stretch: Stretch, duration: float) -> tuple[float, float]:
    """Start and end of a stretch, in seconds, to the millisecond: far finer than they are known."""
    start, end = (FRAME_SECONDS / 2 + edge * HOP_SECONDS for edge in (stretch.start, stretch.end))
    return max(round(start, 3), 0.0), min(round(end, 3), duration)


def _blocks_in(spectra: BlockSpectra, start: float, end: float) -> BoolArray:
    """The usable blocks whose centres lie in an event; the nearest one of an event shorter than a block."""
    inside = (spectra.times >= start) & (spectra.times <= end)
    if not inside.any() and len(inside):
        inside[np.argmin(np.abs(spectra.times - (start + end) / 2))] = True
    return np.asarray(inside & spectra.usable)


def _added(evidence: Evidence, blocks: BoolArray) -> FloatArray:
    """What an event adds to the quiet's density in each part of the band."""
    if not blocks.any():
        return np.zeros_like(evidence.quiet_density)
    density = evidence.measured.spectra.density[blocks].mean(axis=0, dtype=np.float64)
    return np.asarray(np.maximum(density - evidence.quiet_density, 0.0))


def _centroid(frequencies: FloatArray, added: FloatArray) -> float | None:
    return float(np.average(frequencies, weights=added)) if added.any() else None


def _level_uncertainty(spectra: BlockSpectra, blocks: BoolArray, seconds: float) -> float:
    """Standard deviation of the mean level of Gaussian noise: (10 / ln 10) sqrt(2 / nu), nu = 2 B_e T."""
    density = spectra.density[blocks if blocks.any() else spectra.usable].sum(axis=0, dtype=np.float64)
    bandwidth = equivalent_bandwidth(density, spectra.spacing) if density.any() else spectra.spacing
    return float(DB / np.sqrt(max(bandwidth * seconds, 1.0)))


def _quiet_uncertainty(evidence: Evidence, time: float) -> float:
    parts = evidence.baseline.parts
    return next((part.uncertainty for part in parts if part.start <= time < part.end), parts[-1].uncertainty)


def _strength(evidence: Evidence, inside: slice) -> float:
    """The highest rise over the quiet, in dB, in units of how much the quiet wavers."""
    baseline = evidence.baseline
    excess = evidence.smoothed[inside] - baseline.quiet[inside]
    return float(np.max(excess / baseline.wavering[inside]))


def _spread(evidence: Evidence, frame: int) -> float:
    """Standard deviation of the smoothed level by itself, in dB."""
    wavering = evidence.baseline.wavering
    return evidence.baseline.chance.spread * float(wavering[np.clip(frame, 0, len(wavering) - 1)])


def _edge_uncertainty(evidence: Evidence, stretch: Stretch, edge: float, outside: float) -> float | None:
    """Standard deviation of an edge's time: how much the levels waver, over how steep the edge is.

    The edge lies where the smoothed level passes the mean of a median inside and one outside. None where
    there is nothing outside, so that the wind may have blown there as well.
    """
    if not np.isfinite(outside):
        return None
    smoothed = evidence.smoothed
    spread = _spread(evidence, round(edge))
    seconds = (stretch.end - stretch.start) * HOP_SECONDS
    # A median over some time of a level that is independent about every smoothing time.
    reference = [
        spread * np.sqrt(np.pi / 2 / max(one / SMOOTHING_SECONDS, 1.0)) for one in (seconds, BESIDE_SECONDS)
    ]
    reach = SLOPE_SECONDS / HOP_SECONDS
    places = np.arange(len(smoothed))
    finite = np.isfinite(smoothed)
    low, high = np.interp([edge - reach, edge + reach], places[finite], smoothed[finite])
    slope = max(abs(high - low) / (2 * SLOPE_SECONDS), 1e-9)
    told = np.sqrt(spread**2 + np.sum(np.square(reference)) / 4) / slope
    return float(min(np.hypot(HOP_SECONDS / np.sqrt(12), told), seconds))


def _peak_time_uncertainty(evidence: Evidence, inside: slice, peak: int) -> float:
    """Root mean square distance from the peak of the frames that may be the peak.

    Each counts by how likely two levels of that spread are to differ so much by chance,
    exp(-(L_peak - L)² / 4 sigma²), with sigma = (10 / ln 10) sqrt(2 / nu) of a frame.
    """
    measured = evidence.measured
    sigma = DB * np.sqrt(2 / evidence.baseline.chance.degrees_of_freedom)
    below = measured.level[peak] - measured.level[inside]
    weights = np.exp(-np.square(below / (2 * sigma)))
    distance = measured.times[inside] - measured.times[peak]
    spread = np.sqrt(np.average(np.square(distance), weights=weights))
    return float(np.hypot(spread, HOP_SECONDS / np.sqrt(12)))


def _climb(evidence: Evidence, highest: int, outside: float, direction: int) -> float | None:
    """How long the smoothed level takes from 10 % to 90 % of the way, in dB, between outside and peak.

    Read from the peak outwards; None where the level does not come down so far before it ends.
    """
    excess = (evidence.smoothed - evidence.baseline.quiet[highest])[highest::direction]
    top = float(excess[0])
    if not np.isfinite(outside) or outside >= top:
        return None
    crossings = [_falls_to(excess, outside + share * (top - outside)) for share in (RISE_TO, RISE_FROM)]
    if crossings[0] is None or crossings[1] is None:
        return None
    return float((crossings[1] - crossings[0]) * HOP_SECONDS)


def _falls_to(excess: FloatArray, level: float) -> float | None:
    """Where a course from its peak on first falls to a level, in frames and parts of one."""
    below = np.flatnonzero(excess <= level)
    if not below.size or not np.isfinite(excess[below[0]]):
        return None
    place = int(below[0])
    return float(place - (level - excess[place]) / (excess[place - 1] - excess[place]))
