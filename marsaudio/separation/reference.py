"""What a reference, the rover recorded alone, tells of another recording: a prior of its floors, and lines.

The rover is never twice the same: motors run otherwise, levels waver, a line drifts elsewhere. So a reference
does not replace what a recording itself tells of the rover; it counts as some more moments of it, in which
no wind blows. Where wind and rover cannot be told apart from the recording, even a few such moments decide;
where they can, the recording's own outnumber them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import Bands
from marsaudio.separation.floors import (
    FAINTEST,
    FEWEST_COLUMNS,
    LOUDEST_FLOOR,
    SMOOTHED_FRAMES,
    Prior,
    RoverFloor,
)
from marsaudio.separation.frames import FRAMES_PER_INDEPENDENT
from marsaudio.separation.lines import SAME_LINE_HZ, Line
from marsaudio.separation.machine import Activity
from marsaudio.separation.tone_fits import MAIN_LOBE_BINS, hann_transform

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

LOOKS = 0.2  # of a recording's own: as how many moments a reference counts
QUIET_QUANTILE = 0.25
SMOOTHED_BINS = 5
ABOVE_WIND = 1000.0  # Hz; hardly any wind reaches there
TOO_FAINT_DB = 6.0
TOO_LOUD = 2.0  # times the recording's own quiet moments; below that it may be chance


@dataclass(frozen=True, eq=False)
class RoverReference:
    """What a recording is held against.

    Attributes
    ----------
    rover : RoverFloor
        The floors of the rover alone.
    lines : tuple of Line
        Those that were taken out of them.
    frames : float
        How many frames they were learned from.
    notes : tuple of str
        What a user of it must know.
    """

    rover: RoverFloor
    lines: tuple[Line, ...]
    frames: float
    notes: tuple[str, ...] = ()

    def without(self, lines: Iterable[Line], frequencies: FloatArray) -> RoverReference:
        """The same for a recording out of which some lines were taken: those that were not are floor.

        A sine of mean square s at x bins from a bin has the density s |W(x) / W(0)|² 2 N / (3 f_s) there, W
        being the transform of a Hann window of N samples.
        """
        left = missing(self.lines, lines)
        bins = np.arange(len(frequencies))
        floors = self.rover.floors.copy()
        for line in left:
            beside = bins - line.frequency / frequencies[1]
            near = np.abs(beside) < MAIN_LOBE_BINS
            size = len(bins)
            lobe = np.abs(hann_transform(beside[near], size) / (size / 2)) ** 2
            floors[:, near] += 10 ** (line.level / 10) * lobe * 2 / (3 * frequencies[1])
        return replace(self, rover=replace(self.rover, floors=floors))

    def knows(self, activity: Activity | None) -> bool:
        """Whether it tells the floors at all of a recording's levels of activity."""
        return self.rover.activity is not None or activity is None

    def activity_in(self, high_power: FloatArray, own: Activity | None) -> Activity | None:
        """What tells how active the rover is in a recording: as in the reference, at the recording's levels.

        Where the reference is steady, what the recording tells by itself.
        """
        if self.rover.activity is None:
            return own
        return self.rover.activity.at_levels_of(high_power)


def missing(lines: Iterable[Line], found: Iterable[Line]) -> list[Line]:
    """Those lines at constant frequencies that are not among others."""
    frequencies = np.array([line.frequency for line in found])
    return [
        line
        for line in lines
        if not line.wanders and not (np.abs(frequencies - line.frequency) < SAME_LINE_HZ).any()
    ]


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


def prior_of(
    reference: RoverReference,
    activity: Activity | None,
    periodograms: Float32Array,
    shares: FloatArray,
    bands: Bands,
) -> tuple[Prior, ReferenceFit]:
    """What a reference tells of the floors at a recording's levels of activity, and how well it fits.

    R0 is the reference's floor at each level, interpolated between its own, but nowhere above 1.3 times the
    recording's quiet moments at that level (`_quiet`). It counts as n0 = T / 5 frames in all, with T those of
    the recording, but no fewer than tell wind from rover and no more than the reference has; at each level,
    as that level's share. Where the recording has levels of activity that the reference has not, it tells
    the lowest only.

    Parameters
    ----------
    reference : RoverReference
    activity : Activity or None
        Of the recording.
    periodograms : ndarray of float32, shape (columns, bins)
    shares : ndarray of float64, shape (columns, levels)
    bands : Bands

    Returns
    -------
    prior : Prior
        In bins.
    fit : ReferenceFit
    """
    floors, columns = reference.rover.floors, len(periodograms)
    if activity is not None and reference.rover.activity is not None:
        floors = reference.rover.activity.shares(activity.levels) @ floors
    quiet = _quiet(periodograms, shares, levels=len(floors))
    # In bands and over all levels, since single ones differ by chance.
    counts = shares.mean(axis=0)[: len(floors)]
    ratio = (counts @ bands.mean(floors)) / np.maximum(counts @ bands.mean(quiet), FAINTEST)
    above = bands.centres > ABOVE_WIND
    fainter = -10 * np.log10(max(float(np.median(ratio[above])), FAINTEST)) if above.any() else 0.0
    fit = ReferenceFit(
        louder_at=float(bands.centres[int(ratio.argmax())]) if ratio.max() > TOO_LOUD else None,
        fainter_by=fainter if fainter > TOO_FAINT_DB else None,
    )
    least = FEWEST_COLUMNS * FRAMES_PER_INDEPENDENT
    looks = min(max(LOOKS * columns, least), reference.frames) * shares.mean(axis=0)[:, np.newaxis]
    looks[len(floors) :] = 0.0
    limited = np.maximum(np.minimum(floors, LOUDEST_FLOOR * quiet), FAINTEST)
    return Prior(np.broadcast_to(limited, (len(looks), limited.shape[1])), looks), fit


def _quiet(periodograms: Float32Array, shares: FloatArray, *, levels: int) -> FloatArray:
    """The power of a recording's quiet moments at its levels of activity from the lowest on, (levels, bins).

    Of a steady rover that is the 25 % quantile over time of the periodograms, smoothed over 7 frames and 5
    bins and corrected for being low: the mean over 7 overlapping frames is about chi-squared with 6 degrees
    of freedom. The moments at one level of a machine's activity differ among themselves, so that their quiet
    ones do not tell their mean; there it is their mean, wind included. Where only the machine at rest is
    asked for, it is the quantile as it is, since it may not be quite at rest.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.special import gammaincinv

    smoothed = uniform_filter1d(periodograms, SMOOTHED_FRAMES, axis=0, mode="nearest")
    low = gammaincinv(3.0, QUIET_QUANTILE) / 3.0 if shares.shape[1] == 1 else 1.0
    nearest = shares.argmax(axis=1)
    quiet = []
    for level in range(levels):
        here = nearest == level
        if here.sum() < FEWEST_COLUMNS:
            here = np.ones(len(shares), dtype=bool)
        if levels == 1:
            power = np.quantile(smoothed[here], QUIET_QUANTILE, axis=0).astype(np.float64) / low
        else:
            power = smoothed[here].mean(axis=0, dtype=np.float64)
        quiet.append(uniform_filter1d(power, SMOOTHED_BINS, mode="nearest"))
    return np.asarray(quiet)
