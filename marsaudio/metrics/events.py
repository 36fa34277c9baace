"""How good a detection is, against the true intervals, and how often it errs where there is nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError

Interval = tuple[float, float]


@runtime_checkable
class HasInterval(Protocol):
    """What has a start and an end in seconds, such as a wind event or a label."""

    @property
    def start(self) -> float: ...  # noqa: D102

    @property
    def end(self) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class EventScores:
    """How well detected intervals match true ones.

    Attributes
    ----------
    precision, recall, f1 : float
        Of the matched pairs; 1 where there was nothing to find and nothing was found.
    matches : tuple of (int, int)
        Numbers of the detected and the true interval of each pair.
    onset_errors, offset_errors : tuple of float
        Detected minus true start, and detected minus true end, of each pair, in seconds.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> scores = metrics.event_scores([(1.0, 2.0)], [(1.0, 2.125), (4.0, 5.0)])
    >>> scores.precision, scores.recall, scores.offset_errors
    (1.0, 0.5, (-0.125,))
    """

    precision: float
    recall: float
    f1: float
    matches: tuple[tuple[int, int], ...]
    onset_errors: tuple[float, ...]
    offset_errors: tuple[float, ...]

    @property
    def median_onset_error(self) -> float:
        """The median of the onset errors' absolute values, in seconds; NaN without any match."""
        return float(np.median(np.abs(self.onset_errors))) if self.onset_errors else math.nan


@dataclass(frozen=True)
class FalseAlarmRate:
    """How often a detector finds what is not there.

    Attributes
    ----------
    rate : float
        False alarms a minute, as counted.
    low, high : float
        The confidence interval of the rate.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> rate = metrics.false_alarms_per_minute(0, 60.0)
    >>> rate.rate, round(rate.high, 3)
    (0.0, 0.061)
    """

    rate: float
    low: float
    high: float


def event_scores(
    detected: Sequence[Interval | HasInterval],
    truth: Sequence[Interval | HasInterval],
    *,
    minimum_iou: float = 0.5,
) -> EventScores:
    """Match detected to true intervals one to one by how much they overlap, and count.

    A pair matches where its intersection over union reaches `minimum_iou`; of all ways to pair, the one with
    the most matches is taken (a maximum bipartite matching, as in mir_eval and sed_eval).

    Parameters
    ----------
    detected, truth : sequence of (start, end)
        In seconds. Events and labels, which have these as attributes, will do.
    minimum_iou : float, optional
        From above 0 to 1.

    Returns
    -------
    EventScores

    Raises
    ------
    ParameterError
        An interval does not end after it starts, or `minimum_iou` is out of its range.

    See Also
    --------
    marsaudio.metrics.event_scores_by_collar : By how near start and end are.
    marsaudio.metrics.intersection_over_union : What it matches by.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> metrics.event_scores([(1.0, 3.0), (8.0, 9.0)], [(1.5, 3.0)]).precision
    0.5
    """
    if not 0 < minimum_iou <= 1:
        raise ParameterError(f"minimum_iou={minimum_iou} must be above 0 and at most 1.")
    detected, truth = _intervals(detected), _intervals(truth)
    overlap = np.array([[intersection_over_union(a, b) for b in truth] for a in detected])
    return _scores(detected, truth, overlap >= minimum_iou, overlap)


def event_scores_by_collar(
    detected: Sequence[Interval | HasInterval],
    truth: Sequence[Interval | HasInterval],
    *,
    collar: float = 0.5,
    offset_ratio: float = 0.5,
) -> EventScores:
    """Match detected to true intervals one to one by how near their edges are, and count.

    A pair matches where its starts are at most `collar` apart, and its ends at most `collar` or
    `offset_ratio` times the true length, whichever is more; of all ways to pair, the one with the most
    matches is taken.

    Sources: A. Mesaros, T. Heittola, T. Virtanen, "Metrics for polyphonic sound event detection", Applied
    Sciences 6 (2016) 162, doi:10.3390/app6060162 (sed_eval's `t_collar` and `percentage_of_length`);
    C. Raffel et al., "mir_eval: a transparent implementation of common MIR metrics", ISMIR 2014
    (`onset_tolerance`, `offset_min_tolerance` and `offset_ratio`).

    Parameters
    ----------
    detected, truth : sequence of (start, end)
        In seconds. Events and labels, which have these as attributes, will do.
    collar : float, optional
        In seconds.
    offset_ratio : float, optional
        Of the true interval's length.

    Returns
    -------
    EventScores

    Raises
    ------
    ParameterError
        An interval does not end after it starts, or `collar` or `offset_ratio` is negative or no number.

    See Also
    --------
    marsaudio.metrics.event_scores : By how much they overlap.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> metrics.event_scores_by_collar([(1.2, 9.0)], [(1.0, 7.0)], collar=0.25).offset_errors
    (2.0,)
    """
    for name, value in (("collar", collar), ("offset_ratio", offset_ratio)):
        if not (math.isfinite(value) and value >= 0):
            raise ParameterError(f"{name}={value} must be a number of at least 0.")
    detected, truth = _intervals(detected), _intervals(truth)
    found, true = (np.array(some, dtype=np.float64).reshape(-1, 2) for some in (detected, truth))
    errors = np.abs(found[:, None] - true[None])
    reach = np.maximum(collar, offset_ratio * (true[:, 1] - true[:, 0]))
    near = (errors[..., 0] <= collar) & (errors[..., 1] <= reach)
    return _scores(detected, truth, near, 1 / (1 + errors.sum(axis=-1)))


def false_alarms(detected: Sequence[Interval | HasInterval], truth: Sequence[Interval | HasInterval]) -> int:
    """Count the detected intervals that share no moment with any true one.

    One that touches a true interval, be it at an end alone, is no false alarm, however badly it fits; of
    several that touch the same one, none is.

    Parameters
    ----------
    detected, truth : sequence of (start, end)
        In seconds. Events and labels, which have these as attributes, will do.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        An interval does not end after it starts.

    See Also
    --------
    marsaudio.metrics.false_alarms_per_minute : The rate that a count shows.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> metrics.false_alarms([(1.0, 3.0), (8.0, 9.0)], [(2.5, 3.0)])
    1
    """
    detected, truth = _intervals(detected), _intervals(truth)
    return sum(all(end < first or start > last for first, last in truth) for start, end in detected)


def false_alarms_per_minute(count: int, minutes: float, *, confidence: float = 0.95) -> FalseAlarmRate:
    """The rate that a count of false alarms shows, and how far chance alone may have moved it.

    The interval is exact for a Poisson process, from quantiles of chi-square: with `count` = k and
    1 - `confidence` = a, the mean count lies from chi2(a/2; 2k)/2 to chi2(1 - a/2; 2k + 2)/2. It covers the
    true rate in at least that share of all cases.

    Source: F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936) 437-442,
    doi:10.1093/biomet/28.3-4.437.

    Parameters
    ----------
    count : int
        Of false alarms.
    minutes : float
        In which they were counted.
    confidence : float, optional
        Between 0 and 1.

    Returns
    -------
    FalseAlarmRate

    Raises
    ------
    ParameterError
        The count is no whole number of at least 0, or another value is out of its range.

    See Also
    --------
    marsaudio.metrics.false_alarms : Count them.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> found = metrics.false_alarms_per_minute(3, 30.0)
    >>> f"{found.rate:.2f} a minute, from {found.low:.3f} to {found.high:.3f}"
    '0.10 a minute, from 0.021 to 0.292'
    """
    from scipy.special import gammaincinv  # half a chi-square variable is a gamma variable

    if isinstance(count, bool) or not (math.isfinite(count) and count >= 0 and count == int(count)):
        raise ParameterError(f"count={count!r} must be a whole number of at least 0.")
    if not (math.isfinite(minutes) and minutes > 0):
        raise ParameterError(f"minutes={minutes} must be a positive number.")
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence={confidence} must be between 0 and 1, such as 0.95.")
    beyond = (1 - confidence) / 2
    low = float(gammaincinv(count, beyond)) if count else 0.0
    high = float(gammaincinv(count + 1, 1 - beyond))
    return FalseAlarmRate(count / minutes, low / minutes, high / minutes)


def intersection_over_union(a: Interval, b: Interval) -> float:
    """The length that two intervals share, over the length that they cover together.

    Parameters
    ----------
    a, b : (start, end)
        In seconds.

    Returns
    -------
    float
        From 0 to 1.

    See Also
    --------
    marsaudio.metrics.event_scores : Matches events by it.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> metrics.intersection_over_union((0.0, 2.0), (1.0, 4.0))
    0.25
    """
    shared = max(min(a[1], b[1]) - max(a[0], b[0]), 0.0)
    return shared / ((a[1] - a[0]) + (b[1] - b[0]) - shared)


def _intervals(given: Sequence[Interval | HasInterval]) -> list[Interval]:
    """Pairs of start and end, also of what has these as attributes."""
    intervals = [(one.start, one.end) if isinstance(one, HasInterval) else (one[0], one[1]) for one in given]
    for start, end in intervals:
        if not (end > start and math.isfinite(end - start)):
            raise ParameterError(f"The interval from {start} to {end} s must end after it starts.")
    return intervals


def _scores(
    detected: Sequence[Interval],
    truth: Sequence[Interval],
    fits: npt.NDArray[np.bool_],
    merit: npt.NDArray[np.float64],
) -> EventScores:
    """Pair what fits; a pair's merit, from 0 to 1, decides among equally many pairs."""
    from scipy.optimize import linear_sum_assignment

    matches: list[tuple[int, int]] = []
    if merit.size:
        worth = np.where(fits, 1 + merit / (1 + len(detected)), 0.0)
        rows, columns = linear_sum_assignment(worth, maximize=True)
        matches = [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if worth[i, j] > 0]
    hits = len(matches)
    total = len(detected) + len(truth)
    return EventScores(
        precision=hits / len(detected) if detected else float(not truth),
        recall=hits / len(truth) if truth else float(not detected),
        f1=2 * hits / total if total else 1.0,
        matches=tuple(matches),
        onset_errors=tuple(float(detected[i][0] - truth[j][0]) for i, j in matches),
        offset_errors=tuple(float(detected[i][1] - truth[j][1]) for i, j in matches),
    )
