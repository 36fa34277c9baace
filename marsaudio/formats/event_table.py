"""Tables of events as CSV files that spreadsheets and pandas open."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from marsaudio.atomic import write_text

# What each column of a table is called in the file: with its unit, where it is fixed.
COLUMNS = {
    "start": "start_s",
    "end": "end_s",
    "duration": "duration_s",
    "peak_time": "peak_time_s",
    "level": "level_db",
    "peak_level": "peak_level_db",
    "excess": "excess_db",
    "low": "low_hz",
    "high": "high_hz",
    "unit": "level_unit",
}


def write_csv(
    path: str | os.PathLike[str], names: Sequence[str], rows: Sequence[Mapping[str, float | str]]
) -> Path:
    """Write rows under a header; a table without rows still has its header.

    Parameters
    ----------
    path
        Where to write.
    names
        The columns that must be there; what rows hold beyond them is written as well. The ones
        above come first, in that order.
    rows
        Numbers are written with six decimals.

    Raises
    ------
    OutputError
        The file cannot be written; an older one is still there.
    """
    wanted = dict.fromkeys([*names, *(name for row in rows for name in row)])
    known = [name for name in COLUMNS if name in wanted or not rows]
    ordered = known + [name for name in wanted if name not in COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([COLUMNS.get(name, name) for name in ordered])
    for row in rows:
        writer.writerow([_cell(row.get(name, "")) for name in ordered])
    return write_text(path, text.getvalue())


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3f}"
