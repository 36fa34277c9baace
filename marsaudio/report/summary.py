"""An analysis in figures, as a table that JSON can hold: whence, how, how much, and what is in doubt."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from marsaudio import __version__
from marsaudio.events.table import WindEvents
from marsaudio.file_state import sha256_of_state
from marsaudio.recording import Recording, channels_are_equal
from marsaudio.report.facts import notes_on, sound_facts
from marsaudio.separation.frames import Transforms
from marsaudio.separation.low_band import HIGHEST_WIND
from marsaudio.separation.model import WindModel
from marsaudio.separation.rover_model import RoverModel
from marsaudio.separation.stems import Stems
from marsaudio.source import Source

SUMMARY_VERSION = 1
DECIMALS = 6  # of levels, times and frequencies: far finer than any of them is known


def summarize(
    recording: Recording,
    stems: Stems,
    events: WindEvents,
    *,
    rover_noise: Recording | RoverModel | None = None,
) -> dict[str, Any]:
    """Sum up an analysis; the same input gives the same summary.

    Parameters
    ----------
    recording : Recording
    stems : Stems
        Of that recording.
    events : WindEvents
        Found in it.
    rover_noise : Recording or RoverModel, optional
        The reference that the separation was given.

    Returns
    -------
    dict
        Of what JSON can hold. Levels are in ``figures["level_unit"]``, and None in digital silence; names end
        in the unit of what they hold.

    Examples
    --------
    >>> import marsaudio as ma
    >>> from marsaudio.report.summary import summarize
    >>> recording = ma.load("sample")
    >>> stems = ma.separate(recording)
    >>> summarize(recording, stems, ma.detect_wind(stems))["simulated"]
    True
    """
    found = {
        "format": "marsaudio analysis",
        "version": SUMMARY_VERSION,
        "simulated": recording.source.simulated,
        "source": _source_facts(recording),
        "parameters": {
            "separation": _separation_parameters(recording, rover_noise),
            "detection": dict(events.parameters),
        },
        "figures": _figures(recording, stems, events),
        "events": events_as_plain(events)["events"],
        "notes": [
            *notes_on(recording.source),
            *stems.notes,
            *([events.note] if events.note else []),
        ],
        "in_doubt": what_is_in_doubt(
            stems.models,
            has_reference=rover_noise is not None,
            unidentifiable=stems.unidentifiable,
        ),
        "software": software(),
        "lines": [
            {
                "channel": model.channel,
                "from_s": model.start,
                "to_s": min(model.stop, recording.duration),
                "frequency_hz": line.frequency,
                "level_db": line.level + recording.level_offset,
                "prominence_db": line.prominence,
                "coherence": line.coherence,
            }
            for model in stems.models
            for line in model.lines
        ],
    }
    return {name: plain(value) for name, value in found.items()}


def events_as_plain(events: WindEvents) -> dict[str, Any]:
    """The events, and what they are told against, as JSON can hold them."""
    return {
        "level_unit": events.unit,
        "quiet_level_db": events.quiet_level,
        "observed_s": events.observed,
        "note": events.note,
        "parameters": dict(events.parameters),
        "events": [
            {
                "start_s": label.start,
                "end_s": label.end,
                "low_hz": label.low,
                "high_hz": label.high,
                **label.fields,
            }
            for label in events.labels()
        ],
    }


def what_is_in_doubt(
    models: Sequence[WindModel],
    *,
    has_reference: bool = False,
    unidentifiable: float | None = None,
) -> str:
    """Say in plain sentences what no method can tell from what was learned from.

    `unidentifiable` is the share of the wind's power that may as well be the rover's, where it is known.
    """
    duration = max(model.stop for model in models) - min(model.start for model in models)
    if all(model.loudest == 0 for model in models):
        return (
            f"Nothing in these {duration:.1f} s could be told to be wind: the rover stem is the recording, "
            "and may hold wind."
        )
    cut_offs = [model.cut_off for model in models if model.cut_off is not None]
    counts_as_wind = (
        f"Sound that comes and goes below {max(cut_offs):.0f} Hz counts as wind."
        if cut_offs
        else "No band of frequencies was found to come and go as wind does."
    )
    if has_reference:
        steady = "What the reference holds counts as rover."
    elif unidentifiable is not None:
        steady = (
            f"Of the wind stem's power below the cut-off, {100 * unidentifiable:.1f} % never changed in "
            f"these {duration:.1f} s and may as well be the rover's; a breeze that never stopped may also "
            "have stayed with the rover."
        )
    else:
        steady = f"What never changed in these {duration:.1f} s may be either."
    return (
        "Steady wind and steady rover noise cannot be told apart with one microphone. "
        f"{steady} {counts_as_wind}"
    )


def to_json(summary: Mapping[str, Any]) -> str:
    """The summary as JSON text, which holds no NaN and no infinity."""
    return json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _source_facts(recording: Recording) -> dict[str, Any]:
    source = recording.source
    facts = source.as_plain()
    offset = facts.pop("offset")
    del facts["simulated"]  # it stands at the top
    calibration = asdict(recording.calibration) if recording.calibration else None
    return {
        "name": source.name,
        **facts,
        "sha256": _checksum(source),
        "sample_rate_hz": recording.sample_rate,
        "channels": recording.channels,
        "channels_equal": channels_are_equal(recording.samples),
        "frames": recording.frames,
        "duration_s": recording.duration,
        "offset_s": offset,
        "calibration": calibration,
    }


def _checksum(source: Source) -> str | None:
    """Of the file, which may be none that the catalog knows; else what was known of it."""
    if source.path is None:
        return source.sha256
    return sha256_of_state(Path(source.path), source.file_state) or source.sha256


def _separation_parameters(
    recording: Recording, rover_noise: Recording | RoverModel | None
) -> dict[str, Any]:
    fourier = Transforms.at(recording.sample_rate).full
    return {
        "window": "hann",
        "n_fft": fourier.n_fft,
        "hop_length": fourier.hop_length,
        "highest_wind_hz": HIGHEST_WIND,
        "rover_noise": _reference_facts(rover_noise),
    }


def _reference_facts(rover_noise: Recording | RoverModel | None) -> dict[str, Any] | None:
    if rover_noise is None:
        return None
    if isinstance(rover_noise, Recording):
        return _source_facts(rover_noise)
    return {
        "name": rover_noise.source.name,
        "sample_rate_hz": rover_noise.sample_rate,
        "learned_from_s": rover_noise.seconds,
        "line_count": len(rover_noise.lines),
        "levels_of_activity": len(rover_noise.floors),
    }


def _figures(recording: Recording, stems: Stems, events: WindEvents) -> dict[str, Any]:
    offset = recording.level_offset
    figures: dict[str, Any] = {"level_unit": recording.level_unit}
    for name, sound in (("recording", recording), ("wind", stems.wind), ("rover", stems.rover)):
        facts = sound_facts(sound, recording.gaps)
        figures[name] = {
            "peak": facts.peak,
            "peak_level_db": None if facts.peak_level is None else facts.peak_level + offset,
            "rms_level_db": None if facts.rms_level is None else facts.rms_level + offset,
            "offset_share_of_power": facts.offset_share,
        }
    figures |= {
        "line_count": sum(len(frequencies) for frequencies in stems.line_frequencies),
        "wind_cut_off_hz": [model.cut_off for model in stems.models],
        "wind_over_rover_before_db": stems.snr_before,
        "wind_over_rover_after_db": stems.snr_after,
        "unidentifiable_share_of_wind": stems.unidentifiable,
        "event_count": len(events),
        "events_per_minute": events.events_per_minute,
        "event_share_of_time": events.windy_share,
        "gustiness_db": events.gustiness,
        "quiet_level_db": events.quiet_level,
        "quiet_levels": [
            {
                "from_s": quiet.start,
                "to_s": quiet.end,
                "level_db": quiet.level,
                "uncertainty_db": quiet.uncertainty,
                "threshold_level_db": quiet.level + quiet.threshold,
            }
            for quiet in events.quiet_levels
        ],
    }
    return figures


def software() -> dict[str, str]:
    """What made a result: marsaudio, and what it rests on, each with its version."""
    import numpy as np
    import scipy
    import soundfile

    return {
        "marsaudio": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "soundfile": soundfile.__version__,
        "libsndfile": soundfile.__libsndfile_version__,
    }


def plain(value: Any) -> Any:
    """What JSON can hold: Python's own numbers, rounded; None for what is no finite number."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "item"):  # NumPy's numbers
        value = value.item()
    if isinstance(value, float):
        return round(value, DECIMALS) if math.isfinite(value) else None
    return value
