"""Where the wind rises: the level of its band against the recording's own quiet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.events.level import FRAME_SECONDS, SMOOTHING_SECONDS, BandLevel, band_level, smoothed_level
from marsaudio.events.table import WindEvent, WindEvents
from marsaudio.recording import Recording, require_recording
from marsaudio.separation.stems import Stems

FloatArray = npt.NDArray[np.float64]

WIND_BAND = (20.0, 250.0)  # Hz; where wind on Mars is heard
QUIET_QUANTILE = 0.2
SPREADS = 3.0  # the threshold in spreads of the smoothed level, where that is more than threshold_db
# Wind noise grows as the fourth power of the wind speed or so: 12 dB below its peak level, the wind's dynamic
# pressure is half of that at the peak. There an event ends, if it does not end in the quiet before.
HALF_PRESSURE_DB = 12.0
BESIDE_SECONDS = 1.0  # what counts as just outside of an event
SEPARATE_PEAK_DB = 6.0  # how far the level must fall between two events that are not one


def detect_wind(
    sound: Recording | Stems,
    *,
    band: tuple[float, float] = WIND_BAND,
    threshold_db: float = 3.0,
    minimum_duration: float = 0.3,
    merge_gap: float = 0.25,
) -> WindEvents:
    """Find when the wind rises above the quiet.

    The level of the band is measured after the rover's lines were taken out, and smoothed over half a second
    (the mean of the decibels). The quiet level is its 20 % quantile over all that is not muted or faded out.
    An event begins to count where the level exceeds the quiet by the threshold, reaches out to where it has
    fallen to half the threshold, but not beyond 12 dB below its own peak, where the wind's dynamic
    pressure is half (level proportional to U**4: the guide line in the plotting code of A. E. Stott et al.,
    JGR Planets, 2023). Its edges lie where the level is halfway, in dB, between outside and inside. Steady
    wind raises the quiet level itself and is not seen.

    Parameters
    ----------
    sound : Recording or Stems
        The recording, or its stems, whose sum it is: then the lines need not be found again.
    band : (low, high), optional
        In Hz.
    threshold_db : float, optional
        The least rise above the quiet, in dB. Where the quieter half of this recording wavers by more than
        a third of that, three times its spread counts instead, up to 12 dB.
    minimum_duration : float, optional
        Seconds; shorter events are left out.
    merge_gap : float, optional
        Seconds; events that are closer become one.

    Returns
    -------
    WindEvents

    Raises
    ------
    ParameterError
        A value is out of its range.

    Examples
    --------
    >>> import marsaudio as ma
    >>> events = ma.detect_wind(ma.load("sample"))
    >>> events[0].start < events[0].peak_time < events[0].end
    True
    """
    recording, lines = (
        (sound.recording, sound.line_frequencies) if isinstance(sound, Stems) else (sound, None)
    )
    require_recording(recording, "detect_wind")
    for name, value in (("threshold_db", threshold_db), ("minimum_duration", minimum_duration)):
        if not (np.isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value} must be a positive number.")
    if not (np.isfinite(merge_gap) and merge_gap >= 0):
        raise ParameterError(f"merge_gap={merge_gap} must be zero or a positive number of seconds.")
    measured = band_level(recording, band=band, line_frequencies=lines)
    parameters = {
        "frame_s": measured.frame,
        "hop_s": measured.hop,
        "smoothing_s": SMOOTHING_SECONDS,
        "quiet_quantile": QUIET_QUANTILE,
        "reach_below_peak_db": HALF_PRESSURE_DB,
        "separate_peak_db": SEPARATE_PEAK_DB,
        "band_hz": list(band),
        "threshold_db": threshold_db,
        "minimum_duration_s": minimum_duration,
        "merge_gap_s": merge_gap,
    }
    offset = recording.level_offset
    if not np.isfinite(measured.level[measured.usable]).any():
        why = (
            f"Shorter than one frame of {measured.frame:.2f} s."
            if not len(measured.level)
            else "There is nothing but digital silence."
        )
        return WindEvents((), recording.level_unit, None, recording.duration, parameters, why)
    smoothed = smoothed_level(measured)
    quiet = float(np.quantile(smoothed[measured.usable], QUIET_QUANTILE))
    wavering = SPREADS * _spread(smoothed[measured.usable], measured.hop)
    threshold = max(threshold_db, min(wavering, HALF_PRESSURE_DB))
    parameters["threshold_used_db"] = threshold
    spans = _spans(smoothed, measured.usable, quiet + threshold, quiet + threshold / 2)
    spans = _merged(spans, merge_gap / measured.hop)
    spans = [_with_edges_halfway(smoothed, span, measured.hop) for span in spans]
    events = [_event(measured, span, quiet, band, offset) for span in spans]
    return WindEvents(
        tuple(event for event in events if event.duration >= minimum_duration),
        recording.level_unit,
        quiet + offset,
        recording.duration,
        parameters,
        _what_was_left_out(measured),
    )


def _what_was_left_out(measured: BandLevel) -> str:
    """Say how much of the recording was muted or faded out, where that is more than the lead-in of a file."""
    seconds = float(np.count_nonzero(~measured.usable) * measured.hop)
    return f"{seconds:.1f} s that are muted or faded out were left out." if seconds >= 0.5 else ""


def _spread(smoothed: FloatArray, hop: float) -> float:
    """How much the quieter half of the smoothed level wavers by itself, in dB.

    The robust standard deviation of its differences over half a second and a frame, so that the two values
    share no sample and slow changes of the wind cancel; of pairs that both lie below the median, so that
    gusts do not count as wavering. 1.4826 turns the median of magnitudes into the standard deviation of a
    normal variable.
    """
    lag = round((SMOOTHING_SECONDS + FRAME_SECONDS) / hop)
    values = smoothed[np.isfinite(smoothed)]
    earlier, later = values[:-lag], values[lag:]
    quieter = np.maximum(earlier, later) <= np.median(values)
    if not quieter.any():
        return 0.0
    differences = (later - earlier)[quieter]
    return float(1.4826 * np.median(np.abs(differences)) / np.sqrt(2))


def _spans(
    smoothed: FloatArray, usable: npt.NDArray[np.bool_], on: float, off: float
) -> list[tuple[int, int]]:
    """First and last frame of each stretch that stands out, in order of time.

    From the highest frame down: a stretch reaches from its peak to both sides as far as the level stays above
    `off` and within 12 dB of the peak. What is left on either side counts for itself, where it
    rises by 6 dB or more from the valley between.
    """
    spans: list[tuple[int, int]] = []
    free = usable & (smoothed > off)
    while free.any():
        peak = int(np.argmax(np.where(free, smoothed, -np.inf)))
        if smoothed[peak] <= on:
            break
        inside = usable & (smoothed > max(off, smoothed[peak] - HALF_PRESSURE_DB))
        first = peak - int(np.argmin(np.append(inside[: peak + 1][::-1], False))) + 1
        last = peak + int(np.argmin(np.append(inside[peak:], False))) - 1
        if free[first : last + 1].all() and _is_separate(smoothed, peak, first, last, spans):
            spans.append((first, last))
        free[first : last + 1] = False
    return sorted(spans)


def _is_separate(
    smoothed: FloatArray, peak: int, first: int, last: int, spans: list[tuple[int, int]]
) -> bool:
    """Whether the level falls far enough between a peak and each neighbouring stretch found before."""
    before = max((span[1] for span in spans if span[1] < first), default=None)
    after = min((span[0] for span in spans if span[0] > last), default=None)
    valleys = []
    if before is not None:
        valleys.append(smoothed[before : peak + 1].min())
    if after is not None:
        valleys.append(smoothed[peak : after + 1].min())
    return all(smoothed[peak] - valley >= SEPARATE_PEAK_DB for valley in valleys)


def _merged(spans: list[tuple[int, int]], gap: float) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first - merged[-1][1] - 1 <= gap:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged


def _with_edges_halfway(smoothed: FloatArray, span: tuple[int, int], hop: float) -> tuple[int, int]:
    """Draw the edges in to where the level is halfway, in dB, between outside and inside.

    Smoothing with a symmetric window widens a step to both sides but leaves its midpoint where it was.
    """
    reach = max(round(BESIDE_SECONDS / hop), 1)
    first, last = span
    inside = np.median(smoothed[first : last + 1])
    edges = []
    for outside, part in (
        (smoothed[max(first - reach, 0) : first], smoothed[first : last + 1]),
        (smoothed[last + 1 : last + 1 + reach], smoothed[first : last + 1][::-1]),
    ):
        heard = outside[np.isfinite(outside)]
        halfway = (np.median(heard) + inside) / 2 if heard.size else -np.inf
        edges.append(int(np.argmax(part > halfway)))
    return first + edges[0], last - edges[1]


def _event(
    measured: BandLevel, span: tuple[int, int], quiet: float, band: tuple[float, float], offset: float
) -> WindEvent:
    """The figures of a stretch; its edges lie half a hop outside of its first and last frame's centres."""
    inside = slice(span[0], span[1] + 1)
    level = measured.level[inside]
    mean = 10 * np.log10(np.mean(10 ** (level / 10)))
    return WindEvent(
        start=float(max(measured.times[span[0]] - measured.hop / 2, 0.0)),
        end=float(measured.times[span[1]] + measured.hop / 2),
        peak_time=float(measured.times[inside][np.argmax(level)]),
        level=float(mean + offset),
        peak_level=float(level.max() + offset),
        excess=float(mean - quiet),
        low=float(band[0]),
        high=float(band[1]),
    )
