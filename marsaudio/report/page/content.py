"""What the page says and shows, from the results of an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marsaudio import __version__
from marsaudio.catalog import microphone_named
from marsaudio.description import ALTERED
from marsaudio.events.table import WindEvents
from marsaudio.mars_time import clock
from marsaudio.recording import Recording
from marsaudio.report.page import panels
from marsaudio.report.page.glossary import glossary
from marsaudio.report.page.gusts import gusts_table
from marsaudio.report.page.pictures import time_ticks
from marsaudio.report.page.tables import tables
from marsaudio.report.page.wording import whole_sentence
from marsaudio.separation.stems import Stems

MADE_WITH = (
    "Made with marsaudio {version}, a Python library for the sounds that Perseverance's microphones recorded "
    "on Mars, by the marsaudio developers."
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
        "altered": ALTERED if recording.source.is_altered else "",
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
        "doubts": _doubts(results.summary, recording),
        "tables": tables(recording, results.stems, results.summary),
        "glossary": glossary(recording, events),
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


def _doubts(summary: Mapping[str, Any], recording: Recording) -> list[str]:
    told = (summary["in_doubt"], *summary["notes"], *recording.source.notes)
    return [whole_sentence(paragraph) for paragraph in told if paragraph.strip()]


def _credit(recording: Recording) -> list[str]:
    source = recording.source
    sentences = []
    if source.credit:
        sentences.append(whole_sentence(f"Recording: {source.credit}"))
    if source.url:
        sentences.append(f"It was published at {source.url}.")
    if not source.simulated:
        sentences.append("When you show it to others, name those who recorded it.")
    sentences.append(MADE_WITH.format(version=__version__))
    return sentences
