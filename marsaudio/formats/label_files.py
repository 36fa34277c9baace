"""Files of labels, in the format that their name or their contents tell."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Literal

from marsaudio.atomic import write_text
from marsaudio.errors import AudioFormatError, ParameterError
from marsaudio.formats import audacity, label_csv, label_json, raven
from marsaudio.formats.audio_writer import reason_of
from marsaudio.formats.label_table import MOST_LINES, line_ends_in, lines_of, number_in
from marsaudio.formats.labels import Label, UnreadableLabelsError, shown
from marsaudio.formats.opening import capital, name_of, open_for_reading

LabelFormat = Literal["audacity", "raven", "csv", "json"]

FORMATS: dict[str, ModuleType] = {"audacity": audacity, "raven": raven, "csv": label_csv, "json": label_json}
# How a name ends decides; the longer ending comes first.
ENDINGS = {".selections.txt": "raven", ".txt": "audacity", ".csv": "csv", ".json": "json"}

# Far more than anybody labels; what is larger is something else, such as a recording.
MOST_BYTES = 40 * 2**20


def read_labels(path: str | os.PathLike[str], *, format: LabelFormat | None = None) -> tuple[Label, ...]:
    r"""Read a file of labels: of Audacity, of Raven, as CSV or as JSON.

    Parameters
    ----------
    path
        A text file in UTF-8, or in UTF-16 with a byte order mark.
    format : {"audacity", "raven", "csv", "json"}, optional
        None takes a .csv and a .json by their names. Of any other, the first line tells: columns of Raven's
        or of a CSV table, the brace of JSON, or else Audacity's label track.

    Returns
    -------
    tuple of Label
        In the order of the file.

    Raises
    ------
    DataUnavailableError
        There is no such file.
    AudioFormatError
        It cannot be read, or is no file of labels. Names the line, what is wrong there, and what to do.
    ParameterError
        There is no such format.

    See Also
    --------
    write_labels : The other way.

    Notes
    -----
    Numbers may have decimal points or decimal commas.

    Audacity: bands are read as well. A line without an end is a moment.

    Raven: where a table has a row for the waveform and one for the spectrogram, they become one label. Its
    text is the column ``Annotation``; the other columns, such as ``Begin File`` and ``File Offset (s)``, are
    in `fields`, but for the selection's number, the view, and channel 1. In a table for several sound files,
    start and end count from the beginning of the first file, as they stand in the table.

    CSV: the header names the columns. The start is called ``start_s``, ``start``, ``onset`` or
    ``start_time``, the end ``end_s``, ``end``, ``offset`` or ``end_time``, the text ``label``,
    ``event_label``, ``text`` or ``annotation``, the band ``low_hz`` and ``high_hz`` or ``low`` and ``high``.
    All others are in `fields`, but for ``duration_s``, which start and end tell, and columns without a name.
    Commas, semicolons or tabs separate the cells.

    In `fields`, cells that hold a number, true or false become such values, and empty ones become None.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import marsaudio as ma
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "Label Track.txt")
    ...     _ = path.write_text("2.150000\t2.150000\tknock\n3.400000\t6.100000\tgust\n")
    ...     ma.read_labels(path)[1]
    Label(start=3.4, end=6.1, text='gust', low=None, high=None, fields={})
    """
    _require_known(format)
    name = name_of(path)
    try:
        text = _text_of(_bytes_of(path))
        if line_ends_in(text) > MOST_LINES:
            raise UnreadableLabelsError(
                "", f"it has more than {MOST_LINES:,} lines. Divide it into several files."
            )
        labels = FORMATS[format or _format_of(path, text)].labels_from_text(text)
    except UnreadableLabelsError as error:
        where = f"{capital(error.place)} of {name}" if error.place else capital(name)
        raise AudioFormatError(f"{where} cannot be read: {error.problem}") from error
    return tuple(labels)


def write_labels(
    path: str | os.PathLike[str], labels: Iterable[Label], *, format: LabelFormat | None = None
) -> Path:
    """Write labels to a file that Audacity, Raven or a spreadsheet opens, or as JSON.

    Parameters
    ----------
    path
        Where to write.
    labels : iterable of Label
        They are written in this order.
    format : {"audacity", "raven", "csv", "json"}, optional
        None takes it from the name: .csv, .json, .selections.txt for Raven, any other .txt for Audacity.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    ParameterError
        There is no such format, the name tells none, or a field has the name of a column that the table has
        already.
    OutputError
        The file cannot be written; an older one is still there.

    See Also
    --------
    read_labels : The other way.
    WindEvents.save : Events in each of these formats.

    Notes
    -----
    Times have six decimals, and in JSON all their digits, as other numbers have them everywhere but in
    Audacity's label tracks. `read_labels` gives back what was written, but for this:

    Audacity keeps no `fields`. In its texts and in Raven's, tabs and line breaks become spaces. In Raven's
    tables and in CSV, labels that lack a field have None there once they are read, and an empty text in
    `fields` is None, too. In Raven's, a text in `fields` that looks like a number becomes one.

    In CSV, an apostrophe goes before texts that begin with =, +, -, @, a tab or a carriage return, so that
    no spreadsheet runs them as formulas, and before texts in `fields` that look like numbers; `read_labels`
    takes it away again.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import marsaudio as ma
    >>> gusts = [ma.Label(4.0, 6.5, "gust", low=20.0, high=200.0), ma.Label(9.0, 9.75, "gust")]
    >>> with TemporaryDirectory() as folder:
    ...     path = ma.write_labels(f"{folder}/gusts.csv", gusts)
    ...     print(path.read_text(), end="")
    start_s,end_s,duration_s,label,low_hz,high_hz
    4.000000,6.500000,2.500000,gust,20,200
    9.000000,9.750000,0.750000,gust,,
    """
    chosen = format_of_new(path, format)
    held = list(labels)
    for label in held:
        if not isinstance(label, Label):
            raise ParameterError(
                f"Only Labels can be written, and one is {shown(label)}. Make it with Label(start, end); of "
                "wind events, with events.labels()."
            )
    return write_text(path, FORMATS[chosen].labels_to_text(held))


def format_of_new(path: str | os.PathLike[str], format: LabelFormat | None) -> str:
    """The format of a file that is to be written: the one that was asked for, or the one of its name.

    Raises
    ------
    ParameterError
        There is no such format, or the name tells none.
    """
    _require_known(format)
    chosen = format or _format_by_name(path)
    if chosen is None:
        raise ParameterError(
            f"The name {shown(os.fsdecode(path))} does not tell the format. End it in {', '.join(ENDINGS)}, "
            f"or, in Python, give the format: {', '.join(map(repr, FORMATS))}."
        )
    return chosen


def _require_known(format: str | None) -> None:
    if format is not None and format not in FORMATS:
        raise ParameterError(
            f"format={shown(format)} is none of {', '.join(map(repr, FORMATS))}. None takes it from the file."
        )


def _format_by_name(path: str | os.PathLike[str]) -> str | None:
    name = os.fsdecode(path).lower()
    return next((format for ending, format in ENDINGS.items() if name.endswith(ending)), None)


def _format_of(path: str | os.PathLike[str], text: str) -> str:
    """By name where that is sure; the names of Audacity's and Raven's files, and of others, are not."""
    named = _format_by_name(path)
    if named in ("csv", "json"):
        return named
    first = next((line for line in lines_of(text) if line.strip()), "")
    if raven.is_selection_table(first):
        return "raven"
    if first.lstrip().startswith("{"):
        return "json"
    if number_in(first.split("\t")[0]) is None and label_csv.is_header(first):
        return "csv"
    return named or "audacity"


def _bytes_of(path: str | os.PathLike[str]) -> bytes:
    with open_for_reading(path, wanted="a file of labels", may_be_empty=True) as stream:
        try:
            contents = stream.read(MOST_BYTES + 1)
        except OSError as error:
            raise AudioFormatError(f"Cannot read {name_of(path)}: {reason_of(error)}.") from error
    if len(contents) > MOST_BYTES:
        raise UnreadableLabelsError(
            "",
            f"it is larger than {MOST_BYTES // 2**20} MB. If it holds labels, divide it into several.",
        )
    return contents


def _text_of(contents: bytes) -> str:
    wide = contents.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = contents.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = contents.count(b"\n", 0, error.start) + 1
        raise UnreadableLabelsError(
            f"line {line}",
            f"{contents[error.start : error.end]!r} is no text in {'UTF-16' if wide else 'UTF-8'}. Save the "
            'file as text in UTF-8 (in Excel, "CSV UTF-8").',
        ) from error
    if "\0" in text:
        line = len(lines_of(text[: text.index("\0")]))
        raise UnreadableLabelsError(
            f"line {line}",
            "it holds a null character, so this is no text. Name a file of labels, saved in UTF-8.",
        )
    return text
