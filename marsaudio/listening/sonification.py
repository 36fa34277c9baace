"""Wind events that are heard: a mark before each, or the wind's level as a tone."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.events.detection import WIND_BAND, detect_wind
from marsaudio.events.level import band_level, smoothed_level
from marsaudio.events.table import WindEvents, require_events, require_same_length
from marsaudio.listening.copies import raised_cosine
from marsaudio.recording import Recording, require_recording
from marsaudio.source import FOR_LISTENING

FloatArray = npt.NDArray[np.float64]
Sonification = Literal["marks", "level"]

MARK_HZ, MARK_SECONDS, MARK_LEAD = 880.0, 0.12, 0.3
MARK_DISTANCE = 0.2  # from one's beginning to the next one's; of what may be the rover's: two marks
RISE_SECONDS = 0.02
QUIET_HZ, DECIBELS_PER_OCTAVE = 220.0, 12.0
LOWEST_HZ, HIGHEST_HZ = 110.0, 3520.0
TONE_PEAK = 0.25  # of full scale


def sonify(
    recording: Recording, events: WindEvents | None = None, *, how: Sonification = "marks"
) -> Recording:
    """Make the wind events heard: with a short mark before each, or the wind's level as a tone.

    ``"marks"``: 0.3 s before a gust begins there is a tone of 880 Hz, 0.12 s long, half as high as the
    recording's peak; before an event that may be the rover's there are two, 0.2 s apart. Where there is no
    room for that, at the beginning or after another mark, they are put as early as there is, 0.2 s from each
    other, even where a gust blows already. ``"level"``: instead of the sound there is a tone whose pitch is
    the level L(t) of the wind's band, smoothed over half a second, in which events are found:

    f(t) = 220 Hz · 2^((L(t) - L_quiet) / 12 dB), held between 110 and 3520 Hz,

    so that a gust is one octave up for every 12 dB. It is silent where the recording is muted.

    Parameters
    ----------
    recording : Recording
        The recording, or one of its stems for ``"marks"``.
    events : WindEvents, optional
        None finds them with `marsaudio.detect_wind`.
    how : {"marks", "level"}, optional

    Returns
    -------
    Recording
        As long as the recording, so that times are the same; for listening, without a calibration. Where it
        would exceed full scale with its marks it is made quieter, and its history says so.

    Raises
    ------
    ParameterError
        The events are none or of another recording, there is no such way, or the sample rate is too low for
        the tones.

    Examples
    --------
    >>> import marsaudio as ma
    >>> marked = ma.sonify(ma.load("sample"))
    >>> marked.source.history[-1]
    'for listening: a mark before each of 3 wind events'
    """
    require_recording(recording, "sonify")
    if how not in ("marks", "level"):
        raise ParameterError(f"how={how!r} must be 'marks' or 'level'.")
    if events is None:
        events = detect_wind(recording)
    require_events(events, "sonify")
    require_same_length(events, recording)
    highest = MARK_HZ if how == "marks" else HIGHEST_HZ
    if recording.sample_rate <= 2 * highest:
        raise ParameterError(
            f"At a sample rate of {recording.sample_rate:g} Hz there is no tone of {highest:g} Hz. Resample "
            "the recording first: sonify(recording.resample(16000))."
        )
    return _marked(recording, events) if how == "marks" else _level_as_tone(recording, events)


def _marked(recording: Recording, events: WindEvents) -> Recording:
    rate = recording.sample_rate
    samples = recording.samples.astype(np.float64)
    times = np.arange(round(MARK_SECONDS * rate)) / rate
    mark = np.sin(2 * np.pi * MARK_HZ * times)
    ramp = raised_cosine(round(RISE_SECONDS * rate))
    mark[: len(ramp)] *= ramp
    mark[-len(ramp) :] *= ramp[::-1]
    mark *= 0.5 * (float(np.abs(samples).max()) or 1.0)
    free = 0.0  # from here on there is no mark yet
    for event in events:
        for lead in (MARK_LEAD + MARK_DISTANCE, MARK_LEAD) if event.rover_transient else (MARK_LEAD,):
            begin = max(event.start - lead, free)
            place = samples[:, round(begin * rate) : round(begin * rate) + len(mark)]
            place += mark[: place.shape[1]]
            free = begin + MARK_DISTANCE
    count = "1 wind event" if len(events) == 1 else f"{len(events)} wind events"
    step = f"{FOR_LISTENING}a mark before each of {count}"
    peak = float(np.abs(samples).max())
    if peak > 1:
        samples /= peak
        step += f", {20 * np.log10(peak):.2f} dB quieter"
    return _for_listening(recording, samples, step)


def _level_as_tone(recording: Recording, events: WindEvents) -> Recording:
    band = tuple(events.parameters.get("band_hz", WIND_BAND))
    measured = band_level(recording, band=band)
    level = smoothed_level(measured) + recording.level_offset
    known = measured.usable & np.isfinite(level)
    times = np.arange(recording.frames) / recording.sample_rate
    if events.quiet_level is None or not known.any():
        samples = np.zeros((1, recording.frames))
    else:
        octaves = (level[known] - events.quiet_level) / DECIBELS_PER_OCTAVE
        pitch = np.clip(QUIET_HZ * 2.0**octaves, LOWEST_HZ, HIGHEST_HZ)
        frequency = 2 ** np.interp(times, measured.times[known], np.log2(pitch))
        loudness = np.interp(times, measured.times, known.astype(float))
        samples = TONE_PEAK * loudness * np.sin(2 * np.pi * np.cumsum(frequency) / recording.sample_rate)
        samples = _faded(samples[np.newaxis], recording.sample_rate)
    step = f"{FOR_LISTENING}the level from {band[0]:g} to {band[1]:g} Hz as a tone"
    return _for_listening(recording, samples, step)


def _faded(samples: FloatArray, rate: float) -> FloatArray:
    ramp = raised_cosine(min(round(RISE_SECONDS * rate), samples.shape[1] // 2))
    samples[:, : len(ramp)] *= ramp
    samples[:, samples.shape[1] - len(ramp) :] *= ramp[::-1]
    return samples


def _for_listening(recording: Recording, samples: FloatArray, step: str) -> Recording:
    source = recording.source.after(step, encoding=None)
    return dataclasses.replace(recording, samples=samples.astype(np.float32), source=source, calibration=None)
