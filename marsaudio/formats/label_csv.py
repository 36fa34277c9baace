"""Labels as CSV, for spreadsheets and pandas, and as others write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from marsaudio.errors import ParameterError
from marsaudio.formats.csv_text import csv_line, safe_cell, safe_text, text_in, value_in_cell
from marsaudio.formats.event_table import COLUMNS
from marsaudio.formats.label_table import (
    MOST_CELLS,
    Row,
    column_key,
    has_times,
    labels_in_table,
    number_cell,
)
from marsaudio.formats.labels import Label, UnreadableLabelsError, shown

START, END, DURATION, TEXT, LOW, HIGH = "start_s", "end_s", "duration_s", "label", "low_hz", "high_hz"
OWN = (START, END, DURATION, TEXT, LOW, HIGH)

# What others call these columns: the sed_eval and DCASE tools, Raven, and people. Ours go first.
NAMES = {
    "start": (START, "start", "onset", "start_time", "Begin Time (s)"),
    "end": (END, "end", "offset", "end_time", "End Time (s)"),
    "text": (TEXT, "event_label", "text", "annotation"),
    "low": (LOW, "low", "Low Freq (Hz)"),
    "high": (HIGH, "high", "High Freq (Hz)"),
}
# Always in this order, whatever is first in the fields.
ORDER = list(dict.fromkeys([START, END, DURATION, TEXT, *COLUMNS.values()]))


def is_header(line: str) -> bool:
    """Whether a line names a column of starts and one of ends."""
    return _delimiter_of(line) is not None


def labels_from_text(text: str) -> list[Label]:
    """Read a CSV table, whose cells commas, semicolons or tabs separate."""
    delimiter = _delimiter_of(text) or ","
    if text.count(delimiter) > MOST_CELLS:
        raise UnreadableLabelsError(
            "", f"it has more than {MOST_CELLS:,} cells. Divide it into several files."
        )
    rows = _rows(text, delimiter)
    header = next(rows, None)
    if header is None:
        raise UnreadableLabelsError(
            "", f"it is empty. A table begins with a header, such as {START},{END},{TEXT}."
        )
    line, names = header
    titles = [text_in(name.strip()) for name in names]
    return labels_in_table(
        (line, titles), list(rows), NAMES, left_out=[DURATION], text_in=text_in, value_in_cell=value_in_cell
    )


def labels_to_text(labels: Sequence[Label], *, fields: Sequence[str] = ()) -> str:
    """Write a CSV table; the text and the band have columns where some label has them.

    Those of `fields` are columns even of a table without any label.
    """
    further = list(dict.fromkeys([*fields, *(name for label in labels for name in label.fields)]))
    for name in further:
        if column_key(name) in OWN:
            raise ParameterError(
                f"A field is called {shown(name)}, but {column_key(name)!r} is a column of its own. "
                "Rename the field."
            )
    columns = [START, END, DURATION]
    # With a field of the same meaning, "text", say, it is the column beside it that tells them apart.
    keys = {column_key(name) for name in further}
    for role, column in {"text": TEXT, "low": LOW, "high": HIGH}.items():
        if not labels or _any_has(labels, role) or keys & set(map(column_key, NAMES[role])):
            columns.append(column)
    columns += further
    columns.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    lines = [csv_line([safe_text(name) for name in columns])]
    for label in labels:
        cells = {name: safe_cell(value) for name, value in label.fields.items()}
        cells |= {START: f"{label.start:.6f}", END: f"{label.end:.6f}", DURATION: f"{label.duration:.6f}"}
        cells |= {TEXT: safe_text(label.text), LOW: number_cell(label.low), HIGH: number_cell(label.high)}
        lines.append(csv_line([cells.get(name, "") for name in columns]))
    return "".join(lines)


def _any_has(labels: Sequence[Label], role: str) -> bool:
    return any(getattr(label, role) not in ("", None) for label in labels)


def _delimiter_of(text: str) -> str | None:
    """What separates the cells: that with which the header names a start and an end."""
    for delimiter in ",;\t":
        try:
            _, names = next(_rows(text, delimiter), (1, []))
        except UnreadableLabelsError:
            continue
        if has_times(names, NAMES):
            return delimiter
    return None


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    """The rows that hold anything, each with the line where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableLabelsError(
            f"line {line}", f"it is no row of a table ({error}). Check its quotation marks."
        ) from error
