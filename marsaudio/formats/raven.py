"""Raven's selection tables: tab-separated, with a header.

Raven Pro and Raven Lite save a row for each view that shows a selection, one for the waveform and one for the
spectrogram, under the same selection number. BirdNET and other programs write such tables, too.

Source: tables that Raven saved as name.Table.1.selections.txt, with which other programs that read them are
tested; for times in a sequence of files, birdnet-team/birdnet-live-app, pull request 239.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from marsaudio.errors import ParameterError
from marsaudio.formats.label_table import (
    MOST_CELLS,
    Row,
    cell_of,
    column_key,
    labels_in_table,
    lines_of,
    number_cell,
    on_one_line,
    value_cell,
)
from marsaudio.formats.labels import Label, UnreadableLabelsError, shown

SELECTION, VIEW, CHANNEL = "Selection", "View", "Channel"
START, END = "Begin Time (s)", "End Time (s)"
LOW, HIGH = "Low Freq (Hz)", "High Freq (Hz)"
TEXT = "Annotation"
FILE = "Begin File"  # in a table for several sound files

NAMES = {"start": (START,), "end": (END,), "text": (TEXT, "Label", "Text"), "low": (LOW,), "high": (HIGH,)}
FIRST_CHANNEL = 1.0


def is_selection_table(line: str) -> bool:
    """Whether a line is the header of a selection table."""
    keys = {column_key(name) for name in line.split("\t")}
    return column_key(START) in keys or {column_key(name) for name in (SELECTION, VIEW, CHANNEL)} <= keys


def labels_from_text(text: str) -> list[Label]:
    """Read a selection table: one label for each selection, in the order of the table."""
    if text.count("\t") > MOST_CELLS:
        raise UnreadableLabelsError(
            "", f"it has more than {MOST_CELLS:,} cells. Divide it into several files."
        )
    filled = [
        (line, words.split("\t")) for line, words in enumerate(lines_of(text), start=1) if words.strip()
    ]
    if not filled:
        raise UnreadableLabelsError("", "it is empty, without a header. Save the selection table again.")
    (line, names), rows = filled[0], filled[1:]
    titles = [name.strip() for name in names]
    labels = labels_in_table((line, titles), rows, NAMES, left_out=(SELECTION, VIEW))
    return [_without_first_channel(label) for label in _one_a_selection(titles, rows, labels)]


def labels_to_text(labels: Sequence[Label]) -> str:
    """Write a selection table with a spectrogram's row for each label."""
    further = list(dict.fromkeys(name for label in labels for name in label.fields if name != CHANNEL))
    own = [SELECTION, VIEW, CHANNEL, START, END, LOW, HIGH, TEXT]
    for name in further:
        if column_key(name) in {column_key(title) for title in own}:
            raise ParameterError(
                f"A field is called {shown(name)}, but Raven's tables have such a column. Rename the field."
            )
    lines = ["\t".join([*own, *further])]
    for number, label in enumerate(labels, start=1):
        cells = [
            str(number),
            "Spectrogram 1",
            value_cell(label.fields.get(CHANNEL, FIRST_CHANNEL)),
            f"{label.start:.6f}",
            f"{label.end:.6f}",
            number_cell(label.low),
            number_cell(label.high),
            label.text,
            *(value_cell(label.fields.get(name)) for name in further),
        ]
        lines.append("\t".join(on_one_line(cell) for cell in cells))
    return "\n".join(lines) + "\n"


def _one_a_selection(titles: Sequence[str], rows: Sequence[Row], labels: Sequence[Label]) -> list[Label]:
    """Join the rows in which several views show one selection; the spectrogram's come first."""
    columns = {column_key(title): column for column, title in enumerate(titles)}
    selection, view, channel, file = (
        columns.get(column_key(name)) for name in (SELECTION, VIEW, CHANNEL, FILE)
    )
    found: list[dict[str, Label]] = []
    places: dict[tuple[object, ...], dict[str, Label]] = {}
    for (_, row), label in zip(rows, labels, strict=True):
        shown_in = cell_of(row, view).strip()
        number = cell_of(row, selection).strip()
        same = (number, cell_of(row, channel).strip(), cell_of(row, file), label.start, label.end)
        views = places.get(same)
        # A second row of the same view is another selection, and so is one without a number.
        if views is None or shown_in in views or not number or not shown_in:
            views = places[same] = {}
            found.append(views)
        views[shown_in] = label
    return [_joined(views) for views in found]


def _joined(views: dict[str, Label]) -> Label:
    """What any view tells of a selection; where they differ, the spectrogram is right."""
    best, *others = sorted(views, key=lambda view: not view.lower().startswith("spectrogram"))
    label = views[best]
    for other in (views[view] for view in others):
        fields = {
            name: other.fields.get(name) if value is None else value for name, value in label.fields.items()
        }
        if label.low is None and label.high is None:
            label = replace(label, low=other.low, high=other.high)
        label = replace(label, text=label.text or other.text, fields={**other.fields, **fields})
    return label


def _without_first_channel(label: Label) -> Label:
    """Leave out a channel that says nothing: nearly all tables are of the first."""
    if label.fields.get(CHANNEL) != FIRST_CHANNEL:
        return label
    return replace(label, fields={name: value for name, value in label.fields.items() if name != CHANNEL})
