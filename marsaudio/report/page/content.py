"""What the page says and shows, from the results of an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio import __version__
from marsaudio.catalog import microphone_named
from marsaudio.description import on_one_line
from marsaudio.events.detection import WIND_BAND
from marsaudio.events.level import band_level, smoothed_level
from marsaudio.events.table import WindEvents
from marsaudio.mars_time import clock
from marsaudio.plot.spectrograms import frame_for_picture
from marsaudio.recording import Recording
from marsaudio.report.facts import offset_in_words
from marsaudio.report.page import pictures
from marsaudio.report.page.gusts import gusts_table
from marsaudio.separation.stems import Stems
from marsaudio.spectra.spectrogram import Spectrogram, spectrogram

FEWEST_SAMPLES = 4
MOST_NUMBERED = 40  # more numbers over a picture cannot be told apart
SHORTEST_NAMED_GAP = 0.04  # of the width: a narrower one has no room for a word
CITATION = (
    "The marsaudio developers: marsaudio, version {version}, a Python library for the sounds that "
    "Perseverance's microphones recorded on Mars."
)


@dataclass(frozen=True)
class Results:
    """What a page is made of.

    Attributes
    ----------
    stems : Stems
    events : WindEvents
    summary : dict
        As `marsaudio.report.summary.summarize` gives it.
    description : str
        As `marsaudio.describe` gives it.
    """

    stems: Stems
    events: WindEvents
    summary: Mapping[str, Any]
    description: str


def content_of(results: Results) -> dict[str, Any]:
    """Everything that the template shows but the players, as plain values."""
    recording = results.stems.recording
    panels, colours = _panels(results)
    return {
        "version": __version__,
        "title": recording.source.title or recording.source.name,
        "facts": _facts(recording),
        "simulated": recording.source.simulated,
        "duration": round(recording.duration, 6),
        "description": results.description.split("\n\n"),
        "panels": panels,
        "colours": colours,
        "spans": _spans(results.events),
        "gaps": _gaps(recording),
        "time_ticks": pictures.time_ticks(recording.duration),
        "time_name": _time_name(recording),
        "events": gusts_table(results.events),
        "doubts": [results.summary["in_doubt"], *results.summary["notes"], *recording.source.notes],
        "tables": _tables(results),
        "credit": _credit(recording),
    }


def _facts(recording: Recording) -> list[str]:
    source = recording.source
    facts = [source.name] if source.title else []
    if source.microphone and not source.simulated:
        known = microphone_named(source.microphone)
        facts.append(known.name if known else source.microphone)
    facts += [f"sol {source.sol}"] if source.sol is not None else []
    facts += [source.date] if source.date else []
    if recording.start_time is not None:
        facts.append(f"from {clock(recording.start_time.local_mean_solar_time)} local mean solar time")
    channels = "1 channel" if recording.channels == 1 else f"{recording.channels} channels"
    return [*facts, *source.history, f"{recording.duration:.1f} s", f"{recording.sample_rate:g} Hz", channels]


def _panels(results: Results) -> tuple[list[dict[str, Any]], dict[str, str]]:
    stems, events = results.stems, results.events
    recording = stems.recording
    words = on_one_line(results.description)
    panels: list[dict[str, Any]] = []
    colours = {"image": "", "text": ""}
    if recording.frames >= FEWEST_SAMPLES:
        n_fft, hop_length = frame_for_picture(recording)
        drawn = [spectrogram(part, n_fft=n_fft, hop_length=hop_length) for part in (recording, stems.wind)]
        first = pictures.strip(drawn[0], recording.duration)
        second = pictures.strip(drawn[1], recording.duration, (first.minimum_db, first.maximum_db))
        named = (("The recording", first, words), ("The wind alone, in the same colours", second, ""))
        panels += [
            {
                "kind": "spectrogram",
                "name": f"{name}: frequency upwards, from {one.lowest:.0f} to {one.highest:.0f} Hz",
                "image": one.image,
                "words": on_one_line(
                    f"Spectrogram of {name[0].lower()}{name[1:]}. "
                    + (told or f"It shows the same gusts without the rover. {_gusts_in_words(events)}")
                ),
                "ticks": one.ticks,
            }
            for name, one, told in named
        ]
        colours = {"image": pictures.colour_scale(), "text": _colours_in_words(first, drawn[0])}
    panels.append(_level_panel(recording, events))
    return panels, colours


def _colours_in_words(strip: pictures.Strip, spec: Spectrogram) -> str:
    return f"{strip.minimum_db:.0f} (dark) to {strip.maximum_db:.0f} (bright) {spec.db_unit}".replace(
        "-", "−"
    )


def _level_panel(recording: Recording, events: WindEvents) -> dict[str, Any]:
    band = tuple(events.parameters.get("band_hz", WIND_BAND))
    measured = band_level(recording, band=band)
    level = smoothed_level(measured) + recording.level_offset
    values: npt.NDArray[np.float64] = np.where(measured.usable & np.isfinite(level), level, np.nan)
    quiets = [part.level for part in events.quiet_levels]
    thresholds = [part.level + part.threshold for part in events.quiet_levels]
    low, high = pictures.level_range(values, [*quiets, *thresholds])
    duration = recording.duration
    lines = [{"kind": "curve", "path": pictures.curve(measured.times, values, duration, low, high)}]
    marks = []
    if quiets:
        borders = [events.quiet_levels[0].start, *(part.end for part in events.quiet_levels)]
        for kind, levels in (("quiet", quiets), ("threshold", thresholds)):
            lines.append({"kind": kind, "path": pictures.steps(borders, levels, duration, low, high)})
            place = round(100 * (levels[-1] - low) / (high - low), 2)
            marks.append({"place": place, "text": f"{kind} {levels[-1]:.1f} dB".replace("-", "−")})
    return {
        "kind": "level",
        "name": f"The level of the wind's band, {band[0]:g} to {band[1]:g} Hz, in {events.unit}, without the "
        "rover's tones",
        "image": "",
        "words": f"The level of the wind's band over time. {_gusts_in_words(events)}",
        "lines": lines,
        "marks": marks,
        "ticks": pictures.level_ticks(low, high),
    }


def _gusts_in_words(events: WindEvents) -> str:
    if not events:
        return "No gust stands out."
    told = [f"{event.start:.1f} to {event.end:.1f} s" for event in events[:MOST_NUMBERED]]
    return f"Gusts: {', '.join(told)}{' and more' if len(events) > MOST_NUMBERED else ''}."


def _spans(events: WindEvents) -> list[dict[str, Any]]:
    numbered = len(events) <= MOST_NUMBERED
    return [
        {
            "left": (left := pictures.place_of(event.start, events.duration)),
            "width": round(pictures.place_of(event.end, events.duration) - left, 3),
            "start": round(event.start, 3),
            "number": number if numbered else None,
        }
        for number, event in enumerate(events, start=1)
    ]


def _gaps(recording: Recording) -> list[dict[str, Any]]:
    found = []
    for gap in recording.gaps:
        left = pictures.place_of(gap.start, recording.duration)
        width = pictures.place_of(gap.stop, recording.duration) - left
        found.append(
            {
                "left": left,
                "width": round(width, 3),
                "text": "no data" if width > 100 * SHORTEST_NAMED_GAP else "",
            }
        )
    return found


def _time_name(recording: Recording) -> str:
    if recording.duration > 120:
        return (
            "Time from the beginning (hours, minutes and seconds)"
            if recording.duration > 3600
            else ("Time from the beginning (minutes and seconds)")
        )
    return "Time (s)"


def _tables(results: Results) -> list[dict[str, Any]]:
    """What was done with which parameters, and its figures."""
    summary = results.summary
    figures, parameters = summary["figures"], summary["parameters"]
    unit = figures["level_unit"]
    levels = [
        (f"Level of {name} (rms)", _level(figures[key]["rms_level_db"], unit))
        for key, name in (("recording", "the recording"), ("wind", "the wind"), ("rover", "the rover"))
    ]
    found = [
        *levels,
        ("Constant offset of the recording", offset_in_words(figures["recording"]["offset_share_of_power"])),
        ("Rover's tones found", str(figures["line_count"])),
        ("Wind found up to", _listed(figures["wind_cut_off_hz"], "Hz")),
        ("Wind over rover before", _decibels(figures["wind_over_rover_before_db"])),
        ("Wind over rover after", _decibels(figures["wind_over_rover_after_db"])),
        ("Gusts a minute", _number(figures["events_per_minute"])),
    ]
    how = [
        *(
            (f"{of}: {name}", _parameter(value))
            for of in parameters
            for name, value in parameters[of].items()
        ),
    ]
    source = summary["source"]
    whence = [
        ("File", source["path"] and Path(source["path"]).name),  # whose folder it is in is nobody's business
        ("SHA-256", source["sha256"]),
        ("Published at", source["url"]),
        ("Licence", source["licence"]),
        ("Encoding", source["encoding"]),
        ("Calibration", _calibration(source["calibration"])),
    ]
    tables = (
        ("What was found", found),
        ("Parameters", how),
        ("Where it came from", whence),
        ("Software", list(summary["software"].items())),
    )
    return [
        {"name": name, "rows": [(one, value) for one, value in rows if value not in (None, "")]}
        for name, rows in tables
    ]


def _credit(recording: Recording) -> list[str]:
    source = recording.source
    sentences = []
    if source.credit:
        sentences.append(f"Recording: {source.credit}.")
    if source.url:
        sentences.append(f"It was published at {source.url}.")
    if not source.simulated:
        sentences.append("When you show it to others, name those who recorded it.")
    sentences.append(f"Made with {CITATION.format(version=__version__)}")
    return sentences


def _level(value: float | None, unit: str) -> str:
    return "digital silence" if value is None else f"{value:.1f} {unit}".replace("-", "−", 1)


def _decibels(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} dB".replace("-", "−")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _listed(values: list[float | None], unit: str) -> str:
    told = [f"{value:.0f} {unit}" for value in values if value is not None]
    return ", ".join(dict.fromkeys(told)) or "none for certain"


def _parameter(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_parameter(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(_parameter(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _calibration(calibration: Mapping[str, Any] | None) -> str:
    if calibration is None:
        return "none: levels are in dB re full scale"
    return f"{calibration['pascal_per_full_scale']:g} Pa at full scale ({calibration['source']})"
