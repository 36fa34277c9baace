"""Lines of CSV tables that no spreadsheet runs anything from."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from marsaudio.formats.label_table import value_cell, value_in
from marsaudio.formats.labels import FieldValue

# A spreadsheet runs a cell that begins so (CWE-1236; OWASP, CSV Injection).
FORMULA_STARTS = frozenset("=+-@\t\r")


def csv_line(cells: Sequence[str]) -> str:
    """A row with its line end; cells that hold a comma, a quotation mark or a line end are quoted."""
    # The writer quotes what its own line end has in it, so it is given both characters.
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def safe_text(text: str) -> str:
    """A text that no spreadsheet runs, and that `text_in` reads as it was: with an apostrophe before it."""
    return f"'{text}" if _would_run(text) else text


def text_in(cell: str) -> str:
    """The text from which `safe_text` made a cell."""
    return cell[1:] if cell.startswith("'") and _would_run(cell[1:]) else cell


def safe_cell(value: FieldValue) -> str:
    """As `safe_text`, and with an apostrophe before a text that would be read as a number, say."""
    if isinstance(value, str) and value and _is_no_plain_text(value):
        return f"'{value}"
    return value_cell(value)


def value_in_cell(cell: str, *, decimal_comma: bool) -> FieldValue:
    """The value from which `safe_cell` made a cell."""
    if cell.startswith("'") and _is_no_plain_text(cell[1:]):
        return cell[1:]
    return value_in(cell, decimal_comma=decimal_comma)


def _would_run(text: str) -> bool:
    # Apostrophes before it do not count, so that what begins with one comes back as well.
    return text.lstrip("'")[:1] in FORMULA_STARTS


def _is_no_plain_text(text: str) -> bool:
    return _would_run(text) or not isinstance(value_in(text.lstrip("'")), str)
