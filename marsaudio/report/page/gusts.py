"""The gusts as the page's table, and what its columns mean."""

from __future__ import annotations

import math
from typing import Any

from marsaudio.events.event import WindEvent
from marsaudio.events.table import WindEvents
from marsaudio.mars_time import clock
from marsaudio.report.page.wording import figure

BY_CHANCE = (
    "how many events as strong, or stronger, noise alone would give in a minute, if it wavers as this "
    "recording's quiet does."
)


def gusts_table(events: WindEvents) -> dict[str, Any]:
    """The header, the rows, and the words to be read before them."""
    timed = events.source is not None and events.source.start_time is not None
    doubted = any(event.rover_transient for event in events)
    header = [
        "From (s)",
        "To (s)",
        "Length (s)",
        "Loudest at (s)",
        f"Mean level ({events.unit})",
        "Above the quiet (dB)",
        "By chance, a minute",
        *(["Local mean solar time"] if timed else []),
        *(["Remark"] if doubted else []),
    ]
    rows = []
    for number, event in enumerate(events, start=1):
        cells = _cells(event)
        if timed:
            began = events.start_time(event)
            cells.append(clock(began.local_mean_solar_time) if began else "")
        if doubted:
            cells.append("perhaps the rover's" if event.rover_transient else "")
        rows.append(
            {
                "number": number,
                "start": round(event.start, 3),
                "end": round(event.end, 3),
                "time": f"{event.start:.1f} s",
                "cells": list(zip(header, cells, strict=True)),
            }
        )
    return {
        "header": header,
        "rows": rows,
        "many": timed or doubted,  # columns: more than have room beside each other on one line each
        "words": "Levels of the gusts and of the quiet are those of the wind's band, after the rover's tones "
        "were taken out. The mean level is that of the whole gust, from its beginning to its end; the curve "
        "in the picture is smoothed over half a second. ± is one standard deviation, of chance alone. By "
        f"chance: {BY_CHANCE}",
    }


def _cells(event: WindEvent) -> list[str]:
    # The length is that of the edges as they are shown, so that whoever subtracts them finds the same.
    length = round(event.end, 2) - round(event.start, 2)
    return [
        _value(event.start, event.start_uncertainty, 2),
        _value(event.end, event.end_uncertainty, 2),
        _value(length, _together(event.start_uncertainty, event.end_uncertainty), 2),
        _value(event.peak_time, event.peak_time_uncertainty, 2),
        _value(event.level, event.level_uncertainty, 1),
        _value(event.excess, event.excess_uncertainty, 1),
        _rate(event.false_alarms_per_minute),
    ]


def _together(one: float | None, other: float | None) -> float | None:
    """The standard deviation of a difference, where both are known."""
    return None if one is None or other is None else math.hypot(one, other)


def _value(value: float, uncertainty: float | None, decimals: int) -> str:
    told = figure(value, decimals)
    # A space that does not break keeps ± with what it stands before.
    return told if uncertainty is None else f"{told} ±\N{NO-BREAK SPACE}{uncertainty:.{decimals}f}"


def _rate(rate: float | None) -> str:
    if rate is None:
        return ""
    return "less than 0.001" if rate < 0.001 else f"{rate:.2g}"
