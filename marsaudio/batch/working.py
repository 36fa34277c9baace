"""The work on one recording, in whatever process it is done: the same files everywhere."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marsaudio import catalog
from marsaudio.atomic import write_text
from marsaudio.batch.inputs import Item
from marsaudio.batch.results import (
    EVENTS_FILE,
    RESULT_FILE,
    RESULT_FORMAT,
    RESULT_VERSION,
    STEM_FILES,
    put_in_place,
    state_of,
    states_of_files,
    unfinished_folder,
    written_files,
)
from marsaudio.batch.settings import Settings
from marsaudio.calibration import level_unit_and_offset
from marsaudio.errors import AudioFormatError, MarsAudioError, OutputError
from marsaudio.events.detection import detect_wind_file
from marsaudio.events.table import WindEvents
from marsaudio.formats.audio import AudioFile
from marsaudio.formats.pds4.labels import read_label
from marsaudio.loading import load, open_sound
from marsaudio.recording import Recording
from marsaudio.report.facts import SoundFacts, notes_on, sound_facts
from marsaudio.report.summary import plain, software, what_is_in_doubt
from marsaudio.separation.stems import SeparatedFiles, separate_file
from marsaudio.source import Source, require_measurement

NAME_IS_TOO_LONG = frozenset({errno.ENAMETOOLONG})  # the one reason not to write that lies with a recording


@dataclass(frozen=True)
class Outcome:
    """What became of a recording.

    Attributes
    ----------
    name : str
    duration : float
        Seconds of sound that were worked on.
    failure : str
        Why there is no result; empty where there is one.
    stops : bool
        The reason lies with the output: no other recording would do better.
    """

    name: str
    duration: float = 0.0
    failure: str = ""
    stops: bool = False


def work_on(item: Item, output: str, settings: Settings) -> Outcome:
    """Separate a recording, find its events, and write its results; tell why where that cannot be done."""
    if multiprocessing.parent_process() is not None:
        # What it warns of stands in the notes of the result; here it would say of which recording no more.
        logging.getLogger("marsaudio").setLevel(logging.ERROR)
    try:
        return Outcome(item.name, _write_results(item, Path(output), settings))
    except OutputError as error:
        reason = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
        return Outcome(item.name, failure=str(error), stops=reason not in NAME_IS_TOO_LONG)
    except MarsAudioError as error:
        return Outcome(item.name, failure=str(error))
    except MemoryError:
        return Outcome(item.name, failure="There was not enough memory. Use fewer jobs, or another machine.")
    except Exception as error:
        # A fault of the program: it must not stop thousands of recordings, nor go by in silence.
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(
            item.name,
            failure=f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno}). This "
            "is a fault in marsaudio: please report it with the recording.",
        )


def _write_results(item: Item, output: Path, settings: Settings) -> float:
    if not item.files:
        catalog.fetch(item.source, progress=False)
    before, files = state_of(item), states_of_files(item)
    source = _source(item, settings)
    if settings.calibration is not None:
        require_measurement(open_sound(source)[1], settings.calibration)
    with unfinished_folder(output, item) as folder:
        stems = None
        if settings.stems:
            wind, rover = (folder / name for name in STEM_FILES)
            stems = separate_file(source, wind=wind, rover=rover, rover_noise=settings.rover_noise)
        events = detect_wind_file(source, calibration=settings.calibration, **settings.detection)
        events.save(folder / EVENTS_FILE)
        written = written_files(folder, stems=settings.stems)
        result = _result(item, source, before, written, events, stems, settings)
        write_text(folder / RESULT_FILE, json.dumps(plain(result), indent=2, allow_nan=False) + "\n")
        if (state_of(item), states_of_files(item)) != (before, files):
            raise AudioFormatError(
                f"{item.source!r} was written to while it was read: its results would not fit together. Wait "
                "until it is whole, and start again."
            )
        put_in_place(folder, output, item, stems=settings.stems)
    return events.duration


def _source(item: Item, settings: Settings) -> str | Recording:
    """What to work on; a table of samples is read with the sample rate that it was given."""
    is_label = item.source.lower().endswith(".xml")
    if settings.sample_rate is not None and is_label and read_label(Path(item.source)).is_table:
        return load(item.source, sample_rate=settings.sample_rate)
    return item.source


def _result(
    item: Item,
    sound: str | Recording,
    state: list[dict[str, Any]],
    written: list[dict[str, Any]],
    events: WindEvents,
    stems: SeparatedFiles | None,
    settings: Settings,
) -> dict[str, Any]:
    opened, source = open_sound(sound)
    _, offset = level_unit_and_offset(settings.calibration)
    facts = sound_facts(opened, source.gaps)
    figures: dict[str, Any] = {
        "duration_s": events.duration,
        "sample_rate_hz": opened.sample_rate,
        "channels": opened.channels,
        "channels_equal": facts.equal_channels,
        "encoding": opened.info.encoding,
        "level_unit": events.unit,
        "peak_level_db": _plus(facts.peak_level, offset),
        "rms_level_db": _plus(facts.rms_level, offset),
        "offset_share_of_power": facts.offset_share,
        "event_count": len(events),
        "rover_transient_count": sum(event.rover_transient for event in events),
        "events_per_minute": events.events_per_minute,
        "event_share_of_time": events.windy_share,
        "observed_s": events.observed,
        "gustiness_db": events.gustiness,
        "quiet_level_db": events.quiet_level,
        "gaps_s": sum(gap.stop - gap.start for gap in source.gaps),
    }
    notes = [events.note] if events.note else []
    if stems is not None:
        figures |= {
            "wind_rms_level_db": _plus(_facts_of(stems.wind, source).rms_level, offset),
            "rover_rms_level_db": _plus(_facts_of(stems.rover, source).rms_level, offset),
            "wind_cut_off_hz": max(
                (model.cut_off for model in stems.models if model.cut_off is not None), default=None
            ),
        }
        notes = [*stems.notes, *notes]
    return {
        "format": RESULT_FORMAT,
        "version": RESULT_VERSION,
        "recording": item.name,
        "input": state,
        "files": written,
        "simulated": source.simulated,
        "source": {
            "name": source.name,
            "title": source.title,
            "microphone": source.microphone,
            "sol": source.sol,
            "date": source.date,
            "start_time": source.as_plain()["start_time"],
            "start_local_mean_solar_time": None if source.start_time is None else str(source.start_time),
            "gaps": source.as_plain()["gaps"],
            "missing": list(source.missing),
            "notes": list(source.notes),
            "credit": source.credit,
            "licence": source.licence,
            "metadata": dict(source.metadata),
        },
        "figures": figures,
        "detection": events.parameters,
        "notes": [*notes_on(source), *source.notes, *notes],
        "in_doubt": None
        if stems is None
        else what_is_in_doubt(stems.models, has_reference=settings.rover_noise is not None),
        "software": software(),
    }


def _plus(level: float | None, offset: float) -> float | None:
    return None if level is None else level + offset


def _facts_of(path: Path, source: Source) -> SoundFacts:
    return sound_facts(AudioFile(path), source.gaps)
