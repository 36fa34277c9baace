"""The pictures of the page: two spectrograms, the level of the wind's band, and what lies over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio.description import on_one_line
from marsaudio.events.detection import WIND_BAND
from marsaudio.events.level import HOP_SECONDS, BandLevel, band_level, smoothed_level
from marsaudio.events.table import WindEvents
from marsaudio.formats.audio_info import Gap
from marsaudio.plot.spectrograms import frame_for_picture
from marsaudio.recording import Recording
from marsaudio.report.page import pictures
from marsaudio.report.page.wording import capitalised, figure, subject_of
from marsaudio.spectra.spectrogram import Spectrogram, spectrogram

FEWEST_SAMPLES = 4
MOST_NUMBERED = 40  # more numbers over a picture cannot be told apart
LEFT_OUT = "left out of the search for wind, as it is silent, faded out or missing"

Stretch = tuple[float, float]  # from and to, in seconds


def panels(
    recording: Recording, wind: Recording, events: WindEvents, description: str
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The pictures from above to below, and the colours of the first."""
    subject = subject_of(recording)
    drawn: list[dict[str, Any]] = []
    colours = {"image": "", "text": ""}
    if recording.frames >= FEWEST_SAMPLES:
        n_fft, hop_length = frame_for_picture(recording)
        spectra = [spectrogram(part, n_fft=n_fft, hop_length=hop_length) for part in (recording, wind)]
        first = pictures.strip(spectra[0], recording.duration)
        second = pictures.strip(spectra[1], recording.duration, (first.minimum_db, first.maximum_db))
        without = f"It shows the same gusts without the rover. {_gusts_in_words(events)}"
        named = (
            (subject, first, on_one_line(description)),
            ("the wind alone, in the same colours", second, without),
        )
        drawn += [
            {
                "kind": "spectrogram",
                "name": f"{capitalised(name)}: frequency upwards, from {one.lowest:.0f} to "
                f"{one.highest:.0f} Hz",
                "image": one.image,
                "words": f"Spectrogram of {name}. {told}",
                "ticks": one.ticks,
            }
            for name, one, told in named
        ]
        colours = {"image": pictures.colour_scale(), "text": _colours_in_words(first, spectra[0])}
    drawn.append(_level_panel(recording, events))
    return drawn, colours


def spans(events: WindEvents) -> list[dict[str, Any]]:
    """Where the gusts are, with their numbers where these can be told apart."""
    numbered = are_numbered(events)
    return [
        _place(event.start, event.end, events.duration)
        | {"start": round(event.start, 3), "number": number if numbered else None}
        for number, event in enumerate(events, start=1)
    ]


def are_numbered(events: WindEvents) -> bool:
    """Whether the gusts have numbers over the pictures."""
    return 0 < len(events) <= MOST_NUMBERED


def gaps(recording: Recording) -> list[dict[str, Any]]:
    """Where there are no data."""
    return [_place(gap.start, gap.stop, recording.duration) for gap in recording.gaps]


def time_name(recording: Recording) -> str:
    """What the axis of time shows."""
    if recording.duration > 120:
        return (
            "Time from the beginning (hours, minutes and seconds)"
            if recording.duration > 3600
            else ("Time from the beginning (minutes and seconds)")
        )
    return "Time (s)"


def _place(start: float, end: float, duration: float) -> dict[str, Any]:
    left = pictures.place_of(start, duration)
    return {"left": left, "width": round(pictures.place_of(end, duration) - left, 3)}


def _colours_in_words(strip: pictures.Strip, spec: Spectrogram) -> str:
    return f"{figure(strip.minimum_db, 0)} (dark) to {figure(strip.maximum_db, 0)} (bright) {spec.db_unit}"


def _level_panel(recording: Recording, events: WindEvents) -> dict[str, Any]:
    band = tuple(events.parameters.get("band_hz", WIND_BAND))
    measured = band_level(recording, band=band)
    level = smoothed_level(measured) + recording.level_offset
    heard = measured.usable & np.isfinite(level)
    values: npt.NDArray[np.float64] = np.where(heard, level, np.nan)
    left_out = _left_out(measured, heard, recording)
    quiets = [part.level for part in events.quiet_levels]
    thresholds = [part.level + part.threshold for part in events.quiet_levels]
    low, high = pictures.level_range(values, [*quiets, *thresholds])
    duration = recording.duration
    lines = [{"kind": "curve", "path": pictures.curve(measured.times, values, duration, low, high)}]
    legend = [{"kind": "curve", "text": "level, smoothed over half a second"}] if heard.any() else []
    if quiets:
        borders = [events.quiet_levels[0].start, *(part.end for part in events.quiet_levels)]
        for kind, levels in (("threshold", thresholds), ("quiet", quiets)):
            lines.append({"kind": kind, "path": pictures.steps(borders, levels, duration, low, high)})
            legend.append({"kind": kind, "text": f"{kind} {_levels_in_words(levels)}"})
    areas = (("event", "gust", events), ("left-out", LEFT_OUT, left_out), ("gap", "no data", recording.gaps))
    return {
        "kind": "level",
        "name": f"The level of the wind's band, {band[0]:g} to {band[1]:g} Hz, in {events.unit}, without the "
        "rover's tones",
        "image": "",
        "words": f"The level of the wind's band over time. {_gusts_in_words(events)}"
        f"{_left_out_in_words(left_out)}",
        "lines": lines,
        "legend": legend,
        "areas": [{"kind": kind, "text": text} for kind, text, found in areas if found],
        "left_out": [_place(*stretch, duration) for stretch in left_out],
        "ticks": pictures.level_ticks(low, high) if heard.any() else [],
    }


def _left_out(measured: BandLevel, heard: npt.NDArray[np.bool_], recording: Recording) -> list[Stretch]:
    """Where the curve is not drawn, though there are data."""
    if not len(heard):
        return [(0.0, recording.duration)]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~heard, [False]]).astype(np.int8)))
    borders = measured.times - HOP_SECONDS / 2
    borders = np.concatenate([[0.0], borders[1:], [recording.duration]])
    found = [(float(borders[first]), float(borders[last])) for first, last in edges.reshape(-1, 2)]
    return [piece for stretch in found for piece in _without(stretch, recording.gaps)]


def _without(stretch: Stretch, gaps: Sequence[Gap]) -> list[Stretch]:
    """What is left of a stretch beside the gaps, which are in order."""
    left = []
    start, end = stretch
    for gap in gaps:
        if start < min(gap.start, end):
            left.append((start, min(gap.start, end)))
        start = max(start, gap.stop)
    return [*left, (start, end)] if start < end else left


def _levels_in_words(levels: list[float]) -> str:
    """The level of all parts, or what they range over where the rover's noise changes."""
    lowest, highest = figure(min(levels), 1), figure(max(levels), 1)
    return f"{lowest} dB" if lowest == highest else f"{lowest} to {highest} dB"


def _left_out_in_words(stretches: list[Stretch]) -> str:
    return f" {capitalised(LEFT_OUT)}: {_times_in_words(stretches)}." if stretches else ""


def _gusts_in_words(events: WindEvents) -> str:
    if not events:
        return "No gust stands out."
    return f"Gusts: {_times_in_words([(event.start, event.end) for event in events])}."


def _times_in_words(stretches: list[Stretch]) -> str:
    told = ", ".join(f"{start:.1f} to {end:.1f} s" for start, end in stretches[:MOST_NUMBERED])
    return f"{told} and more" if len(stretches) > MOST_NUMBERED else told
