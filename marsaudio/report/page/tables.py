"""What was found, how, whence and with what, as the tables of the page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marsaudio.recording import Recording
from marsaudio.report.facts import offset_in_words
from marsaudio.report.page.sounds import is_digital_silence
from marsaudio.report.page.wording import figure, subject_of
from marsaudio.separation.stems import Stems

Rows = list[tuple[str, str | None]]


def tables(recording: Recording, stems: Stems, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was done with which parameters, and its figures."""
    named = (
        ("What was found", _found(recording, stems, summary["figures"])),
        ("Parameters", _parameters(summary["parameters"])),
        ("Where it came from", _whence(summary["source"])),
        ("Software", list(summary["software"].items())),
    )
    return [
        {"name": name, "rows": [(one, value) for one, value in rows if value not in (None, "")]}
        for name, rows in named
    ]


def _found(recording: Recording, stems: Stems, figures: Mapping[str, Any]) -> Rows:
    unit, subject = figures["level_unit"], subject_of(recording)
    sounds = (
        (subject, "recording", recording),
        ("the wind", "wind", stems.wind),
        ("the rover", "rover", stems.rover),
    )
    tones = "Tones of the rover, of all its machines, over all frequencies"
    if len(stems.line_frequencies) > 1:
        tones += ", each channel counted by itself"
    over = "Power of the wind over that of the rover, in {}: an estimate, below the wind's cut-off"
    return [
        *(
            (f"Level of {name} (rms, all frequencies)", _level(figures[key]["rms_level_db"], unit, sound))
            for name, key, sound in sounds
        ),
        (f"Constant offset of {subject}", offset_in_words(figures["recording"]["offset_share_of_power"])),
        (tones, str(figures["line_count"])),
        ("Wind's cut-off: wind was found up to", _listed(figures["wind_cut_off_hz"], "Hz")),
        (over.format(subject), _decibels(figures["wind_over_rover_before_db"])),
        (over.format("the wind stem"), _decibels(figures["wind_over_rover_after_db"])),
        ("Gusts a minute", _number(figures["events_per_minute"])),
    ]


def _parameters(parameters: Mapping[str, Any]) -> Rows:
    return [
        (f"{of}: {name}", _parameter(value)) for of in parameters for name, value in parameters[of].items()
    ]


def _whence(source: Mapping[str, Any]) -> Rows:
    return [
        ("File", source["path"] and Path(source["path"]).name),  # whose folder it is in is nobody's business
        ("SHA-256", source["sha256"]),
        ("Published at", source["url"]),
        ("Licence", source["licence"]),
        ("Encoding", source["encoding"]),
        ("Calibration", _calibration(source["calibration"])),
    ]


def _level(value: float | None, unit: str, sound: Recording) -> str:
    if value is None:
        return "digital silence"
    told = f"{figure(value, 1)} {unit}"
    if is_digital_silence(sound):
        return f"digital silence, with a constant offset at {told}, which is no sound"
    return told


def _decibels(value: float | None) -> str:
    return "" if value is None else f"{figure(value, 1)} dB"


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
