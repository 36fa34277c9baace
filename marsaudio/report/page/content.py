"""What the page says and shows, from the results of an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marsaudio import __version__
from marsaudio.catalog import microphone_named
from marsaudio.events.table import WindEvents
from marsaudio.mars_time import clock
from marsaudio.recording import Recording
from marsaudio.report.facts import offset_in_words
from marsaudio.report.page import panels
from marsaudio.report.page.gusts import gusts_table
from marsaudio.report.page.pictures import time_ticks
from marsaudio.separation.stems import Stems

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
    recording, events = results.stems.recording, results.events
    pictures, colours = panels.panels(recording, results.stems.wind, events, results.description)
    return {
        "version": __version__,
        "title": recording.source.title or recording.source.name,
        "facts": _facts(recording),
        "simulated": recording.source.simulated,
        "duration": round(recording.duration, 6),
        "description": results.description.split("\n\n"),
        "panels": pictures,
        "colours": colours,
        "spans": panels.spans(events),
        "numbered": panels.are_numbered(events),
        "gaps": panels.gaps(recording),
        "time_ticks": time_ticks(recording.duration),
        "time_name": panels.time_name(recording),
        "events": gusts_table(events),
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
