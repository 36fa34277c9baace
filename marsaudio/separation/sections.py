"""Stretches of a long recording that are learned from one by one, so that the model follows the rover.

A pump that starts or stops is a step, and a section ends there. What drifts slowly, such as a temperature, is
followed by sections of about five minutes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.lines import Line

FloatArray = npt.NDArray[np.float64]

SECTION_SECONDS = 300.0
FADE_SECONDS = 10.0  # from one section's model to the next one's
SHORTEST_SECONDS = 60.0  # gusts must come and go within a section
WINDOW_SECONDS = 5.0  # the quiet of the rover is read in windows of this length
QUIET_QUANTILE = 0.25
STEP_DB = 1.5
SPLITS_AT_ONCE = 60  # that are tried
STEP_DEVIATIONS = 5.0  # robust standard deviations within the windows that a step must stand out by


@dataclass(frozen=True)
class Section:
    """A stretch of frames that is learned from at once.

    Attributes
    ----------
    first, last : int
        Its frames are those from first up to last.
    lines : tuple of Line
    """

    first: int
    last: int
    lines: tuple[Line, ...] = ()

    def holds(self, frames: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Which of some frames are in it."""
        return np.asarray((frames >= self.first) & (frames < self.last))


def find_sections(power: FloatArray, seconds: float, count: int) -> list[Section]:
    """Divide a recording at the steps of its quiet level, and what is still long into equal parts.

    Parameters
    ----------
    power : ndarray of float64, shape (stretches,)
        Of the differences between neighbouring samples, which are mostly the rover's; 0 where muted.
    seconds : float
        How long all stretches are together.
    count : int
        How many frames there are.

    Returns
    -------
    list of Section
        One after the other, all frames.
    """
    windows = int(seconds // WINDOW_SECONDS)
    borders = [0]
    if seconds >= 2 * SHORTEST_SECONDS:
        level = _quiet_level(power, windows)
        borders += steps(level, int(SHORTEST_SECONDS / WINDOW_SECONDS))
    borders.append(max(windows, 1))
    edges: list[int] = []
    for first, last in itertools.pairwise(borders):
        parts = max(round((last - first) * WINDOW_SECONDS / SECTION_SECONDS), 1)
        edges += [round(count / borders[-1] * (first + (last - first) * i / parts)) for i in range(parts)]
    return [Section(first, last) for first, last in itertools.pairwise([*edges, count])]


def _quiet_level(power: FloatArray, windows: int) -> FloatArray:
    """The level of the quiet moments of each window, in dB; that of the one before where all is muted."""
    levels: list[float] = []
    for part in np.array_split(power, windows):
        sound = part[part > 0]
        quiet = np.quantile(sound, QUIET_QUANTILE) if sound.size else 0.0
        levels.append(10 * np.log10(quiet) if quiet > 0 else (levels[-1] if levels else -300.0))
    return np.asarray(levels)


def _best_split(level: FloatArray, splits: range) -> int:
    """The split that leaves the least sum of absolute deviations, looked for ever more finely.

    The sum falls towards a step from both sides, so that a coarse look finds its neighbourhood.
    """

    def deviations(split: int) -> float:
        return sum(float(np.abs(side - np.median(side)).sum()) for side in (level[:split], level[split:]))

    apart = max(len(splits) // SPLITS_AT_ONCE, 1)
    best = min(splits[::apart], key=deviations)
    while apart > 1:
        near = range(max(best - apart, splits.start), min(best + apart + 1, splits.stop))
        apart = max(len(near) // SPLITS_AT_ONCE, 1)
        best = min(near[::apart], key=deviations)
    return best


def steps(level: FloatArray, shortest: int) -> list[int]:
    """Where a level changes for good: by binary segmentation.

    The split that leaves the least sum of absolute deviations from both medians is a step if the medians
    differ by 1.5 dB and by five times the robust standard deviation from window to window; then each side is
    looked at likewise.

    Source: A. J. Scott and M. Knott, "A cluster analysis method for grouping means in the analysis of
    variance", Biometrics 30 (1974), doi:10.2307/2529204, here with medians.
    """
    if len(level) < 2 * shortest:
        return []
    split = _best_split(level, range(shortest, len(level) - shortest + 1))
    sides = level[:split], level[split:]
    height = abs(float(np.median(sides[0]) - np.median(sides[1])))
    spread = 1.4826 * float(np.median(np.abs(np.diff(level)))) / np.sqrt(2)
    if height < max(STEP_DB, STEP_DEVIATIONS * spread):
        return []
    return [*steps(sides[0], shortest), split, *(split + later for later in steps(sides[1], shortest))]
