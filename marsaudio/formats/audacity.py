"""Audacity's label tracks, as its File > Export Other > Export Labels writes them.

A line is the start, the end and the text, with tabs between; both times are the same for a point. Where the
label has a frequency range, a line follows that begins with a backslash, with -1 for an edge it has not.

Source: Audacity's manual, "Importing and Exporting Labels", and `LabelStruct::Import` and `Export` in its
LabelTrack.cpp.
"""

from __future__ import annotations

from collections.abc import Iterable

from marsaudio.formats.label_table import label_at, lines_of, number_in, on_one_line, time_in
from marsaudio.formats.labels import Label, UnreadableLabelsError, shown

UNDEFINED = -1.0  # Audacity's SelectedRegion::UndefinedFrequency


def labels_from_text(text: str) -> list[Label]:
    """Read a label track; an empty one has no labels.

    Times may have decimal commas, as old versions wrote them in some languages. A line without an end is a
    point, as in Audacity 1.2.
    """
    labels: list[Label] = []
    before = ""  # the kind of the line before, since a band belongs to the label right above
    for line, words in enumerate(lines_of(text), start=1):
        if words.startswith("\\"):
            if not before:
                raise UnreadableLabelsError(
                    f"line {line}", "no label stands above this band. Remove the line."
                )
            # Audacity leaves room for more such lines, of formats to come, and skips them.
            if before == "label":
                labels[-1] = _with_band(labels[-1], words, line)
            before = "band"
        elif words.strip():
            labels.append(_label_in(words, line))
            before = "label"
    return labels


def labels_to_text(labels: Iterable[Label]) -> str:
    """Write a label track."""
    return "".join(_lines_for(label) for label in labels)


def _label_in(words: str, line: int) -> Label:
    first, *rest = words.split("\t")
    if not rest and number_in(first) is None:
        raise UnreadableLabelsError(
            f"line {line}",
            f"{shown(words)} is no label. Write the start, the end and the text, with tabs between them.",
        )
    start = time_in(first, "start", line)
    if len(rest) == 1 and number_in(rest[0]) is None:
        rest = ["", *rest]  # of version 1.2: a start and a text
    end = time_in(rest[0], "end", line) if rest and rest[0].strip() else start
    # No text of Audacity's holds a tab; where somebody's line has more columns, nothing is to be lost.
    return label_at(f"line {line}", start, end, text=" ".join(rest[1:]))


def _with_band(label: Label, words: str, line: int) -> Label:
    cells = words.split("\t")
    band = [number_in(cell) for cell in cells[1:]]
    if cells[0] != "\\" or len(band) != 2 or None in band:
        raise UnreadableLabelsError(
            f"line {line}",
            f"{shown(words)} is no band. Write a backslash and two frequencies, with tabs between them.",
        )
    low, high = (None if edge is None or edge < 0 else edge for edge in band)
    return label_at(f"line {line}", label.start, label.end, text=label.text, low=low, high=high)


def _lines_for(label: Label) -> str:
    words = f"{label.start:.6f}\t{label.end:.6f}\t{on_one_line(label.text)}\n"
    if label.low is None and label.high is None:
        return words
    low, high = (UNDEFINED if edge is None else edge for edge in (label.low, label.high))
    return f"{words}\\\t{low:.6f}\t{high:.6f}\n"
