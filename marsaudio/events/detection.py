"""Where the wind rises: the level of its band against the recording's own quiet."""

from __future__ import annotations

import math
import numbers
import os
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio.calibration import Calibration, level_unit_and_offset
from marsaudio.errors import ParameterError
from marsaudio.events.baseline import Baseline, find_baseline
from marsaudio.events.level import (
    FRAME_SECONDS,
    HOP_SECONDS,
    SMOOTHING_SECONDS,
    BandLevel,
    band_level,
    checked_band,
    smoothed_level,
)
from marsaudio.events.measuring import gather_evidence, is_tone, measure_event
from marsaudio.events.stretches import REACH_BELOW_PEAK_DB, SEPARATE_PEAK_DB, Rules, find_stretches
from marsaudio.events.table import WindEvents
from marsaudio.formats.encodings import FAINTEST_IN_WORDS
from marsaudio.loading import open_sound
from marsaudio.recording import Recording, require_recording
from marsaudio.separation.stems import Stems
from marsaudio.source import Source, require_measurement
from marsaudio.spectra.stft import SampleSource
from marsaudio.watching import Progress, Read, watched

FloatArray = npt.NDArray[np.float64]

WIND_BAND = (20.0, 250.0)  # Hz; where wind on Mars is heard
LEAST_RATE, MOST_RATE = 1e-6, 5.0  # false alarms a minute; beyond, events of noise run into each other


def detect_wind(
    sound: Recording | Stems,
    *,
    false_alarms_per_minute: float = 0.1,
    band: tuple[float, float] = WIND_BAND,
    minimum_duration: float = 0.3,
    merge_gap: float = 0.25,
    progress: Progress = False,
) -> WindEvents:
    """Find when the wind rises above the quiet, with a stated rate of false alarms.

    The level of the band is measured after the rover's lines were taken out, and smoothed over half a second
    (the mean of the decibels). The quiet level is the least of what several quantiles of it tell, so that a
    recording may be windy for most of the time. The threshold above the quiet is the one that steady noise
    with the spectrum of this recording's quiet reaches as often as `false_alarms_per_minute` says, once it
    has gone through all of what follows: it is found by simulation (``marsaudio.events.chance``). Where the
    quiet wavers more than such noise does, the threshold is so many times higher, up to 12 dB.

    An event reaches out from where the level exceeds the threshold to where it has fallen to half of it, but
    not beyond 14 dB below its own peak, where the wind blows at two thirds of its highest speed (level
    proportional to U**4: the guide line in the plotting code of A. E. Stott et al., JGR Planets, 2023). Its
    edges lie where the level is halfway, in dB, between outside and inside.

    Where the noise above 1 kHz steps up or down for good, as when a pump starts, quiet and threshold are
    found anew. Steady wind raises the quiet level itself and is not seen; and what else makes low noise for
    a while, such as a machine, is found as well: see ``WindEvent.rover_transient``.

    Parameters
    ----------
    sound : Recording or Stems
        The recording, or its stems, whose sum it is.
    false_alarms_per_minute : float, optional
        How many events a minute may be found where there is no wind, from 0.000001 to 5.
    band : (low, high), optional
        In Hz.
    minimum_duration : float, optional
        Seconds; shorter events are left out.
    merge_gap : float, optional
        Seconds; events that are closer become one.
    progress : bool or callable, optional
        True shows a bar on standard error, with the time that is left. A function is given the share that
        is done, from 0 to 1, again and again.

    Returns
    -------
    WindEvents

    Raises
    ------
    ParameterError
        A value is out of its range.

    See Also
    --------
    detect_wind_file : The same for a file of any length, in memory that hardly grows.

    Examples
    --------
    >>> import marsaudio as ma
    >>> events = ma.detect_wind(ma.load("sample"))
    >>> events[0].start < events[0].peak_time < events[0].end
    True
    """
    recording = sound.recording if isinstance(sound, Stems) else sound
    require_recording(recording, "detect_wind")
    rules = _rules(minimum_duration, merge_gap)
    with _watched(recording, progress) as watched_sound:
        return _detect(
            watched_sound, recording.source, recording.calibration, false_alarms_per_minute, band, rules
        )


def detect_wind_file(
    source: str | os.PathLike[str],
    *,
    false_alarms_per_minute: float = 0.1,
    band: tuple[float, float] = WIND_BAND,
    minimum_duration: float = 0.3,
    merge_gap: float = 0.25,
    calibration: Calibration | None = None,
    progress: Progress = False,
) -> WindEvents:
    """Find the wind in a file, block by block: the same events as `detect_wind`.

    Parameters
    ----------
    source
        A catalog key, the path of an audio file, or the path of a PDS4 label.
    false_alarms_per_minute, band, minimum_duration, merge_gap : optional
        As for `detect_wind`.
    calibration : Calibration, optional
        What full scale is in pascals.
    progress : bool or callable, optional
        True shows a bar on standard error, with the time that is left. A function is given the share that
        is done, from 0 to 1, again and again.

    Returns
    -------
    WindEvents

    Raises
    ------
    ParameterError
        A value is out of its range.
    DataUnavailableError, AudioFormatError, CalibrationError
        As `marsaudio.load`.

    See Also
    --------
    detect_wind : The same for a recording in memory, or its stems.

    Examples
    --------
    >>> import marsaudio as ma
    >>> ma.detect_wind_file("sample").events == ma.detect_wind(ma.load("sample")).events
    True
    """
    rules = _rules(minimum_duration, merge_gap)
    opened, known = open_sound(source)
    if isinstance(source, Recording):
        calibration = calibration or source.calibration
    require_measurement(known, calibration)
    with _watched(opened, progress) as sound:
        return _detect(sound, known, calibration, false_alarms_per_minute, band, rules)


def detection_settings(
    *,
    false_alarms_per_minute: float = 0.1,
    band: tuple[float, float] = WIND_BAND,
    minimum_duration: float = 0.3,
    merge_gap: float = 0.25,
) -> dict[str, Any]:
    """All arguments of `detect_wind`, given or not, for many recordings.

    Raises
    ------
    ParameterError
        A value is out of its range, whatever the recording.
    """
    _check_rate(false_alarms_per_minute)
    rules = _rules(minimum_duration, merge_gap)
    return {
        "false_alarms_per_minute": float(false_alarms_per_minute),
        "band": checked_band(band),
        "minimum_duration": rules.minimum_duration,
        "merge_gap": rules.merge_gap,
    }


def _watched(sound: Read, progress: Progress) -> AbstractContextManager[Read]:
    # It is looked over once, and each channel is heard twice: for its tones, and for the level.
    return watched(sound, progress, frames=(1 + 2 * sound.channels) * sound.frames, what="Finding the wind")


def _check_rate(rate: float) -> None:
    if not (_is_number(rate) and LEAST_RATE <= rate <= MOST_RATE):
        raise ParameterError(
            f"false_alarms_per_minute={rate!r} must be a number from {LEAST_RATE:f} to {MOST_RATE:g}, such "
            "as 0.1: one in ten minutes. With more, events of noise would run into each other."
        )


def _rules(minimum_duration: float, merge_gap: float) -> Rules:
    if not (_is_number(minimum_duration) and minimum_duration > 0):
        raise ParameterError(
            f"minimum_duration={minimum_duration!r} must be a positive number of seconds, such as 0.3."
        )
    if not (_is_number(merge_gap) and merge_gap >= 0):
        raise ParameterError(f"merge_gap={merge_gap!r} must be zero or a positive number of seconds.")
    return Rules(float(minimum_duration), float(merge_gap))


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and math.isfinite(value)


def _detect(
    source: SampleSource,
    known: Source,
    calibration: Calibration | None,
    rate: float,
    band: tuple[float, float],
    rules: Rules,
) -> WindEvents:
    _check_rate(rate)
    measured = band_level(source, band=band)
    smoothed = smoothed_level(measured)
    duration = source.frames / source.sample_rate
    unit, offset = level_unit_and_offset(calibration)
    parameters = _parameters(rate, band, rules)
    heard = measured.usable & np.isfinite(smoothed)
    if not heard.any():
        return WindEvents((), unit, None, duration, parameters, _why_nothing(measured), source=known)
    observed = float(heard.sum() * HOP_SECONDS)
    baseline = find_baseline(measured, smoothed, rate, rules, duration=duration)
    excess = np.where(heard, smoothed - baseline.quiet, -np.inf)
    stretches = find_stretches(excess, heard, baseline.threshold, rules=rules)
    evidence = gather_evidence(
        measured, smoothed, baseline, stretches, band=band, offset=offset, duration=duration, seconds=observed
    )
    wind = [stretch for stretch in stretches if not is_tone(evidence, stretch)]
    main = max(baseline.parts, key=lambda part: part.end - part.start)
    parameters |= {
        "threshold_used_db": main.threshold,
        "degrees_of_freedom": baseline.chance.degrees_of_freedom,
    }
    return WindEvents(
        tuple(measure_event(evidence, stretch) for stretch in wind),
        unit,
        main.level + offset,
        duration,
        parameters,
        _what_to_know(
            measured,
            baseline,
            rate,
            rules.minimum_duration,
            found=len(wind),
            left_out=len(stretches) - len(wind),
        ),
        quiet_levels=tuple(part.shifted(offset) for part in baseline.parts),
        observed=observed,
        gustiness=_gustiness(smoothed[heard], baseline),
        source=known,
    )


def _parameters(rate: float, band: tuple[float, float], rules: Rules) -> dict[str, Any]:
    return {
        "frame_s": FRAME_SECONDS,
        "hop_s": HOP_SECONDS,
        "smoothing_s": SMOOTHING_SECONDS,
        "reach_below_peak_db": REACH_BELOW_PEAK_DB,
        "separate_peak_db": SEPARATE_PEAK_DB,
        "band_hz": [float(edge) for edge in band],
        "false_alarms_per_minute": float(rate),
        "minimum_duration_s": rules.minimum_duration,
        "merge_gap_s": rules.merge_gap,
    }


def _why_nothing(measured: BandLevel) -> str:
    if not len(measured.level):
        return f"Shorter than one frame of {FRAME_SECONDS:.2f} s."
    return f"There is nothing to hear in it: silence, a constant, or nothing above {FAINTEST_IN_WORDS}."


def _what_to_know(
    measured: BandLevel,
    baseline: Baseline,
    rate: float,
    minimum_duration: float,
    *,
    found: int,
    left_out: int,
) -> str:
    """Say what was left out, and why there are no events, where that needs saying."""
    words = []
    if not found:
        lowest = min(part.threshold for part in baseline.parts)
        words.append(
            f"Nothing rises more than {lowest:.1f} dB above the quiet for {minimum_duration:g} s or more."
        )
    held = [part for part in baseline.parts if part.false_alarms_per_minute > 1.5 * rate]
    if held:
        most = max(part.false_alarms_per_minute for part in held)
        words.append(
            "The quiet itself wavers, as in a breeze, and the threshold is held at "
            f"{held[0].threshold:.0f} dB: noise that wavers so would pass it {most:.2g} times a minute, "
            f"where {rate:.2g} was asked for."
        )
    if left_out:
        rises = "1 rise was" if left_out == 1 else f"{left_out} rises were"
        words.append(f"{rises} left out: a tone of the rover that comes and goes, or what is left of one.")
    seconds = float(np.count_nonzero(~measured.usable) * HOP_SECONDS)
    if seconds >= 0.5:  # more than the lead-in of a file
        words.append(f"{seconds:.1f} s that are missing, muted or faded out were left out.")
    if len(baseline.parts) > 1:
        steps = ", ".join(f"{part.start:.1f} s" for part in baseline.parts[1:])
        words.append(f"The rover's noise changes at {steps}: quiet and threshold were found anew there.")
    return " ".join(words)


def _gustiness(smoothed: FloatArray, baseline: Baseline) -> float:
    """Standard deviation of the smoothed level in dB, without what noise alone does."""
    return float(np.sqrt(max(float(np.var(smoothed)) - baseline.chance.spread**2, 0.0)))
