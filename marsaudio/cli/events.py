"""When the wind rises."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from marsaudio.cli.options import (
    BandOption,
    CalibrationSourceOption,
    DurationOption,
    GapOption,
    JsonOption,
    PascalOption,
    RateOption,
    SourceArgument,
    calibration_of,
    given,
)
from marsaudio.cli.printing import say_what_it_is, show_events, show_json, show_table, somebody_waits


def events(
    source: SourceArgument = "sample",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write them to this file: .csv, .json, .txt for Audacity, .selections.txt for Raven.",
        ),
    ] = None,
    band: BandOption = None,
    false_alarms: RateOption = None,
    minimum_duration: DurationOption = None,
    merge_gap: GapOption = None,
    pascal: PascalOption = None,
    calibration_source: CalibrationSourceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find when the wind rises above the quiet.

    In noise alone, as many events a minute are found as --false-alarms says. Memory stays small at any
    length.
    """
    from marsaudio.events.detection import detect_wind_file
    from marsaudio.formats.label_files import format_of_new
    from marsaudio.loading import open_sound
    from marsaudio.report.facts import notes_on
    from marsaudio.report.summary import events_as_plain
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.source import require_measurement

    calibration = calibration_of(pascal, calibration_source)
    opened, known = open_sound(source)
    require_measurement(known, calibration)
    check_input_is_kept(known, [output] if output else [])
    if output is not None:
        format_of_new(output, None)  # before any work is done
    found = detect_wind_file(
        source,
        calibration=calibration,
        progress=somebody_waits(),
        **given(
            false_alarms_per_minute=false_alarms,
            band=band,
            minimum_duration=minimum_duration,
            merge_gap=merge_gap,
        ),
    )
    found = dataclasses.replace(found, note=" ".join((*notes_on(known), *known.notes, found.note)).strip())
    saved = found.save(output) if output is not None else None
    if as_json:
        files = {} if saved is None else {"events": saved}
        show_json({"recording": known.name, **events_as_plain(found), "files": files})
        return
    say_what_it_is(known, found.duration, opened.sample_rate)
    show_events(found)
    if saved is not None:
        show_table([("events", str(saved))])
