"""Quiet and threshold at each moment: what an event must rise above."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from marsaudio.events.broadband import rover_steps
from marsaudio.events.chance import Chance, chance_of, spectrum_of_quiet, threshold_at
from marsaudio.events.level import HOP_SECONDS, BandLevel
from marsaudio.events.quiet import quiet_level, scale_from, wavering_of
from marsaudio.events.stretches import Rules

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

BESIDE_STEP_SECONDS = 1.5  # from a step of the rover's noise, the higher of both quiets counts


@dataclass(frozen=True)
class QuietLevel:
    """The quiet between two steps of the rover's noise, or of the whole recording.

    Attributes
    ----------
    start, end : float
        From when to when it holds, in seconds.
    level : float
        Of the band in quiet moments, in dB; ``WindEvents.unit`` says re what.
    uncertainty : float
        Its standard deviation, in dB.
    threshold : float
        How far the smoothed level must rise above it, in dB.
    wavering : float
        How much the quiet wavers, in units of what noise of its spectrum does: 1 where it does no more. The
        threshold is so many times higher, up to 12 dB.
    false_alarms_per_minute : float
        How many events a minute noise that wavers so passes the threshold with: as many as were asked for,
        or more where the threshold is held at 12 dB.

    Examples
    --------
    >>> import marsaudio as ma
    >>> quiet = ma.detect_wind(ma.load("sample")).quiet_levels[0]
    >>> f"quiet {quiet.level:.1f} dB, an event from {quiet.level + quiet.threshold:.1f} dB on"
    'quiet -55.3 dB, an event from -44.4 dB on'
    """

    start: float
    end: float
    level: float
    uncertainty: float
    threshold: float
    wavering: float
    false_alarms_per_minute: float

    def shifted(self, offset: float) -> QuietLevel:
        """The same in another unit, so many dB higher."""
        return replace(self, level=self.level + offset)


@dataclass(frozen=True, eq=False)
class Baseline:
    """What events must rise above.

    Attributes
    ----------
    quiet, threshold, wavering : ndarray of float64, shape (frames,)
        The level of the quiet in dB, the threshold above it in dB, and by how much the quiet wavers more than
        noise.
    parts : tuple of QuietLevel
        The same, part by part, in dB re full scale.
    spectrum : ndarray of float64, shape (parts of the band,)
        Of the quiet, up to a factor.
    chance : Chance
        What noise alone does.
    """

    quiet: FloatArray
    threshold: FloatArray
    wavering: FloatArray
    parts: tuple[QuietLevel, ...]
    spectrum: FloatArray
    chance: Chance


def find_baseline(
    measured: BandLevel, smoothed: FloatArray, rate: float, rules: Rules, *, duration: float
) -> Baseline:
    """Find the quiet and the threshold of a level.

    Parameters
    ----------
    measured : BandLevel
    smoothed : ndarray of float64, shape (frames,)
        Some of it finite, in usable frames.
    rate : float
        False alarms a minute that are asked for.
    rules : Rules
    duration : float
        Of the recording, in seconds.

    Returns
    -------
    Baseline
    """
    heard = measured.usable & np.isfinite(smoothed)
    spectrum = spectrum_of_quiet(measured.spectra)
    steps = np.searchsorted(measured.times, rover_steps(measured.spectra))
    borders = [0, *(int(step) for step in steps), len(measured.times)]
    parts = [slice(*pair) for pair in itertools.pairwise(borders) if heard[slice(*pair)].any()]
    seconds = float(np.median([heard[part].sum() * HOP_SECONDS for part in parts]))
    chance = chance_of(spectrum, measured.spectra.spacing, seconds=seconds, rules=rules)
    threshold = chance.threshold(rate)
    found = []
    for part in parts:
        told = smoothed[part][heard[part]]
        scale = float(scale_from(wavering_of(told), chance.quiet))
        raised = threshold_at(threshold, scale)
        found.append(
            QuietLevel(
                start=0.0 if part is parts[0] else float(measured.times[part.start] - HOP_SECONDS / 2),
                end=duration if part is parts[-1] else float(measured.times[part.stop] - HOP_SECONDS / 2),
                level=float(quiet_level(told, chance.quiet)),
                uncertainty=chance.quiet_uncertainty * scale,
                threshold=raised,
                wavering=scale,
                false_alarms_per_minute=max(chance.a_minute(raised / scale), rate),
            )
        )
    quiet, on, wavering = (
        _course(measured, found, parts, name) for name in ("level", "threshold", "wavering")
    )
    return Baseline(quiet, on, wavering, tuple(found), spectrum, chance)


def _course(measured: BandLevel, found: list[QuietLevel], parts: list[slice], name: str) -> FloatArray:
    """A figure of the quiet over time; the higher one beside a step, where smoothing mixes both."""
    course = np.full(len(measured.times), getattr(found[0], name))
    for part, quiet in zip(parts, found, strict=True):
        course[part.start :] = getattr(quiet, name)
    reach = round(BESIDE_STEP_SECONDS / HOP_SECONDS)
    for part, (before, after) in zip(parts[1:], itertools.pairwise(found), strict=True):
        beside = slice(max(part.start - reach, 0), part.start + reach)
        course[beside] = np.maximum(course[beside], max(getattr(before, name), getattr(after, name)))
    return course
