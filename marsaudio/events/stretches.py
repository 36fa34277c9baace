"""From a level over time to stretches that stand out: threshold, hysteresis, merging, edges.

All of it works on the excess of the smoothed level over the quiet, in dB. The same functions run over the
recording and over simulated noise (`marsaudio.events.chance`), so that how often noise alone passes them all
is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from marsaudio.events.level import FRAME_SECONDS, HOP_SECONDS

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Wind noise grows as the fourth power of the wind's speed or so: 14 dB below its peak level, the wind blows
# two thirds as fast as at the peak. There an event ends, if it does not end in the quiet before.
REACH_BELOW_PEAK_DB = 14.0
BESIDE_SECONDS = 1.0  # what counts as just outside of an event
SEPARATE_PEAK_DB = 6.0  # how far the level must fall between two events that are not one


@dataclass(frozen=True)
class Rules:
    """What a stretch must be to count.

    Attributes
    ----------
    minimum_duration : float
        Seconds; shorter ones are left out.
    merge_gap : float
        Seconds; those that are closer become one.
    """

    minimum_duration: float
    merge_gap: float


@dataclass(frozen=True)
class Stretch:
    """A stretch that stands out.

    Attributes
    ----------
    first, last : int
        The frames inside of its edges.
    start, end : float
        Its edges, in frames and parts of one: 0 is the centre of frame 0.
    outside_before, outside_after, inside : float
        Medians of the excess just outside and inside, in dB.
    """

    first: int
    last: int
    start: float
    end: float
    outside_before: float
    outside_after: float
    inside: float


def find_stretches(excess: FloatArray, usable: BoolArray, on: FloatArray, *, rules: Rules) -> list[Stretch]:
    """Find what stands out.

    A stretch begins to count where the excess reaches the threshold, and reaches out to where it has fallen
    to half of it, but not beyond 14 dB below its own peak, where the wind blows two thirds as fast (level
    proportional to U**4: the guide line in the plotting code of A. E. Stott et al., JGR Planets, 2023). Its
    edges lie where the excess is halfway between outside and inside.

    Parameters
    ----------
    excess : ndarray of float64, shape (frames,)
        In dB.
    usable : ndarray of bool, shape (frames,)
    on : ndarray of float64, shape (frames,)
        The threshold at each frame, in dB.
    rules : Rules

    Returns
    -------
    list of Stretch
        In order of time.
    """
    spans = _merged(_spans(excess, usable, on), rules.merge_gap / HOP_SECONDS)
    stretches = [_with_edges_halfway(excess, usable, span) for span in spans]
    return [one for one in stretches if (one.end - one.start) * HOP_SECONDS >= rules.minimum_duration]


class _Span(NamedTuple):
    """The first and last frame of a stretch, and the levels that it stays above on either side, in dB."""

    first: int
    last: int
    before: float
    after: float


def _spans(excess: FloatArray, usable: BoolArray, on: FloatArray) -> list[_Span]:
    """Each stretch that stands out, in order of time.

    From the highest frame down: a stretch reaches from its peak to both sides as far as the excess stays
    above half the threshold and within 14 dB of the peak. What is left on either side counts for itself,
    where it rises by 6 dB or more from the valley between.
    """
    spans: list[_Span] = []
    for first, stop in _runs(usable & (excess > on / 2)):
        if (excess[first:stop] > on[first:stop]).any():
            spans += _spans_of_run(excess, on, first, stop)
    return spans


def _spans_of_run(excess: FloatArray, on: FloatArray, start: int, stop: int) -> list[_Span]:
    spans: list[_Span] = []
    free = np.zeros(len(excess), dtype=bool)
    free[start:stop] = True
    while (free[start:stop] & (excess[start:stop] > on[start:stop])).any():
        peak = start + int(np.argmax(np.where(free[start:stop], excess[start:stop], -np.inf)))
        least = float(excess[peak]) - REACH_BELOW_PEAK_DB
        inside = excess[start:stop] > least
        first = peak - int(np.argmin(np.append(inside[: peak - start + 1][::-1], False))) + 1
        last = peak + int(np.argmin(np.append(inside[peak - start :], False))) - 1
        if excess[peak] > on[peak] and free[first : last + 1].all() and _is_separate(excess, peak, spans):
            before, after = (max(least, float(on[edge]) / 2) for edge in (first, last))
            spans.append(_Span(first, last, before, after))
        free[first : last + 1] = False
    return sorted(spans)


def _runs(flags: BoolArray) -> list[tuple[int, int]]:
    """Where flags are set: the first frame of each run, and the first after it."""
    padded = np.concatenate([[False], flags, [False]])
    starts = np.flatnonzero(padded[1:] & ~padded[:-1])
    ends = np.flatnonzero(~padded[1:] & padded[:-1])
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _is_separate(excess: FloatArray, peak: int, spans: list[_Span]) -> bool:
    """Whether the level falls far enough between a peak and each neighbouring stretch found before."""
    before = max((span.last for span in spans if span.last < peak), default=None)
    after = min((span.first for span in spans if span.first > peak), default=None)
    valleys = []
    if before is not None:
        valleys.append(excess[before : peak + 1].min())
    if after is not None:
        valleys.append(excess[peak : after + 1].min())
    return all(excess[peak] - valley >= SEPARATE_PEAK_DB for valley in valleys)


def _merged(spans: list[_Span], gap: float) -> list[_Span]:
    merged: list[_Span] = []
    for span in spans:
        if merged and span.first - merged[-1].last - 1 <= gap:
            merged[-1] = merged[-1]._replace(last=span.last, after=span.after)
        else:
            merged.append(span)
    return merged


def _with_edges_halfway(excess: FloatArray, usable: BoolArray, span: _Span) -> Stretch:
    """Draw the edges in to where the excess is halfway, in dB, between outside and inside.

    Smoothing with a symmetric window widens a step to both sides but leaves its midpoint where it was. Where
    there is nothing outside, the stretch begins or ends at the first or last frame.
    """
    reach = round(BESIDE_SECONDS / HOP_SECONDS)
    first, last = span.first, span.last
    inside = _median_of(excess[first : last + 1])
    before, after = slice(max(first - reach, 0), first), slice(last + 1, last + 1 + reach)
    outside = [_median_of(excess[side][usable[side]]) for side in (before, after)]
    levels = [
        max((level + inside) / 2, least) if np.isfinite(level) else None
        for level, least in zip(outside, (span.before, span.after), strict=True)
    ]
    start = _crossing(excess[: last + 1], first, levels[0])
    end = len(excess) - 1 - _crossing(excess[first:][::-1], len(excess) - 1 - last, levels[1])
    first, last = int(np.ceil(max(start, 0))), int(np.floor(min(end, len(excess) - 1)))
    return Stretch(first, max(first, last), start, end, outside[0], outside[1], inside)


def _median_of(values: FloatArray) -> float:
    """The median; without values, minus infinity.

    By sorting, since of so few values it takes numpy longer to prepare for the median than to sort.
    """
    if not len(values):
        return float("-inf")
    ordered, half = np.sort(values), len(values) // 2
    return float(ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _crossing(excess: FloatArray, first: int, level: float | None) -> float:
    """Where the excess first rises through a level, in frames and parts of one, from the first on.

    Without a level, and after a frame that tells nothing, it is the centre of the first frame: half of it
    may reach into what is muted or missing. Of the recording's own first frame it is the beginning.
    """
    if level is None:
        return _beginning(first)
    place = first + int(np.argmax(excess[first:] > level))
    below = excess[place - 1] if place else -np.inf
    if not np.isfinite(below):
        return _beginning(place)
    return float(place - np.clip((excess[place] - level) / (excess[place] - below), 0.0, 1.0))


def _beginning(frame: int) -> float:
    return float(frame) if frame else -FRAME_SECONDS / HOP_SECONDS / 2
