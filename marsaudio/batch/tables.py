"""One table of all recordings of a batch, and one of all events, for spreadsheets and pandas."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from marsaudio.atomic import replace_together_when_complete
from marsaudio.batch.inputs import Item
from marsaudio.batch.results import ABOUT, EVENTS_FILE, folder_of, result_of
from marsaudio.formats.csv_text import csv_line, safe_text
from marsaudio.formats.event_table import COLUMNS
from marsaudio.formats.label_csv import TEXT
from marsaudio.formats.label_table import value_cell

SUMMARY_FILE = "summary.csv"
DONE, FAILED, WAITING = "done", "failed", "waiting"
# After the name, the state and the reason; the names are those of a result's figures.
FIGURES = (
    "duration_s",
    "sample_rate_hz",
    "channels",
    "channels_equal",
    "encoding",
    "event_count",
    "rover_transient_count",
    "events_per_minute",
    "event_share_of_time",
    "observed_s",
    "gustiness_db",
    "quiet_level_db",
    "peak_level_db",
    "rms_level_db",
    "offset_share_of_power",
    "wind_rms_level_db",
    "rover_rms_level_db",
    "level_unit",
    "wind_cut_off_hz",
    "gaps_s",
)
SUMMARY_COLUMNS = ("recording", "state", "reason", *FIGURES, "simulated", *ABOUT, "notes")
EVENT_COLUMNS = ("recording", TEXT, *(name for name in COLUMNS.values() if name != "recording"))


def write_tables(
    output: Path, items: Sequence[Item], failures: Mapping[str, str], *, stems: bool
) -> tuple[Path, Path]:
    """Write ``summary.csv`` and ``events.csv``, each whole or not at all, recording by recording.

    A recording has the state ``done``, ``failed`` with its reason, or ``waiting``, where the batch did not
    come to it.
    """
    summary, events = output / SUMMARY_FILE, output / EVENTS_FILE
    with replace_together_when_complete([summary, events]) as (summary_part, events_part):
        with _opened(summary_part) as summary_table, _opened(events_part) as events_table:
            summary_table.write(csv_line(SUMMARY_COLUMNS))
            events_table.write(csv_line(EVENT_COLUMNS))
            for item in items:
                failure = failures.get(item.name, "")
                result = None if failure else result_of(output, item, stems=stems)
                summary_table.write(csv_line(_summary_row(item, failure, result)))
                if result is not None:
                    events_table.writelines(_event_lines(folder_of(output, item) / EVENTS_FILE, item.name))
    return summary, events


def _opened(path: Path) -> TextIO:
    return open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n")


def _summary_row(item: Item, failure: str, result: Mapping[str, Any] | None) -> list[str]:
    state = FAILED if failure else WAITING if result is None else DONE
    held: dict[str, Any] = {"recording": item.name, "state": state, "reason": failure}
    if result is not None:
        held |= {**result["figures"], **result["source"], "simulated": result["simulated"]}
        held["notes"] = " ".join(result["notes"])
    return [_cell(held.get(name)) for name in SUMMARY_COLUMNS]


def _cell(value: Any) -> str:
    return safe_text(value) if isinstance(value, str) else value_cell(value)


def _event_lines(table: Path, name: str) -> Iterator[str]:
    """The events of a recording, with its name before them."""
    with open(table, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield csv_line([safe_text(name), *(row.get(column) or "" for column in EVENT_COLUMNS[1:])])
