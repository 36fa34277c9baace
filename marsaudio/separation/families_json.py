"""Lines and families as JSON, to the last digit, and back with every value checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from marsaudio.separation.combs import Sideband
from marsaudio.separation.families import Family, RoverLine
from marsaudio.separation.line_courses import Drift

MOST_HARMONICS = 10**6
MOST_DECIBELS = 1000.0


def line_as_json(line: RoverLine) -> dict[str, Any]:
    """A line; what it is in a family is said there, and its drift, too."""
    own = line.drift if line.family is None else None
    return {
        "frequency": line.frequency,
        "level": line.level,
        "prominence": line.prominence,
        "coherence": line.coherence,
        "wanders": line.wanders,
        "drift": _drift_as_json(own),
    }


def family_as_json(family: Family, lines: Sequence[RoverLine]) -> dict[str, Any]:
    """A family; its lines by their numbers, from 0."""
    number = {id(line): i for i, line in enumerate(lines)}
    return {
        "frequency": family.frequency,
        "standard_error": family.standard_error,
        "harmonics": list(family.harmonics),
        "lines": [number[id(line)] for line in family.lines],
        "sidebands": [
            {**vars(sideband), "lines": [number[id(line)] for line in sideband.lines]}
            for sideband in family.sidebands
        ],
        "drift": _drift_as_json(family.drift),
        "log10_chance": family.log10_chance,
        "multiple": family.multiple,
    }


def _drift_as_json(drift: Drift | None) -> dict[str, Any] | None:
    if drift is None:
        return None
    values = vars(drift).items()
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values}


def line_from_json(held: Mapping[str, Any]) -> RoverLine:
    """A line as `line_as_json` gave it; ValueError, TypeError or KeyError where it is none."""
    if not isinstance(held["wanders"], bool):
        raise ValueError("a line does not say whether it wanders")
    return RoverLine(
        frequency=_number(held["frequency"]),
        level=_number(held["level"], MOST_DECIBELS),
        prominence=_number(held["prominence"]),
        coherence=_number(held["coherence"]),
        wanders=held["wanders"],
        drift=_drift_from_json(held["drift"]),
    )


def family_from_json(held: Mapping[str, Any], lines: Sequence[RoverLine]) -> Family:
    """A family as `family_as_json` gave it; ValueError, TypeError or KeyError where it is none."""
    harmonics, members = _counts(held["harmonics"]), _picked(held["lines"], lines)
    if not members or len(harmonics) != len(members) or _number(held["frequency"]) <= 0:
        raise ValueError("the harmonics of a family do not fit its lines")
    return Family(
        frequency=_number(held["frequency"]),
        standard_error=_number(held["standard_error"]),
        harmonics=harmonics,
        lines=members,
        sidebands=tuple(_sideband_from_json(sideband, lines) for sideband in held["sidebands"]),
        drift=_drift_from_json(held["drift"]),
        log10_chance=_number(held["log10_chance"]),
        multiple=None if held["multiple"] is None else _counts([held["multiple"]])[0],
    )


def _sideband_from_json(held: Mapping[str, Any], lines: Sequence[RoverLine]) -> Sideband:
    harmonics, standing = _counts(held["harmonics"]), _picked(held["lines"], lines)
    if standing and len(standing) != len(harmonics):
        raise ValueError("the harmonics of a sideband do not fit its lines")
    return Sideband(
        offset=_number(held["offset"]),
        standard_error=_number(held["standard_error"]),
        harmonics=harmonics,
        level=None if held["level"] is None else _number(held["level"]),
        log10_chance=_number(held["log10_chance"]),
        lines=standing,
    )


def _drift_from_json(held: Mapping[str, Any] | None) -> Drift | None:
    if held is None:
        return None
    courses = [np.array([_number(value) for value in held[name]]) for name in ("times", "relative", "errors")]
    if len({len(course) for course in courses}) > 1:
        raise ValueError("the course of a drift is cut off")
    return Drift(_number(held["per_minute"]), _number(held["standard_error"]), *courses)


def _number(held: Any, most: float = math.inf) -> float:
    if (
        isinstance(held, bool)
        or not isinstance(held, int | float)
        or not math.isfinite(held)
        or abs(held) > most
    ):
        raise ValueError(f"{held!r} stands where a number belongs")
    return float(held)


def _counts(held: Sequence[Any]) -> tuple[int, ...]:
    if not all(type(count) is int and 0 < count <= MOST_HARMONICS for count in held):
        raise ValueError(f"a harmonic is no whole number from 1 to {MOST_HARMONICS}")
    return tuple(held)


def _picked(held: Sequence[Any], lines: Sequence[RoverLine]) -> tuple[RoverLine, ...]:
    if not all(type(number) is int and 0 <= number < len(lines) for number in held):
        raise ValueError("a family names a line that is not there")
    return tuple(lines[number] for number in held)
